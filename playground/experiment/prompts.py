"""Prompts as people bring them: lines, a text file, a table; each row with the place it stands at."""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from playground.errors import InvalidPlanError, PlanProblem
from playground.sayings import said

PROMPT_COLUMN = "prompt"
TAGS_COLUMN = "tags"
MAX_FILE_BYTES = 20_000_000
# Settings belong to the whole plan; a column of that name would silently do nothing.
_SETTINGS = frozenset(
    {"model", "models", "ratio", "size", "resolution", "references", "reference", "repeats"}
)
_DELIMITERS = (",", ";", "\t")
# As editors count lines; a prompt may hold the other characters Unicode calls line ends.
_LINE_END = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One value of a row and the column it stands in, from 1."""

    text: str
    column: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptRow:
    """
    One prompt, or one template of prompts. `cells` holds the columns of its table by name,
    `tags` what its own column of tags says.
    """

    text: str | None  # None: the table has no column of prompts
    line: int
    column: int = 1  # of the table; of lines without one, where the text begins
    is_cell: bool = False  # `column` counts cells, not characters
    cells: Mapping[str, Cell] = field(default_factory=dict)
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptTable:
    """Rows in order, where they come from, and what columns there are besides prompt and tags."""

    source: str
    rows: tuple[PromptRow, ...]
    columns: tuple[str, ...] = ()


# Where typed prompts come from, as a file has its name.
_TYPED = said("prompts")


def from_lines(text: str, *, source: str = _TYPED) -> PromptTable:
    """
    One prompt a line; blanks around it and empty lines are dropped.

    Raises:
        InvalidPlanError: There is not one prompt.
    """
    rows = tuple(
        PromptRow(text=line.strip(), line=number, column=1 + len(line) - len(line.lstrip()))
        for number, line in enumerate(_LINE_END.split(text), start=1)
        if line.strip()
    )
    if not rows:
        raise InvalidPlanError(
            [PlanProblem(source=source, message=said("There is no prompt. Write one a line."))]
        )
    return PromptTable(source=source, rows=rows)


def from_file(path: Path) -> PromptTable:
    """
    The prompts of a text file, one a line, or of a CSV table if its name ends in .csv or .tsv.

    Raises:
        InvalidPlanError: It is missing, is not UTF-8, or its content is wrong; says where.
    """
    text = _text_of(path)
    is_table = path.suffix.lower() in (".csv", ".tsv")
    return from_csv(text, source=path.name) if is_table else from_lines(text, source=path.name)


def from_csv(text: str, *, source: str = "table") -> PromptTable:
    """
    The rows of a table with a header; commas, semicolons or tabs between cells, quotes as in RFC 4180.

    `prompt` holds prompts or templates, `tags` tags with semicolons between them. Every other
    column is a variable for `{{name}}`; one that no template uses becomes the tag "name: value".

    Raises:
        InvalidPlanError: Every place where the table is wrong.
    """
    first = text.split("\n", 1)[0]
    delimiter = max(_DELIMITERS, key=first.count)
    lines = list(_records(text, delimiter, source))
    if not lines:
        raise InvalidPlanError(
            [PlanProblem(source=source, message=said("It is empty. Write a header and a row."))]
        )
    (header_line, header), records = lines[0], lines[1:]
    names = [name.strip() for name in header]
    problems = list(_header_problems(names, header_line, source))
    if not records:
        problems.append(
            PlanProblem(
                source=source, line=header_line, message=said("No row follows the header. Add one.")
            )
        )
    rows = []
    for line, record in records:
        if len(record) != len(names):
            problems.append(
                PlanProblem(
                    source=source,
                    line=line,
                    column=min(len(record), len(names)) + 1,
                    message=said(
                        "This row has {n_record} cells and the header {n_names}. Put cells that hold "
                        "{delimiter!r} in quotes, or leave missing ones empty.",
                        n_record=len(record),
                        n_names=len(names),
                        delimiter=delimiter,
                    ),
                )
            )
            continue
        rows.append(_row(names, record, line))
    if problems:
        raise InvalidPlanError(problems)
    columns = tuple(name for name in names if name not in (PROMPT_COLUMN, TAGS_COLUMN))
    return PromptTable(source=source, rows=tuple(rows), columns=columns)


def _row(names: Sequence[str], record: Sequence[str], line: int) -> PromptRow:
    cells = {
        name: Cell(text=value.strip(), column=number)
        for number, (name, value) in enumerate(zip(names, record, strict=True), start=1)
    }
    tags = cells.pop(TAGS_COLUMN, None)
    prompt = cells.get(PROMPT_COLUMN)
    return PromptRow(
        text=None if prompt is None else prompt.text,
        line=line,
        column=1 if prompt is None else prompt.column,
        is_cell=True,
        cells=cells,
        tags=() if tags is None else tuple(t.strip() for t in tags.text.split(";") if t.strip()),
    )


def _records(text: str, delimiter: str, source: str) -> Iterator[tuple[int, list[str]]]:
    """Each row with the line it begins at; rows without any text are left out."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    begins = 1
    try:
        for record in reader:
            if any(cell.strip() for cell in record):
                yield begins, record
            begins = reader.line_num + 1
    except csv.Error as exc:
        raise InvalidPlanError(
            [
                PlanProblem(
                    source=source,
                    line=begins,
                    message=said(
                        "The table cannot be read here ({exc}). Close the quotes, and write a quote "
                        'inside quotes twice ("").',
                        exc=exc,
                    ),
                )
            ]
        ) from exc


def _header_problems(names: Sequence[str], line: int, source: str) -> Iterator[PlanProblem]:
    for column, name in enumerate(names, start=1):
        message = None
        if not name:
            message = said("This column has no name. Name it, or delete it.")
        elif names.index(name) != column - 1:
            message = said("There are two columns {name!r}. Rename one.", name=name)
        elif name.casefold() in _SETTINGS:
            message = said(
                "Unknown column {name!r}: settings are chosen for the whole plan, not by row. "
                "Delete it, or rename it if {name!r} is meant as a variable or a tag.",
                name=name,
            )
        elif name.casefold() in (PROMPT_COLUMN, TAGS_COLUMN) and name != name.casefold():
            message = said(
                "Unknown column {name!r}. Write it {spelling!r}.",
                name=name,
                spelling=name.casefold(),
            )
        if message is not None:
            yield PlanProblem(source=source, line=line, column=column, message=message)


def _text_of(path: Path) -> str:
    def problem(message: str, **place: int) -> InvalidPlanError:
        return InvalidPlanError([PlanProblem(source=path.name, message=message, **place)])

    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except OSError as exc:
        raise problem(
            said(
                "The file cannot be read ({strerror}). Check its name and folder.",
                strerror=exc.strerror or exc,
            )
        ) from exc
    if len(data) > MAX_FILE_BYTES:
        raise problem(
            said(
                "The file has more than {max_file_bytes:,} bytes. Split it.",
                max_file_bytes=MAX_FILE_BYTES,
            )
        )
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        before = data[: exc.start]
        line_start = before.rfind(b"\n") + 1
        raise problem(
            said(
                "The byte 0x{byte:02x} is not UTF-8. Save the file as UTF-8 (in a spreadsheet: "
                "“CSV UTF-8”).",
                byte=data[exc.start],
            ),
            line=before.count(b"\n") + 1,
            column=len(before[line_start:].decode("utf-8", errors="replace").lstrip("\ufeff")) + 1,
        ) from exc
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise problem(
            said(
                "There is a NUL character, as in UTF-16 or a spreadsheet's own format. Save "
                "the file as UTF-8 text."
            ),
            line=line,
        )
    return text
