"""The Judge tab without its widgets: pair after pair from the queue, blind, and how the sitting goes."""

import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playground.errors import PictureError, PlaygroundError
from playground.history.pages import Archived, History, HistoryQuery
from playground.judging.pairs import Pair
from playground.markup import Markup, el
from playground.runner.desk import Desk
from playground.runner.views import RunView
from playground.sayings import said
from playground.schema import Answer
from playground.ui import format as fmt
from playground.ui.cards import model_name
from playground.ui.stage import StagePicture, empty_stage, stage_value
from playground.ui.subject import experiment_words, subject_html
from playground.ui.texts import text
from playground.ui.texts.telling import told
from playground.ui.visits import Visit
from playground.ui.voting.ballots import Act, Ballots, Showing
from playground.ui.voting.votes import no_vote, vote_value
from playground.ui.widgets import COMPARE_TAB

TRUST_SHARE = 0.1
NEWEST = (20, 100)
EVERYTHING = "all"
_NEWEST = "newest:"
_EXPERIMENT = "experiment:"
MAX_SITTINGS = 2_000


@dataclass(frozen=True, slots=True)
class Scope:
    """What is judged: `what` is EVERYTHING, `newest:<n>` or `experiment:<id>`."""

    what: str = EVERYTHING
    has_checks: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """The whole tab as values. `scopes`: what can be chosen, value → words."""

    page_id: str
    state: str  # empty, pair or done
    scope: Scope
    scopes: dict[str, str]
    n_judged: int
    n_skipped: int
    n_left: int
    subject: Markup
    message: Markup
    stage: dict[str, Any]
    vote: dict[str, Any]


@dataclass(slots=True)
class Sitting:
    """One visit's way through a queue. `at`: place in `seen` of what is before the voter."""

    seed: int
    scope: Scope = field(default_factory=Scope)
    queue: list[Pair] = field(default_factory=list)
    seen: list[Showing] = field(default_factory=list)
    at: int = 0
    skipped: set[tuple[str, ...]] = field(default_factory=set)
    n_unshowable: int = 0
    is_filled: bool = False
    ahead: tuple[Pair, "Future[tuple[Path, ...]]"] | None = None
    mutex: threading.Lock = field(default_factory=threading.Lock)

    @property
    def showing(self) -> Showing | None:
        return self.seen[self.at] if self.at < len(self.seen) else None


class Sittings:
    """Every visit's sitting over one desk. Every method may block on the disk."""

    def __init__(
        self,
        desk: Desk,
        ballots: Ballots,
        history: History,
        *,
        experiment_name: Callable[[str], str] = str,
    ) -> None:
        self._desk = desk
        self._ballots = ballots
        self._history = history
        self._experiment_name = experiment_name  # what its maker called an experiment
        self._sittings: OrderedDict[str, Sitting] = OrderedDict()
        self._mutex = threading.Lock()
        # One picture ahead is enough, and it must not hold up a purchase.
        self._ahead = ThreadPoolExecutor(max_workers=1, thread_name_prefix="next-pair")

    def of(self, visit: Visit) -> Sitting:
        with self._mutex:
            sitting = self._sittings.get(visit.visit_id)
            if sitting is None:
                sitting = Sitting(seed=secrets.randbelow(2**31))
                self._sittings[visit.visit_id] = sitting
                while len(self._sittings) > MAX_SITTINGS:
                    self._sittings.popitem(last=False)
            self._sittings.move_to_end(visit.visit_id)
            return sitting

    # ---- steps ------------------------------------------------------------------------------

    def enter(self, visit: Visit, page_id: str) -> Bench:
        """The tab was opened: what is before the voter stays, and what came since joins the queue."""
        sitting = self.of(visit)
        with sitting.mutex:
            self._refill(sitting, visit)
            return self._bench(sitting, visit, page_id)

    def choose(self, scope: Scope, visit: Visit, page_id: str) -> Bench:
        """Another part of the history is judged from now on; votes given are kept."""
        sitting = self.of(visit)
        with sitting.mutex:
            if scope != sitting.scope:
                sitting.scope = scope
                showing = sitting.showing
                if showing is not None and showing.ballot.is_hidden:
                    sitting.seen.pop()
                sitting.at = len(sitting.seen)
                self._refill(sitting, visit)
            return self._bench(sitting, visit, page_id)

    def act(self, act: Act, visit: Visit, page_id: str) -> Bench:
        """What the voter did; names are shown only once that is on disk."""
        sitting = self.of(visit)
        with sitting.mutex:
            showing, problem = sitting.showing, None
            try:
                if showing is None or act.token != showing.token:
                    problem = text("vote.stale")
                elif act.name in ("cast", "withdraw"):
                    problem = self._ballots.vote(act, showing)
                elif act.name == "skip" and showing.ballot.is_hidden:
                    showing.ballot.skip(at=self._ballots.now())
                    sitting.skipped.add(_key(showing.pair))
                    sitting.seen.pop()
                elif act.name == "next" and not showing.ballot.is_hidden:
                    sitting.at += 1
                elif act.name == "back" and sitting.at > 0:
                    sitting.at -= 1
            except PlaygroundError as exc:
                problem = told(exc)
            return self._bench(sitting, visit, page_id, problem=problem)

    def again(self, visit: Visit, page_id: str) -> Bench:
        """What was skipped comes back, and what was made since the beginning."""
        sitting = self.of(visit)
        with sitting.mutex:
            sitting.skipped.clear()
            self._refill(sitting, visit)
            return self._bench(sitting, visit, page_id)

    # ---- the queue --------------------------------------------------------------------------

    def _refill(self, sitting: Sitting, visit: Visit) -> None:
        sitting.is_filled = True
        queue = self._history.queue(
            voter_id=visit.voter_id,
            seed=sitting.seed,
            owner_id=visit.owner_id,
            trust_share=TRUST_SHARE if sitting.scope.has_checks else 0.0,
        )
        is_wanted = self._filter(sitting.scope, visit)
        shown = {_key(showing.pair) for showing in sitting.seen} | sitting.skipped
        sitting.queue = [pair for pair in queue if _key(pair) not in shown and is_wanted(pair)]

    def _filter(self, scope: Scope, visit: Visit) -> Callable[[Pair], bool]:
        kind, _, value = scope.what.partition(":")
        if f"{kind}:" == _EXPERIMENT:
            return lambda pair: pair.experiment_id == value
        if f"{kind}:" == _NEWEST and value.isdecimal():
            query = HistoryQuery(
                owner_id=visit.owner_id, archived=Archived.ALL, page_size=min(int(value), 200) or 1
            )
            newest = {item.comparison_id for item in self._history.page(query).items}
            return lambda pair: pair.comparison_id in newest
        return lambda _: True

    def _advance(self, sitting: Sitting, visit: Visit) -> None:
        """
        Puts the next pair before the voter, if there is one and they are at the end.

        Raises:
            StorageError: A picture cannot be read, or its copy not be written.
        """
        while sitting.showing is None and sitting.queue:
            pair = sitting.queue.pop(0)
            if self._ballots.has_verdict(pair, visit.voter_id):
                continue  # given meanwhile, on another page
            try:
                sitting.seen.append(self._open(sitting, pair, visit))
            except PictureError:
                sitting.n_unshowable += 1
        if sitting.showing is not None:
            self._ballots.copy(sitting.showing, self._pictures(sitting.showing.pair))
        self._prepare(sitting)

    def _open(self, sitting: Sitting, pair: Pair, visit: Visit) -> Showing:
        pictures = self._pictures(pair)
        ready = None
        if sitting.ahead is not None and sitting.ahead[0] == pair:
            copies = sitting.ahead[1].result()
            ready = dict(zip((pair.run_1, pair.run_2), copies, strict=True))
        sitting.ahead = None
        return self._ballots.show_blind(pair, visit.voter_id, pictures, ready=ready)

    def _prepare(self, sitting: Sitting) -> None:
        """Makes the copies of the pair that comes next while this one is being judged."""
        if not sitting.queue or sitting.ahead is not None:
            return
        pair = sitting.queue[0]
        try:
            pictures = self._pictures(pair)
        except PictureError:
            return
        made = self._ahead.submit(self._ballots.copies.make, *pictures.values())
        sitting.ahead = (pair, made)

    def _pictures(self, pair: Pair) -> dict[str, Path]:
        pictures = {}
        for run_id in (pair.run_1, pair.run_2):
            view = self._desk.view(run_id)
            if view is None or view.picture is None or not view.picture.is_file():
                raise PictureError(
                    said(
                        "The picture of run {run_id} is no longer in the data folder.",
                        run_id=run_id,
                    )
                )
            pictures[run_id] = view.picture
        return pictures

    # ---- drawing ----------------------------------------------------------------------------

    def _bench(
        self, sitting: Sitting, visit: Visit, page_id: str, *, problem: str | None = None
    ) -> Bench:
        scopes = {EVERYTHING: text("judge.everything")}
        try:
            scopes = self._scopes(visit)
            if not sitting.is_filled:  # the program was started anew under an open page
                self._refill(sitting, visit)
            self._advance(sitting, visit)
        except PlaygroundError as exc:
            problem = told(exc)
        showing = sitting.showing
        views = {} if showing is None else self._views(showing.pair)
        state = "pair" if views else "done" if sitting.seen or sitting.skipped else "empty"
        return Bench(
            page_id=page_id,
            state=state,
            scope=sitting.scope,
            scopes=scopes,
            n_judged=sum(1 for each in sitting.seen if each.ballot.standing is not None),
            n_skipped=len(sitting.skipped),
            n_left=len(sitting.queue) + sum(1 for each in sitting.seen if each.ballot.is_hidden),
            subject=Markup("") if showing is None or not views else _subject(showing, views),
            message=self._message(state, sitting, problem),
            stage=empty_stage() if showing is None or not views else _stage(showing, views),
            vote=no_vote()
            if showing is None or not views
            else vote_value(
                showing, views, acts=_acts(sitting, showing), problem=problem, is_judging=True
            ),
        )

    def _views(self, pair: Pair) -> dict[str, RunView]:
        views = {run_id: self._desk.view(run_id) for run_id in (pair.run_1, pair.run_2)}
        return {run_id: view for run_id, view in views.items() if view is not None}

    def _scopes(self, visit: Visit) -> dict[str, str]:
        scopes = {EVERYTHING: text("judge.everything")}
        scopes |= {f"{_NEWEST}{n}": text("judge.newest", count=n) for n in NEWEST}
        experiments = self._history.choices(visit.owner_id).experiments
        return scopes | {
            f"{_EXPERIMENT}{each}": text(
                "judge.experiment", name=experiment_words(each, self._experiment_name)
            )
            for each in experiments
        }

    def _message(self, state: str, sitting: Sitting, problem: str | None) -> Markup:
        parts = []
        if problem is not None and state != "pair":
            parts.append(el("p", problem, class_="pg-judge-problem", role="alert"))
        if state == "empty":
            name = "empty" if sitting.scope.what == EVERYTHING else "empty_scope"
            parts.append(el("h2", text(f"judge.{name}")))
            parts.append(el("p", text(f"judge.{name}_hint")))
            parts.append(_way_on(name))
        elif state == "done":
            parts += _done(sitting)
        if sitting.n_unshowable:
            parts.append(el("p", text("judge.unshowable", count=sitting.n_unshowable)))
        return (
            el("div", *parts, class_="pg-judge-message", data_state=state) if parts else Markup("")
        )


# ---- pieces -------------------------------------------------------------------------------------


def scope_of(told: object) -> Scope:
    """What the page chose; anything strange is everything."""
    data = told if isinstance(told, dict) else {}
    what = data.get("what")
    return Scope(
        what=what if isinstance(what, str) and what else EVERYTHING,
        has_checks=data.get("checks") is not False,
    )


def _key(pair: Pair) -> tuple[str, ...]:
    return pair.run_1, pair.run_2, pair.kind


def _acts(sitting: Sitting, showing: Showing) -> tuple[str, ...]:
    acts = ["skip"] if showing.ballot.is_hidden else ["next"]
    return (*acts, "back") if sitting.at > 0 else tuple(acts)


def _subject(showing: Showing, views: dict[str, RunView]) -> Markup:
    view = views[showing.pair.run_1]
    badge = el("span", text(f"origin.{view.origin}"), class_=f"pg-badge pg-badge-{view.origin}")
    return el("div", badge, subject_html(view), class_="pg-judge-subject")


def _stage(showing: Showing, views: dict[str, RunView]) -> dict[str, Any]:
    """The copies stay when the names are shown: nothing is loaded again under somebody's eyes."""
    copies = showing.copies or ()
    pictures = []
    for run_id, copy in zip(showing.run_ids, copies, strict=True):
        view = views[run_id]
        name = model_name(view.request.model)
        pictures.append(
            StagePicture(
                url=fmt.file_url(copy),
                width_px=(view.run.width_px or 0) if view.run is not None else 0,
                height_px=(view.run.height_px or 0) if view.run is not None else 0,
                label=name,
                alt=f"{name}: {view.request.prompt}",
            )
        )
    a, b = pictures
    return stage_value(a, b, is_blind=showing.ballot.is_hidden, pair_id=showing.token)


def _way_on(name: str) -> Markup:
    """What to do where nothing is left: judge the rest, or make something to judge."""
    if name == "empty":
        return el("button", text("judge.empty_go"), type="button", class_="pg-button",
                  data_tab=COMPARE_TAB)  # fmt: skip
    return el("button", text("judge.empty_scope_go"), type="button", class_="pg-button",
              data_action="everything")  # fmt: skip


def _done(sitting: Sitting) -> Sequence[Markup]:
    standing = [each.ballot.standing for each in sitting.seen]
    given = [vote for vote in standing if vote is not None]
    counts = {
        "judge.done_judged": len(given),
        "judge.done_blind": sum(1 for vote in given if vote.is_blind),
        "judge.done_decided": sum(1 for vote in given if vote.winner_run_id is not None),
        "judge.done_tie": sum(1 for vote in given if vote.answer == Answer.TIE),
        "judge.done_bad": sum(1 for vote in given if vote.answer == Answer.BOTH_BAD),
        "judge.done_skipped": len(sitting.skipped),
    }
    rows = (el("div", el("dt", text(name)), el("dd", str(n))) for name, n in counts.items())
    return [
        el("h2", text("judge.done")),
        el("p", text("judge.done_hint")),
        el("dl", *rows),
        el(
            "button",
            text("judge.again" if not sitting.skipped else "judge.again_skipped"),
            type="button",
            class_="pg-button",
            data_action="again",
        ),
    ]
