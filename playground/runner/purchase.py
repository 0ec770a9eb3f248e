"""Buys one picture: write down, then spend, then keep, then show. Nothing is lost or bought twice."""

import contextlib
import logging
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from playground.client import Service
from playground.errors import StorageError
from playground.journal import Fact, RunFacts, Stage
from playground.polling import Pace
from playground.runner import intents, ledger
from playground.runner.announcements import Announcements
from playground.runner.delivery import Delivery
from playground.runner.kit import Kit
from playground.runner.submission import Submission
from playground.runner.uploads import Uploads
from playground.runner.views import Phase, RunView
from playground.runner.watched import Ended, Leaving, WatchedRun
from playground.sayings import said
from playground.schema import RunStatus, Task, TaskState

log = logging.getLogger(__name__)


class Purchase:
    """One run, from its intent or from wherever an earlier program left it, to its row."""

    def __init__(
        self,
        kit: Kit,
        service: Service,
        uploads: Uploads,
        view: RunView,
        *,
        pace: Pace,
        relaxed_pace: Pace,
        safety_net: Pace,
        announcements: Announcements,
        watch: Callable[[RunView], None],
    ) -> None:
        self.service = service
        self._run = WatchedRun(kit, view, watch=watch)
        self._announcements = announcements
        self._submission = Submission(self._run, service, uploads)
        self._delivery = Delivery(
            self._run,
            service,
            pace=pace,
            relaxed_pace=relaxed_pace,
            safety_net=safety_net,
            announcements=announcements,
        )

    async def buy(self) -> None:
        """From the intent, already in the journal, to the row in the log."""
        await self._to_its_row(self._from_the_start())

    async def resume(self, facts: RunFacts) -> None:
        """From wherever the journal says it stands. What was never sent is not sent now."""
        self._run.is_resumed = True
        await self._to_its_row(self._from(facts))

    def stop(self) -> None:
        """
        Nobody waits any longer. What is not sent yet is not bought; what is sent is paid for and
        still asked for in the background.
        """
        self._run.stop()

    def leave(self) -> None:
        """As `WatchedRun.leave`."""
        self._run.leave()

    @property
    def is_left(self) -> bool:
        """Its key was forgotten before it was over."""
        return self._run.is_left

    @property
    def task_id(self) -> str | None:
        """The service's id of it, once that is known."""
        return self._run.view.task_id

    def announce(self, age_s: float | None) -> None:
        """As `WatchedRun.announce`."""
        self._announcements.is_heard = True
        self._run.announce(age_s)

    def wake(self) -> None:
        """The program is ending."""
        self._run.wake()

    async def _to_its_row(self, steps: Awaitable[None]) -> None:
        run = self._run
        try:
            with contextlib.suppress(Ended):
                await steps
            await self._log()
        except Leaving:
            note = said("The app is closing; its next start takes this up.")
            run.show(is_detached=True, note=intents.KEY_FORGOTTEN if run.is_left else note)
        except StorageError as exc:
            # What is paid for stays open in the journal, and the person is told.
            log.error("Run %s: %s", run.run_id, exc)
            run.kit.stranded.add(run.run_id)
            run.show(
                is_detached=True,
                note=said("{exc} Nothing is lost: this goes on once the disk takes it.", exc=exc),
            )

    async def _from_the_start(self) -> None:
        task = await self._submission.buy()
        task = await self._delivery.follow(task, accepted=time.monotonic())
        await self._delivery.collect(task)

    async def _from(self, facts: RunFacts) -> None:
        if facts.stage is Stage.LOG:
            return
        if facts.stage is Stage.MAY_SUBMIT:
            if self._run.is_stopped:
                raise self._run.cancelled()
            # Spending needs somebody there who wants it, and that was in an earlier life.
            raise self._run.ended(
                RunStatus.CANCELLED,
                "not_sent",
                "The app ended, or its disk refused, before this was sent. Nothing was bought; "
                "run it again if you still want it.",
            )
        if facts.task_id is None:
            task = await self._submission.look_up()
        else:
            # Asked for even when it was complete: its address may have changed since.
            task = Task(task_id=facts.task_id, state=TaskState.QUEUED, word="unknown")
        accepted_at = ledger.parse_time((facts.first(Fact.ACCEPTED) or {}).get("at"))
        age = datetime.now(UTC) - (accepted_at or datetime.now(UTC))
        accepted = time.monotonic() - max(0.0, age.total_seconds())
        await self._delivery.collect(await self._delivery.follow(task, accepted=accepted))

    async def _log(self) -> None:
        """The row first, then the picture on screen."""
        run, kit = self._run, self._run.kit
        facts = kit.journal.facts(run.run_id)
        if facts is None:
            raise StorageError(said("The journal does not know run {run_id}.", run_id=run.run_id))
        row = ledger.run_of(facts, finished_at=datetime.now(UTC))
        await kit.scribe.file(row)
        try:
            run.write(Fact.LOGGED)
        except StorageError as exc:  # the row stands there, and the next look around finds it
            log.error("Run %s is logged, and its journal does not say so: %s", run.run_id, exc)
            kit.stranded.add(run.run_id)
        run.show(
            phase=Phase.DONE,
            run=row,
            task_id=row.task_id,
            picture=None if row.file is None else kit.data_dir / row.file,
            progress_pct=None,
            is_detached=False,
            note=None,
        )
