"""A wall clock that jumps, backwards and forwards: nothing is lost, no second is invented, no cap is forgotten."""

import json
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from playground.references import prepare_reference
from playground.schema import Origin, Reference, RunStatus
from tests.engine_rig import HURRY, EngineRig, open_rig
from tests.photos import PHOTOS

LANE = ("flux-2-pro",)
JUMPS = pytest.mark.parametrize(
    "jump", [timedelta(days=3), timedelta(days=-3)], ids=["forwards", "backwards"]
)
SECONDS = ("submit_s", "queued_s", "generating_s", "wait_s", "lag_bound_s", "download_s", "total_s")
# Longer than any run of these tests, and much shorter than a jump.
PLAUSIBLE_S = 60.0


class WallClock:
    """What every module of the program reads as the time of day; it goes on from wherever it is set."""

    def __init__(self) -> None:
        self.shift = timedelta(0)

    def jump(self, by: timedelta) -> None:
        self.shift += by

    def set(self, moment: datetime) -> None:
        self.shift = moment - datetime.now(UTC)


@pytest.fixture
def clock(monkeypatch) -> WallClock:
    one = WallClock()

    class Shifted(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.now(tz) + one.shift

    for name, module in list(sys.modules.items()):
        is_ours = name.startswith("playground.") and not name.startswith("playground.emulator")
        if is_ours and getattr(module, "datetime", None) is datetime:
            monkeypatch.setattr(module, "datetime", Shifted)
    return one


@JUMPS
@pytest.mark.anyio
async def test_a_jump_in_mid_run_ends_in_a_picture_with_true_seconds(jump, clock, tmp_path):
    async with open_rig(tmp_path) as rig:
        rig.add_fault("status", "error_502", times=2)
        await rig.begin(lanes=LANE)
        await rig.until(rig.charges)
        clock.jump(jump)
        [run] = await rig.finish()

        assert run.status == RunStatus.SUCCEEDED
        told = {name: getattr(run, name) for name in SECONDS}
        assert all(value is None or 0 <= value < PLAUSIBLE_S for value in told.values()), told
        assert rig.engine.money(Origin.EMULATED, "me").session_usd > 0


@JUMPS
@pytest.mark.anyio
async def test_a_jump_between_two_starts_gives_up_nothing(jump, clock, tmp_path):
    patience = replace(HURRY, deadline_s=PLAUSIBLE_S)
    async with open_rig(tmp_path, patience=patience) as rig:
        rig.add_fault("status", "error_502")
        [view] = await rig.begin(lanes=LANE)
        await rig.until(lambda: (rig.engine.view(view.run_id) or view).task_id)
    clock.jump(jump)
    async with open_rig(tmp_path, patience=patience) as rig:
        rig.add_fault("status", "error_502", times=3)  # it takes a while to be told
        [run] = await rig.finish()

        assert run.status == RunStatus.SUCCEEDED
        assert run.wait_s is None  # nobody watched all of it


@pytest.mark.anyio
async def test_a_run_that_is_truly_too_old_is_given_up_after_some_asking(clock, tmp_path):
    patience = replace(HURRY, deadline_s=0.2)
    async with open_rig(tmp_path, patience=patience) as rig:
        rig.add_fault("status", "error_502")
        [view] = await rig.begin(lanes=LANE)
        await rig.until(lambda: (rig.engine.view(view.run_id) or view).task_id)
    clock.jump(timedelta(days=3))
    async with open_rig(tmp_path, patience=patience) as rig:
        rig.add_fault("status", "error_502")
        [run] = await rig.finish()

        assert run.status == RunStatus.TIMED_OUT
        assert run.task_id is not None
        assert run.polls > 0


@pytest.mark.anyio
async def test_what_was_spent_tomorrow_counts_today(clock, tmp_path):
    """A clock that was ahead and was set right: more is counted than was spent, never less."""
    async with open_rig(tmp_path, day_cap_usd=Decimal(100)) as rig:
        clock.jump(timedelta(days=1))
        [run] = await rig.run(lanes=LANE)
        clock.jump(timedelta(days=-1))

        assert run.estimate_usd > 0
        assert rig.engine.money(Origin.EMULATED, None).day_usd == run.charged_usd


@pytest.mark.anyio
async def test_a_day_ends_at_midnight_utc_and_what_is_under_way_then_still_counts(clock, tmp_path):
    async with open_rig(tmp_path) as rig:
        clock.set(datetime(2027, 5, 1, 23, 59, tzinfo=UTC))
        [finished] = await rig.run("c1", lanes=LANE)
        rig.add_fault("status", "error_502")
        [view] = await rig.begin("c2", lanes=LANE)
        await rig.until(lambda: len(rig.charges()) == 2)
        before = rig.engine.money(Origin.EMULATED, None).day_usd

        clock.set(datetime(2027, 5, 2, 0, 1, tzinfo=UTC))
        after = rig.engine.money(Origin.EMULATED, None).day_usd
        rig.emulator.faults.clear()
        await rig.finish("c2")

        assert before == finished.charged_usd + view.estimate.usd
        assert after == view.estimate.usd
        assert rig.engine.money(Origin.EMULATED, None).day_usd == 0


@pytest.mark.anyio
async def test_an_upload_from_the_future_is_not_trusted(clock, tmp_path):
    async with open_rig(tmp_path) as rig:
        clock.jump(timedelta(days=3))
        await rig.run("c1", lanes=LANE, references=(prepare(rig),))
        clock.jump(timedelta(days=-3))
        await rig.run("c2", lanes=LANE, references=(prepare(rig),))
        await rig.run("c3", lanes=LANE, references=(prepare(rig),))

    uploads = (tmp_path / "data" / "uploads.jsonl").read_text().splitlines()
    assert len({json.loads(line)["at"] for line in uploads}) == 2


def prepare(rig: EngineRig) -> Reference:
    return prepare_reference(PHOTOS[0], name="photo", folder=rig.engine.references_dir)
