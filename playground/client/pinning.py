"""Looks a name up once, checks what it stands for, and connects to exactly that."""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TypeAlias

import httpcore

from playground.client.addresses import IPAddress
from playground.errors import PictureError
from playground.sayings import said

MAX_CANDIDATES = 4

Resolve: TypeAlias = Callable[[str, int], Awaitable[Sequence[str]]]


async def resolve(host: str, port: int) -> tuple[str, ...]:
    """The addresses of a name, as this machine's resolver orders them."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(each[4][0]) for each in found))


class CheckedBackend(httpcore.AsyncNetworkBackend):
    """
    Connects to the very addresses it has looked up and checked.

    A name that means something else a moment later therefore changes nothing.
    """

    def __init__(
        self,
        inner: httpcore.AsyncNetworkBackend,
        resolve: Resolve,
        is_allowed: Callable[[IPAddress], bool],
    ) -> None:
        self._inner, self._resolve, self._is_allowed = inner, resolve, is_allowed

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        try:
            async with asyncio.timeout(timeout):
                found = await self._resolve(host, port)
        except TimeoutError as exc:
            raise httpcore.ConnectTimeout(f"{host} was not found in time") from exc
        except (OSError, UnicodeError) as exc:
            raise httpcore.ConnectError(f"{host} was not found") from exc
        allowed = [text for text in found if self._is_allowed(ipaddress.ip_address(text))]
        if not allowed:
            raise PictureError(
                said(
                    "{host} is not on the internet (it stands for {found}), so nothing is fetched "
                    "from it.",
                    host=host,
                    found=", ".join(found) or "nothing",
                )
            )
        candidates = allowed[:MAX_CANDIDATES]
        share_s = None if timeout is None else timeout / len(candidates)
        failure: httpcore.ConnectError | httpcore.ConnectTimeout | None = None
        for address in candidates:
            try:
                return await self._inner.connect_tcp(
                    address, port, share_s, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as exc:
                failure = exc
        raise failure or httpcore.ConnectError(host)
