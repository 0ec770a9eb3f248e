"""
Work that the framework does for every page and event and this app has no use for, left out.

Each was seen in a profile of fifty visitors. It reaches into the framework, which is why that is
pinned exactly: at another version each of these is to be looked at again.
"""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from functools import lru_cache
from types import SimpleNamespace
from typing import Any

import gradio as gr
from gradio import state_holder, utils
from gradio.routes import App

_QUOTED = re.compile(r"""['"`](\w+)['"`]""")
_slow_attribute = gr.HTML.__getattr__


def lighten() -> None:
    """For the whole process; once is enough."""
    gr.HTML.__getattr__ = _attribute  # type: ignore[method-assign]
    state_holder.SessionState = _LightSession  # type: ignore[misc]
    # It readies matplotlib for plots before each event and after it. Where that is not installed it
    # is looked for in vain, 0.1 ms each time; where it is, the first page takes 30 MB for it.
    utils.MatplotlibBackendMananger = nullcontext  # type: ignore[assignment,misc]


def without_statistics(blocks: gr.Blocks) -> None:
    """
    Keeps no record of events that are over.

    They are for a page of statistics that is switched off: ten thousand would be kept, and put in
    a frame, grouped and ranked after every event.
    """
    blocks._queue.ANALYTICS_MAX_EVENTS = 0
    blocks._queue.ANAYLTICS_CACHE_FREQUENCY = sys.maxsize


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


class _LightSession(state_holder.SessionState):
    """
    A page's session without a description of each of its widgets, kept up to date at each event.

    The framework wants them for links to a page's state, which this app does not offer. They took
    25 ms and 222 kB a page; without them it is 14 kB.
    """

    def __init__(self, blocks: Any) -> None:
        super().__init__(SimpleNamespace(default_config=blocks.default_config, blocks=()))  # type: ignore[arg-type]
        self.blocks_config.config_for_block = _no_description  # type: ignore[assignment,method-assign]


def _no_description(*_: Any) -> dict[str, Any]:
    return {}
