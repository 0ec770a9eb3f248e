"""The History screen as values: what is asked of the logs, what is drawn, what is taken out. No browser."""

import asyncio
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from zipfile import ZipFile

import pytest

from playground.errors import InvalidRequestError
from playground.history.marks import MarkLog
from playground.history.pages import (
    Archived,
    History,
    HistoryItem,
    HistoryPage,
    HistoryQuery,
    RunBrief,
    Verdict,
)
from playground.judging.pairs import comparison_pairs
from playground.judging.votes import Ballot, load_votes
from playground.markup import escape
from playground.runner.desk import Desk
from playground.schema import (
    Answer,
    Mark,
    MarkKind,
    Origin,
    Reason,
    Reference,
    Run,
    RunStatus,
    column_info,
)
from playground.settings import Settings
from playground.ui import format as fmt
from playground.ui.compare.easel import Form
from playground.ui.compare.flow import Flow
from playground.ui.history.archive import Archive, Marked, asked, carried, is_filtered
from playground.ui.history.detail import detail_of, head_html
from playground.ui.history.fields import value_words
from playground.ui.history.listing import Listing, listing_html
from playground.ui.history.open_tasks import open_html
from playground.ui.history.past import MAX_REFERENCES, DetailView, PastFlow, past_flow
from playground.ui.shelf import Shelf
from playground.ui.texts import text
from playground.ui.visits import Visit, Visits
from playground.ui.voting.neutral_references import NeutralReferences, missing_words
from tests.engine_rig import HURRY
from tests.judging_rig import a_comparison, a_picture, a_run, failed, keep_picture, log_runs
from tests.ui_samples import a_finished_view, a_view

VISIT = Visit(visit_id="0" * 32)
HOSTILE = '<img src=x onerror=alert(1)> ${7*7} {{x}}\n=HYPERLINK("a")'
KEPT = "ab" * 32
GONE = "cd" * 32
UTC_NOW = datetime(2026, 11, 22, tzinfo=UTC)


class Rig:
    """The steps of the screen over a data folder with a history, and a visit of its own."""

    def __init__(self, data_dir: Path, past: PastFlow, flow: Flow) -> None:
        self.data_dir = data_dir
        self.past = past
        self.flow = flow
        self.archive: Archive = past.archive
        self.visit: Visit = flow.visits.enter(None)

    def detail(self, comparison_id: str, wanted: tuple[str, ...] = ()) -> DetailView:
        return asyncio.run(self.past.detail(comparison_id, self.visit, wanted))

    def run(self, run_id: str) -> Run:
        run = self.flow.desk.log.get(run_id)
        assert run is not None
        return run


def _history(data_dir: Path) -> Iterator[Run]:
    """1 plain, 2 hostile, 3 with a failure, 4 in doubt, 5 somebody else's, 6 repeats and references."""
    for number in (1, 2, 3, 4, 5):
        for run in a_comparison(number):
            seed = 10 * number + run.lane
            yield keep_picture(data_dir, run, a_picture("JPEG", seed=seed, comment=b"a comment"))
    for run in a_comparison(6, repeats=2):
        yield keep_picture(data_dir, run, a_picture(seed=60 + run.lane + run.repeat))


def _changed(run: Run) -> Run:
    number = run.comparison_id.removeprefix("cmp_")
    if number == "2":
        return replace(run, prompt=HOSTILE, model="flux-2-flex" if run.lane == 1 else "<b>new</b>")
    if number == "3" and run.lane == 2:
        return replace(failed(run), error_message="It failed.", service_message="<i>no</i>")
    if number == "4" and run.lane == 1:
        return replace(failed(run), status=RunStatus.UNCONFIRMED, estimate_usd=Decimal("0.07"))
    if number == "5":
        return replace(run, owner_id="somebody")
    if number == "6":
        return replace(
            run,
            reference_count=3,
            reference_sha256=f"{KEPT} {GONE} -",
            reference_urls="https://files/1 https://files/2 https://example.org/3.png",
        )
    return run


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    data_dir = tmp_path_factory.mktemp("history")
    runs = [_changed(run) for run in _history(data_dir)]
    log_runs(data_dir, runs)
    (data_dir / "references").mkdir()
    (data_dir / "references" / f"{KEPT}.png").write_bytes(a_picture(seed=99))
    desk = Desk(Settings(data_dir=data_dir), patience=HURRY)
    desk.start()
    thumbnails_dir = data_dir / "thumbnails"
    flow = Flow(
        desk,
        visits=Visits(forget_account=desk.close_account),
        shelf=Shelf(
            desk, upload_dir=data_dir / "uploads", thumbnails_dir=thumbnails_dir / "references"
        ),
        thumbnails_dir=thumbnails_dir / "pictures",
    )
    yield Rig(data_dir, past_flow(flow, History(data_dir), thumbnails_dir=thumbnails_dir), flow)
    desk.close()


# ---- what is asked ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sent",
    [
        None,
        [],
        "text",
        {},
        {"text": 1, "model": ["a"], "since": "soon", "until": "9999-12-31", "judged": "maybe"},
        {"tag": "x" * 1000, "origin": "mars", "archived": "?", "page_size": 10**9, "starred": 1},
        {"tag": " ", "model": " ", "since": None, "until": 5},
    ],
)
def test_whatever_a_page_sends_as_filters_is_a_query_that_can_be_asked(sent: object) -> None:
    query = asked(sent, page=-3, visit=VISIT)

    assert query == HistoryQuery(voter_id=VISIT.voter_id)
    assert not is_filtered(query)


def test_filters_are_taken_over_and_both_days_are_included() -> None:
    query = asked(
        {
            "text": "fox",
            "model": "flux-2-pro",
            "status": "failed",
            "tag": "  Good  ONE ",
            "origin": "live",
            "since": "2026-11-20",
            "until": "2026-11-22",
            "judged": "no",
            "starred": "yes",
            "archived": "all",
            "page_size": 96,
        },
        page=4,
        visit=VISIT,
    )

    assert query.models == ("flux-2-pro",)
    assert query.statuses == ("failed",)
    assert query.tags == ("good one",)
    assert query.origin is Origin.LIVE
    assert query.since == datetime(2026, 11, 20, tzinfo=UTC)
    assert query.until == datetime(2026, 11, 23, tzinfo=UTC)
    assert (query.is_judged, query.is_starred) == (False, True)
    assert query.archived is Archived.ALL
    assert (query.page, query.page_size) == (4, 96)
    assert is_filtered(query)


def test_marks_are_what_the_acts_leave() -> None:
    def act(kind: MarkKind, value: str | None, *, is_on: bool) -> Mark:
        return Mark(act_id="a", comparison_id="c", kind=kind, value=value, is_on=is_on, at=UTC_NOW)

    marked = carried(
        [
            act(MarkKind.STAR, None, is_on=True),
            act(MarkKind.TAG, "b", is_on=True),
            act(MarkKind.TAG, "a", is_on=True),
            act(MarkKind.TAG, "b", is_on=False),
            act(MarkKind.NOTE, "first", is_on=True),
            act(MarkKind.NOTE, "second", is_on=True),
            act(MarkKind.ARCHIVE, None, is_on=True),
            act(MarkKind.ARCHIVE, None, is_on=False),
        ]
    )

    assert marked == Marked(is_starred=True, is_archived=False, tags=("a",), note="second")


# ---- the list ---------------------------------------------------------------------------------


def _item(number: int = 1, **changes: object) -> HistoryItem:
    runs = tuple(
        RunBrief(
            run_id=f"run_{number}_{lane}",
            lane=lane,
            repeat=1,
            model=f"flux-2-{'flex' if lane == 1 else 'pro'}",
            status="succeeded",
            file=f"pictures/{number}_{lane}.png",
            total_s=12.3 if lane == 1 else 8.0,
            charged_usd=Decimal("0.07"),
        )
        for lane in (1, 2)
    )
    item = HistoryItem(
        comparison_id=f"cmp_{number}",
        experiment_id=None,
        prompt="A fox",
        size="1:1",
        resolution="1K",
        origin="live",
        started_at=UTC_NOW,
        runs=runs,
        attempts=runs,
        n_pairs=1,
        n_judged=0,
        verdicts=(),
        is_starred=False,
        is_archived=False,
        tags=(),
        note=None,
    )
    return replace(item, **changes)  # type: ignore[arg-type]


def _verdict(number: int = 1, *, left: int = 1, **changes: object) -> Verdict:
    """That pro is better; `left` is the lane shown as A."""
    verdict = Verdict(
        pair_kind="models",
        run_a=f"run_{number}_{left}",
        answer="a_better" if left == 2 else "b_better",
        winner_model="flux-2-pro",
        is_blind=True,
    )
    return replace(verdict, **changes)  # type: ignore[arg-type]


def _listing(
    *items: HistoryItem,
    is_table: bool = False,
    is_filtered: bool = True,
    hidden: frozenset[str] = frozenset(),
    **page: int,
) -> str:
    told = {"number": 1, "n_pages": 1, "n_found": len(items), "n_comparisons": len(items), **page}
    return listing_html(
        Listing(
            page=HistoryPage(items=items, **told),
            is_table=is_table,
            is_filtered=is_filtered,
            thumbnail=lambda file: None if file is None else Path(f"/small/{file}"),
            hidden_ids=hidden,
            experiment_name={"exp_9": "Twelve lighthouses"}.__getitem__,
        )
    )


def test_an_empty_history_says_how_to_begin_and_a_filter_how_to_see_more() -> None:
    assert text("history.empty_title") in _listing()
    nothing = _listing(n_comparisons=7)
    assert text("history.none", all="7") in nothing
    assert "data-clear" in nothing
    archived = _listing(n_comparisons=7, is_filtered=False)
    assert 'data-filter="archived" data-value="all"' in archived
    assert "data-clear" not in archived


@pytest.mark.parametrize("is_table", [False, True])
def test_both_views_tell_the_same_of_each_comparison(is_table: bool) -> None:
    item = _item(
        prompt=HOSTILE, tags=("<tag>",), note="<note>", is_archived=True, experiment_id="exp_9"
    )

    html = _listing(item, _item(2), is_table=is_table, n_comparisons=5)

    assert "2 of 5 comparisons" in html
    for words in (
        "2026-11-22 00:00 UTC",
        "FLUX.2 flex 12.3 s",
        "FLUX.2 pro 8.0 s",
        "$0.14 charged",
    ):
        assert words in html
    for words in ("&lt;tag&gt;", "note: &lt;note&gt;", "archived", "not judged by you"):
        assert words in html
    assert "experiment Twelve lighthouses" in html
    assert "exp_9" not in html
    assert "<img src=x" not in html
    assert html.count("<img ") == 4


def test_thumbnails_of_what_is_not_judged_do_not_follow_the_lanes() -> None:
    def is_lane_1_first(item: HistoryItem) -> bool:
        html = _listing(item)
        return html.index("_1.png") < html.index("_2.png")

    unjudged = [is_lane_1_first(_item(number)) for number in range(200)]
    judged = [
        is_lane_1_first(_item(number, n_judged=1, verdicts=(_verdict(number, left=left),)))
        for number in range(20)
        for left in (1, 2)
    ]

    assert 70 < sum(unjudged) < 130
    assert judged == [True, False] * 20  # as the voter had them before them
    assert is_lane_1_first(_item(7)) == is_lane_1_first(_item(7))


@pytest.mark.parametrize("is_table", [False, True])
def test_what_waits_to_be_judged_blind_is_listed_without_its_sides(is_table: bool) -> None:
    hidden = frozenset({"cmp_1"})
    item, slow = _item(n_pairs=1), _item(n_pairs=0)

    html = _listing(item, is_table=is_table, hidden=hidden)
    half = _listing(replace(slow, runs=slow.runs[1:]), is_table=is_table, hidden=hidden)

    assert "blind, waits for your vote" in html
    for secret in ("FLUX", "run_1", "_1.png", "$", "12.3", "<img"):
        assert secret not in html
    # Nor does it tell that one of them is there already.
    assert html == half


@pytest.mark.parametrize(
    ("verdicts", "words"),
    [
        ((_verdict(),), "FLUX.2 pro better · blind"),
        ((_verdict(is_blind=False),), "FLUX.2 pro better · not blind"),
        ((_verdict(answer="tie", winner_model=None),), "Tie · blind"),
        ((_verdict(answer="both_bad", winner_model=None),), "Both bad · blind"),
        ((_verdict(pair_kind="same_model"),), "one better · blind"),
        (
            (_verdict(), _verdict(is_blind=False), _verdict(answer="tie", winner_model=None)),
            "FLUX.2 pro better ×2, Tie · 2 blind · 3 of 4 pairs judged",
        ),
    ],
)
def test_the_list_says_who_won(verdicts: tuple[Verdict, ...], words: str) -> None:
    count = len(verdicts)

    html = _listing(_item(n_pairs=4 if count > 1 else 1, n_judged=count, verdicts=verdicts))

    assert words in html


@pytest.mark.parametrize("is_table", [False, True])
@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"status": "failed", "error_kind": "moderation"}, "FLUX.2 pro: moderated"),
        ({"status": "refused", "error_kind": "rejected"}, "FLUX.2 pro: refused"),
        ({"status": "timed_out", "error_kind": "never_final"}, "FLUX.2 pro: timed out"),
        ({"status": "unconfirmed"}, "FLUX.2 pro: unconfirmed, may have been charged"),
        ({"status": "failed", "error_kind": "<new>"}, "FLUX.2 pro: failed"),
    ],
)
def test_the_list_says_why_a_picture_is_missing(
    changes: dict[str, str], words: str, is_table: bool
) -> None:
    flex, pro = _item().runs
    runs = (flex, replace(pro, file=None, **changes))  # type: ignore[arg-type]

    html = _listing(_item(runs=runs, attempts=runs, n_pairs=0), is_table=is_table)

    assert f"data-failed>{words}</span>" in html
    assert "not judged" not in html


def test_a_total_says_what_kind_of_amount_it_is() -> None:
    def cost(origin: str, *changes: dict[str, object]) -> str:
        runs = tuple(replace(_item().runs[0], **each) for each in changes)  # type: ignore[arg-type]
        return _listing(_item(origin=origin, attempts=runs))

    charged = {"charged_usd": Decimal("0.05")}
    estimated = {"charged_usd": None, "estimate_usd": Decimal("0.07")}
    unknown = {"charged_usd": None}
    refunded = {**charged, "billing_status": "refunded"}
    refused = {**estimated, "status": "refused"}

    assert ">$0.10 charged<" in cost("live", charged, charged)
    assert ">est. $0.12<" in cost("live", charged, estimated)
    assert ">emulated $0.10<" in cost("emulated", charged, charged)
    assert ">est. $0.05, and an unknown amount<" in cost("live", charged, unknown)
    assert ">cost unknown<" in cost("live", unknown)
    assert ">nothing charged<" in cost("live", refunded, refused)


def test_pages_can_be_turned_only_where_there_are_any() -> None:
    def on(html: str) -> list[str]:
        buttons = re.findall(r"<button[^>]*data-act=\"turn\"[^>]*>", html)
        return [
            re.search(r'data-page="(\d+)"', each)[1]  # type: ignore[index]
            for each in buttons
            if "disabled" not in each
        ]

    assert on(_listing(_item())) == []
    assert on(_listing(_item(), number=1, n_pages=9)) == ["2", "9"]
    assert on(_listing(_item(), number=4, n_pages=9)) == ["1", "3", "5", "9"]
    assert on(_listing(_item(), number=9, n_pages=9)) == ["1", "8"]


def test_only_this_visitor_s_comparisons_are_listed(rig: Rig) -> None:
    shown = asyncio.run(rig.past.listing({}, 1, rig.visit))

    assert 'data-found="5"' in shown.listing
    assert "cmp_5" not in shown.listing
    models = [value for value, _ in shown.choices["model"]]
    assert models == ["<b>new</b>", "flux-2-flex", "flux-2-pro"]
    assert ["failed", "Failed"] in shown.choices["status"]


# ---- what is open -----------------------------------------------------------------------------


def test_open_tasks_say_what_can_be_done_and_what_it_costs() -> None:
    doubted = a_finished_view(run_id="run_9", status=RunStatus.UNCONFIRMED, file=None)

    html = open_html(
        [a_view(is_detached=True)], [doubted], price=lambda view: f"est. {view.run_id}"
    )

    assert text("phase.detached") in html
    assert text("status.unconfirmed") in html
    assert text("card.look_again") in html
    assert "Buy again · est. run_9" in html
    assert html.count('data-act="show"') == 2
    assert open_html([], [], price=lambda view: "") == ""


def test_a_blind_comparison_under_way_is_listed_without_its_sides() -> None:
    html = open_html([], [], hidden=[a_view(run_id="run_secret")], price=lambda view: "")

    assert text("history.open_blind") in html
    for secret in ("run_secret", "task_1", "flux", "FLUX"):
        assert secret not in html


def test_what_is_in_doubt_is_found_and_what_is_settled_is_not(rig: Rig) -> None:
    assert [view.run_id for view in rig.archive.unconfirmed(rig.visit)] == ["run_4_1_1"]


# ---- one comparison ---------------------------------------------------------------------------


def test_a_detail_has_every_field_of_both_runs_to_copy(rig: Rig) -> None:
    shown = rig.detail("cmp_1")

    for name in column_info(Run):
        assert f'data-field="{name}"' in shown.fields
        assert escape(text(f"field.{name}")) in shown.fields
    assert 'data-copy="task_run_1_1_1"' in shown.fields
    assert shown.fields.count("data-copy=") < 40  # nobody copies "1K"
    assert 'data-field="resolution"' in shown.fields
    assert "Copy: Resolution" not in shown.fields
    assert shown.chosen == ("run_1_1_1", "run_1_2_1")


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("charged_usd", None, fmt.UNKNOWN),
        ("charged_usd", Decimal("0.065"), "$0.065"),
        ("charged_credits", Decimal(13), "13 credits"),
        ("queued_s", None, fmt.UNKNOWN),
        ("queued_s", 0.0, "0.0 s"),
        ("size_bytes", 312_345, "312 kB"),
        ("sent_at", datetime(2026, 3, 1, 12, 5, 9, tzinfo=UTC), "2026-03-01 12:05:09 UTC"),
        ("model", "flux-2-pro", "flux-2-pro"),
    ],
)
def test_values_are_written_with_their_units_and_unknown_is_never_zero(
    name: str, value: object, words: str
) -> None:
    assert value_words(name, value) == words


def test_prompts_models_and_messages_are_text(rig: Rig) -> None:
    shown = rig.detail("cmp_2")
    told = rig.detail("cmp_3")

    html = shown.head + shown.runs + shown.fields + shown.marks
    assert "<img src=x" not in html
    assert "<b>new</b>" not in html
    assert "&lt;b&gt;new&lt;/b&gt;" in html
    assert "&lt;i&gt;no&lt;/i&gt;" in told.runs


def test_any_two_runs_can_be_chosen_and_others_fall_back(rig: Rig) -> None:
    repeats = rig.detail("cmp_6", ("run_6_1_2", "run_6_1_1"))
    foreign = rig.detail("cmp_6", ("run_1_1_1", "run_6_1_1"))

    assert repeats.chosen == ("run_6_1_2", "run_6_1_1")
    assert [each["mark"] for each in repeats.stage_value["pictures"][:2]] == ["A2", "A1"]
    assert text("history.no_difference") in repeats.fields
    assert foreign.chosen == ("run_6_1_1", "run_6_2_1")
    assert "flux-2-pro" in foreign.fields


def test_references_stand_on_both_stages_as_neutral_copies(rig: Rig) -> None:
    shown = rig.detail("cmp_6").stage_value["pictures"]
    screen = asyncio.run(rig.flow.enter(rig.visit, "page", "cmp_6")).stage["pictures"]

    for pictures in (shown, screen):
        labels = [each["label"] for each in pictures if each["mark"] == "R1"]
        assert labels == [text("history.reference_name", number=1)]
    url = next(each["url"] for each in shown if each["mark"] == "R1")
    assert KEPT not in url
    copy = Path(url.removeprefix("gradio_api/file="))
    assert copy.is_relative_to(rig.data_dir / "thumbnails")
    assert copy.read_bytes() == (rig.data_dir / "references" / f"{KEPT}.png").read_bytes()


def test_what_cannot_be_sent_again_is_named_and_the_rest_restored(rig: Rig) -> None:
    screen = asyncio.run(rig.flow.enter(rig.visit, "page", "cmp_6"))

    assert screen.form is not None
    assert [each["name"] for each in screen.form.references] == ["image 1", "image 3"]
    words = missing_words(
        [
            Reference(name="a", url="https://a"),
            Reference(name="b", sha256=GONE, url="https://b"),
        ]
    )
    assert words == "No longer kept here, and so not sent again: image 2."
    assert words in screen.notice
    assert words in rig.detail("cmp_6").head


def test_a_comparison_of_somebody_else_is_as_good_as_none(rig: Rig) -> None:
    assert rig.detail("cmp_5") == DetailView()
    assert rig.detail("cmp_unknown") == DetailView()
    with pytest.raises(InvalidRequestError):
        rig.archive.run("run_5_1_1", rig.visit)
    with pytest.raises(InvalidRequestError):
        rig.archive.mark("cmp_5", MarkKind.STAR, "", rig.visit, is_on=True)
    with pytest.raises(InvalidRequestError):
        rig.archive.export_comparisons(["cmp_5"], rig.visit, with_records=True)


def _acts_of(rig: Rig, voter: Visit) -> list[tuple[str, str]]:
    votes = load_votes(rig.data_dir / "votes.csv")
    mine = votes[votes["voter_id"] == voter.voter_id]
    return list(zip(mine["comparison_id"], mine["answer"], strict=True))


def test_what_waits_to_be_judged_blind_opens_blind_until_its_names_are_asked_for(rig: Rig) -> None:
    rig.flow.ballots.seal("cmp_1")
    voter = rig.flow.visits.enter(None)
    listed = asyncio.run(rig.past.listing({}, 1, voter)).listing

    blind = asyncio.run(rig.past.detail("cmp_1", voter))
    told = repr(blind)

    assert "blind, waits for your vote" in listed
    assert 'data-act="reveal"' in blind.head
    for secret in ("FLUX", "flux", "run_1_", "pictures/", "$"):
        assert secret not in told
    assert [each["mark"] for each in blind.stage_value["pictures"]] == ["A", "B"]
    assert blind.stage_value["isBlind"]
    assert _acts_of(rig, voter) == []

    for _ in range(2):
        named = asyncio.run(rig.past.reveal("cmp_1", voter))
        assert named == asyncio.run(rig.past.detail("cmp_1", voter))

    assert "FLUX.2 flex" in named.runs
    assert _acts_of(rig, voter) == [("cmp_1", "revealed")]


def test_a_blind_comparison_with_nothing_to_judge_hides_nothing(rig: Rig) -> None:
    rig.flow.ballots.seal("cmp_3")
    voter = rig.flow.visits.enter(None)
    listed = asyncio.run(rig.past.listing({"text": "number 3"}, 1, voter)).listing

    shown = asyncio.run(rig.past.detail("cmp_3", voter))

    assert "waits for your vote" not in listed
    assert "FLUX.2 pro" in shown.runs


def test_votes_are_told_with_the_better_picture_and_whether_they_were_blind(rig: Rig) -> None:
    voter = rig.flow.visits.enter(None)
    views = rig.flow.desk.views("cmp_2")
    pair = comparison_pairs([view.run for view in views if view.run is not None])[0]
    ballot = Ballot.open(
        pair,
        log=rig.flow.ballots.log,
        voter_id=voter.voter_id,
        is_blind=True,
        at=UTC_NOW,
        number=1,
    )
    ballot.cast(
        Answer.A_BETTER if ballot.run_a == "run_2_1_1" else Answer.B_BETTER,
        at=UTC_NOW,
        reasons=[Reason.DETAIL],
        note="<i>sharp</i>",
    )
    ballot.withdraw(at=UTC_NOW)

    shown = asyncio.run(rig.past.detail("cmp_2", voter)).votes

    mark, other = ("A", "B") if ballot.run_a == "run_2_1_1" else ("B", "A")
    assert f"{mark} better: FLUX.2 flex" in shown
    assert f"{mark} was FLUX.2 flex" in shown
    assert f"{other} was &lt;b&gt;new&lt;/b&gt;" in shown
    assert "2026-11-22 00:00 UTC · blind · A was" in shown
    assert "· detail" in shown
    assert "&lt;i&gt;sharp&lt;/i&gt;" in shown
    assert re.findall('data-answer="([^"]+)"', shown)[1:] == ["withdrawn"]
    assert text("history.no_votes") in rig.detail("cmp_4").votes


# ---- marks ------------------------------------------------------------------------------------


def test_every_mark_can_be_taken_back(rig: Rig) -> None:
    def state() -> Marked:
        past = rig.archive.past("cmp_3", rig.visit)
        assert past is not None
        return past.marked

    before = state()
    for kind, value in (("star", ""), ("tag", " Good "), ("note", "for later"), ("archive", "")):
        told = asyncio.run(rig.past.mark("cmp_3", kind, value, rig.visit, is_on=True))
        assert state() != before
        act_id = re.search(r'data-undo="([^"]+)"', told)
        assert act_id is not None
        asyncio.run(rig.past.undo("cmp_3", act_id[1], rig.visit))
        assert state() == before


def test_marks_that_cannot_be_kept_are_refused_with_the_reason(rig: Rig) -> None:
    def told(kind: str, value: str, comparison_id: str = "cmp_3") -> str:
        return asyncio.run(rig.past.mark(comparison_id, kind, value, rig.visit, is_on=True))

    before = len(MarkLog(rig.data_dir / "marks.csv"))

    assert "A tag has 1 to 60 characters" in told("tag", "x" * 61)
    assert "the limit is 10,000" in told("note", "x" * 10_001)
    assert text("history.unknown") in told("star", "", "cmp_unknown")
    assert text("history.unknown") in told("paint", "")
    assert text("history.nothing_to_undo") in asyncio.run(
        rig.past.undo("cmp_3", "act_x", rig.visit)
    )
    assert len(MarkLog(rig.data_dir / "marks.csv")) == before


# ---- taking out -------------------------------------------------------------------------------


def test_a_zip_of_several_has_a_folder_for_each(rig: Rig) -> None:
    ready = rig.archive.export_comparisons(
        ["cmp_1", "cmp_3", "cmp_1"], rig.visit, with_records=False
    )

    with ZipFile(ready.path) as archive:
        names = set(archive.namelist())
        first = archive.read("cmp_1/pictures/1-flux-2-flex-1.jpg")
    assert {name.partition("/")[0] for name in names} == {"cmp_1", "cmp_3"}
    assert {"cmp_3/runs.csv", "cmp_3/request.json", "cmp_3/pictures/1-flux-2-flex-1.jpg"} <= names
    assert first == (rig.data_dir / f"{rig.run('run_1_1_1').file}").read_bytes()
    assert ready.path.name == "2-comparisons.zip"
    assert {path.name for path in ready.path.parent.iterdir()} == {ready.path.name}


def test_a_zip_of_one_has_its_rows_pictures_and_references(rig: Rig) -> None:
    ready = rig.archive.export_comparisons(["cmp_6"], rig.visit, with_records=True)

    with ZipFile(ready.path) as archive:
        names = set(archive.namelist())
    assert {"request.json", "runs.csv", "references/image-1.png"} <= names
    assert sum(name.startswith("pictures/") for name in names) == 4
    assert ready.wanting == ("Reference 2 is gone.",)


def test_too_many_or_none_for_one_zip_are_refused(rig: Rig) -> None:
    with pytest.raises(InvalidRequestError, match="at most 100"):
        rig.archive.export_comparisons(
            [f"cmp_{n}" for n in range(101)], rig.visit, with_records=True
        )
    told = asyncio.run(rig.past.export_comparisons([], rig.visit, with_records=True))
    assert text("history.zip_empty") in told


def test_a_picture_becomes_a_reference_until_the_models_take_no_more(rig: Rig) -> None:
    held = [{"token": str(n)} for n in range(MAX_REFERENCES - 1)]

    references, words = asyncio.run(rig.past.as_reference("run_1_1_1", held, rig.visit))
    full, refusal = asyncio.run(rig.past.as_reference("run_1_2_1", references, rig.visit))

    assert len(references) == MAX_REFERENCES
    assert words == text("history.used", number=MAX_REFERENCES)
    sent = rig.flow.shelf.take(references[-1:])[0]
    assert sent.path is not None
    assert sent.path.is_relative_to(rig.data_dir / "references")
    assert full == references
    assert refusal == text("history.use_full", limit=MAX_REFERENCES)


def test_a_run_without_a_picture_is_no_reference(rig: Rig) -> None:
    references, words = asyncio.run(rig.past.as_reference("run_3_2_1", [], rig.visit))

    assert references == []
    assert words == text("card.missing_file")


def test_neutral_copies_keep_their_name_and_damaged_ones_are_left_out(tmp_path: Path) -> None:
    whole, broken = tmp_path / f"{KEPT}.png", tmp_path / f"{GONE}.png"
    whole.write_bytes(a_picture())
    broken.write_bytes(b"not a picture")
    references = (
        Reference(name="a", path=whole, sha256=KEPT),
        Reference(name="b", path=broken, sha256=GONE),
        Reference(name="c", url="https://c"),
    )
    shown = NeutralReferences(tmp_path / "shown")

    first, again = shown.pictures(references), shown.pictures(references)
    other = NeutralReferences(tmp_path / "shown").pictures(references)

    assert first == again
    assert [(each.mark, each.width_px, each.is_neutral) for each in first] == [("R1", 96, True)]
    assert first[0].url != other[0].url


def test_a_row_that_points_elsewhere_shows_nothing(rig: Rig) -> None:
    for file in ("../runs.csv", "runs.csv", "/etc/passwd", "pictures/none.png", None):
        assert rig.archive.picture(file) is None
        assert rig.archive.thumbnail(file) is None
    assert rig.archive.picture(a_run().file) is not None


def test_nothing_of_what_waits_to_be_judged_blind_is_taken_out(rig: Rig) -> None:
    rig.flow.ballots.seal("cmp_6")
    voter = rig.flow.visits.enter(None)

    with pytest.raises(InvalidRequestError, match="waits for your blind vote"):
        rig.archive.export_comparisons(["cmp_6"], voter, with_records=True)
    with pytest.raises(InvalidRequestError, match="waits for your blind vote"):
        rig.archive.export_picture("run_6_1_1", voter, with_record=True)
    _, words = asyncio.run(rig.past.as_reference("run_6_1_1", [], voter))
    several = rig.archive.export_comparisons(["cmp_6", "cmp_2"], voter, with_records=True)

    assert "waits for your blind vote" in words
    assert several.wanting == (text("history.blind_left_out", count=1),)
    with ZipFile(several.path) as archive:
        assert {name.partition("/")[0] for name in archive.namelist()} == {"cmp_2"}
    assert _acts_of(rig, voter) == []


def test_a_judged_pair_stands_as_its_voter_had_it(rig: Rig) -> None:
    def seen_by(number: int) -> tuple[list[str], str, str]:
        voter = rig.flow.visits.enter(None)
        pair = comparison_pairs(
            [view.run for view in rig.flow.desk.views("cmp_4") if view.run is not None]
        )[0]
        pair = replace(pair, why_not=None)
        ballot = Ballot.open(
            pair, log=rig.flow.ballots.log, voter_id=voter.voter_id, is_blind=True, at=UTC_NOW,
            number=number,
        )  # fmt: skip
        ballot.cast(Answer.A_BETTER, at=UTC_NOW)
        shown = asyncio.run(rig.past.detail("cmp_4", voter))
        marks = re.findall(r'pg-lane-mark">(\w+)</span> <strong>([^<]+)', shown.runs)
        return [f"{mark} {name}" for mark, name in marks], shown.votes, ballot.run_a

    found = {}
    for number in range(20):
        runs, votes, run_a = seen_by(number)
        found[run_a] = runs, votes

    runs, votes = found["run_4_1_1"]
    assert runs == ["A FLUX.2 flex", "B FLUX.2 pro"]
    assert "A better: FLUX.2 flex" in votes
    runs, votes = found["run_4_2_1"]
    assert runs == ["A FLUX.2 pro", "B FLUX.2 flex"]
    assert "A better: FLUX.2 pro" in votes
    assert "A was FLUX.2 pro, B was FLUX.2 flex" in votes


def test_names_of_several_pairs_shown_at_once_are_one_line(rig: Rig) -> None:
    voter = rig.flow.visits.enter(None)
    asyncio.run(rig.past.reveal("cmp_6", voter))

    shown = asyncio.run(rig.past.detail("cmp_6", voter)).votes

    assert shown.count("<li") == 1
    assert "Names shown" in shown
    assert "pairs 1–2" in shown


def test_a_reference_has_its_size_and_can_be_used_again(rig: Rig) -> None:
    voter = rig.flow.visits.enter(None)
    runs = asyncio.run(rig.past.reveal("cmp_6", voter)).runs

    held, words = asyncio.run(rig.past.same_reference("cmp_6", 1, [], voter))
    gone, refusal = asyncio.run(rig.past.same_reference("cmp_6", 2, [], voter))
    none, unknown = asyncio.run(rig.past.same_reference("cmp_6", 4, [], voter))

    assert "96×64" in runs
    assert 'download="reference-1.png"' in runs
    assert runs.count('data-reference="1"') == 2
    assert (len(held), words) == (1, text("history.used", number=1))
    assert (gone, refusal) == ([], text("history.reference_gone"))
    assert (none, unknown) == ([], text("history.unknown"))


def test_a_long_prompt_is_folded_and_whole(rig: Rig) -> None:
    assert text("history.whole_prompt") not in rig.detail("cmp_4").head
    view = replace(rig.flow.desk.views("cmp_4")[0])
    request = replace(view.request, prompt="x" * 900)
    past = rig.archive.past("cmp_4", rig.visit)
    assert past is not None
    past = replace(past, views=(replace(view, request=request),))
    head = head_html(detail_of(past, past.views, (), picture=Path, thumbnail=Path))  # type: ignore[arg-type]

    assert "x" * 900 in head
    assert text("history.whole_prompt") in head


@pytest.mark.anyio
async def test_what_is_blind_and_under_way_is_neither_opened_nor_told_apart(rig: Rig) -> None:
    form = Form(prompt="A secret race", lanes=("flux-2-flex", "flux-2-pro"))
    screen = await rig.flow.run(form, rig.visit, "page", is_blind=True)
    assert screen.comparison_id is not None

    tasks = await rig.past.open_tasks(rig.visit)
    opened = await rig.past.detail(screen.comparison_id, rig.visit)
    with pytest.raises(InvalidRequestError) as refusal:
        await rig.past.reveal(screen.comparison_id, rig.visit)

    assert str(refusal.value) == text("history.still_blind")
    assert escape(text("history.still_blind")) in opened.head
    assert 'data-act="reveal"' not in opened.head
    assert "FLUX" not in repr(opened)
    assert tasks.count("A secret race") == 1
    for view in rig.flow.desk.views(screen.comparison_id):
        assert view.run_id not in tasks
        assert (view.task_id or "tsk_") not in tasks
