"""The form of an experiment: native fields in one widget, and what they hold as a wish for a plan."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import gradio as gr

from playground import catalog
from playground.errors import InvalidPlanError, PlanProblem, UnusableReferenceError
from playground.experiment.plan import MAX_NAME_CHARACTERS, Plan, renewed
from playground.experiment.plan_file import load_plan
from playground.experiment.planning import Source, Wish, plan_of
from playground.markup import Markup, el
from playground.sayings import words_of
from playground.ui.shelf import Shelf
from playground.ui.texts import text
from playground.ui.widgets import html

MAX_SETS = 12
MAX_CHARACTERS = 2_000_000  # of a box; longer lists come as files
_BOXES = ("name", "prompts", "template", "lists", "budget", "price")


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A file the page sent, and what its owner called it."""

    path: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanForm:
    """What the fields hold, as text where a person types; nothing of it is checked yet."""

    name: str = ""
    prompts: str = ""
    file: Upload | None = None  # of prompts
    template: str = ""
    lists: str = ""
    models: tuple[str, ...] = ()
    ratios: tuple[str, ...] = ()
    resolutions: tuple[str, ...] = ()
    repeats: int = 0
    sets: tuple[tuple[Mapping[str, Any], ...], ...] = ()  # references as the page lists them
    has_bare: bool = True  # each prompt also without references
    budget: str = ""
    price: str = ""
    plan: Upload | None = None  # a plan file: then everything but the money is fixed

    @property
    def is_empty(self) -> bool:
        """Nobody has said yet what to draw."""
        return not (self.prompts.strip() or self.template.strip() or self.file or self.plan)


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """What the person allows: None where the box is empty."""

    budget_usd: Decimal | None = None
    price_usd: Decimal | None = None
    problems: tuple[PlanProblem, ...] = field(default=())


def plan_from(
    form: PlanForm,
    shelf: Shelf,
    *,
    references_dir: Path,
    owner_id: str | None = None,
    is_own: Callable[[str], bool] = lambda _experiment_id: True,
) -> Plan:
    """
    The plan of a form, or of the plan file it names. Blocking.

    Args:
        owner_id: Whose references may be used; None: all that are kept here.

        is_own: Whether an experiment of that id is this visitor's. A plan file of any other one is
            planned anew, under ids of its own: whoever has a file does not have what is in it.

    Raises:
        InvalidPlanError: Every place where something is wrong, with the remedy.
        InvalidRequestError: A reference is not known any more.
        StorageError: A file cannot be read or kept.
    """
    if form.plan is not None:
        plan = load_plan(
            _uploaded(shelf, form.plan),
            references_dir=references_dir,
            may_use=lambda sha256: shelf.may_use(sha256, owner_id),
        )
        return plan if is_own(plan.experiment_id) else renewed(plan)
    return plan_of(_wish(form, shelf, owner_id), references_dir=references_dir)


def money_of(form: PlanForm) -> Money:
    """The two boxes as amounts, and what is wrong with them."""
    problems: list[PlanProblem] = []
    amounts = {name: _usd(getattr(form, name), name, problems) for name in ("budget", "price")}
    return Money(budget_usd=amounts["budget"], price_usd=amounts["price"], problems=tuple(problems))


def usd_of(told: str) -> Decimal:
    """
    An amount as people write it: "5", "$5.00".

    Raises:
        ValueError: It is none; the words are for the person.
    """
    plain = told.strip().removeprefix("$").strip()
    try:
        usd = Decimal(plain)
    except InvalidOperation:
        raise ValueError(text("experiment.no_amount", told=told.strip()[:40])) from None
    if not usd.is_finite() or usd < 0:
        raise ValueError(text("experiment.no_amount", told=told.strip()[:40]))
    return usd


def _usd(told: str, name: str, problems: list[PlanProblem]) -> Decimal | None:
    if not told.strip():
        return None
    try:
        return usd_of(told)
    except ValueError as exc:
        problems.append(PlanProblem(source=name, message=words_of(exc)))
        return None


def _uploaded(shelf: Shelf, upload: Upload) -> Path:
    try:
        return shelf.uploaded(upload.path)
    except UnusableReferenceError as exc:
        words = text("experiment.file_gone")
        raise InvalidPlanError([PlanProblem(source=upload.name, message=words)]) from exc


def _wish(form: PlanForm, shelf: Shelf, owner_id: str | None) -> Wish:
    sets: dict[str, Sequence[Source]] = {}
    if form.sets and form.has_bare:
        sets[text("experiment.set_none")] = ()
    for number, items in enumerate(form.sets, start=1):
        sets[text("experiment.set_name", number=number)] = shelf.take(items, owner_id)
    return Wish(
        prompts=form.prompts if form.prompts.strip() and form.file is None else None,
        file=None if form.file is None else _uploaded(shelf, form.file),
        template=form.template.strip() or None,
        lists=_lists(form.lists),
        models=form.models,
        ratios=form.ratios,
        resolutions=form.resolutions,
        reference_sets=sets,
        repeats=form.repeats,
        name=form.name,
    )


def _lists(told: str) -> dict[str, list[str]]:
    """ "weather = rain, snow", one variable a line."""
    found: dict[str, list[str]] = {}
    problems = []
    for number, line in enumerate(told.splitlines(), start=1):
        if not line.strip():
            continue
        name, sign, values = line.partition("=")
        name = name.strip().strip("{}").strip()
        if not sign or not name:
            message = text("experiment.list_shape")
        elif name in found:
            message = text("experiment.list_twice", name=name)
        else:
            found[name] = [value.strip() for value in values.split(",")]
            continue
        column = 1 + len(line) - len(line.lstrip())
        problems.append(PlanProblem(source="values", line=number, column=column, message=message))
    if problems:
        raise InvalidPlanError(problems)
    return found


# ---- what the page sends ------------------------------------------------------------------------


def form_of(told: object, strip: object) -> PlanForm:
    """
    What the fields hold. The page may have sent anything: what is of a wrong kind becomes empty,
    which is refused with a reason and never bought.

    Args:
        strip: The references that are being put together; the last set, if there are any.
    """
    data = told if isinstance(told, Mapping) else {}
    kept = data.get("sets")
    sets = [_items(each) for each in kept[:MAX_SETS]] if isinstance(kept, list) else []
    sets = [each for each in (*sets, _items(strip)) if each]
    boxes = {name: _word(data, name) for name in _BOXES}
    repeats = data.get("repeats")
    return PlanForm(
        **boxes,
        file=_upload(data.get("file")),
        plan=_upload(data.get("plan")),
        models=_words(data, "models"),
        ratios=_words(data, "ratios"),
        resolutions=_words(data, "resolutions"),
        repeats=repeats if type(repeats) is int else 0,
        sets=tuple(sets),
        has_bare=data.get("bare") is not False,
    )


def with_set_aside(told: object, strip: object) -> dict[str, Any]:
    """The form's value with the references of the strip kept as a set of their own."""
    value = dict(told) if isinstance(told, Mapping) else untouched()
    kept = value.get("sets")
    sets = kept[:MAX_SETS] if isinstance(kept, list) else []
    items = _items(strip)
    return {**value, "sets": [*sets, [dict(item) for item in items]] if items else sets}


def _items(told: object) -> tuple[Mapping[str, Any], ...]:
    if not isinstance(told, list):
        return ()
    return tuple(item for item in told if isinstance(item, Mapping))


def _word(data: Mapping[str, Any], name: str) -> str:
    word = data.get(name)
    return word[:MAX_CHARACTERS] if isinstance(word, str) else ""


def _words(data: Mapping[str, Any], name: str) -> tuple[str, ...]:
    words = data.get(name)
    return tuple(w for w in words if isinstance(w, str)) if isinstance(words, list) else ()


def _upload(told: object) -> Upload | None:
    if not isinstance(told, Mapping):
        return None
    path, name = told.get("path"), told.get("name")
    if not isinstance(path, str) or not isinstance(name, str):
        return None
    return Upload(path=path, name=name[:200])


# ---- the widget ---------------------------------------------------------------------------------


def plan_form() -> gr.HTML:
    """A widget whose value is what `form_of` reads; `price` and `referenced` show what is rarely needed."""
    return html(
        untouched(),
        script="experiment-form.js",
        html_template=str(_form_html()),
        elem_id="experiment-form",
        price=False,
        referenced=False,
        texts={
            "set": text("experiment.set_name", number="{number}"),
            "remove": text("experiment.set_remove"),
            "plan_open": text("experiment.plan_open", name="{name}"),
            "upload_failed": text("experiment.upload_failed", name="{name}"),
            # Braces would be read as places to fill in if they stood in the template.
            "prompts_hint": text("experiment.prompts_hint"),
            "prompts_example": text("experiment.prompts_example"),
            "template_example": text("experiment.template_example"),
            "lists_example": text("experiment.lists_example"),
        },
    )


def untouched() -> dict[str, Any]:
    """What the fields hold at first."""
    return {
        **dict.fromkeys(_BOXES, ""),
        "file": None,
        "plan": None,
        "models": list(catalog.DEFAULT_LANES),
        "ratios": [catalog.RATIOS[0]],
        "resolutions": [catalog.RESOLUTIONS[0]],
        "repeats": 1,
        "sets": [],
        "bare": True,
    }


def _form_html() -> Markup:
    return el(
        "div",
        el("p", class_="pg-plan-open", data_plan_open=True, hidden=True, role="status"),
        el(
            "fieldset",
            _field("name", el("input", name="name", type="text", autocomplete="off", maxlength=MAX_NAME_CHARACTERS)),
            _field("prompts", el("textarea", name="prompts", rows=7, spellcheck="true", data_hint="prompts_example")),
            el("p", class_="pg-hint", data_words="prompts_hint"),
            el("div",
               el("button", text("experiment.choose_file"), type="button", class_="pg-button", data_pick="file"),
               el("span", class_="pg-plan-file", data_chosen="file"),
               el("button", text("experiment.no_file"), type="button", class_="pg-link", data_drop="file", hidden=True),
               el("input", type="file", accept=".txt,.csv,.tsv,text/plain,text/csv", hidden=True, tabindex=-1, data_input="file"),
               class_="pg-plan-files"),
            el("details",
               el("summary", text("experiment.variables")),
               _field("template", el("textarea", name="template", rows=2, data_hint="template_example")),
               _field("lists", el("textarea", name="lists", rows=3, data_hint="lists_example")),
               class_="pg-plan-more"),
            _checks("models", {m.id: m.name for m in catalog.MODELS.values()}),
            _checks("ratios", {ratio: ratio for ratio in catalog.RATIOS}),
            el("div",
               _checks("resolutions", {each: each for each in catalog.RESOLUTIONS}),
               _repeats(),
               class_="pg-choice-row"),
            el("div",
               el("ul", class_="pg-plan-sets"),
               el("label", el("input", type="checkbox", name="bare", checked=True),
                  text("experiment.set_bare"), class_="pg-check", data_bare=True, hidden=True),
               class_="pg-plan-setlist"),
            data_fixed=True,
        ),
        el("div",
           _field("budget", el("input", name="budget", type="text", inputmode="decimal", autocomplete="off", placeholder=text("experiment.budget_hint"))),
           _field("price", el("input", name="price", type="text", inputmode="decimal", autocomplete="off", placeholder=text("experiment.price_hint"))),
           class_="pg-plan-money"),
        el("div",
           el("button", text("experiment.plan_pick"), type="button", class_="pg-button", data_pick="plan"),
           el("button", text("experiment.plan_download"), type="button", class_="pg-button", data_act="plan_file"),
           el("button", text("experiment.plan_close"), type="button", class_="pg-link", data_drop="plan", hidden=True),
           el("input", type="file", accept=".json,application/json", hidden=True, tabindex=-1, data_input="plan"),
           class_="pg-plan-files"),
        el("p", class_="pg-plan-problem", role="alert", data_problem=True),
        class_="pg-plan pg-choices",
    )  # fmt: skip


def _field(name: str, box: Markup) -> Markup:
    words = {
        "name": "experiment.name",
        "prompts": "experiment.prompts",
        "template": "experiment.template",
        "lists": "experiment.lists",
        "budget": "experiment.budget",
        "price": "experiment.price",
    }
    return el(
        "div",
        el("label", el("span", text(words[name])), box, class_="pg-plan-label"),
        class_="pg-plan-field",
        data_field=name,
    )


def _checks(name: str, options: Mapping[str, str]) -> Markup:
    words = {
        "models": "experiment.models",
        "ratios": "experiment.ratios",
        "resolutions": "experiment.resolutions",
    }
    first = untouched()[name]
    return el(
        "fieldset",
        el("legend", text(words[name])),
        el("div",
           *(el("label",
                el("input", type="checkbox", name=name, value=value, checked=value in first),
                el("span", shown), data_value=value)
             for value, shown in options.items()),
           class_="pg-options"),
        data_choice="size" if name == "ratios" else name,
    )  # fmt: skip


def _repeats() -> Markup:
    # Buttons of one name are one group over the whole page, and Compare has "repeats".
    return el(
        "fieldset",
        el("legend", text("experiment.repeats")),
        el("div",
           *(el("label",
                el("input", type="radio", name="plan_repeats", value=n, checked=n == 1), el("span", str(n)))
             for n in range(1, catalog.MAX_REPEATS + 1)),
           class_="pg-options"),
    )  # fmt: skip
