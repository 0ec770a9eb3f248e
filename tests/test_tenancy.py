"""A folder whose locks are only pretended: one program at a time, and its threads still take turns."""

import asyncio
import fcntl
import json
import threading
import time
from decimal import Decimal

import pytest

from playground import disk, tenancy
from playground.errors import StorageError
from playground.runlog import load_runs
from playground.runner.desk import Desk
from playground.schema import Comparison
from playground.settings import Settings
from playground.tenancy import FILE, Tenancy
from tests.engine_rig import HURRY

BEAT_S = 0.05
NOBODY = {"tenant_id": "x", "host": "elsewhere", "pid": 1, "beat": 7}


@pytest.fixture
def pretended(monkeypatch):
    """Every lock is given to everybody, as on the volumes of a Space."""
    monkeypatch.setattr(fcntl, "flock", lambda fd, how: None)
    monkeypatch.setattr(tenancy, "BEAT_S", BEAT_S)


@pytest.fixture
def patient(pretended, monkeypatch):
    """Nobody counts as silent here, however slow the machine."""
    del pretended
    monkeypatch.setattr(tenancy, "SILENT_BEATS", 10**6)


def tell(folder, **entry) -> None:
    (folder / FILE).write_text(json.dumps({**NOBODY, **entry}))


def test_where_locks_hold_any_number_of_programs_may_come(tmp_path):
    assert Tenancy.take(tmp_path) is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("pretended")
def test_pretended_locks_are_found_out(tmp_path):
    assert not disk.locks_hold(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("patient")
def test_a_second_program_is_refused_while_the_first_one_lives(tmp_path):
    first = Tenancy.take(tmp_path)

    with pytest.raises(StorageError, match="only one at a time"):
        Tenancy.take(tmp_path)

    first.check()
    first.leave()
    second = Tenancy.take(tmp_path)
    second.leave()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("pretended")
def test_one_that_died_on_this_machine_is_not_waited_for(tmp_path, monkeypatch):
    tell(tmp_path, host="here", pid=2**22 + 1)  # above any pid
    monkeypatch.setattr("socket.gethostname", lambda: "here")
    monkeypatch.setattr(tenancy, "SILENT_BEATS", 10**9)

    Tenancy.take(tmp_path).leave()


@pytest.mark.usefixtures("patient")
def test_one_of_another_machine_is_left_alone_while_it_is_heard_of(tmp_path):
    tell(tmp_path)
    stop = threading.Event()

    def live() -> None:
        beat = 8
        while not stop.wait(BEAT_S / 8):
            beat += 1
            disk.replace_file(tmp_path / FILE, [json.dumps({**NOBODY, "beat": beat}).encode()])

    other = threading.Thread(target=live)
    other.start()
    try:
        with pytest.raises(StorageError, match="elsewhere"):
            Tenancy.take(tmp_path)
    finally:
        stop.set()
        other.join()


@pytest.mark.usefixtures("pretended")
def test_one_of_another_machine_that_fell_silent_is_followed(tmp_path):
    tell(tmp_path)

    one = Tenancy.take(tmp_path)

    one.check()
    one.leave()


@pytest.mark.usefixtures("pretended")
def test_half_a_file_of_a_program_that_died_is_no_obstacle(tmp_path):
    (tmp_path / FILE).write_text('{"tenant_id": "x", "ho')

    Tenancy.take(tmp_path).leave()


@pytest.mark.usefixtures("pretended")
def test_whoever_was_overtaken_buys_nothing_more_and_leaves_the_other_alone(tmp_path):
    desk = Desk(
        Settings(data_dir=tmp_path, emulator_speed=100.0, day_cap_usd=Decimal(9)), patience=HURRY
    )
    desk.start()
    try:
        stand_still(desk.playground._tenancy)
        tell(tmp_path)
        with pytest.raises(StorageError, match="elsewhere"):
            asyncio.run(begin(desk))
        assert desk.playground.emulator.emulator.charges() == []
    finally:
        desk.close()

    assert json.loads((tmp_path / FILE).read_text())["tenant_id"] == "x"


def stand_still(one: Tenancy) -> None:
    """As a machine that sleeps: it says nothing any more, and finds out when it wakes."""
    one._left.set()
    one._heart.join()


async def begin(desk: Desk) -> None:
    comparison = Comparison(comparison_id="c1", prompt="A lighthouse", lanes=("flux-2-pro",))
    await desk.begin(comparison, account_id=desk.default_account_id, session_id="me")


@pytest.mark.usefixtures("patient")
def test_a_second_desk_is_refused_and_a_later_one_takes_up_what_is_open(tmp_path):
    settings = Settings(data_dir=tmp_path, emulator_speed=100.0)
    first = Desk(settings, patience=HURRY)
    first.start()
    second = Desk(settings, patience=HURRY)
    with pytest.raises(StorageError, match="only one at a time"):
        second.start()
    second.close()
    asyncio.run(begin(first))
    first.close()

    third = Desk(settings, patience=HURRY)
    third.start()
    third.close()

    assert len(load_runs(tmp_path / "runs.csv")) <= 1
    assert not (tmp_path / FILE).exists()


@pytest.mark.usefixtures("pretended")
def test_threads_of_one_program_take_turns_without_any_lock(tmp_path):
    path = tmp_path / "lock"
    inside = []
    most = []

    def work() -> None:
        for _ in range(50):
            with disk.locked(path):
                inside.append(1)
                time.sleep(0.0002)  # the others get their chance
                most.append(len(inside))
                inside.pop()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    assert max(most) == 1
