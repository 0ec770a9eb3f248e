"""What a card says of a run, and what it never says."""

import re
from datetime import timedelta

import pytest

from playground.provenance.guards import Guard, GuardKind
from playground.runner.views import Phase, RunView
from playground.schema import Origin, RunStatus
from playground.ui.cards import Card, card_html
from playground.ui.texts import text
from tests.ui_samples import NOW, a_finished_view, a_request, a_view

HOSTILE = "<img src=x onerror=alert(1)> ${alert(1)} {{constructor}} \"'`"


def _html(*views: RunView, **changes: object) -> str:
    card = Card(lane=1, views=views, price=lambda _request: "est. $0.07", **changes)  # type: ignore[arg-type]
    return card_html(card, now=NOW + timedelta(seconds=3.25))


def _words(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


@pytest.mark.parametrize("phase", [phase for phase in Phase if phase is not Phase.DONE])
def test_every_phase_has_words_and_a_running_clock(phase: Phase) -> None:
    html = _html(a_view(phase=phase))

    assert text(f"phase.{phase}") in html
    assert 'data-elapsed-s="3.25"' in html
    assert 'data-state="running"' in html


@pytest.mark.parametrize("status", list(RunStatus))
def test_every_ending_has_words(status: RunStatus) -> None:
    html = _html(a_finished_view(status=status, error_message="Something happened."))

    assert text(f"status.{status}") in html
    assert 'data-state="over"' in html
    assert "data-elapsed-s" not in html


def test_progress_is_shown_only_when_the_service_gives_it() -> None:
    assert "<progress" not in _html(a_view())
    assert 'value="40"' in _html(a_view(progress_pct=40.0))
    # Zero is a figure too; it is not the same as none.
    assert 'value="0"' in _html(a_view(progress_pct=0.0))


def test_what_was_noticed_stands_on_the_cards_it_is_about() -> None:
    unchanged = Guard(kind=GuardKind.UNCHANGED, run_ids=("run_1",), sentence="Looks unchanged.")
    elsewhere = Guard(kind=GuardKind.SAME_PICTURE, run_ids=("run_8",), sentence="Same file.")
    nominal = Guard(kind=GuardKind.NOT_NOMINAL, run_ids=("run_1",), sentence="Not nominal.")

    words = _words(_html(a_finished_view(), guards=(unchanged, elsewhere, nominal)))

    assert "Looks unchanged." in words
    assert "Same file." not in words
    assert "Not nominal." not in words  # told among the facts already


def test_a_finished_card_tells_size_time_and_money() -> None:
    words = _words(_html(a_finished_view()))

    assert "1808×1024" in words
    assert "312 kB JPEG" in words
    assert "nominal 1820×1024, got 1808×1024" in words
    assert "Details queued 2.1 s generating 9.2 s download 0.4 s" in words
    assert "12.4 s" in words
    assert "$0.065 charged" in words


def test_sizes_that_agree_are_not_remarked_upon() -> None:
    html = _html(a_finished_view(width_px=1820))

    assert "nominal" not in html


def test_a_time_that_is_not_known_is_a_dash_and_never_zero() -> None:
    words = _words(_html(a_finished_view(queued_s=None, total_s=None)))

    assert "queued – generating 9.2 s" in words
    assert "0.0 s" not in words


def test_a_failed_card_keeps_the_service_s_reason_as_it_came_and_offers_a_retry() -> None:
    html = _html(
        a_finished_view(
            status=RunStatus.FAILED,
            error_kind="moderation",
            error_message="The policy stopped this. It says: <b>no</b>",
            service_message="<b>no</b>",
        )
    )

    assert "<blockquote" in html
    assert "&lt;b&gt;no&lt;/b&gt;" in html
    assert html.count("&lt;b&gt;no&lt;/b&gt;") == 1  # not said twice
    assert text("advice.moderation") in html
    assert 'data-action="retry"' in html
    assert "Retry this side · est. $0.07" in html
    # Neither a mere failure nor a button that asks to be pressed: it would be stopped again.
    assert "Stopped by content policy" in html
    assert "Failed" not in html
    assert 'class="pg-link" data-action="retry"' in html


def test_other_failures_are_retried_by_a_button() -> None:
    html = _html(a_finished_view(status=RunStatus.FAILED, error_kind="generation"))

    assert "Failed" in html
    assert 'class="pg-button" data-action="retry"' in html


def test_what_is_seldom_asked_for_is_folded_away() -> None:
    html = _html(a_finished_view())
    folded = html[html.index("<details") : html.index("</details>")]

    assert "queued" in folded
    assert "Copy task id" in folded
    assert "12.4 s" not in folded


def test_an_unknown_kind_of_error_still_gets_advice() -> None:
    html = _html(a_finished_view(status=RunStatus.FAILED, error_kind="something_new"))

    assert text("advice.other") in html


def test_an_unconfirmed_run_offers_a_free_look_before_a_second_purchase() -> None:
    html = _html(a_finished_view(status=RunStatus.UNCONFIRMED, error_kind="answer_lost"))

    assert html.index('data-action="look_again"') < html.index('data-action="retry"')
    assert "Look again (free)" in html
    assert "Buy again · est. $0.07" in html
    assert "may have been charged" in html


def test_a_run_nobody_waits_for_has_no_clock_and_says_it_is_paid() -> None:
    html = _html(a_view(is_detached=True))

    assert "data-elapsed-s" not in html
    assert text("phase.detached") in html
    assert "paid for" in html


def test_what_people_and_the_service_wrote_is_never_markup() -> None:
    running = _html(a_view(request=a_request(prompt=HOSTILE), note=HOSTILE, task_id=HOSTILE))
    done = _html(a_finished_view(prompt=HOSTILE, task_id=HOSTILE))
    failed = _html(
        a_finished_view(
            status=RunStatus.FAILED, error_message=HOSTILE, service_message=HOSTILE, prompt=HOSTILE
        )
    )

    for html in (running, done, failed):
        assert "<img src=x" not in html
        assert re.findall(r"<img[^>]*\bonerror\b[^>]*>", re.sub(r'"[^"]*"', '""', html)) == []


def test_emulated_work_is_marked_on_every_card() -> None:
    assert "pg-badge-emulated" in _html(a_view(origin=Origin.EMULATED))
    assert "pg-badge-emulated" in _html(a_finished_view(origin="emulated"))
    assert "pg-badge-live" in _html(a_view())
    assert text("origin.example_short") in _html(a_finished_view(), is_example=True)


def test_repeats_share_a_card_and_are_told_apart() -> None:
    html = _html(
        a_finished_view(),
        a_finished_view(run_id="run_2", repeat=2, status=RunStatus.FAILED),
    )

    assert html.count("<section") == 2
    assert "Picture 2 of 2" in html
    assert "Retry this picture" in html
    assert "side A, picture 1: A fox" in html


def test_a_picture_that_is_gone_from_the_disk_is_said_so() -> None:
    view = a_finished_view()

    html = _html(
        RunView(**{name: getattr(view, name) for name in view.__slots__} | {"picture": None})
    )

    assert text("card.missing_file") in html
    assert "<img" not in html


def test_an_empty_lane_names_its_model_and_what_to_do() -> None:
    html = card_html(Card(lane=2, views=(), model="flux-2-pro"))

    assert "FLUX.2 pro" in html
    assert text("card.empty") in html
