"""Who is on the page, what they see, and whose key is let go of when."""

import pytest

from playground.ui.visits import KEPT_S, MAX_COMPARISONS, Visits

ONE, TWO = "1" * 32, "2" * 32


class _Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> _Clock:
    return _Clock()


@pytest.fixture
def forgotten() -> list[str]:
    return []


@pytest.fixture
def visits(clock: _Clock, forgotten: list[str]) -> Visits:
    return Visits(forget_account=forgotten.append, clock=clock)


def test_a_tab_that_comes_back_is_the_same_visit(visits: Visits) -> None:
    visits.enter(ONE).remember("cmp_1")

    assert visits.enter(ONE).comparison_ids == ["cmp_1"]
    assert visits.enter(TWO).comparison_ids == []


@pytest.mark.parametrize("visit_id", ["", None, "short", "g" * 32, "<script>", "1" * 33])
def test_an_id_that_is_not_ours_gets_a_new_one(visits: Visits, visit_id: str | None) -> None:
    visit = visits.enter(visit_id)

    assert visit.visit_id != visit_id
    assert len(visit.visit_id) == 32


def test_a_key_is_forgotten_when_the_last_visit_lets_go(
    visits: Visits, forgotten: list[str]
) -> None:
    one, two = visits.enter(ONE), visits.enter(TWO)
    visits.use_account(one, "account")
    visits.use_account(two, "account")

    visits.use_account(one, None)
    assert forgotten == []
    visits.use_account(two, "another")
    assert forgotten == ["account"]


def test_giving_the_same_key_again_forgets_nothing(visits: Visits, forgotten: list[str]) -> None:
    one = visits.enter(ONE)
    visits.use_account(one, "account")

    visits.use_account(one, "account")

    assert forgotten == []


def test_a_visit_nobody_came_back_to_is_forgotten_with_its_key(
    visits: Visits, forgotten: list[str], clock: _Clock
) -> None:
    visits.use_account(visits.enter(ONE), "account")

    clock.now_s = KEPT_S + 1
    visits.enter(TWO)

    assert forgotten == ["account"]
    assert visits.enter(ONE).account_id is None


def test_comparisons_are_remembered_once_and_not_for_ever(visits: Visits) -> None:
    one = visits.enter(ONE)
    for number in range(MAX_COMPARISONS + 5):
        one.remember(f"cmp_{number}")
        one.remember(f"cmp_{number}")

    assert len(one.comparison_ids) == MAX_COMPARISONS
    assert one.comparison_ids[0] == "cmp_5"


def test_each_page_has_its_own_place(visits: Visits) -> None:
    visits.show("page", "cmp_1")
    visits.show("other page", "cmp_2")

    assert (visits.shown("page"), visits.shown("other page")) == ("cmp_1", "cmp_2")
    visits.leave("page")
    assert visits.shown("page") is None
