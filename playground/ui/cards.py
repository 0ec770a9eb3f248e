"""One side of a comparison as HTML: what is happening, the whole picture, what it took, what went wrong."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from playground.catalog import MODELS, nominal_px
from playground.markup import Markup, el, join
from playground.provenance.guards import Guard, GuardKind
from playground.runner.views import RunView
from playground.schema import Request, Run, RunStatus
from playground.ui import format as fmt
from playground.ui.money import cost_words
from playground.ui.texts import ENGLISH, text
from playground.ui.texts.telling import told

LANE_MARKS = "ABCDEFGH"
_MODERATION = "moderation"  # the kind of an error

PriceWords = Callable[[Request], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """
    A lane to be drawn. `price` says what a retry would cost now; None offers no retries.

    `place` is where it stands, from 1, when that is not its lane: sides drawn for a blind pair.
    """

    lane: int  # from 1
    views: tuple[RunView, ...]  # of this lane, by repeat; empty: nothing has been run
    model: str | None = None  # of an empty lane
    price: PriceWords | None = None
    is_example: bool = False
    guards: tuple[Guard, ...] = ()  # noticed about the pictures of the comparison
    place: int | None = None

    @property
    def mark(self) -> str:
        """The letter of the side it stands on."""
        return lane_mark(self.place or self.lane)


def lane_mark(lane: int) -> str:
    """A letter for the side: lane 1 is A."""
    return LANE_MARKS[lane - 1]


def model_name(model_id: str) -> str:
    """A run of a model that has left the catalogue still shows under its id."""
    return MODELS[model_id].name if model_id in MODELS else model_id


def card_html(card: Card, *, now: datetime | None = None) -> Markup:
    """
    The whole card.

    Args:
        now: What running clocks start from; the present by default.
    """
    moment = now or datetime.now(UTC)
    model = card.views[0].request.model if card.views else card.model
    heading = f"lane-{card.lane}-model"
    return el(
        "article",
        el(
            "header",
            el("span", card.mark, class_="pg-lane-mark", aria_hidden="true"),
            el("h2", _hidden(text("card.lane", lane=card.mark) + " "),
               model_name(model) if model else None, id=heading),
            _badge(card),
            class_="pg-card-head",
        ),
        _cells(card, moment) if card.views else el("p", text("card.empty"), class_="pg-empty"),
        class_="pg-card",
        aria_labelledby=heading,
        data_lane=card.lane,
        data_state=_state(card.views),
        data_comparison=card.views[0].comparison_id if card.views else None,
        data_example=card.is_example,
    )  # fmt: skip


def _state(views: Sequence[RunView]) -> str:
    if not views:
        return "empty"
    return "over" if all(view.is_over for view in views) else "running"


def _badge(card: Card) -> Markup | None:
    if card.is_example:
        return el("span", text("origin.example_short"), class_="pg-badge pg-badge-emulated")
    if not card.views:
        return None
    origin = card.views[0].origin
    return el("span", text(f"origin.{origin}"), class_=f"pg-badge pg-badge-{origin}")


def _cells(card: Card, now: datetime) -> Markup:
    cells = [_cell(view, card, now) for view in card.views]
    return el("div", *cells, class_="pg-cells", data_count=len(cells))


def _cell(view: RunView, card: Card, now: datetime) -> Markup:
    run = view.run
    return el(
        "section",
        _state_line(view, card, now),
        _frame(view, card),
        el("p", text("card.retried"), class_="pg-note") if view.retry_of else None,
        *(
            el("p", told(guard.sentence), class_="pg-note pg-guard", data_guard=guard.kind)
            for guard in card.guards
            # The nominal size stands among the facts.
            if view.run_id in guard.run_ids and guard.kind is not GuardKind.NOT_NOMINAL
        ),
        _facts(view),
        _details(view),
        _actions(view, card),
        class_="pg-cell",
        data_run=view.run_id,
        data_lane=view.lane,
        data_repeat=view.repeat,
        data_phase=view.phase,
        data_status=None if run is None else run.status,
        data_detached=view.is_detached,
        aria_label=text("card.picture", repeat=view.repeat, count=len(card.views))
        if len(card.views) > 1
        else None,
    )


# ---- the line that says where it is -------------------------------------------------------


def _state_words(view: RunView) -> str:
    if view.run is not None and view.run.error_kind == _MODERATION:
        return text("status.moderated")
    if view.run is not None:
        return text(f"status.{view.run.status}")
    return text("phase.detached" if view.is_detached else f"phase.{view.phase}")


def _tone(view: RunView) -> str:
    if view.run is None:
        return "idle" if view.is_detached else "busy"
    if view.run.status == RunStatus.SUCCEEDED:
        return "good"
    if view.run.status in (RunStatus.UNCONFIRMED, RunStatus.CANCELLED):
        return "warn"
    return "bad"


def _state_line(view: RunView, card: Card, now: datetime) -> Markup:
    whose = text("card.lane", lane=card.mark)
    if len(card.views) > 1:
        place = text("card.picture", repeat=view.repeat, count=len(card.views))
        whose = fmt.listed((whose, place))
    return el(
        "p",
        el("span", class_="pg-dot", aria_hidden="true"),
        # Only these words are announced, and they change a handful of times in a run.
        el("span", _hidden(fmt.lead(whose)), _state_words(view), role="status", class_="pg-state-words"),
        _clock(view, now),
        class_="pg-state",
        data_tone=_tone(view),
    )  # fmt: skip


def _clock(view: RunView, now: datetime) -> Markup | None:
    if view.run is not None and view.run.status == RunStatus.SUCCEEDED:
        return el("span", fmt.seconds(view.run.total_s), class_="pg-clock pg-clock-final")
    if view.is_over:
        return None
    elapsed_s = max(0.0, (now - view.started_at).total_seconds())
    # The browser goes on counting from here; a screen reader is spared the ticking.
    return el(
        "span",
        fmt.seconds(elapsed_s),
        class_="pg-clock",
        data_elapsed_s=f"{elapsed_s:.2f}",
        aria_hidden="true",
    )


# ---- the picture, or what stands in its place ----------------------------------------------


def nominal_ratio(request: Request) -> str:
    """The shape of the box a picture gets before its size is known, as a style."""
    nominal = nominal_px(request.size, request.resolution)
    if nominal is not None:
        return f"--ratio: {nominal[0]} / {nominal[1]}"
    return "--ratio: 1 / 1"


def _frame(view: RunView, card: Card) -> Markup:
    if view.run is None:
        inside, kind = _waiting(view), "waiting"
    elif view.run.status != RunStatus.SUCCEEDED:
        inside, kind = _ending(view.run), "ending"
    elif view.picture is None:
        inside, kind = el("p", text("card.missing_file"), class_="pg-note"), "ending"
    else:
        inside, kind = _picture(view, view.picture, view.run, card), "picture"
    return el(
        "div",
        inside,
        class_=f"pg-frame pg-frame-{kind}",
        style=nominal_ratio(view.request),
        data_tone=_tone(view),
    )


def _picture(view: RunView, picture: Path, run: Run, card: Card) -> Markup:
    repeat = text("card.alt_repeat", repeat=view.repeat) if len(card.views) > 1 else ""
    size = fmt.pixels(run.width_px, run.height_px)
    image = el(
        "img",
        src=fmt.file_url(picture),
        alt=text(
            "card.alt",
            model=model_name(run.model),
            lane=card.mark,
            repeat=repeat,
            prompt=fmt.shortened(run.prompt, 300),
        ),
        width=run.width_px,
        height=run.height_px,
        decoding="async",
    )
    return el(
        "a",
        image,
        href=fmt.file_url(picture),
        target="_blank",
        rel="noopener",
        class_="pg-picture",
        title=text("card.open", pixels=size),
    )


def _waiting(view: RunView) -> Markup:
    note = None if view.note is None else told(view.note)
    if view.is_detached:
        note = note or text("phase.detached_note")
    return el(
        "div",
        _progress(view),
        el("p", note, class_="pg-note") if note else None,
        el(
            "p", nominal_words(view.request.size, view.request.resolution), class_="pg-nominal-hint"
        ),
        class_="pg-waiting",
    )


def nominal_words(size: str, resolution: str) -> str:
    """ "16:9 · nominal 1820×1024"."""
    nominal = nominal_px(size, resolution)
    if nominal is None:
        return text("compose.nominal_unknown", size=size)
    return text("compose.nominal", size=size, pixels=fmt.pixels(*nominal))


def _progress(view: RunView) -> Markup | None:
    """The service's own figure, or nothing: a bar that we would have to invent is not shown."""
    if view.progress_pct is None or view.is_detached:
        return None
    percent = f"{view.progress_pct:.0f}"
    words = text("card.progress", percent=percent)
    return el(
        "div",
        el("progress", max=100, value=percent, aria_label=words),
        el("span", words, class_="pg-progress-words", aria_hidden="true"),
        class_="pg-progress",
    )


def _ending(run: Run) -> Markup:
    advice = f"advice.{run.error_kind}"
    return el(
        "div",
        el("p", ending_words(run), class_="pg-ending-message") if run.error_message else None,
        el(
            "div",
            el("p", text("card.service_said"), class_="pg-quote-label"),
            el("blockquote", run.service_message, dir="auto", tabindex=0),
            class_="pg-quote",
        )
        if run.service_message
        else None,
        el("p", text(advice if advice in ENGLISH else "advice.other"), class_="pg-advice"),
        class_="pg-ending",
    )


def ending_words(run: Run) -> str:
    """Our sentence without the service's, which stands below as it came."""
    ours = (run.error_message or "").removesuffix(f" It says: {run.service_message}")
    name = f"ended.{run.error_kind}"
    return text(name if name in ENGLISH else "ended.other", message=ours)


# ---- what it took ---------------------------------------------------------------------------


def _facts(view: RunView) -> Markup:
    rows = [_size_fact(view.run), _cost_fact(view), _time_fact(view.run)]
    return el("dl", *rows, class_="pg-facts")


def _details(view: RunView) -> Markup | None:
    """What is asked for now and then, folded away."""
    rows = [*_time_parts(view.run), _task_fact(view)]
    if not any(rows):
        return None
    return el(
        "details",
        el("summary", text("card.details")),
        el("dl", *rows, class_="pg-facts"),
        class_="pg-details",
    )


def _fact(name: str, *details: str | Markup | None, kind: str) -> Markup:
    return el("div", el("dt", text(name)), el("dd", *details), class_=f"pg-fact pg-fact-{kind}")


def _size_fact(run: Run | None) -> Markup | None:
    if run is None or run.width_px is None:
        return None
    got = fmt.pixels(run.width_px, run.height_px)
    nominal = fmt.pixels(run.nominal_width_px, run.nominal_height_px)
    differs = run.nominal_width_px is not None and nominal != got
    return _fact(
        "card.size",
        el("strong", got),
        el("span", f"{fmt.file_size(run.size_bytes)} {run.format or ''}".strip()),
        el("span", text("card.nominal_differs", nominal=nominal, got=got), class_="pg-differs")
        if differs
        else None,
        kind="size",
    )


def _time_fact(run: Run | None) -> Markup | None:
    if run is None or (run.status != RunStatus.SUCCEEDED and run.total_s is None):
        return None
    total = el("strong", fmt.seconds(run.total_s), _hidden(f" {text('card.total')}"))
    return _fact("card.time", total, kind="time")


def _time_parts(run: Run | None) -> tuple[Markup, ...]:
    if run is None:
        return ()
    parts = (
        ("card.queued", run.queued_s),
        ("card.generating", run.generating_s),
        ("card.download_time", run.download_s),
    )
    if run.status != RunStatus.SUCCEEDED and all(duration_s is None for _, duration_s in parts):
        return ()
    return tuple(
        _fact(name, el("b", fmt.seconds(duration_s)), kind="part") for name, duration_s in parts
    )


def _cost_fact(view: RunView) -> Markup:
    amount, kind = cost_words(view)
    source = None
    if view.run is None or view.run.charged_usd is None:
        source = view.estimate.source if view.estimate is not None else None
    return _fact("card.cost", el("strong", amount), el("span", kind, title=source), kind="cost")


def _task_fact(view: RunView) -> Markup | None:
    if view.task_id is None:
        return None
    return _fact(
        "card.task",
        el("code", view.task_id),
        el(
            "button",
            text("card.copy_task"),
            type="button",
            class_="pg-copy",
            data_copy=view.task_id,
            data_copied=text("card.copied"),
        ),
        kind="task",
    )


# ---- what can be done -----------------------------------------------------------------------


def _actions(view: RunView, card: Card) -> Markup | None:
    run = view.run
    if run is None:
        return None
    if run.status == RunStatus.SUCCEEDED and view.picture is not None:
        return el("div", _picture_actions(view, view.picture), class_="pg-actions")
    if run.status == RunStatus.SUCCEEDED or card.price is None:
        return None
    price = card.price(view.request)
    if run.status == RunStatus.UNCONFIRMED:
        buttons = join((_look_again(view), _retry(price, view, "card.buy_again")))
    else:
        name = "card.retry_side" if len(card.views) == 1 else "card.retry_picture"
        buttons = _retry(price, view, name)
    return el("div", buttons, class_="pg-actions")


def _picture_actions(view: RunView, picture: Path) -> Markup:
    address = fmt.file_url(picture)
    name = f"{view.request.model}-{view.run_id}{picture.suffix}"
    return join(
        (
            el("a", text("card.download"), href=address, download=name, class_="pg-button"),
            el(
                "a",
                text("card.full_size"),
                href=address,
                target="_blank",
                rel="noopener",
                class_="pg-button",
            ),
        )
    )


def _retry(price: str, view: RunView, name: str) -> Markup:
    # What will most likely be stopped again is offered, and not pressed upon anybody.
    is_vain = view.run is not None and view.run.error_kind == _MODERATION
    return el(
        "button",
        text(name, price=price),
        type="button",
        class_="pg-link" if is_vain else "pg-button",
        data_action="retry",
        data_run=view.run_id,
    )


def _look_again(view: RunView) -> Markup:
    return el(
        "button",
        text("card.look_again"),
        type="button",
        class_="pg-button pg-button-strong",
        data_action="look_again",
        data_run=view.run_id,
    )


def _hidden(words: str) -> Markup:
    """Words for those who listen to the page."""
    return el("span", words, class_="pg-hidden")
