"""`kill -9` at any moment: nothing bought twice, nothing paid lost, exactly one row per run."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from playground.emulator import Dialect, EmulatorServer, EmulatorSettings, Fault
from playground.runlog import load_runs
from tests.crashing import Crasher, crasher

pytestmark = pytest.mark.slow

KILLED = -9
WITHOUT_LOOK_UP = Dialect(looks_up_client_ids=False)
MOMENTS = (
    "before:intent",
    "after:intent",
    "before:sent",
    "torn:sent",
    "after:sent",
    "answer",
    "before:accepted",
    "torn:accepted",
    "after:accepted",
    "status",
    "before:completed",
    "torn:completed",
    "after:completed",
    "download:half",
    "download:whole",
    "rename:before",
    "rename:after",
    "before:saved",
    "torn:saved",
    "after:saved",
    "row:before",
    "row:torn",
    "row:after",
    "torn:logged",
    "before:logged",
    "after:logged",
)
INSIDE_RECOVERY = (
    "adopt:fsync",
    "adopt:unlink",
    "adopt:rename",
    "status",
    "after:completed",
    "rename:after",
    "after:saved",
    "row:torn",
    "before:logged",
)
# Before the request left, or with its answer already written down, nothing depends on look-up.
IN_DOUBT = {"after:sent", "answer", "before:accepted", "torn:accepted"}


@pytest.fixture(scope="module")
def program() -> Iterator[Crasher]:
    with crasher() as one:
        yield one


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmulatorServer]:
    settings = EmulatorSettings(data_dir=tmp_path / "service", speed=50.0, picture="plain", seed=1)
    with EmulatorServer(settings) as running:
        yield running


@pytest.fixture
def blind_server(tmp_path: Path) -> Iterator[EmulatorServer]:
    """A service that cannot be asked by our own id, as the real one may turn out to be."""
    settings = EmulatorSettings(
        data_dir=tmp_path / "service", speed=50.0, picture="plain", seed=1, dialect=WITHOUT_LOOK_UP
    )
    with EmulatorServer(settings) as running:
        yield running


def check_books(
    server: EmulatorServer, data_dir: Path, *, planned: int, is_looked_up: bool = True
) -> Counter[str]:
    """The promises, checked against the service's own books; gives the statuses of the rows."""
    charges = Counter(charge.client_business_id for charge in server.emulator.charges())
    runs = load_runs(data_dir / "runs.csv")
    rows = {row["run_id"]: row for row in runs.to_dict("records")}

    assert max(charges.values(), default=0) <= 1, "bought twice"
    assert len(runs) == len(rows) == planned, "exactly one row per run"
    assert set(charges) <= set(rows), "a paid run without a row"
    for run_id in charges:
        row = rows[run_id]
        if row["status"] == "unconfirmed":
            assert not is_looked_up, "a look-up finds what was charged"
            continue
        assert row["status"] == "succeeded"
        kept = (data_dir / row["file"]).read_bytes()
        assert hashlib.sha256(kept).hexdigest() == row["sha256"]
    for run_id in set(rows) - set(charges):
        assert rows[run_id]["status"] in {"cancelled", "refused", "unconfirmed"}
    return Counter(runs["status"])


def recover(program: Crasher, server: EmulatorServer, data_dir: Path) -> None:
    assert program.run(data_dir=str(data_dir), url=server.url) == 0


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_kill_at_any_moment_loses_nothing(moment, program, server, tmp_path):
    data_dir = tmp_path / "data"

    ended = program.run(data_dir=str(data_dir), url=server.url, begin="c1", moment=moment)
    recover(program, server, data_dir)

    assert ended == KILLED
    planned = {"before:intent": 0, "after:intent": 1}.get(moment, 2)
    check_books(server, data_dir, planned=planned)


@pytest.mark.parametrize("moment", sorted(IN_DOUBT))
def test_without_look_up_a_doubt_is_a_row_that_says_so(moment, program, blind_server, tmp_path):
    data_dir = tmp_path / "data"

    ended = program.run(
        data_dir=str(data_dir),
        url=blind_server.url,
        begin="c1",
        moment=moment,
        lanes=["flux-2-pro"],
    )
    recover(program, blind_server, data_dir)

    assert ended == KILLED
    statuses = check_books(blind_server, data_dir, planned=1, is_looked_up=False)
    assert statuses == {"unconfirmed": 1}


@pytest.mark.parametrize("inside", INSIDE_RECOVERY)
@pytest.mark.parametrize("moment", ["answer", "after:accepted", "after:completed"])
def test_a_kill_inside_recovery_loses_nothing(moment, inside, program, server, tmp_path):
    data_dir = tmp_path / "data"
    program.run(data_dir=str(data_dir), url=server.url, begin="c1", moment=moment)

    for _ in range(3):
        program.run(data_dir=str(data_dir), url=server.url, moment=inside)
    recover(program, server, data_dir)

    check_books(server, data_dir, planned=2)


def test_a_storm_of_kills_with_several_programs_loses_nothing(program, server, tmp_path):
    data_dir = tmp_path / "data"
    begun = 0
    storm = ["answer", "after:accepted", "torn:saved", "row:torn", "after:sent", "download:half"]

    for turn, moment in enumerate(storm):
        for other in range(2):
            begun += 1
            program.start(
                data_dir=str(data_dir),
                url=server.url,
                begin=f"c{begun}",
                moment=storm[(turn + other) % len(storm)],
                nth=1 + other,
                is_parallel=True,
            )
        begun += 1
        program.start(data_dir=str(data_dir), url=server.url, begin=f"c{begun}", moment=moment)
        for _ in range(3):
            program.result()
    recover(program, server, data_dir)

    rows = load_runs(data_dir / "runs.csv")
    check_books(server, data_dir, planned=len(rows))
    assert set(rows["comparison_id"]) <= {f"c{n}" for n in range(1, begun + 1)}
    assert rows.groupby("comparison_id").size().eq(2).all()


def test_a_second_start_after_everything_is_done_changes_nothing(program, server, tmp_path):
    data_dir = tmp_path / "data"
    assert program.run(data_dir=str(data_dir), url=server.url, begin="c1") == 0
    before = (data_dir / "runs.csv").read_bytes()

    recover(program, server, data_dir)

    assert (data_dir / "runs.csv").read_bytes() == before
    check_books(server, data_dir, planned=2)


def test_what_was_never_sent_is_not_bought_by_a_restart(program, server, tmp_path):
    data_dir = tmp_path / "data"
    program.run(data_dir=str(data_dir), url=server.url, begin="c1", moment="before:sent", nth=1)

    recover(program, server, data_dir)

    assert check_books(server, data_dir, planned=2)["cancelled"] >= 1


def test_an_answer_that_was_lost_and_then_a_crash_still_buys_once(program, server, tmp_path):
    data_dir = tmp_path / "data"
    server.emulator.faults.add(Fault(at="create", kind="reset", times=2))
    ended = program.run(
        data_dir=str(data_dir), url=server.url, begin="c1", moment="before:accepted"
    )

    recover(program, server, data_dir)

    assert ended == KILLED
    assert check_books(server, data_dir, planned=2) == {"succeeded": 2}


def test_the_journal_of_a_finished_program_holds_no_key_and_no_open_run(program, server, tmp_path):
    data_dir = tmp_path / "data"
    program.run(data_dir=str(data_dir), url=server.url, begin="c1", moment="after:logged", nth=2)

    recover(program, server, data_dir)

    text = "".join(p.read_text() for p in (data_dir / "journal").iterdir() if p.is_file())
    assert "sk-crash" not in text
    open_runs = {json.loads(line)["run"] for line in text.splitlines()} if text else set()
    assert open_runs == set()
