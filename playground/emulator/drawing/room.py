"""Indoors: a lit wall, a laid table, fruit in a bowl."""

from __future__ import annotations

import numpy as np

from playground.emulator.drawing import vessels
from playground.emulator.drawing.brief import Hour
from playground.emulator.drawing.colour import Colour, mix, ramp, shift, tint
from playground.emulator.drawing.fields import grid, noise, relief, shade, smoothstep
from playground.emulator.drawing.lettering import board, ink_for
from playground.emulator.drawing.stage import Stage
from playground.emulator.drawing.stencil import Point, points

WALLS: tuple[Colour, ...] = (
    (196, 180, 158),
    (122, 138, 134),
    (92, 74, 70),
    (206, 196, 180),
    (70, 84, 96),
    (168, 120, 96),
)


_FRUIT: dict[str, Colour] = {
    "orange": (240, 140, 32), "apple": (196, 44, 40), "lemon": (246, 212, 64), "pear": (188, 190, 84),
    "peach": (246, 168, 122), "lime": (134, 178, 54), "plum": (96, 48, 92),
}  # fmt: skip


def backdrop(stage: Stage, colour: Colour, *, sun_left: bool, bottom: float) -> None:
    """A plaster wall, lit from one side."""
    canvas = stage.canvas
    box = (0, 0, canvas.width, int(bottom))
    width, height = canvas.soft_size(box)
    x, y = grid(width, height)
    plaster = noise(stage.detail, width, height, cells=3, octaves=7, gain=0.6)
    trowel = relief(
        noise(stage.detail, width, height, cells=9, octaves=5, gain=0.6),
        sun=(1 if sun_left else -1, 0.5),
        depth=0.03 * height,
    )
    across = x / width if sun_left else 1 - x / width
    light = np.clip(1.02 - 0.62 * across - 0.22 * np.abs(y / height - 0.4), 0, 1)
    tone = light * 0.72 + (plaster - 0.5) * 0.13 + (trowel - 0.5) * 0.16 + 0.08
    table = ramp(
        (
            shift(colour, light=-0.30),
            shift(colour, light=-0.10),
            colour,
            mix(colour, (255, 248, 230), 0.45),
        )
    )
    canvas.cover(tint(np.asarray(tone, dtype=np.float32), table), box)


def ball(
    stage: Stage,
    at: Point,
    radius: float,
    colour: Colour,
    *,
    sun: tuple[float, float, float],
    pores: float,
) -> None:
    """A round fruit: shaded, freckled, with a little green at the stem."""
    canvas = stage.canvas
    n = int(min(420, max(12, radius * 2)))
    gx, gy = grid(n, n)
    nx, ny = np.broadcast_arrays(gx / n * 2 - 1, gy / n * 2 - 1)
    skin = noise(stage.detail, n, n, cells=26, octaves=2)
    bx = np.clip(nx * 0.999 + (skin - 0.5) * pores, -0.99, 0.99)
    by = np.clip(ny * 0.999 + (skin[::-1] - 0.5) * pores, -0.99, 0.99)
    light = shade(
        np.asarray(bx, dtype=np.float32), np.asarray(by, dtype=np.float32), sun=sun, gloss=0.55
    )
    table = ramp(
        (
            shift(colour, light=-0.36, chroma=0.9),
            shift(colour, light=-0.16),
            colour,
            mix(colour, (255, 236, 190), 0.5),
            (255, 250, 236),
        ),
        at=(0, 0.3, 0.62, 0.92, 1.25),
    )
    x, y = at
    box = (
        int(x - radius),
        int(y - radius),
        int(x - radius) + round(radius * 2),
        int(y - radius) + round(radius * 2),
    )
    canvas.disc(x, y, radius, canvas.sheet(tint(light, table), box))
    sx, sy = x + radius * 0.18 * np.sign(sun[0]), y - radius * 0.72
    canvas.disc(sx, sy, radius * 0.11, shift(colour, light=-0.22), ry=radius * 0.055)
    canvas.disc(sx, sy, radius * 0.055, (74, 84, 40), ry=radius * 0.035)


def leaf(stage: Stage, root: Point, tip: Point, width: float, colour: Colour) -> None:
    """A leaf with a light and a dark half and its veins."""
    canvas = stage.canvas
    a, b = np.asarray(root, dtype=np.float32), np.asarray(tip, dtype=np.float32)
    along = b - a
    length = float(np.hypot(*along)) or 1.0
    across = np.array([-along[1], along[0]], dtype=np.float32) / length * width
    t = np.linspace(0, 1, 22, dtype=np.float32)[:, None]
    bow = np.sin(np.pi * t) * 0.14 * across
    middle = a + along * t + bow
    belly = np.sin(np.pi * t**0.82) * across
    canvas.shape(np.concatenate([middle, (middle + belly)[::-1]]), shift(colour, light=0.045))
    canvas.shape(np.concatenate([middle, (middle - belly)[::-1]]), shift(colour, light=-0.05))
    veins = [
        (np.stack([middle[i], middle[i + 3] + s * belly[i + 3] * 0.82]), length * 0.006)
        for i in range(3, 17, 3)
        for s in (1, -1)
    ]
    canvas.lines(
        [(middle, length * 0.014), *veins], mix(colour, (236, 240, 200), 0.4), opacity=0.75
    )


def table(stage: Stage) -> None:
    """A still life: cloth, bowl and fruit in the light of a window."""
    canvas, palette, plan, brief = stage.canvas, stage.palette, stage.plan, stage.brief
    w, h, u = canvas.width, canvas.height, canvas.unit
    sun_left = bool(plan.random() < 0.5)
    sun = (-0.62 if sun_left else 0.62, -0.62, 0.55)
    edge = h * plan.uniform(0.56, 0.62)
    wall = brief.colour_of.get(
        "wall", brief.colour_of.get("background", WALLS[int(plan.integers(len(WALLS)))])
    )
    if brief.hour is Hour.NIGHT:
        wall = shift(wall, light=-0.22)
    backdrop(stage, wall, sun_left=sun_left, bottom=edge + 2)
    _window_light(stage, sun_left, edge)
    cloth = next(
        (
            brief.colour_of[n]
            for n in ("tablecloth", "cloth", "table", "linen")
            if n in brief.colour_of
        ),
        mix((226, 214, 194), palette.accent, 0.08),
    )
    _cloth(stage, edge, cloth, sun_left)
    middle = (w * stage.about(0.5, 0.02), edge + (h - edge) * 0.20)
    if stage.wants("cup") and not brief.fruit:
        vessels.cup(stage, middle, u * 0.22, sun)
    elif stage.wants("bottle") and not brief.fruit:
        vessels.bottle(stage, middle, u * 0.27, sun)
    else:
        _fruit_bowl(stage, middle, u * 0.25, sun)
    if brief.lettering:
        board(
            canvas,
            brief.lettering[0],
            centre=(w / 2, edge * 0.30),
            width=min(w * 0.66, u * 0.6),
            height=min(edge * 0.3, u * 0.16),
            paint=mix(cloth, (250, 244, 232), 0.5),
            ink=ink_for(mix(cloth, (250, 244, 232), 0.5)),
        )


def _window_light(stage: Stage, sun_left: bool, edge: float) -> None:
    """The bright panes a window throws on the wall."""
    canvas, u = stage.canvas, stage.canvas.unit
    stencil = canvas.stencil((0, 0, canvas.width, edge))
    x0 = canvas.width * (0.60 if sun_left else 0.40) - u * 0.24
    slant = u * (0.16 if sun_left else -0.16)
    for row in range(3):
        for col in range(2):
            left, top = x0 + col * u * 0.25 + slant * row * 0.55, edge - u * (0.58 - 0.19 * row)
            stencil.polygon(
                [
                    (left, top),
                    (left + u * 0.22, top + u * 0.02),
                    (left + u * 0.22 + slant * 0.5, top + u * 0.185),
                    (left + slant * 0.5, top + u * 0.165),
                ]
            )
    canvas.lay(
        stencil.mask().blurred(u * 0.012),
        mix(stage.palette.light, (255, 250, 236), 0.4),
        opacity=0.34,
    )


def _cloth(stage: Stage, edge: float, colour: Colour, sun_left: bool) -> None:
    """The tablecloth: woven stripes in perspective, soft folds, light from the window."""
    canvas = stage.canvas
    box = (0, int(edge), canvas.width, canvas.height)
    width, height = canvas.soft_size(box)
    x, y = grid(width, height)
    near = y / height
    depth = 1 / (near + 0.55)
    folds = noise(stage.detail, width, height, cells=2.2, octaves=3, stretch=0.7)
    creased = relief(folds, sun=(1 if sun_left else -1, 0.8), depth=0.16 * height)
    u = (x - width / 2) / min(width, height * 1.8) * depth * 1.6 + (folds - 0.5) * 0.12
    v = depth * 3.4 + (folds - 0.5) * 0.20
    check = (
        smoothstep(-0.12, 0.12, np.asarray(np.sin(u * 21), dtype=np.float32))
        + smoothstep(-0.12, 0.12, np.asarray(np.sin(v * 13), dtype=np.float32))
    ) / 2
    weave = np.sin(u * 420) * np.sin(v * 330) * 0.035
    across = x / width if sun_left else 1 - x / width
    tone = 0.30 + 0.26 * check + 0.55 * (creased - 0.5) + 0.22 * (1 - across) - 0.10 * near + weave
    pale = mix(colour, (255, 252, 244), 0.62)
    paint = tint(
        np.asarray(tone, dtype=np.float32),
        ramp(
            (shift(colour, light=-0.24), shift(colour, light=-0.05), colour, pale),
            at=(0.0, 0.28, 0.5, 0.92),
        ),
    )
    canvas.cover(paint, box)
    canvas.veil(
        shift(colour, light=-0.3), [(edge - 3, 0.0), (edge, 0.45), (edge + canvas.unit * 0.05, 0.0)]
    )


def _fruit_bowl(stage: Stage, at: Point, radius: float, sun: tuple[float, float, float]) -> None:
    canvas, brief, rng = stage.canvas, stage.brief, stage.detail
    x, y = at
    names = brief.fruit or ("orange", "apple", "lemon")
    colours = [brief.colour_of.get(n, _FRUIT[n]) for n in names]
    bowl = brief.colour_of.get("bowl", mix((232, 226, 214), stage.palette.accent, 0.12))
    lean = -np.sign(sun[0])
    foot = y + radius * 0.62
    for dx, spread, opacity in ((0.55, 1.35, 0.40), (0.22, 0.95, 0.45)):
        shadow = canvas.stencil((x - radius * 2.4, foot - radius, x + radius * 2.4, foot + radius))
        shadow.disc(x + lean * radius * dx, foot + radius * 0.02, radius * spread, radius * 0.20)
        canvas.lay(shadow.mask().blurred(radius * 0.10), (14, 12, 22), opacity=opacity)
    inner = mix(bowl, (30, 24, 30), 0.62)
    canvas.disc(x, y - radius * 0.05, radius, mix(bowl, (255, 255, 255), 0.3), ry=radius * 0.24)
    canvas.disc(x, y - radius * 0.03, radius * 0.965, inner, ry=radius * 0.225)
    size = radius * 0.36
    heap = points("-.58,-.12 .58,-.12 .02,-.2 -.32,-.46 .34,-.44 0,-.74 -.62,.06 .6,.06 -.02,.08")
    for i, (dx, dy) in enumerate(heap):
        spot = (
            x + (dx + rng.normal(0, 0.03)) * radius,
            y + (dy + rng.normal(0, 0.02)) * radius - radius * 0.08,
        )
        colour = shift(
            colours[i % len(colours)],
            turn=float(rng.normal(0, 0.05)),
            light=float(rng.normal(0, 0.015)),
        )
        canvas.glow(
            spot[0],
            spot[1] + size * 0.35,
            size * 1.35,
            mix(colour, (20, 10, 20), 0.8),
            strength=0.55,
        )
        ball(stage, spot, size * rng.uniform(0.93, 1.05), colour, sun=sun, pores=0.16)
        if i in (3, 5):
            tip = (spot[0] + size * 1.0 * (-1) ** i, spot[1] - size * 1.25)
            leaf(
                stage,
                (spot[0] + size * 0.1, spot[1] - size * 0.74),
                tip,
                size * 0.30,
                (86, 122, 58),
            )
    t = np.linspace(0, 1, 18)
    profile = (np.sqrt(np.clip(1 - t**2.2, 0, 1)) * 0.80 + 0.20 * (1 - t)) * radius
    profile = np.maximum(profile, radius * 0.34)
    ys = (y - radius * 0.05 + t * radius * 0.70).tolist()
    tones = (
        shift(bowl, light=-0.42),
        shift(bowl, light=-0.16),
        bowl,
        mix(bowl, (255, 255, 255), 0.6),
    )
    glaze = (
        mix(stage.palette.accent, (40, 70, 120), 0.5) if not brief.colours else brief.colours[-1]
    )
    bands = [
        (ys[0] + radius * 0.16, ys[0] + radius * 0.20, glaze),
        (ys[0] + radius * 0.24, ys[0] + radius * 0.26, glaze),
    ]
    vessels.lathe(
        canvas,
        x=x,
        ys=ys,
        radii=profile.tolist(),
        colours=tones,
        sun=sun,
        gloss=0.5,
        bands=bands,
        lip=radius * 0.24,
    )
    for side, dist in ((1, 1.62), (-1, 1.50)):
        spot = (
            x + side * radius * dist * stage.about(1.0, 0.05),
            foot - size * 0.55 + radius * 0.10 * side,
        )
        shadow = canvas.stencil(
            (spot[0] - size * 3, spot[1] - size, spot[0] + size * 3, spot[1] + size * 2)
        )
        shadow.disc(spot[0] + lean * size * 0.55, spot[1] + size * 0.86, size * 1.15, size * 0.24)
        canvas.lay(shadow.mask().blurred(size * 0.14), (14, 12, 22), opacity=0.5)
        ball(stage, spot, size, colours[(side + 1) // 2 % len(colours)], sun=sun, pores=0.16)
