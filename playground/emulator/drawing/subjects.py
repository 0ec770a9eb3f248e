"""The things a prompt names out of doors, drawn as vectors into a scene."""

from __future__ import annotations

import numpy as np

from playground.emulator.drawing.brief import Hour
from playground.emulator.drawing.canvas import Fade
from playground.emulator.drawing.colour import Colour, mix, ramp, shift, tint
from playground.emulator.drawing.fields import grid, shade, smooth_curve
from playground.emulator.drawing.stage import Stage
from playground.emulator.drawing.stencil import Point, around, points, rect
from playground.emulator.drawing.vessels import lathe


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
        around(x, y, u, "-.088,-.82 .088,-.82 .07,-.8 -.07,-.8"),
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
            around(x, y, u, "-.062,-.928 -.04,-.965 0,-1 .04,-.965 .062,-.928"),
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
        smooth_curve(at_(points(".02,-1 .16,-.62 .36,-.12 .02,-.1")), closed=True),
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
            at_(points("-.44,-.06 0,-.04 .46,-.08 .36,.06 -.32,.07")),
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
        at(points("-.07,-.7 0,-.74 .07,-.7 .12,-.45 .14,-.18 0,-.14 -.14,-.18 -.12,-.45")),
        closed=True,
    )
    canvas.glow(x, y, s * 0.35, dark, strength=0.8, ry=s * 0.06)
    for dx, paint in ((0.012, rim), (0.0, dark)):
        shifted = coat + np.array([dx * s, 0], dtype=np.float32)
        canvas.shape(shifted, paint)
    canvas.shape(at(points("-.075,-.2 -.015,-.2 -.025,0 -.085,0")), dark)
    canvas.shape(at(points(".015,-.2 .075,-.2 .09,.01 .03,.01")), dark)
    canvas.disc(x, y - s * 0.79, s * 0.055, dark)
    canopy = stage.brief.colour_of.get("umbrella", mix(glow, (20, 14, 30), 0.55))
    top = smooth_curve(
        at(points("-.36,-.8 -.27,-.97 0,-1.08 .27,-.97 .36,-.8")),
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
        around(x, y, r, "-.13,1.7 .13,1.7 .1,1.92 -.1,1.92"),
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
        p(points("-2.2,-.6 -1.3,-.06 0,.02 1.3,-.06 2.2,-.6 0,-1.4")),
        closed=True,
    )
    canvas.shape(mound, mix(palette.near, palette.ground, 0.18))
    smoke = canvas.stencil((x - s, y - s * 3, x + s * 1.6, y))
    smoke.line(
        smooth_curve(p(points(".42,1.12 .5,1.45 .4,1.8 .62,2.3")), closed=False),
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
        p(points("-.92,.52 .92,.52 .52,1 -.52,1")),
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
