"""How often each model brought a usable picture. A failure is no loss in taste."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from playground.results.evidence import Evidence, succeeded
from playground.results.stats import Share, SignTest, sign_test, wilson
from playground.schema import RunStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelOutcomes:
    """How the runs of a model ended. Cancelled runs were never sent and are in no rate."""

    model: str
    n_sent: int
    n_succeeded: int
    n_failed: int
    n_refused: int
    n_timed_out: int
    n_unconfirmed: int
    n_cancelled: int
    n_retries: int  # bought again for an earlier run
    n_regenerated: int  # of those, although the earlier run had brought a picture
    usable: Share | None  # None: nothing was sent
    # The four ways to bring none; with `usable` each sent run is in exactly one of them.
    failed: Share | None
    refused: Share | None
    timed_out: Share | None
    unconfirmed: Share | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedFailures:
    """First attempts side by side: in how many only one of the models brought no picture."""

    n_pairs: int
    only_first: int
    only_second: int
    test: SignTest | None  # None: never only one


@dataclass(frozen=True, slots=True, kw_only=True)
class PixelSizes:
    """Whether the two pictures of the pairs have the same pixels."""

    n_equal: int
    n_different: int
    n_unknown: int


def model_outcomes(
    evidence: Evidence, *, level: float = 0.95
) -> tuple[ModelOutcomes, ModelOutcomes]:
    """The outcomes of the first model and of the second, retries included."""
    runs = evidence.runs
    parents = runs.loc[succeeded(runs), "run_id"]
    is_retry = runs["retry_of"].notna().to_numpy(dtype=bool)
    is_regenerated = runs["retry_of"].isin(parents).to_numpy() & is_retry
    first, second = (
        _outcomes(model, runs, is_retry, is_regenerated, level) for model in evidence.models
    )
    return first, second


def paired_failures(evidence: Evidence) -> PairedFailures:
    """Of every prompt and repeat that was sent to both models, the first attempts."""
    runs = evidence.runs[["comparison_id", "repeat", "model", "status", "retry_of"]]
    sent = runs[runs["retry_of"].isna() & (runs["status"] != RunStatus.CANCELLED).fillna(False)]
    tried = sent.assign(is_usable=succeeded(sent))[
        ["comparison_id", "repeat", "model", "is_usable"]
    ]
    sides = [
        tried[(tried["model"] == model).fillna(False)].drop_duplicates(["comparison_id", "repeat"])
        for model in evidence.models
    ]
    both = sides[0].merge(sides[1], on=["comparison_id", "repeat"])
    first, second = (both[name].to_numpy(dtype=bool) for name in ("is_usable_x", "is_usable_y"))
    only_first, only_second = int((~first & second).sum()), int((first & ~second).sum())
    n = only_first + only_second
    return PairedFailures(
        n_pairs=len(both),
        only_first=only_first,
        only_second=only_second,
        test=sign_test(only_first, n) if n else None,
    )


def pixel_sizes(evidence: Evidence) -> PixelSizes:
    """Counted over all pairs that are evidence, judged or not."""
    runs, pairs = evidence.runs, evidence.pairs
    is_equal, is_known = np.ones(len(pairs), bool), np.ones(len(pairs), bool)
    for name in ("width_px", "height_px"):
        values = runs[name].to_numpy(dtype=np.float64, na_value=np.nan)
        first, second = values[pairs["first"]], values[pairs["second"]]
        is_equal &= first == second
        is_known &= ~np.isnan(first) & ~np.isnan(second)
    return PixelSizes(
        n_equal=int((is_equal & is_known).sum()),
        n_different=int((~is_equal & is_known).sum()),
        n_unknown=int((~is_known).sum()),
    )


def _outcomes(
    model: str, runs: pd.DataFrame, is_retry: np.ndarray, is_regenerated: np.ndarray, level: float
) -> ModelOutcomes:
    own = (runs["model"] == model).fillna(False).to_numpy(dtype=bool)
    counts = runs.loc[own, "status"].value_counts()
    n = {status: int(counts.get(str(status), 0)) for status in RunStatus}
    n_sent = sum(n.values()) - n[RunStatus.CANCELLED]

    def share(count: int) -> Share | None:
        return wilson(count, n_sent, level=level) if n_sent else None

    return ModelOutcomes(
        model=model,
        n_sent=n_sent,
        n_succeeded=n[RunStatus.SUCCEEDED],
        n_failed=n[RunStatus.FAILED],
        n_refused=n[RunStatus.REFUSED],
        n_timed_out=n[RunStatus.TIMED_OUT],
        n_unconfirmed=n[RunStatus.UNCONFIRMED],
        n_cancelled=n[RunStatus.CANCELLED],
        n_retries=int((own & is_retry).sum()),
        n_regenerated=int((own & is_regenerated).sum()),
        usable=share(n[RunStatus.SUCCEEDED]),
        failed=share(n[RunStatus.FAILED]),
        refused=share(n[RunStatus.REFUSED]),
        timed_out=share(n[RunStatus.TIMED_OUT]),
        unconfirmed=share(n[RunStatus.UNCONFIRMED]),
    )
