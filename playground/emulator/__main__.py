"""The command line: `python -m playground.emulator`."""

import argparse
import contextlib
import json
import os
import sys
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from playground.emulator.control import is_loopback
from playground.emulator.dialect import Dialect
from playground.emulator.faults import Fault
from playground.emulator.laws import LatencyLaw
from playground.emulator.limits import GROUPS, UNLIMITED
from playground.emulator.server import EmulatorServer
from playground.emulator.settings import (
    DEFAULT_BALANCE_CREDITS,
    DEFAULT_HOST,
    EmulatorSettings,
    WebhookSettings,
)

DEFAULT_PORT = 8765
DEFAULT_DATA_DIR = Path("data/emulator")
DEFAULT_USER = "default"
WEBHOOK_SECRET_VARIABLE = "EMULATOR_WEBHOOK_SECRET"  # a variable's name, not a secret
EXAMPLE_KEY = "sk-anything-works-here"
EXAMPLE_BODY = '{"model":"flux-2-flex","prompt":"a red bicycle","size":"1:1"}'


def parser() -> argparse.ArgumentParser:
    """Every option; the README's example is tested against it."""
    options = argparse.ArgumentParser(
        prog="python -m playground.emulator",
        description="A stand-in for the ToAPIs image service, for any client. Nothing is bought.",
    )
    add = options.add_argument
    add("--host", default=DEFAULT_HOST)
    add("--port", type=int, default=DEFAULT_PORT, help="0 takes a free one (default %(default)s)")
    add("--data", type=Path, default=DEFAULT_DATA_DIR, metavar="DIR", help="tasks and pictures")
    add("--speed", type=float, default=1.0, metavar="N", help="divides every time a task takes")
    add(
        "--key",
        action="append",
        metavar="KEY[=USER]",
        help="accept only such keys; without it, any that begins with sk-",
    )
    add(
        "--balance",
        type=_credits,
        default=DEFAULT_BALANCE_CREDITS,
        metavar="CREDITS",
        help="of each user, or `unlimited` (default %(default)s)",
    )
    add("--group", choices=[*GROUPS, UNLIMITED], default="default", help="rate limit group")
    add("--law", action="append", default=[], metavar="[MODEL=]P5-P95", help="seconds, as 8-30")
    add("--seed", type=int, help="repeatable times, faults and pictures")
    add("--fault", action="append", default=[], metavar="PLACE:KIND[,FIELD=VALUE…]")
    add("--dialect", action="append", default=[], metavar="SWITCH=VALUE")
    add("--picture", choices=["drawn", "plain"], default="drawn")
    add("--format", choices=["jpeg", "png"], default="jpeg")
    add("--rounded-pixels", action="store_true", help="multiples of 16, at most 4 megapixels")
    add("--public-url", metavar="URL", help="what result URLs begin with")
    add(
        "--webhook-url",
        metavar="URL",
        help=f"the key's default; the secret is read from {WEBHOOK_SECRET_VARIABLE}",
    )
    add("--allow-private-webhooks", action="store_true", help="http and this machine, for tests")
    return options


def settings_of(args: argparse.Namespace, *, webhook_secret: str | None) -> EmulatorSettings:
    """The settings that a command line asks for; raises `ValueError`."""
    laws = dict(_law(text) for text in args.law)
    return EmulatorSettings(
        data_dir=args.data,
        host=args.host,
        port=args.port,
        speed=args.speed,
        keys=dict(_key(text) for text in args.key) if args.key else None,
        rate_group=args.group,
        law=laws.pop("", LatencyLaw()),
        laws=laws,
        seed=args.seed,
        balance_credits=args.balance,
        dialect=_dialect(args.dialect),
        faults=tuple(Fault.parse(text) for text in args.fault),
        picture=args.picture,
        image_format=args.format,
        are_pixels_rounded=args.rounded_pixels,
        public_url=args.public_url,
        webhook=_webhook(args, webhook_secret),
    )


def _credits(text: str) -> Decimal | None:
    if text == "unlimited":
        return None
    try:
        return Decimal(text)
    except InvalidOperation:
        raise argparse.ArgumentTypeError(f"not a number of credits: {text!r}") from None


def _key(text: str) -> tuple[str, str]:
    key, _, user = text.partition("=")
    return key, user or DEFAULT_USER


def _law(text: str) -> tuple[str, LatencyLaw]:
    model, _, times = text.rpartition("=")
    return model, LatencyLaw.parse(times)


def _dialect(options: Sequence[str]) -> Dialect:
    switches: dict[str, Any] = {}
    words: dict[str, str] = {}
    for option in options:
        name, equals, value = option.partition("=")
        if not equals:
            raise ValueError(f"A switch is written name=value; got {option!r}.")
        if name.startswith("words."):
            words[name.removeprefix("words.")] = value
        else:
            switches[name] = {"true": True, "false": False}.get(value, value)
    return Dialect().changed({**switches, **({"words": words} if words else {})})


def _webhook(args: argparse.Namespace, secret: str | None) -> WebhookSettings | None:
    if args.webhook_url is None:
        return None
    return WebhookSettings(
        url=args.webhook_url,
        secret=secret or "",
        are_private_addresses_allowed=args.allow_private_webhooks,
    )


def greeting(url: str, settings: EmulatorSettings) -> str:
    """What is printed once the port is open."""
    # A key that was asked for is not printed: it may be somebody's real one.
    key = "YOUR-KEY" if settings.keys else EXAMPLE_KEY
    header = '-H "Authorization: Bearer $TOAPIS_API_KEY"'
    return (
        f"Emulated ToAPIs image service, nothing is bought: {url}\n\n"
        f"export TOAPIS_BASE_URL={url} TOAPIS_API_KEY={key}\n"
        f"curl {url}/v1/images/generations {header} \\\n"
        f"  -H 'Content-Type: application/json' -d '{EXAMPLE_BODY}'\n"
        f"curl {url}/v1/images/generations/TASK_ID {header}\n\n"
        f"Faults: {json.dumps([fault.kind for fault in settings.faults])}, to change at "
        f"{url}/_emulator/faults; counts at {url}/_emulator/state"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until interrupted; 2 for a command line that cannot be followed."""
    args = parser().parse_args(arguments)
    try:
        settings = settings_of(args, webhook_secret=os.environ.get(WEBHOOK_SECRET_VARIABLE))
        server = EmulatorServer(settings)
    except (ValueError, OSError) as exc:
        print(f"emulator: {exc}", file=sys.stderr)
        return 2
    if not is_loopback(args.host):
        print(f"Anybody who can reach {args.host} can use this emulator.", file=sys.stderr)
    with contextlib.suppress(KeyboardInterrupt):
        server.run(lambda: print(greeting(server.url, settings), flush=True))
    return 0


if __name__ == "__main__":
    sys.exit(main())
