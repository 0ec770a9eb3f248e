"""The comparisons of a plan that are still to be sent: which are reserved, which wait for money, which come next."""

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from decimal import Decimal

from playground import budget
from playground.errors import BudgetExceededError
from playground.experiment.allowance import Allowance
from playground.experiment.books import Look
from playground.experiment.plan import Plan, PlannedComparison
from playground.experiment.state import Orders
from playground.runner.engine import Engine
from playground.schema import Comparison

# So many pictures are written down before others get the loop.
_RESERVED_AT_ONCE = 20
_TRY_EVERY_S = 0.5


class Backlog:
    """
    In plan order. `reserved` are written down and paid for by the allowance; `unreserved` are
    not, because the budget or the cap of the day ends before them.

    Belongs to the engine's loop.
    """

    def __init__(
        self, engine: Engine, plan: Plan, allowance: Allowance, *, account_id: str
    ) -> None:
        self.reserved: deque[PlannedComparison] = deque()
        self.unreserved: deque[PlannedComparison] = deque()
        self._engine = engine
        self._plan = plan
        self._allowance = allowance
        self._account_id = account_id
        self._tried_at = -_TRY_EVERY_S

    def __len__(self) -> int:
        return len(self.reserved) + len(self.unreserved)

    def take_up(self, look: Look) -> None:
        """Which comparisons an earlier program has reserved, and which it never wrote down."""
        known = {run.run_id for run in look.rows} | {each.run_id for each in look.open_runs}
        unsent = {each.place[0] for each in look.open_runs if not each.is_sent}
        for planned in self._plan.comparisons:
            if any(run_id not in known for ids in planned.run_ids for run_id in ids):
                self.unreserved.append(planned)
            elif planned.comparison_id in unsent:
                self.reserved.append(planned)

    def comparison(self, planned: PlannedComparison, orders: Orders) -> Comparison:
        return self._plan.comparison(planned, owner_id=orders.owner_id)

    def put_back(self, comparison_id: str) -> None:
        """Something of this comparison is reserved and not sent after all."""
        if all(planned.comparison_id != comparison_id for planned in self.reserved):
            self.reserved.extendleft(
                planned
                for planned in self._plan.comparisons
                if planned.comparison_id == comparison_id
            )

    def give_up(self) -> None:
        """Lets go of everything: rows that say cancelled for what is reserved, none for the rest."""
        ids = [planned.comparison_id for planned in self.reserved]
        self.reserved.clear()
        self.unreserved.clear()
        self._engine.give_up(ids, account_id=self._account_id)

    async def reserve(self, orders: Orders, *, is_idle: bool) -> None:
        """
        Writes down all comparisons the budget pays for, in plan order, before any of them is sent.

        Args:
            is_idle: Nothing is in flight that could free money when it ends.

        Raises:
            UnknownPriceError: Nobody knows a price.
            BudgetExceededError: The cap of the day leaves nothing, and nothing is in flight.
        """
        now = time.monotonic()
        if not self.unreserved or (self.reserved and now < self._tried_at + _TRY_EVERY_S):
            return
        self._tried_at = now
        reserved_usd = self._needed_usd([self.comparison(p, orders) for p in self.reserved])
        while self.unreserved:
            chunk = self._affordable(orders, reserved_usd)
            if not chunk:
                return
            reserved_usd += self._needed_usd(chunk)
            if not self._write_down(chunk, orders, is_idle=is_idle):
                return
            await asyncio.sleep(0)

    def _needed_usd(self, comparisons: Sequence[Comparison]) -> Decimal:
        return sum(map(self._allowance.needed_usd, comparisons), Decimal(0))

    def _affordable(self, orders: Orders, reserved_usd: Decimal) -> list[Comparison]:
        """The next few comparisons that fit beside what is spent, in flight and reserved."""
        chunk: list[Comparison] = []
        for planned in self.unreserved:
            comparison = self.comparison(planned, orders)
            reserved_usd += self._allowance.needed_usd(comparison)
            if not self._allowance.fits(reserved_usd, orders.budget_usd):
                break
            chunk.append(comparison)
            if len(chunk) * len(comparison.lanes) * comparison.repeats >= _RESERVED_AT_ONCE:
                break
        return chunk

    def _write_down(self, chunk: Sequence[Comparison], orders: Orders, *, is_idle: bool) -> bool:
        """Reserves them at once, or one by one as far as the cap of the day goes."""
        try:
            self._check_day_cap(chunk, orders)
            self._engine.reserve(
                chunk,
                account_id=self._account_id,
                session_id=None,
                accept_unknown_price=orders.price_usd is not None,
            )
        except BudgetExceededError:
            if len(chunk) > 1:
                return all(self._write_down([c], orders, is_idle=is_idle) for c in chunk)
            if self.reserved or not is_idle:
                return False
            raise
        for _ in chunk:
            self.reserved.append(self.unreserved.popleft())
        return True

    def _check_day_cap(self, chunk: Sequence[Comparison], orders: Orders) -> None:
        """
        Holds what the given price stands in for against the cap of the day; the purse knows only
        known prices.

        Raises:
            BudgetExceededError: The cap would be passed.
        """
        if orders.price_usd is None:
            return
        origin = self._engine.accounts.find(self._account_id).origin
        money = self._engine.money(
            origin, None, account_id=self._account_id, owner_id=orders.owner_id
        )
        ours = self._engine.open_views(orders.owner_id)
        n_unknown = money.unknown_count + sum(view.estimate is None for view in ours)
        budget.check_cap(
            "day",
            cap_usd=money.day_cap_usd,
            used_usd=money.day_usd + n_unknown * orders.price_usd,
            needed_usd=self._needed_usd(chunk),
            origin=origin,
        )
