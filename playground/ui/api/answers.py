"""How a comparison stands, as a program is told: plain values that are JSON as they are."""

from decimal import Decimal
from typing import Any

from playground.runner.views import RunView
from playground.schema import Origin, RunStatus
from playground.ui.format import file_url

ASK_AGAIN_S = 2.0
_RUNNING, _OPEN, _FINISHED = "running", "open", "finished"


def comparison_json(
    comparison_id: str, views: tuple[RunView, ...], base_url: str
) -> dict[str, Any]:
    """Plain types only: money as decimal text, times as ISO text, unknown as None."""
    request = views[0].request
    runs = [view.run for view in views]
    is_over = all(view.is_over for view in views)
    state = _RUNNING if not is_over else _FINISHED if all(runs) else _OPEN
    charged = [None if run is None else run.charged_usd for run in runs]
    estimates = [view.estimate.usd if view.estimate else None for view in views]
    return {
        "comparison_id": comparison_id,
        "state": state,
        "complete": all(run is not None and run.status == RunStatus.SUCCEEDED for run in runs),
        "emulated": any(view.origin is Origin.EMULATED for view in views),
        "ask_again_s": ASK_AGAIN_S if state == _RUNNING else None,
        "prompt": request.prompt,
        "ratio": request.size,
        "resolution": request.resolution,
        "references": [reference.url for reference in request.references],
        "estimate_usd": _sum(estimates),
        "charged_usd": _sum(charged),
        "runs": [_run_json(view, base_url) for view in views],
    }


def _run_json(view: RunView, base_url: str) -> dict[str, Any]:
    run = view.run
    picture = view.picture if view.picture is not None and view.picture.is_file() else None
    return {
        "run_id": view.run_id,
        "model": view.request.model,
        "lane": view.lane,
        "repeat": view.repeat,
        "state": str(view.phase if run is None else run.status),
        "task_id": view.task_id,
        "picture_url": None if picture is None else f"{base_url}/{file_url(picture)}",
        "width_px": None if run is None else run.width_px,
        "height_px": None if run is None else run.height_px,
        "total_s": None if run is None else run.total_s,
        "polls": None if run is None else run.polls,
        "estimate_usd": money_text(view.estimate.usd if view.estimate else None),
        "charged_usd": money_text(None if run is None else run.charged_usd),
        "error_kind": None if run is None else run.error_kind,
        "error": view.note if run is None else run.error_message,
        "service_message": None if run is None else run.service_message,
    }


def _sum(amounts: list[Decimal | None]) -> str | None:
    """None as soon as one of them is not known."""
    known = [amount for amount in amounts if amount is not None]
    return money_text(sum(known, Decimal(0))) if len(known) == len(amounts) else None


def money_text(amount: Decimal | None) -> str | None:
    """Decimal text without an exponent."""
    return None if amount is None else f"{amount:f}"
