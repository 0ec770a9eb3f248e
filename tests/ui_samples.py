"""Runs and accounts for the tests of the screens, with facts that a real run could have."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from playground.runner.views import AccountView, MoneyView, Phase, RunView
from playground.schema import (
    Balance,
    Estimate,
    EstimateKind,
    Origin,
    Request,
    Run,
    RunStatus,
)

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
ESTIMATE = Estimate(
    usd=Decimal("0.07"), kind=EstimateKind.ESTIMATED, source="a price list", dated="2026"
)


def a_request(**changes: Any) -> Request:
    return replace(Request(model="flux-2-flex", prompt="A fox"), **changes)


def a_view(**changes: Any) -> RunView:
    """A run on its way, of lane 1."""
    view = RunView(
        run_id="run_1",
        comparison_id="cmp_1",
        lane=1,
        repeat=1,
        request=a_request(),
        origin=Origin.LIVE,
        phase=Phase.GENERATING,
        started_at=NOW,
        phase_since=NOW,
        estimate=ESTIMATE,
        task_id="task_1",
    )
    return replace(view, **changes)


def a_run(**changes: Any) -> Run:
    """A picture that was made and charged."""
    run = Run(
        run_id="run_1",
        comparison_id="cmp_1",
        lane=1,
        repeat=1,
        model="flux-2-flex",
        prompt="A fox",
        size="16:9",
        resolution="1K",
        reference_count=0,
        request_sha256="0" * 64,
        origin=Origin.LIVE,
        api_host="toapis.com",
        app_version="0",
        status=RunStatus.SUCCEEDED,
        task_id="task_1",
        file="pictures/a.jpg",
        format="JPEG",
        width_px=1808,
        height_px=1024,
        nominal_width_px=1820,
        nominal_height_px=1024,
        size_bytes=312_345,
        started_at=NOW,
        accepted_at=NOW,
        finished_at=NOW,
        queued_s=2.1,
        generating_s=9.2,
        download_s=0.4,
        total_s=12.4,
        estimate_usd=Decimal("0.07"),
        estimate_kind="estimated",
        charged_usd=Decimal("0.065"),
        billing_status="settled",
    )
    return replace(run, **changes)


def a_finished_view(**changes: Any) -> RunView:
    """The view of `a_run(**changes)`."""
    run = a_run(**changes)
    picture = Path("/data/pictures/a.jpg") if run.status == RunStatus.SUCCEEDED else None
    return a_view(
        phase=Phase.DONE,
        run=run,
        run_id=run.run_id,
        lane=run.lane,
        repeat=run.repeat,
        origin=Origin(run.origin),
        task_id=run.task_id,
        request=a_request(model=run.model, prompt=run.prompt, size=run.size),
        picture=picture,
    )


def an_account(**changes: Any) -> AccountView:
    account = AccountView(
        account_id="account",
        origin=Origin.LIVE,
        host="toapis.com",
        masked_key="sk-…9f3e",
        balance=Balance(credits=Decimal(840), used_credits=Decimal(160)),
    )
    return replace(account, **changes)


def some_money(**changes: Any) -> MoneyView:
    money = MoneyView(
        origin=Origin.LIVE,
        session_usd=Decimal("0.19"),
        session_cap_usd=Decimal(5),
        day_usd=Decimal("0.385"),
        day_cap_usd=Decimal(20),
        unknown_count=0,
    )
    return replace(money, **changes)
