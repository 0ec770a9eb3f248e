"""What the page shows before anything was run: prompts to try, and one recorded comparison."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from playground.runner.ledger import view_of
from playground.runner.views import RunView
from playground.schema import Run, column_info
from playground.ui.texts import text
from playground.ui.widgets import ASSETS

EXAMPLE_DIR = ASSETS / "example"
EXAMPLE_FILE = EXAMPLE_DIR / "example.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExamplePrompt:
    """A button that fills the prompt."""

    name: str
    prompt: str


EXAMPLE_NAMES = ("sign", "coast", "portrait", "poster", "edit")


def example_prompts() -> tuple[ExamplePrompt, ...]:
    """The prompts to try, in the language spoken."""
    return tuple(
        ExamplePrompt(name=text(f"examples.{name}"), prompt=text(f"examples.{name}_prompt"))
        for name in EXAMPLE_NAMES
    )


_PARSERS: Mapping[str, Callable[[str], Any]] = {
    "decimal": Decimal,
    "datetime": datetime.fromisoformat,
    "Float64": float,
    "Int64": int,
    "string": str,
}


def recorded_example(file: Path = EXAMPLE_FILE) -> tuple[RunView, ...]:
    """The runs of the bundled comparison, by lane; their pictures lie beside the file."""
    rows = json.loads(file.read_text("utf-8"))["runs"]
    return tuple(view_of(_run(row), file.parent) for row in rows)


def example_json(runs: tuple[Run, ...]) -> str:
    """What `recorded_example` reads: the rows as they stand in the log, empty cells left out."""
    rows = [
        {name: str(value) for name in column_info(Run) if (value := getattr(run, name)) is not None}
        for run in runs
    ]
    return json.dumps({"runs": rows}, indent=1, ensure_ascii=False) + "\n"


def _run(row: Mapping[str, str]) -> Run:
    columns: dict[str, Any] = {
        name: _PARSERS[info["dtype"]](row[name])
        for name, info in column_info(Run).items()
        if name in row
    }
    return Run(**columns)
