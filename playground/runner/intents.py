"""What is written down before anything is spent: fresh runs, what the journal must know of them, and back."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from playground import __version__, catalog
from playground.identity import new_run_id
from playground.journal import Fact, RunFacts
from playground.references import request_sha256
from playground.runner import ledger
from playground.runner.accounts import Account
from playground.runner.views import Phase, RunView
from playground.sayings import said
from playground.schema import Comparison, Estimate, Origin

_COUNTED = ("model", "prompt", "size", "resolution")
LEFT_OPEN = said("Left open by an earlier start. It is taken up when its key is known.")
KEY_FORGOTTEN = said("Its key was forgotten. It is taken up when that key is entered again.")
PLANNED = said("Planned and reserved; it is sent when its experiment goes on.")


def first_attempt(
    comparison: Comparison,
    lane: int,
    repeat: int,
    *,
    origin: Origin,
    estimate: Estimate | None,
) -> RunView:
    """
    A run of a comparison as it stands before anything is done, under the id that was fixed for it.

    Raises:
        InvalidRequestError: The service would refuse it.
    """
    request = comparison.request(lane)
    catalog.check(request)
    now = datetime.now(UTC)
    return RunView(
        run_id=comparison.run_ids.get((lane, repeat)) or new_run_id(),
        comparison_id=comparison.comparison_id,
        lane=lane,
        repeat=repeat,
        request=request,
        origin=origin,
        phase=Phase.WAITING,
        started_at=now,
        phase_since=now,
        estimate=estimate,
        experiment_id=comparison.experiment_id,
        owner_id=comparison.owner_id,
    )


def next_attempt(old: RunView, *, origin: Origin, estimate: Estimate | None) -> RunView:
    """The same request once more, as a run of its own."""
    now = datetime.now(UTC)
    return replace(
        old,
        run_id=new_run_id(),
        origin=origin,
        phase=Phase.WAITING,
        started_at=now,
        phase_since=now,
        revision=0,
        estimate=estimate,
        task_id=None,
        progress_pct=None,
        is_detached=False,
        note=None,
        run=None,
        picture=None,
        retry_of=old.run_id,
    )


def parked(facts: RunFacts, data_dir: Path, *, note: str = LEFT_OPEN) -> RunView:
    """A run that nobody is at work on, as the journal tells of it."""
    intent: Mapping[str, Any] = facts.last(Fact.INTENT) or {}
    run = intent["run"]
    return RunView(
        run_id=facts.run_id,
        comparison_id=run["comparison_id"],
        lane=run["lane"],
        repeat=run["repeat"],
        request=ledger.request_of(intent, data_dir),
        origin=ledger.origin_of(intent),
        phase=Phase.QUEUED if facts.task_id else Phase.LOOKING_UP,
        started_at=ledger.parse_time(intent["at"]) or datetime.now(UTC),
        phase_since=datetime.now(UTC),
        estimate=ledger.estimate_of(intent),
        task_id=facts.task_id,
        is_detached=True,
        note=note,
        retry_of=run.get("retry_of"),
        experiment_id=run.get("experiment_id"),
        owner_id=ledger.owner_of(facts),
    )


def facts_of(view: RunView, account: Account, data_dir: Path) -> dict[str, Any]:
    """All that the row of this run will say of its request, as the journal keeps it."""
    request = view.request
    nominal = catalog.nominal_px(request.size, request.resolution) or (None, None)
    references = request.references
    return {
        "at": view.started_at.isoformat(),
        "account": account.owner_facts,
        "references": [ledger.reference_facts(each, data_dir) for each in references],
        "run": {
            "comparison_id": view.comparison_id,
            "experiment_id": view.experiment_id,
            "lane": view.lane,
            "repeat": view.repeat,
            "retry_of": view.retry_of,
            "owner_id": view.owner_id,
            **{name: getattr(request, name) for name in _COUNTED},
            "reference_count": len(references),
            "reference_sha256": " ".join(r.sha256 or "-" for r in references) or None,
            "reference_urls": " ".join(r.url or "-" for r in references) or None,
            "request_sha256": request_sha256(request),
            "origin": str(account.origin),
            "api_host": account.service.host,
            "app_version": __version__,
            "nominal_width_px": nominal[0],
            "nominal_height_px": nominal[1],
            **ledger.estimate_facts(view.estimate),
        },
    }
