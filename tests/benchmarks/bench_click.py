"""
From the click to both pictures on screen, beyond the slower task's own time and the lag of noticing.

    python -m tests.benchmarks.bench_click [--clicks 8] [--speed 4]

Drives Chromium over the real page and the embedded emulator. The baseline is what no page can do
without: the paid request and the download of the same comparison, as its rows tell them.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.browser.conftest import CHROMIUM, CHROMIUM_ARGS, start_app

BOTH_SHOWN = """comparison => {
  const cards = [...document.querySelectorAll('.pg-card')];
  return cards.length === 2 && cards.every(card =>
    card.dataset.comparison !== comparison && card.dataset.state === 'over'
    && [...card.querySelectorAll('img')].some(image => image.complete && image.naturalWidth));
}"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clicks", type=int, default=8)
    parser.add_argument("--speed", type=float, default=4.0)
    options = parser.parse_args()
    beyond, needed = [], []
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        desk, url, demo = start_app(Path(name), emulator_speed=options.speed)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGS)
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(url)
        for number in range(options.clicks):
            page.wait_for_selector("#run:enabled")
            shown = page.evaluate("document.querySelector('.pg-card')?.dataset.comparison ?? ''")
            page.fill("#prompt textarea", f"A lighthouse at dusk, number {number}")
            clicked = time.perf_counter()
            page.keyboard.press("Control+Enter")
            page.wait_for_function(BOTH_SHOWN, arg=shown, polling=10, timeout=60_000)
            seconds = time.perf_counter() - clicked
            pair = desk.log.recent(2)
            beyond.append(seconds - max(run.wait_s or 0.0 for run in pair))
            needed.append(max((run.submit_s or 0.0) + (run.download_s or 0.0) for run in pair))
        browser.close()
        demo.close()
        desk.close()
    print(
        f"{options.clicks} clicks, emulator at speed {options.speed:g}, drawn pictures of 1024×1024"
    )
    for label, figures in (
        ("click to both shown, beyond the slower task and the lag", beyond),
        ("of it the paid request and the download", needed),
    ):
        print(
            f"{label:<58} median {statistics.median(figures):.2f} s, "
            f"from {min(figures):.2f} to {max(figures):.2f}"
        )


if __name__ == "__main__":
    main()
