"""What it takes for bytes to survive a crash: private files, locks the kernel drops, all or nothing, flushed names."""

import errno
import fcntl
import os
import secrets
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from playground.errors import StorageError
from playground.sayings import said

FILE_MODE = 0o600
FOLDER_MODE = 0o700
LOCK_PATIENCE_S = 30.0

_FIRST_NAP_S = 0.0002
_LONGEST_NAP_S = 0.01
_BLOCK_BYTES = 4 * 1024 * 1024
_GUARD_BYTES = 64
# What must stay free besides the pictures: for the journal, the log, votes, states, small copies.
SPARE_BYTES = 20_000_000


@contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Tells every failure of the operating system inside as a StorageError about `path`."""
    try:
        yield
    except OSError as exc:
        raise StorageError(
            said(
                "{path} cannot be kept on disk ({strerror}). Free some space, allow writing, "
                "or set PLAYGROUND_DATA_DIR to another folder.",
                path=path,
                strerror=exc.strerror or exc,
            )
        ) from exc


def make_private_folder(folder: Path) -> None:
    """Makes the folder and those above it that are missing, open to their owner only."""
    if folder.is_dir():
        return
    make_private_folder(folder.parent)
    folder.mkdir(mode=FOLDER_MODE, exist_ok=True)


def private_file(path: Path) -> BinaryIO:
    """The file, empty and open for writing, for its owner only whatever the umask says."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
    return os.fdopen(os.open(path, flags, FILE_MODE), "wb")


def check_room(folder: Path, *, needed_bytes: int = 0) -> None:
    """
    Raises:
        StorageError: The disk is read-only, or would have less than `SPARE_BYTES` left after that.
    """
    with storage_errors(folder):
        status = os.statvfs(folder)
    if status.f_flag & os.ST_RDONLY:
        raise StorageError(
            said(
                "{folder} is on a disk that can only be read. Nothing was bought. Allow "
                "writing, or set PLAYGROUND_DATA_DIR to another folder.",
                folder=folder,
            )
        )
    free_bytes = status.f_bavail * status.f_frsize
    wanted_bytes = needed_bytes + SPARE_BYTES
    # A file system that does not count its blocks, or its files, says nothing about room.
    if status.f_blocks and free_bytes < wanted_bytes:
        raise StorageError(
            said(
                "Only {free_mb:,.0f} MB are free on the disk of {folder}, and "
                "{wanted_mb:,.0f} MB may be needed. Nothing was bought. Free some space; "
                "then it works again by itself.",
                free_mb=free_bytes / 1e6,
                folder=folder,
                wanted_mb=wanted_bytes / 1e6,
            )
        )
    if status.f_files and not status.f_favail:
        raise StorageError(
            said(
                "The disk of {folder} can take no more files. Nothing was bought. Remove some; "
                "then it works again by itself.",
                folder=folder,
            )
        )


def sync_folder(folder: Path) -> None:
    """Flushes names: a file that was created or renamed is still there after a power cut."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def try_lock(fd: int, path: Path) -> bool:
    """
    Takes the lock of an open file for as long as it is open; False when somebody else has it.

    Raises:
        StorageError: The file system of `path` has no locks.
    """
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as exc:
        raise StorageError(
            said(
                "{path} cannot be locked ({strerror}), so two programs could not share it "
                "safely. Set PLAYGROUND_DATA_DIR to a folder on a local disk.",
                path=path,
                strerror=exc.strerror,
            )
        ) from exc
    return True


def locks_hold(folder: Path) -> bool:
    """Whether a lock taken in this folder keeps anybody out; on some volumes they do nothing."""
    probe = folder / f".locks-{secrets.token_hex(4)}"
    first = os.open(probe, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE)
    try:
        second = os.open(probe, os.O_RDWR | os.O_CLOEXEC)
        try:
            return not (try_lock(first, probe) and try_lock(second, probe))
        finally:
            os.close(second)
    finally:
        os.close(first)
        probe.unlink(missing_ok=True)


def unlock(fd: int) -> None:
    """Lets go of the lock even if a child forked meanwhile has the file open too."""
    with suppress(OSError):
        fcntl.flock(fd, fcntl.LOCK_UN)


@contextmanager
def locked(path: Path, *, patience_s: float = LOCK_PATIENCE_S) -> Iterator[None]:
    """
    Inside, no other thread or process holds the lock file, which is made once and never replaced.

    A missing folder is made with it, open to its owner only.

    Raises:
        StorageError: Nobody let go of it within `patience_s`, or it cannot be locked at all.
    """
    give_up_at = time.monotonic() + patience_s
    # Where the file's lock is only pretended, at least the threads of this program take turns.
    with _inside(path, patience_s):
        # Opened each time: a descriptor inherited by a forked child would share the lock.
        fd = _open_lock(path)
        try:
            nap_s = _FIRST_NAP_S
            while not try_lock(fd, path):
                if time.monotonic() > give_up_at:
                    raise _held(path, patience_s)
                time.sleep(nap_s)
                nap_s = min(2 * nap_s, _LONGEST_NAP_S)
            try:
                yield
            finally:
                unlock(fd)
        finally:
            os.close(fd)


def _open_lock(path: Path) -> int:
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
    try:
        return os.open(path, flags, FILE_MODE)
    except FileNotFoundError:
        make_private_folder(path.parent)
        return os.open(path, flags, FILE_MODE)
    except OSError as exc:
        if exc.errno != errno.EROFS:
            raise
        # What can only be read any more can still be read in turns.
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)


_INSIDE: dict[Path, threading.Lock] = {}
os.register_at_fork(after_in_child=_INSIDE.clear)


@contextmanager
def _inside(path: Path, patience_s: float) -> Iterator[None]:
    lock = _INSIDE.setdefault(path, threading.Lock())
    if not lock.acquire(timeout=patience_s):
        raise _held(path, patience_s)
    try:
        yield
    finally:
        lock.release()


def _held(path: Path, patience_s: float) -> StorageError:
    return StorageError(
        said(
            "Another program has held {path} for {patience_s:g} seconds. Close it, or find "
            "out why it hangs.",
            path=path,
            patience_s=patience_s,
        )
    )


def append_whole(fd: int, data: bytes, *, size_bytes: int, durable: bool) -> None:
    """
    Appends all of it or nothing, to a file of that size that nobody else writes meanwhile.

    `durable` waits until the disk has it. Of a failed attempt nothing is left behind, unless
    even cutting it off fails; then a torn line is left for the next opening to repair.
    """
    try:
        rest = memoryview(data)
        while rest:  # a disk that is nearly full takes a part first and only then complains
            rest = rest[os.write(fd, rest) :]
        if durable:
            os.fsync(fd)
    except OSError:
        with suppress(OSError):
            os.ftruncate(fd, size_bytes)
        raise


def replace_file(path: Path, chunks: Iterable[bytes]) -> None:
    """
    Puts a whole file in place at once: after a crash there is the old one or the new one.

    The caller keeps others from doing the same at the same time.
    """
    draft = path.with_name(f".{path.name}.part")
    fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, FILE_MODE)
    try:
        try:
            size_bytes = 0
            for chunk in chunks:
                append_whole(fd, chunk, size_bytes=size_bytes, durable=False)
                size_bytes += len(chunk)
            os.fsync(fd)
        finally:
            os.close(fd)
        draft.replace(path)
    except OSError:
        with suppress(OSError):
            draft.unlink()
        raise
    sync_folder(path.parent)


def keep_evidence(path: Path, data: bytes) -> None:
    """Adds damaged bytes to a side file and waits until the disk has them."""
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, FILE_MODE)
    try:
        append_whole(fd, data + b"\n", size_bytes=os.fstat(fd).st_size, durable=True)
    finally:
        os.close(fd)
    sync_folder(path.parent)


class Tail:
    """
    How far a growing file of lines was read.

    Reading again gives only the lines that are new and whole, at the same cost at any size.
    `offset` is where the next line begins, `size_bytes` how long the file was at `resume`.
    """

    def __init__(self) -> None:
        self.offset = self.size_bytes = 0
        self._identity: tuple[int, int] | None = None
        self._changed_ns = 0
        self._guard = b""  # the last bytes that were read

    def resume(self, fd: int) -> bool:
        """
        Readies the next reading; to be called first.

        Returns:
            False when what was read before no longer stands there (the file is another one,
            was cut, or was edited), so that reading starts over from its beginning.
        """
        status = os.fstat(fd)
        is_same = (
            self._identity == (status.st_dev, status.st_ino)
            and status.st_size >= self.offset
            and (status.st_size > self.offset or status.st_mtime_ns == self._changed_ns)
            and os.pread(fd, len(self._guard), self.offset - len(self._guard)) == self._guard
        )
        if not is_same:
            self.offset, self._guard = 0, b""
        self._identity = (status.st_dev, status.st_ino)
        self._changed_ns = status.st_mtime_ns
        self.size_bytes = status.st_size
        return is_same

    def blocks(self, fd: int) -> Iterator[tuple[int, bytes]]:
        """Whole lines not read before, some megabytes at a time, each with where it begins."""
        block_bytes = _BLOCK_BYTES
        while self.offset < self.size_bytes:
            wanted = min(block_bytes, self.size_bytes - self.offset)
            block = os.pread(fd, wanted, self.offset)
            whole = block.rfind(b"\n") + 1
            if whole:
                start, lines = self.offset, block[:whole]
                self.offset += whole
                yield start, lines
                # Only now: whoever failed over these lines will find that they must be read again.
                self._remember(lines)
            elif len(block) == wanted < self.size_bytes - self.offset:
                block_bytes *= 2  # one line longer than a block
            else:
                break

    def skip(self, fd: int, lines: bytes) -> None:
        """Counts these as read: they were just appended by ourselves, under the lock."""
        self.offset += len(lines)
        self._remember(lines)
        self._changed_ns = os.fstat(fd).st_mtime_ns

    def _remember(self, lines: bytes) -> None:
        self._guard = (self._guard + lines[-_GUARD_BYTES:])[-_GUARD_BYTES:]
