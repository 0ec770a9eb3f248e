"""The voter of known preference: it votes as set, and every time the same."""

import numpy as np
import pandas as pd
import pytest

from playground.judging.pairs import pairs_of, repeat_pairs_of
from playground.judging.synthetic import SyntheticVoter, votes_frame
from playground.judging.votes import current_votes, load_votes
from playground.results.tally import sequence_frame
from playground.schema import PairKind
from tests.judging_rig import NOON, failed
from tests.results_rig import FLEX, PRO, comparisons, runs_frame


def votes_of(n: int = 1000, **settings) -> pd.DataFrame:
    settings = {"model": PRO, "share": 0.7, "seed": 1, **settings}
    return SyntheticVoter(**settings).votes(pairs_of(runs_frame(comparisons(n))), at=NOON)


def test_its_rows_have_the_columns_and_dtypes_of_the_log(tmp_path):
    assert votes_of(5).dtypes.to_dict() == load_votes(tmp_path / "votes.csv").dtypes.to_dict()
    assert votes_frame([]).dtypes.to_dict() == votes_of(5).dtypes.to_dict()


def test_it_votes_in_the_set_shares():
    votes = votes_of(2000, share=0.7, tie_share=0.2, both_bad_share=0.1)

    answers = votes["answer"].value_counts(normalize=True)
    decisive = votes["winner_model"].dropna()
    assert answers["tie"] == pytest.approx(0.2, abs=0.03)
    assert answers["both_bad"] == pytest.approx(0.1, abs=0.03)
    assert (decisive == PRO).mean() == pytest.approx(0.7, abs=0.04)
    assert set(decisive) == {FLEX, PRO}


def test_the_same_seed_votes_the_same_and_another_does_not():
    one, again, other = votes_of(50), votes_of(50), votes_of(50, seed=2)

    pd.testing.assert_frame_equal(one, again)
    assert one["winner_model"].tolist() != other["winner_model"].tolist()


def test_the_winner_is_the_run_on_the_side_it_chose():
    votes = votes_of(200)

    is_left = votes["answer"] == "a_better"
    assert (is_left == (votes["winner_run_id"] == votes["run_a"])).all()
    assert 0.4 < is_left.mean() < 0.6
    assert len(current_votes(votes)) == 200


def test_a_left_bias_shows_as_one():
    votes = votes_of(1000, share=0.5, left_share=0.6)

    assert (votes["winner_run_id"] == votes["run_a"]).mean() == pytest.approx(0.8, abs=0.04)


def test_pairs_without_evidence_are_passed_over():
    runs = comparisons(4)
    runs[0] = failed(runs[0])

    votes = SyntheticVoter(model=PRO, share=1, seed=1).votes(pairs_of(runs_frame(runs)), at=NOON)

    assert votes["comparison_id"].tolist() == ["cmp_2", "cmp_3", "cmp_4"]
    assert set(votes["winner_model"]) == {PRO}


def test_two_pictures_of_one_model_are_a_matter_of_luck():
    pairs = repeat_pairs_of(runs_frame(comparisons(300, repeats=2)))

    votes = SyntheticVoter(model=PRO, share=1, seed=1).votes(pairs, at=NOON)

    assert set(votes["pair_kind"]) == {PairKind.SAME_MODEL}
    assert (votes["winner_run_id"] == votes["run_1"]).mean() == pytest.approx(0.5, abs=0.07)


def test_repeats_of_a_spread_voter_agree_more_than_chance():
    def agreement(spread: float) -> float:
        nets = SyntheticVoter(model=PRO, share=0.5, spread=spread, seed=3).nets(400, 20, 2)
        return float((nets[..., 0] == nets[..., 1]).mean())

    assert agreement(0) == pytest.approx(0.5, abs=0.03)
    # Of a beta with intraclass correlation 0.6 and mean ½: ½ + 0.6 / 2.
    assert agreement(0.6) == pytest.approx(0.8, abs=0.03)


@pytest.mark.parametrize(
    "wrong",
    [{"share": 1.2}, {"tie_share": 0.6, "both_bad_share": 0.6}, {"spread": 1}, {"left_share": -1}],
)
def test_impossible_shares_are_refused(wrong):
    with pytest.raises(ValueError, match=r"within|more than all"):
        SyntheticVoter(**{"model": PRO, "share": 0.5, "seed": 1, **wrong})


def test_watched_over_repeats_identical_models_rarely_have_a_winner():
    """The very function the screen reads, after each of 500 votes: 100 prompts, then each again."""
    nets = SyntheticVoter(model=PRO, share=0.5, spread=0.6, seed=9).nets(150, 100, 5)
    units = np.tile(np.arange(100), 5)
    false_calls = 0
    for experiment in nets:
        votes = pd.DataFrame(
            {"unit": units, "net": experiment.T.ravel().astype(np.int64), "at": NOON}
        )
        false_calls += bool((sequence_frame(votes)["log_e"] >= np.log(20)).any())

    assert false_calls / len(nets) <= 0.06


def test_a_vote_can_be_changed_like_any_other():
    votes = votes_of(3)
    again = votes.iloc[[0]].assign(answer="tie", winner_run_id=None, winner_model=None)

    standing = current_votes(pd.concat([votes, again.astype(votes.dtypes)], ignore_index=True))

    assert sorted(standing["answer"].tolist())[-1] == "tie"
    assert len(standing) == 3
