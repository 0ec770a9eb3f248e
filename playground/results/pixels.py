"""Pixel measures of the pictures of a log: description beside the votes, never in their place."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from playground.errors import PictureError
from playground.images.decoding import decode, read_picture_file
from playground.images.pixels import PixelMeasures, measure_pixels
from playground.results.charts import pixel_frame
from playground.results.evidence import Evidence
from playground.results.stats import Share
from playground.results.summary import share_or_none


def measured(
    runs: pd.DataFrame, data_dir: Path, *, size_px: tuple[int, int]
) -> Mapping[str, PixelMeasures]:
    """
    run_id → measures of its picture at that size. Needs run_id and file.

    Pictures that are gone, damaged or smaller than that in either direction are left out: to
    enlarge is to invent. Files outside the folder are not opened.
    """
    found = {}
    kept = runs[runs["file"].notna()]
    for run_id, file in zip(kept["run_id"].tolist(), kept["file"].tolist(), strict=True):
        path = data_dir / file
        if not path.resolve().is_relative_to(data_dir.resolve()) or not path.is_file():
            continue
        try:
            image = decode(read_picture_file(path))
        except PictureError:
            continue
        if image.width >= size_px[0] and image.height >= size_px[1]:
            found[run_id] = measure_pixels(image, size_px=size_px)
    return found


def measure_values(measures: Mapping[str, PixelMeasures], name: str) -> "pd.Series[float]":
    """One measure by run_id, such as `colourfulness`."""
    return pd.Series(
        {run_id: getattr(each, name) for run_id, each in measures.items()}, dtype=float
    )


def mean_by_comparison(runs: pd.DataFrame, values: "pd.Series[float]") -> "pd.Series[float]":
    """The mean over all runs of each comparison of a value known by run_id. Needs both ids."""
    known = values.reindex(runs["run_id"]).to_numpy(dtype=np.float64)
    found = pd.Series(known, index=runs["comparison_id"].to_numpy()).dropna()
    return found.groupby(level=0, sort=True).mean()


def larger_wins(
    evidence: Evidence, measures: Mapping[str, PixelMeasures], name: str, *, level: float = 0.95
) -> Share | None:
    """
    On how many decisive comparisons the picture with more of a measure was preferred, by Wilson.

    It tells what goes together and not why: whatever a model does to both pictures and votes
    shows here. None without any.
    """
    frame = pixel_frame(evidence, measures)
    more = frame[frame["measure"] == name].groupby("comparison_id")["difference"].mean()
    net = evidence.verdicts.groupby("comparison_id")["net"].mean()
    both = pd.concat([np.sign(more), np.sign(net)], axis=1, join="inner").to_numpy(dtype=float)
    decisive = both[(both != 0).all(axis=1)]
    return share_or_none(int((decisive[:, 0] == decisive[:, 1]).sum()), len(decisive), level=level)
