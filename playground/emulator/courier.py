"""Delivers webhook events: when each attempt is due, and what came of it."""

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import replace

from playground.emulator import answers
from playground.emulator.refusals import Json
from playground.emulator.settings import WebhookSettings
from playground.emulator.store import Delivery, Store
from playground.emulator.tasks import Ending, Task, new_ulid
from playground.emulator.webhooks import UndeliveredError, headers, post

MAX_AT_ONCE = 8
# Events come due when tasks finish; nothing announces it, so the courier looks this often.
LOOK_EVERY_S = 0.1

KINDS = {Ending.COMPLETED: "generation.completed", Ending.FAILED: "generation.failed"}
TEST_EVENT = {
    "task_id": "endpoint_test",
    "task_type": "image",
    "status": "SUCCESS",
    "progress": "100%",
    "result": {"message": "ToAPIs webhook endpoint test"},
    "error": None,
    "submitted_at": 0,
    "finished_at": 0,
}


def compact(event: Json) -> str:
    """An event as it is sent and signed: no spaces, text as it is."""
    text = json.dumps(event, separators=(",", ":"), ensure_ascii=False)
    # A lone surrogate cannot be sent as UTF-8.
    return text.encode("utf-8", "replace").decode("utf-8")


def event_of(task: Task, *, url: str, urls: Sequence[str]) -> Delivery | None:
    """The event a task will send when it is final; None for a task that never is."""
    kind = KINDS.get(task.ending)
    if kind is None:
        return None
    event_id = f"evt_{new_ulid(task.finished_at)}"
    event = answers.webhook_event(
        event_id=event_id,
        kind=kind,
        created_at=task.finished_at,
        data=answers.webhook_data(task, urls),
    )
    return Delivery(
        event_id=event_id,
        url=url,
        body=compact(event),
        n_attempts=0,
        due_at=task.finished_at,
        outcome="",
    )


class Courier:
    """Attempts what is due, and writes down when to try again."""

    def __init__(
        self, store: Store, settings: WebhookSettings, *, now: Callable[[], float]
    ) -> None:
        self._store = store
        self._settings = settings
        self._now = now

    def add_test_event(self) -> str:
        """Send an `endpoint.test` event to the default URL; returns the event's id."""
        now_s = self._now()
        event_id = f"evt_{new_ulid(now_s)}"
        event = answers.webhook_event(
            event_id=event_id, kind="endpoint.test", created_at=now_s, data=TEST_EVENT
        )
        self._store.add_delivery(
            Delivery(
                event_id=event_id,
                url=self._settings.url,
                body=compact(event),
                n_attempts=0,
                due_at=now_s,
                outcome="",
            )
        )
        return event_id

    async def deliver_due(self) -> int:
        """Make every attempt that is due now, some at once; returns how many were made."""
        due = self._store.deliveries_due(now_s=self._now(), limit=MAX_AT_ONCE)
        await asyncio.gather(*(self._attempt(delivery) for delivery in due))
        return len(due)

    async def run(self) -> None:
        """Deliver until cancelled."""
        while True:
            if not await self.deliver_due():
                await asyncio.sleep(LOOK_EVERY_S)

    async def _attempt(self, delivery: Delivery) -> None:
        body = delivery.body.encode()
        head = headers(
            self._settings, event_id=delivery.event_id, timestamp=int(self._now()), body=body
        )
        try:
            status = await asyncio.to_thread(
                post,
                delivery.url,
                body,
                head,
                timeout_s=self._settings.timeout_s,
                are_private_allowed=self._settings.are_private_addresses_allowed,
            )
        except UndeliveredError as exc:
            after = self._after_failure(delivery, str(exc))
        else:
            after = replace(
                delivery, n_attempts=delivery.n_attempts + 1, due_at=None, outcome=f"HTTP {status}"
            )
        await asyncio.to_thread(self._store.update_delivery, after)

    def _after_failure(self, delivery: Delivery, outcome: str) -> Delivery:
        delays_s = self._settings.retry_delays_s
        is_last = delivery.n_attempts >= len(delays_s)
        due_at = None if is_last else self._now() + delays_s[delivery.n_attempts]
        return replace(delivery, n_attempts=delivery.n_attempts + 1, due_at=due_at, outcome=outcome)
