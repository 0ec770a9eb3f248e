"""Simulated experiments say of each way of reading what is known of it."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from playground.judging.synthetic import SyntheticVoter, votes_frame
from playground.results.evidence import Evidence, gather
from playground.results.simulation import (
    coverage_frame,
    power_frame,
    reading_frame,
    split_frame,
    waiting_frame,
)
from playground.results.stats import median_n_to_call, sign_test, sign_test_power, wilson
from playground.schema import Origin, Run, Vote
from tests.results_rig import PRO, runs_frame


def gathered(runs: Sequence[Run], votes: Sequence[Vote] = (), **settings: Any) -> Evidence:
    """The evidence of these rows; live unless told otherwise."""
    settings = {"origin": Origin.LIVE, **settings}
    return gather(runs_frame(runs), votes_frame(list(votes)), **settings)


def test_only_counting_prompts_keeps_the_promise_between_identical_models():
    voter = SyntheticVoter(model=PRO, share=0.5, spread=0.6, seed=1)

    frame = reading_frame(voter, n_experiments=1500, n_prompts=40, n_repeats=3)
    called = {(r.counted, r.read, r.rule): r for r in frame.itertuples()}

    assert called["prompt", "once", "sign test"].low <= 0.05
    assert called["prompt", "always", "e-value"].share <= 0.05
    assert called["vote", "once", "sign test"].low > 0.08
    assert called["prompt", "always", "sign test"].low > 0.10
    assert called["vote", "always", "sign test"].low > called["vote", "once", "sign test"].share


def test_a_call_at_the_end_is_the_sign_test():
    voter = SyntheticVoter(model=PRO, share=0.65, tie_share=0.2, seed=5)
    nets = voter.nets(300, 30)[:, :, 0]
    wins, n = (nets > 0).sum(axis=1), np.abs(nets).sum(axis=1)
    called = sum(sign_test(int(w), int(k)).p <= 0.05 for w, k in zip(wins, n, strict=True))

    frame = reading_frame(voter, n_experiments=300, n_prompts=30, n_repeats=1)

    assert 0 < called < 300
    assert frame["called"].iloc[0] == called == frame["called"].iloc[2]


def test_more_prompts_beat_more_repeats_where_repeats_are_alike():
    voter = SyntheticVoter(model=PRO, share=0.7, spread=0.5, seed=2)

    frame = split_frame(voter, n_votes=60, repeats=(1, 5), n_experiments=1500)

    assert frame["n_prompts"].tolist() == [60, 12]
    assert frame["error"].iloc[1] > 1.3 * frame["error"].iloc[0]
    assert frame["low"].iloc[0] > frame["high"].iloc[1]
    with pytest.raises(ValueError, match="7 repeats"):
        split_frame(voter, n_votes=60, repeats=(7,), n_experiments=10)


def test_the_error_of_independent_votes_does_not_care_how_they_are_spent():
    voter = SyntheticVoter(model=PRO, share=0.7, seed=2)

    errors = split_frame(voter, n_votes=60, repeats=(1, 5), n_experiments=3000)["error"]

    assert errors.tolist() == pytest.approx([(4 * 0.21 / 60) ** 0.5] * 2, rel=0.06)


def test_thrown_power_is_the_exact_one():
    frame = power_frame((0.6, 0.8), (23, 54), n_experiments=4000, seed=3)

    assert frame["exact"].iloc[1] == sign_test_power(0.6, 54)
    assert np.abs(frame["share"] - frame["exact"]).max() < 0.03


def test_the_median_wait_is_the_exact_one():
    (row,) = waiting_frame((0.8,), n_prompts=200, n_experiments=2000, seed=4).itertuples()

    assert abs(row.median - median_n_to_call(0.8)) <= 2
    assert row.median < row.p80 <= 200
    assert np.isnan(
        waiting_frame((0.5,), n_prompts=50, n_experiments=200, seed=4)["median"].iloc[0]
    )


def test_wilson_covers_what_it_promises():
    (row,) = coverage_frame(0.7, {"wilson": wilson}, n=50, draws=20_000, seed=1).itertuples()

    assert 0.94 <= row.share <= 0.965
    assert row.covered == pytest.approx(row.share * row.n_draws)
