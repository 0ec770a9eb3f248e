"""`app.py` with work to do from its first second, for the tests that end it: `python -m tests.stopping_child …`."""

import asyncio
import sys
import threading
from pathlib import Path

import app
from playground.experiment.lab import Lab
from playground.experiment.planning import Wish
from playground.runner.desk import Desk
from playground.schema import Comparison

N_COMPARISONS = 6


def _begin(desk: Desk, photo: Path) -> None:
    """Comparisons with and without references, and an experiment."""

    async def buy() -> None:
        reference = await asyncio.to_thread(desk.prepare_reference, photo, name="photo")
        for number in range(N_COMPARISONS):
            await desk.begin(
                Comparison(
                    comparison_id=f"c{number}",
                    prompt=f"A lighthouse, number {number}",
                    lanes=("flux-2-flex", "flux-2-pro"),
                    references=(reference,) if number % 2 else (),
                ),
                account_id=desk.default_account_id,
                session_id="stopping",
            )

    asyncio.run(buy())
    lab = Lab(desk.playground.engine, account_id=desk.default_account_id)
    desk.take_in(lab)
    plan = lab.plan(
        Wish(prompts="\n".join(f"A harbour, number {n}" for n in range(20)), name="harbours")
    )
    desk.wait_for(_run(lab, plan.experiment_id))


async def _run(lab: Lab, experiment_id: str) -> None:
    lab.run(experiment_id)


async def _stick() -> None:
    """A worker thread hangs, as on a dead network drive."""
    asyncio.get_running_loop().run_in_executor(None, threading.Event().wait)


def main() -> int:
    start = Desk.start

    def start_and_begin(self: Desk) -> None:
        start(self)
        _begin(self, Path(sys.argv[1]))
        if "deaf" in sys.argv:
            self.wait_for(_stick())

    Desk.start = start_and_begin  # type: ignore[method-assign]
    return app.main()


if __name__ == "__main__":
    app.end_with(main)
