"""The service's spelling: every documented and every observed shape, and no shape that breaks us."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playground import wire
from playground.errors import (
    AnswerLostError,
    AuthenticationError,
    BalanceError,
    ForbiddenError,
    InvalidRequestError,
    ModerationError,
    NetworkError,
    PlaygroundError,
    RateLimitedError,
    RejectedError,
    ServiceError,
    UnavailableError,
)
from playground.schema import Balance, Billing, BillingStatus, Reference, Request, TaskState
from playground.wire import Answer, CreateOutcome

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
KEY = "sk-canary-0123456789abcdef"
URL = "https://files.toapis.com/generated/1768381061_c55c1bbb.jpg"
CREATED = {
    "id": "task_img_abc123def456",
    "object": "generation.task",
    "model": "flux-2-flex",
    "status": "queued",
    "progress": 0,
    "created_at": 1703884800,
    "metadata": {},
}
DONE = {
    **CREATED,
    "status": "completed",
    "progress": 100,
    "completed_at": 1703884820,
    "expires_at": 1703971220,
    "result": {"type": "image", "data": [{"url": URL}]},
}


def answer(body, status_code=200, **headers):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status_code=status_code, headers=named, body=raw)


def status(body, status_code=200, asked_id="task_1"):
    return wire.parse_status(answer(body, status_code), asked_id=asked_id, now=NOW, secrets=(KEY,))


def create(body, status_code=200, **headers):
    return wire.parse_create(answer(body, status_code, **headers), now=NOW, secrets=(KEY,))


def error(body, status_code, **headers):
    return wire.error_from(answer(body, status_code, **headers), now=NOW, secrets=(KEY,))


# ---- addresses and keys -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pasted", "address"),
    [
        ("https://toapis.com", "https://toapis.com"),
        ("https://toapis.com/", "https://toapis.com"),
        ("https://toapis.com/v1", "https://toapis.com"),
        ("https://toapis.com/v1/", "https://toapis.com"),
        ("https://toapis.com//v1//", "https://toapis.com"),
        ("toapis.cn", "https://toapis.cn"),
        ("toapis.cn/v1", "https://toapis.cn"),
        ("  'https://ToAPIs.com/v1/' \n", "https://toapis.com"),
        ("https://toapis.com/v1/images/generations", "https://toapis.com"),
        ("https://toapis.com:443", "https://toapis.com"),
        ("https://proxy.example.com:8443/toapis/v1", "https://proxy.example.com:8443/toapis"),
        ("http://127.0.0.1:8765/v1", "http://127.0.0.1:8765"),
        ("http://localhost:8765", "http://localhost:8765"),
        ("http://[::1]:8765/v1", "http://[::1]:8765"),
    ],
)
def test_an_address_is_accepted_however_it_is_pasted(pasted: str, address: str):
    assert wire.normalise_base_url(pasted) == address
    assert wire.normalise_base_url(address) == address


@pytest.mark.parametrize(
    "pasted",
    [
        "",
        "https://",
        "http://toapis.com",
        "ftp://toapis.com",
        "file:///etc/passwd",
        "https://user:pass@toapis.com",
        "https://toapis.com?x=1",
        "https://toapis.com#x",
        "https://toapis.com:99999",
        "https://toapis.com:0",
        "https://to apis.com",
        "https://toapis.com\\@evil.example",
        "https://[::1",
        "http://127.0.0.1.evil.example",
        "https://toapis.com/a b",
    ],
)
def test_what_is_no_address_or_unsafe_is_refused(pasted: str):
    with pytest.raises(InvalidRequestError) as caught:
        wire.normalise_base_url(pasted)

    assert caught.value.field == "base_url"


@pytest.mark.parametrize(
    "pasted", [KEY, f" {KEY}\n", f'"{KEY}"', f"'{KEY}'\r\n", f"Bearer {KEY}", f"“{KEY}”\u200b"]
)
def test_a_key_loses_what_pasting_adds(pasted: str):
    assert wire.check_key(pasted) == KEY


@pytest.mark.parametrize(
    "pasted", ["", "short", "sk-with space-inside", "sk-line\nbreak-inside", "sk-é" * 8, "k" * 201]
)
def test_what_cannot_be_a_key_is_refused_without_repeating_it(pasted: str):
    with pytest.raises(InvalidRequestError) as caught:
        wire.check_key(pasted)

    assert caught.value.field == "api_key"
    assert not pasted or pasted not in str(caught.value)
    assert not pasted or pasted[:8] not in str(caught.value)


def test_scrubbing_finds_the_key_in_every_spelling_and_anything_like_a_key():
    secret = 'pass/"word"&more'
    text = f"{secret} pass%2F%22word%22%26more {json.dumps(secret)} sk-someoneElses1"

    assert wire.scrub(text, (secret,)) == '[key] [key] "[key]" [key]'
    assert wire.scrub("a task-0123456789 stays", ("",)) == "a task-0123456789 stays"


def test_a_key_does_not_show_itself_where_values_are_printed_for_programmers():
    key = wire.check_key(KEY)

    assert KEY not in repr((key, {"key": key}))
    assert f"{key}" == KEY


# ---- what we send -----------------------------------------------------------------------------


def test_a_request_is_spelled_as_documented():
    request = Request(
        model="flux-2-pro",
        prompt='A "quote", 猫 and 🦊\n',
        size="16:9",
        resolution="2K",
        references=(Reference(name="a"),),
    )

    body = wire.create_body(request, image_urls=["https://x.example/a.png"], client_id="run_1")

    assert json.loads(body) == {
        "model": "flux-2-pro",
        "prompt": 'A "quote", 猫 and 🦊\n',
        "size": "16:9",
        "image_urls": ["https://x.example/a.png"],
        "metadata": {"resolution": "2K"},
        "client_business_id": "run_1",
    }


def test_without_references_no_list_of_them_is_sent():
    body = wire.create_body(Request(model="m", prompt="p"), image_urls=[], client_id="r")

    assert "image_urls" not in json.loads(body)


def test_half_a_character_is_refused_before_anything_is_sent():
    with pytest.raises(InvalidRequestError, match="half of a character"):
        wire.create_body(Request(model="m", prompt="\ud83d"), image_urls=[], client_id="r")


def test_an_id_cannot_leave_its_place_in_the_path():
    assert wire.status_path("../../balance?x#y") == (
        "/v1/images/generations/..%2F..%2Fbalance%3Fx%23y"
    )


# ---- the paid request's answer ----------------------------------------------------------------


def test_the_documented_answer_to_a_request_is_a_task():
    task = create(CREATED)

    assert task.task_id == "task_img_abc123def456"
    assert task.state is TaskState.QUEUED
    assert task.word == "queued"
    assert task.progress_pct == 0
    assert task.created_at == datetime(2023, 12, 29, 21, 20, tzinfo=UTC)
    assert task.result_url is None
    assert task.billing is None


@pytest.mark.parametrize(
    "body",
    [
        {"id": "tsk_img_01HZX", "status": "pending"},
        {"task_id": "tsk_img_01HZX"},
        {"id": "", "task_id": "tsk_img_01HZX", "status": "submitted"},
        {"code": "success", "data": {"task_id": "tsk_img_01HZX", "status": "SUBMITTED"}},
        {"id": "tsk_img_01HZX", "status": "failed", "error": {"code": "generation_failed"}},
    ],
)
def test_a_task_id_is_found_wherever_it_stands(body):
    assert wire.classify_create(answer(body)) is CreateOutcome.ACCEPTED
    assert create(body).task_id == "tsk_img_01HZX"


AMBIGUOUS = [
    (500, {"error": {"code": "internal", "message": "x"}}),
    (500, b"<html>"),
    (502, b"<html>502 Bad Gateway</html>"),
    (503, {"error": {"code": "overloaded"}}),
    (503, b"<html>"),
    (504, b""),
    (520, b""),
    (408, {}),
    (409, {}),
    (405, {}),
    (301, b""),
    (302, b""),
    (307, b""),
    (308, b""),
    (200, b"<html>ok</html>"),
    (200, b'{"id": "task_'),
    (200, b""),
    (200, []),
    (200, {}),
    (200, {"id": None}),
    (200, {"id": ""}),
    (200, {"id": {"a": 1}}),
    (200, {"status": "queued"}),
    (200, {"error": {"code": "insufficient_quota", "message": "x"}}),
    (200, {"id": "req_1", "error": {"code": "internal", "message": "x"}}),
    (200, {"id": "req_1", "success": False}),
    (204, b""),
]


@pytest.mark.parametrize(("status_code", "body"), AMBIGUOUS)
def test_every_doubtful_answer_to_the_paid_request_is_lost_not_refused(status_code, body):
    assert wire.classify_create(answer(body, status_code)) is CreateOutcome.AMBIGUOUS
    with pytest.raises(AnswerLostError) as caught:
        create(body, status_code)
    assert caught.value.status_code == status_code


@pytest.mark.parametrize(
    ("status_code", "body", "kind"),
    [
        (400, {"error": {"code": "invalid_request", "message": "x"}}, RejectedError),
        (400, {"message": "invalid request body", "success": False}, RejectedError),
        (401, {"error": {"code": 401, "type": "authentication_error"}}, AuthenticationError),
        (401, {"error": {"code": "", "type": "new_api_error"}}, AuthenticationError),
        (402, {"error": {"code": "insufficient_quota"}}, BalanceError),
        (402, b"", BalanceError),
        (403, {"error": {"code": "insufficient_quota"}}, BalanceError),
        (403, {"error": {"code": "insufficient_user_quota"}}, BalanceError),
        (403, {"error": {"code": "quota_not_enough"}}, BalanceError),
        (403, {"error": {"code": "model_not_allowed"}}, ForbiddenError),
        (403, b"<html>", ForbiddenError),
        (404, {"error": {"code": 404, "type": "not_found_error"}}, RejectedError),
        (413, b"<html>too large</html>", RejectedError),
        (415, {}, RejectedError),
        (422, {"error": {"code": "content_policy_violation"}}, ModerationError),
        (422, {"error": {"code": "bad_size"}}, RejectedError),
    ],
)
def test_a_definite_no_is_told_apart_and_carries_the_status(status_code, body, kind):
    assert wire.classify_create(answer(body, status_code)) is CreateOutcome.REFUSED
    with pytest.raises(ServiceError) as caught:
        create(body, status_code)
    assert type(caught.value) is kind
    assert caught.value.status_code == status_code


@pytest.mark.parametrize(
    ("status_code", "body"),
    [
        (429, {"error": {"code": "rate_limit_exceeded", "message": "x"}}),
        (429, {"error": {"code": 429, "message": "x"}}),
        (429, b"<html>slow down</html>"),
        (503, {"error": {"code": "rate_limit_unavailable", "message": "x"}}),
    ],
)
def test_a_full_bucket_means_not_accepted(status_code, body):
    assert wire.classify_create(answer(body, status_code)) is CreateOutcome.NOT_ACCEPTED
    with pytest.raises(RateLimitedError) as caught:
        create(body, status_code, Retry_After="7")
    assert caught.value.retry_after_s == 7


# ---- status -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("pending", TaskState.QUEUED),
        ("queued", TaskState.QUEUED),
        ("submitted", TaskState.QUEUED),
        ("in_progress", TaskState.RUNNING),
        ("processing", TaskState.RUNNING),
        ("running", TaskState.RUNNING),
        ("completed", TaskState.SUCCEEDED),
        ("succeeded", TaskState.SUCCEEDED),
        ("success", TaskState.SUCCEEDED),
        ("failed", TaskState.FAILED),
        ("failure", TaskState.FAILED),
        ("error", TaskState.FAILED),
        ("cancelled", TaskState.FAILED),
        ("expired", TaskState.FAILED),
    ],
)
def test_every_known_word_is_understood_in_any_case(word: str, state: TaskState):
    for spelling in (word, word.upper(), f" {word.title()} ", word.replace("_", "-")):
        assert status({**CREATED, "status": spelling}).state is state
        assert wire.knows_word(spelling)


def test_an_unknown_word_keeps_us_asking():
    task = status({**CREATED, "status": "polishing"})

    assert task.state is TaskState.RUNNING
    assert task.word == "polishing"
    assert not wire.knows_word("polishing")


def test_a_finished_task_has_its_picture_and_its_times():
    task = status(DONE)

    assert task.state is TaskState.SUCCEEDED
    assert task.progress_pct == 100
    assert task.result_url == URL
    assert task.completed_at - task.created_at == timedelta(seconds=20)
    assert task.expires_at - task.completed_at == timedelta(hours=24)


@pytest.mark.parametrize(
    "place",
    [
        {"result": {"type": "image", "data": [{"url": URL}]}},
        {"result": {"type": "image", "data": [{"url": URL}]}, "url": "https://other.example/x"},
        {"result": {"type": "image", "data": [URL]}},
        {"url": URL},
        {"result": {"data": []}, "url": URL},
        {"result": {"data": [{"url": ""}]}, "url": URL},
        {"result": None, "url": URL},
        {"data": [{"url": URL}]},
        {"data": [URL]},
    ],
)
def test_the_picture_is_found_in_every_place_the_vendor_puts_it(place):
    task = status({"id": "t", "status": "completed", **place})

    assert task.result_url == URL


@pytest.mark.parametrize("place", [{}, {"result": {"data": []}}, {"url": ""}, {"result": "x"}])
def test_a_finished_task_without_a_picture_says_so(place):
    task = status({"id": "t", "status": "completed", **place})

    assert task.state is TaskState.SUCCEEDED
    assert task.result_url is None


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        ({"error": {"code": "generation_failed", "message": "no"}}, "generation_failed", "no"),
        ({"error": {"code": 5001, "message": "失败"}}, "5001", "失败"),
        ({"error": "it broke"}, None, "it broke"),
        ({"fail_reason": "it broke"}, None, "it broke"),
        ({"message": "it broke"}, None, "it broke"),
        ({"error": None, "fail_reason": "it broke", "message": ""}, None, "it broke"),
        ({}, None, None),
    ],
)
def test_a_failed_task_keeps_its_reason_wherever_it_stands(body, code, message):
    task = status({"id": "t", "status": "failed", **body})

    assert task.state is TaskState.FAILED
    assert (task.error_code, task.error_message) == (code, message)


def test_a_task_that_did_not_fail_has_no_error():
    task = status({**DONE, "error": None, "message": "ok", "code": "success"})

    assert (task.error_code, task.error_message) == (None, None)


def test_a_moderated_task_is_known_by_its_code():
    assert wire.is_moderation("content_policy_violation")
    assert not wire.is_moderation("generation_failed")
    assert not wire.is_moderation(None)


@pytest.mark.parametrize(
    ("progress", "pct"),
    [(50, 50), ("50%", 50), ("50", 50), (" 50.5 %", 50.5), (150, 100), (-1, 0), (None, None)],
)
def test_progress_is_read_in_every_spelling(progress, pct):
    assert status({**CREATED, "progress": progress}).progress_pct == pct


@pytest.mark.parametrize(
    "moment", [1703884800, 1703884800.0, 1703884800000, "1703884800", "2023-12-29T21:20:00Z"]
)
def test_times_are_read_in_every_spelling(moment):
    task = status({**CREATED, "created_at": moment})

    assert task.created_at == datetime(2023, 12, 29, 21, 20, tzinfo=UTC)


@pytest.mark.parametrize("moment", [0, -5, None, "soon", True, [], 10**17, "9" * 300])
def test_what_is_no_time_is_unknown(moment):
    assert status({**CREATED, "created_at": moment}).created_at is None


@pytest.mark.parametrize(
    ("body", "billing"),
    [
        ({"status": "pending"}, Billing(status=BillingStatus.PENDING)),
        (
            {"status": "settled", "credits": "100", "cost_usd": "0.5"},
            Billing(status=BillingStatus.SETTLED, usd=Decimal("0.5"), credits=Decimal(100)),
        ),
        (
            {"status": "REFUNDED", "credits": 100, "cost_usd": 0.05},
            Billing(status=BillingStatus.REFUNDED, usd=Decimal("0.05"), credits=Decimal(100)),
        ),
        ({"status": "unheard of", "cost_usd": "0.5"}, None),
        (None, None),
        ({}, None),
        ({"status": "settled", "cost_usd": "NaN"}, Billing(status=BillingStatus.SETTLED)),
    ],
)
def test_billing_is_exact_or_unknown_never_zero(body, billing):
    assert status({**DONE, "billing": body}).billing == billing


def test_the_clients_own_id_comes_back():
    assert status({**DONE, "client_business_id": "run_1"}).client_id == "run_1"


def test_an_answer_in_an_envelope_is_opened():
    body = {
        "code": "success",
        "data": {
            "task_id": "t",
            "status": "SUCCESS",
            "progress": "100%",
            "result": {"type": "image", "data": [{"url": URL}]},
            "error": None,
        },
    }

    task = status(body)

    assert (task.task_id, task.state, task.result_url) == ("t", TaskState.SUCCEEDED, URL)


def test_an_answer_without_an_id_is_about_what_was_asked():
    assert status({"status": "queued"}, asked_id="task_7").task_id == "task_7"


@pytest.mark.parametrize(
    ("status_code", "body"),
    [
        (404, {"error": {"code": 404, "message": "x", "type": "not_found_error"}}),
        (404, b"<html>"),
        (400, {"message": "task_not_exist"}),
        (400, {"error": {"code": "task_not_exist", "message": "x"}}),
        (200, {"error": {"code": "task_not_exist"}}),
        (200, {"code": "task_not_exist", "message": "x"}),
        (200, {"error": {"code": 404, "message": "x"}}),
    ],
)
def test_a_task_that_does_not_exist_is_told_apart(status_code, body):
    with pytest.raises(RejectedError) as caught:
        status(body, status_code)

    assert caught.value.kind == "not_found"


@pytest.mark.parametrize(
    ("status_code", "body", "kind"),
    [
        (500, b"<html>", UnavailableError),
        (502, {"error": {"code": "bad_gateway"}}, UnavailableError),
        (503, {}, UnavailableError),
        (503, {"error": {"code": "rate_limit_unavailable"}}, RateLimitedError),
        (408, {}, UnavailableError),
        (302, b"", UnavailableError),
        (200, {"error": {"code": "busy", "message": "x"}}, UnavailableError),
        (200, {"id": "t", "error": "busy"}, UnavailableError),
        (200, {"error": {"code": 401, "message": "x"}}, AuthenticationError),
        (200, b"<html>", NetworkError),
        (200, b"", NetworkError),
        (200, [], NetworkError),
        (200, {}, NetworkError),
        (200, {"id": "t"}, NetworkError),
        (401, {}, AuthenticationError),
    ],
)
def test_an_unusable_status_is_an_error_and_never_a_state(status_code, body, kind):
    with pytest.raises(PlaygroundError) as caught:
        status(body, status_code)

    assert type(caught.value) is kind


# ---- errors -----------------------------------------------------------------------------------


def test_an_error_keeps_the_services_words_without_the_key():
    found = error(
        {"error": {"code": "invalid_request", "message": f"密钥 {KEY} 无效 (sk-other12345)"}}, 400
    )

    assert found.service_message == "密钥 [key] 无效 ([key])"
    assert found.code == "invalid_request"
    assert found.status_code == 400
    assert KEY not in str(found)
    assert "HTTP 400, invalid_request" in str(found)


@pytest.mark.parametrize("code", [401, "401", 401.5, None, "", [], {}])
def test_a_code_may_be_anything(code):
    assert isinstance(error({"error": {"code": code}}, 401), AuthenticationError)


def test_half_characters_in_a_message_cannot_break_a_file():
    found = error(b'{"error": {"message": "\\ud83d broken"}}', 400)

    assert found.service_message == "? broken"


def test_a_page_sent_as_a_message_is_cut():
    found = error({"error": {"message": "x" * 1_000_000}}, 400)

    assert len(found.service_message) == 4_001


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("7", 7),
        ("1.5", 1.5),
        ("0", 0),
        ("-3", 0),
        ("Sun, 22 Nov 2026 12:00:30 GMT", 30),
        ("Sun, 22 Nov 2026 11:00:00 GMT", 0),
        ("Sun, 22 Nov 2026 12:00:30 -0000", 30),
        ("soon", None),
        ("", None),
        ("inf", None),
        ("nan", None),
        ("Sun, 99 Nov 2026 12:00:30 GMT", None),
    ],
)
def test_retry_after_is_a_number_or_a_date(text, seconds):
    assert error({}, 429, Retry_After=text).retry_after_s == seconds


def test_the_rate_limit_headers_are_read():
    limit = wire.parse_rate_limit(
        answer(
            {},
            **{
                "X-RateLimit-Limit": "500",
                "x-ratelimit-remaining": "12",
                "X-RateLimit-Reset": "1768381061",
                "X-RateLimit-Category": "async_query",
            },
        )
    )

    assert limit == wire.RateLimit(
        limit=500, remaining=12, reset="1768381061", category="async_query"
    )
    assert wire.parse_rate_limit(answer({})) is None


def test_odd_rate_limit_headers_are_unknown():
    limit = wire.parse_rate_limit(
        answer({}, **{"x-ratelimit-limit": "many", "x-ratelimit-remaining": "-1"})
    )

    assert (limit.limit, limit.remaining) == (None, None)


# ---- everything else --------------------------------------------------------------------------


def test_an_upload_gives_its_public_address():
    body = {
        "success": True,
        "message": "",
        "data": {"id": "upload_abc12345", "url": URL, "mime_type": "image/jpeg", "size": 89234},
    }

    assert wire.parse_upload(answer(body), now=NOW) == URL


@pytest.mark.parametrize("status_code", [400, 200])
def test_a_refused_upload_says_why(status_code):
    message = "Image too large. Maximum size is 10MB"

    with pytest.raises(RejectedError) as caught:
        wire.parse_upload(answer({"success": False, "message": message}, status_code), now=NOW)

    assert caught.value.service_message == message


@pytest.mark.parametrize("body", [{}, {"data": {}}, {"data": {"url": "ftp://x"}}, b"<html>"])
def test_an_upload_without_an_address_is_no_upload(body):
    with pytest.raises(NetworkError):
        wire.parse_upload(answer(body), now=NOW)


def test_the_balance_is_in_credits():
    body = {
        "success": True,
        "remain_balance": 10.5,
        "used_balance": 2.3,
        "remain_credits": 2100,
        "used_credits": 460.5,
        "credits_per_usd": 200,
        "unlimited_quota": False,
    }

    assert wire.parse_balance(answer(body), now=NOW) == Balance(
        credits=Decimal(2100), used_credits=Decimal("460.5")
    )


@pytest.mark.parametrize(
    ("body", "balance"),
    [
        (
            {"success": True, "remain_balance": 10.5, "used_balance": 2.3},
            Balance(credits=None, used_credits=None),
        ),
        (
            {"success": True, "remain_balance": -1, "remain_credits": -200},
            Balance(credits=None, used_credits=None, is_unlimited=True),
        ),
        (
            {"unlimited_quota": True, "remain_balance": 3, "used_credits": "7"},
            Balance(credits=None, used_credits=Decimal(7), is_unlimited=True),
        ),
    ],
)
def test_a_balance_not_told_is_unknown(body, balance):
    assert wire.parse_balance(answer(body), now=NOW) == balance


def test_a_bad_key_is_seen_behind_http_200():
    with pytest.raises(AuthenticationError) as caught:
        wire.parse_balance(
            answer({"success": False, "message": f"无效的令牌 {KEY}"}), now=NOW, secrets=(KEY,)
        )

    assert caught.value.service_message == "无效的令牌 [key]"


def test_models_are_listed_in_order():
    body = {"success": True, "object": "list", "data": [{"id": "b"}, {"id": "a"}, {}, 7]}

    assert wire.parse_models(answer(body), now=NOW) == ("b", "a")


def price(resolution="1K", usd="0.015", **changes):
    return {
        "group": "default",
        "conditions": {"resolution": resolution},
        "charge_type": "per_request",
        "price_basis": "request",
        "unit": "request",
        "unit_price": usd,
        **changes,
    }


def prices(*entries, **changes):
    item = {"id": "flux-2-pro", "type": "image", "prices": list(entries)}
    body = {"object": "list", "currency": "USD", "data": [item], "has_more": False, **changes}
    page = wire.parse_prices(answer(body), now=NOW)
    return {(p.model, p.resolution): p.usd for p in page.prices}


def test_quoted_prices_are_exact():
    assert prices(price(), price("2K", 0.035)) == {
        ("flux-2-pro", "1K"): Decimal("0.015"),
        ("flux-2-pro", "2K"): Decimal("0.035"),
    }


@pytest.mark.parametrize(
    "entry",
    [
        price(charge_type="per_token"),
        price(unit="megapixel"),
        price(price_basis="second"),
        price(conditions={}),
        price(conditions={"resolution": "1K", "references": "yes"}),
        price(conditions=None),
        price(usd=None),
        price(usd="0"),
        price(usd="-1"),
        price(usd="NaN"),
        "0.015",
    ],
)
def test_a_price_of_an_unknown_shape_is_left_out_not_guessed(entry):
    assert prices(entry) == {}


def test_two_prices_for_the_same_thing_are_none():
    assert prices(price(), price(usd="0.02", group="vip"), price("2K"), price("2K")) == {
        ("flux-2-pro", "2K"): Decimal("0.015")
    }


def test_prices_in_another_currency_are_left_out():
    assert prices(price(), currency="CNY") == {}


def test_a_next_page_is_named_only_when_there_is_one():
    def page(**changes):
        body = {"currency": "USD", "data": [], "next_after": "m", **changes}
        return wire.parse_prices(answer(body), now=NOW)

    assert page(has_more=True).next_after == "m"
    assert page(has_more=False).next_after is None
    assert page(has_more=True, next_after="").next_after is None


# ---- the answers written down beside the tests ------------------------------------------------

FIXTURES = Path(__file__).parent / "fixtures"
RECORDED = sorted(
    path.stem
    for path in FIXTURES.glob("*.json")
    if not path.stem.startswith("webhook_")  # those are requests to us
)


def recorded(name):
    record = json.loads((FIXTURES / f"{name}.json").read_text(encoding="utf-8"))
    raw = record["text"].encode() if "text" in record else json.dumps(record["body"]).encode()
    return Answer(status_code=record["status_code"], headers=record["headers"], body=raw)


def test_there_are_recorded_answers():
    assert len(RECORDED) > 40


@pytest.mark.parametrize("name", [n for n in RECORDED if n.startswith("create_")])
def test_recorded_answers_to_the_paid_request(name):
    found = recorded(name)

    if name == "create_no_id":
        assert wire.classify_create(found) is CreateOutcome.AMBIGUOUS
        return
    task = wire.parse_create(found, now=NOW)
    assert task.task_id.startswith(("task_img_", "tsk_img_"))
    assert task.state is TaskState.QUEUED
    assert task.created_at is not None


@pytest.mark.parametrize("name", [n for n in RECORDED if n.startswith("status_")])
def test_recorded_states_of_a_task(name):
    if name == "status_error_in_200":
        with pytest.raises(UnavailableError):
            wire.parse_status(recorded(name), asked_id="t", now=NOW)
        return
    task = wire.parse_status(recorded(name), asked_id="t", now=NOW)

    kind = name.split("_")[1]
    assert task.state is {
        "pending": TaskState.QUEUED,
        "queued": TaskState.QUEUED,
        "in": TaskState.RUNNING,
        "processing": TaskState.RUNNING,
        "unknown": TaskState.RUNNING,
        "completed": TaskState.SUCCEEDED,
        "failed": TaskState.FAILED,
    }.get(kind)
    has_picture = kind == "completed" and name != "status_completed_no_url"
    assert (task.result_url is not None) == has_picture
    assert (task.error_message is not None) == (kind == "failed")
    assert wire.is_moderation(task.error_code) == (name == "status_failed_moderated")
    assert (task.billing is not None) == name.endswith("billing")
    if kind == "completed":
        assert task.expires_at - task.completed_at == timedelta(hours=24)


@pytest.mark.parametrize(
    ("name", "kind", "outcome"),
    [
        ("error_400_invalid_body", RejectedError, "refused"),
        ("error_400_invalid_request", RejectedError, "refused"),
        ("error_400_task_not_exist", RejectedError, "refused"),
        ("error_400_webhook_not_configured", RejectedError, "refused"),
        ("error_401_authentication", AuthenticationError, "refused"),
        ("error_401_new_api", AuthenticationError, "refused"),
        ("error_402_insufficient_quota", BalanceError, "refused"),
        ("error_403_insufficient_user_quota", BalanceError, "refused"),
        ("error_404_model_not_found", RejectedError, "refused"),
        ("error_404_task", RejectedError, "refused"),
        ("error_413", RejectedError, "refused"),
        ("error_422_content_policy", ModerationError, "refused"),
        ("error_429", RateLimitedError, "not_accepted"),
        ("error_429_date", RateLimitedError, "not_accepted"),
        ("error_429_numeric_code", RateLimitedError, "not_accepted"),
        ("error_500", UnavailableError, "ambiguous"),
        ("error_502_html", UnavailableError, "ambiguous"),
        ("error_503_pricing_unavailable", UnavailableError, "ambiguous"),
        ("error_503_rate_limit_unavailable", RateLimitedError, "not_accepted"),
    ],
)
def test_recorded_errors(name, kind, outcome):
    assert type(wire.error_from(recorded(name), now=NOW)) is kind
    assert wire.classify_create(recorded(name)) == outcome


def test_recorded_errors_are_all_looked_at():
    looked_at = {
        parameters[0] for mark in test_recorded_errors.pytestmark for parameters in mark.args[1]
    }

    assert {name for name in RECORDED if name.startswith("error_")} <= looked_at


def test_the_recorded_rest():
    assert wire.parse_upload(recorded("upload"), now=NOW).startswith("https://")
    for name in ("upload_400_type", "upload_400_too_large", "upload_200_refused"):
        with pytest.raises(RejectedError):
            wire.parse_upload(recorded(name), now=NOW)
    assert wire.parse_balance(recorded("balance"), now=NOW).credits is not None
    assert wire.parse_balance(recorded("balance_unlimited"), now=NOW).is_unlimited
    assert wire.parse_balance(recorded("balance_without_credits"), now=NOW).credits is None
    with pytest.raises(AuthenticationError):
        wire.parse_balance(recorded("balance_bad_key"), now=NOW)
    assert "flux-2-pro" in wire.parse_models(recorded("models"), now=NOW)
    assert len(wire.parse_prices(recorded("pricing"), now=NOW).prices) >= 2
    assert wire.parse_prices(recorded("pricing_empty"), now=NOW).prices == ()
    assert wire.parse_prices(recorded("pricing_first_page"), now=NOW).next_after == "flux-2-flex"
    for name in ("answer_200_html", "answer_200_broken_json"):
        assert wire.classify_create(recorded(name)) is CreateOutcome.AMBIGUOUS
        with pytest.raises(NetworkError):
            wire.parse_status(recorded(name), asked_id="t", now=NOW)


# ---- anything at all --------------------------------------------------------------------------

WORDS = st.sampled_from(
    ["id", "task_id", "status", "data", "result", "url", "error", "code", "message", "billing"]
)
TREES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["completed", "failed", "settled", "task_not_exist", "1e999", "50%"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            WORDS
            | st.sampled_from(
                [
                    "progress",
                    "created_at",
                    "success",
                    "prices",
                    "conditions",
                    "unit_price",
                    "currency",
                    "type",
                    "has_more",
                    "remain_balance",
                    "remain_credits",
                    "cost_usd",
                    "fail_reason",
                ]
            ),
            inner,
            max_size=6,
        )
    ),
    max_leaves=25,
)
BODIES = TREES.map(lambda tree: json.dumps(tree).encode()) | st.binary(max_size=60)


@given(
    body=BODIES,
    status_code=st.sampled_from([200, 201, 204, 302, 400, 401, 403, 404, 408, 422, 429, 500, 503]),
    retry_after=st.text(max_size=20),
)
def test_no_answer_raises_anything_but_the_declared_errors(body, status_code, retry_after):
    found = answer(body, status_code, Retry_After=retry_after)
    for parse, declared in (
        (wire.parse_create, (ServiceError, AnswerLostError)),
        (lambda a, **kw: wire.parse_status(a, asked_id="t", **kw), (ServiceError, NetworkError)),
        (wire.parse_upload, (ServiceError, NetworkError)),
        (wire.parse_balance, (ServiceError, NetworkError)),
        (wire.parse_models, (ServiceError, NetworkError)),
        (wire.parse_prices, (ServiceError, NetworkError)),
    ):
        try:
            parse(found, now=NOW, secrets=(KEY,))
        except declared as exc:
            str(exc).encode()


@given(body=BODIES)
def test_a_task_that_is_read_can_be_written(body):
    try:
        task = wire.parse_status(answer(body), asked_id="t", now=NOW)
    except PlaygroundError:
        return

    repr(task).encode()
    assert task.task_id
    assert task.created_at is None or task.created_at.tzinfo is UTC


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b'{"id": ' + b"9" * 5_000 + b"}",
        b'{"id": "t", "status": "queued", "progress": 1e999999999999999999999}',
        b'{"id": "t", "status": "queued", "created_at": 1e400, "progress": NaN}',
        b"\xff\xfe\x00",
    ],
)
def test_bodies_built_to_break_parsers_do_not(body):
    for parse in (create, status):
        try:
            parse(body)
        except (AnswerLostError, NetworkError):
            continue


@given(text=st.text())
def test_no_text_breaks_the_address_or_the_key(text):
    for check in (wire.normalise_base_url, wire.check_key):
        try:
            check(text)
        except InvalidRequestError:
            continue
