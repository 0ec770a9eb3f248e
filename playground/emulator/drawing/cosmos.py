"""Space: a nebula, a shaded planet with weather or rings, moons and stars."""

from __future__ import annotations

import numpy as np

from playground.emulator.drawing.colour import Colour, mix, ramp, shift, tint
from playground.emulator.drawing.fields import grid, noise, smoothstep
from playground.emulator.drawing.stage import Stage
from playground.emulator.drawing.stencil import Point

_SKIES: tuple[tuple[Colour, ...], ...] = (
    ((6, 8, 22), (26, 24, 66), (108, 48, 120), (232, 128, 112), (255, 222, 176)),
    ((4, 12, 22), (10, 44, 66), (24, 112, 122), (150, 196, 168), (252, 236, 190)),
    ((10, 6, 20), (52, 18, 58), (146, 36, 78), (242, 122, 70), (255, 224, 160)),
    ((6, 8, 26), (20, 34, 92), (70, 86, 178), (176, 150, 220), (248, 226, 236)),
)
_WORLDS: tuple[tuple[Colour, ...], ...] = (
    ((92, 52, 40), (190, 112, 70), (232, 188, 138), (250, 232, 202)),
    ((24, 58, 92), (64, 128, 152), (170, 206, 200), (240, 242, 226)),
    ((72, 44, 88), (160, 92, 134), (226, 160, 156), (250, 222, 196)),
    ((44, 72, 62), (118, 148, 104), (206, 206, 156), (246, 238, 206)),
)


def space(stage: Stage) -> None:
    """A large planet in front of a nebula, lit from one side."""
    canvas, plan = stage.canvas, stage.plan
    w, h, u = canvas.width, canvas.height, canvas.unit
    sky = _SKIES[int(plan.integers(len(_SKIES)))]
    world = _WORLDS[int(plan.integers(len(_WORLDS)))]
    if stage.brief.colours:
        c = stage.brief.colours[0]
        world = (
            shift(c, light=-0.3),
            shift(c, light=-0.06),
            mix(c, (255, 246, 226), 0.45),
            mix(c, (255, 250, 240), 0.8),
        )
    _nebula(stage, sky)
    _field_of_stars(stage)
    right = bool(plan.random() < 0.5)
    radius = u * plan.uniform(0.24, 0.32)
    at = (w * stage.about(0.64 if right else 0.36, 0.03), h * stage.about(0.47, 0.03))
    sun = (-0.75 if right else 0.75, -0.42, 0.42)
    ringed = bool(plan.random() < 0.55) or "saturn" in stage.brief.caption.lower()
    tilt = stage.about(-0.28 if right else 0.28, 0.06)
    if ringed:
        _rings(stage, at, radius, world, tilt, front=False)
    planet(stage, at, radius, world, sun=sun, banded=ringed or bool(plan.random() < 0.4))
    if ringed:
        _rings(stage, at, radius, world, tilt, front=True)
    far = (w * (0.22 if right else 0.78), h * stage.about(0.24, 0.04))
    planet(
        stage,
        far,
        u * stage.about(0.055, 0.012),
        (sky[1], sky[2], mix(sky[3], sky[2], 0.4), sky[4]),
        sun=sun,
        banded=False,
    )
    planet(
        stage,
        (w * (0.30 if right else 0.70), h * 0.76),
        u * 0.022,
        ((60, 60, 70), (140, 138, 140), (206, 202, 196), (250, 248, 240)),
        sun=sun,
        banded=False,
    )


def _nebula(stage: Stage, sky: tuple[Colour, ...]) -> None:
    canvas, rng = stage.canvas, stage.detail
    width, height = canvas.soft_size()
    warp = noise(rng, width, height, cells=2, octaves=4)
    cloud = noise(rng, width, height, cells=1.7, octaves=7, gain=0.56)
    x, y = grid(width, height)
    reach = min(width, height) * 0.30
    ix = np.clip(x + (warp - 0.5) * reach, 0, width - 1).astype(np.intp)
    iy = np.clip(
        y
        + (warp.T[:height, :width] if warp.T.shape == warp.shape else warp[::-1]) * reach
        - reach / 2,
        0,
        height - 1,
    ).astype(np.intp)
    gas = cloud[iy, ix]
    slant = stage.plan.uniform(-0.6, 0.6)
    band = np.exp(-((((y / height - 0.5) - slant * (x / width - 0.5)) / 0.30) ** 2))
    dust = smoothstep(0.50, 0.78, noise(rng, width, height, cells=3.5, octaves=6, gain=0.6))
    bright = np.clip((gas - 0.22) * 1.25, 0, 1) * (0.30 + 0.80 * band) - dust * band * 0.22
    canvas.cover(
        tint(np.asarray(bright, dtype=np.float32), ramp(sky, 512, at=(0.02, 0.22, 0.50, 0.80, 1.0)))
    )


def _field_of_stars(stage: Stage) -> None:
    canvas, rng, u = stage.canvas, stage.detail, stage.canvas.unit
    n = int(900 * canvas.width * canvas.height / u**2)
    stencil = canvas.stencil(specks=True)
    x, y, size = (
        rng.uniform(0, canvas.width, n),
        rng.uniform(0, canvas.height, n),
        rng.pareto(2.8, n),
    )
    radius = np.maximum(0.45, u * np.minimum(0.0004 + 0.00045 * size, 0.0024))
    stencil.dots(x, y, radius, 70 + 110 * size)
    canvas.lay(stencil.mask(), (246, 246, 255))
    for i in np.argsort(size)[-7:].tolist():
        sx, sy, r = float(x[i]), float(y[i]), u * float(rng.uniform(0.014, 0.034))
        tone = mix((255, 236, 214), (206, 222, 255), float(rng.random()))
        canvas.glow(sx, sy, r, tone, strength=0.8)
        for rx, ry in ((r * 1.2, u * 0.0011), (u * 0.0011, r * 1.2)):
            canvas.glow(sx, sy, rx, (255, 255, 255), strength=1.0, ry=max(1.0, ry * 2))
        canvas.disc(sx, sy, max(0.8, u * 0.0022), (255, 255, 255))


def planet(
    stage: Stage,
    at: Point,
    radius: float,
    world: tuple[Colour, ...],
    *,
    sun: tuple[float, float, float],
    banded: bool,
) -> None:
    """A globe with weather in bands or continents, a terminator and a rim of air."""
    canvas, rng = stage.canvas, stage.detail
    n = int(min(640, max(16, radius * 2)))
    gx, gy = grid(n, n)
    nx, ny = gx / n * 2 - 1, gy / n * 2 - 1
    nx, ny = np.broadcast_arrays(nx, ny)
    inside = np.clip(nx * nx + ny * ny, 0, 1)
    nz = np.sqrt(1 - inside)
    lon, lat = np.arctan2(nx, nz + 1e-3), np.arcsin(np.clip(ny, -1, 1))
    big = noise(rng, 512, 512, cells=3, octaves=7, gain=0.6)
    col = ((lon / np.pi * 0.55 + 0.5) * 511).astype(np.intp)
    row = ((lat / np.pi + 0.5) * 511).astype(np.intp)
    rough = big[row, col]
    if banded:
        waves = (
            np.sin(lat * rng.uniform(9, 13) + (rough - 0.5) * 2.6) * 0.22
            + np.sin(lat * 27 + rough * 3.2) * 0.09
        )
        surface = 0.55 + waves + (rough - 0.5) * 0.18
    else:
        surface = smoothstep(0.40, 0.62, rough) * 0.65 + (rough - 0.5) * 0.5 + 0.2
    lx, ly, lz = np.asarray(sun) / np.linalg.norm(sun)
    facing = nx * lx + ny * ly + nz * lz
    day = smoothstep(-0.10, 0.75, np.asarray(facing, dtype=np.float32))
    colour = tint(np.asarray(surface, dtype=np.float32), ramp(world)).astype(np.float32)
    shadow = np.asarray(shift(world[0], light=-0.22), dtype=np.float32) * 0.35
    paint = shadow + (colour - shadow) * day[..., None]
    air = (inside**5 * np.clip(facing + 0.25, 0, 1) * 0.75)[..., None]
    paint += (np.asarray(world[-1], dtype=np.float32) - paint) * air
    x, y = at
    box = (
        int(x - radius),
        int(y - radius),
        int(x - radius) + round(2 * radius),
        int(y - radius) + round(2 * radius),
    )
    canvas.glow(
        x + lx * radius * 0.12, y + ly * radius * 0.12, radius * 1.42, world[2], strength=0.55
    )
    canvas.disc(x, y, radius, canvas.sheet(np.clip(paint, 0, 255).astype(np.uint8), box))


def _rings(
    stage: Stage, at: Point, radius: float, world: tuple[Colour, ...], tilt: float, *, front: bool
) -> None:
    canvas = stage.canvas
    t = np.linspace(0, np.pi, 90) if front else np.linspace(np.pi, 2 * np.pi, 90)
    cos, sin = np.cos(tilt), np.sin(tilt)
    flat = 0.24
    edges = np.sort(stage.plan_of("rings").uniform(1.30, 2.15, 22)) * radius
    reach = float(edges[-1])
    for tone in range(3):
        cut = canvas.stencil(
            (at[0] - reach, at[1] - reach * 0.75, at[0] + reach, at[1] + reach * 0.75)
        )
        for k in range(tone, len(edges) - 1, 3):
            x = np.concatenate([edges[k] * np.cos(t), edges[k + 1] * np.cos(t[::-1])])
            y = np.concatenate([edges[k] * np.sin(t), edges[k + 1] * np.sin(t[::-1])]) * flat
            ring = np.stack([at[0] + x * cos - y * sin, at[1] + x * sin + y * cos], axis=1)
            cut.polygon(ring, ink=int((216, 128, 178, 56)[k % 4] * (1.0 if front else 0.75)))
        canvas.lay(cut.mask(), mix(world[2], world[(1, 3, 2)[tone]], 0.6))
