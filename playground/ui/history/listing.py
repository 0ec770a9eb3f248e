"""The list of everything compared, as HTML: gallery or table, page by page."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from statistics import median

from playground.history.pages import Archived, HistoryItem, HistoryPage, RunBrief, Verdict
from playground.judging.pairs import stable_draw
from playground.markup import Markup, el
from playground.schema import Answer, Origin, PairKind, RunStatus
from playground.ui import format as fmt
from playground.ui.cards import lane_mark, model_name
from playground.ui.money import total_words
from playground.ui.texts import ENGLISH, text

PROMPT_CHARACTERS = 240
SHOWN_PICTURES = 2

Thumbnail = Callable[[str | None], Path | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """
    A page of the list to be drawn. `thumbnail` turns the file of a row into a small copy.

    Of those in `hidden_ids` nothing is told that is of one side: they wait to be judged blind.
    """

    page: HistoryPage
    is_table: bool
    is_filtered: bool
    thumbnail: Thumbnail
    hidden_ids: frozenset[str] = frozenset()
    experiment_name: Callable[[str], str] = str  # what its maker called an experiment

    def hides(self, item: HistoryItem) -> bool:
        return item.comparison_id in self.hidden_ids


def listing_html(listing: Listing) -> Markup:
    """How many there are, the comparisons, and the way to further pages."""
    page = listing.page
    if not page.items:
        return el("div", _nothing(listing), class_="pg-past", data_found=0)
    draw = _table if listing.is_table else _gallery
    return el(
        "div",
        el(
            "div",
            _count(page),
            _selection(),
            class_="pg-past-head",
        ),
        draw(listing),
        _pager(page),
        class_="pg-past",
        data_found=page.n_found,
        data_page=page.number,
    )


def _count(page: HistoryPage) -> Markup:
    name = "history.count" if page.n_found != 1 or page.n_comparisons != 1 else "history.count_one"
    return el(
        "p",
        text(name, found=f"{page.n_found:,}", all=f"{page.n_comparisons:,}"),
        class_="pg-past-count",
        data_news=True,
    )


def _nothing(listing: Listing) -> Markup:
    if listing.page.n_comparisons == 0:
        return el(
            "div",
            el("h2", text("history.empty_title")),
            el("p", text("history.empty")),
            el("button", text("history.empty_go"), type="button", class_="pg-button", data_tab="compare"),
            class_="pg-past-nothing",
            role="status",
        )  # fmt: skip
    if not listing.is_filtered:
        words = text("history.all_archived", all=f"{listing.page.n_comparisons:,}")
        return el(
            "div",
            el("p", words),
            el("button", text("history.show_archive"), type="button", class_="pg-button",
               data_filter="archived", data_value=Archived.ALL),
            class_="pg-past-nothing",
            data_news=True,
        )  # fmt: skip
    return el(
        "div",
        el("h2", text("history.none_title")),
        el("p", text("history.none", all=f"{listing.page.n_comparisons:,}")),
        el("button", text("history.clear"), type="button", class_="pg-button", data_clear=True),
        class_="pg-past-nothing",
        data_news=True,
    )


def _selection() -> Markup:
    """What can be done with several; the browser keeps which are selected."""
    return el(
        "div",
        el("label", el("input", type="checkbox", data_all=True), text("history.select_page")),
        plain_box(),
        el(
            "span",
            class_="pg-past-selected",
            data_text=text("history.selected", count="{count}"),
            role="status",
        ),
        el(
            "button",
            text("history.zip_selected"),
            type="button",
            class_="pg-button",
            data_act="zip",
            data_key="zip",
            disabled=True,
        ),
        class_="pg-past-selection",
        role="group",
        aria_label=text("history.selection"),
    )


def _gallery(listing: Listing) -> Markup:
    return el(
        "ul",
        *(_tile(item, listing) for item in listing.page.items),
        class_="pg-past-gallery",
        aria_label=text("history.list_label"),
    )


def _table(listing: Listing) -> Markup:
    names = ("select", "prompt", "when", "request", "models", "cost", "outcome", "marks")
    head = (el("th", text(f"history.column_{name}"), scope="col") for name in names)
    return el(
        "table",
        el("caption", text("history.list_label"), class_="pg-hidden"),
        el("thead", el("tr", *head)),
        el("tbody", *(_row(item, listing) for item in listing.page.items)),
        class_="pg-past-table",
    )


def plain_box() -> Markup:
    """Whether pictures are to be taken out without the record of how they were made."""
    return el(
        "label",
        el("input", type="checkbox", data_plain=True, data_key="plain"),
        text("history.plain"),
        class_="pg-check",
        title=text("history.plain_hint"),
    )


# ---- one comparison ---------------------------------------------------------------------------


def _tile(item: HistoryItem, listing: Listing) -> Markup:
    is_hidden = listing.hides(item)
    known = () if is_hidden else (*_took(item), _cost(item), _count_of_pictures(item))
    facts = (_when(item.started_at), _request(item), *known)
    return el(
        "li",
        _open(item, listing),
        el("p", *(el("span", each) for each in facts if each), *_origin(item),
           class_="pg-past-facts"),
        _line(_outcome(item, is_hidden=is_hidden)),
        _line(_signs(item, listing.experiment_name)),
        el("div", _select(item), _star(item), class_="pg-past-tools"),
        class_="pg-past-tile",
        data_comparison=item.comparison_id,
    )  # fmt: skip


def _row(item: HistoryItem, listing: Listing) -> Markup:
    is_hidden = listing.hides(item)
    took = () if is_hidden else _took(item)
    cost = None if is_hidden else el("span", _cost(item))
    return el(
        "tr",
        el("td", _select(item), _star(item), class_="pg-past-tools"),
        el("td", _open(item, listing), class_="pg-past-what"),
        el("td", _when(item.started_at)),
        el("td", _request(item), class_="pg-past-request"),
        el("td", *(el("span", each) for each in took), class_="pg-past-took"),
        el("td", cost, " ", *_origin(item)),
        el("td", _line(_outcome(item, is_hidden=is_hidden)), class_="pg-past-marks"),
        el("td", _line(_signs(item, listing.experiment_name)), class_="pg-past-marks"),
        data_comparison=item.comparison_id,
    )


def _open(item: HistoryItem, listing: Listing) -> Markup:
    return el(
        "button",
        _covered() if listing.hides(item) else _pictures(item, listing),
        el("span", _prompt(item), class_="pg-past-prompt", dir="auto"),
        type="button",
        class_="pg-past-open",
        data_act="open",
        data_comparison=item.comparison_id,
        data_key=f"open {item.comparison_id}",
    )


def _prompt(item: HistoryItem) -> str:
    return fmt.shortened(item.prompt, PROMPT_CHARACTERS) or text("history.no_prompt")


def _covered() -> Markup:
    """Two sides that nothing tells apart."""
    marks = (el("span", lane_mark(n), class_="pg-no-thumb") for n in range(1, SHOWN_PICTURES + 1))
    return el("span", *marks, class_="pg-past-pair", aria_hidden="true")


def _pictures(item: HistoryItem, listing: Listing) -> Markup:
    runs = _in_order(item)
    count = sum(1 for run in runs if run.file is not None)
    if len(runs) > SHOWN_PICTURES:
        runs = sorted(runs, key=lambda run: run.file is None)
    shown = runs[:SHOWN_PICTURES]
    more = count - sum(1 for run in shown if run.file is not None)
    return el(
        "span",
        *(_small(listing.thumbnail(run.file), run) for run in shown),
        el("span", f"+{more}", class_="pg-past-more", aria_hidden="true") if more > 0 else None,
        class_="pg-past-pair",
    )


def _in_order(item: HistoryItem) -> Sequence[RunBrief]:
    """
    As this voter had them before them, unless that would tell somebody who has yet to judge them
    which model made which.
    """
    if item.n_judged >= item.n_pairs:
        left = {verdict.run_a for verdict in item.verdicts}
        return sorted(item.runs, key=lambda run: (run.repeat, run.run_id not in left))
    return sorted(item.runs, key=lambda run: (run.repeat, stable_draw(run.run_id)))


def _small(path: Path | None, run: RunBrief) -> Markup:
    if path is not None:
        return el("img", src=fmt.file_url(path), alt="", loading="lazy", decoding="async")
    is_failed = run.status != RunStatus.SUCCEEDED
    # Told again below, to everybody: a table has no room for words here.
    words = el("span", _failure(run) if is_failed else fmt.UNKNOWN)
    return el("span", words, class_="pg-no-thumb", aria_hidden="true", data_failed=is_failed)


def _request(item: HistoryItem) -> str:
    return f"{item.size} · {item.resolution}"


def _origin(item: HistoryItem) -> list[Markup]:
    known = item.origin if item.origin in tuple(Origin) else None
    if known is None:
        return []
    return [el("span", text(f"origin.{known}"), class_=f"pg-badge pg-badge-{known}")]


def _took(item: HistoryItem) -> tuple[str, ...]:
    """Each model with its seconds, in an order that says nothing about the pictures."""
    times: dict[str, list[float]] = {}
    for run in item.runs:
        done = times.setdefault(model_name(run.model), [])
        if run.status == RunStatus.SUCCEEDED and run.total_s is not None:
            done.append(run.total_s)
    return tuple(_time_words(name, times[name]) for name in sorted(times))


def _time_words(name: str, times: Sequence[float]) -> str:
    time = fmt.seconds(median(times) if times else None)
    if len(times) > 1:
        time = text("history.median", time=time, count=len(times))
    return text("history.took", name=name, time=time)


def _cost(item: HistoryItem) -> str:
    return total_words(item.attempts, Origin(item.origin) if item.origin in tuple(Origin) else None)


def _count_of_pictures(item: HistoryItem) -> str | None:
    """Where it is not what everybody expects: one of each side, and both there."""
    done = sum(1 for run in item.runs if run.status == RunStatus.SUCCEEDED)
    if done == len(item.runs) == SHOWN_PICTURES:
        return None
    return text("history.done", done=done, count=len(item.runs))


def _line(signs: Iterator[Markup]) -> Markup | None:
    each = tuple(signs)
    return el("p", *each, class_="pg-past-signs") if each else None


def _sign(words: str, **attributes: str | bool | None) -> Markup:
    return el("span", words, class_="pg-past-sign", **attributes)


def _outcome(item: HistoryItem, *, is_hidden: bool) -> Iterator[Markup]:
    """What was said of the pictures, and why some of them are not there."""
    if is_hidden:
        yield _sign(text("history.blind"), data_judged="blind")
        return
    failed = Counter(
        text("history.failure", name=model_name(run.model), why=_failure(run))
        for run in item.runs
        if run.status != RunStatus.SUCCEEDED
    )
    for words, count in sorted(failed.items()):
        yield _sign(_times(words, count), data_failed=True)
    if item.n_pairs:
        name = "judged" if item.n_judged >= item.n_pairs else "unjudged"
        name = "part_judged" if 0 < item.n_judged < item.n_pairs else name
        yield _sign(_verdict_words(item, name), data_judged=name)


def _failure(run: RunBrief) -> str:
    """Why there is no picture, in a word or two."""
    name = f"short.{run.error_kind}"
    if run.status == RunStatus.UNCONFIRMED:
        name = "short.answer_lost"
    return text(name) if name in ENGLISH else text("short.other")


def _verdict_words(item: HistoryItem, name: str) -> str:
    if not item.verdicts:
        return text(f"history.{name}", done=item.n_judged, count=item.n_pairs)
    said = Counter(map(_verdict, item.verdicts))
    words = [_times(verdict, count) for verdict, count in said.most_common()]
    blind = sum(1 for verdict in item.verdicts if verdict.is_blind)
    how = {0: "history.vote_open", len(item.verdicts): "history.vote_blind"}
    parts = [fmt.listed(words), text(how.get(blind, "history.part_blind"), count=blind)]
    if name == "part_judged":
        parts.append(text("history.part_judged", done=item.n_judged, count=item.n_pairs))
    return " · ".join(parts)


def _verdict(verdict: Verdict) -> str:
    if verdict.winner_model is not None:
        if verdict.pair_kind == PairKind.SAME_MODEL:
            return text("history.one_better")
        return text("history.better", name=model_name(verdict.winner_model))
    known = verdict.answer in tuple(Answer)
    return text(f"history.vote_{verdict.answer}") if known else verdict.answer


def _times(words: str, count: int) -> str:
    return words if count == 1 else f"{words} ×{count}"


def _signs(item: HistoryItem, experiment_name: Callable[[str], str]) -> Iterator[Markup]:
    """Where it belongs, and what was put on it."""
    if item.is_archived:
        yield _sign(text("history.archived"))
    if item.experiment_id is not None:
        name = fmt.shortened(experiment_name(item.experiment_id), 40)
        yield _sign(text("history.of_experiment", name=name), dir="auto")
    if item.note:
        yield _sign(text("history.has_note", note=fmt.shortened(item.note, 60)), dir="auto")
    yield from (el("span", tag, class_="pg-past-tag", dir="auto") for tag in item.tags)


def _select(item: HistoryItem) -> Markup:
    words = text("history.select", prompt=fmt.shortened(item.prompt, 60))
    return el(
        "input",
        type="checkbox",
        aria_label=words,
        data_select=item.comparison_id,
        data_key=f"select {item.comparison_id}",
    )


def _star(item: HistoryItem) -> Markup:
    return star_button(item.comparison_id, item.prompt, is_on=item.is_starred)


def star_button(comparison_id: str, prompt: str, *, is_on: bool) -> Markup:
    """A star to put on or take off; its state is told by `aria-pressed`."""
    return el(
        "button",
        el("span", "★" if is_on else "☆", aria_hidden="true"),
        type="button",
        class_="pg-star",
        aria_label=text("history.star", prompt=fmt.shortened(prompt, 60)),
        aria_pressed="true" if is_on else "false",
        data_act="mark",
        data_kind="star",
        data_on="" if is_on else "yes",
        data_comparison=comparison_id,
        data_key=f"star {comparison_id}",
    )


def _when(moment: datetime | None) -> str:
    return fmt.UNKNOWN if moment is None else fmt.moment_words(moment)


# ---- pages ------------------------------------------------------------------------------------


def _pager(page: HistoryPage) -> Markup | None:
    if page.n_pages == 1:
        return None
    places = (
        ("first", 1),
        ("previous", page.number - 1),
        (None, page.number),
        ("next", page.number + 1),
        ("last", page.n_pages),
    )
    return el(
        "nav",
        *(
            el("span", text("history.page", number=page.number, count=page.n_pages))
            if name is None
            else _turn(name, to, is_off=to == page.number or not 1 <= to <= page.n_pages)
            for name, to in places
        ),
        class_="pg-past-pager",
        aria_label=text("history.pages"),
    )


def _turn(name: str, to: int, *, is_off: bool) -> Markup:
    return el(
        "button",
        text(f"history.{name}"),
        type="button",
        class_="pg-button",
        data_act="turn",
        data_page=to,
        data_key=f"turn {name}",
        disabled=is_off,
    )
