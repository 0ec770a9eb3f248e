"""The emulator answers as the API is documented: same keys, same types, same status."""

import re
import time

import httpx
import pytest

from playground.emulator import Dialect, Fault
from tests.emulator_rig import (
    CREATE,
    KEY,
    LONG_S,
    OTHER_KEY,
    documented,
    picture_bytes,
    running,
    shape,
)

ULID_ID = re.compile(r"tsk_img_[0-9A-HJKMNP-TV-Z]{26}")


@pytest.fixture
def rig(tmp_path):
    with running(tmp_path) as rig:
        yield rig


def same_as(answer: httpx.Response, name: str) -> None:
    expected = documented(name)
    assert answer.status_code == expected["status_code"]
    assert shape(answer.json()) == shape(expected["body"])


def test_create_answers_as_live_answers_do(rig):
    answer = rig.create()

    same_as(answer, "create_live")
    assert ULID_ID.fullmatch(answer.json()["id"])
    assert answer.json()["status"] == "pending"
    assert answer.json()["created_at"] == int(rig.clock())


def test_create_answers_as_documented_in_the_documented_dialect(tmp_path):
    with running(tmp_path, dialect=Dialect(id_style="task_img")) as rig:
        answer = rig.create()

    same_as(answer, "create_documented")
    assert re.fullmatch(r"task_img_[0-9a-z]{12}", answer.json()["id"])
    assert answer.json()["status"] == "queued"


def test_a_task_goes_through_the_documented_phases(rig):
    task_id = rig.created_id()
    task = rig.emulator.store.task(task_id)
    seen = []
    for moment in (task.created_at, task.queued_at, task.started_at, task.finished_at):
        rig.clock.now_s = moment
        seen.append(rig.ask(task_id)["status"])

    assert seen == ["pending", "queued", "in_progress", "completed"]


def test_a_running_task_answers_as_documented(rig):
    task_id = rig.created_id(client_business_id="run-0001")
    task = rig.emulator.store.task(task_id)
    rig.clock.now_s = (task.started_at + task.finished_at) / 2

    same_as(rig.http.get(f"{CREATE}/{task_id}"), "status_in_progress_billing")


def test_a_finished_task_answers_as_documented_with_its_price(rig):
    task_id = rig.created_id(client_business_id="run-0001")
    rig.clock.advance(LONG_S)
    answer = rig.http.get(f"{CREATE}/{task_id}")

    same_as(answer, "status_completed_billing")
    body = answer.json()
    assert body["expires_at"] == body["completed_at"] + 86_400
    assert body["billing"] == {"status": "settled", "credits": "14", "cost_usd": "0.07"}
    assert body["client_business_id"] == "run-0001"


def test_a_failed_task_is_http_200_and_refunded(rig):
    rig.emulator.faults.add(Fault(at="task", kind="fail"))
    task_id = rig.created_id(client_business_id="run-0001")
    rig.clock.advance(LONG_S)
    answer = rig.http.get(f"{CREATE}/{task_id}")

    same_as(answer, "status_failed_billing")
    assert answer.json()["error"]["code"] == "generation_failed"
    assert answer.json()["billing"]["status"] == "refunded"


def test_an_unknown_task_is_not_found(rig):
    same_as(rig.http.get(f"{CREATE}/tsk_img_nobody"), "error_404_task")


def test_somebody_elses_task_is_not_found(rig):
    task_id = rig.created_id()
    headers = {"Authorization": f"Bearer {OTHER_KEY}"}

    assert rig.http.get(f"{CREATE}/{task_id}", headers=headers).status_code == 404
    assert rig.http.get(f"{CREATE}/{task_id}").status_code == 200


def test_a_task_is_found_by_the_clients_own_id_but_only_by_that_client(rig):
    task_id = rig.created_id(client_business_id="run/1 ä")
    other = {"Authorization": f"Bearer {OTHER_KEY}"}
    path = f"{CREATE}/run%2F1%20%C3%A4"

    assert rig.http.get(path).json()["id"] == task_id
    assert rig.http.get(path, headers=other).status_code == 404


def test_the_clients_own_id_does_not_deduplicate(rig):
    first = rig.created_id(client_business_id="run-1")
    second = rig.created_id(client_business_id="run-1")

    assert first != second
    assert len(rig.emulator.charges(client_business_id="run-1")) == 2
    assert rig.ask("run-1")["id"] == second


def test_looking_up_by_the_clients_own_id_can_be_switched_off(tmp_path):
    with running(tmp_path, dialect=Dialect(looks_up_client_ids=False)) as rig:
        rig.create(client_business_id="run-1")

        assert rig.http.get(f"{CREATE}/run-1").status_code == 404


@pytest.mark.parametrize(
    ("headers", "name"),
    [
        ({}, "error_401_authentication"),
        ({"Authorization": "Bearer nonsense"}, "error_401_new_api"),
        ({"Authorization": "Basic sk-test-0123456789"}, "error_401_new_api"),
    ],
)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", CREATE),
        ("GET", f"{CREATE}/tsk_img_nobody"),
        ("POST", "/v1/uploads/images"),
        ("GET", "/v1/pricing"),
        ("GET", "/v1/models"),
    ],
)
def test_a_bad_or_missing_key_is_refused(rig, headers, name, method, path):
    same_as(httpx.request(method, rig.server.url + path, headers=headers), name)


def test_only_the_listed_keys_are_accepted(tmp_path):
    with running(tmp_path, keys={KEY: "alice", "sk-alice-too": "alice"}) as rig:
        task_id = rig.created_id()
        second = {"Authorization": "Bearer sk-alice-too"}
        stranger = {"Authorization": f"Bearer {OTHER_KEY}"}

        assert rig.http.get(f"{CREATE}/{task_id}", headers=second).status_code == 200
        assert rig.http.get(f"{CREATE}/{task_id}", headers=stranger).status_code == 401


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"text"', b"\xff\xfe", b"[" * 100_000])
def test_a_body_that_is_no_object_is_refused_as_documented(rig, body):
    same_as(rig.http.post(CREATE, content=body), "error_400_invalid_body")


def test_a_body_past_four_megabytes_is_too_large(rig):
    answer = rig.create(prompt="x" * 4_000_000)

    same_as(answer, "error_413")
    assert rig.emulator.charges() == []


def test_an_impossible_size_is_refused_as_documented(rig):
    same_as(rig.create(size="5:4"), "error_400_invalid_request")


def test_an_upload_answers_as_documented_and_can_be_fetched_without_a_key(rig):
    picture = picture_bytes("PNG")
    answer = rig.http.post("/v1/uploads/images", files={"file": ("a.jpg", picture, "image/jpeg")})

    same_as(answer, "upload")
    assert answer.json()["data"]["mime_type"] == "image/png"  # what it is, not what was said
    fetched = httpx.get(answer.json()["data"]["url"])
    assert (fetched.content, fetched.headers["content-type"]) == (picture, "image/png")


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP", "GIF"])
def test_the_four_documented_types_may_be_uploaded(rig, image_format):
    files = {"file": ("a", picture_bytes(image_format))}
    answer = rig.http.post("/v1/uploads/images", files=files, data={"purpose": "generation"})

    assert answer.json()["data"]["mime_type"] == f"image/{image_format.lower()}"


def test_another_type_may_not_be_uploaded(rig):
    files = {"file": ("a.jpg", picture_bytes("BMP"), "image/jpeg")}
    answer = rig.http.post("/v1/uploads/images", files=files)

    same_as(answer, "upload_400_type")
    assert answer.json() == documented("upload_400_type")["body"]


def test_an_upload_of_ten_megabytes_passes_and_a_byte_more_does_not(rig):
    fits = picture_bytes() + bytes(10_000_000 - len(picture_bytes()))
    good = rig.http.post("/v1/uploads/images", files={"file": ("a.jpg", fits)})
    bad = rig.http.post("/v1/uploads/images", files={"file": ("a.jpg", fits + b"\0")})

    assert good.status_code == 200
    same_as(bad, "upload_400_too_large")
    assert len(rig.emulator.store.uploads()) == 1


def test_a_far_too_large_upload_is_refused_before_it_is_read(rig):
    answer = rig.http.post(
        "/v1/uploads/images", files={"file": ("a.jpg", picture_bytes() + bytes(11_000_000))}
    )

    assert answer.status_code == 413


@pytest.mark.parametrize("form", [{"data": {"file": "text"}}, {"files": {"picture": ("a", b"x")}}])
def test_an_upload_without_a_file_is_refused(rig, form):
    answer = rig.http.post("/v1/uploads/images", **form)

    assert answer.status_code == 400
    assert answer.json()["success"] is False


def test_the_balance_answers_as_documented(rig):
    rig.create()
    answer = rig.http.get("/v1/balance")

    same_as(answer, "balance")
    assert answer.json()["used_credits"] == 14
    assert answer.json()["remain_credits"] == 20_000 - 14
    assert answer.json()["used_balance"] == 0.07


def test_an_unlimited_balance_is_minus_one(tmp_path):
    with running(tmp_path, balance_credits=None) as rig:
        answer = rig.http.get("/v1/balance")

    same_as(answer, "balance_unlimited")
    assert answer.json()["remain_balance"] == -1
    assert answer.json()["unlimited_quota"] is True


def test_the_balance_of_a_bad_key_is_http_200(rig):
    answer = httpx.get(f"{rig.server.url}/v1/balance", headers={"Authorization": "Bearer x"})

    same_as(answer, "balance_bad_key")


def test_models_are_text_models_unless_images_are_asked_for(rig):
    answer = rig.http.get("/v1/models?type=image")

    same_as(answer, "models")
    names = [model["id"] for model in answer.json()["data"]]
    assert names == ["flux-2-flex", "flux-2-pro", "gpt-image-2", "gpt-image-2-vip"]
    assert "flux-2-flex" not in rig.http.get("/v1/models").text


def test_pricing_lists_every_model_by_resolution(rig):
    answer = rig.http.get("/v1/pricing?type=image")
    prices = {
        (model["id"], price["conditions"]["resolution"]): price["unit_price"]
        for model in answer.json()["data"]
        for price in model["prices"]
    }

    same_as(answer, "pricing")
    assert prices["flux-2-pro", "1K"] == "0.025"
    assert prices["flux-2-pro", "2K"] == "0.035"
    assert prices["flux-2-flex", "1K"] == "0.07"
    assert prices["flux-2-flex", "2K"] == "0.12"


def test_pricing_comes_in_pages(rig):
    first = rig.http.get("/v1/pricing?limit=1")
    names, after = [], ""
    while True:
        page = rig.http.get("/v1/pricing", params={"limit": 1, "after": after}).json()
        names += [model["id"] for model in page["data"]]
        after = page["next_after"]
        if not page["has_more"]:
            break

    same_as(first, "pricing_first_page")
    assert names == ["flux-2-flex", "flux-2-pro", "gpt-image-2", "gpt-image-2-vip"]
    assert after == ""


def test_pricing_of_one_model(rig):
    answer = rig.http.get("/v1/pricing?model=flux-2-pro").json()

    assert [model["id"] for model in answer["data"]] == ["flux-2-pro"]
    assert answer["has_more"] is False


def test_pricing_of_an_unknown_model_is_not_found(rig):
    same_as(rig.http.get("/v1/pricing?model=flux-9"), "error_404_model_not_found")


@pytest.mark.parametrize("limit", ["0", "101", "-1", "ten", "١"])
def test_pricing_takes_a_limit_from_1_to_100(rig, limit):
    same_as(rig.http.get("/v1/pricing", params={"limit": limit}), "error_400_invalid_request")


def test_a_path_that_is_not_there_is_a_json_404(rig):
    same_as(rig.http.get("/v1/nothing"), "error_404_task")
    same_as(rig.http.get("/v1/uploads/images"), "error_404_task")


def test_the_vendors_other_models_take_their_own_parameters(rig):
    answer = rig.finished(
        model="gpt-image-2", size="16:9", resolution="1k", quality="low", n=2, response_format="url"
    )

    assert [set(item) for item in answer["result"]["data"]] == [{"url"}, {"url"}]
    assert answer["billing"]["credits"] == "12"


def test_unknown_keys_and_n_are_ignored_for_flux(rig):
    answer = rig.finished(n=4, seed=1, guidance=3.5, response_format="b64_json")

    assert len(answer["result"]["data"]) == 1
    assert answer["billing"]["credits"] == "14"


def test_a_prompt_with_anything_in_it_is_kept_exactly(rig):
    prompt = 'naïve 🚲 "quoted"\r\n\x00 \u202eright-to-left ' + "x" * 100_000
    task_id = rig.created_id(prompt=prompt)
    # A lone surrogate cannot be sent as UTF-8, but JSON can escape it.
    lonely = rig.http.post(
        CREATE, content=b'{"model":"flux-2-pro","prompt":"\\ud83d alone","client_business_id":"s"}'
    ).json()["id"]
    rig.clock.advance(LONG_S)

    assert rig.emulator.store.task(task_id).body["prompt"] == prompt
    assert rig.emulator.store.task(lonely).body["prompt"] == "\ud83d alone"
    url = rig.ask(lonely)["result"]["data"][0]["url"]
    assert httpx.get(url).status_code == 200


def test_the_clock_of_an_answer_is_the_emulators(rig):
    before = rig.create().json()["created_at"]
    rig.clock.advance(100)

    assert rig.create().json()["created_at"] == before + 100
    assert abs(before - time.time()) > 1000  # not the machine's
