"""Draws the pictures: in a few threads or aside, when their task is created, and again if one is missing."""

import asyncio
import os
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from playground.emulator import drawing
from playground.emulator.painter import Painter
from playground.emulator.settings import EmulatorSettings
from playground.emulator.tasks import Ending, Task

FILES_FOLDER = "files"
RESULTS_FOLDER = "generated"
# More pictures at once are a crowd's, and drawn by another process; one is begun in a second.
DRAWN_HERE = 4


class Studio:
    """The pictures on disk, drawn at most once at a time."""

    def __init__(self, settings: EmulatorSettings) -> None:
        self._folder = settings.data_dir / FILES_FOLDER
        self._draw = drawing.draw if settings.picture == "drawn" else drawing.plain
        self._format = settings.image_format
        self._threads = ThreadPoolExecutor(
            max_workers=settings.drawing_threads, thread_name_prefix="emulator-drawing"
        )
        self._painter = Painter()
        self._lock = threading.Lock()
        self._underway: dict[str, Future[bytes]] = {}

    def close(self) -> None:
        """Finish the picture being drawn, and none after it."""
        self._threads.shutdown(wait=True, cancel_futures=True)
        self._painter.close()

    def path(self, name: str) -> Path:
        """Where a file is kept. Only for names that the store knows."""
        return self._folder / name

    def begin(self, task: Task) -> None:
        """Draw a task's pictures in the background; a task that fails has none."""
        if task.ending is Ending.COMPLETED:
            for index in range(len(task.files)):
                self._job(task, index)

    async def picture(self, task: Task, name: str) -> bytes:
        """The bytes of a task's picture, drawn now if they are not on disk."""
        try:
            return await asyncio.to_thread(self.path(name).read_bytes)
        except FileNotFoundError:
            return await asyncio.wrap_future(self._job(task, task.files.index(name)))

    def keep(self, name: str, data: bytes) -> None:
        """Write a file whole: whoever finds it finds all of it."""
        path = self.path(name)
        _make_private(path.parent)
        part = path.with_name(f"{path.name}.{threading.get_ident()}.part")
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        part.replace(path)

    def discard_expired(self, *, before_s: float) -> int:
        """Delete the results that were finished before a moment; returns how many."""
        # A result's name begins with the second it was finished in.
        expired = [
            path
            for path in self.path(RESULTS_FOLDER).glob("*_*")
            if path.name.partition("_")[0].isdecimal()
            and int(path.name.partition("_")[0]) + 1 < before_s
        ]
        for path in expired:
            path.unlink(missing_ok=True)
        return len(expired)

    def _job(self, task: Task, index: int) -> Future[bytes]:
        name = task.files[index]
        with self._lock:
            job = self._underway.get(name)
            if job is None:
                job = self._threads.submit(self._make, task, index)
                self._underway[name] = job
                job.add_done_callback(lambda _: self._underway.pop(name, None))
            return job

    def _make(self, task: Task, index: int) -> bytes:
        spec = drawing.PictureSpec(
            model=task.model,
            # A lone surrogate cannot be drawn, and some libraries refuse to be given one.
            prompt=str(task.body["prompt"]).encode("utf-8", "replace").decode("utf-8"),
            width=task.width_px,
            height=task.height_px,
            references=tuple(self._references(task)),
            seed=task.seed + index,
            label=note(task),
        )
        picture = self._drawn(spec)
        self.keep(task.files[index], picture)
        return picture

    def _drawn(self, spec: drawing.PictureSpec) -> bytes:
        is_crowd = len(self._underway) > DRAWN_HERE or self._painter.is_at_work
        picture = None
        if is_crowd and self._draw is drawing.draw:
            picture = self._painter.draw(spec, image_format=self._format)
        picture = picture or self._draw(spec, image_format=self._format)
        if len(self._underway) <= 1:  # this one
            self._painter.close()
        return picture

    def _references(self, task: Task) -> list[bytes]:
        found = (self.path(name) for name in task.references)
        return [path.read_bytes() for path in found if path.is_file()]


def note(task: Task) -> str:
    """
    What a picture says about itself beside the mark that it is emulated; mostly nothing.

    Never the model's name: the pictures of a blind comparison must not tell.
    """
    count = task.n_foreign_references
    if not count:
        return ""
    return f"{count} reference{'s' if count > 1 else ''} from elsewhere not fetched"


def _make_private(folder: Path) -> None:
    # `mkdir` does not pass its mode on to the parents it makes.
    if not folder.is_dir():
        _make_private(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)
