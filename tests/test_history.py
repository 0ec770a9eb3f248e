"""History: newest first, found again by what one remembers, and only by whom it belongs to."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pandas as pd
import pytest

from playground.csvlog import table as logtable
from playground.csvlog.table import LogTable
from playground.history.marks import MarkLog
from playground.history.pages import (
    Archived,
    Difference,
    History,
    HistoryQuery,
    RunBrief,
    difference,
)
from playground.judging.votes import VoteLog
from playground.runlog import RunLog, load_runs
from playground.schema import Answer, Origin, PairKind, Run
from tests.judging_rig import (
    NOON,
    VOTER,
    a_ballot,
    a_comparison,
    a_pair,
    a_run,
    failed,
    log_runs,
    minutes,
    rewrite_log,
)

SHA = "ab" * 32


@pytest.fixture
def history(tmp_path):
    return History(tmp_path)


@pytest.fixture
def log(tmp_path):
    return lambda *runs: log_runs(tmp_path, runs)


@pytest.fixture
def votes(tmp_path):
    return VoteLog(tmp_path / "votes.csv")


@pytest.fixture
def marks(tmp_path):
    return MarkLog(tmp_path / "marks.csv")


def found(history: History, **query) -> list[int]:
    """The numbers of the comparisons on the page."""
    page = history.page(HistoryQuery(**query))
    assert page.n_found >= len(page.items)
    return [int(item.comparison_id.removeprefix("cmp_")) for item in page.items]


# ---- pages ------------------------------------------------------------------------------------


def test_nothing_yet_is_one_empty_page(history):
    page = history.page(HistoryQuery(page=3))

    assert (page.items, page.number, page.n_pages, page.n_found) == ((), 1, 1, 0)
    assert history.choices().models == ()
    assert history.queue(voter_id=VOTER, seed=1) == ()


def test_the_newest_comparison_comes_first_whenever_its_runs_ended(history, log):
    log(*a_comparison(2), a_run(1), *a_comparison(3), a_run(1, 2))

    assert found(history) == [3, 2, 1]


def test_a_comparison_bought_again_keeps_its_place(history, log):
    again = replace(a_run(1), run_id="run_again", started_at=minutes(60))
    log(*a_comparison(1), *a_comparison(2), again)

    assert found(history) == [2, 1]


def test_pages_follow_each_other_without_gaps(history, log):
    log(*(run for n in range(1, 8) for run in a_comparison(n)))

    pages = [found(history, page=n, page_size=3) for n in (1, 2, 3)]

    assert pages == [[7, 6, 5], [4, 3, 2], [1]]
    page = history.page(HistoryQuery(page=9, page_size=3))
    assert (page.number, page.n_pages, page.n_found, page.n_comparisons) == (3, 3, 7, 7)


@pytest.mark.parametrize("query", [{"page": 0}, {"page_size": 0}, {"page_size": 201}])
def test_a_page_that_cannot_be_is_refused(history, query):
    with pytest.raises(ValueError, match="cannot be shown"):
        history.page(HistoryQuery(**query))


def test_an_item_says_what_the_list_shows(history, log, votes, marks):
    first, second, third, fourth = a_comparison(1, repeats=2, experiment_id="exp_1")
    again = replace(first, run_id="run_again", started_at=minutes(9))
    money = {"total_s": 7.5, "charged_usd": Decimal("0.07"), "billing_status": "settled"}
    fourth = replace(failed(fourth), error_kind="moderation", **money)
    log(failed(first), second, third, fourth, again)
    pair = replace(a_pair(), run_1="run_again")
    a_ballot(votes, pair).cast(Answer.TIE, at=NOON)
    marks.star("cmp_1", is_on=True, at=NOON)
    marks.tag("cmp_1", "night", is_on=True, at=NOON)
    marks.note("cmp_1", "a note", at=NOON)

    (item,) = history.page(HistoryQuery(voter_id=VOTER)).items

    assert (item.comparison_id, item.experiment_id) == ("cmp_1", "exp_1")
    assert (item.prompt, item.size, item.resolution) == ("A lighthouse, number 1", "16:9", "1K")
    assert (item.origin, item.started_at) == (Origin.LIVE, minutes(1))
    assert (item.n_pairs, item.n_judged) == (1, 1)
    assert (item.is_starred, item.is_archived, item.tags, item.note) == (
        True, False, ("night",), "a note",
    )  # fmt: skip
    assert [(r.run_id, r.lane, r.repeat, r.status) for r in item.runs] == [
        ("run_again", 1, 1, "succeeded"),
        ("run_1_2_1", 2, 1, "succeeded"),
        ("run_1_1_2", 1, 2, "succeeded"),
        ("run_1_2_2", 2, 2, "failed"),
    ]
    assert item.runs[3] == RunBrief(
        run_id="run_1_2_2", lane=2, repeat=2, model="flux-2-pro", status="failed", file=None,
        error_kind="moderation", total_s=7.5, charged_usd=Decimal("0.07"),
        billing_status="settled",
    )  # fmt: skip
    assert [r.run_id for r in item.attempts] == [
        "run_1_1_1", "run_1_2_1", "run_1_1_2", "run_1_2_2", "run_again",
    ]  # fmt: skip
    (verdict,) = item.verdicts
    assert (verdict.answer, verdict.winner_model, verdict.is_blind) == ("tie", None, True)
    assert verdict.run_a in ("run_again", "run_1_2_1")
    assert history.page(HistoryQuery(voter_id="voter_2")).items[0].verdicts == ()


# ---- search and filters -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("harbour", [3, 1]),
        ("  HARBOUR ", [3, 1]),
        ("the harbour at", [1]),
        ("line two", [2]),
        (".*", []),
        ("(", [2]),
        ("STRASSE", [3]),
        ("cafe\u0301", [2]),
        ("", [3, 2, 1]),
        ("  ", [3, 2, 1]),
        ("nowhere", []),
    ],
)
def test_prompts_are_searched_as_plain_text_in_any_case(history, log, text, numbers):
    for n, prompt in (
        (1, "The harbour at dusk"),
        (2, "=café (one)\nline two"),
        (3, "Harbour, Straße"),
    ):
        log(*a_comparison(n, prompt=prompt))

    assert found(history, text=text) == numbers


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ({"models": ["flux-2-pro"]}, [5, 4, 3, 1]),
        ({"models": ["model-3"]}, [4]),
        ({"models": ["model-3", "flux-2-pro"]}, [5, 4, 3, 1]),
        ({"models": ["flux-9"]}, []),
        ({"sizes": ["1:1"]}, [3]),
        ({"resolutions": ["2K", "8K"]}, [5]),
        ({"statuses": ["failed"]}, [5, 3]),
        ({"origin": Origin.EMULATED}, [2]),
        ({"origin": Origin.LIVE}, [5, 4, 3, 1]),
        ({"experiments": ["exp_1"]}, [4]),
        ({"since": minutes(3)}, [5, 4, 3]),
        ({"until": minutes(3)}, [2, 1]),
        ({"since": minutes(2), "until": minutes(4)}, [3, 2]),
        ({"statuses": ["failed"], "sizes": ["1:1"], "text": "number 3"}, [3]),
        ({"statuses": ["failed"], "sizes": ["1:1"], "text": "number 5"}, []),
    ],
)
def test_filters_let_through_what_they_say_and_all_must_hold(history, log, query, numbers):
    log(*a_comparison(1))
    log(a_run(2, origin=Origin.EMULATED))
    log(a_run(3, size="1:1"), failed(a_run(3, 2, size="1:1")))
    log(*(a_run(4, lane, experiment_id="exp_1") for lane in (1, 2, 3)))
    # Failed first, then bought again: who remembers the failure finds it.
    log(failed(a_run(5, resolution="2K")), a_run(5, 2, resolution="2K"))
    log(a_run(5, resolution="2K", run_id="run_again", started_at=minutes(30)))

    assert found(history, **query) == numbers


def test_times_of_other_zones_are_the_same_moments(history, log):
    from datetime import timezone

    log(*a_comparison(1), *a_comparison(3))
    since = minutes(2).astimezone(timezone(timedelta(hours=9)))

    assert found(history, since=since) == [3]


def test_judged_means_every_pair_has_a_standing_vote(history, log, votes):
    log(*a_comparison(1), *a_comparison(2, repeats=2), *a_comparison(3), failed(a_run(4)))
    a_ballot(votes, a_pair(1)).cast(Answer.TIE, at=NOON)
    a_ballot(votes, a_pair(2)).cast(Answer.TIE, at=NOON)
    a_ballot(votes, a_pair(3), voter_id="voter_2").cast(Answer.BOTH_BAD, at=NOON)

    assert found(history, is_judged=True) == [3, 1]
    assert found(history, is_judged=False) == [2]
    assert found(history, is_judged=True, voter_id=VOTER) == [1]
    assert found(history, is_judged=False, voter_id=VOTER) == [3, 2]
    a_ballot(votes, a_pair(1)).withdraw(at=NOON)
    assert found(history, is_judged=True) == [3]


def test_a_swapped_vote_does_not_judge_a_pair(history, log, votes):
    log(*a_comparison(1))
    a_ballot(votes, replace(a_pair(1), kind=PairKind.SWAPPED, draw=7)).cast(Answer.TIE, at=NOON)

    assert found(history, is_judged=False) == [1]


def test_marks_filter_and_the_archive_is_out_of_sight(history, log, marks):
    log(*(run for n in (1, 2, 3, 4) for run in a_comparison(n)))
    marks.star("cmp_1", is_on=True, at=NOON)
    marks.archive("cmp_2", is_on=True, at=NOON)
    marks.tag("cmp_3", "night", is_on=True, at=NOON)
    marks.tag("cmp_3", "sea", is_on=True, at=NOON)
    marks.tag("cmp_4", "sea", is_on=True, at=NOON)
    marks.star("cmp_of_another_folder", is_on=True, at=NOON)

    assert found(history) == [4, 3, 1]
    assert found(history, archived=Archived.ONLY) == [2]
    assert found(history, archived=Archived.ALL) == [4, 3, 2, 1]
    assert found(history, is_starred=True) == [1]
    assert found(history, is_starred=False) == [4, 3]
    assert found(history, tags=["SEA"]) == [4, 3]
    assert found(history, tags=["sea", "night"]) == [3]
    marks.undo(marks.marks_of("cmp_2")[0].act_id, at=NOON)
    assert found(history) == [4, 3, 2, 1]


def test_nobody_sees_what_belongs_to_another(history, log, marks):
    log(*a_comparison(1), *a_comparison(2, owner_id="ann"), *a_comparison(3, owner_id="bob"))
    log(a_run(4, owner_id="ann"), a_run(4, 2, owner_id="bob"))  # which never happens
    marks.tag("cmp_3", "secret", is_on=True, at=NOON)
    log(*a_comparison(5, owner_id="bob", experiment_id="exp_of_bob", model="secret-model"))

    assert found(history) == [1]
    assert found(history, owner_id="ann") == [2]
    assert found(history, owner_id="bob") == [5, 3]
    assert found(history, owner_id="eve") == []
    assert found(history, owner_id="ann", text="lighthouse", archived=Archived.ALL) == [2]
    assert history.page(HistoryQuery(owner_id="ann")).n_comparisons == 1
    anns = history.choices("ann")
    assert (anns.models, anns.tags, anns.experiments) == (("flux-2-flex", "flux-2-pro"), (), ())
    assert history.choices("bob").tags == ("secret",)
    assert [p.comparison_id for p in history.queue(voter_id="v", seed=1, owner_id="ann")] == [
        "cmp_2"
    ]
    assert [p.comparison_id for p in history.queue(voter_id="v", seed=1)] == ["cmp_1"]


def test_choices_are_what_occurs(history, log, marks):
    log(*a_comparison(1), failed(a_run(2, 3, size="1:1", resolution="2K", experiment_id="exp_1")))
    marks.tag("cmp_2", "night", is_on=True, at=NOON)

    choices = history.choices()

    assert choices.models == ("flux-2-flex", "flux-2-pro", "model-3")
    assert (choices.sizes, choices.resolutions) == (("16:9", "1:1"), ("1K", "2K"))
    assert (choices.statuses, choices.experiments) == (("failed", "succeeded"), ("exp_1",))
    assert choices.tags == ("night",)


def test_the_queue_knows_the_voter_and_the_origin(history, log, votes):
    log(*a_comparison(1), *a_comparison(2), *a_comparison(3, origin=Origin.EMULATED))
    a_ballot(votes, a_pair(1)).cast(Answer.TIE, at=NOON)

    def queue(voter_id: str, origin: Origin | None = None) -> list[str]:
        pairs = history.queue(voter_id=voter_id, seed=1, origin=origin)
        return sorted(pair.comparison_id for pair in pairs)

    assert queue(VOTER) == ["cmp_2", "cmp_3"]
    assert queue("voter_2") == ["cmp_1", "cmp_2", "cmp_3"]
    assert queue(VOTER, Origin.LIVE) == ["cmp_2"]
    assert queue(VOTER, Origin.EMULATED) == ["cmp_3"]


# ---- in step with the files -------------------------------------------------------------------


def test_what_other_programs_append_is_on_the_next_page(history, log, votes, marks):
    log(*a_comparison(1))
    assert found(history) == [1]

    log(*a_comparison(2))
    assert found(history) == [2, 1]
    a_ballot(votes, a_pair(2)).cast(Answer.TIE, at=NOON)
    assert found(history, is_judged=True) == [2]
    marks.star("cmp_1", is_on=True, at=NOON)
    assert found(history, is_starred=True) == [1]


def test_only_new_bytes_are_read(tmp_path, log, monkeypatch):
    log(*(run for n in range(1, 30) for run in a_comparison(n)))
    table = LogTable(tmp_path / "runs.csv", Run)
    parsed = []
    real = logtable.load

    def load(path, *args):
        frame = real(path, *args)
        parsed.append(len(frame))
        return frame

    monkeypatch.setattr(logtable, "load", load)
    first = table.read()
    assert table.read() is first
    log(a_run(30), a_run(31))
    table.read()
    table.read()

    assert parsed == [58, 2]
    pd.testing.assert_frame_equal(table.read(), load_runs(tmp_path / "runs.csv"))


def test_the_table_equals_a_fresh_read_whatever_is_in_the_cells(tmp_path):
    table = LogTable(tmp_path / "runs.csv", Run)
    assert table.read().empty
    log = RunLog(tmp_path / "runs.csv")
    assert table.read().empty
    for n, run in enumerate(
        (
            a_run(1, prompt='=1+1\n"x", \\n\r\0 ＝2', charged_usd=Decimal("0.0400"), total_s=1.25),
            a_run(2, prompt="", experiment_id="007", polls=3),
            failed(a_run(3, model="NA", error_message="null")),
        )
    ):
        log.append(run)
        frame = table.read()
        assert len(frame) == n + 1
        pd.testing.assert_frame_equal(frame, load_runs(tmp_path / "runs.csv"))


def test_a_row_still_being_written_comes_when_it_is_whole(tmp_path, log):
    log(a_run(1))
    path = tmp_path / "runs.csv"
    table = LogTable(path, Run, ["run_id"])
    lines = path.read_bytes()
    with path.open("ab") as file:
        file.write(b"run_2,cmp_2")
    assert table.read()["run_id"].tolist() == ["run_1_1_1"]

    row = lines.splitlines()[1].replace(b"run_1_1_1", b"run_2")
    path.write_bytes(lines + row + b"\n")

    assert table.read()["run_id"].tolist() == ["run_1_1_1", "run_2"]


def test_a_header_still_being_written_is_waited_for(tmp_path, log):
    log(a_run(1))
    path = tmp_path / "runs.csv"
    whole = path.read_bytes()
    path.write_bytes(whole[:20])
    table = LogTable(path, Run)
    assert table.read().empty

    with path.open("ab") as file:
        file.write(whole[20:])
    assert len(table.read()) == 1
    log(a_run(2))

    assert table.read()["run_id"].tolist() == ["run_1_1_1", "run_2_1_1"]


def test_another_file_in_its_place_or_none_is_noticed(tmp_path, history, log):
    log(*a_comparison(1), *a_comparison(2))
    assert found(history) == [2, 1]

    rewrite_log(tmp_path, a_comparison(5))
    assert found(history) == [5]
    (tmp_path / "runs.csv").unlink()
    assert found(history) == []
    log(*a_comparison(6))
    assert found(history) == [6]


def test_a_frame_that_was_given_out_does_not_change(tmp_path, log):
    log(a_run(1))
    table = LogTable(tmp_path / "runs.csv", Run)
    before = table.read()
    log(a_run(2))
    table.read()

    assert len(before) == 1


# ---- differences ------------------------------------------------------------------------------


def test_two_lanes_differ_in_their_model_only():
    assert difference(*a_comparison(1)) == (
        Difference(column="model", a="flux-2-flex", b="flux-2-pro"),
    )
    assert difference(a_run(), a_run()) == ()


def test_differences_come_in_the_order_of_the_columns():
    a = a_run(reference_count=1, reference_sha256=SHA, reference_urls="https://up/1")
    b = a_run(2, size="1:1", origin=Origin.EMULATED, app_version="0.2.0")

    assert [(each.column, each.a, each.b) for each in difference(a, b)] == [
        ("prompt", "A lighthouse, number 1", "A lighthouse, number 2"),
        ("size", "16:9", "1:1"),
        ("reference_count", 1, 0),
        ("reference_sha256", SHA, None),
        ("origin", "live", "emulated"),
        ("app_version", "0.1.0", "0.2.0"),
    ]


def test_an_upload_elsewhere_is_no_difference_and_another_address_is():
    def sent(hashes: str, urls: str) -> Run:
        return a_run(reference_sha256=hashes, reference_urls=urls, request_sha256=urls)

    assert difference(sent(SHA, "https://up/1"), sent(SHA, "https://up/2")) == ()
    assert difference(sent(f"- {SHA}", "https://x/1 -"), sent(f"- {SHA}", "https://x/2 -")) == (
        Difference(column="reference_urls", a="https://x/1", b="https://x/2"),
    )
