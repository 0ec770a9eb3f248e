"""Events of the service: the documented known answer is taken, and nothing else that claims to be one."""

import hashlib
import hmac
import json

import pytest

from playground.errors import WebhookRefusedError
from playground.wire import WebhookEvent, read_webhook
from playground.wire.webhooks import MAX_BODY_BYTES, SECRET_BYTES

# The service's documentation gives these.
SECRET = "0123456789abcdef0123456789abcdef"
EVENT_ID = "evt_01test"
TIMESTAMP = 1783953302
BODY = (
    b'{"id":"evt_01test","type":"endpoint.test","api_version":"v1","created_at":1783953302,'
    b'"data":{"task_id":"endpoint_test","task_type":"image","status":"SUCCESS","progress":"100%",'
    b'"result":{"message":"ToAPIs webhook endpoint test"},"error":null,"submitted_at":0,'
    b'"finished_at":0}}'
)
SIGNATURE = "3c63f0764a8827066b1e9a6c0c5f642c64d10c3565d452e5f5f7d893ac976216"


def signed(body: bytes, *, event_id: str = EVENT_ID, timestamp: int = TIMESTAMP) -> str:
    message = f"{event_id}.{timestamp}.".encode() + body
    return hmac.new(SECRET.encode(), message, hashlib.sha256).hexdigest()


def read(body: bytes = BODY, *, now_s: float = TIMESTAMP, **changes: str) -> WebhookEvent:
    headers = {
        "X-ToAPIs-Webhook-Id": EVENT_ID,
        "X-ToAPIs-Webhook-Timestamp": str(TIMESTAMP),
        "X-ToAPIs-Webhook-Signature": f"v1={signed(body)}",
    }
    for name, value in changes.items():
        headers[f"X-ToAPIs-Webhook-{name.capitalize()}"] = value
    return read_webhook(headers, body, secret=SECRET, now_s=now_s)


def refusal(*args: bytes, **changes: object) -> int:
    with pytest.raises(WebhookRefusedError) as caught:
        read(*args, **changes)  # type: ignore[arg-type]
    assert SECRET not in str(caught.value)
    return caught.value.status_code


def test_the_documented_known_answer_is_taken() -> None:
    event = read(signature=f"v1={SIGNATURE}")

    assert len(SECRET) == SECRET_BYTES
    assert (event.event_id, event.kind, event.task_id) == (
        EVENT_ID,
        "endpoint.test",
        "endpoint_test",
    )
    assert not event.is_final


@pytest.mark.parametrize(
    "signature",
    [
        "",
        "v1=",
        SIGNATURE,
        f"v2={SIGNATURE}",
        f"v1={SIGNATURE.upper()}",
        f"v1={SIGNATURE[:-1]}",
        f"v1={SIGNATURE[:-1]}7",
        f"v1={SIGNATURE}0",
        "v1=\xff",
        ",".join(["v1=0"] * 8 + [f"v1={SIGNATURE}"]),
    ],
)
def test_a_forged_signature_is_refused(signature: str) -> None:
    assert refusal(signature=signature) == 401


@pytest.mark.parametrize(
    "signature", [f"v1=00,v1={SIGNATURE}", f"v1={SIGNATURE},v1=00", f"v2=0, v1={SIGNATURE}"]
)
def test_any_valid_signature_passes_while_a_secret_is_changed(signature: str) -> None:
    assert read(signature=signature).event_id == EVENT_ID


def test_one_changed_byte_is_refused() -> None:
    assert refusal(BODY.replace(b"SUCCESS", b"FAILURE"), signature=f"v1={SIGNATURE}") == 401
    assert refusal(id="evt_01tesu", signature=f"v1={SIGNATURE}") == 401
    assert refusal(timestamp=str(TIMESTAMP + 1), signature=f"v1={SIGNATURE}") == 401


@pytest.mark.parametrize("late_s", [-301, 301, 10**9])
def test_an_event_that_is_not_of_now_is_refused(late_s: int) -> None:
    assert refusal(now_s=TIMESTAMP + late_s) == 401


@pytest.mark.parametrize("late_s", [-300, 0, 299.5, 300])
def test_five_minutes_either_way_are_fine(late_s: float) -> None:
    assert read(now_s=TIMESTAMP + late_s).event_id == EVENT_ID


@pytest.mark.parametrize(
    "timestamp", ["", "now", "-1", "1e9", f" {TIMESTAMP}", "９", "9" * 400, "1783953302.5"]
)
def test_a_timestamp_that_is_no_number_is_refused(timestamp: str) -> None:
    assert refusal(timestamp=timestamp) == 401


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[]",
        b"null",
        b"1" * 5000,
        b"[" * 50_000,
        b'{"id":"evt_other","type":"t","data":{}}',
        b'{"id":"evt_01test","type":"t"}',
        b'{"id":"evt_01test","type":["t"],"data":{}}',
        b'{"id":"evt_01test","type":"t","data":[]}',
    ],
)
def test_a_signed_body_that_makes_no_sense_is_refused_as_such(body: bytes) -> None:
    assert refusal(body) == 400


def test_too_long_a_body_is_refused_whatever_its_signature() -> None:
    assert refusal(b" " * (MAX_BODY_BYTES + 1)) == 413


def test_the_case_of_header_names_does_not_matter() -> None:
    headers = {
        "x-toapis-webhook-id": EVENT_ID,
        "X-TOAPIS-WEBHOOK-TIMESTAMP": str(TIMESTAMP),
        "X-Toapis-Webhook-Signature": f"v1={SIGNATURE}",
    }

    assert read_webhook(headers, BODY, secret=SECRET, now_s=TIMESTAMP).event_id == EVENT_ID


@pytest.mark.parametrize(
    ("data", "task_id", "run_id", "age_s"),
    [
        (
            {"task_id": "t1", "client_business_id": "run_1", "finished_at": TIMESTAMP - 3},
            "t1",
            "run_1",
            4.0,
        ),
        ({"task_id": "t1", "client_business_id": "", "finished_at": 0}, "t1", None, 1.0),
        ({"task_id": 7, "finished_at": TIMESTAMP + 60}, None, None, None),
        ({"task_id": "x" * 201, "finished_at": True}, None, None, 1.0),
    ],
)
def test_it_says_which_task_and_how_long_ago_it_ended_at_most(
    data: dict[str, object], task_id: str | None, run_id: str | None, age_s: float | None
) -> None:
    event = read(
        json.dumps(
            {
                "id": EVENT_ID,
                "type": "generation.completed",
                "created_at": TIMESTAMP,
                "data": data,
            }
        ).encode()
    )

    assert event.is_final
    assert (event.task_id, event.run_id, event.age_s) == (task_id, run_id, age_s)
