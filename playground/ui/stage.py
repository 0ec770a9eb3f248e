"""The stage: two pictures under one camera. What it may know of them is decided here, not in the browser."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from types import MappingProxyType
from typing import Any

import gradio as gr

from playground.ui.widgets import asset

SIDES = ("A", "B")
CSS_CLASS = "pg-stage-block"
STYLE_SHEET = "stage.css"  # goes into the page's head with the others
_SCRIPTS = (  # one after the other, they are one script
    "stage-geometry.js",
    "stage-difference.js",
    "stage.js",
    "stage-drawing.js",
    "stage-hands.js",
)
_PREFIX = "stage."

TEXTS = MappingProxyType(
    {
        "stage.region": "Stage",
        "stage.empty": "Two finished pictures can be compared here.",
        "stage.loading": "Loading both pictures…",
        "stage.broken": "Picture {mark} could not be loaded. It may have left the data folder.",
        "stage.view": "Both pictures, {mode}. Arrows move, plus and minus zoom, question mark lists "
        "all keys.",
        "stage.modes": "Way to compare",
        "stage.side": "Side by side",
        "stage.slider": "Slider",
        "stage.blink": "Blink",
        "stage.fade": "Fade",
        "stage.difference": "Difference",
        "stage.now": "{mode}",
        "stage.zoom": "Zoom",
        "stage.zoom_in": "Zoom in",
        "stage.zoom_out": "Zoom out",
        "stage.fit": "Fit",
        "stage.fit_long": "Fit: show the whole picture",
        "stage.pixels": "1:1",
        "stage.pixels_long": "1:1: one pixel of the picture on one of the screen",
        "stage.more": "Arrange",
        "stage.swap": "Swap",
        "stage.swap_long": "Swap sides",
        "stage.swapped": "Sides swapped: {first} is first, {second} second.",
        "stage.full": "Full screen",
        "stage.full_long": "Full screen",
        "stage.keys_long": "Keys of the stage",
        "stage.hint": "Wheel or pinch zooms, dragging moves, a double click fits.",
        "stage.hint_slider": "Drag the line, or move it with , and .",
        "stage.direction": "Divider",
        "stage.left_right": "Left and right",
        "stage.top_bottom": "Top and bottom",
        "stage.divider": "Divider between the pictures",
        "stage.share": "{mark} {percent} %",
        "stage.toggle": "Show the other",
        "stage.space": "Space",
        "stage.auto": "By itself",
        "stage.still": "Your system asks for no motion, so nothing blinks by itself.",
        "stage.speed": "Every",
        "stage.seconds": "{seconds} s",
        "stage.fade_range": "How much of the second picture",
        "stage.gain": "Amplified",
        "stage.difference_note": "Bright where pixels differ. It does not say which is better nor "
        "how much an eye would notice; a shift by one pixel lights every edge, and two drawings of "
        "one prompt differ almost everywhere.",
        "stage.difference_alt": "Difference of {first} and {second}, amplified ×{gain}",
        "stage.computing": "Computing…",
        "stage.found": "{percent} % of the pixels differ, by up to {largest} of 255.",
        "stage.found_none": "Not one pixel differs.",
        "stage.unreadable": "The difference could not be computed: {problem}",
        "stage.unequal": "Sizes differ: {sizes}. Each is shown whole in one box of {box}.",
        "stage.enlarged": "{mark} is enlarged ×{factor} to share it.",
        "stage.why_unequal": "No difference view: it needs two pictures of one size.",
        "stage.why_blind": "No difference view while judging blind: it would tell about the sizes.",
        "stage.choose": "{side} picture",
        "stage.side_0": "First",
        "stage.side_1": "Second",
        "stage.keys_title": "Keys of the stage",
        "stage.keys_anywhere": "These keys also work while the focus is elsewhere on the page",
        "stage.close": "Close",
        "stage.blind_alt": "Picture {mark}",
        # what each key does
        "stage.key_side": "side by side",
        "stage.key_slider": "slider; again turns it",
        "stage.key_blink": "blink",
        "stage.key_toggle": "while blinking: show the other",
        "stage.key_auto": "while blinking: by itself, or stop",
        "stage.key_fade": "fade",
        "stage.key_difference": "difference",
        "stage.key_nudge": "move the divider, the fade or the speed",
        "stage.key_zoom": "zoom",
        "stage.key_fit": "fit",
        "stage.key_pixels": "1:1 pixels",
        "stage.key_pan": "move the pictures, with Shift further",
        "stage.key_swap": "swap sides",
        "stage.key_full": "full screen",
        "stage.key_help": "this list",
    }
)
_KEYS = (
    (("S",), "side"),
    (("L",), "slider"),
    (("B",), "blink"),
    ((TEXTS["stage.space"],), "toggle"),
    (("K",), "auto"),
    (("F",), "fade"),
    (("D",), "difference"),
    ((",", "."), "nudge"),
    (("+", "−"), "zoom"),
    (("0",), "fit"),
    (("P",), "pixels"),
    (("←", "→", "↑", "↓"), "pan"),
    (("X",), "swap"),
    (("M",), "full"),
    (("?",), "help"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StagePicture:
    """
    A picture that can stand on the stage.

    `url` is fetched as it is. The sizes are what the log says; where the file says otherwise, the
    browser shows the file's.
    """

    url: str
    width_px: int
    height_px: int
    label: str = ""
    alt: str = ""
    mark: str = ""  # the short sign before the label; A and B, then numbers, where left empty
    is_neutral: bool = False  # says nothing about the models, as a reference: shown when blind


def stage_value(
    a: StagePicture,
    b: StagePicture,
    *,
    others: Iterable[StagePicture] = (),
    is_blind: bool = False,
    pair_id: str | None = None,
) -> dict[str, Any]:
    """
    The value of the stage: two pictures to begin with, and what else either side may show.

    Args:
        is_blind: Only marks, neutral words and addresses leave the server: labels, alternative
            texts and sizes of `a` and `b` stay here, and of `others` only neutral ones are offered.
            That the addresses say nothing is up to the caller.

        pair_id: Names what is compared. While it stays the same, zoom, place and swapped sides are
            kept, as between the blind and the revealed view; by default it follows the addresses.
    """
    pair = [_shown(picture, mark, is_blind) for picture, mark in zip((a, b), SIDES, strict=True)]
    more = [each for each in others if each.is_neutral or not is_blind]
    numbered = [_shown(each, str(n), False) for n, each in enumerate(more, start=1)]
    return {
        "pictures": [{"key": str(n), **each} for n, each in enumerate(pair + numbered)],
        # Room is kept for this before the files are here; it does not tell whose size it is.
        "box": [max(a.width_px, b.width_px), max(a.height_px, b.height_px)],
        "isBlind": is_blind,
        "pair": pair_id if pair_id is not None else _pair_of((a, b)),
    }


def empty_stage() -> dict[str, Any]:
    """The value of a stage with nothing on it; it says what will come."""
    return {"pictures": [], "box": None, "isBlind": False, "pair": None}


def stage(value: dict[str, Any] | None = None, *, elem_id: str = "stage") -> gr.HTML:
    """A widget that shows a `stage_value`; it sends nothing back to the server."""
    return gr.HTML(
        empty_stage() if value is None else value,
        apply_default_css=False,
        html_template=asset("stage.html"),
        js_on_load="\n".join(asset(name) for name in _SCRIPTS),
        elem_id=elem_id,
        elem_classes=[CSS_CLASS],
        texts={name.removeprefix(_PREFIX): words for name, words in TEXTS.items()},
        keys=[[list(keys), TEXTS[f"stage.key_{name}"]] for keys, name in _KEYS],
    )


def _shown(picture: StagePicture, mark: str, is_blind: bool) -> dict[str, Any]:
    sign = mark if is_blind else picture.mark or mark
    words = {"label": picture.label, "alt": picture.alt}
    if is_blind:
        words = {"label": "", "alt": TEXTS["stage.blind_alt"].format(mark=sign)}
    return {"mark": sign, **words, "url": picture.url}


def _pair_of(pictures: Sequence[StagePicture]) -> str:
    addresses = json.dumps([each.url for each in pictures])
    return sha256(addresses.encode()).hexdigest()[:16]
