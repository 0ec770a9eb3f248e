"""A key that is forgotten leaves its paid pictures waiting, and whoever gives it again has them."""

import asyncio
import time
from typing import Any

import anyio
import pytest

from playground.errors import InvalidRequestError
from playground.runner.accounts import MAX_TRIALS
from playground.runner.views import Phase
from playground.schema import RunStatus
from tests.engine_rig import KEY, EngineRig, open_rig

pytestmark = pytest.mark.anyio


class Clock:
    """The service's: its tasks take minutes, until somebody lets an hour pass."""

    ahead_s = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


def slow(clock: Clock) -> dict[str, Any]:
    return {"speed": 0.05, "now": clock}


async def two_sent(rig: EngineRig, **changes: object) -> None:
    await rig.begin(**changes)
    await rig.until(lambda: sum(v.task_id is not None for v in rig.engine.views("c1")) == 2)


async def forgotten(rig: EngineRig) -> None:
    rig.engine.close_account(rig.account_id)
    await rig.until(
        lambda: all(
            view.is_detached and not rig.engine.is_under_way(view)
            for view in rig.engine.views("c1")
            if view.run is None
        )
    )


async def test_no_question_is_asked_with_a_forgotten_key(tmp_path, clock):
    async with open_rig(tmp_path, emulator=slow(clock)) as rig:
        await two_sent(rig)
        await forgotten(rig)
        asked = rig.emulator.tally.answers.copy()
        await anyio.sleep(0.3)

        assert rig.emulator.tally.answers == asked
        notes = {view.note for view in rig.engine.views("c1")}
        assert all("when that key is entered again" in (note or "") for note in notes)
        assert len(rig.engine.kit.journal.open_runs()) == 2


async def test_the_key_again_takes_up_what_was_paid_with_it(tmp_path, clock):
    async with open_rig(tmp_path, emulator=slow(clock)) as rig:
        await two_sent(rig)
        await forgotten(rig)
        clock.ahead_s = 3600
        again = await rig.engine.open_account(rig.server.url, KEY)
        rows = await rig.finish()

    assert again.n_taken_up == 2
    assert [row.status for row in rows] == [RunStatus.SUCCEEDED] * 2
    assert set(rig.charges().values()) == {1}


async def test_another_key_takes_up_nothing(tmp_path, clock):
    async with open_rig(tmp_path, emulator=slow(clock)) as rig:
        await two_sent(rig)
        await forgotten(rig)
        other = await rig.engine.open_account(rig.server.url, "sk-somebody-else-s-key")

        assert other.n_taken_up == 0
        assert all(view.run is None for view in rig.engine.views("c1"))


async def test_what_was_not_sent_when_the_key_went_is_not_bought(tmp_path):
    async with open_rig(tmp_path) as rig:
        rig.add_fault("create", "rate_limited")
        await rig.begin()
        await rig.until(lambda: all(v.phase is Phase.WAITING for v in rig.engine.views("c1")))
        rig.engine.close_account(rig.account_id)
        rows = await rig.finish()

    assert {row.status for row in rows} == {RunStatus.CANCELLED}
    assert rig.charges() == {}


async def test_who_has_the_key_gets_the_pictures_and_nothing_written_is_changed(tmp_path, clock):
    async with open_rig(tmp_path, emulator=slow(clock)) as rig:
        await two_sent(rig, owner_id="own_before")
        await forgotten(rig)
        journal = rig.engine.kit.journal.path
        before = journal.read_bytes()
        clock.ahead_s = 3600
        await rig.engine.open_account(rig.server.url, KEY, owner_id="own_after")
        written = journal.read_bytes()
        rows = await rig.finish()

    assert {row.owner_id for row in rows} == {"own_after"}
    assert written.startswith(before)


async def test_a_restart_keeps_them_for_the_key_too(tmp_path, clock):
    async with open_rig(tmp_path, emulator=slow(clock)) as rig:
        await two_sent(rig, owner_id="own_before")
    clock.ahead_s = 3600
    async with open_rig(tmp_path, emulator=slow(clock)) as rig:
        rows = await rig.finish()

    assert {row.owner_id for row in rows} == {"own_before"}


async def test_a_forgotten_key_buys_nothing(tmp_path):
    async with open_rig(tmp_path) as rig:
        rig.engine.close_account(rig.account_id)

        with pytest.raises(InvalidRequestError, match="Enter it again"):
            await rig.begin()


async def test_a_flood_of_keys_is_turned_away_and_leaves_nothing_behind(tmp_path, clock):
    async with open_rig(tmp_path, emulator=slow(clock)) as rig:
        service = rig.engine.accounts.find(rig.account_id).service
        limiters = rig.engine._transports.limiters
        before = len(limiters._limiters)
        tried = await asyncio.gather(
            *(
                rig.engine.open_account(service.base_url, f"sk-guessed-{number:04}")
                for number in range(MAX_TRIALS + 5)
            ),
            return_exceptions=True,
        )

        refused = [each for each in tried if isinstance(each, InvalidRequestError)]
        assert len(refused) == 5
        assert "Too many keys" in str(refused[0])
        for view in tried:
            if not isinstance(view, BaseException):
                rig.engine.close_account(view.account_id)
        assert len(limiters._limiters) == before
