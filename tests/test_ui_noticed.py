"""What is noticed about pictures: told from the log and the kept references, looked at once."""

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from playground.images.measurement import difference_hash
from playground.provenance import guards
from playground.provenance.guards import GuardKind
from playground.ui.noticed import Noticed
from tests.ui_samples import a_finished_view


def reference(folder: Path) -> tuple[str, str]:
    """A kept reference: its hash and its looks."""
    coarse = np.random.default_rng(3).integers(0, 256, (9, 9), dtype=np.uint8)
    image = Image.fromarray(coarse).resize((96, 96))
    image.save(folder / "draft.png")
    data = (folder / "draft.png").read_bytes()
    sha256 = hashlib.sha256(data).hexdigest()
    (folder / "draft.png").rename(folder / f"{sha256}.png")
    return sha256, difference_hash(image)


def test_an_edit_that_changed_nothing_is_noticed_and_its_reference_decoded_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sha256, dhash = reference(tmp_path)
    view = a_finished_view()
    assert view.run is not None
    run = replace(view.run, reference_sha256=sha256, reference_count=1, dhash=dhash)
    views = (replace(view, run=run),)
    looked: list[Path] = []
    real = guards.measure
    monkeypatch.setattr(guards, "measure", lambda path: looked.append(path) or real(path))
    noticed = Noticed(tmp_path)

    first, second = noticed.about(views), noticed.about(views)

    assert [guard.kind for guard in first] == [GuardKind.NOT_NOMINAL, GuardKind.UNCHANGED]
    assert first == second
    assert len(looked) == 1


def test_of_a_run_under_way_nothing_is_noticed(tmp_path: Path) -> None:
    view = replace(a_finished_view(), run=None)

    assert Noticed(tmp_path).about((view,)) == ()
