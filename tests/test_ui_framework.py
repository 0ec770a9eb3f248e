"""What is left out of the framework's work is left out, and what pages need of it still happens."""

import asyncio
import builtins
import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import anyio
import gradio as gr
import httpx
import pytest
from fastapi import Request, concurrency
from gradio import blocks as gradio_blocks
from gradio import component_meta, route_utils
from gradio.state_holder import StateHolder

from playground.ui import framework
from playground.ui.languages import SpokenPage

SCRIPT = "element.addEventListener('click', () => trigger('pick', {}))"


@pytest.fixture(autouse=True)
def lightened() -> None:
    framework.lighten()
    framework.lighten()  # once more changes nothing


def page() -> gr.Blocks:
    def step(words: str) -> dict[Any, Any]:
        return {
            title: gr.update(value=words.upper(), visible=True),
            button: gr.update(interactive=False),
            choice: gr.update(choices=["dawn", words]),
        }

    with SpokenPage(analytics_enabled=False) as demo:
        count = gr.State(0)
        entry = gr.Textbox()
        title = gr.HTML("", js_on_load=SCRIPT)
        choice = gr.Dropdown(["dawn"])
        button = gr.Button("Run")
        everything = [title, button, count, entry, choice]
        button.click(step, entry, [title, button, choice])
        choice.select(lambda chosen: chosen, choice, entry)
        stranger = gr.HTML(render=False)
        entry.submit(lambda words: words, entry, gr.HTML(render=False))
        for answer in (
            lambda words: {entry: words.upper()},
            lambda words: {entry: words.upper(), count: 3},
            lambda _: gr.skip(),
            lambda words: [gr.skip(), gr.update(value=words), gr.skip(), gr.skip(), gr.skip()],
            lambda words: (words, words),
            lambda words: {stranger: words},
            lambda words: {title: f"<b>{words}</b>", entry: words.upper()},
        ):
            button.click(answer, entry, everything)
    demo.queue()
    return demo


LEFT_ALONE = gr.skip()


@contextmanager
def launched(demo: gr.Blocks, **options: Any) -> Iterator[str]:
    options |= {"prevent_thread_lock": True, "quiet": True, "ssr_mode": False, "run_history": False}
    _, url, _ = demo.launch(**options)
    try:
        yield url
    finally:
        demo.close()


def step_once(demo: gr.Blocks, session: Any, number: int = 0) -> list[Any]:
    answer = asyncio.run(demo.process_api(demo.fns[number], ["dusk"], state=session))
    return list(answer["data"])


def session_of(demo: gr.Blocks) -> Any:
    holder = StateHolder()
    holder.set_blocks(demo)
    return holder["a page"]


def test_a_session_describes_no_widget_and_still_keeps_what_a_step_changed() -> None:
    demo = page()
    session, other = session_of(demo), session_of(demo)

    words, button, choice = step_once(demo, session)

    assert (words["value"], words["visible"]) == ("DUSK", True)
    assert button["interactive"] is False
    assert [list(each) for each in choice["choices"]] == [["dawn", "dawn"], ["dusk", "dusk"]]
    assert step_once(demo, session, 1) == ["dusk"]
    assert step_once(demo, session, 2) == ["dusk"]  # into a widget that stands nowhere
    with pytest.raises(gr.Error, match="dusk"):  # not among the choices of that page
        step_once(demo, other, 1)
    assert list(session.components) == []
    # The page itself is still described to whoever opens it.
    assert {each["type"] for each in demo.get_config_file()["components"]} >= {"button", "html"}


@pytest.mark.parametrize(
    ("number", "sent", "anew"),
    [
        (3, [LEFT_ALONE, LEFT_ALONE, None, "DUSK", LEFT_ALONE], set()),
        (4, [LEFT_ALONE, LEFT_ALONE, None, "DUSK", LEFT_ALONE], set()),
        (5, [LEFT_ALONE, LEFT_ALONE, None, LEFT_ALONE, LEFT_ALONE], set()),
        (
            6,
            [LEFT_ALONE, {**LEFT_ALONE, "value": "dusk"}, None, LEFT_ALONE, LEFT_ALONE],
            {gr.Button},
        ),
        (9, ["<b>dusk</b>", LEFT_ALONE, None, "DUSK", LEFT_ALONE], set()),
    ],
)
def test_a_step_makes_only_those_widgets_anew_that_it_changes(
    number: int, sent: list[Any], anew: set[type]
) -> None:
    demo = page()
    session, other = session_of(demo), session_of(demo)
    shared = {number: each for number, each in demo.blocks.items() if not each.stateful}
    count = next(number for number, each in demo.blocks.items() if each.stateful)

    assert step_once(demo, session, number) == sent

    assert {type(each) for n, each in shared.items() if session[n] is not each} == anew
    assert all(other[n] is each for n, each in shared.items())
    assert (session[count], other[count]) == (3 if number == 4 else 0, 0)


@pytest.mark.parametrize("number", [7, 8])
def test_what_a_step_returns_wrongly_is_refused_as_ever(number: int) -> None:
    demo = page()

    with pytest.raises(ValueError, match=r"enough output values|not specified as output"):
        step_once(demo, session_of(demo), number)


def test_constructors_are_looked_at_once_and_the_module_is_whole() -> None:
    looked = component_meta.inspect

    assert looked.getfullargspec(gr.HTML.__init__) is looked.getfullargspec(gr.HTML.__init__)
    assert looked.signature(gr.HTML.__init__) == inspect.signature(gr.HTML.__init__)
    assert looked.getfile is inspect.getfile
    assert looked.Parameter is inspect.Parameter


def test_matplotlib_is_not_looked_for_around_an_event(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    real = builtins.__import__

    def watched(name: str, *rest: Any, **named: Any) -> Any:
        asked.append(name)
        return real(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", watched)
    with route_utils.utils.MatplotlibBackendMananger():  # as it does around every event
        import string  # noqa: F401

    assert asked == ["string"]


def test_a_script_still_names_the_events_of_its_widget_and_nothing_else_is_one() -> None:
    with gr.Blocks(analytics_enabled=False):
        scripted, plain = gr.HTML("", js_on_load=SCRIPT), gr.HTML("")

        assert callable(scripted.pick)
        for widget, name in ((scripted, "drop"), (plain, "pick")):
            with pytest.raises(AttributeError, match=name):
                getattr(widget, name)


def test_of_events_that_are_over_nothing_is_kept_or_summed_up() -> None:
    with SpokenPage(analytics_enabled=False) as demo:
        box = gr.Textbox()
        box.submit(lambda words: words + "!", box, box, api_name="echo")
    demo.queue()
    framework.with_quiet_queue(demo)
    record = {"function": "step", "status": "success", "process_time": 0.1, "time": 0.0}

    with launched(demo) as url:
        called = httpx.post(f"{url}gradio_api/call/echo", json={"data": ["hello"]}).json()
        answer = httpx.get(f"{url}gradio_api/call/echo/{called['event_id']}").text

    assert 'event: complete\ndata: ["hello!"]' in answer
    assert demo._queue.events_recorded == 1
    assert not demo._queue.event_analytics
    demo._queue.events_recorded = 1_000
    assert demo._queue.compute_analytics_summary([record]) == {"functions": {}}


def test_no_web_app_is_made_before_the_launch_and_then_one_is() -> None:
    with SpokenPage(analytics_enabled=False) as demo:
        gr.Textbox()
    demo.queue()

    assert demo.app is None
    with launched(demo) as url:
        assert httpx.get(url).status_code == 200


def test_what_pages_ask_for_all_the_time_stands_before_all_other_routes() -> None:
    with launched(page()) as url:
        assert httpx.get(f"{url}gradio_api/info").status_code == 200
        # A name that stands for anything must not have come before a route of that name.
        assert httpx.get(f"{url}gradio_api/app_id").json()["app_id"]
        assert httpx.post(f"{url}gradio_api/queue/join", json={}).status_code == 422
    with launched(demo := page()):
        router = next(
            router
            for each in demo.app.router.routes
            if (router := getattr(each, "original_router", None)) is not None
        )

    paths = [route.path.removeprefix("/gradio_api") for route in router.routes]
    assert set(paths[: len(framework._BUSY)]) == set(framework._BUSY)
    assert len(paths) == len(router.routes) > 50


def test_a_state_whose_change_sets_something_off_is_still_looked_at() -> None:
    with SpokenPage(analytics_enabled=False) as quiet:
        count = gr.State(0)
        gr.Button().click(lambda: 1, None, count)
    with SpokenPage(analytics_enabled=False) as watched:
        count = gr.State(0)
        gr.Button().click(lambda: 1, None, count)
        count.change(lambda: None)

    for demo, n_changed in ((quiet, 0), (watched, 1)):
        answer = asyncio.run(demo.process_api(demo.fns[0], [], state=session_of(demo)))
        assert len(answer["changed_state_ids"]) == n_changed


def test_no_thread_is_asked_for_a_value_that_stays_what_it_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []
    real = anyio.to_thread.run_sync

    async def watched(step: Any, *values: Any, **options: Any) -> Any:
        asked.append(step.__qualname__)
        return await real(step, *values, **options)

    async def step(*values: Any) -> str:
        return repr(values)

    with SpokenPage(analytics_enabled=False) as demo:
        inputs = [gr.Textbox(), gr.HTML(), gr.Checkbox(), gr.Number(), gr.State("here")]
        gr.Button().click(step, inputs, gr.HTML())
    session = session_of(demo)
    monkeypatch.setattr(anyio.to_thread, "run_sync", watched)

    told = [7, {"size": "1:1"}, True, 3, None]
    answer = asyncio.run(demo.process_api(demo.fns[0], told, state=session))

    assert answer["data"] == ["('7', {'size': '1:1'}, True, 3, 'here')"]
    assert asked == ["Number.preprocess"]
    assert gradio_blocks.anyio.CapacityLimiter is anyio.CapacityLimiter


def test_who_is_not_logged_in_is_refused_without_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    real = concurrency.run_in_threadpool

    async def watched(step: Any, *values: Any, **named: Any) -> Any:
        asked.append(step.__name__)
        return await real(step, *values, **named)

    monkeypatch.setattr(concurrency, "run_in_threadpool", watched)
    statuses = []
    for auth in (("ann", "secret"), None):
        with launched(page(), auth=auth) as url:
            statuses.append(httpx.post(f"{url}gradio_api/queue/join", json={}).status_code)

    assert statuses == [401, 422]
    assert asked == []


@pytest.mark.parametrize("root_path", ["", "/tools/flux", "https://flux.example/app/"])
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Forwarded-Proto": "https"},
        {"X-Forwarded-Host": "flux.example", "X-Forwarded-Proto": "https, http"},
        {"X-Gradio-Server": "https://here.example/gradio_api/queue/join"},
    ],
)
def test_the_address_of_the_app_is_told_as_ever(headers: dict[str, str], root_path: str) -> None:
    route = "/gradio_api/queue/join"
    scope = {
        "type": "http",
        "scheme": "http",
        "server": ("127.0.0.1", 7860),
        "path": route,
        "query_string": b"",
        "headers": [(k.lower().encode(), v.encode()) for k, v in headers.items()],
    }

    told = route_utils.get_root_url(Request(scope), route, root_path)

    assert told == framework._make_root_url(Request(scope), route, root_path)
    assert told == route_utils.get_root_url(Request(scope), route, root_path)


def test_the_addresses_of_two_callers_are_not_mixed_up() -> None:
    def told_to(host: bytes, path: str = "/") -> str:
        scope = {
            "type": "http",
            "path": path,
            "query_string": b"",
            "headers": [(b"host", host), (b"x-forwarded-host", host)],
        }
        return route_utils.get_root_url(Request(scope), path, None)

    assert told_to(b"one.example") == "http://one.example"
    assert told_to(b"two.example") == "http://two.example"
    assert told_to(b"one.example", "/config") == "http://one.example"
