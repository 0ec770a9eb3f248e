"""What is let in: the routes the page needs, from our own pages, in bodies of a sensible size and shape."""

import json
import logging
import re
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from playground.runner.crowd import network_of
from playground.ui.serving.bodies import Bodies, Limits, RefusedError, replayed
from playground.ui.serving.callers import address_of
from playground.ui.serving.payloads import (
    Check,
    Known,
    check_anything,
    check_cancel,
    check_event,
    check_named_call,
    check_reset,
    check_server_call,
    is_session,
    parsed,
)

log = logging.getLogger(__name__)

MAX_HEADER_BYTES = 16_000
MAX_NAME_BYTES = 255  # of a file, in any file system
API = "/gradio_api"

_ANY = r"[^/]+"
_FILE = f"{API}/file="
_SAFE_RANGE = re.compile(r"bytes=([0-9]{0,15}-[0-9]{0,15})")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
# What a page needs to be there; the framework has some forty more, for its editors and hosts.
_READ = tuple(
    re.compile(pattern)
    for pattern in (
        r"/",
        r"/(config|theme\.css|favicon\.ico|robots\.txt|manifest\.json)/?",
        r"/(assets|static|svelte)/.+",
        rf"{API}/(info|app_id|login_check|startup-events|queue/status)/?",
        rf"{API}/file=.+",
        rf"{API}/heartbeat/{_ANY}",
        rf"{API}/(queue/data|upload_progress)/?",
        rf"{API}/call/(v2/)?{_ANY}/{_ANY}",
    )
)
_POSTS: tuple[tuple[re.Pattern[str], Check], ...] = tuple(
    (re.compile(pattern), check)
    for pattern, check in (
        (rf"{API}/queue/join/?", check_event),
        (rf"{API}/(run|api)/predict/?", check_event),
        (rf"{API}/call/v2/{_ANY}/?", check_anything),
        (rf"{API}/component_server/?", check_server_call),
        (rf"{API}/cancel/?", check_cancel),
        (rf"{API}/reset/?", check_reset),
    )
)
# Where the framework itself finds out what a post means, or that it cannot send it back.
_UNCHECKED = re.compile(rf"{API}/(upload|call/v2/{_ANY}|(run|api)/predict)/?")
_UPLOAD = re.compile(rf"{API}/upload/?")
_CALL = re.compile(rf"{API}/call/(?:v2/)?({_ANY})(/{_ANY})?/?")
_OF_A_SESSION = re.compile(rf"{API}/(?:queue/data/?|heartbeat/({_ANY}))")


class Door:
    """
    Stands before the framework and lets in only what this page does.

    Args:
        origins: Host names, besides the one a request is sent to, whose pages may post here.

        upload_dir: Whose disk an upload would fill; its files are served.

        served: More folders whose files are served, and nothing else is: not by a link in one of
            them either, and nothing hidden.

        beside: Paths of routes of our own that check their callers themselves; what is below them
            too. Only the size of a body is limited there, to so many bytes.

        is_behind_proxy: As in `address_of`.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        limits: Limits,
        origins: Iterable[str] = (),
        upload_dir: Path,
        served: Iterable[Path] = (),
        beside: Mapping[str, int] | None = None,
        is_behind_proxy: bool = False,
    ) -> None:
        self._app = app
        self._bodies = Bodies(limits, upload_dir=upload_dir)
        self._upload_dir = upload_dir
        self._served = tuple(folder.resolve() for folder in (upload_dir, *served))
        self._origins = frozenset(origin.lower() for origin in origins)
        self._beside = dict(beside or {})
        self._is_behind_proxy = is_behind_proxy
        self._known: tuple[Any, Known] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        elif scope["type"] != "http":
            await self._app(scope, receive, send)
        else:
            await self._request(scope, receive, send)

    async def _request(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = _Answer(send)
        try:
            path, headers = _path_of(scope), Headers(scope=scope)
            self._look(scope, path, headers)
            receive = await self._let_in(scope, path, headers, receive)
            try:
                await self._app(scope, receive, answer)
            except (TypeError, ValueError, LookupError, OSError) as exc:
                # The framework reads forms and named values as if they came from its own page, and
                # fails on half a character that is sent back.
                if answer.has_begun or not _UNCHECKED.fullmatch(path):
                    raise
                log.info("A post to %s was not understood (%s).", path, type(exc).__name__)
                raise RefusedError(422, "This was not understood.") from exc
        except RefusedError as exc:
            # The rest of the body is not wanted: without this it would still be read.
            await PlainTextResponse(
                exc.words, status_code=exc.status, headers={"Connection": "close"}
            )(scope, receive, send)
        except RuntimeError as exc:
            # The framework's streams tell the page that a session is gone, and then raise.
            if not (answer.has_begun and isinstance(exc.__cause__, HTTPException)):
                raise
            await answer.end()

    async def _let_in(self, scope: Scope, path: str, headers: Headers, receive: Receive) -> Receive:
        """What the framework receives of this request."""
        max_bytes = self._max_bytes_beside(path)
        if max_bytes is not None:
            place = self._place(scope, headers)
            body = await self._bodies.whole(headers, receive, place=place, max_bytes=max_bytes)
            return replayed(body, receive)
        name = self._endpoint(path, scope)
        if scope["method"] in ("GET", "HEAD"):
            _look_at_reading(scope, path)
            if path.startswith(_FILE) and not self._is_served(path.removeprefix(_FILE)):
                raise RefusedError(403, "Only files of this app are served.")
            return receive
        if _UPLOAD.fullmatch(path):
            return await self._bodies.upload(headers, receive)
        check = _check_of(path, name)
        if headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            raise RefusedError(415, "Only JSON is taken here.")
        body = await self._bodies.whole(headers, receive, place=self._place(scope, headers))
        try:
            check(parsed(body), self._known_of(scope))
        except ValueError as exc:
            raise RefusedError(422, f"This was not understood. {exc}") from exc
        return replayed(body, receive)

    # ---- who asks, and for what -----------------------------------------------------------------

    def _look(self, scope: Scope, path: str, headers: Headers) -> None:
        names = path.split("/")
        is_no_file = any(len(name.encode("utf-8", "replace")) > MAX_NAME_BYTES for name in names)
        if _CONTROL.search(path) or ".." in names or is_no_file:
            raise RefusedError(404, "There is nothing here.")
        if sum(len(name) + len(value) for name, value in scope["headers"]) > MAX_HEADER_BYTES:
            raise RefusedError(431, "The headers are too long.")
        reads = scope["method"] in ("GET", "HEAD")
        is_beside = self._max_bytes_beside(path) is not None
        if not (reads or scope["method"] == "POST" or is_beside):
            raise RefusedError(405, "Only GET and POST are answered here.")
        if not reads and not self._is_ours(headers):
            raise RefusedError(403, "Pages of other sites may not send anything here.")

    def _is_served(self, told: str) -> bool:
        try:
            file = Path(told).resolve()
        except (OSError, ValueError, RuntimeError):
            return False
        for folder in self._served:
            if file.is_relative_to(folder):
                return not any(name.startswith(".") for name in file.relative_to(folder).parts)
        return False

    def _max_bytes_beside(self, path: str) -> int | None:
        """What a body may have there; None when the path is no route of our own."""
        for each, max_bytes in self._beside.items():
            if path == each or path.startswith(f"{each}/"):
                return max_bytes
        return None

    def _place(self, scope: Scope, headers: Headers) -> str:
        peer = scope.get("client")
        host = None if peer is None else str(peer[0])
        address = address_of(headers, host, is_behind_proxy=self._is_behind_proxy)
        return network_of(address or "")

    def _is_ours(self, headers: Headers) -> bool:
        """Browsers name the page a post comes from; programs, which could claim anything, do not."""
        origin = headers.get("origin")
        if origin is None:
            return headers.get("sec-fetch-site", "none") in ("none", "same-origin")
        try:
            page = urlsplit(origin)
            name = page.hostname or ""
        except ValueError:
            return False
        host = headers.get("host", "").lower()
        return page.scheme in ("http", "https") and (
            page.netloc.lower() == host or name in self._origins
        )

    def _endpoint(self, path: str, scope: Scope) -> str | None:
        """The name that is called; None when the path is no call."""
        called = _CALL.fullmatch(path)
        if called is None:
            return None
        if called[1] not in self._known_of(scope).named_counts:
            raise RefusedError(404, "There is no endpoint of this name.")
        return called[1]

    def _known_of(self, scope: Scope) -> Known:
        blocks = _blocks(scope)
        if self._known is None or self._known[0] is not blocks:
            self._known = (blocks, known_of(blocks, self._upload_dir))
        return self._known[1]


class _Answer:
    """
    An answer on its way. A refusal in words, which the framework sends as an error of the server,
    becomes one of the request.
    """

    def __init__(self, send: Send) -> None:
        self._send = send
        self._held: Message | None = None
        self.has_begun = False

    async def __call__(self, message: Message) -> None:
        self.has_begun = True
        if message["type"] == "http.response.start" and message["status"] == 500:
            self._held = message
            return
        if self._held is not None:
            start, self._held = self._held, None
            is_told = _is_told(message.get("body", b""))
            await self._send({**start, "status": 422} if is_told else start)
        await self._send(message)

    async def end(self) -> None:
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})


def _is_told(body: bytes) -> bool:
    """Whether a handler said what was wrong, and did not just fail."""
    try:
        told = json.loads(body)
    except ValueError:
        return False
    return isinstance(told, dict) and isinstance(told.get("error"), str)


def known_of(blocks: Any, upload_dir: Path) -> Known:
    """What a built page consists of."""
    return Known(
        # Those without a function are done by the browser alone.
        input_counts={
            number: len(fn.inputs) for number, fn in blocks.fns.items() if fn.fn is not None
        },
        # With and without the values that only the server holds.
        named_counts={
            fn.api_name: {len(fn.inputs), sum(not each.skip_api for each in fn.inputs)}
            for fn in blocks.fns.values()
            if isinstance(fn.api_name, str) and fn.api_visibility != "private"
        },
        server_functions={
            number: [fn.__name__ for fn in getattr(block, "server_fns", ())]
            for number, block in blocks.blocks.items()
        },
        upload_dir=upload_dir,
    )


# ---- pieces -------------------------------------------------------------------------------------


def _path_of(scope: Scope) -> str:
    """The path below the one the app is mounted at."""
    path: str = scope["path"]
    root = scope.get("root_path", "").rstrip("/")
    return path[len(root) :] if root and path.startswith(f"{root}/") else path


def _look_at_reading(scope: Scope, path: str) -> None:
    if not any(pattern.fullmatch(path) for pattern in _READ):
        raise RefusedError(404, "There is nothing here.")
    query = parse_qs(scope["query_string"].decode("latin-1"))
    of_session = _OF_A_SESSION.fullmatch(path)
    if of_session is not None:
        session = of_session[1] or query.get("session_hash", [""])[-1]
        if not is_session(session):
            raise RefusedError(404, "There is no such session.")
    # The framework fails on ranges it cannot read; without one it sends the whole file.
    scope["headers"] = [
        (name, value)
        for name, value in scope["headers"]
        if name != b"range" or _SAFE_RANGE.fullmatch(value.decode("latin-1"))
    ]


def _check_of(path: str, endpoint: str | None) -> Check:
    if endpoint is not None and not _UNCHECKED.fullmatch(path):
        return partial(check_named_call, name=endpoint)
    for pattern, check in _POSTS:
        if pattern.fullmatch(path):
            return check
    raise RefusedError(404, "There is nothing here.")


def _blocks(scope: Scope) -> Any:
    """The page of the app that is asked: the framework makes its app only when it is launched."""
    return scope["app"].get_blocks()
