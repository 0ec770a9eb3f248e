import asyncio
import os
import threading
from pathlib import Path

import pytest

from playground.errors import StorageError
from playground.journal import Fact, Journal
from playground.runlog import RunLog
from playground.runner.scribe import Scribe
from tests.engine_rig import open_rig
from tests.judging_rig import a_run

pytestmark = pytest.mark.anyio


class SlowJournal:
    """A journal whose disk answers when it is told to, and that counts how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0
        self.began = threading.Event()
        self.may_end = threading.Event()
        self.failure: StorageError | None = None

    def flush(self) -> None:
        self.asked += 1
        self.began.set()
        assert self.may_end.wait(10)
        if self.failure is not None:
            raise self.failure


def scribe_over(journal: object, tmp_path) -> Scribe:
    return Scribe(journal, RunLog(tmp_path / "runs.csv"))  # type: ignore[arg-type]


async def test_all_who_wait_at_once_share_one_flush(tmp_path):
    journal = SlowJournal()
    journal.may_end.set()
    scribe = scribe_over(journal, tmp_path)

    await asyncio.gather(*(scribe.flushed() for _ in range(50)))

    assert journal.asked == 1
    scribe.close()


async def test_who_comes_during_a_flush_waits_for_the_next_one(tmp_path):
    journal = SlowJournal()
    scribe = scribe_over(journal, tmp_path)
    first = asyncio.create_task(scribe.flushed())
    await asyncio.to_thread(journal.began.wait, 10)

    late = [asyncio.create_task(scribe.flushed()) for _ in range(3)]
    await asyncio.sleep(0)
    journal.may_end.set()
    await asyncio.gather(first, *late)

    assert journal.asked == 2
    scribe.close()


async def test_a_disk_that_refuses_is_told_to_everybody_and_asked_again_later(tmp_path):
    journal = SlowJournal()
    journal.may_end.set()
    journal.failure = StorageError("full")
    scribe = scribe_over(journal, tmp_path)

    told = await asyncio.gather(scribe.flushed(), scribe.flushed(), return_exceptions=True)
    journal.failure = None
    await scribe.flushed()

    assert [type(each) for each in told] == [StorageError, StorageError]
    assert journal.asked == 2
    scribe.close()


async def test_one_who_leaves_takes_nobodys_flush_along(tmp_path):
    journal = SlowJournal()
    scribe = scribe_over(journal, tmp_path)
    leaving = asyncio.create_task(scribe.flushed())
    staying = asyncio.create_task(scribe.flushed())
    await asyncio.to_thread(journal.began.wait, 10)

    leaving.cancel()
    journal.may_end.set()
    await staying

    assert leaving.cancelled()
    assert journal.asked == 1
    scribe.close()


async def test_a_row_stands_in_the_log_only_after_the_facts_are_on_disk(tmp_path, monkeypatch):
    journal = Journal.open(tmp_path / "journal")
    journal.write("run_1", Fact.INTENT)
    log = RunLog(tmp_path / "runs.csv")
    scribe = Scribe(journal, log)
    real_fsync, flushed = os.fsync, []

    def noting_fsync(fd: int) -> None:
        flushed.append(Path(f"/proc/self/fd/{fd}").readlink().name)
        real_fsync(fd)

    monkeypatch.setattr(os, "fsync", noting_fsync)
    await scribe.file(a_run(run_id="run_1"))

    assert flushed == [journal.path.name, "runs.csv"]
    assert "run_1" in log
    scribe.close()
    journal.close()


async def test_the_loop_never_waits_for_the_disk(tmp_path, monkeypatch):
    """All that is bought and logged is flushed by other threads than the loop's."""
    real_fsync, flushers = os.fsync, []

    def noting_fsync(fd: int) -> None:
        flushers.append(threading.current_thread())
        real_fsync(fd)

    async with open_rig(tmp_path) as rig:
        monkeypatch.setattr(os, "fsync", noting_fsync)
        rows = await rig.run()
        monkeypatch.setattr(os, "fsync", real_fsync)

    assert len(rows) == 2
    assert len(flushers) >= 4
    assert threading.current_thread() not in flushers


async def test_what_could_not_be_flushed_is_not_sent(tmp_path, monkeypatch):
    async with open_rig(tmp_path) as rig:

        def refuse() -> None:
            raise StorageError("The disk is full.")

        monkeypatch.setattr(rig.engine.kit.journal, "flush", refuse)
        (view,) = await rig.begin(lanes=("flux-2-pro",))
        await rig.until(lambda: "full" in (rig.engine.view(view.run_id).note or ""))
        facts = rig.engine.kit.journal.facts(view.run_id)

        assert rig.charges() == {}
        assert facts is not None
        assert facts.last(Fact.SENT) is not None
        assert facts.unresolved_attempt is None  # the next start need not ask whether it arrived
