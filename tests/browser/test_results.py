"""The Results tab: the right sentence on the screen, for every eye and hand, after votes given by keyboard."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from playground.history.marks import current_marks, load_marks
from playground.judging.votes import load_votes
from playground.results.summary import summarise
from playground.results.verdict import judge
from playground.runlog import load_runs
from playground.schema import Origin
from playground.ui.results.page import plain
from tests.browser.axe import findings, needs_axe
from tests.browser.conftest import TIMEOUT_MS, App, Screen, start_app, watch
from tests.browser.test_judge import Judge
from tests.browser.test_looks import PHONE
from tests.judging_rig import MODELS, a_picture, keep_picture, log_runs
from tests.results_rig import comparisons
from tests.weighing_rig import ME, a_long_history, log_tags, log_votes, synthetic_votes

pytestmark = pytest.mark.browser

HOSTILE = '<img src=x onerror="window.pwned=1"> ${window.pwned=1} {{x}}'
PAGE = "#weighed-page"
SENTENCE = f"{PAGE} .pg-res-sentence"

Start = Callable[[Path], Screen]


def sentence_of(data_dir: Path, origin: Origin = Origin.LIVE, **settings: object) -> str:
    summary = summarise(
        load_runs(data_dir / "runs.csv"),
        load_votes(data_dir / "votes.csv"),
        origin=origin,
        marks=current_marks(load_marks(data_dir / "marks.csv")),
        **settings,  # type: ignore[arg-type]
    )
    return plain(judge(summary).sentence)


@pytest.fixture
def start(browser: Any) -> Iterator[Start]:
    """Starts an app over a folder and opens a page in a browser whose voter is ME."""
    running: list[Any] = []
    screens: list[Screen] = []

    def begin(data_dir: Path) -> Screen:
        desk, url, demo = start_app(data_dir)
        emulator = desk.playground.emulator
        assert emulator is not None
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        context.set_default_timeout(TIMEOUT_MS)
        page = context.new_page()
        page.add_init_script(f"localStorage.setItem('playground-voter', '{ME}')")
        screen = Screen(page=page, app=App(url=url, desk=desk, emulator=emulator.emulator))
        watch(page, screen)
        running.extend((context, demo, desk))
        screens.append(screen)
        return screen

    yield begin
    for each in running:
        each.close()
    for screen in screens:
        assert screen.outside == []
        assert screen.problems == []


def open_results(screen: Screen) -> None:
    screen.page.goto(screen.app.url + "?tab=results")
    screen.page.wait_for_selector(f"{PAGE} .pg-res-verdict")


def wait_for_n(screen: Screen, n: int) -> None:
    screen.page.wait_for_selector(f"{PAGE} .pg-res-verdict[data-n='{n}']")


def overhang(screen: Screen) -> int:
    return int(screen.page.evaluate("document.documentElement.scrollWidth - innerWidth"))


def both_origins(data_dir: Path) -> None:
    """Forty live pairs for pro, thirty emulated ones for flex; tags and prompts are hostile."""
    live = [replace(run, prompt=f"{HOSTILE} {run.prompt}") for run in comparisons(40)]
    live = [
        keep_picture(data_dir, run, a_picture(seed=place, size=(192, 108))) if place >= 56 else run
        for place, run in enumerate(live)
    ]
    drawn = [
        replace(run, run_id=f"e{run.run_id}", comparison_id=f"e{run.comparison_id}")
        for run in comparisons(30, origin="emulated", experiment_id=HOSTILE)
    ]
    log_runs(data_dir, [*live, *drawn])
    log_votes(data_dir, synthetic_votes(live, share=0.85, tie_share=0.05))
    log_votes(data_dir, synthetic_votes(drawn, share=0, voter_id="voter_other"))
    log_tags(data_dir, [(f"cmp_{n}", HOSTILE) for n in range(1, 20)])


def test_the_sentence_is_that_of_judge_and_a_switch_keeps_the_origins_apart(
    start: Start, tmp_path: Path
) -> None:
    both_origins(tmp_path)
    screen = start(tmp_path)
    open_results(screen)
    page = screen.page

    assert page.inner_text(SENTENCE) == sentence_of(tmp_path)
    assert page.inner_text(SENTENCE).startswith("You prefer pro")
    assert page.get_attribute(f"{PAGE} .pg-res-verdict", "data-origin") == "live"
    assert page.get_attribute("[data-origin-choice=live]", "aria-pressed") == "true"
    assert page.inner_text("#weighed-said") == sentence_of(tmp_path)

    page.focus("[data-origin-choice=emulated]")
    page.keyboard.press("Enter")
    page.wait_for_selector(f"{PAGE} [data-origin=emulated]")
    # On the screen a badge says that they are emulated; to those who listen the sentence does.
    badge = "Emulated pictures, no evidence about the models. "
    assert badge + page.inner_text(SENTENCE) == sentence_of(tmp_path, Origin.EMULATED)
    assert "EMULATED" in page.inner_text(f"{PAGE} .pg-res-origin").upper()
    assert page.get_attribute("[data-origin-choice=emulated]", "aria-pressed") == "true"
    page.wait_for_function(
        "words => document.querySelector('#weighed-said').textContent === words",
        arg=sentence_of(tmp_path, Origin.EMULATED),
    )

    page.select_option("#weighed-filters [name=voter]", "me")
    wait_for_n(screen, 0)
    assert page.inner_text(SENTENCE) == "No votes yet."


def test_tags_prompts_and_names_of_experiments_are_only_words(start: Start, tmp_path: Path) -> None:
    both_origins(tmp_path)
    screen = start(tmp_path)
    open_results(screen)
    page = screen.page
    whole = int(page.get_attribute(f"{PAGE} .pg-res-verdict", "data-n") or 0)

    page.select_option("#weighed-filters [name=tag]", HOSTILE.casefold())
    page.wait_for_selector("#weighed-filters [data-clear-all]:visible")
    page.wait_for_function(
        "n => Number(document.querySelector('.pg-res-verdict').dataset.n) < n", arg=whole
    )
    assert "A part of the log only" in page.inner_text(f"{PAGE} .pg-res-origin")
    page.click("#weighed-filters [data-clear-all]")
    wait_for_n(screen, whole)
    page.select_option("#weighed-filters [name=experiment]", HOSTILE)
    page.wait_for_selector(f"{PAGE} [data-origin=emulated]")

    assert page.evaluate("window.pwned") is None
    assert page.locator("#weighed img[src=x]").count() == 0
    assert HOSTILE in page.inner_text("#weighed-filters [name=experiment]")


def test_a_part_of_the_log_has_the_sentence_of_that_part(start: Start, tmp_path: Path) -> None:
    runs = [
        *comparisons(20),
        *(
            replace(
                run,
                run_id=f"x{run.run_id}",
                comparison_id=f"x{run.comparison_id}",
                prompt=f"Again: {run.prompt}",
            )
            for run in comparisons(9, experiment_id="exp_lighthouses")
        ),
    ]
    log_runs(tmp_path, runs)
    log_votes(tmp_path, synthetic_votes(runs, share=0.8))
    screen = start(tmp_path)
    open_results(screen)
    wait_for_n(screen, 29)

    screen.page.select_option("#weighed-filters [name=experiment]", "exp_lighthouses")
    wait_for_n(screen, 9)

    expected = sentence_of(tmp_path, experiment_id="exp_lighthouses")
    assert screen.page.inner_text(SENTENCE) == expected


def test_pairs_that_disagree_open_on_compare_and_pixels_are_measured_on_request(
    start: Start, tmp_path: Path
) -> None:
    both_origins(tmp_path)
    screen = start(tmp_path)
    open_results(screen)
    page = screen.page

    assert page.locator("[data-section=pixels] table").count() == 0
    page.click("[data-act=measure]")
    page.wait_for_selector("[data-section=pixels] details[open] table")
    assert "12 pairs, each measured" in page.inner_text("[data-section=pixels]")
    page.wait_for_function("document.activeElement.dataset.key === 'measure'")

    button = page.locator("[data-section=against] [data-act=show]").first
    comparison = button.get_attribute("data-comparison")
    assert button.locator("xpath=ancestor::li").locator("img").count() == 2
    button.click()
    page.wait_for_selector("#tab-compare:visible")
    page.wait_for_function(
        "id => document.querySelector('.pg-card')?.dataset.comparison === id", arg=comparison
    )
    page.get_by_role("tab", name="Results").click()
    page.wait_for_selector(SENTENCE)


def test_an_empty_log_shows_the_way(start: Start, tmp_path: Path) -> None:
    screen = start(tmp_path)
    open_results(screen)

    assert "Nothing to go by yet" in screen.page.inner_text(PAGE)
    assert not screen.page.is_visible("#weighed-filters select")
    screen.page.focus(f"{PAGE} [data-tab=compare]")
    screen.page.keyboard.press("Enter")
    screen.page.wait_for_selector("#prompt textarea:visible")


def test_it_fits_a_phone_and_is_dark_in_the_dark(start: Start, tmp_path: Path) -> None:
    a_long_history(tmp_path, 40)
    screen = start(tmp_path)
    screen.page.emulate_media(color_scheme="dark")
    screen.page.set_viewport_size(PHONE)
    open_results(screen)

    assert overhang(screen) <= 0
    # None of them in a menu, where no address would find it.
    tabs = screen.page.locator("#tabs [role=tab]:visible")
    copies = screen.page.locator("#tabs .tab-container[aria-hidden=true] button")
    assert tabs.count() == copies.count() >= 4
    last = tabs.last.bounding_box()
    assert last is not None
    assert last["x"] + last["width"] <= PHONE["width"]
    screen.page.evaluate(
        "document.querySelectorAll('#weighed details').forEach(d => d.open = true)"
    )
    assert overhang(screen) <= 0
    ink, surface, line = screen.page.evaluate(
        """() => {
          const colour = (name, of) => getComputedStyle(document.querySelector(name))[of];
          return [colour(".pg-res-sentence", "color"),
            colour(".pg-res-verdict", "backgroundColor"), colour(".pg-plot-line", "stroke")];
        }"""
    )
    assert (ink, surface, line) == ("rgb(236, 236, 234)", "rgb(26, 28, 32)", "rgb(163, 176, 255)")


@needs_axe
def test_axe_finds_nothing_wrong_with_it(start: Start, tmp_path: Path) -> None:
    a_long_history(tmp_path, 40)
    screen = start(tmp_path)
    for scheme in ("light", "dark"):
        screen.page.emulate_media(color_scheme=scheme)
        open_results(screen)
        screen.page.click("[data-act=measure]")
        screen.page.wait_for_selector("[data-section=pixels] table")
        screen.page.evaluate(
            "document.querySelectorAll('#weighed details').forEach(d => d.open = true)"
        )
        assert findings(screen.page) == []


def test_tables_open_by_keyboard_and_stay_open_when_it_is_drawn_anew(
    start: Start, tmp_path: Path
) -> None:
    a_long_history(tmp_path, 40)
    screen = start(tmp_path)
    open_results(screen)
    page = screen.page

    page.focus("[data-keep=times] summary")
    page.keyboard.press("Enter")
    page.wait_for_selector("[data-keep=times][open]")
    page.select_option("#weighed-filters [name=voter]", "me")
    page.wait_for_function("document.querySelector('#weighed-filters [name=voter]').value === 'me'")
    page.get_by_role("tab", name="History").click()
    page.get_by_role("tab", name="Results").click()

    page.wait_for_selector("[data-keep=times][open]")


# ---- from the first vote to the sentence ----------------------------------------------------------

N_PROMPTS = 60
N_FOR_PRO = 42  # 70 of 100


@pytest.mark.slow
def test_sixty_votes_by_keyboard_end_in_the_right_sentence(start: Start, tmp_path: Path) -> None:
    # Blue ones from flex, red ones from pro, no two alike.
    runs = [
        keep_picture(tmp_path, run, coloured(place, is_red=run.lane == 2))
        for place, run in enumerate(comparisons(N_PROMPTS))
    ]
    log_runs(tmp_path, runs)
    screen = start(tmp_path)
    open_results(screen)
    page, token = screen.page, ""
    assert page.inner_text(SENTENCE) == "No votes yet."
    page.click(f"{PAGE} [data-tab=judge]")
    judge_tab = Judge(page, tmp_path)
    for n in range(N_PROMPTS):
        token = judge_tab.wait_for_pair(token)
        # Spread evenly, so that no early luck decides.
        wanted = MODELS[(n + 1) * N_FOR_PRO // N_PROMPTS > n * N_FOR_PRO // N_PROMPTS]
        judge_tab.vote("1" if looks_like(screen) == wanted else "2")
        judge_tab.press("Enter")
    page.wait_for_selector("#judge-message [data-state=done]")

    page.get_by_role("tab", name="Results").click()
    wait_for_n(screen, N_PROMPTS)

    said = page.inner_text(SENTENCE)
    assert said == sentence_of(tmp_path)
    assert said.startswith(f"You prefer pro: {N_FOR_PRO} of {N_PROMPTS} prompts (")
    assert "Every pair here is judged." in page.inner_text(PAGE)


def coloured(place: int, *, is_red: bool) -> bytes:
    out = BytesIO()
    colour = (200, place, 30) if is_red else (30, place, 200)
    Image.new("RGB", (96, 64), colour).save(out, "PNG")
    return out.getvalue()


def looks_like(screen: Screen) -> str:
    """The model of the picture on the left, told by its colour as an eye would."""
    red, _, blue = screen.page.evaluate(
        """() => {
          const canvas = document.createElement("canvas");
          canvas.width = canvas.height = 1;
          const pen = canvas.getContext("2d");
          pen.drawImage(document.querySelector("#judge-stage .pg-stage-pane[data-slot='0'] img"), 0, 0, 1, 1);
          return Array.from(pen.getImageData(0, 0, 1, 1).data.slice(0, 3));
        }"""
    )
    return MODELS[red > blue]
