"""The one sentence at the top: what may be said of two models after every vote, and nothing more."""

import math
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

import numpy as np

from playground.results.money import Basis, PairedCost
from playground.results.sentences import (
    Phrase,
    Value,
    evidence_words,
    interval_phrase,
    phrase,
    rounded,
    short_name,
)
from playground.results.stats import (
    CALL_AT,
    DEFAULT_MARGIN,
    EValue,
    Margin,
    MeanDifference,
    Share,
    confidence_sequence,
    e_value,
    is_inside,
    plan_share,
)
from playground.results.summary import MIN_PROMPTS, Summary
from playground.schema import Origin

MIN_PRICED = 5  # pairs with both prices known, and at least half of all
# Which truths the reader is given a number of prompts for; the first that is not reached yet.
_SCENARIOS = (0.60, 0.55)


class VerdictKind(StrEnum):
    """What the votes allow to be said."""

    NO_VOTES = "no_votes"
    TOO_FEW = "too_few"
    WINNER = "winner"
    EQUAL = "equal"
    CANNOT_TELL = "cannot_tell"


@dataclass(frozen=True, slots=True, kw_only=True)
class Saving:
    """The cheaper model and by which share of the dearer one's price."""

    model: str
    share: Decimal
    basis: Basis
    difference: MeanDifference


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """If the true share were `share`, the planned test would need `n` decisive prompts."""

    share: float
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """A winner that was called after a vote: the highest its evidence ever stood."""

    model: str
    n_votes: int
    e: EValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """
    The verdict with the numbers it rests on. `wins` and `share` are those of `model`.

    model: the one preferred on more prompts; the second where it is even; None without votes.

    called_before: a winner of an earlier vote who is not the winner now; None where none was.
        The test was right to call it, but a share that stays the same seldom takes it back.

    is_reversed: whether that winner is behind, or the evidence for it is gone.

    saving: told only with EQUAL; None where too few pairs are priced or none is cheaper.
    """

    kind: VerdictKind
    sentence: str
    phrases: tuple[Phrase, ...]
    origin: Origin
    models: tuple[str, str]
    model: str | None
    wins: int
    n: int
    share: Share | None  # with its confidence sequence
    e: EValue
    called_before: Called | None
    is_reversed: bool
    margin: Margin
    min_prompts: int
    needed: Scenario | None
    saving: Saving | None


def judge(summary: Summary, *, margin: Margin = DEFAULT_MARGIN) -> Verdict:
    """
    The verdict on a summary, valid however often it was looked at before.

    Args:
        margin: Which shares are practically equal; to be fixed before the votes are seen.
    """
    counts = summary.tally
    n, is_second = counts.n, counts.wins >= counts.losses
    wins = max(counts.wins, counts.losses)
    model = summary.models[is_second] if n else None
    share = confidence_sequence(wins, n, level=summary.level) if n else None
    kind = _kind(summary, share, margin)
    saving = saving_of(summary) if kind is VerdictKind.EQUAL else None
    leader = None if 2 * wins == n else model
    before = _called_before(summary, winner=leader if kind is VerdictKind.WINNER else None)
    is_reversed = before is not None and (before.model != leader or counts.e.log_value < 0)
    # More of the same prompts would not settle what they have already settled both ways.
    needed = _needed(n) if kind is VerdictKind.CANNOT_TELL and not is_reversed else None
    phrases = _phrases(kind, summary, model, share, margin, saving)
    phrases += _afterwards(kind, before, is_reversed, counts.e, needed)
    if 2 * counts.n_both_bad > counts.n_prompts:
        bad = {"n_both_bad": counts.n_both_bad, "n_prompts": counts.n_prompts}
        phrases.append(phrase("both_bad", **bad))
    return Verdict(
        kind=kind,
        sentence=" ".join(each.in_words() for each in phrases),
        phrases=tuple(phrases),
        origin=summary.origin,
        models=summary.models,
        model=model,
        wins=wins,
        n=n,
        share=share,
        e=counts.e,
        called_before=before,
        is_reversed=is_reversed,
        margin=margin,
        min_prompts=MIN_PROMPTS,
        needed=needed,
        saving=saving,
    )


def saving_of(summary: Summary) -> Saving | None:
    """
    What the cheaper model saves; by estimate only where too few charges are known.

    None where too few pairs are priced, or the paired interval holds zero.
    """
    for cost in (summary.charged, summary.estimated):
        if cost.n_priced >= MIN_PRICED and 2 * cost.n_priced >= cost.n_pairs:
            return _saving(summary.models, cost)
    return None


def _saving(models: tuple[str, str], cost: PairedCost) -> Saving | None:
    difference, first, second = cost.difference, cost.first_usd, cost.second_usd
    if difference is None or first is None or second is None or not difference.excludes_zero:
        return None
    return Saving(
        model=models[second < first],
        share=1 - min(first, second) / max(first, second),
        basis=cost.basis,
        difference=difference,
    )


def _kind(summary: Summary, share: Share | None, margin: Margin) -> VerdictKind:
    counts = summary.tally
    if not counts.n_votes:
        return VerdictKind.NO_VOTES
    if share is None or counts.n < MIN_PROMPTS:
        return VerdictKind.TOO_FEW
    if counts.e.is_called:
        return VerdictKind.WINNER
    second = confidence_sequence(counts.wins, counts.n, level=summary.level)
    return VerdictKind.EQUAL if is_inside(second, margin) else VerdictKind.CANNOT_TELL


def _needed(n: int) -> Scenario | None:
    for share in _SCENARIOS:
        plan = plan_share(share)
        if n < plan.fixed_n:
            return Scenario(share=share, n=plan.fixed_n)
    return None


def _phrases(
    kind: VerdictKind,
    summary: Summary,
    model: str | None,
    share: Share | None,
    margin: Margin,
    saving: Saving | None,
) -> "list[Phrase]":
    counts = summary.tally
    if kind is VerdictKind.NO_VOTES:
        return [phrase("no_votes")]
    said = [phrase("emulated")] if summary.origin is Origin.EMULATED else []
    if kind is VerdictKind.TOO_FEW or share is None or model is None:
        said.append(phrase("too_few", n=counts.n))
        if counts.n_even:
            said.append(phrase("neither", n_even=counts.n_even, n_prompts=counts.n_prompts))
    else:
        numbers: dict[str, Value] = {
            "model": short_name(model),
            "wins": share.wins,
            "n": share.n,
            "interval": interval_phrase(share),
        }
        said.append(_main(kind, numbers, saving, len(summary.voters)))
        if kind is VerdictKind.WINNER and is_inside(share, margin):
            ends = {"low": f"{100 * margin.low:.0f}", "high": f"{100 * margin.high:.0f}"}
            said.append(phrase("within_margin", **ends))
    return said


def _afterwards(
    kind: VerdictKind,
    before: Called | None,
    is_reversed: bool,
    now: EValue,
    needed: Scenario | None,
) -> "list[Phrase]":
    """What became of a winner called earlier, and how many prompts would be needed."""
    said: list[Phrase] = []
    key = _fate(kind, is_reversed)
    if before is not None and key is not None:
        told = phrase(
            key,
            past=short_name(before.model),
            peak=evidence_words(before.e),
            vote=before.n_votes,
            now=evidence_words(now),
        )
        said.append(told)
    if needed is not None:
        for_ = round(100 * needed.share)
        said.append(phrase("needed", for_=for_, against=100 - for_, needed=rounded(needed.n)))
    return said


def _fate(kind: VerdictKind, is_reversed: bool) -> str | None:
    """The sentence on a winner called earlier; None where there is nothing to be said of it."""
    if kind is VerdictKind.WINNER:
        return "turned"
    if kind not in (VerdictKind.CANNOT_TELL, VerdictKind.EQUAL):
        return None
    if is_reversed:
        return "fallen_back"
    return "slipped" if kind is VerdictKind.CANNOT_TELL else None


def _called_before(summary: Summary, *, winner: str | None) -> Called | None:
    """The most certain winner any vote ever made, but for the one of now."""
    n_votes, wins, n, log_e = (
        summary.live[name].to_numpy() for name in ("n_votes", "wins", "n", "log_e")
    )
    is_second = 2 * wins > n
    is_called = log_e >= math.log(CALL_AT)
    if winner is not None:
        is_called &= is_second == (winner == summary.models[0])
    if not is_called.any():
        return None
    at = int(np.where(is_called, log_e, -np.inf).argmax())
    return Called(
        model=summary.models[bool(is_second[at])],
        n_votes=int(n_votes[at]),
        e=e_value(int(wins[at]), int(n[at])),
    )


def _main(
    kind: VerdictKind, numbers: "dict[str, Value]", saving: Saving | None, n_voters: int
) -> Phrase:
    if kind is VerdictKind.WINNER and n_voters > 1:
        return phrase("winner_voters", n_voters=n_voters, **numbers)
    if kind is VerdictKind.EQUAL and saving is not None:
        return phrase(
            "equal_saving" if saving.basis == "charged_usd" else "equal_estimated",
            cheaper=short_name(saving.model),
            less=f"{100 * saving.share:.0f}",
            n_priced=saving.difference.n,
            **numbers,
        )
    return phrase(str(kind), **numbers)
