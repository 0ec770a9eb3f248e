"""How many prompts or pairs to plan, as scenarios: never a forecast from the votes there are."""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from playground.results.stats.distributions import normal_quantile, t_quantile, two_sided_z
from playground.results.stats.sequence import CALL_AT, log_e_values

POWER = 0.8
ALPHA = 0.05
PLANNED_SHARES = (0.55, 0.60, 0.65, 0.70, 0.75, 0.80, 0.90)
PLANNED_TIME_RATIOS = (1.1, 1.2, 1.5, 2.0)
TYPICAL_LOG_SD = 0.35
_LARGEST_N = 20_000
# The textbook's bound from which the normal stands in for t; it is then up to 2 pairs short.
_NORMAL_FROM_PAIRS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class SharePlan:
    """If the true share were `share`: prompts for the planned test, and until a live call."""

    share: float
    elo: float
    fixed_n: int
    median_n_to_call: int
    power: float
    alpha: float
    call_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PairsPlan:
    """How many pairs show that one model takes `ratio` times as long."""

    ratio: float
    n_pairs: int
    log_sd: float  # of one model's seconds; that of the pair's log ratio is √2 times it
    power: float
    alpha: float


@lru_cache(maxsize=64)
def plan_share(
    share: float, *, power: float = POWER, alpha: float = ALPHA, call_at: float = CALL_AT
) -> SharePlan:
    """
    The planning figures for one true share above one half.

    Raises:
        ValueError: The share is not above ½ and below 1, or needs more than 20 000 prompts.
    """
    _check(share)
    return SharePlan(
        share=share,
        elo=400 * math.log10(share / (1 - share)),
        fixed_n=n_for_power(share, power=power, alpha=alpha),
        median_n_to_call=median_n_to_call(share, call_at=call_at),
        power=power,
        alpha=alpha,
        call_at=call_at,
    )


def sign_test_power(share: float, n: int, *, alpha: float = ALPHA) -> float:
    """With which probability the exact two-sided sign test of n decisive prompts is significant."""
    wins = np.arange(n + 1)
    null = np.exp(_log_binomial(n, 0.5))
    upper = np.cumsum(null[::-1])[::-1]
    p = np.minimum(1.0, 2 * upper[np.maximum(wins, n - wins)])
    return float(np.exp(_log_binomial(n, share))[p <= alpha].sum())


def n_for_power(share: float, *, power: float = POWER, alpha: float = ALPHA) -> int:
    """
    The fewest decisive prompts with which the exact sign test has that power.

    Power rises in a sawtooth; this is the n from which on it never falls below again.

    Raises:
        ValueError: The share is not above ½ and below 1, or needs more than 20 000 prompts.
    """
    _check(share)
    # By the normal approximation, which is off by a few per cent, to begin well above.
    z = normal_quantile(1 - alpha / 2) * 0.5
    z += normal_quantile(power) * math.sqrt(share * (1 - share))
    n = int(1.3 * (z / (share - 0.5)) ** 2) + 40
    if n > _LARGEST_N:
        raise ValueError(f"A share of {share} needs more than {_LARGEST_N:,} prompts.")
    while sign_test_power(share, n, alpha=alpha) >= power:
        n -= 1
    return n + 1


def median_n_to_call(share: float, *, call_at: float = CALL_AT) -> int:
    """
    After how many decisive prompts half of all experiments have called a winner, exactly.

    By the distribution of the wins of all experiments that have not called yet, prompt by prompt.

    Raises:
        ValueError: The share is not above ½ and below 1, or needs more than 20 000 prompts.
    """
    _check(share)
    waiting = np.array([1.0])
    for n in range(1, _LARGEST_N):
        nexts = np.zeros(n + 1)
        nexts[:-1] += waiting * (1 - share)
        nexts[1:] += waiting * share
        nexts[log_e_values(np.arange(n + 1), np.full(n + 1, n)) >= math.log(call_at)] = 0
        waiting = nexts
        if waiting.sum() <= 0.5:
            return n
    raise ValueError(f"A share of {share} needs more than {_LARGEST_N:,} prompts.")


def pairs_for_ratio(
    ratio: float, *, log_sd: float = TYPICAL_LOG_SD, power: float = POWER, alpha: float = ALPHA
) -> PairsPlan:
    """
    How many pairs a two-sided paired t test on the logs needs.

    From 30 pairs on by the normal formula n = (z₁ + z₂)² · 2σ² / (ln ratio)², below it with
    the quantiles of t, which there make a difference.

    Raises:
        ValueError: The ratio is not positive or is 1, or the spread is not positive.

    Source:
        Chow, Shao & Wang (2008), Sample Size Calculations in Clinical Research, section 3.1.
    """
    if ratio <= 0 or ratio == 1 or log_sd <= 0:
        raise ValueError(f"No plan for a ratio of {ratio} at a spread of {log_sd}.")
    effect = (math.log(ratio) ** 2) / (2 * log_sd**2)
    z = two_sided_z(1 - alpha) + normal_quantile(power)
    n = math.ceil(z * z / effect)
    if n < _NORMAL_FROM_PAIRS:
        n = max(n, 2)
        while n < _t_need(n, effect, power, alpha):
            n += 1
    return PairsPlan(ratio=ratio, n_pairs=n, log_sd=log_sd, power=power, alpha=alpha)


def _t_need(n: int, effect: float, power: float, alpha: float) -> float:
    quantiles = t_quantile(1 - alpha / 2, n - 1) + t_quantile(power, n - 1)
    return quantiles * quantiles / effect


def _log_binomial(n: int, share: float) -> np.ndarray:
    wins = np.arange(n + 1)
    logs = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, n + 1)))])
    choose = logs[n] - logs[wins] - logs[n - wins]
    return np.asarray(choose + wins * math.log(share) + (n - wins) * math.log1p(-share))


def _check(share: float) -> None:
    if not 0.5 < share < 1:
        raise ValueError(f"A plan needs a share above one half and below 1; got {share}.")
