"""Every fault does what its name says, over real sockets, and charges are counted all the same."""

import socket
import time
from email.utils import parsedate_to_datetime

import httpx
import pytest

from playground.emulator import Fault
from playground.emulator.damage import DAMAGES
from playground.emulator.faults import (
    BAD_ANSWERS,
    EARLY_BREAKS,
    KINDS,
    REFUSALS,
    SOCKET_BREAKS,
    SPOKEN,
    Endpoint,
    FaultBook,
)
from tests.emulator_rig import CREATE, KEY, LONG_S, documented, picture_bytes, running, shape

# A client gives up on what never ends after this long, and on anything else only if it is lost.
IMPATIENT_S = 0.3
PATIENT_S = 5.0
ENDLESS = {"hang", "hang_on_headers", "stall_mid_answer", "slow"}


@pytest.fixture
def rig(tmp_path):
    with running(tmp_path) as rig:
        yield rig


def outcome(rig, method="POST", path=CREATE, **options) -> str:
    """What a client sees of one request on a connection of its own: a status, or what broke."""
    is_endless = any(
        fault.kind in ENDLESS and fault.seconds is None
        for fault, _ in rig.emulator.faults.listing()
    )
    if path == CREATE and method == "POST":
        options.setdefault("json", {"model": "flux-2-pro", "prompt": "x"})
    with httpx.Client(
        headers=rig.http.headers, timeout=IMPATIENT_S if is_endless else PATIENT_S
    ) as http:
        try:
            return str(http.request(method, rig.server.url + path, **options).status_code)
        except httpx.HTTPError as exc:
            return type(exc).__name__


BROKEN = {
    "reset": "ReadError",
    "reset_mid_answer": "ReadError",
    "reset_after_answer": "200",
    "eof": "RemoteProtocolError",
    "eof_mid_answer": "RemoteProtocolError",
    "hang": "ReadTimeout",
    "stall_mid_answer": "ReadTimeout",
    "slow": "ReadTimeout",
    "error_500": "500",
    "error_502": "502",
    "error_504": "504",
    "html_200": "200",
    "broken_json": "200",
    "empty_200": "200",
    "no_id": "200",
}


@pytest.mark.parametrize("kind", sorted(BROKEN))
def test_an_answer_lost_after_the_charge_leaves_a_task_that_is_charged(rig, kind):
    rig.emulator.faults.add(Fault(at="create", kind=kind, times=1))
    body = {"model": "flux-2-pro", "prompt": "x", "client_business_id": "run-1"}
    seen = outcome(rig, json=body)

    assert seen == BROKEN[kind]
    assert [charge.credits for charge in rig.emulator.charges(client_business_id="run-1")] == [5]
    assert rig.ask("run-1")["status"] == "pending"


@pytest.mark.parametrize("kind", sorted(BROKEN))
def test_an_answer_lost_before_acceptance_charges_nothing(rig, kind):
    rig.emulator.faults.add(Fault(at="create", kind=kind, times=1, is_charged=False))
    seen = outcome(rig)

    # What breaks off or follows the answer breaks off or follows the error there is instead.
    assert seen == ("500" if kind == "reset_after_answer" else BROKEN[kind])
    assert rig.emulator.charges() == []
    assert rig.emulator.store.tasks() == []


@pytest.mark.parametrize(
    ("kind", "errors"),
    [
        # Which of them depends on how much the client had written when the reset arrived.
        ("reset_on_headers", {"ReadError", "WriteError", "RemoteProtocolError"}),
        ("reset_mid_request", {"ReadError", "WriteError", "RemoteProtocolError"}),
        ("hang_on_headers", {"ReadTimeout"}),
    ],
)
@pytest.mark.parametrize("path", [CREATE, "/v1/uploads/images"])
def test_a_request_broken_off_while_it_is_sent_changes_nothing(rig, kind, errors, path):
    rig.emulator.faults.add(Fault(at="create", kind=kind), Fault(at="upload", kind=kind))
    options = {} if path == CREATE else {"files": {"file": ("a.jpg", picture_bytes())}}

    assert outcome(rig, path=path, **options) in errors
    assert rig.emulator.charges() == []
    assert rig.emulator.store.uploads() == []


def test_a_large_body_is_cut_off_while_it_is_written(rig):
    rig.emulator.faults.add(Fault(at="create", kind="reset_on_headers"))
    # The connection is gone long before a body of this size is out.
    with socket.create_connection(rig.server.url.removeprefix("http://").split(":")) as raw:
        raw.settimeout(5)
        raw.sendall(
            f"POST {CREATE} HTTP/1.1\r\nHost: x\r\nContent-Length: 9000000\r\n\r\n".encode()
        )
        with pytest.raises((ConnectionResetError, BrokenPipeError)):
            raw.sendall(bytes(9_000_000))


REFUSED = {
    "refuse_400": "error_400_invalid_request",
    "refuse_401": "error_401_new_api",
    "refuse_402": "error_402_insufficient_quota",
    "refuse_403": "error_403_insufficient_user_quota",
    "refuse_413": "error_413",
    "refuse_422": "error_422_content_policy",
    "rate_limited": "error_429",
    "rate_limit_unavailable": "error_503_rate_limit_unavailable",
}


@pytest.mark.parametrize("kind", sorted(REFUSED))
def test_a_refusal_is_the_documented_one_and_charges_nothing(rig, kind):
    rig.emulator.faults.add(Fault(at="create", kind=kind, times=1))
    answer = rig.create()
    expected = documented(REFUSED[kind])

    assert answer.status_code == expected["status_code"]
    assert shape(answer.json()) == shape(expected["body"])
    assert rig.emulator.charges() == []
    assert rig.create().status_code == 200


def test_a_refusal_may_say_another_of_the_documented_codes(rig):
    rig.emulator.faults.add(Fault(at="create", kind="refuse_403", code="quota_not_enough"))

    assert rig.create().json()["error"]["code"] == "quota_not_enough"


def test_a_429_says_how_long_in_seconds_or_as_a_date(rig):
    rig.emulator.faults.add(
        Fault(at="create", kind="rate_limited", times=1, retry_after_s=7),
        Fault(at="create", kind="rate_limited", times=1, retry_after_s=60, is_retry_date=True),
    )
    seconds = rig.create().headers["retry-after"]
    date = parsedate_to_datetime(rig.create().headers["retry-after"])

    assert seconds == "7"
    assert 55 < date.timestamp() - time.time() <= 60


def test_a_429_uses_no_token_and_other_refusals_do(rig):
    rig.emulator.faults.add(
        Fault(at="create", kind="rate_limited", times=1),
        Fault(at="create", kind="refuse_422", times=1),
    )
    rig.create()
    rig.create()

    assert rig.create().headers["x-ratelimit-remaining"] == "48"


def test_a_charged_task_can_turn_up_late(rig):
    rig.emulator.faults.add(Fault(at="create", kind="reset", late_s=30))
    outcome(rig, json={"model": "flux-2-pro", "prompt": "x", "client_business_id": "run-1"})
    early = rig.http.get(f"{CREATE}/run-1").status_code
    rig.clock.advance(31)

    assert early == 404
    assert rig.http.get(f"{CREATE}/run-1").status_code == 200
    assert len(rig.emulator.charges()) == 1


STATUS_FAULTS = {
    "reset": "ReadError",
    "eof": "RemoteProtocolError",
    "hang": "ReadTimeout",
    "error_500": "500",
    "error_502": "502",
    "html_200": "200",
    "rate_limited": "429",
    "not_found": "404",
    "task_not_exist": "400",
}


@pytest.mark.parametrize("kind", sorted(STATUS_FAULTS))
def test_a_status_query_fails_as_told_and_the_task_goes_on(rig, kind):
    task_id = rig.created_id()
    rig.emulator.faults.add(Fault(at="status", kind=kind, times=2))
    rig.clock.advance(LONG_S)
    seen = [outcome(rig, "GET", f"{CREATE}/{task_id}") for _ in range(3)]

    assert seen == [STATUS_FAULTS[kind], STATUS_FAULTS[kind], "200"]
    assert rig.ask(task_id)["status"] == "completed"


def test_a_task_may_be_unknown_while_it_is_young(rig):
    rig.emulator.faults.add(Fault(at="status", kind="not_found", until_s=3))
    task_id = rig.created_id()
    young = rig.http.get(f"{CREATE}/{task_id}")
    rig.clock.advance(3.5)

    assert shape(young.json()) == shape(documented("error_404_task")["body"])
    assert rig.http.get(f"{CREATE}/{task_id}").status_code == 200


def test_a_status_answer_may_be_an_error_with_http_200(rig):
    task_id = rig.created_id()
    rig.emulator.faults.add(Fault(at="status", kind="error_in_200"))
    answer = rig.http.get(f"{CREATE}/{task_id}")

    assert answer.status_code == 200
    assert answer.json() == documented("status_error_in_200")["body"]


def test_the_look_up_of_an_unknown_task_can_fail_too(rig):
    rig.emulator.faults.add(Fault(at="status", kind="error_502", times=1))

    assert outcome(rig, "GET", f"{CREATE}/run-1") == "502"
    assert outcome(rig, "GET", f"{CREATE}/run-1") == "404"


def test_a_stuck_task_never_ends_and_stays_charged(rig):
    rig.emulator.faults.add(Fault(at="task", kind="stuck"))
    answers = [rig.finished(client_business_id="run-1")]
    rig.clock.advance(10 * 86_400)
    answers.append(rig.ask("run-1"))

    assert [answer["status"] for answer in answers] == ["in_progress", "in_progress"]
    assert answers[0]["progress"] == answers[1]["progress"]
    assert rig.http.get("/v1/balance").json()["used_credits"] == 14


def test_a_slow_task_takes_that_much_longer(rig):
    rig.emulator.faults.add(Fault(at="task", kind="slow", seconds=900))
    task_id = rig.created_id()
    rig.clock.advance(LONG_S)
    later = rig.ask(task_id)["status"]
    rig.clock.advance(LONG_S)

    assert (later, rig.ask(task_id)["status"]) == ("in_progress", "completed")


def test_a_task_may_be_moderated_after_it_was_accepted(rig):
    rig.emulator.faults.add(Fault(at="task", kind="moderate"))
    answer = rig.finished()

    assert answer["error"]["code"] == "content_policy_violation"
    assert answer["billing"]["status"] == "refunded"


def test_a_failed_task_may_be_billed_all_the_same(rig):
    rig.emulator.faults.add(Fault(at="task", kind="fail_billed"))
    answer = rig.finished()

    assert (answer["status"], answer["billing"]["status"]) == ("failed", "settled")
    assert rig.http.get("/v1/balance").json()["used_credits"] == 14


@pytest.mark.parametrize("kind", sorted(SPOKEN))
def test_a_task_that_is_spoken_of_differently_is_alone_in_it(rig, kind):
    plain = rig.finished()
    rig.emulator.faults.add(Fault(at="task", kind=kind, times=1))
    rig.clock.advance(-LONG_S)
    ids = [rig.created_id(), rig.created_id()]
    tasks = [rig.emulator.store.task(task_id) for task_id in ids]

    assert tasks[0].overrides == SPOKEN[kind]
    assert tasks[1].overrides == {}
    rig.clock.advance(LONG_S)
    assert shape(rig.ask(ids[1])) == shape(plain)


def test_a_fault_can_strike_one_model_only(rig):
    rig.emulator.faults.add(Fault(at="create", kind="refuse_422", model="flux-2-pro"))

    assert rig.create(model="flux-2-pro").status_code == 422
    assert rig.create(model="flux-2-flex").status_code == 200


def test_a_fault_strikes_only_requests_that_would_have_been_accepted(rig):
    rig.emulator.faults.add(Fault(at="create", kind="reset", times=1))
    bad = rig.create(size="5:4").status_code

    assert bad == 400
    assert outcome(rig) == "ReadError"


@pytest.mark.parametrize(
    ("at", "path"),
    [("balance", "/v1/balance"), ("pricing", "/v1/pricing"), ("models", "/v1/models")],
)
@pytest.mark.parametrize("kind", ["reset", "error_502", "rate_limited", "slow"])
def test_the_other_endpoints_can_fail_too(rig, at, path, kind):
    rig.emulator.faults.add(Fault(at=at, kind=kind, times=1, seconds=0.01))
    expected = {"reset": "ReadError", "error_502": "502", "rate_limited": "429", "slow": "200"}

    assert outcome(rig, "GET", path) == expected[kind]
    assert outcome(rig, "GET", path) == "200"


def test_pricing_can_be_unavailable_as_documented(rig):
    rig.emulator.faults.add(Fault(at="pricing", kind="pricing_unavailable", times=1))
    answer = rig.http.get("/v1/pricing")

    assert answer.status_code == 503
    assert answer.json() == documented("error_503_pricing_unavailable")["body"]


def test_an_upload_can_be_refused_with_http_200(rig):
    rig.emulator.faults.add(Fault(at="upload", kind="soft_refusal", times=1))
    answer = rig.http.post("/v1/uploads/images", files={"file": ("a.jpg", picture_bytes())})

    assert (answer.status_code, answer.json()) == (200, documented("upload_200_refused")["body"])
    assert rig.emulator.store.uploads() == []


def test_stopping_does_not_wait_for_a_hanging_answer(tmp_path):
    with running(tmp_path, faults=(Fault(at="create", kind="hang"),)) as rig:
        host, port = rig.server.url.removeprefix("http://").split(":")
        raw = socket.create_connection((host, int(port)))
        body = b'{"model":"flux-2-pro","prompt":"x"}'
        head = f"POST {CREATE} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\n"
        raw.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        deadline = time.monotonic() + 5
        while not rig.emulator.charges() and time.monotonic() < deadline:
            time.sleep(0.005)
        began = time.monotonic()
    with raw:
        assert time.monotonic() - began < 1.5


# The book of faults itself, without a server.


def taken(book, n, at=Endpoint.CREATE, **options):
    return [book.take(at, **options) is not None for _ in range(n)]


def test_a_fault_strikes_the_next_n_after_those_it_skips():
    book = FaultBook()
    book.add(Fault(at="create", kind="reset", times=2, skip=1))

    assert taken(book, 5) == [False, True, True, False, False]
    assert book.listing()[0][1] == 2


def test_a_fault_without_a_number_strikes_always():
    book = FaultBook()
    book.add(Fault(at="create", kind="reset"))

    assert taken(book, 50) == [True] * 50


def test_a_fault_with_a_probability_is_repeatable():
    def struck(seed):
        book = FaultBook(seed=seed)
        book.add(Fault(at="create", kind="reset", probability=0.25))
        return taken(book, 2_000)

    assert struck(1) == struck(1) != struck(2)
    # 2 000 draws at 0.25: six standard deviations are 116.
    assert abs(sum(struck(1)) - 500) < 116


def test_faults_strike_in_the_order_they_were_added():
    book = FaultBook()
    book.add(Fault(at="create", kind="reset", times=1), Fault(at="create", kind="eof", times=1))

    kinds = [book.take(Endpoint.CREATE).kind for _ in range(2)]
    assert kinds == ["reset", "eof"]


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"at": "nowhere", "kind": "reset"}, "nowhere"),
        ({"at": "create", "kind": "nothing"}, "nothing"),
        ({"at": "create", "kind": "truncated"}, "truncated"),
        ({"at": "create", "kind": "reset", "probability": 0}, "probability"),
        ({"at": "create", "kind": "reset", "times": 0}, "times"),
        ({"at": "create", "kind": "reset", "skip": -1}, "skip"),
        ({"at": "create", "kind": "reset", "times": "3"}, "not"),
        ({"at": "create", "kind": "reset", "is_charged": "no"}, "is_charged"),
        ({"at": "create", "kind": "reset", "often": 3}, "often"),
        ({"at": "create"}, "kind"),
        ({"at": "create", "kind": "reset_on_headers", "model": "flux-2-pro"}, "model"),
    ],
)
def test_a_fault_that_could_never_strike_is_refused(fields, named):
    with pytest.raises(ValueError, match=named):
        Fault.from_json(fields)


def test_a_fault_can_be_written_as_text():
    fault = Fault.parse("create:reset, times=3,probability=0.5,is_charged=false,model=flux-2-pro")

    assert fault == Fault(
        at="create", kind="reset", times=3, probability=0.5, is_charged=False, model="flux-2-pro"
    )
    assert Fault.from_json(fault.as_json()) == fault


@pytest.mark.parametrize("text", ["create", "create:reset,times", "create:reset,is_charged=maybe"])
def test_a_fault_that_cannot_be_read_is_refused(text):
    with pytest.raises(ValueError, match=r"written|true or false"):
        Fault.parse(text)


def test_every_kind_of_fault_is_tried_somewhere_in_these_tests():
    tried = BROKEN.keys() | REFUSED.keys() | EARLY_BREAKS | SPOKEN.keys() | DAMAGES.keys()
    tried |= {"not_found", "task_not_exist", "error_in_200", "soft_refusal", "dribble"}
    tried |= {"pricing_unavailable", "model_not_found", "fail", "fail_billed", "moderate", "stuck"}

    assert set().union(*KINDS.values()) == tried
    assert tried >= SOCKET_BREAKS | BAD_ANSWERS | REFUSALS
