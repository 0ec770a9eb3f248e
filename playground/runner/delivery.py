"""The free steps after acceptance: ask until the task is final, then fetch and keep its picture."""

import asyncio
import logging
import time
from pathlib import Path
from typing import Any

from playground import images
from playground.client import Service
from playground.errors import (
    ExpiredError,
    NetworkError,
    PictureError,
    ServiceError,
    StorageError,
)
from playground.identity import picture_stem
from playground.journal import Fact
from playground.polling import Key, Pace, next_poll_s, observed_s, predicted_s
from playground.runner import ledger
from playground.runner.announcements import Announcements
from playground.runner.views import Phase
from playground.runner.watched import Ended, WatchedRun
from playground.sayings import said
from playground.schema import BillingStatus, Picture, RunStatus, Task, TaskState

log = logging.getLogger(__name__)


class Delivery:
    """From a task id to a kept file, however long it takes and whatever goes wrong between."""

    def __init__(
        self,
        run: WatchedRun,
        service: Service,
        *,
        pace: Pace,
        relaxed_pace: Pace,
        safety_net: Pace,
        announcements: Announcements,
    ) -> None:
        self._run = run
        self._service = service
        self._pace = pace
        self._relaxed_pace = relaxed_pace
        self._safety_net = safety_net
        self._announcements = announcements
        view = run.view
        with_references = "with" if view.request.references else "without"
        self._key: Key = (
            f"{view.origin} x{1 / pace.time_scale:g}",  # an emulator's times change with its speed
            view.request.model,
            view.request.resolution,
            with_references,
        )

    # ---- asking ---------------------------------------------------------------------------

    async def follow(self, task: Task, *, accepted: float) -> Task:
        """
        The finished task; its result is in the journal.

        Args:
            accepted: When it was accepted, on the monotonic clock.

        Raises:
            Ended: It failed, or never ended; the journal says which.
            Leaving: The program is ending.
        """
        run, patience = self._run, self._run.kit.patience
        watched_since = time.monotonic()
        running_since: float | None = None
        earlier = asked = accepted
        polls = silent = missing = 0
        foretold_s: float | None = None
        while not _is_over(task, missing, patience.missing_result_asks):
            run.show(
                phase=Phase.GENERATING if running_since is not None else Phase.QUEUED,
                progress_pct=task.progress_pct,
            )
            if self._is_given_up(accepted, watched_since):
                break
            if run.is_stopped or time.monotonic() - watched_since > patience.deadline_s:
                run.let_go()
            await self._until_next(task, accepted, is_first=polls == 0, silent=silent)
            polls += 1
            try:
                newer = await self._service.status(task.task_id)
            except (NetworkError, ServiceError) as exc:
                # It is paid for: silence is a reason to ask again, never to give up.
                silent += 1
                log.warning("Task %s: no status: %s", task.task_id, exc)
                run.show(
                    note=said(
                        "The service does not say how task {task_id} is. {exc}",
                        task_id=task.task_id,
                        exc=exc,
                    )
                )
                continue
            task, silent = newer, 0
            earlier, asked = asked, time.monotonic()
            if running_since is None and task.state is TaskState.RUNNING:
                running_since = asked
            if task.state is TaskState.RUNNING and foretold_s is None:
                # Only the first word counts: near the end any progress field is right.
                foretold_s = predicted_s(asked - accepted, task.progress_pct)
            missing += task.state is TaskState.SUCCEEDED and task.result_url is None
            if not run.view.is_detached:
                run.show(note=None)
        timing: dict[str, Any] = {"polls": polls}
        if not run.is_resumed:
            if task.state.is_final:
                self._announcements.is_heard = run.is_announced
            earlier = min(max(earlier, run.ended_after or earlier), asked)
            timing |= {
                "wait_s": asked - accepted,
                "lag_bound_s": asked - earlier,
                "queued_s": None if running_since is None else running_since - accepted,
                "generating_s": None if running_since is None else asked - running_since,
            }
            if task.state is TaskState.SUCCEEDED:
                self._learn(task, earlier - accepted, asked - accepted, foretold_s)
        self._write_final(task, timing)
        return task

    def _is_given_up(self, accepted: float, watched_since: float) -> bool:
        """
        A result lives for a day, so nobody asks for ever. The age of a run taken up rests on
        the wall clock, which may be days off: it is asked for some minutes whatever that says.
        """
        now, patience = time.monotonic(), self._run.kit.patience
        is_old = now - accepted > patience.give_up_s
        return is_old and (
            not self._run.is_resumed
            or now - watched_since > min(patience.deadline_s, patience.give_up_s)
        )

    async def _until_next(
        self, task: Task, accepted: float, *, is_first: bool, silent: int
    ) -> None:
        run = self._run
        if run.is_resumed and is_first:
            return  # it may have been finished for hours
        pace = self._pace
        if self._announcements.is_heard and not run.is_announced:
            pace = self._safety_net
        elif run.view.is_detached or self._service.polite_hint:
            pace = self._relaxed_pace
        elapsed = time.monotonic() - accepted
        due = next_poll_s(
            elapsed, run.kit.durations.law(self._key), pace, progress_pct=task.progress_pct
        )
        pause = max(0.0, due - elapsed)
        if silent:
            pause = max(pause, run.kit.patience.backoff_s(silent))
        await run.pause(pause)
        if run.is_stopped:
            run.let_go()

    def _learn(self, task: Task, low_s: float, high_s: float, foretold_s: float | None) -> None:
        told_s = None
        if task.created_at is not None and task.completed_at is not None:
            told_s = (task.completed_at - task.created_at).total_seconds()
        self._run.kit.durations.add(
            self._key,
            observed_s(low_s=max(0.0, low_s), high_s=high_s, told_s=told_s),
            foretold_s=foretold_s,
        )

    def _write_final(self, task: Task, timing: dict[str, Any]) -> None:
        run = self._run
        facts = {**timing, **ledger.task_facts(task)}
        if task.state is TaskState.SUCCEEDED and task.result_url is not None:
            run.write(Fact.COMPLETED, **facts)
            return
        service_message = None
        status = RunStatus.FAILED
        if not task.state.is_final:
            status, kind = RunStatus.TIMED_OUT, "never_final"
            hours = run.kit.patience.give_up_s / 3600
            message = f"Task {task.task_id} did not end within {hours:.0f} hours."
        elif task.state is TaskState.SUCCEEDED:
            kind = "no_result"
            message = f"Task {task.task_id} is completed, but the service names no picture."
        else:
            is_moderated = task.error_code == "content_policy_violation"
            kind = "moderation" if is_moderated else "generation"
            message = (
                "The service's content policy stopped this after it was accepted."
                if is_moderated
                else "The service accepted this and then failed to make the picture."
            )
            service_message = task.error_message or task.error_code
        raise run.ended(status, kind, message, service_message, fact=Fact.FAILED, **facts)

    # ---- keeping --------------------------------------------------------------------------

    async def collect(self, task: Task) -> None:
        """
        Fetches, checks and keeps the picture; it is on disk and in the journal afterwards.

        Raises:
            Ended: The service has no usable file; the journal says why.
            Leaving: The program is ending.
        """
        run, patience = self._run, self._run.kit.patience
        begun = time.monotonic()
        broken = unreachable = expired = 0
        while True:
            run.show(phase=Phase.DOWNLOADING, progress_pct=None)
            try:
                path, picture = await self._fetch(task)
                break
            except ExpiredError as exc:
                expired += 1
                if expired > 1:
                    raise self._unusable("expired", exc) from exc
                task = await self._ask_again(task)
            except PictureError as exc:
                broken += 1
                if broken >= patience.download_attempts:
                    raise self._unusable("bad_file", exc) from exc
                run.show(note=said("The file arrived broken and is fetched again. {exc}", exc=exc))
                await run.sleep(patience.backoff_s(broken))
            except NetworkError as exc:
                unreachable += 1
                if run.is_stopped or time.monotonic() - begun > patience.deadline_s:
                    run.let_go()
                else:
                    run.show(note=said("The picture cannot be fetched yet. {exc}", exc=exc))
                await run.sleep(patience.backoff_s(unreachable))
                task = await self._ask_again(task)
        download_s = time.monotonic() - begun
        if task.billing is not None and task.billing.status is BillingStatus.PENDING:
            task = await self._ask_again(task)
        run.write(
            Fact.SAVED,
            **ledger.picture_facts(picture, str(path.relative_to(run.kit.data_dir))),
            download_s=download_s,
            total_s=None if run.is_resumed else time.monotonic() - run.begun,
            billing=ledger.billing_facts(task.billing),
        )

    async def _fetch(self, task: Task) -> tuple[Path, Picture]:
        if task.result_url is None:
            raise NetworkError(
                said("Task {task_id} names no picture at the moment.", task_id=task.task_id)
            )
        run, kit = self._run, self._run.kit
        part = kit.partial_dir / f"{run.run_id}.part"
        try:
            await self._service.download(task.result_url, part)
            # Decoding holds a loop up for tens of milliseconds, so a thread does it.
            async with kit.picture_gate:
                return await asyncio.to_thread(
                    images.keep, part, kit.pictures_dir, picture_stem(kit.secret, run.run_id)
                )
        except OSError as exc:
            raise StorageError(
                said(
                    "The picture of task {task_id} cannot be written ({strerror}). It is paid for "
                    "and stays open: make room on the disk.",
                    task_id=task.task_id,
                    strerror=exc.strerror,
                )
            ) from exc

    async def _ask_again(self, task: Task) -> Task:
        """A newer answer with a picture in it, else the one there is."""
        try:
            newer = await self._service.status(task.task_id)
        except (NetworkError, ServiceError) as exc:
            log.warning("Task %s: no newer status: %s", task.task_id, exc)
            return task
        return newer if newer.result_url is not None else task

    def _unusable(self, kind: str, cause: PictureError) -> Ended:
        return self._run.ended(
            RunStatus.FAILED,
            kind,
            f"Task {self._run.view.task_id} was completed, but its picture could not be kept. "
            f"{cause}",
            fact=Fact.FAILED,
        )


def _is_over(task: Task, missing: int, missing_asks: int) -> bool:
    if task.state is TaskState.SUCCEEDED and task.result_url is None:
        return missing >= missing_asks
    return task.state.is_final
