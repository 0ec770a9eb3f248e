"""Visitors without a browser: each does over HTTP what a page does, event streams and all."""

import asyncio
import json
import re
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import httpx

from playground.identity import new_owner_token

TICK_EVERY_S = 5.0
# As many connections as a browser would open: each page holds two streams all the time.
_LIMITS = httpx.Limits(max_connections=None, keepalive_expiry=2)
_PATIENCE_S = 180.0
_OVER = re.compile(r'data-state=\\?"over')
_SENT = re.compile(r'data-sent=\\?"([0-9.]+)')
_COMPARISON = re.compile(r'data-comparison=\\?"(cmp_[0-9a-z]+)')


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """A card that came over an event stream."""

    at_s: float  # by the wall clock
    lane: int  # the number of its card on the page
    gap_s: float  # since the one before, or since it was asked for
    is_over: bool
    sent_at_s: float | None  # where the card says so


@dataclass(slots=True)
class _Event:
    fn: dict[str, Any]
    last_s: float
    outcome: "asyncio.Future[bool]" = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )


@dataclass(slots=True)
class Visitor:
    """
    One page: loads, keeps a heartbeat, ticks, presses the run button and watches both lanes.

    Args:
        config: Of the page, as its server tells it.

        told: What the browser would say when it is loaded, by the label of the input.
    """

    client: httpx.AsyncClient
    config: dict[str, Any]
    told: dict[str, str] = field(default_factory=dict)
    session: str = field(default_factory=lambda: secrets.token_hex(6))
    updates: list[Update] = field(default_factory=list)
    comparison_id: str = ""
    problems: list[str] = field(default_factory=list)
    tick_s: list[float] = field(default_factory=list)  # how long each tick took
    _waiting: "dict[str, _Event]" = field(default_factory=dict)
    _early: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    _listening: "asyncio.Task[None] | None" = None
    _alive: "asyncio.Task[None] | None" = None
    _ticking: "asyncio.Task[None] | None" = None

    async def come(self) -> None:
        """Loads the page and everything a page asks for by itself."""
        (await self.client.get("/")).raise_for_status()
        self._alive = asyncio.create_task(self._heartbeat())
        loads = [fn for fn in self.config["dependencies"] if _is_set_off(fn, "load")]
        await asyncio.gather(*(self._event(fn) for fn in loads))
        self._ticking = asyncio.create_task(self._ticks())

    async def run(self, prompt: str) -> None:
        """Presses the button and stays until both lanes are over."""
        button = self._number("run")
        await asyncio.gather(
            *(
                self._event(fn, prompt=prompt)
                for fn in self.config["dependencies"]
                if [button, "click"] in fn["targets"]
            )
        )

    async def look(self) -> dict[str, Any]:
        """Ticks once more: what the page is told, by the name of the widget."""
        fn = self._ticking_fn()
        answer = await self.client.post("/gradio_api/run/predict", json=self._body(fn, {}))
        components = {each["id"]: each for each in self.config["components"]}
        return {
            components[number]["props"]["elem_id"]: value
            for number, value in zip(fn["outputs"], answer.json()["data"], strict=True)
            if components[number]["type"] != "state" and value != {"__type__": "update"}
        }

    async def leave(self) -> None:
        """Closes the page, and with it every stream."""
        for task in (self._alive, self._ticking, self._listening):
            if task is not None:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task

    # ---- as the page's own script does it -------------------------------------------------------

    async def _heartbeat(self) -> None:
        async with self.client.stream("GET", f"/gradio_api/heartbeat/{self.session}") as stream:
            async for _ in stream.aiter_bytes():
                pass

    async def _ticks(self) -> None:
        if not any(_is_set_off(fn, "tick") for fn in self.config["dependencies"]):
            return
        while True:
            await asyncio.sleep(TICK_EVERY_S)
            began_s = time.monotonic()
            await self._event(self._ticking_fn())
            self.tick_s.append(time.monotonic() - began_s)

    async def _event(self, fn: dict[str, Any], **values: str) -> None:
        """One event, and then those that follow it, side by side."""
        is_good = True
        if fn["backend_fn"]:
            body = self._body(fn, values)
            if fn["queue"]:
                is_good = await self._queued(fn, body)
            else:
                answer = await self.client.post("/gradio_api/run/predict", json=body)
                is_good = answer.status_code == 200
                if not is_good:
                    self.problems.append(f"{fn['id']} answered {answer.status_code}")
        following = [
            each
            for each in self.config["dependencies"]
            if each["trigger_after"] == fn["id"]
            and (is_good or not each["trigger_only_on_success"])
        ]
        await asyncio.gather(*(self._event(each) for each in following))

    async def _queued(self, fn: dict[str, Any], body: dict[str, Any]) -> bool:
        joined = await self.client.post("/gradio_api/queue/join", json=body)
        if joined.status_code != 200:
            self.problems.append(f"{fn['id']} was not taken: {joined.status_code} {joined.text}")
            return False
        event = _Event(fn=fn, last_s=time.time())
        event_id = joined.json()["event_id"]
        self._waiting[event_id] = event
        for message in self._early.pop(event_id, ()):
            self._hear(message)
        if not event.outcome.done() and (self._listening is None or self._listening.done()):
            self._listening = asyncio.create_task(self._listen())
        return await event.outcome

    async def _listen(self) -> None:
        """One stream for all events under way; the server closes it when none is left."""
        while self._waiting:
            try:
                async with self.client.stream(
                    "GET", "/gradio_api/queue/data", params={"session_hash": self.session}
                ) as stream:
                    async for line in stream.aiter_lines():
                        if line.startswith("data:"):
                            self._hear(json.loads(line[5:]))
            except httpx.TransportError as exc:
                self._give_up(f"the stream broke: {exc!r}")

    def _give_up(self, why: str) -> None:
        self.problems.append(why)
        for event in self._waiting.values():
            event.outcome.set_result(False)
        self._waiting.clear()

    def _hear(self, message: dict[str, Any]) -> None:
        if message["msg"] == "unexpected_error":
            self._give_up(f"the server gave up: {message.get('message')}")
        event_id = message.get("event_id") or ""
        event = self._waiting.get(event_id)
        if event is None:
            # An open stream may tell of an event before the answer that names it is here.
            self._early.setdefault(event_id, []).append(message)
            return
        if message["msg"] == "process_generating":
            now_s = time.time()
            card = json.dumps(message["output"].get("data"))
            sent, told = _SENT.search(card), _COMPARISON.search(card)
            self.comparison_id = told[1] if told else self.comparison_id
            self.updates.append(
                Update(
                    at_s=now_s,
                    gap_s=now_s - event.last_s,
                    lane=event.fn["outputs"][0],
                    is_over=_OVER.search(card) is not None,
                    sent_at_s=None if sent is None else float(sent[1]),
                )
            )
            event.last_s = now_s
        elif message["msg"] == "process_completed":
            del self._waiting[message["event_id"]]
            if not message["success"]:
                self.problems.append(f"{event.fn['id']} failed: {message['output']}")
            event.outcome.set_result(bool(message["success"]))

    def _ticking_fn(self) -> dict[str, Any]:
        # The first is the one of the tab in sight.
        return next(fn for fn in self.config["dependencies"] if _is_set_off(fn, "tick"))

    def _body(self, fn: dict[str, Any], values: dict[str, str]) -> dict[str, Any]:
        return {
            "data": [self._value(number, values) for number in fn["inputs"]],
            "event_data": None,
            "fn_index": fn["id"],
            "trigger_id": fn["targets"][0][0] if fn["targets"] else None,
            "session_hash": self.session,
        }

    def _value(self, number: int, values: dict[str, str]) -> Any:
        component = next(each for each in self.config["components"] if each["id"] == number)
        props = component["props"]
        if component["type"] == "state":
            return None
        if props.get("elem_id") in values:
            return values[props["elem_id"]]
        return self.told.get(str(props.get("label")), props.get("value"))

    def _number(self, elem_id: str) -> int:
        return next(
            each["id"]
            for each in self.config["components"]
            if each["props"].get("elem_id") == elem_id
        )


@asynccontextmanager
async def visitors_of(url: str, number: int) -> AsyncIterator[list[Visitor]]:
    """
    That many pages, yet to be loaded; they are closed at the end.

    Each is somebody else to the page, at an address of their own, and has connections of its own,
    as a browser has: a client looks through all it holds at each request, which for fifty pages took
    as long as the server took to send them.
    """
    async with AsyncExitStack() as opened:
        clients = [
            # The address is of this machine and plain: no certificates are read.
            httpx.AsyncClient(
                base_url=url,
                headers={"X-Forwarded-For": f"198.51.100.{place % 250 + 1}"},
                timeout=_PATIENCE_S,
                limits=_LIMITS,
                verify=False,
                trust_env=False,
            )
            for place in range(number)
        ]
        for client in clients:
            await opened.enter_async_context(client)
        config = (await clients[0].get("/config")).raise_for_status().json()
        visitors = [
            Visitor(
                client=client,
                config=config,
                told={"visit": secrets.token_hex(16), "owner": new_owner_token()},
            )
            for client in clients
        ]
        try:
            yield visitors
        finally:
            await asyncio.gather(*(each.leave() for each in visitors))


def _is_set_off(fn: dict[str, Any], event: str) -> bool:
    return any(name == event for _, name in fn["targets"])
