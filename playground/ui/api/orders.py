"""What a program asks for, from whatever it sent: every argument is checked before anything is looked at."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation

from playground import catalog
from playground.errors import InvalidRequestError
from playground.history.marks import plain_tag
from playground.results.scope import Scope
from playground.schema import Origin

MAX_WORD = 400
_SIZE, _RESOLUTION = "1:1", "1K"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who calls: what the transport tells, and the secret they may have brought along."""

    visitor: str | None  # a token; only where strangers come
    key: str | None = field(default=None, repr=False)  # their own at the service
    base_url: str = ""  # by which they reached this app


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One comparison as a program asks for it; nothing in it was checked yet."""

    prompt: str
    lanes: tuple[str, ...] = catalog.DEFAULT_LANES
    size: str = _SIZE
    resolution: str = _RESOLUTION
    repeats: int = 1
    references: tuple[str, ...] = ()  # public addresses
    request_id: str | None = None
    accept_cost_usd: Decimal | None = None


def order_of(
    *,
    prompt: object,
    ratio: object,
    resolution: object,
    repeats: object,
    models: object,
    references: object,
    request_id: object,
    accept_cost_usd: object,
) -> Order:
    """
    The arguments of a call, whatever was sent for them.

    Raises:
        InvalidRequestError: One of them is not what its name promises.
    """
    return Order(
        prompt=text_of("prompt", prompt, limit=None) or "",
        lanes=_texts("models", models) or catalog.DEFAULT_LANES,
        size=text_of("ratio", ratio) or _SIZE,
        resolution=text_of("resolution", resolution) or _RESOLUTION,
        repeats=_whole("repeats", repeats),
        references=_texts("references", references),
        request_id=text_of("request_id", request_id),
        accept_cost_usd=_amount("accept_cost_usd", accept_cost_usd),
    )


def scope_of(
    *, experiment_id: object, tag: object, ratio: object, resolution: object, since: object
) -> Scope:
    """
    As `order_of`, for what a verdict is asked about.

    Raises: as there.
    """
    day, word = text_of("since", since), text_of("tag", tag)
    try:
        first = None if day is None else date.fromisoformat(day)
    except ValueError:
        raise InvalidRequestError(
            "since must be a day such as 2026-11-22.", field="since"
        ) from None
    try:
        plain = None if word is None else plain_tag(word)
    except ValueError as exc:
        raise InvalidRequestError(str(exc), field="tag") from exc
    return Scope(
        experiment_id=text_of("experiment_id", experiment_id),
        tag=plain,
        size=text_of("ratio", ratio),
        resolution=text_of("resolution", resolution),
        since=first,
    )


def origin_of(value: object) -> Origin | None:
    """
    Raises:
        InvalidRequestError: There is no such origin.
    """
    word = text_of("origin", value)
    if word is not None and word not in tuple(Origin):
        raise InvalidRequestError(
            f"origin must be one of {', '.join(Origin)}, or left out.", field="origin"
        )
    return None if word is None else Origin(word)


def seconds_of(name: str, value: object) -> float:
    """
    Raises:
        InvalidRequestError: It is no number of seconds.
    """
    if value is None:
        return 0.0
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not 0 <= value < float("inf"):  # type: ignore[operator]
        raise InvalidRequestError(f"{name} must be a number of seconds from 0.", field=name)
    return float(value)  # type: ignore[arg-type]


def text_of(name: str, value: object, *, limit: int | None = MAX_WORD) -> str | None:
    """
    None for nothing and for an empty text, which is how optional arguments are left out.

    Raises:
        InvalidRequestError: It is no text, or longer than anything it could be.
    """
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise InvalidRequestError(f"{name} must be a text.", field=name)
    if limit is not None and len(value) > limit:
        raise InvalidRequestError(f"{name} has more than {limit} characters.", field=name)
    return value


def _whole(name: str, value: object) -> int:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not float(value).is_integer():  # type: ignore[arg-type]
        raise InvalidRequestError(f"{name} must be a whole number.", field=name)
    return int(value)  # type: ignore[call-overload, no-any-return]


def _texts(name: str, value: object) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list | tuple) or not all(isinstance(each, str) for each in value):
        raise InvalidRequestError(f"{name} must be a list of texts.", field=name)
    return tuple(value)


def _amount(name: str, value: object) -> Decimal | None:
    """A text or a number: what a caller typed is told back exactly."""
    if value is None or value == "":
        return None
    try:
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise InvalidOperation
        amount = Decimal(str(value).strip().removeprefix("$"))
        if not amount.is_finite() or amount < 0:
            raise InvalidOperation
    except InvalidOperation:
        raise InvalidRequestError(
            f"{name} must be an amount in US dollars such as 1.50.", field=name
        ) from None
    return amount
