"""The two ways to the API: the paid request, once on a fresh connection, and free calls from a small pool."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar
from urllib.parse import urlencode

import httpcore
import httpx

from playground.client.connections import NO_ANSWER, Connections, environment_proxy, read_proxy
from playground.client.download import Downloader
from playground.client.exchange import (
    MAX_ANSWER_BYTES,
    Content,
    Lines,
    form,
    read_headers,
    unpacked,
)
from playground.errors import AnswerLostError, NetworkError, NotSentError
from playground.ratelimit import Limiters
from playground.sayings import said
from playground.wire import Answer, Key

T = TypeVar("T")

MAX_IN_FLIGHT = 16  # a task costs twice the processor time at 64
KEEPALIVE_S = 20.0

# No connection stood, so nothing can have been processed.
_NOT_SENT = (
    httpcore.ConnectError,
    httpcore.ConnectTimeout,
    httpcore.ProxyError,
    httpcore.UnsupportedProtocol,
)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Built:
    paid: Lines
    free: Lines
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
        self._trust_env = trust_env
        self._loop: asyncio.AbstractEventLoop | None = None
        self._built: _Built | None = None
        self._paid_slots = asyncio.Semaphore(max_paid_in_flight)
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
            await self._built.paid.close()
            await self._built.free.close()
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
            lines = self._get().paid
        except NetworkError as exc:
            raise NotSentError(said("The request was not sent. {exc}", exc=exc)) from exc
        status_code: int | None = None
        headers: Mapping[str, str] = {}
        received = bytearray()
        try:
            async with asyncio.timeout(self.limits.paid_total_s), self._paid_slot():
                content = Content(body=body, mime_type="application/json")
                async with lines.ask("POST", url, key=key, content=content) as response:
                    status_code, headers = response.status, read_headers(response.headers)
                    async for chunk in response.aiter_stream():
                        received += chunk
                        if len(received) > MAX_ANSWER_BYTES:
                            break
        except _NOT_SENT as exc:
            raise NotSentError(
                said(
                    "The service could not be reached, so nothing was bought ({reason}).",
                    reason=_reason(exc),
                )
            ) from exc
        except NO_ANSWER as exc:
            if status_code is None:
                raise AnswerLostError(
                    said(
                        "The paid request left and no answer came back ({reason}). It may have been "
                        "accepted, so it is looked up, not sent again.",
                        reason=_reason(exc),
                    )
                ) from exc
        return Answer(status_code=status_code, headers=headers, body=unpacked(received, headers))

    @asynccontextmanager
    async def _paid_slot(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self.limits.connect_s):
                await self._paid_slots.acquire()
        except TimeoutError as exc:
            raise NotSentError(
                said(
                    "Too many paid requests are out already, so this one was not sent and nothing "
                    "was bought."
                )
            ) from exc
        try:
            yield
        finally:
            self._paid_slots.release()

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
        lines = self._get().free
        if params:
            url = f"{url}?{urlencode(params)}"
        content = None if file is None else form(*file)
        total_s = self.limits.free_total_s if file is None else self.limits.upload_total_s
        body = bytearray()
        try:
            async with self._free_slots, asyncio.timeout(total_s):
                async with lines.ask(method, url, key=key, content=content) as response:
                    async for chunk in response.aiter_stream():
                        body += chunk
                        if len(body) > MAX_ANSWER_BYTES:
                            raise httpcore.ReadError("the answer is far too long")
        except NO_ANSWER as exc:
            raise NetworkError(
                said("The service gave no answer ({reason}). Try again.", reason=_reason(exc))
            ) from exc
        headers = read_headers(response.headers)
        return Answer(status_code=response.status, headers=headers, body=unpacked(body, headers))

    def _get(self) -> "_Built":
        loop = asyncio.get_running_loop()
        if self._is_closed:
            raise NetworkError(said("The app is closing."))
        if self._built is None:
            self._built, self._loop = self._build(), loop
        if self._loop is not loop:
            raise RuntimeError("These transports belong to another event loop.")
        return self._built

    def _build(self) -> "_Built":
        limits = self.limits
        address = environment_proxy() if self._trust_env else None
        proxy = None if address is None else read_proxy(address)

        @cache  # some 25 ms, and an emulator on this machine needs none
        def context() -> ssl.SSLContext:
            return httpx.create_ssl_context(trust_env=self._trust_env)

        def lines(max_waiting: int, read_s: float) -> Lines:
            def connections(proxy: httpcore.Proxy | None) -> Connections:
                return Connections(
                    ssl_context=context,
                    max_waiting=max_waiting,
                    keepalive_s=KEEPALIVE_S,
                    proxy=proxy,
                )

            return Lines(
                direct=connections(None),
                proxied=None if proxy is None else connections(proxy),
                timeouts={"connect": limits.connect_s, "read": read_s, "write": limits.write_s},
            )

        return _Built(
            paid=lines(0, limits.paid_read_s),
            free=lines(MAX_IN_FLIGHT, limits.free_total_s),
            files=Downloader(
                ssl_context=context,
                connect_s=limits.connect_s,
                read_s=limits.file_read_s,
                total_s=limits.file_total_s,
                trust_env=self._trust_env,
            ),
        )


def _reason(exc: BaseException) -> str:
    words = str(exc).strip()
    return f"{type(exc).__name__}: {words[:200]}" if words else type(exc).__name__
