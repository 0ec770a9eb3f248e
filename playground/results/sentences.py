"""Every English sentence of the results in one place, and how a number is written in one."""

from collections.abc import Mapping
from dataclasses import dataclass
from string import Formatter
from types import MappingProxyType

from playground.results.evidence import LeftOut
from playground.results.stats import EValue, Share

_BOUNDLESS_E = 1e6

TEXTS: Mapping[str, str] = MappingProxyType(
    {
        # the verdict
        "no_votes": "No votes yet.",
        "too_few": "n = {n}: too few to say anything.",
        "winner": "You prefer **{model}**: {wins} of {n} prompts ({interval}, valid at any time).",
        "winner_voters": "The {n_voters} voters prefer **{model}**: {wins} of {n} prompts "
        "({interval}, valid at any time).",
        "within_margin": "The difference is small: all of it within {low}–{high} %.",
        "equal": "No practical difference on your prompts: {wins} of {n} for {model} "
        "({interval}, valid at any time).",
        "equal_saving": "No practical difference on your prompts: {wins} of {n} for {model} "
        "({interval}, valid at any time); **{cheaper}** costs {less} % less "
        "({n_priced} pairs as charged), so take {cheaper}.",
        "equal_estimated": "No practical difference on your prompts: {wins} of {n} for {model} "
        "({interval}, valid at any time); by estimate **{cheaper}** costs {less} % less "
        "({n_priced} pairs, charges unknown), so take {cheaper}.",
        "cannot_tell": "Cannot tell yet: {wins} of {n} for {model} ({interval}).",
        "needed": "If the truth is {for_}/{against}, about {needed} prompts are needed.",
        "fallen_back": "The evidence for {past} reached E = {peak} at vote {vote} and has since fallen "
        "back to {now}: the prompts are not of one kind, their order matters, or it was chance.",
        "slipped": "The evidence for {past} reached E = {peak} at vote {vote} and stands at {now} now.",
        "turned": "Earlier, at vote {vote}, the evidence called {past} (E = {peak}): the prompts are "
        "not of one kind, their order matters, or it was chance.",
        "neither": "On {n_even} of {n_prompts} prompts neither was better.",
        "both_bad": "On {n_both_bad} of {n_prompts} prompts both pictures were bad.",
        "emulated": "Emulated pictures, no evidence about the models.",
        # can you trust this?
        "enough_good": "Enough prompts: {n} decisive.",
        "enough_warn": "Not enough prompts: {n} decisive, and they do not settle it.",
        "enough_few": "Not enough prompts: {n} decisive; at least {least} are needed.",
        "enough_mixed": "Not settled: {n} decisive, and they point both ways. More of the same will "
        "not settle it.",
        "parts_good": "No part of the votes points the other way: {n} parts compared.",
        "parts_warn": "Parts of the votes point in opposite directions, for {model} – {one}; {other}. "
        "Look at one at a time.",
        "parts_unknown": "Whether parts of the votes point in opposite directions is not known: no "
        "two of them have {least} decisive prompts.",
        "sides_good": "Sides balanced: {model} stood left in {wins} of {n} votes.",
        "sides_warn": "Sides not balanced: {model} stood left in {wins} of {n} votes.",
        "sides_undrawn": "Sides not drawn by lot in {wins} of {n} votes.",
        "sides_unknown": "Balance of sides not known: no votes.",
        "left_good": "No sign of a side bias: {wins} of {n} decisive votes took the left picture.",
        "left_warn": "Side bias: {wins} of {n} decisive votes took the left picture.",
        "left_unknown": "Side bias not known: {n} decisive votes, at least {least} are needed.",
        "blind_good": "Judged blind: {wins} of {n} votes.",
        "blind_warn": "Not judged blind: in {wins} of {n} votes the models were known.",
        "blind_unknown": "Blindness not known: no votes.",
        "consistent_good": "Consistent: {wins} of {n} pairs shown again got the same verdict.",
        "consistent_warn": "Not consistent: only {wins} of {n} pairs shown again got the same verdict.",
        "consistent_unknown": "Consistency not known: {n} pairs shown again, at least {least} are needed.",
        "same_model_good": "Two pictures of one model: no preference in {wins} of {n}, and no side favoured.",
        "same_model_warn": "Two pictures of one model: the left one preferred in {wins} of {n}.",
        "same_model_unknown": "Two pictures of one model: {n} judged, at least {least} are needed.",
        "failures_good": "Failures equal: of {n} attempts at both, {first} alone brought no picture "
        "in {only_first}, {second} alone in {only_second}.",
        "failures_warn": "Failures not equal: of {n} attempts at both, {first} alone brought no "
        "picture in {only_first}, {second} alone in {only_second}.",
        "failures_unknown": "Failures not known: {n} attempts at both, at least {least} are needed.",
        "regenerations_good": "No picture was bought again after one had come.",
        "regenerations_warn": "{n} of {n_sent} pictures were bought again after one had come: a "
        "choice among several favours its model.",
        "prices_good": "Charges known: {wins} of {n} pairs.",
        "prices_warn": "Charges not known: only {wins} of {n} pairs have both.",
        "prices_unknown": "Charges not known: no pairs.",
        "sizes_good": "Equal pixel sizes: {wins} of {n} pairs.",
        "sizes_warn": "Pixel sizes differ: in {wins} of {n} pairs.",
        "sizes_unknown": "Pixel sizes not known: in {wins} of {n} pairs.",
        "origin_good_alone": "Real pictures.",
        "origin_warn_alone": "Emulated pictures: they say nothing about the models.",
        "origin_good": "Real pictures. {n_other} runs of the emulator are not counted.",
        "origin_warn": "Emulated pictures: they say nothing about the models. {n_other} real runs "
        "are not counted.",
        "voters_one": "One voter: this is one person's taste.",
        "voters_good": "{n} voters, and none of them leans the other way.",
        "voters_warn": "{n} voters, and they do not agree: {against} of {n} the other way.",
        "voters_unknown": "No voters yet.",
        "left_out_none": "No vote was left out.",
        "left_out_good": "No vote was left out but {n} withdrawn.",
        "left_out_warn": "{n} votes were left out: {why}.",
        # the vendor's claims
        "claim_time": "{words}: {outcome}. {other} takes {ratio} times as long as {model} "
        "({interval}, n = {n} pairs).",
        "claim_share": "{words}: {outcome}. {wins} of {n} prompts for {model} ({interval}).",
        "claim_few": "{words}: {outcome}. n = {n}, at least {least} are needed.",
        "claim_emulated": "{words}: {outcome}. These are emulated pictures.",
        "supported": "supported",
        "contradicted": "contradicted",
        "cannot": "cannot tell",
        "vendor_words": "“{model}: {words}”",
        "vendor_faster": "faster",
        "vendor_quality": "higher quality",
        "vendor_details": "better details",
        # what goes into other sentences
        "listed": ", ",
        "interval": "{low}–{high} %",
        "estimate_interval": "{estimate} % ({interval})",
        "interval_least": "at least {low} %",
        "interval_most": "at most {high} %",
        "ratio_interval": "{low}–{high}",
        "ratio_least": "at least {low}",
        "ratio_most": "at most {high}",
        "ratio_no_bounds": "no bounds",
        "part": "{part}: {wins} of {n} ({interval})",
        "part_tag": "tag {value}",
        "part_ratio": "ratio {value}",
        "part_resolution": "resolution {value}",
        "part_experiment": "experiment {value}",
        "references_none": "no references",
        "references_some": "with references",
        "left_out_item": "{n} {why}",
        "left_out_withdrawn": "withdrawn",
        "left_out_run_unknown": "on a run that is not logged",
        "left_out_bought_again": "on a run that was bought again",
        "left_out_other_origin": "of the other origin",
        "left_out_other_models": "on other models",
        "left_out_no_picture": "without a picture",
        "left_out_origins_differ": "on an emulated and a real picture",
        "left_out_prompts_differ": "on different prompts",
        "left_out_ratios_differ": "on different ratios",
        "left_out_resolutions_differ": "on different resolutions",
        "left_out_references_differ": "on different references",
        "left_out_unreadable": "with a damaged row",
    }
)

LEFT_OUT_WORDS: Mapping[LeftOut, str] = MappingProxyType(
    {reason: TEXTS[f"left_out_{reason}"] for reason in LeftOut}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrase:
    """
    A sentence to be said: its place in TEXTS and what goes in. Another language has other TEXTS.

    What goes in may itself be a phrase, or several that are listed.
    """

    key: str
    values: "Mapping[str, Value]"

    def in_words(self, texts: Mapping[str, str] = TEXTS) -> str:
        pattern = texts[self.key]
        needed = {name for _, name, _, _ in Formatter().parse(pattern) if name}
        return pattern.format(
            **{name: _in_words(each, texts) for name, each in self.values.items() if name in needed}
        )


Value = str | int | Phrase | tuple[Phrase, ...]


def _in_words(value: Value, texts: Mapping[str, str]) -> str | int:
    if isinstance(value, Phrase):
        return value.in_words(texts)
    if isinstance(value, tuple):
        return texts["listed"].join(each.in_words(texts) for each in value)
    return value


def phrase(key: str, **values: Value) -> Phrase:
    """
    The phrase of that key.

    Raises:
        KeyError: There is no such sentence.
    """
    if key not in TEXTS:
        raise KeyError(key)
    return Phrase(key=key, values=MappingProxyType(values))


def short_name(model: str) -> str:
    """flux-2-pro as it is called beside flux-2-flex: "pro"."""
    return model.removeprefix("flux-2-")


def interval_phrase(share: Share) -> Phrase:
    """
    "53–99 %"; "at least 52 %" for a sweep, because no handful of votes shows 100 %.

    One decimal where a whole number would put an end on 50 that is not there; "<1" and ">99"
    where it would put one on 0 or 100.
    """
    return bounds_phrase(
        share.low, share.high, is_all=share.wins == share.n, is_none=share.wins == 0
    )


def bounds_phrase(low: float, high: float, *, is_all: bool, is_none: bool) -> Phrase:
    """The interval of a share of which both ends, and whether it is a sweep, are known."""
    low, high = 100 * low, 100 * high
    digits = 1 if (low > 50 and round(low) == 50) or (high < 50 and round(high) == 50) else 0
    if is_all:
        return phrase("interval_least", low=f"{min(low, 99):.{digits}f}")
    if is_none:
        return phrase("interval_most", high=f"{max(high, 1):.{digits}f}")
    return phrase("interval", low=_end(low, digits), high=_end(high, digits))


def _end(percent: float, digits: int) -> str:
    """Never 0 or 100, which no end is while both answers occur, and never on the wrong side of it."""
    if percent < 1:
        return "<1"
    if percent > 99:
        return ">99"
    return f"{percent:.{digits}f}"


def estimate_phrase(share: Share) -> Phrase:
    """ "72 % (50.4–88.3 %)"; of a sweep the interval alone."""
    interval = interval_phrase(share)
    if share.wins in (0, share.n):
        return interval
    estimate = _end(100 * share.estimate, 0)
    return phrase("estimate_interval", estimate=estimate, interval=interval)


def evidence_words(e: EValue) -> str:
    """ "43.8", "1,234", "8.1e+09"."""
    value = e.value
    if value >= _BOUNDLESS_E:
        return f"{value:.1e}"
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 1 else f"{value:.2f}"


def part_phrase(kind: str, name: str) -> Phrase:
    """What a part of the votes is called: "tag night", "no references"."""
    return (
        phrase(f"references_{name}") if kind == "references" else phrase(f"part_{kind}", value=name)
    )


def interval_words(share: Share) -> str:
    """The same in English."""
    return interval_phrase(share).in_words()


def rounded(n: int) -> int:
    """To two significant digits, as "about" promises."""
    step = int(10 ** max(0, len(str(n)) - 2))
    return round(n / step) * step


def ratio_interval_phrase(low: float | None, high: float | None) -> Phrase:
    """The bounds of a ratio; a missing one is said to be missing."""
    if low is None and high is None:
        return phrase("ratio_no_bounds")
    if high is None:
        return phrase("ratio_least", low=f"{low:.2f}")
    if low is None:
        return phrase("ratio_most", high=f"{high:.2f}")
    return phrase("ratio_interval", low=f"{low:.2f}", high=f"{high:.2f}")


def ratio_interval_words(low: float | None, high: float | None) -> str:
    """The same in English."""
    return ratio_interval_phrase(low, high).in_words()
