"""
Whether the statistics keep their promises on known truth: `python -m tests.benchmarks.bench_calibration`.

Under a minute. Beside each promise stands the naive way, which breaks it.
"""

import math
import sys

import numpy as np
import pandas as pd

from playground.judging.synthetic import SyntheticVoter
from playground.results.stats import (
    confidence_bounds,
    log_e_values,
    net_share,
    ratio_by_ranks,
    ratio_t,
    sign_test,
    wilson,
)
from playground.results.tally import prompt_steps
from tests.results_rig import PRO

SEED = 20260101
N_EXPERIMENTS = 2_000
N_WATCHED = 500
LOW, HIGH = 0.94, 0.965
MAX_FALSE = 0.05
MAX_FALSE_WITH_REPEATS = 0.06
CALL = math.log(20)


def main() -> None:
    kept = [
        wilson_coverage(),
        watched_with_one_vote_a_prompt(),
        sequence_coverage(),
        *(watched_with_repeats(spread) for spread in (0.0, 0.3, 0.6, 0.9)),
    ]
    repeats_counted_as_votes()
    other_intervals()
    if not all(kept):
        sys.exit("a promise is broken, see above")


def wilson_coverage() -> bool:
    """Exact, by enumeration of every count; and of 20 000 drawn experiments beside it."""
    rng = np.random.default_rng(SEED)
    is_kept = True
    print("Wilson 95 %: coverage exact / drawn / of Wald")
    for n in (20, 50, 200):
        shares = [wilson(k, n) for k in range(n + 1)]
        low, high = np.array([s.low for s in shares]), np.array([s.high for s in shares])
        at = np.arange(n + 1) / n
        half = 1.959964 * np.sqrt(at * (1 - at) / n)
        for p in (0.5, 0.6, 0.8):
            weight = np.array([math.comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(n + 1)])
            exact = weight[(low <= p) & (p <= high)].sum()
            wald = weight[(at - half <= p) & (p <= at + half)].sum()
            wins = rng.binomial(n, p, 20_000)
            drawn = ((low[wins] <= p) & (p <= high[wins])).mean()
            is_in = LOW <= exact <= HIGH
            # Counts are whole, so the coverage jumps with p; here it is known to be out.
            is_kept &= is_in or (n, p) == (50, 0.5)
            word = "" if is_in else "  out of 94 to 96.5 %"
            print(f"  n {n:3d}, p {p}: {exact:.2%} / {drawn:.2%} / {wald:.2%}{word}")
        grid = np.linspace(0.3, 0.8, 501)
        k = np.arange(n + 1)
        logs = np.array([math.log(math.comb(n, i)) for i in k])
        weights = np.exp(logs + np.outer(np.log(grid), k) + np.outer(np.log1p(-grid), n - k))
        cover = (weights * ((low <= grid[:, None]) & (grid[:, None] <= high))).sum(axis=1)
        print(
            f"  n {n:3d}, mean over p from 0.3 to 0.8: {cover.mean():.2%}, least {cover.min():.2%}"
        )
        is_kept &= LOW <= cover.mean() <= HIGH
    return bool(is_kept)


def watched_with_one_vote_a_prompt() -> bool:
    voter = SyntheticVoter(model=PRO, share=0.5, seed=SEED)
    wins = np.cumsum(voter.nets(N_EXPERIMENTS, N_WATCHED)[:, :, 0] > 0, axis=1)
    n = np.arange(1, N_WATCHED + 1)
    logs = log_e_values(wins, np.broadcast_to(n, wins.shape))
    false = (logs >= CALL).any(axis=1).mean()
    least = np.array(
        [next(k for k in range(m // 2, m + 2) if k > m or sign_test(k, m).p <= 0.05) for m in n]
    )
    is_called = np.maximum(wins, n - wins) >= least
    print(f"Identical models watched to {N_WATCHED} votes: a false winner in {false:.2%}")
    for until in (100, N_WATCHED):
        print(
            f"  by a sign test after every vote to {until}: {is_called[:, :until].any(axis=1).mean():.2%}"
        )
    return bool(false <= MAX_FALSE)


def sequence_coverage() -> bool:
    """The truth is in the confidence sequence at every n at once."""
    is_kept = True
    for share in (0.5, 0.6, 0.8):
        voter = SyntheticVoter(model=PRO, share=share, seed=SEED + 1)
        wins = np.cumsum(voter.nets(N_EXPERIMENTS, N_WATCHED)[:, :, 0] > 0, axis=1)
        n = np.broadcast_to(np.arange(1, N_WATCHED + 1), wins.shape)
        low, high = confidence_bounds(wins.ravel(), n.ravel())
        is_in = ((low <= share) & (share <= high)).reshape(wins.shape)
        print(
            f"Confidence sequence, p {share}: holds it at every n in {is_in.all(axis=1).mean():.2%}"
        )
        is_kept &= is_in.all(axis=1).mean() >= 0.95
    return bool(is_kept)


def watched_with_repeats(spread: float) -> bool:
    """100 prompts × 5 repeats, each prompt by its majority so far; every prompt once before any twice."""
    nets = SyntheticVoter(model=PRO, share=0.5, spread=spread, seed=SEED + 2).nets(
        N_EXPERIMENTS, 100, 5
    )
    found = {}
    for order in ("prompts in turn", "prompt by prompt"):
        is_in_turn = order == "prompts in turn"
        flat = (nets.transpose(0, 2, 1) if is_in_turn else nets).ravel().astype(np.int64)
        place = np.arange(100)
        unit = np.tile(place, 5) if is_in_turn else np.repeat(place, 5)
        units = (100 * np.arange(N_EXPERIMENTS)[:, None] + unit).ravel()
        steps = prompt_steps(pd.DataFrame({"unit": units, "net": flat}))
        wins, n = (np.cumsum(each.reshape(N_EXPERIMENTS, -1), axis=1) for each in steps)
        found[order] = (log_e_values(wins, n) >= CALL).any(axis=1).mean()
    wins = np.cumsum(nets.reshape(N_EXPERIMENTS, -1) > 0, axis=1)
    n = np.broadcast_to(np.arange(1, wins.shape[1] + 1), wins.shape)
    naive = (log_e_values(wins, n) >= CALL).any(axis=1).mean()
    words = ", ".join(f"{order} {rate:.2%}" for order, rate in found.items())
    print(f"5 repeats of 100 prompts, alike {spread}: {words}; each vote counted: {naive:.2%}")
    return max(found.values()) <= MAX_FALSE_WITH_REPEATS


def repeats_counted_as_votes() -> None:
    """A sign test read once at the end, over votes and over prompts."""
    for n_prompts, n_repeats in ((20, 5), (5, 20)):
        for spread in (0.1, 0.3):
            voter = SyntheticVoter(model=PRO, share=0.5, spread=spread, seed=SEED + 3)
            nets = voter.nets(N_EXPERIMENTS, n_prompts, n_repeats).astype(np.int64)
            n = n_prompts * n_repeats
            p_votes = np.array([sign_test(k, n).p for k in range(n + 1)])
            naive = (p_votes[(nets > 0).sum(axis=(1, 2))] <= 0.05).mean()
            signs = np.sign(nets.sum(axis=2))
            right = np.mean(
                [
                    bool(m) and sign_test(int(k), int(m)).p <= 0.05
                    for k, m in zip((signs > 0).sum(axis=1), (signs != 0).sum(axis=1), strict=True)
                ]
            )
            print(
                f"{n_prompts} prompts × {n_repeats}, alike {spread}, read once: "
                f"votes {naive:.2%}, prompts {right:.2%} false"
            )


def other_intervals() -> None:
    rng = np.random.default_rng(SEED + 4)
    for n in (20, 100):
        answers = rng.multinomial(n, (0.5, 0.3, 0.2), N_EXPERIMENTS)
        shares = [net_share(int(w), int(lost), n) for w, lost, _ in answers]
        cover = np.mean([s.low <= 0.2 <= s.high for s in shares])
        print(f"Bonett–Price, net share 0.2, n {n}: {cover:.2%}")
    for name, statistic in (("t on logs", ratio_t), ("ranks", ratio_by_ranks)):
        logs = rng.normal([2.1, 2.5], 0.35, (N_EXPERIMENTS, 20, 2))
        found = [statistic(np.exp(each[:, 0]), np.exp(each[:, 1])) for each in logs]
        cover = np.mean([(r.low or 0) <= math.exp(0.4) <= (r.high or math.inf) for r in found])
        print(f"Ratio of seconds by {name}, 20 pairs: {cover:.2%}")


if __name__ == "__main__":
    main()
