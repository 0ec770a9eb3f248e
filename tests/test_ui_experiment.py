"""The Experiment screen as values: forms, outlooks, who may see what, whose money it is; no widgets, no browser."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from playground.emulator.faults import Fault
from playground.errors import InvalidPlanError, InvalidRequestError
from playground.experiment.books import Look
from playground.experiment.grid import Filters, grid_of
from playground.experiment.progress import Standing
from playground.history.pages import History
from playground.judging.votes import load_votes
from playground.runner.desk import Desk
from playground.runner.views import Phase
from playground.schema import Origin
from playground.settings import Settings
from playground.ui.compare.flow import Flow
from playground.ui.experiment.easel import ExperimentEasel
from playground.ui.experiment.flow import ExperimentFlow, Labs
from playground.ui.experiment.form import (
    PlanForm,
    form_of,
    money_of,
    plan_from,
    untouched,
    usd_of,
    with_set_aside,
)
from playground.ui.experiment.grid import GridAsk, GridPage, ask_of, grid_html, page_of, tools_html
from playground.ui.experiment.outlook import Preview, outlook_html, start_words
from playground.ui.experiment.progress import Listed, list_html
from playground.ui.experiment.screen import pending_html, picked
from playground.ui.exports import Exports
from playground.ui.header import Header, OpenExperiment, header_html
from playground.ui.history.past import past_flow
from playground.ui.shelf import Shelf
from playground.ui.visits import Visit, Visits
from tests.experiment_rig import a_plan

HOSTILE = '<img src=x onerror="x()">'
PATIENCE_S = 30.0


@dataclass
class Rig:
    """The steps of the screen over a desk of its own."""

    desk: Desk
    flow: Flow
    labs: Labs
    steps: ExperimentFlow
    easel: ExperimentEasel

    def visit(self) -> Visit:
        return self.flow.visits.enter(None)

    def settle(self, experiment_id: str) -> None:
        """Waits until nothing more happens by itself."""
        self.desk.wait_for(self.labs.default.wait(experiment_id, every_s=0.02))

    def finished(self, visit: Visit, *prompts: str, **changes: Any) -> str:
        form = a_form("\n".join(prompts), **changes)
        outcome = self.steps.start(form, visit)
        assert outcome.experiment_id is not None, outcome
        self.settle(outcome.experiment_id)
        return outcome.experiment_id


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    folder = tmp_path_factory.mktemp("screen")
    desk = Desk(Settings(data_dir=folder, emulator_speed=100.0, day_cap_usd=None))
    desk.start()
    visits = Visits(forget_account=desk.close_account)
    thumbnails = folder / "thumbnails"
    flow = Flow(
        desk,
        visits=visits,
        shelf=Shelf(desk, upload_dir=folder / "uploads", thumbnails_dir=thumbnails / "references"),
        thumbnails_dir=thumbnails / "pictures",
    )
    labs = Labs(desk)
    steps = ExperimentFlow(flow, labs)
    easel = ExperimentEasel(
        steps,
        ballots=flow.ballots,
        archive=past_flow(flow, History(folder), thumbnails_dir=thumbnails).archive,
        exports=Exports(folder, folder=thumbnails / "exports"),
    )
    yield Rig(desk=desk, flow=flow, labs=labs, steps=steps, easel=easel)
    desk.close()


def a_form(prompts: str = "A fox", **changes: Any) -> PlanForm:
    return replace(form_of({**untouched(), "prompts": prompts}, []), **changes)


# ---- what the page sends ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "told",
    [
        None,
        [],
        "prompts",
        {"prompts": ["a"], "models": "all", "repeats": "3", "sets": {"a": 1}, "file": "x"},
        {"file": {"path": 1, "name": "x"}, "plan": {"path": "/etc/passwd"}, "repeats": True},
    ],
)
def test_whatever_a_page_sends_becomes_a_form_that_buys_nothing(told: object) -> None:
    form = form_of(told, told)

    assert form.is_empty
    assert (form.repeats, form.models, form.sets) == (0, (), ())


def test_an_untouched_form_asks_for_nothing_wrong(rig: Rig) -> None:
    plan = plan_from(a_form(), rig.flow.shelf, references_dir=rig.desk.settings.data_dir)

    assert plan.settings.models == ("flux-2-flex", "flux-2-pro")
    assert plan.n_pictures == 2


@pytest.mark.parametrize(
    ("told", "usd"), [("5", "5"), (" $0.50 ", "0.50"), ("0", "0"), ("12.345", "12.345")]
)
def test_an_amount_is_read_as_people_write_it(told: str, usd: str) -> None:
    assert usd_of(told) == Decimal(usd)


@pytest.mark.parametrize("told", ["five", "-1", "1,50", "NaN", "Infinity", "1 2"])
def test_what_is_no_amount_is_said_with_the_box_it_is_in(told: str) -> None:
    money = money_of(a_form(budget=told))

    assert money.budget_usd is None
    assert [problem.source for problem in money.problems] == ["budget"]


@pytest.mark.parametrize(
    ("lists", "line", "column"),
    [("weather", 1, 1), ("a = b\n  = c", 2, 3), ("a = b\n\na = c", 3, 1)],
)
def test_a_list_of_values_that_is_none_is_said_with_its_place(
    rig: Rig, lists: str, line: int, column: int
) -> None:
    with pytest.raises(InvalidPlanError) as caught:
        plan_from(a_form(lists=lists), rig.flow.shelf, references_dir=Path("none"))

    problem = caught.value.problems[0]
    assert (problem.source, problem.line, problem.column) == ("values", line, column)


def test_a_file_of_this_machine_that_was_not_uploaded_is_never_read(rig: Rig) -> None:
    for name in ("file", "plan"):
        form = form_of({**untouched(), name: {"path": "/etc/hostname", "name": "mine.txt"}}, [])
        preview = rig.steps.preview(form, rig.visit())

        assert preview.plan is None
        assert [problem.source for problem in preview.problems] == ["mine.txt"]


def test_references_are_known_only_by_what_the_server_gave_out(rig: Rig) -> None:
    form = form_of({**untouched(), "prompts": "x", "sets": [[{"token": "guessed"}]]}, [])

    with pytest.raises(InvalidRequestError, match="reference"):
        rig.steps.preview(form, rig.visit())


def test_a_set_put_aside_joins_the_others_and_an_empty_one_does_not() -> None:
    value = with_set_aside({**untouched(), "sets": [[{"token": "a"}]]}, [{"token": "b"}])

    assert value["sets"] == [[{"token": "a"}], [{"token": "b"}]]
    assert with_set_aside(value, [])["sets"] == value["sets"]
    assert len(form_of(value, [{"token": "c"}]).sets) == 3


# ---- what a plan comes to -----------------------------------------------------------------------


def test_a_plan_is_told_with_its_money_and_its_scenarios(rig: Rig) -> None:
    preview = rig.steps.preview(a_form("A fox\nAn owl"), rig.visit())
    html = outlook_html(preview)

    assert 'data-pictures="4"' in html
    assert "90 %" in html
    assert start_words(preview) == "Start · 4 pictures · emulated $0.19 at most"


def test_a_budget_limits_what_the_button_says(rig: Rig) -> None:
    preview = rig.steps.preview(a_form("A fox\nAn owl", budget="0.1"), rig.visit())

    assert preview.most_usd == Decimal("0.1")
    assert "The budget covers 1 of 2 comparisons." in outlook_html(preview)
    assert start_words(preview) == "Start · up to 2 of 4 pictures · emulated $0.10 at most"


def test_a_question_about_money_says_how_many_pictures_it_buys(rig: Rig) -> None:
    visit, form = rig.visit(), a_form("\n".join(f"Many {n}" for n in range(60)), budget="2")
    asked = rig.steps.start(form, visit)
    plan = a_plan(60)
    rig.steps.shelf.add(plan)
    rig.steps.shelf.state(plan.experiment_id).set(budget_usd=Decimal(2))
    begun = rig.steps.resume(plan.experiment_id, visit)

    assert asked.pending is not None
    assert "buys up to 42 of 120 pictures for emulated $2.00" in asked.pending.reason
    assert begun.pending is not None
    assert "up to 42 of 120 pictures" in begun.pending.reason


def test_without_a_price_nothing_can_start_until_one_is_given(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        rig.desk.playground.engine.accounts, "estimate", lambda request, account_id: None
    )
    unknown = rig.steps.preview(a_form(), rig.visit())
    given = rig.steps.preview(a_form(price="0.2"), rig.visit())

    assert not unknown.can_start
    assert start_words(unknown) == "Start · 2 pictures · price unknown"
    assert 'data-price="unknown"' in outlook_html(unknown)
    assert rig.steps.start(a_form(), rig.visit()).experiment_id is None
    assert given.can_start
    assert given.most_usd == Decimal("0.4")


def test_words_of_people_are_never_markup_in_a_plan(rig: Rig) -> None:
    wrong = rig.steps.preview(a_form("A {{" + HOSTILE + "}}"), rig.visit())

    assert HOSTILE not in outlook_html(wrong)
    assert "&lt;img" in outlook_html(wrong)


# ---- buying -------------------------------------------------------------------------------------


def test_a_cheap_plan_starts_at_once_and_may_spend_what_was_shown(rig: Rig) -> None:
    visit = rig.visit()
    experiment_id = rig.finished(visit, "A cheap plan")
    progress = rig.labs.default.progress(experiment_id)

    assert progress.standing is Standing.FINISHED
    assert progress.budget_usd == Decimal("0.095")


def test_a_dear_plan_is_asked_about_and_bought_as_it_was_shown(rig: Rig) -> None:
    visit = rig.visit()
    before = rig.steps.shelf.ids()
    asked = rig.steps.start(a_form("\n".join(f"Dear {n}" for n in range(12))), visit)

    assert asked.experiment_id is None
    assert asked.pending is not None
    assert "$1.00" in asked.pending.reason
    assert rig.steps.shelf.ids() == before

    begun = rig.steps.confirm(asked.pending, visit)
    again = rig.steps.confirm(asked.pending, visit)
    assert begun.experiment_id == again.experiment_id == asked.pending.plan.experiment_id
    rig.settle(begun.experiment_id or "")
    assert len(rig.steps.shelf.books(begun.experiment_id or "").rows()) == 24


def test_a_yes_to_nothing_buys_nothing(rig: Rig) -> None:
    assert rig.steps.confirm(None, rig.visit()).notice
    assert rig.steps.start(PlanForm(), rig.visit()).experiment_id is None


def test_buying_again_has_a_price_and_a_question(rig: Rig) -> None:
    visit = rig.visit()
    whole = rig.finished(visit, "Nothing is missing")

    assert rig.steps.retry(whole, visit).pending is None

    server = rig.desk.playground.emulator
    assert server is not None
    server.emulator.faults.replace([Fault.parse("task:fail,model=flux-2-pro")])
    experiment_id = rig.finished(visit, "One", "Two")
    server.emulator.faults.replace([])
    asked = rig.steps.retry(experiment_id, visit)

    assert asked.pending is not None
    assert asked.pending.quote.count == 2
    assert asked.pending.quote.usd == Decimal("0.05")
    assert len(rig.steps.shelf.books(experiment_id).rows()) == 4
    rig.steps.confirm(asked.pending, visit)
    rig.settle(experiment_id)
    assert rig.steps.again(experiment_id) == ()
    assert len(rig.steps.shelf.books(experiment_id).rows()) == 6


def test_what_was_only_planned_is_asked_about_before_it_begins(rig: Rig) -> None:
    visit, plan = rig.visit(), a_plan(2)
    rig.steps.shelf.add(plan)
    asked = rig.steps.resume(plan.experiment_id, visit)

    assert asked.pending is not None
    assert asked.pending.quote.usd == Decimal("0.19")
    assert rig.steps.shelf.state(plan.experiment_id).read().budget_usd is None
    rig.steps.confirm(asked.pending, visit)
    rig.settle(plan.experiment_id)
    assert rig.labs.default.progress(plan.experiment_id).budget_usd == Decimal("0.19")


def test_a_view_is_marked_anew_only_when_something_happened(rig: Rig) -> None:
    visit = rig.visit()
    experiment_id = rig.finished(visit, "Marked")
    before = rig.easel.mark(experiment_id, visit)

    assert rig.easel.mark(experiment_id, visit) == before
    rig.easel.view(experiment_id, visit, GridAsk(names=True))
    assert rig.easel.mark(experiment_id, visit) != before


def test_an_experiment_of_somebody_else_is_as_good_as_none(rig: Rig) -> None:
    visit, stranger = rig.visit(), rig.visit()
    stranger.owner_id = "somebody"
    experiment_id = rig.finished(visit, "Mine alone")

    assert not rig.steps.knows(experiment_id, stranger)
    assert rig.steps.listed(stranger) == ((), 0)
    for step in (rig.steps.pause, rig.steps.resume, rig.steps.stop, rig.steps.retry):
        with pytest.raises(InvalidRequestError):
            step(experiment_id, stranger)
    with pytest.raises(InvalidRequestError):
        rig.easel.view(experiment_id, stranger, GridAsk())
    with pytest.raises(InvalidRequestError):
        rig.easel.export(experiment_id, "zip", stranger)


def test_what_another_key_began_is_paid_by_nobody_else(rig: Rig) -> None:
    visit = rig.visit()
    experiment_id = rig.finished(visit, "Begun with another key")
    facts = {"origin": "live", "host": "elsewhere.example", "key": "another"}
    rig.steps.shelf.state(experiment_id).set(account=facts)

    for step in (rig.steps.resume, rig.steps.stop, rig.steps.retry):
        with pytest.raises(InvalidRequestError, match="another key"):
            step(experiment_id, visit)


@pytest.mark.parametrize("experiment_id", ["", "../runs.csv", "exp_0", "exp_" + "0" * 26, "\0"])
def test_an_id_that_is_none_is_told_and_touches_nothing(rig: Rig, experiment_id: str) -> None:
    assert not rig.steps.knows(experiment_id, rig.visit())
    with pytest.raises(InvalidRequestError):
        rig.steps.pause(experiment_id, rig.visit())


# ---- who may see what ---------------------------------------------------------------------------


def test_pictures_are_hidden_until_somebody_asks_and_that_is_written_down(rig: Rig) -> None:
    visit = rig.visit()
    experiment_id = rig.finished(visit, "First", "Second")
    hidden = rig.easel.view(experiment_id, visit, GridAsk())

    assert hidden.grid.n_hidden == 4
    assert "<img" not in grid_html(hidden.grid)
    assert hidden.subject.is_blind

    shown = rig.easel.view(experiment_id, visit, GridAsk(names=True))
    votes = load_votes(rig.desk.settings.data_dir / "votes.csv")
    told = votes[(votes["experiment_id"] == experiment_id) & (votes["answer"] == "revealed")]
    assert shown.grid.n_hidden == 0
    assert grid_html(shown.grid).count("<img") == 4
    assert len(told) == 2
    assert not shown.subject.is_blind
    assert rig.easel.view(experiment_id, visit, GridAsk()).grid.n_hidden == 0
    assert rig.easel.view(experiment_id, rig.visit(), GridAsk()).grid.n_hidden == 4


def test_only_pictures_that_are_seen_stand_on_the_stage(rig: Rig) -> None:
    visit = rig.visit()
    experiment_id = rig.finished(visit, "Two for the stage")
    ids = tuple(run.run_id for run in rig.steps.shelf.books(experiment_id).rows())

    assert rig.easel.view(experiment_id, visit, GridAsk(), ids).stage["pictures"] == []
    assert not rig.easel.view(experiment_id, visit, GridAsk(), ids).pair
    seen = rig.easel.view(experiment_id, visit, GridAsk(names=True), ids).stage
    assert len(seen["pictures"]) == 2


def test_two_pictures_on_the_stage_say_their_prompts_and_what_differs(rig: Rig) -> None:
    visit = rig.visit()
    prompts = ("A red barn", f"A mill {HOSTILE}")
    experiment_id = rig.finished(visit, *prompts, ratios=("1:1", "16:9"), models=("flux-2-pro",))
    of = {(run.prompt, run.size): run.run_id for run in rig.steps.shelf.books(experiment_id).rows()}

    def view(*places: tuple[str, str]) -> tuple[list[str], str]:
        chosen = tuple(of[place] for place in places)
        shown = rig.easel.view(experiment_id, visit, GridAsk(names=True), chosen)
        return [each["label"] for each in shown.stage["pictures"]], shown.pair

    labels, alike = view((prompts[0], "1:1"), (prompts[0], "16:9"))
    others, apart = view((prompts[0], "1:1"), (prompts[1], "1:1"))

    assert labels == ["FLUX.2 pro · prompt 1 · 1:1 · 1K", "FLUX.2 pro · prompt 1 · 16:9 · 1K"]
    assert alike.count("A red barn") == 1
    assert "The settings differ: 1:1 · 1K beside 16:9 · 1K." in alike
    assert "different prompts" not in alike
    assert others[1] == "FLUX.2 pro · prompt 2 · 1:1 · 1K"
    assert "two different prompts" in apart
    assert "A red barn" in apart
    assert "A mill" in apart
    assert HOSTILE not in apart
    assert "settings differ" not in apart


def test_stopping_for_good_is_asked_about_and_says_what_is_lost(rig: Rig) -> None:
    visit = rig.visit()
    form = a_form("\n".join(f"Half {n}" for n in range(3)), budget="0.1")
    experiment_id = rig.steps.start(form, visit).experiment_id
    assert experiment_id is not None
    rig.settle(experiment_id)
    asked = rig.steps.stop(experiment_id, visit).pending

    assert asked is not None
    assert asked.reason.endswith("not sent yet: 4 pictures.")
    assert "paid for is lost" in pending_html(asked)
    assert rig.labs.default.progress(experiment_id).standing is Standing.PAUSED
    rig.steps.confirm(asked, visit)
    rig.settle(experiment_id)
    assert rig.labs.default.progress(experiment_id).standing is Standing.STOPPED


def test_of_a_single_model_there_is_nothing_to_hide(rig: Rig) -> None:
    visit = rig.visit()
    experiment_id = rig.finished(visit, "Alone", models=("flux-2-pro",))
    view = rig.easel.view(experiment_id, visit, GridAsk())

    assert (view.grid.n_hidden, view.subject.n_unjudged) == (0, 0)
    assert len(view.grid.shown) == 1


def test_what_names_the_models_ends_judging_blind_and_the_plan_does_not(rig: Rig) -> None:
    visit = rig.visit()
    experiment_id = rig.finished(visit, "To be taken out")

    assert rig.easel.export(experiment_id, "plan", visit).path.suffix == ".json"
    assert rig.easel.view(experiment_id, visit, GridAsk()).subject.is_blind
    assert rig.easel.export(experiment_id, "sheet", visit).path.suffix == ".jpg"
    assert not rig.easel.view(experiment_id, visit, GridAsk()).subject.is_blind
    with pytest.raises(InvalidRequestError):
        rig.easel.export(experiment_id, "../runs.csv", visit)


# ---- the grid -----------------------------------------------------------------------------------


def _grid_page(n: int, ask: GridAsk, **changes: Any) -> GridPage:
    plan = a_plan(n, **changes)
    grid = grid_of(plan, Look(rows=(), open_runs=()), filters=ask.filters)
    lines, number, n_pages = page_of(grid, ask, plan.settings.repeats)
    return GridPage(
        plan=plan,
        grid=grid,
        ask=ask,
        lines=lines,
        page=number,
        n_pages=n_pages,
        n_hidden=0,
        shown=frozenset(),
        thumbnail=lambda file: None,
    )


def test_a_page_of_the_grid_holds_so_many_pictures_and_no_page_is_beyond_the_last() -> None:
    assert [len(_grid_page(60, GridAsk(page=n)).lines) for n in (1, 2, 3, 9)] == [24, 24, 12, 12]
    assert len(_grid_page(60, GridAsk(), repeats=4).lines) == 12
    assert "Page 3 of 3" in tools_html(_grid_page(60, GridAsk(page=99)))


def test_axes_swapped_show_prompts_across() -> None:
    html = grid_html(_grid_page(3, GridAsk(is_swapped=True)))

    assert html.count('<th scope="col">') == 3
    assert html.count('<th scope="row">') == 2


@pytest.mark.parametrize("told", [{}, {"page": "x"}, {"page": 3}, {"page": "9" * 9}, {"tag": "a"}])
def test_a_strange_wish_for_the_grid_changes_nothing(told: dict[str, object]) -> None:
    before = GridAsk(filters=Filters(failed=True), page=2)

    assert ask_of(told, before) == before


def test_a_filter_begins_at_the_first_page_and_keeps_what_was_shown() -> None:
    told = {"failed": True, "differs": False, "unjudged": False, "swapped": False, "tag": "x"}
    ask = ask_of(told, GridAsk(page=4, names=True))

    assert (ask.page, ask.names) == (1, True)
    assert ask.filters == Filters(failed=True, tag="x")


def test_the_stage_holds_the_last_two_that_were_pressed() -> None:
    assert picked(("a", "b"), "c") == ("b", "c")
    assert picked(("a", "b"), "a") == ("b",)


# ---- lists --------------------------------------------------------------------------------------


def test_an_experiment_that_cannot_be_read_is_told_beside_the_others() -> None:
    html = list_html([Listed(experiment_id="exp_1", problem=HOSTILE)], n_more=3)

    assert "&lt;img" in html
    assert "3 older" in html


def test_planned_runs_are_one_line_on_top_and_not_hundreds(rig: Rig) -> None:
    visit = rig.visit()
    account = rig.flow.wallet.account(visit)
    header = Header(
        account=account,
        money=rig.desk.money(Origin.EMULATED, visit.visit_id),
        open_views=(),
        is_own_key=False,
        experiments=(OpenExperiment(experiment_id="exp_1", name=HOSTILE, n_sent=4, n_unsent=996),),
    )
    html = header_html(header, now=datetime.now(UTC))

    assert 'data-count="1"' in html
    assert "4 sent, 996 planned" in html
    assert HOSTILE not in html


def test_open_runs_of_an_experiment_are_counted_and_never_listed_singly(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    visit = rig.visit()
    experiment_id = rig.finished(visit, "Counted", name="A name")
    rows = rig.steps.shelf.books(experiment_id).rows()
    done = [view for run in rows if (view := rig.desk.view(run.run_id)) is not None]
    opened = [replace(done[0], phase=Phase.WAITING), replace(done[1], phase=Phase.GENERATING)]
    monkeypatch.setattr(rig.desk, "open_views", lambda owner_id=None: tuple(opened))
    monkeypatch.setattr(rig.flow.easel, "experiment_name", rig.steps.name_of)

    html = rig.flow.easel.header(visit)

    assert "A name" in html
    assert "1 sent, 1 planned" in html
    assert done[0].comparison_id not in html


def test_a_preview_of_nothing_invites() -> None:
    assert 'data-state="empty"' in outlook_html(Preview())


def test_an_experiment_goes_on_where_it_was_when_the_program_starts_again(tmp_path: Path) -> None:
    plan = a_plan(4)

    def open_desk(speed: float) -> Desk:
        desk = Desk(Settings(data_dir=tmp_path, emulator_speed=speed, day_cap_usd=None))
        desk.start()
        return desk

    first = open_desk(1.0)
    lab = Labs(first).default
    lab.shelf.add(plan)
    lab.run(plan.experiment_id, in_flight=1)
    deadline = time.monotonic() + PATIENCE_S
    while not lab.progress(plan.experiment_id).counts.n_running and time.monotonic() < deadline:
        time.sleep(0.01)
    first.close()
    assert lab.progress(plan.experiment_id).counts.n_ended < 8

    second = open_desk(100.0)
    again = Labs(second).default
    progress = second.wait_for(again.wait(plan.experiment_id, every_s=0.02))
    second.close()

    assert progress.standing is Standing.FINISHED
    assert progress.counts.n_ended == 8
    assert sorted(run.run_id for run in again.shelf.books(plan.experiment_id).rows()) == sorted(
        plan.run_ids()
    )
