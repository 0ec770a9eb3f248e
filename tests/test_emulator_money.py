"""What is charged, refunded and left; every accepted request once, nothing else ever."""

import time
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

from playground.emulator import Fault
from tests.emulator_rig import CREATE, KEY, LONG_S, OTHER_KEY, documented, running, shape


def used(rig) -> int:
    return rig.http.get("/v1/balance").json()["used_credits"]


def test_an_accepted_request_is_charged_when_it_is_accepted(tmp_path):
    with running(tmp_path) as rig:
        rig.create(model="flux-2-pro", metadata={"resolution": "2K"}, client_business_id="run-1")

        assert used(rig) == 7
        charge = rig.emulator.charges(client_business_id="run-1")[0]
        assert (charge.credits, charge.model) == (Decimal(7), "flux-2-pro")
        assert charge.charged_at == rig.clock()
        assert charge.refunded_at is None
        assert rig.emulator.charges(task_id=charge.task_id) == [charge]
        assert rig.emulator.charges(task_id="nobody") == []


def test_a_refused_request_is_not_charged(tmp_path):
    with running(tmp_path) as rig:
        rig.create(size="5:4")
        rig.http.post(CREATE, content=b"{")

        assert rig.emulator.charges() == []
        assert used(rig) == 0


def test_a_failed_task_is_refunded_when_it_fails_and_not_before(tmp_path):
    with running(tmp_path, faults=(Fault(at="task", kind="fail", times=1),)) as rig:
        rig.create(model="flux-2-pro")
        rig.create(model="flux-2-flex")
        before = used(rig)
        rig.clock.advance(LONG_S)

        assert (before, used(rig)) == (19, 14)


def test_an_empty_balance_refuses_and_says_so(tmp_path):
    with running(tmp_path, balance_credits=Decimal(12)) as rig:
        answers = [rig.create(model="flux-2-pro") for _ in range(3)]
        left = rig.http.get("/v1/balance").json()

    assert [answer.status_code for answer in answers] == [200, 200, 402]
    assert shape(answers[2].json()) == shape(documented("error_402_insufficient_quota")["body"])
    assert answers[2].json()["error"]["code"] == "insufficient_quota"
    assert (left["remain_credits"], left["used_credits"]) == (2, 10)
    assert left["remain_balance"] == 0.01


def test_a_refund_can_be_spent_again(tmp_path):
    fail = Fault(at="task", kind="fail", times=1)
    with running(tmp_path, balance_credits=Decimal(5), faults=(fail,)) as rig:
        rig.create(model="flux-2-pro")
        before = rig.create(model="flux-2-pro").status_code
        rig.clock.advance(LONG_S)

        assert (before, rig.create(model="flux-2-pro").status_code) == (402, 200)


def test_the_whole_balance_can_be_spent(tmp_path):
    with running(tmp_path, balance_credits=Decimal(5)) as rig:
        assert rig.create(model="flux-2-pro").status_code == 200
        assert rig.http.get("/v1/balance").json()["remain_credits"] == 0


def test_users_have_balances_of_their_own(tmp_path):
    with running(tmp_path, balance_credits=Decimal(5)) as rig:
        rig.create(model="flux-2-pro")
        body = {"model": "flux-2-pro", "prompt": "x"}
        other = {"Authorization": f"Bearer {OTHER_KEY}"}

        assert rig.http.post(CREATE, json=body).status_code == 402
        assert rig.http.post(CREATE, json=body, headers=other).status_code == 200


def test_keys_of_one_user_spend_the_same_balance(tmp_path):
    keys = {KEY: "alice", OTHER_KEY: "alice"}
    with running(tmp_path, balance_credits=Decimal(5), keys=keys) as rig:
        rig.create(model="flux-2-pro")
        other = {"Authorization": f"Bearer {OTHER_KEY}"}

        assert rig.http.get("/v1/balance", headers=other).json()["remain_credits"] == 0


def test_an_unlimited_balance_never_refuses_and_still_counts(tmp_path):
    with running(tmp_path, balance_credits=None) as rig:
        codes = {rig.create(model="gpt-image-2", n=10, resolution="4K").status_code for _ in "abc"}

        assert codes == {200}
        assert used(rig) == 480


def test_requests_at_the_same_moment_cannot_overspend(tmp_path, monkeypatch):
    with running(tmp_path, balance_credits=Decimal(25)) as rig:
        add_task = rig.emulator.store.add_task

        def add_slowly(*arguments):
            time.sleep(0.02)  # a slow disk: the other requests arrive meanwhile
            add_task(*arguments)

        monkeypatch.setattr(rig.emulator.store, "add_task", add_slowly)
        with ThreadPoolExecutor(max_workers=16) as pool:
            answers = list(pool.map(lambda _: rig.create(model="flux-2-pro"), range(16)))

        codes = sorted(answer.status_code for answer in answers)
        assert codes == [200] * 5 + [402] * 11
        assert sum(charge.credits for charge in rig.emulator.charges()) == 25
