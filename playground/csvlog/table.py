"""A log kept in memory as a typed frame: the whole file is read once, afterwards only what is new."""

import os
import tempfile
import threading
from collections.abc import Iterable, Sequence
from itertools import chain
from pathlib import Path

import pandas as pd

from playground.csvlog.frame import load
from playground.disk import Tail, storage_errors

__all__ = ["LogTable", "load"]


class LogTable:
    """
    The rows of a log that other programs go on writing. Safe to share between threads.

    Columns, dtypes and what is left out are those of `load`.
    """

    def __init__(self, path: Path, record_type: type, columns: Sequence[str] | None = None) -> None:
        self.path = path
        self._record_type = record_type
        self._columns = columns
        self._mutex = threading.Lock()
        self._tail = Tail()
        self._header = b""
        self._frame: pd.DataFrame = self._parsed([])

    def read(self) -> pd.DataFrame:
        """
        All whole rows in the order of the file; the very same frame while nothing is new.

        Not to be changed by the caller.

        Raises:
            StorageError: The file cannot be read.
        """
        with self._mutex, storage_errors(self.path):
            try:
                fd = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
            except FileNotFoundError:
                if self._header:
                    self._tail, self._header, self._frame = Tail(), b"", self._parsed([])
                return self._frame
            try:
                self._catch_up(fd)
            except BaseException:
                self._tail = Tail()  # what was read but not kept must be read again
                raise
            finally:
                os.close(fd)
            return self._frame

    def _catch_up(self, fd: int) -> None:
        is_fresh = not self._tail.resume(fd)
        blocks = (block for _, block in self._tail.blocks(fd))
        if is_fresh:
            self._header = b""
            self._frame = self._parsed(blocks)
        elif (first := next(blocks, None)) is not None:
            news = self._parsed(chain([first], blocks))
            self._frame = pd.concat([self._frame, news], ignore_index=True)

    def _parsed(self, blocks: Iterable[bytes]) -> pd.DataFrame:
        # The reader takes a path. A file without a name leaves nothing behind after a crash.
        with tempfile.TemporaryFile(buffering=0) as file:
            file.write(self._header)
            for block in blocks:
                self._header = self._header or block[: block.index(b"\n") + 1]
                file.write(block)
            file.seek(0)
            name = Path(f"/dev/fd/{file.fileno()}")
            return load(name, self._record_type, self._columns)
