"""Which logged run a picture file belongs to, for an owner who may only learn of their own."""

from dataclasses import dataclass
from pathlib import Path

from playground.provenance.records import FOUND_COLUMNS, Found, find_run
from playground.runlog import load_runs


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """The run a picture belongs to, and how surely."""

    run_id: str
    comparison_id: str
    prompt: str
    how: Found


def find_logged(data: bytes, log_path: Path, *, owner_id: str | None) -> Finding | None:
    """
    The run of this owner whose picture this is; None if it is none of them.

    Raises:
        PictureError: Not a whole PNG, JPEG or WebP picture.
        StorageError: The log cannot be read.
    """
    runs = load_runs(log_path, [*FOUND_COLUMNS, "comparison_id", "prompt", "owner_id"])
    owner = runs["owner_id"]
    runs = runs[owner.isna() if owner_id is None else (owner == owner_id).fillna(False)]
    match = find_run(data, runs)
    if match is None:
        return None
    row = runs[runs["run_id"] == match.run_id].iloc[-1]
    return Finding(
        run_id=match.run_id,
        comparison_id=str(row["comparison_id"]),
        prompt=str(row["prompt"]),
        how=match.how,
    )
