"""Who is on the page: a visit (a browser tab and its reloads) with its own account and comparisons."""

import asyncio
import re
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from playground.judging.votes import new_voter_id

_VISIT_ID = re.compile(r"[0-9a-f]{32}")
_VOTER_ID = re.compile(r"voter_[0-9a-f]{20}")
KEPT_S = 12 * 3600.0  # a visit that nobody came back to is forgotten, and its key with it
MAX_VISITS = 10_000
MAX_COMPARISONS = 200


@dataclass(slots=True)
class Visit:
    """One visit. `lock` makes "is something running?" and "begin" one act."""

    visit_id: str
    account_id: str | None = None  # of a key typed in here; None: the default account
    voter_id: str = field(default_factory=new_voter_id)  # who judges here; the browser keeps it
    is_blind: bool = False  # what the next comparison begins as
    owner_id: str | None = None  # whose runs are shown; None: those of this machine
    comparison_ids: list[str] = field(default_factory=list)  # oldest first
    live_ids: set[str] = field(default_factory=set)  # begun here and not yet seen to be over
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    seen_s: float = 0.0

    def remember(self, comparison_id: str) -> None:
        if comparison_id in self.comparison_ids:
            return
        self.comparison_ids.append(comparison_id)
        del self.comparison_ids[:-MAX_COMPARISONS]


class Visits:
    """
    All visits of this process, by an id that the tab keeps and nobody can guess.

    `forget_account` is called with an account that no visit uses any more.
    """

    def __init__(
        self,
        *,
        forget_account: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._visits: dict[str, Visit] = {}
        self._shown: dict[str, str | None] = {}
        self._forget_account = forget_account
        self._clock = clock

    def enter(self, visit_id: str | None) -> Visit:
        """The visit of that id; a new one when there is none, or the id is not one of ours."""
        known = self._visits.get(visit_id or "")
        if known is None:
            self._prune()
            is_ours = visit_id is not None and _VISIT_ID.fullmatch(visit_id)
            name = visit_id if visit_id is not None and is_ours else secrets.token_hex(16)
            known = self._visits[name] = Visit(visit_id=name)
        known.seen_s = self._clock()
        return known

    def meet_voter(self, visit: Visit, told_id: object) -> None:
        """Takes the voter's id that the browser kept; anything else leaves the visit its own."""
        if isinstance(told_id, str) and _VOTER_ID.fullmatch(told_id):
            visit.voter_id = told_id

    def use_account(self, visit: Visit, account_id: str | None) -> None:
        """Switches the visit's account and lets go of the earlier one."""
        earlier, visit.account_id = visit.account_id, account_id
        self._let_go(earlier)

    def discard_account(self, account_id: str) -> None:
        """Forgets an account that was opened and is not going to be used."""
        self._let_go(account_id)

    def _let_go(self, account_id: str | None) -> None:
        if account_id is None:
            return
        # Two visits may have been given the same key.
        if all(visit.account_id != account_id for visit in self._visits.values()):
            self._forget_account(account_id)

    def _prune(self) -> None:
        oldest_first = sorted(self._visits.values(), key=lambda visit: visit.seen_s)
        too_many = len(oldest_first) - MAX_VISITS + 1
        for place, visit in enumerate(oldest_first):
            if place < too_many or self._clock() - visit.seen_s > KEPT_S:
                del self._visits[visit.visit_id]
                self._let_go(visit.account_id)

    # ---- which comparison a page shows ---------------------------------------------------------

    def show(self, page_id: str, comparison_id: str | None) -> None:
        """`page_id` is one loaded page: watchers of anything else it showed before end."""
        self._shown[page_id] = comparison_id

    def shown(self, page_id: str) -> str | None:
        return self._shown.get(page_id)

    def leave(self, page_id: str) -> None:
        self._shown.pop(page_id, None)
