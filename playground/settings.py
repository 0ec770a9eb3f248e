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

    @property
    def is_live(self) -> bool:
        """A key was given, so requests may cost real money."""
        return self.api_key is not None
