"""What is spent and reserved, over all programs on one data folder, and whether more may be."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal

from playground import budget, disk, pricing
from playground.budget import Caps, Payer, Reservations
from playground.errors import UnknownPriceError
from playground.journal import Fact
from playground.runner import ledger
from playground.runner.crowd import Crowd
from playground.runner.kit import Kit
from playground.runner.lending import Lending
from playground.runner.views import MoneyView, RunView
from playground.sayings import said
from playground.schema import Origin, Run


class Purse:
    """The intents in the journals are the reservations; the rows of the log are the spending."""

    def __init__(self, kit: Kit, caps: Caps, crowd: Crowd) -> None:
        self._kit = kit
        self._caps = caps
        self._sessions = Reservations()  # by session and origin: spent and reserved
        self._lending = Lending(
            kit.data_dir, log=kit.log, crowd=crowd, secret=kit.secret, open_ids=self._open_ids
        )
        self._open = Reservations()  # by origin: reserved by runs of ours that have no row yet

    @contextmanager
    def reserving(
        self,
        views: Sequence[RunView],
        session_id: str | None,
        *,
        accept_unknown_price: bool,
        payer: Payer = Payer.HERE,
    ) -> Iterator[None]:
        """
        Write the intents of these runs inside: checking and reserving are one act.

        Args:
            views: Of one owner.

        Raises:
            UnknownPriceError: A price is unknown and nobody accepted that.
            BudgetExceededError: A cap would be passed.
        """
        estimates = [view.estimate for view in views]
        if pricing.total_usd(estimates) is None and not accept_unknown_price:
            raise UnknownPriceError(
                said(
                    "No price is known for this, so it cannot be held against a cap. Nothing was "
                    "sent."
                )
            )
        needed = sum((each.usd for each in estimates if each is not None), Decimal(0))
        origin = views[0].origin
        lock = self._kit.data_dir / "budget.lock"
        with disk.storage_errors(lock), disk.locked(lock):
            self._check(origin, session_id, needed, payer)
            if payer is Payer.HOST:
                self._lending.check(
                    views, visitor_cap_usd=self._caps.visitor_usd, day_cap_usd=self._caps.day_usd
                )
                self._lending.note(views)
            yield
        for view in views:
            usd = None if view.estimate is None else view.estimate.usd
            if session_id is not None:
                self._sessions.reserve((session_id, origin), view.run_id, usd)
            self._open.reserve(origin, view.run_id, usd)

    def take_over(self, view: RunView) -> None:
        """Counts a run that an earlier program left open."""
        if view.estimate is not None:
            self._open.reserve(view.origin, view.run_id, view.estimate.usd)

    def settle(self, run: Run) -> None:
        """What the run came to replaces what was expected of it."""
        cost = ledger.counted_usd(run)
        if cost is not None:
            self._sessions.settle(run.run_id, cost)
        self._open.release(run.run_id)

    def money(
        self,
        origin: Origin,
        session_id: str | None,
        *,
        payer: Payer = Payer.HERE,
        owner_id: str | None = None,
    ) -> MoneyView:
        """
        What is spent and reserved against the caps; without a session none of it is its.

        Among strangers nobody is told what the others spend, but for how much of the day's
        allowance of a lent key is gone.
        """
        session_usd = self._sessions.used_usd((session_id, origin))
        session_cap_usd = None if session_id is None else self._caps.session_usd
        if payer is Payer.HERE:
            day_usd, unknown = self._day(origin)
            return MoneyView(
                origin=origin,
                session_usd=session_usd,
                session_cap_usd=session_cap_usd,
                day_usd=day_usd,
                day_cap_usd=self._caps.day_usd,
                unknown_count=unknown,
            )
        is_lent = payer is Payer.HOST
        lent = self._lending.lent(owner_id) if is_lent else None
        return MoneyView(
            origin=origin,
            session_usd=session_usd,
            session_cap_usd=session_cap_usd,
            day_usd=Decimal(0) if lent is None else lent.day_usd,
            day_cap_usd=self._caps.day_usd if is_lent else None,
            visitor_usd=Decimal(0) if lent is None else lent.visitor_usd,
            visitor_cap_usd=self._caps.visitor_usd if is_lent else None,
            unknown_count=0,
        )

    def _open_ids(self) -> set[str]:
        journal = self._kit.journal
        # The others' first: what we take over in between is seen twice and not never.
        open_runs = (*journal.others_open(), *journal.open_runs())
        return {facts.run_id for facts in open_runs}

    def _day(self, origin: Origin) -> tuple[Decimal, int]:
        """What is spent and reserved today, and how many runs more of no known price."""
        kit = self._kit
        spent = kit.log.spent_usd(origin=origin, since=budget.day_start(datetime.now(UTC)))
        reserved, unknown = self._open.used_usd(origin), spent.unknown_count
        for facts in kit.journal.others_open():
            intent = facts.last(Fact.INTENT)
            if intent is None or facts.run_id in kit.log or ledger.origin_of(intent) is not origin:
                continue
            estimate = ledger.estimate_of(intent)
            unknown += estimate is None
            reserved += Decimal(0) if estimate is None else estimate.usd
        return spent.usd + reserved, unknown

    def _check(
        self, origin: Origin, session_id: str | None, needed_usd: Decimal, payer: Payer
    ) -> None:
        money = self.money(origin, session_id, payer=payer)
        caps = [("session", money.session_cap_usd, money.session_usd)]
        if payer is Payer.HERE:
            caps.append(("day", money.day_cap_usd, money.day_usd))
        for name, cap_usd, used_usd in caps:
            budget.check_cap(
                name,
                cap_usd=cap_usd,
                used_usd=used_usd,
                needed_usd=needed_usd,
                origin=origin,
                # Waiting gives a session nothing back.
                remedy=_anew() if name == "session" else None,
            )


def _anew() -> str:
    return said(
        "A new tab of the page, or a new start, is another session. {setting} sets its cap.",
        setting="PLAYGROUND_SESSION_CAP_USD",
    )
