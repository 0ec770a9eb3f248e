"""What the models cost: estimated, charged and credits apart, and unknown never zero."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

import numpy as np
import pandas as pd

from playground.results.evidence import Evidence
from playground.results.stats import (
    BreakEven,
    MeanDifference,
    NetBenefit,
    break_even,
    mean_difference,
    net_benefit,
)
from playground.schema import BillingStatus, RunStatus

Basis = Literal["charged_usd", "estimate_usd"]

_AMOUNTS = ("estimate_usd", "charged_usd", "charged_credits", "billing_status")
_NEVER_CHARGED = (RunStatus.REFUSED, RunStatus.CANCELLED)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelMoney:
    """What the runs of a model that were sent came to. A sum is of the known amounts only."""

    model: str
    n_runs: int
    estimated_usd: Decimal
    n_estimated: int
    charged_usd: Decimal  # what was refunded counts as charged zero
    n_charged: int
    charged_credits: Decimal
    n_credits: int
    n_refunded: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedCost:
    """What the pictures of a pair cost; the difference is second minus first."""

    basis: Basis
    n_pairs: int
    n_priced: int  # pairs with both prices known
    first_usd: Decimal | None  # mean over priced pairs
    second_usd: Decimal | None
    difference: MeanDifference | None  # None under two priced pairs


def model_money(evidence: Evidence) -> tuple[ModelMoney, ModelMoney]:
    """The money of the first model and of the second, failed runs included."""
    first, second = (_money(evidence.runs, model) for model in evidence.models)
    return first, second


def charges(runs: pd.DataFrame) -> list[Decimal | None]:
    """For each run what was charged; zero only where it was refunded."""
    codes, amounts = _numbered(runs, "charged_usd")
    return [amounts[code] for code in codes]


def paired_cost(evidence: Evidence, basis: Basis, *, level: float = 0.95) -> PairedCost:
    """The cost of the pairs that are evidence, judged or not, on one basis."""
    first, second = (_amounts(evidence, side, basis) for side in ("first", "second"))
    priced = ~np.isnan(first) & ~np.isnan(second)
    first, second = first[priced], second[priced]
    n = len(first)
    return PairedCost(
        basis=basis,
        n_pairs=len(evidence.pairs),
        n_priced=n,
        first_usd=_mean(first),
        second_usd=_mean(second),
        difference=mean_difference(first, second, level=level) if n >= 2 else None,
    )


def benefit_of(
    evidence: Evidence, lambda_usd: float, *, basis: Basis = "charged_usd", level: float = 0.95
) -> NetBenefit | None:
    """The net benefit of the second model over judged, priced prompts; None under two of them."""
    net, extra = _net_and_extra(evidence, basis)
    return net_benefit(net, extra, lambda_usd, level=level) if len(net) >= 2 else None


def break_even_of(
    evidence: Evidence, *, basis: Basis = "charged_usd", level: float = 0.95
) -> BreakEven | None:
    """What a better picture must be worth; None under two judged, priced prompts."""
    net, extra = _net_and_extra(evidence, basis)
    return break_even(net, extra, level=level) if len(net) >= 2 else None


def _net_and_extra(evidence: Evidence, basis: Basis) -> tuple[np.ndarray, np.ndarray]:
    """Per judged prompt: mean of wins minus losses, and mean extra cost; priced prompts only."""
    pairs, verdicts = evidence.pairs, evidence.verdicts
    extra = _amounts(evidence, "second", basis) - _amounts(evidence, "first", basis)
    frame = pd.DataFrame(
        {
            "unit": verdicts["unit"].to_numpy(),
            "net": verdicts["net"].to_numpy(dtype=float),
            "extra": extra[verdicts["pair"].to_numpy()] if len(pairs) else np.empty(0),
        }
    )
    means = frame.groupby("unit")[["net", "extra"]].mean().dropna()
    return means["net"].to_numpy(), means["extra"].to_numpy()


def _amounts(evidence: Evidence, side: str, basis: Basis) -> np.ndarray:
    """Dollars of that side of each pair; NaN is unknown."""
    codes, amounts = _numbered(evidence.runs, basis)
    usd = np.array([np.nan if amount is None else float(amount) for amount in amounts])
    return np.asarray(usd[codes][evidence.pairs[side].to_numpy()])


def _money(runs: pd.DataFrame, model: str) -> ModelMoney:
    is_own = (runs["model"] == model) & ~runs["status"].isin(list(map(str, _NEVER_CHARGED)))
    own = runs.loc[is_own.fillna(False), list(_AMOUNTS)]
    estimated_usd, n_estimated = _sum(own, "estimate_usd")
    charged_usd, n_charged = _sum(own, "charged_usd")
    charged_credits, n_credits = _sum(own, "charged_credits")
    return ModelMoney(
        model=model,
        n_runs=len(own),
        estimated_usd=estimated_usd,
        n_estimated=n_estimated,
        charged_usd=charged_usd,
        n_charged=n_charged,
        charged_credits=charged_credits,
        n_credits=n_credits,
        n_refunded=int(_refunded(own).sum()),
    )


def _sum(runs: pd.DataFrame, name: str) -> tuple[Decimal, int]:
    """Of the known amounts, and how many they are."""
    codes, amounts = _numbered(runs, name)
    total, n_known = Decimal(0), 0
    for amount, n in zip(amounts, np.bincount(codes, minlength=len(amounts)), strict=True):
        if amount is not None:
            total, n_known = total + amount * int(n), n_known + int(n)
    return total, n_known


def _numbered(runs: pd.DataFrame, name: str) -> tuple[np.ndarray, list[Decimal | None]]:
    """
    The few different amounts of a column, and for each run the place of its own.

    The last two are unknown, and zero for what was refunded of a charge.
    """
    codes, words = pd.factorize(runs[name])
    amounts: list[Decimal | None] = [*map(Decimal, words), None, Decimal(0)]
    codes = np.where(codes < 0, len(words), codes)
    if name != "estimate_usd":
        codes = np.where(_refunded(runs), len(words) + 1, codes)
    return codes, amounts


def _refunded(runs: pd.DataFrame) -> np.ndarray:
    is_back = runs["billing_status"] == BillingStatus.REFUNDED
    return is_back.fillna(False).to_numpy(dtype=bool)


def _mean(amounts: np.ndarray) -> Decimal | None:
    """To a millionth of a dollar, so that a float's last digits are not shown as money."""
    return Decimal(f"{amounts.mean():.6f}") if len(amounts) else None
