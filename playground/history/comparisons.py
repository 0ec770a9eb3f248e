"""The runs of a log gathered into comparisons, as arrays that answer a filter in milliseconds."""

import unicodedata
from collections.abc import Collection
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from playground.judging.pairs import PAIR_KEY, pairs_of

PairKey = tuple[Any, ...]  # run_1, run_2, pair_kind

_MISSING = -1  # the number pandas gives to a missing value
_NOBODY = -2


class Comparisons:
    """
    Every comparison of a frame of runs at a place counted from 0, in the order they first come.

    Needs `pairs.RUN_COLUMNS` and whatever is asked for by name. An answer is one bool per
    place. Runs without a comparison are left out. Never changes.
    """

    def __init__(self, runs: pd.DataFrame) -> None:
        self.runs = runs[runs["comparison_id"].notna()]
        codes, self._ids = pd.factorize(self.runs["comparison_id"])
        self.place_of_run = codes.astype(np.int32)
        self.n_comparisons = len(self._ids)
        self._order = np.argsort(self.place_of_run, kind="stable")
        sizes = np.bincount(self.place_of_run, minlength=self.n_comparisons)
        self._ends = np.cumsum(sizes)
        self.first_rows = self._order[self._ends - sizes]
        self.started = self._earliest(self._ends - sizes)
        # NaT is the smallest number, so what has no time comes last.
        by_time = np.lexsort((np.arange(self.n_comparisons), self.started.view(np.int64)))
        self.newest_first = by_time[::-1]
        self._numbered: dict[str, tuple[np.ndarray, dict[str, int]]] = {}

    def _earliest(self, begins: np.ndarray) -> np.ndarray:
        started = self.runs["started_at"].to_numpy(dtype="datetime64[us]")[self._order]
        return np.fmin.reduceat(started, begins) if len(begins) else started

    def places(self, comparison_ids: "pd.Series[str]") -> np.ndarray:
        """Where these comparisons are; -1 for one that is not here."""
        return np.asarray(self._places.get_indexer(pd.Index(comparison_ids)))

    def rows_of(self, places: np.ndarray) -> pd.DataFrame:
        """The runs of these comparisons, one comparison after the other."""
        begins = np.append(0, self._ends)
        rows = [self._order[begins[place] : begins[place + 1]] for place in places]
        return self.runs.take(np.concatenate(rows) if rows else [])

    def values(self, name: str, among: np.ndarray) -> tuple[str, ...]:
        """What occurs in that column among some comparisons, sorted."""
        codes, number_of = self._words(name)
        there = set(np.unique(codes[among[self.place_of_run]]).tolist())
        return tuple(sorted(word for word, code in number_of.items() if code in there))

    def owned(self, owner_id: str | None) -> np.ndarray:
        """Those of which every run belongs to the owner; None: to nobody."""
        codes, number_of = self._words("owner_id")
        mine = _MISSING if owner_id is None else number_of.get(owner_id, _NOBODY)
        return ~self._any(codes != mine)

    def with_any(self, name: str, wanted: Collection[str]) -> np.ndarray:
        """Those with a run that has one of these values in that column."""
        codes, number_of = self._words(name)
        return self._any(np.isin(codes, [number_of[word] for word in wanted if word in number_of]))

    def with_text(self, text: str) -> np.ndarray:
        """Those whose prompt holds the text, whatever the case; blanks around it do not count."""
        codes, prompts = self._folded_prompts
        needle = fold(text.strip())
        holds = np.fromiter((needle in prompt for prompt in prompts), bool, len(prompts))
        return np.asarray(holds[codes])

    def begun(self, *, since: datetime | None, until: datetime | None) -> np.ndarray:
        """Those whose first run began in since ≤ begin < until."""
        found = np.ones(self.n_comparisons, dtype=bool)
        if since is not None:
            found &= self.started >= _moment(since)
        if until is not None:
            found &= self.started < _moment(until)
        return found

    def judged(self, voted: Collection[PairKey]) -> tuple[np.ndarray, np.ndarray]:
        """How many pairs of each can be judged, and how many of them are among those voted on."""
        places, keys = self._pairs
        is_voted = np.fromiter((key in voted for key in keys), bool, len(keys))
        n_pairs = np.bincount(places, minlength=self.n_comparisons)
        n_judged = np.bincount(places[is_voted], minlength=self.n_comparisons)
        return n_pairs, n_judged

    def _any(self, has: np.ndarray) -> np.ndarray:
        found = np.zeros(self.n_comparisons, dtype=bool)
        found[self.place_of_run[has]] = True
        return found

    @cached_property
    def _places(self) -> "pd.Index[str]":
        ids: pd.Index[str] = pd.Index(self._ids)
        return ids

    def _words(self, name: str) -> tuple[np.ndarray, dict[str, int]]:
        """A number for each run that stands for its value in that column, and which for which."""
        if name not in self._numbered:
            codes, words = pd.factorize(self.runs[name])
            number_of = {str(word): code for code, word in enumerate(words)}
            self._numbered[name] = codes.astype(np.int32), number_of
        return self._numbered[name]

    @cached_property
    def _folded_prompts(self) -> tuple[np.ndarray, list[str]]:
        prompts = self.runs["prompt"].take(self.first_rows).fillna("")
        codes, different = pd.factorize(prompts)
        return codes, [fold(prompt) for prompt in different]

    @cached_property
    def _pairs(self) -> tuple[np.ndarray, list[PairKey]]:
        pairs = pairs_of(self.runs)
        pairs = pairs[pairs["why_not"].isna()]
        places = self.places(pairs["comparison_id"])
        return places, list(zip(*(pairs[name].tolist() for name in PAIR_KEY), strict=True))


def fold(text: str) -> str:
    """The text as it is searched: however it is spelled in Unicode, in whichever case."""
    return unicodedata.normalize("NFC", text.casefold())


def _moment(time: datetime) -> np.datetime64:
    return np.datetime64(time.astimezone(UTC).replace(tzinfo=None), "us")
