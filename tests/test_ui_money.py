"""No amount without its kind, and none that nobody named."""

from dataclasses import replace
from decimal import Decimal

import pytest

from playground.schema import EstimateKind, Origin, RunStatus
from playground.ui.money import cost_words, quote
from tests.ui_samples import ESTIMATE, a_finished_view, a_view

QUOTED = replace(ESTIMATE, usd=Decimal("0.025"), kind=EstimateKind.QUOTED, source="GET /v1/pricing")


def test_a_sum_says_what_kind_of_figure_it_is() -> None:
    assert quote([ESTIMATE, ESTIMATE], Origin.LIVE).price == "est. $0.14"
    assert quote([QUOTED], Origin.LIVE).price == "quoted $0.025"
    # One guess makes the whole a guess.
    assert quote([ESTIMATE, QUOTED], Origin.LIVE).price == "est. $0.095"
    assert quote([ESTIMATE, QUOTED], Origin.EMULATED).price == "emulated $0.095"


def test_one_unknown_price_makes_the_sum_unknown_and_never_zero() -> None:
    offer = quote([ESTIMATE, None], Origin.LIVE)

    assert offer.usd is None
    assert offer.price == "price unknown"
    assert "asked first" in offer.basis


def test_the_ground_of_a_price_is_named() -> None:
    assert quote([ESTIMATE], Origin.LIVE).basis == "Estimate after a price list."
    assert "own price for this key (2026)" in quote([QUOTED], Origin.LIVE).basis
    assert quote([QUOTED], Origin.EMULATED).basis.startswith("No real money.")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, ("$0.065", "charged")),
        ({"origin": "emulated"}, ("$0.065", "emulated")),
        ({"billing_status": "refunded"}, ("$0.00", "refunded")),
        (
            {"charged_usd": None, "billing_status": None},
            ("$0.07", "estimated; the charge was not told"),
        ),
        (
            {"charged_usd": None, "billing_status": "pending"},
            ("$0.07", "estimated; the charge is not settled yet"),
        ),
        (
            {"charged_usd": None, "billing_status": None, "estimate_usd": None},
            ("–", "cost unknown"),
        ),
        ({"status": RunStatus.REFUSED}, ("$0.00", "nothing charged")),
        ({"status": RunStatus.CANCELLED}, ("$0.00", "nothing charged")),
        ({"status": RunStatus.UNCONFIRMED}, ("$0.07", "may have been charged")),
    ],
)
def test_a_run_s_cost_is_told_as_what_it_is(
    changes: dict[str, object], words: tuple[str, str]
) -> None:
    assert cost_words(a_finished_view(**changes)) == words


def test_before_the_end_the_expected_price_is_shown() -> None:
    assert cost_words(a_view()) == ("$0.07", "estimated")
    assert cost_words(a_view(estimate=QUOTED)) == ("$0.025", "quoted")
    assert cost_words(a_view(origin=Origin.EMULATED)) == ("$0.07", "emulated")
    assert cost_words(a_view(estimate=None)) == ("–", "price unknown")
