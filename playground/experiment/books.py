"""What the log and the journals know of a plan's runs, read a little at a time; the same for every watcher."""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from playground.experiment.plan import Plan
from playground.journal import Fact, Journal, RunFacts, Stage
from playground.runlog import RunLog
from playground.runner import ledger
from playground.schema import Run, RunStatus

# Where a picture belongs: its comparison, lane and repeat.
Place = tuple[str, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenRun:
    """A run that is written down and has no row yet."""

    run_id: str
    place: Place
    model: str
    is_sent: bool  # the paid request may have left
    estimate_usd: Decimal | None
    retry_of: str | None
    is_elsewhere: bool  # in another program's journal


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One look into the books: the rows of the experiment in the order they ended, and what is open."""

    rows: tuple[Run, ...]
    open_runs: tuple[OpenRun, ...]

    def attempts(self) -> dict[Place, list[Run]]:
        """The rows of each place, the oldest first."""
        found: dict[Place, list[Run]] = {}
        for run in self.rows:
            found.setdefault(place_of(run), []).append(run)
        return found


class Books:
    """The runs of one plan in one data folder. Safe to share between threads."""

    def __init__(self, plan: Plan, log: RunLog, journal: Journal) -> None:
        self._plan = plan
        self._log = log
        self._journal = journal
        self._mutex = threading.Lock()
        self._rows: dict[str, Run] = {}
        self._n_seen: int | None = None  # rows of the whole log

    def look(self) -> Look:
        """
        Raises:
            StorageError: The log or a journal cannot be read.
        """
        with self._mutex:
            # First what is open: a run that ends in between is seen twice, never not at all.
            found = [*self._open(self._journal.open_runs(), is_elsewhere=False)]
            found += self._open(self._journal.others_open(), is_elsewhere=True)
            self._read_rows()
            rows = tuple(self._rows.values())
            open_runs = {each.run_id: each for each in found if each.run_id not in self._rows}
        return Look(rows=rows, open_runs=tuple(open_runs.values()))

    def rows(self) -> tuple[Run, ...]:
        """The rows alone, which is quicker."""
        with self._mutex:
            self._read_rows()
            return tuple(self._rows.values())

    def held_elsewhere(self) -> bool:
        """Whether another program still has runs of this plan in its journal."""
        with self._mutex:
            return any(self._open(self._journal.others_open(), is_elsewhere=True))

    def _open(self, known: Sequence[RunFacts], *, is_elsewhere: bool) -> Iterator[OpenRun]:
        for facts in known:
            intent = facts.last(Fact.INTENT)
            if intent is None or intent["run"].get("experiment_id") != self._plan.experiment_id:
                continue
            run = intent["run"]
            estimate = ledger.estimate_of(intent)
            yield OpenRun(
                run_id=facts.run_id,
                place=(run["comparison_id"], run["lane"], run["repeat"]),
                model=run["model"],
                is_sent=facts.stage is not Stage.MAY_SUBMIT,
                estimate_usd=None if estimate is None else estimate.usd,
                retry_of=run.get("retry_of"),
                is_elsewhere=is_elsewhere,
            )

    def _read_rows(self) -> None:
        n_now = len(self._log)
        if self._n_seen is None or n_now < self._n_seen:
            self._rows.clear()
            for planned in self._plan.comparisons:
                self._take(self._log.runs_of(planned.comparison_id))
        else:
            while True:
                newest = self._log.recent(n_now - self._n_seen)
                n_then, n_now = n_now, len(self._log)
                if n_now == n_then:
                    break  # else rows came in between, and the newest are others
            self._take(reversed(newest))
        self._n_seen = n_now

    def _take(self, runs: "Sequence[Run] | Iterator[Run]") -> None:
        for run in runs:
            if run.experiment_id == self._plan.experiment_id:
                self._rows[run.run_id] = run


def place_of(run: Run) -> Place:
    return (run.comparison_id, run.lane, run.repeat)


def counted_usd(run: Run, price_usd: Decimal | None) -> Decimal | None:
    """What a row counts against the budget; the given price stands in for an unknown one."""
    usd = ledger.counted_usd(run)
    return price_usd if usd is None else usd


def has_picture(run: Run) -> bool:
    return run.status == RunStatus.SUCCEEDED
