"""What one change does while everything else stays: effects of a factor, from differences within the same prompt."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from playground.results.evidence import Evidence
from playground.results.stats.distributions import t_quantile
from playground.results.stats.paired import MeanDifference, mean_difference
from playground.results.stats.shares import LEVEL


@dataclass(frozen=True, slots=True, kw_only=True)
class FactorEffect:
    """
    By how much a value rises when a factor goes from level `base` to level `other`.

    `n_matched` cells were equal in every other factor; their differences were averaged within
    each of `difference.n` blocks, and the interval is over blocks.
    """

    factor: str
    base: str
    other: str
    within: str
    n_matched: int
    difference: MeanDifference


def tagged_factors(marks: pd.DataFrame) -> pd.DataFrame:
    """
    Tags of the form "name: value" as a table: a row per comparison_id (the index), a column per
    name, text; missing where a comparison has no such tag. Of several values the first counts.

    Needs comparison_id and tags, as `history.marks.current_marks` gives them.
    """
    rows = {
        comparison_id: {
            name.strip(): value.strip()
            for name, colon, value in (tag.partition(":") for tag in reversed(tags))
            if colon and name.strip() and value.strip()
        }
        for comparison_id, tags in zip(marks["comparison_id"], marks["tags"], strict=True)
    }
    table = pd.DataFrame.from_dict({k: v for k, v in rows.items() if v}, orient="index")
    table = table[sorted(table.columns)].astype("string")
    return table.rename_axis("comparison_id")


def net_by_comparison(evidence: Evidence) -> "pd.Series[float]":
    """Mean of wins minus losses of the second model, −1 to 1, of each judged comparison."""
    net = evidence.verdicts.groupby("comparison_id", sort=True)["net"].mean()
    return net.astype(np.float64).rename("net")


def difference_by_comparison(evidence: Evidence, values: "pd.Series[float]") -> "pd.Series[float]":
    """
    Second minus first model of a value known by run_id, mean over the pairs of each comparison.

    Pairs with a side that has no value are left out.
    """
    ids = evidence.runs["run_id"]
    sides = [
        values.reindex(ids.take(evidence.pairs[side].to_numpy())).to_numpy(dtype=np.float64)
        for side in ("first", "second")
    ]
    found = pd.Series(sides[1] - sides[0], index=evidence.pairs["comparison_id"].to_numpy())
    return found.dropna().groupby(level=0, sort=True).mean()


def factor_effect(
    values: "pd.Series[float]",
    factors: pd.DataFrame,
    *,
    factor: str,
    base: str,
    other: str,
    within: str,
    level: float = LEVEL,
) -> FactorEffect | None:
    """
    The effect of one factor with everything else equal; None under two blocks.

    Args:
        values: By comparison_id.

        factors: By comparison_id, as `tagged_factors` gives them.

        within: The factor whose levels are the blocks, such as the subject of the prompt. The
            interval counts blocks, so more wordings of one subject do not narrow it by themselves.

    Raises:
        ValueError: There is no such factor, or it is the block itself.

    Source:
        Box, Hunter & Hunter (2005), Statistics for Experimenters, chapters 3 (paired comparison,
        blocks) and 5 (factorial designs), with Student's t.
    """
    missing = {factor, within} - set(factors.columns)
    if missing or factor == within:
        raise ValueError(
            f"No effect of {factor!r} within {within!r}; the factors are "
            f"{', '.join(map(repr, factors.columns)) or 'none'}."
        )
    table = factors.join(values.rename("value"), how="inner").dropna(subset=["value"])
    others = [name for name in factors.columns if name != factor]
    # A factor that one experiment does not have must not drop its rows.
    table[others] = table[others].fillna("")
    table = table[table[within] != ""]
    cells = table.groupby([*others, factor], sort=True)["value"].mean().unstack(factor)
    if base not in cells.columns or other not in cells.columns:
        return None
    matched = (cells[other] - cells[base]).dropna()
    blocks = matched.groupby(level=within, sort=True).mean().to_numpy(dtype=np.float64)
    if len(blocks) < 2:
        return None
    return FactorEffect(
        factor=factor,
        base=base,
        other=other,
        within=within,
        n_matched=len(matched),
        difference=mean_difference(np.zeros(len(blocks)), blocks, level=level),
    )


def crowd_difference(
    base: np.ndarray, other: np.ndarray, *, level: float = LEVEL
) -> MeanDifference:
    """
    The mean of `other` minus that of `base` as two crowds that have nothing in common.

    For showing what pairing gains; degrees of freedom are rounded down, so the interval is a
    little wide. `sd` is that of the difference of means times √n, n the smaller crowd.

    Raises:
        ValueError: A crowd has fewer than two members.

    Source:
        Welch (1947), Biometrika 34, 28-35.
    """
    if min(len(base), len(other)) < 2:
        raise ValueError(f"Two crowds of two or more are needed; got {len(base)}, {len(other)}.")
    parts = [float(np.var(each, ddof=1)) / len(each) for each in (base, other)]
    error = math.sqrt(sum(parts))
    degrees = 1
    if error:
        below = sum(p * p / (len(e) - 1) for p, e in zip(parts, (base, other), strict=True))
        degrees = max(1, int(error**4 / below))
    estimate = float(np.mean(other) - np.mean(base))
    half = t_quantile((1 + level) / 2, degrees) * error
    n = min(len(base), len(other))
    return MeanDifference(
        estimate=estimate,
        low=estimate - half,
        high=estimate + half,
        sd=error * math.sqrt(n),
        n=n,
        level=level,
    )


def crowd_effect(
    values: "pd.Series[float]",
    factors: pd.DataFrame,
    *,
    factor: str,
    base: str,
    other: str,
    level: float = LEVEL,
) -> MeanDifference | None:
    """
    The same change by `crowd_difference`, over all comparisons; None under two on a side.

    Args:
        values, factors: By comparison_id, as `factor_effect` takes them.
    """
    table = factors[[factor]].join(values.rename("value"), how="inner").dropna()
    sides = [table.loc[table[factor] == each, "value"].to_numpy(float) for each in (base, other)]
    if min(map(len, sides)) < 2:
        return None
    return crowd_difference(*sides, level=level)


def effects_frame(effects: Sequence[FactorEffect | None]) -> pd.DataFrame:
    """
    One row per effect that is known.

    Columns: factor, change, estimate, low, high, level, n_blocks, n_matched.
    """
    rows = [
        (
            each.factor,
            f"{each.base} → {each.other}",
            each.difference.estimate,
            each.difference.low,
            each.difference.high,
            each.difference.level,
            each.difference.n,
            each.n_matched,
        )
        for each in effects
        if each is not None
    ]
    names = ["factor", "change", "estimate", "low", "high", "level", "n_blocks", "n_matched"]
    return pd.DataFrame(rows, columns=names)
