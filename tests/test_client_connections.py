"""Connections over real sockets: kept while they are good, never two requests at once, never one that is dead."""

import asyncio
import gzip
import json
import os
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpcore
import httpx
import pytest

from playground.client import Service, Transports
from playground.client.connections import Connections, environment_proxy, read_proxy
from playground.client.exchange import read_headers
from playground.errors import NetworkError, NotSentError
from playground.schema import Request, Task
from tests.lying_server import (
    Exchange,
    head_of,
    lying_server,
    raw_then_close,
    reply,
)

pytestmark = pytest.mark.anyio

KEY = "sk-canary-0123456789abcdef"
TASK = {"id": "tsk_1", "status": "queued"}
CONTEXT = httpx.create_ssl_context(trust_env=False)


@asynccontextmanager
async def opened(max_waiting: int = 16, keepalive_s: float = 60.0) -> AsyncIterator[Connections]:
    connections = Connections(
        ssl_context=lambda: CONTEXT, max_waiting=max_waiting, keepalive_s=keepalive_s
    )
    try:
        yield connections
    finally:
        await connections.close()


async def get(connections: Connections, url: str, *, whole: bool = True) -> bytes:
    headers = [(b"Host", urlsplit(url).netloc.encode())]
    body = b""
    async with connections.stream(httpcore.Request("GET", url, headers=headers)) as response:
        async for chunk in response.aiter_stream():
            body += chunk
            if not whole:
                break
    return body


async def test_a_connection_is_used_again_when_its_answer_was_read_to_the_end():
    async with lying_server(reply(200, b"x")) as server, opened() as connections:
        for _ in range(3):
            assert await get(connections, server.url) == b"x"

        assert server.connections == 1


async def test_a_connection_whose_answer_was_left_half_read_is_not_used_again():
    async with lying_server(reply(200, b"x" * 1_000_000)) as server, opened() as connections:
        await get(connections, server.url, whole=False)
        await get(connections, server.url)

        assert server.connections == 2


async def test_none_is_kept_where_each_request_is_to_have_a_fresh_one():
    async with lying_server(reply(200, b"x")) as server, opened(max_waiting=0) as connections:
        for _ in range(3):
            await get(connections, server.url)

        assert server.connections == 3


async def test_requests_at_the_same_time_have_a_connection_each_and_only_so_many_are_kept():
    release, arrived = asyncio.Event(), asyncio.Semaphore(0)

    async def play(exchange: Exchange) -> None:
        arrived.release()
        await release.wait()
        await exchange.send(head_of(200, {"Content-Length": "1"}) + b"x")

    async with lying_server(play) as server, opened(max_waiting=2) as connections:
        asked = [asyncio.create_task(get(connections, server.url)) for _ in range(5)]
        for _ in range(5):
            await arrived.acquire()
        assert server.connections == 5
        release.set()
        await asyncio.gather(*asked)
        release.clear()

        again = [asyncio.create_task(get(connections, server.url)) for _ in range(3)]
        for _ in range(3):
            await arrived.acquire()
        assert server.connections == 6  # two were waiting
        release.set()
        await asyncio.gather(*again)


async def test_a_connection_the_other_end_has_closed_is_not_used():
    gone = raw_then_close(head_of(200, {"Content-Length": "1"}) + b"x")
    async with lying_server(gone, reply(200, b"y")) as server, opened() as connections:
        await get(connections, server.url)
        while not connections._waiting[0].connection.has_expired():
            await asyncio.sleep(0.001)  # the end of the connection is on its way

        assert await get(connections, server.url) == b"y"
        assert server.connections == 2


async def test_a_connection_that_waited_too_long_is_closed():
    async with (
        lying_server(reply(200, b"x")) as one,
        lying_server(reply(200, b"y")) as other,
        opened(keepalive_s=0.0) as connections,
    ):
        for server in (one, other, one):
            await get(connections, server.url)
            await asyncio.sleep(0.01)

        assert one.connections == 2
        assert len(connections._waiting) == 1


async def test_a_connection_belongs_to_one_host():
    async with (
        lying_server(reply(200, b"x")) as one,
        lying_server(reply(200, b"y")) as other,
        opened() as connections,
    ):
        for _ in range(2):
            assert await get(connections, one.url) == b"x"
            assert await get(connections, other.url) == b"y"

        assert (one.connections, other.connections) == (1, 1)


async def test_a_request_given_up_takes_its_connection_with_it():
    async def hang(exchange: Exchange) -> None:
        await exchange.hang()

    async with lying_server(hang, reply(200, b"y")) as server, opened() as connections:
        asking = asyncio.create_task(get(connections, server.url))
        await server.arrived.wait()
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking

        assert await get(connections, server.url) == b"y"
        assert server.connections == 2


async def test_closed_connections_open_no_more():
    async with lying_server(reply(200, b"x")) as server:
        async with opened() as connections:
            await get(connections, server.url)
        with pytest.raises(httpcore.ConnectError):  # provably nothing left
            await get(connections, server.url)

        assert server.connections == 1


async def submit(service: Service) -> Task:
    return await service.submit(Request(model="m", prompt="p"), image_urls=[], client_id="run_1")


# ---- proxies ------------------------------------------------------------------------------------


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The way to change it; it names no proxy yet."""
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    return monkeypatch


def test_the_environment_says_which_hosts_go_through_its_proxy(environment: pytest.MonkeyPatch):
    assert environment_proxy() is None
    environment.setenv("all_proxy", "http://general:3128")
    assert environment_proxy("toapis.com") == "http://general:3128"
    environment.setenv("https_proxy", "http://special:3128")
    environment.setenv("no_proxy", "inside.example")
    assert environment_proxy("toapis.com") == "http://special:3128"
    assert environment_proxy("inside.example") is None


@pytest.mark.parametrize("address", ["gopher://x", "http://x:port"])
def test_what_is_no_proxy_is_named(address: str):
    with pytest.raises(NetworkError, match="HTTPS_PROXY"):
        read_proxy(address)


async def test_a_proxy_whose_package_is_missing_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "socksio", None)
    monkeypatch.delitem(sys.modules, "httpcore._async.socks_proxy", raising=False)

    with pytest.raises(NetworkError, match="HTTPS_PROXY"):
        Connections(
            ssl_context=lambda: CONTEXT,
            max_waiting=1,
            keepalive_s=1,
            proxy=read_proxy("socks5://127.0.0.1:9"),
        )


@asynccontextmanager
async def service_at(url: str) -> AsyncIterator[Service]:
    transports = Transports()

    async def sleep(_: float) -> None:
        pass

    try:
        yield Service(url, KEY, transports, sleep=sleep)
    finally:
        await transports.close()


async def test_every_call_goes_through_the_proxy_and_the_proxy_never_sees_the_key(
    environment: pytest.MonkeyPatch,
):
    async with lying_server(reply(502)) as proxy:
        environment.setenv("https_proxy", proxy.url)
        async with service_at("https://service.invalid") as service:
            with pytest.raises(NotSentError):  # it connects to nobody, so nothing was bought
                await submit(service)
            with pytest.raises(NetworkError):
                await service.balance()

    assert {(seen.method, seen.path) for seen in proxy.requests} == {
        ("CONNECT", "service.invalid:443")
    }
    assert KEY not in f"{proxy.requests}"


async def test_a_host_the_environment_leaves_out_is_asked_directly(
    environment: pytest.MonkeyPatch,
):
    looked_up: list[object] = []

    def look_up(host: object, *_: object, **__: object) -> None:
        looked_up.append(host)
        raise OSError

    environment.setattr(socket, "getaddrinfo", look_up)
    environment.setenv("no_proxy", "service.invalid")
    async with lying_server(reply(502)) as proxy:
        environment.setenv("https_proxy", proxy.url)
        async with service_at("https://service.invalid") as service:
            with pytest.raises(NotSentError):
                await submit(service)

    assert looked_up == [b"service.invalid"]
    assert proxy.connections == 0


async def test_certificates_that_cannot_be_read_mean_not_sent(
    environment: pytest.MonkeyPatch, tmp_path: Path
):
    environment.setenv("SSL_CERT_FILE", str(tmp_path / "missing.pem"))
    async with lying_server(reply(200)) as server:
        async with service_at(f"https://127.0.0.1:{server.port}") as service:
            with pytest.raises(NotSentError, match="SSL_CERT_FILE"):
                await submit(service)

        assert server.connections == 0


# ---- compressed though nobody asked for it -----------------------------------------------------


async def test_an_answer_compressed_unasked_is_read_all_the_same():
    play = reply(200, gzip.compress(json.dumps(TASK).encode()), Content_Encoding="gzip")

    async with lying_server(play) as server, service_at(server.url) as service:
        bought = await submit(service)
        asked = await service.status("tsk_1")

    assert bought.task_id == asked.task_id == "tsk_1"
    assert {seen.headers["accept-encoding"] for seen in server.requests} == {"identity"}


async def test_a_compressed_answer_cannot_unpack_to_any_size():
    balance = {"success": True, "remain_credits": 1}
    bomb = gzip.compress(b" " * 50_000_000 + json.dumps(balance).encode())
    play = reply(200, bomb, Content_Encoding="gzip")

    async with lying_server(play) as server, service_at(server.url) as service:
        with pytest.raises(NetworkError):
            await service.balance()


def test_a_header_that_came_twice_has_both_values_whatever_its_spelling():
    pairs = [(b"Retry-After", b"5"), (b"X-Note", b"\xe9"), (b"retry-after", b"7")]

    assert read_headers(pairs) == {"retry-after": "5, 7", "x-note": "é"}
