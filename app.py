"""Starts the playground in a browser: `python app.py`."""

import gc
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

from playground import heap
from playground.config import settings_from_env
from playground.errors import PlaygroundError
from playground.lodging import lodged
from playground.runner.desk import Desk

if TYPE_CHECKING:
    from playground.hub import Keeper

# Whoever ends programs politely counts to five, or ten, and then kills.
CLOSING_S = 4.7
# How long a thread that draws a picture may keep the others waiting; of ten times that, Python's
# own, fifty visitors at once notice more than a second.
SWITCH_S = 0.0005
KEEPING_S = 4.2
LAST_PUSH_S = 0.5


def main() -> int:
    """Serves until it is told to end; 2 when the settings do not allow a start."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    os.umask(0o077)  # also for what the framework writes down, such as uploads
    closed = threading.Event()
    prepare_process()
    # What is made until the page stands stays for good. Looking through it for rubbish takes a
    # seventh of the start, and would hold the page up again and again later.
    gc.disable()
    try:
        home = Path(__file__).resolve().parent
        desk = Desk(lodged(settings_from_env(os.environ, home=home)))
        # Python ends on SIGTERM without running any `finally`.
        _leave_when_told(closed)
        desk.start()
    except PlaygroundError as exc:
        print(exc, file=sys.stderr)
        return 2
    keeper: Keeper | None = None
    try:
        # Gradio takes seconds to import; a bad key must be told before that.
        from playground import ui
        from playground.hub import keeper_of

        keeper = keeper_of(desk.settings)
        if keeper is not None:
            keeper.start()
        page = ui.build(desk, kept=None if keeper is None else keeper.state)
        settle()
        page.launch(**ui.launch_options(desk))
    finally:
        begun = time.monotonic()
        desk.close()
        if keeper is not None:  # with the rows of what ended just now
            left_s = KEEPING_S - (time.monotonic() - begun)
            keeper.close(patience_s=max(LAST_PUSH_S, left_s))
        closed.set()
    return 0


def settle() -> None:
    """What stands now stays for good and is not looked through again; what was in its way goes."""
    gc.collect()
    gc.freeze()
    gc.enable()


def prepare_process() -> None:
    """What fifty visitors at once would notice of how Python and the C library work by themselves."""
    heap.keep_little()
    sys.setswitchinterval(SWITCH_S)


def _leave_when_told(closed: threading.Event) -> None:
    """SIGTERM and Ctrl+C end the program with 0, once, within `CLOSING_S` whatever hangs."""

    def leave(_signal: int, _frame: FrameType | None) -> None:
        for each in (signal.SIGTERM, signal.SIGINT):
            signal.signal(each, signal.SIG_IGN)
        insist.start()
        raise SystemExit(0)

    def end() -> None:
        # Nothing is lost: what is open stands in the journal, as after a crash.
        os._exit(0 if closed.is_set() else 1)

    insist = threading.Timer(CLOSING_S, end)
    insist.daemon = True
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, leave)


def end_with(work: Callable[[], int]) -> NoReturn:
    """
    Ends the program as it stands once `work` is done. All is closed and written by then; the
    interpreter's own end would wait for threads that still draw, and is aborted by one that wakes
    up in the middle of it.
    """
    try:
        code = work()
    except SystemExit as told:
        code = int(told.code or 0)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    end_with(main)
