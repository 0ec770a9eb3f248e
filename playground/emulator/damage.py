"""Pictures that are not what they should be: cut short, garbled, endless, huge, or no picture."""

import asyncio
import gzip
import io
import random
import struct
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from functools import cache

from starlette.responses import Response, StreamingResponse

from playground.emulator.faults import Fault

OVERSIZED_BYTES = 64_000_000
CHUNK = bytes(64 * 1024)
# 400 megapixels in some 50 kB: far past what any careful reader decodes.
BOMB_SIDE_PX = 20_000
GZIP_BOMB_BYTES = 200_000_000
# Enough that the file's kind can still be recognised, and nothing after it makes sense.
INTACT_BYTES = 24
REDIRECT_TO = "https://redirected.invalid/picture.jpg"
HTML = (
    b"<!DOCTYPE html><html><head><title>Just a moment</title></head>"
    b"<body><script>window.pwned = true</script><h1>Checking your browser</h1></body></html>"
)
MISSING = b'<?xml version="1.0" encoding="UTF-8"?><Error><Code>NoSuchKey</Code></Error>'
DENIED = b'<?xml version="1.0" encoding="UTF-8"?><Error><Code>AccessDenied</Code></Error>'

Damage = Callable[[Fault, bytes, str], Awaitable[Response]]


def missing(*, status_code: int = 404) -> Response:
    """What the file host says of a file it does not have, or no longer shows."""
    body = DENIED if status_code == 403 else MISSING
    return Response(body, status_code=status_code, media_type="application/xml")


async def damaged(fault: Fault, picture: bytes, media_type: str) -> Response | None:
    """The answer that a picture's fault gives instead; None for a kind that is not about pictures."""
    damage = DAMAGES.get(fault.kind)
    return await damage(fault, picture, media_type) if damage else None


async def _truncated(_fault: Fault, picture: bytes, media_type: str) -> Response:
    return Response(picture[: len(picture) * 2 // 3], media_type=media_type)


async def _corrupt(_fault: Fault, picture: bytes, media_type: str) -> Response:
    noise = random.Random(0).randbytes(max(0, len(picture) - INTACT_BYTES))
    return Response(picture[:INTACT_BYTES] + noise, media_type=media_type)


async def _oversized(_fault: Fault, picture: bytes, media_type: str) -> Response:
    async def endless() -> AsyncIterator[bytes]:
        yield picture
        for _ in range(OVERSIZED_BYTES // len(CHUNK)):
            yield CHUNK

    # Chunked: no Content-Length warns of what is coming.
    return StreamingResponse(endless(), media_type=media_type)


async def _bomb(_fault: Fault, _picture: bytes, _media_type: str) -> Response:
    return Response(await asyncio.to_thread(png_bomb), media_type="image/png")


async def _gzip_bomb(_fault: Fault, _picture: bytes, media_type: str) -> Response:
    body = await asyncio.to_thread(gzip_bomb)
    return Response(body, media_type=media_type, headers={"Content-Encoding": "gzip"})


async def _html(_fault: Fault, _picture: bytes, media_type: str) -> Response:
    return Response(HTML, media_type=media_type)


async def _wrong_type(_fault: Fault, picture: bytes, _media_type: str) -> Response:
    return Response(picture, media_type="text/html")


async def _gone(_fault: Fault, _picture: bytes, _media_type: str) -> Response:
    return missing()


async def _forbidden(_fault: Fault, _picture: bytes, _media_type: str) -> Response:
    return missing(status_code=403)


async def _redirect(fault: Fault, _picture: bytes, _media_type: str) -> Response:
    return Response(status_code=302, headers={"Location": fault.to or REDIRECT_TO})


DAMAGES: Mapping[str, Damage] = {
    "truncated": _truncated,
    "corrupt": _corrupt,
    "oversized": _oversized,
    "bomb": _bomb,
    "gzip_bomb": _gzip_bomb,
    "html": _html,
    "wrong_type": _wrong_type,
    "gone": _gone,
    "forbidden": _forbidden,
    "redirect": _redirect,
}


@cache
def png_bomb() -> bytes:
    """A valid black PNG of 20 000 × 20 000 pixels, one bit each."""
    row = bytes(1 + BOMB_SIDE_PX // 8)  # the first byte of a row names its filter
    packer = zlib.compressobj(9)
    data = b"".join(packer.compress(row) for _ in range(BOMB_SIDE_PX)) + packer.flush()
    header = struct.pack(">IIBBBBB", BOMB_SIDE_PX, BOMB_SIDE_PX, 1, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", data), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in chunks
    )


@cache
def gzip_bomb() -> bytes:
    """200 MB of zeros in some 200 kB."""
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", mtime=0) as stream:
        for _ in range(GZIP_BOMB_BYTES // len(CHUNK)):
            stream.write(CHUNK)
    return packed.getvalue()
