"""The steps of the Compare screen over a real desk and the emulator, without a browser."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from itertools import count
from typing import Any

import pytest

from playground.emulator import Emulator, Fault
from playground.emulator.faults import Endpoint
from playground.errors import InvalidRequestError
from playground.runner.desk import Desk
from playground.schema import RunStatus
from playground.settings import Settings
from playground.ui.compare.easel import Form, Screen
from playground.ui.compare.examples import recorded_example
from playground.ui.compare.flow import Flow
from playground.ui.shelf import Shelf
from playground.ui.visits import Visit, Visits
from tests.engine_rig import HURRY, SPEED

LANES = ("flux-2-flex", "flux-2-pro")
_numbers = count(1)


class Rig:
    """A flow, the emulator under it, and a visit with a page that nobody else has."""

    def __init__(self, flow: Flow, emulator: Emulator) -> None:
        self.flow = flow
        self.emulator = emulator
        self.page = f"page {next(_numbers)}"
        self.visit: Visit = flow.visits.enter(None)

    @property
    def submits(self) -> int:
        return self.emulator.tally.answers[Endpoint.CREATE, 200]

    def fault(self, at: str, kind: str, **details: Any) -> None:
        self.emulator.faults.add(Fault(at=at, kind=kind, **details))

    async def run(self, prompt: str = "A fox", **changes: Any) -> Screen:
        form = replace(Form(prompt=prompt, lanes=LANES), **changes)
        return await self.flow.run(form, self.visit, self.page)

    async def finish(self, screen: Screen) -> Screen:
        """The screen once nothing of the comparison is under way."""
        assert screen.comparison_id is not None
        async with asyncio.timeout(20):
            while not all(v.is_over for v in self.flow.desk.views(screen.comparison_id)):
                await asyncio.sleep(0.01)
        return await self.flow.screen(self.visit, self.page)


@pytest.fixture(scope="module")
def flow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flow]:
    folder = tmp_path_factory.mktemp("flow")
    desk = Desk(
        Settings(data_dir=folder, emulator_speed=SPEED, session_cap_usd=Decimal("0.30")),
        patience=HURRY,
    )
    desk.start()
    yield Flow(
        desk,
        visits=Visits(forget_account=desk.close_account),
        shelf=Shelf(desk, upload_dir=folder / "uploads", thumbnails_dir=folder / "thumbnails"),
        thumbnails_dir=folder / "thumbnails",
        example=recorded_example(),
    )
    desk.close()


@pytest.fixture
def rig(flow: Flow) -> Iterator[Rig]:
    server = flow.desk.playground.emulator
    assert server is not None
    server.emulator.faults.clear()
    yield Rig(flow, server.emulator)
    server.emulator.faults.clear()


@pytest.mark.anyio
async def test_a_fresh_page_shows_the_example_and_nothing_runs(rig: Rig) -> None:
    screen = await rig.flow.enter(rig.visit, rig.page, "")

    assert screen.comparison_id is None
    assert not screen.is_running
    assert all("data-example" in card for card in screen.cards)


@pytest.mark.anyio
async def test_a_run_takes_the_place_of_what_is_shown_and_switches_run_off(rig: Rig) -> None:
    screen = await rig.run()

    assert screen.is_running
    assert screen.is_watched
    assert all("data-example" not in card for card in screen.cards)
    done = await rig.finish(screen)
    assert not done.is_running
    assert all("pg-picture" in card for card in done.cards)


@pytest.mark.anyio
async def test_the_balance_is_asked_when_nothing_runs_any_more(rig: Rig) -> None:
    def asked() -> int:
        return rig.emulator.tally.answers[Endpoint.BALANCE, 200]

    rig.fault("task", "slow", seconds=50)
    screen = await rig.run()
    before = asked()

    assert await rig.flow.balance(rig.visit) is None
    assert asked() == before
    await rig.finish(screen)
    assert "data-chip" in str(await rig.flow.balance(rig.visit))
    assert asked() == before + 1


@pytest.mark.anyio
async def test_two_clicks_at_once_buy_one_comparison(rig: Rig) -> None:
    before = rig.submits

    first, second = await asyncio.gather(rig.run(), rig.run("Another prompt"))

    assert first.comparison_id == second.comparison_id
    assert "bought nothing" in first.notice + second.notice
    await rig.finish(first)
    assert rig.submits == before + 2


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"prompt": " \n"}, "The prompt is empty"),
        ({"prompt": "\ud83d"}, "position 1"),
        ({"lanes": ("no-such-model", "flux-2-pro")}, "no model"),
        ({"lanes": ()}, "a model for each side"),
        ({"size": "5:4"}, "no ratio"),
        ({"resolution": "8K"}, "no resolution"),
        ({"repeats": 0}, "1 to 4 pictures"),
        ({"repeats": 10**9}, "1 to 4 pictures"),
        ({"references": [{"token": "invented"}]}, "no longer on this server"),
        ({"references": ["nonsense"]}, "no longer on this server"),
    ],
)
async def test_what_cannot_be_bought_is_said_and_leaves_the_screen(
    rig: Rig, changes: dict[str, Any], words: str
) -> None:
    before = rig.submits
    await rig.flow.enter(rig.visit, rig.page, "")

    screen = await rig.run(**changes)

    assert words in screen.notice
    assert screen.comparison_id is None
    assert not screen.is_running
    assert rig.submits == before


@pytest.mark.anyio
async def test_the_cap_is_told_and_the_earlier_result_stays(rig: Rig) -> None:
    shown = await rig.finish(await rig.run())

    refused = await rig.run(repeats=4)

    assert "session cap of $0.3" in refused.notice
    assert refused.comparison_id == shown.comparison_id


@pytest.mark.anyio
async def test_a_dear_click_is_asked_about_and_bought_as_shown(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        rig.flow.desk, "settings", replace(rig.flow.desk.settings, warn_usd=Decimal("0.09"))
    )
    before = rig.submits

    asked = await rig.run("Dear one")

    assert asked.pending is not None
    assert "2 pictures for emulated $0.095, more than $0.09" in asked.pending.reason
    assert rig.submits == before
    bought = await rig.flow.confirm(asked.pending, rig.visit, rig.page)
    await rig.finish(bought)
    # A second yes to the same question buys nothing more.
    again = await rig.flow.confirm(asked.pending, rig.visit, rig.page)
    assert again.comparison_id == bought.comparison_id
    await rig.finish(again)
    assert rig.submits == before + 2


@pytest.mark.anyio
async def test_an_unknown_price_is_asked_about_first(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rig.flow.desk.playground.engine.accounts, "estimate", lambda *_: None)
    before = rig.submits

    asked = await rig.run("Priceless")

    assert asked.pending is not None
    assert "No price is known" in asked.pending.reason
    assert asked.pending.quote.price == "price unknown"
    assert rig.submits == before
    await rig.finish(await rig.flow.confirm(asked.pending, rig.visit, rig.page))
    assert rig.submits == before + 2


@pytest.mark.anyio
async def test_saying_no_or_nothing_buys_nothing(rig: Rig) -> None:
    before = rig.submits

    left = await rig.flow.leave(rig.visit, rig.page)
    empty = await rig.flow.confirm(None, rig.visit, rig.page)

    assert "Nothing was bought." in left.notice
    assert "Nothing was bought." in empty.notice
    assert rig.submits == before


@pytest.mark.anyio
async def test_a_retry_buys_one_run_and_a_second_click_none(rig: Rig) -> None:
    rig.fault("task", "fail", model="flux-2-pro", times=1)
    failed = await rig.finish(await rig.run())
    assert failed.comparison_id is not None
    _, lost = rig.flow.desk.views(failed.comparison_id)
    before = rig.submits

    retried = await rig.flow.retry(lost.run_id, rig.visit, rig.page)
    again = await rig.flow.retry(lost.run_id, rig.visit, rig.page)

    assert retried.is_running
    assert "already retried" in again.notice
    done = await rig.finish(retried)
    assert rig.submits == before + 1
    assert all("pg-picture" in card for card in done.cards)


@pytest.mark.anyio
async def test_a_retry_of_something_else_waits_until_the_running_one_is_over(rig: Rig) -> None:
    rig.fault("task", "fail", model="flux-2-pro", times=1)
    failed = await rig.finish(await rig.run())
    assert failed.comparison_id is not None
    _, lost = rig.flow.desk.views(failed.comparison_id)
    rig.fault("task", "slow", seconds=50)
    running = await rig.run("Meanwhile")
    before = rig.submits

    refused = await rig.flow.retry(lost.run_id, rig.visit, rig.page)

    assert "bought nothing" in refused.notice
    await rig.finish(running)
    assert rig.submits <= before + 2  # the running one's own
    unknown = await rig.flow.retry("run_invented", rig.visit, rig.page)
    assert "not known" in unknown.notice


@pytest.mark.anyio
async def test_an_unconfirmed_run_can_be_looked_for_again_for_free(rig: Rig) -> None:
    rig.fault("create", "reset", model="flux-2-flex", times=1, is_charged=False)
    screen = await rig.finish(await rig.run())
    assert screen.comparison_id is not None
    unsure, _ = rig.flow.desk.views(screen.comparison_id)
    assert unsure.run is not None
    assert unsure.run.status == RunStatus.UNCONFIRMED
    assert "Look again (free)" in screen.cards[0]
    before = rig.submits

    looked = await rig.flow.look_again(unsure.run_id, rig.visit, rig.page)

    assert "Looked again" in looked.notice
    assert rig.submits == before


@pytest.mark.anyio
async def test_stopping_lets_go_of_what_is_sent_and_run_is_on_again(rig: Rig) -> None:
    rig.fault("task", "slow", seconds=100)
    screen = await rig.run()
    async with asyncio.timeout(10):
        while not all(v.task_id for v in rig.flow.desk.views(screen.comparison_id or "")):
            await asyncio.sleep(0.01)

    rig.flow.stop(rig.visit, rig.page)
    stopped = await rig.finish(screen)

    assert not stopped.is_running
    assert all("No longer waited for" in card for card in stopped.cards)
    async with asyncio.timeout(20):  # and it arrives all the same
        while not all(v.run for v in rig.flow.desk.views(screen.comparison_id or "")):
            await asyncio.sleep(0.02)


@pytest.mark.anyio
async def test_stop_reaches_the_running_one_while_another_is_looked_at(rig: Rig) -> None:
    earlier = await rig.finish(await rig.run("Before"))
    rig.fault("task", "slow", seconds=100)
    running = await rig.run("Running")
    await rig.flow.enter(rig.visit, rig.page, earlier.comparison_id)

    rig.flow.stop(rig.visit, rig.page)
    await rig.finish(running)

    views = rig.flow.desk.views(running.comparison_id or "")
    assert all(v.is_detached or (v.run and v.run.status == RunStatus.CANCELLED) for v in views)


@pytest.mark.anyio
async def test_a_watcher_shows_each_change_and_ends_with_the_lane(rig: Rig) -> None:
    screen = await rig.run()

    cards = [card async for card in rig.flow.watch(1, rig.visit, rig.page)]

    assert 'data-state="over"' in cards[-1]
    assert len(cards) == len(set(cards)) or len(cards) < 20
    await rig.finish(screen)


@pytest.mark.anyio
async def test_a_watcher_ends_when_the_page_turns_and_leaves_the_other_card(rig: Rig) -> None:
    earlier = await rig.finish(await rig.run("Before"))
    rig.fault("task", "slow", seconds=200)
    running = await rig.run("Running")
    watching = rig.flow.watch(1, rig.visit, rig.page)
    first = await anext(watching)
    assert running.comparison_id is not None
    assert running.comparison_id in first

    await rig.flow.enter(rig.visit, rig.page, earlier.comparison_id)
    rest = [card async for card in watching]

    assert earlier.comparison_id is not None
    assert earlier.comparison_id in rest[-1]
    rig.flow.stop(rig.visit, rig.page)
    await rig.finish(running)


@pytest.mark.anyio
async def test_watching_nothing_still_says_something(rig: Rig) -> None:
    await rig.flow.enter(rig.visit, rig.page, "")

    cards = [card async for card in rig.flow.watch(2, rig.visit, rig.page)]

    assert len(cards) == 1
    assert "data-example" in cards[0]


@pytest.mark.anyio
async def test_coming_back_fills_the_form_again(rig: Rig) -> None:
    item = rig.flow.shelf.add_url("https://example.org/cat.png")
    screen = await rig.finish(await rig.run("Once more", size="3:2", repeats=2, references=[item]))

    other_page = await rig.flow.enter(rig.visit, "another page", screen.comparison_id)

    assert other_page.form is not None
    assert other_page.form.prompt == "Once more"
    assert (other_page.form.size, other_page.form.repeats) == ("3:2", 2)
    assert other_page.form.lanes == LANES
    (reference,) = rig.flow.shelf.take(other_page.form.references)
    assert reference.url == "https://example.org/cat.png"


@pytest.mark.anyio
async def test_an_unknown_comparison_is_said_and_shown_as_text(rig: Rig) -> None:
    screen = await rig.flow.enter(rig.visit, rig.page, "<b>cmp</b>")

    assert "&lt;b&gt;cmp&lt;/b&gt;" in screen.notice
    assert screen.comparison_id is None


@pytest.mark.anyio
async def test_a_typed_key_that_is_gone_is_told_and_nobody_else_pays(rig: Rig) -> None:
    before = rig.submits
    rig.visit.account_id = "toapis.com gone"

    screen = await rig.run("Paid by whom?")

    assert "not known any more" in screen.notice
    assert screen.comparison_id is None
    assert rig.submits == before


@pytest.mark.anyio
async def test_a_key_that_cannot_be_one_is_said_without_the_key(rig: Rig) -> None:
    key = "sk-with a blank-73b1"

    told = await rig.flow.wallet.use_key(rig.visit, key)

    assert told.startswith("The key was not taken.")
    assert key not in told
    assert rig.visit.account_id is None
    assert await rig.flow.wallet.use_key(rig.visit, "  ") == "Paste a key first."
    assert "no key of yours" in rig.flow.wallet.forget_key(rig.visit)


@pytest.mark.anyio
async def test_a_forgotten_account_falls_back_to_the_default(rig: Rig) -> None:
    with pytest.raises(InvalidRequestError):
        rig.flow.desk.account("gone")
    rig.visit.account_id = "gone"

    account = rig.flow.wallet.account(rig.visit)

    assert account.account_id == rig.flow.desk.default_account_id
    assert rig.visit.account_id is None


@pytest.mark.anyio
async def test_a_quote_is_the_sum_over_lanes_and_repeats(rig: Rig) -> None:
    offer = rig.flow.quote(Form(prompt="", lanes=LANES, repeats=3, resolution="2K"), rig.visit)

    assert offer.count == 6
    assert offer.usd == 3 * (Decimal("0.12") + Decimal("0.035"))
    assert offer.price == "emulated $0.465"
