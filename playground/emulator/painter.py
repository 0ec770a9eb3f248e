"""A process that draws for this one, so that the pictures of a crowd hold up nobody's page."""

import contextlib
import logging
import os
import pickle
import signal
import subprocess
import sys
import threading

from playground.emulator.drawing import PictureSpec, draw
from playground.emulator.drawing.encode import ImageFormat

log = logging.getLogger(__name__)

ENDS_WITHIN_S = 2.0
# It draws and knows nothing else: no key, no token, no secret of this program.
_ENVIRONMENT = ("PATH", "LD_LIBRARY_PATH", "PYTHONHOME", "SYSTEMROOT")
_NICENESS = 19  # pages before pictures
_LENGTH_BYTES = 8  # before each picture


class Painter:
    """
    Draws in another process, begun when the first picture is asked for. Safe to share between
    threads, of which one is served at a time.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def is_at_work(self) -> bool:
        """The process is there; the next picture need not wait for its start."""
        return self._process is not None

    def draw(self, spec: PictureSpec, *, image_format: ImageFormat) -> bytes | None:
        """The same picture as `drawing.draw`; None where the process cannot, to be drawn here."""
        with self._lock:
            try:
                if self._process is None:
                    self._process = _begin()
                stdin, stdout = self._process.stdin, self._process.stdout
                assert stdin
                assert stdout
                pickle.dump((spec, image_format), stdin)
                stdin.flush()
                size_bytes = int.from_bytes(stdout.read(_LENGTH_BYTES))
                picture = stdout.read(size_bytes)
            except OSError as exc:
                log.warning("The process that draws cannot be used: %r.", exc)
                size_bytes, picture = 0, b""
            if picture and len(picture) == size_bytes:
                return picture
            self._end()
            return None

    def close(self) -> None:
        """Lets the process go; the next picture begins another one."""
        with self._lock:
            self._end()

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        assert process.stdin
        assert process.stdout
        with contextlib.suppress(OSError):
            process.stdin.close()  # which ends it
        process.stdout.close()
        try:
            process.wait(ENDS_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _begin() -> subprocess.Popen[bytes]:
    environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    return subprocess.Popen(
        [sys.executable or "python", "-c", f"from {__name__} import main; main()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment | {"PYTHONPATH": os.pathsep.join(path or "." for path in sys.path)},
    )


def main() -> None:
    """Draws what comes in until nothing more can come, also because the other program is dead."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is for the one that asks
    if hasattr(os, "nice"):
        os.nice(_NICENESS)
    asked, told = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # nothing that is printed may stand between the pictures
    with contextlib.suppress(EOFError, BrokenPipeError):
        while True:
            spec, image_format = pickle.load(asked)
            # What cannot be drawn ends this process, and is tried again by the one that asked.
            picture = draw(spec, image_format=image_format)
            told.write(len(picture).to_bytes(_LENGTH_BYTES) + picture)
            told.flush()
