"""Comparisons with real pictures in a folder, as the screens meet them: rows, files and views."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from playground.runner import ledger
from playground.runner.views import Phase, RunView
from playground.schema import Run
from playground.ui.voting.ballots import Act, Ballots
from tests.judging_rig import a_comparison, a_picture, keep_picture, log_runs


def pictured(data_dir: Path, *runs: Run, **options: Any) -> tuple[Run, ...]:
    """The runs with files of their own: each another picture."""
    return tuple(
        run
        if run.file is None
        else keep_picture(data_dir, run, a_picture(seed=len(run.run_id) + place, **options))
        for place, run in enumerate(runs)
    )


def views_of(data_dir: Path, *runs: Run) -> tuple[RunView, ...]:
    """Finished runs as a watcher sees them, by lane and repeat."""
    views = (ledger.view_of(run, data_dir) for run in runs)
    return tuple(sorted(views, key=lambda view: (view.lane, view.repeat)))


def a_finished(
    data_dir: Path, number: int = 1, repeats: int = 1, **changes: Any
) -> Sequence[RunView]:
    """A comparison that is over, with its pictures on disk and its rows in the log."""
    runs = pictured(data_dir, *a_comparison(number, repeats, **changes))
    log_runs(data_dir, runs)
    return views_of(data_dir, *runs)


def under_way(view: RunView) -> RunView:
    """The same run before it ended."""
    return replace(view, run=None, picture=None, phase=Phase.GENERATING)


def new_ballots(data_dir: Path, **options: Any) -> Ballots:
    return Ballots(data_dir, copies_dir=data_dir / "thumbnails" / "blind", **options)


def an_act(name: str, token: str = "", **details: Any) -> Act:
    return Act(name=name, token=token, echo=1, **details)
