"""An append-only CSV file of records that many programs may share, none can tear, and pandas reads with one call."""

import logging
import os
import threading
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from operator import attrgetter
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from playground.csvlog.cells import join_line, read_text, row_writer, split_line, write_cell
from playground.csvlog.rows import read_header, rows_of, values_of
from playground.disk import (
    Tail,
    append_whole,
    keep_evidence,
    locked,
    replace_file,
    storage_errors,
)
from playground.errors import StorageError
from playground.schema import column_info

log = logging.getLogger(__name__)
R = TypeVar("R")


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
        self._lock = self._beside(".lock")
        self._record_type = record_type
        self._dtypes = {name: info["dtype"] for name, info in column_info(record_type).items()}
        self._values = attrgetter(*self._dtypes)
        self._write = row_writer(self._dtypes.values())
        self._key = key
        self._index = index
        self._watched = (key, *(index.columns if index is not None else ()))
        self._writing = threading.Lock()  # before the other one, so readers wait for no disk
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
        cells = self._cells(record)
        with self._sound_file() as fd:
            with self._mutex:
                if key in self._rows:
                    return False
                line = join_line([cells.get(name, "") for name in self._header])
                size_bytes = self._tail.offset
            append_whole(fd, line, size_bytes=size_bytes, durable=True)
            with self._mutex:
                if self._tail.offset == size_bytes:
                    self._tail.skip(fd, line)
                    self._take(size_bytes, [cells[name] for name in self._watched])
                else:  # a reader has met it while the disk was waited for
                    self._catch_up(fd)
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

    def recent(self, n: int) -> tuple[R, ...]:
        """The last `n` records, newest first."""
        with self._read_file() as fd:
            last = len(self._starts)
            return tuple(self._record(fd, row) for row in reversed(range(max(0, last - n), last)))

    @contextmanager
    def in_step(self) -> Iterator[Callable[[Iterable[int]], tuple[R, ...]]]:
        """Inside, the index knows the whole file; gives the way from its row numbers to records."""
        with self._read_file() as fd:
            yield lambda rows: tuple(self._record(fd, row) for row in rows)

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
        with self._writing, storage_errors(self.path):
            with locked(self._lock):
                with self._mutex:
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
                missing = self._missing
                if self._key in missing and self._tail.offset > 0:
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
        size_bytes = self._tail.size_bytes - self._tail.offset
        if not size_bytes:
            return
        torn = os.pread(fd, size_bytes, self._tail.offset)
        path = self._beside(".torn")
        log.warning("%s ended in a torn line of %d bytes; moved to %s.", self.path, len(torn), path)
        keep_evidence(path, torn)
        os.ftruncate(fd, self._tail.offset)
        os.fsync(fd)
        self._tail.skip(fd, b"")

    def _with_columns(self, fd: int, missing: Sequence[str]) -> Iterator[bytes]:
        """The file with these columns after the others, every older byte as it was."""
        if not self._header:
            yield join_line(missing)
            return
        header = join_line(missing).rstrip(b"\n")
        added = b"," + header
        tail = Tail()
        tail.resume(fd)
        for _, block in tail.blocks(fd):
            for line in block.split(b"\n")[:-1]:
                body = line.rstrip(b"\r")
                yield body + (added if body else b"") + line[len(body) :] + b"\n"
                added = b"," * len(missing)

    # ---- what is known of it --------------------------------------------------------------

    def _forget(self) -> None:
        self._name_columns([])
        self._rows: dict[str, int] = {}
        self._starts = array("q")
        if self._index is not None:
            self._index.clear()

    def _name_columns(self, header: list[str]) -> None:
        self._header = header
        self._missing = [name for name in self._dtypes if name not in header]

    def _catch_up(self, fd: int) -> None:
        try:
            if not self._tail.resume(fd):
                self._forget()
            for start, block in self._tail.blocks(fd):
                self._learn(start, block)
        except BaseException:
            self._tail = Tail()  # what was read but not learnt must be read again
            raise

    def _learn(self, start: int, block: bytes) -> None:
        begin = 0
        if not self._header:
            begin = block.index(b"\n") + 1
            self._name_columns(read_header(block[:begin]))
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

    def _cells(self, record: R) -> dict[str, str]:
        values = self._values(record)
        try:
            return dict(zip(self._dtypes, self._write(values), strict=True))
        except ValueError:
            return {
                name: self._cell(record, name, value, dtype)
                for (name, dtype), value in zip(self._dtypes.items(), values, strict=True)
            }

    def _cell(self, record: R, name: str, value: Any, dtype: str) -> str:
        try:
            return write_cell(value, dtype)
        except ValueError as exc:
            log.warning("Left %s of %s empty: %s.", name, getattr(record, self._key), exc)
            return ""
