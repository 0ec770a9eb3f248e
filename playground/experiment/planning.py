"""From what a person wishes for to a plan: the one way for the screen, the command line and Python."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from playground import __version__, catalog
from playground.client import check_public_url
from playground.errors import InvalidPlanError, InvalidRequestError, PlanProblem
from playground.experiment.plan import (
    MAX_PICTURES,
    NO_REFERENCES,
    Plan,
    ReferenceSet,
    Settings,
    make_plan,
)
from playground.experiment.prompts import PromptTable, from_csv, from_file, from_lines
from playground.experiment.templates import FilledPrompts, fill
from playground.references import prepare_reference, url_reference
from playground.sayings import said, words_of
from playground.schema import Reference

Source = str | Path | Reference


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """
    What an experiment is to be made of. Prompts come from one of `prompts` (one a line), `table`
    (CSV text) and `file`; a template is filled from them, or stands alone with its lists.
    """

    prompts: str | None = None
    table: str | None = None
    file: Path | None = None
    template: str | None = None
    lists: Mapping[str, Sequence[str]] = field(default_factory=dict)
    models: Sequence[str] = catalog.DEFAULT_LANES
    ratios: Sequence[str] = ("1:1",)
    resolutions: Sequence[str] = ("1K",)
    # Pictures by the name of their set: paths, addresses, or both; none: one set without any.
    reference_sets: Mapping[str, Sequence[Source]] = field(default_factory=dict)
    repeats: int = 1
    name: str = ""
    seed: int | None = None  # of the order of lanes; None: drawn


def plan_of(wish: Wish, *, references_dir: Path, at: datetime | None = None) -> Plan:
    """
    The plan; every picture in it is checked and copied to `references_dir`. Blocking.

    Raises:
        InvalidPlanError: Every place where something is wrong, with the remedy.
        StorageError: A reference cannot be kept.
    """
    problems: list[PlanProblem] = []
    sets = [
        _reference_set(name, sources, references_dir, problems)
        for name, sources in wish.reference_sets.items()
    ]
    filled = _checked(
        problems,
        lambda: fill(_table(wish), template=wish.template, lists=wish.lists, limit=MAX_PICTURES),
    )
    if filled is None or problems:
        raise InvalidPlanError(problems)
    settings = Settings(
        models=tuple(wish.models),
        ratios=tuple(wish.ratios),
        resolutions=tuple(wish.resolutions),
        reference_sets=tuple(sets) or (NO_REFERENCES,),
        repeats=wish.repeats,
    )
    return make_plan(
        filled,
        settings,
        name=wish.name,
        app_version=__version__,
        at=at or datetime.now(UTC),
        seed=wish.seed,
    )


def _checked(
    problems: list[PlanProblem], work: Callable[[], FilledPrompts]
) -> FilledPrompts | None:
    try:
        return work()
    except InvalidPlanError as exc:
        problems += exc.problems
        return None


def _table(wish: Wish) -> PromptTable | None:
    given = [name for name in ("prompts", "table", "file") if getattr(wish, name) is not None]
    if len(given) > 1:
        raise InvalidPlanError(
            [
                PlanProblem(
                    message=said(
                        "Prompts come from {given}. Choose one of them.", given=" and ".join(given)
                    )
                )
            ]
        )
    if wish.file is not None:
        return from_file(wish.file)
    if wish.table is not None:
        return from_csv(wish.table)
    return None if wish.prompts is None else from_lines(wish.prompts)


def _reference_set(
    name: str, sources: Sequence[Source], folder: Path, problems: list[PlanProblem]
) -> ReferenceSet:
    references = []
    for number, source in enumerate(sources, start=1):
        try:
            references.append(_reference(source, folder))
        except InvalidRequestError as exc:
            problems.append(
                PlanProblem(
                    source=said(
                        "references, set {name!r}, image {number}", name=name, number=number
                    ),
                    message=words_of(exc),
                )
            )
    return ReferenceSet(name=name, references=tuple(references))


def _reference(source: Source, folder: Path) -> Reference:
    if isinstance(source, Reference):
        return source
    if isinstance(source, str) and source.startswith(("http://", "https://")):
        check_public_url(source)
        return url_reference(source)
    path = Path(source)
    return prepare_reference(path, name=path.name, folder=folder)
