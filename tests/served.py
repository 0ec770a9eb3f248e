"""The whole page at a port of this machine, for tests that talk to it over HTTP and need no browser."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from playground.runner.desk import Desk
from playground.settings import Settings

SPEED = 25.0


@dataclass(frozen=True, slots=True)
class Served:
    """A running page: its address, what it is made of, and what it works with."""

    url: str
    blocks: Any
    desk: Desk


def start_app(data_dir: Path, **changes: Any) -> tuple[Desk, str, Any]:
    """A desk and the page over it, at a free port of this machine; both are the caller's to close."""
    from playground import ui

    defaults = {"emulator_speed": SPEED, "session_cap_usd": Decimal(50), "day_cap_usd": None}
    desk = Desk(Settings(data_dir=data_dir, **{**defaults, **changes}))
    desk.start()
    blocks = ui.build(desk)
    with socket.socket() as probe:  # looking for one, the framework leaves sockets open
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    _, url, _ = blocks.launch(
        server_name="127.0.0.1",
        server_port=port,
        prevent_thread_lock=True,
        quiet=True,
        **ui.launch_options(desk),
    )
    return desk, url, blocks


@contextmanager
def served(data_dir: Path, **changes: Any) -> Iterator[Served]:
    """Ends with the page."""
    desk, url, blocks = start_app(data_dir, **changes)
    try:
        yield Served(url=url, blocks=blocks, desk=desk)
    finally:
        blocks.close()
        desk.close()
