"""A bicycle, seen from the side."""

from __future__ import annotations

import numpy as np

from playground.emulator.drawing.canvas import Canvas, Fade
from playground.emulator.drawing.colour import Colour, mix, shift
from playground.emulator.drawing.fields import smooth_curve
from playground.emulator.drawing.stage import Stage
from playground.emulator.drawing.stencil import Point, points


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
    frame_lines = [(line, width * s) for line, width in tubes]
    steel = [
        ([seat, p(-0.27, 1.10)], 0.028),
        ([head, p(0.335, 1.18)], 0.030),
        ([p(0.335, 1.18), p(0.44, 1.21), p(0.50, 1.16)], 0.028),
    ]
    steel_lines = [(line, width * s) for line, width in steel]
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
    for line, width in [*frame_lines, *steel_lines]:
        shadow.line(line, width)
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
        [(_raised(line, s * 0.004, s * 0.006), width * 0.62) for line, width in frame_lines],
        frame,
    )
    canvas.lines(
        [(_raised(line, s * 0.006, s * 0.012), width * 0.16) for line, width in frame_lines],
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


def _raised(line: list[Point], dx: float, dy: float) -> list[Point]:
    return [(x - dx, y - dy) for x, y in line]


def _saddle(x: float, y: float, s: float) -> list[Point]:
    curve = smooth_curve(
        points(
            "-.42,1.13 -.36,1.165 -.24,1.145 -.08,1.14 -.06,1.115 -.22,1.09 -.34,1.07 -.42,1.09"
        ),
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
        turn = k * 2 * np.pi / 5 + 0.4
        ring.line(
            [crank, (crank[0] + s * 0.08 * np.cos(turn), crank[1] + s * 0.08 * np.sin(turn))],
            s * 0.014,
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
