"""The vendor's own sentences about its models, held against what was measured here."""

from dataclasses import dataclass
from enum import StrEnum

from playground.catalog import FLEX, PRO
from playground.results.sentences import (
    Phrase,
    interval_phrase,
    phrase,
    ratio_interval_phrase,
    short_name,
)
from playground.results.stats import PairedRatio, Share, confidence_sequence
from playground.results.summary import MIN_PROMPTS, Summary
from playground.results.tally import Tally
from playground.schema import Origin


class Measure(StrEnum):
    """What a claim can be held against."""

    SECONDS = "seconds"
    VOTES = "votes"
    DETAIL_VOTES = "detail_votes"  # those that named detail as the reason


class ClaimOutcome(StrEnum):
    """What the measurement says to the claim; the words are those of TEXTS."""

    SUPPORTED = "supported"
    CONTRADICTED = "contradicted"
    CANNOT_TELL = "cannot"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What the vendor says of a model, in its words, and how that can be measured."""

    model: str
    key: str  # of the words in TEXTS
    measure: Measure

    @property
    def words(self) -> str:
        return phrase(self.key).in_words()


VENDOR_CLAIMS = (
    Claim(model=FLEX.id, key="vendor_faster", measure=Measure.SECONDS),
    Claim(model=PRO.id, key="vendor_quality", measure=Measure.VOTES),
    Claim(model=PRO.id, key="vendor_details", measure=Measure.DETAIL_VOTES),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimCheck:
    """
    A claim with its measurement.

    ratio: of the other model's seconds to this one's. share: of this model, valid at any time.
    """

    claim: Claim
    outcome: ClaimOutcome
    sentence: str
    said: Phrase
    n: int
    ratio: PairedRatio | None = None
    share: Share | None = None


def claims_of(
    summary: Summary, claims: tuple[Claim, ...] = VENDOR_CLAIMS
) -> tuple[ClaimCheck, ...]:
    """A check of each claim about one of the two models."""
    return tuple(_checked(summary, claim) for claim in claims if claim.model in summary.models)


def _checked(summary: Summary, claim: Claim) -> ClaimCheck:
    is_second = claim.model == summary.models[1]
    if claim.measure is Measure.SECONDS:
        return _on_seconds(summary, claim, is_second)
    counts = summary.tally if claim.measure is Measure.VOTES else summary.detail
    return _on_votes(summary, claim, counts, is_second)


def _on_votes(summary: Summary, claim: Claim, counts: Tally, is_second: bool) -> ClaimCheck:
    wins = counts.wins if is_second else counts.losses
    share = confidence_sequence(wins, counts.n, level=summary.level) if counts.n else None
    outcome = ClaimOutcome.CANNOT_TELL
    if share is not None and _may_tell(summary, counts.n) and counts.e.is_called:
        is_ahead = 2 * wins > counts.n
        outcome = ClaimOutcome.SUPPORTED if is_ahead else ClaimOutcome.CONTRADICTED
    if share is None or not _may_tell(summary, counts.n):
        said = _without_numbers(summary, claim, counts.n)
    else:
        said = phrase(
            "claim_share",
            words=_words(claim),
            outcome=_outcome_words(outcome),
            wins=wins,
            n=counts.n,
            model=short_name(claim.model),
            interval=interval_phrase(share),
        )
    return _result(claim, outcome, said, counts.n, share=share)


def _on_seconds(summary: Summary, claim: Claim, is_second: bool) -> ClaimCheck:
    ratio = summary.time_ratio
    n = 0 if ratio is None else ratio.n
    if ratio is None or ratio.estimate is None or not _may_tell(summary, n):
        said = _without_numbers(summary, claim, n)
        return _result(claim, ClaimOutcome.CANNOT_TELL, said, n, ratio=ratio)
    estimate, low, high = ratio.estimate, ratio.low, ratio.high
    if is_second:  # how many times as long the first takes
        estimate = 1 / estimate
        low, high = (None if end is None else 1 / end for end in (ratio.high, ratio.low))
    outcome = ClaimOutcome.CANNOT_TELL
    if low is not None and low > 1:
        outcome = ClaimOutcome.SUPPORTED
    elif high is not None and high < 1:
        outcome = ClaimOutcome.CONTRADICTED
    said = phrase(
        "claim_time",
        words=_words(claim),
        outcome=_outcome_words(outcome),
        other=short_name(summary.models[not is_second]),
        model=short_name(claim.model),
        ratio=f"{estimate:.2f}",
        interval=ratio_interval_phrase(low, high),
        n=n,
    )
    return _result(claim, outcome, said, n, ratio=ratio)


def _may_tell(summary: Summary, n: int) -> bool:
    return summary.origin is Origin.LIVE and n >= MIN_PROMPTS


def _without_numbers(summary: Summary, claim: Claim, n: int) -> Phrase:
    outcome = _outcome_words(ClaimOutcome.CANNOT_TELL)
    if summary.origin is Origin.EMULATED:
        return phrase("claim_emulated", words=_words(claim), outcome=outcome)
    return phrase("claim_few", words=_words(claim), outcome=outcome, n=n, least=MIN_PROMPTS)


def _words(claim: Claim) -> Phrase:
    return phrase("vendor_words", model=short_name(claim.model), words=phrase(claim.key))


def _outcome_words(outcome: ClaimOutcome) -> Phrase:
    return phrase(str(outcome))


def _result(
    claim: Claim,
    outcome: ClaimOutcome,
    said: Phrase,
    n: int,
    *,
    ratio: PairedRatio | None = None,
    share: Share | None = None,
) -> ClaimCheck:
    return ClaimCheck(
        claim=claim,
        outcome=outcome,
        sentence=said.in_words(),
        said=said,
        n=n,
        ratio=ratio,
        share=share,
    )
