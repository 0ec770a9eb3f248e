"""The top of the Results screen as HTML: the sentence, what it rests on, whether to trust it, the vendor's words."""

import re
from collections.abc import Iterable

from playground.markup import Child, Markup, el, join
from playground.results.checks import Check, Outcome
from playground.results.claims import ClaimCheck, ClaimOutcome
from playground.results.sentences import (
    estimate_phrase,
    evidence_words,
    interval_phrase,
    short_name,
)
from playground.results.stats import Share
from playground.results.summary import MIN_PROMPTS
from playground.results.verdict import Verdict, VerdictKind
from playground.schema import Origin
from playground.ui import format as fmt
from playground.ui.results.findings import Findings
from playground.ui.results.plots import Span, share_scale, spans
from playground.ui.texts import say, text

_BOLD = re.compile(r"\*\*([^*]+)\*\*")
_SIGNS = {Outcome.GOOD: "✓", Outcome.WARN: "!", Outcome.UNKNOWN: "?"}
_SIGN_WORDS = {
    Outcome.GOOD: "results.sign_good",
    Outcome.WARN: "results.sign_warn",
    Outcome.UNKNOWN: "results.sign_unknown",
}
_CLAIM_WORDS = {
    ClaimOutcome.SUPPORTED: "results.claim_supported",
    ClaimOutcome.CONTRADICTED: "results.claim_contradicted",
    ClaimOutcome.CANNOT_TELL: "results.claim_cannot",
}


def section(title: str, *children: Child, name: str) -> Markup:
    """A heading and what stands under it."""
    return el("section", el("h2", title), *children, class_="pg-res-section", data_section=name)


def beside(words: Iterable[Child], *charts: Child) -> Markup:
    """Words with the charts they are about, side by side where there is room."""
    drawn = [chart for chart in charts if chart is not None]
    return el(
        "div",
        el("div", *words, class_="pg-res-words"),
        el("div", *drawn, class_="pg-res-charts") if drawn else None,
        class_="pg-res-beside",
    )


def said(sentence: str, **attributes: str) -> Markup:
    """A paragraph; what stands between ** and ** is bold, and nothing else is markup."""
    parts = _BOLD.split(sentence)
    words = [el("strong", part) if place % 2 else part for place, part in enumerate(parts)]
    return el("p", *words, **attributes)


def in_words(verdict: Verdict) -> str:
    """All that a verdict says."""
    return text("number.sentences").join(map(say, verdict.phrases))


def beside_badge(verdict: Verdict) -> str:
    """The same where a badge says already that the pictures are emulated."""
    said = [each for each in verdict.phrases if each.key != "emulated"]
    return text("number.sentences").join(map(say, said))


def plain(sentence: str) -> str:
    """The words of it alone, for those who listen."""
    return _BOLD.sub(r"\1", sentence)


def top_html(findings: Findings) -> Markup:
    """Everything down to the vendor's words."""
    return join(
        (
            verdict_html(findings),
            trust_html(findings.checks) if findings.n_runs else None,
            claims_html(findings.claims) if findings.n_runs else None,
        )
    )


def verdict_html(findings: Findings) -> Markup:
    """The sentence with what it rests on and what to do next."""
    verdict, summary = findings.verdict, findings.summary
    is_live = summary.origin is Origin.LIVE
    is_empty = findings.n_runs == 0
    badge = el(
        "span", text(f"origin.{summary.origin}"), class_=f"pg-badge pg-badge-{summary.origin}"
    )
    note = text("results.live_note" if is_live else "results.emulated_note")
    return el(
        "section",
        el(
            "p",
            badge,
            el("span", note),
            None if findings.question.scope.is_everything else el("span", text("results.part")),
            class_="pg-res-origin",
        )
        if not is_empty
        else None,
        el("h2", text("results.nothing_title")) if is_empty else None,
        said(beside_badge(verdict), class_="pg-res-sentence", data_said=plain(in_words(verdict)))
        if not is_empty
        else el("p", text(_nothing(findings)), class_="pg-res-lead"),
        _rests_on(findings) if verdict.kind is not VerdictKind.NO_VOTES else None,
        _share_plot(findings),
        _next(findings),
        class_="pg-res-verdict",
        aria_label=text("results.verdict"),
        data_kind=verdict.kind,
        data_origin=summary.origin,
        data_n=verdict.n,
        data_empty=is_empty,
    )


def _nothing(findings: Findings) -> str:
    return "results.nothing" if not findings.choices.origins else "results.nothing_here"


def share_words(share: Share | None) -> str:
    """ "31 of 42 (55–87 %)"; without a percentage under MIN_PROMPTS."""
    if share is None:
        return fmt.UNKNOWN
    told = text("results.of", part=f"{share.wins:,}", whole=f"{share.n:,}")
    return told if share.n < MIN_PROMPTS else fmt.aside(told, say(interval_phrase(share)))


def _rests_on(findings: Findings) -> Markup:
    verdict, counts = findings.verdict, findings.summary.tally
    facts: list[tuple[str, str]] = [
        (text("results.rests_votes"), f"{counts.n_votes:,}"),
        (text("results.rests_prompts"), f"{counts.n_prompts:,}"),
        (text("results.rests_decisive"), f"{counts.n:,}"),
    ]
    if _is_drawn(verdict) and verdict.share is not None and verdict.model is not None:
        name = text("results.rests_interval", model=short_name(verdict.model))
        told = text("results.valid", share=say(estimate_phrase(verdict.share)))
        evidence = fmt.clauses((evidence_words(verdict.e), _call_words(verdict)))
        facts += [(name, told), (text("results.rests_evidence"), evidence)]
    rows = (el("div", el("dt", name), el("dd", words)) for name, words in facts)
    return el("dl", *rows, class_="pg-res-facts")


def _call_words(verdict: Verdict) -> str:
    """Whether a winner is called, or was once."""
    call, before = f"{verdict.e.call_at:.0f}", verdict.called_before
    if verdict.e.is_called:
        return text("results.called", call=call)
    if before is None:
        return text("results.not_called", call=call)
    peak, vote = evidence_words(before.e), f"{before.n_votes:,}"
    return text("results.called_before", call=call, peak=peak, vote=vote)


def _is_drawn(verdict: Verdict) -> bool:
    return verdict.n >= verdict.min_prompts


def _share_plot(findings: Findings) -> Markup | None:
    verdict, sequence = findings.verdict, findings.summary.tally.sequence
    if sequence is None or not _is_drawn(verdict):
        return None
    first, second = map(short_name, findings.summary.models)
    losses = sequence.n - sequence.wins
    rows = [
        Span(
            name=first,
            estimate=1 - sequence.estimate,
            low=1 - sequence.high,
            high=1 - sequence.low,
            words=text("results.of", part=f"{losses:,}", whole=f"{sequence.n:,}"),
        ),
        Span(
            name=second,
            estimate=sequence.estimate,
            low=sequence.low,
            high=sequence.high,
            words=text("results.of", part=f"{sequence.wins:,}", whole=f"{sequence.n:,}"),
        ),
    ]
    margin = verdict.margin
    label = text(
        "results.share_label",
        rows=fmt.listed(text("results.share_row", name=row.name, words=row.words) for row in rows),
        low=fmt.percent(margin.low),
        high=fmt.percent(margin.high),
    )
    return spans(rows, share_scale(zone=(margin.low, margin.high)), label=label)


def _next(findings: Findings) -> Markup:
    """What to do now: judge what is there, or run more."""
    summary = findings.summary
    left = summary.n_pairs - summary.n_pairs_judged
    if not findings.n_runs or not summary.n_pairs:
        words = None if not findings.n_runs else text("results.no_pairs")
        return _step(words, text("results.go_compare"), "compare", is_strong=True)
    if not left:
        kind = findings.verdict.kind
        is_open = kind in (VerdictKind.TOO_FEW, VerdictKind.CANNOT_TELL)
        is_open &= not findings.verdict.is_reversed  # more of the same would not settle it
        words = text("results.all_judged")
        return _step(words, text("results.go_more"), "compare", is_strong=is_open)
    is_first = summary.n_pairs_judged == 0
    many = "results.judge_many" if is_first else "results.judge_more_many"
    one = "results.judge_one" if is_first else "results.judge_more_one"
    told = "results.unjudged_one" if left == 1 else "results.unjudged_many"
    words = text(told, count=f"{left:,}", pairs=f"{summary.n_pairs:,}")
    button = text(one if left == 1 else many, count=f"{left:,}")
    is_settled = findings.verdict.kind in (VerdictKind.WINNER, VerdictKind.EQUAL)
    hint = text("results.blind_hint")
    return _step(f"{words} {hint}", button, "judge", is_strong=not is_settled)


def _step(words: str | None, button: str, tab: str, *, is_strong: bool) -> Markup:
    return el(
        "div",
        el(
            "button",
            button,
            type="button",
            class_="pg-button pg-button-strong" if is_strong else "pg-button",
            data_tab=tab,
            data_key=f"tab {tab}",
        ),
        el("p", words, class_="pg-note") if words else None,
        class_="pg-res-next",
    )


def trust_html(checks: tuple[Check, ...]) -> Markup:
    """Every check, whichever way it turned out."""
    counts = {outcome: sum(check.outcome is outcome for check in checks) for outcome in Outcome}
    items = (
        el(
            "li",
            el("span", _SIGNS[check.outcome], class_="pg-res-sign", aria_hidden="true"),
            el(
                "span",
                el("span", fmt.lead(text(_SIGN_WORDS[check.outcome])), class_="pg-hidden"),
                say(check.said),
            ),
            data_check=check.kind,
            data_outcome=check.outcome,
        )
        for check in checks
    )
    return section(
        text("results.trust"),
        el(
            "p",
            text(
                "results.trust_summary",
                good=counts[Outcome.GOOD],
                warn=counts[Outcome.WARN],
                unknown=counts[Outcome.UNKNOWN],
            ),
            class_="pg-note",
        ),
        el("ul", *items, class_="pg-res-checks"),
        name="trust",
    )


def claims_html(claims: tuple[ClaimCheck, ...]) -> Markup:
    """The vendor's sentences, each with what was measured."""
    items = (
        el(
            "li",
            el("span", text(_CLAIM_WORDS[claim.outcome]), class_="pg-res-outcome"),
            el("span", say(claim.said)),
            data_outcome=claim.outcome,
        )
        for claim in claims
    )
    return section(
        text("results.claims"),
        el("p", text("results.claims_note"), class_="pg-note"),
        el("ul", *items, class_="pg-res-claims"),
        name="claims",
    )
