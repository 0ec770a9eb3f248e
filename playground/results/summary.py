"""One frozen record of everything the evidence says: votes, voters, failures, seconds and money, each with its n."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType

import numpy as np
import pandas as pd

from playground.catalog import DEFAULT_LANES
from playground.judging.pairs import WhyNot
from playground.results.evidence import Evidence, LeftOut, gather
from playground.results.money import (
    ModelMoney,
    PairedCost,
    break_even_of,
    charges,
    model_money,
    paired_cost,
)
from playground.results.outcomes import (
    ModelOutcomes,
    PairedFailures,
    PixelSizes,
    model_outcomes,
    paired_failures,
    pixel_sizes,
)
from playground.results.scope import NameOf, experiment_names, no_name
from playground.results.stats import BreakEven, CostPerWin, PairedRatio, Share, cost_per_win, wilson
from playground.results.tally import Tally, sequence_frame, tally
from playground.results.timing import ModelTimes, model_times, paired_ratio
from playground.schema import Origin, Reason

MIN_PROMPTS = 5  # under as many decisive prompts nothing is drawn and no percentage is given


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupShare:
    """The prompts of one tag or setting. Looked at after the fact: a hint, never a finding."""

    kind: str  # tag, ratio, resolution, references or experiment
    value: str
    name: str  # the value as it is called; of an experiment the plan's name
    tally: Tally
    is_small: bool  # under MIN_PROMPTS decisive prompts: the counts may be shown, no share


@dataclass(frozen=True, slots=True, kw_only=True)
class VoterShare:
    """What one person's votes say."""

    voter_id: str
    tally: Tally


@dataclass(frozen=True, slots=True, kw_only=True)
class VoterChecks:
    """How far the votes can be trusted; a share is None where nothing was counted."""

    left: Share | None  # decisive votes, sides drawn, for the picture on the left
    second_on_left: Share | None  # votes, sides drawn, with the second model on the left
    n_undrawn: int  # votes with the sides in the order of lanes
    blind: Share | None  # votes given without knowing
    both_bad: Share | None  # prompts on which most votes said so
    consistent: Share | None  # pairs shown again with sides swapped: the same verdict
    same_model_ties: Share | None  # two pictures of one model: neither preferred
    same_model_left: Share | None  # and where one was: the left one


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasonCount:
    """How many decisive votes for a model named a reason."""

    reason: Reason
    model: str
    n_votes: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Summary:
    """
    The evidence on two models at one origin, counted. Shares are those of the second model.

    live: one row per vote as they came, with the share and its bounds as they stood after it;
    see `live_sequence`.

    disagreements: the votes against the trend; see `disagreements`.
    """

    origin: Origin
    models: tuple[str, str]
    level: float
    tally: Tally
    detail: Tally  # only votes that named detail as a reason
    voters: tuple[VoterShare, ...]
    checks: VoterChecks
    groups: tuple[GroupShare, ...]
    reasons: tuple[ReasonCount, ...]
    outcomes: tuple[ModelOutcomes, ModelOutcomes]
    failures: PairedFailures
    sizes: PixelSizes
    times: tuple[ModelTimes, ModelTimes]
    time_ratio: PairedRatio | None
    money: tuple[ModelMoney, ModelMoney]
    charged: PairedCost
    estimated: PairedCost
    cost_per_win: tuple[CostPerWin, CostPerWin]  # of judged pairs, as charged
    break_even: BreakEven | None
    n_pairs: int
    n_pairs_judged: int
    votes_left_out: Mapping[LeftOut, int]
    pairs_left_out: Mapping[WhyNot, int]
    n_runs_of_other_origin: int
    live: pd.DataFrame
    disagreements: pd.DataFrame

    @property
    def has_trend(self) -> bool:
        """Whether one model is clearly ahead, so that single votes can go against it."""
        return _trend(self.tally) != 0


def summarise(
    runs: pd.DataFrame,
    votes: pd.DataFrame,
    *,
    origin: Origin,
    models: tuple[str, str] = DEFAULT_LANES,
    experiment_id: str | None = None,
    mask: np.ndarray | None = None,
    voter_id: str | None = None,
    marks: pd.DataFrame | None = None,
    name_of: NameOf = no_name,
    level: float = 0.95,
) -> Summary:
    """
    Everything the logs say about two models; see `gather` for what is counted.

    Args:
        marks: With comparison_id and tags, as `history.marks.current_marks` gives them.

        name_of: What the maker of an experiment named it.
    """
    evidence = gather(
        runs,
        votes,
        origin=origin,
        models=models,
        experiment_id=experiment_id,
        mask=mask,
        voter_id=voter_id,
    )
    return summary_of(evidence, marks=marks, name_of=name_of, level=level)


def summary_of(
    evidence: Evidence,
    *,
    marks: pd.DataFrame | None = None,
    name_of: NameOf = no_name,
    level: float = 0.95,
) -> Summary:
    """The same for evidence that was gathered already."""
    verdicts = evidence.verdicts
    whole = tally(verdicts, level=level)
    money = model_money(evidence)
    charged = paired_cost(evidence, "charged_usd", level=level)
    judged = np.unique(verdicts["pair"].to_numpy())
    return Summary(
        origin=evidence.origin,
        models=evidence.models,
        level=level,
        tally=whole,
        detail=tally(verdicts[_names(verdicts, Reason.DETAIL)], level=level),
        voters=tuple(
            VoterShare(voter_id=str(voter), tally=tally(own, level=level))
            for voter, own in verdicts.groupby("voter_id", sort=True)
        ),
        checks=_voter_checks(evidence, whole, level),
        groups=tuple(_groups(evidence, marks, name_of, level)),
        reasons=_reasons(evidence),
        outcomes=model_outcomes(evidence, level=level),
        failures=paired_failures(evidence),
        sizes=pixel_sizes(evidence),
        times=model_times(evidence),
        time_ratio=paired_ratio(evidence, level=level),
        money=money,
        charged=charged,
        estimated=paired_cost(evidence, "estimate_usd", level=level),
        cost_per_win=_costs_per_win(evidence, judged),
        break_even=break_even_of(evidence, level=level),
        n_pairs=len(evidence.pairs),
        n_pairs_judged=len(judged),
        votes_left_out=evidence.votes_left_out,
        pairs_left_out=MappingProxyType(dict(evidence.pairs_left_out)),
        n_runs_of_other_origin=evidence.n_runs_of_other_origin,
        live=live_sequence(evidence, level=level),
        disagreements=disagreements(evidence, whole),
    )


def share_or_none(wins: int, n: int, *, level: float) -> Share | None:
    """Wilson's share; None where nothing was counted."""
    return wilson(wins, n, level=level) if n else None


def live_sequence(evidence: Evidence, *, level: float = 0.95) -> pd.DataFrame:
    """
    How the share of the second model stood after each vote that stands today.

    Columns: at (UTC), n_votes, wins, n (decisive prompts), share, low, high (confidence
    sequence; share NaN at n = 0), log_e. A prompt counts by the majority of its votes so far.
    """
    return sequence_frame(evidence.verdicts, level=level)


def disagreements(evidence: Evidence, whole: Tally) -> pd.DataFrame:
    """
    The votes for the model that fewer prompts prefer; none while there is no clear trend.

    `whole` is the tally of all verdicts.

    Columns: comparison_id, run_1, run_2, prompt, winner_model, voter_id, reasons, note, at.
    """
    verdicts = evidence.verdicts
    trend = _trend(whole)
    against = verdicts[verdicts["net"].to_numpy() == (-trend or 2)]
    first = evidence.pairs["first"].to_numpy()[against["pair"].to_numpy()]
    return pd.DataFrame(
        {
            "comparison_id": against["comparison_id"].array,
            "run_1": against["run_1"].array,
            "run_2": against["run_2"].array,
            "prompt": evidence.runs["prompt"].take(first).array,
            "winner_model": pd.array(
                [evidence.models[net > 0] for net in against["net"]], dtype="string"
            ),
            "voter_id": against["voter_id"].array,
            "reasons": against["reasons"].array,
            "note": against["note"].array,
            "at": against["at"].array,
        }
    )


def _trend(whole: Tally) -> int:
    """+1 and −1: the second and the first model is ahead beyond chance, read once; else 0."""
    if whole.share is None or whole.n < MIN_PROMPTS:
        return 0
    return int(whole.share.low > 0.5) - int(whole.share.high < 0.5)


def _voter_checks(evidence: Evidence, whole: Tally, level: float) -> VoterChecks:
    verdicts, twins = evidence.verdicts, evidence.same_model
    drawn = verdicts[verdicts["is_drawn"]]
    left = drawn["is_left"].dropna()
    twins_left = twins["is_left"].dropna()

    def share(values: "pd.Series[bool]") -> Share | None:
        return share_or_none(int(values.sum()), len(values), level=level)

    return VoterChecks(
        left=share(left),
        second_on_left=share(drawn["second_is_left"]),
        n_undrawn=len(verdicts) - len(drawn),
        blind=share(verdicts["is_blind"].fillna(False)),
        both_bad=share_or_none(whole.n_both_bad, whole.n_prompts, level=level),
        consistent=share(evidence.swapped["is_same"]),
        same_model_ties=share(twins["is_left"].isna()),
        same_model_left=share(twins_left),
    )


def _groups(
    evidence: Evidence, marks: pd.DataFrame | None, name_of: NameOf, level: float
) -> "list[GroupShare]":
    """By tag first, then by setting; only where there are votes, and settings only where two occur."""
    verdicts, pairs, runs = evidence.verdicts, evidence.pairs, evidence.runs
    rows = pairs["first"].to_numpy()[verdicts["pair"].to_numpy()]
    settings = {
        "ratio": runs["size"],
        "resolution": runs["resolution"],
        "references": runs["reference_count"].map({0: "none"}, na_action="ignore").fillna("some"),
        "experiment": runs["experiment_id"],
    }
    found = []
    if marks is not None and len(verdicts):
        tags = marks[["comparison_id", "tags"]].explode("tags").dropna()
        tagged = verdicts.merge(tags, on="comparison_id")
        found += [("tag", str(tag), own) for tag, own in tagged.groupby("tags", sort=True)]
    for kind, column in settings.items():
        values = column.take(rows).reset_index(drop=True)
        if values.nunique() > 1:
            found += [(kind, str(value), own) for value, own in verdicts.groupby(values, sort=True)]
    experiments = (value for kind, value, _ in found if kind == "experiment")
    names = experiment_names(experiments, name_of)
    groups = []
    for kind, value, own in found:
        counts = tally(own, level=level)
        groups.append(
            GroupShare(
                kind=kind,
                value=value,
                name=names[value] if kind == "experiment" else value,
                tally=counts,
                is_small=counts.n < MIN_PROMPTS,
            )
        )
    return groups


def _reasons(evidence: Evidence) -> tuple[ReasonCount, ...]:
    verdicts = evidence.verdicts
    return tuple(
        ReasonCount(
            reason=reason,
            model=model,
            n_votes=int((_names(verdicts, reason) & (verdicts["net"].to_numpy() == net)).sum()),
        )
        for reason in Reason
        for model, net in zip(evidence.models, (-1, 1), strict=True)
    )


def _names(verdicts: pd.DataFrame, reason: Reason) -> np.ndarray:
    codes, combinations = pd.factorize(verdicts["reasons"].fillna(""))
    has_it = np.array([reason in words.split() for words in combinations], dtype=bool)
    return np.asarray(has_it[codes])


def _costs_per_win(evidence: Evidence, judged: np.ndarray) -> tuple[CostPerWin, CostPerWin]:
    net = evidence.verdicts.groupby("pair")["net"].sum()
    costs: list[CostPerWin] = []
    for side, sign in (("first", -1), ("second", 1)):
        rows = evidence.pairs[side].to_numpy()[judged]
        amounts = evidence.runs[["charged_usd", "billing_status"]].take(rows)
        prices: list[Decimal | None] = charges(amounts)
        costs.append(cost_per_win(prices, int((np.sign(net) == sign).sum())))
    return costs[0], costs[1]
