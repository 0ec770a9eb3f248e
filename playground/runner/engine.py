"""Owns every run of this program: begins them, watches them, and takes up what an earlier one left."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Collection, Coroutine, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from playground import catalog, disk, pricing
from playground.budget import Caps
from playground.client import Transports
from playground.errors import InvalidRequestError, StorageError
from playground.identity import load_secret
from playground.journal import Fact, Journal, RunFacts, Stage
from playground.polling import FAST, POLITE, Durations, Pace
from playground.runlog import RunLog
from playground.runner import intents
from playground.runner.accounts import Account, open_account, refresh
from playground.runner.board import Board
from playground.runner.kit import Kit, Patience
from playground.runner.purchase import Purchase
from playground.runner.purse import Purse
from playground.runner.scribe import Scribe
from playground.runner.uploads import Uploads
from playground.runner.views import AccountView, MoneyView, Phase, RunView
from playground.schema import Comparison, Estimate, Origin, Request, RunStatus
from playground.settings import Settings

log = logging.getLogger(__name__)

RECOVERY_EVERY_S = 60.0
CLOSING_GRACE_S = 3.0
# What was learnt about how long tasks take; without it the vendor's schedule serves for a while.
_DURATIONS_FILE = "durations.json"
_FOLDERS = ("pictures", "partial", "references")


class Engine:
    """
    All methods belong to one event loop, but `view`, `views`, `open_views`, `money`, `estimate` and
    `stop` may be called from any thread.
    """

    def __init__(self, settings: Settings, *, patience: Patience | None = None) -> None:
        """
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
        self._purse = Purse(
            self.kit, Caps(session_usd=settings.session_cap_usd, day_usd=settings.day_cap_usd)
        )
        self._board = Board(self.log, data_dir)
        self._accounts: dict[str, Account] = {}
        self._purchases: dict[str, Purchase] = {}
        self._tasks: set[asyncio.Task[None]] = set()
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
        while not self.kit.closing.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(RECOVERY_EVERY_S):
                    await self.kit.closing.wait()
                return
            self.recover()

    def recover(self) -> None:
        """
        Adopts the open runs of programs that died, and those of our own that could not be written
        on; each waits until its key is known.
        """
        self.kit.journal.adopt()
        for facts in self.kit.journal.open_runs():
            if facts.run_id in self._purchases:
                continue
            if facts.run_id in self.log:
                self.kit.journal.write(facts.run_id, Fact.LOGGED)
                continue
            if facts.last(Fact.INTENT) is None:
                log.error("Run %s stands in the journal without its intent.", facts.run_id)
                continue
            view = self._park(facts)
            self._purse.take_over(view)
        for account in tuple(self._accounts.values()):
            self._resume_parked(account)

    def _park(self, facts: RunFacts) -> RunView:
        is_planned = _is_planned(facts)
        note = intents.PLANNED if is_planned else intents.LEFT_OPEN
        view = intents.parked(facts, self.settings.data_dir, note=note)
        if is_planned:
            view = replace(view, phase=Phase.WAITING)
        self._parked[facts.run_id] = facts
        self._board.put(view)
        return view

    def _resume_parked(self, account: Account) -> None:
        for facts in tuple(self._parked.values()):
            intent = facts.last(Fact.INTENT)
            needs_nobody = facts.stage in (Stage.MAY_SUBMIT, Stage.LOG)
            if intent is None or _is_planned(facts):
                continue
            if needs_nobody or account.owns(intent["account"]):
                self._take_up(facts, account)

    def _take_up(self, facts: RunFacts, account: Account, *, is_given_up: bool = False) -> None:
        del self._parked[facts.run_id]
        view = intents.parked(facts, self.settings.data_dir)
        purchase = self._purchase(account, view, is_watched=False)
        if is_given_up:
            purchase.stop()
        self._keep(facts.run_id, purchase.resume(facts))

    # ---- accounts -------------------------------------------------------------------------

    async def open_account(self, base_url: str, key: str) -> AccountView:
        """
        The account of this key, asked for its balance and prices.

        Raises:
            InvalidRequestError: The address or the key cannot be one.
        """
        fresh = open_account(
            base_url,
            key,
            transports=self._transports,
            secret=self.secret,
            rate_group=self.settings.rate_group,
        )
        account = self._accounts.setdefault(fresh.account_id, fresh)
        await refresh(account, tuple(catalog.MODELS))
        if account.problem is None:
            self._resume_parked(account)
        return account.view()

    async def refresh_account(self, account_id: str) -> AccountView:
        account = self._account(account_id)
        await refresh(account, tuple(catalog.MODELS))
        if account.problem is None:
            self._resume_parked(account)
        return account.view()

    def account(self, account_id: str) -> AccountView:
        return self._account(account_id).view()

    def owner_facts(self, account_id: str) -> Mapping[str, str]:
        """By which the journal knows the account again, without its key."""
        return self._account(account_id).owner_facts

    def owns(self, account_id: str, owner_facts: Mapping[str, str]) -> bool:
        """Whether what was written down with these facts can be gone on with by this account."""
        return self._account(account_id).owns(dict(owner_facts))

    def close_account(self, account_id: str) -> None:
        """Forgets the key. Its open tasks wait in the journal until it is given again."""
        self._accounts.pop(account_id, None)

    def _account(self, account_id: str) -> Account:
        try:
            return self._accounts[account_id]
        except KeyError:
            raise InvalidRequestError(
                "This key is not known any more. Enter it again.", field="key"
            ) from None

    # ---- buying ---------------------------------------------------------------------------

    def estimate(self, request: Request, account_id: str) -> Estimate | None:
        """What one picture should cost this account; None when no price is known."""
        account = self._accounts.get(account_id)
        return pricing.estimate(
            request,
            on=datetime.now(UTC).date(),
            quoted=() if account is None else account.quoted,
        )

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
        is_known = self._board.knows(comparison.comparison_id)
        if is_known and comparison.experiment_id is None:
            return self.views(comparison.comparison_id)
        self.reserve(
            (comparison,),
            account_id=account_id,
            session_id=session_id,
            accept_unknown_price=accept_unknown_price,
        )
        account = self._account(account_id)
        for facts in self._planned(comparison.comparison_id):
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
        if self.kit.closing.is_set():
            raise InvalidRequestError("The app is closing and takes no more work.", field="run")
        account = self._account(account_id)
        views = [view for each in comparisons for view in self._missing(each, account)]
        if not views:
            return 0
        with self._purse.reserving(views, session_id, accept_unknown_price=accept_unknown_price):
            for view in views:
                self._write_intent(view, account)
        for view in views:
            self._board.put(view)
            self._parked[view.run_id] = self._facts(view.run_id)
        return len(views)

    def give_up(self, comparison_ids: Collection[str], *, account_id: str) -> int:
        """
        Lets go of what is reserved and was never sent: its rows say cancelled, its money is free.

        Returns:
            How many pictures that was.
        """
        account = self._account(account_id)  # nothing is asked of the service for these
        planned = [facts for each in comparison_ids for facts in self._planned(each)]
        for facts in planned:
            self._take_up(facts, account, is_given_up=True)
        return len(planned)

    def _missing(self, comparison: Comparison, account: Account) -> list[RunView]:
        if not 1 <= comparison.repeats <= catalog.MAX_REPEATS:
            raise InvalidRequestError(
                f"{comparison.repeats} repeats were asked for; choose 1 to {catalog.MAX_REPEATS}.",
                field="repeats",
            )
        if not comparison.lanes:
            raise InvalidRequestError("Choose at least one model.", field="lanes")
        known = {
            (view.lane, view.repeat) for view in self._board.attempts(comparison.comparison_id)
        }
        return [
            intents.first_attempt(
                comparison,
                lane,
                repeat,
                origin=account.origin,
                estimate=self.estimate(comparison.request(lane), account.account_id),
            )
            for lane, repeat in comparison.places()
            if (lane, repeat) not in known
        ]

    def _planned(self, comparison_id: str) -> list[RunFacts]:
        """What is reserved of a comparison and was never sent, in the order it was written down."""
        parked = (self._parked.get(run_id) for run_id in self._board.run_ids(comparison_id))
        return [facts for facts in parked if facts and facts.stage is Stage.MAY_SUBMIT]

    def _buy(self, facts: RunFacts, account: Account) -> None:
        intent = facts.last(Fact.INTENT)
        if intent is None or not account.owns(intent["account"]):
            raise InvalidRequestError(
                f"Run {facts.run_id} was planned with another key. Enter that key, or plan it anew.",
                field="key",
            )
        view = intents.parked(facts, self.settings.data_dir)
        now = datetime.now(UTC)
        view = replace(
            view, phase=Phase.WAITING, started_at=now, phase_since=now, is_detached=False, note=None
        )
        if view.experiment_id is not None:
            self._write_intent(view, account)  # once more: only now it begins
        del self._parked[facts.run_id]
        self._keep(facts.run_id, self._purchase(account, view, is_watched=True).buy())

    def _facts(self, run_id: str) -> RunFacts:
        facts = self.kit.journal.facts(run_id)
        if facts is None:
            raise StorageError(f"The journal lost run {run_id}.")
        return facts

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
                f"Only a run that ended without a picture can be bought again; {run_id} is "
                f"{'unknown' if old is None else 'still open' if old.run is None else 'fine'}.",
                field="run_id",
            )
        later = self._later_than(old)
        if later is not None:
            return later
        if self.kit.closing.is_set():
            raise InvalidRequestError("The app is closing and takes no more work.", field="run")
        account = self._account(account_id)
        view = self._next_attempt(old, account)
        with self._purse.reserving([view], session_id, accept_unknown_price=accept_unknown_price):
            self._write_intent(view, account)
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
            raise InvalidRequestError(f"Run {run_id} is not in doubt.", field="run_id")
        account = self._account(account_id)
        task = await account.service.look_up(run_id)
        later = self._later_than(old)
        if later is not None or task is None:
            return later or old
        view = self._next_attempt(old, account)
        self._write_intent(view, account)
        self.kit.journal.write(view.run_id, Fact.ACCEPTED, task_id=task.task_id, submit_s=None)
        purchase = self._purchase(account, view, is_watched=True)
        self._keep(view.run_id, purchase.resume(self._facts(view.run_id)))
        return view

    def is_under_way(self, view: RunView) -> bool:
        """Somebody in this program is at work on it; False while it waits for its key."""
        return view.run_id in self._purchases

    def _later_than(self, old: RunView) -> RunView | None:
        """The run that was bought or adopted in place of this one."""
        attempts = self._board.attempts(old.comparison_id)
        return next((view for view in attempts if view.retry_of == old.run_id), None)

    def _next_attempt(self, old: RunView, account: Account) -> RunView:
        estimate = self.estimate(old.request, account.account_id)
        return intents.next_attempt(old, origin=account.origin, estimate=estimate)

    def _write_intent(self, view: RunView, account: Account) -> None:
        facts = intents.facts_of(view, account, self.settings.data_dir)
        self.kit.journal.write(view.run_id, Fact.INTENT, **facts)

    def _purchase(self, account: Account, view: RunView, *, is_watched: bool) -> Purchase:
        fast, polite = self._paces(account.origin)
        purchase = Purchase(
            self.kit,
            account.service,
            self._uploads,
            view,
            pace=fast if is_watched else polite,
            relaxed_pace=polite,
            watch=self._seen,
        )
        self._purchases[view.run_id] = purchase
        self._board.put(view)
        return purchase

    def _paces(self, origin: Origin) -> tuple[Pace, Pace]:
        if origin is Origin.LIVE:
            return FAST, POLITE
        # An emulator that lives faster is asked faster, so that its races look like real ones.
        scale = 1 / self.settings.emulator_speed
        return replace(FAST, time_scale=scale), replace(POLITE, time_scale=scale)

    # ---- watching -------------------------------------------------------------------------

    def stop(self, comparison_id: str) -> None:
        """Stops waiting for a comparison; what is sent is paid and still picked up later."""

        def stop_all() -> None:
            for run_id in self._board.run_ids(comparison_id):
                if run_id in self._purchases:
                    self._purchases[run_id].stop()

        if self._loop is not None:
            self._loop.call_soon_threadsafe(stop_all)

    def view(self, run_id: str) -> RunView | None:
        """The run as it stands, from memory or else from the log; None if nobody knows it."""
        return self._board.view(run_id)

    def views(self, comparison_id: str) -> tuple[RunView, ...]:
        """The latest run of each lane and repeat of a comparison, in that order; () if unknown."""
        return self._board.views(comparison_id)

    def open_views(self, owner_id: str | None = None) -> tuple[RunView, ...]:
        """Every run that has no row yet, newest first."""
        return self._board.open_views(owner_id)

    def money(self, origin: Origin, session_id: str | None) -> MoneyView:
        """What is spent and reserved against the caps."""
        return self._purse.money(origin, session_id)

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
        for listener in tuple(self._listeners):
            listener(view)

    def _keep(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        # The loop keeps only a weak reference to a task.
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        self._purchases.pop(task.get_name(), None)
        if not task.cancelled() and task.exception() is not None:
            log.error("A run ended in a way nobody foresaw.", exc_info=task.exception())

    @property
    def references_dir(self) -> Path:
        return self.settings.data_dir / "references"


def _is_planned(facts: RunFacts) -> bool:
    """Part of an experiment and never sent: the experiment sends it when it goes on."""
    intent = facts.last(Fact.INTENT)
    is_of_experiment = intent is not None and intent["run"].get("experiment_id") is not None
    return is_of_experiment and facts.stage is Stage.MAY_SUBMIT


def _known_durations(path: Path) -> Durations:
    try:
        return Durations.from_json(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Durations()
    except (OSError, ValueError) as exc:
        log.warning("%s is not readable, so durations are learnt anew: %s", path, exc)
        return Durations()
