"""A raw socket server that breaks off, stalls and lies as told, and counts what really reached it."""

import asyncio
import json
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field


@dataclass(slots=True)
class Seen:
    """One request as far as it arrived; header names in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass(slots=True)
class Exchange:
    """One request under way: what a play may do with it."""

    seen: Seen
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    closing: asyncio.Event
    length: int
    is_over: bool = False

    async def read_body(self) -> bytes:
        self.seen.body += await self.reader.readexactly(self.length - len(self.seen.body))
        return self.seen.body

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        with suppress(ConnectionError):
            await self.writer.drain()

    async def hang(self) -> None:
        """Until the test is over."""
        await self.closing.wait()

    def reset(self) -> None:
        """Ends the connection with RST, as a crashing process or a middlebox does."""
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()
        self.is_over = True

    def close(self) -> None:
        self.writer.close()
        self.is_over = True


Play = Callable[[Exchange], Awaitable[None]]


@dataclass(slots=True)
class LyingServer:
    """Each request gets the next play; the last one is repeated."""

    plays: list[Play]
    url: str = ""
    port: int = 0
    connections: int = 0
    requests: list[Seen] = field(default_factory=list)
    closing: asyncio.Event = field(default_factory=asyncio.Event)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def posts(self) -> int:
        return sum(request.method == "POST" for request in self.requests)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while not self.closing.is_set():
                exchange = await self._next(reader, writer)
                if exchange is None:
                    break
                play = self.plays.pop(0) if len(self.plays) > 1 else self.plays[0]
                await play(exchange)
                if exchange.is_over:
                    break
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    async def _next(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> Exchange | None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        except (asyncio.IncompleteReadError, ConnectionError):
            return None
        first, *lines = head.rstrip("\r\n").split("\r\n")
        method, path, _ = first.split(" ")
        pairs = (line.partition(":") for line in lines)
        headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
        seen = Seen(method=method, path=path, headers=headers)
        self.requests.append(seen)
        self.arrived.set()
        length = int(headers.get("content-length", "0"))
        return Exchange(
            seen=seen, reader=reader, writer=writer, closing=self.closing, length=length
        )


@asynccontextmanager
async def lying_server(*plays: Play) -> AsyncIterator[LyingServer]:
    """A server on a free port of this machine."""
    lying = LyingServer(plays=list(plays))
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await lying.serve(reader, writer)
        except asyncio.CancelledError:
            writer.transport.abort()
        finally:
            tasks.discard(task)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    lying.port = server.sockets[0].getsockname()[1]
    lying.url = f"http://127.0.0.1:{lying.port}"
    try:
        yield lying
    finally:
        lying.closing.set()
        server.close()
        for task in set(tasks):
            task.cancel()
        if tasks:
            await asyncio.wait(set(tasks))
        await server.wait_closed()


# ---- plays ------------------------------------------------------------------------------------


def head_of(status: int, headers: Mapping[str, str]) -> bytes:
    lines = [
        f"HTTP/1.1 {status} Whatever",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def reply(status: int = 200, body: object = b"", **headers: str) -> Play:
    """A whole answer. A body that is not bytes is sent as JSON."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    kind = "application/octet-stream" if isinstance(body, bytes) else "application/json"
    named = {"Content-Type": kind, "Content-Length": str(len(raw))}
    named |= {name.replace("_", "-"): value for name, value in headers.items()}

    async def play(exchange: Exchange) -> None:
        await exchange.read_body()
        await exchange.send(head_of(status, named) + raw)

    return play


def html(status: int) -> Play:
    return reply(status, b"<html><h1>Bad</h1></html>", Content_Type="text/html")


def raw_then_close(data: bytes) -> Play:
    """Reads the request, sends these bytes, ends the connection."""

    async def play(exchange: Exchange) -> None:
        await exchange.read_body()
        await exchange.send(data)
        exchange.close()

    return play


def raw_then_reset(data: bytes) -> Play:
    async def play(exchange: Exchange) -> None:
        await exchange.read_body()
        await exchange.send(data)
        exchange.reset()

    return play


def raw_then_hang(data: bytes) -> Play:
    async def play(exchange: Exchange) -> None:
        await exchange.read_body()
        await exchange.send(data)
        await exchange.hang()

    return play


def drip(data: bytes, *, gap_s: float) -> Play:
    """One byte at a time, so that no single read is ever late."""

    async def play(exchange: Exchange) -> None:
        await exchange.read_body()
        for i in range(len(data)):
            await exchange.send(data[i : i + 1])
            await asyncio.sleep(gap_s)
        exchange.close()

    return play


async def reset_after_head(exchange: Exchange) -> None:
    exchange.reset()


async def reset_mid_body(exchange: Exchange) -> None:
    exchange.seen.body += await exchange.reader.read(1_000)
    exchange.reset()


async def close_after_head(exchange: Exchange) -> None:
    exchange.close()
