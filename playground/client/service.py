"""One account at one host: buys a task, asks about it, uploads, and knows balance and prices."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from playground import wire
from playground.client.download import MAX_BYTES, Download
from playground.client.transport import Transports
from playground.errors import (
    AnswerLostError,
    NetworkError,
    PlaygroundError,
    RateLimitedError,
    RejectedError,
    StorageError,
    UnavailableError,
    UnusableReferenceError,
)
from playground.identity import fingerprint
from playground.pricing import Price
from playground.ratelimit import TIERS, Bucket, Tier
from playground.sayings import said
from playground.schema import Balance, EstimateKind, Request, Task
from playground.wire import Answer

log = logging.getLogger(__name__)

T = TypeVar("T")
Outcome = Task | PlaygroundError

PRICE_SOURCE = "GET /v1/pricing"
MAX_PRICE_PAGES = 20
_ENDINGS = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp", "image/gif": "gif"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Retries:
    """How free calls are repeated: `attempts` in all, waiting twice as long each time."""

    attempts: int = 3
    first_wait_s: float = 0.5
    max_wait_s: float = 8.0


class Service:
    """
    Args:
        base_url: As `wire.normalise_base_url` gives it.

        key: As `wire.check_key` gives it. It goes to `base_url` and nowhere else.

        secret: Of this installation, for `fingerprint`.

        rate_group: The user's limits at the service; `tier` gives them in numbers instead.
    """

    def __init__(
        self,
        base_url: str,
        key: str,
        transports: Transports,
        *,
        secret: bytes = b"",
        rate_group: str = "default",
        tier: Tier | None = None,
        retries: Retries | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        rng: random.Random | None = None,
    ) -> None:
        self.base_url = base_url
        self.host = urlsplit(base_url).netloc
        self.fingerprint = fingerprint(secret, key)
        self.emulated: bool | None = None  # None: nothing has answered yet
        self._key = wire.Key(key)
        self._secrets = (self._key,)
        self._transports = transports
        self._limiter = transports.limiters.of(
            self.host, self.fingerprint, tier or TIERS[rate_group]
        )
        self._retries = retries or Retries()
        self._sleep, self._now, self._rng = sleep, now, rng or random.Random()
        self._odd_words: set[str] = set()

    def __repr__(self) -> str:
        return f"Service(host={self.host!r}, fingerprint={self.fingerprint!r})"

    @property
    def polite_hint(self) -> bool:
        """Whether to ask more seldom: a rate limit is near or was met lately."""
        return self._limiter.polite_hint

    # ---- waiting for a turn ---------------------------------------------------------------

    async def acquire(self, bucket: Bucket) -> None:
        """Waits for a turn and through every shared pause. Cancelled, it gives the turn back."""
        while True:
            turn = self._limiter.take(bucket)
            try:
                if turn.wait_s > 0:
                    await self._sleep(turn.wait_s)
            except asyncio.CancelledError:
                self._limiter.give_back(turn)
                raise
            if self._limiter.is_valid(turn):
                return

    async def wait_to_submit(self) -> None:
        """Waits for a turn to call `submit`. Nothing is sent and nothing is bought by it."""
        await self.acquire(Bucket.SUBMIT)

    # ---- the paid request -----------------------------------------------------------------

    async def submit(
        self,
        request: Request,
        *,
        image_urls: Sequence[str],
        client_id: str,
        on_answer: Callable[[Outcome], None] | None = None,
    ) -> Task:
        """
        Buys one picture: sends once, at once, and never again. Call `wait_to_submit` before.

        Cancelling the caller does not cancel the request: it goes on to its answer, which only
        `on_answer` then hears of.

        Args:
            client_id: Our id of the run, by which a lost answer is looked up.

            on_answer: Called with the task or the error, on this loop, before this returns and
                even when nobody waits for it any more. It must not raise.

        Raises:
            NotSentError: Nothing left; may be sent again.

            RateLimitedError: Not accepted and not charged; may be sent again after a pause.

            AnswerLostError: May have been accepted: `look_up`, never send again.

            ServiceError: A definite no, not charged.

            InvalidRequestError: It cannot be spelled; nothing was sent.
        """
        body = wire.create_body(request, image_urls=image_urls, client_id=client_id)
        return await self._transports.outlive(self._buy(body, on_answer))

    async def _buy(self, body: bytes, on_answer: Callable[[Outcome], None] | None) -> Task:
        try:
            task = await self._buy_once(body)
        except PlaygroundError as exc:
            if on_answer is not None:
                on_answer(exc)
            raise
        if on_answer is not None:
            on_answer(task)
        return task

    async def _buy_once(self, body: bytes) -> Task:
        url = f"{self.base_url}{wire.CREATE_PATH}"
        answer = await self._transports.send_paid(url, key=self._key, body=body)
        self._note(answer, Bucket.SUBMIT)
        try:
            task = wire.parse_create(answer, now=self._now(), secrets=self._secrets)
        except RateLimitedError as exc:
            self._limiter.refused(Bucket.SUBMIT, exc.retry_after_s)
            raise
        except AnswerLostError as exc:
            log.warning("The paid request's answer is unusable: HTTP %s.", exc.status_code)
            raise
        return self._watched(task)

    # ---- what is free ---------------------------------------------------------------------

    async def status(self, task_id: str) -> Task:
        """
        A task as it stands; `task_id` may also be our own id of it.

        Raises:
            RejectedError: Of kind "not_found": there is no such task.

            ServiceError, NetworkError: No usable answer after several tries; the task goes on.
        """

        def parse(answer: Answer) -> Task:
            return wire.parse_status(
                answer, asked_id=task_id, now=self._now(), secrets=self._secrets
            )

        return self._watched(await self._ask("GET", wire.status_path(task_id), parse))

    async def look_up(self, client_id: str) -> Task | None:
        """
        The task of a request whose answer was lost; None when the service knows none.

        Raises:
            ServiceError, NetworkError: No usable answer after several tries; ask again.
        """
        try:
            task = await self.status(client_id)
        except RejectedError as exc:
            if exc.kind == "not_found":
                return None
            raise
        if task.client_id is not None and task.client_id != client_id:
            log.warning("Asked for %s, the service answered about %s.", client_id, task.client_id)
            return None
        return task

    async def upload(self, path: Path, mime_type: str) -> str:
        """
        Uploads a picture; its public address. The file's own name is not told.

        Raises:
            ServiceError, NetworkError: It was not taken; nothing is bought by an upload.

            UnusableReferenceError: The file is gone.

            StorageError: The file cannot be read.
        """
        try:
            content = await asyncio.to_thread(path.read_bytes)
        except FileNotFoundError as exc:
            raise UnusableReferenceError(
                said("The reference {name} is gone.", name=path.name)
            ) from exc
        except OSError as exc:
            raise StorageError(
                said(
                    "The reference {name} cannot be read: {strerror}",
                    name=path.name,
                    strerror=exc.strerror,
                )
            ) from exc
        file = (f"reference.{_ENDINGS.get(mime_type, 'bin')}", content, mime_type)

        def parse(answer: Answer) -> str:
            return wire.parse_upload(answer, now=self._now(), secrets=self._secrets)

        return await self._ask("POST", wire.UPLOAD_PATH, parse, file=file)

    async def balance(self) -> Balance:
        """
        Raises:
            AuthenticationError: The key is not accepted.

            ServiceError, NetworkError: No usable answer after several tries.
        """

        def parse(answer: Answer) -> Balance:
            return wire.parse_balance(answer, now=self._now(), secrets=self._secrets)

        return await self._ask("GET", wire.BALANCE_PATH, parse)

    async def models(self) -> tuple[str, ...]:
        """
        Ids of the image models the key may see.

        Raises:
            ServiceError, NetworkError: No usable answer after several tries.
        """

        def parse(answer: Answer) -> tuple[str, ...]:
            return wire.parse_models(answer, now=self._now(), secrets=self._secrets)

        return await self._ask("GET", wire.MODELS_PATH, parse, params={"type": "image"})

    async def quoted_prices(self, model: str, *, on: date) -> tuple[Price, ...]:
        """
        The caller's own prices of a model by resolution; empty says nothing about what it costs.

        Args:
            on: Today: the day the prices are quoted.

        Raises:
            RejectedError: Of kind "not_found": the service has no prices for such a model.

            ServiceError, NetworkError: No usable answer after several tries.
        """

        def parse(answer: Answer) -> wire.PricePage:
            return wire.parse_prices(answer, now=self._now(), secrets=self._secrets)

        prices: list[wire.QuotedPrice] = []
        params = {"model": model, "type": "image", "limit": "100"}
        seen: set[str] = set()
        for _ in range(MAX_PRICE_PAGES):
            page = await self._ask("GET", wire.PRICING_PATH, parse, params=params)
            prices += page.prices
            after = page.next_after
            if after is None or after in seen:
                break
            seen.add(after)
            params = {**params, "after": after}
        return tuple(
            Price(
                model=price.model,
                resolution=price.resolution,
                usd=price.usd,
                since=on,
                source=PRICE_SOURCE,
                kind=EstimateKind.QUOTED,
            )
            for price in prices
            if price.model == model
        )

    async def download(self, url: str, part: Path, *, max_bytes: int = MAX_BYTES) -> Download:
        """
        Fetches a result into a partial file, without the key. See `Downloader.fetch`.

        Raises:
            ExpiredError, PictureError, NetworkError, StorageError: As there.
        """
        is_local = wire.is_loopback(urlsplit(self.base_url).hostname or "")
        return await self._transports.files.fetch(
            url, part, max_bytes=max_bytes, allow_loopback_http=is_local
        )

    # ---- how free calls are asked ---------------------------------------------------------

    async def _ask(
        self,
        method: str,
        path: str,
        parse: Callable[[Answer], T],
        *,
        params: dict[str, str] | None = None,
        file: tuple[str, bytes, str] | None = None,
    ) -> T:
        retries = self._retries
        for attempt in range(1, retries.attempts + 1):
            await self.acquire(Bucket.QUERY)
            try:
                answer = await self._transports.send_free(
                    method, f"{self.base_url}{path}", key=self._key, params=params, file=file
                )
                self._note(answer, Bucket.QUERY)
                return parse(answer)
            except RateLimitedError as exc:
                # Waited out by everybody at once, in `acquire`.
                self._limiter.refused(Bucket.QUERY, exc.retry_after_s)
                if attempt == retries.attempts:
                    raise
            except (NetworkError, UnavailableError) as exc:
                if attempt == retries.attempts:
                    raise
                log.info("%s %s, attempt %d: %s", method, path, attempt, exc)
                wait_s = min(retries.first_wait_s * 2 ** (attempt - 1), retries.max_wait_s)
                await self._sleep(wait_s * self._rng.uniform(0.8, 1.2))
        raise ValueError("At least one attempt is needed.")

    def _note(self, answer: Answer, bucket: Bucket) -> None:
        self.emulated = answer.header("x-emulator") is not None
        limit = wire.parse_rate_limit(answer)
        if answer.status_code != 429:
            self._limiter.answered(
                bucket,
                limit=None if limit is None else limit.limit,
                remaining=None if limit is None else limit.remaining,
            )

    def _watched(self, task: Task) -> Task:
        if task.word and not wire.knows_word(task.word) and task.word not in self._odd_words:
            self._odd_words.add(task.word)
            log.warning("Unknown task status %r; still waiting.", task.word)
        return task
