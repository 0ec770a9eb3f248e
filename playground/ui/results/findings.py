"""What the Results screen shows as numbers: read from the logs, counted once, kept until a log changes."""

import threading
from collections import OrderedDict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from playground.csvlog.table import LogTable
from playground.experiment.names import PlanNames
from playground.history.marks import current_marks, plain_tag
from playground.results.charts import live_sequence_frame, outcomes_frame, times_frame
from playground.results.checks import Check, checks_of
from playground.results.claims import ClaimCheck, claims_of
from playground.results.evidence import RUNS_NEEDED, VOTES_NEEDED, Evidence, gather, origins_in
from playground.results.scope import (
    NameOf,
    Scope,
    ScopeChoices,
    choices_in,
    no_name,
    scope_mask,
)
from playground.results.summary import Summary, summary_of
from playground.results.verdict import Verdict, judge
from playground.schema import Mark, Origin, Run, Vote
from playground.ui.visits import Visit

MAX_KEPT = 8
MAX_DOTS = 240  # of a model; more would only be a smear
MAX_STEPS = 240  # of the line through the votes
MAX_CANDIDATES = 400  # newest pairs from which those to measure are taken
MAX_WORD = 400
MINE = "me"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked. origin None: live if there is any, else emulated. voter_id None: everybody."""

    scope: Scope
    origin: Origin | None = None
    voter_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """How the share of the second model stood after a vote."""

    n_votes: int
    wins: int
    n: int  # decisive prompts
    share: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Seconds:
    """Seconds of a model's runs in rising order, evenly thinned out; `late` are time-outs."""

    values: tuple[float, ...]
    late: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TwoRuns:
    """A pair that is evidence: the run of the first model and of the second."""

    comparison_id: str
    first: str
    second: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Findings:
    """Everything one question comes to, the plain values of the charts included."""

    question: Question
    choices: ScopeChoices
    n_runs: int  # in scope, of the two models and this origin
    summary: Summary
    verdict: Verdict
    checks: tuple[Check, ...]
    claims: tuple[ClaimCheck, ...]
    steps: tuple[Step, ...]
    seconds: tuple[Seconds, Seconds]
    outcomes: tuple[Mapping[Any, Any], ...]  # rows of `outcomes_frame`
    newest_pairs: tuple[TwoRuns, ...]


class FindingsBook:
    """
    The findings of one data folder, kept in step with its logs. Safe to share between threads.

    May take seconds for a long log: to be asked in a worker thread.
    """

    def __init__(self, data_dir: Path) -> None:
        self._tables = (
            LogTable(data_dir / "runs.csv", Run, (*RUNS_NEEDED, "owner_id")),
            LogTable(data_dir / "votes.csv", Vote, VOTES_NEEDED),
            LogTable(data_dir / "marks.csv", Mark),
        )
        self._names = PlanNames(data_dir)
        self._mutex = threading.Lock()
        self._logs: tuple[Any, ...] = ()
        self._marks: Any = None
        self._kept: OrderedDict[Question, Findings] = OrderedDict()

    def answer(self, question: Question) -> Findings:
        """
        The very same findings while no log has changed.

        Raises:
            StorageError: A log cannot be read.
        """
        with self._mutex:
            self._catch_up()
            known = self._kept.get(question)
            if known is None:
                runs, votes, _ = self._logs
                known = findings_of(runs, votes, self._marks, question, name_of=self._names.name_of)
                self._kept[question] = known
                if len(self._kept) > MAX_KEPT:
                    self._kept.popitem(last=False)
            self._kept.move_to_end(question)
            return known

    def _catch_up(self) -> None:
        logs = tuple(table.read() for table in self._tables)
        if len(self._logs) == len(logs) and all(
            new is old for new, old in zip(logs, self._logs, strict=True)
        ):
            return
        self._logs, self._marks = logs, current_marks(logs[2])
        self._kept.clear()


def findings_of(
    runs: Any, votes: Any, marks: Any, question: Question, *, name_of: NameOf = no_name
) -> Findings:
    """
    The findings on these frames.

    Args:
        runs, votes: As `load_runs` and `load_votes` give them.

        marks: As `current_marks` gives them.

        name_of: What the maker of an experiment named it.
    """
    choices = choices_in(runs, marks=marks, owner_id=question.scope.owner_id, name_of=name_of)
    mask = scope_mask(runs, question.scope, marks=marks)
    evidence = gather(
        runs,
        votes,
        origin=question.origin or default_origin(origins_in(runs[mask])),
        mask=mask,
        voter_id=question.voter_id,
    )
    summary = summary_of(evidence, marks=marks, name_of=name_of)
    verdict = judge(summary)
    return Findings(
        question=question,
        choices=choices,
        n_runs=len(evidence.runs),
        summary=summary,
        verdict=verdict,
        checks=checks_of(summary, verdict),
        claims=claims_of(summary),
        steps=_steps(summary),
        seconds=_seconds(evidence),
        outcomes=tuple(outcomes_frame(summary).to_dict("records")),
        newest_pairs=_newest_pairs(evidence),
    )


def default_origin(there: Collection[Origin]) -> Origin:
    """Live if there is any live run, else emulated; never both together."""
    return Origin.LIVE if Origin.LIVE in there else Origin.EMULATED


def asked(sought: object, visit: Visit) -> Question:
    """
    The choices of a page as a question. It may have sent anything: what is no choice chooses nothing.

    Keys: origin, voter ("me" or nothing), experiment, tag, resolution, size, since (ISO date).
    """
    told = sought if isinstance(sought, Mapping) else {}
    origin = _word(told, "origin")
    return Question(
        scope=Scope(
            owner_id=visit.owner_id,
            experiment_id=_word(told, "experiment"),
            tag=_tag(told),
            resolution=_word(told, "resolution"),
            size=_word(told, "size"),
            since=_day(told),
        ),
        origin=Origin(origin) if origin in tuple(Origin) else None,
        voter_id=visit.voter_id if _word(told, "voter") == MINE else None,
    )


def _word(told: Mapping[Any, Any], name: str) -> str | None:
    word = told.get(name)
    return word if isinstance(word, str) and 0 < len(word) <= MAX_WORD else None


def _tag(told: Mapping[Any, Any]) -> str | None:
    word = _word(told, "tag")
    try:
        return None if word is None else plain_tag(word)
    except ValueError:
        return None


def _day(told: Mapping[Any, Any]) -> date | None:
    word = _word(told, "since")
    try:
        return None if word is None else date.fromisoformat(word)
    except ValueError:
        return None


def _steps(summary: Summary) -> tuple[Step, ...]:
    frame = live_sequence_frame(summary)
    thin = frame.iloc[thinned(len(frame), MAX_STEPS)]
    names = ("n_votes", "wins", "n", "share", "low", "high")
    return tuple(
        Step(**dict(zip(names, row, strict=True)))
        for row in zip(*(thin[name].tolist() for name in names), strict=True)
    )


def _seconds(evidence: Evidence) -> tuple[Seconds, Seconds]:
    frame = times_frame(evidence).sort_values("seconds", kind="stable")
    first, second = (_of_model(frame, model) for model in evidence.models)
    return first, second


def _of_model(frame: Any, model: str) -> Seconds:
    own = frame[(frame["model"] == model).to_numpy(dtype=bool)]
    values, late = (
        own.loc[own["is_censored"] == is_late, "seconds"].tolist() for is_late in (False, True)
    )
    return Seconds(
        values=tuple(values[place] for place in thinned(len(values), MAX_DOTS)),
        late=tuple(late[place] for place in thinned(len(late), MAX_DOTS)),
    )


def thinned(n: int, most: int) -> list[int]:
    """At most `most` places of n, evenly spread, the first and the last among them."""
    if n <= most:
        return list(range(n))
    return [round(place * (n - 1) / (most - 1)) for place in range(most)]


def _newest_pairs(evidence: Evidence) -> tuple[TwoRuns, ...]:
    pairs, ids = evidence.pairs.tail(MAX_CANDIDATES), evidence.runs["run_id"]
    sides = (ids.take(pairs[side].to_numpy()).tolist() for side in ("first", "second"))
    return tuple(
        TwoRuns(comparison_id=comparison, first=first, second=second)
        for comparison, first, second in zip(pairs["comparison_id"].tolist(), *sides, strict=True)
    )[::-1]
