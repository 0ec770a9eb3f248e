"""Whether the next comparison fits an experiment's budget: by charges where they are known, else by what to expect."""

from collections.abc import Iterable
from decimal import Decimal

from playground.experiment.books import counted_usd
from playground.schema import Run


class Allowance:
    """
    The budget of one experiment. In flight counts as much as it may cost, so that no picture is
    begun that could pass the budget as far as anybody can know.

    Belongs to the engine's loop.
    """

    def __init__(self, price_usd: Decimal | None) -> None:
        self.price_usd = price_usd  # for pictures whose price is not known
        self.spent_usd = Decimal(0)
        self._counted: set[str] = set()
        self._in_flight: dict[str, Decimal] = {}
        self._in_flight_usd = Decimal(0)
        self._highest: dict[tuple[str, str], Decimal] = {}

    def expected_usd(self, model: str, resolution: str, estimate: Decimal | None) -> Decimal | None:
        """The estimate, or the most that one such picture was charged here if that is more."""
        usd = self.price_usd if estimate is None else estimate
        highest = self._highest.get((model, resolution))
        if usd is None or highest is None:
            return usd if highest is None else highest
        return max(usd, highest)

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
