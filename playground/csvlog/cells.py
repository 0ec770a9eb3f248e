"""How one value is spelled in a cell of a CSV file and read back, exactly; no files, no frames."""

import csv
import math
import operator
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from types import MappingProxyType
from typing import Any

_INT64 = range(-(2**63), 2**63)

_ESCAPED = {"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\0": "\\0"}
_UNESCAPED = {spelling: char for char, spelling in _ESCAPED.items()}
_TO_ESCAPE = re.compile("[\\\\\n\r\0\ud800-\udfff]")
_TO_UNESCAPE = re.compile(r"\\(?:[\\nr0]|u[0-9a-f]{4})")

# What a spreadsheet would run, after anything it may trim: the signs of a formula, their
# full-width and small forms, and the ' that marks a cell as text.
_TO_GUARD = re.compile(
    "[\\s\x00-\x1f\x7f\u200b-\u200f\u2060\ufeff]*[=+\\-@'\t＝＋－＠＇\ufe66\ufe62\ufe63\ufe6b]"
)
_GUARD = "'"
# Neither to be escaped nor to be guarded.
_IS_PLAIN = re.compile(r"[0-9A-Za-z][ -\[\]-~]*").fullmatch

_TIME_CELL = "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ"
_TO_QUOTE = re.compile('[",\n\r]').search
_CELL = re.compile(r'(?:"((?:[^"]|"")*)"|([^",]*))(,|$)')


def write_text(text: str) -> str:
    """
    One physical line that a spreadsheet takes for text.

    A backslash, a line end, NUL and half a character become `\\\\`, `\\n`, `\\r`, `\\0` and `\\ud800`;
    a text that would start a formula gets a `'` in front, and the empty text is a lone `'`,
    because an empty cell is None.
    """
    cell = _TO_ESCAPE.sub(_escape, text)
    return _GUARD + cell if not text or _TO_GUARD.match(text) else cell


def read_text(cell: str) -> str:
    """The text that `write_text` was given."""
    cell = cell.removeprefix(_GUARD)
    return _TO_UNESCAPE.sub(_unescape, cell) if "\\" in cell else cell


def _escape(match: re.Match[str]) -> str:
    char = match[0]
    return _ESCAPED.get(char) or f"\\u{ord(char):04x}"


def _unescape(match: re.Match[str]) -> str:
    spelling = match[0]
    return _UNESCAPED.get(spelling) or chr(int(spelling[2:], 16))


def _write_string(value: Any) -> str:
    text = str(value)
    # Nearly every text is plain, and to see that takes a third of the time.
    return text if _IS_PLAIN(text) else write_text(text)


def _write_int(value: Any) -> str:
    number = operator.index(value)
    if number not in _INT64:
        raise ValueError("a column of numbers holds at most 64 bits")
    return str(number)


def _write_float(value: Any) -> str:
    number = float(value)
    return "" if math.isnan(number) else repr(number)


def _write_time(value: datetime) -> str:
    # A time without a zone is taken for UTC, as every time in this house is.
    moment = value if value.tzinfo in (UTC, None) else value.astimezone(UTC)
    # isoformat() takes more than twice as long, and of a row's cells the times were half.
    return _TIME_CELL % (
        moment.year,
        moment.month,
        moment.day,
        moment.hour,
        moment.minute,
        moment.second,
        moment.microsecond,
    )


def _read_time(cell: str) -> datetime:
    moment = datetime.fromisoformat(cell)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _write_decimal(value: Decimal) -> str:
    if not value.is_finite():
        raise ValueError("money is a finite number")
    return format(value, "f")


def _read_decimal(cell: str) -> Decimal:
    try:
        number = Decimal(cell)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        raise ValueError(f"not an amount: {cell!r}")
    return number


def _write_bool(value: Any) -> str:
    return "true" if operator.index(value) else "false"


def _read_bool(cell: str) -> bool:
    try:
        return {"true": True, "false": False}[cell.lower()]
    except KeyError:
        raise ValueError(f"neither true nor false: {cell!r}") from None


_WRITERS: Mapping[str, Callable[[Any], str]] = MappingProxyType(
    {
        "string": _write_string,
        "Int64": _write_int,
        "Float64": _write_float,
        "datetime": _write_time,
        "decimal": _write_decimal,
        "boolean": _write_bool,
    }
)
_UNFIT = (TypeError, AttributeError, ArithmeticError)
_READERS: Mapping[str, Callable[[str], Any]] = MappingProxyType(
    {
        "string": read_text,
        "Int64": int,
        "Float64": float,
        "datetime": _read_time,
        "decimal": _read_decimal,
        "boolean": _read_bool,
    }
)


def write_cell(value: Any, dtype: str) -> str:
    """
    The cell of a value; None is the empty cell.

    Raises:
        ValueError: A column of this dtype cannot hold the value.
    """
    if value is None:
        return ""
    try:
        return _WRITERS[dtype](value)
    except _UNFIT as exc:
        raise ValueError(f"{value!r} is no {dtype}") from exc


def row_writer(dtypes: Iterable[str]) -> Callable[[Iterable[Any]], list[str]]:
    """
    `write_cell` for whole rows of these dtypes, a third cheaper.

    What it gives raises ValueError when a column cannot hold its value, without saying which.
    """
    writers = tuple(_WRITERS[dtype] for dtype in dtypes)

    def write(values: Iterable[Any]) -> list[str]:
        try:
            return [
                "" if value is None else writer(value)
                for writer, value in zip(writers, values, strict=True)
            ]
        except _UNFIT as exc:
            raise ValueError("a value does not fit its column") from exc

    return write


def read_cell(cell: str, dtype: str) -> Any:
    """
    The value of a cell; None for the empty one.

    Raises:
        ValueError: The cell was not written by `write_cell` for this dtype.
    """
    return _READERS[dtype](cell) if cell else None


def join_line(cells: Iterable[str]) -> bytes:
    """One line with its end, quoted as RFC 4180 says, in UTF-8."""
    quoted = ['"' + cell.replace('"', '""') + '"' if _TO_QUOTE(cell) else cell for cell in cells]
    return (",".join(quoted) + "\n").encode()


def split_line(line: bytes) -> list[str] | None:
    """The cells of one line; None when it is not one whole row of a CSV file."""
    text = line.decode(errors="replace").rstrip("\r\n")
    if '"' not in text:
        return text.split(",")
    try:
        return next(csv.reader((text,), strict=True))
    except csv.Error:  # damaged, or a cell longer than that module reads
        return _split_slowly(text)


def _split_slowly(text: str) -> list[str] | None:
    cells, at = [], 0
    while match := _CELL.match(text, at):
        quoted, plain, end = match.groups()
        cells.append(plain if quoted is None else quoted.replace('""', '"'))
        at = match.end()
        if not end:
            return cells
    return None
