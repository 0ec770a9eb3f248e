"""The engine in a thread of its own: usable from any loop, and nobody who leaves ends anything."""

import asyncio
import time
from decimal import Decimal

import pytest

from playground.errors import BudgetExceededError, InvalidRequestError, PlaygroundError
from playground.runner.desk import Desk
from playground.schema import Comparison, Origin, RunStatus
from playground.settings import Settings
from tests.engine_rig import HURRY


@pytest.fixture
def desk(tmp_path):
    one = Desk(
        Settings(data_dir=tmp_path / "data", emulator_speed=100.0, session_cap_usd=Decimal(1)),
        patience=HURRY,
    )
    one.start()
    yield one
    one.close()


def a_comparison(comparison_id: str = "c1") -> Comparison:
    return Comparison(
        comparison_id=comparison_id,
        prompt="A lighthouse",
        lanes=("flux-2-flex", "flux-2-pro"),
    )


def begin(desk: Desk, comparison: Comparison, session_id: str = "me"):
    return desk.begin(comparison, account_id=desk.default_account_id, session_id=session_id)


def wait(desk: Desk, comparison_id: str = "c1"):
    patience = time.monotonic() + 30
    while time.monotonic() < patience:
        views = desk.views(comparison_id)
        if views and all(view.run is not None for view in views):
            return views
        time.sleep(0.01)
    raise TimeoutError(comparison_id)


def test_without_a_key_the_emulator_answers_and_says_so(desk):
    account = desk.account(desk.default_account_id)

    assert account.origin is Origin.EMULATED
    assert account.problem is None
    assert account.balance is not None


def test_a_comparison_begun_on_one_loop_is_watched_from_another_thread(desk):
    asyncio.run(begin(desk, a_comparison()))
    views = wait(desk)

    assert [view.run.status for view in views] == [RunStatus.SUCCEEDED] * 2
    assert all(view.picture.parent == desk.pictures_dir for view in views)


def test_a_page_that_closes_in_the_middle_of_a_click_loses_nothing(desk):
    async def click_and_leave() -> None:
        click = asyncio.create_task(begin(desk, a_comparison()))
        await asyncio.sleep(0)
        click.cancel()
        with pytest.raises(asyncio.CancelledError):
            await click

    asyncio.run(click_and_leave())

    assert [view.run.status for view in wait(desk)] == [RunStatus.SUCCEEDED] * 2
    assert desk.playground.emulator is not None
    assert len(desk.playground.emulator.emulator.charges()) == 2


def test_a_second_desk_on_the_same_folder_counts_what_the_first_has_reserved(desk, tmp_path):
    second = Desk(
        Settings(data_dir=tmp_path / "data", emulator_speed=100.0, day_cap_usd=Decimal("0.10")),
        patience=HURRY,
    )
    second.start()
    try:
        asyncio.run(begin(desk, a_comparison()))
        with pytest.raises(BudgetExceededError):
            asyncio.run(begin(second, a_comparison("c2")))
        wait(desk)
        with pytest.raises(BudgetExceededError):
            asyncio.run(begin(second, a_comparison("c3")))
    finally:
        second.close()


def test_a_closed_desk_takes_no_more_work_and_ends_soon(desk):
    begun = time.monotonic()
    desk.close()

    assert time.monotonic() - begun < 6
    desk.close()


def test_a_forgotten_key_must_be_given_again(desk):
    assert desk.playground.emulator is not None
    url = desk.playground.emulator.url
    account = asyncio.run(desk.open_account(url, "sk-mine-and-only-mine"))
    desk.close_account(account.account_id)

    with pytest.raises(InvalidRequestError, match="again"):
        desk.account(account.account_id)
    desk.close_account(desk.default_account_id)
    assert desk.account(desk.default_account_id)


@pytest.mark.parametrize(
    ("kind", "said"),
    [("refuse_401", "key"), ("error_502", "balance"), ("soft_refusal", "key")],
)
def test_an_account_that_cannot_be_used_says_what_to_do(desk, kind, said):
    from playground.emulator import Fault

    assert desk.playground.emulator is not None
    desk.playground.emulator.emulator.faults.add(Fault(at="balance", kind=kind))
    url = desk.playground.emulator.url

    account = asyncio.run(desk.open_account(url, "sk-mine-and-only-mine"))

    assert account.problem is not None
    assert said in account.problem
    assert account.balance is None


def test_an_account_without_credits_is_told_before_anything_is_sent(tmp_path):
    from playground.emulator import EmulatorServer, EmulatorSettings

    settings = EmulatorSettings(data_dir=tmp_path / "service", balance_credits=Decimal(0))
    with EmulatorServer(settings) as server:
        one = Desk(
            Settings(data_dir=tmp_path / "data", api_key="sk-poor-but-honest", base_url=server.url)
        )
        one.start()
        account = one.account(one.default_account_id)
        one.close()

    assert account.problem is not None
    assert "no credits" in account.problem


def test_a_desk_that_was_not_started_says_so(tmp_path):
    with pytest.raises(PlaygroundError, match="not started"):
        Desk(Settings(data_dir=tmp_path)).views("c1")


@pytest.mark.parametrize(
    "slip", ["/etc/hostname", "file:///etc/hostname", "http://127.0.0.1/x.png"]
)
def test_an_address_is_never_taken_for_a_file_or_a_host_of_ours(desk, slip):
    with pytest.raises(InvalidRequestError):
        desk.url_reference(slip)
