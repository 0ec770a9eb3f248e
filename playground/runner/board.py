"""Where every run can be seen: the ones under way in memory, the finished ones in the log."""

from collections.abc import Collection
from pathlib import Path

from playground.runlog import RunLog
from playground.runner import ledger
from playground.runner.views import Phase, RunView

# Finished runs are read back from the log, so memory need not keep them for ever.
_KEPT_FINISHED = 100


class Board:
    """Written by the engine's loop, read from any thread."""

    def __init__(self, log: RunLog, data_dir: Path) -> None:
        self._log = log
        self._data_dir = data_dir
        self._views: dict[str, RunView] = {}
        self._by_comparison: dict[str, tuple[str, ...]] = {}
        self._forget_at = 2 * _KEPT_FINISHED

    def put(self, view: RunView) -> None:
        """The run as it now stands."""
        if view.run_id not in self._views:
            known = self._by_comparison.get(view.comparison_id, ())
            self._by_comparison[view.comparison_id] = (*known, view.run_id)
        self._views[view.run_id] = view
        if len(self._views) > self._forget_at:
            self._forget_finished()
            # A whole experiment may be open; it is not looked through again at each change.
            self._forget_at = len(self._views) + _KEPT_FINISHED

    def knows(self, comparison_id: str) -> bool:
        """It was begun or taken up in this program, or stands in the log."""
        return comparison_id in self._by_comparison or bool(self._log.runs_of(comparison_id))

    def run_ids(self, comparison_id: str) -> tuple[str, ...]:
        """The runs of a comparison that this program has seen under way."""
        return self._by_comparison.get(comparison_id, ())

    def revisions(self, comparison_id: str) -> tuple[tuple[str, int], ...]:
        """Another one after each change of a run this program has under way; costs no look at the log."""
        views = (self._views.get(run_id) for run_id in self.run_ids(comparison_id))
        return tuple((view.run_id, view.revision) for view in views if view is not None)

    def view(self, run_id: str) -> RunView | None:
        """The run as it stands; None if nobody knows it."""
        if run_id in self._views:
            return self._views[run_id]
        run = self._log.get(run_id)
        return None if run is None else ledger.view_of(run, self._data_dir)

    def attempts(self, comparison_id: str) -> tuple[RunView, ...]:
        """Every run of a comparison, retries included, oldest first."""
        views = {
            run.run_id: ledger.view_of(run, self._data_dir)
            for run in self._log.runs_of(comparison_id)
        }
        for run_id in self.run_ids(comparison_id):
            if run_id in self._views:
                views[run_id] = self._views[run_id]
        return tuple(sorted(views.values(), key=lambda view: view.started_at))

    def views(self, comparison_id: str) -> tuple[RunView, ...]:
        """The latest run of each lane and repeat of a comparison, in that order."""
        latest = {(view.lane, view.repeat): view for view in self.attempts(comparison_id)}
        return tuple(latest[place] for place in sorted(latest))

    def open_views(self, owner_id: str | None) -> tuple[RunView, ...]:
        """Every run of an owner that has no row yet, newest first."""
        views = tuple(self._views.values())
        return tuple(
            sorted(
                (v for v in views if v.phase is not Phase.DONE and v.owner_id == owner_id),
                key=lambda view: view.started_at,
                reverse=True,
            )
        )

    def count_open(self, owner_ids: Collection[str]) -> int:
        """How many runs of these owners have no row yet, those of experiments aside."""
        views = tuple(self._views.values())
        return sum(
            view.phase is not Phase.DONE
            and view.owner_id in owner_ids
            and view.experiment_id is None
            for view in views
        )

    def _forget_finished(self) -> None:
        finished = [view for view in self._views.values() if view.phase is Phase.DONE]
        for view in finished[:-_KEPT_FINISHED]:
            del self._views[view.run_id]
            rest = tuple(r for r in self.run_ids(view.comparison_id) if r != view.run_id)
            if rest:
                self._by_comparison[view.comparison_id] = rest
            else:
                self._by_comparison.pop(view.comparison_id, None)
