"""A deployment's own key among strangers: whatever they call, and however often at once, the caps hold."""

import asyncio
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from playground.pricing import CREDITS_PER_USD
from playground.runner.crowd import MAX_OPEN
from tests.public_rig import VISITOR_KEY, Deployment, Stranger, public_app

N_CALLS = 100
PAIR_USD = Decimal("0.095")
VISITOR_CAP_USD = Decimal("0.30")  # three comparisons
DAY_CAP_USD = Decimal("0.80")  # eight

pytestmark = pytest.mark.filterwarnings(
    # The framework's own bookkeeping of its queue calls pandas the way of version 2.
    "ignore::pandas.errors.Pandas4Warning"
)


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    with public_app(
        tmp_path_factory.mktemp("lent"),
        visitor_cap_usd=VISITOR_CAP_USD,
        day_cap_usd=DAY_CAP_USD,
    ) as running:
        yield running


async def buy_at_once(deployment: Deployment, strangers: list[Stranger]) -> list[dict[str, Any]]:
    """Everybody has come in; then all of them press Run at one moment."""
    async with deployment.stranger() as first:
        for stranger in strangers:
            stranger.client, stranger.config = first.client, first.config
        await asyncio.gather(*(stranger.load() for stranger in strangers))
        return await asyncio.gather(*(stranger.run() for stranger in strangers))


def begun(screens: list[dict[str, Any]]) -> int:
    return sum('data-comparison="cmp_' in screen["place"] for screen in screens)


def charged_usd(deployment: Deployment) -> Decimal:
    """By the books of the service itself."""
    charges = deployment.service.emulator.charges()
    return sum((each.credits for each in charges), Decimal(0)) / CREDITS_PER_USD


async def settled(deployment: Deployment, n_pictures: int) -> None:
    async with asyncio.timeout(60):
        while len(deployment.desk.log) < n_pictures:
            await asyncio.sleep(0.05)


@pytest.mark.anyio
async def test_a_hundred_raw_calls_at_once_pass_neither_cap(deployment: Deployment) -> None:
    one_place = [Stranger(client=None, address="203.0.113.1") for _ in range(N_CALLS)]  # type: ignore[arg-type]
    screens = await buy_at_once(deployment, one_place)

    assert begun(screens) == VISITOR_CAP_USD // PAIR_USD == 3
    refused = [screen["notice"] for screen in screens if "cmp_" not in screen["place"]]
    assert all("visitor cap" in notice and "Nothing was sent" in notice for notice in refused)

    everywhere = [
        Stranger(client=None, address=f"198.51.{n}.1")  # type: ignore[arg-type]
        for n in range(N_CALLS)
    ]
    screens = await buy_at_once(deployment, everywhere)

    assert begun(screens) == DAY_CAP_USD // PAIR_USD - 3 == 5
    await settled(deployment, 16)
    assert charged_usd(deployment) <= DAY_CAP_USD


@pytest.mark.anyio
async def test_a_key_of_one_s_own_is_bound_by_no_cap_of_the_host(deployment: Deployment) -> None:
    async with deployment.stranger(address="192.0.2.1") as stranger:
        await stranger.load()
        await stranger.fire("use-key", "click", key=VISITOR_KEY)
        before = len(deployment.desk.log)
        for number in range(4):  # more than the visitor's cap would pay
            screen = await stranger.run(f"A fox, number {number}")
            assert "cmp_" in screen["place"], screen["notice"]
            await settled(deployment, before + 2 * (number + 1))

        assert "Left for you today" not in (await stranger.run())["header"]


@pytest.mark.anyio
async def test_one_visitor_cannot_have_everything_made_at_once(deployment: Deployment) -> None:
    """Not with many tabs either."""
    first = Stranger(client=None, address="192.0.2.2")  # type: ignore[arg-type]
    tabs = [
        Stranger(client=None, token=first.token, address=first.address)  # type: ignore[arg-type]
        for _ in range(5)
    ]
    async with deployment.stranger() as other:
        for tab in tabs:
            tab.client, tab.config = other.client, other.config
            await tab.load()
            await tab.fire("use-key", "click", key="sk-of-somebody-with-many-tabs")
        screens = await asyncio.gather(*(tab.run(repeats=2) for tab in tabs))

    assert begun(screens) <= MAX_OPEN // 4
    assert any("may be at once here" in screen["notice"] for screen in screens)
