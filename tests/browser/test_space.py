"""`python app.py` as a Space runs it: code that cannot be written, with a volume and without one."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from playground.runlog import load_runs
from tests.refusing_disk import read_only

pytestmark = [pytest.mark.browser, pytest.mark.slow]

ROOT = Path(__file__).resolve().parent.parent.parent
PATIENCE_S = 60.0
BOTH_PICTURES = (
    "[...document.querySelectorAll('.pg-card img')].filter(i => i.naturalWidth).length === 2"
)


@dataclass(frozen=True)
class Space:
    """A place to run the app in; `url` is the same at every start."""

    code: Path
    temp: Path
    port: int
    started: list[subprocess.Popen[bytes]]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self, **settings: str) -> subprocess.Popen[bytes]:
        env = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.temp),
            "TMPDIR": str(self.temp),
            "SPACE_ID": "somebody/flux-2-playground",
            "SPACE_HOST": "somebody-flux-2-playground.hf.space",
            "SYSTEM": "spaces",
            "GRADIO_SERVER_NAME": "127.0.0.1",
            "GRADIO_SERVER_PORT": str(self.port),
            "GRADIO_ANALYTICS_ENABLED": "False",
            "PYTHONFAULTHANDLER": "1",  # a crash says where
            "PLAYGROUND_EMULATOR_SPEED": "25",
            **settings,
        }
        with (self.temp / "complaints.txt").open("ab") as complaints:
            process = subprocess.Popen(
                [sys.executable, "app.py"],
                cwd=self.code,
                env=env,
                stdout=subprocess.DEVNULL,
                stderr=complaints,
            )
        self.started.append(process)
        wait_for(lambda: process.poll() is not None or self._answers())
        assert process.poll() is None, self.complaints()
        return process

    def restart(self, **settings: str) -> None:
        self.started[-1].terminate()
        assert self.started[-1].wait(15) == 0, self.complaints()
        self.start(**settings)

    def complaints(self) -> str:
        return (self.temp / "complaints.txt").read_text()

    def n_tracebacks(self) -> int:
        """Without those of the framework, which misses a package that every Space has."""
        said = self.complaints()
        return said.count("Traceback") - said.count("required to run hot-reloading in Spaces")

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(self.url, timeout=5) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, ConnectionError):
            return False


def wait_for(claim: Callable[[], bool]) -> None:
    patience = time.monotonic() + PATIENCE_S
    while not claim():
        assert time.monotonic() < patience, "it never came true"
        time.sleep(0.05)


@pytest.fixture
def space(tmp_path: Path) -> Iterator[Space]:
    code, temp = tmp_path / "code", tmp_path / "temp"
    code.mkdir()
    temp.mkdir()
    shutil.copy(ROOT / "app.py", code)
    left_out = shutil.ignore_patterns("__pycache__", "*.pyi")
    shutil.copytree(ROOT / "playground", code / "playground", ignore=left_out)
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    one = Space(code, temp, port, [])
    with read_only(code):
        yield one
        for process in one.started:
            if process.poll() is None:
                process.kill()
            process.wait(15)


def open_page(page, space: Space, query: str = "") -> str:
    """Opens it; gives what the page says about keeping."""
    page.goto(space.url + query)
    page.wait_for_selector("#run:enabled")
    return page.inner_text("[data-lasting]")


def compare(page) -> None:
    page.fill("#prompt textarea", "A lighthouse on a rented rock")
    page.keyboard.press("Control+Enter")
    page.wait_for_function(BOTH_PICTURES)
    page.wait_for_function("location.search.includes('comparison=')")


def test_without_a_volume_it_works_and_forgets_and_says_so(space, browser):
    page = browser.new_page()
    space.start()
    said = open_page(page, space)
    compare(page)
    address = page.url.removeprefix(space.url)
    logs = list(space.temp.glob("*/runs.csv"))
    # The container goes, and with it everything but the code.
    space.started[-1].terminate()
    assert space.started[-1].wait(15) == 0, space.complaints()
    shutil.rmtree(logs[0].parent)

    space.start()
    open_page(page, space, address)
    page.wait_for_function("!location.search.includes('comparison=')")
    page.close()

    assert "This Space forgets" in said
    assert len(logs) == 1
    assert not list(space.code.glob("data*"))
    assert space.n_tracebacks() == 0, space.complaints()


def test_with_a_volume_it_keeps_and_says_so(space, browser, tmp_path):
    page = browser.new_page()
    volume = tmp_path / "volume"
    volume.mkdir()
    space.start(PLAYGROUND_DATA_DIR=str(volume))
    said = open_page(page, space)
    compare(page)
    address = page.url.removeprefix(space.url)

    space.restart(PLAYGROUND_DATA_DIR=str(volume))
    open_page(page, space, address)
    page.wait_for_function(BOTH_PICTURES)
    page.close()

    assert "stays" in said
    assert list(load_runs(volume / "runs.csv")["status"]) == ["succeeded"] * 2
    assert space.n_tracebacks() == 0, space.complaints()


def test_without_the_volume_it_was_promised_it_still_starts_and_says_so(space, browser):
    page = browser.new_page()
    space.start(PLAYGROUND_DATA_DIR=str(space.code / "volume"))

    said = open_page(page, space)
    page.close()

    assert "The volume of this Space is not there" in said


def test_a_lent_key_is_not_lent_where_spending_would_be_forgotten(space):
    process = subprocess.run(
        [sys.executable, "app.py"],
        cwd=space.code,
        env={
            "PATH": os.environ["PATH"],
            "TMPDIR": str(space.temp),
            "SPACE_ID": "somebody/flux-2-playground",
            "TOAPIS_API_KEY": "sk-canary-0123456789",
            "PLAYGROUND_VISITOR_CAP_USD": "0.5",
            "PLAYGROUND_DAY_CAP_USD": "5",
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert process.returncode == 2
    assert "PLAYGROUND_DATA_DIR" in process.stderr
    assert "canary" not in process.stderr + process.stdout
