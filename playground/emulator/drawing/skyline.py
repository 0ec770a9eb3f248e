"""A city: towers behind towers, mirrored in a river."""

from __future__ import annotations

import numpy as np
from PIL import Image

from playground.emulator.drawing import subjects
from playground.emulator.drawing.brief import Hour
from playground.emulator.drawing.canvas import Fade
from playground.emulator.drawing.colour import Colour, mix, shift
from playground.emulator.drawing.land import mirror
from playground.emulator.drawing.lettering import board, ink_for
from playground.emulator.drawing.sky import disc, mist, rain, sky, snowfall, stars
from playground.emulator.drawing.stage import Stage
from playground.emulator.drawing.stencil import Mask, rect

_LAMPS: tuple[Colour, ...] = ((255, 214, 140), (255, 190, 108), (255, 236, 196), (196, 224, 244))


def skyline(stage: Stage) -> None:
    """Towers behind towers with their windows lit, mirrored in a river."""
    canvas, palette, plan = stage.canvas, stage.palette, stage.plan
    w, h, u = canvas.width, canvas.height, canvas.unit
    quay = h * plan.uniform(0.72, 0.77)
    sun = (w * stage.about(plan.uniform(0.25, 0.75), 0.05), quay - u * plan.uniform(0.30, 0.45))
    stormy = bool(stage.brief.weather & {"storm", "rain"})
    sky(stage, horizon=quay, sun=sun, cloudiness=0.9 if stormy else plan.uniform(0.3, 0.55))
    dark = stage.brief.hour in (Hour.NIGHT, Hour.DUSK)
    if stage.brief.hour is Hour.NIGHT:
        stars(stage, bottom=quay * 0.8, n=int(260 * w / u))
    disc(stage, sun, u * plan.uniform(0.06, 0.10))
    for i in range(3):
        t = i / 2
        colour = mix(palette.far, palette.near, 0.08 + 0.66 * t)
        _towers(
            stage,
            quay,
            tallest=u * (0.50 - 0.07 * i),
            width=u * (0.050 + 0.018 * i),
            colour=colour,
            lit=(0.10, 0.34, 0.46)[i] if dark else (0.0, 0.10, 0.14)[i],
        )
        if i < 2:
            mist(stage, top=quay - u * 0.34, bottom=quay + u * 0.05, opacity=0.55 - 0.15 * i)
    canvas.glow(
        w / 2,
        quay,
        w * 0.6,
        mix(palette.accent, palette.light, 0.5),
        strength=0.32 if dark else 0.12,
        ry=u * 0.14,
    )
    mirror(stage, int(quay), blur=0.013, depth=0.35)
    edge = mix(palette.near, (20, 20, 26), 0.4)
    canvas.shape(
        rect(0, quay - u * 0.008, w, quay + u * 0.004),
        edge,
    )
    if dark:
        for x in np.arange(u * 0.04, w, u * 0.085).tolist():
            canvas.glow(x, quay - u * 0.014, u * 0.028, (255, 214, 150), strength=0.95)
    if stage.brief.lettering:
        board(
            canvas,
            stage.brief.lettering[0],
            centre=(w / 2, quay - u * 0.10),
            width=min(w * 0.7, u * 0.62),
            height=u * 0.15,
            paint=palette.accent,
            ink=ink_for(palette.accent),
        )
    if stage.wants("birds"):
        subjects.birds(stage, (w * 0.5, quay - u * 0.6))
    if stormy:
        rain(stage, n=int(800 * w / u), colour=mix(palette.haze, (255, 255, 255), 0.4))
    if "snow" in stage.brief.weather:
        snowfall(stage, n=int(300 * w / u))


def _towers(
    stage: Stage, foot: float, *, tallest: float, width: float, colour: Colour, lit: float
) -> None:
    canvas, rng, palette, u = stage.canvas, stage.detail, stage.palette, stage.canvas.unit
    x = -width * rng.uniform(0, 1)
    bodies = canvas.stencil((0, foot - tallest * 1.7, canvas.width, foot))
    sides = canvas.stencil((0, foot - tallest * 1.7, canvas.width, foot))
    fronts: list[tuple[float, float, float]] = []
    while x < canvas.width:
        wide = width * rng.uniform(0.7, 1.7)
        # A city rises towards its middle.
        middle = 1 - abs((x + wide / 2) / canvas.width - 0.5) * 0.9
        tall = tallest * rng.beta(2.2, 2.6) * 1.5 * middle + u * 0.03
        top = foot - tall
        bodies.polygon(rect(x, top, x + wide, foot))
        cap = rng.random()
        if cap < 0.22:
            bodies.polygon(rect(x + wide * 0.2, top - wide * 0.35, x + wide * 0.8, top))
            bodies.line(
                [(x + wide * 0.5, top - wide * 0.95), (x + wide * 0.5, top)], max(1.0, u * 0.0022)
            )
        elif cap < 0.40:
            bodies.polygon([(x, top), (x + wide, top - wide * 0.45), (x + wide, top)])
        elif cap < 0.52:
            bodies.polygon(
                [(x + wide * 0.12, top), (x + wide * 0.5, top - wide * 1.3), (x + wide * 0.88, top)]
            )
        sides.polygon(rect(x + wide * 0.72, top, x + wide, foot))
        fronts.append((x, top, wide))
        x += wide * rng.uniform(0.86, 1.25)
    body = bodies.mask()
    canvas.lay(
        body,
        Fade(
            stops=(colour, mix(colour, palette.haze, 0.35)),
            start=foot - tallest,
            end=foot + u * 0.04,
        ),
    )
    canvas.lay(sides.mask().within(body), shift(colour, light=-0.05), opacity=0.55)
    if lit > 0:
        for x, top, wide in fronts:
            _windows(stage, x, top, wide, foot, lit=lit * rng.uniform(0.4, 1.5), colour=colour)


def _windows(
    stage: Stage, x: float, top: float, wide: float, foot: float, *, lit: float, colour: Colour
) -> None:
    canvas, rng, u = stage.canvas, stage.detail, stage.canvas.unit
    cell_w, cell_h = (
        max(4, round(u * rng.uniform(0.007, 0.011))),
        max(5, round(u * rng.uniform(0.009, 0.014))),
    )
    columns, rows = int((wide * 0.90) // cell_w), int((foot - top - u * 0.02) // cell_h)
    if columns < 2 or rows < 2:
        return
    pane = np.zeros((cell_h, cell_w), dtype=np.uint8)
    pane[cell_h // 4 : -max(1, cell_h // 4), cell_w // 4 : -max(1, cell_w // 5)] = 255
    strength = rng.uniform(0.45, 1.0, (rows, columns)) * (rng.random((rows, columns)) < lit)
    strength[:, rng.random(columns) < 0.12] = 0
    mask = np.kron((strength * 255).astype(np.uint8), np.ones_like(pane)) & np.tile(
        pane, (rows, columns)
    )
    day = stage.brief.hour not in (Hour.NIGHT, Hour.DUSK)
    lamp = (
        mix(colour, stage.palette.light, 0.6)
        if day
        else _LAMPS[int(rng.choice(4, p=[0.42, 0.3, 0.18, 0.1]))]
    )
    left = round(x + (wide - columns * cell_w) / 2)
    canvas.lay(Mask(image=Image.fromarray(mask), left=left, top=round(top + u * 0.008)), lamp)
