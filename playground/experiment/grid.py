"""The grid of an experiment: prompts down, models and variants across, repeats in the cell; pure data, nothing drawn."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from playground.experiment.books import Look, OpenRun, Place, has_picture
from playground.experiment.plan import Plan, PlannedComparison, Variant, variants
from playground.schema import Answer, PairKind, Run, RunStatus, Vote


class ShotState(StrEnum):
    """Where one planned picture is."""

    WAITING = "waiting"  # not written down yet
    RESERVED = "reserved"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Verdict(StrEnum):
    """What the voter said of a picture beside the others of its prompt."""

    BETTER = "better"
    WORSE = "worse"
    TIE = "tie"
    BOTH_BAD = "both_bad"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """One planned picture: its latest attempt and what was said of it."""

    run_id: str  # of the latest attempt; the planned one before there is any
    repeat: int
    state: ShotState
    run: Run | None  # the row that counts: the one with a picture, else the latest
    n_attempts: int
    verdicts: tuple[Verdict, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A model in a lane, in one variant."""

    lane: int
    model: str
    variant: Variant


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """The repeats of one prompt in one column."""

    comparison_id: str
    shots: tuple[Shot, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One prompt across all columns."""

    prompt: int  # its place in the plan
    text: str
    tags: tuple[str, ...]
    cells: tuple[Cell, ...]
    n_unjudged: int  # pairs of two models, both there, without a verdict
    has_failed: bool
    differs: bool  # the verdicts on this prompt do not agree


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which prompts are shown; all of what is chosen must hold."""

    failed: bool = False
    differs: bool = False
    unjudged: bool = False
    tag: str | None = None

    def holds(self, line: Line) -> bool:
        return (
            (line.has_failed or not self.failed)
            and (line.differs or not self.differs)
            and (line.n_unjudged > 0 or not self.unjudged)
            and (self.tag is None or self.tag in line.tags)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """`lines` are those the filters let through, `n_lines` how many there are in all."""

    columns: tuple[Column, ...]
    lines: tuple[Line, ...]
    n_lines: int
    tags: tuple[str, ...]  # that occur, sorted

    def swapped(self) -> tuple[tuple[Cell, ...], ...]:
        """The cells with the axes swapped: a row for each column, a column for each line."""
        return tuple(
            tuple(line.cells[number] for line in self.lines) for number in range(len(self.columns))
        )


def grid_of(
    plan: Plan, look: Look, votes: Iterable[Vote] = (), *, filters: Filters | None = None
) -> Grid:
    """
    Args:
        votes: Every act of one voter on these comparisons, in the order they were done.
    """
    filters = filters or Filters()
    columns = tuple(
        Column(lane=lane, model=model, variant=variant)
        for variant in variants(plan.settings)
        for lane, model in enumerate(plan.settings.models, start=1)
    )
    told = _Told(look, votes)
    by_prompt: dict[int, dict[Variant, PlannedComparison]] = {}
    for planned in plan.comparisons:
        by_prompt.setdefault(planned.prompt, {})[planned.variant] = planned
    lines = tuple(_line(plan, prompt, by_prompt[prompt], columns, told) for prompt in by_prompt)
    return Grid(
        columns=columns,
        lines=tuple(line for line in lines if filters.holds(line)),
        n_lines=len(lines),
        tags=tuple(sorted({tag for line in lines for tag in line.tags})),
    )


class _Told:
    """What is known of runs and verdicts, by where they belong."""

    def __init__(self, look: Look, votes: Iterable[Vote]) -> None:
        self.attempts = look.attempts()
        self.open_at: Mapping[Place, OpenRun] = {each.place: each for each in look.open_runs}
        self.standing = _standing(votes)
        self.verdicts: dict[str, list[Verdict]] = {}
        self.said: dict[str, set[str]] = {}  # by comparison: winners, or that there is none
        for vote in self.standing.values():
            words = self.said.setdefault(vote.comparison_id, set())
            words.add(vote.winner_model or vote.answer)
            for run_id in (vote.run_1, vote.run_2):
                self.verdicts.setdefault(run_id, []).append(_verdict_on(run_id, vote))


def _standing(votes: Iterable[Vote]) -> dict[tuple[str, str], Vote]:
    """The verdicts on pairs of two models that were not withdrawn, by pair."""
    found: dict[tuple[str, str], Vote] = {}
    for vote in votes:
        pair = (vote.run_1, vote.run_2)
        if vote.pair_kind != PairKind.MODELS:
            continue
        if vote.answer == Answer.WITHDRAWN:
            found.pop(pair, None)
        elif Answer(vote.answer).is_verdict:
            found[pair] = vote
    return found


def _verdict_on(run_id: str, vote: Vote) -> Verdict:
    if vote.answer == Answer.TIE:
        return Verdict.TIE
    if vote.answer == Answer.BOTH_BAD:
        return Verdict.BOTH_BAD
    return Verdict.BETTER if vote.winner_run_id == run_id else Verdict.WORSE


def _line(
    plan: Plan,
    prompt: int,
    by_variant: Mapping[Variant, PlannedComparison],
    columns: Sequence[Column],
    told: _Told,
) -> Line:
    cells = tuple(
        _cell(by_variant[column.variant], column.lane, told)
        for column in columns
        if column.variant in by_variant
    )
    ids = {planned.comparison_id for planned in by_variant.values()}
    said = {word for each in ids for word in told.said.get(each, ())}
    return Line(
        prompt=prompt,
        text=plan.prompts[prompt].text,
        tags=plan.prompts[prompt].tags,
        cells=cells,
        n_unjudged=sum(_n_unjudged(plan, planned, told) for planned in by_variant.values()),
        has_failed=any(shot.state is ShotState.FAILED for c in cells for shot in c.shots),
        differs=len(said) > 1,
    )


def _cell(planned: PlannedComparison, lane: int, told: _Told) -> Cell:
    return Cell(
        comparison_id=planned.comparison_id,
        shots=tuple(
            _shot(planned, lane, repeat, run_id, told)
            for repeat, run_id in enumerate(planned.run_ids[lane - 1], start=1)
        ),
    )


def _shot(planned: PlannedComparison, lane: int, repeat: int, run_id: str, told: _Told) -> Shot:
    place = (planned.comparison_id, lane, repeat)
    rows = told.attempts.get(place, [])
    open_run = told.open_at.get(place)
    run = counting_run(rows)
    if run is not None and has_picture(run):
        state = ShotState.DONE
    elif open_run is not None:
        state = ShotState.RUNNING if open_run.is_sent else ShotState.RESERVED
    elif run is None:
        state = ShotState.WAITING
    else:
        is_cancelled = run.status == RunStatus.CANCELLED
        state = ShotState.CANCELLED if is_cancelled else ShotState.FAILED
    latest = run_id if run is None else run.run_id
    return Shot(
        run_id=open_run.run_id if open_run is not None else latest,
        repeat=repeat,
        state=state,
        run=run,
        n_attempts=len(rows) + (open_run is not None),
        verdicts=tuple(told.verdicts.get("" if run is None else run.run_id, ())),
    )


def counting_run(rows: Sequence[Run]) -> Run | None:
    """The last attempt with a picture, else the last; None when there is none."""
    pictures = [run for run in rows if has_picture(run)]
    if pictures:
        return pictures[-1]
    return rows[-1] if rows else None


def _n_unjudged(plan: Plan, planned: PlannedComparison, told: _Told) -> int:
    n = 0
    models = plan.settings.models
    for repeat in range(1, plan.settings.repeats + 1):
        runs = [
            counting_run(told.attempts.get((planned.comparison_id, lane, repeat), []))
            for lane in range(1, len(models) + 1)
        ]
        there = [run for run in runs if run is not None and has_picture(run)]
        n += sum(
            one.model != two.model and (one.run_id, two.run_id) not in told.standing
            for number, one in enumerate(there)
            for two in there[number + 1 :]
        )
    return n
