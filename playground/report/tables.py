"""The numbers of a summary as tables of words: each share with its interval and n, unknown never zero."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from playground.results.sentences import (
    LEFT_OUT_WORDS,
    estimate_phrase,
    evidence_words,
    interval_words,
    part_phrase,
    ratio_interval_words,
    short_name,
)
from playground.results.stats import BreakEven, MeanDifference, Share
from playground.results.summary import MIN_PROMPTS, Summary
from playground.results.verdict import Verdict, judge

UNKNOWN = "not known"
MOST_DISAGREEMENTS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table for people. The first column names the row; `note` says how to read it."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str | None = None


def tables_of(summary: Summary) -> tuple[Table, ...]:
    """Every table there is something to say in, in the order they are read."""
    tables = (
        _votes(summary),
        _voters(summary),
        _groups(summary),
        _reasons(summary),
        _outcomes(summary),
        _seconds(summary),
        _money(summary),
        _worth(summary),
        _left_out(summary),
        _disagreements(summary),
    )
    return tuple(table for table in tables if table.rows)


def share_words(share: Share | None) -> str:
    """ "31 of 42 (55–87 %)"; without a percentage under MIN_PROMPTS."""
    if share is None:
        return UNKNOWN
    told = f"{share.wins} of {share.n}"
    return told if share.n < MIN_PROMPTS else f"{told} ({interval_words(share)})"


def usd_words(usd: Decimal | float | None, *, digits: int = 4) -> str:
    """ "$0.045", to a hundredth of a cent, without trailing zeros beyond the cent."""
    if usd is None:
        return UNKNOWN
    whole, _, rest = f"{abs(usd):.{digits}f}".partition(".")
    sign = "−" if usd < 0 and (int(whole) or rest.strip("0")) else ""
    return f"{sign}${whole}.{rest.rstrip('0').ljust(2, '0')}"


def _votes(summary: Summary) -> Table:
    counts = summary.tally
    rows: list[tuple[str, ...]] = []
    for model, wins in zip(summary.models, (counts.losses, counts.wins), strict=True):
        rows.append((f"prompts for {short_name(model)}", f"{wins} of {counts.n_prompts}"))
    rows.append(("neither better", f"{counts.n_even} of {counts.n_prompts}"))
    rows.append(("of those, both bad", f"{counts.n_both_bad} of {counts.n_prompts}"))
    second = short_name(summary.models[1])
    if counts.n >= MIN_PROMPTS and counts.share and counts.sequence and counts.net and counts.test:
        sequence, share = (estimate_phrase(s).in_words() for s in (counts.sequence, counts.share))
        rows.append((f"share of {second}, at any time", sequence))
        rows.append((f"share of {second}, read once at a planned n", share))
        net = counts.net
        ends = f"{_signed(net.estimate)} ({_signed(net.low)} to {_signed(net.high)})"
        rows.append((f"net share of {second}, ties kept", ends))
        rows.append(("sign test, read once", f"p = {counts.test.p:.3g}"))
        rows.append(("e-value, at any time", _evidence(judge(summary))))
    return Table(
        title="Votes",
        columns=("what", "count"),
        rows=tuple(rows) if counts.n_votes else (),
        note=f"{counts.n_votes} votes on {counts.n_prompts} prompts. A prompt counts once, by the "
        f"majority of its votes; intervals at {100 * summary.level:.0f} %.",
    )


def _signed(value: float) -> str:
    return f"{value:+.2f}".replace("-", "−")


def _evidence(verdict: Verdict) -> str:
    e, before = verdict.e, verdict.called_before
    if e.is_called:
        fate = "reached"
    elif before is None:
        fate = "not reached"
    else:
        fate = f"reached {evidence_words(before.e)} at vote {before.n_votes}, not now"
    return f"{evidence_words(e)} (a winner from {e.call_at:.0f}: {fate})"


def _voters(summary: Summary) -> Table:
    rows = tuple(
        (f"voter {place}", f"{voter.tally.wins} of {voter.tally.n}", str(voter.tally.n_votes))
        for place, voter in enumerate(summary.voters, start=1)
    )
    return Table(
        title="Voters",
        columns=("who", f"for {short_name(summary.models[1])}", "votes"),
        rows=rows if len(rows) > 1 else (),
    )


def _groups(summary: Summary) -> Table:
    rows = tuple(
        (
            part_phrase(group.kind, group.name).in_words(),
            f"{group.tally.wins} of {group.tally.n}",
            UNKNOWN if group.tally.share is None else interval_words(group.tally.share),
        )
        for group in summary.groups
        if not group.is_small
    )  # fmt: skip
    n_small = sum(group.is_small for group in summary.groups)
    more = f" {n_small} more with under {MIN_PROMPTS} decisive prompts." if n_small else ""
    return Table(
        title="By tag and setting",
        columns=("group", f"for {short_name(summary.models[1])}", "interval"),
        rows=rows,
        note="Many groups looked at after the fact: a hint what to test next, never a finding."
        f"{more}",
    )


def _reasons(summary: Summary) -> Table:
    named = {each.reason: {} for each in summary.reasons}  # type: dict[str, dict[str, int]]
    for each in summary.reasons:
        named[each.reason][each.model] = each.n_votes
    rows = tuple(
        (str(reason).replace("_", " "), *(str(counts[model]) for model in summary.models))
        for reason, counts in named.items()
        if any(counts.values())
    )
    return Table(
        title="Reasons", columns=("named for", *map(short_name, summary.models)), rows=rows
    )


def _outcomes(summary: Summary) -> Table:
    rows = tuple(
        (
            short_name(each.model),
            str(each.n_sent),
            share_words(each.usable),
            share_words(each.failed),
            share_words(each.refused),
            share_words(each.timed_out),
            share_words(each.unconfirmed),
        )
        for each in summary.outcomes
        if each.n_sent
    )
    return Table(
        title="Pictures and failures",
        columns=("model", "sent", "pictures", "failed", "refused", "timed out", "unconfirmed"),
        rows=rows,
        note="Each run sent is in one column. A failure is no loss in taste: it is in no share of "
        "votes.",
    )


def _seconds(summary: Summary) -> Table:
    rows = [
        (
            short_name(each.model),
            str(each.n),
            _seconds_words(each.median_s),
            _seconds_words(each.p95_s),
            str(each.n_timed_out),
            _seconds_words(each.median_lag_bound_s),
        )
        for each in summary.times
        if each.n
    ]
    note = "From the start to the kept picture; noticed late by at most the last column."
    ratio, (first, second) = summary.time_ratio, map(short_name, summary.models)
    if ratio is not None:
        estimate = UNKNOWN if ratio.estimate is None else f"{ratio.estimate:.2f}"
        note += (
            f" Within pairs {second} takes {estimate} times as long as {first} "
            f"({ratio_interval_words(ratio.low, ratio.high)}, {ratio.n} pairs, "
            f"{ratio.n_censored} of them with a time-out)."
        )
    return Table(
        title="Seconds",
        columns=("model", "n", "median", "95 of 100 within", "timed out", "late by, median"),
        rows=tuple(rows),
        note=note,
    )


def _seconds_words(seconds: float | None) -> str:
    return UNKNOWN if seconds is None else f"{seconds:.1f} s"


def _money(summary: Summary) -> Table:
    rows = tuple(
        (
            short_name(each.model),
            str(each.n_runs),
            _sum_words(each.estimated_usd, each.n_estimated),
            _sum_words(each.charged_usd, each.n_charged),
            str(each.n_refunded),
            usd_words(win.usd) if win.wins else "no wins yet",
        )
        for each, win in zip(summary.money, summary.cost_per_win, strict=True)
        if each.n_runs
    )
    return Table(
        title="Money",
        columns=("model", "runs", "estimated", "charged", "refunded", "per win"),
        rows=rows,
        note="Estimated and charged are two things; each sum says how many runs it knows of. "
        "Per win: what the judged pairs were charged, over the pairs won.",
    )


def _sum_words(usd: Decimal, n: int) -> str:
    return f"{usd_words(usd)} for {n} runs" if n else UNKNOWN


def _worth(summary: Summary) -> Table:
    first, second = map(short_name, summary.models)
    rows = []
    for cost in (summary.charged, summary.estimated):
        if cost.difference is not None:
            words = "as charged" if cost.basis == "charged_usd" else "as estimated"
            rows.append((f"{second} minus {first}, {words}", *difference_words(cost.difference)))
    even, cost = summary.break_even, summary.charged
    if even is not None and cost.first_usd is not None and cost.second_usd is not None:
        dearer = second if cost.second_usd > cost.first_usd else first
        label = f"worth of a better picture from which the dearer {dearer} pays"
        rows.append((label, _even_words(even), _even_interval(even), f"{even.n} prompts"))
    return Table(
        title="Money within pairs", columns=("what", "estimate", "interval", "n"), rows=tuple(rows)
    )


def difference_words(difference: MeanDifference) -> tuple[str, str, str]:
    """Estimate, interval and n of a difference in dollars."""
    ends = f"{usd_words(difference.low)} to {usd_words(difference.high)}"
    return usd_words(difference.estimate), ends, f"{difference.n} pairs"


def _even_words(even: BreakEven) -> str:
    if even.estimate_usd is None:
        return "never: neither is better"
    return (
        usd_words(even.estimate_usd) if even.estimate_usd > 0 else "never: the cheaper is preferred"
    )


def _even_interval(even: BreakEven) -> str:
    low, high = even.interval.low, even.interval.high
    if not even.is_bounded or low is None or high is None:
        return "no bounds yet"
    return "none" if high <= 0 else f"{usd_words(max(low, 0.0))} to {usd_words(high)}"


def _left_out(summary: Summary) -> Table:
    rows = [
        (f"votes {LEFT_OUT_WORDS[reason]}", str(n)) for reason, n in summary.votes_left_out.items()
    ]
    rows += [(f"pairs: {reason.sentence}", str(n)) for reason, n in summary.pairs_left_out.items()]
    if summary.n_runs_of_other_origin:
        rows.append(("runs of the other origin", str(summary.n_runs_of_other_origin)))
    return Table(title="Left out", columns=("what", "count"), rows=tuple(rows))


def _disagreements(summary: Summary) -> Table:
    found = summary.disagreements
    return Table(
        title="Votes against the trend",
        columns=("prompt", "preferred", "note"),
        rows=tuple(_disagreement_rows(found.head(MOST_DISAGREEMENTS).to_dict("records"))),
        note=f"{len(found)} votes; the pairs are worth looking at again.",
    )


def _disagreement_rows(records: Sequence[Mapping[Any, Any]]) -> Iterator[tuple[str, str, str]]:
    for record in records:
        note = record["note"]
        yield (
            str(record["prompt"]),
            short_name(str(record["winner_model"])),
            note if isinstance(note, str) else "",
        )
