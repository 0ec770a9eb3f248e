"""
A whole experiment at the default tier's limits, beside a plain httpx loop on the same service.

    python -m tests.benchmarks.bench_experiment [--pictures 1000] [--hurry 5] [--only ours|raw]

The emulator's clock runs `hurry` times faster than the wall, its rate limits and its tasks with
it, and our own buckets likewise, so that minutes become seconds and the limits stay what they
are. All times printed are emulated ones. The plain loop sends what a semaphore lets through,
waits as long as a 429 tells it, and asks as the vendor advises; it keeps no log and no budget.
"""

import argparse
import asyncio
import contextlib
import gc
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx

from app import prepare_process
from playground import ratelimit
from playground.experiment.plan import Settings as Choices
from playground.experiment.plan import make_plan
from playground.experiment.prompts import from_lines
from playground.experiment.templates import fill
from playground.settings import Settings
from tests.benchmarks.bench_runs import watched

KEY = "sk-benchmark-only"
TIER = ratelimit.TIERS["default"]


@dataclass
class Figures:
    """One side's figures; seconds are emulated."""

    label: str
    done: int
    whole_s: float
    cpu_s: float
    worst_stall_ms: float
    n_refused: int
    n_queries: int


def serve(folder: str, hurry: float) -> None:
    """The emulator, in a process of its own, with a clock that hurries."""
    from playground.emulator import EmulatorServer, EmulatorSettings

    begun = time.time()
    settings = EmulatorSettings(
        data_dir=Path(folder),
        picture="plain",
        balance_credits=None,
        seed=1,
        now=lambda: begun + (time.time() - begun) * hurry,
    )
    with EmulatorServer(settings) as server:
        print(server.url, flush=True)
        sys.stdin.read()


@contextlib.contextmanager
def emulator(folder: Path, hurry: float) -> Iterator[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", __spec__.name, "--serve", str(folder), "--hurry", str(hurry)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout
        yield process.stdout.readline().strip()
    finally:
        assert process.stdin
        process.stdin.close()
        process.wait(20)


async def raw(url: str, n_pictures: int, in_flight: int, hurry: float, folder: Path) -> int:
    gate, done = asyncio.Semaphore(in_flight), 0
    headers = {"Authorization": f"Bearer {KEY}"}
    limits = httpx.Limits(max_connections=in_flight)
    async with (
        httpx.AsyncClient(base_url=url, headers=headers, timeout=60, limits=limits) as api,
        httpx.AsyncClient(timeout=60) as files,
    ):

        async def polite(send: Any) -> httpx.Response:
            while True:
                answer = await send()
                if answer.status_code != 429:
                    return answer
                await asyncio.sleep(float(answer.headers.get("Retry-After", 1)) / hurry)

        async def one(number: int) -> None:
            nonlocal done
            async with gate:
                model = ("flux-2-flex", "flux-2-pro")[number % 2]
                body = {"model": model, "prompt": f"A lighthouse, number {number // 2}"}
                task = (await polite(lambda: api.post("/v1/images/generations", json=body))).json()
                await asyncio.sleep(2 / hurry)
                while True:
                    path = f"/v1/images/generations/{task['id']}"
                    status = (await polite(lambda path=path: api.get(path))).json()
                    if status["status"] == "completed":
                        break
                    await asyncio.sleep(3 / hurry)
                picture = await files.get(status["result"]["data"][0]["url"])
                (folder / f"{number}.jpg").write_bytes(picture.content)
                done += 1

        await asyncio.gather(*(one(number) for number in range(n_pictures)))
    return done


async def ours(url: str, n_pictures: int, hurry: float, folder: Path) -> int:
    from playground.client import service
    from playground.experiment import drive
    from playground.experiment.lab import Lab
    from playground.runner.engine import Engine

    tiers = {"default": TIER.sped_up(hurry)}
    service.TIERS = drive.TIERS = tiers  # type: ignore[attr-defined, misc, assignment]
    lines = "\n".join(f"A lighthouse, number {number}" for number in range(n_pictures // 2))
    plan = make_plan(
        fill(from_lines(lines), limit=n_pictures),
        Choices(),
        app_version="0",
        at=datetime.now(UTC),
        seed=1,
    )
    settings = Settings(
        data_dir=folder, emulator_speed=hurry, session_cap_usd=None, day_cap_usd=None
    )
    engine = Engine(settings)
    await engine.start()
    account = await engine.open_account(url, KEY)
    lab = Lab(engine, account_id=account.account_id)
    await lab.start()
    try:
        lab.shelf.add(plan)
        lab.run(plan.experiment_id, budget_usd=Decimal(1000))
        progress = await lab.wait(plan.experiment_id)
        return progress.counts.n_done
    finally:
        await lab.close()
        await engine.close()


def measured(label: str, url: str, hurry: float, work: Any) -> Figures:
    stalls: list[float] = []

    async def everything() -> int:
        async with watched(stalls):
            return int(await work())

    wall, cpu = time.perf_counter(), time.process_time()
    done = asyncio.run(everything())
    whole_s = (time.perf_counter() - wall) * hurry
    cpu_s = time.process_time() - cpu
    answers = httpx.get(f"{url}/_emulator/state", timeout=30).json()["answers"]
    return Figures(
        label=label,
        done=done,
        whole_s=whole_s,
        cpu_s=cpu_s,
        worst_stall_ms=1000 * max(stalls, default=0.0),
        n_refused=sum(n for name, n in answers.items() if name.endswith(" 429")),
        n_queries=sum(n for name, n in answers.items() if name.startswith("status")),
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--pictures", type=int, default=1000)
    parser.add_argument("--hurry", type=float, default=5.0)
    parser.add_argument("--in-flight", type=int, default=90, help="of the plain loop")
    parser.add_argument("--only", choices=("ours", "raw"))
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options.serve, options.hurry)
        return
    n, hurry = options.pictures, options.hurry
    prepare_process()
    gc.freeze()  # as app.py does: what was imported is not looked through for rubbish again
    figures = []
    for label in ("raw", "ours"):
        if options.only not in (None, label):
            continue
        with tempfile.TemporaryDirectory() as name, emulator(Path(name) / "service", hurry) as url:
            folder = Path(name) / "data"
            folder.mkdir()

            def work(label: str = label, url: str = url, folder: Path = folder) -> Any:
                if label == "ours":
                    return ours(url, n, hurry, folder)
                return raw(url, n, options.in_flight, hurry, folder)

            figures.append(measured(label, url, hurry, work))
    least_s = ratelimit.least_duration_s(n, TIER)
    share, burst = ratelimit.RATE_SHARE, ratelimit.BURST_SHARE * TIER.submit_burst
    ours_least_s = max(0.0, n - burst) / (share * TIER.submit_per_s)
    print(f"{n} pictures at the default tier, emulated time, {hurry:g} times hurried")
    print(
        f"the service takes them in {least_s:.0f} s at the least; at {share:.0%} of its rate, "
        f"which is what we use, in {ours_least_s:.0f} s; one task more takes 5 to 9 s"
    )
    print(
        f"{'':<6}{'done':>6}{'whole s':>9}{'of least':>10}{'CPU s':>8}{'worst stall ms':>16}"
        f"{'429s':>7}{'queries':>9}"
    )
    for each in figures:
        print(
            f"{each.label:<6}{each.done:>6}{each.whole_s:>9.0f}{each.whole_s / least_s:>10.2f}"
            f"{each.cpu_s:>8.1f}{each.worst_stall_ms:>16.0f}{each.n_refused:>7}{each.n_queries:>9}"
        )
    rss_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory of this process: {rss_mb:.0f} MB")


if __name__ == "__main__":
    main()
