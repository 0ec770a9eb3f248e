"""The race on the screen: what is shown while it runs, when it ends, and what each button buys."""

import re

import pytest

from playground.emulator.faults import Endpoint
from tests.browser.conftest import App, Screen

pytestmark = pytest.mark.browser

CARD_A, CARD_B = "#card-1", "#card-2"


def test_a_run_shows_both_whole_pictures_with_seconds_and_money(screen: Screen) -> None:
    screen.run("A lighthouse on a rocky coast")

    for card in (CARD_A, CARD_B):
        words = screen.page.inner_text(card)
        assert "Done" in words
        assert "1024×1024" in words
        screen.page.click(f"{card} summary")
        words = screen.page.inner_text(card)
        assert re.search(r"queued\s+((?:< )?\d+\.\d s|–)", words)
        assert re.search(r"generating\s+((?:< )?\d+\.\d s|–)", words)
        assert re.search(r"download\s+(?:< )?\d+\.\d s", words)
        assert "EMULATED" in words.upper()
    assert "$0.07" in screen.page.inner_text(CARD_A)
    assert "$0.025" in screen.page.inner_text(CARD_B)


def test_the_run_button_says_how_much_and_what_kind_of_figure(screen: Screen) -> None:
    assert screen.page.inner_text("#run") == "Run both · emulated $0.095"

    screen.page.check("[data-choice=repeats] [value='3']")
    screen.page.check("[data-choice=resolution] [value='2K']")
    screen.page.wait_for_function("document.querySelector('#run').textContent.includes('$0.465')")

    assert screen.page.inner_text("#run") == "Run 6 pictures · emulated $0.465"
    assert "emulated $0.12" in screen.page.inner_text("[data-choice=lane-1]")


def test_the_first_finished_is_shown_while_the_other_still_runs(screen: Screen) -> None:
    screen.app.faults("task:slow,model=flux-2-flex,seconds=40")

    screen.run("First come, first shown", until_over=False)
    screen.page.wait_for_selector(f"{CARD_B} .pg-picture img")

    assert screen.page.locator(f"{CARD_A} [data-state=running]").count() == 1
    screen.wait_until_over()
    assert screen.page.locator(".pg-picture img").count() == 2


def test_one_side_failing_leaves_the_other_and_keeps_the_service_s_reason(screen: Screen) -> None:
    screen.app.faults("task:fail,model=flux-2-pro")

    screen.run("Half of this fails")

    assert screen.page.locator(f"{CARD_A} .pg-picture img").count() == 1
    card = screen.page.inner_text(CARD_B)
    assert "Failed" in card
    assert "The upstream model could not produce an image" in card
    assert "Retry this side · emulated $0.025" in card


def test_a_retry_buys_one_side_as_a_new_run_and_leaves_the_other(screen: Screen) -> None:
    screen.app.faults("task:fail,model=flux-2-pro,times=1")
    comparison = screen.run("Retry me")
    first = screen.page.get_attribute(f"{CARD_B} .pg-cell", "data-run")
    kept = screen.page.get_attribute(f"{CARD_A} .pg-cell", "data-run")
    before = screen.app.submits()

    screen.page.click(f"{CARD_B} [data-action=retry]")
    screen.page.wait_for_selector(f"{CARD_B} .pg-picture img")

    assert screen.app.submits() == before + 1
    assert screen.page.get_attribute(f"{CARD_A} .pg-cell", "data-run") == kept
    retried = screen.page.get_attribute(f"{CARD_B} .pg-cell", "data-run")
    assert retried != first
    assert screen.shown() == comparison
    view = screen.app.desk.view(retried or "")
    assert view is not None
    assert view.retry_of == first


def test_a_refusal_by_the_policy_is_told_as_one_and_nothing_is_charged(screen: Screen) -> None:
    screen.app.faults("create:refuse_422")

    screen.run("Something that is refused")

    card = screen.page.inner_text(CARD_A)
    assert "Stopped by content policy" in card
    assert "nothing charged" in card
    assert "Change the prompt" in card


def test_a_lost_answer_is_looked_up_and_never_bought_again(screen: Screen) -> None:
    screen.app.faults("create:reset,model=flux-2-flex,times=1")
    before = screen.app.emulator.tally.requests[Endpoint.CREATE]

    screen.run("Whose answer is lost", until_over=False)
    screen.page.wait_for_selector(f"{CARD_A} [data-phase=looking_up]")
    assert "Asking whether it arrived" in screen.page.inner_text(CARD_A)
    screen.page.wait_for_selector(f"{CARD_A} .pg-picture img", timeout=20_000)

    assert screen.app.emulator.tally.requests[Endpoint.CREATE] == before + 2
    screen.wait_until_idle()


def test_the_clock_ticks_while_nothing_else_changes(screen: Screen) -> None:
    screen.app.faults("task:stuck")
    screen.run("For ever", until_over=False)
    screen.page.wait_for_selector(f"{CARD_A} [data-phase=generating]")
    clock = f"{CARD_A} .pg-clock"

    first = float(screen.page.inner_text(clock).split()[0])
    screen.page.wait_for_function(
        "([clock, first]) => parseFloat(document.querySelector(clock).textContent) > first + 0.3",
        arg=[clock, first],
    )

    screen.page.click("#stop")
    screen.page.wait_for_selector("#run:enabled")


def test_stop_says_what_is_paid_and_the_picture_still_arrives(screen: Screen) -> None:
    screen.app.faults("task:slow,seconds=60")
    screen.run("Stopped half way", until_over=False)
    screen.page.wait_for_selector(f"{CARD_A} [data-phase=generating]")

    screen.page.click("#stop")
    screen.page.wait_for_selector(f"{CARD_A} [data-detached]")
    screen.page.wait_for_selector(f"{CARD_B} [data-detached]")

    assert "No longer waited for" in screen.page.inner_text(CARD_A)
    assert "paid for" in screen.page.inner_text(CARD_A)
    screen.page.wait_for_selector("#run:enabled")
    assert screen.page.locator("#stop:enabled").count() == 0
    screen.page.wait_for_selector(f"{CARD_A} .pg-picture img", timeout=20_000)


def test_a_new_run_does_not_wipe_the_earlier_one(screen: Screen) -> None:
    first = screen.run("The first of two")
    screen.wait_until_idle()
    screen.run("The second of two")
    screen.wait_until_idle()

    screen.page.click(f"#earlier [data-comparison='{first}']")
    screen.page.wait_for_function(
        "id => document.querySelector('.pg-card').dataset.comparison === id", arg=first
    )

    assert screen.page.locator(".pg-picture img").count() == 2
    assert screen.page.input_value("#prompt textarea") == "The first of two"
    assert first in screen.page.url


def test_a_refused_form_leaves_the_result_and_says_why(screen: Screen) -> None:
    shown = screen.run("Stays on the screen")
    screen.wait_until_idle()
    before = screen.app.submits()

    screen.write("   ")
    screen.page.click("#run")
    screen.page.wait_for_selector("#notice p")

    assert "The prompt is empty" in screen.page.inner_text("#notice")
    assert screen.shown() == shown
    assert screen.app.submits() == before
    assert screen.page.evaluate("document.activeElement.tagName") == "TEXTAREA"


def test_repeats_stand_in_one_card_a_side(screen: Screen) -> None:
    screen.page.check("[data-choice=repeats] [value='3']")

    screen.run("Three a side")

    assert screen.page.locator(f"{CARD_A} .pg-picture img").count() == 3
    assert screen.page.locator(f"{CARD_B} .pg-picture img").count() == 3
    box = screen.page.locator(".pg-card").evaluate_all("cards => cards.map(c => c.offsetWidth)")
    assert box[0] == box[1]


def test_failed_or_not_both_cards_are_of_one_height_and_their_frames_in_line(
    screen: Screen,
) -> None:
    screen.app.faults("task:moderate,model=flux-2-pro")
    screen.run("One of two")

    for part in (".pg-card", ".pg-frame"):
        boxes = [screen.page.locator(f"{card} {part}").bounding_box() for card in (CARD_A, CARD_B)]
        tops, bottoms = zip(*((box["y"], box["y"] + box["height"]) for box in boxes), strict=True)
        assert tops[0] == pytest.approx(tops[1], abs=0.5)
        if part == ".pg-card":
            assert bottoms[0] == pytest.approx(bottoms[1], abs=0.5)
    # Nothing to set on a stage without two pictures.
    assert screen.page.locator("#stage .pg-stage").bounding_box()["height"] < 80


def test_what_asks_for_a_verdict_is_in_the_first_window_and_covers_no_picture(
    screen: Screen,
) -> None:
    screen.page.set_viewport_size({"width": 1440, "height": 900})
    screen.run("Seen at once")
    screen.page.wait_for_selector("#vote .pg-vote[data-state=pair]")

    where = screen.page.evaluate("scrollY")
    verdict = screen.page.locator("#vote button[data-answer=both_bad]").bounding_box()
    panel = screen.page.locator("#vote .pg-vote").bounding_box()
    picture = screen.page.locator(f"{CARD_B} .pg-picture").bounding_box()
    screen.page.set_viewport_size({"width": 1280, "height": 900})

    assert where == 0
    assert verdict["y"] + verdict["height"] <= 900
    assert picture["y"] + picture["height"] <= panel["y"]


def test_blind_comes_before_the_button_that_spends_and_one_key_leads_to_the_verdict(
    screen: Screen,
) -> None:
    screen.run("By keyboard")
    screen.wait_until_idle()
    screen.page.wait_for_selector("#stage .pg-stage[data-state=ready]")
    focused = (
        "() => { const now = document.activeElement;"
        " return now.dataset.answer ?? now.closest('#blind, #run, #skip')?.id; }"
    )

    screen.page.focus("#blind input")
    stops = [screen.page.evaluate(focused)]
    for key in ("Tab", "Tab", "Enter"):
        screen.page.keyboard.press(key)
        stops.append(screen.page.evaluate(focused))

    assert stops == ["blind", "run", "skip", "a_better"]


def test_the_same_model_may_stand_on_both_sides(screen: Screen) -> None:
    screen.page.check("[data-choice=lane-1] [value='flux-2-pro']")

    screen.run("Twice the same")

    heads = screen.page.locator(".pg-card h2").all_inner_texts()
    assert [head.split()[-1] for head in heads] == ["pro", "pro"]


def test_sizes_that_differ_from_the_table_are_told(screen: Screen) -> None:
    screen.app.emulator.settings = _rounded(screen.app)
    try:
        screen.page.check("[data-choice=size] [value='16:9']")
        assert "16:9 · nominal 1820×1024" in screen.page.inner_text("#choices")
        screen.run("A wide one")
    finally:
        screen.app.emulator.settings = _rounded(screen.app, back=True)

    assert "nominal 1820×1024, got 1808×1024" in screen.page.inner_text(CARD_A)


def _rounded(app: App, *, back: bool = False) -> object:
    from dataclasses import replace

    return replace(app.emulator.settings, are_pixels_rounded=not back)
