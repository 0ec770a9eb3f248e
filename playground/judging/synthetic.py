"""A voter whose preference is known because it was set: for calibration, notebooks and tests, never for a verdict."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd

from playground import __version__
from playground.judging.pairs import pairs_in, sides
from playground.schema import Answer, PairKind, Vote, column_info

_DTYPES: Mapping[str, Any] = {
    "string": "string",
    "Int64": "Int64",
    "Float64": "Float64",
    "datetime": "datetime64[us, UTC]",
    "boolean": "boolean",
}
_DRAWS = 2**31


@dataclass(frozen=True, slots=True, kw_only=True)
class SyntheticVoter:
    """
    Prefers `model` on a set share of decisive votes. The same votes for the same seed.

    Raises:
        ValueError: A share is not within its range.
    """

    model: str
    share: float  # of decisive votes for `model` against any other, 0 to 1
    tie_share: float = 0.0  # of all votes
    both_bad_share: float = 0.0  # of all votes
    left_share: float = 0.0  # of decisive votes that take the left picture without looking
    spread: float = 0.0  # 0: every prompt alike; to below 1: how alike repeats of one are
    voter_id: str = "voter_synthetic"
    seed: int

    def __post_init__(self) -> None:
        for name in ("share", "tie_share", "both_bad_share", "left_share"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} lies within 0 and 1; got {getattr(self, name)}.")
        if self.tie_share + self.both_bad_share > 1:
            raise ValueError("Ties and both bad together are more than all votes.")
        if not 0 <= self.spread < 1:
            raise ValueError(f"spread lies within 0 and below 1; got {self.spread}.")

    def nets(self, n_experiments: int, n_prompts: int, n_repeats: int = 1) -> np.ndarray:
        """
        Votes of many experiments at once, without pictures, sides or rows.

        Gives int8 of that shape: +1 for `model`, −1 against it, 0 for neither.
        """
        rng = np.random.default_rng(self.seed)
        leaning = self._leanings(rng, (n_experiments, n_prompts))[:, :, None]
        shape = (n_experiments, n_prompts, n_repeats)
        votes = np.where(rng.random(shape) < leaning, np.int8(1), np.int8(-1))
        neither = rng.random(shape) < self.tie_share + self.both_bad_share
        return np.where(neither, np.int8(0), votes)

    def votes(
        self, pairs: pd.DataFrame, *, at: datetime, seconds_each: float = 8.0
    ) -> pd.DataFrame:
        """
        A blind verdict on each pair, as `load_votes` would give them.

        Repeats of one comparison share their leaning, see `spread`. On two pictures of one
        model, or of two other models, neither is preferred. Pairs that are no evidence are
        passed over.

        Args:
            pairs: With the columns of `pairs_of`, and `draw` where pairs are shown again.

            at: When the first verdict was given; the others follow.
        """
        judged = pairs[pairs["why_not"].isna()]
        rng = np.random.default_rng(self.seed)
        n = len(judged)
        codes, comparisons = pd.factorize(judged["comparison_id"])
        leaning = self._leanings(rng, (len(comparisons),))[codes]
        numbers = rng.integers(0, _DRAWS, n).tolist()
        decided, liked, biased = (rng.random(n) for _ in range(3))
        rows = []
        for place, pair in enumerate(pairs_in(judged)):
            run_a, run_b = sides(pair, numbers[place])
            models = {pair.run_1: pair.model_1, pair.run_2: pair.model_2}
            answer = self._answer(
                is_model=(models[run_a] == self.model, models[run_b] == self.model),
                decided=decided[place],
                likes_it=liked[place] < leaning[place],
                luck=liked[place],
                is_biased=biased[place] < self.left_share,
            )
            winner = {Answer.A_BETTER: run_a, Answer.B_BETTER: run_b}.get(answer)
            rows.append(
                Vote(
                    act_id=f"act_{self.voter_id}_{self.seed}_{place}",
                    comparison_id=pair.comparison_id,
                    experiment_id=pair.experiment_id,
                    voter_id=self.voter_id,
                    pair_kind=str(pair.kind),
                    run_1=pair.run_1,
                    run_2=pair.run_2,
                    model_1=pair.model_1,
                    model_2=pair.model_2,
                    origin=pair.origin,
                    run_a=run_a,
                    draw=numbers[place] if pair.draw is None else pair.draw,
                    is_hidden=True,
                    is_blind=pair.kind is not PairKind.SWAPPED,
                    answer=str(answer),
                    winner_run_id=winner,
                    winner_model=None if winner is None else models[winner],
                    taken_s=seconds_each,
                    at=at + timedelta(seconds=seconds_each * (place + 1)),
                    app_version=__version__,
                )
            )
        return votes_frame(rows)

    def _leanings(self, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        """Each prompt's own share for `model`: beta, of which `spread` is the intraclass correlation."""
        if self.spread == 0 or self.share in (0, 1):
            return np.full(shape, self.share)
        total = (1 - self.spread) / self.spread
        return rng.beta(self.share * total, (1 - self.share) * total, shape)

    def _answer(
        self,
        *,
        is_model: tuple[bool, bool],
        decided: float,
        likes_it: bool,
        luck: float,
        is_biased: bool,
    ) -> Answer:
        if decided < self.tie_share:
            return Answer.TIE
        if decided < self.tie_share + self.both_bad_share:
            return Answer.BOTH_BAD
        if is_biased:
            return Answer.A_BETTER
        left, right = is_model
        takes_left = luck < 0.5 if left == right else likes_it == left
        return Answer.A_BETTER if takes_left else Answer.B_BETTER


def votes_frame(votes: "list[Vote]") -> pd.DataFrame:
    """Votes as `load_votes` would give them, without a file."""
    return pd.DataFrame(
        {
            name: pd.Series([getattr(vote, name) for vote in votes], dtype=_DTYPES[info["dtype"]])
            for name, info in column_info(Vote).items()
        }
    )
