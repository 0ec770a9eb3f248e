"""Votes counted by prompt: repeats and voters averaged first, then prompts compared."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from playground.results.stats import (
    EloGap,
    EValue,
    NetShare,
    Share,
    SignTest,
    confidence_bounds,
    confidence_sequence,
    e_value,
    elo_gap,
    jeffreys,
    log_e_values,
    net_share,
    sign_test,
    wilson,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """
    Prompts won by the second model, lost by it, and neither; statistics are None without any.

    A prompt is won where the mean of its votes (win 1, tie and both bad ½, loss 0) is above ½.
    """

    n_votes: int
    n_prompts: int
    wins: int
    losses: int
    n_both_bad: int  # prompts on which more than half the votes said so
    share: Share | None  # of decisive prompts, Wilson: for a planned n, read once
    prior: Share | None  # the same by Jeffreys
    sequence: Share | None  # the same as it may be read after every vote
    net: NetShare | None  # of all prompts
    test: SignTest | None  # for a planned n, read once
    elo: EloGap | None
    e: EValue

    @property
    def n(self) -> int:
        """Decisive prompts."""
        return self.wins + self.losses

    @property
    def n_even(self) -> int:
        """Prompts with votes on which neither model is ahead."""
        return self.n_prompts - self.n


def tally(verdicts: pd.DataFrame, *, level: float = 0.95) -> Tally:
    """
    The counts and every statistic of them. Order and number of voters do not matter.

    Needs unit, net and is_both_bad of `Evidence.verdicts`.
    """
    # Whole numbers, so that a mean of exactly one half is seen as one.
    by_unit = verdicts.groupby("unit")
    net = by_unit["net"].sum().to_numpy()
    votes = by_unit.size().to_numpy()
    bad = by_unit["is_both_bad"].sum().to_numpy()
    return tally_of(
        wins=int((net > 0).sum()),
        losses=int((net < 0).sum()),
        n_prompts=len(net),
        n_both_bad=int((2 * bad > votes).sum()),
        n_votes=len(verdicts),
        level=level,
    )


def tally_of(
    *, wins: int, losses: int, n_prompts: int, n_both_bad: int, n_votes: int, level: float = 0.95
) -> Tally:
    """The statistics of prompts that were counted already."""
    n = wins + losses
    share = wilson(wins, n, level=level) if n else None
    return Tally(
        n_votes=n_votes,
        n_prompts=n_prompts,
        wins=wins,
        losses=losses,
        n_both_bad=n_both_bad,
        share=share,
        prior=jeffreys(wins, n, level=level) if n else None,
        sequence=confidence_sequence(wins, n, level=level) if n else None,
        net=net_share(wins, losses, n_prompts, level=level) if n_prompts else None,
        test=sign_test(wins, n) if n else None,
        elo=None if share is None else elo_gap(share),
        e=e_value(wins, n),
    )


def sequence_frame(verdicts: pd.DataFrame, *, level: float = 0.95) -> pd.DataFrame:
    """
    The decisive prompts as they stood after each vote, one row per vote, in their order.

    Columns: at, n_votes, wins, n, share (NaN at n = 0), low, high, log_e.
    """
    steps = prompt_steps(verdicts)
    wins, n = np.cumsum(steps[0]), np.cumsum(steps[1])
    low, high = confidence_bounds(wins, n, level=level)
    return pd.DataFrame(
        {
            "at": verdicts["at"].array,
            "n_votes": np.arange(1, len(verdicts) + 1),
            "wins": wins,
            "n": n,
            "share": np.divide(wins, n, out=np.full(len(n), np.nan), where=n > 0),
            "low": low,
            "high": high,
            "log_e": log_e_values(wins, n),
        }
    )


def prompt_steps(verdicts: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """
    By how much each vote changes the prompts won, and the decisive ones, by the majority so far.

    Needs unit and net, one row per vote in their order.
    """
    after = verdicts.groupby("unit")["net"].cumsum().to_numpy()
    before = np.sign(after - verdicts["net"].to_numpy())
    after = np.sign(after)
    wins = (after > 0).astype(np.int64) - (before > 0)
    return wins, np.abs(after).astype(np.int64) - np.abs(before).astype(np.int64)
