"""Reference pictures: added in every way, put in order, and sent in the order that is seen."""

from pathlib import Path

import gradio
import pytest
from PIL import Image

from tests.browser.conftest import Screen

pytestmark = pytest.mark.browser

PHOTOS = Path(gradio.__file__).parent / "media_assets" / "images"
THREE = [PHOTOS / name for name in ("cheetah.jpg", "tower.jpg", "lion.jpg")]
PASTE = """async ([name, type, data]) => {
    const bytes = Uint8Array.from(atob(data), c => c.charCodeAt(0));
    const carrier = new DataTransfer();
    carrier.items.add(new File([bytes], name, {type}));
    const event = name.startsWith('dropped')
        ? new DragEvent('drop', {dataTransfer: carrier, bubbles: true, cancelable: true})
        : new ClipboardEvent('paste', {clipboardData: carrier, bubbles: true, cancelable: true});
    document.querySelector('#prompt textarea').dispatchEvent(event);
}"""


def add(screen: Screen, *files: Path) -> None:
    wanted = len(screen.names()) + len(files)
    screen.page.set_input_files("#references input[type=file]", list(files))
    screen.page.wait_for_selector(f".pg-tile:nth-child({wanted})")


def test_references_are_numbered_reordered_removed_and_sent_as_shown(screen: Screen) -> None:
    add(screen, *THREE)
    assert screen.names() == ["cheetah.jpg", "tower.jpg", "lion.jpg"]

    screen.page.click(".pg-tile:nth-child(3) [data-do=earlier]")
    screen.page.click(".pg-tile:nth-child(1) [data-do=remove]")
    assert screen.names() == ["lion.jpg", "tower.jpg"]
    assert screen.page.locator(".pg-tile strong").all_inner_texts() == ["image 1", "image 2"]
    comparison = screen.run("Put image 1 on top of image 2")

    sent = screen.app.desk.views(comparison)[0].request.references
    assert [reference.name for reference in sent] == ["lion.jpg", "tower.jpg"]


def test_eight_references_leave_the_settings_in_sight(screen: Screen) -> None:
    add(screen, *THREE)
    tall = screen.page.locator(".pg-tiles").bounding_box()["height"]
    add(screen, *THREE, *THREE[:2])

    assert screen.page.locator(".pg-tiles").bounding_box()["height"] <= tall + 10
    assert screen.page.locator(".pg-tile strong").all_inner_texts()[7] == "image 8"
    widths = screen.page.locator(".pg-tile [data-do]").evaluate_all(
        "buttons => buttons.map(each => Math.min(each.offsetWidth, each.offsetHeight))"
    )
    assert min(widths) >= 24


def test_the_order_can_be_changed_by_keyboard_alone(screen: Screen) -> None:
    add(screen, *THREE[:2])

    screen.page.focus(".pg-tile:nth-child(1) [data-do=later]")
    screen.page.keyboard.press("Enter")

    assert screen.names() == ["tower.jpg", "cheetah.jpg"]
    focused = screen.page.evaluate("document.activeElement.getAttribute('aria-label')")
    assert "image 2, cheetah.jpg" in focused


def test_the_order_can_be_changed_by_dragging(screen: Screen) -> None:
    add(screen, *THREE)

    screen.page.drag_and_drop(".pg-tile:nth-child(3)", ".pg-tile:nth-child(1)")

    assert screen.names() == ["lion.jpg", "cheetah.jpg", "tower.jpg"]


@pytest.mark.parametrize("name", ["pasted.png", "dropped.png"])
def test_a_picture_can_be_pasted_or_dropped(screen: Screen, name: str, tmp_path: Path) -> None:
    import base64

    file = tmp_path / name
    Image.new("RGB", (64, 48), "teal").save(file)

    data = base64.b64encode(file.read_bytes()).decode()
    screen.page.evaluate(PASTE, [name, "image/png", data])
    screen.page.wait_for_selector(".pg-tile")

    assert screen.names() == [name]
    assert "64×48" in screen.page.inner_text(".pg-tile-detail")


def test_an_address_is_checked_and_sent_without_being_fetched(screen: Screen) -> None:
    screen.page.click("[data-open-address]")
    screen.page.fill("#references input[type=url]", "file:///etc/passwd")
    screen.page.keyboard.press("Enter")
    screen.page.wait_for_selector(".pg-problems li")
    assert "http" in screen.page.inner_text(".pg-problems")

    screen.page.fill("#references input[type=url]", "https://example.org/cat.jpg")
    screen.page.keyboard.press("Enter")
    screen.page.wait_for_selector(".pg-tile")

    assert screen.names() == ["https://example.org/cat.jpg"]
    assert screen.page.locator(".pg-tile img").count() == 0


def test_a_picture_with_too_many_pixels_is_refused_and_can_be_shrunk(
    screen: Screen, tmp_path: Path
) -> None:
    large = tmp_path / "large.png"
    Image.new("1", (8000, 6000)).save(large)
    screen.page.set_input_files("#references input[type=file]", [large])
    screen.page.wait_for_selector(".pg-problems li")
    assert "40,000,000" in screen.page.inner_text(".pg-problems")

    screen.page.click(".pg-problems .pg-button")
    screen.page.wait_for_selector(".pg-tile", timeout=30_000)

    assert screen.names() == ["large.png"]
    assert "4096×3072" in screen.page.inner_text(".pg-tile-detail")
    assert screen.page.locator(".pg-problems li").count() == 0


def test_a_ninth_reference_is_left_out_with_a_reason(screen: Screen, tmp_path: Path) -> None:
    files = []
    for number in range(1, 10):
        file = tmp_path / f"{number}.png"
        Image.new("RGB", (16, 16), (number * 20, 0, 0)).save(file)
        files.append(file)

    screen.page.set_input_files("#references input[type=file]", files)
    screen.page.wait_for_selector(".pg-problems li")

    assert len(screen.names()) == 8
    assert "9.png was left out" in screen.page.inner_text(".pg-problems")


def test_a_file_that_only_claims_to_be_a_picture_is_named(screen: Screen, tmp_path: Path) -> None:
    fake = tmp_path / "fake.png"
    fake.write_text("not a picture at all")

    screen.page.set_input_files("#references input[type=file]", [fake])
    screen.page.wait_for_selector(".pg-problems li")

    assert "fake.png" in screen.page.inner_text(".pg-problems")
    assert screen.names() == []


def test_the_name_of_a_file_is_never_markup(screen: Screen, tmp_path: Path) -> None:
    file = tmp_path / "${window.pwned=1}{{x}}<img src=x onerror=window.pwned=1>.png"
    Image.new("RGB", (16, 16)).save(file)

    add(screen, file)

    assert screen.names() == [file.name]
    assert screen.page.evaluate("window.pwned") is None
