import errno
import fcntl
import json
import os
import random
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from playground.disk import LOCK_PATIENCE_S, locked
from playground.errors import StorageError
from playground.journal import Fact, Journal, RunFacts, Stage
from playground.journal import journal as journal_module
from playground.journal.facts import Runs, line_of, parse_line

T0 = datetime(2026, 11, 22, 11, 6, tzinfo=UTC)

# The life of a run, fact by fact, and what is to be done when its process dies right after.
LIFE: tuple[tuple[Fact, dict[str, Any], Stage], ...] = (
    (Fact.INTENT, {"run": {"prompt": "a\nb \ud800 é", "estimate_usd": "0.047"}}, Stage.MAY_SUBMIT),
    (Fact.SENT, {"attempt": 1}, Stage.LOOK_UP),
    (Fact.NOT_SENT, {"attempt": 1, "message": "no connection"}, Stage.MAY_SUBMIT),
    (Fact.SENT, {"attempt": 2}, Stage.LOOK_UP),
    (Fact.ACCEPTED, {"task_id": "task_1", "submit_s": 0.2}, Stage.WAIT),
    (Fact.COMPLETED, {"url": "https://files.example.com/1.png", "polls": 4}, Stage.FETCH),
    (Fact.SAVED, {"file": "pictures/1.png", "sha256": "0" * 64}, Stage.LOG),
    (Fact.LOGGED, {}, Stage.DONE),
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data" / "journal"


@pytest.fixture
def ours(folder: Path) -> Iterator[Journal]:
    journal = Journal.open(folder)
    yield journal
    journal.close()


def live(journal: Journal, run_id: str, n_facts: int = len(LIFE)) -> None:
    for number, (fact, data, _) in enumerate(LIFE[:n_facts]):
        journal.write(run_id, fact, at=(T0 + timedelta(seconds=number)).isoformat(), **data)


def run_in_child(action: Callable[[], None]) -> int:
    """What became of a forked child that did this; minus the signal that killed it."""
    child = os.fork()
    if child == 0:
        try:
            action()
        finally:
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def leave_behind(folder: Path, *run_ids: str, n_facts: int) -> None:
    """A journal whose process was killed after that many facts of each run."""

    def write_and_die() -> None:
        journal = Journal.open(folder)
        for run_id in run_ids:
            live(journal, run_id, n_facts)
        die()

    assert run_in_child(write_and_die) == -signal.SIGKILL


def journals(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.jsonl"))


def facts_of(run_id: str, *told: tuple[Fact, dict[str, Any]]) -> RunFacts:
    """These facts, a second apart."""
    runs = Runs()
    for number, (fact, data) in enumerate(told):
        at = (T0 + timedelta(seconds=number)).isoformat()
        parsed = parse_line(line_of(run_id, [(fact, {"at": at, **data})]))
        assert parsed is not None
        runs.learn(*parsed)
    return runs[run_id]


# ---- what follows from facts --------------------------------------------------------------


@pytest.mark.parametrize("n_facts", range(1, len(LIFE) + 1))
def test_each_fact_of_a_life_leads_to_the_next_thing_to_do(ours: Journal, n_facts: int) -> None:
    live(ours, "run_1", n_facts)

    facts = ours.facts("run_1")

    assert facts is not None
    assert facts.stage is LIFE[n_facts - 1][2]
    assert facts.intent is not None
    assert facts.intent["run"] == LIFE[0][1]["run"]
    assert facts.task_id == ("task_1" if n_facts >= 5 else None)
    assert facts.unresolved_attempt == {2: 1, 4: 2}.get(n_facts)
    assert facts.is_logged == (n_facts == len(LIFE))
    assert bool(ours.open_runs()) != facts.is_logged


SENT_1 = (Fact.SENT, {"attempt": 1})
ACCEPTED = (Fact.ACCEPTED, {"task_id": "task_1"})
REFUSED = (Fact.REFUSED, {"kind": "moderation"})
UNCONFIRMED: tuple[Fact, dict[str, Any]] = (Fact.UNCONFIRMED, {})
FAILED: tuple[Fact, dict[str, Any]] = (Fact.FAILED, {})


@pytest.mark.parametrize(
    ("told", "stage"),
    [
        ([REFUSED], Stage.LOG),
        ([SENT_1, REFUSED], Stage.LOG),
        ([SENT_1, (Fact.REFUSED, {"attempt": 1})], Stage.LOG),
        ([SENT_1, (Fact.SENT, {"attempt": 2}), (Fact.REFUSED, {"attempt": 1})], Stage.LOOK_UP),
        ([SENT_1, UNCONFIRMED], Stage.LOG),
        ([SENT_1, UNCONFIRMED, ACCEPTED], Stage.WAIT),
        ([SENT_1, ACCEPTED, FAILED], Stage.LOG),
        ([SENT_1, ACCEPTED, (Fact.COMPLETED, {}), FAILED], Stage.LOG),
        ([SENT_1, (Fact.NOT_SENT, {"attempt": 1})], Stage.MAY_SUBMIT),
        ([SENT_1, (Fact.NOT_SENT, {"attempt": 1}), REFUSED], Stage.LOG),
        ([(Fact.LOGGED, {})], Stage.DONE),
    ],
)
def test_other_lives_lead_where_they_must(
    told: list[tuple[Fact, dict[str, Any]]], stage: Stage
) -> None:
    assert facts_of("r", (Fact.INTENT, {}), *told).stage is stage


def test_of_two_tasks_for_one_run_both_are_kept_and_the_earlier_one_counts(ours: Journal) -> None:
    later, earlier = T0 + timedelta(seconds=1), T0
    ours.write("run_1", Fact.ACCEPTED, at=later.isoformat(), task_id="task_b")
    ours.write("run_1", Fact.ACCEPTED, at=earlier.isoformat(), task_id="task_a")
    ours.write("run_1", Fact.ACCEPTED, at=later.isoformat(), task_id="task_a")

    facts = ours.facts("run_1")

    assert facts is not None
    assert (facts.task_id, facts.extra_task_ids) == ("task_a", ("task_b",))


def test_facts_are_the_same_in_any_order_and_however_often_they_are_told(folder: Path) -> None:
    rng = random.Random(1)
    with_lines = Journal.open(folder)
    live(with_lines, "run_1", 6)
    live(with_lines, "run_2", 4)
    lines = with_lines.path.read_bytes().splitlines()
    expected = with_lines.open_runs()

    for _ in range(30):
        told = [*lines, *rng.choices(lines, k=5)]
        rng.shuffle(told)
        runs = Runs()
        assert runs.learn_lines(b"\n".join(told)) == []
        assert sorted(runs.unfinished(), key=lambda facts: facts.run_id) == list(expected)
    with_lines.close()


def test_data_survives_as_json_spells_it(ours: Journal) -> None:
    ours.write("run_1", Fact.INTENT, prompt="\ud800 half", usd=Decimal("0.05"), at_once=T0, n=None)

    again = Runs()
    again.learn_lines(ours.path.read_bytes())

    assert again["run_1"] == ours.facts("run_1")
    intent = again["run_1"].intent
    assert intent is not None
    assert (intent["prompt"], intent["usd"], intent["n"]) == ("\ud800 half", "0.05", None)


@pytest.mark.parametrize(
    ("fact", "data"),
    [(Fact.SENT, {}), (Fact.NOT_SENT, {}), (Fact.ACCEPTED, {}), (Fact.ACCEPTED, {"task_id": 7})],
)
def test_a_fact_without_what_it_needs_is_refused_and_not_written(
    ours: Journal, fact: Fact, data: dict[str, Any]
) -> None:
    with pytest.raises(ValueError, match=fact):
        ours.write("run_1", fact, **data)

    assert ours.facts("run_1") is None
    assert ours.path.read_bytes() == b""


def test_the_facts_at_which_money_hangs_outlive_a_power_cut(
    ours: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed: list[Fact] = []
    fact = Fact.INTENT
    real_fsync = os.fsync

    def noting_fsync(fd: int) -> None:
        flushed.append(fact)
        real_fsync(fd)

    monkeypatch.setattr(os, "fsync", noting_fsync)
    for fact, data, _ in LIFE:
        ours.write("run_1", fact, **data)
    fact = Fact.INTENT
    ours.write("run_2", Fact.INTENT, durable=True)
    fact = Fact.SAVED
    ours.write("run_2", Fact.SAVED, durable=False)

    assert flushed == [Fact.SENT, Fact.SENT, Fact.ACCEPTED, Fact.SAVED, Fact.INTENT]


# ---- after a death ------------------------------------------------------------------------


@pytest.mark.parametrize("n_facts", range(1, len(LIFE) + 1))
def test_killed_after_any_fact_another_process_knows_what_to_do(folder: Path, n_facts: int) -> None:
    leave_behind(folder, "run_1", n_facts=n_facts)
    ours = Journal.open(folder)

    adopted = ours.adopt()

    stage = LIFE[n_facts - 1][2]
    assert [facts.stage for facts in adopted] == ([] if stage is Stage.DONE else [stage])
    assert ours.open_runs() == adopted
    assert journals(folder) == [ours.path]
    assert ours.adopt() == ()
    ours.close()


def test_a_line_that_tells_nothing_of_its_run_does_not_stop_a_start(folder: Path) -> None:
    with_nothing = b'{"run": "run_x", "facts": []}\n'
    folder.mkdir(parents=True)
    (folder / "theirs.jsonl").write_bytes(with_nothing)

    journal = Journal.open(folder)
    try:
        assert journal.adopt() == ()
    finally:
        journal.close()

    assert parse_line(with_nothing) is None


def test_a_line_torn_at_any_byte_is_as_if_it_was_never_written(tmp_path: Path) -> None:
    source = Journal.open(tmp_path / "source")
    live(source, "run_1", 4)
    known = source.path.read_bytes()
    before = source.open_runs()
    source.write("run_1", Fact.ACCEPTED, task_id="task_1")
    after = source.open_runs()
    last = source.path.read_bytes()[len(known) :]
    source.close()

    for length in range(len(last)):
        folder = tmp_path / f"torn{length}"
        folder.mkdir()
        (folder / "dead.jsonl").write_bytes(known + last[:length])
        ours = Journal.open(folder)

        # Without its line end alone the fact is whole.
        assert ours.adopt() == (after if length == len(last) - 1 else before)
        assert journals(folder) == [ours.path]
        ours.close()


def test_garbage_is_skipped_and_kept_as_evidence(folder: Path) -> None:
    leave_behind(folder, "run_1", n_facts=4)
    [dead] = journals(folder)
    lines = dead.read_bytes().splitlines(keepends=True)
    garbage = [
        b"\0\0\0\0\n",
        b'{"run": "run_1", "fac\n',
        b'{"run": 7, "facts": []}\n',
        b'{"run": "run_9", "facts": [["sent", {"at": "2026-11-22T11:06:00+00:00"}]]}\n',
        b"[" * 5000 + b"\n",
        b"\xff\xfe\n",
        b"null\n",
    ]
    dead.write_bytes(b"".join([*garbage[:3], *lines[:2], *garbage[3:], b"\n", *lines[2:]]))
    ours = Journal.open(folder)

    adopted = ours.adopt()

    assert [(facts.run_id, facts.stage) for facts in adopted] == [("run_1", Stage.LOOK_UP)]
    evidence = (folder / "damaged.txt").read_bytes()
    assert all(line.rstrip(b"\n") in evidence for line in garbage)
    assert dead.name.encode() in evidence
    ours.close()


def test_the_runs_of_a_living_process_are_left_alone(folder: Path) -> None:
    theirs, ours = Journal.open(folder), Journal.open(folder)
    live(theirs, "run_1", 5)

    assert ours.adopt() == ()
    assert theirs.path.exists()

    theirs.close()
    assert [facts.run_id for facts in ours.adopt()] == ["run_1"]
    ours.close()


def test_a_child_that_lives_on_does_not_keep_the_lease_of_a_dead_parent(folder: Path) -> None:
    reading, writing = os.pipe()

    ours = Journal.open(folder)

    def fork_noting_the_child() -> None:
        journal = Journal.open(folder)
        live(journal, "run_1", 5)
        child = os.fork()
        if child == 0:
            is_refused = False
            try:
                journal.write("run_1", Fact.SAVED)
            except StorageError:
                is_refused = True
            journal.close()
            os.write(writing, b"refused\n" if is_refused else b"written\n")
            signal.pause()
        os.write(writing, f"{child}\n".encode())
        die()

    assert run_in_child(fork_noting_the_child) == -signal.SIGKILL
    told = b""
    while told.count(b"\n") < 2:
        told += os.read(reading, 100)
    [child] = [int(word) for word in told.split() if word.isdigit()]
    try:
        assert b"refused" in told
        assert [facts.stage for facts in ours.adopt()] == [Stage.WAIT]
    finally:
        os.kill(child, signal.SIGKILL)
    ours.close()


def test_an_adopted_run_knows_what_our_own_journal_knows_too(folder: Path) -> None:
    ours = Journal.open(folder)
    ours.write("run_1", Fact.ACCEPTED, task_id="task_1")
    leave_behind(folder, "run_1", n_facts=2)

    assert ours.adopt() == ()  # it was ours already

    facts = ours.facts("run_1")
    assert facts is not None
    assert facts.intent is not None
    assert facts.stage is Stage.WAIT
    ours.close()


ADOPTER = """
import sys
from pathlib import Path
from playground.journal import Journal

journal = Journal.open(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
print(*(facts.run_id for facts in journal.adopt()), flush=True)
sys.stdin.readline()
"""


@pytest.mark.slow
def test_of_several_processes_that_adopt_at_once_exactly_one_gets_each_run(folder: Path) -> None:
    planned = [f"run_{number}" for number in range(60)]
    for number in range(0, 60, 3):
        leave_behind(folder, *planned[number : number + 3], n_facts=4)
    children = [
        subprocess.Popen(
            [sys.executable, "-c", ADOPTER, str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parent.parent,
        )
        for _ in range(4)
    ]
    answers = []
    for command in ("adopt\n", "end\n"):
        for child in children:
            assert child.stdin is not None
            assert child.stdout is not None
            if command == "adopt\n":
                assert child.stdout.readline() == "ready\n"
        for child in children:
            assert child.stdin is not None
            child.stdin.write(command)
            child.stdin.flush()
        if command == "adopt\n":
            answers = [child.stdout.readline().split() for child in children if child.stdout]
    for child in children:
        child.communicate(timeout=60)

    assert sorted(run_id for answer in answers for run_id in answer) == sorted(planned)


# ---- dying in the middle of it ------------------------------------------------------------

STEPS = ("open", "write", "fsync", "close", "replace", "unlink", "ftruncate", "pread")


def die_at(step: int) -> None:
    """Lets this process be killed just before the given call that touches files."""
    left = step

    def counted(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            nonlocal left
            left -= 1
            if left < 0:
                die()
            return real(*arguments, **named)

        return call

    for name in STEPS:
        setattr(os, name, counted(getattr(os, name)))
    fcntl.flock = counted(fcntl.flock)


def each_step(folder: Path, prepare: Callable[[Path], None], act: Callable[[Path], None]) -> int:
    """How many steps `act` has; it is killed at each, in a folder of its own."""
    for step in range(200):
        place = folder / str(step)
        prepare(place)

        def act_and_die(place: Path = place, step: int = step) -> None:
            die_at(step)
            act(place)
            os._exit(0)

        survived = run_in_child(act_and_die) == 0
        ours = Journal.open(place)
        adopted = [facts for facts in ours.adopt() if facts.run_id != "run_9"]
        assert [facts.run_id for facts in adopted] == ["run_1", "run_2", "run_3"]
        assert [facts.stage for facts in adopted] == [Stage.LOOK_UP, Stage.WAIT, Stage.WAIT]
        assert [len(facts.facts) for facts in adopted] == [3, 4, 4]
        assert journals(place) == [ours.path]
        assert list(place.glob("*.new")) == []
        ours.close()
        if survived:
            return step
    raise AssertionError("there is no end")


def prepare_orphans(place: Path) -> None:
    leave_behind(place, "run_1", n_facts=4)
    leave_behind(place, "run_2", "run_3", n_facts=5)
    leave_behind(place, "run_4", n_facts=8)


def test_killed_at_any_step_of_adopting_nothing_is_lost_or_doubled(tmp_path: Path) -> None:
    def adopt(place: Path) -> None:
        journal = Journal.open(place)
        assert len(journal.adopt()) == 3

    assert each_step(tmp_path, prepare_orphans, adopt) > 20


def test_killed_at_any_step_of_compacting_nothing_is_lost(tmp_path: Path) -> None:
    def compact(place: Path) -> None:
        journal = Journal.open(place)
        journal.adopt()
        live(journal, "run_9")
        journal.compact()

    assert each_step(tmp_path, prepare_orphans, compact) > 30


def test_several_adopters_killed_over_and_over_leave_each_run_to_exactly_one(
    folder: Path,
) -> None:
    rng = random.Random(2)
    planned = [f"run_{number}" for number in range(12)]
    for run_id in planned:
        leave_behind(folder, run_id, n_facts=5)

    def adopt_and_die(step: int) -> None:
        die_at(step)
        Journal.open(folder).adopt()
        die()

    for _ in range(8):
        children = []
        for _ in range(3):
            step = rng.randrange(10, 120)
            child = os.fork()
            if child == 0:
                try:
                    adopt_and_die(step)
                finally:
                    os._exit(1)
            children.append(child)
        for child in children:
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL

    ours, other = Journal.open(folder), Journal.open(folder)
    adopted = ours.adopt()
    assert other.adopt() == ()
    assert sorted(facts.run_id for facts in adopted) == sorted(planned)
    assert {facts.stage for facts in adopted} == {Stage.WAIT}
    assert all(
        len(known) == (2 if fact == Fact.SENT else 1)
        for facts in adopted
        for fact, known in facts.facts.items()
    )
    ours.close()
    other.close()


def test_whoever_finds_a_run_that_a_living_process_took_from_a_dying_one_leaves_it_alone(
    folder: Path,
) -> None:
    leave_behind(folder, "run_1", n_facts=5)
    [orphan] = journals(folder)
    content = orphan.read_bytes()
    first, second = Journal.open(folder), Journal.open(folder)
    assert len(first.adopt()) == 1
    orphan.write_bytes(content)  # freed by its dying holder only now

    assert second.adopt() == ()

    assert not orphan.exists()
    first.close()
    second.close()


def test_a_source_that_cannot_be_removed_stays_locked_until_it_can(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave_behind(folder, "run_1", n_facts=5)
    [orphan] = journals(folder)
    ours, other = Journal.open(folder), Journal.open(folder)
    real_unlink = Path.unlink

    def refuse(path: Path, missing_ok: bool = False) -> None:
        if path == orphan:
            raise OSError(errno.EIO, "Input/output error")
        real_unlink(path, missing_ok=missing_ok)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", refuse)
        assert len(ours.adopt()) == 1
        ours.write("run_1", Fact.LOGGED)
        ours.compact()
        facts = ours.facts("run_1")
        assert facts is not None  # remembered, as long as the source says it is open
        assert facts.is_logged
        assert ours.others_open() == ()
    assert other.adopt() == ()
    assert ours.adopt() == ()

    assert not orphan.exists()
    ours.close()
    assert other.adopt() == ()
    other.close()


# ---- the disk refuses ---------------------------------------------------------------------


def fill_disk(monkeypatch: pytest.MonkeyPatch, *names: str, first: int = 0) -> None:
    """Lets these `os` functions fail as a full disk does; `write` takes `first` bytes before."""
    real_write = os.write

    def fail(fd: int, *data: Any) -> int:
        nonlocal first
        if first:
            n_taken, first = real_write(fd, bytes(data[0])[:first]), 0
            return n_taken
        raise OSError(errno.ENOSPC, "No space left on device")

    for name in names:
        monkeypatch.setattr(os, name, fail)


@pytest.mark.parametrize(
    ("names", "first"),
    [
        (("write",), 0),
        (("write",), 30),
        (("fsync",), 0),
        (("write", "ftruncate"), 30),
        (("fsync", "ftruncate"), 0),
    ],
)
def test_a_fact_the_disk_refuses_is_told_and_spoils_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch, names: tuple[str, ...], first: int
) -> None:
    ours = Journal.open(folder)
    live(ours, "run_1", 4)
    with monkeypatch.context() as patch:
        fill_disk(patch, *names, first=first)
        with pytest.raises(StorageError, match="No space left"):
            ours.write("run_2", Fact.ACCEPTED, task_id="lost")
    assert ours.facts("run_2") is None
    ours.write("run_1", Fact.ACCEPTED, task_id="task_1")
    ours.close()

    other = Journal.open(folder)
    adopted = {facts.run_id: facts for facts in other.adopt()}
    assert adopted["run_1"].task_id == "task_1"
    assert ("run_2" in adopted) == (names == ("fsync", "ftruncate"))  # whole, if not flushed
    other.close()


@pytest.mark.parametrize("names", [("write",), ("fsync",), ("write", "ftruncate")])
def test_adopting_on_a_full_disk_takes_nothing_and_can_be_repeated(
    folder: Path, monkeypatch: pytest.MonkeyPatch, names: tuple[str, ...]
) -> None:
    leave_behind(folder, "run_1", "run_2", n_facts=5)
    ours, other = Journal.open(folder), Journal.open(folder)
    with monkeypatch.context() as patch:
        fill_disk(patch, *names, first=100 if "write" in names else 0)
        with pytest.raises(StorageError):
            ours.adopt()
    assert ours.open_runs() == ()
    assert other.adopt() == ()  # we still hold them, in case a part of it stands in our file
    live(ours, "run_9")
    ours.compact()
    assert len(journals(folder)) == 3

    assert [facts.run_id for facts in ours.adopt()] == ["run_1", "run_2"]

    ours.close()
    assert len(other.adopt()) == 2
    other.close()


def test_compacting_on_a_full_disk_leaves_everything_as_it_was(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = Journal.open(folder)
    live(ours, "run_1", 5)
    live(ours, "run_2")
    before = ours.path.read_bytes()
    with monkeypatch.context() as patch:
        fill_disk(patch, "write", first=50)
        with pytest.raises(StorageError):
            ours.compact()

    assert ours.path.read_bytes() == before
    ours.write("run_1", Fact.COMPLETED)
    assert [item.name for item in folder.iterdir() if item.suffix == ".new"] == []
    ours.close()


def test_a_file_system_without_locks_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unsupported(*_: Any) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", unsupported)

    with pytest.raises(StorageError, match="local disk"):
        Journal.open(folder)


# ---- the others' money --------------------------------------------------------------------


def test_the_open_runs_of_others_are_seen_at_once_and_ours_are_not_among_them(
    folder: Path,
) -> None:
    ours, theirs = Journal.open(folder), Journal.open(folder)
    leave_behind(folder, "run_dead", n_facts=1)
    live(ours, "run_ours", 5)
    theirs.write("run_1", Fact.INTENT, estimate_usd="0.05")

    first = ours.others_open()
    theirs.write("run_1", Fact.SENT, attempt=1)
    theirs.write("run_2", Fact.INTENT)
    second = ours.others_open()
    live(theirs, "run_1")
    third = ours.others_open()

    assert {facts.run_id for facts in first} == {"run_dead", "run_1"}
    assert {facts.run_id: facts.stage for facts in second} == {
        "run_dead": Stage.MAY_SUBMIT,
        "run_1": Stage.LOOK_UP,
        "run_2": Stage.MAY_SUBMIT,
    }
    assert {facts.run_id for facts in third} == {"run_dead", "run_2"}
    ours.close()
    theirs.close()


def test_a_run_that_changes_hands_or_is_written_anew_is_counted_once(folder: Path) -> None:
    leave_behind(folder, "run_1", n_facts=5)
    ours, theirs = Journal.open(folder), Journal.open(folder)
    assert len(ours.others_open()) == 1

    theirs.adopt()
    assert len(ours.others_open()) == 1
    live(theirs, "run_2")
    theirs.compact()
    assert [facts.run_id for facts in ours.others_open()] == ["run_1"]
    theirs.close()
    ours.adopt()
    assert ours.others_open() == ()
    ours.close()


def test_a_fact_of_others_that_was_taken_back_is_forgotten(folder: Path) -> None:
    ours = Journal.open(folder)
    theirs = folder / "theirs.jsonl"
    data = {"at": T0.isoformat()}
    theirs.write_bytes(line_of("run_1", [(Fact.INTENT, data)]))
    before = ours.others_open()
    # As after a flush that failed: cut off, and another line in its place.
    theirs.write_bytes(line_of("run_2_longer", [(Fact.INTENT, data)]))

    assert [facts.run_id for facts in before] == ["run_1"]
    assert [facts.run_id for facts in ours.others_open()] == ["run_2_longer"]
    ours.close()


def test_what_is_known_of_others_is_not_read_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, theirs = Journal.open(folder), Journal.open(folder)
    for number in range(50):
        live(theirs, f"run_{number}", 4)
    assert len(ours.others_open()) == 50
    n_read = 0
    real_pread = os.pread

    def counting_pread(fd: int, n_bytes: int, offset: int) -> bytes:
        nonlocal n_read
        n_read += n_bytes
        return real_pread(fd, n_bytes, offset)

    monkeypatch.setattr(os, "pread", counting_pread)
    theirs.write("run_new", Fact.INTENT)

    assert len(ours.others_open()) == 51
    assert n_read < 500
    ours.close()
    theirs.close()


# ---- the files ----------------------------------------------------------------------------


def test_compacting_drops_what_is_logged_and_nothing_else(folder: Path) -> None:
    ours = Journal.open(folder)
    live(ours, "run_1", 5)
    live(ours, "run_2")
    before = ours.open_runs()

    ours.compact()

    assert ours.open_runs() == before
    assert ours.facts("run_2") is None
    assert b"run_2" not in ours.path.read_bytes()
    ours.write("run_1", Fact.COMPLETED)
    ours.close()
    other = Journal.open(folder)
    assert [facts.stage for facts in other.adopt()] == [Stage.FETCH]
    other.close()


def test_a_long_journal_is_compacted_by_itself(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_module, "_COMPACT_BYTES", 5_000)
    ours = Journal.open(folder)
    live(ours, "run_open", 5)

    sizes = []
    for number in range(40):
        live(ours, f"run_{number}")
        sizes.append(ours.path.stat().st_size)

    assert max(sizes) < 8_000
    assert [facts.run_id for facts in ours.open_runs()] == ["run_open"]
    ours.close()


def test_a_tidied_journal_knows_open_runs_only_once_most_are_logged(folder: Path) -> None:
    ours = Journal.open(folder)
    for number in range(3):
        live(ours, f"run_open_{number}", 5)
    for number in range(3):
        live(ours, f"run_{number}")
    ours.tidy()
    assert ours.facts("run_0") is not None

    live(ours, "run_3")
    ours.tidy()

    assert all(ours.facts(f"run_{number}") is None for number in range(4))
    assert len(ours.open_runs()) == 3
    assert b"run_3" not in ours.path.read_bytes()
    ours.close()
    ours.tidy()  # the chore may come once more after the end


def test_tidying_waits_for_nobody_and_loses_nothing(folder: Path) -> None:
    ours = Journal.open(folder)
    live(ours, "run_1")

    with locked(folder / "lock"):
        begun = time.monotonic()
        ours.tidy()
        took_s = time.monotonic() - begun

    assert took_s < LOCK_PATIENCE_S / 2
    assert ours.facts("run_1") is not None
    ours.tidy()
    assert ours.facts("run_1") is None
    ours.close()


def test_a_journal_somebody_removed_is_written_anew_before_money_is_risked(folder: Path) -> None:
    ours = Journal.open(folder)
    live(ours, "run_1", 3)
    ours.path.unlink()
    (folder / "lock").unlink()
    folder.rmdir()

    ours.write("run_1", Fact.SENT, attempt=2)

    lines = ours.path.read_bytes().splitlines()
    assert [fact for line in lines for fact, _ in json.loads(line)["facts"]] == [
        Fact.INTENT,
        Fact.SENT,
        Fact.NOT_SENT,
        Fact.SENT,
    ]
    ours.close()


def test_a_closed_journal_is_gone_if_nothing_is_open_and_refuses_more(folder: Path) -> None:
    ours = Journal.open(folder)
    live(ours, "run_1")

    ours.close()
    ours.close()

    assert journals(folder) == []
    for refused in (lambda: ours.write("run_1", Fact.LOGGED), ours.adopt, ours.compact):
        with pytest.raises(StorageError, match="closed"):
            refused()


def test_files_and_folders_are_for_their_owner_only(folder: Path) -> None:
    old = os.umask(0)
    try:
        ours = Journal.open(folder)
    finally:
        os.umask(old)

    assert (
        stat.S_IMODE(folder.stat().st_mode) == stat.S_IMODE(folder.parent.stat().st_mode) == 0o700
    )
    assert {stat.S_IMODE(item.stat().st_mode) for item in folder.iterdir()} == {0o600}
    ours.close()


def test_threads_may_write_and_adopt_at_once(folder: Path) -> None:
    for number in range(5):
        leave_behind(folder, f"orphan_{number}", n_facts=5)
    ours, other = Journal.open(folder), Journal.open(folder)

    def work(name: str) -> None:
        for number in range(10):
            live(ours, f"{name}_{number}", 5)
            ours.adopt()
            other.others_open()

    threads = [threading.Thread(target=work, args=(f"thread{n}",)) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(ours.open_runs()) == 35
    assert {facts.stage for facts in ours.open_runs()} == {Stage.WAIT}
    assert {facts.run_id for facts in other.others_open()} == {
        facts.run_id for facts in ours.open_runs()
    }
    ours.close()
    other.close()
