"""Whose address a call is taken to come from: what the nearest proxy wrote, never what the caller did."""

from collections.abc import Iterator
from typing import Any

import pytest
from gradio.context import LocalContext
from starlette.requests import Request

from playground.ui.serving.callers import calling_address


def called(*forwarded: str, peer: tuple[str, int] | None = ("10.0.0.9", 1)) -> Any:
    headers = [(b"x-forwarded-for", each.encode()) for each in forwarded]
    return Request({"type": "http", "headers": headers, "client": peer})


@pytest.fixture
def calling() -> Iterator[Any]:
    yield LocalContext.request.set
    LocalContext.request.set(None)


@pytest.mark.parametrize(
    ("forwarded", "address"),
    [
        (["203.0.113.7"], "203.0.113.7"),
        (["1.2.3.4, 203.0.113.7"], "203.0.113.7"),
        (["1.2.3.4", "5.6.7.8, 203.0.113.7"], "203.0.113.7"),
        (["2001:db8::1"], "2001:db8::1"),
        ([], "10.0.0.9"),
        (["1.2.3.4, "], "10.0.0.9"),
    ],
)
def test_behind_a_proxy_the_last_name_counts(
    calling: Any, forwarded: list[str], address: str
) -> None:
    calling(called(*forwarded))

    assert calling_address(is_behind_proxy=True) == address


def test_without_a_proxy_nobody_can_write_themselves_an_address(calling: Any) -> None:
    calling(called("203.0.113.7"))

    assert calling_address(is_behind_proxy=False) == "10.0.0.9"


def test_outside_of_a_call_nobody_knows(calling: Any) -> None:
    assert calling_address(is_behind_proxy=True) is None
    calling(called(peer=None))
    assert calling_address(is_behind_proxy=True) is None
