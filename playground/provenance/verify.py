"""Whether the log and the files still agree: pictures lost or altered, files that belong to no row."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from playground.disk import storage_errors
from playground.runlog import load_runs

PICTURES = "pictures"
REFERENCES = "references"

_COLUMNS = ("run_id", "file", "sha256", "reference_sha256")
_BY_ADDRESS = "-"


class FindingKind(StrEnum):
    """What is wrong with a file."""

    LOST = "lost"  # the row says where, and nothing is there
    ALTERED = "altered"  # not the bytes that came
    OUTSIDE = "outside"  # the row points out of the data folder; not opened
    NO_ROW = "no_row"  # a picture that no row and no journal tells of
    REFERENCE_LOST = "reference_lost"
    REFERENCE_ALTERED = "reference_altered"


_SENTENCES = {
    FindingKind.LOST: "the picture is gone",
    FindingKind.ALTERED: "the picture is not the one that came",
    FindingKind.OUTSIDE: "the row points out of the data folder",
    FindingKind.NO_ROW: "no row tells of this picture",
    FindingKind.REFERENCE_LOST: "the reference is gone, so its requests cannot be restored whole",
    FindingKind.REFERENCE_ALTERED: "the reference is not the one that was sent",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One file with what is wrong with it and the runs whose rows name it, in their order."""

    kind: FindingKind
    file: str  # relative to the data folder, as the row spells it
    run_ids: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        return _SENTENCES[self.kind]


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyReport:
    """What was looked at and what was found, in the order of FindingKind and then by file."""

    n_rows: int
    n_files: int  # read to their last byte
    size_bytes: int  # of those
    n_unfinished: int  # pictures of runs that are still open
    findings: tuple[Finding, ...]

    @property
    def is_clean(self) -> bool:
        return not self.findings

    def to_json(self) -> dict[str, Any]:
        """Plain types only."""
        return {
            "clean": self.is_clean,
            "rows": self.n_rows,
            "files": self.n_files,
            "bytes": self.size_bytes,
            "unfinished": self.n_unfinished,
            "findings": [
                {"kind": f.kind, "file": f.file, "run_ids": list(f.run_ids), "says": f.sentence}
                for f in self.findings
            ],
        }


def verify(data_dir: Path) -> VerifyReport:
    """
    Compares every row of `runs.csv` with its files, and every picture with the rows.

    Reads all pictures and references and changes nothing; programs at work are not disturbed. A
    picture that a journal tells of belongs to a run that is still open.

    Raises:
        StorageError: The log or a file cannot be read.
    """
    # Before the rows, so that a picture that lands meanwhile is not taken for a stray.
    there = _names(data_dir / PICTURES)
    runs = load_runs(data_dir / "runs.csv", _COLUMNS)
    check = _Check(data_dir)
    pictures: dict[tuple[str, str], list[str]] = {}
    references: dict[str, list[str]] = {}
    for run_id, file, sha256, sent in zip(*(runs[name] for name in _COLUMNS), strict=True):
        if isinstance(file, str):
            known = sha256 if isinstance(sha256, str) else ""
            pictures.setdefault((file, known), []).append(run_id)
        for reference in sent.split() if isinstance(sent, str) else ():
            if reference != _BY_ADDRESS:
                references.setdefault(reference, []).append(run_id)
    for (file, sha256), run_ids in pictures.items():
        check.picture(file, sha256, run_ids)
    for sha256, run_ids in references.items():
        check.reference(sha256, run_ids)
    strays = there - {file for file, _ in pictures}
    unfinished: set[str] = set()
    if strays:
        journals = list(_contents(data_dir / "journal"))
        # Runs that have ended meanwhile have their rows now.
        strays -= set(load_runs(data_dir / "runs.csv", ["file"])["file"].dropna())
        unfinished = {file for file in strays if any(file.encode() in j for j in journals)}
    check.findings += [Finding(kind=FindingKind.NO_ROW, file=f) for f in strays - unfinished]
    order = list(FindingKind)
    return VerifyReport(
        n_rows=len(runs),
        n_files=check.n_files,
        size_bytes=check.size_bytes,
        n_unfinished=len(unfinished),
        findings=tuple(sorted(check.findings, key=lambda f: (order.index(f.kind), f.file))),
    )


def file_inside(data_dir: Path, file: str) -> Path | None:
    """Where a row's file is; None if that is out of the data folder, by `..`, `/` or a link."""
    path = data_dir / file
    try:
        is_inside = path.resolve().is_relative_to(data_dir.resolve())
    except (ValueError, OSError, RuntimeError):  # NUL in the name, or links in a circle
        return None
    return path if is_inside else None


class _Check:
    """Reads each file once and keeps what is wrong."""

    def __init__(self, data_dir: Path) -> None:
        self.findings: list[Finding] = []
        self.n_files = 0
        self.size_bytes = 0
        self._data_dir = data_dir
        self._kept = {Path(name).stem: name for name in _names(data_dir / REFERENCES)}
        self._hashes: dict[Path, str | None] = {}

    def picture(self, file: str, sha256: str, run_ids: list[str]) -> None:
        path = file_inside(self._data_dir, file)
        if path is None:
            self._add(FindingKind.OUTSIDE, file, run_ids)
        elif (found := self._hash(path)) is None:
            self._add(FindingKind.LOST, file, run_ids)
        elif found != sha256:
            self._add(FindingKind.ALTERED, file, run_ids)

    def reference(self, sha256: str, run_ids: list[str]) -> None:
        file = self._kept.get(sha256)
        path = None if file is None else file_inside(self._data_dir, file)
        if file is None or path is None:
            self._add(FindingKind.REFERENCE_LOST, f"{REFERENCES}/{sha256}", run_ids)
        elif self._hash(path) != sha256:
            self._add(FindingKind.REFERENCE_ALTERED, file, run_ids)

    def _add(self, kind: FindingKind, file: str, run_ids: list[str]) -> None:
        self.findings.append(Finding(kind=kind, file=file, run_ids=tuple(run_ids)))

    def _hash(self, path: Path) -> str | None:
        if path not in self._hashes:
            self._hashes[path] = self._read(path)
        return self._hashes[path]

    def _read(self, path: Path) -> str | None:
        with storage_errors(path):
            if not path.is_file():
                return None
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
                self.size_bytes += file.tell()
        self.n_files += 1
        return digest


def _names(folder: Path) -> set[str]:
    """The files of a folder, relative to the data folder; drafts, which start with a dot, are none."""
    with storage_errors(folder):
        if not folder.is_dir():
            return set()
        return {
            f"{folder.name}/{path.name}"
            for path in folder.iterdir()
            if path.is_file() and not path.name.startswith(".")
        }


def _contents(journals: Path) -> Iterator[bytes]:
    with storage_errors(journals):
        for path in sorted(journals.glob("*.jsonl")):
            try:
                yield path.read_bytes()
            except FileNotFoundError:  # compacted or adopted a moment ago
                continue
