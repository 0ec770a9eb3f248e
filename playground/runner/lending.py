"""What visitors of a public deployment spend of its own key, day by day, by visitor and by place."""

import hashlib
import hmac
import json
import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path

from playground import budget, disk
from playground.errors import UnknownPriceError
from playground.runlog import RunLog
from playground.runner import ledger
from playground.runner.crowd import Crowd
from playground.runner.views import RunView
from playground.sayings import said

FOLDER = "lent"
KEPT_DAYS = 2  # nobody is asked about an earlier day
_TAG_DIGITS = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class _Loan:
    run_id: str
    owner_id: str | None
    place: str  # changes from day to day, so that the file says nothing about anybody's habits
    usd: Decimal  # expected; what the run came to stands in the log


@dataclass(frozen=True, slots=True, kw_only=True)
class Lent:
    """What is spent and reserved of today's allowance."""

    visitor_usd: Decimal  # by this visitor, or by everybody of their place if that is more
    day_usd: Decimal  # by everybody


class Lending:
    """
    The loans of one data folder: a file a day, a line for each picture, written before the picture
    is. What is not in the log yet counts as expected, so nothing that dies in between is forgotten.

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
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._folder = data_dir / FOLDER
        self._log = log
        self._crowd = crowd
        self._secret = secret
        self._now = now
        self._path = self._folder / "none"
        self._tail = disk.Tail()
        self._loans: dict[str, _Loan] = {}
        self._settled: dict[str, Decimal] = {}
        self._mutex = threading.RLock()

    def lent(self, owner_id: str | None) -> Lent:
        """
        Raises:
            StorageError: The file cannot be read.
        """
        place = self._place(owner_id)
        day = by_owner = by_place = Decimal(0)
        with self._mutex:
            self._catch_up()
            for loan in self._loans.values():
                usd = self._usd(loan)
                day += usd
                by_owner += usd if loan.owner_id == owner_id else 0
                by_place += usd if loan.place == place else 0
        return Lent(visitor_usd=max(by_owner, by_place), day_usd=day)

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
        loans = [
            _Loan(
                run_id=view.run_id,
                owner_id=view.owner_id,
                place=self._place(view.owner_id),
                usd=Decimal(0) if view.estimate is None else view.estimate.usd,
            )
            for view in views
        ]
        data = b"".join(map(_line, loans))
        with self._mutex, disk.storage_errors(self._folder):
            self._catch_up()
            disk.make_private_folder(self._folder)
            self._clear_away()
            flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
            fd = os.open(self._path, flags, disk.FILE_MODE)
            try:
                size_bytes = os.fstat(fd).st_size
                if size_bytes and os.pread(fd, 1, size_bytes - 1) != b"\n":
                    data = b"\n" + data  # a crash tore the last line; it must not swallow ours
                disk.append_whole(fd, data, size_bytes=size_bytes, durable=True)
            finally:
                os.close(fd)
            self._catch_up()

    # ---- the file ---------------------------------------------------------------------------

    def _catch_up(self) -> None:
        path = self._folder / f"{self._now():%Y-%m-%d}.jsonl"
        if path != self._path:
            self._path, self._tail = path, disk.Tail()
            self._loans.clear()
            self._settled.clear()
        with disk.storage_errors(path):
            try:
                fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            except FileNotFoundError:
                return
            try:
                if not self._tail.resume(fd):
                    self._loans.clear()
                for _, block in self._tail.blocks(fd):
                    for line in block.splitlines():
                        loan = _parsed(line)
                        if loan is not None:
                            self._loans[loan.run_id] = loan
            finally:
                os.close(fd)

    def _clear_away(self) -> None:
        files = sorted(self._folder.glob("*.jsonl"))
        for path in files[: max(0, len(files) - KEPT_DAYS)]:
            path.unlink(missing_ok=True)

    def _usd(self, loan: _Loan) -> Decimal:
        if loan.run_id not in self._settled:
            run = self._log.get(loan.run_id)
            if run is None:
                return loan.usd
            cost = ledger.counted_usd(run)
            self._settled[loan.run_id] = loan.usd if cost is None else cost
        return self._settled[loan.run_id]

    def _place(self, owner_id: str | None) -> str:
        told = f"{self._now():%Y-%m-%d} {self._crowd.place(owner_id)}"
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
