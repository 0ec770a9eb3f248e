"""Type: fonts that can draw the text, fitted lines, the caption and the EMULATED badge."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from playground.emulator.drawing.canvas import Canvas, Fade
from playground.emulator.drawing.colour import Colour
from playground.emulator.drawing.stencil import Mask, Point, rect

BADGE_TEXT = "EMULATED"

# Tried in this order for scripts that Pillow's own font lacks; none of them has to be installed.
_OTHER_FACES = (
    "NotoSansCJK-Regular.ttc",
    "NotoSansCJKsc-Regular.otf",
    "SourceHanSansSC-Regular.otf",
    "wqy-microhei.ttc",
    "PingFang.ttc",
    "msyh.ttc",
    "DejaVuSans.ttf",
    "NotoSans-Regular.ttf",
    "Arial Unicode.ttf",
)
_NO_GLYPH = "\U0010fffd"
_PROBE_SIZE_PX = 20


@lru_cache(maxsize=64)
def _face(name: str, size_px: int) -> ImageFont.FreeTypeFont | None:
    if not name:
        bundled = ImageFont.load_default(size=size_px)
        return bundled if isinstance(bundled, ImageFont.FreeTypeFont) else None
    try:
        return ImageFont.truetype(name, size_px)
    except OSError:
        return None


@cache
def _missing_glyph(name: str) -> bytes:
    face = _face(name, _PROBE_SIZE_PX)
    return bytes(face.getmask(_NO_GLYPH)) if face else b""


@lru_cache(maxsize=20_000)
def _has(name: str, ch: str) -> bool:
    face = _face(name, _PROBE_SIZE_PX)
    return face is not None and (ch == " " or bytes(face.getmask(ch)) != _missing_glyph(name))


def drawable(text: str) -> tuple[str, str]:
    """The name of the face that can draw most of the text ('' is Pillow's own), and what it can draw."""
    wanted = set(text[:400])
    best, best_n = "", sum(_has("", ch) for ch in wanted)
    if best_n < len(wanted):
        for name in _OTHER_FACES:
            n = sum(_has(name, ch) for ch in wanted) if _face(name, _PROBE_SIZE_PX) else 0
            if n > best_n:
                best, best_n = name, n
    return best, " ".join(_kept(best, text).split())


def _kept(face: str, text: str) -> str:
    return "".join(ch for ch in text if _has(face, ch))


def _font(name: str, size_px: float) -> ImageFont.FreeTypeFont:
    font = _face(name, max(6, round(size_px))) or _face("", max(6, round(size_px)))
    if font is None:
        raise RuntimeError(
            "Pillow was built without FreeType; the emulator cannot letter its pictures."
        )
    return font


def line_mask(
    text: str, size_px: float, *, face: str = "", bold: float = 0.0, tracking: float = 0.0
) -> Mask:
    """
    One line of type as a mask whose top left is the corner of its ink.

    Args:
        text: What to set.

        size_px: The em.

        face: From `drawable`.

        bold: Thickening of the strokes, as a share of the em.

        tracking: Space added after every letter, as a share of the em.
    """
    font, stroke = _font(face, size_px), round(bold * size_px)
    space = tracking * size_px
    width = font.getlength(text) + space * len(text) + 2 * stroke + size_px
    image = Image.new("L", (max(1, int(width)), max(1, int(size_px * 2.2))))
    pen = ImageDraw.Draw(image)
    x, base = size_px * 0.3 + stroke, size_px * 1.4
    for run in text if tracking else (text,):
        pen.text((x, base), run, fill=255, font=font, stroke_width=stroke, anchor="ls")
        x += font.getlength(run) + space
    box = image.getbbox() or (0, 0, 1, 1)
    return Mask(image=image.crop(box), left=0, top=0)


def fit(
    lines: Sequence[str],
    width: float,
    height: float,
    *,
    face: str,
    bold: float,
    tracking: float = 0.0,
    leading: float = 1.12,
) -> tuple[list[Mask], float]:
    """The lines at the largest size that fits the box, placed from (0, 0) down, and that size."""
    probe = [
        line_mask(line, 100, face=face, bold=bold, tracking=tracking).image.width for line in lines
    ]
    size = min(100 * width / max(1, *probe), height / (leading * max(1, len(lines))))
    placed, top = [], 0.0
    for line in lines:
        mask = line_mask(line, size, face=face, bold=bold, tracking=tracking)
        placed.append(mask.moved(0, top))
        top += mask.image.height + size * (leading - 0.72)
    return placed, size


def break_lines(text: str, *, most: int) -> list[str]:
    """The text in at most `most` lines of about the same length."""
    words = text.split() or [text]
    if len(words) == 1 and len(text) > 8 and not text.isascii():
        words = [text[i : i + 4] for i in range(0, len(text), 4)]
    n = min(most, len(words))
    target = len(text) / n
    lines: list[str] = []
    current = ""
    for word in words:
        joined = f"{current} {word}".strip()
        if current and len(lines) < n - 1 and len(joined) > target * 1.15:
            lines.append(current)
            current = word
        else:
            current = joined
    return [*lines, current]


def wrap(text: str, width: float, size_px: float, *, face: str, most: int) -> list[str]:
    """The text broken into at most `most` lines of the width; what is left over ends in an ellipsis."""
    font = _font(face, size_px)
    units = text.split() if " " in text else list(text)
    glue = " " if " " in text else ""
    lines, current = [], ""
    for i, unit in enumerate(units[:400]):
        joined = f"{current}{glue}{unit}" if current else unit
        if font.getlength(joined) <= width or not current:
            current = joined
            continue
        lines.append(current)
        current = unit
        if len(lines) == most:
            rest = i < len(units)
            lines[-1] = _ellipsised(lines[-1], width, font) if rest else lines[-1]
            return lines
    lines.append(_ellipsised(current, width, font) if font.getlength(current) > width else current)
    return lines


def _ellipsised(text: str, width: float, font: ImageFont.FreeTypeFont) -> str:
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (
            (middle, high) if font.getlength(text[:middle] + "…") <= width else (low, middle - 1)
        )
    return text[:low].rstrip(" ,.;:") + "…"


def badge(canvas: Canvas) -> tuple[int, int, int, int]:
    """The word EMULATED on a dark pill in the lower right corner; returns the pill's box."""
    longest = max(canvas.width, canvas.height)
    # On a thumbnail of 400 px this leaves letters of 8.6 px, which still read.
    size = max(8.0, min(0.0215 * longest, 0.13 * canvas.width, 0.30 * canvas.height))
    text = line_mask(BADGE_TEXT, size, bold=0.028, tracking=0.11)
    if text.image.width > canvas.width * 0.92:
        size *= canvas.width * 0.92 / text.image.width
        text = line_mask(BADGE_TEXT, size, tracking=0.02)
    pad_x, pad_y, margin = size * 0.72, size * 0.52, size * 0.85
    width, height = text.image.width + 2 * pad_x, text.image.height + 2 * pad_y
    right = max(width, canvas.width - margin) if canvas.width > width + margin else canvas.width
    bottom = canvas.height - margin if canvas.height > height + margin else canvas.height
    left, top = right - width, bottom - height
    pill = canvas.stencil((left, top, right, bottom))
    r = height / 2
    pill.disc(left + r, top + r, r)
    pill.disc(right - r, top + r, r)
    pill.polygon(rect(left + r, top, right - r, bottom))
    canvas.lay(pill.mask(), (16, 17, 20), opacity=0.74)
    canvas.lay(text.moved(left + pad_x, top + pad_y), (255, 255, 255))
    return (
        max(0, int(left)),
        max(0, int(top)),
        min(canvas.width, int(right)),
        min(canvas.height, int(bottom)),
    )


def caption(canvas: Canvas, text: str, *, right: float, note: str) -> None:
    """The prompt, and a note under it, small in the lower left corner, ending before x = right."""
    size = max(9.0, 0.0150 * max(canvas.width, canvas.height))
    margin = size * 1.3
    room = min(right - margin * 2, size * 36)
    if room < size * 6 or canvas.height < size * 8:
        return
    face, _ = drawable(f"{text} {note}")
    plain, remark = (" ".join(_kept(face, part).split()) for part in (text, note))
    lines = wrap(plain, room, size, face=face, most=2) if plain else []
    lines += wrap(remark, room, size, face=face, most=1) if remark else []
    if not lines:
        return
    base = canvas.height - margin - size * 1.34 * (len(lines) - 1)
    box = (int(margin), int(base - size), int(right), canvas.height)
    under = (
        canvas.image.crop(box).convert("L").resize((1, 1), Image.Resampling.BOX).getpixel((0, 0))
    )
    dark_ground = not isinstance(under, int) or under < 150
    ink, halo = ((252, 251, 248), (10, 11, 16)) if dark_ground else ((28, 28, 34), (250, 248, 242))
    font = _font(face, size)
    plate = Image.new("L", (max(1, box[2] - box[0]), max(1, box[3] - box[1])))
    pen = ImageDraw.Draw(plate)
    for i, line in enumerate(lines):
        pen.text((size * 0.1, size + i * size * 1.34), line, fill=255, font=font, anchor="ls")
    type_mask = Mask(image=plate, left=box[0], top=box[1])
    glow = type_mask.blurred(size * 0.22)
    canvas.lay(glow, halo, opacity=0.8)
    canvas.lay(glow, halo, opacity=0.6)
    canvas.lay(type_mask, ink)


def neon(canvas: Canvas, tubes: Mask, colour: Colour, size: float) -> None:
    """A mask as glowing tubes; `size` is the em of the type they form."""
    canvas.lay(tubes.blurred(size * 0.42), colour, opacity=0.75)
    canvas.lay(tubes.blurred(size * 0.12), colour, opacity=0.9)
    canvas.lay(tubes, colour)
    r, g, b = (int(c + (255 - c) * 0.86) for c in colour)
    canvas.lay(tubes.thinned(size * 0.02), (r, g, b))


def board(
    canvas: Canvas,
    text: str,
    *,
    centre: Point,
    width: float,
    height: float,
    paint: Colour,
    ink: Colour,
) -> None:
    """A painted sign with the text set as large as it fits, a rule around it and a shadow behind it."""
    face, plain = drawable(text)
    if not plain:
        return
    lines = break_lines(plain, most=2 if len(plain) > 12 else 1)
    masks, _ = fit(lines, width * 0.82, height * 0.72, face=face, bold=0.03, tracking=0.03)
    left, top = centre[0] - width / 2, centre[1] - height / 2
    corners = rect(left, top, left + width, top + height)
    plate = canvas.stencil((left, top, left + width, top + height))
    plate.polygon(corners)
    cut = plate.mask()
    canvas.lay(
        cut.moved(width * 0.012, height * 0.05).blurred(height * 0.06), (10, 10, 16), opacity=0.5
    )
    dark = tuple(int(c * 0.86) for c in paint)
    canvas.lay(cut, Fade(stops=(paint, (dark[0], dark[1], dark[2])), start=top, end=top + height))
    inset = height * 0.07
    frame = [
        (left + inset, top + inset),
        (left + width - inset, top + inset),
        (left + width - inset, top + height - inset),
        (left + inset, top + height - inset),
        (left + inset, top + inset),
    ]
    canvas.lines([(frame, height * 0.018)], ink)
    total = masks[-1].top + masks[-1].image.height
    for mask in masks:
        canvas.lay(mask.moved(centre[0] - mask.image.width / 2, centre[1] - total / 2), ink)


def ink_for(paint: Colour) -> Colour:
    """Near-black or near-white, whichever reads better on the paint."""
    luma = float(np.dot(paint, (0.299, 0.587, 0.114)))
    return (24, 24, 30) if luma > 140 else (250, 247, 240)
