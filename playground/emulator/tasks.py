"""A task's whole life, fixed when it is created; what it shows is a function of the clock."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from playground.emulator.dialect import Phase

ULID_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
ULID_CHARS = 26
ULID_RANDOM_BITS = 80

PROGRESS_AT_END = 100
MAX_RUNNING_PROGRESS = 99
# A stuck task shows this and stays there.
STUCK_PROGRESS = 42


class Ending(StrEnum):
    """How a task ends."""

    COMPLETED = "completed"
    FAILED = "failed"
    NEVER = "never"


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One task. Times are seconds since the epoch."""

    id: str
    user: str
    model: str
    client_business_id: str | None
    body: Mapping[str, Any]  # the request as it was sent
    size: str
    resolution: str
    width_px: int
    height_px: int
    # Names of uploaded or generated files of ours, in the order they were given.
    references: tuple[str, ...]
    n_foreign_references: int  # given by a URL elsewhere: never fetched
    seed: int
    created_at: float
    queued_at: float
    started_at: float
    finished_at: float
    ending: Ending
    error_code: str | None
    error_message: str | None
    files: tuple[str, ...]  # the names its pictures have, once it is completed
    overrides: Mapping[str, Any]  # switches of the dialect that hold for this task alone
    credits: Decimal
    is_refunded: bool

    def phase_at(self, now_s: float) -> Phase:
        if now_s >= self.finished_at and self.ending is not Ending.NEVER:
            return Phase.COMPLETED if self.ending is Ending.COMPLETED else Phase.FAILED
        if now_s >= self.started_at:
            return Phase.IN_PROGRESS
        return Phase.QUEUED if now_s >= self.queued_at else Phase.PENDING

    def progress_at(self, now_s: float) -> int:
        """
        Per cent of the whole waiting, honest: at 50, as much time is left as has passed.

        0 until the picture is begun, and again when the task has failed.
        """
        phase = self.phase_at(now_s)
        if phase is Phase.COMPLETED:
            return PROGRESS_AT_END
        if phase is not Phase.IN_PROGRESS:
            return 0
        if self.ending is Ending.NEVER:
            return STUCK_PROGRESS
        share = (now_s - self.created_at) / (self.finished_at - self.created_at)
        return min(MAX_RUNNING_PROGRESS, int(share * PROGRESS_AT_END))


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """What one accepted request cost. Written with its task, before the answer is sent."""

    task_id: str
    client_business_id: str | None
    user: str
    model: str
    credits: Decimal
    charged_at: float
    refunded_at: float | None  # a moment that may lie ahead: when the task will have failed


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """One file a client has uploaded."""

    id: str
    user: str
    name: str
    mime_type: str
    size_bytes: int
    created_at: float


def new_ulid(now_s: float) -> str:
    """26 characters that sort by time."""
    number = int(now_s * 1000) << ULID_RANDOM_BITS | secrets.randbits(ULID_RANDOM_BITS)
    return "".join(
        ULID_ALPHABET[number >> shift & 31] for shift in range(5 * (ULID_CHARS - 1), -1, -5)
    )
