"""Answers about everything that is not a task: uploads, balance, models, prices."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from playground.errors import AuthenticationError, NetworkError, RejectedError
from playground.sayings import said
from playground.schema import Balance
from playground.wire import loose
from playground.wire.answer import Answer
from playground.wire.loose import Json
from playground.wire.refusals import read, refusal

UPLOAD_PATH = "/v1/uploads/images"
BALANCE_PATH = "/v1/balance"
MODELS_PATH = "/v1/models"
PRICING_PATH = "/v1/pricing"

_UNLIMITED = Decimal(-1)


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


def parse_upload(answer: Answer, *, now: datetime, secrets: Collection[str] = ()) -> str:
    """
    The public address of an uploaded picture.

    Raises:
        ServiceError, NetworkError: It was not taken, or the answer is unusable.
    """
    tree = read(answer, now=now, secrets=secrets)
    body = loose.mapping(tree)
    if body.get("success") is False:
        raise refusal(
            RejectedError, answer, tree, says=said("The upload was refused"), secrets=secrets
        )
    for place in (loose.mapping(body.get("data")), body):
        url = loose.text(place.get("url"))
        if url is not None and url.lower().startswith(("https://", "http://")):
            return url
    raise NetworkError("The service's answer to an upload holds no address. Try again.")


def parse_balance(answer: Answer, *, now: datetime, secrets: Collection[str] = ()) -> Balance:
    """
    Only credits are read: the other amounts are in a currency of the site's choice.

    Raises:
        AuthenticationError: Also for HTTP 200 with `success: false`, which is how a bad key looks.

        ServiceError, NetworkError: No usable answer.
    """
    tree = read(answer, now=now, secrets=secrets)
    body = loose.mapping(tree)
    if body.get("success") is False:
        says = said("The key was not accepted; check it")
        raise refusal(AuthenticationError, answer, tree, says=says, secrets=secrets)
    if not body.keys() & {"remain_balance", "remain_credits", "unlimited_quota"}:
        raise NetworkError("The service's answer about the balance holds none. Try again.")
    is_unlimited = (
        body.get("unlimited_quota") is True
        or loose.decimal(body.get("remain_balance")) == _UNLIMITED
    )
    return Balance(
        credits=None if is_unlimited else loose.decimal(body.get("remain_credits")),
        used_credits=loose.decimal(body.get("used_credits")),
        is_unlimited=is_unlimited,
    )


def parse_models(
    answer: Answer, *, now: datetime, secrets: Collection[str] = ()
) -> tuple[str, ...]:
    """
    Model ids in the service's order.

    Raises:
        ServiceError, NetworkError: No usable answer.
    """
    data = loose.mapping(read(answer, now=now, secrets=secrets)).get("data")
    if not isinstance(data, list):
        raise NetworkError("The service's list of models is no list. Try again.")
    ids = (loose.text(loose.mapping(item).get("id")) for item in data)
    return tuple(model_id for model_id in ids if model_id is not None)


def parse_prices(answer: Answer, *, now: datetime, secrets: Collection[str] = ()) -> PricePage:
    """
    USD prices of one picture by resolution; every other shape of price is left out, not guessed.

    Raises:
        ServiceError, NetworkError: No usable answer.
    """
    body = loose.mapping(read(answer, now=now, secrets=secrets))
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
        next_after=loose.text(body.get("next_after")) if body.get("has_more") is True else None,
    )


def _quoted(data: Sequence[Json]) -> Iterator[QuotedPrice]:
    for item in map(loose.mapping, data):
        model, prices = loose.text(item.get("id")), item.get("prices")
        if model is None or item.get("type") != "image" or not isinstance(prices, list):
            continue
        for price in map(loose.mapping, prices):
            conditions = loose.mapping(price.get("conditions"))
            resolution = loose.text(conditions.get("resolution"))
            usd = loose.decimal(price.get("unit_price"))
            if resolution is None or len(conditions) != 1:
                continue
            is_per_picture = price.get("charge_type") == "per_request" and all(
                price.get(name, "request") == "request" for name in ("price_basis", "unit")
            )
            # A price of nothing would let everything pass the cap; it is taken for a gap.
            if is_per_picture and usd is not None and usd > 0:
                yield QuotedPrice(model=model, resolution=resolution, usd=usd)
