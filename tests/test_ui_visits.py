"""Who is on the page, what they see, and whose key is let go of when."""

import pytest

from playground.identity import owner_id_of
from playground.ui.visits import (
    KEPT_IN_PUBLIC_S,
    KEPT_S,
    MAX_COMPARISONS,
    MAX_VISITS_OF_PLACE,
    Visits,
)

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


# ---- where strangers come -----------------------------------------------------------------------

TOKEN, OTHER_TOKEN = "a" * 64, "b" * 64


class _Places:
    """Where each visitor says they come from, while `now` is set."""

    now = "here"

    def __call__(self, _owner_id: str) -> str:
        return self.now


@pytest.fixture
def places() -> _Places:
    return _Places()


@pytest.fixture
def public(clock: _Clock, forgotten: list[str], places: _Places) -> Visits:
    return Visits(forget_account=forgotten.append, is_public=True, meet=places, clock=clock)


def test_on_one_s_own_machine_there_are_no_owners(visits: Visits) -> None:
    assert visits.meet_owner(visits.enter(ONE), TOKEN).owner_id is None


def test_every_stranger_has_an_owner_even_before_they_say_who_they_are(public: Visits) -> None:
    one, two = public.enter(ONE), public.enter(TWO)

    assert one.owner_id is not None
    assert one.owner_id != two.owner_id


def test_the_same_secret_is_the_same_owner_and_voter_in_every_tab(public: Visits) -> None:
    one = public.meet_owner(public.enter(ONE), TOKEN)
    two = public.meet_owner(public.enter(TWO), TOKEN)

    assert one.owner_id == two.owner_id == owner_id_of(TOKEN)
    assert one.voter_id == two.voter_id
    assert TOKEN not in f"{one.owner_id} {one.voter_id}"


@pytest.mark.parametrize("token", ["", "a" * 31, "a" * 65, "A" * 64, "g" * 64, None, 3, [TOKEN]])
def test_what_can_be_no_secret_makes_nobody_an_owner(public: Visits, token: object) -> None:
    before = public.enter(ONE).owner_id

    assert public.meet_owner(public.enter(ONE), token).owner_id == before


def test_another_secret_does_not_take_a_visit_over(public: Visits) -> None:
    mine = public.meet_owner(public.enter(ONE), TOKEN)
    public.use_account(mine, "my account")

    theirs = public.meet_owner(public.enter(ONE), OTHER_TOKEN)

    assert theirs.visit_id != mine.visit_id
    assert theirs.account_id is None
    assert public.enter(ONE).owner_id == owner_id_of(TOKEN)


def test_a_voter_s_id_out_of_a_log_makes_nobody_that_voter(public: Visits) -> None:
    visit = public.meet_owner(public.enter(ONE), TOKEN)
    before = visit.voter_id
    public.meet_voter(visit, "voter_" + "0" * 20)

    assert visit.voter_id == before


def test_a_key_among_strangers_is_forgotten_soon_after_they_left(
    public: Visits, clock: _Clock, forgotten: list[str]
) -> None:
    public.use_account(public.enter(ONE), "account")
    clock.now_s = KEPT_IN_PUBLIC_S - 1
    public.forget_idle()
    assert forgotten == []

    clock.now_s = KEPT_IN_PUBLIC_S + 1
    public.forget_idle()
    assert forgotten == ["account"]


def test_a_flood_of_visits_pushes_out_none_from_elsewhere(
    public: Visits, places: _Places, clock: _Clock, forgotten: list[str]
) -> None:
    public.use_account(public.enter(ONE), "account")
    places.now = "the flood"
    flood = []
    for number in range(MAX_VISITS_OF_PLACE + 50):
        clock.now_s = 1.0 + number / 1000
        flood.append(public.enter(None).visit_id)

    assert forgotten == []
    assert public.enter(ONE).account_id == "account"
    assert public.enter(flood[-1]).visit_id == flood[-1]
    assert sum(each in public._visits for each in flood) <= MAX_VISITS_OF_PLACE
