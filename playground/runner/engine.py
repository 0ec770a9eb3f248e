"""Owns every run of this program: begins them, watches them, and takes up what an earlier one left."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Collection, Coroutine, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from playground import disk
from playground.budget import Caps
from playground.client import Transports
from playground.errors import InvalidRequestError, PlaygroundError, StorageError
from playground.identity import load_secret
from playground.journal import Fact, Journal, RunFacts, Stage
from playground.polling import FAST, POLITE, SAFETY_NET, Durations, Pace
from playground.runlog import RunLog
from playground.runner import booking, intents, ledger
from playground.runner.accounts import Account, Accounts
from playground.runner.board import Board
from playground.runner.booking import Bookings
from playground.runner.crowd import Crowd
from playground.runner.kit import Kit, Patience
from playground.runner.purchase import Purchase
from playground.runner.purse import Purse
from playground.runner.scribe import Scribe
from playground.runner.uploads import Uploads
from playground.runner.views import AccountView, MoneyView, Phase, RunView
from playground.sayings import said
from playground.schema import Comparison, Origin, RunStatus
from playground.settings import Settings
from playground.tenancy import Tenancy
from playground.wire import WebhookEvent

log = logging.getLogger(__name__)

RECOVERY_EVERY_S = 60.0
CLOSING_GRACE_S = 2.5
# What was learnt about how long tasks take; without it the vendor's schedule serves for a while.
_DURATIONS_FILE = "durations.json"
_FOLDERS = ("pictures", "partial", "references")


class Engine:
    """
    All methods belong to one event loop, but `view`, `views`, `open_views`, `money` and `stop`
    may be called from any thread.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        patience: Patience | None = None,
        tenancy: Tenancy | None = None,
    ) -> None:
        """
        Args:
            tenancy: Asked before anything is bought; needed where locks do not hold.

        Raises:
            StorageError: The data folder cannot be used.
        """
        self.settings = settings
        data_dir = settings.data_dir
        for folder in (data_dir, *(data_dir / name for name in _FOLDERS)):
            with disk.storage_errors(folder):
                disk.make_private_folder(folder)
        self.secret = load_secret(data_dir / "secret")
        self.log = RunLog(data_dir / "runs.csv")
        journal = Journal.open(data_dir / "journal")
        self.kit = Kit(
            data_dir=data_dir,
            secret=self.secret,
            journal=journal,
            log=self.log,
            scribe=Scribe(journal, self.log),
            durations=_known_durations(data_dir / _DURATIONS_FILE),
            patience=patience or Patience(deadline_s=settings.deadline_s),
            closing=asyncio.Event(),
        )
        self._uploads = Uploads(data_dir / "uploads.jsonl")
        self._transports = Transports()
        self.accounts = Accounts(
            self._transports,
            secret=self.secret,
            rate_group=settings.rate_group,
            is_public=settings.is_public,
        )
        self.crowd = Crowd(self.secret)
        caps = Caps(
            session_usd=settings.session_cap_usd,
            day_usd=settings.day_cap_usd,
            visitor_usd=settings.visitor_cap_usd,
        )
        self._purse = Purse(self.kit, caps, self.crowd)
        self._board = Board(self.log, data_dir)
        self._bookings = Bookings(
            self.kit,
            self._board,
            self._purse,
            crowd=self.crowd if settings.is_public else None,
            tenancy=tenancy,
            estimate=lambda request, account: self.accounts.estimate(request, account.account_id),
            count_under_way=lambda: len(self._purchases),
        )
        self._purchases: dict[str, Purchase] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._turn = asyncio.Lock()
        self._parked: dict[str, RunFacts] = {}
        self._listeners: list[Callable[[RunView], None]] = []
        self._loop: asyncio.AbstractEventLoop | None = None

    # ---- life -----------------------------------------------------------------------------

    async def start(self) -> None:
        """Takes up what an earlier program left open, now and every minute."""
        self._loop = asyncio.get_running_loop()
        self.recover()
        self._keep("recovery", self._recover_for_ever())

    async def close(self) -> None:
        """
        Takes no more work and ends within a few seconds. A paid request that is out gets its
        answer written down; everything else stays open in the journal for the next start.
        """
        self.kit.closing.set()
        for purchase in self._purchases.values():
            purchase.wake()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=CLOSING_GRACE_S)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        # A paid request that is still out then is looked up by the next start.
        await self._transports.close(grace_s=CLOSING_GRACE_S / 4)
        self._keep_durations()
        await asyncio.to_thread(self.kit.scribe.close)
        self.kit.journal.close()

    def _keep_durations(self) -> None:
        path = self.settings.data_dir / _DURATIONS_FILE
        try:
            disk.replace_file(path, [self.kit.durations.to_json().encode()])
        except OSError as exc:
            log.warning("%s was not written: %s", path, exc)

    async def _recover_for_ever(self) -> None:
        looked_at = time.monotonic()
        while not self.kit.closing.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self.kit.patience.disk_again_s):
                    await self.kit.closing.wait()
                return
            is_time = time.monotonic() - looked_at > RECOVERY_EVERY_S
            if not (is_time or (self.kit.stranded and self._bookings.has_room())):
                continue
            looked_at = time.monotonic()
            try:
                self.recover()
            except StorageError as exc:
                log.warning("What is open cannot be taken up yet: %s", exc)

    def recover(self) -> None:
        """
        Adopts the open runs of programs that died, and those of our own that could not be written
        on; each waits until its key is known.
        """
        while self.kit.owed:
            run_id, fact, data = self.kit.owed[0]
            self.kit.journal.write(run_id, fact, **data)
            self.kit.owed.popleft()
        self.kit.journal.adopt()
        for facts in self.kit.journal.open_runs():
            if facts.run_id in self._purchases:
                continue
            if facts.run_id in self.log:
                self.kit.journal.write(facts.run_id, Fact.LOGGED)
                self.kit.stranded.discard(facts.run_id)
                continue
            if facts.last(Fact.INTENT) is None:
                log.error("Run %s stands in the journal without its intent.", facts.run_id)
                continue
            before = self._board.view(facts.run_id) if facts.run_id in self.kit.stranded else None
            note = intents.LEFT_OPEN if before is None else before.note or intents.LEFT_OPEN
            view = self._park(facts, note=note)
            self._purse.take_over(view)
            if facts.run_id in self.kit.stranded:
                self.kit.stranded.discard(facts.run_id)
                self._tell(view)
        for account in self.accounts:
            self._resume_parked(account)

    def _park(self, facts: RunFacts, *, note: str = intents.LEFT_OPEN) -> RunView:
        is_planned = booking.is_planned(facts)
        note = intents.PLANNED if is_planned else note
        view = intents.parked(facts, self.settings.data_dir, note=note)
        if is_planned:
            view = replace(view, phase=Phase.WAITING)
        self._parked[facts.run_id] = facts
        self._board.put(view)
        return view

    def _resume_parked(self, account: Account, *, owner_id: str | None = None) -> int:
        """
        Takes up what waited for this account, or for nobody.

        Args:
            owner_id: Who has just given the key of the account, which proves whose pictures these
                are: from now on they are this visitor's. None changes nothing.

        Returns:
            How many that are paid for had waited for it.
        """
        n_paid = 0
        for facts in tuple(self._parked.values()):
            intent = facts.last(Fact.INTENT)
            needs_nobody = facts.stage in (Stage.MAY_SUBMIT, Stage.LOG)
            if intent is None or booking.is_planned(facts):
                continue
            if not needs_nobody and account.owns(intent["account"]):
                n_paid += 1
                facts = self._handed_over(facts, owner_id)
            elif not needs_nobody:
                continue
            self._take_up(facts, account)
        return n_paid

    def _handed_over(self, facts: RunFacts, owner_id: str | None) -> RunFacts:
        """The run as the new owner's, which is written down beside whose it was."""
        run = (facts.intent or {"run": {}})["run"]
        # An experiment is its owner's as a whole.
        if owner_id in (None, ledger.owner_of(facts)) or run.get("experiment_id"):
            return facts
        self.kit.journal.write(facts.run_id, Fact.HANDED_OVER, owner_id=owner_id)
        return self._bookings.facts(facts.run_id)

    def _take_up(self, facts: RunFacts, account: Account, *, is_given_up: bool = False) -> None:
        del self._parked[facts.run_id]
        known = self._board.view(facts.run_id)
        note = intents.LEFT_OPEN if known is None else known.note or intents.LEFT_OPEN
        view = intents.parked(facts, self.settings.data_dir, note=note)
        purchase = self._purchase(account, view, is_watched=False)
        if is_given_up:
            purchase.stop()
        self._keep(facts.run_id, purchase.resume(facts))

    # ---- accounts -------------------------------------------------------------------------

    async def open_account(
        self, base_url: str, key: str, *, owner_id: str | None = None
    ) -> AccountView:
        """
        The account of this key, asked for its balance and prices.

        Args:
            owner_id: Whose what was paid with this key and waits for it becomes; None: whose it was.

        Raises:
            InvalidRequestError: The address or the key cannot be one, or too many are being tried.
        """
        account = await self.accounts.open(base_url, key)
        n_taken_up = 0
        if account.problem is None:
            is_lent = self.accounts.is_lent(account.account_id)
            n_taken_up = self._resume_parked(account, owner_id=None if is_lent else owner_id)
        return replace(account.view(), n_taken_up=n_taken_up)

    async def refresh_account(self, account_id: str) -> AccountView:
        account = await self.accounts.refresh(account_id)
        if account.problem is None:
            self._resume_parked(account)
        return account.view()

    def close_account(self, account_id: str) -> None:
        """Forgets the key. Its open tasks wait in the journal until it is given again."""
        account = self.accounts.forget(account_id)

        def leave_all() -> None:
            for purchase in tuple(self._purchases.values()):
                if account is not None and purchase.service is account.service:
                    purchase.leave()

        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(leave_all)

    # ---- buying ---------------------------------------------------------------------------

    async def begin(
        self,
        comparison: Comparison,
        *,
        account_id: str,
        session_id: str | None,
        accept_unknown_price: bool = False,
    ) -> tuple[RunView, ...]:
        """
        Begins every picture of a comparison, or none. The same comparison again begins nothing.

        Raises:
            InvalidRequestError: Something in it would be refused; nothing was paid.
            BudgetExceededError: A cap would be passed; nothing was paid.
            UnknownPriceError: No price is known and nobody accepted that; nothing was paid.
            StorageError: It could not be written down; nothing was paid.
        """
        # One at a time: a hundred begun at the same moment would hold up all that is under way.
        async with self._turn:
            await asyncio.sleep(0)
            is_known = self._board.knows(comparison.comparison_id)
            if is_known and comparison.experiment_id is None:
                return self.views(comparison.comparison_id)
            self.reserve(
                (comparison,),
                account_id=account_id,
                session_id=session_id,
                accept_unknown_price=accept_unknown_price,
            )
            account = self.accounts.find(account_id)
            planned = self._planned(comparison.comparison_id)
            if is_known:  # reserved long ago, when nobody knew how full the disk would be
                self._bookings.check_room(len(planned))
            for facts in planned:
                self._buy(facts, account)
            return self.views(comparison.comparison_id)

    def reserve(
        self,
        comparisons: Sequence[Comparison],
        *,
        account_id: str,
        session_id: str | None,
        accept_unknown_price: bool = False,
    ) -> int:
        """
        Writes down every picture of these comparisons that nobody wrote down yet: from then on
        its price is reserved, over all programs, and `begin` buys it. All of them, or none.

        What belongs to an experiment waits for `begin` even through the death of this program;
        anything else is given up by the next start.

        Args:
            session_id: Whose session cap it counts against; None: no session's.

        Returns:
            How many pictures were newly reserved.

        Raises: as `begin`.
        """
        self._bookings.check_open()
        account = self.accounts.find(account_id)
        views = self._bookings.missing(comparisons, account)
        self._bookings.book(
            views,
            account,
            session_id=session_id,
            accept_unknown_price=accept_unknown_price,
            payer=self.accounts.payer(account_id),
        )
        for view in views:
            self._board.put(view)
            self._parked[view.run_id] = self._bookings.facts(view.run_id)
        return len(views)

    def _planned(self, comparison_id: str) -> list[RunFacts]:
        """What is reserved of a comparison and was never sent, in the order it was written down."""
        parked = (self._parked.get(run_id) for run_id in self._board.run_ids(comparison_id))
        return [facts for facts in parked if facts and facts.stage is Stage.MAY_SUBMIT]

    def give_up(self, comparison_ids: Collection[str], *, account_id: str) -> int:
        """
        Lets go of what is reserved and was never sent: its rows say cancelled, its money is free.

        Returns:
            How many pictures that was.
        """
        account = self.accounts.find(account_id)  # nothing is asked of the service for these
        planned = [facts for each in comparison_ids for facts in self._planned(each)]
        for facts in planned:
            self._take_up(facts, account, is_given_up=True)
        return len(planned)

    def _buy(self, facts: RunFacts, account: Account) -> None:
        view = self._bookings.begun(facts, account)
        del self._parked[facts.run_id]
        self._keep(facts.run_id, self._purchase(account, view, is_watched=True).buy())

    async def retry(
        self,
        run_id: str,
        *,
        account_id: str,
        session_id: str | None,
        accept_unknown_price: bool = False,
    ) -> RunView:
        """
        Buys a run again as a new one with `retry_of`; the old row stays.

        Raises: as `begin`; InvalidRequestError too when the run is unknown, open or succeeded.
        """
        old = self.view(run_id)
        if old is None or old.run is None or old.run.status == RunStatus.SUCCEEDED:
            raise InvalidRequestError(
                said(
                    "Only a run that ended without a picture can be bought again; {run_id} is "
                    "{state}.",
                    run_id=run_id,
                    state=said("unknown")
                    if old is None
                    else said("still open")
                    if old.run is None
                    else said("fine"),
                ),
                field="run_id",
            )
        later = self._bookings.later_than(old)
        if later is not None:
            return later
        self._bookings.check_open()
        account = self.accounts.find(account_id)
        view = self._bookings.next_attempt(old, account)
        self._bookings.book(
            [view],
            account,
            session_id=session_id,
            accept_unknown_price=accept_unknown_price,
            payer=self.accounts.payer(account_id),
        )
        self._keep(view.run_id, self._purchase(account, view, is_watched=True).buy())
        return view

    async def look_again(self, run_id: str, *, account_id: str) -> RunView:
        """
        Asks, for free, whether an unconfirmed run arrived after all. If the service knows it, its
        task is taken over by a new run with `retry_of`, whose view is returned; else the old view.

        Raises:
            InvalidRequestError: The run is unknown or is not unconfirmed.

            ServiceError, NetworkError: The service did not say.
        """
        old = self.view(run_id)
        if old is None or old.run is None or old.run.status != RunStatus.UNCONFIRMED:
            raise InvalidRequestError(
                said("Run {run_id} is not in doubt.", run_id=run_id), field="run_id"
            )
        account = self.accounts.find(account_id)
        task = await account.service.look_up(run_id)
        later = self._bookings.later_than(old)
        if later is not None or task is None:
            return later or old
        view = self._bookings.next_attempt(old, account)
        self._bookings.write_intent(view, account)
        self.kit.journal.write(view.run_id, Fact.ACCEPTED, task_id=task.task_id, submit_s=None)
        purchase = self._purchase(account, view, is_watched=True)
        self._keep(view.run_id, purchase.resume(self._bookings.facts(view.run_id)))
        return view

    def is_planned(self, run_id: str) -> bool:
        """It is reserved for an experiment and waits for `begin`."""
        facts = self._parked.get(run_id)
        return facts is not None and booking.is_planned(facts)

    def is_under_way(self, view: RunView) -> bool:
        """Somebody in this program is at work on it; False while it waits for its key."""
        return view.run_id in self._purchases

    def _purchase(self, account: Account, view: RunView, *, is_watched: bool) -> Purchase:
        fast, polite, safety_net = self._paces(account.origin)
        purchase = Purchase(
            self.kit,
            account.service,
            self._uploads,
            view,
            pace=fast if is_watched else polite,
            relaxed_pace=polite,
            safety_net=safety_net,
            announcements=account.announcements,
            watch=self._seen,
        )
        self._purchases[view.run_id] = purchase
        self._board.put(view)
        return purchase

    def _paces(self, origin: Origin) -> tuple[Pace, Pace, Pace]:
        # An emulator that lives faster is asked faster, so that its races look like real ones.
        scale = 1.0 if origin is Origin.LIVE else 1 / self.settings.emulator_speed
        fast, polite, safety_net = (
            replace(pace, time_scale=scale) for pace in (FAST, POLITE, SAFETY_NET)
        )
        return fast, polite, safety_net

    # ---- watching -------------------------------------------------------------------------

    def stop(self, comparison_id: str) -> None:
        """Stops waiting for a comparison; what is sent is paid and still picked up later."""

        def stop_all() -> None:
            for run_id in self._board.run_ids(comparison_id):
                if run_id in self._purchases:
                    self._purchases[run_id].stop()

        if self._loop is not None:
            self._loop.call_soon_threadsafe(stop_all)

    def announce(self, event: WebhookEvent) -> bool:
        """
        The service says that a task ended: if it is one that is waited for here, its status is
        asked for at once. Nothing else is believed of the event.

        Returns:
            Whether it was one.

        Raises:
            PlaygroundError: The program is ending and takes no news.
        """
        if self.kit.closing.is_set():
            raise PlaygroundError(said("The app is closing."))
        purchase = self._purchases.get(event.run_id or "")
        if purchase is None and event.task_id is not None:
            purchases = self._purchases.values()
            purchase = next((p for p in purchases if p.task_id == event.task_id), None)
        if purchase is not None:
            purchase.announce(event.age_s)
        return purchase is not None

    def view(self, run_id: str) -> RunView | None:
        """The run as it stands, from memory or else from the log; None if nobody knows it."""
        return self._board.view(run_id)

    def revisions(self, comparison_id: str) -> tuple[tuple[str, int], ...]:
        """As `Board.revisions`."""
        return self._board.revisions(comparison_id)

    def views(self, comparison_id: str) -> tuple[RunView, ...]:
        """The latest run of each lane and repeat of a comparison, in that order; () if unknown."""
        return self._board.views(comparison_id)

    def open_views(self, owner_id: str | None = None) -> tuple[RunView, ...]:
        """Every run that has no row yet, newest first."""
        return self._board.open_views(owner_id)

    def money(
        self,
        origin: Origin,
        session_id: str | None,
        *,
        account_id: str | None = None,
        owner_id: str | None = None,
    ) -> MoneyView:
        """
        What is spent and reserved against the caps.

        Args:
            account_id, owner_id: Who asks; where strangers come, other caps hold for each.
        """
        payer = self.accounts.payer(account_id)
        return self._purse.money(origin, session_id, payer=payer, owner_id=owner_id)

    def listen(self, listener: Callable[[RunView], None]) -> Callable[[], None]:
        """
        From now on `listener` is called, on the engine's loop, with every new view of any run.

        Returns:
            What ends it.
        """
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def _seen(self, view: RunView) -> None:
        self._board.put(view)
        if view.run is not None:
            self._purse.settle(view.run)
        self._tell(view)

    def _tell(self, view: RunView) -> None:
        for listener in tuple(self._listeners):
            listener(view)

    def _keep(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        # The loop keeps only a weak reference to a task.
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        purchase = self._purchases.pop(task.get_name(), None)
        if purchase is not None and purchase.is_left and not self.kit.closing.is_set():
            self._wait_for_key(task.get_name())
        if not task.cancelled() and task.exception() is not None:
            log.error("A run ended in a way nobody foresaw.", exc_info=task.exception())

    def _wait_for_key(self, run_id: str) -> None:
        facts = self.kit.journal.facts(run_id)
        if facts is None or facts.is_logged:
            return
        self._park(facts, note=intents.KEY_FORGOTTEN)
        for account in self.accounts:  # it may have been given again meanwhile
            self._resume_parked(account)

    @property
    def references_dir(self) -> Path:
        return self.settings.data_dir / "references"


def _known_durations(path: Path) -> Durations:
    try:
        return Durations.from_json(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Durations()
    except (OSError, ValueError) as exc:
        log.warning("%s is not readable, so durations are learnt anew: %s", path, exc)
        return Durations()
