"""Where a call comes from: the address of whoever sent it, as far as anybody can know."""

from gradio.context import LocalContext
from starlette.datastructures import Headers

FORWARDED = "x-forwarded-for"


def calling_address(*, is_behind_proxy: bool) -> str | None:
    """The address the call that is being answered comes from, see `address_of`; None outside of one."""
    request = LocalContext.request.get(None)
    if request is None:
        return None
    peer = None if request.client is None else str(request.client.host)
    return address_of(request.headers, peer, is_behind_proxy=is_behind_proxy)


def address_of(headers: Headers, peer: str | None, *, is_behind_proxy: bool) -> str | None:
    """
    Whose request this is.

    Args:
        peer: Who is at the other end of the line.

        is_behind_proxy: The nearest proxy has added whom it saw, as the last name of
            X-Forwarded-For. Everything before that may be the caller's invention.
    """
    if is_behind_proxy:
        written = ",".join(headers.getlist(FORWARDED))
        nearest = written.rpartition(",")[2].strip()
        if nearest:
            return nearest
    return peer
