"""When to ask for the status: learned from how long such tasks took, so that few questions notice a finish soon."""

import json
import math
from array import array
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import accumulate, pairwise
from typing import TypeAlias

Key: TypeAlias = tuple[str, ...]  # origin, model, resolution, with or without references

MIN_SAMPLES = 5  # below this the vendor's own schedule is followed
MEMORY = 60  # tasks; older ones fade
WINSOR_SIGMAS = 2.5  # one straggler must not widen the law
MIN_SIGMA, MAX_SIGMA = 0.10, 1.5
PRIOR_SIGMA, PRIOR_WEIGHT = 0.6, 3

# A fixed share of tasks is taken to be stragglers: this much slower, and spread twice as wide.
STRAGGLER_SHARE = 0.04
STRAGGLER_SHIFT = math.log(2.5)
STRAGGLER_WIDTH = 2.0

PROGRESS_MEMORY = 10
PROGRESS_TOLERANCE = 0.25
PROGRESS_MISSES = 1  # of the last ten; a straggler or two is no dishonesty of the field
PROGRESS_FROM, PROGRESS_TO = 20.0, 95.0  # %; below, the rounding alone is off by a quarter
PROGRESS_STEP = 5.0  # % the field is taken to be rounded to

FIRST_MAX_GAPS = 4  # somebody may want to see how it stands
FIRST_SHARE = 0.86  # of the first question's moment: the least a task seen finished there took

# A task that no law explains is asked for less and less often: it may be lost for hours.
OVERDUE_SIGMAS = 3.0  # of the stragglers
OVERDUE_MEDIANS = 30.0  # of a law so wide that its sigmas say nothing
OVERDUE_COLD_GAPS = 60
OVERDUE_SHARE = 0.1  # of the time it has taken so far
OVERDUE_MAX_GAPS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How eagerly to ask, in seconds of the service; `time_scale` is how many of ours one lasts."""

    first_s: float = 2.0  # never ask before
    min_gap_s: float
    max_gap_s: float = 15.0
    lag_per_request_s: float  # how much earlier a question must notice the end to be worth asking
    cold_first_s: float = 2.0  # the vendor's schedule, until enough is learned
    cold_gap_s: float = 3.0
    time_scale: float = 1.0  # an emulator at speed 100 has 0.01


# 0.17 s: the most eager that asks no more often than the vendor's own schedule, for tasks of
# 5–12 s and of 8–30 s (tests/benchmarks/bench_polling.py).
FAST = Pace(min_gap_s=1.0, lag_per_request_s=0.17)  # somebody is waiting
POLITE = Pace(min_gap_s=3.0, lag_per_request_s=0.08)  # experiments, and after any refusal
# The service tells when a task ends; these questions are for the day it does not.
SAFETY_NET = Pace(
    first_s=30.0,
    min_gap_s=30.0,
    max_gap_s=120.0,
    lag_per_request_s=60.0,
    cold_first_s=30.0,
    cold_gap_s=30.0,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Law:
    """How long tasks of a kind take: lognormal around exp(`mu`) of our seconds, and stragglers."""

    mu: float
    sigma: float
    progress_error: float | None = None  # relative; None: the progress field has not earned trust

    @property
    def median_s(self) -> float:
        return math.exp(self.mu)


def next_poll_s(
    elapsed_s: float, law: Law | None, pace: Pace, *, progress_pct: float | None = None
) -> float:
    """
    When to ask next, in seconds since the task was accepted; always later than `elapsed_s`.

    Args:
        elapsed_s: Since acceptance, by our clock, as is the answer; near 0 before any question.

        law: What is known of such tasks; None follows the vendor's published schedule.

        progress_pct: The service's own figure, just read. Ignored until it has proved honest.

    Source:
        The inspection density sqrt(h / 2c) of Keller (1974), Management Science 21, 256-260: the
        next question is where its integral from the last one reaches 1; h is the hazard of
        finishing, c the lag one question is worth.
    """
    scale = pace.time_scale
    if scale == 1:
        return _due_s(elapsed_s, law, pace, progress_pct)
    if law is not None:
        law = replace(law, mu=law.mu - math.log(scale))
    return _due_s(elapsed_s / scale, law, pace, progress_pct) * scale


def _due_s(elapsed_s: float, law: Law | None, pace: Pace, progress_pct: float | None) -> float:
    # Nothing is asked before `first_s`, so somewhat less is still the time of acceptance.
    is_first = elapsed_s < pace.first_s / 2
    if elapsed_s > _overdue_s(law, pace):
        gap_s = min(elapsed_s * OVERDUE_SHARE, pace.max_gap_s * OVERDUE_MAX_GAPS)
        return elapsed_s + max(gap_s, pace.min_gap_s)
    if law is None:
        return pace.cold_first_s if is_first else elapsed_s + pace.cold_gap_s
    if progress_pct is not None and not is_first:
        law = _sharpened(law, elapsed_s, progress_pct)
    due_s = _inspection_s(elapsed_s, law, pace.lag_per_request_s)
    if is_first:
        return min(max(due_s, pace.first_s), pace.max_gap_s * FIRST_MAX_GAPS)
    return min(max(due_s, elapsed_s + pace.min_gap_s), elapsed_s + pace.max_gap_s)


def predicted_s(elapsed_s: float, progress_pct: float | None) -> float | None:
    """The duration that a progress figure announces; None when it announces too little."""
    if progress_pct is None or not PROGRESS_FROM <= progress_pct <= PROGRESS_TO:
        return None
    return elapsed_s * 100 / (progress_pct + PROGRESS_STEP / 2)


def observed_s(*, low_s: float, high_s: float, told_s: float | None = None) -> float:
    """
    The best guess at a duration known to lie between the last two questions.

    Args:
        low_s: The last question that found it unfinished; 0 if none did.

        high_s: The question that found it finished.

        told_s: By the service's own clock, which tells whole seconds only.
    """
    if low_s <= 0:
        # The first question stands where finishing becomes likely: half of it is no fair guess.
        low_s = high_s * FIRST_SHARE
    if told_s is not None:
        low, high = max(low_s, told_s - 1), min(high_s, told_s + 1)
        if low <= high:
            return (low + high) / 2
    return (low_s + high_s) / 2


def _overdue_s(law: Law | None, pace: Pace) -> float:
    if law is None:
        return OVERDUE_COLD_GAPS * pace.cold_gap_s
    slow = math.exp(STRAGGLER_SHIFT + OVERDUE_SIGMAS * STRAGGLER_WIDTH * law.sigma)
    return law.median_s * min(slow, OVERDUE_MEDIANS)


def _sharpened(law: Law, elapsed_s: float, progress_pct: float) -> Law:
    """The law, given what the progress field says now; the two weighted by their precision."""
    share = min(progress_pct, PROGRESS_TO) / 100
    total_s = predicted_s(elapsed_s, share * 100)
    if law.progress_error is None or total_s is None:
        return law
    rounding = PROGRESS_STEP / 200 / share
    spread = math.hypot(law.progress_error * (1 - share), rounding) + 0.02
    w_law, w_told = law.sigma**-2, spread**-2
    mu = (law.mu * w_law + math.log(total_s) * w_told) / (w_law + w_told)
    return replace(law, mu=mu, sigma=max(0.05, (w_law + w_told) ** -0.5))


# In u = (log t − mu) the hazard is H(u; sigma) / t, so the integral of its root over t is
# exp(mu / 2) times an integral that depends on sigma alone: one table a sigma, for every law.
_LOWEST, _HIGHEST, _POINTS = -5.0, 6.0, 441
_SIGMA_RATIO = 1.03
_WIDTH = (_HIGHEST - _LOWEST) / (_POINTS - 1)
_GRID = tuple(_LOWEST + i * _WIDTH for i in range(_POINTS))


def _inspection_s(elapsed_s: float, law: Law, cost_s: float) -> float:
    areas = _areas(round(math.log(law.sigma) / math.log(_SIGMA_RATIO)))
    reached = 0.0
    if elapsed_s > 0:
        reached = _interpolate(math.log(elapsed_s) - law.mu, _GRID, areas)
    wanted = reached + math.sqrt(2 * cost_s) * math.exp(-law.mu / 2)
    if wanted >= areas[-1]:
        return math.inf
    return math.exp(law.mu + _interpolate(wanted, areas, _GRID))


def _interpolate(x: float, xs: Sequence[float], ys: Sequence[float]) -> float:
    if x <= xs[0]:
        return ys[0]
    if x >= xs[-1]:
        return ys[-1]
    i = bisect_left(xs, x)
    share = (x - xs[i - 1]) / (xs[i] - xs[i - 1])
    return ys[i - 1] + share * (ys[i] - ys[i - 1])


@lru_cache(maxsize=256)
def _areas(step: int) -> Sequence[float]:
    """The integral of sqrt(H) exp(u / 2) up to each point of the grid, strictly rising."""
    sigma = _SIGMA_RATIO**step
    rates = [math.sqrt(_hazard(u, sigma)) * math.exp(u / 2) for u in _GRID]
    pieces = ((a + b) / 2 * _WIDTH + 1e-12 for a, b in pairwise(rates))
    return array("d", accumulate(pieces, initial=0.0))


def _hazard(u: float, sigma: float) -> float:
    """Of finishing, per unit of log time, for the mixture of ordinary tasks and stragglers."""
    density = survival = 0.0
    for share, shift, spread in (
        (1 - STRAGGLER_SHARE, 0.0, sigma),
        (STRAGGLER_SHARE, STRAGGLER_SHIFT, sigma * STRAGGLER_WIDTH),
    ):
        z = (u - shift) / spread
        density += share * math.exp(-z * z / 2) / (spread * math.sqrt(2 * math.pi))
        survival += share * math.erfc(z / math.sqrt(2)) / 2
    return density / survival if survival > 1e-12 else 0.0


@dataclass(slots=True)
class _Fit:
    first: list[float]  # logarithms, until there are enough of them
    n: int = 0
    mu: float = 0.0
    variance: float = 0.0
    errors: list[float] | None = None


class Durations:
    """What was learned of how long tasks take, by kind. One thread at a time."""

    def __init__(self) -> None:
        self._fits: dict[Key, _Fit] = {}

    def add(self, key: Key, duration_s: float, *, foretold_s: float | None = None) -> None:
        """
        Learns from one finished task.

        Args:
            foretold_s: `predicted_s` at the first question that gave one, for the trust in it.
        """
        if not 0 < duration_s < math.inf:
            return
        fit = self._fits.setdefault(key, _Fit(first=[]))
        if foretold_s is not None:
            error = abs(foretold_s / duration_s - 1)
            fit.errors = [*(fit.errors or []), error][-PROGRESS_MEMORY:]
        fit.n += 1
        x = math.log(duration_s)
        if fit.n <= MIN_SAMPLES:
            fit.first.append(x)
            if fit.n == MIN_SAMPLES:
                _begin(fit)
            return
        weight = 1 / min(fit.n + PRIOR_WEIGHT, MEMORY)
        limit = WINSOR_SIGMAS * math.sqrt(fit.variance)
        step = max(-limit, min(limit, x - fit.mu))
        fit.mu += weight * step
        fit.variance = (1 - weight) * (fit.variance + weight * step * step)
        fit.variance = min(max(fit.variance, MIN_SIGMA**2), MAX_SIGMA**2)

    def law(self, key: Key) -> Law | None:
        """None until five tasks of the kind have finished."""
        fit = self._fits.get(key)
        if fit is None or fit.n < MIN_SAMPLES:
            return None
        return Law(mu=fit.mu, sigma=math.sqrt(fit.variance), progress_error=_trust(fit.errors))

    def to_json(self) -> str:
        """Everything learned, for `from_json` in another process."""
        fits = [
            {
                "key": list(key),
                "n": fit.n,
                "mu": fit.mu,
                "variance": fit.variance,
                "first": fit.first,
                "errors": fit.errors or [],
            }
            for key, fit in self._fits.items()
        ]
        return json.dumps({"version": 1, "fits": fits})

    @classmethod
    def from_json(cls, text: str) -> "Durations":
        """
        Raises:
            ValueError: The text is not what `to_json` wrote. Learning again costs little.
        """
        durations = cls()
        try:
            record = json.loads(text)
            if record["version"] != 1:
                raise ValueError(f"version {record['version']!r}")
            for each in record["fits"]:
                key, fit = _read(each)
                durations._fits[key] = fit
        except (ValueError, TypeError, KeyError, RecursionError) as exc:
            raise ValueError(f"These are not learned durations: {exc}") from exc
        return durations


def _begin(fit: _Fit) -> None:
    """Starts the running fit in the middle of the first samples, wherever that is."""
    middle = sorted(fit.first)[len(fit.first) // 2]
    limit = WINSOR_SIGMAS * PRIOR_SIGMA
    steps = [max(-limit, min(limit, x - middle)) for x in fit.first]
    mean = sum(steps) / len(steps)
    squares = sum((step - mean) ** 2 for step in steps)
    fit.mu = middle + mean
    fit.variance = (PRIOR_WEIGHT * PRIOR_SIGMA**2 + squares) / (PRIOR_WEIGHT + len(steps))
    fit.first = []


def _trust(errors: list[float] | None) -> float | None:
    """How far off honest figures usually are; None without ten, or with two bad ones among them."""
    if errors is None or len(errors) < PROGRESS_MEMORY:
        return None
    honest = [error for error in errors if error <= PROGRESS_TOLERANCE]
    if len(honest) < PROGRESS_MEMORY - PROGRESS_MISSES:
        return None
    return max(0.03, math.sqrt(sum(error**2 for error in honest) / len(honest)))


def _read(record: Mapping[str, object]) -> tuple[Key, _Fit]:
    def numbers(value: object) -> list[float]:
        if not isinstance(value, list):
            raise TypeError("not a list of numbers")
        return [number(each) for each in value]

    def number(value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise TypeError("not a number")
        if not math.isfinite(value):
            raise ValueError("not a finite number")
        return float(value)

    words = record["key"]
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise TypeError("not a key")
    n, variance, first = number(record["n"]), number(record["variance"]), numbers(record["first"])
    is_begun = n >= MIN_SAMPLES
    if is_begun and not MIN_SIGMA**2 <= variance <= MAX_SIGMA**2:
        raise ValueError("a variance out of range")
    if n < 0 or (not is_begun and len(first) != n):
        raise ValueError("a count that does not add up")
    fit = _Fit(
        first=first,
        n=int(n),
        mu=number(record["mu"]),
        variance=variance,
        errors=numbers(record["errors"])[-PROGRESS_MEMORY:] or None,
    )
    return tuple(words), fit
