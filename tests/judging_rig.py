"""Comparisons that have been run, without running them: rows of the log and the files they name."""

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

from playground.csvlog import CsvLog
from playground.judging.pairs import Pair, comparison_pairs
from playground.judging.votes import Ballot, VoteLog
from playground.runlog import RunLog
from playground.schema import Origin, Run, RunStatus

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
MODELS = ("flux-2-flex", "flux-2-pro")
VOTER = "voter_of_tests"


def minutes(n: float) -> datetime:
    return NOON + timedelta(minutes=n)


def a_run(comparison: int = 1, lane: int = 1, repeat: int = 1, **changes: Any) -> Run:
    """A succeeded run; comparison n began n minutes after noon."""
    run_id = f"run_{comparison}_{lane}_{repeat}"
    run = Run(
        run_id=run_id,
        comparison_id=f"cmp_{comparison}",
        lane=lane,
        repeat=repeat,
        model=MODELS[lane - 1] if lane <= len(MODELS) else f"model-{lane}",
        prompt=f"A lighthouse, number {comparison}",
        size="16:9",
        resolution="1K",
        reference_count=0,
        request_sha256=hashlib.sha256(f"{comparison} {lane}".encode()).hexdigest(),
        origin=Origin.LIVE,
        api_host="toapis.com",
        app_version="0.1.0",
        status=RunStatus.SUCCEEDED,
        task_id=f"task_{run_id}",
        file=f"pictures/{run_id}.png",
        sha256=hashlib.sha256(run_id.encode()).hexdigest(),
        format="PNG",
        width_px=1820,
        height_px=1024,
        nominal_width_px=1820,
        nominal_height_px=1024,
        dhash=hashlib.sha256(run_id.encode()).hexdigest()[:16],
        started_at=minutes(comparison),
        finished_at=minutes(comparison) + timedelta(seconds=9),
    )
    return replace(run, **changes)


def a_comparison(number: int = 1, repeats: int = 1, **changes: Any) -> tuple[Run, ...]:
    return tuple(
        a_run(number, lane, repeat, **changes)
        for repeat in range(1, repeats + 1)
        for lane in (1, 2)
    )


def failed(run: Run) -> Run:
    return replace(run, status=RunStatus.FAILED, file=None, sha256=None, dhash=None)


def a_pair(number: int = 1, **changes: Any) -> Pair:
    return comparison_pairs(a_comparison(number, **changes))[0]


def log_runs(data_dir: Path, runs: Iterable[Run]) -> None:
    log = RunLog(data_dir / "runs.csv")
    for run in runs:
        log.append(run)


def a_ballot(log: VoteLog, pair: Pair | None = None, **changes: Any) -> Ballot:
    told = {"voter_id": VOTER, "is_blind": True, "number": 7, "at": NOON, **changes}
    return Ballot.open(pair or a_pair(), log=log, **told)


def a_picture(
    format_: str = "PNG", *, size: tuple[int, int] = (96, 64), seed: int = 0, **options: Any
) -> bytes:
    """A small picture with something on it; another seed, another picture."""
    image = Image.new("RGB", size, (20 * seed % 255, 90, 160))
    draw = ImageDraw.Draw(image)
    for step in range(6):
        digest = hashlib.sha256(f"{seed} {step}".encode()).digest()
        x, y = digest[0] * size[0] // 255, digest[1] * size[1] // 255
        draw.ellipse((x - 18, y - 18, x + 18, y + 18), fill=(digest[2], digest[3], digest[4]))
    out = BytesIO()
    image.save(out, format_, **options)
    return out.getvalue()


def keep_picture(data_dir: Path, run: Run, data: bytes) -> Run:
    """The run with that file as its picture."""
    path = data_dir / f"{run.file}"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    return replace(run, sha256=hashlib.sha256(data).hexdigest(), size_bytes=len(data))


def rewrite_log(data_dir: Path, runs: Iterable[Run]) -> None:
    """Another log in place of the one there."""
    (data_dir / "runs.csv").unlink(missing_ok=True)
    log: CsvLog[Run] = CsvLog(data_dir / "runs.csv", Run, key="run_id")
    for run in runs:
        log.append(run)
