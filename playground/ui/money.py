"""Money in words: always with its kind, and never a number that nobody named."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from playground.pricing import total_usd
from playground.runner.views import RunView
from playground.schema import BillingStatus, Estimate, EstimateKind, Origin, Run, RunStatus
from playground.ui import format as fmt
from playground.ui.texts import text


class Priced(Protocol):
    """What of an ended run says what it cost."""

    @property
    def status(self) -> str: ...
    @property
    def billing_status(self) -> str | None: ...
    @property
    def charged_usd(self) -> Decimal | None: ...
    @property
    def estimate_usd(self) -> Decimal | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """What one click would buy. `usd` None: at least one price is unknown."""

    count: int
    usd: Decimal | None
    price: str  # "est. $0.095"
    basis: str  # one sentence on what the price rests on
    out_of: int | None = None  # of so many that are planned the money covers `count` at most

    @property
    def pictures(self) -> str:
        """ "1 picture", "8 pictures", "up to 40 of 240 pictures"."""
        if self.out_of is not None:
            return text("confirm.pictures_up_to", count=f"{self.count:,}", all=f"{self.out_of:,}")
        return picture_words(self.count)


def picture_words(count: int) -> str:
    """ "1 picture", "8 pictures"."""
    name = "confirm.pictures_one" if count == 1 else "confirm.pictures_many"
    return text(name, count=f"{count:,}")


def price_words(usd: Decimal | None, kinds: Iterable[EstimateKind], origin: Origin) -> str:
    """ "est. $0.095", "quoted $0.07", "emulated $0.095" or "price unknown"."""
    if usd is None:
        return text("price.unknown")
    if origin is Origin.EMULATED:
        return text("price.emulated", usd=fmt.usd(usd))
    if set(kinds) == {EstimateKind.QUOTED}:
        return text("price.quoted", usd=fmt.usd(usd))
    return text("price.estimated", usd=fmt.usd(usd))


def estimate_words(estimate: Estimate | None, origin: Origin) -> str:
    if estimate is None:
        return text("price.unknown")
    return price_words(estimate.usd, (estimate.kind,), origin)


def quote(estimates: Iterable[Estimate | None], origin: Origin) -> Quote:
    """The sum of what each picture should cost, in words and with its ground."""
    each = tuple(estimates)
    usd = total_usd(each)
    known = [estimate for estimate in each if estimate is not None]
    return Quote(
        count=len(each),
        usd=usd,
        price=price_words(usd, (estimate.kind for estimate in known), origin),
        basis=text("compose.basis_unknown") if usd is None else _basis(known, origin),
    )


def _basis(estimates: Iterable[Estimate], origin: Origin) -> str:
    grounds = {(estimate.kind, estimate.source, estimate.dated) for estimate in estimates}
    sources = fmt.listed(sorted({source for _, source, _ in grounds}))
    is_quoted = {kind for kind, _, _ in grounds} == {EstimateKind.QUOTED}
    if origin is Origin.EMULATED:
        name = "compose.basis_emulated_quoted" if is_quoted else "compose.basis_emulated"
        return text(name, source=sources)
    if is_quoted:
        dated = fmt.listed(sorted({dated for _, _, dated in grounds}))
        return text("compose.basis_quoted", dated=dated)
    return text("compose.basis", source=sources)


def cost_words(view: RunView) -> tuple[str, str]:
    """The amount and what kind of amount it is, for a card."""
    if view.run is not None:
        return _cost_of_run(view.run, view.origin)
    if view.estimate is None:
        return fmt.UNKNOWN, text("price.unknown")
    if view.origin is Origin.EMULATED:
        return fmt.usd(view.estimate.usd), text("money.emulated")
    kind = "quoted" if view.estimate.kind is EstimateKind.QUOTED else "estimated"
    return fmt.usd(view.estimate.usd), text(f"money.before_{kind}")


def total_words(runs: Iterable[Priced], origin: Origin | None) -> str:
    """What ended runs cost together: "$0.12 charged", "est. $0.12", "emulated $0.12"."""
    each = tuple(runs)
    amounts = [_known_usd(run) for run in each]
    known = [usd for usd in amounts if usd is not None]
    if not known:
        return text("money.unknown")
    total = sum(known, Decimal(0))
    if origin is Origin.EMULATED:
        words = text("price.emulated", usd=fmt.usd(total))
    elif not all(_is_told(run) for run in each):
        words = text("price.estimated", usd=fmt.usd(total))
    else:
        words = text("money.total", usd=fmt.usd(total)) if total else text("money.nothing")
    return words if len(known) == len(each) else text("money.and_unknown", words=words)


def _is_told(run: Priced) -> bool:
    """Whether it is known what was charged, and not only what it should have been."""
    if run.status == RunStatus.UNCONFIRMED:
        return False
    return run.charged_usd is not None or _is_free(run)


def _is_free(run: Priced) -> bool:
    is_unsent = run.status in (RunStatus.REFUSED, RunStatus.CANCELLED)
    return is_unsent or run.billing_status == BillingStatus.REFUNDED


def _known_usd(run: Priced) -> Decimal | None:
    if _is_free(run):
        return Decimal(0)
    return run.estimate_usd if run.charged_usd is None else run.charged_usd


def _cost_of_run(run: Run, origin: Origin) -> tuple[str, str]:
    is_emulated = origin is Origin.EMULATED
    if run.status in (RunStatus.REFUSED, RunStatus.CANCELLED):
        return fmt.usd(Decimal(0)), text("money.nothing")
    if run.status == RunStatus.UNCONFIRMED:
        return fmt.usd(run.estimate_usd), text("money.maybe")
    if run.billing_status == BillingStatus.REFUNDED:
        return fmt.usd(Decimal(0)), text(
            "money.emulated_refunded" if is_emulated else "money.refunded"
        )
    if run.charged_usd is not None:
        return fmt.usd(run.charged_usd), text("money.emulated" if is_emulated else "money.charged")
    if run.estimate_usd is None:
        return fmt.UNKNOWN, text("money.unknown")
    if is_emulated:
        return fmt.usd(run.estimate_usd), text("money.emulated")
    is_pending = run.billing_status == BillingStatus.PENDING
    return fmt.usd(run.estimate_usd), text(
        "money.estimated_pending" if is_pending else "money.estimated"
    )
