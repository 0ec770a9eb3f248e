"""Every setting of the emulator, in one frozen value."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from playground.emulator.dialect import Dialect
from playground.emulator.faults import Fault
from playground.emulator.laws import LatencyLaw
from playground.emulator.models import MODELS

DEFAULT_HOST = "127.0.0.1"
# On every answer, so that nothing made here is ever taken for the real service's work.
MARK = ("X-Emulator", "flux-2-playground")
# Generous enough for a day of play, small enough that running out can be seen.
DEFAULT_BALANCE_CREDITS = Decimal(20_000)
# The service's own word for how long a result lives.
RESULT_TTL_S = 86_400
MAX_UPLOAD_BYTES = 10_000_000
MAX_BODY_BYTES = 4_000_000
WEBHOOK_RETRY_DELAYS_S = (10.0, 30.0, 120.0, 600.0, 3_600.0, 21_600.0, 86_400.0)
WEBHOOK_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSettings:
    """What a key's owner would set in the vendor's console."""

    url: str
    secret: str = field(repr=False)
    # While a secret is being changed, events are signed with both.
    previous_secret: str | None = field(default=None, repr=False)
    retry_delays_s: tuple[float, ...] = WEBHOOK_RETRY_DELAYS_S
    timeout_s: float = WEBHOOK_TIMEOUT_S
    # The vendor refuses plain http and private and loopback addresses; this lets them through.
    are_private_addresses_allowed: bool = False

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        schemes = {"http", "https"} if self.are_private_addresses_allowed else {"https"}
        if parts.scheme not in schemes or not parts.hostname or "@" in parts.netloc:
            raise ValueError(f"The webhook URL must be https, with a host; got {self.url!r}.")
        if not self.secret:
            raise ValueError("A webhook needs a secret.")


@dataclass(frozen=True, slots=True, kw_only=True)
class EmulatorSettings:
    """Every setting; all but `data_dir` have a default that behaves as live answers do."""

    data_dir: Path
    host: str = DEFAULT_HOST
    port: int = 0  # 0: any free one
    # Divides every time a task takes. Nothing else is hurried: not the rate limits, not expiry.
    speed: float = 1.0
    # Key → user; keys of one user share balance, limits and tasks. None: any `sk-…` key is good,
    # and each is a user of its own.
    keys: Mapping[str, str] | None = field(default=None, repr=False)
    rate_group: str = "default"
    law: LatencyLaw = field(default_factory=LatencyLaw)
    laws: Mapping[str, LatencyLaw] = field(default_factory=dict)  # by model, instead of `law`
    # Makes times, faults and pictures repeatable; ids and file names never are.
    seed: int | None = None
    balance_credits: Decimal | None = DEFAULT_BALANCE_CREDITS  # of each user; None: unlimited
    dialect: Dialect = field(default_factory=Dialect)
    faults: tuple[Fault, ...] = ()
    picture: Literal["drawn", "plain"] = "drawn"
    image_format: Literal["jpeg", "png"] = "jpeg"
    # The published pixels are doubtful; rounded ones follow the model maker's own rules.
    are_pixels_rounded: bool = False
    drawing_threads: int = 1
    result_ttl_s: float = RESULT_TTL_S
    upload_ttl_s: float | None = None  # None: uploads stay; how long they live is not documented
    expired_status: Literal[403, 404] = 404
    # What result URLs begin with. None: the host that the request was made to.
    public_url: str | None = None
    webhook: WebhookSettings | None = None
    now: Callable[[], float] = field(default=time.time, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.speed <= 0:
            raise ValueError(f"speed must be positive; got {self.speed}.")
        unknown = set(self.laws) - set(MODELS)
        if unknown:
            raise ValueError(f"laws names no such model: {', '.join(sorted(unknown))}.")
        if self.picture not in {"drawn", "plain"} or self.image_format not in {"jpeg", "png"}:
            raise ValueError("picture is drawn or plain, and image_format jpeg or png.")

    def law_of(self, model: str) -> LatencyLaw:
        return self.laws.get(model, self.law)
