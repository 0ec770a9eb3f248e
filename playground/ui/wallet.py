"""Whose money a visit spends, and what things cost with it."""

from dataclasses import dataclass

from playground import catalog, wire
from playground.errors import InvalidRequestError, PlaygroundError
from playground.runner.desk import Desk
from playground.runner.views import AccountView
from playground.schema import Origin, Request
from playground.ui import format as fmt
from playground.ui.money import Quote, estimate_words, quote
from playground.ui.texts import text
from playground.ui.texts.telling import told
from playground.ui.visits import Visit, Visits


@dataclass(slots=True)
class Wallet:
    """The accounts of the visits: the one the program was started with, or a typed key's."""

    desk: Desk
    visits: Visits

    def account_id(self, visit: Visit) -> str:
        return visit.account_id or self.desk.default_account_id

    def account(self, visit: Visit) -> AccountView:
        try:
            return self.desk.account(self.account_id(visit))
        except InvalidRequestError:
            # The engine has forgotten the key; the person sees that none is in use any more.
            visit.account_id = None
            return self.desk.account(self.desk.default_account_id)

    def check_key(self, visit: Visit) -> None:
        """
        Before anything is bought: where a key was typed, nobody else's is used in its place.

        Raises:
            InvalidRequestError: It is not known any more.
        """
        try:
            self.desk.account(self.account_id(visit))
        except InvalidRequestError:
            visit.account_id = None  # told once; after that it is plain whose account it is
            raise

    @property
    def hosts(self) -> tuple[str, ...]:
        """Where a key may be sent: the service's own addresses, and what the settings say first."""
        official = (f"https://{host}" for host in wire.OFFICIAL_HOSTS)
        return tuple(dict.fromkeys((self._own_host, *official)))

    @property
    def _own_host(self) -> str:
        return wire.normalise_base_url(self.desk.settings.base_url)

    def host_of(self, told: str) -> str:
        """
        The address a person chose or typed; nothing chosen is what the settings say.

        Raises:
            InvalidRequestError: It is no address, or strangers come here and it is none of `hosts`.
        """
        if not told.strip():
            return self._own_host
        host = wire.normalise_base_url(told)
        if self.desk.settings.is_public and host not in self.hosts:
            # Else anybody could make this server speak to whom they like.
            raise InvalidRequestError(text("key.host_refused"), field="base_url")
        return host

    async def use_key(self, visit: Visit, key: str, host: str = "") -> str:
        """
        Takes a typed key for this visit; returns what to tell. The key is kept by nobody here.

        Args:
            host: Where it belongs, as in `host_of`.
        """
        if not key.strip():
            return text("key.empty")
        try:
            account = await self.desk.open_account(self.host_of(host), key, owner_id=visit.owner_id)
        except PlaygroundError as exc:
            return text("key.failed", problem=told(exc))
        if account.problem is not None and account.balance is None:
            self.visits.discard_account(account.account_id)
            return text("key.failed", problem=told(account.problem))
        self.visits.use_account(visit, account.account_id)
        if account.problem is not None:
            return told(account.problem)
        is_live = account.origin is Origin.LIVE
        words = text("key.accepted" if is_live else "key.accepted_emulated")
        if account.n_taken_up:
            name = "key.taken_up_one" if account.n_taken_up == 1 else "key.taken_up_many"
            words += " " + text(name, count=account.n_taken_up)
        return words

    def forget_key(self, visit: Visit) -> str:
        """Goes back to the default account; returns what to tell."""
        if visit.account_id is None:
            return text("key.none_to_forget")
        self.visits.use_account(visit, None)
        is_live = self.account(visit).origin is Origin.LIVE
        back = text("key.default_live" if is_live else "key.default_emulated")
        return f"{text('key.forgotten')} {back}"

    async def refresh(self, visit: Visit) -> None:
        """
        Asks the service what the account holds now.

        Raises:
            PlaygroundError: The account is not known any more.
        """
        await self.desk.refresh_account(self.account_id(visit))

    # ---- prices ---------------------------------------------------------------------------------

    def quote(self, requests: list[Request], visit: Visit) -> Quote:
        """What these pictures would cost now, together."""
        account_id = self.account_id(visit)
        estimates = [self.desk.estimate(request, account_id) for request in requests]
        return quote(estimates, self.account(visit).origin)

    def price_words(self, request: Request, visit: Visit) -> str:
        """ "est. $0.07" for one picture with the account of now."""
        estimate = self.desk.estimate(request, self.account_id(visit))
        return estimate_words(estimate, self.account(visit).origin)

    def price_table(self, visit: Visit) -> dict[str, dict[str, str]]:
        """Model → resolution → what one picture costs now, in words."""
        return {
            model.id: {
                resolution: self.price_words(
                    Request(model=model.id, prompt="", resolution=resolution), visit
                )
                for resolution in model.resolutions
            }
            for model in catalog.MODELS.values()
        }

    def reason_to_ask(self, offer: Quote) -> str | None:
        """Why this purchase needs a second click; None when it needs none."""
        if offer.usd is None:
            return text("confirm.unknown", count=offer.pictures)
        limit = self.desk.settings.warn_usd
        if offer.usd > limit:
            return text(
                "confirm.expensive", count=offer.pictures, price=offer.price, limit=fmt.usd(limit)
            )
        return None
