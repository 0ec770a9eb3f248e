"""How far an experiment is, from its books alone, so that all who look see the same."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from playground.experiment.books import Look, OpenRun, Place, counted_usd, has_picture
from playground.experiment.plan import Plan
from playground.experiment.state import BalanceThen, Orders, Pause, Wanted
from playground.pricing import CREDITS_PER_USD
from playground.schema import Run, RunStatus

# Speed is told from the runs that ended last, once there are enough of them.
_RECENT_RUNS = 60
_ENOUGH_RUNS = 6


class Standing(StrEnum):
    """What is going on, for people."""

    PLANNED = "planned"
    QUEUED = "queued"  # wanted, and waiting for its turn or for a program to run it
    RUNNING = "running"
    PAUSING = "pausing"  # what is in flight is waited for, nothing more is sent
    PAUSED = "paused"
    STOPPING = "stopping"
    STOPPED = "stopped"
    FINISHED = "finished"


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How many planned pictures are in which state; they add up to `n_planned`."""

    n_planned: int
    n_done: int  # the picture is there
    n_failed: int  # failed, refused, timed out or unconfirmed
    n_cancelled: int
    n_running: int  # sent, and not ended
    n_reserved: int  # written down, money set aside, not sent
    n_waiting: int  # not written down yet: the budget ends before them

    @property
    def n_ended(self) -> int:
        return self.n_done + self.n_failed + self.n_cancelled


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelProgress:
    """One lane's model."""

    lane: int
    model: str
    counts: Counts
    spent_usd: Decimal
    n_cost_unknown: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """Estimated, charged and reconciled, side by side and never mixed; None is not known."""

    spent_usd: Decimal  # charged where that is known, else estimated
    n_cost_unknown: int  # rows that are in none of these sums
    reserved_usd: Decimal  # of open runs, sent or not
    estimated_usd: Decimal  # of every run that may have cost something
    charged_usd: Decimal  # as billing told
    n_charge_unknown: int  # rows that may have cost something and whose charge nobody told
    account_usd: Decimal | None  # by how much the balance went down; read after the last picture
    unexplained_usd: Decimal | None  # of that, what the charges do not explain


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """One moment of an experiment. `left_s` None: too little was measured to tell."""

    experiment_id: str
    name: str
    standing: Standing
    why: Pause | None
    note: str | None
    counts: Counts
    models: tuple[ModelProgress, ...]
    n_retries: int  # rows beyond the first of a place
    n_unconfirmed: int  # places that may have been charged for nothing
    money: Money
    budget_usd: Decimal | None
    per_minute: float | None
    left_s: float | None

    @property
    def is_at_rest(self) -> bool:
        """Nothing will change unless somebody does something."""
        return self.standing in (
            Standing.PLANNED,
            Standing.PAUSED,
            Standing.STOPPED,
            Standing.FINISHED,
        )


def progress_of(plan: Plan, look: Look, orders: Orders, *, now: datetime) -> Progress:
    """The progress at that moment."""
    attempts = look.attempts()
    open_at = {each.place: each for each in look.open_runs}
    lanes = range(1, len(plan.settings.models) + 1)
    by_lane = {
        lane: [_state(place, attempts, open_at) for place in _places(plan, lane)] for lane in lanes
    }
    counts = _counts([state for states in by_lane.values() for state in states])
    standing = _standing(orders, counts)
    since = orders.queued_at
    lately = [run for run in look.rows if since is None or run.finished_at >= since]
    per_minute = _per_minute(lately, now) if standing is Standing.RUNNING else None
    n_left = counts.n_running + counts.n_reserved  # what waits has no money yet
    return Progress(
        experiment_id=plan.experiment_id,
        name=plan.name,
        standing=standing,
        why=orders.why,
        note=orders.note,
        counts=counts,
        models=tuple(
            _model_progress(lane, plan.settings.models[lane - 1], by_lane[lane], look, orders)
            for lane in lanes
        ),
        n_retries=sum(len(rows) - 1 for rows in attempts.values()),
        n_unconfirmed=sum(
            place not in open_at and rows[-1].status == RunStatus.UNCONFIRMED
            for place, rows in attempts.items()
        ),
        money=money_of(look, orders),
        budget_usd=orders.budget_usd,
        per_minute=per_minute,
        left_s=None if not per_minute else 60 * n_left / per_minute,
    )


def money_of(look: Look, orders: Orders) -> Money:
    """What it came to so far."""
    spent, n_unknown = _spent(look.rows, orders.price_usd)
    costing = [r for r in look.rows if r.status not in (RunStatus.REFUSED, RunStatus.CANCELLED)]
    estimates = [each.estimate_usd or orders.price_usd for each in look.open_runs]
    charged = sum((r.charged_usd for r in costing if r.charged_usd is not None), Decimal(0))
    n_charge_unknown = sum(run.charged_usd is None for run in costing)
    account = None
    if _is_told_of_all(orders.balance_after, costing, look):
        account = _difference_usd(orders.balance_before, orders.balance_after)
    return Money(
        spent_usd=spent,
        n_cost_unknown=n_unknown,
        reserved_usd=sum((usd for usd in estimates if usd is not None), Decimal(0)),
        estimated_usd=sum((r.estimate_usd for r in costing if r.estimate_usd), Decimal(0)),
        charged_usd=charged,
        n_charge_unknown=n_charge_unknown,
        account_usd=account,
        unexplained_usd=None if account is None else account - charged,
    )


def progress_json(progress: Progress) -> dict[str, Any]:
    """Plain types only; money as text."""

    def counts_json(counts: Counts) -> dict[str, int]:
        return {
            "planned": counts.n_planned,
            "done": counts.n_done,
            "failed": counts.n_failed,
            "cancelled": counts.n_cancelled,
            "running": counts.n_running,
            "reserved": counts.n_reserved,
            "waiting": counts.n_waiting,
        }

    money = progress.money
    return {
        "experiment_id": progress.experiment_id,
        "name": progress.name,
        "standing": str(progress.standing),
        "why": None if progress.why is None else str(progress.why),
        "note": progress.note,
        **counts_json(progress.counts),
        "retries": progress.n_retries,
        "unconfirmed": progress.n_unconfirmed,
        "budget_usd": _text(progress.budget_usd),
        "spent_usd": _text(money.spent_usd),
        "reserved_usd": _text(money.reserved_usd),
        "estimated_usd": _text(money.estimated_usd),
        "charged_usd": _text(money.charged_usd),
        "charge_unknown": money.n_charge_unknown,
        "account_usd": _text(money.account_usd),
        "unexplained_usd": _text(money.unexplained_usd),
        "per_minute": progress.per_minute,
        "left_s": progress.left_s,
        "models": [
            {
                "lane": each.lane,
                "model": each.model,
                **counts_json(each.counts),
                "spent_usd": _text(each.spent_usd),
            }
            for each in progress.models
        ],
    }


_STATES = ("done", "failed", "cancelled", "running", "reserved", "waiting")


def _places(plan: Plan, lane: int) -> Iterable[Place]:
    return (
        (planned.comparison_id, lane, repeat)
        for planned in plan.comparisons
        for repeat in range(1, plan.settings.repeats + 1)
    )


def _state(place: Place, attempts: dict[Place, list[Run]], open_at: dict[Place, OpenRun]) -> str:
    rows = attempts.get(place, [])
    if any(map(has_picture, rows)):
        return "done"
    if place in open_at:
        return "running" if open_at[place].is_sent else "reserved"
    if not rows:
        return "waiting"
    return "cancelled" if rows[-1].status == RunStatus.CANCELLED else "failed"


def _counts(states: Sequence[str]) -> Counts:
    return Counts(n_planned=len(states), **{f"n_{name}": states.count(name) for name in _STATES})


def _standing(orders: Orders, counts: Counts) -> Standing:
    if orders.wanted is Wanted.RUNNING:
        return Standing.RUNNING if orders.is_active else Standing.QUEUED
    if orders.wanted is Wanted.PAUSED:
        return Standing.PAUSING if counts.n_running else Standing.PAUSED
    if orders.wanted is Wanted.STOPPED:
        is_over = not (counts.n_running or counts.n_reserved)
        return Standing.STOPPED if is_over else Standing.STOPPING
    return Standing(str(orders.wanted))


def _model_progress(
    lane: int, model: str, states: Sequence[str], look: Look, orders: Orders
) -> ModelProgress:
    spent, n_unknown = _spent([run for run in look.rows if run.lane == lane], orders.price_usd)
    return ModelProgress(
        lane=lane,
        model=model,
        counts=_counts(states),
        spent_usd=spent,
        n_cost_unknown=n_unknown,
    )


def _spent(rows: Iterable[Run], price_usd: Decimal | None) -> tuple[Decimal, int]:
    amounts = [counted_usd(run, price_usd) for run in rows]
    known = [usd for usd in amounts if usd is not None]
    return sum(known, Decimal(0)), len(amounts) - len(known)


def _per_minute(rows: Sequence[Run], now: datetime) -> float | None:
    """From the runs that ended last up to now, so that a standstill shows as one."""
    ended = sorted(run.finished_at for run in rows)[-_RECENT_RUNS:]
    if len(ended) < _ENOUGH_RUNS:
        return None
    seconds = (max(now, ended[-1]) - ended[0]).total_seconds()
    return None if seconds <= 0 else 60 * (len(ended) - 1) / seconds


def _is_told_of_all(after: BalanceThen | None, costing: Iterable[Run], look: Look) -> bool:
    """Whether the balance was read when everything that costs something had ended."""
    if after is None or any(each.is_sent for each in look.open_runs):
        return False
    return all(run.finished_at <= after.at for run in costing)


def _difference_usd(before: BalanceThen | None, after: BalanceThen | None) -> Decimal | None:
    if before is None or after is None:
        return None
    if before.used_credits is not None and after.used_credits is not None:
        # Topping up in between does not change what was used.
        return (after.used_credits - before.used_credits) / CREDITS_PER_USD
    if before.credits is not None and after.credits is not None:
        return (before.credits - after.credits) / CREDITS_PER_USD
    return None


def _text(usd: Decimal | None) -> str | None:
    return None if usd is None else str(usd)
