"""The experiments of a data folder, whoever runs them: their plans, what is wanted of them, how far they are."""

import logging
import re
import threading
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from playground.client import check_public_url
from playground.errors import InvalidRequestError, PlaygroundError
from playground.experiment.books import Books, place_of
from playground.experiment.plan import Plan, is_id
from playground.experiment.plan_file import PLAN_NAME, load_plan, save_plan
from playground.experiment.progress import Progress, progress_of
from playground.experiment.state import Lease, Orders, Pause, StateFile, Wanted
from playground.journal import Journal
from playground.runlog import RunLog
from playground.sayings import said
from playground.schema import RunStatus

log = logging.getLogger(__name__)

FOLDER = "experiments"
FAILURES = (RunStatus.FAILED, RunStatus.REFUSED, RunStatus.TIMED_OUT)
_FOLDER_NAME = re.compile(r"exp_[0-9a-f]{20,40}")
_HASH_IN_PLAN = re.compile(rb'"sha256"\s*:\s*"([0-9a-f]{64})"')


class Shelf:
    """The experiments of a data folder: their plans, orders and books. Safe to share between threads."""

    def __init__(self, data_dir: Path, run_log: RunLog, journal: Journal) -> None:
        self.data_dir = data_dir
        self.folder = data_dir / FOLDER
        self._log = run_log
        self._journal = journal
        self._mutex = threading.RLock()
        self._plans: dict[str, Plan] = {}
        self._states: dict[str, StateFile] = {}
        self._books: dict[str, Books] = {}

    def ids(self) -> tuple[str, ...]:
        """Every experiment with a plan, the newest first."""
        if not self.folder.is_dir():
            return ()
        names = (path.parent.name for path in self.folder.glob(f"*/{PLAN_NAME}"))
        return tuple(sorted(filter(_FOLDER_NAME.fullmatch, names), reverse=True))

    def add(self, plan: Plan) -> Path:
        """
        Keeps the plan; adding it again changes nothing.

        Raises:
            InvalidRequestError: An address in it is not public.
            InvalidPlanError: Another plan of that id is there.
            StorageError: The disk refused.
        """
        for each in plan.settings.reference_sets:
            for reference in each.references:
                if reference.url is not None:
                    check_public_url(reference.url)
        return save_plan(plan, self.folder / plan.experiment_id)

    def plan(self, experiment_id: str) -> Plan:
        """
        Raises:
            InvalidRequestError: There is no such experiment, or its plan was damaged.
        """
        with self._mutex:
            if experiment_id not in self._plans:
                path = self._place(experiment_id) / PLAN_NAME
                references = self.data_dir / "references"
                plan = load_plan(path, references_dir=references)
                self._plans[experiment_id] = plan
            return self._plans[experiment_id]

    def state(self, experiment_id: str) -> StateFile:
        with self._mutex:
            if experiment_id not in self._states:
                self._states[experiment_id] = StateFile(self._place(experiment_id))
            return self._states[experiment_id]

    def books(self, experiment_id: str) -> Books:
        with self._mutex:
            if experiment_id not in self._books:
                plan = self.plan(experiment_id)
                self._books[experiment_id] = Books(plan, self._log, self._journal)
            return self._books[experiment_id]

    def progress(self, experiment_id: str) -> Progress:
        """
        How far it is; the same in whichever program one asks. A few milliseconds.

        Raises:
            InvalidRequestError: There is no such experiment.
            StorageError: The files cannot be read.
        """
        look = self.books(experiment_id).look()
        orders = self.state(experiment_id).read()
        return progress_of(self.plan(experiment_id), look, orders, now=datetime.now(UTC))

    def references_in_use(self) -> frozenset[str]:
        """
        The hashes of all references that experiments which are not over may still send; of a
        damaged one, whatever hashes can still be read in its plan.
        """
        found: set[str] = set()
        for experiment_id in self.ids():
            try:
                orders = self.state(experiment_id).read()
                if orders.wanted in (Wanted.RUNNING, Wanted.PAUSED):
                    found |= _hashes_of(self.plan(experiment_id))
            except PlaygroundError as exc:
                # One broken experiment must not keep everything else for ever.
                log.warning("The references of %s are read from its file: %s", experiment_id, exc)
                found |= _hashes_in(self.folder / experiment_id / PLAN_NAME)
        return frozenset(found)

    def lease_path(self, experiment_id: str) -> Path:
        return self._place(experiment_id) / "lease"

    def is_led(self, experiment_id: str) -> bool:
        """Whether some program, this one or another, runs it or holds it ready."""
        lease = Lease.try_take(self.lease_path(experiment_id))
        if lease is not None:
            lease.release()
        return lease is None

    def _place(self, experiment_id: str) -> Path:
        if not is_id(experiment_id, "exp"):
            raise InvalidRequestError(
                said(
                    "{experiment_id!r} is no experiment's id. `experiment list` tells them.",
                    experiment_id=experiment_id,
                ),
                field="experiment_id",
            )
        folder = self.folder / experiment_id
        if not (folder / PLAN_NAME).is_file():
            raise InvalidRequestError(
                said(
                    "There is no experiment {experiment_id} in {folder}.",
                    experiment_id=experiment_id,
                    folder=self.folder,
                ),
                field="experiment_id",
            )
        return folder

    # ---- orders: written for whoever runs it ------------------------------------------------

    def order_run(
        self,
        experiment_id: str,
        *,
        budget_usd: Decimal | None = None,
        price_usd: Decimal | None = None,
        in_flight: int | None = None,
        account: Mapping[str, str] | None = None,
        owner_id: str | None = None,
    ) -> Orders:
        """
        Wants it to run: from its beginning, or from where it was paused. What has ended stays ended.

        Args:
            budget_usd: The most it may spend in all. Here and below None leaves what there was.

            price_usd: Counts for a picture whose price is not known.

            in_flight: How many comparisons at once; by default what the rate limits allow.

        Raises:
            InvalidRequestError: It was stopped, or a value cannot be one.
        """
        told = {"budget_usd": budget_usd, "price_usd": price_usd, "in_flight": in_flight}
        changes: dict[str, Any] = {name: each for name, each in told.items() if each is not None}
        _check_orders(changes)

        def run(orders: Orders) -> Orders:
            if orders.wanted is Wanted.STOPPED:
                raise InvalidRequestError(
                    said(
                        "{experiment_id} was stopped. Buy what was given up with `retry-failed "
                        "--cancelled`, or plan anew.",
                        experiment_id=experiment_id,
                    ),
                    field="experiment_id",
                )
            fresh = replace(orders, **changes)
            if orders.wanted is Wanted.RUNNING:
                return fresh
            return replace(
                fresh,
                wanted=Wanted.RUNNING,
                why=None,
                note=None,
                is_active=False,
                queued_at=datetime.now(UTC),
                account=orders.account or dict(account or {}),
                owner_id=orders.owner_id or owner_id,
            )

        return self.state(experiment_id).change(run)

    def order_pause(
        self,
        experiment_id: str,
        *,
        why: Pause = Pause.PERSON,
        note: str = "Paused.",
    ) -> Orders:
        """Sends no more; what is in flight is finished."""

        def pause(orders: Orders) -> Orders:
            if orders.wanted is not Wanted.RUNNING:
                return orders
            return replace(orders, wanted=Wanted.PAUSED, why=why, note=note)

        return self.state(experiment_id).change(pause)

    def order_stop(self, experiment_id: str) -> Orders:
        """Gives up what was not sent; what was sent is paid for and still kept."""

        def stop(orders: Orders) -> Orders:
            if orders.wanted in (Wanted.FINISHED, Wanted.PLANNED):
                return orders
            return replace(orders, wanted=Wanted.STOPPED, why=None, note=None, retry=())

        return self.state(experiment_id).change(stop)

    def order_budget(self, experiment_id: str, budget_usd: Decimal | None) -> Orders:
        """
        Changes the budget; if it was the budget that paused it, it goes on.

        Raises:
            InvalidRequestError: It is negative.
        """
        _check_orders({"budget_usd": budget_usd})

        def raised(orders: Orders) -> Orders:
            fresh = replace(orders, budget_usd=budget_usd)
            if orders.wanted is Wanted.PAUSED and orders.why is Pause.BUDGET:
                return replace(fresh, wanted=Wanted.RUNNING, why=None, note=None)
            return fresh

        return self.state(experiment_id).change(raised)

    def order_retry(
        self, experiment_id: str, *, statuses: Collection[RunStatus] = FAILURES
    ) -> tuple[str, ...]:
        """
        Wants every place without a picture bought again whose last run ended like that; the old
        rows stay. A run in doubt (`unconfirmed`) is first asked for again, which is free.

        Returns:
            The runs that are to be bought again; none: nothing was changed.
        """
        look = self.books(experiment_id).look()
        busy = {each.place for each in look.open_runs}
        again = tuple(
            runs[-1].run_id
            for place, runs in look.attempts().items()
            if place not in busy
            and place == place_of(runs[-1])
            and not any(run.status == RunStatus.SUCCEEDED for run in runs)
            and runs[-1].status in statuses
        )
        if again:
            self.state(experiment_id).change(
                lambda orders: replace(
                    orders,
                    wanted=Wanted.RUNNING,
                    why=None,
                    note=None,
                    retry=tuple(dict.fromkeys((*orders.retry, *again))),
                    queued_at=datetime.now(UTC),
                )
            )
        return again


def _hashes_of(plan: Plan) -> set[str]:
    sets = plan.settings.reference_sets
    return {each.sha256 for known in sets for each in known.references if each.sha256 is not None}


def _hashes_in(path: Path) -> set[str]:
    """What can be told of a plan file that cannot be loaded."""
    try:
        data = path.read_bytes()
    except OSError as exc:
        log.warning("%s cannot be read; its references are not known: %s", path, exc)
        return set()
    return {sha256.decode("ascii") for sha256 in _HASH_IN_PLAN.findall(data)}


def _check_orders(changes: Mapping[str, Any]) -> None:
    for name in ("budget_usd", "price_usd"):
        value = changes.get(name)
        if value is not None and not (Decimal(value).is_finite() and value >= 0):
            raise InvalidRequestError(
                said("{name} is {value}; it must be zero or more.", name=name, value=value),
                field=name,
            )
    in_flight = changes.get("in_flight")
    if in_flight is not None and not 1 <= in_flight <= 1000:
        raise InvalidRequestError(
            said("in_flight is {in_flight}; it must be from 1 to 1000.", in_flight=in_flight),
            field="in_flight",
        )
