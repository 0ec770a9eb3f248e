"""Runs the emulator: in a thread of this process, or as the whole of it."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Self

import uvicorn

from playground.emulator.app import create_app
from playground.emulator.breakage import RawProtocol
from playground.emulator.core import Emulator
from playground.emulator.settings import MARK, EmulatorSettings

START_TIMEOUT_S = 10.0
STOP_TIMEOUT_S = 15.0
# Answers under way are given this long when the server stops.
GRACE_S = 3.0
LOOK_EVERY_S = 0.005
TICK_S = 1.0
# As long as common edges allow. A client that asks every 5 s must not find the connection closed.
KEEP_ALIVE_S = 75
BACKLOG = 2048


class _Server(uvicorn.Server):
    """uvicorn, told to stop at once instead of noticing at its next look."""

    def __init__(self, config: uvicorn.Config, emulator: Emulator) -> None:
        super().__init__(config)
        self.on_ready: Callable[[], None] = lambda: None
        self._emulator = emulator
        self._stopping = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)
        self.on_ready()

    async def main_loop(self) -> None:
        while not await self.on_tick(0):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), TICK_S)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # As uvicorn does it, but for its fixed wait of 0.1 s: tests start and stop many servers.
        self._emulator.closing.set()
        for server in self.servers:
            server.close()
        for listener in sockets or []:
            listener.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._answered(), GRACE_S)
        for task in self.server_state.tasks:
            task.cancel()
        await self.lifespan.shutdown()

    async def _answered(self) -> None:
        # uvicorn announces neither, so they are looked at.
        while self.server_state.connections or self.server_state.tasks:  # noqa: ASYNC110
            await asyncio.sleep(LOOK_EVERY_S)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        super().handle_exit(sig, frame)
        self._wake()

    def stop(self) -> None:
        """Ask for the end, from any thread."""
        self.should_exit = True
        self._wake()

    def _wake(self) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._stopping.set)


def listening_socket(host: str, port: int) -> socket.socket:
    """A bound socket, said to be TCP: asyncio turns off Nagle's delay on no other kind."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    return listener


class EmulatorServer:
    """
    The emulator on a port of its own, as a context manager in a background thread.

    `emulator` is the service behind it: faults, dialect, tally, charges.
    """

    def __init__(self, settings: EmulatorSettings) -> None:
        host = settings.host
        app = create_app(settings)
        self.emulator: Emulator = app.state.emulator
        try:
            self._socket = listening_socket(host, settings.port)
        except OSError:
            self.emulator.close()
            raise
        config = uvicorn.Config(
            app,
            http=RawProtocol,
            ws="none",
            lifespan="on",
            loop="asyncio",
            access_log=False,
            log_config=None,
            headers=[MARK],
            backlog=BACKLOG,
            timeout_keep_alive=KEEP_ALIVE_S,
        )
        self._server = _Server(config, self.emulator)
        self._is_ready = threading.Event()
        self._thread = threading.Thread(
            target=self.run, args=(self._is_ready.set,), name="emulator", daemon=True
        )
        shown = f"[{host}]" if ":" in host else host
        self.url = f"http://{shown}:{self._socket.getsockname()[1]}"

    def run(self, on_ready: Callable[[], None]) -> None:
        """Serve until stopped, in this thread; on the main thread, signals stop it."""
        self._server.on_ready = on_ready
        with self._socket:
            self._server.run(sockets=[self._socket])

    def start(self) -> Self:
        """Serve in a background thread; returns when requests are answered."""
        self._thread.start()
        if not self._is_ready.wait(START_TIMEOUT_S):
            raise RuntimeError(f"The emulator did not start within {START_TIMEOUT_S:g} s.")
        return self

    def stop(self) -> None:
        """Stop serving; returns when the port is free and everything is on disk."""
        if self._thread.ident is None:
            self._socket.close()
            self.emulator.close()
            return
        self._server.stop()
        self._thread.join(STOP_TIMEOUT_S)
        if self._thread.is_alive():
            raise RuntimeError(f"The emulator did not stop within {STOP_TIMEOUT_S:g} s.")

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()
