"""The Results screen as values: what it says is what `summarise` and `judge` say, and no names are given away."""

import asyncio
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from playground.errors import StorageError
from playground.history.marks import current_marks, load_marks
from playground.history.pages import History
from playground.images.differing import MAX_SIDE_PX, measure_two
from playground.judging.votes import load_votes
from playground.markup import escape
from playground.results.charts import live_sequence_frame
from playground.results.checks import CheckKind, checks_of
from playground.results.claims import claims_of
from playground.results.scope import Scope, ScopeChoices
from playground.results.summary import Summary, summarise
from playground.results.verdict import judge
from playground.runlog import load_runs
from playground.runner.desk import Desk
from playground.schema import Origin
from playground.settings import Settings
from playground.ui.compare.flow import Flow
from playground.ui.history.past import past_flow
from playground.ui.results.filters import options_of, untouched
from playground.ui.results.findings import FindingsBook, Question, asked, thinned
from playground.ui.results.money import money_html
from playground.ui.results.page import plain, top_html, verdict_html
from playground.ui.results.pairs import against_html, number_words
from playground.ui.results.sections import (
    failures_html,
    groups_html,
    votes_html,
)
from playground.ui.results.times import seconds_scale, times_html
from playground.ui.results.weighing import ResultsView, Weighing
from playground.ui.shelf import Shelf
from playground.ui.visits import Visit, Visits
from tests.judging_rig import a_picture, failed, keep_picture, log_runs
from tests.results_rig import FLEX, PRO, comparisons, votes_on
from tests.weighing_rig import (
    ME,
    findings_in,
    log_tags,
    log_votes,
    pictured_comparisons,
    synthetic_votes,
)

HOSTILE = '<img src=x onerror="window.pwned=1"><script>1</script>{{x}}'
EVERYTHING = Question(scope=Scope())
MIXED = "mixed"


def summary_in(data_dir: Path, **settings: object) -> Summary:
    """What the package says of the same files, by its own front door."""
    return summarise(
        load_runs(data_dir / "runs.csv"),
        load_votes(data_dir / "votes.csv"),
        marks=current_marks(load_marks(data_dir / "marks.csv")),
        **{"origin": Origin.LIVE, **settings},  # type: ignore[arg-type]
    )


def words_of(markup: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", markup).split())


def a_log(data_dir: Path, n: int, n_votes: int | None = None, *, share: float = 0.8) -> None:
    runs = comparisons(n)
    log_runs(data_dir, runs)
    log_votes(data_dir, synthetic_votes(runs, share=share, n=n_votes))


# ---- the numbers ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("n", "n_votes", "share"), [(4, 2, 0.8), (20, 20, 0.5), (40, 36, 0.9)])
def test_the_screen_says_what_the_package_says(
    tmp_path: Path, n: int, n_votes: int, share: float
) -> None:
    a_log(tmp_path, n, n_votes, share=share)
    log_tags(tmp_path, [("cmp_1", "night"), ("cmp_2", "night")])

    found = findings_in(tmp_path, EVERYTHING)

    summary = summary_in(tmp_path)
    verdict = judge(summary)
    assert found.verdict == verdict
    assert found.checks == checks_of(summary, verdict)
    assert found.claims == claims_of(summary)
    assert found.summary.tally == summary.tally
    assert found.summary.groups == summary.groups
    page = top_html(found)
    assert escape(plain(verdict.sentence)) in page
    for each in (*found.checks, *found.claims):
        assert escape(each.sentence) in page
    assert [step.n for step in found.steps] == live_sequence_frame(summary)["n"].tolist()


def test_every_check_is_shown_with_a_sign_and_a_word(tmp_path: Path) -> None:
    a_log(tmp_path, 12)

    page = top_html(findings_in(tmp_path, EVERYTHING))

    assert re.findall(r'data-check="(\w+)"', page) == [str(kind) for kind in CheckKind]
    assert page.count('class="pg-res-sign"') == len(CheckKind)
    assert len(re.findall(r"(good|look|not known): </span>", page)) == len(CheckKind)


def test_the_line_ends_where_the_verdict_stands_however_many_votes_there_are(
    tmp_path: Path,
) -> None:
    a_log(tmp_path, 300, share=0.6)

    found = findings_in(tmp_path, EVERYTHING)

    last, sequence = found.steps[-1], found.summary.tally.sequence
    assert sequence is not None
    assert len(found.steps) <= 240
    assert (last.n_votes, last.n) == (300, sequence.n)
    assert (last.share, last.low, last.high) == pytest.approx(
        (sequence.estimate, sequence.low, sequence.high)
    )


def test_a_winner_is_called_with_its_interval_and_evidence(tmp_path: Path) -> None:
    a_log(tmp_path, 60, share=0.9)

    words = words_of(verdict_html(findings_in(tmp_path, EVERYTHING)))

    assert words.count("You prefer pro :") == 1
    assert "valid at any time" in words
    assert "a winner is called at 20: reached" in words


# ---- emulated and live ----------------------------------------------------------------------------


def both_origins(data_dir: Path) -> None:
    live = comparisons(6)
    drawn = [
        replace(run, run_id=f"e{run.run_id}", comparison_id=f"e{run.comparison_id}", origin="emulated")
        for run in comparisons(20, prompt=MIXED)
    ]  # fmt: skip
    log_runs(data_dir, [*live, *drawn])
    log_votes(data_dir, synthetic_votes(live, share=0))
    log_votes(data_dir, synthetic_votes(drawn, share=1, voter_id="voter_other"))


def test_live_comes_first_and_emulated_is_never_mixed_in(tmp_path: Path) -> None:
    both_origins(tmp_path)

    live = findings_in(tmp_path, EVERYTHING)
    drawn = findings_in(tmp_path, replace(EVERYTHING, origin=Origin.EMULATED))

    assert (live.verdict.origin, live.n_runs, live.summary.tally.n_votes) == (Origin.LIVE, 12, 6)
    assert (drawn.verdict.origin, drawn.n_runs) == (Origin.EMULATED, 40)
    assert drawn.summary.tally.n_votes == 20
    assert live.choices.origins == drawn.choices.origins == (Origin.EMULATED, Origin.LIVE)
    assert "Emulated pictures, no evidence" not in words_of(verdict_html(drawn))
    assert 'data-said="Emulated pictures, no evidence' in verdict_html(drawn)
    assert "drawn by the emulator" in words_of(verdict_html(drawn))
    assert "drawn by the emulator" not in words_of(verdict_html(live))


def test_an_emulated_experiment_beside_live_runs_is_shown_as_what_it_is(tmp_path: Path) -> None:
    log_runs(tmp_path, comparisons(3))
    drawn = [
        replace(run, run_id=f"e{run.run_id}", comparison_id=f"e{run.comparison_id}")
        for run in comparisons(4, origin="emulated", experiment_id="exp_1")
    ]
    log_runs(tmp_path, drawn)

    found = findings_in(tmp_path, Question(scope=Scope(experiment_id="exp_1")))

    assert (found.verdict.origin, found.n_runs) == (Origin.EMULATED, 8)


# ---- nothing, little ------------------------------------------------------------------------------


def test_without_runs_the_screen_says_how_to_begin(tmp_path: Path) -> None:
    page = top_html(findings_in(tmp_path, EVERYTHING))

    assert "data-empty" in page
    assert 'data-tab="compare"' in page
    assert "data-section" not in page
    assert "%" not in words_of(page)


def test_without_votes_it_leads_to_the_pairs(tmp_path: Path) -> None:
    log_runs(tmp_path, comparisons(7))
    found = findings_in(tmp_path, EVERYTHING)

    words = words_of(verdict_html(found))

    assert words.count("No votes yet.") == 1
    assert "Judge 7 pairs" in words
    assert 'data-tab="judge"' in verdict_html(found)
    assert votes_html(found, voter_id=ME) == ""


@pytest.mark.parametrize(
    ("n_votes", "button"), [(4, "Judge 2 more pairs"), (5, "Judge 1 more pair")]
)
def test_few_votes_give_counts_and_no_percentages(
    tmp_path: Path, n_votes: int, button: str
) -> None:
    a_log(tmp_path, 6, n_votes)
    found = findings_in(tmp_path, EVERYTHING)

    page = verdict_html(found) + votes_html(found, voter_id=ME)

    assert button in words_of(page)
    is_few = n_votes < 5
    assert ("%" not in words_of(page)) == is_few
    assert ("pg-plot" not in page) == is_few


def test_a_winner_that_was_called_and_taken_back_is_told(tmp_path: Path) -> None:
    runs = comparisons(20)
    log_runs(tmp_path, runs)
    log_votes(tmp_path, votes_on(runs, [FLEX] * 10 + [PRO] * 10))

    found = findings_in(tmp_path, EVERYTHING)

    words = words_of(verdict_html(found))
    assert "a winner is called at 20: reached 93.1 at vote 10, not now" in words
    assert "has since fallen back to 0.27" in words
    assert "about 210 prompts" not in words
    assert "50 % (20–80 %), valid at any time" in words
    assert "pg-button-strong" not in verdict_html(found)
    assert "no clear trend to disagree with" in words_of(against_html(found, (), n_pairs=0))


def test_experiments_are_offered_by_the_names_of_their_plans(tmp_path: Path) -> None:
    ids = [f"exp_{number:024x}" for number in range(2)]
    for place, experiment_id in enumerate(ids):
        runs = [
            replace(run, run_id=f"{place}{run.run_id}", comparison_id=f"{place}{run.comparison_id}")
            for run in comparisons(6, experiment_id=experiment_id)
        ]
        log_runs(tmp_path, runs)
        log_votes(tmp_path, votes_on(runs, [PRO, FLEX] * 3))
    plan = tmp_path / "experiments" / ids[0] / "plan.json"
    plan.parent.mkdir(parents=True)
    plan.write_text(f'{{"name": "Night {HOSTILE[:4]}"}}', "utf-8")

    found = FindingsBook(tmp_path).answer(EVERYTHING)

    assert options_of(found.choices)["experiment"] == [
        (ids[0], f"Night {HOSTILE[:4]}"),
        (ids[1], "exp_…000001"),
    ]
    assert "experiment Night &lt;img" in groups_html(found)
    assert ids[1] not in groups_html(found)


def test_when_every_pair_is_judged_it_asks_for_more_prompts(tmp_path: Path) -> None:
    a_log(tmp_path, 10, share=0.5)

    words = words_of(verdict_html(findings_in(tmp_path, EVERYTHING)))

    assert "Every pair here is judged." in words
    assert "Run more prompts" in words


def test_runs_without_any_pair_do_not_send_to_the_judge(tmp_path: Path) -> None:
    log_runs(tmp_path, [failed(run) if run.lane == 1 else run for run in comparisons(3)])

    page = verdict_html(findings_in(tmp_path, EVERYTHING))

    assert "no pair of pictures yet" in words_of(page)
    assert 'data-tab="judge"' not in page


# ---- the sections ---------------------------------------------------------------------------------


def test_small_groups_are_counted_and_not_drawn(tmp_path: Path) -> None:
    a_log(tmp_path, 20)
    log_tags(tmp_path, [(f"cmp_{n}", "night") for n in range(1, 11)] + [("cmp_1", HOSTILE)])

    page = groups_html(findings_in(tmp_path, EVERYTHING))

    drawn, table, folded = page.split("<details")
    assert "tag night" in words_of(drawn)
    assert "img src" not in words_of(drawn + table).casefold()
    assert "tag night" in words_of(table)
    assert "1 more with too few votes" in words_of(folded)
    assert "img src=x" in words_of(folded)
    assert "under 5 decisive prompts are not drawn: 1." in words_of(drawn)
    assert "<img" not in page
    assert "never a finding" in words_of(drawn)


def test_money_that_is_not_known_is_no_zero(tmp_path: Path) -> None:
    runs = [replace(run, charged_usd=None, charged_credits=None) for run in comparisons(6)]
    log_runs(tmp_path, runs)
    log_votes(tmp_path, synthetic_votes(runs, share=1))

    words = words_of(money_html(findings_in(tmp_path, EVERYTHING)))

    assert "No charge of a pair is known yet" in words
    assert "as estimated beforehand, pro costs $0.045 less than flex" in words
    assert "$0.00 (" not in words
    assert "charged, pro" not in words


@pytest.mark.parametrize(
    ("prices", "words"),
    [
        (
            ("0.01", "0.02"),
            r"pro costs \$0\.055 less than flex \(\$0\.05\d* to \$0\.0\d+, 12 pairs",
        ),
        (("0.30", "0.40"), r"pro costs \$0\.28 more than flex \(\$0\.2\d* to \$0\.3\d*, 12 pairs"),
        (("0.02", "0.13"), r"anything from \$0\.0\d+ less to \$0\.0\d+ more"),
        (("0.09", "0.09"), r"pro costs \$0\.02 more than flex \(in every pair alike"),
        (("0.07", "0.07"), r"As charged both cost the same \(12 pairs\)"),
    ],
)
def test_a_difference_in_money_names_its_direction(
    tmp_path: Path, prices: tuple[str, str], words: str
) -> None:
    runs = [
        replace(run, charged_usd=Decimal(prices[place // 2 % 2])) if run.lane == 2 else run
        for place, run in enumerate(comparisons(12))
    ]
    log_runs(tmp_path, runs)

    assert re.search(words, words_of(money_html(findings_in(tmp_path, EVERYTHING))))


def test_the_cost_of_a_win_is_that_of_the_summary(tmp_path: Path) -> None:
    a_log(tmp_path, 12, share=0.7)
    found = findings_in(tmp_path, EVERYTHING)
    costs = [cost.usd for cost in summary_in(tmp_path).cost_per_win]

    words = words_of(money_html(found))

    assert all(cost is not None for cost in costs)
    for cost in costs:
        assert f"${cost:.4f}".rstrip("0") in words


def test_seconds_are_told_as_ratio_within_pairs(tmp_path: Path) -> None:
    a_log(tmp_path, 12)
    found = findings_in(tmp_path, EVERYTHING)
    ratio = summary_in(tmp_path).time_ratio
    assert ratio is not None

    page = times_html(found)

    assert f"pro takes {ratio.estimate:.2f} times as long as flex" in words_of(page)
    assert page.count('class="pg-plot-dot"') == 24
    assert [len(each.values) for each in found.seconds] == [12, 12]


@pytest.mark.parametrize(
    ("values", "is_log"), [([8, 9, 12], False), ([8, 9, 500], True), ([0, 0, 500], False)]
)
def test_a_few_very_slow_runs_do_not_press_the_rest_together(
    values: list[float], is_log: bool
) -> None:
    scale = seconds_scale(values)

    assert scale.is_log is is_log
    assert scale.low <= min(values) <= max(values) <= scale.high
    assert scale.ticks


def test_failures_stand_with_their_interval(tmp_path: Path) -> None:
    log_runs(
        tmp_path,
        [failed(run) if run.lane == 2 and n < 8 else run for n, run in enumerate(comparisons(20))],
    )

    words = words_of(failures_html(findings_in(tmp_path, EVERYTHING)))

    assert "pro failed" in words
    assert "4 of 20" in words
    assert "flex alone brought no picture in 0, pro alone in 4" in words


def test_sentence_chart_and_table_count_every_run_exactly_once(tmp_path: Path) -> None:
    runs = comparisons(20)
    endings = ["failed", "failed", "refused", "timed_out", "unconfirmed", "cancelled"]
    for place, status in enumerate(endings):
        runs[2 * place + 1] = replace(failed(runs[2 * place + 1]), status=status, total_s=None)
    log_runs(tmp_path, runs)

    page = failures_html(findings_in(tmp_path, EVERYTHING))

    chart, table = page.split("<details")
    counts = {
        kind: int(re.search(rf"pro {kind} (\d+) of 19", words_of(chart)).group(1))  # type: ignore[union-attr]
        for kind in ("failed", "refused", "timed out", "unconfirmed")
    }
    assert counts == {"failed": 2, "refused": 1, "timed out": 1, "unconfirmed": 1}
    told = re.findall(r"(\d+) of 19", words_of(table))
    assert list(map(int, told)) == [14, *counts.values()]
    assert sum(map(int, told)) == 19
    alone = sum(counts.values())
    assert f"flex alone brought no picture in 0, pro alone in {alone}." in words_of(chart)


def test_a_kind_of_failure_that_never_occurred_is_drawn_only_where_it_could_surprise(
    tmp_path: Path,
) -> None:
    log_runs(tmp_path, comparisons(8))

    chart = failures_html(findings_in(tmp_path, EVERYTHING)).split("<details")[0]

    assert "pro failed" in words_of(chart)
    assert "timed out" not in words_of(chart)


# ---- what is asked --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sent",
    [
        None,
        [],
        "text",
        {"origin": "made up", "voter": 7, "tag": [], "since": "yesterday", "size": None},
        {"experiment": "x" * 1000, "tag": "\x00\x01", "since": "2026-13-45"},
    ],
)
def test_whatever_a_page_sends_is_a_question(sent: object) -> None:
    assert asked(sent, Visit(visit_id="0" * 32)) == EVERYTHING


def test_every_choice_of_the_page_reaches_the_question() -> None:
    visit = Visit(visit_id="0" * 32, voter_id=ME, owner_id="somebody")
    sent = {
        "origin": "emulated",
        "voter": "me",
        "experiment": "exp_1",
        "tag": "  Night ",
        "resolution": "2K",
        "size": "1:1",
        "since": "2026-11-22",
    }

    assert asked(sent, visit) == Question(
        scope=Scope(
            owner_id="somebody",
            experiment_id="exp_1",
            tag="night",
            resolution="2K",
            size="1:1",
            since=date(2026, 11, 22),
        ),
        origin=Origin.EMULATED,
        voter_id=ME,
    )
    assert set(sent) == set(untouched())
    assert asked(untouched(), visit) == Question(scope=Scope(owner_id="somebody"))
    assert set(untouched()) - {"voter", "since"} == set(options_of(ScopeChoices()))


def test_my_votes_alone_are_what_summarise_says_of_me(tmp_path: Path) -> None:
    runs = comparisons(12)
    log_runs(tmp_path, runs)
    log_votes(tmp_path, synthetic_votes(runs, share=1))
    log_votes(tmp_path, synthetic_votes(runs, share=0, voter_id="voter_other"))

    mine = findings_in(tmp_path, replace(EVERYTHING, voter_id=ME))
    all_ = findings_in(tmp_path, EVERYTHING)

    assert mine.verdict == judge(summary_in(tmp_path, voter_id=ME))
    assert (mine.summary.tally.wins, all_.summary.tally.wins) == (12, 0)
    assert "voter 1 (you)" in words_of(votes_html(all_, voter_id=ME))


@pytest.mark.parametrize(
    ("n", "most", "places"), [(3, 5, [0, 1, 2]), (9, 3, [0, 4, 8]), (0, 3, [])]
)
def test_thinning_keeps_both_ends(n: int, most: int, places: list[int]) -> None:
    assert thinned(n, most) == places


# ---- kept until a log changes ---------------------------------------------------------------------


def test_nothing_is_counted_twice_until_a_log_changes(tmp_path: Path) -> None:
    runs = comparisons(8)
    log_runs(tmp_path, runs)
    votes = synthetic_votes(runs, share=1)
    log_votes(tmp_path, votes[:6])
    book = FindingsBook(tmp_path)

    first = book.answer(EVERYTHING)
    assert book.answer(EVERYTHING) is first
    assert book.answer(replace(EVERYTHING, voter_id=ME)) is not first
    log_votes(tmp_path, votes)
    second = book.answer(EVERYTHING)
    log_tags(tmp_path, [("cmp_1", "night")])
    third = book.answer(EVERYTHING)

    assert (first.verdict.n, second.verdict.n) == (6, 8)
    assert second.choices.tags == ()
    assert third.choices.tags == ("night",)


def test_a_log_that_cannot_be_read_is_an_error_and_no_empty_page(tmp_path: Path) -> None:
    (tmp_path / "votes.csv").mkdir()
    book = FindingsBook(tmp_path)

    with pytest.raises(StorageError):
        book.answer(EVERYTHING)

    (tmp_path / "votes.csv").rmdir()
    a_log(tmp_path, 6)
    assert book.answer(EVERYTHING).verdict.n == 6


# ---- single pairs ---------------------------------------------------------------------------------


class Rig:
    """The steps of the screen over a data folder, and a visit whose browser keeps ME."""

    def __init__(self, data_dir: Path) -> None:
        self.desk = Desk(Settings(data_dir=data_dir))
        self.desk.start()
        visits = Visits(forget_account=self.desk.close_account)
        shelf = Shelf(
            self.desk, upload_dir=data_dir / "uploads", thumbnails_dir=data_dir / "references"
        )
        flow = Flow(self.desk, visits=visits, shelf=shelf, thumbnails_dir=data_dir / "small")
        back = past_flow(flow, History(data_dir), thumbnails_dir=data_dir / "small")
        self.weighing = Weighing(
            FindingsBook(data_dir), archive=back.archive, votes=flow.ballots.log
        )
        self.visit = visits.enter(None)
        self.visit.voter_id = ME

    def view(self, **sought: str) -> ResultsView:
        return asyncio.run(self.weighing.view(sought, self.visit))

    def measure(self) -> str:
        return asyncio.run(self.weighing.measure({}, self.visit))


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    """
    Twenty-four pairs with pictures on disk: 1 to 9 judged by me, the rest by others;
    of the first nine every third, and the eleventh, go against the trend.
    """
    runs = pictured_comparisons(tmp_path, 24, n_pictured=24)
    votes = synthetic_votes(runs, share=1)
    other = synthetic_votes(runs, share=0, voter_id="voter_other")
    mine = [other[n] if n % 3 == 0 else votes[n] for n in range(9)]
    log_votes(tmp_path, [replace(vote, voter_id=ME, note=HOSTILE) for vote in mine])
    friend = synthetic_votes(runs, share=1, voter_id="voter_friend")
    log_votes(tmp_path, [friend[9], other[10], *friend[11:]])
    made = Rig(tmp_path)
    yield made
    made.desk.close()


def test_the_pairs_that_disagree_are_shown_with_both_pictures(rig: Rig) -> None:
    page = rig.view().page.split('data-section="against"', 1)[1].split("</section>", 1)[0]

    assert re.findall(r'<li data-comparison="(\w+)"', page) == ["cmp_11", "cmp_7", "cmp_4", "cmp_1"]
    assert page.count("<img ") == 6
    assert page.count("better: flex") == 3
    assert "<script" not in page
    assert page.count('data-act="show"') == 4


def test_a_pair_i_have_not_judged_keeps_its_names(rig: Rig) -> None:
    page = rig.view().page.split('data-comparison="cmp_11"', 1)[1].split("</li>", 1)[0]

    assert "names stay hidden" in page
    for sign in ("<img", "better:", "flex", "pro<"):
        assert sign not in page


def test_only_pairs_whose_names_i_know_are_measured(rig: Rig) -> None:
    before = rig.view().pixels
    page = rig.measure()

    assert "9 pairs" not in words_of(before)
    assert "9 pairs, each measured at one size" in words_of(page)
    for number in range(10, 25):
        assert f'data-comparison="cmp_{number}"' not in page
    assert "None of them says which picture is better" in words_of(page)


def test_a_picture_that_is_gone_or_damaged_is_left_out_of_the_measures(
    rig: Rig, tmp_path: Path
) -> None:
    (tmp_path / "pictures" / "run_1_1_1.png").unlink()
    (tmp_path / "pictures" / "run_2_2_1.png").write_bytes(b"no picture")

    assert "7 pairs, each measured" in words_of(rig.measure())
    assert rig.view().page


def test_somebody_else_sees_none_of_it(rig: Rig) -> None:
    rig.visit.owner_id = "somebody"

    view = rig.view()

    assert "lighthouse" not in view.page
    assert view.pixels == ""
    assert view.choices.origins == ()


def test_both_pictures_are_measured_at_one_size(tmp_path: Path) -> None:
    runs = comparisons(1)
    sizes = ((1600, 900), (800, 450))
    for run, size in zip(runs, sizes, strict=True):
        keep_picture(tmp_path, run, a_picture(size=size))

    first, second = measure_two(*(tmp_path / f"{run.file}" for run in runs))

    assert (first.width_px, first.height_px) == (second.width_px, second.height_px) == (768, 432)
    assert max(first.width_px, first.height_px) <= MAX_SIDE_PX


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (1234.5, "1,234"),
        (30.27, "30.3"),
        (4.2, "4.20"),
        (-0.0312, "−0.031"),
        (0.00001, "0"),
        (0, "0"),
    ],
)
def test_measures_are_written_without_false_digits(value: float, words: str) -> None:
    assert number_words(value) == words
