"""The data folder as a whole: who may read what is written there, and a screen over a disk that refuses."""

import asyncio
import errno
import os
import shutil
import stat
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

import pytest

from playground.errors import StorageError
from playground.experiment.progress import Standing
from playground.history.pages import History
from playground.runner.desk import Desk
from playground.schema import Answer, MarkKind
from playground.settings import Settings
from playground.ui.compare.easel import Form, Screen
from playground.ui.compare.flow import Flow
from playground.ui.experiment.easel import EXPORTS, ExperimentEasel
from playground.ui.experiment.flow import ExperimentFlow, Labs
from playground.ui.exports import Exports
from playground.ui.history.archive import Archive
from playground.ui.history.past import past_flow
from playground.ui.shelf import Shelf
from playground.ui.visits import Visit, Visits
from playground.ui.voting.ballots import Act
from tests.engine_rig import HURRY, SPEED
from tests.photos import PHOTOS
from tests.refusing_disk import RefusingDisk
from tests.test_ui_experiment import a_form

LANES = ("flux-2-flex", "flux-2-pro")
PAGE = "page"
PATIENCE_S = 30.0


@dataclass
class Rig:
    """All the screens over one desk, with one visit."""

    folder: Path
    desk: Desk
    flow: Flow
    archive: Archive
    labs: Labs
    steps: ExperimentFlow
    easel: ExperimentEasel
    visit: Visit

    async def compare(self, *, is_blind: bool = False, references: object = ()) -> Screen:
        form = Form(prompt="A fox", lanes=LANES, references=list(references))
        screen = await self.flow.run(form, self.visit, PAGE, is_blind=is_blind)
        async with asyncio.timeout(PATIENCE_S):
            while self.flow.easel.running(self.visit) is not None:
                await asyncio.sleep(0.01)
        return screen

    async def screen(self) -> Screen:
        return await self.flow.screen(self.visit, PAGE)


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    folder = tmp_path / "data"
    settings = Settings(
        data_dir=folder, emulator_speed=SPEED, session_cap_usd=None, day_cap_usd=Decimal(100)
    )
    desk = Desk(settings, patience=replace(HURRY, disk_again_s=0.05))
    desk.start()
    thumbnails = folder / "thumbnails"
    visits = Visits(forget_account=desk.close_account)
    flow = Flow(
        desk,
        visits=visits,
        shelf=Shelf(
            desk, upload_dir=tmp_path / "uploads", thumbnails_dir=thumbnails / "references"
        ),
        thumbnails_dir=thumbnails / "pictures",
    )
    archive = past_flow(flow, History(folder), thumbnails_dir=thumbnails).archive
    labs = Labs(desk)
    steps = ExperimentFlow(flow, labs)
    exports = Exports(folder, folder=thumbnails / "exports")
    easel = ExperimentEasel(steps, ballots=flow.ballots, archive=archive, exports=exports)
    try:
        yield Rig(folder, desk, flow, archive, labs, steps, easel, visits.enter(None))
    finally:
        desk.close()


def a_reference(rig: Rig, tmp_path: Path) -> object:
    upload = tmp_path / "uploads" / "photo.jpg"
    upload.parent.mkdir()
    shutil.copy(PHOTOS[0], upload)
    return rig.flow.shelf.add_file(str(upload), name="photo.jpg", shrink=False)


# ---- who may read it ----------------------------------------------------------------------------


@pytest.fixture
def careless() -> Iterator[None]:
    """The umask of somebody who lets everybody read everything."""
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.usefixtures("careless")
@pytest.mark.anyio
async def test_everything_written_is_for_its_owner_only(tmp_path, request):
    rig: Rig = request.getfixturevalue("rig")  # made under that umask
    screen = await rig.compare(is_blind=True, references=[a_reference(rig, tmp_path)])
    views = rig.desk.views(screen.comparison_id)
    sight = rig.flow.ballots.look(rig.visit.voter_id, views)
    act = Act(name="cast", token=sight.showing.token, echo=1, answer=Answer.TIE, note="so")
    assert rig.flow.ballots.act_on(act, rig.visit.voter_id, views) is None
    await rig.screen()
    rig.archive.mark(screen.comparison_id, MarkKind.STAR, "", rig.visit, is_on=True)
    rig.archive.export_picture(views[0].run_id, rig.visit, with_record=True)
    rig.archive.thumbnail(views[0].run.file)
    one = await rig.compare()
    rig.archive.export_comparisons([screen.comparison_id], rig.visit, with_records=True)
    both = [screen.comparison_id, one.comparison_id]
    rig.archive.export_comparisons(both, rig.visit, with_records=False)
    outcome = await asyncio.to_thread(rig.steps.start, a_form("A fox\nA hare"), rig.visit)
    await asyncio.to_thread(
        rig.desk.wait_for, rig.labs.default.wait(outcome.experiment_id, every_s=0.02)
    )
    for kind in EXPORTS:
        rig.easel.export(outcome.experiment_id, kind, rig.visit)
    rig.desk.close()

    paths = [rig.folder, *rig.folder.rglob("*")]
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in paths}
    open_ones = {
        str(path.relative_to(rig.folder)): oct(mode)
        for path, mode in modes.items()
        if mode != (0o700 if path.is_dir() else 0o600)
    }
    seen = {path.relative_to(rig.folder).parts[0] for path in paths[1:]}
    assert open_ones == {}
    assert seen >= {
        "emulator",
        "experiments",
        "marks.csv",
        "pictures",
        "references",
        "runs.csv",
        "secret",
        "thumbnails",
        "votes.csv",
    }


# ---- what the screen says when the disk refuses ---------------------------------------------------


@pytest.mark.parametrize("refusal", [errno.ENOSPC, errno.EROFS], ids=["full", "read-only"])
@pytest.mark.anyio
async def test_the_screen_says_what_is_wrong_buys_nothing_and_goes_on_by_itself(
    refusal, rig, monkeypatch
):
    emulator = rig.desk.playground.emulator.emulator
    disk = RefusingDisk(rig.folder, monkeypatch)
    first = await rig.compare()
    views = rig.desk.views(first.comparison_id)
    sight = rig.flow.ballots.look(rig.visit.voter_id, views)
    paid = len(emulator.charges())
    disk.refuses = refusal

    refused = await rig.compare()
    act = Act(name="cast", token=sight.showing.token, echo=1, answer=Answer.TIE)
    judged = await rig.flow.judge(act, rig.visit, PAGE)
    entered = await rig.flow.enter(rig.visit, PAGE, first.comparison_id)

    reason = os.strerror(refusal)
    assert reason in refused.notice
    assert "Free some space" in refused.notice
    assert refused.comparison_id == first.comparison_id  # what was there stays in sight
    assert len(emulator.charges()) == paid
    assert reason in str(judged.vote)
    assert all("<img" in card for card in entered.cards)
    disk.refuses = None
    again = await rig.compare()
    assert again.comparison_id != first.comparison_id
    assert len(emulator.charges()) == paid + 2


@pytest.mark.parametrize("refusal", [errno.ENOSPC, errno.EROFS], ids=["full", "read-only"])
@pytest.mark.anyio
async def test_the_card_of_a_paid_picture_says_that_it_waits_for_the_disk(
    refusal, rig, monkeypatch
):
    disk = RefusingDisk(rig.folder / "partial", monkeypatch)
    disk.refuses = refusal

    screen = await rig.compare()
    waiting = await rig.screen()
    disk.refuses = None
    rig.desk.playground.engine._loop.call_soon_threadsafe(rig.desk.playground.engine.recover)
    async with asyncio.timeout(PATIENCE_S):
        while any(view.run is None for view in rig.desk.views(screen.comparison_id)):
            await asyncio.sleep(0.01)
    done = await rig.screen()

    assert all("paid for" in card and os.strerror(refusal) in card for card in waiting.cards)
    assert all("Nothing is lost" in card for card in waiting.cards)
    assert all("<img" in card for card in done.cards)


@pytest.mark.parametrize("refusal", [errno.ENOSPC, errno.EROFS], ids=["full", "read-only"])
@pytest.mark.anyio
async def test_an_experiment_that_meets_a_disk_that_refuses_loses_and_doubles_nothing(
    refusal, rig, monkeypatch
):
    emulator = rig.desk.playground.emulator.emulator
    disk = RefusingDisk(rig.folder, monkeypatch)
    prompts = "\n".join(f"A fox, number {number}" for number in range(6))
    outcome = await asyncio.to_thread(rig.steps.start, a_form(prompts), rig.visit)
    async with asyncio.timeout(PATIENCE_S):
        while len(emulator.charges()) < 3:
            await asyncio.sleep(0.002)
        disk.refuses = refusal
        while not disk.refused:
            await asyncio.sleep(0.002)
    with pytest.raises(StorageError):  # what the screen says then
        await asyncio.to_thread(rig.steps.start, a_form("A hare"), rig.visit)
    disk.refuses = None

    lab = rig.labs.default
    async with asyncio.timeout(PATIENCE_S):
        while lab.progress(outcome.experiment_id).counts.n_done < 12:
            if lab.progress(outcome.experiment_id).standing is Standing.PAUSED:
                await asyncio.to_thread(lab.run, outcome.experiment_id)
            await asyncio.sleep(0.05)

    charges = [charge.client_business_id for charge in emulator.charges()]
    assert len(charges) == len(set(charges)) == 12
