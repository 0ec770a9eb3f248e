"""Experiments that run: in order, within the budget, paused, resumed, stopped, bought again; nothing twice."""

from collections import Counter
from dataclasses import replace
from decimal import Decimal

import anyio
import pytest

from playground.errors import InvalidRequestError, StorageError
from playground.experiment.lab import Lab
from playground.experiment.plan import ReferenceSet
from playground.experiment.progress import Standing, progress_json
from playground.experiment.shelf import Shelf
from playground.experiment.state import Pause, Wanted
from playground.history.marks import MarkLog
from playground.references import prepare_reference
from playground.runner.engine import Engine
from playground.schema import RunStatus
from tests.engine_rig import HURRY, KEY
from tests.experiment_rig import PAIR_USD, a_plan, open_lab
from tests.photos import PHOTOS

pytestmark = pytest.mark.anyio


async def test_a_plan_is_bought_whole_under_its_own_ids(tmp_path):
    plan = a_plan(4, repeats=2)
    async with open_lab(tmp_path) as rig:
        progress = await rig.run(plan)

        rows = rig.rows(plan.experiment_id)
        assert progress.standing is Standing.FINISHED
        assert {run.run_id for run in rows} == set(plan.run_ids())
        assert rig.engines.charges() == Counter(plan.run_ids())
        assert {run.experiment_id for run in rows} == {plan.experiment_id}
        assert progress.money.charged_usd == rig.charged_usd() == 8 * PAIR_USD
        assert progress.money.reserved_usd == 0
        assert progress.money.account_usd == progress.money.charged_usd
        assert progress.money.unexplained_usd == 0
        assert [each.counts.n_done for each in progress.models] == [8, 8]


async def test_all_lanes_and_repeats_of_a_prompt_leave_together_in_the_drawn_order(tmp_path):
    plan = a_plan(6)
    async with open_lab(tmp_path) as rig:
        await rig.run(plan, in_flight=1)

        lane_of = {run_id: c.run_ids.index((run_id,)) + 1 for c in plan.comparisons
                   for (run_id,) in c.run_ids}  # fmt: skip
        sent = sorted(rig.rows(plan.experiment_id), key=lambda run: run.sent_at)
        assert [run.comparison_id for run in sent[::2]] == [
            each.comparison_id for each in plan.comparisons
        ]
        order = [lane_of[run.run_id] for run in sent]
        assert order == [lane for each in plan.comparisons for lane in each.lane_order]


async def test_running_a_finished_plan_again_buys_nothing(tmp_path):
    plan = a_plan(2)
    async with open_lab(tmp_path) as rig:
        await rig.run(plan)
        again = await rig.run(plan)

        assert again.standing is Standing.FINISHED
        assert len(rig.engines.emulator.charges()) == 4


async def test_references_and_tags_of_the_plan_are_used(tmp_path):
    async with open_lab(tmp_path) as rig:
        photo = prepare_reference(PHOTOS[0], name="x", folder=rig.engines.engine.references_dir)
        plan = a_plan(1, reference_sets=(ReferenceSet(name="x", references=(photo,)),))
        plan = replace(plan, prompts=(replace(plan.prompts[0], tags=("sea", "kind: night")),))
        await rig.run(plan)

        assert {run.reference_sha256 for run in rig.rows(plan.experiment_id)} == {photo.sha256}
        marks = MarkLog(tmp_path / "data" / "marks.csv")
        values = [mark.value for mark in marks.marks_of(plan.comparisons[0].comparison_id)]
        assert values == ["sea", "kind: night"]


async def test_a_reference_that_is_gone_ends_its_runs_and_not_the_lab(tmp_path):
    lost, whole = a_plan(2), a_plan(1)
    async with open_lab(tmp_path) as rig:
        photo = prepare_reference(PHOTOS[0], name="x", folder=rig.engines.engine.references_dir)
        sets = (ReferenceSet(name="x", references=(photo,)),)
        lost = replace(lost, settings=replace(lost.settings, reference_sets=sets))
        experiment_id = rig.add(lost)
        rig.lab.shelf.plan(experiment_id)  # read while the reference was there
        photo.path.unlink()
        rig.lab.run(experiment_id)
        over = await rig.wait(experiment_id, limit_s=20)

        assert over.standing is Standing.FINISHED
        rows = rig.rows(experiment_id)
        assert {(run.status, run.error_kind) for run in rows} == {
            (RunStatus.REFUSED, "reference_gone")
        }
        assert len(rows) == 4
        assert not rig.engines.emulator.charges()
        assert (await rig.run(whole)).counts.n_done == 2


@pytest.mark.parametrize("damage", ["reference", "plan", "state"])
async def test_a_broken_experiment_protects_its_references_and_hides_no_other_s(damage, tmp_path):
    async with open_lab(tmp_path) as rig:
        shelf, folder = rig.lab.shelf, rig.engines.engine.references_dir
        photos = [prepare_reference(each, name="x", folder=folder) for each in PHOTOS[:2]]
        plans = [
            a_plan(1, reference_sets=(ReferenceSet(name="x", references=(each,)),))
            for each in photos
        ]
        for plan in plans:
            shelf.state(rig.add(plan)).set(wanted=Wanted.PAUSED)
        broken = shelf.folder / plans[0].experiment_id
        if damage == "reference":
            photos[0].path.unlink()
        else:
            path = broken / f"{damage}.json"
            path.write_bytes(path.read_bytes()[:-40])

        assert shelf.references_in_use() == {each.sha256 for each in photos}


# ---- budget -----------------------------------------------------------------------------------


async def test_the_whole_budget_is_reserved_before_the_first_picture_is_sent(tmp_path):
    plan = a_plan(5)
    async with open_lab(tmp_path) as rig:
        rig.engines.add_fault("create", "slow", seconds=300.0)
        experiment_id = rig.add(plan)
        rig.lab.run(experiment_id, budget_usd=3 * PAIR_USD)
        progress = await rig.until(experiment_id, lambda p: p.counts.n_reserved > 0)

        assert progress.counts.n_planned == 10
        assert progress.counts.n_reserved + progress.counts.n_running == 6
        assert progress.counts.n_waiting == 4
        assert progress.money.reserved_usd == 3 * PAIR_USD
        rig.engines.emulator.faults.clear()


async def test_the_budget_ends_it_with_everything_finished_kept_and_raising_it_goes_on(tmp_path):
    plan = a_plan(5)
    async with open_lab(tmp_path) as rig:
        paused = await rig.run(plan, budget_usd=3 * PAIR_USD + Decimal("0.01"))
        spent = rig.charged_usd()

        assert (paused.standing, paused.why) == (Standing.PAUSED, Pause.BUDGET)
        assert "2 of 5 comparisons are left" in paused.note
        assert (paused.counts.n_done, paused.counts.n_waiting) == (6, 4)
        assert spent == 3 * PAIR_USD

        rig.lab.set_budget(plan.experiment_id, Decimal(1))
        finished = await rig.wait(plan.experiment_id)

        assert finished.standing is Standing.FINISHED
        assert rig.engines.charges() == Counter(plan.run_ids())


async def test_the_cap_of_the_day_ends_it_too(tmp_path):
    async with open_lab(tmp_path, day_cap_usd=2 * PAIR_USD) as rig:
        paused = await rig.run(a_plan(30))

        assert (paused.standing, paused.why) == (Standing.PAUSED, Pause.DAY_CAP)
        assert rig.charged_usd() == 2 * PAIR_USD
        assert paused.counts.n_done == 4


@pytest.mark.parametrize("budget", ["0.5", "1.23", "2"])
async def test_with_faults_and_many_in_flight_the_budget_is_never_passed(budget, tmp_path):
    plan = a_plan(40)
    async with open_lab(tmp_path) as rig:
        for at, kind in (
            ("create", "reset"),
            ("create", "error_502"),
            ("create", "rate_limited"),
            ("task", "fail_billed"),
            ("task", "fail"),
            ("file", "truncated"),
        ):
            rig.engines.add_fault(at, kind, probability=0.06)
        progress = await rig.run(plan, budget_usd=Decimal(budget), in_flight=16)

        assert rig.charged_usd() <= Decimal(budget)
        assert rig.charged_usd() > Decimal(budget) * Decimal("0.7")
        assert (progress.standing, progress.why) == (Standing.PAUSED, Pause.BUDGET)

        rig.engines.emulator.faults.clear()
        rig.lab.set_budget(plan.experiment_id, None)
        done = await rig.wait(plan.experiment_id)
        assert done.standing is Standing.FINISHED
        assert set(plan.run_ids()) <= {run.run_id for run in rig.rows(plan.experiment_id)}
        assert max(rig.engines.charges().values()) == 1


async def test_charges_above_the_estimates_are_learnt_and_end_it_in_time(tmp_path, monkeypatch):
    async with open_lab(tmp_path) as rig:
        engine = rig.engines.engine
        real = engine.accounts.estimate
        monkeypatch.setattr(
            engine.accounts, "estimate", lambda *a: replace(real(*a), usd=real(*a).usd / 2)
        )
        progress = await rig.run(a_plan(20), budget_usd=6 * PAIR_USD, in_flight=2)

        assert progress.why is Pause.BUDGET
        assert rig.charged_usd() <= 6 * PAIR_USD


async def test_an_unknown_price_blocks_until_one_is_given(tmp_path, monkeypatch):
    plan = a_plan(4)
    async with open_lab(tmp_path) as rig:
        monkeypatch.setattr(rig.engines.engine.accounts, "estimate", lambda *_: None)
        paused = await rig.run(plan, budget_usd=Decimal(1))

        assert (paused.standing, paused.why) == (Standing.PAUSED, Pause.PRICE)
        assert rig.engines.emulator.charges() == []

        rig.engines.add_fault("task", "no_billing")
        rig.lab.run(plan.experiment_id, price_usd=Decimal("0.25"))
        limited = await rig.wait(plan.experiment_id)
        assert limited.why is Pause.BUDGET
        assert limited.counts.n_done == 4
        assert limited.money.spent_usd == Decimal(1)
        assert limited.money.n_charge_unknown == 4


async def test_a_given_price_counts_against_the_cap_of_the_day(tmp_path, monkeypatch):
    async with open_lab(tmp_path, day_cap_usd=Decimal("1.1")) as rig:
        monkeypatch.setattr(rig.engines.engine.accounts, "estimate", lambda *_: None)
        rig.engines.add_fault("task", "no_billing")
        paused = await rig.run(a_plan(30), price_usd=Decimal("0.25"))

        assert paused.why is Pause.DAY_CAP
        assert paused.counts.n_done == 4


async def test_an_account_that_refuses_pauses_instead_of_using_up_the_plan(tmp_path):
    plan = a_plan(40)
    async with open_lab(tmp_path) as rig:
        rig.engines.add_fault("create", "refuse_402")
        paused = await rig.run(plan, in_flight=2)

        assert (paused.standing, paused.why) == (Standing.PAUSED, Pause.ACCOUNT)
        assert 5 <= paused.counts.n_failed <= 12

        rig.engines.emulator.faults.clear()
        rig.lab.run(plan.experiment_id)
        await rig.wait(plan.experiment_id)
        rig.lab.retry_failed(plan.experiment_id)
        assert (await rig.wait(plan.experiment_id)).counts.n_done == 80


# ---- pause, resume, stop, again ---------------------------------------------------------------


async def test_a_pause_sends_no_more_and_finishes_what_is_in_flight(tmp_path):
    plan = a_plan(12)
    async with open_lab(tmp_path) as rig:
        rig.engines.add_fault("task", "slow", seconds=30.0)
        experiment_id = rig.add(plan)
        rig.lab.run(experiment_id, in_flight=2)
        await rig.until(experiment_id, lambda p: p.counts.n_running >= 2)
        rig.lab.pause(experiment_id)
        paused = await rig.until_standing(experiment_id, Standing.PAUSED)
        n_charges = len(rig.engines.emulator.charges())

        assert paused.why is Pause.PERSON
        assert n_charges == paused.counts.n_done
        assert 2 <= n_charges <= 8
        assert paused.counts.n_reserved == 24 - n_charges
        await anyio.sleep(0.2)
        assert len(rig.engines.emulator.charges()) == n_charges

        rig.engines.emulator.faults.clear()
        rig.lab.run(experiment_id)
        assert (await rig.wait(experiment_id)).standing is Standing.FINISHED
        assert rig.engines.charges() == Counter(plan.run_ids())


@pytest.mark.parametrize("is_resident", [True, False])
async def test_a_paused_one_holds_no_lease_and_hears_what_another_program_wants(
    is_resident, tmp_path
):
    plan = a_plan(6)
    async with open_lab(tmp_path, is_resident=is_resident) as rig:
        rig.engines.add_fault("task", "slow", seconds=20.0)
        experiment_id = rig.add(plan)
        rig.lab.run(experiment_id, in_flight=1)
        await rig.until(experiment_id, lambda p: p.counts.n_running > 0)
        rig.lab.pause(experiment_id)
        paused = await rig.wait(experiment_id)
        assert paused.standing is Standing.PAUSED
        with anyio.fail_after(10):
            while rig.lab.shelf.is_led(experiment_id):
                await anyio.sleep(0.01)
        # Nor is it taken again and again for the runs that it has reserved.
        await anyio.sleep(2.5)
        assert not rig.lab.is_run_here(experiment_id)
        assert paused.counts.n_reserved > 0

        rig.engines.emulator.faults.clear()
        elsewhere = Shelf(
            rig.lab.shelf.data_dir, rig.engines.engine.log, rig.engines.engine.kit.journal
        )
        elsewhere.order_run(experiment_id)  # the file alone tells of it
        assert (await rig.wait(experiment_id)).standing is Standing.FINISHED
        assert rig.engines.charges() == Counter(plan.run_ids())


async def test_a_paused_one_that_is_stopped_elsewhere_gives_up_what_it_reserved(tmp_path):
    plan = a_plan(6)
    async with open_lab(tmp_path) as rig:
        rig.engines.add_fault("task", "slow", seconds=20.0)
        experiment_id = rig.add(plan)
        rig.lab.run(experiment_id, in_flight=1)
        await rig.until(experiment_id, lambda p: p.counts.n_running > 0)
        rig.lab.pause(experiment_id)
        await rig.wait(experiment_id)
        rig.lab.shelf.order_stop(experiment_id)

        assert (await rig.wait(experiment_id)).standing is Standing.STOPPED
        assert rig.lab.progress(experiment_id).counts.n_reserved == 0


async def test_a_stop_gives_up_the_rest_and_keeps_what_was_sent(tmp_path):
    plan = a_plan(12)
    async with open_lab(tmp_path) as rig:
        rig.engines.add_fault("task", "slow", seconds=30.0)
        experiment_id = rig.add(plan)
        rig.lab.run(experiment_id, in_flight=2)
        await rig.until(experiment_id, lambda p: p.counts.n_running >= 2)
        rig.lab.stop(experiment_id)
        stopped = await rig.until_standing(experiment_id, Standing.STOPPED)
        await rig.until(experiment_id, lambda p: p.counts.n_ended == 24)

        rows = rig.rows(experiment_id)
        statuses = Counter(run.status for run in rows)
        assert stopped.counts.n_reserved == 0
        assert len(rows) == 24
        assert statuses[RunStatus.SUCCEEDED] == len(rig.engines.emulator.charges()) >= 2
        assert statuses[RunStatus.CANCELLED] == 24 - statuses[RunStatus.SUCCEEDED]
        with pytest.raises(InvalidRequestError, match="stopped"):
            rig.lab.run(experiment_id)

        rig.engines.emulator.faults.clear()
        rig.lab.retry_failed(experiment_id, statuses=(RunStatus.CANCELLED,))
        assert (await rig.wait(experiment_id)).counts.n_done == 24


async def test_only_what_failed_is_bought_again_and_the_old_rows_stay(tmp_path):
    plan = a_plan(5)
    async with open_lab(tmp_path) as rig:
        rig.engines.add_fault("create", "refuse_422", model="flux-2-pro", times=2)
        rig.engines.add_fault("task", "fail", model="flux-2-flex", times=1)
        first = await rig.run(plan)
        again = rig.lab.retry_failed(plan.experiment_id)
        done = await rig.wait(plan.experiment_id)

        rows = {run.run_id: run for run in rig.rows(plan.experiment_id)}
        assert (first.counts.n_failed, first.counts.n_done) == (3, 7)
        assert len(again) == 3
        assert (done.counts.n_done, done.n_retries) == (10, 3)
        assert len(rows) == 13
        assert {run.retry_of for run in rows.values()} - {None} == set(again)
        assert all(rows[run_id].status != RunStatus.SUCCEEDED for run_id in again)
        assert rig.lab.retry_failed(plan.experiment_id) == ()


async def test_the_budget_holds_for_what_is_bought_again(tmp_path):
    plan = a_plan(3)
    async with open_lab(tmp_path) as rig:
        rig.engines.add_fault("task", "fail_billed", times=2)
        budget = 3 * PAIR_USD
        await rig.run(plan, budget_usd=budget)
        rig.lab.retry_failed(plan.experiment_id)
        paused = await rig.wait(plan.experiment_id)

        assert paused.why is Pause.BUDGET
        assert rig.charged_usd() <= budget
        rig.lab.set_budget(plan.experiment_id, Decimal(1))
        assert (await rig.wait(plan.experiment_id)).counts.n_done == 6


async def test_a_run_in_doubt_is_asked_for_before_it_is_bought_again(tmp_path):
    plan = a_plan(1)
    async with open_lab(tmp_path) as rig:
        rig.engines.add_fault("create", "reset", late_s=3.0, times=1)
        first = await rig.run(plan)
        assert first.n_unconfirmed == 1
        assert rig.lab.retry_failed(plan.experiment_id) == ()

        await rig.engines.until(lambda: len(rig.engines.emulator.charges()) == 2)
        await anyio.sleep(3.2)
        rig.lab.retry_failed(plan.experiment_id, statuses=(RunStatus.UNCONFIRMED,))
        done = await rig.wait(plan.experiment_id)

        assert done.counts.n_done == 2
        assert len(rig.engines.emulator.charges()) == 2


async def test_with_thirty_per_cent_faults_every_picture_gets_a_row_and_retrying_finishes(tmp_path):
    plan = a_plan(30)
    creates = ("reset", "eof", "hang", "error_500", "error_502", "html_200", "broken_json",
               "empty_200", "no_id", "refuse_400", "refuse_422", "rate_limited")  # fmt: skip
    others = (
        *(("status", kind) for kind in ("reset", "error_500", "html_200", "not_found")),
        *(("task", kind) for kind in ("fail", "fail_billed", "moderate", "slow", "no_billing")),
        *(("file", kind) for kind in ("truncated", "corrupt", "html", "gone", "reset")),
    )
    async with open_lab(tmp_path) as rig:
        for kind in creates:
            rig.engines.add_fault("create", kind, probability=0.3 / len(creates), seconds=0.2)
        for at, kind in others:
            rig.engines.add_fault(at, kind, probability=0.06)
        progress = await rig.run(plan)
        while progress.why is Pause.ACCOUNT:
            rig.lab.run(plan.experiment_id)
            progress = await rig.wait(plan.experiment_id)
        first = {run.run_id: run for run in rig.rows(plan.experiment_id)}

        assert progress.standing is Standing.FINISHED
        assert set(first) == set(plan.run_ids())
        assert 0 < progress.counts.n_failed < 60
        assert max(rig.engines.charges().values()) == 1

        rig.engines.emulator.faults.clear()
        everything = (RunStatus.FAILED, RunStatus.REFUSED, RunStatus.UNCONFIRMED)
        rig.lab.retry_failed(plan.experiment_id, statuses=everything)
        done = await rig.wait(plan.experiment_id)
        assert done.counts.n_done == 60
        assert max(rig.engines.charges().values()) == 1


# ---- several experiments, several watchers ----------------------------------------------------


async def test_experiments_queue_and_run_one_at_a_time(tmp_path):
    one, two = a_plan(3), a_plan(3)
    async with open_lab(tmp_path) as rig:
        rig.engines.add_fault("task", "slow", seconds=20.0)
        for plan in (one, two):
            rig.lab.run(rig.add(plan))
        await rig.until(one.experiment_id, lambda p: p.counts.n_running > 0)

        waiting = rig.lab.progress(two.experiment_id)
        assert waiting.standing is Standing.QUEUED
        await rig.wait(one.experiment_id)
        await rig.wait(two.experiment_id)
        last = max(run.sent_at for run in rig.rows(one.experiment_id))
        assert last < min(run.sent_at for run in rig.rows(two.experiment_id))


async def test_one_that_is_paused_in_the_queue_holds_up_nobody(tmp_path):
    plans = [a_plan(2) for _ in range(3)]
    async with open_lab(tmp_path) as rig:
        rig.engines.add_fault("task", "slow", seconds=20.0)
        for plan in plans:
            rig.lab.run(rig.add(plan))
        await rig.until(plans[0].experiment_id, lambda p: p.counts.n_running > 0)
        rig.lab.pause(plans[1].experiment_id)
        await rig.until_standing(plans[1].experiment_id, Standing.PAUSED)

        assert (await rig.wait(plans[2].experiment_id)).standing is Standing.FINISHED
        assert rig.rows(plans[1].experiment_id) == ()


async def test_what_nobody_waits_for_any_longer_holds_up_neither_the_rest_nor_others(tmp_path):
    late = replace(HURRY, deadline_s=0.5)
    one, two = a_plan(6), a_plan(1)
    async with open_lab(tmp_path, patience=late) as rig:
        rig.engines.add_fault("task", "slow", seconds=800.0, times=2)
        rig.lab.run(rig.add(one), in_flight=1)
        rig.lab.run(rig.add(two))
        waiting = await rig.wait(one.experiment_id)

        assert waiting.counts.n_done == 10
        assert waiting.counts.n_running == 2
        assert (await rig.wait(two.experiment_id)).standing is Standing.FINISHED
        assert (await rig.until_standing(one.experiment_id, Standing.FINISHED)).counts.n_done == 12


async def test_a_disk_that_refuses_pauses_it_and_says_so(tmp_path, monkeypatch):
    plan = a_plan(2)
    async with open_lab(tmp_path) as rig:

        def full(*_args, **_more):
            raise StorageError("The disk is full.")

        monkeypatch.setattr(rig.engines.engine, "reserve", full)
        paused = await rig.run(plan)

        assert (paused.standing, paused.why) == (Standing.PAUSED, Pause.STORAGE)
        assert "The disk is full." in paused.note
        monkeypatch.undo()
        rig.lab.run(plan.experiment_id)
        assert (await rig.wait(plan.experiment_id)).counts.n_done == 4


async def test_runs_that_another_program_took_over_are_not_bought_a_second_time(tmp_path):
    """An app that adopted a dead command's reservations runs it; whoever asks for it watches."""
    plan = a_plan(6)
    async with open_lab(tmp_path) as rig:
        engine = rig.engines.engine
        other = Engine(engine.settings, patience=engine.kit.patience)
        await other.start()
        account = await other.open_account(rig.engines.server.url, KEY)
        comparisons = [plan.comparison(each) for each in plan.comparisons]
        command = Lab(other, account_id=account.account_id, is_resident=False)
        await command.start()
        try:
            # Reserved here without a lease, as after an adoption.
            experiment_id = rig.add(plan)
            engine.reserve(comparisons, account_id=rig.engines.account_id, session_id=None)
            command.run(experiment_id)
            done = await rig.wait(experiment_id)

            assert done.standing is Standing.FINISHED
            assert rig.engines.charges() == Counter(plan.run_ids())
            assert not command.is_run_here(experiment_id)
        finally:
            await command.close()
            await other.close()


async def test_two_labs_over_one_folder_buy_once_and_agree(tmp_path):
    plan = a_plan(6)
    async with open_lab(tmp_path) as rig:
        first = rig.engines.engine
        other = Engine(first.settings, patience=first.kit.patience)
        await other.start()
        account = await other.open_account(rig.engines.server.url, KEY)
        watcher = Lab(other, account_id=account.account_id)
        await watcher.start()
        try:
            experiment_id = rig.add(plan)
            rig.engines.add_fault("task", "slow", seconds=20.0)
            rig.lab.run(experiment_id, in_flight=1)
            await rig.until(experiment_id, lambda p: p.counts.n_running > 0)
            watcher.run(experiment_id)
            watcher.pause(experiment_id)
            await rig.until_standing(experiment_id, Standing.PAUSED)

            mine, theirs = rig.lab.progress(experiment_id), watcher.progress(experiment_id)
            assert progress_json(mine) == progress_json(theirs)
            assert mine.counts.n_reserved > 0

            rig.engines.emulator.faults.clear()
            watcher.run(experiment_id)
            done = await rig.wait(experiment_id)
            assert done.standing is Standing.FINISHED
            assert progress_json(watcher.progress(experiment_id)) == progress_json(done)
            assert rig.engines.charges() == Counter(plan.run_ids())
        finally:
            await watcher.close()
            await other.close()


async def test_a_closed_program_leaves_it_for_the_next_start_which_goes_on(tmp_path):
    plan = a_plan(8)
    async with open_lab(tmp_path) as rig:
        experiment_id = rig.add(plan)
        rig.lab.run(experiment_id, in_flight=1)
        await rig.until(experiment_id, lambda p: p.counts.n_done >= 3)
        assert rig.lab.shelf.state(experiment_id).read().wanted is Wanted.RUNNING
        await restarted(rig)
        try:
            done = await rig.wait(experiment_id)
            assert done.standing is Standing.FINISHED
            assert done.counts.n_done == 16
            assert rig.engines.charges() == Counter(plan.run_ids())
        finally:
            await rig.lab.close()
            await rig.engines.engine.close()


async def restarted(rig, *, go_on: bool = True):
    """Closes the program and starts another on the same folder."""
    await rig.lab.close()
    await rig.engines.engine.close()
    old = rig.engines.engine
    rig.engines.engine = Engine(old.settings, patience=old.kit.patience)
    await rig.engines.engine.start()
    account = await rig.engines.engine.open_account(rig.engines.server.url, KEY)
    rig.lab = Lab(rig.engines.engine, account_id=account.account_id)
    await rig.lab.start(go_on=go_on)


async def test_it_does_not_go_on_by_itself_where_that_is_not_wanted(tmp_path):
    plan = a_plan(8)
    async with open_lab(tmp_path) as rig:
        rig.engines.add_fault("task", "slow", seconds=60.0)
        experiment_id = rig.add(plan)
        rig.lab.run(experiment_id, in_flight=1)
        await rig.until(experiment_id, lambda p: p.counts.n_done >= 2)
        await restarted(rig, go_on=False)
        try:
            paused = await rig.until_standing(experiment_id, Standing.PAUSED)
            assert paused.note == "Its program ended."
            assert paused.counts.n_reserved > 0
            rig.engines.emulator.faults.replace([])
            rig.lab.run(experiment_id)
            assert (await rig.wait(experiment_id)).counts.n_done == 16
            assert rig.engines.charges() == Counter(plan.run_ids())
        finally:
            await rig.lab.close()
            await rig.engines.engine.close()


async def test_what_a_deleted_plan_has_reserved_is_given_up(tmp_path):
    plan = a_plan(2)
    async with open_lab(tmp_path) as rig:
        engine = rig.engines.engine
        comparisons = [plan.comparison(each) for each in plan.comparisons]
        engine.reserve(comparisons, account_id=rig.engines.account_id, session_id=None)

        def statuses():
            return [
                run.status for each in comparisons for run in engine.log.runs_of(each.comparison_id)
            ]

        await rig.engines.until(lambda: len(statuses()) == 4)
        assert set(statuses()) == {RunStatus.CANCELLED}
        assert rig.engines.charges() == {}


async def test_another_key_may_not_go_on_with_it(tmp_path):
    async with open_lab(tmp_path) as rig:
        experiment_id = rig.add(a_plan(1))
        rig.lab.shelf.state(experiment_id).set(
            account={"origin": "live", "host": "x", "fingerprint": "y"}
        )

        with pytest.raises(InvalidRequestError, match="another key"):
            rig.lab.run(experiment_id)


@pytest.mark.parametrize("bad", ["../x", "exp_", "exp_" + "0" * 30, "", None])
async def test_what_is_no_experiment_says_so(bad, tmp_path):
    async with open_lab(tmp_path) as rig:
        with pytest.raises(InvalidRequestError, match="experiment"):
            rig.lab.progress(bad)


async def test_closing_in_the_moment_a_picture_arrives_does_not_wait_for_the_rest(tmp_path):
    """A cancellation that comes together with news must not be lost."""
    plan = a_plan(6)
    async with open_lab(tmp_path) as rig:
        rig.engines.add_fault("task", "slow", seconds=60.0)
        experiment_id = rig.add(plan)
        rig.lab.run(experiment_id, in_flight=1)
        await rig.until(experiment_id, lambda p: p.counts.n_running > 0)
        await anyio.sleep(0.1)  # the drive has nothing to do but wait
        for drive in rig.lab._drives.values():
            drive.wake()
        await rig.lab.close()

        assert rig.lab.progress(experiment_id).counts.n_done <= 2
