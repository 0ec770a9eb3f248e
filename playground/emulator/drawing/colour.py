"""Colour arithmetic: mixing in OKLab so that gradients stay clean, and the colours words stand for."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Colour = tuple[int, int, int]
Floats = NDArray[np.floating[Any]]
Bytes = NDArray[np.uint8]

# Björn Ottosson, "A perceptual color space for image processing" (2020): linear sRGB <-> OKLab.
_TO_LMS = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)
_FROM_LMS = np.linalg.inv(_TO_LMS)
_FROM_LAB = np.linalg.inv(_TO_LAB)


_LINEAR = np.array(
    [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
        for c in (i / 255 for i in range(256))
    ]
)


def from_lab(lab: NDArray[np.float64]) -> Bytes:
    """8-bit sRGB of OKLab; what is out of gamut is clipped."""
    linear = np.clip(((lab @ _FROM_LAB.T) ** 3) @ _FROM_LMS.T, 0.0, 1.0)
    c = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.rint(c * 255.0).astype(np.uint8)


Triple = tuple[float, float, float]


def _rows(matrix: NDArray[np.float64]) -> tuple[Triple, Triple, Triple]:
    a, b, c = ((float(r[0]), float(r[1]), float(r[2])) for r in matrix)
    return (a, b, c)


def _times(matrix: tuple[Triple, Triple, Triple], v: Triple) -> Triple:
    (a, b, c), (x, y, z) = matrix, v
    return (
        a[0] * x + a[1] * y + a[2] * z,
        b[0] * x + b[1] * y + b[2] * z,
        c[0] * x + c[1] * y + c[2] * z,
    )


_ROWS_TO_LMS, _ROWS_TO_LAB = _rows(_TO_LMS), _rows(_TO_LAB)
_ROWS_FROM_LMS, _ROWS_FROM_LAB = _rows(_FROM_LMS), _rows(_FROM_LAB)
_LINEAR_LIST: list[float] = _LINEAR.tolist()


# A picture mixes hundreds of single colours; plain floats are eight times as fast for them as arrays.
@lru_cache(maxsize=4096)
def _lab(colour: Colour) -> Triple:
    r, g, b = (_LINEAR_LIST[int(c)] for c in colour)
    l_, m, s = _times(_ROWS_TO_LMS, (r, g, b))
    return _times(_ROWS_TO_LAB, (l_ ** (1 / 3), m ** (1 / 3), s ** (1 / 3)))


def _colour(lab: Triple) -> Colour:
    l_, m, s = _times(_ROWS_FROM_LAB, lab)
    channels = []
    for v in _times(_ROWS_FROM_LMS, (l_**3, m**3, s**3)):
        c = v * 12.92 if v <= 0.0031308 else 1.055 * min(v, 1.0) ** (1 / 2.4) - 0.055
        channels.append(round(max(0.0, c) * 255))
    return (channels[0], channels[1], channels[2])


def mix(a: Colour, b: Colour, share: float) -> Colour:
    """The colour `share` of the way from a (0) to b (1)."""
    (l0, a0, b0), (l1, a1, b1) = _lab(a), _lab(b)
    rest = 1 - share
    return _colour((l0 * rest + l1 * share, a0 * rest + a1 * share, b0 * rest + b1 * share))


def shift(colour: Colour, *, light: float = 0.0, chroma: float = 1.0, turn: float = 0.0) -> Colour:
    """The colour with OKLab lightness added, chroma multiplied and hue turned (radians)."""
    level, a, b = _lab(colour)
    cos, sin = math.cos(turn) * chroma, math.sin(turn) * chroma
    return _colour((min(1.0, max(0.0, level + light)), a * cos - b * sin, a * sin + b * cos))


def with_light(colour: Colour, light: float) -> Colour:
    """The same hue and chroma at another OKLab lightness."""
    _, a, b = _lab(colour)
    return _colour((light, a, b))


def lightness(colour: Colour) -> float:
    """OKLab lightness, 0 black to 1 white."""
    return _lab(colour)[0]


def ramp(stops: Sequence[Colour], n: int = 256, at: Sequence[float] | None = None) -> Bytes:
    """A table of n colours running through the stops, (n, 3); `at` places them in 0..1."""
    return _ramp(tuple(stops), n, None if at is None else tuple(at))


@lru_cache(maxsize=256)
def _ramp(stops: tuple[Colour, ...], n: int, at: tuple[float, ...] | None) -> Bytes:
    places = np.linspace(0.0, 1.0, len(stops)) if at is None else np.asarray(at)
    labs = np.array([_lab(stop) for stop in stops])
    t = np.linspace(0.0, 1.0, n)
    table = from_lab(np.stack([np.interp(t, places, labs[:, i]) for i in range(3)], axis=1))
    table.flags.writeable = False  # shared by everyone who asks for the same ramp
    return table


def tint(field: Floats, table: Bytes) -> Bytes:
    """A field of 0..1 painted through a table of colours."""
    index = (np.clip(field, 0.0, 1.0) * (len(table) - 1)).astype(np.intp)
    painted: Bytes = table.take(index, axis=0)
    return painted


COLOUR_WORDS: dict[str, Colour] = {
    "red": (205, 48, 42), "crimson": (165, 24, 48), "scarlet": (214, 44, 30),
    "maroon": (110, 28, 40), "burgundy": (112, 26, 48), "ruby": (168, 18, 62),
    "orange": (236, 132, 34), "amber": (240, 168, 40), "coral": (240, 118, 96),
    "peach": (250, 190, 150), "salmon": (242, 142, 120), "rust": (172, 76, 40),
    "yellow": (244, 198, 52), "gold": (216, 166, 56), "golden": (222, 172, 62),
    "mustard": (206, 158, 44), "lemon": (248, 222, 84), "ochre": (200, 140, 56),
    "green": (62, 138, 84), "emerald": (22, 132, 94), "olive": (120, 126, 62),
    "lime": (160, 200, 62), "mint": (152, 214, 180), "sage": (150, 170, 140),
    "teal": (24, 124, 128), "turquoise": (48, 178, 176), "cyan": (64, 190, 214),
    "blue": (42, 92, 178), "navy": (24, 40, 92), "azure": (64, 144, 222),
    "cobalt": (28, 70, 168), "indigo": (62, 52, 140), "purple": (122, 66, 156),
    "violet": (134, 84, 186), "lavender": (184, 170, 220), "lilac": (196, 170, 214),
    "magenta": (206, 46, 136), "pink": (240, 148, 172), "rose": (222, 112, 132),
    "brown": (122, 78, 50), "chocolate": (92, 56, 38), "beige": (222, 204, 174),
    "cream": (244, 232, 208), "ivory": (246, 240, 222), "white": (244, 242, 236),
    "silver": (188, 194, 202), "grey": (132, 136, 142), "gray": (132, 136, 142),
    "charcoal": (58, 62, 70), "black": (28, 28, 34), "copper": (184, 108, 66),
    "红": (205, 48, 42), "橙": (236, 132, 34), "黄": (244, 198, 52), "绿": (62, 138, 84),
    "蓝": (42, 92, 178), "紫": (122, 66, 156), "粉": (240, 148, 172), "白": (244, 242, 236),
    "黑": (28, 28, 34), "金": (216, 166, 56), "灰": (132, 136, 142), "棕": (122, 78, 50),
}  # fmt: skip
