"""Templates filled with values: which prompts a table, a template and lists of values come to."""

import itertools
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from playground.errors import InvalidPlanError, PlanProblem
from playground.experiment.prompts import PROMPT_COLUMN, PromptRow, PromptTable
from playground.history.marks import plain_tag
from playground.sayings import said

_NAME = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")
_BRACE = re.compile(r"\{\{|\}\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedPrompt:
    """A prompt as it will be sent, where it comes from, and what it is about."""

    text: str
    source: str
    line: int | None = None
    values: tuple[tuple[str, str], ...] = ()  # variable and value, in the order of the template
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FilledPrompts:
    """Every prompt once, in order; `notes` says what was dropped as a duplicate of what."""

    prompts: tuple[PlannedPrompt, ...]
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class _Filling:
    lists: Mapping[str, Sequence[str]]
    template: str | None
    source: str
    columns: tuple[str, ...]
    limit: int
    problems: list[PlanProblem] = field(default_factory=list)
    used: set[str] = field(default_factory=set)

    def wrong(self, message: str, row: PromptRow | None = None, column: int | None = None) -> None:
        is_of_row = row is not None
        self.problems.append(
            PlanProblem(
                message=message,
                source=self.source if is_of_row else "template",
                line=row.line if row is not None else None,
                column=column,
            )
        )

    def wrong_values(self, message: str) -> None:
        self.problems.append(PlanProblem(message=message, source="values"))

    def wrong_at(self, message: str, text: str, at: int, row: PromptRow | None) -> None:
        """
        Something in the text of a prompt or of the template.

        Args:
            at: The character of the text it begins with, from 0.

            row: Whose prompt it is; None: the template's, which is told by its own lines.
        """
        if row is None:
            line, column = text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)
            place = PlanProblem(message=message, source="template", line=line, column=column)
            self.problems.append(place)
        else:
            self.wrong(message, row, row.column if row.is_cell else row.column + at)


def fill(
    table: PromptTable | None,
    *,
    template: str | None = None,
    lists: Mapping[str, Sequence[str]] | None = None,
    limit: int,
) -> FilledPrompts:
    """
    Every prompt there is: for each row each combination of the listed values its template names.

    Args:
        template: Used for every row in place of its own prompt; without a table it stands alone.

        lists: Values by variable; a name that is a column of the table too is an error.

        limit: Prompts over this number are refused before they are made.

    Raises:
        InvalidPlanError: Every place where something is wrong, with the remedy.
    """
    lists = lists or {}
    rows = (PromptRow(text=None, line=1),) if table is None else table.rows
    filling = _Filling(
        lists=lists,
        template=template,
        source="template" if table is None else table.source,
        columns=() if table is None else table.columns,
        limit=limit,
    )
    _check_names(filling, table)
    filled: list[PlannedPrompt] = []
    n_wanted = 0
    for row in rows:
        names = _names_of(filling, row)
        if names is None:
            continue
        n_wanted += math.prod(len(lists[name]) for name in names if name in lists)
        if n_wanted <= limit and not filling.problems:
            filled += _prompts_of(filling, row, names, has_table=table is not None)
    if n_wanted > limit:
        filling.problems.append(
            PlanProblem(
                source=filling.source,
                message=said(
                    "The templates and their values make {n_wanted:,} prompts; the limit is "
                    "{limit:,}. Use fewer values, or split the plan.",
                    n_wanted=n_wanted,
                    limit=limit,
                ),
            )
        )
    for name in lists:
        if name not in filling.used and not filling.problems:
            filling.wrong_values(
                said(
                    "The variable {name!r} has values, and no prompt names it. Write "
                    "{{{{{name}}}}} where it belongs, or take its values away.",
                    name=name,
                )
            )
    if filling.problems:
        raise InvalidPlanError(filling.problems)
    return _each_once(filled)


def _check_names(filling: _Filling, table: PromptTable | None) -> None:
    if table is None and filling.template is None:
        filling.wrong(said("There is no prompt. Give prompts, a file, or a template."))
    for name, values in filling.lists.items():
        if not values or not all(value.strip() for value in values):
            filling.wrong_values(
                said(
                    "The variable {name!r} has an empty value. Write its values with commas "
                    "between.",
                    name=name,
                )
            )
        if name in filling.columns:
            filling.wrong_values(
                said(
                    "{name!r} is a column of {source} and has a list of values too. Rename one of "
                    "them.",
                    name=name,
                    source=filling.source,
                )
            )
    has_prompts = table is not None and any(row.text is not None for row in table.rows)
    if table is not None and not has_prompts and filling.template is None:
        columns = ", ".join(repr(name) for name in filling.columns) or "none"
        filling.problems.append(
            PlanProblem(
                source=filling.source,
                line=1,
                message=said(
                    "There is no column {prompt_column!r}; the columns are {columns}. Rename one "
                    "to {prompt_column!r}, or give a template that names them.",
                    prompt_column=PROMPT_COLUMN,
                    columns=columns,
                ),
            )
        )
    if has_prompts and filling.template is not None and table is not None:
        names = {name.strip() for name in _NAME.findall(filling.template)}
        if PROMPT_COLUMN not in names:
            filling.wrong(
                said(
                    "{source} has prompts of its own and the template does not use them. Write "
                    "{{{{{prompt_column}}}}} in the template, or leave it out.",
                    source=filling.source,
                    prompt_column=PROMPT_COLUMN,
                )
            )


def _names_of(filling: _Filling, row: PromptRow) -> list[str] | None:
    """The variables of a row's template, in order; None when something about them is wrong."""
    is_own = filling.template is None
    text = row.text if is_own else filling.template
    before = len(filling.problems)
    if text is None:
        return None
    if not text.strip():
        filling.wrong(
            said("The prompt is empty. Write what to draw, or delete the row."), row, row.column
        )
        return None
    place = row if is_own else None
    rest = _NAME.sub(lambda match: " " * len(match.group()), text)
    if stray := _BRACE.search(rest):
        filling.wrong_at(
            said(
                "{group!r} at character {start} of the prompt has no counterpart. Write "
                "variables as {{{{name}}}}.",
                group=stray.group(),
                start=stray.start() + 1,
            ),
            text,
            stray.start(),
            place,
        )
    begins: dict[str, int] = {}
    for match in _NAME.finditer(text):
        begins.setdefault(match.group(1), match.start())
    names = list(begins)
    for name in names:
        if name in row.cells:
            if not row.cells[name].text:
                filling.wrong(
                    said("The cell of the variable {name!r} is empty. Fill it in.", name=name),
                    row,
                    row.cells[name].column,
                )
        elif name in filling.lists or (name == PROMPT_COLUMN and row.text):
            pass
        else:
            there = [*filling.columns, *filling.lists]
            remedy = (
                said("There are {names}.", names=", ".join(there))
                if there
                else said("None has values.")
            )
            filling.wrong_at(
                said(
                    "Unknown variable {{{{{name}}}}}. {remedy} Correct the name, or give it values.",
                    name=name,
                    remedy=remedy,
                ),
                text,
                begins[name],
                place,
            )
    filling.used.update(names)
    return names if len(filling.problems) == before else None


def _prompts_of(
    filling: _Filling, row: PromptRow, names: Sequence[str], *, has_table: bool
) -> Iterator[PlannedPrompt]:
    template = filling.template if filling.template is not None else row.text
    assert template is not None  # `_names_of` has seen to it
    fixed = {name: row.cells[name].text for name in names if name in row.cells}
    if PROMPT_COLUMN in names and row.text is not None:
        fixed[PROMPT_COLUMN] = row.text
    listed = [name for name in names if name not in fixed]
    try:
        tags = _tags_of(row, names)
    except ValueError as exc:
        filling.wrong(said("{exc} Shorten it.", exc=exc), row)
        return
    for combination in itertools.product(*(filling.lists[name] for name in listed)):
        values = {**fixed, **dict(zip(listed, (v.strip() for v in combination), strict=True))}
        yield PlannedPrompt(
            text=_filled_in(template, values),
            source=filling.source,
            line=row.line if has_table else None,
            values=tuple((name, values[name]) for name in names if name != PROMPT_COLUMN),
            tags=tags,
        )


def _filled_in(template: str, values: Mapping[str, str]) -> str:
    return _NAME.sub(lambda match: values[match.group(1)], template).strip()


def _tags_of(row: PromptRow, names: Sequence[str]) -> tuple[str, ...]:
    """Its own tags, and of each column that no template uses "name: value"."""
    told = [*row.tags]
    told += [
        f"{name}: {cell.text}"
        for name, cell in row.cells.items()
        if name not in names and name != PROMPT_COLUMN and cell.text
    ]
    return tuple(dict.fromkeys(plain_tag(tag) for tag in told))


def _each_once(prompts: Sequence[PlannedPrompt]) -> FilledPrompts:
    first: dict[str, PlannedPrompt] = {}
    notes = []
    for prompt in prompts:
        earlier = first.setdefault(prompt.text, prompt)
        if earlier is not prompt:
            place = _place(prompt)
            where = (
                said("line {line}", line=earlier.line) if earlier.line else said("an earlier one")
            )
            notes.append(
                said(
                    "{place}: The same prompt as {where}, planned once. For more pictures of one "
                    "prompt raise the repeats.",
                    place=place,
                    where=where,
                )
            )
    return FilledPrompts(prompts=tuple(first.values()), notes=tuple(notes))


def _place(prompt: PlannedPrompt) -> str:
    if prompt.line is None:
        return prompt.source
    return said("{source}, line {line}", source=prompt.source, line=prompt.line)
