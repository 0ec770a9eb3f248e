"""The grid of an experiment as HTML: prompts down, models and variants across; a picture only where names may be seen."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playground.experiment.grid import Cell, Column, Filters, Grid, Line, Shot, ShotState, Verdict
from playground.experiment.plan import Plan
from playground.markup import Markup, el
from playground.schema import Run
from playground.ui import format as fmt
from playground.ui.cards import ending_words, model_name
from playground.ui.stage import SIDES
from playground.ui.texts import text

PICTURES_A_PAGE = 96
MIN_LINES = 4
MAX_LINES = 24
PROMPT_CHARACTERS = 160

Thumbnail = Callable[[str | None], Path | None]

_STATES = {
    ShotState.WAITING: "experiment.shot_waiting",
    ShotState.RESERVED: "experiment.shot_reserved",
    ShotState.RUNNING: "experiment.shot_running",
    ShotState.DONE: "experiment.shot_done",
    ShotState.FAILED: "experiment.shot_failed",
    ShotState.CANCELLED: "experiment.shot_cancelled",
}
_VERDICTS = {
    Verdict.BETTER: "experiment.verdict_better",
    Verdict.WORSE: "experiment.verdict_worse",
    Verdict.TIE: "experiment.verdict_tie",
    Verdict.BOTH_BAD: "experiment.verdict_both_bad",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class GridAsk:
    """How a page wants to see the grid. `names`: pictures too, though it ends judging blind."""

    filters: Filters = field(default_factory=Filters)
    page: int = 1
    is_swapped: bool = False
    names: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class GridPage:
    """A part of the grid as it is drawn. `shown` are the runs whose pictures this voter may see."""

    plan: Plan
    grid: Grid
    ask: GridAsk
    lines: tuple[Line, ...]
    page: int
    n_pages: int
    n_hidden: int  # pictures on this page that stay hidden
    shown: frozenset[str]
    chosen: tuple[str, ...] = ()
    thumbnail: Thumbnail


def ask_of(told: Mapping[str, Any], before: GridAsk) -> GridAsk:
    """What the page asked for; anything strange leaves things as they were."""
    page = told.get("page")
    if isinstance(page, str) and page.isdecimal() and len(page) < 6:
        return _changed(before, page=int(page))
    if told.get("names") == "yes":
        return _changed(before, names=True)
    if "failed" not in told:
        return before
    tag = told.get("tag")
    return GridAsk(
        filters=Filters(
            failed=told.get("failed") is True,
            differs=told.get("differs") is True,
            unjudged=told.get("unjudged") is True,
            tag=tag if isinstance(tag, str) and tag else None,
        ),
        is_swapped=told.get("swapped") is True,
        names=before.names,
    )


def _changed(ask: GridAsk, *, page: int | None = None, names: bool | None = None) -> GridAsk:
    return GridAsk(
        filters=ask.filters,
        is_swapped=ask.is_swapped,
        page=ask.page if page is None else page,
        names=ask.names if names is None else names,
    )


def lines_a_page(grid: Grid, repeats: int) -> int:
    """So many prompts at a time, that a page holds about as many pictures whatever the plan."""
    wanted = PICTURES_A_PAGE // max(1, len(grid.columns) * repeats)
    return min(MAX_LINES, max(MIN_LINES, wanted))


def page_of(grid: Grid, ask: GridAsk, repeats: int) -> tuple[tuple[Line, ...], int, int]:
    """The lines of the page asked for, its number, and how many there are."""
    step = lines_a_page(grid, repeats)
    n_pages = max(1, -(-len(grid.lines) // step))
    number = min(max(1, ask.page), n_pages)
    return grid.lines[(number - 1) * step : number * step], number, n_pages


# ---- what stands above it -----------------------------------------------------------------------


def tools_html(view: GridPage) -> Markup:
    """The filters, the way to other pages, and what is hidden and why."""
    filters, grid = view.ask.filters, view.grid
    return el(
        "div",
        el("h3", text("experiment.grid")),
        el("div",
           _filters(grid, filters),
           _box("swapped", text("experiment.swap"), is_on=view.ask.is_swapped),
           class_="pg-grid-bar"),
        el(
            "p",
            text("experiment.lines", shown=f"{len(grid.lines):,}", all=f"{grid.n_lines:,}"),
            class_="pg-note",
            data_news=True,
        ),
        _hidden_note(view),
        _pager(view),
        class_="pg-grid-tools",
        data_lines=len(grid.lines),
        data_page=view.page,
    )  # fmt: skip


def _filters(grid: Grid, filters: Filters) -> Markup:
    return el(
        "div",
        _box("failed", text("experiment.only_failed"), is_on=filters.failed),
        _box("differs", text("experiment.only_differs"), is_on=filters.differs),
        _box("unjudged", text("experiment.only_unjudged"), is_on=filters.unjudged),
        _tags(grid.tags, filters.tag),
        class_="pg-grid-filters",
        role="group",
        aria_label=text("experiment.filters"),
    )


def _box(name: str, words: str, *, is_on: bool) -> Markup:
    box = el("input", type="checkbox", name=name, checked=is_on, data_key=name)
    return el("label", box, words, class_="pg-check")


def _tags(tags: Sequence[str], chosen: str | None) -> Markup | None:
    if not tags:
        return None
    options = [el("option", text("experiment.any_tag"), value="")]
    options += [el("option", tag, value=tag, selected=tag == chosen) for tag in tags]
    return el(
        "label",
        el("span", text("experiment.tag")),
        el("select", *options, name="tag", data_key="tag"),
        class_="pg-check",
    )


def _hidden_note(view: GridPage) -> Markup | None:
    if not view.n_hidden:
        return None
    return el(
        "div",
        el("p", text("experiment.hidden", count=f"{view.n_hidden:,}")),
        el("button", text("experiment.show_names"), type="button", class_="pg-button",
           data_act="names", data_key="names"),
        class_="pg-grid-hidden",
        data_hidden=view.n_hidden,
    )  # fmt: skip


def _pager(view: GridPage) -> Markup | None:
    if view.n_pages == 1:
        return None

    def turn(words: str, to: int) -> Markup:
        return el(
            "button", text(words), type="button", class_="pg-button", data_act="page",
            data_page=to, data_key=words, disabled=not 1 <= to <= view.n_pages,
        )  # fmt: skip

    return el(
        "nav",
        turn("experiment.previous", view.page - 1),
        el("span", text("experiment.page", number=view.page, count=view.n_pages)),
        turn("experiment.next", view.page + 1),
        class_="pg-past-pager",
        aria_label=text("experiment.pages"),
    )


# ---- the grid itself ----------------------------------------------------------------------------


def grid_html(view: GridPage) -> Markup:
    """The cells of the page."""
    if not view.lines:
        return el("p", text("experiment.no_lines"), class_="pg-note", data_cells=0)
    columns = [_column(view.plan, column) for column in view.grid.columns]
    prompts = [_prompt(line) for line in view.lines]
    cells = [
        [_cell(view, line, number, cell) for number, cell in enumerate(line.cells)]
        for line in view.lines
    ]
    if view.ask.is_swapped:
        columns, prompts = prompts, columns
        cells = [list(row) for row in zip(*cells, strict=True)]
    rows = (
        el("tr", el("th", name, scope="row"), *row)
        for name, row in zip(prompts, cells, strict=True)
    )
    return el(
        "table",
        el("caption", text("experiment.grid"), class_="pg-hidden"),
        el(
            "thead",
            el("tr", el("td"), *(el("th", column, scope="col") for column in columns)),
        ),
        el("tbody", *rows),
        class_="pg-grid",
        style=f"--columns:{len(columns)}",
        data_swapped=view.ask.is_swapped,
    )


def _column(plan: Plan, column: Column) -> Markup:
    settings = plan.settings
    variant = column.variant
    facts = [variant.ratio, variant.resolution]
    if len(settings.reference_sets) > 1:
        facts.append(settings.reference_sets[variant.reference_set].name)
    return el(
        "span",
        el("strong", model_name(column.model)),
        el("small", " · ".join(facts), dir="auto"),
        class_="pg-grid-column",
    )


def _prompt(line: Line) -> Markup:
    return el(
        "span",
        el("small", str(line.prompt + 1)),
        el("span", fmt.shortened(line.text, PROMPT_CHARACTERS), dir="auto"),
        *(el("span", tag, class_="pg-past-tag", dir="auto") for tag in line.tags),
        class_="pg-grid-prompt",
    )


def _cell(view: GridPage, line: Line, number: int, cell: Cell) -> Markup:
    column = view.grid.columns[number]
    has_repeats = len(cell.shots) > 1
    shots = (_shot(view, line, column, shot, has_repeats=has_repeats) for shot in cell.shots)
    return el("td", el("div", *shots, class_="pg-shots"))


def _shot(view: GridPage, line: Line, column: Column, shot: Shot, *, has_repeats: bool) -> Markup:
    run = shot.run
    if shot.state is not ShotState.DONE or run is None:
        return _word_of(shot, has_repeats=has_repeats)
    if run.run_id not in view.shown:
        return _word_of(shot, has_repeats=has_repeats, is_hidden=True)
    path = view.thumbnail(run.file)
    if path is None:
        return el("span", text("experiment.gone"), class_="pg-shot", data_shot="gone")
    return _picture(view, line, column, shot, run, path, has_repeats=has_repeats)


def _picture(
    view: GridPage,
    line: Line,
    column: Column,
    shot: Shot,
    run: Run,
    path: Path,
    *,
    has_repeats: bool,
) -> Markup:
    place = view.chosen.index(run.run_id) if run.run_id in view.chosen else None
    verdicts = [text(_VERDICTS[each]) for each in dict.fromkeys(shot.verdicts)]
    label = text(
        "experiment.pick",
        model=model_name(column.model),
        number=line.prompt + 1,
        repeat=shot.repeat,
    )
    return el(
        "button",
        el("img", src=fmt.file_url(path), alt="", loading="lazy", decoding="async",
           width=run.width_px, height=run.height_px),
        el("span", SIDES[place], class_="pg-shot-side") if place is not None else None,
        el("span", f"#{shot.repeat}", class_="pg-shot-repeat") if has_repeats else None,
        el("span", fmt.listed(verdicts), class_="pg-shot-verdict") if verdicts else None,
        type="button",
        class_="pg-shot",
        aria_label=" · ".join([label, *verdicts]),
        aria_pressed="true" if place is not None else "false",
        data_act="pick",
        data_run=run.run_id,
        data_key=f"pick {run.run_id}",
        data_shot="shown",
    )  # fmt: skip


def _word_of(shot: Shot, *, has_repeats: bool, is_hidden: bool = False) -> Markup:
    run = shot.run
    words = text(_STATES[shot.state])
    detail = None
    if shot.state is ShotState.FAILED and run is not None:
        detail = ending_words(run) if run.error_message else run.error_kind
    return el(
        "span",
        el("small", f"#{shot.repeat}") if has_repeats else None,
        el("strong", words),
        el("small", text("experiment.shot_hidden")) if is_hidden else None,
        el("small", fmt.shortened(detail, 90), dir="auto") if detail else None,
        class_="pg-shot",
        title=detail,
        data_shot="hidden" if is_hidden else str(shot.state),
    )
