"""HTTP/1.1 connections kept for the next request; httpcore makes them, directly or through a proxy."""

import ssl
import time
import urllib.request
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpcore
import httpx

from playground.errors import NetworkError
from playground.sayings import said

# A closed pool, and what else the libraries below complain of, is a `RuntimeError`.
NO_ANSWER = (
    httpcore.NetworkError,
    httpcore.TimeoutException,
    httpcore.ProtocolError,
    httpcore.ProxyError,
    httpcore.UnsupportedProtocol,
    OSError,
    RuntimeError,
)
_ANYWHERE = httpcore.Origin(b"https", b"example.com", 443)


@dataclass(frozen=True, slots=True)
class _Waiting:
    connection: httpcore.AsyncConnectionInterface
    until: float  # on the monotonic clock


class Connections:
    """
    What httpcore's own pool does, without looking at every connection before and after each
    request: with 16 of them that takes longer than the request. The last one used is taken.

    Belongs to one event loop. How many requests are out at a time is bounded by whoever asks.

    Args:
        ssl_context: Called when first an encrypted connection is made.

        max_waiting: How many are kept for a next request; 0: each request has a fresh one.

        keepalive_s: For how long.

    Raises:
        NetworkError: The proxy cannot be used.
    """

    def __init__(
        self,
        *,
        ssl_context: Callable[[], ssl.SSLContext],
        max_waiting: int,
        keepalive_s: float,
        backend: httpcore.AsyncNetworkBackend | None = None,
        proxy: httpcore.Proxy | None = None,
    ) -> None:
        self._ssl_context = ssl_context
        self._max_waiting, self._keepalive_s = max_waiting, keepalive_s
        self._backend, self._proxy = backend or httpcore.AnyIOBackend(), proxy
        if proxy is not None:
            try:
                self._create(_ANYWHERE)
            except ImportError as exc:  # a kind of proxy whose package is missing
                raise _unusable_proxy() from exc
        self._waiting: list[_Waiting] = []  # the one used last at the end
        self._is_closed = False

    async def close(self) -> None:
        """Closes what waits now, and what is in use as soon as it is free."""
        self._is_closed = True
        while self._waiting:
            await self._waiting.pop().connection.aclose()

    @asynccontextmanager
    async def stream(self, request: httpcore.Request) -> AsyncIterator[httpcore.Response]:
        """
        The answer; its connection is kept if the answer was read to its end.

        Raises:
            One of `NO_ANSWER`.
        """
        connection = await self._take(request.url.origin)
        try:
            response = await connection.handle_async_request(request)
            try:
                yield response
            finally:
                await response.aclose()
        finally:
            await self._put(connection)

    async def _take(self, origin: httpcore.Origin) -> httpcore.AsyncConnectionInterface:
        if self._is_closed:
            raise httpcore.ConnectError("the connections are closed")
        now = time.monotonic()
        while self._waiting and self._waiting[0].until < now:
            await self._waiting.pop(0).connection.aclose()
        while (connection := self._pop(origin)) is not None:
            if not connection.has_expired():  # nor hung up at the other end
                return connection
            await connection.aclose()
        return self._create(origin)

    def _pop(self, origin: httpcore.Origin) -> httpcore.AsyncConnectionInterface | None:
        for place in reversed(range(len(self._waiting))):
            if self._waiting[place].connection.can_handle_request(origin):
                return self._waiting.pop(place).connection
        return None

    def _create(self, origin: httpcore.Origin) -> httpcore.AsyncConnectionInterface:
        is_plain = origin.scheme != b"https" and self._proxy is None
        try:
            context = None if is_plain else self._ssl_context()
        except OSError as exc:
            raise httpcore.ConnectError(
                f"the certificates to trust cannot be read: {exc.strerror}. Check SSL_CERT_FILE "
                "and SSL_CERT_DIR."
            ) from exc
        # Of the pool only the knowledge is used of how an origin is reached; it stays empty.
        return httpcore.AsyncConnectionPool(
            ssl_context=context,
            keepalive_expiry=self._keepalive_s,
            network_backend=self._backend,
            proxy=self._proxy,
        ).create_connection(origin)

    async def _put(self, connection: httpcore.AsyncConnectionInterface) -> None:
        is_usable = connection.is_idle() and not connection.is_closed()
        if not is_usable or self._is_closed:
            await connection.aclose()
            return
        until = time.monotonic() + self._keepalive_s
        self._waiting.append(_Waiting(connection, until))
        if len(self._waiting) > self._max_waiting:
            await self._waiting.pop(0).connection.aclose()


def environment_proxy(host: str | None = None) -> str | None:
    """The proxy that the environment names for https, to that host or in general."""
    proxies = urllib.request.getproxies()
    proxy = proxies.get("https") or proxies.get("all")
    if not proxy or (host is not None and urllib.request.proxy_bypass(host)):
        return None
    return proxy


def read_proxy(address: str) -> httpcore.Proxy:
    """
    Raises:
        NetworkError: It is no address of a proxy.
    """
    try:
        proxy = httpx.Proxy(address if "://" in address else f"http://{address}")
    except (ValueError, httpx.InvalidURL) as exc:
        raise _unusable_proxy() from exc
    url = httpcore.URL(
        scheme=proxy.url.raw_scheme,
        host=proxy.url.raw_host,
        port=proxy.url.port,
        target=proxy.url.raw_path,
    )
    return httpcore.Proxy(url=url, auth=proxy.raw_auth)


def _unusable_proxy() -> NetworkError:
    return NetworkError(
        said(
            "The proxy that the environment names cannot be used. Check HTTPS_PROXY and ALL_PROXY."
        )
    )
