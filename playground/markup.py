"""HTML that escapes by construction: text becomes an element's words, never its markup."""

import html
import re
from collections.abc import Iterable

# HTML has no way to carry these; shown as the replacement sign instead of breaking the answer.
_UNSHOWABLE = re.compile("[\x00\ud800-\udfff]")
_VOID = frozenset({"img", "br", "input", "hr"})


class Markup(str):
    """A string that is HTML already."""

    __slots__ = ()


Child = str | Markup | None


def escape(text: str) -> Markup:
    """`text` as HTML; what is `Markup` already stays as it is."""
    if isinstance(text, Markup):
        return text
    return Markup(html.escape(_UNSHOWABLE.sub("\ufffd", text)))


def join(children: Iterable[Child], separator: str = "") -> Markup:
    """The children one after the other, None left out."""
    return Markup(separator.join(escape(child) for child in children if child is not None))


def el(name: str, /, *children: Child, **attributes: str | float | bool | None) -> Markup:
    """
    One element.

    An attribute's name is written with underscores (`class_`, `data_run_id`); None and False leave
    it out, True writes its bare name.
    """
    written = []
    for key, value in attributes.items():
        attribute = key.rstrip("_").replace("_", "-")
        if value is None or value is False:
            continue
        if value is True:
            written.append(f" {attribute}")
        else:
            written.append(f' {attribute}="{escape(str(value))}"')
    opening = f"<{name}{''.join(written)}>"
    if name in _VOID:
        return Markup(opening)
    return Markup(f"{opening}{join(children)}</{name}>")
