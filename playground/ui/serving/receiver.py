"""Where the service may tell that a task ended: one address, open to whoever can sign."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable

from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from playground.errors import PlaygroundError, WebhookRefusedError
from playground.runner.desk import Desk
from playground.wire import read_webhook
from playground.wire.webhooks import MAX_BODY_BYTES

WEBHOOK_PATH = "/toapis/webhook"
MAX_KNOWN_EVENTS = 4096  # far more than can be fresh at once; older ones are refused by their age
READ_WITHIN_S = 5.0  # the service waits ten seconds for an answer


class Receiver:
    """
    Takes events and wakes who waits for their task.

    Answers 202 to an event, 200 to one that was taken before, 401, 400, 408 or 413 to what is
    refused, 503 while closing: the service then tries again by itself.

    Known events are not kept through a restart: a true one that is sent again sets off one
    question, which costs nothing, about a task that is waited for anyway.
    """

    def __init__(self, desk: Desk, secret: str, *, now_s: Callable[[], float] = time.time) -> None:
        self._desk = desk
        self._secret = secret
        self._now_s = now_s
        self._known: OrderedDict[str, None] = OrderedDict()

    async def answer(self, request: Request) -> Response:
        try:
            body = await _body_of(request)
            event = read_webhook(request.headers, body, secret=self._secret, now_s=self._now_s())
        except WebhookRefusedError as exc:
            return PlainTextResponse(str(exc), status_code=exc.status_code)
        if event.event_id in self._known:
            return PlainTextResponse("Taken before.")
        # Known before anybody is asked to wait: the same event may be on its way twice.
        self._remember(event.event_id)
        if event.is_final:
            try:
                await self._desk.announce(event)
            except PlaygroundError as exc:
                self._known.pop(event.event_id, None)
                return PlainTextResponse(str(exc), status_code=503)
        return PlainTextResponse("Taken.", status_code=202)

    def _remember(self, event_id: str) -> None:
        self._known[event_id] = None
        if len(self._known) > MAX_KNOWN_EVENTS:
            self._known.popitem(last=False)


async def _body_of(request: Request) -> bytes:
    body = bytearray()
    try:
        async with asyncio.timeout(READ_WITHIN_S):
            async for chunk in request.stream():
                body += chunk
                if len(body) > MAX_BODY_BYTES:
                    raise WebhookRefusedError("The body is too long.", status_code=413)
    except TimeoutError:
        raise WebhookRefusedError("The body did not come in time.", status_code=408) from None
    except ClientDisconnect:
        raise WebhookRefusedError("The body did not come whole.", status_code=400) from None
    return bytes(body)


def webhook_routes(desk: Desk) -> list[Route]:
    """The one route of the receiver; none without a secret."""
    secret = desk.settings.webhook_secret
    if secret is None:
        return []
    return [Route(WEBHOOK_PATH, Receiver(desk, secret).answer, methods=["POST"])]
