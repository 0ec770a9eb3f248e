"""What the page does not need is not let in: routes, sites, sizes and shapes."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from playground.ui.serving.bodies import Limits
from playground.ui.serving.door import Door
from playground.ui.serving.payloads import MAX_BRACKETS, Known, check_event, parsed

pytestmark = pytest.mark.anyio

SMALL = Limits(
    upload_bytes=1_000, json_bytes=1_000, held_bytes=1_500, small_bytes=200, min_free_bytes=0
)
EVENT = {"fn_index": 3, "data": ["a", "b"], "event_data": None, "session_hash": "s1"}
JOIN = "/gradio_api/queue/join"


def keep_file() -> None:
    """Stands for a server function of a widget."""


class Page(Starlette):
    """Answers everything, and is made of one event, one named endpoint and one able widget."""

    def get_blocks(self) -> Any:
        def fn(inputs: int, name: str, visibility: str, body: Any = print) -> Any:
            value = SimpleNamespace(skip_api=False)
            return SimpleNamespace(
                inputs=[value] * inputs, api_name=name, api_visibility=visibility, fn=body
            )

        return SimpleNamespace(
            fns={
                3: fn(2, "_on_run", "private"),
                4: fn(0, "compare", "public"),
                5: fn(0, "only_in_the_browser", "private", None),
            },
            blocks={7: SimpleNamespace(server_fns=[keep_file]), 8: SimpleNamespace()},
        )


async def _reached(request: Request) -> PlainTextResponse:
    body = await request.body()
    return PlainTextResponse(f"reached {len(body)} {request.headers.get('range')}")


async def _told_gone(_request: Request) -> StreamingResponse:
    async def words() -> AsyncIterator[str]:
        yield "gone"
        raise HTTPException(404)

    return StreamingResponse(words())


async def _socket(socket: WebSocket) -> None:
    await socket.accept()


def page(tmp_path: Path, limits: Limits = SMALL, **options: Any) -> Page:
    everything = ["GET", "POST", "PUT", "DELETE", "OPTIONS", "HEAD"]
    return Page(
        routes=[
            Route("/gradio_api/queue/data", _told_gone),
            WebSocketRoute("/gradio_api/queue/join", _socket),
            Route("/{path:path}", _reached, methods=everything),
        ],
        middleware=[Middleware(Door, limits=limits, upload_dir=tmp_path / "up", **options)],
    )


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(page(tmp_path))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:7860") as made:
        yield made


# ---- routes -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/config",
        "/theme.css?v=1",
        "/assets/index.js",
        "/static/img/logo.svg",
        "/gradio_api/info",
        "/gradio_api/heartbeat/abc",
        "/gradio_api/call/compare/abc",
    ],
)
async def test_what_the_page_needs_is_served(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(path)).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/monitoring",
        "/monitoring/summary",
        "/docs",
        "/openapi.json",
        "/login",
        "/logout",
        "/pwa_icon/99999",
        "/gradio_api/openapi.json",
        "/gradio_api/deep_link?session_hash=x",
        "/gradio_api/dev/reload",
        "/gradio_api/vibe-code",
        "/gradio_api/proxy=https://example.org",
        "/gradio_api/runs",
        "/gradio_api/stream/a/b/1/playlist.m3u8",
        "/gradio_api/custom_component/a/server/b/c",
        "/gradio_api/mcp/",
        "/gradio_api/token",
        "/gradio_api/heartbeat/a%20b",
        "/gradio_api/queue/data?session_hash=%00",
        "/gradio_api/queue/data",
        "/gradio_api/call/_on_run/abc",
        "/assets/..%2f..%2fx",
        "/assets/a%00b",
        "/static/" + "a" * 300,
    ],
)
async def test_what_it_does_not_need_is_not_there(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.get(path)).status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/login",
        "/gradio_api/vibe-edit",
        "/gradio_api/process_recording",
        "/gradio_api/run/_on_run",
        "/gradio_api/run-history/connect",
        "/gradio_api/stream/x",
        "/gradio_api/call/_on_run",
    ],
)
async def test_nothing_else_can_be_posted_to(client: httpx.AsyncClient, path: str) -> None:
    assert (await client.post(path, json={"data": []})).status_code == 404


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "TRACE"])
async def test_other_methods_are_refused(client: httpx.AsyncClient, method: str) -> None:
    assert (await client.request(method, "/")).status_code == 405


async def test_a_named_endpoint_is_called_by_its_name(client: httpx.AsyncClient) -> None:
    answer = await client.post("/gradio_api/call/compare", json={"data": []})

    assert answer.status_code == 200


def test_there_are_no_web_sockets(tmp_path: Path) -> None:
    with TestClient(page(tmp_path)) as client:
        with pytest.raises(WebSocketDisconnect):
            with client.websocket_connect("/gradio_api/queue/join"):
                pass


async def test_a_route_of_our_own_is_let_in_with_a_body_of_limited_size(tmp_path: Path) -> None:
    app = page(tmp_path, beside={"/hooks": 500})
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://localhost"
    ) as client:
        taken = await client.post("/hooks", content=b"anything")
        below = await client.get("/hooks/x")
        other = await client.get("/hooksy")
        large = await client.post("/hooks", content=b"x" * 501)

    assert (taken.status_code, below.status_code) == (200, 200)
    assert (other.status_code, large.status_code) == (404, 413)


async def test_files_are_served_from_their_folders_only(tmp_path: Path) -> None:
    pictures, secret = tmp_path / "pictures", tmp_path / "runs.csv"
    pictures.mkdir()
    secret.write_text("not yours")
    (pictures / "link.png").symlink_to(secret)
    (pictures / ".hidden").write_text("not yours")
    (pictures / "a.png").write_text("a picture")
    app = page(tmp_path, served=[pictures])
    told = {}

    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://localhost"
    ) as client:
        for name in ("pictures/a.png", "runs.csv", "pictures/link.png", "pictures/.hidden"):
            told[name] = (await client.get(f"/gradio_api/file={tmp_path}/{name}")).status_code
        upward = await client.get(f"/gradio_api/file={pictures}/..%2fruns.csv")
        passwords = await client.get("/gradio_api/file=/etc/passwd")

    assert list(told.values()) == [200, 403, 403, 403]
    assert (upward.status_code, passwords.status_code) == (404, 403)


async def test_a_range_nobody_can_read_is_as_none(
    client: httpx.AsyncClient, tmp_path: Path
) -> None:
    path = f"/gradio_api/file={tmp_path}/up/a.png"
    for told, passed in (
        ("bytes=0-99", "bytes=0-99"),
        ("bytes=5-", "bytes=5-"),
        ("bytes=1-2-3", None),
        ("bytes=\xb2-\xb3", None),
    ):
        answer = await client.get(path, headers={"Range": told.encode("latin-1")})
        assert answer.text == f"reached 0 {passed}"


async def test_a_stream_that_says_the_session_is_gone_ends_quietly(
    client: httpx.AsyncClient,
) -> None:
    answer = await client.get("/gradio_api/queue/data?session_hash=nobody")

    assert answer.text == "gone"


# ---- other sites --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "http://localhost:3000"},
        {"Origin": "https://me.hf.space"},
        {"Origin": "null"},
        {"Origin": "http://[:"},
        {"Origin": "file://localhost:7860"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
async def test_a_foreign_page_may_not_spend(tmp_path: Path, headers: dict[str, str]) -> None:
    app = page(tmp_path, origins=["play.example"])
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://localhost:7860"
    ) as client:
        for path in (JOIN, "/gradio_api/upload", "/gradio_api/call/compare"):
            answer = await client.post(path, json=EVENT, headers=headers)
            assert answer.status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "http://localhost:7860", "Sec-Fetch-Site": "same-origin"},
        {"Origin": "https://play.example"},
    ],
)
async def test_our_own_pages_and_programs_may(tmp_path: Path, headers: dict[str, str]) -> None:
    app = page(tmp_path, origins=["play.example"])
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://localhost:7860"
    ) as client:
        answer = await client.post(JOIN, json=EVENT, headers=headers)

    assert answer.status_code == 200


# ---- bodies -------------------------------------------------------------------------------------


async def endless(chunk: bytes) -> AsyncIterator[bytes]:
    while True:
        yield chunk


async def stuck(chunk: bytes) -> AsyncIterator[bytes]:
    yield chunk
    await asyncio.Event().wait()


@pytest.mark.parametrize("path", [JOIN, "/gradio_api/component_server/", "/gradio_api/cancel"])
async def test_a_large_body_is_refused_by_its_announcement(
    client: httpx.AsyncClient, path: str
) -> None:
    headers = {"Content-Length": "5000000000", "Content-Type": "application/json"}
    answer = await client.post(path, content=stuck(b"{"), headers=headers)

    assert answer.status_code == 413
    assert answer.headers["Connection"] == "close"


async def test_a_body_without_end_is_refused_when_it_is_too_large(
    client: httpx.AsyncClient,
) -> None:
    headers = {"Content-Type": "application/json"}
    answer = await client.post(JOIN, content=endless(b" " * 300), headers=headers)

    assert answer.status_code == 413


async def test_an_upload_without_end_is_broken_off(client: httpx.AsyncClient) -> None:
    # The framework catches this one, deletes the unfinished file and answers 413.
    with pytest.raises(MultiPartException, match="maximum allowed size of 1000"):
        await client.post("/gradio_api/upload", content=endless(b"x" * 400))


async def test_a_body_that_never_ends_is_given_up(tmp_path: Path) -> None:
    app = page(tmp_path, Limits(upload_bytes=1_000, json_within_s=0.02))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app)) as client:
        answer = await client.post(
            f"http://localhost{JOIN}",
            content=stuck(b"{"),
            headers={"Content-Type": "application/json"},
        )

    assert answer.status_code == 408


async def test_an_upload_that_stands_still_is_given_up(tmp_path: Path) -> None:
    limits = Limits(upload_bytes=1_000, chunk_within_s=0.02, min_free_bytes=0)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(page(tmp_path, limits))) as client:
        with pytest.raises(MultiPartException, match="stood still"):
            await client.post("http://localhost/gradio_api/upload", content=stuck(b"x"))


async def test_many_bodies_at_once_are_not_held(tmp_path: Path) -> None:
    app = page(tmp_path)
    waiting = asyncio.Event()

    async def first() -> AsyncIterator[bytes]:
        yield b" " * 900
        waiting.set()
        await asyncio.Event().wait()

    headers = {"Content-Type": "application/json"}
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://localhost"
    ) as client:
        holding = asyncio.create_task(client.post(JOIN, content=first(), headers=headers))
        await waiting.wait()
        refused = await client.post(JOIN, content=b" " * 900, headers=headers)
        holding.cancel()
        await asyncio.gather(holding, return_exceptions=True)
        taken = await client.post(JOIN, json=EVENT)

    assert refused.status_code == 503
    assert taken.status_code == 200


@pytest.mark.parametrize("is_behind_proxy", [True, False])
async def test_slow_large_bodies_of_one_place_refuse_nobody_elsewhere(
    tmp_path: Path, is_behind_proxy: bool
) -> None:
    limits = Limits(upload_bytes=0, json_bytes=1_000, place_bytes=1_200, small_bytes=100)
    app = page(tmp_path, limits, is_behind_proxy=is_behind_proxy)
    waiting = asyncio.Event()

    async def first() -> AsyncIterator[bytes]:
        yield b" " * 900
        waiting.set()
        await asyncio.Event().wait()

    async def post(last: str, content: Any) -> httpx.Response:
        headers = {"Content-Type": "application/json", "X-Forwarded-For": f"203.0.113.9, {last}"}
        peer = "10.0.0.1" if is_behind_proxy else last  # whom the server itself sees
        transport = httpx.ASGITransport(app, client=(peer, 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return await client.post(JOIN, content=content, headers=headers)

    holding = asyncio.create_task(post("2001:db8::1", first()))
    await waiting.wait()
    large = json.dumps({**EVENT, "data": ["a" * 500, "b"]})
    near = await post("2001:db8::2", large)  # the same network
    far = await post("198.51.100.7", large)
    holding.cancel()
    await asyncio.gather(holding, return_exceptions=True)
    later = await post("2001:db8::1", large)

    assert (near.status_code, far.status_code, later.status_code) == (503, 200, 200)


async def test_a_small_body_passes_beside_the_large_ones(tmp_path: Path) -> None:
    app = page(tmp_path, Limits(upload_bytes=0, json_bytes=1_000, held_bytes=950, small_bytes=200))
    waiting = asyncio.Event()

    async def first() -> AsyncIterator[bytes]:
        yield b" " * 900
        waiting.set()
        await asyncio.Event().wait()

    headers = {"Content-Type": "application/json"}
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://localhost"
    ) as client:
        holding = asyncio.create_task(client.post(JOIN, content=first(), headers=headers))
        await waiting.wait()
        small = await client.post(JOIN, json=EVENT)
        large = await client.post(JOIN, content=b" " * 201, headers=headers)
        holding.cancel()
        await asyncio.gather(holding, return_exceptions=True)

    assert (small.status_code, large.status_code) == (200, 503)


@pytest.mark.parametrize("path", [JOIN, "/gradio_api/upload"])
async def test_compressed_bodies_are_not_taken(client: httpx.AsyncClient, path: str) -> None:
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}

    assert (await client.post(path, content=b"{}", headers=headers)).status_code == 415


async def test_an_upload_that_would_fill_the_disk_is_refused(tmp_path: Path) -> None:
    app = page(tmp_path, Limits(upload_bytes=1_000, min_free_bytes=2**62))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app)) as client:
        answer = await client.post("http://localhost/gradio_api/upload", content=b"x")

    assert answer.status_code == 507


# ---- shapes -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"NaN",
        b"\xff",
        b"[" * 500,
        b"{} {}",
        json.dumps({**EVENT, "data": ["a"]}).encode(),
        json.dumps({**EVENT, "data": {"0": "a"}}).encode(),
        json.dumps({**EVENT, "fn_index": 99}).encode(),
        json.dumps({**EVENT, "fn_index": True}).encode(),
        json.dumps({**EVENT, "fn_index": [3]}).encode(),
        json.dumps({**EVENT, "fn_index": 5, "data": []}).encode(),
        json.dumps({**EVENT, "session_hash": "a/b"}).encode(),
        json.dumps({**EVENT, "session_hash": None}).encode(),
        json.dumps({**EVENT, "batched": True}).encode(),
        json.dumps({**EVENT, "event_id": "x"}).encode(),
        json.dumps({**EVENT, "data": ["a", 10**30]}).encode(),
        json.dumps({**EVENT, "data": ["a", float("inf")]}).encode(),
        b'{"fn_index": 3, "data": ["a", 1e999], "session_hash": "s1"}',
    ],
)
@pytest.mark.parametrize("path", [JOIN, "/gradio_api/run/predict"])
async def test_what_no_page_would_send_is_refused_in_words(
    client: httpx.AsyncClient, path: str, body: bytes
) -> None:
    answer = await client.post(path, content=body, headers={"Content-Type": "application/json"})

    assert answer.status_code == 422
    assert "not understood" in answer.text


@pytest.mark.parametrize(
    "file",
    [
        {"path": "http://169.254.169.254/x.png", "meta": {"_type": "gradio.FileData"}},
        {"url": "http://127.0.0.1/x.png", "meta": {"_type": "gradio.FileData"}},
        {"path": "http://127.0.0.1/x.png"},
        {"path": "https:/example.org/x.png"},
        {"path": "/etc/passwd"},
        {"path": "{up}/../secret"},
        {"path": "{up}\0"},
        {"path": ""},
    ],
)
@pytest.mark.parametrize("place", ["data", "event_data"])
async def test_a_file_that_was_not_uploaded_is_refused_wherever_it_is_named(
    client: httpx.AsyncClient, tmp_path: Path, file: dict[str, Any], place: str
) -> None:
    if "path" in file:
        file = {**file, "path": file["path"].replace("{up}", str(tmp_path / "up"))}
    event = {**EVENT, place: ["a", {"deep": [file]}]}

    answer = await client.post(JOIN, json=event)
    named = await client.post("/gradio_api/call/compare", json={"data": [{"deep": [file]}]})

    assert answer.status_code == 422
    if "meta" in file:
        assert named.status_code == 422


async def test_a_file_that_was_uploaded_is_not(client: httpx.AsyncClient, tmp_path: Path) -> None:
    file = {"path": str(tmp_path / "up" / "abc" / "plan.json"), "name": "plan.json"}

    assert (await client.post(JOIN, json={**EVENT, "data": ["a", file]})).status_code == 200


@pytest.mark.parametrize(
    "change",
    [
        {"fn_name": "preprocess"},
        {"fn_name": "__init__"},
        {"fn_name": ["keep_file"]},
        {"component_id": 8},
        {"component_id": "7"},
        {"component_id": 10**9},
        {"data": ["path"]},
        {"data": None},
        {"session_hash": {"a": 1}},
    ],
)
async def test_only_functions_of_widgets_are_called_and_with_an_object(
    client: httpx.AsyncClient, change: dict[str, Any]
) -> None:
    call = {"component_id": 7, "fn_name": "keep_file", "data": {}, "session_hash": "s"}
    path = "/gradio_api/component_server/"

    assert (await client.post(path, json=call)).status_code == 200
    assert (await client.post(path, json={**call, **change})).status_code == 422


async def test_a_form_is_not_taken_for_json(client: httpx.AsyncClient) -> None:
    answer = await client.post(JOIN, data={"fn_index": "3"})

    assert answer.status_code == 415


def test_more_brackets_than_any_page_sends_are_not_even_parsed() -> None:
    with pytest.raises(ValueError, match="lists and objects"):
        parsed(b"[" + b"{}," * MAX_BRACKETS + b"{}]")


def test_half_a_character_passes_for_a_prompt_may_be_told_about_it() -> None:
    event = parsed(json.dumps({**EVENT, "data": ["half \ud83d", "b"]}).encode())

    check_event(event, Known(input_counts={3: 2}))
