"""A stranger who asks a running page for everything it has, and for much it has not, over raw sockets."""

import ast
import asyncio
import json
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from tests import nasty

SCREENS = Path(__file__).resolve().parent.parent / "playground" / "ui"
HANGS_AFTER_S = 30.0
LOOK_AT_A_STREAM_S = 0.3
MAX_ANSWER_BYTES = 3_000_000
SAYS_TOO_MUCH = (b"Traceback (most recent", b'File "/', b"site-packages")
GOOD_REFUSALS = {503, 507}  # the only answers above 499 that are meant
EVENTS_PER_SESSION = 25

PATHS = (
    "/",
    "/?view=x",
    "/?deep_link=../../x",
    "/config",
    "/config?deep_link=%00&page=%ff",
    "/config?page=__proto__",
    "/theme.css",
    "/robots.txt",
    "/manifest.json",
    "/favicon.ico",
    "/assets/../../x",
    "/assets/%2e%2e/%2e%2e/x",
    "/assets/%00",
    "/static/img/../../../x",
    "/static/" + "a" * 5_000,
    "/svelte/x",
    "/gradio_api/info",
    "/gradio_api/info?serialize=False",
    "/gradio_api/openapi.json",
    "/docs",
    "/openapi.json",
    "/gradio_api/file=",
    "/gradio_api/file=/etc/passwd",
    "/gradio_api/file=%00",
    "/gradio_api/file=..%2f..%2fetc%2fpasswd",
    "/gradio_api/file=http://127.0.0.1:1/",
    "/gradio_api/file=" + "a/" * 3_000,
    "/gradio_api/file/x",
    "/gradio_api/proxy=http://127.0.0.1:1/",
    "/gradio_api/queue/data",
    "/gradio_api/queue/data?session_hash=",
    "/gradio_api/queue/data?session_hash=nobody",
    "/gradio_api/queue/data?session_hash=%00",
    "/gradio_api/queue/status",
    "/gradio_api/heartbeat/nobody",
    "/gradio_api/heartbeat/%ff",
    "/gradio_api/heartbeat/../x",
    "/gradio_api/call/x/y",
    "/gradio_api/call/compare/" + "x" * 3_000,
    "/gradio_api/stream/a/b/1/playlist.m3u8",
    "/gradio_api/upload_progress",
    "/gradio_api/upload_progress?upload_id=x",
    "/gradio_api/vibe-code",
    "/gradio_api/vibe-edit",
    "/gradio_api/deep_link?session_hash=x",
    "/gradio_api/dev/reload",
    "/gradio_api/startup-events",
    "/gradio_api/app_id",
    "/gradio_api/user",
    "/gradio_api/token",
    "/gradio_api/runs",
    "/gradio_api/custom_component/x/server/y/z",
    "/gradio_api/process_recording",
    "/gradio_api/profiling/traces",
    "/gradio_api/mcp/",
    "/monitoring",
    "/monitoring/summary",
    "/monitoring/x",
    "/login",
    "/logout",
    "/pwa_icon/0",
    "/pwa_icon/99999",
    "//example.org/",
    "/%",
    "/%ff%fe",
    "/gradio_api//queue/join",
)
POSTS = (
    "/gradio_api/queue/join",
    "/gradio_api/run/predict",
    "/gradio_api/api/predict",
    "/gradio_api/run/_on_run",
    "/gradio_api/call/_on_run",
    "/gradio_api/call/compare",
    "/gradio_api/call/status",
    "/gradio_api/call/v2/compare",
    "/gradio_api/call/v2/verdict",
    "/gradio_api/component_server/",
    "/gradio_api/cancel",
    "/gradio_api/reset",
    "/gradio_api/upload",
    "/gradio_api/stream/x",
    "/gradio_api/stream/x/close",
    "/gradio_api/vibe-edit",
    "/gradio_api/process_recording",
    "/gradio_api/mcp/",
    "/login",
    "/",
)
METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND", "x")
HEADERS: tuple[tuple[str, str], ...] = (
    ("Range", "bytes=5-2"),
    ("Range", "bytes=1-2-3"),
    ("Range", "bytes=-"),
    ("Range", "bytes=999999999999-"),
    ("Range", "bytes=0-99999999999999999999999"),
    ("Range", "bytes=\xb2-\xb3"),
    ("Range", "bytes=0-1,2-3"),
    ("Origin", "null"),
    ("Origin", "https://evil.example"),
    ("Origin", "http://[:"),
    ("Sec-Fetch-Site", "cross-site"),
    ("X-Forwarded-For", "\xff, 1.2.3.4.5"),
    ("X-Forwarded-Host", "evil.example"),
    ("X-Forwarded-Proto", "javascript"),
    ("Cookie", "a" * 4_000),
    ("Cookie", "access-token=\xff; =;;"),
    ("Accept-Encoding", "br;q=x, gzip, *"),
    ("Accept-Language", "zh-" + "x" * 3_000),
    ("Content-Type", "multipart/form-data"),
    ("Content-Type", "application/json; charset=utf-7"),
    ("Content-Encoding", "gzip"),
    ("If-None-Match", "\xff"),
    ("If-Modified-Since", "yesterday"),
    ("Authorization", "Basic \xff"),
    ("Authorization", "Bearer " + "x" * 3_000),
    ("Upgrade", "websocket"),
)


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back; status 0 when the connection was closed without a word."""

    status: int
    body: bytes
    seconds: float


@dataclass(slots=True)
class Findings:
    """How many of what, and everything that must not be."""

    asked: int = 0
    answers: Counter[int] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    slowest_s: float = 0.0
    wrong: list[str] = field(default_factory=list)


class Storm:
    """
    Asks one running page, from a seed.

    Args:
        url: Of the page.

        blocks: The page itself, for the names of its events; what is asked goes over HTTP.

        words: Ids and names that mean something there.

        files: Bytes of pictures and plans that are sent damaged.

        posts: Routes to post to besides those of the framework.
    """

    def __init__(
        self,
        url: str,
        blocks: Any,
        *,
        seed: int,
        words: list[str],
        files: list[bytes],
        posts: tuple[str, ...] = (),
    ) -> None:
        address = urlsplit(url)
        self._host, self._port = address.hostname or "", address.port or 80
        self._rng = random.Random(seed)
        self._blocks = blocks
        self._words = [*words, *vocabulary()]
        self._files = files
        self._posts = (*POSTS, *posts)
        self._uploaded: list[str] = []
        self.found = Findings()

    async def rage(self, count: int, *, at_once: int = 8) -> Findings:
        """That many requests; each worker keeps a session for a while."""
        left = iter(range(count))
        await asyncio.gather(*(self._worker(left) for _ in range(at_once)))
        return self.found

    async def _worker(self, left: Any) -> None:
        session = ""
        for number in left:
            if not session or number % EVENTS_PER_SESSION == 0:
                session = nasty.word(self._rng)
                await self._enter(session)
            kinds = (
                (55, self._event),
                (10, self._malformed),
                (8, self._server_call),
                (7, self._upload),
                (14, self._page),
                (6, self._oddity),
            )
            (kind,) = self._rng.choices([k for _, k in kinds], [w for w, _ in kinds])
            self.found.kinds[kind.__name__.strip("_")] += 1
            self.found.asked += 1
            await kind(session)

    async def _enter(self, session: str) -> None:
        """As a page does when it is loaded."""
        for number, fn in self._blocks.fns.items():
            if any(name == "load" for _, name in fn.targets):
                data: list[Any] = ["" for _ in fn.inputs]
                await self._join(number, data, None, session)

    # ---- kinds of attack ------------------------------------------------------------------------

    async def _event(self, session: str) -> None:
        number, fn = self._rng.choice(list(self._blocks.fns.items()))
        data: Any = [getattr(block, "value", None) for block in fn.inputs]
        data = [None if callable(each) else each for each in data]
        event_data: Any = {
            nasty.key(self._rng, self._words): nasty.value(self._rng, self._words)
            for _ in range(self._rng.randrange(4))
        }
        if self._rng.random() < 0.7:
            data = [nasty.changed(self._rng, each, self._words) for each in data]
        if self._rng.random() < 0.15:
            event_data = nasty.value(self._rng, self._words)
        if fn.queue:
            await self._join(number, data, event_data, session)
            return
        body = self._body(number, data, event_data, session)
        reply = await self._post("/gradio_api/run/predict", body)
        if reply.status >= 500:
            self._wrong(f"event {number} {fn.name} failed for {data!r} and {event_data!r}")

    def _body(self, number: int, data: Any, event_data: Any, session: str) -> bytes:
        targets = self._blocks.fns[number].targets
        post = {
            "data": data,
            "event_data": event_data,
            "fn_index": number,
            "trigger_id": targets[0][0] if targets else None,
            "session_hash": session,
        }
        if self._rng.random() < 0.1:
            post = nasty.changed(self._rng, post, self._words)
        return nasty.as_json(self._rng, post)

    async def _join(self, number: int, data: Any, event_data: Any, session: str) -> None:
        body = self._body(number, data, event_data, session)
        reply = await self._post("/gradio_api/queue/join", body)
        if reply.status != 200 or b"event_id" not in reply.body:
            return
        session = json.loads(body)["session_hash"]
        event_id = json.loads(reply.body)["event_id"]
        stream = await self._ask(
            "GET",
            f"/gradio_api/queue/data?session_hash={session}",
            about=f" of event {number} {self._blocks.fns[number].name} for {data!r}",
            # Not earlier: hanging up on a stream cancels what its session asks next.
            until=(b'"close_stream"', b'"unexpected_error"'),
        )
        for line in stream.body.split(b"\n"):
            if b'"process_completed"' in line and event_id.encode() in line:
                told = json.loads(line.removeprefix(b"data: "))
                # A refusal in words is an answer; silence is a handler that fell over.
                if not told["success"] and not (told["output"] or {}).get("error"):
                    fn = self._blocks.fns[number]
                    self._wrong(f"event {number} {fn.name} failed: {told['output']} for {data!r}")

    async def _malformed(self, session: str) -> None:
        path = self._rng.choice(self._posts)
        body = (
            self._rng.choice(nasty.RAW_JSON)
            if self._rng.random() < 0.6
            else nasty.as_json(
                self._rng,
                {
                    "session_hash": session,
                    "fn_index": nasty.value(self._rng),
                    "data": nasty.value(self._rng, self._words),
                    nasty.key(self._rng, self._words): nasty.value(self._rng, self._words),
                },
            )
        )
        await self._post(path, body)

    async def _server_call(self, session: str) -> None:
        able = [
            (number, fn.__name__)
            for number, block in self._blocks.blocks.items()
            for fn in getattr(block, "server_fns", ())
        ]
        number, name = self._rng.choice(able)
        call: Any = {
            "path": self._rng.choice([*self._uploaded[-20:], *nasty.TEXTS]),
            "name": nasty.value(self._rng),
            "url": nasty.value(self._rng),
            "visit": nasty.value(self._rng),
            "shrink": nasty.value(self._rng),
        }
        post = {"session_hash": session, "component_id": number, "fn_name": name, "data": call}
        if self._rng.random() < 0.4:
            post = nasty.changed(self._rng, post, self._words)
        await self._post("/gradio_api/component_server/", nasty.as_json(self._rng, post))

    async def _upload(self, _session: str) -> None:
        rng = self._rng
        data = nasty.damaged(rng, rng.choice(self._files))
        name = rng.choice(("a.png", "a.jpg", "a.csv", "plan.json", *nasty.TEXTS))
        field_name = rng.choice(("files", "files", "files", "x", "", "__proto__"))
        file_part = f'; filename="{name}"' if rng.random() < 0.9 else ""
        body = (
            f'--B\r\nContent-Disposition: form-data; name="{field_name}"{file_part}\r\n\r\n'
        ).encode("utf-8", "surrogatepass")
        body += data + b"\r\n--B--\r\n"
        if rng.random() < 0.2:
            body = nasty.damaged(rng, body)
        kind = rng.choice(("multipart/form-data; boundary=B",) * 6 + ("multipart/form-data", "x/y"))
        reply = await self._ask("POST", "/gradio_api/upload", {"Content-Type": kind}, body)
        if reply.status == 200:
            self._uploaded += json.loads(reply.body)

    async def _page(self, _session: str) -> None:
        path = self._rng.choice(PATHS)
        if self._rng.random() < 0.2:
            path += quote(self._rng.choice(nasty.TEXTS).encode("utf-8", "surrogatepass"))[:3_000]
        await self._ask("GET", path)

    async def _oddity(self, _session: str) -> None:
        rng = self._rng
        name, told = rng.choice(HEADERS)
        path = rng.choice(
            (*PATHS, *self._posts, *(f"/gradio_api/file={each}" for each in self._uploaded))
        )
        body = b"" if rng.random() < 0.5 else rng.choice(nasty.RAW_JSON)
        method = rng.choice(METHODS) if rng.random() < 0.6 else "GET"
        await self._ask(method, path, {name: told}, body)

    # ---- the wire -------------------------------------------------------------------------------

    async def _post(self, path: str, body: bytes) -> Reply:
        return await self._ask("POST", path, {"Content-Type": "application/json"}, body)

    async def _ask(
        self,
        method: str,
        path: str,
        headers: dict[str, str] | None = None,
        body: bytes = b"",
        *,
        about: str = "",
        until: tuple[bytes, ...] = (),
    ) -> Reply:
        head = {"Host": f"{self._host}:{self._port}", "Connection": "close", **(headers or {})}
        if body or method == "POST":
            head["Content-Length"] = str(len(body))
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {told}" for name, told in head.items())]
        request = "\r\n".join([*lines, "", ""]).encode("latin-1", "replace") + body
        started = time.monotonic()
        answer = bytearray()
        try:
            async with asyncio.timeout(HANGS_AFTER_S):
                await self._talk(request, answer, until, is_stream=_is_stream(path))
        except TimeoutError:
            self._wrong(
                f"{method} {path[:200]} hung{about} after {body[:200]!r}, {bytes(answer[-500:])!r}"
            )
        return self._judged(method, path, body, bytes(answer), time.monotonic() - started)

    async def _talk(
        self, request: bytes, answer: bytearray, until: tuple[bytes, ...], *, is_stream: bool
    ) -> None:
        reader, writer = await asyncio.open_connection(self._host, self._port)
        try:
            writer.write(request)
            await writer.drain()
            while len(answer) < MAX_ANSWER_BYTES:
                try:
                    async with asyncio.timeout(
                        LOOK_AT_A_STREAM_S if is_stream and not until else None
                    ):
                        chunk = await reader.read(65_536)
                except TimeoutError:
                    if is_stream and not until:
                        return
                    raise
                if not chunk:
                    return
                answer += chunk
                if until and any(mark in answer for mark in until):
                    return
        except (ConnectionError, BrokenPipeError):
            return  # it hung up on us: its right
        finally:
            writer.close()

    def _judged(self, method: str, path: str, body: bytes, answer: bytes, seconds: float) -> Reply:
        head, _, told = answer.partition(b"\r\n\r\n")
        first = head.split(b"\r\n", 1)[0].split(b" ")
        status = int(first[1]) if len(first) > 1 and first[1].isdigit() else 0
        self.found.answers[status] += 1
        self.found.slowest_s = max(self.found.slowest_s, seconds)
        what = f"{method} {path[:200]} with {body[:300]!r}"
        if status >= 500 and status not in GOOD_REFUSALS:
            self._wrong(f"{status} for {what}: {told[:300]!r}")
        if any(words in told for words in SAYS_TOO_MUCH):
            self._wrong(f"a traceback for {what}: {told[:600]!r}")
        if b"chunked" in head.lower():
            told = b"".join(told.split(b"\r\n")[1::2]) if b"event-stream" not in head else told
        return Reply(status=status, body=told, seconds=seconds)

    def _wrong(self, words: str) -> None:
        self.found.wrong.append(words)


def _is_stream(path: str) -> bool:
    return any(word in path for word in ("heartbeat/", "queue/data", "upload_progress", "/call/"))


def vocabulary() -> list[str]:
    """Every word the screens read out of what a page sends: the keys of their dictionaries."""
    words: set[str] = set()
    for path in sorted(SCREENS.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and len(node.args) >= 1:
                words |= {
                    each.value
                    for each in node.args[:2]
                    if isinstance(each, ast.Constant)
                    and isinstance(each.value, str)
                    and each.value.isidentifier()
                }
    return sorted(words)
