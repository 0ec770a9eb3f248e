"""The paid request over real sockets: one POST a call, whatever the network does to it."""

import asyncio
import json
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from playground.client import Service, TimeLimits, Transports
from playground.errors import (
    AnswerLostError,
    AuthenticationError,
    BalanceError,
    ForbiddenError,
    InvalidRequestError,
    ModerationError,
    NotSentError,
    PlaygroundError,
    RateLimitedError,
    RejectedError,
)
from playground.ratelimit import Bucket
from playground.schema import Request, Task
from tests.lying_server import (
    LyingServer,
    close_after_head,
    drip,
    head_of,
    html,
    lying_server,
    raw_then_close,
    raw_then_hang,
    raw_then_reset,
    reply,
    reset_after_head,
    reset_mid_body,
)

pytestmark = pytest.mark.anyio

KEY = "sk-canary-0123456789abcdef"
REQUEST = Request(model="flux-2-flex", prompt="A lighthouse at dusk")
LONG_REQUEST = Request(model="flux-2-flex", prompt="x" * 4_000_000)
TASK = {"id": "tsk_img_01HZX", "object": "generation.task", "status": "pending", "progress": 0}
TASK_BYTES = json.dumps(TASK).encode()
ROOMY = TimeLimits(connect_s=5, paid_read_s=10, paid_total_s=10)
QUICK = TimeLimits(connect_s=5, paid_read_s=0.3, paid_total_s=1.5)  # where waiting is the point


@asynccontextmanager
async def service_at(
    url: str, *, limits: TimeLimits = ROOMY, max_paid_in_flight: int = 16
) -> AsyncIterator[Service]:
    transports = Transports(limits=limits, max_paid_in_flight=max_paid_in_flight)
    try:
        yield Service(url, KEY, transports, secret=b"s")
    finally:
        await transports.close()


async def submit(service: Service, request: Request = REQUEST, **kwargs) -> Task:
    return await service.submit(request, image_urls=[], client_id="run_1", **kwargs)


async def test_an_accepted_request_is_a_task_and_was_spelled_right():
    async with lying_server(reply(200, TASK)) as server, service_at(server.url) as service:
        task = await service.submit(
            REQUEST, image_urls=["https://x.example/1.png"], client_id="run_1"
        )

    assert task.task_id == "tsk_img_01HZX"
    assert [(seen.method, seen.path) for seen in server.requests] == [
        ("POST", "/v1/images/generations")
    ]
    seen = server.requests[0]
    assert seen.headers["authorization"] == f"Bearer {KEY}"
    assert seen.headers["content-type"] == "application/json"
    assert json.loads(seen.body) == {
        "model": "flux-2-flex",
        "prompt": "A lighthouse at dusk",
        "size": "1:1",
        "metadata": {"resolution": "1K"},
        "client_business_id": "run_1",
        "image_urls": ["https://x.example/1.png"],
    }


FULL_HEAD = {"Content-Type": "application/json", "Content-Length": str(len(TASK_BYTES))}
LOST = {
    "reset_after_head": reset_after_head,
    "closed_after_head": close_after_head,
    "reset_after_body": raw_then_reset(b""),
    "closed_after_body": raw_then_close(b""),
    "stalled_after_body": raw_then_hang(b""),
    "half_a_status_line": raw_then_close(b"HTTP/1.1 2"),
    "half_the_headers": raw_then_close(b"HTTP/1.1 200 OK\r\nContent-Type: appl"),
    "stalled_in_the_headers": raw_then_hang(b"HTTP/1.1 200 OK\r\nContent-Type: appl"),
    "no_http_at_all": raw_then_close(b"SSH-2.0-OpenSSH_9.2\r\n\r\n"),
    "half_a_body": raw_then_close(head_of(200, FULL_HEAD) + TASK_BYTES[:20]),
    "half_a_body_then_reset": raw_then_reset(head_of(200, FULL_HEAD) + TASK_BYTES[:20]),
    "half_a_body_then_stalled": raw_then_hang(head_of(200, FULL_HEAD) + TASK_BYTES[:20]),
    "dripping_for_ever": drip(head_of(200, FULL_HEAD) + TASK_BYTES, gap_s=0.05),
    "empty_200": reply(200),
    "empty_204": raw_then_close(b"HTTP/1.1 204 No Content\r\n\r\n"),
    "html_200": html(200),
    "broken_json_200": reply(200, b'{"id": "tsk_img'),
    "bad_gzip_200": reply(200, b"not gzip", Content_Encoding="gzip"),
    "no_id_200": reply(200, {"status": "queued"}),
    "error_200": reply(200, {"error": {"code": "busy", "message": "x"}}),
    "json_500": reply(500, {"error": {"code": "internal", "message": "x"}}),
    "html_502": html(502),
    "other_503": reply(503, {"error": {"code": "overloaded", "message": "x"}}),
    "html_503": html(503),
    "html_504": html(504),
    "half_a_503": raw_then_close(head_of(503, FULL_HEAD) + b'{"error": {"code": "rate_lim'),
    "timeout_408": reply(408, {}),
    "conflict_409": reply(409, {}),
    "redirect_301": reply(301, Location="/elsewhere"),
    "redirect_302": reply(302, Location="/elsewhere"),
    "redirect_307": reply(307, Location="/v1/images/generations"),
    "redirect_308": reply(308, Location="/v1/images/generations"),
}


@pytest.mark.parametrize("play", LOST.values(), ids=LOST.keys())
async def test_every_ambiguity_is_a_lost_answer_after_exactly_one_post(play):
    async with lying_server(play) as server, service_at(server.url, limits=QUICK) as service:
        with pytest.raises(AnswerLostError):
            await submit(service)

        assert server.posts == 1
        assert server.connections == 1


@pytest.mark.parametrize("play", [reset_mid_body, reset_after_head])
async def test_a_reset_while_a_long_request_is_still_leaving_is_a_lost_answer(play):
    async with lying_server(play) as server, service_at(server.url) as service:
        with pytest.raises(AnswerLostError):
            await submit(service, LONG_REQUEST)

        assert server.posts == 1


async def test_a_redirect_is_not_followed_anywhere():
    async with lying_server(reply(200, TASK)) as other:
        redirect = reply(307, Location=f"{other.url}/v1/images/generations")
        async with lying_server(redirect) as server, service_at(server.url) as service:
            with pytest.raises(AnswerLostError) as caught:
                await submit(service)

    assert caught.value.status_code == 307
    assert other.connections == 0


async def test_an_answer_that_was_whole_but_for_its_end_is_an_acceptance():
    longer = {**FULL_HEAD, "Content-Length": str(len(TASK_BYTES) + 10)}
    play = raw_then_reset(head_of(200, longer) + TASK_BYTES)

    async with lying_server(play) as server, service_at(server.url) as service:
        task = await submit(service)

    assert task.task_id == "tsk_img_01HZX"
    assert server.posts == 1


async def test_the_status_of_a_definite_no_counts_even_if_its_body_breaks_off():
    play = raw_then_close(head_of(401, FULL_HEAD) + b'{"error": {"co')

    async with lying_server(play) as server, service_at(server.url) as service:
        with pytest.raises(AuthenticationError):
            await submit(service)

    assert server.posts == 1


@pytest.mark.parametrize(
    ("play", "kind"),
    [
        (reply(400, {"error": {"code": "invalid_request", "message": "x"}}), RejectedError),
        (reply(401, {"error": {"code": 401, "message": "x"}}), AuthenticationError),
        (reply(402, {"error": {"code": "insufficient_quota", "message": "x"}}), BalanceError),
        (reply(403, {"error": {"code": "quota_not_enough", "message": "x"}}), BalanceError),
        (html(403), ForbiddenError),
        (reply(404, {"error": {"code": "model_not_found", "message": "x"}}), RejectedError),
        (html(413), RejectedError),
        (reply(415, {}), RejectedError),
        (reply(422, {"error": {"code": "content_policy_violation"}}), ModerationError),
    ],
)
async def test_a_definite_no_is_said_after_one_post(play, kind):
    async with lying_server(play) as server, service_at(server.url) as service:
        with pytest.raises(PlaygroundError) as caught:
            await submit(service)

    assert type(caught.value) is kind
    assert server.posts == 1


@pytest.mark.parametrize(
    "play",
    [
        reply(429, {"error": {"code": "rate_limit_exceeded"}}, Retry_After="7"),
        reply(429, {"error": {"code": 429}}, Retry_After="7"),
        reply(429, b"<html>", Content_Type="text/html", Retry_After="7"),
        reply(503, {"error": {"code": "rate_limit_unavailable"}}, Retry_After="7"),
    ],
)
async def test_a_full_bucket_is_not_an_acceptance_and_makes_everybody_wait(play):
    async with lying_server(play) as server:
        transports = Transports(limits=ROOMY)
        waited: list[float] = []

        async def sleep(seconds: float) -> None:
            waited.append(seconds)

        service = Service(server.url, KEY, transports, sleep=sleep)
        same_user = Service(server.url, KEY, transports, sleep=sleep)
        try:
            with pytest.raises(RateLimitedError) as caught:
                await submit(service)
            await same_user.wait_to_submit()
            await same_user.acquire(Bucket.QUERY)
        finally:
            await transports.close()

    assert caught.value.retry_after_s == 7
    assert server.posts == 1
    assert len(waited) == 1
    assert 6.5 <= waited[0] <= 8
    assert service.polite_hint


# ---- provably not sent ------------------------------------------------------------------------


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


async def test_nobody_listening_means_not_sent():
    async with service_at(f"http://127.0.0.1:{free_port()}") as service:
        with pytest.raises(NotSentError, match="nothing was bought"):
            await submit(service)


async def test_a_failed_handshake_means_not_sent():
    limits = TimeLimits(connect_s=0.3, paid_read_s=5, paid_total_s=5)
    async with (
        lying_server(raw_then_close(b"")) as server,  # speaks no TLS
        service_at(f"https://127.0.0.1:{server.port}", limits=limits) as service,
    ):
        with pytest.raises(NotSentError):
            await submit(service)

        assert server.posts == 0


async def test_a_connection_that_never_stands_means_not_sent():
    limits = TimeLimits(connect_s=0.2, paid_read_s=5, paid_total_s=5)
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        # With its queue full, the kernel answers no further caller.
        crowd = [socket.socket() for _ in range(4)]
        for caller in crowd:
            caller.setblocking(False)
            caller.connect_ex(full.getsockname())
        async with service_at(
            f"http://127.0.0.1:{full.getsockname()[1]}", limits=limits
        ) as service:
            with pytest.raises(NotSentError):
                await submit(service)
        for caller in crowd:
            caller.close()


async def test_no_free_connection_means_not_sent():
    limits = TimeLimits(connect_s=0.2, paid_read_s=1, paid_total_s=1)
    async with (
        lying_server(raw_then_hang(b"")) as server,
        service_at(server.url, limits=limits, max_paid_in_flight=1) as service,
    ):
        first = asyncio.create_task(submit(service))
        await server.arrived.wait()

        with pytest.raises(NotSentError):
            await submit(service)
        with pytest.raises(AnswerLostError):
            await first

        assert server.posts == 1


async def test_closed_transports_send_nothing():
    async with lying_server(reply(200, TASK)) as server:
        async with service_at(server.url) as service:
            pass
        with pytest.raises(NotSentError):
            await submit(service)

        assert server.connections == 0


async def test_what_cannot_be_spelled_is_not_sent():
    async with lying_server(reply(200, TASK)) as server, service_at(server.url) as service:
        with pytest.raises(InvalidRequestError):
            await submit(service, Request(model="m", prompt="\ud800"))

        assert server.connections == 0


# ---- fresh connections, cancellation, closing -------------------------------------------------


async def test_each_paid_request_has_a_connection_of_its_own():
    async with lying_server(reply(200, TASK)) as server, service_at(server.url) as service:
        for _ in range(3):
            await submit(service)

    assert server.connections == 3


async def wait_for_request(server: LyingServer) -> None:
    await asyncio.wait_for(server.arrived.wait(), 5)


async def test_a_cancelled_caller_does_not_lose_the_task():
    release, heard = asyncio.Event(), []

    async def slow(exchange) -> None:
        await exchange.read_body()
        await release.wait()
        await exchange.send(head_of(200, FULL_HEAD) + TASK_BYTES)

    async with lying_server(slow) as server:
        async with service_at(server.url) as service:
            caller = asyncio.create_task(submit(service, on_answer=heard.append))
            await wait_for_request(server)
            caller.cancel()
            with pytest.raises(asyncio.CancelledError):
                await caller
            assert heard == []
            release.set()
        # Closing waited for the answer.

    assert [task.task_id for task in heard] == ["tsk_img_01HZX"]
    assert server.posts == 1


async def test_a_cancelled_caller_does_not_lose_a_refusal_either():
    release, heard = asyncio.Event(), []

    async def slow(exchange) -> None:
        await exchange.read_body()
        await release.wait()
        exchange.close()

    async with lying_server(slow) as server:
        async with service_at(server.url) as service:
            caller = asyncio.create_task(submit(service, on_answer=heard.append))
            await wait_for_request(server)
            caller.cancel()
            with pytest.raises(asyncio.CancelledError):
                await caller
            release.set()

    assert [type(each) for each in heard] == [AnswerLostError]


async def test_whoever_listens_hears_what_the_caller_gets():
    heard: list[object] = []
    async with (
        lying_server(reply(200, TASK), reply(401, {})) as server,
        service_at(server.url) as service,
    ):
        task = await submit(service, on_answer=heard.append)
        with pytest.raises(AuthenticationError) as caught:
            await submit(service, on_answer=heard.append)

    assert heard == [task, caught.value]


async def test_giving_up_the_wait_for_a_turn_sends_nothing_and_gives_it_back():
    async with lying_server(reply(200, TASK)) as server, service_at(server.url) as service:
        for _ in range(45):
            await service.wait_to_submit()
        waiting = asyncio.create_task(service.wait_to_submit())
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

        begun = time.monotonic()
        await service.wait_to_submit()

        assert 0.1 < time.monotonic() - begun < 0.4  # 1 / 4.5 s: the turn given back
        assert server.connections == 0
