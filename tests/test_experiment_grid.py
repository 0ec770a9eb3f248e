"""The grid: what stands in which cell, whatever happened to the runs; filters; the queue to judge."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from playground.experiment.books import Look, OpenRun
from playground.experiment.grid import Filters, ShotState, Verdict, grid_of
from playground.experiment.judging import acts_of, queue_of
from playground.judging.pairs import comparison_pairs
from playground.judging.votes import VoteLog
from playground.schema import Answer, RunStatus
from tests.experiment_rig import a_plan
from tests.judging_rig import NOON, VOTER, a_ballot, a_run, failed, log_runs

PLAN = a_plan(3, repeats=2, ratios=("1:1", "16:9"))
PLAN = replace(
    PLAN,
    prompts=tuple(
        replace(each, tags=("sea",) if number else ()) for number, each in enumerate(PLAN.prompts)
    ),
)


def row(prompt: int, variant: int, lane: int, repeat: int, **changes):
    planned = PLAN.comparisons[2 * prompt + variant]
    run = a_run(
        1,
        lane,
        repeat,
        run_id=planned.run_ids[lane - 1][repeat - 1],
        comparison_id=planned.comparison_id,
        experiment_id=PLAN.experiment_id,
        prompt=PLAN.prompts[prompt].text,
        size=planned.variant.ratio,
        started_at=datetime(2026, 11, 22, 12, tzinfo=UTC),
    )
    return replace(run, **changes)


def shot(grid, line: int, column: int, repeat: int = 1):
    return grid.lines[line].cells[column].shots[repeat - 1]


def look(*rows, open_runs=()):
    return Look(rows=rows, open_runs=tuple(open_runs))


def test_prompts_go_down_models_and_variants_across_and_repeats_into_the_cell():
    grid = grid_of(PLAN, look())

    assert [(c.variant.ratio, c.model) for c in grid.columns] == [
        ("1:1", "flux-2-flex"),
        ("1:1", "flux-2-pro"),
        ("16:9", "flux-2-flex"),
        ("16:9", "flux-2-pro"),
    ]
    assert [len(line.cells) for line in grid.lines] == [4, 4, 4]
    assert shot(grid, 2, 3, 2).run_id == PLAN.comparisons[5].run_ids[1][1]
    assert grid.swapped()[3][2] == grid.lines[2].cells[3]


def test_the_latest_attempt_counts_and_a_picture_wins():
    first = failed(row(0, 0, 1, 1))
    again = row(0, 0, 1, 1, run_id="run_again", retry_of=first.run_id)
    lost = failed(row(0, 0, 2, 1))
    third = replace(lost, run_id="run_third", retry_of=lost.run_id)
    cancelled = failed(
        row(
            0,
            1,
            1,
            1,
        )
    )
    cancelled = replace(cancelled, status=RunStatus.CANCELLED)
    planned = PLAN.comparisons[2]
    waiting = OpenRun(
        run_id=planned.run_ids[0][0], place=(planned.comparison_id, 1, 1), model="flux-2-flex",
        is_sent=False, estimate_usd=None, retry_of=None, is_elsewhere=True,
    )  # fmt: skip
    sent = replace(waiting, place=(planned.comparison_id, 2, 1), is_sent=True)

    grid = grid_of(PLAN, look(first, again, lost, third, cancelled, open_runs=(waiting, sent)))

    assert (shot(grid, 0, 0).state, shot(grid, 0, 0).run_id) == (ShotState.DONE, "run_again")
    assert shot(grid, 0, 0).n_attempts == 2
    assert (shot(grid, 0, 1).state, shot(grid, 0, 1).run_id) == (ShotState.FAILED, "run_third")
    assert shot(grid, 0, 2).state is ShotState.CANCELLED
    assert shot(grid, 1, 0).state is ShotState.RESERVED
    assert shot(grid, 1, 1).state is ShotState.RUNNING
    assert shot(grid, 2, 0).state is ShotState.WAITING


@pytest.fixture
def votes(tmp_path):
    return VoteLog(tmp_path / "votes.csv")


def vote(votes, rows, answer: Answer):
    (pair,) = comparison_pairs(rows)
    a_ballot(votes, pair).cast(answer, at=NOON)


def test_verdicts_stand_in_the_cells_and_filters_choose_lines(votes):
    pairs = [(row(n, 0, 1, 1), row(n, 0, 2, 1)) for n in range(3)]
    second = (row(0, 1, 1, 1), row(0, 1, 2, 1))
    bad = failed(row(2, 1, 1, 1))
    vote(votes, pairs[0], Answer.A_BETTER)
    vote(votes, second, Answer.TIE)
    vote(votes, pairs[1], Answer.BOTH_BAD)
    acts = acts_of(PLAN, votes, voter_id=VOTER)
    rows = look(*(run for pair in (*pairs, second) for run in pair), bad)

    grid = grid_of(PLAN, rows, acts)

    said = {shot(grid, 0, 0).verdicts, shot(grid, 0, 1).verdicts}
    assert said == {(Verdict.BETTER,), (Verdict.WORSE,)}
    assert shot(grid, 0, 2).verdicts == shot(grid, 0, 3).verdicts == (Verdict.TIE,)
    assert shot(grid, 1, 0).verdicts == (Verdict.BOTH_BAD,)
    assert [line.n_unjudged for line in grid.lines] == [0, 0, 1]

    def shown(**filters):
        return [line.prompt for line in grid_of(PLAN, rows, acts, filters=Filters(**filters)).lines]

    assert shown(differs=True) == [0]
    assert shown(failed=True) == [2]
    assert shown(unjudged=True) == [2]
    assert shown(tag="sea") == [1, 2]
    assert shown(tag="sea", failed=True) == [2]
    assert grid.tags == ("sea",)


def test_the_queue_holds_this_experiment_alone_and_less_after_a_vote(votes, tmp_path):
    pairs = [(row(n, 0, 1, 1), row(n, 0, 2, 1)) for n in range(3)]
    log_runs(tmp_path, [run for pair in pairs for run in pair])
    log_runs(tmp_path, [a_run(9, 1), a_run(9, 2)])

    before = queue_of(PLAN, tmp_path, voter_id=VOTER)
    vote(votes, pairs[1], Answer.TIE)
    after = queue_of(PLAN, tmp_path, voter_id=VOTER)

    assert len(before) == 3
    assert {pair.experiment_id for pair in before} == {PLAN.experiment_id}
    assert [p for p in before if p.comparison_id != pairs[1][0].comparison_id] == list(after)
    assert queue_of(PLAN, tmp_path, voter_id="somebody else") == before
