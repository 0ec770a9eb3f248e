"""The report says what the summary and the verdict say, and nothing anyone typed becomes markup."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest

from playground.cli import main as cli
from playground.cli.terminal import Exit
from playground.errors import InvalidRequestError
from playground.experiment.names import PlanNames
from playground.history.marks import MarkLog
from playground.judging.votes import VoteLog, load_votes
from playground.report.document import report_html, report_of, report_on
from playground.report.page import interval_bar, page, sentence
from playground.report.tables import share_words, usd_words
from playground.results.checks import checks_of
from playground.results.stats import wilson
from playground.results.summary import summarise
from playground.results.verdict import judge
from playground.runlog import RunLog, load_runs
from playground.schema import Origin
from playground.settings import Settings
from tests.results_rig import FLEX, NOON, PRO, comparisons, summed_up, votes_on

NOW = datetime(2026, 5, 1, tzinfo=UTC)
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)> \x1b[2J **bold** </table>"


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.names: set[str] = set()
        self.words = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.names |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.words += data


@pytest.fixture
def folder(tmp_path):
    """A log of 24 prompts, pro preferred on most; one prompt is hostile, and so is its vote's note."""
    runs = comparisons(24)
    runs[4:6] = [replace(run, prompt=HOSTILE) for run in runs[4:6]]
    answers = [FLEX if number % 8 == 2 else PRO for number in range(24)]
    votes = [replace(vote, note=HOSTILE) for vote in votes_on(runs, answers)]
    log, ballots = RunLog(tmp_path / "runs.csv"), VoteLog(tmp_path / "votes.csv")
    for run in runs:
        log.append(run)
    for vote in votes:
        ballots.append(vote)
    MarkLog(tmp_path / "marks.csv").tag(runs[4].comparison_id, HOSTILE[:50], is_on=True, at=NOON)
    return tmp_path


def command(folder, capsys, *argv: str) -> tuple[int, str]:
    code = cli.main(argv, settings=lambda: Settings(data_dir=folder))
    return code, capsys.readouterr().out


def test_it_says_what_summary_and_verdict_say(folder, capsys):
    runs, votes = load_runs(folder / "runs.csv"), load_votes(folder / "votes.csv")
    summary = summarise(runs, votes, origin=Origin.LIVE)
    verdict = judge(summary)

    code, out = command(folder, capsys, "report")

    assert code == Exit.DONE
    assert verdict.sentence.replace("**", "") in out
    for check in checks_of(summary, verdict):
        assert check.sentence in out
    assert f"{summary.tally.wins} of {summary.tally.n_prompts}" in out
    assert f"{summary.time_ratio.estimate:.2f} times as long" in out


def test_json_is_the_same_numbers_and_one_document(folder, capsys):
    runs, votes = load_runs(folder / "runs.csv"), load_votes(folder / "votes.csv")
    summary = summarise(runs, votes, origin=Origin.LIVE)

    document = json.loads(command(folder, capsys, "report", "--json")[1])

    share = document["votes"]["share_second"]
    assert (share["wins"], share["n"]) == (21, 24)
    assert (share["low"], share["high"]) == (
        summary.tally.sequence.low,
        summary.tally.sequence.high,
    )
    assert document["seconds"]["ratio_second_to_first"] == summary.time_ratio.estimate
    assert document["money"]["charged_usd"][FLEX] == str(summary.money[0].charged_usd)
    assert document["verdict"]["sentence"] == judge(summary).sentence


def test_nothing_anyone_typed_becomes_markup(folder, capsys):
    code, out = command(folder, capsys, "report", "--html", str(folder / "r.html"))
    written = (folder / "r.html").read_text(encoding="utf-8")
    reader = _Reader()
    reader.feed(written)

    assert code == Exit.DONE
    assert "\x1b" not in out
    assert not {"script", "img", "iframe", "link"} & set(reader.tags)
    assert not [name for name in reader.names if name.startswith("on")]
    assert "<script>alert(1)</script>" in reader.words
    assert "http-equiv" in reader.names
    assert "http://" not in written
    assert "https://" not in written


def test_emulated_and_live_are_never_reported_together(folder):
    live = report_on(folder, made_at=NOW)
    emulated = report_on(folder, origin=Origin.EMULATED, made_at=NOW)

    assert live.summary.origin is Origin.LIVE
    assert "No votes yet." in emulated.verdict.sentence
    assert "emulator" in report_html(emulated)


def test_an_experiment_that_is_not_there_is_told(folder, capsys):
    with pytest.raises(InvalidRequestError, match="exp_none"):
        report_on(folder, experiment_id="exp_none", made_at=NOW)
    assert command(folder, capsys, "report", "--experiment", "exp_none")[0] == Exit.BAD_INPUT


def test_a_log_without_votes_has_a_report_too(tmp_path, capsys):
    RunLog(tmp_path / "runs.csv").append(comparisons(1)[0])

    code, out = command(tmp_path, capsys, "report", "--html", str(tmp_path / "r.html"))

    assert code == Exit.DONE
    assert "No votes yet." in out
    assert "<h1>flex and pro compared</h1>" in (tmp_path / "r.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("argv", [("report", "--html", "r.html"), ("export", "--to", "out")])
@pytest.mark.parametrize(
    ("name", "words"), [("nope", "There is no folder"), ("empty", "There is no runs.csv in")]
)
def test_where_nothing_was_logged_there_is_nothing_to_tell(
    tmp_path, monkeypatch, capsys, argv, name, words
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()

    code = cli.main([*argv, "--data", name], settings=lambda: Settings(data_dir=tmp_path))

    told = capsys.readouterr()
    assert (code, told.out) == (Exit.BAD_INPUT, "")
    assert f"{words} {name}" in told.err
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["empty"]


def test_experiments_are_called_by_their_plans_names(folder, capsys):
    ids = [f"exp_{number:024x}" for number in range(4)]
    log, ballots = RunLog(folder / "runs.csv"), VoteLog(folder / "votes.csv")
    for experiment_id, name in zip(ids, ("Night signs", "Twice", "Twice", None), strict=True):
        runs = [
            replace(
                run, run_id=f"{experiment_id}{run.run_id}", comparison_id=f"{experiment_id}{n}_1"
            )
            for n, run in enumerate(
                comparisons(6, experiment_id=experiment_id, prompt=experiment_id)
            )
        ]
        runs[1::2] = [
            replace(two, comparison_id=one.comparison_id)
            for one, two in zip(runs[::2], runs[1::2], strict=True)
        ]
        runs = [replace(run, prompt=f"{n // 2} {experiment_id}") for n, run in enumerate(runs)]
        for run in runs:
            log.append(run)
        for vote in votes_on(runs, [PRO, FLEX] * 3):
            ballots.append(vote)
        if name is not None:
            plan = folder / "experiments" / experiment_id / "plan.json"
            plan.parent.mkdir(parents=True)
            plan.write_text(json.dumps({"name": f" {name}\n"}), encoding="utf-8")

    out = command(folder, capsys, "report")[1]

    assert re.findall(r"experiment (.+?)  +3 of 6", out) == [
        "Night signs",
        "Twice (exp_…000001)",
        "Twice (exp_…000002)",
        "exp_…000003",
    ]


def test_a_plans_name_is_read_whatever_stands_in_its_file(tmp_path):
    names = PlanNames(tmp_path)
    folder = tmp_path / "experiments"
    for number, content in enumerate(
        ("", "[]", '{"name": 7}', '{"name": " "}', '{"name": "\\ud800"}')
    ):
        (folder / f"exp_{number:024x}").mkdir(parents=True)
        (folder / f"exp_{number:024x}" / "plan.json").write_text(content, encoding="utf-8")
    (tmp_path / "plan.json").write_text('{"name": "outside"}', encoding="utf-8")

    assert [names.name_of(f"exp_{number:024x}") for number in range(4)] == [None] * 4
    assert names.name_of("..") is None
    assert names.name_of("exp_../..") is None


def test_a_winner_of_an_earlier_vote_is_told_as_what_it_is():
    runs = comparisons(20)
    report = report_of(summed_up(runs, votes_on(runs, [FLEX] * 10 + [PRO] * 10)), made_at=NOW)
    (votes,) = (table for table in report.tables if table.title == "Votes")

    assert (
        "e-value, at any time",
        "0.27 (a winner from 20: reached 93.1 at vote 10, not now)",
    ) in votes.rows
    called = report.to_json()["verdict"]["called_before"]
    assert (called["model"], called["n_votes"]) == (FLEX, 10)
    assert [t.title for t in report.tables if t.title == "Votes against the trend"] == []


def test_under_five_prompts_no_percentage_is_given():
    runs = comparisons(4)
    report = report_of(summed_up(runs, votes_on(runs, [PRO] * 4)), made_at=NOW)
    (votes,) = (table for table in report.tables if table.title == "Votes")

    assert share_words(wilson(3, 4)) == "3 of 4"
    assert not [row for row in votes.rows if "%" in row[1]]
    assert 'class="bar"' not in report_html(report)


def test_the_dearer_model_has_the_break_even_only_when_it_is_preferred():
    runs = comparisons(12)
    dear = report_of(summed_up(runs, votes_on(runs, [FLEX] * 9 + [PRO] * 3)), made_at=NOW)
    cheap = report_of(summed_up(runs, votes_on(runs, [PRO] * 9 + [FLEX] * 3)), made_at=NOW)

    def row(report):
        (table,) = (each for each in report.tables if each.title == "Money within pairs")
        return table.rows[-1]

    assert row(dear)[0].endswith("the dearer flex pays")
    assert row(dear)[1] == "$0.09"
    assert row(cheap)[1] == "never: the cheaper is preferred"


@pytest.mark.parametrize(
    ("usd", "words"),
    [
        (0.045, "$0.045"),
        (-0.045, "−$0.045"),
        (5, "$5.00"),
        (None, "not known"),
        (-0.000001, "$0.00"),
    ],
)
def test_dollars_are_plain(usd, words):
    assert usd_words(usd) == words


def test_the_builder_bolds_and_escapes():
    assert sentence("a **b<i>** c") == "<p>a <strong>b&lt;i&gt;</strong> c</p>"
    assert "<title>&lt;b&gt;</title>" in page("<b>")
    assert 'aria-label="7 of 10 &lt;for&gt; pro"' in interval_bar(
        0.5, 0.7, 0.9, left="flex", right="pro", words="7 of 10 <for> pro"
    )
