"""How the service says no: every documented error body, with its status and headers."""

from collections.abc import Mapping
from typing import Any

Json = dict[str, Any]

INSUFFICIENT_QUOTA = "insufficient_quota"
CONTENT_POLICY_VIOLATION = "content_policy_violation"
RATE_LIMIT_EXCEEDED = "rate_limit_exceeded"
RATE_LIMIT_UNAVAILABLE = "rate_limit_unavailable"
PRICING_UNAVAILABLE = "pricing_unavailable"
MODEL_NOT_FOUND = "model_not_found"
WEBHOOK_NOT_CONFIGURED = "webhook_not_configured"


class RefusalError(Exception):
    """A request that is answered with an error and changes nothing."""

    def __init__(
        self, status_code: int, body: Json, *, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(f"HTTP {status_code}: {body}")
        self.status_code = status_code
        self.body = body
        self.headers = dict(headers or {})


def invalid_request(message: str, *, code: str = "invalid_request") -> RefusalError:
    return RefusalError(
        400, {"error": {"code": code, "message": message, "type": "invalid_request_error"}}
    )


def invalid_body() -> RefusalError:
    return RefusalError(400, {"message": "invalid request body", "success": False})


def webhook_not_configured(message: str) -> RefusalError:
    return invalid_request(message, code=WEBHOOK_NOT_CONFIGURED)


def missing_key() -> RefusalError:
    message = "No API key was given: send the header Authorization: Bearer sk-…"
    return RefusalError(
        401, {"error": {"code": 401, "message": message, "type": "authentication_error"}}
    )


def bad_key() -> RefusalError:
    return RefusalError(
        401, {"error": {"code": "", "message": "Invalid token", "type": "new_api_error"}}
    )


def insufficient_quota(*, status_code: int = 402, code: str = INSUFFICIENT_QUOTA) -> RefusalError:
    return RefusalError(
        status_code,
        {"error": {"code": code, "message": "Insufficient balance", "type": "new_api_error"}},
    )


def task_not_found(task_id: str) -> RefusalError:
    message = f"Task not found: {task_id}"
    return RefusalError(
        404, {"error": {"code": 404, "message": message, "type": "not_found_error"}}
    )


def task_not_exist() -> RefusalError:
    return RefusalError(400, {"message": "task_not_exist"})


def too_large(message: str = "Request body too large") -> RefusalError:
    return RefusalError(413, {"error": {"code": 413, "message": message}})


def moderated() -> RefusalError:
    message = "The request was refused by the content policy"
    return RefusalError(
        422,
        {
            "error": {
                "code": CONTENT_POLICY_VIOLATION,
                "message": message,
                "type": "invalid_request_error",
            }
        },
    )


def rate_limited(*, headers: Mapping[str, str]) -> RefusalError:
    """A 429. The documented body carries no `type`."""
    return RefusalError(
        429,
        {"error": {"code": RATE_LIMIT_EXCEEDED, "message": "Too many requests"}},
        headers=headers,
    )


def rate_limit_unavailable() -> RefusalError:
    message = "The rate limiter is not available, the request was not accepted"
    return RefusalError(503, {"error": {"code": RATE_LIMIT_UNAVAILABLE, "message": message}})


def pricing_unavailable() -> RefusalError:
    return RefusalError(
        503, {"error": {"code": PRICING_UNAVAILABLE, "message": "Prices are not available"}}
    )


def model_not_found(model: str) -> RefusalError:
    return RefusalError(
        404, {"error": {"code": MODEL_NOT_FOUND, "message": f"Model not found: {model}"}}
    )


def upload_refused(message: str) -> RefusalError:
    return RefusalError(400, {"success": False, "message": message})


def not_found() -> RefusalError:
    return RefusalError(
        404, {"error": {"code": 404, "message": "No such path", "type": "not_found_error"}}
    )
