"""What programs may ask for, without the framework: a comparison, how it stands, and the verdict."""

import asyncio
import hashlib
import secrets
import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from playground import catalog
from playground.errors import BudgetError, InvalidRequestError
from playground.identity import (
    comparison_id_of,
    is_owner_token,
    new_comparison_id,
    new_owner_token,
    owner_id_of,
)
from playground.judging.votes import new_voter_id, voter_id_of
from playground.report.document import report_of
from playground.results.scope import Scope
from playground.schema import Comparison, Origin, Request
from playground.ui.api.answers import comparison_json
from playground.ui.api.orders import Caller, Order
from playground.ui.compare.flow import Flow
from playground.ui.results.findings import FindingsBook, Question
from playground.ui.visits import Visit

LOOK_EVERY_S = 0.1
MAX_WAIT_S = 50.0  # proxies give up on an answer after a minute
MAX_WEIGHING = 3  # verdicts at once: they share their threads with the pages
MAX_WAITING = 50  # calls that wait at once, beside the pages; more are answered as things stand
MAX_RUNNING = 4  # comparisons of one caller at once


class Programs:
    """
    The steps behind the named endpoints. They buy through the same purse as the page.

    On one's own machine everything belongs to the same person, and a caller's token is not looked
    at. Where strangers come, whoever has the token is that visitor, on the page as well.
    """

    def __init__(self, flow: Flow, book: FindingsBook) -> None:
        self._flow = flow
        self._desk = flow.desk
        self._book = book
        self._secret = secrets.token_hex(16)  # of this start: nobody can name our visits
        self._n_waiting = 0
        self._n_weighing = 0

    # ---- buying ---------------------------------------------------------------------------------

    async def compare(self, order: Order, caller: Caller, *, wait_s: float) -> dict[str, Any]:
        """
        Begins a comparison, or finds the one of the same `request_id`, and tells how it stands.

        Raises:
            PlaygroundError: Nothing was bought; says why and what to do.
        """
        token = self._token_for_buying(order, caller)
        comparison = self._comparison(order, token)
        visit = self._visit(token, caller.key)
        async with visit.lock:
            known = self._known(comparison, order)
            if not known:
                await self._buy(comparison, order, visit, caller)
        return await self._told(comparison.comparison_id, token, caller, wait_s)

    def _comparison(self, order: Order, token: str | None) -> Comparison:
        owner_id = None if token is None else owner_id_of(token)
        if not 1 <= order.repeats <= catalog.MAX_REPEATS:
            raise InvalidRequestError(
                f"repeats is {order.repeats}; it must be 1 to {catalog.MAX_REPEATS}.",
                field="repeats",
            )
        if len(order.lanes) != len(catalog.DEFAULT_LANES):
            raise InvalidRequestError(
                f"models must name {len(catalog.DEFAULT_LANES)} models, one a side; "
                f"{len(order.lanes)} were given.",
                field="models",
            )
        comparison = Comparison(
            comparison_id=new_comparison_id()
            if order.request_id is None
            else comparison_id_of(self._desk.playground.engine.secret, owner_id, order.request_id),
            prompt=order.prompt,
            lanes=order.lanes,
            size=order.size,
            resolution=order.resolution,
            references=tuple(self._desk.url_reference(each) for each in order.references),
            repeats=order.repeats,
            owner_id=owner_id,
        )
        for lane in range(1, len(comparison.lanes) + 1):
            catalog.check(comparison.request(lane))
        return comparison

    def _known(self, comparison: Comparison, order: Order) -> bool:
        """
        Raises:
            InvalidRequestError: The same request id was used for something else.
        """
        views = self._desk.own_views(comparison.comparison_id, comparison.owner_id)
        wanted = {
            (lane, repeat): _asked(comparison.request(lane)) for lane, repeat in comparison.places()
        }
        if views and {(v.lane, v.repeat): _asked(v.request) for v in views} != wanted:
            raise InvalidRequestError(
                f"request_id {order.request_id!r} was used for another comparison. Nothing was "
                "bought. Use each id for one request only.",
                field="request_id",
            )
        return bool(views)

    async def _buy(
        self, comparison: Comparison, order: Order, visit: Visit, caller: Caller
    ) -> None:
        running = self._running(visit)
        if running >= MAX_RUNNING:
            raise InvalidRequestError(
                f"{running} comparisons of this caller are running; at most {MAX_RUNNING} may. "
                "Wait until one has finished.",
                field="visitor",
            )
        if caller.key is not None:
            await self._use_key(visit, caller.key)
        self._flow.wallet.check_key(visit)
        self._check_price(comparison, order, visit)
        await self._desk.begin(
            comparison,
            account_id=self._flow.wallet.account_id(visit),
            session_id=f"{visit.visit_id} {datetime.now(UTC).date()}",
        )
        visit.remember(comparison.comparison_id)
        visit.live_ids.add(comparison.comparison_id)

    def _running(self, visit: Visit) -> int:
        for comparison_id in tuple(visit.live_ids):
            if all(view.is_over for view in self._desk.views(comparison_id)):
                visit.live_ids.discard(comparison_id)
        return len(visit.live_ids)

    async def _use_key(self, visit: Visit, key: str) -> None:
        try:
            if visit.account_id is not None:
                self._desk.account(visit.account_id)
                return
        except InvalidRequestError:
            pass  # forgotten since; here it is again
        account = await self._desk.open_account(
            self._desk.settings.base_url, key, owner_id=visit.owner_id
        )
        if account.problem is not None:
            self._flow.visits.discard_account(account.account_id)
            raise InvalidRequestError(account.problem, field="key")
        self._flow.visits.use_account(visit, account.account_id)

    def _check_price(self, comparison: Comparison, order: Order, visit: Visit) -> None:
        """
        Raises:
            BudgetError: It costs more than is bought unasked, or more than was accepted.
        """
        requests = [comparison.request(lane) for lane, _ in comparison.places()]
        offer = self._flow.wallet.quote(requests, visit)
        if offer.usd is None:
            raise BudgetError(
                "No price is known for this, so a program cannot buy it. Nothing was bought. The "
                "page asks a person."
            )
        accepted = order.accept_cost_usd
        if accepted is not None and offer.usd > accepted:
            raise BudgetError(
                f"This costs {offer.price}, more than the accept_cost_usd of {accepted}. Nothing "
                "was bought."
            )
        limit = self._desk.settings.warn_usd
        if accepted is None and offer.usd > limit:
            raise BudgetError(
                f"This costs {offer.price}, more than the ${limit} that is bought unasked. Nothing "
                f"was bought. If it is meant, call again with accept_cost_usd={offer.usd}."
            )

    # ---- looking --------------------------------------------------------------------------------

    async def status(self, comparison_id: str, caller: Caller, *, wait_s: float) -> dict[str, Any]:
        """
        How a comparison of the caller stands.

        Raises:
            InvalidRequestError: There is none of that id, or it is not theirs, or it is being
                judged blind.
        """
        token = self._token_for_looking(caller)
        views = self._desk.own_views(comparison_id, _owner(token))
        if not views:
            raise InvalidRequestError(
                f"No comparison {comparison_id[:60]!r} of yours is known here.",
                field="comparison_id",
            )
        voter_id = new_voter_id() if token is None else voter_id_of(token)
        if await asyncio.to_thread(self._flow.ballots.is_hidden, voter_id, views):
            raise InvalidRequestError(
                "This comparison is being judged blind on the page, so nobody is told yet which "
                "picture is whose.",
                field="comparison_id",
            )
        return await self._told(comparison_id, token, caller, wait_s)

    async def _told(
        self, comparison_id: str, token: str | None, caller: Caller, wait_s: float
    ) -> dict[str, Any]:
        await self._wait(comparison_id, wait_s)
        views = self._desk.own_views(comparison_id, _owner(token))
        return {"visitor": token, **comparison_json(comparison_id, views, caller.base_url)}

    async def _wait(self, comparison_id: str, wait_s: float) -> None:
        if wait_s <= 0 or self._n_waiting >= MAX_WAITING:
            return
        until = time.monotonic() + min(wait_s, MAX_WAIT_S)
        self._n_waiting += 1
        try:
            while time.monotonic() < until:
                if all(view.is_over for view in self._desk.views(comparison_id)):
                    return
                await asyncio.sleep(LOOK_EVERY_S)
        finally:
            self._n_waiting -= 1

    async def verdict(
        self, scope: Scope, caller: Caller, *, origin: Origin | None
    ) -> dict[str, Any]:
        """
        What the votes allow to be said: the sentence of the Results tab and its numbers.

        Args:
            scope: Without an owner; whose runs count follows from the caller.

        Raises:
            InvalidRequestError: It names something that does not occur in the caller's log.
            StorageError: The log cannot be read.
        """
        owner_id = _owner(self._token_for_looking(caller))
        question = Question(scope=replace(scope, owner_id=owner_id), origin=origin)
        if self._n_weighing >= MAX_WEIGHING:
            raise InvalidRequestError(
                "Too many verdicts are asked for just now. Try again in a minute.", field="verdict"
            )
        self._n_weighing += 1
        try:
            findings = await asyncio.to_thread(self._book.answer, question)
        finally:
            self._n_weighing -= 1
        for name, value, there in (
            ("experiment_id", scope.experiment_id, findings.choices.experiments),
            ("tag", scope.tag, findings.choices.tags),
            ("ratio", scope.size, findings.choices.sizes),
            ("resolution", scope.resolution, findings.choices.resolutions),
        ):
            if value is not None and value not in there:
                raise InvalidRequestError(
                    f"Nothing in your log has the {name} {value!r}.", field=name
                )
        summary = findings.summary
        report = report_of(
            summary, experiment_id=scope.experiment_id, made_at=datetime.now(UTC)
        ).to_json()
        del report["tables"]  # for people; every number of theirs that matters stands above
        return {
            **report,
            "emulated": summary.origin is Origin.EMULATED,
            "pairs": {"n_pairs": summary.n_pairs, "n_judged": summary.n_pairs_judged},
        }

    # ---- who calls ------------------------------------------------------------------------------

    @property
    def _is_public(self) -> bool:
        return self._desk.settings.is_public

    def _token_for_buying(self, order: Order, caller: Caller) -> str | None:
        if not self._is_public:
            return None
        if caller.visitor is None and order.request_id is None:
            return new_owner_token()
        return self._token_for_looking(caller)

    def _token_for_looking(self, caller: Caller) -> str | None:
        if not self._is_public:
            return None
        if caller.visitor is None:
            raise InvalidRequestError(
                "This needs the visitor it belongs to: the one of an earlier answer, or 32 to 64 random "
                "hex digits of your own.",
                field="visitor",
            )
        if not is_owner_token(caller.visitor):
            raise InvalidRequestError(
                "visitor must be the one of an earlier answer, or 32 to 64 random hex digits.",
                field="visitor",
            )
        return caller.visitor

    def _visit(self, token: str | None, key: str | None) -> Visit:
        """One for each visitor and key, so that no two keys ever take turns in it."""
        name = f"{self._secret} {token or ''} {key or ''}"
        visit_id = hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()[:32]
        visits = self._flow.visits
        return visits.meet_owner(visits.enter(visit_id), token)


def _owner(token: str | None) -> str | None:
    return None if token is None else owner_id_of(token)


def _asked(request: Request) -> tuple[Any, ...]:
    references = tuple(reference.url for reference in request.references)
    return (request.model, request.prompt, request.size, request.resolution, references)
