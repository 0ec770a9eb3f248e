"""The service's webhook: whether an event is truly its own and fresh, and which task it is about."""

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from playground.errors import WebhookRefusedError

ID_HEADER = "X-ToAPIs-Webhook-Id"
TIMESTAMP_HEADER = "X-ToAPIs-Webhook-Timestamp"
SIGNATURE_HEADER = "X-ToAPIs-Webhook-Signature"
SECRET_BYTES = 32
MAX_AGE_S = 300  # the service's own word
MAX_BODY_BYTES = 64_000

_FINAL = ("generation.completed", "generation.failed")
_EVENT_ID = re.compile(r"[\x21-\x7e]{1,200}")
_TIMESTAMP = re.compile(r"[0-9]{1,12}")
_MAX_SIGNATURES = 8  # two while a secret is being changed


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookEvent:
    """
    An event the service signed. It says only that asking now is worth while.

    Times are whole seconds of the service's clock.
    """

    event_id: str
    kind: str  # endpoint.test, generation.completed, …
    task_id: str | None
    run_id: str | None  # our own id of the task, as we sent it
    sent_at_s: int  # this attempt
    finished_at_s: int | None

    @property
    def is_final(self) -> bool:
        """A task of ours ended."""
        return self.kind in _FINAL

    @property
    def age_s(self) -> float | None:
        """How long ago at most the task had ended when this was sent; None when not told."""
        if self.finished_at_s is None or self.finished_at_s > self.sent_at_s:
            return None
        return self.sent_at_s - self.finished_at_s + 1.0  # both are rounded down


def read_webhook(
    headers: Mapping[str, str], body: bytes, *, secret: str, now_s: float
) -> WebhookEvent:
    """
    The event, once its signature and its age are checked.

    Args:
        headers: By any spelling of their names.

        body: As it came, not decoded.

        secret: The one set in the service's console.

        now_s: Unix seconds by our clock.

    Raises:
        WebhookRefusedError: 401 for whatever is not signed with the secret or is not of now, 413
            for too long a body, 400 for a signed one that makes no sense.
    """
    if len(body) > MAX_BODY_BYTES:
        raise WebhookRefusedError("The body is too long.", status_code=413)
    told = {name.lower(): value for name, value in headers.items()}
    event_id = told.get(ID_HEADER.lower(), "")
    timestamp = told.get(TIMESTAMP_HEADER.lower(), "")
    signatures = told.get(SIGNATURE_HEADER.lower(), "")
    if not (_EVENT_ID.fullmatch(event_id) and _TIMESTAMP.fullmatch(timestamp)):
        raise WebhookRefusedError("The signature does not fit.", status_code=401)
    if not _is_signed(signatures, secret, event_id, timestamp, body):
        raise WebhookRefusedError("The signature does not fit.", status_code=401)
    if abs(now_s - int(timestamp)) > MAX_AGE_S:
        raise WebhookRefusedError("The event is not of now.", status_code=401)
    return _event_of(body, event_id, int(timestamp))


def _is_signed(signatures: str, secret: str, event_id: str, timestamp: str, body: bytes) -> bool:
    message = b".".join((event_id.encode(), timestamp.encode(), body))
    wanted = hmac.new(secret.encode(), message, hashlib.sha256).hexdigest().encode()
    is_good = False
    for each in signatures.split(",")[:_MAX_SIGNATURES]:
        version, _, told = each.strip().partition("=")
        # Every one is compared, in constant time: how long it took tells nothing.
        is_good |= hmac.compare_digest(wanted, told.encode()) and version == "v1"
    return is_good


def _event_of(body: bytes, event_id: str, sent_at_s: int) -> WebhookEvent:
    try:
        event: Any = json.loads(body)
    except (ValueError, RecursionError):
        raise WebhookRefusedError("The body is not JSON.", status_code=400) from None
    if not isinstance(event, dict) or event.get("id", event_id) != event_id:
        raise WebhookRefusedError("The body is no event with this id.", status_code=400)
    data = event.get("data")
    kind = event.get("type")
    if not isinstance(data, dict) or not isinstance(kind, str):
        raise WebhookRefusedError("The body is no event.", status_code=400)
    return WebhookEvent(
        event_id=event_id,
        kind=kind,
        task_id=_word(data.get("task_id")),
        run_id=_word(data.get("client_business_id")),
        sent_at_s=sent_at_s,
        finished_at_s=_moment(data.get("finished_at")) or _moment(event.get("created_at")),
    )


def _word(value: object) -> str | None:
    return value if isinstance(value, str) and 0 < len(value) <= 200 else None


def _moment(value: object) -> int | None:
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return value if is_number and value > 0 else None  # type: ignore[operator, return-value]
