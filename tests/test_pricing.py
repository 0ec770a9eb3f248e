from datetime import date
from decimal import Decimal

from playground.pricing import PRICES, Price, estimate, total_usd
from playground.schema import EstimateKind, Request

FLEX_1K = Request(model="flux-2-flex", prompt="x")
PRO_1K = Request(model="flux-2-pro", prompt="x")
TODAY = date(2026, 11, 22)


def test_both_models_at_1k_come_to_the_published_guess():
    both = [estimate(FLEX_1K, on=TODAY), estimate(PRO_1K, on=TODAY)]

    assert total_usd(both) == Decimal("0.095")
    assert {e.kind for e in both if e} == {EstimateKind.ESTIMATED}
    assert all(e and e.source and e.dated for e in both)


def test_flex_is_dearer_than_pro_as_every_source_says():
    for resolution in ("1K", "2K"):
        flex, pro = (
            next(p.usd for p in PRICES if p.model == model and p.resolution == resolution)
            for model in ("flux-2-flex", "flux-2-pro")
        )
        assert flex > pro


def test_the_newest_price_that_was_already_known_counts():
    old = Price(
        model="flux-2-pro", resolution="1K", usd=Decimal("0.05"), since=date(2025, 1, 1), source="a"
    )
    new = Price(
        model="flux-2-pro", resolution="1K", usd=Decimal("0.04"), since=date(2026, 1, 1), source="a"
    )

    before = estimate(PRO_1K, on=date(2025, 12, 31), prices=(new, old))
    after = estimate(PRO_1K, on=date(2026, 1, 1), prices=(new, old))

    assert before
    assert before.usd == Decimal("0.05")
    assert after
    assert after.usd == Decimal("0.04")


def test_the_services_own_price_wins_and_says_so():
    own = Price(
        model="flux-2-pro",
        resolution="1K",
        usd=Decimal("0.02"),
        since=TODAY,
        source="GET /v1/pricing",
        kind=EstimateKind.QUOTED,
    )

    told = estimate(PRO_1K, on=TODAY, quoted=(own,))
    untold = estimate(FLEX_1K, on=TODAY, quoted=(own,))

    assert told
    assert (told.usd, told.kind, told.dated) == (
        Decimal("0.02"),
        EstimateKind.QUOTED,
        "2026-11-22",
    )
    assert untold
    assert untold.kind is EstimateKind.ESTIMATED


def test_an_unknown_price_is_not_free():
    unknown = estimate(PRO_1K, on=TODAY, prices=())

    assert unknown is None
    assert total_usd([estimate(FLEX_1K, on=TODAY), unknown]) is None
