"""Everything of one visitor to take along: their log and their pictures, in parts of a bearable size."""

import tempfile
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from playground.errors import InvalidRequestError
from playground.history.pages import MAX_PAGE_SIZE, Archived, HistoryQuery
from playground.markup import Markup, el
from playground.provenance.bundle import (
    add_entry,
    ending_of,
    named_pictures,
    picture_bytes,
    rows_csv,
)
from playground.schema import Mark, Run, Vote
from playground.ui.exports import Exports, Ready
from playground.ui.history.archive import Archive, left_out_words
from playground.ui.texts import text
from playground.ui.visits import Visit

PART_BYTES = 200_000_000
PART_RUNS = 1_000
MAX_AT_ONCE = 2  # packing takes a thread each, and others need some too


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One file of it. `number` counts from 1."""

    ready: Ready
    number: int
    n_parts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """What one comparison adds."""

    comparison_id: str
    runs: tuple[Run, ...]

    @property
    def size_bytes(self) -> int:
        return sum(run.size_bytes or 0 for run in self.runs)


class Takeout:
    """Packs what belongs to a visitor and nothing else. Blocking."""

    def __init__(self, archive: Archive, exports: Exports) -> None:
        self._archive = archive
        self._exports = exports
        self._room = threading.Semaphore(MAX_AT_ONCE)
        self._mutex = threading.Lock()
        self._busy: set[str | None] = set()

    def part(self, number: int, visit: Visit) -> Part:
        """
        The part of that number, the newest comparisons first.

        It tells the names, so those that wait to be judged blind are left out.

        Raises:
            InvalidRequestError: There is nothing to take, or too much is being packed.
            StorageError: The disk refused.
        """
        with self._mutex:
            if visit.owner_id in self._busy or not self._room.acquire(blocking=False):
                raise InvalidRequestError(text("takeout.busy"), field="takeout")
            self._busy.add(visit.owner_id)
        try:
            return self._packed(number, visit)
        finally:
            with self._mutex:
                self._busy.discard(visit.owner_id)
                self._room.release()

    def _packed(self, number: int, visit: Visit) -> Part:
        parts = list(_parts(self._kept(visit)))
        if not parts:
            raise InvalidRequestError(text("takeout.empty"), field="takeout")
        number = min(max(1, number), len(parts))
        kept = [each for each in parts[number - 1] if self._may_tell(each, visit)]
        told = left_out_words(len(parts[number - 1]) - len(kept))
        count = "" if len(parts) == 1 else f"-{number}-of-{len(parts)}"

        def write(file: BinaryIO) -> tuple[str, ...]:
            return (*told, *self._write(file, kept, visit))

        ready = self._exports.file(f"flux-2-playground{count}.zip", write)
        return Part(ready=ready, number=number, n_parts=len(parts))

    def _kept(self, visit: Visit) -> Iterator[_Kept]:
        page = 1
        while True:
            found = self._archive.page(
                HistoryQuery(
                    archived=Archived.ALL,
                    owner_id=visit.owner_id,
                    page=page,
                    page_size=MAX_PAGE_SIZE,
                )
            )
            for item in found.items:
                runs = self._archive.runs(item.comparison_id, visit)
                if runs:
                    yield _Kept(comparison_id=item.comparison_id, runs=runs)
            if page >= found.n_pages:
                return
            page += 1

    def _may_tell(self, each: _Kept, visit: Visit) -> bool:
        if self._archive.waits(each.comparison_id, visit):
            return False
        if self._archive.hidden(each.comparison_id, visit):
            self._archive.note_names_shown(visit, each.comparison_id)
        return True

    def _write(self, file: BinaryIO, kept: list[_Kept], visit: Visit) -> tuple[str, ...]:
        wanting: list[str] = []
        runs = [run for each in kept for run in each.runs]
        votes = [vote for each in kept for vote in self._archive.votes(each.comparison_id, visit)]
        marks = [mark for each in kept for mark in self._archive.marks(each.comparison_id, visit)]
        now = datetime.now(UTC)
        with zipfile.ZipFile(file, "w") as archive, tempfile.TemporaryDirectory() as folder:
            rows = {
                "runs.csv": rows_csv(Path(folder), Run, "run_id", runs),
                "votes.csv": rows_csv(Path(folder), Vote, "act_id", votes),
                "marks.csv": rows_csv(Path(folder), Mark, "act_id", marks),
            }
            for name, data in rows.items():
                add_entry(archive, name, data, now, is_packed=True)
            for each in kept:
                for name, run in named_pictures(each.runs):
                    data_of = picture_bytes(run, self._archive.data_dir, wanting, with_record=True)
                    if data_of is not None:
                        entry = f"pictures/{each.comparison_id}/{name}.{ending_of(data_of)}"
                        add_entry(archive, entry, data_of, run.finished_at)
        return tuple(wanting)


def _parts(kept: Iterator[_Kept]) -> Iterator[list[_Kept]]:
    part: list[_Kept] = []
    size_bytes = n_runs = 0
    for each in kept:
        size_bytes += each.size_bytes
        n_runs += len(each.runs)
        if part and (size_bytes > PART_BYTES or n_runs > PART_RUNS):
            yield part
            part, size_bytes, n_runs = [], each.size_bytes, len(each.runs)
        part.append(each)
    if part:
        yield part


def takeout_html(*, number: int = 1, n_parts: int = 1) -> Markup:
    """The button; for a part of several it says which."""
    words = text("takeout.all")
    if n_parts > 1:
        words = text("takeout.part", number=number, count=n_parts)
    return el(
        "button",
        words,
        type="button",
        class_="pg-button",
        data_act="takeout",
        data_part=number,
        data_key=f"takeout {number}",
    )
