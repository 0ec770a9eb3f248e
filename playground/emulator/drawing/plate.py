"""Printing in few inks: relief lit from one side, laid in flat tones with crisp edges."""

from __future__ import annotations

import numpy as np
from PIL import Image

from playground.emulator.drawing.canvas import Canvas, Sheet
from playground.emulator.drawing.colour import Bytes, Colour, Floats, ramp
from playground.emulator.drawing.fields import smoothstep
from playground.emulator.drawing.stencil import Mask, Point


def hill(x: Floats, y: Floats, at: Point, rx: float, ry: float) -> Floats:
    return np.asarray(
        np.exp(-(((x - at[0]) / rx) ** 2) - ((y - at[1]) / ry) ** 2), dtype=np.float32
    )


def lit(z: Floats, sun: tuple[float, float, float], span: tuple[float, float]) -> Floats:
    """Light on a relief, with the shadows its own features cast; span is its size in head units."""
    rows, columns = z.shape
    kx, ky = columns / span[0], rows / span[1]
    gy, gx = np.gradient(z)
    gx, gy = gx * kx, gy * ky
    lx, ly, lz = np.asarray(sun) / np.linalg.norm(sun)
    facing = (-gx * lx - gy * ly + lz) / np.sqrt(gx**2 + gy**2 + 1)
    blocked = np.full_like(z, -1.0)
    for k in range(1, 13):
        step = 0.030 * k
        yy = np.clip(np.arange(rows) + round(step * ly * ky), 0, rows - 1)[:, None]
        xx = np.clip(np.arange(columns) + round(step * lx * kx), 0, columns - 1)[None, :]
        np.maximum(blocked, z[yy, xx] - np.float32(step * lz / np.hypot(lx, ly)), out=blocked)
    shadow = smoothstep(0.05, -0.01, blocked - z)
    # The room gives a little light back, most of it to what faces the eye.
    fill = 0.15 / np.sqrt(gx**2 + gy**2 + 1)
    return np.asarray(
        np.clip(facing, 0, 1) * (0.25 + 0.75 * shadow) * 0.92 + fill, dtype=np.float32
    )


def tones(colours: tuple[Colour, ...]) -> Bytes:
    """A table of 256 that runs in flat steps, as a print of few inks does."""
    places = (0.13, 0.30, 0.50, 0.74)
    t = np.linspace(0, 1, 256)
    steps = sum(np.clip((t - p) / 0.022 + 0.5, 0, 1) for p in places[: len(colours) - 1])
    slope = (t - 0.5) * 0.30  # a step is not quite flat
    return ramp(colours, 256)[
        np.clip((steps + slope) / (len(colours) - 1) * 255, 0, 255).astype(np.intp)
    ]


class Plate:
    """Lays fields given in head units onto the canvas, with edges as crisp as the picture allows."""

    def __init__(
        self, canvas: Canvas, box: tuple[float, float, float, float], shape: tuple[int, int]
    ) -> None:
        self._canvas = canvas
        self._left, self._top = round(box[0]), round(box[1])
        self._size = (max(1, round(box[2]) - self._left), max(1, round(box[3]) - self._top))
        self._shape = shape

    def part(self, rows: slice, columns: slice) -> Plate:
        """The same plate for a window of the grid."""
        kx, ky = self._size[0] / self._shape[1], self._size[1] / self._shape[0]
        left, top = self._left + columns.start * kx, self._top + rows.start * ky
        wide, tall = columns.stop - columns.start, rows.stop - rows.start
        return Plate(self._canvas, (left, top, left + wide * kx, top + tall * ky), (tall, wide))

    def _full(
        self, field: Floats, bounds: tuple[int, int, int, int]
    ) -> tuple[Image.Image, int, int]:
        r0, r1, c0, c1 = bounds
        image = Image.fromarray((np.clip(field[r0:r1, c0:c1], 0, 1) * 255).astype(np.uint8))
        kx, ky = self._size[0] / self._shape[1], self._size[1] / self._shape[0]
        left, top = round(c0 * kx), round(r0 * ky)
        size = (max(1, round(c1 * kx) - left), max(1, round(r1 * ky) - top))
        return image.resize(size, Image.Resampling.BICUBIC), left, top

    def ink(self, region: Floats, tone: Floats, table: Bytes) -> None:
        """Print the tone through the table wherever the region is above a half."""
        rows, columns = (
            np.flatnonzero(region.max(axis=1) > 0.3),
            np.flatnonzero(region.max(axis=0) > 0.3),
        )
        if not len(rows) or not len(columns):
            return
        bounds = (
            max(0, int(rows[0]) - 2),
            int(rows[-1]) + 3,
            max(0, int(columns[0]) - 2),
            int(columns[-1]) + 3,
        )
        # Enlarged as a ramp a few samples wide and hardened afterwards, an edge has no steps.
        mask, left, top = self._full((region - 0.5) * np.float32(0.25) + np.float32(0.5), bounds)
        gain = 3.4 * max(1.0, self._size[0] / self._shape[1])
        crisp = mask.point([max(0, min(255, int((v - 128) * gain + 128))) for v in range(256)])
        paint, _, _ = self._full(tone, bounds)
        paint.putpalette(table.tobytes())
        place = (self._left + left, self._top + top)
        self._canvas.lay(
            Mask(image=crisp, left=place[0], top=place[1]),
            Sheet(image=paint.convert("RGB"), left=place[0], top=place[1]),
        )


def distance(signed: Floats, per_unit: float) -> Floats:
    """Signed distances in head units as a region: a half on the edge, one more per sample inside."""
    return np.asarray(signed * per_unit + 0.5, dtype=np.float32)
