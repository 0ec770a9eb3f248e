"""How much of a body is read, how long that may take, and what then goes on to the framework."""

import asyncio
import shutil
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from starlette.datastructures import Headers
from starlette.formparsers import MultiPartException
from starlette.types import Message, Receive

MAX_JSON_BYTES = 8_000_000  # the longest list of prompts that a box takes, in any script
MAX_HELD_BYTES = 64_000_000  # of all large bodies that are being read at this moment
MAX_PLACE_BYTES = 16_000_000  # of all bodies from one place, so that nobody takes it all
SMALL_BYTES = 256_000  # so large a body is read however much the others send
JSON_WITHIN_S = 30.0
CHUNK_WITHIN_S = 30.0  # an upload may take long, but not stand still
FORM_BYTES = 100_000  # what a form has around its file
MIN_FREE_BYTES = 500_000_000  # kept for the journal and the pictures that are paid for
_LONGEST_LENGTH = 20  # digits; more are no length of anything


class RefusedError(Exception):
    """A request that is not let in; becomes an answer in `Door` and goes no further."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status, self.words = status, words


@dataclass(frozen=True, slots=True)
class Limits:
    """How much, and how long. `upload_bytes` is what one upload may have in all."""

    upload_bytes: int
    json_bytes: int = MAX_JSON_BYTES
    held_bytes: int = MAX_HELD_BYTES
    place_bytes: int = MAX_PLACE_BYTES
    small_bytes: int = SMALL_BYTES
    json_within_s: float = JSON_WITHIN_S
    chunk_within_s: float = CHUNK_WITHIN_S
    min_free_bytes: int = MIN_FREE_BYTES


class Bodies:
    """Reads the bodies of all requests of one server; `upload_dir` is on the disk uploads fill."""

    def __init__(self, limits: Limits, *, upload_dir: Path) -> None:
        self._limits = limits
        self._upload_dir = upload_dir
        self._held_bytes = 0
        self._place_bytes: Counter[str] = Counter()

    async def whole(
        self, headers: Headers, receive: Receive, *, place: str = "", max_bytes: int | None = None
    ) -> bytes:
        """
        A body of limited size.

        Args:
            place: Where it comes from: what is read at once from one place is limited.

            max_bytes: None: what JSON may have.

        Raises:
            RefusedError: Too large, too slow, compressed, broken off, or too many at once.
        """
        limits = self._limits
        limit = limits.json_bytes if max_bytes is None else max_bytes
        _refuse_size(headers, limit)
        chunks: list[bytes] = []
        size, held = 0, 0
        try:
            async with asyncio.timeout(limits.json_within_s):
                more = True
                while more:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        raise RefusedError(400, "The body ended too early.")
                    chunk = message.get("body", b"")
                    size += len(chunk)
                    self._place_bytes[place] += len(chunk)
                    if size > limit:
                        raise RefusedError(413, _too_large(limit))
                    if self._place_bytes[place] > limits.place_bytes:
                        raise RefusedError(503, "You are sending too much. Try again shortly.")
                    if size > limits.small_bytes:
                        self._held_bytes += size - held
                        held = size
                        if self._held_bytes > limits.held_bytes:
                            raise RefusedError(503, "Too much is being sent. Try again shortly.")
                    chunks.append(chunk)
                    more = message.get("more_body", False)
        except TimeoutError as exc:
            raise RefusedError(408, "The body came too slowly.") from exc
        finally:
            self._held_bytes -= held
            self._place_bytes[place] -= size
            if not self._place_bytes[place]:
                del self._place_bytes[place]
        return b"".join(chunks)

    async def upload(self, headers: Headers, receive: Receive) -> Receive:
        """
        What the framework may receive of an upload: it ends with an error of the framework's own
        when it grows too large, stands still or breaks off. Any other error would leave the
        unfinished file on the disk.

        Raises:
            RefusedError: It is announced as too large, is compressed, or the disk is nearly full.
        """
        _refuse_size(headers, self._limits.upload_bytes)
        await asyncio.to_thread(self._refuse_full_disk)
        size, is_whole = 0, False

        async def counted() -> Message:
            nonlocal size, is_whole
            if is_whole:
                return await receive()
            try:
                async with asyncio.timeout(self._limits.chunk_within_s):
                    message = await receive()
            except TimeoutError as exc:
                raise MultiPartException("The upload stood still for too long.") from exc
            if message["type"] == "http.disconnect":
                raise MultiPartException("The upload ended too early.")
            size += len(message.get("body", b""))
            is_whole = not message.get("more_body", False)
            if size > self._limits.upload_bytes:
                # With the words by which the framework tells a 413 from a 400.
                raise MultiPartException(
                    f"This is more than the maximum allowed size of {self._limits.upload_bytes}."
                )
            return message

        return counted

    def _refuse_full_disk(self) -> None:
        places = (self._upload_dir, *self._upload_dir.parents)
        folder = next(each for each in places if each.exists())
        if shutil.disk_usage(folder).free < self._limits.min_free_bytes:
            raise RefusedError(507, "The disk of this server is nearly full.")


def replayed(body: bytes, receive: Receive) -> Receive:
    """A body that was read already, once more."""
    is_told = False

    async def replay() -> Message:
        nonlocal is_told
        if is_told:
            return await receive()
        is_told = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay


def _refuse_size(headers: Headers, limit: int) -> None:
    # A bomb would be small here and large once the framework has unpacked it.
    if headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
        raise RefusedError(415, "Compressed bodies are not taken.")
    told = headers.get("content-length", "0")
    if not told.isdecimal() or len(told) > _LONGEST_LENGTH or int(told) > limit:
        raise RefusedError(413, _too_large(limit))


def _too_large(limit: int) -> str:
    return f"This is too large; the limit is {limit:,} bytes."
