"""Everything ever compared, newest first: searched, filtered and paged over typed frames."""

import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from playground.csvlog.table import LogTable
from playground.history.comparisons import Comparisons, PairKey
from playground.history.marks import current_marks, plain_tag
from playground.judging.pairs import PAIR_KEY, RUN_COLUMNS, Pair, latest_runs
from playground.judging.queue import judging_queue
from playground.judging.votes import current_votes
from playground.schema import Mark, Origin, PairKind, Run, Vote, column_info

HISTORY_COLUMNS = (
    *RUN_COLUMNS, "owner_id", "error_kind", "total_s", "estimate_usd", "charged_usd",
    "billing_status",
)  # fmt: skip
MAX_PAGE_SIZE = 200

_VOTE_COLUMNS = (
    "comparison_id", "experiment_id", "voter_id", "pair_kind", "run_1", "run_2", "model_1",
    "model_2", "origin", "draw", "run_a", "is_hidden", "is_blind", "answer",
    "winner_model",
)  # fmt: skip
_OF_FIRST = ("comparison_id", "experiment_id", "prompt", "size", "resolution", "origin")
_OF_RUN = (
    "run_id", "lane", "repeat", "model", "status", "file", "error_kind", "total_s",
    "estimate_usd", "charged_usd", "billing_status",
)  # fmt: skip
_OF_VERDICT = ("pair_kind", "run_a", "answer", "winner_model", "is_blind")


class Archived(StrEnum):
    """Which comparisons to show."""

    HIDDEN = "hidden"  # those not archived
    ONLY = "only"
    ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryQuery:
    """
    What to show of the history; an empty filter lets everything pass.

    A comparison is found when its prompt holds `text` (plain text, case does not matter), it
    began in since ≤ begin < until, any of its runs has one of the values asked for, and it has
    all `tags`. `is_judged`: every pair that can be judged has a standing vote (by `voter_id`, or
    anybody's), or some pair has none. Only what `owner_id` began is ever shown; None is whoever
    runs the app on their own machine.
    """

    text: str = ""
    models: Collection[str] = ()
    sizes: Collection[str] = ()
    resolutions: Collection[str] = ()
    statuses: Collection[str] = ()
    experiments: Collection[str] = ()
    tags: Collection[str] = ()
    origin: Origin | None = None
    since: datetime | None = None
    until: datetime | None = None
    is_judged: bool | None = None
    is_starred: bool | None = None
    archived: Archived = Archived.HIDDEN
    voter_id: str | None = None
    owner_id: str | None = None
    page: int = 1
    page_size: int = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class RunBrief:
    """A run as the list knows it; `file` is relative to the data folder."""

    run_id: str
    lane: int
    repeat: int
    model: str
    status: str
    file: str | None
    error_kind: str | None = None
    total_s: float | None = None
    estimate_usd: Decimal | None = None
    charged_usd: Decimal | None = None
    billing_status: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """
    What stands on one pair. `run_a` was shown as A, on the left; `winner_model` None: neither was
    better.
    """

    pair_kind: str
    run_a: str
    answer: str
    winner_model: str | None
    is_blind: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryItem:
    """
    One comparison as the list shows it.

    `runs` are those that count for their lane and repeat, by repeat, then by lane; `attempts` all
    that ended, retries included. `verdicts` are those of the voter asked for, or anybody's.
    """

    comparison_id: str
    experiment_id: str | None
    prompt: str
    size: str
    resolution: str
    origin: str
    started_at: datetime | None
    runs: tuple[RunBrief, ...]
    attempts: tuple[RunBrief, ...]
    n_pairs: int  # that can be judged
    n_judged: int
    verdicts: tuple[Verdict, ...]
    is_starred: bool
    is_archived: bool
    tags: tuple[str, ...]
    note: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryPage:
    """One page; `number` is the page asked for, or the last one when there are fewer."""

    items: tuple[HistoryItem, ...]
    number: int
    n_pages: int  # at least 1
    n_found: int
    n_comparisons: int  # of this owner, before any filter


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What occurs in the history of an owner, for filters to offer; each sorted."""

    models: tuple[str, ...]
    sizes: tuple[str, ...]
    resolutions: tuple[str, ...]
    statuses: tuple[str, ...]
    experiments: tuple[str, ...]
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A column of `Run` in which two runs differ."""

    column: str
    a: Any
    b: Any


def difference(a: Run, b: Run) -> tuple[Difference, ...]:
    """
    In which parameters two runs differ: the columns of the request and of where it went.

    The hash of the whole request says nothing by itself, and an uploaded reference is the same
    at whichever address, so those two columns are left out; references sent by address count.
    """
    names = [
        name
        for name, info in column_info(Run).items()
        if info["group"] in ("request", "where")
        and name not in ("request_sha256", "reference_urls")
    ]
    found = [
        Difference(column=name, a=getattr(a, name), b=getattr(b, name))
        for name in names
        if getattr(a, name) != getattr(b, name)
    ]
    sent_a, sent_b = _by_address(a), _by_address(b)
    if sent_a != sent_b:
        found.append(Difference(column="reference_urls", a=" ".join(sent_a), b=" ".join(sent_b)))
    return tuple(found)


def _by_address(run: Run) -> tuple[str, ...]:
    hashes = (run.reference_sha256 or "").split()
    urls = (run.reference_urls or "").split()
    return tuple(url for sha, url in zip(hashes, urls, strict=False) if sha == "-")


class History:
    """
    The pages of one data folder, kept in step with its logs. Safe to share between threads.

    After the first call only what other programs have appended since is read.
    """

    def __init__(self, data_dir: Path) -> None:
        self._runs = LogTable(data_dir / "runs.csv", Run, HISTORY_COLUMNS)
        self._votes = LogTable(data_dir / "votes.csv", Vote, _VOTE_COLUMNS)
        self._marks = LogTable(data_dir / "marks.csv", Mark)
        self._mutex = threading.Lock()
        self._index: HistoryIndex | None = None
        self._indexed: tuple[pd.DataFrame, ...] = ()

    def page(self, query: HistoryQuery) -> HistoryPage:
        """
        Raises:
            ValueError: The page or its size is out of range.
            StorageError: A log cannot be read.
        """
        return self._now().page(query)

    def choices(self, owner_id: str | None = None) -> Choices:
        """What filters can offer this owner."""
        return self._now().choices(owner_id)

    def queue(
        self,
        *,
        voter_id: str,
        seed: int,
        owner_id: str | None = None,
        origin: Origin | None = None,
        trust_share: float = 0.0,
    ) -> tuple[Pair, ...]:
        """What is left for this voter to judge, see `judging_queue`; origin None: of either."""
        index = self._now()
        runs = index.runs_of(owner_id)
        if origin is not None:
            runs = runs[(runs["origin"] == origin).fillna(False)]
        standing = index.votes[(index.votes["voter_id"] == voter_id).fillna(False)]
        return judging_queue(runs, standing, seed=seed, trust_share=trust_share)

    def _now(self) -> "HistoryIndex":
        with self._mutex:
            logs = runs, votes, marks = self._runs.read(), self._votes.read(), self._marks.read()
            if self._index is None or runs is not self._indexed[0]:
                self._index = HistoryIndex(Comparisons(runs), votes, marks)
            elif any(new is not old for new, old in zip(logs, self._indexed, strict=True)):
                self._index = HistoryIndex(self._index.comparisons, votes, marks)
            self._indexed = logs
            return self._index


class HistoryIndex:
    """
    Comparisons with the votes and marks on them, ready to be asked. Never changes.

    The comparisons need HISTORY_COLUMNS; `votes` and `marks` are the rows of their logs.
    """

    def __init__(self, comparisons: Comparisons, votes: pd.DataFrame, marks: pd.DataFrame) -> None:
        self.comparisons = comparisons
        self.votes = current_votes(votes)
        found = current_marks(marks)
        places = comparisons.places(found["comparison_id"])
        # A mark on what is not in the log has nothing to stand on.
        self._marks = found[places >= 0]
        self._marked = places[places >= 0]

    def runs_of(self, owner_id: str | None) -> pd.DataFrame:
        """The runs of one owner; None: those of nobody."""
        own = self.comparisons.owned(owner_id)
        return self.comparisons.runs[own[self.comparisons.place_of_run]]

    def page(self, query: HistoryQuery) -> HistoryPage:
        """
        Raises:
            ValueError: The page or its size is out of range.
        """
        if query.page < 1 or not 1 <= query.page_size <= MAX_PAGE_SIZE:
            raise ValueError(
                f"Page {query.page} of {query.page_size} comparisons cannot be shown; pages count "
                f"from 1 and hold 1 to {MAX_PAGE_SIZE}."
            )
        own = self.comparisons.owned(query.owner_id)
        found = own & self._asked_for(query) & self._marked_as(query)
        if query.is_judged is not None:
            found &= self._judged_as(query)
        newest_first = self.comparisons.newest_first
        places = newest_first[found[newest_first]]
        n_pages = max(1, -(-len(places) // query.page_size))
        number = min(query.page, n_pages)
        shown = places[(number - 1) * query.page_size : number * query.page_size]
        return HistoryPage(
            items=self._items(shown, query.voter_id),
            number=number,
            n_pages=n_pages,
            n_found=len(places),
            n_comparisons=int(own.sum()),
        )

    def choices(self, owner_id: str | None) -> Choices:
        """What filters can offer this owner."""
        own = self.comparisons.owned(owner_id)
        models, sizes, resolutions, statuses, experiments = (
            self.comparisons.values(name, own)
            for name in ("model", "size", "resolution", "status", "experiment_id")
        )
        return Choices(
            models=models,
            sizes=sizes,
            resolutions=resolutions,
            statuses=statuses,
            experiments=experiments,
            tags=tuple(
                sorted({t for tags in self._marks["tags"][own[self._marked]] for t in tags})
            ),
        )

    def _asked_for(self, query: HistoryQuery) -> np.ndarray:
        comparisons = self.comparisons
        found = comparisons.begun(since=query.since, until=query.until)
        for name, wanted in (
            ("model", query.models),
            ("size", query.sizes),
            ("resolution", query.resolutions),
            ("status", query.statuses),
            ("experiment_id", query.experiments),
            ("origin", () if query.origin is None else (query.origin,)),
        ):
            if wanted:
                found &= comparisons.with_any(name, wanted)
        if query.text.strip():
            found &= comparisons.with_text(query.text)
        return found

    def _marked_as(self, query: HistoryQuery) -> np.ndarray:
        found = np.ones(self.comparisons.n_comparisons, dtype=bool)
        if query.is_starred is not None:
            found &= self._having(self._marks["is_starred"]) == query.is_starred
        if query.archived is not Archived.ALL:
            is_wanted = query.archived is Archived.ONLY
            found &= self._having(self._marks["is_archived"]) == is_wanted
        if query.tags:
            wanted = {plain_tag(tag) for tag in query.tags}
            found &= self._having([wanted <= set(tags) for tags in self._marks["tags"]])
        return found

    def _having(self, flags: "Sequence[bool] | pd.Series[bool]") -> np.ndarray:
        found = np.zeros(self.comparisons.n_comparisons, dtype=bool)
        found[self._marked] = np.asarray(flags, dtype=bool)
        return found

    def _judged_as(self, query: HistoryQuery) -> np.ndarray:
        n_pairs, n_judged = self.comparisons.judged(_voted(self._votes_by(query.voter_id)))
        is_judged = n_judged >= n_pairs
        return np.asarray((n_pairs > 0) & (is_judged == query.is_judged))

    def _votes_by(self, voter_id: str | None) -> pd.DataFrame:
        if voter_id is None:
            return self.votes
        return self.votes[(self.votes["voter_id"] == voter_id).fillna(False)]

    def _items(self, places: np.ndarray, voter_id: str | None) -> tuple[HistoryItem, ...]:
        # The same rules as for all, over a few hundred rows.
        few = Comparisons(self.comparisons.rows_of(places))
        votes = self._votes_by(voter_id)
        votes = votes[votes["comparison_id"].isin(few.runs["comparison_id"].unique())]
        n_pairs, n_judged = few.judged(_voted(votes))
        runs, attempts = _briefs(latest_runs(few.runs)), _briefs(few.runs)
        verdicts = _by_comparison(votes[votes["pair_kind"] != PairKind.SWAPPED], _OF_VERDICT)
        is_shown = np.isin(self._marked, places)
        marks = {row["comparison_id"]: row for row in _plain(self._marks[is_shown])}
        return tuple(
            HistoryItem(
                **{name: row[name] for name in _OF_FIRST},
                started_at=None if np.isnat(started) else started.item().replace(tzinfo=UTC),
                runs=runs.get(row["comparison_id"], ()),
                attempts=attempts[row["comparison_id"]],
                n_pairs=int(of_pairs),
                n_judged=int(of_judged),
                verdicts=tuple(
                    Verdict(**verdict) for verdict in verdicts.get(row["comparison_id"], ())
                ),
                **_carried(marks.get(row["comparison_id"], {})),
            )
            for row, started, of_pairs, of_judged in zip(
                _plain(few.runs.take(few.first_rows)), few.started, n_pairs, n_judged, strict=True
            )
        )


def _voted(votes: pd.DataFrame) -> set[PairKey]:
    return set(zip(*(votes[name].tolist() for name in PAIR_KEY), strict=True))


def _by_comparison(rows: pd.DataFrame, names: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """The rows of each comparison, in their order, as plain values."""
    found: dict[str, list[dict[str, Any]]] = {}
    for row in _plain(rows[["comparison_id", *names]]):
        found.setdefault(row.pop("comparison_id"), []).append(row)
    return found


def _briefs(rows: pd.DataFrame) -> dict[str, tuple[RunBrief, ...]]:
    found = _by_comparison(rows, _OF_RUN)
    return {name: tuple(RunBrief(**row) for row in rows) for name, rows in found.items()}


def _carried(mark: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "is_starred": bool(mark.get("is_starred")),
        "is_archived": bool(mark.get("is_archived")),
        "tags": mark.get("tags", ()),
        "note": mark.get("note"),
    }


def _plain(frame: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """The rows as plain values, None for a missing one."""
    columns = [frame[name].astype(object).where(frame[name].notna(), None) for name in frame]
    for row in zip(*columns, strict=True):
        yield dict(zip(frame.columns, row, strict=True))
