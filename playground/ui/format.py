"""How amounts, times and sizes are written on the screen; what is not known is a dash, never zero."""

from datetime import datetime
from decimal import Decimal
from pathlib import Path
from urllib.parse import quote

UNKNOWN = "–"
_LEAST_S = 0.1
_MINUTE_S = 60.0
_KILO = 1000


def usd(amount: Decimal | None) -> str:
    """ "$0.07", "$0.025", "$12.50": cents at least, and every digit that is there up to a 1/100 cent."""
    if amount is None:
        return UNKNOWN
    rounded = amount.quantize(Decimal("0.0001")).normalize()
    exponent = rounded.as_tuple().exponent
    digits = max(2, -exponent) if isinstance(exponent, int) else 2
    sign = "−" if rounded < 0 else ""
    return f"{sign}${abs(rounded):,.{digits}f}"


def credits(amount: Decimal | None) -> str:
    """ "2,100 credits"."""
    if amount is None:
        return UNKNOWN
    whole = amount == amount.to_integral_value()
    return f"{amount:,.0f} credits" if whole else f"{amount.normalize():,f} credits"


def seconds(duration_s: float | None) -> str:
    """ "0.4 s", "12.3 s", "2 min 05 s"; what took some time never reads as none."""
    if duration_s is None:
        return UNKNOWN
    if 0 < duration_s < _LEAST_S:
        return f"< {_LEAST_S} s"
    if round(duration_s, 1) < _MINUTE_S:
        return f"{duration_s:.1f} s"
    minutes, rest_s = divmod(round(duration_s), int(_MINUTE_S))
    return f"{minutes} min {rest_s:02d} s"


def percent(share: float | None) -> str:
    """ "62 %"; a share that is neither 0 nor 1 is never written as "0 %" or "100 %"."""
    if share is None:
        return UNKNOWN
    whole = round(100 * share)
    if 0 < share < 1 and whole in (0, 100):
        return "< 1 %" if whole == 0 else "> 99 %"
    return f"{whole} %"


def file_size(size_bytes: int | None) -> str:
    """ "312 kB", "1.4 MB"; decimal, as the service counts its limit."""
    if size_bytes is None:
        return UNKNOWN
    if size_bytes < _KILO:
        return f"{size_bytes} bytes"
    if size_bytes < _KILO * _KILO:
        return f"{size_bytes / _KILO:.0f} kB"
    return f"{size_bytes / _KILO / _KILO:.1f} MB"


def pixels(width_px: int | None, height_px: int | None) -> str:
    """ "1024×1536"."""
    if width_px is None or height_px is None:
        return UNKNOWN
    return f"{width_px}×{height_px}"


def shortened(text: str, length: int) -> str:
    """The text on one line, cut to `length` characters."""
    line = " ".join(text.split())
    return line if len(line) <= length else line[: length - 1].rstrip() + "…"


def clock_time(moment: datetime) -> str:
    """ "14:05 UTC"."""
    return f"{moment:%H:%M} UTC"


def file_url(path: Path) -> str:
    """The address, relative to the page, under which a served file is found."""
    return f"gradio_api/file={quote(str(path.resolve()), safe='/')}"
