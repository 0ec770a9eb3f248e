"""What the makers of experiments named them, for everything that else knows only their ids."""

import json
from pathlib import Path

from playground.experiment.plan import MAX_NAME_CHARACTERS, is_id
from playground.experiment.plan_file import PLAN_NAME
from playground.experiment.shelf import FOLDER


class PlanNames:
    """The names in the plans of a data folder; a plan never changes, so each is read once."""

    def __init__(self, data_dir: Path) -> None:
        self._folder = data_dir / FOLDER
        self._known: dict[str, str] = {}

    def name_of(self, experiment_id: str) -> str | None:
        """None where there is no plan of it, or one that cannot be read."""
        if experiment_id not in self._known:
            name = self._read(experiment_id)
            if name is None:
                return None
            self._known[experiment_id] = name
        return self._known[experiment_id]

    def _read(self, experiment_id: str) -> str | None:
        # The id comes from a log that anybody may have edited.
        if not is_id(experiment_id, "exp"):
            return None
        try:
            plan = json.loads((self._folder / experiment_id / PLAN_NAME).read_bytes())
        except (OSError, ValueError, RecursionError):
            return None
        name = plan.get("name") if isinstance(plan, dict) else None
        words = " ".join(name.split()) if isinstance(name, str) else ""
        return words[:MAX_NAME_CHARACTERS] or None
