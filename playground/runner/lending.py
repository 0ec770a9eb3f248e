"""What visitors of a public deployment spend of its own key, day by day, by visitor and by place."""

import hashlib
import hmac
import json
import os
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path

from playground import budget, disk
from playground.errors import UnknownPriceError
from playground.runlog import RunLog
from playground.runner import ledger
from playground.runner.crowd import NOWHERE, Crowd
from playground.runner.views import RunView
from playground.sayings import said

FOLDER = "lent"
_ENDING = ".jsonl"
_TAG_DIGITS = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class _Loan:
    run_id: str
    owner_id: str | None
    place: str  # changes from day to day, so that the file says nothing about anybody's habits
    usd: Decimal  # expected; what the run came to stands in the log


@dataclass(slots=True, kw_only=True)
class _Day:
    """The file of one day, as far as it was read."""

    name: str  # the date
    tail: disk.Tail = field(default_factory=disk.Tail)
    loans: dict[str, _Loan] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lent:
    """What is spent and reserved of today's allowance."""

    visitor_usd: Decimal  # by this visitor, or by everybody of their place if that is more
    day_usd: Decimal  # by everybody


class Lending:
    """
    The loans of one data folder: a file a day, a line for each picture, written before the picture
    is. What is not in the log yet counts as expected, so nothing that dies in between is forgotten.
    It counts on every day until it ends, and last on the day it ends: whatever is still reserved
    when a day begins may be spent on that day.

    `check` and `note` are one act only under the lock of the purse, which holds over all programs.
    Safe to share between threads.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        log: RunLog,
        crowd: Crowd,
        secret: bytes,
        open_ids: Callable[[], Collection[str]],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """
        Args:
            open_ids: The runs that were written down, by any program, and have no row yet. What
                was lent on an earlier day for a run that is not among them was never begun.
        """
        self._folder = data_dir / FOLDER
        self._log = log
        self._crowd = crowd
        self._secret = secret
        self._now = now
        self._open_ids = open_ids
        self._today = ""
        self._days: dict[str, _Day] = {}
        self._settled: dict[str, Decimal | None] = {}  # None: it ended before today
        self._mutex = threading.RLock()

    def lent(self, owner_id: str | None) -> Lent:
        """
        Raises:
            StorageError: The file cannot be read.
        """
        day_usd = by_owner = by_place = Decimal(0)
        # Those of whom nobody knows where they come from have nothing in common.
        is_placed = self._crowd.place(owner_id) != NOWHERE
        with self._mutex:
            self._catch_up()
            places = {day: self._place(owner_id, day) for day in self._days if is_placed}
            for day, loan, usd in self._counting():
                day_usd += usd
                by_owner += usd if loan.owner_id == owner_id else 0
                by_place += usd if loan.place == places.get(day) else 0
        return Lent(visitor_usd=max(by_owner, by_place), day_usd=day_usd)

    def check(
        self,
        views: Sequence[RunView],
        *,
        visitor_cap_usd: Decimal | None,
        day_cap_usd: Decimal | None,
    ) -> None:
        """
        Raises:
            UnknownPriceError: A price is unknown, so that nothing can be held against a cap.
            BudgetExceededError: The visitor's cap or the day's would be passed.
            StorageError: The file cannot be read.
        """
        needed_usd = Decimal(0)
        for view in views:
            if view.estimate is None:
                raise UnknownPriceError(
                    said(
                        "No price is known for {model}, so this app's own key does not pay for "
                        "it. Nothing was sent. Use a key of your own.",
                        model=view.request.model,
                    )
                )
            needed_usd += view.estimate.usd
        lent = self.lent(views[0].owner_id)
        caps = (
            ("visitor", visitor_cap_usd, lent.visitor_usd),
            ("day", day_cap_usd, lent.day_usd),
        )
        for name, cap_usd, used_usd in caps:
            budget.check_cap(
                name,
                cap_usd=cap_usd,
                used_usd=used_usd,
                needed_usd=needed_usd,
                origin=views[0].origin,
                remedy=said("Use a key of your own, or come back tomorrow (UTC)."),
            )

    def note(self, views: Sequence[RunView]) -> None:
        """
        Writes the loans down; to be called before anything of these runs is.

        Raises:
            StorageError: The disk refused.
        """
        with self._mutex, disk.storage_errors(self._folder):
            self._catch_up()
            loans = [
                _Loan(
                    run_id=view.run_id,
                    owner_id=view.owner_id,
                    place=self._place(view.owner_id, self._today),
                    usd=Decimal(0) if view.estimate is None else view.estimate.usd,
                )
                for view in views
            ]
            data = b"".join(map(_line, loans))
            disk.make_private_folder(self._folder)
            self._clear_away()
            flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
            fd = os.open(self._path(self._today), flags, disk.FILE_MODE)
            try:
                size_bytes = os.fstat(fd).st_size
                if size_bytes and os.pread(fd, 1, size_bytes - 1) != b"\n":
                    data = b"\n" + data  # a crash tore the last line; it must not swallow ours
                disk.append_whole(fd, data, size_bytes=size_bytes, durable=True)
            finally:
                os.close(fd)
            self._catch_up()

    # ---- the files --------------------------------------------------------------------------

    def _path(self, day: str) -> Path:
        return self._folder / f"{day}{_ENDING}"

    def _catch_up(self) -> None:
        today = f"{self._now():%Y-%m-%d}"
        if today != self._today:
            self._today = today
            self._settled.clear()
        with disk.storage_errors(self._folder):
            names = sorted(path.stem for path in self._folder.glob(f"*{_ENDING}"))
            days = {name: self._days.get(name) or _Day(name=name) for name in names}
            self._days = {name: day for name, day in days.items() if self._is_read(day)}

    def _is_read(self, day: _Day) -> bool:
        """Brings a day up to date; False when its file is gone."""
        try:
            fd = os.open(self._path(day.name), os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        try:
            if not day.tail.resume(fd):
                day.loans.clear()
            for _, block in day.tail.blocks(fd):
                for line in block.splitlines():
                    loan = _parsed(line)
                    if loan is not None:
                        day.loans[loan.run_id] = loan
        finally:
            os.close(fd)
        return True

    def _clear_away(self) -> None:
        needed = {day for day, _, _ in self._counting()} | {self._today}
        for name in self._days.keys() - needed:
            self._path(name).unlink(missing_ok=True)

    def _counting(self) -> Iterator[tuple[str, _Loan, Decimal]]:
        """What counts today: the day it was lent, the loan, and the amount."""
        # What was written down a second time counts once, by its last line.
        last = {run_id: day for day in self._days.values() for run_id in day.loans}
        is_asked = any(
            run_id not in self._settled and day.name != self._today for run_id, day in last.items()
        )
        # Before the log is: what ends in between is found there.
        open_ids = self._open_ids() if is_asked else ()
        for run_id, day in last.items():
            loan, is_new = day.loans[run_id], day.name == self._today
            usd = self._ended_usd(loan, is_new=is_new)
            if run_id not in self._settled and (is_new or run_id in open_ids):
                usd = loan.usd
            if usd is not None:
                yield day.name, loan, usd

    def _ended_usd(self, loan: _Loan, *, is_new: bool) -> Decimal | None:
        """What a run came to that was lent for or ended today; None for any other."""
        if loan.run_id not in self._settled:
            run = self._log.get(loan.run_id)
            if run is None:
                return None
            cost = ledger.counted_usd(run)
            usd = loan.usd if cost is None else cost
            is_counted = is_new or f"{run.finished_at.astimezone(UTC):%Y-%m-%d}" >= self._today
            self._settled[loan.run_id] = usd if is_counted else None
        return self._settled[loan.run_id]

    def _place(self, owner_id: str | None, day: str) -> str:
        told = f"{day} {self._crowd.place(owner_id)}"
        return hmac.new(self._secret, told.encode(), hashlib.sha256).hexdigest()[:_TAG_DIGITS]


def _line(loan: _Loan) -> bytes:
    told = {
        "run": loan.run_id,
        "owner": loan.owner_id,
        "place": loan.place,
        "usd": str(loan.usd),
    }
    return (json.dumps(told) + "\n").encode("ascii")


def _parsed(line: bytes) -> _Loan | None:
    """None for a line that a crash tore; the run it tells of was not begun."""
    try:
        told = json.loads(line)
        return _Loan(
            run_id=told["run"],
            owner_id=told["owner"],
            place=told["place"],
            usd=Decimal(told["usd"]),
        )
    except (ValueError, TypeError, KeyError, InvalidOperation):
        return None
