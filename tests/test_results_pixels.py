"""Pixel measures of a log: only of pictures that are there, inside the folder, and large enough."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from playground.report.sameness import run_records, sameness_of
from playground.results.pixels import larger_wins, mean_by_comparison, measure_values, measured
from tests.results_rig import FLEX, PRO, comparisons, runs_frame, votes_on
from tests.test_simulation import gathered

SIZE = (40, 40)


def a_picture(path, *, seed: int, contrast: float, px: int = 64) -> None:
    path.parent.mkdir(exist_ok=True)
    noise = np.random.default_rng(seed).normal(128, contrast, (8, 8)).clip(0, 255)
    Image.fromarray(noise.astype(np.uint8)).resize((px, px)).convert("RGB").save(path)


@pytest.fixture
def drawn(tmp_path):
    """Four prompts; pro's pictures have three times the contrast of flex's."""
    runs = []
    for number, run in enumerate(comparisons(4)):
        path = tmp_path / "pictures" / f"{run.run_id}.png"
        a_picture(path, seed=number, contrast=10 if run.model == FLEX else 30)
        runs.append(replace(run, file=f"pictures/{path.name}"))
    return runs, tmp_path


def test_the_measure_that_a_model_has_more_of_goes_with_its_wins(drawn):
    runs, folder = drawn
    measures = measured(runs_frame(runs), folder, size_px=SIZE)

    won = larger_wins(
        gathered(runs, votes_on(runs, [PRO, PRO, FLEX, "tie"])), measures, "rms_contrast"
    )

    assert len(measures) == 8
    assert (won.wins, won.n) == (2, 3)
    assert larger_wins(gathered(runs), measures, "rms_contrast") is None


def test_values_are_averaged_by_comparison(drawn):
    runs, folder = drawn
    frame = runs_frame(runs)
    values = measure_values(measured(frame, folder, size_px=SIZE), "rms_contrast")

    means = mean_by_comparison(frame, values)

    first = [run.run_id for run in runs[:2]]
    assert means[runs[0].comparison_id] == pytest.approx(values[first].mean())
    assert len(means) == 4


def test_what_is_gone_broken_small_or_outside_is_left_out(drawn, tmp_path):
    runs, folder = drawn
    (folder / runs[0].file).unlink()
    (folder / runs[1].file).write_bytes(b"no picture")
    a_picture(folder / runs[2].file, seed=1, contrast=5, px=20)
    outside = tmp_path.parent / "outside.png"
    a_picture(outside, seed=1, contrast=5)
    runs[3] = replace(runs[3], file="../outside.png")

    found = measured(runs_frame(runs), folder, size_px=SIZE)

    assert set(found) == {run.run_id for run in runs[4:]}


def test_an_unchanged_edit_and_a_repeated_picture_are_found(tmp_path):
    folder = tmp_path / "references"
    a_picture(folder / f"{'a' * 64}.png", seed=1, contrast=60)
    runs = [
        replace(run, reference_sha256="a" * 64, reference_count=1, dhash=f"{number:016x}" * 1)
        for number, run in enumerate(comparisons(2, repeats=2), start=1)
    ]
    honest = [replace(run, dhash=f"{0x1111_0000_FFFF_0000 * (n + 1) % 2**64:016x}", sha256=f"{n:064x}") for n, run in enumerate(runs)]  # fmt: skip

    clean = sameness_of(runs_frame(honest), folder)
    twice = replace(honest[0], run_id="twin", repeat=9)
    returned = replace(honest[1], sha256="a" * 64)
    found = sameness_of(runs_frame([*honest, twice, returned]), folder)

    assert clean.unchanged.wins == 0
    assert clean.unchanged.n == 8
    assert clean.same_repeats.wins == 0
    assert (clean.noticed.wins, clean.noticed.n) == (1, 1)
    assert found.unchanged.wins == 1
    assert found.same_repeats.wins >= 1


def test_rows_become_the_runs_they_were():
    runs = comparisons(2)

    assert run_records(runs_frame(runs)) == tuple(runs)
