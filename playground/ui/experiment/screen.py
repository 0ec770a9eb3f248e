"""The Experiment screen: its widgets, and which step of the flow each of them sets off."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import gradio as gr

from playground.errors import PlanProblem, PlaygroundError
from playground.markup import Markup, el
from playground.sayings import words_of
from playground.ui.compare.flow import Flow
from playground.ui.compare.references import reference_strip
from playground.ui.confirm import confirm_html, question_html
from playground.ui.experiment.easel import ExperimentEasel
from playground.ui.experiment.flow import ExperimentFlow, Outcome, Pending
from playground.ui.experiment.form import form_of, plan_form, with_set_aside
from playground.ui.experiment.grid import GridAsk, ask_of, grid_html, tools_html
from playground.ui.experiment.outlook import Preview, outlook_html, start_words
from playground.ui.experiment.progress import head_html, list_html, progress_html
from playground.ui.history.detail import ready_html, told_html
from playground.ui.judge.sitting import Scope, Sittings
from playground.ui.pages import Pages, Sent
from playground.ui.stage import stage
from playground.ui.texts import telling, text
from playground.ui.visits import Visit
from playground.ui.widgets import JUDGE_TAB, QUIET, html

BUSY_EVERY_S = 1.0
IDLE_EVERY_S = 4.0
_TELL_WHO = (
    "() => [window.playground.visitId(), window.playground.voterId(),"
    " window.playground.experimentId()]"
)
_SHOW_JUDGE = f"() => window.playground.showTab('{JUDGE_TAB}')"

_Updates = dict[Any, Any]


@dataclass(slots=True)
class _Leaf:
    """What one page looks at; `turn` counts what a person did."""

    shown: str = ""
    ask: GridAsk = field(default_factory=GridAsk)
    chosen: tuple[str, ...] = ()
    turn: int = 0
    mark: object = None  # of the view that was drawn last
    sent: Sent = field(default_factory=Sent)

    def look_at(self, experiment_id: str) -> None:
        if experiment_id != self.shown:
            self.shown, self.ask, self.chosen = experiment_id, GridAsk(), ()


class ExperimentScreen:
    """
    The widgets of one screen and their wiring; made inside `gr.Blocks`.

    Empty until its tab is chosen for the first time. Experiments belong to the program: pages
    only look, and draw what has changed.
    """

    def __init__(
        self,
        flow: Flow,
        steps: ExperimentFlow,
        easel: ExperimentEasel,
        sittings: Sittings,
        visit_id: gr.State,
    ) -> None:
        self._flow = flow
        self._steps = steps
        self._easel = easel
        self._sittings = sittings
        self._visit_id = visit_id
        self._leaves: Pages[_Leaf] = Pages()
        script = "experiment.js"
        with gr.Column(elem_id="experiment"):
            self._notice = html(told_html(""), script=script, elem_id="experiment-notice")
            self._confirm = html(script="confirm.js", elem_id="experiment-confirm")
            with gr.Row(elem_id="experiment-all"):
                self._plan_widgets()
                with gr.Column(elem_id="experiment-side", scale=1, min_width=300):
                    self._outlook = html(script=script, elem_id="experiment-outlook")
                    self._start = gr.Button(
                        text("experiment.start"),
                        variant="primary",
                        interactive=False,
                        elem_id="experiment-start",
                    )
                    self._list = html(script=script, elem_id="experiment-list")
            with gr.Column(elem_id="experiment-one"):
                self._head = html(script=script, elem_id="experiment-head")
                self._progress = html(elem_id="experiment-progress")
                self._pair = html(script=script, elem_id="experiment-pair")
                self._stage = stage(elem_id="experiment-stage")
                self._tools = html(script=script, elem_id="experiment-tools")
                self._grid = html(
                    script=script, elem_id="experiment-grid", region=text("experiment.grid")
                )
            self._place = html(script="experiment-place.js", elem_id="experiment-place")
        self._pending = gr.State(None)
        self._ticks = gr.Timer(IDLE_EVERY_S, active=False)
        self._all = [
            self._head,
            self._progress,
            self._pair,
            self._stage,
            self._tools,
            self._grid,
            self._list,
            self._place,
            self._notice,
            self._confirm,
            self._pending,
            self._ticks,
        ]

    def _plan_widgets(self) -> None:
        with gr.Column(elem_id="experiment-plan", scale=0, min_width=300):
            self._form = plan_form()
            self._references = reference_strip(
                self._flow.shelf,
                self._flow.recalls,
                self._flow.visits,
                elem_id="experiment-references",
            )
            self._aside = gr.Button(text("experiment.set_aside"), elem_id="experiment-aside")

    # ---- wiring -------------------------------------------------------------------------------

    def wire(self, demo: gr.Blocks, tab: gr.Tab, others: list[gr.Tab]) -> Any:
        """
        Connects everything; returns the event of coming here.

        Args:
            others: The tabs beside it: while one is chosen, it rests.
        """
        visit, options = self._visit_id, {"trigger_mode": "once", **QUIET}
        with gr.Row(visible=False):
            told = [gr.Textbox(label=name) for name in ("visit", "voter", "experiment")]
        entered = tab.select(self._on_select, told, self._all, js=_TELL_WHO, **options)
        for other in others:
            other.select(_rest, None, self._ticks, **options)
        self._ticks.tick(self._on_tick, visit, self._all, **options)
        demo.unload(self._on_unload)
        self._wire_form(entered)
        for widget in (self._list, self._place):
            widget.open(self._on_open, visit, self._all, **options)
        self._head.back(self._on_back, visit, self._all, **options)
        self._head.steer(self._on_steer, visit, self._all, **options)
        self._head.export(self._on_export, visit, self._notice, **options)
        judged = self._head.judge(self._on_judge, visit, None, **options)
        judged.success(None, None, None, js=_SHOW_JUDGE, **QUIET)
        for widget in (self._tools, self._grid):
            widget.ask(self._on_ask, visit, self._all, trigger_mode="multiple", **QUIET)
            widget.pick(self._on_pick, visit, self._all, trigger_mode="multiple", **QUIET)
        self._pair.close(self._on_close, visit, self._all, **options)
        inputs = [visit, self._pending]
        self._confirm.confirm(self._on_confirm, inputs, self._all, **options)
        self._confirm.leave(
            self._on_leave, inputs, [self._confirm, self._pending, self._notice], **options
        )
        return entered

    def _wire_form(self, entered: Any) -> None:
        inputs = [self._visit_id, self._form, self._references]
        outputs = [self._outlook, self._start, self._form]
        latest: dict[str, Any] = {"trigger_mode": "always_last", **QUIET}
        for widget in (self._form, self._references):
            widget.change(self._on_form, inputs, outputs, **latest)
        entered.then(self._on_form, inputs, outputs, **QUIET)
        self._start.click(self._on_start, inputs, self._all, trigger_mode="once", **QUIET)
        self._form.plan_file(self._on_plan_file, inputs, self._notice, trigger_mode="once", **QUIET)
        self._aside.click(
            with_set_aside, [self._form, self._references], self._form, queue=False, **QUIET
        ).then(lambda: [], None, self._references, queue=False, **QUIET)

    @property
    def form(self) -> list[Any]:
        """The widgets that hold the plan somebody writes."""
        return [self._form, self._references]

    # ---- handlers: planning -------------------------------------------------------------------

    async def _on_form(self, visit_id: str, told: object, strip: object) -> _Updates:
        preview = await self._preview(visit_id, told, strip)
        view = preview.outlook
        return {
            self._outlook: outlook_html(preview),
            self._start: gr.update(value=start_words(preview), interactive=preview.can_start),
            self._form: gr.update(
                price=view is not None and bool(view.unknown_prices), referenced=bool(strip)
            ),
        }

    async def _preview(self, visit_id: str, told: object, strip: object) -> Preview:
        form, visit = form_of(told, strip), self._visit(visit_id)
        try:
            return await asyncio.to_thread(self._steps.preview, form, visit)
        except PlaygroundError as exc:
            return Preview(problems=(PlanProblem(message=words_of(exc)),))

    async def _on_plan_file(self, visit_id: str, told: object, strip: object) -> Markup:
        preview = await self._preview(visit_id, told, strip)
        plan = preview.plan
        if plan is None:
            return told_html(
                text("experiment.fix_first" if preview.problems else "experiment.empty")
            )
        try:
            ready = await asyncio.to_thread(self._easel.plan_file, plan)
        except PlaygroundError as exc:
            return told_html(telling.told(exc))
        return ready_html(ready.path, ready.size_bytes, ready.wanting)

    async def _on_start(
        self, visit_id: str, told: object, strip: object, request: gr.Request
    ) -> _Updates:
        form, visit = form_of(told, strip), self._visit(visit_id)
        async with visit.lock:
            outcome = await _tried(lambda: self._steps.start(form, visit))
        return await self._after(outcome, visit, request)

    async def _on_confirm(
        self, visit_id: str, pending: Pending | None, request: gr.Request
    ) -> _Updates:
        visit = self._visit(visit_id)
        async with visit.lock:
            outcome = await _tried(lambda: self._steps.confirm(pending, visit))
        return await self._after(outcome, visit, request)

    def _on_leave(self, visit_id: str, pending: Pending | None) -> tuple[Markup, None, Markup]:
        self._visit(visit_id)
        is_purchase = pending is None or pending.stop_of is None
        return Markup(""), None, told_html(text("confirm.left") if is_purchase else "")

    # ---- handlers: looking --------------------------------------------------------------------

    async def _on_select(
        self, visit_id: str, voter_id: str, experiment_id: str, request: gr.Request
    ) -> _Updates:
        visit = self._visit(visit_id)
        self._flow.visits.meet_voter(visit, voter_id)
        leaf = self._leaf(request)
        leaf.sent.forget()
        leaf.look_at(experiment_id)
        return await self._drawn(leaf, visit)

    async def _on_tick(self, visit_id: str, request: gr.Request) -> _Updates:
        return await self._drawn(self._leaf(request), self._visit(visit_id), is_tick=True)

    async def _on_open(self, visit_id: str, event: gr.EventData, request: gr.Request) -> _Updates:
        leaf = self._leaf(request)
        leaf.look_at(_told(event, "experiment"))
        drawn = await self._drawn(leaf, self._visit(visit_id))
        return {self._notice: told_html(""), **drawn}

    async def _on_back(self, visit_id: str, request: gr.Request) -> _Updates:
        leaf = self._leaf(request)
        leaf.look_at("")
        return {self._confirm: Markup(""), **await self._drawn(leaf, self._visit(visit_id))}

    async def _on_ask(self, visit_id: str, event: gr.EventData, request: gr.Request) -> _Updates:
        leaf = self._leaf(request)
        leaf.ask = ask_of(event._data if isinstance(event._data, Mapping) else {}, leaf.ask)
        return await self._drawn(leaf, self._visit(visit_id))

    async def _on_pick(self, visit_id: str, event: gr.EventData, request: gr.Request) -> _Updates:
        leaf = self._leaf(request)
        leaf.chosen = picked(leaf.chosen, _told(event, "run"))
        drawn = await self._drawn(leaf, self._visit(visit_id))
        return {self._notice: told_html(""), **drawn}  # it would lie over what is scrolled to

    async def _on_close(self, visit_id: str, request: gr.Request) -> _Updates:
        leaf = self._leaf(request)
        leaf.chosen = ()
        return await self._drawn(leaf, self._visit(visit_id))

    # ---- handlers: steering -------------------------------------------------------------------

    async def _on_steer(self, visit_id: str, event: gr.EventData, request: gr.Request) -> _Updates:
        visit, shown = self._visit(visit_id), self._leaf(request).shown
        act, value = _told(event, "act"), _told(event, "value")

        def step() -> Outcome:
            if act == "retry":
                return self._steps.retry(shown, visit)
            if act == "budget":
                return Outcome(notice=self._steps.set_budget(shown, value, visit))
            if act == "resume":
                return self._steps.resume(shown, visit)
            if act == "stop":
                return self._steps.stop(shown, visit)
            if act == "pause":
                self._steps.pause(shown, visit)
            return Outcome()

        return await self._after(await _tried(step), visit, request)

    async def _on_export(self, visit_id: str, event: gr.EventData, request: gr.Request) -> Markup:
        visit, shown = self._visit(visit_id), self._leaf(request).shown
        try:
            kind = _told(event, "kind")
            ready = await asyncio.to_thread(self._easel.export, shown, kind, visit)
        except PlaygroundError as exc:
            return told_html(telling.told(exc))
        return ready_html(ready.path, ready.size_bytes, ready.wanting)

    async def _on_judge(self, visit_id: str, request: gr.Request) -> None:
        scope = Scope(what=f"experiment:{self._leaf(request).shown}")
        visit = self._visit(visit_id)
        await asyncio.to_thread(self._sittings.choose, scope, visit, _page(request))

    def _on_unload(self, request: gr.Request) -> None:
        self._leaves.pop(_page(request), None)

    # ---- what is shown, as updates ------------------------------------------------------------

    def _visit(self, visit_id: str) -> Visit:
        return self._flow.visits.enter(visit_id)

    def _leaf(self, request: gr.Request) -> _Leaf:
        return self._leaves.setdefault(_page(request), _Leaf())

    async def _after(self, outcome: Outcome, visit: Visit, request: gr.Request) -> _Updates:
        """What a step leaves on the page: its words, its question, and the experiment anew."""
        leaf, pending = self._leaf(request), outcome.pending
        if outcome.experiment_id is not None:
            leaf.look_at(outcome.experiment_id)
        return {
            self._notice: told_html(outcome.notice),
            self._confirm: Markup("") if pending is None else pending_html(pending),
            self._pending: pending,
            **await self._drawn(leaf, visit),
        }

    async def _drawn(self, leaf: _Leaf, visit: Visit, *, is_tick: bool = False) -> _Updates:
        """The list, or one experiment: what differs from what the page has."""
        leaf.turn += not is_tick
        turn = leaf.turn
        try:
            values = await asyncio.to_thread(self._values, leaf, visit, is_tick=is_tick)
        except PlaygroundError as exc:
            return {self._notice: told_html(telling.told(exc))}
        if leaf.turn != turn:
            # Meanwhile the person has asked for something else, which is drawn there.
            return {self._place: gr.skip()}
        changed = leaf.sent.news(values)
        if self._ticks in changed:
            changed[self._ticks] = gr.Timer(changed[self._ticks], active=True)
        # The framework takes no updates at all for an error.
        return changed or {self._place: gr.skip()}

    def _values(self, leaf: _Leaf, visit: Visit, *, is_tick: bool) -> _Updates:
        if not leaf.shown:
            return self._values_of_list(visit)
        mark = self._easel.mark(leaf.shown, visit)
        if is_tick and leaf.mark == mark:
            return {self._progress: progress_html(self._steps.shelf.progress(leaf.shown))}
        view = self._easel.view(leaf.shown, visit, leaf.ask, leaf.chosen)
        leaf.mark = mark
        return {
            self._head: head_html(view.subject),
            self._progress: progress_html(view.progress),
            self._tools: tools_html(view.grid),
            self._grid: grid_html(view.grid),
            self._pair: view.pair,
            self._stage: view.stage,
            self._place: el("span", data_shown=leaf.shown),
            self._ticks: IDLE_EVERY_S if view.progress.is_at_rest else BUSY_EVERY_S,
        }

    def _values_of_list(self, visit: Visit) -> _Updates:
        listed, n_more = self._steps.listed(visit)
        is_busy = any(each.progress and not each.progress.is_at_rest for each in listed)
        return {
            self._list: list_html(listed, n_more=n_more),
            self._place: el("span", data_shown=""),
            self._ticks: BUSY_EVERY_S if is_busy else IDLE_EVERY_S,
        }


# ---- pieces -------------------------------------------------------------------------------------


def pending_html(pending: Pending) -> Markup:
    """The question before a purchase, or before a stop."""
    if pending.quote is not None:
        return confirm_html(pending.reason, pending.quote)
    stop = text("experiment.stop")
    return question_html(pending.reason, text("experiment.stop_kept"), yes=stop, region=stop)


def picked(chosen: tuple[str, ...], run_id: str) -> tuple[str, ...]:
    """The two pictures on the stage after one more was pressed; pressed again it leaves."""
    if run_id in chosen:
        return tuple(each for each in chosen if each != run_id)
    return (*chosen, run_id)[-2:]


async def _tried(step: Callable[[], Outcome]) -> Outcome:
    try:
        return await asyncio.to_thread(step)
    except PlaygroundError as exc:
        return Outcome(notice=telling.told(exc))


def _rest() -> Any:
    return gr.Timer(active=False)


def _page(request: gr.Request) -> str:
    return request.session_hash or ""


def _told(event: gr.EventData, name: str) -> str:
    """A word the page sent with an event; whatever else it sent is no word."""
    data = event._data
    word = data.get(name) if isinstance(data, Mapping) else None
    return word if isinstance(word, str) else ""
