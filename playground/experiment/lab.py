"""The experiments that one program runs: takes them up, lets them take turns, passes on what people want."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Collection
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

from playground.errors import InvalidRequestError, PlaygroundError, StorageError
from playground.experiment.books import Books
from playground.experiment.drive import LOOK_EVERY_S, Drive
from playground.experiment.outlook import TIMED_RUNS, Outlook, outlook, picture_seconds
from playground.experiment.plan import Plan, is_id
from playground.experiment.planning import Wish, plan_of
from playground.experiment.progress import Progress
from playground.experiment.shelf import FAILURES, Shelf
from playground.experiment.state import Lease, Orders, Pause, Wanted
from playground.experiment.turns import Turns
from playground.journal import Stage
from playground.ratelimit import TIERS
from playground.runner.engine import Engine
from playground.runner.playground import open_playground
from playground.sayings import said
from playground.schema import RunStatus
from playground.settings import Settings

log = logging.getLogger(__name__)

_TEND_EVERY_S = 2.0
_LET_OTHERS_S = 1.0
_HELD = "Another program still holds runs of it. It goes on there, or here when that one ends."


class Lab:
    """
    Runs experiments with one account. `start`, `close` and `wait` belong to the engine's loop;
    everything else may be called from any thread.
    """

    def __init__(
        self, engine: Engine, *, account_id: str, at_once: int = 1, is_resident: bool = True
    ) -> None:
        """
        Args:
            at_once: How many experiments send at a time; the others queue.

            is_resident: Whether this program also looks after what others left behind, as an app
                does that is there for hours; a command only does what it was asked for.
        """
        self.shelf = Shelf(engine.settings.data_dir, engine.log, engine.kit.journal)
        self._engine = engine
        self._account_id = account_id
        self._is_resident = is_resident
        self._turns = Turns(self.shelf.folder, at_once=at_once)
        self._leads: dict[str, asyncio.Task[None]] = {}
        self._broken: dict[str, BaseException] = {}  # ended by a fault that could not be noted yet
        self._drives: dict[str, Drive] = {}
        self._resting: set[str] = set()  # paused: no lease is held, only their orders are watched
        self._tending: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    # ---- life -------------------------------------------------------------------------------

    async def start(self, *, go_on: bool = True) -> None:
        """
        From now on experiments are run here.

        Args:
            go_on: Whether those that were running when their program ended go on by themselves;
                else they are paused until somebody wants them. Only where it is resident.
        """
        self._loop = asyncio.get_running_loop()
        self._tending = asyncio.create_task(self._tend_for_ever(), name="lab")
        if not self._is_resident:
            return
        for experiment_id in await asyncio.to_thread(self._interrupted):
            if not go_on and not self.shelf.is_led(experiment_id):
                self.shelf.order_pause(experiment_id, note="Its program ended.")
            self._lead(experiment_id)

    async def close(self) -> None:
        """Sends no more; to be called before the engine is closed, which takes care of the rest."""
        tasks = [task for task in (self._tending, *self._leads.values()) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._leads.clear()

    def _interrupted(self) -> list[str]:
        """Those that are wanted and are this account's, in the order they were asked for."""
        found = []
        for experiment_id in self.shelf.ids():
            try:
                orders = self.shelf.state(experiment_id).read()
            except StorageError as exc:
                log.warning("Experiment %s does not go on: %s", experiment_id, exc)
                continue
            if orders.wanted in (Wanted.RUNNING, Wanted.STOPPED) and self._owns(orders):
                if orders.wanted is Wanted.STOPPED and not orders.is_active:
                    continue
                moment = orders.queued_at or datetime.min.replace(tzinfo=UTC)
                found.append((moment, experiment_id))
        return [experiment_id for _, experiment_id in sorted(found)]

    def _owns(self, orders: Orders) -> bool:
        return bool(orders.account) and self._engine.accounts.find(self._account_id).owns(
            orders.account
        )

    async def _tend_for_ever(self) -> None:
        """
        Looks after paused ones that another program wants again, and, where it is resident, after
        experiments whose reserved runs this program took over from a dead one.
        """
        while True:
            await asyncio.sleep(_TEND_EVERY_S)
            self._pause_broken()
            for experiment_id in await asyncio.to_thread(self._awoken, frozenset(self._resting)):
                self._lead(experiment_id)
            if not self._is_resident:
                continue
            left = await asyncio.to_thread(self._left_behind, frozenset(self._leads))
            for experiment_id in left.keys() - self._leads.keys():
                try:
                    orders = self.shelf.state(experiment_id).read()
                except InvalidRequestError:
                    log.warning(
                        "The plan of %s is gone; what it reserved is given up.", experiment_id
                    )
                    self._engine.give_up(left[experiment_id], account_id=self._account_id)
                    continue
                except StorageError as exc:
                    log.warning("Experiment %s cannot be looked after: %s", experiment_id, exc)
                    continue
                is_at_rest = orders.wanted is Wanted.PAUSED and not orders.is_active
                if self._owns(orders) and orders.wanted is not Wanted.PLANNED and not is_at_rest:
                    self._lead(experiment_id)

    def _awoken(self, resting: Collection[str]) -> list[str]:
        """Which of these are not paused any more: other programs give orders through the file."""
        found = []
        for experiment_id in resting:
            with contextlib.suppress(PlaygroundError):  # a damaged one rests on
                if self.shelf.state(experiment_id).read().wanted is not Wanted.PAUSED:
                    found.append(experiment_id)
        return found

    def _left_behind(self, led: Collection[str]) -> dict[str, set[str]]:
        """By experiment, the comparisons with runs that are reserved in this program and not sent."""
        found: dict[str, set[str]] = {}
        for facts in self._engine.kit.journal.open_runs():
            run = (facts.intent or {"run": {}})["run"]
            experiment_id = run.get("experiment_id")
            if experiment_id is None or experiment_id in led or not is_id(experiment_id, "exp"):
                continue
            if facts.stage is Stage.MAY_SUBMIT:
                found.setdefault(experiment_id, set()).add(run["comparison_id"])
        return found

    # ---- running ----------------------------------------------------------------------------

    def plan(self, wish: Wish) -> Plan:
        """
        As `plan_of`, and kept in the data folder. Blocking: pictures are checked and copied.

        Raises:
            InvalidPlanError: Every place where something is wrong, with the remedy.
            StorageError: The disk refused.
        """
        plan = plan_of(wish, references_dir=self._engine.references_dir)
        self.shelf.add(plan)
        return plan

    def run(
        self,
        experiment_id: str,
        *,
        budget_usd: Decimal | None = None,
        price_usd: Decimal | None = None,
        in_flight: int | None = None,
        owner_id: str | None = None,
    ) -> None:
        """
        As `Shelf.order_run`; it is run here unless another program has it already.

        Raises:
            InvalidRequestError: It was stopped, is another key's, or a value cannot be one.
        """
        orders = self.shelf.state(experiment_id).read()
        if orders.account and not self._owns(orders):
            raise InvalidRequestError(
                said(
                    "{experiment_id} was begun with another key. Enter that key, or plan it anew.",
                    experiment_id=experiment_id,
                ),
                field="key",
            )
        account = self._engine.accounts.find(self._account_id).owner_facts
        self.shelf.order_run(
            experiment_id,
            budget_usd=budget_usd,
            price_usd=price_usd,
            in_flight=in_flight,
            account=account,
            owner_id=owner_id,
        )
        self._soon(experiment_id)

    def pause(self, experiment_id: str) -> None:
        """As `Shelf.order_pause`."""
        self.shelf.order_pause(experiment_id)
        self._wake(experiment_id)

    def stop(self, experiment_id: str) -> None:
        """As `Shelf.order_stop`."""
        self.shelf.order_stop(experiment_id)
        self._soon(experiment_id)

    def set_budget(self, experiment_id: str, budget_usd: Decimal | None) -> None:
        """As `Shelf.order_budget`."""
        if self.shelf.order_budget(experiment_id, budget_usd).wanted is Wanted.RUNNING:
            self._soon(experiment_id)

    def retry_failed(
        self, experiment_id: str, *, statuses: Collection[RunStatus] = FAILURES
    ) -> tuple[str, ...]:
        """As `Shelf.order_retry`."""
        again = self.shelf.order_retry(experiment_id, statuses=statuses)
        if again:
            self._soon(experiment_id)
        return again

    def progress(self, experiment_id: str) -> Progress:
        """As `Shelf.progress`."""
        return self.shelf.progress(experiment_id)

    def outlook(
        self,
        plan: Plan,
        *,
        budget_usd: Decimal | None = None,
        price_usd: Decimal | None = None,
    ) -> Outlook:
        """What the plan comes to with this account, its prices and today's cap."""
        origin = self._engine.accounts.find(self._account_id).origin
        money = self._engine.money(origin, None, account_id=self._account_id)
        cap = money.day_cap_usd
        return outlook(
            plan,
            lambda request: self._engine.accounts.estimate(request, self._account_id),
            tier=TIERS[self._engine.settings.rate_group],
            budget_usd=budget_usd,
            day_left_usd=None if cap is None else max(Decimal(0), cap - money.day_usd),
            price_usd=price_usd,
            picture_s=picture_seconds(self._engine.log.recent(TIMED_RUNS), plan, origin),
        )

    async def wait(
        self,
        experiment_id: str,
        *,
        watch: Callable[[Progress], None] | None = None,
        every_s: float = LOOK_EVERY_S,
    ) -> Progress:
        """Until nothing more will happen by itself: finished, stopped, paused, or only late ones."""
        while True:
            progress = await asyncio.to_thread(self.progress, experiment_id)
            if watch is not None:
                watch(progress)
            if self.is_at_rest(progress):
                return progress
            await asyncio.sleep(every_s)

    def is_run_here(self, experiment_id: str) -> bool:
        """Whether this program runs it, not another one."""
        return experiment_id in self._drives

    def is_at_rest(self, progress: Progress) -> bool:
        """Nothing more will happen soon: at rest, or all that is missing is later than anybody waits."""
        drive = self._drives.get(progress.experiment_id)
        if drive is None:
            return progress.is_at_rest
        return drive.is_only_waiting or (progress.is_at_rest and drive.is_resting)

    # ---- leading ----------------------------------------------------------------------------

    def _soon(self, experiment_id: str) -> None:
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._lead, experiment_id)

    def _wake(self, experiment_id: str) -> None:
        def wake() -> None:
            if experiment_id in self._drives:
                self._drives[experiment_id].wake()

        if self._loop is not None:
            self._loop.call_soon_threadsafe(wake)

    def _lead(self, experiment_id: str) -> None:
        if experiment_id in self._drives:
            self._drives[experiment_id].wake()
        if experiment_id in self._leads and not self._leads[experiment_id].done():
            return
        self._resting.discard(experiment_id)
        work = self._lead_until_over(experiment_id)
        task = asyncio.get_running_loop().create_task(work, name=experiment_id)
        self._leads[experiment_id] = task
        task.add_done_callback(self._ended)

    def _pause_broken(self) -> None:
        """Says of what broke off that it did, as soon as the disk takes it."""
        for experiment_id, failure in tuple(self._broken.items()):
            if experiment_id not in self._leads:  # else somebody wanted it again meanwhile
                try:
                    self.shelf.order_pause(
                        experiment_id, why=Pause.STORAGE, note=f"It broke off. {failure}"
                    )
                except StorageError:
                    continue
                except PlaygroundError as exc:
                    log.warning("Experiment %s cannot be paused: %s", experiment_id, exc)
            del self._broken[experiment_id]

    def _ended(self, task: "asyncio.Task[None]") -> None:
        if self._leads.get(task.get_name()) is task:
            del self._leads[task.get_name()]
        if task.cancelled():
            return
        failure = task.exception()
        if failure is not None:
            log.error("Experiment %s broke off.", task.get_name(), exc_info=failure)
            self._broken[task.get_name()] = failure
            self._pause_broken()
        elif not self._engine.kit.closing.is_set():
            # Somebody may have wanted more of it just as it ended.
            with contextlib.suppress(PlaygroundError):
                if self.shelf.state(task.get_name()).read().wanted is Wanted.RUNNING:
                    self._lead(task.get_name())

    async def _lead_until_over(self, experiment_id: str) -> None:
        path = self.shelf.lease_path(experiment_id)
        books = self.shelf.books(experiment_id)
        while not self._engine.kit.closing.is_set():
            lease = Lease.try_take(path)
            if lease is not None:
                try:
                    if self.shelf.state(experiment_id).read().wanted is Wanted.RUNNING:
                        self._turns.queue(experiment_id)  # before anything is waited for
                    # What a program that died has left becomes ours; then nobody may hold any.
                    self._engine.recover()
                    if not await asyncio.to_thread(books.held_elsewhere):
                        if await self._drive(experiment_id, books):
                            self._resting.add(experiment_id)
                        return
                finally:
                    self._turns.give_back(experiment_id)
                    lease.release()
                # Whoever has adopted those runs takes the lease, and we only watch.
                self.shelf.state(experiment_id).change(
                    lambda o: o if o.wanted is Wanted.PAUSED else replace(o, note=_HELD)
                )
                await asyncio.sleep(_LET_OTHERS_S)
            orders = self.shelf.state(experiment_id).read()
            if orders.wanted in (Wanted.FINISHED, Wanted.PLANNED):
                return
            if orders.wanted is Wanted.PAUSED:
                self._resting.add(experiment_id)
                return
            await asyncio.sleep(LOOK_EVERY_S)

    async def _drive(self, experiment_id: str, books: Books) -> bool:
        """Whether it ended because it is paused."""
        self.shelf.state(experiment_id).change(
            lambda orders: replace(orders, note=None) if orders.note == _HELD else orders
        )
        drive = Drive(
            self._engine,
            self.shelf.plan(experiment_id),
            self.shelf.state(experiment_id),
            books,
            account_id=self._account_id,
            turns=self._turns,
        )
        self._drives[experiment_id] = drive
        try:
            await drive.run()
        finally:
            del self._drives[experiment_id]
        return drive.is_paused


@contextlib.asynccontextmanager
async def open_lab(settings: Settings) -> AsyncIterator[Lab]:
    """
    A lab of its own, with the key of the settings or the emulator; closed at the end of the block.
    What is then unfinished goes on at the next `run`.
    """
    async with open_playground(settings) as playground:
        account_id = playground.account.account_id
        lab = Lab(playground.engine, account_id=account_id, is_resident=False)
        await lab.start()
        try:
            yield lab
        finally:
            await lab.close()
