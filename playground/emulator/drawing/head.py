"""A head as fields of numbers: the relief of a face, and the beard, hair or cap it wears."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from playground.emulator.drawing.colour import Floats
from playground.emulator.drawing.fields import grid, noise, smoothstep
from playground.emulator.drawing.plate import hill
from playground.emulator.drawing.stencil import Point

# The head lives in its own units: the face is about 1.56 wide, crown at -1.28, chin at 1.16.
LEFT, RIGHT, TOP, BOTTOM = -1.35, 1.35, -1.75, 1.75
_COLUMNS = 420


@dataclass(frozen=True, slots=True, kw_only=True)
class Sitter:
    """Who sits: where, which way the light comes from, what the head wears."""

    centre: Point
    radius: float
    way: float  # -1 lit from the left, 1 from the right
    turn: float  # x of the nose
    soft: bool
    bearded: bool
    capped: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The grid everything on a head is computed on."""

    x: Floats
    y: Floats
    half: Floats  # half the width of the head at each height
    strands: Floats  # noise combed downwards
    wild: Floats  # noise with locks in it
    per_unit: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """Something on the head: where it is, how high it stands, and its texture."""

    inside: Floats  # signed distance from its edge, in head units
    height: Floats
    texture: Floats
    rough: float  # how much the texture shows
    soft_edge: float  # over which distance it rises out of the skin


def measure(rng: np.random.Generator, *, soft: bool) -> Head:
    """An empty head of one sitter."""
    per_unit = _COLUMNS / (RIGHT - LEFT)
    columns, rows = _COLUMNS, round(per_unit * (BOTTOM - TOP))
    gx, gy = grid(columns, rows)
    grids = np.broadcast_arrays(gx / per_unit + LEFT, gy / per_unit + TOP)
    x, y = (np.ascontiguousarray(g) for g in grids)
    return Head(
        x=x,
        y=y,
        half=_outline(y, soft),
        strands=noise(rng, columns, rows, cells=15, octaves=3, stretch=0.085, gain=0.6),
        wild=noise(rng, columns, rows, cells=9, octaves=4, stretch=0.4),
        per_unit=per_unit,
    )


def _outline(y: Floats, soft: bool) -> Floats:
    """Half the width of the head at each height."""
    jaw = 0.50 if soft else 0.58
    ys = np.linspace(TOP, BOTTOM, 400)
    half = np.interp(
        ys,
        [-1.30, -1.22, -1.05, -0.7, -0.2, 0.25, 0.62, 0.90, 1.08, 1.18],
        [0.0, 0.28, 0.50, 0.71, 0.78, 0.745, jaw + 0.07, jaw * 0.76, jaw * 0.44, 0.0],
    )
    kernel = np.hanning(31)
    smooth = np.convolve(half, kernel / kernel.sum(), mode="same")
    return np.interp(y, ys, smooth).astype(np.float32)


def relief(head: Head, sitter: Sitter) -> Floats:
    """The height of the face itself."""
    x, y = head.x, head.y
    z = _face_relief(x, y, head.half, sitter.turn)
    if not sitter.bearded:
        return z
    for level in (-0.40, -0.50):  # the lines age draws on a forehead
        wave = y - level - np.sin(x * 5 + level * 9) * 0.014
        z = z - 0.020 * np.exp(-((wave / 0.020) ** 2)) * np.exp(-((x / 0.5) ** 2))
    return z


def _face_relief(x: Floats, y: Floats, half: Floats, n: float) -> Floats:
    """The height of a face, broad masses first; n is the x of the nose."""
    across = np.clip(x / np.maximum(half, 0.02), -1, 1)
    z = np.sqrt(1 - across**2) * np.minimum(half * 1.15, 0.85)
    for side in (-1.0, 1.0):
        eye = n * 0.75 + side * 0.31
        z = z + 0.080 * hill(x, y, (eye - side * 0.02, -0.225), 0.24, 0.085)
        z = z - 0.150 * hill(x, y, (eye, -0.055), 0.18, 0.105)
        z = z + 0.075 * hill(x, y, (eye, -0.040), 0.12, 0.075)
        z = z + 0.085 * hill(x, y, (n * 0.5 + side * 0.45, 0.18), 0.22, 0.17)
        z = z - 0.060 * hill(x, y, (n * 0.5 + side * 0.40, 0.56), 0.16, 0.22)
        z = z + 0.065 * hill(x, y, (n + side * 0.125, 0.315), 0.075, 0.065)
    t = np.clip((y + 0.28) / 0.62, 0, 1)
    ridge = np.exp(-(((x - n * (0.8 + 0.25 * t)) / (0.075 + 0.070 * t)) ** 2))
    z = z + ridge * (0.05 + 0.25 * t**1.2) * smoothstep(0.44, 0.31, y) * smoothstep(-0.42, -0.16, y)
    z = (
        z
        + 0.050 * hill(x, y, (n * 0.9, 0.555), 0.18, 0.042)
        + 0.070 * hill(x, y, (n * 0.9, 0.650), 0.15, 0.048)
    )
    z = z - 0.050 * hill(x, y, (n * 0.9, 0.602), 0.20, 0.020)
    return np.asarray(z + 0.09 * hill(x, y, (n * 0.8, 0.94), 0.21, 0.13), dtype=np.float32)


def growths(head: Head, sitter: Sitter) -> list[Growth]:
    """What grows or sits on the head, from below upwards."""
    found = [_beard(head, sitter)] if sitter.bearded else []
    return found + (_cap(head) if sitter.capped else [_hair(head, sitter)])


def _round(x: Floats, half: float) -> Floats:
    """The height of a cylinder standing upright."""
    return np.asarray(np.sqrt(np.clip(1 - (x / half) ** 2, 0, 1)))


def _beard(head: Head, sitter: Sitter) -> Growth:
    x, y, strands = head.x, head.y, head.strands
    from_nose = x - sitter.turn * 0.8
    line = 0.475 - 0.30 * smoothstep(0.30, 0.72, np.abs(x)) - 0.05 * hill(x, y, (0, 0.5), 0.25, 0.5)
    hull = np.interp(y, [-0.2, 0.2, 0.7, 1.1, 1.42, 1.62], [0.77, 0.79, 0.74, 0.56, 0.30, 0.0])
    hull = hull + (head.wild - 0.5) * 0.22 * smoothstep(0.3, 1.2, y)
    mouth = np.hypot(from_nose / 0.215, (y - 0.615) / 0.055) - 1 + (strands - 0.5) * 0.5
    inside = np.minimum(hull - np.abs(x), y - line - (strands - 0.5) * 0.10)
    parted = np.abs(np.sin(np.clip(from_nose, -0.45, 0.45) * 3.5))
    moustache = 0.10 * parted * hill(x, y, (sitter.turn * 0.8, 0.52), 0.4, 0.06)
    height = _round(x, 0.86) * 0.74 + 0.12 * smoothstep(0.3, 1.0, y) + moustache
    return Growth(
        inside=np.minimum(inside, mouth * 0.06),
        height=height + (strands - 0.5) * 0.24,
        texture=strands,
        rough=0.24,
        soft_edge=0.04,
    )


def _cap(head: Head) -> list[Growth]:
    """A knitted watch cap and its turned-up brim."""
    x, y = head.x, head.y
    ribs = 0.5 + 0.5 * np.sin(np.arcsin(np.clip(x / 0.92, -1, 1)) * 34)
    bow = 0.09 * np.cos(x * 1.8)
    top = 0.85 * np.sqrt(np.clip(1 - (np.clip(-y - 0.72, 0, 2) / 0.80) ** 2, 0, 1))
    dome = np.minimum(top - np.abs(x), -0.50 - 0.06 * np.cos(x * 2) - y)
    brim = np.minimum(0.885 - np.abs(x), np.minimum(-0.42 - bow - y, y + 0.80 + bow))
    crown = _round(x, 0.92) * np.sqrt(np.clip(1 - ((y + 0.5) / 1.12) ** 2, 0.05, 1)) * 0.92
    turned = _round(x, 0.95) * 0.98 + 0.02
    return [
        Growth(inside=dome, height=crown, texture=ribs, rough=0.16, soft_edge=0.0),
        Growth(inside=brim, height=turned, texture=ribs, rough=0.22, soft_edge=0.0),
    ]


def _hair(head: Head, sitter: Sitter) -> Growth:
    x, y, strands = head.x, head.y, head.strands
    if sitter.soft:
        line = -0.98 + 0.80 * np.abs(x + sitter.way * 0.22) ** 1.8
    else:
        line = -0.72 - 0.22 * np.cos(x * 2.4) + 0.75 * smoothstep(0.52, 0.86, np.abs(x))
    wide, curl = (0.96, 0.10) if sitter.soft else (0.90, 0.18)
    skull = np.sqrt(np.clip(1 - (np.clip(-y - 0.42, 0, 2) / 1.02) ** 2, 0, 1))
    hull = wide * skull * (1 + (head.wild - 0.5) * curl) - 0.02
    inside = np.minimum(hull - np.abs(x), line - y + (strands - 0.5) * 0.10)
    if sitter.soft:
        inner = np.abs(x) - 0.66 + 0.10 * np.sin(y * 2.2) + (strands - 0.5) * 0.05
        ends = np.minimum(y + 0.55, 1.52 + (strands - 0.5) * 0.9 - y)
        outer = 1.00 + 0.07 * np.sin(y * 2.6) - np.abs(x)
        inside = np.maximum(inside, np.minimum(inner, np.minimum(outer, ends)))
    height = _round(x, 1.05) * 0.86 + (strands - 0.5) * 0.20
    return Growth(inside=inside, height=height, texture=strands, rough=0.34, soft_edge=0.0)
