"""What the tests of experiments share: a plan, an engine, an emulator without limits, and a lab."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import anyio

from playground import __version__
from playground.experiment.lab import Lab
from playground.experiment.plan import Plan, Settings, make_plan
from playground.experiment.progress import Progress, Standing
from playground.experiment.prompts import from_lines
from playground.experiment.templates import fill
from playground.schema import Run
from tests.engine_rig import EngineRig, open_rig

PAIR_USD = Decimal("0.095")  # a picture of each model at 1K


def a_plan(n: int = 3, *, repeats: int = 1, **changes: Any) -> Plan:
    """So many prompts for both models."""
    lines = "\n".join(f"A lighthouse, number {number}" for number in range(n))
    settings = Settings(repeats=repeats, **changes)
    return make_plan(
        fill(from_lines(lines), limit=n),
        settings,
        name="lighthouses",
        app_version=__version__,
        at=datetime.now(UTC),
        seed=1,
    )


@dataclass
class LabRig:
    """A lab over an engine at a running emulator."""

    lab: Lab
    engines: EngineRig

    def add(self, plan: Plan) -> str:
        self.lab.shelf.add(plan)
        return plan.experiment_id

    async def wait(self, experiment_id: str, *, limit_s: float = 60.0) -> Progress:
        with anyio.fail_after(limit_s):
            return await self.lab.wait(experiment_id, every_s=0.02)

    async def run(self, plan: Plan, **orders: Any) -> Progress:
        experiment_id = self.add(plan)
        self.lab.run(experiment_id, **orders)
        return await self.wait(experiment_id)

    async def until(
        self, experiment_id: str, claim: Callable[[Progress], bool], *, limit_s: float = 30.0
    ) -> Progress:
        with anyio.fail_after(limit_s):
            while True:
                progress = self.lab.progress(experiment_id)
                if claim(progress):
                    return progress
                await anyio.sleep(0.01)

    async def until_standing(self, experiment_id: str, standing: Standing) -> Progress:
        return await self.until(experiment_id, lambda p: p.standing is standing)

    def rows(self, experiment_id: str) -> tuple[Run, ...]:
        return self.lab.shelf.books(experiment_id).rows()

    def charged_usd(self) -> Decimal:
        """What the service's own books say, refunds taken off."""
        charges = self.engines.emulator.charges()
        credits = sum((c.credits for c in charges if c.refunded_at is None), Decimal(0))
        return credits / 200


@asynccontextmanager
async def open_lab(
    tmp_path: Path,
    *,
    at_once: int = 1,
    go_on: bool = True,
    is_resident: bool = True,
    **options: Any,
) -> AsyncIterator[LabRig]:
    emulator = {"rate_group": "unlimited", **options.pop("emulator", {})}
    settings = {"rate_group": "svip", **options}
    async with open_rig(tmp_path, emulator=emulator, **settings) as rig:
        lab = Lab(rig.engine, account_id=rig.account_id, at_once=at_once, is_resident=is_resident)
        await lab.start(go_on=go_on)
        try:
            yield LabRig(lab=lab, engines=rig)
        finally:
            await lab.close()
