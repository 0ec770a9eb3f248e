"""Prints how late a finish is noticed and at how many questions, for our rule and for plain schedules.

    python -m tests.benchmarks.bench_polling

The laws are assumed, not measured: flex lognormal with 5–95 % between 5 and 12 s, pro between 8 and
30 s, and 2 % of all tasks three times slower. The lag excludes the round trip of the question.
"""

import math
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from playground.polling import (
    FAST,
    POLITE,
    Durations,
    Law,
    Pace,
    next_poll_s,
    observed_s,
    predicted_s,
)

Z95 = 1.6448536
STRAGGLERS, SLOWER = 0.02, 3.0
N_TASKS = 20_000
SEED = 20_261_122


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumed:
    """A lognormal law of durations, given by its 5 % and 95 % points."""

    name: str
    p5_s: float
    p95_s: float

    @property
    def mu(self) -> float:
        return (math.log(self.p5_s) + math.log(self.p95_s)) / 2

    @property
    def sigma(self) -> float:
        return math.log(self.p95_s / self.p5_s) / 2 / Z95

    def draw(self, rng: random.Random) -> float:
        duration_s = math.exp(rng.gauss(self.mu, self.sigma))
        return duration_s * SLOWER if rng.random() < STRAGGLERS else duration_s

    def cdf(self, t: np.ndarray) -> np.ndarray:
        def phi(x: np.ndarray) -> np.ndarray:
            return np.array([math.erfc(-each / math.sqrt(2)) / 2 for each in x])

        u = np.log(np.maximum(t, 1e-9))
        plain = phi((u - self.mu) / self.sigma)
        slow = phi((u - math.log(SLOWER) - self.mu) / self.sigma)
        return (1 - STRAGGLERS) * plain + STRAGGLERS * slow


FLEX = Assumed(name="flex", p5_s=5, p95_s=12)
PRO = Assumed(name="pro", p5_s=8, p95_s=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """Means over tasks."""

    lag_s: float
    requests: float


Schedule = Callable[[], Iterator[float]]


def every(first_s: float, gap_s: float) -> Schedule:
    def moments() -> Iterator[float]:
        t = first_s
        while True:
            yield t
            t += gap_s

    return moments


def jittered(first_s: float, low_s: float, high_s: float, rng: random.Random) -> Schedule:
    def moments() -> Iterator[float]:
        t = first_s
        while True:
            yield t
            t += rng.uniform(low_s, high_s)

    return moments


def score_schedule(durations: list[float], schedule: Schedule) -> Score:
    """A schedule that learns nothing."""
    lag_s = requests = 0.0
    for duration_s in durations:
        for asked_s in schedule():
            requests += 1
            if asked_s >= duration_s:
                lag_s += asked_s - duration_s
                break
    return Score(lag_s=lag_s / len(durations), requests=requests / len(durations))


def score_learned(durations: list[float], pace: Pace) -> Score:
    """Our rule, learning as it goes, from what a client can see and nothing else."""
    learned, key = Durations(), ("emulated", "m", "1K", "without")
    lag_s = requests = 0.0
    for duration_s in durations:
        law, previous_s, asked_s = learned.law(key), 0.0, 0.0
        while True:
            asked_s = next_poll_s(asked_s, law, pace)
            requests += 1
            if asked_s >= duration_s:
                break
            previous_s = asked_s
        lag_s += asked_s - duration_s
        learned.add(key, observed_s(low_s=previous_s, high_s=asked_s))
    return Score(lag_s=lag_s / len(durations), requests=requests / len(durations))


def score_with_progress(
    durations: list[float], pace: Pace, rng: random.Random, *, noise: float
) -> Score:
    """The same where the service tells its progress, in steps of 5 % and off by `noise`."""
    learned, key = Durations(), ("emulated", "m", "1K", "without")
    lag_s = requests = 0.0
    for duration_s in durations:
        law, previous_s, asked_s, foretold_s = learned.law(key), 0.0, 0.0, None
        progress_pct, bias = None, rng.gauss(0, noise)
        while True:
            asked_s = next_poll_s(asked_s, law, pace, progress_pct=progress_pct)
            requests += 1
            if asked_s >= duration_s:
                break
            previous_s, share = asked_s, asked_s / duration_s
            off = (bias + rng.gauss(0, noise / 2)) * (1 - share)
            progress_pct = min(95.0, max(0.0, math.floor(share * (1 + off) * 20) * 5.0))
            foretold_s = foretold_s or predicted_s(asked_s, progress_pct)
        lag_s += asked_s - duration_s
        learned.add(key, observed_s(low_s=previous_s, high_s=asked_s), foretold_s=foretold_s)
    return Score(lag_s=lag_s / len(durations), requests=requests / len(durations))


def best_possible(assumed: Assumed, cost_s: float) -> Score:
    """The schedule of least mean lag + `cost_s` × requests for a known law: dynamic programming."""
    step, horizon, reach = 0.05, 150.0, 1_200
    t = np.arange(0, horizon + step, step)
    cdf = assumed.cdf(t)
    area = np.concatenate([[0], np.cumsum((cdf[1:] + cdf[:-1]) / 2 * step)])
    n = len(t)
    value, lag, requests = np.zeros(n), np.zeros(n), np.zeros(n)
    for i in range(n - 2, -1, -1):
        j = slice(i + 1, min(n, i + 1 + reach))
        waited = area[j] - area[i] - cdf[i] * (t[j] - t[i])
        costs = cost_s * (1 - cdf[i]) + waited + value[j]
        best = int(np.argmin(costs))
        value[i] = costs[best]
        lag[i] = waited[best] + lag[i + 1 + best]
        requests[i] = (1 - cdf[i]) + requests[i + 1 + best]
    return Score(lag_s=float(lag[0]), requests=float(requests[0]))


def best_at(assumed: Assumed, requests: float) -> Score:
    """The best possible lag at a mean number of requests."""
    low, high = 1e-3, 4.0
    for _ in range(12):
        middle = math.sqrt(low * high)
        if best_possible(assumed, middle).requests > requests:
            low = middle
        else:
            high = middle
    return best_possible(assumed, high)


def microseconds_a_call() -> float:
    """Processor time of `next_poll_s`, tables warm."""
    laws = [Law(mu=math.log(10), sigma=0.2 + i / 100) for i in range(50)]
    for law in laws:
        next_poll_s(4.0, law, FAST)
    begun, calls = time.process_time(), 0
    while time.process_time() - begun < 0.2:
        for law in laws:
            next_poll_s(4.0, law, FAST)
            calls += 1
    return (time.process_time() - begun) / calls * 1e6


def main() -> None:
    print("mean lag in s / mean status questions a task")
    for assumed in (FLEX, PRO):
        rng = random.Random(SEED)
        durations = [assumed.draw(rng) for _ in range(N_TASKS)]
        vendor = score_schedule(durations, every(2, 3))
        rows = (
            ("vendor: 2 s, then every 3 s", vendor),
            (
                "vendor, newer: 5 s, then 5–10 s",
                score_schedule(durations, jittered(5, 5, 10, rng)),
            ),
            ("fixed 0.5 s", score_schedule(durations, every(0.5, 0.5))),
            ("ours, fast", score_learned(durations, FAST)),
            ("ours, polite", score_learned(durations, POLITE)),
            (
                "ours, fast, progress ±10 %",
                score_with_progress(durations, FAST, rng, noise=0.10),
            ),
            ("best possible at the vendor's count", best_at(assumed, vendor.requests)),
        )
        for name, score in rows:
            print(f"{assumed.name:5} {name:36} {score.lag_s:5.2f} / {score.requests:5.2f}")
    print(f"next_poll_s: {microseconds_a_call():.1f} µs a call")


if __name__ == "__main__":
    main()
