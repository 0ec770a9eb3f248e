"""The summary: what counts, what does not and why, and that no order or name changes a number."""

import random
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from playground.history.marks import MarkLog, current_marks, load_marks
from playground.judging.pairs import WhyNot
from playground.judging.votes import load_votes
from playground.results.evidence import LeftOut, gather, origins_in, unit_numbers
from playground.results.money import benefit_of
from playground.results.sentences import LEFT_OUT_WORDS
from playground.results.stats import Method
from playground.results.summary import summarise, summary_of
from playground.runlog import load_runs
from playground.schema import Answer, Origin, PairKind, Reason, RunStatus
from tests.judging_rig import NOON, a_comparison, a_run, failed, log_runs
from tests.results_rig import (
    FLEX,
    PRO,
    SyntheticVoter,
    a_vote,
    comparisons,
    priced,
    runs_frame,
    summed_up,
    votes_frame,
    votes_on,
)

ANSWERS = [FLEX, PRO, Answer.TIE, Answer.BOTH_BAD]


def plain(summary) -> dict:
    """Everything but the frames, which depend on the order of the votes."""
    names = [name for name in summary.__slots__ if name not in ("live", "disagreements")]
    return {name: getattr(summary, name) for name in names}


# ---- what is counted --------------------------------------------------------------------------


def test_no_log_at_all_gives_a_summary_of_nothing(tmp_path):
    runs, votes = load_runs(tmp_path / "runs.csv"), load_votes(tmp_path / "votes.csv")

    summary = summarise(runs, votes, origin=Origin.LIVE)

    assert (summary.tally.n_prompts, summary.n_pairs, summary.tally.share) == (0, 0, None)
    assert (summary.time_ratio, summary.charged.difference, summary.break_even) == (None,) * 3
    assert summary.checks.left is None
    assert len(summary.live) == len(summary.disagreements) == 0


def test_the_four_answers_are_counted_apart():
    runs = comparisons(10)

    counts = summed_up(
        runs, votes_on(runs, [PRO] * 5 + [FLEX] * 2 + [Answer.TIE] * 1 + [Answer.BOTH_BAD] * 2)
    ).tally

    assert (counts.wins, counts.losses, counts.n_even, counts.n_both_bad) == (5, 2, 3, 2)
    assert (counts.n, counts.n_prompts) == (7, 10)
    assert counts.share.estimate == pytest.approx(5 / 7)
    assert counts.net.estimate == pytest.approx(0.3)


def test_repeats_are_averaged_before_prompts_are_compared():
    runs = comparisons(2, repeats=3)
    votes = votes_on(runs, [PRO, PRO, FLEX, PRO, FLEX, Answer.TIE])

    counts = summed_up(runs, votes).tally

    assert (counts.n_votes, counts.n_prompts, counts.wins, counts.losses) == (6, 2, 1, 0)


def test_one_prompt_asked_in_two_comparisons_is_one_unit_and_another_ratio_is_another():
    same = [priced(run) for number in (1, 2) for run in a_comparison(number, prompt="A lighthouse")]
    other = [priced(run) for run in a_comparison(3, prompt="A lighthouse", size="1:1")]
    runs = [*same, *other]

    counts = summed_up(runs, votes_on(runs, [PRO, FLEX, PRO])).tally

    assert (counts.n_prompts, counts.wins, counts.losses) == (2, 1, 0)


def test_the_unit_holds_prompt_references_ratio_and_resolution():
    changes = [
        {},
        {"prompt": "B"},
        {"size": "1:1"},
        {"resolution": "2K"},
        {"reference_sha256": "ab" * 32},
    ]
    runs = [a_run(1, lane, **{"prompt": "A", **change}) for change in changes for lane in (1, 2)]

    numbers = unit_numbers(runs_frame(runs))

    assert (numbers[::2] == numbers[1::2]).all()
    assert len(set(numbers)) == 5


def test_every_vote_left_out_is_counted_with_its_reason():
    runs = comparisons(9)
    votes = votes_on(runs, [PRO] * 9)
    by_place = {(run.comparison_id, run.lane): i for i, run in enumerate(runs)}

    def change(number, lane, new):
        runs[by_place[f"cmp_{number}", lane]] = new(runs[by_place[f"cmp_{number}", lane]])

    change(1, 1, failed)
    change(2, 2, lambda run: replace(run, prompt="Another"))
    change(3, 1, lambda run: replace(run, origin=Origin.EMULATED))
    change(3, 2, lambda run: replace(run, origin=Origin.EMULATED))
    change(4, 2, lambda run: replace(run, model="model-3"))
    change(5, 2, lambda run: replace(run, run_id="run_unlogged"))
    change(9, 1, lambda run: replace(run, run_id="run_unlogged_too"))
    again = replace(runs[by_place["cmp_6", 1]], run_id="run_again", retry_of="run_6_1_1")
    runs.append(replace(again, started_at=again.started_at + timedelta(hours=1)))
    votes.append(
        a_vote([run for run in runs if run.comparison_id == "cmp_7"], Answer.WITHDRAWN, minute=99)
    )

    summary = summed_up(runs, votes)

    assert summary.votes_left_out == {
        LeftOut.WITHDRAWN: 1,
        LeftOut.RUN_UNKNOWN: 2,
        LeftOut.BOUGHT_AGAIN: 1,
        LeftOut.OTHER_ORIGIN: 1,
        LeftOut.OTHER_MODELS: 1,
        LeftOut.NO_PICTURE: 1,
        LeftOut.PROMPTS_DIFFER: 1,
    }
    assert summary.pairs_left_out == {WhyNot.NO_PICTURE: 1, WhyNot.PROMPTS: 1}
    assert summary.tally.n_prompts == 1
    assert summary.n_runs_of_other_origin == 2


@pytest.mark.parametrize("winner", [None, "run_of_another_pair"])
def test_a_vote_whose_winner_cannot_be_read_is_left_out_and_not_taken_for_a_tie(winner):
    runs = comparisons(3)
    votes = votes_on(runs, [PRO] * 3)
    votes[1] = replace(votes[1], winner_run_id=winner)

    summary = summed_up(runs, votes)

    assert summary.votes_left_out == {LeftOut.UNREADABLE: 1}
    assert (summary.tally.wins, summary.tally.losses, summary.tally.n_prompts) == (2, 0, 2)


def test_every_reason_for_leaving_out_has_its_words():
    assert set(LEFT_OUT_WORDS) == set(LeftOut)


def test_emulated_and_live_are_never_in_one_number():
    live = comparisons(3)
    emulated = [
        priced(run, origin=Origin.EMULATED) for n in range(11, 16) for run in a_comparison(n)
    ]
    runs = [*live, *emulated]
    votes = votes_on(runs, [PRO] * 3 + [FLEX] * 5)

    one, other = summed_up(runs, votes), summed_up(runs, votes, origin=Origin.EMULATED)

    assert (one.tally.wins, one.tally.losses) == (3, 0)
    assert (other.tally.wins, other.tally.losses) == (0, 5)
    assert one.votes_left_out == {LeftOut.OTHER_ORIGIN: 5}
    assert origins_in(runs_frame(runs)) == (Origin.EMULATED, Origin.LIVE)
    assert one.money[0].n_runs == 3


def test_an_experiment_or_a_mask_narrows_everything_and_leaves_nothing_out():
    runs = [
        *comparisons(3),
        *(priced(run, experiment_id="exp_1") for n in (11, 12) for run in a_comparison(n)),
    ]
    votes = votes_on(runs, [PRO] * 5)
    frame = runs_frame(runs)

    experiment = summed_up(runs, votes, experiment_id="exp_1")
    masked = summed_up(
        runs, votes, mask=(frame["experiment_id"] == "exp_1").fillna(False).to_numpy()
    )

    assert experiment.tally.n_prompts == 2
    assert experiment.votes_left_out == {}
    assert plain(experiment) == plain(masked)
    with pytest.raises(ValueError, match="3 places for 10 runs"):
        gather(frame, votes_frame(votes), origin=Origin.LIVE, mask=np.ones(3, bool))
    with pytest.raises(ValueError, match="two models"):
        gather(frame, votes_frame(votes), origin=Origin.LIVE, models=(PRO, PRO))


def test_several_voters_are_averaged_within_a_prompt_and_told_apart():
    runs = comparisons(4)
    votes = [
        *votes_on(runs, [PRO] * 4, voter_id="voter_a"),
        *votes_on(runs, [FLEX, PRO, PRO, PRO], voter_id="voter_b", first_minute=90),
    ]

    summary = summed_up(runs, votes)

    assert (summary.tally.n_votes, summary.tally.n_prompts, summary.tally.wins) == (8, 4, 3)
    assert [(v.voter_id, v.tally.wins, v.tally.losses) for v in summary.voters] == [
        ("voter_a", 4, 0),
        ("voter_b", 3, 1),
    ]
    assert summed_up(runs, votes, voter_id="voter_b").tally.losses == 1


def test_the_logs_as_files_give_the_same_as_the_frames(tmp_path):
    from playground.judging.votes import VoteLog

    runs = comparisons(6)
    votes = votes_on(runs, [PRO, PRO, FLEX, PRO, Answer.TIE, PRO])
    log_runs(tmp_path, runs)
    log = VoteLog(tmp_path / "votes.csv")
    for vote in votes:
        log.append(vote)

    found = summarise(
        load_runs(tmp_path / "runs.csv"), load_votes(tmp_path / "votes.csv"), origin=Origin.LIVE
    )

    assert plain(found) == plain(summed_up(runs, votes))
    pd.testing.assert_frame_equal(found.live, summed_up(runs, votes).live)


# ---- invariances ------------------------------------------------------------------------------

answers = st.lists(st.sampled_from(ANSWERS), min_size=1, max_size=12)


@given(answers, st.integers(0, 10**6))
@settings(max_examples=10, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
def test_shuffling_rows_changes_no_number(given_answers, seed):
    runs = comparisons(6, repeats=2)
    votes = votes_on(runs, given_answers)
    rng = random.Random(seed)

    before = summed_up(runs, votes)
    shuffled = summed_up(rng.sample(runs, len(runs)), rng.sample(votes, len(votes)))

    assert plain(before) == plain(shuffled)
    assert sorted(before.disagreements["run_1"]) == sorted(shuffled.disagreements["run_1"])


@given(answers)
@settings(max_examples=10, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
def test_withdrawn_votes_change_nothing_but_their_own_count(given_answers):
    runs = comparisons(20)
    votes = votes_on(runs, given_answers)
    more = [
        *votes,
        *votes_on(runs[-4:], [PRO, FLEX]),
        *votes_on(runs[-4:], [Answer.WITHDRAWN] * 2, first_minute=200),
    ]

    before, after = plain(summed_up(runs, votes)), plain(summed_up(runs, more))

    assert after.pop("votes_left_out") == {LeftOut.WITHDRAWN: 2}
    assert before.pop("votes_left_out") == {}
    assert before == after


@given(answers)
@settings(max_examples=10, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
def test_swapping_the_models_mirrors_every_number(given_answers):
    runs = comparisons(6, repeats=2)
    votes = votes_on(runs, given_answers)

    here, there = summed_up(runs, votes), summed_up(runs, votes, models=(PRO, FLEX))

    assert (here.tally.wins, here.tally.losses) == (there.tally.losses, there.tally.wins)
    assert here.tally.n_both_bad == there.tally.n_both_bad
    if here.tally.n:
        assert here.tally.sequence.low == pytest.approx(1 - there.tally.sequence.high)
        assert here.tally.net.low == pytest.approx(-there.tally.net.high)
        assert here.tally.e.log_value == pytest.approx(there.tally.e.log_value)
    assert here.outcomes == there.outcomes[::-1]
    assert here.times == there.times[::-1]
    assert here.money == there.money[::-1]
    assert here.cost_per_win == there.cost_per_win[::-1]
    assert here.time_ratio.low == pytest.approx(1 / there.time_ratio.high)
    assert here.charged.difference.estimate == pytest.approx(-there.charged.difference.estimate)
    np.testing.assert_allclose(here.live["low"], 1 - there.live["high"], atol=1e-9)
    assert here.checks.left == there.checks.left
    assert here.disagreements.equals(there.disagreements)


# ---- the voter --------------------------------------------------------------------------------


def test_left_share_and_blind_share_count_what_was_shown():
    runs = comparisons(4)
    votes = votes_on(runs, [Answer.A_BETTER] * 3 + [Answer.TIE])
    votes[0] = replace(votes[0], draw=None, is_blind=False)

    checks = summed_up(runs, votes).checks

    assert (checks.left.wins, checks.left.n, checks.n_undrawn) == (2, 2, 1)
    assert (checks.blind.wins, checks.blind.n) == (3, 4)
    assert (checks.second_on_left.wins, checks.second_on_left.n) == (1, 3)


def test_pairs_shown_again_with_sides_swapped_tell_consistency():
    runs = comparisons(4)
    votes = votes_on(runs, [PRO, PRO, Answer.TIE, Answer.TIE])
    again = votes_on(
        runs, [PRO, FLEX, Answer.TIE, Answer.BOTH_BAD], kind=PairKind.SWAPPED, first_minute=90
    )

    summary = summed_up(runs, [*votes, *again])

    assert (summary.checks.consistent.wins, summary.checks.consistent.n) == (2, 4)
    assert summary.tally.n_votes == 4  # tests of the voter are no evidence on the models


def test_two_pictures_of_one_model_tell_how_much_a_vote_is_chance():
    runs = comparisons(3, repeats=2)
    pro = {(r.comparison_id, r.repeat): r for r in runs if r.model == PRO}
    votes = [
        a_vote((pro[f"cmp_{n}", 1], pro[f"cmp_{n}", 2]), answer, minute=70 + n)
        for n, answer in ((1, Answer.TIE), (2, Answer.A_BETTER), (3, Answer.B_BETTER))
    ]

    checks = summed_up(runs, votes).checks

    assert (checks.same_model_ties.wins, checks.same_model_ties.n) == (1, 3)
    assert (checks.same_model_left.wins, checks.same_model_left.n) == (1, 2)
    assert checks.left is None


def test_both_bad_is_a_rate_of_prompts():
    runs = comparisons(4)

    checks = summed_up(runs, votes_on(runs, [Answer.BOTH_BAD] * 3 + [PRO])).checks

    assert (checks.both_bad.wins, checks.both_bad.n) == (3, 4)


def test_one_of_two_repeats_is_not_most_of_a_prompt():
    runs = comparisons(2, repeats=2)

    answers = [Answer.BOTH_BAD, PRO, Answer.BOTH_BAD, Answer.BOTH_BAD]
    counts = summed_up(runs, votes_on(runs, answers)).tally

    assert (counts.n_both_bad, counts.n_prompts) == (1, 2)


def test_reasons_are_counted_for_the_model_that_won():
    runs = comparisons(3)
    votes = [replace(v, reasons="detail text") for v in votes_on(runs, [PRO, PRO, FLEX])]

    summary = summed_up(runs, votes)

    found = {(r.reason, r.model): r.n_votes for r in summary.reasons if r.n_votes}
    assert found == {
        (Reason.DETAIL, FLEX): 1,
        (Reason.DETAIL, PRO): 2,
        (Reason.TEXT, FLEX): 1,
        (Reason.TEXT, PRO): 2,
    }
    assert (summary.detail.wins, summary.detail.losses) == (2, 1)


# ---- the live sequence, groups, disagreements -------------------------------------------------


def test_the_live_sequence_follows_the_votes_as_they_came():
    runs = comparisons(3, repeats=2)
    votes = votes_on(runs, [PRO, FLEX, PRO, PRO, FLEX, Answer.TIE])

    live = summed_up(runs, votes).live

    assert live["n_votes"].tolist() == [1, 2, 3, 4, 5, 6]
    assert live["wins"].tolist() == [1, 0, 1, 1, 1, 1]
    assert live["n"].tolist() == [1, 0, 1, 1, 2, 2]
    assert np.isnan(live["share"][1])
    assert (live["low"][1], live["high"][1], live["log_e"][1]) == (0, 1, 0)


def test_the_last_step_of_the_sequence_is_the_tally():
    runs = comparisons(30)
    summary = summed_up(runs, votes_on(runs, [PRO] * 22 + [FLEX] * 8))

    last = summary.live.iloc[-1]

    sequence = summary.tally.sequence
    assert (last["low"], last["high"]) == pytest.approx((sequence.low, sequence.high))
    assert last["log_e"] == pytest.approx(summary.tally.e.log_value)


def test_tags_and_settings_get_their_own_tallies_and_small_ones_say_so(tmp_path):
    runs = [
        *comparisons(6),
        *(priced(run, size="1:1") for n in (11, 12) for run in a_comparison(n, size="1:1")),
    ]
    log = MarkLog(tmp_path / "marks.csv")
    for number in range(1, 7):
        log.tag(f"cmp_{number}", "People", is_on=True, at=NOON)
    log.tag("cmp_1", "night", is_on=True, at=NOON)
    marks = current_marks(load_marks(tmp_path / "marks.csv"))

    groups = summed_up(runs, votes_on(runs, [PRO] * 6 + [FLEX] * 2), marks=marks).groups

    assert [(g.kind, g.value, g.tally.wins, g.tally.losses, g.is_small) for g in groups] == [
        ("tag", "night", 1, 0, True),
        ("tag", "people", 6, 0, False),
        ("ratio", "16:9", 6, 0, False),
        ("ratio", "1:1", 0, 2, True),
    ]


def test_votes_against_the_trend_can_be_looked_at():
    runs = comparisons(8)
    votes = votes_on(runs, [PRO, PRO, FLEX, *[PRO] * 5])
    votes[2] = replace(votes[2], note="hands")

    against = summed_up(runs, votes).disagreements

    assert against[["comparison_id", "winner_model", "note"]].values.tolist() == [
        ["cmp_3", FLEX, "hands"]
    ]
    assert against["prompt"].tolist() == ["A lighthouse, number 3"]


@pytest.mark.parametrize(
    "answers",
    [
        [PRO, FLEX, Answer.TIE],
        [PRO] * 4,
        [PRO, FLEX] * 20 + [PRO],
        [FLEX] * 11 + [PRO] * 9,
    ],
)
def test_without_a_clear_trend_no_vote_is_against_it(answers):
    runs = comparisons(len(answers))

    assert summed_up(runs, votes_on(runs, answers)).disagreements.empty


# ---- failures, seconds, money, pixels ---------------------------------------------------------


def test_failures_are_rates_of_their_own():
    runs = comparisons(6)
    runs[0] = replace(failed(runs[0]), total_s=None)
    runs[2] = replace(failed(runs[2]), status=RunStatus.REFUSED, total_s=None)
    runs[4] = replace(failed(runs[4]), status=RunStatus.CANCELLED, total_s=None)
    runs[6] = replace(failed(runs[6]), status=RunStatus.UNCONFIRMED, total_s=None)
    runs[8] = replace(failed(runs[8]), status=RunStatus.TIMED_OUT, total_s=None)

    summary = summed_up(runs)

    flex, pro = summary.outcomes
    assert (flex.n_sent, flex.n_cancelled, flex.n_unconfirmed) == (5, 1, 1)
    kinds = (flex.usable, flex.failed, flex.refused, flex.timed_out, flex.unconfirmed)
    assert [each.wins for each in kinds] == [1, 1, 1, 1, 1]
    assert {each.n for each in kinds} == {flex.n_sent}
    assert (pro.usable.wins, pro.usable.n) == (6, 6)
    assert (summary.failures.only_first, summary.failures.only_second) == (4, 0)
    assert summary.failures.n_pairs == 5
    assert summary.failures.test.p == pytest.approx(0.125)


def test_a_retry_is_counted_and_one_of_a_good_picture_is_a_regeneration():
    runs = comparisons(2)
    later = {"started_at": NOON + timedelta(hours=1)}
    runs += [
        replace(runs[0], run_id="run_x", retry_of=runs[0].run_id, **later),
        replace(runs[2], run_id="run_y", retry_of=runs[2].run_id, **later),
    ]
    runs[2] = failed(runs[2])

    flex, pro = summed_up(runs).outcomes

    assert (flex.n_retries, flex.n_regenerated, pro.n_retries) == (2, 1, 0)


def test_a_retry_does_not_hide_that_the_first_attempt_failed():
    runs = comparisons(2)
    again = replace(runs[0], run_id="run_x", retry_of=runs[0].run_id)
    runs[0] = failed(runs[0])

    for log in ([again, *runs], [*runs, again]):
        failures = summed_up(log).failures
        assert (failures.only_first, failures.only_second, failures.n_pairs) == (1, 0, 2)


def test_a_time_out_is_in_the_median_and_in_the_ratio():
    runs = comparisons(12)
    for place in (1, 3):
        late = replace(failed(runs[place]), status=RunStatus.TIMED_OUT, total_s=None)
        runs[place] = replace(late, finished_at=late.started_at + timedelta(seconds=600))

    summary = summed_up(runs)

    flex, pro = summary.times
    assert (flex.n, flex.n_timed_out, pro.n, pro.n_timed_out) == (12, 0, 12, 2)
    assert pro.timed_out_after_s == 600
    assert 11 < pro.median_s < 14
    assert (summary.time_ratio.method, summary.time_ratio.n_censored) == (Method.RANKS, 2)
    assert summary.time_ratio.low > 1


def test_p95_comes_with_twenty_and_the_lag_is_told():
    assert summed_up(comparisons(19)).times[0].p95_s is None
    many = summed_up(comparisons(20)).times[0]
    assert many.median_s < many.p95_s < 10
    assert (many.median_lag_bound_s, many.largest_lag_bound_s) == (0.5, 0.5)


def test_a_pair_bought_again_later_was_not_begun_together():
    runs = comparisons(3)
    runs[0] = replace(runs[0], retry_of="run_before")

    assert summed_up(runs).time_ratio.n == 2


def test_estimated_charged_and_credits_are_three_things():
    runs = comparisons(4)
    runs[0] = replace(runs[0], charged_usd=None, charged_credits=None, billing_status="pending")
    runs[2] = replace(runs[2], charged_usd=None, billing_status="refunded")

    flex, _ = (summary := summed_up(runs)).money

    assert (flex.estimated_usd, flex.n_estimated) == (Decimal("0.28"), 4)
    assert (flex.charged_usd, flex.n_charged, flex.n_refunded) == (Decimal("0.14"), 3, 1)
    assert (flex.charged_credits, flex.n_credits) == (Decimal(28), 3)
    assert (summary.charged.n_priced, summary.estimated.n_priced, summary.charged.n_pairs) == (
        3,
        4,
        4,
    )


def test_an_unknown_charge_makes_the_cost_per_win_unknown_not_cheap():
    runs = comparisons(3)
    runs[0] = replace(runs[0], charged_usd=None)

    flex, pro = summed_up(runs, votes_on(runs, [FLEX, PRO, PRO])).cost_per_win

    assert (flex.usd, flex.spent_usd, flex.wins) == (None, None, 1)
    assert (pro.usd, pro.spent_usd) == (Decimal("0.0375"), Decimal("0.075"))


def test_the_net_benefit_uses_judged_and_priced_prompts_only():
    runs = comparisons(6)
    runs[0] = replace(runs[0], charged_usd=None)
    evidence = gather(
        runs_frame(runs), votes_frame(votes_on(runs, [PRO, PRO, PRO, FLEX])), origin=Origin.LIVE
    )

    benefit = benefit_of(evidence, 0.3)

    assert benefit.n == 3
    assert benefit.estimate_usd == pytest.approx(0.3 / 3 + 0.045)
    assert summary_of(evidence).break_even.estimate_usd == pytest.approx(-0.135)


def test_pixel_sizes_are_equal_different_or_unknown():
    runs = comparisons(3)
    runs[0] = replace(runs[0], width_px=1024)
    runs[2] = replace(runs[2], height_px=None)

    sizes = summed_up(runs).sizes

    assert (sizes.n_equal, sizes.n_different, sizes.n_unknown) == (1, 1, 1)


def test_a_voter_of_known_preference_is_recovered():
    runs = comparisons(400)
    frame = runs_frame(runs)
    from playground.judging.pairs import pairs_of

    votes = SyntheticVoter(model=PRO, share=0.7, tie_share=0.1, seed=5).votes(
        pairs_of(frame), at=NOON
    )

    counts = summarise(frame, votes, origin=Origin.LIVE).tally

    assert counts.sequence.low < 0.7 < counts.sequence.high
    assert counts.e.is_called
