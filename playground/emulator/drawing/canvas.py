"""The surface a picture is painted on: paints, glows, veils and skylines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from playground.emulator.drawing.colour import Bytes, Colour, Floats, ramp
from playground.emulator.drawing.fields import enlarge
from playground.emulator.drawing.stencil import Box, Mask, Points, Stencil, occupied

# Soft things (skies, waves, relief) are computed on at most this many pixels and enlarged:
# a sky of 7 megapixels costs half a second and looks the same.
SOFT_PIXELS = 300_000


_FADE_STEPS = 64


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

    def stencil(
        self, box: tuple[float, float, float, float] | None = None, *, specks: bool = False
    ) -> Stencil:
        """An empty stencil for the box; specks says that only rain, snow or stars will be cut."""
        return Stencil(box or self.box, size=(self.width, self.height), specks=specks)

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
        for box in occupied(cut):
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
        # Two pixels over on every side: the rim of an antialiased shape lies just outside its box.
        left, top = box[0] - 2, box[1] - 2
        size = (max(1, box[2] + 2 - left), max(1, box[3] + 2 - top))
        image = Image.fromarray(np.ascontiguousarray(pixels))
        return Sheet(image=image.resize(size, Image.Resampling.BICUBIC), left=left, top=top)

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
