"""Ratio, resolution, pictures per side and the model of each side: native radio buttons in one widget."""

from collections.abc import Mapping
from typing import Any

import gradio as gr

from playground import catalog
from playground.markup import Markup, el
from playground.ui import format as fmt
from playground.ui.cards import nominal_words
from playground.ui.texts import text
from playground.ui.widgets import html

# model → resolution → what one picture costs, in words
PriceTable = Mapping[str, Mapping[str, str]]


def choices_widget() -> gr.HTML:
    """
    A widget whose value is `{"size", "resolution", "repeats", "lanes"}`.

    Its property `prices` is a `PriceTable`, shown beside the models.
    """
    return html(
        default_choices(),
        script="choices.js",
        html_template=str(_choices_html()),
        elem_id="choices",
        prices={},
        nominal={
            size: {
                resolution: nominal_words(size, resolution) for resolution in catalog.RESOLUTIONS
            }
            for size in catalog.RATIOS
        },
    )


def default_choices() -> dict[str, Any]:
    """What is chosen at first."""
    return {
        "size": catalog.RATIOS[0],
        "resolution": catalog.RESOLUTIONS[0],
        "repeats": 1,
        "lanes": list(catalog.DEFAULT_LANES),
    }


def _choices_html() -> Markup:
    start = default_choices()
    return el(
        "div",
        el(
            "div",
            _group("compose.ratio", "size", {r: el("span", r) for r in catalog.RATIOS}, start["size"]),
            el("p", nominal_words(start["size"], start["resolution"]), class_="pg-nominal", role="status"),
            class_="pg-choice-ratio",
        ),
        el(
            "div",
            _group("compose.resolution", "resolution", {r: el("span", r) for r in catalog.RESOLUTIONS}, start["resolution"]),
            _group(
                "compose.repeats",
                "repeats",
                {str(n): el("span", str(n)) for n in range(1, catalog.MAX_REPEATS + 1)},
                str(start["repeats"]),
            ),
            class_="pg-choice-row",
        ),
        el("div", *(_lane(lane) for lane in range(1, len(catalog.DEFAULT_LANES) + 1)), class_="pg-choice-lanes"),
        el("p", _not_offered(), class_="pg-hint"),
        class_="pg-choices",
    )  # fmt: skip


def _group(label: str, name: str, options: Mapping[str, Markup], chosen: str) -> Markup:
    return el(
        "fieldset",
        el("legend", text(label)),
        el(
            "div",
            *(
                el(
                    "label",
                    el("input", type="radio", name=name, value=value, checked=value == chosen),
                    words,
                    data_value=value,
                )
                for value, words in options.items()
            ),
            class_="pg-options",
        ),
        data_choice=name,
    )


def _lane(lane: int) -> Markup:
    options = {
        model.id: el(
            "span", el("strong", model.name), el("span", data_price=model.id, class_="pg-price")
        )
        for model in catalog.MODELS.values()
    }
    chosen = catalog.DEFAULT_LANES[lane - 1]
    # No letter of a side: which picture is A is drawn where the comparison is blind.
    return _group(f"compose.lane_{lane}", f"lane-{lane}", options, chosen)


def _not_offered() -> str:
    names = dict.fromkeys(n for model in catalog.MODELS.values() for n in model.not_offered)
    return text(
        "compose.not_offered",
        names=fmt.listed(text(f"compose.lacks_{n.replace(' ', '_')}") for n in names),
    )
