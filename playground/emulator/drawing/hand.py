"""The hands: how a finished composition is rendered, the same way for every picture of one model."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from playground.emulator.drawing.canvas import SOFT_PIXELS
from playground.emulator.drawing.colour import Floats
from playground.emulator.drawing.fields import enlarge, noise, smoothstep, tile_noise

# Chosen so that the first two models the emulator serves fall to different hands.
_SALT = "stroke/"
_BAND_ROWS = 384


@dataclass(frozen=True, slots=True, kw_only=True)
class Hand:
    """One way of rendering. Neither is the better one."""

    paints: bool  # visible strokes; else a lens with bloom and film grain
    warmth: float  # -1 cool to 1 warm
    texture: float  # strength of grain or of the canvas' tooth


def hand_of(model: str) -> Hand:
    """The hand that belongs to a model: a fact about its name, not about its quality."""
    digest = hashlib.sha256((_SALT + model).encode("utf-8", "replace")).digest()
    paints = digest[0] % 2 == 0
    return Hand(
        paints=paints,
        warmth=(0.45 if paints else -0.30) + (digest[1] / 255 - 0.5) * 0.3,
        texture=0.9 + digest[2] / 255 * 0.3,
    )


def _in_bands(
    image: Image.Image, sheet: Image.Image, blend: Callable[[Image.Image, Image.Image], Image.Image]
) -> None:
    """Blend the sheet into the image in place, a band at a time: Pillow keeps other threads waiting
    for as long as one such call takes."""
    for top in range(0, image.height, _BAND_ROWS):
        box = (0, top, image.width, min(image.height, top + _BAND_ROWS))
        image.paste(blend(image.crop(box), sheet.crop(box)), box)


def _add(image: Image.Image, sheet: Image.Image) -> Image.Image:
    """Sum around a neutral grey of 128."""
    return ImageChops.add(image, sheet, 1, -128)


def finish(image: Image.Image, hand: Hand, rng: np.random.Generator) -> Image.Image:
    """The picture rendered by the hand; same size. The image passed in is used up."""
    if hand.paints:
        _strokes(image, hand, rng)
        return image.point(_curves(hand, contrast=0.02, lift=5))
    _bloom(image)
    image = image.point(_curves(hand, contrast=0.10, lift=0))
    grain = _tiled(rng.normal(0, 2.5 * hand.texture, (320, 320)), image.size)
    _in_bands(image, Image.merge("RGB", (grain, grain, grain)), _add)
    return image


def _curves(hand: Hand, *, contrast: float, lift: float) -> list[int]:
    """Lookup tables for the three channels: an S of contrast, and shadows and lights tinted apart."""
    t = np.linspace(0, 1, 256)
    curve = t + contrast * (t * t * (3 - 2 * t) - t) * 2
    high, low = t**1.5, (1 - t) ** 1.5
    tables = []
    for push_high, push_low in ((8, -3), (1, 0), (-8, 5)):
        channel = (
            curve * (255 - lift) + lift + hand.warmth * (push_high * high + push_low * low * 0.6)
        )
        if not hand.paints:
            channel = channel + push_high * 0.5 * high + (3 if push_high < 0 else 0) * low
        tables += np.clip(np.rint(channel), 0, 255).astype(int).tolist()
    return tables


def _tiled(tile: Floats, size: tuple[int, int]) -> Image.Image:
    """A grey sheet of the size, 128 plus the tile repeated."""
    levels = Image.fromarray(np.clip(np.rint(tile + 128), 0, 255).astype(np.uint8))
    row = Image.new("L", (size[0], levels.height))
    for x in range(0, size[0], levels.width):
        row.paste(levels, (x, 0))
    sheet = Image.new("L", size)
    for y in range(0, size[1], levels.height):
        sheet.paste(row, (0, y))
    return sheet


def _tooth(rng: np.random.Generator, size: tuple[int, int]) -> Floats:
    """Primed canvas: threads over and under, worn here and there; about -1..1, square, tileable."""
    side = 288 if min(size) < 1500 else 576
    threads = 96
    t = np.arange(side, dtype=np.float32) * np.float32(2 * np.pi * threads / side / 2)
    weave = np.sin(t)[None, :] * np.cos(t * 1.0)[:, None]
    worn = tile_noise(rng, side, cells=10, octaves=4, gain=0.7) - np.float32(0.5)
    speck = rng.standard_normal((side, side), np.float32) * np.float32(0.34)
    return np.asarray(weave * 0.30 + worn * 1.7 + speck, dtype=np.float32)


def _bloom(image: Image.Image) -> None:
    """Light that spills out of what is bright, and corners that fall off a little."""
    width, height = image.size
    factor = max(2, round(max(width, height) / 240))
    small = image.reduce(factor)
    pixels = np.asarray(small, dtype=np.float32)
    bright = np.clip(pixels - 150, 0, 105) * 1.5
    near = Image.fromarray(bright.astype(np.uint8)).filter(ImageFilter.GaussianBlur(2.2))
    far = near.filter(ImageFilter.GaussianBlur(9))
    spill = np.asarray(near, dtype=np.float32) * 0.20 + np.asarray(far, dtype=np.float32) * 0.34
    rows, columns = pixels.shape[:2]
    y, x = np.ogrid[-1 : 1 : rows * 1j, -1 : 1 : columns * 1j]
    corner = smoothstep(0.75, 1.5, np.asarray(np.hypot(x, y), dtype=np.float32))[..., None]
    change = spill * (1 - pixels / 300) - pixels * corner * 0.34
    sheet = Image.fromarray(np.clip(change + 128, 0, 255).astype(np.uint8))
    _in_bands(image, sheet.resize(image.size, Image.Resampling.BILINEAR), _add)


def _directions(small: Image.Image, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Which way strokes run (radians) and how much happens there (0..1), on a small grid."""
    luma = np.asarray(small.convert("L").filter(ImageFilter.GaussianBlur(1.2)), dtype=np.float32)
    gy, gx = (np.asarray(g) for g in np.gradient(luma))
    shape = (max(2, luma.shape[1] // 4), max(2, luma.shape[0] // 4))

    def smoothed(product: Floats) -> Floats:
        image = Image.fromarray(np.asarray(product, dtype=np.float32))
        few = np.asarray(image.resize(shape, Image.Resampling.BOX))
        return enlarge(few, luma.shape[1], luma.shape[0])

    jxx, jxy, jyy = smoothed(gx * gx), smoothed(gx * gy), smoothed(gy * gy)
    wind = noise(rng, luma.shape[1], luma.shape[0], cells=1.6, octaves=2) * 5.0
    calm = np.float32(1.2)
    xx, xy = jxx - jyy - calm * np.cos(2 * wind), 2 * jxy - calm * np.sin(2 * wind)
    angle = 0.5 * np.arctan2(xy, xx) + np.pi / 2
    detail = smoothstep(1.5, 14.0, np.hypot(gx, gy))
    return np.asarray(angle, dtype=np.float32), detail


def _strokes(image: Image.Image, hand: Hand, rng: np.random.Generator) -> None:
    """The picture under brushwork that follows its forms: ridges that catch light, warm and cool paint."""
    width, height = image.size
    area = width * height
    # In a larger picture strokes are larger, but not by as much: one has come closer.
    unit = min(width, height) ** 0.7 * 1024**0.3
    small = image.reduce(max(1, round((area / (SOFT_PIXELS * 0.3)) ** 0.5)))
    angle, detail = _directions(small, rng)
    paint = Image.new("L", image.size, 128)
    pen = ImageDraw.Draw(paint)
    ratio = area / unit**2
    broad = _lay_strokes(rng, angle, detail, n=int(2400 * ratio), busy=(0.0, 0.45))
    for dash in (-0.6, 0.6):  # the bristles of a broad brush do not carry the same paint
        _draw(
            pen,
            rng,
            broad,
            size=image.size,
            length=unit * 0.042,
            thick=unit * 0.0052,
            aside=dash * unit * 0.0038,
            spread=26,
        )
    fine = _lay_strokes(rng, angle, detail, n=int(3400 * ratio), busy=(0.15, 1.1))
    _draw(
        pen,
        rng,
        fine,
        size=image.size,
        length=unit * 0.013,
        thick=unit * 0.0034,
        aside=0.0,
        spread=22,
    )
    paint = Image.blend(paint, _moved(paint, 1, 0), 0.5)
    step = max(1, round(unit / 900))
    ridge = ImageChops.subtract(paint, _moved(paint, step, step), 2.0, 128)
    lit = ridge.point([_clipped(128 + (v - 128) * 0.46) for v in range(256)])
    ground = ImageChops.add(
        lit, _tiled(_tooth(rng, image.size) * (3.4 * hand.texture), image.size), 1, -128
    )
    sheets = [
        ImageChops.add(
            paint.point([_clipped(128 + (v - 128) * share) for v in range(256)]), ground, 1, -128
        )
        for share in (0.26, 0.10)  # warm paint against cool
    ]
    # Overlay: paint catches light in proportion to how light it is.
    _in_bands(image, Image.merge("RGB", (sheets[0], sheets[0], sheets[1])), ImageChops.overlay)


def _moved(image: Image.Image, dx: int, dy: int) -> Image.Image:
    """The image shifted right and down; its left and upper edges stay as they were."""
    moved = image.copy()
    moved.paste(image, (dx, dy))
    return moved


def _clipped(value: float) -> int:
    return max(0, min(255, round(value)))


def _lay_strokes(
    rng: np.random.Generator, angle: Floats, detail: Floats, *, n: int, busy: tuple[float, float]
) -> tuple[Floats, Floats, Floats, Floats]:
    """Where strokes go (x and y in 0..1), their angle and how busy it is there."""
    rows, columns = angle.shape
    x, y = rng.uniform(0, 1, n).astype(np.float32), rng.uniform(0, 1, n).astype(np.float32)
    row, column = (
        (y * rows).astype(np.intp).clip(0, rows - 1),
        (x * columns).astype(np.intp).clip(0, columns - 1),
    )
    there = detail[row, column]
    kept = (there >= busy[0]) & (there <= busy[1])
    turn = angle[row, column] + rng.normal(0, 0.13, n).astype(np.float32)
    return x[kept], y[kept], turn[kept], there[kept]


def _draw(
    pen: ImageDraw.ImageDraw, rng: np.random.Generator, strokes: tuple[Floats, Floats, Floats, Floats], *,
    size: tuple[int, int], length: float, thick: float, aside: float, spread: float,
) -> None:  # fmt: skip
    x, y, turn, busy = strokes
    reach = length * rng.uniform(0.45, 1.1, len(x)) * (1 - 0.5 * busy)
    cos, sin = np.cos(turn), np.sin(turn)
    px, py = x * size[0] - sin * aside, y * size[1] + cos * aside
    ends = np.stack(
        [px - cos * reach, py - sin * reach, px + cos * reach, py + sin * reach], axis=1
    ).tolist()
    tones = (
        np.clip(128 + rng.normal(0, spread, len(x)) * (1 - 0.45 * busy), 0, 255)
        .astype(int)
        .tolist()
    )
    wide = max(1, round(thick))
    for end, tone in zip(ends, tones, strict=True):
        pen.line(end, fill=tone, width=wide)
