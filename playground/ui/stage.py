"""The stage: two pictures under one camera. What it may know of them is decided here, not in the browser."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import gradio as gr

from playground.ui.texts import text, texts_of
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
_KEYS = (
    (("S",), "side"),
    (("L",), "slider"),
    (("B",), "blink"),
    (("stage.space",), "toggle"),  # a key that is called something
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
_VOTE_KEYS = (
    (("1", "2", "3", "4"), "vote"),
    (("C",), "change"),
    (("W",), "withdraw"),
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


def stage(
    value: dict[str, Any] | None = None,
    *,
    elem_id: str = "stage",
    spare_px: int = 0,
    has_votes: bool = False,
) -> gr.HTML:
    """
    A widget that shows a `stage_value`; it sends nothing back to the server.

    Args:
        spare_px: Of the window's height, what is left to the rest of the screen; 0 leaves it a share.

        has_votes: A vote panel is about these pictures, so its keys are listed too.
    """
    return gr.HTML(
        empty_stage() if value is None else value,
        apply_default_css=False,
        html_template=asset("stage.html"),
        js_on_load="\n".join(asset(name) for name in _SCRIPTS),
        elem_id=elem_id,
        elem_classes=[CSS_CLASS],
        texts=texts_of("stage"),
        spare_px=spare_px,
        keys=[
            [[text(key) if len(key) > 1 else key for key in keys], text(f"stage.key_{name}")]
            for keys, name in (*_KEYS, *(_VOTE_KEYS if has_votes else ()))
        ],
    )


def _shown(picture: StagePicture, mark: str, is_blind: bool) -> dict[str, Any]:
    sign = mark if is_blind else picture.mark or mark
    words = {"label": picture.label, "alt": picture.alt}
    if is_blind:
        words = {"label": "", "alt": text("stage.blind_alt", mark=sign)}
    return {"mark": sign, **words, "url": picture.url}


def _pair_of(pictures: Sequence[StagePicture]) -> str:
    addresses = json.dumps([each.url for each in pictures])
    return sha256(addresses.encode()).hexdigest()[:16]
