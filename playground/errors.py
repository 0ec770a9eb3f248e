"""Everything that can go wrong, in one tree; each message says what happened, with which value, and what to do.

PlaygroundError
├── InvalidRequestError      caught before anything is paid (also a ValueError)
│   ├── UnusableReferenceError  a reference picture that cannot be sent
│   └── InvalidPlanError     an experiment's plan, with every place where it is wrong
├── BudgetError
│   ├── BudgetExceededError  the cap would be passed
│   └── UnknownPriceError    no price is known, so the person is asked first
├── ServiceError             the service answered, and the answer was no
│   ├── AuthenticationError  401
│   ├── BalanceError         402, and 403 for quota
│   ├── ForbiddenError       403: this key may not use this model
│   ├── ModerationError      422 content policy
│   ├── RejectedError        400, 404, 413, 415 and other 422
│   ├── RateLimitedError     429, and 503 from the submit limiter: not accepted, not charged
│   └── UnavailableError     5xx on a call that is free to repeat
├── NotSentError             the paid request provably never reached the service
├── AnswerLostError          the paid request may have been accepted: look it up, never repeat it
├── NetworkError             no usable answer to a call that is free to repeat
├── TaskFailedError          the task was accepted, ran, and failed
├── PictureError             what came back is not the picture that was paid for
│   └── ExpiredError         the result's address no longer answers
├── WebhookRefusedError      an event that is not the service's, not of now, or makes no sense
└── StorageError             the disk refused to keep what must be kept
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal


class PlaygroundError(Exception):
    """Base of all; `str(error)` is written for the person at the keyboard."""


class InvalidRequestError(PlaygroundError, ValueError):
    """A value that would be refused, found before anything was paid."""

    def __init__(self, message: str, *, field: str) -> None:
        super().__init__(message)
        self.field = field


class UnusableReferenceError(InvalidRequestError):
    """A reference picture that cannot be sent. `can_shrink`: a smaller copy would be accepted."""

    def __init__(self, message: str, *, can_shrink: bool = False) -> None:
        super().__init__(message, field="references")
        self.can_shrink = can_shrink


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanProblem:
    """One thing that is wrong in a plan and what to do about it; line and column count from 1."""

    message: str
    source: str | None = None  # the file or the field
    line: int | None = None
    column: int | None = None  # a character of the line, or a column of a table

    def __str__(self) -> str:
        words = [] if self.source is None else [self.source]
        words += [] if self.line is None else [f"line {self.line}"]
        words += [] if self.column is None else [f"column {self.column}"]
        return f"{', '.join(words)}: {self.message}" if words else self.message


class InvalidPlanError(InvalidRequestError):
    """A plan that cannot be run as it is; `problems` are all that were found, in order."""

    _SHOWN = 10

    def __init__(self, problems: Sequence[PlanProblem]) -> None:
        more = len(problems) - self._SHOWN
        lines = [str(problem) for problem in problems[: self._SHOWN]]
        lines += [f"… and {more} more."] if more > 0 else []
        super().__init__("\n".join(lines), field="plan")
        self.problems = tuple(problems)


class BudgetError(PlaygroundError):
    """Money stands in the way; nothing was sent."""


class BudgetExceededError(BudgetError):
    """Reserving `needed_usd` would pass `cap_usd`, of which `used_usd` is spent or reserved."""

    def __init__(
        self, message: str, *, cap_usd: Decimal, used_usd: Decimal, needed_usd: Decimal
    ) -> None:
        super().__init__(message)
        self.cap_usd = cap_usd
        self.used_usd = used_usd
        self.needed_usd = needed_usd


class UnknownPriceError(BudgetError):
    """No price is known for the request, so it cannot be held against a cap."""


class ServiceError(PlaygroundError):
    """
    The service answered no.

    `status_code` is the HTTP status, `code` the service's own word or number as text,
    `service_message` its text as it came, `kind` a short stable word for the log.
    """

    kind = "service"

    def __init__(
        self,
        message: str,
        *,
        status_code: int,
        code: str | None = None,
        service_message: str | None = None,
    ) -> None:
        super().__init__(message)
        self.status_code = status_code
        self.code = code
        self.service_message = service_message


class AuthenticationError(ServiceError):
    kind = "authentication"


class BalanceError(ServiceError):
    kind = "balance"


class ForbiddenError(ServiceError):
    kind = "forbidden"


class ModerationError(ServiceError):
    kind = "moderation"


class RejectedError(ServiceError):
    kind = "rejected"


class RateLimitedError(ServiceError):
    """Not accepted and not charged. `retry_after_s` is the service's wish, None if it gave none."""

    kind = "rate_limited"

    def __init__(
        self,
        message: str,
        *,
        status_code: int,
        code: str | None = None,
        service_message: str | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(
            message, status_code=status_code, code=code, service_message=service_message
        )
        self.retry_after_s = retry_after_s


class UnavailableError(ServiceError):
    kind = "unavailable"


class NotSentError(PlaygroundError):
    """No connection was made, so the paid request may be sent again."""


class AnswerLostError(PlaygroundError):
    """The paid request left and no usable answer came back. `status_code` is None without one."""

    def __init__(self, message: str, *, status_code: int | None = None) -> None:
        super().__init__(message)
        self.status_code = status_code


class NetworkError(PlaygroundError):
    """A free call got no usable answer: no connection, a time-out, or a body that is not JSON."""


class TaskFailedError(PlaygroundError):
    """The service ran the task and it failed. `kind` is "moderation" or "generation"."""

    def __init__(
        self, message: str, *, task_id: str, kind: str, service_message: str | None
    ) -> None:
        super().__init__(message)
        self.task_id = task_id
        self.kind = kind
        self.service_message = service_message


class PictureError(PlaygroundError):
    """The bytes are not a usable picture: truncated, not an image, too large."""


class ExpiredError(PictureError):
    """The result's address answers no more; results live for 24 hours."""


class WebhookRefusedError(PlaygroundError):
    """What came as the service's event is not taken. `status_code` is what to answer."""

    def __init__(self, message: str, *, status_code: int) -> None:
        super().__init__(message)
        self.status_code = status_code


class StorageError(PlaygroundError):
    """The disk would not keep something; nothing was paid after this was noticed."""
