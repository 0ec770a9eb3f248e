"""What every answer of the page's server must pass: known host names only, and headers that browsers obey."""

import re
from collections.abc import Iterable
from fnmatch import fnmatch
from urllib.parse import unquote

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOCAL_HOSTS = ("localhost", "127.0.0.1", "[::1]")
# Inline scripts and `eval`: the framework writes its settings into the page, and makes the scripts
# of widgets from text. What remains is worth it: nothing is fetched from, or sent to, elsewhere.
_PAGE_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "media-src 'self' blob:",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "frame-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
    )
)
# A picture or a report, opened by itself, is looked at and runs nothing.
_FILE_POLICY = "sandbox; default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'"
# The page may stand inside a Space's frame and nowhere else; `X-Frame-Options` could not say so.
_FRAMES = "frame-ancestors 'self' https://huggingface.co https://*.hf.space"
_POLICY = "Content-Security-Policy"
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    _POLICY: f"{_PAGE_POLICY}; {_FRAMES}",
}
_FILES = "/gradio_api/file="
# Routes of the framework that fetch an address the caller names.
_FETCHERS = ("/gradio_api/file=", "/gradio_api/proxy=", "/file=", "/proxy=")
# Proxies fold the two slashes of an address into one. A drive letter is not a scheme.
_ADDRESS = re.compile(r"\s*[a-z][a-z0-9+.-]+:/", re.IGNORECASE)


def host_name(host: str) -> str:
    """The name in a Host header, without the port; an IPv6 address keeps its brackets."""
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.partition(":")[0].lower()


class KnownHosts:
    """
    Answers only requests that name one of our hosts.

    Otherwise any web page could point a name of its own at this machine and spend the key here.
    """

    def __init__(self, app: ASGIApp, *, hosts: Iterable[str]) -> None:
        self._app = app
        self._hosts = tuple(host.lower() for host in hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            name = host_name(Headers(scope=scope).get("host", ""))
            if not any(name == host or fnmatch(name, host) for host in self._hosts):
                refusal = PlainTextResponse(
                    "This host name is not known here. Add it to PLAYGROUND_ALLOWED_HOSTS.",
                    status_code=400,
                )
                await refusal(scope, receive, send)
                return
        await self._app(scope, receive, send)


class NoFetching:
    """Refuses the framework's routes when they are asked to fetch something from elsewhere."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and _names_an_address(scope["path"]):
            refusal = PlainTextResponse("Only files of this app are served.", status_code=403)
            await refusal(scope, receive, send)
            return
        await self._app(scope, receive, send)


def _names_an_address(path: str) -> bool:
    for fetcher in _FETCHERS:
        _, found, target = path.partition(fetcher)
        if found and _ADDRESS.match(unquote(target)):
            return True
    return False


class SafeHeaders:
    """Adds `HEADERS` to every answer that does not set them itself."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if _FILES in scope["path"]:
                    headers.setdefault(_POLICY, f"{_FILE_POLICY}; {_FRAMES}")
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers)


def middleware(allowed_hosts: Iterable[str] = ()) -> list[Middleware]:
    """
    Everything above, outermost first.

    Args:
        allowed_hosts: Names besides this machine's own; `*.example.org` stands for all below it.
    """
    return [
        Middleware(SafeHeaders),
        Middleware(KnownHosts, hosts=(*LOCAL_HOSTS, *allowed_hosts)),
        Middleware(NoFetching),
    ]
