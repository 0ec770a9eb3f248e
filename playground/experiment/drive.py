"""One experiment under way: reserves, begins, pauses, buys again, and ends; nothing is begun twice."""

import asyncio
import contextlib
import logging
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

from playground.errors import (
    BudgetExceededError,
    InvalidRequestError,
    NetworkError,
    ServiceError,
    StorageError,
    UnknownPriceError,
)
from playground.experiment.allowance import Allowance
from playground.experiment.backlog import Backlog
from playground.experiment.books import Books, has_picture
from playground.experiment.pacing import (
    TYPICAL_TASK_S,
    comparisons_in_flight,
    unsent_pictures,
)
from playground.experiment.plan import Plan
from playground.experiment.state import BalanceThen, Orders, Pause, StateFile, Wanted
from playground.experiment.turns import Turns
from playground.history.marks import MarkLog
from playground.ratelimit import TIERS
from playground.runner.engine import Engine
from playground.runner.views import Phase, RunView
from playground.schema import Comparison, Origin, RunStatus

log = logging.getLogger(__name__)

LOOK_EVERY_S = 0.5
# After as many refusals in a row that are the account's, the others would be refused too.
_ACCOUNT_REFUSALS = 5
_UNSENT = (Phase.PREPARING, Phase.WAITING)
_OF_ACCOUNT = frozenset({"authentication", "balance", "forbidden"})


class Drive:
    """
    Runs one plan for as long as there is something to do. Needs the experiment's lease, and that
    no other program holds runs of it. Belongs to the engine's loop.
    """

    def __init__(
        self,
        engine: Engine,
        plan: Plan,
        state: StateFile,
        books: Books,
        *,
        account_id: str,
        turns: Turns,
    ) -> None:
        self._engine = engine
        self._plan = plan
        self._state = state
        self._books = books
        self._account_id = account_id
        self._turns = turns
        self._orders = Orders()
        self._allowance = Allowance(lambda request: engine.accounts.estimate(request, account_id))
        self._call = asyncio.Event()
        self._backlog = Backlog(engine, plan, self._allowance, account_id=account_id)
        self._under_way: dict[str, RunView] = {}  # begun and without a row
        self._account_refusals = 0
        self._is_prepared = False
        n_pictures = len(plan.settings.models) * plan.settings.repeats
        origin = engine.accounts.find(account_id).origin
        self._most_unsent = unsent_pictures(n_pictures)
        self._in_flight = comparisons_in_flight(
            TIERS[engine.settings.rate_group], n_pictures=n_pictures, task_s=self._task_s(origin)
        )

    def _task_s(self, origin: Origin) -> float:
        is_emulated = origin is Origin.EMULATED
        return TYPICAL_TASK_S / (self._engine.settings.emulator_speed if is_emulated else 1.0)

    def wake(self) -> None:
        """The orders have changed; to be called on the engine's loop."""
        self._call.set()

    @property
    def is_only_waiting(self) -> bool:
        """Everything was sent, and what is missing takes longer than anybody waits for."""
        return bool(self._under_way) and not (self._backlog or self._awaited())

    @property
    def is_resting(self) -> bool:
        """Nothing is in flight and its turn is given back: all that was to be noted is noted."""
        has_turn = self._turns.has(self._plan.experiment_id)
        return not (self._awaited() or has_turn or self._orders.is_active)

    @property
    def is_paused(self) -> bool:
        """As the orders were when they were last read."""
        return self._orders.wanted is Wanted.PAUSED

    def _is_late(self, view: RunView) -> bool:
        """Nobody waits for it any more; one taken up from another program gets its time again."""
        age_s = (datetime.now(UTC) - view.started_at).total_seconds()
        return view.is_detached and age_s > self._engine.kit.patience.deadline_s

    async def run(self) -> None:
        """
        Returns when the experiment is finished, stopped or paused and nothing of it is under way,
        or the program is closing.

        Raises:
            StorageError: The disk refused to keep the state.
        """
        ears = self._engine.listen(self._heard)
        try:
            await self._begin()
            while not self._engine.kit.closing.is_set():
                self._orders = self._state.read()
                self._allowance.price_usd = self._orders.price_usd
                if await self._step():
                    return
                self._call.clear()
                with contextlib.suppress(TimeoutError):
                    # Not `wait_for`: in Python 3.11 it loses a cancellation that comes with a call.
                    async with asyncio.timeout(LOOK_EVERY_S):
                        await self._call.wait()
        finally:
            ears()
            self._turns.give_back(self._plan.experiment_id)

    # ---- taking up ------------------------------------------------------------------------

    async def _begin(self) -> None:
        look = await asyncio.to_thread(self._books.look)
        self._orders = self._state.read()
        self._allowance.price_usd = self._orders.price_usd
        self._allowance.settle(look.rows)
        self._backlog.take_up(look)
        for each in look.open_runs:
            view = self._engine.view(each.run_id)
            if each.is_sent and view is not None and view.run is None:
                self._under_way[each.run_id] = view
                self._allowance.begin(each.run_id, each.estimate_usd)

    def _heard(self, view: RunView) -> None:
        if view.experiment_id != self._plan.experiment_id:
            return
        if view.run is None and self._engine.is_planned(view.run_id):
            # Begun, and then the disk refused before it was sent: it is to be begun again.
            self._under_way.pop(view.run_id, None)
            self._backlog.put_back(view.comparison_id)
            self._call.set()
            return
        if view.run is None:
            before = self._under_way.get(view.run_id)
            self._under_way[view.run_id] = view
            if before is not None and before.phase in _UNSENT and view.phase not in _UNSENT:
                self._call.set()  # there is room for another one
            return
        self._under_way.pop(view.run_id, None)
        self._allowance.settle([view.run])
        is_of_account = view.run.status == RunStatus.REFUSED and view.run.error_kind in _OF_ACCOUNT
        self._account_refusals = self._account_refusals + 1 if is_of_account else 0
        if self._account_refusals >= _ACCOUNT_REFUSALS:
            self._account_refusals = 0
            self._pause(Pause.ACCOUNT, f"The account refuses. {view.run.error_message}")
        self._call.set()

    # ---- one step -------------------------------------------------------------------------

    async def _step(self) -> bool:
        """Does what can be done now; True when there is nothing more to do until somebody asks."""
        wanted = self._orders.wanted
        if wanted is Wanted.STOPPED:
            return await self._stop()
        if wanted is not Wanted.RUNNING:
            if wanted is Wanted.FINISHED:
                self._backlog.give_up()  # bought again elsewhere, and its program died before it was sent
            if not self._awaited():
                await self._rest()
            return self._orders.wanted is wanted and not self._under_way
        if not self._has_work():
            if not self._under_way:
                return await self._end(Wanted.FINISHED)
            self._turns.give_back(self._plan.experiment_id)  # what is late holds up nobody
        elif self._turns.take(self._plan.experiment_id):
            if not self._orders.is_active:
                self._orders = self._state.set(is_active=True)
            await self._go_on()
        return False

    def _awaited(self) -> list[RunView]:
        """What is under way and not late."""
        return [view for view in self._under_way.values() if not self._is_late(view)]

    def _has_work(self) -> bool:
        return bool(self._backlog or self._awaited() or self._retries())

    async def _stop(self) -> bool:
        self._backlog.give_up()
        for view in self._under_way.values():
            if not view.is_detached:
                self._engine.stop(view.comparison_id)
        if any(not view.is_detached for view in self._under_way.values()):
            return False
        still_open = [each for each in self._books.look().open_runs if not each.is_sent]
        if still_open:
            return False
        return await self._end(Wanted.STOPPED)

    async def _rest(self) -> None:
        """Nothing is sent, and nothing in flight is waited for: others may have the turn."""
        had_turn = self._orders.is_active or self._turns.has(self._plan.experiment_id)
        self._turns.give_back(self._plan.experiment_id)
        if had_turn:
            after = await self._balance()
            self._orders = self._state.change(
                lambda o: replace(o, is_active=False, balance_after=after or o.balance_after)
            )

    async def _end(self, wanted: Wanted) -> bool:
        """Whether it is; not if somebody wanted something else meanwhile."""
        after = await self._balance()

        def ended(orders: Orders) -> Orders:
            is_as_known = (
                orders.wanted is self._orders.wanted and orders.retry == self._orders.retry
            )
            if not is_as_known:
                return orders
            return replace(
                orders,
                wanted=wanted,
                why=None,
                note=None,
                is_active=False,
                retry=(),
                balance_after=after or orders.balance_after,
            )

        self._orders = self._state.change(ended)
        return self._orders.wanted is wanted

    async def _go_on(self) -> None:
        try:
            await self._prepare()
            await self._backlog.reserve(self._orders, is_idle=not self._under_way)
            await self._retry()
            await self._begin_more()
        except UnknownPriceError:
            models = ", ".join(dict.fromkeys(self._plan.settings.models))
            self._pause(
                Pause.PRICE,
                f"No price is known for {models} at these settings, so nothing can be held "
                "against a budget. Give the price of one picture to count with.",
            )
        except BudgetExceededError as exc:
            self._pause(Pause.DAY_CAP, str(exc))
        except StorageError as exc:
            log.error("Experiment %s pauses: %s", self._plan.experiment_id, exc)
            self._pause(Pause.STORAGE, str(exc))
        except InvalidRequestError as exc:
            if not self._engine.kit.closing.is_set():  # else the next start goes on
                self._pause(Pause.ACCOUNT, str(exc))

    def _pause(self, why: Pause, note: str) -> None:
        def paused(orders: Orders) -> Orders:
            if orders.wanted is not Wanted.RUNNING:
                return orders
            return replace(orders, wanted=Wanted.PAUSED, why=why, note=note)

        self._orders = self._state.change(paused)
        self._call.set()

    async def _prepare(self) -> None:
        """Once for an experiment: what the account held, and the plan's tags."""
        if self._is_prepared:
            return
        self._is_prepared = True  # a service that tells no balance is not asked again and again
        if self._orders.balance_before is None:
            before = await self._balance()
            if before is not None:
                self._orders = self._state.set(balance_before=before)
        if not self._orders.is_tagged:
            path = self._engine.settings.data_dir / "marks.csv"
            await asyncio.to_thread(put_tags, self._plan, MarkLog(path))
            self._orders = self._state.set(is_tagged=True)

    async def _balance(self) -> BalanceThen | None:
        try:
            view = await self._engine.refresh_account(self._account_id)
        except (ServiceError, NetworkError, InvalidRequestError):
            return None
        if view.balance is None or view.problem is not None or view.balance.is_unlimited:
            return None
        return BalanceThen(
            at=datetime.now(UTC),
            credits=view.balance.credits,
            used_credits=view.balance.used_credits,
        )

    # ---- sending --------------------------------------------------------------------------

    def _has_room(self) -> bool:
        views = self._awaited()
        n_unsent = sum(view.phase in _UNSENT for view in views)
        n_comparisons = len({view.comparison_id for view in views})
        most = self._orders.in_flight or self._in_flight
        return n_comparisons < most and n_unsent < self._most_unsent

    async def _begin_more(self) -> None:
        while self._backlog.reserved and self._has_room():
            self._orders = self._state.read()
            if self._orders.wanted is not Wanted.RUNNING:
                return
            comparison = self._backlog.comparison(self._backlog.reserved[0], self._orders)
            expected = self._expected(comparison)
            needed_usd = sum(expected.values(), Decimal(0))
            if not self._allowance.fits(needed_usd, self._orders.budget_usd):
                if not self._under_way:
                    self._pause_for_budget(needed_usd)
                return
            views = await self._engine.begin(
                comparison, account_id=self._account_id, session_id=None
            )
            self._backlog.reserved.popleft()
            for run_id, usd in expected.items():
                self._allowance.begin(run_id, usd)
            for view in views:
                if view.run is None:
                    self._under_way.setdefault(view.run_id, view)
        left = self._backlog
        if left.unreserved and not left.reserved and not self._under_way:
            planned = left.unreserved[0]
            comparison = left.comparison(planned, self._orders)
            self._pause_for_budget(self._allowance.needed_usd(comparison))

    def _expected(self, comparison: Comparison) -> dict[str, Decimal]:
        """What each picture of it that is written down and not sent should cost at most."""
        views = self._engine.views(comparison.comparison_id)
        return {
            view.run_id: self._allowance.usd_of(view.request)
            for view in views
            if view.run is None and view.run_id not in self._under_way
        }

    def _pause_for_budget(self, needed_usd: Decimal) -> None:
        self._pause(
            Pause.BUDGET,
            f"${self._allowance.spent_usd} of the budget of ${self._orders.budget_usd} is spent, "
            f"and the next comparison needs ${needed_usd}. {len(self._backlog)} of "
            f"{len(self._plan.comparisons)} comparisons are left; raise the budget to go on.",
        )

    # ---- buying again ---------------------------------------------------------------------

    def _retries(self) -> list[str]:
        """What was asked to be bought again and was not yet."""
        if not self._orders.retry:
            return []
        rows = {run.run_id: run for run in self._books.rows()}
        again = {run.retry_of for run in rows.values()}
        again |= {view.retry_of for view in self._under_way.values()}
        return [
            run_id
            for run_id in self._orders.retry
            if run_id not in again and run_id in rows and not has_picture(rows[run_id])
        ]

    async def _retry(self) -> None:
        for run_id in self._retries():
            old = self._engine.view(run_id)
            if old is None or old.run is None:
                continue
            if not self._has_room():
                return
            if old.run.status == RunStatus.UNCONFIRMED and await self._was_found(run_id):
                continue
            usd = self._allowance.usd_of(old.request)
            if not self._allowance.fits(usd, self._orders.budget_usd):
                if not self._under_way:
                    self._pause_for_budget(usd)
                return
            view = await self._engine.retry(
                run_id,
                account_id=self._account_id,
                session_id=None,
                accept_unknown_price=self._orders.price_usd is not None,
            )
            self._allowance.begin(view.run_id, usd)
            if view.run is None:
                self._under_way.setdefault(view.run_id, view)

    async def _was_found(self, run_id: str) -> bool:
        """Asks first, for free, whether a lost one arrived after all."""
        try:
            view = await self._engine.look_again(run_id, account_id=self._account_id)
        except (ServiceError, NetworkError) as exc:
            log.warning("Run %s is not bought again: the service does not say: %s", run_id, exc)
            return True
        return view.run_id != run_id


def put_tags(plan: Plan, marks: MarkLog) -> None:
    """The tags of the plan's prompts on their comparisons, where History and Results find them."""
    at = datetime.now(UTC)
    for planned in plan.comparisons:
        for tag in plan.prompts[planned.prompt].tags:
            marks.tag(planned.comparison_id, tag, is_on=True, at=at)
