"""Indoors and close up: a table with fruit, flowers, a wall with something leaning on it."""

from __future__ import annotations

import numpy as np

from . import animals, subjects
from .brief import Hour
from .canvas import Fade, Point, rect
from .colour import Colour, Floats, lightness, mix, ramp, shift, tint
from .fields import enlarge, grid, noise, relief, shade, smooth_curve, smoothstep
from .lettering import board, ink_for
from .stage import Stage

_WALLS: tuple[Colour, ...] = (
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
        "wall", brief.colour_of.get("background", _WALLS[int(plan.integers(len(_WALLS)))])
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
        subjects.cup(stage, middle, u * 0.22, sun)
    elif stage.wants("bottle") and not brief.fruit:
        subjects.bottle(stage, middle, u * 0.27, sun)
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
    heap = [
        (-0.58, -0.12),
        (0.58, -0.12),
        (0.02, -0.20),
        (-0.32, -0.46),
        (0.34, -0.44),
        (0.0, -0.74),
        (-0.62, 0.06),
        (0.60, 0.06),
        (-0.02, 0.08),
    ]
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
    subjects.lathe(
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
    _vase(stage, base, u * 0.125, u * 0.29, sun)
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


def _vase(
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
    subjects.lathe(
        canvas,
        x=x,
        ys=(y - height + t * height).tolist(),
        radii=(smooth * radius).tolist(),
        colours=tones,
        sun=sun,
        gloss=0.6,
        lip=radius * 0.10,
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


def wall(stage: Stage) -> None:
    """A painted wall in the sun, a pavement, something leaning against it."""
    canvas, plan, brief = stage.canvas, stage.plan, stage.brief
    w, h, u = canvas.width, canvas.height, canvas.unit
    sun_left = bool(plan.random() < 0.5)
    paint = brief.colour_of.get("wall", _WALLS[int(plan.integers(len(_WALLS)))])
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
        subjects.bicycle(
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
