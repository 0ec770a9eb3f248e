"""The page of an experiment, opened from the disk by somebody without the app and without a network."""

from pathlib import Path

import pytest

from tests.hostile_experiment import HOSTILE, hostile_experiment, page_of

pytestmark = pytest.mark.browser


@pytest.fixture
def report(tmp_path: Path) -> Path:
    file = tmp_path / "report.html"
    file.write_text(page_of(*hostile_experiment(tmp_path)), encoding="utf-8")
    return file


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_opens_offline_shows_its_pictures_and_runs_nothing(browser, report, scheme) -> None:
    context = browser.new_context(offline=True, color_scheme=scheme)
    page = context.new_page()
    asked, said = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.on("dialog", lambda dialog: said.append(dialog.message))

    page.goto(report.as_uri())
    sizes = page.evaluate(
        "() => Promise.all([...document.images].map(i => i.decode().then(() => i.naturalWidth)))"
    )
    words = page.inner_text("body")

    assert len(sizes) == 11
    assert min(sizes) > 0
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    assert said == []
    assert page.evaluate("typeof window.pwned") == "undefined"
    assert HOSTILE[0] in words
    context.close()


def test_it_fits_a_phone(browser, report) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844})
    page = context.new_page()

    page.goto(report.as_uri())

    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    context.close()
