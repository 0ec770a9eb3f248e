"""How long a picture takes: the law its times are drawn from, once, when its task is created."""

import math
import random
from dataclasses import dataclass

# The 95 % point of the standard normal: p5 and p95 are this many sigmas from the median.
Z95 = 1.6448536269514722


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """How long each phase lasts, in seconds of the wall clock."""

    pending_s: float
    queued_s: float
    generating_s: float

    @property
    def total_s(self) -> float:
        return self.pending_s + self.queued_s + self.generating_s


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencyLaw:
    """
    A lognormal total with the given 5 % and 95 % points, part of it spent waiting.

    The two models have the same law unless somebody asks otherwise: no trustworthy figure exists
    for either, and the emulator must not suggest one.
    """

    p5_s: float = 5.0
    p95_s: float = 9.0
    # The share of the total that passes before the picture is begun: uniform between these.
    waiting_low: float = 0.10
    waiting_high: float = 0.30
    # Of the waiting, this share is `pending`, the rest `queued`.
    pending_share: float = 0.25
    straggler_probability: float = 0.0
    straggler_factor: float = 3.0

    def __post_init__(self) -> None:
        if not 0 < self.p5_s <= self.p95_s:
            raise ValueError(f"A law needs 0 < p5 <= p95; got {self.p5_s} and {self.p95_s}.")
        if not 0 <= self.waiting_low <= self.waiting_high < 1:
            raise ValueError("The waiting share needs 0 <= low <= high < 1.")

    def draw(self, source: random.Random, *, speed: float) -> Timeline:
        """One timeline. `speed` divides every time in it; the draws are the same at any speed."""
        mu = math.log(self.p5_s * self.p95_s) / 2
        sigma = math.log(self.p95_s / self.p5_s) / 2 / Z95
        total_s = math.exp(source.gauss(mu, sigma))
        if source.random() < self.straggler_probability:
            total_s *= self.straggler_factor
        waiting_s = total_s * source.uniform(self.waiting_low, self.waiting_high)
        return Timeline(
            pending_s=waiting_s * self.pending_share / speed,
            queued_s=waiting_s * (1 - self.pending_share) / speed,
            generating_s=(total_s - waiting_s) / speed,
        )

    @classmethod
    def parse(cls, text: str) -> "LatencyLaw":
        """A law from `P5-P95` in seconds, such as `8-30`."""
        low, dash, high = text.partition("-")
        if not dash:
            raise ValueError(f"A law is written P5-P95, such as 5-9; got {text!r}.")
        return cls(p5_s=float(low), p95_s=float(high))
