"""Shares of votes: their intervals, the tests against one half, and what a share means as a gap."""

import math
from dataclasses import dataclass
from enum import StrEnum

from playground.results.stats.distributions import (
    beta_probability,
    beta_quantile,
    check_level,
    log_choose,
    two_sided_z,
)

LEVEL = 0.95
_ELO_PER_DECADE = 400


class Method(StrEnum):
    """How an interval was made."""

    WILSON = "wilson"
    JEFFREYS = "jeffreys"
    BONETT_PRICE = "bonett_price"
    SEQUENCE = "sequence"  # valid at every n, however often it is looked at
    T = "t"
    T_ON_LOGS = "t_on_logs"
    BOOTSTRAP = "bootstrap"
    RANKS = "ranks"  # between order statistics
    FIELLER = "fieller"


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """From `low` to `high`; None is no bound on that side."""

    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """`wins` of `n`, as a share from 0 to 1 with its interval."""

    wins: int
    n: int
    estimate: float
    low: float
    high: float
    level: float
    method: Method


@dataclass(frozen=True, slots=True, kw_only=True)
class NetShare:
    """(wins − losses) / n, from −1 to 1; n counts what was neither as well."""

    wins: int
    losses: int
    n: int
    estimate: float
    low: float
    high: float
    level: float
    method: Method = Method.BONETT_PRICE


@dataclass(frozen=True, slots=True, kw_only=True)
class SignTest:
    """How surprising `wins` of `n` would be if each were as likely as a loss, both tails."""

    wins: int
    n: int
    p: float
    mid_p: float


@dataclass(frozen=True, slots=True, kw_only=True)
class EloGap:
    """A share as a difference of Elo ratings; None where a share of 0 or 1 has no finite one."""

    estimate: float | None
    low: float | None
    high: float | None
    share: Share

    @property
    def words(self) -> str:
        """The estimate, or for a sweep the bound that can be given: "> 166"."""
        if self.estimate is not None:
            return f"{self.estimate:.0f}"
        if self.low is not None:
            return f"> {self.low:.0f}"
        return f"< {self.high:.0f}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Margin:
    """Which shares are practically equal. To be fixed before the votes are seen."""

    low: float
    high: float

    def __post_init__(self) -> None:
        if not 0 < self.low < 0.5 < self.high < 1:
            raise ValueError(
                f"A margin encloses one half, within 0 and 1; got {self.low} to {self.high}."
            )


DEFAULT_MARGIN = Margin(low=0.4, high=0.6)


def wilson(wins: int, n: int, *, level: float = LEVEL) -> Share:
    """
    A share with Wilson's score interval, without continuity correction.

    Raises:
        ValueError: n is not positive, or wins is not within 0 and n.

    Source:
        Wilson (1927), JASA 22, 209-212; Newcombe (1998), Statistics in Medicine 17, 857-872,
        method 3.
    """
    _check(wins, n)
    z = two_sided_z(level)
    p = wins / n
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return Share(
        wins=wins,
        n=n,
        estimate=p,
        # Exactly 0 and 1 at the ends, where rounding errors would leave 1e-17.
        low=max(0.0, centre - half) if wins else 0.0,
        high=min(1.0, centre + half) if wins < n else 1.0,
        level=level,
        method=Method.WILSON,
    )


def jeffreys(wins: int, n: int, *, level: float = LEVEL) -> Share:
    """
    A share with the equal-tailed Jeffreys interval, reaching 0 at no wins and 1 at all.

    Raises:
        ValueError: n is not positive, or wins is not within 0 and n.

    Source:
        Brown, Cai & DasGupta (2001), Statistical Science 16, 101-133, section 3.1.2 and 4.1.1.
    """
    _check(wins, n)
    check_level(level)
    a, b = wins + 0.5, n - wins + 0.5
    return Share(
        wins=wins,
        n=n,
        estimate=wins / n,
        low=beta_quantile((1 - level) / 2, a, b) if wins else 0.0,
        high=beta_quantile((1 + level) / 2, a, b) if wins < n else 1.0,
        level=level,
        method=Method.JEFFREYS,
    )


def net_share(wins: int, losses: int, n: int, *, level: float = LEVEL) -> NetShare:
    """
    The net share of n paired answers, of which the rest are ties or both bad.

    Raises:
        ValueError: n is not positive, or wins and losses do not fit in it.

    Source:
        Bonett & Price (2012), Journal of Educational and Behavioral Statistics 37, 479-488.
    """
    if wins < 0 or losses < 0:
        raise ValueError(f"Counts are not negative; got {wins} wins and {losses} losses.")
    _check(wins + losses, n)
    a, b = (wins + 1) / (n + 2), (losses + 1) / (n + 2)
    centre = a - b
    half = two_sided_z(level) * math.sqrt((a + b - centre * centre) / (n + 2))
    return NetShare(
        wins=wins,
        losses=losses,
        n=n,
        estimate=(wins - losses) / n,
        low=max(-1.0, centre - half),
        high=min(1.0, centre + half),
        level=level,
    )


def sign_test(wins: int, n: int) -> SignTest:
    """
    The exact two-sided sign test, with mid-p beside it. To be read once, at the planned end.

    Raises:
        ValueError: n is not positive, or wins is not within 0 and n.

    Source:
        Fagerland, Lydersen & Laake (2013), BMC Medical Research Methodology 13, 91: the exact
        conditional McNemar test and its mid-p version.
    """
    _check(wins, n)
    more = max(wins, n - wins)
    here = math.exp(log_choose(n, more) - n * math.log(2))
    # P(X ≥ k) = I_½(k, n − k + 1), NIST DLMF 8.17.5.
    tail = beta_probability(0.5, more, n - more + 1)
    return SignTest(wins=wins, n=n, p=min(1.0, 2 * tail), mid_p=min(1.0, max(0.0, 2 * tail - here)))


def elo_gap(share: Share) -> EloGap:
    """
    The Elo gap of a share, 400 · log10(p / (1 − p)), its interval the share's ends mapped.

    With two models this is Bradley–Terry, whose maximum likelihood is the logit of the share.

    Source:
        Bradley & Terry (1952), Biometrika 39, 324-345; the scale is Elo's (1978).
    """
    return EloGap(
        estimate=_elo(share.estimate), low=_elo(share.low), high=_elo(share.high), share=share
    )


def is_inside(share: Share, margin: Margin) -> bool:
    """Whether the whole interval lies in the margin, so that "practically equal" may be said."""
    return margin.low <= share.low and share.high <= margin.high


def _elo(p: float) -> float | None:
    return _ELO_PER_DECADE * math.log10(p / (1 - p)) if 0 < p < 1 else None


def _check(wins: int, n: int) -> None:
    if n < 1 or not 0 <= wins <= n:
        raise ValueError(f"A share needs 0 ≤ wins ≤ n and n ≥ 1; got {wins} of {n}.")
