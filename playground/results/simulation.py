"""What a way of counting or a plan does when the truth is known: many experiments thrown at once."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd

from playground.judging.synthetic import SyntheticVoter
from playground.results.stats import (
    CALL_AT,
    Share,
    log_e_values,
    sign_test_power,
    wilson,
)

ALPHA = 0.05
_CALLED = ("called", "n_experiments", "share", "low", "high")


def reading_frame(
    voter: SyntheticVoter, *, n_experiments: int, n_prompts: int, n_repeats: int
) -> pd.DataFrame:
    """
    How often each way of reading the same votes calls a winner, right or wrong.

    "vote" counts every vote, "prompt" each prompt once, by the majority of its repeats; "once"
    reads a 5 % sign test at the end, "always" after each vote or prompt; "e-value" calls at
    E ≥ 20, after each prompt. With a share of one half every call is false.

    Columns: counted, read, rule, called, n_experiments, share, low, high (Wilson).
    """
    nets = voter.nets(n_experiments, n_prompts, n_repeats)
    votes = nets.reshape(n_experiments, -1)
    prompts = np.sign(nets.sum(axis=2, dtype=np.int64))
    rules: tuple[tuple[str, str, str, np.ndarray], ...] = (
        ("vote", "once", "sign test", _test_calls(votes)[:, -1]),
        ("vote", "always", "sign test", _ever(_test_calls(votes))),
        ("prompt", "once", "sign test", _test_calls(prompts)[:, -1]),
        ("prompt", "always", "sign test", _ever(_test_calls(prompts))),
        ("prompt", "always", "e-value", _ever(_e_calls(prompts))),
    )
    rows = [
        (counted, read, rule, *_called(wilson(int(called.sum()), len(called))))
        for counted, read, rule, called in rules
    ]
    return pd.DataFrame(rows, columns=["counted", "read", "rule", *_CALLED])


def split_frame(
    voter: SyntheticVoter, *, n_votes: int, repeats: Sequence[int], n_experiments: int
) -> pd.DataFrame:
    """
    The same number of votes spent on more prompts or on more repeats of fewer.

    Columns: n_repeats, n_prompts, error (standard deviation of the estimated net share over the
    experiments), called, n_experiments, share, low, high: how often the sign test of the prompts
    found the voter's model.

    Raises:
        ValueError: A number of repeats does not divide the votes.
    """
    rows = []
    for n_repeats in repeats:
        n_prompts, rest = divmod(n_votes, n_repeats)
        if rest:
            raise ValueError(f"{n_votes} votes cannot be spent as {n_repeats} repeats each.")
        nets = voter.nets(n_experiments, n_prompts, n_repeats)
        means = nets.mean(axis=(1, 2))
        prompts = np.sign(nets.sum(axis=2, dtype=np.int64))
        is_right = _test_calls(prompts)[:, -1] & (prompts.sum(axis=1) > 0)
        share = wilson(int(is_right.sum()), n_experiments)
        rows.append((n_repeats, n_prompts, float(means.std(ddof=1)), *_called(share)))
    return pd.DataFrame(rows, columns=["n_repeats", "n_prompts", "error", *_CALLED])


def power_frame(
    shares: Sequence[float], prompts: Sequence[int], *, n_experiments: int, seed: int
) -> pd.DataFrame:
    """
    How often a planned sign test finds a preference of a known share, exact and thrown.

    Columns: true_share, n_prompts, exact, called, n_experiments, share, low, high (Wilson).
    """
    rows = []
    for place, true_share in enumerate(shares):
        voter = SyntheticVoter(model="second", share=true_share, seed=seed + place)
        nets = voter.nets(n_experiments, max(prompts))[:, :, 0]
        calls = _test_calls(nets)
        for n in prompts:
            share = wilson(int(calls[:, n - 1].sum()), n_experiments)
            rows.append((true_share, n, sign_test_power(true_share, n), *_called(share)))
    return pd.DataFrame(rows, columns=["true_share", "n_prompts", "exact", *_CALLED])


def waiting_frame(
    shares: Sequence[float], *, n_prompts: int, n_experiments: int, seed: int
) -> pd.DataFrame:
    """
    After how many decisive prompts a live reading calls, one row per true share.

    Columns: true_share, n_prompts (as far as was watched), called_share, median, p80 (prompts;
    NaN where fewer experiments than that have called).
    """
    rows = []
    for place, true_share in enumerate(shares):
        voter = SyntheticVoter(model="second", share=true_share, seed=seed + place)
        calls = _e_calls(voter.nets(n_experiments, n_prompts)[:, :, 0])
        is_called = calls.any(axis=1)
        first = np.sort(np.where(is_called, calls.argmax(axis=1) + 1.0, np.nan))
        ends = [first[int(np.ceil(q * n_experiments)) - 1] for q in (0.5, 0.8)]
        rows.append((true_share, n_prompts, float(is_called.mean()), *ends))
    return pd.DataFrame(rows, columns=["true_share", "n_prompts", "called_share", "median", "p80"])


def coverage_frame(
    truth: float, intervals: Mapping[str, Callable[[int, int], Share]], *, n: int, draws: int, seed: int
) -> pd.DataFrame:  # fmt: skip
    """
    How often intervals of `n` votes hold a known share. Columns: method, covered, n_draws, share.
    """
    wins = np.random.default_rng(seed).binomial(n, truth, draws)
    counts = np.bincount(wins, minlength=n + 1)
    rows = []
    for name, interval in intervals.items():
        held = [(s := interval(k, n)).low <= truth <= s.high for k in range(n + 1)]
        covered = int(counts[np.array(held)].sum())
        rows.append((name, covered, draws, covered / draws))
    return pd.DataFrame(rows, columns=["method", "covered", "n_draws", "share"])


def _called(share: Share) -> tuple[int, int, float, float, float]:
    return share.wins, share.n, share.estimate, share.low, share.high


def _ever(calls: np.ndarray) -> np.ndarray:
    return np.asarray(calls.any(axis=1))


def _test_calls(nets: np.ndarray) -> np.ndarray:
    """Whether the two-sided sign test is significant after each place; nets of −1, 0 and 1."""
    n = np.abs(nets).cumsum(axis=1, dtype=np.int64)
    lead = np.abs(nets.cumsum(axis=1, dtype=np.int64))
    return np.asarray((n + lead) // 2 >= _least_significant(int(n.max(initial=0)))[n])


def _e_calls(nets: np.ndarray) -> np.ndarray:
    n = np.abs(nets).cumsum(axis=1, dtype=np.int64)
    wins = (n + nets.cumsum(axis=1, dtype=np.int64)) // 2
    return np.asarray(log_e_values(wins, n) >= np.log(CALL_AT))


def _least_significant(largest_n: int) -> np.ndarray:
    """For each n the fewest wins of the leader at which the sign test is significant; n + 1: never."""
    logs = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, largest_n + 1)))])
    least = np.arange(1, largest_n + 2)
    for n in range(1, largest_n + 1):
        k = np.arange(n, n // 2, -1)
        tails = np.cumsum(np.exp(logs[n] - logs[k] - logs[n - k] - n * np.log(2)))
        least[n] = n + 1 - int((2 * tails <= ALPHA).sum())
    return least
