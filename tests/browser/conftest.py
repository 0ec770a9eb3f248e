"""The real page on the embedded emulator, driven by a real browser; skipped where there is none."""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from playground.emulator.core import Emulator
from playground.emulator.faults import Endpoint, Fault
from playground.runner.desk import Desk
from tests.served import SPEED, start_app

__all__ = ["SPEED", "start_app"]

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
CHROMIUM_ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
TIMEOUT_MS = 15_000
ALL_OVER = (
    "() => { const cards = [...document.querySelectorAll('.pg-card')];"
    " return cards.length === 2 && cards.every(card => card.dataset.state === 'over'); }"
)


@dataclass(slots=True)
class App:
    """A running page and the emulator behind it."""

    url: str
    desk: Desk
    emulator: Emulator

    def faults(self, *faults: str) -> None:
        """These faults and no others, each written `place:kind[,field=value…]`."""
        self.emulator.faults.replace([Fault.parse(fault) for fault in faults])

    def submits(self) -> int:
        """How many tasks the service has accepted since it started."""
        return self.emulator.tally.answers[Endpoint.CREATE, 200]


@dataclass(slots=True)
class Screen:
    """One page in a browser of its own, with what went wrong on it."""

    page: "sync_api.Page"
    app: App
    outside: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def open(self, query: str = "") -> None:
        self.page.goto(self.app.url + query)
        self.page.wait_for_selector("[data-origin]")
        self.page.wait_for_selector(".pg-card")
        # The button carries its price once the form has been read.
        self.page.wait_for_function("document.querySelector('#run').textContent.includes('$')")

    def leave(self, query: str = "") -> None:
        """Turns the page to another address; what was under way on it breaks off."""
        self.open(query)
        # The framework complains of its own event stream that the turning broke off.
        broken_off = ("AbortError", "errored out")
        self.problems[:] = [
            each for each in self.problems if not any(words in each for words in broken_off)
        ]

    def write(self, prompt: str) -> None:
        self.page.fill("#prompt textarea", prompt)

    def run(self, prompt: str | None = None, *, until_over: bool = True) -> str:
        """Runs by keyboard; returns the comparison's id."""
        before = self.shown()
        if prompt is not None:
            self.write(prompt)
        self.page.focus("#prompt textarea")
        self.page.keyboard.press("Control+Enter")
        self.page.wait_for_function(
            "before => (document.querySelector('.pg-card')?.dataset.comparison ?? '') !== before",
            arg=before,
        )
        if until_over:
            self.wait_until_over()
        return self.shown()

    def wait_until_over(self) -> None:
        self.page.wait_for_function(ALL_OVER)

    def wait_until_idle(self) -> None:
        """The lanes are over and the run button is on again."""
        self.wait_until_over()
        self.page.wait_for_selector("#run:enabled")

    def shown(self) -> str:
        return self.page.evaluate("document.querySelector('.pg-card')?.dataset.comparison ?? ''")

    def names(self) -> list[str]:
        """The references, in the order shown."""
        return self.page.locator(".pg-tile-name").all_inner_texts()


@pytest.fixture(scope="session")
def browser() -> Iterator["sync_api.Browser"]:
    if not Path(CHROMIUM).exists():
        pytest.skip("no Chromium on this machine")
    with sync_api.sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGS)
        yield running
        running.close()


@pytest.fixture(scope="session")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    desk, url, demo = start_app(tmp_path_factory.mktemp("data"))
    emulator = desk.playground.emulator
    assert emulator is not None
    yield App(url=url, desk=desk, emulator=emulator.emulator)
    demo.close()
    desk.close()


@pytest.fixture(scope="session")
def context(browser: "sync_api.Browser") -> Iterator["sync_api.BrowserContext"]:
    """Shared, so that the framework's scripts are fetched once; each page is a visit of its own."""
    shared = browser.new_context(viewport={"width": 1280, "height": 900})
    shared.set_default_timeout(TIMEOUT_MS)
    yield shared
    shared.close()


@pytest.fixture
def new_screen(app: App, context: "sync_api.BrowserContext") -> Iterator[Callable[[], Screen]]:
    """Makes pages, each watched for requests to elsewhere and for script errors."""
    made: list[Screen] = []

    def make() -> Screen:
        screen = Screen(page=context.new_page(), app=app)
        watch(screen.page, screen)
        made.append(screen)
        return screen

    app.faults()
    yield make
    app.faults()
    for screen in made:
        screen.page.close()


def watch(page: "sync_api.Page", screen: Screen) -> None:
    """Collects what a page must never do."""
    local = (screen.app.url, "data:", "blob:", "about:")
    page.on(
        "request",
        lambda request: (
            None if request.url.startswith(local) else screen.outside.append(request.url)
        ),
    )
    page.on("pageerror", lambda error: screen.problems.append(str(error)))
    page.on(
        "console",
        lambda message: screen.problems.append(message.text) if message.type == "error" else None,
    )


@pytest.fixture
def screen(new_screen: Callable[[], Screen]) -> Iterator[Screen]:
    """A desktop page, opened; a script error or a request to elsewhere fails the test."""
    made = new_screen()
    made.open()
    yield made
    assert made.outside == []
    assert made.problems == []


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("browser"):
            # Gradio's own bookkeeping of its queue calls pandas the way of version 2.
            item.add_marker(pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning"))
            if os.environ.get("PLAYGROUND_TESTS_NEED_BROWSER"):
                # Hundreds of steps on a busy machine: one more try, and every one is reported.
                item.add_marker(pytest.mark.flaky(reruns=1))
