"""Every text of the screens, by name; a language is one catalogue with the same names."""

from collections.abc import Mapping
from types import MappingProxyType

from playground.results import sentences
from playground.results.sentences import Phrase
from playground.schema import Run, column_info
from playground.ui.texts.chinese import CHINESE
from playground.ui.texts.chinese_columns import COLUMNS
from playground.ui.texts.chinese_sentences import SENTENCES
from playground.ui.texts.english import ENGLISH
from playground.ui.texts.languages import (
    OWN_NAMES,
    Language,
    language_of,
    preferred,
    speak,
    speaking,
    spoken,
)

__all__ = [
    "CATALOGUES",
    "ENGLISH",
    "OWN_NAMES",
    "SAID",
    "Language",
    "language_of",
    "meaning",
    "preferred",
    "say",
    "speak",
    "speaking",
    "spoken",
    "text",
    "texts_of",
]

CATALOGUES: Mapping[Language, Mapping[str, str]] = MappingProxyType(
    {Language.ENGLISH: ENGLISH, Language.CHINESE: CHINESE}
)

SAID: Mapping[Language, Mapping[str, str]] = MappingProxyType(
    {Language.ENGLISH: sentences.TEXTS, Language.CHINESE: SENTENCES}
)
# English stands with the columns themselves.
MEANINGS: Mapping[Language, Mapping[str, str]] = MappingProxyType({Language.CHINESE: COLUMNS})


def say(phrase: Phrase) -> str:
    """A sentence of the results in the language spoken."""
    return phrase.in_words(SAID[spoken()])


def meaning(column: str) -> str:
    """What a column of the log holds, in the language spoken."""
    told: str = column_info(Run)[column]["meaning"]
    return MEANINGS.get(spoken(), {}).get(column, told)


def text(name: str, /, **values: object) -> str:
    """
    The text of that name in the language spoken, with its values filled in.

    Raises:
        KeyError: The catalogue has no such text, or a value is missing.
    """
    return CATALOGUES[spoken()][name].format(**values)


def texts_of(group: str) -> dict[str, str]:
    """The texts of one group without its name, as they are, for scripts to fill in."""
    prefix = f"{group}."
    return {
        name.removeprefix(prefix): words
        for name, words in CATALOGUES[spoken()].items()
        if name.startswith(prefix)
    }
