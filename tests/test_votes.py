"""Votes: what a ballot lets through, what counts as blind, and that none is ever lost."""

import itertools
import os
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from playground import disk
from playground.errors import StorageError
from playground.judging.pairs import WhyNot, comparison_pairs, sides
from playground.judging.votes import VoteLog, current_votes, load_votes, new_voter_id
from playground.schema import Answer, PairKind, Reason, Vote, column_info
from tests.judging_rig import NOON, VOTER, a_ballot, a_comparison, a_pair, a_run, minutes

ROOT = Path(__file__).resolve().parent.parent
VERDICTS = [answer for answer in Answer if answer.is_verdict]


@pytest.fixture
def votes(tmp_path):
    return VoteLog(tmp_path / "votes.csv")


def rows(votes: VoteLog) -> pd.DataFrame:
    return load_votes(votes.path)


def answers(votes: VoteLog) -> list[str]:
    return rows(votes)["answer"].tolist()


# ---- one act, one row -------------------------------------------------------------------------


def test_a_vote_comes_back_from_the_disk_with_all_it_says(votes):
    pair = replace(a_pair(), experiment_id="exp_1")
    ballot = a_ballot(votes, pair, number=7)

    vote = ballot.cast(
        Answer.A_BETTER,
        reasons=(reason for reason in (Reason.STYLE, Reason.DETAIL)),
        note='=1+1\n"both" fine',
        at=minutes(0.5),
    )

    assert VoteLog(votes.path).get(vote.act_id) == vote
    run_a, _ = sides(pair, 7)
    assert vote == Vote(
        act_id=vote.act_id,
        comparison_id="cmp_1",
        experiment_id="exp_1",
        replaces=None,
        voter_id=VOTER,
        pair_kind="models",
        run_1="run_1_1_1",
        run_2="run_1_2_1",
        model_1="flux-2-flex",
        model_2="flux-2-pro",
        origin="live",
        run_a=run_a,
        draw=7,
        is_hidden=True,
        is_blind=True,
        answer="a_better",
        winner_run_id=run_a,
        winner_model={"run_1_1_1": "flux-2-flex", "run_1_2_1": "flux-2-pro"}[run_a],
        reasons="detail style",
        note='=1+1\n"both" fine',
        taken_s=30.0,
        at=minutes(0.5),
        app_version=vote.app_version,
    )


@pytest.mark.parametrize("number", [1, 2, 3, 4])
@pytest.mark.parametrize("answer", VERDICTS)
def test_the_winner_is_the_run_that_stood_on_the_side_named(votes, answer, number):
    pair = a_pair()
    ballot = a_ballot(votes, pair, number=number)

    vote = ballot.cast(answer, at=NOON)

    expected = {Answer.A_BETTER: ballot.run_a, Answer.B_BETTER: ballot.run_b}.get(answer)
    models = {pair.run_1: pair.model_1, pair.run_2: pair.model_2, None: None}
    assert (vote.run_a, vote.winner_run_id) == (ballot.run_a, expected)
    assert vote.winner_model == models[expected]
    assert (ballot.run_a, ballot.run_b) == sides(pair, number)


def test_pandas_alone_reads_the_file(votes):
    a_ballot(votes).cast(Answer.TIE, at=NOON)

    plain = pd.read_csv(votes.path)

    assert list(plain) == list(column_info(Vote))
    assert plain["answer"].tolist() == ["tie"]


def test_columns_have_their_dtypes(votes):
    a_ballot(votes).cast(Answer.TIE, at=NOON)
    frame = rows(votes)

    dtypes = {name: str(frame[name].dtype) for name in ("draw", "is_blind", "taken_s", "at")}
    assert dtypes == {
        "draw": "Int64",
        "is_blind": "boolean",
        "taken_s": "Float64",
        "at": "datetime64[us, UTC]",
    }


def test_the_same_verdict_twice_is_one_row(votes):
    ballot = a_ballot(votes)
    first = ballot.cast(Answer.TIE, at=NOON)

    assert ballot.cast(Answer.TIE, at=minutes(1)) == first
    assert a_ballot(votes).cast(Answer.TIE, at=minutes(2)) == first
    assert len(votes) == 1


def test_a_double_click_from_many_threads_is_one_row(votes):
    ballot = a_ballot(votes)
    threads = [
        threading.Thread(target=ballot.cast, args=(Answer.A_BETTER,), kwargs={"at": NOON})
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert answers(votes) == ["a_better"]


def test_one_act_is_written_once(votes):
    vote = a_ballot(votes).cast(Answer.TIE, at=NOON)

    assert not votes.append(replace(vote, answer=Answer.BOTH_BAD))
    assert answers(votes) == ["tie"]


def test_voters_have_names_that_say_nothing():
    names = {new_voter_id() for _ in range(50)}

    assert len(names) == 50
    assert all(name.startswith("voter_") and len(name) == 26 for name in names)


@pytest.mark.parametrize("answer", [answer for answer in Answer if not answer.is_verdict])
def test_only_a_verdict_can_be_cast(votes, answer):
    with pytest.raises(ValueError, match="no verdict"):
        a_ballot(votes).cast(answer, at=NOON)
    assert len(votes) == 0


def test_a_reason_outside_the_set_and_an_endless_note_are_refused(votes):
    ballot = a_ballot(votes)

    with pytest.raises(ValueError, match="cheaper"):
        ballot.cast(Answer.TIE, reasons=["cheaper"], at=NOON)
    with pytest.raises(ValueError, match="10,001"):
        ballot.cast(Answer.TIE, note="x" * 10_001, at=NOON)
    assert len(votes) == 0
    assert ballot.is_hidden


@pytest.mark.parametrize("why_not", list(WhyNot))
def test_what_is_no_evidence_has_no_ballot(votes, why_not):
    with pytest.raises(ValueError, match=why_not.sentence):
        a_ballot(votes, replace(a_pair(), why_not=why_not))


def test_a_blind_ballot_needs_its_number_and_a_swapped_pair_must_be_blind(votes):
    with pytest.raises(ValueError, match="number"):
        a_ballot(votes, number=None)
    swapped = replace(a_pair(), kind=PairKind.SWAPPED, draw=7)
    with pytest.raises(ValueError, match="hidden"):
        a_ballot(votes, swapped, is_blind=False)
    assert len(votes) == 0


def test_a_clock_that_was_set_back_tells_no_seconds(votes):
    assert a_ballot(votes).cast(Answer.TIE, at=minutes(-1)).taken_s is None


# ---- blindness --------------------------------------------------------------------------------


def test_names_are_hidden_until_the_vote_is_on_disk(votes):
    ballot = a_ballot(votes)
    assert (ballot.is_hidden, ballot.is_blind) == (True, True)

    vote = ballot.cast(Answer.B_BETTER, at=NOON)

    assert (ballot.is_hidden, ballot.is_blind) == (False, False)
    assert (vote.is_hidden, vote.is_blind) == (True, True)


def test_without_blindness_the_sides_stand_in_order_and_the_vote_says_so(votes):
    ballot = a_ballot(votes, is_blind=False, number=None)

    vote = ballot.cast(Answer.A_BETTER, at=minutes(1))

    assert (ballot.run_a, ballot.run_b) == ("run_1_1_1", "run_1_2_1")
    assert (vote.is_hidden, vote.is_blind, vote.draw, vote.taken_s) == (False, False, None, 60.0)
    assert answers(votes) == ["revealed", "a_better"]


def test_no_vote_after_the_reveal_counts_as_blind(votes):
    ballot = a_ballot(votes)
    ballot.reveal(at=NOON)

    vote = ballot.cast(Answer.A_BETTER, at=NOON)

    assert (vote.is_hidden, vote.is_blind) == (False, False)
    assert answers(votes) == ["revealed", "a_better"]


def test_a_change_after_the_reveal_is_kept_and_not_blind(votes):
    ballot = a_ballot(votes)
    first = ballot.cast(Answer.A_BETTER, at=minutes(1))

    second = ballot.cast(Answer.B_BETTER, at=minutes(2))
    third = ballot.cast(Answer.A_BETTER, at=minutes(3))

    assert (second.replaces, third.replaces) == (first.act_id, second.act_id)
    assert [vote.is_blind for vote in (first, second, third)] == [True, False, False]
    assert [vote.taken_s for vote in (first, second, third)] == [60.0, None, None]
    assert len(votes) == 3


def test_new_words_for_the_same_verdict_leave_it_as_blind_as_it_was(votes):
    first = a_ballot(votes, number=3).cast(Answer.A_BETTER, at=minutes(1))
    # Seen again in the history, in the order of lanes: the winner may stand on the other side.
    again = a_ballot(votes, is_blind=False, number=None, at=minutes(5))
    same = Answer.A_BETTER if again.run_a == first.winner_run_id else Answer.B_BETTER

    second = again.cast(same, reasons=[Reason.TEXT], note="the sign", at=minutes(6))

    assert second == replace(
        first,
        act_id=second.act_id,
        replaces=first.act_id,
        reasons="text",
        note="the sign",
        at=minutes(6),
    )
    assert again.cast(same, reasons=[Reason.TEXT], note="the sign", at=minutes(7)) == second


def test_a_withdrawn_vote_given_again_is_not_blind(votes):
    ballot = a_ballot(votes)
    first = ballot.cast(Answer.TIE, at=NOON)
    taken_back = ballot.withdraw(at=NOON)

    again = a_ballot(votes, number=99).cast(Answer.TIE, at=NOON)

    assert (taken_back.replaces, taken_back.answer) == (first.act_id, "withdrawn")
    assert (again.is_hidden, again.is_blind, again.replaces) == (True, False, None)


def test_opening_a_pair_with_its_names_spoils_a_ballot_that_is_open_elsewhere(votes):
    here = a_ballot(votes)
    a_ballot(votes, is_blind=False, number=None)

    vote = here.cast(Answer.A_BETTER, at=NOON)

    assert (vote.is_hidden, vote.is_blind) == (True, False)


def test_one_name_told_with_another_pair_spoils_this_one(votes):
    runs = [a_run(lane=lane) for lane in (1, 2, 3)]
    pairs = {(p.run_1, p.run_2): p for p in comparison_pairs(runs)}
    a_ballot(votes, pairs["run_1_1_1", "run_1_2_1"]).cast(Answer.TIE, at=NOON)

    assert not a_ballot(votes, pairs["run_1_1_1", "run_1_3_1"]).is_blind
    assert a_ballot(votes, pairs["run_1_2_1", "run_1_3_1"]).is_blind is False


def test_another_repeat_is_still_blind(votes):
    first, second = comparison_pairs(a_comparison(repeats=2))
    a_ballot(votes, first).cast(Answer.TIE, at=NOON)

    assert a_ballot(votes, second).cast(Answer.TIE, at=NOON).is_blind


def test_what_one_voter_has_seen_leaves_another_blind(votes):
    a_ballot(votes, is_blind=False, number=None)

    assert a_ballot(votes, voter_id="voter_2").is_blind


def test_a_skipped_pair_can_be_judged_blind_later(votes):
    a_ballot(votes).skip(at=minutes(1))

    later = a_ballot(votes)
    vote = later.cast(Answer.TIE, at=minutes(2))

    assert vote.is_blind
    assert rows(votes)["taken_s"].tolist() == [60.0, 120.0]


def test_a_swapped_pair_stands_the_other_way_round_and_is_hidden_but_not_blind(votes):
    first = a_ballot(votes, number=7).cast(Answer.A_BETTER, at=NOON)
    swapped = replace(a_pair(), kind=PairKind.SWAPPED, draw=7)

    again = a_ballot(votes, swapped, number=1).cast(Answer.B_BETTER, at=NOON)

    assert (again.run_a, again.draw) == (({"run_1_1_1", "run_1_2_1"} - {first.run_a}).pop(), 7)
    assert again.winner_run_id == first.winner_run_id
    assert (again.is_hidden, again.is_blind, again.replaces) == (True, False, None)


def test_names_are_told_once_in_the_file(votes):
    assert a_ballot(votes).reveal(at=NOON) is not None
    ballot = a_ballot(votes)

    assert ballot.reveal(at=NOON) is None
    assert a_ballot(votes, is_blind=False, number=None).reveal(at=NOON) is None
    assert not ballot.is_hidden
    assert answers(votes) == ["revealed"]


def test_when_the_disk_refuses_the_names_stay_hidden(votes, monkeypatch):
    ballot = a_ballot(votes)

    def full(*_args, **_kwargs):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(os, "write", full)
        for act in (ballot.reveal, ballot.skip):
            with pytest.raises(StorageError):
                act(at=NOON)
        with pytest.raises(StorageError):
            ballot.cast(Answer.TIE, at=NOON)
        assert ballot.is_hidden

    assert ballot.cast(Answer.TIE, at=NOON).is_blind
    assert answers(votes) == ["tie"]


def test_there_must_be_a_vote_to_withdraw_and_none_to_skip(votes):
    ballot = a_ballot(votes)
    with pytest.raises(ValueError, match="no vote"):
        ballot.withdraw(at=NOON)

    ballot.cast(Answer.TIE, at=NOON)
    with pytest.raises(ValueError, match="already"):
        ballot.skip(at=NOON)


# ---- what stands ------------------------------------------------------------------------------


def test_one_verdict_stands_for_each_voter_and_pair(votes):
    one = a_ballot(votes, a_pair(1))
    one.cast(Answer.A_BETTER, at=NOON)
    one.cast(Answer.TIE, at=NOON)
    a_ballot(votes, a_pair(1), voter_id="voter_2").cast(Answer.BOTH_BAD, at=NOON)
    two = a_ballot(votes, a_pair(2))
    two.cast(Answer.TIE, at=NOON)
    two.withdraw(at=NOON)
    a_ballot(votes, a_pair(3)).skip(at=NOON)
    a_ballot(votes, a_pair(4)).reveal(at=NOON)
    a_ballot(votes, replace(a_pair(1), kind=PairKind.SWAPPED, draw=7)).cast(Answer.TIE, at=NOON)

    stands = current_votes(rows(votes))

    told = ["comparison_id", "voter_id", "pair_kind", "answer"]
    assert stands[told].to_numpy().tolist() == [
        ["cmp_1", VOTER, "models", "tie"],
        ["cmp_1", "voter_2", "models", "both_bad"],
        ["cmp_1", VOTER, "swapped", "tie"],
    ]
    assert one.standing == votes.get(stands["act_id"][0])
    assert two.standing is None
    assert list(stands) == list(column_info(Vote))


def test_revealing_and_skipping_later_do_not_touch_a_verdict(votes):
    vote = a_ballot(votes).cast(Answer.TIE, at=NOON)
    votes.append(replace(vote, act_id="act_later", answer=Answer.SKIPPED))

    assert current_votes(rows(votes))["act_id"].tolist() == [vote.act_id]


def test_a_missing_file_has_no_votes(tmp_path):
    assert len(current_votes(load_votes(tmp_path / "votes.csv"))) == 0


def test_a_word_of_a_newer_app_is_no_verdict(votes):
    vote = a_ballot(votes).cast(Answer.TIE, at=NOON)
    votes.append(replace(vote, act_id="act_later", answer="a_much_better"))

    assert current_votes(rows(votes))["act_id"].tolist() == [vote.act_id]
    assert a_ballot(votes).standing == vote


# ---- several programs and sudden ends ---------------------------------------------------------


def test_a_vote_of_another_program_is_seen_at_once(votes):
    elsewhere = VoteLog(votes.path)
    vote = a_ballot(elsewhere).cast(Answer.TIE, at=NOON)

    assert votes.votes_of("cmp_1") == (vote,)
    assert a_ballot(votes).standing == vote
    assert votes.revealed("cmp_1", VOTER) == {"run_1_1_1", "run_1_2_1"}


def test_a_file_put_in_place_of_the_other_is_read_anew(votes):
    a_ballot(votes).cast(Answer.TIE, at=NOON)
    assert len(votes.votes_of("cmp_1")) == 1
    other = VoteLog(votes.path.with_name("other.csv"))
    a_ballot(other, a_pair(2)).cast(Answer.TIE, at=NOON)

    other.path.replace(votes.path)

    assert votes.votes_of("cmp_1") == ()
    assert len(votes.votes_of("cmp_2")) == 1


VOTING = """
import itertools, os, sys
from playground.schema import Answer
from playground.judging.votes import VoteLog
from tests.judging_rig import NOON, a_ballot, a_pair
from dataclasses import replace

log = VoteLog(__import__("pathlib").Path(sys.argv[1]))
one = a_pair()
numbers = range(int(sys.argv[3])) if len(sys.argv) > 3 else itertools.count()
for number in numbers:
    pair = replace(one, comparison_id=f"cmp_{sys.argv[2]}_{number}")
    vote = a_ballot(log, pair).cast(Answer.A_BETTER, at=NOON, note="x" * 400)
    os.write(1, (vote.act_id + "\\n").encode())
"""


def voting(path: Path, name: str, *n_votes: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", VOTING, str(path), name, *n_votes],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
    )


@pytest.mark.slow
def test_no_vote_that_was_confirmed_is_lost_by_kill_9(votes):
    process = voting(votes.path, "killed")
    assert process.stdout
    confirmed = [line.strip() for line in itertools.islice(process.stdout, 60)]
    process.send_signal(signal.SIGKILL)
    confirmed += [line.strip() for line in process.stdout]
    process.stdout.close()
    process.wait(30)

    a_ballot(votes).cast(Answer.TIE, at=NOON)

    ids = rows(votes)["act_id"].tolist()
    assert len(ids) == len(set(ids))
    assert set(confirmed) <= set(ids)
    # The last may have been on disk before it could be confirmed.
    assert len(confirmed) + 1 <= len(ids) <= len(confirmed) + 2


@pytest.mark.slow
def test_several_programs_vote_into_one_file(votes):
    processes = [voting(votes.path, name, "25") for name in "abcd"]
    confirmed = []
    for process in processes:
        out, _ = process.communicate(timeout=60)
        assert process.returncode == 0
        confirmed += out.split()

    assert len(confirmed) == 100
    assert sorted(rows(votes)["act_id"]) == sorted(confirmed)
    assert all(len(votes.votes_of(f"cmp_{name}_{n}")) == 1 for name in "abcd" for n in range(25))


def test_a_torn_vote_costs_itself_only(votes):
    first = a_ballot(votes).cast(Answer.TIE, at=NOON)
    with votes.path.open("ab") as file:
        file.write(b'act_torn,cmp_1,,,voter,"models,')

    second = a_ballot(votes, a_pair(2)).cast(Answer.TIE, at=NOON)

    assert rows(votes)["act_id"].tolist() == [first.act_id, second.act_id]
    assert b"act_torn" in votes.path.with_name("votes.csv.torn").read_bytes()


def test_the_file_is_private(votes):
    assert votes.path.stat().st_mode & 0o777 == disk.FILE_MODE
