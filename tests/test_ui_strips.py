"""The prompt above the cards and the strip of earlier comparisons."""

from pathlib import Path

from playground.schema import Reference, RunStatus
from playground.ui.compare.earlier import Earlier, earlier_html
from playground.ui.subject import subject_html
from playground.ui.texts import text
from tests.ui_samples import a_finished_view, a_request, a_view


def _earlier(comparison_id: str, prompt: str = "A fox") -> Earlier:
    views = (a_finished_view(prompt=prompt), a_finished_view(lane=2, status=RunStatus.FAILED))
    return Earlier(
        comparison_id=comparison_id, views=views, thumbnails=(Path("/thumbnails/a.jpg"), None)
    )


def test_the_strip_waits_until_there_is_something_else_to_show() -> None:
    assert earlier_html([], shown_id=None) == ""
    assert earlier_html([_earlier("cmp_1")], shown_id="cmp_1") == ""
    assert "cmp_1" in earlier_html([_earlier("cmp_1")], shown_id=None)


def test_the_strip_marks_what_is_shown_and_counts_what_was_made() -> None:
    html = earlier_html([_earlier("cmp_2"), _earlier("cmp_1")], shown_id="cmp_2")

    assert html.index("cmp_2") < html.index("cmp_1")
    assert html.count('aria-current="true"') == 1
    assert "1 of 2 pictures" in html
    assert text("earlier.current") in html


def test_prompts_are_text_in_both() -> None:
    prompt = "<script>alert(1)</script>"

    strip = earlier_html([_earlier("cmp_1", prompt), _earlier("cmp_2")], shown_id=None)
    subject = subject_html(a_view(request=a_request(prompt=prompt)))

    for html in (strip, subject):
        assert "<script>" not in html
        assert "&lt;script&gt;" in html


def test_the_subject_names_ratio_resolution_and_references() -> None:
    references = (Reference(name="a", url="https://a"), Reference(name="b", url="https://b"))

    html = subject_html(a_view(request=a_request(size="16:9", references=references)))

    assert "16:9 · 1K · 2 references · 12:00 UTC" in html
    assert text("origin.example") in subject_html(a_view(), is_example=True)


def test_a_long_prompt_can_be_unfolded_and_a_short_one_needs_no_handle() -> None:
    assert "<details" not in subject_html(a_view(request=a_request(prompt="A fox")))
    assert "<details" in subject_html(a_view(request=a_request(prompt="A fox. " * 40)))
    assert "<details" in subject_html(a_view(request=a_request(prompt="A\nfox\nasleep")))
