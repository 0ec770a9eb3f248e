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


@dataclass(frozen=True, slots=True)
class Served:
    """A running page: its address, what it is made of, and what it works with."""

    url: str
    blocks: Any
    desk: Desk


@contextmanager
def served(data_dir: Path, **changes: Any) -> Iterator[Served]:
    """Ends with the page."""
    from playground import ui

    defaults = {"emulator_speed": 25.0, "session_cap_usd": Decimal(50), "day_cap_usd": None}
    desk = Desk(Settings(data_dir=data_dir, **{**defaults, **changes}))
    desk.start()
    try:
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
        try:
            yield Served(url=url, blocks=blocks, desk=desk)
        finally:
            blocks.close()
    finally:
        desk.close()
