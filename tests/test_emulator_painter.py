"""A crowd's pictures are drawn by another process: the same ones, with no secret, and never left over."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from playground.emulator import studio
from playground.emulator.drawing import PictureSpec, draw
from playground.emulator.drawing.encode import ImageFormat
from playground.emulator.painter import Painter
from tests.emulator_rig import LONG_S, Rig, running

SPEC = PictureSpec(
    model="flux-2-flex",
    prompt="A quiet lake",
    width=160,
    height=96,
    references=(),
    seed=7,
    label="",
)
PATIENCE_S = 30.0


@pytest.fixture
def painter() -> Iterator[Painter]:
    made = Painter()
    yield made
    made.close()


def pid_of(painter: Painter) -> int:
    assert painter._process is not None
    return painter._process.pid


def is_alive(pid: int) -> bool:
    status = Path(f"/proc/{pid}/stat")
    return status.exists() and status.read_text("ascii").rpartition(")")[2].split()[0] != "Z"


def eventually(condition: Callable[[], bool]) -> bool:
    give_up_at = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > give_up_at:
            return False
        time.sleep(0.02)
    return True


def test_it_draws_the_same_bytes(painter: Painter) -> None:
    for spec in (SPEC, replace(SPEC, prompt="Neon \0 \u202e 霓虹 🦊", seed=8, label="a note")):
        assert painter.draw(spec, image_format="png") == draw(spec, image_format="png")


def test_one_process_draws_many_and_a_closed_one_is_begun_again(painter: Painter) -> None:
    assert not painter.is_at_work
    painter.draw(SPEC, image_format="jpeg")
    first = pid_of(painter)
    painter.draw(SPEC, image_format="jpeg")
    assert pid_of(painter) == first
    painter.close()
    assert not painter.is_at_work
    assert not is_alive(first)
    assert painter.draw(SPEC, image_format="jpeg")


def test_what_cannot_be_drawn_is_given_back(painter: Painter) -> None:
    assert painter.draw(replace(SPEC, width=0), image_format="jpeg") is None
    assert painter.draw(SPEC, image_format="jpeg")


def test_a_killed_process_loses_no_picture(painter: Painter) -> None:
    painter.draw(SPEC, image_format="jpeg")
    os.kill(pid_of(painter), 9)
    assert painter.draw(SPEC, image_format="jpeg") is None
    assert painter.draw(SPEC, image_format="jpeg")


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="No /proc to look into.")
def test_it_is_told_no_secret(painter: Painter, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TOAPIS_API_KEY", "HF_TOKEN", "PLAYGROUND_WEBHOOK_SECRET"):
        monkeypatch.setenv(name, "sk-canary-in-the-environment")
    painter.draw(SPEC, image_format="jpeg")
    environment = Path(f"/proc/{pid_of(painter)}/environ").read_bytes()
    assert b"PYTHONPATH" in environment
    assert b"canary" not in environment


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="No /proc to look into.")
def test_it_ends_with_the_one_that_asks() -> None:
    asking = (
        "import sys, time\n"
        "from playground.emulator.painter import Painter\n"
        "from tests.test_emulator_painter import SPEC\n"
        "painter = Painter()\n"
        "painter.draw(SPEC, image_format='jpeg')\n"
        "print(painter._process.pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    with subprocess.Popen([sys.executable, "-c", asking], stdout=subprocess.PIPE) as process:
        assert process.stdout
        pid = int(process.stdout.readline())
        assert is_alive(pid)
        process.kill()
    assert eventually(lambda: not is_alive(pid))


# ---- in the emulator ----------------------------------------------------------------------------


def pictures_of(served: Rig, n: int) -> list[bytes]:
    tasks = [served.created_id(prompt=f"A quiet lake, number {number}") for number in range(n)]
    served.clock.advance(LONG_S)
    urls = [served.ask(task)["result"]["data"][0]["url"] for task in tasks]
    return [served.http.get(url).content for url in urls]


@pytest.mark.parametrize("n_here", [-1, 99])
def test_a_crowd_is_drawn_aside_and_nobody_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, n_here: int
) -> None:
    monkeypatch.setattr(studio, "DRAWN_HERE", n_here)
    aside: list[PictureSpec] = []
    draw_aside = Painter.draw

    def spied(painter: Painter, spec: PictureSpec, *, image_format: ImageFormat) -> bytes | None:
        aside.append(spec)
        return draw_aside(painter, spec, image_format=image_format)

    monkeypatch.setattr(Painter, "draw", spied)
    with running(tmp_path, picture="drawn") as served:
        pictures = pictures_of(served, 3)
        assert all(picture.startswith(b"\xff\xd8") for picture in pictures)
        assert len(aside) == (3 if n_here < 0 else 0)
        assert eventually(lambda: not served.emulator.studio._painter.is_at_work)
