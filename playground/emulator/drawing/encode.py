"""Turning a finished picture into bytes: pixels only, nothing that names who drew it."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO
from typing import Literal

import numpy as np
from PIL import Image

ImageFormat = Literal["png", "jpeg"]

JPEG_QUALITY = 90
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_COMPRESS_ROWS = 64  # how much is compressed at a time: bounds the memory and each hold of a core


def encode(image: Image.Image, image_format: ImageFormat, *, grainy: bool = True) -> bytes:
    """
    The picture as a PNG or a JPEG file without metadata.

    Args:
        image: An RGB picture.

        image_format: "png" or "jpeg".

        grainy: Whether the picture carries noise; noise is stored without looking for repeats.
    """
    if image_format == "jpeg":
        buffer = BytesIO()
        image.save(buffer, "JPEG", quality=JPEG_QUALITY, subsampling=0)
        return buffer.getvalue()
    return _png(image, zlib.Z_HUFFMAN_ONLY if grainy else zlib.Z_RLE)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _png(image: Image.Image, strategy: int) -> bytes:
    """A PNG whose rows are differences from the row above: three times as fast as Pillow's on grain."""
    width, height = image.size
    compressor = zlib.compressobj(1, zlib.DEFLATED, zlib.MAX_WBITS, 9, strategy)
    parts = [_PNG_SIGNATURE, _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))]
    above = np.zeros((1, width * 3), dtype=np.uint8)
    for top in range(0, height, _COMPRESS_ROWS):
        band = image.crop((0, top, width, min(height, top + _COMPRESS_ROWS)))
        rows = np.asarray(band).reshape(-1, width * 3)
        filtered = np.empty((len(rows), width * 3 + 1), dtype=np.uint8)
        filtered[:, 0] = 2  # PNG filter type "up"
        np.subtract(rows, np.concatenate([above, rows[:-1]]), out=filtered[:, 1:])
        above = rows[-1:]
        data = compressor.compress(filtered.data)
        if data:
            parts.append(_chunk(b"IDAT", data))
    parts += [_chunk(b"IDAT", compressor.flush()), _chunk(b"IEND", b"")]
    return b"".join(parts)
