"""The Experiment screen: planned with problems told in place, bought within a budget, watched, and looked at."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from zipfile import ZipFile

import pytest

from playground.judging.votes import load_votes
from playground.schema import RunStatus
from tests.browser.axe import findings, needs_axe
from tests.browser.conftest import SPEED, App, Screen, start_app
from tests.browser.test_looks import PHONE
from tests.photos import PHOTOS

pytestmark = pytest.mark.browser

HOSTILE = '<img src=x onerror="window.pwned=1"><script>window.pwned=1</script> ${window.pwned=1}'
FORM, OUTLOOK, START = "#experiment-form", "#experiment-outlook", "#experiment-start"
HEAD, PROGRESS, GRID = "#experiment-head", "#experiment-progress", "#experiment-grid"
LONG_MS = 60_000


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """A page of its own: what runs here must not wait for other tests."""
    desk, url, demo = start_app(tmp_path_factory.mktemp("experiments"), emulator_speed=SPEED)
    emulator = desk.playground.emulator
    assert emulator is not None
    yield App(url=url, desk=desk, emulator=emulator.emulator)
    demo.close()  # type: ignore[attr-defined]
    desk.close()


@pytest.fixture
def trial(new_screen: Callable[[], Screen]) -> Iterator[Screen]:
    """A page opened on the Experiment tab."""
    screen = new_screen()
    open_tab(screen)
    yield screen
    assert screen.outside == []
    assert screen.problems == []


def open_tab(screen: Screen, query: str = "?tab=experiment") -> None:
    screen.page.goto(screen.app.url + query)
    screen.page.wait_for_function("document.querySelector('#run')?.textContent.includes('$')")
    screen.page.wait_for_selector("#experiment[data-shown]")


def plan(screen: Screen, *prompts: str, pictures: int) -> None:
    """Writes prompts and waits until they are counted."""
    screen.page.fill(f"{FORM} [name=prompts]", "\n".join(prompts))
    counted(screen, pictures)


def counted(screen: Screen, pictures: int) -> None:
    screen.page.wait_for_selector(f"{OUTLOOK} [data-state=ready][data-pictures='{pictures}']")
    screen.page.wait_for_selector(f"{START}:enabled:has-text('{pictures} pictures')")


def start(screen: Screen, *prompts: str, pictures: int) -> str:
    """Starts it, saying yes if it is asked for; returns the experiment's id."""
    plan(screen, *prompts, pictures=pictures)
    screen.page.click(START)
    screen.page.wait_for_selector(f"{HEAD} [data-experiment], #experiment .pg-confirm")
    if screen.page.locator("#experiment .pg-confirm").count():
        screen.page.click("#experiment [data-action=confirm]")
    screen.page.wait_for_selector(f"{HEAD} [data-experiment]")
    return str(screen.page.get_attribute(f"{HEAD} [data-experiment]", "data-experiment"))


def until(screen: Screen, standing: str) -> None:
    screen.page.wait_for_selector(f"{HEAD} [data-standing={standing}]", timeout=LONG_MS)
    screen.page.wait_for_selector(f"{PROGRESS} [data-standing={standing}]", timeout=LONG_MS)


def finished(screen: Screen, *prompts: str, pictures: int) -> str:
    experiment_id = start(screen, *prompts, pictures=pictures)
    until(screen, "finished")
    return experiment_id


def stop(screen: Screen) -> None:
    """Stops it for good, saying yes."""
    screen.page.click(f"{HEAD} [data-act=stop]")
    screen.page.click("#experiment [data-action=confirm]")
    until(screen, "stopped")


def done(screen: Screen) -> int:
    return int(screen.page.get_attribute(f"{PROGRESS} [data-done]", "data-done") or 0)


def lines(n: int, about: str = "A lighthouse") -> list[str]:
    return [f"{about}, number {number}" for number in range(n)]


def show_names(screen: Screen, pictures: int) -> None:
    screen.page.click("#experiment-tools [data-act=names]")
    screen.page.wait_for_function(
        "n => document.querySelectorAll('#experiment-grid [data-shot=shown]').length === n",
        arg=pictures,
    )


def downloaded(screen: Screen, kind: str) -> Path:
    with screen.page.expect_download(timeout=LONG_MS) as waiting:
        screen.page.click(f"{HEAD} [data-kind={kind}]")
    return waiting.value.path().rename(
        waiting.value.path().with_name(waiting.value.suggested_filename)
    )


# ---- the plan ---------------------------------------------------------------------------------


def test_what_is_wrong_is_told_with_line_and_column_and_leads_there(trial: Screen) -> None:
    trial.page.fill(f"{FORM} [name=prompts]", "A lighthouse\n\n   A {{thing}} in the rain")
    trial.page.wait_for_selector(f"{OUTLOOK} li[data-line='3'][data-column='6']")

    told = trial.page.inner_text(OUTLOOK)
    assert "line 3, column 6" in told
    assert "{{thing}}" in told
    assert trial.page.is_disabled(START)

    trial.page.click(f"{OUTLOOK} [data-goto]")
    here = trial.page.evaluate(
        "[document.activeElement.name, document.activeElement.value.slice("
        "document.activeElement.selectionStart)]"
    )
    assert here == ["prompts", "{{thing}} in the rain"]

    trial.page.click(f"{FORM} summary")
    trial.page.fill(f"{FORM} [name=lists]", "thing = red bicycle, blue bicycle")
    counted(trial, 6)


def test_the_plan_is_counted_while_one_types_and_plain_enter_spends_nothing(trial: Screen) -> None:
    before = trial.app.submits()
    plan(trial, *lines(3), pictures=6)
    trial.page.check(f"{FORM} [name=plan_repeats][value='2']")
    trial.page.check(f"{FORM} [name=ratios][value='16:9']")
    counted(trial, 24)

    assert "$1.14" in trial.page.inner_text(START)
    trial.page.fill(f"{FORM} [name=budget]", "0.50")
    trial.page.wait_for_selector(f"{OUTLOOK} [data-covered='2']")
    assert "The budget covers 2 of 6 comparisons." in trial.page.inner_text(OUTLOOK)
    assert "$0.50" in trial.page.inner_text(START)
    for name in ("name", "prompts", "budget"):
        trial.page.focus(f"{FORM} [name={name}]")
        trial.page.keyboard.press("Enter")
        trial.page.keyboard.press("Control+Enter")
    trial.page.wait_for_timeout(400)  # as long as a purchase would take to begin

    assert trial.page.get_attribute("#experiment", "data-shown") == ""
    assert trial.app.submits() == before
    trial.page.fill(f"{FORM} [name=budget]", "much")
    trial.page.wait_for_selector(f"{OUTLOOK} li[data-source=budget]")


def test_a_csv_file_brings_prompts_and_tags_and_says_where_it_is_wrong(
    trial: Screen, tmp_path: Path
) -> None:
    good, bad = tmp_path / "good.csv", tmp_path / "bad.csv"
    good.write_text("prompt,subject,tags\nA {{subject}},fox,animals\nA {{subject}},owl,\n")
    bad.write_text("prompt,subject\nA {{subject}},\n")
    files = f"{FORM} [data-input=file]"

    trial.page.set_input_files(files, bad)
    trial.page.wait_for_selector(f"{OUTLOOK} li[data-line='2'][data-column='2']")
    trial.page.set_input_files(files, good)
    counted(trial, 4)

    assert trial.page.is_disabled(f"{FORM} [name=prompts]")
    assert "good.csv" in trial.page.inner_text(FORM)
    trial.page.click(f"{FORM} [data-drop=file]")
    trial.page.wait_for_selector(f"{OUTLOOK} [data-state=empty]")


def test_sets_of_references_multiply_the_plan(trial: Screen) -> None:
    plan(trial, "As in image 1", pictures=2)
    strip = "#experiment-references"
    trial.page.set_input_files(f"{strip} input[type=file]", PHOTOS[0])
    trial.page.wait_for_selector(f"{strip} .pg-tile")
    counted(trial, 4)  # with it, and without

    trial.page.click("#experiment-aside")
    trial.page.wait_for_selector(f"{FORM} .pg-plan-sets li")
    assert trial.page.locator(f"{strip} .pg-tile").count() == 0
    trial.page.set_input_files(f"{strip} input[type=file]", PHOTOS[1])
    counted(trial, 6)
    trial.page.uncheck(f"{FORM} [name=bare]")
    counted(trial, 4)
    assert trial.page.locator("#references .pg-tile").count() == 0


def test_a_plan_file_runs_as_it_was_and_buys_nothing_twice(trial: Screen, tmp_path: Path) -> None:
    plan(trial, *lines(2, "A mill"), pictures=4)
    with trial.page.expect_download() as waiting:
        trial.page.click(f"{FORM} [data-act=plan_file]")
    file = tmp_path / "mine.json"
    waiting.value.save_as(file)
    experiment_id = json.loads(file.read_text("utf-8"))["experiment_id"]

    trial.page.fill(f"{FORM} [name=prompts]", "")
    for _ in range(2):
        trial.page.wait_for_selector(f"{OUTLOOK} [data-state=empty]")
        trial.page.set_input_files(f"{FORM} [data-input=plan]", file)
        trial.page.wait_for_selector(f"{FORM} [data-plan-open]:has-text('mine.json')")
        counted(trial, 4)
        assert trial.page.is_disabled(f"{FORM} [name=prompts]")
        trial.page.click(START)
        trial.page.wait_for_selector(f"{HEAD} [data-experiment={experiment_id}]")
        until(trial, "finished")
        trial.page.click(f"{HEAD} [data-act=back]")
        trial.page.click(f"{FORM} [data-drop=plan]")

    rows = trial.app.desk.log.recent(1_000)
    assert sum(run.experiment_id == experiment_id for run in rows) == 4


# ---- running ----------------------------------------------------------------------------------


def test_a_plan_pauses_survives_a_reload_and_finishes_and_two_tabs_agree(
    trial: Screen, new_screen: Callable[[], Screen]
) -> None:
    before = trial.app.submits()
    experiment_id = start(trial, *lines(20), pictures=40)
    assert f"experiment={experiment_id}" in trial.page.url
    trial.page.wait_for_function(
        "document.querySelector('#experiment-progress [data-done]').dataset.done > 4"
    )
    trial.page.click(f"{HEAD} [data-act=pause]")
    until(trial, "paused")
    paused_at = done(trial)
    assert 4 < paused_at < 40
    assert trial.app.submits() == before + paused_at

    trial.page.reload()
    trial.page.wait_for_selector(f"{HEAD} [data-experiment={experiment_id}]")
    assert done(trial) == paused_at
    other = new_screen()
    open_tab(other, f"?tab=experiment&experiment={experiment_id}")
    other.page.wait_for_selector(f"{HEAD} [data-standing=paused]")
    assert other.page.inner_text(PROGRESS) == trial.page.inner_text(PROGRESS)

    other.page.click(f"{HEAD} [data-act=resume]")
    for screen in (trial, other):
        until(screen, "finished")
        assert done(screen) == 40
    assert trial.app.submits() == before + 40
    assert other.page.inner_text(PROGRESS) == trial.page.inner_text(PROGRESS)


def test_a_budget_ends_it_early_and_more_of_it_goes_on(trial: Screen) -> None:
    plan(trial, *lines(4, "A harbour"), pictures=8)
    trial.page.fill(f"{FORM} [name=budget]", "0.20")
    trial.page.wait_for_selector(f"{OUTLOOK} [data-covered='2']")
    trial.page.wait_for_selector(f"{START}:enabled:has-text('$0.20')")
    trial.page.click(START)
    until(trial, "paused")
    assert done(trial) == 4
    assert "raise the budget" in trial.page.inner_text(HEAD)

    trial.page.fill(f"{HEAD} [name=budget]", "1")
    trial.page.click(f"{HEAD} [data-form=budget] button")
    until(trial, "finished")
    assert done(trial) == 8


def test_stopping_is_asked_about_and_gives_up_the_rest(trial: Screen) -> None:
    start(trial, *lines(20, "A well"), pictures=40)
    trial.page.click(f"{HEAD} [data-act=stop]")
    trial.page.wait_for_selector("#experiment .pg-confirm:focus")
    assert "not sent yet" in trial.page.inner_text("#experiment-confirm")
    assert "Nothing that is paid for is lost" in trial.page.inner_text("#experiment-confirm")
    trial.page.keyboard.press("Escape")
    trial.page.wait_for_selector("#experiment .pg-confirm", state="detached")
    assert trial.page.locator(f"{HEAD} [data-standing=running]").count()
    assert trial.page.locator("#experiment-notice .pg-notice p").count() == 0

    stop(trial)

    assert done(trial) < 40
    assert "Given up" in trial.page.inner_text(PROGRESS)
    trial.page.wait_for_selector(f"{HEAD} [data-act=retry]")


def test_what_failed_is_bought_again_once_somebody_says_yes(trial: Screen) -> None:
    trial.app.faults("task:fail,model=flux-2-pro")
    experiment_id = finished(trial, *lines(2, "A barn"), pictures=4)
    trial.app.faults()
    before = trial.app.submits()
    assert trial.page.locator(f"{GRID} [data-shot=failed]").count() == 2

    trial.page.click(f"{HEAD} [data-act=retry]")
    trial.page.wait_for_selector("#experiment .pg-confirm")
    assert "$0.05" in trial.page.inner_text("#experiment-confirm")
    assert trial.app.submits() == before
    trial.page.click("#experiment [data-action=confirm]")
    trial.page.wait_for_selector(f"{PROGRESS} [data-done='4']", timeout=LONG_MS)
    until(trial, "finished")

    rows = [r for r in trial.app.desk.log.recent(1_000) if r.experiment_id == experiment_id]
    assert [run.status for run in rows].count(RunStatus.SUCCEEDED) == 4
    assert sum(run.retry_of is not None for run in rows) == 2
    assert trial.app.submits() == before + 2


def test_the_line_on_top_has_one_line_for_it_and_compare_runs_beside_it(trial: Screen) -> None:
    start(trial, *lines(40, "A pier"), pictures=80)
    trial.page.click("#tab-compare-button")
    trial.page.wait_for_selector("[data-chip=open]:has-text('1 open task')")
    comparison = trial.run("Beside an experiment")
    assert comparison
    assert len(trial.app.desk.open_views()) > 10

    trial.page.click("[data-chip=open]")
    trial.page.click("#tasks-panel [data-experiment]")
    trial.page.wait_for_selector(f"{HEAD} [data-experiment]")
    stop(trial)


# ---- the grid ---------------------------------------------------------------------------------


def test_pictures_stay_hidden_until_their_pair_is_judged(trial: Screen) -> None:
    experiment_id = finished(trial, *lines(2, "A bridge"), pictures=4)
    trial.page.click(f"{HEAD} [data-act=weigh]")
    trial.page.wait_for_function(
        "id => document.querySelector('#weighed [name=experiment]')?.value === id",
        arg=experiment_id,
    )
    trial.page.wait_for_selector("#weighed-page :text('2 of 2 pairs')")
    trial.page.click("#tab-experiment-button")
    trial.page.wait_for_selector(f"{GRID} [data-shot=hidden]")
    assert trial.page.locator(f"{GRID} [data-shot=hidden]").count() == 4
    assert trial.page.locator(f"{GRID} img").count() == 0

    trial.page.click(f"{HEAD} [data-act=judge]")
    trial.page.wait_for_selector("#judge-vote .pg-vote[data-state=pair]:visible")
    assert trial.page.input_value(".pg-judge-scope") == f"experiment:{experiment_id}"
    trial.page.wait_for_selector("#judge-stage .pg-stage[data-state=ready]")
    trial.page.wait_for_timeout(400)  # keys pressed by accident are not taken
    trial.page.keyboard.press("1")
    trial.page.wait_for_selector("#judge-vote .pg-vote[data-answer=a_better]")

    trial.page.click("#tab-experiment-button")
    trial.page.wait_for_selector(f"{GRID} [data-shot=shown]")
    assert trial.page.locator(f"{GRID} [data-shot=shown]").count() == 2
    assert trial.page.locator(f"{GRID} [data-shot=hidden]").count() == 2
    verdicts = trial.page.locator(f"{GRID} .pg-shot-verdict").all_inner_texts()
    assert sorted(verdicts) == ["better", "worse"]
    votes = load_votes(trial.app.desk.settings.data_dir / "votes.csv")
    ours = votes[votes["experiment_id"] == experiment_id]
    assert list(ours["answer"]) == ["a_better"]
    assert list(ours["is_blind"]) == [True]


def test_any_two_pictures_stand_on_the_stage_once_names_are_shown(trial: Screen) -> None:
    trial.page.check(f"{FORM} [name=plan_repeats][value='2']")
    experiment_id = finished(trial, *lines(2, "A castle"), pictures=8)
    show_names(trial, 8)
    votes = load_votes(trial.app.desk.settings.data_dir / "votes.csv")
    ours = votes[votes["experiment_id"] == experiment_id]
    assert set(ours["answer"]) == {"revealed"}
    assert len(ours) == 4

    shots = trial.page.locator(f"{GRID} [data-shot=shown]")
    shots.nth(0).click()
    trial.page.wait_for_selector(f"{GRID} [aria-pressed=true]")
    shots.nth(7).click()
    trial.page.wait_for_selector("#experiment-stage .pg-stage[data-state=ready]")
    captions = trial.page.locator("#experiment-stage .pg-stage-caption").all_inner_texts()
    assert [("flex" in c, "#1" in c) for c in captions] == [(True, True), (False, False)]
    assert ["prompt 1" in c for c in captions] == [True, False]
    told = trial.page.inner_text("#experiment-pair")
    assert "A castle, number 0" in told
    assert "A castle, number 1" in told
    assert "two different prompts" in told

    filled = trial.page.evaluate(
        "[...document.querySelectorAll('#experiment-grid td')].slice(1).map(cell =>"
        " cell.querySelector('.pg-shots').scrollWidth / (cell.clientWidth - 16))"
    )
    assert min(filled) > 0.98
    shapes = trial.page.evaluate(
        "[...document.querySelectorAll('#experiment-grid img')].map(image =>"
        " [image.clientWidth / image.clientHeight, getComputedStyle(image).objectFit])"
    )
    assert {fit for _, fit in shapes} == {"contain"}
    assert all(0.9 < shape < 2.5 for shape, _ in shapes)

    pressed = shots.nth(0).get_attribute("data-run")
    trial.page.click("#experiment-pair [data-act=close]")
    trial.page.wait_for_selector("#experiment-stage", state="hidden")
    assert trial.page.locator(f"{GRID} [aria-pressed=true]").count() == 0
    assert trial.page.evaluate("document.activeElement.dataset.run") == pressed


def test_the_grid_is_filtered_and_its_axes_swap(trial: Screen, tmp_path: Path) -> None:
    table = tmp_path / "tags.csv"
    table.write_text("prompt,tags\nA fox,animals\nAn owl,animals\nA mill,\n")
    trial.app.faults("task:fail,model=flux-2-pro,times=1")
    trial.page.set_input_files(f"{FORM} [data-input=file]", table)
    counted(trial, 6)
    trial.page.click(START)
    until(trial, "finished")
    tools = "#experiment-tools"
    trial.page.wait_for_selector(f"{tools} [data-lines='3']")

    trial.page.check(f"{tools} [name=failed]")
    trial.page.wait_for_selector(f"{tools} [data-lines='1']")
    trial.page.uncheck(f"{tools} [name=failed]")
    trial.page.wait_for_selector(f"{tools} [data-lines='3']")
    trial.page.select_option(f"{tools} [name=tag]", "animals")
    trial.page.wait_for_selector(f"{tools} [data-lines='2']")
    assert trial.page.evaluate("document.activeElement.name") in ("tag", "failed")

    trial.page.check(f"{tools} [name=swapped]")
    trial.page.wait_for_selector(f"{GRID} [data-swapped]")
    heads = trial.page.locator(f"{GRID} thead th").all_inner_texts()
    assert [head.split("\n")[1] for head in heads] == ["A fox", "An owl"]
    assert trial.page.locator(f"{GRID} tbody tr").count() == 2


def test_a_long_plan_is_turned_page_by_page(trial: Screen) -> None:
    start(trial, *lines(50, "A page"), pictures=100)
    stop(trial)

    assert trial.page.locator(f"{GRID} tbody tr").count() == 24
    trial.page.click("#experiment-tools [data-act=page][data-page='2']")
    trial.page.wait_for_selector("#experiment-tools [data-page='2']")
    trial.page.click("#experiment-tools [data-act=page][data-page='3']")
    trial.page.wait_for_function(
        "document.querySelectorAll('#experiment-grid tbody tr').length === 2"
    )


def test_it_can_be_taken_out_whole(trial: Screen) -> None:
    finished(trial, *lines(2, "A gate"), pictures=4)

    with ZipFile(downloaded(trial, "zip")) as archive:
        names = archive.namelist()
    assert {"plan.json", "runs.csv"} <= set(names)
    assert sum(name.startswith("pictures/") for name in names) == 4
    for kind in ("sheet", "pairs"):
        assert downloaded(trial, kind).read_bytes().startswith(b"\xff\xd8")
    report = downloaded(trial, "report")
    assert report.suffix == ".html"
    assert "A gate, number 1" in report.read_text("utf-8")
    assert json.loads(downloaded(trial, "plan").read_text("utf-8"))["prompts"]


# ---- for every eye ----------------------------------------------------------------------------


def test_hostile_prompts_names_and_tags_stay_words(trial: Screen, tmp_path: Path) -> None:
    table = tmp_path / "bad.csv"
    quoted = HOSTILE.replace('"', '""')
    table.write_text(f'prompt,tags\n"{quoted}",<b>tag</b>\n')
    trial.page.fill(f"{FORM} [name=prompts]", HOSTILE + " {{<b>x</b>}}")
    trial.page.wait_for_selector(f"{OUTLOOK} [data-state=wrong]")
    assert HOSTILE.split()[0] not in trial.page.inner_html(OUTLOOK)
    trial.page.fill(f"{FORM} [name=name]", HOSTILE[:80])
    trial.page.fill(f"{FORM} [name=prompts]", "")
    trial.page.set_input_files(f"{FORM} [data-input=file]", table)
    counted(trial, 2)
    trial.page.click(START)
    until(trial, "finished")
    show_names(trial, 2)
    for shot in trial.page.locator(f"{GRID} [data-shot=shown]").all():
        shot.click()
    trial.page.wait_for_selector("#experiment-stage .pg-stage[data-state=ready]")

    assert HOSTILE[:60] in trial.page.inner_text(GRID)
    assert HOSTILE[:80] in trial.page.inner_text(HEAD)
    trial.page.click(f"{HEAD} [data-act=back]")
    trial.page.wait_for_selector("#experiment-list [data-experiment]:visible")
    trial.page.wait_for_timeout(200)
    assert trial.page.evaluate("window.pwned") is None


@needs_axe
def test_a_phone_the_dark_and_readers_get_all_of_it(trial: Screen) -> None:
    def check() -> None:
        for size in (PHONE, {"width": 1280, "height": 900}):
            trial.page.set_viewport_size(size)
            overhang = trial.page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert overhang <= 0
            assert findings(trial.page) == []

    check()
    trial.page.fill(f"{FORM} [name=prompts]", "A {{x")
    trial.page.wait_for_selector(f"{OUTLOOK} [data-state=wrong]")
    check()
    trial.app.faults("task:fail,model=flux-2-pro,times=1")
    finished(trial, "W" * 300, *lines(2, "A cave"), pictures=6)
    check()
    show_names(trial, 5)
    trial.page.emulate_media(color_scheme="dark")
    trial.page.reload()
    trial.page.wait_for_selector(f"{GRID} [data-shot=shown]")
    page = trial.page.evaluate(
        "getComputedStyle(document.querySelector('.pg-grid td')).backgroundColor"
    )
    assert page == "rgb(26, 28, 32)"
    check()
    trial.page.emulate_media(color_scheme="light")
