"""
Many strangers on a public deployment, each running a comparison over real event streams.

    python -m tests.benchmarks.bench_visitors [--visitors 50] [--waves 3] [--speed 1] [--only ours]

Beside it, in the same run, a bare Gradio app that sends cards of the same size at the same pace
to as many visitors. Each app is a process of its own. The delay of an update is from the moment
the row of a lane was made (of the bare app: from the moment the card was sent) to its card's
arrival; the pause is what lies between two cards of a running lane, a second when nothing is in the
way. One visitor alone comes first. CPU and memory are those of the server's process; "own" is what
of it is no page of a file, such as a library used for the first time, which the system can drop and
read again; "in use" are Python's blocks that something still needs: what lies between them stays the
process's, and the next crowd's. Who has left is let go of after twenty seconds here: else a page is
kept for an hour, and a visit for half an hour.
"""

import argparse
import asyncio
import gc
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from pathlib import Path

from playground.runlog import RunLog
from tests.visitors import Visitor, visitors_of

ROOT = Path(__file__).resolve().parent.parent.parent
KEPT_S = 20.0
SETTLES_AFTER_S = 30.0
BARE_CARD_BYTES = 4_000
BARE_RUN_S = 9.0
PAUSE_S = 1.0


@dataclass(frozen=True, slots=True)
class Wave:
    """What one wave of visitors met. Memory in MB."""

    delays_s: list[float]
    pauses_s: list[float]
    ticks_s: list[float]
    failed: int
    seconds: float
    cpu_s: float
    loaded_mb: float
    busy_mb: float
    left_mb: float
    own_mb: float  # of what is left, what is no page of a file


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--visitors", type=int, default=50)
    parser.add_argument("--waves", type=int, default=3)
    parser.add_argument("--speed", type=float, default=1.0)
    parser.add_argument("--only", choices=("bare", "ours"))
    parser.add_argument("--serve", choices=("ours", "bare"))
    parser.add_argument("--data", type=Path)
    options = parser.parse_args()
    if options.serve == "ours":
        serve_ours(options.data, options.speed)
    elif options.serve == "bare":
        serve_bare()
    else:
        for which in ("bare", "ours") if options.only is None else (options.only,):
            compare(which, options.visitors, options.waves, options.speed)


def compare(which: str, visitors: int, waves: int, speed: float) -> None:
    with tempfile.TemporaryDirectory() as name:
        command = ["--serve", which, "--data", name, "--speed", str(speed)]
        with server(command) as (process, url):
            began_mb = memory_mb(process.pid)
            own_mb = memory_mb(process.pid, "RssAnon")
            print(
                f"{which}: {visitors} visitors at once; the server began with {began_mb:.0f} MB, "
                f"own {own_mb:.0f}"
            )
            log = RunLog(Path(name) / "data" / "runs.csv") if which == "ours" else None
            # What is used for the first time is read in, whoever comes.
            alone = asyncio.run(one_wave(url, process.pid, 1, log))
            print(
                f"  one visitor: {alone.failed} failed; left {alone.left_mb:.0f} MB, "
                f"own {alone.own_mb:.0f}"
            )
            began_mb, blocks = alone.left_mb, blocks_in_use(process)
            for number in range(1, waves + 1):
                wave = asyncio.run(one_wave(url, process.pid, visitors, log))
                print(
                    f"  wave {number}: {wave.failed} failed, {wave.seconds:.1f} s, "
                    f"CPU {wave.cpu_s:.1f} s · delay of an "
                    f"update p50 {percentile(wave.delays_s, 50):.2f} p95 "
                    f"{percentile(wave.delays_s, 95):.2f} max {max(wave.delays_s):.2f} s · pause "
                    f"p95 {percentile(wave.pauses_s, 95):.2f} max {max(wave.pauses_s):.2f} s · "
                    f"tick p95 {percentile(wave.ticks_s, 95):.2f} s · MB loaded "
                    f"{wave.loaded_mb:.0f}, busy {wave.busy_mb:.0f}, left {wave.left_mb:.0f}, own "
                    f"{wave.own_mb:.0f} ({(wave.loaded_mb - began_mb) / visitors:+.2f} a page)"
                )
                began_mb, before, blocks = wave.left_mb, blocks, blocks_in_use(process)
                print(
                    f"    left in use {blocks:,} blocks, {(blocks - before) / before:+.1%}, "
                    f"{(blocks - before) / visitors:+.0f} a visitor"
                )


async def one_wave(url: str, pid: int, visitors: int, log: RunLog | None) -> Wave:
    async with visitors_of(url, visitors) as everybody:
        cpu_began_s = cpu_s(pid)
        await asyncio.gather(*(each.come() for each in everybody))
        loaded_mb = memory_mb(pid)
        began_s = time.monotonic()
        await asyncio.gather(*(each.run("A lighthouse at dusk") for each in everybody))
        seconds = time.monotonic() - began_s
        wave_cpu_s = cpu_s(pid) - cpu_began_s
        busy_mb = memory_mb(pid)
    await asyncio.sleep(SETTLES_AFTER_S)
    delays_s, failed = [], sum(bool(each.problems) for each in everybody)
    for problem in sorted({words for each in everybody for words in each.problems}):
        print(f"    {problem}")
    for each in everybody:
        if log is None:
            delays_s += [u.at_s - u.sent_at_s for u in each.updates if u.sent_at_s is not None]
            continue
        shown, rows = last_cards(each), log_rows(log, each.comparison_id)
        failed += not each.problems and (len(rows) != 2 or len(shown) != 2)
        delays_s += [at_s - made_s for at_s, made_s in zip(shown, rows, strict=False)]
    return Wave(
        delays_s=delays_s,
        pauses_s=[update.gap_s for each in everybody for update in each.updates[2:]],
        ticks_s=[tick_s for each in everybody for tick_s in each.tick_s] or [0.0],
        failed=failed,
        seconds=seconds,
        cpu_s=wave_cpu_s,
        loaded_mb=loaded_mb,
        busy_mb=busy_mb,
        left_mb=memory_mb(pid),
        own_mb=memory_mb(pid, "RssAnon"),
    )


def last_cards(visitor: Visitor) -> list[float]:
    """When the finished card of each lane arrived, the left lane first."""
    # The first card of a page shows an example, which is over too: the last one counts.
    over = {each.lane: each.at_s for each in visitor.updates if each.is_over}
    return [over[lane] for lane in sorted(over)]


def log_rows(log: RunLog, comparison_id: str) -> list[float]:
    """When the row of each lane was made, the left lane first; only of what succeeded."""
    rows = [run for run in log.recent(10_000) if run.comparison_id == comparison_id]
    good = sorted((run for run in rows if run.status == "succeeded"), key=lambda run: run.lane)
    return [run.finished_at.timestamp() for run in good]


def percentile(values: list[float], percent: int) -> float:
    return statistics.quantiles(values, n=100)[percent - 1] if len(values) > 1 else values[0]


# ---- the servers --------------------------------------------------------------------------------


@contextmanager
def server(arguments: list[str]) -> Iterator[tuple[subprocess.Popen[str], str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.bench_visitors", *arguments],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout
        url = next(line.split()[1] for line in process.stdout if line.startswith("serving"))
        yield process, url
    finally:
        process.terminate()
        process.wait(20)


def blocks_in_use(process: subprocess.Popen[str]) -> int:
    """What a server says when it is asked."""
    assert process.stdin
    assert process.stdout
    process.stdin.write("\n")
    process.stdin.flush()
    return int(process.stdout.readline())


def _tell_blocks() -> None:
    for _ in sys.stdin:
        gc.collect()
        print(sys.getallocatedblocks(), flush=True)


def _serving(url: str) -> None:
    threading.Thread(target=_tell_blocks, daemon=True).start()
    print("serving", url, flush=True)


def serve_ours(folder: Path, speed: float) -> None:
    from app import prepare_process, settle
    from playground import ui
    from playground.ui import visits
    from tests.served import served

    prepare_process()
    visits.KEPT_IN_PUBLIC_S = KEPT_S
    ui.LOOK_EVERY_S = 5.0
    ui.Janitor = partial(ui.Janitor, look_every_s=1.0)
    ui.Sessions = partial(ui.Sessions, kept_s=KEPT_S)
    ui.looking_after = partial(ui.looking_after, every_s=1.0)
    as_deployed = {"is_public": True, "is_behind_proxy": True, "session_cap_usd": Decimal(50)}
    with served(folder / "data", emulator_speed=speed, **as_deployed) as page:
        settle()
        _serving(page.url)
        page.blocks.block_thread()


def serve_bare() -> None:
    import gradio as gr

    async def prepare() -> str:
        return ""

    async def lane():
        words = "x" * BARE_CARD_BYTES
        for number in range(int(BARE_RUN_S / PAUSE_S)):
            yield f'<p data-sent="{time.time()}" data-comparison="cmp_{number}">{words}</p>'
            await asyncio.sleep(PAUSE_S)

    with gr.Blocks(analytics_enabled=False) as demo:
        run = gr.Button("Run", elem_id="run")
        note = gr.HTML()
        cards = [gr.HTML(elem_id=f"card-{number}") for number in (1, 2)]
        click = run.click(prepare, None, note)
        for card in cards:
            click.success(lane, None, card, concurrency_limit=None)
    demo.queue(default_concurrency_limit=None)
    _, url, _ = demo.launch(
        prevent_thread_lock=True, quiet=True, max_threads=200, run_history=False, ssr_mode=False
    )
    _serving(url)
    demo.block_thread()


def cpu_s(pid: int) -> float:
    """Of the process itself, without those it started."""
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_mb(pid: int, kind: str = "VmRSS") -> float:
    status = Path(f"/proc/{pid}/status").read_text("ascii")
    line = next(each for each in status.splitlines() if each.startswith(kind))
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    main()
