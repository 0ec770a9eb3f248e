"""An experiment as one ZIP file: its plan, pictures, references, rows and votes."""

import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from playground.experiment.books import Look
from playground.experiment.plan import Plan
from playground.experiment.plan_file import PLAN_NAME, REFERENCES, plan_bytes
from playground.images.decoding import read_picture_file
from playground.provenance.bundle import (
    add_entry,
    ending_of,
    named_pictures,
    picture_bytes,
    rows_csv,
)
from playground.sayings import said
from playground.schema import Run, Vote


def write_archive(
    target: BinaryIO,
    plan: Plan,
    look: Look,
    votes: Sequence[Vote],
    *,
    data_dir: Path,
    with_records: bool,
) -> tuple[str, ...]:
    """
    Writes the ZIP of an experiment as it stands; `plan.json` in it can be run as it is.

    `runs.csv` and `votes.csv` as in a bundle of one comparison; pictures as
    `pictures/<prompt>-<variant>/<lane>-<model>-<repeat>.<ext>`, numbered in plan order. Names
    come from us alone.

    Args:
        with_records: Whether each picture carries how it was made. If not, as they came.

    Returns:
        What is wanting, for people.

    Raises:
        StorageError: A file cannot be read.
    """
    wanting: list[str] = []
    made_at = max([run.finished_at for run in look.rows], default=plan.created_at)
    with zipfile.ZipFile(target, "w") as archive, tempfile.TemporaryDirectory() as folder:
        add_entry(archive, PLAN_NAME, plan_bytes(plan), made_at, is_packed=True)
        rows = rows_csv(Path(folder), Run, "run_id", look.rows)
        add_entry(archive, "runs.csv", rows, made_at, is_packed=True)
        if votes:
            acts = rows_csv(Path(folder), Vote, "act_id", votes)
            add_entry(archive, "votes.csv", acts, made_at, is_packed=True)
        for name, run in _pictures(plan, look):
            data = picture_bytes(run, data_dir, wanting, with_record=with_records)
            if data is not None:
                entry = f"pictures/{name}.{ending_of(data)}"
                add_entry(archive, entry, data, run.finished_at)
        for path in _references(plan):
            if path.is_file():
                data = read_picture_file(path)
                add_entry(archive, f"{REFERENCES}/{path.name}", data, made_at)
            else:
                wanting.append(said("The reference {name} is gone.", name=path.name))
    return tuple(wanting)


def _pictures(plan: Plan, look: Look) -> Iterator[tuple[str, Run]]:
    by_comparison: dict[str, list[Run]] = {}
    for run in look.rows:
        by_comparison.setdefault(run.comparison_id, []).append(run)
    seen: dict[int, int] = {}
    for planned in plan.comparisons:
        seen[planned.prompt] = seen.get(planned.prompt, 0) + 1
        folder = f"{planned.prompt + 1:04d}-{seen[planned.prompt]}"
        for name, run in named_pictures(by_comparison.get(planned.comparison_id, [])):
            yield f"{folder}/{name}", run


def _references(plan: Plan) -> Iterator[Path]:
    paths = {
        reference.path
        for each in plan.settings.reference_sets
        for reference in each.references
        if reference.path is not None
    }
    return iter(sorted(paths))
