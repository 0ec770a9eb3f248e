"""The page itself, made once for all who ask for it alike."""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass
from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from playground.ui.framework import ADDRESS_HEADERS
from playground.ui.languages import PATHS
from playground.ui.texts import spoken

# Pages made at once: each takes megabytes until it is ready, and more at once are no quicker.
AT_ONCE = 4
KEPT = 8  # each 0.7 MB; a language, an address and a path make one
# The framework answers these with something of whoever asks.
_PERSONAL = {"deep_link", "page"}

_Key = tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class _Answer:
    start: Message
    body: bytes

    @property
    def is_for_everybody(self) -> bool:
        return self.start["status"] == 200 and "set-cookie" not in Headers(scope=self.start)

    async def send(self, send: Send) -> None:
        # Whoever passes it on adds headers to the list it is given.
        await send({**self.start, "headers": list(self.start["headers"])})
        await send({"type": "http.response.body", "body": self.body})


class FrontPage:
    """
    Answers for the page with the one that was made for the first who asked alike.

    It holds nothing of a visitor: what is theirs comes by events. The framework makes it anew for
    each, 40 ms, in which nobody else's events are answered.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._ready: OrderedDict[_Key, _Answer] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] not in PATHS:
            await self._app(scope, receive, send)
            return
        key = _key(scope)
        answer = self._found(key)
        if answer is None:
            async with self._turns:
                answer = self._found(key) or await self._made(scope, receive)
            if key is not None and answer.is_for_everybody:
                self._ready[key] = answer
                while len(self._ready) > KEPT:
                    self._ready.popitem(last=False)
        # Nobody waits for a browser that takes its page in slowly.
        await answer.send(send)

    def _found(self, key: _Key | None) -> _Answer | None:
        if key is None or key not in self._ready:
            return None
        self._ready.move_to_end(key)
        return self._ready[key]

    async def _made(self, scope: Scope, receive: Receive) -> _Answer:
        start: Message = {}
        body = bytearray()

        async def collect(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
            else:
                body.extend(message.get("body", b""))

        await self._app(scope, receive, collect)
        return _Answer(start, bytes(body))


def _key(scope: Scope) -> _Key | None:
    """All that the page depends on; None where it is made for one."""
    if scope["method"] != "GET":
        return None
    if not _PERSONAL.isdisjoint(parse_qs(scope["query_string"].decode("latin-1"))):
        return None
    headers = Headers(scope=scope)
    return (
        scope["path"],
        spoken(),
        scope["scheme"],
        scope.get("root_path"),
        str(scope.get("server")),
        headers.get("host"),
        *(headers.get(name) for name in ADDRESS_HEADERS),
    )
