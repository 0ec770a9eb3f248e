"""The command line of the stand-alone emulator."""

import subprocess
import sys
from decimal import Decimal

import pytest

from playground.emulator import Dialect, Fault, LatencyLaw
from playground.emulator.__main__ import greeting, main, parser, settings_of

SECRET = "0123456789abcdef"


def settings(*arguments):
    return settings_of(parser().parse_args(arguments), webhook_secret=SECRET)


def test_the_defaults_are_loopback_and_any_key(tmp_path):
    result = settings("--data", str(tmp_path))

    assert (result.host, result.port) == ("127.0.0.1", 8765)
    assert (result.keys, result.speed, result.faults) == (None, 1.0, ())
    assert result.data_dir == tmp_path


def test_every_option_arrives_in_the_settings():
    result = settings(
        *[
            "--host",
            "::1",
            "--port",
            "0",
            "--speed",
            "50",
            "--balance",
            "100.5",
            "--group",
            "vip",
            "--seed",
            "3",
        ],
        *["--key", "sk-a", "--key", "sk-b=bob", "--law", "1-2", "--law", "flux-2-pro=8-30"],
        *["--fault", "create:reset,times=1", "--fault", "task:fail,probability=0.5"],
        *["--dialect", "url_place=top", "--dialect", "has_billing=false"],
        *[
            "--dialect",
            "words.completed=SUCCESS",
            "--picture",
            "plain",
            "--format",
            "png",
            "--rounded-pixels",
        ],
        *["--public-url", "https://example.com", "--webhook-url", "http://127.0.0.1:1/"],
        "--allow-private-webhooks",
    )

    assert (result.host, result.port, result.speed, result.seed) == ("::1", 0, 50.0, 3)
    assert (result.balance_credits, result.rate_group) == (Decimal("100.5"), "vip")
    assert result.keys == {"sk-a": "default", "sk-b": "bob"}
    assert result.law == LatencyLaw(p5_s=1, p95_s=2)
    assert result.laws == {"flux-2-pro": LatencyLaw(p5_s=8, p95_s=30)}
    assert result.faults == (
        Fault(at="create", kind="reset", times=1),
        Fault(at="task", kind="fail", probability=0.5),
    )
    assert result.dialect == Dialect(
        url_place="top", has_billing=False, words={"completed": "SUCCESS"}
    )
    assert (result.picture, result.image_format) == ("plain", "png")
    assert result.are_pixels_rounded
    assert result.public_url == "https://example.com"
    assert result.webhook.url == "http://127.0.0.1:1/"
    assert result.webhook.secret == SECRET
    assert result.webhook.are_private_addresses_allowed


def test_a_balance_can_be_unlimited():
    assert settings("--balance", "unlimited").balance_credits is None


@pytest.mark.parametrize(
    "arguments",
    [
        ["--fault", "create:nothing"],
        ["--dialect", "url_place"],
        ["--dialect", "nothing=1"],
        ["--law", "8"],
        ["--law", "flux-9=1-2"],
        ["--speed", "0"],
        ["--webhook-url", "http://example.com/"],
    ],
)
def test_what_cannot_be_followed_is_said_in_one_line(arguments, capsys, tmp_path):
    code = main(["--data", str(tmp_path), "--port", "0", *arguments])

    assert code == 2
    assert capsys.readouterr().err.startswith("emulator: ")


def test_the_greeting_shows_how_to_call_it_and_no_key_of_the_users(tmp_path):
    key = "sk-private-0123456789"
    text = greeting("http://127.0.0.1:8765", settings("--data", str(tmp_path), "--key", key))

    assert "curl http://127.0.0.1:8765/v1/images/generations" in text
    assert "TOAPIS_BASE_URL=http://127.0.0.1:8765" in text
    assert key not in text


@pytest.mark.slow
def test_an_interrupt_ends_it_without_a_traceback(tmp_path):
    command = [sys.executable, "-m", "playground.emulator", "--port", "0", "--data", str(tmp_path)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        process.stdout.readline()
        process.send_signal(2)
        _, errors = process.communicate(timeout=10)

    assert (process.returncode, errors) == (0, "")
