"""Many pictures as one: strips of whole pictures under their prompts, with a line about each."""

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from playground.errors import PictureError, StorageError
from playground.images.copies import upright
from playground.images.decoding import decode, read_picture_file
from playground.images.measurement import flattened

MAX_SHEET_PIXELS = 60_000_000
_PAPER, _INK, _MUTED, _EMPTY = "#ffffff", "#1a1c20", "#5c6068", "#ececea"
_GAP_PX, _MARGIN_PX, _LINE_PX, _TEXT_PX, _TITLE_PX = 10, 24, 20, 14, 24
_LABEL_LINES, _CAPTION_LINES = 3, 2
_QUALITY = 88
_MAX_CHARACTERS = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """One picture, or the reason why there is none, and a line about it."""

    path: Path | None
    caption: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Strip:
    """The pictures of one prompt, side by side."""

    label: str
    tiles: tuple[Tile, ...]


def strips_per_sheet(n_tiles: int, *, tile_px: int) -> int:
    """How many strips of so many tiles fit one sheet; at least one."""
    width = _width(n_tiles, tile_px)
    return max(1, (MAX_SHEET_PIXELS // width - 4 * _TITLE_PX) // _strip_height(tile_px))


def sheet_jpeg(title: str, strips: Sequence[Strip], *, tile_px: int) -> bytes:
    """
    The strips below each other as one JPEG; every picture whole, in its box, never enlarged.

    Letters the built-in font lacks are drawn as boxes. A picture that cannot be read is a grey
    field that says so.

    Raises:
        ValueError: It would have more than MAX_SHEET_PIXELS.
    """
    n_tiles = max((len(strip.tiles) for strip in strips), default=1)
    width = _width(n_tiles, tile_px)
    top = _MARGIN_PX + 2 * _TITLE_PX
    height = top + len(strips) * _strip_height(tile_px) + _MARGIN_PX
    if width * height > MAX_SHEET_PIXELS:
        raise ValueError(f"A sheet of {width} × {height} pixels is too large; use fewer strips.")
    sheet = Image.new("RGB", (width, height), _PAPER)
    draw = ImageDraw.Draw(sheet)
    fonts = {size: ImageFont.load_default(size) for size in (_TEXT_PX, _TITLE_PX)}
    inner = width - 2 * _MARGIN_PX
    _write(draw, (_MARGIN_PX, _MARGIN_PX), title, fonts[_TITLE_PX], inner, 1, _INK)
    for number, strip in enumerate(strips):
        y = top + number * _strip_height(tile_px)
        font = fonts[_TEXT_PX]
        lines = _wrapped(draw, strip.label, font, inner, _LABEL_LINES)
        y += _LABEL_LINES * _LINE_PX + _GAP_PX // 2
        for row, line in enumerate(lines):  # close to the pictures, however many there are
            above_px = (len(lines) - row) * _LINE_PX
            draw.text((_MARGIN_PX, y - above_px), line, fill=_INK, font=font)
        for place, tile in enumerate(strip.tiles):
            x = _MARGIN_PX + place * (tile_px + _GAP_PX)
            _place(sheet, draw, tile, (x, y), tile_px, fonts[_TEXT_PX])
    out = BytesIO()
    sheet.save(out, "JPEG", quality=_QUALITY)
    return out.getvalue()


def _width(n_tiles: int, tile_px: int) -> int:
    return 2 * _MARGIN_PX + n_tiles * (tile_px + _GAP_PX) - _GAP_PX


def _strip_height(tile_px: int) -> int:
    return tile_px + (_LABEL_LINES + _CAPTION_LINES) * _LINE_PX + 3 * _GAP_PX


def _place(
    sheet: Image.Image,
    draw: ImageDraw.ImageDraw,
    tile: Tile,
    corner: tuple[int, int],
    tile_px: int,
    font: ImageFont.ImageFont | ImageFont.FreeTypeFont,
) -> None:
    x, y = corner
    picture, said = None, tile.caption
    if tile.path is not None:
        try:
            picture = _small(tile.path, tile_px)
        except (PictureError, StorageError):
            said = f"{said} (the picture cannot be read)"
    if picture is None:
        draw.rectangle((x, y, x + tile_px - 1, y + tile_px - 1), fill=_EMPTY)
    else:
        sheet.paste(
            picture, (x + (tile_px - picture.width) // 2, y + (tile_px - picture.height) // 2)
        )
    _write(draw, (x, y + tile_px + 4), said, font, tile_px, _CAPTION_LINES, _MUTED)


def _small(path: Path, tile_px: int) -> Image.Image:
    image = upright(decode(read_picture_file(path), draft_px=tile_px))
    image.thumbnail((tile_px, tile_px))
    return flattened(image).convert("RGB")


def _write(
    draw: ImageDraw.ImageDraw,
    corner: tuple[int, int],
    text: str,
    font: ImageFont.ImageFont | ImageFont.FreeTypeFont,
    width_px: int,
    n_lines: int,
    colour: str,
) -> None:
    x, y = corner
    for number, line in enumerate(_wrapped(draw, text, font, width_px, n_lines)):
        draw.text((x, y + number * _LINE_PX), line, fill=colour, font=font)


def _wrapped(
    draw: ImageDraw.ImageDraw,
    text: str,
    font: ImageFont.ImageFont | ImageFont.FreeTypeFont,
    width_px: int,
    n_lines: int,
) -> list[str]:
    """As many lines as there is room for; what is left out is said by an ellipsis."""
    clean = "".join(char if char.isprintable() else " " for char in text[:_MAX_CHARACTERS])
    words = clean.encode(errors="replace").decode().split()
    lines: list[str] = []
    while words and len(lines) < n_lines:
        fitting = ""
        while words and draw.textlength(f"{fitting} {words[0]}".strip(), font=font) <= width_px:
            fitting = f"{fitting} {words.pop(0)}".strip()
        if words and not fitting:  # one word longer than the line
            fitting = _cut(draw, words.pop(0), font, width_px)
        if words and len(lines) == n_lines - 1:
            fitting = _cut(draw, f"{fitting} {words[0]}", font, width_px)
        lines.append(fitting)
    return lines


def _cut(
    draw: ImageDraw.ImageDraw,
    text: str,
    font: ImageFont.ImageFont | ImageFont.FreeTypeFont,
    width_px: int,
) -> str:
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if draw.textlength(f"{text[:middle]}…", font=font) <= width_px:
            low = middle
        else:
            high = middle - 1
    return f"{text[:low]}…"
