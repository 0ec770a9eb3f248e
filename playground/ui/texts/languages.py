"""Which languages the screens speak, and which of them a browser asks for."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from enum import StrEnum


class Language(StrEnum):
    """A language of the screens, as a page's `lang` names it."""

    ENGLISH = "en"
    CHINESE = "zh-CN"


# What a language calls itself.
OWN_NAMES = {Language.ENGLISH: "English", Language.CHINESE: "中文"}

# Every handler runs in a task or a copied context of its own, so no visitor hears another's.
_spoken: ContextVar[Language] = ContextVar("spoken", default=Language.ENGLISH)


def spoken() -> Language:
    """The language of what is said here and now; English where nobody chose."""
    return _spoken.get()


def speak(language: Language) -> None:
    """From now on this task, and what it starts, speaks that language."""
    _spoken.set(language)


@contextmanager
def speaking(language: Language) -> Iterator[None]:
    """Speaks that language inside."""
    token = _spoken.set(language)
    try:
        yield
    finally:
        _spoken.reset(token)


def language_of(tag: object) -> Language | None:
    """
    The language a tag such as "zh-Hans-CN" or "en" stands for; None for one not spoken here.

    Every Chinese is answered in the one that is there.
    """
    if not isinstance(tag, str):
        return None
    primary = tag.strip().replace("_", "-").partition("-")[0].lower()
    return next((each for each in Language if each.partition("-")[0] == primary), None)


def preferred(accepted: str) -> Language:
    """The first choice of an Accept-Language header among the languages here; else English."""
    wishes = []
    for place, wish in enumerate(accepted.split(",")):
        tag, _, parameter = wish.partition(";")
        language = language_of(tag)
        weight = _weight(parameter)
        if language is not None and weight > 0:
            wishes.append((-weight, place, language))
    return min(wishes)[2] if wishes else Language.ENGLISH


def _weight(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    if name != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0
