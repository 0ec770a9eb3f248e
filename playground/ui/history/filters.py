"""The filters of the History screen: native fields in one widget, its value what they hold."""

from collections.abc import Callable, Mapping
from typing import Any

import gradio as gr

from playground.history.pages import Archived, Choices
from playground.markup import Markup, el
from playground.schema import Origin, RunStatus
from playground.ui.cards import model_name
from playground.ui.history.archive import PAGE_SIZES
from playground.ui.texts import text
from playground.ui.widgets import html

# Fields whose options come from the log, and what they are called there.
_FROM_LOG = {
    "model": "models",
    "size": "sizes",
    "resolution": "resolutions",
    "status": "statuses",
    "tag": "tags",
    "experiment": "experiments",
}
_YES_NO = {"yes": "history.yes", "no": "history.no"}
_FIXED: Mapping[str, Mapping[str, str]] = {
    "origin": {origin: f"origin.{origin}" for origin in Origin},
    "judged": _YES_NO,
    "starred": _YES_NO,
    "archived": {
        Archived.ALL: "history.archived_all",
        Archived.ONLY: "history.archived_only",
    },
}


def filters_widget() -> gr.HTML:
    """
    A widget whose value is what `archive.asked` reads, with `view`: "gallery" or "table".

    Its property `choices` is an `options_of`.
    """
    return html(
        untouched(),
        script="history-filters.js",
        html_template=str(_filters_html()),
        elem_id="history-filters",
        choices={name: [] for name in _FROM_LOG},
        texts={
            "active_none": text("history.filters"),
            "active": text("history.filters_active", count="{count}"),
        },
    )


def untouched() -> dict[str, Any]:
    """What the fields hold at first."""
    return {
        "text": "",
        **dict.fromkeys(_FROM_LOG, ""),
        **dict.fromkeys(_FIXED, ""),
        "since": "",
        "until": "",
        "page_size": PAGE_SIZES[0],
        "view": "gallery",
    }


def options_of(
    choices: Choices, experiment_name: Callable[[str], str] = str
) -> dict[str, list[list[str]]]:
    """For each field from the log its options: the value and its words."""
    return {
        name: [
            [value, experiment_name(value) if name == "experiment" else _option_words(name, value)]
            for value in getattr(choices, column)
        ]
        for name, column in _FROM_LOG.items()
    }


def _option_words(name: str, value: str) -> str:
    if name == "model":
        return model_name(value)
    if name == "status" and value in tuple(RunStatus):
        return text(f"status.{value}")
    return value


def _filters_html() -> Markup:
    return el(
        "div",
        el(
            "div",
            el("label", el("span", text("history.search"), class_="pg-hidden"),
               el("input", type="search", name="text", placeholder=text("history.search"),
                  autocomplete="off", spellcheck="false"), class_="pg-search"),
            el("button", text("history.filters"), type="button", class_="pg-button",
               aria_expanded="false", aria_controls="history-more", data_more=True),
            el("button", text("history.clear"), type="button", class_="pg-button",
               data_clear_all=True, hidden=True),
            _views(),
            class_="pg-filters-line",
        ),
        el("div", *_selects(), id="history-more", class_="pg-filters-more", hidden=True),
        class_="pg-filters",
        role="search",
        aria_label=text("history.filters_label"),
    )  # fmt: skip


def _views() -> Markup:
    return el(
        "div",
        *(
            el("button", text(f"history.view_{view}"), type="button", data_view=view,
               aria_pressed="true" if view == "gallery" else "false")
            for view in ("gallery", "table")
        ),
        class_="pg-views",
        role="group",
        aria_label=text("history.view"),
    )  # fmt: skip


def _selects() -> list[Markup]:
    selects = [_select(name, {}) for name in _FROM_LOG]
    selects += [_select(name, options) for name, options in _FIXED.items()]
    days = [
        el("label", el("span", text(f"history.filter_{name}")), el("input", type="date", name=name))
        for name in ("since", "until")
    ]
    sizes = el(
        "label",
        el("span", text("history.page_size")),
        el("select", *(el("option", str(n), value=n) for n in PAGE_SIZES), name="page_size"),
    )
    return [*selects, *days, sizes]


def _select(name: str, options: Mapping[str, str]) -> Markup:
    # What an untouched list leaves out is not called "any".
    untouched_name = "history.archived_hidden" if name == "archived" else "history.any"
    return el(
        "label",
        el("span", text(f"history.filter_{name}")),
        el(
            "select",
            el("option", text(untouched_name), value=""),
            *(el("option", text(words), value=value) for value, words in options.items()),
            name=name,
        ),
    )
