"""A portrait: head and shoulders, lit from one side and printed in a few flat tones."""

from __future__ import annotations

import numpy as np

from playground.emulator.drawing.brief import Hour
from playground.emulator.drawing.colour import Bytes, Colour, Floats, mix, ramp, shift, tint
from playground.emulator.drawing.fields import grid, noise, smoothstep
from playground.emulator.drawing.head import (
    BOTTOM,
    LEFT,
    RIGHT,
    TOP,
    Head,
    Sitter,
    growths,
    measure,
    relief,
)
from playground.emulator.drawing.lettering import board, ink_for
from playground.emulator.drawing.plate import Plate, distance, hill, lit, tones
from playground.emulator.drawing.stage import Stage

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


def portrait(stage: Stage) -> None:
    """Head and shoulders against a plain ground, the light from one side."""
    canvas, plan, brief = stage.canvas, stage.plan, stage.brief
    w, h, u = canvas.width, canvas.height, canvas.unit
    way = -1.0 if plan.random() < 0.5 else 1.0
    ground = brief.colour_of.get("background", _GROUNDS[int(plan.integers(len(_GROUNDS)))])
    ground = shift(ground, light=-0.08) if brief.hour is Hour.NIGHT else ground
    radius = min(u * 0.262, w * 0.29)
    sitter = Sitter(
        centre=(w * stage.about(0.5 + 0.02 * way, 0.015), h * 0.5 - radius * 0.10),
        radius=radius, way=way, turn=way * stage.about(0.07, 0.03),
        soft=stage.wants("woman"), bearded=stage.wants("beard"), capped=stage.wants("hat"),
    )  # fmt: skip
    sun = (way * 0.84, stage.about(-0.46, 0.08), stage.about(0.50, 0.06))
    skin = tones(_SKINS[int(plan.integers(len(_SKINS)))])
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


def _ground(stage: Stage, colour: Colour, sitter: Sitter) -> None:
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
    return tones(
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
    sitter: Sitter,
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
    plate = Plate(
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
    cloth = lit(np.asarray(z, dtype=np.float32), sun, (5.6, low + 1.75))
    knit = np.sin(x * 58 + np.sin(y * 30) * 0.8) * 0.030
    inks = tones(
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
    sitter: Sitter,
    sun: tuple[float, float, float],
    skin: Bytes,
    hair: Colour,
    cap: Colour,
) -> None:
    """The face and what grows or sits on it, in one relief so that each shades the other."""
    r, way, (cx, cy) = sitter.radius, sitter.way, sitter.centre
    head = measure(stage.detail, soft=sitter.soft)
    worn = growths(head, sitter)
    z = relief(head, sitter)
    for growth in worn:
        share = smoothstep(-0.25, 0.75, growth.inside / max(1e-6, growth.soft_edge))
        z = z + (growth.height - z) * share
    light = lit(np.asarray(z, dtype=np.float32), sun, (RIGHT - LEFT, BOTTOM - TOP))
    box = (cx + LEFT * r, cy + TOP * r, cx + RIGHT * r, cy + BOTTOM * r)
    plate = Plate(stage.canvas, box, (head.x.shape[0], head.x.shape[1]))
    if not sitter.soft:
        _ears(plate, head, way, skin)
    inside = head.half - np.abs(head.x)
    reflected = 0.16 * smoothstep(0.10, 0.02, inside) * (head.x * way < 0)
    plate.ink(distance(inside, head.per_unit), light * 0.94 + reflected + 0.03, skin)
    _eyes_and_lips(plate, sitter, head, light, hair)
    inks = _cloth_tones(cap) if sitter.capped else _hair_tones(hair)
    for growth in worn:
        table = _hair_tones(hair) if sitter.bearded and growth is worn[0] else inks
        tone = light * 0.86 + (growth.texture - 0.5) * growth.rough
        plate.ink(distance(growth.inside, head.per_unit), tone, table)


def _cloth_tones(colour: Colour) -> Bytes:
    bright = (255, 236, 204)
    return tones(
        (
            shift(colour, light=-0.24),
            shift(colour, light=-0.12),
            colour,
            mix(colour, bright, 0.26),
            mix(colour, bright, 0.5),
        )
    )


def _ears(plate: Plate, head: Head, way: float, skin: Bytes) -> None:
    for side in (-1.0, 1.0):
        ear = 1 - np.hypot((head.x - side * 0.79) / 0.11, (head.y - 0.04) / 0.21)
        hollow = hill(head.x, head.y, (side * 0.81, 0.02), 0.05, 0.11)
        tone = (0.66 if side == way else 0.12) - 0.35 * hollow
        plate.ink(distance(ear * 0.12, head.per_unit), tone, skin)


def _eyes_and_lips(plate: Plate, sitter: Sitter, head: Head, light: Floats, hair: Colour) -> None:
    middle = sitter.turn * 0.9
    part, cut = _window(plate, head, (middle - 0.32, 0.46, middle + 0.32, 0.76))
    _lips(part, head.x[cut], head.y[cut], light[cut], head.per_unit, sitter)
    for side in (-1.0, 1.0):
        ex = sitter.turn * 0.75 + side * 0.31
        part, cut = _window(plate, head, (ex - 0.27, -0.42, ex + 0.27, 0.08))
        _eye(part, head.x[cut], head.y[cut], light[cut], head.per_unit, sitter, side, hair)


def _window(
    plate: Plate, head: Head, bounds: tuple[float, float, float, float]
) -> tuple[Plate, tuple[slice, slice]]:
    """The plate for bounds given in head units, and where they lie in the head's fields."""
    k = head.per_unit
    columns = slice(round((bounds[0] - LEFT) * k), round((bounds[2] - LEFT) * k))
    rows = slice(round((bounds[1] - TOP) * k), round((bounds[3] - TOP) * k))
    return plate.part(rows, columns), (rows, columns)


_DARK = ((26, 14, 20), (26, 14, 20))


def _lips(
    plate: Plate, x: Floats, y: Floats, light: Floats, per_unit: float, sitter: Sitter
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
        distance(shape, per_unit), np.asarray(light * 0.9 + 0.06, dtype=np.float32), tones(inks)
    )
    parted = (
        0.010
        - np.abs(y - 0.605 - 0.010 * np.cos(from_middle * 16))
        - 0.3 * np.clip(np.abs(from_middle) - 0.17, 0, 1)
    )
    plate.ink(distance(parted, per_unit), light, tones(_DARK))


def _eye(
    plate: Plate,
    x: Floats,
    y: Floats,
    light: Floats,
    per_unit: float,
    sitter: Sitter,
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
        distance(almond, per_unit),
        tone,
        tones(((40, 30, 36), (104, 92, 92), (178, 166, 158), (236, 228, 216))),
    )
    across = x - ex - sitter.turn * 0.2
    iris = np.minimum(0.060 - np.hypot(across, y - ey + 0.010), almond)
    plate.ink(distance(iris, per_unit), tone, tones(((18, 20, 26), (34, 44, 52), (66, 84, 92))))
    spark = 0.015 - np.hypot(across - sitter.way * 0.020, y - ey + 0.028)
    plate.ink(distance(spark, per_unit), np.ones_like(x), tones(((250, 246, 238), (250, 246, 238))))
    lash = 0.013 - np.abs(y - lid + 0.004) - 0.6 * np.clip(np.abs(u) - 1.05, 0, 1)
    plate.ink(distance(lash, per_unit), light, tones(_DARK))
    arch = -0.225 - 0.050 * np.cos((u - side * 0.2) * 1.1)
    thick = (0.024 if sitter.soft else 0.036) * np.clip(1.25 - 0.55 * side * u, 0.2, 1.6)
    brow = thick - np.abs(y - arch) - 0.12 * np.clip(np.abs(u) - 1.25, 0, 2)
    plate.ink(
        distance(brow, per_unit),
        np.asarray(light * 0.45 + 0.1, dtype=np.float32),
        _hair_tones(mix(hair, (40, 28, 28), 0.45)),
    )
