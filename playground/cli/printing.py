"""How the command `experiment` prints plans and progress, with the next command as one would type it."""

import argparse
import shlex
import sys
import time
from typing import Any

from playground.cli.terminal import PROGRAM, plain
from playground.experiment.outlook import Outlook
from playground.experiment.plan import Plan
from playground.experiment.progress import Progress
from playground.experiment.state import Pause
from playground.experiment.words import outlook_lines, progress_lines, progress_words

KEYLESS_PRICES = (
    "These prices are for the real service. No key is set, so `run` lets the emulator draw: no "
    "money is spent, and what is counted are the emulator's own prices."
)
_BAR_CHARACTERS = 24
_LINE_EVERY_S = 5.0


def run_line(plan: Plan, view: Outlook, options: argparse.Namespace) -> str:
    """The whole command, with a budget that pays for the plan unless another one was told."""
    budget = view.worst_usd if options.budget is None else options.budget
    money = "--budget USD --price USD" if budget is None else f"--budget {budget}"
    return f"{_command('run', plan.experiment_id, options)} {money}"


def _command(name: str, experiment_id: str, options: argparse.Namespace) -> str:
    """As one would type it to go on in the same data folder."""
    data = "" if options.data is None else f" --data {shlex.quote(str(options.data))}"
    return f"{PROGRAM} experiment {name} {experiment_id}{data}"


def print_outlook(plan: Plan, view: Outlook, *, file: Any = None) -> None:
    for line in outlook_lines(plan, view):
        print(plain(line), file=file or sys.stdout)


def print_progress(progress: Progress, options: argparse.Namespace) -> None:
    for line in progress_lines(progress):
        print(plain(line))
    if progress.why is Pause.BUDGET:
        resume = _command("resume", progress.experiment_id, options)
        print(f"  go on with a higher budget: {resume} --budget USD")
    if progress.counts.n_failed:
        retry = _command("retry-failed", progress.experiment_id, options)
        print(f"  buy what failed again: {retry}")


class Bar:
    """Progress on standard error: one line redrawn on a terminal, now and then a line elsewhere."""

    def __init__(self, *, is_quiet: bool) -> None:
        self._is_quiet = is_quiet
        self._is_drawn = False
        self._told: tuple[str, int] | None = None
        self._told_at = 0.0

    def show(self, progress: Progress) -> None:
        if self._is_quiet:
            return
        words = f"{progress.standing}  {progress_words(progress)}"
        counts = progress.counts
        if sys.stderr.isatty():
            full = _BAR_CHARACTERS * counts.n_ended // counts.n_planned
            sys.stderr.write(f"\r\x1b[K[{'█' * full}{'·' * (_BAR_CHARACTERS - full)}] {words}")
            self._is_drawn = True
        else:
            tenth = 10 * counts.n_ended // counts.n_planned
            now = time.monotonic()
            is_late = now > self._told_at + _LINE_EVERY_S
            told = (str(progress.standing), tenth)
            if told == self._told and not is_late:
                return
            self._told, self._told_at = told, now
            sys.stderr.write(f"{words}\n")
        sys.stderr.flush()

    def end(self) -> None:
        if self._is_drawn:
            sys.stderr.write("\n")
