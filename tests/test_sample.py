"""The sample log is what its script makes, is small and whole, and says what the notebooks say of it."""

import json
from datetime import UTC, datetime

import nbformat
import pandas as pd
import pytest

from playground.history.marks import current_marks, load_marks
from playground.judging.votes import load_votes
from playground.provenance.verify import verify
from playground.report.document import report_on
from playground.report.sameness import sameness_of
from playground.report.tables import difference_words, usd_words
from playground.results.evidence import gather
from playground.results.factors import factor_effect, net_by_comparison, tagged_factors
from playground.results.sentences import interval_words
from playground.results.stats import confidence_sequence, plan_share
from playground.results.summary import Summary, summarise
from playground.results.truth import read_truth, truth_frame
from playground.results.verdict import judge
from playground.runlog import load_runs
from playground.schema import Origin, RunStatus
from tests.make_sample import (
    README,
    SAMPLE,
    SMALL,
    make_sample,
    reference_trials,
    truth,
    votes_on,
    wording_trials,
)
from tests.sample_prompts import EDITS, SUBJECTS

MAX_BYTES = 3_000_000
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def plain() -> Summary:
    return summarise(
        load_runs(SAMPLE / "runs.csv"),
        load_votes(SAMPLE / "votes.csv"),
        origin=Origin.EMULATED,
        experiment_id=read_truth(SAMPLE).experiment("plain"),
    )


def effect(experiment: str, factor: str, base: str, other: str, within: str):
    found = gather(
        load_runs(SAMPLE / "runs.csv"),
        load_votes(SAMPLE / "votes.csv"),
        origin=Origin.EMULATED,
        experiment_id=read_truth(SAMPLE).experiment(experiment),
    )
    factors = tagged_factors(current_marks(load_marks(SAMPLE / "marks.csv")))
    net = net_by_comparison(found)
    factors = factors.reindex(net.index).dropna(axis=1, how="all")
    return factor_effect(net, factors, factor=factor, base=base, other=other, within=within)


def finding(number: str) -> str:
    (path,) = (SAMPLE.parent).glob(f"{number}_*.ipynb")
    return nbformat.read(path, as_version=4).cells[0].source.splitlines()[2]


def test_it_is_small_whole_and_says_that_it_is_emulated():
    files = [path for path in SAMPLE.rglob("*") if path.is_file()]
    runs = load_runs(SAMPLE / "runs.csv")

    assert sum(path.stat().st_size for path in files) < MAX_BYTES
    assert verify(SAMPLE).is_clean
    assert (runs["origin"] == "emulated").all()
    assert (SAMPLE / "README.md").read_text(encoding="utf-8") == README
    assert "Emulated, with a known truth" in README


def test_it_has_repeats_references_and_every_kind_of_failure():
    runs = load_runs(SAMPLE / "runs.csv")

    assert set(runs["status"]) == set(RunStatus) - {RunStatus.CANCELLED}
    assert "moderation" in set(runs["error_kind"])
    assert runs["repeat"].max() > 1
    assert runs["reference_count"].max() == 1
    assert runs["comparison_id"].nunique() > 100


def test_its_truth_is_that_of_the_script():
    assert json.loads((SAMPLE / "truth.json").read_text(encoding="utf-8")) == truth()


@pytest.fixture(scope="module")
def two_samples(tmp_path_factory):
    folders = [tmp_path_factory.mktemp("sample") / "made" for _ in range(2)]
    for folder in folders:
        make_sample(folder, SMALL)
    return folders


def test_the_script_gives_the_same_votes_and_charges_again(two_samples):
    one, two = (load_votes(folder / "votes.csv").drop(columns=["at"]) for folder in two_samples)
    runs = [load_runs(folder / "runs.csv").sort_values("run_id") for folder in two_samples]
    same = [
        "run_id",
        "comparison_id",
        "model",
        "prompt",
        "status",
        "charged_usd",
        "reference_sha256",
    ]

    assert len(one) > 10
    pd.testing.assert_frame_equal(one, two)
    pd.testing.assert_frame_equal(*(frame[same].reset_index(drop=True) for frame in runs))
    assert all(verify(folder).is_clean for folder in two_samples)


def test_the_committed_votes_are_those_the_script_throws_on_the_committed_runs():
    runs, kept = load_runs(SAMPLE / "runs.csv"), load_votes(SAMPLE / "votes.csv")
    trials = wording_trials(len(SUBJECTS)) + reference_trials([None], len(EDITS))

    thrown = votes_on(runs, trials, at=runs["finished_at"].max().to_pydatetime())

    assert [vote.act_id for vote in thrown] == kept["act_id"].tolist()
    winners = [vote.winner_run_id or "" for vote in thrown]
    assert winners == kept["winner_run_id"].fillna("").tolist()


def test_every_interval_holds_its_truth(plain):
    lettering = effect("wording", "lettering", "none", "sign", "subject")
    style = effect("wording", "style", "photograph", "oil painting", "subject")
    reference = effect("references", "reference", "none", "one", "motif")
    same = sameness_of(load_runs(SAMPLE / "runs.csv"), SAMPLE / "references")

    held = truth_frame(
        read_truth(SAMPLE),
        {
            "flex_share": confidence_sequence(plain.tally.losses, plain.tally.n),
            "pro_net_share": plain.tally.net,
            "pro_over_flex_seconds": plain.time_ratio,
            "pro_minus_flex_usd": plain.charged.difference,
            "wording_effects_on_net.lettering": lettering.difference,
            "wording_effects_on_net.style": style.difference,
            "reference_effect_on_net": reference.difference,
            "unchanged_edits": same.unchanged,
        },
    )

    assert held["is_inside"].all(), held
    assert (
        plain.break_even.interval.low < truth()["break_even_usd"] < plain.break_even.interval.high
    )


def test_the_report_the_verdict_and_the_second_notebook_say_the_same(plain):
    report = report_on(SAMPLE, experiment_id=read_truth(SAMPLE).experiment("plain"), made_at=NOW)
    (path,) = SAMPLE.parent.glob("02_*.ipynb")
    outputs = [
        out for cell in nbformat.read(path, as_version=4).cells for out in cell.get("outputs", ())
    ]
    printed = "".join(out.get("text", "") for out in outputs)

    assert report.verdict.sentence == judge(plain).sentence
    assert judge(plain).sentence.replace("**", "") in printed
    tables = "".join(out.get("data", {}).get("text/html", "") for out in outputs)
    for row in next(t for t in report.tables if t.title == "Votes").rows:
        assert row[1] in tables


def test_each_finding_has_the_numbers_of_the_analysis(plain):
    verdict, ratio, even = judge(plain), plain.time_ratio, plain.break_even
    lettering = effect("wording", "lettering", "none", "sign", "subject").difference
    reference = effect("references", "reference", "none", "one", "motif").difference

    def signed(value: float, digits: int = 2) -> str:
        return f"{value:+.{digits}f}".replace("-", "−")

    assert (
        f"{verdict.wins} of {verdict.n} decisive prompts ({interval_words(verdict.share)}"
        in finding("02")
    )
    assert (
        f"{ratio.estimate:.2f} times as long as flex ({ratio.low:.2f}–{ratio.high:.2f}, {ratio.n} pairs"
        in finding("03")
    )
    assert f"${even.estimate_usd:.4f}" in finding("03")
    assert f"(${even.interval.low:.4f} to ${even.interval.high:.4f}" in finding("03")
    assert (
        f"{signed(lettering.estimate)} towards pro ({signed(lettering.low, 3)} to {signed(lettering.high, 3)}, {lettering.n} subjects"
        in finding("04")
    )
    assert (
        f"{signed(reference.estimate)} ({signed(reference.low)} to {signed(reference.high)}, {reference.n} motifs"
        in finding("05")
    )
    assert f"plan {plan_share(0.7).fixed_n} decisive prompts" in finding("06")


def test_readmes_finding_is_that_of_the_sample(plain):
    text = (SAMPLE.parent.parent / "README.md").read_text(encoding="utf-8")
    table = text.split("<!-- finding -->")[1].split("```")[0]
    share = confidence_sequence(plain.tally.losses, plain.tally.n)
    ratio, cost, even = plain.time_ratio, plain.charged.difference, plain.break_even
    told = truth()
    rows = (
        f"{100 * share.estimate:.0f} % | {interval_words(share)}, valid at any time | {share.n} decisive prompts | {100 * told['flex_share']:.0f} %",
        f"{ratio.estimate:.2f} | {ratio.low:.2f}–{ratio.high:.2f} | {ratio.n} pairs | {told['pro_over_flex_seconds']}",
        f"{usd_words(cost.estimate)} | {difference_words(cost)[1]} | {cost.n} pairs | {usd_words(told['pro_minus_flex_usd'])}",
        f"{usd_words(even.estimate_usd)} | {usd_words(even.interval.low)} to {usd_words(even.interval.high)} | {even.n} prompts | {usd_words(told['break_even_usd'])}",
    )

    assert [row for row in rows if row not in table] == []
    assert "emulated with a known truth" in text
