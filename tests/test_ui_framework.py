"""What is left out of the framework's work is left out, and what pages need of it still happens."""

import asyncio
import builtins
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import gradio as gr
import httpx
import pytest
from gradio import route_utils
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
        return {title: words.upper(), button: gr.update(interactive=False)}

    with gr.Blocks(analytics_enabled=False) as demo:
        entry = gr.Textbox()
        title = gr.HTML("", js_on_load=SCRIPT)
        button = gr.Button("Run")
        button.click(step, entry, [title, button])
    demo.queue()
    return demo


@contextmanager
def launched(demo: gr.Blocks) -> Iterator[str]:
    _, url, _ = demo.launch(prevent_thread_lock=True, quiet=True, ssr_mode=False, run_history=False)
    try:
        yield url
    finally:
        demo.close()


def step_once(demo: gr.Blocks, session: Any) -> list[Any]:
    answer = asyncio.run(demo.process_api(demo.fns[0], ["dusk"], state=session))
    return list(answer["data"])


def session_of(demo: gr.Blocks) -> Any:
    holder = StateHolder()
    holder.set_blocks(demo)
    return holder["a page"]


def test_a_session_describes_no_widget_and_still_keeps_what_a_step_changed() -> None:
    demo = page()
    session, other = session_of(demo), session_of(demo)
    button = next(each for each in demo.blocks.values() if isinstance(each, gr.Button))

    words, changed = step_once(demo, session)

    assert words == "DUSK"
    assert changed["interactive"] is False
    assert session[button._id].interactive is False
    assert other[button._id].interactive is not False
    assert list(session.components) == []
    # The page itself is still described to whoever opens it.
    assert {each["type"] for each in demo.get_config_file()["components"]} >= {"button", "html"}


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
    framework.without_statistics(demo)
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
