"""How long each model made people wait, as a section of the Results screen."""

from collections.abc import Sequence

from playground.markup import Child, Markup, el
from playground.results.sentences import ratio_interval_phrase, short_name
from playground.results.stats import PairedRatio
from playground.results.timing import ModelTimes
from playground.ui import format as fmt
from playground.ui.results.findings import Findings, Seconds
from playground.ui.results.page import beside, section
from playground.ui.results.plots import Scale, Span, Strip, round_ticks, spans, strips
from playground.ui.results.sections import behind
from playground.ui.texts import say, text


def times_html(findings: Findings) -> Markup:
    """Every run's seconds, and the ratio within pairs."""
    summary = findings.summary
    first, second = map(short_name, summary.models)
    ratio = summary.time_ratio
    words: list[Child] = [el("p", text("results.times_none"))]
    if ratio is not None and ratio.estimate is not None:
        told = text(
            "results.times_ratio",
            first=first,
            second=second,
            ratio=f"{ratio.estimate:.2f}",
            interval=say(ratio_interval_phrase(ratio.low, ratio.high)),
            count=f"{ratio.n:,}",
        )
        words = [el("p", told)]
        if ratio.n_censored:
            words.append(el("p", text("results.times_late", count=ratio.n_censored)))
    lags = [t.median_lag_bound_s for t in summary.times if t.median_lag_bound_s is not None]
    if lags:
        words.append(el("p", text("results.times_lag", median=fmt.seconds(max(lags)))))
    return section(
        text("results.times"),
        beside(
            words,
            _seconds_plot(findings.seconds, summary.times),
            _ratio_plot(ratio, first, second),
        ),
        _times_table(summary.times),
        name="times",
    )


def _seconds_plot(
    seconds: tuple[Seconds, Seconds], times: tuple[ModelTimes, ModelTimes]
) -> Markup | None:
    everything = [value for each in seconds for value in (*each.values, *each.late)]
    if not everything:
        return None
    rows = [
        Strip(
            name=short_name(time.model),
            values=each.values,
            late=each.late,
            median=time.median_s,
            words=text(
                "results.times_median", median=fmt.seconds(time.median_s), count=f"{time.n:,}"
            ),
        )
        for each, time in zip(seconds, times, strict=True)
    ]
    label = text(
        "results.times_label",
        rows=fmt.clauses(text("results.times_row", name=row.name, words=row.words) for row in rows),
    )
    return el(
        "div",
        strips(rows, seconds_scale(everything), label=label),
        el("p", text("results.times_dots"), class_="pg-note"),
    )


def seconds_scale(values: Sequence[float]) -> Scale:
    """From zero to beyond the longest; by powers where a few took very much longer than the rest."""
    ordered = sorted(values)
    longest, middle = ordered[-1], ordered[len(ordered) // 2]
    if longest > 8 * middle and ordered[0] > 0:
        low, high = ordered[0] / 1.2, longest * 1.2
        ticks = [n * 10.0**power for power in range(-2, 6) for n in (1, 2, 5)]
        shown = [tick for tick in ticks if low <= tick <= high]
        shown = shown[:: -(-len(shown) // 6)]
        is_log = True
    else:
        low, high, is_log = 0.0, longest * 1.06, False
        shown = round_ticks(low, high)
    return Scale(
        low=low,
        high=high,
        is_log=is_log,
        ticks=tuple((tick, text("number.seconds", seconds=f"{tick:g}")) for tick in shown),
    )


def _ratio_plot(ratio: PairedRatio | None, first: str, second: str) -> Markup | None:
    if ratio is None or ratio.estimate is None:
        return None
    interval = say(ratio_interval_phrase(ratio.low, ratio.high))
    ends = [end for end in (ratio.low, ratio.estimate, ratio.high) if end is not None]
    reach = max(2.0, *(max(end, 1 / end) for end in ends)) * 1.15
    times = [1 / 10, 1 / 5, 1 / 2, 1, 2, 5, 10]
    ticks = tuple((t, f"×{t:g}") for t in times if 1 / reach <= t <= reach)
    row = Span(
        name=text("results.ratio_row", first=first, second=second),
        estimate=ratio.estimate,
        low=ratio.low,
        high=ratio.high,
        words=fmt.aside(f"{ratio.estimate:.2f}", interval),
    )
    scale = Scale(low=1 / reach, high=reach, ticks=ticks, reference=1, is_log=True)
    label = text(
        "results.ratio_label",
        first=first,
        second=second,
        ratio=f"{ratio.estimate:.2f}",
        interval=interval,
    )
    return spans([row], scale, label=label)


def _times_table(times: tuple[ModelTimes, ModelTimes]) -> Markup | None:
    rows = [
        (
            short_name(each.model),
            f"{each.n:,}",
            fmt.seconds(each.median_s),
            text("results.within_few") if each.p95_s is None else fmt.seconds(each.p95_s),
            f"{each.n_timed_out:,}",
            fmt.seconds(each.median_lag_bound_s),
        )
        for each in times
        if each.n
    ]
    columns = (
        text("results.column_model"),
        text("results.column_timed"),
        text("results.column_median"),
        text("results.column_within"),
        text("results.column_late"),
        text("results.column_lag"),
    )
    return behind("times", columns, rows) if rows else None
