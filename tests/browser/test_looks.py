"""The page for every eye and hand: keyboard, small screens, dark, readers, and no motion."""

from collections.abc import Callable, Iterator

import pytest

from tests.browser.axe import findings, needs_axe
from tests.browser.conftest import Screen

pytestmark = pytest.mark.browser

PHONE = {"width": 390, "height": 844}


def test_plain_enter_never_spends(screen: Screen) -> None:
    before = screen.app.submits()
    screen.page.focus("#prompt textarea")

    screen.page.keyboard.type("one")
    for keys in ("Enter", "Shift+Enter"):
        screen.page.keyboard.press(keys)
    screen.page.keyboard.type("two")
    screen.page.wait_for_timeout(400)  # as long as a purchase would take to begin

    assert screen.page.input_value("#prompt textarea").split() == ["one", "two"]
    assert screen.app.submits() == before
    assert screen.page.locator("[data-example]").count() == 2


@pytest.mark.parametrize("keys", ["Control+Enter", "Meta+Enter"])
def test_control_or_command_enter_runs_with_the_last_letter_typed(
    screen: Screen, keys: str
) -> None:
    screen.page.focus("#prompt textarea")

    screen.page.keyboard.type("typed to the very last letter")
    screen.page.keyboard.press(keys)
    screen.page.wait_for_selector(".pg-card:not([data-example])")

    sent = screen.app.desk.views(screen.shown())[0].request.prompt
    assert sent == "typed to the very last letter"
    screen.wait_until_idle()


def test_everything_can_be_set_and_run_without_a_mouse(screen: Screen) -> None:
    assert screen.page.evaluate("document.activeElement.tagName") == "TEXTAREA"
    screen.page.keyboard.type("Only keys were used")

    seen = []
    for _ in range(30):
        screen.page.keyboard.press("Tab")
        seen.append(
            screen.page.evaluate("document.activeElement.name || document.activeElement.id")
        )
        if seen[-1] == "size":
            screen.page.keyboard.press("ArrowRight")
        if seen[-1] == "run":
            break
    screen.page.keyboard.press("Enter")
    screen.page.wait_for_selector(".pg-card:not([data-example])")

    assert {"size", "resolution", "repeats", "lane-1", "lane-2", "run"} <= set(seen)
    request = screen.app.desk.views(screen.shown())[0].request
    assert (request.prompt, request.size) == ("Only keys were used", "4:3")
    screen.wait_until_idle()


def test_focus_can_be_seen(screen: Screen) -> None:
    screen.page.keyboard.press("Tab")

    outline = screen.page.evaluate("getComputedStyle(document.activeElement).outlineStyle")

    assert outline == "solid"


@pytest.fixture
def phone(screen: Screen) -> Iterator[Screen]:
    screen.page.set_viewport_size(PHONE)
    yield screen
    screen.page.set_viewport_size({"width": 1280, "height": 900})


def test_a_phone_never_scrolls_sideways(phone: Screen) -> None:
    def overhang() -> int:
        return phone.page.evaluate("document.documentElement.scrollWidth - innerWidth")

    assert overhang() <= 0
    phone.app.faults("task:fail,model=flux-2-pro")
    phone.page.check("[data-choice=repeats] [value='4']")
    phone.run("W" * 400)

    assert overhang() <= 0
    # Of several pictures a side, those that belong together stand beside each other.
    tops = phone.page.locator(".pg-cell").evaluate_all(
        "cells => cells.map(cell => Math.round(cell.getBoundingClientRect().top))"
    )
    assert len(tops) == 8
    assert tops[:4] == tops[4:]
    phone.page.check("[data-choice=repeats] [value='1']")
    phone.app.faults()
    phone.wait_until_idle()
    phone.run("One a side")
    assert overhang() <= 0
    top_a, top_b = phone.page.locator(".pg-card").evaluate_all(
        "cards => cards.map(card => card.getBoundingClientRect().top)"
    )
    assert top_b > top_a + 200  # one below the other
    assert phone.page.locator("#header").bounding_box()["height"] < 120
    phone.page.wait_for_selector("#vote .pg-vote[data-state=pair]")
    asks = phone.page.locator("#vote button[data-answer=a_better]").bounding_box()
    assert asks["y"] + asks["height"] <= PHONE["height"]


def test_dark_is_dark(screen: Screen) -> None:
    screen.page.emulate_media(color_scheme="dark")
    screen.page.reload()
    screen.page.wait_for_selector(".pg-card")

    page, ink = screen.page.evaluate(
        "[getComputedStyle(document.body).backgroundColor,"
        " getComputedStyle(document.querySelector('.pg-card h2')).color]"
    )
    screen.page.emulate_media(color_scheme="light")
    # A reload breaks off the framework's own event stream, which it reports.
    screen.problems.clear()

    assert page == "rgb(18, 19, 22)"
    assert ink == "rgb(236, 236, 234)"


def test_who_wants_no_motion_gets_none(screen: Screen) -> None:
    screen.page.emulate_media(reduced_motion="reduce")
    screen.app.faults("task:slow,seconds=25")
    screen.run("Nothing moves", until_over=False)
    screen.page.wait_for_selector("[data-tone=busy] .pg-dot")

    animation = screen.page.evaluate(
        "getComputedStyle(document.querySelector('[data-tone=busy] .pg-dot')).animationName"
    )
    screen.page.emulate_media(reduced_motion="no-preference")

    assert animation == "none"
    screen.wait_until_idle()


def test_only_words_about_the_state_are_announced(screen: Screen) -> None:
    screen.run("Listen")

    states = screen.page.locator(".pg-card [role=status]").all_inner_texts()
    clocks_inside = screen.page.locator("[role=status] .pg-clock, [role=alert] .pg-clock").count()

    assert [" ".join(state.split()) for state in states] == ["Side A: Done", "Side B: Done"]
    assert clocks_inside == 0
    alt = screen.page.get_attribute("#card-2 img", "alt")
    assert alt == "FLUX.2 pro, side B: Listen"


@needs_axe
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_any_state(new_screen: Callable[[], Screen], scheme: str) -> None:
    screen = new_screen()
    screen.page.emulate_media(color_scheme=scheme)
    screen.open()
    assert findings(screen.page) == []

    screen.app.faults("task:slow,seconds=60,model=flux-2-flex", "task:fail,model=flux-2-pro")
    screen.run("Seen by a machine", until_over=False)
    screen.page.wait_for_selector("#card-1 [data-phase=generating]")
    screen.page.wait_for_selector("#card-2 [data-status]")
    assert findings(screen.page) == []

    screen.wait_until_idle()
    screen.page.click("#run")
    screen.page.click("[data-open-address]")
    screen.page.click("[data-chip=key]")
    screen.page.wait_for_selector("#key-panel:popover-open")
    assert findings(screen.page) == []

    screen.page.keyboard.press("Escape")
    screen.page.click("[data-chip=open]")
    screen.wait_until_idle()
    assert findings(screen.page) == []
