"""Asking no faster than allowed, and everybody pausing together after a refusal."""

import random

import pytest

from playground.ratelimit import TIERS, Bucket, Limiter, Limiters, Tier, least_duration_s


class Clock:
    """Time that passes only when told."""

    def __init__(self) -> None:
        self.now_s = 1_000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


def limiter(clock: Clock, tier: Tier = TIERS["default"]) -> Limiter:
    return Limiter(tier, clock=clock, rng=random.Random(1))


def test_a_burst_passes_and_then_the_rate_holds_below_the_published_one(clock: Clock):
    limits = limiter(clock)

    waits = [limits.take(Bucket.SUBMIT).wait_s for _ in range(54)]

    assert waits[:45] == [0.0] * 45
    assert waits[45] == pytest.approx(1 / 4.9)
    assert waits[53] == pytest.approx(9 / 4.9)


def test_in_any_ten_seconds_no_more_leave_than_the_service_allows(clock: Clock):
    limits, sent = limiter(clock), []
    for _ in range(300):
        clock.now_s += limits.take(Bucket.SUBMIT).wait_s
        sent.append(clock.now_s)

    for start in sent:
        assert sum(start <= moment < start + 10 for moment in sent) <= 50 + 5 * 10


def test_the_two_buckets_are_apart(clock: Clock):
    limits = limiter(clock)
    for _ in range(60):
        limits.take(Bucket.SUBMIT)
    limits.refused(Bucket.SUBMIT, 30)

    assert limits.take(Bucket.QUERY).wait_s == 0


def test_time_refills_the_bucket_up_to_the_burst(clock: Clock):
    limits = limiter(clock)
    for _ in range(45):
        limits.take(Bucket.SUBMIT)

    clock.now_s += 1_000

    assert [limits.take(Bucket.SUBMIT).wait_s for _ in range(45)] == [0.0] * 45
    assert limits.take(Bucket.SUBMIT).wait_s > 0


def test_a_token_given_back_serves_the_next(clock: Clock):
    limits = limiter(clock)
    turns = [limits.take(Bucket.SUBMIT) for _ in range(45)]

    limits.give_back(turns[3])

    assert limits.take(Bucket.SUBMIT).wait_s == 0


def test_a_refusal_makes_everybody_wait_as_told_and_a_little_more(clock: Clock):
    limits = limiter(clock)

    limits.refused(Bucket.QUERY, 7)

    assert 7 <= limits.pause_left_s(Bucket.QUERY) <= 7.7
    assert limits.take(Bucket.QUERY).wait_s >= 7


def test_no_pause_is_longer_than_two_minutes_and_its_jitter(clock: Clock):
    limits = limiter(clock)

    limits.refused(Bucket.QUERY, 86_400)

    assert 120 <= limits.pause_left_s(Bucket.QUERY) <= 132


def test_a_shorter_wish_does_not_end_a_longer_pause(clock: Clock):
    limits = limiter(clock)
    limits.refused(Bucket.QUERY, 60)

    limits.refused(Bucket.QUERY, 1)

    assert limits.pause_left_s(Bucket.QUERY) >= 60


def test_without_a_wish_pauses_double_up_to_a_minute_until_an_answer_comes(clock: Clock):
    limits, pauses = limiter(clock), []
    for _ in range(8):
        limits.refused(Bucket.SUBMIT, None)
        pauses.append(limits.pause_left_s(Bucket.SUBMIT))
        clock.now_s += 100
    limits.answered(Bucket.SUBMIT)
    limits.refused(Bucket.SUBMIT, None)

    for pause_s, least_s in zip(pauses, (1, 2, 4, 8, 16, 32, 60, 60), strict=True):
        assert least_s <= pause_s <= least_s * 1.1 + 0.25
    assert limits.pause_left_s(Bucket.SUBMIT) <= 1.25


def test_requests_refused_together_count_as_one_refusal(clock: Clock):
    limits = limiter(clock)

    for _ in range(16):
        limits.refused(Bucket.SUBMIT, None)

    assert limits.pause_left_s(Bucket.SUBMIT) <= 1.25


def test_a_refusal_voids_the_turns_still_waiting(clock: Clock):
    limits = limiter(clock)
    before = limits.take(Bucket.SUBMIT)
    limits.refused(Bucket.SUBMIT, 10)

    limits.give_back(before)
    after = limits.take(Bucket.SUBMIT)

    assert not limits.is_valid(before)
    assert limits.is_valid(after)
    assert after.wait_s == pytest.approx(limits.pause_left_s(Bucket.SUBMIT) + 1 / 4.5)


def test_no_burst_follows_a_pause(clock: Clock):
    limits = limiter(clock)
    limits.refused(Bucket.SUBMIT, 10)
    pause_s = limits.pause_left_s(Bucket.SUBMIT)

    waits = [limits.take(Bucket.SUBMIT).wait_s for _ in range(10)]

    assert waits[0] == pytest.approx(pause_s + 1 / 4.5)
    assert waits[-1] - waits[0] == pytest.approx(9 / 4.5)


def test_after_a_refusal_the_rate_leaves_room_for_others_for_five_minutes(clock: Clock):
    limits = limiter(clock)
    limits.refused(Bucket.SUBMIT, 0)
    clock.now_s += 299
    for _ in range(45):
        limits.take(Bucket.SUBMIT)

    assert limits.take(Bucket.SUBMIT).wait_s == pytest.approx(1 / 4.5)
    clock.now_s += 301
    for _ in range(45):
        limits.take(Bucket.SUBMIT)
    assert limits.take(Bucket.SUBMIT).wait_s == pytest.approx(1 / 4.9)


def test_a_thousand_pictures_are_sent_within_a_tenth_of_the_least_time(clock: Clock):
    limits = limiter(clock)

    last_s = [limits.take(Bucket.SUBMIT).wait_s for _ in range(1_000)][-1]

    assert last_s <= 1.03 * least_duration_s(1_000)


def test_a_wish_for_no_time_still_gives_some_jitter(clock: Clock):
    limits = limiter(clock)

    limits.refused(Bucket.QUERY, 0)

    assert 0 < limits.pause_left_s(Bucket.QUERY) <= 0.25


@pytest.mark.parametrize(("remaining", "polite"), [(99, True), (100, False), (500, False)])
def test_politeness_begins_below_a_fifth(clock: Clock, remaining: int, polite: bool):
    limits = limiter(clock)

    limits.answered(Bucket.QUERY, limit=500, remaining=remaining)

    assert limits.polite_hint is polite


def test_politeness_follows_a_refusal_and_ends(clock: Clock):
    limits = limiter(clock)
    assert limits.polite_hint is False

    limits.refused(Bucket.SUBMIT, 1)
    limits.answered(Bucket.SUBMIT)

    assert limits.polite_hint is True
    clock.now_s += 300
    assert limits.polite_hint is False


def test_a_sped_up_tier_is_faster_by_its_factor(clock: Clock):
    limits = limiter(clock, TIERS["default"].sped_up(100))
    for _ in range(45):
        limits.take(Bucket.SUBMIT)

    assert limits.take(Bucket.SUBMIT).wait_s == pytest.approx(1 / 490)


def test_the_same_key_on_the_same_host_shares_its_limits(clock: Clock):
    limiters = Limiters(clock=clock)

    assert limiters.of("toapis.com", "ab") is limiters.of("toapis.com", "ab")
    assert limiters.of("toapis.com", "ab") is not limiters.of("toapis.com", "cd")
    assert limiters.of("toapis.com", "ab") is not limiters.of("toapis.cn", "ab")


def test_a_thousand_pictures_take_at_least_190_seconds():
    assert least_duration_s(1_000) == 190
    assert least_duration_s(50) == 0
