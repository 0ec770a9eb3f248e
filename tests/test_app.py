"""What `app.py` sets up around the page."""

import gc
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import app
from playground import ui


class Page:
    """Notes how it is served, and is not."""

    def __init__(self) -> None:
        self.collects: bool | None = None
        self.n_left_alone = 0

    def launch(self, **_: Any) -> None:
        self.collects, self.n_left_alone = gc.isenabled(), gc.get_freeze_count()


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Page]:
    page, mask = Page(), os.umask(0o077)

    def build(*_: object, **__: object) -> Page:
        assert not gc.isenabled()
        return page

    monkeypatch.setenv("PLAYGROUND_DATA_DIR", str(tmp_path))
    monkeypatch.delenv("TOAPIS_API_KEY", raising=False)
    monkeypatch.setattr(app, "_leave_when_told", lambda closed: None)
    monkeypatch.setattr(ui, "build", build)
    monkeypatch.setattr(ui, "launch_options", lambda *_, **__: {})
    yield page
    os.umask(mask)
    gc.unfreeze()
    gc.enable()


def test_memory_is_looked_after_again_once_the_page_stands(page: Page):
    assert app.main() == 0

    assert page.collects
    assert page.n_left_alone > 10_000
