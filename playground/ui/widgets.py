"""What the screens share in widgets: raw HTML ones, and the options that keep events private and calm."""

import re
from functools import lru_cache
from pathlib import Path
from typing import Any

import gradio as gr

_QUOTED = re.compile(r"""['"`](\w+)['"`]""")

ASSETS = Path(__file__).parent / "assets"
COMPARE_TAB = "compare"
EXPERIMENT_TAB = "experiment"
JUDGE_TAB = "judge"
HISTORY_TAB = "history"
RESULTS_TAB = "results"

# No spinner over results, and nothing listed for programs.
QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}


def asset(name: str) -> str:
    """The text of a file of the assets folder."""
    return (ASSETS / name).read_text("utf-8")


def html(value: Any = "", *, script: str | None = None, **options: Any) -> gr.HTML:
    """An HTML widget without the framework's own look; `script` is an asset run once it is there."""
    js_on_load = None if script is None else asset(script)
    return gr.HTML(value, apply_default_css=False, js_on_load=js_on_load, **options)


@lru_cache(maxsize=256)
def _quoted(script: str) -> frozenset[str]:
    return frozenset(_QUOTED.findall(script))


_slow_attribute = gr.HTML.__getattr__


def _attribute(widget: gr.HTML, name: str) -> Any:
    if name not in _quoted(widget.__dict__.get("js_on_load") or ""):
        raise AttributeError(name)
    return _slow_attribute(widget, name)


# The framework takes an attribute it does not find for an event that the widget's script sets off,
# and looks through the whole script for it: eight times at each look at a widget, and it looks at
# every widget for every new page. It was a quarter of the work for fifty visitors.
gr.HTML.__getattr__ = _attribute  # type: ignore[method-assign]
