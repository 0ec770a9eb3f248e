"""What is lent of a deployment's own key: counted by visitor and by place, over restarts and programs."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from playground.errors import BudgetExceededError, InvalidRequestError, UnknownPriceError
from playground.pricing import estimate
from playground.runlog import RunLog
from playground.runner import intents
from playground.runner.crowd import MAX_OPEN, Crowd
from playground.runner.lending import Lending
from playground.runner.views import RunView
from playground.schema import Comparison, Origin, Run, RunStatus
from tests.judging_rig import a_run

SECRET = b"s" * 32
NOW = datetime(2026, 11, 22, 23, 0, tzinfo=UTC)
PRO_USD = Decimal("0.025")


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def crowd() -> Crowd:
    return Crowd(SECRET)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def log(tmp_path: Path) -> RunLog:
    return RunLog(tmp_path / "runs.csv")


@pytest.fixture
def begun() -> set[str]:
    """What the journals know as open."""
    return set()


@pytest.fixture
def lending(tmp_path: Path, log: RunLog, crowd: Crowd, clock: Clock, begun: set[str]) -> Lending:
    return Lending(tmp_path, log=log, crowd=crowd, secret=SECRET, open_ids=lambda: begun, now=clock)


def view(owner_id: str = "own_a") -> RunView:
    comparison = Comparison(
        comparison_id="c1", prompt="A fox", lanes=("flux-2-pro",), owner_id=owner_id
    )
    price = estimate(comparison.request(1), on=NOW.date(), quoted=())
    return intents.first_attempt(comparison, 1, 1, origin=Origin.LIVE, estimate=price)


def check(lending: Lending, *views: RunView, visitor: str = "0.05", day: str = "1") -> None:
    lending.check(views, visitor_cap_usd=Decimal(visitor), day_cap_usd=Decimal(day))


def test_what_is_lent_counts_as_expected_and_then_as_it_came_out(
    lending: Lending, log: RunLog
) -> None:
    one, two = view(), view()
    lending.note([one, two])
    before = lending.lent("own_a").visitor_usd
    log.append(replace(a_run(), run_id=one.run_id, charged_usd=Decimal("0.04")))
    log.append(replace(a_run(), run_id=two.run_id, status=RunStatus.CANCELLED))

    assert before == 2 * PRO_USD
    assert lending.lent("own_a").visitor_usd == lending.lent("own_a").day_usd == Decimal("0.04")


def test_the_visitor_s_cap_may_be_reached_and_not_passed(lending: Lending) -> None:
    check(lending, view(), view())
    lending.note([view(), view()])

    with pytest.raises(BudgetExceededError, match=r"visitor cap.*own, or come back tomorrow"):
        check(lending, view())


def test_the_day_s_cap_is_everybody_s(lending: Lending, crowd: Crowd) -> None:
    for number in range(3):
        crowd.meet(f"own_{number}", f"198.51.100.{number}")
        lending.note([view(f"own_{number}")])
    crowd.meet("own_new", "203.0.113.1")

    with pytest.raises(BudgetExceededError, match="day cap"):
        check(lending, view("own_new"), day="0.09")


def test_a_new_name_from_the_same_place_has_no_new_allowance(
    lending: Lending, crowd: Crowd
) -> None:
    crowd.meet("own_a", "203.0.113.1")
    crowd.meet("own_b", "203.0.113.1")
    crowd.meet("own_c", "203.0.113.2")
    lending.note([view("own_a"), view("own_a")])

    with pytest.raises(BudgetExceededError, match="visitor cap"):
        check(lending, view("own_b"))
    check(lending, view("own_c"))


def test_the_same_name_from_another_place_has_no_new_allowance(
    lending: Lending, crowd: Crowd
) -> None:
    crowd.meet("own_a", "203.0.113.1")
    lending.note([view("own_a"), view("own_a")])
    crowd.meet("own_a", "203.0.113.2")

    with pytest.raises(BudgetExceededError, match="visitor cap"):
        check(lending, view("own_a"))


def test_a_restart_and_another_program_know_what_was_lent(
    lending: Lending, tmp_path: Path, log: RunLog, clock: Clock
) -> None:
    met_again = Crowd(SECRET)
    other = Lending(
        tmp_path, log=log, crowd=met_again, secret=SECRET, open_ids=frozenset, now=clock
    )
    other.lent("own_a")
    lending.note([view(), view()])

    assert other.lent("own_a").day_usd == 2 * PRO_USD
    other.note([view()])
    assert lending.lent("own_a").day_usd == 3 * PRO_USD


def ended(run_view: RunView, clock: Clock, usd: str) -> Run:
    return replace(
        a_run(),
        run_id=run_view.run_id,
        started_at=NOW,
        finished_at=clock.now,
        charged_usd=Decimal(usd),
    )


def test_the_next_day_begins_anew_and_the_files_do_not_pile_up(
    lending: Lending, log: RunLog, tmp_path: Path, clock: Clock
) -> None:
    for _ in range(5):
        one = view()
        lending.note([one])
        log.append(ended(one, clock, "0.04"))
        clock.now += timedelta(days=1)

    assert lending.lent("own_a").day_usd == 0
    assert len(list((tmp_path / "lent").iterdir())) == 1


def test_what_is_still_reserved_counts_on_every_day_until_it_ends(
    lending: Lending, log: RunLog, crowd: Crowd, clock: Clock, begun: set[str]
) -> None:
    crowd.meet("own_a", "203.0.113.1")
    crowd.meet("own_b", "203.0.113.1")
    one, two = view(), view()
    lending.note([one, two])
    begun.update((one.run_id, two.run_id))
    for _ in range(4):
        clock.now += timedelta(days=1)
        lending.note([view("own_elsewhere")])

    with pytest.raises(BudgetExceededError, match="visitor cap"):
        check(lending, view())
    with pytest.raises(BudgetExceededError, match="visitor cap"):
        check(lending, view("own_b"))

    log.append(ended(one, clock, "0.04"))
    begun.remove(one.run_id)
    assert lending.lent("own_a").visitor_usd == PRO_USD + Decimal("0.04")
    clock.now += timedelta(days=1)
    assert lending.lent("own_a").visitor_usd == lending.lent("own_b").day_usd == PRO_USD


def test_a_program_started_on_a_later_day_knows_what_is_still_reserved_and_what_ended_today(
    lending: Lending, tmp_path: Path, log: RunLog, clock: Clock, begun: set[str]
) -> None:
    one, two, three = view(), view(), view()
    lending.note([one, two, three])
    begun.update((two.run_id, three.run_id))
    log.append(ended(one, clock, "0.01"))
    clock.now += timedelta(days=1)
    log.append(ended(two, clock, "0.04"))
    begun.remove(two.run_id)
    lending.note([view("own_b")])
    later = Lending(
        tmp_path, log=log, crowd=Crowd(SECRET), secret=SECRET, open_ids=lambda: begun, now=clock
    )

    assert later.lent("own_a").visitor_usd == PRO_USD + Decimal("0.04")


def test_what_was_lent_and_never_begun_holds_no_money_for_ever(
    lending: Lending, clock: Clock
) -> None:
    lending.note([view()])
    before = lending.lent("own_a").day_usd
    clock.now += timedelta(days=1)

    assert before == PRO_USD
    assert lending.lent("own_a").day_usd == 0


def test_what_is_lent_a_second_time_on_a_later_day_counts_once(
    lending: Lending, clock: Clock, begun: set[str]
) -> None:
    one = view()
    lending.note([one])
    clock.now += timedelta(days=1)
    lending.note([view("own_b")])  # what was not begun is forgotten
    lending.note([one])
    clock.now += timedelta(days=1)
    begun.add(one.run_id)
    lending.note([one])

    assert lending.lent("own_a").visitor_usd == PRO_USD
    begun.clear()
    assert lending.lent("own_a").visitor_usd == PRO_USD


def test_visitors_of_whom_nobody_knows_the_place_share_no_allowance(
    lending: Lending, crowd: Crowd
) -> None:
    crowd.meet("own_c", None)
    lending.note([view("own_a"), view("own_a")])

    for stranger in ("own_b", "own_c"):
        check(lending, view(stranger))
        with pytest.raises(BudgetExceededError, match="day cap"):
            check(lending, view(stranger), day="0.07")
    with pytest.raises(BudgetExceededError, match="visitor cap"):
        check(lending, view("own_a"))


def test_a_torn_line_swallows_no_later_one(lending: Lending, tmp_path: Path) -> None:
    lending.note([view()])
    (file,) = (tmp_path / "lent").iterdir()
    with file.open("ab") as torn:
        torn.write(b'{"run": "run_torn", "owner": "own_')
    lending.note([view()])

    assert lending.lent("own_a").day_usd == 2 * PRO_USD


def test_the_file_holds_no_address_and_no_lasting_place(
    lending: Lending, tmp_path: Path, crowd: Crowd, clock: Clock, begun: set[str]
) -> None:
    crowd.meet("own_a", "203.0.113.1")
    one = view()
    lending.note([one])
    begun.add(one.run_id)
    clock.now += timedelta(days=1)
    lending.note([view()])

    texts = [path.read_text() for path in (tmp_path / "lent").iterdir()]
    places = {json.loads(text)["place"] for text in texts}
    assert len(places) == 2
    assert not any("203.0.113" in text for text in texts)
    assert not any(crowd.place("own_a") in text for text in texts)


def test_what_has_no_known_price_is_not_lent(lending: Lending) -> None:
    with pytest.raises(UnknownPriceError, match="key of your own"):
        check(lending, replace(view(), estimate=None))


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("203.0.113.1", "203.0.113.1", True),
        ("203.0.113.1", "203.0.113.2", False),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:203.0.113.1", "203.0.113.1", True),
        ("nonsense", "nonsense", True),
    ],
)
def test_a_place_is_what_one_subscriber_has(
    crowd: Crowd, one: str, other: str, is_same: bool
) -> None:
    assert (crowd.meet("own_a", one) == crowd.meet("own_b", other)) is is_same
    assert ("own_b" in crowd.neighbours("own_a")) is is_same


def test_many_names_of_one_place_share_what_may_be_under_way(crowd: Crowd) -> None:
    for number in range(10):
        crowd.meet(f"own_{number}", "203.0.113.1")
    crowd.meet("own_far", "203.0.113.2")

    def count_open(owners: object) -> int:
        return MAX_OPEN * len(owners) // 2  # type: ignore[arg-type]

    with pytest.raises(InvalidRequestError, match="your network"):
        crowd.check_room("own_0", 1, count_open)
    crowd.check_room("own_far", 1, count_open)
