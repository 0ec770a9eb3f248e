"""The service's spelling, both ways: what we send, and what every known shape of its answers means."""

import ipaddress
import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import TypeAlias
from urllib.parse import quote, urlsplit

from playground.errors import (
    AnswerLostError,
    AuthenticationError,
    BalanceError,
    ForbiddenError,
    InvalidRequestError,
    ModerationError,
    NetworkError,
    RateLimitedError,
    RejectedError,
    ServiceError,
    UnavailableError,
)
from playground.schema import Balance, Billing, BillingStatus, Request, Task, TaskState

OFFICIAL_HOSTS = ("toapis.com", "toapis.cn")

CREATE_PATH = "/v1/images/generations"
UPLOAD_PATH = "/v1/uploads/images"
BALANCE_PATH = "/v1/balance"
MODELS_PATH = "/v1/models"
PRICING_PATH = "/v1/pricing"

MAX_TEXT_CHARS = 4_000  # of a message; the log is no place for a page of HTML
MAX_ID_CHARS = 500

_KEY = re.compile(r"[\x21-\x7e]{8,200}")
_QUOTES = "\"'`“”‘’«»"
_INVISIBLE = "\ufeff\u200b\u200c\u200d\u2060"
_LOOKS_LIKE_A_KEY = re.compile(r"\bsk-[A-Za-z0-9_\-]{6,}")
_HIDDEN = "[key]"

_STATES = {
    **dict.fromkeys(("pending", "queued", "submitted"), TaskState.QUEUED),
    **dict.fromkeys(("in_progress", "processing", "running"), TaskState.RUNNING),
    **dict.fromkeys(("completed", "succeeded", "success"), TaskState.SUCCEEDED),
    **dict.fromkeys(("failed", "failure", "error", "cancelled", "expired"), TaskState.FAILED),
    "canceled": TaskState.FAILED,
}
_QUOTA_CODES = frozenset({"insufficient_quota", "insufficient_user_quota", "quota_not_enough"})
_MODERATION_CODES = frozenset({"content_policy_violation"})
_NO_TASK = "task_not_exist"  # a code, though some routes put it where the message belongs
_LIMITER_DOWN = "rate_limit_unavailable"
_DEFINITE_NO = frozenset({400, 401, 402, 403, 404, 413, 415, 422})
_ASK_AGAIN = frozenset({408, 425})

Json: TypeAlias = object


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One HTTP answer as it came."""

    status_code: int
    headers: Mapping[str, str]
    body: bytes

    def header(self, name: str) -> str | None:
        """The value, whatever the case of the name."""
        for each, value in self.headers.items():
            if each.lower() == name:
                return value
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimit:
    """What the service says about the bucket a request was counted in; None is not said."""

    limit: int | None
    remaining: int | None
    reset: str | None  # as it came: the unit is documented nowhere
    category: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotedPrice:
    """USD for one picture, as the service quotes it to the caller's key."""

    model: str
    resolution: str
    usd: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class PricePage:
    """One page of quoted prices; `next_after` None: there is no further page."""

    prices: tuple[QuotedPrice, ...]
    next_after: str | None


class CreateOutcome(StrEnum):
    """What an answer to the paid request means for the money."""

    ACCEPTED = "accepted"  # there is a task
    NOT_ACCEPTED = "not_accepted"  # not now: may be sent again
    REFUSED = "refused"  # a definite no, not charged
    AMBIGUOUS = "ambiguous"  # there may be a task: look it up


# ---- addresses and keys -----------------------------------------------------------------------


def normalise_base_url(text: str) -> str:
    """
    Scheme and host, without `/v1`, what follows it, and the last slash.

    Raises:
        InvalidRequestError: It is no address, or the key would travel unencrypted.
    """
    text = text.strip().strip(_QUOTES + _INVISIBLE).strip()
    if "://" not in text:
        text = f"https://{text}"
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        parts, host, port = None, None, None
    if parts is None or not host or not re.fullmatch(r"[A-Za-z0-9._:\-]+", host) or port == 0:
        raise _bad_address("That is no address of a service.")
    if parts.username is not None or parts.query or parts.fragment:
        raise _bad_address("The address must hold no user name, question mark or hash sign.")
    if parts.scheme not in ("http", "https"):
        raise _bad_address("The address must begin with https://.")
    if parts.scheme == "http" and not is_loopback(host):
        raise _bad_address(f"http://{host} would send the key unencrypted. Use https://.")
    if not re.fullmatch(r"[A-Za-z0-9/._~\-]*", parts.path):
        raise _bad_address("The path of the address holds signs that no service uses.")
    kept = re.split(r"/+v1(?:/|$)", parts.path, maxsplit=1)[0].rstrip("/")
    shown_host = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown_host}{'' if port is None else f':{port}'}{kept}"


def is_loopback(host: str) -> bool:
    """Whether a host name, without brackets, means this machine and no other."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def check_key(text: str) -> str:
    """
    The key without what pasting adds: white space, quotes, a leading `Bearer`.

    Raises:
        InvalidRequestError: It cannot be a key. The message never holds it.
    """
    key = text.strip().strip(_INVISIBLE).strip()
    key = re.sub(r"^bearer\s+", "", key, flags=re.IGNORECASE)
    key = key.strip(_QUOTES + _INVISIBLE).strip()
    if not _KEY.fullmatch(key):
        raise InvalidRequestError(
            f"That is no key: it has {len(key)} characters and must have 8 to 200, without spaces, "
            "line breaks or letters beyond ASCII. Copy it again from the service's console.",
            field="api_key",
        )
    return key


def scrub(text: str, secrets: Iterable[str]) -> str:
    """The text without the secrets and without anything that looks like a key."""
    for secret in secrets:
        for spelling in {secret, quote(secret, safe=""), json.dumps(secret)[1:-1]}:
            text = text.replace(spelling, _HIDDEN)
    return _LOOKS_LIKE_A_KEY.sub(_HIDDEN, text)


def status_path(task_id: str) -> str:
    """Where a task, or the client's own id of one, is asked for."""
    return f"{CREATE_PATH}/{quote(task_id, safe='')}"


def _bad_address(message: str) -> InvalidRequestError:
    return InvalidRequestError(
        f"{message} Examples: https://toapis.com, https://toapis.cn.", field="base_url"
    )


# ---- what we send -----------------------------------------------------------------------------


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


# ---- the paid request's answer ----------------------------------------------------------------


def classify_create(answer: Answer) -> CreateOutcome:
    """Decided by status, code and task id alone, never by a message."""
    tree = _load(answer.body)
    if 200 <= answer.status_code < 300:
        return CreateOutcome.AMBIGUOUS if _task_id(tree) is None else CreateOutcome.ACCEPTED
    if _is_rate_limit(answer.status_code, _fault(tree)[0]):
        return CreateOutcome.NOT_ACCEPTED
    if answer.status_code in _DEFINITE_NO:
        return CreateOutcome.REFUSED
    return CreateOutcome.AMBIGUOUS


def parse_create(answer: Answer, *, now: datetime, secrets: Iterable[str] = ()) -> Task:
    """
    The new task.

    Raises:
        RateLimitedError: Not accepted, may be sent again.

        ServiceError: A definite no.

        AnswerLostError: There may be a task: look it up.
    """
    match classify_create(answer):
        case CreateOutcome.ACCEPTED:
            return _task(_load(answer.body), asked_id="", secrets=secrets)
        case CreateOutcome.AMBIGUOUS:
            raise AnswerLostError(
                f"The service answered the paid request with HTTP {answer.status_code}"
                f"{' and no task id' if answer.status_code < 300 else ''}. "
                "It may have been accepted all the same, so it is looked up, not sent again.",
                status_code=answer.status_code,
            )
        case _:
            raise error_from(answer, now=now, secrets=secrets)


# ---- answers to what is free ------------------------------------------------------------------


def parse_status(
    answer: Answer, *, asked_id: str, now: datetime, secrets: Iterable[str] = ()
) -> Task:
    """
    A task as it stands.

    A status word that nobody documented counts as running: the task is paid for, so keep asking
    (`knows_word` tells).

    Raises:
        RejectedError: With kind "not_found", there is no such task.

        ServiceError, NetworkError: No usable answer; ask again.
    """
    tree = _read(answer, now=now, secrets=secrets)
    body = _body(tree)
    if _state_word(body) is None and _result_url(body) is None:
        if _fault(tree) != (None, None):
            raise error_from(answer, now=now, secrets=secrets)
        raise NetworkError(f"The service's answer about task {asked_id} holds no status.")
    return _task(tree, asked_id=asked_id, secrets=secrets)


def knows_word(word: str) -> bool:
    """Whether a status word is one of those documented or seen."""
    return _canonical(word) in _STATES


def parse_upload(answer: Answer, *, now: datetime, secrets: Iterable[str] = ()) -> str:
    """
    The public address of an uploaded picture.

    Raises:
        ServiceError, NetworkError: It was not taken, or the answer is unusable.
    """
    tree = _read(answer, now=now, secrets=secrets)
    body = _mapping(tree)
    if body.get("success") is False:
        raise _refusal(RejectedError, answer, tree, "The upload was refused", secrets)
    for place in (_mapping(body.get("data")), body):
        url = _text(place.get("url"))
        if url is not None and url.lower().startswith(("https://", "http://")):
            return url
    raise NetworkError("The service's answer to an upload holds no address. Try again.")


def parse_balance(answer: Answer, *, now: datetime, secrets: Iterable[str] = ()) -> Balance:
    """
    Only credits are read: the other amounts are in a currency of the site's choice.

    Raises:
        AuthenticationError: Also for HTTP 200 with `success: false`, which is how a bad key looks.

        ServiceError, NetworkError: No usable answer.
    """
    tree = _read(answer, now=now, secrets=secrets)
    body = _mapping(tree)
    if body.get("success") is False:
        raise _refusal(AuthenticationError, answer, tree, "The key was not accepted", secrets)
    if not body.keys() & {"remain_balance", "remain_credits", "unlimited_quota"}:
        raise NetworkError("The service's answer about the balance holds none. Try again.")
    is_unlimited = body.get("unlimited_quota") is True or _decimal(body.get("remain_balance")) == -1
    return Balance(
        credits=None if is_unlimited else _decimal(body.get("remain_credits")),
        used_credits=_decimal(body.get("used_credits")),
        is_unlimited=is_unlimited,
    )


def parse_models(answer: Answer, *, now: datetime, secrets: Iterable[str] = ()) -> tuple[str, ...]:
    """
    Model ids in the service's order.

    Raises:
        ServiceError, NetworkError: No usable answer.
    """
    data = _mapping(_read(answer, now=now, secrets=secrets)).get("data")
    if not isinstance(data, list):
        raise NetworkError("The service's list of models is no list. Try again.")
    ids = (_text(_mapping(item).get("id")) for item in data)
    return tuple(model_id for model_id in ids if model_id is not None)


def parse_prices(answer: Answer, *, now: datetime, secrets: Iterable[str] = ()) -> PricePage:
    """
    USD prices of one picture by resolution; every other shape of price is left out, not guessed.

    Raises:
        ServiceError, NetworkError: No usable answer.
    """
    body = _mapping(_read(answer, now=now, secrets=secrets))
    data = body.get("data")
    if not isinstance(data, list):
        raise NetworkError("The service's list of prices is no list. Try again.")
    found: dict[tuple[str, str], set[Decimal]] = {}
    if body.get("currency") == "USD":
        for price in _quoted(data):
            found.setdefault((price.model, price.resolution), set()).add(price.usd)
    return PricePage(
        # Two different prices for the same thing: which one counts is not said.
        prices=tuple(
            QuotedPrice(model=model, resolution=resolution, usd=next(iter(amounts)))
            for (model, resolution), amounts in found.items()
            if len(amounts) == 1
        ),
        next_after=_text(body.get("next_after")) if body.get("has_more") is True else None,
    )


def parse_rate_limit(answer: Answer) -> RateLimit | None:
    """What the rate limit headers say; None without any."""
    names = ("limit", "remaining", "reset", "category")
    limit, remaining, reset, category = (answer.header(f"x-ratelimit-{name}") for name in names)
    if limit is None and remaining is None:
        return None
    return RateLimit(
        limit=_count(limit), remaining=_count(remaining), reset=reset, category=category
    )


def parse_retry_after(text: str | None, *, now: datetime) -> float | None:
    """Seconds from a number or an HTTP date; None for neither, 0 for a moment that has passed."""
    if text is None:
        return None
    try:
        seconds = float(text)
    except ValueError:
        try:
            moment = parsedate_to_datetime(text)
        except (ValueError, TypeError, IndexError, OverflowError):
            return None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        seconds = (moment - now).total_seconds()
    return max(0.0, seconds) if math.isfinite(seconds) else None


# ---- errors -----------------------------------------------------------------------------------


def error_from(answer: Answer, *, now: datetime, secrets: Iterable[str] = ()) -> ServiceError:
    """The error that an answer is, by its status and code; the service's text is kept, scrubbed."""
    tree = _load(answer.body)
    code = _fault(tree)[0]
    status = answer.status_code
    if status < 300 and code is not None and code.isdecimal() and 400 <= int(code[:9]) < 600:
        status = int(code)  # an error in the clothes of HTTP 200
    if _is_rate_limit(status, code):
        kind, says = RateLimitedError, "The service takes no more requests at the moment"
    elif _is_missing(status, tree):
        kind, says = RejectedError, "The service does not know what was asked for"
    elif 400 <= status < 500 and code in _QUOTA_CODES or status == 402:
        kind, says = BalanceError, "The account has not enough credits; top it up"
    elif 400 <= status < 500 and code in _MODERATION_CODES:
        kind, says = ModerationError, "The content policy refused this prompt or a reference"
    elif status == 401:
        kind, says = AuthenticationError, "The key was not accepted; check it"
    elif status == 403:
        kind, says = ForbiddenError, "This key may not do that; check what it is allowed to use"
    elif 400 <= status < 500 and status not in _ASK_AGAIN:
        kind, says = RejectedError, "The service refused the request"
    else:
        kind, says = UnavailableError, "The service is out of order at the moment"
    error = _refusal(kind, answer, tree, says, secrets)
    if isinstance(error, RateLimitedError):
        error.retry_after_s = parse_retry_after(answer.header("retry-after"), now=now)
    if isinstance(error, RejectedError) and _is_missing(status, tree):
        error.kind = "not_found"
    return error


def _refusal(
    kind: type[ServiceError],
    answer: Answer,
    tree: Json,
    says: str,
    secrets: Iterable[str],
) -> ServiceError:
    code, message = _fault(tree)
    code = None if code is None else scrub(code, secrets)
    message = None if message is None else scrub(message, secrets)
    detail = f"HTTP {answer.status_code}" if code is None else f"HTTP {answer.status_code}, {code}"
    return kind(
        f"{says} ({detail})." + ("" if message is None else f" It says: {message}"),
        status_code=answer.status_code,
        code=code,
        service_message=message,
    )


def _is_rate_limit(status_code: int, code: str | None) -> bool:
    return status_code == 429 or (status_code == 503 and code == _LIMITER_DOWN)


def _is_missing(status_code: int, tree: Json) -> bool:
    return status_code == 404 or (status_code < 500 and _NO_TASK in _fault(tree))


def _fault(tree: Json) -> tuple[str | None, str | None]:
    """Code and message of an error, wherever they stand; (None, None) without an error."""
    body = _mapping(tree)
    error = body.get("error")
    inner = _mapping(error)
    code = _text(inner.get("code"))
    message = _text(inner.get("message"))
    if isinstance(error, str):
        message = _text(error)
    if code is None and not inner:
        code = _text(body.get("code"))
    return code, message or _text(body.get("fail_reason")) or _text(body.get("message"))


# ---- reading a task ---------------------------------------------------------------------------


def _task(tree: Json, *, asked_id: str, secrets: Iterable[str]) -> Task:
    body = _body(tree)
    word = _state_word(body)
    url = _result_url(body)
    if word is None:
        state = TaskState.QUEUED if url is None else TaskState.SUCCEEDED
    else:
        state = _STATES.get(_canonical(word), TaskState.RUNNING)
    code, message = _fault(body)
    if state is not TaskState.FAILED and "error" not in body:
        code = message = None
    return Task(
        task_id=_task_id(tree) or asked_id,
        state=state,
        word=scrub(word or "", secrets),
        progress_pct=_percent(body.get("progress")),
        client_id=_text(body.get("client_business_id")),
        created_at=_moment(body.get("created_at")),
        completed_at=_moment(body.get("completed_at")),
        expires_at=_moment(body.get("expires_at")),
        result_url=url,
        billing=_billing(body.get("billing")),
        error_code=None if code is None else scrub(code, secrets),
        error_message=None if message is None else scrub(message, secrets),
    )


def _body(tree: Json) -> Mapping[str, Json]:
    """The part that speaks of the task: the answer itself, or its `data` when that does."""
    body = _mapping(tree)
    inner = _mapping(body.get("data"))
    if "status" in inner and ("task_id" in inner or "id" in inner):
        return inner
    return body


def _task_id(tree: Json) -> str | None:
    for place in (_mapping(tree), _mapping(_mapping(tree).get("data"))):
        for name in ("id", "task_id"):
            value = _text(place.get(name))
            if value is not None and len(value) <= MAX_ID_CHARS:
                return value
    return None


def _state_word(body: Mapping[str, Json]) -> str | None:
    word = body.get("status")
    return _text(word) if isinstance(word, str) else None


def _canonical(word: str) -> str:
    return word.strip().lower().replace("-", "_").replace(" ", "_")


def _result_url(body: Mapping[str, Json]) -> str | None:
    """The vendor contradicts itself on where it stands: the documented places, in order."""
    result = _mapping(body.get("result"))
    for place in (_first(result.get("data")), body, _first(body.get("data"))):
        url = place if isinstance(place, str) else _mapping(place).get("url")
        if isinstance(url, str) and (text := _text(url)) is not None:
            return text
    return None


def _billing(value: Json) -> Billing | None:
    body = _mapping(value)
    word = body.get("status")
    if not isinstance(word, str) or word.lower() not in set(BillingStatus):
        return None
    return Billing(
        status=BillingStatus(word.lower()),
        usd=_decimal(body.get("cost_usd")),
        credits=_decimal(body.get("credits")),
    )


def _quoted(data: Sequence[Json]) -> Iterator[QuotedPrice]:
    for item in map(_mapping, data):
        model, prices = _text(item.get("id")), item.get("prices")
        if model is None or item.get("type") != "image" or not isinstance(prices, list):
            continue
        for price in map(_mapping, prices):
            conditions = _mapping(price.get("conditions"))
            resolution, usd = _text(conditions.get("resolution")), _decimal(price.get("unit_price"))
            is_per_picture = price.get("charge_type") == "per_request" and all(
                price.get(name, "request") == "request" for name in ("price_basis", "unit")
            )
            if is_per_picture and len(conditions) == 1 and resolution and usd is not None:
                yield QuotedPrice(model=model, resolution=resolution, usd=usd)


# ---- reading JSON without trusting it ---------------------------------------------------------


def _read(answer: Answer, *, now: datetime, secrets: Iterable[str]) -> Json:
    """The JSON of a good answer to a free call."""
    if not 200 <= answer.status_code < 300:
        raise error_from(answer, now=now, secrets=secrets)
    tree = _load(answer.body)
    if not isinstance(tree, dict):
        raise NetworkError(
            f"The service answered HTTP {answer.status_code} with something that is not its JSON. "
            "A proxy may stand in between; try again."
        )
    return tree


def _load(body: bytes) -> Json:
    """None for what is not JSON."""
    try:
        tree: Json = json.loads(body, parse_float=_decimal, parse_constant=lambda _: None)
    except (ValueError, RecursionError):
        return None
    return tree


def _mapping(value: Json) -> Mapping[str, Json]:
    return value if isinstance(value, dict) else {}


def _first(value: Json) -> Json:
    return value[0] if isinstance(value, list) and value else None


def _text(value: Json) -> str | None:
    """Text or a whole number, as text that any file can hold; None for nothing and the rest."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    try:
        text = str(value).strip()
    except ValueError:  # thousands of digits
        return None
    text = text.encode("utf-8", "replace").decode()
    return f"{text[:MAX_TEXT_CHARS]}…" if len(text) > MAX_TEXT_CHARS else text or None


def _decimal(value: Json) -> Decimal | None:
    """A finite amount of sensible size, from a number or its text."""
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        return None
    try:
        number = Decimal(value)
    except (InvalidOperation, ValueError):
        return None
    return number if number.is_finite() and abs(number.adjusted()) <= 18 else None


def _percent(value: Json) -> float | None:
    number = _decimal(value.strip().removesuffix("%") if isinstance(value, str) else value)
    return None if number is None else min(100.0, max(0.0, float(number)))


def _moment(value: Json) -> datetime | None:
    """Unix seconds or milliseconds, as number or text, or ISO 8601; 0 is not a moment."""
    number = _decimal(value)
    if number is not None:
        seconds = float(number) / (1_000 if number > 100_000_000_000 else 1)
        try:
            return datetime.fromtimestamp(seconds, UTC) if seconds > 0 else None
        except (ValueError, OverflowError, OSError):
            return None
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value.strip())
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _count(text: str | None) -> int | None:
    number = _decimal(text)
    return None if number is None or number < 0 else int(number)
