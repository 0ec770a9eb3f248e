"""What the screens share in widgets: raw HTML ones, and the options that keep events private and calm."""

from pathlib import Path
from typing import Any

import gradio as gr

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
