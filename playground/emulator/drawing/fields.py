"""Scalar fields: smooth noise, light on relief, spheres and turned shapes, as float32 arrays."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image

from playground.emulator.drawing.colour import Floats


def enlarge(field: Floats, width: int, height: int) -> Floats:
    """The field resampled to width × height with a bicubic kernel."""
    image = Image.fromarray(np.ascontiguousarray(field, dtype=np.float32))
    return np.asarray(image.resize((width, height), Image.Resampling.BICUBIC))


def noise(
    rng: np.random.Generator,
    width: int,
    height: int,
    *,
    cells: float,
    octaves: int = 5,
    stretch: float = 1.0,
    gain: float = 0.5,
) -> Floats:
    """
    Fractal value noise around 0.5, nearly all of it within 0..1.

    Args:
        rng: Where the randomness comes from.

        width: Columns of the result.

        height: Rows of the result.

        cells: Blobs along the shorter side in the first octave.

        octaves: How many layers, each twice as fine; stops at the pixel.

        stretch: Above 1 the blobs are that much wider than tall.

        gain: Strength of each octave relative to the one before.
    """
    side = min(width, height)
    total = np.zeros((2, 2), dtype=np.float32)
    weight, norm = 1.0, 0.0
    for octave in range(octaves):
        per_side = cells * 2**octave
        if octave and per_side > side / 2:
            break
        columns = max(2, round(per_side * width / side / stretch))
        rows = max(2, round(per_side * height / side))
        # Each octave is added at its own size; only the last enlargement costs anything.
        total = enlarge(total, columns, rows) + np.float32(weight) * rng.standard_normal(
            (rows, columns), np.float32
        )
        norm += weight * weight
        weight *= gain
    return enlarge(total * np.float32(0.24 / np.sqrt(norm)) + np.float32(0.5), width, height)


def sample(tile: Floats, u: Floats, v: Floats) -> Floats:
    """The tile read between its pixels at columns u and rows v, repeated without end."""
    rows, columns = tile.shape
    u0, v0 = np.floor(u), np.floor(v)
    fu, fv = (u - u0).astype(np.float32), (v - v0).astype(np.float32)
    left, top = u0.astype(np.int64) % columns, v0.astype(np.int64) % rows
    right, below = (left + 1) % columns, (top + 1) % rows
    upper = tile[top, left] * (1 - fu) + tile[top, right] * fu
    lower = tile[below, left] * (1 - fu) + tile[below, right] * fu
    return np.asarray(upper * (1 - fv) + lower * fv, dtype=np.float32)


def tile_noise(
    rng: np.random.Generator, side: int, *, cells: int, octaves: int, gain: float = 0.5
) -> Floats:
    """Square fractal noise around 0.5 whose edges meet."""
    wide = noise(rng, side * 2, side * 2, cells=cells * 2, octaves=octaves, gain=gain)
    # Opposite quarters are faded over each other, so that left meets right and top meets bottom.
    ease = smoothstep(0.0, 1.0, (np.arange(side, dtype=np.float32) + 0.5) / side)
    across = wide[:, :side] * ease + wide[:, side:] * (1 - ease)
    folded = across[:side] * ease[:, None] + across[side:] * (1 - ease[:, None])
    return np.asarray(
        (folded - folded.mean()) * (0.24 / (folded.std() + 1e-6)) + 0.5, dtype=np.float32
    )


def line_noise(
    rng: np.random.Generator, n: int, *, cells: float, octaves: int, gain: float = 0.5
) -> Floats:
    """One-dimensional fractal noise around 0, n samples."""
    total = np.zeros(n, dtype=np.float32)
    weight = 1.0
    for octave in range(octaves):
        count = max(4, round(cells * 2**octave) + 3)
        if count > n:
            break
        knots = rng.standard_normal((1, count)).astype(np.float32)
        total += weight * enlarge(knots, n, 1)[0]
        weight *= gain
    return total


def smoothstep(low: float, high: float, field: Floats) -> Floats:
    """0 below low, 1 above high, an S between; low above high falls instead of rising."""
    t = np.clip((field - low) / (high - low), 0.0, 1.0)
    return np.asarray(t * t * (3.0 - 2.0 * t), dtype=np.float32)


def grid(width: int, height: int) -> tuple[Floats, Floats]:
    """Columns (1, width) and rows (height, 1) as pixel centres, ready to broadcast."""
    x = (np.arange(width, dtype=np.float32) + 0.5)[None, :]
    y = (np.arange(height, dtype=np.float32) + 0.5)[:, None]
    return x, y


def relief(height_map: Floats, *, sun: tuple[float, float], depth: float) -> Floats:
    """Light on a height map, 0..1, from the direction `sun` (x right, y down)."""
    gy, gx = np.gradient(height_map)
    slope = (gx * sun[0] + gy * sun[1]) * depth
    return np.asarray(0.5 - slope / (2.0 * np.sqrt(1.0 + slope * slope)), dtype=np.float32)


def shade(nx: Floats, ny: Floats, *, sun: tuple[float, float, float], gloss: float) -> Floats:
    """Light on a surface with the normals (nx, ny, and z towards the eye): lambert, fill, a highlight."""
    nz = np.sqrt(np.clip(1.0 - nx * nx - ny * ny, 0.0, 1.0))
    lx, ly, lz = np.asarray(sun) / np.linalg.norm(sun)
    facing = nx * lx + ny * ly + nz * lz
    half = np.array([lx, ly, lz + 1.0])
    hx, hy, hz = half / np.linalg.norm(half)
    spark = np.clip(nx * hx + ny * hy + nz * hz, 0.0, 1.0) ** 48
    wrapped = np.clip(facing * 0.72 + 0.28, 0.0, 1.0)
    return np.asarray(wrapped * 0.88 + 0.06 * (1.0 - nz) + gloss * spark, dtype=np.float32)


def smooth_curve(
    points: Sequence[tuple[float, float]], *, closed: bool, per_span: int = 12
) -> Floats:
    """A Catmull-Rom curve through the points, (n, 2)."""
    p = np.asarray(points, dtype=np.float32)
    if closed:
        p = np.concatenate([p[-1:], p, p[:2]])
    else:
        p = np.concatenate([2 * p[:1] - p[1:2], p, 2 * p[-1:] - p[-2:-1]])
    t = np.linspace(0.0, 1.0, per_span, endpoint=False, dtype=np.float32)[None, :, None]
    a, b, c, d = (p[i : len(p) - 3 + i, None, :] for i in range(4))
    spans = 0.5 * (
        2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3
    )
    curve = spans.reshape(-1, 2)
    return np.asarray(curve if closed else np.concatenate([curve, p[-2:-1]]), dtype=np.float32)
