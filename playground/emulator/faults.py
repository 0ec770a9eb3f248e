"""What can be made to go wrong, where, how often; and which fault strikes the next request."""

import random
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from typing import Any, Self

from playground.emulator.dialect import OTHER_SYNONYMS, SYNONYMS, UPPER_CASE


class Endpoint(StrEnum):
    """Where a fault strikes. `task` is the fate of a task, drawn when it is created."""

    CREATE = "create"
    STATUS = "status"
    UPLOAD = "upload"
    BALANCE = "balance"
    PRICING = "pricing"
    MODELS = "models"
    FILE = "file"
    TASK = "task"


# The connection breaks before the request was read: nothing can have been accepted.
EARLY_BREAKS = frozenset({"reset_on_headers", "reset_mid_request", "hang_on_headers"})
SOCKET_BREAKS = EARLY_BREAKS | {
    "reset",
    "reset_mid_answer",
    "reset_after_answer",
    "eof",
    "eof_mid_answer",
    "hang",
    "stall_mid_answer",
}
BAD_ANSWERS = frozenset(
    {"slow", "error_500", "error_502", "error_504", "html_200", "broken_json", "empty_200"}
)
REFUSALS = frozenset(
    {
        "refuse_400",
        "refuse_401",
        "refuse_402",
        "refuse_403",
        "refuse_413",
        "refuse_422",
        "rate_limited",
        "rate_limit_unavailable",
    }
)
EVERYWHERE = SOCKET_BREAKS | BAD_ANSWERS | REFUSALS

ENDINGS = frozenset({"fail", "fail_billed", "moderate", "stuck", "slow"})
# Fates that change only how the task is spoken of: kind → switches of the dialect.
SPOKEN: Mapping[str, Mapping[str, Any]] = {
    "missing_url": {"url_place": "missing"},
    "top_level_url": {"url_place": "top"},
    "bare_url": {"url_place": "bare"},
    "data_url": {"url_place": "data"},
    "string_progress": {"progress_style": "percent"},
    "lying_progress": {"is_progress_honest": False},
    "unknown_status": {"unknown_word": "warming_up"},
    "upper_case": {"words": UPPER_CASE},
    "synonyms": {"words": SYNONYMS},
    "other_synonyms": {"words": OTHER_SYNONYMS},
    "string_error": {"failure_style": "string"},
    "fail_reason": {"failure_style": "fail_reason"},
    "message_error": {"failure_style": "message"},
    "numeric_codes": {"error_codes": "number"},
    "no_billing": {"has_billing": False},
    "task_id_key": {"id_key": "task_id"},
}

PICTURE_DAMAGES = frozenset(
    {
        "truncated",
        "corrupt",
        "oversized",
        "bomb",
        "gzip_bomb",
        "html",
        "wrong_type",
        "gone",
        "forbidden",
        "redirect",
        "dribble",
    }
)

KINDS: Mapping[Endpoint, frozenset[str]] = {
    Endpoint.CREATE: EVERYWHERE | {"no_id"},
    Endpoint.STATUS: EVERYWHERE | {"not_found", "task_not_exist", "error_in_200"},
    Endpoint.UPLOAD: EVERYWHERE | {"soft_refusal"},
    Endpoint.BALANCE: EVERYWHERE | {"soft_refusal"},
    Endpoint.PRICING: EVERYWHERE | {"pricing_unavailable", "model_not_found"},
    Endpoint.MODELS: EVERYWHERE,
    Endpoint.FILE: EVERYWHERE | PICTURE_DAMAGES,
    Endpoint.TASK: ENDINGS | SPOKEN.keys(),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """
    One thing that goes wrong.

    It strikes requests that would otherwise have been answered well: the key, the rate limit and
    the request itself have already been found good. The early breaks strike before any of that.
    """

    at: str
    kind: str
    times: int | None = None  # None: always
    skip: int = 0  # matching requests that pass unharmed first
    probability: float = 1.0
    model: str | None = None  # None: any model
    # Create only: the task exists and is charged although the answer is lost.
    is_charged: bool = True
    # Create only: a charged task that cannot be looked up until this long after.
    late_s: float = 0.0
    # How long a hang, a stall, a slow answer or a dribbled file takes; for a task, how much
    # longer it runs. None: the kind's own.
    seconds: float | None = None
    retry_after_s: float = 1.0
    is_retry_date: bool = False  # Retry-After as an HTTP date
    code: str | None = None  # the error code, where a kind has several
    to: str | None = None  # where a redirect leads
    # Status only: no longer strikes a task that is older than this.
    until_s: float | None = None

    def __post_init__(self) -> None:
        try:
            kinds = KINDS[Endpoint(self.at)]
        except ValueError:
            raise ValueError(f"No such place for a fault: {self.at!r}.") from None
        if self.kind not in kinds:
            raise ValueError(
                f"No such fault at {self.at}: {self.kind!r}. There are {', '.join(sorted(kinds))}."
            )
        if not 0 < self.probability <= 1:
            raise ValueError(f"probability must be in (0, 1]; got {self.probability}.")
        if (self.times is not None and self.times < 1) or self.skip < 0:
            raise ValueError("times must be at least 1 and skip at least 0.")
        for name in ("is_charged", "is_retry_date"):
            if not isinstance(getattr(self, name), bool):
                raise ValueError(f"{name} must be true or false; got {getattr(self, name)!r}.")
        if self.is_early and self.model is not None:
            raise ValueError(f"{self.kind} strikes before the model is known.")

    @property
    def is_early(self) -> bool:
        """Whether it strikes before the request has been read."""
        return self.kind in EARLY_BREAKS

    @property
    def is_refusal(self) -> bool:
        return self.kind in REFUSALS

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Self:
        """A fault from its fields; an unknown field or a value of the wrong type raises."""
        unknown = set(raw) - {item.name for item in fields(cls)}
        if unknown:
            raise ValueError(f"A fault has no such field: {', '.join(sorted(unknown))}.")
        try:
            return cls(**raw)
        except TypeError as exc:
            raise ValueError(f"Not a fault: {exc}.") from exc

    @classmethod
    def parse(cls, text: str) -> Self:
        """A fault from `place:kind[,field=value…]`, such as `create:reset,times=1`."""
        head, *options = text.split(",")
        place, colon, kind = head.partition(":")
        if not colon:
            raise ValueError(f"A fault is written place:kind; got {text!r}.")
        raw: dict[str, Any] = {"at": place.strip(), "kind": kind.strip()}
        for option in options:
            name, equals, value = option.partition("=")
            if not equals:
                raise ValueError(f"An option is written field=value; got {option!r}.")
            raw[name.strip()] = _option(name.strip(), value.strip())
        return cls.from_json(raw)


def _option(name: str, value: str) -> int | float | bool | str:
    if name in {"times", "skip"}:
        return int(value)
    if name in {"probability", "late_s", "seconds", "retry_after_s", "until_s"}:
        return float(value)
    if name.startswith("is_"):
        if value not in {"true", "false"}:
            raise ValueError(f"{name} must be true or false; got {value!r}.")
        return value == "true"
    return value


@dataclass(slots=True)
class _Entry:
    fault: Fault
    n_seen: int = 0
    n_struck: int = 0

    @property
    def is_spent(self) -> bool:
        return self.fault.times is not None and self.n_struck >= self.fault.times


@dataclass(slots=True)
class FaultBook:
    """The faults in force. May be changed from any thread while the server runs."""

    seed: int | None = None
    _entries: list[_Entry] = field(default_factory=list)
    _source: random.Random = field(init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._source = random.Random(self.seed)

    def add(self, *faults: Fault) -> None:
        with self._lock:
            self._entries.extend(_Entry(fault) for fault in faults)

    def replace(self, faults: list[Fault]) -> None:
        """These faults and no others, counted from zero."""
        with self._lock:
            self._entries = [_Entry(fault) for fault in faults]

    def clear(self) -> None:
        self.replace([])

    def listing(self) -> list[tuple[Fault, int]]:
        """Every fault, spent ones too, with how often it has struck."""
        with self._lock:
            return [(entry.fault, entry.n_struck) for entry in self._entries]

    def take_early(self, at: Endpoint) -> Fault | None:
        """The fault that breaks the connection before the request is read, or None."""
        return self._take(at, model=None, age_s=None, is_early=True)

    def take(
        self, at: Endpoint, *, model: str | None = None, age_s: float | None = None
    ) -> Fault | None:
        """
        The fault that strikes this request, the first in force that matches, or None.

        `age_s` is how old the task is that was asked for.
        """
        return self._take(at, model=model, age_s=age_s, is_early=False)

    def _take(
        self, at: Endpoint, *, model: str | None, age_s: float | None, is_early: bool
    ) -> Fault | None:
        with self._lock:
            for entry in self._entries:
                fault = entry.fault
                if fault.at != at or fault.is_early != is_early or entry.is_spent:
                    continue
                if fault.model is not None and fault.model != model:
                    continue
                if fault.until_s is not None and (age_s is None or age_s > fault.until_s):
                    continue
                entry.n_seen += 1
                if entry.n_seen <= fault.skip or self._source.random() >= fault.probability:
                    continue
                entry.n_struck += 1
                return fault
            return None
