"""How long each model made people wait, and the ratio within pairs; time-outs are counted, never dropped."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from playground.judging.pairs import RUN_COLUMNS, latest_runs
from playground.results.evidence import Evidence, succeeded
from playground.results.stats import PairedRatio, ratio_by_ranks, ratio_t
from playground.schema import RunStatus

MIN_FOR_P95 = 20
_TIMES = ("status", "total_s", "sent_at", "started_at", "finished_at", "lag_bound_s")


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelTimes:
    """
    Seconds from the start to the kept picture.

    A quantile is None where it is not known: no times, too few for it, or beyond a time-out.
    """

    model: str
    n: int  # finished and timed out together
    n_timed_out: int
    n_unknown: int  # finished over a restart: their seconds were not measured
    timed_out_after_s: float | None  # the least any time-out waited
    median_s: float | None
    p95_s: float | None  # from MIN_FOR_P95 on
    median_lag_bound_s: float | None  # how late a finish was noticed, at most
    largest_lag_bound_s: float | None


def model_times(evidence: Evidence) -> tuple[ModelTimes, ModelTimes]:
    """The seconds of the first model and of the second."""
    first, second = (_times(evidence.runs, model) for model in evidence.models)
    return first, second


def time_pairs(evidence: Evidence) -> pd.DataFrame:
    """
    Both models' seconds of every pair begun together; infinite for a time-out.

    Columns: comparison_id, repeat, first_s, second_s, ratio (second / first; NaN where both
    timed out). Pairs with a side that was bought again later, or has no time, are left out.
    """
    latest = latest_runs(evidence.runs[[*RUN_COLUMNS, "retry_of", "total_s", "unit"]])
    seconds = _seconds(latest)
    usable = latest["retry_of"].isna().to_numpy() & ~np.isnan(seconds)
    timed = latest.assign(seconds=seconds)[usable]
    key = ["comparison_id", "repeat", "unit"]
    sides = [
        timed.loc[(timed["model"] == model).fillna(False), [*key, "seconds"]].drop_duplicates(key)
        for model in evidence.models
    ]
    both = sides[0].merge(sides[1], on=key, suffixes=("_first", "_second"))
    first, second = both["seconds_first"].to_numpy(), both["seconds_second"].to_numpy()
    with np.errstate(invalid="ignore"):
        ratio = second / first
    return pd.DataFrame(
        {
            "comparison_id": both["comparison_id"].array,
            "repeat": both["repeat"].array,
            "first_s": first,
            "second_s": second,
            "ratio": ratio,
        }
    )


def paired_ratio(evidence: Evidence, *, level: float = 0.95) -> PairedRatio | None:
    """
    How many times as long the second model takes; None under two pairs.

    By t on the logs; where a pair has a time-out, by ranks, which can hold one.
    """
    pairs = time_pairs(evidence)
    first, second = pairs["first_s"].to_numpy(), pairs["second_s"].to_numpy()
    known = ~np.isnan(pairs["ratio"].to_numpy())
    first, second = first[known], second[known]
    if len(first) < 2:
        return None
    if np.isinf(first).any() or np.isinf(second).any():
        return ratio_by_ranks(first, second, level=level)
    return ratio_t(first, second, level=level)


def _seconds(runs: pd.DataFrame) -> np.ndarray:
    """Of pictures that came; infinite for a time-out; NaN for everything else, zero included."""
    total = runs["total_s"].to_numpy(dtype=np.float64, na_value=np.nan)
    seconds = np.where(succeeded(runs) & (total > 0), total, np.nan)
    is_late = (runs["status"] == RunStatus.TIMED_OUT).fillna(False).to_numpy(dtype=bool)
    return np.where(is_late, np.inf, seconds)


def _times(runs: pd.DataFrame, model: str) -> ModelTimes:
    own = runs.loc[(runs["model"] == model).fillna(False), list(_TIMES)]
    seconds = _seconds(own)
    known = np.sort(seconds[~np.isnan(seconds)])
    is_late = np.isinf(seconds)
    begun = own["sent_at"].fillna(own["started_at"])
    waited = (own["finished_at"] - begun).dt.total_seconds().to_numpy(dtype=float)[is_late]
    waited = waited[~np.isnan(waited)]
    lags = own["lag_bound_s"].to_numpy(dtype=np.float64, na_value=np.nan)[succeeded(own)]
    lags = lags[~np.isnan(lags)]
    return ModelTimes(
        model=model,
        n=len(known),
        n_timed_out=int(is_late.sum()),
        n_unknown=int((succeeded(own) & np.isnan(seconds)).sum()),
        timed_out_after_s=float(waited.min()) if len(waited) else None,
        median_s=_quantile(known, 0.5, n_at_least=1),
        p95_s=_quantile(known, 0.95, n_at_least=MIN_FOR_P95),
        median_lag_bound_s=float(np.median(lags)) if len(lags) else None,
        largest_lag_bound_s=float(lags.max()) if len(lags) else None,
    )


def _quantile(ordered: np.ndarray, q: float, *, n_at_least: int) -> float | None:
    """Between neighbours, linearly; None where one of them is a time-out."""
    if len(ordered) < n_at_least:
        return None
    place = q * (len(ordered) - 1)
    low, high = ordered[int(np.floor(place))], ordered[int(np.ceil(place))]
    return float(low + (high - low) * (place % 1)) if np.isfinite(high) else None
