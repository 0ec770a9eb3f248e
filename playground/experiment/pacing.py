"""How many comparisons of an experiment are under way at once."""

import math

from playground.ratelimit import RATE_SHARE, Tier

# Most tasks take less; it is what must be bridged for the rate limit to stay used.
TYPICAL_TASK_S = 20.0
MIN_COMPARISONS = 4
MAX_PICTURES_IN_FLIGHT = 400
# Few wait for their turn to be sent, so that a pause is quick and a person's click is not late.
MIN_UNSENT_PICTURES = 8


def comparisons_in_flight(tier: Tier, *, n_pictures: int, task_s: float = TYPICAL_TASK_S) -> int:
    """
    By Little's law: as many as are sent, at the rate limit, while one of them is drawn.

    Args:
        n_pictures: Of one comparison.
    """
    wanted = tier.submit_per_s * RATE_SHARE * task_s
    pictures = min(wanted, MAX_PICTURES_IN_FLIGHT)
    return max(MIN_COMPARISONS, math.ceil(pictures / n_pictures))


def unsent_pictures(n_pictures: int) -> int:
    """How many may wait to be sent before another comparison is begun."""
    return max(MIN_UNSENT_PICTURES, 2 * n_pictures)
