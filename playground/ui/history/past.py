"""What the History screen does, without its widgets: each step takes plain values and returns what to show."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playground.catalog import MODELS
from playground.errors import InvalidRequestError, PlaygroundError
from playground.history.pages import History
from playground.markup import Markup
from playground.runner.desk import Desk
from playground.runner.views import RunView
from playground.schema import MarkKind, RunStatus
from playground.ui.compare.flow import Flow
from playground.ui.exports import Exports, Ready
from playground.ui.history.archive import Archive, asked, is_filtered
from playground.ui.history.detail import (
    Detail,
    blind_head_html,
    detail_of,
    detail_stage,
    head_html,
    marks_html,
    ready_html,
    runs_html,
    told_html,
)
from playground.ui.history.fields import fields_html, votes_html
from playground.ui.history.filters import options_of
from playground.ui.history.listing import Listing, listing_html
from playground.ui.history.open_tasks import open_html
from playground.ui.history.takeout import Takeout, takeout_html
from playground.ui.shelf import Shelf
from playground.ui.stage import empty_stage
from playground.ui.texts import text
from playground.ui.texts.telling import told
from playground.ui.visits import Visit
from playground.ui.voting.blind import blind_stage
from playground.ui.voting.neutral_references import is_missing
from playground.ui.wallet import Wallet

MAX_REFERENCES = max(model.max_references for model in MODELS.values())
NOTHING = Markup("")
MAX_PACKING = 3  # at once: it shares its threads with every page


@dataclass(frozen=True, slots=True, kw_only=True)
class ListView:
    """The list with what its filters can offer."""

    listing: Markup
    choices: Mapping[str, list[list[str]]]
    page: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DetailView:
    """One comparison, or none: then all of it is empty."""

    comparison_id: str = ""
    chosen: tuple[str, ...] = ()
    head: Markup = NOTHING
    stage: Mapping[str, Any] | None = None
    runs: Markup = NOTHING
    marks: Markup = NOTHING
    fields: Markup = NOTHING
    votes: Markup = NOTHING

    @property
    def stage_value(self) -> Mapping[str, Any]:
        return empty_stage() if self.stage is None else self.stage


class PastFlow:
    """The steps of the screen over one desk. What blocks is done in worker threads."""

    def __init__(
        self, desk: Desk, *, archive: Archive, shelf: Shelf, wallet: Wallet, takeout: Takeout
    ) -> None:
        self._desk = desk
        self.archive = archive
        self._shelf = shelf
        self._wallet = wallet
        self._takeout = takeout
        self._n_packing = 0

    # ---- looking ------------------------------------------------------------------------------

    async def listing(self, sought: object, page: int, visit: Visit) -> ListView:
        """
        The page asked for, of what the filters let through.

        Raises:
            PlaygroundError: A log cannot be read.
        """
        return await asyncio.to_thread(self._list, sought, page, visit)

    def _list(self, sought: object, page: int, visit: Visit) -> ListView:
        query = asked(sought, page=page, visit=visit)
        found = self.archive.page(query)
        is_table = isinstance(sought, Mapping) and sought.get("view") == "table"
        listing = Listing(
            page=found,
            is_table=is_table,
            is_filtered=is_filtered(query),
            thumbnail=self.archive.thumbnail,
            hidden_ids=self.archive.waiting_ids(found, visit),
            experiment_name=self.archive.experiment_name,
        )
        return ListView(
            listing=listing_html(listing),
            choices=options_of(self.archive.choices(visit), self.archive.experiment_name),
            page=found.number,
        )

    async def open_tasks(self, visit: Visit) -> Markup:
        """What is under way or in doubt, with what can be done about it."""
        return await asyncio.to_thread(self._open_tasks, visit)

    def _open_tasks(self, visit: Visit) -> Markup:
        # Of experiments only what nobody waits for any more: the others are their own screen's.
        under_way = tuple(
            view
            for view in self._desk.open_views(visit.owner_id)
            if view.experiment_id is None or view.is_detached
        )
        hidden_ids = {
            each for view in under_way if self.archive.hidden(each := view.comparison_id, visit)
        }
        return open_html(
            [view for view in under_way if view.comparison_id not in hidden_ids],
            [
                view
                for view in self.archive.unconfirmed(visit)
                if not self.archive.hidden(view.comparison_id, visit)
            ],
            hidden=[view for view in _one_each(under_way) if view.comparison_id in hidden_ids],
            price=lambda view: self._wallet.price_words(view.request, visit),
        )

    async def look_again(self, run_id: str, visit: Visit) -> str:
        """Asks once more, for free, whether an unconfirmed run arrived; returns what to tell."""
        view = self._desk.view(run_id)
        if view is None or view.owner_id != visit.owner_id:
            return text("notice.run_unknown")
        try:
            view = await self._desk.look_again(run_id, account_id=self._wallet.account_id(visit))
        except PlaygroundError as exc:
            return told(exc)
        is_lost = view.run is not None and view.run.status == RunStatus.UNCONFIRMED
        outcome = text("notice.look_still_unconfirmed" if is_lost else "notice.look_found")
        return text("notice.looked", outcome=outcome)

    async def detail(
        self, comparison_id: str, visit: Visit, wanted: Sequence[str] = ()
    ) -> DetailView:
        """
        One comparison, the wanted two of its runs side by side; empty when there is no such one.

        One that waits to be judged blind stays blind.

        Raises:
            PlaygroundError: It could not be written down that its names are shown, or not read.
        """
        return await asyncio.to_thread(self._detail, comparison_id, visit, wanted)

    async def reveal(self, comparison_id: str, visit: Visit) -> DetailView:
        """
        As `detail`, with the names of one that waits to be judged blind.

        Raises:
            PlaygroundError: As there, or its pictures are not all there yet.
        """
        return await asyncio.to_thread(self._named, comparison_id, visit, ())

    def _detail(self, comparison_id: str, visit: Visit, wanted: Sequence[str]) -> DetailView:
        sight = self.archive.blind_sight(comparison_id, visit)
        past = None if sight is None else self.archive.past(comparison_id, visit)
        if sight is None or past is None:
            return self._named(comparison_id, visit, wanted)
        return DetailView(
            comparison_id=comparison_id,
            head=blind_head_html(past, sight),
            stage=blind_stage(sight, past.views) if sight.is_hidden else None,
            marks=marks_html(past),
        )

    def _named(self, comparison_id: str, visit: Visit, wanted: Sequence[str]) -> DetailView:
        if not self.archive.knows(comparison_id, visit):
            return DetailView()
        # First on the disk, then on the page.
        self.archive.note_names_shown(visit, comparison_id)
        past = self.archive.past(comparison_id, visit)
        if past is None:
            return DetailView()
        detail = detail_of(
            past,
            self._all_views(past.views, [run.run_id for run in past.runs]),
            wanted,
            picture=self.archive.picture,
            thumbnail=self.archive.thumbnail,
        )
        return _drawn(detail)

    def _all_views(self, views: Sequence[RunView], run_ids: Sequence[str]) -> tuple[RunView, ...]:
        """Those that count and, besides, everyone that ended."""
        known = {view.run_id for view in views}
        others = (self._desk.view(run_id) for run_id in run_ids if run_id not in known)
        return (*views, *(view for view in others if view is not None))

    # ---- marks --------------------------------------------------------------------------------

    async def mark(
        self, comparison_id: str, kind: str, value: str, visit: Visit, *, is_on: bool
    ) -> Markup:
        """Puts a mark on or takes it off; returns what to tell, with a way back."""
        if kind not in tuple(MarkKind):
            return told_html(text("history.unknown"))
        try:
            mark = await asyncio.to_thread(
                self.archive.mark, comparison_id, MarkKind(kind), value, visit, is_on=is_on
            )
        except PlaygroundError as exc:
            return told_html(told(exc))
        name = f"history.did_{kind}_{'on' if mark is not None and mark.is_on else 'off'}"
        if mark is None:
            return told_html("")
        return told_html(
            text(name, value=mark.value or ""), comparison_id=comparison_id, undo=mark.act_id
        )

    async def undo(self, comparison_id: str, act_id: str, visit: Visit) -> Markup:
        """Takes a mark back; returns what to tell."""
        try:
            await asyncio.to_thread(self.archive.undo, comparison_id, act_id, visit)
        except PlaygroundError as exc:
            return told_html(told(exc))
        return told_html(text("history.undone"))

    # ---- taking out ---------------------------------------------------------------------------

    async def export_picture(self, run_id: str, visit: Visit, *, with_record: bool) -> Markup:
        """Makes one picture ready; returns the link, or why there is none."""

        def export() -> Ready:
            return self.archive.export_picture(run_id, visit, with_record=with_record)

        return await _ready(export)

    async def export_comparisons(
        self, comparison_ids: Sequence[str], visit: Visit, *, with_records: bool
    ) -> Markup:
        """Makes a ZIP of comparisons ready; returns the link, or why there is none."""

        def export() -> Ready:
            return self.archive.export_comparisons(comparison_ids, visit, with_records=with_records)

        if self._n_packing >= MAX_PACKING:
            return told_html(text("takeout.busy"))
        self._n_packing += 1
        try:
            return await _ready(export)
        finally:
            self._n_packing -= 1

    @property
    def has_takeout(self) -> bool:
        """On one's own machine all of it is there already."""
        return self._desk.settings.is_public

    async def take_out(self, number: int, visit: Visit) -> Markup:
        """Packs a part of everything that is this visitor's; returns the link, or why there is none."""
        try:
            part = await asyncio.to_thread(self._takeout.part, number, visit)
        except PlaygroundError as exc:
            return told_html(told(exc))
        more = None
        if part.number < part.n_parts:
            more = takeout_html(number=part.number + 1, n_parts=part.n_parts)
        ready = part.ready
        return ready_html(ready.path, ready.size_bytes, ready.wanting, more=more)

    async def as_reference(
        self, run_id: str, shown: Sequence[Mapping[str, Any]], visit: Visit
    ) -> tuple[list[Mapping[str, Any]], str]:
        """
        The references of the form with the picture of a run added, and what to tell.

        Args:
            shown: The references the form holds now, as the page lists them.
        """
        return await _with(shown, lambda: self._reference(run_id, visit))

    async def same_reference(
        self, comparison_id: str, number: int, shown: Sequence[Mapping[str, Any]], visit: Visit
    ) -> tuple[list[Mapping[str, Any]], str]:
        """As `as_reference`, with a reference of an earlier comparison."""

        def held() -> Mapping[str, Any]:
            reference = self.archive.reference(comparison_id, number, visit)
            if is_missing(reference):
                raise InvalidRequestError(text("history.reference_gone"), field="reference")
            return self._shelf.put(reference, visit.owner_id)

        return await _with(shown, held)

    def _reference(self, run_id: str, visit: Visit) -> Mapping[str, Any]:
        run = self.archive.named_run(run_id, visit)
        path = self.archive.picture(run.file)
        if path is None:
            raise InvalidRequestError(text("card.missing_file"), field="run")
        name = f"{run.model} {run.run_id}"
        return self._shelf.put(self._desk.prepare_reference(path, name=name), visit.owner_id)


def past_flow(flow: Flow, history: History, *, thumbnails_dir: Path) -> PastFlow:
    """The steps of the History screen beside those of Compare; `thumbnails_dir` is served."""
    exports = Exports(flow.desk.settings.data_dir.resolve(), folder=thumbnails_dir / "exports")
    archive = Archive(
        flow.desk,
        history=history,
        ballots=flow.ballots,
        exports=exports,
        neutral_references=flow.easel.neutral_references,
        noticed=flow.easel.noticed,
        thumbnails_dir=thumbnails_dir / "pictures",
        # Looked up each time: it is known only when the other screens are there.
        experiment_name=lambda each: flow.easel.experiment_name(each),
    )
    return PastFlow(
        flow.desk,
        archive=archive,
        shelf=flow.shelf,
        wallet=flow.wallet,
        takeout=Takeout(archive, exports),
    )


def _one_each(views: Sequence[RunView]) -> list[RunView]:
    """The first of each comparison."""
    return list({view.comparison_id: view for view in reversed(views)}.values())[::-1]


async def _with(
    shown: Sequence[Mapping[str, Any]], put: Callable[[], Mapping[str, Any]]
) -> tuple[list[Mapping[str, Any]], str]:
    if len(shown) >= MAX_REFERENCES:
        return list(shown), text("history.use_full", limit=MAX_REFERENCES)
    try:
        item = await asyncio.to_thread(put)
    except PlaygroundError as exc:
        return list(shown), told(exc)
    return [*shown, item], text("history.used", number=len(shown) + 1)


async def _ready(export: Callable[[], Ready]) -> Markup:
    try:
        ready = await asyncio.to_thread(export)
    except PlaygroundError as exc:
        return told_html(told(exc))
    return ready_html(ready.path, ready.size_bytes, ready.wanting)


def _drawn(detail: Detail) -> DetailView:
    return DetailView(
        comparison_id=detail.past.comparison_id,
        chosen=detail.chosen,
        head=head_html(detail),
        stage=detail_stage(detail),
        runs=runs_html(detail),
        marks=marks_html(detail.past),
        fields=fields_html(detail),
        votes=votes_html(detail),
    )
