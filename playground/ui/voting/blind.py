"""Both sides of a comparison as they are drawn while nobody may tell them apart: one form, one clock, one state."""

from collections.abc import Sequence
from datetime import UTC, datetime

import gradio as gr

from playground.markup import Markup, el
from playground.runner.views import RunView
from playground.ui import format as fmt
from playground.ui.cards import lane_mark, nominal_ratio, nominal_words
from playground.ui.stage import StagePicture, empty_stage, stage_value
from playground.ui.texts import text
from playground.ui.voting.ballots import Sight
from playground.ui.widgets import html


def blind_switch() -> gr.HTML:
    """A switch above the run button; see `switched` for its value."""
    return html(
        switched(False),
        script="blind.js",
        elem_id="blind",
        html_template=str(
            el(
                "div",
                el(
                    "label",
                    el("input", type="checkbox", aria_describedby="blind-hint"),
                    el("span", text("blind.switch")),
                ),
                el("p", text("blind.switch_hint"), id="blind-hint"),
                class_="pg-blind-switch",
            )
        ),
    )


def switched(is_on: bool) -> dict[str, bool]:
    """The value of the switch."""
    return {"isBlind": is_on}


def is_switched(value: object) -> bool:
    """What the page says of the switch; anything strange is off."""
    return isinstance(value, dict) and value.get("isBlind") is True


def blind_card(
    place: int, views: Sequence[RunView], sight: Sight, *, now: datetime | None = None
) -> Markup:
    """
    One of the two cards of a comparison whose names are hidden; but for the letter both are alike.

    Args:
        place: From 1; no lane, for the sides are drawn.

        views: All runs of the comparison.

        now: What the running clock starts from; the present by default.
    """
    mark = lane_mark(place)
    heading = f"side-{place}-blind"
    return el(
        "article",
        el(
            "header",
            el("span", mark, class_="pg-lane-mark", aria_hidden="true"),
            el("h2", text("blind.picture", mark=mark), id=heading),
            el("span", text(f"origin.{views[0].origin}"), class_=f"pg-badge pg-badge-{views[0].origin}"),
            class_="pg-card-head",
        ),
        el(
            "div",
            el(
                "section",
                _state_line(mark, views, sight, now or datetime.now(UTC)),
                _frame(place, views, sight),
                _actions(place, sight),
                class_="pg-cell",
            ),
            class_="pg-cells",
            data_count=1,
        ),
        class_="pg-card pg-card-blind",
        aria_labelledby=heading,
        data_state="running" if is_under_way(views) else "over",
        data_comparison=views[0].comparison_id,
        data_blind=True,
    )  # fmt: skip


def is_under_way(views: Sequence[RunView]) -> bool:
    return not all(view.is_over for view in views)


def _state_line(mark: str, views: Sequence[RunView], sight: Sight, now: datetime) -> Markup:
    is_running = is_under_way(views)
    if is_running:
        name, tone = "blind.making", "busy"
    elif not sight.is_final:
        name, tone = "phase.detached", "idle"
    elif sight.showing is None:
        name, tone = "blind.stuck", "warn"
    else:
        name, tone = "blind.ready", "good"
    whose = el("span", f"{text('blind.picture', mark=mark)}: ", class_="pg-hidden")
    return el(
        "p",
        el("span", class_="pg-dot", aria_hidden="true"),
        el("span", whose, text(name), role="status", class_="pg-state-words"),
        _clock(views, now) if is_running else None,
        class_="pg-state",
        data_tone=tone,
    )


def _clock(views: Sequence[RunView], now: datetime) -> Markup:
    elapsed_s = max(0.0, (now - min(view.started_at for view in views)).total_seconds())
    return el(
        "span",
        fmt.seconds(elapsed_s),
        class_="pg-clock",
        data_elapsed_s=f"{elapsed_s:.2f}",
        aria_hidden="true",
    )


def _frame(place: int, views: Sequence[RunView], sight: Sight) -> Markup:
    request = views[0].request
    address = _address(place, sight)
    if address is not None:
        alt = text("blind.picture", mark=lane_mark(place))
        inside, kind = _picture(address, alt), "picture"
    else:
        kind = "waiting"
        inside = el(
            "div",
            el("p", _waiting_words(views, sight), class_="pg-note"),
            el("p", nominal_words(request.size, request.resolution), class_="pg-nominal-hint"),
            class_="pg-waiting",
        )
    ratio = nominal_ratio(request)
    return el("div", inside, class_=f"pg-frame pg-frame-{kind}", style=ratio)


def _waiting_words(views: Sequence[RunView], sight: Sight) -> str:
    if sight.is_final:
        return text("blind.stuck_note")
    return text("blind.together" if is_under_way(views) else "blind.detached_note")


def _address(place: int, sight: Sight) -> str | None:
    if sight.showing is None or sight.showing.copies is None:
        return None
    return fmt.file_url(sight.showing.copies[place - 1])


def _picture(address: str, alt: str) -> Markup:
    return el(
        "a",
        el("img", src=address, alt=alt, decoding="async"),
        href=address,
        target="_blank",
        rel="noopener",
        class_="pg-picture",
        title=text("card.full_size"),
    )


def _actions(place: int, sight: Sight) -> Markup | None:
    address = _address(place, sight)
    if address is None:
        return None
    name = f"picture-{lane_mark(place).lower()}.png"
    return el(
        "div",
        el("a", text("card.download"), href=address, download=name, class_="pg-button"),
        el(
            "a",
            text("card.full_size"),
            href=address,
            target="_blank",
            rel="noopener",
            class_="pg-button",
        ),
        class_="pg-actions",
    )


def blind_stage(sight: Sight, views: Sequence[RunView]) -> dict[str, object]:
    """Both pictures under marks alone; empty until there is a pair."""
    showing = sight.showing
    if showing is None or showing.copies is None:
        return empty_stage()
    sizes = {view.run_id: view.run for view in views}
    a, b = (
        StagePicture(
            url=fmt.file_url(copy),
            width_px=(run.width_px or 0) if (run := sizes[run_id]) is not None else 0,
            height_px=(run.height_px or 0) if run is not None else 0,
        )
        for run_id, copy in zip(showing.run_ids, showing.copies, strict=True)
    )
    return stage_value(a, b, is_blind=True, pair_id=showing.token)
