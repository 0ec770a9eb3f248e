"""What every endpoint shares: the key, the token, the body, a refusal's answer, a fault's answer."""

import json
import time
from collections.abc import Awaitable, Callable
from email.utils import formatdate
from functools import partial

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from playground.emulator import refusals
from playground.emulator.breakage import BrokenAnswer
from playground.emulator.core import Emulator
from playground.emulator.faults import SOCKET_BREAKS, Endpoint, Fault
from playground.emulator.limits import Category
from playground.emulator.refusals import Json, RefusalError
from playground.emulator.settings import MAX_BODY_BYTES

Handler = Callable[[Emulator, Request], Awaitable[Response]]

HTML_502 = (
    "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n"
    "<center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>cloudflare</center>\r\n"
    "</body>\r\n</html>\r\n"
)
HTML_200 = "<!DOCTYPE html><html><head><title>Welcome</title></head><body>Welcome</body></html>"


def endpoint(at: Endpoint, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    """A handler with counting, early faults, rate limit headers and refusals around it."""

    async def answer(request: Request) -> Response:
        emulator: Emulator = request.app.state.emulator
        emulator.tally.requests[at] += 1
        request.state.rate_headers = {}
        response = await _answer(emulator, request)
        for name, value in request.state.rate_headers.items():
            response.headers.setdefault(name, value)
        emulator.tally.answers[at, response.status_code] += 1
        return response

    async def _answer(emulator: Emulator, request: Request) -> Response:
        early = emulator.faults.take_early(at)
        if early is not None:
            return broken(emulator, early, server_error())
        try:
            return await handler(emulator, request)
        except RefusalError as refusal:
            return refused(emulator, refusal)
        except ClientDisconnect:
            return Response(status_code=499)  # nobody is there to read it

    return answer


def refused(emulator: Emulator, refusal: RefusalError) -> Response:
    body = emulator.dialect.error_body(refusal.body, status_code=refusal.status_code)
    return JSONResponse(body, status_code=refusal.status_code, headers=refusal.headers)


def said(body: Json) -> Response:
    """A JSON answer. Any string can be said, lone surrogates too: everything is escaped."""
    return Response(json.dumps(body, separators=(",", ":")), media_type="application/json")


def server_error() -> Response:
    body = {"error": {"code": 500, "message": "internal server error", "type": "server_error"}}
    return JSONResponse(body, status_code=500)


def base_url(request: Request) -> str:
    return f"{request.url.scheme}://{request.url.netloc}"


def user_of(emulator: Emulator, request: Request) -> str:
    return emulator.user_of(request.headers.get("authorization"))


def take_token(emulator: Emulator, request: Request, user: str, category: Category) -> None:
    """Count the request against the user's bucket; raises `RefusalError` when it is empty."""
    verdict = emulator.take_token(user, category)
    if verdict is None:
        return
    epoch_s = emulator.now_s() if emulator.dialect.reset_unit == "epoch" else None
    request.state.rate_headers = verdict.headers(epoch_s=epoch_s)
    if not verdict.is_allowed:
        raise refusals.rate_limited(headers={"Retry-After": str(verdict.retry_after_s)})


async def read_body(request: Request, *, limit_bytes: int = MAX_BODY_BYTES) -> bytes:
    """The body, read to its end; past the limit `RefusalError` 413."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit_bytes:
            raise refusals.too_large()
    return bytes(body)


def strike(
    emulator: Emulator,
    fault: Fault | None,
    answer: Response,
    *,
    give_back: Callable[[], None] | None = None,
) -> Response:
    """
    What a fault makes of a good answer; the answer itself without one.

    Raises `RefusalError` for a fault that is a refusal. `give_back` returns the rate limit token
    of the request, which a 429 does not use.
    """
    if fault is None:
        return answer
    if fault.is_refusal:
        if fault.kind == "rate_limited" and give_back is not None:
            give_back()
        raise refusal_of(fault)
    return _bad_answer(fault, answer) or broken(emulator, fault, answer)


def token_returner(emulator: Emulator, user: str, category: Category) -> Callable[[], None]:
    return partial(emulator.limiter.give_back, user, category, now_s=emulator.now_s())


def broken(emulator: Emulator, fault: Fault, answer: Response) -> Response:
    if fault.kind not in SOCKET_BREAKS | {"slow", "dribble"}:
        raise RuntimeError(f"No way to answer {fault.at}:{fault.kind} is written down.")
    return BrokenAnswer(fault.kind, answer, seconds=fault.seconds, closing=emulator.closing)


def _bad_answer(fault: Fault, answer: Response) -> Response | None:
    match fault.kind:
        case "error_500":
            return server_error()
        case "error_502":
            return Response(HTML_502, status_code=502, media_type="text/html")
        case "error_504":
            return Response(HTML_502.replace("502 Bad", "504"), 504, media_type="text/html")
        case "html_200":
            return Response(HTML_200, media_type="text/html")
        case "empty_200":
            return Response(b"", media_type="application/json")
        case "broken_json":
            body = bytes(answer.body)
            return Response(body[: len(body) // 2], media_type="application/json")
    return None


def refusal_of(fault: Fault) -> RefusalError:
    """The documented refusal that a fault stands for."""
    match fault.kind:
        case "refuse_400":
            return refusals.invalid_request("refused by a fault")
        case "refuse_401":
            return refusals.bad_key()
        case "refuse_402":
            return refusals.insufficient_quota(code=fault.code or refusals.INSUFFICIENT_QUOTA)
        case "refuse_403":
            code = fault.code or refusals.INSUFFICIENT_QUOTA
            return refusals.insufficient_quota(status_code=403, code=code)
        case "refuse_413":
            return refusals.too_large()
        case "refuse_422":
            return refusals.moderated()
        case "rate_limited":
            return refusals.rate_limited(headers={"Retry-After": _retry_after(fault)})
        case "rate_limit_unavailable":
            return refusals.rate_limit_unavailable()
    raise RuntimeError(f"{fault.kind} is not a refusal.")


def _retry_after(fault: Fault) -> str:
    if fault.is_retry_date:
        # A date is read against the client's own clock, which no test can stop.
        return formatdate(time.time() + fault.retry_after_s, usegmt=True)
    return format(fault.retry_after_s, "g")
