"""A disk that refuses, on command: below `os`, for everything that writes under one folder."""

import errno
import io
import os
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_BY_PATH = ("mkdir", "rename", "replace", "link", "unlink")
_BY_HANDLE = ("write", "fsync", "ftruncate")


class RefusingDisk:
    """
    While `refuses` is set, nothing under `folder` can be written, made, renamed or flushed. A
    full disk still lets files be removed and cut.
    """

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.refuses: int | None = None  # an errno
        self.refused: list[str] = []
        self._folder = folder.resolve()
        for name in _BY_PATH:
            monkeypatch.setattr(os, name, self._guarded(name, getattr(os, name)))
        for name in _BY_HANDLE:
            monkeypatch.setattr(os, name, self._guarded(name, getattr(os, name)))
        monkeypatch.setattr(os, "open", self._guarded_open(os.open))
        monkeypatch.setattr(io, "open", self._guarded_file(io.open))
        monkeypatch.setattr("builtins.open", self._guarded_file(open))

    def _check(self, name: str, target: Any) -> None:
        refuses = self.refuses  # read once: a test changes it while other threads write
        if refuses is None:
            return
        if refuses == errno.ENOSPC and name in ("unlink", "ftruncate"):
            return
        if isinstance(target, int):
            target = Path(f"/proc/self/fd/{target}").readlink()
        path = Path(os.fsdecode(target)).absolute()
        if path.is_relative_to(self._folder):
            self.refused.append(f"{name} {path}")
            raise OSError(refuses, os.strerror(refuses), str(path))

    def _guarded(self, name: str, real: Any) -> Any:
        def guarded(target: Any, *args: Any, **kwargs: Any) -> Any:
            if kwargs.get("dir_fd") is None:
                self._check(name, target)
            return real(target, *args, **kwargs)

        return guarded

    def _guarded_open(self, real: Any) -> Any:
        def guarded(path: Any, flags: int, *args: Any, **kwargs: Any) -> int:
            if flags & _WRITING:
                is_new = not Path(os.fsdecode(path)).exists()
                # A full disk lets a file that is there be opened; one that can only be read does not.
                if is_new or self.refuses == errno.EROFS:
                    self._check("open", path)
            return int(real(path, flags, *args, **kwargs))

        return guarded

    def _guarded_file(self, real: Any) -> Any:
        def guarded(path: Any, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
            if not isinstance(path, int) and set(mode) & set("wax+"):
                self._check("open", path)
            return real(path, mode, *args, **kwargs)

        return guarded


@contextmanager
def small_disk(folder: Path, *, size_bytes: int) -> Iterator[Path]:
    """A real file system of that size at `folder`; skips where mounting is not allowed."""
    folder.mkdir(parents=True)
    if not _mounts("-t", "tmpfs", "-o", f"size={size_bytes},mode=0700", "tmpfs", str(folder)):
        pytest.skip("No file system can be mounted here.")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def allow_writing(folder: Path, is_allowed: bool) -> None:
    """Makes a mounted disk read-only, or writable again, below whoever has files open for reading."""
    how = "rw" if is_allowed else "ro"
    assert _mounts("-o", f"remount,{how}", str(folder))


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Inside, nothing in the folder can be changed, by whoever runs the test."""
    if os.geteuid() != 0:
        modes = {path: path.stat().st_mode for path in (folder, *folder.rglob("*"))}
        for path, mode in modes.items():
            path.chmod(mode & ~(stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH))
        try:
            yield
        finally:
            for path, mode in modes.items():
                path.chmod(mode)
        return
    # Modes do not hold root back.
    if not _mounts("--bind", str(folder), str(folder)):
        pytest.skip("Root cannot be kept from writing here.")
    try:
        assert _mounts("-o", "remount,ro,bind", str(folder))
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def _mounts(*words: str) -> bool:
    try:
        return subprocess.run(["mount", *words], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False
