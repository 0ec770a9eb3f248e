"""Where the data lives: the folder that was meant, or on a Space without one a folder that says what it is."""

import logging
import os
import stat
import tempfile
from dataclasses import replace
from pathlib import Path

from playground import disk
from playground.errors import StorageError
from playground.settings import Settings

log = logging.getLogger(__name__)


def lodged(settings: Settings) -> Settings:
    """
    The settings with a data folder that can be used, where that is possible.

    On a Space an app that says it forgets is better than none. Not so where the owner's key is
    lent: how much of it was spent must not be forgotten, so there the start refuses.
    """
    if not settings.is_space:
        return settings
    if not _is_usable(settings.data_dir):
        if settings.is_live:
            return settings
        spare = _temporary_folder()
        log.warning(
            "%s cannot be written. Everything goes to %s for now.", settings.data_dir, spare
        )
        settings = replace(
            settings,
            data_dir=spare,
            is_forgetful=True,
            is_volume_missing=not settings.is_forgetful,
        )
    if settings.is_live and settings.is_forgetful:
        log.warning(
            "This Space forgets at every restart what was spent of the key it lends. "
            "Set PLAYGROUND_DATA_DIR to a volume."
        )
    return settings


def _is_usable(folder: Path) -> bool:
    try:
        disk.make_private_folder(folder)
    except OSError:
        return False
    return os.access(folder, os.W_OK | os.X_OK)


def _temporary_folder() -> Path:
    """The same one after a crash of the program; never one that somebody else has made."""
    folder = Path(tempfile.gettempdir()) / f"flux-2-playground-{os.getuid()}"
    try:
        folder.mkdir(mode=disk.FOLDER_MODE, exist_ok=True)
        status = folder.lstat()
    except OSError as exc:
        raise StorageError(f"There is no folder that can be written: {exc.strerror}.") from exc
    is_ours = stat.S_ISDIR(status.st_mode) and status.st_uid == os.getuid()
    if is_ours and not stat.S_IMODE(status.st_mode) & 0o077:
        return folder
    return Path(tempfile.mkdtemp(prefix="flux-2-playground-"))
