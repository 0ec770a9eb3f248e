"""What was typed and not sent yet: it comes back when the page was drawn anew in another language."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from playground import catalog
from playground.experiment.plan import MAX_NAME_CHARACTERS
from playground.ui.compare.choices import default_choices
from playground.ui.compare.references import MAX_NAME_CHARACTERS as MAX_FILE_NAME_CHARACTERS
from playground.ui.compare.screen import form_of
from playground.ui.experiment.form import Upload
from playground.ui.experiment.form import form_of as plan_form_of
from playground.ui.serving.payloads import MAX_PATH_CHARACTERS
from playground.ui.visits import Visits
from playground.ui.widgets import QUIET

MAX_TYPED_BYTES = (
    300_000  # of one visit; the longest prompt fits, a file's worth of prompts does not
)
MAX_DETAIL_CHARACTERS = 1_000  # of what the server itself wrote about a reference
_TURN = "() => window.playgroundLanguage.turn()"


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """
    Widgets that somebody types into, and the event after which they are there to be filled.

    `plain` makes of whatever the page sent as their values what they can hold, and nothing else.
    """

    name: str
    widgets: Sequence[Any]
    ready: Any
    plain: Callable[..., list[Any]]


def keep_typed(visits: Visits, header: gr.HTML, visit_id: gr.State, *forms: Typed) -> None:
    """Connects the header's choice of a language."""
    places = [len(form.widgets) for form in forms]

    def keep(visit: str, *values: Any) -> None:
        rest = iter(values)
        visits.enter(visit).typed = packed(
            {
                form.name: form.plain(*(next(rest) for _ in range(n)))
                for form, n in zip(forms, places, strict=True)
            }
        )

    inputs = [visit_id, *(widget for form in forms for widget in form.widgets)]
    kept = header.speak(keep, inputs, None, queue=False, **QUIET)
    # Whether or not it could be kept: the choice counts.
    kept.then(None, None, None, js=_TURN, **QUIET)
    for form in forms:
        _give_back(visits, visit_id, form)


def _give_back(visits: Visits, visit_id: gr.State, form: Typed) -> None:
    def give_back(visit: str) -> list[Any]:
        values = visits.enter(visit).typed.pop(form.name, None)
        return [gr.skip() for _ in form.widgets] if values is None else json.loads(values)

    form.ready.then(give_back, visit_id, list(form.widgets), queue=False, **QUIET)


def packed(forms: Mapping[str, Sequence[Any]]) -> dict[str, bytes]:
    """
    The values of each form as JSON, whose size is the memory it takes. A form that would make it
    more than MAX_TYPED_BYTES together is left out.
    """
    kept: dict[str, bytes] = {}
    room_bytes = MAX_TYPED_BYTES
    for name, values in forms.items():
        # Half a character could not be sent back.
        data = json.dumps(values, ensure_ascii=False).encode("utf-8", "replace")
        if len(data) <= room_bytes:
            kept[name] = data
            room_bytes -= len(data)
    return kept


# ---- what the forms can hold --------------------------------------------------------------------


def plain_comparison(prompt: object, references: object, chosen: object) -> list[Any]:
    """The values of the form of Compare; a choice there is none of is the one made at first."""
    form, first = form_of(prompt, references, chosen), default_choices()
    is_offered = len(form.lanes) == len(first["lanes"]) and set(form.lanes) <= set(catalog.MODELS)
    choices = {
        "size": form.size if form.size in catalog.RATIOS else first["size"],
        "resolution": (
            form.resolution if form.resolution in catalog.RESOLUTIONS else first["resolution"]
        ),
        "repeats": form.repeats if form.repeats >= 1 else first["repeats"],
        "lanes": list(form.lanes) if is_offered else first["lanes"],
    }
    return [form.prompt, _references(references), choices]


def plain_plan(told: object, strip: object) -> list[Any]:
    """The values of the form of an experiment and of its strip of references."""
    form = plan_form_of(told, [])
    value = {
        "prompts": form.prompts,
        "template": form.template,
        "lists": form.lists,
        "budget": form.budget,
        "price": form.price,
        "name": form.name[:MAX_NAME_CHARACTERS],
        "file": _upload(form.file),
        "plan": _upload(form.plan),
        "models": [each for each in catalog.MODELS if each in form.models],
        "ratios": [each for each in catalog.RATIOS if each in form.ratios],
        "resolutions": [each for each in catalog.RESOLUTIONS if each in form.resolutions],
        "repeats": form.repeats if 1 <= form.repeats <= catalog.MAX_REPEATS else 1,
        "sets": [items for each in form.sets if (items := _references(list(each)))],
        "bare": form.has_bare,
    }
    return [value, _references(strip)]


def _references(told: object) -> list[dict[str, str | None]]:
    limit = max(model.max_references for model in catalog.MODELS.values())
    items = told[:limit] if isinstance(told, list) else []
    return [
        {
            "token": _word(item, "token", MAX_DETAIL_CHARACTERS),
            "name": _word(item, "name", MAX_FILE_NAME_CHARACTERS) or "",
            "thumb": _word(item, "thumb", MAX_PATH_CHARACTERS),
            "detail": _word(item, "detail", MAX_DETAIL_CHARACTERS) or "",
        }
        for item in items
        if isinstance(item, Mapping) and isinstance(item.get("token"), str)
    ]


def _word(item: Mapping[str, Any], name: str, max_characters: int) -> str | None:
    word = item.get(name)
    return word[:max_characters] if isinstance(word, str) else None


def _upload(upload: Upload | None) -> dict[str, str] | None:
    if upload is None or len(upload.path) > MAX_PATH_CHARACTERS:
        return None
    return {"path": upload.path, "name": upload.name}
