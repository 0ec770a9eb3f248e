"""Experiments, plan files and references among strangers: an id or a hash out of a file opens nothing."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from playground.errors import InvalidRequestError
from playground.experiment.plan import Plan
from playground.experiment.plan_file import plan_bytes
from playground.experiment.state import Pause
from playground.provenance.records import exported
from playground.runner.desk import Desk
from playground.schema import Reference, RunStatus
from playground.settings import Settings
from playground.ui.compare.flow import Flow
from playground.ui.experiment.flow import (
    AT_ONCE_IN_PUBLIC,
    MAX_PICTURES_IN_PUBLIC,
    ExperimentFlow,
    Labs,
    Pending,
)
from playground.ui.experiment.form import PlanForm, Upload, form_of, untouched
from playground.ui.money import Quote
from playground.ui.shelf import Shelf
from playground.ui.visits import Visit, Visits
from tests.judging_rig import a_run
from tests.photos import PHOTOS


@dataclass
class Rig:
    """The steps of both screens on a public desk, and the folder where uploads arrive."""

    flow: Flow
    labs: Labs
    steps: ExperimentFlow
    uploads: Path

    def visit(self) -> Visit:
        return self.flow.visits.enter(None)

    def upload(self, name: str, data: bytes) -> str:
        self.uploads.mkdir(exist_ok=True)
        (self.uploads / name).write_bytes(data)
        return str(self.uploads / name)

    def reference(self, visit: Visit) -> Reference:
        """A picture that this visitor has uploaded."""
        path = self.upload("mine.jpg", PHOTOS[0].read_bytes())
        item = self.flow.shelf.add_file(path, name="mine", shrink=False, owner_id=visit.owner_id)
        return self.flow.shelf.take([item], visit.owner_id)[0]

    def planned(self, form: PlanForm, visit: Visit) -> Plan | None:
        return self.steps.preview(form, visit).plan


def until(claim: Callable[[], bool]) -> None:
    give_up_at = time.monotonic() + 30
    while not claim():
        assert time.monotonic() < give_up_at
        time.sleep(0.02)


@pytest.fixture(autouse=True)
def nothing_left(rig: Rig) -> Iterator[None]:
    """What a test began must not take the turns of the next one."""
    yield
    for experiment_id in rig.steps.shelf.ids():
        rig.labs.default.stop(experiment_id)
    until(lambda: not any(map(rig.labs.default.is_run_here, rig.steps.shelf.ids())))


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    folder = tmp_path_factory.mktemp("public")
    # So slow that what is begun is still running when the test looks.
    desk = Desk(Settings(data_dir=folder, emulator_speed=0.01, is_public=True))
    desk.start()
    flow = Flow(
        desk,
        visits=Visits(forget_account=desk.close_account, is_public=True),
        shelf=Shelf(desk, upload_dir=folder / "uploads", thumbnails_dir=folder / "thumbnails"),
        thumbnails_dir=folder / "thumbnails" / "pictures",
    )
    labs = Labs(desk)
    steps = ExperimentFlow(flow, labs)
    yield Rig(flow=flow, labs=labs, steps=steps, uploads=folder / "uploads")
    desk.close()


def a_form(prompts: str = "A fox", **changes: object) -> PlanForm:
    return replace(form_of({**untouched(), "prompts": prompts}, []), **changes)


def plan_upload(rig: Rig, plan: Plan) -> PlanForm:
    path = rig.upload("plan.json", plan_bytes(plan))
    return a_form("", plan=Upload(path=path, name="plan.json"))


def started(rig: Rig, visit: Visit, prompts: str = "A fox") -> str:
    outcome = rig.steps.start(a_form(prompts), visit)
    assert outcome.experiment_id is not None, outcome
    return outcome.experiment_id


def ids(plan: Plan) -> set[str]:
    return {
        plan.experiment_id,
        *plan.run_ids(),
        *(each.comparison_id for each in plan.comparisons),
    }


def test_somebody_else_s_plan_file_is_another_experiment(rig: Rig) -> None:
    mine, thief = rig.visit(), rig.visit()
    experiment_id = started(rig, mine)
    plan = rig.steps.shelf.plan(experiment_id)

    theirs = rig.planned(plan_upload(rig, plan), thief)
    again = rig.planned(plan_upload(rig, plan), mine)

    assert theirs is not None
    assert not ids(theirs) & ids(plan)
    assert [each.text for each in theirs.prompts] == ["A fox"]
    assert again == plan


def test_a_plan_file_opens_no_picture_by_its_hash(rig: Rig) -> None:
    mine, thief = rig.visit(), rig.visit()
    reference = rig.reference(mine)
    plan = rig.planned(a_form(), thief)
    assert plan is not None
    document = json.loads(plan_bytes(plan))
    document["reference_sets"] = [
        {"name": "stolen", "references": [{"name": "it", "sha256": reference.sha256}]}
    ]
    path = rig.upload("stolen.json", json.dumps(document).encode())
    form = a_form("", plan=Upload(path=path, name="stolen.json"))

    assert rig.planned(form, thief) is None
    told = {str(each) for each in rig.steps.preview(form, thief).problems}
    assert "is not here" in " ".join(told)
    assert rig.planned(form, mine) is not None


def test_a_picture_s_record_opens_no_reference_by_its_hash(rig: Rig) -> None:
    mine, thief = rig.visit(), rig.visit()
    reference = rig.reference(mine)
    run = replace(
        a_run(1, lane=1, prompt="A crafted record", reference_count=1),
        reference_sha256=reference.sha256,
        reference_urls="-",
    )
    path = rig.upload("crafted.jpg", exported(PHOTOS[1].read_bytes(), run))

    for visit, n_references in ((thief, 0), (mine, 1)):
        told = rig.flow.recalls.look_up(path, visit)
        assert told is not None
        recalled = rig.flow.recalls.get(told["token"], visit)
        assert recalled is not None
        assert recalled.form is not None
        assert len(recalled.form.references) == n_references
        assert rig.flow.recalls.get(told["token"], rig.visit()) is None


def test_the_name_of_a_small_copy_does_not_follow_from_the_hash(rig: Rig) -> None:
    reference = rig.reference(rig.visit())
    names = {path.name for path in (rig.uploads.parent / "thumbnails").rglob("*.jpg")}

    assert names
    assert not any(str(reference.sha256)[:16] in name for name in names)


def test_one_visitor_s_references_push_out_nobody_else_s(rig: Rig) -> None:
    mine, other = rig.visit(), rig.visit()
    kept = rig.flow.shelf.add_url("https://example.org/mine.png", mine.owner_id)
    for number in range(600):
        last = rig.flow.shelf.add_url(f"https://example.org/{number}.png", other.owner_id)

    assert rig.flow.shelf.take([kept], mine.owner_id)
    assert rig.flow.shelf.take([last], other.owner_id)


def test_an_experiment_of_a_stranger_is_not_too_large(rig: Rig) -> None:
    prompts = "\n".join(f"A fox, number {n}" for n in range(MAX_PICTURES_IN_PUBLIC // 2 + 1))
    visit = rig.visit()
    pending = rig.steps.start(a_form(prompts), visit).pending

    with pytest.raises(InvalidRequestError, match=f"at most {MAX_PICTURES_IN_PUBLIC} pictures"):
        rig.steps.confirm(pending, visit)


def test_a_stranger_has_one_experiment_running_and_others_have_theirs(rig: Rig) -> None:
    visit = rig.visit()
    first = started(rig, visit)
    with pytest.raises(InvalidRequestError, match="One of your experiments is running"):
        rig.steps.start(a_form("Another fox"), visit)
    started(rig, rig.visit(), "A third one")

    rig.steps.pause(first, visit)
    second = started(rig, visit, "Another fox")
    quote = Quote(count=1, usd=None, price="", basis="")
    again = Pending(reason="", quote=quote, retry_of=first, statuses=(RunStatus.CANCELLED,))
    rig.steps.shelf.state(first).set(why=Pause.BUDGET)
    for step in (
        lambda: rig.steps.resume(first, visit),
        lambda: rig.steps.set_budget(first, "5", visit),
        lambda: rig.steps.confirm(again, visit),
    ):
        with pytest.raises(InvalidRequestError, match="One of your experiments is running"):
            step()
    assert second != first


def test_one_stranger_s_experiment_does_not_hold_up_the_next(rig: Rig) -> None:
    begun = [started(rig, rig.visit(), f"A fox of visitor {n}") for n in range(AT_ONCE_IN_PUBLIC)]

    def are_sent() -> bool:
        looks = (rig.steps.shelf.books(each).look() for each in begun)
        return all(any(run.is_sent for run in look.open_runs) for look in looks)

    until(are_sent)


@pytest.mark.parametrize("step", ["pause", "stop", "resume", "retry"])
def test_nobody_steers_what_is_another_s(rig: Rig, step: str) -> None:
    experiment_id = started(rig, rig.visit())

    with pytest.raises(InvalidRequestError, match="no such experiment here"):
        getattr(rig.steps, step)(experiment_id, rig.visit())
