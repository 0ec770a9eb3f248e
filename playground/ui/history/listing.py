"""The list of everything compared, as HTML: gallery or table, page by page."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from playground.history.pages import HistoryItem, HistoryPage, RunBrief
from playground.judging.pairs import stable_draw
from playground.markup import Markup, el
from playground.schema import Origin, RunStatus
from playground.ui import format as fmt
from playground.ui.cards import model_name
from playground.ui.texts import text

PROMPT_CHARACTERS = 240
SHOWN_PICTURES = 2

Thumbnail = Callable[[str | None], Path | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A page of the list to be drawn. `thumbnail` turns the file of a row into a small copy."""

    page: HistoryPage
    is_table: bool
    is_filtered: bool
    thumbnail: Thumbnail


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
        draw(page.items, listing.thumbnail),
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
        return el("div", el("p", words), class_="pg-past-nothing", data_news=True)
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


def _gallery(items: Sequence[HistoryItem], thumbnail: Thumbnail) -> Markup:
    return el(
        "ul",
        *(_tile(item, thumbnail) for item in items),
        class_="pg-past-gallery",
        aria_label=text("history.list_label"),
    )


def _table(items: Sequence[HistoryItem], thumbnail: Thumbnail) -> Markup:
    names = ("select", "prompt", "when", "request", "models", "pictures", "marks")
    head = (el("th", text(f"history.column_{name}"), scope="col") for name in names)
    return el(
        "table",
        el("caption", text("history.list_label"), class_="pg-hidden"),
        el("thead", el("tr", *head)),
        el("tbody", *(_row(item, thumbnail) for item in items)),
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


def _tile(item: HistoryItem, thumbnail: Thumbnail) -> Markup:
    return el(
        "li",
        _open(
            item,
            _pictures(item, thumbnail),
            el("span", _prompt(item), class_="pg-past-prompt", dir="auto"),
        ),
        el("p", *_facts(item), class_="pg-past-facts"),
        _signs(item),
        el("div", _select(item), _star(item), class_="pg-past-tools"),
        class_="pg-past-tile",
        data_comparison=item.comparison_id,
    )


def _row(item: HistoryItem, thumbnail: Thumbnail) -> Markup:
    opener = _open(
        item,
        _pictures(item, thumbnail),
        el("span", _prompt(item), class_="pg-past-prompt", dir="auto"),
    )
    return el(
        "tr",
        el("td", _select(item), _star(item), class_="pg-past-tools"),
        el("td", opener, class_="pg-past-what"),
        el("td", _when(item.started_at)),
        el("td", f"{item.size} · {item.resolution}", class_="pg-past-request"),
        el("td", _models(item)),
        el("td", el("span", _done(item)), " ", *_origin(item)),
        el("td", _signs(item), class_="pg-past-marks"),
        data_comparison=item.comparison_id,
    )


def _open(item: HistoryItem, *inside: Markup) -> Markup:
    return el(
        "button",
        *inside,
        type="button",
        class_="pg-past-open",
        data_act="open",
        data_comparison=item.comparison_id,
        data_key=f"open {item.comparison_id}",
    )


def _prompt(item: HistoryItem) -> str:
    return fmt.shortened(item.prompt, PROMPT_CHARACTERS) or text("history.no_prompt")


def _pictures(item: HistoryItem, thumbnail: Thumbnail) -> Markup:
    runs = _in_order(item)
    shown = [run for run in runs if run.file is not None][:SHOWN_PICTURES]
    count = sum(1 for run in runs if run.file is not None)
    small = [_small(thumbnail(run.file)) for run in shown]
    small += [_small(None)] * (min(len(runs), SHOWN_PICTURES) - len(small))
    more = count - len(shown)
    return el(
        "span",
        *small,
        el("span", f"+{more}", class_="pg-past-more", aria_hidden="true") if more > 0 else None,
        class_="pg-past-pair",
    )


def _in_order(item: HistoryItem) -> Sequence[RunBrief]:
    """By lane, unless that would tell somebody who has yet to judge them which model made which."""
    if item.n_judged >= item.n_pairs:
        return item.runs
    return sorted(item.runs, key=lambda run: (run.repeat, stable_draw(run.run_id)))


def _small(path: Path | None) -> Markup:
    if path is None:
        return el("span", fmt.UNKNOWN, class_="pg-no-thumb", aria_hidden="true")
    return el("img", src=fmt.file_url(path), alt="", loading="lazy", decoding="async")


def _facts(item: HistoryItem) -> list[Markup]:
    words = (_when(item.started_at), f"{item.size} · {item.resolution}", _models(item), _done(item))
    return [el("span", each) for each in words] + _origin(item)


def _origin(item: HistoryItem) -> list[Markup]:
    known = item.origin if item.origin in tuple(Origin) else None
    if known is None:
        return []
    return [el("span", text(f"origin.{known}"), class_=f"pg-badge pg-badge-{known}")]


def _models(item: HistoryItem) -> str:
    """Which models took part, in an order that says nothing about the pictures."""
    return fmt.listed(sorted({model_name(run.model) for run in item.runs}))


def _done(item: HistoryItem) -> str:
    done = sum(1 for run in item.runs if run.status == RunStatus.SUCCEEDED)
    return text("history.done", done=done, count=len(item.runs))


def _signs(item: HistoryItem) -> Markup | None:
    signs: list[Markup] = []
    if item.n_pairs:
        name = "judged" if item.n_judged >= item.n_pairs else "unjudged"
        name = "part_judged" if 0 < item.n_judged < item.n_pairs else name
        words = text(f"history.{name}", done=item.n_judged, count=item.n_pairs)
        signs.append(el("span", words, class_="pg-past-sign", data_judged=name))
    if item.is_archived:
        signs.append(el("span", text("history.archived"), class_="pg-past-sign"))
    if item.experiment_id is not None:
        words = text("history.of_experiment", name=fmt.shortened(item.experiment_id, 40))
        signs.append(el("span", words, class_="pg-past-sign"))
    if item.note:
        note = text("history.has_note", note=fmt.shortened(item.note, 60))
        signs.append(el("span", note, class_="pg-past-sign", dir="auto"))
    signs += [el("span", tag, class_="pg-past-tag", dir="auto") for tag in item.tags]
    return el("p", *signs, class_="pg-past-signs") if signs else None


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
