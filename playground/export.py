"""The logs and pictures as a folder of open files, ready for a Hugging Face dataset, pandas or DuckDB."""

import hashlib
import importlib.util
import json
import secrets
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from playground.csvlog.cells import join_line, write_cell
from playground.disk import storage_errors
from playground.errors import InvalidRequestError
from playground.judging.votes import load_votes
from playground.provenance.verify import file_inside
from playground.runlog import load_runs
from playground.schema import Origin, Run, Vote, column_info

PARQUET_PACKAGE = "pyarrow"
# Whose run it was, and addresses and ids at the service, are nobody else's business.
KEPT_BACK = ("owner_id", "task_id", "result_url", "expires_at", "reference_urls")
PICTURES = "pictures"
_ABOUT_PICTURES = (
    "run_id",
    "comparison_id",
    "experiment_id",
    "lane",
    "repeat",
    "model",
    "prompt",
    "size",
    "resolution",
    "reference_count",
    "origin",
    "width_px",
    "height_px",
    "sha256",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """What was written. `wanting`: one sentence for each picture that could not be."""

    folder: Path
    format: str  # parquet or csv
    n_runs: int
    n_votes: int
    n_pictures: int
    size_bytes: int  # of the pictures
    wanting: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain types only."""
        return {
            "folder": str(self.folder),
            "format": self.format,
            "runs": self.n_runs,
            "votes": self.n_votes,
            "pictures": self.n_pictures,
            "bytes": self.size_bytes,
            "wanting": list(self.wanting),
        }


def has_parquet() -> bool:
    """Whether the package that writes Parquet is installed; this project does not bring it."""
    return importlib.util.find_spec(PARQUET_PACKAGE) is not None


def export(
    data_dir: Path,
    target: Path,
    *,
    origin: Origin | None = None,
    experiment_id: str | None = None,
    as_parquet: bool,
) -> Exported:
    """
    Writes `runs` and `votes`, `pictures/` with `metadata.csv`, and the dataset's card, README.md.

    CSV cells are spelled as in the log, so `load_runs` reads them and a spreadsheet runs none
    of them. KEPT_BACK columns are left out. The folder is there whole or not at all.

    Raises:
        InvalidRequestError: The target is there and not empty, or nothing is to be exported.
        StorageError: A file cannot be read or written.
    """
    with storage_errors(target):
        if target.exists() and (not target.is_dir() or any(target.iterdir())):
            raise InvalidRequestError(
                f"{target} is there already and not empty. Name a new folder.", field="to"
            )
    runs = load_runs(data_dir / "runs.csv")
    votes = load_votes(data_dir / "votes.csv")
    for name, value in (("origin", origin), ("experiment_id", experiment_id)):
        if value is not None:
            runs = runs[(runs[name] == str(value)).fillna(False)]
    votes = votes[votes["comparison_id"].isin(runs["comparison_id"].dropna().unique())]
    if runs.empty:
        raise InvalidRequestError(f"{data_dir} has no such run to export.", field="to")
    draft = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        with storage_errors(target):
            draft.mkdir(parents=True)
            exported = _write(draft, data_dir, runs, votes, as_parquet)
            if target.exists():
                target.rmdir()
            draft.rename(target)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return Exported(folder=target, **exported)


def _write(
    folder: Path, data_dir: Path, runs: pd.DataFrame, votes: pd.DataFrame, as_parquet: bool
) -> dict[str, Any]:
    n_pictures, size_bytes, wanting = _copy_pictures(folder, data_dir, runs)
    format_ = "parquet" if as_parquet else "csv"
    for name, frame, record_type in (("runs", runs, Run), ("votes", votes, Vote)):
        told = frame.drop(columns=[c for c in KEPT_BACK if c in frame.columns])
        path = folder / f"{name}.{format_}"
        if as_parquet:
            told.to_parquet(path, index=False)
        else:
            _write_csv(path, told, record_type)
    facts = {
        "format": format_,
        "n_runs": len(runs),
        "n_votes": len(votes),
        "n_pictures": n_pictures,
    }
    (folder / "README.md").write_text(card(runs, votes, format_=format_), encoding="utf-8")
    return {**facts, "size_bytes": size_bytes, "wanting": tuple(wanting)}


def _copy_pictures(
    folder: Path, data_dir: Path, runs: pd.DataFrame
) -> tuple[int, int, "list[str]"]:
    """As they came; the metadata file is the one that dataset viewers look for."""
    wanting: list[str] = []
    with_file = runs[runs["file"].notna()].drop_duplicates("file")
    rows, size_bytes = [], 0
    (folder / PICTURES).mkdir()
    for run in with_file[["file", *_ABOUT_PICTURES]].to_dict("records"):
        path = file_inside(data_dir, run["file"])
        if path is None or not path.is_file():
            wanting.append(f"The picture of run {run['run_id']} is gone.")
            continue
        data = path.read_bytes()
        if hashlib.sha256(data).hexdigest() != run["sha256"]:
            wanting.append(f"The picture of run {run['run_id']} is not the one that came.")
            continue
        (folder / PICTURES / path.name).write_bytes(data)
        size_bytes += len(data)
        rows.append({"file_name": path.name, **{name: run[name] for name in _ABOUT_PICTURES}})
    told = pd.DataFrame(rows, columns=["file_name", *_ABOUT_PICTURES])
    _write_csv(folder / PICTURES / "metadata.csv", told, Run)
    return len(rows), size_bytes, wanting


def _write_csv(path: Path, frame: pd.DataFrame, record_type: type) -> None:
    info = column_info(record_type)
    dtypes = [info[name]["dtype"] if name in info else "string" for name in frame.columns]
    columns = [frame[name].tolist() for name in frame.columns]
    lines = [join_line(frame.columns)]
    for values in zip(*columns, strict=True):
        cells = (
            write_cell(None if pd.isna(value) else value, dtype)
            for value, dtype in zip(values, dtypes, strict=True)
        )
        lines.append(join_line(cells))
    path.write_bytes(b"".join(lines))


def card(runs: pd.DataFrame, votes: pd.DataFrame, *, format_: str) -> str:
    """The dataset's README with the metadata block that the Hub reads; no prompt stands in it."""
    counts = runs.groupby(["origin", "model", "status"], dropna=False).size()
    rows = counts.rename("n").reset_index().to_dict("records")
    lines = [f"| {' | '.join(map(_cell, row.values()))} |" for row in rows]
    is_emulated = (runs["origin"] == Origin.EMULATED).any()
    notice = (
        "**Some or all pictures here are emulated**: drawn on one machine, no model saw the "
        "prompt. Rows with `origin` = `emulated` say nothing about any model.\n\n"
        if is_emulated
        else ""
    )
    return (
        "---\n" + _metadata(format_) + "---\n\n# Comparisons of hosted image models\n\n" + notice
        + f"{len(runs):,} runs, {len(votes):,} acts of voting. Every attempt is a row, failures "
        "included; an empty cell means not known, never zero.\n\n"
        "| origin | model | status | runs |\n|---|---|---|---|\n" + "\n".join(lines) + "\n\n"
        f"- `runs.{format_}`: one row per attempt; `file` names its picture.\n"
        f"- `votes.{format_}`: one row per act; the last verdict of a voter on a pair counts, a "
        "withdrawn one leaves none.\n"
        "- `pictures/`: the files as they came, with `metadata.csv`.\n\n"
        "In CSV files `\\n`, `\\r`, `\\0` and `\\\\` are escaped, and a cell that a spreadsheet "
        "would run starts with `'`.\n\n"
        f"Left out on purpose: {', '.join(f'`{name}`' for name in KEPT_BACK)}. Prompts and notes "
        "are as people wrote them: read them before you publish.\n"
    )  # fmt: skip


def _metadata(format_: str) -> str:
    configs: Sequence[tuple[str, str]] = (
        ("runs", f"runs.{format_}"),
        ("votes", f"votes.{format_}"),
        ("pictures", f"{PICTURES}/**"),
    )
    lines = ["pretty_name: Comparisons of hosted image models", "tags:", "- image", "configs:"]
    for name, files in configs:
        lines += [f"- config_name: {name}", f"  data_files: {json.dumps(files)}"]
        if name == "runs":
            lines.append("  default: true")
    return "\n".join(lines) + "\n"


def _cell(value: Any) -> str:
    """One cell of a Markdown table; a model's name may be anything a person typed."""
    words = "not known" if pd.isna(value) else str(value)
    return "".join(c if c.isalnum() or c in " ._-" else "?" for c in words)[:60]
