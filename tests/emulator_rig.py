"""What the emulator's tests share: a stopped clock, a running server, the documented answers."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
from PIL import Image

from playground.emulator import Emulator, EmulatorServer, EmulatorSettings

FIXTURES = Path(__file__).parent / "fixtures"
KEY = "sk-test-0123456789"
OTHER_KEY = "sk-other-0123456789"
CREATE = "/v1/images/generations"
# Longer than any task takes at the default law.
LONG_S = 600.0


class Clock:
    """A clock that stands still until it is told to move on."""

    def __init__(self, now_s: float = 1_768_381_040.25) -> None:
        self.now_s = now_s

    def __call__(self) -> float:
        return self.now_s

    def advance(self, seconds: float) -> None:
        self.now_s += seconds


@dataclass
class Rig:
    """A running emulator, its clock, and a plain HTTP client with a key."""

    server: EmulatorServer
    http: httpx.Client
    clock: Clock

    @property
    def emulator(self) -> Emulator:
        return self.server.emulator

    def create(self, **body: Any) -> httpx.Response:
        body = {"model": "flux-2-flex", "prompt": "a red bicycle", **body}
        return self.http.post(CREATE, json=body)

    def created_id(self, **body: Any) -> str:
        answer = self.create(**body).json()
        return str(answer.get("id") or answer["task_id"])

    def ask(self, task_id: str) -> dict[str, Any]:
        answer = self.http.get(f"{CREATE}/{task_id}").json()
        assert isinstance(answer, dict)
        return answer

    def finished(self, **body: Any) -> dict[str, Any]:
        """A task's answer after all its time has passed."""
        task_id = self.created_id(**body)
        self.clock.advance(LONG_S)
        return self.ask(task_id)

    def picture_url(self, **body: Any) -> str:
        return str(self.finished(**body)["result"]["data"][0]["url"])


@contextmanager
def running(data_dir: Path, **settings: Any) -> Iterator[Rig]:
    """An emulator on a free port, its clock stopped, its pictures plain."""
    clock = Clock()
    settings = {"picture": "plain", "seed": 7, "now": clock, **settings}
    with EmulatorServer(EmulatorSettings(data_dir=data_dir, **settings)) as server:
        headers = {"Authorization": f"Bearer {KEY}"}
        with httpx.Client(base_url=server.url, headers=headers, timeout=5.0) as http:
            yield Rig(server=server, http=http, clock=clock)


def documented(name: str) -> dict[str, Any]:
    """A documented answer: its status_code, headers, and body or text."""
    raw = json.loads((FIXTURES / f"{name}.json").read_text(encoding="utf-8"))
    assert isinstance(raw, dict)
    return raw


def shape(value: Any) -> Any:
    """The keys and the types of a JSON value, without what it says."""
    if isinstance(value, dict):
        return {name: shape(item) for name, item in value.items()}
    if isinstance(value, list):
        return [shape(item) for item in value[:1]]
    if isinstance(value, bool) or value is None:
        return type(value).__name__
    return "number" if isinstance(value, int | float) else type(value).__name__


def picture_bytes(image_format: str = "JPEG", *, side_px: int = 16) -> bytes:
    """A small picture."""
    stream = BytesIO()
    Image.new("RGB", (side_px, side_px), (200, 30, 30)).save(stream, image_format)
    return stream.getvalue()
