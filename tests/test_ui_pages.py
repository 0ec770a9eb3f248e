"""What is remembered for each page, and what of it is news to a page."""

from playground.markup import Markup
from playground.ui.pages import Pages, Sent


def test_of_too_many_pages_the_one_set_longest_ago_is_forgotten() -> None:
    pages: Pages[int] = Pages(limit=2)

    pages["a"], pages["b"] = 1, 2
    pages["a"] = 3
    pages["c"] = 4

    assert dict(pages) == {"a": 3, "c": 4}
    assert pages.pop("a", None) == 3
    assert len(pages) == 1


def test_a_page_is_sent_what_it_does_not_have_and_nothing_twice() -> None:
    sent = Sent()
    card, stage = Markup("<p>waits</p>"), {"a": 1}

    assert sent.news({"card": card, "stage": stage}) == {"card": card, "stage": stage}
    assert sent.news({"card": Markup("<p>waits</p>"), "stage": {"a": 1}}) == {}
    assert sent.news({"card": Markup("<p>over</p>"), "stage": stage}) == {"card": "<p>over</p>"}
    assert sent.news({"vote": None}) == {"vote": None}  # nothing at all is something to be told
    assert sent.news({"card": card, "vote": None}) == {"card": card}


def test_what_was_sent_is_news_again_once_it_is_forgotten() -> None:
    moments = iter([0.0, 31.0, 40.0, 41.0])
    sent = Sent(clock=lambda: next(moments))
    values = {"card": "<p>over</p>", "stage": {"a": 1}}
    sent.news(values)

    assert sent.age_s == 31.0
    sent.forget(but=("stage",))
    assert sent.age_s == 1.0
    assert sent.news(values) == {"card": "<p>over</p>"}
