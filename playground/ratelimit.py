"""How fast one user may ask: token buckets below the service's own, and one shared pause after a refusal."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

# Of the published limits. A tenth of the burst stays free: requests that leave in step may arrive
# bunched. Of the rate hardly anything does, until a refusal shows that others use the account too.
BURST_SHARE = 0.9
RATE_SHARE = 0.98
CAREFUL_RATE_SHARE = 0.9
MAX_PAUSE_S = 120.0
FIRST_PAUSE_S = 1.0  # after a refusal that names no time; doubled by each that follows
MAX_GUESSED_PAUSE_S = 60.0
JITTER_SHARE, MIN_JITTER_S = 0.1, 0.25
LOW_SHARE = 0.2
POLITE_FOR_S = 300.0  # after a refusal, and as long at the careful rate


class Bucket(StrEnum):
    """The service counts paid requests apart from all others."""

    SUBMIT = "submit"
    QUERY = "query"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """The published limits of a group of users; bursts are of ten seconds."""

    submit_per_s: float
    submit_burst: int
    query_per_s: float
    query_burst: int

    def sped_up(self, factor: float) -> "Tier":
        """For an emulator whose seconds are `factor` times shorter than ours."""
        return Tier(
            submit_per_s=self.submit_per_s * factor,
            submit_burst=self.submit_burst,
            query_per_s=self.query_per_s * factor,
            query_burst=self.query_burst,
        )


TIERS = MappingProxyType(
    {
        "default": Tier(submit_per_s=5, submit_burst=50, query_per_s=50, query_burst=500),
        "vip": Tier(
            submit_per_s=1_000 / 60, submit_burst=167, query_per_s=10_000 / 60, query_burst=1_667
        ),
        "svip": Tier(submit_per_s=2_000 / 60, submit_burst=334, query_per_s=500, query_burst=5_000),
        # Only an emulator is without limits.
        "unlimited": Tier(submit_per_s=1e6, submit_burst=10**6, query_per_s=1e6, query_burst=10**6),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A place in the queue of a bucket. A refusal voids the turns not used yet."""

    bucket: Bucket
    wait_s: float
    round: int


@dataclass(slots=True)
class _State:
    published_per_s: float
    burst: float
    tokens: float
    counted_at: float
    paused_until: float
    round: int = 0
    refusals_in_a_row: int = 0
    refused_at: float | None = None
    is_low: bool = False

    def is_lately_refused(self, now: float) -> bool:
        return self.refused_at is not None and now - self.refused_at < POLITE_FOR_S

    def per_s(self, now: float) -> float:
        share = CAREFUL_RATE_SHARE if self.is_lately_refused(now) else RATE_SHARE
        return share * self.published_per_s


class Limiter:
    """
    The limits of one user on one host; every program part that uses the key shares it.

    Pure: it says how long to wait and leaves the waiting to the caller. One thread at a time.

    Args:
        clock: Seconds that never go back.

        rng: For the jitter; seeded in tests.
    """

    def __init__(
        self,
        tier: Tier = TIERS["default"],
        *,
        clock: Callable[[], float] = time.monotonic,
        rng: random.Random | None = None,
    ) -> None:
        self._clock = clock
        # Spreading requests over time needs no secrecy.
        self._rng = rng or random.Random()
        now = clock()
        self._states = {
            bucket: _State(
                published_per_s=per_s,
                burst=max(1.0, burst * BURST_SHARE),
                tokens=max(1.0, burst * BURST_SHARE),
                counted_at=now,
                paused_until=now,
            )
            for bucket, per_s, burst in (
                (Bucket.SUBMIT, tier.submit_per_s, tier.submit_burst),
                (Bucket.QUERY, tier.query_per_s, tier.query_burst),
            )
        }

    def take(self, bucket: Bucket) -> Turn:
        """
        The next turn; first come, first served. Wait for `wait_s`, then ask `is_valid`: a refusal
        may have come since, and then a new turn is needed.
        """
        state, now = self._refilled(bucket)
        state.tokens -= 1
        due = state.counted_at + max(0.0, -state.tokens / state.per_s(now))
        return Turn(bucket=bucket, wait_s=max(0.0, due - now), round=state.round)

    def is_valid(self, turn: Turn) -> bool:
        """Whether no refusal has come since the turn was given."""
        return self._states[turn.bucket].round == turn.round

    def give_back(self, turn: Turn) -> None:
        """For a turn that nobody waits for any more."""
        state = self._states[turn.bucket]
        if state.round == turn.round:
            state.tokens = min(state.burst, state.tokens + 1)

    def pause_left_s(self, bucket: Bucket) -> float:
        """Seconds that everybody using this bucket still has to wait; 0 most of the time."""
        return max(0.0, self._states[bucket].paused_until - self._clock())

    def refused(self, bucket: Bucket, retry_after_s: float | None) -> None:
        """The service said 429: everybody pauses as told, at most two minutes, and some jitter."""
        state, now = self._refilled(bucket)
        if now >= state.paused_until:
            # Requests in flight are refused together; that is one refusal, not many.
            state.refusals_in_a_row += 1
        state.refused_at = now
        if retry_after_s is None:
            doublings = max(0, min(state.refusals_in_a_row - 1, 10))
            retry_after_s = min(FIRST_PAUSE_S * 2**doublings, MAX_GUESSED_PAUSE_S)
        pause_s = min(max(retry_after_s, 0.0), MAX_PAUSE_S)
        until = now + pause_s + self._rng.uniform(0, max(MIN_JITTER_S, pause_s * JITTER_SHARE))
        if until <= state.paused_until:
            return
        # The service's bucket is empty whatever ours says: no burst when the pause ends.
        state.paused_until = state.counted_at = until
        state.tokens = 0.0
        state.round += 1

    def answered(
        self, bucket: Bucket, *, limit: int | None = None, remaining: int | None = None
    ) -> None:
        """An answer other than a refusal came; the numbers are its rate limit headers, if any."""
        state = self._states[bucket]
        state.refusals_in_a_row = 0
        if limit is not None and remaining is not None and limit > 0:
            state.is_low = remaining < LOW_SHARE * limit

    @property
    def polite_hint(self) -> bool:
        """Whether to ask more seldom: a bucket is nearly empty, or a refusal came lately."""
        now = self._clock()
        return any(state.is_low or state.is_lately_refused(now) for state in self._states.values())

    def _refilled(self, bucket: Bucket) -> tuple[_State, float]:
        state, now = self._states[bucket], self._clock()
        if now > state.counted_at:  # while paused it lies ahead
            refill = (now - state.counted_at) * state.per_s(now)
            state.tokens = min(state.burst, state.tokens + refill)
            state.counted_at = now
        return state, now


class Limiters:
    """One limiter a user and host, shared by everything that asks for it."""

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        rng: random.Random | None = None,
    ) -> None:
        self._clock, self._rng = clock, rng
        self._limiters: dict[tuple[str, str], Limiter] = {}

    def of(self, host: str, fingerprint: str, tier: Tier = TIERS["default"]) -> Limiter:
        """The limiter of a key, told by its fingerprint, on a host; `tier` counts when it is new."""
        place = (host, fingerprint)
        if place not in self._limiters:
            self._limiters[place] = Limiter(tier, clock=self._clock, rng=self._rng)
        return self._limiters[place]

    def forget(self, host: str, fingerprint: str) -> None:
        """Lets go of a key nobody uses any more; one that comes back begins anew."""
        self._limiters.pop((host, fingerprint), None)


def least_duration_s(n_submits: int, tier: Tier = TIERS["default"]) -> float:
    """The least time in which the service itself takes so many paid requests."""
    return max(0, n_submits - tier.submit_burst) / tier.submit_per_s
