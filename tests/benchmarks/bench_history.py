"""
What History costs over a long log, beside a plain pandas read: `python -m tests.benchmarks.bench_history`.

Takes about a minute. Each side runs in a process of its own, so that memory can be told apart.
"""

import argparse
import gc
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from playground.csvlog.cells import join_line, write_cell
from playground.history.marks import MarkLog
from playground.history.pages import History, HistoryQuery
from playground.judging.pairs import pairs_in, pairs_of
from playground.runlog import RunLog, load_runs
from playground.schema import Answer, Vote, column_info
from tests.benchmarks.bench_log import sample_run, show, write_runs
from tests.judging_rig import a_ballot

Found = dict[str, Any]  # name → (wall s, CPU s), or MB

SEED = 20260101
N_RUNS = 100_000
N_VOTES = 20_000
TARGET_S = 1.0
TEXT = "VARIATION 777"


def rss_mb() -> float:
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1e6


def timed(action: Callable[[], Any]) -> tuple[tuple[float, float], Any]:
    """Seconds on the wall and of the processor, which others on the machine do not change."""
    begun, cpu = time.perf_counter(), time.process_time()
    result = action()
    return (time.perf_counter() - begun, time.process_time() - cpu), result


def write_votes(folder: Path, rng: random.Random) -> None:
    """Votes on the oldest pairs, written at once."""
    from playground.judging.votes import VoteLog

    pairs = pairs_in(pairs_of(load_runs(folder / "runs.csv")).head(N_VOTES))
    with tempfile.TemporaryDirectory() as other:
        vote = a_ballot(VoteLog(Path(other) / "votes.csv"), pairs[0]).cast(
            Answer.TIE, at=datetime(2026, 1, 1, tzinfo=UTC)
        )
    columns = column_info(Vote)
    with (folder / "votes.csv").open("wb") as file:
        file.write(join_line(columns))
        for pair in pairs:
            act = replace(
                vote,
                act_id=f"act_{rng.getrandbits(128):032x}",
                comparison_id=pair.comparison_id,
                run_1=pair.run_1,
                run_2=pair.run_2,
                run_a=pair.run_1,
                voter_id="voter_1",
            )
            cells = (write_cell(getattr(act, name), columns[name]["dtype"]) for name in columns)
            file.write(join_line(cells))


def ours(folder: Path) -> Found:
    before_mb = rss_mb()
    history = History(folder)
    found: Found = {}
    found["first page"], page = timed(lambda: history.page(HistoryQuery()))
    assert (len(page.items), page.n_found) == (24, N_RUNS // 2)
    found["memory"] = rss_mb() - before_mb
    found["page 1 000"], _ = timed(lambda: history.page(HistoryQuery(page=1_000)))
    query = HistoryQuery(
        text=TEXT, models=("flux-2-pro",), statuses=("succeeded",), sizes=("16:9",)
    )
    found["first search and filter"], page = timed(lambda: history.page(query))
    assert page.n_found == 44, page.n_found
    found["next search and filter"], _ = timed(lambda: history.page(replace(query, text="oil, ")))
    judged = HistoryQuery(is_judged=True)
    found["first filter by votes"], page = timed(lambda: history.page(judged))
    assert page.n_found == N_VOTES
    found["next filter by votes"], _ = timed(lambda: history.page(replace(judged, is_judged=False)))
    found["choices of the filters"], _ = timed(history.choices)
    RunLog(folder / "runs.csv").append(sample_run(N_RUNS, random.Random(SEED + 1)))
    found["page after one more run"], page = timed(lambda: history.page(HistoryQuery()))
    assert page.n_found == N_RUNS // 2 + 1
    MarkLog(folder / "marks.csv").star(
        page.items[0].comparison_id, is_on=True, at=datetime(2026, 1, 1, tzinfo=UTC)
    )
    found["page after one more star"], page = timed(lambda: history.page(HistoryQuery()))
    assert page.items[0].is_starred
    found["queue of all that is left"], queue = timed(
        lambda: history.queue(voter_id="voter_1", seed=1, trust_share=0.1)
    )
    assert len(queue) > N_RUNS // 2 - N_VOTES
    found["memory with everything used"] = rss_mb() - before_mb
    return found


def plain(folder: Path) -> Found:
    before_mb = rss_mb()
    found: Found = {}

    def first_page() -> pd.DataFrame:
        runs = pd.read_csv(folder / "runs.csv")
        page: pd.DataFrame = runs.sort_values("started_at", ascending=False).head(48)
        return page

    found["first page"], _ = timed(first_page)
    runs = pd.read_csv(folder / "runs.csv")
    found["memory"] = rss_mb() - before_mb
    found["first search and filter"], _ = timed(
        lambda: runs[
            runs["prompt"].str.contains(TEXT, case=False, regex=False)
            & (runs["model"] == "flux-2-pro")
            & (runs["status"] == "succeeded")
        ].sort_values("started_at", ascending=False)
    )
    return found


def measured(side: str, folder: Path) -> Found:
    command = [sys.executable, "-m", "tests.benchmarks.bench_history", "--side", side, str(folder)]
    found: Found = json.loads(subprocess.check_output(command, text=True))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--side", nargs=2, help=argparse.SUPPRESS)
    side = parser.parse_args().side
    if side is not None:
        name, folder = side
        print(json.dumps({"ours": ours, "plain": plain}[name](Path(folder))))
        return
    rng = random.Random(SEED)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_runs(folder / "runs.csv", N_RUNS, rng)
        write_votes(folder, rng)
        size_mb = (folder / "runs.csv").stat().st_size / 1e6
        print(f"\n{N_RUNS:,} runs ({size_mb:,.0f} MB), {N_VOTES:,} votes")
        plainly = measured("plain", folder)
        for what, value in measured("ours", folder).items():
            tell(what, value, None if what.startswith("queue") else TARGET_S)
            if what in plainly:
                tell("    plain pandas", plainly[what], None)


def tell(what: str, value: Any, target_s: float | None) -> None:
    if isinstance(value, float):
        show(what, value, "MB")
    else:
        wall_s, cpu_s = value
        show(f"{what:<40}{cpu_s:>8.3f} s CPU", wall_s, "s", target_s)


if __name__ == "__main__":
    main()
