"""
How long a frame takes while a large pair is moved and zoomed on the stage, in each way to compare.

    python -m tests.benchmarks.bench_stage [--width 2048] [--height 3640] [--frames 120]

Beside it, in the same browser, the plainest page that does the like: two pictures whose transform
changes at every frame. A frame is the time between two calls of `requestAnimationFrame`; 16.7 ms is
the best there can be. Without a graphics card the browser draws with the processor.
"""

import argparse
import socket
import statistics
import tempfile
from pathlib import Path

import gradio as gr
import numpy as np
from PIL import Image
from playwright.sync_api import Page, sync_playwright

from playground.ui import ROOT
from playground.ui import format as fmt
from playground.ui.stage import STYLE_SHEET, StagePicture, stage, stage_value
from playground.ui.theme import theme
from playground.ui.widgets import asset
from tests.browser.conftest import CHROMIUM, CHROMIUM_ARGS

MODES = {"side by side": "s", "slider": "l", "blink": "b", "fade": "f", "difference": "d"}
MOVE = """async n => {
  const view = document.querySelector(".pg-stage-view");
  const box = view.getBoundingClientRect();
  const [x, y] = [box.left + box.width / 4, box.top + box.height / 2];
  const times = [];
  let last = await new Promise(requestAnimationFrame);
  for (let i = 0; i < n; i++) {
    const deltaY = i % 40 < 20 ? -40 : 40;  // in and out again, the pointer wandering
    view.dispatchEvent(new WheelEvent("wheel", {
      deltaY, clientX: x + i % 30, clientY: y, bubbles: true, cancelable: true,
    }));
    const now = await new Promise(requestAnimationFrame);
    times.push(now - last);
    last = now;
  }
  return times;
}"""
PLAIN = """async n => {
  const images = [...document.querySelectorAll("img")];
  await Promise.all(images.map(image => image.decode()));
  const times = [];
  let last = await new Promise(requestAnimationFrame);
  for (let i = 0; i < n; i++) {
    const zoom = 0.2 * 1.04 ** (i % 40 < 20 ? i % 20 : 20 - i % 20);
    for (const image of images) image.style.transform = `translate(${-i % 30}px, 0) scale(${zoom})`;
    const now = await new Promise(requestAnimationFrame);
    times.push(now - last);
    last = now;
  }
  return times;
}"""


def pictures(folder: Path, size: tuple[int, int]) -> list[Path]:
    files = []
    for seed in (1, 2):
        coarse = np.random.default_rng(seed).integers(0, 256, (40, 24, 3), np.uint8)
        file = folder / f"{seed}.jpg"
        Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC).save(file, quality=90)
        files.append(file)
    return files


def show(label: str, times: list[float]) -> None:
    ordered = sorted(times)
    p95 = ordered[int(0.95 * (len(ordered) - 1))]
    print(f"{label:<28}{statistics.median(ordered):>10.1f}{p95:>10.1f}{ordered[-1]:>10.1f}")


def measure_plainly(page: Page, files: list[Path], frames: int) -> list[float]:
    boxes = "".join(
        f'<div style="width:600px;height:700px;overflow:hidden"><img src="{file.as_uri()}" '
        'style="transform-origin:0 0;will-change:transform"></div>'
        for file in files
    )
    document = files[0].with_name("plain.html")
    document.write_text(f'<body style="display:flex">{boxes}')
    page.goto(document.as_uri())
    return page.evaluate(PLAIN, frames)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--width", type=int, default=2048)
    parser.add_argument("--height", type=int, default=3640)
    parser.add_argument("--frames", type=int, default=120)
    options = parser.parse_args()
    size = (options.width, options.height)
    with tempfile.TemporaryDirectory() as name:
        files = pictures(Path(name), size)
        gr.set_static_paths([name])
        a, b = (
            StagePicture(
                url=fmt.file_url(file), width_px=size[0], height_px=size[1], label=file.stem
            )
            for file in files
        )
        with gr.Blocks(fill_width=True, analytics_enabled=False) as demo:
            stage(stage_value(a, b))
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        _, url, _ = demo.launch(
            server_name="127.0.0.1",
            server_port=port,
            prevent_thread_lock=True,
            quiet=True,
            theme=theme(),
            head=f"<style>{asset('tokens.css')}\n{ROOT} {{\n{asset(STYLE_SHEET)}}}</style>",
            run_history=False,
            ssr_mode=False,
        )
        print(f"a pair of {size[0]}×{size[1]} pixels, {options.frames} frames each, ms a frame")
        print(f"{'':<28}{'median':>10}{'p95':>10}{'worst':>10}")
        with sync_playwright() as driver:
            browser = driver.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGS)
            page = browser.new_page(viewport={"width": 1280, "height": 1000})
            show("plain: two transforms", measure_plainly(page, files, options.frames))
            page.goto(url)
            page.wait_for_selector(".pg-stage[data-state=ready]")
            for label, key in MODES.items():
                page.focus(".pg-stage-view")
                page.keyboard.press(key)
                page.wait_for_timeout(500)
                show(f"stage: {label}", page.evaluate(MOVE, options.frames))
            browser.close()
        demo.close()


if __name__ == "__main__":
    main()
