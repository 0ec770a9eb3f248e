"""What the vote panel and the blind cards tell: nothing of either side before the vote, all of it after."""

import json
import re
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from playground.schema import Answer, Reason
from playground.ui.voting.ballots import ACTS, Ballots, Sight
from playground.ui.voting.blind import blind_card, blind_stage, is_switched, switched
from playground.ui.voting.votes import (
    act_of,
    no_vote,
    vote_of_comparison,
    vote_panel,
    vote_value,
)
from playground.ui.widgets import asset
from tests.ballot_rig import a_finished, an_act, new_ballots, pictured, under_way, views_of
from tests.judging_rig import NOON, VOTER, a_ballot, a_comparison, failed


@pytest.fixture
def ballots(tmp_path: Path) -> Ballots:
    return new_ballots(tmp_path)


def facts_of(views) -> list[str]:
    """Everything that would tell one side from the other."""
    words = []
    for view in views:
        run = view.run
        words += [view.run_id, view.task_id, view.request.model, view.picture.stem]
        words += [f"{run.total_s} s", f"${run.charged_usd}", run.sha256]
    return [*words, "FLUX.2 flex", "FLUX.2 pro", "flex", "pro"]


def a_blind_pair(ballots, tmp_path):
    dear = {"total_s": 12.25, "charged_usd": Decimal("0.0731")}
    cheap = {"total_s": 4.75, "charged_usd": Decimal("0.0249")}
    one, two = a_comparison(1)
    runs = pictured(tmp_path, replace(one, **dear), replace(two, **cheap))
    views = views_of(tmp_path, *runs)
    ballots.seal(views[0].comparison_id)
    return views, ballots.look(VOTER, views)


# ---- before the vote ------------------------------------------------------------------------------


def test_before_the_vote_nothing_of_either_side_leaves_the_server(ballots, tmp_path):
    views, sight = a_blind_pair(ballots, tmp_path)

    told = "".join(
        (
            json.dumps(vote_of_comparison(sight, views)),
            json.dumps(blind_stage(sight, views)),
            *(blind_card(place, views, sight) for place in (1, 2)),
        )
    )
    after = json.dumps(_judged(ballots, views))

    for word in facts_of(views):
        assert not re.search(rf"(?<![\w/]){re.escape(word)}(?!\w)", told), word
    # The same search finds them once they are shown.
    assert all(word in after for word in ("FLUX.2 flex", "$0.0731", "$0.0249", "12.2 s"))


def _judged(ballots, views):
    token = ballots.look(VOTER, views).showing.token
    ballots.act_on(an_act("cast", token, answer=Answer.A_BETTER), VOTER, views)
    return vote_of_comparison(ballots.look(VOTER, views), views)


@pytest.mark.parametrize("state", ["making", "detached", "ready", "stuck"])
def test_both_blind_cards_differ_in_nothing_but_the_letter_and_the_address(
    ballots, tmp_path, state
):
    views, sight = a_blind_pair(ballots, tmp_path)
    addresses = [copy.name for copy in sight.showing.copies]
    if state in ("making", "detached"):
        is_left = state == "detached"
        # One is already here, which must not show.
        views = (views[0], replace(under_way(views[1]), is_detached=is_left))
        sight = Sight(is_sealed=True, is_hidden=True)
    if state == "stuck":
        sight = Sight(is_sealed=True, is_hidden=True, is_final=True, problem="It is broken.")

    a, b = (blind_card(place, views, sight, now=NOON) for place in (1, 2))

    mirrored = b.replace(addresses[1], addresses[0])
    for ours, theirs in (("Picture B", "Picture A"), (">B<", ">A<"), ("side-2", "side-1")):
        mirrored = mirrored.replace(ours, theirs)
    mirrored = mirrored.replace("picture-b.png", "picture-a.png")
    assert mirrored == a
    assert ("pg-picture" in a) == (state == "ready")


def test_the_clock_of_both_starts_with_the_first(ballots, tmp_path):
    views, _ = a_blind_pair(ballots, tmp_path)
    late = replace(under_way(views[1]), started_at=NOON.replace(hour=13))
    hidden = Sight(is_sealed=True, is_hidden=True)

    a, b = (
        blind_card(place, (views[0], late), hidden, now=NOON.replace(hour=14)) for place in (1, 2)
    )

    clocks = [re.search(r'data-elapsed-s="([\d.]+)"', card).group(1) for card in (a, b)]
    assert len(set(clocks)) == 1


def test_the_state_says_whether_it_counts(ballots, tmp_path):
    views, sight = a_blind_pair(ballots, tmp_path)
    assert vote_of_comparison(sight, views)["told"] == "Counts as blind."

    known = a_finished(tmp_path, 2)
    ballots.look(VOTER, known)
    ballots.seal(known[0].comparison_id)  # as if it had come to be judged blind after all
    named = vote_of_comparison(ballots.look(VOTER, known), known)

    assert named["counts"] is False
    assert named["told"].startswith("Not blind")


# ---- after it -------------------------------------------------------------------------------------


def test_after_the_vote_the_sides_have_names_seconds_and_money_with_its_kind(ballots, tmp_path):
    views, sight = a_blind_pair(ballots, tmp_path)

    value = _judged(ballots, views)

    by_name = {"FLUX.2 flex": "$0.0731 charged", "FLUX.2 pro": "$0.0249 charged"}
    for mark, side in zip("AB", value["sides"], strict=True):
        facts = {term: f"{amount} {kind}".strip() for term, amount, kind in side["facts"]}
        assert side["mark"] == mark
        assert facts["Cost"] == by_name[side["name"]]
        assert facts["Size"] == "1820×1024"
    assert value["answer"] == "a_better"
    assert "withdraw" in value["acts"]
    assert value["told"] == "Counted as blind."
    first = views[0] if sight.showing.run_ids[0] == views[0].run_id else views[1]
    names = {"flux-2-flex": "FLUX.2 flex", "flux-2-pro": "FLUX.2 pro"}
    assert value["sides"][0]["name"] == names[first.request.model]


def test_what_is_not_known_is_a_dash_and_never_zero(ballots, tmp_path):
    views = a_finished(tmp_path, charged_usd=None, estimate_usd=None, total_s=None)

    value = vote_of_comparison(ballots.look(VOTER, views), views)

    facts = {term: (amount, kind) for term, amount, kind in value["sides"][0]["facts"]}
    assert facts["Cost"] == ("–", "cost unknown")
    assert facts["Time"] == ("–", "")


def test_unequal_sizes_are_said_after_the_vote_and_not_before(ballots, tmp_path):
    one, two = a_comparison(1)
    runs = pictured(tmp_path, one, replace(two, width_px=1808))
    views = views_of(tmp_path, *runs)
    ballots.seal("cmp_1")

    before = vote_of_comparison(ballots.look(VOTER, views), views)
    after = _judged(ballots, views)

    assert before["sizes"] == ""
    assert "1808×1024" in after["sizes"]
    assert "1820×1024" in after["sizes"]


def test_a_verdict_from_other_sides_reads_as_it_was_meant(ballots, tmp_path):
    views = a_finished(tmp_path)
    showing = ballots.look(VOTER, views).showing
    for number in range(40):  # until the sides are drawn the other way round
        ballot = a_ballot(ballots.log, showing.pair, number=number)
        if ballot.run_a != showing.run_ids[0]:
            break
    ballot.cast(Answer.A_BETTER, at=NOON)

    value = vote_value(showing, {view.run_id: view for view in views}, acts=())

    assert ballot.run_a == showing.run_ids[1]
    assert value["answer"] == "b_better"


def test_the_panel_is_there_only_when_it_has_something_to_say(ballots, tmp_path):
    good, bad = a_comparison(1)
    half = views_of(tmp_path, *pictured(tmp_path, good, failed(bad)))

    assert vote_of_comparison(Sight(), ()) == no_vote()
    running = (under_way(half[0]), half[1])
    assert vote_of_comparison(ballots.look(VOTER, running), running) == no_vote()
    told = vote_of_comparison(ballots.look(VOTER, half), half)
    assert (told["state"], told["acts"]) == ("told", [])
    assert "nothing to judge" in told["told"]


def test_what_differs_in_more_than_the_model_is_named(ballots, tmp_path):
    one, two = a_comparison(1)
    views = views_of(tmp_path, *pictured(tmp_path, one, replace(two, resolution="2K")))

    value = vote_of_comparison(ballots.look(VOTER, views), views)

    assert "different resolutions" in value["told"]


# ---- what the page sends --------------------------------------------------------------------------


def test_an_act_is_read_as_it_was_sent():
    act = act_of(
        {
            "act": "cast",
            "token": "t",
            "echo": 7,
            "answer": "tie",
            "reasons": ["style", "detail"],
            "note": " good ",
        }
    )

    assert (act.name, act.token, act.echo, act.answer) == ("cast", "t", 7, Answer.TIE)
    assert (act.reasons, act.note) == ((Reason.DETAIL, Reason.STYLE), "good")


@pytest.mark.parametrize(
    "told",
    [
        None,
        [],
        "cast",
        {"act": "rm -rf"},
        {"act": ["cast"]},
        {"act": {"cast": 1}},
        {"act": None, "token": {"a": 1}, "reasons": "style", "note": 3, "echo": "x"},
        {"reasons": [["style"], 3, None]},
    ],
)
def test_whatever_a_page_sends_is_an_act_or_none(told):
    act = act_of(told)

    assert (act.name, act.answer, act.reasons, act.note, act.echo) == ("", None, (), None, 0)


@pytest.mark.parametrize("answer", ["withdrawn", "revealed", "skipped", "", None, 4])
def test_only_a_verdict_can_be_cast(answer):
    assert act_of({"act": "cast", "answer": answer}).answer is None


def test_a_note_is_cut_and_an_empty_one_is_none():
    assert len(act_of({"act": "cast", "note": "x" * 5_000}).note or "") == 1_000
    assert act_of({"act": "cast", "note": "  "}).note is None


@pytest.mark.parametrize("value", [None, True, {}, {"isBlind": "yes"}, {"isBlind": 1}, []])
def test_only_a_switch_that_is_on_is_on(value):
    assert not is_switched(value)
    assert is_switched(switched(True))
    assert not is_switched(switched(False))


# ---- the files ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["vote.html", "vote.js", "vote.css", "judge.js", "judge.css"])
def test_nothing_comes_from_elsewhere_and_no_text_becomes_markup(name):
    words = asset(name)

    assert "http" not in words
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", words)


def test_the_template_is_no_template():
    # The framework runs `${…}` and fills `{{…}}` in it: what is data must never pass through it.
    assert not re.search(r"\$\{|\{\{|`|\\", asset("vote.html"))


def test_every_act_of_the_panel_has_a_button_and_every_reason_a_word():
    page = asset("vote.html")
    panel = vote_panel(stage_id="stage", elem_id="vote")

    assert set(re.findall(r'data-act="(\w+)"', page)) == set(ACTS)
    assert {str(a) for a in Answer if a.is_verdict} == set(re.findall(r'data-answer="(\w+)"', page))
    assert {f"reason_{reason}" for reason in Reason} <= set(panel.props["texts"])
