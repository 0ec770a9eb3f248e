"""
Compare the hosted image models flux-2-flex and flux-2-pro on your own prompts.

    from playground import open_playground, settings_from_env

    async with open_playground(settings_from_env(os.environ)) as playground:
        result = await playground.compare("A lighthouse at dusk", references=["coast.jpg"])
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playground.config import settings_from_env as settings_from_env
    from playground.experiment.lab import Lab as Lab
    from playground.experiment.lab import open_lab as open_lab
    from playground.experiment.planning import Wish as Wish
    from playground.runlog import load_runs as load_runs
    from playground.runner.playground import Playground as Playground
    from playground.runner.playground import open_playground as open_playground
    from playground.runner.result import ComparisonResult as ComparisonResult
    from playground.schema import Comparison as Comparison
    from playground.schema import Reference as Reference
    from playground.schema import Request as Request
    from playground.schema import Run as Run
    from playground.settings import Settings as Settings

__version__ = "0.1.0"

_HOMES = {
    "Comparison": "playground.schema",
    "ComparisonResult": "playground.runner.result",
    "Lab": "playground.experiment.lab",
    "Playground": "playground.runner.playground",
    "Reference": "playground.schema",
    "Request": "playground.schema",
    "Run": "playground.schema",
    "Settings": "playground.settings",
    "Wish": "playground.experiment.planning",
    "load_runs": "playground.runlog",
    "open_lab": "playground.experiment.lab",
    "open_playground": "playground.runner.playground",
    "settings_from_env": "playground.config",
}
__all__ = ["__version__", *sorted(_HOMES)]


def __getattr__(name: str) -> object:
    # Loaded when asked for: the emulator must start without the client, a notebook without httpx.
    if name not in _HOMES:
        raise AttributeError(f"module 'playground' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
