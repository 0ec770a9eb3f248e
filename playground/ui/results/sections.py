"""The sections of the Results screen as HTML: words, a chart, and the table behind it."""

from collections.abc import Sequence

from playground.markup import Markup, el
from playground.results.checks import CheckKind
from playground.results.sentences import (
    bounds_phrase,
    evidence_words,
    interval_phrase,
    part_phrase,
    short_name,
)
from playground.results.stats import e_value
from playground.results.summary import MIN_PROMPTS, GroupShare
from playground.ui import format as fmt
from playground.ui.results.findings import Findings, Step
from playground.ui.results.page import beside, section, share_words
from playground.ui.results.plots import (
    Point,
    Scale,
    Span,
    band,
    round_ticks,
    share_scale,
    spans,
)
from playground.ui.texts import say, text

MAX_STEPS_IN_TABLE = 40
MAX_GROUPS_DRAWN = 24
MAX_GROUPS_IN_TABLE = 200
MAX_NAME = 60
MAX_VOTERS = 50

Row = Sequence[str]


def behind(
    name: str, columns: Sequence[str], rows: Sequence[Row], *, title: str | None = None
) -> Markup:
    """A table that opens; the first column names the row."""
    words = text("results.table") if title is None else title
    head = el("tr", *(el("th", column, scope="col") for column in columns))
    body = (
        el("tr", el("th", row[0], scope="row", dir="auto"), *(el("td", cell) for cell in row[1:]))
        for row in rows
    )
    return el(
        "details",
        el("summary", words, data_key=f"table {name}"),
        el(
            "div",
            el("table", el("thead", head), el("tbody", *body)),
            class_="pg-res-scroll",
            tabindex=0,
            role="group",
            aria_label=words,
        ),
        data_keep=name,
    )


# ---- votes ----------------------------------------------------------------------------------------


def votes_html(findings: Findings, *, voter_id: str) -> Markup:
    """How the share went, vote by vote; by voter and by reason behind it. Nothing without votes."""
    summary, counts = findings.summary, findings.summary.tally
    if not counts.n_votes:
        return Markup("")
    first, second = map(short_name, summary.models)
    words = text(
        "results.votes_words",
        wins=f"{counts.wins:,}",
        losses=f"{counts.losses:,}",
        n=f"{counts.n:,}",
        even=f"{counts.n_even:,}",
        prompts=f"{counts.n_prompts:,}",
        bad=f"{counts.n_both_bad:,}",
        first=first,
        second=second,
    )
    steps = findings.steps
    line = text("results.votes_few", n=counts.n, least=MIN_PROMPTS)
    chart = table = None
    if steps and counts.n >= MIN_PROMPTS and counts.sequence is not None:
        line = text(
            "results.votes_line",
            second=second,
            e=evidence_words(counts.e),
            call=f"{counts.e.call_at:.0f}",
        )
        label = text(
            "results.votes_label",
            second=second,
            begin=f"{steps[0].n_votes:,}",
            end=f"{steps[-1].n_votes:,}",
            share=fmt.percent(counts.sequence.estimate),
            interval=say(interval_phrase(counts.sequence)),
        )
        ends = [text("results.vote_number", number=f"{steps[at].n_votes:,}") for at in (0, -1)]
        points = [Point(x=s.n_votes, low=s.low, middle=s.share, high=s.high) for s in steps]
        chart = band(points, share_scale(), label=label, x_words=(ends[0], ends[1]))
        table = _steps_table(steps, second)
    return section(
        text("results.votes"),
        beside((el("p", words), el("p", line)), chart),
        table,
        _voters(findings, voter_id, second),
        _reasons(findings, first, second),
        name="votes",
    )


def _steps_table(steps: Sequence[Step], second: str) -> Markup:
    every = -(-len(steps) // MAX_STEPS_IN_TABLE)
    kept = [*steps[:-1:every], steps[-1]]
    rows = [
        (
            f"{step.n_votes:,}",
            f"{step.n:,}",
            fmt.percent(step.share),
            say(
                bounds_phrase(
                    step.low, step.high, is_all=step.wins == step.n, is_none=step.wins == 0
                )
            ),
            evidence_words(e_value(step.wins, step.n)),
        )
        for step in kept
    ]
    columns = (
        text("results.column_vote"),
        text("results.column_decisive"),
        text("results.column_share", model=second),
        text("results.column_interval"),
        text("results.column_e"),
    )
    return behind("votes", columns, rows)


def _voters(findings: Findings, voter_id: str, second: str) -> Markup | None:
    voters = findings.summary.voters
    if len(voters) < 2:
        return None
    rows = [
        (
            text(
                "results.voter_you" if voter.voter_id == voter_id else "results.voter_number",
                number=number,
            ),
            f"{voter.tally.n_votes:,}",
            share_words(voter.tally.share),
        )
        for number, voter in enumerate(voters[:MAX_VOTERS], start=1)
    ]
    columns = (
        text("results.column_voter"),
        text("results.column_votes"),
        text("results.column_for", model=second),
    )
    return behind("voters", columns, rows, title=text("results.voters"))


def _reasons(findings: Findings, first: str, second: str) -> Markup | None:
    named: dict[str, list[int]] = {}
    for each in findings.summary.reasons:
        named.setdefault(each.reason, []).append(each.n_votes)
    rows = [
        (text(f"vote.reason_{reason}"), *(f"{n:,}" for n in counts))
        for reason, counts in named.items()
        if any(counts)
    ]
    if not rows:
        return None
    columns = (text("results.column_reason"), first, second)
    return behind("reasons", columns, rows, title=text("results.reasons"))


# ---- by group -------------------------------------------------------------------------------------


def groups_html(findings: Findings) -> Markup:
    """By tag and by setting; small ones as counts alone."""
    second = short_name(findings.summary.models[1])
    groups = findings.summary.groups
    if not groups:
        return section(text("results.groups"), el("p", text("results.groups_none")), name="groups")
    big = [(_group_name(g), _group_share(g), g.tally.share) for g in groups if not g.is_small]
    n_small = len(groups) - len(big)
    rows = [
        Span(
            name=name,
            estimate=share.estimate,
            low=share.low,
            high=share.high,
            words=fmt.aside(counts, say(interval_phrase(share))),
        )
        for name, counts, share in big
        if share is not None
    ]
    drawn = rows[:MAX_GROUPS_DRAWN]
    label = text(
        "results.groups_label",
        second=second,
        rows=fmt.clauses(
            text("results.times_row", name=row.name, words=row.words) for row in drawn
        ),
    )
    table = [
        (name, counts, fmt.UNKNOWN if share is None else say(interval_phrase(share)))
        for name, counts, share in big[:MAX_GROUPS_IN_TABLE]
    ]
    columns = (
        text("results.column_group"),
        text("results.column_for", model=second),
        text("results.column_interval"),
    )
    notes = []
    if more := len(rows) - len(drawn):
        notes.append(el("p", text("results.groups_more", count=more), class_="pg-note"))
    if n_small:
        words = text("results.groups_small", count=n_small, least=MIN_PROMPTS)
        notes.append(el("p", words, class_="pg-note"))
    return section(
        text("results.groups"),
        beside(
            [el("p", text("results.groups_hint"), class_="pg-res-warning"), *notes],
            spans(drawn, share_scale(), label=label) if drawn else None,
        ),
        behind("groups", columns, table) if table else None,
        _small_groups(groups, second),
        name="groups",
    )


def _group_name(group: GroupShare) -> str:
    return fmt.shortened(say(part_phrase(group.kind, group.name)), MAX_NAME)


def _group_share(group: GroupShare) -> str:
    return text("results.of", part=f"{group.tally.wins:,}", whole=f"{group.tally.n:,}")


def _small_groups(groups: Sequence[GroupShare], second: str) -> Markup | None:
    """Those with too few prompts for a share, folded away: their counts alone."""
    small = [group for group in groups if group.is_small]
    if not small:
        return None
    rows = [(_group_name(group), _group_share(group)) for group in small[:MAX_GROUPS_IN_TABLE]]
    columns = (text("results.column_group"), text("results.column_for", model=second))
    title = text("results.groups_folded", count=len(small))
    return behind("small-groups", columns, rows, title=title)


# ---- failures -------------------------------------------------------------------------------------

_KIND_WORDS = {
    "failed": "results.kind_failed",
    "refused": "results.kind_refused",
    "timed_out": "results.kind_timed_out",
    "unconfirmed": "results.kind_unconfirmed",
}
_ALWAYS_DRAWN = ("failed", "refused")  # that there was none is worth seeing


def failures_html(findings: Findings) -> Markup:
    """Failures and refusals of each model, with intervals."""
    summary = findings.summary
    sent = [each for each in summary.outcomes if each.n_sent]
    if not sent:
        words = el("p", text("results.failures_none"))
        return section(text("results.failures"), words, name="failures")
    occurred = {row["kind"] for row in findings.outcomes if row["count"]}
    drawn = [
        Span(
            name=f"{short_name(str(row['model']))} {text(_KIND_WORDS[row['kind']])}",
            estimate=row["share"],
            low=row["low"],
            high=row["high"],
            words=text("results.of", part=f"{row['count']:,}", whole=f"{row['n']:,}"),
        )
        for kind in _KIND_WORDS
        for row in findings.outcomes
        if row["kind"] == kind and (kind in _ALWAYS_DRAWN or kind in occurred)
    ]
    high = min(1.0, max(0.05, *(row.high or 0 for row in drawn)) * 1.08)
    ticks = tuple((tick, fmt.percent(tick)) for tick in round_ticks(0, high))
    label = text(
        "results.failures_label",
        rows=fmt.clauses(
            text("results.times_row", name=row.name, words=row.words) for row in drawn
        ),
    )
    checks = (check for check in findings.checks if check.kind is CheckKind.FAILURES)
    paired = [el("p", say(check.said)) for check in checks]
    rows = [
        (
            short_name(each.model),
            f"{each.n_sent:,}",
            share_words(each.usable),
            share_words(each.failed),
            share_words(each.refused),
            share_words(each.timed_out),
            share_words(each.unconfirmed),
        )
        for each in sent
    ]
    columns = (
        text("results.column_model"),
        text("results.column_sent"),
        text("results.kind_usable"),
        text("results.kind_failed"),
        text("results.kind_refused"),
        text("results.kind_timed_out"),
        text("results.kind_unconfirmed"),
    )
    return section(
        text("results.failures"),
        beside(
            [el("p", text("results.failures_note")), *paired],
            spans(drawn, Scale(low=0, high=high, ticks=ticks), label=label),
        ),
        behind("failures", columns, rows),
        name="failures",
    )
