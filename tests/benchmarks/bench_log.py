"""
What the log costs, beside the plain ways of keeping one: `python -m tests.benchmarks.bench_log`.

Takes about two minutes and 1.5 GB of temporary disk; `--quick` leaves out the million rows.
"""

import argparse
import os
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, fields
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pandas as pd

from playground.csvlog.cells import join_line, write_cell
from playground.journal import Fact, Journal
from playground.runlog import RunLog, load_runs
from playground.schema import EstimateKind, Origin, Run, RunStatus, column_info

SEED = 20260101
N_LOADED = 100_000
N_LARGE = 1_000_000
N_APPENDS = 200
APPEND_MS = 0.5
LOAD_S = 0.6


def sample_run(number: int, rng: random.Random) -> Run:
    """A succeeded run without references, as full of figures as a real one."""
    started_at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=3.7 * number)

    def later(seconds: float) -> datetime:
        return started_at + timedelta(seconds=seconds)

    def hex_digits(n: int) -> str:
        return f"{rng.getrandbits(4 * n):0{n}x}"

    wait_s = rng.lognormvariate(2.2, 0.3)
    return Run(
        run_id=f"run_{hex_digits(32)}",
        comparison_id=f"cmp_{number // 2:032x}",
        lane=1 + number % 2,
        repeat=1,
        model=("flux-2-flex", "flux-2-pro")[number % 2],
        prompt=f'A lighthouse at dusk, painted in oil, "wide" view, variation {number // 8}',
        size="16:9",
        resolution="1K",
        reference_count=0,
        request_sha256=hex_digits(64),
        origin=Origin.EMULATED,
        api_host="127.0.0.1:8000",
        app_version="0.1.0",
        status=RunStatus.SUCCEEDED,
        task_id=f"task_{hex_digits(16)}",
        result_url=f"https://files.example.com/{hex_digits(16)}.jpg",
        expires_at=later(86_400 + wait_s),
        file=f"pictures/{hex_digits(32)}.jpg",
        sha256=hex_digits(64),
        format="JPEG",
        width_px=1820,
        height_px=1024,
        nominal_width_px=1820,
        nominal_height_px=1024,
        size_bytes=rng.randrange(200_000, 2_000_000),
        dhash=hex_digits(16),
        started_at=started_at,
        sent_at=later(0.004),
        accepted_at=later(0.3),
        finished_at=later(wait_s + 0.9),
        server_created_at=later(0.2).replace(microsecond=0),
        server_completed_at=later(wait_s).replace(microsecond=0),
        submit_s=rng.uniform(0.1, 0.5),
        queued_s=rng.uniform(0.1, 2.0),
        generating_s=wait_s / 2,
        wait_s=wait_s,
        lag_bound_s=rng.uniform(0.1, 1.0),
        download_s=rng.uniform(0.1, 1.0),
        total_s=wait_s + 0.9,
        polls=rng.randrange(2, 8),
        estimate_usd=Decimal("0.047"),
        estimate_kind=EstimateKind.ESTIMATED,
        estimate_source="https://example.com/prices",
        estimate_dated="2026-01-01",
        charged_usd=Decimal("0.0470"),
        charged_credits=Decimal("9.40"),
        billing_status="settled",
    )


def write_runs(path: Path, n_rows: int, rng: random.Random) -> None:
    """A log of that many runs, written at once; of more than N_LOADED only the ids differ."""
    columns = column_info(Run)
    n_blocks = max(1, n_rows // N_LOADED)
    lines = [
        join_line(write_cell(getattr(run, name), columns[name]["dtype"]) for name in columns)
        for run in (sample_run(number, rng) for number in range(n_rows // n_blocks))
    ]
    with path.open("wb") as file:
        file.write(join_line(columns))
        for block in range(n_blocks):
            file.writelines(line.replace(b"run_", b"run%d_" % block, 1) for line in lines)
        file.flush()
        os.fsync(file.fileno())  # or the first row that is appended waits for all of them


def median_ms(action: Callable[[Run], object], runs: list[Run]) -> float:
    times = []
    for run in runs:
        begun = time.perf_counter()
        action(run)
        times.append(1000 * (time.perf_counter() - begun))
    return statistics.median(times)


def append_costs_ms(log: RunLog, path: Path, runs: list[Run]) -> tuple[float, float, float]:
    """Median of an append, of what this disk takes to keep as many bytes, and CPU of the first."""
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    appends, bare_writes, cpu_s = [], [], 0.0
    for run in runs:
        begun, cpu_begun = time.perf_counter(), time.thread_time()
        log.append(run)
        cpu_s += time.thread_time() - cpu_begun
        appended = time.perf_counter()
        os.write(fd, b"x" * 900)
        os.fsync(fd)
        appends.append(appended - begun)
        bare_writes.append(time.perf_counter() - appended)
    os.close(fd)
    return (
        1000 * statistics.median(appends),
        1000 * statistics.median(bare_writes),
        1000 * cpu_s / len(runs),
    )


def best_s(action: Callable[[], object], repeats: int = 3) -> float:
    times = []
    for _ in range(repeats):
        begun = time.perf_counter()
        action()
        times.append(time.perf_counter() - begun)
    return min(times)


def rewrite_with(path: Path, run: Run) -> None:
    row = pd.DataFrame([asdict(run)])
    old = pd.read_csv(path)
    (pd.concat([old, row]) if len(old) else row).to_csv(path, index=False)


def append_plainly(path: Path, run: Run) -> None:
    pd.DataFrame([asdict(run)]).to_csv(path, mode="a", header=False, index=False)


def show(what: str, value: float, unit: str, target: float | None = None) -> None:
    verdict = "" if target is None else f"   target {target:g} {unit}"
    verdict += "" if target is None else "   reached" if value <= target else "   MISSED"
    print(f"{what:<58}{value:>10.3f} {unit}{verdict}")


def bench_appends(folder: Path, n_rows: int, rng: random.Random) -> None:
    path = folder / f"runs_{n_rows}.csv"
    write_runs(path, n_rows, rng)
    begun = time.perf_counter()
    log = RunLog(path)
    opened_s = time.perf_counter() - begun
    runs = [sample_run(n_rows + number, rng) for number in range(N_APPENDS)]
    print(f"\n{n_rows:,} rows, {path.stat().st_size / 1e6:,.0f} MB")
    append_ms, bare_ms, cpu_ms = append_costs_ms(log, folder / "bare", runs)
    show("append one row, on disk", append_ms, "ms", APPEND_MS)
    show("floor: write() and fsync() alone, in turn with it", bare_ms, "ms")
    show("append one row, CPU only", cpu_ms, "ms")
    show("the same row a second time", median_ms(log.append, runs), "ms")
    show("get one run", median_ms(lambda run: log.get(run.run_id), runs), "ms")
    since = datetime(2026, 1, 1, tzinfo=UTC)
    show(
        "spent since the beginning",
        median_ms(lambda _: log.spent_usd(origin=Origin.EMULATED, since=since), runs),
        "ms",
    )
    show("open the log", opened_s, "s")
    show(
        "plain: to_csv(mode='a'), no lock, no fsync",
        median_ms(lambda run: append_plainly(path, run), runs),
        "ms",
    )
    if n_rows <= N_LOADED:
        show(
            "plain: read_csv, concat, to_csv",
            median_ms(lambda run: rewrite_with(path, run), runs[:3]),
            "ms",
        )


def bench_loads(folder: Path, rng: random.Random) -> None:
    path = folder / "runs_load.csv"
    write_runs(path, N_LOADED, rng)
    print(f"\nload {N_LOADED:,} rows of {len(fields(Run))} columns")
    show("load_runs, exact text and dtypes", best_s(lambda: load_runs(path), 5), "s", LOAD_S)
    show("plain: pd.read_csv, guessed dtypes", best_s(lambda: pd.read_csv(path), 5), "s")
    some = ["run_id", "model", "status", "wait_s", "charged_usd"]
    show("load_runs, 5 columns", best_s(lambda: load_runs(path, some)), "s")
    show("plain: pd.read_csv, 5 columns", best_s(lambda: pd.read_csv(path, usecols=some)), "s")


def bench_journal(folder: Path, rng: random.Random) -> None:
    runs = [sample_run(number, rng) for number in range(N_APPENDS)]
    journal = Journal.open(folder / "journal")

    def whole_life(run: Run) -> None:
        run_id = run.run_id
        journal.write(run_id, Fact.INTENT, run={"prompt": run.prompt, "estimate_usd": "0.047"})
        journal.write(run_id, Fact.SENT, attempt=1)
        journal.write(run_id, Fact.ACCEPTED, task_id=run.task_id)
        journal.write(run_id, Fact.COMPLETED, url=run.result_url)
        journal.write(run_id, Fact.SAVED, file=run.file, sha256=run.sha256)
        journal.write(run_id, Fact.LOGGED)

    print("\njournal")
    show("one run, six facts, three of them flushed", median_ms(whole_life, runs), "ms")
    begun = time.process_time()
    for run in runs:
        whole_life(run)
    show("the same, CPU only", 1000 * (time.process_time() - begun) / len(runs), "ms")
    journal.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="leave out the million rows")
    arguments = parser.parse_args()
    rng = random.Random(SEED)
    with tempfile.TemporaryDirectory() as folder:
        for n_rows in (0, N_LOADED) if arguments.quick else (0, N_LOADED, N_LARGE):
            bench_appends(Path(folder), n_rows, rng)
        bench_loads(Path(folder), rng)
        bench_journal(Path(folder), rng)


if __name__ == "__main__":
    main()
