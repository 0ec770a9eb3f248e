"""The things a prompt names, drawn as vectors into a scene."""

from __future__ import annotations

import numpy as np

from .brief import Hour
from .canvas import Canvas, Fade, Point, rect
from .colour import Colour, mix, ramp, shift, tint
from .fields import grid, shade, smooth_curve
from .stage import Stage


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


def lighthouse(stage: Stage, foot: Point, height: float) -> None:
    """A banded tower with its lantern lit, and a beam when it is dark enough."""
    canvas, palette = stage.canvas, stage.palette
    x, y = foot
    u = height
    lit_left = stage.detail.random() < 0.5
    if stage.brief.hour is not Hour.DAY or stage.brief.weather:
        _beam(stage, (x, y - u * 0.92), u, to_right=x < canvas.width / 2)
    stone = mix((246, 240, 228), palette.sky[2], 0.18)
    dark = mix(stone, palette.near, 0.72)
    band = stage.brief.colour_of.get("lighthouse", mix(palette.accent, (198, 52, 42), 0.55))
    sun = (-0.8 if x > canvas.width / 2 else 0.8, -0.2, 0.55)
    ys = [y - u * 0.82, y]
    lathe(
        canvas, x=x, ys=ys, radii=[u * 0.062, u * 0.105], colours=(dark, mix(dark, stone, 0.6), stone), sun=sun,
        gloss=0.0, bands=[(y - u * 0.66, y - u * 0.50, band), (y - u * 0.34, y - u * 0.18, band)],
    )  # fmt: skip
    for i, level in enumerate((0.58, 0.42, 0.26, 0.10)):
        wx = x + u * 0.02 * (-1) ** i
        canvas.shape(
            rect(wx - u * 0.009, y - u * level, wx + u * 0.009, y - u * (level - 0.035)),
            mix(palette.near, palette.accent, 0.1),
        )
    iron = mix(palette.near, (60, 50, 50), 0.3)
    canvas.shape(
        [
            (x - u * 0.088, y - u * 0.82),
            (x + u * 0.088, y - u * 0.82),
            (x + u * 0.07, y - u * 0.80),
            (x - u * 0.07, y - u * 0.80),
        ],
        iron,
    )
    rails = [
        ([(x + dx * u, y - u * 0.865), (x + dx * u, y - u * 0.82)], u * 0.005)
        for dx in np.linspace(-0.084, 0.084, 8).tolist()
    ]
    canvas.lines(
        [*rails, ([(x - u * 0.086, y - u * 0.865), (x + u * 0.086, y - u * 0.865)], u * 0.007)],
        iron,
    )
    glass = Fade(stops=((255, 252, 226), (255, 214, 120)), start=y - u * 0.94, end=y - u * 0.82)
    canvas.shape(
        rect(x - u * 0.046, y - u * 0.93, x + u * 0.046, y - u * 0.82),
        glass,
    )
    panes = [
        ([(x + dx * u, y - u * 0.93), (x + dx * u, y - u * 0.82)], u * 0.006)
        for dx in (-0.045, -0.016, 0.016, 0.045)
    ]
    canvas.lines(panes, iron)
    canvas.shape(
        smooth_curve(
            [
                (x - u * 0.062, y - u * 0.928),
                (x - u * 0.04, y - u * 0.965),
                (x, y - u * 1.0),
                (x + u * 0.04, y - u * 0.965),
                (x + u * 0.062, y - u * 0.928),
            ],
            closed=False,
        ),
        mix(band, iron, 0.35),
    )
    canvas.lines([([(x, y - u * 0.99), (x, y - u * 1.05)], u * 0.007)], iron)
    canvas.glow(x, y - u * 0.875, u * 0.34, (255, 236, 180), strength=0.85)
    hut = mix(stone, palette.near, 0.25)
    side = 1.0 if lit_left else -1.0
    hx = x + side * u * 0.2
    canvas.shape(
        rect(hx - u * 0.11, y - u * 0.10, hx + u * 0.11, y + u * 0.02),
        Fade(stops=(hut, mix(hut, palette.near, 0.5)), start=y - u * 0.1, end=y),
    )
    canvas.shape(
        [(hx - u * 0.13, y - u * 0.10), (hx, y - u * 0.185), (hx + u * 0.13, y - u * 0.10)],
        mix(band, palette.near, 0.55),
    )
    canvas.shape(
        rect(hx - u * 0.02, y - u * 0.075, hx + u * 0.02, y - u * 0.03),
        (255, 206, 120),
    )


def _beam(stage: Stage, lamp: Point, u: float, *, to_right: bool) -> None:
    canvas = stage.canvas
    x, y = lamp
    for way, length, opacity in (
        (1 if to_right else -1, 3.2, 0.62),
        (-1 if to_right else 1, 1.6, 0.30),
    ):
        far = x + way * u * length
        cone = canvas.stencil((min(x, far), y - u, max(x, far), y + u))
        cone.polygon(
            [
                (x, y + u * 0.03),
                (x, y + u * 0.06),
                (far, y + u * 0.36 * length / 3),
                (far, y - u * 0.30 * length / 3),
            ]
        )
        soft = cone.mask().blurred(u * 0.03)
        fall = np.linspace(1, 0, 64) ** 1.4 * 255 * opacity
        line = (fall if way > 0 else fall[::-1]).astype(np.uint8)
        canvas.lay(soft.toned(line), (255, 238, 186))


def boat(stage: Stage, at: Point, size: float) -> None:
    """A sailing boat and its reflection."""
    canvas, palette, s = stage.canvas, stage.palette, size
    x, y = at
    way = float(stage.plan.choice([-1.0, 1.0]))
    sail = mix(stage.brief.colour_of.get("sail", (250, 244, 230)), palette.light, 0.25)
    shadow = mix(sail, palette.sky[1], 0.5)
    hull = stage.brief.colour_of.get("boat", mix(palette.near, palette.accent, 0.35))

    def at_(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
        return [(x + way * px * s, y + py * s) for px, py in points]

    for k in range(7):
        half = s * (0.34 - 0.03 * k) * stage.detail.uniform(0.5, 1.0)
        canvas.disc(
            x + stage.detail.normal(0, 0.03) * s,
            y + s * (0.07 + 0.06 * k),
            half,
            mix(sail, palette.sky[1], 0.3),
            ry=s * 0.010,
            opacity=0.5 - 0.05 * k,
        )
    canvas.shape(
        smooth_curve(at_([(0.02, -1.0), (0.16, -0.62), (0.36, -0.12), (0.02, -0.10)]), closed=True),
        Fade(stops=(sail, shadow), start=x - s * 0.1 * way, end=x + s * 0.4 * way, across=True),
    )
    canvas.shape(
        at_([(-0.02, -0.92), (-0.30, -0.14), (-0.02, -0.10)]),
        Fade(stops=(shadow, sail), start=x - s * 0.35 * way, end=x + s * 0.05 * way, across=True),
    )
    canvas.lines(
        [(at_([(0.0, -1.04), (0.0, 0.0)]), s * 0.014)], mix(palette.near, (80, 60, 40), 0.4)
    )
    canvas.shape(
        smooth_curve(
            at_([(-0.44, -0.06), (0.0, -0.04), (0.46, -0.08), (0.36, 0.06), (-0.32, 0.07)]),
            closed=True,
        ),
        Fade(
            stops=(shift(hull, light=0.08), shift(hull, light=-0.12)),
            start=y - s * 0.08,
            end=y + s * 0.07,
        ),
    )


def birds(stage: Stage, at: Point) -> None:
    """A loose flock."""
    canvas, rng, u = stage.canvas, stage.detail, stage.canvas.unit
    strokes = []
    for _ in range(9):
        x, y = at[0] + rng.normal(0, 0.13) * u, at[1] + rng.normal(0, 0.06) * u
        s = u * rng.uniform(0.008, 0.022)
        lift = rng.uniform(0.25, 0.7)
        curve = smooth_curve(
            [
                (x - s, y - s * lift * 0.6),
                (x - s * 0.45, y - s * lift),
                (x, y),
                (x + s * 0.45, y - s * lift),
                (x + s, y - s * lift * 0.5),
            ],
            closed=False,
            per_span=5,
        )
        strokes.append((curve, max(1.0, s * 0.12)))
    canvas.lines(strokes, mix(stage.palette.near, stage.palette.sky[1], 0.15))


def walker(stage: Stage, foot: Point, size: float, *, glow: Colour) -> None:
    """Somebody under an umbrella, seen from behind, rimmed by the light ahead."""
    canvas, s = stage.canvas, size
    x, y = foot
    dark = mix(stage.palette.near, (10, 8, 18), 0.6)
    rim = mix(glow, (255, 255, 255), 0.35)

    def at(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
        return [(x + px * s, y + py * s) for px, py in points]

    coat = smooth_curve(
        at(
            [
                (-0.07, -0.70),
                (0.0, -0.74),
                (0.07, -0.70),
                (0.12, -0.45),
                (0.14, -0.18),
                (0.0, -0.14),
                (-0.14, -0.18),
                (-0.12, -0.45),
            ]
        ),
        closed=True,
    )
    canvas.glow(x, y, s * 0.35, dark, strength=0.8, ry=s * 0.06)
    for dx, paint in ((0.012, rim), (0.0, dark)):
        shifted = coat + np.array([dx * s, 0], dtype=np.float32)
        canvas.shape(shifted, paint)
    canvas.shape(at([(-0.075, -0.2), (-0.015, -0.2), (-0.025, 0.0), (-0.085, 0.0)]), dark)
    canvas.shape(at([(0.015, -0.2), (0.075, -0.2), (0.09, 0.01), (0.03, 0.01)]), dark)
    canvas.disc(x, y - s * 0.79, s * 0.055, dark)
    canopy = stage.brief.colour_of.get("umbrella", mix(glow, (20, 14, 30), 0.55))
    top = smooth_curve(
        at([(-0.36, -0.80), (-0.27, -0.97), (0.0, -1.08), (0.27, -0.97), (0.36, -0.80)]),
        closed=False,
    )
    scallop = []
    for k in range(4):
        a, b = 0.36 - 0.18 * k, 0.36 - 0.18 * (k + 1)
        scallop += [(a, -0.80), ((a + b) / 2, -0.845), (b, -0.80)]
    canvas.shape(
        np.concatenate([top, np.asarray(at(scallop), dtype=np.float32)]),
        Fade(stops=(mix(canopy, rim, 0.5), canopy, dark), start=y - s * 1.08, end=y - s * 0.74),
    )
    ribs = [
        (smooth_curve(at([(0, -1.08), (dx * 0.6, -0.99), (dx, -0.80)]), closed=False), s * 0.008)
        for dx in (-0.18, 0.0, 0.18)
    ]
    canvas.lines(ribs, dark, opacity=0.6)
    canvas.lines(
        [
            (at([(0, -1.13), (0, -1.06)]), s * 0.014),
            (at([(0.03, -0.82), (0.03, -0.55)]), s * 0.012),
        ],
        dark,
    )


def bicycle(stage: Stage, at: Point, size: float, *, sun_left: bool) -> None:
    """A bicycle seen from the side, leaning on what is behind it, with its shadow."""
    canvas, palette = stage.canvas, stage.palette
    frame = stage.brief.colour_of.get("bicycle", stage.brief.colour_of.get("bike", palette.accent))
    s = size / 2.0
    x, y = at
    r = s * 0.42
    back, front = (x - s * 0.56, y - r), (x + s * 0.56, y - r)

    def p(px: float, py: float) -> Point:
        return (x + px * s, y - py * s)

    crank, seat, head, fork = p(-0.10, 0.40), p(-0.24, 0.98), p(0.36, 1.06), p(0.40, 0.92)
    tubes = [
        ([seat, crank], 0.042),
        ([p(-0.22, 0.92), head], 0.042),
        ([crank, fork], 0.044),
        ([crank, back], 0.030),
        ([p(-0.22, 0.90), back], 0.024),
        ([head, fork, p(0.46, 0.70), front], 0.036),
    ]
    frame_lines = [(points, width * s) for points, width in tubes]
    steel = [
        ([seat, p(-0.27, 1.10)], 0.028),
        ([head, p(0.335, 1.18)], 0.030),
        ([p(0.335, 1.18), p(0.44, 1.21), p(0.50, 1.16)], 0.028),
    ]
    steel_lines = [(points, width * s) for points, width in steel]
    pad = s * 1.3
    box = (x - pad, y - s * 1.5, x + pad, y + s * 0.2)
    shadow = canvas.stencil(box)
    for wheel in (back, front):
        shadow.ring(*wheel, r * 0.95, s * 0.05)
        for k in range(14):
            a = k * np.pi / 7 + 0.1
            shadow.line(
                [wheel, (wheel[0] + r * 0.92 * np.cos(a), wheel[1] + r * 0.92 * np.sin(a))],
                s * 0.006,
            )
    for points, width in [*frame_lines, *steel_lines]:
        shadow.line(points, width)
    shadow.polygon(_saddle(x, y, s))
    cast = s * (0.20 if sun_left else -0.20)
    canvas.lay(shadow.mask().blurred(s * 0.012).moved(cast, s * 0.035), (24, 18, 36), opacity=0.50)
    ground = canvas.stencil((x - s * 1.4, y - s * 0.2, x + s * 1.4, y + s * 0.2))
    for wheel in (back, front):
        ground.disc(wheel[0] + cast * 0.4, y + s * 0.01, r * 0.62, s * 0.028)
    canvas.lay(ground.mask().blurred(s * 0.02), (16, 14, 24), opacity=0.6)
    for wheel in (back, front):
        _wheel(canvas, wheel, r, s)
    canvas.lines(steel_lines, (186, 190, 196))
    _guards_and_chain(stage, back, front, crank, r, s, frame)
    canvas.lines(frame_lines, shift(frame, light=-0.10))
    canvas.lines(
        [(np.asarray(pts) + (-s * 0.004, -s * 0.006), width * 0.62) for pts, width in frame_lines],
        frame,
    )
    canvas.lines(
        [(np.asarray(pts) + (-s * 0.006, -s * 0.012), width * 0.16) for pts, width in frame_lines],
        mix(frame, (255, 255, 255), 0.65),
        opacity=0.8,
    )
    leather = stage.brief.colour_of.get("saddle", (104, 62, 38))
    canvas.shape(
        _saddle(x, y, s),
        Fade(
            stops=(shift(leather, light=0.08), shift(leather, light=-0.10)),
            start=y - s * 1.16,
            end=y - s * 1.06,
        ),
    )
    canvas.lines([([p(0.44, 1.21), p(0.53, 1.13)], s * 0.040)], leather)
    canvas.disc(*p(0.40, 1.00), s * 0.035, (236, 236, 228))


def _saddle(x: float, y: float, s: float) -> list[Point]:
    curve = smooth_curve(
        [
            (-0.42, 1.13),
            (-0.36, 1.165),
            (-0.24, 1.145),
            (-0.08, 1.14),
            (-0.06, 1.115),
            (-0.22, 1.09),
            (-0.34, 1.07),
            (-0.42, 1.09),
        ],
        closed=True,
    )
    return [(x + px * s, y - py * s) for px, py in curve.tolist()]


def _wheel(canvas: Canvas, at: Point, r: float, s: float) -> None:
    box = (at[0] - r * 1.1, at[1] - r * 1.1, at[0] + r * 1.1, at[1] + r * 1.1)
    tyre, rim, spokes = canvas.stencil(box), canvas.stencil(box), canvas.stencil(box)
    tyre.ring(*at, r - s * 0.016, s * 0.034)
    rim.ring(*at, r - s * 0.042, s * 0.016)
    for k in range(28):
        a, twist = k * 2 * np.pi / 28, 0.35 * (-1) ** k
        hub = (at[0] + s * 0.026 * np.cos(a + twist), at[1] + s * 0.026 * np.sin(a + twist))
        spokes.line(
            [hub, (at[0] + (r - s * 0.04) * np.cos(a), at[1] + (r - s * 0.04) * np.sin(a))],
            max(0.8, s * 0.0042),
        )
    canvas.lay(spokes.mask(), (214, 216, 220), opacity=0.9)
    canvas.lay(rim.mask(), (208, 210, 214))
    canvas.lay(tyre.mask(), (34, 32, 36))
    canvas.disc(*at, s * 0.032, (150, 152, 158))
    canvas.disc(*at, s * 0.014, (60, 60, 66))


def _guards_and_chain(
    stage: Stage, back: Point, front: Point, crank: Point, r: float, s: float, frame: Colour
) -> None:
    canvas = stage.canvas
    arcs = []
    for wheel, a0, a1 in ((back, -2.9, -0.9), (front, -2.4, -0.35)):
        a = np.linspace(a0, a1, 40)
        arcs.append(
            (
                np.stack(
                    [
                        wheel[0] + (r + s * 0.022) * np.cos(a),
                        wheel[1] + (r + s * 0.022) * np.sin(a),
                    ],
                    axis=1,
                ),
                s * 0.020,
            )
        )
    canvas.lines(arcs, shift(frame, light=-0.05))
    chain = [
        ([(back[0], back[1] - s * 0.03), (crank[0], crank[1] - s * 0.088)], s * 0.010),
        ([(back[0], back[1] + s * 0.03), (crank[0], crank[1] + s * 0.088)], s * 0.010),
    ]
    canvas.lines(chain, (70, 66, 66))
    ring = canvas.stencil(
        (crank[0] - s * 0.2, crank[1] - s * 0.2, crank[0] + s * 0.2, crank[1] + s * 0.2)
    )
    ring.ring(*crank, s * 0.082, s * 0.022)
    for k in range(5):
        a = k * 2 * np.pi / 5 + 0.4
        ring.line(
            [crank, (crank[0] + s * 0.08 * np.cos(a), crank[1] + s * 0.08 * np.sin(a))], s * 0.014
        )
    canvas.lay(ring.mask(), (178, 180, 186))
    pedals = [
        ([crank, (crank[0] + s * 0.12, crank[1] + s * 0.11)], s * 0.020),
        ([crank, (crank[0] - s * 0.12, crank[1] - s * 0.11)], s * 0.020),
    ]
    canvas.lines(pedals, (150, 152, 158))
    for way in (1, -1):
        px, py = crank[0] + way * s * 0.12, crank[1] + way * s * 0.11
        canvas.lines([([(px - s * 0.05, py), (px + s * 0.05, py)], s * 0.030)], (40, 38, 42))


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


def balloons(stage: Stage, horizon: float) -> None:
    """Three hot-air balloons, the near one large."""
    canvas, u, rng = stage.canvas, stage.canvas.unit, stage.detail
    spots = ((0.66, 0.36, 0.105), (0.30, 0.22, 0.060), (0.50, 0.58, 0.034))
    for k, (fx, fy, size) in enumerate(spots):
        x, y, r = canvas.width * stage.about(fx, 0.03), horizon * fy, u * size
        base = stage.brief.colour_of.get(
            "balloon", (stage.palette.accent, (226, 178, 78), (74, 130, 150))[k]
        )
        _balloon(
            stage,
            x,
            y,
            r,
            (base, mix(base, (255, 248, 232), 0.75)),
            0.55 * k / 2,
            int(rng.integers(4, 7)),
        )


def _balloon(
    stage: Stage,
    x: float,
    y: float,
    r: float,
    colours: tuple[Colour, Colour],
    haze: float,
    gores: int,
) -> None:
    canvas = stage.canvas
    n = int(min(360, max(24, r * 2.2)))
    gx, gy = grid(n, round(n * 1.2))
    rows = gy.shape[0]
    py = gy / n * 2 - 1  # -1 at the crown, 1.4 at the mouth
    radius = np.where(
        py < 0.15,
        np.sqrt(np.clip(1 - py**2, 0, 1)),
        np.interp(py, [0.15, 0.5, 0.9, 1.3, 1.4], [0.99, 0.84, 0.52, 0.22, 0.18]),
    )
    nx = np.clip((gx / n * 2 - 1) / np.maximum(radius, 0.02), -1, 1).astype(np.float32)
    stripe = np.floor((np.arcsin(nx) / np.pi + 0.5) * gores * 2).astype(np.intp) % 2
    light = shade(
        nx * np.float32(0.95),
        np.broadcast_to((py * 0.6).astype(np.float32), nx.shape),
        sun=(0.6, -0.5, 0.6),
        gloss=0.2,
    )
    paint = np.empty((rows, n, 3), dtype=np.float32)
    for i, colour in enumerate(colours):
        tones = ramp(
            (
                shift(colour, light=-0.26),
                shift(colour, light=-0.06),
                colour,
                mix(colour, (255, 250, 236), 0.5),
            )
        )
        paint[stripe == i] = tint(light, tones)[stripe == i]
    paint += (np.asarray(stage.palette.haze, dtype=np.float32) - paint) * haze
    profile = np.linspace(-1, 1.4, 60)
    edge = (
        np.where(
            profile < 0.15,
            np.sqrt(np.clip(1 - profile**2, 0, 1)),
            np.interp(profile, [0.15, 0.5, 0.9, 1.3, 1.4], [0.99, 0.84, 0.52, 0.22, 0.18]),
        )
        * r
    )
    ys = y + profile * r
    outline = np.concatenate(
        [np.stack([x - edge, ys], axis=1), np.stack([x + edge, ys], axis=1)[::-1]]
    )
    box = (round(x - r), round(y - r), round(x - r) + round(2 * r), round(y - r) + round(2.4 * r))
    canvas.shape(outline, canvas.sheet(np.clip(paint, 0, 255).astype(np.uint8), box))
    rope = mix(stage.palette.near, stage.palette.haze, haze)
    canvas.lines(
        [
            (
                [(x + s * r * 0.17, y + r * 1.4), (x + s * r * 0.11, y + r * 1.72)],
                max(0.8, r * 0.012),
            )
            for s in (-1, 0, 1)
        ],
        rope,
    )
    canvas.shape(
        [
            (x - r * 0.13, y + r * 1.70),
            (x + r * 0.13, y + r * 1.70),
            (x + r * 0.10, y + r * 1.92),
            (x - r * 0.10, y + r * 1.92),
        ],
        mix((120, 78, 46), rope, haze),
    )


def cabin(stage: Stage, at: Point, size: float) -> None:
    """A cabin with a light in the window and smoke over the chimney."""
    canvas, palette, s = stage.canvas, stage.palette, size
    x, y = at
    wood = stage.brief.colour_of.get(
        "cabin", stage.brief.colour_of.get("house", mix((112, 70, 46), palette.near, 0.35))
    )

    def p(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
        return [(x + px * s, y - py * s) for px, py in points]

    mound = smooth_curve(
        p([(-2.2, -0.6), (-1.3, -0.06), (0.0, 0.02), (1.3, -0.06), (2.2, -0.6), (0.0, -1.4)]),
        closed=True,
    )
    canvas.shape(mound, mix(palette.near, palette.ground, 0.18))
    smoke = canvas.stencil((x - s, y - s * 3, x + s * 1.6, y))
    smoke.line(
        smooth_curve(p([(0.42, 1.12), (0.50, 1.45), (0.40, 1.8), (0.62, 2.3)]), closed=False),
        s * 0.14,
    )
    canvas.lay(
        smoke.mask().blurred(s * 0.10), mix(palette.haze, (255, 255, 255), 0.3), opacity=0.45
    )
    canvas.shape(
        p(rect(-0.75, 0.0, 0.75, 0.55)),
        Fade(stops=(wood, shift(wood, light=-0.08)), start=y - s * 0.55, end=y),
    )
    canvas.lines(
        [(p([(-0.75, k * 0.09), (0.75, k * 0.09)]), s * 0.010) for k in range(1, 6)],
        shift(wood, light=-0.10),
        opacity=0.7,
    )
    canvas.shape(p(rect(0.34, 0.7, 0.50, 1.14)), shift(wood, light=-0.12))
    roof = (
        (236, 240, 248) if "snow" in stage.brief.weather else mix((60, 44, 44), palette.near, 0.4)
    )
    canvas.shape(
        p([(-0.92, 0.52), (0.92, 0.52), (0.52, 1.0), (-0.52, 1.0)]),
        Fade(stops=(shift(roof, light=0.06), roof), start=y - s, end=y - s * 0.5),
    )
    lamp = (255, 206, 120)
    for wx in (-0.45, 0.30):
        canvas.glow(x + (wx + 0.1) * s, y - s * 0.30, s * 0.5, lamp, strength=0.5)
        canvas.shape(p(rect(wx, 0.18, wx + 0.24, 0.42)), lamp)
        canvas.lines(
            [
                (p([(wx + 0.12, 0.18), (wx + 0.12, 0.42)]), s * 0.02),
                (p([(wx, 0.30), (wx + 0.24, 0.30)]), s * 0.02),
            ],
            shift(wood, light=-0.15),
        )
    canvas.shape(p(rect(-0.10, 0.0, 0.12, 0.42)), shift(wood, light=-0.16))
