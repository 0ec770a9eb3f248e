"""A copy of the log, the votes and the marks in a private dataset on the Hub; the only place that knows its library."""

import logging
import re
import secrets
import shutil
import threading
import time
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Any

from huggingface_hub import CommitScheduler, HfApi

from playground import disk
from playground.csvlog import CsvLog
from playground.errors import StorageError
from playground.schema import Mark, Run, Vote
from playground.settings import Settings

log = logging.getLogger(__name__)

LOGS: dict[str, tuple[type[Any], str]] = {
    "runs": (Run, "run_id"),
    "votes": (Vote, "act_id"),
    "marks": (Mark, "act_id"),
}
FOLDER = "kept"
EVERY_MIN = 5
AGAIN_S = 60.0
LOOK_EVERY_S = 2.0
# An app that waits for what it kept earlier is still better than one that does not start.
STARTING_S = 10.0
_NAME = re.compile(r"(runs|votes|marks)-[0-9a-f]{16}\.csv")
_REPO_TYPE = "dataset"


class Kept(StrEnum):
    """How the copy is doing."""

    WAITING = "waiting"  # the Hub was not reached yet; nothing is copied
    KEEPING = "keeping"
    FAILING = "failing"  # the last push did not arrive; the next one brings everything
    PUBLIC = "public"  # everybody could read the dataset, so nothing is sent


class Keeper:
    """
    Brings back what earlier programs kept, then adds what this one writes: to files of its own,
    for a file of the same name would take the place of an earlier one.

    Everything happens in a thread of its own. Nothing that goes wrong there stops the program or
    touches its own files. Pictures and the journal are not kept.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        dataset: str,
        token: str,
        endpoint: str | None = None,
        again_s: float = AGAIN_S,
        look_every_s: float = LOOK_EVERY_S,
    ) -> None:
        self._data_dir = data_dir
        self._dataset = dataset
        self._api = HfApi(endpoint=endpoint, token=token)
        self._again_s = again_s
        self._look_every_s = look_every_s
        self._folder = data_dir / FOLDER / secrets.token_hex(8)
        self._copies: list[_Copy] = []
        self._scheduler: CommitScheduler | None = None
        self._kept = Kept.WAITING
        self._connected, self._leaving = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="keeper", daemon=True)

    def start(self, *, patience_s: float = STARTING_S) -> None:
        """Returns when what was kept earlier is back, or the Hub lets wait for it too long."""
        self._thread.start()
        if not self._connected.wait(patience_s):
            log.warning("Dataset %s is not reached yet; going on without it.", self._dataset)

    def state(self) -> Kept:
        scheduler = self._scheduler
        if scheduler is None:
            return self._kept
        last = getattr(scheduler, "last_future", None)
        if last is not None and last.done() and last.exception() is not None:
            return Kept.FAILING
        return Kept.KEEPING

    def close(self, *, patience_s: float) -> None:
        """One last push, as far as it gets in that time."""
        give_up_at = time.monotonic() + patience_s
        self._leaving.set()
        self._thread.join(patience_s)
        scheduler = self._scheduler
        if scheduler is None or self._thread.is_alive():
            return
        left_s = max(0.0, give_up_at - time.monotonic())
        try:
            problem = scheduler.trigger().exception(left_s)
        except TimeoutError as exc:
            problem = exc
        scheduler.stop()
        if problem is not None:
            log.warning("The last rows did not reach dataset %s.", self._dataset)
        else:
            shutil.rmtree(self._folder, ignore_errors=True)

    # ---- in the thread --------------------------------------------------------------------

    def _run(self) -> None:
        while not self._leaving.is_set() and not self._has_succeeded(self._connect):
            self._leaving.wait(self._again_s)
        while self._scheduler is not None:
            is_last = self._leaving.wait(self._look_every_s)
            self._has_succeeded(self._copy_news)
            if is_last:
                return

    def _has_succeeded(self, work: Callable[[], None]) -> bool:
        # A future holds whatever the library and the network under it may raise.
        problem = self._api.run_as_future(work).exception()
        if problem is not None:
            log.warning("Dataset %s: %s: %s", self._dataset, type(problem).__name__, problem)
        return problem is None

    def _connect(self) -> None:
        """Finds or makes the dataset, brings back its rows, and begins to push."""
        self._api.create_repo(self._dataset, repo_type=_REPO_TYPE, private=True, exist_ok=True)
        if not self._api.repo_info(self._dataset, repo_type=_REPO_TYPE).private:
            self._kept = Kept.PUBLIC
            raise ValueError("Everybody can read it. Make it private; until then nothing is sent.")
        self._kept = Kept.WAITING
        with disk.storage_errors(self._data_dir):
            shutil.rmtree(self._data_dir / FOLDER, ignore_errors=True)  # all of it is in the logs
            disk.make_private_folder(self._folder)
        remote = self._restore(self._folder.with_name("restored"))
        self._copies = [
            _Copy(self._data_dir, self._folder, name, remote=remote[name]) for name in LOGS
        ]
        self._scheduler = CommitScheduler(
            repo_id=self._dataset,
            repo_type=_REPO_TYPE,
            private=True,
            folder_path=self._folder,
            every=EVERY_MIN,
            allow_patterns=["*.csv"],
            hf_api=self._api,
        )
        self._connected.set()

    def _restore(self, folder: Path) -> dict[str, set[str]]:
        """Adds the rows of the dataset to the logs, each once; gives the keys that are there."""
        remote: dict[str, set[str]] = {name: set() for name in LOGS}
        for file in sorted(self._api.list_repo_files(self._dataset, repo_type=_REPO_TYPE)):
            name = _NAME.fullmatch(file)
            if name is None:
                continue
            path = self._api.hf_hub_download(
                self._dataset, file, repo_type=_REPO_TYPE, local_dir=folder
            )
            try:
                remote[name[1]] |= _add_rows(Path(path), self._data_dir, name[1])
            except StorageError as exc:
                log.warning("%s of dataset %s is left out: %s", file, self._dataset, exc)
        shutil.rmtree(folder, ignore_errors=True)
        return remote

    def _copy_news(self) -> None:
        if self._scheduler is None:
            return
        for copy in self._copies:
            copy.catch_up(self._scheduler.lock)


class _Copy:
    """The rows of one log that the dataset does not have, in a file of this program's own."""

    def __init__(self, data_dir: Path, folder: Path, name: str, *, remote: set[str]) -> None:
        record_type, self._key = LOGS[name]
        self._source: CsvLog[Any] = CsvLog(data_dir / f"{name}.csv", record_type, key=self._key)
        self._path = folder / f"{name}-{folder.name}.csv"
        self._record_type = record_type
        self._target: CsvLog[Any] | None = None
        self._remote = remote
        self._n_seen = 0

    def catch_up(self, lock: Any) -> None:
        """
        Raises:
            StorageError: The disk refused; the next call tries again.
        """
        n_rows = len(self._source)
        if n_rows == self._n_seen:
            return
        with self._source.in_step() as fetch:
            rows = fetch(range(self._n_seen if self._n_seen < n_rows else 0, n_rows))
        news = [row for row in rows if getattr(row, self._key) not in self._remote]
        if news:
            with lock:  # the pusher measures no file while a row is half in it
                if self._target is None:
                    self._target = CsvLog(self._path, self._record_type, key=self._key)
                for row in news:
                    self._target.append(row)
        self._n_seen = n_rows


def _add_rows(path: Path, data_dir: Path, name: str) -> set[str]:
    record_type, key = LOGS[name]
    source: CsvLog[Any] = CsvLog(path, record_type, key=key)
    target: CsvLog[Any] = CsvLog(data_dir / f"{name}.csv", record_type, key=key)
    with source.in_step() as fetch:
        rows = fetch(range(len(source)))
    keys = set()
    for row in rows:
        if name == "runs" and not _is_picture_of_ours(row):
            log.warning("Run %s names a file outside the pictures; it is left out.", row.run_id)
            continue
        keys.add(getattr(row, key))
        target.append(row)
    return keys


def _is_picture_of_ours(run: Run) -> bool:
    parts = () if run.file is None else Path(run.file).parts
    return run.file is None or (len(parts) == 2 and parts[0] == "pictures" and parts[1] != "..")


def keeper_of(settings: Settings) -> Keeper | None:
    """None unless the owner named a dataset."""
    if settings.hub_dataset is None or settings.hub_token is None:
        return None
    return Keeper(settings.data_dir, dataset=settings.hub_dataset, token=settings.hub_token)
