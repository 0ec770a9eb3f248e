"""An exported folder opens with what anyone has, holds what was logged, and tells nobody's secrets."""

import csv
import hashlib
import json
from dataclasses import replace

import pandas as pd
import pytest

from playground import export
from playground.cli import main as cli
from playground.cli.terminal import Exit
from playground.judging.votes import VoteLog, load_votes
from playground.runlog import RunLog, load_runs
from playground.settings import Settings
from tests.results_rig import PRO, comparisons, votes_on

FORMULA = '=HYPERLINK("http://evil.example","x")'
PROMPT = 'one\n"two", three'


@pytest.fixture
def folder(tmp_path):
    data_dir = tmp_path / "data"
    (data_dir / "pictures").mkdir(parents=True)
    runs = []
    for number, run in enumerate(comparisons(3)):
        data = f"picture {number}".encode()
        file = f"pictures/{number:032x}.jpg"
        (data_dir / file).write_bytes(data)
        prompt = FORMULA if number < 2 else PROMPT
        runs.append(
            replace(
                run,
                prompt=prompt,
                file=file,
                sha256=hashlib.sha256(data).hexdigest(),
                owner_id="owner_secret",
                task_id="task_secret",
                result_url="https://files.example/x?sig=secret",
            )
        )
    log, votes = RunLog(data_dir / "runs.csv"), VoteLog(data_dir / "votes.csv")
    for run in runs:
        log.append(run)
    for vote in votes_on(runs, [PRO] * 3):
        votes.append(vote)
    return data_dir


def command(folder, capsys, *argv: str) -> tuple[int, str, str]:
    code = cli.main(("export", *argv), settings=lambda: Settings(data_dir=folder))
    return code, *capsys.readouterr()


@pytest.fixture
def _no_parquet(monkeypatch):
    monkeypatch.setattr("playground.cli.report.has_parquet", lambda: False)


@pytest.mark.usefixtures("_no_parquet")
def test_what_was_logged_comes_back(folder, tmp_path, capsys):
    code, out, _ = command(folder, capsys, "--to", str(tmp_path / "set"))
    before, after = load_runs(folder / "runs.csv"), load_runs(tmp_path / "set" / "runs.csv")

    assert code == Exit.DONE
    assert "install the package pyarrow" in out
    kept = [name for name in before.columns if name not in export.KEPT_BACK]
    pd.testing.assert_frame_equal(after[kept], before[kept])
    assert after[list(export.KEPT_BACK)].isna().all(axis=None)
    pd.testing.assert_frame_equal(
        load_votes(tmp_path / "set" / "votes.csv"), load_votes(folder / "votes.csv")
    )


@pytest.mark.usefixtures("_no_parquet")
def test_nothing_kept_back_is_anywhere_in_the_folder(folder, tmp_path, capsys):
    command(folder, capsys, "--to", str(tmp_path / "set"))

    for path in (tmp_path / "set").rglob("*"):
        assert path.is_dir() or b"secret" not in path.read_bytes()


@pytest.mark.usefixtures("_no_parquet")
def test_a_spreadsheet_runs_nothing(folder, tmp_path, capsys):
    command(folder, capsys, "--to", str(tmp_path / "set"))

    for path in (tmp_path / "set").rglob("*.csv"):
        with path.open(newline="", encoding="utf-8") as file:
            assert not [cell for row in csv.reader(file) for cell in row if cell.startswith("=")]


@pytest.mark.usefixtures("_no_parquet")
def test_every_picture_has_its_line_and_every_line_its_picture(folder, tmp_path, capsys):
    command(folder, capsys, "--to", str(tmp_path / "set"))
    pictures = tmp_path / "set" / "pictures"
    with (pictures / "metadata.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))

    assert len(rows) == 6
    for row in rows:
        data = (pictures / row["file_name"]).read_bytes()
        assert hashlib.sha256(data).hexdigest() == row["sha256"]


@pytest.mark.usefixtures("_no_parquet")
def test_the_card_begins_with_the_block_the_hub_reads(folder, tmp_path, capsys):
    command(folder, capsys, "--to", str(tmp_path / "set"))
    card = (tmp_path / "set" / "README.md").read_text(encoding="utf-8")
    _, block, words = card.split("---\n", 2)

    assert '- config_name: runs\n  data_files: "runs.csv"\n  default: true\n' in block
    assert 'data_files: "pictures/**"' in block
    assert "6 runs, 3 acts of voting" in words
    assert "HYPERLINK" not in card


@pytest.mark.usefixtures("_no_parquet")
def test_a_picture_that_was_altered_or_lost_is_told_and_not_exported(folder, tmp_path, capsys):
    (folder / "pictures" / f"{0:032x}.jpg").write_bytes(b"other")
    (folder / "pictures" / f"{1:032x}.jpg").unlink()

    code, out, _ = command(folder, capsys, "--to", str(tmp_path / "set"), "--json")

    document = json.loads(out)
    assert code == Exit.SOME_FAILED
    assert (document["pictures"], len(document["wanting"])) == (4, 2)


@pytest.mark.usefixtures("_no_parquet")
def test_what_is_there_is_never_overwritten(folder, tmp_path, capsys):
    target = tmp_path / "set"
    target.mkdir()
    (target / "mine.txt").write_text("mine")

    code, _, err = command(folder, capsys, "--to", str(target))

    assert code == Exit.BAD_INPUT
    assert "not empty" in err
    assert [path.name for path in target.iterdir()] == ["mine.txt"]
    assert command(folder, capsys, "--to", str(tmp_path / "none"), "--origin", "emulated")[0] == 2
    assert not (tmp_path / "none").exists()


def test_parquet_reads_back_the_same(folder, tmp_path):
    pytest.importorskip("pyarrow")
    export.export(folder, tmp_path / "set", as_parquet=True)

    frame = pd.read_parquet(tmp_path / "set" / "runs.parquet")

    before = load_runs(folder / "runs.csv")
    assert frame["charged_usd"].tolist() == before["charged_usd"].tolist()
    assert frame["prompt"].tolist() == before["prompt"].tolist()
