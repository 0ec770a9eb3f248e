"""The Judge tab: a long sitting by keyboard alone, and every vote of it on disk whatever happens."""

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
from typing import Any

import pytest

from playground.judging.votes import load_votes
from tests.ballot_rig import a_finished
from tests.browser.axe import findings, needs_axe
from tests.browser.conftest import TIMEOUT_MS, App, Screen, start_app, watch
from tests.browser.test_looks import PHONE

pytestmark = pytest.mark.browser

ROOT = Path(__file__).resolve().parent.parent.parent
VERDICTS = {"1": "a_better", "2": "b_better", "3": "tie", "4": "both_bad"}
PATIENCE_S = 60.0


class Judge:
    """The tab of one page, and what stands in the log."""

    def __init__(self, page: Any, data_dir: Path) -> None:
        self.page = page
        self.data_dir = data_dir

    def open(self) -> None:
        self.page.get_by_role("tab", name="Judge").click()
        self.page.wait_for_selector("#judge-message [data-state], #judge-vote .pg-vote:visible")

    def press(self, key: str) -> None:
        self.page.keyboard.press(key)

    def token(self) -> str:
        return str(self.page.get_attribute("#judge-vote .pg-vote", "data-token"))

    def wait_for_pair(self, before: str = "") -> str:
        """A pair that is not yet judged, both pictures there; gives its token."""
        self.page.wait_for_function(
            """before => {
              const panel = document.querySelector("#judge-vote .pg-vote");
              const stage = document.querySelector("#judge-stage .pg-stage");
              return panel?.dataset.state === "pair" && panel.dataset.hidden === "true"
                && panel.dataset.token !== before && stage?.dataset.state === "ready";
            }""",
            arg=before,
        )
        # Keys pressed by accident right after the last ones are not taken.
        self.page.wait_for_timeout(350)
        return self.token()

    def vote(self, key: str) -> None:
        self.press(key)
        self.page.wait_for_selector(f"#judge-vote .pg-vote[data-answer='{VERDICTS[key]}']")
        self.page.wait_for_timeout(350)

    def counts(self) -> str:
        return str(self.page.inner_text(".pg-judge-counts"))

    def rows(self) -> Any:
        return load_votes(self.data_dir / "votes.csv")


@pytest.fixture
def judging(tmp_path: Path, browser: Any) -> Iterator[Callable[[int], tuple[Screen, Judge]]]:
    """An app of its own over a folder with that many comparisons, and its page."""
    running: list[Any] = []

    def start(n_comparisons: int, **changes: object) -> tuple[Screen, Judge]:
        for number in range(1, n_comparisons + 1):
            a_finished(tmp_path, number, **changes)
        desk, url, demo = start_app(tmp_path)
        emulator = desk.playground.emulator
        assert emulator is not None
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        context.set_default_timeout(TIMEOUT_MS)
        screen = Screen(
            page=context.new_page(), app=App(url=url, desk=desk, emulator=emulator.emulator)
        )
        watch(screen.page, screen)
        running.extend((context, demo, desk))
        screen.open()
        return screen, Judge(screen.page, tmp_path)

    yield start
    for each in running:
        each.close()


def test_thirty_pairs_by_keyboard_alone(judging) -> None:
    screen, judge = judging(30)
    given, token = [], ""
    judge.open()
    for n in range(30):
        token = judge.wait_for_pair(token)
        # One of the first twenty was withdrawn.
        assert f"{n - (n >= 20)} judged · {30 - n} left" in judge.counts()
        assert "FLUX" not in screen.page.inner_text("#judge")
        key = "1234"[n % 4]
        judge.vote(key)
        given.append(VERDICTS[key])
        assert "FLUX.2" in screen.page.inner_text("#judge-vote")
        if n == 9:
            judge.press("c")
            judge.vote("3")
            given.append("tie")
        if n == 19:
            judge.press("w")
            screen.page.wait_for_selector("#judge-vote .pg-vote[data-answer='']")
            screen.page.wait_for_timeout(350)
            given.append("withdrawn")
        judge.press("ArrowRight" if n % 2 or n == 19 else "Enter")

    screen.page.wait_for_selector("#judge-message [data-state=done]")
    rows = judge.rows()
    assert rows["answer"].tolist() == given
    assert rows["comparison_id"].nunique() == 30
    assert rows["is_blind"].sum() == 30
    assert set(rows.loc[~rows["is_blind"], "answer"]) == {"tie", "withdrawn"}
    assert "29" in screen.page.inner_text("#judge-message")
    assert rows["taken_s"].notna().sum() == 30
    assert screen.outside == screen.problems == []


def test_skipping_going_back_and_a_key_pressed_twice(judging) -> None:
    screen, judge = judging(3)
    judge.open()
    first = judge.wait_for_pair()
    judge.press("5")
    second = judge.wait_for_pair(first)
    judge.press("1")
    judge.press("1")
    screen.page.wait_for_selector("#judge-vote .pg-vote[data-answer=a_better]")
    screen.page.wait_for_timeout(350)
    assert judge.token() == second
    judge.press("2")  # no vote: it only leads on
    third = judge.wait_for_pair(second)

    judge.press("ArrowLeft")
    screen.page.wait_for_selector("#judge-vote .pg-vote[data-answer=a_better]")
    screen.page.wait_for_timeout(350)
    judge.press("Enter")
    assert judge.wait_for_pair(second) == third
    judge.vote("4")
    judge.press("Enter")
    screen.page.wait_for_selector("#judge-message [data-state=done]")
    assert "1 skipped" in judge.counts()
    screen.page.click("#judge-message [data-action=again]")
    judge.wait_for_pair()

    assert judge.rows()["answer"].tolist() == ["skipped", "a_better", "both_bad"]
    assert screen.problems == []


def test_a_reload_goes_on_where_the_sitting_was(judging) -> None:
    screen, judge = judging(3)
    judge.open()
    first = judge.wait_for_pair()
    judge.vote("3")
    judge.press("Enter")
    second = judge.wait_for_pair(first)

    screen.page.reload()  # the address names the tab

    assert judge.wait_for_pair() == second
    assert "1 judged · 2 left" in judge.counts()


def test_nothing_to_judge_says_what_to_do(judging) -> None:
    screen, judge = judging(0)
    judge.open()

    assert "Nothing to judge yet" in screen.page.inner_text("#judge-message")
    assert not screen.page.is_visible("#judge-stage")
    assert not screen.page.is_visible("#judge-vote .pg-vote")
    assert screen.problems == []


def test_another_choice_judges_something_else(judging) -> None:
    screen, judge = judging(2)
    a_finished(judge.data_dir, 7, experiment_id="exp_lighthouses")
    judge.open()
    judge.wait_for_pair()
    assert "3 left" in judge.counts()

    screen.page.select_option(".pg-judge-scope", label="Experiment exp_lighthouses")
    screen.page.wait_for_function(
        "document.querySelector('.pg-judge-counts').textContent.includes('1 left')"
    )
    judge.wait_for_pair()

    assert "number 7" in screen.page.inner_text("#judge-subject")


@needs_axe
def test_axe_finds_nothing_in_any_state(judging) -> None:
    screen, judge = judging(2)
    judge.open()
    token = ""
    for scheme in ("light", "dark"):
        screen.page.emulate_media(color_scheme=scheme)
        token = judge.wait_for_pair(token)
        assert findings(screen.page) == []
        judge.vote("1")
        assert findings(screen.page) == []
        judge.press("Enter")
    screen.page.wait_for_selector("#judge-message [data-state=done]")
    assert findings(screen.page) == []


def test_both_whole_pictures_and_the_verdicts_fit_a_window_and_a_phone(judging) -> None:
    screen, judge = judging(1)
    judge.open()
    judge.wait_for_pair()

    boxes = {
        name: screen.page.locator(selector).bounding_box()
        for name, selector in (
            ("a", "#judge-stage .pg-stage-pane[data-slot='0']"),
            ("b", "#judge-stage .pg-stage-pane[data-slot='1']"),
            ("vote", "#judge-vote .pg-vote"),
        )
    }
    bottom = max(boxes[name]["y"] + boxes[name]["height"] for name in ("a", "b"))
    assert bottom <= boxes["vote"]["y"]
    assert boxes["vote"]["y"] + boxes["vote"]["height"] <= 900

    screen.page.set_viewport_size(PHONE)

    def overhang() -> int:
        return int(screen.page.evaluate("document.documentElement.scrollWidth - innerWidth"))

    assert overhang() <= 0
    screen.page.click("#judge-vote button[data-answer=a_better]")
    screen.page.wait_for_selector("#judge-vote .pg-vote[data-answer=a_better]")
    assert overhang() <= 0


# ---- killed in the middle -------------------------------------------------------------------------


@pytest.mark.slow
def test_a_kill_in_the_middle_loses_no_vote(browser: Any, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    for number in range(1, 6):
        a_finished(data, number)
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    env = {
        **os.environ,
        "GRADIO_SERVER_PORT": str(port),
        "GRADIO_ANALYTICS_ENABLED": "False",
        "PLAYGROUND_DATA_DIR": str(data),
    }
    app = _start(env, port)
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(TIMEOUT_MS)
    try:
        judge = Judge(context.new_page(), data)
        judge.page.goto(f"http://127.0.0.1:{port}")
        judge.page.wait_for_selector(".pg-card")
        judge.open()
        first = judge.wait_for_pair()
        judge.vote("1")
        judge.press("Enter")
        second = judge.wait_for_pair(first)
        judge.press("2")
        judge.page.wait_for_selector("#judge-vote .pg-vote[data-answer=b_better]")
        app.send_signal(signal.SIGKILL)  # the names are shown, so the vote must be there
        app.wait(15)
        assert judge.rows()["answer"].tolist() == ["a_better", "b_better"]

        app = _start(env, port)
        judge.page.goto(f"http://127.0.0.1:{port}")
        judge.page.wait_for_selector(".pg-card")
        judge.open()
        for left in (3, 2, 1):
            second = judge.wait_for_pair(second)
            assert f"{left} left" in judge.counts()
            judge.vote("3")
            judge.press("Enter")
        judge.page.wait_for_selector("#judge-message [data-state=done]")
    finally:
        context.close()
        if app.poll() is None:
            app.terminate()
            app.wait(15)

    rows = judge.rows()
    assert rows["answer"].tolist() == ["a_better", "b_better", "tie", "tie", "tie"]
    assert rows["comparison_id"].nunique() == 5
    assert rows["voter_id"].nunique() == 1


def _start(env: dict[str, str], port: int) -> "subprocess.Popen[bytes]":
    process = subprocess.Popen(
        [sys.executable, "app.py"],
        cwd=ROOT,
        env=env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    patience = time.monotonic() + PATIENCE_S
    while not _answers(port):
        assert time.monotonic() < patience, "the page never came"
        time.sleep(0.05)
    return process


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, ConnectionError):
        return False
