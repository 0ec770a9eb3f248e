"""A cat and a fox, sitting, and the fur they are drawn with."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from playground.emulator.drawing.brief import Hour
from playground.emulator.drawing.canvas import Fade
from playground.emulator.drawing.colour import Colour, Floats, lightness, mix, shift
from playground.emulator.drawing.fields import smooth_curve
from playground.emulator.drawing.stage import Stage
from playground.emulator.drawing.stencil import Mask, Stencil, points

Outline = list[tuple[float, float]]

# Outlines in units of the animal's height: it looks to the right, its feet stand on y = 0, y is up.
_CAT_BODY: Outline = points(
    ".05,.76 -.1,.62 -.23,.42 -.31,.2 -.3,.04 -.16,0 .12,0 .27,0 .29,.035 "
    ".22,.07 .195,.26 .24,.46 .27,.6 .26,.7"
)
_CAT_HEAD: Outline = points(
    ".03,.8 .05,.88 .12,.935 .21,.935 .285,.885 .315,.825 .345,.785 .325,.745 "
    ".27,.715 .17,.685 .07,.705"
)
_CAT_EARS: tuple[Outline, ...] = (
    points(".045,.86 .035,.955 .045,1.035 .095,.985 .15,.93"),
    points(".185,.93 .225,.99 .275,1.03 .287,.95 .285,.87"),
)
_FOX_BODY: Outline = points(
    "0,.74 -.13,.6 -.23,.4 -.3,.2 -.29,.05 -.18,0 .1,0 .23,0 .255,.03 .19,.06 "
    ".165,.26 .215,.42 .255,.56 .23,.68"
)
_FOX_HEAD: Outline = points(
    "-.03,.8 0,.89 .1,.945 .2,.925 .275,.865 .36,.825 .465,.775 .47,.745 "
    ".4,.725 .29,.7 .2,.645 .08,.625 -.03,.69"
)
_FOX_EARS: tuple[Outline, ...] = (
    points("-.02,.86 -.045,.97 -.04,1.075 .03,1.01 .1,.92"),
    points(".11,.93 .13,1.01 .185,1.085 .225,.99 .235,.88"),
)
_FOX_TAIL: Outline = points(
    "-.2,.1 -.4,.17 -.55,.27 -.7,.44 -.86,.6 -.95,.56 -.97,.4 -.89,.2 -.7,.03 -.44,-.03 -.2,0"
)


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
        line = self.curve(points)
        (left, top), (right, bottom) = line.min(axis=0).tolist(), line.max(axis=0).tolist()
        pad = self.size * fur * 1.6
        cut = self.canvas.stencil((left - pad, top - pad, right + pad, bottom + pad))
        cut.polygon(line)
        if fur:
            self.fringe(cut, line, fur)
        mask = cut.mask()
        self.canvas.lay(mask.within(inside) if inside else mask, colour)

    def fringe(self, cut: Stencil, line: Floats, length: float) -> None:
        """Tufts standing out of an outline."""
        rng, s = self.stage.detail, self.size
        middle = line.mean(axis=0)
        foot = line[:: max(1, len(line) // 90)]
        out = foot - middle
        out = out / (np.hypot(out[:, :1], out[:, 1:]) + 1e-6)
        tip = out * 0.6 + np.array([-0.25 * self.way, 0.52]) + rng.normal(0, 0.18, foot.shape)
        side = np.stack([-tip[:, 1], tip[:, 0]], axis=1) * s * 0.010
        root = foot - out * s * 0.01
        reach = s * length * rng.uniform(0.5, 1.3, (len(foot), 1))
        for tuft in np.stack([root - side, root + side, foot + tip * reach], axis=1):
            cut.polygon(tuft)

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
        beast.at(points("-.22,.05 -.42,.03 -.6,.08 -.66,.22 -.58,.34 -.5,.33")),
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
    haunch = points("-.27,.1 -.2,.32 -.04,.36 .06,.22 .04,.05 -.1,0")
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
    beast.patch(points(".13,0 .12,.24 .15,.4 .135,.24 .15,0"), shade, body)
    beast.patch(
        points(".1,.7 .17,.66 .26,.68 .26,.58 .18,.52 .12,.6"),
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
        points("-.74,.62 -.72,.44 -.8,.34 -.99,.3 -1.05,.66"),
        white,
        body,
        fur=0.05,
    )
    beast.patch(
        points("-.26,.08 -.2,.3 -.05,.36 .05,.22 .04,.05 -.1,0"),
        Fade(stops=(mix(deep, coat, 0.4), coat), start=ends[0], end=ends[1], across=True),
        body,
        fur=0.025,
    )
    beast.patch(
        points(".1,0 .115,.2 .15,.3 .2,.22 .19,.06 .28,.04 .26,-.01"),
        dark,
        body,
        fur=0.02,
    )
    beast.patch(points("-.16,-.01 -.12,.05 .02,.055 .07,0"), dark, body)
    beast.patch(
        points(".1,.66 .2,.66 .27,.58 .25,.44 .18,.34 .11,.48"),
        white,
        body,
        fur=0.045,
    )
    beast.patch(
        points(".47,.752 .36,.772 .27,.775 .2,.745 .1,.68 .12,.6 .3,.66 .47,.72"),
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
