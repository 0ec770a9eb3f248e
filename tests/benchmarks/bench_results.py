"""
What the summary of a long log costs, and the whole Results screen over it, from the files to the HTML:
`python -m tests.benchmarks.bench_results`. About a minute.

In processor seconds, which others on the machine do not change.
"""

import gc
import random
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from playground.csvlog.cells import join_line, write_cell
from playground.judging.pairs import pairs_of
from playground.judging.synthetic import SyntheticVoter
from playground.judging.votes import VoteLog
from playground.results.evidence import gather
from playground.results.scope import Scope
from playground.results.summary import summary_of
from playground.results.verdict import judge
from playground.schema import Origin, Vote, column_info
from playground.ui.results.findings import Findings, FindingsBook, Question
from playground.ui.results.money import money_html
from playground.ui.results.page import top_html
from playground.ui.results.sections import failures_html, groups_html, votes_html
from playground.ui.results.times import times_html
from tests.benchmarks.bench_log import sample_run, write_runs
from tests.judging_rig import NOON
from tests.results_rig import PRO, runs_frame
from tests.weighing_rig import votes_in

SEED = 20260101
N_RUNS = 100_000
N_VOTES = 30_000
TARGET_S = 2.0
SCREEN_TARGET_S = 3.0


def peak_mb() -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise OSError("the kernel does not tell the peak")


def main() -> None:
    rng = random.Random(SEED)
    runs = runs_frame(sample_run(number, rng) for number in range(N_RUNS))
    voter = SyntheticVoter(model=PRO, share=0.55, tie_share=0.1, spread=0.3, seed=SEED)
    votes: pd.DataFrame = voter.votes(pairs_of(runs).iloc[:N_VOTES], at=NOON)
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    before_mb = peak_mb()
    best = float("inf")
    for _ in range(3):
        gc.collect()
        begin = time.process_time()
        evidence = gather(runs, votes, origin=Origin.EMULATED)
        gathered = time.process_time()
        summary = summary_of(evidence)
        summed = time.process_time()
        verdict = judge(summary)
        end = time.process_time()
        best = min(best, end - begin)
        print(
            f"evidence {gathered - begin:.2f} s, summary {summed - gathered:.2f} s, "
            f"verdict {end - summed:.3f} s"
        )
    print(verdict.sentence)
    print(f"{N_RUNS:,} runs, {len(votes):,} votes: {best:.2f} s, target {TARGET_S} s")
    print(f"memory: {before_mb:.0f} MB with the logs loaded, {peak_mb():.0f} MB at the peak")
    del runs, evidence, summary
    with tempfile.TemporaryDirectory() as name:
        slowest = screen(Path(name), votes, rng=random.Random(SEED))
    if best > TARGET_S or slowest > SCREEN_TARGET_S:
        raise SystemExit("too slow")


def screen(folder: Path, votes: pd.DataFrame, *, rng: random.Random) -> float:
    """The screen over the same logs as files; the seconds of the slowest drawing."""
    write_runs(folder / "runs.csv", N_RUNS, rng)
    acts = votes_in(votes)
    write_votes(folder / "votes.csv", acts[:-1])
    gc.collect()
    book, question = FindingsBook(folder), Question(scope=Scope())

    def drawn(what: str, asked: Question) -> float:
        begin, wall = time.process_time(), time.perf_counter()
        findings = book.answer(asked)
        counted = time.process_time()
        size = len(drawing(findings))
        end = time.process_time()
        print(
            f"screen, {what:<24} {counted - begin:.2f} s + {end - counted:.2f} s HTML "
            f"({size / 1e3:.0f} kB), {time.perf_counter() - wall:.2f} s on the wall"
        )
        return end - begin

    seconds = [drawn("first look", question), drawn("looked at again", question)]
    log = VoteLog(folder / "votes.csv")
    log.append(acts[-1])
    seconds.append(drawn("after one more vote", question))
    seconds.append(drawn("one ratio", replace(question, scope=Scope(size="16:9"))))
    seconds.append(drawn("one voter", replace(question, voter_id=acts[0].voter_id)))
    print(
        f"slowest {max(seconds):.2f} s, target {SCREEN_TARGET_S} s; {peak_mb():.0f} MB at the peak"
    )
    return max(seconds)


def drawing(findings: Findings) -> str:
    sections = (times_html, money_html, groups_html, failures_html)
    votes = votes_html(findings, voter_id="")
    return "".join((top_html(findings), votes, *(draw(findings) for draw in sections)))


def write_votes(path: Path, acts: Sequence[Vote]) -> None:
    """All at once: one by one they would wait for the disk."""
    columns = column_info(Vote)
    with path.open("wb") as file:
        file.write(join_line(columns))
        for act in acts:
            cells = (write_cell(getattr(act, name), columns[name]["dtype"]) for name in columns)
            file.write(join_line(cells))


if __name__ == "__main__":
    main()
