"""The page as it is served: which routes answer, what stays secret, what an upload leaves, who may be here."""

import asyncio
import os
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import anyio
import httpx
import pytest

from playground.emulator import EmulatorServer, EmulatorSettings
from playground.ui.compare import screen
from playground.ui.serving.security import HEADERS
from tests.served import Served, served
from tests.visitors import visitors_of

pytestmark = [
    pytest.mark.anyio,
    # Gradio's own bookkeeping of its queue calls pandas the way of version 2.
    pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning"),
]

CANARY = "sk-canary-5d1f0c77ab2e4896"
# Everything of the framework that answers a GET; whoever adds one here says what the page needs it for.
ANSWERING = {
    "/",
    "/config",
    "/config/",
    "/theme.css",
    "/favicon.ico",
    "/robots.txt",
    "/manifest.json",
    "/assets/{path:path}",
    "/static/{path:path}",
    "/svelte/{path:path}",
    "/gradio_api/info",
    "/gradio_api/info/",
    "/gradio_api/app_id",
    "/gradio_api/app_id/",
    "/gradio_api/login_check",
    "/gradio_api/login_check/",
    "/gradio_api/startup-events",
    "/gradio_api/queue/status",
    "/gradio_api/queue/data",
    "/gradio_api/heartbeat/{session_hash}",
    "/gradio_api/file={path_or_url:path}",
    "/gradio_api/upload_progress",
}


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("served")
    settings = EmulatorSettings(data_dir=folder / "service", keys={CANARY: "somebody"}, speed=25.0)
    with pytest.MonkeyPatch.context() as patch, EmulatorServer(settings) as service:
        patch.setenv("GRADIO_TEMP_DIR", str(folder / "uploads"))
        with served(folder / "data", base_url=service.url) as page:
            yield page


@pytest.fixture
async def client(page: Served) -> Any:
    async with httpx.AsyncClient(base_url=page.url, timeout=30) as client:
        yield client


def routes_of(app: Any) -> Iterator[tuple[str, set[str]]]:
    """Every path of the framework's app with its methods, those of its routers too."""
    for route in app.routes:
        inner = getattr(route, "original_router", None)
        if inner is not None:
            yield from routes_of(inner)
        elif getattr(route, "path", None):
            yield route.path, set(getattr(route, "methods", None) or ())


async def test_no_route_answers_that_the_page_does_not_need(
    page: Served, client: httpx.AsyncClient
) -> None:
    paths = {path for path, methods in routes_of(page.blocks.app) if "GET" in methods}
    answered = set()

    for path in paths:
        told = path.replace("{session_hash}", "s").replace(":path}", "}").split("{")[0]
        asked = told if told == path else told + "x"
        async with client.stream("GET", asked, params={"session_hash": "s"}) as answer:
            if answer.status_code != 404 or "There is nothing here." not in await start_of(answer):
                answered.add(path)

    assert len(paths) > 40
    assert answered - {p for p in paths if p.startswith("/gradio_api/call/")} <= ANSWERING


async def start_of(answer: httpx.Response) -> str:
    """Enough to tell a refusal; streams have no end."""
    async for chunk in answer.aiter_text():
        return chunk
    return ""


async def test_every_answer_names_what_browsers_may_load(client: httpx.AsyncClient) -> None:
    page, file = await client.get("/"), await client.get("/gradio_api/file=/nothing")

    for name, value in HEADERS.items():
        assert page.headers[name] == value
    assert "sandbox" in file.headers["Content-Security-Policy"]
    for word in ("http:", "https://", "*"):
        sources = page.headers["Content-Security-Policy"].split("frame-ancestors")[0]
        assert word not in sources


async def test_neither_page_nor_settings_tell_a_path_of_this_machine(
    page: Served, client: httpx.AsyncClient
) -> None:
    told = (await client.get("/")).text + (await client.get("/config")).text

    assert str(page.desk.settings.data_dir) not in told
    assert str(Path.home()) not in told
    assert str(Path(__file__).parent.parent) not in told


@pytest.mark.parametrize("too_many", [-1, 1])
@pytest.mark.parametrize("path", ["/gradio_api/queue/join", "/gradio_api/run/predict"])
async def test_a_key_in_a_call_that_goes_wrong_is_told_nowhere(
    page: Served,
    client: httpx.AsyncClient,
    capfd: pytest.CaptureFixture[str],
    path: str,
    too_many: int,
) -> None:
    # The framework's own complaint of a wrong number of values repeats them all.
    number, fn = next(each for each in page.blocks.fns.items() if each[1].name == "_on_use")
    data = [CANARY] * (len(fn.inputs) + too_many)
    call = {"fn_index": number, "data": data, "session_hash": "canary"}

    answer = await client.post(path, json=call)
    await anyio.sleep(0.2)  # what the queue would print, it prints after its answer
    printed = capfd.readouterr()

    assert CANARY not in answer.text
    assert CANARY not in printed.out + printed.err


async def test_a_foreign_page_cannot_press_the_button(
    page: Served, client: httpx.AsyncClient
) -> None:
    number = next(n for n, fn in page.blocks.fns.items() if fn.name == "_on_run")
    call = {"fn_index": number, "data": [None] * 9, "session_hash": "foreign"}

    answer = await client.post(
        "/gradio_api/queue/join", json=call, headers={"Origin": "https://evil.example"}
    )

    assert answer.status_code == 403


async def test_an_upload_that_breaks_off_leaves_no_file(page: Served) -> None:
    address = urlsplit(page.url)
    folder = Path(os.environ["GRADIO_TEMP_DIR"])
    head = (
        f"POST /gradio_api/upload HTTP/1.1\r\nHost: {address.netloc}\r\n"
        "Content-Type: multipart/form-data; boundary=B\r\nContent-Length: 90000000\r\n\r\n"
        '--B\r\nContent-Disposition: form-data; name="files"; filename="a.png"\r\n\r\n'
    ).encode()

    with socket.create_connection((address.hostname, address.port)) as half:
        half.sendall(head + b"x" * 1_000_000)
        await until(lambda: files_in(folder))
    await until(lambda: not files_in(folder))


async def test_an_upload_is_kept_where_nobody_can_guess_and_read_by_its_name_only(
    client: httpx.AsyncClient,
) -> None:
    answer = await client.post("/gradio_api/upload", files={"files": ("../../a.html", b"<b>x</b>")})

    (path,) = answer.json()
    assert Path(path).is_relative_to(os.environ["GRADIO_TEMP_DIR"])
    served = await client.get(f"/gradio_api/file={path}")
    # Never as a page of ours.
    assert served.headers["Content-Disposition"].startswith("attachment")
    assert served.headers["Content-Type"] == "application/octet-stream"


async def test_forms_that_are_no_uploads_are_refused(client: httpx.AsyncClient) -> None:
    plain = await client.post(
        "/gradio_api/upload",
        content=b'--B\r\nContent-Disposition: form-data; name="files"\r\n\r\nx\r\n--B--\r\n',
        headers={"Content-Type": "multipart/form-data; boundary=B"},
    )

    assert plain.status_code == 422


async def test_a_few_visitors_at_once_all_get_their_pictures(page: Served) -> None:
    async with visitors_of(page.url, 5) as visitors:
        await asyncio.gather(*(each.come() for each in visitors))
        await asyncio.gather(*(each.run("A fox in the snow") for each in visitors))

    assert [each.problems for each in visitors] == [[]] * 5
    assert len({each.comparison_id for each in visitors}) == 5
    for each in visitors:
        rows = page.desk.log.runs_of(each.comparison_id)
        assert [row.status for row in rows] == ["succeeded", "succeeded"]
        assert len({update.lane for update in each.updates if update.is_over}) == 2


async def test_a_look_that_finds_nothing_new_brings_nothing_and_now_and_then_all_of_it(
    page: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with visitors_of(page.url, 1) as (visitor,):
        await visitor.come()
        await visitor.run("A fox in the snow")
        await visitor.look()

        assert await visitor.look() == {}
        monkeypatch.setattr(screen, "WHOLE_EVERY_S", -1.0)
        whole = await visitor.look()

    # A stage or a panel that is told the same again would blink under somebody's hand.
    assert set(whole) == {"subject", "card-1", "card-2", "earlier", "header", "run", "stop"}
    assert all("pg-picture" in whole[f"card-{lane}"] for lane in (1, 2))
    assert whole["run"]["interactive"] is True


def files_in(folder: Path) -> list[Path]:
    found = []
    for path in folder.rglob("*"):
        # A file may go between the listing and the look at it.
        with suppress(FileNotFoundError):
            if path.is_file() and path.stat().st_size > 100_000:
                found.append(path)
    return found


async def until(claim: Any) -> None:
    with anyio.fail_after(30):
        while not claim():
            await anyio.sleep(0.02)
