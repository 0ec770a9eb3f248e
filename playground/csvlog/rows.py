"""The rows that stand in a CSV log: found line by line, so that a damaged one costs itself only."""

import io
import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from playground.csvlog.cells import join_line, read_cell, split_line
from playground.disk import Tail, storage_errors
from playground.schema import column_info

log = logging.getLogger(__name__)

# From here on starting pandas costs less than it saves.
_BULK_BYTES = 100_000


def read_header(line: bytes) -> list[str]:
    """The column names of a file's first line; none when it is no such line."""
    return split_line(line.removeprefix(b"\xef\xbb\xbf")) or []


def values_of(
    header: Sequence[str], cells: Sequence[str], dtypes: Mapping[str, str]
) -> dict[str, Any]:
    """Each declared column with its value; None where the row or the file has no cell."""
    values: dict[str, Any] = dict.fromkeys(dtypes)
    for name, cell in zip(header, cells, strict=False):
        if name in dtypes:
            values[name] = read_value(cell, name, dtypes[name])
    return values


def read_value(cell: str, name: str, dtype: str) -> Any:
    """The value of a cell; None, with a warning, when it is not what its column holds."""
    try:
        return read_cell(cell, dtype)
    except ValueError:
        log.warning("The cell %r in column %s is no %s; taken as not known.", cell, name, dtype)
        return None


def rows_of(
    header: Sequence[str], block: bytes, names: Sequence[str]
) -> Iterator[tuple[int, Sequence[str]]]:
    """
    The named cells of each row in a block of whole lines, with the byte its line begins at.

    A cell that is not there is empty. A line that is no row is left out, with a warning.
    """
    if len(block) > _BULK_BYTES and (columns := _columns_of(header, block, names)):
        ends = np.flatnonzero(np.frombuffer(block, np.uint8) == ord("\n")) + 1
        starts = [0, *ends[:-1].tolist()]
        if len(columns[0]) == len(starts):
            yield from zip(starts, zip(*columns, strict=True), strict=True)
            return
    places = [header.index(name) if name in header else len(header) for name in names]
    start = 0
    for line in block.split(b"\n")[:-1]:
        cells = split_line(line)
        if cells is None:
            log.warning("Left out a damaged line of %d bytes.", len(line))
        elif line.strip():
            cells += [""] * (len(header) + 1 - len(cells))
            yield start, [cells[place] for place in places]
        start += len(line) + 1


def _columns_of(header: Sequence[str], block: bytes, names: Sequence[str]) -> list[list[str]]:
    """The same by pandas, several times as fast; empty when some line is not as it should be."""
    if not set(names) <= set(header):
        return []  # an older file
    try:
        frame = pd.read_csv(
            io.BytesIO(join_line(header) + block),
            usecols=list(names),
            index_col=False,
            dtype=object,
            na_filter=False,
            encoding_errors="replace",
        )
    except (ValueError, pd.errors.ParserError):
        return []
    return [frame[name].tolist() for name in names]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRows:
    """
    What a reader found since it last looked.

    `is_fresh`: these are all rows of the file, because it is read for the first time or is
    another one than before; what was read earlier is to be dropped.
    """

    rows: tuple[dict[str, Any], ...]
    is_fresh: bool


class RecordReader:
    """Follows a log that other programs write, without its lock; costs nothing when it is idle."""

    def __init__(self, path: Path, record_type: type) -> None:
        self.path = path
        self._dtypes = {name: info["dtype"] for name, info in column_info(record_type).items()}
        self._tail = Tail()
        self._header: list[str] = []

    def read(self) -> NewRows:
        """
        The rows since the last call, as column name → value; all of them at the first.

        A missing file has no rows. A line still being written comes when it is whole.

        Raises:
            StorageError: The file cannot be read.
        """
        with storage_errors(self.path):
            try:
                fd = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
            except FileNotFoundError:
                self._tail, self._header = Tail(), []
                return NewRows(rows=(), is_fresh=True)
            try:
                is_fresh = not self._tail.resume(fd)
                if is_fresh:
                    self._header = []
                return NewRows(rows=tuple(self._rows(fd)), is_fresh=is_fresh)
            finally:
                os.close(fd)

    def _rows(self, fd: int) -> Iterator[dict[str, Any]]:
        for _, block in self._tail.blocks(fd):
            if not self._header:
                line, _, block = block.partition(b"\n")
                self._header = read_header(line)
            for _, cells in rows_of(self._header, block, self._header):
                yield values_of(self._header, cells, self._dtypes)
