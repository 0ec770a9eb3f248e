"""What the results are to be about: native fields in one widget, its value what they hold."""

from collections.abc import Sequence
from typing import Any

import gradio as gr

from playground.markup import Markup, el
from playground.results.scope import ScopeChoices
from playground.schema import Origin
from playground.ui.results.findings import MINE
from playground.ui.texts import text
from playground.ui.widgets import html

_ORIGINS = {Origin.LIVE: "results.origin_live", Origin.EMULATED: "results.origin_emulated"}
# Fields whose options come from the log, with their words and those of no choice.
_FROM_LOG = {
    "experiment": ("results.experiment", "results.everything"),
    "tag": ("results.tag", "results.any"),
    "resolution": ("results.resolution", "results.any"),
    "size": ("results.size", "results.any"),
}


def results_filters() -> gr.HTML:
    """
    A widget whose value is what `findings.asked` reads.

    Its property `choices` is an `options_of`, `shown` the origin the page is about.
    """
    return html(
        untouched(),
        script="results-filters.js",
        html_template=str(_filters_html()),
        elem_id="weighed-filters",
        choices={name: [] for name in ("origin", *_FROM_LOG)},
        shown="",
    )


def untouched() -> dict[str, str]:
    """What the fields hold at first."""
    return dict.fromkeys(("origin", "voter", *_FROM_LOG, "since"), "")


def options_of(choices: ScopeChoices) -> dict[str, list[tuple[str, str]]]:
    """For each field what it can be, and how that is called."""
    values: dict[str, Sequence[str]] = {
        "origin": choices.origins,
        "experiment": choices.experiments,
        "tag": choices.tags,
        "resolution": choices.resolutions,
        "size": choices.sizes,
    }
    names = {"experiment": choices.names}
    return {
        field: [(str(value), names.get(field, {}).get(value, str(value))) for value in own]
        for field, own in values.items()
    }


def filters_update(choices: ScopeChoices, origin: Origin) -> Any:
    """The widget with what can be chosen now."""
    return gr.update(choices=options_of(choices), shown=str(origin))


def _filters_html() -> Markup:
    origins = el(
        "div",
        *(
            el("button", text(words), type="button", data_origin_choice=origin, aria_pressed="false")
            for origin, words in _ORIGINS.items()
        ),
        class_="pg-views",
        role="group",
        aria_label=text("results.origin"),
        hidden=True,
        data_origins=True,
    )  # fmt: skip
    voters = {"": "results.voter_all", MINE: "results.voter_me"}
    selects = [_select("voter", "results.voter", {v: text(words) for v, words in voters.items()})]
    selects += [_select(name, words, {"": text(any_)}) for name, (words, any_) in _FROM_LOG.items()]
    since = el(
        "label",
        el("span", text("results.since")),
        el("input", type="date", name="since"),
    )
    clear = el(
        "button",
        text("results.clear"),
        type="button",
        class_="pg-button",
        data_clear_all=True,
        hidden=True,
    )
    return el(
        "div",
        origins,
        el("div", *selects, since, class_="pg-filters-more"),
        clear,
        # Always there and never drawn anew: only changes inside a region are announced.
        el("p", class_="pg-hidden", role="status", id="weighed-said"),
        class_="pg-filters pg-res-filters",
        role="search",
        aria_label=text("results.filters"),
    )


def _select(name: str, words: str, options: dict[str, str]) -> Markup:
    return el(
        "label",
        el("span", text(words)),
        el(
            "select",
            *(el("option", label, value=value) for value, label in options.items()),
            name=name,
        ),
        data_from_log=name in _FROM_LOG,
        hidden=name in _FROM_LOG,
    )
