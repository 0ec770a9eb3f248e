"""Two pictures of an experiment side by side: which prompt and settings each comes from, and what of these differs."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playground.experiment.plan import Plan, PlannedComparison
from playground.markup import Markup, el
from playground.schema import Run
from playground.ui import format as fmt
from playground.ui.cards import model_name
from playground.ui.stage import SIDES, StagePicture, empty_stage, stage_value
from playground.ui.texts import text

PROMPT_CHARACTERS = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of the two, with what it was asked for besides the model."""

    picture: StagePicture
    number: int  # of its prompt in the plan, from 1
    prompt: str
    settings: str  # "16:9 · 1K"


def sides_of(
    plan: Plan, runs: Iterable[Run], picture: Callable[[str | None], Path | None]
) -> tuple[Side, ...]:
    """
    Those of the runs whose picture is still there.

    Args:
        picture: Where the file of a run is.
    """
    planned = {each.comparison_id: each for each in plan.comparisons}
    return tuple(
        _side(plan, planned[run.comparison_id], run, path)
        for run in runs
        if (path := picture(run.file)) is not None
    )


def _side(plan: Plan, planned: PlannedComparison, run: Run, path: Path) -> Side:
    sets = plan.settings.reference_sets
    facts = [planned.variant.ratio, planned.variant.resolution]
    facts += [sets[planned.variant.reference_set].name] if len(sets) > 1 else []
    number, settings = planned.prompt + 1, " · ".join(facts)
    words = [model_name(run.model)]
    words += [text("experiment.prompt_number", number=number)] if len(plan.prompts) > 1 else []
    words += [settings]
    words += [f"#{run.repeat}"] if plan.settings.repeats > 1 else []
    label = " · ".join(words)
    shown = StagePicture(
        url=fmt.file_url(path),
        width_px=run.width_px or 0,
        height_px=run.height_px or 0,
        label=label,
        alt=f"{label}: {run.prompt}",
    )
    return Side(picture=shown, number=number, prompt=run.prompt, settings=settings)


def pair_stage(sides: Sequence[Side], *, pair_id: str) -> dict[str, Any]:
    """Both on the stage; an empty one as long as they are not two."""
    if len(sides) < 2:
        return empty_stage()
    return stage_value(*(side.picture for side in sides), pair_id=pair_id)


def pair_html(sides: Sequence[Side]) -> Markup:
    """The prompt of both, or of each; a word of warning where more than the model differs."""
    if len(sides) < 2:
        return Markup("")
    first, second = sides
    is_one_prompt = first.number == second.number
    is_one_setting = first.settings == second.settings
    notes = [] if is_one_prompt else [text("experiment.prompts_differ")]
    if not is_one_setting:
        name = "experiment.settings_differ"
        notes.append(text(name, first=first.settings, second=second.settings))
    marked = [(None, first)] if is_one_prompt else list(zip(SIDES, sides, strict=True))
    return el(
        "section",
        el("h3", text("experiment.on_stage")),
        el("button", text("experiment.close_stage"), type="button", class_="pg-button",
           data_act="close"),
        el("ul", *(_prompt(mark, side) for mark, side in marked)),
        el("p", " ".join(notes), class_="pg-pair-differs") if notes else None,
        class_="pg-pair-of",
        aria_label=text("experiment.on_stage"),
        data_differs=bool(notes),
    )  # fmt: skip


def _prompt(mark: str | None, side: Side) -> Markup:
    return el(
        "li",
        el("strong", mark) if mark else None,
        el("span", text("experiment.prompt_number", number=side.number), class_="pg-note"),
        el("span", fmt.shortened(side.prompt, PROMPT_CHARACTERS), dir="auto"),
    )
