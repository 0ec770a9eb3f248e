"""Whether the next comparison fits an experiment's budget: by charges where they are known, else by what to expect."""

from collections.abc import Callable, Iterable
from decimal import Decimal

from playground.errors import UnknownPriceError
from playground.experiment.books import counted_usd
from playground.schema import Comparison, Estimate, Request, Run


class Allowance:
    """
    The budget of one experiment. In flight counts as much as it may cost, so that no picture is
    begun that could pass the budget as far as anybody can know.

    Belongs to the engine's loop.

    Args:
        price_of: What one picture should cost; None if nobody knows.
    """

    def __init__(self, price_of: Callable[[Request], Estimate | None]) -> None:
        self.price_usd: Decimal | None = None  # given for pictures whose price is not known
        self.spent_usd = Decimal(0)
        self._price_of = price_of
        self._counted: set[str] = set()
        self._in_flight: dict[str, Decimal] = {}
        self._in_flight_usd = Decimal(0)
        self._highest: dict[tuple[str, str], Decimal] = {}

    def usd_of(self, request: Request) -> Decimal:
        """
        The estimate, or the most that one such picture was charged here if that is more.

        Raises:
            UnknownPriceError: Nobody knows, and no price was given.
        """
        estimate = self._price_of(request)
        usd = self.price_usd if estimate is None else estimate.usd
        if usd is None:
            raise UnknownPriceError(f"No price is known for {request.model}.")
        return max(usd, self._highest.get((request.model, request.resolution), Decimal(0)))

    def needed_usd(self, comparison: Comparison) -> Decimal:
        """
        What all its pictures should cost at most.

        Raises:
            UnknownPriceError: Nobody knows.
        """
        lanes = range(1, len(comparison.lanes) + 1)
        each_usd = sum((self.usd_of(comparison.request(lane)) for lane in lanes), Decimal(0))
        return each_usd * comparison.repeats

    def begin(self, run_id: str, usd: Decimal | None) -> None:
        """The run is about to be sent; it counts until its row is known."""
        if run_id not in self._counted and run_id not in self._in_flight:
            self._in_flight[run_id] = usd or Decimal(0)
            self._in_flight_usd += self._in_flight[run_id]

    def settle(self, rows: Iterable[Run]) -> None:
        """Counts rows, each once."""
        for run in rows:
            if run.run_id in self._counted:
                continue
            self._counted.add(run.run_id)
            self._in_flight_usd -= self._in_flight.pop(run.run_id, Decimal(0))
            self.spent_usd += counted_usd(run, self.price_usd) or Decimal(0)
            if run.charged_usd is not None:
                kind = (run.model, run.resolution)
                self._highest[kind] = max(run.charged_usd, self._highest.get(kind, Decimal(0)))

    def fits(self, needed_usd: Decimal, budget_usd: Decimal | None) -> bool:
        """Whether that much more may be begun."""
        return budget_usd is None or (
            self.spent_usd + self._in_flight_usd + needed_usd <= budget_usd
        )
