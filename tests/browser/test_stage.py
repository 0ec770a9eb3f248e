"""The stage in a real browser: both pictures whole, in step to the pixel, by every hand."""

import base64
import hashlib
import io
import json
import socket
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import gradio as gr
import numpy as np
import pytest
from PIL import Image, ImageChops

from playground.ui import ROOT, STYLE_SHEETS
from playground.ui import format as fmt
from playground.ui.stage import STYLE_SHEET, StagePicture, empty_stage, stage, stage_value
from playground.ui.theme import theme
from playground.ui.widgets import asset
from tests.browser.axe import findings, needs_axe
from tests.browser.conftest import CHROMIUM, CHROMIUM_ARGS

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = pytest.mark.browser

TIMEOUT_MS = 15_000
DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}
RED, BLUE = (200, 30, 40), (20, 60, 190)
HOSTILE = "<img src=x onerror=window.pwned=1>${window.pwned=1}{{x}}`\"'\u202e"
AS_NEW = """async () => {
    const stage = document.querySelector('.pg-stage');
    const press = (selector) => stage.querySelector(selector).click();
    if (document.fullscreenElement) await document.exitFullscreen();
    delete stage.requestFullscreen;
    stage.querySelector('dialog').close();
    stage.classList.remove('unlined');
    if (!stage.querySelector('dialog input').checked) press('dialog input');
    ['[data-mode-button=side]', '[data-direction=vertical]', "[data-gain='1']"].forEach(press);
    stage.querySelector('.pg-stage-speed').value = 0.8;
    document.activeElement.blur();
    scrollTo(0, 0);
}"""
SEEN_TOGETHER = """() => [...document.querySelectorAll('.pg-stage-pane img')]
    .map(img => img.complete && getComputedStyle(img).visibility === 'visible')"""


# ---- pictures of known pixels --------------------------------------------------------------------


@dataclass(slots=True)
class Gallery:
    """Pictures on disk, and what the stage may be told of them."""

    folder: Path

    def put(self, name: str, image: Image.Image, **words: object) -> StagePicture:
        file = self.folder / f"{name}.png"
        image.save(file)
        return self._told(file, image.size, label=name, alt=f"Alt of {name}", **words)

    def plain(self, name: str, size: tuple[int, int], colour: tuple[int, int, int]) -> StagePicture:
        return self.put(name, Image.new("RGB", size, colour))

    def noise(self, name: str, size: tuple[int, int], seed: int) -> StagePicture:
        """Every pixel unlike its neighbours, so that a shift of one cannot hide."""
        values = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), np.uint8)
        return self.put(name, Image.fromarray(values))

    def image(self, picture: StagePicture) -> Image.Image:
        return Image.open(self.file(picture)).convert("RGB")

    def file(self, picture: StagePicture) -> Path:
        return self.folder / Path(picture.url).name

    def _told(self, file: Path, size: tuple[int, int], **words: object) -> StagePicture:
        url, (width, height) = fmt.file_url(file), size
        return StagePicture(url=url, width_px=width, height_px=height, **words)  # type: ignore[arg-type]


@dataclass(slots=True)
class Theatre:
    """The smallest app that has a stage, and the values it can be given by name."""

    url: str
    gallery: Gallery
    scenes: dict[str, object] = field(default_factory=dict)


@pytest.fixture(scope="module")
def theatre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Theatre]:
    folder = tmp_path_factory.mktemp("stage")
    gr.set_static_paths([folder])
    scenes: dict[str, object] = {"": empty_stage()}
    with gr.Blocks(fill_width=True, analytics_enabled=False) as demo:
        scene = gr.Textbox(elem_id="scene", label="Scene")
        shown = gr.Button("Show", elem_id="show")
        value = stage()
        gr.HTML('<div style="height: 1200px"></div>')
        shown.click(scenes.__getitem__, scene, value, queue=False, show_progress="hidden")
    nested = "\n".join(asset(name) for name in dict.fromkeys((*STYLE_SHEETS, STYLE_SHEET)))
    _, url, _ = demo.launch(
        server_name="127.0.0.1",
        server_port=_free_port(),  # looking for one itself, the framework leaves sockets open
        prevent_thread_lock=True,
        quiet=True,
        theme=theme(),
        head=f"<style>{asset('tokens.css')}\n{ROOT} {{\n{nested}}}\n"
        ".unlined .pg-stage-line { opacity: 0 }</style>",
        footer_links=[],
        run_history=False,
        ssr_mode=False,
    )
    yield Theatre(url=url, gallery=Gallery(folder), scenes=scenes)
    demo.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


# ---- looking at the page -------------------------------------------------------------------------


@dataclass(slots=True)
class Rect:
    x: float
    y: float
    width: float
    height: float


@dataclass(slots=True)
class Stage:
    """A page with the stage on it; lengths are of the style sheet unless they say `device`."""

    page: "sync_api.Page"
    theatre: Theatre
    problems: list[str] = field(default_factory=list)

    def show(
        self, value: dict[str, object], *, state: str = "ready", is_new: bool = True
    ) -> dict[str, object]:
        """Returns what the server answered. `is_new` makes a pair of its own even of the same two."""
        name = f"scene {len(self.theatre.scenes)}"
        self.theatre.scenes[name] = {**value, "pair": name} if is_new else value
        self.page.fill("#scene textarea", name)
        with self.page.expect_response(lambda answer: "gradio_api/run" in answer.url) as got:
            self.page.click("#show")
        answer: dict[str, object] = got.value.json()
        self.page.wait_for_selector(f".pg-stage[data-state={state}]")
        self.page.evaluate("document.querySelector('.pg-stage').scrollIntoView()")
        self.settle()
        return answer

    def settle(self) -> None:
        """Two frames on, whatever was asked for has been drawn."""
        self.page.wait_for_timeout(60)
        self.page.evaluate(
            "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
        )

    def keys(self, *names: str) -> None:
        for name in names:
            self.page.keyboard.press(name)
        self.settle()

    def focus(self) -> None:
        self.page.focus(".pg-stage-view")

    def data(self, name: str) -> str | None:
        return self.page.get_attribute(".pg-stage", f"data-{name}")

    def zoom(self) -> float:
        return float(self.data("zoom") or "nan")

    def rect(self, selector: str) -> Rect:
        found = self.page.locator(selector).first.bounding_box()
        assert found is not None
        return Rect(**found)

    def pane(self, side: int) -> Rect:
        return self.rect(f".pg-stage-pane[data-slot='{side}']")

    def picture(self, side: int) -> Rect:
        return self.rect(f".pg-stage-pane[data-slot='{side}'] img")

    def words(self) -> str:
        return self.page.inner_text(".pg-stage")

    def screen(self) -> Image.Image:
        return Image.open(io.BytesIO(self.page.screenshot())).convert("RGB")

    def drawn(self, side: int, screen: Image.Image | None = None) -> Image.Image:
        """What the pane shows, in device pixels."""
        ratio = self.page.evaluate("devicePixelRatio")
        pane = self.pane(side)
        corners = (pane.x, pane.y, pane.x + pane.width, pane.y + pane.height)
        return (screen or self.screen()).crop(tuple(round(each * ratio) for each in corners))

    def colour(self, x: float, y: float) -> tuple[int, int, int]:
        ratio = self.page.evaluate("devicePixelRatio")
        return self.screen().getpixel((int(x * ratio), int(y * ratio)))  # type: ignore[return-value]

    def move_to(self, side: int, x: float, y: float) -> None:
        """The mouse to a place given as shares of a pane."""
        pane = self.pane(side)
        self.page.mouse.move(pane.x + x * pane.width, pane.y + y * pane.height)

    def drag(self, dx: float, dy: float) -> None:
        self.move_to(0, 0.5, 0.5)
        pane = self.pane(0)
        x, y = pane.x + pane.width / 2, pane.y + pane.height / 2
        self.page.mouse.down()
        self.page.mouse.move(x + dx, y + dy, steps=4)
        self.page.mouse.up()
        self.settle()

    def hide_line(self) -> None:
        self.page.evaluate("document.querySelector('.pg-stage').classList.add('unlined')")


@pytest.fixture(scope="module")
def contexts(browser: "sync_api.Browser") -> Iterator[Callable[..., "sync_api.BrowserContext"]]:
    """Contexts by their options, shared so that the framework's scripts are fetched once for each."""
    made: dict[str, sync_api.BrowserContext] = {}
    browsers: list[sync_api.Browser] = []

    def get(*, pixel_ratio: float = 1, **options: object) -> "sync_api.BrowserContext":
        name = repr((pixel_ratio, sorted(options.items())))
        if name not in made:
            running = browser
            if pixel_ratio != 1:
                # A screen that really is so: an emulated one draws in rounder numbers.
                options |= {"viewport": None, "no_viewport": True}
                running = browser.browser_type.launch(
                    executable_path=CHROMIUM,
                    args=[
                        *CHROMIUM_ARGS,
                        f"--force-device-scale-factor={pixel_ratio}",
                        "--window-size=1280,1000",
                    ],
                )
                browsers.append(running)
            made[name] = running.new_context(**{"viewport": DESKTOP, **options})  # type: ignore[arg-type]
            made[name].set_default_timeout(TIMEOUT_MS)
        return made[name]

    yield get
    for context in made.values():
        context.close()
    for running in browsers:
        running.close()


@pytest.fixture(scope="module")
def stages() -> dict[str, Stage]:
    """Pages that are open already, by their options: loading one takes longer than most tests."""
    return {}


@pytest.fixture
def open_stage(
    theatre: Theatre,
    contexts: Callable[..., "sync_api.BrowserContext"],
    stages: dict[str, Stage],
) -> Iterator[Callable[..., Stage]]:
    """Gives pages as if they were new; a script error on any of them fails the test."""
    used: list[Stage] = []

    def open_one(**options: object) -> Stage:
        name = repr(sorted(options.items()))
        if name not in stages:
            stages[name] = _new_stage(contexts(**options).new_page(), theatre)
        made = stages[name]
        made.page.bring_to_front()
        made.page.evaluate(AS_NEW)
        used.append(made)
        return made

    yield open_one
    problems = [problem for each in used for problem in each.problems]
    for each in used:
        each.problems.clear()
    assert problems == []


def _new_stage(page: "sync_api.Page", theatre: Theatre) -> Stage:
    made = Stage(page=page, theatre=theatre)
    page.on("pageerror", lambda error: made.problems.append(str(error)))
    page.on(
        "console",
        lambda said: made.problems.append(said.text) if said.type == "error" else None,
    )
    page.goto(theatre.url)
    page.wait_for_selector("[data-text=hint]:not(:empty)", state="attached")
    return made


@pytest.fixture
def on(open_stage: Callable[..., Stage]) -> Stage:
    """A desktop page."""
    return open_stage()


@pytest.fixture(scope="module")
def noise(theatre: Theatre) -> StagePicture:
    return theatre.gallery.noise("noise", (700, 700), seed=1)


@pytest.fixture(scope="module")
def red(theatre: Theatre) -> StagePicture:
    return theatre.gallery.plain("red", (640, 640), RED)


@pytest.fixture(scope="module")
def blue(theatre: Theatre) -> StagePicture:
    return theatre.gallery.plain("blue", (640, 640), BLUE)


@pytest.fixture(scope="module")
def tall(theatre: Theatre) -> StagePicture:
    return theatre.gallery.plain("tall", (640, 960), BLUE)


def near(found: tuple[int, int, int], wanted: tuple[int, int, int], by: int = 2) -> bool:
    return all(abs(a - b) <= by for a, b in zip(found, wanted, strict=True))


# ---- to the pixel --------------------------------------------------------------------------------


@pytest.mark.parametrize("ratio", [1, 1.25, 1.5, 2])
def test_both_sides_draw_one_picture_alike_to_the_bit_at_every_zoom_and_place(
    open_stage: Callable[..., Stage], noise: StagePicture, ratio: float
) -> None:
    on = open_stage(pixel_ratio=ratio)
    on.show(stage_value(noise, noise))
    on.page.evaluate("scrollBy(0, 37.3)")

    for step in range(5):
        screen = on.screen()
        left, right = on.drawn(0, screen), on.drawn(1, screen)
        assert left.size == right.size
        assert len(left.getcolors(1 << 24) or []) > 1000  # there is something to see
        assert ImageChops.difference(left, right).getbbox() is None, f"step {step}, {on.zoom()}"
        if step % 3 == 2:
            on.drag(-61, 37)
        else:
            on.move_to(step % 2, 0.31, 0.64)
            on.page.mouse.wheel(0, -137)
            on.settle()


@pytest.mark.parametrize("ratio", [1, 1.25, 1.5])
def test_one_to_one_shows_the_very_pixels_of_the_file(
    open_stage: Callable[..., Stage], noise: StagePicture, ratio: float
) -> None:
    on = open_stage(pixel_ratio=ratio)
    on.show(stage_value(noise, noise))

    on.page.click("[data-act=pixels]")
    on.settle()

    assert on.zoom() == 1
    for side in (0, 1):
        shows_the_very_pixels(on, side, on.theatre.gallery.image(noise))


def test_an_odd_difference_of_sizes_blurs_neither(on: Stage, noise: StagePicture) -> None:
    narrow = on.theatre.gallery.noise("narrow", (699, 700), seed=2)
    on.show(stage_value(noise, narrow))

    on.page.click("[data-act=pixels]")
    on.settle()

    for side, picture in enumerate((noise, narrow)):
        shows_the_very_pixels(on, side, on.theatre.gallery.image(picture))


def shows_the_very_pixels(on: Stage, side: int, source: Image.Image) -> None:
    ratio = on.page.evaluate("devicePixelRatio")
    pane, picture, drawn = on.pane(side), on.picture(side), on.drawn(side)
    x, y = round((pane.x - picture.x) * ratio), round((pane.y - picture.y) * ratio)
    left, top = max(0, -x), max(0, -y)
    width = min(drawn.width - left, source.width - max(0, x))
    height = min(drawn.height - top, source.height - max(0, y))
    shown = drawn.crop((left, top, left + width, top + height))
    x, y = max(0, x), max(0, y)
    assert min(width, height) > 300
    wanted = source.crop((x, y, x + width, y + height))
    assert ImageChops.difference(shown, wanted).getbbox() is None


@pytest.mark.parametrize("ratio", [1, 1.25])
def test_no_mode_moves_the_picture_and_the_slider_has_no_seam(
    open_stage: Callable[..., Stage], noise: StagePicture, ratio: float
) -> None:
    on = open_stage(pixel_ratio=ratio)
    on.show(stage_value(noise, noise))
    on.hide_line()
    on.focus()

    for zoom in (["0"], ["p"], ["+", "+"]):
        on.keys(*zoom, "b")
        first = on.drawn(0)
        on.keys("Space")
        assert ImageChops.difference(first, on.drawn(1)).getbbox() is None
        on.keys("l")
        for _ in range(2):
            assert ImageChops.difference(first, on.drawn(0)).getbbox() is None
            on.keys(".", ".", ".")
        on.keys("f")
        # Mixing rounds once: at most one step of 255, except on the smoothed edge of the picture.
        mixed = np.asarray(ImageChops.difference(first, on.drawn(0))).max(axis=2)
        assert (mixed > 1).sum() <= 2 * (first.width + first.height)
        on.focus()


def test_the_horizontal_slider_has_no_seam_either(on: Stage, noise: StagePicture) -> None:
    on.show(stage_value(noise, noise))
    on.hide_line()
    on.focus()
    on.keys("l", "l")
    assert on.data("direction") == "horizontal"

    before = on.drawn(0)
    on.keys(".", ".")

    assert ImageChops.difference(before, on.drawn(0)).getbbox() is None


def test_the_file_is_shown_byte_for_byte(on: Stage, noise: StagePicture) -> None:
    on.show(stage_value(noise, noise))

    for side in (0, 1):
        address = on.page.evaluate(f"document.querySelectorAll('.pg-stage-pane img')[{side}].src")
        with urllib.request.urlopen(address) as answer:
            served = answer.read()
        file = on.theatre.gallery.file(noise)
        assert hashlib.sha256(served).digest() == hashlib.sha256(file.read_bytes()).digest()


# ---- modes ---------------------------------------------------------------------------------------


def test_side_by_side_shows_both_whole_and_equally_large(
    on: Stage, red: StagePicture, blue: StagePicture
) -> None:
    on.show(stage_value(red, blue))

    panes, pictures = [on.pane(0), on.pane(1)], [on.picture(0), on.picture(1)]
    for pane, picture in zip(panes, pictures, strict=True):
        assert pane.x <= picture.x + 0.01
        assert pane.y <= picture.y + 0.01
        assert picture.x + picture.width <= pane.x + pane.width + 0.01
        assert picture.y + picture.height <= pane.y + pane.height + 0.01
    assert (pictures[0].width, pictures[0].height) == (pictures[1].width, pictures[1].height)
    assert pictures[0].width == pytest.approx(panes[0].width, abs=0.01)
    assert near(on.colour(panes[0].x + 50, panes[0].y + 200), RED)
    assert near(on.colour(panes[1].x + 50, panes[1].y + 200), BLUE)


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE])
def test_the_room_is_as_high_as_the_pictures(
    open_stage: Callable[..., Stage], viewport: dict[str, int], noise: StagePicture
) -> None:
    on = open_stage(viewport=viewport)
    on.show(stage_value(noise, noise))

    for mode in ("side", "slider", "fade"):
        on.page.click(f"[data-mode-button={mode}]")
        on.settle()
        assert on.picture(0).height == pytest.approx(on.pane(0).height, abs=2)


@pytest.mark.parametrize("direction", ["vertical", "horizontal"])
def test_the_slider_parts_the_pictures_where_the_divider_is(
    on: Stage, red: StagePicture, blue: StagePicture, direction: str
) -> None:
    on.show(stage_value(red, blue))
    on.page.click("[data-mode-button=slider]")
    on.page.click(f"[data-direction={direction}]")
    on.page.focus(".pg-stage-divider")

    on.keys("Shift+ArrowLeft")  # 40 %

    picture, pane = on.picture(0), on.pane(0)
    if direction == "vertical":
        cut = pane.x + 0.4 * pane.width
        middle = picture.y + 100
        before, after = (cut - 6, middle), (cut + 6, middle)
    else:
        cut = pane.y + 0.4 * pane.height
        middle = picture.x + 100
        before, after = (middle, cut - 6), (middle, cut + 6)
    assert near(on.colour(*before), RED)
    assert near(on.colour(*after), BLUE)


def test_the_divider_is_dragged_by_its_line(
    on: Stage, red: StagePicture, blue: StagePicture
) -> None:
    on.show(stage_value(red, blue))
    on.page.click("[data-mode-button=slider]")
    on.settle()
    pane, picture = on.pane(0), on.picture(0)

    on.page.mouse.move(pane.x + pane.width / 2, picture.y + 80)
    on.page.mouse.down()
    on.page.mouse.move(pane.x + pane.width / 2 + 150, picture.y + 90, steps=3)
    on.page.mouse.up()
    on.settle()

    share = float(on.page.input_value(".pg-stage-divider")) / 100
    assert share * pane.width == pytest.approx(pane.width / 2 + 150, abs=2)
    assert near(on.colour(pane.x + pane.width / 2 + 140, picture.y + 40), RED)
    assert near(on.colour(pane.x + pane.width / 2 + 160, picture.y + 40), BLUE)
    assert on.data("fit") == "true"  # the picture stayed where it was


def test_blink_shows_one_and_then_the_other_in_the_same_place(
    on: Stage, red: StagePicture, blue: StagePicture
) -> None:
    on.show(stage_value(red, blue))
    on.page.click("[data-mode-button=blink]")
    on.settle()
    on.page.locator("[data-act=toggle]").scroll_into_view_if_needed()
    at = on.picture(0)
    assert near(on.colour(at.x + 9, at.y + 9), RED)

    on.page.click("[data-act=toggle]")
    on.settle()

    assert on.picture(1) == at
    assert near(on.colour(at.x + 9, at.y + 9), BLUE)
    on.page.mouse.click(at.x + 50, at.y + 50)  # a tap on the picture does the same
    on.settle()
    assert near(on.colour(at.x + 9, at.y + 9), RED)


def test_blinking_by_itself_goes_on_until_it_is_stopped(
    on: Stage, red: StagePicture, blue: StagePicture
) -> None:
    on.show(stage_value(red, blue))
    on.focus()
    on.keys("b", ",", ",", ",", ",", ",", ",")  # down to the quickest: 0.25 s
    changes = """() => new Promise(done => {
        const start = performance.now();
        let n = 0;
        new MutationObserver((_, watcher) => {
            if (++n === 4) { watcher.disconnect(); done((performance.now() - start) / 1000); }
        }).observe(document.querySelector('.pg-stage-pane'), {attributeFilter: ['style']});
        document.querySelector('[data-act=auto]').click();
    })"""

    took_s = on.page.evaluate(changes)

    assert took_s >= 0.9  # never more than three flashes a second
    assert on.page.get_attribute("[data-act=auto]", "aria-pressed") == "true"
    on.keys("k")
    assert on.page.get_attribute("[data-act=auto]", "aria-pressed") == "false"


def test_fade_mixes_by_the_share_that_is_set(
    on: Stage, red: StagePicture, blue: StagePicture
) -> None:
    on.show(stage_value(red, blue))
    on.page.click("[data-mode-button=fade]")
    on.settle()
    at = on.picture(0)

    def mix(share: float) -> tuple[int, int, int]:
        return tuple(round(a + (b - a) * share) for a, b in zip(RED, BLUE, strict=True))  # type: ignore[return-value]

    assert near(on.colour(at.x + 50, at.y + 50), mix(0.5))
    on.page.focus(".pg-stage-fade")
    on.keys("End")
    assert near(on.colour(at.x + 50, at.y + 50), BLUE)
    on.keys("Home")
    assert near(on.colour(at.x + 50, at.y + 50), RED)
    assert "A 100 %" in on.words()


def test_a_fade_of_unequal_pictures_leaves_nothing_of_the_other_behind(
    on: Stage, red: StagePicture, tall: StagePicture
) -> None:
    on.show(stage_value(replace(tall, label="tall"), red))
    on.page.click("[data-mode-button=fade]")
    on.settle()
    at = on.picture(0)
    ground = on.colour(at.x - 20, at.y + 5)

    on.page.focus(".pg-stage-fade")
    on.keys("End")

    assert near(on.colour(at.x + 20, at.y + 5), ground)  # only the tall picture reaches here
    assert near(on.colour(at.x + 20, at.y + at.height / 2), RED)


# ---- the difference ------------------------------------------------------------------------------


def difference(on: Stage) -> np.ndarray:
    on.page.wait_for_function(
        "/differ/.test(document.querySelector('.pg-stage-found').textContent)"
    )
    on.settle()
    png = on.page.evaluate("document.querySelector('.pg-stage canvas').toDataURL()")
    with Image.open(io.BytesIO(base64.b64decode(png.partition(",")[2]))) as image:
        return np.asarray(image.convert("RGB"))


def test_the_difference_of_equal_pictures_is_black(on: Stage, noise: StagePicture) -> None:
    on.show(stage_value(noise, noise))
    on.page.click("[data-mode-button=difference]")

    assert difference(on).max() == 0
    assert "Not one pixel differs." in on.words()
    pane = on.pane(0)
    assert on.colour(pane.x + pane.width / 2, pane.y + pane.height / 2) == (0, 0, 0)


def test_the_difference_is_exact_amplified_and_says_what_it_cannot(on: Stage) -> None:
    gallery = on.theatre.gallery
    rng = np.random.default_rng(5)
    first = rng.integers(0, 256, (301, 203, 3), np.uint8)
    second = first.copy()
    second[40:60, 30:50] = rng.integers(0, 256, (20, 20, 3), np.uint8)
    apart = np.abs(first.astype(int) - second)
    a = gallery.put("first", Image.fromarray(first))
    b = gallery.put("second", Image.fromarray(second))
    on.show(stage_value(a, b))
    on.focus()
    on.keys("d")

    assert np.array_equal(difference(on), apart)
    share = 100 * (apart.max(axis=2) > 0).mean()
    assert f"{float(f'{share:.2g}'):g} % of the pixels differ, by up to {apart.max()}" in on.words()
    assert "does not say which is better" in on.words()
    for gain in (4, 8):
        on.page.click(f"[data-gain='{gain}']")
        on.page.wait_for_function(
            f"document.querySelector('.pg-stage canvas').ariaLabel.includes('×{gain}')"
        )
        assert np.array_equal(difference(on), np.minimum(255, apart * gain))


def test_the_difference_lies_where_the_pictures_lie(
    on: Stage, red: StagePicture, blue: StagePicture
) -> None:
    on.show(stage_value(red, blue))
    on.focus()
    on.keys("+", "d", "b")
    at = on.picture(0)

    on.keys("d")
    difference(on)

    assert on.rect(".pg-stage canvas") == at
    shown = tuple(abs(a - b) for a, b in zip(RED, BLUE, strict=True))
    assert near(on.colour(on.pane(0).x + 400, on.pane(0).y + 200), shown)  # type: ignore[arg-type]


def test_unequal_sizes_grey_the_difference_out_and_say_why(
    on: Stage, red: StagePicture, tall: StagePicture
) -> None:
    on.show(stage_value(red, tall))
    button = on.page.locator("[data-mode-button=difference]")

    button.click(force=True)
    on.focus()
    on.keys("d")

    assert button.get_attribute("aria-disabled") == "true"
    assert "two pictures of one size" in (button.get_attribute("title") or "")
    assert "No difference view: it needs two pictures of one size." in on.words()
    assert on.data("mode") == "side"


# ---- unequal sizes -------------------------------------------------------------------------------


def test_unequal_pictures_share_one_box_whole_unstretched_and_it_is_said(
    on: Stage, red: StagePicture, tall: StagePicture
) -> None:
    on.show(stage_value(red, tall))
    on.page.click("[data-mode-button=blink]")
    on.settle()

    square, high = on.picture(0), on.picture(1)
    assert square.width / square.height == pytest.approx(1)
    assert high.width / high.height == pytest.approx(640 / 960)
    assert square.width == pytest.approx(high.width)  # one scale for both
    assert square.x == pytest.approx(high.x)
    assert square.y - high.y == pytest.approx((high.height - square.height) / 2, abs=0.5)
    assert high.height <= on.pane(0).height + 0.01
    assert "Sizes differ: A 640×640, B 640×960. Each is shown whole in one box of 640×960." in (
        on.words()
    )


def test_a_smaller_picture_of_the_same_shape_covers_the_same_box_and_it_is_said(
    on: Stage, red: StagePicture
) -> None:
    half = on.theatre.gallery.plain("half", (320, 320), BLUE)
    on.show(stage_value(red, half))
    on.page.click("[data-mode-button=blink]")
    on.settle()

    assert on.picture(0) == on.picture(1)
    assert "B is enlarged ×2.00 to share it." in on.words()


def test_the_size_of_the_file_counts_where_the_log_says_otherwise(
    on: Stage, tall: StagePicture
) -> None:
    on.show(stage_value(replace(tall, width_px=100, height_px=100), tall))

    assert on.page.locator(".pg-stage-size").all_inner_texts() == ["640×960", "640×960"]
    assert on.picture(0).width / on.picture(0).height == pytest.approx(640 / 960)


# ---- one camera ----------------------------------------------------------------------------------


@pytest.mark.parametrize("side", [0, 1])
def test_the_wheel_zooms_at_the_pointer_on_both_sides(
    on: Stage, noise: StagePicture, side: int
) -> None:
    on.show(stage_value(noise, noise))
    on.focus()
    on.keys("p", "+")  # from where the whole pane is filled
    on.move_to(side, 0.3, 0.4)
    pane = on.pane(side)
    at = (pane.x + 0.3 * pane.width, pane.y + 0.4 * pane.height)

    def share(picture: Rect) -> tuple[float, float]:
        return (at[0] - picture.x) / picture.width, (at[1] - picture.y) / picture.height

    before, zoom = share(on.picture(side)), on.zoom()
    for _ in range(3):
        on.page.mouse.wheel(0, -120)
    on.settle()
    after = on.picture(side)

    assert on.zoom() > 1.5 * zoom
    assert share(after)[0] * after.width == pytest.approx(before[0] * after.width, abs=1)
    assert share(after)[1] * after.height == pytest.approx(before[1] * after.height, abs=1)
    other = on.picture(1 - side)
    assert (other.width, other.x - on.pane(1 - side).x) == (after.width, after.x - pane.x)


def test_dragging_moves_both_by_as_much_as_the_hand(on: Stage, noise: StagePicture) -> None:
    on.show(stage_value(noise, noise))
    on.focus()
    on.keys("p", "+", "+")
    before = [on.picture(side) for side in (0, 1)]

    on.drag(-40, 25)

    for side in (0, 1):
        assert on.picture(side).x - before[side].x == pytest.approx(-40, abs=0.01)
        assert on.picture(side).y - before[side].y == pytest.approx(25, abs=0.01)


def test_a_picture_is_never_dragged_out_of_its_pane(on: Stage, noise: StagePicture) -> None:
    on.show(stage_value(noise, noise))
    on.focus()
    on.keys("p", "+", "+")

    on.drag(3000, 3000)

    assert on.picture(0).x == pytest.approx(on.pane(0).x)
    assert on.picture(0).y == pytest.approx(on.pane(0).y)


def test_double_click_fits_again(on: Stage, noise: StagePicture) -> None:
    on.show(stage_value(noise, noise))
    whole = on.picture(0)
    on.focus()
    on.keys("+", "+", "ArrowLeft")
    assert on.picture(0) != whole

    pane = on.pane(0)
    on.page.mouse.dblclick(pane.x + 90, pane.y + 90)
    on.settle()

    assert on.picture(0) == whole
    assert on.data("fit") == "true"


def test_zoom_and_place_stay_when_the_mode_changes(on: Stage, noise: StagePicture) -> None:
    on.show(stage_value(noise, noise))
    on.focus()
    on.keys("p", "+", "ArrowRight", "b")
    zoom, place = on.zoom(), on.picture(0)

    for key in ("l", "f", "d", "b"):
        on.keys(key)
        assert on.zoom() == zoom
    assert on.picture(0) == place


def test_the_wheel_scrolls_the_page_where_there_is_nothing_to_zoom_out(
    on: Stage, noise: StagePicture
) -> None:
    on.show(stage_value(noise, noise))
    on.move_to(0, 0.5, 0.5)
    before = on.page.evaluate("scrollY")

    on.page.mouse.wheel(0, 200)
    on.page.wait_for_function("before => scrollY > before + 100", arg=before)

    assert on.data("fit") == "true"


def test_a_wheel_that_began_beside_the_stage_goes_on_scrolling(
    on: Stage, noise: StagePicture
) -> None:
    on.show(stage_value(noise, noise))
    fire = """pane => {
        const turn = (target) => target.dispatchEvent(new WheelEvent('wheel',
            {bubbles: true, cancelable: true, deltaY: -20, clientX: 200, clientY: 300}));
        turn(document.body);
        return turn(pane);  // true: the page may scroll
    }"""

    is_left_to_the_page = on.page.locator(".pg-stage-pane").first.evaluate(fire)

    assert is_left_to_the_page
    assert on.data("fit") == "true"


def test_two_fingers_zoom_and_move_both(
    open_stage: Callable[..., Stage], noise: StagePicture
) -> None:
    on = open_stage(viewport=PHONE, device_scale_factor=2, has_touch=True, is_mobile=True)
    on.show(stage_value(noise, noise))
    touch = on.page.context.new_cdp_session(on.page)
    pane, zoom = on.pane(0), on.zoom()
    x, y = pane.x + pane.width / 2, pane.y + pane.height / 2

    def fingers(kind: str, *places: tuple[float, float]) -> None:
        points = [{"x": px, "y": py, "id": n} for n, (px, py) in enumerate(places)]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    fingers("touchStart", (x - 30, y), (x + 30, y))
    for apart in (40, 50, 60):
        fingers("touchMove", (x - apart, y), (x + apart, y))
    fingers("touchEnd")
    on.settle()

    assert on.zoom() == pytest.approx(2 * zoom, rel=0.02)
    first, second = on.picture(0), on.picture(1)
    assert first.width == second.width
    assert first.x - on.pane(0).x == second.x - on.pane(1).x
    assert first.y - on.pane(0).y == pytest.approx(second.y - on.pane(1).y)
    assert (x - first.x) / first.width == pytest.approx(0.5, abs=0.01)  # about the middle


def test_a_new_size_of_the_window_keeps_a_fitted_picture_whole(
    on: Stage, noise: StagePicture
) -> None:
    on.show(stage_value(noise, noise))

    on.page.set_viewport_size({"width": 820, "height": 700})
    on.settle()
    pane, picture = on.pane(1), on.picture(1)
    on.page.set_viewport_size(DESKTOP)

    assert pane.x + pane.width <= 820
    assert picture.width <= pane.width + 0.01
    assert picture.height <= pane.height + 0.01


# ---- which pictures ------------------------------------------------------------------------------


def test_swapping_changes_places_and_every_mark_stays_with_its_picture(
    on: Stage, red: StagePicture, blue: StagePicture
) -> None:
    on.show(stage_value(red, blue))
    on.focus()
    on.keys("+", "+")
    zoom, place = on.zoom(), on.picture(0)

    on.keys("x")

    assert on.page.locator(".pg-stage-mark").all_inner_texts() == ["B", "A"]
    assert on.page.locator(".pg-stage-name").all_inner_texts() == ["blue", "red"]
    assert (on.zoom(), on.picture(0)) == (zoom, place)
    assert near(on.colour(on.pane(0).x + 200, on.pane(0).y + 200), BLUE)
    assert near(on.colour(on.pane(1).x + 200, on.pane(1).y + 200), RED)
    on.keys("x")
    assert on.page.locator(".pg-stage-mark").all_inner_texts() == ["A", "B"]


def test_either_side_can_show_another_picture(
    on: Stage, red: StagePicture, blue: StagePicture, tall: StagePicture
) -> None:
    reference = replace(tall, label="image 1 (reference)", is_neutral=True)
    on.show(stage_value(red, blue, others=[reference]))

    on.page.get_by_label("Second picture", exact=True).select_option(label="image 1 (reference)")
    on.page.wait_for_function(
        "document.querySelector('.pg-stage-note').textContent.includes('640×960')"
    )
    on.settle()

    assert on.page.locator(".pg-stage-mark").all_inner_texts() == ["A", "1"]
    assert on.picture(1).height / on.picture(1).width == pytest.approx(1.5)
    assert on.page.get_attribute(".pg-stage-pane[data-slot='1'] img", "alt") == "Alt of tall"


def test_a_new_pair_begins_whole_in_the_mode_that_was_chosen(
    on: Stage, red: StagePicture, blue: StagePicture, noise: StagePicture
) -> None:
    on.show(stage_value(red, blue))
    on.focus()
    on.keys("l", "+", "+", "x")

    on.show(stage_value(noise, blue))

    assert (on.data("mode"), on.data("fit")) == ("slider", "true")
    assert on.page.locator(".pg-stage-name").all_inner_texts() == ["noise", "blue"]


def test_both_pictures_appear_together_and_never_an_old_one_under_a_new_name(
    on: Stage, red: StagePicture, blue: StagePicture
) -> None:
    gallery = on.theatre.gallery
    quick = gallery.plain("quick", (64, 64), RED)
    late = gallery.plain("late", (64, 64), BLUE)
    on.show(stage_value(red, blue))
    waiting: list[sync_api.Route] = []
    on.page.route("**/late.png", lambda route: waiting.append(route))

    on.show(stage_value(quick, late), state="loading")
    on.page.wait_for_function("document.querySelector('.pg-stage-pane img').src.includes('quick')")
    assert on.page.evaluate(SEEN_TOGETHER) == [False, False]
    assert "Loading both pictures" in on.words()

    waiting[0].continue_()
    on.page.wait_for_selector(".pg-stage[data-state=ready]")
    assert on.page.evaluate(SEEN_TOGETHER) == [True, True]
    on.page.unroute("**/late.png")


def test_a_picture_that_cannot_be_loaded_is_named(on: Stage, red: StagePicture) -> None:
    gone = replace(red, url=red.url.replace("red.png", "gone.png"))

    on.show(stage_value(red, gone), state="problem")
    assert "Picture B could not be loaded" in on.words()
    on.problems.clear()  # the browser reports the missing file itself

    on.show(stage_value(red, red))
    assert on.page.evaluate(SEEN_TOGETHER) == [True, True]


def test_an_emptied_stage_shows_nothing_of_before(
    on: Stage, red: StagePicture, blue: StagePicture
) -> None:
    on.show(stage_value(red, blue))

    on.show(empty_stage(), state="empty")

    assert "Two finished pictures can be compared here." in on.words()
    assert on.page.locator(".pg-stage img[src]").count() == 0
    assert on.page.locator(".pg-stage-name:visible").count() == 0


def test_without_two_pictures_the_stage_is_one_line(on: Stage, red: StagePicture) -> None:
    on.show(stage_value(red, red))
    on.show(empty_stage(), state="empty")

    assert on.rect(".pg-stage").height < 80
    assert on.page.locator(".pg-stage button:visible").count() == 0
    assert on.page.inner_text(".pg-stage-message") == "Two finished pictures can be compared here."


def test_labels_are_never_markup(on: Stage, red: StagePicture, blue: StagePicture) -> None:
    evil = replace(red, label=HOSTILE, alt=HOSTILE, mark="<b>1</b>")
    other = replace(blue, label=HOSTILE + "2")

    on.show(stage_value(evil, evil, others=[other]))
    on.page.select_option(".pg-stage-caption[data-slot='0'] select", "2")
    on.settle()

    assert on.page.evaluate("window.pwned") is None
    assert on.page.locator(".pg-stage-view img").count() == 2
    options = on.page.locator(".pg-stage-caption[data-slot='0'] option").all_text_contents()
    assert options == [HOSTILE, HOSTILE, HOSTILE + "2"]
    assert on.page.get_attribute(".pg-stage-pane[data-slot='1'] img", "alt") == HOSTILE


# ---- blind ---------------------------------------------------------------------------------------


def test_blind_nothing_tells_the_sides_apart_but_the_pictures(on: Stage) -> None:
    gallery = on.theatre.gallery
    a = replace(gallery.plain("k3", (300, 300), RED), label="Flex model", alt="Flex model: cat")
    b = replace(gallery.plain("q8", (300, 450), BLUE), label="Pro model", alt="Pro model: cat")

    told = json.dumps(on.show(stage_value(a, b, is_blind=True))["data"])

    page = on.page.evaluate("document.querySelector('.pg-stage').outerHTML")
    for leak in ("Flex", "Pro model", "cat", "300", "450"):
        assert leak not in on.words()
        assert leak not in told.replace('"box": [300, 450]', "")
    for leak in ("Flex", "Pro model", "cat"):
        assert leak not in page
    alts = on.page.locator(".pg-stage-pane img").evaluate_all("all => all.map(img => img.alt)")
    assert alts == ["Picture A", "Picture B"]
    on.focus()
    on.keys("d")
    assert on.data("mode") == "side"
    assert "No difference view while judging blind" in on.words()


def test_the_reveal_names_the_sides_and_leaves_everything_where_it_was(on: Stage) -> None:
    gallery = on.theatre.gallery
    a, b = gallery.noise("blind-a", (400, 400), 3), gallery.noise("blind-b", (400, 400), 4)
    on.show(stage_value(a, b, is_blind=True, pair_id="p1"), is_new=False)
    on.focus()
    on.keys("x", "p", "+", "ArrowLeft")
    place = on.picture(0)

    on.show(stage_value(a, b, pair_id="p1"), is_new=False)

    assert on.picture(0) == place
    assert on.page.locator(".pg-stage-mark").all_inner_texts() == ["B", "A"]
    assert on.page.locator(".pg-stage-name").all_inner_texts() == ["blind-b", "blind-a"]


# ---- hands on the keyboard -----------------------------------------------------------------------


def test_every_mode_has_a_key_wherever_the_focus_rests(
    on: Stage, red: StagePicture, blue: StagePicture
) -> None:
    on.show(stage_value(red, blue))
    on.page.evaluate("document.activeElement.blur()")

    seen = []
    for key in ("l", "b", "f", "d", "s"):
        on.keys(key)
        seen.append(on.data("mode"))

    assert seen == ["slider", "blink", "fade", "difference", "side"]


def test_keys_are_letters_while_somebody_writes(
    on: Stage, red: StagePicture, blue: StagePicture
) -> None:
    on.show(stage_value(red, blue, others=[replace(red, label="x")]))
    on.page.fill("#scene textarea", "")
    on.page.focus("#scene textarea")
    on.keys("l", "x", "+", "m", "?")
    assert on.page.input_value("#scene textarea") == "lx+m?"
    assert (on.data("mode"), on.data("fit")) == ("side", "true")

    on.page.focus(".pg-stage-caption select")
    on.keys("b")
    assert on.data("mode") == "side"
    on.focus()
    for shortcut in ("Control+b", "Alt+b", "Meta+b"):
        on.keys(shortcut)
    assert on.data("mode") == "side"


def test_zoom_fit_pixels_and_panning_by_keys(on: Stage, noise: StagePicture) -> None:
    on.show(stage_value(noise, noise))
    on.focus()
    whole = on.zoom()

    on.keys("+")
    assert on.zoom() == pytest.approx(1.25 * whole)
    on.keys("-")
    assert on.data("fit") == "true"
    on.keys("p")
    assert on.zoom() == 1
    on.keys("+", "+")
    before = on.picture(0)
    on.keys("ArrowRight", "ArrowDown")
    after = on.picture(0)
    step = pytest.approx(-0.1 * on.pane(0).width, abs=1)
    assert after.x - before.x == step
    assert after.y < before.y
    on.keys("0")
    assert on.zoom() == whole


def test_arrows_scroll_the_page_while_there_is_nothing_to_move(
    on: Stage, noise: StagePicture
) -> None:
    on.show(stage_value(noise, noise))
    on.focus()
    before = on.page.evaluate("scrollY")

    on.page.keyboard.press("ArrowDown")

    on.page.wait_for_function("before => scrollY > before + 10", arg=before)


def test_the_divider_is_reached_and_moved_without_a_mouse(
    on: Stage, red: StagePicture, blue: StagePicture
) -> None:
    on.show(stage_value(red, blue))
    on.focus()
    on.keys("l")
    on.page.wait_for_selector(".pg-stage-divider")
    on.keys("Tab")
    told = "document.activeElement.className + ' ' + document.activeElement.getAttribute('aria-valuetext')"
    on.page.wait_for_function(f"{told} === 'pg-stage-divider A 50 %'")

    on.keys("ArrowRight", "ArrowRight", "Shift+ArrowRight")
    assert on.page.evaluate(told) == "pg-stage-divider A 62 %"
    on.keys("Home")
    assert on.page.evaluate(told) == "pg-stage-divider A 0 %"
    on.keys("l")  # mode keys work from here too: turned, and still the same divider
    assert on.data("direction") == "horizontal"


def test_the_question_mark_lists_every_key_and_escape_closes_the_list(
    on: Stage, red: StagePicture, blue: StagePicture
) -> None:
    on.show(stage_value(red, blue))
    on.focus()
    on.keys("?")
    listed = on.page.inner_text(".pg-stage-keys")
    assert all(word in listed for word in ("slider", "full screen", "swap sides", "1:1 pixels"))

    assert on.page.evaluate("document.activeElement.textContent") == "Close"
    tick = on.page.locator(".pg-stage-keys input")
    assert tick.evaluate("box => getComputedStyle(box).appearance") == "auto"  # a tick that is seen

    on.keys("b")  # the list is open: nothing happens behind it
    assert on.data("mode") == "side"
    on.keys("Escape")

    assert not on.page.is_visible(".pg-stage-keys")
    assert on.page.evaluate("document.activeElement.className") == "pg-stage-view"


def test_keys_can_be_kept_to_the_stage_itself(
    on: Stage, red: StagePicture, blue: StagePicture
) -> None:
    on.show(stage_value(red, blue))
    on.focus()
    on.keys("?")
    on.page.uncheck(".pg-stage-keys input")
    on.keys("Escape")
    on.page.focus("#show")

    on.keys("b")
    elsewhere = on.data("mode")
    on.focus()
    on.keys("b")

    assert elsewhere == "side"
    assert on.data("mode") == "blink"


def test_every_control_can_be_reached_by_tab_and_shows_the_focus(
    on: Stage, red: StagePicture, blue: StagePicture
) -> None:
    on.show(stage_value(red, blue))
    on.page.click("[data-mode-button=slider]")
    on.page.focus("#show")

    reached, outlines = [], set()
    for _ in range(18):
        on.page.keyboard.press("Tab")
        name, outline = on.page.evaluate(
            "(() => { const e = document.activeElement; return [e.dataset.modeButton || e.dataset.act"
            " || e.dataset.direction || e.className, getComputedStyle(e).outlineStyle]; })()"
        )
        reached.append(name)
        if name != "pg-stage-divider":  # its line shows it
            outlines.add(outline)
        if name == "horizontal":
            break

    wanted = [
        "side",
        "slider",
        "blink",
        "fade",
        "difference",
        "zoom_out",
        "zoom_in",
        "fit",
        "pixels",
    ]
    wanted += [
        "swap",
        "full",
        "keys",
        "pg-stage-view",
        "pg-stage-divider",
        "vertical",
        "horizontal",
    ]
    assert reached == wanted
    assert outlines == {"solid"}


# ---- full screen ---------------------------------------------------------------------------------


def test_full_screen_is_asked_for_and_left(
    on: Stage, red: StagePicture, blue: StagePicture
) -> None:
    on.show(stage_value(red, blue))
    small = on.pane(0)
    on.focus()

    on.keys("m")
    on.page.wait_for_function("document.fullscreenElement?.matches('.pg-stage')")
    on.settle()
    assert on.page.get_attribute("[data-act=full]", "aria-pressed") == "true"
    assert on.pane(0).height > small.height

    on.keys("m")
    on.page.wait_for_function("!document.fullscreenElement")
    on.settle()
    assert on.pane(0).height == small.height


def test_without_full_screen_the_stage_fills_the_window(
    on: Stage, red: StagePicture, blue: StagePicture
) -> None:
    on.show(stage_value(red, blue))
    on.page.evaluate("document.querySelector('.pg-stage').requestFullscreen = undefined")
    on.page.click("[data-act=full]")
    on.settle()
    filled = on.rect(".pg-stage")
    assert (filled.x, filled.y, filled.width, filled.height) == (0, 0, 1280, 900)

    on.focus()
    on.keys("Escape")

    assert on.data("full") == "false"
    assert on.rect(".pg-stage").width < 1280


# ---- every eye and screen ------------------------------------------------------------------------


def test_on_a_phone_nothing_sticks_out_and_the_pictures_stand_over_each_other(
    open_stage: Callable[..., Stage], red: StagePicture, blue: StagePicture
) -> None:
    on = open_stage(viewport=PHONE, device_scale_factor=2, has_touch=True, is_mobile=True)
    on.show(stage_value(replace(red, label="W" * 60), replace(blue, label="W" * 60), others=[red]))

    for mode in ("side", "slider", "blink", "fade", "difference"):
        on.page.click(f"[data-mode-button={mode}]")
        on.settle()
        assert on.page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        for name in on.page.locator(".pg-stage button:visible").all():
            box = name.bounding_box()
            assert box is not None
            assert box["height"] >= 32
    on.page.click("[data-mode-button=side]")
    on.settle()
    assert on.pane(1).y > on.pane(0).y + on.pane(0).height
    assert on.picture(0).width > 250
    touch_action = "getComputedStyle(document.querySelector('.pg-stage-pane')).touchAction"
    assert on.page.evaluate(touch_action) == "pan-y"  # the page can be scrolled past the stage
    on.page.click("[data-act=zoom_in]")
    on.page.click("[data-act=zoom_in]")
    on.settle()
    assert on.page.evaluate(touch_action) == "none"


def test_who_wants_no_motion_is_not_blinked_at(
    open_stage: Callable[..., Stage], red: StagePicture, blue: StagePicture
) -> None:
    on = open_stage(reduced_motion="reduce")
    on.show(stage_value(red, blue))
    on.focus()
    on.keys("b", "k")

    on.page.click("[data-act=auto]", force=True)
    on.page.wait_for_timeout(1000)

    auto = on.page.locator("[data-act=auto]")
    assert auto.get_attribute("aria-disabled") == "true"
    assert "no motion" in (auto.get_attribute("title") or "")
    assert near(on.colour(on.picture(0).x + 9, on.picture(0).y + 9), RED)
    on.focus()
    on.keys("Space")  # by hand it still works
    assert near(on.colour(on.picture(1).x + 9, on.picture(1).y + 9), BLUE)


def test_dark_is_dark(
    open_stage: Callable[..., Stage], red: StagePicture, blue: StagePicture
) -> None:
    on = open_stage(color_scheme="dark")
    on.show(stage_value(red, blue))

    frame = on.rect(".pg-stage")

    assert on.colour(frame.x + 5, frame.y + 30) == (26, 28, 32)
    assert near(on.colour(on.pane(0).x + 50, on.pane(0).y + 200), RED)


@needs_axe
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_any_mode(
    open_stage: Callable[..., Stage], red: StagePicture, tall: StagePicture, scheme: str
) -> None:
    on = open_stage(color_scheme=scheme)

    def violations() -> list[str]:
        return findings(on.page, ".pg-stage", least_passes=5)

    assert violations() == []
    on.show(stage_value(red, replace(red, label="second"), others=[tall]))
    for mode in ("side", "slider", "blink", "fade", "difference"):
        on.page.click(f"[data-mode-button={mode}]")
        on.settle()
        assert violations() == []
    on.show(stage_value(red, tall))
    on.page.click("[data-act=keys]")
    assert violations() == []


# ---- lasting -------------------------------------------------------------------------------------


def test_twenty_new_pairs_leave_no_listeners_nodes_or_timers_behind(
    on: Stage, red: StagePicture, blue: StagePicture, tall: StagePicture
) -> None:
    inspector = on.page.context.new_cdp_session(on.page)
    inspector.send("Performance.enable")

    def count() -> dict[str, float]:
        inspector.send("HeapProfiler.collectGarbage")
        found = inspector.send("Performance.getMetrics")["metrics"]
        return {
            each["name"]: each["value"]
            for each in found
            if each["name"] in ("JSEventListeners", "Nodes")
        }

    pairs = [(red, blue), (blue, tall), (tall, red)]
    for n in range(3):
        on.show(stage_value(*pairs[n % 3], others=[red, tall]))
    on.focus()
    on.keys("b", "k")
    before = count()
    for n in range(20):
        on.show(stage_value(*pairs[n % 3], others=[red, tall]))
    after = count()

    assert after["JSEventListeners"] <= before["JSEventListeners"]
    assert after["Nodes"] <= before["Nodes"] + 20
    assert on.page.get_attribute("[data-act=auto]", "aria-pressed") == "false"


FRAMES = """async () => {
    const pane = document.querySelector('.pg-stage-pane');
    const box = pane.getBoundingClientRect();
    const [x, y] = [box.left + 250, box.top + 200];
    const times = [];
    let last = null;
    await new Promise((done) => {
        const turn = (now) => {
            if (last !== null) times.push(now - last);
            last = now;
            if (times.length >= 90) return done();
            const deltaY = Math.floor(times.length / 20) % 2 ? 40 : -40;
            const event = {bubbles: true, cancelable: true, clientX: x, clientY: y, deltaY};
            pane.dispatchEvent(new WheelEvent('wheel', event));
            requestAnimationFrame(turn);
        };
        requestAnimationFrame(turn);
    });
    return times.sort((a, b) => a - b);
}"""


def test_zooming_a_pair_of_the_largest_size_draws_every_step(on: Stage) -> None:
    gallery = on.theatre.gallery
    small = np.random.default_rng(9).integers(0, 256, (455, 256, 3), np.uint8)
    image = Image.fromarray(small).resize((2048, 3640), Image.Resampling.BICUBIC)
    a, b = (
        gallery.put("large-a", image),
        gallery.put("large-b", image.transpose(Image.Transpose.ROTATE_180)),
    )
    on.show(stage_value(a, b))

    times_ms = on.page.evaluate(FRAMES)

    # How long they take is measured by hand; here only that every step is drawn, none left out.
    assert len(times_ms) == 90
    assert min(times_ms) > 0
