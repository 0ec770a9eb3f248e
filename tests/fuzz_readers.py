"""Everything that reads what somebody else wrote, each fed with damaged and invented input."""

import hashlib
import hmac
import json
import random
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from playground.errors import PlaygroundError
from playground.experiment.plan import Settings, make_plan
from playground.experiment.plan_file import load_plan, plan_bytes
from playground.experiment.prompts import from_csv, from_file, from_lines
from playground.experiment.templates import fill
from playground.history.marks import load_marks
from playground.images import decoding, embedding
from playground.journal import Journal
from playground.journal.facts import parse_line
from playground.judging.votes import load_votes
from playground.provenance.records import from_json, read_provenance, restored
from playground.references import prepare_reference, url_reference
from playground.runlog import RunLog, load_runs
from playground.wire import (
    Answer,
    check_key,
    error_from,
    normalise_base_url,
    parse_balance,
    parse_create,
    parse_models,
    parse_prices,
    parse_rate_limit,
    parse_retry_after,
    parse_status,
    parse_upload,
    read_webhook,
)
from tests import nasty

SAMPLE = Path(__file__).resolve().parent.parent / "notebooks" / "sample"
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
SECRET = "0123456789abcdef0123456789abcdef"
STATUSES = (200, 201, 204, 302, 400, 401, 402, 403, 404, 408, 413, 415, 422, 429, 500, 502, 503)
WORDS = (
    *("id", "task_id", "data", "status", "url", "result", "error", "code", "message", "success"),
    *("created_at", "completed_at", "expires_at", "progress", "billing", "amount", "balance"),
    *("completed", "failed", "processing", "queued", "images", "type", "event", "flux-2-pro"),
    *("metadata", "price", "models", "remain_quota", "unlimited", "generation"),
)
HEADER_NAMES = (
    "content-type",
    "retry-after",
    "x-ratelimit-remaining",
    "x-ratelimit-limit",
    "x-ratelimit-reset",
)
Reader = Callable[[random.Random], object]


class Readers:
    """Each method reads one hostile thing; only a `PlaygroundError` may come out of it."""

    def __init__(self, folder: Path, pictures: list[bytes]) -> None:
        self._folder = folder
        self._pictures = pictures
        self._plan = plan_bytes(
            make_plan(
                fill(from_lines("A cat\nA dog | tag"), limit=9),
                Settings(),
                app_version="1",
                at=NOON,
                seed=1,
            )
        )
        self._logs = {name: (SAMPLE / name).read_bytes()[:4_000] for name in _LOG_READERS}

    def all(self) -> dict[str, Reader]:
        """By name."""
        return {
            name.removeprefix("read_"): getattr(self, name)
            for name in sorted(dir(self))
            if name.startswith("read_")
        }

    # ---- the service ----------------------------------------------------------------------------

    def read_answer(self, rng: random.Random) -> object:
        body = rng.choice(
            (
                lambda: rng.choice(nasty.RAW_JSON),
                lambda: rng.randbytes(rng.randrange(200)),
                lambda: nasty.as_json(rng, nasty.value(rng, WORDS, depth=5)),
                lambda: nasty.as_json(rng, nasty.changed(rng, _TASK, WORDS)),
                lambda: nasty.as_json(rng, nasty.changed(rng, {"code": 1, "data": _TASK}, WORDS)),
            )
        )()
        headers = {
            rng.choice(HEADER_NAMES): str(nasty.value(rng))[:300] for _ in range(rng.randrange(3))
        }
        answer = Answer(status_code=rng.choice(STATUSES), headers=headers, body=body)
        read: Any = rng.choice(
            (
                parse_create,
                parse_balance,
                parse_models,
                parse_prices,
                parse_upload,
                error_from,
                parse_retry_after,
                lambda it, now: parse_status(it, asked_id="task_1", now=now, secrets=("sk-x",)),
                lambda it, now: parse_rate_limit(it),
            )
        )
        return read(answer, now=NOON)

    def read_webhook(self, rng: random.Random) -> object:
        told = nasty.changed(rng, {"event": "task.completed", "data": _TASK, "id": "e1"}, WORDS)
        body = nasty.as_json(rng, told) if rng.random() < 0.8 else rng.choice(nasty.RAW_JSON)
        event_id = "evt_1" if rng.random() < 0.8 else rng.choice(nasty.TEXTS)
        stamp = str(int(NOON.timestamp())) if rng.random() < 0.8 else rng.choice(nasty.TEXTS)
        message = b".".join(
            (event_id.encode("utf-8", "replace"), stamp.encode("utf-8", "replace"), body)
        )
        good = hmac.new(SECRET.encode(), message, hashlib.sha256).hexdigest()
        headers = {
            "X-ToAPIs-Webhook-Id": event_id,
            "X-ToAPIs-Webhook-Timestamp": stamp,
            "X-ToAPIs-Webhook-Signature": f"v1={good}"
            if rng.random() < 0.8
            else str(nasty.value(rng)),
        }
        if rng.random() < 0.1:
            del headers[rng.choice(list(headers))]
        # As a server hands them on: every header is Latin-1.
        headers = {
            name: value.encode("utf-8", "replace").decode("latin-1")
            for name, value in headers.items()
        }
        return read_webhook(headers, body, secret=SECRET, now_s=NOON.timestamp())

    def read_typed_word(self, rng: random.Random) -> object:
        word = str(nasty.value(rng, ("https://toapis.com", "sk-abcdefgh1234", "http://localhost")))
        return rng.choice((check_key, normalise_base_url, url_reference))(word)

    # ---- plans ----------------------------------------------------------------------------------

    def read_plan(self, rng: random.Random) -> object:
        tree = nasty.changed(rng, json.loads(self._plan), tuple(json.loads(self._plan)))
        data = nasty.as_json(rng, tree) if rng.random() < 0.7 else nasty.damaged(rng, self._plan)
        return load_plan(self._file("plan.json", data), references_dir=self._folder / "references")

    def read_prompt_file(self, rng: random.Random) -> object:
        data = nasty.damaged(rng, 'prompt,tags,x\n“a”,b,1\n"c\nd",e,2\n'.encode())
        name = rng.choice(("a.csv", "a.txt", "a.tsv", "a"))
        return fill(from_file(self._file(name, data)), template="{{x}}", limit=100)

    def read_prompts(self, rng: random.Random) -> object:
        text = "\n".join(str(nasty.value(rng)) for _ in range(rng.randrange(4)))
        table = rng.choice((from_lines, from_csv))(text)
        lists = {nasty.key(rng): [str(nasty.value(rng))] for _ in range(rng.randrange(3))}
        template = rng.choice((None, "{{a}} {{b}}", *nasty.TEXTS))
        return fill(table, template=template, lists=lists, limit=100)

    # ---- pictures -------------------------------------------------------------------------------

    def read_reference(self, rng: random.Random) -> object:
        data = nasty.damaged(rng, rng.choice(self._pictures))
        return prepare_reference(
            data, name=str(nasty.value(rng)), folder=self._folder / "references", shrink=True
        )

    def read_picture(self, rng: random.Random) -> object:
        data = nasty.damaged(rng, rng.choice(self._pictures))
        read: Any = rng.choice(
            (decoding.decode, embedding.embedded_text, embedding.without_text, read_provenance)
        )
        return read(data)

    def read_dropped_record(self, rng: random.Random) -> object:
        told = nasty.changed(rng, nasty.changed(rng, _RECORD, tuple(_RECORD)), tuple(_RECORD))
        record = from_json(nasty.as_json(rng, told))
        return None if record is None else restored(record, self._folder / "references")

    # ---- our own files --------------------------------------------------------------------------

    def read_log(self, rng: random.Random) -> object:
        name = rng.choice(tuple(_LOG_READERS))
        return _LOG_READERS[name](self._file(name, nasty.damaged(rng, self._logs[name])))

    def read_log_again(self, rng: random.Random) -> object:
        path = self._file("runs.csv", nasty.damaged(rng, self._logs["runs.csv"]))
        log = RunLog(path)
        return len(log), log.recent(3), log.get("run_1")

    def read_journal(self, rng: random.Random) -> object:
        line = nasty.as_json(rng, nasty.changed(rng, _FACTS, ("run", "facts", "at", "attempt")))
        if rng.random() < 0.7:
            return parse_line(line)
        folder = self._folder / f"journal-{nasty.word(rng)}"
        folder.mkdir()
        (folder / f"{nasty.word(rng)}.jsonl").write_bytes(b"\n".join((line, *nasty.RAW_JSON, line)))
        journal = Journal.open(folder)
        try:
            return journal.adopt(), journal.open_runs()
        finally:
            journal.close()

    def _file(self, name: str, data: bytes) -> Path:
        path = self._folder / name
        path.write_bytes(data)
        return path


def run_reader(reader: Reader, rng: random.Random) -> str | None:
    """What went wrong: any error that is not one of ours; None when nothing did."""
    try:
        reader(rng)
    except PlaygroundError as exc:
        return None if str(exc) else "an error without words"
    except Exception as exc:  # noqa: BLE001 what comes out is what is looked for
        return f"{type(exc).__name__}: {exc}"
    return None


_LOG_READERS: dict[str, Callable[[Path], object]] = {
    "runs.csv": load_runs,
    "votes.csv": load_votes,
    "marks.csv": load_marks,
}
_TASK = {
    "id": "task_1",
    "status": "completed",
    "progress": 100,
    "created_at": 1_795_000_000,
    "completed_at": 1_795_000_009,
    "expires_at": 1_795_086_400,
    "result": {"type": "image", "data": [{"url": "https://files.example.org/a.png"}]},
    "billing": {"amount": 0.047, "currency": "USD", "status": "settled"},
    "error": None,
}
_RECORD = {
    "format": "flux-playground/1",
    "run_id": "run_1",
    "model": "flux-2-pro",
    "prompt": "A cat",
    "size": "1:1",
    "resolution": "1K",
    "created_at": "2026-11-22T12:00:00+00:00",
    "references": [{"sha256": "0" * 64}, {"url": "https://example.org/a.png"}],
}
_FACTS = {
    "run": "run_1",
    "facts": [
        ["intent", {"at": "2026-11-22T12:00:00+00:00", "run": {"prompt": "a"}}],
        ["sent", {"at": "2026-11-22T12:00:01+00:00", "attempt": 1}],
        ["accepted", {"at": "2026-11-22T12:00:02+00:00", "task_id": "t1"}],
    ],
}
