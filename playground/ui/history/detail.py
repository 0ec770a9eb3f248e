"""One earlier comparison as HTML: its request, pictures, fields side by side, votes, and what can be done."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from playground.history.marks import MAX_NOTE_CHARACTERS, MAX_TAG_CHARACTERS
from playground.judging.votes import shown_as_a
from playground.markup import Markup, el, join
from playground.runner.views import RunView
from playground.schema import Run, RunStatus
from playground.ui import format as fmt
from playground.ui.cards import ending_words, lane_mark, model_name
from playground.ui.history.archive import Past
from playground.ui.history.listing import plain_box, star_button
from playground.ui.money import cost_words
from playground.ui.stage import StagePicture, empty_stage, stage_value
from playground.ui.texts import text
from playground.ui.texts.telling import told
from playground.ui.voting.ballots import Sight
from playground.ui.voting.neutral_references import is_missing, missing_words

SIDES = 2
# About what fits into the lines that are shown of it, on a wide screen.
LONG_PROMPT_CHARACTERS = 480
LONG_PROMPT_LINES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Detail:
    """
    A comparison to be drawn. `chosen`: the two runs compared, fewer where there are no two.

    `views` are those of all runs, retries included, in the order of side, repeat and time.
    `turned`: the repeats whose lanes this voter had on the other side than that of their number.
    """

    past: Past
    views: tuple[RunView, ...]
    chosen: tuple[str, ...]
    picture: Callable[[str | None], Path | None]
    thumbnail: Callable[[str | None], Path | None]
    turned: frozenset[int] = frozenset()

    @property
    def first(self) -> RunView:
        return self.past.views[0]

    @property
    def has_repeats(self) -> bool:
        return any(view.repeat > 1 for view in self.views)

    def side(self, view: RunView) -> int:
        """Where it stood before this voter, from 1; its lane where they had no pair of it."""
        return SIDES + 1 - view.lane if view.repeat in self.turned else view.lane


def detail_of(
    past: Past,
    views: Sequence[RunView],
    wanted: Sequence[str],
    *,
    picture: Callable[[str | None], Path | None],
    thumbnail: Callable[[str | None], Path | None],
) -> Detail:
    """
    `wanted` runs are chosen where they exist; else the first of each side that counts.

    Args:
        views: Of every run of the comparison.
    """
    detail = Detail(
        past=past,
        views=tuple(views),
        chosen=tuple(wanted),
        picture=picture,
        thumbnail=thumbnail,
        turned=_turned(past),
    )
    ordered = sorted(views, key=lambda view: (detail.side(view), view.repeat, view.started_at))
    known = {view.run_id for view in ordered}
    chosen = tuple(wanted)
    if len(wanted) != SIDES or not set(wanted) <= known:
        firsts = {detail.side(view): view.run_id for view in reversed(past.views)}
        pair = [firsts[side] for side in sorted(firsts)]
        pair += [view.run_id for view in past.views if view.run_id not in pair]
        chosen = tuple(pair[:SIDES])
    return replace(detail, views=tuple(ordered), chosen=chosen)


def _turned(past: Past) -> frozenset[int]:
    if {view.lane for view in past.views} != set(range(1, SIDES + 1)):
        return frozenset()  # of three, each pair has sides of its own
    left = shown_as_a(past.votes)
    return frozenset(run.repeat for run in past.runs if run.lane == SIDES and run.run_id in left)


# ---- the stage --------------------------------------------------------------------------------


def detail_stage(detail: Detail) -> dict[str, Any]:
    """The chosen two on the stage, every other picture and the references to choose from."""
    by_run = {view.run_id: _stage_picture(view, detail) for view in detail.views}
    pair = [picture for run_id in detail.chosen if (picture := by_run.pop(run_id)) is not None]
    others = [picture for picture in by_run.values() if picture is not None]
    others += detail.past.reference_pictures
    if detail.chosen and len(pair) < SIDES:
        # One picture can still be held against a reference or another try.
        pair, others = [*pair, *others][:SIDES], others[SIDES - len(pair) :]
    if len(pair) < SIDES:
        return empty_stage()
    a, b = pair
    return stage_value(a, b, others=others, pair_id=f"history {' '.join(detail.chosen)}")


def _stage_picture(view: RunView, detail: Detail) -> StagePicture | None:
    path = None if view.run is None else detail.picture(view.run.file)
    if view.run is None or path is None:
        return None
    label = run_name(view, detail)
    return StagePicture(
        url=fmt.file_url(path),
        width_px=view.run.width_px or 0,
        height_px=view.run.height_px or 0,
        label=label,
        alt=f"{label}: {fmt.shortened(view.request.prompt, 300)}",
        mark=run_mark(view, detail),
    )


def run_mark(view: RunView, detail: Detail) -> str:
    """ "A"; "A2" where a side has more than one."""
    side = detail.side(view)
    same_side = [each.run_id for each in detail.views if detail.side(each) == side]
    place = same_side.index(view.run_id) + 1
    return lane_mark(side) + (str(place) if len(same_side) > 1 else "")


def run_name(view: RunView, detail: Detail) -> str:
    """ "FLUX.2 flex", with its repeat where there are several, and whether it is a retry."""
    words = [model_name(view.request.model)]
    if detail.has_repeats:
        words.append(text("history.repeat", number=view.repeat))
    if view.retry_of is not None:
        words.append(text("history.retry"))
    return fmt.listed(words)


# ---- the top ----------------------------------------------------------------------------------


def head_html(detail: Detail) -> Markup:
    """What was asked for, and what can be done with the whole of it."""
    past = detail.past
    return _head(
        past,
        _missing(past),
        _whole_actions(past),
        *(el("p", told(guard.sentence), class_="pg-guard") for guard in past.guards),
    )


def blind_head_html(past: Past, sight: Sight) -> Markup:
    """As `head_html`, of a comparison that waits to be judged: nothing in it is of one side."""
    told_names = None
    if sight.is_final:
        told_names = el("button", text("history.show_names"), type="button", class_="pg-button",
                        data_act="reveal", data_comparison=past.comparison_id,
                        data_key="whole")  # fmt: skip
    return _head(
        past,
        el("p", text("history.blind_hint" if sight.is_final else "history.still_blind"),
           class_="pg-guard"),
        el("p", sight.problem, class_="pg-guard") if sight.problem else None,
        el(
            "div",
            el("button", text("history.judge" if sight.is_final else "history.open_on_compare"),
               type="button", class_="pg-button pg-button-strong", data_act="show",
               data_comparison=past.comparison_id),
            told_names,
            *_request_actions(past),
            class_="pg-actions",
        ),
    )  # fmt: skip


def _head(past: Past, *more: Markup | None) -> Markup:
    prompt = past.views[0].request.prompt
    return el(
        "div",
        el(
            "div",
            el("button", text("history.back"), type="button", class_="pg-button", data_act="back"),
            star_button(past.comparison_id, prompt, is_on=past.marked.is_starred),
            class_="pg-detail-top",
        ),
        el("h2", text("history.detail_title"), tabindex=-1, class_="pg-hidden", data_heading=True),
        _prompt(prompt),
        el("p", *_request_facts(past), class_="pg-past-facts"),
        *more,
        class_="pg-detail-head",
        data_comparison=past.comparison_id,
    )


def _prompt(prompt: str) -> Markup:
    """All of it; a long one folded, with its first lines in sight."""
    words = el("p", prompt, class_="pg-detail-prompt", dir="auto")
    if len(prompt) <= LONG_PROMPT_CHARACTERS and prompt.count("\n") < LONG_PROMPT_LINES:
        return words
    return el(
        "div",
        el("input", type="checkbox", id="history-prompt", class_="pg-hidden", data_key="prompt"),
        words,
        el("label", text("history.whole_prompt"), for_="history-prompt", class_="pg-link"),
        class_="pg-detail-long",
    )


def _request_facts(past: Past) -> Iterator[Markup]:
    first = past.views[0]
    request, count = first.request, len(first.request.references)
    references = {0: None, 1: text("subject.reference")}
    words = (
        fmt.moment_words(min(view.started_at for view in past.views)),
        f"{request.size} · {request.resolution}",
        references.get(count, text("subject.references", count=count)),
    )
    yield from (el("span", each) for each in words if each)
    if past.experiment is not None:
        yield el("span", text("history.of_experiment", name=past.experiment), dir="auto")
    yield el("span", text(f"origin.{first.origin}"), class_=f"pg-badge pg-badge-{first.origin}")


def _missing(past: Past) -> Markup | None:
    words = missing_words(past.references)
    return el("p", words, class_="pg-guard") if words else None


def _whole_actions(past: Past) -> Markup:
    return el(
        "div",
        el("button", text("history.restore"), type="button",
           class_="pg-button pg-button-strong", data_act="show",
           data_comparison=past.comparison_id, data_key="whole"),
        el("button", text("history.zip"), type="button", class_="pg-button", data_act="zip",
           data_comparison=past.comparison_id, data_key="zip"),
        *_request_actions(past),
        plain_box(),
        class_="pg-actions",
    )  # fmt: skip


def _request_actions(past: Past) -> Iterator[Markup]:
    """What can be done without a word about the pictures."""
    is_archived = past.marked.is_archived
    yield copy_button(text("history.copy_prompt"), past.views[0].request.prompt, is_long=True)
    yield el("button", text("history.copy_link"), type="button", class_="pg-button",
             data_copy="", data_link=past.comparison_id,
             data_copied=text("card.copied"))  # fmt: skip
    yield el("button", text("history.unarchive" if is_archived else "history.archive"),
             type="button", class_="pg-button", data_act="mark", data_kind="archive",
             data_on="" if is_archived else "yes", data_comparison=past.comparison_id,
             data_key="archive")  # fmt: skip


def copy_button(
    words: str, value: str, *, label: str | None = None, is_long: bool = False
) -> Markup:
    """A button that copies `value`; the page does the copying."""
    return el(
        "button",
        words,
        type="button",
        class_="pg-button" if is_long else "pg-copy",
        aria_label=label,
        data_copy=value,
        data_copied=text("card.copied"),
    )


# ---- stars, tags, note ------------------------------------------------------------------------


def marks_html(past: Past) -> Markup:
    """Tags and the note, to be changed in place."""
    comparison_id, marked = past.comparison_id, past.marked
    tags = (
        el(
            "li",
            el("span", tag, class_="pg-past-tag", dir="auto"),
            el(
                "button",
                "×",
                type="button",
                class_="pg-tag-off",
                aria_label=text("history.untag", tag=tag),
                data_act="mark",
                data_kind="tag",
                data_value=tag,
                data_on="",
                data_comparison=comparison_id,
                data_key=f"untag {tag}",
            ),
        )
        for tag in marked.tags
    )
    return el(
        "div",
        el("h3", text("history.tags")),
        el("ul", *tags, class_="pg-tags") if marked.tags else None,
        el(
            "form",
            el("input", type="text", maxlength=MAX_TAG_CHARACTERS, autocomplete="off",
               aria_label=text("history.tag_new"), placeholder=text("history.tag_new"),
               data_key="tag"),
            el("button", text("history.tag_add"), type="submit", class_="pg-button"),
            class_="pg-mark-form",
            data_form="tag",
            data_comparison=comparison_id,
        ),
        el("h3", text("history.note"), id="history-note-title"),
        el(
            "form",
            el("textarea", marked.note or "", rows=3, maxlength=MAX_NOTE_CHARACTERS,
               aria_labelledby="history-note-title", dir="auto", data_key="note"),
            el("button", text("history.note_save"), type="submit", class_="pg-button"),
            class_="pg-mark-form",
            data_form="note",
            data_comparison=comparison_id,
        ),
        class_="pg-marks",
    )  # fmt: skip


# ---- the pictures -----------------------------------------------------------------------------


def runs_html(detail: Detail) -> Markup:
    """Each run with how it went, what it took, and what can be done with its picture."""
    return el(
        "section",
        el("h3", text("history.runs")),
        el("ul", *(_run(view, detail) for view in detail.views),
           *_references(detail.past), class_="pg-run-list"),
        class_="pg-runs",
    )  # fmt: skip


def _run(view: RunView, detail: Detail) -> Markup:
    run = view.run
    file = None if run is None else run.file
    amount, kind = cost_words(view)
    total = fmt.UNKNOWN if run is None else fmt.seconds(run.total_s)
    return el(
        "li",
        _small(detail.thumbnail(file)),
        el(
            "div",
            el("p", el("span", run_mark(view, detail), class_="pg-lane-mark"), " ",
               el("strong", run_name(view, detail)), class_="pg-run-name"),
            el("p", state_words(view), class_="pg-run-state", data_tone=_tone(view)),
            el("p", el("span", text("card.time"), " ", el("b", total)),
               el("span", text("card.cost"), " ", el("b", amount), f" {kind}"), class_="pg-run-took"),
            *_messages(run),
            _run_actions(view, detail, has_picture=detail.picture(file) is not None),
            class_="pg-run-words",
        ),
        class_="pg-run",
        data_run=view.run_id,
        data_status=None if run is None else run.status,
    )  # fmt: skip


def state_words(view: RunView) -> str:
    if view.run is not None:
        return text(f"status.{view.run.status}")
    return text("phase.detached" if view.is_detached else f"phase.{view.phase}")


def _tone(view: RunView) -> str:
    if view.run is None:
        return "busy"
    return "good" if view.run.status == RunStatus.SUCCEEDED else "bad"


def _messages(run: Run | None) -> Iterator[Markup]:
    if run is None:
        return
    if run.service_message:
        said = el("blockquote", run.service_message, dir="auto", tabindex=0)
        yield el("div", el("p", text("card.service_said"), class_="pg-quote-label"), said,
                 class_="pg-quote")  # fmt: skip
    elif run.error_message:
        yield el("p", ending_words(run), class_="pg-note")


def _run_actions(view: RunView, detail: Detail, *, has_picture: bool) -> Markup | None:
    if not has_picture:
        is_settled = view.run is not None and view.run.status == RunStatus.SUCCEEDED
        words = text("card.missing_file") if is_settled else None
        return el("p", words, class_="pg-note") if words else None
    name = run_name(view, detail)
    return el(
        "div",
        el("button", text("card.download"), type="button", class_="pg-button",
           data_act="download", data_run=view.run_id, data_key=f"download {view.run_id}",
           aria_label=text("history.download_label", name=name)),
        el("button", text("history.use"), type="button", class_="pg-button",
           data_act="use", data_run=view.run_id, data_key=f"use {view.run_id}",
           aria_label=text("history.use_label", name=name)),
        class_="pg-actions",
    )  # fmt: skip


def _references(past: Past) -> Iterator[Markup]:
    shown = {picture.mark: picture for picture in past.reference_pictures}
    for number, reference in enumerate(past.references, start=1):
        picture = shown.get(text("history.reference_mark", number=number))
        detail = fmt.pixels(picture.width_px, picture.height_px) if picture else None
        if is_missing(reference):
            detail = text("history.reference_gone")
        if reference.sha256 is None:
            detail = reference.url or ""
        yield el(
            "li",
            el("img", src=picture.url, alt="", loading="lazy", decoding="async")
            if picture
            else _small(None),
            el(
                "div",
                el("p", el("strong", text("history.reference_name", number=number))),
                el("p", detail, class_="pg-note", dir="auto") if detail else None,
                None if is_missing(reference) else _reference_actions(past, number, picture),
                class_="pg-run-words",
            ),
            class_="pg-run",
            data_reference=number,
        )


def _reference_actions(past: Past, number: int, picture: StagePicture | None) -> Markup:
    name = text("history.reference_name", number=number)
    download = None
    if picture is not None:
        download = el("a", text("card.download"), href=picture.url,
                      download=f"reference-{number}{Path(picture.url).suffix}", class_="pg-button",
                      aria_label=text("history.download_label", name=name))  # fmt: skip
    return el(
        "div",
        download,
        el("button", text("history.use"), type="button", class_="pg-button", data_act="use",
           data_comparison=past.comparison_id, data_reference=number,
           data_key=f"use reference {number}",
           aria_label=text("history.use_label", name=name)),
        class_="pg-actions",
    )  # fmt: skip


def _small(path: Path | None) -> Markup:
    if path is None:
        return el("span", fmt.UNKNOWN, class_="pg-no-thumb", aria_hidden="true")
    return el("img", src=fmt.file_url(path), alt="", loading="lazy", decoding="async")


# ---- what is ready ----------------------------------------------------------------------------


def ready_html(
    path: Path, size_bytes: int, wanting: Sequence[str], *, more: Markup | None = None
) -> Markup:
    """
    A file that was made ready; the page fetches it at once, the link is for a second time.

    Args:
        more: What can be fetched next.
    """
    return el(
        "div",
        el(
            "p",
            text("history.ready"),
            " ",
            el("a", path.name, href=fmt.file_url(path), download=path.name, data_ready=True),
            f" · {fmt.file_size(size_bytes)}",
        ),
        more,
        *(el("p", told(sentence)) for sentence in wanting),
        _dismiss(),
        class_="pg-notice",
        data_news=True,
    )


def told_html(words: str, *, comparison_id: str = "", undo: str | None = None) -> Markup:
    """What happened; with a way back where there is one."""
    button = None
    if undo is not None:
        button = el("button", text("history.undo"), type="button", class_="pg-link",
                    data_act="undo", data_undo=undo, data_comparison=comparison_id)  # fmt: skip
    line = el("p", join((words, button), " ")) if words else None
    return el("div", line, _dismiss() if words else None, class_="pg-notice", data_news=bool(words))


def _dismiss() -> Markup:
    return el(
        "button",
        "×",
        type="button",
        class_="pg-dismiss",
        aria_label=text("references.dismiss"),
        data_dismiss=True,
    )
