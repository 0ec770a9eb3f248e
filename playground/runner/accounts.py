"""Whose money is spent: a key at a host, kept in memory for as long as somebody uses it."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from playground import wire
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
from playground.schema import Balance, Origin


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

    def owns(self, facts: dict[str, str]) -> bool:
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


async def refresh(account: Account, models: tuple[str, ...]) -> None:
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


def open_account(
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
