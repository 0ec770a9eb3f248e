"""What a picture costs before it is bought: dated prices with their source, never a promise."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from playground.schema import Estimate, EstimateKind, Request

CREDITS_PER_USD = Decimal(200)


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """USD for one picture of a model at a resolution, from a day on, according to a source."""

    model: str
    resolution: str
    usd: Decimal
    since: date
    source: str
    kind: EstimateKind = EstimateKind.ESTIMATED


# ToAPIs publishes no price for these models. kie.ai sells the same parameters for the same
# credit value, so its list is the nearest guess; 2026 is all that is known of its date.
_SOURCE = "kie.ai list price, 2026"
_SINCE = date(2026, 1, 1)
PRICES = tuple(
    Price(model=model, resolution=resolution, usd=Decimal(usd), since=_SINCE, source=_SOURCE)
    for model, resolution, usd in (
        ("flux-2-flex", "1K", "0.07"),
        ("flux-2-flex", "2K", "0.12"),
        ("flux-2-pro", "1K", "0.025"),
        ("flux-2-pro", "2K", "0.035"),
    )
)


def estimate(
    request: Request,
    *,
    on: date,
    prices: Iterable[Price] = PRICES,
    quoted: Iterable[Price] = (),
) -> Estimate | None:
    """
    What one picture should cost; None when no price is known, which is not the same as free.

    Args:
        on: The day of the purchase; the newest price not after it counts.

        prices: Published prices.

        quoted: The caller's own prices as the service told them; they win when they name the case.
    """
    for offers in (quoted, prices):
        fitting = [
            price
            for price in offers
            if price.model == request.model
            and price.resolution == request.resolution
            and price.since <= on
        ]
        if fitting:
            newest = max(fitting, key=lambda price: price.since)
            return Estimate(
                usd=newest.usd,
                kind=newest.kind,
                source=newest.source,
                dated=newest.since.isoformat()
                if newest.kind is EstimateKind.QUOTED
                else str(newest.since.year),
            )
    return None


def total_usd(estimates: Iterable[Estimate | None]) -> Decimal | None:
    """The sum; None as soon as one price is unknown."""
    total = Decimal(0)
    for each in estimates:
        if each is None:
            return None
        total += each.usd
    return total
