"""Which part of the logs is looked at: every filter alone, and what there is to choose from."""

from dataclasses import replace
from datetime import date, timedelta

import pandas as pd
import pytest

from playground.results.scope import Scope, ScopeChoices, choices_in, scope_mask
from playground.schema import Origin
from tests.judging_rig import a_comparison, minutes
from tests.results_rig import runs_frame

MARKS = pd.DataFrame(
    {
        "comparison_id": pd.array(["cmp_1", "cmp_3"], dtype="string"),
        "tags": pd.Series([("night",), ("night", "portrait")], dtype=object),
    }
)
NO_MARKS = MARKS.iloc[:0]
RUNS = runs_frame(
    [
        *a_comparison(1),
        *a_comparison(2, size="1:1", resolution="2K"),
        *a_comparison(3, experiment_id="exp_1", origin="emulated"),
        *a_comparison(4, owner_id="somebody"),
    ]
)


def comparisons_in(scope: Scope) -> list[str]:
    return sorted(set(RUNS.loc[scope_mask(RUNS, scope, marks=MARKS), "comparison_id"]))


@pytest.mark.parametrize(
    ("scope", "found"),
    [
        (Scope(), ["cmp_1", "cmp_2", "cmp_3"]),
        (Scope(owner_id="somebody"), ["cmp_4"]),
        (Scope(experiment_id="exp_1"), ["cmp_3"]),
        (Scope(tag="night"), ["cmp_1", "cmp_3"]),
        (Scope(tag="portrait"), ["cmp_3"]),
        (Scope(size="1:1"), ["cmp_2"]),
        (Scope(resolution="1K"), ["cmp_1", "cmp_3"]),
        (Scope(tag="night", experiment_id="exp_1"), ["cmp_3"]),
        (Scope(tag="never used"), []),
    ],
)
def test_a_filter_lets_through_what_has_all_of_it(scope: Scope, found: list[str]) -> None:
    assert comparisons_in(scope) == found


def test_a_comparison_begun_before_the_day_is_out_whole() -> None:
    late = minutes(1) + timedelta(days=1)
    first, second = a_comparison(1)
    runs = runs_frame([first, replace(second, started_at=late), *a_comparison(2, started_at=late)])

    mask = scope_mask(runs, Scope(since=date(2026, 11, 23)), marks=NO_MARKS)

    assert runs.loc[mask, "comparison_id"].tolist() == ["cmp_2", "cmp_2"]


def test_only_what_an_owner_has_is_offered() -> None:
    assert choices_in(RUNS, marks=MARKS) == ScopeChoices(
        origins=(Origin.EMULATED, Origin.LIVE),
        experiments=("exp_1",),
        tags=("night", "portrait"),
        resolutions=("1K", "2K"),
        sizes=("16:9", "1:1"),
        names={"exp_1": "exp_1"},
    )
    assert choices_in(RUNS, marks=MARKS, owner_id="somebody").tags == ()


def test_an_empty_log_has_nothing_to_choose_from() -> None:
    none = runs_frame([])

    assert choices_in(none, marks=NO_MARKS) == ScopeChoices()
    assert not scope_mask(none, Scope(tag="night", since=date(2026, 1, 1)), marks=NO_MARKS).any()


def test_the_frames_that_come_in_are_not_changed() -> None:
    before = RUNS.copy(deep=True)

    scope_mask(RUNS, Scope(tag="night", size="16:9"), marks=MARKS)[:] = False

    pd.testing.assert_frame_equal(RUNS, before)
