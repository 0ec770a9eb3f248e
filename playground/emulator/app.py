"""Puts the emulated service together as one ASGI application."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from playground.emulator import api, control, hosting
from playground.emulator.core import Emulator
from playground.emulator.refusals import not_found
from playground.emulator.settings import EmulatorSettings

# Nobody can fetch an expired result; on a public demo they would fill the disk.
DISCARD_EVERY_S = 600.0


def create_app(settings: EmulatorSettings) -> Starlette:
    """
    The service, its file host and its control endpoints; the `Emulator` is `app.state.emulator`.

    Faults that break connections need `EmulatorServer` or `RawProtocol` under it.
    """
    emulator = Emulator(settings)

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        background = [asyncio.create_task(_discard_expired(emulator))]
        if emulator.courier:
            background.append(asyncio.create_task(emulator.courier.run()))
        try:
            yield
        finally:
            emulator.closing.set()
            for task in background:
                task.cancel()
            await asyncio.gather(*background, return_exceptions=True)
            # A picture that is being drawn is finished: off the loop, for that may take a second.
            await asyncio.to_thread(emulator.close)

    app = Starlette(
        routes=[*api.ROUTES, *hosting.ROUTES, *control.ROUTES],
        lifespan=lifespan,
        exception_handlers={404: _no_such_path, 405: _no_such_path},
    )
    app.router.redirect_slashes = False  # the service sends no redirects either
    app.state.emulator = emulator
    return app


async def _discard_expired(emulator: Emulator) -> None:
    while True:
        before_s = emulator.now_s() - emulator.settings.result_ttl_s
        await asyncio.to_thread(emulator.studio.discard_expired, before_s=before_s)
        await asyncio.sleep(DISCARD_EVERY_S)


async def _no_such_path(_request: Request, _exc: Exception) -> Response:
    refusal = not_found()
    return JSONResponse(refusal.body, status_code=refusal.status_code)
