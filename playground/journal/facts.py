"""What is known of a run under way, fact by fact, and what follows from it; the same in any order."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any


class Fact(StrEnum):
    """Something that became true of a run. Facts are only ever added."""

    INTENT = "intent"  # it is to be bought
    SENT = "sent"  # the paid request is about to leave; needs `attempt`
    NOT_SENT = "not_sent"  # that attempt provably did not arrive; needs `attempt`
    HANDED_OVER = "handed_over"  # it is another visitor's now; tells `owner_id`
    REFUSED = "refused"  # definitely no, or stopped in time: nothing was bought
    ACCEPTED = "accepted"  # there is a task; needs `task_id`
    COMPLETED = "completed"  # the service has a picture
    FAILED = "failed"  # the task has ended and there will be no picture
    SAVED = "saved"  # the picture is on disk
    UNCONFIRMED = "unconfirmed"  # sent, answer lost, not found again
    LOGGED = "logged"  # its row stands in the log; nothing is left to do


class Stage(StrEnum):
    """What is to be done next for a run, whoever does it."""

    MAY_SUBMIT = "may_submit"  # nothing was bought yet
    LOOK_UP = "look_up"  # sent, and nobody knows whether it arrived
    WAIT = "wait"  # the task is known
    FETCH = "fetch"  # the picture waits at the service
    LOG = "log"  # the outcome is known, its row is missing
    DONE = "done"


Data = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    """
    All that is known of one run.

    `facts` holds for each fact the data it was written with, oldest first; each has at least
    `at`, the moment as ISO text. The same fact may stand there several times.
    """

    run_id: str
    facts: Mapping[str, tuple[Data, ...]]

    def first(self, fact: Fact) -> Data | None:
        """The data of the earliest such fact; None when there is none."""
        return self.facts[fact][0] if fact in self.facts else None

    def last(self, fact: Fact) -> Data | None:
        """The data of the latest such fact; None when there is none."""
        return self.facts[fact][-1] if fact in self.facts else None

    @property
    def began_at(self) -> datetime:
        """When the earliest fact became true."""
        return min(_moment(known[0]) for known in self.facts.values())

    @property
    def intent(self) -> Data | None:
        return self.first(Fact.INTENT)

    @property
    def completed(self) -> Data | None:
        return self.last(Fact.COMPLETED)

    @property
    def is_logged(self) -> bool:
        return Fact.LOGGED in self.facts

    @property
    def task_ids(self) -> tuple[str, ...]:
        """Each task known to belong to the run, the earliest first; more than one is a fault."""
        return tuple(dict.fromkeys(data["task_id"] for data in self.facts.get(Fact.ACCEPTED, ())))

    @property
    def task_id(self) -> str | None:
        return next(iter(self.task_ids), None)

    @property
    def extra_task_ids(self) -> tuple[str, ...]:
        return self.task_ids[1:]

    @property
    def last_attempt(self) -> int:
        """The number of the latest attempt to send it; 0 before the first."""
        return max((data["attempt"] for data in self.facts.get(Fact.SENT, ())), default=0)

    @property
    def unresolved_attempt(self) -> int | None:
        """The attempt of which nobody knows whether it arrived; None when there is none."""
        refusals = self.facts.get(Fact.REFUSED, ())
        if Fact.ACCEPTED in self.facts or any("attempt" not in data for data in refusals):
            return None
        settled = {data["attempt"] for data in (*self.facts.get(Fact.NOT_SENT, ()), *refusals)}
        sent = {data["attempt"] for data in self.facts.get(Fact.SENT, ())}
        return max(sent - settled, default=None)

    @property
    def stage(self) -> Stage:
        """The same whatever order the facts were learnt in."""
        if self.is_logged:
            return Stage.DONE
        if Fact.SAVED in self.facts or Fact.FAILED in self.facts:
            return Stage.LOG
        if Fact.COMPLETED in self.facts:
            return Stage.FETCH
        if Fact.ACCEPTED in self.facts:
            return Stage.WAIT
        if Fact.UNCONFIRMED in self.facts:
            return Stage.LOG
        if self.unresolved_attempt is not None:
            return Stage.LOOK_UP
        return Stage.LOG if Fact.REFUSED in self.facts else Stage.MAY_SUBMIT


# ---- lines --------------------------------------------------------------------------------

# A line tells facts of one run: {"run": id, "facts": [[fact, data], ...]}.
Entry = tuple[str, Data]


def line_of(run_id: str, entries: Iterable[Entry]) -> bytes:
    # ASCII, so that half a character survives; `str` for what JSON does not know, because a
    # task id must not be lost to a careless companion.
    record = {"run": run_id, "facts": [list(entry) for entry in entries]}
    return (json.dumps(record, default=str) + "\n").encode("ascii")


def parse_line(line: bytes) -> tuple[str, list[Entry]] | None:
    """The run and its facts; None when the line is torn or was never one of ours."""
    try:
        record = json.loads(line)
        entries = [(fact, data) for fact, data in record["facts"]]
        # A run of which nothing is told is none: everything asks for the time of its first fact.
        is_sound = isinstance(record["run"], str) and entries and all(map(_is_sound, entries))
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return (record["run"], entries) if is_sound else None


def _is_sound(entry: tuple[Any, Any]) -> bool:
    fact, data = entry
    if not (isinstance(fact, str) and isinstance(data, dict) and isinstance(data.get("at"), str)):
        return False
    if fact in (Fact.SENT, Fact.NOT_SENT):
        return isinstance(data.get("attempt"), int)
    return fact != Fact.ACCEPTED or isinstance(data.get("task_id"), str)


def entries_of(facts: RunFacts) -> Iterator[Entry]:
    return ((fact, data) for fact, known in facts.facts.items() for data in known)


def _name(entry: Entry) -> str:
    return json.dumps(entry, sort_keys=True)


def _united(run_id: str, *parts: Iterable[Entry]) -> RunFacts:
    """The facts of all parts, each once; the same in whatever order and however often they come."""
    by_name = {_name(entry): entry for part in parts for entry in part}
    facts: dict[str, list[Data]] = {}
    for _, (fact, data) in sorted(by_name.items(), key=lambda item: (_moment(item[1][1]), item[0])):
        facts.setdefault(fact, []).append(data)
    return RunFacts(run_id=run_id, facts={fact: tuple(known) for fact, known in facts.items()})


def _moment(data: Data) -> datetime:
    try:
        moment = datetime.fromisoformat(data["at"])
    except ValueError:
        return datetime.max.replace(tzinfo=UTC)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


class Runs(dict[str, RunFacts]):
    """Runs by id, united with whatever else becomes known of them."""

    def learn(self, run_id: str, entries: Sequence[Entry]) -> None:
        known = self.get(run_id)
        if known is not None and len(entries) == 1 and entries[0][0] not in known.facts:
            [(fact, data)] = entries  # the common case, without comparing everything
            self[run_id] = RunFacts(run_id=run_id, facts={**known.facts, fact: (data,)})
        else:
            self[run_id] = _united(run_id, () if known is None else entries_of(known), entries)

    def learn_lines(self, data: bytes) -> list[bytes]:
        """Takes what the lines say; gives those that say nothing."""
        damaged = []
        for line in data.split(b"\n"):
            if told := parse_line(line):
                self.learn(*told)
            elif line.strip():
                damaged.append(line)
        return damaged

    def knows_all_of(self, facts: RunFacts) -> bool:
        """Whether each of these facts is known here already."""
        known = self.get(facts.run_id)
        if known is None:
            return False
        return {_name(entry) for entry in entries_of(facts)} <= {
            _name(entry) for entry in entries_of(known)
        }

    def unfinished(self) -> tuple[RunFacts, ...]:
        """Those whose row is not in the log, in the order they became known."""
        return tuple(facts for facts in self.values() if not facts.is_logged)
