"""What a watcher may see of a run while it is under way: frozen, safe to read from any thread."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path

from playground.schema import Balance, Estimate, Origin, Request, Run


class Phase(StrEnum):
    """Where a run is, in the order a lucky one passes through."""

    PREPARING = "preparing"  # references are being uploaded
    WAITING = "waiting"  # not sent yet: a slot or the rate limit
    SENDING = "sending"  # the paid request is out
    LOOKING_UP = "looking_up"  # its answer was lost; asking the service whether it arrived
    QUEUED = "queued"
    GENERATING = "generating"
    DOWNLOADING = "downloading"
    DONE = "done"  # the row is in the log; `run` is set

    @property
    def is_sent(self) -> bool:
        """The paid request may have left: stopping cannot save the money any more."""
        return self not in (Phase.PREPARING, Phase.WAITING)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunView:
    """A run as it stands. `revision` grows with every change."""

    run_id: str
    comparison_id: str
    lane: int  # from 1
    repeat: int  # from 1
    request: Request
    origin: Origin
    phase: Phase
    started_at: datetime
    phase_since: datetime
    revision: int = 0
    estimate: Estimate | None = None
    task_id: str | None = None
    progress_pct: float | None = None  # the service's own figure
    is_detached: bool = False  # nobody waits; it is still asked for in the background
    note: str | None = None  # what is being waited for, for people
    run: Run | None = None  # set when and only when phase is DONE
    picture: Path | None = None  # the kept file, absolute
    retry_of: str | None = None
    experiment_id: str | None = None
    owner_id: str | None = None

    @property
    def is_over(self) -> bool:
        """Nothing more will change on the card: done, or nobody waits any more."""
        return self.phase is Phase.DONE or self.is_detached


@dataclass(frozen=True, slots=True, kw_only=True)
class MoneyView:
    """What is spent and reserved against the caps, of one origin; a cap of None is no cap."""

    origin: Origin
    session_usd: Decimal  # spent and reserved in this session
    session_cap_usd: Decimal | None
    day_usd: Decimal  # spent and reserved since midnight UTC, by everybody on this data folder
    day_cap_usd: Decimal | None
    visitor_usd: Decimal = Decimal(0)  # today, of a key that is lent; with it, the visitor's share
    visitor_cap_usd: Decimal | None = None
    unknown_count: int  # runs of today whose cost is not known and so not in `day_usd`


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountView:
    """An account as the header shows it. `problem` says what to do when it cannot be used."""

    account_id: str
    origin: Origin
    host: str
    masked_key: str
    balance: Balance | None
    problem: str | None = None
    n_taken_up: int = 0  # pictures paid with its key that had waited for it, taken up just now
