"""
A program that runs one experiment to its end, so that it can be killed for real.

    python -m tests.experiment_child DATA_DIR URL EXPERIMENT_ID SPEED
"""

import asyncio
import sys
from decimal import Decimal
from pathlib import Path

from playground.experiment.lab import Lab
from playground.runner.engine import Engine
from playground.runner.kit import Patience
from playground.settings import Settings

KEY = "sk-crash-tests-only"
PATIENCE = Patience(
    look_up_moments_s=(0.02, 0.05, 0.1), first_wait_s=0.02, longest_wait_s=0.1, deadline_s=30.0
)


async def main(data_dir: str, url: str, experiment_id: str, speed: str) -> None:
    settings = Settings(
        data_dir=Path(data_dir),
        emulator_speed=float(speed),
        session_cap_usd=None,
        day_cap_usd=Decimal(1000),
        rate_group="svip",
    )
    engine = Engine(settings, patience=PATIENCE)
    await engine.start()
    account = await engine.open_account(url, KEY)
    lab = Lab(engine, account_id=account.account_id)
    await lab.start()
    lab.run(experiment_id, in_flight=8)
    progress = await lab.wait(experiment_id, every_s=0.05)
    await lab.close()
    await engine.close()
    sys.stdout.write(progress.standing)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
