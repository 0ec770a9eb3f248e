"""The emulated service itself, without HTTP: who may ask, what is accepted, what it costs."""

import asyncio
import hashlib
import random
import secrets
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

from playground.emulator.courier import Courier, event_of
from playground.emulator.dialect import Dialect
from playground.emulator.faults import SPOKEN, Endpoint, Fault, FaultBook
from playground.emulator.laws import Timeline
from playground.emulator.limits import Category, Limiter, Verdict
from playground.emulator.orders import Order
from playground.emulator.refusals import (
    CONTENT_POLICY_VIOLATION,
    bad_key,
    insufficient_quota,
    missing_key,
)
from playground.emulator.settings import EmulatorSettings
from playground.emulator.store import Store
from playground.emulator.studio import RESULTS_FOLDER, Studio
from playground.emulator.tasks import Charge, Ending, Task, Upload, new_ulid

DATABASE_NAME = "emulator.sqlite3"
FILES_PREFIX = "/files/"
KEY_PREFIX = "sk-"
MIN_KEY_CHARS = 8
# How much longer a task with the fault `slow` takes, when the fault does not say.
SLOW_TASK_S = 60.0
EXTENSIONS: Mapping[str, str] = {
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/webp": "webp",
    "image/gif": "gif",
}
FAILURE_MESSAGES: Mapping[str, str] = {
    CONTENT_POLICY_VIOLATION: "The result was withheld by the content policy",
}
DEFAULT_FAILURE = "generation_failed"
DEFAULT_FAILURE_MESSAGE = "The upstream model could not produce an image"


@dataclass(frozen=True, slots=True, kw_only=True)
class Leak:
    """A request to the file host that carried a key. The key itself is not kept."""

    path: str
    header: str


@dataclass(slots=True)
class Tally:
    """What has been asked since this process started."""

    requests: Counter[Endpoint] = field(default_factory=Counter)
    answers: Counter[tuple[Endpoint, int]] = field(default_factory=Counter)
    status_queries: Counter[str] = field(default_factory=Counter)  # by the id in the path
    file_requests: Counter[str] = field(default_factory=Counter)  # by path
    leaks: list[Leak] = field(default_factory=list)

    def reset(self) -> None:
        for counter in (self.requests, self.answers, self.status_queries, self.file_requests):
            counter.clear()
        self.leaks.clear()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """How a task will end, and how it is spoken of."""

    ending: Ending = Ending.COMPLETED
    error_code: str | None = None
    is_refunded: bool = False
    longer_s: float = 0.0
    overrides: Mapping[str, Any] = field(default_factory=dict)


def fate_of(fault: Fault | None) -> Fate:
    """What a task's fault, if any, makes of it."""
    if fault is None:
        return Fate()
    if fault.kind in SPOKEN:
        return Fate(overrides=SPOKEN[fault.kind])
    match fault.kind:
        case "stuck":
            return Fate(ending=Ending.NEVER)
        case "slow":
            return Fate(longer_s=SLOW_TASK_S if fault.seconds is None else fault.seconds)
        case "moderate":
            code = fault.code or CONTENT_POLICY_VIOLATION
        case _:
            code = fault.code or DEFAULT_FAILURE
    return Fate(ending=Ending.FAILED, error_code=code, is_refunded=fault.kind != "fail_billed")


class Emulator:
    """
    One emulated service and everything a test may want to know about it.

    `dialect` and `faults` may be changed while it runs; `tally` counts since the start, `store`
    remembers for ever.
    """

    def __init__(self, settings: EmulatorSettings) -> None:
        self.settings = settings
        self.dialect: Dialect = settings.dialect
        self.faults = FaultBook(seed=settings.seed)
        self.faults.add(*settings.faults)
        self.limiter = Limiter(group=settings.rate_group)
        self.tally = Tally()
        self.store = Store(settings.data_dir / DATABASE_NAME)
        self.studio = Studio(settings)
        self.courier = (
            Courier(self.store, settings.webhook, now=settings.now) if settings.webhook else None
        )
        # Set when the server stops, so that nothing goes on hanging.
        self.closing = asyncio.Event()
        self._sources: dict[str, random.Random] = {}
        self._accepting = asyncio.Lock()

    def close(self) -> None:
        self.studio.close()
        self.store.close()

    def now_s(self) -> float:
        return self.settings.now()

    def charges(
        self, *, client_business_id: str | None = None, task_id: str | None = None
    ) -> list[Charge]:
        """The charges, oldest first: all of them, or those of one client id or task."""
        return [
            charge
            for charge in self.store.charges()
            if client_business_id in {None, charge.client_business_id}
            and task_id in {None, charge.task_id}
        ]

    def user_of(self, authorization: str | None) -> str:
        """The user a key belongs to; raises `RefusalError` for none and for a bad one."""
        if not authorization:
            raise missing_key()
        scheme, _, key = authorization.partition(" ")
        key = key.strip()
        if scheme.lower() != "bearer" or not key:
            raise bad_key()
        if self.settings.keys is not None:
            user = self.settings.keys.get(key)
            if user is None:
                raise bad_key()
            return user
        if not key.startswith(KEY_PREFIX) or len(key) < MIN_KEY_CHARS:
            raise bad_key()
        return "user-" + hashlib.sha256(key.encode()).hexdigest()[:12]

    def take_token(self, user: str, category: Category) -> Verdict | None:
        return self.limiter.take(user, category, now_s=self.now_s())

    def dialect_of(self, task: Task) -> Dialect:
        return self.dialect.changed(task.overrides) if task.overrides else self.dialect

    def urls(self, task: Task, base_url: str) -> list[str]:
        return [self.url(name, base_url) for name in task.files]

    def url(self, name: str, base_url: str) -> str:
        return f"{(self.settings.public_url or base_url).rstrip('/')}{FILES_PREFIX}{name}"

    async def accept(
        self,
        user: str,
        order: Order,
        *,
        base_url: str,
        webhook_url: str | None,
        late_s: float = 0.0,
    ) -> Task:
        """
        Create the task and charge for it: both on disk when this returns.

        Raises `RefusalError` when the balance does not cover it. A late task is charged for at
        once and cannot be found by its client id until `late_s` has passed.
        """
        # One at a time: two requests must not both spend the last credits.
        async with self._accepting:
            granted = self.settings.balance_credits
            used = self.store.used_credits(user, now_s=self.now_s())
            if granted is not None and used + order.credits > granted:
                raise insufficient_quota()
            task = self._new_task(user, order, created_at=self.now_s() + late_s)
            urls = self.urls(task, base_url)
            event = event_of(task, url=webhook_url, urls=urls) if webhook_url else None
            charge = _charge(task, charged_at=self.now_s())
            await asyncio.to_thread(self.store.add_task, task, charge, [event] if event else [])
        self.studio.begin(task)
        return task

    def _new_task(self, user: str, order: Order, *, created_at: float) -> Task:
        model = order.rule.name
        source = self._source(model)
        times = self.settings.law_of(model).draw(source, speed=self.settings.speed)
        seed = source.getrandbits(32)
        fate = fate_of(self.faults.take(Endpoint.TASK, model=model))
        times = replace(
            times, generating_s=times.generating_s + fate.longer_s / self.settings.speed
        )
        references, n_foreign = self._references(order.reference_urls)
        # The documented style of id comes with `queued` as the first status.
        is_documented_style = self.dialect.id_style == "task_img"
        ulid = new_ulid(created_at)
        return Task(
            id=f"{self.dialect.id_style}_{ulid.lower()[-12:] if is_documented_style else ulid}",
            user=user,
            model=model,
            client_business_id=order.client_business_id,
            body=order.body,
            size=order.size,
            resolution=order.resolution,
            width_px=order.width_px,
            height_px=order.height_px,
            references=references,
            n_foreign_references=n_foreign,
            seed=seed,
            created_at=created_at,
            queued_at=created_at + (0.0 if is_documented_style else times.pending_s),
            started_at=created_at + times.pending_s + times.queued_s,
            finished_at=created_at + times.total_s,
            ending=fate.ending,
            error_code=fate.error_code,
            error_message=_failure_message(fate),
            files=self._new_names(order.n_pictures, created_at, times),
            overrides=fate.overrides,
            credits=order.credits,
            is_refunded=fate.is_refunded,
        )

    def _source(self, model: str) -> random.Random:
        # One per model: what one lane draws does not depend on the other lane's order.
        seed = self.settings.seed
        fresh = random.Random(None if seed is None else f"{seed}:{model}")
        return self._sources.setdefault(model, fresh)

    def _new_names(self, count: int, created_at: float, times: Timeline) -> tuple[str, ...]:
        extension = "png" if self.settings.image_format == "png" else "jpg"
        finished_at = int(created_at + times.total_s)
        return tuple(
            f"{RESULTS_FOLDER}/{finished_at}_{secrets.token_hex(4)}.{extension}"
            for _ in range(count)
        )

    def _references(self, urls: Sequence[str]) -> tuple[tuple[str, ...], int]:
        """
        The names of the references that are our own files, and how many are not.

        Ours are known by their path alone: after a restart the same file has another port.
        """
        paths = [urlsplit(url).path for url in urls]
        names = [path.removeprefix(FILES_PREFIX) for path in paths if path.startswith(FILES_PREFIX)]
        ours = tuple(name for name in names if self._has_file(name))
        return ours, len(urls) - len(ours)

    def _has_file(self, name: str) -> bool:
        return self.store.upload(name) is not None or self.store.task_of_file(name) is not None

    async def add_upload(self, user: str, data: bytes, mime_type: str) -> Upload:
        """Keep an uploaded file: the bytes first, then the record that they are there."""
        now_s = self.now_s()
        token = secrets.token_hex(4)
        folder = int(hashlib.sha256(user.encode()).hexdigest()[:6], 16)
        upload = Upload(
            id=f"upload_{token}",
            user=user,
            name=f"uploads/{folder}/{int(now_s)}_{token}.{EXTENSIONS[mime_type]}",
            mime_type=mime_type,
            size_bytes=len(data),
            created_at=now_s,
        )
        await asyncio.to_thread(self.studio.keep, upload.name, data)
        await asyncio.to_thread(self.store.add_upload, upload)
        return upload


def _charge(task: Task, *, charged_at: float) -> Charge:
    return Charge(
        task_id=task.id,
        client_business_id=task.client_business_id,
        user=task.user,
        model=task.model,
        credits=task.credits,
        charged_at=charged_at,
        refunded_at=task.finished_at if task.is_refunded else None,
    )


def _failure_message(fate: Fate) -> str | None:
    if fate.ending is not Ending.FAILED:
        return None
    return FAILURE_MESSAGES.get(fate.error_code or "", DEFAULT_FAILURE_MESSAGE)
