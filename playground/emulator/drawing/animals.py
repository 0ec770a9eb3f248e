"""A cat and a fox, sitting, and the fur they are drawn with."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .brief import Hour
from .canvas import Fade, Mask, Stencil
from .colour import Colour, Floats, lightness, mix, shift
from .fields import smooth_curve
from .stage import Stage

Outline = list[tuple[float, float]]

# Outlines in units of the animal's height: it looks to the right, its feet stand on y = 0, y is up.
_CAT_BODY: Outline = [
    (0.05, 0.76),
    (-0.10, 0.62),
    (-0.23, 0.42),
    (-0.31, 0.20),
    (-0.30, 0.04),
    (-0.16, 0.0),
    (0.12, 0.0),
    (0.27, 0.0),
    (0.29, 0.035),
    (0.22, 0.07),
    (0.195, 0.26),
    (0.24, 0.46),
    (0.27, 0.60),
    (0.26, 0.70),
]
_CAT_HEAD: Outline = [
    (0.03, 0.80),
    (0.05, 0.88),
    (0.12, 0.935),
    (0.21, 0.935),
    (0.285, 0.885),
    (0.315, 0.825),
    (0.345, 0.785),
    (0.325, 0.745),
    (0.27, 0.715),
    (0.17, 0.685),
    (0.07, 0.705),
]
_CAT_EARS: tuple[Outline, ...] = (
    [(0.045, 0.86), (0.035, 0.955), (0.045, 1.035), (0.095, 0.985), (0.15, 0.93)],
    [(0.185, 0.93), (0.225, 0.99), (0.275, 1.03), (0.287, 0.95), (0.285, 0.87)],
)
_FOX_BODY: Outline = [
    (0.0, 0.74),
    (-0.13, 0.60),
    (-0.23, 0.40),
    (-0.30, 0.20),
    (-0.29, 0.05),
    (-0.18, 0.0),
    (0.10, 0.0),
    (0.23, 0.0),
    (0.255, 0.03),
    (0.19, 0.06),
    (0.165, 0.26),
    (0.215, 0.42),
    (0.255, 0.56),
    (0.23, 0.68),
]
_FOX_HEAD: Outline = [
    (-0.03, 0.80),
    (0.0, 0.89),
    (0.10, 0.945),
    (0.20, 0.925),
    (0.275, 0.865),
    (0.36, 0.825),
    (0.465, 0.775),
    (0.47, 0.745),
    (0.40, 0.725),
    (0.29, 0.70),
    (0.20, 0.645),
    (0.08, 0.625),
    (-0.03, 0.69),
]
_FOX_EARS: tuple[Outline, ...] = (
    [(-0.02, 0.86), (-0.045, 0.97), (-0.04, 1.075), (0.03, 1.01), (0.10, 0.92)],
    [(0.11, 0.93), (0.13, 1.01), (0.185, 1.085), (0.225, 0.99), (0.235, 0.88)],
)
_FOX_TAIL: Outline = [
    (-0.20, 0.10),
    (-0.40, 0.17),
    (-0.55, 0.27),
    (-0.70, 0.44),
    (-0.86, 0.60),
    (-0.95, 0.56),
    (-0.97, 0.40),
    (-0.89, 0.20),
    (-0.70, 0.03),
    (-0.44, -0.03),
    (-0.20, 0.0),
]


class _Beast:
    """Turns outlines into picture coordinates and paints them with fur."""

    def __init__(self, stage: Stage, x: float, foot: float, size: float, way: float) -> None:
        self.stage, self.canvas, self.size, self.way = stage, stage.canvas, size, way
        self.x, self.foot = x, foot

    def at(self, points: Outline) -> Outline:
        return [
            (self.x + self.way * px * self.size, self.foot - py * self.size) for px, py in points
        ]

    def curve(self, points: Outline) -> Floats:
        return smooth_curve(self.at(points), closed=True)

    def stencil(self) -> Stencil:
        s = self.size
        return self.canvas.stencil(
            (self.x - s * 1.2, self.foot - s * 1.25, self.x + s * 1.2, self.foot + s * 0.12)
        )

    def patch(
        self,
        points: Outline,
        colour: Colour | Fade,
        inside: Mask | None = None,
        *,
        fur: float = 0.0,
    ) -> None:
        cut = self.stencil()
        line = self.curve(points)
        cut.polygon(line)
        if fur:
            self.fringe(cut, line, fur)
        mask = cut.mask()
        self.canvas.lay(mask.within(inside) if inside else mask, colour)

    def fringe(self, cut: Stencil, line: Floats, length: float) -> None:
        """Tufts standing out of an outline."""
        rng, s = self.stage.detail, self.size
        middle = line.mean(axis=0)
        for x, y in line[:: max(1, len(line) // 90)].tolist():
            out = np.array([x - middle[0], y - middle[1]])
            out = out / (np.hypot(*out) + 1e-6)
            lean = np.array([-0.35 * self.way, 0.75])
            tip = out * 0.6 + lean * 0.7 + rng.normal(0, 0.18, 2)
            reach = s * length * rng.uniform(0.5, 1.3)
            side = np.array([-tip[1], tip[0]]) * s * 0.010
            cut.polygon(
                [
                    (x - side[0] - out[0] * s * 0.01, y - side[1] - out[1] * s * 0.01),
                    (x + side[0] - out[0] * s * 0.01, y + side[1] - out[1] * s * 0.01),
                    (x + tip[0] * reach, y + tip[1] * reach),
                ]
            )

    def strokes(self, inside: Mask, colour: Colour, n: int, opacity: float) -> None:
        """Hair lying along the body, on whatever the mask allows."""
        rng, s = self.stage.detail, self.size
        cut = self.stencil()
        x = self.x + self.way * rng.uniform(-0.95, 0.45, n) * s
        y = self.foot - rng.uniform(0.0, 1.0, n) * s
        lean, long = rng.normal(0, 0.25, n), rng.uniform(0.03, 0.075, n) * s
        ends = np.stack([x, y, x - self.way * (0.45 + lean) * long, y + long], axis=1)
        cut.segments(ends.reshape(-1, 2, 2), s * 0.005)
        self.canvas.lay(cut.mask().within(inside), colour, opacity=opacity)


def creature(
    stage: Stage, *, ground: Callable[[float], float], size: float, x: float | None = None
) -> None:
    """The animal the prompt names, if it is one of the two, sitting on the ground at x."""
    for name, paint in (("cat", _cat), ("fox", _fox)):
        if stage.wants(name):
            at = x if x is not None else stage.canvas.width * stage.about(0.5, 0.04)
            way = (
                1.0 if at < stage.canvas.width * 0.5 or stage.plan_of(name).random() < 0.3 else -1.0
            )
            paint(_Beast(stage, at, ground(at), size, way))
            return


def _contact(beast: _Beast) -> None:
    s = beast.size
    cut = beast.canvas.stencil(
        (beast.x - s * 1.3, beast.foot - s * 0.2, beast.x + s * 1.3, beast.foot + s * 0.25)
    )
    cut.disc(beast.x - beast.way * s * 0.1, beast.foot + s * 0.005, s * 0.52, s * 0.055)
    beast.canvas.lay(cut.mask().blurred(s * 0.03), (10, 12, 24), opacity=0.5)


def _rim(beast: _Beast, body: Mask, light: Colour, strength: float) -> None:
    """Light along the edge that faces the brighter side."""
    s = beast.size
    edge = body.without(body.moved(-beast.way * s * 0.022, s * 0.020))
    beast.canvas.lay(edge.blurred(s * 0.006).within(body), light, opacity=strength)


def _cat(beast: _Beast) -> None:
    stage, palette, s = beast.stage, beast.stage.palette, beast.size
    coat = stage.brief.colour_of.get("cat", stage.brief.colour_of.get("kitten", (74, 68, 76)))
    night = stage.brief.hour is Hour.NIGHT
    shade = mix(shift(coat, light=-0.20), palette.sky[2], 0.35 if night else 0.20)
    lit = mix(coat, palette.light, 0.22)
    _contact(beast)
    whole = beast.stencil()
    tail = smooth_curve(
        beast.at(
            [
                (-0.22, 0.05),
                (-0.42, 0.03),
                (-0.60, 0.08),
                (-0.66, 0.22),
                (-0.58, 0.34),
                (-0.50, 0.33),
            ]
        ),
        closed=False,
    )
    whole.line(tail, s * 0.085)
    for part in (_CAT_BODY, _CAT_HEAD, *_CAT_EARS):
        whole.polygon(beast.curve(part))
    beast.fringe(whole, beast.curve(_CAT_BODY), 0.030)
    beast.fringe(whole, beast.curve(_CAT_HEAD), 0.018)
    body = whole.mask()
    ends = (beast.x - beast.way * s * 0.5, beast.x + beast.way * s * 0.4)
    beast.canvas.lay(
        body,
        Fade(stops=(shade, mix(shade, coat, 0.55), lit), start=ends[0], end=ends[1], across=True),
    )
    haunch = [(-0.27, 0.10), (-0.20, 0.32), (-0.04, 0.36), (0.06, 0.22), (0.04, 0.05), (-0.10, 0.0)]
    beast.patch(
        haunch,
        Fade(
            stops=(mix(shade, coat, 0.15), mix(coat, shade, 0.25)),
            start=ends[0],
            end=ends[1],
            across=True,
        ),
        body,
        fur=0.02,
    )
    beast.patch([(0.13, 0.0), (0.12, 0.24), (0.15, 0.40), (0.135, 0.24), (0.15, 0.0)], shade, body)
    beast.patch(
        [(0.10, 0.70), (0.17, 0.66), (0.26, 0.68), (0.26, 0.58), (0.18, 0.52), (0.12, 0.60)],
        mix(lit, (255, 255, 255), 0.25 if lightness(coat) > 0.5 else 0.05),
        body,
        fur=0.03,
    )
    beast.strokes(body, shift(shade, light=-0.05), 420, 0.35)
    beast.strokes(body, lit, 420, 0.45)
    for ear in _CAT_EARS:
        cx, cy = np.mean(ear, axis=0).tolist()
        beast.patch(
            [(cx + (px - cx) * 0.52, cy + (py - cy) * 0.60 - 0.012) for px, py in ear],
            mix((226, 150, 148), shade, 0.35),
            body,
        )
    _cat_face(beast, coat)
    _rim(beast, body, mix(palette.light, (255, 255, 255), 0.4), 0.9)


def _cat_face(beast: _Beast, coat: Colour) -> None:
    s, canvas = beast.size, beast.canvas
    for ex, ey, r in ((0.225, 0.825, 0.027), (0.293, 0.828, 0.019)):
        x, y = beast.at([(ex, ey)])[0]
        canvas.disc(x, y, r * s * 1.15, (28, 22, 26), ry=r * s * 0.95)
        canvas.disc(
            x,
            y,
            r * s,
            Fade(stops=((150, 188, 84), (232, 206, 98)), start=y - r * s, end=y + r * s),
            ry=r * s * 0.80,
        )
        canvas.disc(x + beast.way * r * s * 0.15, y, r * s * 0.30, (18, 14, 18), ry=r * s * 0.74)
        canvas.disc(x - r * s * 0.2, y - r * s * 0.32, r * s * 0.18, (255, 255, 255))
    beast.patch([(0.322, 0.795), (0.347, 0.793), (0.336, 0.775)], (216, 128, 126))
    mouth = smooth_curve(beast.at([(0.335, 0.776), (0.318, 0.757), (0.285, 0.760)]), closed=False)
    pale = (250, 250, 250) if lightness(coat) < 0.85 else (120, 112, 116)
    canvas.lines([(mouth, s * 0.006)], shift(coat, light=-0.25), opacity=0.8)
    whiskers = [
        (
            smooth_curve(
                beast.at(
                    [(0.30, 0.765 + k * 0.008), (0.38, 0.775 + k * 0.03), (0.47, 0.765 + k * 0.055)]
                ),
                closed=False,
            ),
            max(0.8, s * 0.0032),
        )
        for k in (-1, 0, 1)
    ]
    canvas.lines(whiskers, pale, opacity=0.75)


def _fox(beast: _Beast) -> None:
    stage, palette, s = beast.stage, beast.stage.palette, beast.size
    coat = stage.brief.colour_of.get("fox", (214, 98, 38))
    deep = mix(shift(coat, light=-0.17), palette.near, 0.25)
    bright = mix(coat, palette.light, 0.30)
    white = mix((248, 242, 232), palette.sky[2], 0.12)
    dark = mix((44, 30, 32), palette.near, 0.3)
    _contact(beast)
    ends = (beast.x - beast.way * s * 0.75, beast.x + beast.way * s * 0.40)
    fur = Fade(stops=(deep, coat, bright), start=ends[0], end=ends[1], across=True)
    whole = beast.stencil()
    for part, length in ((_FOX_TAIL, 0.045), (_FOX_BODY, 0.032), (_FOX_HEAD, 0.016)):
        whole.polygon(beast.curve(part))
        beast.fringe(whole, beast.curve(part), length)
    for ear in _FOX_EARS:
        whole.polygon(beast.curve(ear))
    body = whole.mask()
    beast.canvas.lay(body, fur)
    beast.patch(
        [(-0.74, 0.62), (-0.72, 0.44), (-0.80, 0.34), (-0.99, 0.30), (-1.05, 0.66)],
        white,
        body,
        fur=0.05,
    )
    beast.patch(
        [(-0.26, 0.08), (-0.20, 0.30), (-0.05, 0.36), (0.05, 0.22), (0.04, 0.05), (-0.10, 0.0)],
        Fade(stops=(mix(deep, coat, 0.4), coat), start=ends[0], end=ends[1], across=True),
        body,
        fur=0.025,
    )
    beast.patch(
        [
            (0.10, 0.0),
            (0.115, 0.20),
            (0.15, 0.30),
            (0.20, 0.22),
            (0.19, 0.06),
            (0.28, 0.04),
            (0.26, -0.01),
        ],
        dark,
        body,
        fur=0.02,
    )
    beast.patch([(-0.16, -0.01), (-0.12, 0.05), (0.02, 0.055), (0.07, 0.0)], dark, body)
    beast.patch(
        [(0.10, 0.66), (0.20, 0.66), (0.27, 0.58), (0.25, 0.44), (0.18, 0.34), (0.11, 0.48)],
        white,
        body,
        fur=0.045,
    )
    beast.patch(
        [
            (0.47, 0.752),
            (0.36, 0.772),
            (0.27, 0.775),
            (0.20, 0.745),
            (0.10, 0.68),
            (0.12, 0.60),
            (0.30, 0.66),
            (0.47, 0.72),
        ],
        white,
        body,
        fur=0.02,
    )
    beast.strokes(body, deep, 420, 0.35)
    beast.strokes(body, bright, 420, 0.40)
    for k, ear in enumerate(_FOX_EARS):
        cx, cy = np.mean(ear, axis=0).tolist()
        beast.patch(
            [(cx + (px - cx) * 0.55, cy + (py - cy) * 0.62 - 0.01) for px, py in ear],
            dark if k else mix(dark, coat, 0.3),
            body,
        )
    ex, ey = beast.at([(0.235, 0.822)])[0]
    beast.canvas.disc(ex, ey, s * 0.024, dark, ry=s * 0.020)
    beast.canvas.disc(ex, ey, s * 0.016, (232, 176, 62), ry=s * 0.014)
    beast.canvas.disc(ex + beast.way * s * 0.003, ey, s * 0.007, (16, 12, 12), ry=s * 0.012)
    beast.canvas.disc(ex - s * 0.004, ey - s * 0.006, s * 0.004, (255, 255, 255))
    nx, ny = beast.at([(0.465, 0.768)])[0]
    beast.canvas.disc(nx, ny, s * 0.022, (26, 20, 22), ry=s * 0.019)
    beast.canvas.lines(
        [
            (
                smooth_curve(beast.at([(0.46, 0.742), (0.38, 0.730), (0.31, 0.742)]), closed=False),
                s * 0.006,
            )
        ],
        dark,
        opacity=0.8,
    )
    _rim(beast, body, mix(palette.light, (255, 255, 255), 0.3), 0.75)
