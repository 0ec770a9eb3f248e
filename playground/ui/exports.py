"""Files made ready for download: each in a served folder of its own that nobody can guess, and not for long."""

import hashlib
import re
import secrets
import shutil
import time
import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from playground.disk import make_private_folder, private_file, storage_errors
from playground.errors import PictureError
from playground.images.containers import EXTENSIONS, read_header
from playground.images.decoding import read_picture_file
from playground.provenance.bundle import write_bundle
from playground.provenance.records import exported, stripped
from playground.provenance.verify import file_inside
from playground.sayings import said
from playground.schema import Run, Vote

KEPT_S = 3600.0  # long enough for a slow line, short enough for a small disk
MAX_TOGETHER = 100  # comparisons in one ZIP
MAX_WAITING_BYTES = 2_000_000_000  # of all files that are ready; beyond, the oldest go early

_TOKEN_BYTES = 16
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """A file that waits to be fetched. `wanting`: what could not be put in, for people."""

    path: Path
    size_bytes: int
    wanting: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Packed:
    """A comparison as it goes into a ZIP: all its runs in the order they ended, and its votes."""

    comparison_id: str
    runs: tuple[Run, ...]
    votes: tuple[Vote, ...] = ()


class Exports:
    """The files of one data folder that are ready; `folder` is served to browsers. Blocking."""

    def __init__(self, data_dir: Path, *, folder: Path) -> None:
        self._data_dir = data_dir
        self._folder = folder

    def picture(self, run: Run, *, with_record: bool) -> Ready:
        """
        The picture of a run: carrying its record, or else without any metadata.

        Raises:
            PictureError: There is none, it is not the one that came, or it cannot be done.
            StorageError: The disk refused.
        """
        path = None if run.file is None else file_inside(self._data_dir, run.file)
        if path is None or not path.is_file():
            raise PictureError(said("The picture file is no longer in the data folder."))
        data = read_picture_file(path)
        if hashlib.sha256(data).hexdigest() != run.sha256:
            raise PictureError(said("The picture file is not the one that came from the service."))
        data = exported(data, run) if with_record else stripped(data)
        name = f"{run.model}-{run.run_id}.{EXTENSIONS[read_header(data).format]}"
        target = self._place(name)
        with storage_errors(target), private_file(target) as file:
            file.write(data)
        return Ready(path=target, size_bytes=len(data))

    def bundle(self, packed: Packed, *, with_records: bool) -> Ready:
        """
        The ZIP of one comparison, see `write_bundle`.

        Raises:
            ValueError: It has no runs.
            StorageError: The disk refused.
        """
        target = self._place(f"{packed.comparison_id}.zip")
        with storage_errors(target), private_file(target) as file:
            wanting = self._write(packed, file, with_records=with_records)
        return Ready(path=target, size_bytes=target.stat().st_size, wanting=wanting)

    def bundles(self, many: Sequence[Packed], *, with_records: bool) -> Ready:
        """
        One ZIP with a folder for each comparison, each as in `bundle`.

        Raises:
            ValueError: There are none, or more than MAX_TOGETHER.
            StorageError: The disk refused.
        """
        if not 1 <= len(many) <= MAX_TOGETHER:
            raise ValueError(
                said(
                    "One ZIP holds 1 to {max_together} comparisons; got {n_many}.",
                    max_together=MAX_TOGETHER,
                    n_many=len(many),
                )
            )
        target = self._place(f"{len(many)}-comparisons.zip")
        single = target.with_name("single.zip")
        wanting: list[str] = []
        with storage_errors(target):
            with private_file(target) as file, zipfile.ZipFile(file, "w") as together:
                for packed in many:
                    with private_file(single) as one:
                        wanting += self._write(packed, one, with_records=with_records)
                    _unpack(single, together, _plain_name(packed.comparison_id))
            single.unlink()
            return Ready(path=target, size_bytes=target.stat().st_size, wanting=tuple(wanting))

    def file(self, name: str, write: Callable[[BinaryIO], Sequence[str]]) -> Ready:
        """
        A file of that name, filled by `write`, which returns what could not be put in.

        Raises:
            StorageError: The disk refused.
        """
        target = self._place(name)
        with storage_errors(target), private_file(target) as file:
            wanting = tuple(write(file))
        return Ready(path=target, size_bytes=target.stat().st_size, wanting=wanting)

    def _write(self, packed: Packed, file: BinaryIO, *, with_records: bool) -> tuple[str, ...]:
        return write_bundle(
            file, packed.runs, packed.votes, data_dir=self._data_dir, with_records=with_records
        )

    def _place(self, name: str) -> Path:
        """A new folder that nobody can guess, for a file of that name."""
        with storage_errors(self._folder):
            make_private_folder(self._folder)
            self._clear_away()
            own = self._folder / secrets.token_hex(_TOKEN_BYTES)
            own.mkdir(mode=0o700)
        return own / _plain_name(name)

    def _clear_away(self) -> None:
        too_old = time.time() - KEPT_S
        waiting_bytes = 0
        found = (_measured(own) for own in self._folder.iterdir())
        for made_at, own, size_bytes in sorted(filter(None, found), reverse=True):  # newest first
            waiting_bytes += size_bytes
            if made_at < too_old or waiting_bytes > MAX_WAITING_BYTES:
                shutil.rmtree(own, ignore_errors=True)


def _measured(own: Path) -> tuple[float, Path, int] | None:
    """When it was made and how much is in it; None when another thread has cleared it away."""
    try:
        return own.stat().st_mtime, own, sum(path.stat().st_size for path in own.glob("*"))
    except FileNotFoundError:
        return None


def packed_files(exports: Exports, name: str, ending: str, files: Iterable[bytes]) -> Ready:
    """
    These files under one name: a single one as it is, several in a ZIP, numbered.

    Raises:
        StorageError: The disk refused.
    """
    made = list(files)
    if len(made) == 1:
        return exports.file(f"{name}.{ending}", lambda file: _filled(file, made[0]))

    def write(file: BinaryIO) -> tuple[str, ...]:
        with zipfile.ZipFile(file, "w") as together:
            for number, data in enumerate(made, start=1):
                together.writestr(f"{number:03d}.{ending}", data)
        return ()

    return exports.file(f"{name}.zip", write)


def _filled(file: BinaryIO, data: bytes) -> tuple[str, ...]:
    file.write(data)
    return ()


def _unpack(single: Path, together: zipfile.ZipFile, folder: str) -> None:
    with zipfile.ZipFile(single) as archive:
        for entry in archive.infolist():
            data = archive.read(entry)
            entry.filename = f"{folder}/{entry.filename}"
            together.writestr(entry, data)


def _plain_name(name: str) -> str:
    """A file name of harmless letters, whatever a row says a model is called."""
    return _NOT_IN_NAMES.sub("-", name).strip(".-")[-120:] or "file"
