"""Verify: rows without a picture, files that were altered, files without a row; nothing is changed."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest

from playground.cli import main as cli
from playground.cli.main import Exit
from playground.errors import StorageError
from playground.journal import Fact, Journal
from playground.provenance.verify import Finding, FindingKind, file_inside, verify
from playground.references import prepare_reference
from playground.settings import Settings
from tests.judging_rig import a_picture, a_run, failed, keep_picture, log_runs


@pytest.fixture
def kept(tmp_path):
    """Three runs with pictures and one without; the first with a reference."""
    reference = prepare_reference(a_picture(seed=9), name="x", folder=tmp_path / "references")
    runs = [
        keep_picture(tmp_path, a_run(n, reference_sha256=None), a_picture(seed=n))
        for n in (1, 2, 3)
    ]
    runs[0] = replace(
        runs[0], reference_sha256=f"{reference.sha256} -", reference_urls="- https://example.com/a"
    )
    log_runs(tmp_path, [*runs, failed(a_run(4))])
    return runs, reference


def state(folder: Path) -> dict[str, tuple[bytes, float]]:
    return {
        str(path): (path.read_bytes(), path.stat().st_mtime)
        for path in folder.rglob("*")
        if path.is_file()
    }


def kinds(tmp_path) -> list[tuple[str, str]]:
    return [(finding.kind, finding.file) for finding in verify(tmp_path).findings]


def test_what_is_as_it_should_be_is_said_with_its_numbers(tmp_path, kept):
    runs, reference = kept
    before = state(tmp_path)

    report = verify(tmp_path)

    assert report.is_clean
    assert (report.n_rows, report.n_files, report.n_unfinished) == (4, 4, 0)
    assert report.size_bytes == sum(run.size_bytes for run in runs) + reference.size_bytes
    assert state(tmp_path) == before


def test_an_empty_folder_is_clean(tmp_path):
    report = verify(tmp_path / "nowhere")

    assert (report.is_clean, report.n_rows, report.n_files) == (True, 0, 0)
    assert not (tmp_path / "nowhere").exists()


def test_each_kind_of_damage_is_told_apart(tmp_path, kept):
    runs, reference = kept
    (tmp_path / runs[0].file).unlink()
    (tmp_path / runs[1].file).write_bytes(a_picture(seed=50))
    (tmp_path / "pictures" / "stray.png").write_bytes(a_picture(seed=51))
    (tmp_path / "pictures" / ".draft.png").write_bytes(b"a download under way")
    reference.path.write_bytes(b"other")

    report = verify(tmp_path)

    assert report.findings == (
        Finding(kind=FindingKind.LOST, file=runs[0].file, run_ids=(runs[0].run_id,)),
        Finding(kind=FindingKind.ALTERED, file=runs[1].file, run_ids=(runs[1].run_id,)),
        Finding(kind=FindingKind.NO_ROW, file="pictures/stray.png"),
        Finding(
            kind=FindingKind.REFERENCE_ALTERED,
            file=f"references/{reference.path.name}",
            run_ids=(runs[0].run_id,),
        ),
    )
    assert not report.is_clean


def test_a_single_changed_byte_is_noticed(tmp_path, kept):
    runs, _ = kept
    path = tmp_path / runs[2].file
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)

    assert kinds(tmp_path) == [("altered", runs[2].file)]


def test_a_lost_reference_is_told_with_all_its_runs(tmp_path, kept):
    runs, reference = kept
    log_runs(tmp_path, [a_run(7, file=None, reference_sha256=reference.sha256)])
    reference.path.unlink()

    (finding,) = verify(tmp_path).findings

    assert (finding.kind, finding.run_ids) == ("reference_lost", (runs[0].run_id, "run_7_1_1"))


@pytest.mark.parametrize("file", ["../secret.png", "/etc/hostname", "pictures/../../x", "a\0b"])
def test_a_row_that_points_out_of_the_folder_is_not_followed(tmp_path, file):
    folder = tmp_path / "data"
    log_runs(folder, [a_run(file=file)])

    assert kinds(folder) == [("outside", file)]
    assert file_inside(folder, file) is None


def test_a_link_out_of_the_folder_is_not_followed(tmp_path):
    folder = tmp_path / "data"
    (tmp_path / "secret.png").write_bytes(a_picture())
    (folder / "pictures").mkdir(parents=True)
    (folder / "pictures" / "run_1_1_1.png").symlink_to(tmp_path / "secret.png")
    log_runs(folder, [a_run()])

    assert kinds(folder) == [("outside", "pictures/run_1_1_1.png")]


@pytest.mark.usefixtures("kept")
def test_the_picture_of_a_run_still_open_is_no_stray(tmp_path):
    stray = tmp_path / "pictures" / "open.png"
    stray.write_bytes(a_picture(seed=77))
    assert kinds(tmp_path) == [("no_row", "pictures/open.png")]
    journal = Journal.open(tmp_path / "journal")
    journal.write("run_open", Fact.INTENT, run={"prompt": "x"})
    journal.write("run_open", Fact.SAVED, file="pictures/open.png", sha256="0" * 64)

    report = verify(tmp_path)

    assert report.is_clean
    assert report.n_unfinished == 1
    journal.close()


def test_two_rows_of_one_file_are_one_reading(tmp_path):
    run = keep_picture(tmp_path, a_run(), a_picture())
    log_runs(tmp_path, [run, replace(run, run_id="run_twin")])

    report = verify(tmp_path)
    (tmp_path / run.file).unlink()

    assert (report.is_clean, report.n_files) == (True, 1)
    assert verify(tmp_path).findings[0].run_ids == (run.run_id, "run_twin")


@pytest.mark.usefixtures("kept")
def test_a_file_that_cannot_be_read_stops_it(tmp_path, monkeypatch):
    def broken(file, _name):
        raise OSError(5, "Input/output error", file.name)

    monkeypatch.setattr(hashlib, "file_digest", broken)

    with pytest.raises(StorageError, match="Input/output error"):
        verify(tmp_path)


# ---- the command ------------------------------------------------------------------------------


@pytest.fixture
def command(tmp_path, capsys):
    def run(*argv: str) -> tuple[int, str, str]:
        code = cli.main(["verify", *argv], settings=lambda: Settings(data_dir=tmp_path))
        return (code, *capsys.readouterr())

    return run


@pytest.mark.usefixtures("kept")
def test_the_command_says_that_all_is_well(command):
    code, out, err = command()

    assert (code, err) == (Exit.DONE, "")
    assert out.startswith("4 rows, 4 files read")
    assert out.endswith("all as it should be.\n")


def test_the_command_tells_each_finding_and_fails(command, kept, tmp_path):
    runs, _ = kept
    (tmp_path / runs[0].file).unlink()
    (tmp_path / "pictures" / "st\x1bray.png").write_bytes(b"x")

    code, out, _ = command()

    assert code == 1
    assert f"lost               {runs[0].file}  the picture is gone  ({runs[0].run_id})" in out
    assert "no_row             pictures/st ray.png  no row tells of this picture" in out
    assert "see above" in out


def test_json_is_one_document(command, kept, tmp_path):
    runs, _ = kept
    (tmp_path / runs[0].file).unlink()

    code, out, err = command("--json")

    assert (code, err) == (Exit.SOME_FAILED, "")
    assert json.loads(out) == {
        "clean": False,
        "rows": 4,
        "files": 3,
        "bytes": sum(run.size_bytes for run in runs[1:]) + kept[1].size_bytes,
        "unfinished": 0,
        "findings": [
            {
                "kind": "lost",
                "file": runs[0].file,
                "run_ids": [runs[0].run_id],
                "says": "the picture is gone",
            }
        ],
    }
