"""What a page may say in JSON: which shapes the framework understands, checked before it looks."""

import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

MAX_DEPTH = 24
# A cheap count before anything is parsed: each bracket may cost the memory of a whole object.
MAX_BRACKETS = 200_000
MAX_PATH_CHARACTERS = 1_000
MAX_INTEGER = 2**63 - 1
_SESSION = re.compile(r"[A-Za-z0-9_-]{1,64}")
_FILE_MARK = "gradio.FileData"
# What only the framework's own queue may say of an event.
_INTERNAL = ("event_id", "oauth_token", "batched")


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the running page consists of: whatever else is named in a post does not exist."""

    input_counts: Mapping[int, int] = field(default_factory=dict)  # by the number of an event
    named_counts: Mapping[str, Collection[int]] = field(default_factory=dict)
    server_functions: Mapping[int, Collection[str]] = field(default_factory=dict)  # by component
    upload_dir: Path | None = None

    def is_uploaded(self, path: str) -> bool:
        """Whether this is a file below the folder of uploads, spelled as the upload's answer did."""
        if self.upload_dir is None or "://" in path or ".." in path or "\0" in path:
            return False
        return Path(path).is_relative_to(self.upload_dir) and len(path) <= MAX_PATH_CHARACTERS


def parsed(body: bytes) -> Any:
    """
    The JSON of a body.

    Raises:
        ValueError: It is none, or one that is only meant to do harm.
    """
    if body.count(b"{") + body.count(b"[") > MAX_BRACKETS:
        raise ValueError("It has more lists and objects in it than a page would send.")
    try:
        value = json.loads(body, parse_constant=_no_constant)
    except RecursionError as exc:
        raise ValueError("It is nested too deeply.") from exc
    except UnicodeDecodeError as exc:
        raise ValueError("It is not text in UTF-8.") from exc
    except json.JSONDecodeError as exc:
        raise ValueError("It is not JSON.") from exc
    _check_values(value)
    return value


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON.")


def _check_values(value: Any) -> None:
    """Without recursion: depth, numbers that nothing here could hold, and files by name."""
    waiting = [(value, 1)]
    while waiting:
        each, depth = waiting.pop()
        if depth > MAX_DEPTH:
            raise ValueError("It is nested too deeply.")
        if isinstance(each, dict):
            # The framework would fetch or copy whatever such an object points at. No widget of
            # ours takes one: uploads are named by their path, and checked when they are used.
            if each.get("_type") == _FILE_MARK or isinstance(each.get("meta"), dict):
                raise ValueError("Files are uploaded, not named.")
            waiting += ((inner, depth + 1) for inner in each.values())
        elif isinstance(each, list):
            waiting += ((inner, depth + 1) for inner in each)
        elif isinstance(each, int | float) and not -MAX_INTEGER <= each <= MAX_INTEGER:
            raise ValueError("It has a number in it that is too large.")


# ---- one check for each kind of post ------------------------------------------------------------


def check_event(told: Any, known: Known) -> None:
    """
    An event of the page: which one, of which session, with a value for each of its inputs. Files
    in it were uploaded here.

    Raises:
        ValueError: No event of this page.
    """
    event = _object(told)
    _session(event)
    for name in _INTERNAL:
        if event.get(name):
            raise ValueError(f"{name} is not for callers to set.")
    number, trigger = event.get("fn_index"), event.get("trigger_id")
    if type(number) is not int or number not in known.input_counts:
        raise ValueError("fn_index names no event of this page.")
    if trigger is not None and type(trigger) is not int:
        raise ValueError("trigger_id names no part of this page.")
    if type(event.get("simple_format", False)) is not bool:
        raise ValueError("simple_format is true or false.")
    data = event.get("data")
    if not isinstance(data, list) or len(data) != known.input_counts[number]:
        raise ValueError(f"data is a list of {known.input_counts[number]} values.")
    for path in _paths([data, event.get("event_data")]):
        # The framework would look for it on the disk before any of us is asked.
        if not known.is_uploaded(path):
            raise ValueError("A file in it was not uploaded here.")


def check_named_call(told: Any, known: Known, name: str) -> None:
    """
    A call of a named endpoint, with a value for each of its inputs.

    Raises:
        ValueError: No such call.
    """
    call = _object(told)
    if call.get("session_hash") is not None:
        _session(call)
    data = call.get("data")
    if not isinstance(data, list) or len(data) not in known.named_counts.get(name, ()):
        raise ValueError("data is a list of what the endpoint takes.")
    if call.get("oauth_token") is not None:
        raise ValueError("oauth_token is not taken here.")


def check_server_call(told: Any, known: Known) -> None:
    """
    A function of one widget, asked by its script.

    Raises:
        ValueError: No such function, or not asked with an object.
    """
    call = _object(told)
    _session(call)
    component, name = call.get("component_id"), call.get("fn_name")
    if type(component) is not int or not isinstance(name, str):
        raise ValueError("component_id and fn_name are missing.")
    if name not in known.server_functions.get(component, ()):
        raise ValueError("There is no such function.")
    if not isinstance(call.get("data"), dict):
        raise ValueError("data is an object.")


def check_cancel(told: Any, known: Known) -> None:
    """
    A page that does not want the rest of an event.

    Raises:
        ValueError: It does not say of which.
    """
    cancel = _object(told)
    _session(cancel)
    number = cancel.get("fn_index")
    if type(number) is not int or number not in known.input_counts:
        raise ValueError("fn_index names no event of this page.")
    if not is_session(cancel.get("event_id")):
        raise ValueError("event_id is missing.")


def check_reset(told: Any, known: Known) -> None:
    """
    A page that begins a stream anew.

    Raises:
        ValueError: It does not say which.
    """
    del known
    if not is_session(_object(told).get("event_id")):
        raise ValueError("event_id is missing.")


def check_anything(told: Any, known: Known) -> None:
    """
    An object, and no more is asked of it.

    Raises:
        ValueError: It is none.
    """
    del known
    _object(told)


Check = Callable[[Any, Known], None]


def is_session(told: object) -> bool:
    """Whether this can be the name of a session or an event: letters, digits, dashes."""
    return isinstance(told, str) and _SESSION.fullmatch(told) is not None


def _paths(value: Any) -> Iterator[str]:
    """What the framework takes for the path of a file, wherever it stands."""
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            if isinstance(each.get("path"), str):
                yield each["path"]
            waiting += each.values()
        elif isinstance(each, list):
            waiting += each


def _session(post: Mapping[str, Any]) -> None:
    if not is_session(post.get("session_hash")):
        raise ValueError("session_hash is missing, or not one.")


def _object(told: Any) -> dict[str, Any]:
    if not isinstance(told, dict):
        raise ValueError("It is not an object.")
    return told
