"""What people said of pairs: `votes.csv`, and the ballot that knows whether a vote was blind."""

import hashlib
import secrets
import threading
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd

from playground import __version__
from playground.csvlog.acts import ActLog
from playground.csvlog.table import load
from playground.judging.pairs import PAIR_KEY, Pair, sides
from playground.sayings import said
from playground.schema import Answer, PairKind, Reason, Vote

_VERDICTS = [str(answer) for answer in Answer if answer.is_verdict]
MAX_NOTE_CHARACTERS = 10_000


def new_voter_id() -> str:
    """A name for a person that says nothing about them."""
    return f"voter_{secrets.token_hex(10)}"


def voter_id_of(token: str) -> str:
    """The same name each time for whoever has that secret, and no way back to it."""
    return f"voter_{hashlib.sha256(f'voter {token}'.encode()).hexdigest()[:20]}"


class VoteLog:
    """
    The acts of all voters of one data folder, one row each; see CsvLog for what a crash cannot do to it.

    Raises:
        StorageError: The file cannot be kept here, or is not one of ours.
    """

    def __init__(self, path: Path) -> None:
        self._acts: ActLog[Vote] = ActLog(path, Vote)

    @property
    def path(self) -> Path:
        return self._acts.path

    def append(self, vote: Vote) -> bool:
        """
        Adds the act and waits until the disk has it; False when its id already stands there.

        Raises:
            StorageError: The disk refused; nothing was added.
        """
        return self._acts.append(vote)

    def __len__(self) -> int:
        return len(self._acts)

    def get(self, act_id: str) -> Vote | None:
        """The act of that id; None when there is none."""
        return self._acts.get(act_id)

    def votes_of(self, comparison_id: str) -> tuple[Vote, ...]:
        """Every act about a comparison, in the order they were done; empty for an unknown one."""
        return self._acts.about(comparison_id)

    def standing(self, pair: Pair, voter_id: str) -> Vote | None:
        """The voter's verdict on the pair as it now stands; None if there is none."""
        last = None
        for vote in self.votes_of(pair.comparison_id):
            if vote.voter_id == voter_id and _key(vote) == (pair.run_1, pair.run_2, pair.kind):
                if vote.answer in _VERDICTS:
                    last = vote
                elif vote.answer == Answer.WITHDRAWN:
                    last = None
        return last

    def last_draw(self, pair: Pair, voter_id: str) -> int | None:
        """What the sides were drawn from on which the voter last had the pair; None: not drawn."""
        draw = None
        for vote in self.votes_of(pair.comparison_id):
            if vote.voter_id == voter_id and _key(vote) == (pair.run_1, pair.run_2, pair.kind):
                draw = vote.draw
        return draw

    def revealed(self, comparison_id: str, voter_id: str) -> frozenset[str]:
        """The runs of a comparison whose models this voter has been told, by a verdict or without."""
        return frozenset(
            run_id
            for vote in self.votes_of(comparison_id)
            if vote.voter_id == voter_id and vote.answer != Answer.SKIPPED
            for run_id in (vote.run_1, vote.run_2)
        )


def load_votes(path: str | Path, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """
    `votes.csv` with exact text and dtypes, one row per act, in the order they were done.

    Columns as declared in `Vote`, or those asked for; dtypes as `load_runs` gives them. A
    missing file gives an empty frame with the same columns.

    Raises:
        ValueError: A column is asked for that `Vote` does not have.
        StorageError: The file cannot be read.
    """
    return load(Path(path), Vote, columns)


def shown_as_a(acts: Iterable[Vote]) -> frozenset[str]:
    """
    Of each pair the run that a voter last had before them as A, on the left.

    Args:
        acts: Of one voter, in the order they were done. Pairs shown again with their sides
            swapped do not count.
    """
    last = {
        (vote.run_1, vote.run_2): vote.run_a for vote in acts if vote.pair_kind != PairKind.SWAPPED
    }
    return frozenset(last.values())


def current_votes(votes: pd.DataFrame) -> pd.DataFrame:
    """
    The verdicts that stand: one row per voter and pair (and kind of pair), all columns.

    The last verdict counts; a withdrawn one leaves no row. Skipping and revealing change
    nothing. Needs voter_id, run_1, run_2, pair_kind and answer. In the order they were given.
    """
    acts = votes[votes["answer"].isin([*_VERDICTS, str(Answer.WITHDRAWN)])]
    last = acts.drop_duplicates(["voter_id", *PAIR_KEY], keep="last")
    return last[last["answer"] != Answer.WITHDRAWN].reset_index(drop=True)


class Ballot:
    """
    One showing of a pair to one voter. Safe to share between threads; not to be copied.

    Every act is on disk before its method returns, and only then may the page show the names.
    """

    def __init__(self, log: VoteLog, pair: Pair, *, voter_id: str, draw: int | None, at: datetime):
        self.pair = pair
        self.voter_id = voter_id
        self.draw = draw
        self.run_a, self.run_b = (pair.run_1, pair.run_2) if draw is None else sides(pair, draw)
        self._log = log
        self._shown_at = at
        self._is_hidden = draw is not None
        self._is_answered = False
        self._mutex = threading.Lock()

    @classmethod
    def open(
        cls,
        pair: Pair,
        *,
        log: VoteLog,
        voter_id: str,
        is_blind: bool,
        at: datetime,
        number: int | None = None,
    ) -> "Ballot":
        """
        The pair as it is shown from now on.

        Args:
            is_blind: Whether the names are hidden. If not, it is written down that this voter has
                seen the names.

            at: When the pair was shown.

            number: What the sides are drawn from, see `pairs.draw_number`. Without it, which only
                a pair with names may be, they stand in the order of lanes.

        Raises:
            ValueError: A vote on this pair would be no evidence, a blind one has no number, or
                a swapped one is not blind.
            StorageError: It could not be written down.
        """
        if pair.why_not is not None:
            raise ValueError(
                said("This pair cannot be judged. {sentence}", sentence=pair.why_not.sentence)
            )
        if is_blind and number is None:
            raise ValueError(said("A blind pair needs the number its sides are drawn from."))
        if pair.kind is PairKind.SWAPPED and not is_blind:
            raise ValueError(
                said("A pair is shown again to test the voter, so its names are hidden.")
            )
        draw = number if pair.draw is None else pair.draw
        ballot = cls(log, pair, voter_id=voter_id, draw=draw, at=at)
        if not is_blind:
            ballot._tell_names(at)
        return ballot

    @property
    def is_hidden(self) -> bool:
        """Nothing on the page may tell the two models apart."""
        return self._is_hidden

    @property
    def is_blind(self) -> bool:
        """A first verdict given now would count as blind."""
        return self._is_hidden and not self._was_revealed()

    @property
    def standing(self) -> Vote | None:
        """The voter's verdict on this pair as it now stands, from whichever showing."""
        return self._log.standing(self.pair, self.voter_id)

    def cast(
        self,
        answer: Answer,
        *,
        at: datetime,
        reasons: Iterable[Reason] = (),
        note: str | None = None,
    ) -> Vote:
        """
        Writes the verdict down and reveals the names; the same one again writes nothing.

        A different one later is a change, and is not blind, for the names were shown. New
        reasons or a new note for the same verdict leave it as blind as it was.

        Raises:
            ValueError: Not a verdict, or the note is too long; nothing was written.
            StorageError: The disk refused; nothing was written and the names stay hidden.
        """
        if not answer.is_verdict:
            raise ValueError(said("{answer} is no verdict on two pictures.", answer=answer))
        if note is not None and len(note) > MAX_NOTE_CHARACTERS:
            raise ValueError(
                said(
                    "The note has {n_note:,} characters; the limit is {max_note_characters:,}.",
                    n_note=len(note),
                    max_note_characters=MAX_NOTE_CHARACTERS,
                )
            )
        chosen = frozenset(map(Reason, reasons))
        words: dict[str, Any] = {
            "reasons": " ".join(reason for reason in Reason if reason in chosen) or None,
            "note": note or None,
        }
        with self._mutex:
            standing = self.standing
            vote = replace(self._act(answer, at, standing), **words)
            if standing is not None and _verdict(standing) == _verdict(vote):
                if (standing.reasons, standing.note) == (vote.reasons, vote.note):
                    self._is_hidden = False
                    return standing
                # Only the words are new: it was given when, and as blind as, it was.
                vote = replace(
                    standing, act_id=vote.act_id, replaces=standing.act_id, at=at, **words
                )
            self._log.append(vote)
            self._is_hidden, self._is_answered = False, True
            return vote

    def withdraw(self, *, at: datetime) -> Vote:
        """
        Takes the standing verdict back. The names stay revealed, so a new one is not blind.

        Raises:
            ValueError: There is none.
            StorageError: The disk refused; it still stands.
        """
        with self._mutex:
            standing = self.standing
            if standing is None:
                raise ValueError(said("There is no vote on this pair to withdraw."))
            vote = self._act(Answer.WITHDRAWN, at, standing)
            self._log.append(vote)
            return vote

    def skip(self, *, at: datetime) -> Vote:
        """
        Writes down that the voter looked and gave no verdict; the names stay hidden.

        Raises:
            ValueError: There is a verdict already.
            StorageError: The disk refused.
        """
        with self._mutex:
            if self.standing is not None:
                raise ValueError(said("There is a vote on this pair already; it can be withdrawn."))
            vote = self._act(Answer.SKIPPED, at, None)
            self._log.append(vote)
            self._is_answered = True
            return vote

    def reveal(self, *, at: datetime) -> Vote | None:
        """
        Writes down that the names are shown now; None when that was known already.

        Raises:
            StorageError: The disk refused; the names stay hidden.
        """
        with self._mutex:
            return self._tell_names(at)

    def _tell_names(self, at: datetime) -> Vote | None:
        vote = None
        known = self._log.revealed(self.pair.comparison_id, self.voter_id)
        if not {self.run_a, self.run_b} <= known:
            vote = self._act(Answer.REVEALED, at, None)
            self._log.append(vote)
        self._is_hidden = False
        return vote

    def _was_revealed(self) -> bool:
        known = self._log.revealed(self.pair.comparison_id, self.voter_id)
        return not known.isdisjoint((self.run_a, self.run_b))

    def _act(self, answer: Answer, at: datetime, standing: Vote | None) -> Vote:
        pair = self.pair
        winner = {Answer.A_BETTER: self.run_a, Answer.B_BETTER: self.run_b}.get(answer)
        seconds = (at - self._shown_at).total_seconds()
        is_first = not self._is_answered and answer not in (Answer.WITHDRAWN, Answer.REVEALED)
        return Vote(
            act_id=f"act_{secrets.token_hex(16)}",
            comparison_id=pair.comparison_id,
            experiment_id=pair.experiment_id,
            replaces=None if standing is None else standing.act_id,
            voter_id=self.voter_id,
            pair_kind=pair.kind,
            run_1=pair.run_1,
            run_2=pair.run_2,
            model_1=pair.model_1,
            model_2=pair.model_2,
            origin=pair.origin,
            run_a=self.run_a,
            draw=self.draw,
            is_hidden=self._is_hidden,
            is_blind=self.is_blind,
            answer=answer,
            winner_run_id=winner,
            winner_model={pair.run_1: pair.model_1, pair.run_2: pair.model_2}.get(winner or ""),
            # A clock that was set back tells nothing.
            taken_s=seconds if is_first and seconds >= 0 else None,
            at=at,
            app_version=__version__,
        )


def _key(vote: Vote) -> tuple[str, str, str]:
    return vote.run_1, vote.run_2, vote.pair_kind


def _verdict(vote: Vote) -> str:
    """What was said of the two pictures, on whichever side they stood."""
    return vote.winner_run_id or vote.answer
