"""The strip of comparisons made before in this session, as HTML: nothing shown is ever wiped."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from playground.markup import Markup, el
from playground.runner.views import RunView
from playground.schema import RunStatus
from playground.ui import format as fmt
from playground.ui.texts import text

PROMPT_CHARACTERS = 70


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """
    One comparison of the strip. `thumbnails`: one per lane, None where there is no picture.

    Of one that is hidden nothing is told but its prompt and whether it is finished.
    """

    comparison_id: str
    views: tuple[RunView, ...]
    thumbnails: tuple[Path | None, ...]
    is_hidden: bool = False


def earlier_html(comparisons: Sequence[Earlier], *, shown_id: str | None) -> Markup:
    """The strip, in the order given; nothing at all while only what is shown exists."""
    others = [each for each in comparisons if each.comparison_id != shown_id]
    if not others:
        return Markup("")
    return el(
        "section",
        el("h2", text("earlier.title")),
        el("ul", *(_item(each, is_shown=each.comparison_id == shown_id) for each in comparisons)),
        class_="pg-earlier",
    )


def _item(earlier: Earlier, *, is_shown: bool) -> Markup:
    prompt = earlier.views[0].request.prompt
    done = sum(1 for view in earlier.views if view.run and view.run.status == RunStatus.SUCCEEDED)
    is_running = not all(view.is_over for view in earlier.views)
    state = text("earlier.done", done=done, count=len(earlier.views))
    if is_running:
        state = text("earlier.running")
    elif earlier.is_hidden:
        state = text("earlier.hidden")
    return el(
        "li",
        el(
            "button",
            el("span", *(_thumbnail(path) for path in earlier.thumbnails), class_="pg-pair"),
            el("span", fmt.shortened(prompt, PROMPT_CHARACTERS), class_="pg-earlier-prompt", dir="auto"),
            el("span", text("earlier.current") if is_shown else state, class_="pg-earlier-state"),
            type="button",
            data_action="open",
            data_comparison=earlier.comparison_id,
            aria_current="true" if is_shown else None,
        ),
    )  # fmt: skip


def _thumbnail(path: Path | None) -> Markup:
    if path is None:
        return el("span", fmt.UNKNOWN, class_="pg-no-thumb", aria_hidden="true")
    return el("img", src=fmt.file_url(path), alt="", decoding="async")
