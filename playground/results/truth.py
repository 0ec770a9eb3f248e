"""The truth of a log that was made with one, and whether what an analysis says of it holds it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pandas as pd

TRUTH_FILE = "truth.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """What was set when the log was made; empty for a log of real comparisons."""

    experiments: Mapping[str, str]  # name → experiment_id
    values: Mapping[str, Any]

    @property
    def is_known(self) -> bool:
        return bool(self.values)

    def experiment(self, name: str) -> str | None:
        """The id of the experiment of that name; None, which is the whole log, where there is none."""
        return self.experiments.get(name)

    def value(self, name: str) -> Any:
        """The truth of that name, dots leading into nested values; None where it is not known."""
        found: Any = self.values
        for part in name.split("."):
            if not isinstance(found, Mapping) or part not in found:
                return None
            found = found[part]
        return found


def read_truth(data_dir: Path) -> Truth:
    """The truth beside the log of that folder."""
    path = data_dir / TRUTH_FILE
    if not path.is_file():
        return Truth(experiments=MappingProxyType({}), values=MappingProxyType({}))
    told = json.loads(path.read_text(encoding="utf-8"))
    experiments = told.pop("experiments")
    return Truth(experiments=MappingProxyType(experiments), values=MappingProxyType(told))


def truth_frame(truth: Truth, found: Mapping[str, Any]) -> pd.DataFrame:
    """
    Each result beside the truth of that name; dots lead into nested values.

    Columns: what, truth, estimate, low, high, is_inside (boolean; NA where the truth is not
    known). Results need `estimate`, `low` and `high`; a missing end is no bound on that side.

    Args:
        found: By name of the truth; None for a result that could not be had.
    """
    rows: list[tuple[Any, ...]] = []
    for name, result in found.items():
        value = truth.value(name)
        if result is None:
            rows.append((name, value, None, None, None, None))
            continue
        low, high = result.low, result.high
        is_inside = None
        if value is not None:
            is_inside = (low is None or low <= value) and (high is None or value <= high)
        rows.append((name, value, result.estimate, low, high, is_inside))
    names = ["what", "truth", "estimate", "low", "high", "is_inside"]
    frame = pd.DataFrame(rows, columns=names)
    numbers = dict.fromkeys(names[1:5], "Float64")
    return frame.astype({**numbers, "is_inside": "boolean"})
