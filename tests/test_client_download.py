"""Fetching pictures: whole or not at all, from the internet or not at all, and never with a key."""

import asyncio
import gzip
import hashlib
import ipaddress
import os
import ssl
import stat
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpcore
import pytest

from playground.client import Downloader, check_public_url
from playground.client.addresses import is_public
from playground.errors import (
    ExpiredError,
    InvalidRequestError,
    NetworkError,
    PictureError,
    PlaygroundError,
    StorageError,
)
from tests.lying_server import (
    drip,
    head_of,
    html,
    lying_server,
    raw_then_close,
    raw_then_hang,
    raw_then_reset,
    reply,
    reset_after_head,
)

pytestmark = pytest.mark.anyio

PICTURE = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 200
TLS = ssl.create_default_context()  # slow to make, so made once
JPEG = {"Content_Type": "image/jpeg"}
HEAD = {"Content-Type": "image/jpeg", "Content-Length": str(len(PICTURE))}


async def no_sleep(_: float) -> None:
    return None


@asynccontextmanager
async def downloader(**changes) -> AsyncIterator[Downloader]:
    settings = {
        "ssl_context": lambda: TLS,
        "connect_s": 5,
        "read_s": 5,
        "total_s": 10,
        "sleep": no_sleep,
        **changes,
    }
    found = Downloader(**settings)
    try:
        yield found
    finally:
        await found.close()


async def fetch(found: Downloader, url: str, part: Path, **kwargs):
    return await found.fetch(url, part, allow_loopback_http=True, **kwargs)


@pytest.fixture
def part(tmp_path: Path) -> Path:
    return tmp_path / "run_1.part"


async def test_a_picture_arrives_whole_and_hashed(part: Path):
    async with lying_server(reply(200, PICTURE, **JPEG)) as server, downloader() as found:
        download = await fetch(found, f"{server.url}/generated/a.jpg?x=1", part)

    assert part.read_bytes() == PICTURE
    assert download.size_bytes == len(PICTURE)
    assert download.sha256 == hashlib.sha256(PICTURE).hexdigest()
    assert download.content_type == "image/jpeg"
    assert stat.S_IMODE(part.stat().st_mode) == 0o600
    seen = server.requests[0]
    assert seen.path == "/generated/a.jpg?x=1"
    assert seen.headers["host"] == f"127.0.0.1:{server.port}"
    assert seen.headers["accept-encoding"] == "identity"
    assert "authorization" not in seen.headers


async def test_a_picture_without_a_length_arrives(part: Path):
    play = raw_then_close(head_of(200, {"Content-Type": "image/png"}) + PICTURE)

    async with lying_server(play) as server, downloader() as found:
        await fetch(found, server.url, part)

    assert part.read_bytes() == PICTURE


TORN = {
    "closed": raw_then_close(head_of(200, HEAD) + PICTURE[:-100]),
    "reset": raw_then_reset(head_of(200, HEAD) + PICTURE[:100]),
    "stalled": raw_then_hang(head_of(200, HEAD) + PICTURE[:100]),
    "torn_chunks": raw_then_close(
        head_of(200, {"Content-Type": "image/png", "Transfer-Encoding": "chunked"})
        + b"5\r\nabcde\r\n9\r\nab"
    ),
    "no_answer": raw_then_close(b""),
    "reset_at_once": reset_after_head,
    "html": html(200),
    "json": reply(200, {"error": "x"}),
    "xml": reply(200, b"<Error/>", Content_Type="application/xml"),
    "empty": reply(200, b"", **JPEG),
    "not_there_yet": html(404),
    "out_of_order": html(502),
    "too_many": html(429),
}


@pytest.mark.parametrize("trouble", TORN.values(), ids=TORN.keys())
async def test_what_may_be_an_accident_is_fetched_again(trouble, part: Path):
    async with (
        lying_server(trouble, trouble, reply(200, PICTURE, **JPEG)) as server,
        downloader(read_s=1.0 if trouble is TORN["stalled"] else 5) as found,
    ):
        await fetch(found, server.url, part)

    assert part.read_bytes() == PICTURE
    assert len(server.requests) == 3


@pytest.mark.parametrize(
    ("trouble", "kind"),
    [
        (TORN["closed"], PictureError),
        (TORN["torn_chunks"], PictureError),
        (TORN["html"], PictureError),
        (TORN["json"], PictureError),
        (TORN["empty"], PictureError),
        (TORN["not_there_yet"], ExpiredError),
        (TORN["out_of_order"], NetworkError),
        (TORN["no_answer"], NetworkError),
        (TORN["reset"], NetworkError),
        (TORN["stalled"], NetworkError),
    ],
)
async def test_an_accident_that_lasts_is_said(trouble, kind, part: Path):
    read_s = 0.3 if trouble is TORN["stalled"] else 5
    async with lying_server(trouble) as server, downloader(read_s=read_s) as found:
        with pytest.raises(PlaygroundError) as caught:
            await fetch(found, server.url, part)

    assert type(caught.value) is kind
    assert len(server.requests) == 3


@pytest.mark.parametrize("status_code", [403, 410])
async def test_an_address_that_has_died_is_expired_at_once(status_code: int, part: Path):
    async with lying_server(html(status_code)) as server, downloader() as found:
        with pytest.raises(ExpiredError):
            await fetch(found, server.url, part)

    assert len(server.requests) == 1
    assert not part.exists()


@pytest.mark.parametrize(
    "play",
    [
        reply(401, b""),
        reply(206, PICTURE, **JPEG),
        reply(204, b""),
        reply(200, gzip.compress(PICTURE), Content_Encoding="gzip", **JPEG),
        reply(200, b"<svg/>", Content_Type="image/svg+xml"),
        reply(302, b""),
        raw_then_close(head_of(200, {**HEAD, "Content-Length": "5000000000"})),
    ],
)
async def test_what_is_no_picture_is_not_fetched_again(play, part: Path):
    async with lying_server(play) as server, downloader() as found:
        with pytest.raises(PictureError):
            await fetch(found, server.url, part)

    assert len(server.requests) == 1


async def test_a_body_without_an_end_is_cut_off(part: Path):
    sent = 0

    async def endless(exchange) -> None:
        nonlocal sent
        await exchange.send(head_of(200, {"Content-Type": "image/png"}))
        while not exchange.closing.is_set() and not exchange.writer.is_closing():
            await exchange.send(b"x" * 65_536)
            sent += 65_536

    async with lying_server(endless) as server, downloader(total_s=20) as found:
        with pytest.raises(PictureError, match="1,000,000 bytes"):
            await fetch(found, server.url, part, max_bytes=1_000_000)

        assert part.stat().st_size <= 1_000_000
        assert sent < 30_000_000  # what the sockets' buffers swallow


async def test_a_picture_that_drips_is_given_up_in_time(part: Path):
    play = drip(head_of(200, HEAD) + PICTURE, gap_s=0.02)

    async with lying_server(play) as server, downloader(total_s=0.3) as found:
        with pytest.raises(NetworkError, match="did not arrive within"):
            await fetch(found, server.url, part, attempts=1)


async def test_a_full_disk_is_a_storage_error():
    async with lying_server(reply(200, PICTURE, **JPEG)) as server, downloader() as found:
        with pytest.raises(StorageError, match="paid for"):
            await fetch(found, server.url, Path("/dev/full"))


async def test_a_missing_folder_is_a_storage_error(tmp_path: Path):
    async with lying_server(reply(200, PICTURE, **JPEG)) as server, downloader() as found:
        with pytest.raises(StorageError):
            await fetch(found, server.url, tmp_path / "missing" / "a.part")


async def test_a_planted_link_is_not_written_through(tmp_path: Path):
    victim, link = tmp_path / "victim", tmp_path / "a.part"
    victim.write_text("precious")
    link.symlink_to(victim)

    async with lying_server(reply(200, PICTURE, **JPEG)) as server, downloader() as found:
        with pytest.raises(StorageError):
            await fetch(found, server.url, link)

    assert victim.read_text() == "precious"


async def test_an_earlier_longer_try_leaves_nothing_behind(part: Path):
    part.write_bytes(b"y" * 1_000_000)

    async with lying_server(reply(200, PICTURE, **JPEG)) as server, downloader() as found:
        await fetch(found, server.url, part)

    assert part.read_bytes() == PICTURE


async def test_a_cancelled_download_stops(part: Path):
    async with lying_server(TORN["stalled"]) as server, downloader(read_s=30, total_s=30) as found:
        task = asyncio.create_task(fetch(found, server.url, part))
        await server.arrived.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


# ---- redirects --------------------------------------------------------------------------------


async def test_up_to_three_redirects_are_followed(part: Path):
    plays = [reply(status, b"", Location="/next") for status in (301, 302, 307)]

    async with (
        lying_server(*plays, reply(200, PICTURE, **JPEG)) as server,
        downloader() as found,
    ):
        await fetch(found, server.url, part)

    assert part.read_bytes() == PICTURE


async def test_a_fourth_redirect_is_too_many(part: Path):
    async with lying_server(reply(308, b"", Location="/next")) as server, downloader() as found:
        with pytest.raises(PictureError, match="more than 3 times"):
            await fetch(found, server.url, part)

    assert len(server.requests) == 4


@pytest.mark.parametrize(
    "location",
    [
        "https://files.example.com/a.png",
        "http://10.0.0.1/",
        "file:///etc/passwd",
        "http://[::1",
        "https://user@127.0.0.1/",
    ],
)
async def test_no_redirect_leads_from_the_emulator_elsewhere(location: str, part: Path):
    async with lying_server(reply(302, b"", Location=location)) as server, downloader() as found:
        with pytest.raises(PictureError):
            await fetch(found, server.url, part)

    assert not part.exists()


# ---- where from -------------------------------------------------------------------------------


class Recorder(httpcore.AsyncNetworkBackend):
    """Connects to nothing, answers as told, and remembers where it was sent."""

    def __init__(self, *answers: bytes) -> None:
        self.answers = list(answers)
        self.connected: list[tuple[str, int]] = []
        self.vouched_for: list[str] = []  # names that a certificate had to hold

    async def connect_tcp(self, host, port, *_args, **_kwargs):
        self.connected.append((host, port))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if not answer:
            raise httpcore.ConnectError("refused")
        return Stream([answer], self.vouched_for)


class Stream(httpcore.AsyncMockStream):
    def __init__(self, answers: list[bytes], vouched_for: list[str]) -> None:
        super().__init__(answers)
        self.vouched_for = vouched_for

    async def start_tls(self, ssl_context, server_hostname=None, timeout=None):  # noqa: ARG002
        assert ssl_context.check_hostname
        self.vouched_for.append(server_hostname)
        return self


def resolver(*answers: list[str]) -> Callable:
    """Names stand for the first of these, then the next: what rebinding does."""
    left = list(answers)

    async def resolve(_host: str, _port: int) -> list[str]:
        return left.pop(0) if len(left) > 1 else left[0]

    return resolve


WHOLE = head_of(200, {**HEAD, "Connection": "close"}) + PICTURE


async def test_the_address_that_was_checked_is_the_one_connected_to(part: Path):
    backend = Recorder(WHOLE)
    resolve = resolver(["93.184.216.34"], ["127.0.0.1"])

    async with downloader(backend=backend, resolve=resolve) as found:
        await found.fetch("https://files.example.com/a.png", part)

    assert backend.connected == [("93.184.216.34", 443)]
    assert backend.vouched_for == ["files.example.com"]
    assert part.read_bytes() == PICTURE


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["10.1.2.3"],
        ["169.254.169.254"],
        ["100.64.0.1"],
        ["0.0.0.0"],
        ["::1"],
        ["fe80::1"],
        ["fd00::1"],
        ["::ffff:93.184.216.34"],
        ["64:ff9b::5db8:d822"],
        [],
    ],
)
async def test_a_name_that_leads_inside_is_not_connected_to(addresses, part: Path):
    backend = Recorder(WHOLE)

    async with downloader(backend=backend, resolve=resolver(addresses)) as found:
        with pytest.raises(PictureError, match="not on the internet"):
            await found.fetch("https://files.example.com/a.png", part)

    assert backend.connected == []


async def test_of_mixed_addresses_only_the_public_ones_are_tried(part: Path):
    backend = Recorder(b"", WHOLE)
    resolve = resolver(["10.0.0.1", "2606:2800:220:1::1", "127.0.0.1", "93.184.216.34"])

    async with downloader(backend=backend, resolve=resolve) as found:
        await found.fetch("https://files.example.com/a.png", part)

    assert backend.connected == [("2606:2800:220:1::1", 443), ("93.184.216.34", 443)]


async def test_a_redirect_from_the_internet_leads_to_nothing_inside(part: Path):
    async def resolve(host: str, _port: int) -> list[str]:
        return [host] if host[0].isdigit() else ["93.184.216.34"]

    async with lying_server(reply(200, PICTURE)) as inside:
        for location in (f"{inside.url}/", "https://127.0.0.1/", "http://files.example.com/"):
            redirect = head_of(302, {"Location": location, "Content-Length": "0"})
            backend = Recorder(redirect)
            async with downloader(backend=backend, resolve=resolve) as found:
                with pytest.raises(PictureError):
                    await fetch(found, "https://files.example.com/a.png", part)
            assert len(backend.connected) == 1

    assert inside.connections == 0


async def test_a_second_look_up_after_a_redirect_is_checked_too(part: Path):
    redirect = head_of(302, {"Location": "https://other.example.com/", "Content-Length": "0"})
    backend = Recorder(redirect)
    resolve = resolver(["93.184.216.34"], ["192.168.1.1"])

    async with downloader(backend=backend, resolve=resolve) as found:
        with pytest.raises(PictureError, match=r"192\.168\.1\.1"):
            await found.fetch("https://files.example.com/a.png", part)

    assert len(backend.connected) == 1


@pytest.mark.parametrize(
    "url",
    [
        "http://files.toapis.com/a.png",
        "http://127.0.0.1:1/a.png",
        "https://127.0.0.1:1/a.png",
        "https://localhost/a.png",
        "https://[::1]/a.png",
        "https://169.254.169.254/latest/meta-data/",
        "ftp://files.toapis.com/a.png",
        "file:///etc/passwd",
        "data:image/png;base64,AAAA",
        "//files.toapis.com/a.png",
        "a.png",
        "",
    ],
)
async def test_what_is_no_public_address_is_not_fetched(url: str, part: Path):
    backend = Recorder(WHOLE)

    async with downloader(backend=backend, resolve=resolver(["127.0.0.1"])) as found:
        with pytest.raises(PictureError):
            await found.fetch(url, part)

    assert backend.connected == []


async def test_a_name_nobody_knows_is_a_network_error(part: Path):
    async def resolve(_host: str, _port: int) -> list[str]:
        raise OSError("no such name")

    async with downloader(resolve=resolve) as found:
        with pytest.raises(NetworkError):
            await found.fetch("https://files.example.com/a.png", part)


async def test_a_network_may_be_taken_for_public_on_purpose(part: Path):
    backend = Recorder(WHOLE)
    also = [ipaddress.ip_network("198.18.0.0/15")]

    async with downloader(
        backend=backend, resolve=resolver(["198.18.0.9"]), also_public=also
    ) as found:
        await found.fetch("https://files.example.com/a.png", part)

    assert backend.connected == [("198.18.0.9", 443)]


async def test_a_proxy_of_the_environment_is_used_only_where_that_is_wanted(
    part: Path, monkeypatch: pytest.MonkeyPatch
):
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    async with lying_server(reply(502)) as proxy:
        monkeypatch.setenv("https_proxy", proxy.url)
        backend = Recorder(WHOLE)
        resolve = resolver(["93.184.216.34"])
        async with downloader(backend=backend, resolve=resolve) as found:
            await found.fetch("https://files.example.com/a.png", part)
        assert proxy.connections == 0
        async with downloader(backend=backend, resolve=resolve, trust_env=True) as found:
            with pytest.raises(NetworkError):
                await found.fetch("https://files.example.com/a.png", part)
            with pytest.raises(PictureError):
                await found.fetch("https://10.0.0.1/a.png", part)

    assert {(seen.method, seen.path) for seen in proxy.requests} == {
        ("CONNECT", "files.example.com:443")
    }


@pytest.mark.parametrize(
    ("text", "public"),
    [
        ("8.8.8.8", True),
        ("93.184.216.34", True),
        ("2606:2800:220:1::1", True),
        ("2a00:1450::1", True),
        ("0.0.0.0", False),
        ("10.0.0.1", False),
        ("100.127.255.255", False),
        ("100.128.0.1", True),
        ("127.8.8.8", False),
        ("169.254.169.254", False),
        ("172.31.0.1", False),
        ("172.32.0.1", True),
        ("192.0.0.8", False),
        ("192.168.0.1", False),
        ("198.18.0.1", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::", False),
        ("::1", False),
        ("::8.8.8.8", False),
        ("::ffff:8.8.8.8", False),
        ("64:ff9b::808:808", False),
        ("64:ff9b:1::1", False),
        ("100::1", False),
        ("2001::1", False),
        ("2001:db8::1", False),
        ("2002:808:808::1", False),
        ("fc00::1", False),
        ("fe80::1%eth0", False),
        ("2a00:1450::1%eth0", False),
        ("fec0::1", False),
        ("ff02::1", False),
    ],
)
def test_public_is_what_leaves_for_the_internet(text: str, public: bool):
    assert is_public(ipaddress.ip_address(text)) is public


# ---- references given by address --------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "https://files.toapis.com/uploads/1/a.jpg",
        "http://example.com/a.jpg?b=c#d",
        "https://EXAMPLE.com:8443/a",
        "https://münchen.example/ä.png",
        "https://93.184.216.34/a.png",
        "https://[2606:2800:220:1::1]/a.png",
    ],
)
def test_a_public_reference_is_taken(url: str):
    check_public_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "a.png",
        "/etc/passwd",
        "file:///etc/passwd",
        "ftp://example.com/a",
        "data:image/png;base64,AAAA",
        "javascript:alert(1)",
        "https://",
        "https:///a.png",
        "https://localhost/a",
        "https://LOCALHOST./a",
        "https://intranet/a",
        "https://printer.local/a",
        "https://metadata.google.internal/",
        "https://127.0.0.1/a",
        "https://127.1/a",
        "https://2130706433/a",
        "https://0x7f000001/a",
        "https://0x7f.0.0.1/a",
        "https://0177.0.0.1/a",
        "https://1.2.3.999/a",
        "https://[::1]/a",
        "https://[::ffff:127.0.0.1]/a",
        "https://[fe80::1]/a",
        "https://10.0.0.1/a",
        "https://user@example.com/a",
        "https://user:pass@example.com/a",
        "https://example.com\\@127.0.0.1/a",
        "https://exa mple.com/a",
        "https://example.com/a b",
        "https://example.com/\n",
        "https://example.com:0/a",
        "https://example.com:99999/a",
        "https://[::1/a",
        "https://example.com/" + "a" * 3_000,
    ],
)
def test_a_reference_that_is_not_public_is_refused_before_anything_is_paid(url: str):
    with pytest.raises(InvalidRequestError) as caught:
        check_public_url(url)

    assert caught.value.field == "references"
