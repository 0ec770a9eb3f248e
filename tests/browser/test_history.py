"""The History screen: found again, looked at, brought back, marked and taken out."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zipfile import ZipFile

import gradio
import pytest

from playground.emulator.faults import Endpoint
from playground.history.marks import load_marks
from playground.judging.votes import load_votes
from playground.provenance.records import read_provenance, stripped
from playground.schema import Run, RunStatus
from tests.browser.axe import findings, needs_axe
from tests.browser.conftest import SPEED, App, Screen, start_app, sync_api, watch
from tests.browser.test_looks import PHONE
from tests.judging_rig import a_comparison, a_picture, failed, keep_picture, log_runs

pytestmark = pytest.mark.browser

CHEETAH = Path(gradio.__file__).parent / "media_assets" / "images" / "cheetah.jpg"
HOSTILE = (
    '<img src=x onerror="window.pwned=1"><script>window.pwned=1</script> ${window.pwned=1} {{x}}\n'
    '=HYPERLINK("http://x","y")\r\n\t`${1}` '
)
LONG_AGO = datetime(2026, 2, 1, 12, tzinfo=UTC)
N_OLD = 60  # comparisons written into the log before the page is started
LIST, HEAD, NOTICE = "#history-list", "#history-head", "#history-notice"
FILTERS = "#history-filters"


def _old_runs(data_dir: Path) -> Iterator[Run]:
    """Number 60 is the newest. 7 is hostile, every tenth has a failed side, 20 may have been charged."""
    for number in range(1, N_OLD + 1):
        for run in a_comparison(number):
            is_failed = number % 10 == 0 and run.lane == 2
            changes: dict[str, object] = {"started_at": LONG_AGO + timedelta(days=number)}
            if number == 7:
                changes["prompt"] = HOSTILE
            if number % 2:
                changes |= {"size": "1:1", "origin": "emulated"}
            run = replace(run, **changes)  # type: ignore[arg-type]
            if number == 20 and run.lane == 1:
                yield replace(failed(run), status=RunStatus.UNCONFIRMED)
            elif is_failed:
                yield replace(failed(run), service_message="<b>no</b> reason")
            else:
                seed = number * 2 + run.lane
                yield keep_picture(data_dir, run, a_picture("JPEG", seed=seed, comment=b"camera"))


def _app(data_dir: Path) -> Iterator[App]:
    log_runs(data_dir, _old_runs(data_dir))
    desk, url, demo = start_app(data_dir)
    emulator = desk.playground.emulator
    assert emulator is not None
    yield App(url=url, desk=desk, emulator=emulator.emulator)
    demo.close()  # type: ignore[attr-defined]
    desk.close()


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """A page over a history that no test adds to."""
    yield from _app(tmp_path_factory.mktemp("past"))


@pytest.fixture(scope="module")
def busy_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """The same history again, for those who change it."""
    yield from _app(tmp_path_factory.mktemp("busy"))


@pytest.fixture
def past(new_screen: Callable[[], Screen]) -> Iterator[Screen]:
    """A page opened on the History tab, with its list."""
    screen = new_screen()
    open_history(screen)
    yield screen
    assert screen.outside == []
    assert screen.problems == []


@pytest.fixture
def busy(busy_app: App, context: "sync_api.BrowserContext") -> Iterator[Screen]:
    """As `past`, where anything may be added."""
    screen = Screen(page=context.new_page(), app=busy_app)
    watch(screen.page, screen)
    busy_app.faults()
    open_history(screen)
    yield screen
    busy_app.faults()
    screen.page.close()
    assert screen.outside == []
    assert screen.problems == []


def open_history(screen: Screen) -> None:
    screen.page.goto(screen.app.url + "?tab=history")
    screen.page.wait_for_function("document.querySelector('#run')?.textContent.includes('$')")
    screen.page.wait_for_selector(f"{LIST} [data-found]")


def found(screen: Screen, count: int) -> None:
    screen.page.wait_for_selector(f"{LIST} [data-found='{count}']")


def all_found(screen: Screen) -> int:
    return int(screen.page.get_attribute(f"{LIST} [data-found]", "data-found") or 0)


def open_past(screen: Screen, comparison: str) -> None:
    screen.page.click(f"{LIST} [data-act=open][data-comparison={comparison}]")
    screen.page.wait_for_selector(f"{HEAD} [data-comparison={comparison}]")
    screen.page.wait_for_function(
        f"document.querySelector('#history').dataset.shown === '{comparison}'"
    )


def find(screen: Screen, words: str, count: int) -> None:
    screen.page.fill(f"{FILTERS} [type=search]", words)
    found(screen, count)


def told(screen: Screen) -> str:
    screen.page.wait_for_selector(f"{NOTICE} p")
    return screen.page.inner_text(NOTICE)


def downloaded(screen: Screen, selector: str, name: str) -> Path:
    with screen.page.expect_download() as waiting:
        screen.page.click(selector)
    assert waiting.value.suggested_filename == name
    return waiting.value.path()


# ---- the list ---------------------------------------------------------------------------------


def test_a_tab_costs_nothing_until_it_is_chosen(new_screen: Callable[[], Screen]) -> None:
    screen = new_screen()
    screen.open()

    assert screen.page.locator("#history").count() == 0
    screen.page.click("#tab-history-button")
    found(screen, N_OLD)
    assert "tab=history" in screen.page.url
    screen.page.click("#tab-compare-button")
    assert "tab=" not in screen.page.url


def test_the_list_is_newest_first_as_gallery_or_table(past: Screen) -> None:
    first = f"{LIST} [data-act=open] >> nth=0"
    assert "number 60" in past.page.inner_text(first)
    assert past.page.inner_text(f"{LIST} .pg-past-count") == "60 of 60 comparisons"
    fit = past.page.locator(f"{LIST} img").evaluate_all(
        "images => new Set(images.map(image => getComputedStyle(image).objectFit)).size === 1"
        " && getComputedStyle(images[0]).objectFit"
    )
    assert fit == "contain"

    past.page.click("[data-view=table]")
    past.page.wait_for_selector(f"{LIST} table")

    assert past.page.locator(f"{LIST} tbody tr").count() == 24
    assert "number 60" in past.page.inner_text(first)
    assert past.page.locator(f"{LIST} th[scope=col]").count() == 8


def test_pages_are_turned_and_counted(past: Screen) -> None:
    def turn(name: str, page: int) -> None:
        past.page.click(f"{LIST} nav >> text={name}")
        past.page.wait_for_selector(f".pg-past[data-page='{page}']")

    turn("Next", 2)
    assert "number 36" in past.page.inner_text(f"{LIST} [data-act=open] >> nth=0")
    turn("Last", 3)
    assert past.page.locator(f"{LIST} [data-act=open]").count() == 12
    assert past.page.locator(f"{LIST} nav button:disabled").count() == 2
    turn("First", 1)
    past.page.click("[data-more]")
    past.page.select_option(f"{FILTERS} [name=page_size]", "96")
    past.page.wait_for_function(
        "document.querySelectorAll('#history-list [data-act=open]').length === 60"
    )
    assert past.page.locator(f"{LIST} nav").count() == 0


def test_search_and_filters_narrow_the_list_and_are_cleared_together(past: Screen) -> None:
    find(past, "NUMBER 6", 2)  # 6 and 60, whatever the case
    past.page.click("[data-more]")
    past.page.select_option(f"{FILTERS} [name=status]", "failed")
    found(past, 1)
    assert past.page.inner_text("[data-more]") == "Filters (1)"

    past.page.click("[data-clear-all]")
    found(past, N_OLD)
    assert past.page.evaluate("document.activeElement.type") == "search"
    for name, value, count in (
        ("model", "flux-2-pro", N_OLD),
        ("size", "1:1", 30),
        ("origin", "emulated", 30),
        ("status", "unconfirmed", 1),
        ("judged", "yes", 0),
        ("starred", "yes", 0),
    ):
        past.page.select_option(f"{FILTERS} [name={name}]", value)
        found(past, count)
        past.page.select_option(f"{FILTERS} [name={name}]", "")
        found(past, N_OLD)
    past.page.fill(f"{FILTERS} [name=since]", (LONG_AGO + timedelta(days=10)).date().isoformat())
    found(past, 51)
    past.page.fill(f"{FILTERS} [name=until]", (LONG_AGO + timedelta(days=11)).date().isoformat())
    found(past, 2)


def test_nothing_found_offers_to_clear_the_filters(past: Screen) -> None:
    find(past, "no such thing", 0)
    assert "None of 60 comparisons" in past.page.inner_text(LIST)

    assert "None of 60" in past.page.inner_text("#history > [role=status]")
    past.page.click(f"{LIST} [data-clear]")

    found(past, N_OLD)
    assert past.page.input_value(f"{FILTERS} [type=search]") == ""


def test_an_empty_history_leads_to_compare(
    tmp_path: Path, context: "sync_api.BrowserContext"
) -> None:
    desk, url, demo = start_app(tmp_path, emulator_speed=SPEED)
    emulator = desk.playground.emulator
    assert emulator is not None
    screen = Screen(
        page=context.new_page(), app=App(url=url, desk=desk, emulator=emulator.emulator)
    )
    watch(screen.page, screen)
    try:
        open_history(screen)
        assert "Nothing yet" in screen.page.inner_text(LIST)
        screen.page.click("[data-tab=compare]")
        screen.page.wait_for_selector("#run:visible")
        assert screen.problems == []
    finally:
        screen.page.close()
        demo.close()  # type: ignore[attr-defined]
        desk.close()


# ---- one comparison ---------------------------------------------------------------------------


def test_opening_shows_both_pictures_every_field_and_the_way_back(past: Screen) -> None:
    open_past(past, "cmp_58")
    past.page.wait_for_selector("#history-stage [data-state=ready]")

    assert past.page.evaluate("document.activeElement.matches('[data-heading]')")
    assert past.page.locator("#history-stage img[alt]").count() >= 2
    past.page.click(".pg-all-fields summary")
    words = past.page.inner_text("#history-fields")
    assert "task_run_58_1_1" in words
    assert "What differs in the request" in words
    assert past.page.locator("[data-field=charged_usd] td").all_inner_texts() == ["–", "–"]

    past.page.click(f"{HEAD} [data-act=back]")
    past.page.wait_for_selector(f"{LIST} [data-found]:visible")
    focused = past.page.evaluate("document.activeElement.dataset.key")
    assert focused == "open cmp_58"


def test_hostile_prompts_and_messages_are_only_words(past: Screen) -> None:
    find(past, "window.pwned", 1)
    past.page.click("[data-view=table]")
    open_past(past, "cmp_7")
    assert past.page.text_content(".pg-detail-prompt") == HOSTILE.replace("\r\n", "\n")
    past.page.click(".pg-all-fields summary")
    past.page.wait_for_selector("#history-stage [data-state=ready]")
    past.page.click(f"{HEAD} [data-act=back]")
    find(past, "number 60", 1)
    open_past(past, "cmp_60")

    assert "<b>no</b> reason" in past.page.inner_text("#history-runs")
    assert past.page.evaluate("window.pwned") is None


def test_two_other_runs_can_be_held_side_by_side(busy: Screen) -> None:
    busy.page.click("#tab-compare-button")
    busy.page.check("[data-choice=repeats] [value='2']")
    busy.page.set_input_files("#references input[type=file]", CHEETAH)
    busy.page.wait_for_selector(".pg-tile")
    comparison = busy.run("Two each, with a reference")
    busy.wait_until_idle()
    busy.page.click("#tab-history-button")
    busy.page.wait_for_selector(f"{LIST} [data-comparison={comparison}]")
    open_past(busy, comparison)

    busy.page.select_option("[data-choose=second]", index=1)
    busy.page.wait_for_selector("text=Both runs asked for the same in the same place.")
    busy.page.wait_for_selector("#history-stage [data-state=ready]")
    marks = busy.page.locator("#history-stage .pg-stage-caption > :first-child").all_inner_texts()
    assert marks == ["A1", "A2"]

    busy.page.locator("#history-stage .pg-stage-caption select").nth(1).select_option(
        label="Reference 1"
    )
    busy.page.wait_for_function(
        "document.querySelectorAll('#history-stage .pg-stage-caption')[1]"
        ".firstElementChild.textContent === 'R1'"
    )
    busy.page.wait_for_selector("#history-stage [data-state=ready]")


def test_opening_is_written_down_as_names_shown(past: Screen) -> None:
    open_past(past, "cmp_55")

    votes = load_votes(past.app.desk.settings.data_dir / "votes.csv")
    mine = votes[votes["comparison_id"] == "cmp_55"]
    assert set(mine["answer"]) == {"revealed"}
    assert "Names shown" in past.page.inner_text("#history-votes")


# ---- back to work -----------------------------------------------------------------------------


def test_a_request_is_restored_whole_with_its_references(busy: Screen) -> None:
    busy.page.click("#tab-compare-button")
    busy.page.set_input_files("#references input[type=file]", CHEETAH)
    busy.page.wait_for_selector(".pg-tile")
    busy.page.check("[data-choice=size] [value='3:2']")
    comparison = busy.run("To be restored\nwith two lines")
    busy.wait_until_idle()
    other = busy.app.desk.views(comparison)[0].request.references[0].sha256
    busy.page.reload()
    busy.problems.clear()  # a reload breaks off the framework's own event stream
    busy.page.goto(busy.app.url + "?tab=history")
    busy.page.wait_for_selector(f"{LIST} [data-comparison={comparison}]")
    open_past(busy, comparison)

    busy.page.click(f"{HEAD} [data-act=show]")
    busy.page.wait_for_selector("#tab-compare-button[aria-selected=true]")
    busy.page.wait_for_selector(".pg-tile")

    assert busy.page.input_value("#prompt textarea") == "To be restored\nwith two lines"
    assert busy.page.is_checked("[data-choice=size] [value='3:2']")
    busy.page.wait_for_function("document.activeElement.matches('#prompt textarea')")
    again = busy.run()
    busy.wait_until_idle()
    assert busy.app.desk.views(again)[0].request.references[0].sha256 == other


def test_a_picture_becomes_the_next_reference_of_compare(busy: Screen) -> None:
    open_past(busy, "cmp_58")

    for number in range(1, 3):
        busy.page.click(f"#history-runs li:nth-child({number}) [data-act=use]")
        busy.page.wait_for_function(
            f"document.querySelector('{NOTICE}').textContent.includes('image {number}')"
        )

    assert busy.page.locator(".pg-tile").count() == 2
    for number in range(3, 9):
        busy.page.click("#history-runs li:nth-child(1) [data-act=use]")
        busy.page.wait_for_function(
            f"document.querySelector('{NOTICE}').textContent.includes('image {number}')"
        )
    busy.page.click("#history-runs li:nth-child(1) [data-act=use]")
    busy.page.wait_for_function(
        f"document.querySelector('{NOTICE}').textContent.includes('holds 8 references')"
    )
    assert busy.page.locator(".pg-tile").count() == 8


def test_a_link_opens_the_comparison_again(past: Screen) -> None:
    open_past(past, "cmp_58")
    address = past.page.get_attribute("[data-link]", "data-copy")
    assert address is not None

    past.page.goto(address)
    past.page.wait_for_selector(".pg-card[data-comparison=cmp_58]")

    assert past.page.input_value("#prompt textarea") == "A lighthouse, number 58"


# ---- marks ------------------------------------------------------------------------------------


def test_stars_tags_and_notes_are_kept_and_found(busy: Screen) -> None:
    busy.page.click(f"{LIST} [data-key='star cmp_52']")
    busy.page.wait_for_selector(f"{LIST} [data-key='star cmp_52'][aria-pressed=true]")
    assert busy.page.evaluate("document.activeElement.dataset.key") == "star cmp_52"
    open_past(busy, "cmp_52")
    busy.page.fill("[data-form=tag] input", " Best  Light ")
    busy.page.keyboard.press("Enter")
    busy.page.wait_for_selector(".pg-tags >> text=best light")
    busy.page.fill("[data-form=note] textarea", "use this\n<b>one</b>")
    busy.page.click("[data-form=note] button")
    busy.page.wait_for_selector(f"{NOTICE} >> text=The note is saved.")

    busy.page.click(f"{HEAD} [data-act=back]")
    busy.page.click("[data-more]")
    busy.page.select_option(f"{FILTERS} [name=tag]", "best light")
    found(busy, 1)
    busy.page.select_option(f"{FILTERS} [name=starred]", "yes")
    found(busy, 1)
    assert "note: use this <b>one</b>" in busy.page.inner_text(LIST)
    marks = load_marks(busy.app.desk.settings.data_dir / "marks.csv")
    mine = marks[marks["comparison_id"] == "cmp_52"]
    assert mine["kind"].tolist() == ["star", "tag", "note"]


def test_the_archive_takes_out_of_sight_and_undo_brings_back(busy: Screen) -> None:
    before = all_found(busy)
    open_past(busy, "cmp_50")
    busy.page.click(f"{HEAD} [data-kind=archive]")
    busy.page.wait_for_selector(f"{NOTICE} >> text=Archived.")
    busy.page.click(f"{HEAD} [data-act=back]")
    found(busy, before - 1)
    busy.page.click("[data-more]")
    busy.page.select_option(f"{FILTERS} [name=archived]", "only")
    found(busy, 1)

    open_past(busy, "cmp_50")
    busy.page.click(f"{HEAD} [data-kind=archive]")
    busy.page.wait_for_selector(f"{NOTICE} >> text=Taken out of the archive.")
    busy.page.click(f"{NOTICE} [data-act=undo]")
    busy.page.wait_for_selector(f"{NOTICE} >> text=Undone.")
    busy.page.wait_for_selector(f"{HEAD} >> text=Take out of the archive")
    busy.page.click(f"{HEAD} [data-kind=archive]")
    busy.page.wait_for_selector(f"{NOTICE} >> text=Taken out of the archive.")


# ---- taking out -------------------------------------------------------------------------------


def test_a_downloaded_picture_carries_its_record_or_no_metadata(past: Screen) -> None:
    run = past.app.desk.log.get("run_58_1_1")
    assert run is not None
    kept = (past.app.desk.settings.data_dir / f"{run.file}").read_bytes()
    open_past(past, "cmp_58")
    button = "[data-act=download][data-run=run_58_1_1]"

    carrying = downloaded(past, button, "flux-2-flex-run_58_1_1.jpg")
    past.page.check(f"{HEAD} [data-plain]")
    plain = downloaded(past, button, "flux-2-flex-run_58_1_1.jpg")

    record = read_provenance(carrying.read_bytes())
    assert record is not None
    assert record.run_id == "run_58_1_1"
    assert plain.read_bytes() == stripped(kept)


def test_zips_of_one_and_of_several(past: Screen) -> None:
    for comparison in ("cmp_60", "cmp_58"):
        past.page.check(f"[data-select={comparison}]")
    assert "2 selected" in past.page.inner_text(f"{LIST} .pg-past-selection")
    past.page.click(f"{LIST} nav >> text=Next")
    past.page.wait_for_selector(".pg-past[data-page='2']")
    past.page.check("[data-select=cmp_30]")

    several = downloaded(past, f"{LIST} [data-act=zip]", "3-comparisons.zip")
    past.page.click("#history-list nav >> text=First")
    past.page.wait_for_selector(".pg-past[data-page='1']")
    assert past.page.is_checked("[data-select=cmp_60]")
    open_past(past, "cmp_58")
    one = downloaded(past, f"{HEAD} [data-act=zip]", "cmp_58.zip")

    with ZipFile(several) as archive:
        folders = {name.partition("/")[0] for name in archive.namelist()}
    assert folders == {"cmp_60", "cmp_58", "cmp_30"}
    with ZipFile(one) as archive:
        names = set(archive.namelist())
        picture = archive.read("pictures/1-flux-2-flex-1.jpg")
    assert {"request.json", "runs.csv", "pictures/2-flux-2-pro-1.jpg"} <= names
    assert read_provenance(picture) is not None


# ---- what is open -----------------------------------------------------------------------------


def test_what_is_open_or_in_doubt_stands_on_top_with_its_price(busy: Screen) -> None:
    before = busy.app.submits()
    open_part = busy.page.inner_text("#history-open")
    assert "May have been charged" in open_part
    assert "Buy again · emulated $0.07" in open_part
    looked = busy.app.emulator.tally.requests[Endpoint.CREATE]
    busy.page.click("#history-open [data-act=look_again]")
    assert "Looked again" in told(busy)
    assert busy.app.emulator.tally.requests[Endpoint.CREATE] == looked

    busy.page.click("#tab-compare-button")
    busy.app.faults("task:slow,seconds=60")
    busy.run("Slow enough to be seen", until_over=False)
    busy.page.wait_for_selector("#card-1 [data-phase=generating]")
    busy.page.click("#tab-history-button")
    busy.page.wait_for_selector("#history-open >> text=Slow enough to be seen")
    busy.page.click("#history-open li:has-text('Slow enough') >> nth=0 >> [data-act=show]")
    busy.page.wait_for_selector("#tab-compare-button[aria-selected=true]")
    busy.wait_until_idle()
    bought = busy.app.submits()
    assert bought == before + 2

    busy.page.click("#tab-history-button")
    busy.page.click("#history-open [data-act=retry]")
    busy.page.wait_for_selector("#tab-compare-button[aria-selected=true]")
    busy.page.wait_for_selector(".pg-card[data-comparison=cmp_20]")
    busy.wait_until_idle()
    assert busy.app.submits() == bought + 1
    busy.page.click("#tab-history-button")
    busy.page.wait_for_function("!document.querySelector('#history-open .pg-open')")


# ---- for every eye and hand -------------------------------------------------------------------


def test_everything_is_within_reach_of_the_keyboard(past: Screen) -> None:
    past.page.focus(f"{FILTERS} [type=search]")
    past.page.keyboard.type("number 58")
    found(past, 1)
    for _ in range(30):
        past.page.keyboard.press("Tab")
        if past.page.evaluate("document.activeElement.dataset.act") == "open":
            break
    outline = past.page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    past.page.keyboard.press("Enter")
    past.page.wait_for_selector(f"{HEAD} [data-comparison=cmp_58]")
    past.page.wait_for_selector("#history-stage [data-state=ready]")
    past.page.keyboard.press("l")
    past.page.wait_for_selector("#history-stage [data-mode=slider]")

    assert outline == "solid"
    assert past.page.locator("#stage [data-mode=slider]").count() == 0


def test_a_phone_never_scrolls_sideways(past: Screen) -> None:
    def overhang() -> int:
        return past.page.evaluate("document.documentElement.scrollWidth - innerWidth")

    past.page.set_viewport_size(PHONE)
    try:
        past.page.click("[data-more]")
        assert overhang() <= 0
        past.page.click("[data-view=table]")
        past.page.wait_for_selector(f"{LIST} table")
        assert overhang() <= 0
        past.page.click("[data-view=gallery]")
        open_past(past, "cmp_58")
        past.page.click(".pg-all-fields summary")
        past.page.wait_for_selector("#history-stage [data-state=ready]")
        assert overhang() <= 0
    finally:
        past.page.set_viewport_size({"width": 1280, "height": 900})


@needs_axe
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(new_screen: Callable[[], Screen], scheme: str) -> None:
    screen = new_screen()
    screen.page.emulate_media(color_scheme=scheme)
    open_history(screen)
    screen.page.click("[data-more]")
    assert findings(screen.page) == []
    screen.page.click("[data-view=table]")
    screen.page.wait_for_selector(f"{LIST} table")
    assert findings(screen.page) == []
    screen.page.fill(f"{FILTERS} [type=search]", "number 60")
    found(screen, 1)
    open_past(screen, "cmp_60")
    screen.page.click(".pg-all-fields summary")
    screen.page.fill("[data-form=tag] input", scheme)
    screen.page.keyboard.press("Enter")
    screen.page.wait_for_selector(f".pg-tags >> text={scheme}")
    assert findings(screen.page) == []
