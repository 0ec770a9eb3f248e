"""The rate limits: documented buckets per user, their headers, and who pays a token."""

import pytest

from playground.emulator import Dialect
from playground.emulator.limits import GROUPS, Category, Limiter
from tests.emulator_rig import CREATE, KEY, OTHER_KEY, documented, running, shape


@pytest.mark.parametrize(
    ("group", "category", "burst", "per_second"),
    [
        ("default", Category.SUBMIT, 50, 5),
        ("default", Category.QUERY, 500, 50),
        ("vip", Category.SUBMIT, 167, 1_000 / 60),
        ("vip", Category.QUERY, 1_667, 10_000 / 60),
        ("svip", Category.SUBMIT, 334, 2_000 / 60),
        ("svip", Category.QUERY, 5_000, 500),
    ],
)
def test_a_bucket_holds_its_burst_and_refills_at_its_rate(group, category, burst, per_second):
    limiter = Limiter(group=group)
    passed = sum(limiter.take("u", category, now_s=0.0).is_allowed for _ in range(burst + 20))
    later = sum(limiter.take("u", category, now_s=4.0).is_allowed for _ in range(burst))

    assert passed == burst
    assert later == int(4 * per_second + 1e-9)


@pytest.mark.parametrize("group", sorted(GROUPS))
def test_the_rate_per_minute_is_the_documented_one(group):
    for allowance in GROUPS[group].values():
        assert allowance.per_second * 60 == pytest.approx(allowance.per_minute)


def test_whoever_waits_as_told_may_pass():
    limiter = Limiter()
    for _ in range(50):
        limiter.take("u", Category.SUBMIT, now_s=0.0)
    for now_s in (0.03, 0.1, 0.17):
        verdict = limiter.take("u", Category.SUBMIT, now_s=now_s)
        assert not verdict.is_allowed
        assert now_s + verdict.token_in_s == pytest.approx(0.2)

    assert limiter.take("u", Category.SUBMIT, now_s=0.1 + 0.1).is_allowed


def test_a_refused_request_uses_no_token():
    limiter = Limiter()
    for _ in range(500):
        limiter.take("u", Category.SUBMIT, now_s=0.0)

    assert limiter.take("u", Category.SUBMIT, now_s=0.2).is_allowed


def test_users_and_categories_have_buckets_of_their_own():
    limiter = Limiter()
    for _ in range(60):
        limiter.take("u", Category.SUBMIT, now_s=0.0)

    assert limiter.take("v", Category.SUBMIT, now_s=0.0).is_allowed
    assert limiter.take("u", Category.QUERY, now_s=0.0).is_allowed


def test_an_unlimited_group_says_nothing_of_limits(tmp_path):
    with running(tmp_path, rate_group="unlimited") as rig:
        answers = [rig.create() for _ in range(60)]

    assert {answer.status_code for answer in answers} == {200}
    assert not any("x-ratelimit-limit" in answer.headers for answer in answers)


def test_an_unknown_group_is_refused():
    with pytest.raises(ValueError, match="gold"):
        Limiter(group="gold")


def test_a_429_is_the_documented_one_and_costs_nothing(tmp_path):
    with running(tmp_path) as rig:
        answers = [rig.create() for _ in range(51)]
        refused = answers[-1]
        rig.clock.advance(int(refused.headers["retry-after"]))
        again = rig.create()

        assert [answer.status_code for answer in answers] == [200] * 50 + [429]
        assert shape(refused.json()) == shape(documented("error_429")["body"])
        assert {name: refused.headers[name] for name in documented("error_429")["headers"]}
        assert len(rig.emulator.charges()) == 51
        assert again.status_code == 200


def test_the_headers_count_down_and_name_their_bucket(tmp_path):
    with running(tmp_path) as rig:
        first, second = rig.create(), rig.create()
        query = rig.http.get(f"{CREATE}/{first.json()['id']}")
        balance = rig.http.get("/v1/balance")

    assert first.headers["x-ratelimit-limit"] == "50"
    assert first.headers["x-ratelimit-remaining"] == "49"
    assert second.headers["x-ratelimit-remaining"] == "48"
    assert second.headers["x-ratelimit-category"] == "async_submit"
    assert query.headers["x-ratelimit-category"] == "async_query"
    assert query.headers["x-ratelimit-limit"] == "500"
    assert "x-ratelimit-limit" not in balance.headers


def test_a_request_refused_for_what_it_says_uses_a_token(tmp_path):
    with running(tmp_path, dialect=Dialect()) as rig:
        bad = rig.create(size="5:4")

        assert bad.headers["x-ratelimit-remaining"] == "49"
        assert rig.create().headers["x-ratelimit-remaining"] == "48"


def test_keys_of_one_user_share_the_buckets(tmp_path):
    keys = {KEY: "alice", OTHER_KEY: "alice"}
    with running(tmp_path, keys=keys) as rig:
        rig.create()
        body = {"model": "flux-2-pro", "prompt": "x"}
        headers = {"Authorization": f"Bearer {OTHER_KEY}"}
        answer = rig.http.post(CREATE, json=body, headers=headers)

    assert answer.headers["x-ratelimit-remaining"] == "48"
