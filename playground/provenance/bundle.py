"""A comparison as one ZIP file: its pictures, its references, its rows, its votes and the request they come from."""

import hashlib
import json
import re
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from playground.csvlog import CsvLog
from playground.errors import PictureError
from playground.images import containers
from playground.images.decoding import read_picture_file
from playground.provenance.records import exported
from playground.provenance.verify import REFERENCES, file_inside
from playground.references import MIME_TYPES
from playground.sayings import said
from playground.schema import Run, Vote

SCHEMA = "flux-playground/comparison/1"

_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9._-]+")
_EARLIEST = datetime(1980, 1, 1, tzinfo=UTC)  # a ZIP file knows nothing older
_LATEST = datetime(2107, 12, 31, tzinfo=UTC)
_BY_ADDRESS = "-"
_FILE_MODE = 0o600 << 16

R = TypeVar("R")


def write_bundle(
    target: BinaryIO,
    runs: Sequence[Run],
    votes: Sequence[Vote],
    *,
    data_dir: Path,
    with_records: bool,
) -> tuple[str, ...]:
    """
    Writes the ZIP of one comparison; the same runs, votes and files give the same bytes.

    `runs.csv` and `votes.csv` (which a spreadsheet takes for plain text, whatever a prompt
    begins with), `request.json`, `pictures/<lane>-<model>-<repeat>.<ext>`, with `-retry2` and so
    on after a bought-again one, and `references/image-<n>.<ext>` as they were sent. Names come
    from us alone, never from a prompt or a path.

    Args:
        runs: Every run of the comparison, in the order they ended.

        with_records: Whether each picture carries how it was made, as text metadata. If not,
            the files are as they came.

    Returns:
        What is wanting, for people: a picture that is gone, altered or cannot carry a record.

    Raises:
        ValueError: There are no runs, or they are not of one comparison.
        StorageError: A file cannot be read.
    """
    if len({run.comparison_id for run in runs}) != 1:
        raise ValueError("A bundle holds the runs of one comparison.")
    made_at = max(run.finished_at for run in runs)
    wanting: list[str] = []
    with zipfile.ZipFile(target, "w") as archive, tempfile.TemporaryDirectory() as folder:
        add_entry(archive, "request.json", _request_json(runs), made_at, is_packed=True)
        add_entry(
            archive,
            "runs.csv",
            rows_csv(Path(folder), Run, "run_id", runs),
            made_at,
            is_packed=True,
        )
        if votes:
            rows = rows_csv(Path(folder), Vote, "act_id", votes)
            add_entry(archive, "votes.csv", rows, made_at, is_packed=True)
        for name, run in named_pictures(runs):
            data = picture_bytes(run, data_dir, wanting, with_record=with_records)
            if data is not None:
                add_entry(archive, f"pictures/{name}.{ending_of(data)}", data, run.finished_at)
        for number, path in _references(runs[0], data_dir, wanting):
            name = f"references/image-{number}{path.suffix}"
            add_entry(archive, name, read_picture_file(path), made_at)
    return tuple(wanting)


def add_entry(
    archive: zipfile.ZipFile, name: str, data: bytes, at: datetime, *, is_packed: bool = False
) -> None:
    """Adds a file, dated; `is_packed` for what is not compressed already."""
    moment = min(max(at.astimezone(UTC), _EARLIEST), _LATEST)
    entry = zipfile.ZipInfo(name, moment.timetuple()[:6])
    entry.external_attr = _FILE_MODE
    entry.create_system = 3  # Unix, wherever it is written
    # Pictures are compressed already.
    entry.compress_type = zipfile.ZIP_DEFLATED if is_packed else zipfile.ZIP_STORED
    archive.writestr(entry, data)


def rows_csv(folder: Path, record_type: type[R], key: str, records: Sequence[R]) -> bytes:
    """The records as a log of their own: one line each, harmless to a spreadsheet, read by `load`."""
    path = folder / f"{record_type.__name__}.csv"
    log = CsvLog(path, record_type, key=key)
    for record in records:
        log.append(record)
    return path.read_bytes()


def named_pictures(runs: Sequence[Run]) -> Iterator[tuple[str, Run]]:
    """The runs of a comparison with a picture and the name of each, by lane, then repeat, then retry."""
    attempts: dict[tuple[int, int], int] = {}
    for run in sorted(runs, key=lambda run: (run.lane, run.repeat)):
        place = (run.lane, run.repeat)
        attempts[place] = attempts.get(place, 0) + 1
        retry = "" if attempts[place] == 1 else f"-retry{attempts[place]}"
        model = _NOT_IN_NAMES.sub("-", run.model)[:60].strip(".-") or "model"
        if run.file is not None:
            yield f"{run.lane}-{model}-{run.repeat}{retry}", run


def picture_bytes(
    run: Run, data_dir: Path, wanting: list[str], *, with_record: bool
) -> bytes | None:
    """The picture as it came or with its record; None, and a sentence in `wanting`, if it is not there."""
    path = None if run.file is None else file_inside(data_dir, run.file)
    if path is None or not path.is_file():
        wanting.append(said("The picture of run {run_id} is gone.", run_id=run.run_id))
        return None
    try:
        data = read_picture_file(path)
        if hashlib.sha256(data).hexdigest() != run.sha256:
            wanting.append(
                said("The picture of run {run_id} is not the one that came.", run_id=run.run_id)
            )
            return None
        containers.read_header(data)
        return exported(data, run) if with_record else data
    except PictureError as exc:
        wanting.append(
            said("The picture of run {run_id} is left out. {exc}", run_id=run.run_id, exc=exc)
        )
        return None


def ending_of(data: bytes) -> str:
    """What the name of a picture file ends in, by its content."""
    return containers.EXTENSIONS.get(containers.read_header(data).format, "bin")


def _references(run: Run, data_dir: Path, wanting: list[str]) -> Iterator[tuple[int, Path]]:
    for number, sha256 in enumerate((run.reference_sha256 or "").split(), start=1):
        if sha256 == _BY_ADDRESS:
            continue
        paths = (file_inside(data_dir, f"{REFERENCES}/{sha256}{end}") for end in MIME_TYPES)
        path = next((path for path in paths if path is not None and path.is_file()), None)
        if path is None:
            wanting.append(said("Reference {number} is gone.", number=number))
        else:
            yield number, path


def _request_json(runs: Sequence[Run]) -> bytes:
    first = runs[0]
    lanes = {run.lane: run.model for run in runs}
    document: dict[str, Any] = {
        "schema": SCHEMA,
        "comparison_id": first.comparison_id,
        "prompt": first.prompt,
        "size": first.size,
        "resolution": first.resolution,
        "lanes": [lanes[lane] for lane in sorted(lanes)],
        "repeats": max(run.repeat for run in runs),
        "references": [
            {"image": number, "sha256": None if sha256 == _BY_ADDRESS else sha256}
            | ({"url": url} if sha256 == _BY_ADDRESS else {})
            for number, (sha256, url) in enumerate(
                zip(
                    (first.reference_sha256 or "").split(),
                    (first.reference_urls or "").split(),
                    strict=False,
                ),
                start=1,
            )
        ],
    }
    text = json.dumps(document, ensure_ascii=False, indent=2) + "\n"
    return text.encode(errors="backslashreplace")
