"""The quantiles that neither the standard library nor NumPy has: of the normal, beta and t distributions."""

import math
from collections.abc import Callable
from functools import lru_cache
from statistics import NormalDist

_TINY = 1e-300
_CONVERGED = 1e-15
_BISECTIONS = 100


def check_level(level: float) -> None:
    """
    Raises:
        ValueError: The level is not between 0 and 1.
    """
    if not 0 < level < 1:
        raise ValueError(f"A confidence level lies between 0 and 1; got {level}.")


def normal_quantile(p: float) -> float:
    """Below which value a standard normal number lies with probability p."""
    return NormalDist().inv_cdf(p)


def two_sided_z(level: float) -> float:
    """How many standard errors an interval of that level reaches to each side: 1.96 at 0.95."""
    check_level(level)
    return normal_quantile((1 + level) / 2)


def log_choose(n: int, k: int) -> float:
    """The logarithm of the number of ways to choose k of n."""
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def beta_probability(x: float, a: float, b: float) -> float:
    """
    The regularised incomplete beta function I_x(a, b): a beta number lies below x.

    Source:
        NIST Digital Library of Mathematical Functions, 8.17.22 (continued fraction) and
        8.17.4 (symmetry), evaluated by Lentz's method.
    """
    if x <= 0 or x >= 1:
        return float(x > 0)
    if x > (a + 1) / (a + b + 2):  # here the other tail converges fast
        return 1 - beta_probability(1 - x, b, a)
    log_beta = math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)
    front = math.exp(a * math.log(x) + b * math.log1p(-x) - log_beta) / a
    return front * _continued_fraction(x, a, b)


def beta_quantile(p: float, a: float, b: float) -> float:
    """Below which value a number from Beta(a, b) lies with probability p, by bisection."""
    return _bisect(lambda x: beta_probability(x, a, b) < p)


@lru_cache(maxsize=1024)
def t_quantile(p: float, n_degrees: int) -> float:
    """
    Below which value a number from Student's t with n_degrees lies with probability p.

    Source:
        Abramowitz & Stegun (1964), 26.7.1: P(|T| > t) = I_x(ν/2, 1/2), x = ν / (ν + t²).
    """
    if p == 0.5:
        return 0.0
    x = beta_quantile(2 * min(p, 1 - p), n_degrees / 2, 0.5)
    return math.copysign(math.sqrt(n_degrees * (1 - x) / x), p - 0.5)


def _bisect(is_below: Callable[[float], bool]) -> float:
    low, high = 0.0, 1.0
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        low, high = (middle, high) if is_below(middle) else (low, middle)
    return (low + high) / 2


def _continued_fraction(x: float, a: float, b: float) -> float:
    """The fraction of 8.17.22 by the modified Lentz method; about the root of the larger of a, b steps."""
    c, d = 1.0, _kept(1 - (a + b) * x / (a + 1))
    d = 1 / d
    value = d
    m = 0
    while True:
        m += 1
        for term in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 / _kept(1 + term * d)
            c = _kept(1 + term / c)
            value *= d * c
        if abs(d * c - 1) < _CONVERGED:
            return value


def _kept(value: float) -> float:
    """Never zero, for it is divided by."""
    return value if abs(value) > _TINY else _TINY
