"""A sitting at the Judge tab: pair after pair, blind, and never a vote that was not meant."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from playground.history.pages import History
from playground.judging.votes import load_votes
from playground.runner.views import RunView
from playground.schema import Answer
from playground.ui.judge.sitting import Bench, Scope, Sittings, scope_of
from playground.ui.visits import Visit
from playground.ui.voting.ballots import Ballots
from tests.ballot_rig import a_finished, an_act, new_ballots
from tests.judging_rig import VOTER, a_ballot

PAGE = "page"


@dataclass
class Shelf:
    """What the tab needs of a desk: where the pictures are."""

    views: dict[str, RunView] = field(default_factory=dict)

    def view(self, run_id: str) -> RunView | None:
        return self.views.get(run_id)


class Rig:
    """A folder of comparisons and a voter at the tab."""

    def __init__(self, data_dir: Path, shelf: Shelf | None = None) -> None:
        self.data_dir = data_dir
        self.desk = shelf or Shelf()
        self.ballots: Ballots = new_ballots(data_dir)
        self.visit = Visit(visit_id="v", voter_id=VOTER)
        desk: Any = self.desk
        self.sittings = Sittings(desk, self.ballots, History(data_dir))

    def make(self, *numbers: int, **changes: Any) -> None:
        for number in numbers:
            for view in a_finished(self.data_dir, number, **changes):
                self.desk.views[view.run_id] = view

    def enter(self) -> Bench:
        return self.sittings.enter(self.visit, PAGE)

    def choose(self, what: str = "all", *, has_checks: bool = False) -> Bench:
        return self.sittings.choose(Scope(what, has_checks), self.visit, PAGE)

    def do(self, bench: Bench, name: str, answer: Answer | None = None) -> Bench:
        act = an_act(name, bench.vote["token"], answer=answer)
        return self.sittings.act(act, self.visit, PAGE)

    def judge(self, bench: Bench, answer: Answer = Answer.A_BETTER) -> Bench:
        """Casts, and goes on to the next pair."""
        return self.do(self.do(bench, "cast", answer), "next")

    def votes(self) -> list[str]:
        return load_votes(self.ballots.log.path)["answer"].tolist()


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path)


def test_without_a_pair_it_says_what_to_do(rig: Rig) -> None:
    bench = rig.enter()

    assert (bench.state, bench.n_left) == ("empty", 0)
    assert "Nothing to judge yet" in bench.message
    assert 'data-tab="compare"' in bench.message
    assert bench.vote == {"state": "none"}
    assert bench.stage["pictures"] == []


def test_every_pair_comes_once_and_then_it_is_done(rig: Rig) -> None:
    rig.make(1, 2, 3)
    bench = rig.enter()
    left = []

    for answer in (Answer.A_BETTER, Answer.TIE, Answer.BOTH_BAD):
        left.append((bench.n_judged, bench.n_left, bench.vote["isHidden"], bench.vote["counts"]))
        bench = rig.judge(bench, answer)

    assert left == [(0, 3, True, True), (1, 2, True, True), (2, 1, True, True)]
    assert rig.votes() == ["a_better", "tie", "both_bad"]
    assert (bench.state, bench.n_judged, bench.n_left) == ("done", 3, 0)
    words = re.sub(r"<[^>]+>", " ", bench.message)
    assert re.search(r"judged in this sitting\s+3\s", words)
    assert re.search(r"Ties\s+1\s", words)


def test_nothing_of_either_side_is_told_before_the_vote(rig: Rig) -> None:
    rig.make(1)

    bench = rig.enter()
    told = f"{bench.stage} {bench.vote} {bench.subject} {bench.message}"
    after = rig.do(bench, "cast", Answer.TIE)

    told = re.sub(r"'box': \[[^]]*\]", "", told)  # of both together
    for word in (r"flex\b", r"pro\b", "run_1_", "task_", "1820"):
        assert not re.search(rf"(?<![\w/]){word}", told), word
    assert "FLUX.2 pro" in str(after.vote)
    assert "FLUX.2 pro" in str(after.stage)
    # The same files under names: nothing blinks when they are told.
    assert [each["url"] for each in after.stage["pictures"]] == [
        each["url"] for each in bench.stage["pictures"]
    ]
    assert after.stage["pair"] == bench.stage["pair"]


def test_a_reload_finds_the_pair_on_the_same_sides(rig: Rig) -> None:
    rig.make(1, 2)
    bench = rig.enter()

    again = rig.enter()

    assert again.stage == bench.stage
    assert again.vote["token"] == bench.vote["token"]
    assert again.n_left == 2


def test_a_skipped_pair_stays_away_until_it_is_asked_for(rig: Rig) -> None:
    rig.make(1, 2)
    bench = rig.do(rig.enter(), "skip")
    assert (bench.n_skipped, bench.n_left) == (1, 1)
    bench = rig.judge(bench)
    assert bench.state == "done"
    assert rig.enter().state == "done"

    bench = rig.sittings.again(rig.visit, PAGE)

    assert (bench.state, bench.n_left, bench.vote["counts"]) == ("pair", 1, True)
    assert rig.votes() == ["skipped", "a_better"]


def test_going_back_changes_and_withdraws_what_was_said(rig: Rig) -> None:
    rig.make(1, 2)
    second = rig.judge(rig.enter(), Answer.A_BETTER)

    first = rig.do(second, "back")
    assert first.vote["answer"] == "a_better"
    changed = rig.do(first, "cast", Answer.TIE)
    withdrawn = rig.do(changed, "withdraw")
    onward = rig.do(withdrawn, "next")

    assert rig.votes() == ["a_better", "tie", "withdrawn"]
    assert onward.vote["token"] == second.vote["token"]
    assert (onward.n_judged, onward.n_left) == (0, 1)


def test_a_click_meant_for_other_pictures_is_not_counted(rig: Rig) -> None:
    rig.make(1, 2)
    first = rig.enter()
    second = rig.judge(first)

    late = rig.sittings.act(
        an_act("cast", first.vote["token"], answer=Answer.B_BETTER), rig.visit, PAGE
    )

    assert "not counted" in late.vote["problem"]
    assert late.vote["token"] == second.vote["token"]
    assert rig.votes() == ["a_better"]


def test_there_is_no_way_past_a_pair_but_a_verdict_or_a_skip(rig: Rig) -> None:
    rig.make(1, 2)
    bench = rig.enter()

    for name in ("next", "back", "show", "withdraw"):
        assert rig.do(bench, name).vote["token"] == bench.vote["token"]
    assert rig.votes() == []
    assert rig.enter().vote["isHidden"]


def test_a_vote_given_on_another_page_is_not_asked_for_again(rig: Rig) -> None:
    rig.make(1, 2)
    bench = rig.choose()
    waiting = rig.sittings.of(rig.visit).queue[0]
    a_ballot(rig.ballots.log, waiting).cast(Answer.TIE, at=rig.ballots.now())

    assert rig.judge(bench).state == "done"


def test_a_picture_that_is_gone_is_left_out_and_said(rig: Rig) -> None:
    rig.make(1, 2, 3)
    gone = rig.desk.views["run_2_1_1"].picture
    assert gone is not None
    gone.unlink()

    bench = rig.enter()
    while bench.state == "pair":
        bench = rig.judge(bench)

    assert bench.n_judged == 2
    assert "gone or damaged: 1" in bench.message


def test_the_newest_and_an_experiment_can_be_chosen(rig: Rig) -> None:
    rig.make(*range(1, 24))
    rig.make(24, 25, experiment_id="exp_x")

    assert rig.choose().n_left == 25
    assert rig.choose("newest:20").n_left == 20
    bench = rig.choose("experiment:exp_x")
    assert bench.n_left == 2
    assert bench.scopes["experiment:exp_x"] == "Experiment exp_x"
    assert "number 24" in bench.subject or "number 25" in bench.subject
    nothing = rig.choose("experiment:none")
    assert (nothing.state, "Nothing left" in nothing.message) == ("empty", True)
    assert 'data-action="everything"' in nothing.message


def test_experiments_have_the_names_their_makers_gave_them(rig: Rig) -> None:
    rig.make(1, experiment_id="exp_named")
    rig.make(2, experiment_id="exp_26112912_0123456789abcdef")
    names = {"exp_named": "Twelve lighthouses"}
    rig.sittings._experiment_name = lambda each: names.get(each, each)

    scopes = rig.choose().scopes

    assert scopes["experiment:exp_named"] == "Experiment Twelve lighthouses"
    assert scopes["experiment:exp_26112912_0123456789abcdef"] == "Experiment exp_…abcdef"


@pytest.mark.parametrize("what", ["newest:0", "newest:-3", "newest:x", "newest:99999999", "?"])
def test_a_strange_choice_breaks_nothing(rig: Rig, what: str) -> None:
    rig.make(1)

    assert rig.choose(what).state in ("pair", "empty")


def test_a_restart_under_an_open_page_fills_the_queue_and_counts_no_old_click(rig: Rig) -> None:
    rig.make(1, 2)
    before = rig.enter()

    restarted = Rig(rig.data_dir, rig.desk)
    after = restarted.do(before, "cast", Answer.A_BETTER)

    assert "not counted" in after.vote["problem"]
    assert (after.state, after.n_left, restarted.votes()) == ("pair", 2, [])


def test_checks_of_the_voter_are_mixed_in_only_when_wanted(rig: Rig) -> None:
    rig.make(*range(1, 11), repeats=2)
    models_only = rig.choose(has_checks=False).n_left

    with_checks = rig.choose(has_checks=True).n_left

    assert models_only == 20
    assert with_checks == 22


def test_a_check_is_told_after_it(rig: Rig) -> None:
    rig.make(1, model="flux-2-pro")
    rig.make(*range(2, 14))
    bench, checks = rig.choose(has_checks=True), []
    while bench.state == "pair":
        told = rig.do(bench, "cast", Answer.TIE)
        assert bench.vote["check"] == ""
        checks.append(told.vote["check"])
        bench = rig.do(told, "next")

    assert any("one model" in check for check in checks)


def test_copies_are_made_ahead_and_are_those_of_the_next_pair(rig: Rig) -> None:
    rig.make(1, 2)
    bench = rig.enter()
    ahead = rig.sittings.of(rig.visit).ahead
    assert ahead is not None
    made = {path.name for path in ahead[1].result()}

    bench = rig.judge(bench)

    assert {each["url"].rsplit("/", 1)[1] for each in bench.stage["pictures"]} == made


@pytest.mark.parametrize(
    ("told", "scope"),
    [
        ({"what": "newest:20", "checks": False}, Scope("newest:20", False)),
        (None, Scope("all", True)),
        ({"what": 7, "checks": "no"}, Scope("all", True)),
    ],
)
def test_whatever_the_page_chooses_is_a_choice(told: object, scope: Scope) -> None:
    assert scope_of(told) == scope
