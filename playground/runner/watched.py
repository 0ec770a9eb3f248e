"""One run under way as its steps share it: its view, its journal, and how long it may wait."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, TypeVar

from playground.errors import StorageError
from playground.journal import Fact
from playground.runner import ledger
from playground.runner.kit import Kit
from playground.runner.views import RunView
from playground.sayings import said
from playground.schema import RunStatus

_T = TypeVar("_T")


class Leaving(Exception):  # noqa: N818 - a signal, not a fault
    """The program is ending, or the key was forgotten; the journal remembers what is open."""


class Ended(Exception):  # noqa: N818 - a signal, not a fault
    """The run has its outcome in the journal; only its row is missing."""


class WatchedRun:
    """
    `view` is always current and may be read from any thread; `watch` is called with each new one,
    on the engine's loop.
    """

    def __init__(self, kit: Kit, view: RunView, *, watch: Callable[[RunView], None]) -> None:
        self.kit = kit
        self.view = view
        self.begun = time.monotonic()
        self.is_resumed = False  # taken up from an earlier program: its clock started elsewhere
        self.is_stopped = False
        self.is_announced = False  # the service told by itself that the task ended
        self.ended_after: float | None = None  # the earliest it can have, on the monotonic clock
        self._call = asyncio.Event()  # somebody stopped it, or the program is ending
        self._nudge = asyncio.Event()  # the same, or an announcement; heard once
        self.is_left = False  # its key was forgotten
        self._leaving = asyncio.Event()  # that, or the program is ending
        self._watch = watch

    @property
    def run_id(self) -> str:
        return self.view.run_id

    def stop(self) -> None:
        """Nobody waits for it any longer."""
        if not self.is_stopped:
            self.is_stopped = True
            self.wake()

    def wake(self) -> None:
        """Ends a pause early: it was stopped, or the program is ending."""
        if self.kit.closing.is_set():
            self._leaving.set()
        self._call.set()
        self._nudge.set()

    def leave(self) -> None:
        """
        Its key was forgotten: what is not sent is not bought, and what is sent stays open in the
        journal until the key is given again.
        """
        self.is_left = True
        self._leaving.set()
        self.is_stopped = True
        self.wake()

    @property
    def is_leaving(self) -> bool:
        """Nothing more is done here; the journal remembers what is open."""
        return self.is_left or self.kit.closing.is_set()

    def announce(self, age_s: float | None) -> None:
        """
        The service told that the task ended, so the next question is asked at once.

        Args:
            age_s: How long ago that was at most; None when it was not told.
        """
        self.is_announced = True
        if age_s is not None:
            self.ended_after = time.monotonic() - age_s
        self._nudge.set()

    def write(self, fact: Fact, **data: Any) -> None:
        """
        The fact outlives the program from here on, and a power cut once it is `flushed`.

        Raises:
            StorageError: The journal cannot be written.
        """
        self.kit.journal.write(self.run_id, fact, durable=False, at=ledger.now_text(), **data)

    def write_or_owe(self, fact: Fact, **data: Any) -> None:
        """
        As `write`. What the disk refuses is not forgotten as long as the program lives: it is
        written as soon as that is possible, so that no doubt arises where there is none.
        """
        facts = {"at": ledger.now_text(), **data}
        try:
            self.kit.journal.write(self.run_id, fact, durable=False, **facts)
        except StorageError:
            self.kit.owed.append((self.run_id, fact, facts))
            raise

    async def flushed(self) -> None:
        """As `Scribe.flushed`."""
        await self.kit.scribe.flushed()

    def ended(
        self,
        status: RunStatus,
        kind: str,
        message: str,
        service_message: str | None = None,
        *,
        fact: Fact = Fact.REFUSED,
        **data: Any,
    ) -> Ended:
        """Writes the outcome down and gives the signal to raise."""
        self.write_or_owe(
            fact,
            status=status,
            kind=kind,
            message=message,
            service_message=service_message,
            **data,
        )
        return Ended()

    def cancelled(self) -> Ended:
        return self.ended(
            RunStatus.CANCELLED, "stopped", "Stopped before it was sent. Nothing was bought."
        )

    def show(self, **changes: Any) -> None:
        """Changes the view; the same again changes nothing."""
        if all(getattr(self.view, name) == value for name, value in changes.items()):
            return
        if "phase" in changes and changes["phase"] is not self.view.phase:
            changes["phase_since"] = datetime.now(UTC)
        self.view = replace(self.view, revision=self.view.revision + 1, **changes)
        self._watch(self.view)

    def let_go(self) -> None:
        """Nobody waits any longer; the asking goes on in the background."""
        if not self.view.is_detached:
            self.show(
                is_detached=True,
                note=said(
                    "Nobody waits for it any more. It is paid for and stays open; when the service "
                    "has finished it, it is kept and logged."
                ),
            )

    async def sleep(self, seconds: float) -> None:
        """
        Raises:
            Leaving: The program is ending, or the key was forgotten.
        """
        await self._wait_for(self._leaving, seconds)

    async def pause(self, seconds: float) -> None:
        """
        Until the next question, or an announcement or a stop that came since the last one.

        Raises:
            Leaving: The program is ending, or the key was forgotten.
        """
        await self._wait_for(self._nudge, seconds)
        self._nudge.clear()

    async def _wait_for(self, signal: asyncio.Event, seconds: float) -> None:
        if not self.is_leaving:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await signal.wait()
        if self.is_leaving:
            raise Leaving

    async def unless_stopped(self, work: Awaitable[_T]) -> _T:
        """
        The outcome of work that costs nothing.

        Raises:
            Ended: Somebody stopped the run first, so nothing was bought.
            Leaving: The program is ending.
        """
        job = asyncio.ensure_future(work)
        call = asyncio.ensure_future(self._call.wait())
        try:
            await asyncio.wait([job, call], return_when=asyncio.FIRST_COMPLETED)
            if job.done():
                return job.result()
        finally:
            job.cancel()
            call.cancel()
        if self.kit.closing.is_set():
            raise Leaving
        raise self.cancelled()
