"""The catalogue: every text is used, and every text that is used is there."""

import re
from pathlib import Path

import pytest

import playground.ui.texts as texts
from playground.runner.views import Phase
from playground.schema import (
    Answer,
    EstimateKind,
    MarkKind,
    Origin,
    Reason,
    Run,
    RunStatus,
    column_info,
)
from playground.ui.history_filters import untouched
from playground.ui.texts import ENGLISH, text

FOLDER = Path(texts.__file__).parent.parent
# Names that the code puts together from a closed set of words.
HISTORY_WORDS = (
    *(f"view_{view}" for view in ("gallery", "table")),
    *(f"choose_{side}" for side in ("first", "second")),
    *("first", "previous", "next", "last"),
    *("judged", "part_judged", "unjudged"),
    *(f"column_{name}" for name in ("select", "prompt", "when", "request", "models")),
    *(f"column_{name}" for name in ("pictures", "marks")),
)
NOT_CALLED_FILTERS = ("text", "page_size", "view")
BUILT = {
    *(f"phase.{phase}" for phase in Phase if phase is not Phase.DONE),
    *(f"status.{status}" for status in RunStatus),
    *(f"origin.{origin}" for origin in Origin),
    *(f"origin.{origin}_detail" for origin in Origin),
    *(f"money.before_{kind}" for kind in EstimateKind),
    *(f"field.{name}" for name in column_info(Run)),
    *(f"group.{info['group']}" for info in column_info(Run).values()),
    *(f"history.vote_{answer}" for answer in Answer),
    *(f"history.did_{kind}_{state}" for kind in MarkKind for state in ("on", "off")),
    *(f"history.filter_{name}" for name in untouched() if name not in NOT_CALLED_FILTERS),
    *(f"history.{name}" for name in HISTORY_WORDS),
    *(f"vote.reason_{reason}" for reason in Reason),
    *(f"judge.{name}{end}" for name in ("empty", "empty_scope") for end in ("", "_hint")),
}
# Held against its scripts in test_ui_stage.
STAGE = {name for name in ENGLISH if name.startswith("stage.")}


def _named_in_python() -> set[str]:
    groups = {name.partition(".")[0] for name in ENGLISH}
    sources = "".join(
        file.read_text("utf-8") for file in FOLDER.glob("*.py") if file.name != "texts.py"
    )
    names = re.findall(r"""["']([a-z]+\.[a-z_]+)["']""", sources)
    return {
        name
        for name in names
        if name.partition(".")[0] in groups and not (FOLDER / "assets" / name).exists()
    }


def _named_in_scripts() -> set[str]:
    script = (FOLDER / "assets" / "references.js").read_text("utf-8")
    page = (FOLDER / "assets" / "references.html").read_text("utf-8")
    short = set(re.findall(r'words\("([a-z_]+)"', script))
    short |= set(re.findall(r'(?:say|button)\("([a-z_]+)"', script))
    short |= set(re.findall(r'data-text="([a-z_]+)"', page))
    return {f"references.{name}" for name in short} | _named_in_panels() | STAGE


def _named_in_panels() -> set[str]:
    """What the scripts of the vote panel and of the Judge tab ask for."""
    panel = (FOLDER / "assets" / "vote.js").read_text("utf-8")
    page = (FOLDER / "assets" / "vote.html").read_text("utf-8")
    head = (FOLDER / "assets" / "judge.js").read_text("utf-8")
    short = set(re.findall(r"texts\.([a-z_]+)", panel))
    short |= set(re.findall(r'data-(?:text|label)="([a-z_]+)"', page))
    short |= {"next", "next_pair"}  # by screen
    counts = set(re.findall(r'words\("([a-z_]+)"', head))
    return {f"vote.{name}" for name in short} | {f"judge.{name}" for name in counts}


def test_every_text_that_is_named_exists() -> None:
    named = _named_in_python() | _named_in_scripts() | BUILT

    assert named <= set(ENGLISH)


def test_no_text_is_left_over() -> None:
    advice = {name for name in ENGLISH if name.startswith("advice.")}

    assert set(ENGLISH) == _named_in_python() | _named_in_scripts() | BUILT | advice


def test_a_missing_value_is_an_error_and_not_an_empty_place() -> None:
    with pytest.raises(KeyError):
        text("confirm.buy")
