"""The two ways to the API: the paid request, once on a fresh connection, and free calls from a small pool."""

import asyncio
import ssl
from collections.abc import Coroutine, Generator, Mapping
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, TypeVar

import httpx

from playground import __version__
from playground.client.download import Downloader
from playground.errors import AnswerLostError, NetworkError, NotSentError
from playground.ratelimit import Limiters
from playground.wire import Answer, Key

T = TypeVar("T")

MAX_ANSWER_BYTES = 4_000_000  # the largest true answer, a page of prices, has some 50 kB
MAX_IN_FLIGHT = 16  # a task costs twice the processor time at 64
KEEPALIVE_S = 20.0

# No connection stood, so nothing can have been processed.
_NOT_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)
# `TimeoutError` is an `OSError`; a closed transport is a `RuntimeError`.
_NO_ANSWER = (httpx.HTTPError, httpx.InvalidURL, OSError, RuntimeError)


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeLimits:
    """How long each step on the network may take, in seconds."""

    connect_s: float = 10.0
    write_s: float = 30.0
    paid_read_s: float = 60.0  # without a byte
    paid_total_s: float = 120.0
    free_total_s: float = 20.0
    upload_total_s: float = 120.0
    file_read_s: float = 20.0  # without a byte
    file_total_s: float = 180.0


class _Bearer(httpx.Auth):
    """Puts the key into the one header it belongs in, at the last moment."""

    def __init__(self, key: Key) -> None:
        self._key = key

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["Authorization"] = f"Bearer {self._key}"
        yield request


@dataclass(frozen=True, slots=True, kw_only=True)
class _Built:
    paid: httpx.AsyncClient
    free: httpx.AsyncClient
    files: Downloader


class Transports:
    """
    The connections of one event loop, shared by all services that live on it.

    Built at first use; `close` waits for paid requests in flight.

    Args:
        trust_env: Whether proxies and certificates named by the environment are used.
    """

    def __init__(
        self,
        *,
        limits: TimeLimits | None = None,
        max_paid_in_flight: int = MAX_IN_FLIGHT,
        trust_env: bool = True,
        limiters: Limiters | None = None,
    ) -> None:
        self.limits = limits or TimeLimits()
        self.limiters = limiters or Limiters()
        self._max_paid_in_flight = max_paid_in_flight
        self._trust_env = trust_env
        self._loop: asyncio.AbstractEventLoop | None = None
        self._built: _Built | None = None
        self._free_slots = asyncio.Semaphore(MAX_IN_FLIGHT)
        self._in_flight: set[asyncio.Task[Any]] = set()
        self._is_closed = False

    async def __aenter__(self) -> "Transports":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self, *, grace_s: float | None = None) -> None:
        """
        Waits for the paid requests in flight, then closes every connection.

        Args:
            grace_s: How long to wait for them; None: as long as their own limits allow. One that
                is still out then is cut off, and whether it arrived must be looked up later.
        """
        self._is_closed = True
        while self._in_flight:
            _, pending = await asyncio.wait(set(self._in_flight), timeout=grace_s)
            for task in pending:
                task.cancel()
            if pending:
                await asyncio.gather(*pending, return_exceptions=True)
        if self._built is not None:
            await self._built.paid.aclose()
            await self._built.free.aclose()
            await self._built.files.close()

    @property
    def files(self) -> Downloader:
        """
        The way to result files, which never carries a key.

        Raises:
            NetworkError: The transports are closed, or a proxy cannot be used.
        """
        return self._get().files

    async def outlive(self, work: Coroutine[Any, Any, T]) -> T:
        """Runs work to its end even if the caller is cancelled meanwhile; `close` waits for it."""
        task = asyncio.create_task(work)
        self._in_flight.add(task)
        task.add_done_callback(self._landed)
        return await asyncio.shield(task)

    def _landed(self, task: asyncio.Task[Any]) -> None:
        self._in_flight.discard(task)
        if not task.cancelled():
            task.exception()  # looked at, so that a caller who left does not make it a complaint

    async def send_paid(self, url: str, *, key: Key, body: bytes) -> Answer:
        """
        Posts once, whatever happens. An answer whose body broke off keeps what came of it.

        Raises:
            NotSentError: Nothing left this machine.

            AnswerLostError: It left, and not even a status came back.
        """
        try:
            client = self._get().paid
        except NetworkError as exc:
            raise NotSentError(f"The request was not sent. {exc}") from exc
        status_code: int | None = None
        headers: Mapping[str, str] = {}
        received = bytearray()
        try:
            async with asyncio.timeout(self.limits.paid_total_s):
                async with client.stream(
                    "POST",
                    url,
                    content=body,
                    headers={"Content-Type": "application/json"},
                    auth=_Bearer(key),
                ) as response:
                    status_code, headers = response.status_code, dict(response.headers)
                    async for chunk in response.aiter_bytes():
                        received += chunk
                        if len(received) > MAX_ANSWER_BYTES:
                            break
        except _NOT_SENT as exc:
            raise NotSentError(
                f"The service could not be reached, so nothing was bought ({_reason(exc)})."
            ) from exc
        except _NO_ANSWER as exc:
            if status_code is None:
                raise AnswerLostError(
                    f"The paid request left and no answer came back ({_reason(exc)}). "
                    "It may have been accepted, so it is looked up, not sent again."
                ) from exc
        return Answer(status_code=status_code, headers=headers, body=bytes(received))

    async def send_free(
        self,
        method: str,
        url: str,
        *,
        key: Key,
        params: Mapping[str, str] | None = None,
        file: tuple[str, bytes, str] | None = None,
    ) -> Answer:
        """
        One try of a call that may be repeated.

        Args:
            file: Name, content and MIME type, sent as the form field `file`.

        Raises:
            NetworkError: No complete answer came.
        """
        client = self._get().free
        total_s = self.limits.free_total_s if file is None else self.limits.upload_total_s
        try:
            async with self._free_slots, asyncio.timeout(total_s):
                async with client.stream(
                    method,
                    url,
                    params=params,
                    files=None if file is None else {"file": file},
                    auth=_Bearer(key),
                ) as response:
                    body = await _whole(response)
        except _NO_ANSWER as exc:
            raise NetworkError(f"The service gave no answer ({_reason(exc)}). Try again.") from exc
        return Answer(status_code=response.status_code, headers=dict(response.headers), body=body)

    def _get(self) -> "_Built":
        loop = asyncio.get_running_loop()
        if self._is_closed:
            raise NetworkError("The app is closing.")
        if self._built is None:
            self._built, self._loop = self._build(), loop
        if self._loop is not loop:
            raise RuntimeError("These transports belong to another event loop.")
        return self._built

    def _build(self) -> "_Built":
        limits = self.limits
        context = httpx.create_ssl_context(trust_env=self._trust_env)
        paid = httpx.Limits(max_connections=self._max_paid_in_flight, max_keepalive_connections=0)
        free = httpx.Limits(
            max_connections=MAX_IN_FLIGHT,
            max_keepalive_connections=MAX_IN_FLIGHT,
            keepalive_expiry=KEEPALIVE_S,
        )
        try:
            return _Built(
                paid=self._client(context, paid, read_s=limits.paid_read_s),
                free=self._client(context, free, read_s=limits.free_total_s),
                files=Downloader(
                    ssl_context=context,
                    connect_s=limits.connect_s,
                    read_s=limits.file_read_s,
                    total_s=limits.file_total_s,
                    trust_env=self._trust_env,
                ),
            )
        except (ImportError, ValueError) as exc:
            raise NetworkError(
                "The proxy that the environment names cannot be used "
                f"({type(exc).__name__}). Check HTTPS_PROXY and ALL_PROXY."
            ) from exc

    def _client(
        self, context: ssl.SSLContext, limits: httpx.Limits, *, read_s: float
    ) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            verify=context,
            http1=True,
            http2=False,
            limits=limits,
            timeout=httpx.Timeout(
                connect=self.limits.connect_s,
                read=read_s,
                write=self.limits.write_s,
                pool=self.limits.connect_s,
            ),
            # A redirect could carry the key to another host, and a paid request to nowhere.
            follow_redirects=False,
            trust_env=self._trust_env,
            # A proxy of the environment cannot know an emulator on this machine.
            mounts={f"all://{host}": None for host in ("127.0.0.1", "localhost", "[::1]")},
            # Services of different keys share the connections; they must not share cookies.
            cookies=CookieJar(policy=DefaultCookiePolicy(allowed_domains=[])),
            headers={
                "Accept": "application/json",
                "Accept-Encoding": "identity",
                "User-Agent": f"flux-2-playground/{__version__}",
            },
        )


async def _whole(response: httpx.Response) -> bytes:
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > MAX_ANSWER_BYTES:
            raise httpx.ReadError("the answer is far too long")
    return bytes(body)


def _reason(exc: BaseException) -> str:
    words = str(exc).strip()
    return f"{type(exc).__name__}: {words[:200]}" if words else type(exc).__name__
