"""The address the service posts its events to: what is taken, what is refused, and what an event sets off."""

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route

from playground.emulator.faults import Endpoint
from playground.errors import PlaygroundError
from playground.polling import FAST, POLITE, SAFETY_NET, next_poll_s
from playground.runner.desk import Desk
from playground.schema import RunStatus
from playground.settings import Settings
from playground.ui.serving import receiver
from playground.ui.serving.receiver import WEBHOOK_PATH, Receiver, webhook_routes
from playground.wire import WebhookEvent
from playground.wire.webhooks import MAX_BODY_BYTES
from tests.engine_rig import open_rig

SECRET = "0123456789abcdef0123456789abcdef"
NOW_S = 1783953302
# Never within a test: whatever ends with these was told by an event.
SELDOM = {"first_s": 3600.0, "cold_first_s": 3600.0, "cold_gap_s": 3600.0, "min_gap_s": 3600.0}


def event_body(event_id: str = "evt_1", kind: str = "generation.completed", **data: Any) -> bytes:
    data = {"task_id": "task_1", "client_business_id": "run_1", "finished_at": NOW_S, **data}
    event = {"id": event_id, "type": kind, "created_at": NOW_S, "data": data}
    return json.dumps(event).encode()


def signed(body: bytes, *, event_id: str = "evt_1", at: int = NOW_S) -> dict[str, str]:
    message = f"{event_id}.{at}.".encode() + body
    return {
        "X-ToAPIs-Webhook-Id": event_id,
        "X-ToAPIs-Webhook-Timestamp": str(at),
        "X-ToAPIs-Webhook-Signature": "v1="
        + hmac.new(SECRET.encode(), message, hashlib.sha256).hexdigest(),
    }


class Listener:
    """What the receiver needs of a desk."""

    def __init__(self) -> None:
        self.heard: list[WebhookEvent] = []
        self.is_closing = False

    async def announce(self, event: WebhookEvent) -> bool:
        if self.is_closing:
            raise PlaygroundError("The app is closing.")
        self.heard.append(event)
        return True


class Line:
    """A receiver with a stopped clock, and a client that posts to it."""

    def __init__(self) -> None:
        self.listener = Listener()
        self.receiver = Receiver(self.listener, SECRET, now_s=lambda: NOW_S)  # type: ignore[arg-type]
        route = Route(WEBHOOK_PATH, self.receiver.answer, methods=["POST"])
        self.http = httpx.AsyncClient(
            transport=httpx.ASGITransport(Starlette(routes=[route])), base_url="http://here"
        )

    async def post(self, body: Any, headers: dict[str, str]) -> httpx.Response:
        return await self.http.post(WEBHOOK_PATH, content=body, headers=headers)


@pytest.fixture
async def line() -> AsyncIterator[Line]:
    made = Line()
    yield made
    await made.http.aclose()


@pytest.mark.anyio
async def test_a_true_event_is_taken_and_passed_on_once(line: Line) -> None:
    body = event_body()

    answers = [await line.post(body, signed(body)) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [202, 200, 200]
    assert [event.run_id for event in line.listener.heard] == ["run_1"]


@pytest.mark.anyio
async def test_a_repeat_signed_anew_is_known_too(line: Line) -> None:
    body = event_body()
    await line.post(body, signed(body))

    again = await line.post(body, signed(body, at=NOW_S + 10))

    assert again.status_code == 200
    assert len(line.listener.heard) == 1


@pytest.mark.anyio
async def test_the_same_event_twice_at_once_is_passed_on_once(line: Line) -> None:
    body = event_body()

    await asyncio.gather(*(line.post(body, signed(body)) for _ in range(8)))

    assert len(line.listener.heard) == 1


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (event_body(), {}, 401),
        (event_body(), {**signed(event_body()), "X-ToAPIs-Webhook-Signature": "v1=00"}, 401),
        (event_body(kind="generation.failed"), signed(event_body()), 401),
        (event_body(), signed(event_body(), at=NOW_S - 301), 401),
        (event_body(), signed(event_body(), at=NOW_S + 301), 401),
        (b"{", signed(b"{"), 400),
        (b" " * (MAX_BODY_BYTES + 1), signed(b" " * (MAX_BODY_BYTES + 1)), 413),
    ],
    ids=["unsigned", "forged", "changed", "stale", "future", "bad JSON", "oversized"],
)
async def test_anything_else_is_refused_and_wakes_nobody(
    line: Line, body: bytes, headers: dict[str, str], status: int
) -> None:
    answer = await line.post(body, headers)

    assert answer.status_code == status
    assert line.listener.heard == []


@pytest.mark.anyio
async def test_a_body_without_end_is_left_after_the_limit(line: Line) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 100 * MAX_BODY_BYTES:
            sent += 1000
            yield b" " * 1000

    # In memory the whole stream is offered at once, so the asking is counted instead.
    chunks = endless()

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": await anext(chunks), "more_body": True}

    scope = {"type": "http", "method": "POST", "path": "/", "headers": []}
    answer = await line.receiver.answer(Request(scope, receive))  # type: ignore[arg-type]

    assert answer.status_code == 413
    assert sent <= MAX_BODY_BYTES + 1000


@pytest.mark.anyio
async def test_a_body_that_does_not_come_is_not_waited_for(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receiver, "READ_WITHIN_S", 0.01)

    async def receive() -> dict[str, Any]:
        await asyncio.Event().wait()
        raise AssertionError

    scope = {"type": "http", "method": "POST", "path": "/", "headers": []}
    answer = await line.receiver.answer(Request(scope, receive))  # type: ignore[arg-type]

    assert answer.status_code == 408


@pytest.mark.anyio
async def test_a_test_event_is_taken_and_wakes_nobody(line: Line) -> None:
    body = event_body(kind="endpoint.test")

    assert (await line.post(body, signed(body))).status_code == 202
    assert line.listener.heard == []


@pytest.mark.anyio
async def test_an_app_that_is_closing_asks_for_it_again(line: Line) -> None:
    body = event_body()
    line.listener.is_closing = True
    closing = await line.post(body, signed(body))
    line.listener.is_closing = False

    again = await line.post(body, signed(body))

    assert (closing.status_code, again.status_code) == (503, 202)
    assert len(line.listener.heard) == 1


@pytest.mark.anyio
async def test_what_is_remembered_of_events_is_bounded(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receiver, "MAX_KNOWN_EVENTS", 3)
    for number in range(10):
        body = event_body(f"evt_{number}")
        await line.post(body, signed(body, event_id=f"evt_{number}"))

    assert list(line.receiver._known) == ["evt_7", "evt_8", "evt_9"]


def test_without_a_secret_there_is_no_such_address(tmp_path: Path) -> None:
    assert webhook_routes(Desk(Settings(data_dir=tmp_path))) == []


# ---- what an event sets off ---------------------------------------------------------------------


def final_event(**changes: Any) -> WebhookEvent:
    at = int(time.time())
    told = {"task_id": None, "run_id": None, "finished_at_s": at, **changes}
    return WebhookEvent(event_id="evt", kind="generation.completed", sent_at_s=at, **told)


@pytest.fixture
def nobody_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Questions come hours apart, so what ends was told of."""
    for name, pace in (("FAST", FAST), ("POLITE", POLITE), ("SAFETY_NET", SAFETY_NET)):
        monkeypatch.setattr(f"playground.runner.engine.{name}", replace(pace, **SELDOM))


@pytest.mark.anyio
@pytest.mark.usefixtures("nobody_asks")
@pytest.mark.parametrize("by", ["run", "task"])
async def test_an_event_ends_the_waiting_with_one_question(tmp_path: Path, by: str) -> None:
    async with open_rig(tmp_path, emulator_speed=1.0) as rig:
        views = await rig.begin()
        task_ids = {v.run_id: None for v in views}

        def accepted() -> bool:
            for run_id in task_ids:
                task_ids[run_id] = rig.engine.view(run_id).task_id
            return all(task_ids.values())

        await rig.until(accepted)
        await rig.until(lambda: _is_finished(rig, task_ids.values()))
        for run_id, task_id in task_ids.items():
            event = final_event(**({"run_id": run_id} if by == "run" else {"task_id": task_id}))
            assert rig.engine.announce(event)
        runs = await rig.finish()

    assert [run.status for run in runs] == [RunStatus.SUCCEEDED] * 2
    assert [run.polls for run in runs] == [1, 1]


def _is_finished(rig: Any, task_ids: Any) -> bool:
    store, now_s = rig.emulator.store, rig.emulator.now_s()
    return all(store.task(task_id).finished_at <= now_s for task_id in task_ids)


@pytest.mark.anyio
@pytest.mark.usefixtures("nobody_asks")
async def test_an_event_that_comes_too_early_is_believed_in_nothing(tmp_path: Path) -> None:
    async with open_rig(tmp_path, emulator_speed=1.0) as rig:
        rig.add_fault("task", "stuck", times=1)
        views = await rig.begin(lanes=("flux-2-flex",))
        await rig.until(lambda: rig.engine.view(views[0].run_id).task_id)

        assert rig.engine.announce(final_event(run_id=views[0].run_id))
        await rig.until(lambda: rig.emulator.tally.requests[Endpoint.STATUS] == 1)

        assert rig.engine.view(views[0].run_id).run is None


@pytest.mark.anyio
async def test_an_event_about_nothing_of_ours_does_nothing(tmp_path: Path) -> None:
    async with open_rig(tmp_path) as rig:
        assert not rig.engine.announce(final_event(run_id="run_x", task_id="task_x"))
        assert not rig.engine.announce(final_event())


@pytest.mark.anyio
async def test_events_are_relied_on_while_they_come_and_no_longer(tmp_path: Path) -> None:
    async with open_rig(tmp_path) as rig:
        announcements = rig.engine.accounts.find(rig.account_id).announcements
        views = await rig.begin(lanes=("flux-2-flex",))
        rig.engine.announce(final_event(run_id=views[0].run_id))
        assert announcements.is_heard
        await rig.finish()
        assert announcements.is_heard
        # Nobody tells of this one: the safety net catches it, and then it is asked as before.
        await rig.run("c2", lanes=("flux-2-flex",))

        assert not announcements.is_heard


def test_the_safety_net_asks_far_less_than_anybody_else() -> None:
    def moments(pace: Any) -> list[float]:
        found: list[float] = []
        while (due := next_poll_s(found[-1] if found else 0.0, None, pace)) < 300:
            found.append(due)
        return found

    assert moments(SAFETY_NET)[0] >= 30
    assert len(moments(SAFETY_NET)) <= 10
    assert len(moments(FAST)) >= 50


@pytest.mark.anyio
@pytest.mark.usefixtures("nobody_asks")
@pytest.mark.parametrize("age_s", [None, 0.0])
async def test_how_late_an_announced_end_was_noticed_is_told_by_the_event(
    tmp_path: Path, age_s: float | None
) -> None:
    async with open_rig(tmp_path, emulator_speed=1.0) as rig:
        (view,) = await rig.begin(lanes=("flux-2-flex",))
        await rig.until(lambda: rig.engine.view(view.run_id).task_id)
        await rig.until(lambda: _is_finished(rig, [rig.engine.view(view.run_id).task_id]))
        told_at = time.monotonic()
        rig.engine._purchases[view.run_id].announce(age_s)
        (run,) = await rig.finish()
        noticed_s = time.monotonic() - told_at

    if age_s is None:  # nothing is known but that it was not asked before
        assert run.lag_bound_s == pytest.approx(run.wait_s)
    else:
        assert run.lag_bound_s < min(run.wait_s, noticed_s)
