"""Plans: what people write becomes pictures with fixed ids, or every place that is wrong is named."""

import json
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playground import catalog, pricing
from playground.errors import InvalidPlanError
from playground.experiment.outlook import outlook, outlook_json, picture_seconds
from playground.experiment.plan import (
    MAX_PICTURES,
    NO_REFERENCES,
    Plan,
    ReferenceSet,
    Settings,
    make_plan,
)
from playground.experiment.plan_file import load_plan, plan_bytes, save_plan
from playground.experiment.prompts import from_csv, from_file, from_lines
from playground.experiment.templates import FilledPrompts, fill
from playground.experiment.words import outlook_lines
from playground.references import prepare_reference
from playground.schema import Origin, Reference, RunStatus
from tests.judging_rig import a_run
from tests.photos import PHOTOS

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
TODAY = NOON.date()


def planned(filled: FilledPrompts, choices: Settings | None = None, **changes) -> Plan:
    told = {"app_version": "0.1.0", "at": NOON, "seed": 1, **changes}
    return make_plan(filled, choices or Settings(), **told)


def some(n: int, choices: Settings | None = None, **changes) -> Plan:
    lines = "\n".join(f"A lighthouse, number {number}" for number in range(n))
    return planned(fill(from_lines(lines), limit=n), choices, **changes)


def texts(filled: FilledPrompts) -> list[str]:
    return [prompt.text for prompt in filled.prompts]


# ---- prompts ----------------------------------------------------------------------------------


def test_a_line_is_a_prompt():
    filled = fill(from_lines("  A cat \n\nA dog\r\n"), limit=9)

    assert texts(filled) == ["A cat", "A dog"]
    assert [prompt.line for prompt in filled.prompts] == [1, 3]


def test_lists_of_values_fill_a_template_in_every_combination():
    filled = fill(
        None,
        template="A {{thing}} in {{ place }}",
        lists={"thing": ["cat", "dog"], "place": ["Rome", "Oslo"]},
        limit=9,
    )

    assert texts(filled) == ["A cat in Rome", "A cat in Oslo", "A dog in Rome", "A dog in Oslo"]
    assert filled.prompts[1].values == (("thing", "cat"), ("place", "Oslo"))


def test_a_value_that_looks_like_a_variable_is_left_as_it_is():
    filled = fill(None, template="{{a}}{{b}}", lists={"a": ["{{b}}"], "b": ["x"]}, limit=9)

    assert texts(filled) == ["{{b}}x"]


def test_columns_are_variables_and_the_unused_ones_tags():
    table = from_csv(
        'prompt,scene,kind,tags\n"A {{scene}},\nseen from above",harbour,Sea,first; Night\n'
        "A plain one,,land,\n"
    )
    filled = fill(table, limit=9)

    assert texts(filled) == ["A harbour,\nseen from above", "A plain one"]
    assert filled.prompts[0].tags == ("first", "night", "kind: sea")
    assert filled.prompts[1].tags == ("kind: land",)
    assert [prompt.line for prompt in filled.prompts] == [2, 4]


def test_a_template_is_used_for_every_row():
    table = from_csv("scene;light\nharbour;dawn\nforest;noon\n")

    filled = fill(table, template="A {{scene}} at {{light}}, {{n}}", lists={"n": ["1"]}, limit=9)

    assert texts(filled) == ["A harbour at dawn, 1", "A forest at noon, 1"]
    assert filled.prompts[0].tags == ()


def test_duplicates_are_planned_once_and_said():
    filled = fill(from_lines("A cat\nA dog\n A cat "), limit=9)

    assert texts(filled) == ["A cat", "A dog"]
    assert filled.notes[0].startswith("prompts, line 3: The same prompt as line 1")
    assert "repeats" in filled.notes[0]


BAD_TABLES = {
    "empty": ("", None, None, "empty"),
    "no rows": ("prompt\n", 1, None, "Add one"),
    "no column of prompts": ("scene\nharbour\n", 1, None, "'scene'"),
    "a column without a name": ("prompt,\nA cat,x\n", 1, 2, "no name"),
    "a column twice": ("prompt,a,a\nx,y,z\n", 1, 3, "Rename"),
    "a setting as a column": ("prompt,ratio\nA cat,1:1\n", 1, 2, "Unknown column 'ratio'"),
    "a column almost right": ("Prompt,a\nA cat,b\n", 1, 1, "Write it 'prompt'"),
    "a cell too few": ("prompt,a\nA cat,1\nA dog\n", 3, 2, "cells"),
    "a cell too many": ('prompt,a\n"A\ncat",1\nA dog,2,3\n', 4, 3, "quotes"),
    "quotes never closed": ('prompt\nA cat\n"A dog\n', 3, None, "quotes"),
    "an empty prompt": ("prompt,a\nA cat,1\n,2\n", 3, 1, "empty"),
    "an empty variable": ("prompt,a\nA {{a}},1\nB {{a}},\n", 3, 2, "'a' is empty"),
    "an unknown variable": ("a,prompt\n1,A {{b}}\n", 2, 2, "{{b}}"),
    "a brace left open": ("prompt,a\nA {{a,1\n", 2, 1, "'{{' at character 3"),
    "a tag too long": (f"prompt,a\nA cat,{'x' * 80}\n", 2, None, "Shorten"),
}


@pytest.mark.parametrize("case", BAD_TABLES)
def test_a_bad_table_names_the_place_and_the_remedy(case):
    text, line, column, said = BAD_TABLES[case]

    with pytest.raises(InvalidPlanError) as caught:
        fill(from_csv(text, source="t.csv"), limit=9)

    (problem, *_) = caught.value.problems
    assert (problem.source, problem.line, problem.column) == ("t.csv", line, column)
    assert said in problem.message


def test_every_wrong_row_is_told_at_once():
    with pytest.raises(InvalidPlanError) as caught:
        fill(from_csv("prompt,a\nA {{x}},1\nB {{a}},\nC {{y}},1\n"), limit=9)

    assert [problem.line for problem in caught.value.problems] == [2, 3, 4]


@pytest.mark.parametrize(
    ("data", "line", "column", "said"),
    [
        ("A cat\nA caf\xe9\n".encode("latin-1"), 2, 6, "UTF-8"),
        ("A cat\n".encode("utf-16-le"), 1, None, "UTF-8"),
        (b"\n \n", None, None, "no prompt"),
        (None, None, None, "cannot be read"),
    ],
)
def test_a_bad_file_names_the_place_and_the_remedy(data, line, column, said, tmp_path):
    path = tmp_path / "prompts.txt"
    if data is not None:
        path.write_bytes(data)

    with pytest.raises(InvalidPlanError) as caught:
        from_file(path)

    (problem,) = caught.value.problems
    assert (problem.source, problem.line, problem.column) == ("prompts.txt", line, column)
    assert said in problem.message


def test_a_byte_order_mark_is_no_part_of_the_first_column(tmp_path):
    path = tmp_path / "p.csv"
    path.write_bytes(b"\xef\xbb\xbfprompt\nA cat\n")

    assert texts(fill(from_file(path), limit=9)) == ["A cat"]


@pytest.mark.parametrize(
    ("template", "lists", "said"),
    [
        (None, {}, "There is no prompt"),
        ("A {{x}}", {}, "Unknown variable {{x}}"),
        ("A {{x}}", {"x": []}, "'x' has an empty value"),
        ("A {{x}}", {"x": ["a", " "]}, "'x' has an empty value"),
        ("A cat", {"x": ["a"]}, "no prompt names it"),
        ("A }} cat", {}, "no counterpart"),
        ("{{a}}{{b}}", {"a": ["x"] * 1000, "b": ["y"] * 1000}, "1,000,000 prompts; the limit is 9"),
    ],
)
def test_a_bad_template_says_what_to_do(template, lists, said):
    with pytest.raises(InvalidPlanError, match=r".") as caught:
        fill(None, template=template, lists=lists, limit=9)

    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("table", "template", "lists", "place"),
    [
        (from_lines("A cat\n  A {{thing}} in {{place"), None, {}, ("prompts", 2, 18)),
        (from_lines("  A {{thing}}"), None, {}, ("prompts", 1, 5)),
        (from_csv("prompt,a\nA {{a}},x\nA {{b}},y\n"), None, {}, ("table", 3, 1)),
        (None, "A {{thing}},\nin {{place}}", {"thing": ["x"]}, ("template", 2, 4)),
        (from_lines("A cat"), None, {"thing": ["x"]}, ("values", None, None)),
        (None, "A {{x}}", {"x": [" "]}, ("values", None, None)),
    ],
)
def test_what_is_wrong_is_told_where_it_begins(table, template, lists, place):
    with pytest.raises(InvalidPlanError) as caught:
        fill(table, template=template, lists=lists, limit=9)

    problem = caught.value.problems[0]
    assert (problem.source, problem.line, problem.column) == place


def test_prompts_of_a_table_are_not_silently_replaced_by_a_template():
    with pytest.raises(InvalidPlanError, match="prompts of its own"):
        fill(from_csv("prompt\nA cat\n"), template="Something else", limit=9)
    with pytest.raises(InvalidPlanError, match="list of values too"):
        fill(from_csv("prompt,a\nA cat,x\n"), lists={"a": ["1"]}, limit=9)


# ---- the plan ---------------------------------------------------------------------------------


def test_everything_is_crossed_prompt_by_prompt():
    choices = Settings(ratios=("1:1", "16:9"), resolutions=("1K", "2K"), repeats=3)
    plan = some(2, choices)

    assert len(plan.comparisons) == 2 * 2 * 2
    assert plan.n_pictures == 8 * 2 * 3 == len(set(plan.run_ids()))
    assert [each.prompt for each in plan.comparisons] == [0] * 4 + [1] * 4
    comparison = plan.comparison(plan.comparisons[1])
    assert (comparison.size, comparison.resolution) == ("1:1", "2K")
    assert comparison.experiment_id == plan.experiment_id
    assert set(comparison.run_ids) == {(lane, n) for lane in (1, 2) for n in (1, 2, 3)}


def test_the_order_of_lanes_is_drawn_recorded_and_balanced():
    plan = some(100, seed=7)
    orders = [each.lane_order for each in plan.comparisons]

    assert Counter(orders) == {(1, 2): 50, (2, 1): 50}
    assert all(
        set(block) == {(1, 2), (2, 1)} for block in zip(orders[::2], orders[1::2], strict=True)
    )
    assert orders == [each.lane_order for each in some(100, seed=7).comparisons]
    assert orders != [each.lane_order for each in some(100, seed=8).comparisons]
    assert next(plan.comparison(plan.comparisons[0]).places())[0] == orders[0][0]


@pytest.mark.parametrize(
    ("changes", "source", "said"),
    [
        ({"ratios": ("1:1", "5:4")}, "ratio", "'5:4'"),
        ({"ratios": ("1:1", "1:1")}, "ratio", "twice"),
        ({"ratios": ()}, "ratio", "at least one"),
        ({"resolutions": ("4K",)}, "resolution", "'4K'"),
        ({"models": ("flux-9",)}, "model", "'flux-9'"),
        ({"models": catalog.DEFAULT_LANES * 3}, "model", "6 lanes"),
        ({"repeats": 0}, "repeats", "0 repeats"),
        ({"repeats": 5}, "repeats", "1 to 4"),
        ({"reference_sets": ()}, "references", "Give a set"),
        ({"reference_sets": (NO_REFERENCES, NO_REFERENCES)}, "references", "Rename"),
        (
            {
                "reference_sets": (
                    ReferenceSet(
                        name="nine",
                        references=tuple(
                            Reference(name=str(n), url=f"https://example.org/{n}.png")
                            for n in range(9)
                        ),
                    ),
                )
            },
            "references, set 'nine'",
            "9 references",
        ),
    ],
)
def test_bad_settings_are_named_with_the_remedy(changes, source, said):
    with pytest.raises(InvalidPlanError) as caught:
        some(1, replace(Settings(), **changes))

    assert caught.value.problems[0].source == source
    assert said in caught.value.problems[0].message


def test_a_prompt_the_service_would_refuse_is_named_by_its_line():
    with pytest.raises(InvalidPlanError) as caught:
        planned(fill(from_lines("A cat\n" + "x" * 200_001), limit=9))

    assert (caught.value.problems[0].line, "Shorten" in str(caught.value)) == (2, True)


def test_a_million_pictures_are_refused_by_number():
    filled = FilledPrompts(prompts=some(1).prompts * 250_000)

    with pytest.raises(InvalidPlanError, match="1,000,000 pictures; the limit is 10,000"):
        planned(filled, Settings(repeats=2))
    assert MAX_PICTURES == 10_000


# ---- what it says -----------------------------------------------------------------------------


def price_of(request):
    return pricing.estimate(request, on=TODAY)


def test_the_outlook_tells_pictures_money_time_and_evidence():
    plan = some(60, Settings(repeats=1, resolutions=("1K",)))
    view = outlook(plan, price_of, budget_usd=Decimal("2.85"))

    assert (view.n_prompts, view.n_comparisons, view.n_pictures) == (60, 60, 120)
    assert view.worst_usd == 60 * Decimal("0.095")
    assert view.n_covered == 30
    assert view.sentence == "The budget covers 30 of 60 comparisons."
    assert view.least_s == (120 - 50) / 5
    assert (view.picture_s, view.about_s) == (None, None)
    needed = {each.plan.share: (each.plan.fixed_n, each.is_covered) for each in view.scenarios}
    assert needed[0.70] == (54, True)
    assert needed[0.65] == (97, False)
    assert view.prices[0].estimate.dated == "2026"
    json.dumps(outlook_json(view))


def test_how_long_it_takes_is_told_from_what_pictures_took_lately():
    def took(lane, total_s, **changes):
        return replace(a_run(1, lane), **{"origin": Origin.EMULATED, "total_s": total_s, **changes})

    plan = some(60)
    flex = [took(1, seconds) for seconds in (10.0, 14.0, 90.0)]
    failed = took(2, 900.0, status=RunStatus.FAILED, file=None)
    pro = [took(2, 4.0), failed, took(2, 500.0, origin=Origin.LIVE)]

    assert picture_seconds(flex, plan, Origin.EMULATED) is None  # nothing is known of the other
    assert picture_seconds([*flex, *pro], plan, Origin.EMULATED) == 14.0
    view = outlook(plan, price_of, picture_s=14.0)
    assert view.about_s == (120 - 50) / 5 + 14.0
    assert any("about 28 s in all" in line for line in outlook_lines(plan, view))


def test_numbers_are_told_in_the_singular_and_with_what_is_not_known():
    plan = some(1)
    told = "\n".join(outlook_lines(plan, outlook(plan, price_of)))

    assert "1 prompt × 2 models × 1 variant × 1 repeat = 1 comparison, 2 pictures" in told
    assert "the rate limits take no time" in told
    assert "✓" not in told
    assert "this plan has 1" in told


def test_the_cap_of_the_day_limits_too():
    assert outlook(some(5), price_of, day_left_usd=Decimal("0.2")).n_covered == 2


def test_an_unknown_price_covers_nothing_until_one_is_given():
    def flex_only(request):
        return price_of(request) if request.model == "flux-2-flex" else None

    unknown = outlook(some(5), flex_only)
    given_ = outlook(some(5), flex_only, price_usd=Decimal("0.5"), budget_usd=Decimal(2))

    assert (unknown.worst_usd, unknown.n_covered) == (None, 0)
    assert "flux-2-pro at 1K" in unknown.sentence
    assert (given_.worst_usd, given_.n_covered) == (Decimal("2.85"), 3)


# ---- the file ---------------------------------------------------------------------------------


def test_a_plan_is_read_back_as_it_was_written(tmp_path):
    references = tmp_path / "data" / "references"
    photo = prepare_reference(PHOTOS[0], name="coast.jpg", folder=references)
    web = Reference(name="web", url="https://example.org/x.png")
    sets = (NO_REFERENCES, ReferenceSet(name="both", references=(photo, web)))
    table = from_csv("prompt,kind\n\"=A {{kind}} 'x'\u2028\",\u202esea\nB,land\n")
    plan = planned(fill(table, limit=9), Settings(reference_sets=sets), name="Ünï")

    path = save_plan(plan, tmp_path / "data" / "experiments" / plan.experiment_id)

    assert load_plan(path, references_dir=references) == plan
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_shared_plan_brings_its_references_along(tmp_path):
    photo = prepare_reference(PHOTOS[0], name="coast", folder=tmp_path / "shared" / "references")
    sets = (ReferenceSet(name="coast", references=(photo,)),)
    path = tmp_path / "shared" / "plan.json"
    path.write_bytes(plan_bytes(some(1, Settings(reference_sets=sets))))

    plan = load_plan(path, references_dir=tmp_path / "mine")

    (kept,) = plan.settings.reference_sets[0].references
    assert kept.path.parent == tmp_path / "mine"
    assert kept.path.is_file()


def test_a_plan_is_never_replaced_by_another(tmp_path):
    plan = some(1)
    save_plan(plan, tmp_path / "x")

    assert save_plan(plan, tmp_path / "x").is_file()
    with pytest.raises(InvalidPlanError, match="already"):
        save_plan(replace(plan, name="another"), tmp_path / "x")


def broken(change):
    document = json.loads(plan_bytes(some(2)))
    change(document)
    return document


BROKEN = {
    "format": (lambda d: d.update(format="flux-playground/experiment/2"), "newer"),
    "no format": (lambda d: d.pop("format"), "not a plan"),
    "experiment_id": (lambda d: d.update(experiment_id="../../etc"), "not an id"),
    "comparisons[1].run_ids": (
        lambda d: d["comparisons"][1].update(run_ids=[["run_x"], ["run_y"]]),
        "every lane",
    ),
    "comparisons[0].lane_order": (
        lambda d: d["comparisons"][0].update(lane_order=[1, 1]),
        "every lane once",
    ),
    "comparisons[0].prompt": (lambda d: d["comparisons"][0].update(prompt=2), "0 to 1"),
    "comparisons[0].ratio": (lambda d: d["comparisons"][0].update(ratio="9:16"), "none of"),
    "comparisons": (lambda d: d["comparisons"].append(d["comparisons"][0]), "twice"),
    "prompts[0].tags": (lambda d: d["prompts"][0].update(tags=[1]), "texts"),
    "created_at": (lambda d: d.update(created_at="2026-01-01"), "zone"),
    "reference_sets[0].references[0]": (
        lambda d: d["reference_sets"][0].update(references=[{"name": "x", "sha256": "a" * 64}]),
        "is not here",
    ),
    "model": (lambda d: d.update(models=["flux-9", "flux-2-pro"]), "'flux-9'"),
    "repeats": (lambda d: d.update(repeats=True), "whole number"),
}


@pytest.mark.parametrize("field", BROKEN)
def test_a_damaged_plan_names_the_field(field, tmp_path):
    change, said = BROKEN[field]
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(broken(change)))

    with pytest.raises(InvalidPlanError) as caught:
        load_plan(path, references_dir=tmp_path)

    assert said in str(caught.value)
    assert field.removeprefix("no ") in caught.value.problems[0].source


@pytest.mark.parametrize("data", [b"", b"[]", b"{", b"\xff\xfe", b"[" * 100_000, b"null", b'"x"'])
def test_what_is_no_plan_says_so(data, tmp_path):
    path = tmp_path / "plan.json"
    path.write_bytes(data)

    with pytest.raises(InvalidPlanError, match=r"plan\.json"):
        load_plan(path, references_dir=tmp_path)


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60), st.lists(st.text(max_size=12), max_size=3))
def test_any_text_is_planned_or_refused_and_never_breaks(text, values):
    try:
        table = from_csv(text) if len(values) % 2 else from_lines(text)
        plan = planned(fill(table, lists={"a": values} if values else {}, limit=50))
    except InvalidPlanError:
        return
    assert all(prompt.text.strip() for prompt in plan.prompts)
    assert json.loads(plan_bytes(plan))["format"]
