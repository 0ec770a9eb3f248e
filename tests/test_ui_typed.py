"""What is kept while the page changes its language: what the forms can hold, and not much of it."""

import json
from typing import Any

import pytest

from playground.ui.compare.choices import default_choices
from playground.ui.experiment.form import untouched
from playground.ui.typed import MAX_TYPED_BYTES, packed, plain_comparison, plain_plan

ITEM = {"token": "t1", "name": "雨.png", "thumb": "/gradio_api/file=/x.webp", "detail": "1 × 1"}
CHOSEN = {
    "size": "16:9",
    "resolution": "2K",
    "repeats": 3,
    "lanes": ["flux-2-pro", "flux-2-pro"],
}
PLAN = {
    **untouched(),
    "name": "rain",
    "prompts": "a\n雨",
    "file": {"path": "/up/a.csv", "name": "a.csv"},
    "ratios": ["1:1", "16:9"],
    "repeats": 4,
    "sets": [[ITEM, ITEM]],
    "bare": False,
    "budget": "5",
}
DEEP: list[Any] = [{"x": "y" * 1000}] * 1000


def test_what_a_person_typed_is_kept_as_it_was() -> None:
    compare, plan = ["a fox  ", [ITEM], CHOSEN], [PLAN, [{**ITEM, "thumb": None}]]

    kept = packed({"compare": plain_comparison(*compare), "experiment": plain_plan(*plan)})

    assert json.loads(kept["compare"]) == compare
    assert json.loads(kept["experiment"]) == plan


@pytest.mark.parametrize("told", [None, 7, DEEP, {"size": DEEP, "sets": [DEEP], "lanes": DEEP}])
def test_anything_else_is_kept_as_an_untouched_form(told: Any) -> None:
    prompt, references, choices = plain_comparison(None, {"0": ITEM}, told)
    plan, strip = plain_plan(told, {"0": ITEM})

    assert [prompt, references, choices] == ["", [], default_choices()]
    assert strip == []
    empty: dict[str, Any] = {
        "models": [],
        "ratios": [],
        "resolutions": [],
    }  # nothing checked, as it may be
    assert plan == {**untouched(), **empty}


def test_of_each_field_no_more_is_kept_than_it_can_hold() -> None:
    huge = {**dict.fromkeys(ITEM, "x" * 100_000), "more": DEEP}
    sets = [[huge] * 100] * 100

    _, references, _ = plain_comparison("", [huge] * 100, {**CHOSEN, "more": DEEP})
    plan, strip = plain_plan({**PLAN, "sets": sets, "more": DEEP}, [huge] * 100)

    assert [len(references), len(strip), len(plan["sets"])] == [8, 8, 12]
    assert set(plan) == set(untouched())
    assert set(references[0]) == set(ITEM)
    assert len(json.dumps(references)) < 40_000


def test_one_visit_keeps_little_whatever_it_sends() -> None:
    prompt = "雨" * (MAX_TYPED_BYTES // 3 - 100)

    kept = packed({"compare": plain_comparison(prompt, [], {}), "experiment": [prompt]})
    none = packed({"compare": plain_comparison(prompt * 2, [], {})})

    assert list(kept) == ["compare"]
    assert sum(map(len, kept.values())) <= MAX_TYPED_BYTES
    assert none == {}


def test_half_a_character_does_not_come_back() -> None:
    kept = packed({"compare": ["a\ud800b"]})

    assert json.loads(kept["compare"]) == ["a?b"]
