"""Where in a PNG, JPEG or WebP file a text of ours stands: put in, read and taken out, no coded pixel touched."""

import struct
import zlib
from collections.abc import Iterator

from playground.errors import PictureError
from playground.images import containers
from playground.sayings import said

# A JPEG comment holds no more, and the same limit serves for all.
MAX_TEXT_BYTES = 60_000

_NAME = b"flux-playground"
_MOST_AROUND_BYTES = 64  # lengths, names and checksum around a text, in any of the three
_MAX_PIECES = 20_000  # chunks or segments of a file; a real one has some dozen

_PNG_SIGNATURE_BYTES = 8
_PNG_FIRST_CHUNK_BYTES = 25  # IHDR always comes first and always has this length
# iTXt: keyword, not compressed, no language, no translated keyword, text in UTF-8.
_PNG_HEAD = _NAME + b"\0\0\0\0\0"

_JPEG_COMMENT = 0xFE
_JPEG_APPLICATION = range(0xE0, 0xF0)
_JPEG_HEAD = _NAME + b": "

# A chunk nobody else knows: four lower-case letters, after everything else, as the container's
# specification wants it. EXIF and XMP have formats of their own that would have to be obeyed.
_WEBP_KIND = b"fpgd"
_WEBP_ALPHA = 0x10


def embed_text(data: bytes, text: bytes) -> bytes:
    """
    A copy of a picture file that carries the text, in place of one of ours it may carry already.

    PNG: an iTXt chunk. JPEG: a comment segment. WebP: a chunk of our own, for which a simple
    file becomes an extended one. All other bytes are copied as they are.

    Raises:
        PictureError: Not a PNG, JPEG or WebP picture, or its layout is damaged.
        ValueError: The text is too long, holds NUL, or is not UTF-8.
    """
    if len(text) > MAX_TEXT_BYTES or b"\0" in text:
        raise ValueError(f"A text in a picture has at most {MAX_TEXT_BYTES:,} bytes and no NUL.")
    text.decode()
    put = _PUTTERS.get(containers.recognise(data) or "")
    if put is None:
        raise PictureError(said("A text can be put into PNG, JPEG and WebP pictures only."))
    try:
        return put(without_text(data), text)
    except (IndexError, struct.error, ValueError) as exc:
        raise PictureError(
            said("The picture's layout is damaged, so no text can be put in.")
        ) from exc


def embedded_text(data: bytes) -> bytes | None:
    """The text of ours a picture carries; None if there is none, or it is damaged or too long."""
    for start, end in _places_of_ours(data):
        if end - start <= MAX_TEXT_BYTES + _MOST_AROUND_BYTES:
            return _TEXTS[containers.recognise(data) or ""](data[start:end])
        return None
    return None


def without_text(data: bytes) -> bytes:
    """The file without texts of ours; the same bytes if it has none."""
    kept, position = [], 0
    for start, end in _places_of_ours(data):
        kept.append(data[position:start])
        position = end
    if not kept:
        return data
    rest = b"".join([*kept, data[position:]])
    if containers.recognise(data) == "WEBP":
        return _with_riff_length(rest, len(data) - len(rest))
    return rest


def as_it_came(data: bytes) -> tuple[bytes, ...]:
    """What the file may have been, to the byte, before a text was put in; most likely first."""
    plain = without_text(data)
    if plain == data or containers.recognise(data) != "WEBP":
        return (plain,)
    simple = _as_simple_webp(plain)
    return (plain,) if simple is None else (plain, simple)


def _places_of_ours(data: bytes) -> Iterator[tuple[int, int]]:
    find = _FINDERS.get(containers.recognise(data) or "")
    if find is None:
        return
    try:
        yield from find(data)
    except (IndexError, struct.error, ValueError):
        return  # what comes after the damage is not looked for


# ---- PNG --------------------------------------------------------------------------------------


def _png_places(data: bytes) -> Iterator[tuple[int, int]]:
    start, kind = _PNG_SIGNATURE_BYTES, b""
    for _ in range(_MAX_PIECES):
        length, kind = struct.unpack_from(">I4s", data, start)
        end = start + 12 + length
        if kind == b"IEND" or end > len(data):
            return
        if kind == b"iTXt" and data.startswith(_PNG_HEAD, start + 8):
            yield start, end
        start = end


def _png_text(piece: bytes) -> bytes | None:
    (checksum,) = struct.unpack(">I", piece[-4:])
    return piece[8 + len(_PNG_HEAD) : -4] if checksum == zlib.crc32(piece[4:-4]) else None


def _put_in_png(data: bytes, text: bytes) -> bytes:
    if data[12:16] != b"IHDR":
        raise ValueError("no IHDR")
    body = b"iTXt" + _PNG_HEAD + text
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    place = _PNG_SIGNATURE_BYTES + _PNG_FIRST_CHUNK_BYTES
    return data[:place] + chunk + data[place:]


# ---- JPEG -------------------------------------------------------------------------------------


def _jpeg_lead(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Marker, start and end of the application segments and comments a file begins with."""
    start = 2
    for _ in range(_MAX_PIECES):
        sign, marker, length = struct.unpack_from(">BBH", data, start)
        end = start + 2 + length
        is_lead = marker in _JPEG_APPLICATION or marker == _JPEG_COMMENT
        if sign != 0xFF or not is_lead or length < 2 or end > len(data):
            return
        yield marker, start, end
        start = end


def _jpeg_places(data: bytes) -> Iterator[tuple[int, int]]:
    for marker, start, end in _jpeg_lead(data):
        if marker == _JPEG_COMMENT and data.startswith(_JPEG_HEAD, start + 4):
            yield start, end


def _jpeg_text(piece: bytes) -> bytes:
    return piece[4 + len(_JPEG_HEAD) :]


def _put_in_jpeg(data: bytes, text: bytes) -> bytes:
    # JFIF and EXIF both want to be first, so it comes after them.
    place = max((end for _, _, end in _jpeg_lead(data)), default=2)
    body = _JPEG_HEAD + text
    return (
        data[:place] + struct.pack(">BBH", 0xFF, _JPEG_COMMENT, len(body) + 2) + body + data[place:]
    )


# ---- WebP -------------------------------------------------------------------------------------


def _webp_chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    (length,) = struct.unpack_from("<I", data, 4)
    start, stop = 12, min(8 + length, len(data))
    for _ in range(_MAX_PIECES):
        if start >= stop:
            return
        kind, length = struct.unpack_from("<4sI", data, start)
        end = start + 8 + length + length % 2
        if end > stop:
            return
        yield kind, start, end
        start = end


def _webp_places(data: bytes) -> Iterator[tuple[int, int]]:
    for kind, start, end in _webp_chunks(data):
        if kind == _WEBP_KIND:
            yield start, end


def _webp_text(piece: bytes) -> bytes:
    (length,) = struct.unpack_from("<I", piece, 4)
    return piece[8 : 8 + length]


def _put_in_webp(data: bytes, text: bytes) -> bytes:
    (length,) = struct.unpack_from("<I", data, 4)
    stop = 8 + length
    if stop > len(data):
        raise ValueError("container beyond the end")
    start = 12
    lead = b"" if data[start : start + 4] == b"VP8X" else _extended_header(data)
    padding = b"\0" * (len(text) % 2)
    chunk = struct.pack("<4sI", _WEBP_KIND, len(text)) + text + padding
    body = data[8:start] + lead + data[start:stop] + chunk
    return b"RIFF" + struct.pack("<I", len(body)) + body + data[stop:]


def _extended_header(data: bytes) -> bytes:
    header = containers.read_header(data)
    is_transparent = data[12:16] == b"VP8L" and data[24] & 0x10
    width, height = (struct.pack("<I", px - 1)[:3] for px in (header.width_px, header.height_px))
    flags = _WEBP_ALPHA if is_transparent else 0
    return struct.pack("<4sIB3x", b"VP8X", 10, flags) + width + height


def _as_simple_webp(data: bytes) -> bytes | None:
    """The file without its extended header, when that header says nothing the rest does not."""
    kinds = [kind for kind, _, _ in _webp_chunks(data)]
    if kinds not in ([b"VP8X", b"VP8 "], [b"VP8X", b"VP8L"]):
        return None
    header, rest = data[12:30], data[:12] + data[30:]
    simple = _with_riff_length(rest, len(header))
    try:
        return simple if _extended_header(simple) == header else None
    except (PictureError, IndexError, struct.error):
        return None  # damaged, so nobody can say what it was


def _with_riff_length(data: bytes, n_removed: int) -> bytes:
    (length,) = struct.unpack_from("<I", data, 4)
    return data[:4] + struct.pack("<I", max(0, length - n_removed)) + data[8:]


_FINDERS = {"PNG": _png_places, "JPEG": _jpeg_places, "WEBP": _webp_places}
_TEXTS = {"PNG": _png_text, "JPEG": _jpeg_text, "WEBP": _webp_text}
_PUTTERS = {"PNG": _put_in_png, "JPEG": _put_in_jpeg, "WEBP": _put_in_webp}
