"""Who may see what: comparisons begun blind, the pair each voter has before them, and where votes go."""

import re
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import combinations
from pathlib import Path
from typing import Any

from playground.errors import PlaygroundError
from playground.images.storage import write_whole
from playground.judging.pairs import Pair, comparison_pairs, draw_number
from playground.judging.votes import Ballot, VoteLog
from playground.runner.views import RunView
from playground.schema import Answer, PairKind, Reason
from playground.ui.texts import text
from playground.ui.texts.telling import told
from playground.ui.voting.neutral_copies import NeutralCopies

N_MUTEXES = 64
N_SIDES = 2
MAX_KEPT = 2_000  # showings in memory; the votes themselves are on disk
_PLAIN_NAME = re.compile(r"[\w\-]{1,100}", re.ASCII)


# What the buttons beside the verdicts are called; which of them are there is up to the screen.
ACTS = ("show", "withdraw", "skip", "back", "previous", "next", "all")


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """What a person did on the panel. `token` names the showing they had before them."""

    name: str  # cast, or one of ACTS
    token: str
    echo: int  # the page's number of this act, given back with the answer
    answer: Answer | None = None
    reasons: tuple[Reason, ...] = ()
    note: str | None = None


@dataclass(slots=True)
class Showing:
    """
    A pair before a voter. `copies`: what is served while the names are hidden, A then B.

    `token` names it on the page: a vote that names another one was meant for other sides.
    """

    pair: Pair
    ballot: Ballot
    copies: tuple[Path, ...] | None = None
    token: str = field(default_factory=lambda: secrets.token_hex(8))

    @property
    def run_ids(self) -> tuple[str, str]:
        """The runs shown as A and as B."""
        return self.ballot.run_a, self.ballot.run_b


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """
    What a voter may see of a comparison now.

    While `is_hidden`, nothing may tell the two sides of what is shown apart. `showing` is the
    pair to be judged, None while pictures are being made and where there is nothing to judge.
    """

    is_sealed: bool = False  # it was begun blind
    is_hidden: bool = False
    is_final: bool = False  # every run has ended
    showing: Showing | None = None
    number: int = 0  # of the pair, from 1
    count: int = 0  # pairs that can be judged
    n_hidden: int = 0  # of them, those whose names this voter does not know
    n_runs: int = 0
    problem: str | None = None  # what could not be written down, and what to do

    @property
    def has_next(self) -> bool:
        return self.number < self.count

    @property
    def is_drawn(self) -> bool:
        """The pair stands alone, on the sides that were drawn for it, whether names are shown or not."""
        return self.showing is not None and self.showing.ballot.draw is not None

    @property
    def has_overview(self) -> bool:
        """Nothing is hidden any more, and there are pictures beside the pair."""
        return self.is_drawn and not self.n_hidden and self.n_runs > 2


class Ballots:
    """
    The showings of all voters of one data folder, with the log of their votes.

    That a comparison was begun blind is on disk, and so is what each voter was told; the sides
    of a pair that is still hidden are drawn anew by the next start of the program. Every method
    may block on the disk and may be called from any thread.

    Args:
        copies_dir: Served to browsers.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        copies_dir: Path,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.log = VoteLog(data_dir / "votes.csv")
        self.now = clock
        self._sealed_dir = data_dir / "sealed"
        self._sealed: set[str] = set()
        self.copies = NeutralCopies(copies_dir)
        self._showings: OrderedDict[tuple[str, str, str], Showing] = OrderedDict()
        self._places: OrderedDict[tuple[str, str], int] = OrderedDict()
        # Roughly one a voter: copies take a second, and nobody waits for somebody else's.
        self._mutexes = tuple(threading.RLock() for _ in range(N_MUTEXES))

    def _mutex(self, voter_id: str) -> threading.RLock:
        return self._mutexes[hash(voter_id) % N_MUTEXES]

    # ---- begun blind ------------------------------------------------------------------------

    def seal(self, comparison_id: str) -> None:
        """
        Remembers for good that it is to be judged before its names are shown.

        Raises:
            StorageError: It could not be written down.
        """
        write_whole(self._sealed_dir / comparison_id, b"")
        self._sealed.add(comparison_id)

    def is_sealed(self, comparison_id: str) -> bool:
        if comparison_id in self._sealed:
            return True
        if _PLAIN_NAME.fullmatch(comparison_id) and (self._sealed_dir / comparison_id).exists():
            self._sealed.add(comparison_id)
            return True
        return False

    def is_hidden(self, voter_id: str, views: Sequence[RunView]) -> bool:
        """Whether the names of any pair of these runs of one comparison are hidden from the voter."""
        return bool(views) and bool(self._hidden_repeats(voter_id, views))

    def _hidden_repeats(self, voter_id: str, views: Sequence[RunView]) -> set[int]:
        if not self.is_sealed(views[0].comparison_id):
            return set()
        known = self.log.revealed(views[0].comparison_id, voter_id)
        told = {view.repeat for view in views if view.run_id in known}
        return {view.repeat for view in views} - told

    # ---- what is before a voter -------------------------------------------------------------

    def look(self, voter_id: str, views: Sequence[RunView]) -> Sight:
        """
        What the voter may see of a comparison; what is thereby shown for the first time is written down.

        Names stay hidden when that cannot be written.
        """
        with self._mutex(voter_id):
            return self._look(voter_id, views)

    def _look(self, voter_id: str, views: Sequence[RunView]) -> Sight:
        hidden = self._hidden_repeats(voter_id, views)
        sight = Sight(
            is_sealed=self.is_sealed(views[0].comparison_id),
            is_hidden=bool(hidden),
            n_runs=len(views),
        )
        runs = [view.run for view in views if view.run is not None]
        if len(runs) < len(views):
            return sight
        by_run = {view.run_id: view for view in views}
        pairs = comparison_pairs(runs)
        fit = [pair for pair in pairs if pair.why_not is None and _are_there(pair, by_run)]
        unknown = [pair for pair in fit if by_run[pair.run_1].repeat in hidden]
        sight = replace(sight, is_final=True, count=len(fit), n_hidden=len(unknown))
        try:
            if not unknown:
                # A side has no picture, so there is nothing to judge and no reason to hide it.
                self._tell(
                    [pair for pair in pairs if by_run[pair.run_1].repeat in hidden], voter_id
                )
                sight = replace(sight, is_hidden=False)
            if not fit:
                return sight
            is_alone = len(views) == N_SIDES
            for pair in fit:
                if pair not in unknown:
                    self._known(pair, voter_id, is_alone=is_alone)
            number = self._number(voter_id, fit, unknown)
            pair = fit[number - 1]
            is_hidden = pair in unknown
            showing = (
                self._blind(pair, voter_id, by_run)
                if is_hidden
                else self._known(pair, voter_id, is_alone=is_alone)
            )
        except PlaygroundError as exc:
            return replace(sight, problem=told(exc))
        return replace(sight, is_hidden=is_hidden, showing=showing, number=number)

    def _number(self, voter_id: str, fit: Sequence[Pair], unknown: Sequence[Pair]) -> int:
        place = (voter_id, fit[0].comparison_id)
        if place not in self._places:
            to_do = unknown or [p for p in fit if self.log.standing(p, voter_id) is None] or fit
            self._places[place] = fit.index(to_do[0]) + 1
            _cut(self._places)
        return min(self._places[place], len(fit))

    def turn(self, voter_id: str, views: Sequence[RunView], by: int) -> Sight:
        """Goes on to another pair of the comparison, `by` places further; see `look`."""
        with self._mutex(voter_id):
            sight = self._look(voter_id, views)
            number = sight.number + by
            if sight.showing is not None and 1 <= number <= sight.count:
                self._places[voter_id, views[0].comparison_id] = number
            return self._look(voter_id, views)

    def lay_out(self, voter_id: str, views: Sequence[RunView]) -> Sight:
        """All pictures in the order of their lanes again, once no name is hidden; see `look`."""
        with self._mutex(voter_id):
            if self._look(voter_id, views).has_overview:
                for key in [key for key in list(self._showings) if key[0] == voter_id]:
                    if self._showings[key].pair.comparison_id == views[0].comparison_id:
                        del self._showings[key]
            return self._look(voter_id, views)

    def show_names(self, voter_id: str, views: Sequence[RunView]) -> None:
        """
        Writes down that the names are shown: of the pair before the voter, or of all while there is none.

        Raises:
            StorageError: It could not be written; the names stay hidden.
        """
        with self._mutex(voter_id):
            sight = self._look(voter_id, views)
            if sight.showing is not None:
                sight.showing.ballot.reveal(at=self.now())
            elif sight.is_hidden:
                self._tell(_pairs_of_views(views), voter_id)

    def tell_all(self, voter_id: str, views: Sequence[RunView]) -> None:
        """
        Writes down that every picture there is of a comparison is shown with its name.

        What is made later beside one of them is told with it: it could not be judged blind.

        Raises:
            StorageError: It could not be written; the names must not be shown.
        """
        if not views:
            return
        there = {view.run_id for view in views if view.picture is not None}
        with self._mutex(voter_id):
            known = self.log.revealed(views[0].comparison_id, voter_id)
            pairs = [(pair, {pair.run_1, pair.run_2}) for pair in _pairs_of_views(views)]
            self._tell([pair for pair, ids in pairs if ids & there and not ids <= known], voter_id)

    def act_on(self, act: Act, voter_id: str, views: Sequence[RunView]) -> str | None:
        """
        Does what the voter asked for on the pair of a comparison; returns why it was not done.

        Raises:
            StorageError: It could not be written down; names stay hidden.
        """
        with self._mutex(voter_id):
            sight = self._look(voter_id, views)
            if act.name == "show":
                self.show_names(voter_id, views)
            elif act.name in ("next", "previous"):
                self.turn(voter_id, views, 1 if act.name == "next" else -1)
            elif act.name == "all":
                self.lay_out(voter_id, views)
            elif sight.showing is not None:
                return self.vote(act, sight.showing)
        return None

    def vote(self, act: Act, showing: Showing) -> str | None:
        """
        Casts or withdraws what the act says, on the showing it names; returns why it did not.

        Raises:
            StorageError: It could not be written down; names stay hidden.
        """
        if act.token != showing.token:
            return text("vote.stale")
        ballot = showing.ballot
        if act.name == "cast" and act.answer is not None:
            ballot.cast(act.answer, at=self.now(), reasons=act.reasons, note=act.note)
        elif act.name == "withdraw" and ballot.standing is not None:
            ballot.withdraw(at=self.now())
        return None

    def _tell(self, pairs: Sequence[Pair], voter_id: str) -> None:
        for pair in pairs:
            # Made without `open`: such a pair may be no evidence, and nobody votes on it.
            Ballot(self.log, pair, voter_id=voter_id, draw=None, at=self.now()).reveal(
                at=self.now()
            )

    # ---- one pair ---------------------------------------------------------------------------

    def has_verdict(self, pair: Pair, voter_id: str) -> bool:
        return self.log.standing(pair, voter_id) is not None

    def show_blind(
        self,
        pair: Pair,
        voter_id: str,
        pictures: Mapping[str, Path],
        *,
        ready: Mapping[str, Path] | None = None,
    ) -> Showing:
        """
        The pair on sides drawn for this voter, with copies to be served.

        Args:
            pictures: Of each run.

            ready: Copies of these that were made ahead.

        Raises:
            PictureError: One of them cannot be shown.
            StorageError: A file cannot be read or written.
        """
        ballot = Ballot.open(
            pair,
            log=self.log,
            voter_id=voter_id,
            is_blind=True,
            at=self.now(),
            number=draw_number(),
        )
        showing = Showing(pair=pair, ballot=ballot)
        if ready is not None:
            showing.copies = tuple(ready[run_id] for run_id in showing.run_ids)
        self.copy(showing, pictures)
        return showing

    def copy(self, showing: Showing, pictures: Mapping[str, Path]) -> None:
        """Makes the copies of a showing again if they have left the folder."""
        if showing.copies is None or not all(copy.is_file() for copy in showing.copies):
            a, b = (pictures[run_id] for run_id in showing.run_ids)
            showing.copies = self.copies.make(a, b)

    def _blind(self, pair: Pair, voter_id: str, by_run: Mapping[str, RunView]) -> Showing:
        pictures = {run_id: _picture(by_run[run_id]) for run_id in (pair.run_1, pair.run_2)}
        key = (voter_id, pair.run_1, pair.run_2)
        showing = self._showings.get(key)
        if showing is None or not showing.ballot.is_hidden:
            showing = self._showings[key] = self.show_blind(pair, voter_id, pictures)
            _cut(self._showings)
        self.copy(showing, pictures)
        return showing

    def _known(self, pair: Pair, voter_id: str, *, is_alone: bool) -> Showing:
        """
        The pair with its names.

        Args:
            is_alone: No other picture is beside it, so it keeps the sides on which it was judged;
                several pairs are laid out by lane.
        """
        key = (voter_id, pair.run_1, pair.run_2)
        showing = self._showings.get(key)
        if showing is None:
            ballot = Ballot.open(
                pair,
                log=self.log,
                voter_id=voter_id,
                is_blind=False,
                at=self.now(),
                number=self.log.last_draw(pair, voter_id) if is_alone else None,
            )
            showing = self._showings[key] = Showing(pair=pair, ballot=ballot)
            _cut(self._showings)
        elif showing.ballot.is_hidden:
            showing.ballot.reveal(at=self.now())  # told elsewhere, in another tab or room
        return showing


def _are_there(pair: Pair, by_run: Mapping[str, RunView]) -> bool:
    pictures = (by_run[run_id].picture for run_id in (pair.run_1, pair.run_2))
    return all(picture is not None and picture.is_file() for picture in pictures)


def _picture(view: RunView) -> Path:
    if view.picture is None:
        raise ValueError(f"Run {view.run_id} has no picture.")
    return view.picture


def _pairs_of_views(views: Sequence[RunView]) -> list[Pair]:
    """Every two lanes of each repeat, whether or not the runs are over."""
    return [
        Pair(
            comparison_id=one.comparison_id,
            experiment_id=one.experiment_id,
            kind=(
                PairKind.SAME_MODEL if one.request.model == two.request.model else PairKind.MODELS
            ),
            run_1=one.run_id,
            run_2=two.run_id,
            model_1=one.request.model,
            model_2=two.request.model,
            origin=one.origin,
        )
        for one, two in combinations(views, 2)
        if one.repeat == two.repeat
    ]


def _cut(kept: "OrderedDict[Any, Any]") -> None:
    while len(kept) > MAX_KEPT:
        kept.popitem(last=False)
