"""Whether parts of the votes contradict each other, so that all of them together say nothing of either."""

from collections.abc import Sequence
from itertools import groupby

from playground.results.stats import Share, wilson
from playground.results.summary import GroupShare


def comparable(groups: Sequence[GroupShare]) -> tuple[GroupShare, ...]:
    """Those with enough prompts, of a kind of which there are two such."""
    big = [group for group in groups if not group.is_small]
    kinds = [group.kind for group in big]
    return tuple(group for group in big if kinds.count(group.kind) > 1)


def opposite_parts(
    groups: Sequence[GroupShare], *, level: float
) -> tuple[GroupShare, GroupShare] | None:
    """
    The two parts of one kind that are furthest apart, the lower first; None where none are opposite.

    Opposite are two on either side of one half whose intervals do not meet. As many are looked
    at at once, each interval is that of `level` for all of them together (Bonferroni). With
    identical models, watched after each of 240 votes, about 1 experiment in 30 has such parts.
    """
    found = comparable(groups)
    strict = 1 - (1 - level) / max(1, len(found))
    pairs = []
    for _, own in groupby(found, key=lambda group: group.kind):
        ends = [(wilson(each.tally.wins, each.tally.n, level=strict), each) for each in own]
        below = [end for end in ends if end[0].estimate < 0.5]
        above = [end for end in ends if end[0].estimate > 0.5]
        if below and above:
            low, high = min(below, key=lambda e: e[0].high), max(above, key=lambda e: e[0].low)
            pairs.append((_gap(low[0], high[0]), low[1], high[1]))
    gap, low_part, high_part = max(pairs, key=lambda pair: pair[0], default=(-1.0, None, None))
    if gap <= 0 or low_part is None or high_part is None:
        return None
    return low_part, high_part


def _gap(low: Share, high: Share) -> float:
    return high.low - low.high
