"""Files made ready for download: whole, nameless to those who guess, and gone after a while."""

import os
import re
import shutil
import time
from dataclasses import replace
from pathlib import Path

import pytest

from playground.errors import PictureError
from playground.provenance.records import read_provenance, stripped
from playground.schema import Run
from playground.ui.exports import KEPT_S, Exports, Packed
from tests.judging_rig import a_picture, a_run, keep_picture


def _exports(tmp_path: Path, **changes: str) -> tuple[Exports, Run]:
    run = keep_picture(tmp_path, a_run(), a_picture("JPEG", comment=b"made by a camera"))
    return Exports(tmp_path, folder=tmp_path / "exports"), replace(run, **changes)


def test_a_picture_carries_its_record_or_else_no_metadata(tmp_path: Path) -> None:
    exports, run = _exports(tmp_path)
    kept = (tmp_path / f"{run.file}").read_bytes()

    told = exports.picture(run, with_record=True).path.read_bytes()
    plain = exports.picture(run, with_record=False)

    record = read_provenance(told)
    assert record is not None
    assert (record.run_id, record.prompt) == (run.run_id, run.prompt)
    assert plain.path.read_bytes() == stripped(kept)
    assert b"camera" not in plain.path.read_bytes()
    assert plain.size_bytes == plain.path.stat().st_size


def test_nobody_can_guess_where_a_file_is(tmp_path: Path) -> None:
    exports, run = _exports(tmp_path)

    folders = {exports.picture(run, with_record=True).path.parent.name for _ in range(3)}

    assert len(folders) == 3
    assert all(re.fullmatch(r"[0-9a-f]{32}", name) for name in folders)


@pytest.mark.parametrize("model", ["../../x", "a/b\\c", '"><script>', "", "…"])
def test_no_row_decides_where_a_file_is_written(tmp_path: Path, model: str) -> None:
    exports, run = _exports(tmp_path, model=model)

    path = exports.picture(run, with_record=False).path

    assert path.parent.parent == tmp_path / "exports"
    assert re.fullmatch(r"[A-Za-z0-9._-]+\.jpg", path.name)


def test_a_picture_that_is_gone_or_altered_is_refused(tmp_path: Path) -> None:
    exports, run = _exports(tmp_path)
    picture = tmp_path / f"{run.file}"
    picture.write_bytes(a_picture("JPEG", seed=5))

    with pytest.raises(PictureError, match="not the one that came"):
        exports.picture(run, with_record=False)
    picture.unlink()
    with pytest.raises(PictureError, match="no longer"):
        exports.picture(run, with_record=False)


def test_old_files_are_removed_when_new_ones_are_made(tmp_path: Path) -> None:
    exports, run = _exports(tmp_path)
    old = exports.picture(run, with_record=False).path
    recent = exports.picture(run, with_record=False).path
    os.utime(old.parent, (0, time.time() - KEPT_S - 1))

    exports.picture(run, with_record=False)

    assert not old.parent.exists()
    assert recent.exists()


@pytest.mark.parametrize("gone_at", ["the folder", "a file in it"])
def test_a_folder_that_another_thread_removes_meanwhile_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gone_at: str
) -> None:
    exports, run = _exports(tmp_path)
    old = exports.picture(run, with_record=False).path
    vanishing = old.parent if gone_at == "the folder" else old
    stat = Path.stat

    def stat_after_removal(path: Path, **options: bool) -> os.stat_result:
        if path == vanishing:
            shutil.rmtree(old.parent, ignore_errors=True)
        return stat(path, **options)

    monkeypatch.setattr(Path, "stat", stat_after_removal)

    assert exports.picture(run, with_record=False).path.exists()
    assert not old.exists()


def test_a_zip_holds_between_one_and_a_hundred_comparisons(tmp_path: Path) -> None:
    exports, run = _exports(tmp_path)
    packed = Packed(comparison_id=run.comparison_id, runs=(run,))

    for many in ([], [packed] * 101):
        with pytest.raises(ValueError, match="1 to 100"):
            exports.bundles(many, with_records=True)
