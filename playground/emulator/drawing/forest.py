"""A forest: trunk behind trunk in the fog, light between them."""

from __future__ import annotations

import numpy as np

from playground.emulator.drawing import animals
from playground.emulator.drawing.brief import Hour
from playground.emulator.drawing.canvas import Fade
from playground.emulator.drawing.colour import Colour, mix, shift
from playground.emulator.drawing.fields import grid, line_noise, smoothstep
from playground.emulator.drawing.land import conifers, hills
from playground.emulator.drawing.sky import disc, mist, snowfall
from playground.emulator.drawing.stage import Stage


def forest(stage: Stage) -> None:
    """Trunk behind trunk in the fog, light falling between them."""
    canvas, palette, plan = stage.canvas, stage.palette, stage.plan
    w, h, u = canvas.width, canvas.height, canvas.unit
    snowy = "snow" in stage.brief.weather
    floor = h * plan.uniform(0.66, 0.72)
    sun = (w * stage.about(plan.uniform(0.30, 0.70), 0.05), floor - u * 0.34)
    deep = mix(palette.near, (24, 52, 44), 0.25)
    glow = mix(palette.haze, palette.light, 0.45)
    canvas.fill(
        Fade(
            stops=(mix(palette.sky[1], deep, 0.18), mix(palette.sky[2], glow, 0.4), glow),
            start=0,
            end=floor,
        )
    )
    canvas.glow(sun[0], sun[1], u * 0.75, palette.light, strength=0.85)
    if stage.brief.hour is Hour.NIGHT or stage.wants("moon"):
        disc(stage, (sun[0], sun[1] - u * 0.18), u * 0.07)
    ground = palette.ground if snowy else mix(palette.ground, (70, 84, 48), 0.45)
    layers = 5
    for i in range(layers):
        t = i / (layers - 1)
        colour = mix(glow, deep, 0.16 + 0.80 * t**1.1)
        base = floor + (h - floor) * (0.02 + 0.42 * t**2)
        if i < 2:
            spires = hills(stage, base=base, height=u * 0.02, cells=3)
            conifers(
                stage,
                spires,
                n=int((46 - 10 * i) * w / u),
                size=u * (0.42 + 0.15 * t),
                colour=mix(colour, glow, 0.25),
            )
        _trunks(
            stage,
            base,
            n=round((13 - 8 * t) * w / u) + 1,
            width=u * (0.008 + 0.045 * t**1.6),
            colour=colour,
            sun_x=sun[0],
        )
        lie = hills(stage, base=base + u * 0.01, height=u * 0.03, cells=2.4)
        tone = mix(mix(ground, glow, 0.65 * (1 - t)), deep, 0.05 + (0.12 if snowy else 0.50) * t)
        end = h if i == layers - 1 else base + (h - floor) * 0.35 + u * 0.05
        canvas.lay(
            canvas.below(lie, end),
            Fade(
                stops=(mix(tone, palette.light, 0.22 * (1 - t)), tone, shift(tone, light=-0.10)),
                start=base - u * 0.02,
                end=h,
            ),
        )
        if i in (0, 2):
            mist(
                stage,
                top=floor - u * (0.34 - 0.1 * t),
                bottom=base + u * 0.06,
                opacity=0.62 * (1 - t) + 0.18,
                colour=glow,
            )
    _shafts(stage, sun)
    _undergrowth(stage, mix(ground, deep, 0.55) if snowy else mix(deep, ground, 0.25))
    foot = floor + (h - floor) * 0.56
    animals.creature(stage, ground=lambda _x: foot, size=min(u * 0.34, (h - floor) * 1.15))
    if snowy:
        snowfall(stage, n=int(420 * w / u))


def _trunks(
    stage: Stage, base: float, *, n: int, width: float, colour: Colour, sun_x: float
) -> None:
    """Bare trunks from the ground to beyond the top, each with a lit edge and a few branches."""
    canvas, rng = stage.canvas, stage.detail
    w, u = canvas.width, canvas.unit
    close = width > u * 0.02
    rim = mix(colour, stage.palette.light, 0.22)
    twigs = canvas.stencil((0, 0, w, base * 0.66))
    for x in ((np.arange(n) + rng.uniform(0.12, 0.88, n)) / n * w).tolist():
        if close and abs(x - w * 0.5) < w * 0.13:
            continue  # the clearing in the middle stays open
        thick = width * rng.uniform(0.65, 1.25)
        foot = base + rng.uniform(-0.2, 0.9) * width
        ys = np.linspace(foot, -4, 9)
        middle = (
            x
            + rng.normal(0, 0.02) * base * np.linspace(0, 1, 9)
            + rng.normal(0, 0.25, 9).cumsum() * thick * 0.22
        )
        half = thick / 2 * np.linspace(1.0, 0.62, 9)
        half[0] *= 1.45
        side = 1 if sun_x > x else -1
        far, near = (
            np.stack([middle - side * half, ys], axis=1),
            np.stack([middle + side * half, ys], axis=1),
        )
        canvas.shape(np.concatenate([far, near[::-1]]), colour)
        if width > u * 0.012:
            inner = near - np.stack([side * half * 0.45, np.zeros(9)], axis=1)
            canvas.shape(np.concatenate([near, inner[::-1]]), rim)
        for y in (rng.uniform(0.05, 0.6, 3) * base).tolist():
            at = float(np.interp(y, ys[::-1], middle[::-1]))
            reach = rng.choice([-1, 1]) * thick * rng.uniform(1.6, 4.0)
            bough = [
                (at, y),
                (at + reach * 0.6, y - abs(reach) * 0.28),
                (at + reach, y - abs(reach) * 0.62),
            ]
            twigs.line(bough, max(1.0, thick * 0.10))
    if close:
        canvas.lay(twigs.mask(), colour)


def _shafts(stage: Stage, sun: tuple[float, float]) -> None:
    """Beams of light fanning out of the sun."""
    canvas, rng, u = stage.canvas, stage.detail, stage.canvas.unit
    width, height = (max(2, s // 3) for s in canvas.soft_size())
    x, y = grid(width, height)
    scale = width / canvas.width
    dx, dy = x - sun[0] * scale, y - (sun[1] - u * 0.3) * scale
    angle = np.arctan2(dx, np.abs(dy) + 1e-3)
    rays = line_noise(rng, 720, cells=26, octaves=3)[
        np.clip((angle / np.pi + 0.5) * 719, 0, 719).astype(np.intp)
    ]
    reach = np.exp(-np.hypot(dx, dy) / (u * scale) * 1.5)
    below = smoothstep(-0.02, 0.25, dy / (u * scale))
    canvas.cloud(smoothstep(0.1, 1.5, rays) * reach * below * 0.9, stage.palette.light)


def _undergrowth(stage: Stage, colour: Colour) -> None:
    """Grass and twigs against the light in the two lower corners."""
    canvas, rng, u = stage.canvas, stage.detail, stage.canvas.unit
    n = int(150 * canvas.width / u)
    side = rng.beta(0.5, 0.5, n)
    x = side * canvas.width
    out = np.abs(side - 0.5)
    tip = rng.uniform(0.02, 0.10, n) * u * (0.4 + 1.6 * out)
    lean = rng.normal(0, 0.4, n) * tip
    foot = canvas.height + u * 0.01 - u * 0.03 * out
    stencil = canvas.stencil((0, canvas.height - u * 0.2, canvas.width, canvas.height))
    for x0, y0, x1, y1 in (
        (x, foot, x + lean * 0.3, foot - tip * 0.6),
        (x + lean * 0.3, foot - tip * 0.6, x + lean, foot - tip),
    ):
        stencil.segments(np.stack([x0, y0, x1, y1], axis=1).reshape(-1, 2, 2), u * 0.0022)
    canvas.lay(stencil.mask(), colour)
