"""A CSV log as a DataFrame: the exact text and dtypes that were written, never guessed ones."""

import io
import re
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
import pandas as pd

from playground.csvlog.cells import read_cell, read_text
from playground.csvlog.lines import WholeLines
from playground.csvlog.rows import read_header, read_value, rows_of
from playground.disk import storage_errors
from playground.schema import column_info

# Fixed-width bytes become times several times as fast as Python strings do. The room behind
# shows a cell that is not `2026-11-22T11:06:00.123456Z`.
_TIME = "2026-11-22T11:06:00.123456Z"
_TIME_CHARS = len(_TIME)
_LOWEST = np.frombuffer(re.sub(r"[0-9]", "0", f"{_TIME}\0").encode(), dtype=np.uint8)
_SPAN = np.frombuffer(re.sub(r"[0-9]", "9", f"{_TIME}\0").encode(), dtype=np.uint8) - _LOWEST
_TIME_CELL = np.dtype(f"S{_TIME_CHARS + 5}")

_ROWS_TO_LOOK_AT = 64
_NARROW_CHARS = 100
_ROOM_CHARS = 12  # ids grow, but not by much

# Also where pyarrow is installed, whose texts cannot hold half a character.
_TEXT = pd.StringDtype("python")

_READ_AS: Mapping[str, Any] = {
    "string": object,
    "Int64": "Int64",
    "Float64": "float64",
    "datetime": _TIME_CELL,
    "decimal": object,
    "boolean": "boolean",
}
_DTYPES: Mapping[str, Any] = {
    "string": _TEXT,
    "Int64": "Int64",
    "Float64": "Float64",
    "datetime": "datetime64[us, UTC]",
    "decimal": object,
    "boolean": "boolean",
}


def load(path: Path, record_type: type, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """
    The log with exact text and dtypes, one row per record, in the order of the file.

    Columns as declared, or those asked for: text as string, counts as Int64, seconds as
    Float64, times as datetime64[us, UTC], money as objects of Decimal. A missing value is NA,
    NaT or, for money, None; never zero and never "". A missing file gives an empty frame with
    the same columns, and a column that the file does not have is all missing. Left out are
    other columns of the file, lines that are no rows, and a last line without its end, which
    is still being written. A cell that is not what its column holds is missing, with a warning
    in the program's log.

    Raises:
        ValueError: A column is asked for that the record does not have.
        StorageError: The file cannot be read.
    """
    dtypes = {name: info["dtype"] for name, info in column_info(record_type).items()}
    names = list(dtypes if columns is None else columns)
    if unknown := [name for name in names if name not in dtypes]:
        raise ValueError(f"There is no column {', '.join(map(repr, unknown))} in this log.")
    with storage_errors(path), ExitStack() as closing:
        try:
            file: BinaryIO = closing.enter_context(path.open("rb"))
        except FileNotFoundError:
            file = io.BytesIO()
        lines = WholeLines(file)
        header = read_header(lines.first())
        there = [name for name in header if name in names]
        # A file without any of the columns still says how many rows there are.
        read = {name: dtypes.get(name, "string") for name in there or header[:1]}
        found = _read_fast(lines, read, _narrow_texts(lines, read))
        if found is None:
            found = _read_fast(lines, read, {})
        if found is None:
            found = _read_carefully(header, lines.rows(), read)
    n_rows = len(next(iter(found.values()), ()))
    return pd.DataFrame(
        {
            name: found[name] if name in found else _column([None] * n_rows, dtypes[name])
            for name in names
        },
        copy=False,
    )


def _narrow_texts(lines: WholeLines, dtypes: Mapping[str, str]) -> dict[str, np.dtype[np.bytes_]]:
    """
    Texts that differ from row to row and are short, such as ids and hashes, by their first rows.

    Read as bytes of a fixed width they take half the time: pandas' reader looks every text up
    among those it has seen, which pays only where they repeat.
    """
    texts = [name for name, dtype in dtypes.items() if dtype == "string"]
    if not texts:
        return {}
    try:
        first = _read(lines, dict.fromkeys(texts, object), nrows=_ROWS_TO_LOOK_AT)
    except ValueError:
        return {}
    narrow = {}
    for name in texts:
        cells = first[name].dropna()
        if len(cells) > 1 and cells.is_unique:
            width = max(map(len, cells))
            if width <= _NARROW_CHARS and all(map(str.isascii, cells)):
                narrow[name] = np.dtype(f"S{width + _ROOM_CHARS}")
    return narrow


def _read(lines: WholeLines, read_as: Mapping[str, Any], nrows: int | None = None) -> pd.DataFrame:
    lines.rewind()
    return pd.read_csv(
        cast("BinaryIO", lines),
        usecols=list(read_as),
        index_col=False,
        dtype=dict(read_as),
        keep_default_na=False,
        na_values=[""],
        encoding_errors="replace",
        nrows=nrows,
    )


def _read_fast(
    lines: WholeLines, dtypes: Mapping[str, str], narrow: Mapping[str, np.dtype[np.bytes_]]
) -> "dict[str, pd.Series[Any]] | None":
    """By pandas' own reader; None when some line or cell is not as this app writes it."""
    if not dtypes:
        return None
    read_as = {name: _READ_AS[dtype] for name, dtype in dtypes.items()}
    try:
        frame = _read(lines, {**read_as, **narrow})
        # One line is one row. If not, a damaged line has swallowed others.
        if len(frame) != lines.n_lines - 1:
            return None
        spelled = sorted(lines.spelled)
        return {name: _from_fast(frame[name], dtype, spelled) for name, dtype in dtypes.items()}
    except (ValueError, TypeError, OverflowError, pd.errors.ParserError):
        return None


def _from_fast(column: "pd.Series[Any]", dtype: str, spelled: Sequence[int]) -> "pd.Series[Any]":
    if dtype == "string":
        cells = _texts(column)
        if spelled:
            cells = cells.copy()
            cells[spelled] = [
                read_text(cell) if isinstance(cell, str) else None
                for cell in cells[spelled].tolist()
            ]
        # Not pd.array(), which looks at each missing cell in Python.
        return pd.Series(pd.arrays.StringArray(cells, dtype=_TEXT))  # type: ignore[call-arg]
    if dtype == "decimal":
        return _amounts(column)
    if dtype == "datetime":
        return _times(column)
    if dtype == "Float64":
        return _numbers(column)
    return column


def _texts(column: "pd.Series[Any]") -> np.ndarray:
    cells = np.asarray(column.array)
    if cells.dtype.kind != "S":
        return cells
    chars = cells.view(np.uint8).reshape(len(cells), cells.itemsize)
    if chars[:, -1].any():
        raise ValueError("a text is longer than those of the first rows")
    texts = np.fromiter(map(bytes.decode, cells.tolist()), dtype=object, count=len(cells))
    texts[chars[:, 0] == 0] = None
    return texts


def _amounts(column: "pd.Series[Any]") -> "pd.Series[Any]":
    codes, cells = pd.factorize(column)
    amounts = [read_cell(cell, "decimal") for cell in cells]
    # The code of a missing cell is -1, the last place.
    return pd.Series(np.array([*amounts, None], dtype=object)[codes])


def _numbers(column: "pd.Series[Any]") -> "pd.Series[Any]":
    numbers = column.to_numpy(copy=True)
    return pd.Series(pd.arrays.FloatingArray(numbers, np.isnan(numbers)))


def _times(column: "pd.Series[Any]") -> "pd.Series[Any]":
    cells = np.asarray(column.array, dtype=_TIME_CELL)
    chars = cells.view(np.uint8).reshape(len(cells), _TIME_CELL.itemsize)
    # Sign by sign: with a zone of its own inside, numpy would read another moment, and warn.
    there = chars[:, : _TIME_CHARS + 1]
    is_ours = there - _LOWEST <= _SPAN  # below the lowest the difference wraps round, far above
    if not is_ours.all() and not np.all(is_ours.all(axis=1) | (chars[:, 0] == 0)):
        raise ValueError("a time is not written as this app writes it")
    moments = cells.astype(f"S{_TIME_CHARS - 1}").astype("datetime64[us]")
    return pd.Series(pd.DatetimeIndex(moments).tz_localize("UTC"))


def _read_carefully(
    header: Sequence[str], rows: bytes, dtypes: Mapping[str, str]
) -> "dict[str, pd.Series[Any]]":
    """Line by line and cell by cell: what is damaged costs itself only."""
    found = [cells for _, cells in rows_of(header, rows, list(dtypes))]
    return {
        name: _column([read_value(cells[place], name, dtype) for cells in found], dtype)
        for place, (name, dtype) in enumerate(dtypes.items())
    }


def _column(values: Sequence[Any], dtype: str) -> "pd.Series[Any]":
    column: pd.Series[Any] = pd.Series(values, dtype=_DTYPES[dtype])
    return column
