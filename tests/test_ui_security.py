"""Requests from elsewhere are refused before the page's server sees them."""

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from playground.ui.serving.security import HEADERS, host_name, middleware


async def _reached(_request: Request) -> PlainTextResponse:
    return PlainTextResponse("reached")


def _client(*allowed: str) -> httpx.AsyncClient:
    app = Starlette(routes=[Route("/{path:path}", _reached)], middleware=middleware(allowed))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost:7860")


@pytest.mark.anyio
@pytest.mark.parametrize(
    "host", ["localhost", "localhost:7860", "127.0.0.1:7860", "[::1]:7860", "[::1]", "LOCALHOST:1"]
)
async def test_this_machine_s_names_are_known(host: str) -> None:
    async with _client() as client:
        answer = await client.get("/", headers={"Host": host})

    assert answer.text == "reached"


@pytest.mark.anyio
@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "localhost.evil.example",
        "evil.example:7860",
        "127.0.0.1.nip.io",
        "",
        "[::2]",
    ],
)
async def test_any_other_name_is_refused_with_the_setting_that_would_allow_it(host: str) -> None:
    async with _client() as client:
        answer = await client.get("/", headers={"Host": host})

    assert answer.status_code == 400
    assert "PLAYGROUND_ALLOWED_HOSTS" in answer.text


@pytest.mark.anyio
async def test_more_names_can_be_allowed_and_a_star_stands_for_all_below() -> None:
    async with _client("play.example", "*.hf.space") as client:
        for host, status in (
            ("play.example", 200),
            ("me-play.hf.space", 200),
            ("hf.space", 400),
            ("evil-hf.space.example", 400),
        ):
            answer = await client.get("/", headers={"Host": host})
            assert answer.status_code == status, host


@pytest.mark.anyio
async def test_every_answer_carries_the_headers_refusals_too() -> None:
    async with _client() as client:
        good = await client.get("/")
        bad = await client.get("/", headers={"Host": "evil.example"})

    for answer in (good, bad):
        for name, value in HEADERS.items():
            assert answer.headers[name] == value


@pytest.mark.anyio
@pytest.mark.parametrize(
    "path",
    [
        "/gradio_api/file=http://example.org/x",
        "/gradio_api/file=https:/example.org/x",
        "/gradio_api/file=HTTPS%3A%2F%2Fexample.org",
        "/gradio_api/file=%20http://example.org",
        "/gradio_api/proxy=https://example.org/x",
        "/below/a/path/gradio_api/file=ftp://example.org",
    ],
)
async def test_the_server_is_not_sent_to_fetch_an_address(path: str) -> None:
    async with _client() as client:
        answer = await client.get(path)

    assert answer.status_code == 403


@pytest.mark.anyio
@pytest.mark.parametrize("path", ["/gradio_api/file=/data/a.jpg", "/gradio_api/file=C:/data/a.jpg"])
async def test_files_of_this_machine_pass(path: str) -> None:
    async with _client() as client:
        answer = await client.get(path)

    assert answer.text == "reached"


def test_the_port_is_no_part_of_the_name() -> None:
    assert host_name("Example.ORG:443") == "example.org"
    assert host_name("[::1]:80") == "[::1]"
