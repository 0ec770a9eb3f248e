"""Who is on the page: a visit (a browser tab and its reloads) with its own account and comparisons."""

import asyncio
import re
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from playground.identity import is_owner_token, new_owner_token, owner_id_of
from playground.judging.votes import new_voter_id, voter_id_of
from playground.ui.pages import Pages
from playground.ui.texts import Language, language_of, speak

_VISIT_ID = re.compile(r"[0-9a-f]{32}")
_VOTER_ID = re.compile(r"voter_[0-9a-f]{20}")
# A visit that nobody came back to is forgotten, and its key with it. An open page comes back by
# itself every few seconds.
KEPT_S = 12 * 3600.0
KEPT_IN_PUBLIC_S = 1800.0
MAX_VISITS = 10_000
MAX_VISITS_OF_PLACE = 200  # more from one place push out its own and nobody else's
MAX_COMPARISONS = 200


@dataclass(slots=True)
class Visit:
    """One visit. `lock` makes "is something running?" and "begin" one act."""

    visit_id: str
    account_id: str | None = None  # of a key typed in here; None: the default account
    voter_id: str = field(default_factory=new_voter_id)  # who judges here; the browser keeps it
    is_blind: bool = False  # what the next comparison begins as
    language: Language = Language.ENGLISH  # what everything is said in
    typed: dict[str, bytes] = field(default_factory=dict)  # kept while the language changes
    owner_id: str | None = None  # whose runs are shown; None: those of this machine
    comparison_ids: list[str] = field(default_factory=list)  # oldest first
    is_owner_told: bool = False  # by the browser, not made up here
    place: str = ""  # where it comes from, where strangers come: a hash and no address
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

    Args:
        forget_account: Called with an account that no visit uses any more.

        meet: Called with an owner whenever they come, where strangers do; returns their place.
    """

    def __init__(
        self,
        *,
        forget_account: Callable[[str], None],
        is_public: bool = False,
        meet: Callable[[str], str] = lambda _owner_id: "",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._visits: dict[str, Visit] = {}
        self._shown: Pages[str | None] = Pages(MAX_VISITS)
        self._forget_account = forget_account
        self._is_public = is_public
        self._meet = meet
        self._kept_s = KEPT_IN_PUBLIC_S if is_public else KEPT_S
        self._clock = clock

    def enter(self, visit_id: str | None) -> Visit:
        """
        The visit of that id; a new one when there is none, or the id is not one of ours.

        From here on the caller's task speaks the visit's language.
        """
        known = self._visits.get(visit_id or "")
        if known is None:
            self.forget_idle(room_for=1)
            is_ours = visit_id is not None and _VISIT_ID.fullmatch(visit_id)
            name = visit_id if visit_id is not None and is_ours else secrets.token_hex(16)
            known = self._visits[name] = Visit(visit_id=name, seen_s=self._clock())
            if self._is_public:
                self._belongs(known, new_owner_token())
        known.seen_s = self._clock()
        if known.owner_id is not None:
            self._came(known, known.owner_id)
        speak(known.language)
        return known

    def meet_owner(self, visit: Visit, token: object) -> Visit:
        """
        The visit of the person whose secret token the browser kept; the same one unless it was
        somebody else's. Without a token that can be one the visit keeps the owner made up for it.

        On one's own machine nobody is asked: everything there belongs to the same person.
        """
        if not self._is_public or not isinstance(token, str) or not is_owner_token(token):
            return visit
        if visit.is_owner_told and visit.owner_id != owner_id_of(token):
            visit = self.enter(None)
        self._belongs(visit, token)
        visit.is_owner_told = True
        return visit

    def _belongs(self, visit: Visit, token: str) -> None:
        visit.owner_id, visit.voter_id = owner_id_of(token), voter_id_of(token)
        self._came(visit, visit.owner_id)

    def _came(self, visit: Visit, owner_id: str) -> None:
        before, visit.place = visit.place, self._meet(owner_id)
        if visit.place == before:
            return
        same = [each for each in tuple(self._visits.values()) if each.place == visit.place]
        if len(same) > MAX_VISITS_OF_PLACE:
            same.sort(key=lambda each: each.seen_s)
            for each in same[:-MAX_VISITS_OF_PLACE]:
                self._forget(each)

    def meet_voter(self, visit: Visit, told_id: object) -> None:
        """
        Takes the voter's id that the browser kept; anything else leaves the visit its own.

        Among strangers it follows from the owner: a voter's id stands in the log, so it is no proof.
        """
        if self._is_public:
            return
        if isinstance(told_id, str) and _VOTER_ID.fullmatch(told_id):
            visit.voter_id = told_id

    def meet_language(self, visit: Visit, told: object) -> None:
        """Takes the language of the page; one that is not spoken here changes nothing."""
        visit.language = language_of(told) or visit.language
        speak(visit.language)

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
        if all(visit.account_id != account_id for visit in tuple(self._visits.values())):
            self._forget_account(account_id)

    def forget_idle(self, *, room_for: int = 0) -> None:
        """Forgets the visits that nobody came back to, with their keys, and makes room for more."""
        oldest_first = sorted(self._visits.values(), key=lambda visit: visit.seen_s)
        too_many = len(oldest_first) - MAX_VISITS + room_for
        for number, visit in enumerate(oldest_first):
            if number < too_many or self._clock() - visit.seen_s > self._kept_s:
                self._forget(visit)

    def _forget(self, visit: Visit) -> None:
        if self._visits.pop(visit.visit_id, None) is not None:
            self._let_go(visit.account_id)

    # ---- which comparison a page shows ---------------------------------------------------------

    def show(self, page_id: str, comparison_id: str | None) -> None:
        """`page_id` is one loaded page: watchers of anything else it showed before end."""
        self._shown[page_id] = comparison_id

    def shown(self, page_id: str) -> str | None:
        return self._shown.get(page_id)

    def leave(self, page_id: str) -> None:
        self._shown.pop(page_id, None)
