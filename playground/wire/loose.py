"""Reading JSON that nobody promised: whatever stands there, a value of the wanted kind or None."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import TypeAlias

Json: TypeAlias = object

MAX_TEXT_CHARS = 4_000  # the log is no place for a page of HTML
MAX_MAGNITUDE = 18  # decimal digits before or behind the point
_FIRST_MILLISECONDS = 100_000_000_000  # as seconds that would be the year 5138


def load(body: bytes) -> Json:
    """None for what is not JSON."""
    try:
        tree: Json = json.loads(body, parse_float=decimal, parse_constant=lambda _: None)
    except (ValueError, RecursionError):
        return None
    return tree


def mapping(value: Json) -> Mapping[str, Json]:
    """Empty for everything that is not an object."""
    return value if isinstance(value, dict) else {}


def first(value: Json) -> Json:
    """The first item of a list that has one."""
    return value[0] if isinstance(value, list) and value else None


def text(value: Json) -> str | None:
    """Text or a whole number, as text that any file can hold; None for nothing and the rest."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    try:
        words = str(value).strip()
    except ValueError:  # a number of thousands of digits
        return None
    words = words.encode("utf-8", "replace").decode()
    return f"{words[:MAX_TEXT_CHARS]}…" if len(words) > MAX_TEXT_CHARS else words or None


def decimal(value: Json) -> Decimal | None:
    """A finite number of sensible size, from a number or its text."""
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        return None
    try:
        number = Decimal(value)
    except (InvalidOperation, ValueError):
        return None
    return number if number.is_finite() and abs(number.adjusted()) <= MAX_MAGNITUDE else None


def percent(value: Json) -> float | None:
    """0 to 100, from a number or a text such as `50%`."""
    number = decimal(value.strip().removesuffix("%") if isinstance(value, str) else value)
    return None if number is None else min(100.0, max(0.0, float(number)))


def moment(value: Json) -> datetime | None:
    """Unix seconds or milliseconds, as number or text, or ISO 8601; 0 is not a moment."""
    number = decimal(value)
    try:
        if number is not None:
            seconds = float(number) / (1_000 if number >= _FIRST_MILLISECONDS else 1)
            return datetime.fromtimestamp(seconds, UTC) if seconds > 0 else None
        if isinstance(value, str):
            parsed = datetime.fromisoformat(value.strip())
            return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return None


def count(value: Json) -> int | None:
    """A whole number that is not negative."""
    number = decimal(value)
    return None if number is None or number < 0 else int(number)
