"""What is to be judged of one experiment, blind and in random order; and how its votes stand."""

from pathlib import Path

from playground.experiment.plan import Plan
from playground.judging.pairs import RUN_COLUMNS, Pair
from playground.judging.queue import judging_queue
from playground.judging.votes import VoteLog, current_votes, load_votes
from playground.runlog import load_runs
from playground.schema import Vote


def queue_of(
    plan: Plan, data_dir: Path, *, voter_id: str, trust_share: float = 0.0
) -> tuple[Pair, ...]:
    """
    What the voter has still to judge of the experiment, as `judging_queue` orders it by the plan's
    seed; usable while it runs.

    Raises:
        ValueError: `trust_share` is not within its range.
        StorageError: A log cannot be read.
    """
    runs = load_runs(data_dir / "runs.csv", RUN_COLUMNS)
    votes = current_votes(load_votes(data_dir / "votes.csv"))
    return judging_queue(
        runs[runs["experiment_id"] == plan.experiment_id].reset_index(drop=True),
        votes[votes["voter_id"] == voter_id].reset_index(drop=True),
        seed=plan.seed,
        trust_share=trust_share,
    )


def acts_of(plan: Plan, votes: VoteLog, *, voter_id: str | None = None) -> tuple[Vote, ...]:
    """Every act on the experiment's comparisons, of one voter or of all, comparison by comparison."""
    return tuple(
        vote
        for planned in plan.comparisons
        for vote in votes.votes_of(planned.comparison_id)
        if voter_id is None or vote.voter_id == voter_id
    )
