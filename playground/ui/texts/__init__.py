"""Every text of the screens, by name; a language is one catalogue with the same names."""

from playground.ui.texts.english import ENGLISH

__all__ = ["ENGLISH", "text", "texts_of"]


def text(name: str, /, **values: object) -> str:
    """
    The text of that name with its values filled in.

    Raises:
        KeyError: The catalogue has no such text, or a value is missing.
    """
    return ENGLISH[name].format(**values)


def texts_of(group: str) -> dict[str, str]:
    """The texts of one group without its name, as they are, for scripts to fill in."""
    prefix = f"{group}."
    return {
        name.removeprefix(prefix): words
        for name, words in ENGLISH.items()
        if name.startswith(prefix)
    }
