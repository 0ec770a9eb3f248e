"""`python app.py`, as README starts it: killed in the middle of a comparison, and started again."""

import hashlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from playground.emulator import EmulatorServer, EmulatorSettings
from playground.runlog import load_runs

pytestmark = [pytest.mark.browser, pytest.mark.slow]

ROOT = Path(__file__).resolve().parent.parent.parent
KEY = "sk-killed-in-the-middle"
PATIENCE_S = 60.0


@pytest.fixture
def service(tmp_path: Path) -> Iterator[EmulatorServer]:
    """A service that outlives the app, as the real one does."""
    settings = EmulatorSettings(data_dir=tmp_path / "service", speed=4.0, seed=11)
    with EmulatorServer(settings) as running:
        yield running


@pytest.fixture
def start(
    tmp_path: Path, service: EmulatorServer
) -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    """Starts the app and waits for its page; what is still running at the end is ended."""
    started: list[subprocess.Popen[bytes]] = []
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    env = {
        **os.environ,
        "GRADIO_SERVER_PORT": str(port),
        "GRADIO_ANALYTICS_ENABLED": "False",
        "PLAYGROUND_DATA_DIR": str(tmp_path / "data"),
        "PLAYGROUND_EMULATOR_SPEED": "4",
        "TOAPIS_API_KEY": KEY,
        "TOAPIS_BASE_URL": service.url,
    }

    def start() -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "app.py"],
            cwd=ROOT,
            env=env,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        started.append(process)
        wait_for(lambda: _answers(port))
        return process

    start.url = f"http://127.0.0.1:{port}"  # type: ignore[attr-defined]
    yield start
    for process in started:
        if process.poll() is None:
            process.terminate()
            process.wait(15)


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, ConnectionError):
        return False


def wait_for(claim: Callable[[], bool]) -> None:
    patience = time.monotonic() + PATIENCE_S
    while not claim():
        assert time.monotonic() < patience, "it never came true"
        time.sleep(0.05)


def test_a_kill_in_the_middle_is_made_good_by_the_next_start(start, service, browser, tmp_path):
    log = tmp_path / "data" / "runs.csv"
    process = start()
    page = browser.new_page()
    page.goto(start.url)
    page.wait_for_selector("#run:enabled")
    page.fill("#prompt textarea", "A lighthouse that survives")
    page.keyboard.press("Control+Enter")
    wait_for(lambda: len(service.emulator.charges()) == 2)
    page.wait_for_function("location.search.includes('comparison=')")
    process.send_signal(signal.SIGKILL)
    process.wait(10)
    address = page.url
    rows_before = len(load_runs(log))

    start()
    wait_for(lambda: len(load_runs(log)) == 2)
    page.goto(address)
    page.wait_for_function(
        "[...document.querySelectorAll('.pg-card img')].filter(i => i.naturalWidth).length === 2"
    )
    page.close()

    runs = load_runs(log)
    assert rows_before < 2
    assert len(service.emulator.charges()) == 2
    assert list(runs["status"]) == ["succeeded"] * 2
    for row in runs.to_dict("records"):
        kept = (tmp_path / "data" / row["file"]).read_bytes()
        assert hashlib.sha256(kept).hexdigest() == row["sha256"]
    assert KEY not in log.read_text()


def test_a_polite_end_takes_no_more_than_a_few_seconds(start, tmp_path):
    process = start()

    process.terminate()

    assert process.wait(8) == 0
    assert (tmp_path / "data" / "journal").is_dir()
