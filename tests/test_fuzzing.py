"""
Whatever anybody sends: no failure of the server, no traceback, no hang, and memory that stays.

A share of it runs with every test; `FUZZ_INPUTS=10000` gives the whole, with another seed each
time `FUZZ_SEED` says so.
"""

import asyncio
import logging
import os
import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from playground.images.embedding import embed_text
from playground.ui.serving.receiver import WEBHOOK_PATH
from tests.fuzz_readers import SECRET, Readers, run_reader
from tests.photos import PHOTOS
from tests.served import Served, served
from tests.storm import Storm

# Gradio's own bookkeeping of its queue calls pandas the way of version 2.
pytestmark = pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")

INPUTS = int(os.environ.get("FUZZ_INPUTS", "700"))
SEED = int(os.environ.get("FUZZ_SEED", "6"))
MAX_GROWTH_MB = 400


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("fuzzed")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(folder / "uploads"))
        with served(folder / "data", webhook_secret=SECRET) as page:
            yield page


def test_a_page_that_is_asked_for_everything_answers_sensibly(
    page: Served, capfd: pytest.CaptureFixture[str]
) -> None:
    httpx.get(page.url)
    before_mb = resident_mb()
    storm = Storm(
        page.url,
        page.blocks,
        seed=SEED,
        words=["flux-2-flex", "flux-2-pro", "1:1", "1K"],
        files=[PHOTOS[0].read_bytes(), b"prompt,tags\na,b\n", b'{"format": "x"}'],
        posts=(WEBHOOK_PATH,),
    )

    found = asyncio.run(storm.rage(INPUTS))
    printed = capfd.readouterr()

    assert "\n".join(found.wrong) == ""
    assert tracebacks(printed.err + printed.out) == []
    assert found.answers[200] > INPUTS / 5, "nothing got past the door"
    assert resident_mb() - before_mb < MAX_GROWTH_MB
    assert httpx.get(page.url).status_code == 200
    if INPUTS > 1_000:
        with capfd.disabled():
            report(f"{found.asked} requests", found.answers, found.slowest_s, before_mb)


def test_whatever_is_read_is_understood_or_refused_in_words(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.CRITICAL)
    photo = PHOTOS[0].read_bytes()
    readers = Readers(
        tmp_path, [photo, embed_text(photo, b'{"format": "flux-playground/1"}')]
    ).all()
    rng = random.Random(SEED)
    wrong, slowest_s = [], 0.0

    for number in range(INPUTS):
        name = list(readers)[number % len(readers)]
        started = time.monotonic()
        problem = run_reader(readers[name], rng)
        slowest_s = max(slowest_s, time.monotonic() - started)
        if problem is not None:
            wrong.append(f"{name}: {problem} (seed {SEED}, input {number})")

    assert "\n".join(wrong) == ""
    if INPUTS > 1_000:
        with capfd.disabled():
            report(f"{INPUTS} inputs to {len(readers)} readers", {}, slowest_s, 0)


def tracebacks(printed: str) -> list[str]:
    """What the server had to print: nothing of it is on the page, but each is a handler that fell."""
    each = printed.split("Traceback (most recent call last)")[1:]
    # A widget that refuses a value in words is printed too.
    return [told[-1_500:] for told in each if "\ngradio.exceptions.Error: " not in told]


def resident_mb() -> int:
    """What this process holds now."""
    status = Path("/proc/self/status").read_text("ascii")
    line = next(each for each in status.splitlines() if each.startswith("VmRSS"))
    return int(line.split()[1]) // 1024


def report(what: str, answers: object, slowest_s: float, before_mb: int) -> None:
    sys.stdout.write(
        f"\n{what}: {answers}, slowest {slowest_s:.1f} s, {before_mb} → {resident_mb()} MB\n"
    )
