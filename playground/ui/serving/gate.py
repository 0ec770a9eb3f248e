"""A name and a password before everything, where the owner asks for them."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Collection

from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from playground.ui.serving.receiver import WEBHOOK_PATH

_CHALLENGE = {"WWW-Authenticate": 'Basic realm="playground", charset="UTF-8"'}
# Signed by the service itself, and the framework's own look whether it runs, which tells nothing.
OPEN = (("POST", WEBHOOK_PATH), ("GET", "/gradio_api/startup-events"))


class Gate:
    """
    Answers only requests that carry the name and the password (HTTP Basic).

    Before the framework's own routes, because its `auth` leaves some of them open.
    """

    def __init__(
        self, app: ASGIApp, *, credentials: str, left_open: Collection[tuple[str, str]] = OPEN
    ) -> None:
        self._app = app
        self._wanted = _digest(credentials.encode())
        self._left_open = frozenset(left_open)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or self._may_pass(scope):
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            refusal = PlainTextResponse(
                "A name and a password are needed.", status_code=401, headers=_CHALLENGE
            )
            await refusal(scope, receive, send)

    def _may_pass(self, scope: Scope) -> bool:
        if (scope.get("method"), scope["path"]) in self._left_open:
            return True
        scheme, _, told = Headers(scope=scope).get("authorization", "").partition(" ")
        try:
            given = base64.b64decode(told.strip(), validate=True)
        except (binascii.Error, ValueError):
            given = b""
        # Digests are of one length, so that comparing them takes one time.
        is_right = hmac.compare_digest(_digest(given), self._wanted)
        return is_right and scheme.lower() == "basic"


def _digest(text: bytes) -> bytes:
    return hashlib.sha256(text).digest()


def gate(auth: str | None) -> list[Middleware]:
    """The gate as the last thing before the app; nothing where nobody asked for it."""
    return [] if auth is None else [Middleware(Gate, credentials=auth)]
