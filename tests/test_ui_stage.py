"""What leaves the server for the stage, and that its files fit together."""

import json
import re
from dataclasses import replace

import pytest

from playground.ui.stage import (
    STYLE_SHEET,
    StagePicture,
    empty_stage,
    stage,
    stage_value,
)
from playground.ui.texts import texts_of
from playground.ui.widgets import ASSETS, asset

FLEX = StagePicture(
    url="file=flex.png", width_px=1024, height_px=1024, label="FLUX.2 flex", alt="flex: a cat"
)
PRO = StagePicture(
    url="file=pro.png", width_px=1024, height_px=1536, label="FLUX.2 pro", alt="pro: a cat"
)
REFERENCE = StagePicture(
    url="file=cat.png", width_px=800, height_px=600, label="image 1", alt="A cat", is_neutral=True
)
SCRIPTS = sorted(path.name for path in ASSETS.glob("stage*.js"))


def test_two_pictures_are_named_a_and_b():
    value = stage_value(FLEX, PRO)

    assert value["pictures"] == [
        {"key": "0", "mark": "A", "label": "FLUX.2 flex", "alt": "flex: a cat", "url": FLEX.url},
        {"key": "1", "mark": "B", "label": "FLUX.2 pro", "alt": "pro: a cat", "url": PRO.url},
    ]
    assert value["isBlind"] is False


def test_other_pictures_are_numbered_unless_they_bring_a_mark():
    repeat = replace(FLEX, url="file=second.png", mark="A2")

    value = stage_value(FLEX, PRO, others=[REFERENCE, repeat])

    assert [each["mark"] for each in value["pictures"]] == ["A", "B", "1", "A2"]
    assert len({each["key"] for each in value["pictures"]}) == 4


def test_blind_only_marks_and_addresses_leave_the_server():
    a = replace(FLEX, url="file=x7.png", mark="flex")
    b = replace(PRO, url="file=k2.png")

    value = stage_value(
        a, b, others=[replace(FLEX, url="file=flex-2.png"), REFERENCE], is_blind=True
    )

    told = json.dumps(value)
    assert not any(word in told for word in ("flex", "pro", "FLUX", "a cat"))
    assert [each["mark"] for each in value["pictures"]] == ["A", "B", "1"]
    assert [each["alt"] for each in value["pictures"][:2]] == ["Picture A", "Picture B"]


def test_blind_the_kept_room_does_not_tell_whose_size_it_is():
    told = stage_value(FLEX, PRO, is_blind=True, pair_id="p")
    mirrored = stage_value(
        replace(PRO, url=FLEX.url), replace(FLEX, url=PRO.url), is_blind=True, pair_id="p"
    )

    assert told == mirrored
    assert told["box"] == [1024, 1536]


def test_a_pair_is_the_same_while_its_addresses_or_its_name_are():
    same = stage_value(FLEX, PRO)["pair"]

    assert stage_value(replace(FLEX, label="other"), PRO)["pair"] == same
    assert stage_value(replace(FLEX, url="file=other.png"), PRO)["pair"] != same
    assert stage_value(PRO, FLEX)["pair"] != same
    assert stage_value(FLEX, PRO, pair_id="c1")["pair"] == "c1"


def test_an_empty_stage_shows_no_picture():
    assert empty_stage()["pictures"] == []
    assert stage().value == empty_stage()


def test_the_template_is_no_template():
    # The framework runs `${…}` and fills `{{…}}` in it: what is data must never pass through it.
    markup = asset("stage.html")

    assert not re.search(r"\$\{|\{\{|`|\\", markup)
    assert "@children" not in markup


def test_every_text_that_is_asked_for_is_in_the_catalogue_and_the_other_way_round():
    scripts = "\n".join(asset(name) for name in SCRIPTS)
    asked = set(re.findall(r'words\(\s*(?:why \|\| )?"(\w+)"', scripts))
    asked |= set(re.findall(r'data-(?:text|label)="(\w+)"', asset("stage.html")))
    asked |= {"side", "slider", "blink", "fade", "difference"}  # by mode
    asked |= {"side_0", "side_1", "loading", "empty"}  # by side and state
    known = set(texts_of("stage"))
    in_python = {name for name in known if name.startswith("key_")} | {"blind_alt"}

    assert asked <= known
    assert known - asked - in_python == set()


def test_the_keys_on_the_buttons_are_those_of_the_list():
    buttons = set(re.findall(r'aria-keyshortcuts="(.)"', asset("stage.html")))
    keys = dict.fromkeys(key.lower() for keys, _ in stage().props["keys"] for key in keys)

    assert {key.replace("-", "−") for key in buttons} <= set(keys)


def test_keys_of_the_vote_are_listed_where_there_is_one():
    def listed(widget):
        return {key for keys, _ in widget.props["keys"] for key in keys}

    assert listed(stage(has_votes=True)) - listed(stage()) == {"1", "2", "3", "4", "C", "W"}


@pytest.mark.parametrize("name", [*SCRIPTS, "stage.html", STYLE_SHEET])
def test_nothing_comes_from_elsewhere(name):
    words = asset(name).replace("http://www.w3.org/2000/svg", "")

    assert "//" not in re.sub(r"(^|\s)//.*", "", words)
    assert "http" not in words


@pytest.mark.parametrize("name", SCRIPTS)
def test_no_text_becomes_markup(name):
    script = asset(name)

    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", script)


def test_every_script_is_part_of_the_widget():
    whole = stage().js_on_load

    assert whole is not None
    assert all(asset(name) in whole for name in SCRIPTS)
