"""Where strangers come pictures go by age: never one of a run under way, and never a row."""

import asyncio
import os
import threading
import time
from pathlib import Path

import pytest

from playground.identity import picture_stem, thumbnail_stem
from playground.images import thumbnail
from playground.references import prepare_reference
from playground.runner.cleaning import COPIES_KEPT_S, Cleaner, Janitor
from tests.engine_rig import EngineRig, open_rig
from tests.photos import PHOTOS

pytestmark = pytest.mark.anyio

DAY_S = 24 * 3600.0


def aged(path: Path, age_s: float = DAY_S + 60) -> Path:
    then = time.time() - age_s
    os.utime(path, (then, then))
    return path


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.rglob("*") if path.is_file()}


def cleaner(rig: EngineRig, **changes) -> Cleaner:
    return Cleaner(rig.engine.kit, kept_s=DAY_S, **changes)


async def test_old_pictures_go_with_their_small_copies_and_their_rows_stay(tmp_path):
    async with open_rig(tmp_path) as rig:
        old, young = await rig.run("c1")
        data = rig.engine.kit.data_dir
        for row in (old, young):
            thumbnail(data / row.file, data / "thumbnails" / "pictures", max_px=256)
        aged(data / old.file)

        assert cleaner(rig).clean() == 2
        assert files(data / "pictures") == {Path(young.file).name}
        assert files(data / "thumbnails") == {f"{Path(young.file).stem}-256.jpg"}
        assert rig.engine.log.get(old.run_id) == old
        assert rig.engine.view(old.run_id).picture is not None  # the card says that it is gone


async def test_what_a_run_under_way_needs_stays_however_old(tmp_path):
    async with open_rig(tmp_path, emulator={"speed": 0.01}) as rig:
        engine, data = rig.engine, rig.engine.kit.data_dir
        sent = prepare_reference(PHOTOS[0], name="sent", folder=engine.references_dir)
        other = prepare_reference(PHOTOS[1], name="other", folder=engine.references_dir)
        small = thumbnail(
            sent.path,
            data / "thumbnails" / "references",
            stem=thumbnail_stem(rig.engine.secret, sent.sha256),
        )
        (view, _) = await rig.begin(references=(sent,))
        kept = data / "pictures" / f"{picture_stem(engine.secret, view.run_id)}.jpg"
        kept.write_bytes(PHOTOS[0].read_bytes())
        for path in (sent.path, other.path, kept):
            aged(path)
        cleaner(rig).clean()

        assert sent.path.is_file()
        assert kept.is_file()
        assert small.is_file()
        assert not other.path.exists()


async def test_what_an_unfinished_experiment_will_send_stays(tmp_path):
    async with open_rig(tmp_path) as rig:
        planned = prepare_reference(PHOTOS[0], name="x", folder=rig.engine.references_dir)
        aged(planned.path)
        cleaner(rig, also_used=lambda: {planned.sha256}).clean()
        assert planned.path.is_file()

        cleaner(rig).clean()
        assert not planned.path.exists()


async def test_a_reference_that_is_added_again_is_young_again(tmp_path):
    async with open_rig(tmp_path) as rig:
        folder = rig.engine.references_dir
        aged(prepare_reference(PHOTOS[0], name="x", folder=folder).path)
        again = prepare_reference(PHOTOS[0], name="x", folder=folder)
        cleaner(rig).clean()

        assert again.path.is_file()


async def test_copies_that_can_be_made_again_go_sooner(tmp_path):
    async with open_rig(tmp_path) as rig:
        copies = rig.engine.kit.data_dir / "thumbnails" / "blind"
        copies.mkdir(parents=True)
        for name, age_s in (("old.png", COPIES_KEPT_S + 60), ("new.png", 60)):
            (copies / name).write_bytes(b"x")
            aged(copies / name, age_s)
        cleaner(rig).clean()

        assert files(copies) == {"new.png"}


async def test_logs_secrets_and_journals_are_never_touched(tmp_path):
    async with open_rig(tmp_path) as rig:
        await rig.run("c1")
        data = rig.engine.kit.data_dir
        before = files(data) - files(data / "pictures") - {"durations.json"}
        for path in data.rglob("*"):
            if path.is_file():
                aged(path)
        cleaner(rig).clean()

        assert files(data / "pictures") == set()
        assert before <= files(data)


async def test_a_chore_that_fails_is_done_again_and_holds_up_no_other():
    done: list[str] = []
    enough = threading.Event()

    def failing() -> None:
        done.append("failing")
        raise PermissionError("no")

    def working() -> None:
        done.append("working")
        if done.count("working") == 2:
            enough.set()

    janitor = Janitor(
        [(0.0, failing), (0.0, working), (3600.0, lambda: done.append("rarely"))], look_every_s=0.01
    )
    await janitor.start()
    async with asyncio.timeout(10):
        while not enough.is_set():
            await asyncio.sleep(0.01)
    await janitor.close()

    assert done.count("failing") >= 2
    assert done.count("rarely") == 1
