import os
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

from playground import runlog
from playground.runlog import RunLog, Spent, load_runs
from playground.schema import BillingStatus, EstimateKind, Origin, Run, RunStatus, column_info

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
EVER = datetime(2000, 1, 1, tzinfo=UTC)
RUN = Run(
    run_id="run_1",
    comparison_id="cmp_1",
    lane=1,
    repeat=1,
    model="flux-2-flex",
    prompt='=A "wide" view,\nat dusk',
    size="16:9",
    resolution="1K",
    reference_count=2,
    reference_sha256="- " + "0" * 64,
    request_sha256="1e5" * 21,
    origin=Origin.LIVE,
    api_host="toapis.com",
    app_version="0.1.0",
    status=RunStatus.SUCCEEDED,
    expires_at=NOON + timedelta(days=1),
    width_px=1820,
    started_at=NOON,
    finished_at=NOON + timedelta(seconds=9, microseconds=1),
    wait_s=8.1,
    estimate_usd=Decimal("0.050"),
    estimate_kind=EstimateKind.ESTIMATED,
    charged_usd=Decimal("0.0400"),
    billing_status=BillingStatus.SETTLED,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "runs.csv"


def spent(log: RunLog, since: datetime = EVER, origin: Origin = Origin.LIVE) -> tuple[str, int]:
    found = log.spent_usd(origin=origin, since=since)
    return str(found.usd), found.unknown_count


def test_a_run_comes_back_as_it_was_from_a_log_opened_again(path: Path) -> None:
    assert RunLog(path).append(RUN)

    log = RunLog(path)

    assert "run_1" in log
    assert log.get("run_1") == RUN
    assert (log.get("run_2"), "run_2" in log, len(log)) == (None, False, 1)
    assert not log.append(replace(RUN, status=RunStatus.FAILED))
    assert log.get("run_1") == RUN


def test_the_runs_of_a_comparison_come_in_the_order_they_ended(path: Path) -> None:
    log = RunLog(path)
    runs = [
        replace(RUN, run_id=f"run_{number}", comparison_id=f"cmp_{number % 2}")
        for number in range(6)
    ]
    for run in runs:
        log.append(run)

    for reader in (log, RunLog(path)):
        assert reader.runs_of("cmp_1") == tuple(runs[1::2])
        assert reader.runs_of("cmp_9") == ()


def test_the_recent_runs_come_newest_first(path: Path) -> None:
    log = RunLog(path)
    for number in range(4):
        log.append(replace(RUN, run_id=f"run_{number}"))

    assert [run.run_id for run in log.recent(2)] == ["run_3", "run_2"]
    assert [run.run_id for run in log.recent(9)] == ["run_3", "run_2", "run_1", "run_0"]
    assert log.recent(0) == ()


def test_what_another_process_appends_is_seen_at_once(path: Path) -> None:
    mine, theirs = RunLog(path), RunLog(path)
    theirs.append(RUN)

    assert mine.get("run_1") == RUN
    assert mine.runs_of("cmp_1") == mine.recent(1) == (RUN,)
    assert spent(mine) == ("0.0400", 0)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, ("0.0400", 0)),
        ({"charged_usd": None}, ("0.050", 0)),
        ({"charged_usd": None, "estimate_usd": None}, ("0", 1)),
        ({"charged_usd": Decimal(0)}, ("0", 0)),
        ({"billing_status": BillingStatus.REFUNDED}, ("0", 0)),
        ({"billing_status": BillingStatus.REFUNDED, "charged_usd": None}, ("0", 0)),
        ({"billing_status": BillingStatus.PENDING}, ("0.0400", 0)),
        ({"status": RunStatus.FAILED}, ("0.0400", 0)),
        ({"status": RunStatus.TIMED_OUT}, ("0.0400", 0)),
        ({"status": RunStatus.UNCONFIRMED, "charged_usd": None}, ("0.050", 0)),
        ({"status": RunStatus.UNCONFIRMED, "charged_usd": None, "estimate_usd": None}, ("0", 1)),
        ({"status": RunStatus.REFUSED}, ("0", 0)),
        ({"status": RunStatus.CANCELLED}, ("0", 0)),
        ({"status": RunStatus.CANCELLED, "charged_usd": None, "estimate_usd": None}, ("0", 0)),
        ({"status": "a word of a newer app"}, ("0.0400", 0)),
        ({"origin": Origin.EMULATED}, ("0", 0)),
    ],
)
def test_each_run_counts_for_what_it_came_to(
    path: Path, changes: dict[str, object], expected: tuple[str, int]
) -> None:
    log = RunLog(path)
    log.append(replace(RUN, **changes))  # type: ignore[arg-type]

    for reader in (log, RunLog(path)):
        usd, unknown_count = spent(reader)
        assert (Decimal(usd), unknown_count) == (Decimal(expected[0]), expected[1])


@pytest.mark.parametrize("few", [0, 3, 100])
def test_money_counts_from_the_moment_it_was_sent_whatever_the_order_of_the_rows(
    path: Path, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr(runlog, "_FEW", few)
    log = RunLog(path)
    hours = [3, 1, 4, 1, 5, 9, 2, 6]
    for number, hour in enumerate(hours):
        run = replace(
            RUN,
            run_id=f"run_{number}",
            started_at=EVER,
            sent_at=NOON + timedelta(hours=hour),
            charged_usd=Decimal(10) ** hour,
        )
        log.append(run)
        counted = [Decimal(10) ** hour for hour in hours[: number + 1] if hour >= 3]
        since = NOON + timedelta(hours=3)
        assert log.spent_usd(origin=Origin.LIVE, since=since) == Spent(
            usd=sum(counted, Decimal(0)), unknown_count=0
        )

    assert spent(RunLog(path), NOON + timedelta(hours=5)) == (str(10**9 + 10**6 + 10**5), 0)
    assert spent(log, NOON + timedelta(hours=10)) == ("0", 0)


def test_a_run_of_unreadable_time_counts_in_every_period(path: Path) -> None:
    log = RunLog(path)
    log.append(RUN)
    path.write_bytes(path.read_bytes().replace(b"2026-11-22T12:00:00.000000Z", b"yesterday"))

    assert spent(RunLog(path), since=NOON + timedelta(days=365)) == ("0.0400", 0)


def test_asking_what_was_spent_reads_nothing_again(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = RunLog(path)
    for number in range(30):
        log.append(replace(RUN, run_id=f"run_{number}"))
    spent(log)
    n_read = 0
    real_pread = os.pread

    def counting_pread(fd: int, n_bytes: int, offset: int) -> bytes:
        nonlocal n_read
        n_read += n_bytes
        return real_pread(fd, n_bytes, offset)

    monkeypatch.setattr(os, "pread", counting_pread)

    assert spent(log) == ("1.2000", 0)
    assert n_read < 200


def test_a_log_removed_while_open_has_no_runs_and_no_money(path: Path) -> None:
    log = RunLog(path)
    log.append(RUN)
    path.unlink()

    assert (log.runs_of("cmp_1"), log.recent(5), spent(log)) == ((), (), ("0", 0))


def test_the_frame_has_every_declared_column_with_its_dtype_and_the_exact_values(
    path: Path,
) -> None:
    RunLog(path).append(RUN)
    expected = {
        "string": "string",
        "Int64": "Int64",
        "Float64": "Float64",
        "datetime": "datetime64[us, UTC]",
        "decimal": "object",
    }

    frame = load_runs(str(path))

    assert frame.dtypes.astype(str).to_dict() == {
        name: expected[info["dtype"]] for name, info in column_info(Run).items()
    }
    row = frame.iloc[0]
    for column in fields(Run):
        value = getattr(RUN, column.name)
        if value is None:
            assert pd.isna(row[column.name])
        else:
            assert row[column.name] == value
    assert load_runs(path, ["model"])["model"].tolist() == ["flux-2-flex"]


def test_plain_pandas_reads_the_log_with_one_call(path: Path) -> None:
    log = RunLog(path)
    log.append(RUN)
    log.append(replace(RUN, run_id="run_2", lane=2, charged_usd=None))

    plain = pd.read_csv(path)

    assert list(plain) == [column.name for column in fields(Run)]
    assert plain["lane"].tolist() == [1, 2]
    assert plain["wait_s"].tolist() == [8.1, 8.1]
    assert plain["prompt"].tolist() == ['\'=A "wide" view,\\nat dusk'] * 2
    assert plain["started_at"].tolist() == ["2026-11-22T12:00:00.000000Z"] * 2


def test_a_damaged_time_with_a_zone_inside_is_no_time_and_no_warning(path: Path) -> None:
    RunLog(path).append(RUN)
    whole = path.read_text("utf-8")
    path.write_text(
        whole.replace("2026-11-22T12:00:00.000000Z", "2026-11-22T12:00:00-010000Z", 1), "utf-8"
    )

    frame = load_runs(path)

    assert len(frame) == 1
    assert frame["prompt"].tolist() == [RUN.prompt]
    assert frame["started_at"].isna().all()
