import errno
import fcntl
import os
import resource
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from playground import disk
from playground.csvlog import CsvLog
from playground.csvlog import frame as csvframe
from playground.csvlog.cells import (
    join_line,
    read_cell,
    read_text,
    split_line,
    write_cell,
    write_text,
)
from playground.csvlog.frame import load
from playground.csvlog.lines import WholeLines
from playground.csvlog.rows import RecordReader
from playground.errors import StorageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    note_id: str = field(metadata={"dtype": "string"})
    text: str | None = field(default=None, metadata={"dtype": "string"})
    count: int | None = field(default=None, metadata={"dtype": "Int64"})
    wait_s: float | None = field(default=None, metadata={"dtype": "Float64"})
    seen_at: datetime | None = field(default=None, metadata={"dtype": "datetime"})
    usd: Decimal | None = field(default=None, metadata={"dtype": "decimal"})
    is_blind: bool | None = field(default=None, metadata={"dtype": "boolean"})


@dataclass(frozen=True, slots=True, kw_only=True)
class OlderNote:
    note_id: str = field(metadata={"dtype": "string"})
    text: str | None = field(default=None, metadata={"dtype": "string"})


FULL = Note(
    note_id="n1",
    text='A "wide" view, at dusk\nand a second line',
    count=7,
    wait_s=8.1,
    seen_at=datetime(2026, 11, 22, 11, 6, 0, 123456, tzinfo=UTC),
    usd=Decimal("0.0400"),
    is_blind=True,
)
# Every text that is known to break a naive log, and what a spreadsheet would run.
TRAPS = (
    "007",
    "NA",
    "null",
    "None",
    "nan",
    "true",
    "1e5",
    "2026-01-01",
    "",
    " ",
    "'",
    "''",
    "\\",
    "\\n",
    "\\\\n",
    "a\nb",
    "a\r\nb",
    "a\rb",
    "\r",
    "\n",
    "a\0b",
    "\0",
    '"',
    '""',
    'a "quoted", text',
    ",",
    "=1+1",
    "  =1+1",
    "\n=1+1",
    "\t=1+1",
    "\ttabbed",
    "+1",
    "-1",
    "@SUM(A1)",
    "'=1",
    "＝1",
    "＋1",
    "－1",
    "＠1",
    "\u200b=1",
    "\ufeff=1",
    "\ud800",
    "a\udfffb",
    "\ud83d\ude00",
    "\\ud800",
    "😀 مرحبا",
    "\u2028\x85\x0b\x0c\x1c\x1a",
    "#",
)
texts = st.text(st.characters(exclude_categories=()), max_size=30) | st.sampled_from(TRAPS)
notes = st.builds(
    Note,
    note_id=texts.filter(bool),
    text=st.none() | texts,
    count=st.none() | st.integers(-(2**63), 2**63 - 1),
    wait_s=st.none() | st.floats(allow_nan=False),
    seen_at=st.none() | st.datetimes(timezones=st.just(UTC)),
    usd=st.none() | st.decimals(allow_nan=False, allow_infinity=False, places=6),
    is_blind=st.none() | st.booleans(),
)
on_files = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "notes.csv"


def open_log(path: Path) -> CsvLog[Note]:
    return CsvLog(path, Note, key="note_id")


def records_of(frame: pd.DataFrame) -> list[Note]:
    """The frame's rows as records again, missing values as None."""

    def plain(value: Any) -> Any:
        if value is None or value is pd.NA or value is pd.NaT:
            return None
        if isinstance(value, pd.Timestamp):
            assert value.nanosecond == 0
            return value.to_pydatetime()
        return value

    return [
        Note(**{name: plain(value) for name, value in row.items()})
        for row in frame.astype(object).to_dict("records")
    ]


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


# ---- one cell -----------------------------------------------------------------------------


@pytest.mark.parametrize("text", TRAPS)
def test_a_treacherous_text_is_one_harmless_line_and_reads_back(text: str) -> None:
    cell = write_text(text)

    assert cell
    assert not set("\n\r\0") & set(cell)
    assert cell.encode().decode() == cell
    assert cell.strip("\ufeff\u200b \x0b\x0c\x1c\x85\u2028")[:1] not in set("=+-@\t＝＋－＠")
    assert read_text(cell) == text


@given(texts)
def test_every_text_reads_back_exactly(text: str) -> None:
    assert read_text(write_text(text)) == text


@given(st.lists(texts, min_size=1, max_size=5))
def test_a_line_gives_back_its_cells(cells: list[str]) -> None:
    cells = [write_text(cell) for cell in cells]

    line = join_line(cells)

    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    assert split_line(line) == cells


def test_numbers_times_and_money_are_spelled_for_any_locale() -> None:
    spelled = {
        ("Int64", 1_234_567): "1234567",
        ("Float64", 1234.5): "1234.5",
        ("Float64", 1e-7): "1e-07",
        ("Float64", 3): "3.0",
        ("Float64", float("nan")): "",
        ("decimal", Decimal("1E+3")): "1000",
        ("decimal", Decimal("0.0000001")): "0.0000001",
        ("decimal", Decimal("0.0400")): "0.0400",
        ("boolean", False): "false",
        ("string", ""): "'",
        ("string", None): "",
    }

    assert {key: write_cell(key[1], key[0]) for key in spelled} == spelled
    moment = datetime(2026, 11, 22, 12, 6, 0, 123456, tzinfo=timezone(timedelta(hours=1)))
    assert write_cell(moment, "datetime") == "2026-11-22T11:06:00.123456Z"
    assert read_cell("2026-11-22T11:06:00.123456Z", "datetime") == moment


@pytest.mark.parametrize("line", [b'a,"b', b'a,"b"c', b'"a""'])
def test_a_line_that_is_not_one_whole_row_is_none(line: bytes) -> None:
    assert split_line(line) is None


# ---- what was written is what is read -----------------------------------------------------


@on_files
@given(st.lists(notes, max_size=4, unique_by=lambda note: note.note_id))
def test_records_come_back_exactly_by_key_by_frame_and_by_reader(
    tmp_path_factory: pytest.TempPathFactory, written: list[Note]
) -> None:
    path = tmp_path_factory.mktemp("log") / "notes.csv"
    log = open_log(path)
    for note in written:
        assert log.append(note)

    reopened = open_log(path)
    assert [reopened.get(note.note_id) for note in written] == written
    assert records_of(load(path, Note)) == written
    assert RecordReader(path, Note).read().rows == tuple(
        {name.name: getattr(note, name.name) for name in fields(Note)} for note in written
    )
    assert path.read_bytes().count(b"\n") == 1 + len(written)
    assert len(pd.read_csv(path)) == len(written)


def test_each_column_has_its_dtype_and_no_text_is_guessed(path: Path) -> None:
    log = open_log(path)
    for number, text in enumerate(TRAPS):
        log.append(Note(note_id=f"n{number}", text=text))
    log.append(FULL_WITH_NEW_ID)

    frame = load(path, Note)

    assert frame.dtypes.astype(str).to_dict() == {
        "note_id": "string",
        "text": "string",
        "count": "Int64",
        "wait_s": "Float64",
        "seen_at": "datetime64[us, UTC]",
        "usd": "object",
        "is_blind": "boolean",
    }
    assert frame["text"].tolist() == [*TRAPS, FULL.text]
    assert frame["count"].isna().sum() == len(TRAPS)
    assert frame["usd"].tolist()[-2:] == [None, Decimal("0.0400")]
    assert str(frame["usd"].iloc[-1]) == "0.0400"


FULL_WITH_NEW_ID = Note(**{f.name: getattr(FULL, f.name) for f in fields(Note)} | {"note_id": "z"})


def test_an_empty_text_is_not_a_missing_one(path: Path) -> None:
    log = open_log(path)
    log.append(Note(note_id="empty", text=""))
    log.append(Note(note_id="missing", text=None))

    assert load(path, Note)["text"].isna().tolist() == [False, True]


def test_a_missing_file_and_an_empty_log_give_an_empty_frame_with_dtypes(path: Path) -> None:
    missing = load(path, Note)
    open_log(path)
    empty = load(path, Note)

    assert len(missing) == len(empty) == 0
    assert missing.dtypes.equals(empty.dtypes)
    assert str(missing["seen_at"].dtype) == "datetime64[us, UTC]"
    assert list(pd.read_csv(path)) == [f.name for f in fields(Note)]


def test_asked_columns_come_in_the_asked_order_and_unknown_ones_are_refused(path: Path) -> None:
    open_log(path).append(FULL)

    assert list(load(path, Note, ["usd", "note_id"])) == ["usd", "note_id"]
    with pytest.raises(ValueError, match="'price'"):
        load(path, Note, ["price"])


def test_a_loaded_frame_may_be_changed(path: Path) -> None:
    open_log(path).append(FULL)
    frame = load(path, Note)

    frame.loc[0, "wait_s"] = 1.5
    frame.loc[0, "text"] = "other"

    assert frame.loc[0, ["wait_s", "text"]].tolist() == [1.5, "other"]


def test_pandas_own_fast_reader_serves_a_sound_file(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = open_log(path)
    for number, text in enumerate(TRAPS):
        log.append(Note(note_id=f"n{number}", text=text, wait_s=0.1, usd=Decimal("1.10")))

    def never(*_: Any) -> Any:
        raise AssertionError("the slow way was taken")

    monkeypatch.setattr(csvframe, "_read_carefully", never)
    with path.open("ab") as file:
        file.write(b'being,"written')

    assert load(path, Note)["text"].tolist() == list(TRAPS)
    assert load(path, Note, ["text"])["text"].tolist() == list(TRAPS)


@pytest.mark.parametrize(
    "odd", [None, "", "x" * 13, "x" * 500, "é", "長い", "a\\b", "'", "=1", "\0", 'a,"b"', "\ud800"]
)
def test_a_text_unlike_those_of_the_first_rows_comes_back(
    path: Path, monkeypatch: pytest.MonkeyPatch, odd: str | None
) -> None:
    monkeypatch.setattr(csvframe, "_ROWS_TO_LOOK_AT", 4)
    log = open_log(path)
    texts = ["a", "b", "c", "d", odd, "e"]
    for number, text in enumerate(texts):
        log.append(Note(note_id=f"n{number}", text=text))
    narrow = csvframe._narrow_texts(
        WholeLines(BytesIO(path.read_bytes())), {"note_id": "string", "text": "string"}
    )

    def never(*_: Any) -> Any:
        raise AssertionError("the slow way was taken")

    monkeypatch.setattr(csvframe, "_read_carefully", never)

    assert set(narrow) == {"note_id", "text"}
    assert [note.text for note in records_of(load(path, Note))] == texts


def test_a_cell_longer_than_the_csv_module_reads_comes_back(path: Path) -> None:
    long_text = 'a "quoted", line\n' * 12_000
    open_log(path).append(Note(note_id="long", text=long_text))

    log = open_log(path)

    found = log.get("long")
    assert found is not None
    assert found.text == long_text
    assert load(path, Note)["text"].tolist() == [long_text]


@pytest.mark.parametrize("block_bytes", [1, 3, 7, 1000])
def test_whole_lines_pass_unchanged_and_are_counted_in_blocks_of_any_size(block_bytes: int) -> None:
    whole = b"id,text\n0,plain\n1,a\\\\b\n2,'=c 'd'\n3,\n4,\\n'\n"
    lines = WholeLines(BytesIO(whole + b"5,still 'being' writt"))
    for _ in range(2):
        blocks = list(iter(lambda: lines.read(block_bytes), b""))
        assert b"".join(blocks) == whole
        assert (lines.n_lines, lines.spelled) == (6, {1, 2, 4})
        assert lines.first() == b"id,text\n"
        assert lines.rows() == whole.removeprefix(b"id,text\n")
        lines.rewind()


@pytest.mark.parametrize("left", [b"", b"no end yet"])
def test_a_file_without_a_whole_line_has_none(left: bytes) -> None:
    lines = WholeLines(BytesIO(left))
    assert (lines.first(), lines.rows(), lines.read(100)) == (b"", b"", b"")


@pytest.mark.parametrize("is_damaged", [False, True])
def test_many_rows_are_indexed_as_few_are(
    path: Path, monkeypatch: pytest.MonkeyPatch, is_damaged: bool
) -> None:
    log = open_log(path)
    monkeypatch.setattr(os, "fsync", lambda fd: None)
    ids = [f"n{number}" for number in range(300)]
    for note_id in ids:
        log.append(Note(note_id=note_id, text=f'{note_id}, "quoted"\n' * 30))
    assert path.stat().st_size > 100_000  # the size from which pandas does the work
    if is_damaged:
        lines = path.read_bytes().splitlines(keepends=True)
        lines.insert(100, b'broken,"unclosed quote\n')
        path.write_bytes(b"".join(lines))

    reopened = open_log(path)

    assert len(reopened) == 300
    assert [getattr(reopened.get(note_id), "note_id", None) for note_id in ids] == ids
    assert [note.note_id for note in reopened.recent(3)] == ["n299", "n298", "n297"]


def test_a_value_its_column_cannot_hold_never_loses_the_row(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    wrong: Any = Note(
        note_id="wrong",
        text="kept",
        count=2**63,
        wait_s="soon",  # type: ignore[arg-type]
        seen_at="today",  # type: ignore[arg-type]
        usd=Decimal("NaN"),
    )

    assert open_log(path).append(wrong)

    assert records_of(load(path, Note)) == [Note(note_id="wrong", text="kept")]
    assert [
        name for name in ("count", "wait_s", "seen_at", "usd") if f"Left {name} of" in caplog.text
    ] == ["count", "wait_s", "seen_at", "usd"]


def test_a_record_without_a_key_is_refused(path: Path) -> None:
    with pytest.raises(ValueError, match="note_id"):
        open_log(path).append(Note(note_id=""))


# ---- damage -------------------------------------------------------------------------------


def test_a_row_torn_at_any_byte_is_moved_aside_and_can_be_appended_again(tmp_path: Path) -> None:
    whole = tmp_path / "whole.csv"
    log = open_log(whole)
    log.append(Note(note_id="first", text="stays"))
    kept = whole.read_bytes()
    log.append(FULL)
    row = whole.read_bytes()[len(kept) :]
    assert len(row) > 80

    for length in range(1, len(row)):
        path = tmp_path / f"torn{length}.csv"
        path.write_bytes(kept + row[:length])

        assert load(path, Note)["note_id"].tolist() == ["first"]
        repaired = open_log(path)
        assert path.read_bytes() == kept
        assert path.with_name(path.name + ".torn").read_bytes() == row[:length] + b"\n"
        assert repaired.append(FULL)
        assert path.read_bytes() == kept + row


def test_a_header_torn_at_any_byte_is_written_again(tmp_path: Path) -> None:
    header = join_line(f.name for f in fields(Note))
    for length in range(len(header)):
        path = tmp_path / f"torn{length}.csv"
        path.write_bytes(header[:length])

        assert load(path, Note).empty
        assert open_log(path).append(FULL)
        assert records_of(load(path, Note)) == [FULL]


def test_a_torn_row_is_repaired_by_the_next_append_of_a_log_already_open(path: Path) -> None:
    log = open_log(path)
    log.append(Note(note_id="first"))
    with path.open("ab") as file:
        file.write(b'second,"half a')

    assert log.append(Note(note_id="third"))

    assert load(path, Note)["note_id"].tolist() == ["first", "third"]
    assert pd.read_csv(path)["note_id"].tolist() == ["first", "third"]


@pytest.mark.parametrize(
    "damage",
    [
        b'broken,"unclosed quote\n',
        b'odd,"a"b,,,,,\n',
        b"\n",
        b"\xff\xfe\x00garbage\n",
        b"short\n",
        b"long,a,1,1.0,,,true,x,y,z\n",
        b"wrong,a,many,soon,today,cheap,perhaps\n",
        b"zero,a,1,1.0,2026-01-01 10:00,NaN,\n",
    ],
)
@pytest.mark.parametrize("text", ['"', "a, b"])
def test_a_damaged_line_costs_itself_only(path: Path, damage: bytes, text: str) -> None:
    log = open_log(path)
    log.append(Note(note_id="before", text=text, usd=Decimal(1)))
    with path.open("ab") as file:
        file.write(damage)
    log.append(Note(note_id="after", text=text, count=3))

    frame = load(path, Note)
    reopened = open_log(path)

    by_id = {note.note_id: note for note in records_of(frame) if note.note_id}
    assert by_id["before"] == Note(note_id="before", text=text, usd=Decimal(1))
    assert by_id["after"] == Note(note_id="after", text=text, count=3)
    assert "broken" not in by_id
    assert {"before", "after"} <= set(load(path, Note, ["note_id"])["note_id"].dropna())
    assert "before" in reopened
    assert not reopened.append(Note(note_id="after"))


def test_a_file_saved_by_a_spreadsheet_with_bom_and_crlf_is_still_read_and_appended_to(
    path: Path,
) -> None:
    open_log(path).append(FULL)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))

    log = open_log(path)
    log.append(Note(note_id="n2", is_blind=False))

    assert records_of(load(path, Note)) == [FULL, Note(note_id="n2", is_blind=False)]
    assert log.get("n1") == FULL


def test_a_file_that_is_no_log_of_ours_is_left_alone(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("a,b\n1,2\n")

    with pytest.raises(StorageError, match="note_id"):
        open_log(path)

    assert path.read_text() == "a,b\n1,2\n"


def test_two_columns_of_one_name_are_refused(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("note_id,text,text\n1,2,3\n")

    with pytest.raises(StorageError, match="two columns"):
        open_log(path)


# ---- older and newer files ----------------------------------------------------------------


def test_an_older_file_gains_the_new_columns_once_and_keeps_every_byte(path: Path) -> None:
    older = CsvLog(path, OlderNote, key="note_id")
    older.append(OlderNote(note_id="old", text="a\nb"))
    assert records_of(load(path, Note)) == [Note(note_id="old", text="a\nb")]
    rows = path.read_bytes().splitlines()[1:]

    newer = open_log(path)

    lines = path.read_bytes().splitlines()
    assert lines[0].decode().split(",") == [f.name for f in fields(Note)]
    assert lines[1:] == [row + b",,,,," for row in rows]
    assert newer.get("old") == Note(note_id="old", text="a\nb")
    assert mode_of(path) == 0o600
    inode = path.stat().st_ino
    open_log(path)
    assert path.stat().st_ino == inode


def test_an_older_app_keeps_the_columns_of_a_newer_one_while_both_run(path: Path) -> None:
    older = CsvLog(path, OlderNote, key="note_id")
    older.append(OlderNote(note_id="o1"))
    newer = open_log(path)
    newer.append(FULL)

    assert older.append(OlderNote(note_id="o2", text="t"))
    assert not older.append(OlderNote(note_id=FULL.note_id))

    assert older.get("n1") == OlderNote(note_id="n1", text=FULL.text)
    assert records_of(load(path, Note)) == [
        Note(note_id="o1"),
        FULL,
        Note(note_id="o2", text="t"),
    ]


def test_a_column_the_file_does_not_have_is_all_missing_even_alone(path: Path) -> None:
    older = CsvLog(path, OlderNote, key="note_id")
    older.append(OlderNote(note_id="a"))
    older.append(OlderNote(note_id="b"))

    frame = load(path, Note, ["seen_at"])

    assert frame["seen_at"].isna().tolist() == [True, True]
    assert str(frame["seen_at"].dtype) == "datetime64[us, UTC]"


# ---- several at once ----------------------------------------------------------------------


def test_a_key_stands_there_once_however_often_it_is_appended(path: Path) -> None:
    one, other = open_log(path), open_log(path)

    assert one.append(FULL)
    assert not one.append(FULL)
    assert not other.append(FULL)
    assert not open_log(path).append(FULL)

    assert len(load(path, Note)) == 1


def test_threads_may_share_a_log(path: Path) -> None:
    log = open_log(path)
    outcomes: list[bool] = []

    def work() -> None:
        for number in range(20):
            outcomes.append(log.append(Note(note_id=f"n{number}", text="x,y")))
            log.get(f"n{number}")

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert outcomes.count(True) == 20
    assert load(path, Note)["note_id"].is_unique


APPENDER = """
import sys
from pathlib import Path
from playground.csvlog import CsvLog
from tests.test_csvlog import Note

log = CsvLog(Path(sys.argv[1]), Note, key="note_id")
name, n_rows, is_shared = sys.argv[2], int(sys.argv[3]), sys.argv[4] == "shared"
for number in range(n_rows):
    key = f"shared-{number}" if is_shared else f"{name}-{number}"
    if log.append(Note(note_id=key, text=f'{key}, "text"\\n' * 200, count=number)):
        print(key, flush=True)
"""


def start_appender(
    path: Path, name: str, n_rows: int, *, shared: bool = False
) -> "subprocess.Popen[str]":
    arguments = [str(path), name, str(n_rows), "shared" if shared else "own"]
    return subprocess.Popen(
        [sys.executable, "-c", APPENDER, *arguments],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parent.parent,
    )


@pytest.mark.slow
def test_processes_that_append_the_same_keys_write_each_once(path: Path) -> None:
    children = [start_appender(path, f"p{n}", 40, shared=True) for n in range(3)]
    told = [key for child in children for key in child.communicate(timeout=60)[0].split()]

    assert [child.returncode for child in children] == [0, 0, 0]
    assert sorted(told) == sorted(f"shared-{number}" for number in range(40))
    assert sorted(load(path, Note)["note_id"]) == sorted(told)


@pytest.mark.slow
def test_processes_killed_while_appending_lose_no_row_they_told_and_break_nothing(
    path: Path,
) -> None:
    told: list[str] = []
    survivor = start_appender(path, "survivor", 150)
    for victim in range(6):
        child = start_appender(path, f"victim{victim}", 100_000)
        assert child.stdout is not None
        told += [child.stdout.readline().strip() for _ in range(5 + 7 * victim)]
        child.send_signal(signal.SIGKILL)
        told += child.communicate(timeout=60)[0].split()
        assert set(told) <= set(load(path, Note)["note_id"])
    told += survivor.communicate(timeout=60)[0].split()

    open_log(path)
    frame = load(path, Note)
    assert survivor.returncode == 0
    assert frame["note_id"].is_unique
    assert set(told) <= set(frame["note_id"])
    assert len(frame) - len(told) <= 6  # written, but killed before it was told
    assert all(row.text == f'{row.note_id}, "text"\n' * 200 for row in frame.itertuples())
    assert len(pd.read_csv(path)) == len(frame)


def die_half_way(path: Path) -> None:
    """In a child process: appends, and dies when half of the row is written."""

    def write_half(fd: int, data: Any) -> int:
        real_write(fd, bytes(data)[: len(data) // 2])
        os._exit(9)

    log, real_write = open_log(path), os.write
    os.write = write_half
    log.append(FULL)


def run_in_child(action: Callable[[], None]) -> int:
    """The wait status of a forked child that did this."""
    child = os.fork()
    if child == 0:
        try:
            action()
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_a_process_that_dies_in_the_middle_of_a_write_frees_the_lock_and_its_row_is_repaired(
    path: Path,
) -> None:
    log = open_log(path)
    log.append(Note(note_id="first"))

    assert run_in_child(lambda: die_half_way(path)) == 9
    assert not path.read_bytes().endswith(b"\n")
    assert load(path, Note)["note_id"].tolist() == ["first"]

    assert log.append(FULL)
    assert records_of(load(path, Note)) == [Note(note_id="first"), FULL]


def test_dying_at_any_step_of_gaining_columns_leaves_the_old_file_or_the_new(
    tmp_path: Path,
) -> None:
    def die_at(step: int) -> None:
        left = step

        def dying(real: Callable[..., Any]) -> Callable[..., Any]:
            def call(*arguments: Any, **named: Any) -> Any:
                nonlocal left
                left -= 1
                if left < 0:
                    os._exit(9)
                return real(*arguments, **named)

            return call

        for name in ("open", "write", "fsync", "close", "replace"):
            setattr(os, name, dying(getattr(os, name)))
        open_log(path)

    for step in range(100):
        path = tmp_path / f"{step}.csv"
        CsvLog(path, OlderNote, key="note_id").append(OlderNote(note_id="old", text="t"))
        died = run_in_child(lambda step=step: die_at(step))  # type: ignore[misc]

        assert records_of(load(path, Note)) == [Note(note_id="old", text="t")]
        assert open_log(path).append(FULL)
        assert len(pd.read_csv(path)) == 2
        if not died:
            break
    assert 5 < step < 99


# ---- the disk refuses ---------------------------------------------------------------------


def refuse(name: str, monkeypatch: pytest.MonkeyPatch, *, first: int = 0) -> None:
    """Lets an `os` function fail as a full disk does; `write` takes `first` bytes before."""
    real = getattr(os, name)

    def fail(fd: int, *data: Any) -> Any:
        nonlocal first
        if first:
            n_taken, first = real(fd, bytes(data[0])[:first]), 0
            return n_taken
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, name, fail)


@pytest.mark.parametrize(("name", "first"), [("write", 0), ("write", 20), ("fsync", 0)])
def test_a_full_disk_adds_nothing_and_says_so(
    path: Path, monkeypatch: pytest.MonkeyPatch, name: str, first: int
) -> None:
    log = open_log(path)
    log.append(Note(note_id="first"))
    before = path.read_bytes()

    with monkeypatch.context() as patch:
        refuse(name, patch, first=first)
        with pytest.raises(StorageError, match="No space left"):
            log.append(FULL)

    assert path.read_bytes() == before
    assert log.append(FULL)
    assert records_of(load(path, Note)) == [Note(note_id="first"), FULL]


def test_a_torn_row_that_cannot_even_be_cut_off_is_repaired_later(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = open_log(path)
    log.append(Note(note_id="first"))
    with monkeypatch.context() as patch:
        refuse("write", patch, first=20)
        refuse("ftruncate", patch)
        with pytest.raises(StorageError):
            log.append(FULL)
    assert not path.read_bytes().endswith(b"\n")
    assert load(path, Note)["note_id"].tolist() == ["first"]

    assert log.append(FULL)

    assert records_of(load(path, Note)) == [Note(note_id="first"), FULL]


def test_a_limit_on_the_file_size_is_told_and_leaves_the_file_whole(path: Path) -> None:
    log = open_log(path)
    log.append(Note(note_id="first"))
    size_bytes = path.stat().st_size

    def fill() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes + 30, size_bytes + 30))
        try:
            log.append(FULL)
        except StorageError:
            os._exit(3)

    assert run_in_child(fill) == 3
    assert path.stat().st_size == size_bytes
    assert log.append(FULL)


def test_gaining_columns_on_a_full_disk_leaves_the_older_file(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    CsvLog(path, OlderNote, key="note_id").append(OlderNote(note_id="old"))
    before = path.read_bytes()
    with monkeypatch.context() as patch:
        refuse("write", patch, first=10)
        with pytest.raises(StorageError):
            open_log(path)

    assert path.read_bytes() == before
    assert sorted(item.name for item in path.parent.iterdir()) == ["notes.csv", "notes.csv.lock"]


def test_a_file_system_without_locks_is_refused(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unsupported(*_: Any) -> None:
        raise OSError(errno.ENOTSUP, "Operation not supported")

    monkeypatch.setattr(fcntl, "flock", unsupported)

    with pytest.raises(StorageError, match="local disk"):
        open_log(path)


def test_a_lock_that_is_never_let_go_is_told(tmp_path: Path) -> None:
    with disk.locked(tmp_path / "lock"):
        with pytest.raises(StorageError, match="Another program has held"):
            with disk.locked(tmp_path / "lock", patience_s=0):
                pass
    with disk.locked(tmp_path / "lock", patience_s=0):
        pass


def test_a_child_forked_under_the_lock_does_not_keep_it(tmp_path: Path) -> None:
    with disk.locked(tmp_path / "lock"):
        child = os.fork()
        if child == 0:
            signal.pause()
    try:
        with disk.locked(tmp_path / "lock", patience_s=0):
            pass
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(StorageError, match="PLAYGROUND_DATA_DIR"):
        open_log(tmp_path / "file" / "notes.csv")


# ---- the files ----------------------------------------------------------------------------


@pytest.fixture
def _generous_umask() -> Iterator[None]:
    old = os.umask(0)
    yield
    os.umask(old)


@pytest.mark.usefixtures("_generous_umask")
def test_files_and_folders_are_for_their_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "one" / "two" / "notes.csv"
    log = open_log(path)
    log.append(FULL)
    with path.open("ab") as file:
        file.write(b"torn")
    log.append(Note(note_id="n2"))

    assert {item.name: mode_of(item) for item in path.parent.iterdir()} == {
        "notes.csv": 0o600,
        "notes.csv.lock": 0o600,
        "notes.csv.torn": 0o600,
    }
    assert mode_of(tmp_path / "one") == mode_of(tmp_path / "one" / "two") == 0o700


def test_the_lock_file_is_never_replaced(path: Path) -> None:
    CsvLog(path, OlderNote, key="note_id").append(OlderNote(note_id="old"))
    lock = path.with_name("notes.csv.lock").stat()

    open_log(path).append(FULL)

    assert path.with_name("notes.csv.lock").stat().st_ino == lock.st_ino


def test_a_log_removed_while_open_is_begun_anew(path: Path) -> None:
    log = open_log(path)
    log.append(FULL)
    path.unlink()

    assert FULL.note_id not in log
    assert len(log) == 0
    assert log.append(FULL)

    assert records_of(load(path, Note)) == [FULL]


def test_a_log_edited_in_place_is_read_again(path: Path) -> None:
    log = open_log(path)
    log.append(Note(note_id="one", text="blue"))
    log.append(Note(note_id="two", text="a" * 200))
    content = path.read_bytes().replace(b"one,blue", b"six,grey")
    with path.open("r+b") as file:
        file.write(content)
    changed = path.stat()
    os.utime(path, ns=(changed.st_atime_ns, changed.st_mtime_ns + 1_000_000))

    assert log.get("one") is None
    assert log.get("six") == Note(note_id="six", text="grey")


def test_a_log_overwritten_by_a_longer_one_is_read_again(path: Path) -> None:
    log = open_log(path)
    log.append(Note(note_id="one", text="blue"))
    other = open_log(path.with_name("other.csv"))
    for number in range(5):
        other.append(Note(note_id=f"n{number}", text="grey"))
    path.write_bytes(other.path.read_bytes())  # the same file to the system, longer than before

    assert [note.note_id for note in log.recent(9)] == ["n4", "n3", "n2", "n1", "n0"]
    assert log.append(Note(note_id="one"))


def test_what_is_known_is_not_read_again(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = open_log(path)
    for number in range(50):
        log.append(Note(note_id=f"n{number}", text="x" * 500))
    n_read = 0
    real_pread = os.pread

    def counting_pread(fd: int, n_bytes: int, offset: int) -> bytes:
        nonlocal n_read
        n_read += n_bytes
        return real_pread(fd, n_bytes, offset)

    monkeypatch.setattr(os, "pread", counting_pread)

    log.append(Note(note_id="new", text="x" * 500))
    assert "n49" in log
    log.get("n1")

    assert 500 < n_read < 1_500


# ---- following a log ----------------------------------------------------------------------


def test_a_reader_gets_each_new_row_once_and_only_when_it_is_whole(path: Path) -> None:
    reader = RecordReader(path, Note)
    assert reader.read().rows == ()
    log = open_log(path)
    log.append(FULL)

    first = reader.read()
    idle = reader.read()
    with path.open("ab") as file:
        file.write(b"n2,half")
        file.flush()
        half = reader.read()
        file.write(b" a row,,,,,\n")
    second = reader.read()

    assert [row["text"] for row in first.rows] == [FULL.text]
    assert first.is_fresh
    assert (idle.rows, idle.is_fresh, half.rows) == ((), False, ())
    assert [(row["note_id"], row["text"]) for row in second.rows] == [("n2", "half a row")]
    assert not second.is_fresh


def test_a_reader_starts_over_when_the_file_is_another_one(path: Path) -> None:
    older = CsvLog(path, OlderNote, key="note_id")
    older.append(OlderNote(note_id="old"))
    reader = RecordReader(path, Note)
    reader.read()

    open_log(path).append(FULL)
    after = reader.read()

    assert after.is_fresh
    assert [row["note_id"] for row in after.rows] == ["old", "n1"]


def test_readers_do_not_wait_while_the_disk_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = CsvLog(tmp_path / "notes.csv", Note, key="note_id")
    log.append(Note(note_id="n1"))
    is_flushing, may_end = threading.Event(), threading.Event()
    real_fsync = os.fsync

    def slow_fsync(fd: int) -> None:
        is_flushing.set()
        assert may_end.wait(10)
        real_fsync(fd)

    monkeypatch.setattr(os, "fsync", slow_fsync)
    writing = threading.Thread(target=log.append, args=[Note(note_id="n2", text="late")])
    writing.start()
    assert is_flushing.wait(10)
    seen = (len(log), log.get("n1"), log.get("n2"))
    may_end.set()
    writing.join()

    assert seen[0] == 2  # a whole line is read as soon as it stands there
    assert seen[1] == Note(note_id="n1")
    assert log.append(Note(note_id="n3"))
    assert [log.get(f"n{n}").text for n in (1, 2, 3)] == [None, "late", None]
    assert list(load(log.path, Note)["note_id"]) == ["n1", "n2", "n3"]


def test_lines_over_which_a_reader_failed_are_read_again(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    path.write_bytes(b"first line\n")
    tail = disk.Tail()
    with path.open("rb") as file:
        tail.resume(file.fileno())
        assert [block for _, block in tail.blocks(file.fileno())] == [b"first line\n"]
        with path.open("ab") as more:
            more.write(b"second line\n")
        assert tail.resume(file.fileno())
        reading = tail.blocks(file.fileno())
        next(reading)
        reading.close()  # as an error of whoever reads does

        assert not tail.resume(file.fileno())
        assert [block for _, block in tail.blocks(file.fileno())] == [b"first line\nsecond line\n"]
