"""`python -m playground experiment`: exit codes, JSON, and steering an experiment another program runs."""

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import anyio
import pytest

from playground import Wish, open_lab
from playground.cli import main as cli
from playground.cli.terminal import Exit
from playground.emulator import EmulatorServer, EmulatorSettings, Fault
from playground.experiment.progress import Standing
from playground.runlog import load_runs
from playground.settings import Settings
from tests.photos import PHOTOS

ROOT = Path(__file__).resolve().parent.parent
KEY = "sk-cli-tests-only"
SPEED = 100.0


@pytest.fixture
def server(tmp_path):
    settings = EmulatorSettings(
        data_dir=tmp_path / "service", speed=SPEED, picture="plain", seed=5, rate_group="unlimited"
    )
    with EmulatorServer(settings) as running:
        yield running


@pytest.fixture
def settings(server, tmp_path):
    return Settings(
        data_dir=tmp_path / "data",
        api_key=KEY,
        base_url=server.url,
        emulator_speed=SPEED,
        rate_group="svip",
    )


@pytest.fixture
def run(settings, capsys):
    """Runs `experiment …`; gives the exit code and both outputs."""

    def command(*argv: str):
        code = cli.main(("experiment", *argv), settings=lambda: settings)
        out, err = capsys.readouterr()
        return code, out, err

    return command


@pytest.fixture
def planned(run, tmp_path):
    """The id of a plan of so many prompts."""

    def plan(n: int = 3, *more: str) -> str:
        path = tmp_path / "prompts.txt"
        path.write_text("\n".join(f"A lighthouse, number {number}" for number in range(n)))
        code, out, _ = run("plan", str(path), "--json", *more)
        assert code == Exit.DONE
        return json.loads(out)["experiment_id"]

    return plan


def start(server, settings, *argv: str) -> "subprocess.Popen[str]":
    env = {
        **os.environ,
        "TOAPIS_API_KEY": KEY,
        "TOAPIS_BASE_URL": server.url,
        "PLAYGROUND_DATA_DIR": str(settings.data_dir),
        "PLAYGROUND_EMULATOR_SPEED": str(SPEED),
        "PLAYGROUND_RATE_GROUP": "svip",
    }
    return subprocess.Popen(
        [sys.executable, "-m", "playground", "experiment", *argv],
        cwd=ROOT,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for(claim, *, limit_s: float = 30.0) -> None:
    give_up_at = time.monotonic() + limit_s
    while not claim():
        assert time.monotonic() < give_up_at
        time.sleep(0.02)


def test_a_plan_says_what_it_comes_to_and_spends_nothing(run, server, tmp_path):
    table = tmp_path / "p.csv"
    table.write_text("scene,kind\nharbour,sea\nforest,land\nharbour,sea\n")
    code, out, _ = run(
        "plan", str(table), "--template", "A {{scene}}, {{light}}", "--var", "light=dawn, dusk",
        "--ratio", "1:1", "--ratio", "16:9", "--ref-set", "none=", "--ref-set",
        f"coast={PHOTOS[0]}", "--repeats", "2", "--budget", "1", "--json",
    )  # fmt: skip
    told = json.loads(out)

    assert code == Exit.DONE
    assert (told["prompts"], told["comparisons"], told["pictures"]) == (4, 16, 64)
    assert Decimal(told["worst_usd"]) == 32 * Decimal("0.095")
    assert told["says"] == "The budget covers 5 of 16 comparisons."
    assert len(told["notes"]) == 2
    assert Path(told["plan"]).is_file()
    assert server.emulator.charges() == []


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (("plan",), "There is no prompt"),
        (("plan", "nowhere.csv"), "nowhere.csv: The file cannot be read"),
        (("plan", "--prompt", "A {{x}}"), "Unknown variable {{x}}"),
        (("plan", "--prompt", "A cat", "--ratio", "5:4"), "ratio: There is no ratio '5:4'"),
        (("plan", "--prompt", "A cat", "--model", "flux-9"), "'flux-9'"),
        (("plan", "--prompt", "A cat", "--ref", "gone.png"), "No such file: gone.png"),
        (("plan", "--prompt", "A cat", *(["--ref", str(PHOTOS[0])] * 9)), "9 references"),
        (("plan", "--prompt", "A cat", "--var", "x"), "--var NAME=A,B"),
        (("run", "nowhere.json"), "There is no such file"),
        (("status", "exp_x"), "no experiment's id"),
        (("pause", "exp_" + "0" * 32), "There is no experiment"),
    ],
)
def test_what_cannot_be_done_says_why_and_how_to_mend_it(argv, said, run, server):
    code, out, err = run(*argv)

    assert (code, out) == (Exit.BAD_INPUT, "")
    assert said in err
    assert server.emulator.charges() == []


def test_a_plan_ends_with_the_command_that_runs_it(run, tmp_path):
    elsewhere = tmp_path / "my data"
    code, out, _ = run("plan", "--prompt", "A cat", "--name", "cats", "--data", str(elsewhere))
    (experiment_id,) = [each.name for each in (elsewhere / "experiments").glob("exp_*")]

    assert code == Exit.DONE
    data = f"--data '{elsewhere}'"
    command = f"python -m playground experiment run {experiment_id} {data} --budget 0.095"
    assert out.rstrip().endswith(command)
    assert "No key is set" not in out
    assert run(*shlex.split(command)[4:])[0] == Exit.DONE
    assert f"{experiment_id}  finished  cats" in run("status", experiment_id, *shlex.split(data))[1]
    assert run("list")[1] == "No experiments yet.\n"


def test_a_plan_without_a_key_says_whose_prices_these_are(settings, capsys):
    keyless = replace(settings, api_key=None)
    cli.main(("experiment", "plan", "--prompt", "A dog"), settings=lambda: keyless)

    assert "These prices are for the real service. No key is set" in capsys.readouterr().out


def test_a_dry_run_tells_the_price_and_spends_nothing(run, planned, server):
    experiment_id = planned(3)
    code, out, _ = run("run", experiment_id, "--budget", "0.2", "--dry-run", "--json")
    told = json.loads(out)

    assert code == Exit.DONE
    assert (told["covered"], told["prices"][0]["kind"]) == (2, "quoted")
    assert json.loads(run("status", experiment_id, "--json")[1])["standing"] == "planned"
    assert server.emulator.charges() == []


def test_the_budget_ends_a_run_and_a_resume_goes_on_and_again_buys_nothing(run, planned, server):
    experiment_id = planned(3)

    code, out, _ = run("run", experiment_id, "--budget", "0.2", "--json")
    assert code == Exit.OVER_BUDGET
    assert json.loads(out)["why"] == "budget"
    assert len(server.emulator.charges()) == 4

    assert f"experiment resume {experiment_id} --budget USD" in run("status", experiment_id)[1]

    code, out, _ = run("resume", experiment_id, "--budget", "5", "--json")
    told = json.loads(out)
    assert code == Exit.DONE
    assert (told["standing"], told["done"]) == ("finished", 6)
    assert Decimal(told["account_usd"]) == Decimal(told["charged_usd"]) == Decimal("0.285")

    assert run("run", experiment_id)[0] == Exit.DONE
    assert len(server.emulator.charges()) == 6


def test_a_plan_file_runs_in_another_data_folder(planned, tmp_path, settings, server):
    experiment_id = planned(1)
    shared = tmp_path / "shared.json"
    plan = settings.data_dir / "experiments" / experiment_id / "plan.json"
    shared.write_bytes(plan.read_bytes())
    elsewhere = Settings(
        data_dir=tmp_path / "elsewhere", api_key=KEY, base_url=server.url, emulator_speed=SPEED
    )

    code = cli.main(("experiment", "run", str(shared), "--json"), settings=lambda: elsewhere)

    assert code == Exit.DONE
    assert len(load_runs(tmp_path / "elsewhere" / "runs.csv")) == 2


def test_failures_have_their_exit_code_and_are_bought_again(run, planned, server):
    server.emulator.faults.add(Fault(at="create", kind="refuse_422", times=2))
    experiment_id = planned(3)

    code, out, err = run("run", experiment_id)
    assert code == Exit.SOME_FAILED
    assert "4 of 6 done · 2 failed" in out
    assert "retry-failed" in out
    assert "finished" in err

    code, out, _ = run("retry-failed", experiment_id, "--json")
    assert code == Exit.DONE
    assert (len(json.loads(out)["retried"]), json.loads(out)["done"]) == (2, 6)
    assert run("retry-failed", experiment_id)[0] == Exit.DONE


def test_list_is_the_newest_first(run, planned):
    assert run("list")[1] == "No experiments yet.\n"
    ids = [planned(1, "--name", "one\x1b[2J"), planned(2)]

    listed = json.loads(run("list", "--json")[1])
    text = run("list")[1]

    assert sorted(each["experiment_id"] for each in listed) == sorted(ids)
    assert "\x1b" not in text


def test_an_account_that_cannot_be_used_is_said_before_anything_is_bought(planned, settings):
    experiment_id = planned(1)
    bad = Settings(data_dir=settings.data_dir, api_key=KEY, base_url="http://127.0.0.1:9")

    assert cli.main(("experiment", "run", experiment_id), settings=lambda: bad) == Exit.ACCOUNT


@pytest.mark.slow
def test_another_program_is_watched_and_steered(run, planned, server, settings):
    server.emulator.faults.add(Fault(at="task", kind="slow", seconds=40.0))
    experiment_id = planned(20)
    process = start(server, settings, "run", experiment_id, "--in-flight", "1", "--json")
    try:
        wait_for(lambda: len(server.emulator.charges()) >= 2)
        assert json.loads(run("status", experiment_id, "--json")[1])["running"] >= 1

        code, out, _ = run("pause", experiment_id, "--json")
        assert json.loads(out)["standing"] in ("pausing", "paused")
        said, _ = process.communicate(timeout=30)
    finally:
        process.kill()
        process.wait(10)
    told = json.loads(said)

    assert (code, process.returncode) == (Exit.DONE, Exit.STILL_OPEN)
    assert (told["standing"], told["why"]) == ("paused", "person")
    watched = json.loads(run("status", experiment_id, "--json")[1])
    assert {k: v for k, v in told.items() if k != "plan"} == watched

    code, out, _ = run("stop", experiment_id, "--json")
    stopped = json.loads(out)
    assert code == Exit.DONE
    assert stopped["standing"] == "stopped"
    assert stopped["done"] == len(server.emulator.charges())
    assert stopped["done"] + stopped["cancelled"] == 40
    assert len(load_runs(settings.data_dir / "runs.csv")) == 40


@pytest.mark.slow
def test_interrupted_it_pauses_and_goes_on_later(run, planned, server, settings, capsys):
    server.emulator.faults.add(Fault(at="task", kind="slow", seconds=40.0))
    experiment_id = planned(10)
    process = start(server, settings, "run", experiment_id, "--in-flight", "1")
    try:
        wait_for(lambda: len(server.emulator.charges()) >= 2)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
    finally:
        process.kill()
        process.wait(10)

    assert process.returncode == Exit.INTERRUPTED
    assert "interrupted" in json.loads(run("status", experiment_id, "--json")[1])["note"]
    server.emulator.faults.clear()
    assert cli.main(("resume",), settings=lambda: settings) == Exit.DONE
    assert f"{experiment_id}  has reserved pictures" in capsys.readouterr().out
    assert run("resume", experiment_id)[0] == Exit.DONE
    charges = Counter(charge.client_business_id for charge in server.emulator.charges())
    assert (len(charges), set(charges.values())) == (20, {1})


def test_it_is_a_few_lines_of_python(settings, server):
    async def main():
        async with open_lab(settings) as lab:
            plan = lab.plan(Wish(prompts="A cat\nA dog", repeats=2))
            lab.run(plan.experiment_id, budget_usd=Decimal(1))
            return await lab.wait(plan.experiment_id)

    progress = anyio.run(main)

    assert progress.standing is Standing.FINISHED
    assert len(server.emulator.charges()) == 8
