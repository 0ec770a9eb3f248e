"""The caps on spending: what is spent, what is reserved, and whether one more request fits."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from fcntl import LOCK_EX, flock
from pathlib import Path

from playground.errors import BudgetExceededError, StorageError
from playground.schema import Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Caps:
    """The most that may be spent, per origin: emulated money never uses up real allowance."""

    session_usd: Decimal | None
    day_usd: Decimal | None


@contextmanager
def shared_lock(path: Path) -> Iterator[None]:
    """
    Held by one thread of one program at a time, so that checking a cap and reserving are one act.

    Raises:
        StorageError: The lock file cannot be opened.
    """
    try:
        file = path.open("a")
    except OSError as exc:
        raise StorageError(f"The lock {path} cannot be opened ({exc.strerror}).") from exc
    with file:
        flock(file, LOCK_EX)
        yield


def day_start(now: datetime) -> datetime:
    """Midnight UTC of that moment's day."""
    return now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def check_cap(
    name: str, *, cap_usd: Decimal | None, used_usd: Decimal, needed_usd: Decimal, origin: Origin
) -> None:
    """
    Raises:
        BudgetExceededError: `used_usd + needed_usd` would pass the cap.
    """
    if cap_usd is None or used_usd + needed_usd <= cap_usd:
        return
    money = "emulated money" if origin is Origin.EMULATED else "money"
    raise BudgetExceededError(
        f"This needs ${needed_usd} and ${used_usd} of the {name} cap of ${cap_usd} is spent or "
        f"reserved ({money}). Nothing was sent. Raise PLAYGROUND_{name.upper()}_CAP_USD or wait.",
        cap_usd=cap_usd,
        used_usd=used_usd,
        needed_usd=needed_usd,
    )


class SessionSpending:
    """What each session has spent or reserved, by run; lives as long as the program."""

    def __init__(self) -> None:
        self._by_session: dict[tuple[str, Origin], dict[str, Decimal]] = {}

    def used_usd(self, session_id: str, origin: Origin) -> Decimal:
        return sum(self._by_session.get((session_id, origin), {}).values(), Decimal(0))

    def reserve(
        self, session_id: str, origin: Origin, amounts: Iterable[tuple[str, Decimal | None]]
    ) -> None:
        """Counts each run at its estimate; a run whose price is not known counts nothing."""
        book = self._by_session.setdefault((session_id, origin), {})
        book.update((run_id, usd) for run_id, usd in amounts if usd is not None)

    def settle(self, run_id: str, usd: Decimal) -> None:
        """Replaces the estimate of a run by what it came to."""
        for book in self._by_session.values():
            if run_id in book:
                book[run_id] = usd
