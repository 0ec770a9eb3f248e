"""Which of the logged runs and votes say something about two models, and why the others do not."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

import numpy as np
import pandas as pd

from playground.catalog import DEFAULT_LANES
from playground.judging.pairs import RUN_COLUMNS, WhyNot, pairs_of, repeat_pairs_of, sent_references
from playground.judging.votes import current_votes
from playground.schema import Answer, Origin, PairKind, RunStatus

RUNS_NEEDED = (
    *RUN_COLUMNS,
    "retry_of",
    "reference_count",
    "width_px",
    "height_px",
    "sent_at",
    "finished_at",
    "total_s",
    "lag_bound_s",
    "estimate_usd",
    "charged_usd",
    "charged_credits",
    "billing_status",
)
VOTES_NEEDED = (
    "comparison_id",
    "voter_id",
    "pair_kind",
    "run_1",
    "run_2",
    "run_a",
    "draw",
    "is_blind",
    "answer",
    "winner_run_id",
    "reasons",
    "note",
    "at",
)


class LeftOut(StrEnum):
    """Why a vote does not count for the two models of one origin."""

    WITHDRAWN = "withdrawn"
    RUN_UNKNOWN = "run_unknown"  # not, or not yet, in the log of runs
    BOUGHT_AGAIN = "bought_again"  # another run has taken the place of one of the two
    OTHER_ORIGIN = "other_origin"
    OTHER_MODELS = "other_models"
    NO_PICTURE = "no_picture"
    ORIGINS_DIFFER = "origins_differ"
    PROMPTS_DIFFER = "prompts_differ"
    RATIOS_DIFFER = "ratios_differ"
    RESOLUTIONS_DIFFER = "resolutions_differ"
    REFERENCES_DIFFER = "references_differ"
    UNREADABLE = "unreadable"  # its answer and its winner do not fit each other


_FROM_PAIR = {
    WhyNot.NO_PICTURE: LeftOut.NO_PICTURE,
    WhyNot.ORIGINS: LeftOut.ORIGINS_DIFFER,
    WhyNot.PROMPTS: LeftOut.PROMPTS_DIFFER,
    WhyNot.RATIOS: LeftOut.RATIOS_DIFFER,
    WhyNot.RESOLUTIONS: LeftOut.RESOLUTIONS_DIFFER,
    WhyNot.REFERENCES: LeftOut.REFERENCES_DIFFER,
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Evidence:
    """
    What there is to count for two models at one origin. Frames are not to be changed.

    runs: of these models and origin, in scope; RUNS_NEEDED and `unit`, the number of its
    prompt with references and settings.

    pairs: that a vote on is evidence; comparison_id, experiment_id, run_1, run_2, unit, and
    the rows in `runs` of the picture of each model: first, second.

    verdicts: standing votes on those pairs, in the order they were given; VOTES_NEEDED, `pair`
    (row in `pairs`), unit, `net` (+1 the second model better, −1 the first, else 0),
    is_both_bad, is_drawn (sides were drawn), is_left (the better stood left; NA without one),
    second_is_left.

    same_model, swapped: standing votes on the pairs that test the voter; VOTES_NEEDED, is_left,
    and for swapped is_same: the same verdict as the first time.
    """

    origin: Origin
    models: tuple[str, str]
    runs: pd.DataFrame
    pairs: pd.DataFrame
    verdicts: pd.DataFrame
    same_model: pd.DataFrame
    swapped: pd.DataFrame
    votes_left_out: Mapping[LeftOut, int]
    pairs_left_out: Mapping[WhyNot, int]
    n_runs_of_other_origin: int


def origins_in(runs: pd.DataFrame) -> tuple[Origin, ...]:
    """The origins that occur in these runs; each needs evidence of its own. Needs `origin`."""
    there = set(runs["origin"].dropna().unique())
    return tuple(origin for origin in Origin if origin in there)


def gather(
    runs: pd.DataFrame,
    votes: pd.DataFrame,
    *,
    origin: Origin,
    models: tuple[str, str] = DEFAULT_LANES,
    experiment_id: str | None = None,
    mask: np.ndarray | None = None,
    voter_id: str | None = None,
) -> Evidence:
    """
    The evidence on two models in these logs, or in a part of them.

    Args:
        runs: With RUNS_NEEDED, as `load_runs` gives them.

        votes: With VOTES_NEEDED, as `load_votes` gives them: every act.

        models: First and second; swapping them mirrors every result.

        experiment_id: Only its runs.

        mask: One bool per row of `runs`: only these. With either, votes on other comparisons
            are out of the question and not counted as left out.

        voter_id: Only this person's votes.

    Raises:
        ValueError: The two models are one, or the mask does not fit the runs.
    """
    if models[0] == models[1]:
        raise ValueError(f"A comparison needs two models; got {models[0]} twice.")
    scoped = _scoped(runs, experiment_id, mask)
    acts = votes[list(VOTES_NEEDED)]
    if len(scoped) < len(runs):
        acts = acts[acts["comparison_id"].isin(scoped["comparison_id"].dropna().unique())]
    if voter_id is not None:
        acts = acts[_is(acts["voter_id"], voter_id)]
    standing = current_votes(acts)
    units = unit_numbers(scoped)
    row_of = pd.Index(scoped["run_id"])
    table = pairs_of(scoped)
    is_models = _is(table["pair_kind"], PairKind.MODELS)
    all_pairs = table[is_models]
    is_ours = _is(all_pairs["origin"], origin) & _has_models(all_pairs, models)
    is_evidence = is_ours & all_pairs["why_not"].isna().to_numpy()
    pairs = all_pairs[is_evidence]
    ours = _is(scoped["origin"], origin) & scoped["model"].isin(models).to_numpy()
    place = np.cumsum(ours) - 1
    rows = [place[row_of.get_indexer(pd.Index(pairs[name]))] for name in ("run_1", "run_2")]
    is_turned = _is(pairs["model_1"], models[1])
    pairs = pairs[["comparison_id", "experiment_id", "run_1", "run_2"]].assign(
        unit=units[ours][rows[0]] if len(pairs) else np.empty(0, np.int64),
        first=np.where(is_turned, rows[1], rows[0]),
        second=np.where(is_turned, rows[0], rows[1]),
    )
    pairs = pairs.reset_index(drop=True)
    counted = scoped[ours].assign(unit=units[ours]).reset_index(drop=True)
    on_models = standing[_is(standing["pair_kind"], PairKind.MODELS)]
    verdicts, left_out = _verdicts(on_models, all_pairs, pairs, counted, row_of, origin, models)
    n_withdrawn = _n_withdrawn(acts, standing)
    left_out = ({LeftOut.WITHDRAWN: n_withdrawn} if n_withdrawn else {}) | left_out
    reasons = all_pairs["why_not"][is_ours].value_counts()
    return Evidence(
        origin=origin,
        models=models,
        runs=counted,
        pairs=pairs,
        verdicts=verdicts,
        same_model=_same_model(standing, table[~is_models], scoped, origin, models),
        swapped=_swapped(standing, verdicts),
        votes_left_out=MappingProxyType(left_out),
        pairs_left_out=MappingProxyType(
            {reason: int(reasons[reason]) for reason in WhyNot if reason in reasons.index}
        ),
        n_runs_of_other_origin=int((~_is(scoped["origin"], origin)).sum()),
    )


def unit_numbers(runs: pd.DataFrame) -> np.ndarray:
    """
    For each run the number of its prompt together with references, ratio and resolution.

    Needs RUN_COLUMNS. Equal requests have equal numbers, whatever model was asked.
    """
    unit = np.zeros(len(runs), dtype=np.int64)
    asked = (runs["prompt"], runs["size"], runs["resolution"], sent_references(runs))
    for column in asked:
        codes, words = pd.factorize(column.fillna(""))
        # Renumbered at each step, so that the product never leaves 64 bits.
        unit = np.unique(unit * (len(words) + 1) + codes, return_inverse=True)[1]
    return unit


def _scoped(runs: pd.DataFrame, experiment_id: str | None, mask: np.ndarray | None) -> pd.DataFrame:
    keep = (runs["run_id"].notna() & ~runs["run_id"].duplicated()).to_numpy(dtype=bool, copy=True)
    if mask is not None:
        if len(mask) != len(runs):
            raise ValueError(f"The mask has {len(mask)} places for {len(runs)} runs.")
        keep &= mask
    if experiment_id is not None:
        keep &= _is(runs["experiment_id"], experiment_id)
    return runs.loc[keep, list(RUNS_NEEDED)].reset_index(drop=True)


def _verdicts(
    standing: pd.DataFrame,
    all_pairs: pd.DataFrame,
    pairs: pd.DataFrame,
    runs: pd.DataFrame,
    row_of: "pd.Index[str]",
    origin: Origin,
    models: tuple[str, str],
) -> tuple[pd.DataFrame, dict[LeftOut, int]]:
    where = _find(standing, all_pairs)
    is_found = where >= 0
    is_known = (row_of.get_indexer(pd.Index(standing["run_1"])) >= 0) & (
        row_of.get_indexer(pd.Index(standing["run_2"])) >= 0
    )
    about = all_pairs.take(where[is_found])
    reason = np.full(len(standing), None, dtype=object)
    reason[~is_found] = np.where(is_known[~is_found], LeftOut.BOUGHT_AGAIN, LeftOut.RUN_UNKNOWN)
    why = [None if pd.isna(w) else _FROM_PAIR[WhyNot(w)] for w in about["why_not"]]
    why_not = np.array([*why, None], dtype=object)[:-1]
    why_not[~_has_models(about, models)] = LeftOut.OTHER_MODELS
    why_not[~_is(about["origin"], origin)] = LeftOut.OTHER_ORIGIN
    reason[is_found] = why_not
    is_open = np.fromiter((each is None for each in reason), bool, len(reason))
    reason[is_open & _is_unreadable(standing)] = LeftOut.UNREADABLE
    counts = pd.Series(reason, dtype=object).value_counts()
    left_out = {each: int(counts[each]) for each in LeftOut if each in counts.index}
    is_kept = np.fromiter((each is None for each in reason), bool, len(reason))
    kept = standing[is_kept].reset_index(drop=True)
    pair = _find(kept, pairs)
    second_run = runs["run_id"].take(pairs["second"].to_numpy()[pair]).array
    is_decisive = kept["winner_run_id"].notna().to_numpy()
    second_won = _equal(kept["winner_run_id"], second_run)
    verdicts = _with_sides(kept).assign(
        pair=pair,
        unit=pairs["unit"].to_numpy()[pair],
        net=np.where(is_decisive, np.where(second_won, 1, -1), 0),
        is_both_bad=_is(kept["answer"], Answer.BOTH_BAD),
        is_drawn=kept["draw"].notna().to_numpy(),
        second_is_left=_equal(kept["run_a"], second_run),
    )
    return verdicts, left_out


def _is_unreadable(votes: pd.DataFrame) -> np.ndarray:
    """Votes whose cells were damaged so that it is not known who won."""
    is_decisive = votes["answer"].isin([str(Answer.A_BETTER), str(Answer.B_BETTER)])
    winner = votes["winner_run_id"]
    has_winner = (winner == votes["run_1"]) | (winner == votes["run_2"])
    return np.asarray(is_decisive.to_numpy() != has_winner.fillna(False).to_numpy(dtype=bool))


def _same_model(
    standing: pd.DataFrame,
    twins: pd.DataFrame,
    runs: pd.DataFrame,
    origin: Origin,
    models: tuple[str, str],
) -> pd.DataFrame:
    """Votes on two pictures of one model, in two lanes or in two repeats."""
    votes = standing[_is(standing["pair_kind"], PairKind.SAME_MODEL)]
    # Repeats pair up in great number, so only those of comparisons with such a vote.
    judged = runs[runs["comparison_id"].isin(votes["comparison_id"].unique())]
    pairs = pd.concat([twins, repeat_pairs_of(judged)], ignore_index=True)
    pairs = pairs[
        pairs["why_not"].isna().to_numpy()
        & _is(pairs["origin"], origin)
        & pairs["model_1"].isin(models).to_numpy()
    ].drop_duplicates(["run_1", "run_2"])
    return _with_sides(votes[_find(votes, pairs) >= 0].reset_index(drop=True))


def _swapped(standing: pd.DataFrame, verdicts: pd.DataFrame) -> pd.DataFrame:
    """Votes on a pair shown again, of those whose first verdict still stands and counts."""
    again = standing[_is(standing["pair_kind"], PairKind.SWAPPED)]
    key = ["voter_id", "run_1", "run_2"]
    first = verdicts[[*key, "answer", "winner_run_id"]]
    both = again.merge(first, on=key, suffixes=("", "_first"))
    same_winner = both["winner_run_id"].fillna("") == both["winner_run_id_first"].fillna("")
    same_answer = both["winner_run_id"].notna() | (both["answer"] == both["answer_first"])
    is_same = (same_winner & same_answer).to_numpy(dtype=bool)
    plain = both.drop(columns=["answer_first", "winner_run_id_first"])
    return _with_sides(plain).assign(is_same=is_same)


def _with_sides(votes: pd.DataFrame) -> pd.DataFrame:
    is_left = (votes["winner_run_id"] == votes["run_a"]).astype("boolean")
    return votes.assign(is_left=is_left.mask(votes["winner_run_id"].isna()))


def _n_withdrawn(acts: pd.DataFrame, standing: pd.DataFrame) -> int:
    """Verdicts taken back and not given anew."""
    key = ["voter_id", "run_1", "run_2", "pair_kind"]
    taken_back = acts.loc[_is(acts["answer"], Answer.WITHDRAWN), key].drop_duplicates()
    still = taken_back.merge(standing[key], on=key, how="left", indicator=True)
    return int((still["_merge"] == "left_only").sum())


def _find(votes: pd.DataFrame, pairs: pd.DataFrame) -> np.ndarray:
    """For each vote the row of its pair; -1 for none."""
    wanted = list(zip(votes["run_1"].tolist(), votes["run_2"].tolist(), strict=True))
    if not wanted:
        return np.empty(0, dtype=np.int64)
    keys = zip(pairs["run_1"].tolist(), pairs["run_2"].tolist(), strict=True)
    row_of = {key: row for row, key in enumerate(keys)}
    return np.fromiter((row_of.get(key, -1) for key in wanted), np.int64, len(wanted))


def _has_models(pairs: pd.DataFrame, models: tuple[str, str]) -> np.ndarray:
    one, two = (_is(pairs["model_1"], model) for model in models)
    other_one, other_two = (_is(pairs["model_2"], model) for model in models)
    return np.asarray((one & other_two) | (two & other_one))


def _is(column: "pd.Series[str]", value: str) -> np.ndarray:
    """Where the column has that value; a missing one has not."""
    return (column == str(value)).fillna(False).to_numpy(dtype=bool)


def _equal(column: "pd.Series[str]", other: "pd.Series[str]") -> np.ndarray:
    return np.asarray((column == other).fillna(False), dtype=bool)


def succeeded(runs: pd.DataFrame) -> np.ndarray:
    """Which runs brought a picture. Needs `status`."""
    return _is(runs["status"], RunStatus.SUCCEEDED)
