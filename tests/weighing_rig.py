"""Data folders as the Results screen meets them: runs with seconds and money, pictures, votes and tags on disk."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from playground.history.marks import MarkLog, current_marks, load_marks
from playground.judging.pairs import pairs_of
from playground.judging.synthetic import SyntheticVoter
from playground.judging.votes import VoteLog, load_votes
from playground.runlog import load_runs
from playground.schema import Run, Vote
from playground.ui.results.findings import Findings, Question, findings_of
from tests.judging_rig import NOON, a_picture, keep_picture, log_runs
from tests.results_rig import PRO, comparisons, runs_frame

# As a browser keeps it.
ME = f"voter_{'0123456789' * 2}"
TAGS = ("portrait", "text in the picture", "night")


def pictured_comparisons(
    data_dir: Path, n: int, *, n_pictured: int = 12, **changes: Any
) -> list[Run]:
    """n comparisons with seconds and money in the log; the newest few have pictures on disk."""
    runs = [
        keep_picture(data_dir, run, a_picture(seed=place, size=(192, 108)))
        if place >= 2 * (n - n_pictured)
        else run
        for place, run in enumerate(comparisons(n, **changes))
    ]
    log_runs(data_dir, runs)
    return runs


def synthetic_votes(
    runs: Sequence[Run], *, share: float, n: int | None = None, voter_id: str = ME, **more: Any
) -> list[Vote]:
    """Votes of a voter who prefers pro with that share, on the first n pairs."""
    voter = SyntheticVoter(model=PRO, share=share, voter_id=voter_id, seed=11, **more)
    return votes_in(voter.votes(pairs_of(runs_frame(runs)).iloc[:n], at=NOON))


def votes_in(frame: pd.DataFrame) -> list[Vote]:
    plain = frame.astype(object).where(frame.notna(), None)
    return [Vote(**row) for row in plain.to_dict("records")]


def log_votes(data_dir: Path, votes: Iterable[Vote]) -> None:
    log = VoteLog(data_dir / "votes.csv")
    for vote in votes:
        log.append(vote)


def log_tags(data_dir: Path, tags: Iterable[tuple[str, str]]) -> None:
    log = MarkLog(data_dir / "marks.csv")
    for comparison_id, tag in tags:
        log.tag(comparison_id, tag, is_on=True, at=NOON)


def findings_in(data_dir: Path, question: Question) -> Findings:
    return findings_of(
        load_runs(data_dir / "runs.csv"),
        load_votes(data_dir / "votes.csv"),
        current_marks(load_marks(data_dir / "marks.csv")),
        question,
    )


def a_long_history(data_dir: Path, n: int = 120, *, share: float = 0.7, **changes: Any) -> None:
    """n judged comparisons, some tagged, at two resolutions, a few failures."""
    runs = pictured_comparisons(data_dir, n, **changes)
    log_votes(data_dir, synthetic_votes(runs, share=share, n=n - n // 6, tie_share=0.1))
    tags = [(f"cmp_{number}", TAGS[number % 7]) for number in range(1, n) if number % 7 < len(TAGS)]
    log_tags(data_dir, tags)
