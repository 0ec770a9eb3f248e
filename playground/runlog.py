"""The log of all runs, `runs.csv`: which run stands where, and what has been spent since when."""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from operator import itemgetter
from pathlib import Path

import pandas as pd

from playground.csvlog import CsvLog, load, read_value
from playground.csvlog.cells import read_text
from playground.schema import BillingStatus, Origin, Run, RunStatus

_COSTS_NOTHING = (RunStatus.REFUSED, RunStatus.CANCELLED)
# A row whose time cannot be read counts in every period: unknown is never free.
_NO_TIME = datetime.max.replace(tzinfo=UTC)
# As many new amounts are put in their places one by one; more are sorted with all the others.
_FEW = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """Money that is gone or must be taken for gone; `unknown_count` runs more, of no known price."""

    usd: Decimal
    unknown_count: int


class RunLog:
    """
    The runs of one data folder, one row each; see CsvLog for what a crash cannot do to it.

    Raises:
        StorageError: The file cannot be kept here, or is not one of ours.
    """

    def __init__(self, path: Path) -> None:
        self._index = _RunIndex()
        self._log = CsvLog(path, Run, key="run_id", index=self._index)

    @property
    def path(self) -> Path:
        return self._log.path

    def append(self, run: Run) -> bool:
        """
        Adds the run and waits until the disk has it; False when its id already stands there.

        Raises:
            StorageError: The disk refused; nothing was added.
        """
        return self._log.append(run)

    def __contains__(self, run_id: object) -> bool:
        return run_id in self._log

    def __len__(self) -> int:
        return len(self._log)

    def get(self, run_id: str) -> Run | None:
        """The run of that id; None when it has not ended, or never was."""
        return self._log.get(run_id)

    def runs_of(self, comparison_id: str) -> tuple[Run, ...]:
        """The ended runs of a comparison, in the order they ended; empty for an unknown one."""
        with self._log.in_step() as fetch:
            return fetch(self._index.rows_of(comparison_id))

    def recent(self, n: int) -> tuple[Run, ...]:
        """The last `n` runs to end, newest first."""
        return self._log.recent(n)

    def spent_usd(self, *, origin: Origin, since: datetime) -> Spent:
        """
        What runs of that origin sent since then came to, for a cap.

        The charge if the service told it, else the estimate; nothing when it was refunded. A run
        that was refused or cancelled cost nothing. Takes the same time at any length of the log.
        """
        with self._log.in_step():
            return self._index.spent(origin, since)


def load_runs(path: str | Path, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """
    `runs.csv` with exact text and dtypes, one row per run, in the order they ended.

    Columns as declared in `Run`, or those asked for: text as string, counts as Int64, seconds
    as Float64, times as datetime64[us, UTC], money as objects of Decimal. Missing is NA, NaT or,
    for money, None. A missing file gives an empty frame with the same columns.

    Raises:
        ValueError: A column is asked for that `Run` does not have.
        StorageError: The file cannot be read.
    """
    return load(Path(path), Run, columns)


class _RunIndex:
    """Where the runs of a comparison stand, and the money in order of time."""

    columns: tuple[str, ...] = (
        "comparison_id",
        "origin",
        "status",
        "started_at",
        "sent_at",
        "estimate_usd",
        "charged_usd",
        "billing_status",
    )

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        # The last row of each comparison, and for each row the one before it (-1: none): half
        # the time and a third of the memory of a list per comparison.
        self._last: dict[str, int] = {}
        self._before = array("q")
        self._books: dict[str, _Book] = {}

    def add(self, row: int, cells: Sequence[str]) -> None:
        comparison_id, origin, status, started_at, sent_at, estimate, charged, billing = cells
        comparison_id = read_text(comparison_id)
        self._before.append(self._last.get(comparison_id, -1))
        self._last[comparison_id] = row
        if status in _COSTS_NOTHING:
            return
        at = read_value(sent_at or started_at, "sent_at", "datetime")
        if billing == BillingStatus.REFUNDED:
            usd = Decimal(0)
        else:
            usd = read_value(charged or estimate, "charged_usd", "decimal")
        if origin not in self._books:
            self._books[origin] = _Book()
        self._books[origin].add(at or _NO_TIME, usd)

    def rows_of(self, comparison_id: str) -> list[int]:
        rows = []
        row = self._last.get(comparison_id, -1)
        while row >= 0:
            rows.append(row)
            row = self._before[row]
        return rows[::-1]

    def spent(self, origin: Origin, since: datetime) -> Spent:
        book = self._books.get(origin)
        return Spent(usd=Decimal(0), unknown_count=0) if book is None else book.since(since)


class _Book:
    """Amounts in order of time with their running sums; None is an amount nobody knows."""

    def __init__(self) -> None:
        self._times: list[datetime] = []
        self._amounts: list[Decimal | None] = []
        self._sums: list[tuple[Decimal, int]] = [(Decimal(0), 0)]
        self._new: list[tuple[datetime, Decimal | None]] = []

    def add(self, at: datetime, usd: Decimal | None) -> None:
        self._new.append((at, usd))

    def since(self, moment: datetime) -> Spent:
        self._sort_in()
        for amount in self._amounts[len(self._sums) - 1 :]:
            usd, unknown = self._sums[-1]
            known = Decimal(0) if amount is None else amount
            self._sums.append((usd + known, unknown + (amount is None)))
        total_usd, total_unknown = self._sums[-1]
        before_usd, before_unknown = self._sums[bisect_left(self._times, moment)]
        return Spent(usd=total_usd - before_usd, unknown_count=total_unknown - before_unknown)

    def _sort_in(self) -> None:
        if len(self._new) > _FEW:
            entries = [*zip(self._times, self._amounts, strict=True), *self._new]
            entries.sort(key=itemgetter(0))
            self._times = [at for at, _ in entries]
            self._amounts = [usd for _, usd in entries]
            del self._sums[1:]
        else:
            for at, usd in self._new:
                place = bisect_right(self._times, at)
                self._times.insert(place, at)
                self._amounts.insert(place, usd)
                del self._sums[place + 1 :]
        self._new.clear()
