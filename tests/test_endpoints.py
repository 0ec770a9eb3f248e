"""A guarded deployment over real HTTP: programs and agents call it, the service tells it, strangers do not get in."""

import base64
import hashlib
import hmac
import json
import re
import secrets
import shlex
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client

from playground import ui
from playground.emulator import EmulatorServer, EmulatorSettings, WebhookSettings
from playground.identity import owner_id_of
from playground.polling import FAST, POLITE, SAFETY_NET
from playground.runner.desk import Desk
from playground.settings import Settings
from playground.ui.api.endpoints import KEY_HEADER, MCP_PATH, NAMES
from playground.ui.serving.receiver import WEBHOOK_PATH
from tests.engine_rig import HURRY, SPEED
from tests.readme_tables import README

# The framework's own bookkeeping of its queue calls pandas the way of version 2.
pytestmark = pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")

SECRET = "0123456789abcdef0123456789abcdef"
HOST_KEY, OWN_KEY = "sk-the-host-s-own-key", "sk-canary-of-a-caller"
PASSWORD = "correct horse: battery"
WAIT_S = 30.0
ADDRESS = "203.0.113.7"


def basic(told: str) -> dict[str, str]:
    return {"Authorization": f"Basic {base64.b64encode(told.encode()).decode()}"}


ENTRY = basic(f"ada:{PASSWORD}")


@dataclass(frozen=True, slots=True)
class Site:
    """A running page and the service behind it."""

    url: str
    desk: Desk
    service: EmulatorServer

    def http(self, **headers: str) -> httpx.Client:
        return httpx.Client(base_url=self.url, headers=headers, timeout=WAIT_S)

    def program(self, **headers: str) -> Client:
        return Client(self.url, headers={**ENTRY, **headers}, verbose=False)

    @asynccontextmanager
    async def agent(self, **headers: str) -> Any:
        told = {**ENTRY, "X-Forwarded-For": f"198.51.100.9, {ADDRESS}", **headers}
        async with (
            httpx.AsyncClient(headers=told, timeout=WAIT_S) as http,
            streamable_http_client(f"{self.url}{MCP_PATH}/", http_client=http) as (read, write, _),
            ClientSession(read, write) as session,
        ):
            await session.initialize()
            yield session


@contextmanager
def serving(tmp_path: Path, **changes: Any) -> Iterator[Site]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    hook = WebhookSettings(
        url=f"http://127.0.0.1:{port}{WEBHOOK_PATH}?from=console",
        secret=SECRET,
        are_private_addresses_allowed=True,
    )
    service = EmulatorSettings(
        data_dir=tmp_path / "service", speed=SPEED, picture="plain", webhook=hook
    )
    with EmulatorServer(service) as server:
        settings: dict[str, Any] = {
            "api_key": HOST_KEY,
            "base_url": server.url,
            "emulator_speed": SPEED,
            "session_cap_usd": None,
            "day_cap_usd": None,
            **changes,
        }
        desk = Desk(Settings(data_dir=tmp_path / "data", **settings), patience=HURRY)
        desk.start()
        demo = ui.build(desk)
        _, url, _ = demo.launch(
            server_name="127.0.0.1",
            server_port=port,
            prevent_thread_lock=True,
            quiet=True,
            **ui.launch_options(desk),
        )
        try:
            yield Site(url=url.rstrip("/"), desk=desk, service=server)
        finally:
            demo.close()
            desk.close()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Everything switched on, and strangers come."""
    with serving(
        tmp_path_factory.mktemp("site"),
        is_public=True,
        is_behind_proxy=True,
        is_mcp_on=True,
        webhook_secret=SECRET,
        auth=f"ada:{PASSWORD}",
    ) as running:
        yield running


@pytest.fixture
def visitor() -> str:
    return secrets.token_hex(32)


def fetched(http: httpx.Client, told: dict[str, Any]) -> None:
    """Every picture of an answer can be had at the address it gives."""
    assert told["complete"], told
    for run in told["runs"]:
        picture = http.get(run["picture_url"])
        assert picture.status_code == 200
        assert picture.headers["content-type"].startswith("image/")


def user(site: Site, key: str) -> str:
    """Whom the service takes the holder of a key for."""
    return site.service.emulator.user_of(f"Bearer {key}")


def payers(site: Site, n_before: int) -> set[str]:
    return {charge.user for charge in site.service.emulator.charges()[n_before:]}


# ---- a program ----------------------------------------------------------------------------------


def test_a_program_compares_from_the_start_to_the_pictures(site: Site, visitor: str) -> None:
    client = site.program()
    begun = client.predict(prompt="A lighthouse", visitor=visitor, api_name="/compare")
    told = client.predict(begun["comparison_id"], visitor, WAIT_S, api_name="/status")
    verdict = client.predict(visitor=visitor, api_name="/verdict")

    assert told["state"] == "finished"
    assert told["emulated"] is True
    assert told["visitor"] == visitor
    assert [run["model"] for run in told["runs"]] == ["flux-2-flex", "flux-2-pro"]
    assert verdict["verdict"] == {
        "kind": "no_votes",
        "sentence": "No votes yet.",
        "called_before": None,
    }
    assert verdict["pairs"] == {"n_pairs": 1, "n_judged": 0}
    with site.http(**ENTRY) as http:
        fetched(http, told)


def test_a_refusal_reaches_a_program_in_its_own_words(site: Site) -> None:
    client = site.program()

    with pytest.raises(AppError, match=r"^The prompt is empty\. Write what to draw\.$"):
        client.predict(prompt=" ", api_name="/compare")
    with pytest.raises(AppError, match="ratio"):
        client.predict(prompt="A fox", ratio={"a": 1}, api_name="/compare")


def test_a_shell_compares_in_two_calls(site: Site, visitor: str) -> None:
    with site.http(**ENTRY) as http:
        data = ["A fox", "4:3", "1K", 1, None, None, visitor, "from a shell", "", WAIT_S]
        begun = http.post("/gradio_api/call/compare", json={"data": data}).json()
        stream = http.get(f"/gradio_api/call/compare/{begun['event_id']}").text
        (told,) = json.loads(stream.rpartition("event: complete\ndata: ")[2])

        fetched(http, told)
        assert told["ratio"] == "4:3"


def test_three_endpoints_are_listed_and_explained(site: Site) -> None:
    with site.http(**ENTRY) as http:
        listed = http.get("/gradio_api/info").json()

    assert listed["unnamed_endpoints"] == {}
    assert list(listed["named_endpoints"]) == [f"/{name}" for name in NAMES]
    for endpoint in listed["named_endpoints"].values():
        assert endpoint["description"]
        for parameter in endpoint["parameters"]:
            assert parameter["python_type"]["type"] != "Any"


def test_a_program_s_own_key_pays_by_header(site: Site, visitor: str) -> None:
    client = site.program(**{KEY_HEADER: OWN_KEY})
    before = len(site.service.emulator.charges())

    told = client.predict(prompt="Mine", visitor=visitor, wait_s=WAIT_S, api_name="/compare")

    assert told["complete"]
    assert OWN_KEY not in json.dumps(told)
    assert payers(site, before) == {user(site, OWN_KEY)}
    for path in (site.desk.settings.data_dir).rglob("*"):
        assert path.is_dir() or OWN_KEY.encode() not in path.read_bytes(), path


# ---- an agent -----------------------------------------------------------------------------------


@pytest.mark.anyio
async def test_an_agent_compares_from_the_start_to_the_pictures(site: Site, visitor: str) -> None:
    async with site.agent() as session:
        tools = (await session.list_tools()).tools
        begun = await session.call_tool("compare", {"prompt": "A fox", "visitor": visitor})
        comparison = json.loads(begun.content[0].text)
        asked = {
            "comparison_id": comparison["comparison_id"],
            "visitor": visitor,
            "wait_s": WAIT_S,
        }
        told = json.loads((await session.call_tool("status", asked)).content[0].text)
        verdict = await session.call_tool("verdict", {"visitor": visitor})

    assert [tool.name for tool in tools] == list(NAMES)
    assert all(tool.description for tool in tools)
    documented = tools[0].inputSchema["properties"]
    assert all(each.get("description") for each in documented.values())
    assert tools[0].inputSchema["required"] == ["prompt"]
    assert not begun.isError
    assert json.loads(verdict.content[0].text)["verdict"]["kind"] == "no_votes"
    with site.http(**ENTRY) as http:
        fetched(http, told)
    owner = owner_id_of(visitor)
    crowd = site.desk.playground.engine.crowd
    assert {view.owner_id for view in site.desk.views(comparison["comparison_id"])} == {owner}
    assert crowd.place(owner) == crowd.place_of_address(ADDRESS)


@pytest.mark.anyio
async def test_a_refusal_reaches_an_agent_in_its_own_words(site: Site) -> None:
    async with site.agent() as session:
        refused = await session.call_tool("compare", {"prompt": " "})
        unknown = await session.call_tool("_on_load", {})

    assert refused.isError
    assert refused.content[0].text == "The prompt is empty. Write what to draw."
    assert unknown.isError


@pytest.mark.anyio
async def test_an_agent_s_own_key_pays_by_header(site: Site, visitor: str) -> None:
    before = len(site.service.emulator.charges())
    async with site.agent(**{KEY_HEADER: OWN_KEY}) as session:
        arguments = {"prompt": "Mine", "visitor": visitor, "wait_s": WAIT_S}
        told = await session.call_tool("compare", arguments)

    assert json.loads(told.content[0].text)["complete"]
    assert payers(site, before) == {user(site, OWN_KEY)}


@pytest.mark.parametrize(
    "headers", [{"Host": "evil.example"}, {"Origin": "https://evil.example"}, {"Origin": "null"}]
)
@pytest.mark.parametrize("path", [f"{MCP_PATH}/", "/gradio_api/call/compare"])
def test_a_page_elsewhere_cannot_use_the_agent_s_door(
    site: Site, path: str, headers: dict[str, str]
) -> None:
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    accept = {"Accept": "application/json, text/event-stream"}
    with site.http(**ENTRY) as http:
        answer = http.post(path, json=call, headers={**accept, **headers})

    assert answer.status_code in (400, 403)


# ---- the password -------------------------------------------------------------------------------

GUARDED = [
    ("GET", "/"),
    ("GET", "/config"),
    ("GET", "/theme.css"),
    ("GET", "/gradio_api/info"),
    ("GET", "/gradio_api/file=/etc/hostname"),
    ("GET", "/gradio_api/heartbeat/abc"),
    ("GET", "/gradio_api/queue/data?session_hash=abc"),
    ("GET", "/gradio_api/call/compare/abc"),
    ("POST", "/gradio_api/call/compare"),
    ("POST", "/gradio_api/queue/join"),
    ("POST", "/gradio_api/run/predict"),
    ("POST", "/gradio_api/upload"),
    ("POST", "/gradio_api/component_server"),
    ("POST", "/login"),
    ("GET", f"{MCP_PATH}/"),
    ("GET", f"{MCP_PATH}/schema"),
    ("GET", f"{MCP_PATH}/sse"),
    ("POST", f"{MCP_PATH}/"),
    ("POST", f"{MCP_PATH}/messages/"),
    ("GET", WEBHOOK_PATH),
    ("POST", f"{WEBHOOK_PATH}/"),
    ("POST", "/gradio_api/startup-events"),
]


@pytest.mark.parametrize(("method", "path"), GUARDED)
def test_without_the_password_nothing_answers(site: Site, method: str, path: str) -> None:
    with site.http() as http:
        answer = http.request(method, path)

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Basic ")


def test_a_picture_is_behind_the_password_too(site: Site, visitor: str) -> None:
    told = site.program().predict(
        prompt="A fox", visitor=visitor, wait_s=WAIT_S, api_name="/compare"
    )

    assert httpx.get(told["runs"][0]["picture_url"]).status_code == 401


@pytest.mark.parametrize(
    "headers",
    [
        basic("ada:wrong horse"),
        basic(f"eve:{PASSWORD}"),
        basic(f"ada:{PASSWORD} "),
        basic("ada"),
        basic(":"),
        {"Authorization": f"Bearer {base64.b64encode(b'ada:' + PASSWORD.encode()).decode()}"},
        {"Authorization": "Basic"},
        {"Authorization": "Basic ====="},
        {"Authorization": "Basic " + "A" * 8000},
        {"Cookie": f"access-token=ada:{PASSWORD}"},
    ],
)
def test_only_the_right_name_and_password_open(site: Site, headers: dict[str, str]) -> None:
    with site.http(**headers) as http:
        assert http.get("/config").status_code == 401


def test_the_right_ones_open_everything(site: Site) -> None:
    with site.http(**ENTRY) as http:
        assert http.get("/").status_code == 200
        assert http.get("/config").status_code == 200
        assert http.get(f"{MCP_PATH}/schema").status_code == 200


def test_a_host_that_is_not_known_is_refused_before_the_password_is_looked_at(site: Site) -> None:
    with site.http(**ENTRY) as http:
        assert http.get("/", headers={"Host": "evil.example"}).status_code == 400


# ---- the service's own word ---------------------------------------------------------------------


def test_the_webhook_needs_a_signature_and_no_password(site: Site) -> None:
    at = int(time.time())
    event = {"id": "evt_t", "type": "endpoint.test", "created_at": at, "data": {}}
    body = json.dumps(event).encode()
    message = f"evt_t.{at}.".encode() + body
    signed = {
        "X-ToAPIs-Webhook-Id": "evt_t",
        "X-ToAPIs-Webhook-Timestamp": str(at),
        "X-ToAPIs-Webhook-Signature": "v1="
        + hmac.new(SECRET.encode(), message, hashlib.sha256).hexdigest(),
    }
    with site.http() as http:
        taken = http.post(f"{WEBHOOK_PATH}?from=console", content=body, headers=signed)
        again = http.post(WEBHOOK_PATH, content=body, headers=signed)
        forged = http.post(WEBHOOK_PATH, content=body + b" ", headers=signed)
        oversized = http.post(WEBHOOK_PATH, content=b" " * 100_000, headers=signed)

    assert [each.status_code for each in (taken, again, forged, oversized)] == [202, 200, 401, 413]
    assert "www-authenticate" not in forged.headers


def test_the_service_s_word_alone_completes_a_comparison(
    site: Site, visitor: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seldom = {"first_s": 3600.0, "cold_first_s": 3600.0, "cold_gap_s": 3600.0, "time_scale": 1.0}
    for name, pace in (("FAST", FAST), ("POLITE", POLITE), ("SAFETY_NET", SAFETY_NET)):
        slow = replace(pace, min_gap_s=3600.0, max_gap_s=3600.0 * SPEED, **seldom)
        monkeypatch.setattr(f"playground.runner.engine.{name}", slow)

    told = site.program().predict(
        prompt="Told of", visitor=visitor, wait_s=WAIT_S, api_name="/compare"
    )

    assert told["complete"]
    assert [run["polls"] for run in told["runs"]] == [1, 1]


# ---- nothing of it unless asked for -------------------------------------------------------------


def test_what_was_not_switched_on_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRADIO_MCP_SERVER", "True")
    with serving(tmp_path) as plain, plain.http() as http:
        assert http.get("/").status_code == 200
        assert http.get(f"{MCP_PATH}/schema").status_code == 404
        assert http.post(f"{MCP_PATH}/", json={}).status_code in (404, 405)
        assert http.post(WEBHOOK_PATH, content=b"{}").status_code in (404, 405)
        told = Client(plain.url, verbose=False).predict(
            prompt="A fox", wait_s=WAIT_S, api_name="/compare"
        )
        fetched(http, told)

    assert told["visitor"] is None


def test_readme_s_calls_do_what_it_says(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    section = re.search(r"## For programs and agents\n.*?\n## ", README.read_text("utf-8"), re.S)
    assert section
    python, shell = (
        re.search(rf"```{start}.+?```", section[0], re.S)[0].strip("`").removeprefix("python")
        for start in ("python\n", "\ncurl")
    )
    with serving(tmp_path) as plain:
        exec(python.replace("http://127.0.0.1:7860", plain.url), {})
        first, second = (
            shlex.split(line.replace("http://127.0.0.1:7860", plain.url))
            for line in shell.strip().splitlines()
        )
        event_id = json.loads(run(first))["event_id"]
        answer = run([part.replace("EVENT_ID", event_id) for part in second])

    printed = capsys.readouterr().out
    assert all(f"`{name}`" in section[0] for name in (KEY_HEADER, *NAMES))
    assert printed.count(" succeeded ") == 2
    assert "No votes yet." in printed
    assert '"complete": true' in answer.rpartition("event: complete")[2]


def run(command: list[str]) -> str:
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    done = subprocess.run(command, capture_output=True, text=True, timeout=WAIT_S, check=True)
    return done.stdout


def test_secrets_of_the_settings_are_not_shown(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, auth=f"ada:{PASSWORD}", webhook_secret=SECRET)

    assert PASSWORD not in repr(settings)
    assert SECRET not in repr(settings)
