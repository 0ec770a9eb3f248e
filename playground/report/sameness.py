"""How many edits came back unchanged and how many repeats are one picture, over a whole log."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from itertools import combinations
from pathlib import Path
from typing import Any

import pandas as pd

from playground.errors import PictureError
from playground.images.decoding import decode, read_picture_file
from playground.images.measurement import SAME_WITHIN_BITS, difference_hash, hamming
from playground.images.thumbnails import inline_jpeg
from playground.provenance.guards import reference_dhashes, same_picture_guard, unchanged_guard
from playground.results.stats import Share
from playground.results.summary import share_or_none
from playground.schema import Run, RunStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Sameness:
    """What the guards found; a share is None where nothing could be looked at."""

    unchanged: Share | None  # of edits with a picture and a reference whose looks are known
    same_repeats: Share | None  # of pairs of repeats with pictures
    noticed: Share | None  # of references, re-encoded small: those seen to be the same


def sameness_of(runs: pd.DataFrame, references_dir: Path, *, level: float = 0.95) -> Sameness:
    """
    Over these runs, with all columns of `load_runs`.

    `noticed` is the positive control: each reference is made a small JPEG, which is what an edit
    that changed nothing would give, and must be taken for the same.
    """
    records = [run for run in run_records(runs) if run.status == RunStatus.SUCCEEDED]
    looks = reference_dhashes(records, references_dir)
    edits = [run for run in records if set((run.reference_sha256 or "").split()) & looks.keys()]
    n_unchanged = sum(unchanged_guard(run, looks) is not None for run in edits)
    lanes: dict[tuple[str, int], list[Run]] = {}
    for run in records:
        lanes.setdefault((run.comparison_id, run.lane), []).append(run)
    pairs = [
        pair
        for lane in lanes.values()
        for pair in combinations(lane, 2)
        if pair[0].repeat != pair[1].repeat
    ]
    n_same = sum(same_picture_guard(*pair) is not None for pair in pairs)
    seen = _seen(looks, references_dir)
    return Sameness(
        unchanged=share_or_none(n_unchanged, len(edits), level=level),
        same_repeats=share_or_none(n_same, len(pairs), level=level),
        noticed=share_or_none(sum(seen), len(seen), level=level),
    )


def run_records(runs: pd.DataFrame) -> tuple[Run, ...]:
    """The rows of `load_runs` as runs, in their order; None for what is missing."""
    names = [each.name for each in fields(Run)]
    records = []
    for row in runs.to_dict("records"):
        values: dict[str, Any] = {n: None if pd.isna(row[n]) else row[n] for n in names}
        records.append(Run(**values))
    return tuple(records)


def _seen(looks: Mapping[str, str], references_dir: Path) -> "list[bool]":
    found = []
    for sha256, dhash in sorted(looks.items()):
        for path in references_dir.glob(f"{sha256}.*"):
            try:
                image = decode(read_picture_file(path))
                small = decode(inline_jpeg(path, max_px=max(64, image.width // 2)))
            except PictureError:
                continue
            found.append(hamming(difference_hash(small), dhash) <= SAME_WITHIN_BITS)
    return found
