"""The copy on the Hub, by the Hub's real client over loopback HTTP to a Hub that is played."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from playground.csvlog import CsvLog
from playground.hub import LOGS, Keeper, Kept, keeper_of
from playground.runlog import RunLog, load_runs
from playground.schema import Mark, MarkKind
from playground.settings import Settings
from tests.fake_hub import DATASET, TOKEN, FakeHub, fake_hub
from tests.ui_samples import a_run

AT = datetime(2026, 3, 1, tzinfo=UTC)
LONG_S = 30.0


@pytest.fixture
def hub() -> Iterator[FakeHub]:
    with fake_hub() as one:
        yield one


def a_keeper(hub: FakeHub, folder: Path, **changes: Any) -> Keeper:
    told = {"dataset": DATASET, "token": TOKEN, "endpoint": hub.url, **changes}
    return Keeper(folder, again_s=0.05, look_every_s=0.02, **told)


def a_start(hub: FakeHub, folder: Path, **changes: Any) -> Keeper:
    keeper = a_keeper(hub, folder, **changes)
    keeper.start(patience_s=LONG_S)
    return keeper


def star(folder: Path, act_id: str) -> None:
    mark = Mark(act_id=act_id, comparison_id="c1", kind=MarkKind.STAR, is_on=True, at=AT)
    CsvLog(folder / "marks.csv", Mark, key="act_id").append(mark)


def stars(folder: Path) -> list[str]:
    log = CsvLog(folder / "marks.csv", Mark, key="act_id")
    return sorted(each.act_id for each in log.recent(100))


def until(claim: Callable[[], object]) -> None:
    give_up_at = time.monotonic() + LONG_S
    while not claim():
        assert time.monotonic() < give_up_at, "it never came true"
        time.sleep(0.01)


def test_what_one_program_wrote_is_there_for_the_next_in_another_folder(hub, tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    keeper = a_start(hub, first)
    star(first, "m1")
    run = a_run()
    RunLog(first / "runs.csv").append(run)
    keeper.close(patience_s=LONG_S)

    keeper = a_start(hub, second)
    keeper.close(patience_s=LONG_S)

    assert stars(second) == ["m1"]
    assert RunLog(second / "runs.csv").get(run.run_id) == run
    assert keeper.state() is Kept.KEEPING


def test_each_program_adds_a_file_and_changes_none(hub, tmp_path):
    for number in range(3):
        folder = tmp_path / str(number)
        keeper = a_start(hub, folder)
        before = dict(hub.files)
        star(folder, f"m{number}")
        keeper.close(patience_s=LONG_S)
        assert {name: hub.files[name] for name in before} == before
        assert len(hub.files) == number + 1

    assert stars(folder) == ["m0", "m1", "m2"]
    assert all(data.count(b"\n") == 2 for data in hub.files.values())


def test_only_log_votes_and_marks_leave_the_machine(hub, tmp_path):
    (tmp_path / "secret").write_bytes(b"s" * 32)
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "one.png").write_bytes(b"p")
    keeper = a_start(hub, tmp_path)
    star(tmp_path, "m1")

    keeper.close(patience_s=LONG_S)

    assert {name.partition("-")[0] for name in hub.files} <= set(LOGS)
    assert all(name.endswith(".csv") for name in hub.files)


def test_a_hub_that_is_down_stops_nobody_and_gets_everything_later(hub, tmp_path, caplog):
    hub.refuses = 503
    keeper = a_keeper(hub, tmp_path)
    keeper.start(patience_s=0.01)
    star(tmp_path, "m1")
    until(lambda: "HfHubHTTPError" in caplog.text)
    assert keeper.state() is Kept.WAITING

    hub.refuses = None
    until(lambda: keeper.state() is Kept.KEEPING)
    keeper.close(patience_s=LONG_S)

    assert b"m1" in b"".join(hub.files.values())
    assert TOKEN not in caplog.text


def test_a_push_that_fails_says_so_and_the_next_brings_it(hub, tmp_path):
    keeper = a_start(hub, tmp_path)
    star(tmp_path, "m1")
    scheduler = keeper._scheduler
    until(lambda: list(scheduler.folder_path.glob("*.csv")))
    hub.refuses = 403  # the client tries again for half a minute after a 503
    scheduler.last_future = scheduler.trigger()
    until(lambda: keeper.state() is Kept.FAILING)

    hub.refuses = None
    keeper.close(patience_s=LONG_S)

    assert b"m1" in b"".join(hub.files.values())


def test_a_hub_that_hangs_holds_up_neither_start_nor_end(hub, tmp_path):
    hub.is_hanging = True
    keeper = a_keeper(hub, tmp_path)

    begun = time.monotonic()
    keeper.start(patience_s=0.05)
    keeper.close(patience_s=0.05)
    took_s = time.monotonic() - begun
    hub.is_hanging = False

    assert took_s < LONG_S / 3  # the client itself would wait for many seconds, again and again
    assert keeper.state() is Kept.WAITING
    keeper._thread.join(LONG_S)


def test_a_dataset_that_everybody_can_read_gets_nothing(hub, tmp_path, caplog):
    hub.is_private = False
    keeper = a_keeper(hub, tmp_path)
    keeper.start(patience_s=0.01)
    star(tmp_path, "m1")

    until(lambda: keeper.state() is Kept.PUBLIC)
    keeper.close(patience_s=LONG_S)

    assert hub.files == {}
    assert "Make it private" in caplog.text


def test_a_wrong_token_is_told_without_being_repeated(hub, tmp_path, caplog):
    wrong = "hf_wrong0123456789"
    keeper = a_keeper(hub, tmp_path, token=wrong)
    keeper.start(patience_s=0.01)
    until(lambda: "401" in caplog.text)
    keeper.close(patience_s=LONG_S)

    assert wrong not in caplog.text
    assert hub.files == {}


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("runs-0123456789abcdef.csv", b"\xff\xfe not a log"),
        ("runs-0123456789abcdef.csv", b"a,a\n1,2\n"),
        ("README.md", b"# hello"),
        ("runs-../../x.csv", b"run_id\n1\n"),
    ],
)
def test_a_foreign_file_in_the_dataset_is_left_out(name, data, hub, tmp_path):
    hub.files[name] = data
    keeper = a_start(hub, tmp_path)

    keeper.close(patience_s=LONG_S)

    assert len(load_runs(tmp_path / "runs.csv")) == 0
    assert hub.files == {name: data}


def test_a_row_that_points_out_of_the_pictures_is_left_out(hub, tmp_path):
    log = CsvLog(tmp_path / "x" / "runs.csv", type(a_run()), key="run_id")
    for number, file in enumerate(("/etc/passwd", "pictures/..", "pictures/../secret", "secret")):
        log.append(replace(a_run(), run_id=f"run_{number}", file=file))
    log.append(replace(a_run(), run_id="run_good", file="pictures/one.png"))
    hub.files["runs-0123456789abcdef.csv"] = log.path.read_bytes()

    keeper = a_start(hub, tmp_path / "data")
    keeper.close(patience_s=LONG_S)

    assert list(load_runs(tmp_path / "data" / "runs.csv")["run_id"]) == ["run_good"]


def test_rows_are_whole_whenever_they_are_pushed(hub, tmp_path):
    keeper = a_start(hub, tmp_path)
    writer = threading.Thread(target=lambda: [star(tmp_path, f"m{n}") for n in range(60)])
    writer.start()
    torn = 0
    while writer.is_alive():
        keeper._scheduler.trigger().result(LONG_S)
        torn += sum(not data.endswith(b"\n") for data in hub.files.values())
    writer.join()
    keeper.close(patience_s=LONG_S)

    assert torn == 0
    assert len(stars(tmp_path)) == 60
    assert sum(data.count(b"\nm") for data in hub.files.values()) == 60


def test_nothing_is_kept_unless_the_owner_asked_for_it(tmp_path):
    assert keeper_of(Settings(data_dir=tmp_path)) is None
    assert keeper_of(Settings(data_dir=tmp_path, hub_token=TOKEN)) is None
