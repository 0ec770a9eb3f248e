"""Whose turn it is: so many experiments at once, over all programs on one data folder."""

from pathlib import Path

from playground.experiment.state import Lease


class Turns:
    """First asked, first served within this program; over several programs whoever is there first."""

    def __init__(self, folder: Path, *, at_once: int = 1) -> None:
        self._paths = [folder / f"turn-{number}" for number in range(1, at_once + 1)]
        self._held: dict[str, Lease] = {}
        self._waiting: list[str] = []

    def has(self, experiment_id: str) -> bool:
        return experiment_id in self._held

    def queue(self, experiment_id: str) -> None:
        """It will want its turn; from now on it has its place."""
        if experiment_id not in self._held and experiment_id not in self._waiting:
            self._waiting.append(experiment_id)

    def take(self, experiment_id: str) -> bool:
        """Whether it has its turn now; if not, it is in the queue and asks again later."""
        if experiment_id in self._held:
            return True
        self.queue(experiment_id)
        if self._waiting[0] != experiment_id:
            return False
        for path in self._paths:
            lease = Lease.try_take(path)
            if lease is not None:
                self._held[experiment_id] = lease
                self._waiting.remove(experiment_id)
                return True
        return False

    def give_back(self, experiment_id: str) -> None:
        """The next one may begin; also leaves the queue."""
        if experiment_id in self._waiting:
            self._waiting.remove(experiment_id)
        lease = self._held.pop(experiment_id, None)
        if lease is not None:
            lease.release()
