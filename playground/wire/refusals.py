"""What a no means: the error for each status and code, with the service's own words beside ours."""

from collections.abc import Collection
from datetime import datetime

from playground.errors import (
    AuthenticationError,
    BalanceError,
    ForbiddenError,
    ModerationError,
    NetworkError,
    RateLimitedError,
    RejectedError,
    ServiceError,
    UnavailableError,
)
from playground.sayings import said
from playground.wire import loose
from playground.wire.access import scrub
from playground.wire.answer import Answer, parse_retry_after
from playground.wire.loose import Json

QUOTA_CODES = frozenset({"insufficient_quota", "insufficient_user_quota", "quota_not_enough"})
MODERATION_CODES = frozenset({"content_policy_violation"})
LIMITER_DOWN = "rate_limit_unavailable"
NO_TASK = "task_not_exist"  # a code, though some routes put it where the message belongs
_ASK_AGAIN = frozenset({408, 425})

_RATE_LIMITED = said("The service takes no more requests at the moment")
_MISSING = said("The service does not know what was asked for")
_NO_CREDITS = said("The account has not enough credits; top it up")
_MODERATED = said("The content policy refused this prompt or a reference")
_BAD_KEY = said("The key was not accepted; check it")
_FORBIDDEN = said("This key may not do that; check what it is allowed to use")
_REJECTED = said("The service refused the request")
_DOWN = said("The service is out of order at the moment")


def error_from(answer: Answer, *, now: datetime, secrets: Collection[str] = ()) -> ServiceError:
    """
    The error that an answer is, by its status and code alone; its text is kept, scrubbed.

    A task or model that does not exist is a `RejectedError` of kind "not_found".
    """
    tree = loose.load(answer.body)
    code = fault(tree)[0]
    status = _status_meant(answer.status_code, code)
    kind, says = _kind(status, code)
    if kind is RejectedError and is_missing(status, tree):
        says = _MISSING
    error = refusal(kind, answer, tree, says=says, secrets=secrets)
    if isinstance(error, RateLimitedError):
        error.retry_after_s = parse_retry_after(answer, now=now)
    if says == _MISSING:
        error.kind = "not_found"
    return error


def refusal(
    kind: type[ServiceError],
    answer: Answer,
    tree: Json,
    *,
    says: str,
    secrets: Collection[str],
) -> ServiceError:
    """An error of the kind, with our sentence first and the service's after it."""
    code, message = (None if each is None else scrub(each, secrets) for each in fault(tree))
    detail = f"HTTP {answer.status_code}" if code is None else f"HTTP {answer.status_code}, {code}"
    return kind(
        said("{says} ({detail}).", says=says, detail=detail)
        if message is None
        else said(
            "{says} ({detail}). It says: {message}", says=says, detail=detail, message=message
        ),
        status_code=answer.status_code,
        code=code,
        service_message=message,
    )


def read(answer: Answer, *, now: datetime, secrets: Collection[str]) -> Json:
    """
    The JSON object of a good answer to a free call.

    Raises:
        ServiceError: The answer is a no.

        NetworkError: It is not the service's JSON.
    """
    if not 200 <= answer.status_code < 300:
        raise error_from(answer, now=now, secrets=secrets)
    tree = loose.load(answer.body)
    if not isinstance(tree, dict):
        raise NetworkError(
            said(
                "HTTP {status_code} came with something that is not the service's JSON. A "
                "proxy may stand in between; try again.",
                status_code=answer.status_code,
            )
        )
    return tree


def is_rate_limit(status_code: int, code: str | None) -> bool:
    """Not accepted and not charged; the same request may be sent again after a pause."""
    return status_code == 429 or (status_code == 503 and code == LIMITER_DOWN)


def is_missing(status_code: int, tree: Json) -> bool:
    """There is no such task, whichever way the route at hand says so."""
    return status_code == 404 or (status_code < 500 and NO_TASK in fault(tree))


def fault(tree: Json) -> tuple[str | None, str | None]:
    """Code and message of an error, wherever they stand; (None, None) without any."""
    body = loose.mapping(tree)
    error = body.get("error")
    inner = loose.mapping(error)
    code = loose.text(inner.get("code")) if inner else loose.text(body.get("code"))
    told = inner.get("message") if inner else error if isinstance(error, str) else None
    for each in (told, body.get("fail_reason"), body.get("message")):
        message = loose.text(each)
        if message is not None:
            return code, message
    return code, None


def _status_meant(status_code: int, code: str | None) -> int:
    """Some errors come with HTTP 200 and carry the status as their code."""
    if status_code < 300 and code in {str(status) for status in range(400, 600)}:
        return int(code or status_code)
    return status_code


def _kind(status: int, code: str | None) -> tuple[type[ServiceError], str]:
    is_request_fault = 400 <= status < 500
    if is_rate_limit(status, code):
        return RateLimitedError, _RATE_LIMITED
    if status == 402 or (is_request_fault and code in QUOTA_CODES):
        return BalanceError, _NO_CREDITS
    if is_request_fault and code in MODERATION_CODES:
        return ModerationError, _MODERATED
    if status == 401:
        return AuthenticationError, _BAD_KEY
    if status == 403:
        return ForbiddenError, _FORBIDDEN
    if (is_request_fault and status not in _ASK_AGAIN) or code == NO_TASK:
        return RejectedError, _REJECTED
    return UnavailableError, _DOWN
