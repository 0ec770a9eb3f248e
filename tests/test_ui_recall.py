"""A picture that is dropped brings its request along: by its bytes, by what it says, or by its looks."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from playground.errors import PictureError, UnusableReferenceError
from playground.images.measurement import difference_hash
from playground.provenance.records import exported
from playground.runner.desk import Desk
from playground.schema import Run
from playground.settings import Settings
from playground.ui.compare.recall import Recalls
from playground.ui.shelf import Shelf
from playground.ui.visits import Visit
from tests.judging_rig import a_run, log_runs

VISIT = Visit(visit_id="v")


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    started = Desk(Settings(data_dir=tmp_path_factory.mktemp("recall")))
    started.start()
    yield started
    started.close()


@pytest.fixture
def uploads(tmp_path: Path) -> Path:
    folder = tmp_path / "uploads"
    folder.mkdir()
    return folder


@pytest.fixture
def recalls(desk: Desk, uploads: Path, tmp_path: Path) -> Recalls:
    shelf = Shelf(desk, upload_dir=uploads, thumbnails_dir=tmp_path / "thumbnails")
    return Recalls(desk, shelf)


def picture(folder: Path, seed: int, name: str = "a.png") -> Path:
    path = folder / name
    coarse = np.random.default_rng(seed).integers(0, 256, (9, 9), dtype=np.uint8)
    image = Image.fromarray(coarse).resize((96, 96), Image.Resampling.BICUBIC)
    image.save(path)
    return path


def made(desk: Desk, file: Path, number: int, **changes: object) -> Run:
    """A logged run whose picture is that file."""
    import hashlib

    data = file.read_bytes()
    with Image.open(file) as image:
        dhash = difference_hash(image)
    run = a_run(number, sha256=hashlib.sha256(data).hexdigest(), dhash=dhash, **changes)
    log_runs(desk.settings.data_dir, [run])
    return run


def test_the_file_itself_brings_back_its_comparison(desk: Desk, recalls: Recalls, uploads: Path):
    file = picture(uploads, 1)
    run = made(desk, file, 101, prompt="A red fox\nin the snow")

    told = recalls.look_up(str(file), VISIT)

    assert told is not None
    assert told["words"] == "This picture was made here, for “A red fox in the snow”."
    recalled = recalls.get(told["token"], VISIT)
    assert recalled is not None
    assert recalled.comparison_id == run.comparison_id


def test_an_exported_copy_does_too(desk: Desk, recalls: Recalls, uploads: Path):
    file = picture(uploads, 2)
    run = made(desk, file, 102)
    file.write_bytes(exported(file.read_bytes(), run))

    told = recalls.look_up(str(file), VISIT)

    assert told is not None
    assert recalls.get(told["token"], VISIT).comparison_id == run.comparison_id


def test_a_copy_that_only_looks_the_same_says_so(desk: Desk, recalls: Recalls, uploads: Path):
    file = picture(uploads, 3)
    made(desk, file, 103)
    with Image.open(file) as image:
        image.convert("RGB").save(uploads / "copy.jpg", quality=90)

    told = recalls.look_up(str(uploads / "copy.jpg"), VISIT)

    assert told is not None
    assert told["words"].startswith("This picture looks like one made here")


def test_a_picture_made_elsewhere_fills_the_form_with_what_it_says(recalls: Recalls, uploads: Path):
    file = picture(uploads, 4)
    run = a_run(104, lane=2, prompt="A tin robot", size="3:2", reference_count=1)
    run = replace(run, reference_sha256="ab" * 32, reference_urls="https://files.test/x.png")
    file.write_bytes(exported(file.read_bytes(), run))

    told = recalls.look_up(str(file), VISIT)
    recalled = recalls.get(told["token"], VISIT) if told else None

    assert recalled is not None
    assert recalled.comparison_id is None
    assert "not in this log" in recalled.words
    assert recalled.form is not None
    assert (recalled.form.prompt, recalled.form.size) == ("A tin robot", "3:2")
    assert recalled.form.lanes == ("flux-2-flex", "flux-2-pro")
    assert recalled.form.references == []
    assert "image 1" in (recalled.notice or "")


def test_any_other_picture_brings_nothing(recalls: Recalls, uploads: Path):
    assert recalls.look_up(str(picture(uploads, 5)), VISIT) is None


def test_what_is_told_never_names_the_model(desk: Desk, recalls: Recalls, uploads: Path):
    file = picture(uploads, 6)
    run = made(desk, file, 106)

    told = recalls.look_up(str(file), VISIT)

    assert run.model not in str(told)
    assert run.run_id not in str(told)


def test_a_visitor_is_told_of_own_runs_only(desk: Desk, recalls: Recalls, uploads: Path):
    file = picture(uploads, 7)
    made(desk, file, 107, owner_id="somebody")

    assert recalls.look_up(str(file), VISIT) is None
    assert recalls.look_up(str(file), Visit(visit_id="w", owner_id="somebody")) is not None


def test_only_uploaded_pictures_are_read(recalls: Recalls, uploads: Path, tmp_path: Path):
    with pytest.raises(UnusableReferenceError):
        recalls.look_up(str(picture(tmp_path, 8)), VISIT)
    (uploads / "b.png").write_text("no picture")
    with pytest.raises(PictureError):
        recalls.look_up(str(uploads / "b.png"), VISIT)
