from datetime import UTC, datetime
from decimal import Decimal

import pytest

from playground.budget import Reservations, check_cap, day_start
from playground.errors import BudgetExceededError
from playground.schema import Origin

LIVE, EMULATED = Origin.LIVE, Origin.EMULATED


def test_a_cap_may_be_reached_but_not_passed():
    check_cap(
        "day", cap_usd=Decimal("1"), used_usd=Decimal("0.9"), needed_usd=Decimal("0.1"), origin=LIVE
    )

    with pytest.raises(BudgetExceededError) as caught:
        check_cap(
            "day",
            cap_usd=Decimal("1"),
            used_usd=Decimal("0.9"),
            needed_usd=Decimal("0.100001"),
            origin=LIVE,
        )
    assert caught.value.used_usd == Decimal("0.9")
    assert "PLAYGROUND_DAY_CAP_USD" in str(caught.value)
    assert "Nothing was sent" in str(caught.value)


def test_no_cap_lets_everything_through():
    check_cap("day", cap_usd=None, used_usd=Decimal(10**6), needed_usd=Decimal(10**6), origin=LIVE)


def test_each_name_has_a_sum_of_its_own():
    reservations = Reservations()

    reservations.reserve(("me", EMULATED), "r1", Decimal("3"))
    reservations.reserve(("me", LIVE), "r2", Decimal("1"))

    assert reservations.used_usd(("me", EMULATED)) == Decimal("3")
    assert reservations.used_usd(("me", LIVE)) == Decimal("1")
    assert reservations.used_usd(("you", LIVE)) == Decimal(0)


def test_what_a_run_came_to_replaces_what_was_expected():
    reservations = Reservations()
    reservations.reserve("me", "r1", Decimal("1"))
    reservations.reserve("me", "r2", Decimal("1"))
    reservations.reserve("me", "r3", None)

    reservations.settle("r1", Decimal("0.25"))
    reservations.settle("unknown", Decimal("9"))

    assert reservations.used_usd("me") == Decimal("1.25")


def test_a_run_is_counted_once_however_often_it_is_reserved_or_released():
    reservations = Reservations()
    for _ in range(2):
        reservations.reserve("me", "r1", Decimal("1"))
    counted = reservations.used_usd("me")
    for _ in range(2):
        reservations.release("r1")

    assert counted == Decimal("1")
    assert reservations.used_usd("me") == Decimal(0)


def test_the_day_is_the_utc_day():
    late = datetime.fromisoformat("2026-11-22T23:30:00-05:00")

    assert day_start(late) == datetime(2026, 11, 23, tzinfo=UTC)
