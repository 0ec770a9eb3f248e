"""From the facts of a journal to one row, in whatever order they were learnt."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from playground.journal import Fact, RunFacts
from playground.runner import ledger
from playground.schema import RunStatus

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
INTENT = {
    "at": "2026-11-22T11:59:00+00:00",
    "account": {"origin": "live", "host": "toapis.com", "fingerprint": "f" * 16},
    "references": [],
    "run": {
        "comparison_id": "c1",
        "experiment_id": None,
        "lane": 2,
        "repeat": 1,
        "retry_of": None,
        "owner_id": None,
        "model": "flux-2-pro",
        "prompt": "A lighthouse",
        "size": "1:1",
        "resolution": "1K",
        "reference_count": 0,
        "reference_sha256": None,
        "reference_urls": None,
        "request_sha256": "0" * 64,
        "origin": "live",
        "api_host": "toapis.com",
        "app_version": "0.1.0",
        "nominal_width_px": 1024,
        "nominal_height_px": 1024,
        "estimate_usd": "0.025",
        "estimate_kind": "estimated",
        "estimate_source": "a list",
        "estimate_dated": "2026",
    },
}
SENT = {"at": "2026-11-22T11:59:01+00:00", "attempt": 1, "upload_s": None, "reference_urls": None}
ACCEPTED = {"at": "2026-11-22T11:59:02+00:00", "task_id": "tsk_1", "submit_s": 0.5}
COMPLETED = {
    "at": "2026-11-22T11:59:10+00:00",
    "polls": 3,
    "wait_s": 8.0,
    "lag_bound_s": 1.0,
    "queued_s": 2.0,
    "generating_s": 6.0,
    "url": "https://files.toapis.com/x.jpg",
    "expires_at": "2026-11-23T11:59:09+00:00",
    "server_created_at": "2026-11-22T11:59:02+00:00",
    "server_completed_at": "2026-11-22T11:59:09+00:00",
    "billing": {"status": "pending", "usd": None, "credits": None},
}
SAVED = {
    "at": "2026-11-22T11:59:11+00:00",
    "file": "pictures/x.jpg",
    "sha256": "a" * 64,
    "format": "JPEG",
    "width_px": 1024,
    "height_px": 1024,
    "size_bytes": 5,
    "dhash": "0" * 16,
    "download_s": 0.1234567891,
    "total_s": 11.0,
    "billing": {"status": "settled", "usd": "0.02", "credits": "4"},
}


def facts(**known):
    return RunFacts(run_id="run_1", facts={Fact(name): (data,) for name, data in known.items()})


def a_run(**known):
    return ledger.run_of(facts(intent=INTENT, **known), finished_at=NOON)


def test_a_kept_picture_is_a_succeeded_row_with_all_it_is_known_by():
    run = a_run(sent=SENT, accepted=ACCEPTED, completed=COMPLETED, saved=SAVED)

    assert run.status == RunStatus.SUCCEEDED
    assert (run.run_id, run.task_id, run.lane) == ("run_1", "tsk_1", 2)
    assert (run.submit_s, run.queued_s, run.generating_s, run.wait_s) == (0.5, 2.0, 6.0, 8.0)
    assert run.download_s == 0.123457
    assert run.server_completed_at == datetime(2026, 11, 22, 11, 59, 9, tzinfo=UTC)
    assert run.finished_at == NOON


def test_the_later_word_on_the_charge_counts():
    run = a_run(sent=SENT, accepted=ACCEPTED, completed=COMPLETED, saved=SAVED)

    assert (run.charged_usd, run.charged_credits) == (Decimal("0.02"), Decimal(4))
    assert run.billing_status == "settled"


def test_a_charge_that_is_still_pending_is_unknown_and_counts_as_expected():
    run = a_run(sent=SENT, accepted=ACCEPTED, completed=COMPLETED, saved={**SAVED, "billing": None})

    assert run.charged_usd is None
    assert run.billing_status == "pending"
    assert ledger.counted_usd(run) == Decimal("0.025")


def test_a_refund_is_net_zero_whatever_amount_stands_beside_it():
    failed = {
        **COMPLETED,
        "status": "failed",
        "kind": "generation",
        "message": "It failed.",
        "url": None,
        "billing": {"status": "refunded", "usd": "0.025", "credits": "5"},
    }
    run = a_run(sent=SENT, accepted=ACCEPTED, failed=failed)

    assert (run.status, run.charged_usd) == ("failed", Decimal(0))
    assert ledger.counted_usd(run) == 0


def test_a_failure_without_a_word_on_money_counts_as_expected():
    failed = {
        **COMPLETED, "status": "failed", "kind": "generation", "message": "m", "billing": None,
    }  # fmt: skip
    run = a_run(sent=SENT, accepted=ACCEPTED, failed=failed)

    assert run.charged_usd is None
    assert ledger.counted_usd(run) == Decimal("0.025")


@pytest.mark.parametrize("status", ["refused", "cancelled"])
def test_what_was_not_accepted_counts_nothing(status):
    ending = {"at": "2026-11-22T11:59:03+00:00", "status": status, "kind": "k", "message": "m"}
    run = a_run(sent=SENT, refused=ending)

    assert run.status == status
    assert run.charged_usd is None
    assert ledger.counted_usd(run) == 0


def test_a_picture_found_in_spite_of_an_earlier_doubt_wins():
    doubt = {
        "at": "2026-11-22T11:59:03+00:00",
        "status": "unconfirmed",
        "kind": "answer_lost",
        "message": "m",
    }
    run = a_run(sent=SENT, unconfirmed=doubt, accepted=ACCEPTED, completed=COMPLETED, saved=SAVED)

    assert run.status == RunStatus.SUCCEEDED
    assert run.error_kind is None


def test_a_run_without_an_outcome_makes_no_row():
    with pytest.raises(ValueError, match="not ended"):
        a_run(sent=SENT, accepted=ACCEPTED)


def test_a_row_shows_itself_as_its_view_did(tmp_path):
    run = a_run(sent=SENT, accepted=ACCEPTED, completed=COMPLETED, saved=SAVED)
    view = ledger.view_of(run, tmp_path)

    assert view.run == run
    assert view.picture == tmp_path / "pictures" / "x.jpg"
    assert view.estimate is not None
    assert view.estimate.usd == Decimal("0.025")
    assert view.is_over
