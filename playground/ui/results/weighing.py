"""What the Results screen does, without its widgets: a question in, what to show out."""

import asyncio
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from playground.errors import PlaygroundError
from playground.images.differing import measure_two
from playground.images.pixels import PixelMeasures
from playground.judging.votes import VoteLog
from playground.markup import Markup, join
from playground.results.scope import ScopeChoices
from playground.schema import Origin, Run
from playground.ui.history.archive import Archive
from playground.ui.results.findings import Findings, FindingsBook, TwoRuns, asked
from playground.ui.results.money import money_html
from playground.ui.results.page import top_html
from playground.ui.results.pairs import (
    MAX_MEASURED,
    MAX_SHOWN,
    Against,
    Measured,
    Shown,
    against_html,
    pixels_html,
)
from playground.ui.results.sections import failures_html, groups_html, votes_html
from playground.ui.results.times import times_html
from playground.ui.visits import Visit

MAX_KEPT_MEASURES = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultsView:
    """The page, and what it can be narrowed to."""

    page: Markup
    pixels: Markup
    choices: ScopeChoices
    origin: Origin


class Weighing:
    """The steps of the screen over one data folder. What blocks is done in worker threads."""

    def __init__(self, book: FindingsBook, *, archive: Archive, votes: VoteLog) -> None:
        self._book = book
        self._archive = archive
        self._votes = votes
        self._mutex = threading.Lock()
        self._measures: OrderedDict[TwoRuns, tuple[PixelMeasures, PixelMeasures]] = OrderedDict()

    async def view(self, sought: object, visit: Visit) -> ResultsView:
        """
        The page for what was chosen.

        Raises:
            PlaygroundError: A log cannot be read.
        """
        return await asyncio.to_thread(self._view, sought, visit)

    def _view(self, sought: object, visit: Visit) -> ResultsView:
        findings = self._book.answer(asked(sought, visit))
        shown, n_pairs = self._against(findings, visit)
        sections: list[Markup] = []
        if findings.n_runs:
            sections = [
                votes_html(findings, voter_id=visit.voter_id),
                times_html(findings),
                money_html(findings),
                groups_html(findings),
                against_html(findings, shown, n_pairs=n_pairs),
                failures_html(findings),
            ]
        models = findings.summary.models
        return ResultsView(
            page=join((top_html(findings), *sections)),
            pixels=pixels_html(None, models, is_offered=bool(findings.newest_pairs)),
            choices=findings.choices,
            origin=findings.summary.origin,
        )

    async def measure(self, sought: object, visit: Visit) -> Markup:
        """
        The newest pairs measured; only those whose names this voter was told.

        Raises:
            PlaygroundError: A log cannot be read.
        """
        return await asyncio.to_thread(self._measure, sought, visit)

    def _measure(self, sought: object, visit: Visit) -> Markup:
        findings = self._book.answer(asked(sought, visit))
        measured: list[Measured] = []
        for pair in findings.newest_pairs:
            if len(measured) == MAX_MEASURED:
                break
            if self._is_told(pair.comparison_id, (pair.first, pair.second), visit):
                found = self._measured(pair, visit)
                measured += [] if found is None else [found]
        return pixels_html(measured, findings.summary.models)

    # ---- the pairs that disagree ----------------------------------------------------------------

    def _against(self, findings: Findings, visit: Visit) -> tuple[list[Against], int]:
        """The newest pairs with a vote against the trend, and how many there are."""
        records = findings.summary.disagreements.iloc[::-1]
        records = records.drop_duplicates(["run_1", "run_2"])
        shown = [
            self._one_against(row, visit) for row in records.head(MAX_SHOWN).to_dict("records")
        ]
        return shown, len(records)

    def _one_against(self, row: dict[Any, Any], visit: Visit) -> Against:
        comparison_id, run_ids = str(row["comparison_id"]), (str(row["run_1"]), str(row["run_2"]))
        note = row["note"]
        is_told = self._is_told(comparison_id, run_ids, visit)
        prompt = row["prompt"]
        return Against(
            comparison_id=comparison_id,
            prompt=prompt if isinstance(prompt, str) else "",
            better=str(row["winner_model"]),
            sides=self._sides(self._runs(run_ids, visit)) if is_told else (),
            note=note if isinstance(note, str) else None,
        )

    def _is_told(self, comparison_id: str, run_ids: Sequence[str], visit: Visit) -> bool:
        """Whether this voter knows which model made which; others shall still judge blind."""
        return set(run_ids) <= self._votes.revealed(comparison_id, visit.voter_id)

    def _runs(self, run_ids: Sequence[str], visit: Visit) -> list[Run]:
        runs = []
        for run_id in run_ids:
            try:
                runs.append(self._archive.run(run_id, visit))
            except PlaygroundError:
                return []  # of somebody else, or no longer in the log
        return runs

    def _sides(self, runs: Sequence[Run]) -> tuple[Shown, ...]:
        return tuple(
            Shown(model=run.model, thumbnail=self._archive.thumbnail(run.file)) for run in runs
        )

    # ---- pixels -----------------------------------------------------------------------------------

    def _measured(self, pair: TwoRuns, visit: Visit) -> Measured | None:
        runs = self._runs((pair.first, pair.second), visit)
        paths = [self._archive.picture(run.file) for run in runs]
        if len(paths) < 2 or paths[0] is None or paths[1] is None:
            return None
        with self._mutex:
            known = self._measures.get(pair)
        if known is None:
            try:
                known = measure_two(paths[0], paths[1])
            except PlaygroundError:
                return None  # the card of that run says what is wrong with the file
            with self._mutex:
                self._measures[pair] = known
                if len(self._measures) > MAX_KEPT_MEASURES:
                    self._measures.popitem(last=False)
        return Measured(
            pair=pair,
            prompt=runs[0].prompt,
            sides=self._sides(runs),
            first=known[0],
            second=known[1],
        )
