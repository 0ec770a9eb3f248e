"""The protocol for one picture, over sockets, against the emulator and its faults."""

import hashlib
import time
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import anyio
import pytest

from playground import images
from playground.errors import BudgetExceededError, InvalidRequestError, UnknownPriceError
from playground.references import prepare_reference
from playground.runlog import load_runs
from playground.runner.engine import Engine
from playground.runner.views import Phase
from playground.schema import Origin, Run, RunStatus, column_info
from playground.settings import Settings
from tests.engine_rig import HURRY, KEY, open_rig
from tests.photos import PHOTOS

pytestmark = pytest.mark.anyio

MAY_BE_EMPTY = {
    "experiment_id",
    "retry_of",
    "owner_id",
    "reference_sha256",
    "reference_urls",
    "error_kind",
    "error_message",
    "service_message",
    "upload_s",
    # The emulator at this speed may be over before it is first asked.
    "queued_s",
    "generating_s",
}


def photos(folder: Path):
    return tuple(prepare_reference(path, name=path.name, folder=folder) for path in PHOTOS)


async def test_a_comparison_ends_in_two_kept_pictures_and_two_complete_rows(tmp_path):
    async with open_rig(tmp_path) as rig:
        runs = await rig.run()

    frame = load_runs(tmp_path / "data" / "runs.csv")
    assert [run.status for run in runs] == ["succeeded", "succeeded"]
    assert [run.model for run in runs] == ["flux-2-flex", "flux-2-pro"]
    assert len(frame) == 2
    for row in frame.to_dict("records"):
        kept = (tmp_path / "data" / row["file"]).read_bytes()
        assert hashlib.sha256(kept).hexdigest() == row["sha256"]
        assert (row["width_px"], row["height_px"]) == (1024, 1024)
    empty = set(frame.columns[frame.isna().any()])
    assert empty <= MAY_BE_EMPTY
    assert list(frame.columns) == list(column_info(Run))


async def test_a_row_tells_the_charge_as_the_service_told_it(tmp_path):
    async with open_rig(tmp_path) as rig:
        runs = await rig.run()
        charged = {c.client_business_id: c.credits for c in rig.emulator.charges()}

    for run in runs:
        assert run.charged_credits == charged[run.run_id]
        assert run.charged_usd == charged[run.run_id] / 200
        assert run.billing_status == "settled"
        assert run.estimate_kind == "quoted"
        assert run.origin == Origin.EMULATED


async def test_both_lanes_leave_at_the_same_moment(tmp_path):
    async with open_rig(tmp_path) as rig:
        flex, pro = await rig.run()

    assert abs(flex.sent_at - pro.sent_at) < timedelta(seconds=0.25)


async def test_references_are_uploaded_once_and_sent_in_order(tmp_path):
    async with open_rig(tmp_path) as rig:
        three = photos(rig.engine.references_dir)
        first = await rig.run("c1", references=three)
        uploads = rig.emulator.tally.requests["upload"]
        second = await rig.run("c2", references=tuple(reversed(three)))
        uploads_after = rig.emulator.tally.requests["upload"]

    assert (uploads, uploads_after) == (3, 3)
    hashes = [reference.sha256 for reference in three]
    for run in first:
        assert run.reference_sha256.split() == hashes
        assert run.reference_urls == first[0].reference_urls
    for run in second:
        assert run.reference_sha256.split() == hashes[::-1]
        assert run.reference_urls.split() == first[0].reference_urls.split()[::-1]


@pytest.mark.parametrize(
    "kind",
    [
        "reset",
        "reset_mid_answer",
        "eof",
        "eof_mid_answer",
        "error_500",
        "error_502",
        "error_504",
        "html_200",
        "broken_json",
        "empty_200",
        "no_id",
    ],
)
async def test_a_lost_answer_is_looked_up_and_never_sent_again(kind, tmp_path):
    async with open_rig(tmp_path) as rig:
        rig.add_fault("create", kind)
        runs = await rig.run()
        creates = rig.emulator.tally.requests["create"]

    assert [run.status for run in runs] == ["succeeded", "succeeded"]
    assert creates == 2
    assert set(rig.charges().values()) == {1}


@pytest.mark.parametrize("kind", ["reset", "error_500", "html_200"])
async def test_a_lost_answer_that_nobody_knows_is_unconfirmed_and_counts(kind, tmp_path):
    async with open_rig(tmp_path) as rig:
        rig.add_fault("create", kind, is_charged=False)
        runs = await rig.run()
        money = rig.engine.money(Origin.EMULATED, "me")
        creates = rig.emulator.tally.requests["create"]

    assert {run.status for run in runs} == {RunStatus.UNCONFIRMED}
    assert creates == 2
    assert rig.charges() == {}
    assert all(run.charged_usd is None for run in runs)
    assert money.day_usd == sum(run.estimate_usd for run in runs)
    assert "may have been charged" in runs[0].error_message


async def test_what_arrived_late_can_be_looked_for_again_for_free(tmp_path):
    async with open_rig(tmp_path) as rig:
        rig.add_fault("create", "reset", late_s=0.6, times=1)
        (run,) = await rig.run(lanes=("flux-2-pro",))
        await anyio.sleep(0.7)
        adopted = await rig.engine.look_again(run.run_id, account_id=rig.account_id)
        again = await rig.engine.look_again(run.run_id, account_id=rig.account_id)
        (found,) = await rig.finish()

    assert run.status == RunStatus.UNCONFIRMED
    assert adopted.run_id != run.run_id
    assert again.run_id == adopted.run_id
    assert (found.status, found.retry_of) == (RunStatus.SUCCEEDED, run.run_id)
    assert sum(rig.charges().values()) == 1


@pytest.mark.parametrize("kind", ["rate_limited", "rate_limit_unavailable"])
async def test_what_the_service_did_not_take_is_sent_again(kind, tmp_path):
    async with open_rig(tmp_path) as rig:
        rig.add_fault("create", kind, times=1, retry_after_s=0.05)
        runs = await rig.run()

    assert [run.status for run in runs] == ["succeeded", "succeeded"]
    assert set(rig.charges().values()) == {1}


async def test_sending_again_has_an_end(tmp_path):
    patience = replace(HURRY, submit_attempts=3)
    async with open_rig(tmp_path, patience=patience) as rig:
        rig.add_fault("create", "rate_limited", retry_after_s=0.01)
        (run,) = await rig.run(lanes=("flux-2-pro",))
        creates = rig.emulator.tally.requests["create"]

    assert (run.status, run.error_kind) == (RunStatus.REFUSED, "rate_limited")
    assert creates == 3
    assert run.charged_usd is None


@pytest.mark.parametrize(
    ("kind", "error_kind"),
    [
        ("refuse_400", "rejected"),
        ("refuse_401", "authentication"),
        ("refuse_402", "balance"),
        ("refuse_413", "rejected"),
        ("refuse_422", "moderation"),
    ],
)
async def test_a_refusal_is_one_row_with_the_services_reason(kind, error_kind, tmp_path):
    async with open_rig(tmp_path) as rig:
        rig.add_fault("create", kind, model="flux-2-flex")
        flex, pro = await rig.run()

    assert (flex.status, flex.error_kind) == (RunStatus.REFUSED, error_kind)
    assert flex.service_message
    assert flex.task_id is None
    assert pro.status == RunStatus.SUCCEEDED


@pytest.mark.parametrize(
    ("kind", "error_kind", "charged"),
    [("fail", "generation", 0), ("moderate", "moderation", 0), ("fail_billed", "generation", 5)],
)
async def test_a_failed_task_is_a_row_with_its_money(kind, error_kind, charged, tmp_path):
    async with open_rig(tmp_path) as rig:
        rig.add_fault("task", kind)
        (run,) = await rig.run(lanes=("flux-2-pro",))

    assert (run.status, run.error_kind) == (RunStatus.FAILED, error_kind)
    assert run.service_message
    assert run.task_id
    assert run.charged_credits == charged


@pytest.mark.parametrize(
    "kind",
    [
        "top_level_url",
        "bare_url",
        "data_url",
        "string_progress",
        "unknown_status",
        "upper_case",
        "synonyms",
        "other_synonyms",
        "task_id_key",
        "lying_progress",
    ],
)
async def test_every_way_of_saying_it_ends_in_a_picture(kind, tmp_path):
    async with open_rig(tmp_path) as rig:
        rig.add_fault("task", kind)
        (run,) = await rig.run(lanes=("flux-2-pro",))

    assert run.status == RunStatus.SUCCEEDED


async def test_no_word_about_money_is_unknown_and_not_zero(tmp_path):
    async with open_rig(tmp_path) as rig:
        rig.add_fault("task", "no_billing")
        (run,) = await rig.run(lanes=("flux-2-pro",))

    assert run.charged_usd is None
    assert run.billing_status is None


async def test_a_completed_task_without_a_picture_is_a_failure_that_says_so(tmp_path):
    async with open_rig(tmp_path) as rig:
        rig.add_fault("task", "missing_url")
        (run,) = await rig.run(lanes=("flux-2-pro",))

    assert (run.status, run.error_kind) == (RunStatus.FAILED, "no_result")


@pytest.mark.parametrize(
    "kind",
    [
        "error_500",
        "error_502",
        "html_200",
        "broken_json",
        "reset",
        "eof",
        "not_found",
        "task_not_exist",
        "rate_limited",
    ],
)
async def test_a_silent_status_is_asked_for_again(kind, tmp_path):
    async with open_rig(tmp_path) as rig:
        rig.add_fault("status", kind, times=4, retry_after_s=0.02)
        (run,) = await rig.run(lanes=("flux-2-pro",))

    assert run.status == RunStatus.SUCCEEDED
    assert sum(rig.charges().values()) == 1


@pytest.mark.parametrize("kind", ["truncated", "corrupt", "reset", "gone", "error_502"])
async def test_a_file_that_arrives_broken_once_is_fetched_again(kind, tmp_path):
    async with open_rig(tmp_path) as rig:
        rig.add_fault("file", kind, times=1)
        (run,) = await rig.run(lanes=("flux-2-pro",))

    assert run.status == RunStatus.SUCCEEDED


@pytest.mark.parametrize(
    ("kind", "error_kind"),
    [
        ("truncated", "bad_file"),
        ("corrupt", "bad_file"),
        ("html", "bad_file"),
        ("bomb", "bad_file"),
        ("gzip_bomb", "bad_file"),
        ("gone", "expired"),
        ("forbidden", "expired"),
    ],
)
async def test_a_file_that_is_never_right_ends_with_the_task_id_kept(kind, error_kind, tmp_path):
    async with open_rig(tmp_path) as rig:
        rig.add_fault("file", kind)
        (run,) = await rig.run(lanes=("flux-2-pro",))

    assert (run.status, run.error_kind) == (RunStatus.FAILED, error_kind)
    assert run.task_id
    assert run.result_url
    assert run.charged_usd is not None
    assert list((tmp_path / "data" / "pictures").iterdir()) == []


async def test_the_file_host_never_sees_a_key(tmp_path):
    async with open_rig(tmp_path) as rig:
        await rig.run(references=photos(rig.engine.references_dir))

    assert rig.emulator.tally.leaks == []


async def test_stopping_before_it_is_sent_buys_nothing(tmp_path):
    async with open_rig(tmp_path) as rig:
        rig.add_fault("upload", "hang", seconds=20.0)
        await rig.begin(references=photos(rig.engine.references_dir)[:1])
        await rig.until(lambda: rig.engine.views("c1")[0].phase is Phase.PREPARING)
        rig.engine.stop("c1")
        runs = await rig.finish()
        money = rig.engine.money(Origin.EMULATED, "me")

    assert {run.status for run in runs} == {RunStatus.CANCELLED}
    assert rig.charges() == {}
    assert (money.session_usd, money.day_usd) == (0, 0)


async def test_stopping_after_it_was_sent_loses_nothing(tmp_path):
    async with open_rig(tmp_path, emulator={"speed": 8.0}) as rig:
        await rig.begin()
        await rig.until(lambda: all(v.phase is Phase.GENERATING for v in rig.engine.views("c1")))
        rig.engine.stop("c1")
        await rig.until(lambda: all(v.is_detached for v in rig.engine.views("c1")), limit_s=0.5)
        runs = await rig.finish()

    assert {run.status for run in runs} == {RunStatus.SUCCEEDED}
    assert set(rig.charges().values()) == {1}


async def test_past_the_deadline_the_card_lets_go_and_the_task_stays_open(tmp_path):
    async with open_rig(tmp_path, patience=replace(HURRY, deadline_s=0.1)) as rig:
        rig.add_fault("task", "slow", seconds=1.0 * 100)
        await rig.begin(lanes=("flux-2-pro",))
        await rig.until(lambda: rig.engine.views("c1")[0].is_over)
        (open_view,) = rig.engine.open_views()
        (run,) = await rig.finish()

    assert open_view.is_detached
    assert run.status == RunStatus.SUCCEEDED


async def test_a_task_that_never_ends_is_given_up_after_a_results_life(tmp_path):
    async with open_rig(tmp_path, patience=replace(HURRY, give_up_s=0.3)) as rig:
        rig.add_fault("task", "stuck")
        (run,) = await rig.run(lanes=("flux-2-pro",))

    assert (run.status, run.error_kind) == (RunStatus.TIMED_OUT, "never_final")
    assert run.task_id


async def test_the_same_comparison_again_buys_nothing(tmp_path):
    async with open_rig(tmp_path) as rig:
        first, second = await rig.begin(), await rig.begin()
        await rig.finish()

    assert [v.run_id for v in first] == [v.run_id for v in second]
    assert len(rig.charges()) == 2


async def test_a_retry_is_a_new_run_and_a_double_click_on_it_buys_once(tmp_path):
    async with open_rig(tmp_path) as rig:
        rig.add_fault("create", "refuse_422", times=1, model="flux-2-flex")
        refused, _ = await rig.run()
        again = [
            await rig.engine.retry(refused.run_id, account_id=rig.account_id, session_id="me")
            for _ in range(2)
        ]
        flex, pro = await rig.finish()

    assert again[0].run_id == again[1].run_id != refused.run_id
    assert (flex.status, flex.retry_of) == (RunStatus.SUCCEEDED, refused.run_id)
    assert len(load_runs(tmp_path / "data" / "runs.csv")) == 3
    assert len(rig.charges()) == 2
    with pytest.raises(InvalidRequestError):
        await rig.engine.retry("run_nobody", account_id=rig.account_id, session_id="me")
    assert pro.retry_of is None


async def test_a_hundred_parallel_clicks_cannot_pass_the_day_cap(tmp_path):
    async with open_rig(tmp_path, day_cap_usd=Decimal("0.95")) as rig:
        refused = 0

        async def click(number: int) -> None:
            nonlocal refused
            try:
                await rig.begin(f"c{number}", session_id=f"s{number}")
            except BudgetExceededError:
                refused += 1

        async with anyio.create_task_group() as group:
            for number in range(100):
                group.start_soon(click, number)
        await rig.until(lambda: not rig.engine.open_views())
        spent = sum(charge.credits for charge in rig.emulator.charges()) / 200

    assert refused == 90
    assert spent == Decimal("0.95")


async def test_a_session_has_a_cap_of_its_own(tmp_path):
    async with open_rig(tmp_path, session_cap_usd=Decimal("0.10")) as rig:
        await rig.run("c1", session_id="a")
        with pytest.raises(BudgetExceededError, match="session"):
            await rig.begin("c2", session_id="a")
        await rig.run("c3", session_id="b")

    assert len(rig.charges()) == 4


async def test_an_unknown_price_asks_first(tmp_path, monkeypatch):
    async with open_rig(tmp_path) as rig:
        monkeypatch.setattr(rig.engine.accounts, "estimate", lambda request, account_id: None)
        with pytest.raises(UnknownPriceError):
            await rig.begin()
        before = rig.charges()
        runs = await rig.run("c2", accept_unknown_price=True)
        money = rig.engine.money(Origin.EMULATED, "me")

    assert before == {}
    assert {run.status for run in runs} == {RunStatus.SUCCEEDED}
    assert all(run.estimate_usd is None for run in runs)
    assert money.day_usd == sum(run.charged_usd for run in runs)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"prompt": "  "}, "prompt"),
        ({"lanes": ("flux-9",)}, "model"),
        ({"lanes": ()}, "lanes"),
        ({"repeats": 5}, "repeats"),
        ({"size": "5:4"}, "size"),
        ({"prompt": "half \ud800"}, "prompt"),
    ],
)
async def test_bad_input_is_caught_before_anything_is_written_or_sent(changes, field, tmp_path):
    async with open_rig(tmp_path) as rig:
        with pytest.raises(InvalidRequestError) as caught:
            await rig.begin(**changes)
        creates = rig.emulator.tally.requests["create"]

    assert caught.value.field == field
    assert creates == 0
    assert not load_runs(tmp_path / "data" / "runs.csv").size


@pytest.mark.parametrize(
    "prompt",
    [
        '=HYPERLINK("http://x.example","y")',
        "line one\nline two\r\nline three\rfour",
        "a\0b",
        "say \"hi\", 'there'; \\n is not a newline",
        "👩‍🚀🦊 café",
        "\u202eright to left \u0627\u0644\u0633\u0644\u0627\u0645",
        "<img src=x onerror=alert(1)>{{x}}${y}",
        "  leading and trailing  ",
        "NA",
        "007",
        "x" * 100_000,
    ],
)
async def test_a_hostile_prompt_comes_back_exactly(prompt, tmp_path):
    async with open_rig(tmp_path) as rig:
        (run,) = await rig.run(prompt=prompt, lanes=("flux-2-pro",))
        told = rig.emulator.store.tasks()[0].body["prompt"]

    frame = load_runs(tmp_path / "data" / "runs.csv")
    assert run.prompt == prompt
    assert frame["prompt"][0] == prompt
    assert told == prompt
    assert (tmp_path / "data" / "runs.csv").read_bytes().count(b"\n") == 2


async def test_a_key_that_is_closed_leaves_its_tasks_for_its_return(tmp_path):
    async with open_rig(tmp_path, emulator={"speed": 4.0}) as rig:
        await rig.begin(lanes=("flux-2-pro",))
        await rig.until(lambda: rig.engine.views("c1")[0].task_id)
        await rig.engine.close()

        later = Engine(Settings(data_dir=tmp_path / "data", emulator_speed=100.0), patience=HURRY)
        await later.start()
        (parked,) = later.open_views()
        stranger = await later.open_account(rig.server.url, "sk-somebody-else")
        await anyio.sleep(0.1)
        still_parked = later.open_views()
        await later.open_account(rig.server.url, KEY)
        await rig.until(lambda: not later.open_views())
        (view,) = later.views("c1")
        await later.close()

    assert stranger.problem is None
    assert parked.is_detached
    assert len(still_parked) == 1
    assert view.run.status == RunStatus.SUCCEEDED
    assert sum(rig.charges().values()) == 1


async def test_closing_in_the_middle_leaves_within_seconds_and_forgets_nothing(tmp_path):
    async with open_rig(tmp_path) as rig:
        rig.add_fault("create", "hang", seconds=30.0)
        await rig.begin()
        await rig.until(lambda: len(rig.charges()) == 2)
        with anyio.fail_after(5):
            await rig.engine.close()
        left = load_runs(tmp_path / "data" / "runs.csv")
        rig.emulator.faults.clear()

        later = Engine(Settings(data_dir=tmp_path / "data", emulator_speed=100.0), patience=HURRY)
        await later.start()
        await later.open_account(rig.server.url, KEY)
        await rig.until(lambda: not later.open_views())
        views = later.views("c1")
        await later.close()

    assert left.empty
    assert {view.run.status for view in views} == {RunStatus.SUCCEEDED}
    assert set(rig.charges().values()) == {1}


async def test_pictures_are_decoded_one_at_a_time(tmp_path, monkeypatch):
    at_once, most = 0, 0
    keep = images.keep

    def watched(*told):
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        time.sleep(0.02)  # the others arrive meanwhile
        kept = keep(*told)
        at_once -= 1
        return kept

    monkeypatch.setattr(images, "keep", watched)
    async with open_rig(tmp_path) as rig:
        runs = await rig.run(repeats=4)

    assert [run.status for run in runs] == ["succeeded"] * 8
    assert most == 1


async def test_repeats_are_runs_of_their_own(tmp_path):
    async with open_rig(tmp_path) as rig:
        runs = await rig.run(repeats=4)

    assert [(run.lane, run.repeat) for run in runs] == [
        (lane, repeat) for lane in (1, 2) for repeat in (1, 2, 3, 4)
    ]
    assert len({run.run_id for run in runs}) == 8
    assert len({run.sha256 for run in runs}) == 8


async def test_the_same_model_may_stand_on_both_sides(tmp_path):
    async with open_rig(tmp_path) as rig:
        left, right = await rig.run(lanes=("flux-2-pro", "flux-2-pro"))

    assert (left.lane, right.lane) == (1, 2)
    assert left.sha256 != right.sha256


async def test_polls_learn_and_the_lag_is_written_down(tmp_path):
    async with open_rig(tmp_path) as rig:
        (run,) = await rig.run(lanes=("flux-2-pro",))

    assert run.polls >= 1
    assert 0 <= run.lag_bound_s <= run.wait_s
    assert run.total_s >= run.wait_s


async def test_what_was_learnt_about_durations_outlives_the_program(tmp_path):
    async with open_rig(tmp_path) as rig:
        for number in range(3):
            await rig.run(f"c{number}", repeats=2)
    async with open_rig(tmp_path) as rig:
        law = rig.engine.kit.durations.law(("emulated x100", "flux-2-pro", "1K", "without"))

    assert law is not None
    assert 0.01 < law.median_s < 2


async def test_a_damaged_memory_of_durations_only_means_learning_again(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "durations.json").write_text("{broken")
    async with open_rig(tmp_path) as rig:
        (run,) = await rig.run(lanes=("flux-2-pro",))

    assert run.status == RunStatus.SUCCEEDED
