"""Two runs of an earlier comparison field by field, and what was said of them, as HTML."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from typing import Any

from playground.history.pages import difference
from playground.markup import Markup, el
from playground.runner.views import RunView
from playground.schema import Answer, Run, Vote, column_info
from playground.ui import format as fmt
from playground.ui.history.detail import (
    SIDES,
    Detail,
    copy_button,
    run_mark,
    run_name,
    state_words,
)
from playground.ui.texts import ENGLISH, meaning, text

FIELDS = column_info(Run)
# Values out of a closed set have words; one that is none of it stands as it is.
_WORDED = {
    "status": "status.{}",
    "origin": "origin.{}",
    "estimate_kind": "money.before_{}",
    "billing_status": "billing.{}",
}
# What nobody types off: ids, hashes, addresses, and whole sentences.
COPIED = frozenset(
    name
    for name in FIELDS
    if name in ("run_id", "retry_of", "file", "sha256", "dhash", "prompt")
    or name.endswith(("_id", "_sha256", "_url", "_urls", "_message"))
)
GROUPS = tuple(dict.fromkeys(info["group"] for info in FIELDS.values()))


def fields_html(detail: Detail) -> Markup:
    """What differs between the chosen two, and every field of both."""
    by_id = {view.run_id: view for view in detail.views}
    chosen = [by_id[run_id] for run_id in detail.chosen]
    runs = [view.run for view in chosen if view.run is not None]
    return el(
        "section",
        el("h3", text("history.fields")),
        _chooser(detail) if len(detail.views) > 1 else None,
        _differences(runs) if len(runs) == SIDES else None,
        _all_fields(chosen, detail)
        if runs
        else el("p", text("history.no_fields"), class_="pg-note"),
        class_="pg-fields",
    )


def _chooser(detail: Detail) -> Markup:
    def options(chosen: str) -> Iterator[Markup]:
        for view in detail.views:
            words = f"{run_mark(view, detail)} · {run_name(view, detail)} · {state_words(view)}"
            yield el("option", words, value=view.run_id, selected=view.run_id == chosen)

    return el(
        "div",
        *(
            el("label", text(f"history.choose_{side}"), " ",
               el("select", *options(chosen), data_choose=side, data_key=f"choose {side}"))
            for side, chosen in zip(("first", "second"), detail.chosen, strict=False)
        ),
        class_="pg-chooser",
    )  # fmt: skip


def _differences(runs: Sequence[Run]) -> Markup:
    found = difference(*runs)
    if not found:
        return el("p", text("history.no_difference"), class_="pg-note")
    rows = (
        el(
            "tr",
            el("th", text(f"field.{each.column}"), scope="row"),
            el("td", value_words(each.column, each.a), dir="auto"),
            el("td", value_words(each.column, each.b), dir="auto"),
        )
        for each in found
    )
    return el(
        "table",
        el("caption", text("history.differs")),
        el("tbody", *rows),
        class_="pg-field-table pg-differences",
    )


def _all_fields(chosen: Sequence[RunView], detail: Detail) -> Markup:
    runs = [view.run for view in chosen]
    head = (
        el("th", el("span", run_mark(view, detail), class_="pg-lane-mark"), " ",
           run_name(view, detail), scope="col")
        for view in chosen
    )  # fmt: skip
    return el(
        "details",
        el("summary", text("history.all_fields")),
        el(
            "table",
            el("thead", el("tr", el("th", text("history.field"), scope="col"), *head)),
            *(_group(group, runs) for group in GROUPS),
            class_="pg-field-table",
        ),
        class_="pg-all-fields",
        data_keep="fields",
    )


def _group(group: str, runs: Sequence[Run | None]) -> Markup:
    names = [name for name, info in FIELDS.items() if info["group"] == group]
    heading = el("th", text(f"group.{group}"), scope="colgroup", colspan=len(runs) + 1)
    return el(
        "tbody", el("tr", heading, class_="pg-field-group"), *(_field(n, runs) for n in names)
    )


def _field(name: str, runs: Sequence[Run | None]) -> Markup:
    values = [None if run is None else getattr(run, name) for run in runs]
    label = text(f"field.{name}")
    return el(
        "tr",
        el("th", label, scope="row", title=meaning(name)),
        *(_value(name, label, value) for value in values),
        data_field=name,
        data_differs=len(set(map(str, values))) > 1,
    )


def _value(name: str, label: str, value: Any) -> Markup:
    words = value_words(name, value)
    copy = None
    if value is not None and name in COPIED:
        copy = copy_button(
            text("history.copy"), str(value), label=text("history.copy_field", name=label)
        )
    return el("td", el("span", words, dir="auto"), " ", copy)


def value_words(name: str, value: Any) -> str:
    """The value of a field of `Run` for people; what is not known is a dash, never zero."""
    if value is None:
        return fmt.UNKNOWN
    if isinstance(value, datetime):
        return fmt.exact_moment(value)
    if isinstance(value, Decimal):
        return fmt.credits(value) if name.endswith("_credits") else fmt.usd(value)
    if name.endswith("_s") and isinstance(value, float):
        return fmt.seconds(value)
    if name == "size_bytes":
        return fmt.file_size(value)
    words = _WORDED.get(name, "").format(value)
    return text(words) if words in ENGLISH else str(value)


# ---- votes ------------------------------------------------------------------------------------


def votes_html(detail: Detail) -> Markup:
    """What this visitor said of the pictures, every act in its order."""
    acts: list[Markup] = []
    # Names of several pairs are shown at once, which is one thing that was done.
    for is_telling, group in groupby(
        detail.past.votes, lambda vote: vote.answer == Answer.REVEALED
    ):
        votes = tuple(group)
        together = [votes] if is_telling else [(vote,) for vote in votes]
        acts += (_act(each, detail) for each in together)
    return el(
        "section",
        el("h3", text("history.votes")),
        el("ol", *acts, class_="pg-vote-list") if acts else el("p", text("history.no_votes"), class_="pg-note"),
        class_="pg-votes",
    )  # fmt: skip


def _act(votes: Sequence[Vote], detail: Detail) -> Markup:
    """One act, or the same one on several pairs."""
    vote = votes[-1]
    names = {view.run_id: run_name(view, detail) for view in detail.views}
    words = text(f"history.vote_{vote.answer}") if vote.answer in tuple(Answer) else vote.answer
    if vote.winner_run_id is not None:
        words = fmt.lead(words) + names.get(vote.winner_run_id, vote.winner_run_id)
    details = [_pair_words(votes, detail), fmt.moment_words(vote.at)]
    if _is_verdict(vote):
        details.append(text("history.vote_blind" if vote.is_blind else "history.vote_open"))
        details.append(_sides_words(vote, names))
    details.append(vote.reasons)
    return el(
        "li",
        el("strong", words),
        " ",
        el("span", " · ".join(each for each in details if each), class_="pg-note"),
        el("p", vote.note, dir="auto", class_="pg-note") if vote.note else None,
        data_answer=vote.answer,
    )


def _pair_words(votes: Sequence[Vote], detail: Detail) -> str | None:
    """ "pairs 1–4", where there are several."""
    repeats = {view.run_id: view.repeat for view in detail.views}
    numbers = sorted({repeats[vote.run_1] for vote in votes if vote.run_1 in repeats})
    if not detail.has_repeats or not numbers:
        return None
    if len(numbers) == 1:
        return text("history.pair", number=numbers[0])
    is_run = numbers == list(range(numbers[0], numbers[-1] + 1))
    told = f"{numbers[0]}–{numbers[-1]}" if is_run else fmt.listed(map(str, numbers))
    return text("history.pairs", numbers=told)


def _sides_words(vote: Vote, names: Mapping[str, str]) -> str:
    run_b = vote.run_1 if vote.run_a == vote.run_2 else vote.run_2
    a, b = (names.get(run_id, run_id) for run_id in (vote.run_a, run_b))
    return text("history.vote_sides", a=a, b=b)


def _is_verdict(vote: Vote) -> bool:
    return vote.answer in tuple(Answer) and Answer(vote.answer).is_verdict
