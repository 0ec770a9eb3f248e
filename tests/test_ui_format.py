"""How figures are written; the unknown is a dash."""

from decimal import Decimal
from pathlib import Path

import pytest

from playground.ui import format as fmt


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        ("0", "$0.00"),
        ("0.07", "$0.07"),
        ("0.070", "$0.07"),
        ("0.025", "$0.025"),
        ("0.0950", "$0.095"),
        ("1.2", "$1.20"),
        ("20", "$20.00"),
        ("1234.5", "$1,234.50"),
        ("0.00012", "$0.0001"),
        ("-0.07", "−$0.07"),
        ("1E+2", "$100.00"),
    ],
)
def test_money_keeps_cents_and_every_digit_that_counts(amount: str, words: str) -> None:
    assert fmt.usd(Decimal(amount)) == words


@pytest.mark.parametrize(
    ("duration_s", "words"),
    [
        (0.0, "0.0 s"),
        (0.002, "< 0.1 s"),
        (0.1, "0.1 s"),
        (12.34, "12.3 s"),
        (59.94, "59.9 s"),
        (59.96, "1 min 00 s"),
        (125.0, "2 min 05 s"),
    ],
)
def test_seconds_become_minutes_after_a_minute(duration_s: float, words: str) -> None:
    assert fmt.seconds(duration_s) == words


def test_the_unknown_is_a_dash_and_never_zero() -> None:
    unknown = (
        fmt.usd(None),
        fmt.seconds(None),
        fmt.file_size(None),
        fmt.pixels(None, 3),
        fmt.credits(None),
    )

    assert set(unknown) == {"–"}


def test_sizes_credits_and_prompts() -> None:
    assert fmt.file_size(999) == "999 bytes"
    assert fmt.file_size(312_345) == "312 kB"
    assert fmt.file_size(9_999_999) == "10.0 MB"
    assert fmt.credits(Decimal("2100")) == "2,100 credits"
    assert fmt.credits(Decimal("14.50")) == "14.5 credits"
    assert fmt.shortened("two\nlines  here", 9) == "two line…"


def test_an_address_of_a_file_survives_odd_names(tmp_path: Path) -> None:
    odd = tmp_path / "a b#c?d%.jpg"

    assert fmt.file_url(odd).endswith("/a%20b%23c%3Fd%25.jpg")
