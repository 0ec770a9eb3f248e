"""The page is made once for all who ask alike, and for nobody else."""

import asyncio
from typing import Any

import pytest

from playground.ui.serving.front_page import AT_ONCE, KEPT, FrontPage
from playground.ui.texts import Language, speaking

pytestmark = pytest.mark.anyio


class Framework:
    """Makes a page, each time another one."""

    def __init__(self, *, status: int = 200, headers: tuple[tuple[bytes, bytes], ...] = ()) -> None:
        self.n_made = 0
        self._status, self._headers = status, headers

    async def __call__(self, _scope: Any, _receive: Any, send: Any) -> None:
        self.n_made += 1
        headers = [(b"content-type", b"text/html"), *self._headers]
        await send({"type": "http.response.start", "status": self._status, "headers": headers})
        await send({"type": "http.response.body", "body": b"page ", "more_body": True})
        await send({"type": "http.response.body", "body": str(self.n_made).encode()})


async def asked(
    served: FrontPage,
    path: str = "/",
    query: str = "",
    method: str = "GET",
    scheme: str = "http",
    **headers: str,
) -> str:
    """The body of the answer; headers are named with underscores."""
    sent: list[Any] = []

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            message["headers"].append((b"x-added", b"on the way out"))
        sent.append(message)

    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "scheme": scheme,
        "query_string": query.encode(),
        "headers": [
            (name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()
        ],
    }
    await served(scope, None, send)  # type: ignore[arg-type]
    assert [name for name, _ in sent[0]["headers"]].count(b"x-added") == 1
    return b"".join(message["body"] for message in sent[1:]).decode()


async def test_who_asks_alike_is_sent_the_same_page() -> None:
    served = FrontPage(Framework())

    first = await asked(served, host="a.test", cookie="one=1", accept_language="en")
    again = await asked(served, query="comparison=cmp_1&lang=en", host="a.test", cookie="two=2")

    assert (first, again) == ("page 1", "page 1")


@pytest.mark.parametrize(
    "other",
    [
        {"path": "/config"},
        {"scheme": "https"},
        {"host": "b.test"},
        {"x_forwarded_host": "b.test"},
        {"x_forwarded_proto": "https"},
        {"x_gradio_server": "https://b.test"},
        {"method": "HEAD"},
        {"query": "deep_link=abc"},
        {"query": "page=runs"},
    ],
)
async def test_who_asks_for_something_else_is_sent_something_else(other: dict[str, str]) -> None:
    served = FrontPage(Framework())
    asking = {"host": "a.test"}

    await asked(served, **asking)

    assert await asked(served, **(asking | other)) == "page 2"


async def test_each_language_is_sent_its_own() -> None:
    served = FrontPage(Framework())
    pages = []
    for language in (*Language, *Language):
        with speaking(language):
            pages.append(await asked(served))

    assert pages[: len(Language)] == pages[len(Language) :]
    assert len(set(pages)) == len(Language)


@pytest.mark.parametrize("query", ["deep_link=abc", "page=runs"])
async def test_what_was_made_for_one_is_sent_to_nobody_else(query: str) -> None:
    served = FrontPage(Framework())

    assert [await asked(served, query=query) for _ in range(2)] == ["page 1", "page 2"]


@pytest.mark.parametrize(
    "framework",
    [Framework(status=500), Framework(headers=((b"set-cookie", b"session=secret"),))],
    ids=["an error", "a cookie"],
)
async def test_errors_and_cookies_are_not_kept(framework: Framework) -> None:
    served = FrontPage(framework)

    await asked(served)
    await asked(served)

    assert framework.n_made == 2


async def test_a_few_pages_are_kept_those_asked_for_last() -> None:
    framework = Framework()
    served = FrontPage(framework)

    for number in range(KEPT):
        await asked(served, host=f"{number}.test")
    await asked(served, host="0.test")
    await asked(served, host="another.test")
    n_made = framework.n_made
    assert await asked(served, host="0.test") == "page 1"
    await asked(served, host="1.test")

    assert (n_made, framework.n_made) == (KEPT + 1, KEPT + 2)


async def test_what_is_no_page_is_passed_on() -> None:
    framework = Framework()
    served = FrontPage(framework)

    for _ in range(2):
        await asked(served, path="/gradio_api/info")

    assert framework.n_made == 2


async def test_few_pages_are_made_at_once_and_a_slow_reader_keeps_nobody_waiting() -> None:
    being_made, most, reads_on = 0, 0, asyncio.Event()

    async def page(_scope: Any, _receive: Any, send: Any) -> None:
        nonlocal being_made, most
        being_made += 1
        most = max(most, being_made)
        await asyncio.sleep(0)
        being_made -= 1
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"{}"})

    async def slow(_message: Any) -> None:
        await reads_on.wait()

    def scope(number: int) -> dict[str, Any]:
        host = f"{number}.test".encode()
        return {
            "type": "http",
            "method": "GET",
            "path": "/config",
            "scheme": "http",
            "headers": [(b"host", host)],
            "query_string": b"",
        }

    served = FrontPage(page)
    waiting = [
        asyncio.create_task(served(scope(number), None, slow))  # type: ignore[arg-type]
        for number in range(3 * AT_ONCE)
    ]
    done: list[Any] = []

    async def quick(message: Any) -> None:
        done.append(message)

    async with asyncio.timeout(5):
        await served(scope(99), None, quick)  # type: ignore[arg-type]
    assert len(done) == 2
    assert most == AT_ONCE
    reads_on.set()
    await asyncio.gather(*waiting)


async def test_a_page_that_fails_gives_its_turn_back() -> None:
    async def page(_scope: Any, _receive: Any, _send: Any) -> None:
        raise LookupError

    served = FrontPage(page)
    async with asyncio.timeout(5):
        for _ in range(AT_ONCE + 1):
            with pytest.raises(LookupError):
                await asked(served)
