"""Sentences for people that remember what they are made of, so that a screen can say them in another language."""

from collections.abc import Mapping


class Said(str):
    """
    An English sentence. To whom that is enough it is text like any other.

    `pattern` is the sentence with its places open, `values` is what fills them: the sentence's
    name in every other language is its pattern.
    """

    pattern: str
    values: Mapping[str, object]

    def in_words(self, patterns: Mapping[str, str]) -> str:
        """
        The same by other patterns, with everything said inside it.

        Raises:
            KeyError: There is no pattern for it.
        """
        values = {
            name: value.in_words(patterns) if isinstance(value, Said) else value
            for name, value in self.values.items()
        }
        return patterns[self.pattern].format(**values)


def said(pattern: str, /, **values: object) -> Said:
    """
    The sentence of that pattern, written out where it is called: a test finds every one there.

    An error among the values counts as what it says.

    Raises:
        KeyError: A value is missing.
    """
    known = {
        name: words_of(value) if isinstance(value, Exception) else value
        for name, value in values.items()
    }
    sentence = Said(pattern.format(**known))
    sentence.pattern, sentence.values = pattern, known
    return sentence


def words_of(error: Exception) -> str:
    """What an error says, with what it is made of where that is known."""
    words = error.args[0] if len(error.args) == 1 else None
    return words if isinstance(words, Said) else str(error)
