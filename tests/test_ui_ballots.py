"""Who may see what: hidden until judged or shown, in every tab and after every restart."""

import os
import time
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from playground.errors import StorageError
from playground.judging.votes import load_votes
from playground.schema import Answer, Reason
from playground.ui.voting.ballots import Ballots
from playground.ui.voting.neutral_copies import NeutralCopies
from tests.ballot_rig import a_finished, an_act, new_ballots, pictured, under_way, views_of
from tests.judging_rig import VOTER, a_ballot, a_comparison, a_picture, failed

OTHER_VOTER = "voter_of_somebody_else"


@pytest.fixture
def ballots(tmp_path: Path) -> Ballots:
    return new_ballots(tmp_path)


def answers(ballots: Ballots) -> list[str]:
    return load_votes(ballots.log.path)["answer"].tolist()


def sealed(ballots: Ballots, data_dir: Path, repeats: int = 1):
    views = a_finished(data_dir, repeats=repeats)
    ballots.seal(views[0].comparison_id)
    return views


def cast(ballots: Ballots, views, answer=Answer.A_BETTER, **words):
    sight = ballots.look(VOTER, views)
    act = an_act("cast", sight.showing.token, answer=answer, **words)
    return ballots.act_on(act, VOTER, views)


# ---- hidden -------------------------------------------------------------------------------------


def test_begun_blind_it_is_hidden_and_nothing_is_written(ballots, tmp_path):
    views = sealed(ballots, tmp_path)

    sight = ballots.look(VOTER, views)

    assert (sight.is_hidden, sight.is_final, sight.number, sight.count) == (True, True, 1, 1)
    assert sight.showing.ballot.is_blind
    assert set(sight.showing.run_ids) == {view.run_id for view in views}
    assert answers(ballots) == []


def test_while_a_picture_is_being_made_there_is_no_pair_and_no_copy(ballots, tmp_path):
    first, second = sealed(ballots, tmp_path)

    sight = ballots.look(VOTER, (first, under_way(second)))

    assert (sight.is_hidden, sight.is_final, sight.showing) == (True, False, None)
    assert not (tmp_path / "thumbnails" / "blind").exists()


def test_the_same_voter_sees_the_same_sides_each_time(ballots, tmp_path):
    views = sealed(ballots, tmp_path)

    sights = [ballots.look(VOTER, views).showing for _ in range(4)]

    assert len({showing.token for showing in sights}) == 1
    assert len({showing.copies for showing in sights}) == 1


def test_a_restart_keeps_it_hidden(ballots, tmp_path):
    views = sealed(ballots, tmp_path)
    before = ballots.look(VOTER, views).showing.token

    again = new_ballots(tmp_path)

    assert again.look(VOTER, views).is_hidden
    # The page that is still open shows other sides, so what it votes for is not taken.
    assert "not counted" in (
        again.act_on(an_act("cast", before, answer=Answer.A_BETTER), VOTER, views) or ""
    )
    assert answers(again) == []


def test_one_voters_verdict_tells_another_nothing(ballots, tmp_path):
    views = sealed(ballots, tmp_path)
    cast(ballots, views)

    assert not ballots.look(VOTER, views).is_hidden
    assert ballots.look(OTHER_VOTER, views).is_hidden
    assert ballots.is_hidden(OTHER_VOTER, views)


@pytest.mark.parametrize("name", ["../runs.csv", "", ".", "a/b", "cmp\0", "x" * 300])
def test_a_strange_name_is_never_a_sealed_comparison(ballots, name):
    ballots.seal("cmp_1")

    assert not ballots.is_sealed(name)


def test_that_it_was_begun_blind_is_written_down_or_refused(ballots, tmp_path):
    (tmp_path / "sealed").write_text("in the way")

    with pytest.raises(StorageError):
        ballots.seal("cmp_1")
    assert not ballots.is_sealed("cmp_1")


# ---- judged ---------------------------------------------------------------------------------------


def test_a_vote_is_on_disk_when_the_names_are_shown(ballots, tmp_path):
    views = sealed(ballots, tmp_path)

    told = cast(ballots, views, Answer.B_BETTER, reasons=(Reason.STYLE,), note="crisper")

    vote = load_votes(ballots.log.path).iloc[0]
    sight = ballots.look(VOTER, views)
    assert told is None
    assert (vote["answer"], vote["is_blind"], vote["is_hidden"]) == ("b_better", True, True)
    assert (vote["reasons"], vote["note"]) == ("style", "crisper")
    assert vote["winner_run_id"] == sight.showing.run_ids[1]
    assert not sight.is_hidden
    assert sight.is_drawn  # the pictures stay where they were


def test_a_full_disk_keeps_the_names_hidden(ballots, tmp_path, monkeypatch):
    views = sealed(ballots, tmp_path)
    ballots.look(VOTER, views)

    def refuse(*_: object) -> bool:
        raise StorageError("The disk is full. Free some space.")

    monkeypatch.setattr(ballots.log, "append", refuse)
    for act in ("cast", "show"):
        token = ballots.look(VOTER, views).showing.token
        with pytest.raises(StorageError, match="Free some space"):
            ballots.act_on(an_act(act, token, answer=Answer.TIE), VOTER, views)
    monkeypatch.undo()

    assert ballots.look(VOTER, views).is_hidden
    assert ballots.look(VOTER, views).showing.ballot.is_blind
    assert answers(ballots) == []


def test_a_key_pressed_twice_is_one_row(ballots, tmp_path):
    views = sealed(ballots, tmp_path)

    for _ in range(3):
        cast(ballots, views, Answer.TIE)

    assert answers(ballots) == ["tie"]


def test_change_and_withdraw_are_acts_of_their_own(ballots, tmp_path):
    views = sealed(ballots, tmp_path)
    cast(ballots, views, Answer.A_BETTER)

    cast(ballots, views, Answer.TIE)
    token = ballots.look(VOTER, views).showing.token
    for _ in range(2):
        ballots.act_on(an_act("withdraw", token), VOTER, views)

    votes = load_votes(ballots.log.path)
    assert votes["answer"].tolist() == ["a_better", "tie", "withdrawn"]
    assert votes["is_blind"].tolist() == [True, False, False]
    assert votes["replaces"].tolist()[1:] == votes["act_id"].tolist()[:2]
    assert not ballots.look(VOTER, views).is_hidden


def test_showing_the_names_is_written_down_and_a_vote_after_it_is_not_blind(ballots, tmp_path):
    views = sealed(ballots, tmp_path)

    ballots.act_on(an_act("show"), VOTER, views)
    assert not ballots.look(VOTER, views).is_hidden
    cast(ballots, views)

    votes = load_votes(ballots.log.path)
    assert votes["answer"].tolist() == ["revealed", "a_better"]
    assert votes["is_blind"].tolist()[1] is False


def test_names_can_be_shown_before_the_pictures_are_here(ballots, tmp_path):
    first, second = sealed(ballots, tmp_path)
    ballots.act_on(an_act("show"), VOTER, (under_way(first), under_way(second)))

    assert answers(ballots) == ["revealed"]
    assert not ballots.look(VOTER, (first, under_way(second))).is_hidden
    assert not ballots.look(VOTER, (first, second)).showing.ballot.is_blind


def test_what_is_judged_in_another_room_is_not_hidden_here(ballots, tmp_path):
    views = sealed(ballots, tmp_path)
    showing = ballots.look(VOTER, views).showing

    a_ballot(ballots.log, showing.pair, number=5).cast(Answer.TIE, at=ballots.now())

    sight = ballots.look(VOTER, views)
    assert not sight.is_hidden
    assert not sight.showing.ballot.is_hidden
    assert answers(ballots) == ["tie"]


def test_a_judged_pair_keeps_its_sides_in_other_rooms_and_after_a_restart(ballots, tmp_path):
    views = sealed(ballots, tmp_path)
    pair = ballots.look(VOTER, views).showing.pair
    seen = set()

    for number in range(8):  # both ways round are among them
        ballot = a_ballot(ballots.log, pair, number=number)
        ballot.cast(Answer.TIE if number % 2 else Answer.BOTH_BAD, at=ballots.now())
        again = new_ballots(tmp_path).look(VOTER, views)
        assert again.showing.run_ids == (ballot.run_a, ballot.run_b)
        assert not again.is_hidden
        seen.add(ballot.run_a)

    assert len(seen) == 2
    assert new_ballots(tmp_path).look(OTHER_VOTER, views).is_hidden


# ---- nothing to judge, and not blind --------------------------------------------------------------


def test_a_side_without_a_picture_ends_the_hiding_and_that_is_written_down(ballots, tmp_path):
    good, bad = a_comparison(1)
    views = views_of(tmp_path, *pictured(tmp_path, good, failed(bad)))
    ballots.seal(views[0].comparison_id)

    waiting = ballots.look(VOTER, (under_way(views[0]), views[1]))
    sights = [ballots.look(VOTER, views) for _ in range(2)]

    assert waiting.is_hidden  # the other side may still come
    for sight in sights:
        assert (sight.is_hidden, sight.showing, sight.count) == (False, None, 0)
    assert answers(ballots) == ["revealed"]


def test_a_picture_that_left_the_folder_cannot_be_judged(ballots, tmp_path):
    views = sealed(ballots, tmp_path)
    views[0].picture.unlink()

    sight = ballots.look(VOTER, views)

    assert (sight.is_hidden, sight.showing) == (False, None)


def test_a_broken_picture_stays_hidden_until_the_names_are_asked_for(ballots, tmp_path):
    views = sealed(ballots, tmp_path)
    views[0].picture.write_bytes(b"no picture")

    sight = ballots.look(VOTER, views)
    assert (sight.is_hidden, sight.showing) == (True, None)
    assert sight.problem
    ballots.act_on(an_act("show"), VOTER, views)

    assert not ballots.look(VOTER, views).is_hidden
    assert answers(ballots) == ["revealed"]


def test_with_names_from_the_beginning_that_is_written_down_once(ballots, tmp_path):
    views = a_finished(tmp_path)

    sights = [ballots.look(VOTER, views) for _ in range(3)]

    assert not any(sight.is_hidden or sight.is_drawn for sight in sights)
    assert sights[0].showing.run_ids == tuple(view.run_id for view in views)
    assert answers(ballots) == ["revealed"]
    cast(ballots, views)
    assert load_votes(ballots.log.path)["is_blind"].tolist() == [False, False]


def test_with_names_nothing_is_written_before_both_pictures_are_here(ballots, tmp_path):
    first, second = a_finished(tmp_path)

    sight = ballots.look(VOTER, (first, under_way(second)))

    assert (sight.is_hidden, sight.showing) == (False, None)
    assert answers(ballots) == []


# ---- repeats ---------------------------------------------------------------------------------------


def test_repeats_are_judged_pair_by_pair_and_each_keeps_its_secret(ballots, tmp_path):
    views = sealed(ballots, tmp_path, repeats=3)

    cast(ballots, views)
    first = ballots.look(VOTER, views)
    ballots.act_on(an_act("next"), VOTER, views)
    second = ballots.look(VOTER, views)

    assert (first.number, first.count, first.n_hidden, first.is_hidden) == (1, 3, 2, False)
    assert (second.number, second.n_hidden, second.is_hidden) == (2, 2, True)
    assert ballots.is_hidden(VOTER, views)
    assert second.showing.ballot.is_blind


def test_after_the_last_pair_all_pictures_can_be_laid_out(ballots, tmp_path):
    views = sealed(ballots, tmp_path, repeats=2)
    cast(ballots, views)
    assert not ballots.look(VOTER, views).has_overview  # the second one is hidden yet
    ballots.act_on(an_act("next"), VOTER, views)
    cast(ballots, views, Answer.B_BETTER)
    assert ballots.look(VOTER, views).has_overview

    ballots.act_on(an_act("all"), VOTER, views)

    sight = ballots.look(VOTER, views)
    assert not sight.is_drawn
    assert sight.showing.run_ids == (sight.showing.pair.run_1, sight.showing.pair.run_2)
    assert sight.showing.ballot.standing is not None
    assert answers(ballots) == ["a_better", "b_better"]


def test_going_past_the_ends_stays_where_it_is(ballots, tmp_path):
    views = sealed(ballots, tmp_path, repeats=2)

    for _ in range(3):
        ballots.act_on(an_act("previous"), VOTER, views)
    assert ballots.look(VOTER, views).number == 1
    for _ in range(3):
        ballots.act_on(an_act("next"), VOTER, views)
    assert ballots.look(VOTER, views).number == 2


def test_of_repeats_only_whole_pairs_are_judged(ballots, tmp_path):
    first_a, first_b, second_a, second_b = pictured(tmp_path, *a_comparison(1, repeats=2))
    views = views_of(tmp_path, first_a, failed(first_b), second_a, second_b)
    ballots.seal("cmp_1")

    sight = ballots.look(VOTER, views)
    assert (sight.count, sight.is_hidden) == (1, True)
    assert {sight.showing.pair.run_1, sight.showing.pair.run_2} == {
        second_a.run_id,
        second_b.run_id,
    }
    cast(ballots, views)

    assert answers(ballots) == ["a_better"]
    ballots.look(VOTER, views)
    # Only now the names of the pair that could not be judged are shown too.
    assert answers(ballots) == ["a_better", "revealed"]


# ---- copies ----------------------------------------------------------------------------------------


def test_copies_say_nothing_but_their_pixels(ballots, tmp_path):
    views = sealed(ballots, tmp_path)
    showing = ballots.look(VOTER, views).showing
    originals = {view.run_id: view.picture for view in views}

    for run_id, copy in zip(showing.run_ids, showing.copies, strict=True):
        ours, theirs = Image.open(copy), Image.open(originals[run_id])
        assert ours.format == "PNG"
        assert ours.info == {}
        assert ours.convert("RGB").tobytes() == theirs.convert("RGB").tobytes()
        assert originals[run_id].stem not in str(copy)
    first, second = showing.copies
    assert first.stat().st_mtime_ns == second.stat().st_mtime_ns
    assert len(first.stem) == len(second.stem) == 32


def test_copies_that_were_cleared_away_are_made_again(ballots, tmp_path):
    views = sealed(ballots, tmp_path)
    first = ballots.look(VOTER, views).showing.copies
    first[0].unlink()

    second = ballots.look(VOTER, views).showing.copies

    assert all(copy.is_file() for copy in second)
    assert second != first


def test_old_copies_are_removed_when_new_ones_are_made(tmp_path):
    picture = tmp_path / "a.png"
    picture.write_bytes(a_picture())
    copies = NeutralCopies(tmp_path / "blind", keep_s=60)
    (old,) = copies.make(picture)
    (young,) = copies.make(picture)
    os.utime(old, (time.time() - 61,) * 2)

    copies.make(picture)

    assert not old.exists()
    assert young.exists()


def test_a_jpeg_with_everything_in_it_becomes_bare_pixels(tmp_path):
    exif = Image.Exif()
    exif[0x010E] = "flux-2-pro"
    exif[0x0112] = 6  # lies on its side
    data = a_picture("JPEG", exif=exif, comment=b"made by flux-2-pro", quality=95)
    picture = tmp_path / "a.jpg"
    picture.write_bytes(data)

    (copy,) = NeutralCopies(tmp_path / "blind").make(picture)

    shown = Image.open(copy)
    upright = Image.open(BytesIO(data)).transpose(Image.Transpose.ROTATE_270)
    assert b"flux" not in copy.read_bytes()
    assert shown.tobytes() == upright.tobytes()


def test_a_run_bought_again_joins_what_is_known_already(ballots, tmp_path):
    good, bad = a_comparison(1)
    good, again = pictured(tmp_path, good, replace(bad, run_id="run_again", retry_of=bad.run_id))
    ballots.seal("cmp_1")
    ballots.look(VOTER, views_of(tmp_path, good, failed(bad)))

    sight = ballots.look(VOTER, views_of(tmp_path, good, again))

    assert not sight.is_hidden
    assert not sight.showing.ballot.is_blind
