"""The caps on spending: what is spent, what is reserved, and whether one more request fits."""

from collections.abc import Hashable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum

from playground.errors import BudgetExceededError
from playground.sayings import said
from playground.schema import Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Caps:
    """The most that may be spent, per origin: emulated money never uses up real allowance."""

    session_usd: Decimal | None
    day_usd: Decimal | None
    visitor_usd: Decimal | None = None  # of one visitor and day, where a key is lent


class Payer(StrEnum):
    """Whose money a purchase takes, and so which caps it must keep besides the session's."""

    HERE = "here"  # one's own machine: the day's, over everybody on the data folder
    HOST = "host"  # a public deployment's own key: the visitor's, and the day's over all visitors
    VISITOR = "visitor"  # there, a visitor's own key or the emulator: nobody else is to be stopped


# How the sentence about a cap calls it.
_NAMES = {"session": said("session"), "day": said("day"), "visitor": said("visitor")}


def day_start(now: datetime) -> datetime:
    """Midnight UTC of that moment's day."""
    return now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def check_cap(
    name: str,
    *,
    cap_usd: Decimal | None,
    used_usd: Decimal,
    needed_usd: Decimal,
    origin: Origin,
    remedy: str | None = None,
) -> None:
    """
    Args:
        remedy: What to do; by default to raise the cap or wait.

    Raises:
        BudgetExceededError: `used_usd + needed_usd` would pass the cap.
    """
    if cap_usd is None or used_usd + needed_usd <= cap_usd:
        return
    money = said("emulated money") if origin is Origin.EMULATED else said("money")
    setting = f"PLAYGROUND_{name.upper()}_CAP_USD"
    raise BudgetExceededError(
        said(
            "This needs ${needed_usd} and ${used_usd} of the {name} cap of ${cap_usd} is "
            "spent or reserved ({money}). Nothing was sent. {remedy}",
            needed_usd=needed_usd,
            used_usd=used_usd,
            name=_NAMES.get(name, name),
            cap_usd=cap_usd,
            money=money,
            remedy=remedy or said("Raise {setting} or wait.", setting=setting),
        ),
        cap_usd=cap_usd,
        used_usd=used_usd,
        needed_usd=needed_usd,
    )


class Reservations:
    """What runs are expected to cost, or came to, by whatever they are counted under."""

    def __init__(self) -> None:
        self._runs: dict[str, tuple[Hashable, Decimal]] = {}
        self._totals: dict[Hashable, Decimal] = {}  # kept, so that a thousand runs stay quick

    def used_usd(self, name: Hashable) -> Decimal:
        return self._totals.get(name, Decimal(0))

    def reserve(self, name: Hashable, run_id: str, usd: Decimal | None) -> None:
        """Counts a run; one whose price is not known counts nothing, and the caller says so."""
        if usd is not None:
            self.release(run_id)
            self._runs[run_id] = (name, usd)
            self._totals[name] = self.used_usd(name) + usd

    def settle(self, run_id: str, usd: Decimal) -> None:
        """Replaces what was expected of a run by what it came to; an unknown run is left alone."""
        if run_id in self._runs:
            self.reserve(self._runs[run_id][0], run_id, usd)

    def release(self, run_id: str) -> None:
        """Counts a run no longer."""
        if run_id in self._runs:
            name, usd = self._runs.pop(run_id)
            self._totals[name] -= usd
