"""The nouns: a request, a reference, a task, a run (one row of the log, each column declared here once)."""

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any


class Origin(StrEnum):
    """Where a picture came from. Emulated and live are never counted together."""

    EMULATED = "emulated"
    LIVE = "live"


class RunStatus(StrEnum):
    """How a run ended; every run ends in exactly one of these."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"  # accepted, then no usable picture
    REFUSED = "refused"  # not accepted, not charged
    CANCELLED = "cancelled"  # stopped before it was sent
    TIMED_OUT = "timed_out"  # never final within the life of a result
    UNCONFIRMED = "unconfirmed"  # sent, answer lost, not found again: may have been charged


class TaskState(StrEnum):
    """Where the service says a task is."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"

    @property
    def is_final(self) -> bool:
        return self in (TaskState.SUCCEEDED, TaskState.FAILED)


class BillingStatus(StrEnum):
    """What the service says about the charge of a task; no word at all is None, not free."""

    PENDING = "pending"
    SETTLED = "settled"
    REFUNDED = "refunded"


class EstimateKind(StrEnum):
    """What a price before the run rests on."""

    ESTIMATED = "estimated"  # another seller's published price
    QUOTED = "quoted"  # the service's own GET /v1/pricing for this key


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A price before the run, with what it rests on."""

    usd: Decimal
    kind: EstimateKind
    source: str
    dated: str  # ISO date on which the source said so, or a year when no more is known


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """
    A picture sent along with the prompt.

    Either a local file, already checked and turned upright (`path` and `sha256` set), or a
    public address (`url` set, the rest None because it was never downloaded).
    """

    name: str  # for people: the original file name or the address
    path: Path | None = None
    sha256: str | None = None
    url: str | None = None
    mime_type: str | None = None
    width_px: int | None = None
    height_px: int | None = None
    size_bytes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is sent for one picture."""

    model: str
    prompt: str
    size: str = "1:1"  # the ratio, in the service's spelling
    resolution: str = "1K"
    references: tuple[Reference, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Billing:
    """The service's word on the charge; amounts None while pending or when not told."""

    status: BillingStatus
    usd: Decimal | None = None
    credits: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One answer about a task in flight, in our words."""

    task_id: str
    state: TaskState
    word: str  # the service's own word for the state, as it came
    progress_pct: float | None = None
    client_id: str | None = None
    created_at: datetime | None = None
    completed_at: datetime | None = None
    expires_at: datetime | None = None
    result_url: str | None = None
    billing: Billing | None = None
    error_code: str | None = None
    error_message: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """What the account holds. `credits` None: the service did not say. 200 credits are 1 USD."""

    credits: Decimal | None
    used_credits: Decimal | None
    is_unlimited: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """What a picture file was measured to be."""

    sha256: str
    format: str  # "JPEG", "PNG" or "WEBP"
    width_px: int
    height_px: int
    size_bytes: int
    dhash: str  # 64-bit difference hash, 16 hex digits


def _column(meaning: str, *, dtype: str, unit: str, group: str, required: bool) -> Any:
    metadata = {"dtype": dtype, "unit": unit, "meaning": meaning, "group": group}
    default = dataclasses.MISSING if required else None
    return dataclasses.field(default=default, metadata=metadata)


def _text(meaning: str, group: str, *, required: bool = False) -> Any:
    return _column(meaning, dtype="string", unit="", group=group, required=required)


def _number(meaning: str, group: str, unit: str = "count", *, required: bool = False) -> Any:
    return _column(meaning, dtype="Int64", unit=unit, group=group, required=required)


def _seconds(meaning: str) -> Any:
    return _column(meaning, dtype="Float64", unit="s", group="time", required=False)


def _time(meaning: str, group: str = "time", *, required: bool = False) -> Any:
    return _column(meaning, dtype="datetime", unit="UTC", group=group, required=required)


def _money(meaning: str, unit: str = "USD") -> Any:
    return _column(meaning, dtype="decimal", unit=unit, group="money", required=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """
    One attempt at one picture with its outcome: one row of `runs.csv`, in this column order.

    None is "not known" or "does not apply", an empty cell; it is never zero.
    """

    # identity
    run_id: str = _text("This attempt; also sent as client_business_id", "identity", required=True)
    comparison_id: str = _text(
        "The runs of one prompt that belong together", "identity", required=True
    )
    experiment_id: str | None = _text("The plan it belongs to", "identity")
    lane: int = _number("Its lane in the comparison, from 1", "identity", required=True)
    repeat: int = _number("Which repeat within the lane, from 1", "identity", required=True)
    retry_of: str | None = _text("The run this one was bought again for", "identity")
    owner_id: str | None = _text("Whose run it is, on a shared deployment", "identity")
    # request
    model: str = _text("Model id as sent", "request", required=True)
    prompt: str = _text("Prompt as sent", "request", required=True)
    size: str = _text("Aspect ratio as sent", "request", required=True)
    resolution: str = _text("Resolution as sent", "request", required=True)
    reference_count: int = _number("How many references were sent", "request", required=True)
    reference_sha256: str | None = _text(
        "SHA-256 of each reference in order, space between; - for one sent by address", "request"
    )
    reference_urls: str | None = _text(
        "Address of each reference in order, space between; - for one never uploaded", "request"
    )
    request_sha256: str = _text(
        "SHA-256 of model, prompt, size, resolution and references", "request", required=True
    )
    # where
    origin: str = _text("emulated or live", "where", required=True)
    api_host: str = _text("Host the request went to", "where", required=True)
    app_version: str = _text("Version of this app", "where", required=True)
    # outcome
    status: str = _text(
        "succeeded, failed, refused, cancelled, timed_out or unconfirmed", "outcome", required=True
    )
    error_kind: str | None = _text("Short stable word for what went wrong", "outcome")
    error_message: str | None = _text("What went wrong, for people", "outcome")
    service_message: str | None = _text("The service's message as it came", "outcome")
    task_id: str | None = _text("The service's id of the task", "outcome")
    result_url: str | None = _text("Where the service kept the picture", "outcome")
    expires_at: datetime | None = _time("When that address dies", "outcome")
    # picture
    file: str | None = _text("Picture file, relative to the data folder", "picture")
    sha256: str | None = _text("SHA-256 of the file, as it came", "picture")
    format: str | None = _text("JPEG, PNG or WEBP", "picture")
    width_px: int | None = _number("Measured width", "picture", "px")
    height_px: int | None = _number("Measured height", "picture", "px")
    nominal_width_px: int | None = _number("Width the service's table promises", "picture", "px")
    nominal_height_px: int | None = _number("Height the service's table promises", "picture", "px")
    size_bytes: int | None = _number("Size of the file", "picture", "bytes")
    dhash: str | None = _text("64-bit difference hash, 16 hex digits", "picture")
    # time
    started_at: datetime = _time(
        "When the run was written down, before anything was sent", required=True
    )
    sent_at: datetime | None = _time("When the paid request left")
    accepted_at: datetime | None = _time("When its task id was known here")
    finished_at: datetime = _time("When this row was made", required=True)
    server_created_at: datetime | None = _time("The service's own time of creation")
    server_completed_at: datetime | None = _time("The service's own time of completion")
    upload_s: float | None = _seconds("Uploading references; 0 when all were known, empty if none")
    submit_s: float | None = _seconds("The paid request, from leaving to its answer")
    queued_s: float | None = _seconds(
        "From acceptance to first seen running, never finer than polls"
    )
    generating_s: float | None = _seconds("From first seen running to seen finished")
    wait_s: float | None = _seconds("From acceptance to seen finished")
    lag_bound_s: float | None = _seconds("How late the finish may have been noticed, at most")
    download_s: float | None = _seconds("Fetching, checking and keeping the picture")
    total_s: float | None = _seconds("From the start to the kept picture; empty after a restart")
    polls: int | None = _number("Status questions asked", "time")
    # money
    estimate_usd: Decimal | None = _money("Price expected before sending")
    estimate_kind: str | None = _text("estimated or quoted", "money")
    estimate_source: str | None = _text("Where that price stands", "money")
    estimate_dated: str | None = _text("When the source said so", "money")
    charged_usd: Decimal | None = _money("What the task's billing says was charged")
    charged_credits: Decimal | None = _money("The same in credits", "credits")
    billing_status: str | None = _text("pending, settled or refunded; empty if never told", "money")


def column_info(record: type) -> Mapping[str, Mapping[str, str]]:
    """Name → dtype, unit, meaning, group of each column of a record class, in order."""
    return {f.name: dict(f.metadata) for f in dataclasses.fields(record)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One prompt for several lanes: `len(lanes) * repeats` pictures that belong together."""

    comparison_id: str
    prompt: str
    lanes: tuple[str, ...]  # a model id per lane; the same model twice is allowed
    size: str = "1:1"
    resolution: str = "1K"
    references: tuple[Reference, ...] = ()
    repeats: int = 1
    experiment_id: str | None = None
    owner_id: str | None = None
    # Fixed by a plan, by lane and repeat, so that doing it again finds what was done already.
    run_ids: Mapping[tuple[int, int], str] = field(default_factory=dict)
    lane_order: tuple[int, ...] = ()  # in which lanes are sent; left empty: from 1

    def places(self) -> Iterator[tuple[int, int]]:
        """Lane and repeat of each picture, in the order they are sent."""
        lanes = self.lane_order or tuple(range(1, len(self.lanes) + 1))
        return ((lane, repeat) for repeat in range(1, self.repeats + 1) for lane in lanes)

    def request(self, lane: int) -> Request:
        """What lane `lane` (from 1) sends, the same for each repeat."""
        return Request(
            model=self.lanes[lane - 1],
            prompt=self.prompt,
            size=self.size,
            resolution=self.resolution,
            references=self.references,
        )


class PairKind(StrEnum):
    """What judging a pair can teach."""

    MODELS = "models"  # two models, else the same request
    SAME_MODEL = "same_model"  # one model on both sides: how much a vote is chance
    SWAPPED = "swapped"  # judged before, now with sides swapped: how steady the voter is


class Answer(StrEnum):
    """What a person did with a pair; only the first four are verdicts."""

    A_BETTER = "a_better"
    B_BETTER = "b_better"
    TIE = "tie"
    BOTH_BAD = "both_bad"
    WITHDRAWN = "withdrawn"  # takes the standing verdict back
    SKIPPED = "skipped"  # looked, and gave none
    REVEALED = "revealed"  # the models' names were shown without a verdict

    @property
    def is_verdict(self) -> bool:
        return self in (Answer.A_BETTER, Answer.B_BETTER, Answer.TIE, Answer.BOTH_BAD)


class Reason(StrEnum):
    """Why a person preferred a picture; none or several."""

    PROMPT = "prompt"  # followed more closely
    DETAIL = "detail"
    TEXT = "text"
    FACES_HANDS = "faces_hands"
    IDENTITY = "identity"  # of what the references show, kept
    COLOUR = "colour"
    STYLE = "style"


class MarkKind(StrEnum):
    """What a person may put on a comparison."""

    STAR = "star"
    TAG = "tag"
    NOTE = "note"
    ARCHIVE = "archive"  # out of sight, never deleted


def _flag(meaning: str, group: str) -> Any:
    return _column(meaning, dtype="boolean", unit="", group=group, required=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote:
    """
    One act of one person on one pair: one row of `votes.csv`, in this column order.

    Acts are never changed; a later one on the same pair by the same voter takes its place.
    """

    # identity
    act_id: str = _text("This act", "identity", required=True)
    comparison_id: str = _text("The comparison of both runs", "identity", required=True)
    experiment_id: str | None = _text("The plan it belongs to", "identity")
    replaces: str | None = _text("The act whose verdict this one changes or withdraws", "identity")
    voter_id: str = _text("Who: random, made on this machine", "identity", required=True)
    # pair
    pair_kind: str = _text("models, same_model or swapped", "pair", required=True)
    run_1: str = _text("Run of the lower lane, then of the lower repeat", "pair", required=True)
    run_2: str = _text("The other run", "pair", required=True)
    model_1: str = _text("Model of run_1", "pair", required=True)
    model_2: str = _text("Model of run_2", "pair", required=True)
    origin: str = _text("emulated or live", "pair", required=True)
    # shown
    run_a: str = _text("The run shown as A, on the left", "shown", required=True)
    draw: int | None = _number(
        "Random number the sides were drawn from; empty when they stood in the order of lanes",
        "shown",
        "",
    )
    is_hidden: bool = _flag("Whether the names were hidden when the verdict was given", "shown")
    is_blind: bool = _flag(
        "Whether, besides, neither name had ever been shown to this voter for these pictures",
        "shown",
    )
    # verdict
    answer: str = _text(
        "a_better, b_better, tie, both_bad; or withdrawn, skipped, revealed",
        "verdict",
        required=True,
    )
    winner_run_id: str | None = _text("The better run; empty when neither is", "verdict")
    winner_model: str | None = _text("Its model", "verdict")
    reasons: str | None = _text(
        "Why, space between: prompt detail text faces_hands identity colour style", "verdict"
    )
    note: str | None = _text("In the voter's own words", "verdict")
    # time
    taken_s: float | None = _seconds("From the pair being shown to its first verdict or skip")
    at: datetime = _time("When", required=True)
    # where
    app_version: str = _text("Version of this app", "where", required=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """
    One star, tag, note or archiving put on a comparison or taken off: one row of `marks.csv`.

    Acts are never changed; taking back is another act.
    """

    act_id: str = _text("This act", "identity", required=True)
    comparison_id: str = _text("What it is put on", "identity", required=True)
    undoes: str | None = _text("The act this one takes back", "identity")
    kind: str = _text("star, tag, note or archive", "mark", required=True)
    value: str | None = _text("The tag, or the note", "mark")
    is_on: bool = _flag("Put on, or taken off", "mark")
    at: datetime = _time("When", required=True)
