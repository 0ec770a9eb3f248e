"""Where a picture comes from: the record an exported file carries, read back from it, and found in the log."""

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from playground.errors import PictureError, UnusableReferenceError
from playground.images import containers
from playground.images.decoding import decode
from playground.images.embedding import (
    MAX_TEXT_BYTES,
    as_it_came,
    embed_text,
    embedded_text,
)
from playground.images.measurement import SAME_WITHIN_BITS, difference_hash
from playground.references import MIME_TYPES, url_reference
from playground.schema import Origin, Reference, Request, Run

SCHEMA = "flux-playground/run/1"
# What `find_run` needs to know of each run.
FOUND_COLUMNS = ("run_id", "sha256", "dhash")

MAX_REFERENCES = 64
_MAX_WORD_CHARACTERS = 200
_MAX_URL_CHARACTERS = 2_000
_SHA256 = re.compile(r"[0-9a-f]{64}")
_DHASH = re.compile(r"[0-9a-f]{16}")
_BY_ADDRESS = "-"
# One colour all over gives this hash whatever the colour, so it tells nothing.
_PLAIN_DHASH = "0" * 16


@dataclass(frozen=True, slots=True, kw_only=True)
class SentReference:
    """A reference of a request: by content, or by public address; both None: not to be told."""

    sha256: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """
    How a picture was made. `prompt` is None when it was too long to be carried.

    Holds no key, no path and no address at the service. A reference's address is left out
    when it has a query, which may be a secret.
    """

    app_version: str
    run_id: str
    comparison_id: str
    task_id: str | None
    origin: Origin
    made_at: datetime | None
    picture_sha256: str  # of the file as it came from the service
    request_sha256: str
    model: str
    prompt: str | None
    size: str
    resolution: str
    references: tuple[SentReference, ...] = ()


def provenance_of(run: Run) -> Provenance:
    """
    The record of a run that has a picture.

    Raises:
        ValueError: It has none.
    """
    if run.sha256 is None:
        raise ValueError(f"Run {run.run_id} has no picture.")
    hashes = (run.reference_sha256 or "").split()
    urls = (run.reference_urls or "").split()
    return Provenance(
        app_version=run.app_version,
        run_id=run.run_id,
        comparison_id=run.comparison_id,
        task_id=run.task_id,
        origin=Origin(run.origin),
        made_at=run.finished_at,
        picture_sha256=run.sha256,
        request_sha256=run.request_sha256,
        model=run.model,
        prompt=run.prompt,
        size=run.size,
        resolution=run.resolution,
        references=tuple(_sent(sha, url) for sha, url in zip(hashes, urls, strict=False)),
    )


def exported(data: bytes, run: Run) -> bytes:
    """
    A copy of a run's picture that carries its record; no coded pixel is touched.

    A record that would be too long goes without the prompt.

    Raises:
        PictureError: Not a PNG, JPEG or WebP picture, or damaged.
        ValueError: The run has no picture.
    """
    return embed_text(data, to_json(provenance_of(run)))


def stripped(data: bytes) -> bytes:
    """
    The same picture without any metadata, for showing it blind; no coded pixel is touched.

    Raises:
        PictureError: It cannot be done by dropping bytes.
    """
    clean = containers.without_metadata(data)
    if clean is None:
        raise PictureError(
            "The picture's metadata cannot be taken out, so it cannot be shown blind."
        )
    return clean


def to_json(record: Provenance) -> bytes:
    """One JSON object in UTF-8, at most MAX_TEXT_BYTES; without the prompt if it must be."""
    text = _encoded(record, record.prompt)
    return text if len(text) <= MAX_TEXT_BYTES else _encoded(record, None)


def from_json(text: bytes) -> Provenance | None:
    """
    The record such a text spells; None for anything else, however hostile.

    Nothing in it is run, opened or fetched. It is a claim of whoever wrote the file: show it as
    text, and check a request made of it like any other.
    """
    if len(text) > MAX_TEXT_BYTES:
        return None
    try:
        told = json.loads(text.decode(), parse_constant=_no_constant)
        return _record(told)
    except (ValueError, OverflowError, RecursionError):
        return None


def read_provenance(data: bytes) -> Provenance | None:
    """The record a picture file carries; None if it carries none of ours."""
    text = embedded_text(data)
    return None if text is None else from_json(text)


class Found(StrEnum):
    """How surely a picture is that of a run, the surest first."""

    FILE = "file"  # to the byte
    EXPORT = "export"  # to the byte, but for the record we put in
    RECORD = "record"  # it carries that run's record, but was changed since
    LOOKS = "looks"  # it looks the same


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """The run a picture belongs to. `distance_bits` (of 64) is set when it only looks the same."""

    run_id: str
    how: Found
    distance_bits: int | None = None


def find_run(data: bytes, runs: pd.DataFrame) -> Match | None:
    """
    The run among `runs`, with FOUND_COLUMNS, whose picture this is; None if it is none of them.

    By hash of the file, by that of the file without our record, by the record, and last by
    looks: the nearest difference hash within 5 bits, of equally near ones the latest.

    Raises:
        PictureError: Not a whole PNG, JPEG or WebP picture.
    """
    image = decode(data)
    for how, candidates in ((Found.FILE, (data,)), (Found.EXPORT, as_it_came(data))):
        for candidate in candidates:
            same = runs["run_id"][runs["sha256"] == hashlib.sha256(candidate).hexdigest()]
            if len(same):
                return Match(run_id=str(same.iloc[-1]), how=how)
    record = read_provenance(data)
    if record is not None and (runs["run_id"] == record.run_id).any():
        return Match(run_id=record.run_id, how=Found.RECORD)
    return _alike(difference_hash(image), runs)


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """A request made of a record. `missing`: the numbers, from 1, of references not found here."""

    request: Request
    missing: tuple[int, ...]


def restored(
    record: Provenance,
    references_dir: Path,
    *,
    may_use: Callable[[str], bool] = lambda _sha256: True,
) -> Restored | None:
    """
    The request a record tells of, with the references that are kept here; None without a prompt.

    Args:
        may_use: Whether the reference with that hash may be handed to whoever has the record:
            anybody can write one, and a hash proves nothing.

    References keep their order; `catalog.check` has yet to say whether it can be sent.
    """
    if record.prompt is None:
        return None
    references, missing = [], []
    for number, sent in enumerate(record.references, start=1):
        is_hidden = sent.sha256 is not None and not may_use(sent.sha256)
        reference = None if is_hidden else _kept(number, sent, references_dir)
        if reference is None:
            missing.append(number)
        else:
            references.append(reference)
    request = Request(
        model=record.model,
        prompt=record.prompt,
        size=record.size,
        resolution=record.resolution,
        references=tuple(references),
    )
    return Restored(request=request, missing=tuple(missing))


# ---- the record as text -----------------------------------------------------------------------


def _sent(sha256: str, url: str) -> SentReference:
    if sha256 != _BY_ADDRESS:
        return SentReference(sha256=sha256)
    return SentReference(url=None if "?" in url or "#" in url else url)


def _encoded(record: Provenance, prompt: str | None) -> bytes:
    told = {
        "schema": SCHEMA,
        "app_version": record.app_version,
        "run_id": record.run_id,
        "comparison_id": record.comparison_id,
        "task_id": record.task_id,
        "origin": record.origin,
        "made_at": None if record.made_at is None else record.made_at.isoformat(),
        "picture_sha256": record.picture_sha256,
        "request_sha256": record.request_sha256,
        "request": {
            "model": record.model,
            "prompt": prompt,
            "size": record.size,
            "resolution": record.resolution,
            "references": [{"sha256": r.sha256, "url": r.url} for r in record.references],
        },
    }
    # Half a character becomes \ud800, which JSON reads back as what it was.
    return json.dumps(told, ensure_ascii=False).encode(errors="backslashreplace")


def _no_constant(word: str) -> None:
    raise ValueError(f"{word} is no JSON")


def _record(told: Any) -> Provenance:
    """
    Raises:
        ValueError: Something in it is not as we write it.
    """
    facts = _object(told)
    if facts.get("schema") != SCHEMA:
        raise ValueError("not a record of ours")
    request = _object(facts.get("request"))
    references = request.get("references")
    if not isinstance(references, list) or len(references) > MAX_REFERENCES:
        raise ValueError("no list of references")
    prompt, made_at = request.get("prompt"), facts.get("made_at")
    if not (prompt is None or isinstance(prompt, str)):
        raise ValueError("no prompt")
    return Provenance(
        app_version=_word(facts, "app_version"),
        run_id=_word(facts, "run_id"),
        comparison_id=_word(facts, "comparison_id"),
        task_id=None if facts.get("task_id") is None else _word(facts, "task_id"),
        origin=Origin(_word(facts, "origin")),
        made_at=None if made_at is None else _time(_word(facts, "made_at")),
        picture_sha256=_hash(facts, "picture_sha256"),
        request_sha256=_hash(facts, "request_sha256"),
        model=_word(request, "model"),
        prompt=prompt,
        size=_word(request, "size"),
        resolution=_word(request, "resolution"),
        references=tuple(_reference(_object(reference)) for reference in references),
    )


def _object(told: Any) -> Mapping[str, Any]:
    if not isinstance(told, dict):
        raise ValueError("no object")
    return told


def _word(facts: Mapping[str, Any], name: str, *, most: int = _MAX_WORD_CHARACTERS) -> str:
    word = facts.get(name)
    if not isinstance(word, str) or not 0 < len(word) <= most or not word.isprintable():
        raise ValueError(f"{name} is no word")
    return word


def _hash(facts: Mapping[str, Any], name: str) -> str:
    word = _word(facts, name)
    if not _SHA256.fullmatch(word):
        raise ValueError(f"{name} is no hash")
    return word


def _time(word: str) -> datetime:
    moment = datetime.fromisoformat(word)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _reference(facts: Mapping[str, Any]) -> SentReference:
    return SentReference(
        sha256=None if facts.get("sha256") is None else _hash(facts, "sha256"),
        url=None if facts.get("url") is None else _word(facts, "url", most=_MAX_URL_CHARACTERS),
    )


# ---- finding ----------------------------------------------------------------------------------


def _alike(dhash: str, runs: pd.DataFrame) -> Match | None:
    if dhash == _PLAIN_DHASH:
        return None
    known = runs[runs["dhash"].str.fullmatch(_DHASH).fillna(False).astype(bool)]
    if known.empty:
        return None
    hashes = np.fromiter((int(digits, 16) for digits in known["dhash"]), np.uint64, len(known))
    distances = np.bitwise_count(hashes ^ np.uint64(int(dhash, 16)))
    nearest = len(distances) - 1 - int(np.argmin(distances[::-1]))
    if distances[nearest] > SAME_WITHIN_BITS:
        return None
    return Match(
        run_id=str(known["run_id"].iloc[nearest]),
        how=Found.LOOKS,
        distance_bits=int(distances[nearest]),
    )


def _kept(number: int, sent: SentReference, folder: Path) -> Reference | None:
    name = f"image {number}"
    if sent.sha256 is None:
        return None if sent.url is None else _by_address(sent.url, name)
    for ending, mime_type in MIME_TYPES.items():
        path = folder / f"{sent.sha256}{ending}"
        if path.is_file():
            return Reference(
                name=name,
                path=path,
                sha256=sent.sha256,
                mime_type=mime_type,
                size_bytes=path.stat().st_size,
            )
    return None


def _by_address(url: str, name: str) -> Reference | None:
    try:
        return url_reference(url, name=name)
    except UnusableReferenceError:
        return None
