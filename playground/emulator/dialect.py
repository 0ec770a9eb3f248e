"""The ways one service answers differently from its own documentation, each a switch."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from typing import Any, Literal, Self, get_args, get_origin, get_type_hints


class Phase(StrEnum):
    """What a task is doing, in the words of live answers."""

    PENDING = "pending"
    QUEUED = "queued"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    FAILED = "failed"


UPPER_CASE: Mapping[str, str] = {phase.value: phase.value.upper() for phase in Phase}
SYNONYMS: Mapping[str, str] = {
    "pending": "submitted",
    "in_progress": "processing",
    "completed": "succeeded",
    "failed": "failure",
}
OTHER_SYNONYMS: Mapping[str, str] = {
    "pending": "submitted",
    "in_progress": "running",
    "completed": "success",
    "failed": "error",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """
    One way to spell the answers; the defaults are what live answers show.

    A value that is not one of the choices raises `ValueError`.
    """

    # `both`: under result and at the top; `bare`: result.data[0] is a string; `data`: a top-level
    # list; `missing`: completed, and no URL anywhere.
    id_key: Literal["id", "task_id"] = "id"
    # `task_img` is the documented style, and its first status is `queued`.
    id_style: Literal["tsk_img", "task_img"] = "tsk_img"
    url_place: Literal["result", "top", "both", "bare", "data", "missing"] = "result"
    progress_style: Literal["number", "percent"] = "number"
    # Dishonest progress stands at 50 from start to end.
    is_progress_honest: bool = True
    # Documented word → the word to say instead.
    words: Mapping[str, str] = field(default_factory=dict)
    # Said instead of `in_progress`, for a word that nobody documented.
    unknown_word: str | None = None
    failure_style: Literal["object", "string", "fail_reason", "message"] = "object"
    error_codes: Literal["documented", "number", "string"] = "documented"
    has_error_type: bool = True
    has_billing: bool = True
    has_balance_credits: bool = True
    echoes_client_id: bool = True
    # Whether the status path takes a client_business_id in place of the task id.
    looks_up_client_ids: bool = True
    unknown_task: Literal["not_found_error", "task_not_exist"] = "not_found_error"
    pricing: Literal["listed", "empty", "absent"] = "listed"
    # The unit of X-RateLimit-Reset is not documented.
    reset_unit: Literal["seconds", "epoch"] = "seconds"

    def __post_init__(self) -> None:
        for name, hint in get_type_hints(type(self)).items():
            choices = get_args(hint) if get_origin(hint) is Literal else ()
            value = getattr(self, name)
            if choices and value not in choices:
                raise ValueError(f"{name} must be one of {', '.join(choices)}; got {value!r}.")
            if hint is bool and not isinstance(value, bool):
                raise ValueError(f"{name} must be true or false; got {value!r}.")
        unknown = set(self.words) - {phase.value for phase in Phase}
        if unknown:
            raise ValueError(f"words has no such status: {', '.join(sorted(unknown))}.")

    def changed(self, overrides: Mapping[str, Any]) -> Self:
        """The same dialect with some switches set; an unknown name raises `ValueError`."""
        names = {item.name for item in fields(self)}
        unknown = set(overrides) - names
        if unknown:
            raise ValueError(f"No such switch: {', '.join(sorted(unknown))}.")
        # Not `replace`: a mapping from JSON is `dict[str, Any]`, and the check is in __post_init__.
        return type(self)(**{name: overrides.get(name, getattr(self, name)) for name in names})

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "words": dict(self.words)}

    def word(self, phase: Phase) -> str:
        """The status word that is said for a phase."""
        if phase is Phase.IN_PROGRESS and self.unknown_word is not None:
            return self.unknown_word
        return self.words.get(phase.value, phase.value)

    def error_body(self, body: dict[str, Any], *, status_code: int) -> dict[str, Any]:
        """An error answer with its code and type respelled; a body without `error` is unchanged."""
        error = body.get("error")
        if not isinstance(error, dict):
            return body
        spoken = {**error, "code": self.error_code(error["code"], status_code=status_code)}
        if not self.has_error_type:
            spoken.pop("type", None)
        return {**body, "error": spoken}

    def error_code(self, code: str | int, *, status_code: int) -> str | int:
        if self.error_codes == "number":
            return status_code
        return str(code) if self.error_codes == "string" else code
