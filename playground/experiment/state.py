"""What people want of an experiment, in a file that outlives every program; and who may run it."""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from pathlib import Path
from typing import Any

from playground import disk
from playground.errors import StorageError
from playground.sayings import said

STATE_NAME = "state.json"
_FORMAT = 1


class Wanted(StrEnum):
    """What is to become of the experiment; `finished` is the runner's own word."""

    PLANNED = "planned"
    RUNNING = "running"
    PAUSED = "paused"
    STOPPED = "stopped"
    FINISHED = "finished"


class Pause(StrEnum):
    """Why nothing is sent for now."""

    PERSON = "person"
    BUDGET = "budget"
    DAY_CAP = "day_cap"
    PRICE = "price"  # none is known and none was given
    ACCOUNT = "account"  # wrong key, no balance, not allowed
    STORAGE = "storage"


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceThen:
    """What the account held at a moment, in credits; None where the service did not say."""

    at: datetime
    credits: Decimal | None
    used_credits: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """What is wanted of an experiment and what its runner needs to remember."""

    wanted: Wanted = Wanted.PLANNED
    why: Pause | None = None  # set when and only when it is paused
    note: str | None = None  # the same for people
    budget_usd: Decimal | None = None  # None: no budget of its own, only the caps
    price_usd: Decimal | None = None  # for pictures whose price is not known
    in_flight: int | None = None  # comparisons at once; None: by the rate limits
    queued_at: datetime | None = None  # when it was last asked to run
    is_active: bool = False  # it has its turn; the last runner's word
    account: Mapping[str, str] = field(default_factory=dict)  # how the journal knows whose it is
    owner_id: str | None = None
    retry: tuple[str, ...] = ()  # runs to be bought again, each once
    is_tagged: bool = False  # the plan's tags were put on its comparisons
    balance_before: BalanceThen | None = None
    balance_after: BalanceThen | None = None


class StateFile:
    """`state.json` of one experiment; several programs read and change it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / STATE_NAME
        self._lock = folder / "lock"
        self._seen: tuple[int, int, int] | None = None
        self._orders = Orders()

    def read(self) -> Orders:
        """
        The orders as they stand; read again only when the file has changed.

        Raises:
            StorageError: It cannot be read, or was damaged by hand.
        """
        with disk.storage_errors(self.path):
            try:
                status = self.path.stat()
                identity = (status.st_ino, status.st_mtime_ns, status.st_size)
                if identity != self._seen:
                    self._orders = _parsed(self.path.read_bytes(), self.path)
                    self._seen = identity
            except FileNotFoundError:
                self._orders, self._seen = Orders(), None
        return self._orders

    def change(self, update: Callable[[Orders], Orders]) -> Orders:
        """
        Replaces the orders by what `update` makes of them, as one act over all programs.

        Raises:
            StorageError: The disk refused; nothing was changed.
        """
        with disk.storage_errors(self.path):
            disk.make_private_folder(self.path.parent)
            with disk.locked(self._lock):
                old = self.read()
                new = update(old)
                if new != old or not self.path.exists():
                    disk.replace_file(self.path, [_written(new)])
        return self.read()

    def set(self, **changes: Any) -> Orders:
        """Changes some fields, whatever the others are."""
        return self.change(lambda orders: replace(orders, **changes))


class Lease:
    """A lock that one program at a time holds, and that goes when it dies."""

    def __init__(self, fd: int) -> None:
        self._fd = fd

    @classmethod
    def try_take(cls, path: Path) -> "Lease | None":
        """
        None when somebody else, in this program or another, holds it.

        Raises:
            StorageError: The file cannot be locked at all.
        """
        with disk.storage_errors(path):
            disk.make_private_folder(path.parent)
            fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, disk.FILE_MODE)
            try:
                if disk.try_lock(fd, path):
                    return cls(fd)
            except BaseException:
                os.close(fd)
                raise
            os.close(fd)
            return None

    def release(self) -> None:
        """Anybody may take it; releasing twice does nothing."""
        if self._fd >= 0:
            disk.unlock(self._fd)
            os.close(self._fd)
            self._fd = -1


def _written(orders: Orders) -> bytes:
    document = {
        "format": _FORMAT,
        "wanted": orders.wanted,
        "why": orders.why,
        "note": orders.note,
        "budget_usd": _money_text(orders.budget_usd),
        "price_usd": _money_text(orders.price_usd),
        "in_flight": orders.in_flight,
        "queued_at": None if orders.queued_at is None else orders.queued_at.isoformat(),
        "is_active": orders.is_active,
        "account": dict(orders.account),
        "owner_id": orders.owner_id,
        "retry": list(orders.retry),
        "is_tagged": orders.is_tagged,
        "balance_before": _balance_json(orders.balance_before),
        "balance_after": _balance_json(orders.balance_after),
    }
    return (json.dumps(document, indent=2) + "\n").encode("ascii")


def _parsed(data: bytes, path: Path) -> Orders:
    try:
        told = json.loads(data)
        if told["format"] != _FORMAT:
            raise ValueError(f"format {told['format']}")
        queued_at = told.get("queued_at")
        why = told.get("why")
        return Orders(
            wanted=Wanted(told["wanted"]),
            why=None if why is None else Pause(why),
            note=told.get("note"),
            budget_usd=_money(told.get("budget_usd")),
            price_usd=_money(told.get("price_usd")),
            in_flight=told.get("in_flight"),
            queued_at=None if queued_at is None else datetime.fromisoformat(queued_at),
            is_active=bool(told.get("is_active")),
            account=dict(told.get("account") or {}),
            owner_id=told.get("owner_id"),
            retry=tuple(told.get("retry") or ()),
            is_tagged=bool(told.get("is_tagged")),
            balance_before=_balance(told.get("balance_before")),
            balance_after=_balance(told.get("balance_after")),
        )
    except (ValueError, TypeError, KeyError, AttributeError, InvalidOperation) as exc:
        raise StorageError(
            said(
                "{path} is not readable as the state of an experiment ({exc}). Move it away: "
                "the plan then counts as never started, and what was bought is found again in "
                "the log.",
                path=path,
                exc=exc,
            )
        ) from exc


def _money(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _money_text(usd: Decimal | None) -> str | None:
    return None if usd is None else str(usd)


def _balance(told: Mapping[str, Any] | None) -> BalanceThen | None:
    if told is None:
        return None
    return BalanceThen(
        at=datetime.fromisoformat(told["at"]),
        credits=_money(told.get("credits")),
        used_credits=_money(told.get("used_credits")),
    )


def _balance_json(balance: BalanceThen | None) -> dict[str, Any] | None:
    if balance is None:
        return None
    return {
        "at": balance.at.isoformat(),
        "credits": _money_text(balance.credits),
        "used_credits": _money_text(balance.used_credits),
    }
