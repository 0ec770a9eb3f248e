"""The whole page in Chinese: chosen by the browser or the switch, nothing left in English, nothing too wide."""

import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from playground.schema import Origin
from tests.browser.conftest import TIMEOUT_MS, App, Screen, start_app, watch

pytestmark = pytest.mark.browser

WIDE, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
TABS = ("compare", "experiment", "judge", "history", "results")
# Words and what is read aloud. What stands as it came is left out: what the service said, ids, the
# values of the log, the framework's hidden spinner, and the recorded example with its prompt.
TOLD = """() => {
  const aside = "script,style,blockquote,code,[lang=en],td,[data-example],[data-testid=status-tracker]";
  const example = document.querySelector("[data-example]") ? "#subject, #stage, " : "";
  const isShown = (element) => (element.closest("select") ?? element).checkVisibility({ visibilityProperty: true });
  const isAside = (element) => element.closest(example + aside) || !isShown(element);
  const told = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const words = texts.currentNode.textContent.trim();
    if (words && !isAside(texts.currentNode.parentElement)) told.push(words);
  }
  const names = ["aria-label", "title", "placeholder", "alt", "aria-valuetext", "data-copied"];
  for (const element of document.body.querySelectorAll("*")) {
    for (const name of names) {
      if (element.hasAttribute(name) && !isAside(element)) told.push(element.getAttribute(name));
    }
  }
  return [document.title, ...told];
}"""
NAMES = re.compile(
    r"\b("
    r"FLUX\.2|flux-2-(?:flex|pro)|flex|pro|ToAPIs|https?|toapis\.(?:com|cn)|GET /v1/pricing|"
    r"PNG|JPEG|WebP|GIF|ZIP|CSV|HTML|ASCII|UTC|SHA-256|ID|US|kB|MB|Ctrl|Enter|Shift|"
    r"client_business_id|votes\.csv|WEBP|"
    r"(?:cmp|run|exp|tsk|voter)_\w+|[\w.-]+\.(?:zip|png)|"
    r"image|name|prompt|style|tags|weather|abc"  # what is to be typed as it is, and what was typed
    r")\b"
)


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """A data folder of its own: everything that anybody typed here is Chinese."""
    desk, url, demo = start_app(tmp_path_factory.mktemp("chinese"), day_cap_usd=Decimal(90))
    emulator = desk.playground.emulator
    assert emulator is not None
    yield App(url=url, desk=desk, emulator=emulator.emulator)
    demo.close()
    desk.close()


Opened = Callable[..., Screen]


@pytest.fixture
def opened(browser: Any, app: App) -> Iterator[Opened]:
    """A page in a browser of that locale, with nothing remembered."""
    contexts = []

    def begin(locale: str = "zh-CN", query: str = "") -> Screen:
        context = browser.new_context(viewport=WIDE, locale=locale)
        context.set_default_timeout(TIMEOUT_MS)
        contexts.append(context)
        screen = Screen(page=context.new_page(), app=app)
        watch(screen.page, screen)
        screen.open(query)
        return screen

    app.faults()
    yield begin
    app.faults()
    for context in contexts:
        context.close()


def spoken(screen: Screen) -> str:
    return screen.page.evaluate("document.documentElement.lang")


def english(screen: Screen) -> set[str]:
    """What stands on the page with a word of two letters that is no name."""
    return {
        words
        for words in screen.page.evaluate(TOLD)
        if re.search(r"[A-Za-z]{2}", NAMES.sub("", words))
    }


def overhang(screen: Screen) -> int:
    return screen.page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )


def turn(screen: Screen, tab: str, ready: str) -> None:
    screen.page.click(f"#tabs [data-tab-id={tab}]")
    screen.page.wait_for_selector(f"{ready} >> visible=true")


def press(screen: Screen, key: str) -> None:
    """A key while nothing is typed into."""
    screen.page.evaluate("document.activeElement?.blur()")
    screen.page.keyboard.press(key)


# ---- which language --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("locale", "query", "language"),
    [
        ("zh-CN", "", "zh-CN"),
        ("zh-TW", "", "zh-CN"),
        ("de-DE", "", "en"),
        ("zh-CN", "?lang=en", "en"),
    ],
)
def test_the_browser_chooses_and_the_address_may(
    opened: Opened, locale: str, query: str, language: str
) -> None:
    screen = opened(locale, query)

    assert spoken(screen) == language
    assert screen.page.evaluate("navigator.language") == language
    label = screen.page.inner_text("#prompt label span").strip()
    assert label == ("提示词" if language == "zh-CN" else "Prompt")
    assert screen.problems == []


def test_the_switch_keeps_what_was_typed_and_the_browser_remembers(opened: Opened) -> None:
    screen = opened("en-US")
    page = screen.page
    page.fill("#prompt textarea", "雨中的灯塔")
    page.check("#choices [name=size][value='16:9']", force=True)
    turn(screen, "experiment", "#experiment-form textarea")
    page.fill("#experiment-form [name=prompts]", "一行\n两行")
    page.wait_for_selector(".pg-outlook[data-pictures='4']")

    page.click("[data-language=zh-CN]")
    page.wait_for_function("document.documentElement.lang === 'zh-CN'")
    page.wait_for_selector("#experiment-form textarea >> visible=true")
    page.wait_for_selector(".pg-outlook[data-pictures='4']")

    assert page.input_value("#experiment-form [name=prompts]") == "一行\n两行"
    turn(screen, "compare", "#prompt textarea")
    assert page.input_value("#prompt textarea") == "雨中的灯塔"
    assert page.is_checked("#choices [name=size][value='16:9']")
    screen.leave()  # without a word about the language in the address
    page.wait_for_function("document.documentElement.lang === 'zh-CN'")
    page.click("[data-language=en]")
    page.wait_for_function("document.documentElement.lang === 'en'")
    page.wait_for_selector("#run:enabled")
    assert "Run both" in page.inner_text("#run")


def test_two_visitors_at_once_read_each_their_own(opened: Opened) -> None:
    mine, yours = opened("zh-CN"), opened("en-US")

    mine.run("同时进行", until_over=False)
    yours.run("1 2 3", until_over=False)
    mine.wait_until_idle()
    yours.wait_until_idle()

    assert english(mine) == set()
    assert yours.page.inner_text(".pg-state-words >> nth=0").endswith("Done")
    assert mine.page.inner_text(".pg-state-words >> nth=0").endswith("完成")


# ---- nothing left in English -----------------------------------------------------------------


def test_compare_speaks_chinese_in_every_state(opened: Opened) -> None:
    screen = opened()
    page = screen.page
    found = {"empty": english(screen)}
    page.click("[data-chip=key]")
    page.fill("#key input", "坏")
    page.click("#use-key")
    page.wait_for_selector("#key-told p")
    found["key"] = english(screen)
    page.keyboard.press("Escape")
    page.click("#run")
    page.wait_for_selector("#notice p")
    found["no prompt"] = english(screen)
    file = {"name": "网页.png", "mimeType": "image/png", "buffer": b"<html>"}
    page.set_input_files("#references input[type=file]", files=[file])
    page.wait_for_selector(".pg-problems li, #references [role=alert] *")
    found["reference"] = english(screen)
    page.click("#examples button >> nth=0")
    page.wait_for_function("document.querySelector('#prompt textarea').value.includes('霓虹')")
    screen.run("一只狐狸")
    screen.wait_until_idle()
    found["done"] = english(screen)
    for key in "lbfd?":
        press(screen, key)
        page.wait_for_timeout(60)  # a frame or two: what it writes is written then
        found[f"stage {key}"] = english(screen)
    press(screen, "Escape")

    assert {state: words for state, words in found.items() if words} == {}
    assert overhang(screen) <= 0
    assert screen.problems == []
    assert screen.outside == []


@pytest.mark.parametrize(
    "fault",
    [
        "create:refuse_422",
        "create:refuse_401",
        "create:refuse_402",
        "create:reset_after_answer",
        "task:fail",
    ],
)
def test_endings_are_told_in_chinese(opened: Opened, fault: str) -> None:
    screen = opened()
    screen.app.faults(fault)

    screen.run("一只狐狸")
    screen.app.faults()

    assert english(screen) == set()


def test_judging_history_and_results_speak_chinese(opened: Opened) -> None:
    screen = opened()
    page = screen.page
    page.check("#blind input")
    found = {}
    for prompt in ("夜色中的桥", "清晨的桥"):
        screen.run(prompt)
        page.wait_for_selector("#vote [data-answer]:enabled")
        found[f"hidden {prompt}"] = english(screen)
    press(screen, "1")
    page.wait_for_selector("#vote .pg-vote-sides > * >> visible=true")
    found["voted"] = english(screen)
    turn(screen, "judge", "#tab-judge .pg-judge-count, #judge-vote button[data-answer]")
    page.wait_for_selector("#judge-vote button[data-answer]:enabled")
    found["judge"] = english(screen)
    turn(screen, "history", ".pg-past-open")
    found["gallery"] = english(screen)
    page.click("[data-view=table]")
    page.wait_for_selector(".pg-past-table")
    found["table"] = english(screen)
    page.click("#history [data-panel], #history .pg-past-more, #history button[aria-expanded]")
    found["filters"] = english(screen)
    page.locator(".pg-past-open").first.click()
    page.wait_for_selector(".pg-fields")
    page.evaluate("document.querySelectorAll('details').forEach((each) => (each.open = true))")
    found["detail"] = english(screen)
    turn(screen, "results", ".pg-res-verdict")
    page.evaluate("document.querySelectorAll('details').forEach((each) => (each.open = true))")
    found["results"] = english(screen)

    assert {state: words for state, words in found.items() if words} == {}
    assert overhang(screen) <= 0
    assert screen.problems == []


def test_an_experiment_speaks_chinese_from_plan_to_grid(opened: Opened) -> None:
    screen = opened()
    page = screen.page
    turn(screen, "experiment", "#experiment-form textarea")
    found = {"empty": english(screen)}
    page.fill("#experiment-form [name=prompts]", "{{风格")
    page.fill("#experiment-form [name=budget]", "abc")
    page.wait_for_selector("#experiment-outlook [data-source=budget]")
    found["wrong"] = english(screen)
    page.fill("#experiment-form [name=budget]", "9")
    page.fill("#experiment-form [name=prompts]", "雨\n雪\n雨")
    page.wait_for_selector(".pg-outlook[data-pictures='4']")
    page.evaluate("document.querySelectorAll('details').forEach((each) => (each.open = true))")
    found["plan"] = english(screen)
    page.click("#experiment-start")
    page.wait_for_selector("[data-standing=finished]", timeout=4 * TIMEOUT_MS)
    page.wait_for_selector("#experiment-grid table")
    # It is called by the moment it was begun, which is its name in the log too.
    found["done"] = english(screen)

    assert {state: words for state, words in found.items() if words} == {}
    assert overhang(screen) <= 0
    assert screen.problems == []


def test_a_winner_is_told_in_chinese(browser: Any, tmp_path: Path) -> None:
    """Results with votes, money, charts and their tables."""
    from tests.browser.test_results import both_origins

    both_origins(tmp_path)
    desk, url, demo = start_app(tmp_path)
    try:
        emulator = desk.playground.emulator
        assert emulator is not None
        context = browser.new_context(viewport=WIDE, locale="zh-CN")
        context.set_default_timeout(TIMEOUT_MS)
        screen = Screen(
            page=context.new_page(), app=App(url=url, desk=desk, emulator=emulator.emulator)
        )
        watch(screen.page, screen)
        screen.open()
        turn(screen, "results", ".pg-res-verdict")
        screen.page.evaluate(
            "document.querySelectorAll('details').forEach((each) => (each.open = true))"
        )
        said = screen.page.inner_text(".pg-res-sentence")
        left = {words for words in english(screen) if "window.pwned" not in words}
        origin = screen.page.get_attribute(".pg-res-verdict", "data-origin")
        context.close()
    finally:
        demo.close()
        desk.close()

    assert origin == Origin.LIVE
    assert "任意时刻有效" in said
    assert left == set()


# ---- nothing too wide ------------------------------------------------------------------------


def test_no_tab_is_wider_than_a_phone(opened: Opened) -> None:
    screen = opened()
    screen.page.set_viewport_size(PHONE)
    wide = {}
    for tab in TABS:
        screen.page.click(f"#tabs [data-tab-id={tab}]")
        screen.page.wait_for_selector(f"#tab-{tab} >> visible=true")
        screen.page.wait_for_timeout(300)  # the tab asks for what it shows
        wide[tab] = overhang(screen)

    assert {tab: px for tab, px in wide.items() if px > 0} == {}
