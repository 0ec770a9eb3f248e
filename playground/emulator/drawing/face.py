"""A portrait: a head modelled as relief, lit from one side and printed in a few flat tones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image

from .brief import Hour
from .canvas import Canvas, Mask, Point, Sheet
from .colour import Bytes, Colour, Floats, mix, ramp, shift, tint
from .fields import grid, noise, smoothstep
from .lettering import board, ink_for
from .stage import Stage

_SKINS: tuple[tuple[Colour, ...], ...] = (
    ((40, 22, 30), (106, 54, 48), (188, 116, 86), (236, 184, 140), (255, 226, 190)),
    ((34, 18, 26), (86, 44, 40), (156, 94, 66), (214, 156, 110), (248, 206, 164)),
    ((26, 16, 24), (62, 36, 36), (116, 70, 54), (176, 120, 84), (226, 178, 132)),
)
_GROUNDS: tuple[Colour, ...] = (
    (52, 74, 84),
    (112, 62, 44),
    (44, 54, 92),
    (76, 82, 58),
    (128, 92, 56),
)
_COATS: tuple[Colour, ...] = ((36, 62, 98), (120, 62, 44), (62, 82, 70), (92, 52, 84))
_HAIRS: tuple[Colour, ...] = ((44, 32, 34), (104, 62, 38), (168, 112, 58))

# The head lives in its own units: the face is about 1.56 wide, crown at -1.28, chin at 1.16.
_LEFT, _RIGHT, _TOP, _BOTTOM = -1.35, 1.35, -1.75, 1.75


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sitter:
    """Who sits: which way the light comes from and what the head wears."""

    centre: Point
    radius: float
    way: float  # -1 lit from the left, 1 from the right
    turn: float
    soft: bool
    bearded: bool
    capped: bool


def _hill(x: Floats, y: Floats, at: Point, rx: float, ry: float) -> Floats:
    return np.asarray(
        np.exp(-(((x - at[0]) / rx) ** 2) - ((y - at[1]) / ry) ** 2), dtype=np.float32
    )


def _outline(y: Floats, soft: bool) -> Floats:
    """Half the width of the head at each height."""
    jaw = 0.50 if soft else 0.58
    ys = np.linspace(_TOP, _BOTTOM, 400)
    half = np.interp(
        ys,
        [-1.30, -1.22, -1.05, -0.7, -0.2, 0.25, 0.62, 0.90, 1.08, 1.18],
        [0.0, 0.28, 0.50, 0.71, 0.78, 0.745, jaw + 0.07, jaw * 0.76, jaw * 0.44, 0.0],
    )
    kernel = np.hanning(31)
    smooth = np.convolve(half, kernel / kernel.sum(), mode="same")
    return np.interp(y, ys, smooth).astype(np.float32)


def _face_relief(x: Floats, y: Floats, half: Floats, n: float) -> Floats:
    """The height of a face, broad masses first; n is the x of the nose."""
    across = np.clip(x / np.maximum(half, 0.02), -1, 1)
    z = np.sqrt(1 - across**2) * np.minimum(half * 1.15, 0.85)
    for side in (-1.0, 1.0):
        eye = n * 0.75 + side * 0.31
        z = z + 0.080 * _hill(x, y, (eye - side * 0.02, -0.225), 0.24, 0.085)
        z = z - 0.150 * _hill(x, y, (eye, -0.055), 0.18, 0.105)
        z = z + 0.075 * _hill(x, y, (eye, -0.040), 0.12, 0.075)
        z = z + 0.085 * _hill(x, y, (n * 0.5 + side * 0.45, 0.18), 0.22, 0.17)
        z = z - 0.060 * _hill(x, y, (n * 0.5 + side * 0.40, 0.56), 0.16, 0.22)
        z = z + 0.065 * _hill(x, y, (n + side * 0.125, 0.315), 0.075, 0.065)
    t = np.clip((y + 0.28) / 0.62, 0, 1)
    ridge = np.exp(-(((x - n * (0.8 + 0.25 * t)) / (0.075 + 0.070 * t)) ** 2))
    z = z + ridge * (0.05 + 0.25 * t**1.2) * smoothstep(0.44, 0.31, y) * smoothstep(-0.42, -0.16, y)
    z = (
        z
        + 0.050 * _hill(x, y, (n * 0.9, 0.555), 0.18, 0.042)
        + 0.070 * _hill(x, y, (n * 0.9, 0.650), 0.15, 0.048)
    )
    z = z - 0.050 * _hill(x, y, (n * 0.9, 0.602), 0.20, 0.020)
    return np.asarray(z + 0.09 * _hill(x, y, (n * 0.8, 0.94), 0.21, 0.13), dtype=np.float32)


def _light(z: Floats, sun: tuple[float, float, float], span: tuple[float, float]) -> Floats:
    """Light on a relief, with the shadows its own features cast; span is its size in head units."""
    rows, columns = z.shape
    kx, ky = columns / span[0], rows / span[1]
    gy, gx = np.gradient(z)
    gx, gy = gx * kx, gy * ky
    lx, ly, lz = np.asarray(sun) / np.linalg.norm(sun)
    facing = (-gx * lx - gy * ly + lz) / np.sqrt(gx**2 + gy**2 + 1)
    blocked = np.full_like(z, -1.0)
    for k in range(1, 13):
        step = 0.030 * k
        yy = np.clip(np.arange(rows) + round(step * ly * ky), 0, rows - 1)[:, None]
        xx = np.clip(np.arange(columns) + round(step * lx * kx), 0, columns - 1)[None, :]
        np.maximum(blocked, z[yy, xx] - np.float32(step * lz / np.hypot(lx, ly)), out=blocked)
    shadow = smoothstep(0.05, -0.01, blocked - z)
    # The room gives a little light back, most of it to what faces the eye.
    fill = 0.15 / np.sqrt(gx**2 + gy**2 + 1)
    return np.asarray(
        np.clip(facing, 0, 1) * (0.25 + 0.75 * shadow) * 0.92 + fill, dtype=np.float32
    )


def _tones(colours: tuple[Colour, ...]) -> Bytes:
    """A table of 256 that runs in flat steps, as a print of few inks does."""
    places = (0.13, 0.30, 0.50, 0.74)
    t = np.linspace(0, 1, 256)
    steps = sum(np.clip((t - p) / 0.022 + 0.5, 0, 1) for p in places[: len(colours) - 1])
    slope = (t - 0.5) * 0.30  # a step is not quite flat
    return ramp(colours, 256)[
        np.clip((steps + slope) / (len(colours) - 1) * 255, 0, 255).astype(np.intp)
    ]


class _Print:
    """Lays fields given in head units onto the canvas, with edges as crisp as the picture allows."""

    def __init__(
        self, canvas: Canvas, box: tuple[float, float, float, float], shape: tuple[int, int]
    ) -> None:
        self._canvas = canvas
        self._left, self._top = round(box[0]), round(box[1])
        self._size = (max(1, round(box[2]) - self._left), max(1, round(box[3]) - self._top))
        self._shape = shape

    def part(self, rows: slice, columns: slice) -> _Print:
        """The same plate for a window of the grid."""
        kx, ky = self._size[0] / self._shape[1], self._size[1] / self._shape[0]
        left, top = self._left + columns.start * kx, self._top + rows.start * ky
        wide, tall = columns.stop - columns.start, rows.stop - rows.start
        return _Print(self._canvas, (left, top, left + wide * kx, top + tall * ky), (tall, wide))

    def _full(
        self, field: Floats, bounds: tuple[int, int, int, int]
    ) -> tuple[Image.Image, int, int]:
        r0, r1, c0, c1 = bounds
        image = Image.fromarray((np.clip(field[r0:r1, c0:c1], 0, 1) * 255).astype(np.uint8))
        kx, ky = self._size[0] / self._shape[1], self._size[1] / self._shape[0]
        left, top = round(c0 * kx), round(r0 * ky)
        size = (max(1, round(c1 * kx) - left), max(1, round(r1 * ky) - top))
        return image.resize(size, Image.Resampling.BICUBIC), left, top

    def ink(self, region: Floats, tone: Floats, table: Bytes) -> None:
        """Print the tone through the table wherever the region is above a half."""
        rows, columns = (
            np.flatnonzero(region.max(axis=1) > 0.3),
            np.flatnonzero(region.max(axis=0) > 0.3),
        )
        if not len(rows) or not len(columns):
            return
        bounds = (
            max(0, int(rows[0]) - 2),
            int(rows[-1]) + 3,
            max(0, int(columns[0]) - 2),
            int(columns[-1]) + 3,
        )
        # Enlarged as a ramp a few samples wide and hardened afterwards, an edge has no steps.
        mask, left, top = self._full((region - 0.5) * np.float32(0.25) + np.float32(0.5), bounds)
        gain = 3.4 * max(1.0, self._size[0] / self._shape[1])
        crisp = mask.point([max(0, min(255, int((v - 128) * gain + 128))) for v in range(256)])
        paint, _, _ = self._full(tone, bounds)
        paint.putpalette(table.tobytes())
        place = (self._left + left, self._top + top)
        self._canvas.lay(
            Mask(image=crisp, left=place[0], top=place[1]),
            Sheet(image=paint.convert("RGB"), left=place[0], top=place[1]),
        )


def portrait(stage: Stage) -> None:
    """Head and shoulders against a plain ground, the light from one side."""
    canvas, plan, brief = stage.canvas, stage.plan, stage.brief
    w, h, u = canvas.width, canvas.height, canvas.unit
    way = -1.0 if plan.random() < 0.5 else 1.0
    ground = brief.colour_of.get("background", _GROUNDS[int(plan.integers(len(_GROUNDS)))])
    ground = shift(ground, light=-0.08) if brief.hour is Hour.NIGHT else ground
    radius = min(u * 0.262, w * 0.29)
    sitter = _Sitter(
        centre=(w * stage.about(0.5 + 0.02 * way, 0.015), h * 0.5 - radius * 0.10),
        radius=radius, way=way, turn=way * stage.about(0.07, 0.03),
        soft=stage.wants("woman"), bearded=stage.wants("beard"), capped=stage.wants("hat"),
    )  # fmt: skip
    sun = (way * 0.84, stage.about(-0.46, 0.08), stage.about(0.50, 0.06))
    skin = _tones(_SKINS[int(plan.integers(len(_SKINS)))])
    coat = next(
        (
            brief.colour_of[n]
            for n in ("coat", "jacket", "sweater", "dress", "shirt", "scarf")
            if n in brief.colour_of
        ),
        _COATS[int(plan.integers(len(_COATS)))],
    )
    hair = brief.colour_of.get(
        "hair", (206, 200, 192) if sitter.bearded else _HAIRS[int(plan.integers(len(_HAIRS)))]
    )
    _ground(stage, ground, sitter)
    _bust(stage, sitter, sun, coat, skin, hair)
    _head(
        stage,
        sitter,
        sun,
        skin,
        hair,
        mix(brief.colour_of.get("hat", brief.colour_of.get("cap", coat)), (40, 44, 60), 0.25),
    )
    if brief.lettering:
        board(
            canvas,
            brief.lettering[0],
            centre=(w / 2, h * 0.82),
            width=min(w * 0.7, u * 0.6),
            height=u * 0.12,
            paint=(240, 232, 216),
            ink=ink_for((240, 232, 216)),
        )


def _ground(stage: Stage, colour: Colour, sitter: _Sitter) -> None:
    """Light behind the shaded cheek, dark behind the lit one, and a pale disc like a low sun."""
    canvas = stage.canvas
    width, height = canvas.soft_size()
    x, y = grid(width, height)
    side = x / width if sitter.way < 0 else 1 - x / width
    brushed = noise(stage.detail, width, height, cells=5, octaves=6, stretch=0.5, gain=0.62)
    tone = 0.24 + 0.44 * side + 0.10 * (1 - y / height) + (brushed - 0.5) * 0.20
    canvas.cover(
        tint(
            np.asarray(tone, dtype=np.float32),
            ramp(
                (
                    shift(colour, light=-0.18),
                    colour,
                    shift(colour, light=0.15),
                    shift(colour, light=0.24),
                )
            ),
        )
    )
    cx, cy = sitter.centre
    halo = mix(shift(colour, light=0.20), stage.palette.accent, 0.30)
    canvas.disc(
        cx - sitter.way * sitter.radius * 0.25,
        cy - sitter.radius * 0.2,
        sitter.radius * 1.72,
        halo,
        opacity=0.55,
    )


def _hair_tones(colour: Colour) -> Bytes:
    return _tones(
        (
            shift(colour, light=-0.38),
            shift(colour, light=-0.24),
            shift(colour, light=-0.08),
            mix(colour, (255, 244, 224), 0.30),
            mix(colour, (255, 248, 236), 0.62),
        )
    )


def _bust(
    stage: Stage,
    sitter: _Sitter,
    sun: tuple[float, float, float],
    coat: Colour,
    skin: Bytes,
    hair: Colour,
) -> None:
    """Shoulders, collar and neck, and what of long hair falls behind them."""
    canvas, r = stage.canvas, sitter.radius
    (cx, cy), low = sitter.centre, max(3.4, (canvas.height - sitter.centre[1]) / sitter.radius)
    columns, rows = 440, max(40, round(440 * (low + 1.75) / 5.6))
    gx, gy = grid(columns, rows)
    x, y = np.broadcast_arrays(gx / columns * 5.6 - 2.8, gy / rows * (low + 1.75) - 1.75)
    per_unit = columns / 5.6
    plate = _Print(
        canvas, (cx - 2.8 * r, cy - 1.75 * r, cx + 2.8 * r, cy + low * r), (rows, columns)
    )
    strands = noise(stage.detail, columns, rows, cells=14, octaves=3, stretch=0.07, gain=0.6)
    if sitter.soft:
        drop = 1.05 + 0.10 * np.sin(y * 2.4) + 0.05 * (strands - 0.5)
        mane = np.minimum(
            drop - np.abs(x), np.minimum(y + 1.40 - 0.62 * x**2, 2.0 + (strands - 0.5) * 0.9 - y)
        )
        tone = 0.34 + 0.22 * sitter.way * x + (strands - 0.5) * 0.9
        plate.ink(np.asarray(mane * per_unit + 0.5), np.asarray(tone), _hair_tones(hair))
    neck = 0.42 + 0.10 * smoothstep(0.95, 1.5, y)
    form = np.sqrt(np.clip(1 - (x / (neck + 0.05)) ** 2, 0, 1))
    tone = np.clip(0.40 * form + 0.42 * sitter.way * x / neck, 0, 1) * (
        0.35 + 0.65 * smoothstep(1.0, 1.5, y + 0.5 * sitter.way * x)
    )
    plate.ink(
        np.asarray(np.minimum(neck - np.abs(x), np.minimum(y - 0.5, 1.75 - y)) * per_unit + 0.5),
        np.asarray(tone),
        skin,
    )
    slope = (
        1.30
        + 0.30 * np.clip(np.abs(x) / 1.3, 0, 1) ** 1.5
        + 0.62 * np.clip((np.abs(x) - 1.15) / 1.2, 0, 2) ** 2.2
    )
    folds = noise(stage.detail, columns, rows, cells=1.6, octaves=2, stretch=0.5)
    z = (
        np.sqrt(np.clip(1 - (x / 2.7) ** 2, 0.02, 1)) * 0.9
        - np.exp(-np.clip(y - slope, 0, 3) * 3) * 0.35
        + (folds - 0.5) * 0.55
    )
    cloth = _light(np.asarray(z, dtype=np.float32), sun, (5.6, low + 1.75))
    knit = np.sin(x * 58 + np.sin(y * 30) * 0.8) * 0.030
    inks = _tones(
        (
            shift(coat, light=-0.22),
            shift(coat, light=-0.13),
            coat,
            mix(coat, (255, 236, 204), 0.24),
            mix(coat, (255, 236, 204), 0.48),
        )
    )
    plate.ink(np.asarray((y - slope) * per_unit + 0.5), np.asarray(cloth * 0.78 + knit), inks)
    if not sitter.soft:
        rim = 1.06 + 0.22 * np.cos(np.clip(x, -0.6, 0.6) * 2.2) - 0.10
        collar = np.minimum(
            0.60 - np.abs(x), np.minimum(y - rim, 1.62 + 0.18 * np.cos(x * 2.2) - y)
        )
        ribs = np.sin(x * 62) * 0.10
        around = np.sqrt(np.clip(1 - (x / 0.62) ** 2, 0, 1)) * 0.30 + 0.50 * sitter.way * x + 0.16
        plate.ink(np.asarray(collar * per_unit + 0.5), np.asarray(around + ribs), inks)


def _head(
    stage: Stage,
    sitter: _Sitter,
    sun: tuple[float, float, float],
    skin: Bytes,
    hair: Colour,
    cap: Colour,
) -> None:
    """The face and what grows or sits on it, in one relief so that each shades the other."""
    r, n, way = sitter.radius, sitter.turn, sitter.way
    span = (_RIGHT - _LEFT, _BOTTOM - _TOP)
    columns = 420
    rows = round(columns * span[1] / span[0])
    per_unit = columns / span[0]
    gx, gy = grid(columns, rows)
    x, y = np.broadcast_arrays(gx / per_unit + _LEFT, gy / per_unit + _TOP)
    x, y = np.ascontiguousarray(x), np.ascontiguousarray(y)
    half = _outline(y, sitter.soft)
    strands = noise(stage.detail, columns, rows, cells=15, octaves=3, stretch=0.085, gain=0.6)
    wild = noise(stage.detail, columns, rows, cells=9, octaves=4, stretch=0.4)
    z = _face_relief(x, y, half, n)
    if sitter.bearded:
        for level in (-0.40, -0.50):
            z = z - 0.020 * np.exp(
                -(((y - level - np.sin(x * 5 + level * 9) * 0.014) / 0.020) ** 2)
            ) * np.exp(-((x / 0.5) ** 2))
    inside = half - np.abs(x)
    regions: list[tuple[Floats, Floats, Bytes, float]] = []
    if sitter.bearded:
        line = (
            0.475
            - 0.30 * smoothstep(0.30, 0.72, np.abs(x))
            - 0.05 * _hill(x, y, (0, 0.5), 0.25, 0.5)
            + (strands - 0.5) * 0.10
        )
        hull = np.interp(
            y, [-0.2, 0.2, 0.7, 1.1, 1.42, 1.62], [0.77, 0.79, 0.74, 0.56, 0.30, 0.0]
        ).astype(np.float32) + (wild - 0.5) * 0.22 * smoothstep(0.3, 1.2, y)
        mouth = np.hypot((x - n * 0.8) / 0.215, (y - 0.615) / 0.055) - 1 + (strands - 0.5) * 0.5
        beard = np.minimum(np.minimum(hull - np.abs(x), y - line), mouth * 0.06)
        parted = np.abs(np.sin(np.clip(x - n * 0.8, -0.45, 0.45) * 3.5)) * _hill(
            x, y, (n * 0.8, 0.52), 0.4, 0.06
        )
        grown = (
            np.sqrt(np.clip(1 - (x / 0.86) ** 2, 0, 1)) * 0.74
            + 0.12 * smoothstep(0.3, 1.0, y)
            + (strands - 0.5) * 0.24
            + 0.10 * parted
        )
        inside_beard = smoothstep(-0.01, 0.03, np.asarray(beard, dtype=np.float32))
        z = z * (1 - inside_beard) + grown * inside_beard
        regions.append((np.asarray(beard, dtype=np.float32), strands, _hair_tones(hair), 0.24))
    if sitter.capped:
        dome = np.minimum(
            0.85 * np.sqrt(np.clip(1 - (np.clip(-y - 0.72, 0, 2) / 0.80) ** 2, 0, 1)) - np.abs(x),
            -0.50 - 0.06 * np.cos(x * 2) - y,
        )
        brim = np.minimum(
            0.885 - np.abs(x),
            np.minimum(-0.42 - 0.09 * np.cos(x * 1.8) - y, y + 0.80 + 0.09 * np.cos(x * 1.8)),
        )
        knit = np.asarray(np.sin(np.arcsin(np.clip(x / 0.92, -1, 1)) * 34), dtype=np.float32)
        crown = np.sqrt(np.clip(1 - (x / 0.92) ** 2, 0, 1)) * np.sqrt(
            np.clip(1 - ((y + 0.5) / 1.12) ** 2, 0.05, 1)
        )
        z = np.where(dome > 0, crown * 0.92, z)
        z = np.where(brim > 0, np.sqrt(np.clip(1 - (x / 0.95) ** 2, 0, 1)) * 0.98 + 0.02, z)
        inks = _tones(
            (
                shift(cap, light=-0.24),
                shift(cap, light=-0.12),
                cap,
                mix(cap, (255, 236, 204), 0.26),
                mix(cap, (255, 236, 204), 0.5),
            )
        )
        ribs = 0.5 + 0.5 * knit
        regions += [
            (np.asarray(dome, dtype=np.float32), ribs, inks, 0.16),
            (np.asarray(brim, dtype=np.float32), ribs, inks, 0.22),
        ]
    else:
        wave = (wild - 0.5) * (0.10 if sitter.soft else 0.18)
        parting = np.abs(x + way * 0.22)
        line = (
            -0.98 + 0.80 * parting**1.8
            if sitter.soft
            else -0.72 - 0.22 * np.cos(x * 2.4) + 0.75 * smoothstep(0.52, 0.86, np.abs(x))
        )
        hull = (0.96 if sitter.soft else 0.90) * np.sqrt(
            np.clip(1 - (np.clip(-y - 0.42, 0, 2) / 1.02) ** 2, 0, 1)
        ) * (1 + wave) - 0.02
        growth = np.minimum(hull - np.abs(x), line - y + (strands - 0.5) * 0.10)
        if sitter.soft:
            falls = np.minimum(
                np.abs(x) - 0.66 + 0.10 * np.sin(y * 2.2) + (strands - 0.5) * 0.05,
                np.minimum(
                    1.00 + 0.07 * np.sin(y * 2.6) - np.abs(x),
                    np.minimum(y + 0.55, 1.52 + (strands - 0.5) * 0.9 - y),
                ),
            )
            growth = np.maximum(growth, falls)
        mop = np.sqrt(np.clip(1 - (x / 1.05) ** 2, 0, 1)) * 0.86 + (strands - 0.5) * 0.20
        z = np.where(growth > 0, mop, z)
        regions.append((np.asarray(growth, dtype=np.float32), strands, _hair_tones(hair), 0.34))
    light = _light(np.asarray(z, dtype=np.float32), sun, span)
    cx, cy = sitter.centre
    plate = _Print(
        stage.canvas,
        (cx + _LEFT * r, cy + _TOP * r, cx + _RIGHT * r, cy + _BOTTOM * r),
        (rows, columns),
    )
    for side in (-1.0, 1.0):
        if not sitter.soft:
            ear = 1 - np.hypot((x - side * 0.79) / 0.11, (y - 0.04) / 0.21)
            hollow = _hill(x, y, (side * 0.81, 0.02), 0.05, 0.11)
            lobe = (0.66 if side == way else 0.12) - 0.35 * hollow
            plate.ink(
                np.asarray(ear * 0.12 * per_unit + 0.5), np.asarray(lobe, dtype=np.float32), skin
            )
    edge = (inside < 0.10) & (x * way < 0)
    reflected = np.where(edge, 0.16 * smoothstep(0.10, 0.02, inside), 0)
    plate.ink(
        np.asarray(inside * per_unit + 0.5),
        np.asarray(light * 0.94 + reflected + 0.03, dtype=np.float32),
        skin,
    )
    _eyes_and_lips(plate, sitter, x, y, light, per_unit, hair)
    for region, texture, inks, rough in regions:
        plate.ink(
            region * per_unit + 0.5,
            np.asarray(light * 0.86 + (texture - 0.5) * rough, dtype=np.float32),
            inks,
        )


def _eyes_and_lips(
    plate: _Print,
    sitter: _Sitter,
    x: Floats,
    y: Floats,
    light: Floats,
    per_unit: float,
    hair: Colour,
) -> None:
    mouth = (sitter.turn * 0.9 - 0.32, 0.46, sitter.turn * 0.9 + 0.32, 0.76)
    _lips(*_window(plate, mouth, x, y, light, per_unit), per_unit, sitter)
    for side in (-1.0, 1.0):
        ex = sitter.turn * 0.75 + side * 0.31
        _eye(
            *_window(plate, (ex - 0.27, -0.42, ex + 0.27, 0.08), x, y, light, per_unit),
            per_unit,
            sitter,
            side,
            hair,
        )


def _window(
    plate: _Print,
    bounds: tuple[float, float, float, float],
    x: Floats,
    y: Floats,
    light: Floats,
    per_unit: float,
) -> tuple[_Print, Floats, Floats, Floats]:
    """The plate and the fields cut to bounds given in head units."""
    columns = slice(round((bounds[0] - _LEFT) * per_unit), round((bounds[2] - _LEFT) * per_unit))
    rows = slice(round((bounds[1] - _TOP) * per_unit), round((bounds[3] - _TOP) * per_unit))
    return plate.part(rows, columns), x[rows, columns], y[rows, columns], light[rows, columns]


_DARK = ((26, 14, 20), (26, 14, 20))


def _lips(
    plate: _Print, x: Floats, y: Floats, light: Floats, per_unit: float, sitter: _Sitter
) -> None:
    from_middle = x - sitter.turn * 0.9
    inks = (
        ((52, 18, 28), (112, 36, 44), (176, 62, 62), (214, 104, 92))
        if sitter.soft
        else ((40, 20, 26), (92, 44, 44), (146, 80, 68), (196, 126, 104))
    )
    taper = np.cos(np.clip(from_middle / 0.20, -1, 1) * 1.57)
    bow = 0.055 - 0.016 * np.cos(from_middle * 26) * np.exp(-((from_middle / 0.09) ** 2))
    shape = np.minimum(y - 0.605 + bow * taper, 0.605 + 0.085 * taper - y) - np.clip(
        np.abs(from_middle) - 0.19, 0, 1
    )
    plate.ink(
        _distance(shape, per_unit), np.asarray(light * 0.9 + 0.06, dtype=np.float32), _tones(inks)
    )
    parted = (
        0.010
        - np.abs(y - 0.605 - 0.010 * np.cos(from_middle * 16))
        - 0.3 * np.clip(np.abs(from_middle) - 0.17, 0, 1)
    )
    plate.ink(_distance(parted, per_unit), light, _tones(_DARK))


def _eye(
    plate: _Print,
    x: Floats,
    y: Floats,
    light: Floats,
    per_unit: float,
    sitter: _Sitter,
    side: float,
    hair: Colour,
) -> None:
    ex, ey = sitter.turn * 0.75 + side * 0.31, -0.040
    u = (x - ex) / 0.135
    taper = np.cos(np.clip(u, -1, 1) * 1.57)
    lid = ey - 0.062 * taper
    almond = np.minimum(y - lid, ey + 0.040 * taper - y) - 0.1 * np.clip(np.abs(u) - 0.96, 0, 9)
    tone = np.full_like(x, 0.62 if side == sitter.way else 0.34)
    plate.ink(
        _distance(almond, per_unit),
        tone,
        _tones(((40, 30, 36), (104, 92, 92), (178, 166, 158), (236, 228, 216))),
    )
    across = x - ex - sitter.turn * 0.2
    iris = np.minimum(0.060 - np.hypot(across, y - ey + 0.010), almond)
    plate.ink(_distance(iris, per_unit), tone, _tones(((18, 20, 26), (34, 44, 52), (66, 84, 92))))
    spark = 0.015 - np.hypot(across - sitter.way * 0.020, y - ey + 0.028)
    plate.ink(
        _distance(spark, per_unit), np.ones_like(x), _tones(((250, 246, 238), (250, 246, 238)))
    )
    lash = 0.013 - np.abs(y - lid + 0.004) - 0.6 * np.clip(np.abs(u) - 1.05, 0, 1)
    plate.ink(_distance(lash, per_unit), light, _tones(_DARK))
    arch = -0.225 - 0.050 * np.cos((u - side * 0.2) * 1.1)
    thick = (0.024 if sitter.soft else 0.036) * np.clip(1.25 - 0.55 * side * u, 0.2, 1.6)
    brow = thick - np.abs(y - arch) - 0.12 * np.clip(np.abs(u) - 1.25, 0, 2)
    plate.ink(
        _distance(brow, per_unit),
        np.asarray(light * 0.45 + 0.1, dtype=np.float32),
        _hair_tones(mix(hair, (40, 28, 28), 0.45)),
    )


def _distance(signed: Floats, per_unit: float) -> Floats:
    """Signed distances in head units as a region: a half on the edge, one more per sample inside."""
    return np.asarray(signed * per_unit + 0.5, dtype=np.float32)
