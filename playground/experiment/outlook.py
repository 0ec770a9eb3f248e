"""What a plan says before it is run: how many pictures, the most they cost, the least time, what they can show."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from statistics import median
from typing import Any

from playground.experiment.plan import Plan
from playground.ratelimit import TIERS, Tier, least_duration_s
from playground.results.stats import PLANNED_SHARES, SharePlan, plan_share
from playground.sayings import said
from playground.schema import Estimate, Origin, Request, Run, RunStatus

# So many runs that ended last tell how long a picture takes now.
TIMED_RUNS = 100

PriceOf = Callable[[Request], Estimate | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceLine:
    """The pictures of one model at one resolution and what one of them should cost."""

    model: str
    resolution: str
    n_pictures: int
    estimate: Estimate | None  # None: no price is known

    def usd(self, price_usd: Decimal | None = None) -> Decimal | None:
        """All of them; `price_usd` stands in for a price that is not known."""
        each = price_usd if self.estimate is None else self.estimate.usd
        return None if each is None else each * self.n_pictures


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """If one model were preferred with that share, this many prompts would be needed."""

    plan: SharePlan
    is_covered: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """The plan in numbers. `worst_usd` None: a price is unknown and none was given."""

    n_prompts: int
    n_comparisons: int
    n_pictures: int
    prices: tuple[PriceLine, ...]
    worst_usd: Decimal | None
    least_s: float  # what the rate limits alone take; drawing comes on top
    picture_s: float | None  # what one picture of the slowest model took lately; None: not known
    scenarios: tuple[Scenario, ...]
    n_covered: int  # comparisons, in plan order, that the budget pays for
    budget_usd: Decimal | None

    @property
    def about_s(self) -> float | None:
        """Until the last picture is there: they are drawn side by side, as fast as they may be sent."""
        return None if self.picture_s is None else self.least_s + self.picture_s

    @property
    def n_pictures_covered(self) -> int:
        """Every comparison of a plan has as many pictures."""
        return self.n_covered * self.n_pictures // self.n_comparisons

    @property
    def unknown_prices(self) -> tuple[PriceLine, ...]:
        return tuple(line for line in self.prices if line.estimate is None)

    @property
    def sentence(self) -> str:
        """How far the budget goes."""
        if self.worst_usd is None:
            models = ", ".join(f"{p.model} at {p.resolution}" for p in self.unknown_prices)
            return said(
                "No price is known for {models}. Give one to count with, or leave it out.",
                models=models,
            )
        if self.n_covered == self.n_comparisons:
            return said("The budget covers all {n} comparisons.", n=self.n_comparisons)
        return said(
            "The budget covers {n_covered} of {n} comparisons.",
            n_covered=self.n_covered,
            n=self.n_comparisons,
        )


def outlook(
    plan: Plan,
    price_of: PriceOf,
    *,
    tier: Tier = TIERS["default"],
    budget_usd: Decimal | None = None,
    day_left_usd: Decimal | None = None,
    price_usd: Decimal | None = None,
    picture_s: float | None = None,
    scenarios: Sequence[float] = PLANNED_SHARES,
) -> Outlook:
    """
    Args:
        price_of: What one picture should cost.

        budget_usd: The experiment's own; None: no budget of its own.

        day_left_usd: What the cap of the day leaves; None: no cap.

        price_usd: Counts for every picture whose price is not known.

        picture_s: As `picture_seconds` tells.
    """
    lines = price_lines(plan, price_of)
    amounts = [line.usd(price_usd) for line in lines]
    known = [amount for amount in amounts if amount is not None]
    worst_usd = sum(known, Decimal(0)) if len(known) == len(amounts) else None
    n_prompts = len({each.prompt for each in plan.comparisons})
    limits = [limit for limit in (budget_usd, day_left_usd) if limit is not None]
    return Outlook(
        n_prompts=n_prompts,
        n_comparisons=len(plan.comparisons),
        n_pictures=plan.n_pictures,
        prices=lines,
        worst_usd=worst_usd,
        least_s=least_duration_s(plan.n_pictures, tier),
        picture_s=picture_s,
        scenarios=tuple(
            Scenario(plan=each, is_covered=n_prompts >= each.fixed_n)
            for each in map(plan_share, scenarios)
        ),
        n_covered=_n_covered(plan, lines, min(limits, default=None), price_usd),
        budget_usd=budget_usd,
    )


def picture_seconds(runs: Iterable[Run], plan: Plan, origin: Origin) -> float | None:
    """The median of the model of the plan that took longest in these runs; None: one is not in them."""
    seconds: dict[str, list[float]] = {model: [] for model in plan.settings.models}
    for run in runs:
        is_ours = run.origin == origin and run.model in seconds
        if is_ours and run.status == RunStatus.SUCCEEDED and run.total_s is not None:
            seconds[run.model].append(run.total_s)
    if not all(seconds.values()):
        return None
    return max(map(median, seconds.values()))


def price_lines(plan: Plan, price_of: PriceOf) -> tuple[PriceLine, ...]:
    """By model in the order of lanes, then by resolution."""
    counts: Counter[tuple[str, str]] = Counter()
    for resolution, n in Counter(each.variant.resolution for each in plan.comparisons).items():
        for model in plan.settings.models:
            counts[model, resolution] += n * plan.settings.repeats
    return tuple(
        PriceLine(
            model=model,
            resolution=resolution,
            n_pictures=n,
            estimate=price_of(Request(model=model, prompt="x", resolution=resolution)),
        )
        for (model, resolution), n in sorted(
            counts.items(), key=lambda item: (plan.settings.models.index(item[0][0]), item[0][1])
        )
    )


def _n_covered(
    plan: Plan,
    lines: Sequence[PriceLine],
    limit_usd: Decimal | None,
    price_usd: Decimal | None,
) -> int:
    each_usd = {
        (p.model, p.resolution): price_usd if p.estimate is None else p.estimate.usd for p in lines
    }
    left_usd = limit_usd
    for number, planned in enumerate(plan.comparisons):
        for model in plan.settings.models:
            usd = each_usd[model, planned.variant.resolution]
            if usd is None:
                return number
            if left_usd is not None:
                left_usd -= usd * plan.settings.repeats
        if left_usd is not None and left_usd < 0:
            return number
    return len(plan.comparisons)


def outlook_json(view: Outlook) -> dict[str, Any]:
    """Plain types only; money as text."""
    return {
        "prompts": view.n_prompts,
        "comparisons": view.n_comparisons,
        "pictures": view.n_pictures,
        "worst_usd": None if view.worst_usd is None else str(view.worst_usd),
        "least_s": view.least_s,
        "picture_s": view.picture_s,
        "covered": view.n_covered,
        "budget_usd": None if view.budget_usd is None else str(view.budget_usd),
        "says": view.sentence,
        "prices": [
            {
                "model": line.model,
                "resolution": line.resolution,
                "pictures": line.n_pictures,
                "usd_each": None if line.estimate is None else str(line.estimate.usd),
                "kind": None if line.estimate is None else str(line.estimate.kind),
                "source": None if line.estimate is None else line.estimate.source,
                "dated": None if line.estimate is None else line.estimate.dated,
            }
            for line in view.prices
        ],
        "scenarios": [
            {
                "share": each.plan.share,
                "prompts_needed": each.plan.fixed_n,
                "median_prompts_to_call": each.plan.median_n_to_call,
                "covered": each.is_covered,
            }
            for each in view.scenarios
        ],
    }
