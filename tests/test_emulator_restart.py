"""Killing the emulator loses nothing that was accepted: tasks, charges, uploads, pictures."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from playground.emulator import EmulatorServer, EmulatorSettings
from playground.emulator.store import Delivery, Store
from tests.emulator_rig import CREATE, KEY, LONG_S, picture_bytes, running

ROOT = Path(__file__).resolve().parent.parent
HEADERS = {"Authorization": f"Bearer {KEY}"}
BODY = {"model": "flux-2-pro", "prompt": "x"}


@contextmanager
def process(data_dir: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The stand-alone emulator and its URL; killed at the end if it still lives."""
    command = [sys.executable, "-m", "playground.emulator", "--port", "0", "--data", str(data_dir)]
    started = subprocess.Popen(
        [*command, "--picture", "plain", *options], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    try:
        assert started.stdout is not None
        url = re.search(r"http://\S+", started.stdout.readline())
        assert url is not None
        yield started, url.group()
    finally:
        started.kill()
        started.communicate()


def test_a_killed_emulator_goes_on_where_it_was(tmp_path):
    with process(tmp_path, "--speed", "1000") as (first, url):
        with httpx.Client(base_url=url, headers=HEADERS) as http:
            made = http.post(CREATE, json={**BODY, "client_business_id": "run-1"}).json()
            upload = http.post("/v1/uploads/images", files={"file": ("a", picture_bytes())}).json()
            balance = http.get("/v1/balance").json()
        os.kill(first.pid, signal.SIGKILL)
        first.wait()
    with process(tmp_path, "--speed", "1000") as (_, url):
        with httpx.Client(base_url=url, headers=HEADERS) as http:
            task = http.get(f"{CREATE}/run-1").json()
            state = http.get("/_emulator/state").json()
            picture = httpx.get(task["result"]["data"][0]["url"])
            path = upload["data"]["url"].partition("/files/")[2]

            assert (task["id"], task["status"]) == (made["id"], "completed")
            assert http.get("/v1/balance").json() == balance
            assert [charge["task_id"] for charge in state["charges"]] == [made["id"]]
            assert httpx.get(f"{url}/files/{path}").content == picture_bytes()
            assert picture.headers["content-type"] == "image/jpeg"


@pytest.mark.slow
def test_whatever_was_answered_before_a_kill_is_there_after_it(tmp_path):
    answered: list[str] = []
    with process(tmp_path, "--group", "unlimited", "--balance", "unlimited") as (first, url):

        def buy() -> None:
            with httpx.Client(base_url=url, headers=HEADERS) as http:
                try:
                    while True:
                        answered.append(http.post(CREATE, json=BODY).json()["id"])
                except (httpx.HTTPError, json.JSONDecodeError):
                    return

        buyers = [threading.Thread(target=buy) for _ in range(4)]
        for buyer in buyers:
            buyer.start()
        while len(answered) < 60 and any(buyer.is_alive() for buyer in buyers):
            buyers[0].join(0.01)
        os.kill(first.pid, signal.SIGKILL)
        for buyer in buyers:
            buyer.join()
    store = Store(tmp_path / "emulator.sqlite3")
    kept = [task.id for task in store.tasks()]
    charged = [charge.task_id for charge in store.charges()]
    store.close()

    assert len(answered) >= 60
    assert set(answered) <= set(kept)
    assert kept == charged


def test_a_restart_in_the_same_process_goes_on_too(tmp_path):
    with running(tmp_path) as rig:
        task_id = rig.created_id()
        finished_at = rig.emulator.store.task(task_id).finished_at
    with running(tmp_path) as rig:
        rig.clock.advance(LONG_S)
        answer = rig.ask(task_id)

        assert answer["completed_at"] == int(finished_at)
        assert answer["result"]["data"][0]["url"].startswith(rig.server.url)  # the new port


def test_webhooks_that_were_due_are_still_due(tmp_path):
    with running(tmp_path) as rig:
        store = rig.emulator.store
        delivery = Delivery(
            event_id="evt_1", url="https://x/", body="{}", n_attempts=2, due_at=5.0, outcome="x"
        )
        store.add_delivery(delivery)
    with running(tmp_path) as rig:
        assert rig.emulator.store.deliveries_due(now_s=6.0, limit=9) == [delivery]


def test_a_file_of_another_version_is_refused_and_left_alone(tmp_path):
    store = Store(tmp_path / "emulator.sqlite3")
    store._writer.execute("PRAGMA user_version = 99")
    store.close()
    before = (tmp_path / "emulator.sqlite3").read_bytes()
    with pytest.raises(ValueError, match="another version"):
        EmulatorServer(EmulatorSettings(data_dir=tmp_path))

    assert (tmp_path / "emulator.sqlite3").read_bytes() == before


def test_a_server_that_never_started_can_be_stopped(tmp_path):
    server = EmulatorServer(EmulatorSettings(data_dir=tmp_path))
    server.stop()

    with pytest.raises(httpx.ConnectError):
        httpx.get(server.url)


def test_a_port_that_is_taken_is_said_so(tmp_path):
    with running(tmp_path / "a") as rig:
        port = int(rig.server.url.rpartition(":")[2])
        with pytest.raises(OSError, match="in use"):
            EmulatorServer(EmulatorSettings(data_dir=tmp_path / "b", port=port))


def test_small_answers_leave_at_once(tmp_path):
    with running(tmp_path) as rig:
        rig.http.get("/v1/balance")
        connection = next(iter(rig.server._server.server_state.connections))
        raw = connection.transport.get_extra_info("socket")

        # Without it every answer of two writes waits 40 ms for the client's acknowledgement.
        assert raw.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1


def test_two_emulators_do_not_know_each_other(tmp_path):
    with running(tmp_path / "a") as one, running(tmp_path / "b") as two:
        task_id = one.created_id()

        assert one.server.url != two.server.url
        assert two.http.get(f"{CREATE}/{task_id}").status_code == 404


def test_the_emulator_loads_neither_the_playground_nor_gradio():
    code = (
        "import sys, playground.emulator;"
        "print([m for m in sys.modules if m.split('.')[0] in ('gradio','httpx','pandas')"
        " or m.startswith('playground.') and not m.startswith('playground.emulator')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "[]"
