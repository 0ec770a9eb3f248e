"""Whose money is spent: a key at a host, kept in memory for as long as somebody uses it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from playground import catalog, pricing, wire
from playground.budget import Payer
from playground.client import Service, Transports
from playground.errors import (
    AuthenticationError,
    InvalidRequestError,
    NetworkError,
    ServiceError,
)
from playground.pricing import Price
from playground.runner.announcements import Announcements
from playground.runner.views import AccountView
from playground.sayings import said, words_of
from playground.schema import Balance, Estimate, Origin, Request

TRIALS_AT_ONCE = 3
MAX_TRIALS = 30  # with those that wait


@dataclass(slots=True, kw_only=True)
class Account:
    """A service with a key, and what it last said about balance and prices."""

    account_id: str
    service: Service = field(repr=False)
    origin: Origin
    masked_key: str
    balance: Balance | None = None
    problem: str | None = None
    quoted: tuple[Price, ...] = ()
    announcements: Announcements = field(default_factory=Announcements)

    @property
    def owner_facts(self) -> dict[str, str]:
        """How the journal recognises the account again, without the key."""
        return {
            "origin": str(self.origin),
            "host": self.service.host,
            "fingerprint": self.service.fingerprint,
        }

    def owns(self, facts: Mapping[str, str]) -> bool:
        """The emulator's port changes from start to start, so its host does not count."""
        return (
            facts["origin"] == self.origin
            and facts["fingerprint"] == self.service.fingerprint
            and (self.origin is Origin.EMULATED or facts["host"] == self.service.host)
        )

    def view(self) -> AccountView:
        return AccountView(
            account_id=self.account_id,
            origin=self.origin,
            host=self.service.host,
            masked_key=self.masked_key,
            balance=self.balance,
            problem=self.problem,
        )


class Accounts:
    """
    Every account whose key is known here. All methods belong to one event loop, but `payer` and
    `estimate` may be called from any thread.

    Args:
        is_public: Strangers come, so that it matters whose money is spent.
    """

    def __init__(
        self, transports: Transports, *, secret: bytes, rate_group: str, is_public: bool
    ) -> None:
        self._transports = transports
        self._secret = secret
        self._rate_group = rate_group
        self._is_public = is_public
        self._known: dict[str, Account] = {}
        self._lent_id: str | None = None
        self._trials, self._n_trials = asyncio.Semaphore(TRIALS_AT_ONCE), 0

    def __iter__(self) -> Iterator[Account]:
        return iter(tuple(self._known.values()))

    def find(self, account_id: str) -> Account:
        """
        Raises:
            InvalidRequestError: Its key was forgotten, or never given.
        """
        try:
            return self._known[account_id]
        except KeyError:
            raise InvalidRequestError(
                said("This key is not known any more. Enter it again."), field="key"
            ) from None

    async def open(self, base_url: str, key: str) -> Account:
        """
        The account of this key, asked for its balance and prices.

        Raises:
            InvalidRequestError: The address or the key cannot be one, or too many are being tried.
        """
        fresh = _account(
            base_url,
            key,
            transports=self._transports,
            secret=self._secret,
            rate_group=self._rate_group,
        )
        async with self._trial(fresh):
            account = self._known.setdefault(fresh.account_id, fresh)
            await _refresh(account, tuple(catalog.MODELS))
        return account

    @contextlib.asynccontextmanager
    async def _trial(self, fresh: Account) -> AsyncIterator[None]:
        """Keys nobody has used yet are asked about a few at a time: open tasks are asked for too."""
        if fresh.account_id in self._known:
            yield
            return
        if self._n_trials >= MAX_TRIALS:
            self._transports.limiters.forget(fresh.service.host, fresh.service.fingerprint)
            raise InvalidRequestError(
                said("Too many keys are being tried here just now. Try again in a minute."),
                field="key",
            )
        self._n_trials += 1
        try:
            async with self._trials:
                yield
        finally:
            self._n_trials -= 1

    async def refresh(self, account_id: str) -> Account:
        """The account, asked again. Raises: as `find`."""
        account = self.find(account_id)
        await _refresh(account, tuple(catalog.MODELS))
        return account

    def forget(self, account_id: str) -> Account | None:
        """Lets go of the key; None when it was not known."""
        account = self._known.pop(account_id, None)
        if account is not None:
            self._transports.limiters.forget(account.service.host, account.service.fingerprint)
        return account

    def lend(self, account_id: str) -> None:
        """From now on this account is the deployment's own, which visitors spend within caps."""
        self._lent_id = account_id

    def is_lent(self, account_id: str | None) -> bool:
        return account_id is not None and account_id == self._lent_id

    def payer(self, account_id: str | None) -> Payer:
        """Whose money is spent with this account, and so which caps hold."""
        if not self._is_public:
            return Payer.HERE
        return Payer.HOST if self.is_lent(account_id) else Payer.VISITOR

    def estimate(self, request: Request, account_id: str) -> Estimate | None:
        """What one picture should cost this account; None when no price is known."""
        account = self._known.get(account_id)
        return pricing.estimate(
            request,
            on=datetime.now(UTC).date(),
            quoted=() if account is None else account.quoted,
        )


async def _refresh(account: Account, models: tuple[str, ...]) -> None:
    """Asks for balance and prices; what goes wrong becomes the account's `problem`, in words."""
    service = account.service
    try:
        account.balance = await service.balance()
    except AuthenticationError as exc:
        account.problem = said(
            "{host} does not accept this key. Check that it was copied whole and is still active. "
            "It says: {words}",
            host=service.host,
            words=exc.service_message or words_of(exc),
        )
        return
    except NetworkError as exc:
        account.problem = said(
            "{host} cannot be reached. Check the network, or choose another host. {exc}",
            host=service.host,
            exc=exc,
        )
        return
    except ServiceError as exc:
        account.problem = said("{host} did not tell the balance. {exc}", host=service.host, exc=exc)
        return
    finally:
        if service.emulated:
            account.origin = Origin.EMULATED
    balance = account.balance
    is_empty = balance.credits is not None and balance.credits <= 0 and not balance.is_unlimited
    account.problem = (
        said(
            "The account at {host} has no credits left. Top it up there, then try again.",
            host=service.host,
        )
        if is_empty
        else None
    )
    quoted: list[Price] = []
    for model in models:
        try:
            quoted += await service.quoted_prices(model, on=datetime.now(UTC).date())
        except (ServiceError, NetworkError):
            continue  # not every deployment tells prices; the estimates remain
    account.quoted = tuple(quoted)


def _account(
    base_url: str, key: str, *, transports: Transports, secret: bytes, rate_group: str
) -> Account:
    """
    An account that has not been asked anything yet.

    Raises:
        InvalidRequestError: The address or the key cannot be one; the key is never in the message.
    """
    service = Service(
        wire.normalise_base_url(base_url),
        wire.check_key(key),
        transports,
        secret=secret,
        rate_group=rate_group,
    )
    if not service.host:
        raise InvalidRequestError(
            said("{base_url!r} is no address of a service.", base_url=base_url), field="base_url"
        )
    clean = key.strip()
    return Account(
        account_id=f"{service.host} {service.fingerprint}",
        service=service,
        origin=Origin.LIVE,
        masked_key=f"{clean[:3]}…{clean[-4:]}" if len(clean) >= 16 else "…",
    )
