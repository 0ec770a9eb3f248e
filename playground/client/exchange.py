"""One request to the API over the connections to it: how it is sent, and how its answer is read."""

import zlib
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import lru_cache

import httpcore
import httpx

from playground import __version__
from playground.client.connections import Connections, environment_proxy
from playground.wire import Key, is_loopback

# Cookies are neither kept nor sent: services of different keys share the connections.
_HEADERS = (
    (b"Accept", b"application/json"),
    (b"Accept-Encoding", b"identity"),
    (b"User-Agent", f"flux-2-playground/{__version__}".encode("ascii")),
)

MAX_ANSWER_BYTES = 4_000_000  # the largest true answer, a page of prices, has some 50 kB


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """The body of a request."""

    body: bytes
    mime_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """The connections to the API, direct ones and those through a proxy."""

    direct: Connections
    proxied: Connections | None
    timeouts: Mapping[str, float]

    async def close(self) -> None:
        await self.direct.close()
        if self.proxied is not None:
            await self.proxied.close()

    @asynccontextmanager
    async def ask(
        self, method: str, url: str, *, key: Key, content: Content | None = None
    ) -> AsyncIterator[httpcore.Response]:
        """
        The answer to one request. Redirects are not followed: one could carry the key to another
        host, and a paid request to nowhere.

        Args:
            url: As the service's base address and what `wire` puts behind it make it.

        Raises:
            One of `NO_ANSWER`.
        """
        begin = url.find("/", url.index("//") + 2)
        origin = _origin(url[:begin])
        headers = [
            (b"Host", origin.netloc),
            *_HEADERS,
            # The one header it belongs in, written at the last moment.
            (b"Authorization", f"Bearer {key}".encode("ascii")),
        ]
        if content is not None:
            headers += [
                (b"Content-Type", content.mime_type.encode("ascii")),
                (b"Content-Length", str(len(content.body)).encode("ascii")),
            ]
        request = httpcore.Request(
            method,
            httpcore.URL(
                scheme=origin.raw_scheme,
                host=origin.raw_host,
                port=origin.port,
                target=url[begin:].encode("ascii"),
            ),
            headers=headers,
            content=None if content is None else content.body,
            extensions={"timeout": self.timeouts},
        )
        async with self._to(origin.host).stream(request) as response:
            yield response

    def _to(self, host: str) -> Connections:
        # A proxy of the environment cannot know an emulator on this machine.
        if self.proxied is None or is_loopback(host) or environment_proxy(host) is None:
            return self.direct
        return self.proxied


@lru_cache(maxsize=64)
def _origin(text: str) -> httpx.URL:
    return httpx.URL(text)


def form(name: str, content: bytes, mime_type: str) -> Content:
    """A file as the form field `file`."""
    request = httpx.Request(
        "POST", "https://example.com", files={"file": (name, content, mime_type)}
    )
    return Content(body=request.read(), mime_type=request.headers["Content-Type"])


def read_headers(pairs: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """By lower-case name; one that came several times with all its values."""
    headers: dict[str, str] = {}
    for raw_name, raw_value in pairs:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def unpacked(body: bytearray, headers: Mapping[str, str]) -> bytes:
    """What a host in between compressed unasked; as it came when that cannot be undone."""
    if headers.get("content-encoding", "identity").strip().lower() not in ("gzip", "deflate"):
        return bytes(body)
    try:
        return zlib.decompressobj(zlib.MAX_WBITS | 32).decompress(body, MAX_ANSWER_BYTES)
    except zlib.error:
        return bytes(body)
