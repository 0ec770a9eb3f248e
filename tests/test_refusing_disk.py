"""Disk full and read-only in mid-run: nothing paid is lost, nothing more is bought, and it goes on by itself."""

import errno
import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from playground.emulator import Dialect
from playground.errors import StorageError
from playground.journal import Fact, Journal
from playground.runlog import RunLog, load_runs
from playground.runner.booking import PICTURE_BYTES
from playground.runner.views import RunView
from playground.schema import RunStatus
from tests.engine_rig import HURRY, EngineRig, open_rig
from tests.refusing_disk import RefusingDisk, allow_writing, small_disk

PATIENCE = replace(HURRY, disk_again_s=0.05)
LANE = ("flux-2-pro",)
# Each time a run comes to one of these, the disk refuses from there on.
PAID_MOMENTS = ("accepted", "completed", "saved", "row", "logged")
UNPAID_MOMENTS = ("intent", "sent", "flush")
REFUSALS = pytest.mark.parametrize(
    "refusal", [errno.ENOSPC, errno.EROFS], ids=["full", "read-only"]
)


def refuse_at(moment: str, refusal: int, disk: RefusingDisk, monkeypatch) -> None:
    """The disk refuses from the moment on: before that fact, or before the row."""
    if moment == "row":
        append = RunLog.append

        def append_refused(self, run):
            disk.refuses = refusal
            return append(self, run)

        monkeypatch.setattr(RunLog, "append", append_refused)
        return
    if moment == "flush":
        flush = Journal.flush

        def flush_refused(self):
            disk.refuses = refusal
            flush(self)

        monkeypatch.setattr(Journal, "flush", flush_refused)
        return
    write = Journal.write

    def write_refused(self, run_id, fact, /, **data):
        if fact == Fact(moment):
            disk.refuses = refusal
        write(self, run_id, fact, **data)

    monkeypatch.setattr(Journal, "write", write_refused)


def told(rig: EngineRig, view: RunView) -> RunView:
    now = rig.engine.view(view.run_id)
    assert now is not None
    return now


def check_kept(rig: EngineRig, data_dir: Path) -> None:
    """Every charge has its row and its picture, and nothing was charged twice."""
    charges = rig.charges()
    rows = {row["run_id"]: row for row in load_runs(data_dir / "runs.csv").to_dict("records")}

    assert max(charges.values(), default=0) <= 1
    for run_id in charges:
        assert rows[run_id]["status"] == "succeeded"
        kept = (data_dir / rows[run_id]["file"]).read_bytes()
        assert hashlib.sha256(kept).hexdigest() == rows[run_id]["sha256"]


@REFUSALS
@pytest.mark.parametrize("moment", PAID_MOMENTS)
@pytest.mark.anyio
async def test_what_is_paid_when_the_disk_refuses_is_kept_once_it_takes_it(
    moment, refusal, tmp_path, monkeypatch
):
    # Nothing but what is known here leads to the task again.
    service = {"dialect": Dialect(looks_up_client_ids=False)}
    async with open_rig(tmp_path, patience=PATIENCE, emulator=service) as rig:
        disk = RefusingDisk(tmp_path / "data", monkeypatch)
        with monkeypatch.context() as armed:
            refuse_at(moment, refusal, disk, armed)
            [view] = await rig.begin(lanes=LANE)
            await rig.until(lambda: disk.refused)
            if moment == "logged":  # with the row on disk nothing is missing
                await rig.until(lambda: told(rig, view).run and not told(rig, view).note)
            else:
                await rig.until(lambda: "cannot be kept on disk" in (told(rig, view).note or ""))
        with pytest.raises(StorageError):
            await rig.begin("c2", lanes=LANE)
        disk.refuses = None
        [run] = await rig.finish()

        assert run.status == RunStatus.SUCCEEDED
        assert run.task_id is not None
        assert set(rig.charges()) == {run.run_id}
        check_kept(rig, tmp_path / "data")


@REFUSALS
@pytest.mark.parametrize("moment", UNPAID_MOMENTS)
@pytest.mark.anyio
async def test_what_cannot_be_written_down_is_not_bought(moment, refusal, tmp_path, monkeypatch):
    async with open_rig(tmp_path, patience=PATIENCE) as rig:
        disk = RefusingDisk(tmp_path / "data", monkeypatch)
        with monkeypatch.context() as armed:
            refuse_at(moment, refusal, disk, armed)
            if moment == "intent":
                with pytest.raises(StorageError, match="cannot be kept on disk"):
                    await rig.begin(lanes=LANE)
            else:
                [view] = await rig.begin(lanes=LANE)
                await rig.until(lambda: told(rig, view).is_over)
                assert "cannot be kept on disk" in told(rig, view).note
        disk.refuses = None
        if moment != "intent":
            [run] = await rig.finish()
            assert run.status == RunStatus.CANCELLED
        assert rig.charges() == {}

        [later] = await rig.run("c2", lanes=LANE)

        assert later.status == RunStatus.SUCCEEDED


@REFUSALS
@pytest.mark.anyio
async def test_a_picture_that_finds_no_room_is_fetched_again(refusal, tmp_path, monkeypatch):
    async with open_rig(tmp_path, patience=PATIENCE) as rig:
        disk = RefusingDisk(tmp_path / "data" / "partial", monkeypatch)
        disk.refuses = refusal
        [view] = await rig.begin(lanes=LANE)
        await rig.until(lambda: "paid for" in (told(rig, view).note or ""))

        disk.refuses = None
        [run] = await rig.finish()

        assert run.status == RunStatus.SUCCEEDED
        check_kept(rig, tmp_path / "data")


@pytest.mark.anyio
async def test_a_task_id_that_was_never_written_is_looked_up_by_the_next_start(
    tmp_path, monkeypatch
):
    disk = RefusingDisk(tmp_path / "data", monkeypatch)
    async with open_rig(tmp_path, patience=PATIENCE) as rig:
        with monkeypatch.context() as armed:
            refuse_at("accepted", errno.ENOSPC, disk, armed)
            [view] = await rig.begin(lanes=LANE)
            await rig.until(lambda: told(rig, view).note)
        task_id = told(rig, view).task_id
        await rig.engine.close()
        disk.refuses = None
    async with open_rig(tmp_path, patience=PATIENCE) as rig:
        [run] = await rig.finish()

        assert task_id is not None
        assert run.task_id == task_id
        assert len(rig.emulator.charges()) == 1


@pytest.mark.anyio
async def test_looking_around_outlives_a_disk_that_refuses(tmp_path, monkeypatch):
    adopt, n_refused = Journal.adopt, 0

    def refuse_twice(self):
        nonlocal n_refused
        if n_refused < 2:
            n_refused += 1
            raise StorageError("No.")
        return adopt(self)

    async with open_rig(tmp_path, patience=PATIENCE) as rig:
        monkeypatch.setattr(Journal, "adopt", refuse_twice)
        rig.engine.kit.stranded.add("something")
        await rig.until(lambda: n_refused == 2)
        rig.engine.kit.stranded.add("something")

        [run] = await rig.run(lanes=LANE)

        assert run.status == RunStatus.SUCCEEDED
        assert "recovery" in {task.get_name() for task in rig.engine._tasks}


@REFUSALS
@pytest.mark.anyio
async def test_the_program_can_be_ended_while_the_disk_refuses(refusal, tmp_path, monkeypatch):
    disk = RefusingDisk(tmp_path / "data", monkeypatch)
    async with open_rig(tmp_path, patience=PATIENCE) as rig:
        [run] = await rig.run(lanes=LANE)
        disk.refuses = refusal
        await rig.engine.close()  # raises nothing
        disk.refuses = None

    assert run.status == RunStatus.SUCCEEDED


@pytest.mark.anyio
async def test_a_disk_with_no_room_for_the_pictures_buys_none(tmp_path):
    with small_disk(tmp_path / "data", size_bytes=PICTURE_BYTES):
        async with open_rig(tmp_path, patience=PATIENCE) as rig:
            with pytest.raises(StorageError, match="Only 12 MB are free"):
                await rig.begin(lanes=LANE)

            assert rig.charges() == {}
            assert rig.engine.open_views() == ()


@pytest.mark.anyio
async def test_a_real_disk_that_fills_up_in_mid_run_loses_nothing(tmp_path):
    with small_disk(tmp_path / "data", size_bytes=5 * PICTURE_BYTES) as data_dir:
        async with open_rig(tmp_path, patience=PATIENCE) as rig:
            rig.add_fault("status", "error_502")  # nothing ends before the disk is full
            [view] = await rig.begin(lanes=LANE)
            await rig.until(lambda: rig.charges())
            ballast = data_dir / "ballast"
            fill(ballast)
            rig.emulator.faults.replace([])
            await rig.until(lambda: told(rig, view).is_over)
            note = told(rig, view).note
            with pytest.raises(StorageError, match="MB are free"):
                await rig.begin("c2", lanes=LANE)
            ballast.unlink()
            [run] = await rig.finish()

            assert "No space left" in note
            assert run.status == RunStatus.SUCCEEDED
            check_kept(rig, data_dir)


@pytest.mark.anyio
async def test_a_real_disk_that_becomes_read_only_buys_nothing_and_recovers(tmp_path):
    with small_disk(tmp_path / "data", size_bytes=20 * PICTURE_BYTES) as data_dir:
        async with open_rig(tmp_path, patience=PATIENCE) as rig:
            pass
        allow_writing(data_dir, False)
        with pytest.raises(StorageError, match="Read-only"):
            async with open_rig(tmp_path, patience=PATIENCE):
                pass
        allow_writing(data_dir, True)
        async with open_rig(tmp_path, patience=PATIENCE) as rig:
            [run] = await rig.run(lanes=LANE)

            assert run.status == RunStatus.SUCCEEDED


def fill(path: Path) -> None:
    """Until nothing more goes in."""
    block = b"\0" * 65_536
    with path.open("wb", buffering=0) as file, pytest.raises(OSError, match="No space left"):
        for _ in iter(lambda: file.write(block), 0):
            pass
