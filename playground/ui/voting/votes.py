"""The vote panel: one widget for every screen that shows a pair, and what it may know of the pair."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import gradio as gr

from playground.judging.pairs import comparison_pairs
from playground.runner.views import RunView
from playground.schema import Answer, PairKind, Reason, Vote
from playground.ui import format as fmt
from playground.ui.cards import lane_mark, model_name
from playground.ui.money import cost_words
from playground.ui.texts import text, texts_of
from playground.ui.texts.telling import told
from playground.ui.voting.ballots import ACTS, Act, Showing, Sight
from playground.ui.widgets import asset

CSS_CLASS = "pg-vote-block"
MAX_NOTE_CHARACTERS = 1_000
MAX_REASONS = 2 * len(Reason)


def act_of(told: object) -> Act:
    """What the page sent, which may be anything; what is no act gets an empty name."""
    data = told if isinstance(told, dict) else {}
    reasons, note, echo = (data.get(name) for name in ("reasons", "note", "echo"))
    named = reasons[:MAX_REASONS] if isinstance(reasons, list) else ()
    return Act(
        name=data["act"] if data.get("act") in ("cast", *ACTS) else "",
        token=str(data.get("token")),
        echo=echo if type(echo) is int else 0,
        answer=next((a for a in Answer if a.is_verdict and a == data.get("answer")), None),
        reasons=tuple(reason for reason in Reason if reason in named),
        note=note[:MAX_NOTE_CHARACTERS].strip() or None if isinstance(note, str) else None,
    )


def vote_panel(*, stage_id: str, elem_id: str) -> gr.HTML:
    """
    A widget whose value comes from here; it triggers `judge` with what `act_of` reads.

    Args:
        stage_id: Of the stage whose pictures must be there before a verdict is taken.
    """
    return gr.HTML(
        no_vote(),
        apply_default_css=False,
        html_template=asset("vote.html"),
        js_on_load=asset("vote.js"),
        elem_id=elem_id,
        elem_classes=[CSS_CLASS],
        texts=texts_of("vote"),
        stage=stage_id,
        reasons=[str(reason) for reason in Reason],
        noteLimit=MAX_NOTE_CHARACTERS,
    )


def no_vote() -> dict[str, Any]:
    """The value of a panel that is not there."""
    return {"state": "none"}


def vote_told(
    words: str, *, acts: Iterable[str] = (), problem: str | None = None
) -> dict[str, Any]:
    """The value of a panel that has something to say and no pair."""
    return {"state": "told", "told": words, "problem": problem or "", "acts": list(acts)}


def vote_of_comparison(
    sight: Sight, views: Sequence[RunView], *, problem: str | None = None
) -> dict[str, Any]:
    """The value of the panel below a comparison, as the voter may see it now."""
    wrong = problem or sight.problem
    show = ["show"] if sight.is_hidden else []
    if sight.showing is None:
        if not views or not (sight.is_final or sight.is_sealed):
            return no_vote()
        if not sight.is_final:
            return vote_told(text("vote.waiting"), acts=show, problem=wrong) if show else no_vote()
        return vote_told("" if sight.problem else _why_nothing(views), acts=show, problem=wrong)
    acts = [*show]
    if sight.number > 1:
        acts.append("previous")
    if sight.has_next:
        acts.append("next")
    elif sight.has_overview:
        acts.append("all")
    place = ""
    if sight.count > 1:
        place = text("vote.pair", number=sight.number, count=sight.count)
    by_run = {view.run_id: view for view in views}
    return vote_value(sight.showing, by_run, acts=acts, place=place, problem=wrong)


def vote_value(
    showing: Showing,
    views: Mapping[str, RunView],
    *,
    acts: Iterable[str],
    place: str = "",
    problem: str | None = None,
    is_judging: bool = False,
) -> dict[str, Any]:
    """
    The value of the panel for one showing. While its names are hidden, nothing of either side is in it.

    Args:
        views: At least of both runs.

        is_judging: Pair after pair is judged: keys lead on to the next one.
    """
    ballot, standing = showing.ballot, showing.ballot.standing
    value: dict[str, Any] = {
        "state": "pair",
        "token": showing.token,
        "isJudging": is_judging,
        "isHidden": ballot.is_hidden,
        "place": place,
        "acts": list(acts),
        "problem": problem or "",
        "answer": None,
        "reasons": [],
        "note": "",
        "sides": [],
        "sizes": "",
        "check": "",
    }
    if ballot.is_hidden:
        told = "vote.counts" if ballot.is_blind else "vote.known"
        return {**value, "counts": ballot.is_blind, "told": text(told)}
    sides = [views[run_id] for run_id in showing.run_ids]
    value |= {
        "sides": [_side(place, view) for place, view in enumerate(sides, start=1)],
        "sizes": _sizes(sides),
        "check": _check(showing),
    }
    if standing is None:
        told = "vote.named" if ballot.draw is None else "vote.again"
        return {**value, "counts": False, "told": text(told)}
    value["acts"].append("withdraw")
    return {
        **value,
        "answer": _answer_here(standing, showing),
        "reasons": (standing.reasons or "").split(),
        "note": standing.note or "",
        "counts": standing.is_blind,
        "told": text("vote.counted" if standing.is_blind else "vote.not_counted"),
    }


def _answer_here(vote: Vote, showing: Showing) -> str:
    """The verdict as it reads with the sides of this showing, from whichever one it was given at."""
    a, b = showing.run_ids
    if vote.winner_run_id is None:
        return vote.answer
    return {a: str(Answer.A_BETTER), b: str(Answer.B_BETTER)}[vote.winner_run_id]


def _side(place: int, view: RunView) -> dict[str, Any]:
    run = view.run
    amount, kind = cost_words(view)
    facts = [(text("card.time"), fmt.seconds(None if run is None else run.total_s), "")]
    facts.append((text("card.cost"), amount, kind))
    if run is not None:
        facts.append((text("card.size"), fmt.pixels(run.width_px, run.height_px), ""))
    return {
        "mark": lane_mark(place),
        "name": model_name(view.request.model),
        "facts": [list(fact) for fact in facts],
    }


def _sizes(sides: Sequence[RunView]) -> str:
    sizes = [fmt.pixels(v.run.width_px, v.run.height_px) for v in sides if v.run is not None]
    if len(set(sizes)) < 2:
        return ""
    told = (f"{lane_mark(place)} {size}" for place, size in enumerate(sizes, start=1))
    return text("vote.sizes", sizes=fmt.listed(told))


def _check(showing: Showing) -> str:
    if showing.pair.kind is PairKind.SWAPPED:
        return text("vote.check_swapped")
    return text("vote.check_same") if showing.pair.kind is PairKind.SAME_MODEL else ""


def _why_nothing(views: Sequence[RunView]) -> str:
    """Why no pair of these runs, all of them over, can be judged."""
    pairs = comparison_pairs([view.run for view in views if view.run is not None])
    reasons = {pair.why_not for pair in pairs if pair.why_not is not None}
    if len(reasons) == 1 and all(view.picture is not None for view in views):
        return text("vote.nothing_differs", reason=told(reasons.pop().sentence))
    return text("vote.nothing")
