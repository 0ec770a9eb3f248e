"""One plain sentence: what a deployment that strangers visit keeps, and what it forgets and when."""

from playground.hub import EVERY_MIN, Kept
from playground.settings import Settings
from playground.ui.texts import text

_COPIED = (Kept.KEEPING, Kept.FAILING)  # what did not arrive comes with the next push


def lasting_words(settings: Settings, kept: Kept | None = None) -> str | None:
    """
    None on one's own machine, where everything stays.

    Args:
        kept: How the copy on the Hub is doing, where there is to be one.
    """
    if not settings.is_public:
        return None
    hours = f"{settings.kept_h:g}"
    if not settings.is_forgetful:
        return text("lasting.keeps", hours=hours)
    if kept in _COPIED:
        return text("lasting.copied", hours=hours, minutes=EVERY_MIN)
    if kept is not None:
        return text("lasting.not_copied", hours=hours)
    missing = settings.is_volume_missing
    return text("lasting.volume_missing" if missing else "lasting.forgets", hours=hours)
