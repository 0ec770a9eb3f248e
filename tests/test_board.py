"""Where every run can be seen: what is under way stays in memory, what has ended stands in the log."""

from datetime import timedelta
from pathlib import Path

import pytest

from playground.runlog import RunLog
from playground.runner import board as board_module
from playground.runner.board import Board
from playground.runner.views import Phase, RunView
from tests.ui_samples import NOW, a_run, a_view

N_RUNS = 30


@pytest.fixture
def log(tmp_path: Path) -> RunLog:
    return RunLog(tmp_path / "runs.csv")


def ended(log: RunLog, number: int) -> RunView:
    """Of a comparison with two runs each, with its row in the log."""
    run = a_run(
        run_id=f"run_{number}",
        comparison_id=f"cmp_{number // 2}",
        lane=1 + number % 2,
        started_at=NOW + timedelta(seconds=number),
    )
    log.append(run)
    return a_view(
        run_id=run.run_id,
        comparison_id=run.comparison_id,
        lane=run.lane,
        phase=Phase.DONE,
        started_at=run.started_at,
        run=run,
    )


def test_what_is_under_way_stays_in_memory_and_what_has_ended_comes_from_the_log(
    log: RunLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(board_module, "_KEPT_FINISHED", 4)
    board = Board(log, tmp_path)
    board.put(a_view(run_id="run_open", comparison_id="cmp_open"))
    for number in range(N_RUNS):
        board.put(ended(log, number))

    in_memory = [n for n in range(N_RUNS) if board.run_ids(f"cmp_{n // 2}")]
    assert 4 <= len(in_memory) <= 2 * 4 + 1
    assert in_memory[-1] == N_RUNS - 1
    assert [view.run_id for view in board.open_views(None)] == ["run_open"]
    assert board.revisions("cmp_0") == ()
    for number in range(N_RUNS):
        view = board.view(f"run_{number}")
        assert view is not None
        assert view.phase is Phase.DONE
        assert view.run == a_run(
            run_id=f"run_{number}",
            comparison_id=f"cmp_{number // 2}",
            lane=1 + number % 2,
            started_at=NOW + timedelta(seconds=number),
        )
    assert [view.run_id for view in board.views("cmp_0")] == ["run_0", "run_1"]
    assert board.knows("cmp_0")
    assert not board.knows("cmp_99")


def test_many_under_way_at_once_are_all_kept(
    log: RunLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(board_module, "_KEPT_FINISHED", 4)
    board = Board(log, tmp_path)
    for number in range(N_RUNS):
        board.put(a_view(run_id=f"run_{number}", comparison_id="cmp_1", repeat=1 + number))

    assert board.count_open({None}) == N_RUNS  # type: ignore[arg-type]
    assert len(board.views("cmp_1")) == N_RUNS
