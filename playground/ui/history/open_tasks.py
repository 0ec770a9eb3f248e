"""What is under way or in doubt, as HTML: each task with what can be done about it."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from playground.markup import Markup, el, join
from playground.runner.views import RunView
from playground.schema import RunStatus
from playground.ui import format as fmt
from playground.ui.header import MAX_LISTED
from playground.ui.history.listing import PROMPT_CHARACTERS
from playground.ui.texts import text

PriceWords = Callable[[RunView], str]


def open_html(
    open_views: Sequence[RunView],
    unconfirmed: Sequence[RunView],
    *,
    hidden: Sequence[RunView] = (),
    price: PriceWords,
) -> Markup:
    """
    Tasks under way, let go of, or in doubt, each with what can be done about it.

    Args:
        hidden: One run of each comparison whose sides nothing may tell apart; drawn without
            anything that is of one side.
    """
    if not open_views and not unconfirmed and not hidden:
        return Markup("")
    listed = [_open_item(view) for view in open_views[:MAX_LISTED]]
    doubted = [_doubted_item(view, price(view)) for view in unconfirmed]
    more = len(open_views) - len(listed)
    return el(
        "section",
        el("h2", text("history.open_title")),
        el("p", text("history.open_lead"), class_="pg-note"),
        el("ul", *doubted, *(_hidden_item(view) for view in hidden), *listed),
        el("p", text("history.open_more", count=more), class_="pg-note") if more > 0 else None,
        class_="pg-open",
        aria_label=text("history.open_title"),
    )


def _open_item(view: RunView) -> Markup:
    age_s = max(0.0, (datetime.now(UTC) - view.started_at).total_seconds())
    phase = text("phase.detached" if view.is_detached else f"phase.{view.phase}")
    clock = el(
        "span",
        fmt.seconds(age_s),
        class_="pg-clock",
        data_elapsed_s=f"{age_s:.2f}",
        aria_hidden="true",
    )
    return _task(
        view, phase, clock, _go(view.comparison_id), tone="idle" if view.is_detached else "busy"
    )


def _hidden_item(view: RunView) -> Markup:
    return el(
        "li",
        el(
            "p",
            el("span", class_="pg-dot", aria_hidden="true"),
            el("strong", text("history.open_blind")),
            class_="pg-open-state",
            data_tone="busy",
        ),
        el(
            "p",
            fmt.shortened(view.request.prompt, PROMPT_CHARACTERS),
            class_="pg-open-prompt",
            dir="auto",
        ),
        el("div", _go(view.comparison_id), class_="pg-actions"),
    )


def _doubted_item(view: RunView, price: str) -> Markup:
    when = el("span", fmt.moment_words(view.started_at))
    buttons = join(
        (
            el(
                "button",
                text("card.look_again"),
                type="button",
                class_="pg-button pg-button-strong",
                data_act="look_again",
                data_run=view.run_id,
                data_key=f"look {view.run_id}",
            ),
            el(
                "button",
                text("card.buy_again", price=price),
                type="button",
                class_="pg-button",
                data_act="retry",
                data_run=view.run_id,
                data_key=f"buy {view.run_id}",
            ),
            _go(view.comparison_id),
        )
    )
    words = text(f"status.{RunStatus.UNCONFIRMED}")
    return _task(view, words, when, buttons, tone="warn", hint=text("history.doubt_hint"))


def _task(
    view: RunView, state: str, when: Markup, buttons: Markup, *, tone: str, hint: str | None = None
) -> Markup:
    task = view.task_id
    return el(
        "li",
        el(
            "p",
            el("span", class_="pg-dot", aria_hidden="true"),
            el("strong", state),
            when,
            class_="pg-open-state",
            data_tone=tone,
        ),
        el("p", fmt.shortened(view.request.prompt, PROMPT_CHARACTERS), class_="pg-open-prompt", dir="auto"),
        el("p", hint, class_="pg-note") if hint else None,
        el("p", text("card.task"), " ", el("code", task), class_="pg-note") if task else None,
        el("div", buttons, class_="pg-actions"),
        data_run=view.run_id,
        data_phase=view.phase,
        data_detached=view.is_detached,
    )  # fmt: skip


def _go(comparison_id: str) -> Markup:
    return el(
        "button",
        text("history.open_on_compare"),
        type="button",
        class_="pg-button",
        data_act="show",
        data_comparison=comparison_id,
        data_key=f"show {comparison_id}",
    )
