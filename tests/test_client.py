"""Free calls over real sockets: patient, bounded, honest about who answered, and silent about the key."""

import asyncio
import logging
import re
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from decimal import Decimal

import pytest

from playground.client import Service, TimeLimits, Transports
from playground.client.service import Retries
from playground.errors import (
    AuthenticationError,
    NetworkError,
    PlaygroundError,
    RateLimitedError,
    RejectedError,
    StorageError,
    UnavailableError,
    UnusableReferenceError,
)
from playground.pricing import Price
from playground.ratelimit import TIERS
from playground.schema import EstimateKind, Request, TaskState
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

KEY = "sk-canary-0123456789abcdef"
QUEUED = {"id": "tsk_1", "status": "queued", "client_business_id": "run_1"}
LIMITS = TimeLimits(connect_s=5, paid_read_s=5, paid_total_s=5, free_total_s=1)
ROOMY = TimeLimits()


@asynccontextmanager
async def service_at(
    url: str,
    *,
    waits: list[float] | None = None,
    limits: TimeLimits = LIMITS,
    retries: Retries | None = None,
) -> AsyncIterator[Service]:
    """A service that notes its waits instead of waiting."""
    noted = [] if waits is None else waits

    async def sleep(seconds: float) -> None:
        noted.append(seconds)

    transports = Transports(limits=limits)
    try:
        yield Service(
            url,
            KEY,
            transports,
            secret=b"secret",
            sleep=sleep,
            tier=TIERS["unlimited"],
            retries=retries,
        )
    finally:
        await transports.close()


# ---- status -----------------------------------------------------------------------------------


async def test_a_status_is_asked_for_with_the_key_at_the_tasks_place():
    async with lying_server(reply(200, QUEUED)) as server, service_at(server.url) as service:
        task = await service.status("tsk/1 ?")

    assert task.state is TaskState.QUEUED
    assert server.requests[0].path == "/v1/images/generations/tsk%2F1%20%3F"
    assert server.requests[0].headers["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize(
    "trouble",
    [
        reset_after_head,
        raw_then_close(b""),
        raw_then_reset(b"HTTP/1.1 200 OK\r\n"),
        raw_then_close(head_of(200, {"Content-Length": "90"}) + b'{"id"'),
        raw_then_hang(b""),
        html(200),
        html(502),
        reply(500, {"error": {"code": "internal"}}),
        reply(503, {}),
        reply(200, []),
        reply(200, b"x" * 5_000_000),
        reply(302, Location="/elsewhere"),
    ],
)
async def test_a_free_call_survives_two_troubles_in_a_row(trouble):
    waits: list[float] = []
    async with (
        lying_server(trouble, trouble, reply(200, QUEUED)) as server,
        service_at(server.url, waits=waits) as service,
    ):
        task = await service.status("tsk_1")

    assert task.task_id == "tsk_1"
    assert 0.4 <= waits[0] <= 0.6
    assert 0.8 <= waits[1] <= 1.2
    assert len(server.requests) == 3


@pytest.mark.parametrize(
    ("trouble", "kind"),
    [(html(502), UnavailableError), (raw_then_close(b""), NetworkError), (html(200), NetworkError)],
)
async def test_a_free_call_gives_up_after_its_attempts(trouble, kind):
    async with lying_server(trouble) as server, service_at(server.url) as service:
        with pytest.raises(kind):
            await service.status("tsk_1")

    assert len(server.requests) == 3


async def test_an_answer_that_drips_for_ever_is_given_up():
    play = drip(head_of(200, {"Content-Length": "100"}) + b"x" * 100, gap_s=0.05)

    once = Retries(attempts=1)
    async with lying_server(play) as server, service_at(server.url, retries=once) as service:
        with pytest.raises(NetworkError):
            await service.status("tsk_1")


@pytest.mark.parametrize("status_code", [400, 401, 403])
async def test_a_no_to_a_free_call_is_not_asked_again(status_code: int):
    async with (
        lying_server(reply(status_code, {"error": {"code": "x"}})) as server,
        service_at(server.url) as service,
    ):
        with pytest.raises(PlaygroundError):
            await service.status("tsk_1")

    assert len(server.requests) == 1


async def test_a_full_bucket_is_waited_out_as_told_and_then_asked_again():
    waits: list[float] = []
    async with (
        lying_server(reply(429, {}, Retry_After="5"), reply(200, QUEUED)) as server,
        service_at(server.url, waits=waits) as service,
    ):
        task = await service.status("tsk_1")

    assert task.task_id == "tsk_1"
    assert len(waits) == 1
    assert 4.9 <= waits[0] <= 5.6
    assert service.polite_hint


async def test_a_bucket_that_stays_full_is_an_error_in_the_end():
    async with (
        lying_server(reply(429, {}, Retry_After="5")) as server,
        service_at(server.url) as service,
    ):
        with pytest.raises(RateLimitedError):
            await service.status("tsk_1")

    assert len(server.requests) == 3


async def test_a_bucket_nearly_empty_makes_us_polite():
    low = reply(200, QUEUED, X_RateLimit_Limit="500", X_RateLimit_Remaining="99")
    high = reply(200, QUEUED, X_RateLimit_Limit="500", X_RateLimit_Remaining="400")
    async with lying_server(low, high) as server, service_at(server.url) as service:
        await service.status("tsk_1")
        assert service.polite_hint
        await service.status("tsk_1")
        assert not service.polite_hint


async def test_an_unknown_word_is_logged_once(caplog: pytest.LogCaptureFixture):
    async with (
        lying_server(reply(200, {"id": "tsk_1", "status": "polishing"})) as server,
        service_at(server.url) as service,
    ):
        for _ in range(3):
            task = await service.status("tsk_1")

    assert task.state is TaskState.RUNNING
    assert caplog.text.count("polishing") == 1


async def test_the_pool_is_shared_and_free_connections_are_used_again():
    async with (
        lying_server(reply(200, QUEUED)) as server,
        service_at(server.url, limits=ROOMY) as service,
    ):
        for _ in range(5):
            await service.status("tsk_1")
        assert server.connections == 1
        await asyncio.gather(*(service.status("tsk_1") for _ in range(100)))

    assert server.connections <= 16
    assert len(server.requests) == 105


# ---- look-up ----------------------------------------------------------------------------------


async def test_a_lost_request_is_found_by_our_own_id():
    async with lying_server(reply(200, QUEUED)) as server, service_at(server.url) as service:
        task = await service.look_up("run_1")

    assert task is not None
    assert task.task_id == "tsk_1"
    assert server.requests[0].path == "/v1/images/generations/run_1"


@pytest.mark.parametrize(
    "play",
    [
        reply(404, {"error": {"code": 404, "message": "x", "type": "not_found_error"}}),
        reply(400, {"message": "task_not_exist"}),
        reply(200, {**QUEUED, "client_business_id": "run_2"}),
    ],
)
async def test_a_request_the_service_does_not_know_is_none(play):
    async with lying_server(play) as server, service_at(server.url) as service:
        assert await service.look_up("run_1") is None


@pytest.mark.parametrize("play", [html(502), raw_then_close(b""), reply(401, {}), reply(400, {})])
async def test_a_failed_look_up_is_never_taken_for_not_found(play):
    async with lying_server(play) as server, service_at(server.url) as service:
        with pytest.raises(PlaygroundError):
            await service.look_up("run_1")


# ---- uploads, balance, prices, models ---------------------------------------------------------


async def test_an_upload_sends_the_picture_and_not_its_name(tmp_path):
    path = tmp_path / "my holiday.png"
    path.write_bytes(b"\x89PNG picture")
    play = reply(200, {"success": True, "data": {"url": "https://files.example/u.png"}})

    async with lying_server(html(502), play) as server, service_at(server.url) as service:
        url = await service.upload(path, "image/png")

    assert url == "https://files.example/u.png"
    seen = server.requests[-1]
    assert seen.path == "/v1/uploads/images"
    assert b'name="file"; filename="reference.png"' in seen.body
    assert b"Content-Type: image/png" in seen.body
    assert b"\x89PNG picture" in seen.body
    assert b"holiday" not in seen.body


async def test_a_refused_upload_is_not_tried_again(tmp_path):
    (tmp_path / "a.png").write_bytes(b"x")
    play = reply(200, {"success": False, "message": "Image too large. Maximum size is 10MB"})

    async with lying_server(play) as server, service_at(server.url) as service:
        with pytest.raises(RejectedError, match="Maximum size"):
            await service.upload(tmp_path / "a.png", "image/png")

    assert server.posts == 1


async def test_a_reference_that_cannot_be_read_is_said_so(tmp_path):
    async with lying_server(html(200)) as server, service_at(server.url) as service:
        with pytest.raises(UnusableReferenceError, match="is gone"):
            await service.upload(tmp_path / "missing.png", "image/png")
        with pytest.raises(StorageError):
            await service.upload(tmp_path, "image/png")

        assert server.connections == 0


async def test_the_balance_is_told():
    play = reply(200, {"success": True, "remain_balance": 1, "remain_credits": 2100})

    async with lying_server(play) as server, service_at(server.url) as service:
        balance = await service.balance()

    assert balance.credits == Decimal(2100)
    assert server.requests[0].path == "/v1/balance"


async def test_a_bad_key_is_noticed_at_the_balance():
    play = reply(200, {"success": False, "message": f"invalid token {KEY}"})

    async with lying_server(play) as server, service_at(server.url) as service:
        with pytest.raises(AuthenticationError) as caught:
            await service.balance()

    assert KEY not in str(caught.value)
    assert caught.value.service_message == "invalid token [key]"


async def test_image_models_are_asked_for():
    play = reply(200, {"data": [{"id": "flux-2-pro"}, {"id": "flux-2-flex"}]})

    async with lying_server(play) as server, service_at(server.url) as service:
        assert await service.models() == ("flux-2-pro", "flux-2-flex")

    assert server.requests[0].path == "/v1/models?type=image"


def price_page(model: str, resolution: str, usd: str, next_after: str = "") -> object:
    price = {
        "conditions": {"resolution": resolution},
        "charge_type": "per_request",
        "price_basis": "request",
        "unit": "request",
        "unit_price": usd,
    }
    item = {"id": model, "type": "image", "prices": [price]}
    return {
        "currency": "USD",
        "data": [item],
        "has_more": bool(next_after),
        "next_after": next_after,
    }


async def test_quoted_prices_are_collected_over_all_pages():
    pages = (
        price_page("flux-2-pro", "1K", "0.015", "p/2"),
        price_page("flux-2-pro", "2K", "0.035", "p3"),
        price_page("flux-2-max", "1K", "9"),
    )
    async with (
        lying_server(*(reply(200, page) for page in pages)) as server,
        service_at(server.url) as service,
    ):
        prices = await service.quoted_prices("flux-2-pro", on=date(2026, 11, 22))

    assert prices == tuple(
        Price(
            model="flux-2-pro",
            resolution=resolution,
            usd=Decimal(usd),
            since=date(2026, 11, 22),
            source="GET /v1/pricing",
            kind=EstimateKind.QUOTED,
        )
        for resolution, usd in (("1K", "0.015"), ("2K", "0.035"))
    )
    query = "/v1/pricing?model=flux-2-pro&type=image&limit=100"
    assert [seen.path for seen in server.requests] == [
        query,
        f"{query}&after=p%2F2",
        f"{query}&after=p3",
    ]


async def test_pages_that_lead_in_a_circle_end():
    page = reply(200, price_page("m", "1K", "1", "again"))

    async with lying_server(page) as server, service_at(server.url) as service:
        await service.quoted_prices("m", on=date(2026, 11, 22))

    assert len(server.requests) == 2


# ---- who answers ------------------------------------------------------------------------------


async def test_an_emulator_is_known_by_its_mark():
    async with (
        lying_server(reply(200, QUEUED, X_Emulator="1"), reply(200, QUEUED)) as server,
        service_at(server.url) as service,
    ):
        assert service.emulated is None
        await service.status("tsk_1")
        assert service.emulated is True
        await service.status("tsk_1")
        assert service.emulated is False


async def test_the_mark_counts_on_the_paid_answer_and_on_errors():
    request = Request(model="m", prompt="p")
    async with (
        lying_server(reply(200, QUEUED, X_Emulator="1")) as server,
        service_at(server.url) as service,
    ):
        await service.submit(request, image_urls=[], client_id="run_1")
        assert service.emulated is True
    async with (
        lying_server(reply(401, {}, X_Emulator="1")) as server,
        service_at(server.url) as service,
    ):
        with pytest.raises(AuthenticationError):
            await service.balance()
        assert service.emulated is True


async def test_a_service_tells_itself_apart_without_its_key():
    transports = Transports()
    one = Service("https://toapis.com", KEY, transports, secret=b"a")
    same = Service("https://toapis.com", KEY, transports, secret=b"a")
    elsewhere = Service("https://toapis.com", KEY, transports, secret=b"b")

    assert one.host == "toapis.com"
    assert re.fullmatch(r"[0-9a-f]{16}", one.fingerprint)
    assert one.fingerprint == same.fingerprint != elsewhere.fingerprint
    assert KEY not in repr(one) + repr(vars(one))
    await transports.close()


async def test_cookies_do_not_pass_from_one_key_to_another():
    async with (
        lying_server(reply(200, QUEUED, Set_Cookie="session=alice; Path=/")) as server,
        service_at(server.url) as service,
    ):
        await service.status("tsk_1")
        await service.status("tsk_1")

    assert "cookie" not in server.requests[1].headers


def test_transports_stay_on_their_loop():
    transports = Transports(limits=LIMITS)
    service = Service("http://127.0.0.1:9", KEY, transports, retries=Retries(attempts=1))

    async def ask() -> None:
        with pytest.raises(NetworkError):
            await service.balance()

    async def ask_elsewhere() -> None:
        with pytest.raises(RuntimeError, match="another event loop"):
            await service.balance()

    asyncio.run(ask())
    asyncio.run(ask_elsewhere())


async def test_a_proxy_of_the_environment_does_not_come_between_us_and_the_emulator(
    monkeypatch: pytest.MonkeyPatch,
):
    async with lying_server(html(502)) as proxy, lying_server(reply(200, QUEUED)) as server:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        async with service_at(server.url) as service:
            task = await service.status("tsk_1")

    assert task.task_id == "tsk_1"
    assert proxy.connections == 0


async def test_a_proxy_that_cannot_be_used_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ALL_PROXY", "gopher://127.0.0.1:9")

    async with service_at("http://127.0.0.1:9") as service:
        with pytest.raises(NetworkError, match="HTTPS_PROXY"):
            await service.balance()


# ---- the key ----------------------------------------------------------------------------------


async def test_the_key_is_in_one_header_and_nowhere_else(
    caplog: pytest.LogCaptureFixture, tmp_path, capsys: pytest.CaptureFixture[str]
):
    for name in ("", "httpx", "httpcore", "asyncio", "playground"):
        caplog.set_level(logging.DEBUG, logger=name)
    echo = {"error": {"code": KEY, "message": f"your key {KEY} is wrong"}}
    request = Request(model="m", prompt="p")
    failures: list[BaseException] = []
    heard: list[object] = []
    (tmp_path / "a.png").write_bytes(b"x")

    async def attempt(call) -> None:
        try:
            heard.append(await call)
        except PlaygroundError as exc:
            failures.append(exc)

    async with lying_server(reply(200, b"GIF89a")) as files:
        plays = (
            reply(401, echo),
            reply(500, echo),
            reset_after_head,
            reply(200, {"id": "tsk_1", "status": "failed", "error": echo["error"]}),
            reply(307, Location=f"{files.url}/steal"),
            reply(429, echo),
            reply(400, echo),
        )
        for play in plays:
            async with lying_server(play) as server, service_at(server.url) as service:
                await attempt(service.submit(request, image_urls=[], client_id="run_1"))
                await attempt(service.status("tsk_1"))
                await attempt(service.balance())
                await attempt(service.upload(tmp_path / "a.png", "image/png"))
                await attempt(service.download(f"{files.url}/a.png", tmp_path / "a.part"))
            for seen in server.requests:
                others = {k: v for k, v in seen.headers.items() if k != "authorization"}
                assert seen.headers["authorization"] == f"Bearer {KEY}"
                assert KEY not in f"{seen.path} {others} {seen.body!r}"

    assert len(failures) > 20
    assert files.requests
    for seen in files.requests:
        assert KEY not in f"{seen}"
        assert "authorization" not in seen.headers
    texts = [caplog.text, repr(heard), *capsys.readouterr()]
    texts += ["".join(traceback.format_exception(exc)) for exc in failures]
    texts += [repr(vars(exc)) for exc in failures]
    assert "httpcore" in caplog.text  # or this test would have looked at nothing
    for text in texts:
        assert KEY not in text
        assert "canary" not in text
