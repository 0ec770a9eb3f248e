"""References as the browser may see them whole: copies in a served folder whose names say nothing."""

import hmac
import os
import secrets
import shutil
import time
from collections.abc import Iterable, Sequence
from hashlib import sha256
from pathlib import Path

from playground.disk import make_private_folder, storage_errors
from playground.errors import PictureError, StorageError
from playground.images.containers import read_header
from playground.images.decoding import read_picture_file
from playground.schema import Reference
from playground.ui import format as fmt
from playground.ui.format import file_url
from playground.ui.stage import StagePicture
from playground.ui.texts import text

KEPT_S = 24 * 3600.0


def is_missing(reference: Reference) -> bool:
    """It was sent as a file, and the file is gone: where it was uploaded is no address to send."""
    is_file = reference.sha256 is not None
    return is_file and (reference.path is None or not reference.path.is_file())


def missing_words(references: Sequence[Reference]) -> str | None:
    """Which of the references of a request cannot be sent again; None when all can."""
    numbers = [n for n, each in enumerate(references, start=1) if is_missing(each)]
    if not numbers:
        return None
    names = fmt.listed(text("references.numbered", number=number) for number in numbers)
    return text("history.missing_references", names=names)


class NeutralReferences:
    """
    Shows kept references on a stage. Blocking.

    A kept reference has no metadata already, so its copy is the same bytes. Names change with
    every start of the program and cannot be told from the content. Safe to share between threads.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._secret = secrets.token_bytes(32)
        self._sizes: dict[str, tuple[int, int]] = {}
        self._clear_away()

    def pictures(self, references: Iterable[Reference]) -> tuple[StagePicture, ...]:
        """Those whose file is kept and whole, each under its number in the request."""
        return tuple(
            picture
            for number, reference in enumerate(references, start=1)
            if (picture := self._picture(number, reference)) is not None
        )

    def _picture(self, number: int, reference: Reference) -> StagePicture | None:
        if is_missing(reference) or reference.path is None or reference.sha256 is None:
            return None
        try:
            copy = self._copy(reference.path, reference.sha256)
            width_px, height_px = self._size(copy, reference.sha256)
        except (PictureError, StorageError):
            return None  # gone or damaged since: the person sees that it is missing
        label = text("history.reference_name", number=number)
        return StagePicture(
            url=file_url(copy),
            width_px=width_px,
            height_px=height_px,
            label=label,
            alt=label,
            mark=text("history.reference_mark", number=number),
            is_neutral=True,
        )

    def _copy(self, path: Path, content: str) -> Path:
        name = hmac.new(self._secret, content.encode(), sha256).hexdigest()
        copy = self._folder / f"{name}{path.suffix}"
        with storage_errors(path):
            if not copy.exists():
                make_private_folder(self._folder)
                draft = copy.with_name(f".{name}.{secrets.token_hex(4)}")
                shutil.copyfile(path, draft)
                draft.chmod(0o600)
                draft.replace(copy)
            os.utime(copy)  # in use: not old
        return copy

    def _size(self, copy: Path, content: str) -> tuple[int, int]:
        if content not in self._sizes:
            header = read_header(read_picture_file(copy))
            self._sizes[content] = header.width_px, header.height_px
        return self._sizes[content]

    def _clear_away(self) -> None:
        with storage_errors(self._folder):
            make_private_folder(self._folder)
            for copy in self._folder.iterdir():
                if time.time() - copy.stat().st_mtime > KEPT_S:
                    copy.unlink(missing_ok=True)
