"""The paid step: uploads, the one request that costs money, and what to do when its answer is lost."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Sequence

from playground.client import Service
from playground.errors import (
    AnswerLostError,
    NetworkError,
    NotSentError,
    PlaygroundError,
    RateLimitedError,
    ServiceError,
    StorageError,
    UnusableReferenceError,
)
from playground.journal import Fact
from playground.runner.uploads import Uploads
from playground.runner.views import Phase
from playground.runner.watched import Leaving, WatchedRun
from playground.sayings import said, words_of
from playground.schema import RunStatus, Task

log = logging.getLogger(__name__)


class Submission:
    """Turns an intent into a task, at most once."""

    def __init__(self, run: WatchedRun, service: Service, uploads: Uploads) -> None:
        self._run = run
        self._service = service
        self._uploads = uploads

    async def buy(self) -> Task:
        """
        The accepted task; its id is on disk.

        Raises:
            Ended: Refused, stopped in time, or lost for good; the journal says which.
            Leaving: The program is ending.
        """
        urls, upload_s = await self._upload()
        return await self._submit(urls, upload_s)

    async def look_up(self) -> Task:
        """
        Whether the request whose answer was lost arrived; asked by our own id, never sent again.

        Raises:
            Ended: The service does not know it: unconfirmed.
            Leaving: The program is ending.
        """
        run, patience = self._run, self._run.kit.patience
        moments = list(patience.look_up_moments_s)
        begun, asked, misses = time.monotonic(), 0, 0
        # It takes a clear "unknown" to give up; silence only means asking once more.
        while moments or not misses:
            due = begun + moments.pop(0) if moments else time.monotonic() + patience.longest_wait_s
            asked += 1
            run.show(
                phase=Phase.LOOKING_UP,
                note=said(
                    "The answer was lost. Asking whether the request arrived (look-up {asked} of "
                    "{most}); it is not sent again.",
                    asked=asked,
                    most=max(asked, len(patience.look_up_moments_s)),
                ),
            )
            await run.sleep(max(0.0, due - time.monotonic()))
            try:
                task = await self._service.look_up(run.run_id)
            except (NetworkError, ServiceError) as exc:
                log.warning("Run %s: look-up %d got no answer: %s", run.run_id, asked, exc)
                continue
            if task is not None:
                self._accept(task, submit_s=None)
                await run.flushed()
                return task
            misses += 1
        raise run.ended(
            RunStatus.UNCONFIRMED,
            "answer_lost",
            "The service's answer was lost, and it does not know this run. It may have been "
            "charged. Look again later for free, or buy it again as a new run.",
            fact=Fact.UNCONFIRMED,
        )

    async def _upload(self) -> tuple[tuple[str, ...], float | None]:
        run, references = self._run, self._run.view.request.references
        if not references:
            return (), None
        run.show(phase=Phase.PREPARING, note=said("Uploading references"))
        begun = time.monotonic()
        try:
            urls = await run.unless_stopped(self._uploads.urls(self._service, references))
        except ServiceError as exc:
            raise run.ended(RunStatus.REFUSED, exc.kind, str(exc), exc.service_message) from exc
        except NetworkError as exc:
            raise run.ended(RunStatus.REFUSED, "network", str(exc)) from exc
        except UnusableReferenceError as exc:
            # Not a fault of the disk, which passes: begun again it would end here again.
            raise run.ended(
                RunStatus.REFUSED,
                "reference_gone",
                f"{exc} Nothing was bought.",
            ) from exc
        return urls, time.monotonic() - begun

    async def _submit(self, urls: Sequence[str], upload_s: float | None) -> Task:
        """Sends again only what the service provably did not take."""
        run, patience = self._run, self._run.kit.patience
        refusal: NotSentError | RateLimitedError | None = None
        facts = run.kit.journal.facts(run.run_id)
        earlier = 0 if facts is None else facts.last_attempt
        for attempt in range(earlier + 1, earlier + patience.submit_attempts + 1):
            run.show(phase=Phase.WAITING, note=None if refusal is None else words_of(refusal))
            if isinstance(refusal, NotSentError):
                pause_s = patience.backoff_s(attempt - earlier - 1)
                await run.unless_stopped(asyncio.sleep(pause_s))
            # A rate limit is waited out here, by everybody of this account at once.
            await run.unless_stopped(self._service.wait_to_submit())
            async with run.kit.submit_gate:
                try:
                    return await self._send(attempt, urls, upload_s)
                except (NotSentError, RateLimitedError) as exc:
                    refusal = exc
                    run.write_or_owe(Fact.NOT_SENT, attempt=attempt, message=str(exc))
                    continue
                except AnswerLostError as exc:
                    run.show(note=words_of(exc))
                except ServiceError as exc:
                    raise run.ended(
                        RunStatus.REFUSED, exc.kind, str(exc), exc.service_message
                    ) from exc
            return await self.look_up()
        raise run.ended(
            RunStatus.REFUSED,
            refusal.kind if isinstance(refusal, RateLimitedError) else "network",
            f"Not taken in {patience.submit_attempts} tries, so nothing was bought. {refusal}",
            refusal.service_message if isinstance(refusal, RateLimitedError) else None,
        )

    async def _send(self, attempt: int, urls: Sequence[str], upload_s: float | None) -> Task:
        run = self._run
        if run.is_stopped:
            raise run.cancelled()
        if run.kit.closing.is_set():
            raise Leaving
        await self._write_sent(attempt, urls, upload_s)
        run.show(phase=Phase.SENDING, note=None)
        sent = time.monotonic()
        unwritten: list[StorageError] = []

        def heard(outcome: Task | PlaygroundError) -> None:
            # Called even when the program is ending and nobody waits for the answer any more.
            if isinstance(outcome, Task):
                try:
                    self._accept(outcome, submit_s=time.monotonic() - sent)
                except StorageError as exc:
                    unwritten.append(exc)

        task = await self._service.submit(
            run.view.request, image_urls=urls, client_id=run.run_id, on_answer=heard
        )
        if unwritten:
            await self._accept_at_last(task, unwritten[0])
        await run.flushed()
        return task

    async def _write_sent(self, attempt: int, urls: Sequence[str], upload_s: float | None) -> None:
        """On disk before it leaves: from then on money is at risk."""
        run = self._run
        run.write(
            Fact.SENT, attempt=attempt, upload_s=upload_s, reference_urls=" ".join(urls) or None
        )
        try:
            await run.flushed()
            if run.is_stopped:
                raise run.cancelled()
            if run.kit.closing.is_set():
                raise Leaving
        except BaseException:
            # Else the next start would have to ask whether it arrived.
            with contextlib.suppress(StorageError):
                run.write_or_owe(
                    Fact.NOT_SENT, attempt=attempt, message="Given up before it was sent."
                )
            raise

    async def _accept_at_last(self, task: Task, problem: StorageError) -> None:
        """
        The id of what was just paid for is nowhere but here: until the disk takes it nothing else
        is done, and nothing else is sent, for the gate is held.

        Raises:
            Leaving: The program is ending; the next start asks for the run by our own id.
        """
        run, failures = self._run, 0
        while True:
            failures += 1
            log.error("Task %s is paid for and not written down: %s", task.task_id, problem)
            run.show(
                task_id=task.task_id,
                note=said(
                    "Task {task_id} is paid for, but its id cannot be written down. {problem} It "
                    "is tried again until the disk takes it.",
                    task_id=task.task_id,
                    problem=problem,
                ),
            )
            await run.sleep(run.kit.patience.backoff_s(failures))
            try:
                self._accept(task, submit_s=None)
            except StorageError as exc:
                problem = exc
            else:
                return

    def _accept(self, task: Task, *, submit_s: float | None) -> None:
        # Before anything else: the id is the only way to what was paid for.
        self._run.write(Fact.ACCEPTED, task_id=task.task_id, submit_s=submit_s)
        self._run.show(task_id=task.task_id, note=None)
