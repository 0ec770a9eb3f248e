"""The surface a picture is painted on: antialiased stencils, paints, glows and shadows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from .colour import Bytes, Colour, Floats, ramp
from .fields import enlarge

Point = tuple[float, float]
Points = Sequence[Point] | Floats
Box = tuple[int, int, int, int]

# Soft things (skies, waves, relief) are computed on at most this many pixels and enlarged:
# a sky of 7 megapixels costs half a second and looks the same.
SOFT_PIXELS = 300_000

# Large masks are laid tile by tile, so that sparse ones (rain, stars, twigs) cost what they cover.
_TILED_PIXELS = 250_000
_TILE_PX = 192
_FADE_STEPS = 64


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


def _occupied(mask: Image.Image) -> list[Box]:
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

    def __init__(self, box: tuple[float, float, float, float], *, size: tuple[int, int]) -> None:
        """A stencil for the part of `box` that lies on a picture of `size`."""
        left, top = max(0, int(box[0]) - 1), max(0, int(box[1]) - 1)
        right, bottom = min(size[0], int(box[2]) + 2), min(size[1], int(box[3]) + 2)
        self._left, self._top = left, top
        self._size = (max(1, right - left), max(1, bottom - top))
        area = self._size[0] * self._size[1]
        self._scale = 4 if area < 40_000 else 3 if area < 300_000 else 2
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Fade:
    """A paint that runs through colours from y = top to y = bottom, or from x to x when across."""

    stops: Sequence[Colour]
    start: float
    end: float
    across: bool = False

    def on(self, box: Box) -> Image.Image:
        """The paint cut to the box."""
        low, high = (box[0], box[2]) if self.across else (box[1], box[3])
        table = ramp(self.stops, _FADE_STEPS)
        at = (np.arange(low, high) + 0.5 - self.start) / max(1e-6, self.end - self.start)
        at = np.clip(at, 0.0, 1.0) * (_FADE_STEPS - 1)
        steps = np.arange(_FADE_STEPS)
        line = np.stack([np.interp(at, steps, table[:, i]) for i in range(3)], axis=1)
        line8 = np.rint(line).astype(np.uint8)
        strip = Image.fromarray(line8[None] if self.across else line8[:, None])
        return strip.resize((box[2] - box[0], box[3] - box[1]), Image.Resampling.NEAREST)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A paint that is an image laid at a place in the picture."""

    image: Image.Image
    left: int = 0
    top: int = 0

    def on(self, box: Box) -> Image.Image:
        """The paint cut to the box."""
        dx, dy = self.left, self.top
        return self.image.crop((box[0] - dx, box[1] - dy, box[2] - dx, box[3] - dy))


Paint = Colour | Fade | Sheet


class Canvas:
    """A picture being painted, in pixels; `unit` is its shorter side."""

    def __init__(self, width: int, height: int, colour: Colour = (0, 0, 0)) -> None:
        """An empty picture of one colour."""
        self.image = Image.new("RGB", (width, height), colour)
        self.width, self.height = width, height
        self.unit = float(min(width, height))

    @property
    def box(self) -> Box:
        """The whole picture."""
        return (0, 0, self.width, self.height)

    def soft_size(self, box: Box | None = None) -> tuple[int, int]:
        """The size at which soft things inside the box are computed."""
        left, top, right, bottom = box or self.box
        width, height = right - left, bottom - top
        scale = min(1.0, (SOFT_PIXELS / (self.width * self.height)) ** 0.5)
        return max(2, round(width * scale)), max(2, round(height * scale))

    def fill(self, paint: Paint) -> None:
        """Paint everything."""
        colour = paint if isinstance(paint, tuple) else paint.on(self.box)
        self.image.paste(colour, self.box)

    def stencil(self, box: tuple[float, float, float, float] | None = None) -> Stencil:
        """An empty stencil for the box."""
        return Stencil(box or self.box, size=(self.width, self.height))

    def lay(self, mask: Mask, paint: Paint, *, opacity: float = 1.0) -> None:
        """Paint through the mask."""
        if opacity < 1.0:
            mask = mask.faded(opacity)
        left, top = max(0, mask.left), max(0, mask.top)
        right = min(self.width, mask.left + mask.image.width)
        bottom = min(self.height, mask.top + mask.image.height)
        if right <= left or bottom <= top:
            return
        cut = mask.image
        if (right - left, bottom - top) != cut.size:
            cut = cut.crop((left - mask.left, top - mask.top, right - mask.left, bottom - mask.top))
        for box in _occupied(cut):
            at = (box[0] + left, box[1] + top, box[2] + left, box[3] + top)
            part = cut if box == (0, 0, *cut.size) else cut.crop(box)
            # Pillow pastes an image through a mask twice as fast as it does a colour.
            colour = (
                Image.new("RGB", part.size, paint) if isinstance(paint, tuple) else paint.on(at)
            )
            self.image.paste(colour, at, part)

    def shape(self, points: Points, paint: Paint, *, opacity: float = 1.0) -> None:
        """Paint one polygon."""
        xy = np.asarray(points, dtype=np.float32)
        (left, top), (right, bottom) = xy.min(axis=0).tolist(), xy.max(axis=0).tolist()
        if right < 0 or bottom < 0 or left > self.width or top > self.height:
            return
        stencil = self.stencil((left, top, right, bottom))
        stencil.polygon(xy)
        self.lay(stencil.mask(), paint, opacity=opacity)

    def disc(
        self,
        x: float,
        y: float,
        rx: float,
        paint: Paint,
        *,
        ry: float | None = None,
        opacity: float = 1.0,
    ) -> None:
        """Paint one ellipse."""
        tall = rx if ry is None else ry
        if x + rx < 0 or x - rx > self.width or y + tall < 0 or y - tall > self.height:
            return
        stencil = self.stencil((x - rx, y - tall, x + rx, y + tall))
        stencil.disc(x, y, rx, tall)
        self.lay(stencil.mask(), paint, opacity=opacity)

    def lines(
        self, strokes: Iterable[tuple[Points, float]], paint: Paint, *, opacity: float = 1.0
    ) -> None:
        """Paint lines, each with its width, through one stencil."""
        kept = [(np.asarray(points, dtype=np.float32), width) for points, width in strokes]
        if not kept:
            return
        xy = np.concatenate([points for points, _ in kept])
        pad = max(width for _, width in kept)
        (left, top), (right, bottom) = xy.min(axis=0).tolist(), xy.max(axis=0).tolist()
        if (
            right + pad < 0
            or bottom + pad < 0
            or left - pad > self.width
            or top - pad > self.height
        ):
            return
        stencil = self.stencil((left - pad, top - pad, right + pad, bottom + pad))
        for points, width in kept:
            stencil.line(points, width)
        self.lay(stencil.mask(), paint, opacity=opacity)

    def glow(
        self,
        x: float,
        y: float,
        radius: float,
        colour: Colour,
        *,
        strength: float,
        ry: float | None = None,
    ) -> None:
        """Blend a colour in around a point, fading to nothing at the radius."""
        tall = radius if ry is None else ry
        n = 96
        axis = (np.arange(n, dtype=np.float32) + 0.5) / n * 2 - 1
        fall = np.clip(1 - np.sqrt(axis[None, :] ** 2 + axis[:, None] ** 2), 0, 1) ** 2.2
        small = Image.fromarray((fall * (255 * min(1.0, strength))).astype(np.uint8))
        size = (max(1, round(radius * 2)), max(1, round(tall * 2)))
        left, top = round(x - radius), round(y - tall)
        # Cut before enlarging: a glow may be far larger than the picture.
        box = (
            max(0, left),
            max(0, top),
            min(self.width, left + size[0]),
            min(self.height, top + size[1]),
        )
        if box[2] <= box[0] or box[3] <= box[1]:
            return
        kx, ky = n / size[0], n / size[1]
        part = (
            (box[0] - left) * kx,
            (box[1] - top) * ky,
            (box[2] - left) * kx,
            (box[3] - top) * ky,
        )
        mask = small.resize((box[2] - box[0], box[3] - box[1]), Image.Resampling.BILINEAR, box=part)
        self.lay(Mask(image=mask, left=box[0], top=box[1]), colour)

    def veil(self, colour: Colour, stops: Sequence[tuple[float, float]]) -> None:
        """Blend a colour over the whole width; stops are (y, opacity), y rising."""
        ys, opacities = zip(*stops, strict=True)
        top, bottom = max(0, int(min(ys))), min(self.height, int(max(ys)) + 1)
        if bottom <= top:
            return
        alpha = np.interp(np.arange(top, bottom), ys, opacities) * 255
        line = Image.fromarray(alpha.astype(np.uint8)[:, None])
        mask = line.resize((self.width, bottom - top), Image.Resampling.NEAREST)
        self.lay(Mask(image=mask, left=0, top=top), colour)

    def cover(self, pixels: Bytes, box: Box | None = None) -> None:
        """Enlarge soft pixels (rows, columns, 3) over the box."""
        left, top, right, bottom = box or self.box
        if right <= left or bottom <= top:
            return
        image = Image.fromarray(np.ascontiguousarray(pixels))
        size = (right - left, bottom - top)
        self.image.paste(image.resize(size, Image.Resampling.BICUBIC), (left, top))

    def sheet(self, pixels: Bytes, box: Box) -> Sheet:
        """Soft pixels enlarged over the box, as a paint."""
        size = (max(1, box[2] - box[0]), max(1, box[3] - box[1]))
        image = Image.fromarray(np.ascontiguousarray(pixels))
        return Sheet(image=image.resize(size, Image.Resampling.BICUBIC), left=box[0], top=box[1])

    def cloud(self, field: Floats, colour: Colour, box: Box | None = None) -> None:
        """Blend a colour in with a soft field of opacities, 0..1."""
        left, top, right, bottom = box or self.box
        if right <= left or bottom <= top:
            return
        alpha = Image.fromarray((np.clip(field, 0, 1) * 255).astype(np.uint8))
        mask = alpha.resize((right - left, bottom - top), Image.Resampling.BICUBIC)
        self.lay(Mask(image=mask, left=left, top=top), colour)

    def below(self, heights: Floats, bottom: float) -> Mask:
        """The mask of everything under a skyline (one y per column) down to `bottom`."""
        line = heights if len(heights) == self.width else enlarge(heights[None], self.width, 1)[0]
        top = int(np.clip(np.floor(line.min()) - 1, 0, self.height - 1))
        end = int(np.clip(bottom, top + 1, self.height))
        solid = int(np.clip(np.ceil(line.max()) + 1, top, end))
        alpha = np.full((end - top, self.width), 255, dtype=np.uint8)
        rows = np.arange(top, solid, dtype=np.float32)[:, None] + 1.0
        alpha[: solid - top] = np.clip((rows - line[None, :]) * 255.0, 0, 255)
        return Mask(image=Image.fromarray(alpha), left=0, top=top)
