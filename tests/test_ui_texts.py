"""The catalogue: every text is used, and every text that is used is there."""

import re
from pathlib import Path

import pytest

import playground.ui.texts as texts
from playground.runner.views import Phase
from playground.schema import EstimateKind, Origin, RunStatus
from playground.ui.texts import ENGLISH, text

FOLDER = Path(texts.__file__).parent
# Names that the code puts together from a closed set of words.
BUILT = {
    *(f"phase.{phase}" for phase in Phase if phase is not Phase.DONE),
    *(f"status.{status}" for status in RunStatus),
    *(f"origin.{origin}" for origin in Origin),
    *(f"origin.{origin}_detail" for origin in Origin),
    *(f"money.before_{kind}" for kind in EstimateKind),
}


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
    return {f"references.{name}" for name in short}


def test_every_text_that_is_named_exists() -> None:
    named = _named_in_python() | _named_in_scripts() | BUILT

    assert named <= set(ENGLISH)


def test_no_text_is_left_over() -> None:
    advice = {name for name in ENGLISH if name.startswith("advice.")}

    assert set(ENGLISH) == _named_in_python() | _named_in_scripts() | BUILT | advice


def test_a_missing_value_is_an_error_and_not_an_empty_place() -> None:
    with pytest.raises(KeyError):
        text("confirm.buy")
