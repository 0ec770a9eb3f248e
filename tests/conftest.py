"""What every test may rely on: asyncio as the only loop, and an environment without our variables."""

import os
from collections.abc import Generator

import pytest

# Set where a browser must be there, so that a skipped browser test is a failed one.
BROWSER_IS_NEEDED = bool(os.environ.get("PLAYGROUND_TESTS_NEED_BROWSER"))


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith(("TOAPIS_", "PLAYGROUND_")):
            monkeypatch.delenv(name)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if BROWSER_IS_NEEDED and report.skipped and item.get_closest_marker("browser"):
        report.outcome = "failed"
        report.longrepr = f"A browser is needed here, and this was skipped: {report.longrepr}"
    return report


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # Last: the browser's driver keeps a loop on the main thread, and no test of ours could run
    # another one beside it.
    items.sort(key=lambda item: "browser" in item.path.parts)
