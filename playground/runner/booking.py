"""What is to be bought, written down with its price reserved, and why it may not be; nothing is sent here."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from playground import catalog, disk
from playground.budget import Payer
from playground.errors import InvalidRequestError, StorageError
from playground.journal import Fact, RunFacts, Stage
from playground.runner import intents
from playground.runner.accounts import Account
from playground.runner.board import Board
from playground.runner.crowd import Crowd
from playground.runner.kit import Kit
from playground.runner.purse import Purse
from playground.runner.views import Phase, RunView
from playground.sayings import said
from playground.schema import Comparison, Estimate, Request
from playground.tenancy import Tenancy

# A 2K picture as lossless PNG has some 12 MB.
PICTURE_BYTES = 12_000_000


class Bookings:
    """
    Args:
        crowd: Where strangers come: how much each of them may have under way.

        tenancy: Asked before anything is bought; needed where locks do not hold.

        estimate: What a picture should cost an account; None when no price is known.

        count_under_way: How many pictures this program is at work on.
    """

    def __init__(
        self,
        kit: Kit,
        board: Board,
        purse: Purse,
        *,
        crowd: Crowd | None,
        tenancy: Tenancy | None,
        estimate: Callable[[Request, Account], Estimate | None],
        count_under_way: Callable[[], int],
    ) -> None:
        self._kit = kit
        self._board = board
        self._purse = purse
        self._crowd = crowd
        self._tenancy = tenancy
        self._estimate = estimate
        self._count_under_way = count_under_way

    def check_open(self) -> None:
        """
        Raises:
            InvalidRequestError: The program is ending.
        """
        if self._kit.closing.is_set():
            raise InvalidRequestError(
                said("The app is closing and takes no more work."), field="run"
            )

    def missing(self, comparisons: Sequence[Comparison], account: Account) -> list[RunView]:
        """
        What nobody wrote down yet of these comparisons, as fresh runs.

        Raises:
            InvalidRequestError: Something in them would be refused.
        """
        return [view for each in comparisons for view in self._missing(each, account)]

    def book(
        self,
        views: Sequence[RunView],
        account: Account,
        *,
        session_id: str | None,
        accept_unknown_price: bool,
        payer: Payer,
    ) -> None:
        """
        Writes down these runs of one owner, all or none: from then on their price is reserved.

        Raises:
            InvalidRequestError, BudgetExceededError, UnknownPriceError, StorageError: They may
                not be, or cannot be; nothing is written down.
        """
        if not views:
            return
        # A whole experiment need not fit at once; each of its pictures is looked at as it begins.
        self.check_room(
            sum(view.experiment_id is None or view.retry_of is not None for view in views)
        )
        self._check_crowd([view for view in views if view.experiment_id is None])
        with self._purse.reserving(
            views, session_id, accept_unknown_price=accept_unknown_price, payer=payer
        ):
            for view in views:
                self.write_intent(view, account)

    def begun(self, facts: RunFacts, account: Account) -> RunView:
        """
        A run that was written down earlier, as it stands when it begins.

        Raises:
            InvalidRequestError: It was written down for another key.
        """
        intent = facts.last(Fact.INTENT)
        if intent is None or not account.owns(intent["account"]):
            raise InvalidRequestError(
                said(
                    "Run {run_id} was planned with another key. Enter that key, or plan it anew.",
                    run_id=facts.run_id,
                ),
                field="key",
            )
        view = intents.parked(facts, self._kit.data_dir)
        now = datetime.now(UTC)
        view = replace(
            view, phase=Phase.WAITING, started_at=now, phase_since=now, is_detached=False, note=None
        )
        if view.experiment_id is not None:
            self.write_intent(view, account)  # once more: only now it begins
        return view

    def next_attempt(self, old: RunView, account: Account) -> RunView:
        """The same request once more, as a run of its own."""
        return intents.next_attempt(
            old, origin=account.origin, estimate=self._estimate(old.request, account)
        )

    def later_than(self, old: RunView) -> RunView | None:
        """The run that was bought or adopted in place of this one."""
        attempts = self._board.attempts(old.comparison_id)
        return next((view for view in attempts if view.retry_of == old.run_id), None)

    def write_intent(self, view: RunView, account: Account) -> None:
        """
        Raises:
            StorageError: The disk refused; nothing is written down.
        """
        facts = intents.facts_of(view, account, self._kit.data_dir)
        self._kit.journal.write(view.run_id, Fact.INTENT, **facts)

    def facts(self, run_id: str) -> RunFacts:
        """What the journal knows of a run that was written down."""
        facts = self._kit.journal.facts(run_id)
        if facts is None:
            raise StorageError(said("The journal lost run {run_id}.", run_id=run_id))
        return facts

    def has_room(self) -> bool:
        """Whether the disk takes anything at all."""
        try:
            disk.check_room(self._kit.data_dir)
        except StorageError:
            return False
        return True

    def check_room(self, n_pictures: int) -> None:
        """
        Raises:
            StorageError: What is under way and so many pictures more would not fit on the disk,
                or the disk is not ours any more.
        """
        n_pictures += self._count_under_way()
        disk.check_room(self._kit.data_dir, needed_bytes=n_pictures * PICTURE_BYTES)
        if self._tenancy is not None:
            self._tenancy.check()

    def _check_crowd(self, views: Sequence[RunView]) -> None:
        """
        Raises:
            InvalidRequestError: Strangers come, and this one has too much under way already.
        """
        owner_id = views[0].owner_id if views else None
        if self._crowd is not None and owner_id is not None:
            self._crowd.check_room(owner_id, len(views), self._board.count_open)

    def _missing(self, comparison: Comparison, account: Account) -> list[RunView]:
        if not 1 <= comparison.repeats <= catalog.MAX_REPEATS:
            raise InvalidRequestError(
                said(
                    "{repeats} repeats were asked for; choose 1 to {max_repeats}.",
                    repeats=comparison.repeats,
                    max_repeats=catalog.MAX_REPEATS,
                ),
                field="repeats",
            )
        if not comparison.lanes:
            raise InvalidRequestError(said("Choose at least one model."), field="lanes")
        known = {
            (view.lane, view.repeat) for view in self._board.attempts(comparison.comparison_id)
        }
        return [
            intents.first_attempt(
                comparison,
                lane,
                repeat,
                origin=account.origin,
                estimate=self._estimate(comparison.request(lane), account),
            )
            for lane, repeat in comparison.places()
            if (lane, repeat) not in known
        ]


def is_planned(facts: RunFacts) -> bool:
    """Part of an experiment and never sent: the experiment sends it when it goes on."""
    intent = facts.last(Fact.INTENT)
    is_of_experiment = intent is not None and intent["run"].get("experiment_id") is not None
    return is_of_experiment and facts.stage is Stage.MAY_SUBMIT
