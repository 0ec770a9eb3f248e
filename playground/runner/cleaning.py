"""What a deployment that strangers visit does not keep: pictures of an age, and everything made of them."""

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from playground.errors import PlaygroundError
from playground.identity import picture_stem, thumbnail_stem
from playground.journal import Fact, RunFacts
from playground.runner.kit import Kit

log = logging.getLogger(__name__)

LOOK_EVERY_S = 60.0
CLEAN_EVERY_S = 600.0
COPIES_KEPT_S = 3600.0  # of pictures under other names, made again whenever somebody looks
_COPIES = ("thumbnails/blind", "thumbnails/shown", "thumbnails/exports")
_EMULATED = "emulator/files"


class Cleaner:
    """
    The files of one data folder that are too old. Blocking. The log, the journal, votes and plans
    stay; a row whose picture is gone says so.

    Args:
        kept_s: How old pictures and references may become.

        also_used: The hashes of references that are needed still, besides those of open runs.
    """

    def __init__(
        self,
        kit: Kit,
        *,
        kept_s: float,
        also_used: Callable[[], Collection[str]] = frozenset,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._kit = kit
        self._kept_s = kept_s
        self._also_used = also_used
        self._clock = clock

    def clean(self) -> int:
        """
        Deletes what is too old and belongs to nothing under way; returns how many files.

        Raises:
            StorageError: It cannot be told what is under way; nothing was deleted.
        """
        data_dir, secret = self._kit.data_dir, self._kit.secret
        # First what is under way: what begins meanwhile has young files.
        open_runs = (*self._kit.journal.open_runs(), *self._kit.journal.others_open())
        pictures = {picture_stem(secret, facts.run_id) for facts in open_runs}
        references = {*self._also_used(), *_references(open_runs)}
        gone = self._drop(self._kit.pictures_dir, self._kept_s, kept=pictures)
        gone += self._drop(data_dir / "references", self._kept_s, kept=references)
        gone += self._drop(data_dir / _EMULATED, self._kept_s)
        for name in _COPIES:
            gone += self._drop(data_dir / name, min(self._kept_s, COPIES_KEPT_S))
        # Small copies live as long as what they show.
        left = {path.stem for path in _files(self._kit.pictures_dir)}
        gone += _drop_others(data_dir / "thumbnails/pictures", left)
        left = {thumbnail_stem(secret, path.stem) for path in _files(data_dir / "references")}
        return gone + _drop_others(data_dir / "thumbnails/references", left)

    def _drop(self, folder: Path, kept_s: float, *, kept: Collection[str] = ()) -> int:
        before_s = self._clock() - kept_s
        old = (path for path in _files(folder) if path.stem not in kept)
        return sum(_unlinked(path) for path in old if _changed_s(path) < before_s)


class Janitor:
    """Does chores beside the engine, in worker threads, until it is closed."""

    def __init__(
        self,
        chores: Sequence[tuple[float, Callable[[], object]]],
        *,
        look_every_s: float = LOOK_EVERY_S,
    ) -> None:
        """
        Args:
            chores: How often each is done, in seconds, and what it is.
        """
        self._chores = tuple(chores)
        self._look_every_s = look_every_s
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._task = asyncio.create_task(self._work(), name="janitor")

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _work(self) -> None:
        due = [0.0 for _ in self._chores]
        while True:
            for number, (every_s, chore) in enumerate(self._chores):
                if time.monotonic() < due[number]:
                    continue
                due[number] = time.monotonic() + every_s
                try:
                    await asyncio.to_thread(chore)
                except (PlaygroundError, OSError) as exc:
                    log.warning("A chore is done later: %s", exc)
            await asyncio.sleep(self._look_every_s)


def _references(open_runs: Iterable[RunFacts]) -> Iterable[str]:
    for facts in open_runs:
        for reference in (facts.last(Fact.INTENT) or {}).get("references", ()):
            if reference.get("sha256"):
                yield reference["sha256"]


def _files(folder: Path) -> list[Path]:
    """Every file in it and in its folders."""
    return [path for path in folder.rglob("*") if path.is_file()] if folder.is_dir() else []


def _drop_others(folder: Path, left: Collection[str]) -> int:
    """Small copies are called after what they show, with a size behind it."""
    return sum(
        _unlinked(path) for path in _files(folder) if path.stem.rpartition("-")[0] not in left
    )


def _changed_s(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return time.time()


def _unlinked(path: Path) -> int:
    with suppress(FileNotFoundError):
        path.unlink()
        return 1
    return 0
