"""What outlives the process: tasks, charges, uploads and webhook deliveries, in one SQLite file."""

import json
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from playground.emulator.tasks import Charge, Ending, Task, Upload

SCHEMA_VERSION = 1
MICRO = 1_000_000  # credits are stored as whole millionths, so that SQL can add them up
BUSY_TIMEOUT_S = 10.0

SCHEMA = """
CREATE TABLE tasks (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    user TEXT NOT NULL,
    client_business_id TEXT,
    created_at REAL NOT NULL,
    record TEXT NOT NULL
);
CREATE INDEX tasks_by_client ON tasks (user, client_business_id)
    WHERE client_business_id IS NOT NULL;
CREATE TABLE files (name TEXT PRIMARY KEY, task_id TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE charges (
    number INTEGER PRIMARY KEY,
    task_id TEXT NOT NULL,
    client_business_id TEXT,
    user TEXT NOT NULL,
    model TEXT NOT NULL,
    credits_micro INTEGER NOT NULL,
    charged_at REAL NOT NULL,
    refunded_at REAL
);
CREATE INDEX refunds ON charges (user, refunded_at, credits_micro) WHERE refunded_at IS NOT NULL;
CREATE TABLE accounts (user TEXT PRIMARY KEY, charged_micro INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE uploads (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    user TEXT NOT NULL,
    name TEXT NOT NULL UNIQUE,
    mime_type TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    created_at REAL NOT NULL
);
CREATE TABLE deliveries (
    event_id TEXT PRIMARY KEY,
    url TEXT NOT NULL,
    body TEXT NOT NULL,
    n_attempts INTEGER NOT NULL,
    due_at REAL,
    outcome TEXT NOT NULL
);
CREATE INDEX deliveries_due ON deliveries (due_at) WHERE due_at IS NOT NULL;
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One webhook event on its way. `due_at` None: delivered, or given up."""

    event_id: str
    url: str
    body: str
    n_attempts: int
    due_at: float | None
    outcome: str  # what came of the last attempt; empty before the first


class Store:
    """
    The emulator's memory. Every method is whole: a kill leaves all of it or none.

    Reading never waits for writing, so a slow disk delays the request that writes and no other.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600)  # the files SQLite puts beside it take the same
        self._write_lock = threading.Lock()
        self._read_lock = threading.Lock()
        self._writer = _connect(path)
        try:
            self._migrate(path)
        except ValueError:
            self._writer.close()
            raise
        self._reader = _connect(path)

    def _migrate(self, path: Path) -> None:
        self._writer.execute("PRAGMA journal_mode = WAL")
        # An accepted task must survive anything: the answer is sent only after the disk has it.
        self._writer.execute("PRAGMA synchronous = FULL")
        with self._transaction() as db:
            version = db.execute("PRAGMA user_version").fetchone()[0]
            if version == SCHEMA_VERSION:
                return
            if version != 0:
                raise ValueError(f"{path} was written by another version of the emulator.")
            for statement in SCHEMA.split(";"):
                db.execute(statement)
            db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")

    def close(self) -> None:
        with self._write_lock, self._read_lock:
            self._reader.close()
            self._writer.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._write_lock:
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield self._writer
            except BaseException:
                self._writer.execute("ROLLBACK")
                raise
            self._writer.execute("COMMIT")

    def _rows(self, sql: str, *values: object) -> list[sqlite3.Row]:
        with self._read_lock:
            return self._reader.execute(sql, values).fetchall()

    def add_task(self, task: Task, charge: Charge, deliveries: Sequence[Delivery] = ()) -> None:
        """Write a task, what it costs and the event it will send, on disk when this returns."""
        with self._transaction() as db:
            db.execute(
                "INSERT INTO tasks (id, user, client_business_id, created_at, record)"
                " VALUES (?, ?, ?, ?, ?)",
                (task.id, task.user, task.client_business_id, task.created_at, _dump(task)),
            )
            db.executemany(
                "INSERT INTO files (name, task_id) VALUES (?, ?)",
                [(name, task.id) for name in task.files],
            )
            _add_charge(db, charge)
            for delivery in deliveries:
                _add_delivery(db, delivery)

    def task(self, task_id: str) -> Task | None:
        rows = self._rows("SELECT record FROM tasks WHERE id = ?", task_id)
        return _load(rows[0]["record"]) if rows else None

    def task_of_client(self, user: str, client_business_id: str, *, now_s: float) -> Task | None:
        """The newest of the user's tasks with this id of theirs; ids may repeat."""
        rows = self._rows(
            "SELECT record FROM tasks WHERE user = ? AND client_business_id = ?"
            " AND created_at <= ? ORDER BY number DESC LIMIT 1",
            user,
            client_business_id,
            now_s,
        )
        return _load(rows[0]["record"]) if rows else None

    def task_of_file(self, name: str) -> Task | None:
        rows = self._rows(
            "SELECT record FROM tasks JOIN files ON files.task_id = tasks.id WHERE files.name = ?",
            name,
        )
        return _load(rows[0]["record"]) if rows else None

    def tasks(self) -> list[Task]:
        """Every task, oldest first."""
        return [
            _load(row["record"]) for row in self._rows("SELECT record FROM tasks ORDER BY number")
        ]

    def charges(self) -> list[Charge]:
        """Every charge, oldest first."""
        return [
            Charge(
                task_id=row["task_id"],
                client_business_id=row["client_business_id"],
                user=row["user"],
                model=row["model"],
                credits=Decimal(row["credits_micro"]) / MICRO,
                charged_at=row["charged_at"],
                refunded_at=row["refunded_at"],
            )
            for row in self._rows("SELECT * FROM charges ORDER BY number")
        ]

    def used_credits(self, user: str, *, now_s: float) -> Decimal:
        """What the user has been charged, less what has been refunded by now."""
        charged = self._rows("SELECT charged_micro FROM accounts WHERE user = ?", user)
        refunded = self._rows(
            "SELECT COALESCE(SUM(credits_micro), 0) FROM charges"
            " WHERE user = ? AND refunded_at IS NOT NULL AND refunded_at <= ?",
            user,
            now_s,
        )[0][0]
        return Decimal((charged[0]["charged_micro"] if charged else 0) - refunded) / MICRO

    def add_upload(self, upload: Upload) -> None:
        with self._transaction() as db:
            db.execute(
                "INSERT INTO uploads (id, user, name, mime_type, size_bytes, created_at)"
                " VALUES (:id, :user, :name, :mime_type, :size_bytes, :created_at)",
                asdict(upload),
            )

    def upload(self, name: str) -> Upload | None:
        found = self._uploads("WHERE name = ?", name)
        return found[0] if found else None

    def uploads(self) -> list[Upload]:
        """Every upload, oldest first."""
        return self._uploads("ORDER BY number")

    def _uploads(self, tail: str, *values: object) -> list[Upload]:
        columns = "id, user, name, mime_type, size_bytes, created_at"
        return [
            Upload(**dict(row))
            for row in self._rows(f"SELECT {columns} FROM uploads {tail}", *values)
        ]

    def add_delivery(self, delivery: Delivery) -> None:
        with self._transaction() as db:
            _add_delivery(db, delivery)

    def update_delivery(self, delivery: Delivery) -> None:
        with self._transaction() as db:
            db.execute(
                "UPDATE deliveries SET n_attempts = :n_attempts, due_at = :due_at,"
                " outcome = :outcome WHERE event_id = :event_id",
                asdict(delivery),
            )

    def deliveries_due(self, *, now_s: float, limit: int) -> list[Delivery]:
        """Events whose next attempt is due, the longest due first."""
        rows = self._rows(
            "SELECT * FROM deliveries WHERE due_at <= ? ORDER BY due_at LIMIT ?", now_s, limit
        )
        return [Delivery(**dict(row)) for row in rows]

    def deliveries(self) -> list[Delivery]:
        """Every event, in no order."""
        return [Delivery(**dict(row)) for row in self._rows("SELECT * FROM deliveries")]


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
    )
    connection.row_factory = sqlite3.Row
    return connection


def _add_charge(db: sqlite3.Connection, charge: Charge) -> None:
    micro = int(charge.credits * MICRO)
    db.execute(
        "INSERT INTO charges (task_id, client_business_id, user, model, credits_micro,"
        " charged_at, refunded_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            charge.task_id,
            charge.client_business_id,
            charge.user,
            charge.model,
            micro,
            charge.charged_at,
            charge.refunded_at,
        ),
    )
    db.execute(
        "INSERT INTO accounts (user, charged_micro) VALUES (?, ?)"
        " ON CONFLICT (user) DO UPDATE SET charged_micro = charged_micro + excluded.charged_micro",
        (charge.user, micro),
    )


def _add_delivery(db: sqlite3.Connection, delivery: Delivery) -> None:
    db.execute(
        "INSERT INTO deliveries (event_id, url, body, n_attempts, due_at, outcome)"
        " VALUES (:event_id, :url, :body, :n_attempts, :due_at, :outcome)",
        asdict(delivery),
    )


def _dump(task: Task) -> str:
    # ASCII: a prompt may hold a lone surrogate, which JSON can escape and UTF-8 cannot write.
    return json.dumps({**asdict(task), "credits": str(task.credits)})


def _load(record: str) -> Task:
    raw: dict[str, Any] = json.loads(record)
    return Task(
        **{
            **raw,
            "ending": Ending(raw["ending"]),
            "credits": Decimal(raw["credits"]),
            "references": tuple(raw["references"]),
            "files": tuple(raw["files"]),
        }
    )
