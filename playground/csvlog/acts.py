"""A log of small acts of people, all of them in memory, found by the comparison they are about."""

from collections.abc import Sequence
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from playground.csvlog import CsvLog


class Act(Protocol):
    """What any act has."""

    @property
    def act_id(self) -> str: ...
    @property
    def comparison_id(self) -> str: ...


A = TypeVar("A", bound=Act)


class ActLog(Generic[A]):
    """
    One row per act, the column `act_id` its key; see CsvLog for what a crash cannot do to it.

    Sees what other processes have appended. Safe to share between threads.

    Raises:
        StorageError: The file cannot be kept here, or is not one of ours.
    """

    def __init__(self, path: Path, record_type: type[A]) -> None:
        self._count = _RowCount()
        self._log: CsvLog[A] = CsvLog(path, record_type, key="act_id", index=self._count)
        self._acts: dict[str, list[A]] = {}
        self._n_known = 0
        self._generation = self._count.generation

    @property
    def path(self) -> Path:
        return self._log.path

    def append(self, act: A) -> bool:
        """
        Adds the act and waits until the disk has it; False when its id already stands there.

        Raises:
            StorageError: The disk refused; nothing was added.
        """
        return self._log.append(act)

    def get(self, act_id: str) -> A | None:
        """The act of that id; None when there is none."""
        return self._log.get(act_id)

    def __len__(self) -> int:
        return len(self._log)

    def about(self, comparison_id: str) -> tuple[A, ...]:
        """The acts about a comparison, in the order they were done; empty for an unknown one."""
        with self._log.in_step() as fetch:
            if self._generation != self._count.generation:
                self._acts.clear()
                self._n_known = 0
                self._generation = self._count.generation
            news = fetch(range(self._n_known, self._count.n_rows))
            for act in news:
                self._acts.setdefault(act.comparison_id, []).append(act)
            self._n_known += len(news)
            return tuple(self._acts.get(comparison_id, ()))


class _RowCount:
    """How many rows the log has, and how often it turned out to be another file."""

    columns: tuple[str, ...] = ()

    def __init__(self) -> None:
        self.generation = 0
        self.n_rows = 0

    def clear(self) -> None:
        self.generation += 1
        self.n_rows = 0

    def add(self, row: int, cells: Sequence[str]) -> None:
        del cells
        self.n_rows = row + 1
