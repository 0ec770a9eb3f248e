"""What is noticed about the pictures of a comparison, once the looks of its references are known."""

import threading
from collections.abc import Sequence
from pathlib import Path

from playground.provenance.guards import Guard, guards_of, reference_dhashes
from playground.runner.views import RunView

MAX_KEPT = 10_000
_BY_ADDRESS = "-"


class Noticed:
    """Remembers how references look, which never changes. Safe to share between threads."""

    def __init__(self, references_dir: Path) -> None:
        self._references_dir = references_dir
        self._dhashes: dict[str, str] = {}
        self._mutex = threading.Lock()

    def about(self, views: Sequence[RunView]) -> tuple[Guard, ...]:
        """
        What a person should be told of the ended runs among these, of one comparison. Blocking:
        a reference that was not met before is decoded.
        """
        runs = [view.run for view in views if view.run is not None]
        wanted = {sha for run in runs for sha in (run.reference_sha256 or "").split()}
        with self._mutex:
            is_new = not wanted <= self._dhashes.keys() | {_BY_ADDRESS}
            known = dict(self._dhashes)
        if is_new:
            found = reference_dhashes(runs, self._references_dir)
            known |= found
            with self._mutex:
                if len(self._dhashes) > MAX_KEPT:
                    self._dhashes.clear()
                self._dhashes |= found
        return guards_of(runs, known)
