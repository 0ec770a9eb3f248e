"""The only way into Pillow's decoders: header first, four formats, a limit on pixels, every byte read."""

import struct
import zlib
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

from playground.errors import PictureError, StorageError
from playground.images import containers
from playground.sayings import said

MAX_PIXELS = 40_000_000  # five times the largest picture the service makes
MAX_JPEG_SCANS = 100  # each empty scan of 30 bytes costs a pass over all pixels
MAX_FILE_BYTES = 100_000_000
RESULT_FORMATS = frozenset({"JPEG", "PNG", "WEBP"})
REFERENCE_FORMATS = RESULT_FORMATS | {"GIF"}

# Opened by class, not by Image.open: its own limit on pixels is one number for the whole
# process, only warns up to twice that number, and is checked after WebP has allocated.
_PLUGINS: dict[str, type[ImageFile.ImageFile]] = {
    "GIF": GifImageFile,
    "JPEG": JpegImageFile,
    "PNG": PngImageFile,
    "WEBP": WebPImageFile,
}

# What these decoders raise on damaged bytes; Pillow promises no common class. Warning is here
# for an interpreter that was told to turn warnings into errors.
DAMAGE = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    LookupError,
    TypeError,
    OverflowError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
    Warning,
)


def read_picture_file(path: Path) -> bytes:
    """
    Raises:
        PictureError: Larger than MAX_FILE_BYTES.
        StorageError: Cannot be read.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except OSError as exc:
        raise StorageError(
            said("{path} could not be read: {strerror}.", path=path, strerror=exc.strerror or exc)
        ) from exc
    if len(data) > MAX_FILE_BYTES:
        raise PictureError(
            said(
                "{name} is larger than the limit of {max_file_bytes:,} bytes.",
                name=path.name,
                max_file_bytes=MAX_FILE_BYTES,
            )
        )
    return data


def decode(
    data: bytes,
    *,
    formats: Collection[str] = RESULT_FORMATS,
    max_pixels: int = MAX_PIXELS,
    draft_px: int | None = None,
) -> Image.Image:
    """
    The decoded picture, as stored, not turned upright; of an animation the first frame.

    Three and a half megabytes per megapixel: use it and let it go.

    Args:
        max_pixels: Width times height; told by the header, before anything is allocated.

        draft_px: The caller will scale down to this. A JPEG is then decoded at a half, a
            quarter or an eighth, both sides no smaller than this. Other formats ignore it.

    Raises:
        PictureError: Not of these formats, too many pixels, cut off, or damaged.
    """
    header = containers.read_header(data)
    if header.format not in formats:
        raise PictureError(
            said(
                "The file is a {format} picture; expected {formats}.",
                format=header.format,
                formats=", ".join(sorted(formats)),
            )
        )
    _check_pixels(header.width_px, header.height_px, max_pixels)
    if (scans := containers.scans(data)) > MAX_JPEG_SCANS:
        raise PictureError(
            said(
                "The JPEG asks for {scans:,} passes; the limit is {max_jpeg_scans}.",
                scans=scans,
                max_jpeg_scans=MAX_JPEG_SCANS,
            )
        )
    told = f"{header.format}, {header.width_px} × {header.height_px} pixels, {len(data):,} bytes"
    with damage_reported(told):
        image = _PLUGINS[header.format](BytesIO(data))
        # A GIF's first frame may be larger than the size its header told.
        _check_pixels(*image.size, max_pixels)
        if draft_px is not None:
            image.draft(None, (draft_px, draft_px))
        image.load()
        if not containers.reaches_its_end(data):
            raise EOFError("no end chunk")
    return image


@contextmanager
def damage_reported(told: str) -> Iterator[None]:
    """
    Turns whatever Pillow raises on damaged pictures into PictureError. `told`: what is known of it.

    Needed around conversions too: some damage (a palette, transparency, a profile) shows only there.
    """
    try:
        yield
    except DAMAGE as exc:
        raise PictureError(
            said("The picture ({told}) is cut off or damaged: {exc}.", told=told, exc=exc)
        ) from exc


def _check_pixels(width_px: int, height_px: int, max_pixels: int) -> None:
    if width_px * height_px > max_pixels:
        raise PictureError(
            said(
                "The picture has {width_px:,} × {height_px:,} = {n_pixels:,} pixels; the "
                "limit is {max_pixels:,}.",
                width_px=width_px,
                height_px=height_px,
                n_pixels=width_px * height_px,
                max_pixels=max_pixels,
            )
        )
