"""Experiments under way, as HTML: the list of all, and of one what is done, what it cost and what can be done."""

from collections.abc import Sequence
from dataclasses import dataclass

from playground.experiment.progress import Counts, ModelProgress, Progress, Standing
from playground.markup import Markup, el
from playground.schema import Origin
from playground.ui import format as fmt
from playground.ui.cards import model_name
from playground.ui.texts import text

STANDINGS = {
    Standing.PLANNED: "experiment.standing_planned",
    Standing.QUEUED: "experiment.standing_queued",
    Standing.RUNNING: "experiment.standing_running",
    Standing.PAUSING: "experiment.standing_pausing",
    Standing.PAUSED: "experiment.standing_paused",
    Standing.STOPPING: "experiment.standing_stopping",
    Standing.STOPPED: "experiment.standing_stopped",
    Standing.FINISHED: "experiment.standing_finished",
}
# What the bar is made of, in this order.
_PARTS = (
    ("done", "experiment.part_done"),
    ("failed", "experiment.part_failed"),
    ("cancelled", "experiment.part_cancelled"),
    ("running", "experiment.part_running"),
    ("reserved", "experiment.part_reserved"),
    ("waiting", "experiment.part_waiting"),
)
_EXPORTS = (
    ("zip", "experiment.export_zip"),
    ("sheet", "experiment.export_sheet"),
    ("pairs", "experiment.export_pairs"),
    ("report", "experiment.export_report"),
    ("plan", "experiment.export_plan"),
)
_RESUMABLE = (Standing.PAUSED, Standing.PAUSING, Standing.PLANNED)
_UNDER_WAY = (Standing.QUEUED, Standing.RUNNING)
_STOPPABLE = (*_UNDER_WAY, Standing.PAUSED, Standing.PAUSING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One line of the list; `problem` instead of `progress` where it cannot be read."""

    experiment_id: str
    progress: Progress | None = None
    problem: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What the head of one experiment tells, and on what its buttons depend."""

    progress: Progress
    origin: Origin | None  # of its pictures; None before there are any
    n_again: int  # places that can be bought again
    n_unjudged: int  # pairs that wait for this voter's verdict
    is_blind: bool  # there are pictures whose names this voter does not know


# ---- the list -----------------------------------------------------------------------------------


def list_html(listed: Sequence[Listed], *, n_more: int = 0) -> Markup:
    """All experiments, the newest first."""
    if not listed:
        return el(
            "div",
            el("h2", text("experiment.list")),
            el("p", text("experiment.list_empty"), class_="pg-note"),
            class_="pg-experiments",
            data_count=0,
        )
    return el(
        "div",
        el("h2", text("experiment.list")),
        el("ul", *map(_line, listed)),
        el("p", text("experiment.list_more", count=n_more), class_="pg-note") if n_more else None,
        class_="pg-experiments",
        data_count=len(listed),
    )


def _line(each: Listed) -> Markup:
    progress = each.progress
    if progress is None:
        return el("li", el("p", each.experiment_id), el("p", each.problem or ""), data_broken=True)
    counts = progress.counts
    return el(
        "li",
        el(
            "button",
            el("span", progress.name, class_="pg-experiment-name", dir="auto"),
            standing_badge(progress.standing),
            _bar(counts),
            el("span", _line_words(progress), class_="pg-experiment-facts"),
            type="button",
            data_act="open",
            data_experiment=each.experiment_id,
            data_key=f"open {each.experiment_id}",
        ),
        data_experiment=each.experiment_id,
        data_standing=progress.standing,
    )


def _line_words(progress: Progress) -> str:
    counts = progress.counts
    words = [text("experiment.done_of", done=f"{counts.n_done:,}", all=f"{counts.n_planned:,}")]
    if counts.n_failed:
        words.append(text("experiment.n_failed", count=f"{counts.n_failed:,}"))
    return " · ".join([*words, spent_words(progress)])


def standing_badge(standing: Standing) -> Markup:
    return el("span", text(STANDINGS[standing]), class_="pg-standing", data_standing=str(standing))


def _why(progress: Progress) -> str:
    """Why it pauses, as its note says; a note alone is as it was written down."""
    note = progress.note or ""
    return note if progress.why is None else text(f"experiment.why_{progress.why}", note=note)


def spent_words(progress: Progress) -> str:
    """ "$1.20 of $5.00"; without a budget the sum alone."""
    spent = fmt.usd(progress.money.spent_usd)
    if progress.budget_usd is None:
        return text("experiment.spent", spent=spent)
    return text("experiment.spent_of", spent=spent, budget=fmt.usd(progress.budget_usd))


# ---- one experiment -----------------------------------------------------------------------------


def head_html(subject: Subject) -> Markup:
    """Its name, where it stands, and every step that can be taken now."""
    progress = subject.progress
    return el(
        "div",
        el("button", text("experiment.back"), type="button", class_="pg-link", data_act="back"),
        el(
            "div",
            el("h2", progress.name, dir="auto", tabindex=-1, data_heading=True),
            standing_badge(progress.standing),
            None
            if subject.origin is None
            else el("span", text(f"origin.{subject.origin}"), class_=f"pg-badge pg-badge-{subject.origin}"),
            class_="pg-experiment-title",
        ),
        el("p", _why(progress), class_="pg-experiment-note", dir="auto") if progress.note else None,
        el("div", *_actions(subject), class_="pg-actions"),
        el("div", _budget_form(progress), _downloads(subject), class_="pg-experiment-tools"),
        class_="pg-experiment-head",
        data_experiment=progress.experiment_id,
        data_standing=str(progress.standing),
    )  # fmt: skip


def _actions(subject: Subject) -> list[Markup]:
    progress = subject.progress
    standing, found = progress.standing, []
    if standing in _UNDER_WAY:
        found.append(_button("pause", "experiment.pause"))
    if standing in _RESUMABLE:
        name = "experiment.begin" if standing is Standing.PLANNED else "experiment.resume"
        found.append(_button("resume", name, is_strong=True))
    if standing in _STOPPABLE:
        found.append(_button("stop", "experiment.stop"))
    if subject.n_again and progress.is_at_rest:
        words = (
            "experiment.again_rest" if standing is Standing.STOPPED else "experiment.again_failed"
        )
        found.append(_button("retry", words, count=f"{subject.n_again:,}"))
    if subject.n_unjudged:
        words = "experiment.judge" if subject.is_blind else "experiment.judge_known"
        found.append(_button("judge", words, count=f"{subject.n_unjudged:,}"))
    if progress.counts.n_done:
        results = _button("weigh", "experiment.results", experiment=progress.experiment_id)
        found.append(results)
    return found


def _button(
    act: str,
    words: str,
    *,
    is_strong: bool = False,
    experiment: str | None = None,
    **values: object,
) -> Markup:
    return el(
        "button",
        text(words, **values),
        type="button",
        class_="pg-button pg-button-strong" if is_strong else "pg-button",
        data_act=act,
        data_key=act,
        data_experiment=experiment,
    )


def _budget_form(progress: Progress) -> Markup | None:
    if progress.standing in (Standing.STOPPED, Standing.FINISHED):
        return None
    shown = ""
    if progress.budget_usd is not None:
        shown = fmt.usd(progress.budget_usd).removeprefix("$").replace(",", "")
    return el(
        "form",
        el(
            "label",
            el("span", text("experiment.budget")),
            el("input", name="budget", type="text", inputmode="decimal", value=shown,
               autocomplete="off", size=8, data_key="budget"),
            class_="pg-plan-label",
        ),
        el("button", text("experiment.budget_set"), type="submit", class_="pg-button"),
        class_="pg-budget",
        data_form="budget",
    )  # fmt: skip


def _downloads(subject: Subject) -> Markup:
    note = "experiment.export_note" if subject.is_blind else None
    has_pictures = subject.progress.counts.n_done > 0
    return el(
        "div",
        el("span", text("experiment.exports")),
        *(
            el("button", text(words), type="button", class_="pg-button", data_act="export",
               data_kind=kind, data_key=f"export {kind}")
            for kind, words in _EXPORTS
            if has_pictures or kind == "plan"
        ),
        el("p", text(note), class_="pg-note") if note and has_pictures else None,
        class_="pg-exports",
        role="group",
        aria_label=text("experiment.exports"),
    )  # fmt: skip


def progress_html(progress: Progress) -> Markup:
    """The bar, the counts, the time, the money in three ways, and each model."""
    counts = progress.counts
    return el(
        "div",
        _bar(counts, is_large=True),
        el(
            "dl",
            *(
                el("div", el("dt", text(words)), el("dd", f"{n:,}"), data_part=name)
                for name, words in _PARTS
                if (n := getattr(counts, f"n_{name}")) or name == "done"
            ),
            class_="pg-figures pg-parts",
        ),
        el(
            "dl",
            _figure("experiment.time_left", _left_words(progress)),
            _figure("experiment.figure_spent", spent_words(progress)),
            _figure("experiment.figure_reserved", fmt.usd(progress.money.reserved_usd)),
            *_reckoned(progress),
            class_="pg-figures",
        ),
        el("div", _models(progress.models), class_="pg-outlook-table"),
        el("p", text("experiment.unconfirmed", count=progress.n_unconfirmed), class_="pg-note")
        if progress.n_unconfirmed
        else None,
        class_="pg-experiment-progress",
        data_done=counts.n_done,
        data_ended=counts.n_ended,
        data_planned=counts.n_planned,
        data_standing=str(progress.standing),
    )


def _bar(counts: Counts, *, is_large: bool = False) -> Markup:
    words = text("experiment.done_of", done=f"{counts.n_done:,}", all=f"{counts.n_planned:,}")
    parts = ((name, getattr(counts, f"n_{name}")) for name, _ in _PARTS)
    return el(
        "span",
        *(el("span", data_part=name, style=f"flex-grow:{n}") for name, n in parts if n),
        class_="pg-stack pg-stack-large" if is_large else "pg-stack",
        role="img",
        aria_label=words,
    )


def _left_words(progress: Progress) -> str:
    if progress.is_at_rest:
        return fmt.UNKNOWN
    if progress.left_s is None:
        return text("experiment.left_unknown")
    return text("experiment.left", time=fmt.rough_time(progress.left_s))


def _figure(name: str, value: str) -> Markup:
    return el("div", el("dt", text(name)), el("dd", value))


def _reckoned(progress: Progress) -> list[Markup]:
    money = progress.money
    charged = fmt.usd(money.charged_usd)
    if money.n_charge_unknown:
        charged = text("experiment.not_told", usd=charged, count=f"{money.n_charge_unknown:,}")
    account = fmt.usd(money.account_usd)
    if money.account_usd is None and not progress.is_at_rest:
        account = text("experiment.account_later")
    elif money.unexplained_usd:
        rest = fmt.usd(money.unexplained_usd)
        account = text("experiment.unexplained", usd=account, rest=rest)
    return [
        _figure("experiment.figure_estimated", fmt.usd(money.estimated_usd)),
        _figure("experiment.figure_charged", charged),
        _figure("experiment.figure_account", account),
    ]


def _models(models: Sequence[ModelProgress]) -> Markup:
    names = (
        "experiment.model",
        "experiment.part_done",
        "experiment.part_failed",
        "experiment.part_running",
        "experiment.figure_spent",
    )
    rows = (
        el(
            "tr",
            el("th", model_name(each.model), scope="row"),
            el("td", f"{each.counts.n_done:,} / {each.counts.n_planned:,}"),
            el("td", f"{each.counts.n_failed:,}"),
            el("td", f"{each.counts.n_running:,}"),
            el("td", _spent_of(each)),
        )
        for each in models
    )
    return el(
        "table",
        el("caption", text("experiment.by_model"), class_="pg-hidden"),
        el("thead", el("tr", *(el("th", text(name), scope="col") for name in names))),
        el("tbody", *rows),
    )


def _spent_of(each: ModelProgress) -> str:
    spent = fmt.usd(each.spent_usd)
    if not each.n_cost_unknown:
        return spent
    return text("experiment.not_told", usd=spent, count=f"{each.n_cost_unknown:,}")
