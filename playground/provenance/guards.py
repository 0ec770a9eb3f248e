"""What a person should be told about a picture before they judge it, each as one plain sentence."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations
from pathlib import Path

from playground.errors import PictureError, StorageError
from playground.images import hamming, measure
from playground.images.measurement import SAME_WITHIN_BITS
from playground.references import MIME_TYPES
from playground.sayings import said
from playground.schema import Run, RunStatus

_BY_ADDRESS = "-"
# One colour all over gives this hash whatever the colour, so only equal bytes count as the same.
_PLAIN_DHASH = "0" * 16


class GuardKind(StrEnum):
    """What was noticed."""

    NOT_NOMINAL = "not_nominal"
    SIZES_DIFFER = "sizes_differ"
    UNCHANGED = "unchanged"
    SAME_PICTURE = "same_picture"


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """One thing noticed about one run or two. `sentence` names no model, so it can be shown blind."""

    kind: GuardKind
    run_ids: tuple[str, ...]
    sentence: str


def size_guard(run: Run) -> Guard | None:
    """Whether the pixels that came are those the vendor's table promises; None if so or not known."""
    measured, nominal = _size(run), (run.nominal_width_px, run.nominal_height_px)
    if measured is None or None in nominal or measured == nominal:
        return None
    return Guard(
        kind=GuardKind.NOT_NOMINAL,
        run_ids=(run.run_id,),
        sentence=said(
            "{width_px} × {height_px} pixels came; the vendor's table says {nominal_width_px} × "
            "{nominal_height_px} for {size} at {resolution}.",
            width_px=measured[0],
            height_px=measured[1],
            nominal_width_px=nominal[0],
            nominal_height_px=nominal[1],
            size=run.size,
            resolution=run.resolution,
        ),
    )


def sizes_guard(a: Run, b: Run) -> Guard | None:
    """Whether two pictures shown side by side have different sizes; None if not, or not known."""
    size_a, size_b = _size(a), _size(b)
    if size_a is None or size_b is None or size_a == size_b:
        return None
    return Guard(
        kind=GuardKind.SIZES_DIFFER,
        run_ids=(a.run_id, b.run_id),
        sentence=said(
            "The two pictures have different sizes: {width_a_px} × {height_a_px} and {width_b_px} × "
            "{height_b_px} pixels.",
            width_a_px=size_a[0],
            height_a_px=size_a[1],
            width_b_px=size_b[0],
            height_b_px=size_b[1],
        ),
    )


def unchanged_guard(run: Run, reference_dhashes: Mapping[str, str]) -> Guard | None:
    """
    Whether an edit gave one of its references back; None if not, or if their looks are not known.

    Args:
        reference_dhashes: SHA-256 → difference hash, see `reference_dhashes`.
    """
    if not _has_picture(run) or run.dhash in (None, _PLAIN_DHASH):
        return None
    for number, sha256 in enumerate((run.reference_sha256 or "").split(), start=1):
        if sha256 == run.sha256 or _look_same(run.dhash, reference_dhashes.get(sha256)):
            return Guard(
                kind=GuardKind.UNCHANGED,
                run_ids=(run.run_id,),
                sentence=said(
                    "This picture looks the same as reference {number}: the edit seems to have "
                    "changed nothing.",
                    number=number,
                ),
            )
    return None


def same_picture_guard(a: Run, b: Run) -> Guard | None:
    """Whether two repeats are one and the same picture; None if not, or not known."""
    if not (_has_picture(a) and _has_picture(b)):
        return None
    if a.sha256 is not None and a.sha256 == b.sha256:
        sentence = said(
            "Repeats {repeat} and {other_repeat} are the same file.",
            repeat=a.repeat,
            other_repeat=b.repeat,
        )
    elif _look_same(a.dhash, b.dhash):
        sentence = said(
            "Repeats {repeat} and {other_repeat} look the same, so they count as one at best.",
            repeat=a.repeat,
            other_repeat=b.repeat,
        )
    else:
        return None
    return Guard(kind=GuardKind.SAME_PICTURE, run_ids=(a.run_id, b.run_id), sentence=sentence)


def guards_of(runs: Sequence[Run], reference_dhashes: Mapping[str, str]) -> tuple[Guard, ...]:
    """
    Everything to be told about the runs of one comparison, those that count for their place.

    First what concerns single runs, in their order, then pairs of lanes, then pairs of repeats.
    """
    return tuple(_guards(runs, reference_dhashes))


def reference_dhashes(runs: Sequence[Run], references_dir: Path) -> dict[str, str]:
    """
    SHA-256 → difference hash of every reference of these runs that is kept here and can be read.

    Decodes each once, about 30 ms a megapixel: remember the answer, it never changes.
    """
    wanted = {sha for run in runs for sha in (run.reference_sha256 or "").split()}
    found = {}
    for sha256 in sorted(wanted - {_BY_ADDRESS}):
        for ending in MIME_TYPES:
            path = references_dir / f"{sha256}{ending}"
            if path.is_file():
                try:
                    found[sha256] = measure(path).dhash
                except (PictureError, StorageError):
                    continue  # damaged since: `verify` tells, and here nothing is claimed
    return found


def _guards(runs: Sequence[Run], dhashes: Mapping[str, str]) -> Iterator[Guard]:
    for run in runs:
        for guard in (size_guard(run), unchanged_guard(run, dhashes)):
            if guard is not None:
                yield guard
    for check, is_pair in ((sizes_guard, _are_lanes), (same_picture_guard, _are_repeats)):
        for a, b in combinations(runs, 2):
            guard = check(a, b) if is_pair(a, b) else None
            if guard is not None:
                yield guard


def _are_lanes(a: Run, b: Run) -> bool:
    return a.repeat == b.repeat and a.lane != b.lane


def _are_repeats(a: Run, b: Run) -> bool:
    return a.lane == b.lane and a.repeat != b.repeat


def _has_picture(run: Run) -> bool:
    return run.status == RunStatus.SUCCEEDED and run.file is not None


def _size(run: Run) -> tuple[int, int] | None:
    if not _has_picture(run) or run.width_px is None or run.height_px is None:
        return None
    return run.width_px, run.height_px


def _look_same(a: str | None, b: str | None) -> bool:
    if a is None or b is None or _PLAIN_DHASH in (a, b):
        return False
    try:
        return hamming(a, b) <= SAME_WITHIN_BITS
    except ValueError:  # a hash of some other kind, written by hand
        return False
