"""Whose pictures these are, as HTML: the prompt and the settings of the comparison that is shown."""

from collections.abc import Callable

from playground.identity import short_id
from playground.markup import Markup, el
from playground.runner.views import RunView
from playground.ui import format as fmt
from playground.ui.texts import text

LONG_CHARACTERS = 160  # more than two lines, for which there is room at first
_NAMES = {0: None, 1: "subject.reference", 2: "subject.references"}


def subject_html(view: RunView, *, is_example: bool = False) -> Markup:
    """One run stands for all: the lanes of a comparison differ in nothing but the model."""
    request = view.request
    count = len(request.references)
    name = _NAMES[min(count, 2)]
    facts = [
        request.size,
        request.resolution,
        None if name is None else text(name, count=count),
        fmt.clock_time(view.started_at),
    ]
    return el(
        "div",
        el("span", text("origin.example"), class_="pg-badge") if is_example else None,
        _prompt(request.prompt),
        el("p", " · ".join(fact for fact in facts if fact), class_="pg-subject-facts"),
        class_="pg-subject",
    )


def _prompt(prompt: str) -> Markup:
    if len(prompt) <= LONG_CHARACTERS and prompt.count("\n") < 2:
        return el("p", prompt, class_="pg-subject-prompt", dir="auto")
    words = el("span", prompt, class_="pg-subject-prompt", dir="auto")
    return el("details", el("summary", words), class_="pg-subject-long")


def experiment_words(experiment_id: str, name_of: Callable[[str], str]) -> str:
    """What its maker called an experiment; of one that has no name here, enough of its id."""
    name = name_of(experiment_id)
    return name if name != experiment_id else short_id(experiment_id)
