"""Shapes: outlines, antialiased stencils and the masks cut with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from playground.emulator.drawing.colour import Bytes, Floats

Point = tuple[float, float]


Points = Sequence[Point] | Floats


Box = tuple[int, int, int, int]


# Large masks are laid tile by tile, so that sparse ones (rain, stars, twigs) cost what they cover.
_TILED_PIXELS = 250_000


_TILE_PX = 192
_SPECKED_PIXELS = 2_000_000


def rect(left: float, top: float, right: float, bottom: float) -> list[Point]:
    """The corners of an upright rectangle."""
    return [(left, top), (right, top), (right, bottom), (left, bottom)]


@cache
def _parsed(text: str) -> tuple[Point, ...]:
    pairs = (pair.split(",") for pair in text.split())
    return tuple((float(x), float(y)) for x, y in pairs)


def points(text: str) -> list[Point]:
    """The points of an outline written "x,y x,y x,y"."""
    return list(_parsed(text))


def around(x: float, y: float, size: float, text: str) -> list[Point]:
    """An outline written in units of `size` around the place (x, y), y down."""
    return [(x + px * size, y + py * size) for px, py in _parsed(text)]


def _flat(points: Points, left: float, top: float, scale: float) -> list[float]:
    if isinstance(points, np.ndarray):
        flat: list[float] = ((points - (left, top)) * scale).reshape(-1).tolist()
        return flat
    return [v for x, y in points for v in ((x - left) * scale, (y - top) * scale)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mask:
    """Where a shape is: an 8-bit image and the picture position of its top left pixel."""

    image: Image.Image
    left: int
    top: int

    def blurred(self, radius_px: float) -> Mask:
        """The mask with soft edges, grown by the blur."""
        pad = int(radius_px * 2.5) + 1
        width, height = self.image.size
        grown = Image.new("L", (width + 2 * pad, height + 2 * pad))
        grown.paste(self.image, (pad, pad))
        shrink = max(1, int(radius_px / 4))
        if shrink > 1:  # a blur is as smooth from a quarter of the pixels
            small = grown.reduce(shrink).filter(ImageFilter.GaussianBlur(radius_px / shrink))
            grown = small.resize(grown.size, Image.Resampling.BILINEAR)
        else:
            grown = grown.filter(ImageFilter.GaussianBlur(radius_px))
        return Mask(image=grown, left=self.left - pad, top=self.top - pad)

    def thinned(self, by_px: float) -> Mask:
        """The mask with about that much taken off every edge."""
        if by_px < 0.5:
            return self.faded(0.8)
        soft = self.image.filter(ImageFilter.GaussianBlur(by_px))
        table = [max(0, min(255, int((v - 150) * 3.2))) for v in range(256)]
        return Mask(image=soft.point(table), left=self.left, top=self.top)

    def toned(self, line: Bytes) -> Mask:
        """The mask faded across its width by a line of opacities, 0..255."""
        fade = Image.fromarray(line[None]).resize(self.image.size, Image.Resampling.BILINEAR)
        return Mask(image=ImageChops.multiply(self.image, fade), left=self.left, top=self.top)

    def moved(self, dx: float, dy: float) -> Mask:
        """The same mask elsewhere."""
        return Mask(image=self.image, left=self.left + round(dx), top=self.top + round(dy))

    def joined(self, others: Sequence[Mask]) -> Mask:
        """This mask and the others, which it does not overlap, as one."""
        every = (self, *others)
        left, top = min(m.left for m in every), min(m.top for m in every)
        right = max(m.left + m.image.width for m in every)
        bottom = max(m.top + m.image.height for m in every)
        image = Image.new("L", (right - left, bottom - top))
        for m in every:
            image.paste(m.image, (m.left - left, m.top - top))
        return Mask(image=image, left=left, top=top)

    def within(self, other: Mask) -> Mask:
        """The part of the mask that lies inside the other one."""
        left, top = self.left - other.left, self.top - other.top
        width, height = self.image.size
        frame = other.image.crop((left, top, left + width, top + height))
        return Mask(image=ImageChops.multiply(self.image, frame), left=self.left, top=self.top)

    def without(self, other: Mask) -> Mask:
        """The part of the mask that lies outside the other one."""
        cut = self.image.copy()
        cut.paste(0, (other.left - self.left, other.top - self.top), other.image)
        return Mask(image=cut, left=self.left, top=self.top)

    def faded(self, opacity: float) -> Mask:
        """The mask with everything that much more transparent."""
        return Mask(
            image=self.image.point([int(v * opacity) for v in range(256)]),
            left=self.left,
            top=self.top,
        )


def occupied(mask: Image.Image) -> list[Box]:
    """The tiles of a mask that are not empty; one box around everything if it is small."""
    width, height = mask.size
    if width * height < _TILED_PIXELS:
        box = mask.getbbox()
        return [box] if box else []
    found = []
    for top in range(0, height, _TILE_PX):
        for left in range(0, width, _TILE_PX * 2):
            right, bottom = min(width, left + _TILE_PX * 2), min(height, top + _TILE_PX)
            box = mask.crop((left, top, right, bottom)).getbbox()
            if box:
                found.append((left + box[0], top + box[1], left + box[2], top + box[3]))
    return found


class Stencil:
    """A mask being cut, in picture coordinates, at several samples to the pixel."""

    def __init__(
        self, box: tuple[float, float, float, float], *, size: tuple[int, int], specks: bool
    ) -> None:
        """
        A stencil for the part of `box` that lies on a picture of `size`.

        Args:
            box: Left, top, right, bottom, in pixels.

            size: Width and height of the picture.

            specks: Only rain, snow or stars will be cut: on a large picture they need no smoothing.
        """
        left, top = max(0, int(box[0]) - 1), max(0, int(box[1]) - 1)
        right, bottom = min(size[0], int(box[2]) + 2), min(size[1], int(box[3]) + 2)
        self._left, self._top = left, top
        self._size = (max(1, right - left), max(1, bottom - top))
        area = self._size[0] * self._size[1]
        self._scale = 4 if area < 40_000 else 3 if area < 300_000 else 2
        if specks and area > _SPECKED_PIXELS:
            self._scale = 1
        self._image = Image.new("L", (self._size[0] * self._scale, self._size[1] * self._scale))
        self._pen = ImageDraw.Draw(self._image)

    def polygon(self, points: Points, *, ink: int = 255) -> None:
        """Cut out a polygon; ink 0 fills it in again."""
        flat = _flat(points, self._left, self._top, self._scale)
        if len(flat) >= 4:
            self._pen.polygon(flat, fill=ink)

    def disc(
        self, x: float, y: float, rx: float, ry: float | None = None, *, ink: int = 255
    ) -> None:
        """Cut out an ellipse around (x, y)."""
        ry = rx if ry is None else ry
        self._pen.ellipse(
            _flat([(x - rx, y - ry), (x + rx, y + ry)], self._left, self._top, self._scale),
            fill=ink,
        )

    def ring(self, x: float, y: float, radius: float, width: float) -> None:
        """Cut out a ring whose middle line has the radius."""
        outer = radius + width / 2
        self._pen.ellipse(
            _flat(
                [(x - outer, y - outer), (x + outer, y + outer)], self._left, self._top, self._scale
            ),
            outline=255,
            width=max(1, round(width * self._scale)),
        )

    def line(self, points: Points, width: float, *, ink: int = 255) -> None:
        """Cut along a line with round ends and joints."""
        if len(points) > 4:
            self._ribbon(points, width, ink)
            return
        flat = _flat(points, self._left, self._top, self._scale)
        thick = max(1, round(width * self._scale))
        self._pen.line(flat, fill=ink, width=thick, joint="curve")
        if thick > 3:
            r = thick / 2
            for x, y in ((flat[0], flat[1]), (flat[-2], flat[-1])):
                self._pen.ellipse((x - r, y - r, x + r, y + r), fill=ink)

    def segments(self, ends: Floats, width: float, *, ink: int = 255) -> None:
        """Cut many straight strokes of one width at once; ends is (n, 2, 2)."""
        scaled = (ends - (self._left, self._top)) * self._scale
        thick = max(1, round(width * self._scale))
        for line in scaled.reshape(-1, 4).tolist():
            self._pen.line(line, fill=ink, width=thick)

    def dots(self, x: Floats, y: Floats, radius: Floats, ink: Floats) -> None:
        """Cut many discs at once, each as deep as its ink (0..255)."""
        s = self._scale
        sx, sy, r = (x - self._left) * s, (y - self._top) * s, radius * s
        boxes = np.stack([sx - r, sy - r, sx + r, sy + r], axis=1).tolist()
        for box, depth in zip(boxes, np.clip(ink, 0, 255).astype(int).tolist(), strict=True):
            self._pen.ellipse(box, fill=depth)

    def _ribbon(self, points: Points, width: float, ink: int) -> None:
        """A curve as one polygon: Pillow's own joints cost a call for every point."""
        xy = np.asarray(points, dtype=np.float32)
        along = np.gradient(xy, axis=0)
        length = np.maximum(np.hypot(along[:, 0], along[:, 1]), 1e-6)
        across = np.stack([-along[:, 1], along[:, 0]], axis=1) / length[:, None] * (width / 2)
        self.polygon(np.concatenate([xy + across, (xy - across)[::-1]]), ink=ink)
        if width * self._scale > 3:
            for x, y in (xy[0].tolist(), xy[-1].tolist()):
                self.disc(x, y, width / 2, ink=ink)

    def mask(self) -> Mask:
        """What was cut, antialiased."""
        return Mask(image=self._image.reduce(self._scale), left=self._left, top=self._top)
