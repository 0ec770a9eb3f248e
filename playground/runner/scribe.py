"""Waits for the disk in a thread of its own, so that the engine's loop never does; those who wait share one flush."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from playground.journal import Journal
from playground.runlog import RunLog
from playground.schema import Run


class Scribe:
    """
    Makes durable what the runs of one engine wrote. Belongs to one event loop.

    A fact is in the journal's file, and so outlives the program, as soon as it is written; what
    is waited for here is that it outlives a power cut too.
    """

    def __init__(self, journal: Journal, log: RunLog) -> None:
        self._journal = journal
        self._log = log
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="scribe")
        self._running: asyncio.Task[None] | None = None
        self._next: asyncio.Task[None] | None = None

    async def flushed(self) -> None:
        """
        Returns when the disk has every fact that was written before the call.

        Raises:
            StorageError: The disk refused.
        """
        if self._next is None:
            self._next = asyncio.create_task(self._flush_after(self._running))
            self._next.add_done_callback(_looked_at)
        # The others still wait when one of them leaves.
        await asyncio.shield(self._next)

    async def _flush_after(self, running: asyncio.Task[None] | None) -> None:
        if running is not None:
            await asyncio.wait([running])
        # Who comes from here on may have written after the flush began, and joins the next one.
        self._running, self._next = self._next, None
        await self._in_thread(self._journal.flush)

    async def file(self, row: Run) -> None:
        """
        Adds the row to the log and returns when the disk has it, and all facts before it.

        Raises:
            StorageError: The disk refused; nothing was added.
        """

        def file() -> None:
            self._journal.flush()
            self._log.append(row)

        await self._in_thread(file)

    async def _in_thread(self, work: Callable[[], None]) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def close(self) -> None:
        """Waits for what is under way and takes no more."""
        self._thread.shutdown()


def _looked_at(task: asyncio.Task[None]) -> None:
    # All who waited may have left; then its failure is nobody's complaint.
    if not task.cancelled():
        task.exception()
