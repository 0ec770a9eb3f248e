"""The Judge tab: its widgets, and which step of `sitting` each of them sets off."""

import asyncio
from typing import Any

import gradio as gr

from playground.markup import el
from playground.ui import format as fmt
from playground.ui.compare.flow import Flow
from playground.ui.judge.sitting import TRUST_SHARE, Bench, Scope, Sittings, scope_of
from playground.ui.pages import Pages, Sent
from playground.ui.stage import stage
from playground.ui.texts import text, texts_of
from playground.ui.voting.votes import act_of, vote_panel
from playground.ui.widgets import QUIET, asset, html

# The line on top, the tabs, the prompt and the verdicts: all in sight with both whole pictures.
STAGE_SPARE_PX = 480

# Asked anew: an address that names this tab opens it before the page has told who is there.
_TELL_WHO = "() => [window.playground.visitId(), window.playground.voterId()]"

_Updates = dict[Any, Any]


class JudgeScreen:
    """The widgets of one screen and their wiring; made inside `gr.Blocks`, filled when looked at."""

    def __init__(self, flow: Flow, sittings: Sittings, visit_id: gr.State) -> None:
        self._flow = flow
        self._sittings = sittings
        self._visit_id = visit_id
        self._sent: Pages[Sent] = Pages()
        with gr.Column(elem_id="judge"):
            self._head = gr.HTML(
                {},
                apply_default_css=False,
                html_template=str(_head_html()),
                js_on_load=asset("judge.js"),
                elem_id="judge-head",
                texts=texts_of("judge"),
            )
            self._message = html(script="actions.js", elem_id="judge-message")
            self._subject = html(elem_id="judge-subject")
            self._stage = stage(elem_id="judge-stage", spare_px=STAGE_SPARE_PX, has_votes=True)
            self._vote = vote_panel(stage_id="judge-stage", elem_id="judge-vote")

    def wire(self, demo: gr.Blocks, tab: gr.Tab) -> None:
        visit = self._visit_id
        outputs = [self._head, self._message, self._subject, self._stage, self._vote]
        options: dict[str, Any] = {"trigger_mode": "once", **QUIET}
        with gr.Row(visible=False):
            told = [gr.Textbox(label=name) for name in ("visit", "voter")]
        tab.select(self._on_enter, told, outputs, js=_TELL_WHO, **options)
        self._head.choose(self._on_choose, visit, outputs, **options)
        self._vote.judge(self._on_judge, visit, outputs, **options)
        self._message.again(self._on_again, visit, outputs, **options)
        self._message.everything(self._on_everything, visit, outputs, **options)
        demo.unload(self._on_unload)

    async def _on_enter(self, visit_id: str, voter_id: str, request: gr.Request) -> _Updates:
        visit = self._flow.visits.enter(visit_id)
        self._flow.visits.meet_voter(visit, voter_id)
        return self._updates(await asyncio.to_thread(self._sittings.enter, visit, _page(request)))

    async def _on_choose(self, visit_id: str, event: gr.EventData, request: gr.Request) -> _Updates:
        visit = self._flow.visits.enter(visit_id)
        scope = scope_of(event._data)
        bench = await asyncio.to_thread(self._sittings.choose, scope, visit, _page(request))
        return self._updates(bench)

    async def _on_again(self, visit_id: str, request: gr.Request) -> _Updates:
        visit = self._flow.visits.enter(visit_id)
        return self._updates(await asyncio.to_thread(self._sittings.again, visit, _page(request)))

    async def _on_everything(self, visit_id: str, request: gr.Request) -> _Updates:
        visit = self._flow.visits.enter(visit_id)
        bench = await asyncio.to_thread(self._sittings.choose, Scope(), visit, _page(request))
        return self._updates(bench)

    async def _on_judge(self, visit_id: str, event: gr.EventData, request: gr.Request) -> _Updates:
        visit = self._flow.visits.enter(visit_id)
        act = act_of(event._data)
        bench = await asyncio.to_thread(self._sittings.act, act, visit, _page(request))
        updates = self._updates(bench)
        return {**updates, self._vote: {**bench.vote, "echo": act.echo}}

    def _on_unload(self, request: gr.Request) -> None:
        self._sent.pop(_page(request), None)

    def _updates(self, bench: Bench) -> _Updates:
        updates: _Updates = {
            self._head: {
                "scopes": list(bench.scopes.items()),
                "what": bench.scope.what,
                "checks": bench.scope.has_checks,
                "judged": bench.n_judged,
                "skipped": bench.n_skipped,
                "left": bench.n_left,
            },
            self._message: bench.message,
            self._subject: bench.subject,
            self._vote: bench.vote,
        }
        # A stage that is told the same again would only blink.
        sent = self._sent.setdefault(bench.page_id, Sent())
        return updates | sent.news({self._stage: bench.stage})


def _head_html() -> Any:
    return el(
        "div",
        el(
            "div",
            el("p", class_="pg-judge-counts", role="status"),
            el("progress", max=1, value=0, aria_label=text("judge.progress")),
            class_="pg-judge-progress",
        ),
        el(
            "div",
            el("label", el("span", text("judge.scope")), el("select", class_="pg-judge-scope")),
            el(
                "label",
                el("input", type="checkbox", checked=True),
                el("span", fmt.aside(text("judge.checks"), fmt.percent(TRUST_SHARE))),
            ),
            class_="pg-judge-choices",
        ),
        class_="pg-judge-head",
    )


def _page(request: gr.Request) -> str:
    return request.session_hash or ""
