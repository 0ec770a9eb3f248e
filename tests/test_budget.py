import threading
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from playground.budget import SessionSpending, check_cap, day_start, shared_lock
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


def test_emulated_money_never_uses_up_the_real_allowance():
    spending = SessionSpending()

    spending.reserve("me", EMULATED, [("r1", Decimal("3"))])
    spending.reserve("me", LIVE, [("r2", Decimal("1"))])

    assert spending.used_usd("me", EMULATED) == Decimal("3")
    assert spending.used_usd("me", LIVE) == Decimal("1")
    assert spending.used_usd("you", LIVE) == Decimal(0)


def test_what_a_run_came_to_replaces_what_was_expected():
    spending = SessionSpending()
    spending.reserve("me", LIVE, [("r1", Decimal("1")), ("r2", Decimal("1"))])

    spending.settle("r1", Decimal("0.25"))
    spending.settle("unknown", Decimal("9"))

    assert spending.used_usd("me", LIVE) == Decimal("1.25")


def test_the_day_is_the_utc_day():
    late = datetime.fromisoformat("2026-11-22T23:30:00-05:00")

    assert day_start(late) == datetime(2026, 11, 23, tzinfo=UTC)


def test_the_lock_lets_one_in_at_a_time(tmp_path):
    inside, most, guard = 0, 0, threading.Lock()

    def enter() -> None:
        nonlocal inside, most
        for _ in range(50):
            with shared_lock(tmp_path / "lock"):
                with guard:
                    inside += 1
                    most = max(most, inside)
                with guard:
                    inside -= 1

    threads = [threading.Thread(target=enter) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert most == 1
