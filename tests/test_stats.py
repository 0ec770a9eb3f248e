"""The statistics against the vectors they were specified with, published numbers, and their own laws."""

import math
from dataclasses import FrozenInstanceError
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playground.results.stats import (
    PLANNED_SHARES,
    Margin,
    Method,
    break_even,
    confidence_bounds,
    confidence_sequence,
    cost_per_win,
    e_value,
    elo_gap,
    is_inside,
    jeffreys,
    log_e_values,
    mean_difference,
    median_n_to_call,
    n_for_power,
    net_benefit,
    net_share,
    pairs_for_ratio,
    plan_share,
    ratio_bootstrap,
    ratio_by_ranks,
    ratio_t,
    sign_test,
    sign_test_power,
    wilson,
)
from playground.results.stats.distributions import beta_probability, beta_quantile, t_quantile

# wins, n, Wilson, Jeffreys, sign p, mid-p, E, confidence sequence: percent and figures as printed.
VECTORS = [
    (3, 3, "43.9–100", "46.4–100", ".250", ".125", "2.0", "23.2–100"),
    (6, 6, "61.0–100", "67.0–100", ".031", ".016", "9.1", "43.9–100"),
    (8, 8, "67.6–100", "73.8–100", ".0078", ".0039", "28.4", "52.3–100"),
    (7, 10, "39.7–89.2", "39.4–90.7", ".34", ".23", "0.78", "26.7–96.3"),
    (15, 20, "53.1–88.8", "53.6–89.8", ".041", ".027", "3.2", "42.2–94.9"),
    (17, 20, "64.0–94.8", "65.1–95.6", ".0026", ".0015", "43.8", "52.9–98.6"),
    (33, 50, "52.2–77.6", "52.3–77.9", ".033", ".024", "2.2", "44.2–83.9"),
    (36, 50, "58.3–82.5", "58.6–83.0", ".0026", ".0018", "23.5", "50.4–88.3"),
    (65, 100, "55.3–73.6", "55.3–73.8", ".0035", ".0027", "11.5", "49.1–78.9"),
    (120, 200, "53.1–66.5", "53.1–66.6", ".0057", ".0047", "4.9", "48.4–70.9"),
]


def percent(low: float, high: float) -> str:
    return "–".join("100" if end == 1 else f"{100 * end:.1f}" for end in (low, high))


def like(printed: str, value: float) -> str:
    """The value with as many decimals as were printed."""
    decimals = len(printed.partition(".")[2])
    shown = f"{value:.{decimals}f}"
    return shown.removeprefix("0") if printed.startswith(".") else shown


counts = st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


# ---- shares -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("wins", "n", "wil", "jef", "p", "mid_p", "e", "seq"), VECTORS)
def test_the_vectors_come_out_to_the_printed_digit(wins, n, wil, jef, p, mid_p, e, seq):
    share, prior, sequence = wilson(wins, n), jeffreys(wins, n), confidence_sequence(wins, n)
    test, bet = sign_test(wins, n), e_value(wins, n)

    assert percent(share.low, share.high) == wil
    assert percent(prior.low, prior.high) == jef
    assert percent(sequence.low, sequence.high) == seq
    assert like(p, test.p) == p
    assert like(mid_p, test.mid_p) == mid_p
    assert like(e, bet.value) == e


@pytest.mark.parametrize(
    ("wins", "n", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_agrees_with_newcombe_1998_table_1(wins, n, low, high):
    share = wilson(wins, n)

    assert (round(share.low, 4), round(share.high, 4)) == (low, high)


@pytest.mark.parametrize(("wins", "n"), [(1, 7), (3, 10), (10, 20), (97, 120)])
def test_between_the_ends_of_jeffreys_lies_95_percent_of_the_posterior(wins, n):
    """By plain summation of its density, which shares nothing with the continued fraction."""
    share = jeffreys(wins, n)

    x = (np.arange(400_000) + 0.5) / 400_000
    density = np.exp((wins - 0.5) * np.log(x) + (n - wins - 0.5) * np.log1p(-x))
    below = density[x < share.low].sum() / density.sum()
    above = density[x > share.high].sum() / density.sum()
    assert (below, above) == pytest.approx((0.025, 0.025), abs=1e-4)


def test_the_net_share_follows_bonett_and_price():
    share = net_share(30, 12, 60)

    a, b = 31 / 62, 13 / 62
    half = 1.959964 * math.sqrt((a + b - (a - b) ** 2) / 62)
    assert share.estimate == pytest.approx(0.3)
    assert share.low == pytest.approx(a - b - half, abs=1e-6)
    assert share.high == pytest.approx(a - b + half, abs=1e-6)


def test_ties_narrow_the_net_share_and_leave_its_sign():
    few, many = net_share(10, 5, 15), net_share(10, 5, 150)

    assert many.high - many.low < few.high - few.low
    assert 0 < many.estimate < few.estimate


def test_the_sign_test_agrees_with_fisher_s_tea_and_an_even_split_is_no_surprise():
    assert sign_test(10, 10).p == pytest.approx(2 / 1024)
    assert sign_test(5, 10).p == 1
    assert sign_test(5, 10).mid_p == pytest.approx(1)


def test_a_sign_test_of_thirty_thousand_votes_is_still_exact():
    exact = 2 * sum(math.comb(1000, k) for k in range(540, 1001)) / 2**1000

    assert sign_test(540, 1000).p == pytest.approx(exact, rel=1e-9)
    assert sign_test(15_200, 30_000).p == pytest.approx(0.02124201, abs=1e-7)


@pytest.mark.parametrize("statistic", [wilson, jeffreys, confidence_sequence, sign_test])
def test_no_votes_and_impossible_counts_are_refused(statistic):
    for wins, n in ((0, 0), (3, 2), (-1, 5)):
        with pytest.raises(ValueError, match=f"got {wins} of {n}"):
            statistic(wins, n)
    with pytest.raises(ValueError, match="got 3 of 2"):
        e_value(3, 2)
    with pytest.raises(ValueError, match="level"):
        wilson(1, 2, level=95)


@given(counts)
@settings(max_examples=60, deadline=None)
def test_swapping_the_models_mirrors_every_share(count):
    wins, n = count

    for statistic in (wilson, jeffreys, confidence_sequence):
        here, there = statistic(wins, n), statistic(n - wins, n)
        assert (here.low, here.high) == pytest.approx((1 - there.high, 1 - there.low), abs=1e-9)
    net, other = net_share(wins, n - wins, n + 3), net_share(n - wins, wins, n + 3)
    assert (net.low, net.high) == pytest.approx((-other.high, -other.low))
    assert sign_test(wins, n).p == pytest.approx(sign_test(n - wins, n).p)
    assert e_value(wins, n).log_value == pytest.approx(e_value(n - wins, n).log_value)


@given(counts, st.sampled_from([0.8, 0.95, 0.99]))
@settings(max_examples=60, deadline=None)
def test_every_interval_holds_its_estimate_and_grows_with_the_level(count, level):
    for statistic in (wilson, jeffreys, confidence_sequence):
        share, wider = statistic(*count, level=level), statistic(*count, level=0.995)
        assert 0 <= wider.low <= share.low <= share.estimate <= share.high <= wider.high <= 1
        assert (share.level, share.n) == (level, count[1])


def test_results_cannot_be_changed():
    with pytest.raises(FrozenInstanceError):
        wilson(1, 2).n = 7  # type: ignore[misc]


def test_the_elo_gap_maps_the_share_and_a_sweep_prints_a_bound():
    gap = elo_gap(wilson(120, 200))
    sweep, lost = elo_gap(wilson(10, 10)), elo_gap(wilson(0, 10))

    assert (gap.words, round(gap.low), round(gap.high)) == ("70", 21, 119)
    assert (sweep.estimate, sweep.high, sweep.words) == (None, None, "> 166")
    assert lost.words == "< -166"


def test_equal_may_be_said_only_inside_the_margin():
    margin = Margin(low=0.4, high=0.6)

    assert is_inside(wilson(50, 100), margin)
    assert not is_inside(wilson(40, 80), Margin(low=0.45, high=0.55))
    assert not is_inside(wilson(2, 4), margin)  # so few votes are not a tie
    assert is_inside(confidence_sequence(150, 300), margin)
    assert not is_inside(confidence_sequence(100, 200), margin)


@pytest.mark.parametrize(("low", "high"), [(0.5, 0.6), (0.4, 0.5), (0, 0.6), (0.6, 0.4)])
def test_a_margin_encloses_one_half(low, high):
    with pytest.raises(ValueError, match="margin"):
        Margin(low=low, high=high)


# ---- read live --------------------------------------------------------------------------------


def test_the_e_value_is_the_growth_of_a_bet_vote_by_vote():
    """Laplace's rule of succession, doubled each time: the product is the closed form."""
    outcomes = [1, 1, 0, 1, 1, 1, 0, 1]
    wealth, wins = 1.0, 0
    for n, won in enumerate(outcomes):
        forecast = (wins + 1) / (n + 2)
        wealth *= 2 * (forecast if won else 1 - forecast)
        wins += won

    assert e_value(wins, len(outcomes)).value == pytest.approx(wealth)


def test_a_bet_on_equal_models_does_not_grow_on_average():
    n = 40
    mean = sum(math.comb(n, k) / 2**n * e_value(k, n).value for k in range(n + 1))

    assert mean == pytest.approx(1)


def test_e_is_called_at_twenty_and_nothing_voted_is_no_evidence():
    assert e_value(0, 0).value == 1
    assert not e_value(7, 7).is_called  # 16.0
    assert e_value(8, 8).is_called
    assert e_value(5000, 5000).value == math.inf


@given(counts)
@settings(max_examples=80, deadline=None)
def test_the_sequence_leaves_one_half_exactly_when_a_winner_is_called(count):
    sequence = confidence_sequence(*count)

    is_out = not sequence.low <= 0.5 <= sequence.high
    assert is_out == e_value(*count).is_called


def test_the_frame_of_many_counts_says_what_the_single_ones_say():
    wins, n = np.array([0, 0, 3, 17, 120]), np.array([0, 4, 3, 20, 200])

    low, high = confidence_bounds(wins, n)
    logs = log_e_values(wins, n)

    assert (low[0], high[0]) == (0, 1)
    for row in range(1, 5):
        one = confidence_sequence(int(wins[row]), int(n[row]))
        assert (low[row], high[row]) == (one.low, one.high)
        assert logs[row] == pytest.approx(e_value(int(wins[row]), int(n[row])).log_value)


# ---- planning ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("share", "elo", "fixed_n", "median_n"),
    [
        # Two simulated figures of the specification stand beside the exact ones: ~980 and 212.
        (0.55, 35, 820, 970),
        (0.60, 70, 210, 210),
        (0.65, 108, 97, 88),
        (0.70, 147, 54, 47),
        (0.75, 191, 35, 28),
        (0.80, 241, 23, 19),
        (0.90, 382, 12, 12),
    ],
)
def test_the_planning_table(share, elo, fixed_n, median_n):
    plan = plan_share(share)

    assert (round(plan.elo), plan.fixed_n, plan.median_n_to_call) == (elo, fixed_n, median_n)


def test_power_never_falls_below_again_after_the_planned_n():
    for share in PLANNED_SHARES:
        n = n_for_power(share)
        assert sign_test_power(share, n - 1) < 0.8
        assert all(sign_test_power(share, later) >= 0.8 for later in range(n, n + 40))


def test_the_power_of_808_prompts_at_55_percent_reaches_80_but_817_does_not():
    assert sign_test_power(0.55, 808) >= 0.8 > sign_test_power(0.55, 817)


def test_the_median_until_a_call_agrees_with_playing_it_out():
    rng = np.random.default_rng(7)
    wins = np.cumsum(rng.random((4000, 400)) < 0.7, axis=1)
    called = log_e_values(wins, np.broadcast_to(np.arange(1, 401), wins.shape)) >= math.log(20)

    median = np.median(called.argmax(axis=1) + 1)

    assert abs(median - median_n_to_call(0.7)) <= 2


def test_pairs_to_see_a_ratio_of_seconds():
    assert [pairs_for_ratio(r).n_pairs for r in (1.1, 1.2, 1.5, 2)] == [212, 58, 14, 7]
    assert pairs_for_ratio(0.5).n_pairs == 7


def test_a_plan_for_equal_models_is_refused():
    for bad in (0.5, 0.4, 1.0, 0.501):
        with pytest.raises(ValueError, match=r"share (of|above)"):
            plan_share(bad)
    with pytest.raises(ValueError, match="ratio"):
        pairs_for_ratio(1)


# ---- seconds and money ------------------------------------------------------------------------

FLEX_S = np.array([8.0, 10.0, 12.0, 9.0, 11.0])
PRO_S = np.array([16.0, 19.0, 25.0, 20.0, 21.0])


def test_the_quantiles_agree_with_published_tables():
    table = {(0.975, 1): 12.706, (0.975, 4): 2.776, (0.995, 10): 3.169, (0.95, 30): 1.697}

    assert {key: round(t_quantile(*key), 3) for key in table} == table
    assert t_quantile(0.5, 3) == 0
    assert t_quantile(0.025, 4) == pytest.approx(-t_quantile(0.975, 4))
    assert beta_quantile(0.5, 1, 1) == pytest.approx(0.5)
    assert beta_probability(0.3, 2, 5) == pytest.approx(0.579825)


def test_the_ratio_has_a_t_interval_on_the_logs():
    ratio = ratio_t(FLEX_S, PRO_S)

    logs = np.log(PRO_S / FLEX_S)
    half = 2.776445 * logs.std(ddof=1) / math.sqrt(5)
    assert ratio.estimate == pytest.approx(math.exp(logs.mean()))
    assert (ratio.low, ratio.high) == pytest.approx(
        (math.exp(logs.mean() - half), math.exp(logs.mean() + half)), rel=1e-6
    )
    assert ratio.median == pytest.approx(2.0)
    assert ratio.excludes_one
    assert (ratio.n, ratio.method) == (5, Method.T_ON_LOGS)


def test_swapping_the_models_inverts_the_ratio():
    for statistic in (ratio_t, ratio_by_ranks):
        here, there = (
            statistic(np.tile(FLEX_S, 3), np.tile(PRO_S, 3)),
            statistic(np.tile(PRO_S, 3), np.tile(FLEX_S, 3)),
        )
        assert here.estimate == pytest.approx(1 / there.estimate)
        assert (here.low, here.high) == pytest.approx((1 / there.high, 1 / there.low))


def test_the_bootstrap_is_the_same_for_the_same_seed_and_says_which():
    one, again = (ratio_bootstrap(FLEX_S, PRO_S, seed=3, n_resamples=500) for _ in range(2))
    other = ratio_bootstrap(FLEX_S, PRO_S + np.arange(5), seed=4, n_resamples=500)

    assert one == again
    assert (one.seed, one.n_resamples, one.estimate) == (3, 500, pytest.approx(2.0))
    assert one.low <= one.estimate <= one.high
    assert other != one


def test_a_time_out_is_slower_by_an_unknown_amount_and_never_dropped():
    first, second = np.full(10, 10.0), np.array([*np.linspace(11, 18, 8), np.inf, np.inf])

    ratio = ratio_by_ranks(first, second)

    assert (ratio.n, ratio.n_censored) == (10, 2)
    assert ratio.median == pytest.approx(math.sqrt(1.5 * 1.6))
    # Ranks 2 and 9 of 10 hold the median with 97.9 %; the ninth is a time-out.
    assert ratio.low == pytest.approx(1.2)
    assert ratio.high is None
    assert ratio.excludes_one


def test_two_time_outs_say_nothing_and_few_pairs_have_no_bounds():
    both = ratio_by_ranks(np.array([np.inf, 5, 5]), np.array([np.inf, 10, 10]))

    assert (both.n, both.low, both.high, both.median) == (2, None, None, pytest.approx(2))
    with pytest.raises(ValueError, match="known time"):
        ratio_by_ranks(np.array([np.inf]), np.array([np.inf]))
    with pytest.raises(ValueError, match="t interval"):
        ratio_t(np.array([1.0, 2.0]), np.array([1.0, np.inf]))
    with pytest.raises(ValueError, match="positive"):
        ratio_t(np.array([0.0, 2.0]), np.array([1.0, 3.0]))


def test_list_prices_differ_exactly():
    difference = mean_difference(np.full(20, 0.1), np.full(20, 0.07))

    assert difference.sd == 0
    assert difference.low == difference.high == pytest.approx(-0.03)
    assert difference.excludes_zero


def test_a_mean_difference_agrees_with_student_1908():
    """Additional hours of sleep by two drugs: mean 1.58, t = 4.06 on 9 degrees."""
    first = np.array([0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0])
    second = np.array([1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4])

    difference = mean_difference(first, second)

    assert difference.estimate == pytest.approx(1.58)
    assert (round(difference.low, 2), round(difference.high, 2)) == (0.70, 2.46)


def test_cost_per_win_says_no_wins_yet_and_unknown_is_not_zero():
    assert cost_per_win([Decimal("0.07")] * 4, 2).usd == Decimal("0.14")
    assert cost_per_win([Decimal("0.07")] * 4, 0).usd is None
    unknown = cost_per_win([Decimal("0.07"), None], 2)
    assert (unknown.spent_usd, unknown.usd) == (None, None)


def test_the_net_benefit_is_zero_at_the_break_even_and_its_interval_is_fieller_s():
    rng = np.random.default_rng(1)
    net = rng.choice([1.0, 0.0, -1.0], 80, p=[0.6, 0.2, 0.2])
    extra = 0.04 + 0.01 * rng.standard_normal(80)

    even = break_even(net, extra)

    assert net_benefit(net, extra, even.estimate_usd).estimate_usd == pytest.approx(0, abs=1e-12)
    assert even.interval.low < even.estimate_usd < even.interval.high
    assert net_benefit(net, extra, even.interval.low).high_usd == pytest.approx(0, abs=1e-9)
    assert net_benefit(net, extra, even.interval.high).low_usd == pytest.approx(0, abs=1e-9)


def test_a_break_even_without_a_preference_has_no_bounds():
    even = break_even(np.array([1.0, -1.0, 1.0, -1.0]), np.full(4, 0.04))

    assert even.estimate_usd is None
    assert not even.is_bounded
    assert (even.interval.low, even.interval.high) == (None, None)


# ---- calibration ------------------------------------------------------------------------------


def wilson_coverage(n: int, p: float) -> float:
    """Over every possible count, weighted by its probability: exact, nothing simulated."""
    covered = 0.0
    for wins in range(n + 1):
        share = wilson(wins, n)
        if share.low <= p <= share.high:
            covered += math.comb(n, wins) * p**wins * (1 - p) ** (n - wins)
    return covered


def score_coverage(n: int, p: float) -> float:
    """The same from what Wilson's interval is: all shares the score test does not reject."""
    half = 1.959963985 * math.sqrt(p * (1 - p) / n)
    kept = (wins for wins in range(n + 1) if abs(wins / n - p) <= half)
    return sum(math.comb(n, wins) * p**wins * (1 - p) ** (n - wins) for wins in kept)


@pytest.mark.parametrize(
    ("n", "p", "coverage"),
    [
        (20, 0.5, 0.9586),
        (20, 0.6, 0.9630),
        (20, 0.8, 0.9563),
        (50, 0.5, 0.9351),
        (50, 0.6, 0.9406),
        (50, 0.8, 0.9507),
        (200, 0.5, 0.9440),
        (200, 0.6, 0.9489),
        (200, 0.8, 0.9585),
    ],
)
def test_wilson_covers_the_truth_as_often_as_enumeration_says(n, p, coverage):
    assert round(wilson_coverage(n, p), 4) == coverage
    assert wilson_coverage(n, p) == pytest.approx(score_coverage(n, p))
    # One of the nine lies outside 94 to 96.5 %: counts are whole, so coverage jumps.
    assert 0.94 <= coverage <= 0.965 or (n, p) == (50, 0.5)


def test_on_average_over_shares_wilson_covers_95_percent():
    shares = np.linspace(0.3, 0.7, 201)
    for n in (20, 50, 200):
        mean = np.mean([wilson_coverage(n, float(p)) for p in shares[:: n // 20]])
        assert 0.94 <= mean <= 0.965


def test_watched_to_500_votes_a_false_winner_is_rare_and_the_naive_test_is_not():
    rng = np.random.default_rng(11)
    n = np.arange(1, 501)
    wins = np.cumsum(rng.random((2000, 500)) < 0.5, axis=1)

    live = (log_e_values(wins, np.broadcast_to(n, wins.shape)) >= math.log(20)).any(axis=1)
    # The sign test of each n is two-sided significant from this many wins on.
    least = [next(k for k in range(m // 2, m + 2) if k > m or sign_test(k, m).p <= 0.05) for m in n]
    naive = (np.maximum(wins, n - wins) >= np.array(least)).any(axis=1)

    assert live.mean() <= 0.05
    assert naive.mean() > 0.25
