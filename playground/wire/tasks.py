"""The paid request, what its answer means for the money, and a task's status in all its shapes."""

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from urllib.parse import quote

from playground.errors import AnswerLostError, InvalidRequestError, NetworkError
from playground.schema import Billing, BillingStatus, Request, Task, TaskState
from playground.wire import loose
from playground.wire.access import scrub
from playground.wire.answer import Answer
from playground.wire.loose import Json
from playground.wire.refusals import (
    MODERATION_CODES,
    error_from,
    fault,
    is_missing,
    is_rate_limit,
    read,
)

CREATE_PATH = "/v1/images/generations"
MAX_ID_CHARS = 500

_STATES = {
    **dict.fromkeys(("pending", "queued", "submitted"), TaskState.QUEUED),
    **dict.fromkeys(("in_progress", "processing", "running"), TaskState.RUNNING),
    **dict.fromkeys(("completed", "succeeded", "success"), TaskState.SUCCEEDED),
    **dict.fromkeys(("failed", "failure", "error", "cancelled", "expired"), TaskState.FAILED),
    "canceled": TaskState.FAILED,
}
_DEFINITE_NO = frozenset({400, 401, 402, 403, 404, 413, 415, 422})


class CreateOutcome(StrEnum):
    """What an answer to the paid request means for the money."""

    ACCEPTED = "accepted"  # there is a task
    NOT_ACCEPTED = "not_accepted"  # not now: may be sent again
    REFUSED = "refused"  # a definite no, not charged
    AMBIGUOUS = "ambiguous"  # there may be a task: look it up


def create_body(request: Request, *, image_urls: Sequence[str], client_id: str) -> bytes:
    """
    The JSON of the paid request.

    Raises:
        InvalidRequestError: The prompt holds half of a character.
    """
    body: dict[str, Json] = {
        "model": request.model,
        "prompt": request.prompt,
        "size": request.size,
        "metadata": {"resolution": request.resolution},
        "client_business_id": client_id,
    }
    if image_urls:
        body["image_urls"] = list(image_urls)
    try:
        return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError as exc:
        raise InvalidRequestError(
            "The prompt holds half of a character (a lone surrogate). Delete it and type it again.",
            field="prompt",
        ) from exc


def status_path(task_id: str) -> str:
    """Where a task, or the client's own id of one, is asked for."""
    return f"{CREATE_PATH}/{quote(task_id, safe='')}"


def classify_create(answer: Answer) -> CreateOutcome:
    """Decided by status, code and task id alone, never by a message."""
    tree = loose.load(answer.body)
    if 200 <= answer.status_code < 300:
        return CreateOutcome.ACCEPTED if _is_task(tree) else CreateOutcome.AMBIGUOUS
    if is_rate_limit(answer.status_code, fault(tree)[0]):
        return CreateOutcome.NOT_ACCEPTED
    if answer.status_code in _DEFINITE_NO:
        return CreateOutcome.REFUSED
    return CreateOutcome.AMBIGUOUS


def parse_create(answer: Answer, *, now: datetime, secrets: Collection[str] = ()) -> Task:
    """
    The new task.

    Raises:
        RateLimitedError: Not accepted, may be sent again.

        ServiceError: A definite no.

        AnswerLostError: There may be a task: look it up.
    """
    match classify_create(answer):
        case CreateOutcome.ACCEPTED:
            return _task(loose.load(answer.body), asked_id="", secrets=secrets)
        case CreateOutcome.AMBIGUOUS:
            raise AnswerLostError(
                f"The service answered the paid request with HTTP {answer.status_code}"
                f"{' and no task' if answer.status_code < 300 else ''}. "
                "It may have been accepted all the same, so it is looked up, not sent again.",
                status_code=answer.status_code,
            )
        case _:
            raise error_from(answer, now=now, secrets=secrets)


def parse_status(
    answer: Answer, *, asked_id: str, now: datetime, secrets: Collection[str] = ()
) -> Task:
    """
    A task as it stands.

    A status word that nobody documented counts as running: the task is paid for, so keep asking
    (`knows_word` tells).

    Raises:
        RejectedError: Of kind "not_found": there is no such task.

        ServiceError, NetworkError: No usable answer; ask again.
    """
    tree = read(answer, now=now, secrets=secrets)
    body = _body(tree)
    if _word(body) is None and _result_url(body) is None:
        if body.get("error") or body.get("success") is False or is_missing(200, tree):
            raise error_from(answer, now=now, secrets=secrets)
        raise NetworkError(f"The service's answer about task {asked_id} holds no status.")
    return _task(tree, asked_id=asked_id, secrets=secrets)


def knows_word(word: str) -> bool:
    """Whether a status word is one of those documented or seen."""
    return _canonical(word) in _STATES


def is_moderation(error_code: str | None) -> bool:
    """Whether a failed task's code says that the content policy stopped it."""
    return error_code in MODERATION_CODES


def _is_task(tree: Json) -> bool:
    """An id beside an error is an id of something else, unless a status says it is a task's."""
    body = _body(tree)
    if _task_id(tree) is None:
        return False
    return _word(body) is not None or not (body.get("error") or body.get("success") is False)


def _task(tree: Json, *, asked_id: str, secrets: Collection[str]) -> Task:
    body = _body(tree)
    word, url = _word(body), _result_url(body)
    if word is None:
        state = TaskState.QUEUED if url is None else TaskState.SUCCEEDED
    else:
        state = _STATES.get(_canonical(word), TaskState.RUNNING)
    has_error = state is TaskState.FAILED or bool(body.get("error"))
    code, message = fault(body) if has_error else (None, None)
    return Task(
        task_id=_task_id(tree) or asked_id,
        state=state,
        word=scrub(word or "", secrets),
        progress_pct=loose.percent(body.get("progress")),
        client_id=loose.text(body.get("client_business_id")),
        created_at=loose.moment(body.get("created_at")),
        completed_at=loose.moment(body.get("completed_at")),
        expires_at=loose.moment(body.get("expires_at")),
        result_url=url,
        billing=_billing(body.get("billing")),
        error_code=None if code is None else scrub(code, secrets),
        error_message=None if message is None else scrub(message, secrets),
    )


def _body(tree: Json) -> Mapping[str, Json]:
    """The part that speaks of the task: the answer itself, or its `data` when that does."""
    inner = loose.mapping(loose.mapping(tree).get("data"))
    if "status" in inner and inner.keys() & {"id", "task_id"}:
        return inner
    return loose.mapping(tree)


def _task_id(tree: Json) -> str | None:
    for place in (loose.mapping(tree), loose.mapping(loose.mapping(tree).get("data"))):
        for name in ("id", "task_id"):
            value = loose.text(place.get(name))
            if value is not None and len(value) <= MAX_ID_CHARS:
                return value
    return None


def _word(body: Mapping[str, Json]) -> str | None:
    word = body.get("status")
    return loose.text(word) if isinstance(word, str) else None


def _canonical(word: str) -> str:
    return word.strip().lower().replace("-", "_").replace(" ", "_")


def _result_url(body: Mapping[str, Json]) -> str | None:
    """The vendor contradicts itself on where it stands: the known places, in order."""
    result = loose.mapping(body.get("result"))
    for place in (loose.first(result.get("data")), body, loose.first(body.get("data"))):
        url = place if isinstance(place, str) else loose.mapping(place).get("url")
        if isinstance(url, str) and (text := loose.text(url)) is not None:
            return text
    return None


def _billing(value: Json) -> Billing | None:
    body = loose.mapping(value)
    word = body.get("status")
    if not isinstance(word, str) or word.lower() not in set(BillingStatus):
        return None
    return Billing(
        status=BillingStatus(word.lower()),
        usd=loose.decimal(body.get("cost_usd")),
        credits=loose.decimal(body.get("credits")),
    )
