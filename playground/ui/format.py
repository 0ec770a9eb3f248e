"""
How amounts, times and sizes are written on the screen, in the language spoken.

What is not known is a dash, never zero. The examples are English.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from urllib.parse import quote

from playground.ui.texts import text

UNKNOWN = "–"
_LEAST_S = 0.1
_MINUTE_S = 60.0
_KILO = 1000
_ROUGH_MINUTES_FROM_S = 90
_ROUGH_HOURS_FROM_MIN = 90


def usd(amount: Decimal | None) -> str:
    """ "$0.07", "$0.025", "$12.50": cents at least, and every digit that is there up to a 1/100 cent."""
    if amount is None:
        return UNKNOWN
    rounded = amount.quantize(Decimal("0.0001")).normalize()
    exponent = rounded.as_tuple().exponent
    digits = max(2, -exponent) if isinstance(exponent, int) else 2
    sign = "−" if rounded < 0 else ""
    return sign + text("number.usd", amount=f"{abs(rounded):,.{digits}f}")


def credits(amount: Decimal | None) -> str:
    """ "2,100 credits"."""
    if amount is None:
        return UNKNOWN
    whole = amount == amount.to_integral_value()
    digits = f"{amount:,.0f}" if whole else f"{amount.normalize():,f}"
    return text("number.credits", amount=digits)


def seconds(duration_s: float | None) -> str:
    """ "0.4 s", "12.3 s", "2 min 05 s"; what took some time never reads as none."""
    if duration_s is None:
        return UNKNOWN
    if 0 < duration_s < _LEAST_S:
        return text("number.least_seconds", seconds=_LEAST_S)
    if round(duration_s, 1) < _MINUTE_S:
        return text("number.seconds", seconds=f"{duration_s:.1f}")
    minutes, rest_s = divmod(round(duration_s), int(_MINUTE_S))
    return text("number.minutes", minutes=minutes, seconds=f"{rest_s:02d}")


def rough_time(duration_s: float) -> str:
    """ "45 s", "12 min", "1.5 h": in the unit people would use."""
    if round(duration_s) < _ROUGH_MINUTES_FROM_S:
        return text("number.seconds", seconds=round(duration_s))
    minutes = round(duration_s / _MINUTE_S)
    if minutes < _ROUGH_HOURS_FROM_MIN:
        return text("number.whole_minutes", minutes=minutes)
    return text("number.hours", hours=f"{minutes / 60:.1f}")


def percent(share: float | None) -> str:
    """ "62 %"; a share that is neither 0 nor 1 is never written as "0 %" or "100 %"."""
    if share is None:
        return UNKNOWN
    whole = round(100 * share)
    if 0 < share < 1 and whole in (0, 100):
        if whole == 0:
            return text("number.percent_under", percent=1)
        return text("number.percent_over", percent=99)
    return text("number.percent", percent=whole)


def file_size(size_bytes: int | None) -> str:
    """ "312 kB", "1.4 MB"; decimal, as the service counts its limit."""
    if size_bytes is None:
        return UNKNOWN
    if size_bytes < _KILO:
        return text("number.bytes", count=size_bytes)
    if size_bytes < _KILO * _KILO:
        return f"{size_bytes / _KILO:.0f} kB"
    return f"{size_bytes / _KILO / _KILO:.1f} MB"


def pixels(width_px: int | None, height_px: int | None) -> str:
    """ "1024×1536"."""
    if width_px is None or height_px is None:
        return UNKNOWN
    return f"{width_px}×{height_px}"


def shortened(words: str, length: int) -> str:
    """The words on one line, cut to `length` characters."""
    line = " ".join(words.split())
    return line if len(line) <= length else line[: length - 1].rstrip() + "…"


def clock_time(moment: datetime) -> str:
    """ "14:05 UTC"."""
    return text("number.clock", moment=moment)


def moment_words(moment: datetime) -> str:
    """ "2026-11-22 14:05 UTC"."""
    return text("number.moment", moment=moment.astimezone(UTC))


def exact_moment(moment: datetime) -> str:
    """ "2026-11-22 14:05:07 UTC"."""
    return text("number.moment_exact", moment=moment.astimezone(UTC))


def listed(words: Iterable[str]) -> str:
    """ "a, b, c"."""
    return text("number.comma").join(words)


def clauses(words: Iterable[str]) -> str:
    """ "a; b; c"."""
    return text("number.semicolon").join(words)


def lead(words: str) -> str:
    """ "words: ", before what they name."""
    return text("number.lead", words=words)


def aside(words: str, more: str) -> str:
    """ "words (more)"."""
    return text("number.aside", words=words, aside=more)


@lru_cache(maxsize=1024)
def file_url(path: Path) -> str:
    """The address, relative to the page, under which a served file is found."""
    return f"gradio_api/file={quote(str(path.resolve()), safe='/')}"
