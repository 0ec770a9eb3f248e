"""Two visitors in two browsers on one public deployment: each has a world of their own."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from zipfile import ZipFile

import pytest

from playground.emulator import EmulatorServer, EmulatorSettings
from tests.browser.conftest import SPEED, TIMEOUT_MS, App, Screen, start_app, sync_api, watch
from tests.browser.test_experiment import finished
from tests.browser.test_safety import use_key

pytestmark = pytest.mark.browser

KEYS = {"sk-the-first-visitor-s-key-1111": "first", "sk-the-other-visitor-s-key-2222": "other"}


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """A public deployment without a key of its own; typed keys go to a service of their own."""
    folder = tmp_path_factory.mktemp("public")
    service = EmulatorServer(EmulatorSettings(data_dir=folder / "service", keys=KEYS, speed=SPEED))
    service.start()
    desk, url, demo = start_app(folder / "data", base_url=service.url, is_public=True)
    emulator = desk.playground.emulator
    assert emulator is not None
    yield App(url=url, desk=desk, emulator=emulator.emulator)
    demo.close()  # type: ignore[attr-defined]
    desk.close()
    service.stop()


@pytest.fixture(scope="module")
def profiles(browser: "sync_api.Browser") -> Iterator[list["sync_api.BrowserContext"]]:
    """Two browsers, as far as a server can tell."""
    made = [browser.new_context(viewport={"width": 1280, "height": 900}) for _ in range(2)]
    for context in made:
        context.set_default_timeout(TIMEOUT_MS)
    yield made
    for context in made:
        context.close()


@pytest.fixture
def visitor(profiles: list["sync_api.BrowserContext"], app: App) -> Iterator[Callable[[], Screen]]:
    """Opens the page for one visitor, and the next time for the other one."""
    made: list[Screen] = []

    def make() -> Screen:
        screen = Screen(page=profiles[len(made)].new_page(), app=app)
        watch(screen.page, screen)
        made.append(screen)
        screen.open()
        return screen

    yield make
    for screen in made:
        screen.page.close()
    assert [each.outside for each in made] == [[] for _ in made]
    assert [each.problems for each in made] == [[] for _ in made]


def pictures(screen: Screen) -> set[str]:
    """Every picture of this page that is not the example's, by its address."""
    found = screen.page.evaluate("[...document.images].map(image => image.src)")
    return {each for each in found if "/pictures/" in each or "/thumbnails/" in each}


def turn(screen: Screen, tab: str, *, query: str = "") -> None:
    """Loads the page anew and goes to a tab."""
    screen.leave(query)
    screen.page.get_by_role("tab", name=tab).click()


def history(screen: Screen) -> str:
    """All that the History tab tells."""
    turn(screen, "History")
    screen.page.wait_for_selector("#history-list .pg-past")
    return screen.page.inner_text("#history")


def test_two_visitors_share_nothing(visitor: Callable[[], Screen]) -> None:
    one, other = visitor(), visitor()
    first_id = one.run("A prompt of the first visitor")
    other_id = other.run("A prompt of the other visitor")
    one.wait_until_idle()
    other.wait_until_idle()

    assert first_id != other_id
    assert pictures(one) and pictures(other)  # noqa: PT018 - both, or nothing is compared
    assert not pictures(one) & pictures(other)
    for screen, own, foreign in ((one, "first", "other"), (other, "other", "first")):
        told = history(screen)
        assert f"A prompt of the {own} visitor" in told
        assert f"A prompt of the {foreign} visitor" not in told
        assert not pictures(screen) & pictures(other if screen is one else one)


def test_a_stolen_address_shows_what_an_invented_one_shows(
    visitor: Callable[[], Screen],
) -> None:
    one, thief = visitor(), visitor()
    stolen_id = one.run("A prompt worth stealing")
    one.wait_until_idle()
    told = []
    for comparison_id in (stolen_id, "cmp_" + "0" * len(stolen_id.removeprefix("cmp_"))):
        thief.leave(f"?comparison={comparison_id}")
        thief.page.wait_for_selector("#notice .pg-notice p")
        told.append(re.sub(r"cmp_[0-9a-f…]+", "it", thief.page.inner_text("#notice")))
        assert "worth stealing" not in thief.page.inner_text("body")
        assert pictures(thief) == set()

    assert told[0] == told[1]


def test_experiments_are_their_owner_s(visitor: Callable[[], Screen]) -> None:
    one, other = visitor(), visitor()
    turn(one, "Experiment")
    experiment_id = finished(one, "A plan of the first visitor", pictures=2)
    turn(other, "Experiment", query=f"?experiment={experiment_id}")
    other.page.wait_for_selector("#experiment-notice:has-text('no such experiment')")

    assert "A plan of the first visitor" not in other.page.inner_text("body")
    assert "A plan of the first visitor" not in history(other)
    assert "A plan of the first visitor" in history(one)


def test_a_key_and_its_balance_are_one_visitor_s(visitor: Callable[[], Screen]) -> None:
    one, other = visitor(), visitor()
    keys = list(KEYS)
    assert "The key works" in use_key(one, keys[0])
    other.leave()
    before = other.page.inner_text("#header")
    assert "The key works" in use_key(other, keys[1])

    assert "No key" in before
    assert "Balance" not in before
    assert "1111" in one.page.inner_text("#header")
    assert "2222" in other.page.inner_text("#header")
    assert "1111" not in other.page.inner_text("#header")
    assert not one.page.locator("#key-address").is_visible()
    stored = one.page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])")
    assert keys[0] not in stored


def test_who_comes_back_finds_their_own_and_takes_it_along(
    visitor: Callable[[], Screen], tmp_path: Path
) -> None:
    one = visitor()
    comparison_id = one.run("A prompt to take along")
    one.wait_until_idle()
    one.page.evaluate("sessionStorage.clear()")  # another tab, another day
    told = history(one)
    with one.page.expect_download() as download:
        one.page.click("#history-takeout button")
    download.value.save_as(tmp_path / "mine.zip")
    with ZipFile(tmp_path / "mine.zip") as archive:
        names, rows = archive.namelist(), archive.read("runs.csv").decode()

    assert "A prompt to take along" in told
    assert sum(name.startswith(f"pictures/{comparison_id}/") for name in names) == 2
    assert rows.count(comparison_id) == 2
