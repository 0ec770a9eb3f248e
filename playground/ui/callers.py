"""Where a call comes from: the address of whoever sent it, as far as anybody can know."""

from gradio.context import LocalContext

FORWARDED = "x-forwarded-for"


def calling_address(*, is_behind_proxy: bool) -> str | None:
    """
    The address the call that is being answered comes from; None outside of one.

    Args:
        is_behind_proxy: The nearest proxy has added whom it saw, as the last name of
            X-Forwarded-For. Everything before that may be the caller's invention.
    """
    request = LocalContext.request.get(None)
    if request is None:
        return None
    if is_behind_proxy:
        written = ",".join(request.headers.getlist(FORWARDED))
        nearest = written.rpartition(",")[2].strip()
        if nearest:
            return nearest
    return None if request.client is None else str(request.client.host)
