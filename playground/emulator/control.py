"""The emulator's own endpoints under `/_emulator`: faults, dialect, counts; from this machine only."""

import ipaddress
import json
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from playground.emulator.answers import decimal_text
from playground.emulator.core import Emulator
from playground.emulator.faults import Fault

Handler = Callable[[Emulator, Request], Awaitable[Response]]


def is_loopback(host: str | None) -> bool:
    """Whether a host name or address can only be this machine."""
    if host is None:
        return False
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def guarded(handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    """A handler for callers on this machine; a web page elsewhere cannot pass for one."""

    async def answer(request: Request) -> Response:
        # The Host header too: a name that an attacker points at 127.0.0.1 is not `localhost`.
        is_local = request.client is not None and is_loopback(request.client.host)
        if not is_local or not is_loopback(request.url.hostname):
            return JSONResponse({"error": "only from this machine"}, status_code=403)
        try:
            return await handler(request.app.state.emulator, request)
        except ValueError as exc:
            return JSONResponse({"error": str(exc)}, status_code=400)

    return answer


async def list_faults(emulator: Emulator, _request: Request) -> Response:
    listing = [
        {**fault.as_json(), "n_struck": n_struck} for fault, n_struck in emulator.faults.listing()
    ]
    return JSONResponse({"faults": listing})


async def put_faults(emulator: Emulator, request: Request) -> Response:
    """Replace every fault by those of the body, `{"faults": [{"at": …, "kind": …}]}`."""
    emulator.faults.replace(await _faults(request))
    return await list_faults(emulator, request)


async def add_faults(emulator: Emulator, request: Request) -> Response:
    """Add the faults of the body to those in force."""
    emulator.faults.add(*await _faults(request))
    return await list_faults(emulator, request)


async def clear_faults(emulator: Emulator, request: Request) -> Response:
    emulator.faults.clear()
    return await list_faults(emulator, request)


async def _faults(request: Request) -> list[Fault]:
    listing = (await _object(request)).get("faults")
    if not isinstance(listing, list) or not all(isinstance(item, dict) for item in listing):
        raise ValueError('The body must be {"faults": [{"at": "create", "kind": "reset"}]}.')
    return [Fault.from_json(item) for item in listing]


async def _object(request: Request) -> dict[str, Any]:
    body = json.loads(await request.body())
    if not isinstance(body, dict):
        raise ValueError("The body must be a JSON object.")
    return body


async def show_dialect(emulator: Emulator, _request: Request) -> Response:
    return JSONResponse(emulator.dialect.as_json())


async def change_dialect(emulator: Emulator, request: Request) -> Response:
    """Set the switches of the body, and leave the others as they are."""
    try:
        emulator.dialect = emulator.dialect.changed(await _object(request))
    except TypeError as exc:
        raise ValueError(str(exc)) from exc
    return await show_dialect(emulator, request)


async def reset_dialect(emulator: Emulator, request: Request) -> Response:
    emulator.dialect = emulator.settings.dialect
    return await show_dialect(emulator, request)


async def show_state(emulator: Emulator, _request: Request) -> Response:
    """Counts since the start, and every charge there is."""
    tally = emulator.tally
    return JSONResponse(
        {
            "requests": {at.value: count for at, count in tally.requests.items()},
            "answers": {f"{at} {code}": count for (at, code), count in tally.answers.items()},
            "status_queries": dict(tally.status_queries),
            "file_requests": dict(tally.file_requests),
            "leaks": [{"path": leak.path, "header": leak.header} for leak in tally.leaks],
            "n_uploads": len(emulator.store.uploads()),
            "charges": [
                {
                    "task_id": charge.task_id,
                    "client_business_id": charge.client_business_id,
                    "model": charge.model,
                    "credits": decimal_text(charge.credits),
                    "charged_at": charge.charged_at,
                    "refunded_at": charge.refunded_at,
                }
                for charge in emulator.charges()
            ],
            "deliveries": [
                {
                    "event_id": delivery.event_id,
                    "url": delivery.url,
                    "n_attempts": delivery.n_attempts,
                    "due_at": delivery.due_at,
                    "outcome": delivery.outcome,
                }
                for delivery in emulator.store.deliveries()
            ],
        }
    )


async def send_test_event(emulator: Emulator, _request: Request) -> Response:
    """What the button in the vendor's console does."""
    if emulator.courier is None:
        raise ValueError("No webhook URL is set.")
    return JSONResponse({"event_id": emulator.courier.add_test_event()})


ROUTES = [
    Route("/_emulator/faults", guarded(list_faults), methods=["GET"]),
    Route("/_emulator/faults", guarded(put_faults), methods=["PUT"]),
    Route("/_emulator/faults", guarded(add_faults), methods=["POST"]),
    Route("/_emulator/faults", guarded(clear_faults), methods=["DELETE"]),
    Route("/_emulator/dialect", guarded(show_dialect), methods=["GET"]),
    Route("/_emulator/dialect", guarded(change_dialect), methods=["PUT"]),
    Route("/_emulator/dialect", guarded(reset_dialect), methods=["DELETE"]),
    Route("/_emulator/state", guarded(show_state), methods=["GET"]),
    Route("/_emulator/webhook-test", guarded(send_test_event), methods=["POST"]),
]
