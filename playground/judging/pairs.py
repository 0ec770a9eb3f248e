"""Which two pictures may be judged against each other, and on which side each of them stands."""

import hashlib
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from playground.sayings import said
from playground.schema import PairKind, Run, RunStatus, column_info

# What the functions here need to know of each run.
RUN_COLUMNS = (
    "run_id",
    "comparison_id",
    "experiment_id",
    "lane",
    "repeat",
    "model",
    "prompt",
    "size",
    "resolution",
    "reference_sha256",
    "reference_urls",
    "origin",
    "status",
    "file",
    "started_at",
)
# The same pictures may be judged once as each kind.
PAIR_KEY = ("run_1", "run_2", "pair_kind")

PAIR_COLUMNS = (
    "comparison_id",
    "experiment_id",
    "pair_kind",
    "run_1",
    "run_2",
    "model_1",
    "model_2",
    "origin",
    "why_not",
)
_DRAWS = 2**31
_BY_ADDRESS = "-"
_NA_AS = {"string": "string", "Int64": "Int64", "datetime": "datetime64[us, UTC]"}


class WhyNot(StrEnum):
    """Why a vote on a pair would say nothing about the models."""

    NO_PICTURE = "no_picture"
    ORIGINS = "origins"
    PROMPTS = "prompts"
    RATIOS = "ratios"
    RESOLUTIONS = "resolutions"
    REFERENCES = "references"

    @property
    def sentence(self) -> str:
        return _SENTENCES[self]


_SENTENCES = {
    WhyNot.NO_PICTURE: said("One of the two runs has no picture."),
    WhyNot.ORIGINS: said("One picture is emulated, the other one live."),
    WhyNot.PROMPTS: said("The two prompts differ."),
    WhyNot.RATIOS: said("The two runs asked for different ratios."),
    WhyNot.RESOLUTIONS: said("The two runs asked for different resolutions."),
    WhyNot.REFERENCES: said("The two runs were sent different references."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """
    Two runs to be judged. `why_not` None: a vote on them is evidence.

    `run_1` is that of the lower lane, then of the lower repeat. `draw` is set for a pair shown
    again with sides swapped: the number its sides were drawn from the first time.
    """

    comparison_id: str
    experiment_id: str | None
    kind: PairKind
    run_1: str
    run_2: str
    model_1: str
    model_2: str
    origin: str
    why_not: WhyNot | None = None
    draw: int | None = None


def draw_number() -> int:
    """A random number to draw sides from; to be recorded with the vote."""
    return secrets.randbelow(_DRAWS)


def stable_draw(*parts: object) -> bytes:
    """32 bytes as good as random, always the same ones for the same parts."""
    text = " ".join(map(str, parts))
    return hashlib.sha256(text.encode(errors="backslashreplace")).digest()


def sides(pair: Pair, number: int) -> tuple[str, str]:
    """
    The runs shown as A (left) and B (right): for each number the same, over many numbers half and half.

    A swapped pair ignores `number`: its sides are the other way round than the first time.
    """
    drawn = number if pair.draw is None else pair.draw
    is_turned = bool(stable_draw(drawn, pair.run_1, pair.run_2)[0] & 1) != (
        pair.kind is PairKind.SWAPPED
    )
    return (pair.run_2, pair.run_1) if is_turned else (pair.run_1, pair.run_2)


def latest_runs(runs: pd.DataFrame) -> pd.DataFrame:
    """
    The run that counts for each lane and repeat: the last with a picture, else the last begun.

    Needs RUN_COLUMNS and keeps all columns. Rows by comparison in the order they first come,
    then by repeat, then by lane. Rows without comparison, lane or repeat are left out.
    """
    whole = runs["comparison_id"].notna() & runs["lane"].notna() & runs["repeat"].notna()
    rows = np.flatnonzero(whole.to_numpy(dtype=bool))
    codes = pd.factorize(runs["comparison_id"].take(rows))[0]
    lanes, repeats = (_numbers(runs[name], rows) for name in ("lane", "repeat"))
    started = runs["started_at"].take(rows).to_numpy(dtype="datetime64[us]").view(np.int64)
    order = np.lexsort((rows, started, _has_picture(runs)[rows], lanes, repeats, codes))
    place = np.stack((codes, repeats, lanes))[:, order]
    is_last = np.append(np.any(place[:, 1:] != place[:, :-1], axis=0), True)[: len(order)]
    return runs.take(rows[order][is_last])


def pairs_of(runs: pd.DataFrame) -> pd.DataFrame:
    """
    Every two lanes of each comparison, repeat by repeat, in the order of `latest_runs`.

    Needs RUN_COLUMNS, gives PAIR_COLUMNS: pair_kind is "models", or "same_model" where both
    lanes have one model; origin is that of run_1; why_not is a WhyNot, missing where a vote
    is evidence.
    """
    latest = latest_runs(runs)
    return _table(latest, *_neighbours(latest, "comparison_id", "repeat"))


def repeat_pairs_of(runs: pd.DataFrame) -> pd.DataFrame:
    """Every two repeats of each lane, as `pairs_of`; all are of kind "same_model"."""
    latest = latest_runs(runs)
    codes = pd.factorize(latest["comparison_id"])[0]
    rows = np.arange(len(latest))
    order = np.lexsort((_numbers(latest["repeat"], rows), _numbers(latest["lane"], rows), codes))
    latest = latest.take(order)
    return _table(latest, *_neighbours(latest, "comparison_id", "lane"))


def pairs_in(table: pd.DataFrame) -> tuple[Pair, ...]:
    """The rows of a table with these columns, and perhaps `draw`, as pairs."""
    return tuple(_each(table))


def comparison_pairs(runs: Sequence[Run]) -> tuple[Pair, ...]:
    """The pairs of a few runs that were read one by one; see `pairs_of`."""
    return _pairs_of_few(tuple(runs))


# Whatever shows a comparison asks for its pairs, several times a second while many look; frames
# of two rows take as long as ones of a thousand.
@lru_cache(maxsize=256)
def _pairs_of_few(runs: tuple[Run, ...]) -> tuple[Pair, ...]:
    return pairs_in(pairs_of(_frame(runs)))


def left_out(pairs: pd.DataFrame) -> dict[WhyNot, int]:
    """How many pairs are no evidence, by reason; reasons that do not occur are not listed."""
    counts = pairs["why_not"].value_counts()
    return {reason: int(counts[reason]) for reason in WhyNot if reason in counts.index}


def _neighbours(latest: pd.DataFrame, *within: str) -> tuple[np.ndarray, np.ndarray]:
    """Every two rows of each group of adjacent rows, as positions, the upper row first."""
    codes = np.stack([pd.factorize(latest[name])[0] for name in within])
    begins = np.append(True, np.any(codes[:, 1:] != codes[:, :-1], axis=0))[: len(latest)]
    groups = np.cumsum(begins)
    upper, lower = [], []
    distance = 1
    while True:
        rows = np.flatnonzero(groups[distance:] == groups[:-distance])
        if not len(rows):
            break
        upper.append(rows)
        lower.append(rows + distance)
        distance += 1
    if not upper:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    first, second = np.concatenate(upper), np.concatenate(lower)
    order = np.lexsort((second, first, groups[first]))
    return first[order], second[order]


def _table(latest: pd.DataFrame, first: np.ndarray, second: np.ndarray) -> pd.DataFrame:
    one, two = latest.take(first), latest.take(second)
    has_picture = _has_picture(latest)

    def differs(values: "pd.Series[str]") -> np.ndarray:
        codes = pd.factorize(values)[0]
        return np.asarray(codes[first] != codes[second])

    reasons = (
        (WhyNot.NO_PICTURE, ~(has_picture[first] & has_picture[second])),
        (WhyNot.ORIGINS, differs(latest["origin"])),
        (WhyNot.PROMPTS, differs(latest["prompt"])),
        (WhyNot.RATIOS, differs(latest["size"])),
        (WhyNot.RESOLUTIONS, differs(latest["resolution"])),
        (WhyNot.REFERENCES, differs(sent_references(latest))),
    )
    why_not = np.full(len(first), None, dtype=object)
    for reason, holds in reversed(reasons):
        why_not[holds] = str(reason)
    kind = np.where(differs(latest["model"]), str(PairKind.MODELS), str(PairKind.SAME_MODEL))
    return pd.DataFrame(
        {
            "comparison_id": one["comparison_id"].array,
            "experiment_id": one["experiment_id"].array,
            "pair_kind": pd.array(kind.astype(object), dtype="string"),
            "run_1": one["run_id"].array,
            "run_2": two["run_id"].array,
            "model_1": one["model"].array,
            "model_2": two["model"].array,
            "origin": one["origin"].array,
            "why_not": pd.array(why_not, dtype="string"),
        }
    )


def _has_picture(runs: pd.DataFrame) -> np.ndarray:
    is_there = (runs["status"] == RunStatus.SUCCEEDED) & runs["file"].notna()
    return is_there.fillna(False).to_numpy(dtype=bool)


def sent_references(runs: pd.DataFrame) -> "pd.Series[str]":
    """What was sent, in order: content by its hash wherever it was uploaded, else the address."""
    hashes = runs["reference_sha256"].fillna("").to_numpy(dtype=object, copy=True)
    urls = runs["reference_urls"].fillna("").to_numpy(dtype=object)
    for row in np.flatnonzero([_BY_ADDRESS in cell for cell in hashes]):
        by_hash, by_url = hashes[row].split(), urls[row].split()
        if len(by_hash) == len(by_url):
            both = zip(by_hash, by_url, strict=True)
            hashes[row] = " ".join(url if sha == _BY_ADDRESS else sha for sha, url in both)
    return pd.Series(hashes, index=runs.index)


def _numbers(column: "pd.Series[int]", rows: np.ndarray) -> np.ndarray:
    return column.take(rows).to_numpy(dtype=np.int64)


def _each(table: pd.DataFrame) -> Iterator[Pair]:
    names = [name for name in (*PAIR_COLUMNS, "draw") if name in table]
    columns = [
        table[name].to_numpy(dtype=object, na_value=None).tolist()  # type: ignore[call-overload]
        for name in names
    ]
    for row in zip(*columns, strict=True):
        facts: dict[str, Any] = dict(zip(names, row, strict=True))
        facts["kind"] = PairKind(facts.pop("pair_kind"))
        if facts["why_not"] is not None:
            facts["why_not"] = WhyNot(facts["why_not"])
        yield Pair(**facts)


def _frame(runs: Sequence[Run]) -> pd.DataFrame:
    columns = column_info(Run)
    return pd.DataFrame(
        {
            name: pd.Series(
                [getattr(run, name) for run in runs], dtype=_NA_AS[columns[name]["dtype"]]
            )
            for name in RUN_COLUMNS
        }
    )
