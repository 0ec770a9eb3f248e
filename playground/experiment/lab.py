"""The experiments of one program: adds them, runs them, passes on what people want, tells how far they are."""

import asyncio
import contextlib
import logging
import re
import threading
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from playground.client import check_public_url
from playground.errors import InvalidRequestError, PlaygroundError, StorageError
from playground.experiment.books import Books, place_of
from playground.experiment.drive import LOOK_EVERY_S, Drive
from playground.experiment.outlook import Outlook, outlook
from playground.experiment.plan import Plan, is_id
from playground.experiment.plan_file import PLAN_NAME, load_plan, save_plan
from playground.experiment.planning import Wish, plan_of
from playground.experiment.progress import Progress, progress_of
from playground.experiment.state import Lease, Orders, Pause, StateFile, Wanted
from playground.experiment.turns import Turns
from playground.journal import Journal
from playground.ratelimit import TIERS
from playground.runlog import RunLog
from playground.runner.engine import Engine
from playground.runner.playground import open_playground
from playground.schema import RunStatus
from playground.settings import Settings

log = logging.getLogger(__name__)

FOLDER = "experiments"
FAILURES = (RunStatus.FAILED, RunStatus.REFUSED, RunStatus.TIMED_OUT)
_TEND_EVERY_S = 2.0
_LET_OTHERS_S = 1.0
_FOLDER_NAME = re.compile(r"exp_[0-9a-f]{20,40}")


class Shelf:
    """The experiments of a data folder: their plans, orders and books. Safe to share between threads."""

    def __init__(self, data_dir: Path, run_log: RunLog, journal: Journal) -> None:
        self.data_dir = data_dir
        self.folder = data_dir / FOLDER
        self._log = run_log
        self._journal = journal
        self._mutex = threading.RLock()
        self._plans: dict[str, Plan] = {}
        self._states: dict[str, StateFile] = {}
        self._books: dict[str, Books] = {}

    def ids(self) -> tuple[str, ...]:
        """Every experiment with a plan, the newest first."""
        if not self.folder.is_dir():
            return ()
        names = (path.parent.name for path in self.folder.glob(f"*/{PLAN_NAME}"))
        return tuple(sorted(filter(_FOLDER_NAME.fullmatch, names), reverse=True))

    def add(self, plan: Plan) -> Path:
        """
        Keeps the plan; adding it again changes nothing.

        Raises:
            InvalidRequestError: An address in it is not public.
            InvalidPlanError: Another plan of that id is there.
            StorageError: The disk refused.
        """
        for each in plan.settings.reference_sets:
            for reference in each.references:
                if reference.url is not None:
                    check_public_url(reference.url)
        return save_plan(plan, self.folder / plan.experiment_id)

    def plan(self, experiment_id: str) -> Plan:
        """
        Raises:
            InvalidRequestError: There is no such experiment, or its plan was damaged.
        """
        with self._mutex:
            if experiment_id not in self._plans:
                path = self._place(experiment_id) / PLAN_NAME
                references = self.data_dir / "references"
                plan = load_plan(path, references_dir=references)
                self._plans[experiment_id] = plan
            return self._plans[experiment_id]

    def state(self, experiment_id: str) -> StateFile:
        with self._mutex:
            if experiment_id not in self._states:
                self._states[experiment_id] = StateFile(self._place(experiment_id))
            return self._states[experiment_id]

    def books(self, experiment_id: str) -> Books:
        with self._mutex:
            if experiment_id not in self._books:
                plan = self.plan(experiment_id)
                self._books[experiment_id] = Books(plan, self._log, self._journal)
            return self._books[experiment_id]

    def progress(self, experiment_id: str) -> Progress:
        """
        How far it is; the same in whichever program one asks. A few milliseconds.

        Raises:
            InvalidRequestError: There is no such experiment.
            StorageError: The files cannot be read.
        """
        look = self.books(experiment_id).look()
        orders = self.state(experiment_id).read()
        return progress_of(self.plan(experiment_id), look, orders, now=datetime.now(UTC))

    def lease_path(self, experiment_id: str) -> Path:
        return self._place(experiment_id) / "lease"

    def is_led(self, experiment_id: str) -> bool:
        """Whether some program, this one or another, runs it or holds it ready."""
        lease = Lease.try_take(self.lease_path(experiment_id))
        if lease is not None:
            lease.release()
        return lease is None

    def _place(self, experiment_id: str) -> Path:
        if not is_id(experiment_id, "exp"):
            raise InvalidRequestError(
                f"{experiment_id!r} is no experiment's id. `experiment list` tells them.",
                field="experiment_id",
            )
        folder = self.folder / experiment_id
        if not (folder / PLAN_NAME).is_file():
            raise InvalidRequestError(
                f"There is no experiment {experiment_id} in {self.folder}.", field="experiment_id"
            )
        return folder

    # ---- orders: written for whoever runs it ------------------------------------------------

    def order_run(
        self,
        experiment_id: str,
        *,
        budget_usd: Decimal | None = None,
        price_usd: Decimal | None = None,
        in_flight: int | None = None,
        account: Mapping[str, str] | None = None,
        owner_id: str | None = None,
    ) -> Orders:
        """
        Wants it to run: from its beginning, or from where it was paused. What has ended stays ended.

        Args:
            budget_usd: The most it may spend in all. Here and below None leaves what there was.

            price_usd: Counts for a picture whose price is not known.

            in_flight: How many comparisons at once; by default what the rate limits allow.

        Raises:
            InvalidRequestError: It was stopped, or a value cannot be one.
        """
        told = {"budget_usd": budget_usd, "price_usd": price_usd, "in_flight": in_flight}
        changes: dict[str, Any] = {name: each for name, each in told.items() if each is not None}
        _check_orders(changes)

        def run(orders: Orders) -> Orders:
            if orders.wanted is Wanted.STOPPED:
                raise InvalidRequestError(
                    f"{experiment_id} was stopped. Buy what was given up with "
                    "`retry-failed --cancelled`, or plan anew.",
                    field="experiment_id",
                )
            fresh = replace(orders, **changes)
            if orders.wanted is Wanted.RUNNING:
                return fresh
            return replace(
                fresh,
                wanted=Wanted.RUNNING,
                why=None,
                note=None,
                is_active=False,
                queued_at=datetime.now(UTC),
                account=orders.account or dict(account or {}),
                owner_id=orders.owner_id or owner_id,
            )

        return self.state(experiment_id).change(run)

    def order_pause(self, experiment_id: str, *, note: str = "Paused by somebody.") -> Orders:
        """Sends no more; what is in flight is finished."""

        def pause(orders: Orders) -> Orders:
            if orders.wanted is not Wanted.RUNNING:
                return orders
            return replace(orders, wanted=Wanted.PAUSED, why=Pause.PERSON, note=note)

        return self.state(experiment_id).change(pause)

    def order_stop(self, experiment_id: str) -> Orders:
        """Gives up what was not sent; what was sent is paid for and still kept."""

        def stop(orders: Orders) -> Orders:
            if orders.wanted in (Wanted.FINISHED, Wanted.PLANNED):
                return orders
            return replace(orders, wanted=Wanted.STOPPED, why=None, note=None, retry=())

        return self.state(experiment_id).change(stop)

    def order_budget(self, experiment_id: str, budget_usd: Decimal | None) -> Orders:
        """
        Changes the budget; if it was the budget that paused it, it goes on.

        Raises:
            InvalidRequestError: It is negative.
        """
        _check_orders({"budget_usd": budget_usd})

        def raised(orders: Orders) -> Orders:
            fresh = replace(orders, budget_usd=budget_usd)
            if orders.wanted is Wanted.PAUSED and orders.why is Pause.BUDGET:
                return replace(fresh, wanted=Wanted.RUNNING, why=None, note=None)
            return fresh

        return self.state(experiment_id).change(raised)

    def order_retry(
        self, experiment_id: str, *, statuses: Collection[RunStatus] = FAILURES
    ) -> tuple[str, ...]:
        """
        Wants every place without a picture bought again whose last run ended like that; the old
        rows stay. A run in doubt (`unconfirmed`) is first asked for again, which is free.

        Returns:
            The runs that are to be bought again; none: nothing was changed.
        """
        look = self.books(experiment_id).look()
        busy = {each.place for each in look.open_runs}
        again = tuple(
            runs[-1].run_id
            for place, runs in look.attempts().items()
            if place not in busy
            and place == place_of(runs[-1])
            and not any(run.status == RunStatus.SUCCEEDED for run in runs)
            and runs[-1].status in statuses
        )
        if again:
            self.state(experiment_id).change(
                lambda orders: replace(
                    orders,
                    wanted=Wanted.RUNNING,
                    why=None,
                    note=None,
                    retry=tuple(dict.fromkeys((*orders.retry, *again))),
                    queued_at=datetime.now(UTC),
                )
            )
        return again


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
        self._drives: dict[str, Drive] = {}
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
        if not self._is_resident:
            return
        for experiment_id in await asyncio.to_thread(self._interrupted):
            if not go_on and not self.shelf.is_led(experiment_id):
                self.shelf.order_pause(experiment_id, note="Its program ended.")
            self._lead(experiment_id)
        self._tending = asyncio.create_task(self._tend_for_ever(), name="lab")

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
        return bool(orders.account) and self._engine.owns(self._account_id, orders.account)

    async def _tend_for_ever(self) -> None:
        """Looks after experiments whose reserved runs this program took over from a dead one."""
        while True:
            await asyncio.sleep(_TEND_EVERY_S)
            intents = (facts.intent for facts in self._engine.kit.journal.open_runs())
            ours = {intent["run"].get("experiment_id") for intent in intents if intent is not None}
            for experiment_id in ours - {None, *self._leads}:
                with contextlib.suppress(PlaygroundError):
                    orders = self.shelf.state(experiment_id).read()
                    if self._owns(orders):
                        self._lead(experiment_id)

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
                f"{experiment_id} was begun with another key. Enter that key, or plan it anew.",
                field="key",
            )
        account = self._engine.owner_facts(self._account_id)
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
        origin = self._engine.account(self._account_id).origin
        money = self._engine.money(origin, None)
        cap = money.day_cap_usd
        return outlook(
            plan,
            lambda request: self._engine.estimate(request, self._account_id),
            tier=TIERS[self._engine.settings.rate_group],
            budget_usd=budget_usd,
            day_left_usd=None if cap is None else max(Decimal(0), cap - money.day_usd),
            price_usd=price_usd,
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
        work = self._lead_until_over(experiment_id)
        task = asyncio.get_running_loop().create_task(work, name=experiment_id)
        self._leads[experiment_id] = task
        task.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        if self._leads.get(task.get_name()) is task:
            del self._leads[task.get_name()]
        if task.cancelled():
            return
        if task.exception() is not None:
            log.error("Experiment %s broke off.", task.get_name(), exc_info=task.exception())
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
                    # What a program that died has left becomes ours; then nobody may hold any.
                    self._engine.recover()
                    if not await asyncio.to_thread(books.held_elsewhere):
                        await self._drive(experiment_id, books)
                        return
                finally:
                    lease.release()
                # Whoever has adopted those runs takes the lease, and we only watch.
                await asyncio.sleep(_LET_OTHERS_S)
            orders = self.shelf.state(experiment_id).read()
            if orders.wanted in (Wanted.FINISHED, Wanted.PLANNED):
                return
            await asyncio.sleep(LOOK_EVERY_S)

    async def _drive(self, experiment_id: str, books: Books) -> None:
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


def _check_orders(changes: Mapping[str, Any]) -> None:
    for name in ("budget_usd", "price_usd"):
        value = changes.get(name)
        if value is not None and not (Decimal(value).is_finite() and value >= 0):
            raise InvalidRequestError(f"{name} is {value}; it must be zero or more.", field=name)
    in_flight = changes.get("in_flight")
    if in_flight is not None and not 1 <= in_flight <= 1000:
        raise InvalidRequestError(
            f"in_flight is {in_flight}; it must be from 1 to 1000.", field="in_flight"
        )
