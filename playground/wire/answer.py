"""One HTTP answer as it came, and what its headers say about waiting."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from playground.wire import loose


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Status, headers and the whole body."""

    status_code: int
    headers: Mapping[str, str]
    body: bytes

    def header(self, name: str) -> str | None:
        """The value of the header of a lower-case name."""
        found = self.headers.get(name)
        if found is not None:
            return found
        return next((value for each, value in self.headers.items() if each.lower() == name), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimit:
    """What the service says about the bucket a request was counted in; None is not said."""

    limit: int | None
    remaining: int | None
    reset: str | None  # as it came: its unit is documented nowhere
    category: str | None


def parse_rate_limit(answer: Answer) -> RateLimit | None:
    """None without such headers."""
    limit, remaining, reset, category = (
        answer.header(f"x-ratelimit-{name}") for name in ("limit", "remaining", "reset", "category")
    )
    if limit is None and remaining is None:
        return None
    return RateLimit(
        limit=loose.count(limit), remaining=loose.count(remaining), reset=reset, category=category
    )


def parse_retry_after(answer: Answer, *, now: datetime) -> float | None:
    """Seconds, told as a number or an HTTP date; None for neither, 0 for a moment that passed."""
    text = answer.header("retry-after")
    if text is None:
        return None
    try:
        seconds = float(text)
    except ValueError:
        try:
            moment = parsedate_to_datetime(text)
        except (ValueError, TypeError, IndexError, OverflowError):
            return None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        seconds = (moment - now).total_seconds()
    return max(0.0, seconds) if math.isfinite(seconds) else None
