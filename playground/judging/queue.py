"""What is left to judge and in what order: every prompt once before any twice, with tests of the voter mixed in."""

import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from playground.judging.pairs import (
    PAIR_KEY,
    Pair,
    pairs_in,
    pairs_of,
    repeat_pairs_of,
    sent_references,
    stable_draw,
)
from playground.schema import PairKind


def judging_queue(
    runs: pd.DataFrame, standing: pd.DataFrame, *, seed: int, trust_share: float = 0.0
) -> tuple[Pair, ...]:
    """
    What is left to judge, for one sitting: the same for the same frames and seed.

    All pairs of two models that are evidence and have no standing vote, in random order over
    the prompts: first one pair of every prompt (with its references and settings), then a
    second of those that have one, and so on. Whoever stops early has judged as many prompts
    as possible, which is what counts. Judging some of them does not reorder the rest.

    Args:
        runs: With RUN_COLUMNS, of one owner.

        standing: The voter's rows of `votes.current_votes`.

        seed: Of the random order.

        trust_share: Which share of the queue, 0 ≤ share < 1, is to be pairs that test the
            voter: by turns two pictures of one model, and pairs this voter judged blind
            before, now with sides swapped. Fewer where there are not enough.

    Raises:
        ValueError: `trust_share` is not within its range.
    """
    if not 0 <= trust_share < 1:
        raise ValueError(f"The share of trust pairs is {trust_share}; it must be 0 to below 1.")
    table = pairs_of(runs)
    evidence = table[table["why_not"].isna()]
    is_models = evidence["pair_kind"] == PairKind.MODELS
    models = evidence[is_models]
    in_order = _in_order(models, _units(runs), seed)
    ordinary = pairs_in(in_order[~_has_vote(in_order, standing)])
    n_trust = round(len(ordinary) * trust_share / (1 - trust_share))
    if not n_trust:
        return ordinary
    repeats = repeat_pairs_of(runs)
    twins = pd.concat([evidence[~is_models], repeats[repeats["why_not"].isna()]])
    same_model = _shuffled(twins[~_has_vote(twins, standing)], seed)
    swapped = _shuffled(_to_swap(runs, standing), seed)
    return tuple(_mixed(ordinary, _by_turns(same_model, swapped)[:n_trust], random.Random(seed)))


def _in_order(models: pd.DataFrame, unit_of: Mapping[str, str], seed: int) -> pd.DataFrame:
    """By pass over the prompts, in each pass by a draw of its own. Does not depend on the votes."""
    runs = zip(models["run_1"].tolist(), models["run_2"].tolist(), strict=True)
    drawn = sorted(
        (stable_draw(seed, run_1, run_2), row, unit_of[run_1])
        for row, (run_1, run_2) in enumerate(runs)
    )
    n_before: Counter[str] = Counter()
    order = []
    for _, row, unit in drawn:
        n_before[unit] += 1
        order.append((n_before[unit], stable_draw(seed, n_before[unit], unit), row))
    return models.take([row for _, _, row in sorted(order)])


def _units(runs: pd.DataFrame) -> dict[str, str]:
    """For each run what it asked for, whichever model: prompt, references and settings."""
    asked = (runs["size"], runs["resolution"], sent_references(runs), runs["prompt"])
    told = zip(*(column.fillna("").tolist() for column in asked), strict=True)
    return dict(zip(runs["run_id"].tolist(), map("\n".join, told), strict=True))


def _keys(table: pd.DataFrame) -> Iterator[tuple[str, ...]]:
    return zip(*(table[name].tolist() for name in PAIR_KEY), strict=True)


def _has_vote(pairs: pd.DataFrame, standing: pd.DataFrame) -> np.ndarray:
    voted = set(_keys(standing))
    return np.fromiter((key in voted for key in _keys(pairs)), dtype=bool, count=len(pairs))


def _to_swap(runs: pd.DataFrame, standing: pd.DataFrame) -> pd.DataFrame:
    """Pairs of these runs judged with names hidden, and not yet judged swapped."""
    judged = standing[
        (standing["pair_kind"] == PairKind.MODELS)
        & standing["is_hidden"].fillna(False)
        & standing["draw"].notna()
        & standing["run_1"].isin(runs["run_id"])
        & standing["run_2"].isin(runs["run_id"])
    ]
    swapped = judged.assign(pair_kind=str(PairKind.SWAPPED), why_not=None)
    return swapped[~_has_vote(swapped, standing)]


def _shuffled(table: pd.DataFrame, seed: int) -> list[Pair]:
    return sorted(pairs_in(table), key=lambda pair: stable_draw(seed, pair.run_1, pair.run_2))


def _by_turns(ones: Sequence[Pair], others: Sequence[Pair]) -> list[Pair]:
    turns = [pair for both in zip(ones, others, strict=False) for pair in both]
    n_turns = len(turns) // 2
    return [*turns, *ones[n_turns:], *others[n_turns:]]


def _mixed(ordinary: Sequence[Pair], trust: Sequence[Pair], rng: random.Random) -> Iterator[Pair]:
    """The trust pairs spread evenly, each at a random place of its stretch."""
    if not trust:
        yield from ordinary
    for turn, pair in enumerate(trust):
        begin = turn * len(ordinary) // len(trust)
        end = (turn + 1) * len(ordinary) // len(trust)
        place = rng.randint(begin, end)
        yield from ordinary[begin:place]
        yield pair
        yield from ordinary[place:end]
