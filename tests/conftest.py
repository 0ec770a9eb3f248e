"""What every test may rely on: asyncio as the only loop, and an environment without our variables."""

import os

import pytest


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith(("TOAPIS_", "PLAYGROUND_")):
            monkeypatch.delenv(name)
