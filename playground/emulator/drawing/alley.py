"""A wet alley full of signs, seen along its middle."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from playground.emulator.drawing import animals, subjects
from playground.emulator.drawing.canvas import Fade
from playground.emulator.drawing.colour import Bytes, Colour, Floats, mix, shift
from playground.emulator.drawing.fields import grid, noise, smoothstep
from playground.emulator.drawing.lettering import break_lines, drawable, fit, neon
from playground.emulator.drawing.sky import rain
from playground.emulator.drawing.stage import Stage
from playground.emulator.drawing.stencil import Point, rect

_LAMPS: tuple[Colour, ...] = ((255, 214, 140), (255, 190, 108), (255, 236, 196), (196, 224, 244))


_TUBES: tuple[Colour, ...] = (
    (255, 52, 120),
    (40, 214, 255),
    (255, 172, 46),
    (140, 92, 255),
    (60, 255, 176),
)


class _Street:
    """A street seen along its middle: world (x right, y down, z away) to the picture."""

    def __init__(self, stage: Stage) -> None:
        canvas, plan = stage.canvas, stage.plan
        self.x = canvas.width * plan.uniform(0.44, 0.56)
        self.y = canvas.height * plan.uniform(0.52, 0.58)
        self.scale = canvas.unit * 0.62
        self.half = 0.92 * max(1.0, (canvas.width / canvas.height) ** 0.5)
        self.floor = 0.62

    def at(self, x: float, y: float, z: float) -> Point:
        return (self.x + self.scale * x / z, self.y + self.scale * y / z)


def alley(stage: Stage) -> None:
    """An alley at night: walls, windows, glowing signs, and all of it again in the wet ground."""
    canvas, palette, plan, rng = stage.canvas, stage.palette, stage.plan, stage.detail
    w, h, u = canvas.width, canvas.height, canvas.unit
    street = _Street(stage)
    tubes = [_TUBES[i] for i in plan.permutation(len(_TUBES)).tolist()]
    tubes = [*stage.brief.colours[:1], *tubes][:4]
    night = mix(palette.sky[0], (12, 10, 30), 0.6)
    haze = mix(mix(tubes[0], tubes[1], 0.5), night, 0.45)
    canvas.fill(Fade(stops=(night, mix(night, haze, 0.55), haze), start=0, end=street.y))
    canvas.glow(
        street.x, street.y - u * 0.05, u * 0.55, mix(haze, (255, 226, 210), 0.45), strength=0.9
    )
    edges = np.geomspace(12.0, 0.55, 10)
    for far, near in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        nearness = 1 - np.log(far / 0.55) / np.log(12 / 0.55)
        for side in (-1.0, 1.0):
            _facade(
                stage,
                street,
                side,
                far,
                near,
                mix(haze, mix(night, (22, 20, 34), 0.5), 0.25 + 0.72 * nearness),
            )
        if near > 0.8:
            for side in (-1.0, 1.0):
                _signs(stage, street, side, (far + near) / 2, tubes, haze, nearness)
        if 1.4 < near < 4.0:
            canvas.glow(street.x, street.y, u * 0.5, haze, strength=0.24)
    _wires(stage, street, night)
    _main_sign(stage, tubes)
    _wet_ground(stage, street, night)
    if stage.wants("cat") or stage.wants("fox"):
        foot = street.at(0.1, street.floor, 1.35)
        animals.creature(stage, ground=lambda _x: foot[1], size=u * 0.24, x=foot[0])
    else:
        subjects.walker(
            stage, street.at(stage.about(0.0, 0.16), street.floor, 2.1), u * 0.25, glow=tubes[1]
        )
    rain(
        stage,
        n=int(650 * w / u),
        colour=mix(haze, (235, 240, 255), 0.6),
        slant=float(rng.uniform(-0.12, 0.12)),
    )
    canvas.veil(night, [(h * 0.0, 0.45), (h * 0.2, 0.0)])


def _quad(
    street: _Street, x: float, top: float, bottom: float, far: float, near: float
) -> list[Point]:
    return [
        street.at(x, top, far),
        street.at(x, top, near),
        street.at(x, bottom, near),
        street.at(x, bottom, far),
    ]


def _facade(
    stage: Stage, street: _Street, side: float, far: float, near: float, colour: Colour
) -> None:
    """One house front: wall, windows, and a lit shop at street level."""
    canvas, rng, u = stage.canvas, stage.detail, stage.canvas.unit
    x, floor = side * street.half, street.floor
    top = -rng.uniform(1.5, 2.6)
    (fx, _), (nx, _) = street.at(x, 0, far), street.at(x, 0, near)
    canvas.shape(
        _quad(street, x, top, floor, far, near),
        Fade(
            stops=(shift(colour, light=0.035), shift(colour, light=-0.02)),
            start=fx,
            end=nx,
            across=True,
        ),
    )
    span = far - near
    panes: list[list[Point]] = []
    dark: list[list[Point]] = []
    for row in np.arange(top + 0.18, floor - 0.75, 0.34).tolist():
        for k in range(3):
            z1, z0 = far - span * (0.10 + 0.30 * k), far - span * (0.30 + 0.30 * k)
            (panes if rng.random() < 0.30 else dark).append(
                _quad(street, x, row, row + 0.20, z1, z0)
            )
    for quads, paint, opacity in (
        (dark, shift(colour, light=-0.06), 0.9),
        (panes, _LAMPS[int(rng.integers(3))], 0.72),
    ):
        if quads:
            _lay_quads(stage, quads, paint, opacity)
    shop = _TUBES[int(rng.integers(5))] if rng.random() < 0.4 else (255, 196, 116)
    if rng.random() < 0.75:
        window = _quad(street, x, floor - 0.46, floor - 0.06, far - span * 0.12, near + span * 0.12)
        xs, ys = [p[0] for p in window], [p[1] for p in window]
        canvas.shape(
            window,
            Fade(
                stops=(mix(shop, (255, 240, 220), 0.45), mix(shop, colour, 0.45)),
                start=min(ys),
                end=max(ys),
            ),
        )
        bars = [
            [street.at(x, floor - 0.46, z), street.at(x, floor - 0.06, z)]
            for z in np.linspace(far - span * 0.12, near + span * 0.12, 6).tolist()
        ]
        canvas.lines([(b, max(1.0, u * 0.004 / near)) for b in bars], shift(colour, light=-0.05))
        canvas.glow(sum(xs) / 4, max(ys), (max(xs) - min(xs)) * 0.7 + u * 0.03, shop, strength=0.38)
        awning = [
            street.at(x, floor - 0.56, far),
            street.at(x, floor - 0.56, near),
            street.at(x - side * 0.20, floor - 0.44, near),
            street.at(x - side * 0.20, floor - 0.44, far),
        ]
        canvas.shape(awning, mix(colour, shop, 0.22))


def _lay_quads(stage: Stage, quads: list[list[Point]], paint: Colour, opacity: float) -> None:
    xy = np.asarray(quads).reshape(-1, 2)
    (left, top), (right, bottom) = xy.min(axis=0).tolist(), xy.max(axis=0).tolist()
    if right < 0 or bottom < 0 or left > stage.canvas.width or top > stage.canvas.height:
        return
    stencil = stage.canvas.stencil((left, top, right, bottom))
    for quad in quads:
        stencil.polygon(quad)
    stage.canvas.lay(stencil.mask(), paint, opacity=opacity)


def _signs(
    stage: Stage,
    street: _Street,
    side: float,
    z: float,
    tubes: list[Colour],
    haze: Colour,
    nearness: float,
) -> None:
    """Upright signs that stick out of the wall, lettered with strokes that only look like script."""
    canvas, rng = stage.canvas, stage.detail
    for _ in range(int(rng.integers(1, 3))):
        wide, tall = rng.uniform(0.11, 0.20), rng.uniform(0.30, 0.62)
        x = side * (street.half - wide * 0.5 - rng.uniform(0.0, 0.10))
        y = rng.uniform(-1.25, -0.30)
        left, top = street.at(x - wide / 2, y, z)
        right, bottom = street.at(x + wide / 2, y + tall, z)
        if right < 0 or left > canvas.width or bottom < 0:
            continue
        colour = tubes[int(rng.integers(len(tubes)))]
        size = right - left
        canvas.glow(
            (left + right) / 2, (top + bottom) / 2, (bottom - top) * 0.95, colour, strength=0.50
        )
        corners = rect(left, top, right, bottom)
        lit = rng.random() < 0.5
        plate = (
            mix(colour, (255, 255, 255), 0.30)
            if lit
            else mix((14, 12, 24), haze, 0.35 * (1 - nearness))
        )
        canvas.shape(
            corners,
            Fade(stops=(plate, mix(plate, colour, 0.45) if lit else plate), start=top, end=bottom),
        )
        ink = mix((16, 12, 26), colour, 0.12) if lit else mix(colour, (255, 255, 255), 0.45)
        strokes = []
        n = max(2, round(tall / wide * 1.1))
        for k in range(n):
            cy, r = (
                top + (bottom - top) * (k + 0.5) / n,
                min(size * 0.30, (bottom - top) / n * 0.36),
            )
            strokes += _glyph(rng, (left + right) / 2, cy, r)
        canvas.lines(strokes, ink)
        if not lit:
            frame = [*corners, corners[0]]
            canvas.lines([(frame, max(1.0, size * 0.035))], mix(colour, (255, 255, 255), 0.35))


def _glyph(
    rng: np.random.Generator, x: float, y: float, r: float
) -> list[tuple[list[Point], float]]:
    width = max(1.0, r * 0.20)
    rows = [
        [(x - r, y + dy * r), (x + r, y + dy * r)]
        for dy in rng.choice([-0.85, -0.3, 0.25, 0.8], 2, replace=False).tolist()
    ]
    fall = [
        [(x + dx * r, y - r), (x + dx * r, y + r)]
        for dx in rng.choice([-0.6, 0.0, 0.6], 1).tolist()
    ]
    hook = (
        [[(x - r * 0.1, y), (x - r, y + r)], [(x + r * 0.1, y), (x + r, y + r)]]
        if rng.random() < 0.6
        else []
    )
    return [(line, width) for line in [*rows, *fall, *hook]]


def _wires(stage: Stage, street: _Street, night: Colour) -> None:
    canvas, rng = stage.canvas, stage.detail
    t = np.linspace(0, 1, 24)
    wires = []
    for _ in range(6):
        z0, z1 = rng.uniform(0.7, 4, 2)
        (x0, y0), (x1, y1) = (
            street.at(-street.half, -rng.uniform(0.5, 1.3), z0),
            street.at(street.half, -rng.uniform(0.5, 1.3), z1),
        )
        sag = canvas.unit * rng.uniform(0.02, 0.09)
        wires.append(
            (
                np.stack([x0 + (x1 - x0) * t, y0 + (y1 - y0) * t + sag * 4 * t * (1 - t)], axis=1),
                canvas.unit * 0.002,
            )
        )
    canvas.lines(wires, shift(night, light=-0.05))


def _main_sign(stage: Stage, tubes: list[Colour]) -> None:
    """What the prompt puts in quotation marks, as the sign one reads first."""
    if not stage.brief.lettering:
        return
    canvas, u = stage.canvas, stage.canvas.unit
    face, plain = drawable(stage.brief.lettering[0])
    if not plain:
        return
    lines = break_lines(plain, most=2 if len(plain) < 14 else 3)
    wide = min(canvas.width * 0.62, u * 0.66)
    masks, size = fit(lines, wide * 0.84, u * 0.27, face=face, bold=0.012, tracking=0.05)
    total = masks[-1].top + masks[-1].image.height
    block = max(m.image.width for m in masks)
    cx, cy = canvas.width * stage.about(0.5, 0.04), max(total / 2 + u * 0.09, canvas.height * 0.26)
    px, py = block / 2 + size * 0.5, total / 2 + size * 0.42
    corners = rect(cx - px, cy - py, cx + px, cy + py)
    canvas.glow(cx, cy, px * 1.9, tubes[0], strength=0.55, ry=py * 2.6)
    canvas.lines(
        [([(cx + s * px * 0.6, cy - py), (cx + s * px * 0.6, -5)], u * 0.006) for s in (-1, 1)],
        (10, 8, 18),
    )
    canvas.shape(corners, Fade(stops=((30, 22, 40), (14, 10, 24)), start=cy - py, end=cy + py))
    inner = [(cx + (x - cx) * 0.965, cy + (y - cy) * 0.93) for x, y in [*corners, corners[0]]]
    frame = canvas.stencil((cx - px, cy - py, cx + px, cy + py))
    frame.line(inner, u * 0.007)
    neon(canvas, frame.mask(), tubes[1], size * 0.35)
    placed = [m.moved(cx - m.image.width / 2, cy - total / 2) for m in masks]
    neon(canvas, placed[0].joined(placed[1:]), tubes[0], size)


def _fetch(pixels: Bytes, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> Floats:
    at = (rows * pixels.shape[1] + columns).ravel()
    fetched = pixels.reshape(-1, 3).take(at, axis=0).reshape(*rows.shape, 3)
    return np.asarray(fetched, dtype=np.float32)


def _wet_ground(stage: Stage, street: _Street, night: Colour) -> None:
    """The ground between the walls, wet: smeared light, sharper where puddles stand."""
    canvas, rng, u = stage.canvas, stage.detail, stage.canvas.unit
    top = int(street.at(0, street.floor, 12.0)[1])
    tall = canvas.height - top
    if tall < 8:
        return
    source = canvas.image.crop((0, max(0, top - tall), canvas.width, top)).transpose(
        Image.Transpose.FLIP_TOP_BOTTOM
    )
    width, height = canvas.soft_size((0, top, canvas.width, canvas.height))
    smear = np.asarray(
        source.resize((width, 14), Image.Resampling.BOX).resize(
            (width, height), Image.Resampling.BICUBIC
        )
    )
    clear = np.asarray(source.resize((width, height), Image.Resampling.BILINEAR))
    x, y = grid(width, height)
    ripple = noise(rng, width, height, cells=30, octaves=3, stretch=5)
    iy = np.clip(y + (ripple - 0.5) * 0.16 * height * (0.15 + y / height), 0, height - 1).astype(
        np.intp
    )
    ix = np.clip(x + (ripple - 0.5) * 0.03 * width, 0, width - 1).astype(np.intp)
    pool = smoothstep(0.46, 0.62, noise(rng, width, height, cells=2.2, octaves=4, stretch=3.2))[
        ..., None
    ]
    wet = _fetch(smear, iy, ix) * (0.72 - 0.22 * pool) + _fetch(clear, iy, ix) * (
        0.10 + 0.52 * pool
    )
    stone = noise(rng, width, height, cells=60, octaves=2, stretch=3)[..., None]
    dry = np.asarray(mix(night, (40, 38, 56), 0.5), dtype=np.float32)
    paint = wet * (0.90 + 0.25 * (stone - 0.5)) + dry * (1 - pool) * 0.34 * (0.6 + 0.8 * stone)
    sheet = canvas.sheet(
        np.clip(paint, 0, 255).astype(np.uint8), (0, top, canvas.width, canvas.height)
    )
    corners = [
        street.at(-street.half, street.floor, 12.0),
        street.at(street.half, street.floor, 12.0),
        street.at(street.half, street.floor, 0.3),
        street.at(-street.half, street.floor, 0.3),
    ]
    canvas.shape(corners, sheet)
    seams = []
    for z in np.geomspace(0.62, 7, 13).tolist():
        seams.append(
            (
                [street.at(-street.half, street.floor, z), street.at(street.half, street.floor, z)],
                max(0.8, u * 0.0022 / z),
            )
        )
    canvas.lines(seams, night, opacity=0.30)
