"""What a program may be told at its start; `config` reads it from the environment."""

from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

OFFICIAL_BASE_URL = "https://toapis.com"
RATE_GROUPS = ("default", "vip", "svip")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the program was started with. `api_key` None: no real service, the emulator answers."""

    data_dir: Path
    api_key: str | None = field(default=None, repr=False)
    base_url: str = OFFICIAL_BASE_URL
    session_cap_usd: Decimal | None = Decimal(5)
    day_cap_usd: Decimal | None = Decimal(20)
    warn_usd: Decimal = Decimal(1)
    deadline_s: float = 600.0
    rate_group: str = "default"
    emulator_speed: float = 1.0
    emulator_port: int = 0
    allowed_hosts: tuple[str, ...] = ()
    is_public: bool = False  # strangers come: each sees only what is theirs
    is_space: bool = False  # on a Hugging Face Space, and so public
    is_behind_proxy: bool = False  # the last X-Forwarded-For is whom the proxy saw
    visitor_cap_usd: Decimal | None = None  # of the host's key, for one visitor and day (UTC)
    kept_h: float = 24.0  # how long a public deployment keeps pictures
    is_forgetful: bool = False  # the data folder goes when the Space restarts
    hub_dataset: str | None = None  # where a copy of the log is kept, as owner/name
    hub_token: str | None = field(default=None, repr=False)
    is_volume_missing: bool = False  # the folder that was to outlive restarts could not be used
    is_mcp_on: bool = False
    webhook_secret: str | None = field(default=None, repr=False)  # None: events are not received
    auth: str | None = field(default=None, repr=False)  # name:password that everybody must give

    @property
    def is_live(self) -> bool:
        """A key was given, so requests may cost real money."""
        return self.api_key is not None
