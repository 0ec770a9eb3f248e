"""One log, four places: the screen, the notebook, the report and the command line say the same numbers."""

import html
import json
import re
from pathlib import Path

import pytest

from playground import load_runs
from playground.cli import main as cli
from playground.cli.terminal import Exit
from playground.judging.votes import load_votes
from playground.results.checks import checks_of
from playground.results.scope import Scope
from playground.results.sentences import phrase
from playground.results.summary import Summary, summarise
from playground.results.truth import read_truth
from playground.results.verdict import Verdict, judge
from playground.schema import Origin
from playground.settings import Settings
from playground.ui.results.findings import FindingsBook, Question
from playground.ui.results.page import top_html, trust_html
from playground.ui.results.times import times_html

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"
SAMPLE = NOTEBOOKS / "sample"


@pytest.fixture(scope="module")
def experiment_id() -> str:
    return read_truth(SAMPLE).experiment("plain")


@pytest.fixture(scope="module")
def summary(experiment_id: str) -> Summary:
    runs, votes = load_runs(SAMPLE / "runs.csv"), load_votes(SAMPLE / "votes.csv")
    return summarise(runs, votes, origin=Origin.EMULATED, experiment_id=experiment_id)


@pytest.fixture(scope="module")
def verdict(summary: Summary) -> Verdict:
    return judge(summary)


@pytest.fixture(scope="module")
def expected(summary: Summary, verdict: Verdict) -> tuple[str, ...]:
    """What every place must say: the sentence, each check, the counts and the ratio of times."""
    assert summary.time_ratio is not None
    return (
        verdict.sentence.replace("**", ""),
        *(check.sentence for check in checks_of(summary, verdict)),
        f"{verdict.wins} of {verdict.n}",
        f"{summary.time_ratio.estimate:.2f}",
    )


def words(markup: str) -> str:
    inline = re.sub(r"</?strong[^>]*>", "", markup)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", inline)).split())


def report(capsys, experiment_id: str, *more: str) -> str:
    argv = ["report", "--data", str(SAMPLE), "--experiment", experiment_id, *more]
    assert cli.main(argv, settings=lambda: Settings(data_dir=SAMPLE)) == Exit.DONE
    return capsys.readouterr().out


def test_the_screen_says_it(expected, experiment_id):
    question = Question(scope=Scope(experiment_id=experiment_id), origin=Origin.EMULATED)
    findings = FindingsBook(SAMPLE).answer(question)

    shown = words(
        str(top_html(findings)) + str(trust_html(findings.checks)) + str(times_html(findings))
    )

    # That they are emulated stands on a badge beside the sentence.
    assert "Emulated" in shown
    prefix = f"{phrase('emulated').in_words()} "
    for each in (expected[0].removeprefix(prefix), *expected[1:]):
        assert each in shown


def test_the_command_line_says_it(expected, experiment_id, capsys):
    printed = " ".join(report(capsys, experiment_id).split())

    for each in expected:
        assert each in printed


def test_the_report_says_it(expected, experiment_id, capsys, tmp_path):
    report(capsys, experiment_id, "--html", str(tmp_path / "report.html"))
    written = words((tmp_path / "report.html").read_text("utf-8"))

    for each in expected:
        assert each in written


def test_the_notebook_says_it(summary, verdict):
    notebook = json.loads((NOTEBOOKS / "02_which_model.ipynb").read_text("utf-8"))
    kept = "".join(
        line
        for cell in notebook["cells"]
        for output in cell.get("outputs", ())
        for line in (output.get("text") or output.get("data", {}).get("text/plain") or ())
    )

    assert verdict.sentence.replace("**", "") in kept
    assert f"{summary.n_pairs_judged} pairs judged here" in kept
    for check in checks_of(summary, verdict):
        assert check.sentence in kept
