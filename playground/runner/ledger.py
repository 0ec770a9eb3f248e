"""The one way from what the journal knows of a run to its row in the log, live or after a crash."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from playground.journal import Fact, RunFacts
from playground.references import MIME_TYPES
from playground.runner.views import Phase, RunView
from playground.schema import (
    Billing,
    BillingStatus,
    Estimate,
    EstimateKind,
    Origin,
    Picture,
    Reference,
    Request,
    Run,
    RunStatus,
    Task,
)

_SECONDS_DIGITS = 6  # what the clock can tell; more would be noise
_TASK_TIMES = ("queued_s", "generating_s", "wait_s", "lag_bound_s", "polls")


def now_text() -> str:
    """This moment as the journal writes it."""
    return datetime.now(UTC).isoformat()


def parse_time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def time_text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def reference_facts(reference: Reference, data_dir: Path) -> dict[str, Any]:
    """A reference as the journal keeps it; its path relative to the data folder."""
    path = reference.path
    return {
        "name": reference.name,
        "path": None if path is None else str(path.resolve().relative_to(data_dir.resolve())),
        "sha256": reference.sha256,
        "url": reference.url,
        "mime_type": reference.mime_type,
        "width_px": reference.width_px,
        "height_px": reference.height_px,
        "size_bytes": reference.size_bytes,
    }


def request_of(intent: Mapping[str, Any], data_dir: Path) -> Request:
    """The request as it was written down."""
    references = tuple(
        Reference(**{**facts, "path": data_dir / facts["path"] if facts["path"] else None})
        for facts in intent["references"]
    )
    run = intent["run"]
    return Request(
        model=run["model"],
        prompt=run["prompt"],
        size=run["size"],
        resolution=run["resolution"],
        references=references,
    )


def estimate_facts(estimate: Estimate | None) -> dict[str, Any]:
    if estimate is None:
        return {}
    return {
        "estimate_usd": str(estimate.usd),
        "estimate_kind": str(estimate.kind),
        "estimate_source": estimate.source,
        "estimate_dated": estimate.dated,
    }


def estimate_of(intent: Mapping[str, Any]) -> Estimate | None:
    run = intent["run"]
    if "estimate_usd" not in run:
        return None
    return Estimate(
        usd=Decimal(run["estimate_usd"]),
        kind=EstimateKind(run["estimate_kind"]),
        source=run["estimate_source"],
        dated=run["estimate_dated"],
    )


def owner_of(facts: RunFacts) -> str | None:
    """Whose run it is now: whoever began it, or whom it was handed over to."""
    handed_over = facts.last(Fact.HANDED_OVER)
    if handed_over is not None:
        owner_id: str | None = handed_over["owner_id"]
    else:
        owner_id = (facts.last(Fact.INTENT) or {"run": {}})["run"].get("owner_id")
    return owner_id


def origin_of(intent: Mapping[str, Any]) -> Origin:
    return Origin(intent["run"]["origin"])


def billing_facts(billing: Billing | None) -> dict[str, Any] | None:
    if billing is None:
        return None
    return {
        "status": str(billing.status),
        "usd": None if billing.usd is None else str(billing.usd),
        "credits": None if billing.credits is None else str(billing.credits),
    }


def task_facts(task: Task) -> dict[str, Any]:
    """What a final answer about a task adds."""
    return {
        "url": task.result_url,
        "expires_at": time_text(task.expires_at),
        "server_created_at": time_text(task.created_at),
        "server_completed_at": time_text(task.completed_at),
        "billing": billing_facts(task.billing),
    }


def picture_facts(picture: Picture, file: str) -> dict[str, Any]:
    return {
        "file": file,
        "sha256": picture.sha256,
        "format": picture.format,
        "width_px": picture.width_px,
        "height_px": picture.height_px,
        "size_bytes": picture.size_bytes,
        "dhash": picture.dhash,
    }


def _money_columns(billing: Mapping[str, Any] | None) -> dict[str, Any]:
    if billing is None:
        return {}
    usd = None if billing["usd"] is None else Decimal(billing["usd"])
    credits = None if billing["credits"] is None else Decimal(billing["credits"])
    if billing["status"] == BillingStatus.REFUNDED:
        # The contract says a refund is net zero, whatever amount stands beside it.
        usd = credits = Decimal(0)
    return {
        "charged_usd": usd,
        "charged_credits": credits,
        "billing_status": billing["status"],
    }


def _outcome_columns(facts: RunFacts) -> dict[str, Any]:
    saved = facts.last(Fact.SAVED)
    if saved is not None:
        names = ("file", "sha256", "format", "width_px", "height_px", "size_bytes", "dhash")
        return {
            "status": RunStatus.SUCCEEDED,
            **{name: saved[name] for name in names},
            "download_s": saved.get("download_s"),
            "total_s": saved.get("total_s"),
        }
    for fact in (Fact.FAILED, Fact.REFUSED, Fact.UNCONFIRMED):
        ending = facts.last(fact)
        if ending is not None:
            return {
                "status": ending["status"],
                "error_kind": ending["kind"],
                "error_message": ending["message"],
                "service_message": ending.get("service_message"),
            }
    raise ValueError(f"Run {facts.run_id} has not ended: the journal knows no outcome.")


def run_of(facts: RunFacts, *, finished_at: datetime) -> Run:
    """
    The row of a run that has ended.

    Raises:
        ValueError: The facts hold no intent or no outcome.
    """
    intent = facts.last(Fact.INTENT)
    if intent is None:
        raise ValueError(f"Run {facts.run_id} was never written down.")
    columns: dict[str, Any] = {**intent["run"], "run_id": facts.run_id}
    if "estimate_usd" in columns:
        columns["estimate_usd"] = Decimal(columns["estimate_usd"])
    columns["started_at"] = parse_time(intent["at"])
    columns["finished_at"] = finished_at
    columns["owner_id"] = owner_of(facts)
    sent = facts.last(Fact.SENT)
    if sent is not None:
        columns["sent_at"] = parse_time(sent["at"])
        columns["upload_s"] = sent.get("upload_s")
        columns["reference_urls"] = sent.get("reference_urls") or columns.get("reference_urls")
    accepted = facts.first(Fact.ACCEPTED)  # a second task of one run would be a fault
    if accepted is not None:
        columns["accepted_at"] = parse_time(accepted["at"])
        columns["task_id"] = accepted["task_id"]
        columns["submit_s"] = accepted.get("submit_s")
    billing = None
    for fact in (Fact.COMPLETED, Fact.FAILED, Fact.SAVED):
        final = facts.last(fact)
        if final is None:
            continue
        billing = final.get("billing") or billing
        columns.update({name: final[name] for name in _TASK_TIMES if name in final})
        if "server_created_at" in final:
            columns["result_url"] = final.get("url")
            for name in ("expires_at", "server_created_at", "server_completed_at"):
                columns[name] = parse_time(final[name])
    columns.update(_money_columns(billing))
    columns.update(_outcome_columns(facts))
    rounded: dict[str, Any] = {
        name: round(value, _SECONDS_DIGITS) if isinstance(value, float) else value
        for name, value in columns.items()
    }
    return Run(**rounded)


def counted_usd(run: Run) -> Decimal | None:
    """What a row counts against the caps: charged, else expected; None when neither is known."""
    if run.status in (RunStatus.REFUSED, RunStatus.CANCELLED):
        return Decimal(0)
    return run.charged_usd if run.charged_usd is not None else run.estimate_usd


def view_of(run: Run, data_dir: Path) -> RunView:
    """A finished run of the log as a watcher sees it."""
    hashes = (run.reference_sha256 or "").split()
    urls = (run.reference_urls or "").split()
    references = tuple(
        _stored_reference(number, None if sha256 == "-" else sha256, url, data_dir)
        for number, (sha256, url) in enumerate(zip(hashes, urls, strict=True), start=1)
    )
    estimate = None
    if run.estimate_usd is not None and run.estimate_kind is not None:
        estimate = Estimate(
            usd=run.estimate_usd,
            kind=EstimateKind(run.estimate_kind),
            source=run.estimate_source or "",
            dated=run.estimate_dated or "",
        )
    return RunView(
        run_id=run.run_id,
        comparison_id=run.comparison_id,
        lane=run.lane,
        repeat=run.repeat,
        request=Request(
            model=run.model,
            prompt=run.prompt,
            size=run.size,
            resolution=run.resolution,
            references=references,
        ),
        origin=Origin(run.origin),
        phase=Phase.DONE,
        started_at=run.started_at,
        phase_since=run.finished_at,
        estimate=estimate,
        task_id=run.task_id,
        run=run,
        picture=None if run.file is None else data_dir / run.file,
        retry_of=run.retry_of,
        experiment_id=run.experiment_id,
        owner_id=run.owner_id,
    )


def _stored_reference(number: int, sha256: str | None, url: str, data_dir: Path) -> Reference:
    name = f"image {number}"
    if sha256 is None:
        return Reference(name=name, url=url)
    path = next((data_dir / "references").glob(f"{sha256}.*"), None)
    if path is None:
        # The local copy is gone; the address it was sent under is all that is left.
        return Reference(name=name, url=url, sha256=sha256)
    return Reference(
        name=name,
        path=path,
        sha256=sha256,
        mime_type=MIME_TYPES[path.suffix],
        size_bytes=path.stat().st_size,
    )
