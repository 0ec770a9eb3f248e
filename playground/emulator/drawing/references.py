"""Reference pictures: decoded within limits, their colours taken, hung in the scene in order."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from PIL import Image, ImageOps

from playground.emulator.drawing.brief import Setting
from playground.emulator.drawing.canvas import Canvas
from playground.emulator.drawing.colour import Colour
from playground.emulator.drawing.lettering import line_mask
from playground.emulator.drawing.stage import Stage
from playground.emulator.drawing.stencil import Mask

MAX_REFERENCES = 8
MAX_REFERENCE_PIXELS = 80_000_000
_DECODED_SIDE_PX = 1_200
_FORMATS = ("PNG", "JPEG", "WEBP", "GIF")

# What Pillow's four decoders raise on bytes that are not what they claim to be.
_UNREADABLE = (
    OSError, SyntaxError, ValueError, TypeError, LookupError, EOFError, ArithmeticError, AttributeError,
    MemoryError, struct.error, zlib.error, Image.DecompressionBombError, Warning,
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """One readable reference picture, upright, and its place in the request, from 1."""

    number: int
    image: Image.Image

    @property
    def aspect(self) -> float:
        """Width over height."""
        return self.image.width / self.image.height


def decode(blobs: Sequence[bytes]) -> tuple[Reference, ...]:
    """The readable ones among the first eight, in order, keeping their numbers."""
    found = []
    for number, blob in enumerate(blobs[:MAX_REFERENCES], start=1):
        image = _decode(blob)
        if image is not None:
            found.append(Reference(number=number, image=image))
    return tuple(found)


def _decode(blob: bytes) -> Image.Image | None:
    try:
        with Image.open(BytesIO(blob), formats=_FORMATS) as opened:
            if opened.width * opened.height > MAX_REFERENCE_PIXELS:
                return None
            opened.draft("RGB", (_DECODED_SIDE_PX, _DECODED_SIDE_PX))
            opened.load()
            turned = ImageOps.exif_transpose(opened)
            turned.thumbnail(
                (_DECODED_SIDE_PX, _DECODED_SIDE_PX), Image.Resampling.BOX, reducing_gap=2.0
            )
            layered = turned.convert("RGBA")
    except _UNREADABLE:
        return None
    flat = Image.new("RGB", layered.size, (246, 244, 238))
    flat.paste(layered, mask=layered.getchannel("A"))
    return flat


def colours_of(references: Sequence[Reference]) -> tuple[Colour, ...]:
    """The leading colours of the references, in turn, frequent and vivid ones first."""
    lists = []
    for reference in references:
        small = reference.image.resize((48, 48), Image.Resampling.BOX).quantize(6)
        palette = np.asarray(small.getpalette(), dtype=np.int64)[:18].reshape(-1, 3)
        counts = np.bincount(np.asarray(small).reshape(-1), minlength=len(palette))[: len(palette)]
        chroma = palette.max(axis=1) - palette.min(axis=1)
        order = np.argsort(-counts * (60 + chroma))
        lists.append([tuple(palette[i].tolist()) for i in order])
    return tuple(
        (c[0], c[1], c[2])
        for rank in range(6)
        for colours in lists
        for c in colours[rank : rank + 1]
    )


def steep(canvas: Canvas, references: Sequence[Reference]) -> None:
    """Let the references show through the scene, very soft, each from its own side."""
    shown = references[:3]
    columns, rows = 14, max(2, round(14 * canvas.height / canvas.width))
    for i, reference in enumerate(shown):
        wash = ImageOps.fit(reference.image, (columns, rows), Image.Resampling.BOX)
        soft = wash.resize(canvas.image.size, Image.Resampling.BICUBIC)
        centre = (i + 0.5) / len(shown)
        spread = 0.75 / len(shown)
        fall = np.exp(-(((np.linspace(0, 1, 64) - centre) / spread) ** 2)) * 0.22 * 255
        line = Image.fromarray(fall.astype(np.uint8)[None]).resize(
            canvas.image.size, Image.Resampling.BILINEAR
        )
        canvas.image.paste(soft, (0, 0), line)


def hang(stage: Stage, references: Sequence[Reference]) -> None:
    """Hang the references in the scene as framed prints, in order, each with its number."""
    canvas, rng = stage.canvas, stage.detail
    w, h, u = canvas.width, canvas.height, canvas.unit
    for reference, (x, y, wide, tall) in zip(references, _layout(stage, references), strict=True):
        _print(
            canvas,
            reference,
            (x, y, wide, tall),
            tilt=float(rng.normal(0, 0.9)) if min(w, h) > 200 else 0.0,
            unit=u,
        )


def _region(stage: Stage, n: int) -> tuple[float, float, float, float]:
    """Where prints may hang (left, top, right, bottom), so that type and faces stay free."""
    w, h, brief = stage.canvas.width, stage.canvas.height, stage.brief
    if brief.setting is Setting.POSTER:
        return (
            (w * 0.45, h * 0.07, w * 0.96, h * 0.84)
            if w > h * 1.15
            else (w * 0.06, h * 0.05, w * 0.94, h * 0.56)
        )
    if brief.setting is Setting.PORTRAIT:
        return w * 0.05, h * 0.67, w * 0.95, h * 0.92
    if brief.lettering and brief.setting in (Setting.ALLEY, Setting.TABLE, Setting.WALL):
        return w * 0.06, h * 0.44, w * 0.94, h * 0.90
    tall = (0.56, 0.50, 0.54, 0.66, 0.66, 0.68, 0.70, 0.70)[n - 1]
    wide = (0.62, 0.88, 0.90, 0.86, 0.90, 0.90, 0.92, 0.92)[n - 1]
    left = w * (0.5 - wide / 2)
    if n == 1:
        left = w * (0.06 if stage.plan_of("hang").random() < 0.5 else 0.32)
    return left, h * 0.06, left + w * wide, h * (0.06 + tall)


def _layout(
    stage: Stage, references: Sequence[Reference]
) -> list[tuple[float, float, float, float]]:
    """Boxes (x, y, width, height) in rows that fill the region, every aspect kept."""
    left, top, right, bottom = _region(stage, len(references))
    gap = min(stage.canvas.width, stage.canvas.height) * 0.045

    def arranged(n_rows: int) -> tuple[list[list[Reference]], list[float]]:
        cuts = np.array_split(np.arange(len(references)), n_rows)
        rows = [[references[i] for i in cut.tolist()] for cut in cuts]
        room = (bottom - top - gap * (n_rows - 1)) / n_rows
        full = [(right - left - gap * (len(row) - 1)) / sum(r.aspect for r in row) for row in rows]
        return rows, [max(1.0, min(height, room)) for height in full]

    def smallest(n_rows: int) -> float:
        rows, heights = arranged(n_rows)
        return min(
            height * height * r.aspect
            for row, height in zip(rows, heights, strict=True)
            for r in row
        )

    # Fewer rows unless more of them show every print at least a tenth larger.
    rows, heights = arranged(
        max(range(1, len(references) + 1), key=lambda n: smallest(n) * 0.9 ** (n - 1))
    )
    boxes = []
    y = top + max(0.0, (bottom - top - sum(heights) - gap * (len(rows) - 1)) / 2)
    for row, height in zip(rows, heights, strict=True):
        wide = sum(r.aspect for r in row) * height + gap * (len(row) - 1)
        x = (left + right - wide) / 2
        for reference in row:
            boxes.append((x, y, reference.aspect * height, height))
            x += reference.aspect * height + gap
        y += height + gap
    return boxes


def _print(
    canvas: Canvas,
    reference: Reference,
    box: tuple[float, float, float, float],
    *,
    tilt: float,
    unit: float,
) -> None:
    """One print: white border, thin shadow line, a soft shadow behind, its number at the corner."""
    x, y, wide, tall = box
    border = max(1, round(min(unit * 0.016, min(wide, tall) * 0.07)))
    inner = (max(1, round(wide) - 2 * border), max(1, round(tall) - 2 * border))
    # The frame takes as many pixels from the width as from the height: refit so the aspect stays exact.
    picture = ImageOps.contain(reference.image, inner, Image.Resampling.BICUBIC)
    framed = Image.new(
        "RGB", (picture.width + 2 * border, picture.height + 2 * border), (250, 248, 243)
    )
    framed.paste(picture, (border, border))
    mask = Image.new("L", framed.size, 255)
    if abs(tilt) > 0.05:
        framed = framed.rotate(
            tilt, Image.Resampling.BICUBIC, expand=True, fillcolor=(250, 248, 243)
        )
        mask = mask.rotate(tilt, Image.Resampling.BICUBIC, expand=True)
    left, top = round(x + (wide - framed.width) / 2), round(y + (tall - framed.height) / 2)
    shadow = Mask(image=mask, left=left, top=top)
    canvas.lay(
        shadow.moved(unit * 0.006, unit * 0.014).blurred(max(1.0, unit * 0.016)),
        (6, 8, 16),
        opacity=0.55,
    )
    canvas.lay(
        shadow.moved(unit * 0.001, unit * 0.003).blurred(max(1.0, unit * 0.003)),
        (6, 8, 16),
        opacity=0.5,
    )
    canvas.image.paste(framed, (left, top), mask)
    r = max(5.0, min(unit * 0.021, min(wide, tall) * 0.16))
    cx, cy = left + r * 0.75, top + r * 0.75
    canvas.disc(cx, cy, r * 1.12, (250, 248, 243))
    canvas.disc(cx, cy, r, (24, 26, 32))
    digit = line_mask(str(reference.number), r * 1.25, bold=0.04)
    canvas.lay(
        digit.moved(cx - digit.image.width / 2, cy - digit.image.height / 2), (255, 255, 255)
    )
