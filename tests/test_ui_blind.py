"""The Compare screen of a comparison begun blind, over a real desk and the emulator, without a browser."""

import asyncio
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from playground.emulator import Emulator, Fault
from playground.judging.pairs import comparison_pairs
from playground.judging.votes import load_votes
from playground.runner.desk import Desk
from playground.schema import Answer
from playground.settings import Settings
from playground.ui.compare.easel import Form, Screen
from playground.ui.compare.flow import Flow
from playground.ui.shelf import Shelf
from playground.ui.visits import Visit, Visits
from playground.ui.voting.ballots import Ballots
from tests.ballot_rig import an_act
from tests.engine_rig import HURRY, SPEED
from tests.judging_rig import a_ballot

LANES = ("flux-2-flex", "flux-2-pro")
NAMES = re.compile(r"flex|(?<![\w/])pro(?!\w)|run_2|tsk_")
_numbers = count(1)


class Rig:
    """A flow, the emulator under it, and a visit with a page that nobody else has."""

    def __init__(self, flow: Flow, emulator: Emulator) -> None:
        self.flow = flow
        self.emulator = emulator
        self.page = f"page {next(_numbers)}"
        self.visit: Visit = flow.visits.enter(None)

    def fault(self, at: str, kind: str, **details: Any) -> None:
        self.emulator.faults.add(Fault(at=at, kind=kind, **details))

    async def run(self, **changes: Any) -> Screen:
        form = replace(Form(prompt="A fox", lanes=LANES), **changes)
        return await self.flow.run(form, self.visit, self.page, is_blind=True)

    async def until_final(self, screen: Screen) -> Screen:
        assert screen.comparison_id is not None
        async with asyncio.timeout(20):
            while not all(v.run for v in self.flow.desk.views(screen.comparison_id)):
                await asyncio.sleep(0.01)
        return await self.screen()

    async def screen(self) -> Screen:
        return await self.flow.screen(self.visit, self.page)

    async def vote(self, screen: Screen, answer: Answer = Answer.A_BETTER) -> Screen:
        act = an_act("cast", screen.vote["token"], answer=answer)
        return await self.flow.judge(act, self.visit, self.page)

    def answers(self) -> list[str]:
        votes = load_votes(self.flow.ballots.log.path)
        return votes[votes["voter_id"] == self.visit.voter_id]["answer"].tolist()


@pytest.fixture(scope="module")
def flow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flow]:
    folder = tmp_path_factory.mktemp("blind")
    desk = Desk(
        Settings(data_dir=folder, emulator_speed=SPEED, session_cap_usd=Decimal(5)),
        patience=HURRY,
    )
    desk.start()
    yield Flow(
        desk,
        visits=Visits(forget_account=desk.close_account),
        shelf=Shelf(desk, upload_dir=folder / "uploads", thumbnails_dir=folder / "thumbnails"),
        thumbnails_dir=folder / "thumbnails" / "pictures",
    )
    desk.close()


@pytest.fixture
def rig(flow: Flow) -> Iterator[Rig]:
    server = flow.desk.playground.emulator
    assert server is not None
    server.emulator.faults.clear()
    yield Rig(flow, server.emulator)
    server.emulator.faults.clear()


def everything(screen: Screen) -> str:
    return f"{screen.subject}{screen.cards}{screen.stage}{screen.vote}{screen.earlier}"


@pytest.mark.anyio
async def test_nothing_on_the_screen_tells_the_sides_apart_until_the_vote(rig: Rig) -> None:
    begun = await rig.run()
    ready = await rig.until_final(begun)
    revealed = await rig.vote(ready)

    for screen in (begun, ready):
        assert NAMES.search(everything(screen)) is None
        assert all("data-blind" in card for card in screen.cards)
    assert ready.stage["isBlind"] is True
    assert revealed.stage["isBlind"] is False
    assert NAMES.search(everything(revealed))
    assert ready.stage["pair"] == revealed.stage["pair"]
    assert rig.answers() == ["a_better"]


@pytest.mark.anyio
async def test_both_watchers_stay_silent_about_who_was_first(rig: Rig) -> None:
    rig.fault("task", "slow", seconds=60, model="flux-2-pro")
    begun = await rig.run()

    async def told(lane: int) -> list[str]:
        return [str(card) async for card in rig.flow.watch(lane, rig.visit, rig.page)]

    a, b = await asyncio.gather(told(1), told(2))

    for cards in (a, b):
        assert NAMES.search("".join(cards)) is None
        states = [re.search(r'data-state="(\w+)"', card).group(1) for card in cards]  # type: ignore[union-attr]
        assert states == sorted(states, reverse=True)  # running … over, once
        # Drawn once until both are over: not even that one of them has moved on is told.
        assert len({c for c, state in zip(cards, states, strict=True) if state == "running"}) == 1
        pictured = ["pg-picture" in card for card in cards]
        assert not any(
            is_there for is_there, s in zip(pictured, states, strict=True) if s != "over"
        )
    assert begun.comparison_id is not None


@pytest.mark.anyio
async def test_the_strip_and_the_open_tasks_keep_the_secret_too(rig: Rig) -> None:
    rig.fault("task", "slow", seconds=100, model="flux-2-pro")
    begun = await rig.run(prompt="Hidden elsewhere")
    async with asyncio.timeout(20):
        while not any(v.run for v in rig.flow.desk.views(begun.comparison_id or "")):
            await asyncio.sleep(0.01)

    half = await rig.screen()
    assert 'data-count="2"' in half.header  # one of them is here already
    panel = half.header[half.header.index("Open tasks") :]
    assert NAMES.search(panel) is None
    ages = re.findall(r'data-elapsed-s="([\d.]+)"', panel)
    assert len(ages) == 2
    assert len(set(ages)) == 1

    await rig.until_final(half)
    await rig.flow.enter(rig.visit, rig.page, "")
    strip = (await rig.screen()).earlier
    assert "blind, not judged yet" in strip
    assert "<img" not in strip


@pytest.mark.anyio
async def test_the_strip_stands_as_the_pair_was_judged(rig: Rig) -> None:
    ready = await rig.until_final(await rig.run())
    views = rig.flow.desk.views(ready.comparison_id or "")
    pair = comparison_pairs([view.run for view in views if view.run is not None])[0]
    seen = set()

    for number in range(8):  # both ways round are among them
        ballot = a_ballot(rig.flow.ballots.log, pair, voter_id=rig.visit.voter_id, number=number)
        ballot.cast(Answer.TIE if number % 2 else Answer.BOTH_BAD, at=datetime.now(UTC))
        first, second = rig.flow.easel._lanes_in_order(views, rig.visit)
        by_lane = {view.lane: view.run_id for view in views}
        assert (by_lane[first], by_lane[second]) == (ballot.run_a, ballot.run_b)
        seen.add(first)

    assert seen == {1, 2}


@pytest.mark.anyio
async def test_another_page_and_another_visit_find_it_hidden(rig: Rig) -> None:
    ready = await rig.until_final(await rig.run())

    same = await rig.flow.enter(rig.visit, "second tab", ready.comparison_id)
    other = await rig.flow.enter(rig.flow.visits.enter(None), "elsewhere", ready.comparison_id)

    assert same.stage == ready.stage  # the same sides in every tab of one voter
    assert same.form is not None
    for screen in (same, other):
        assert NAMES.search(everything(screen)) is None
    folder = rig.flow.desk.settings.data_dir
    again = Ballots(folder, copies_dir=folder / "again")
    assert again.is_hidden(rig.visit.voter_id, rig.flow.desk.views(ready.comparison_id or ""))


@pytest.mark.anyio
async def test_a_side_that_fails_leaves_nothing_to_judge(rig: Rig) -> None:
    rig.fault("task", "fail", model="flux-2-pro")
    rig.fault("task", "slow", seconds=40, model="flux-2-flex")
    begun = await rig.run()
    async with asyncio.timeout(20):
        while not any(v.run for v in rig.flow.desk.views(begun.comparison_id or "")):
            await asyncio.sleep(0.01)
    assert NAMES.search(everything(await rig.screen())) is None  # the other may still come

    over = await rig.until_final(begun)

    assert "nothing to judge" in over.vote["told"]
    assert "FLUX.2 pro" in over.cards[1]
    assert "Retry this side" in over.cards[1]
    assert rig.answers() == ["revealed"]


@pytest.mark.anyio
async def test_stopped_waiting_it_stays_hidden_and_comes_together_later(rig: Rig) -> None:
    rig.fault("task", "slow", seconds=120)
    begun = await rig.run()
    async with asyncio.timeout(20):
        while not all(v.task_id for v in rig.flow.desk.views(begun.comparison_id or "")):
            await asyncio.sleep(0.01)

    rig.flow.stop(rig.visit, rig.page)
    async with asyncio.timeout(20):
        while not all(v.is_over for v in rig.flow.desk.views(begun.comparison_id or "")):
            await asyncio.sleep(0.01)
    left = await rig.screen()
    ready = await rig.until_final(begun)

    assert NAMES.search(everything(left)) is None
    assert "No longer waited for" in left.cards[0]
    assert left.cards[0].replace("A", "B").replace("1", "2") == left.cards[1].replace(
        "A", "B"
    ).replace("1", "2")
    assert ready.vote["counts"] is True


@pytest.mark.anyio
async def test_a_confirmed_purchase_begins_as_blind_as_it_was_asked_for(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = replace(rig.flow.desk.settings, warn_usd=Decimal("0.01"))
    monkeypatch.setattr(rig.flow.desk, "settings", settings)
    asked = await rig.run()
    assert asked.pending is not None

    begun = await rig.flow.confirm(asked.pending, rig.visit, rig.page)

    assert "data-blind" in begun.cards[0]
    await rig.until_final(begun)


@pytest.mark.anyio
async def test_what_cannot_be_hidden_for_sure_is_not_bought(rig: Rig, tmp_path: Path) -> None:
    sealed = rig.flow.desk.settings.data_dir / "sealed"
    sealed.rename(tmp_path / "away")
    sealed.write_text("in the way")
    before = len(rig.flow.desk.log)

    refused = await rig.run()
    sealed.unlink()
    (tmp_path / "away").rename(sealed)

    assert "cannot be kept on disk" in refused.notice
    assert not refused.is_running
    assert len(rig.flow.desk.log) == before


@pytest.mark.anyio
async def test_a_vote_for_an_older_showing_says_so_and_writes_nothing(rig: Rig) -> None:
    ready = await rig.until_final(await rig.run())

    act = an_act("cast", "an older one", answer=Answer.TIE)
    again = await rig.flow.judge(act, rig.visit, rig.page)

    assert "not counted" in again.vote["problem"]
    assert again.vote["token"] == ready.vote["token"]
    assert rig.answers() == []
