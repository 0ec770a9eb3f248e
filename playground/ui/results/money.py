"""What the models cost, as a section of the Results screen: estimated and charged apart, unknown never zero."""

from collections.abc import Sequence
from decimal import Decimal

from playground.markup import Markup, el
from playground.results.money import PairedCost
from playground.results.sentences import short_name
from playground.results.stats import BreakEven, CostPerWin, MeanDifference
from playground.results.summary import Summary
from playground.ui import format as fmt
from playground.ui.results.findings import Findings
from playground.ui.results.page import beside, section
from playground.ui.results.plots import Scale, Span, round_ticks, spans
from playground.ui.results.sections import behind
from playground.ui.texts import text

_LEAST_REACH_USD = 0.001


def money_html(findings: Findings) -> Markup:
    """The cost of a pair, of a win, and from which worth of a better picture the dearer model pays."""
    summary = findings.summary
    first, second = map(short_name, summary.models)
    words = [
        *(_paired(cost, first, second) for cost in (summary.charged, summary.estimated)),
        _wins(summary.cost_per_win, first, second),
        _even(summary),
    ]
    told = [el("p", each) for each in words if each is not None]
    if summary.charged.n_priced == 0:
        told.insert(0, el("p", text("results.money_unknown")))
    return section(
        text("results.money"),
        beside(
            [*told, el("p", text("results.money_note"), class_="pg-note")],
            _plot(summary, first, second),
        ),
        _table(summary),
        name="money",
    )


def dollars(amount_usd: float) -> str:
    """A computed amount, to a hundredth of a cent."""
    return fmt.usd(Decimal(f"{amount_usd:.4f}"))


def _paired(cost: PairedCost, first: str, second: str) -> str | None:
    difference, is_charged = cost.difference, cost.basis == "charged_usd"
    if difference is None:
        return None
    count = f"{difference.n:,}"
    if difference.low == difference.high == 0:
        same = "results.money_same_charged" if is_charged else "results.money_same_estimated"
        return text(same, count=count)
    return text(
        "results.money_charged" if is_charged else "results.money_estimated",
        first=first,
        second=second,
        difference=dollars(abs(difference.estimate)),
        direction=text("results.money_more" if difference.estimate > 0 else "results.money_less"),
        interval=_ends(difference),
        count=count,
    )


def _ends(difference: MeanDifference) -> str:
    """As amounts where the sign is said beside them, else with the word for each direction."""
    sizes = abs(difference.low), abs(difference.high)
    if difference.low < 0 < difference.high:
        low, high = map(dollars, sizes)
        return text("results.money_across", low=low, high=high)
    low, high = map(dollars, sorted(sizes))
    return (
        text("results.money_alike")
        if low == high
        else text("results.even_bounds", low=low, high=high)
    )


def _wins(costs: tuple[CostPerWin, CostPerWin], first: str, second: str) -> str | None:
    if all(cost.usd is None for cost in costs):
        return None
    one, two = map(_win_words, costs)
    return text("results.money_win", first=first, second=second, first_usd=one, second_usd=two)


def _win_words(cost: CostPerWin) -> str:
    return fmt.usd(cost.usd) if cost.wins else text("results.no_wins")


def _even(summary: Summary) -> str | None:
    even, cost = summary.break_even, summary.charged
    if even is None or cost.first_usd is None or cost.second_usd is None:
        return None
    if cost.first_usd == cost.second_usd:
        return None
    dearer = short_name(summary.models[cost.second_usd > cost.first_usd])
    if even.estimate_usd is None or even.estimate_usd <= 0:
        return text("results.even_never", dearer=dearer, count=f"{even.n:,}")
    return text(
        "results.even_worth",
        dearer=dearer,
        usd=dollars(even.estimate_usd),
        interval=_even_interval(even),
        count=f"{even.n:,}",
    )


def _even_interval(even: BreakEven) -> str:
    low, high = even.interval.low, even.interval.high
    if not even.is_bounded or low is None or high is None or high <= 0:
        return text("results.even_no_bounds")
    return text("results.even_bounds", low=dollars(max(low, 0.0)), high=dollars(high))


def _plot(summary: Summary, first: str, second: str) -> Markup | None:
    rows = [
        Span(
            name=text(name),
            estimate=cost.difference.estimate,
            low=cost.difference.low,
            high=cost.difference.high,
            words=dollars(cost.difference.estimate),
        )
        for name, cost in (
            ("results.basis_charged", summary.charged),
            ("results.basis_estimated", summary.estimated),
        )
        if cost.difference is not None
    ]
    if not rows:
        return None
    label = text(
        "results.money_label",
        first=first,
        second=second,
        rows=fmt.clauses(text("results.times_row", name=row.name, words=row.words) for row in rows),
    )
    return spans(rows, _scale(rows), label=label)


def _scale(rows: Sequence[Span]) -> Scale:
    """Zero in the middle, so that it can be seen which model is the dearer."""
    ends = [abs(end) for row in rows for end in (row.low, row.high) if end is not None]
    reach = max(_LEAST_REACH_USD, *ends) * 1.15
    ticks = tuple((tick, dollars(tick)) for tick in round_ticks(-reach, reach))
    return Scale(low=-reach, high=reach, ticks=ticks, reference=0)


def _table(summary: Summary) -> Markup | None:
    rows = [
        (
            short_name(each.model),
            f"{each.n_runs:,}",
            _sum(fmt.usd(each.estimated_usd), each.n_estimated, each.n_runs),
            _sum(fmt.usd(each.charged_usd), each.n_charged, each.n_runs),
            _sum(fmt.credits(each.charged_credits), each.n_credits, each.n_runs),
            f"{each.n_refunded:,}",
            _win_words(win),
        )
        for each, win in zip(summary.money, summary.cost_per_win, strict=True)
        if each.n_runs
    ]
    columns = (
        text("results.column_model"),
        text("results.column_runs"),
        text("results.column_estimated"),
        text("results.column_charged"),
        text("results.column_credits"),
        text("results.column_refunded"),
        text("results.column_win"),
    )
    return behind("money", columns, rows) if rows else None


def _sum(amount: str, n_known: int, n_runs: int) -> str:
    if not n_known:
        return fmt.UNKNOWN
    return text("results.sum_of", amount=amount, known=f"{n_known:,}", count=f"{n_runs:,}")
