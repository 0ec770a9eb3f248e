"""HTML that escapes by construction: text becomes an element's words, never its markup."""

import html
import re
from collections.abc import Iterable
from functools import lru_cache

# HTML has no way to carry these; shown as the replacement sign instead of breaking the answer.
_UNSHOWABLE = re.compile("[\x00\ud800-\udfff]")
_needs_escaping = re.compile("[&<>\"'\x00\ud800-\udfff]").search
_VOID = frozenset({"img", "br", "input", "hr"})


class Markup(str):
    """A string that is HTML already."""

    __slots__ = ()


Child = str | Markup | None


def escape(text: str) -> Markup:
    """`text` as HTML; what is `Markup` already stays as it is."""
    return text if isinstance(text, Markup) else Markup(_escaped(text))


def join(children: Iterable[Child], separator: str = "") -> Markup:
    """The children one after the other, None left out."""
    return Markup(separator.join([_escaped(child) for child in children if child is not None]))


def el(name: str, /, *children: Child, **attributes: str | float | bool | None) -> Markup:
    """
    One element.

    An attribute's name is written with underscores (`class_`, `data_run_id`); None and False leave
    it out, True writes its bare name.
    """
    parts = ["<", name]
    for key, value in attributes.items():
        if value is None or value is False:
            continue
        parts.append(_attribute(key))
        if value is not True:
            # Markup belongs between elements: in an attribute it is words like any other.
            parts += ('="', _escaped(str(value)), '"')
    parts.append(">")
    if name not in _VOID:
        parts += [_escaped(child) for child in children if child is not None]
        parts.append(f"</{name}>")
    return Markup("".join(parts))


# Every screen is made of thousands of these, and nearly all of their words need nothing.
def _escaped(text: str) -> str:
    if isinstance(text, Markup) or _needs_escaping(text) is None:
        return text
    return html.escape(_UNSHOWABLE.sub("\ufffd", text))


@lru_cache(maxsize=1024)
def _attribute(key: str) -> str:
    return " " + key.rstrip("_").replace("_", "-")
