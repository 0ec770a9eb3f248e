"""What the service says when it says yes: every JSON answer, in the dialect that is switched on."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from playground.emulator.dialect import Dialect, Phase
from playground.emulator.models import (
    CREDITS_PER_USD,
    MODEL_CREATED_AT,
    MODELS,
    TEXT_MODELS,
    ModelRule,
    cost_usd,
)
from playground.emulator.refusals import Json
from playground.emulator.tasks import Ending, Task, Upload

DISHONEST_PROGRESS = 50
OWNER = "toapis-emulator"


def decimal_text(value: Decimal) -> str:
    """Plain decimal digits without trailing zeros: `5`, `0.025`, never `5E+1`."""
    return format(value.normalize(), "f")


def json_number(value: Decimal) -> int | float:
    return int(value) if value == value.to_integral_value() else float(value)


def created(task: Task, dialect: Dialect) -> Json:
    """The answer to a create request: the task as it stands before any time has passed."""
    answer = _head(task, dialect, dialect.word(task.phase_at(task.created_at)))
    answer["progress"] = "0%" if dialect.progress_style == "percent" else 0
    answer["created_at"] = int(task.created_at)
    answer["metadata"] = {}
    return _with_client_id(answer, task, dialect)


def status(
    task: Task, dialect: Dialect, *, urls: Sequence[str], now_s: float, ttl_s: float
) -> Json:
    """The answer to a status query; `urls` are the pictures', used once it is completed."""
    phase = task.phase_at(now_s)
    answer = _head(task, dialect, dialect.word(phase))
    answer["progress"] = _progress(task, phase, dialect, now_s)
    answer["created_at"] = int(task.created_at)
    if phase is Phase.COMPLETED:
        answer["completed_at"] = int(task.finished_at)
        answer["expires_at"] = int(task.finished_at) + int(ttl_s)
        answer.update(_result(urls, dialect))
    if phase is Phase.FAILED:
        answer.update(_failure(task, dialect))
    if dialect.has_billing:
        answer["billing"] = billing(task, phase)
    return _with_client_id(answer, task, dialect)


def billing(task: Task, phase: Phase) -> Json:
    """What the task cost, as decimal strings; pending has no amounts."""
    if phase not in {Phase.COMPLETED, Phase.FAILED}:
        return {"status": "pending"}
    return {
        "status": "refunded" if task.is_refunded else "settled",
        "credits": decimal_text(task.credits),
        "cost_usd": decimal_text(cost_usd(task.credits)),
    }


def _head(task: Task, dialect: Dialect, word: str) -> Json:
    return {
        dialect.id_key: task.id,
        "object": "generation.task",
        "model": task.model,
        "status": word,
    }


def _with_client_id(answer: Json, task: Task, dialect: Dialect) -> Json:
    if dialect.echoes_client_id and task.client_business_id is not None:
        answer["client_business_id"] = task.client_business_id
    return answer


def _progress(task: Task, phase: Phase, dialect: Dialect, now_s: float) -> int | str:
    is_running = phase not in {Phase.COMPLETED, Phase.FAILED}
    progress = task.progress_at(now_s)
    if is_running and not dialect.is_progress_honest:
        progress = DISHONEST_PROGRESS
    return f"{progress}%" if dialect.progress_style == "percent" else progress


def _result(urls: Sequence[str], dialect: Dialect) -> Json:
    objects = [{"url": url} for url in urls]
    in_result = {"result": {"type": "image", "data": objects}}
    match dialect.url_place:
        case "result":
            return in_result
        case "top":
            return {"url": urls[0]}
        case "both":
            return {**in_result, "url": urls[0]}
        case "bare":
            return {"result": {"type": "image", "data": list(urls)}}
        case "data":
            return {"data": objects}
        case "missing":
            return {"result": {"type": "image", "data": []}}


def _failure(task: Task, dialect: Dialect) -> Json:
    code = dialect.error_code(task.error_code or "", status_code=500)
    match dialect.failure_style:
        case "object":
            return {"error": {"code": code, "message": task.error_message}}
        case "string":
            return {"error": task.error_message}
        case "fail_reason":
            return {"fail_reason": task.error_message}
        case "message":
            return {"message": task.error_message}


def upload(record: Upload, *, url: str) -> Json:
    return {
        "success": True,
        "message": "",
        "data": {
            "id": record.id,
            "url": url,
            "mime_type": record.mime_type,
            "size": record.size_bytes,
        },
    }


def balance(dialect: Dialect, *, used: Decimal, granted: Decimal | None) -> Json:
    """The account; `granted` None is unlimited, which the service writes as −1."""
    remaining = Decimal(-1) if granted is None else granted - used
    answer: Json = {
        "success": True,
        "remain_balance": -1 if granted is None else json_number(cost_usd(remaining)),
        "used_balance": json_number(cost_usd(used)),
        "unlimited_quota": granted is None,
    }
    if dialect.has_balance_credits:
        answer |= {
            "remain_credits": json_number(remaining),
            "used_credits": json_number(used),
            "credits_per_usd": CREDITS_PER_USD,
        }
    return answer


def bad_balance_key() -> Json:
    """The balance of a bad key, which is sent with HTTP 200."""
    return {"success": False, "message": "Invalid token"}


def models(kind: str) -> Json:
    names = tuple(MODELS) if kind == "image" else TEXT_MODELS
    return {
        "success": True,
        "object": "list",
        "data": [
            {"id": name, "object": "model", "created": MODEL_CREATED_AT, "owned_by": OWNER}
            for name in names
        ],
    }


def pricing(
    rules: Sequence[ModelRule], dialect: Dialect, *, has_more: bool, group: str = "default"
) -> Json:
    """One page of the price list."""
    return {
        "object": "list",
        "currency": "USD",
        "data": [
            {
                "id": rule.name,
                "type": "image",
                "prices": _prices(rule.credits, group) if dialect.pricing == "listed" else [],
            }
            for rule in rules
        ],
        "has_more": has_more,
        "next_after": rules[-1].name if has_more and rules else "",
    }


def _prices(credits_by_resolution: Mapping[str, Decimal], group: str) -> list[dict[str, Any]]:
    return [
        {
            "group": group,
            "conditions": {"resolution": resolution},
            "charge_type": "per_request",
            "price_basis": "request",
            "unit": "request",
            "unit_price": decimal_text(cost_usd(credit_count)),
        }
        for resolution, credit_count in credits_by_resolution.items()
    ]


def webhook_event(*, event_id: str, kind: str, created_at: float, data: Mapping[str, Any]) -> Json:
    return {
        "id": event_id,
        "type": kind,
        "api_version": "v1",
        "created_at": int(created_at),
        "data": dict(data),
    }


def webhook_data(task: Task, urls: Sequence[str]) -> Json:
    """A finished task in the words of a webhook, which are not those of a status answer."""
    is_good = task.ending is Ending.COMPLETED
    error = None if is_good else {"code": task.error_code, "message": task.error_message}
    result = {"type": "image", "data": [{"url": url} for url in urls]} if is_good else None
    return {
        "task_id": task.id,
        "client_business_id": task.client_business_id or "",
        "task_type": "image",
        "model": task.model,
        "status": "SUCCESS" if is_good else "FAILURE",
        "progress": "100%",
        "result": result,
        "error": error,
        "submitted_at": int(task.created_at),
        "finished_at": int(task.finished_at),
    }
