"""Pictures as they may be served while nobody may know whose they are: copies in a folder, and not for long."""

import os
import secrets
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from playground.disk import storage_errors
from playground.images.decoding import read_picture_file
from playground.images.neutral import neutral_png
from playground.images.storage import write_whole

KEEP_COPIES_S = 24 * 3600.0


class NeutralCopies:
    """
    Pictures as they may be served while nobody may know whose they are: pixels in a file of a
    random name, both of a pair with one time. Removed after a day.
    """

    def __init__(self, folder: Path, *, keep_s: float = KEEP_COPIES_S) -> None:
        self._folder = folder
        self._keep_s = keep_s

    def make(self, *pictures: Path) -> tuple[Path, ...]:
        """
        A copy of each, in their order.

        Raises:
            PictureError: One of them is no whole picture.
            StorageError: A file cannot be read or written.
        """
        self.prune()
        with ThreadPoolExecutor(len(pictures)) as pool:  # it takes long, and lets go of the GIL
            written = list(pool.map(_neutral, pictures))
        made = tuple(self._folder / f"{secrets.token_hex(16)}.png" for _ in pictures)
        now_s = time.time()
        for path, data in zip(made, written, strict=True):
            write_whole(path, data)
            with storage_errors(path):
                os.utime(path, (now_s, now_s))
        return made

    def prune(self) -> None:
        """Removes what is older than the copies are kept."""
        if not self._folder.is_dir():
            return
        before_s = time.time() - self._keep_s
        for path in self._folder.iterdir():
            with suppress(OSError):
                if path.stat().st_mtime < before_s:
                    path.unlink()


def _neutral(picture: Path) -> bytes:
    return neutral_png(read_picture_file(picture))
