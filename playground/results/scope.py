"""Which part of the logs the results are asked about: an owner's, of an experiment, a day, a tag or a setting."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time

import numpy as np
import pandas as pd

from playground.identity import short_id
from playground.results.evidence import origins_in
from playground.schema import Origin

# What the functions here need to know of each run.
SCOPE_COLUMNS = (
    "comparison_id",
    "experiment_id",
    "owner_id",
    "origin",
    "size",
    "resolution",
    "started_at",
)


NameOf = Callable[[str], str | None]


def no_name(_experiment_id: str) -> None:
    """For logs beside which no plan is kept."""


def experiment_names(ids: Iterable[str], name_of: NameOf = no_name) -> dict[str, str]:
    """
    What the experiments are called: the name of the plan, with the end of the id where several
    have it; without one the id, shortened.
    """
    names = {each: name_of(each) for each in ids}
    n_called = Counter(names.values())
    called = {}
    for each, name in names.items():
        short = short_id(each)
        called[each] = (
            short if name is None else f"{name} ({short})" if n_called[name] > 1 else name
        )
    return called


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """
    What to look at; None lets everything pass, but for `owner_id`: there it is nobody's runs.

    A tag is that of the comparison; `since` is the day, UTC, on which its first run began.
    """

    owner_id: str | None = None
    experiment_id: str | None = None
    tag: str | None = None
    resolution: str | None = None
    size: str | None = None
    since: date | None = None

    @property
    def is_everything(self) -> bool:
        """Whether nothing of the owner's is left out."""
        return self == Scope(owner_id=self.owner_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeChoices:
    """What occurs in the runs of one owner, each sorted; `names` are those of the experiments."""

    origins: tuple[Origin, ...] = ()
    experiments: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    resolutions: tuple[str, ...] = ()
    sizes: tuple[str, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)


def scope_mask(runs: pd.DataFrame, scope: Scope, *, marks: pd.DataFrame) -> np.ndarray:
    """
    One bool per row of `runs`, as `gather` takes it. Needs SCOPE_COLUMNS.

    Args:
        marks: With comparison_id and tags, as `history.marks.current_marks` gives them.
    """
    mask = _owned(runs, scope.owner_id)
    for name in ("experiment_id", "resolution", "size"):
        wanted = getattr(scope, name)
        if wanted is not None:
            mask &= _is(runs[name], wanted)
    if scope.tag is not None:
        tagged = [scope.tag in tags for tags in marks["tags"]]
        mask &= runs["comparison_id"].isin(marks.loc[tagged, "comparison_id"]).to_numpy()
    if scope.since is not None:
        first = datetime.combine(scope.since, time(), UTC)
        begun = runs.groupby("comparison_id", sort=False)["started_at"].transform("min")
        mask &= (begun >= first).fillna(False).to_numpy(dtype=bool)
    return mask


def choices_in(
    runs: pd.DataFrame,
    *,
    marks: pd.DataFrame,
    owner_id: str | None = None,
    name_of: NameOf = no_name,
) -> ScopeChoices:
    """What the runs of an owner can be narrowed to. Needs SCOPE_COLUMNS; marks as there."""
    own = runs.loc[_owned(runs, owner_id), list(SCOPE_COLUMNS)]
    is_own = marks["comparison_id"].isin(own["comparison_id"].unique())
    experiments, resolutions, sizes = (
        tuple(sorted(map(str, own[name].dropna().unique())))
        for name in ("experiment_id", "resolution", "size")
    )
    return ScopeChoices(
        origins=origins_in(own),
        experiments=experiments,
        tags=tuple(sorted({tag for tags in marks.loc[is_own, "tags"] for tag in tags})),
        resolutions=resolutions,
        sizes=sizes,
        names=experiment_names(experiments, name_of),
    )


def _owned(runs: pd.DataFrame, owner_id: str | None) -> np.ndarray:
    if owner_id is None:
        return runs["owner_id"].isna().to_numpy(dtype=bool, copy=True)
    return _is(runs["owner_id"], owner_id)


def _is(column: "pd.Series[str]", value: str) -> np.ndarray:
    """Where the column has that value; a missing one has not."""
    return (column == value).fillna(False).to_numpy(dtype=bool, copy=True)
