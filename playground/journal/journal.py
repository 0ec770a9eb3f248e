"""One file of facts per process, held by a lock that dies with it, so that another can go on where it stopped."""

import logging
import os
import secrets
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from playground.disk import (
    FILE_MODE,
    LOCK_PATIENCE_S,
    Tail,
    append_whole,
    keep_evidence,
    locked,
    make_private_folder,
    storage_errors,
    sync_folder,
    try_lock,
    unlock,
)
from playground.errors import StorageError
from playground.journal.facts import Fact, RunFacts, Runs, entries_of, line_of, parse_line
from playground.sayings import said

log = logging.getLogger(__name__)

# Money or a picture would be lost if a power cut took one of these.
_DURABLE = (Fact.SENT, Fact.ACCEPTED, Fact.SAVED)

_ENDING = ".jsonl"
_DRAFT_ENDING = ".new"
# A smaller journal is not worth rewriting.
_COMPACT_BYTES = 1_000_000


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Journal:
    """
    The facts of the runs this process is responsible for. Safe to share between threads.

    In its folder stands one `*.jsonl` per process. Its lock is the lease: as long as the process
    lives nobody else touches its runs, and when it dies, however it dies, anybody may adopt them.
    `lock` is held by whoever adopts, creates or rewrites; `damaged.txt` keeps lines that could
    not be read.
    """

    def __init__(self, folder: Path, *, now: Callable[[], datetime]) -> None:
        self.folder = folder.resolve()
        self._now = now
        self._mutex = threading.RLock()
        self._runs = Runs()
        self._others: dict[Path, _Neighbour] = {}
        # Files of the dead whose runs are ours or about to be; locked until they are gone.
        self._held: dict[Path, int] = {}
        self._fd = -1
        self._size_bytes = 0
        self._compact_at_bytes = _COMPACT_BYTES
        stem = f"{now():%Y%m%dT%H%M%S}-{os.getpid()}-{secrets.token_hex(4)}"
        self.path = self.folder / (stem + _ENDING)

    @classmethod
    def open(cls, folder: Path, *, now: Callable[[], datetime] = _utc_now) -> "Journal":
        """
        A new journal of this process in that folder, which is made if it is missing.

        Raises:
            StorageError: The folder cannot be written, or files in it cannot be locked.
        """
        journal = cls(folder, now=now)
        try:
            with journal._changing_folder():
                journal._rewrite(())
        except BaseException:
            journal._let_go()
            raise
        _OPEN.add(journal)
        return journal

    def write(
        self, run_id: str, fact: Fact, /, *, durable: bool | None = None, **data: Any
    ) -> None:
        """
        Adds a fact; when it returns the fact outlives this process.

        Args:
            run_id: The run it is about.

            fact: What became true.

            durable: Whether it must outlive a power cut too, about 0.3 ms; by default where
                money or a picture hangs on it.

            data: Anything JSON can spell, other things as their text. `at` is added if missing.

        Raises:
            ValueError: The data lacks what the fact needs; nothing was written.
            StorageError: The disk refused; the fact is not written and not known.
        """
        line = line_of(run_id, [(fact, {"at": self._now().isoformat(), **data})])
        told = parse_line(line)
        if told is None:
            raise ValueError(f"The fact {fact} cannot be told by {data!r}.")
        if durable is None:
            durable = fact in _DURABLE
        if durable and self._is_removed():
            self.compact()
        with self._mutex, storage_errors(self.path):
            self._append(line, durable=durable)
            self._runs.learn(*told)
            is_long = self._size_bytes > self._compact_at_bytes
        if fact is Fact.LOGGED and is_long:
            self._compact_if_possible()

    def flush(self) -> None:
        """
        Returns when the disk has every fact written before the call. Others go on writing meanwhile.

        Raises:
            StorageError: The disk refused, or the journal is closed.
        """
        if self._is_removed():
            self.compact()
        with storage_errors(self.path):
            with self._mutex:
                self._check_open()
                # A rewritten journal is flushed already, and may take this file's place meanwhile.
                fd = os.dup(self._fd)
            try:
                os.fsync(fd)
            finally:
                os.close(fd)

    def facts(self, run_id: str) -> RunFacts | None:
        """What is known of a run of ours; None for any other, and some time after it is logged."""
        with self._mutex:
            return self._runs.get(run_id)

    def open_runs(self) -> tuple[RunFacts, ...]:
        """Our runs whose row is not in the log yet, in the order they became ours."""
        with self._mutex:
            return self._runs.unfinished()

    def adopt(self) -> tuple[RunFacts, ...]:
        """
        Takes over the runs of every process that has died; gives those that are open and were
        not ours already, the oldest first.

        They are in our own journal, on disk, before the others' files go. Dying at any point
        in between changes nothing: the next one to adopt finds the same facts, once or twice.
        Of several processes that adopt at once exactly one gets a run.

        Raises:
            StorageError: The disk refused; nothing is ours yet, and the next call tries again.
        """
        with self._changing_folder():
            self._check_open()
            if self._is_removed():
                self._rewrite(self._runs.unfinished())
            self._hold_orphans()
            orphans = Runs()
            for path, fd in self._held.items():
                damaged = orphans.learn_lines(_whole(fd))
                if damaged:
                    log.warning("%s has %d damaged lines; they are kept.", path, len(damaged))
                    evidence = b"\n".join([path.name.encode(), *damaged])
                    keep_evidence(self.folder / "damaged.txt", evidence)
            self._look_around()
            news = {
                run_id: facts
                for run_id, facts in orphans.items()
                if not self._is_elsewhere(facts)
                and not self._runs.knows_all_of(facts)
                and (run_id in self._runs or not facts.is_logged)
            }
            adopted = [run_id for run_id in news if run_id not in self._runs]
            lines = [line_of(run_id, entries_of(facts)) for run_id, facts in news.items()]
            if lines:
                self._append(b"".join(lines), durable=True)
            for run_id, facts in news.items():
                self._runs.learn(run_id, list(entries_of(facts)))
            self._remove_held()
            arrived = [self._runs[run_id] for run_id in adopted]
            return tuple(sorted(arrived, key=lambda facts: (facts.began_at, facts.run_id)))

    def others_open(self) -> tuple[RunFacts, ...]:
        """
        The open runs in all other journals of the folder, whether their process lives or not.

        Reads only what is new since the last call.

        Raises:
            StorageError: A journal cannot be read.
        """
        with self._changing_folder():
            self._look_around()
            runs = Runs()
            for neighbour in self._others.values():
                for facts in neighbour.runs.values():
                    if facts.run_id not in self._runs:
                        runs.learn(facts.run_id, list(entries_of(facts)))
            return runs.unfinished()

    def compact(self, *, patience_s: float = LOCK_PATIENCE_S) -> None:
        """
        Drops the runs that are logged, from the file and from memory.

        Raises:
            StorageError: The disk refused, or others changed the folder for longer than
                `patience_s`; everything is as it was.
        """
        with self._changing_folder(patience_s):
            self._check_open()
            # While a dead process's file still tells of a run as open, ours must say it is not.
            kept = self._runs.values() if self._held else self._runs.unfinished()
            self._rewrite(tuple(kept))

    def tidy(self) -> None:
        """As `compact`, if that is worth it by now and nobody else is at the folder."""
        with self._mutex:
            n_open = len(self._runs.unfinished())
            # While a dead process's file is held, nothing could be dropped.
            can_drop = self._fd >= 0 and not self._held
            is_worth_it = can_drop and len(self._runs) - n_open > n_open
        if is_worth_it:
            self._compact_if_possible()

    def close(self) -> None:
        """Ends the lease: open runs are up for adoption, a journal without any is removed."""
        with self._mutex:
            if self._fd < 0:
                return
            try:
                if not self._runs.unfinished() and not self._held:
                    self.path.unlink(missing_ok=True)
            except OSError as exc:  # whoever adopts it finds nothing open in it
                log.warning("%s stays behind: %s", self.path, exc)
            finally:
                for fd in (self._fd, *self._held.values()):
                    unlock(fd)
                self._let_go()

    # ---- our own file ---------------------------------------------------------------------

    @contextmanager
    def _changing_folder(self, patience_s: float = LOCK_PATIENCE_S) -> Iterator[None]:
        """Inside, files of the folder come and go by our hand only. Not to be nested."""
        with storage_errors(self.folder):
            make_private_folder(self.folder)
            # In this order, so that a write never waits for another program.
            with locked(self.folder / "lock", patience_s=patience_s), self._mutex:
                yield

    def _check_open(self) -> None:
        if self._fd < 0:
            raise StorageError(
                said("The journal {path} is closed in this process.", path=self.path)
            )

    def _append(self, lines: bytes, *, durable: bool) -> None:
        self._check_open()
        size_bytes = os.fstat(self._fd).st_size
        if size_bytes != self._size_bytes:  # a failed write that could not be cut off
            lines = b"\n" + lines
        append_whole(self._fd, lines, size_bytes=size_bytes, durable=durable)
        self._size_bytes = size_bytes + len(lines)

    def _is_removed(self) -> bool:
        """Somebody has deleted our file, and with the process what it tells would be gone."""
        with self._mutex:
            return self._fd >= 0 and os.fstat(self._fd).st_nlink == 0

    def _rewrite(self, kept: Iterable[RunFacts]) -> None:
        """Puts a file with these runs in the place of ours, already locked when it gets its name."""
        kept = list(kept)
        content = b"".join(line_of(facts.run_id, entries_of(facts)) for facts in kept)
        draft = self.path.with_name(self.path.name + _DRAFT_ENDING)
        fd = os.open(
            draft, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, FILE_MODE
        )
        try:
            if not try_lock(fd, draft):
                raise StorageError(said("{draft} is locked by another program.", draft=draft))
            append_whole(fd, content, size_bytes=0, durable=True)
            draft.replace(self.path)
        except BaseException:
            os.close(fd)
            draft.unlink(missing_ok=True)
            raise
        if self._fd >= 0:
            os.close(self._fd)
        self._fd = fd
        self._size_bytes = len(content)
        self._compact_at_bytes = max(_COMPACT_BYTES, 2 * len(content))
        self._runs = Runs({facts.run_id: facts for facts in kept})
        sync_folder(self.folder)

    def _compact_if_possible(self) -> None:
        try:
            self.compact(patience_s=0)
        except StorageError as exc:
            self._compact_at_bytes += _COMPACT_BYTES // 10
            log.info("The journal stays long for now. %s", exc)

    def _let_go(self) -> None:
        """Closes the files; their locks end with the last process that has them open."""
        for fd in (self._fd, *self._held.values()):
            if fd >= 0:
                os.close(fd)
        self._fd = -1
        self._held.clear()

    # ---- the files of others --------------------------------------------------------------

    def _hold_orphans(self) -> None:
        for draft in self.folder.glob("*" + _DRAFT_ENDING):
            draft.unlink(missing_ok=True)  # its maker died; what it was to replace still stands
        for path in sorted(self.folder.glob("*" + _ENDING)):
            if path == self.path or path in self._held:
                continue
            fd = _open_existing(path)
            if fd is None:
                continue
            if try_lock(fd, path):
                self._held[path] = fd
            else:
                os.close(fd)

    def _remove_held(self) -> None:
        for path, fd in list(self._held.items()):
            try:
                path.unlink(missing_ok=True)
            except OSError as exc:
                # Still locked by us, so that nobody takes the same runs a second time.
                log.warning("%s has been adopted but cannot be removed: %s", path, exc)
            else:
                os.close(fd)
                del self._held[path]

    def _look_around(self) -> None:
        """Brings what is known of all journals but ours up to date."""
        paths = {path for path in self.folder.glob("*" + _ENDING) if path != self.path}
        self._others = {path: self._others.get(path) or _Neighbour(path) for path in sorted(paths)}
        for neighbour in self._others.values():
            neighbour.read()

    def _is_elsewhere(self, facts: RunFacts) -> bool:
        # An adopter that dies frees its own file a moment before those it was adopting. Whoever
        # took the first has all that the others tell.
        return any(
            neighbour.runs.knows_all_of(facts)
            for path, neighbour in self._others.items()
            if path not in self._held
        )


class _Neighbour:
    """Another process's journal, read as far as it is written."""

    def __init__(self, path: Path) -> None:
        self.runs = Runs()
        self._path = path
        self._tail = Tail()

    def read(self) -> None:
        fd = _open_existing(self._path)
        if fd is None:
            return
        try:
            if not self._tail.resume(fd):
                self.runs.clear()
            for _, block in self._tail.blocks(fd):
                self.runs.learn_lines(block)
        finally:
            os.close(fd)


def _open_existing(path: Path) -> int | None:
    try:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except PermissionError as exc:
        log.warning("The journal %s belongs to somebody else: %s", path, exc)
        return None


def _whole(fd: int) -> bytes:
    return os.pread(fd, os.fstat(fd).st_size, 0)


# A forked child shares our files, and with them the lease: it would seem to live on in the child.
_OPEN: "weakref.WeakSet[Journal]" = weakref.WeakSet()


def _let_go_in_child() -> None:
    for journal in list(_OPEN):
        journal._let_go()


os.register_at_fork(after_in_child=_let_go_in_child)
