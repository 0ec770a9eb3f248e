"""Each documented contradiction is a switch, and each switch changes what its name says."""

import pytest

from playground.emulator import OTHER_SYNONYMS, SYNONYMS, UPPER_CASE, Dialect, Fault
from tests.emulator_rig import CREATE, documented, running, shape


def finished(tmp_path, *, is_failed=False, **switches):
    faults = (Fault(at="task", kind="fail"),) if is_failed else ()
    with running(tmp_path, dialect=Dialect(has_billing=False, **switches), faults=faults) as rig:
        return rig.finished()


@pytest.mark.parametrize(
    ("switches", "name"),
    [
        ({}, "status_completed"),
        ({"url_place": "top"}, "status_completed_top_level_url"),
        ({"url_place": "both"}, "status_completed_both_urls"),
        ({"url_place": "bare"}, "status_completed_bare_url"),
        ({"url_place": "data"}, "status_completed_data_url"),
        ({"url_place": "missing"}, "status_completed_no_url"),
        ({"words": UPPER_CASE}, "status_completed_upper_case"),
        ({"words": SYNONYMS}, "status_completed_synonym"),
    ],
)
def test_a_completed_task_can_be_spelled_in_every_way_seen(tmp_path, switches, name):
    answer = finished(tmp_path, **switches)
    expected = documented(name)["body"]

    assert shape(answer) == shape(expected)
    assert answer["status"] == expected["status"]


@pytest.mark.parametrize(
    ("switches", "name"),
    [
        ({}, "status_failed"),
        ({"failure_style": "string"}, "status_failed_string"),
        ({"failure_style": "fail_reason"}, "status_failed_fail_reason"),
        ({"failure_style": "message"}, "status_failed_message"),
        ({"error_codes": "number"}, "status_failed_numeric_code"),
    ],
)
def test_a_failed_task_can_be_spelled_in_every_way_seen(tmp_path, switches, name):
    answer = finished(tmp_path, is_failed=True, **switches)

    assert shape(answer) == shape(documented(name)["body"])
    assert answer["status"] == "failed"


def test_other_synonyms_are_said_too(tmp_path):
    assert finished(tmp_path, is_failed=True, words=OTHER_SYNONYMS)["status"] == "error"


def running_answer(tmp_path, **switches):
    with running(tmp_path, dialect=Dialect(has_billing=False, **switches)) as rig:
        task_id = rig.created_id()
        task = rig.emulator.store.task(task_id)
        rig.clock.now_s = (task.started_at + task.finished_at) / 2
        return rig.ask(task_id)


def test_progress_can_be_text_and_the_status_a_synonym(tmp_path):
    answer = running_answer(tmp_path, progress_style="percent", words=SYNONYMS)

    assert shape(answer) == shape(documented("status_processing_percent")["body"])
    assert answer["status"] == "processing"
    assert answer["progress"].removesuffix("%").isdecimal()


def test_a_running_task_can_have_a_status_nobody_documented(tmp_path):
    answer = running_answer(tmp_path, unknown_word="warming_up")

    assert answer["status"] == "warming_up"
    assert finished(tmp_path / "b", unknown_word="warming_up")["status"] == "completed"


def test_progress_can_be_dishonest(tmp_path):
    with running(tmp_path, dialect=Dialect(is_progress_honest=False)) as rig:
        task_id = rig.created_id()
        task = rig.emulator.store.task(task_id)
        seen = []
        for share in (0.0, 0.4, 0.99, 1.0):
            rig.clock.now_s = task.created_at + share * (task.finished_at - task.created_at)
            seen.append(rig.ask(task_id)["progress"])

    assert seen == [50, 50, 50, 100]


def test_the_id_can_be_called_task_id(tmp_path):
    with running(tmp_path, dialect=Dialect(id_key="task_id")) as rig:
        answer = rig.create().json()

    assert shape(answer) == shape(documented("create_task_id")["body"])


def test_the_clients_id_need_not_be_echoed(tmp_path):
    with running(tmp_path, dialect=Dialect(echoes_client_id=False)) as rig:
        assert "client_business_id" not in rig.create(client_business_id="run-1").json()
        assert rig.ask("run-1")["object"] == "generation.task"


def test_the_balance_can_lack_its_credits(tmp_path):
    with running(tmp_path, dialect=Dialect(has_balance_credits=False)) as rig:
        answer = rig.http.get("/v1/balance").json()

    assert shape(answer) == shape(documented("balance_without_credits")["body"])


def test_prices_can_be_empty_or_absent(tmp_path):
    with running(tmp_path, dialect=Dialect(pricing="empty")) as rig:
        empty = rig.http.get("/v1/pricing?model=flux-2-flex")
        rig.emulator.dialect = Dialect(pricing="absent")
        absent = rig.http.get("/v1/pricing?model=flux-2-flex")

    assert empty.json() == documented("pricing_empty")["body"]
    assert absent.status_code == 404


def test_error_codes_can_be_numbers_or_text_and_the_type_absent(tmp_path):
    with running(tmp_path, dialect=Dialect(error_codes="number", has_error_type=False)) as rig:
        numeric = rig.create(size="5:4").json()["error"]
        rig.emulator.faults.add(Fault(at="create", kind="rate_limited", times=1))
        limited = rig.create()
        rig.emulator.dialect = Dialect(error_codes="string")
        text = rig.http.get(f"{CREATE}/nobody").json()["error"]

    assert (numeric["code"], set(numeric)) == (400, {"code", "message"})
    assert shape(limited.json()) == shape(documented("error_429_numeric_code")["body"])
    assert (text["code"], text["type"]) == ("404", "not_found_error")


def test_an_unknown_task_can_be_a_400(tmp_path):
    with running(tmp_path, dialect=Dialect(unknown_task="task_not_exist")) as rig:
        answer = rig.http.get(f"{CREATE}/nobody")

    expected = documented("error_400_task_not_exist")
    assert (answer.status_code, answer.json()) == (expected["status_code"], expected["body"])


def test_the_reset_header_can_be_a_moment(tmp_path):
    with running(tmp_path, dialect=Dialect(reset_unit="epoch")) as rig:
        reset = int(rig.create().headers["x-ratelimit-reset"])

        assert 0 < reset - rig.clock() < 2


@pytest.mark.parametrize(
    "switches",
    [
        {"url_place": "nowhere"},
        {"has_billing": "no"},
        {"words": {"finished": "done"}},
        {"nothing": 1},
    ],
)
def test_a_switch_that_does_not_exist_is_refused(switches):
    with pytest.raises(ValueError, match=next(iter(switches))):
        Dialect().changed(switches)


def test_changing_one_switch_leaves_the_others():
    changed = Dialect(url_place="top").changed({"has_billing": False})

    assert changed == Dialect(url_place="top", has_billing=False)
