""" "Can you trust this?": what could make the verdict worthless, each stated whichever way it turned out."""

from dataclasses import dataclass
from enum import StrEnum

from playground.results.evidence import LeftOut
from playground.results.parts import comparable, opposite_parts
from playground.results.sentences import (
    Phrase,
    Value,
    interval_phrase,
    part_phrase,
    phrase,
    short_name,
)
from playground.results.stats import Share
from playground.results.summary import MIN_PROMPTS, GroupShare, Summary
from playground.results.verdict import Verdict, VerdictKind
from playground.schema import Origin

MIN_CHECKED = 5  # under as many a check says nothing
MIN_FOR_NO_BIAS = 20  # fewer would not show one that is there
CONSISTENT_FROM = 0.7
BLIND_FROM = 0.9
FAILURES_DIFFER_BELOW_P = 0.05


class CheckKind(StrEnum):
    """What is checked, in the order it is shown."""

    ENOUGH = "enough"
    PARTS = "parts"
    SIDES = "sides"
    LEFT = "left"
    BLIND = "blind"
    CONSISTENT = "consistent"
    SAME_MODEL = "same_model"
    FAILURES = "failures"
    REGENERATIONS = "regenerations"
    PRICES = "prices"
    SIZES = "sizes"
    ORIGIN = "origin"
    VOTERS = "voters"
    LEFT_OUT = "left_out"


class Outcome(StrEnum):
    """How a check turned out."""

    GOOD = "good"
    WARN = "warn"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check with its outcome; `share` is what it rests on, where it rests on one."""

    kind: CheckKind
    outcome: Outcome
    sentence: str
    said: Phrase
    share: Share | None = None


def checks_of(summary: Summary, verdict: Verdict) -> tuple[Check, ...]:
    """All checks, one of each kind, in the order of CheckKind."""
    return (
        _enough(summary, verdict),
        _parts(summary),
        _sides(summary),
        _left(summary),
        _blind(summary),
        _consistent(summary),
        _same_model(summary),
        _failures(summary),
        _regenerations(summary),
        _prices(summary),
        _sizes(summary),
        _origin(summary),
        _voters(summary),
        _left_out(summary),
    )


def _check(kind: CheckKind, outcome: Outcome, said: Phrase, share: Share | None = None) -> Check:
    return Check(kind=kind, outcome=outcome, sentence=said.in_words(), said=said, share=share)


def _plain(kind: CheckKind, is_good: bool, share: Share | None = None, **values: Value) -> Check:
    outcome = Outcome.GOOD if is_good else Outcome.WARN
    return _check(kind, outcome, phrase(f"{kind}_{outcome}", **values), share)


def _unknown(kind: CheckKind, **values: Value) -> Check:
    return _check(kind, Outcome.UNKNOWN, phrase(f"{kind}_unknown", **values))


def _is_even(share: Share) -> bool:
    return share.low <= 0.5 <= share.high


def _enough(summary: Summary, verdict: Verdict) -> Check:
    if verdict.n < MIN_PROMPTS:
        said = phrase("enough_few", n=verdict.n, least=MIN_PROMPTS)
        return _check(CheckKind.ENOUGH, Outcome.WARN, said)
    is_settled = verdict.kind in (VerdictKind.WINNER, VerdictKind.EQUAL)
    is_mixed = verdict.is_reversed or _opposite(summary) is not None
    if is_mixed and not is_settled:
        said = phrase("enough_mixed", n=verdict.n)
        return _check(CheckKind.ENOUGH, Outcome.WARN, said, verdict.share)
    return _plain(CheckKind.ENOUGH, is_settled, verdict.share, n=verdict.n)


def _opposite(summary: Summary) -> tuple[GroupShare, GroupShare] | None:
    return opposite_parts(summary.groups, level=summary.level)


def _parts(summary: Summary) -> Check:
    n = len(comparable(summary.groups))
    if not n:
        return _unknown(CheckKind.PARTS, least=MIN_PROMPTS)
    found = _opposite(summary)
    if found is None:
        return _plain(CheckKind.PARTS, True, n=n)
    one, other = map(_part, found)
    model = short_name(summary.models[1])
    return _plain(CheckKind.PARTS, False, one=one, other=other, model=model)


def _part(group: GroupShare) -> Phrase:
    share = group.tally.share
    if share is None:
        raise ValueError(f"The part {group.name!r} has no decisive prompts.")
    return phrase(
        "part",
        part=part_phrase(group.kind, group.name),
        wins=share.wins,
        n=share.n,
        interval=interval_phrase(share),
    )


def _sides(summary: Summary) -> Check:
    share, n_undrawn = summary.checks.second_on_left, summary.checks.n_undrawn
    if n_undrawn:
        said = phrase("sides_undrawn", wins=n_undrawn, n=summary.tally.n_votes)
        return _check(CheckKind.SIDES, Outcome.WARN, said, share)
    if share is None:
        return _unknown(CheckKind.SIDES)
    model = short_name(summary.models[1])
    return _plain(CheckKind.SIDES, _is_even(share), share, model=model, wins=share.wins, n=share.n)


def _left(summary: Summary) -> Check:
    share = summary.checks.left
    n = share.n if share else 0
    if share is None or n < MIN_CHECKED or (n < MIN_FOR_NO_BIAS and _is_even(share)):
        return _unknown(CheckKind.LEFT, n=n, least=MIN_FOR_NO_BIAS)
    return _plain(CheckKind.LEFT, _is_even(share), share, wins=share.wins, n=n)


def _blind(summary: Summary) -> Check:
    share = summary.checks.blind
    if share is None:
        return _unknown(CheckKind.BLIND)
    is_good = share.estimate >= BLIND_FROM
    wins = share.wins if is_good else share.n - share.wins
    return _plain(CheckKind.BLIND, is_good, share, wins=wins, n=share.n)


def _consistent(summary: Summary) -> Check:
    share = summary.checks.consistent
    if share is None or share.n < MIN_CHECKED:
        return _unknown(CheckKind.CONSISTENT, n=share.n if share else 0, least=MIN_CHECKED)
    is_good = share.estimate >= CONSISTENT_FROM
    return _plain(CheckKind.CONSISTENT, is_good, share, wins=share.wins, n=share.n)


def _same_model(summary: Summary) -> Check:
    ties, left = summary.checks.same_model_ties, summary.checks.same_model_left
    if ties is None or ties.n < MIN_CHECKED:
        return _unknown(CheckKind.SAME_MODEL, n=ties.n if ties else 0, least=MIN_CHECKED)
    shown = ties if left is None or _is_even(left) else left
    return _plain(CheckKind.SAME_MODEL, shown is ties, shown, wins=shown.wins, n=shown.n)


def _failures(summary: Summary) -> Check:
    failures = summary.failures
    if failures.n_pairs < MIN_CHECKED:
        return _unknown(CheckKind.FAILURES, n=failures.n_pairs, least=MIN_CHECKED)
    first, second = map(short_name, summary.models)
    return _plain(
        CheckKind.FAILURES,
        failures.test is None or failures.test.p >= FAILURES_DIFFER_BELOW_P,
        n=failures.n_pairs,
        first=first,
        only_first=failures.only_first,
        second=second,
        only_second=failures.only_second,
    )


def _regenerations(summary: Summary) -> Check:
    n = sum(each.n_regenerated for each in summary.outcomes)
    n_sent = sum(each.n_sent for each in summary.outcomes)
    return _plain(CheckKind.REGENERATIONS, not n, n=n, n_sent=n_sent)


def _prices(summary: Summary) -> Check:
    cost = summary.charged
    if not cost.n_pairs:
        return _unknown(CheckKind.PRICES)
    is_good = cost.n_priced == cost.n_pairs
    return _plain(CheckKind.PRICES, is_good, wins=cost.n_priced, n=cost.n_pairs)


def _sizes(summary: Summary) -> Check:
    sizes = summary.sizes
    n = sizes.n_equal + sizes.n_different + sizes.n_unknown
    if sizes.n_different:
        return _plain(CheckKind.SIZES, False, wins=sizes.n_different, n=n)
    if sizes.n_unknown or not n:
        return _unknown(CheckKind.SIZES, wins=sizes.n_unknown, n=n)
    return _plain(CheckKind.SIZES, True, wins=sizes.n_equal, n=n)


def _origin(summary: Summary) -> Check:
    outcome = Outcome.GOOD if summary.origin is Origin.LIVE else Outcome.WARN
    n_other = summary.n_runs_of_other_origin
    key = f"origin_{outcome}" if n_other else f"origin_{outcome}_alone"
    return _check(CheckKind.ORIGIN, outcome, phrase(key, n_other=n_other))


def _voters(summary: Summary) -> Check:
    n = len(summary.voters)
    if not n:
        return _unknown(CheckKind.VOTERS)
    if n == 1:
        return _check(CheckKind.VOTERS, Outcome.GOOD, phrase("voters_one"))
    lead = summary.tally.wins - summary.tally.losses
    against = sum((each.tally.wins - each.tally.losses) * lead < 0 for each in summary.voters)
    return _plain(CheckKind.VOTERS, not against, n=n, against=against)


def _left_out(summary: Summary) -> Check:
    counts = summary.votes_left_out
    n_withdrawn = counts.get(LeftOut.WITHDRAWN, 0)
    n = sum(counts.values())
    if not n:
        return _check(CheckKind.LEFT_OUT, Outcome.GOOD, phrase("left_out_none"))
    if n == n_withdrawn:
        return _plain(CheckKind.LEFT_OUT, True, n=n)
    why = tuple(
        phrase("left_out_item", n=count, why=phrase(f"left_out_{reason}"))
        for reason, count in counts.items()
    )
    return _plain(CheckKind.LEFT_OUT, False, n=n, why=why)
