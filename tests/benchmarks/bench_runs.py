"""
What a logged run costs beside a raw httpx loop that keeps no journal, no log and no budget.

    python -m tests.benchmarks.bench_runs [--runs 200] [--in-flight 8] [--speed 20]

Both buy from one emulator in a process of its own, with plain pictures, in turns, several rounds.
CPU is the thread of the event loop; the checks of the pictures run in other threads and are in
the process figure. A stall is how late a 5 ms timer on the loop came.
"""

import argparse
import asyncio
import contextlib
import gc
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx

from app import prepare_process
from playground.runner.engine import Engine
from playground.runner.kit import Patience
from playground.runner.views import RunView
from playground.schema import Comparison, Run, RunStatus
from playground.settings import Settings

KEY = "sk-benchmark-only"
TICK_S = 0.005


@dataclass
class Figures:
    """What one round of runs took."""

    wall_s: float
    loop_cpu_ms: float  # per run
    process_cpu_ms: float  # per run
    worst_stall_ms: float
    done: int


@contextlib.contextmanager
def emulator(folder: Path, speed: float, law: str) -> Iterator[str]:
    process = subprocess.Popen(
        [
            sys.executable, "-m", "playground.emulator", "--port", "0", "--data", str(folder),
            "--speed", str(speed), "--picture", "plain", "--group", "unlimited",
            "--balance", "unlimited", "--law", law,
        ],
        stdout=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    try:
        assert process.stdout
        for line in process.stdout:
            if "http://" in line:
                yield line[line.index("http://") :].split()[0].rstrip("/").removesuffix("/v1")
                break
    finally:
        process.terminate()
        process.wait(10)


@contextlib.asynccontextmanager
async def watched(stalls: list[float]) -> AsyncIterator[None]:
    async def tick() -> None:
        while True:
            begun = time.perf_counter()
            await asyncio.sleep(TICK_S)
            stalls.append(time.perf_counter() - begun - TICK_S)

    ticking = asyncio.create_task(tick())
    try:
        yield
    finally:
        ticking.cancel()


async def raw(url: str, runs: int, in_flight: int, speed: float, folder: Path) -> int:
    """Submit, ask as the vendor advises, download, write: what a script would do."""
    gate, done = asyncio.Semaphore(in_flight), 0
    headers = {"Authorization": f"Bearer {KEY}"}
    async with (
        httpx.AsyncClient(base_url=url, headers=headers, timeout=60) as api,
        httpx.AsyncClient(timeout=60) as files,
    ):

        async def one(number: int) -> None:
            nonlocal done
            async with gate:
                body = {"model": "flux-2-pro", "prompt": "A lighthouse at dusk"}
                task = (await api.post("/v1/images/generations", json=body)).json()
                await asyncio.sleep(2 / speed)
                while True:
                    answer = await api.get(f"/v1/images/generations/{task['id']}")
                    status = answer.json()
                    if status["status"] == "completed":
                        break
                    await asyncio.sleep(3 / speed)
                picture = await files.get(status["result"]["data"][0]["url"])
                (folder / f"{number}.jpg").write_bytes(picture.content)
                done += 1

        await asyncio.gather(*(one(number) for number in range(runs)))
    return done


async def ours(
    url: str, runs: int, in_flight: int, speed: float, folder: Path, *, is_learning: bool
) -> int:
    settings = Settings(
        data_dir=folder, emulator_speed=speed, session_cap_usd=None, day_cap_usd=None,
        rate_group="svip",
    )  # fmt: skip
    engine = Engine(settings, patience=Patience())
    if not is_learning:
        engine.kit.durations.add = lambda *args, **kwargs: None  # type: ignore[method-assign]
    await engine.start()
    account = await engine.open_account(url, KEY)
    gate, done = asyncio.Semaphore(in_flight), 0
    rows: dict[str, asyncio.Future[Run]] = {}
    put = engine._board.put

    def put_and_tell(view: RunView) -> None:
        put(view)
        row = rows.setdefault(view.run_id, asyncio.get_running_loop().create_future())
        if view.run is not None:
            row.set_result(view.run)

    engine._board.put = put_and_tell  # type: ignore[method-assign]

    async def one(number: int) -> None:
        nonlocal done
        async with gate:
            comparison = Comparison(
                comparison_id=f"c{number}", prompt="A lighthouse at dusk", lanes=("flux-2-pro",)
            )
            (view,) = await engine.begin(
                comparison, account_id=account.account_id, session_id="bench"
            )
            run = await rows[view.run_id]
            done += run.status == RunStatus.SUCCEEDED

    try:
        await asyncio.gather(*(one(number) for number in range(runs)))
    finally:
        await engine.close()
    return done


def measure(work, runs: int) -> Figures:
    stalls: list[float] = []

    async def everything() -> int:
        async with watched(stalls):
            return await work()

    wall, loop_cpu, process_cpu = time.perf_counter(), time.thread_time(), time.process_time()
    done = asyncio.run(everything())
    return Figures(
        wall_s=time.perf_counter() - wall,
        loop_cpu_ms=1000 * (time.thread_time() - loop_cpu) / runs,
        process_cpu_ms=1000 * (time.process_time() - process_cpu) / runs,
        worst_stall_ms=1000 * max(stalls, default=0.0),
        done=done,
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--in-flight", type=int, default=8)
    parser.add_argument("--speed", type=float, default=20.0)
    parser.add_argument("--law", default="5-9", help="5%% to 95%% of the seconds a task takes")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    runs, in_flight, speed = options.runs, options.in_flight, options.speed
    prepare_process()
    gc.freeze()  # as app.py does: what was imported is not looked through for rubbish again
    with (
        tempfile.TemporaryDirectory() as name,
        emulator(Path(name) / "service", speed, options.law) as url,
    ):
        folder = Path(name)
        results: dict[str, list[Figures]] = {"raw httpx": [], "ours, fixed": [], "ours": []}
        for number in range(options.rounds):
            plain = folder / f"raw{number}"
            plain.mkdir()
            results["raw httpx"].append(
                measure(lambda: raw(url, runs, in_flight, speed, plain), runs)  # noqa: B023
            )
            for label, is_learning in (("ours, fixed", False), ("ours", True)):
                data = folder / f"{label}{number}"
                results[label].append(
                    measure(
                        lambda: ours(url, runs, in_flight, speed, data, is_learning=is_learning),  # noqa: B023
                        runs,
                    )
                )
    rss_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{runs} runs, {in_flight} in flight, emulator at speed {speed:g}, {options.rounds} rounds, medians"
    )
    print(
        "'fixed' asks on the vendor's schedule as the raw loop does; without it ours learns when to ask"
    )
    print(
        f"{'':<14}{'wall s':>9}{'loop CPU ms/run':>17}{'process CPU ms/run':>20}{'worst stall ms':>16}{'done':>7}"
    )
    for label, figures in results.items():
        print(
            f"{label:<14}{statistics.median(f.wall_s for f in figures):>9.2f}"
            f"{statistics.median(f.loop_cpu_ms for f in figures):>17.2f}"
            f"{statistics.median(f.process_cpu_ms for f in figures):>20.2f}"
            f"{max(f.worst_stall_ms for f in figures):>16.1f}"
            f"{min(f.done for f in figures):>7}"
        )
    print(f"peak memory of this process, all of the above: {rss_mb:.0f} MB")


if __name__ == "__main__":
    main()
