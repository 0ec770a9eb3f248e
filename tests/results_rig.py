"""Logs of comparisons and votes made in memory, with the columns and dtypes that the files have."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pandas as pd

from playground.judging.pairs import pairs_of
from playground.judging.synthetic import SyntheticVoter, votes_frame
from playground.results.summary import Summary, summarise
from playground.schema import Answer, Origin, PairKind, Run, Vote, column_info
from tests.judging_rig import MODELS, NOON, VOTER, a_comparison, a_run, minutes

FLEX, PRO = MODELS
_DTYPES = {
    "string": "string",
    "Int64": "Int64",
    "Float64": "Float64",
    "datetime": "datetime64[us, UTC]",
    "decimal": object,
    "boolean": "boolean",
}
PRICES = {FLEX: Decimal("0.07"), PRO: Decimal("0.025")}


def runs_frame(runs: Iterable[Run]) -> pd.DataFrame:
    """Runs as `load_runs` would give them, without a file."""
    rows = list(runs)
    return pd.DataFrame(
        {
            name: pd.Series([getattr(run, name) for run in rows], dtype=_DTYPES[info["dtype"]])
            for name, info in column_info(Run).items()
        }
    )


def priced(run: Run, **changes: Any) -> Run:
    """With seconds and money: flex takes about 8 s and is charged 7 cents, pro 12 s and 2.5."""
    wobble = 1 + 0.1 * ((hash_of(run.run_id) % 7) - 3) / 3
    seconds = (8.0 if run.model == FLEX else 12.0) * wobble
    return replace(
        run,
        total_s=seconds,
        lag_bound_s=0.5,
        sent_at=run.started_at,
        finished_at=run.started_at + timedelta(seconds=seconds),
        estimate_usd=PRICES.get(run.model),
        charged_usd=PRICES.get(run.model),
        charged_credits=PRICES[run.model] * 200 if run.model in PRICES else None,
        billing_status="settled",
        **changes,
    )


def hash_of(text: str) -> int:
    """A number for a text that is the same in every process."""
    return sum(place * ord(sign) for place, sign in enumerate(text, start=1))


def comparisons(n: int, repeats: int = 1, **changes: Any) -> list[Run]:
    """n prompts, each sent to both models, with seconds and money."""
    return [
        priced(run, **changes)
        for number in range(1, n + 1)
        for run in a_comparison(number, repeats)
    ]


def a_vote(
    runs: Sequence[Run],
    answer: Answer | str,
    *,
    voter_id: str = VOTER,
    minute: float = 60,
    kind: PairKind | None = None,
    **changes: Any,
) -> Vote:
    """
    A blind vote on two runs, in the order of lanes; the answer may be a model's name. The second
    run stands left in every other comparison.
    """
    one, two = runs
    is_turned = int(one.comparison_id.rpartition("_")[2]) % 2 == 1
    if kind is PairKind.SWAPPED:
        is_turned = not is_turned
    run_a, run_b = (two, one) if is_turned else (one, two)
    if answer in MODELS:
        answer = Answer.A_BETTER if run_a.model == answer else Answer.B_BETTER
    winner = {Answer.A_BETTER: run_a, Answer.B_BETTER: run_b}.get(Answer(answer))
    vote = Vote(
        act_id=f"act_{voter_id}_{one.run_id}_{minute}_{answer}",
        comparison_id=one.comparison_id,
        experiment_id=one.experiment_id,
        voter_id=voter_id,
        pair_kind=str(kind or (PairKind.SAME_MODEL if one.model == two.model else PairKind.MODELS)),
        run_1=one.run_id,
        run_2=two.run_id,
        model_1=one.model,
        model_2=two.model,
        origin=one.origin,
        run_a=run_a.run_id,
        draw=7,
        is_hidden=True,
        is_blind=kind is not PairKind.SWAPPED,
        answer=str(answer),
        winner_run_id=None if winner is None else winner.run_id,
        winner_model=None if winner is None else winner.model,
        at=minutes(minute),
        app_version="0.1.0",
    )
    return replace(vote, **changes)


def votes_on(
    runs: Sequence[Run],
    answers: Sequence[Answer | str],
    *,
    first_minute: float = 60,
    **changes: Any,
) -> list[Vote]:
    """One vote for each pair of the log, in order: the answers as they come."""
    by_id = {run.run_id: run for run in runs}
    table = pairs_of(runs_frame(runs))
    rows = zip(table["run_1"].tolist(), table["run_2"].tolist(), strict=True)
    return [
        a_vote((by_id[one], by_id[two]), answer, minute=first_minute + place, **changes)
        for place, ((one, two), answer) in enumerate(zip(rows, answers, strict=False))
    ]


def summed_up(runs: Sequence[Run], votes: Sequence[Vote] = (), **settings: Any) -> Summary:
    """The summary of these rows; live unless told otherwise."""
    settings = {"origin": Origin.LIVE, **settings}
    return summarise(runs_frame(runs), votes_frame(list(votes)), **settings)


__all__ = [
    "FLEX",
    "NOON",
    "PRICES",
    "PRO",
    "SyntheticVoter",
    "a_comparison",
    "a_run",
    "a_vote",
    "comparisons",
    "priced",
    "runs_frame",
    "summed_up",
    "votes_frame",
    "votes_on",
]
