"""Flowers: a bouquet in a vase, petal by petal."""

from __future__ import annotations

import numpy as np

from playground.emulator.drawing.colour import Colour, Floats, mix, shift
from playground.emulator.drawing.fields import smooth_curve
from playground.emulator.drawing.lettering import board
from playground.emulator.drawing.room import backdrop, leaf
from playground.emulator.drawing.stage import Stage
from playground.emulator.drawing.stencil import Point
from playground.emulator.drawing.vessels import vase


def flowers(stage: Stage) -> None:
    """A bouquet in a vase, blossoms opening towards the light."""
    canvas, palette, plan, brief, rng = (
        stage.canvas,
        stage.palette,
        stage.plan,
        stage.brief,
        stage.detail,
    )
    w, h, u = canvas.width, canvas.height, canvas.unit
    sun_left = bool(plan.random() < 0.5)
    sun = (-0.6 if sun_left else 0.6, -0.6, 0.55)
    grounds: tuple[Colour, ...] = (
        (34, 40, 46),
        (54, 40, 46),
        (206, 196, 178),
        (36, 52, 50),
        (222, 206, 190),
    )
    ground = brief.colour_of.get("background", grounds[int(plan.integers(len(grounds)))])
    edge = h * 0.86
    backdrop(stage, ground, sun_left=sun_left, bottom=h)
    canvas.veil(shift(ground, light=-0.16), [(edge - u * 0.01, 0.0), (edge, 0.62), (h, 0.75)])
    base: Point = (w / 2, min(h * 0.93, edge + u * 0.05))
    petals = [
        brief.colour_of[n]
        for n in ("flower", "rose", "tulip", "poppy", "petal", "blossom")
        if n in brief.colour_of
    ]
    petals += [c for c in brief.colours if c not in petals]
    if not petals:
        petals = [
            palette.accent,
            shift(palette.accent, turn=0.5, light=0.1),
            (246, 226, 206),
            shift(palette.accent, turn=-0.45, light=-0.05),
        ]
    vase_top = base[1] - u * 0.25
    green = mix((70, 104, 70), ground, 0.15)
    heads: list[tuple[float, float, float]] = []
    for i in range(26):
        angle = (i * 2.399963) % (2 * np.pi)  # the golden angle spreads any number of heads evenly
        r = np.sqrt((i + 0.5) / 26) * u * 0.34
        x = base[0] + np.cos(angle) * r * 1.05 + rng.normal(0, 0.012) * u
        y = vase_top - u * 0.27 + np.sin(angle) * r * 0.86 + rng.normal(0, 0.012) * u
        heads.append((float(x), float(y), float(r)))
    stems = [
        (
            smooth_curve(
                [
                    (base[0] + (x - base[0]) * 0.06, vase_top + u * 0.05),
                    (base[0] + (x - base[0]) * 0.4, vase_top - u * 0.08),
                    (x, y),
                ],
                closed=False,
            ),
            u * 0.006,
        )
        for x, y, _ in heads
    ]
    canvas.lines(stems, shift(green, light=-0.08))
    for x, y, _ in sorted(heads, key=lambda p: -p[2])[:17]:
        out = np.array([x - base[0], y - (vase_top - u * 0.16)]) / u
        tip = (
            x + out[0] * u * 0.42 + rng.normal(0, 0.03) * u,
            y + out[1] * u * 0.36 + rng.normal(0, 0.03) * u,
        )
        leaf(
            stage,
            (x - out[0] * u * 0.2, y - out[1] * u * 0.2),
            tip,
            u * rng.uniform(0.022, 0.042),
            shift(green, turn=float(rng.normal(0, 0.2)), light=float(rng.normal(0, 0.04))),
        )
    vase(stage, base, u * 0.125, u * 0.29, sun)
    for i, (x, y, r) in enumerate(sorted(heads, key=lambda p: -p[2])):
        size = u * rng.uniform(0.056, 0.082) * (1.25 - 0.9 * r / u)
        blossom(stage, (x, y), size, petals[i % len(petals)], layers=5 if i % 3 else 3)
    if brief.lettering:
        board(
            canvas,
            brief.lettering[0],
            centre=(w / 2, base[1] - u * 0.12),
            width=u * 0.26,
            height=u * 0.08,
            paint=(246, 240, 226),
            ink=(40, 36, 40),
        )


def blossom(stage: Stage, at: Point, size: float, colour: Colour, *, layers: int) -> None:
    """A flower head: rings of petals, darker towards the heart."""
    canvas, rng = stage.canvas, stage.detail
    x, y = at
    canvas.glow(x, y + size * 0.2, size * 1.5, (10, 10, 16), strength=0.42)
    squash = rng.uniform(0.74, 1.0)
    box = (x - size * 1.2, y - size * 1.2, x + size * 1.2, y + size * 1.2)
    for k in range(layers):
        t = k / layers
        reach = size * (1 - 0.78 * t)
        n = (7, 6, 6, 5, 5)[k]
        tone = mix(
            mix(colour, (255, 244, 230), 0.30 * (1 - t)), shift(colour, light=-0.13), 0.9 * t
        )
        turn = rng.uniform(0, 6.28)
        whole, upper = canvas.stencil(box), canvas.stencil(box)
        angles = turn + np.arange(n) * 2 * np.pi / n
        long = reach * rng.uniform(0.90, 1.06, n)
        for petal in _petals(at, long, angles, 3.4 / n, squash):
            whole.polygon(petal)
        for petal in _petals(at, long * 0.93, angles + 0.10, 2.5 / n, squash):
            upper.polygon(petal)
        canvas.lay(whole.mask(), shift(tone, light=-0.085))
        canvas.lay(upper.mask(), tone, opacity=0.8)
    heart = (
        mix((236, 186, 70), shift(colour, light=-0.3), 0.35)
        if layers <= 3
        else shift(colour, light=-0.22)
    )
    canvas.disc(x, y, size * 0.17, heart, ry=size * 0.17 * squash)
    canvas.disc(
        x - size * 0.03,
        y - size * 0.03,
        size * 0.09,
        shift(heart, light=-0.14),
        ry=size * 0.09 * squash,
    )


def _petals(at: Point, reach: Floats, angle: Floats, width: float, squash: float) -> Floats:
    """Outlines of petals around a point, (n, points, 2), one for each reach and angle."""
    t = np.linspace(0, 1, 9)
    half = width * np.sqrt(t) * np.sqrt(np.clip(1 - t**3.2, 0, 1)) * 0.62
    along = np.concatenate([t, t[::-1]])[None, :] * reach[:, None]
    across = np.concatenate([half, -half[::-1]])[None, :] * reach[:, None]
    cos, sin = np.cos(angle)[:, None], np.sin(angle)[:, None]
    dx, dy = along * cos - across * sin, along * sin + across * cos
    return np.stack([at[0] + dx, at[1] + dy * squash], axis=2).astype(np.float32)
