"""`python app.py` told to end in the middle of everything: within five seconds, and nothing paid is lost."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import anyio
import httpx
import pytest

from playground.emulator import EmulatorServer, EmulatorSettings, Fault
from playground.runlog import load_runs
from playground.runner.engine import Engine
from playground.runner.kit import Patience
from playground.settings import Settings
from tests.engine_rig import KEY
from tests.fake_hub import DATASET, TOKEN, fake_hub
from tests.photos import PHOTOS

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parent.parent
LIMIT_S = 5.0
PATIENCE_S = 60.0
N_STREAMS = 20


@pytest.fixture
def service(tmp_path: Path) -> Iterator[EmulatorServer]:
    """A service that outlives the app, as the real one does."""
    settings = EmulatorSettings(data_dir=tmp_path / "service", speed=4.0, picture="plain", seed=11)
    with EmulatorServer(settings) as running:
        yield running


def wait_for(claim: Callable[[], object]) -> None:
    patience = time.monotonic() + PATIENCE_S
    while not claim():
        assert time.monotonic() < patience, "it never came true"
        time.sleep(0.05)


@contextmanager
def the_app(
    service: EmulatorServer, tmp_path: Path, *words: str, **more: str
) -> Iterator[tuple[subprocess.Popen, str]]:
    """The app with work to do, its page answering."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    env = {
        **os.environ,
        "GRADIO_SERVER_PORT": str(port),
        "GRADIO_ANALYTICS_ENABLED": "False",
        "PLAYGROUND_DATA_DIR": str(tmp_path / "data"),
        "PLAYGROUND_SESSION_CAP_USD": "none",
        "TOAPIS_API_KEY": KEY,
        "TOAPIS_BASE_URL": service.url,
        **more,
    }
    with (tmp_path / "stderr.txt").open("wb") as complaints:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.stopping_child", str(PHOTOS[0]), *words],
            cwd=ROOT,
            env=env,
            stdout=subprocess.DEVNULL,
            stderr=complaints,
        )
    url = f"http://127.0.0.1:{port}"
    try:
        wait_for(lambda: process.poll() is not None or _answers(url))
        assert process.poll() is None, (tmp_path / "stderr.txt").read_text()
        yield process, url
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(10)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5.0).status_code == 200
    except httpx.TransportError:
        return False


def open_streams(url: str, stack: ExitStack) -> None:
    """As many pages as a full room has, each listening."""
    for number in range(N_STREAMS):
        client = stack.enter_context(httpx.Client(timeout=10.0))
        address = f"{url}/gradio_api/heartbeat/session{number}"
        assert stack.enter_context(client.stream("GET", address)).status_code == 200


def end(process: subprocess.Popen, *signals: int) -> tuple[int, float]:
    """The exit code, and how many seconds it took."""
    told = time.monotonic()
    for each in signals:
        process.send_signal(each)
        time.sleep(0.05)
    return process.wait(30), time.monotonic() - told


async def check_nothing_is_lost(service: EmulatorServer, data_dir: Path) -> None:
    """The next start brings every paid picture home, and pays for none again."""
    service.emulator.faults.replace([])
    charged = Counter(charge.client_business_id for charge in service.emulator.charges())
    patience = Patience(look_up_moments_s=(0.05, 0.1, 0.2), first_wait_s=0.05, longest_wait_s=0.2)
    engine = Engine(Settings(data_dir=data_dir), patience=patience)
    await engine.start()
    try:
        await engine.open_account(service.url, KEY)
        patience_until = time.monotonic() + PATIENCE_S
        while any(view.phase.is_sent for view in engine.open_views()):
            assert time.monotonic() < patience_until, engine.open_views()
            await anyio.sleep(0.05)
    finally:
        await engine.close()
    rows = load_runs(data_dir / "runs.csv").set_index("run_id")
    assert max(charged.values()) == 1
    for run_id in charged:
        assert rows.loc[run_id, "status"] == "succeeded"
        assert (data_dir / rows.loc[run_id, "file"]).is_file()
    assert Counter(c.client_business_id for c in service.emulator.charges()) == charged


@pytest.mark.parametrize(
    ("place", "kind", "signals"),
    [
        (None, None, [signal.SIGTERM]),
        (None, None, [signal.SIGINT]),
        ("create", "hang", [signal.SIGTERM, signal.SIGTERM, signal.SIGINT]),
        ("upload", "hang", [signal.SIGTERM]),
        ("file", "stall_mid_answer", [signal.SIGTERM]),
        ("status", "hang", [signal.SIGTERM]),
    ],
)
@pytest.mark.anyio
async def test_told_to_end_in_the_middle_it_ends_in_time_and_loses_nothing(
    place, kind, signals, service, tmp_path
):
    if place is not None:
        service.emulator.faults.add(Fault(at=place, kind=kind, seconds=600.0))
    with the_app(service, tmp_path) as (process, url), ExitStack() as stack:
        open_streams(url, stack)
        wait_for(service.emulator.charges)
        wait_for(lambda: all(n_struck for _, n_struck in service.emulator.faults.listing()))

        code, took_s = end(process, *signals)

        assert code == 0, (tmp_path / "stderr.txt").read_text()
        assert took_s < LIMIT_S
    assert "Traceback" not in (tmp_path / "stderr.txt").read_text()
    await check_nothing_is_lost(service, tmp_path / "data")


@pytest.mark.anyio
async def test_a_thread_that_never_comes_back_does_not_keep_it(service, tmp_path):
    with the_app(service, tmp_path, "deaf") as (process, _):
        wait_for(service.emulator.charges)

        code, took_s = end(process, signal.SIGTERM)

        assert (code, took_s < LIMIT_S) == (1, True)
    await check_nothing_is_lost(service, tmp_path / "data")


def test_the_last_rows_reach_the_hub_before_it_ends(service, tmp_path):
    with fake_hub() as hub:
        keeping = {
            "PLAYGROUND_HUB_DATASET": DATASET,
            "HF_TOKEN": TOKEN,
            "HF_ENDPOINT": hub.url,
            "HF_HOME": str(tmp_path / "home"),
        }
        with the_app(service, tmp_path, **keeping) as (process, _):
            wait_for(lambda: len(load_runs(tmp_path / "data" / "runs.csv")) > 3)

            code, took_s = end(process, signal.SIGTERM)

        kept = b"".join(data for name, data in hub.files.items() if name.startswith("runs-"))
    complaints = (tmp_path / "stderr.txt").read_text()
    runs = load_runs(tmp_path / "data" / "runs.csv")
    assert (code, took_s < LIMIT_S) == (0, True), complaints
    assert all(run_id.encode() in kept for run_id in runs["run_id"])
    assert TOKEN not in complaints
    assert TOKEN.encode() not in kept
