"""The control endpoints: faults, dialect and counts while it runs, and from this machine only."""

import httpx
import pytest

from playground.emulator import Dialect, Fault
from playground.emulator.control import is_loopback
from tests.emulator_rig import CREATE, KEY, picture_bytes, running

FAULTS = "/_emulator/faults"


@pytest.fixture
def rig(tmp_path):
    with running(tmp_path) as rig:
        yield rig


def test_faults_can_be_put_added_listed_and_cleared(rig):
    put = {"faults": [{"at": "create", "kind": "refuse_422", "times": 1}]}
    rig.http.put(FAULTS, json=put)
    refused = rig.create().status_code
    rig.http.post(FAULTS, json={"faults": [{"at": "create", "kind": "refuse_403"}]})
    listing = rig.http.get(FAULTS).json()["faults"]
    also_refused = rig.create().status_code
    cleared = rig.http.delete(FAULTS).json()

    assert (refused, also_refused, rig.create().status_code) == (422, 403, 200)
    assert [(item["kind"], item["n_struck"]) for item in listing] == [
        ("refuse_422", 1),
        ("refuse_403", 0),
    ]
    assert cleared == {"faults": []}


@pytest.mark.parametrize(
    "body",
    [
        {"faults": [{"at": "create", "kind": "nothing"}]},
        {"faults": "reset"},
        {"faults": ["reset"]},
        [],
        {},
    ],
)
def test_a_bad_fault_is_refused_and_changes_nothing(rig, body):
    rig.emulator.faults.add(Fault(at="create", kind="reset"))
    answer = rig.http.put(FAULTS, json=body)

    assert answer.status_code == 400
    assert answer.json()["error"]
    assert len(rig.emulator.faults.listing()) == 1


def test_the_dialect_can_be_changed_and_put_back(rig):
    changed = rig.http.put("/_emulator/dialect", json={"url_place": "top"}).json()
    answer = rig.finished()
    reset = rig.http.delete("/_emulator/dialect").json()

    assert (changed["url_place"], reset["url_place"]) == ("top", "result")
    assert answer["url"].startswith("http")
    assert rig.http.get("/_emulator/dialect").json() == Dialect().as_json()


@pytest.mark.parametrize("body", [{"url_place": "nowhere"}, {"nothing": 1}, [], {"words": 3}])
def test_a_bad_switch_is_refused(rig, body):
    assert rig.http.put("/_emulator/dialect", json=body).status_code == 400
    assert rig.emulator.dialect == Dialect()


def test_the_state_counts_what_was_asked_and_charged(rig):
    task_id = rig.created_id(client_business_id="run-1", model="flux-2-pro")
    rig.create(size="5:4")
    rig.ask(task_id)
    rig.ask(task_id)
    rig.http.post("/v1/uploads/images", files={"file": ("a.jpg", picture_bytes())})
    state = rig.http.get("/_emulator/state").json()

    assert state["requests"] == {"create": 2, "status": 2, "upload": 1}
    assert state["answers"] == {"create 200": 1, "create 400": 1, "status 200": 2, "upload 200": 1}
    assert state["status_queries"] == {task_id: 2}
    assert state["n_uploads"] == 1
    assert [(c["task_id"], c["client_business_id"], c["credits"]) for c in state["charges"]] == [
        (task_id, "run-1", "5")
    ]


def test_a_key_that_leaked_is_counted_and_not_shown(rig):
    url = rig.picture_url()
    httpx.get(url, headers={"Authorization": f"Bearer {KEY}"})
    answer = rig.http.get("/_emulator/state")

    assert answer.json()["leaks"] == [
        {"path": url.removeprefix(rig.server.url), "header": "authorization"}
    ]
    assert KEY not in answer.text


def test_the_tally_can_be_set_to_zero(rig):
    rig.create()
    rig.emulator.tally.reset()

    assert rig.http.get("/_emulator/state").json()["requests"] == {}


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil:80"])
@pytest.mark.parametrize("path", [FAULTS, "/_emulator/state", "/_emulator/dialect"])
def test_a_name_that_was_pointed_at_this_machine_is_refused(rig, host, path):
    assert rig.http.get(path, headers={"Host": host}).status_code == 403


def test_a_caller_elsewhere_is_refused(rig):
    # What a reverse proxy on this machine says of the caller it speaks for.
    headers = {"X-Forwarded-For": "203.0.113.7"}

    assert rig.http.get("/_emulator/state", headers=headers).status_code == 403
    assert rig.http.get(f"{CREATE}/nobody", headers=headers).status_code == 404


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("[::1]", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("10.0.0.1", False),
        ("example.com", False),
        (None, False),
    ],
)
def test_what_counts_as_this_machine(host, expected):
    assert is_loopback(host) is expected
