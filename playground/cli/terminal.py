"""What all commands of the command line share: exit codes, the desk they work at, how they print."""

import argparse
import json
import signal
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from enum import IntEnum
from pathlib import Path
from types import FrameType
from typing import Any

from playground.errors import InvalidRequestError
from playground.runner.desk import Desk
from playground.settings import Settings


class Exit(IntEnum):
    """What a script may rely on."""

    DONE = 0
    SOME_FAILED = 1
    BAD_INPUT = 2
    OVER_BUDGET = 3
    STILL_OPEN = 4  # paid for and not here yet; `resume` waits for it
    ACCOUNT = 5  # wrong key, no balance, no network
    INTERRUPTED = 130


PROGRAM = "python -m playground"


def add_shared(command: argparse.ArgumentParser) -> None:
    """What every command takes."""
    command.add_argument("--json", action="store_true", help="one JSON document, nothing else")
    command.add_argument("--data", type=Path, metavar="DIR",
                         help="the data folder; by default PLAYGROUND_DATA_DIR, else the folder data of this app")  # fmt: skip


def check_there(sources: Iterable[str]) -> None:
    """
    Raises:
        InvalidRequestError: One is neither a web address nor a file that is there.
    """
    for source in sources:
        if not source.startswith(("http://", "https://")) and not Path(source).is_file():
            raise InvalidRequestError(f"No such file: {source}", field="references")


@contextmanager
def open_desk(settings: Settings) -> Iterator[Desk]:
    """A started desk; a request to end the program interrupts what is inside."""

    def leave(_signal: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    desk = Desk(settings)
    before = signal.signal(signal.SIGTERM, leave)
    try:
        desk.start()
        yield desk
    finally:
        desk.close()
        signal.signal(signal.SIGTERM, before)


def plain(text: str) -> str:
    """Text from elsewhere as a terminal may see it: nothing in it moves the cursor."""
    return "".join(char if char.isprintable() else " " for char in text)


def money_text(value: Decimal | None) -> str | None:
    return None if value is None else str(value)


def print_json(document: Any) -> None:
    print(json.dumps(document, ensure_ascii=True, indent=2))


def complain(message: str, code: int) -> int:
    """Says it on standard error; gives the code back."""
    print(message, file=sys.stderr)
    return int(code)
