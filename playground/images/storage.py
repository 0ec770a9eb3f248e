"""How a picture reaches the disk so that a crash between any two steps loses and doubles nothing."""

import errno
import hashlib
import os
import re
import tempfile
from pathlib import Path

from playground.disk import FILE_MODE, make_private_folder, storage_errors, sync_folder
from playground.errors import StorageError
from playground.images.containers import EXTENSIONS
from playground.images.measurement import measure
from playground.sayings import said
from playground.schema import Picture

_STEM = re.compile(r"[\w\-][\w\-.]{0,199}", re.ASCII)
_NO_HARD_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EMLINK, errno.ENOSYS)


def keep(part: Path, folder: Path, stem: str) -> tuple[Path, Picture]:
    """
    Check a downloaded picture to its last byte and give it its name: `<stem>.<jpg|png|webp>`.

    load → fsync(file) → rename, never over another file → fsync(folder). The bytes stay as
    they came. The extension follows the content. File 0600; a folder made here 0700.

    Call it again after a crash: with `part` gone and the picture in place, or both there and
    equal, it returns what it would have returned. Several callers at once agree too.

    Args:
        part: On the same file system as `folder`. Untouched when an error is raised.

    Raises:
        PictureError: Not a whole picture.
        StorageError: The disk refused, neither file exists, or another picture has that name.
        ValueError: `stem` is not a plain file name.
    """
    if not _STEM.fullmatch(stem):
        raise ValueError(f"A picture's stem must be a plain ASCII file name; got {stem!r}.")
    with storage_errors(folder):
        make_private_folder(folder)
        try:
            return _keep_now(part, folder, stem)
        except (FileNotFoundError, StorageError):
            if part.exists():
                raise
        # Renamed before a crash, or by another caller a moment ago.
        return _kept_earlier(part, folder, stem)


def write_whole(path: Path, data: bytes) -> None:
    """
    Put `data` at `path`, whole or not at all, replacing what was there; 0600, on the disk on return.

    Raises:
        StorageError: The disk refused.
    """
    with storage_errors(path):
        make_private_folder(path.parent)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # 0600
        draft = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        except OSError:
            draft.unlink(missing_ok=True)
            raise
        sync_folder(path.parent)


def _find(folder: Path, stem: str) -> Path | None:
    candidates = (folder / f"{stem}.{extension}" for extension in EXTENSIONS.values())
    return next((path for path in candidates if path.exists()), None)


def _keep_now(part: Path, folder: Path, stem: str) -> tuple[Path, Picture]:
    picture = measure(part)
    final = folder / f"{stem}.{EXTENSIONS[picture.format]}"
    other = _find(folder, stem)
    if other is not None and other != final:
        raise _taken(other, part)
    _flush_file(part)
    _rename_once(part, final, picture.sha256)
    sync_folder(folder)
    return final, picture


def _kept_earlier(part: Path, folder: Path, stem: str) -> tuple[Path, Picture]:
    final = _find(folder, stem)
    if final is None:
        raise StorageError(
            said(
                "There is neither {part} nor a picture {folder} to keep.",
                part=part,
                folder=folder / stem,
            )
        )
    picture = measure(final)
    sync_folder(folder)  # the crash may have come before it
    return final, picture


def _flush_file(path: Path) -> None:
    with path.open("rb") as file:
        os.fchmod(file.fileno(), FILE_MODE)
        os.fsync(file.fileno())


def _rename_once(part: Path, final: Path, sha256: str) -> None:
    """Rename that fails where rename() would replace: a link, then the old name goes."""
    try:
        os.link(part, final)
    except FileExistsError:
        _check_equal(part, final, sha256)
    except OSError as exc:
        if exc.errno not in _NO_HARD_LINKS:
            raise
        if final.exists():
            _check_equal(part, final, sha256)
        else:
            part.rename(final)
    part.unlink(missing_ok=True)


def _check_equal(part: Path, final: Path, sha256: str) -> None:
    with final.open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != sha256:
            raise _taken(final, part)


def _taken(other: Path, part: Path) -> StorageError:
    return StorageError(
        said(
            "{other} already holds another picture, so {part} stays where it is. Move one "
            "of them by hand.",
            other=other,
            part=part,
        )
    )
