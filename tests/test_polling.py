"""Asking for the status: soon enough, seldom enough, and never trusting a field that lies."""

import json
import math
import random
import time
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playground.polling import (
    FAST,
    POLITE,
    Durations,
    Law,
    next_poll_s,
    observed_s,
    predicted_s,
)
from tests.benchmarks.bench_polling import (
    FLEX,
    PRO,
    Assumed,
    every,
    score_learned,
    score_schedule,
    score_with_progress,
)

KEY = ("emulated", "flux-2-flex", "1K", "without")
LAW = Law(mu=math.log(10), sigma=0.3)


def learned(durations_s, *, foretold=None):
    durations = Durations()
    for i, duration_s in enumerate(durations_s):
        durations.add(KEY, duration_s, foretold_s=None if foretold is None else foretold[i])
    return durations


@pytest.mark.parametrize(("assumed", "lag_s"), [(FLEX, 0.65), (PRO, 1.0)])
def test_a_finish_is_noticed_early_at_no_more_questions_than_the_vendors_schedule(
    assumed: Assumed, lag_s: float
):
    rng = random.Random(7)
    durations = [assumed.draw(rng) for _ in range(4_000)]
    vendor = score_schedule(durations, every(2, 3))

    ours = score_learned(durations, FAST)

    assert ours.lag_s <= lag_s
    assert ours.requests <= vendor.requests


@pytest.mark.parametrize("assumed", [FLEX, PRO])
def test_the_polite_pace_saves_a_quarter_of_the_vendors_questions_at_about_its_lag(
    assumed: Assumed,
):
    rng = random.Random(8)
    durations = [assumed.draw(rng) for _ in range(4_000)]
    vendor = score_schedule(durations, every(2, 3))

    ours = score_learned(durations, POLITE)

    assert ours.requests <= 0.75 * vendor.requests
    assert ours.lag_s <= 1.05 * vendor.lag_s


def test_an_honest_progress_field_saves_a_quarter_of_the_questions():
    rng = random.Random(9)
    durations = [FLEX.draw(rng) for _ in range(3_000)]
    without = score_learned(durations, FAST)

    with_it = score_with_progress(durations, FAST, rng, noise=0.10)

    assert with_it.requests <= 0.75 * without.requests
    assert with_it.lag_s <= without.lag_s


def test_until_five_tasks_are_known_the_vendors_schedule_is_followed():
    durations = learned([8.0] * 4)

    moments = [0.0]
    for _ in range(4):
        moments.append(next_poll_s(moments[-1], durations.law(KEY), FAST))

    assert moments == [0, 2, 5, 8, 11]


def test_five_tasks_are_enough_wherever_they_lie():
    quick, slow = learned([0.06] * 5).law(KEY), learned([300.0] * 5).law(KEY)

    assert quick is not None
    assert slow is not None
    assert quick.median_s == pytest.approx(0.06)
    assert slow.median_s == pytest.approx(300)


def test_the_first_question_waits_until_finishing_becomes_likely():
    assert 5 < next_poll_s(0, LAW, FAST) < 10
    assert next_poll_s(0.3, LAW, FAST) == pytest.approx(next_poll_s(0, LAW, FAST))
    assert next_poll_s(0.3, None, FAST) == 2
    assert next_poll_s(0, Law(mu=math.log(900), sigma=0.2), FAST) == 60


def test_questions_keep_the_gaps_of_their_pace():
    for pace, gap_s in ((FAST, 1), (POLITE, 3)):
        for law in (LAW, Law(mu=math.log(2), sigma=0.1), Law(mu=math.log(60), sigma=1.2)):
            moments = [next_poll_s(0, law, pace)]
            for _ in range(60):
                moments.append(next_poll_s(moments[-1], law, pace))

            gaps = [b - a for a, b in pairwise(moments)]
            assert moments[0] >= 2
            assert min(gaps) >= gap_s - 1e-9
            assert max(gaps) <= 60 + 1e-9


def test_an_overdue_task_is_asked_for_ever_more_seldom_but_at_least_every_minute():
    for law in (LAW, None):
        assert next_poll_s(100, law, FAST) <= 100 + 15
        assert next_poll_s(300, law, FAST) == 330
        assert next_poll_s(24 * 3600, law, FAST) == 24 * 3600 + 60


def test_a_scaled_pace_asks_a_sped_up_service_at_the_same_points_of_its_tasks():
    fast_law = Law(mu=LAW.mu + math.log(0.01), sigma=LAW.sigma)
    fast_pace = replace(FAST, time_scale=0.01)

    for elapsed_s in (0, 3, 9, 12, 40):
        scaled = next_poll_s(elapsed_s / 100, fast_law, fast_pace)
        assert scaled * 100 == pytest.approx(next_poll_s(elapsed_s, LAW, FAST))
    assert next_poll_s(0, None, fast_pace) == pytest.approx(0.02)


@given(
    elapsed_s=st.floats(0, 1e6),
    mu=st.floats(-5, 9),
    sigma=st.floats(0.1, 1.5),
    progress=st.none() | st.floats(0, 100),
    error=st.none() | st.floats(0.03, 0.25),
)
def test_the_next_question_is_always_later_and_never_far(elapsed_s, mu, sigma, progress, error):
    law = Law(mu=mu, sigma=sigma, progress_error=error)

    due_s = next_poll_s(elapsed_s, law, FAST, progress_pct=progress)

    assert due_s > elapsed_s
    if elapsed_s > 0:
        assert due_s <= elapsed_s + 60 + 1e-6


def test_progress_is_ignored_until_ten_tasks_proved_it_honest():
    nine = learned([10.0] * 9, foretold=[10.5] * 9).law(KEY)
    ten = learned([10.0] * 10, foretold=[10.5] * 10).law(KEY)

    assert nine is not None
    assert nine.progress_error is None
    assert ten is not None
    assert ten.progress_error == pytest.approx(0.05)
    assert next_poll_s(8, nine, FAST, progress_pct=50) == next_poll_s(8, nine, FAST)
    assert next_poll_s(8, ten, FAST, progress_pct=50) > next_poll_s(8, ten, FAST)


def test_progress_that_lied_twice_in_ten_is_trusted_no_more():
    once = learned([10.0] * 10, foretold=[10.0] * 9 + [30.0]).law(KEY)
    twice = learned([10.0] * 10, foretold=[10.0] * 8 + [30.0] * 2).law(KEY)

    assert once is not None
    assert once.progress_error is not None
    assert twice is not None
    assert twice.progress_error is None


def test_a_figure_of_little_progress_foretells_nothing():
    assert predicted_s(5, None) is None
    assert predicted_s(5, 10) is None
    assert predicted_s(5, 100) is None
    assert predicted_s(5, 47.5) == pytest.approx(10)


def test_one_straggler_hardly_moves_the_law():
    plain = learned([8.0, 9, 10, 11, 12] * 6)
    before = plain.law(KEY)
    plain.add(KEY, 500)
    after = plain.law(KEY)

    assert before is not None
    assert after is not None
    assert after.median_s < 1.05 * before.median_s


def test_the_law_follows_a_service_that_became_slower():
    durations = learned([10.0] * 60)
    for _ in range(120):
        durations.add(KEY, 18.0)

    law = durations.law(KEY)
    assert law is not None
    assert law.median_s == pytest.approx(18, rel=0.15)


def test_kinds_of_tasks_are_learned_apart():
    durations = learned([10.0] * 5)

    assert durations.law(("live", *KEY[1:])) is None


@pytest.mark.parametrize("nonsense", [0, -1, math.nan, math.inf])
def test_a_duration_that_cannot_be_teaches_nothing(nonsense: float):
    durations = learned([10.0] * 4)

    durations.add(KEY, nonsense)

    assert durations.law(KEY) is None


def test_a_duration_is_guessed_from_both_clocks():
    assert observed_s(low_s=6, high_s=8) == 7
    assert observed_s(low_s=6, high_s=8, told_s=9) == 8
    assert observed_s(low_s=6, high_s=8, told_s=6) == 6.5
    assert observed_s(low_s=6, high_s=8, told_s=60) == 7
    assert observed_s(low_s=0, high_s=10) == pytest.approx(9.3)


def test_what_was_learned_survives_a_restart():
    durations = learned([8.0, 9, 10, 11, 12, 13] * 3, foretold=[10.0] * 18)
    durations.add(("live", "flux-2-pro", "2K", "with"), 20)

    again = Durations.from_json(durations.to_json())

    assert again.to_json() == durations.to_json()
    assert again.law(KEY) == durations.law(KEY)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"version": 2, "fits": []}',
        '{"version": 1, "fits": [{"key": "a"}]}',
        json.dumps(
            {
                "version": 1,
                "fits": [
                    {"key": ["a"], "n": 9, "mu": 1, "variance": -1, "first": [], "errors": []}
                ],
            }
        ),
        '{"version": 1, "fits": [{"key": ["a"], "n": 9, "mu": NaN, "variance": 1, "first": [], '
        '"errors": []}]}',
    ],
)
def test_a_damaged_memory_is_refused_not_guessed(text: str):
    with pytest.raises(ValueError, match="not learned durations"):
        Durations.from_json(text)


def test_a_call_costs_less_than_a_fifth_of_a_millisecond():
    laws = [Law(mu=math.log(10), sigma=0.2 + i / 100, progress_error=0.1) for i in range(50)]
    for law in laws:
        next_poll_s(4.0, law, FAST, progress_pct=40)

    begun = time.process_time()
    for _ in range(20):
        for law in laws:
            next_poll_s(4.0, law, FAST, progress_pct=40)
    spent_s = time.process_time() - begun

    assert spent_s / 1_000 < 0.0002
