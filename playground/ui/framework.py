"""
Work that the framework does for every page and event and this app has no use for, left out.

Each was seen in a profile of fifty visitors. It reaches into the framework, which is why that is
pinned exactly: at another version each of these is to be looked at again.
"""

import inspect
import re
import sys
from collections import ChainMap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from copy import copy
from functools import cached_property, lru_cache
from types import ModuleType, SimpleNamespace
from typing import Any

import anyio
import gradio as gr
from fastapi import concurrency
from fastapi.dependencies import utils as dependencies
from gradio import blocks as gradio_blocks
from gradio import component_meta, route_utils, state_holder, utils
from gradio.blocks import BlocksConfig, convert_component_dict_to_list
from gradio.routes import App

LOOK_FOR_EVENTS_S = 0.01
LOOK_FOR_PROGRESS_S = 1.0

_QUOTED = re.compile(r"""['"`](\w+)['"`]""")
_slow_attribute = gr.HTML.__getattr__


def lighten() -> None:
    """For the whole process; once is enough."""
    gr.HTML.__getattr__ = _attribute  # type: ignore[method-assign]
    state_holder.SessionState = _LightSession  # type: ignore[misc]
    # It readies matplotlib for plots before each event and after it. Where that is not installed it
    # is looked for in vain, 0.1 ms each time; where it is, the first page takes 30 MB for it.
    utils.MatplotlibBackendMananger = nullcontext  # type: ignore[assignment,misc]
    # Half of the time a widget takes to be made, at the start and at each update.
    component_meta.inspect = gradio_blocks.inspect = _Inspect("inspect")  # type: ignore[attr-defined]
    App.create_app = staticmethod(_with_busy_routes_first)  # type: ignore[method-assign]
    gradio_blocks.anyio = _Anyio("anyio")  # type: ignore[attr-defined]
    dependencies.run_in_threadpool = _in_thread  # type: ignore[assignment,attr-defined]
    route_utils.get_root_url = _root_url


def with_quiet_queue(blocks: gr.Blocks) -> None:
    """
    Keeps no record of events that are over, and looks for new ones less often.

    The records are for a page of statistics that is switched off: ten thousand would be kept, and
    put in a frame, grouped and ranked after every event. New events and progress, which nobody
    shows here, are looked for a thousand and a hundred times a second, also when nobody is there.
    """
    queue = blocks._queue
    queue.ANALYTICS_MAX_EVENTS = 0
    queue.ANAYLTICS_CACHE_FREQUENCY = sys.maxsize
    queue.sleep_when_free = LOOK_FOR_EVENTS_S
    queue.progress_update_sleep_when_free = LOOK_FOR_PROGRESS_S


@contextmanager
def no_app_yet() -> Iterator[None]:
    """
    Inside, no web app is made around a page: a tenth of a second each, for nothing.

    The framework makes one when the page is laid out and one with its queue. Only that of the
    launch is served.
    """
    made = App.create_app
    App.create_app = staticmethod(lambda *_, **__: None)  # type: ignore[assignment]
    try:
        yield
    finally:
        App.create_app = staticmethod(made)  # type: ignore[method-assign]


_create_app = App.create_app
_BUSY = ("/queue/join", "/queue/data", "/run/{api_name}", "/heartbeat/{session_hash}")


def _with_busy_routes_first(*args: Any, **options: Any) -> App:
    """
    The web app, in which what pages ask for all the time is found at the first look.

    For every event some eighty routes were tried, twice: 0.3 ms.
    """
    app = _create_app(*args, **options)
    for included in app.router.routes:
        router = getattr(included, "original_router", None)
        if router is not None:
            router.routes.sort(key=lambda route: not route.path.endswith(_BUSY))
            router._mark_routes_changed()
    return app


# What a widget makes of a value that a page sent, where that is the value itself or its words.
_AT_ONCE = frozenset({gr.HTML.preprocess, gr.Textbox.preprocess, gr.Checkbox.preprocess})


class _Anyio(ModuleType):
    """
    The module `anyio`, whose threads are not asked for what takes a microsecond.

    The framework asks one for every value of every event. While many of them work, the answer is
    waited for behind all the others, milliseconds each time.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.to_thread = SimpleNamespace(run_sync=self._run_sync)

    def __getattr__(self, name: str) -> Any:
        return getattr(anyio, name)

    @staticmethod
    async def _run_sync(step: Any, *values: Any, **options: Any) -> Any:
        if getattr(step, "__func__", None) in _AT_ONCE:
            return step(*values)
        return await anyio.to_thread.run_sync(step, *values, **options)


async def _in_thread(step: Any, *values: Any, **named: Any) -> Any:
    """A thread is not asked whether somebody is logged in either: that is a look into a dictionary."""
    if getattr(step, "__qualname__", "").endswith("create_app.<locals>.login_check"):
        return step(*values, **named)
    return await concurrency.run_in_threadpool(step, *values, **named)


_make_root_url = route_utils.get_root_url
# What the framework makes the app's own address of, where a proxy or a client wrote them.
ADDRESS_HEADERS = ("x-forwarded-host", "x-forwarded-proto", "x-gradio-server")


def _root_url(request: Any, route_path: str, root_path: str | None) -> str:
    """The address of the app, as a request tells it; three addresses were parsed for each event."""
    headers = tuple(request.headers.get(name) for name in ADDRESS_HEADERS)
    return _root_url_of(headers, str(request.url), route_path, root_path)


@lru_cache(maxsize=64)
def _root_url_of(
    headers: tuple[str | None, ...], url: str, route_path: str, root_path: str | None
) -> str:
    told = SimpleNamespace(headers=dict(zip(ADDRESS_HEADERS, headers, strict=True)), url=url)
    return _make_root_url(told, route_path, root_path)  # type: ignore[arg-type]


@lru_cache(maxsize=256)
def _quoted(script: str) -> frozenset[str]:
    return frozenset(_QUOTED.findall(script))


def _attribute(widget: gr.HTML, name: str) -> Any:
    """
    An attribute that a raw HTML widget does not have by itself.

    The framework takes it for an event that the widget's script sets off, and searches the whole
    script for it: eight times at each look at a widget, and it looks at all of them for each page.
    """
    if name not in _quoted(widget.__dict__.get("js_on_load") or ""):
        raise AttributeError(name)
    return _slow_attribute(widget, name)


class LightPage(gr.Blocks):
    """
    A page on which a widget that a step leaves alone costs nothing, and raw HTML little.

    The framework makes each of the former anew, 0.4 ms, and keeps it for an hour after the page
    has left. Most steps have twenty widgets they may change, and change a few. For each of the
    latter it asks a thread to return the value as it is, and looks for files in it. Before each
    event it also looks through all events for one that a change of a state sets off.
    """

    @cached_property
    def _has_watched_states(self) -> bool:
        targets = (target for fn in self.fns.values() for target in fn.targets)
        return any(
            event == "change" and number is not None and self.blocks[number].stateful
            for number, event in targets
        )

    def get_state_ids_to_track(
        self, block_fn: Any, state: state_holder.SessionState | None
    ) -> tuple[list[int], list[Any]]:
        if not self._has_watched_states:
            return [], []
        return super().get_state_ids_to_track(block_fn, state)

    async def postprocess_data(
        self, block_fn: Any, predictions: Any, state: state_holder.SessionState | None
    ) -> list[Any]:
        outputs = block_fn.outputs
        if isinstance(predictions, dict) and predictions:
            predictions = convert_component_dict_to_list(outputs, predictions)
        if _is_skip(predictions) or len(outputs) == 1:
            predictions = [predictions] * len(outputs)
        if not _is_one_each(predictions, outputs):
            return await super().postprocess_data(block_fn, predictions, state)
        answer = [None if each.stateful else gr.skip() for each in outputs]
        changed = []
        for number, (widget, value) in enumerate(zip(outputs, predictions, strict=True)):
            if isinstance(value, str) and _is_raw_html(widget):
                answer[number] = value
            elif not _is_skip(value):
                changed.append(number)
        if not changed:
            return answer
        few = copy(block_fn)
        few.outputs = [outputs[number] for number in changed]
        few.postprocess = not all(_shows_as_it_is(each) for each in few.outputs)
        values = [predictions[number] for number in changed]
        sent = await super().postprocess_data(few, values if len(values) > 1 else values[0], state)
        for number, value in zip(changed, sent, strict=True):
            answer[number] = value
        return answer


def _shows_as_it_is(widget: Any) -> bool:
    return widget.stateful or _is_raw_html(widget)


def _is_raw_html(widget: Any) -> bool:
    return type(widget).postprocess is gr.HTML.postprocess


def _is_skip(prediction: Any) -> bool:
    return isinstance(prediction, dict) and prediction == gr.skip()


def _is_one_each(predictions: Any, outputs: Sequence[Any]) -> bool:
    return isinstance(predictions, list | tuple) and len(predictions) == len(outputs)


class _LightSession(state_holder.SessionState):
    """
    A page's session with what its events changed, on top of what all pages share.

    The framework describes each widget anew for links to a page's state, which this app does not
    offer: 25 ms and 222 kB a page. It also copies the list of all widgets, 14 kB, and keeps it for
    an hour after the page has left.
    """

    def __init__(self, blocks: Any) -> None:
        shared = blocks.default_config
        nothing = BlocksConfig(shared.root_block)
        super().__init__(SimpleNamespace(default_config=nothing, blocks=()))  # type: ignore[arg-type]
        own = self.blocks_config
        own.blocks = ChainMap({}, shared.blocks)  # type: ignore[assignment]
        own.fns = ChainMap({}, shared.fns)  # type: ignore[assignment]
        own.fn_id = shared.fn_id
        own.config_for_block = _no_description  # type: ignore[assignment,method-assign]


_NO_DESCRIPTION: dict[str, Any] = {}


def _no_description(*_: Any) -> dict[str, Any]:
    return _NO_DESCRIPTION


class _Inspect(ModuleType):
    """The module `inspect`, which the framework asks about the same constructors again and again."""

    getfullargspec = staticmethod(lru_cache(maxsize=1024)(inspect.getfullargspec))
    signature = staticmethod(lru_cache(maxsize=1024)(inspect.signature))

    def __getattr__(self, name: str) -> Any:
        return getattr(inspect, name)
