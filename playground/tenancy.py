"""One program at a time where file locks are only pretended, as on the volumes of a Space."""

import json
import logging
import os
import secrets
import socket
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playground import disk
from playground.errors import StorageError
from playground.sayings import said

log = logging.getLogger(__name__)

FILE = "tenant.json"
BEAT_S = 2.0
# So long nobody may have been heard of before the folder counts as left.
SILENT_BEATS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """What the file says: who, and how often it was written since."""

    tenant_id: str
    host: str
    pid: int
    beat: int

    @property
    def is_dead(self) -> bool:
        """A program of this machine that is gone; of another machine nobody can tell."""
        if self.host != socket.gethostname():
            return False
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return True
        except PermissionError:
            return False
        return False


class Tenancy:
    """
    The right to be the only program on a data folder, told to others by a file that keeps
    changing. No clock is compared: a newcomer watches whether it changes.

    It protects programs of several machines from each other too, with one gap: a program that
    stood still for longer than `SILENT_BEATS` may find the folder taken, and buys nothing more.
    """

    def __init__(self, folder: Path, *, beat_s: float) -> None:
        self._path = folder / FILE
        self._beat_s = beat_s
        self._us = _Entry(
            tenant_id=secrets.token_hex(8), host=socket.gethostname(), pid=os.getpid(), beat=0
        )
        self._left = threading.Event()
        self._heart = threading.Thread(target=self._beat_on, name="tenancy", daemon=True)

    @classmethod
    def take(cls, folder: Path, *, beat_s: float | None = None) -> "Tenancy | None":
        """
        None where locks hold: there any number of programs may share a folder. Blocks for one
        beat, and for `SILENT_BEATS` after a program of another machine that did not say goodbye.

        Raises:
            StorageError: Another program has the folder, or the disk refuses.
        """
        with disk.storage_errors(folder):
            disk.make_private_folder(folder)
            if disk.locks_hold(folder):
                return None
            log.warning("Locks do not hold in %s: one program at a time may use it.", folder)
            tenancy = cls(folder, beat_s=BEAT_S if beat_s is None else beat_s)
            tenancy._move_in()
        return tenancy

    def check(self) -> None:
        """
        Raises:
            StorageError: Another program has taken the folder over.
        """
        with disk.storage_errors(self._path):
            other = self._read()
        if other is not None and other.tenant_id != self._us.tenant_id:
            raise _taken(self._path.parent, other)

    def leave(self) -> None:
        """The next program may have the folder at once."""
        self._left.set()
        self._heart.join(self._beat_s)
        try:
            present = self._read()
            if present is not None and present.tenant_id == self._us.tenant_id:
                self._path.unlink(missing_ok=True)
        except OSError as exc:
            log.warning("%s stays behind: %s", self._path, exc)

    def _move_in(self) -> None:
        found = self._read()
        give_up_at = time.monotonic() + SILENT_BEATS * self._beat_s
        while found is not None and not found.is_dead and time.monotonic() < give_up_at:
            time.sleep(self._beat_s / 4)
            now = self._read()
            if now is not None and now != found:
                raise _taken(self._path.parent, now)
            found = now
        self._write(0)
        # Of several that move in at once the last to write stays.
        time.sleep(self._beat_s)
        winner = self._read()
        if winner is None or winner.tenant_id != self._us.tenant_id:
            raise _taken(self._path.parent, winner)
        self._heart.start()

    def _beat_on(self) -> None:
        beat = 0
        while not self._left.wait(self._beat_s):
            beat += 1
            try:
                self.check()
                self._write(beat)
            except StorageError as exc:
                log.error("Nothing more is bought here for now. %s", exc)
            except OSError as exc:
                log.warning("%s was not written: %s", self._path, exc)

    def _write(self, beat: int) -> None:
        us = self._us
        entry = {"tenant_id": us.tenant_id, "host": us.host, "pid": us.pid, "beat": beat}
        disk.replace_file(self._path, [json.dumps(entry).encode()])

    def _read(self) -> _Entry | None:
        try:
            told: Any = json.loads(self._path.read_bytes())
            return _Entry(
                tenant_id=str(told["tenant_id"]),
                host=str(told["host"]),
                pid=int(told["pid"]),
                beat=int(told["beat"]),
            )
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError):
            return None  # half a file of a program that died writing it


def _taken(folder: Path, other: _Entry | None) -> StorageError:
    host = "" if other is None else other.host
    return StorageError(
        said(
            "Another program ({host}) is using {folder}, where file locks do not work, so only "
            "one at a time may. Nothing was bought. End the other one, or set "
            "PLAYGROUND_DATA_DIR to another folder.",
            host=host,
            folder=folder,
        )
    )
