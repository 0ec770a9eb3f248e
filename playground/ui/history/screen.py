"""The History screen: its widgets, and which step of `past` each of them sets off."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import gradio as gr

from playground.errors import PlaygroundError
from playground.markup import Markup, el
from playground.ui.compare.flow import Flow
from playground.ui.compare.screen import CompareScreen
from playground.ui.history.detail import told_html
from playground.ui.history.filters import filters_widget
from playground.ui.history.past import DetailView, PastFlow
from playground.ui.history.takeout import takeout_html
from playground.ui.stage import stage
from playground.ui.texts import text
from playground.ui.texts.telling import told
from playground.ui.visits import Visit
from playground.ui.widgets import QUIET, html

REFRESH_EVERY_S = 5.0
MAX_SELECTED = 1_000
MAX_DIGITS = 10
# Two frames later the tab in front has been drawn, and what is hidden takes no focus.
_FOCUS_PROMPT = """() => {
  const focus = () => document.querySelector("#prompt textarea")?.focus();
  requestAnimationFrame(() => requestAnimationFrame(focus));
}"""

_Updates = dict[Any, Any]


class HistoryScreen:
    """
    The widgets of one screen and their wiring; made inside `gr.Blocks`.

    Empty until its tab is chosen for the first time.
    """

    def __init__(self, flow: Flow, past: PastFlow, visit_id: gr.State) -> None:
        self._flow = flow
        self._past = past
        self._visit_id = visit_id
        script = "history-list.js"
        with gr.Column(elem_id="history"):
            self._notice = html(told_html(""), script=script, elem_id="history-notice")
            with gr.Column(elem_id="history-all"):
                self._open = html(script=script, elem_id="history-open")
                self._filters = filters_widget()
                self._takeout = html(
                    takeout_html() if past.has_takeout else "",
                    script=script,
                    elem_id="history-takeout",
                    visible=past.has_takeout,
                )
                self._list = html(script=script, elem_id="history-list")
            with gr.Column(elem_id="history-one"):
                self._head = html(script=script, elem_id="history-head")
                self._stage = stage(elem_id="history-stage")
                with gr.Row(elem_id="history-below"):
                    self._runs = html(script=script, elem_id="history-runs", min_width=320)
                    with gr.Column(elem_id="history-side", min_width=280):
                        self._marks = html(script=script, elem_id="history-marks")
                        self._votes = html(elem_id="history-votes")
                self._fields = html(script=script, elem_id="history-fields")
            self._place = html(script="history-place.js", elem_id="history-place")
        self._page = gr.State(1)
        self._shown = gr.State("")
        self._chosen = gr.State(())
        self._ticks = gr.Timer(REFRESH_EVERY_S, active=False)
        self._listing = [self._list, self._filters, self._page, self._notice]
        self._detail = [
            self._head,
            self._stage,
            self._runs,
            self._marks,
            self._votes,
            self._fields,
            self._place,
            self._shown,
            self._chosen,
        ]

    # ---- wiring -------------------------------------------------------------------------------

    def wire(self, tab: gr.Tab, others: list[gr.Tab], compare: CompareScreen) -> None:
        """Connects everything. `others` are the tabs beside it: while one is chosen, it rests."""
        visit, options = self._visit_id, {"trigger_mode": "once", **QUIET}
        seek = [visit, self._filters, self._page]
        everything = [*self._listing, self._open, self._ticks]
        tab.select(self._on_select, seek, everything, **options)
        for other in others:
            other.select(_rest, None, self._ticks, **options)
        self._ticks.tick(self._on_tick, visit, self._open, **options)
        self._filters.change(
            self._on_seek,
            [visit, self._filters],
            self._listing,
            trigger_mode="always_last",
            **QUIET,
        )
        self._list.turn(self._on_turn, [visit, self._filters], self._listing, **options)
        self._list.open(self._on_open, visit, [*self._detail, self._notice], **options)
        self._head.reveal(self._on_reveal, visit, [*self._detail, self._notice], **options)
        self._open.look_again(self._on_look, visit, [self._open, self._notice], **options)
        self._head.back(self._on_back, seek, [*self._detail, *self._listing], **options)
        self._fields.choose(
            self._on_choose, [visit, self._shown], [*self._detail, self._notice], **options
        )
        self._wire_marks()
        self._wire_files(compare)
        compare.serve(self._open, retries=True)
        restored = compare.serve(self._head)
        restored.then(None, None, None, js=_FOCUS_PROMPT, **QUIET)

    def _wire_marks(self) -> None:
        options: dict[str, Any] = {"trigger_mode": "multiple", **QUIET}
        inputs = [self._visit_id, self._filters, self._page, self._shown, self._chosen]
        outputs = [*self._listing, *self._detail]
        for widget in (self._list, self._head, self._marks):
            widget.mark(self._on_mark, inputs, outputs, **options)
        self._notice.undo(self._on_undo, inputs, outputs, **options)

    def _wire_files(self, compare: CompareScreen) -> None:
        options: dict[str, Any] = {"trigger_mode": "once", **QUIET}
        for widget in (self._list, self._head):
            widget.zip(self._on_zip, self._visit_id, self._notice, **options)
        for widget in (self._takeout, self._notice):
            widget.takeout(self._on_takeout, self._visit_id, self._notice, **options)
        self._runs.download(self._on_download, self._visit_id, self._notice, **options)
        self._runs.use(
            self._on_use,
            [self._visit_id, compare.references],
            [compare.references, self._notice],
            **options,
        )

    # ---- handlers: the list -------------------------------------------------------------------

    async def _on_select(self, visit_id: str, sought: object, page: int) -> _Updates:
        visit = self._visit(visit_id)
        return {
            **await self._listed(sought, page, visit),
            self._open: await self._past.open_tasks(visit),
            self._ticks: gr.Timer(active=True),
        }

    async def _on_tick(self, visit_id: str) -> Markup:
        return await self._past.open_tasks(self._visit(visit_id))

    async def _on_seek(self, visit_id: str, sought: object) -> _Updates:
        return await self._listed(sought, 1, self._visit(visit_id))

    async def _on_turn(self, visit_id: str, sought: object, event: gr.EventData) -> _Updates:
        page = _count(event, "page") or 1
        return await self._listed(sought, page, self._visit(visit_id))

    async def _on_look(self, visit_id: str, event: gr.EventData) -> _Updates:
        visit = self._visit(visit_id)
        words = await self._past.look_again(_told(event, "run"), visit)
        return {
            self._notice: told_html(words),
            self._open: await self._past.open_tasks(visit),
        }

    # ---- handlers: one comparison -------------------------------------------------------------

    async def _on_open(self, visit_id: str, event: gr.EventData) -> _Updates:
        comparison_id, visit = _told(event, "comparison"), self._visit(visit_id)
        return await self._detailed(lambda: self._past.detail(comparison_id, visit))

    async def _on_reveal(self, visit_id: str, event: gr.EventData) -> _Updates:
        visit = self._visit(visit_id)
        return await self._detailed(lambda: self._past.reveal(_told(event, "comparison"), visit))

    async def _on_choose(self, visit_id: str, shown: str, event: gr.EventData) -> _Updates:
        visit, runs = self._visit(visit_id), tuple(_told_list(event, "runs"))
        return await self._detailed(lambda: self._past.detail(shown, visit, runs))

    async def _on_back(self, visit_id: str, sought: object, page: int) -> _Updates:
        listed = await self._listed(sought, page, self._visit(visit_id))
        return {**self._drawn(DetailView()), **listed}

    # ---- handlers: marks ----------------------------------------------------------------------

    async def _on_mark(
        self,
        visit_id: str,
        sought: object,
        page: int,
        shown: str,
        chosen: tuple[str, ...],
        event: gr.EventData,
    ) -> _Updates:
        visit = self._visit(visit_id)
        told = await self._past.mark(
            _told(event, "comparison"),
            _told(event, "kind"),
            _told(event, "value"),
            visit,
            is_on=bool(_told(event, "on")),
        )
        return await self._after_mark(told, sought, page, shown, chosen, visit)

    async def _on_undo(
        self,
        visit_id: str,
        sought: object,
        page: int,
        shown: str,
        chosen: tuple[str, ...],
        event: gr.EventData,
    ) -> _Updates:
        visit = self._visit(visit_id)
        told = await self._past.undo(_told(event, "comparison"), _told(event, "undo"), visit)
        return await self._after_mark(told, sought, page, shown, chosen, visit)

    async def _after_mark(
        self,
        told: Markup,
        sought: object,
        page: int,
        shown: str,
        chosen: tuple[str, ...],
        visit: Visit,
    ) -> _Updates:
        updates = await self._listed(sought, page, visit)
        if shown:
            detailed = await self._detailed(lambda: self._past.detail(shown, visit, chosen))
            # Nothing on the stage has changed, and somebody may be looking closely.
            detailed.pop(self._stage, None)
            updates |= detailed
        return {**updates, self._notice: told}

    # ---- handlers: files ----------------------------------------------------------------------

    async def _on_download(self, visit_id: str, event: gr.EventData) -> Markup:
        return await self._past.export_picture(
            _told(event, "run"), self._visit(visit_id), with_record=not _told(event, "plain")
        )

    async def _on_zip(self, visit_id: str, event: gr.EventData) -> Markup:
        single = _told(event, "comparison")
        return await self._past.export_comparisons(
            [single] if single else _told_list(event, "comparisons"),
            self._visit(visit_id),
            with_records=not _told(event, "plain"),
        )

    async def _on_takeout(self, visit_id: str, event: gr.EventData) -> Markup:
        return await self._past.take_out(_count(event, "part") or 1, self._visit(visit_id))

    async def _on_use(
        self, visit_id: str, shown: object, event: gr.EventData
    ) -> tuple[Any, Markup]:
        held = shown if isinstance(shown, list) else []
        run_id, visit = _told(event, "run"), self._visit(visit_id)
        if number := _count(event, "reference"):
            comparison_id = _told(event, "comparison")
            used = await self._past.same_reference(comparison_id, number, held, visit)
        else:
            used = await self._past.as_reference(run_id, held, visit)
        references, words = used
        return references, told_html(words)

    # ---- what is shown, as updates ------------------------------------------------------------

    def _visit(self, visit_id: str) -> Visit:
        return self._flow.visits.enter(visit_id)

    async def _listed(self, sought: object, page: int, visit: Visit) -> _Updates:
        try:
            found = await self._past.listing(sought, page, visit)
        except PlaygroundError as exc:
            return {self._notice: told_html(told(exc))}
        return {
            self._list: found.listing,
            self._filters: gr.update(choices=found.choices),
            self._page: found.page,
            self._notice: told_html(""),
        }

    async def _detailed(self, look: Callable[[], Awaitable[DetailView]]) -> _Updates:
        try:
            detail = await look()
        except PlaygroundError as exc:
            return {self._notice: told_html(told(exc))}
        words = "" if detail.comparison_id else text("history.unknown")
        return {**self._drawn(detail), self._notice: told_html(words)}

    def _drawn(self, detail: DetailView) -> _Updates:
        return {
            self._head: detail.head,
            self._stage: detail.stage_value,
            self._runs: detail.runs,
            self._marks: detail.marks,
            self._votes: detail.votes,
            self._fields: detail.fields,
            self._place: el("span", data_shown=detail.comparison_id),
            self._shown: detail.comparison_id,
            self._chosen: detail.chosen,
        }


def _rest() -> Any:
    return gr.Timer(active=False)


def _told(event: gr.EventData, name: str) -> str:
    """A word the page sent with an event; whatever else it sent is no word."""
    data = event._data
    word = data.get(name) if isinstance(data, Mapping) else None
    return word if isinstance(word, str) else ""


def _count(event: gr.EventData, name: str) -> int:
    """A number the page sent with an event; 0 for whatever else it sent."""
    word = _told(event, name)
    return int(word) if word.isdecimal() and len(word) < MAX_DIGITS else 0


def _told_list(event: gr.EventData, name: str) -> list[str]:
    data = event._data
    words = data.get(name) if isinstance(data, Mapping) else None
    if not isinstance(words, list):
        return []
    return [word for word in words[:MAX_SELECTED] if isinstance(word, str)]
