"""Pairs: who meets whom, on which side, why not, and in what order."""

from dataclasses import replace

import pandas as pd
import pytest

from playground.judging.pairs import (
    Pair,
    WhyNot,
    comparison_pairs,
    draw_number,
    latest_runs,
    left_out,
    pairs_of,
    repeat_pairs_of,
    sides,
)
from playground.judging.queue import judging_queue
from playground.judging.votes import VoteLog, current_votes, load_votes
from playground.runlog import load_runs
from playground.schema import Answer, Origin, PairKind
from tests.judging_rig import (
    NOON,
    VOTER,
    a_ballot,
    a_comparison,
    a_pair,
    a_run,
    failed,
    log_runs,
    minutes,
)

SHA = "ab" * 32


@pytest.fixture
def frame(tmp_path):
    def make(*runs):
        log_runs(tmp_path, runs)
        return load_runs(tmp_path / "runs.csv")

    return make


@pytest.fixture
def votes(tmp_path):
    return VoteLog(tmp_path / "votes.csv")


def standing(votes: VoteLog) -> pd.DataFrame:
    return current_votes(load_votes(votes.path))


def ids(pairs) -> list[tuple[str, str]]:
    return [(pair.run_1, pair.run_2) for pair in pairs]


# ---- who meets whom ---------------------------------------------------------------------------


def test_the_lanes_meet_repeat_by_repeat():
    pairs = comparison_pairs(a_comparison(repeats=2))

    assert ids(pairs) == [("run_1_1_1", "run_1_2_1"), ("run_1_1_2", "run_1_2_2")]
    assert pairs[0] == Pair(
        comparison_id="cmp_1",
        experiment_id=None,
        kind=PairKind.MODELS,
        run_1="run_1_1_1",
        run_2="run_1_2_1",
        model_1="flux-2-flex",
        model_2="flux-2-pro",
        origin="live",
    )


def test_of_more_lanes_every_two_meet():
    pairs = comparison_pairs([a_run(lane=lane) for lane in (3, 1, 2, 4)])

    assert ids(pairs) == [
        (f"run_1_{a}_1", f"run_1_{b}_1")
        for a, b in ((1, 2), (1, 3), (1, 4), (2, 3), (2, 4), (3, 4))
    ]


def test_runs_of_different_comparisons_never_meet(frame):
    pairs = pairs_of(frame(a_run(1, 1), a_run(2, 2), a_run(3, 1), a_run(3, 2)))

    assert pairs["run_1"].tolist() == ["run_3_1_1"]


def test_lanes_of_one_model_are_a_pair_of_the_same_model():
    (pair,) = comparison_pairs([a_run(), a_run(lane=2, model="flux-2-flex")])

    assert (pair.kind, pair.why_not) == (PairKind.SAME_MODEL, None)


def test_repeats_of_a_lane_make_pairs_of_the_same_model(frame):
    pairs = repeat_pairs_of(frame(*a_comparison(repeats=3), *a_comparison(2)))

    assert list(zip(pairs["run_1"], pairs["run_2"], strict=True)) == [
        (f"run_1_{lane}_{a}", f"run_1_{lane}_{b}")
        for lane in (1, 2)
        for a, b in ((1, 2), (1, 3), (2, 3))
    ]
    assert set(pairs["pair_kind"]) == {"same_model"}


def test_a_run_bought_again_takes_the_place_of_the_failed_one(frame):
    first, other = a_comparison()
    again = replace(first, run_id="run_again", retry_of=first.run_id, started_at=minutes(9))
    runs = frame(failed(first), other, again)

    assert latest_runs(runs)["run_id"].tolist() == ["run_again", "run_1_2_1"]
    assert pairs_of(runs)["run_1"].tolist() == ["run_again"]


def test_a_later_failure_does_not_hide_a_picture(frame):
    first, other = a_comparison()
    later = failed(replace(first, run_id="run_later", started_at=minutes(9)))

    assert pairs_of(frame(first, other, later))["run_1"].tolist() == ["run_1_1_1"]


def test_the_order_of_the_rows_does_not_matter():
    runs = [*a_comparison(1, 2), *a_comparison(2, 2)]
    in_order = ids(comparison_pairs(runs))

    assert sorted(ids(comparison_pairs(runs[::-1]))) == sorted(in_order)


def test_a_frame_without_rows_has_no_pairs(frame, votes):
    runs = frame()

    assert len(pairs_of(runs)) == len(repeat_pairs_of(runs)) == 0
    assert comparison_pairs([]) == ()
    assert judging_queue(runs, standing(votes), seed=1, trust_share=0.5) == ()


def test_a_single_run_has_nobody_to_meet():
    assert comparison_pairs([a_run()]) == ()


# ---- why not ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "why_not"),
    [
        ({"status": "failed", "file": None}, WhyNot.NO_PICTURE),
        ({"status": "unconfirmed"}, WhyNot.NO_PICTURE),
        ({"file": None}, WhyNot.NO_PICTURE),
        ({"origin": Origin.EMULATED}, WhyNot.ORIGINS),
        ({"prompt": "a lighthouse, number 1"}, WhyNot.PROMPTS),
        ({"size": "9:16"}, WhyNot.RATIOS),
        ({"resolution": "2K"}, WhyNot.RESOLUTIONS),
        ({"reference_sha256": SHA, "reference_urls": "-"}, WhyNot.REFERENCES),
        ({"width_px": 1024}, None),
        ({"api_host": "elsewhere", "app_version": "9"}, None),
    ],
)
def test_what_differs_in_more_than_the_model_is_no_evidence(changes, why_not):
    (pair,) = comparison_pairs([a_run(), a_run(lane=2, **changes)])

    assert pair.why_not == why_not
    assert why_not is None or why_not.sentence.endswith(".")


@pytest.mark.parametrize(
    ("a", "b", "why_not"),
    [
        ((SHA, "https://up/1"), (SHA, "https://up/2"), None),
        ((SHA, "-"), (SHA, "https://up/2"), None),
        (("-", "https://x/1"), ("-", "https://x/1"), None),
        (("-", "https://x/1"), ("-", "https://x/2"), WhyNot.REFERENCES),
        ((f"- {SHA}", "https://x/1 -"), (f"- {SHA}", "https://x/1 https://up/2"), None),
        ((f"- {SHA}", "https://x/1 -"), (f"{SHA} -", "- https://x/1"), WhyNot.REFERENCES),
        (
            (f"- {SHA}", "https://x/1"),
            (f"- {SHA}", "https://x/1 -"),
            WhyNot.REFERENCES,
        ),  # not known
    ],
)
def test_references_count_by_content_and_by_address_only_without(a, b, why_not):
    runs = [
        a_run(lane=lane, reference_sha256=hashes, reference_urls=urls)
        for lane, (hashes, urls) in ((1, a), (2, b))
    ]

    assert comparison_pairs(runs)[0].why_not == why_not


def test_how_many_are_left_out_is_counted_by_reason(frame):
    runs = frame(
        *a_comparison(1),
        *(failed(run) for run in a_comparison(2)),
        a_run(3),
        failed(a_run(3, 2)),
        a_run(4),
        a_run(4, 2, size="1:1"),
    )

    assert left_out(pairs_of(runs)) == {WhyNot.NO_PICTURE: 2, WhyNot.RATIOS: 1}


# ---- sides ------------------------------------------------------------------------------------


def test_sides_are_the_same_for_the_same_number_and_balanced_over_many():
    pair = a_pair()
    drawn = [sides(pair, number) for number in range(400)]

    assert drawn == [sides(pair, number) for number in range(400)]
    n_left = sum(a == pair.run_1 for a, _ in drawn)
    # 400 fair draws stray further than this once in 100 000 times.
    assert 156 <= n_left <= 244
    assert all({a, b} == {pair.run_1, pair.run_2} for a, b in drawn)


def test_one_number_does_not_put_every_pair_on_the_same_side():
    one = a_pair()
    pairs = [replace(one, run_1=f"run_{n}_1", run_2=f"run_{n}_2") for n in range(400)]
    n_left = sum(sides(pair, 7)[0] == pair.run_1 for pair in pairs)

    assert 156 <= n_left <= 244


def test_drawn_numbers_fit_into_a_cell_of_a_spreadsheet():
    numbers = {draw_number() for _ in range(100)}

    assert len(numbers) > 90
    assert all(0 <= number < 2**31 for number in numbers)


def test_a_swapped_pair_stands_the_other_way_round_whatever_the_new_number():
    pair = a_pair()
    again = replace(pair, kind=PairKind.SWAPPED, draw=7)

    assert {sides(again, number) for number in range(20)} == {sides(pair, 7)[::-1]}


# ---- the queue --------------------------------------------------------------------------------


def test_the_queue_holds_every_unjudged_pair_once(frame, votes):
    runs = frame(
        *a_comparison(1, 2), *a_comparison(2), a_run(3), failed(a_run(3, 2)),
        a_run(4), a_run(4, 2, model="flux-2-flex"),
    )  # fmt: skip
    a_ballot(votes, a_pair(2)).cast(Answer.TIE, at=NOON)

    queue = judging_queue(runs, standing(votes), seed=1)

    assert sorted(ids(queue)) == [("run_1_1_1", "run_1_2_1"), ("run_1_1_2", "run_1_2_2")]
    assert {pair.kind for pair in queue} == {PairKind.MODELS}


def test_a_withdrawn_or_skipped_pair_is_left_to_judge(frame, votes):
    runs = frame(*a_comparison(1), *a_comparison(2))
    ballot = a_ballot(votes, a_pair(1))
    ballot.cast(Answer.TIE, at=NOON)
    ballot.withdraw(at=NOON)
    a_ballot(votes, a_pair(2)).skip(at=NOON)

    assert len(judging_queue(runs, standing(votes), seed=1)) == 2


def test_every_prompt_comes_once_before_any_comes_twice(frame, votes):
    runs = frame(
        *(run for n in range(1, 11) for run in a_comparison(n, repeats=3)),
        *a_comparison(11, prompt="A lighthouse, number 1"),  # asked before: the same unit
    )

    prompts = [
        "A lighthouse, number 1" if pair.comparison_id == "cmp_11" else pair.comparison_id
        for pair in judging_queue(runs, standing(votes), seed=1)
    ]
    prompts = ["cmp_1" if "lighthouse" in prompt else prompt for prompt in prompts]

    assert len(prompts) == 31
    assert len(set(prompts[:10])) == len(set(prompts[10:20])) == len(set(prompts[20:30])) == 10
    assert prompts[30] == "cmp_1"


def test_the_order_is_random_and_that_of_its_seed(frame, votes):
    runs = frame(*(run for n in range(1, 21) for run in a_comparison(n)))
    queues = [ids(judging_queue(runs, standing(votes), seed=seed)) for seed in (1, 1, 2)]

    assert queues[0] == queues[1] != queues[2]
    assert queues[0] != sorted(queues[0])


def test_judging_some_does_not_reorder_the_rest(frame, votes):
    runs = frame(*(run for n in range(1, 9) for run in a_comparison(n, repeats=2)))
    queue = judging_queue(runs, standing(votes), seed=5)
    for pair in (queue[0], queue[3], queue[9]):
        a_ballot(votes, pair).cast(Answer.A_BETTER, at=NOON)

    rest = judging_queue(runs, standing(votes), seed=5)

    assert ids(rest) == [each for place, each in enumerate(ids(queue)) if place not in (0, 3, 9)]


def test_trust_pairs_are_mixed_in_without_moving_the_others(frame, votes):
    runs = frame(*(run for n in range(1, 31) for run in a_comparison(n, repeats=2)))
    for n in range(1, 11):
        a_ballot(votes, a_pair(n), number=n).cast(Answer.A_BETTER, at=NOON)
    plain = judging_queue(runs, standing(votes), seed=5)

    queue = judging_queue(runs, standing(votes), seed=5, trust_share=0.2)

    assert [pair for pair in queue if pair.kind is PairKind.MODELS] == list(plain)
    kinds = [pair.kind for pair in queue]
    # 50 left to judge; 12 or 13 more make a fifth.
    assert (kinds.count(PairKind.SAME_MODEL), kinds.count(PairKind.SWAPPED)) == (6, 6)
    assert len(set(queue)) == len(queue)
    assert all(kinds[n : n + 12].count(PairKind.MODELS) < 12 for n in range(len(kinds) - 11))


def test_a_pair_is_swapped_once_and_only_if_its_names_were_hidden(frame, votes):
    runs = frame(*(run for n in range(1, 9) for run in a_comparison(n)))
    a_ballot(votes, a_pair(1)).cast(Answer.TIE, at=NOON)
    a_ballot(votes, a_pair(2), is_blind=False, number=None).cast(Answer.TIE, at=NOON)
    told_first = a_ballot(votes, a_pair(3))
    told_first.reveal(at=NOON)
    told_first.cast(Answer.TIE, at=NOON)
    a_ballot(votes, a_pair(9)).cast(Answer.TIE, at=NOON)  # of somebody else's runs

    def swapped() -> list[Pair]:
        queue = judging_queue(runs, standing(votes), seed=5, trust_share=0.5)
        return [pair for pair in queue if pair.kind is PairKind.SWAPPED]

    (again,) = swapped()
    assert again == replace(a_pair(1), kind=PairKind.SWAPPED, draw=7)
    ballot = a_ballot(votes, again, number=99)
    assert (ballot.run_a, ballot.run_b) == sides(a_pair(1), 7)[::-1]
    ballot.cast(Answer.TIE, at=NOON)
    assert swapped() == []


@pytest.mark.parametrize("share", [-0.1, 1, 2])
def test_a_share_of_trust_pairs_out_of_range_is_refused(frame, votes, share):
    with pytest.raises(ValueError, match=str(share)):
        judging_queue(frame(), standing(votes), seed=1, trust_share=share)


def test_the_voter_of_these_tests_is_the_one_on_the_ballots(votes):
    assert a_ballot(votes).cast(Answer.TIE, at=NOON).voter_id == VOTER
