"""What is open: facts of runs under way, in one file per program, taken over when a program dies."""

from playground.journal.facts import Fact, RunFacts, Stage
from playground.journal.journal import Journal

__all__ = ["Fact", "Journal", "RunFacts", "Stage"]
