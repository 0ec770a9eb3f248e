"""One experiment as a voter may see it: its head, its progress, its grid without what judging blind must not show."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, BinaryIO

from playground.errors import InvalidRequestError
from playground.experiment.archive import write_archive
from playground.experiment.books import Look
from playground.experiment.grid import Grid, ShotState, grid_of
from playground.experiment.judging import acts_of
from playground.experiment.plan import Plan
from playground.experiment.plan_file import plan_bytes
from playground.experiment.progress import Progress
from playground.experiment.report import report_page
from playground.experiment.sheets import contact_sheets, pair_sheets
from playground.markup import Markup
from playground.schema import Origin, Vote
from playground.ui.experiment.flow import ExperimentFlow
from playground.ui.experiment.grid import GridAsk, GridPage, page_of
from playground.ui.experiment.pair import Side, pair_html, pair_stage, sides_of
from playground.ui.experiment.progress import Subject
from playground.ui.exports import Exports, Ready, packed_files
from playground.ui.history.archive import Archive
from playground.ui.texts import text
from playground.ui.visits import Visit
from playground.ui.voting.ballots import Ballots

CELL_PX = 512  # a cell of two columns is about that wide
EXPORTS = ("zip", "sheet", "pairs", "report", "plan")


@dataclass(frozen=True, slots=True, kw_only=True)
class ExperimentView:
    """Everything about one experiment that is shown."""

    progress: Progress
    subject: Subject
    grid: GridPage
    pair: Markup  # of the two on the stage
    stage: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    plan: Plan
    look: Look
    votes: tuple[Vote, ...]


class ExperimentEasel:
    """Draws experiments for voters. Every method may block on the disk."""

    def __init__(
        self, flow: ExperimentFlow, *, ballots: Ballots, archive: Archive, exports: Exports
    ) -> None:
        self._flow = flow
        self._ballots = ballots
        self._archive = archive
        self._exports = exports

    def view(
        self, experiment_id: str, visit: Visit, ask: GridAsk, chosen: tuple[str, ...] = ()
    ) -> ExperimentView:
        """
        Raises:
            InvalidRequestError: This visitor has no such experiment.
            StorageError: A file cannot be read, or it could not be written down what is shown.
        """
        known = self._known(experiment_id, visit)
        whole = grid_of(known.plan, known.look, known.votes)
        grid = replace(whole, lines=tuple(filter(ask.filters.holds, whole.lines)))
        page = self._page(known, grid, ask, chosen, visit)
        rows = known.look.rows
        progress = self._flow.shelf.progress(experiment_id)
        sides = self._sides(known, page)
        return ExperimentView(
            progress=progress,
            subject=Subject(
                progress=progress,
                origin=Origin(rows[0].origin) if rows else None,
                n_again=len(self._flow.again(experiment_id)),
                n_unjudged=sum(line.n_unjudged for line in whole.lines),
                is_blind=self._is_blind(known, visit),
            ),
            grid=page,
            pair=pair_html(sides),
            stage=pair_stage(sides, pair_id=" ".join(page.chosen)),
        )

    def mark(self, experiment_id: str, visit: Visit) -> object:
        """
        While it stays the same, so does the view, save for the time that is left. Quick.

        Raises:
            InvalidRequestError: This visitor has no such experiment.
            StorageError: A file cannot be read.
        """
        self._check(experiment_id, visit)
        look = self._flow.shelf.books(experiment_id).look()
        return (
            experiment_id,
            len(look.rows),
            frozenset((each.run_id, each.is_sent) for each in look.open_runs),
            self._flow.shelf.state(experiment_id).read(),
            len(self._ballots.log),
        )

    def _check(self, experiment_id: str, visit: Visit) -> None:
        if not self._flow.knows(experiment_id, visit):
            raise InvalidRequestError(text("experiment.unknown"), field="experiment_id")

    def _known(self, experiment_id: str, visit: Visit) -> _Known:
        self._check(experiment_id, visit)
        plan = self._flow.shelf.plan(experiment_id)
        return _Known(
            plan=plan,
            look=self._flow.shelf.books(experiment_id).look(),
            votes=acts_of(plan, self._ballots.log, voter_id=visit.voter_id),
        )

    # ---- the grid ---------------------------------------------------------------------------

    def _page(
        self, known: _Known, grid: Grid, ask: GridAsk, chosen: tuple[str, ...], visit: Visit
    ) -> GridPage:
        lines, number, n_pages = page_of(grid, ask, known.plan.settings.repeats)
        ids = dict.fromkeys(cell.comparison_id for line in lines for cell in line.cells)
        if ask.names:
            # First on the disk, then on the page.
            for comparison_id in ids:
                self._archive.tell_names(comparison_id, visit)
        there = {
            shot.run.run_id
            for line in lines
            for cell in line.cells
            for shot in cell.shots
            if shot.state is ShotState.DONE and shot.run is not None
        }
        shown = self._shown(known, there, ids, visit)
        return GridPage(
            plan=known.plan,
            grid=grid,
            ask=ask,
            lines=lines,
            page=number,
            n_pages=n_pages,
            n_hidden=len(there - shown),
            shown=shown,
            chosen=tuple(run_id for run_id in chosen if run_id in shown),
            thumbnail=partial(self._archive.thumbnail, max_px=CELL_PX),
        )

    def _shown(
        self, known: _Known, there: set[str], ids: dict[str, None], visit: Visit
    ) -> frozenset[str]:
        """Pictures whose names this voter knows already; of a single model there is nothing to hide."""
        if len(known.plan.settings.models) == 1:
            return frozenset(there)
        told = (self._ballots.log.revealed(each, visit.voter_id) for each in ids)
        return frozenset(there).intersection(frozenset().union(*told))

    def _is_blind(self, known: _Known, visit: Visit) -> bool:
        """Whether there is a picture whose name this voter has not been told."""
        if len(known.plan.settings.models) == 1:
            return False
        there: dict[str, set[str]] = {}
        for run in known.look.rows:
            if run.file is not None:
                there.setdefault(run.comparison_id, set()).add(run.run_id)
        log = self._ballots.log
        return any(not ids <= log.revealed(each, visit.voter_id) for each, ids in there.items())

    def _sides(self, known: _Known, page: GridPage) -> tuple[Side, ...]:
        by_id = {run.run_id: run for run in known.look.rows}
        return sides_of(known.plan, map(by_id.__getitem__, page.chosen), self._archive.picture)

    # ---- taking out -------------------------------------------------------------------------

    def export(self, experiment_id: str, kind: str, visit: Visit) -> Ready:
        """
        A file of the experiment, one of EXPORTS, ready to be fetched.

        What names the models is written down as shown, for nobody can judge it blind any more.

        Raises:
            InvalidRequestError: There is no such experiment, or no such file of it.
            StorageError: The disk refused.
        """
        known = self._known(experiment_id, visit)
        if kind not in EXPORTS:
            raise InvalidRequestError(text("experiment.unknown"), field="kind")
        name = f"{known.plan.name}-{experiment_id[-6:]}"
        if kind == "plan":
            return self.plan_file(known.plan)
        for planned in known.plan.comparisons:
            self._archive.tell_names(planned.comparison_id, visit)
        if kind == "zip":
            return self._exports.file(f"{name}.zip", lambda file: self._zip(known, file))
        if kind == "report":
            page = self._report(known, experiment_id).encode(errors="backslashreplace")
            return self._exports.file(f"{name}.html", lambda file: _write(file, page))
        draw = contact_sheets if kind == "sheet" else pair_sheets
        grid = grid_of(known.plan, known.look, known.votes)
        sheets = draw(known.plan.name, grid, self._archive.data_dir)
        return packed_files(self._exports, f"{name}-{kind}", "jpg", sheets)

    def plan_file(self, plan: Plan) -> Ready:
        """
        The plan as a file that runs elsewhere too.

        Raises:
            StorageError: The disk refused.
        """
        data = plan_bytes(plan)
        return self._exports.file(f"{plan.name}-plan.json", lambda file: _write(file, data))

    def _zip(self, known: _Known, file: BinaryIO) -> tuple[str, ...]:
        return write_archive(
            file,
            known.plan,
            known.look,
            known.votes,
            data_dir=self._archive.data_dir,
            with_records=True,
        )

    def _report(self, known: _Known, experiment_id: str) -> str:
        return report_page(
            known.plan,
            known.look,
            self._flow.shelf.progress(experiment_id),
            acts_of(known.plan, self._ballots.log),
            data_dir=self._archive.data_dir,
            made_at=datetime.now(UTC),
        )


def _write(file: BinaryIO, data: bytes) -> tuple[str, ...]:
    file.write(data)
    return ()
