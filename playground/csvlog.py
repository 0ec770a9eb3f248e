"""An append-only CSV file of records that many programs may share, none can tear, and pandas reads with one call."""

import io
import logging
import os
import threading
from array import array
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
import pandas as pd

from playground.cells import join_line, read_cell, read_text, split_line, write_cell
from playground.disk import (
    FILE_MODE,
    Tail,
    append_whole,
    locked,
    make_private_folder,
    replace_file,
    storage_errors,
    sync_folder,
)
from playground.errors import StorageError
from playground.schema import column_info

log = logging.getLogger(__name__)
R = TypeVar("R")

# `2026-11-22T11:06:00.123456Z`, and some room by which a longer cell is noticed.
_TIME_CHARS = 27
_TIME_CELL = f"S{_TIME_CHARS + 5}"
_BULK_BYTES = 1_000_000


class Index(Protocol):
    """Something kept in step with the rows of a log, of which it is told these columns."""

    columns: tuple[str, ...]

    def clear(self) -> None:
        """The file is another one; all its rows follow again."""

    def add(self, row: int, cells: Sequence[str]) -> None:
        """One more row, counted from 0, with its cells as they stand in the file."""


class CsvLog(Generic[R]):
    """
    One row per record; the column `key` holds a text that names it once and for all.

    The columns are declared by the metadata of the record's dataclass fields: "dtype" is one of
    string, Int64, Float64, datetime, decimal, boolean. Each method sees what other processes
    have appended. Safe to share between threads.

    Beside the file stand `<name>.lock` and, when a crash has torn a line, `<name>.torn` with
    what was left of it.

    Raises:
        StorageError: The file cannot be kept here, or is not one of ours.
    """

    def __init__(
        self, path: Path, record_type: type[R], *, key: str, index: Index | None = None
    ) -> None:
        self.path = path.resolve()
        self._record_type = record_type
        self._dtypes = {name: info["dtype"] for name, info in column_info(record_type).items()}
        self._key = key
        self._index = index
        self._watched = (key, *(index.columns if index is not None else ()))
        self._mutex = threading.RLock()
        self._tail = Tail()
        self._forget()
        with self._sound_file():
            pass

    def append(self, record: R) -> bool:
        """
        Adds the record and waits until the disk has it; False when its key already stands there.

        A value its column cannot hold leaves its cell empty and a warning, never loses the row.

        Raises:
            ValueError: The record has no key.
            StorageError: The disk refused; nothing was added.
        """
        key = getattr(record, self._key)
        if not key:
            raise ValueError(f"The record has no {self._key}: {record!r}.")
        cells = {name: self._cell(record, name) for name in self._dtypes}
        with self._sound_file() as fd:
            if key in self._rows:
                return False
            line = join_line(cells.get(name, "") for name in self._header)
            start = self._tail.offset
            append_whole(fd, line, size_bytes=start, durable=True)
            self._tail.skip(fd, len(line))
            self._take(start, [cells[name] for name in self._watched])
        return True

    def __contains__(self, key: object) -> bool:
        with self._read_file():
            return key in self._rows

    def __len__(self) -> int:
        with self._read_file():
            return len(self._starts)

    def get(self, key: str) -> R | None:
        """The record of that key; None when there is none."""
        with self._read_file() as fd:
            row = self._rows.get(key)
            return None if row is None else self._record(fd, row)

    def records(self, rows: Iterable[int]) -> tuple[R, ...]:
        """The records in these rows, as an index was told them."""
        with self._read_file() as fd:
            return tuple(self._record(fd, row) for row in rows)

    def recent(self, n: int) -> tuple[R, ...]:
        """The last `n` records, newest first."""
        with self._read_file() as fd:
            last = len(self._starts)
            return tuple(self._record(fd, row) for row in reversed(range(max(0, last - n), last)))

    def catch_up(self) -> None:
        """Tells the index of rows that other processes have added."""
        with self._read_file():
            pass

    # ---- the file -------------------------------------------------------------------------

    def _beside(self, ending: str) -> Path:
        return self.path.with_name(self.path.name + ending)

    @contextmanager
    def _read_file(self) -> Iterator[int]:
        """The file as it stands, every whole line known; without the lock, as nothing is changed."""
        with self._mutex, storage_errors(self.path):
            try:
                fd = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
            except FileNotFoundError:  # removed by somebody: as good as empty
                fd = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
            try:
                self._catch_up(fd)
                yield fd
            finally:
                os.close(fd)

    @contextmanager
    def _sound_file(self) -> Iterator[int]:
        """The file under the lock: whole lines, all our columns, every row known."""
        with self._mutex, storage_errors(self.path):
            make_private_folder(self.path.parent)
            with locked(self._beside(".lock")):
                fd = self._open_sound()
                try:
                    yield fd
                finally:
                    os.close(fd)

    def _open_sound(self) -> int:
        while True:
            try:
                fd = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CLOEXEC)
            except FileNotFoundError:
                replace_file(self.path, [join_line(self._dtypes)])
                continue
            try:
                self._catch_up(fd)
                self._cut_torn_tail(fd)
                if not self._header:
                    missing = list(self._dtypes)
                elif self._key in self._header:
                    missing = [name for name in self._dtypes if name not in self._header]
                else:
                    raise StorageError(
                        f"{self.path} has no column {self._key!r}, so it was not written by this "
                        "app. Move it elsewhere; a new one is begun in its place."
                    )
            except BaseException:
                os.close(fd)
                raise
            if not missing:
                return fd
            try:
                replace_file(self.path, self._with_columns(fd, missing))
            finally:
                os.close(fd)

    def _cut_torn_tail(self, fd: int) -> None:
        """Under the lock a line without its end is what a crash left; it is kept as evidence."""
        size_bytes = os.fstat(fd).st_size
        if size_bytes == self._tail.offset:
            return
        torn = os.pread(fd, size_bytes - self._tail.offset, self._tail.offset)
        path = self._beside(".torn")
        log.warning("%s ended in a torn line of %d bytes; moved to %s.", self.path, len(torn), path)
        keep_evidence(path, torn)
        os.ftruncate(fd, self._tail.offset)
        os.fsync(fd)
        self._tail.skip(fd, 0)

    def _with_columns(self, fd: int, missing: Sequence[str]) -> Iterator[bytes]:
        """The file with these columns after the others, every older byte as it was."""
        if not self._header:
            yield join_line(missing)
            return
        header = join_line(missing).rstrip(b"\n")
        added = b"," + header
        for _, block in Tail().blocks(fd):
            for line in block.split(b"\n")[:-1]:
                body = line.rstrip(b"\r")
                yield body + (added if body else b"") + line[len(body) :] + b"\n"
                added = b"," * len(missing)

    # ---- what is known of it --------------------------------------------------------------

    def _forget(self) -> None:
        self._header: list[str] = []
        self._rows: dict[str, int] = {}
        self._starts = array("q")
        if self._index is not None:
            self._index.clear()

    def _catch_up(self, fd: int) -> None:
        if not self._tail.resume(fd):
            self._forget()
        for start, block in self._tail.blocks(fd):
            begin = 0
            if not self._header:
                begin = block.index(b"\n") + 1
                self._header = read_header(block[:begin])
                if len(set(self._header)) < len(self._header):
                    raise StorageError(f"{self.path} has two columns of one name. Rename one.")
            for offset, cells in rows_of(self._header, block[begin:], self._watched):
                self._take(start + begin + offset, cells)

    def _take(self, start: int, cells: Sequence[str]) -> None:
        row = len(self._starts)
        self._starts.append(start)
        if cells[0]:
            self._rows.setdefault(read_text(cells[0]), row)
        if self._index is not None:
            self._index.add(row, cells[1:])

    def _record(self, fd: int, row: int) -> R:
        start = self._starts[row]
        end = self._starts[row + 1] if row + 1 < len(self._starts) else self._tail.offset
        cells = split_line(os.pread(fd, end - start, start).partition(b"\n")[0])
        if cells is None:
            raise StorageError(f"{self.path} was changed while it was read. Try again.")
        return self._record_type(**values_of(self._header, cells, self._dtypes))

    def _cell(self, record: R, name: str) -> str:
        value = getattr(record, name)
        try:
            return write_cell(value, self._dtypes[name])
        except ValueError as exc:
            log.warning("Left %s of %s empty: %s.", name, getattr(record, self._key), exc)
            return ""


def keep_evidence(path: Path, data: bytes) -> None:
    """Adds damaged bytes to a side file and waits until the disk has them."""
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, FILE_MODE)
    try:
        append_whole(fd, data + b"\n", size_bytes=os.fstat(fd).st_size, durable=True)
    finally:
        os.close(fd)
    sync_folder(path.parent)


# ---- reading ------------------------------------------------------------------------------


def read_header(line: bytes) -> list[str]:
    """The column names of a file's first line; none when it is no such line."""
    return split_line(line.removeprefix(b"\xef\xbb\xbf")) or []


def values_of(
    header: Sequence[str], cells: Sequence[str], dtypes: Mapping[str, str]
) -> dict[str, Any]:
    """Every declared column with its value; None where the row or the file has no cell."""
    values: dict[str, Any] = dict.fromkeys(dtypes)
    for name, cell in zip(header, cells, strict=False):
        if name in dtypes:
            values[name] = _value(cell, name, dtypes[name])
    return values


def _value(cell: str, name: str, dtype: str) -> Any:
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
        return []
    try:
        frame = pd.read_csv(
            io.BytesIO(block),
            header=None,
            names=list(header),
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

    `is_fresh`: the file is another one than before, so what was read earlier is to be dropped.
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
                was_known, self._tail = bool(self._header), Tail()
                self._header = []
                return NewRows(rows=(), is_fresh=was_known)
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


def load(path: Path, record_type: type, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """
    The log with exact text and dtypes, one row per record, in the order of the file.

    Columns as declared, or those asked for: text as string, counts as Int64, seconds as
    Float64, times as datetime64[us, UTC], money as objects of Decimal; a missing value is never
    zero and never "". A missing file gives an empty frame with the same columns, a column the
    file does not have yet is all missing. A last line without its end is still being written
    and is left out. Other columns of the file are left out.

    Raises:
        ValueError: A column is asked for that the record does not have.
        StorageError: The file cannot be read.
    """
    dtypes = {name: info["dtype"] for name, info in column_info(record_type).items()}
    names = list(dtypes if columns is None else columns)
    if unknown := [name for name in names if name not in dtypes]:
        raise ValueError(f"There is no column {', '.join(map(repr, unknown))} in this log.")
    with storage_errors(path):
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            data = b""
    data = data[: data.rfind(b"\n") + 1]
    header = read_header(data.partition(b"\n")[0])
    wanted = {name: dtypes[name] for name in names}
    there = {name: dtype for name, dtype in wanted.items() if name in header}
    read = _read_fast(data, there)
    if read is None:
        read = _read_carefully(header, data.partition(b"\n")[2], there)
    n_rows = len(next(iter(read.values()))) if read else 0
    for name, dtype in wanted.items():
        if name not in read:
            read[name] = _series([None] * n_rows, dtype)
    return pd.DataFrame({name: read[name] for name in names})


def _read_carefully(
    header: Sequence[str], data: bytes, dtypes: Mapping[str, str]
) -> dict[str, pd.Series[Any]]:
    """Line by line and cell by cell: what is damaged costs itself only."""
    columns = list(zip(*(cells for _, cells in rows_of(header, data, list(dtypes))), strict=True))
    return {
        name: _series([_value(cell, name, dtype) for cell in cells], dtype)
        for (name, dtype), cells in zip(dtypes.items(), columns or [()] * len(dtypes), strict=True)
    }
