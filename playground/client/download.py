"""Fetches result files without a key: only from public addresses, capped, hashed, to a partial file."""

import asyncio
import hashlib
import logging
import os
import random
import ssl
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import httpcore
import httpx

from playground.client.addresses import IPAddress, IPNetwork, check_host, is_public, parse_url
from playground.client.connections import (
    NO_ANSWER,
    Connections,
    environment_proxy,
    read_proxy,
)
from playground.client.pinning import CheckedBackend, Resolve, resolve
from playground.errors import (
    ExpiredError,
    NetworkError,
    PictureError,
    PlaygroundError,
    StorageError,
)
from playground.sayings import said
from playground.wire import is_loopback

log = logging.getLogger(__name__)

MAX_BYTES = 60_000_000  # a 4 MP picture as lossless PNG has some 12 MB
MAX_REDIRECTS = 3
MAX_CONNECTIONS = 16
KEEPALIVE_S = 20.0
ATTEMPTS = 3
FIRST_BACKOFF_S = 0.5

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_GONE = frozenset({403, 404, 410})


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """A file that arrived whole."""

    size_bytes: int
    sha256: str
    content_type: str | None


class Downloader:
    """
    A pool of connections to file hosts. It never sees a key.

    Args:
        also_public: Networks taken for public all the same; see `addresses.is_public`.

        trust_env: Whether a proxy named by the environment is used. Through a proxy the name is
            looked up there, so only its spelling is checked here.
    """

    def __init__(
        self,
        *,
        ssl_context: Callable[[], ssl.SSLContext],
        connect_s: float = 10.0,
        read_s: float = 20.0,
        total_s: float = 180.0,
        also_public: Sequence[IPNetwork] = (),
        trust_env: bool = False,
        resolve: Resolve = resolve,
        backend: httpcore.AsyncNetworkBackend | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._ssl_context = ssl_context
        self._timeouts = {"connect": connect_s, "read": read_s, "write": read_s}
        self._total_s = total_s
        self._trust_env = trust_env
        self._sleep = sleep
        self._slots = asyncio.Semaphore(MAX_CONNECTIONS)
        inner = backend or httpcore.AnyIOBackend()

        def allows(address: IPAddress) -> bool:
            return is_public(address, also=also_public)

        self._public = self._connections(backend=CheckedBackend(inner, resolve, allows))
        self._loopback = self._connections(
            backend=CheckedBackend(inner, resolve, lambda address: address.is_loopback)
        )
        self._proxied: dict[str, Connections] = {}

    async def close(self) -> None:
        """Closes every connection."""
        for connections in (self._public, self._loopback, *self._proxied.values()):
            await connections.close()

    async def fetch(
        self,
        url: str,
        part: Path,
        *,
        max_bytes: int = MAX_BYTES,
        allow_loopback_http: bool = False,
        attempts: int = ATTEMPTS,
    ) -> Download:
        """
        The file at `url`, written to `part` (made new, readable by its owner only).

        Whatever an earlier try left in `part` is overwritten. What may have been an accident is
        tried again, up to `attempts` times.

        Args:
            allow_loopback_http: For an emulator on this machine: plain http to it, and only to it.

        Raises:
            ExpiredError: The address answers no more.

            PictureError: It is no address to fetch from, or what came is no picture.

            NetworkError: Nothing usable came; ask again later.

            StorageError: The disk would not take it.
        """
        failure: PlaygroundError | None = None
        for attempt in range(attempts):
            if attempt:
                await self._sleep(FIRST_BACKOFF_S * 2 ** (attempt - 1) * random.uniform(0.8, 1.2))
            try:
                async with self._slots, asyncio.timeout(self._total_s):
                    outcome = await self._try(url, part, max_bytes, allow_loopback_http)
            except TimeoutError:
                outcome = NetworkError(
                    said(
                        "The picture did not arrive within {total_s:g} seconds. Try again.",
                        total_s=self._total_s,
                    )
                )
            if isinstance(outcome, Download):
                return outcome
            log.info("Download attempt %d failed: %s", attempt + 1, outcome)
            failure = outcome
        raise failure or ValueError("At least one attempt is needed.")

    async def _try(
        self, url: str, part: Path, max_bytes: int, allow_loopback_http: bool
    ) -> Download | PlaygroundError:
        """An error returned may be an accident; an error raised is final."""
        is_local: bool | None = None
        for _ in range(MAX_REDIRECTS + 1):
            target, is_local = self._target(url, allow_loopback_http, is_local)
            connections = self._loopback if is_local else self._connections_to(target.host)
            request = httpcore.Request(
                b"GET",
                httpcore.URL(
                    scheme=target.raw_scheme,
                    host=target.raw_host,
                    port=target.port,
                    target=target.raw_path,
                ),
                headers=[
                    (b"Host", target.netloc),
                    (b"Accept", b"image/*"),
                    # A compressed answer could unpack to any size.
                    (b"Accept-Encoding", b"identity"),
                ],
                extensions={"timeout": self._timeouts},
            )
            is_answered = False
            try:
                async with connections.stream(request) as response:
                    is_answered = True
                    headers = {
                        name.decode("latin-1").lower(): value.decode("latin-1")
                        for name, value in response.headers
                    }
                    location = headers.get("location")
                    if response.status in _REDIRECTS and location is not None:
                        url = _joined(target, location)
                        continue
                    problem = _problem(response.status, headers, max_bytes)
                    if problem is not None:
                        return problem
                    return await _keep(response, headers, part, max_bytes)
            except NO_ANSWER as exc:
                if is_answered and isinstance(exc, httpcore.RemoteProtocolError):
                    return PictureError(
                        said("The picture broke off while it was fetched ({exc}).", exc=exc)
                    )
                return NetworkError(
                    said(
                        "The picture could not be fetched ({reason}). Try again.",
                        reason=type(exc).__name__,
                    )
                )
        raise PictureError(
            said(
                "The picture's address leads on more than {max_redirects} times.",
                max_redirects=MAX_REDIRECTS,
            )
        )

    def _target(
        self, url: str, allow_loopback_http: bool, was_local: bool | None
    ) -> tuple[httpx.URL, bool]:
        """The address if it may be fetched from, and whether it is this machine's emulator."""
        try:
            target = parse_url(url)
            # Only an address that was local from the start: a public one must not lead in here.
            if allow_loopback_http and was_local is not False and is_loopback(target.host):
                return target, True
            if was_local:
                raise ValueError(said("it leads from the emulator to somewhere else."))
            if target.scheme != "https":
                raise ValueError(said("it must begin with https://."))
            check_host(target.host)
        except ValueError as exc:
            raise PictureError(
                said("Nothing is fetched from {url!r}: {exc}", url=url[:100], exc=exc)
            ) from exc
        return target, False

    def _connections(
        self,
        *,
        backend: httpcore.AsyncNetworkBackend | None = None,
        proxy: httpcore.Proxy | None = None,
    ) -> Connections:
        return Connections(
            ssl_context=self._ssl_context,
            max_waiting=MAX_CONNECTIONS,
            keepalive_s=KEEPALIVE_S,
            backend=backend,
            proxy=proxy,
        )

    def _connections_to(self, host: str) -> Connections:
        proxy = environment_proxy(host) if self._trust_env else None
        if proxy is None:
            return self._public
        if proxy not in self._proxied:
            self._proxied[proxy] = self._connections(proxy=read_proxy(proxy))
        return self._proxied[proxy]


def _joined(base: httpx.URL, location: str) -> str:
    try:
        return str(base.join(location))
    except (httpx.InvalidURL, ValueError) as exc:
        raise PictureError(said("The picture's address leads on to no address.")) from exc


def _problem(status: int, headers: dict[str, str], max_bytes: int) -> PlaygroundError | None:
    """What is wrong before the first byte; returned when it may pass, raised when it is final."""
    if status in _GONE:
        gone = ExpiredError(
            said(
                "The picture is no longer at its address (HTTP {status}). Results live for 24 "
                "hours.",
                status=status,
            )
        )
        if status == 404:
            return gone  # a copy at the edge may lag behind the task by a moment
        raise gone
    if status >= 500 or status in (408, 425, 429):
        return NetworkError(
            said("The file host is out of order at the moment (HTTP {status}).", status=status)
        )
    if status != 200:
        raise PictureError(
            said("The file host answered HTTP {status} instead of a picture.", status=status)
        )
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind.startswith(("text/", "multipart/")) or kind.endswith(("json", "xml", "javascript")):
        if kind != "image/svg+xml":
            return PictureError(said("The file host sent {kind} instead of a picture.", kind=kind))
        raise PictureError(
            said("The file host sent a drawing in SVG, which is not taken for a picture.")
        )
    if headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
        raise PictureError(said("The file host sent a compressed picture, which is not unpacked."))
    length = headers.get("content-length", "")
    if length.isascii() and length.isdecimal() and int(length[:18]) > max_bytes:
        raise _too_large(max_bytes)
    return None


async def _keep(
    response: httpcore.Response, headers: dict[str, str], part: Path, max_bytes: int
) -> Download | PlaygroundError:
    digest, size_bytes = hashlib.sha256(), 0
    with _open(part) as file:
        async for chunk in response.aiter_stream():
            size_bytes += len(chunk)
            if size_bytes > max_bytes:
                raise _too_large(max_bytes)
            digest.update(chunk)
            try:
                file.write(chunk)
            except OSError as exc:
                raise _unwritable(part, exc) from exc
    if size_bytes == 0:
        return PictureError(said("The file host sent an empty file."))
    return Download(
        size_bytes=size_bytes,
        sha256=digest.hexdigest(),
        content_type=headers.get("content-type"),
    )


@contextmanager
def _open(part: Path) -> Iterator[BinaryIO]:
    flags = os.O_CREAT | os.O_TRUNC | os.O_WRONLY | getattr(os, "O_NOFOLLOW", 0)
    try:
        file = os.fdopen(os.open(part, flags, 0o600), "wb")
    except OSError as exc:
        raise _unwritable(part, exc) from exc
    try:
        yield file
        try:
            file.flush()
        except OSError as exc:
            raise _unwritable(part, exc) from exc
    finally:
        with suppress(OSError):  # after a failed write, closing fails as well
            file.close()


def _unwritable(part: Path, exc: OSError) -> StorageError:
    return StorageError(
        said(
            "The picture cannot be written to {parent} ({strerror}). It is paid for and "
            "stays open; free some space or allow writing.",
            parent=part.parent,
            strerror=exc.strerror,
        )
    )


def _too_large(max_bytes: int) -> PictureError:
    return PictureError(
        said(
            "The file is larger than {max_bytes:,} bytes, so it was not taken.", max_bytes=max_bytes
        )
    )
