"""Effects of one change: found where they are set, not where they are not, and counted by prompt."""

import math

import numpy as np
import pandas as pd
import pytest

from playground.results.factors import (
    crowd_difference,
    crowd_effect,
    difference_by_comparison,
    effects_frame,
    factor_effect,
    net_by_comparison,
    tagged_factors,
)
from playground.results.stats import mean_difference
from playground.schema import Origin
from tests.results_rig import FLEX, PRO, comparisons, runs_frame, votes_on
from tests.test_simulation import gathered

CHANGE = {"factor": "light", "base": "day", "other": "night", "within": "subject"}


def a_plan(n_subjects: int, styles=("photo", "oil")) -> pd.DataFrame:
    rows = [
        {"subject": f"s{subject}", "light": light, "style": style}
        for subject in range(n_subjects)
        for light in ("day", "night")
        for style in styles
    ]
    return pd.DataFrame(rows).astype("string").set_index(pd.Index(map(str, range(len(rows)))))


def test_tags_with_a_colon_become_factors_and_others_do_not():
    marks = pd.DataFrame(
        {
            "comparison_id": ["c1", "c2", "c3"],
            "tags": [("light: day", "style: oil", "liked"), ("light: night: late",), ("liked",)],
        }
    )

    table = tagged_factors(marks)

    assert table.loc["c1"].to_dict() == {"light": "day", "style": "oil"}
    assert table.loc["c2", "light"] == "night: late"
    assert table["style"].isna().tolist() == [False, True]


def test_no_tags_are_an_empty_table():
    assert tagged_factors(pd.DataFrame({"comparison_id": [], "tags": []})).empty


def test_what_all_wordings_of_a_subject_share_is_not_in_the_interval():
    plan = a_plan(6)
    leaning = plan["subject"].str[1:].astype(float).to_numpy() * 10
    value = pd.Series(leaning + 3.0 * (plan["light"] == "night"), index=plan.index)

    effect = factor_effect(value, plan, **CHANGE)
    crowd = crowd_difference(
        *(value[plan["light"] == each].to_numpy() for each in ("day", "night"))
    )

    assert effect.difference.estimate == pytest.approx(3)
    assert effect.difference.high - effect.difference.low == pytest.approx(0, abs=1e-9)
    assert (effect.difference.n, effect.n_matched) == (6, 12)
    assert crowd.high - crowd.low > 20


def test_the_unit_is_the_subject_however_many_wordings_it_has():
    rng = np.random.default_rng(3)
    few, many = a_plan(8, ("photo",)), a_plan(8, tuple("abcdefgh"))
    # Every wording of a subject says the same, so more of them are no more evidence.
    shift = dict(zip((f"s{i}" for i in range(8)), rng.normal(1, 1, 8), strict=True))

    def effect(plan: pd.DataFrame):
        at_night = (plan["light"] == "night").to_numpy(dtype=float)
        value = plan["subject"].map(shift).to_numpy(dtype=float) * at_night
        return factor_effect(pd.Series(value, index=plan.index), plan, **CHANGE).difference

    assert (effect(few).low, effect(few).high) == pytest.approx(
        (effect(many).low, effect(many).high)
    )


def test_only_cells_with_a_counterpart_count():
    plan = a_plan(3).drop(index=["0"])  # subject 0, day, photo
    value = pd.Series(np.where(plan["style"] == "photo", 100.0, 0.0), index=plan.index)
    value += (plan["light"] == "night").to_numpy(dtype=float)

    effect = factor_effect(value, plan, **CHANGE)

    assert effect.difference.estimate == pytest.approx(1)
    assert effect.n_matched == 5


def test_too_little_gives_no_effect_and_a_wrong_name_is_told():
    plan = a_plan(1)
    value = pd.Series(1.0, index=plan.index)

    assert factor_effect(value, plan, **CHANGE) is None
    assert factor_effect(value, a_plan(3), **{**CHANGE, "other": "dusk"}) is None
    with pytest.raises(ValueError, match="'colour'"):
        factor_effect(value, plan, **{**CHANGE, "factor": "colour"})


def test_another_experiments_factor_does_not_drop_a_row():
    plan = a_plan(4)
    plan["reference"] = pd.Series(pd.NA, index=plan.index, dtype="string")
    value = pd.Series((plan["light"] == "night").astype(float), index=plan.index)

    assert factor_effect(value, plan, **CHANGE).difference.estimate == pytest.approx(1)


def test_crowds_as_welch_has_them():
    # (0.5 + 1.667)² / (0.5² / 4 + 1.667² / 3) = 4.75 degrees, rounded down to 4: t = 2.7764.
    found = crowd_difference(np.array([1.0, 2, 3, 4, 5]), np.array([2.0, 4, 6, 8]))
    error = math.sqrt(2.5 / 5 + (20 / 3) / 4)

    assert found.estimate == pytest.approx(2)
    assert found.high - found.estimate == pytest.approx(2.7764 * error, abs=1e-3)


def test_intervals_hold_a_set_effect_as_often_as_they_promise():
    rng = np.random.default_rng(7)
    plan = a_plan(20, ("photo",))
    is_night = (plan["light"] == "night").to_numpy(dtype=float)
    held = 0
    for _ in range(400):
        leaning = np.repeat(rng.normal(0, 2, 20), 2)
        value = pd.Series(leaning + 0.5 * is_night + rng.normal(0, 1, 40), index=plan.index)
        found = factor_effect(value, plan, **CHANGE).difference
        held += found.low <= 0.5 <= found.high

    assert 0.92 <= held / 400 <= 0.98


def test_net_votes_and_differences_are_of_the_second_model():
    runs = comparisons(4)
    evidence = gathered(runs, votes_on(runs, [PRO, FLEX, "tie", PRO]))

    net = net_by_comparison(evidence)
    ids = [run.comparison_id for run in runs[::2]]
    seconds = pd.Series({run.run_id: 1.0 if run.model == FLEX else 4.0 for run in runs})
    assert net.reindex(ids).tolist() == [1, -1, 0, 1]
    assert difference_by_comparison(evidence, seconds).tolist() == [3.0] * 4
    assert runs_frame(runs)["origin"].iloc[0] == Origin.LIVE


def test_the_frame_has_a_row_per_known_effect():
    plan = a_plan(5)
    value = pd.Series((plan["light"] == "night").astype(float), index=plan.index)
    effect = factor_effect(value, plan, **CHANGE)

    frame = effects_frame([effect, None])

    assert frame["change"].tolist() == ["day → night"]
    assert frame["n_blocks"].tolist() == [5]
    assert effect.difference == mean_difference(np.zeros(5), np.ones(5))


def test_crowds_take_the_comparisons_that_have_both_a_value_and_a_level():
    plan = a_plan(4, ("photo",))
    value = pd.Series([1.0, 2, 3, 5, 8, 13], index=plan.index[:6])

    found = crowd_effect(value, plan, factor="light", base="day", other="night")

    assert found == crowd_difference(np.array([1.0, 3, 8]), np.array([2.0, 5, 13]))
    assert crowd_effect(value, plan, factor="light", base="day", other="dusk") is None
