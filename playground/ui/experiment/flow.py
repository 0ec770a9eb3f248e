"""What the Experiment screen does, without its widgets: each step takes plain values and returns what to show."""

import threading
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

from playground.errors import InvalidPlanError, InvalidRequestError, PlaygroundError
from playground.experiment.lab import Lab
from playground.experiment.plan import Plan
from playground.experiment.progress import Standing
from playground.experiment.shelf import FAILURES, Shelf
from playground.experiment.state import Orders, Pause, Wanted
from playground.runner.desk import Desk
from playground.schema import Request, Run, RunStatus
from playground.ui import format as fmt
from playground.ui.compare.flow import Flow
from playground.ui.experiment.form import PlanForm, money_of, plan_from, usd_of
from playground.ui.experiment.outlook import Preview
from playground.ui.experiment.progress import Listed
from playground.ui.money import Quote, picture_words
from playground.ui.texts import telling, text
from playground.ui.visits import Visit

MAX_LISTED = 50
# Where strangers come, one of them must not keep the others waiting.
AT_ONCE_IN_PUBLIC = 4
MAX_PICTURES_IN_PUBLIC = 200
MAX_RUNNING_IN_PUBLIC = 1
# After a stop one may want what was given up, too.
_AFTER_STOP = (*FAILURES, RunStatus.CANCELLED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """A purchase, or a stop, that waits for a yes. Frozen: what was shown is what is bought."""

    reason: str
    quote: Quote | None = None  # None: nothing is bought
    plan: Plan | None = None  # to be started
    budget_usd: Decimal | None = None
    price_usd: Decimal | None = None
    retry_of: str | None = None  # the experiment whose missing pictures are bought again
    statuses: tuple[RunStatus, ...] = ()
    stop_of: str | None = None  # the experiment that is to be stopped for good


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a step: something to tell, the experiment to show, or a question."""

    notice: str = ""
    experiment_id: str | None = None
    pending: Pending | None = None


class Labs:
    """A lab for each account; that of the program itself also goes on with what was left. Blocking."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._labs: dict[str, Lab] = {}
        self._mutex = threading.Lock()

    def of(self, account_id: str) -> Lab:
        """The lab that buys with this account, started."""
        with self._mutex:
            if account_id not in self._labs:
                is_resident = account_id == self._desk.default_account_id
                is_shared = is_resident and self._desk.settings.is_public
                lab = Lab(
                    self._desk.playground.engine,
                    account_id=account_id,
                    is_resident=is_resident,
                    at_once=AT_ONCE_IN_PUBLIC if is_shared else 1,
                )
                self._desk.take_in(lab)
                self._labs[account_id] = lab
            return self._labs[account_id]

    @property
    def default(self) -> Lab:
        return self.of(self._desk.default_account_id)


class ExperimentFlow:
    """The steps of the screen beside those of Compare. Every method may block on the disk."""

    def __init__(self, flow: Flow, labs: Labs) -> None:
        self._flow = flow
        self._labs = labs
        self.shelf: Shelf = labs.default.shelf

    # ---- planning ---------------------------------------------------------------------------

    def preview(self, form: PlanForm, visit: Visit) -> Preview:
        """What the form comes to now; what is wrong with it is in the preview, not an error."""
        origin = self._flow.wallet.account(visit).origin
        money = money_of(form)
        if form.is_empty:
            return Preview(origin=origin, problems=money.problems)
        try:
            plan = plan_from(
                form,
                self._flow.shelf,
                references_dir=self._references_dir,
                owner_id=visit.owner_id,
                is_own=lambda each: self._may_run(each, visit),
            )
        except InvalidPlanError as exc:
            return Preview(origin=origin, problems=(*money.problems, *exc.problems))
        outlook = self._lab(visit).outlook(
            plan, budget_usd=money.budget_usd, price_usd=money.price_usd
        )
        return Preview(
            plan=plan,
            outlook=outlook,
            problems=money.problems,
            origin=origin,
            budget_usd=money.budget_usd,
            price_usd=money.price_usd,
        )

    def start(self, form: PlanForm, visit: Visit) -> Outcome:
        """
        Begins the plan of the form, or asks first. Without a budget of its own it may spend what
        was shown and not a cent more.

        Raises:
            PlaygroundError: It cannot be begun; nothing was bought.
        """
        preview = self.preview(form, visit)
        if preview.plan is None or not preview.can_start:
            return Outcome(notice=_why_not(preview))
        pending = Pending(
            reason="",
            quote=preview.quote,
            plan=preview.plan,
            budget_usd=preview.most_usd,
            price_usd=preview.price_usd,
        )
        reason = self._flow.wallet.reason_to_ask(preview.quote)
        if reason is not None:
            return Outcome(pending=replace(pending, reason=reason))
        return self._begin(preview.plan, pending, visit)

    def confirm(self, pending: Pending | None, visit: Visit) -> Outcome:
        """
        The person said yes to exactly this.

        Raises:
            PlaygroundError: It cannot be done; nothing was bought.
        """
        if pending is None:
            return Outcome(notice=text("confirm.outdated"))
        if pending.stop_of is not None:
            self._own_lab(pending.stop_of, visit).stop(pending.stop_of)
            return Outcome()
        if pending.plan is not None:
            return self._begin(pending.plan, pending, visit)
        experiment_id = pending.retry_of or ""
        lab = self._own_lab(experiment_id, visit)
        self._check_share(self.shelf.plan(experiment_id), visit)
        again = lab.retry_failed(experiment_id, statuses=pending.statuses)
        words = "" if again else text("experiment.nothing_again")
        return Outcome(experiment_id=experiment_id, notice=words)

    def _check_share(self, plan: Plan, visit: Visit) -> None:
        """
        Raises:
            InvalidRequestError: Strangers come, and this is more than one of them may have made.
        """
        if not self._flow.desk.settings.is_public:
            return
        if plan.n_pictures > MAX_PICTURES_IN_PUBLIC:
            words = text("experiment.public_large", limit=MAX_PICTURES_IN_PUBLIC)
            raise InvalidRequestError(words, field="plan")
        running = [
            each
            for each in self.shelf.ids()
            if each != plan.experiment_id
            and self.knows(each, visit)
            and self._orders(each).wanted is Wanted.RUNNING
        ]
        if len(running) >= MAX_RUNNING_IN_PUBLIC:
            raise InvalidRequestError(text("experiment.public_busy"), field="plan")

    def _begin(self, plan: Plan, pending: Pending, visit: Visit) -> Outcome:
        self._check_share(plan, visit)
        lab = self._lab(visit)
        lab.shelf.add(plan)
        self._run(lab, plan.experiment_id, visit, pending)
        return Outcome(experiment_id=plan.experiment_id)

    def _run(self, lab: Lab, experiment_id: str, visit: Visit, money: Pending | None) -> None:
        lab.run(
            experiment_id,
            budget_usd=None if money is None else money.budget_usd,
            price_usd=None if money is None else money.price_usd,
            owner_id=visit.owner_id,
        )

    @property
    def _references_dir(self) -> Path:
        return self._flow.desk.playground.engine.references_dir

    # ---- the list ---------------------------------------------------------------------------

    def listed(self, visit: Visit) -> tuple[tuple[Listed, ...], int]:
        """The newest experiments of this visitor, and how many there are besides."""
        found = [each for each in self.shelf.ids() if self.knows(each, visit)]
        return tuple(map(self._listed, found[:MAX_LISTED])), max(0, len(found) - MAX_LISTED)

    def _listed(self, experiment_id: str) -> Listed:
        try:
            return Listed(experiment_id=experiment_id, progress=self.shelf.progress(experiment_id))
        except PlaygroundError as exc:
            return Listed(experiment_id=experiment_id, problem=telling.told(exc))

    def knows(self, experiment_id: str, visit: Visit) -> bool:
        """Whether this visitor has such an experiment; somebody else's is as good as none."""
        try:
            return self._orders(experiment_id).owner_id == visit.owner_id
        except PlaygroundError:
            return False

    def _may_run(self, experiment_id: str, visit: Visit) -> bool:
        """Whether a plan file is run as the experiment it tells of."""
        return visit.owner_id is None or self.knows(experiment_id, visit)

    def name_of(self, experiment_id: str) -> str:
        """What its maker called it."""
        try:
            return self.shelf.plan(experiment_id).name
        except PlaygroundError:
            return experiment_id

    def _orders(self, experiment_id: str) -> Orders:
        return self.shelf.state(experiment_id).read()

    # ---- steering ---------------------------------------------------------------------------

    def pause(self, experiment_id: str, visit: Visit) -> None:
        """
        Sends no more; what is in flight is finished.

        Raises:
            PlaygroundError: There is no such experiment, or the disk refused.
        """
        self._check(experiment_id, visit)
        self._labs.default.pause(experiment_id)

    def resume(self, experiment_id: str, visit: Visit) -> Outcome:
        """
        Goes on where it was; one that was only planned is first asked about, with its price.

        Raises:
            PlaygroundError: It was stopped, or begun with another key.
        """
        lab = self._own_lab(experiment_id, visit)
        if self._orders(experiment_id).wanted is Wanted.PLANNED:
            return self._ask_to_begin(lab, experiment_id, visit)
        self._check_share(self.shelf.plan(experiment_id), visit)
        self._run(lab, experiment_id, visit, None)
        return Outcome()

    def _ask_to_begin(self, lab: Lab, experiment_id: str, visit: Visit) -> Outcome:
        plan, orders = self.shelf.plan(experiment_id), self._orders(experiment_id)
        preview = Preview(
            plan=plan,
            outlook=lab.outlook(plan, budget_usd=orders.budget_usd, price_usd=orders.price_usd),
            origin=self._flow.wallet.account(visit).origin,
            budget_usd=orders.budget_usd,
            price_usd=orders.price_usd,
        )
        if not preview.can_start:
            return Outcome(notice=_why_not(preview))
        reason = text("experiment.begin_reason", pictures=preview.quote.pictures)
        pending = Pending(
            reason=reason,
            quote=preview.quote,
            plan=plan,
            budget_usd=preview.most_usd,
            price_usd=orders.price_usd,
        )
        return Outcome(pending=pending)

    def stop(self, experiment_id: str, visit: Visit) -> Outcome:
        """
        Asks whether what was not sent is to be given up, with how many pictures that is.

        Raises:
            PlaygroundError: It was begun with another key, or the disk refused.
        """
        self._own_lab(experiment_id, visit)
        counts = self.shelf.progress(experiment_id).counts
        pictures = picture_words(counts.n_reserved + counts.n_waiting)
        reason = text("experiment.stop_reason", pictures=pictures)
        return Outcome(pending=Pending(reason=reason, stop_of=experiment_id))

    def set_budget(self, experiment_id: str, told: str, visit: Visit) -> str:
        """
        Changes what it may spend in all; returns what to tell.

        Raises:
            PlaygroundError: It was begun with another key, would go on beside another one of a
                stranger, or the disk refused.
        """
        if not told.strip():
            return text("experiment.budget_needed")
        try:
            usd = usd_of(told)
        except ValueError as exc:
            return telling.told(exc)
        lab = self._own_lab(experiment_id, visit)
        if self._orders(experiment_id).why is Pause.BUDGET:  # then it goes on
            self._check_share(self.shelf.plan(experiment_id), visit)
        lab.set_budget(experiment_id, usd)
        return text("experiment.budget_done", usd=fmt.usd(usd))

    def retry(self, experiment_id: str, visit: Visit) -> Outcome:
        """
        Asks whether what is missing is to be bought again, with its price.

        Raises:
            PlaygroundError: It was begun with another key.
        """
        self._own_lab(experiment_id, visit)
        runs = self.again(experiment_id)
        if not runs:
            return Outcome(notice=text("experiment.nothing_again"))
        price_usd = self._orders(experiment_id).price_usd
        quote = self._flow.wallet.quote([_request_of(run) for run in runs], visit)
        if quote.usd is None and price_usd is None:
            return Outcome(notice=text("experiment.no_price_again"))
        reason = text("experiment.again_reason", count=f"{len(runs):,}")
        pending = Pending(
            reason=reason,
            quote=quote,
            retry_of=experiment_id,
            statuses=self._missing(experiment_id),
        )
        return Outcome(pending=pending)

    def again(self, experiment_id: str) -> tuple[Run, ...]:
        """The last run of each place without a picture that can be bought again."""
        look = self.shelf.books(experiment_id).look()
        busy = {each.place for each in look.open_runs}
        statuses = self._missing(experiment_id)
        return tuple(
            runs[-1]
            for place, runs in look.attempts().items()
            if place not in busy
            and runs[-1].status in statuses
            and not any(run.status == RunStatus.SUCCEEDED for run in runs)
        )

    def _missing(self, experiment_id: str) -> tuple[RunStatus, ...]:
        standing = self.shelf.progress(experiment_id).standing
        return _AFTER_STOP if standing is Standing.STOPPED else FAILURES

    # ---- whose it is ------------------------------------------------------------------------

    def _check(self, experiment_id: str, visit: Visit) -> None:
        if not self.knows(experiment_id, visit):
            raise InvalidRequestError(text("experiment.unknown"), field="experiment_id")

    def _lab(self, visit: Visit) -> Lab:
        self._flow.wallet.check_key(visit)
        return self._labs.of(self._flow.wallet.account_id(visit))

    def _own_lab(self, experiment_id: str, visit: Visit) -> Lab:
        """
        The lab of this visit's account.

        Raises:
            InvalidRequestError: Another account has begun it: nobody else pays for it.
        """
        self._check(experiment_id, visit)
        lab, account = self._lab(visit), self._orders(experiment_id).account
        account_id = self._flow.wallet.account_id(visit)
        if account and not self._flow.desk.playground.engine.accounts.find(account_id).owns(
            account
        ):
            raise InvalidRequestError(text("experiment.other_key"), field="key")
        return lab


def _why_not(preview: Preview) -> str:
    if preview.problems:
        return text("experiment.fix_first")
    if preview.outlook is None:
        return text("experiment.empty")
    return text("experiment.price_first")


def _request_of(run: Run) -> Request:
    return Request(model=run.model, prompt=run.prompt, size=run.size, resolution=run.resolution)
