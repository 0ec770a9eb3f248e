"""The page as it is put together: what is private, what is served, what may come in."""

import re
from collections.abc import Iterator

import gradio as gr
import pytest
from gradio.data_classes import _StaticFiles

from playground import ui
from playground.emulator.faults import Endpoint
from playground.runner.desk import Desk
from playground.settings import Settings
from playground.ui.compare.choices import choices_widget
from playground.ui.compare.easel import Form
from playground.ui.compare.screen import form_of


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    started = Desk(Settings(data_dir=tmp_path_factory.mktemp("page"), allowed_hosts=("a.example",)))
    started.start()
    yield started
    started.close()


@pytest.fixture(scope="module")
def page(desk: Desk) -> gr.Blocks:
    return ui.build(desk)


def test_programs_are_offered_three_endpoints_and_no_event_of_the_screen(page: gr.Blocks) -> None:
    offered = {fn.api_name for fn in page.fns.values() if fn.api_visibility != "private"}

    assert list(page.get_api_info()["named_endpoints"]) == ["/compare", "/status", "/verdict"]
    assert offered == {"compare", "status", "verdict"}


def test_building_the_page_buys_nothing(page: gr.Blocks, desk: Desk) -> None:
    assert page is not None
    server = desk.playground.emulator
    assert server is not None
    assert server.emulator.tally.requests[Endpoint.CREATE] == 0


def test_only_pictures_and_their_small_copies_are_served(page: gr.Blocks, desk: Desk) -> None:
    assert page is not None
    served = {
        path for path in _StaticFiles.all_paths if path.is_relative_to(desk.settings.data_dir)
    }

    assert {path.name for path in served} == {"pictures", "thumbnails"}


def test_the_form_names_no_side_for_which_is_a_may_be_drawn() -> None:
    form = str(choices_widget().html_template)

    assert "First model" in form
    assert "Second model" in form
    assert "Side" not in form


def test_what_must_be_off_is_off(desk: Desk) -> None:
    options = ui.launch_options(desk)

    assert options["run_history"] is False
    assert options["ssr_mode"] is False
    assert options["share"] is False
    assert options["enable_monitoring"] is False
    assert options["strict_cors"] is True
    assert [entry.cls.__name__ for entry in options["app_kwargs"]["middleware"]] == [
        "SafeHeaders",
        "KnownHosts",
        "NoFetching",
        "Door",
        "PageLanguage",
        "FrontPage",
    ]


def test_the_head_fetches_nothing(desk: Desk) -> None:
    head = ui.launch_options(desk)["head"]
    # A picture written out in the style sheet is fetched from nowhere.
    head = re.sub(r"""url\((["']?)data:[^)]*?\1\)""", "", head)

    for sign in ("http://", "https://", "@import", "url(", " src="):
        assert sign not in head


@pytest.mark.parametrize(
    ("sent", "form"),
    [
        (
            (
                "A fox",
                [{"token": "t"}],
                {"size": "4:3", "resolution": "2K", "repeats": 2, "lanes": ["a", "b"]},
            ),
            Form(
                prompt="A fox",
                references=[{"token": "t"}],
                size="4:3",
                resolution="2K",
                repeats=2,
                lanes=("a", "b"),
            ),
        ),
        (
            (None, None, None),
            Form(prompt="", references=[], size="None", resolution="None", repeats=0, lanes=()),
        ),
        (
            (
                {"a": 1},
                "x",
                {"size": 3, "resolution": [], "repeats": True, "lanes": "flux", "more": 1},
            ),
            Form(prompt="", references=[], size="3", resolution="[]", repeats=0, lanes=()),
        ),
        (
            ("p", [], {"size": "1:1", "resolution": "1K", "repeats": 2.5, "lanes": [1] * 9}),
            Form(
                prompt="p", references=[], size="1:1", resolution="1K", repeats=0, lanes=("1", "1")
            ),
        ),
    ],
)
def test_whatever_a_page_sends_becomes_a_form_that_can_be_judged(
    sent: tuple[object, object, object], form: Form
) -> None:
    assert form_of(*sent) == form
