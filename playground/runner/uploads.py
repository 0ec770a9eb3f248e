"""Addresses of references already uploaded: once per content and account, shared by all lanes."""

import asyncio
import json
import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from playground.client import Service
from playground.errors import InvalidRequestError, StorageError
from playground.sayings import said
from playground.schema import Reference

# The service does not say how long an upload lives. Results live for 24 hours, so an upload is
# trusted for a little less; a dead address would cost a failed task, not money.
TRUSTED_FOR = timedelta(hours=20)


class Uploads:
    """Remembers in a file of one JSON line per upload; several programs may append."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[tuple[str, str], tuple[str, datetime]] = {}
        self._under_way: dict[tuple[str, str], asyncio.Task[str]] = {}
        self._read()

    async def urls(self, service: Service, references: Sequence[Reference]) -> tuple[str, ...]:
        """
        The address of each reference, in order; what is not known yet is uploaded.

        Raises:
            ServiceError, NetworkError: An upload was refused or got no answer; nothing is paid.

            UnusableReferenceError: The file of one is gone.
        """
        return tuple(
            await asyncio.gather(*(self._url(service, reference) for reference in references))
        )

    async def _url(self, service: Service, reference: Reference) -> str:
        if reference.url is not None:
            return reference.url
        if reference.path is None or reference.sha256 is None or reference.mime_type is None:
            raise InvalidRequestError(
                said("Reference {name!r} has neither a file nor an address.", name=reference.name),
                field="references",
            )
        key = (f"{service.host} {service.fingerprint}", reference.sha256)
        known = self._known.get(key)
        # A time that lies ahead was written under another clock: nobody knows its age.
        if known is not None and timedelta(0) <= datetime.now(UTC) - known[1] < TRUSTED_FOR:
            return known[0]
        if key not in self._under_way:
            task = asyncio.create_task(
                self._upload(service, key, reference.path, reference.mime_type)
            )
            self._under_way[key] = task
            task.add_done_callback(lambda _: self._under_way.pop(key, None))
        # One lane that stops waiting must not take the upload away from the other.
        return await asyncio.shield(self._under_way[key])

    async def _upload(
        self, service: Service, key: tuple[str, str], path: Path, mime_type: str
    ) -> str:
        url = await service.upload(path, mime_type)
        now = datetime.now(UTC)
        self._known[key] = (url, now)
        self._write(key, url, now)
        return url

    def _write(self, key: tuple[str, str], url: str, now: datetime) -> None:
        line = json.dumps(
            {"account": key[0], "sha256": key[1], "url": url, "at": now.isoformat()},
        )
        try:
            handle = os.open(self._path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)
            with os.fdopen(handle, "a", encoding="utf-8") as file:
                file.write(f"{line}\n")
        except OSError as exc:
            raise StorageError(
                said(
                    "{path} cannot be written ({strerror}). Nothing was bought.",
                    path=self._path,
                    strerror=exc.strerror,
                )
            ) from exc

    def _read(self) -> None:
        try:
            text = self._path.read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            return
        for line in text.splitlines():
            try:
                facts = json.loads(line)
                key = (facts["account"], facts["sha256"])
                self._known[key] = (facts["url"], datetime.fromisoformat(facts["at"]))
            except (ValueError, KeyError, TypeError):
                continue  # a torn line only costs one upload
