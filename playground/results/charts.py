"""One tidy frame per chart, drawn by whoever likes: one row per mark, units in the column names."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
import pandas as pd

from playground.images.pixels import PixelMeasures
from playground.results.evidence import Evidence, succeeded
from playground.results.money import benefit_of, paired_cost
from playground.results.stats import Share
from playground.results.summary import MIN_PROMPTS, Summary
from playground.results.timing import time_pairs
from playground.schema import RunStatus


class HasInterval(Protocol):
    """What every statistic with an interval has."""

    @property
    def estimate(self) -> float | None: ...
    @property
    def low(self) -> float | None: ...
    @property
    def high(self) -> float | None: ...


_SHARES = ("model", "wins", "n", "share", "low", "high", "level", "is_shown")
_MEASURES = (
    "laplacian_variance",
    "tenengrad",
    "rms_contrast",
    "mean_luminance",
    "clipped_dark_share",
    "clipped_bright_share",
    "colourfulness",
    "entropy_bits",
)


def win_share_frame(summary: Summary) -> pd.DataFrame:
    """
    Share of decisive prompts by model, with the interval that may be read at any time.

    Columns: model, wins, n, share, low, high, level, is_shown (enough prompts). Two rows; none
    without votes.
    """
    counts, sequence = summary.tally, summary.tally.sequence
    if sequence is None:
        return _frame([], _SHARES)
    first = (1 - sequence.estimate, 1 - sequence.high, 1 - sequence.low)
    second = (sequence.estimate, sequence.low, sequence.high)
    is_shown = counts.n >= MIN_PROMPTS
    rows = [
        (model, wins, counts.n, *ends, sequence.level, is_shown)
        for model, wins, ends in zip(
            summary.models, (counts.losses, counts.wins), (first, second), strict=True
        )
    ]
    return _frame(rows, _SHARES)


def live_sequence_frame(summary: Summary) -> pd.DataFrame:
    """
    How the share of the second model stood after each vote, from the first that may be drawn.

    Columns: at (UTC), n_votes, wins, n, share, low, high, log_e, model.
    """
    live = summary.live
    shown = live[live["n"] >= MIN_PROMPTS].reset_index(drop=True)
    return shown.assign(model=summary.models[1])


def times_frame(evidence: Evidence) -> pd.DataFrame:
    """
    Seconds of every run that was timed, one row each.

    Columns: model, run_id, seconds (for a time-out: how long it was waited for), is_censored.
    """
    runs = evidence.runs
    total = runs["total_s"].to_numpy(dtype=np.float64, na_value=np.nan)
    is_late = (runs["status"] == RunStatus.TIMED_OUT).fillna(False).to_numpy(dtype=bool)
    begun = runs["sent_at"].fillna(runs["started_at"])
    waited = (runs["finished_at"] - begun).dt.total_seconds().to_numpy(dtype=np.float64)
    seconds = np.where(is_late, waited, np.where(succeeded(runs) & (total > 0), total, np.nan))
    found = pd.DataFrame(
        {
            "model": runs["model"].array,
            "run_id": runs["run_id"].array,
            "seconds": seconds,
            "is_censored": is_late,
        }
    )
    return found[~np.isnan(seconds)].reset_index(drop=True)


def time_ratio_frame(evidence: Evidence) -> pd.DataFrame:
    """
    Second / first model's seconds of every pair begun together.

    Columns: comparison_id, repeat, first_s, second_s, ratio, is_censored. The ratio is 0 or
    infinite where one side timed out; pairs in which both did are left out.
    """
    pairs = time_pairs(evidence)
    ratio = pairs["ratio"].to_numpy()
    is_censored = np.isinf(pairs["first_s"].to_numpy()) | np.isinf(pairs["second_s"].to_numpy())
    told = pairs.assign(is_censored=is_censored)
    found: pd.DataFrame = told.loc[~np.isnan(ratio)].reset_index(drop=True)
    return found


def money_frame(summary: Summary) -> pd.DataFrame:
    """
    What the runs of each model came to, each kind of money apart.

    Columns: model, kind (estimated, charged: USD; credits), unit, amount (object of Decimal;
    None where nothing is known), n_known, n_runs.
    """
    rows = []
    for money in summary.money:
        for kind, unit, amount, n in (
            ("estimated", "USD", money.estimated_usd, money.n_estimated),
            ("charged", "USD", money.charged_usd, money.n_charged),
            ("credits", "credits", money.charged_credits, money.n_credits),
        ):
            rows.append((money.model, kind, unit, amount if n else None, n, money.n_runs))
    return _frame(rows, ("model", "kind", "unit", "amount", "n_known", "n_runs"))


def benefit_frame(evidence: Evidence, worths_usd: Sequence[float]) -> pd.DataFrame:
    """
    What the dearer model gains per prompt over the cheaper one, by what a better picture is worth.

    Columns: worth_usd, model (the dearer), estimate, low, high (USD), n (prompts), level. No
    rows under two judged prompts with known charges.
    """
    cost = paired_cost(evidence, "charged_usd")
    is_second = (cost.second_usd or 0) > (cost.first_usd or 0)
    rows = []
    for worth_usd in worths_usd:
        found = benefit_of(evidence, worth_usd)
        if found is not None:
            ends = (found.estimate_usd, found.low_usd, found.high_usd)
            told = ends if is_second else (-ends[0], -ends[2], -ends[1])
            rows.append((worth_usd, evidence.models[is_second], *told, found.n, found.level))
    names = ("worth_usd", "model", "estimate", "low", "high", "n", "level")
    return _frame(rows, names)


def interval_frame(results: Mapping[str, HasInterval | None]) -> pd.DataFrame:
    """
    Any results that have an estimate and an interval, one row each; unknown ones left out.

    Columns: what, estimate, low, high.
    """
    rows = [
        (what, found.estimate, found.low, found.high)
        for what, found in results.items()
        if found is not None
    ]
    return _frame(rows, ("what", "estimate", "low", "high"))


def groups_frame(summary: Summary) -> pd.DataFrame:
    """
    Share of the second model by tag and by setting, Wilson; a hint, as many are looked at at once.

    Columns: kind, value, model, wins, n, n_prompts, share, low, high (NaN where is_small),
    is_small.
    """
    rows = []
    for group in summary.groups:
        counts, share = group.tally, group.tally.share
        ends = (np.nan,) * 3 if group.is_small or share is None else _ends(share)
        n = (counts.wins, counts.n, counts.n_prompts)
        rows.append((group.kind, group.value, summary.models[1], *n, *ends, group.is_small))
    names = ("kind", "value", "model", "wins", "n", "n_prompts", "share", "low", "high", "is_small")
    return _frame(rows, names)


def outcomes_frame(summary: Summary) -> pd.DataFrame:
    """
    How what was sent ended, by model: each run in exactly one kind.

    Columns: model, kind (usable, failed, refused, timed_out, unconfirmed), count, n, share, low,
    high. No rows for a model nothing was sent to.
    """
    rows = [
        (each.model, kind, share.wins, share.n, *_ends(share))
        for each in summary.outcomes
        for kind, share in (
            ("usable", each.usable),
            ("failed", each.failed),
            ("refused", each.refused),
            ("timed_out", each.timed_out),
            ("unconfirmed", each.unconfirmed),
        )
        if share is not None
    ]
    return _frame(rows, ("model", "kind", "count", "n", "share", "low", "high"))


def pixel_frame(evidence: Evidence, measures: Mapping[str, PixelMeasures]) -> pd.DataFrame:
    """
    Pixel measures of both pictures of every pair, and their difference. Description only.

    Columns: comparison_id, measure, first, second, difference (second − first).

    Args:
        measures: By run id. Pairs that lack one, or were measured at two sizes, are left out.
    """
    ids = evidence.runs["run_id"].tolist()
    rows = []
    for comparison, first, second in zip(
        *(evidence.pairs[name].tolist() for name in ("comparison_id", "first", "second")),
        strict=True,
    ):
        one, two = measures.get(ids[first]), measures.get(ids[second])
        if one is None or two is None:
            continue
        if (one.width_px, one.height_px) != (two.width_px, two.height_px):
            continue
        for name in _MEASURES:
            a, b = getattr(one, name), getattr(two, name)
            rows.append((comparison, name, a, b, b - a))
    return _frame(rows, ("comparison_id", "measure", "first", "second", "difference"))


def _ends(share: Share) -> tuple[float, float, float]:
    return share.estimate, share.low, share.high


def _frame(rows: Sequence[tuple[object, ...]], names: tuple[str, ...]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=list(names))
