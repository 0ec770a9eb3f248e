"""A picture of ours that is dropped on the page brings its request back."""

import base64
from pathlib import Path

import pytest
from PIL import Image

from playground.provenance.records import exported
from tests.browser.conftest import Screen
from tests.photos import PHOTOS

pytestmark = pytest.mark.browser

DROP = """([selector, name, data]) => {
    const bytes = Uint8Array.from(atob(data), c => c.charCodeAt(0));
    const carrier = new DataTransfer();
    carrier.items.add(new File([bytes], name, {type: 'image/png'}));
    const event = new DragEvent('drop', {dataTransfer: carrier, bubbles: true, cancelable: true});
    document.querySelector(selector).dispatchEvent(event);
}"""
PROMPT = "A paper boat on a puddle, as in image 1"


def drop(screen: Screen, selector: str, data: bytes) -> None:
    screen.page.evaluate(DROP, [selector, "dropped.png", base64.b64encode(data).decode()])


def downloaded(screen: Screen, *, is_exported: bool = False) -> bytes:
    """The picture of a comparison with a reference, as its person has it."""
    screen.page.set_input_files("#references input[type=file]", [PHOTOS[0]])
    screen.page.wait_for_selector(".pg-tile")
    comparison = screen.run(PROMPT)
    view = screen.app.desk.views(comparison)[1]
    data = view.picture.read_bytes()
    return exported(data, view.run) if is_exported else data


def leave(screen: Screen) -> None:
    """To an empty form, the comparison out of sight."""
    screen.page.evaluate("history.replaceState(null, '', location.pathname)")
    screen.leave()
    assert screen.page.input_value("#prompt textarea") == ""


def expect_restored(screen: Screen, comparison: str) -> None:
    screen.page.wait_for_function(
        "words => document.querySelector('#prompt textarea').value === words", arg=PROMPT
    )
    screen.page.wait_for_selector(".pg-tile")
    assert screen.names() == [PHOTOS[0].name] or len(screen.names()) == 1
    assert screen.shown() == comparison


@pytest.mark.parametrize("is_exported", [False, True])
def test_dropped_on_the_results_it_restores_its_request(screen: Screen, is_exported: bool) -> None:
    data = downloaded(screen, is_exported=is_exported)
    comparison = screen.shown()
    leave(screen)

    drop(screen, "#results", data)

    expect_restored(screen, comparison)


def test_dropped_on_the_form_it_is_a_reference_and_offers_its_request(screen: Screen) -> None:
    data = downloaded(screen)
    comparison = screen.shown()
    leave(screen)

    drop(screen, "#prompt textarea", data)
    screen.page.wait_for_selector(".pg-offers li")
    assert screen.names() == ["dropped.png"]
    assert PROMPT in screen.page.inner_text(".pg-offers")
    screen.page.click(".pg-offers .pg-button")

    expect_restored(screen, comparison)
    assert screen.page.locator(".pg-offers li").count() == 0


def test_any_other_picture_says_that_it_brings_nothing(screen: Screen, tmp_path: Path) -> None:
    Image.new("RGB", (64, 48), "teal").save(tmp_path / "other.png")

    drop(screen, "#results", (tmp_path / "other.png").read_bytes())
    screen.page.wait_for_selector(".pg-problems li")

    assert "no picture made here" in screen.page.inner_text(".pg-problems")
