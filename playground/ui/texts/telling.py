"""What the rest of the program says, in the language of whoever looks at the screen."""

from playground.errors import (
    BudgetError,
    InvalidPlanError,
    InvalidRequestError,
    NetworkError,
    PictureError,
    PlanProblem,
    ServiceError,
    StorageError,
)
from playground.sayings import Said, words_of
from playground.ui.texts import Language, spoken, text
from playground.ui.texts.chinese_sayings import SAYINGS

_PATTERNS = {Language.CHINESE: SAYINGS}
# Where a sentence has no words of its own in a language, its kind leads and it follows as it is.
_LEADS = (
    (InvalidRequestError, "trouble.request"),
    (BudgetError, "trouble.budget"),
    (StorageError, "trouble.storage"),
    (NetworkError, "trouble.network"),
    (ServiceError, "trouble.service"),
    (PictureError, "trouble.picture"),
)
# Fields of a plan under the name they have on the screen; any other place is a file's own name.
_PLACES = {
    "name": "experiment.name",
    "prompts": "experiment.prompts",
    "template": "experiment.template",
    "values": "experiment.lists",
    "budget": "experiment.budget",
    "price": "experiment.price",
    "model": "experiment.models",
    "ratio": "experiment.ratios",
    "resolution": "experiment.resolutions",
    "repeats": "experiment.repeats",
    "references": "references.title",
}


def told(problem: Exception | str) -> str:
    """An error or a sentence of the program, in the language spoken."""
    if isinstance(problem, InvalidPlanError):
        return "\n".join(problem_words(each) for each in problem.problems)
    words = words_of(problem) if isinstance(problem, Exception) else problem
    patterns = _PATTERNS.get(spoken())
    if patterns is None:
        return str(words)
    if isinstance(words, Said):
        return words.in_words(patterns)
    if not isinstance(problem, Exception):
        return words
    leads = (name for kind, name in _LEADS if isinstance(problem, kind))
    return text(next(leads, "trouble.other"), words=words)


def problem_words(problem: PlanProblem) -> str:
    """What is wrong in a plan, and where."""
    place = place_words(problem)
    words = told(problem.message)
    return text("number.lead", words=place) + words if place else words


def place_words(problem: PlanProblem) -> str:
    """Where in a plan something is wrong; nothing where it is the plan as a whole."""
    name = _PLACES.get(problem.source or "")
    parts = [] if problem.source is None else [text(name) if name else told(problem.source)]
    if problem.line is not None:
        parts.append(text("experiment.line", number=problem.line))
    if problem.column is not None:
        parts.append(text("experiment.column", number=problem.column))
    return text("number.places").join(parts)
