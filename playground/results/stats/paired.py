"""Seconds and money of pairs: ratios and differences within each pair, never between two crowds."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from playground.results.stats.distributions import (
    beta_probability,
    check_level,
    t_quantile,
)
from playground.results.stats.shares import LEVEL, Interval, Method

N_RESAMPLES = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedRatio:
    """
    How many times as long the second of each pair took; `estimate` is what the interval is of.

    `median` is None where it lies at a time-out, `log_sd` where it is not known.
    """

    estimate: float | None
    low: float | None  # None: no bound on that side
    high: float | None
    median: float | None
    log_sd: float | None
    n: int
    n_censored: int  # of n, pairs with one time-out: their ratio is known to be beyond
    level: float
    method: Method
    n_resamples: int | None = None
    seed: int | None = None

    @property
    def excludes_one(self) -> bool:
        """Whether the interval leaves no doubt which side is faster."""
        return (self.low is not None and self.low > 1) or (self.high is not None and self.high < 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class MeanDifference:
    """The mean of second minus first over n pairs, with a t interval on the differences."""

    estimate: float
    low: float
    high: float
    sd: float
    n: int
    level: float
    method: Method = Method.T

    @property
    def excludes_zero(self) -> bool:
        return self.low > 0 or self.high < 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CostPerWin:
    """What a model's pictures cost for each pair it won; `usd` None: no wins yet, or a price unknown."""

    spent_usd: Decimal | None
    wins: int
    usd: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NetBenefit:
    """λ · net share − extra cost of the second model, per picture, when one better picture is worth λ."""

    lambda_usd: float
    estimate_usd: float
    low_usd: float
    high_usd: float
    n: int
    level: float
    method: Method = Method.T


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakEven:
    """
    From which worth of one better picture on the second model pays.

    `estimate_usd` None: neither is better. A bound of None is no bound; `is_bounded` False: so
    little is known of the net share that the set is no interval.
    """

    estimate_usd: float | None
    interval: Interval
    is_bounded: bool
    n: int
    level: float
    method: Method = Method.FIELLER


def ratio_t(first_s: np.ndarray, second_s: np.ndarray, *, level: float = LEVEL) -> PairedRatio:
    """
    The geometric mean of second / first with a t interval on the logs.

    Raises:
        ValueError: Fewer than two pairs, or a time that is not finite and positive.

    Source:
        Bland & Altman (1996), BMJ 312, 1079 (logs), with Student's t.
    """
    logs = _log_ratios(first_s, second_s)
    if len(logs) < 2 or not np.isfinite(logs).all():
        raise ValueError("A t interval needs two pairs or more, each with two known times.")
    mean, low, high, sd = _t_interval(logs, level)
    return PairedRatio(
        estimate=math.exp(mean),
        low=math.exp(low),
        high=math.exp(high),
        median=float(np.exp(np.median(logs))),
        log_sd=sd,
        n=len(logs),
        n_censored=0,
        level=level,
        method=Method.T_ON_LOGS,
    )


def ratio_bootstrap(
    first_s: np.ndarray,
    second_s: np.ndarray,
    *,
    seed: int,
    level: float = LEVEL,
    n_resamples: int = N_RESAMPLES,
) -> PairedRatio:
    """
    The median of second / first with a percentile bootstrap interval over the pairs.

    Raises:
        ValueError: Fewer than two pairs, or a time that is not finite and positive.

    Source:
        Efron & Tibshirani (1993), An Introduction to the Bootstrap, section 13.3.
    """
    check_level(level)
    logs = _log_ratios(first_s, second_s)
    if len(logs) < 2 or not np.isfinite(logs).all():
        raise ValueError("A bootstrap needs two pairs or more, each with two known times.")
    rng = np.random.default_rng(seed)
    at_once = max(1, 2_000_000 // len(logs))
    medians = np.concatenate(
        [
            np.median(rng.choice(logs, (min(at_once, n_resamples - done), len(logs))), axis=1)
            for done in range(0, n_resamples, at_once)
        ]
    )
    low, high = np.exp(np.quantile(medians, [(1 - level) / 2, (1 + level) / 2]))
    median = float(np.exp(np.median(logs)))
    return PairedRatio(
        estimate=median,
        low=float(low),
        high=float(high),
        median=median,
        log_sd=float(logs.std(ddof=1)),
        n=len(logs),
        n_censored=0,
        level=level,
        method=Method.BOOTSTRAP,
        n_resamples=n_resamples,
        seed=seed,
    )


def ratio_by_ranks(
    first_s: np.ndarray, second_s: np.ndarray, *, level: float = LEVEL
) -> PairedRatio:
    """
    The median of second / first, its interval between two order statistics.

    An infinite time is a time-out: that side was slower than the other, by how much is not
    known. Pairs in which both timed out say nothing and are not counted. The interval holds at
    least the level; under six pairs at 95 % it has no bounds.

    Raises:
        ValueError: No pair is left, or a time is not positive.

    Source:
        Conover (1999), Practical Nonparametric Statistics, section 3.2, interval for a quantile.
    """
    check_level(level)
    keep = ~(np.isinf(first_s) & np.isinf(second_s))
    logs = np.sort(_log_ratios(first_s[keep], second_s[keep]))
    n = len(logs)
    if not n:
        raise ValueError("No pair has a known time.")
    # The largest r with P(X < r) ≤ (1 − level) / 2 for X of n heads: X ≤ r − 1 is I_½(n − r + 1, r).
    r = 0
    while r < n // 2 and beta_probability(0.5, n - r, r + 1) <= (1 - level) / 2:
        r += 1
    with np.errstate(invalid="ignore"):
        middle = float(np.median(logs))
    ends = (logs[r - 1], middle, logs[n - r]) if r else (-math.inf, middle, math.inf)
    low, median, high = (math.exp(end) if math.isfinite(end) else None for end in ends)
    n_censored = int(np.isinf(logs).sum())
    return PairedRatio(
        estimate=median,
        low=low,
        high=high,
        median=median,
        log_sd=None if n_censored or n < 2 else float(logs.std(ddof=1)),
        n=n,
        n_censored=n_censored,
        level=level,
        method=Method.RANKS,
    )


def mean_difference(
    first: np.ndarray, second: np.ndarray, *, level: float = LEVEL
) -> MeanDifference:
    """
    Second minus first over pairs. Where all differences are one, as with list prices, it is exact.

    Raises:
        ValueError: Fewer than two pairs.

    Source:
        Student (1908), Biometrika 6, 1-25.
    """
    if len(first) != len(second) or len(first) < 2:
        raise ValueError(f"A paired interval needs two pairs or more; got {len(first)}.")
    mean, low, high, sd = _t_interval(second - first, level)
    return MeanDifference(estimate=mean, low=low, high=high, sd=sd, n=len(first), level=level)


def cost_per_win(costs_usd: Sequence[Decimal | None], wins: int) -> CostPerWin:
    """Spend of one model over the pairs it won. One unknown price makes the spend unknown."""
    known = [usd for usd in costs_usd if usd is not None]
    spent = sum(known, Decimal(0)) if len(known) == len(costs_usd) else None
    usd = None if spent is None or not wins else spent / wins
    return CostPerWin(spent_usd=spent, wins=wins, usd=usd)


def net_benefit(
    net: np.ndarray, extra_usd: np.ndarray, lambda_usd: float, *, level: float = LEVEL
) -> NetBenefit:
    """
    The net benefit of the second model over the first, with a t interval over prompts.

    Args:
        net: For each prompt its share of wins minus losses of the second model, −1 to 1.

        extra_usd: For each prompt what the second model cost more.

        lambda_usd: What one better picture is worth.

    Raises:
        ValueError: Fewer than two prompts.

    Source:
        Stinnett & Mullahy (1998), Medical Decision Making 18, S68-S80.
    """
    if len(net) < 2:
        raise ValueError(f"A net benefit needs two prompts or more; got {len(net)}.")
    mean, low, high, _ = _t_interval(lambda_usd * net - extra_usd, level)
    return NetBenefit(
        lambda_usd=lambda_usd,
        estimate_usd=mean,
        low_usd=low,
        high_usd=high,
        n=len(net),
        level=level,
    )


def break_even(net: np.ndarray, extra_usd: np.ndarray, *, level: float = LEVEL) -> BreakEven:
    """
    The worth of a better picture at which the net benefit is zero, with Fieller's interval.

    The same prompts as `net_benefit` takes: λ is in the interval where that of the net benefit
    holds zero.

    Raises:
        ValueError: Fewer than two prompts.

    Source:
        Fieller (1954), JRSS B 16, 175-185.
    """
    n = len(net)
    if n < 2:
        raise ValueError(f"A break-even needs two prompts or more; got {n}.")
    check_level(level)
    order = np.lexsort((extra_usd, net))  # so that not even the last digit depends on the rows'
    net, extra_usd = net[order], extra_usd[order]
    share, extra = float(net.mean()), float(extra_usd.mean())
    covariance = np.cov(net, extra_usd)
    q = t_quantile((1 + level) / 2, n - 1) ** 2 / n
    a = share**2 - q * float(covariance[0, 0])
    b = share * extra - q * float(covariance[0, 1])
    c = extra**2 - q * float(covariance[1, 1])
    root = b * b - a * c
    is_bounded = a > 0 and root >= -1e-15
    low = high = None
    if is_bounded:
        half = math.sqrt(max(root, 0.0))
        low, high = (b - half) / a, (b + half) / a
    return BreakEven(
        estimate_usd=extra / share if share else None,
        interval=Interval(low=low, high=high),
        is_bounded=is_bounded,
        n=n,
        level=level,
    )


def _log_ratios(first_s: np.ndarray, second_s: np.ndarray) -> np.ndarray:
    if len(first_s) != len(second_s):
        raise ValueError(f"{len(first_s)} first times do not pair with {len(second_s)} second.")
    if not ((first_s > 0).all() and (second_s > 0).all()):
        raise ValueError("Every time of a pair must be known and positive.")
    return np.asarray(np.log(second_s) - np.log(first_s))


def _t_interval(values: np.ndarray, level: float) -> tuple[float, float, float, float]:
    check_level(level)
    n = len(values)
    # In one order whatever the rows' order, so that not even the last digit depends on it.
    values = np.sort(values)
    mean = float(values.mean())
    # Equal values have no spread; their mean is off by a rounding error that would make one.
    sd = 0.0 if values.max() == values.min() else float(values.std(ddof=1))
    half = t_quantile((1 + level) / 2, n - 1) * sd / math.sqrt(n)
    return mean, mean - half, mean + half, sd
