"""`kill -9` in the middle of an experiment, several times: it goes on where it was and buys nothing twice."""

import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from playground.emulator import EmulatorServer, EmulatorSettings, Fault
from playground.experiment.plan import Plan
from playground.experiment.plan_file import save_plan
from playground.runlog import load_runs
from tests.experiment_rig import a_plan

ROOT = Path(__file__).resolve().parent.parent
SPEED = 60.0

pytestmark = pytest.mark.slow


def start(data_dir: Path, url: str, plan: Plan) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [
            sys.executable, "-W", "error", "-m", "tests.experiment_child",
            str(data_dir), url, plan.experiment_id, str(SPEED),
        ],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )  # fmt: skip


@pytest.mark.parametrize(("n_prompts", "seed"), [(12, 1), (60, 2)])
def test_killed_five_times_it_ends_with_exactly_the_planned_rows(n_prompts, seed, tmp_path):
    plan, data_dir = a_plan(n_prompts, repeats=2), tmp_path / "data"
    n_planned = plan.n_pictures
    save_plan(plan, data_dir / "experiments" / plan.experiment_id)
    rng = random.Random(seed)
    settings = EmulatorSettings(
        data_dir=tmp_path / "service",
        speed=SPEED,
        picture="plain",
        seed=seed,
        rate_group="unlimited",
    )
    with EmulatorServer(settings) as server:
        server.emulator.faults.add(Fault(at="create", kind="reset", probability=0.05))

        def n_charges() -> int:
            return len(server.emulator.charges())

        for turn in range(5):
            process = start(data_dir, server.url, plan)
            wanted = n_planned * (turn + 1) // 7
            give_up_at = time.monotonic() + 30
            while n_charges() < wanted and process.poll() is None:
                assert time.monotonic() < give_up_at
                time.sleep(0.005)
            time.sleep(rng.uniform(0, 0.15))
            process.kill()
            process.communicate(timeout=10)
        last = start(data_dir, server.url, plan)
        said, _ = last.communicate(timeout=60)

        charges = Counter(charge.client_business_id for charge in server.emulator.charges())
    rows = load_runs(data_dir / "runs.csv")
    assert said.strip() == "finished"
    assert sorted(rows["run_id"]) == sorted(plan.run_ids())
    done = rows[rows["status"] == "succeeded"]["run_id"]
    assert charges == Counter(done), "bought once, and everything bought has its picture"
    # Killed between writing down and sending: four may leave at a time, and nobody can know.
    in_doubt = rows[rows["status"] == "unconfirmed"]
    assert len(done) + len(in_doubt) == n_planned
    assert len(in_doubt) <= 5 * 4
