"""What a picture file is: its hash, its size, and how alike two of them look."""

import hashlib
import re
from pathlib import Path

from PIL import Image

from playground.images import containers
from playground.images.decoding import RESULT_FORMATS, damage_reported, decode, read_picture_file
from playground.schema import Picture

SAME_WITHIN_BITS = 5  # of 64; re-encoding moves 0 to 3, another picture about 32

_DHASH_SIZE = (9, 8)
_DHASH = re.compile(r"[0-9a-fA-F]{16}")


def measure(path: Path) -> Picture:
    """
    Read once, decoded to the last byte. Width and height are as stored, not turned upright.

    Raises:
        PictureError: Not a whole PNG, JPEG or WebP within the limits of `decoding`.
        StorageError: Cannot be read.
    """
    data = read_picture_file(path)
    image = decode(data, formats=RESULT_FORMATS)
    with damage_reported(path.name):
        dhash = difference_hash(image)
    return Picture(
        sha256=hashlib.sha256(data).hexdigest(),
        format=containers.read_header(data).format,
        width_px=image.width,
        height_px=image.height,
        size_bytes=len(data),
        dhash=dhash,
    )


def difference_hash(image: Image.Image) -> str:
    """
    64-bit difference hash (dHash) as 16 hex digits.

    1. Transparency is laid over white, 16 bits per sample become the upper 8.
    2. Grey: ITU-R 601-2 luma, (299 R + 587 G + 114 B) / 1000, in 8 bits.
    3. Scaled to 9 × 8, shape ignored, Lanczos with antialiasing.
    4. A bit is 1 where a pixel is brighter than its left neighbour: 8 bits a row, rows from
       the top, in a row from the left, the first bit the most significant.

    The same digits as `imagehash.dhash` gives for a picture without transparency.

    Source:
        Krawetz (2013), "Kind of Like That", hackerfactor.com; his bit is 1 for darker.
    """
    small = flattened(image).convert("L").resize(_DHASH_SIZE, Image.Resampling.LANCZOS)
    grey = small.tobytes()
    columns, rows = _DHASH_SIZE
    bits = 0
    for row in range(rows):
        for left in range(row * columns, row * columns + columns - 1):
            bits = bits << 1 | (grey[left + 1] > grey[left])
    return f"{bits:016x}"


def hamming(a: str, b: str) -> int:
    """
    How many of the 64 bits of two difference hashes differ, 0 to 64.

    Raises:
        ValueError: Not 16 hex digits each.
    """
    if not (_DHASH.fullmatch(a) and _DHASH.fullmatch(b)):
        raise ValueError(f"A difference hash has 16 hex digits; got {a!r} and {b!r}.")
    return (int(a, 16) ^ int(b, 16)).bit_count()


def same_picture(a: Picture, b: Picture) -> bool:
    """
    Whether two pictures look the same: at most SAME_WITHIN_BITS of their hashes differ.

    Meant for "the edit came back unchanged" and "two repeats are one picture". Size and
    format do not matter. Plain surfaces of any colour all hash to zero and count as the same.
    """
    return hamming(a.dhash, b.dhash) <= SAME_WITHIN_BITS


def flattened(image: Image.Image) -> Image.Image:
    """The picture in 8 bits, grey or RGB, as it looks on white paper."""
    if image.mode.startswith("I"):  # 16-bit grey PNG; a plain convert() would clip at 255
        return image.point(lambda value: value * (1 / 256)).convert("L")
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        paper = Image.new("RGBA", layer.size, "white")
        return Image.alpha_composite(paper, layer).convert("RGB")
    return image if image.mode in ("L", "RGB") else image.convert("RGB")
