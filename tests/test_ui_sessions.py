"""What pages leave behind goes, what is in use stays, and no number of pages fills the memory."""

import threading
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import anyio
import anyio.to_thread
import pytest
from anyio._backends._asyncio import WorkerThread

from playground.ui.serving.sessions import Sessions, looking_after

LONG_AGO = datetime.now() - timedelta(hours=2)  # noqa: DTZ005 the framework's clock is local


def framework(**used_at: datetime) -> Any:
    """As much of the framework's app as sessions are kept in."""
    return SimpleNamespace(
        state_holder=SimpleNamespace(
            session_data=dict.fromkeys(used_at, "values"), time_last_used=dict(used_at)
        ),
        _queue=SimpleNamespace(
            event_ids_to_events={}, pending_event_ids_session={}, pending_messages_per_session={}
        ),
    )


def test_a_session_nobody_used_for_an_hour_goes_and_one_of_now_stays() -> None:
    blocks = framework(left=LONG_AGO, here=datetime.now())  # noqa: DTZ005

    assert Sessions().forget_left(blocks) == 1
    assert list(blocks.state_holder.session_data) == ["here"]
    assert list(blocks.state_holder.time_last_used) == ["here"]


def test_a_session_whose_event_still_runs_stays_however_long_it_takes() -> None:
    blocks = framework(watching=LONG_AGO)
    blocks._queue.event_ids_to_events["e"] = SimpleNamespace(session_hash="watching")

    assert Sessions().forget_left(blocks) == 0
    assert "watching" in blocks.state_holder.session_data


def test_answers_nobody_fetches_go_after_an_hour_and_not_before() -> None:
    now = [0.0]
    sessions = Sessions(clock=lambda: now[0])
    blocks = framework()
    queue = blocks._queue
    queue.pending_event_ids_session["program"] = {"e"}
    queue.pending_messages_per_session["program"] = "a long answer"

    for now[0], there in ((0.0, True), (3_599.0, True), (3_600.0, False)):
        sessions.forget_left(blocks)
        assert ("program" in queue.pending_messages_per_session) is there
    assert queue.pending_event_ids_session == {}


@pytest.mark.anyio
async def test_somebody_looks_while_the_app_runs() -> None:
    blocks = framework(left=LONG_AGO)
    app = SimpleNamespace(get_blocks=lambda: blocks)

    async with looking_after(Sessions(), every_s=0.001)(app):
        with anyio.fail_after(10):
            while blocks.state_holder.session_data:
                await anyio.sleep(0.001)


@pytest.mark.anyio
async def test_threads_of_a_crowd_that_has_left_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(WorkerThread, "MAX_IDLE_TIME", 0.0)
    n_busy = 6
    everybody = threading.Barrier(n_busy)

    async with anyio.create_task_group() as tasks:
        for _ in range(n_busy):
            tasks.start_soon(anyio.to_thread.run_sync, everybody.wait)
    there = {each for each in threading.enumerate() if isinstance(each, WorkerThread)}
    assert len(there) >= n_busy

    app = SimpleNamespace(get_blocks=framework)
    async with looking_after(Sessions(), every_s=0.001)(app):
        with anyio.fail_after(10):
            # The one that is asked last stays.
            while sum(each.is_alive() for each in there) > 1:
                await anyio.sleep(0.001)
