"""The command line, in the process and as a program."""

import json
import os
import signal
import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path

import pytest

from playground.cli import main as cli
from playground.cli import terminal
from playground.cli.main import Exit
from playground.emulator import EmulatorServer, EmulatorSettings, Fault
from playground.runlog import load_runs
from playground.settings import Settings
from tests.photos import PHOTOS

ROOT = Path(__file__).resolve().parent.parent
KEY = "sk-cli-tests-only"


@pytest.fixture
def server(tmp_path):
    settings = EmulatorSettings(data_dir=tmp_path / "service", speed=100.0, picture="plain", seed=5)
    with EmulatorServer(settings) as running:
        yield running


@pytest.fixture
def run(server, tmp_path, capsys):
    """Runs a command with a key at the emulator; gives the exit code and both outputs."""

    def command(*argv: str, **settings):
        settings = {
            "data_dir": tmp_path / "data",
            "api_key": KEY,
            "base_url": server.url,
            "emulator_speed": 100.0,
            **settings,
        }
        code = cli.main(argv, settings=lambda: Settings(**settings))
        out, err = capsys.readouterr()
        return code, out, err

    return command


def test_compare_prints_both_pictures_with_their_money(run, tmp_path):
    code, out, err = run("compare", "A lighthouse at dusk", "--ratio", "16:9")

    assert code == Exit.DONE
    assert "EMULATED" in out
    assert "$0.07 charged" in out
    assert "$0.025 charged" in out
    assert "1820×1024" in out
    assert "charged in all: $0.095 (emulated)" in out
    assert "flux-2-flex" in err
    assert len(load_runs(tmp_path / "data" / "runs.csv")) == 2


def test_json_is_one_document_and_nothing_else(run, tmp_path):
    code, out, err = run(
        "compare", "A lion, image 1", "--ref", str(PHOTOS[0]), "--repeats", "2", "--resolution",
        "2K", "--json",
    )  # fmt: skip
    document = json.loads(out)

    assert code == Exit.DONE
    assert err == ""
    assert document["emulated"] is True
    assert document["complete"] is True
    assert Decimal(document["charged_usd"]) == Decimal("0.31")
    assert len(document["runs"]) == 4
    for run_ in document["runs"]:
        assert Path(run_["path"]).is_file()
        assert (run_["width_px"], run_["reference_count"]) == (2048, 1)
    assert len(load_runs(tmp_path / "data" / "runs.csv")) == 4


def test_the_prompt_may_come_from_standard_input(run, tmp_path, monkeypatch):
    import io

    monkeypatch.setattr(sys, "stdin", io.StringIO("one\ntwo"))
    code, _, _ = run("compare", "-", "--model", "flux-2-pro")

    assert code == Exit.DONE
    assert load_runs(tmp_path / "data" / "runs.csv")["prompt"][0] == "one\ntwo"


def test_a_failed_side_is_said_and_gives_its_exit_code(run, server):
    server.emulator.faults.add(Fault(at="create", kind="refuse_422", model="flux-2-flex"))

    code, out, _ = run("compare", "Something refused")

    assert code == Exit.SOME_FAILED
    assert "refused" in out
    assert "nothing charged" in out
    assert "The service:" in out


@pytest.mark.parametrize(
    ("argv", "settings", "code", "said"),
    [
        (("compare", "  "), {}, Exit.BAD_INPUT, "empty"),
        (("compare", "x", "--repeats", "9"), {}, Exit.BAD_INPUT, "9"),
        (("compare", "x", "--model", "flux-9"), {}, Exit.BAD_INPUT, "flux-9"),
        (("compare", "x", "--ref", "nowhere.png"), {}, Exit.BAD_INPUT, "nowhere.png"),
        (("compare", "x", "--ref", "http://user:pw@host/x.png"), {}, Exit.BAD_INPUT, "password"),
        (("runs", "--last", "0"), {}, Exit.BAD_INPUT, "0"),
        (("compare", "x"), {"day_cap_usd": Decimal("0.01")}, Exit.OVER_BUDGET, "0.01"),
        (("compare", "x"), {"base_url": "http://127.0.0.1:9"}, Exit.ACCOUNT, "reached"),
        (("balance",), {"api_key": "short"}, Exit.BAD_INPUT, "key"),
    ],
)
def test_what_cannot_be_done_says_why_and_buys_nothing(argv, settings, code, said, run, server):
    got, _, err = run(*argv, **settings)

    assert got == code
    assert said.lower() in err.lower()
    assert server.emulator.charges() == []


def test_runs_lists_the_newest_first(run):
    run("compare", "first", "--model", "flux-2-pro")
    run("compare", "second", "--model", "flux-2-pro")

    code, out, _ = run("runs", "--json")
    _, text, _ = run("runs", "--last", "1")

    assert code == Exit.DONE
    assert [entry["prompt"] for entry in json.loads(out)] == ["second", "first"]
    assert "second" in text
    assert "first" not in text


def test_no_runs_yet_is_said(run):
    code, out, _ = run("runs")

    assert (code, out) == (Exit.DONE, "No runs yet.\n")


def test_balance_tells_credits_and_todays_spending(run):
    run("compare", "x")

    code, out, _ = run("balance", "--json")

    document = json.loads(out)
    assert code == Exit.DONE
    assert document["origin"] == "emulated"
    assert Decimal(document["credits"]) == Decimal(19_981)
    assert Decimal(document["spent_today_usd"]) == Decimal("0.095")


def test_what_a_kill_left_open_is_fetched_by_resume(server, run, tmp_path):
    server.emulator.faults.add(Fault(at="task", kind="slow", seconds=200.0))
    env = {
        **os.environ,
        "TOAPIS_API_KEY": KEY,
        "TOAPIS_BASE_URL": server.url,
        "PLAYGROUND_DATA_DIR": str(tmp_path / "data"),
        "PLAYGROUND_EMULATOR_SPEED": "100",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "playground", "compare", "A lighthouse"],
        cwd=ROOT,
        env=env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    patience = time.monotonic() + 30
    while len(server.emulator.charges()) < 2 and time.monotonic() < patience:
        time.sleep(0.02)
    time.sleep(0.1)
    process.send_signal(signal.SIGKILL)
    process.wait(10)

    code, out, _ = run("resume", "--json")

    assert code == Exit.DONE
    assert [entry["status"] for entry in json.loads(out)["runs"]] == ["succeeded"] * 2
    assert len(server.emulator.charges()) == 2
    assert run("resume")[1] == "Nothing was left open.\n"


def test_control_characters_of_others_do_not_reach_the_terminal():
    assert terminal.plain("refused: \x1b[2J\x07boo\nx") == "refused:  [2J boo x"
