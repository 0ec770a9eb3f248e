"""Turned things: cups, bottles, vases, and the lathe that makes them."""

from __future__ import annotations

import numpy as np

from playground.emulator.drawing.canvas import Canvas, Fade
from playground.emulator.drawing.colour import Colour, mix, ramp, shift, tint
from playground.emulator.drawing.fields import enlarge, grid, shade, smooth_curve
from playground.emulator.drawing.stage import Stage
from playground.emulator.drawing.stencil import Point, rect


def lathe(
    canvas: Canvas, *, x: float, ys: list[float], radii: list[float], colours: tuple[Colour, ...],
    sun: tuple[float, float, float], gloss: float, bands: list[tuple[float, float, Colour]] | None = None, lip: float = 0.0,
) -> None:  # fmt: skip
    """
    A turned shape standing upright: tower, bowl, cup or vase.

    Args:
        canvas: Where it is painted.

        x: The axis.

        ys: Heights at which a radius is given, rising.

        radii: The radius at each height.

        colours: From shade to light.

        sun: Direction of the light (right, down, towards the eye).

        gloss: Strength of the highlight.

        bands: Stripes painted around it, (from y, to y, colour).

        lip: How far the open top bends towards the eye; 0 cuts it off level.
    """
    top, bottom, widest = ys[0], ys[-1], max(radii)
    box = (int(x - widest) - 1, int(top) - 1, int(x + widest) + 2, int(bottom) + 2)
    width, height = box[2] - box[0], box[3] - box[1]
    scale = min(1.0, (160_000 / max(1, width * height)) ** 0.5)
    cols, rows = max(2, round(width * scale)), max(2, round(height * scale))
    gx, gy = grid(cols, rows)
    py = gy / scale + box[1]
    radius = np.interp(py, ys, radii).astype(np.float32)
    nx = np.clip((gx / scale + box[0] - x) / np.maximum(radius, 1e-3), -1, 1)
    flare = -np.gradient(radius[:, 0], axis=0)[:, None] * scale
    ny = np.clip(flare * 0.6, -0.6, 0.6) * np.sqrt(np.clip(1 - nx * nx, 0, 1))
    light = shade(nx, np.broadcast_to(ny, nx.shape).astype(np.float32), sun=sun, gloss=gloss)
    paint = tint(light, ramp(colours))
    bow = lip * np.sqrt(np.clip(1 - nx * nx, 0, 1)) if lip else 0.0
    for low, high, colour in bands or []:
        band = tint(
            light, ramp((mix(colour, colours[0], 0.75), colour, mix(colour, colours[-1], 0.45)))
        )
        inside = np.broadcast_to((py - bow >= low) & (py - bow < high), nx.shape)
        paint[inside] = band[inside]
    profile = np.linspace(top, bottom, 80)
    r = np.interp(profile, ys, radii)
    outline = np.concatenate(
        [np.stack([x - r, profile], axis=1), np.stack([x + r, profile], axis=1)[::-1]]
    )
    if not lip:
        canvas.shape(outline, canvas.sheet(paint, box))
        return
    cut = canvas.stencil((box[0], box[1], box[2], box[3]))
    cut.polygon(outline)
    cut.disc(x, bottom, radii[-1], lip * 0.6)
    cut.disc(x, top, radii[0], lip, ink=0)
    canvas.lay(cut.mask(), canvas.sheet(paint, box))
    rim = canvas.stencil((x - widest, top - lip, x + widest, top + lip * 1.2))
    rim.disc(x, top, radii[0], lip)
    rim.disc(x, top - lip * 0.08, radii[0] * 0.96, lip * 0.92, ink=0)
    front = canvas.stencil((x - widest, top, x + widest, top + lip * 1.2))
    front.polygon(rect(x - widest, top, x + widest, top + lip * 1.2))
    canvas.lay(rim.mask().within(front.mask()), mix(colours[-1], colours[-2], 0.3))


def cup(stage: Stage, at: Point, size: float, sun: tuple[float, float, float]) -> None:
    """A cup on a saucer, steam rising."""
    canvas = stage.canvas
    x, y = at
    glaze = stage.brief.colour_of.get(
        "cup", stage.brief.colour_of.get("mug", mix((236, 230, 218), stage.palette.accent, 0.10))
    )
    dark = mix(glaze, (26, 22, 30), 0.7)
    foot = y + size * 0.85
    shadow = canvas.stencil((x - size * 3, foot - size, x + size * 3, foot + size))
    shadow.disc(x - np.sign(sun[0]) * size * 0.5, foot + size * 0.10, size * 1.7, size * 0.30)
    canvas.lay(shadow.mask().blurred(size * 0.10), (14, 12, 22), opacity=0.5)
    tones = (
        shift(glaze, light=-0.42),
        shift(glaze, light=-0.15),
        glaze,
        mix(glaze, (255, 255, 255), 0.6),
    )
    saucer = Fade(
        stops=(tones[3], tones[2], tones[1]) if sun[0] < 0 else (tones[1], tones[2], tones[3]),
        start=x - size * 1.4,
        end=x + size * 1.4,
        across=True,
    )
    canvas.disc(x, foot + size * 0.05, size * 1.38, tones[1], ry=size * 0.34)
    canvas.disc(x, foot, size * 1.38, saucer, ry=size * 0.33)
    canvas.disc(x, foot + size * 0.01, size * 0.80, tones[1], ry=size * 0.18, opacity=0.7)
    side = 1.0 if sun[0] < 0 else -1.0
    handle = smooth_curve(
        [
            (x + side * size * 0.80, y - size * 0.05),
            (x + side * size * 1.32, y - size * 0.02),
            (x + side * size * 1.18, y + size * 0.42),
            (x + side * size * 0.66, y + size * 0.50),
        ],
        closed=False,
    )
    canvas.lines([(handle, size * 0.16)], tones[1])
    canvas.lines([(handle - np.array([0, size * 0.025], dtype=np.float32), size * 0.08)], tones[2])
    t = np.linspace(0, 1, 24)
    profile = np.interp(t, [0, 0.35, 0.7, 0.92, 1.0], [0.92, 0.86, 0.68, 0.50, 0.46]) * size
    canvas.disc(x, y - size * 0.12, size * 0.92, tones[3], ry=size * 0.24)
    canvas.disc(x, y - size * 0.10, size * 0.885, dark, ry=size * 0.222)
    canvas.disc(
        x,
        y - size * 0.07,
        size * 0.84,
        Fade(stops=((58, 32, 20), (128, 78, 44)), start=y - size * 0.3, end=y + size * 0.2),
        ry=size * 0.19,
    )
    canvas.disc(
        x - size * 0.16, y - size * 0.05, size * 0.42, (206, 164, 116), ry=size * 0.08, opacity=0.55
    )
    lathe(
        canvas,
        x=x,
        ys=(y - size * 0.12 + t * size * 1.02).tolist(),
        radii=profile.tolist(),
        colours=tones,
        sun=sun,
        gloss=0.6,
        lip=size * 0.24,
    )
    for k in range(3):
        dx = (k - 1) * 0.30 * size
        wisp = smooth_curve(
            [
                (x + dx, y - size * 0.2),
                (x + dx + size * 0.16, y - size * 0.7),
                (x + dx - size * 0.14, y - size * 1.15),
                (x + dx + size * 0.10, y - size * 1.7),
            ],
            closed=False,
        )
        steam = canvas.stencil((x - size * 1.5, y - size * 2, x + size * 1.5, y))
        steam.line(wisp, size * 0.10)
        canvas.lay(steam.mask().blurred(size * 0.09), (255, 252, 246), opacity=0.34)


def bottle(stage: Stage, at: Point, size: float, sun: tuple[float, float, float]) -> None:
    """A tall bottle with a label."""
    canvas = stage.canvas
    x, y = at
    glass = stage.brief.colour_of.get("bottle", mix((34, 70, 58), stage.palette.accent, 0.15))
    tones = (
        shift(glass, light=-0.25),
        glass,
        shift(glass, light=0.10),
        mix(glass, (255, 255, 255), 0.8),
    )
    base = y + size * 0.62
    shadow = canvas.stencil((x - size * 3, base - size, x + size * 3, base + size))
    shadow.disc(x - np.sign(sun[0]) * size * 0.6, base, size * 1.0, size * 0.14)
    canvas.lay(shadow.mask().blurred(size * 0.08), (14, 12, 22), opacity=0.55)
    t = np.linspace(0, 1, 40)
    profile = (
        np.interp(
            t,
            [0, 0.03, 0.05, 0.28, 0.42, 0.50, 0.97, 1.0],
            [0.15, 0.15, 0.125, 0.13, 0.30, 0.345, 0.345, 0.33],
        )
        * size
    )
    top = base - size * 2.5
    label = stage.brief.colour_of.get("label", (240, 232, 214))
    ys = (top + t * size * 2.5).tolist()
    bands = [
        (top + size * 1.45, top + size * 2.12, label),
        (top, top + size * 0.34, mix(stage.palette.accent, (60, 20, 20), 0.4)),
    ]
    lathe(
        canvas,
        x=x,
        ys=ys,
        radii=profile.tolist(),
        colours=tones,
        sun=sun,
        gloss=1.0,
        bands=bands,
        lip=size * 0.05,
    )


def vase(
    stage: Stage, base: Point, radius: float, height: float, sun: tuple[float, float, float]
) -> None:
    canvas = stage.canvas
    x, y = base
    shadow = canvas.stencil((x - radius * 4, y - radius, x + radius * 4, y + radius))
    shadow.disc(x - np.sign(sun[0]) * radius * 0.7, y, radius * 1.5, radius * 0.26)
    canvas.lay(shadow.mask().blurred(radius * 0.16), (10, 10, 16), opacity=0.55)
    t = np.linspace(0, 1, 30)
    knots = np.interp(
        t, [0, 0.08, 0.2, 0.42, 0.66, 0.9, 1.0], [0.66, 0.58, 0.60, 0.92, 1.0, 0.72, 0.58]
    )
    glaze = stage.brief.colour_of.get("vase", mix((70, 108, 128), stage.palette.accent, 0.12))
    tones = (
        shift(glaze, light=-0.36),
        shift(glaze, light=-0.12),
        glaze,
        mix(glaze, (255, 255, 255), 0.65),
    )
    smooth = enlarge(enlarge(np.asarray(knots, dtype=np.float32)[None], 12, 1), 30, 1)[0]
    lathe(
        canvas,
        x=x,
        ys=(y - height + t * height).tolist(),
        radii=(smooth * radius).tolist(),
        colours=tones,
        sun=sun,
        gloss=0.6,
        lip=radius * 0.10,
    )
