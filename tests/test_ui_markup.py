"""Text is never markup, whoever wrote it."""

from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from playground.markup import Markup, el, escape, join


class _Reader(HTMLParser):
    """What a browser would make of it: the tags, and the words between."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.words = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.words += data


def _read(markup: str) -> _Reader:
    reader = _Reader()
    reader.feed(markup)
    reader.close()
    return reader


@given(st.text(alphabet=st.characters(exclude_characters="\x00\r", exclude_categories=["Cs"])))
def test_any_text_comes_back_as_words_and_attribute_and_nothing_else(text: str) -> None:
    reader = _read(el("p", text, title=text))

    assert reader.tags == ["p"]
    assert reader.words == text
    assert reader.attributes == [("title", text)]


def test_what_html_cannot_carry_is_shown_as_a_replacement() -> None:
    shown = escape("a\x00b\ud83dc")

    assert shown == "a\ufffdb\ufffdc"
    assert shown.encode("utf-8")


def test_markup_is_not_escaped_twice() -> None:
    assert el("p", el("b", "<")) == "<p><b>&lt;</b></p>"
    assert join(("<", Markup("<br>"), None)) == "&lt;<br>"


def test_attributes_may_be_left_out_bare_or_named_with_dashes() -> None:
    assert el("input", type="radio", checked=True, disabled=False, title=None) == (
        '<input type="radio" checked>'
    )
    assert el("p", class_="a", data_run_id=3) == '<p class="a" data-run-id="3"></p>'


def test_markup_in_an_attribute_is_words() -> None:
    assert el("p", title=Markup('" onclick="x"')) == '<p title="&quot; onclick=&quot;x&quot;"></p>'
