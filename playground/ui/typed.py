"""What was typed and not sent yet: it comes back when the page was drawn anew in another language."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from playground.ui.visits import Visits
from playground.ui.widgets import QUIET

_TURN = "() => window.playgroundLanguage.turn()"


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """Widgets that somebody types into, and the event after which they are there to be filled."""

    name: str
    widgets: Sequence[Any]
    ready: Any


def keep_typed(visits: Visits, header: gr.HTML, visit_id: gr.State, *forms: Typed) -> None:
    """Connects the header's choice of a language."""
    places = [len(form.widgets) for form in forms]

    def keep(visit: str, *values: Any) -> None:
        rest = iter(values)
        kept = {
            form.name: [next(rest) for _ in range(n)] for form, n in zip(forms, places, strict=True)
        }
        visits.enter(visit).typed = kept

    inputs = [visit_id, *(widget for form in forms for widget in form.widgets)]
    kept = header.speak(keep, inputs, None, queue=False, **QUIET)
    # Whether or not it could be kept: the choice counts.
    kept.then(None, None, None, js=_TURN, **QUIET)
    for form in forms:
        _give_back(visits, visit_id, form)


def _give_back(visits: Visits, visit_id: gr.State, form: Typed) -> None:
    def give_back(visit: str) -> list[Any]:
        values = visits.enter(visit).typed.pop(form.name, None)
        return [gr.skip() for _ in form.widgets] if values is None else values

    form.ready.then(give_back, visit_id, list(form.widgets), queue=False, **QUIET)
