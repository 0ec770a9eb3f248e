"""Reads every setting from the environment, once, for whoever starts the program."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path

from playground.errors import InvalidRequestError
from playground.settings import OFFICIAL_BASE_URL, RATE_GROUPS, Settings

NO_CAP = "none"


@dataclass(frozen=True, slots=True)
class Variable:
    """One environment variable: its name, what happens without it, and what it means."""

    name: str
    default: str
    meaning: str


VARIABLES = (
    Variable("TOAPIS_API_KEY", "", "Key for the real service; without one the emulator answers"),
    Variable(
        "TOAPIS_BASE_URL",
        OFFICIAL_BASE_URL,
        "Where the service is; `https://toapis.cn` from mainland China, or a stand-alone emulator",
    ),
    Variable("PLAYGROUND_DATA_DIR", "data", "Folder for the log, the journal and the pictures"),
    Variable(
        "PLAYGROUND_SESSION_CAP_USD", "5", "Most one session may spend; `none` for no such cap"
    ),
    Variable(
        "PLAYGROUND_DAY_CAP_USD",
        "20",
        "Most that may be spent in a day (UTC) on this data folder; `none` for no such cap",
    ),
    Variable("PLAYGROUND_WARN_USD", "1", "One click above this asks for a second one"),
    Variable("PLAYGROUND_DEADLINE_S", "600", "Seconds a card waits before it lets go of a task"),
    Variable("PLAYGROUND_RATE_GROUP", "default", "Your rate limits at ToAPIs: default, vip, svip"),
    Variable("PLAYGROUND_EMULATOR_SPEED", "1", "How many times faster than life the emulator is"),
    Variable("PLAYGROUND_EMULATOR_PORT", "0", "Port of the embedded emulator; 0 takes a free one"),
    Variable(
        "PLAYGROUND_ALLOWED_HOSTS", "", "More host names this app may be reached by, with commas"
    ),
)
_DEFAULTS = {variable.name: variable.default for variable in VARIABLES}


def settings_from_env(env: Mapping[str, str], *, home: Path | None = None) -> Settings:
    """
    What the environment says, with the defaults of `VARIABLES`.

    Args:
        env: Usually `os.environ`.

        home: Where the default data folder lies; by default beside `app.py`.

    Raises:
        InvalidRequestError: A variable holds something it cannot; names it, never a key.
    """

    def text(name: str) -> str:
        return env.get(name, "").strip() or _DEFAULTS[name]

    rate_group = text("PLAYGROUND_RATE_GROUP")
    if rate_group not in RATE_GROUPS:
        raise InvalidRequestError(
            f"PLAYGROUND_RATE_GROUP is {rate_group!r}; it must be one of {', '.join(RATE_GROUPS)}.",
            field="PLAYGROUND_RATE_GROUP",
        )
    hosts = tuple(h.strip() for h in text("PLAYGROUND_ALLOWED_HOSTS").split(",") if h.strip())
    return Settings(
        data_dir=_data_dir(env.get("PLAYGROUND_DATA_DIR", "").strip(), home),
        api_key=text("TOAPIS_API_KEY") or None,
        base_url=text("TOAPIS_BASE_URL"),
        session_cap_usd=_cap("PLAYGROUND_SESSION_CAP_USD", text("PLAYGROUND_SESSION_CAP_USD")),
        day_cap_usd=_cap("PLAYGROUND_DAY_CAP_USD", text("PLAYGROUND_DAY_CAP_USD")),
        warn_usd=_money("PLAYGROUND_WARN_USD", text("PLAYGROUND_WARN_USD")),
        deadline_s=_positive("PLAYGROUND_DEADLINE_S", text("PLAYGROUND_DEADLINE_S")),
        rate_group=rate_group,
        emulator_speed=_positive("PLAYGROUND_EMULATOR_SPEED", text("PLAYGROUND_EMULATOR_SPEED")),
        emulator_port=_port("PLAYGROUND_EMULATOR_PORT", text("PLAYGROUND_EMULATOR_PORT")),
        allowed_hosts=hosts,
    )


def _data_dir(text: str, home: Path | None) -> Path:
    if text:
        return Path(text).expanduser().absolute()
    return (home or Path(__file__).resolve().parent.parent) / _DEFAULTS["PLAYGROUND_DATA_DIR"]


def _cap(name: str, text: str) -> Decimal | None:
    return None if text.lower() == NO_CAP else _money(name, text)


def _money(name: str, text: str) -> Decimal:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or amount < 0:
        raise InvalidRequestError(
            f"{name} is {text!r}; it must be an amount in US dollars such as 2.50.", field=name
        )
    return amount


def _positive(name: str, text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = float("nan")
    if not 0 < number < float("inf"):
        raise InvalidRequestError(
            f"{name} is {text!r}; it must be a number above zero.", field=name
        )
    return number


def _port(name: str, text: str) -> int:
    if not (text.isdecimal() and int(text) <= 65_535):
        raise InvalidRequestError(
            f"{name} is {text!r}; it must be a port number from 0 to 65535.", field=name
        )
    return int(text)
