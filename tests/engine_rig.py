"""What the tests of the engine share: an engine and an emulator on one loop, both in a hurry."""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import anyio

from playground.emulator import Emulator, EmulatorServer, EmulatorSettings, Fault
from playground.runner.engine import Engine
from playground.runner.kit import Patience
from playground.runner.views import RunView
from playground.schema import Comparison, Run
from playground.settings import Settings

KEY = "sk-engine-tests-only"
SPEED = 100.0
HURRY = Patience(
    look_up_moments_s=(0.02, 0.05, 0.1),
    first_wait_s=0.02,
    longest_wait_s=0.1,
    deadline_s=20.0,
)


@dataclass
class EngineRig:
    """An open engine with an account at a running emulator."""

    engine: Engine
    server: EmulatorServer
    account_id: str
    books: Counter[str | None] | None = None  # the charges when it was closed

    @property
    def emulator(self) -> Emulator:
        return self.server.emulator

    def add_fault(self, at: str, kind: str, **details: Any) -> None:
        self.emulator.faults.add(Fault(at=at, kind=kind, **details))

    async def begin(self, comparison_id: str = "c1", **changes: Any) -> tuple[RunView, ...]:
        session_id = changes.pop("session_id", "me")
        accept = changes.pop("accept_unknown_price", False)
        comparison = Comparison(
            **{
                "comparison_id": comparison_id,
                "prompt": "A lighthouse at dusk",
                "lanes": ("flux-2-flex", "flux-2-pro"),
                **changes,
            }
        )
        return await self.engine.begin(
            comparison,
            account_id=self.account_id,
            session_id=session_id,
            accept_unknown_price=accept,
        )

    async def finish(self, comparison_id: str = "c1") -> tuple[Run, ...]:
        """The rows of a comparison, once all of them are in the log."""
        with anyio.fail_after(30):
            while True:
                views = self.engine.views(comparison_id)
                if views and all(view.run is not None for view in views):
                    return tuple(view.run for view in views if view.run is not None)
                await anyio.sleep(0.01)

    async def run(self, comparison_id: str = "c1", **changes: Any) -> tuple[Run, ...]:
        await self.begin(comparison_id, **changes)
        return await self.finish(comparison_id)

    async def until(self, claim: Any, *, limit_s: float = 20.0) -> None:
        with anyio.fail_after(limit_s):
            while not claim():
                await anyio.sleep(0.005)

    def charges(self) -> Counter[str | None]:
        """How often the service charged each run, by its own books."""
        if self.books is not None:
            return self.books
        return Counter(charge.client_business_id for charge in self.emulator.charges())


@asynccontextmanager
async def open_rig(
    tmp_path: Path,
    *,
    patience: Patience = HURRY,
    emulator: dict[str, Any] | None = None,
    **settings: Any,
) -> AsyncIterator[EngineRig]:
    service = {"speed": SPEED, "picture": "plain", "seed": 3, **(emulator or {})}
    with EmulatorServer(EmulatorSettings(data_dir=tmp_path / "service", **service)) as server:
        settings = {
            "emulator_speed": SPEED,
            "session_cap_usd": None,
            "day_cap_usd": Decimal(100),
            **settings,
        }
        engine = Engine(Settings(data_dir=tmp_path / "data", **settings), patience=patience)
        try:
            await engine.start()
            account = await engine.open_account(server.url, KEY)
            assert account.problem is None, account.problem
            rig = EngineRig(engine=engine, server=server, account_id=account.account_id)
            yield rig
            rig.books = rig.charges()
        finally:
            await engine.close()
