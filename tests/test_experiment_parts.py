"""The small parts: how many at once, what is counted, how long it takes, who has the turn, what is remembered."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from playground.errors import StorageError, UnknownPriceError
from playground.experiment.allowance import Allowance
from playground.experiment.books import Look, OpenRun
from playground.experiment.pacing import comparisons_in_flight, unsent_pictures
from playground.experiment.progress import Standing, progress_of
from playground.experiment.state import BalanceThen, Lease, Orders, Pause, StateFile, Wanted
from playground.experiment.turns import Turns
from playground.experiment.words import progress_lines, progress_words, span
from playground.ratelimit import TIERS
from playground.schema import Estimate, EstimateKind, Request, RunStatus
from playground.ui.experiment.progress import progress_html
from tests.experiment_rig import a_plan
from tests.judging_rig import a_run

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
PLAN = a_plan(20)


def row(number: int, **changes):
    planned = PLAN.comparisons[number // 2]
    lane = number % 2 + 1
    told = {
        "run_id": planned.run_ids[lane - 1][0],
        "comparison_id": planned.comparison_id,
        "experiment_id": PLAN.experiment_id,
        "finished_at": NOON + timedelta(seconds=3 * number),
        "estimate_usd": Decimal("0.05"),
        "charged_usd": Decimal("0.04"),
        **changes,
    }
    return replace(a_run(1, lane), **told)


def progress(*rows, open_runs=(), at_s: float = 60.0, **orders):
    told = Orders(**{"wanted": Wanted.RUNNING, "is_active": True, **orders})
    look = Look(rows=rows, open_runs=tuple(open_runs))
    return progress_of(PLAN, look, told, now=NOON + timedelta(seconds=at_s))


# ---- pace -------------------------------------------------------------------------------------


def test_as_many_are_under_way_as_the_limits_can_feed():
    default = TIERS["default"]

    assert comparisons_in_flight(default, n_pictures=2) == 49  # 5/s × 0.98 × 20 s / 2
    assert comparisons_in_flight(default, n_pictures=8) == 13
    assert comparisons_in_flight(default, n_pictures=2, task_s=0.2) == 4
    assert comparisons_in_flight(TIERS["svip"], n_pictures=1) == 400
    assert unsent_pictures(2) == 8
    assert unsent_pictures(8) == 16


def an_open_run(number: int, *, is_sent: bool = True) -> OpenRun:
    planned = PLAN.comparisons[number // 2]
    return OpenRun(
        run_id=planned.run_ids[number % 2][0], place=(planned.comparison_id, number % 2 + 1, 1),
        model="flux-2-flex", is_sent=is_sent, estimate_usd=Decimal("0.07"), retry_of=None,
        is_elsewhere=False,
    )  # fmt: skip


def test_the_time_left_is_told_from_what_was_measured_and_only_then():
    assert progress(*(row(n) for n in range(5))).left_s is None
    left = tuple(an_open_run(n, is_sent=n < 12) for n in range(10, 40))
    steady = progress(*(row(n) for n in range(10)), open_runs=left, at_s=27)
    stuck = progress(*(row(n) for n in range(10)), open_runs=left, at_s=270)
    resumed = progress(*(row(n) for n in range(10)), queued_at=NOON + timedelta(seconds=20))

    assert steady.per_minute == pytest.approx(20)
    assert steady.left_s == pytest.approx(30 * 3)
    assert stuck.left_s == pytest.approx(10 * 90)
    assert resumed.left_s is None
    assert progress(*(row(n) for n in range(10)), wanted=Wanted.PAUSED).left_s is None


def test_the_time_left_is_only_of_what_the_budget_pays_for():
    paid = tuple(an_open_run(n) for n in range(10, 14))

    told = progress(*(row(n) for n in range(10)), open_runs=paid, at_s=27)

    assert told.counts.n_waiting == 26
    assert told.left_s == pytest.approx(4 * 3)


# ---- counting ---------------------------------------------------------------------------------


def test_every_planned_picture_is_counted_once():
    sent, kept = an_open_run(6), an_open_run(7, is_sent=False)
    refused = row(1, status=RunStatus.REFUSED, file=None, charged_usd=None)
    lost = row(2, status=RunStatus.UNCONFIRMED, file=None, charged_usd=None)
    given_up = row(3, status=RunStatus.CANCELLED, file=None, charged_usd=None)

    told = progress(row(0), refused, lost, given_up, open_runs=(sent, kept))

    counts = told.counts
    assert (counts.n_done, counts.n_failed, counts.n_cancelled) == (1, 2, 1)
    assert (counts.n_running, counts.n_reserved, counts.n_waiting) == (1, 1, 34)
    assert told.n_unconfirmed == 1
    assert told.money.spent_usd == Decimal("0.04") + Decimal("0.05")  # in doubt: as expected
    assert told.money.charged_usd == Decimal("0.04")
    assert told.money.n_charge_unknown == 1
    assert told.money.reserved_usd == Decimal("0.14")
    assert "34 waiting" in progress_words(told)


def test_the_account_explains_the_charges_or_says_what_is_left_over():
    def then(**amounts):
        return BalanceThen(at=NOON, **{"credits": None, "used_credits": None, **amounts})

    used = progress(
        row(0),
        balance_before=then(credits=Decimal(100), used_credits=Decimal(10)),
        balance_after=then(credits=Decimal(500), used_credits=Decimal(20)),
    ).money
    unknown = progress(row(0), balance_before=then(), balance_after=then()).money

    assert (used.account_usd, used.unexplained_usd) == (Decimal("0.05"), Decimal("0.01"))
    assert (unknown.account_usd, unknown.unexplained_usd) == (None, None)


def test_a_balance_from_before_the_last_picture_explains_nothing():
    def then(used: int, at_s: float = 0.0) -> BalanceThen:
        at = NOON + timedelta(seconds=at_s)
        return BalanceThen(at=at, credits=None, used_credits=Decimal(used))

    balances = {"balance_before": then(10), "balance_after": then(18, at_s=1.0)}
    read = progress(row(0), **balances).money
    resumed = progress(row(0), row(1), **balances)
    in_flight = progress(row(0), open_runs=(an_open_run(1),), **balances).money
    only_reserved = progress(row(0), open_runs=(an_open_run(1, is_sent=False),), **balances).money

    assert (read.account_usd, read.unexplained_usd) == (Decimal("0.04"), 0)
    assert (resumed.money.account_usd, resumed.money.unexplained_usd) == (None, None)
    assert in_flight.account_usd is None
    assert only_reserved.account_usd == Decimal("0.04")
    assert "unexplained" not in " ".join(progress_lines(resumed))
    assert "read once it rests" in progress_html(resumed)


def test_the_allowance_counts_charges_when_they_are_known_and_learns_from_them():
    def price_of(_request):
        return Estimate(usd=Decimal("0.05"), kind=EstimateKind.ESTIMATED, source="s", dated="2026")

    allowance = Allowance(price_of)
    pro = Request(model="flux-2-pro", prompt="x")
    assert allowance.usd_of(pro) == Decimal("0.05")
    allowance.begin("one", Decimal("0.05"))
    assert allowance.fits(Decimal("0.05"), Decimal("0.10"))
    assert not allowance.fits(Decimal("0.06"), Decimal("0.10"))

    dear = row(1, run_id="one", charged_usd=Decimal("0.08"))
    allowance.settle([dear, dear])

    assert allowance.spent_usd == Decimal("0.08")
    assert allowance.usd_of(pro) == Decimal("0.08")
    assert allowance.fits(Decimal(10), None)


def test_without_any_price_nothing_is_expected():
    allowance = Allowance(lambda _request: None)
    request = Request(model="flux-2-pro", prompt="x")

    with pytest.raises(UnknownPriceError):
        allowance.usd_of(request)
    allowance.price_usd = Decimal("0.5")
    assert allowance.usd_of(request) == Decimal("0.5")


def test_a_pause_that_still_has_pictures_under_way_says_so():
    sent = OpenRun(
        run_id="r", place=(PLAN.comparisons[0].comparison_id, 1, 1), model="flux-2-flex",
        is_sent=True, estimate_usd=None, retry_of=None, is_elsewhere=True,
    )  # fmt: skip

    assert progress(open_runs=(sent,), wanted=Wanted.PAUSED).standing is Standing.PAUSING
    assert progress(wanted=Wanted.PAUSED).standing is Standing.PAUSED
    assert progress(is_active=False).standing is Standing.QUEUED


@pytest.mark.parametrize(
    ("seconds", "words"), [(5, "5 s"), (89, "89 s"), (120, "2 min"), (6000, "1.7 h")]
)
def test_times_are_told_as_people_do(seconds, words):
    assert span(seconds) == words


# ---- what is remembered -----------------------------------------------------------------------


def test_orders_are_read_back_as_they_were_written(tmp_path):
    orders = Orders(
        wanted=Wanted.PAUSED,
        why=Pause.BUDGET,
        note="x",
        budget_usd=Decimal("1.230"),
        price_usd=Decimal("0.5"),
        in_flight=3,
        queued_at=NOON,
        is_active=True,
        account={"origin": "live"},
        owner_id="me",
        retry=("a", "b"),
        is_tagged=True,
        balance_before=BalanceThen(at=NOON, credits=Decimal("1.5"), used_credits=None),
    )
    StateFile(tmp_path).change(lambda _: orders)

    assert StateFile(tmp_path).read() == orders
    assert (tmp_path / "state.json").stat().st_mode & 0o777 == 0o600


def test_another_program_sees_a_change_at_once(tmp_path):
    one, two = StateFile(tmp_path), StateFile(tmp_path)
    assert two.read() == Orders()
    one.set(budget_usd=Decimal(1))
    assert two.read().budget_usd == Decimal(1)
    two.set(wanted=Wanted.STOPPED)
    assert one.read() == Orders(budget_usd=Decimal(1), wanted=Wanted.STOPPED)


@pytest.mark.parametrize("data", ["", "{}", "[]", '{"format": 2}', '{"format": 1, "wanted": "x"}'])
def test_a_damaged_state_stops_instead_of_starting_anew(data, tmp_path):
    (tmp_path / "state.json").write_text(data)

    with pytest.raises(StorageError, match="Move it away"):
        StateFile(tmp_path).read()


def test_a_lease_is_held_once(tmp_path):
    lease = Lease.try_take(tmp_path / "lease")
    assert lease is not None
    assert Lease.try_take(tmp_path / "lease") is None
    lease.release()
    lease.release()
    again = Lease.try_take(tmp_path / "lease")
    assert again is not None
    again.release()


def test_turns_are_taken_in_order_over_all_programs(tmp_path):
    here, there = Turns(tmp_path), Turns(tmp_path)
    assert here.take("a")
    assert not here.take("b")
    assert not there.take("c")
    here.give_back("a")
    assert here.take("b")
    assert not there.take("c")
    here.give_back("b")
    assert there.take("c")
    there.give_back("c")


def test_two_at_once_are_two_at_once(tmp_path):
    turns = Turns(tmp_path, at_once=2)

    assert [turns.take(name) for name in ("a", "b", "c")] == [True, True, False]
    for name in ("a", "b", "c"):
        turns.give_back(name)
