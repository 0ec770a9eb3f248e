"""How many requests a user may make: token buckets per user, one for submits, one for queries."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Category(StrEnum):
    """The two buckets of a user, in the words of the header."""

    SUBMIT = "async_submit"
    QUERY = "async_query"


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """One bucket's size and refill, as documented."""

    per_minute: int
    per_second: float
    burst: int  # in ten seconds


GROUPS: Mapping[str, Mapping[Category, Allowance]] = {
    "default": {
        Category.SUBMIT: Allowance(per_minute=300, per_second=5, burst=50),
        Category.QUERY: Allowance(per_minute=3_000, per_second=50, burst=500),
    },
    "vip": {
        Category.SUBMIT: Allowance(per_minute=1_000, per_second=1_000 / 60, burst=167),
        Category.QUERY: Allowance(per_minute=10_000, per_second=10_000 / 60, burst=1_667),
    },
    "svip": {
        Category.SUBMIT: Allowance(per_minute=2_000, per_second=2_000 / 60, burst=334),
        Category.QUERY: Allowance(per_minute=30_000, per_second=500, burst=5_000),
    },
}
UNLIMITED = "unlimited"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether one request may pass, and what its answer's headers say."""

    category: Category
    is_allowed: bool
    limit: int
    remaining: int
    full_in_s: float  # until the bucket is full again
    token_in_s: float  # until there is one token; 0 when there is one

    @property
    def retry_after_s(self) -> int:
        return max(1, math.ceil(self.token_in_s))

    def headers(self, *, epoch_s: float | None) -> dict[str, str]:
        """The documented headers; `epoch_s` is the time now if Reset is to be a moment."""
        reset_s = math.ceil(self.full_in_s + (epoch_s or 0))
        return {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(self.remaining),
            "X-RateLimit-Reset": str(reset_s),
            "X-RateLimit-Category": self.category.value,
        }


@dataclass(slots=True)
class _Bucket:
    allowance: Allowance
    tokens: float
    at_s: float

    def refill(self, now_s: float) -> None:
        gained = max(0.0, now_s - self.at_s) * self.allowance.per_second
        self.tokens = min(self.allowance.burst, self.tokens + gained)
        self.at_s = now_s


@dataclass(slots=True)
class Limiter:
    """The buckets of every user seen, in one group. The group `unlimited` has none."""

    group: str = "default"
    _buckets: dict[tuple[str, Category], _Bucket] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.group != UNLIMITED and self.group not in GROUPS:
            names = ", ".join([*GROUPS, UNLIMITED])
            raise ValueError(f"The rate group must be one of {names}; got {self.group!r}.")

    def take(self, user: str, category: Category, *, now_s: float) -> Verdict | None:
        """Take one token. A request that is refused takes none. None: there is no limit."""
        bucket = self._bucket(user, category, now_s)
        if bucket is None:
            return None
        # A token that is full but for rounding is a token: whoever waited as told may pass.
        is_allowed = bucket.tokens >= 1 - 1e-9
        if is_allowed:
            bucket.tokens -= 1
        return Verdict(
            category=category,
            is_allowed=is_allowed,
            limit=bucket.allowance.burst,
            remaining=max(0, math.floor(bucket.tokens)),
            full_in_s=(bucket.allowance.burst - bucket.tokens) / bucket.allowance.per_second,
            token_in_s=max(0.0, 1 - bucket.tokens) / bucket.allowance.per_second,
        )

    def give_back(self, user: str, category: Category, *, now_s: float) -> None:
        """Return the token of a request that was refused with 429 after all."""
        bucket = self._bucket(user, category, now_s)
        if bucket is not None:
            bucket.tokens = min(bucket.allowance.burst, bucket.tokens + 1)

    def reset(self) -> None:
        """Every bucket full again."""
        self._buckets.clear()

    def _bucket(self, user: str, category: Category, now_s: float) -> _Bucket | None:
        if self.group == UNLIMITED:
            return None
        allowance = GROUPS[self.group][category]
        bucket = self._buckets.setdefault(
            (user, category), _Bucket(allowance=allowance, tokens=allowance.burst, at_s=now_s)
        )
        bucket.refill(now_s)
        return bucket
