"""What may be read after every vote: the e-value against one half, and the interval that goes with it."""

import math
from dataclasses import dataclass

import numpy as np

from playground.results.stats.distributions import check_level, log_choose
from playground.results.stats.shares import LEVEL, Method, Share

CALL_AT = 20.0  # Ville's inequality: with equal models ever reached in at most 1 of 20 experiments
_BISECTIONS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class EValue:
    """The evidence against "each is as likely to win" in `wins` of `n`; 1 is none."""

    wins: int
    n: int
    log_value: float
    call_at: float

    @property
    def value(self) -> float:
        """Infinite where it is beyond the range of a float."""
        return math.exp(self.log_value) if self.log_value < 700 else math.inf

    @property
    def is_called(self) -> bool:
        return self.log_value >= math.log(self.call_at)


def e_value(wins: int, n: int, *, call_at: float = CALL_AT) -> EValue:
    """
    E = 2ⁿ · k! (n − k)! / (n + 1)!: what a bet with a uniform prior on the share has grown to.

    It may be read after every vote. Nothing voted is 1.

    Raises:
        ValueError: wins is not within 0 and n.

    Source:
        Howard, Ramdas, McAuliffe & Sekhon (2021), Annals of Statistics 49, 1055-1080 (mixture
        martingales); Johari et al. (2015), arXiv 1512.04922 (always valid inference).
    """
    if not 0 <= wins <= n:
        raise ValueError(f"An e-value needs 0 ≤ wins ≤ n; got {wins} of {n}.")
    log_value = n * math.log(2) - math.log(n + 1) - log_choose(n, wins)
    return EValue(wins=wins, n=n, log_value=log_value, call_at=call_at)


def confidence_sequence(wins: int, n: int, *, level: float = LEVEL) -> Share:
    """
    A share with the interval of all shares against which the e-value is below 1 / (1 − level).

    With probability `level` it holds the truth at every n at once, however often it is read.

    Raises:
        ValueError: n is not positive, or wins is not within 0 and n.

    Source:
        Waudby-Smith & Ramdas (2023), JRSS B 86, 1-27 (inverting bets); Howard et al. (2021).
    """
    if n < 1 or not 0 <= wins <= n:
        raise ValueError(f"A share needs 0 ≤ wins ≤ n and n ≥ 1; got {wins} of {n}.")
    low, high = confidence_bounds(np.array([wins]), np.array([n]), level=level)
    return Share(
        wins=wins,
        n=n,
        estimate=wins / n,
        low=float(low[0]),
        high=float(high[0]),
        level=level,
        method=Method.SEQUENCE,
    )


def log_e_values(wins: np.ndarray, n: np.ndarray) -> np.ndarray:
    """The logarithm of `e_value` of each pair of counts."""
    return np.asarray(n * math.log(2) + _log_beta(wins, n))


def confidence_bounds(
    wins: np.ndarray, n: np.ndarray, *, level: float = LEVEL
) -> tuple[np.ndarray, np.ndarray]:
    """The ends of `confidence_sequence` of each pair of counts; 0 and 1 where n is 0."""
    check_level(level)
    top = _log_beta(wins, n) + math.log(1 - level)
    peak = np.divide(wins, n, out=np.full(len(wins), 0.5), where=n > 0)
    low = _crossing(wins, n, top, outside=np.zeros(len(wins)), inside=peak)
    high = _crossing(wins, n, top, outside=np.ones(len(wins)), inside=peak)
    return np.where(wins == 0, 0.0, low), np.where(wins == n, 1.0, high)


def _crossing(
    wins: np.ndarray, n: np.ndarray, top: np.ndarray, *, outside: np.ndarray, inside: np.ndarray
) -> np.ndarray:
    """Where the likelihood of the counts falls to `top`, between a share outside and one inside."""
    losses = n - wins
    for _ in range(_BISECTIONS):
        middle = (outside + inside) / 2
        # At a share of 0 or 1, which bisection may reach, the counts are impossible.
        with np.errstate(divide="ignore", invalid="ignore"):
            likelihood = np.where(wins > 0, wins * np.log(middle), 0.0)
            likelihood += np.where(losses > 0, losses * np.log1p(-middle), 0.0)
        is_in = likelihood > top
        inside, outside = np.where(is_in, middle, inside), np.where(is_in, outside, middle)
    return np.asarray((outside + inside) / 2)


def _log_beta(wins: np.ndarray, n: np.ndarray) -> np.ndarray:
    """log B(k + 1, n − k + 1), from one table of log factorials."""
    largest = int(n.max(initial=0)) + 1
    factorial = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, largest + 1)))])
    return np.asarray(factorial[wins] + factorial[n - wins] - factorial[n + 1])
