"""What an experiment needs of the engine: reserve first, send later, through any death in between."""

from dataclasses import replace
from decimal import Decimal

import pytest

from playground.errors import BudgetExceededError, InvalidRequestError
from playground.runner.engine import Engine
from playground.schema import Comparison, RunStatus
from playground.settings import Settings
from tests.engine_rig import KEY, open_rig

pytestmark = pytest.mark.anyio


def planned(number: int = 1, **changes) -> Comparison:
    comparison = Comparison(
        comparison_id=f"c{number}",
        prompt=f"A lighthouse, number {number}",
        lanes=("flux-2-flex", "flux-2-pro"),
        experiment_id="exp_1",
        run_ids={(1, 1): f"run_{number}_flex", (2, 1): f"run_{number}_pro"},
    )
    return replace(comparison, **changes)


async def go_on(engine: Engine, comparison: Comparison, account_id: str):
    return await engine.begin(comparison, account_id=account_id, session_id="me")


def reserve(rig, *comparisons: Comparison) -> int:
    return rig.engine.reserve(comparisons, account_id=rig.account_id, session_id=None)


def money(rig):
    view = rig.engine.view("run_1_flex")
    return rig.engine.money(view.origin, "me")


async def test_what_is_reserved_costs_allowance_and_is_not_sent(tmp_path):
    async with open_rig(tmp_path) as rig:
        n_new = reserve(rig, planned(1), planned(2))
        estimates = [
            rig.engine.view(f"run_{n}_{m}").estimate.usd for n in (1, 2) for m in ("flex", "pro")
        ]

        assert n_new == 4
        assert money(rig).day_usd == sum(estimates) > 0
        assert money(rig).session_usd == 0
        assert rig.charges() == {}


async def test_reserving_again_reserves_nothing(tmp_path):
    async with open_rig(tmp_path) as rig:
        reserve(rig, planned())
        before = money(rig).day_usd

        assert reserve(rig, planned()) == 0
        assert money(rig).day_usd == before


async def test_all_of_it_is_reserved_or_nothing(tmp_path):
    async with open_rig(tmp_path, day_cap_usd=Decimal("0.2")) as rig:
        with pytest.raises(BudgetExceededError):
            reserve(rig, *(planned(n) for n in range(1, 9)))

        assert rig.engine.open_views() == ()
        assert rig.engine.kit.journal.open_runs() == ()


async def test_what_is_lent_and_still_reserved_the_next_day_counts_for_every_program(tmp_path):
    caps = {"is_public": True, "visitor_cap_usd": Decimal("0.3"), "day_cap_usd": Decimal("0.3")}
    theirs = [planned(number, owner_id="own_a") for number in (1, 2)]
    async with open_rig(tmp_path, **caps) as rig:
        rig.engine.accounts.lend(rig.account_id)
        reserve(rig, *theirs)
        (file,) = (tmp_path / "data" / "lent").iterdir()
        file.rename(file.with_name("2020-01-01.jsonl"))  # as if it had been long ago
        other = Engine(rig.engine.settings)
        try:
            account = await other.open_account(rig.server.url, KEY)
            other.accounts.lend(account.account_id)
            for engine in (rig.engine, other):
                with pytest.raises(BudgetExceededError, match="visitor cap"):
                    engine.reserve(
                        [planned(3, owner_id="own_a"), planned(4, owner_id="own_a")],
                        account_id=account.account_id,
                        session_id=None,
                    )
        finally:
            await other.close()


async def test_going_on_buys_what_was_reserved_under_its_fixed_ids(tmp_path):
    async with open_rig(tmp_path) as rig:
        reserve(rig, planned())
        await go_on(rig.engine, planned(), rig.account_id)
        rows = await rig.finish()
        again = await go_on(rig.engine, planned(), rig.account_id)

    assert [row.run_id for row in rows] == ["run_1_flex", "run_1_pro"]
    assert [view.run_id for view in again] == ["run_1_flex", "run_1_pro"]
    assert all(row.experiment_id == "exp_1" for row in rows)
    assert rig.charges() == {"run_1_flex": 1, "run_1_pro": 1}


async def test_lanes_leave_in_the_order_that_was_drawn(tmp_path):
    async with open_rig(tmp_path) as rig:
        reserve(rig, planned(lane_order=(2, 1), repeats=2, run_ids={}))
        intents = [facts.intent["run"] for facts in rig.engine.kit.journal.open_runs()]

    assert [(run["repeat"], run["lane"]) for run in intents] == [(1, 2), (1, 1), (2, 2), (2, 1)]


async def test_an_experiment_waits_through_a_death_and_goes_on_once(tmp_path):
    async with open_rig(tmp_path) as rig:
        reserve(rig, planned(1), planned(2))
        settings: Settings = rig.engine.settings
        await rig.engine.close()
        later = Engine(settings, patience=rig.engine.kit.patience)
        rig.engine = later
        try:
            await later.start()
            account = await later.open_account(rig.server.url, KEY)

            assert rig.charges() == {}  # nobody asked for it to go on yet
            rig.account_id = account.account_id
            assert reserve(rig, planned(1), planned(2)) == 0
            await go_on(later, planned(1), account.account_id)
            rows = await rig.finish("c1")

            assert [row.status for row in rows] == [RunStatus.SUCCEEDED] * 2
            assert rig.charges() == {"run_1_flex": 1, "run_1_pro": 1}
            assert {view.run_id for view in later.open_views()} == {"run_2_flex", "run_2_pro"}
        finally:
            await later.close()


async def test_what_was_given_up_before_it_was_sent_is_bought_under_a_new_attempt(tmp_path):
    """An attempt that was not sent must not hide a later one whose answer is lost."""
    async with open_rig(tmp_path) as rig:
        reserve(rig, planned())
        journal = rig.engine.kit.journal
        journal.write("run_1_flex", "sent", attempt=1)
        journal.write("run_1_flex", "not_sent", attempt=1)
        await go_on(rig.engine, planned(), rig.account_id)
        await rig.until(lambda: journal.facts("run_1_flex").last_attempt == 2)
        await rig.finish()

    assert rig.charges()["run_1_flex"] == 1


async def test_giving_up_frees_the_money_and_leaves_a_row(tmp_path):
    async with open_rig(tmp_path) as rig:
        reserve(rig, planned(1), planned(2))
        n_given_up = rig.engine.give_up(["c2"], account_id=rig.account_id)
        rows = await rig.finish("c2")

        assert n_given_up == 2
        assert [row.status for row in rows] == [RunStatus.CANCELLED] * 2
        assert {view.comparison_id for view in rig.engine.open_views()} == {"c1"}
        assert rig.charges() == {}


async def test_another_key_cannot_go_on_with_it(tmp_path):
    async with open_rig(tmp_path) as rig:
        reserve(rig, planned())
        other = await rig.engine.open_account(rig.server.url, "sk-another-engine-tests-only")

        with pytest.raises(InvalidRequestError, match="another key"):
            await go_on(rig.engine, planned(), other.account_id)
        assert rig.charges() == {}
