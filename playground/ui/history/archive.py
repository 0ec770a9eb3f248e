"""What the History screen asks of the logs: pages, one comparison with everything about it, marks, exports."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from playground.errors import InvalidRequestError, PlaygroundError
from playground.history.marks import MarkLog, plain_tag
from playground.history.pages import Archived, Choices, History, HistoryPage, HistoryQuery
from playground.images import thumbnail
from playground.judging.pairs import comparison_pairs
from playground.judging.votes import Ballot
from playground.provenance.guards import Guard
from playground.provenance.verify import file_inside
from playground.runner.desk import Desk
from playground.runner.views import RunView
from playground.sayings import words_of
from playground.schema import Mark, MarkKind, Origin, Reference, Run, RunStatus, Vote
from playground.ui.compare.easel import THUMBNAIL_PX
from playground.ui.exports import MAX_TOGETHER, Exports, Packed, Ready
from playground.ui.noticed import Noticed
from playground.ui.stage import StagePicture
from playground.ui.subject import experiment_words
from playground.ui.texts import text
from playground.ui.visits import Visit
from playground.ui.voting.ballots import Ballots, Sight
from playground.ui.voting.neutral_references import NeutralReferences

PAGE_SIZES = (24, 48, 96)
MAX_UNCONFIRMED = 30
_UNSETTLED = (RunStatus.UNCONFIRMED,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Marked:
    """What a comparison carries now."""

    is_starred: bool = False
    is_archived: bool = False
    tags: tuple[str, ...] = ()
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """
    One comparison with everything about it.

    `runs` are all that ended, in that order, retries included; `views` the one that counts for
    each lane and repeat, open ones included. `votes` are the acts of one voter on it.
    """

    comparison_id: str
    views: tuple[RunView, ...]
    runs: tuple[Run, ...]
    references: tuple[Reference, ...]
    reference_pictures: tuple[StagePicture, ...]
    marked: Marked
    votes: tuple[Vote, ...]
    guards: tuple[Guard, ...]
    experiment: str | None = None  # what it is called


class Archive:
    """
    The history of one desk. Every method may block on the disk: call it in a worker thread.

    A comparison of another owner is as good as none.
    """

    def __init__(
        self,
        desk: Desk,
        *,
        history: History,
        ballots: Ballots,
        exports: Exports,
        neutral_references: NeutralReferences,
        noticed: Noticed,
        thumbnails_dir: Path,
        experiment_name: Callable[[str], str] = str,
    ) -> None:
        self._desk = desk
        self.data_dir = desk.settings.data_dir.resolve()
        self._history = history
        self._ballots = ballots
        self._marks = MarkLog(self.data_dir / "marks.csv")
        self._exports = exports
        self._neutral_references = neutral_references
        self._noticed = noticed
        self._thumbnails_dir = thumbnails_dir
        self._experiment_name = experiment_name

    # ---- looking ------------------------------------------------------------------------------

    def page(self, query: HistoryQuery) -> HistoryPage:
        """As `History.page`."""
        return self._history.page(query)

    def choices(self, visit: Visit) -> Choices:
        """As `History.choices`."""
        return self._history.choices(visit.owner_id)

    def experiment_name(self, experiment_id: str) -> str:
        """As `experiment_words`."""
        return experiment_words(experiment_id, self._experiment_name)

    def waiting_ids(self, page: HistoryPage, visit: Visit) -> frozenset[str]:
        """Which of a page wait to be judged blind; see `waits`."""
        sealed = (item for item in page.items if self._ballots.is_sealed(item.comparison_id))
        return frozenset(
            item.comparison_id
            for item in sealed
            if self.hidden(item.comparison_id, visit)
            and (item.n_pairs or self._is_under_way(item.comparison_id, visit))
        )

    def _is_under_way(self, comparison_id: str, visit: Visit) -> bool:
        return any(view.run is None for view in self._own_views(comparison_id, visit))

    def thumbnail(self, file: str | None, *, max_px: int = THUMBNAIL_PX) -> Path | None:
        """A small copy of the picture a row names; None when it is gone or broken."""
        path = self.picture(file)
        if path is None:
            return None
        try:
            return thumbnail(path, self._thumbnails_dir, max_px=max_px)
        except PlaygroundError:
            return None

    def picture(self, file: str | None) -> Path | None:
        """The picture a row names, in the folder that is served; None when it is not there."""
        path = None if file is None else file_inside(self.data_dir, file)
        if path is None or not path.is_file():
            return None
        return path if path.resolve().is_relative_to(self._desk.pictures_dir) else None

    def unconfirmed(self, visit: Visit) -> tuple[RunView, ...]:
        """Runs that may have been charged and are not settled, newest first."""
        query = HistoryQuery(
            statuses=tuple(map(str, _UNSETTLED)),
            archived=Archived.ALL,
            owner_id=visit.owner_id,
            page_size=MAX_UNCONFIRMED,
        )
        views = (
            view
            for item in self.page(query).items
            for view in self._own_views(item.comparison_id, visit)
            if view.run is not None and view.run.status in _UNSETTLED
        )
        return tuple(views)

    def past(self, comparison_id: str, visit: Visit) -> Past | None:
        """Everything about a comparison; None when this visitor's history has no such one."""
        views = self._own_views(comparison_id, visit)
        if not views:
            return None
        references = views[0].request.references
        experiment_id = views[0].experiment_id
        return Past(
            comparison_id=comparison_id,
            views=views,
            runs=self._desk.own_runs(comparison_id, visit.owner_id),
            references=references,
            reference_pictures=self._neutral_references.pictures(references),
            marked=carried(self._marks.marks_of(comparison_id)),
            votes=self._own_votes(comparison_id, visit),
            guards=self._noticed.about(views),
            experiment=None if experiment_id is None else self.experiment_name(experiment_id),
        )

    def note_names_shown(self, visit: Visit, comparison_id: str) -> None:
        """
        Writes down that this voter is told now which model made which picture.

        Raises:
            InvalidRequestError: It was begun blind and its pictures are not all there yet.
            StorageError: It could not be written; the names must not be shown.
        """
        ballots, voter_id = self._ballots, visit.voter_id
        views = self._own_views(comparison_id, visit)
        is_hidden = ballots.is_hidden(voter_id, views)
        if is_hidden and any(view.run is None for view in views):
            raise InvalidRequestError(text("history.still_blind"), field="comparison")
        for pair in comparison_pairs([view.run for view in views if view.run is not None]):
            if pair.why_not is None or is_hidden:
                now = ballots.now()
                Ballot(ballots.log, pair, voter_id=voter_id, draw=None, at=now).reveal(at=now)

    def tell_names(self, comparison_id: str, visit: Visit) -> None:
        """As `Ballots.tell_all`, for this visit's voter."""
        self._ballots.tell_all(visit.voter_id, self._own_views(comparison_id, visit))

    def knows(self, comparison_id: str, visit: Visit) -> bool:
        """Whether there is such a comparison in this visitor's history."""
        return bool(self._own_views(comparison_id, visit))

    def hidden(self, comparison_id: str, visit: Visit) -> bool:
        """Whether it is being judged blind, so that nothing may tell its sides apart."""
        return self._ballots.is_hidden(visit.voter_id, self._own_views(comparison_id, visit))

    def waits(self, comparison_id: str, visit: Visit) -> bool:
        """
        Whether it is hidden and there is, or may yet be, a pair to judge: whoever is told the names
        now cannot vote on it blind any more.
        """
        if not self.hidden(comparison_id, visit):
            return False
        views = self._own_views(comparison_id, visit)
        runs = [view.run for view in views if view.run is not None]
        return len(runs) < len(views) or any(
            pair.why_not is None for pair in comparison_pairs(runs)
        )

    def blind_sight(self, comparison_id: str, visit: Visit) -> Sight | None:
        """What may be seen of a comparison that is being judged blind; None when nothing is hidden."""
        if not self.hidden(comparison_id, visit):
            return None
        sight = self._ballots.look(visit.voter_id, self._own_views(comparison_id, visit))
        # Where there is nothing to judge, that has told the names.
        return sight if self.hidden(comparison_id, visit) else None

    def _own_views(self, comparison_id: str, visit: Visit) -> tuple[RunView, ...]:
        return self._desk.own_views(comparison_id, visit.owner_id)

    def _own_votes(self, comparison_id: str, visit: Visit) -> tuple[Vote, ...]:
        return tuple(
            vote
            for vote in self._ballots.log.votes_of(comparison_id)
            if vote.voter_id == visit.voter_id
        )

    # ---- marks --------------------------------------------------------------------------------

    def mark(
        self, comparison_id: str, kind: MarkKind, value: str, visit: Visit, *, is_on: bool
    ) -> Mark | None:
        """
        Puts a mark on a comparison or takes it off; None when it is so already.

        Raises:
            InvalidRequestError: There is no such comparison, or the words cannot be kept.
            StorageError: The disk refused; nothing was changed.
        """
        if not self._own_views(comparison_id, visit):
            raise InvalidRequestError(text("history.unknown"), field="comparison")
        at = datetime.now(UTC)
        try:
            if kind is MarkKind.STAR:
                return self._marks.star(comparison_id, is_on=is_on, at=at)
            if kind is MarkKind.ARCHIVE:
                return self._marks.archive(comparison_id, is_on=is_on, at=at)
            if kind is MarkKind.TAG:
                return self._marks.tag(comparison_id, value, is_on=is_on, at=at)
            return self._marks.note(comparison_id, value, at=at)
        except ValueError as exc:
            raise InvalidRequestError(words_of(exc), field=str(kind)) from exc

    def undo(self, comparison_id: str, act_id: str, visit: Visit) -> None:
        """
        Brings back what that act on that comparison changed.

        Raises:
            InvalidRequestError: There is no such act.
            StorageError: The disk refused; nothing was changed.
        """
        known = {mark.act_id for mark in self._marks.marks_of(comparison_id)}
        if act_id not in known or not self._own_views(comparison_id, visit):
            raise InvalidRequestError(text("history.nothing_to_undo"), field="act")
        self._marks.undo(act_id, at=datetime.now(UTC))

    # ---- exports ------------------------------------------------------------------------------

    def export_picture(self, run_id: str, visit: Visit, *, with_record: bool) -> Ready:
        """
        As `Exports.picture`.

        Raises:
            InvalidRequestError: There is no such run, or it is being judged blind.
            PictureError, StorageError: As there.
        """
        return self._exports.picture(self.named_run(run_id, visit), with_record=with_record)

    def run(self, run_id: str, visit: Visit) -> Run:
        """
        Raises:
            InvalidRequestError: No run of this visitor has ended under that id.
        """
        run = self._desk.log.get(run_id)
        if run is None or run.owner_id != visit.owner_id:
            raise InvalidRequestError(text("history.unknown"), field="run")
        return run

    def named_run(self, run_id: str, visit: Visit) -> Run:
        """
        As `run`, where its model is no secret.

        Raises:
            InvalidRequestError: As there, or it waits to be judged blind.
        """
        run = self.run(run_id, visit)
        if self.waits(run.comparison_id, visit):
            raise InvalidRequestError(text("history.blind_first"), field="run")
        return run

    def reference(self, comparison_id: str, number: int, visit: Visit) -> Reference:
        """
        The reference of that number, from 1, of a comparison.

        Raises:
            InvalidRequestError: There is none.
        """
        views = self._own_views(comparison_id, visit)
        references = views[0].request.references if views else ()
        if not 1 <= number <= len(references):
            raise InvalidRequestError(text("history.unknown"), field="reference")
        return references[number - 1]

    def runs(self, comparison_id: str, visit: Visit) -> tuple[Run, ...]:
        """The ended runs of a comparison, in the order they ended; none of somebody else's."""
        return self._desk.own_runs(comparison_id, visit.owner_id)

    def votes(self, comparison_id: str, visit: Visit) -> tuple[Vote, ...]:
        """What this visit's voter did with its pairs."""
        return self._own_votes(comparison_id, visit)

    def marks(self, comparison_id: str, visit: Visit) -> tuple[Mark, ...]:
        """What was put on it; nothing of somebody else's."""
        is_own = self.knows(comparison_id, visit)
        return tuple(self._marks.marks_of(comparison_id)) if is_own else ()

    def export_comparisons(
        self, comparison_ids: Sequence[str], visit: Visit, *, with_records: bool
    ) -> Ready:
        """
        One ZIP of these comparisons, with the votes of this visitor's voter.

        It tells the names, so those that wait to be judged blind are left out.

        Raises:
            InvalidRequestError: None of them can be put in one, or they are too many.
            StorageError: The disk refused.
        """
        wanted = tuple(dict.fromkeys(comparison_ids))
        if len(wanted) > MAX_TOGETHER:
            raise InvalidRequestError(
                text("history.zip_too_many", limit=MAX_TOGETHER), field="comparisons"
            )
        told = [each for each in wanted if not self.waits(each, visit)]
        n_waiting = len(wanted) - len(told)
        for each in told:
            if self.hidden(each, visit):
                self.note_names_shown(visit, each)
        packed = [
            Packed(comparison_id=each, runs=runs, votes=self._own_votes(each, visit))
            for each in told
            if (runs := self._desk.own_runs(each, visit.owner_id))
        ]
        if not packed:
            name = "history.blind_first" if n_waiting else "history.zip_empty"
            raise InvalidRequestError(text(name), field="comparisons")
        if len(packed) == 1 and len(wanted) == 1:
            return self._exports.bundle(packed[0], with_records=with_records)
        ready = self._exports.bundles(packed, with_records=with_records)
        return replace(ready, wanting=(*ready.wanting, *left_out_words(n_waiting)))


def left_out_words(n_waiting: int) -> tuple[str, ...]:
    """What to tell of comparisons left out because they wait to be judged blind."""
    return (text("history.blind_left_out", count=n_waiting),) if n_waiting else ()


def carried(marks: Sequence[Mark]) -> Marked:
    """What acts in their order leave on a comparison."""
    marked, tags = Marked(), dict[str, bool]()
    for mark in marks:
        if mark.kind == MarkKind.STAR:
            marked = replace(marked, is_starred=mark.is_on)
        elif mark.kind == MarkKind.ARCHIVE:
            marked = replace(marked, is_archived=mark.is_on)
        elif mark.kind == MarkKind.NOTE:
            marked = replace(marked, note=mark.value if mark.is_on else None)
        elif mark.kind == MarkKind.TAG and mark.value is not None:
            tags[mark.value] = mark.is_on
    return replace(marked, tags=tuple(sorted(tag for tag, is_on in tags.items() if is_on)))


def asked(sought: object, *, page: int, visit: Visit) -> HistoryQuery:
    """
    The filters of a page as a query. It may have sent anything: what is no filter filters nothing.

    Keys: text, model, size, resolution, status, experiment, tag, origin, since and until (ISO
    dates, both days included, UTC), judged and starred ("yes" or "no"), archived, page_size.
    """
    told = sought if isinstance(sought, Mapping) else {}
    until = _day(told.get("until"))
    size = told.get("page_size")
    return HistoryQuery(
        text=_word(told, "text"),
        models=_words(told, "model"),
        sizes=_words(told, "size"),
        resolutions=_words(told, "resolution"),
        statuses=_words(told, "status"),
        experiments=_words(told, "experiment"),
        tags=_tags(told),
        origin=Origin(word) if (word := _word(told, "origin")) in tuple(Origin) else None,
        since=_day(told.get("since")),
        until=None if until is None else until + timedelta(days=1),
        is_judged=_yes_or_no(told, "judged"),
        is_starred=_yes_or_no(told, "starred"),
        archived=Archived(word)
        if (word := _word(told, "archived")) in tuple(Archived)
        else Archived.HIDDEN,
        voter_id=visit.voter_id,
        owner_id=visit.owner_id,
        page=max(1, page),
        page_size=size if size in PAGE_SIZES else PAGE_SIZES[0],
    )


def is_filtered(query: HistoryQuery) -> bool:
    """Whether it leaves anything out that an untouched form would show."""
    plain = HistoryQuery(
        voter_id=query.voter_id,
        owner_id=query.owner_id,
        page=query.page,
        page_size=query.page_size,
        text=query.text if not query.text.strip() else "",
    )
    return query != plain


def _word(told: Mapping[str, Any], name: str) -> str:
    word = told.get(name)
    return word if isinstance(word, str) else ""


def _words(told: Mapping[str, Any], name: str) -> tuple[str, ...]:
    word = _word(told, name)
    return (word,) if word.strip() else ()


def _tags(told: Mapping[str, Any]) -> tuple[str, ...]:
    try:
        return tuple(map(plain_tag, _words(told, "tag")))
    except ValueError:
        return ()


def _yes_or_no(told: Mapping[str, Any], name: str) -> bool | None:
    return {"yes": True, "no": False}.get(_word(told, name))


def _day(word: object) -> datetime | None:
    try:
        day = date.fromisoformat(word) if isinstance(word, str) else date.max
    except ValueError:
        return None
    # There must be a day after it.
    return None if day == date.max else datetime.combine(day, time(), UTC)
