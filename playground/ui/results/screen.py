"""The Results screen: its widgets, and which step of `weighing` each of them sets off."""

from typing import Any

import gradio as gr

from playground.errors import PlaygroundError
from playground.markup import Markup, el
from playground.ui.compare.flow import Flow
from playground.ui.compare.screen import CompareScreen
from playground.ui.results.filters import filters_update, results_filters
from playground.ui.results.weighing import Weighing
from playground.ui.widgets import QUIET, html

# Asked anew: an address that names this tab opens it before the page has told who is there.
_TELL_WHO = (
    "(visit, voter, sought) => [window.playground.visitId(), window.playground.voterId(), sought]"
)

_Updates = dict[Any, Any]


class ResultsScreen:
    """
    The widgets of one screen and their wiring; made inside `gr.Blocks`.

    Empty until its tab is chosen, and drawn anew each time it is.
    """

    def __init__(self, flow: Flow, weighing: Weighing, visit_id: gr.State) -> None:
        self._flow = flow
        self._weighing = weighing
        self._visit_id = visit_id
        with gr.Column(elem_id="weighed"):
            self._filters = results_filters()
            self._page = html(script="results.js", elem_id="weighed-page")
            self._pixels = html(script="results.js", elem_id="weighed-pixels")

    def wire(self, tab: gr.Tab, compare: CompareScreen) -> None:
        visit = self._visit_id
        outputs = [self._page, self._pixels, self._filters]
        with gr.Row(visible=False):
            told = [gr.Textbox(label=name) for name in ("visit", "voter")]
        tab.select(
            self._on_enter,
            [*told, self._filters],
            outputs,
            js=_TELL_WHO,
            trigger_mode="always_last",
            **QUIET,
        )
        self._filters.change(
            self._on_seek, [visit, self._filters], outputs, trigger_mode="always_last", **QUIET
        )
        self._pixels.measure(
            self._on_measure, [visit, self._filters], self._pixels, trigger_mode="once", **QUIET
        )
        for widget in (self._page, self._pixels):
            compare.serve(widget)

    async def _on_enter(self, visit_id: str, voter_id: str, sought: object) -> _Updates:
        visit = self._flow.visits.enter(visit_id)
        self._flow.visits.meet_voter(visit, voter_id)
        return await self._drawn(visit_id, sought)

    async def _on_seek(self, visit_id: str, sought: object) -> _Updates:
        return await self._drawn(visit_id, sought)

    async def _on_measure(self, visit_id: str, sought: object) -> Markup:
        try:
            return await self._weighing.measure(sought, self._flow.visits.enter(visit_id))
        except PlaygroundError as exc:
            return _problem(exc)

    async def _drawn(self, visit_id: str, sought: object) -> _Updates:
        try:
            view = await self._weighing.view(sought, self._flow.visits.enter(visit_id))
        except PlaygroundError as exc:
            return {self._page: _problem(exc)}
        return {
            self._page: view.page,
            self._pixels: view.pixels,
            self._filters: filters_update(view.choices, view.origin),
        }


def _problem(problem: PlaygroundError) -> Markup:
    return el("div", el("p", str(problem)), class_="pg-notice", role="alert")
