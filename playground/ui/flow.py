"""What the Compare screen does, without its widgets: each step takes plain values and returns a Screen."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from playground import catalog
from playground.errors import InvalidRequestError, PlaygroundError
from playground.identity import new_comparison_id
from playground.images import thumbnail
from playground.runner.desk import Desk
from playground.runner.views import AccountView, RunView
from playground.schema import Comparison, Origin, Request, RunStatus
from playground.ui import format as fmt
from playground.ui.cards import Card, card_html
from playground.ui.earlier import Earlier, earlier_html
from playground.ui.header import Header, header_html
from playground.ui.markup import Markup, el
from playground.ui.money import Quote, estimate_words, quote
from playground.ui.shelf import Shelf
from playground.ui.subject import subject_html
from playground.ui.texts import text
from playground.ui.visits import Visit, Visits

LANES = len(catalog.DEFAULT_LANES)
LOOK_EVERY_S = 0.1  # ten updates a second at most
HEARTBEAT_S = 0.5  # how soon a closed tab is noticed
MAX_EARLIER = 24
THUMBNAIL_PX = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What the person set on the left."""

    prompt: str
    lanes: tuple[str, ...]
    size: str = "1:1"
    resolution: str = "1K"
    repeats: int = 1
    references: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """A purchase that waits for a yes. Frozen: what was shown is what is bought."""

    reason: str
    quote: Quote
    comparison: Comparison | None = None
    retry_of: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """Everything on the right, and what the buttons may do."""

    comparison_id: str | None
    subject: Markup
    cards: tuple[Markup, ...]
    earlier: Markup
    header: Markup
    notice: Markup
    is_running: bool  # something of this visit; nothing more is begun until it is over
    is_watched: bool = False  # what is shown is running, so its watchers write the cards
    pending: Pending | None = None
    form: Form | None = None  # set when the form is to be filled again


@dataclass(slots=True)
class Flow:
    """The steps of the screen over one desk. `example` is shown while nothing was run."""

    desk: Desk
    visits: Visits
    shelf: Shelf
    thumbnails_dir: Path
    example: tuple[RunView, ...] = ()

    # ---- the account --------------------------------------------------------------------------

    def account(self, visit: Visit) -> AccountView:
        try:
            return self.desk.account(self._account_id(visit))
        except InvalidRequestError:
            # The engine has forgotten the key; the person sees that none is in use any more.
            visit.account_id = None
            return self.desk.account(self.desk.default_account_id)

    def _account_id(self, visit: Visit) -> str:
        return visit.account_id or self.desk.default_account_id

    async def use_key(self, visit: Visit, key: str) -> str:
        """Takes a typed key for this visit; returns what to tell. The key is kept by nobody here."""
        if not key.strip():
            return text("key.empty")
        try:
            account = await self.desk.open_account(self.desk.settings.base_url, key)
        except PlaygroundError as exc:
            return text("key.failed", problem=exc)
        if account.problem is not None and account.balance is None:
            self.visits.discard_account(account.account_id)
            return text("key.failed", problem=account.problem)
        self.visits.use_account(visit, account.account_id)
        if account.problem is not None:
            return account.problem
        is_live = account.origin is Origin.LIVE
        return text("key.accepted" if is_live else "key.accepted_emulated")

    def forget_key(self, visit: Visit) -> str:
        if visit.account_id is None:
            return text("key.none_to_forget")
        self.visits.use_account(visit, None)
        is_live = self.account(visit).origin is Origin.LIVE
        back = text("key.default_live" if is_live else "key.default_emulated")
        return f"{text('key.forgotten')} {back}"

    async def refresh_balance(self, visit: Visit) -> Markup:
        """Asks the service what the account holds now, and draws the header with it."""
        try:
            await self.desk.refresh_account(self._account_id(visit))
        except PlaygroundError as exc:
            return el("div", self.header(visit), notice_html(str(exc)))
        return self.header(visit)

    # ---- money before the run -------------------------------------------------------------------

    def quote(self, form: Form, visit: Visit) -> Quote:
        """What this form would buy now."""
        origin = self.account(visit).origin
        requests = [
            Request(model=model, prompt=form.prompt, size=form.size, resolution=form.resolution)
            for model in form.lanes
            for _ in range(min(form.repeats, catalog.MAX_REPEATS))
        ]
        account_id = self._account_id(visit)
        return quote([self.desk.estimate(request, account_id) for request in requests], origin)

    def price_words(self, request: Request, visit: Visit) -> str:
        """ "est. $0.07" for one picture with the account of now."""
        estimate = self.desk.estimate(request, self._account_id(visit))
        return estimate_words(estimate, self.account(visit).origin)

    def price_table(self, visit: Visit) -> dict[str, dict[str, str]]:
        """Model → resolution → what one picture costs now, in words."""
        return {
            model.id: {
                resolution: self.price_words(
                    Request(model=model.id, prompt="", resolution=resolution), visit
                )
                for resolution in model.resolutions
            }
            for model in catalog.MODELS.values()
        }

    # ---- steps ----------------------------------------------------------------------------------

    async def enter(self, visit: Visit, page_id: str, comparison_id: str | None) -> Screen:
        """A page was loaded or an earlier comparison chosen: show it, with its form."""
        if not comparison_id:
            self.visits.show(page_id, None)
            return await self.screen(visit, page_id)
        views = self.desk.views(comparison_id)
        if not views:
            self.visits.show(page_id, None)
            words = text(
                "notice.unknown_comparison", comparison_id=fmt.shortened(comparison_id, 40)
            )
            return await self.screen(visit, page_id, notice=words)
        visit.remember(comparison_id)
        self.visits.show(page_id, comparison_id)
        screen = await self.screen(visit, page_id)
        return replace(screen, form=await asyncio.to_thread(self._form_of, views))

    async def run(self, form: Form, visit: Visit, page_id: str) -> Screen:
        """Begins a comparison, or shows the one that is running, or asks first."""
        async with visit.lock:
            running = self._running(visit)
            if running is not None:
                elsewhere = running != self.visits.shown(page_id)
                self.visits.show(page_id, running)
                words = text("run.elsewhere" if elsewhere else "run.already")
                return await self.screen(visit, page_id, notice=words)
            try:
                comparison = self._comparison(form)
            except PlaygroundError as exc:
                return await self._refused(exc, visit, page_id)
            offer = self.quote(form, visit)
            reason = self._reason_to_ask(offer)
            if reason is not None:
                pending = Pending(reason=reason, quote=offer, comparison=comparison)
                return await self.screen(visit, page_id, pending=pending)
            return await self._begin(comparison, visit, page_id, accept_unknown_price=False)

    async def confirm(self, pending: Pending | None, visit: Visit, page_id: str) -> Screen:
        """The person said yes to exactly this purchase."""
        async with visit.lock:
            if pending is None:
                return await self.screen(visit, page_id, notice=text("confirm.outdated"))
            accepts = pending.quote.usd is None
            if pending.retry_of is not None:
                return await self._retry(
                    pending.retry_of, visit, page_id, accept_unknown_price=accepts
                )
            if pending.comparison is None or self._running(visit) is not None:
                return await self.screen(visit, page_id, notice=text("run.already"))
            return await self._begin(
                pending.comparison, visit, page_id, accept_unknown_price=accepts
            )

    async def leave(self, visit: Visit, page_id: str) -> Screen:
        """The person said no."""
        return await self.screen(visit, page_id, notice=text("confirm.left"))

    async def retry(self, run_id: str, visit: Visit, page_id: str) -> Screen:
        """Buys one side again as a new run, or asks first."""
        async with visit.lock:
            view = self.desk.view(run_id)
            if view is None:
                return await self.screen(visit, page_id, notice=text("notice.run_unknown"))
            running = self._running(visit)
            if running is not None and running != view.comparison_id:
                return await self.screen(visit, page_id, notice=text("run.already"))
            if run_id not in {each.run_id for each in self.desk.views(view.comparison_id)}:
                return await self.screen(visit, page_id, notice=text("notice.retry_outdated"))
            estimate = self.desk.estimate(view.request, self._account_id(visit))
            offer = quote([estimate], self.account(visit).origin)
            reason = self._reason_to_ask(offer)
            if reason is not None:
                pending = Pending(reason=reason, quote=offer, retry_of=run_id)
                return await self.screen(visit, page_id, pending=pending)
            return await self._retry(run_id, visit, page_id, accept_unknown_price=False)

    async def look_again(self, run_id: str, visit: Visit, page_id: str) -> Screen:
        """Asks once more, for free, whether an unconfirmed run arrived."""
        try:
            view = await self.desk.look_again(run_id, account_id=self._account_id(visit))
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
        is_over = all(view.is_over for view in self._shown_views(page_id))
        comparison_id = self._running(visit) if shown is None or is_over else shown
        if comparison_id is not None:
            self.desk.stop(comparison_id)

    async def watch(self, lane: int, visit: Visit, page_id: str) -> AsyncIterator[Markup]:
        """
        The card of one lane each time it changed, and a heartbeat, until that lane is over.

        Ends too when the page turns to another comparison. Only looks: what it watches goes on
        whether or not anybody does.
        """
        comparison_id = self.visits.shown(page_id)
        if comparison_id is None:
            # A stream that says nothing would leave the card blank.
            yield self._cards((), visit)[lane - 1]
            return
        card, drawn, silent_s = Markup(""), None, HEARTBEAT_S
        while self.visits.shown(page_id) == comparison_id:
            views = self._lane(self.desk.views(comparison_id), lane)
            state = [(view.run_id, view.revision) for view in views]
            if state != drawn:
                card, drawn, silent_s = self._card(lane, views, visit), state, HEARTBEAT_S
            if silent_s >= HEARTBEAT_S:
                silent_s = 0.0
                yield card
            if all(view.is_over for view in views):
                return
            await asyncio.sleep(LOOK_EVERY_S)
            silent_s += LOOK_EVERY_S
        # The framework shows the last word of a stream once more when it ends.
        yield self._cards(self._shown_views(page_id), visit)[lane - 1]

    # ---- drawing --------------------------------------------------------------------------------

    async def screen(
        self,
        visit: Visit,
        page_id: str,
        *,
        notice: str | None = None,
        focus: str | None = None,
        pending: Pending | None = None,
    ) -> Screen:
        """The screen as things stand; calling it again changes nothing."""
        shown = self.visits.shown(page_id)
        views = self._shown_views(page_id)
        earlier = await asyncio.to_thread(self._earlier, visit, shown)
        header = await asyncio.to_thread(self.header, visit)
        return Screen(
            comparison_id=shown,
            subject=self._subject(views),
            cards=self._cards(views, visit),
            earlier=earlier,
            header=header,
            notice=notice_html(notice, focus=focus),
            is_running=self._running(visit) is not None,
            is_watched=not all(view.is_over for view in views),
            pending=pending,
        )

    def header(self, visit: Visit) -> Markup:
        account = self.account(visit)
        return header_html(
            Header(
                account=account,
                money=self.desk.money(account.origin, visit.visit_id),
                open_views=self.desk.open_views(),
                is_own_key=visit.account_id is not None,
            )
        )

    def _shown_views(self, page_id: str) -> tuple[RunView, ...]:
        shown = self.visits.shown(page_id)
        return () if shown is None else self.desk.views(shown)

    def _subject(self, views: Sequence[RunView]) -> Markup:
        shown = views or self.example
        return subject_html(shown[0], is_example=not views) if shown else Markup("")

    def _cards(self, views: Sequence[RunView], visit: Visit) -> tuple[Markup, ...]:
        if views:
            lanes = max(LANES, *(view.lane for view in views))
            return tuple(
                self._card(lane, self._lane(views, lane), visit) for lane in range(1, lanes + 1)
            )[:LANES]
        return tuple(
            card_html(
                Card(
                    lane=lane,
                    views=self._lane(self.example, lane),
                    model=model,
                    is_example=bool(self.example),
                )
            )
            for lane, model in enumerate(catalog.DEFAULT_LANES, start=1)
        )

    def _card(self, lane: int, views: tuple[RunView, ...], visit: Visit) -> Markup:
        present = tuple(
            replace(view, picture=None)
            if view.picture is not None and not view.picture.is_file()
            else view
            for view in views
        )
        return card_html(
            Card(
                lane=lane,
                views=present,
                price=lambda request: self.price_words(request, visit),
            )
        )

    @staticmethod
    def _lane(views: Sequence[RunView], lane: int) -> tuple[RunView, ...]:
        return tuple(view for view in views if view.lane == lane)

    def _earlier(self, visit: Visit, shown: str | None) -> Markup:
        comparisons = []
        for comparison_id in reversed(visit.comparison_ids[-MAX_EARLIER:]):
            views = self.desk.views(comparison_id)
            if views:
                thumbnails = tuple(self._thumbnail(views, lane) for lane in range(1, LANES + 1))
                comparisons.append(
                    Earlier(comparison_id=comparison_id, views=views, thumbnails=thumbnails)
                )
        return earlier_html(comparisons, shown_id=shown)

    def _thumbnail(self, views: Sequence[RunView], lane: int) -> Path | None:
        for view in self._lane(views, lane):
            if view.run is not None and view.picture is not None:
                try:
                    return thumbnail(view.picture, self.thumbnails_dir, max_px=THUMBNAIL_PX)
                except PlaygroundError:
                    return None  # the card says what is wrong with the file
        return None

    # ---- inside the steps -----------------------------------------------------------------------

    def _comparison(self, form: Form) -> Comparison:
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
            references=self.shelf.take(form.references),
            repeats=form.repeats,
        )
        for lane in range(1, len(comparison.lanes) + 1):
            catalog.check(comparison.request(lane))
        return comparison

    def _reason_to_ask(self, offer: Quote) -> str | None:
        pictures = text(
            "confirm.pictures_one" if offer.count == 1 else "confirm.pictures_many",
            count=offer.count,
        )
        if offer.usd is None:
            return text("confirm.unknown", count=pictures)
        limit = self.desk.settings.warn_usd
        if offer.usd > limit:
            return text(
                "confirm.expensive", count=pictures, price=offer.price, limit=fmt.usd(limit)
            )
        return None

    async def _begin(
        self, comparison: Comparison, visit: Visit, page_id: str, *, accept_unknown_price: bool
    ) -> Screen:
        try:
            await self.desk.begin(
                comparison,
                account_id=self._account_id(visit),
                session_id=visit.visit_id,
                accept_unknown_price=accept_unknown_price,
            )
        except PlaygroundError as exc:
            return await self._refused(exc, visit, page_id)
        # Only an accepted comparison takes the place of what is shown.
        visit.remember(comparison.comparison_id)
        visit.live_ids.add(comparison.comparison_id)
        self.visits.show(page_id, comparison.comparison_id)
        return await self.screen(visit, page_id)

    async def _retry(
        self, run_id: str, visit: Visit, page_id: str, *, accept_unknown_price: bool
    ) -> Screen:
        try:
            view = await self.desk.retry(
                run_id,
                account_id=self._account_id(visit),
                session_id=visit.visit_id,
                accept_unknown_price=accept_unknown_price,
            )
        except PlaygroundError as exc:
            return await self._refused(exc, visit, page_id)
        visit.remember(view.comparison_id)
        visit.live_ids.add(view.comparison_id)
        self.visits.show(page_id, view.comparison_id)
        return await self.screen(visit, page_id)

    async def _refused(self, exc: PlaygroundError, visit: Visit, page_id: str) -> Screen:
        return await self.screen(visit, page_id, notice=str(exc), focus=getattr(exc, "field", None))

    def _running(self, visit: Visit) -> str | None:
        """The comparison of this visit that is not over, None without one."""
        for comparison_id in tuple(visit.live_ids):
            if all(view.is_over for view in self.desk.views(comparison_id)):
                visit.live_ids.discard(comparison_id)
        return next(iter(visit.live_ids), None)

    def _form_of(self, views: Sequence[RunView]) -> Form:
        first = views[0].request
        lanes = {view.lane: view.request.model for view in views}
        references = []
        for reference in first.references:
            # A file that is gone cannot be sent again; the person sees that it is missing.
            if reference.path is None or reference.path.is_file():
                references.append(self.shelf.put(reference))
        return Form(
            prompt=first.prompt,
            lanes=tuple(lanes[lane] for lane in sorted(lanes)),
            size=first.size,
            resolution=first.resolution,
            repeats=max(view.repeat for view in views),
            references=references,
        )


def notice_html(words: str | None, *, focus: str | None = None) -> Markup:
    # The region is always there, for only changes inside a region are announced.
    return el(
        "div",
        el("p", words) if words else None,
        class_="pg-notice",
        role="alert",
        data_focus=focus,
    )
