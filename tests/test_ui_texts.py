"""The catalogue: every text is used, and every text that is used is there."""

import ast
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from string import Formatter

import pytest

import playground.ui.texts as texts
from playground.catalog import DEFAULT_LANES, MODELS
from playground.experiment.state import Pause
from playground.results.sentences import TEXTS
from playground.runner.views import Phase
from playground.schema import (
    Answer,
    BillingStatus,
    EstimateKind,
    MarkKind,
    Origin,
    Reason,
    Run,
    RunStatus,
    column_info,
)
from playground.ui.compare.examples import EXAMPLE_NAMES
from playground.ui.history.filters import untouched
from playground.ui.texts import CATALOGUES, ENGLISH, SAID, Language, text
from playground.ui.texts.chinese import CHINESE
from playground.ui.texts.chinese_columns import COLUMNS
from playground.ui.texts.chinese_sayings import SAYINGS
from playground.ui.texts.chinese_sentences import SENTENCES

FOLDER = Path(texts.__file__).parent.parent
# Names that the code puts together from a closed set of words.
HISTORY_WORDS = (
    *(f"view_{view}" for view in ("gallery", "table")),
    *(f"choose_{side}" for side in ("first", "second")),
    *("first", "previous", "next", "last"),
    *("judged", "part_judged", "unjudged", "vote_open", "vote_blind", "part_blind"),
    *(f"column_{name}" for name in ("select", "prompt", "when", "request", "models")),
    *(f"column_{name}" for name in ("cost", "outcome", "marks")),
)
NOT_CALLED_FILTERS = ("text", "page_size", "view")
BUILT = {
    *(f"compose.lane_{lane}" for lane in range(1, len(DEFAULT_LANES) + 1)),
    *(f"compose.lacks_{name.replace(' ', '_')}" for m in MODELS.values() for name in m.not_offered),
    *(f"examples.{name}{end}" for name in EXAMPLE_NAMES for end in ("", "_prompt")),
    *(f"billing.{status}" for status in BillingStatus),
    *(f"phase.{phase}" for phase in Phase if phase is not Phase.DONE),
    *(f"status.{status}" for status in RunStatus),
    *(f"origin.{origin}" for origin in Origin),
    *(f"origin.{origin}_detail" for origin in Origin),
    *(f"money.before_{kind}" for kind in EstimateKind),
    *(f"field.{name}" for name in column_info(Run)),
    *(f"group.{info['group']}" for info in column_info(Run).values()),
    *(f"history.vote_{answer}" for answer in Answer),
    *(f"experiment.why_{why}" for why in Pause),
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
    telling = FOLDER / "texts" / "telling.py"
    files = [file for file in FOLDER.rglob("*.py") if file.parent.name != "texts"]
    sources = "".join(file.read_text("utf-8") for file in (*files, telling))
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
    by_kind = {name for name in ENGLISH if name.startswith(("advice.", "ended.", "short."))}

    assert set(ENGLISH) == _named_in_python() | _named_in_scripts() | BUILT | by_kind


def test_a_missing_value_is_an_error_and_not_an_empty_place() -> None:
    with pytest.raises(KeyError):
        text("confirm.buy")


# ---- other languages -------------------------------------------------------------------------

# Names, figures and signs that read the same everywhere.
SAME = {
    "header.balance_usd",
    "references.url_placeholder",
    "run.label",
    "stage.now",
    "stage.pixels",
    "experiment.price_hint",
    "experiment.export_zip",
    "results.share_row",
    "results.column_e",
    "results.ratio_row",
    "results.pixels_difference",
    "number.clock",
}
# Said by kind of error in one language, with the program's own sentence in the other.
BY_KIND = ("ended.", "experiment.why_")
# A comma between values is what the box reads.
TYPED = {"experiment.lists_example", "experiment.list_shape", "stage.hint_slider"}
ROOT = FOLDER.parent
OTHERS = [language for language in CATALOGUES if language is not Language.ENGLISH]


def _places(pattern: str) -> Counter[str]:
    """What is filled in, by the names of the values."""
    found = (name for _, name, _, _ in Formatter().parse(pattern) if name is not None)
    return Counter({re.split(r"[.\[]", name)[0] for name in found})


def _strays(catalogue: Mapping[str, str]) -> list[str]:
    """Chinese that is punctuated as if it were English."""
    return [
        name
        for name, words in catalogue.items()
        if re.search(
            r"[\u4e00-\u9fff]\s*[,;:?!]|[,;:?!]\s*[\u4e00-\u9fff]|[\u4e00-\u9fff]\.", words
        )
    ]


@pytest.mark.parametrize("language", OTHERS)
def test_every_language_has_every_text_with_the_same_places(language: Language) -> None:
    catalogue = CATALOGUES[language]

    assert set(catalogue) == set(ENGLISH)
    assert {
        name: words
        for name, words in catalogue.items()
        if _places(words) != _places(ENGLISH[name]) and not name.startswith(BY_KIND)
    } == {}


@pytest.mark.parametrize("language", OTHERS)
def test_no_text_was_left_in_english(language: Language) -> None:
    catalogue = CATALOGUES[language]

    assert {name for name in ENGLISH if catalogue[name] == ENGLISH[name]} == SAME


@pytest.mark.parametrize("language", OTHERS)
def test_every_sentence_of_the_results_says_the_same_numbers(language: Language) -> None:
    sentences = SAID[language]

    assert set(sentences) == set(TEXTS)
    assert {key for key in TEXTS if _places(sentences[key]) != _places(TEXTS[key])} == set()
    assert {key for key in TEXTS if sentences[key] == TEXTS[key]} == {"ratio_interval"}


def _said() -> Iterator[str]:
    """The pattern of every sentence that the program says, as it is written where it is said."""
    for file in ROOT.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            is_said = isinstance(node, ast.Call) and getattr(node.func, "id", "") == "said"
            # The screens' `said` of a verdict is another one.
            if is_said and node.args and isinstance(node.args[0], ast.Constant):
                yield node.args[0].value


def test_everything_the_program_says_can_be_said_in_chinese_and_nothing_else_is_kept() -> None:
    assert set(_said()) == set(SAYINGS)
    assert {
        english: chinese
        for english, chinese in SAYINGS.items()
        if not _places(chinese) <= _places(english)
    } == {}
    assert {english for english, chinese in SAYINGS.items() if chinese == english} == set()


def test_every_column_of_the_log_is_explained_in_chinese() -> None:
    assert list(COLUMNS) == list(column_info(Run))


def test_chinese_is_punctuated_as_chinese() -> None:
    for catalogue in (CHINESE, SENTENCES, SAYINGS, COLUMNS):
        assert set(_strays(catalogue)) <= TYPED


@pytest.mark.parametrize("catalogue", [*CATALOGUES.values(), *SAID.values(), SAYINGS])
def test_no_text_is_markup(catalogue: Mapping[str, str]) -> None:
    assert {
        name for name, words in catalogue.items() if re.search(r"<[a-zA-Z/!]|&[a-z#]", words)
    } == set()
