"""The service's endpoints, one function each."""

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from playground.emulator import answers, refusals
from playground.emulator.core import Emulator
from playground.emulator.faults import Endpoint, Fault
from playground.emulator.handling import (
    base_url,
    endpoint,
    read_body,
    said,
    server_error,
    strike,
    take_token,
    token_returner,
    user_of,
)
from playground.emulator.limits import Category
from playground.emulator.models import MODELS, ModelRule
from playground.emulator.orders import parse_order
from playground.emulator.refusals import Json, RefusalError
from playground.emulator.settings import MAX_UPLOAD_BYTES
from playground.emulator.tasks import Task
from playground.emulator.webhooks import resolve_callback

DEFAULT_PRICING_LIMIT = 20
MAX_PRICING_LIMIT = 100
# Room for the multipart frame around the largest file.
MAX_MULTIPART_BYTES = MAX_UPLOAD_BYTES + 100_000

MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)


async def create(emulator: Emulator, request: Request) -> Response:
    """Accept a task. Nothing is charged unless every check passed, and it is charged once."""
    user = user_of(emulator, request)
    raw = await read_body(request)
    take_token(emulator, request, user, Category.SUBMIT)
    order = parse_order(raw, is_rounded=emulator.settings.are_pixels_rounded)
    webhook_url = resolve_callback(emulator.settings.webhook, order.callback_url)
    give_back = token_returner(emulator, user, Category.SUBMIT)
    fault = emulator.faults.take(Endpoint.CREATE, model=order.rule.name)
    if fault is not None and (fault.is_refusal or not fault.is_charged):
        return _without_id(fault, {}) or strike(
            emulator, fault, server_error(), give_back=give_back
        )
    task = await emulator.accept(
        user,
        order,
        base_url=base_url(request),
        webhook_url=webhook_url,
        late_s=fault.late_s if fault else 0.0,
    )
    answer = answers.created(task, emulator.dialect_of(task))
    return _without_id(fault, answer) or strike(emulator, fault, said(answer))


def _without_id(fault: Fault | None, answer: Json) -> Response | None:
    if fault is None or fault.kind != "no_id":
        return None
    return said({name: value for name, value in answer.items() if name not in {"id", "task_id"}})


async def status(emulator: Emulator, request: Request) -> Response:
    """Say how a task is doing; free, and limited only by the query bucket."""
    wanted = str(request.path_params["task_id"])
    emulator.tally.status_queries[wanted] += 1
    user = user_of(emulator, request)
    take_token(emulator, request, user, Category.QUERY)
    now_s = emulator.now_s()
    task = _find(emulator, user, wanted)
    fault = emulator.faults.take(
        Endpoint.STATUS,
        model=task.model if task else None,
        age_s=now_s - task.created_at if task else None,
    )
    if fault is not None and fault.kind == "task_not_exist":
        raise refusals.task_not_exist()
    if task is None or (fault is not None and fault.kind == "not_found"):
        answer: Response | None = None
    elif fault is not None and fault.kind == "error_in_200":
        return said({"error": {"code": 500, "message": "upstream query failed"}})
    else:
        dialect = emulator.dialect_of(task)
        urls = emulator.urls(task, base_url(request))
        ttl_s = emulator.settings.result_ttl_s
        answer = said(answers.status(task, dialect, urls=urls, now_s=now_s, ttl_s=ttl_s))
    if answer is None:
        if fault is None or fault.kind == "not_found":
            raise _unknown_task(emulator, wanted)
        answer = server_error()
    return strike(emulator, fault, answer, give_back=token_returner(emulator, user, Category.QUERY))


def _find(emulator: Emulator, user: str, wanted: str) -> Task | None:
    task = emulator.store.task(wanted)
    if task is None and emulator.dialect.looks_up_client_ids:
        task = emulator.store.task_of_client(user, wanted, now_s=emulator.now_s())
    return task if task is not None and task.user == user else None


def _unknown_task(emulator: Emulator, wanted: str) -> RefusalError:
    if emulator.dialect.unknown_task == "task_not_exist":
        return refusals.task_not_exist()
    return refusals.task_not_found(wanted)


async def upload(emulator: Emulator, request: Request) -> Response:
    """Keep one picture and say where it is."""
    user = user_of(emulator, request)
    if int(request.headers.get("content-length") or 0) > MAX_MULTIPART_BYTES:
        raise refusals.too_large()
    data = await _uploaded_file(request)
    mime_type = mime_type_of(data)
    if mime_type is None:
        raise refusals.upload_refused("Unsupported image type. Allowed: JPEG, PNG, WebP, GIF")
    if len(data) > MAX_UPLOAD_BYTES:
        raise refusals.upload_refused("Image too large. Maximum size is 10MB")
    fault = emulator.faults.take(Endpoint.UPLOAD)
    if fault is not None and fault.kind == "soft_refusal":
        return said({"success": False, "message": "Upload failed, please try again"})
    if fault is not None and fault.is_refusal:
        return strike(emulator, fault, server_error())
    record = await emulator.add_upload(user, data, mime_type)
    url = emulator.url(record.name, base_url(request))
    return strike(emulator, fault, said(answers.upload(record, url=url)))


async def _uploaded_file(request: Request) -> bytes:
    try:
        async with request.form(max_files=1, max_fields=10) as form:
            file = form.get("file")
            if not isinstance(file, UploadFile):
                raise refusals.upload_refused("No file was uploaded: send it as the field `file`")
            return await file.read(MAX_UPLOAD_BYTES + 1)
    except MultiPartException as exc:
        raise refusals.upload_refused("The form could not be read") from exc


def mime_type_of(data: bytes) -> str | None:
    """The type a picture's first bytes tell, or None if it is none of the four allowed."""
    for magic, mime_type in MAGIC:
        if data.startswith(magic):
            return mime_type
    is_webp = data[:4] == b"RIFF" and data[8:12] == b"WEBP"
    return "image/webp" if is_webp else None


async def balance(emulator: Emulator, request: Request) -> Response:
    """What the user has left and has used. A bad key is told so with HTTP 200."""
    try:
        user = user_of(emulator, request)
    except RefusalError:
        return said(answers.bad_balance_key())
    fault = emulator.faults.take(Endpoint.BALANCE)
    if fault is not None and fault.kind == "soft_refusal":
        return said({"success": False, "message": "The balance is not available"})
    used = emulator.store.used_credits(user, now_s=emulator.now_s())
    granted = emulator.settings.balance_credits
    return strike(
        emulator, fault, said(answers.balance(emulator.dialect, used=used, granted=granted))
    )


async def models(emulator: Emulator, request: Request) -> Response:
    """The models of one type; without a type, the text models only."""
    user_of(emulator, request)
    fault = emulator.faults.take(Endpoint.MODELS)
    return strike(emulator, fault, said(answers.models(request.query_params.get("type", "text"))))


async def pricing(emulator: Emulator, request: Request) -> Response:
    """The caller's prices, by page, or one model's."""
    user_of(emulator, request)
    if emulator.dialect.pricing == "absent":
        raise refusals.not_found()
    model = request.query_params.get("model")
    fault = emulator.faults.take(Endpoint.PRICING, model=model)
    if fault is not None and fault.kind == "pricing_unavailable":
        raise refusals.pricing_unavailable()
    if fault is not None and fault.kind == "model_not_found":
        raise refusals.model_not_found(model or "")
    rules, has_more = _priced(request)
    answer = answers.pricing(rules, emulator.dialect, has_more=has_more)
    return strike(emulator, fault, said(answer))


def _priced(request: Request) -> tuple[list[ModelRule], bool]:
    query = request.query_params
    limit = _pricing_limit(query.get("limit"))
    model = query.get("model")
    if model is not None and model not in MODELS:
        raise refusals.model_not_found(model)
    is_image = query.get("type", "image") == "image"
    names = [name for name in MODELS if is_image and model in {None, name}]
    after = query.get("after")
    if after:
        if after not in names:
            raise refusals.invalid_request("after must be the next_after of the page before")
        names = names[names.index(after) + 1 :]
    return [MODELS[name] for name in names[:limit]], len(names) > limit


def _pricing_limit(text: str | None) -> int:
    if text is None:
        return DEFAULT_PRICING_LIMIT
    if not (text.isascii() and text.isdecimal() and 1 <= int(text) <= MAX_PRICING_LIMIT):
        raise refusals.invalid_request(f"limit must be from 1 to {MAX_PRICING_LIMIT}")
    return int(text)


ROUTES = [
    Route("/v1/images/generations", endpoint(Endpoint.CREATE, create), methods=["POST"]),
    Route("/v1/images/generations/{task_id:path}", endpoint(Endpoint.STATUS, status)),
    Route("/v1/uploads/images", endpoint(Endpoint.UPLOAD, upload), methods=["POST"]),
    Route("/v1/balance", endpoint(Endpoint.BALANCE, balance)),
    Route("/v1/models", endpoint(Endpoint.MODELS, models)),
    Route("/v1/pricing", endpoint(Endpoint.PRICING, pricing)),
]
