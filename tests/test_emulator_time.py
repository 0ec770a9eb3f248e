"""A task's times: drawn once from a law, shown honestly, the same for both models."""

import random
import statistics

import pytest

from playground.emulator import Dialect, EmulatorSettings, LatencyLaw
from playground.emulator.dialect import Phase
from playground.emulator.tasks import new_ulid
from tests.emulator_rig import running


def totals(law, n=20_000, speed=1.0):
    source = random.Random(1)
    return sorted(law.draw(source, speed=speed).total_s for _ in range(n))


def test_the_default_law_has_its_5_and_95_percent_points_at_5_and_9_seconds():
    times = totals(LatencyLaw())

    assert times[len(times) // 20] == pytest.approx(5.0, rel=0.02)
    assert times[len(times) * 19 // 20] == pytest.approx(9.0, rel=0.02)
    assert statistics.median(times) == pytest.approx(45**0.5, rel=0.02)


def test_speed_divides_every_time_and_changes_no_draw():
    slow = LatencyLaw().draw(random.Random(3), speed=1)
    fast = LatencyLaw().draw(random.Random(3), speed=1_000)

    assert fast.pending_s * 1_000 == pytest.approx(slow.pending_s)
    assert fast.queued_s * 1_000 == pytest.approx(slow.queued_s)
    assert fast.generating_s * 1_000 == pytest.approx(slow.generating_s)


def test_stragglers_take_three_times_as_long():
    law = LatencyLaw(straggler_probability=1.0)

    assert totals(law, 100)[0] > 3 * 3.5


def test_waiting_is_a_tenth_to_three_tenths_of_the_whole():
    source = random.Random(1)
    shares = []
    for _ in range(2_000):
        times = LatencyLaw().draw(source, speed=1)
        shares.append((times.pending_s + times.queued_s) / times.total_s)

    assert 0.10 <= min(shares) < 0.11
    assert 0.29 < max(shares) <= 0.30


@pytest.mark.parametrize(
    "values", [{"p5_s": 0}, {"p5_s": 9, "p95_s": 5}, {"waiting_low": 0.5, "waiting_high": 0.4}]
)
def test_an_impossible_law_is_refused(values):
    with pytest.raises(ValueError, match="needs"):
        LatencyLaw(**values)


def test_a_law_can_be_written_as_text():
    assert LatencyLaw.parse("8-30") == LatencyLaw(p5_s=8, p95_s=30)
    with pytest.raises(ValueError, match="P5-P95"):
        LatencyLaw.parse("8")


def test_both_models_have_the_same_law_until_told_otherwise(tmp_path):
    slow = LatencyLaw(p5_s=60, p95_s=90)
    settings = EmulatorSettings(data_dir=tmp_path, laws={"flux-2-pro": slow})

    assert EmulatorSettings(data_dir=tmp_path).laws == {}
    assert settings.law_of("flux-2-pro") is slow
    assert settings.law_of("flux-2-flex") == LatencyLaw()
    with pytest.raises(ValueError, match="flux-9"):
        EmulatorSettings(data_dir=tmp_path, laws={"flux-9": slow})


def made(data_dir, models, **settings):
    with running(data_dir, **settings) as rig:
        ids = [rig.created_id(model=model) for model in models]
        tasks = [rig.emulator.store.task(task_id) for task_id in ids]
    return {
        model: [(t.finished_at - t.created_at, t.seed) for t in tasks if t.model == model]
        for model in set(models)
    }


def test_a_seed_makes_times_and_pictures_repeatable_in_any_order_of_the_models(tmp_path):
    flex, pro = "flux-2-flex", "flux-2-pro"
    first = made(tmp_path / "a", [flex, pro, flex, pro])
    second = made(tmp_path / "b", [pro, flex, flex, pro])
    other = made(tmp_path / "c", [flex, pro, flex, pro], seed=8)

    assert first == second
    assert first != other
    assert first[flex] != first[pro]


def test_without_a_seed_nothing_repeats(tmp_path):
    first = made(tmp_path / "a", ["flux-2-pro"], seed=None)

    assert first != made(tmp_path / "b", ["flux-2-pro"], seed=None)


def test_progress_is_the_share_of_the_whole_time_that_has_passed(tmp_path):
    with running(tmp_path) as rig:
        task_id = rig.created_id()
        task = rig.emulator.store.task(task_id)
        total_s = task.finished_at - task.created_at
        seen = {}
        for percent in (0, 5, 40, 50, 75, 99, 100):
            rig.clock.now_s = task.created_at + total_s * (percent + 0.01) / 100
            seen[percent] = rig.ask(task_id)["progress"]

    assert seen == {0: 0, 5: 0, 40: 40, 50: 50, 75: 75, 99: 99, 100: 100}


def test_a_task_never_goes_back(tmp_path):
    order = [Phase.PENDING, Phase.QUEUED, Phase.IN_PROGRESS, Phase.COMPLETED]
    with running(tmp_path) as rig:
        task = rig.emulator.store.task(rig.created_id())
    moments = [task.created_at + n * 0.05 for n in range(400)]
    phases = [order.index(task.phase_at(moment)) for moment in moments]
    progress = [task.progress_at(moment) for moment in moments]

    assert phases == sorted(phases)
    assert progress == sorted(progress)
    assert {phases[0], phases[-1]} == {0, 3}


def test_a_task_in_the_documented_style_is_never_pending(tmp_path):
    with running(tmp_path, dialect=Dialect(id_style="task_img")) as rig:
        task = rig.emulator.store.task(rig.created_id())

    assert task.phase_at(task.created_at) is Phase.QUEUED
    assert task.started_at > task.queued_at


def test_ids_sort_by_the_time_they_were_made():
    ids = [new_ulid(1_700_000_000 + n) for n in range(50)]

    assert ids == sorted(ids)
    assert {len(ulid) for ulid in ids} == {26}
    assert ids[0][:10] == "01HF7YAT00"  # 1 700 000 000 000 ms in Crockford's base 32
    assert len({new_ulid(0) for _ in range(1_000)}) == 1_000
