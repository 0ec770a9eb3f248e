"""A public deployment under test: strangers who call its page's handlers raw, over real HTTP."""

import json
import secrets
import socket
from collections.abc import Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx

from playground.emulator import EmulatorServer, EmulatorSettings
from playground.identity import new_owner_token, owner_id_of
from playground.runner.desk import Desk
from playground.settings import Settings
from tests.engine_rig import HURRY, SPEED

HOST_KEY = "sk-the-host-s-own-key"
VISITOR_KEY = "sk-a-visitor-s-own-key"
EVENTS_WITHIN_S = 60.0


@dataclass
class Deployment:
    """A running page where strangers come, and what stands for the real service behind it."""

    url: str
    desk: Desk
    service: EmulatorServer

    @asynccontextmanager
    async def stranger(self, **changes: Any) -> "Any":
        async with httpx.AsyncClient(base_url=self.url, timeout=EVENTS_WITHIN_S) as client:
            stranger = Stranger(client=client, **changes)
            await stranger.look_around()
            yield stranger


@dataclass
class Stranger:
    """Somebody with an HTTP client. `address` is what the nearest proxy says of them."""

    client: httpx.AsyncClient
    token: str = field(default_factory=new_owner_token)
    visit_id: str = field(default_factory=lambda: secrets.token_hex(16))
    session: str = field(default_factory=lambda: secrets.token_hex(6))
    address: str = "203.0.113.7"
    config: dict[str, Any] = field(default_factory=dict)

    @property
    def owner_id(self) -> str:
        return owner_id_of(self.token)

    @property
    def headers(self) -> dict[str, str]:
        return {"X-Forwarded-For": f"198.51.100.99, {self.address}"}

    async def look_around(self) -> None:
        self.config = (await self.client.get("/config", headers=self.headers)).json()

    # ---- the page's own events -----------------------------------------------------------------

    async def load(self, comparison_id: str = "") -> dict[str, Any]:
        """As the page does first: says who is there."""
        told = {"visit": self.visit_id, "place": comparison_id, "owner": self.token}
        for function in self.config["dependencies"]:
            labels = [self._component(each)["props"].get("label") for each in function["inputs"]]
            if {"visit", "place", "owner"} <= set(labels):
                return await self._join(function, [told.get(label, "") for label in labels])
        raise AssertionError("The page has no load event.")

    async def fire(
        self, elem_id: str, event: str, event_data: Any = None, **values: Any
    ) -> dict[str, Any]:
        """Sets an event of a widget off, with these values in the widgets (`-` written `_`)."""
        function = self.function(elem_id, event)
        return await self._join(function, self._data(function, values), event_data)

    async def fire_everything(self, event_data: Any, told: Any = None) -> str:
        """
        Sets off every event of the page with this data, whatever widget it belongs to; gives all
        that was answered as one text.

        Args:
            told: What every box without a name of its own holds.
        """
        answers = []
        for function in self.config["dependencies"]:
            if not function["backend_fn"]:
                continue
            data = [
                told if self._is_nameless(number) else value
                for number, value in zip(function["inputs"], self._data(function, {}), strict=True)
            ]
            answers.append(await self._try(function, data, event_data))
        return json.dumps(answers)

    async def _try(self, function: dict[str, Any], data: list[Any], event_data: Any) -> Any:
        try:
            return await self._join(function, data, event_data)
        except (AssertionError, httpx.HTTPStatusError) as refused:
            return str(refused)

    def _data(self, function: dict[str, Any], values: dict[str, Any]) -> list[Any]:
        data = []
        for number in function["inputs"]:
            component = self._component(number)
            name = str(component["props"].get("elem_id", "")).replace("-", "_")
            value = values.get(name, component["props"].get("value"))
            data.append(None if component["type"] == "state" else value)
        return data

    def _is_nameless(self, number: int) -> bool:
        component = self._component(number)
        return component["type"] == "textbox" and not component["props"].get("elem_id")

    def function(self, elem_id: str, event: str) -> dict[str, Any]:
        """The first one that such an event sets off."""
        numbers = {
            component["id"]
            for component in self.config["components"]
            if component["props"].get("elem_id") == elem_id
        }
        for function in self.config["dependencies"]:
            if any(target[0] in numbers and target[1] == event for target in function["targets"]):
                return function  # type: ignore[no-any-return]
        raise AssertionError(f"{elem_id} has no event {event}.")

    async def run(self, prompt: str = "A fox", **choices: Any) -> dict[str, Any]:
        chosen = {
            "size": "1:1",
            "resolution": "1K",
            "repeats": 1,
            "lanes": ["flux-2-flex", "flux-2-pro"],
            **choices,
        }
        return await self.fire("run", "click", prompt=prompt, choices=chosen)

    # ---- HTTP ----------------------------------------------------------------------------------

    def _component(self, number: int) -> dict[str, Any]:
        return next(each for each in self.config["components"] if each["id"] == number)

    async def _join(
        self, function: dict[str, Any], data: list[Any], event_data: Any = None
    ) -> dict[str, Any]:
        """What came of it, by the elem_id of each widget that was changed."""
        joined = await self.client.post(
            "/gradio_api/queue/join",
            headers=self.headers,
            json={
                "data": data,
                "fn_index": function["id"],
                "event_data": event_data,
                "session_hash": self.session,
                "trigger_id": function["targets"][0][0] if function["targets"] else None,
            },
        )
        joined.raise_for_status()
        event_id = joined.json()["event_id"]
        async with self.client.stream(
            "GET",
            "/gradio_api/queue/data",
            params={"session_hash": self.session},
            headers=self.headers,
        ) as stream:
            async for line in stream.aiter_lines():
                if not line.startswith("data:"):
                    continue
                message = json.loads(line[5:])
                if message.get("event_id") == event_id and message["msg"] == "process_completed":
                    assert message["success"], message
                    return self._named(function, message["output"]["data"])
        raise AssertionError("The stream ended before the event did.")

    def _named(self, function: dict[str, Any], values: list[Any]) -> dict[str, Any]:
        return {
            self._component(number)["props"].get("elem_id") or f"state {number}": value
            for number, value in zip(function["outputs"], values, strict=True)
        }


@contextmanager
def public_app(
    data_dir: Path, *, service: dict[str, Any] | None = None, **changes: Any
) -> Iterator[Deployment]:
    """
    The page of a public deployment whose own key is lent; the service behind is an emulator of
    its own, as it would be elsewhere.
    """
    from playground import ui

    told = {"speed": SPEED, "picture": "plain", "seed": 3, **(service or {})}
    settings = EmulatorSettings(data_dir=data_dir / "service", **told)
    with EmulatorServer(settings) as server:
        defaults = {
            "is_public": True,
            "is_behind_proxy": True,
            "emulator_speed": SPEED,
            "api_key": HOST_KEY,
            "base_url": server.url,
            "session_cap_usd": None,
            "day_cap_usd": Decimal(5),
            "visitor_cap_usd": Decimal(1),
        }
        desk = Desk(Settings(data_dir=data_dir / "data", **{**defaults, **changes}), patience=HURRY)
        desk.start()
        demo = ui.build(desk)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        try:
            _, url, _ = demo.launch(
                server_name="127.0.0.1",
                server_port=port,
                prevent_thread_lock=True,
                quiet=True,
                **ui.launch_options(desk),
            )
            yield Deployment(url=url, desk=desk, service=server)
        finally:
            demo.close()
            desk.close()
