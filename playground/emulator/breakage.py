"""Answers that break off: resets, early ends, hangs and slow drips, by hand on the raw connection."""

import asyncio
import contextlib
import socket
import struct
from typing import Any

from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from playground.emulator.settings import MARK

TRANSPORT = "emulator.transport"
# Close with RST and throw away what was not sent yet (struct linger: on, 0 seconds).
LINGER_RESET = struct.pack("ii", 1, 0)
# Long enough for bytes written on loopback to be read before a reset overtakes them.
FLUSH_S = 0.05
HANG_S = 3_600.0
SLOW_S = 30.0
DRIBBLE_S = 60.0
DRIP_EVERY_S = 0.05


class RawProtocol(H11Protocol):
    """uvicorn's own HTTP/1.1, which also lets the application reach the connection under it."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.app_state = {**self.app_state, TRANSPORT: transport}


class BrokenAnswer(Response):
    """An answer that never arrives whole. `answer` is what would have been said."""

    def __init__(
        self, kind: str, answer: Response, *, seconds: float | None, closing: asyncio.Event
    ) -> None:
        super().__init__(status_code=answer.status_code)
        self._kind = kind
        self._answer = answer
        self._seconds = seconds
        self._closing = closing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._kind == "slow":
            await self._wait(SLOW_S)
            await self._answer(scope, receive, send)
            return
        transport = _transport(scope)
        gone = asyncio.ensure_future(_disconnected(receive))
        try:
            await self._break(transport, gone)
            await gone  # uvicorn counts a request as answered only once the connection is lost
        finally:
            gone.cancel()

    async def _break(self, transport: asyncio.Transport, gone: asyncio.Future[None]) -> None:
        match self._kind:
            case "reset" | "reset_on_headers":
                _reset(transport)
            case "reset_mid_request":
                await asyncio.sleep(FLUSH_S)  # some of the body arrives, and is dropped
                _reset(transport)
            case "reset_mid_answer":
                await self._write(transport, share=0.5)
                _reset(transport)
            case "reset_after_answer":
                await self._write(transport, share=1.0)
                _reset(transport)
            case "eof":
                transport.close()
            case "eof_mid_answer":
                await self._write(transport, share=0.5)
                transport.close()
            case "hang" | "hang_on_headers":
                await self._wait(HANG_S, gone)
                _reset(transport)
            case "stall_mid_answer":
                await self._write(transport, share=0.5)
                await self._wait(HANG_S, gone)
                _reset(transport)
            case "dribble":
                await self._dribble(transport, gone)
                transport.close()

    async def _write(self, transport: asyncio.Transport, *, share: float) -> None:
        body = bytes(self._answer.body)
        transport.write(_head(self._answer) + body[: int(len(body) * share)])
        await asyncio.sleep(FLUSH_S)

    async def _dribble(self, transport: asyncio.Transport, gone: asyncio.Future[None]) -> None:
        body = bytes(self._answer.body)
        seconds = DRIBBLE_S if self._seconds is None else self._seconds
        n_drips = max(1, int(seconds / DRIP_EVERY_S))
        size = max(1, -(-len(body) // n_drips))
        transport.write(_head(self._answer))
        for start in range(0, len(body), size):
            if gone.done() or self._closing.is_set():
                return
            transport.write(body[start : start + size])
            await asyncio.sleep(DRIP_EVERY_S)

    async def _wait(self, default_s: float, *others: asyncio.Future[None]) -> None:
        seconds = default_s if self._seconds is None else self._seconds
        closing: asyncio.Future[bool] = asyncio.ensure_future(self._closing.wait())
        awaited: list[asyncio.Future[Any]] = [closing, *others]
        try:
            await asyncio.wait(awaited, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            closing.cancel()


def _transport(scope: Scope) -> asyncio.Transport:
    state: dict[str, Any] = scope.get("state", {})
    transport = state.get(TRANSPORT)
    if not isinstance(transport, asyncio.Transport):
        raise RuntimeError("Breaking a connection needs the emulator's own server.")
    return transport


def _reset(transport: asyncio.Transport) -> None:
    with contextlib.suppress(OSError):  # the client may have gone first
        transport.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, LINGER_RESET
        )
    transport.abort()


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _head(answer: Response) -> bytes:
    lines = [f"HTTP/1.1 {answer.status_code} Answer".encode()]
    lines += [name + b": " + value for name, value in answer.raw_headers]
    lines.append(": ".join(MARK).encode())
    return b"\r\n".join(lines) + b"\r\n\r\n"
