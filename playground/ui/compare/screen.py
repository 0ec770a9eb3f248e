"""The Compare screen: its widgets, and which step of `flow` each of them sets off."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import gradio as gr

from playground import catalog
from playground.markup import Markup, el
from playground.ui.compare.choices import choices_widget
from playground.ui.compare.easel import LANES, Form, Pending, Screen, notice_html
from playground.ui.compare.examples import example_prompts
from playground.ui.compare.flow import Flow
from playground.ui.compare.references import reference_strip
from playground.ui.confirm import confirm_html
from playground.ui.money import Quote
from playground.ui.pages import Pages, Sent
from playground.ui.stage import stage
from playground.ui.texts import text
from playground.ui.voting.blind import blind_switch, is_switched, switched
from playground.ui.voting.votes import act_of, vote_panel
from playground.ui.widgets import COMPARE_TAB, QUIET, html

REFRESH_EVERY_S = 5.0
# An answer that only says what is new may be lost on its way, and nobody would know.
WHOLE_EVERY_S = 30.0
PROMPT_LINES = 3
MAX_PROMPT_LINES = 8
# The line on top, the stage's own buttons and the verdicts: in sight with both whole pictures.
STAGE_SPARE_PX = 330
_SHOW_TAB = f"() => window.playground.showTab('{COMPARE_TAB}')"
_TELL_WHO = (
    "() => [window.playground.visitId(), window.playground.comparisonId(),"
    " window.playground.voterId(), window.playground.ownerToken(),"
    " window.playgroundLanguage.spoken]"
)

_Updates = dict[Any, Any]


class CompareScreen:
    """
    The widgets of one screen and their wiring; made inside `gr.Blocks`.

    Handlers only translate: values of widgets in, a `Screen` of `flow` out.
    """

    def __init__(self, flow: Flow, header: gr.HTML, visit_id: gr.State) -> None:
        self._flow = flow
        self._header = header
        self._visit_id = visit_id
        with gr.Row(elem_id="compare"):
            with gr.Column(elem_id="composer", scale=0, min_width=300):
                self._compose()
                self._buy()
            with gr.Column(elem_id="results", scale=1, min_width=300):
                self._show()
        self._pending = gr.State(None)
        self._sent: Pages[Sent] = Pages()
        self._form = [self._prompt, self._references, self._choices]
        self._screen = [
            self._subject,
            *self._cards,
            self._stage,
            self._vote,
            self._earlier,
            self._header,
            self._notice,
            self._confirm,
            self._pending,
            self._place,
            self._run,
            self._stop,
        ]

    # ---- widgets ------------------------------------------------------------------------------

    def _compose(self) -> None:
        self._prompt = gr.Textbox(
            label=text("compose.prompt"),
            placeholder=text("compose.prompt_hint"),
            info=text("compose.keys"),
            lines=PROMPT_LINES,
            max_lines=MAX_PROMPT_LINES,
            autofocus=True,
            elem_id="prompt",
        )
        self._examples = html(_example_buttons(), script="actions.js", elem_id="examples")
        self._references = reference_strip(self._flow.shelf, self._flow.recalls, self._flow.visits)
        self._choices = choices_widget()

    def _buy(self) -> None:
        with gr.Column(elem_id="buy"):
            # Before the button that spends, for hands that go from field to field.
            self._blind = blind_switch()
            with gr.Row(elem_id="buy-buttons"):
                # Off until the page knows whose visit it is: a run begun before would be nobody's.
                self._run = gr.Button(
                    text("run.both"),
                    variant="primary",
                    elem_id="run",
                    interactive=False,
                    min_width=160,
                    scale=1,
                )
                self._stop = gr.Button(
                    text("run.stop"), elem_id="stop", interactive=False, min_width=110, scale=0
                )
            self._basis = html(elem_id="basis")
            html(el("p", text("run.stop_hint")), elem_id="stop-hint")
            self._notice = html(notice_html(None), script="notice.js", elem_id="notice")
            self._confirm = html(script="confirm.js", elem_id="confirm")
            html(
                el(
                    "button",
                    text("compose.skip"),
                    type="button",
                    class_="pg-button",
                    data_skip=True,
                ),
                elem_id="skip",
            )

    def _show(self) -> None:
        self._subject = html(elem_id="subject")
        with gr.Row(elem_id="cards"):
            self._cards = [
                html(script="actions.js", elem_id=f"card-{lane}", min_width=280)
                for lane in range(1, LANES + 1)
            ]
        self._stage = stage(spare_px=STAGE_SPARE_PX, has_votes=True)
        self._vote = vote_panel(stage_id="stage", elem_id="vote")
        self._earlier = html(script="actions.js", elem_id="earlier")
        self._place = html(script="place.js", elem_id="place")

    # ---- wiring -------------------------------------------------------------------------------

    def wire(self, demo: gr.Blocks, account_changes: list[Any]) -> Any:
        """
        Connects everything; returns the event after which the server knows who is visiting.

        While a lane runs, its card is written by its watcher alone.
        """
        visit = self._visit_id
        with gr.Row(visible=False):
            names = ("visit", "place", "voter", "owner", "language")
            told = [gr.Textbox(label=name) for name in names]
        entered = demo.load(
            self._on_load,
            told,
            [*self._screen, *self._form, self._blind, visit],
            js=_TELL_WHO,
            **QUIET,
        )
        self._follow(entered)
        self._wire_prices([entered, *account_changes])
        run = self._run.click(
            self._on_run,
            [visit, self._blind, *self._form],
            self._screen,
            trigger_mode="once",
            **QUIET,
        )
        self._follow(run)
        self._blind.change(self._on_blind, [visit, self._blind], None, queue=False, **QUIET)
        self._vote.judge(self._on_judge, visit, self._screen, trigger_mode="once", **QUIET)
        self._stop.click(self._on_stop, visit, None, queue=False, **QUIET)
        self._wire_confirmation()
        for lane, card in enumerate(self._cards, start=1):
            for event, step in ((card.retry, self._on_retry), (card.look_again, self._on_look)):
                self._follow(event(step, visit, self._screen, trigger_mode="once", **QUIET), lane)
        for links in (self._earlier, self._header):
            opened = links.open(
                self._on_open, visit, [*self._screen, *self._form], trigger_mode="once", **QUIET
            )
            self._follow(opened)
        restored = self._references.restore(
            self._on_restore, visit, [*self._screen, *self._form], trigger_mode="once", **QUIET
        )
        self._follow(restored)
        # The line on top is in sight from every tab.
        self._header.open(None, None, None, js=_SHOW_TAB, **QUIET)
        self._examples.choose(self._on_choose, visit, self._prompt, queue=False, **QUIET)
        gr.Timer(REFRESH_EVERY_S).tick(
            self._on_news, visit, self._screen, queue=False, trigger_mode="once", **QUIET
        )
        demo.unload(self._on_unload)
        return entered

    def serve(self, widget: gr.HTML, *, retries: bool = False) -> Any:
        """
        Comparisons that a widget of another tab wants shown, and runs it wants bought again: here
        they are, with this tab in front. Returns the event of its `show`.
        """
        visit, screen = self._visit_id, self._screen
        shown = widget.show(
            self._on_open, visit, [*screen, *self._form], trigger_mode="once", **QUIET
        )
        events = [shown]
        if retries:
            events.append(widget.retry(self._on_retry, visit, screen, trigger_mode="once", **QUIET))
        for event in events:
            self._follow(event)
            event.then(None, None, None, js=_SHOW_TAB, **QUIET)
        return shown

    @property
    def form(self) -> list[Any]:
        """The widgets that hold what the person set."""
        return self._form

    @property
    def references(self) -> gr.HTML:
        """The strip whose value is the list of references of the form."""
        return self._references

    def _wire_confirmation(self) -> None:
        visit = self._visit_id
        confirmed = self._confirm.confirm(
            self._on_confirm, [visit, self._pending], self._screen, trigger_mode="once", **QUIET
        )
        self._follow(confirmed)
        self._confirm.leave(self._on_leave, visit, self._screen, trigger_mode="once", **QUIET)

    def _wire_prices(self, after: list[Any]) -> None:
        outputs = [self._run, self._basis, self._choices]
        inputs = [self._visit_id, *self._form]
        options: dict[str, Any] = {"queue": False, **QUIET}
        self._choices.change(self._on_form, inputs, outputs, trigger_mode="always_last", **options)
        for event in after:
            event.then(self._on_form, inputs, outputs, **options)

    def _follow(self, event: Any, lane: int | None = None) -> None:
        """After a step: the lanes are watched side by side, then settled, then the balance asked."""
        visit = self._visit_id
        for each in range(1, LANES + 1) if lane is None else (lane,):
            watched = event.success(
                self._watcher(each),
                visit,
                self._cards[each - 1],
                concurrency_limit=None,
                trigger_mode="multiple",
                **QUIET,
            )
            settled = watched.then(
                self._on_news,
                visit,
                self._screen,
                queue=False,
                trigger_mode="multiple",
                **QUIET,
            )
            settled.then(self._on_balance, visit, self._header, trigger_mode="multiple", **QUIET)

    # ---- handlers -----------------------------------------------------------------------------

    async def _on_load(
        self,
        visit_id: str,
        comparison_id: str,
        voter_id: str,
        owner_token: str,
        language: str,
        request: gr.Request,
    ) -> _Updates:
        visits = self._flow.visits
        visit = visits.meet_owner(visits.enter(visit_id), owner_token)
        visits.meet_voter(visit, voter_id)
        visits.meet_language(visit, language)
        screen = await self._flow.enter(visit, _page(request), comparison_id)
        return {
            **self._updates(screen),
            self._blind: switched(visit.is_blind),
            self._visit_id: visit.visit_id,
        }

    def _on_choose(self, visit_id: str, event: gr.EventData) -> str:
        self._flow.visits.enter(visit_id)
        word, prompts = _told_text(event, "index"), example_prompts()
        index = int(word) if word.isdecimal() else 0
        return prompts[index % len(prompts)].prompt

    async def _on_open(self, visit_id: str, event: gr.EventData, request: gr.Request) -> _Updates:
        visit = self._flow.visits.enter(visit_id)
        chosen = _told_text(event, "comparison")
        return self._updates(await self._flow.enter(visit, _page(request), chosen))

    async def _on_restore(
        self, visit_id: str, event: gr.EventData, request: gr.Request
    ) -> _Updates:
        visit = self._flow.visits.enter(visit_id)
        token = _told_text(event, "token")
        return self._updates(await self._flow.restore(token, visit, _page(request)))

    async def _on_run(
        self, request: gr.Request, visit_id: str, is_blind: object, *form: Any
    ) -> _Updates:
        visit = self._flow.visits.enter(visit_id)
        screen = await self._flow.run(
            form_of(*form), visit, _page(request), is_blind=is_switched(is_blind)
        )
        return self._updates(screen)

    def _on_blind(self, visit_id: str, is_blind: object) -> None:
        self._flow.visits.enter(visit_id).is_blind = is_switched(is_blind)

    async def _on_judge(self, visit_id: str, event: gr.EventData, request: gr.Request) -> _Updates:
        visit = self._flow.visits.enter(visit_id)
        act = act_of(event._data)
        updates = self._updates(await self._flow.judge(act, visit, _page(request)))
        updates[self._vote] = {**updates[self._vote], "echo": act.echo}
        return updates

    async def _on_confirm(
        self, visit_id: str, pending: Pending | None, request: gr.Request
    ) -> _Updates:
        visit = self._flow.visits.enter(visit_id)
        return self._updates(await self._flow.confirm(pending, visit, _page(request)))

    async def _on_leave(self, visit_id: str, request: gr.Request) -> _Updates:
        visit = self._flow.visits.enter(visit_id)
        return self._updates(await self._flow.leave(visit, _page(request)))

    async def _on_retry(self, visit_id: str, event: gr.EventData, request: gr.Request) -> _Updates:
        visit = self._flow.visits.enter(visit_id)
        run_id = _told_text(event, "run")
        return self._updates(await self._flow.retry(run_id, visit, _page(request)))

    async def _on_look(self, visit_id: str, event: gr.EventData, request: gr.Request) -> _Updates:
        visit = self._flow.visits.enter(visit_id)
        run_id = _told_text(event, "run")
        return self._updates(await self._flow.look_again(run_id, visit, _page(request)))

    def _on_stop(self, visit_id: str, request: gr.Request) -> None:
        self._flow.stop(self._flow.visits.enter(visit_id), _page(request))

    def _watcher(self, lane: int) -> Callable[..., AsyncIterator[Markup]]:
        async def watch(visit_id: str, request: gr.Request) -> AsyncIterator[Markup]:
            page = _page(request)
            visit = self._flow.visits.enter(visit_id)
            async for card in self._flow.watch(lane, visit, page):
                yield card

        return watch

    async def _on_news(self, visit_id: str, request: gr.Request) -> _Updates:
        visit = self._flow.visits.enter(visit_id)
        return self._news(await self._flow.screen(visit, _page(request)))

    async def _on_balance(self, visit_id: str) -> Any:
        header = await self._flow.balance(self._flow.visits.enter(visit_id))
        return gr.skip() if header is None else header

    async def _on_form(self, request: gr.Request, visit_id: str, *form: Any) -> _Updates:
        del request
        visit = self._flow.visits.enter(visit_id)
        offer = self._flow.quote(form_of(*form), visit)
        return {
            self._run: gr.update(value=run_words(offer)),
            self._basis: el("p", offer.basis),
            self._choices: gr.update(prices=self._flow.wallet.price_table(visit)),
        }

    def _on_unload(self, request: gr.Request) -> None:
        self._sent.pop(_page(request), None)
        self._flow.visits.leave(_page(request))

    # ---- a screen as updates ------------------------------------------------------------------

    def _updates(self, screen: Screen) -> _Updates:
        """Everything a step may have changed."""
        updates = self._standing(screen)
        updates |= dict(zip(self._cards, screen.cards, strict=True))
        sent = self._sent[screen.page_id] = Sent()
        sent.news(updates)
        updates[self._notice] = screen.notice
        updates[self._pending] = screen.pending
        updates[self._confirm] = (
            Markup("")
            if screen.pending is None
            else confirm_html(screen.pending.reason, screen.pending.quote)
        )
        updates[self._place] = el("span", data_comparison=screen.comparison_id or "")
        if screen.form is not None:
            updates |= self._refilled(screen.form)
        return updates

    def _news(self, screen: Screen) -> _Updates:
        """
        What goes on changing by itself, where it differs from what the page has.

        Otherwise it is left alone: somebody may be looking closely.
        """
        sent = self._sent.setdefault(screen.page_id, Sent())
        if sent.age_s > WHOLE_EVERY_S:
            sent.forget(but=(self._stage, self._vote))
        # The framework takes no updates at all for an error.
        return sent.news(self._standing(screen)) or {self._place: gr.skip()}

    def _standing(self, screen: Screen) -> _Updates:
        """What goes on changing by itself; a running card belongs to its watcher."""
        updates: _Updates = {
            self._subject: screen.subject,
            self._earlier: screen.earlier,
            self._header: screen.header,
            self._stage: screen.stage,
            self._vote: screen.vote,
            self._run: gr.update(interactive=not screen.is_running),
            self._stop: gr.update(interactive=screen.is_running or screen.is_watched),
        }
        if not screen.is_watched:
            updates |= dict(zip(self._cards, screen.cards, strict=True))
        return updates

    def _refilled(self, form: Form) -> _Updates:
        return {
            self._prompt: form.prompt,
            self._references: list(form.references),
            self._choices: {
                "size": form.size,
                "resolution": form.resolution,
                "repeats": form.repeats,
                "lanes": list(form.lanes),
            },
        }


# ---- pieces -------------------------------------------------------------------------------------


def run_words(offer: Quote) -> str:
    """What the run button says: how much is bought, for how much, and what kind of figure that is."""
    what = text("run.both") if offer.count == LANES else text("run.many", count=offer.count)
    return text("run.label", what=what, price=offer.price)


def form_of(prompt: object, references: object, chosen: object) -> Form:
    """
    What the widgets hold. The page may have sent anything: values of a wrong kind become ones
    that are refused with a reason, never ones that are bought.
    """
    chosen = chosen if isinstance(chosen, dict) else {}
    lanes, repeats = chosen.get("lanes"), chosen.get("repeats")
    return Form(
        prompt=prompt if isinstance(prompt, str) else "",
        references=references if isinstance(references, list) else [],
        size=str(chosen.get("size")),
        resolution=str(chosen.get("resolution")),
        repeats=repeats if type(repeats) is int and repeats <= catalog.MAX_REPEATS else 0,
        lanes=tuple(map(str, lanes[:LANES])) if isinstance(lanes, list) else (),
    )


def _page(request: gr.Request) -> str:
    return request.session_hash or ""


def _told_text(event: gr.EventData, name: str) -> str:
    """A word the page sent with an event; whatever else it sent is no word."""
    data = event._data
    word = data.get(name) if isinstance(data, dict) else None
    return word if isinstance(word, str) else ""


def _example_buttons() -> Markup:
    buttons = (
        el(
            "button",
            each.name,
            type="button",
            class_="pg-try",
            data_action="choose",
            data_index=index,
        )
        for index, each in enumerate(example_prompts())
    )
    return el(
        "div",
        *buttons,
        class_="pg-examples",
        role="group",
        aria_label=text("compose.examples"),
    )
