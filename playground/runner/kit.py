"""What every purchase shares: where things are kept, how fast, and how patient to be."""

import asyncio
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playground.journal import Fact, Journal
from playground.polling import Durations
from playground.runlog import RunLog
from playground.runner.scribe import Scribe


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long each step waits and how often it is tried; all in seconds or counts."""

    deadline_s: float = 600.0  # then the card lets go; the task stays open
    give_up_s: float = 25 * 3600.0  # results live for 24 hours after completion
    look_up_moments_s: tuple[float, ...] = (2.0, 5.0, 15.0, 30.0, 60.0)
    submit_attempts: int = 6  # only of requests the service provably did not take
    download_attempts: int = 4  # of files that arrive broken
    missing_result_asks: int = 6  # of a task said to be completed, without a picture
    first_wait_s: float = 1.0  # doubled after each failure in a row
    longest_wait_s: float = 60.0
    disk_again_s: float = 5.0  # how soon what the disk refused is tried again

    def backoff_s(self, failures: int) -> float:
        """The pause after so many failures in a row, from 1."""
        return min(self.first_wait_s * 2.0 ** min(failures - 1, 16), self.longest_wait_s)


@dataclass(slots=True, kw_only=True)
class Kit:
    """The tools of the purchases of one engine."""

    data_dir: Path
    secret: bytes = field(repr=False)
    journal: Journal
    log: RunLog
    scribe: Scribe
    durations: Durations
    patience: Patience
    closing: asyncio.Event
    # Runs of ours that stopped where the disk refused; they are open in the journal.
    stranded: set[str] = field(default_factory=set)
    # What became true of them and could not be written down: run id, fact, its data.
    owed: deque[tuple[str, Fact, dict[str, Any]]] = field(default_factory=deque)
    # A burst of lanes must not leave more than a few answers in doubt when the power goes.
    submit_gate: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(4))
    # Decoding takes a core for itself and megabytes a picture; when many runs end at once, their
    # cards and everybody's page want that core too.
    picture_gate: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(1))

    @property
    def pictures_dir(self) -> Path:
        """Served to browsers as it is: unguessable names and nothing else."""
        return self.data_dir / "pictures"

    @property
    def partial_dir(self) -> Path:
        return self.data_dir / "partial"
