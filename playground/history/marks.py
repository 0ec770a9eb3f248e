"""What people put on comparisons to find them again: stars, tags, notes, and the archive; `marks.csv`."""

import re
import secrets
import threading
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd

from playground.csvlog.acts import ActLog
from playground.csvlog.table import load
from playground.sayings import said
from playground.schema import Mark, MarkKind

MAX_TAG_CHARACTERS = 60
MAX_NOTE_CHARACTERS = 10_000

_BLANKS = re.compile(r"\s+")


class MarkLog:
    """
    The marks of one data folder, one row per act; see CsvLog for what a crash cannot do to it.

    Safe to share between threads.

    Raises:
        StorageError: The file cannot be kept here, or is not one of ours.
    """

    def __init__(self, path: Path) -> None:
        self._acts: ActLog[Mark] = ActLog(path, Mark)
        self._mutex = threading.Lock()

    def __len__(self) -> int:
        return len(self._acts)

    def marks_of(self, comparison_id: str) -> tuple[Mark, ...]:
        """Every act on a comparison, in the order they were done; empty for an unknown one."""
        return self._acts.about(comparison_id)

    def star(self, comparison_id: str, *, is_on: bool, at: datetime) -> Mark | None:
        """Puts a star on a comparison or takes it off; None when it is so already."""
        return self._set(comparison_id, MarkKind.STAR, None, is_on=is_on, at=at)

    def archive(self, comparison_id: str, *, is_on: bool, at: datetime) -> Mark | None:
        """Puts a comparison out of sight or back; None when it is so already."""
        return self._set(comparison_id, MarkKind.ARCHIVE, None, is_on=is_on, at=at)

    def tag(self, comparison_id: str, tag: str, *, is_on: bool, at: datetime) -> Mark | None:
        """
        Puts a tag on a comparison or takes it off; None when it is so already.

        Raises:
            ValueError: The tag is empty or too long.
        """
        return self._set(comparison_id, MarkKind.TAG, plain_tag(tag), is_on=is_on, at=at)

    def note(self, comparison_id: str, note: str, *, at: datetime) -> Mark | None:
        """
        Replaces the note of a comparison, the empty text by none; None when it is so already.

        Raises:
            ValueError: The note is too long.
        """
        if len(note) > MAX_NOTE_CHARACTERS:
            raise ValueError(
                said(
                    "The note has {n_note:,} characters; the limit is {max_note_characters:,}.",
                    n_note=len(note),
                    max_note_characters=MAX_NOTE_CHARACTERS,
                )
            )
        text = note if note.strip() else None
        return self._set(comparison_id, MarkKind.NOTE, text, is_on=text is not None, at=at)

    def undo(self, act_id: str, *, at: datetime) -> Mark | None:
        """
        Brings back what that act changed, by an act of its own; None when it is so already.

        Raises:
            ValueError: There is no such act.
            StorageError: The disk refused; nothing was changed.
        """
        act = self._acts.get(act_id)
        if act is None:
            raise ValueError(said("There is no mark {act_id!r} to take back.", act_id=act_id))
        kind = MarkKind(act.kind)
        if kind is not MarkKind.NOTE:
            return self._set(
                act.comparison_id, kind, act.value, is_on=not act.is_on, at=at, undoes=act_id
            )
        before: str | None = None
        for earlier in self.marks_of(act.comparison_id):
            if earlier.act_id == act_id:
                break
            if earlier.kind == kind:
                before = earlier.value
        return self._set(
            act.comparison_id, kind, before, is_on=before is not None, at=at, undoes=act_id
        )

    def _set(
        self,
        comparison_id: str,
        kind: MarkKind,
        value: str | None,
        *,
        is_on: bool,
        at: datetime,
        undoes: str | None = None,
    ) -> Mark | None:
        mark = Mark(
            act_id=f"act_{secrets.token_hex(16)}",
            comparison_id=comparison_id,
            undoes=undoes,
            kind=kind,
            value=value,
            is_on=is_on,
            at=at,
        )
        with self._mutex:
            was_on, old_value = False, value
            for earlier in self.marks_of(comparison_id):
                if earlier.kind == kind and (kind is MarkKind.NOTE or earlier.value == value):
                    was_on, old_value = earlier.is_on, earlier.value
            if was_on == is_on and (not is_on or old_value == value):
                return None
            self._acts.append(mark)
            return mark


def plain_tag(tag: str) -> str:
    """
    The tag as it is kept: lower case, single blanks, no control characters.

    Raises:
        ValueError: Nothing is left of it, or it is too long.
    """
    plain = _BLANKS.sub(" ", "".join(c for c in tag if c.isprintable() or c.isspace()))
    plain = plain.strip().casefold()
    if not 0 < len(plain) <= MAX_TAG_CHARACTERS:
        raise ValueError(
            said(
                "A tag has 1 to {max_tag_characters} characters; got {n_plain}.",
                max_tag_characters=MAX_TAG_CHARACTERS,
                n_plain=len(plain),
            )
        )
    return plain


def load_marks(path: str | Path, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """
    `marks.csv` with exact text and dtypes, one row per act, in the order they were done.

    Raises:
        ValueError: A column is asked for that `Mark` does not have.
        StorageError: The file cannot be read.
    """
    return load(Path(path), Mark, columns)


def current_marks(marks: pd.DataFrame) -> pd.DataFrame:
    """
    What every comparison carries now: one row for each that was ever marked, by comparison_id.

    Columns: comparison_id (string), is_starred, is_archived (bool), tags (object: a sorted tuple
    of str), note (object: str or None).
    """
    known = marks[marks["kind"].isin([str(kind) for kind in MarkKind])]
    is_note = known["kind"] == MarkKind.NOTE
    # There is one note, but any number of tags.
    about = known.assign(about=known["value"].fillna("").mask(is_note, ""))
    last = about.drop_duplicates(["comparison_id", "kind", "about"], keep="last")
    on = last[last["is_on"].fillna(False)]
    ids = sorted(known["comparison_id"].dropna().unique())
    tags: dict[str, list[str]] = {}
    notes: dict[str, str] = {}
    marked: dict[str, set[str]] = {kind: set() for kind in MarkKind}
    for comparison_id, kind, value in zip(
        on["comparison_id"], on["kind"], on["value"], strict=True
    ):
        marked[kind].add(comparison_id)
        if kind == MarkKind.TAG:
            tags.setdefault(comparison_id, []).append(value)
        elif kind == MarkKind.NOTE:
            notes[comparison_id] = value
    return pd.DataFrame(
        {
            "comparison_id": pd.array(ids, dtype="string"),
            "is_starred": np.array([i in marked[MarkKind.STAR] for i in ids], dtype=bool),
            "is_archived": np.array([i in marked[MarkKind.ARCHIVE] for i in ids], dtype=bool),
            "tags": pd.Series([tuple(sorted(tags.get(i, ()))) for i in ids], dtype=object),
            "note": pd.Series([notes.get(i) for i in ids], dtype=object),
        }
    )
