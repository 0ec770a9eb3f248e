"""Reads every setting from the environment, once, for whoever starts the program."""

import importlib.util
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path

from playground.errors import InvalidRequestError
from playground.settings import OFFICIAL_BASE_URL, RATE_GROUPS, Settings
from playground.wire.webhooks import SECRET_BYTES

NO_CAP = "none"
SPACE_HOSTS = "*.hf.space"
MCP_PACKAGE = "mcp>=1.21,<2"  # what this Gradio asks for
MIN_PASSWORD = 8
HUB_TOKEN = "HF_TOKEN"
_DATASET = re.compile(r"[\w\-.]{1,96}/[\w\-.]{1,96}", re.ASCII)
_TOKEN = re.compile(r"[\x21-\x7e]{8,200}")


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
        "PLAYGROUND_SESSION_CAP_USD",
        "5",
        "Most one session (a browser tab) may spend; `none` for no such cap",
    ),
    Variable(
        "PLAYGROUND_DAY_CAP_USD",
        "20",
        "Most that may be spent in a day (UTC) on this data folder, where strangers come of the "
        "deployment's own key; `none` for no such cap",
    ),
    Variable("PLAYGROUND_WARN_USD", "1", "One click above this asks for a second one"),
    Variable("PLAYGROUND_DEADLINE_S", "600", "Seconds a card waits before it lets go of a task"),
    Variable("PLAYGROUND_RATE_GROUP", "default", "Your rate limits at ToAPIs: default, vip, svip"),
    Variable("PLAYGROUND_EMULATOR_SPEED", "1", "How many times faster than life the emulator is"),
    Variable("PLAYGROUND_EMULATOR_PORT", "0", "Port of the embedded emulator; 0 takes a free one"),
    Variable(
        "PLAYGROUND_ALLOWED_HOSTS", "", "More host names this app may be reached by, with commas"
    ),
    Variable(
        "PLAYGROUND_PUBLIC",
        "0",
        "`1` where strangers come: each sees only what is theirs; always so on a Space",
    ),
    Variable(
        "PLAYGROUND_VISITOR_CAP_USD",
        "",
        "Most one visitor may spend in a day (UTC) of a public deployment's own key",
    ),
    Variable(
        "PLAYGROUND_KEEP_HOURS", "24", "How long a public deployment keeps pictures; rows stay"
    ),
    Variable(
        "PLAYGROUND_BEHIND_PROXY",
        "0",
        "`1` if a proxy in front writes X-Forwarded-For, to tell visitors apart; so on a Space",
    ),
    Variable(
        "PLAYGROUND_AUTH",
        "",
        "`name:password` that everybody must give before anything is answered; needs HTTPS in front",
    ),
    Variable(
        "PLAYGROUND_HUB_DATASET",
        "",
        "`owner/name` of a private Hub dataset that keeps a copy of log, votes and marks",
    ),
    Variable("HF_TOKEN", "", "Token that may write that dataset; used for nothing else"),
    Variable("PLAYGROUND_MCP", "0", "`1` offers the endpoints as MCP tools at `/gradio_api/mcp/`"),
    Variable(
        "PLAYGROUND_WEBHOOK_SECRET",
        "",
        "The 32-byte secret of your ToAPIs webhook; with it `/toapis/webhook` takes its events",
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
    is_space = bool(env.get("SPACE_ID", "").strip())
    is_public = is_space or _switch("PLAYGROUND_PUBLIC", text("PLAYGROUND_PUBLIC"))
    is_behind_proxy = _switch("PLAYGROUND_BEHIND_PROXY", text("PLAYGROUND_BEHIND_PROXY"))
    if is_public and text("TOAPIS_API_KEY"):
        _check_lending(env)
    visitor_cap = text("PLAYGROUND_VISITOR_CAP_USD")
    return Settings(
        data_dir=_data_dir(env.get("PLAYGROUND_DATA_DIR", "").strip(), home),
        # A volume is used only where it is named: who may read it, and whether it lasts, is the
        # owner's to know.
        is_forgetful=is_space and not env.get("PLAYGROUND_DATA_DIR", "").strip(),
        api_key=text("TOAPIS_API_KEY") or None,
        base_url=text("TOAPIS_BASE_URL"),
        session_cap_usd=_cap("PLAYGROUND_SESSION_CAP_USD", text("PLAYGROUND_SESSION_CAP_USD")),
        day_cap_usd=_cap("PLAYGROUND_DAY_CAP_USD", text("PLAYGROUND_DAY_CAP_USD")),
        warn_usd=_money("PLAYGROUND_WARN_USD", text("PLAYGROUND_WARN_USD")),
        deadline_s=_positive("PLAYGROUND_DEADLINE_S", text("PLAYGROUND_DEADLINE_S")),
        rate_group=rate_group,
        emulator_speed=_positive("PLAYGROUND_EMULATOR_SPEED", text("PLAYGROUND_EMULATOR_SPEED")),
        emulator_port=_port("PLAYGROUND_EMULATOR_PORT", text("PLAYGROUND_EMULATOR_PORT")),
        allowed_hosts=_hosts(env, text("PLAYGROUND_ALLOWED_HOSTS"), is_space=is_space),
        is_public=is_public,
        is_space=is_space,
        is_behind_proxy=is_space or is_behind_proxy,
        visitor_cap_usd=_cap("PLAYGROUND_VISITOR_CAP_USD", visitor_cap) if visitor_cap else None,
        kept_h=_positive("PLAYGROUND_KEEP_HOURS", text("PLAYGROUND_KEEP_HOURS")),
        hub_dataset=_hub_dataset("PLAYGROUND_HUB_DATASET", env),
        hub_token=env.get(HUB_TOKEN, "").strip() or None,
        is_mcp_on=_mcp("PLAYGROUND_MCP", text("PLAYGROUND_MCP")),
        webhook_secret=_webhook_secret("PLAYGROUND_WEBHOOK_SECRET", env),
        auth=_auth("PLAYGROUND_AUTH", env),
    )


def _check_lending(env: Mapping[str, str]) -> None:
    """
    Strangers may spend the owner's key only within limits the owner has named.

    Raises:
        InvalidRequestError: One of the two caps is missing, or is none.
    """
    for name in ("PLAYGROUND_VISITOR_CAP_USD", "PLAYGROUND_DAY_CAP_USD"):
        told = env.get(name, "").strip()
        if not told or told.lower() == NO_CAP:
            raise InvalidRequestError(
                f"TOAPIS_API_KEY is set where strangers come, so {name} must be set to an amount "
                "in US dollars, such as 0.50. Or remove the key: each visitor can bring their own.",
                field=name,
            )


def _hosts(env: Mapping[str, str], told: str, *, is_space: bool) -> tuple[str, ...]:
    names = [name.strip() for name in told.split(",")]
    if is_space:
        names += [env.get("SPACE_HOST", "").strip(), SPACE_HOSTS]
    return tuple(dict.fromkeys(filter(None, names)))


def _data_dir(text: str, home: Path | None) -> Path:
    if text:
        return Path(text).expanduser().absolute()
    return (home or Path(__file__).resolve().parent.parent) / _DEFAULTS["PLAYGROUND_DATA_DIR"]


def _hub_dataset(name: str, env: Mapping[str, str]) -> str | None:
    dataset = env.get(name, "").strip()
    if not dataset:
        return None
    if not _DATASET.fullmatch(dataset):
        raise InvalidRequestError(
            f"{name} is {dataset!r}; it must be owner/name, such as somebody/playground-log.",
            field=name,
        )
    if not _TOKEN.fullmatch(env.get(HUB_TOKEN, "").strip()):
        raise InvalidRequestError(
            f"{name} is set, so {HUB_TOKEN} must hold a Hub token that may write this dataset.",
            field=HUB_TOKEN,
        )
    return dataset


def _switch(name: str, text: str) -> bool:
    if text not in ("0", "1"):
        raise InvalidRequestError(f"{name} is {text!r}; it must be 0 or 1.", field=name)
    return text == "1"


def _mcp(name: str, text: str) -> bool:
    is_on = _switch(name, text)
    if is_on and importlib.util.find_spec("mcp") is None:
        raise InvalidRequestError(
            f'{name} is 1, and the package "mcp" is missing: pip install "{MCP_PACKAGE}".',
            field=name,
        )
    return is_on


def _webhook_secret(name: str, env: Mapping[str, str]) -> str | None:
    """Its value is in no message."""
    secret = env.get(name, "").strip()
    n_bytes = len(secret.encode("utf-8", "replace"))
    if secret and (n_bytes != SECRET_BYTES or not secret.isascii()):
        raise InvalidRequestError(
            f"{name} must be the {SECRET_BYTES} characters of the webhook's secret; it has "
            f"{n_bytes} bytes. Copy it again from the service's console.",
            field=name,
        )
    return secret or None


def _auth(name: str, env: Mapping[str, str]) -> str | None:
    """Its value is in no message."""
    told = env.get(name, "")
    user, colon, password = told.partition(":")
    if told and not (user and colon and len(password) >= MIN_PASSWORD and told.isprintable()):
        raise InvalidRequestError(
            f"{name} must be name:password, the password of at least {MIN_PASSWORD} characters.",
            field=name,
        )
    return told or None


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
