"""How PNG, JPEG, WebP and GIF lay out their bytes: which one it is, its size, its end, what of it is the picture."""

import re
import struct
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from playground.errors import PictureError
from playground.sayings import said

EXTENSIONS = {"JPEG": "jpg", "PNG": "png", "WEBP": "webp"}

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
_OTHER_KINDS = (
    (re.compile(rb"\s*<(!doctype\s+html|html|head|body)\b", re.I), said("a web page (HTML)")),
    (
        re.compile(rb"\s*(<\?xml.*)?(<!--.*)?(<!doctype\s+svg.*)?<svg\b", re.I | re.S),
        "an SVG drawing",
    ),
    (re.compile(rb"\s*<"), said("XML or HTML text")),
    (re.compile(rb"\s*[{\[]"), said("JSON text")),
    (re.compile(rb"....ftyp(?:%s)" % b"|".join(_HEIC_BRANDS), re.S), said("a HEIC picture")),
    (re.compile(rb"....ftypavi[fs]", re.S), said("an AVIF picture")),
    (re.compile(rb"....ftyp|\x1aE\xdf\xa3", re.S), said("a video")),
    (re.compile(rb"BM"), said("a BMP picture")),
    (re.compile(rb"II\*\0|MM\0\*"), said("a TIFF or camera raw picture")),
    (re.compile(rb"%PDF"), said("a PDF document")),
    (re.compile(rb"8BPS"), said("a Photoshop document")),
    (re.compile(rb"\xff\x0a|\0\0\0\x0cJXL "), said("a JPEG XL picture")),
    (re.compile(rb"\0\0\0\x0cjP  "), said("a JPEG 2000 picture")),
    (re.compile(rb"PK\x03\x04"), said("a ZIP archive")),
)

_JPEG_END = 0xD9
_JPEG_SCAN = 0xDA
_JPEG_COMMENT = 0xFE
_JPEG_TEMPORARY = 0x01  # like the end marker it has no length
_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_NEXT_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
# Of the application segments only these change how the pixels look.
_JPEG_KEPT = ((0xE0, b"JFIF\0"), (0xE2, b"ICC_PROFILE\0"), (0xEE, b"Adobe"))
_JFIF_LENGTH = 16  # without the thumbnail it may carry, which can show what was cropped away

_PNG_KEPT = frozenset(
    b"IHDR PLTE IDAT IEND tRNS gAMA cHRM sRGB iCCP cICP mDCV cLLI sBIT bKGD pHYs".split()
)
_WEBP_KEPT = frozenset({b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ICCP"})
_WEBP_HAS_METADATA = 0x0C  # the EXIF and XMP bits of VP8X
_WEBP_HAS_FRAMES = 0x02


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What the first bytes say, before anything is decoded. Sizes as stored, not turned upright."""

    format: str  # "JPEG", "PNG", "WEBP" or "GIF"
    width_px: int
    height_px: int

    @property
    def pixels(self) -> int:
        return self.width_px * self.height_px


def recognise(data: bytes) -> str | None:
    """The format by content, whatever the name says; None when it is none of the four."""
    if data.startswith(_PNG_SIGNATURE):
        return "PNG"
    if data.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "WEBP"
    if data.startswith((b"GIF87a", b"GIF89a")):
        return "GIF"
    return None


def kind_of_other(data: bytes) -> str:
    """What bytes that are none of the four seem to be, for people: "a web page (HTML)"."""
    head = data[:1024].removeprefix(b"\xef\xbb\xbf")
    if not head:
        return said("empty (0 bytes)")
    for pattern, kind in _OTHER_KINDS:
        if pattern.match(head):
            return kind
    return said("no known kind of picture")


def read_header(data: bytes) -> Header:
    """
    Format and size, found without decoding and without allocating for the pixels.

    Raises:
        PictureError: None of the four formats, or cut off or broken before its size.
    """
    format_ = recognise(data)
    if format_ is None:
        raise PictureError(
            said(
                "The file is {kind}, not a PNG, JPEG, WebP or GIF picture.",
                kind=kind_of_other(data),
            )
        )
    try:
        width_px, height_px = _SIZES[format_](data)
    except (IndexError, struct.error, ValueError) as exc:
        raise PictureError(
            said(
                "The {format} file of {n_data:,} bytes is cut off or damaged before its size "
                "is told.",
                format=format_,
                n_data=len(data),
            )
        ) from exc
    if width_px == 0 or height_px == 0:
        raise PictureError(
            said(
                "The {format} file says it has {width_px} × {height_px} pixels.",
                format=format_,
                width_px=width_px,
                height_px=height_px,
            )
        )
    return Header(format=format_, width_px=width_px, height_px=height_px)


def reaches_its_end(data: bytes) -> bool:
    """
    Whether a PNG has its end chunk; true for the other formats.

    Pillow decodes a PNG that lacks its last 21 bytes without a word; of JPEG and WebP it
    notices a single missing byte.
    """
    if recognise(data) != "PNG":
        return True
    try:
        return any(kind == b"IEND" for kind, _, _ in _png_chunks(data))
    except (struct.error, ValueError):
        return False


def scans(data: bytes) -> int:
    """How many passes over all its pixels a JPEG asks for: 1, or about 10 if progressive; else 0."""
    count = 0
    if recognise(data) == "JPEG":
        with suppress(IndexError, struct.error, ValueError):  # damage is the decoder's to tell
            for marker, _ in _jpeg_segments(data):
                count += marker == _JPEG_SCAN
    return count


def without_metadata(data: bytes) -> bytes | None:
    """
    The same picture without EXIF, GPS, XMP, IPTC, comments, thumbnails, provenance manifests,
    further pictures in the same file, and anything after its end.

    Pixels are not touched: what remains is copied byte for byte, the colour profile included.
    Of an animated PNG the still picture remains. Without anything to drop the result equals
    `data`. Orientation goes too: turn the picture upright first.

    None: cannot be done by dropping bytes (GIF, animated WebP, a layout nobody documented).
    """
    strip = _STRIPPERS.get(recognise(data) or "")
    if strip is None:
        return None
    try:
        return strip(data)
    except (IndexError, struct.error, ValueError):
        return None


def is_lossless_webp(data: bytes) -> bool:
    return recognise(data) == "WEBP" and any(kind == b"VP8L" for kind, _ in _webp_chunks(data))


def _png_size(data: bytes) -> tuple[int, int]:
    if data[12:16] != b"IHDR":
        raise ValueError("no IHDR")
    width_px, height_px = struct.unpack_from(">II", data, 16)
    return width_px, height_px


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Type, start and end of each chunk up to the end chunk."""
    start, kind = len(_PNG_SIGNATURE), b""
    while kind != b"IEND":
        length, kind = struct.unpack_from(">I4s", data, start)
        end = start + 12 + length
        if end > len(data):
            raise ValueError("chunk beyond the end")
        yield kind, start, end
        start = end


def _strip_png(data: bytes) -> bytes:
    kept = [data[start:end] for kind, start, end in _png_chunks(data) if kind in _PNG_KEPT]
    return _PNG_SIGNATURE + b"".join(kept)


def _jpeg_segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Marker and bytes of each segment up to the end marker, a scan with its coded data."""
    position, marker = 2, 0
    while marker != _JPEG_END:
        found = _JPEG_NEXT_MARKER.search(data, position)
        if found is None:
            raise ValueError("no end marker")
        marker, start = data[found.end() - 1], found.start()
        if marker in (_JPEG_TEMPORARY, _JPEG_END):
            position = found.end()
        else:
            (length,) = struct.unpack_from(">H", data, found.end())
            position = found.end() + length
        if position > len(data):
            raise ValueError("segment beyond the end")
        if marker == _JPEG_SCAN:
            after = _JPEG_NEXT_MARKER.search(data, position)
            position = after.start() if after else len(data)
        yield marker, data[start:position]


def _jpeg_size(data: bytes) -> tuple[int, int]:
    for marker, segment in _jpeg_segments(data):
        if marker in _JPEG_FRAMES:
            height_px, width_px = struct.unpack_from(">HH", segment, 5)
            return width_px, height_px
    raise ValueError("no frame header")


def _strip_jpeg(data: bytes) -> bytes:
    kept = [b"\xff\xd8"]
    for marker, segment in _jpeg_segments(data):
        is_application = 0xE0 <= marker <= 0xEF
        if marker == _JPEG_COMMENT or (
            is_application
            and not any(marker == m and segment.startswith(name, 4) for m, name in _JPEG_KEPT)
        ):
            continue
        if marker == 0xE0 and len(segment) > _JFIF_LENGTH + 2:
            segment = b"\xff\xe0" + struct.pack(">H", _JFIF_LENGTH) + segment[4:16] + b"\0\0"
        kept.append(segment)
    return b"".join(kept)


def _webp_size(data: bytes) -> tuple[int, int]:
    kind = data[12:16]
    if kind == b"VP8X":
        low_w, high_w, low_h, high_h = struct.unpack_from("<HBHB", data, 24)
        return 1 + low_w + (high_w << 16), 1 + low_h + (high_h << 16)
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, 21)
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if kind == b"VP8 ":
        width_px, height_px = struct.unpack_from("<HH", data, 26)
        return width_px & 0x3FFF, height_px & 0x3FFF
    raise ValueError("no picture chunk")


def _webp_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Type and bytes of each chunk, its padding included, as far as the container goes."""
    (length,) = struct.unpack_from("<I", data, 4)
    start, stop = 12, 8 + length
    if stop > len(data):
        raise ValueError("container beyond the end")
    while start < stop:
        kind, length = struct.unpack_from("<4sI", data, start)
        end = start + 8 + length + length % 2
        if end > stop:
            raise ValueError("chunk beyond the end")
        yield kind, data[start:end]
        start = end


def _strip_webp(data: bytes) -> bytes | None:
    kept = []
    for kind, chunk in _webp_chunks(data):
        if kind == b"VP8X":
            if chunk[8] & _WEBP_HAS_FRAMES:
                return None
            chunk = chunk[:8] + bytes([chunk[8] & ~_WEBP_HAS_METADATA]) + chunk[9:]
        if kind in _WEBP_KEPT:
            kept.append(chunk)
    body = b"WEBP" + b"".join(kept)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _gif_size(data: bytes) -> tuple[int, int]:
    width_px, height_px = struct.unpack_from("<HH", data, 6)
    return width_px, height_px


_SIZES = {"PNG": _png_size, "JPEG": _jpeg_size, "WEBP": _webp_size, "GIF": _gif_size}
_STRIPPERS = {"PNG": _strip_png, "JPEG": _strip_jpeg, "WEBP": _strip_webp}
