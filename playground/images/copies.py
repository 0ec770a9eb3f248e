"""New encodings of a decoded picture: turned upright, or small enough to be sent."""

from io import BytesIO
from itertools import product

from PIL import Image
from PIL.ExifTags import Base

from playground.errors import PictureError
from playground.images import containers
from playground.images.decoding import DAMAGE, damage_reported
from playground.images.measurement import flattened
from playground.sayings import said

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_QUALITIES = (95, 90, 85, 80)
LARGEST_SHRUNK_PX = 4096
_SMALLER_SIDES_PX = (3072, 2048, 1536, 1024)


def turn_needed(image: Image.Image) -> Image.Transpose | None:
    """What the EXIF or XMP orientation asks for; None if upright, and if it cannot be read."""
    try:
        return _TURNS.get(image.getexif().get(Base.Orientation, 1))
    except DAMAGE:
        return None  # damaged metadata: viewers show such a picture as it is stored


def upright(image: Image.Image) -> Image.Image:
    turn = turn_needed(image)
    return image if turn is None else image.transpose(turn)


def private_copy(data: bytes, image: Image.Image, *, below_bytes: int) -> bytes:
    """
    `data`, whose decoded picture is `image`, upright and with no metadata but its colour profile.

    The pixels stay byte for byte where dropping bytes is enough. GIF, animated WebP and
    lossless WebP that must be encoded anew become PNG, the others stay what they are.
    """
    spliced = containers.without_metadata(data)
    if spliced is not None and turn_needed(image) is None:
        return spliced
    format_ = containers.read_header(data).format
    if format_ == "GIF":
        format_ = "PNG"
    if format_ == "WEBP" and (spliced is None or containers.is_lossless_webp(data)):
        format_ = "PNG"
    with damage_reported(f"{format_}, {image.width} × {image.height} pixels"):
        return _redraw(upright(image), format_=format_, below_bytes=below_bytes)


def _redraw(image: Image.Image, *, format_: str, below_bytes: int) -> bytes:
    """PNG without loss; the others at the highest quality that stays below, else the lowest."""
    clean = image.copy()
    clean.info = {k: v for k, v in image.info.items() if k in ("icc_profile", "transparency")}
    if format_ == "PNG":
        return _encode(clean, format_)
    data = b""
    for quality in _QUALITIES:
        data = _encode(clean, format_, quality=quality)
        if len(data) < below_bytes:
            break
    return data


def shrink(image: Image.Image, *, below_bytes: int) -> bytes:
    """
    The largest upright copy that stays below `below_bytes`: JPEG, or WebP where there is transparency.

    No side over 4096 pixels, smaller in steps down to 1024 if need be, quality 95 to 80 at
    each step. The colour profile stays.

    Raises:
        PictureError: Even 1024 pixels at quality 80 are too many bytes.
    """
    with damage_reported(f"{image.width} × {image.height} pixels"):
        small, format_ = _without_palette(upright(image))
        sides_px = [LARGEST_SHRUNK_PX, *(s for s in _SMALLER_SIDES_PX if s < max(small.size))]
        for side_px, quality in product(sides_px, _QUALITIES):
            small.thumbnail((side_px, side_px), Image.Resampling.LANCZOS)
            data = _encode(small, format_, quality=quality)
            if len(data) < below_bytes:
                return data
    raise PictureError(
        said(
            "Even {width} × {height} pixels take {n_data:,} bytes; the limit is {below_bytes:,}.",
            width=small.width,
            height=small.height,
            n_data=len(data),
            below_bytes=below_bytes,
        )
    )


def _without_palette(image: Image.Image) -> tuple[Image.Image, str]:
    """In colours that can be mixed, with the format that can hold them."""
    if image.has_transparency_data and not image.mode.startswith("I"):
        plain, format_ = image.convert("RGBA"), "WEBP"
    else:
        plain, format_ = image if image.mode == "CMYK" else flattened(image), "JPEG"
    plain = plain.copy()
    plain.info = {k: v for k, v in image.info.items() if k == "icc_profile"}
    return plain, format_


def _encode(image: Image.Image, format_: str, *, quality: int | None = None) -> bytes:
    out = BytesIO()
    options = {} if quality is None else {"quality": quality}
    if format_ == "JPEG":
        options["subsampling"] = 0  # full colour resolution: coloured lettering stays sharp
    image.save(out, format_, icc_profile=image.info.get("icc_profile"), **options)
    return out.getvalue()
