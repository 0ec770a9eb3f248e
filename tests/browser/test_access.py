"""Every tab for every hand and eye: seen focus, no motion, twice the size, and a way by keyboard."""

from collections.abc import Iterator

import pytest

from tests.browser.axe import findings, needs_axe
from tests.browser.conftest import Screen

pytestmark = pytest.mark.browser

TABS = ("Compare", "Experiment", "Judge", "History", "Results")
DESKTOP = {"width": 1280, "height": 900}
# What a browser at 200 % leaves of 1280 × 900, and a phone.
SIZES = ({"width": 640, "height": 450}, {"width": 390, "height": 844}, DESKTOP)
MAX_STOPS = 150

# The element under the focus and how it differs from itself without: its outline or its shadow,
# or those of the label that stands for it where the field itself is drawn by its label.
STOP = """() => {
  const now = document.activeElement;
  if (!now || now === document.body) return null;
  const places = [now, now.closest("label"), now.id && document.querySelector(`label[for="${now.id}"]`),
    now.nextElementSibling, now.parentElement, now.closest("[class*=wrap], [class*=chip], [class*=choice]")];
  const isSeen = (each) => {
    if (!each) return false;
    const style = getComputedStyle(each);
    return (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0)
      || (style.boxShadow !== "none" && each.matches(":focus, :focus-within"));
  };
  const box = now.getBoundingClientRect();
  window.playgroundStops ??= new Map();
  if (!window.playgroundStops.has(now)) window.playgroundStops.set(now, window.playgroundStops.size);
  return {
    number: window.playgroundStops.get(now),
    name: `${now.tagName.toLowerCase()}#${now.id || now.closest("[id]")?.id} ${now.textContent.trim().slice(0, 30)}`,
    isSeen: places.some(isSeen),
    isThere: box.bottom > 0 && box.top < innerHeight && box.width > 0,
  };
}"""


@pytest.fixture
def filled(screen: Screen) -> Iterator[Screen]:
    """A page with something on every tab."""
    screen.run("A lighthouse for every eye")
    screen.wait_until_idle()
    yield screen
    screen.page.set_viewport_size(DESKTOP)
    screen.page.emulate_media(color_scheme="light", reduced_motion="no-preference")


def show(screen: Screen, tab: str) -> None:
    screen.page.get_by_role("tab", name=tab, exact=True).click()
    screen.page.wait_for_selector(f"#tab-{tab.lower()}:visible")
    screen.page.wait_for_timeout(300)


def test_focus_is_seen_at_every_stop_of_every_tab(filled: Screen) -> None:
    unseen, n_stops = [], 0
    for tab in TABS:
        show(filled, tab)
        known: set[int] = set()
        for _ in range(MAX_STOPS):
            filled.page.keyboard.press("Tab")
            stop = filled.page.evaluate(STOP)
            if stop is None or stop["number"] in known:
                break
            known.add(stop["number"])
            if not (stop["isSeen"] and stop["isThere"]):
                unseen.append(
                    f"{tab}: {stop['name']} seen={stop['isSeen']} there={stop['isThere']}"
                )
        n_stops += len(known)

    assert n_stops > 60
    assert unseen == []


def test_no_tab_scrolls_sideways_on_a_phone_or_at_twice_the_size(filled: Screen) -> None:
    wide = []
    for size in SIZES:
        filled.page.set_viewport_size(size)
        for tab in TABS:
            show(filled, tab)
            overhang = filled.page.evaluate("document.documentElement.scrollWidth - innerWidth")
            bar = filled.page.evaluate(
                "document.querySelector('#header').getBoundingClientRect().height / innerHeight"
            )
            if overhang > 0 or bar > 0.4:
                wide.append(f"{tab} at {size['width']}: {overhang} px over, bar {bar:.2f}")

    assert wide == []


def test_nothing_moves_on_any_tab_for_who_wants_no_motion(filled: Screen) -> None:
    filled.page.emulate_media(reduced_motion="reduce")
    moving = []
    for tab in TABS:
        show(filled, tab)
        moving += filled.page.evaluate(
            """() => document.getAnimations()
              .filter(each => each.playState === "running" && each.effect.getTiming().iterations > 1)
              .map(each => each.animationName ?? each.transitionProperty)"""
        )

    assert moving == []


@needs_axe
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_any_tab_at_any_size(filled: Screen, scheme: str) -> None:
    filled.page.emulate_media(color_scheme=scheme)
    found = []
    for size in (DESKTOP, SIZES[1]):
        filled.page.set_viewport_size(size)
        for tab in TABS:
            show(filled, tab)
            found += [f"{tab} {size['width']}: {each}" for each in findings(filled.page)]

    assert found == []
