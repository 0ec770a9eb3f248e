"""Two kept pictures measured at one size, so that their numbers can be held against each other."""

from pathlib import Path

from playground.images.copies import upright
from playground.images.decoding import damage_reported, decode, read_picture_file
from playground.images.pixels import PixelMeasures, common_size_px, measure_pixels

MAX_SIDE_PX = 768


def measure_two(
    first: Path, second: Path, *, max_px: int = MAX_SIDE_PX
) -> tuple[PixelMeasures, PixelMeasures]:
    """
    The measures of both at the largest size that enlarges neither and has no side over `max_px`.

    About half a second for two pictures of a megapixel.

    Raises:
        PictureError: One is no whole picture, or smaller than 3 × 3 pixels.
        StorageError: One cannot be read.
    """
    names = f"{first.name}, {second.name}"
    one, two = (upright(decode(read_picture_file(path))) for path in (first, second))
    width, height = common_size_px(one, two)
    shrink = min(1.0, max_px / max(width, height))
    size_px = (round(width * shrink), round(height * shrink))
    # A size too small to measure is reported like any other picture that cannot be used.
    with damage_reported(names):
        return measure_pixels(one, size_px=size_px), measure_pixels(two, size_px=size_px)
