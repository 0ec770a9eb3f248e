"""Nothing is lost by reloading, by a second tab, by clicking twice or by turning to something else."""

from collections.abc import Callable

import pytest

from tests.browser.conftest import Screen

pytestmark = pytest.mark.browser


def test_a_reload_finds_the_running_comparison_and_its_form(
    new_screen: Callable[[], Screen],
) -> None:
    screen = new_screen()
    screen.open()
    screen.app.faults("task:slow,seconds=200")
    screen.page.check("[data-choice=size] [value='4:3']")
    comparison = screen.run("Still running when the page is loaded again", until_over=False)
    before = screen.app.submits()

    screen.page.reload()
    screen.page.wait_for_selector(f"[data-comparison='{comparison}'][data-state=running]")

    assert screen.page.input_value("#prompt textarea") == (
        "Still running when the page is loaded again"
    )
    assert screen.page.is_checked("[data-choice=size] [value='4:3']")
    screen.page.wait_for_selector("#run:disabled")
    screen.page.wait_for_selector("#card-1 .pg-picture img")
    screen.page.wait_for_selector("#card-2 .pg-picture img")
    assert screen.app.submits() == max(before, 2)
    screen.page.wait_for_selector("#run:enabled")


def test_a_second_tab_sees_the_same_comparison(new_screen: Callable[[], Screen]) -> None:
    first, second = new_screen(), new_screen()
    first.open()
    first.app.faults("task:slow,seconds=40")
    comparison = first.run("Seen from two tabs", until_over=False)

    second.open(f"?comparison={comparison}")

    for screen in (first, second):
        screen.wait_until_over()
        assert screen.shown() == comparison
        assert screen.page.locator(".pg-picture img").count() == 2


def test_an_unknown_comparison_is_said_plainly(new_screen: Callable[[], Screen]) -> None:
    screen = new_screen()
    screen.open("?comparison=%3Cimg%20src%3Dx%20onerror%3Dwindow.pwned%3D1%3E")

    screen.page.wait_for_selector("#notice p")

    assert "There is no comparison <img" in screen.page.inner_text("#notice")
    assert screen.page.evaluate("window.pwned") is None
    assert screen.page.locator("[data-example]").count() == 2


def test_a_double_click_buys_once(screen: Screen) -> None:
    screen.app.faults("task:slow,seconds=30")
    screen.write("Bought once")
    before = screen.app.submits()

    screen.page.dblclick("#run")
    screen.page.wait_for_selector("[data-state=running]")
    screen.page.focus("#prompt textarea")
    screen.page.keyboard.press("Control+Enter")
    screen.wait_until_idle()

    assert screen.app.submits() == before + 2


def test_turning_to_an_earlier_comparison_and_back_while_one_runs(screen: Screen) -> None:
    earlier = screen.run("Made before")
    screen.wait_until_idle()
    screen.app.faults("task:slow,seconds=90")
    running = screen.run("Running meanwhile", until_over=False)

    _turn_to(screen, earlier)
    screen.page.wait_for_selector("#earlier")
    assert screen.page.locator(".pg-picture img").count() == 2
    assert screen.shown() == earlier
    _turn_to(screen, running)

    screen.wait_until_idle()
    assert screen.shown() == running
    assert screen.page.locator(".pg-picture img").count() == 2


def _turn_to(screen: Screen, comparison: str) -> None:
    screen.page.click(f"#earlier [data-comparison='{comparison}']")
    screen.page.wait_for_function(
        "id => [...document.querySelectorAll('.pg-card')]"
        ".every(card => card.dataset.comparison === id)",
        arg=comparison,
    )


def test_an_open_task_is_found_again_from_any_page(new_screen: Callable[[], Screen]) -> None:
    first = new_screen()
    first.open()
    first.app.faults("task:stuck")
    comparison = first.run("Left behind", until_over=False)
    first.page.wait_for_selector("#card-1 [data-phase=generating]")
    first.page.click("#stop")
    first.page.wait_for_selector("#card-1 [data-detached]")
    second = new_screen()
    second.open()

    second.page.click("[data-chip=open]")
    second.page.click(f"#tasks-panel [data-comparison='{comparison}'] >> nth=0")
    second.page.wait_for_selector(f".pg-card[data-comparison='{comparison}']")

    assert second.page.input_value("#prompt textarea") == "Left behind"
    assert not second.page.is_visible("#tasks-panel")
    assert comparison in second.page.url


def test_a_picture_that_comes_after_stop_waiting_reaches_the_stage(screen: Screen) -> None:
    screen.app.faults("task:slow,seconds=150")
    screen.run("Fetched later", until_over=False)
    for card in (1, 2):
        screen.page.wait_for_selector(f"#card-{card} [data-phase=generating]")
    screen.page.click("#stop")
    screen.page.wait_for_selector("#card-2 [data-detached]")

    # Nobody watches any more: only what the page asks every few seconds brings it.
    screen.page.wait_for_selector("#card-1 .pg-picture img")
    screen.page.wait_for_selector("#card-2 .pg-picture img")
    screen.page.wait_for_selector("#stage .pg-stage[data-state=ready]")

    marked = "document.querySelector('#stage img').dataset.seen"
    screen.page.evaluate(f"{marked} = 'yes'")
    screen.page.wait_for_timeout(6_000)  # longer than one such question takes to come
    assert screen.page.evaluate(marked) == "yes"
