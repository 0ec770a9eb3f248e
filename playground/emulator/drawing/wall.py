"""A painted wall in the street, and what leans on it."""

from __future__ import annotations

import numpy as np

from playground.emulator.drawing import animals
from playground.emulator.drawing.bicycle import bicycle
from playground.emulator.drawing.brief import Hour
from playground.emulator.drawing.canvas import Fade
from playground.emulator.drawing.colour import Colour, lightness, mix, ramp, shift, tint
from playground.emulator.drawing.fields import grid, noise, smooth_curve
from playground.emulator.drawing.lettering import board, ink_for
from playground.emulator.drawing.room import WALLS, backdrop
from playground.emulator.drawing.stage import Stage
from playground.emulator.drawing.stencil import Point, rect


def wall(stage: Stage) -> None:
    """A painted wall in the sun, a pavement, something leaning against it."""
    canvas, plan, brief = stage.canvas, stage.plan, stage.brief
    w, h, u = canvas.width, canvas.height, canvas.unit
    sun_left = bool(plan.random() < 0.5)
    paint = brief.colour_of.get("wall", WALLS[int(plan.integers(len(WALLS)))])
    if brief.hour is Hour.NIGHT:
        paint = shift(paint, light=-0.2)
    kerb = h * plan.uniform(0.76, 0.80)
    backdrop(stage, paint, sun_left=sun_left, bottom=kerb + 2)
    skirting = shift(mix(paint, (90, 84, 84), 0.35), light=-0.10)
    canvas.shape(
        rect(0, kerb - u * 0.055, w, kerb),
        Fade(stops=(shift(skirting, light=0.03), skirting), start=kerb - u * 0.055, end=kerb),
    )
    _pavement(stage, kerb, mix((150, 142, 134), paint, 0.25), sun_left)
    _shutter(stage, (w * (0.80 if sun_left else 0.20), kerb - u * 0.47), u * 0.20, paint)
    _leaf_shadows(stage, sun_left, kerb)
    if brief.lettering:
        colour = (
            mix(stage.palette.accent, (250, 244, 230), 0.1)
            if lightness(paint) < 0.6
            else mix(paint, (30, 30, 44), 0.75)
        )
        board(
            canvas,
            brief.lettering[0],
            centre=(w * (0.36 if sun_left else 0.64), kerb - u * 0.56),
            width=min(w * 0.52, u * 0.50),
            height=u * 0.14,
            paint=colour,
            ink=ink_for(colour),
        )
    if stage.wants("bicycle") or not stage.wants("cat"):
        bicycle(
            stage,
            (w * stage.about(0.48, 0.02), kerb + u * 0.075),
            min(u * 0.74, w * 0.8),
            sun_left=sun_left,
        )
    animals.creature(stage, ground=lambda _x: kerb + u * 0.10, size=u * 0.26, x=w * 0.78)


def _pavement(stage: Stage, top: float, colour: Colour, sun_left: bool) -> None:
    canvas, u = stage.canvas, stage.canvas.unit
    box = (0, int(top), canvas.width, canvas.height)
    width, height = canvas.soft_size(box)
    if height < 3:
        return
    x, y = grid(width, height)
    speckle = noise(stage.detail, width, height, cells=30, octaves=4, gain=0.8, stretch=2)
    across = x / width if sun_left else 1 - x / width
    tone = 0.68 - 0.34 * across + (speckle - 0.5) * 0.42 + 0.10 * y / height
    canvas.cover(
        tint(
            np.asarray(tone, dtype=np.float32),
            ramp((shift(colour, light=-0.25), colour, mix(colour, (255, 246, 228), 0.5))),
        ),
        box,
    )
    canvas.veil(shift(colour, light=-0.35), [(top - 1, 0.0), (top, 0.6), (top + u * 0.03, 0.0)])
    seams = [
        (
            [
                (canvas.width / 2 + k * u * 0.30, top),
                (canvas.width / 2 + k * u * 0.52, canvas.height),
            ],
            u * 0.004,
        )
        for k in range(-6, 7)
    ]
    rows = [
        (
            [(0, top + (canvas.height - top) * s), (canvas.width, top + (canvas.height - top) * s)],
            u * 0.004,
        )
        for s in (0.16, 0.48)
    ]
    canvas.lines([*seams, *rows], shift(colour, light=-0.24), opacity=0.6)


def _shutter(stage: Stage, at: Point, half: float, paint: Colour) -> None:
    """A window with louvred shutters."""
    canvas = stage.canvas
    x, y = at
    tone = stage.brief.colour_of.get(
        "shutter",
        stage.brief.colour_of.get("door", shift(mix(paint, (60, 104, 112), 0.75), light=-0.04)),
    )
    tall = half * 1.25
    canvas.shape(
        rect(x - half * 0.56, y - tall, x + half * 0.56, y + tall),
        mix(paint, (255, 250, 240), 0.6),
    )
    canvas.shape(
        rect(x - half * 0.48, y - tall * 0.93, x + half * 0.48, y + tall * 0.94),
        Fade(stops=((52, 66, 82), (26, 32, 44)), start=y - tall, end=y + tall),
    )
    canvas.shape(
        [
            (x - half * 0.48, y - tall * 0.3),
            (x - half * 0.1, y - tall * 0.93),
            (x + half * 0.2, y - tall * 0.93),
            (x - half * 0.48, y + tall * 0.25),
        ],
        (196, 216, 226),
        opacity=0.22,
    )
    frame = mix(paint, (255, 250, 240), 0.6)
    canvas.lines(
        [
            ([(x, y - tall), (x, y + tall)], half * 0.07),
            ([(x - half * 0.5, y - tall * 0.2), (x + half * 0.5, y - tall * 0.2)], half * 0.05),
        ],
        frame,
    )
    for side in (-1, 1):
        left, right = sorted((x + side * half * 0.58, x + side * half * 1.16))
        canvas.shape(
            rect(
                left + half * 0.04,
                y - tall + half * 0.05,
                right + half * 0.05,
                y + tall + half * 0.06,
            ),
            (20, 18, 26),
            opacity=0.32,
        )
        canvas.shape(rect(left, y - tall, right, y + tall), tone)
        slats = [
            ([(left + half * 0.08, sy), (right - half * 0.08, sy)], half * 0.035)
            for sy in np.linspace(y - tall * 0.9, y + tall * 0.9, 21).tolist()
        ]
        canvas.lines(slats, shift(tone, light=-0.09))
        canvas.lines(
            [
                (
                    [(p[0][0], p[0][1] + half * 0.035), (p[1][0], p[1][1] + half * 0.035)],
                    half * 0.018,
                )
                for p, _ in slats
            ],
            shift(tone, light=0.06),
        )
    canvas.shape(
        [
            (x - half * 0.68, y + tall),
            (x + half * 0.68, y + tall),
            (x + half * 0.64, y + tall * 1.06),
            (x - half * 0.64, y + tall * 1.06),
        ],
        mix(paint, (255, 250, 240), 0.45),
    )


def _leaf_shadows(stage: Stage, sun_left: bool, bottom: float) -> None:
    """The shadow of a tree outside the picture, soft, falling across the wall."""
    canvas, rng, u = stage.canvas, stage.detail, stage.canvas.unit
    stencil = canvas.stencil((0, 0, canvas.width, bottom))
    x0 = 0.0 if sun_left else float(canvas.width)
    way = 1 if sun_left else -1
    for _ in range(4):
        y0 = rng.uniform(-0.05, 0.30) * bottom
        branch = smooth_curve(
            [
                (x0 - way * 5, y0),
                (x0 + way * u * 0.2, y0 + u * 0.05),
                (x0 + way * u * rng.uniform(0.42, 0.62), y0 + u * rng.uniform(0.10, 0.26)),
            ],
            closed=False,
        )
        stencil.line(branch, u * 0.008)
        for px, py in branch[3::2].tolist():
            for _ in range(2):
                a, r = rng.uniform(0, 6.28), u * rng.uniform(0.03, 0.055)
                tip = (px + r * np.cos(a), py + r * np.sin(a))
                nx, ny = -np.sin(a) * r * 0.26, np.cos(a) * r * 0.26
                mid = ((px + tip[0]) / 2, (py + tip[1]) / 2)
                stencil.polygon(
                    smooth_curve(
                        [(px, py), (mid[0] + nx, mid[1] + ny), tip, (mid[0] - nx, mid[1] - ny)],
                        closed=True,
                        per_span=4,
                    )
                )
    canvas.lay(stencil.mask().blurred(u * 0.005), (30, 22, 44), opacity=0.26)
