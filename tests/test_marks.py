"""Marks: stars, tags, notes and the archive, put on and taken back, never erased."""

import pytest

from playground.history.marks import MarkLog, current_marks, load_marks, plain_tag
from playground.schema import Mark
from tests.judging_rig import NOON, minutes


@pytest.fixture
def path(tmp_path):
    return tmp_path / "marks.csv"


@pytest.fixture
def marks(path):
    return MarkLog(path)


def now(path) -> dict[str, tuple]:
    frame = current_marks(load_marks(path))
    return {
        row.comparison_id: (row.is_starred, row.is_archived, row.tags, row.note)
        for row in frame.itertuples()
    }


def test_what_is_put_on_is_there_and_one_row_each(marks, path):
    marks.star("cmp_1", is_on=True, at=NOON)
    marks.tag("cmp_1", "night", is_on=True, at=NOON)
    marks.tag("cmp_1", "harbour", is_on=True, at=NOON)
    marks.note("cmp_1", "=the best\nso far", at=NOON)
    marks.archive("cmp_2", is_on=True, at=NOON)

    assert now(path) == {
        "cmp_1": (True, False, ("harbour", "night"), "=the best\nso far"),
        "cmp_2": (False, True, (), None),
    }
    assert len(marks) == 5


def test_what_is_taken_off_is_gone_and_the_history_stays(marks, path):
    marks.star("cmp_1", is_on=True, at=NOON)
    marks.tag("cmp_1", "night", is_on=True, at=NOON)
    marks.star("cmp_1", is_on=False, at=NOON)
    marks.tag("cmp_1", " NIGHT ", is_on=False, at=NOON)
    marks.note("cmp_1", "x", at=NOON)
    marks.note("cmp_1", " \n", at=NOON)

    assert now(path) == {"cmp_1": (False, False, (), None)}
    assert [mark.is_on for mark in marks.marks_of("cmp_1")] == [
        True,
        True,
        False,
        False,
        True,
        False,
    ]


@pytest.mark.parametrize("act", ["star", "archive", "tag", "note"])
def test_what_is_so_already_is_not_written_again(marks, act):
    def do(*, is_on: bool) -> Mark | None:
        if act == "note":
            return marks.note("cmp_1", "a note" if is_on else "", at=NOON)
        if act == "tag":
            return marks.tag("cmp_1", "a tag", is_on=is_on, at=NOON)
        return getattr(marks, act)("cmp_1", is_on=is_on, at=NOON)

    assert do(is_on=False) is None
    assert do(is_on=True) is not None
    assert do(is_on=True) is None
    assert do(is_on=False) is not None
    assert len(marks) == 2


def test_every_act_can_be_taken_back_by_another_act(marks, path):
    first = marks.note("cmp_1", "first", at=NOON)
    acts = [
        marks.note("cmp_1", "second", at=NOON),
        marks.star("cmp_1", is_on=True, at=NOON),
        marks.archive("cmp_1", is_on=True, at=NOON),
        marks.tag("cmp_1", "night", is_on=True, at=NOON),
    ]

    undone = [marks.undo(act.act_id, at=minutes(1)) for act in acts]

    assert now(path) == {"cmp_1": (False, False, (), "first")}
    assert [mark.undoes for mark in undone] == [act.act_id for act in acts]
    marks.undo(first.act_id, at=NOON)
    assert now(path)["cmp_1"][3] is None
    marks.undo(undone[2].act_id, at=NOON)
    assert now(path)["cmp_1"][1] is True
    assert marks.undo(undone[2].act_id, at=NOON) is None  # twice changes nothing


def test_an_unknown_act_cannot_be_taken_back(marks):
    with pytest.raises(ValueError, match="act_0"):
        marks.undo("act_0", at=NOON)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Night", "night"),
        ("  night \t sky ", "night sky"),
        ("ＮＩＧＨＴ\x00", "ｎｉｇｈｔ"),
        ("Straße", "strasse"),
    ],
)
def test_a_tag_is_kept_in_one_spelling(typed, kept):
    assert plain_tag(typed) == kept


@pytest.mark.parametrize("tag", ["", " \n ", "\x00", "x" * 61])
def test_what_is_no_tag_is_refused(marks, tag):
    with pytest.raises(ValueError, match="1 to 60"):
        marks.tag("cmp_1", tag, is_on=True, at=NOON)


def test_an_endless_note_is_refused(marks):
    with pytest.raises(ValueError, match="10,000"):
        marks.note("cmp_1", "x" * 10_001, at=NOON)


def test_another_program_sees_it(marks, path):
    elsewhere = MarkLog(path)
    elsewhere.star("cmp_1", is_on=True, at=NOON)

    assert marks.star("cmp_1", is_on=True, at=NOON) is None
    assert MarkLog(path).marks_of("cmp_1") == elsewhere.marks_of("cmp_1")


def test_without_a_file_nothing_is_marked(path):
    frame = current_marks(load_marks(path))

    assert list(frame) == ["comparison_id", "is_starred", "is_archived", "tags", "note"]
    assert frame.empty


def test_a_kind_of_a_newer_app_is_left_alone(marks, path):
    marks.star("cmp_1", is_on=True, at=NOON)
    with path.open("a") as file:
        file.write("act_9,cmp_2,,ribbon,blue,true,2026-11-22T12:00:00.000000Z\n")

    assert now(path) == {"cmp_1": (True, False, (), None)}
