"""What the Compare screen does, without its widgets: each step takes plain values and returns a Screen."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path

from playground import catalog
from playground.errors import InvalidRequestError, PlaygroundError
from playground.identity import new_comparison_id
from playground.markup import Markup, el
from playground.runner.desk import Desk
from playground.runner.views import RunView
from playground.schema import Comparison, Request, RunStatus
from playground.ui import format as fmt
from playground.ui.compare.easel import LANES, Easel, Form, Pending, Screen, notice_html, of_lane
from playground.ui.compare.recall import Recalls
from playground.ui.money import Quote
from playground.ui.shelf import Shelf
from playground.ui.texts import text
from playground.ui.texts.telling import told
from playground.ui.visits import Visit, Visits
from playground.ui.voting.ballots import Act, Ballots
from playground.ui.voting.neutral_references import is_missing, missing_words
from playground.ui.wallet import Wallet

LOOK_EVERY_S = 0.1  # ten updates a second at most
HEARTBEAT_S = 1.0  # how soon a closed tab is noticed


class Flow:
    """The steps of the screen over one desk. `example` is shown while nothing was run."""

    def __init__(
        self,
        desk: Desk,
        *,
        visits: Visits,
        shelf: Shelf,
        thumbnails_dir: Path,
        example: tuple[RunView, ...] = (),
    ) -> None:
        self.desk = desk
        self.visits = visits
        self.shelf = shelf
        self.recalls = Recalls(desk, shelf)
        self.wallet = Wallet(desk, visits)
        self.ballots = Ballots(
            desk.settings.data_dir.resolve(), copies_dir=thumbnails_dir.with_name("blind")
        )
        self.easel = Easel(desk, visits, self.wallet, self.ballots, thumbnails_dir, example)

    def quote(self, form: Form, visit: Visit) -> Quote:
        """What this form would buy now."""
        requests = [
            Request(model=model, prompt=form.prompt, size=form.size, resolution=form.resolution)
            for model in form.lanes
            for _ in range(min(form.repeats, catalog.MAX_REPEATS))
        ]
        return self.wallet.quote(requests, visit)

    async def balance(self, visit: Visit) -> Markup | None:
        """
        The header, once the service was asked what the account holds now; None while something
        of this visit runs: who watches that asks again when it is over.
        """
        if self.easel.running(visit) is not None:
            return None
        problem = None
        try:
            await self.wallet.refresh(visit)
        except PlaygroundError as exc:
            problem = notice_html(told(exc))
        header = await asyncio.to_thread(self.easel.header, visit)
        return header if problem is None else el("div", header, problem)

    async def screen(
        self,
        visit: Visit,
        page_id: str,
        *,
        notice: str | None = None,
        focus: str | None = None,
        pending: Pending | None = None,
    ) -> Screen:
        """As `Easel.screen`."""
        return await self.easel.screen(visit, page_id, notice=notice, focus=focus, pending=pending)

    # ---- steps ----------------------------------------------------------------------------------

    async def enter(self, visit: Visit, page_id: str, comparison_id: str | None) -> Screen:
        """A page was loaded or an earlier comparison chosen: show it, with its form."""
        if not comparison_id:
            self.visits.show(page_id, None)
            return await self.screen(visit, page_id)
        views = self.desk.own_views(comparison_id, visit.owner_id)
        if not views:
            self.visits.show(page_id, None)
            words = text(
                "notice.unknown_comparison", comparison_id=fmt.shortened(comparison_id, 40)
            )
            return await self.screen(visit, page_id, notice=words)
        visit.remember(comparison_id)
        self.visits.show(page_id, comparison_id)
        missing = missing_words(views[0].request.references)
        screen = await self.screen(visit, page_id, notice=missing)
        return replace(screen, form=await asyncio.to_thread(self._form_of, views))

    async def restore(self, token: str, visit: Visit, page_id: str) -> Screen:
        """The request that a dropped picture brought along fills the form again."""
        recalled = self.recalls.get(token, visit)
        if recalled is None:
            return await self.screen(visit, page_id, notice=text("recall.gone"))
        if recalled.comparison_id is not None:
            return await self.enter(visit, page_id, recalled.comparison_id)
        screen = await self.screen(visit, page_id, notice=recalled.notice)
        return replace(screen, form=recalled.form)

    async def run(
        self, form: Form, visit: Visit, page_id: str, *, is_blind: bool = False
    ) -> Screen:
        """Begins a comparison, or shows the one that is running, or asks first."""
        async with visit.lock:
            running = self.easel.running(visit)
            if running is not None:
                elsewhere = running != self.visits.shown(page_id)
                self.visits.show(page_id, running)
                words = text("run.elsewhere" if elsewhere else "run.already")
                return await self.screen(visit, page_id, notice=words)
            try:
                self.wallet.check_key(visit)
                comparison = self._comparison(form, visit)
            except PlaygroundError as exc:
                return await self._refused(exc, visit, page_id)
            offer = self.quote(form, visit)
            reason = self.wallet.reason_to_ask(offer)
            if reason is not None:
                pending = Pending(
                    reason=reason, quote=offer, comparison=comparison, is_blind=is_blind
                )
                return await self.screen(visit, page_id, pending=pending)
            return await self._begin(
                comparison, visit, page_id, accept_unknown_price=False, is_blind=is_blind
            )

    async def confirm(self, pending: Pending | None, visit: Visit, page_id: str) -> Screen:
        """The person said yes to exactly this purchase."""
        async with visit.lock:
            if pending is None:
                return await self.screen(visit, page_id, notice=text("confirm.outdated"))
            try:
                self.wallet.check_key(visit)
            except PlaygroundError as exc:
                return await self._refused(exc, visit, page_id)
            accepts = pending.quote.usd is None
            if pending.retry_of is not None:
                return await self._retry(
                    pending.retry_of, visit, page_id, accept_unknown_price=accepts
                )
            if pending.comparison is None or self.easel.running(visit) is not None:
                return await self.screen(visit, page_id, notice=text("run.already"))
            return await self._begin(
                pending.comparison,
                visit,
                page_id,
                accept_unknown_price=accepts,
                is_blind=pending.is_blind,
            )

    async def leave(self, visit: Visit, page_id: str) -> Screen:
        """The person said no."""
        return await self.screen(visit, page_id, notice=text("confirm.left"))

    async def retry(self, run_id: str, visit: Visit, page_id: str) -> Screen:
        """Buys one side again as a new run, or asks first."""
        async with visit.lock:
            view = self.desk.own_view(run_id, visit.owner_id)
            if view is None:
                return await self.screen(visit, page_id, notice=text("notice.run_unknown"))
            running = self.easel.running(visit)
            if running is not None and running != view.comparison_id:
                return await self.screen(visit, page_id, notice=text("run.already"))
            views = self.desk.own_views(view.comparison_id, visit.owner_id)
            if run_id not in {each.run_id for each in views}:
                return await self.screen(visit, page_id, notice=text("notice.retry_outdated"))
            try:
                self.wallet.check_key(visit)
            except PlaygroundError as exc:
                return await self._refused(exc, visit, page_id)
            offer = self.wallet.quote([view.request], visit)
            reason = self.wallet.reason_to_ask(offer)
            if reason is not None:
                pending = Pending(reason=reason, quote=offer, retry_of=run_id)
                return await self.screen(visit, page_id, pending=pending)
            return await self._retry(run_id, visit, page_id, accept_unknown_price=False)

    async def look_again(self, run_id: str, visit: Visit, page_id: str) -> Screen:
        """Asks once more, for free, whether an unconfirmed run arrived."""
        if self.desk.own_view(run_id, visit.owner_id) is None:
            return await self.screen(visit, page_id, notice=text("notice.run_unknown"))
        try:
            view = await self.desk.look_again(run_id, account_id=self.wallet.account_id(visit))
        except PlaygroundError as exc:
            return await self._refused(exc, visit, page_id)
        is_lost = view.run is not None and view.run.status == RunStatus.UNCONFIRMED
        if not is_lost:
            visit.live_ids.add(view.comparison_id)
        outcome = text("notice.look_still_unconfirmed" if is_lost else "notice.look_found")
        return await self.screen(visit, page_id, notice=text("notice.looked", outcome=outcome))

    def stop(self, visit: Visit, page_id: str) -> None:
        """
        Stops waiting for what the page shows, or else for what runs unseen. What is sent is paid
        for and picked up later.
        """
        shown = self.visits.shown(page_id)
        is_over = all(view.is_over for view in self.easel.shown_views(page_id, visit))
        comparison_id = self.easel.running(visit) if shown is None or is_over else shown
        if comparison_id is not None:
            self.desk.stop(comparison_id)

    async def judge(self, act: Act, visit: Visit, page_id: str) -> Screen:
        """What the person did on the vote panel; the screen shows names only when that is on disk."""
        views = self.easel.shown_views(page_id, visit)
        problem = None
        if views:
            try:
                problem = await asyncio.to_thread(self.ballots.act_on, act, visit.voter_id, views)
            except PlaygroundError as exc:
                problem = told(exc)
        return await self.easel.screen(visit, page_id, problem=problem)

    async def watch(self, lane: int, visit: Visit, page_id: str) -> AsyncIterator[Markup]:
        """
        The card of one lane each time it changed, and a heartbeat, until that lane is over.

        Ends too when the page turns to another comparison. Only looks: what it watches goes on
        whether or not anybody does.
        """
        comparison_id = self.visits.shown(page_id)
        if comparison_id is None or not self.easel.shown_views(page_id, visit):
            # A stream that says nothing would leave the card blank.
            yield await self.easel.card_at(lane, (), visit)
            return
        card, drawn, known, silent_s = Markup(""), None, None, HEARTBEAT_S
        while self.visits.shown(page_id) == comparison_id:
            revisions = self.desk.revisions(comparison_id)
            # What others do, a vote that shows the names or another program's row, can wait for
            # the heartbeat: looking for it costs the disk.
            if revisions != known or silent_s >= HEARTBEAT_S:
                known = revisions
                views = self.desk.own_views(comparison_id, visit.owner_id)
                is_hidden = self.ballots.is_hidden(visit.voter_id, views)
                watched = views if is_hidden else of_lane(views, lane)
                is_over = all(view.is_over for view in watched)
                # Hidden cards change at one moment, whichever side was first.
                news = is_over if is_hidden else [(view.run_id, view.revision) for view in watched]
                if (state := (is_hidden, news)) != drawn:
                    card = await self.easel.card_at(lane, views, visit)
                    drawn, silent_s = state, HEARTBEAT_S
                if silent_s >= HEARTBEAT_S:
                    silent_s = 0.0
                    yield card
                if is_over:
                    return
            await asyncio.sleep(LOOK_EVERY_S)
            silent_s += LOOK_EVERY_S
        # The framework shows the last word of a stream once more when it ends.
        yield await self.easel.card_at(lane, self.easel.shown_views(page_id, visit), visit)

    # ---- inside the steps -----------------------------------------------------------------------

    def _comparison(self, form: Form, visit: Visit) -> Comparison:
        if not 1 <= form.repeats <= catalog.MAX_REPEATS:
            raise InvalidRequestError(
                text("run.bad_repeats", limit=catalog.MAX_REPEATS), field="repeats"
            )
        if len(form.lanes) != LANES:
            raise InvalidRequestError(text("run.bad_lanes"), field="lanes")
        comparison = Comparison(
            comparison_id=new_comparison_id(),
            prompt=form.prompt,
            lanes=form.lanes,
            size=form.size,
            resolution=form.resolution,
            references=self.shelf.take(form.references, visit.owner_id),
            repeats=form.repeats,
            owner_id=visit.owner_id,
        )
        for lane in range(1, len(comparison.lanes) + 1):
            catalog.check(comparison.request(lane))
        return comparison

    async def _begin(
        self,
        comparison: Comparison,
        visit: Visit,
        page_id: str,
        *,
        accept_unknown_price: bool,
        is_blind: bool,
    ) -> Screen:
        try:
            if is_blind:
                # Before anything is bought: a crash must not show what was to be hidden.
                await asyncio.to_thread(self.ballots.seal, comparison.comparison_id)
            await self.desk.begin(
                comparison,
                account_id=self.wallet.account_id(visit),
                session_id=visit.visit_id,
                accept_unknown_price=accept_unknown_price,
            )
        except PlaygroundError as exc:
            return await self._refused(exc, visit, page_id)
        return await self._follow(comparison.comparison_id, visit, page_id)

    async def _retry(
        self, run_id: str, visit: Visit, page_id: str, *, accept_unknown_price: bool
    ) -> Screen:
        try:
            view = await self.desk.retry(
                run_id,
                account_id=self.wallet.account_id(visit),
                session_id=visit.visit_id,
                accept_unknown_price=accept_unknown_price,
            )
        except PlaygroundError as exc:
            return await self._refused(exc, visit, page_id)
        return await self._follow(view.comparison_id, visit, page_id)

    async def _follow(self, comparison_id: str, visit: Visit, page_id: str) -> Screen:
        """Only what was accepted takes the place of what is shown."""
        visit.remember(comparison_id)
        visit.live_ids.add(comparison_id)
        self.visits.show(page_id, comparison_id)
        return await self.screen(visit, page_id)

    async def _refused(self, exc: PlaygroundError, visit: Visit, page_id: str) -> Screen:
        return await self.screen(
            visit, page_id, notice=told(exc), focus=getattr(exc, "field", None)
        )

    def _form_of(self, views: Sequence[RunView]) -> Form:
        first_view, first = views[0], views[0].request
        lanes = {view.lane: view.request.model for view in views}
        references = []
        for reference in first.references:
            # A file that is gone cannot be sent again; the person is told that it is missing.
            if not is_missing(reference):
                references.append(self.shelf.put(reference, first_view.owner_id))
        return Form(
            prompt=first.prompt,
            lanes=tuple(lanes[lane] for lane in sorted(lanes)),
            size=first.size,
            resolution=first.resolution,
            repeats=max(view.repeat for view in views),
            references=references,
        )
