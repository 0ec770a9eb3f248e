"""The frames of the charts: tidy, and the same numbers as the summary."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import numpy as np
import pytest
from PIL import Image

from playground.images.pixels import measure_pixels
from playground.results.charts import (
    benefit_frame,
    groups_frame,
    live_sequence_frame,
    money_frame,
    outcomes_frame,
    pixel_frame,
    time_ratio_frame,
    times_frame,
    win_share_frame,
)
from playground.results.evidence import gather
from playground.results.summary import summary_of
from playground.schema import Origin, RunStatus
from tests.judging_rig import a_comparison, failed
from tests.results_rig import FLEX, PRO, comparisons, priced, runs_frame, votes_frame, votes_on


def evidence_of(runs, votes=()):
    return gather(runs_frame(runs), votes_frame(list(votes)), origin=Origin.LIVE)


def summed(runs, votes=()):
    return summary_of(evidence_of(runs, votes))


def test_the_shares_of_both_models_are_one_whole_and_their_intervals_mirror():
    runs = comparisons(20)

    frame = win_share_frame(summed(runs, votes_on(runs, [PRO] * 17 + [FLEX] * 3)))

    assert frame["model"].tolist() == [FLEX, PRO]
    assert frame["wins"].tolist() == [3, 17]
    assert frame["share"].sum() == pytest.approx(1)
    assert (round(frame["low"][1], 3), round(frame["high"][1], 3)) == (0.529, 0.986)
    assert frame["low"][0] == pytest.approx(1 - frame["high"][1])
    assert frame["is_shown"].all()


def test_nothing_is_drawn_under_five_decisive_prompts():
    runs = comparisons(6)
    few = summed(runs, votes_on(runs, [PRO] * 4))

    assert not win_share_frame(few)["is_shown"].any()
    assert live_sequence_frame(few).empty
    assert win_share_frame(summed(runs)).empty
    many = live_sequence_frame(summed(runs, votes_on(runs, [PRO] * 6)))
    assert many["n"].tolist() == [5, 6]
    assert many["model"].tolist() == [PRO, PRO]


def test_every_timed_run_is_a_mark_and_a_time_out_is_marked_as_one():
    runs = comparisons(3)
    late = replace(failed(runs[1]), status=RunStatus.TIMED_OUT, total_s=None)
    runs[1] = replace(late, finished_at=late.started_at + timedelta(seconds=600))
    runs[3] = replace(failed(runs[3]), total_s=None)

    times, ratios = times_frame(evidence_of(runs)), time_ratio_frame(evidence_of(runs))

    assert len(times) == 5
    assert times.loc[times["is_censored"], "seconds"].tolist() == [600]
    assert len(ratios) == 2
    assert ratios["is_censored"].tolist() == [True, False]
    assert np.isinf(ratios["ratio"][0])
    assert ratios["ratio"][1] == pytest.approx(ratios["second_s"][1] / ratios["first_s"][1])


def test_kinds_of_money_are_apart_and_unknown_is_not_zero():
    runs = [replace(run, charged_usd=None, charged_credits=None) for run in comparisons(2)]

    frame = money_frame(summed(runs))

    flex = frame[frame["model"] == FLEX].set_index("kind")
    assert flex.loc["estimated", "amount"] == Decimal("0.14")
    assert flex.loc["charged", "amount"] is None
    assert flex.loc["credits", ["n_known", "n_runs"]].tolist() == [0, 2]
    assert flex["unit"].tolist() == ["USD", "USD", "credits"]


def test_small_groups_keep_their_counts_and_lose_their_share():
    runs = [
        *comparisons(5),
        *(priced(run) for n in (11, 12) for run in a_comparison(n, size="1:1")),
    ]

    frame = groups_frame(summed(runs, votes_on(runs, [PRO] * 7))).set_index("value")

    assert frame.loc["1:1", ["wins", "n", "is_small"]].tolist() == [2, 2, True]
    assert np.isnan(frame.loc["1:1", "share"])
    assert frame.loc["16:9", "share"] == 1


def test_outcomes_are_shares_of_what_was_sent():
    runs = comparisons(4)
    runs[0] = failed(runs[0])

    frame = outcomes_frame(summed(runs)).set_index(["model", "kind"])

    assert frame.loc[(FLEX, "usable"), ["count", "n"]].tolist() == [3, 4]
    assert frame.loc[(FLEX, "failed"), "share"] == 0.25
    assert frame.loc[(PRO, "failed"), "count"] == 0


def test_pixel_measures_are_compared_within_a_pair_at_one_size():
    runs = comparisons(3)
    dark, light = (Image.new("RGB", (32, 32), colour) for colour in ("#000000", "#ffffff"))
    measures = {
        "run_1_1_1": measure_pixels(dark, size_px=(32, 32)),
        "run_1_2_1": measure_pixels(light, size_px=(32, 32)),
        "run_2_1_1": measure_pixels(dark, size_px=(32, 32)),
        "run_3_1_1": measure_pixels(dark, size_px=(32, 32)),
        "run_3_2_1": measure_pixels(light, size_px=(16, 16)),
    }

    frame = pixel_frame(evidence_of(runs), measures)

    assert frame["comparison_id"].unique().tolist() == ["cmp_1"]
    brightness = frame.set_index("measure").loc["mean_luminance"]
    assert brightness[["first", "second", "difference"]].tolist() == pytest.approx([0, 255, 255])


def test_the_gain_of_the_dearer_model_is_zero_at_the_break_even_and_mirrors():
    runs = comparisons(12)
    votes = votes_on(runs, [FLEX] * 9 + [PRO] * 3)
    even = summed(runs, votes).break_even

    frame = benefit_frame(evidence_of(runs, votes), [0.0, even.estimate_usd, 1.0])

    assert set(frame["model"]) == {FLEX}
    assert frame["estimate"].tolist() == pytest.approx([-0.045, 0.0, 0.5 - 0.045])
    assert (frame["low"] <= frame["estimate"]).all()
    assert (frame["estimate"] <= frame["high"]).all()
    assert benefit_frame(evidence_of(runs), [1.0]).empty
