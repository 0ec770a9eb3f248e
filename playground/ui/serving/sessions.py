"""Lets go of what the framework keeps of pages that were left: it would keep all of it for ever."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

from starlette.concurrency import run_in_threadpool

# As long as the framework keeps a left page's ids, for one that comes back after a broken line.
KEPT_S = 3600.0
LOOK_EVERY_S = 60.0
MAX_SESSIONS = 1_000


class Sessions:
    """
    What pages of one app have left behind.

    Args:
        kept_s: Nobody used a session for so long: it goes. Open pages use theirs every few seconds.
    """

    def __init__(
        self, *, kept_s: float = KEPT_S, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._kept_s = kept_s
        self._clock = clock
        self._alone_since: dict[str, float] = {}

    def forget_left(self, blocks: Any) -> int:
        """Returns how many were dropped."""
        holder, queue = blocks.state_holder, blocks._queue
        busy = {event.session_hash for event in tuple(queue.event_ids_to_events.values())}
        # The framework's own clock for this is the local one, without a zone.
        before = datetime.now() - timedelta(seconds=self._kept_s)  # noqa: DTZ005
        used = tuple(holder.time_last_used.items())
        left = [name for name, at in used if at < before and name not in busy]
        for name in left:
            holder.session_data.pop(name, None)
            holder.time_last_used.pop(name, None)
        self._forget_unheard(queue, busy.union(holder.session_data))
        return len(left)

    def _forget_unheard(self, queue: Any, there: Collection[str]) -> None:
        """Answers that nobody fetched, and whose caller has no session (any more)."""
        now_s = self._clock()
        alone = [name for name in tuple(queue.pending_event_ids_session) if name not in there]
        self._alone_since = {name: self._alone_since.get(name, now_s) for name in alone}
        for name, since_s in self._alone_since.items():
            if now_s - since_s >= self._kept_s:
                queue.pending_event_ids_session.pop(name, None)
                queue.pending_messages_per_session.pop(name, None)


def _nothing() -> None:
    pass


def looking_after(
    sessions: Sessions, *, every_s: float = LOOK_EVERY_S
) -> Callable[[Any], AbstractAsyncContextManager[None]]:
    """A lifespan of the framework's app, with a look every so often."""

    async def look(app: Any) -> None:
        while True:
            await asyncio.sleep(every_s)
            sessions.forget_left(app.get_blocks())
            # Threads that were needed for a crowd end only when somebody asks for one again.
            await run_in_threadpool(_nothing)

    @asynccontextmanager
    async def lifespan(app: Any) -> AsyncIterator[None]:
        looking = asyncio.create_task(look(app))
        try:
            yield
        finally:
            looking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await looking

    return lifespan
