"""Skies: gradients, sun and moon, lit clouds, stars, and what falls out of them."""

from __future__ import annotations

import numpy as np

from playground.emulator.drawing.brief import Hour
from playground.emulator.drawing.colour import Colour, Floats, mix, ramp, shift, tint
from playground.emulator.drawing.fields import enlarge, grid, noise, smoothstep
from playground.emulator.drawing.stage import Stage
from playground.emulator.drawing.stencil import Point


def sky(stage: Stage, *, horizon: float, sun: Point, cloudiness: float) -> None:
    """Paint the sky down to a little below y = horizon, with its light at `sun` and its clouds."""
    canvas, palette = stage.canvas, stage.palette
    bottom = min(canvas.height, int(horizon + 0.12 * canvas.height))
    box = (0, 0, canvas.width, bottom)
    width, height = canvas.soft_size(box)
    x, y = grid(width, height)
    scale = width / canvas.width
    sx, sy, unit = sun[0] * scale, sun[1] * scale, canvas.unit * scale
    pixels = tint(np.broadcast_to(y / (horizon * scale), (height, width)), ramp(palette.sky, 512))
    paint = pixels.astype(np.float32)

    distance = np.sqrt(((x - sx) * 0.72) ** 2 + (y - sy) ** 2) / unit
    strength = 0.42 if stage.brief.hour is Hour.NIGHT else 0.7
    halo = (np.exp(-distance * 3.1) * strength)[..., None]
    paint += (np.asarray(palette.light, dtype=np.float32) - paint) * halo

    if cloudiness > 0:
        _clouds(
            stage,
            paint,
            light=np.exp(-distance * 1.5),
            cloudiness=cloudiness,
            horizon=horizon * scale,
        )
    canvas.cover(np.clip(paint, 0, 255).astype(np.uint8), box)


def _clouds(
    stage: Stage, paint: Floats, *, light: Floats, cloudiness: float, horizon: float
) -> None:
    height, width = paint.shape[:2]
    rng = stage.detail
    base = noise(rng, width, height, cells=1.7, octaves=8, stretch=2.1, gain=0.57)
    warp = noise(rng, width, height, cells=3.0, octaves=3, stretch=1.6)
    # Perspective: towards the horizon clouds lie flatter and closer together.
    _, y = grid(width, height)
    flat = (1 - np.clip(y / horizon, 0, 1)) ** 0.6 * height
    rows = np.clip(flat + (warp.mean(axis=0) - warp) * 0.10 * height, 0, height - 1)
    columns = np.clip(np.arange(width)[None, :] + (warp - 0.5) * 0.20 * width, 0, width - 1)
    field = base[rows.astype(np.intp), columns.astype(np.intp)]
    threshold = 0.74 - 0.42 * cloudiness
    body = smoothstep(threshold, threshold + 0.2, field)
    above = np.clip(np.arange(height) - max(1, height // 40), 0, None)
    shifted = field[above]
    lit = np.clip(0.42 + (field - shifted) * 3.2 + 0.45 * light, 0, 1)
    palette = stage.palette
    stormy = "storm" in stage.brief.weather
    dark = shift(
        mix(palette.sky[0], palette.sky[1], 0.5),
        light=-0.14 if stormy else 0.02,
        chroma=0.8 if stormy else 1.0,
    )
    middle = mix(palette.sky[1], palette.sky[2], 0.55)
    bright = mix(palette.sky[3], palette.light, 0.5)
    if stage.brief.hour is Hour.NIGHT:
        bright = mix(palette.sky[3], palette.light, 0.15)
    colour = tint(
        lit,
        ramp((dark, middle, bright), 256, at=(0.30, 0.66, 1.12) if stormy else (0.08, 0.5, 0.98)),
    )
    fade = smoothstep(1.02, 0.55, np.broadcast_to(y / horizon, field.shape))
    alpha = (body * (0.35 + 0.6 * fade) * min(1.0, 0.55 + cloudiness * 0.5))[..., None]
    paint += (colour - paint) * alpha


def disc(stage: Stage, sun: Point, radius: float, *, crescent: bool = False) -> None:
    """The sun or the moon itself, with its glow."""
    canvas, palette = stage.canvas, stage.palette
    x, y = sun
    canvas.glow(x, y, radius * 5.5, palette.light, strength=0.5)
    if stage.brief.hour is not Hour.NIGHT:
        canvas.disc(x, y, radius, mix(palette.light, (255, 255, 255), 0.45))
        return
    n = max(8, round(radius * 2))
    patches = noise(stage.detail, n, n, cells=2.4, octaves=5, gain=0.6)
    gx, gy = grid(n, n)
    limb = 1 - 0.35 * np.clip(((gx - n / 2) ** 2 + (gy - n / 2) ** 2) / (n / 2) ** 2, 0, 1) ** 2
    face = np.clip(0.72 + 0.28 * smoothstep(0.62, 0.38, patches), 0, 1) * limb
    table = ramp(
        (mix(palette.sky[1], palette.light, 0.45), palette.light, (255, 254, 246)),
        at=(0.4, 0.85, 1),
    )
    left, top = round(x - n / 2), round(y - n / 2)
    paint = canvas.sheet(tint(face, table), (left, top, left + n, top + n))
    if not crescent:
        canvas.disc(x, y, radius, paint)
        return
    stencil = canvas.stencil((x - radius, y - radius, x + radius, y + radius))
    stencil.disc(x, y, radius)
    stencil.disc(x - radius * 0.42, y - radius * 0.16, radius * 0.92, ink=0)
    canvas.lay(stencil.mask(), paint)


def stars(stage: Stage, *, bottom: float, n: int) -> None:
    """Stars above y = bottom, most of them faint, fewer towards the horizon."""
    canvas, rng = stage.canvas, stage.detail
    x = rng.uniform(0, canvas.width, n)
    y = bottom * rng.uniform(0, 1, n) ** 1.35
    magnitude = rng.pareto(2.6, n)
    size = np.clip(canvas.unit * (0.00055 + 0.0005 * magnitude), 0.45, canvas.unit * 0.0030)
    stencil = canvas.stencil((0, 0, canvas.width, bottom), specks=True)
    stencil.dots(x, y, size, 95 + 90 * magnitude)
    canvas.lay(stencil.mask(), mix(stage.palette.light, (255, 255, 255), 0.6))
    for i in np.argsort(magnitude)[-4:].tolist():
        canvas.glow(float(x[i]), float(y[i]), canvas.unit * 0.018, (255, 250, 240), strength=0.5)


def rain(stage: Stage, *, n: int, colour: Colour, slant: float = -0.16) -> None:
    """Streaks of rain over everything, near ones longer."""
    canvas, rng = stage.canvas, stage.detail
    stencil = canvas.stencil(specks=True)
    for share, length, width, ink in ((0.7, 0.035, 0.0008, 72), (0.3, 0.075, 0.0016, 88)):
        count = int(n * share)
        x = rng.uniform(-0.1, 1.1, count) * canvas.width
        y = rng.uniform(-0.1, 1.0, count) * canvas.height
        long = length * canvas.unit * rng.uniform(0.6, 1.4, count)
        ends = np.stack([x, y, x + slant * long, y + long], axis=1).reshape(-1, 2, 2)
        stencil.segments(ends, max(0.7, width * canvas.unit), ink=ink)
    canvas.lay(stencil.mask(), colour)


def snowfall(stage: Stage, *, n: int) -> None:
    """Flakes, a few of them close and out of focus."""
    canvas, rng = stage.canvas, stage.detail
    stencil = canvas.stencil(specks=True)
    size = np.minimum(0.0011 + 0.0009 * rng.pareto(2.4, n), 0.005) * canvas.unit
    stencil.dots(
        rng.uniform(0, canvas.width, n), rng.uniform(0, canvas.height, n), size, np.full(n, 200.0)
    )
    canvas.lay(stencil.mask(), (250, 251, 255), opacity=0.8)
    for _ in range(9):
        x, y = rng.uniform(0, canvas.width), rng.uniform(0, canvas.height)
        canvas.glow(x, y, canvas.unit * rng.uniform(0.010, 0.022), (255, 255, 255), strength=0.55)


def mist(
    stage: Stage, *, top: float, bottom: float, opacity: float, colour: Colour | None = None
) -> None:
    """A drifting bank of mist, densest in the middle of its height."""
    canvas = stage.canvas
    box = (0, max(0, int(top)), canvas.width, min(canvas.height, int(bottom)))
    if box[3] - box[1] < 4:
        return
    width, height = canvas.soft_size(box)
    small = noise(
        stage.detail, max(8, width // 3), max(4, height // 3), cells=1.5, octaves=4, stretch=5
    )
    _, y = grid(width, height)
    body = np.sin(np.pi * y / height) ** 1.5
    field = body * np.clip(0.35 + (enlarge(small, width, height) - 0.35) * 1.6, 0, 1) * opacity
    canvas.cloud(field, colour or stage.palette.haze, box)
