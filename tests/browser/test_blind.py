"""Judging blind on Compare: nothing tells the sides apart before the vote, and every vote is on disk."""

import json
import re
import struct
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from playground.judging.votes import load_votes
from playground.ui.texts import text
from tests.browser.axe import findings, needs_axe
from tests.browser.conftest import Screen
from tests.browser.test_looks import PHONE

pytestmark = pytest.mark.browser

# Keeps what streams in, which the browser's own log of the network does not.
RECORD = """
(() => {
  window.heard = [];
  const fetched = window.fetch;
  window.fetch = async (...asked) => {
    const answer = await fetched(...asked);
    const reader = answer.clone().body?.getReader();
    const decoder = new TextDecoder();
    (async () => {
      for (;;) {
        const { done, value } = (await reader?.read()) ?? { done: true };
        if (done) return;
        window.heard.push(decoder.decode(value, { stream: true }));
      }
    })().catch(() => {});
    return answer;
  };
  const Source = window.EventSource;
  window.EventSource = class extends Source {
    constructor(...asked) {
      super(...asked);
      this.addEventListener("message", (event) => window.heard.push(event.data));
    }
  };
})();
"""
# What of the page may change after Run. The form on the left names both models, as it always does.
SHOWN = "#results, #header .pg-chips, #header .pg-panel, #notice, #confirm, #basis"
IN_HISTORY = "#history-list li[data-comparison='{comparison}'], #history-one, #history-notice"


class Wire:
    """Everything that passes between page and server, from now on."""

    def __init__(self, screen: Screen) -> None:
        self.screen = screen
        self.sent: list[str] = []
        self.pictures: list[Any] = []
        self._is_on = False
        screen.page.on("request", self._request)
        screen.page.on("response", self._response)

    def start(self) -> None:
        self._is_on = True
        self.sent.clear()
        self.pictures.clear()
        self.screen.page.evaluate("window.heard.length = 0")

    def _request(self, request: Any) -> None:
        if self._is_on:
            self.sent.append(f"{request.url} {request.post_data or ''}")

    def _response(self, response: Any) -> None:
        if self._is_on and "image" in response.headers.get("content-type", ""):
            self.pictures.append(response)

    def heard(self, shown: str = SHOWN) -> str:
        """What the server said, streams included, and the page as it stands now."""
        page = self.screen.page
        told = "\n".join(
            (
                page.evaluate("window.heard.join('\\n')"),
                *(f"{p.url} {json.dumps(dict(p.headers))}" for p in self.pictures),
                *page.locator(shown).evaluate_all("all => all.map(each => each.outerHTML)"),
                page.locator("#results").aria_snapshot(),
                page.url,
            )
        )
        # The line on top always names the two models that are compared here.
        return told.replace(text("page.brand_detail"), "")


def facts_of(screen: Screen, comparison: str) -> dict[str, str]:
    """What would tell one side from the other, as patterns."""
    facts = {}
    for view in screen.app.desk.views(comparison):
        run = view.run
        assert run is not None
        assert view.picture is not None
        for name, word in (
            ("model", run.model),
            ("name", f"FLUX.2 {run.model.rsplit('-', 1)[1]}"),
            ("run", run.run_id),
            ("task", str(run.task_id)),
            ("file", view.picture.stem),
            ("hash", str(run.sha256)),
            ("cost", f"${run.charged_usd.normalize():f}" if run.charged_usd else "no cost"),
        ):
            facts[f"{name} of lane {run.lane}"] = rf"{re.escape(word)}(?!\d)"
    return facts


def found(facts: dict[str, str], told: str) -> set[str]:
    return {name for name, pattern in facts.items() if re.search(pattern, told)}


def votes_of(screen: Screen, comparison: str) -> Any:
    votes = load_votes(screen.app.desk.settings.data_dir / "votes.csv")
    return votes[votes["comparison_id"] == comparison].reset_index(drop=True)


def run_blind(screen: Screen, prompt: str, *, until_ready: bool = True) -> str:
    screen.page.check("#blind input")
    comparison = screen.run(prompt, until_over=False)
    screen.page.wait_for_selector("#card-1 [data-blind]")
    if until_ready:
        wait_for_pair(screen)
    return comparison


def wait_for_pair(screen: Screen) -> None:
    screen.page.wait_for_selector("#card-1 [data-blind] .pg-picture img")
    screen.page.wait_for_selector("#vote .pg-vote[data-state=pair][data-hidden=true]")
    screen.page.wait_for_selector("#stage .pg-stage[data-state=ready]")


def leave_fields(screen: Screen) -> None:
    """The hands leave the prompt: keys are letters there."""
    screen.page.evaluate("document.activeElement.blur()")


def wait_for_answer(screen: Screen, answer: str) -> None:
    screen.page.wait_for_selector(f"#vote .pg-vote[data-answer='{answer}']", state="visible")


def wait_for_rows(screen: Screen, comparison: str, count: int) -> Any:
    for _ in range(100):
        votes = votes_of(screen, comparison)
        if len(votes) >= count:
            break
        screen.page.wait_for_timeout(50)
    return votes_of(screen, comparison)


# ---- nothing leaks --------------------------------------------------------------------------------


def test_until_the_vote_nothing_tells_the_sides_apart(new_screen: Callable[[], Screen]) -> None:
    screen = new_screen()
    screen.page.add_init_script(RECORD)
    wire = Wire(screen)
    screen.open()
    # One is much slower: the order in which they come must not show either.
    screen.app.faults("task:slow,seconds=40,model=flux-2-flex")
    named_before = _names_outside_results(screen)
    screen.page.wait_for_timeout(1000)  # the answers to opening it name both, with their prices

    wire.start()
    comparison = run_blind(screen, "Nobody may know whose this is")
    cards = [screen.page.inner_html(f"#card-{place} .pg-card") for place in (1, 2)]
    screen.page.wait_for_selector("#run:enabled")
    screen.page.wait_for_timeout(300)  # what comes last: the balance
    before = wire.heard()
    facts = facts_of(screen, comparison)

    assert len(facts) == 14
    assert found(facts, before) == set()
    assert _names_outside_results(screen) == named_before  # the form, and the line on top
    told_by_us = [sent for sent in wire.sent if found(facts, sent)]
    assert len(told_by_us) == 1  # the form, sent by the click on Run
    assert "Nobody may know" in told_by_us[0]
    mirrored = re.sub(r"[0-9a-f]{32}", "…", cards[1])
    for ours, theirs in (("Picture B", "Picture A"), (">B<", ">A<"), ("side-2", "side-1")):
        mirrored = mirrored.replace(ours, theirs)
    mirrored = mirrored.replace("picture-b", "picture-a")
    assert mirrored == re.sub(r"[0-9a-f]{32}", "…", cards[0])
    _check_pictures(wire, screen, comparison)

    leave_fields(screen)
    screen.page.keyboard.press("2")
    wait_for_answer(screen, "b_better")
    screen.page.wait_for_selector("#card-1 .pg-card:not([data-blind])")

    # The very same search finds all of it now, so it would have found it before.
    after = wire.heard()
    assert {name for name in facts if not name.startswith("hash")} <= found(facts, after)
    vote = votes_of(screen, comparison).iloc[0]
    assert (vote["answer"], vote["is_blind"]) == ("b_better", True)
    names = {"flux-2-flex": "FLUX.2 flex", "flux-2-pro": "FLUX.2 pro"}
    assert screen.page.inner_text("#card-2 h2").endswith(names[vote["winner_model"]])
    assert screen.outside == screen.problems == []


def _names_outside_results(screen: Screen) -> int:
    rest = screen.page.evaluate(
        """() => {
          const copy = document.documentElement.cloneNode(true);
          copy.querySelector("#results").remove();
          return copy.outerHTML;
        }"""
    )
    return len(re.findall(r"flux-2|FLUX\.2", rest))


def _check_pictures(wire: Wire, screen: Screen, comparison: str) -> None:
    """What was sent of both pictures: the pixels of the originals, and nothing else."""
    originals = set()
    for view in screen.app.desk.views(comparison):
        with Image.open(str(view.picture)) as picture:
            originals.add(picture.convert("RGB").tobytes())
    sent = {}
    for response in wire.pictures:
        if "/blind/" in response.url:
            sent[response.url] = response.body()
    assert len(sent) == 2
    shown = set()
    for data in sent.values():
        assert _chunks(data) == {b"IHDR", b"IDAT", b"IEND"}
        with Image.open(BytesIO(data)) as picture:
            assert picture.info == {}
            shown.add(picture.convert("RGB").tobytes())
    assert shown == originals
    headers = [dict(r.headers) for r in wire.pictures if "/blind/" in r.url]
    for each in headers:
        for name in ("date", "etag", "content-length"):  # of the clock, and of the content
            each.pop(name, None)
    alike = {re.sub(r"[0-9a-f]{32}", "…", json.dumps(each, sort_keys=True)) for each in headers}
    assert len(alike) == 1


def _chunks(png: bytes) -> set[bytes]:
    kinds, start = set(), 8
    while start < len(png):
        (length,) = struct.unpack_from(">I", png, start)
        kinds.add(png[start + 4 : start + 8])
        start += 12 + length
    return kinds


def test_a_reload_and_a_second_tab_keep_it_hidden(new_screen: Callable[[], Screen]) -> None:
    first, second = new_screen(), new_screen()
    first.open()
    comparison = run_blind(first, "Seen again and again")
    sides = first.page.locator("#card-1 img, #card-2 img").evaluate_all("a => a.map(i => i.src)")

    first.page.reload()
    wait_for_pair(first)
    second.open(f"?comparison={comparison}")
    wait_for_pair(second)

    for screen in (first, second):
        shown = screen.page.locator("#card-1 img, #card-2 img")
        assert shown.evaluate_all("a => a.map(i => i.src)") == sides
        assert "FLUX" not in screen.page.inner_text("#results")
    assert first.page.is_checked("#blind input")  # as long as the visit
    assert not second.page.is_checked("#blind input")
    assert len(votes_of(first, comparison)) == 0


def test_an_earlier_blind_comparison_is_hidden_in_the_strip(screen: Screen) -> None:
    comparison = run_blind(screen, "To be judged later")
    screen.page.wait_for_selector("#run:enabled")
    screen.page.uncheck("#blind input")

    screen.run("With names", until_over=True)
    item = f"#earlier [data-comparison='{comparison}']"
    screen.page.wait_for_selector(item)

    assert screen.page.locator(f"{item} img").count() == 0
    assert "not judged yet" in screen.page.inner_text(item)
    screen.page.click(item)
    wait_for_pair(screen)


def test_history_keeps_it_blind_until_the_names_are_asked_for(
    new_screen: Callable[[], Screen],
) -> None:
    screen = new_screen()
    screen.page.add_init_script(RECORD)
    wire = Wire(screen)
    screen.open()
    screen.page.uncheck("#blind input")
    voted = run_blind(screen, "Looked up before and after a vote")
    leave_fields(screen)
    screen.page.keyboard.press("2")
    wait_for_answer(screen, "b_better")
    cards = [screen.page.inner_text(f"#card-{place} h2") for place in (1, 2)]
    comparison = run_blind(screen, "Looked up before the vote")
    screen.page.wait_for_timeout(1000)  # what comes last names both, with their prices

    wire.start()
    shown = IN_HISTORY.format(comparison=comparison)
    screen.page.click("#tab-history-button")
    tile = f"#history-list li[data-comparison='{comparison}']"
    screen.page.wait_for_selector(tile)
    assert "blind, waits for your vote" in screen.page.inner_text(tile)
    screen.page.evaluate("window.heard.length = 0")  # the rest of the list is named
    screen.page.click(f"{tile} [data-act=open]")
    screen.page.wait_for_selector("#history-stage .pg-stage[data-state=ready]")
    facts = facts_of(screen, comparison)
    told = wire.heard(shown)

    assert found(facts, told) == set()
    assert len(votes_of(screen, comparison)) == 0

    screen.page.click("#history-head [data-act=reveal]")
    screen.page.wait_for_selector("#history-votes >> text=Names shown")
    assert found(facts, wire.heard(shown)) >= {"name of lane 1", "name of lane 2"}
    assert votes_of(screen, comparison)["answer"].tolist() == ["revealed"]

    # What was judged stands as it was judged, and says so.
    screen.page.click("#history-head [data-act=back]")
    screen.page.click(f"#history-list li[data-comparison='{voted}'] [data-act=open]")
    screen.page.wait_for_selector("#history-votes [data-answer=b_better]")
    screen.page.wait_for_selector("#history-stage .pg-stage[data-state=ready]")
    names = [card.split()[-2] + " " + card.split()[-1] for card in cards]
    captions = screen.page.locator("#history-stage .pg-stage-caption").all_inner_texts()
    assert [name in caption for name, caption in zip(names, captions, strict=True)] == [True, True]
    line = screen.page.inner_text("#history-votes")
    assert f"B better: {names[1]}" in line
    assert f"A was {names[0]}, B was {names[1]}" in line
    assert screen.outside == screen.problems == []


def test_judging_it_from_history_leads_to_compare_still_blind(screen: Screen) -> None:
    comparison = run_blind(screen, "To be judged from the history")
    screen.page.click("#tab-history-button")
    screen.page.click(f"#history-list li[data-comparison='{comparison}'] [data-act=open]")

    screen.page.click("#history-head [data-act=show]")
    screen.page.wait_for_selector("#tab-compare-button[aria-selected=true]")
    wait_for_pair(screen)

    assert len(votes_of(screen, comparison)) == 0
    screen.page.uncheck("#blind input")


def test_a_side_that_fails_shows_the_names_and_says_why(screen: Screen) -> None:
    screen.app.faults("task:fail,model=flux-2-pro", "task:slow,seconds=50,model=flux-2-flex")
    comparison = run_blind(screen, "One of them fails", until_ready=False)
    for _ in range(200):
        if any(view.run for view in screen.app.desk.views(comparison)):
            break
        screen.page.wait_for_timeout(20)
    assert screen.page.inner_text("#card-1 .pg-state-words").endswith("Both are being made")
    assert screen.page.inner_text("#card-2 .pg-state-words").endswith("Both are being made")

    screen.page.wait_for_selector("#card-2 [data-status=failed]")
    screen.page.wait_for_selector("#vote .pg-vote[data-state=told]")

    assert "nothing to judge" in screen.page.inner_text("#vote")
    assert screen.page.locator("#card-2 [data-action=retry]").count() == 1
    assert votes_of(screen, comparison)["answer"].tolist() == ["revealed"]


# ---- the vote -------------------------------------------------------------------------------------


def test_voting_changing_and_withdrawing_by_keys_alone(screen: Screen) -> None:
    comparison = run_blind(screen, "Only keys")
    press = screen.page.keyboard.press
    assert "Counts as blind" in screen.page.inner_text("#vote")

    press("1")  # still in the prompt, where it is a letter
    screen.page.wait_for_timeout(200)
    assert screen.page.input_value("#prompt textarea") == "Only keys1"
    assert len(votes_of(screen, comparison)) == 0

    leave_fields(screen)
    press("1")
    press("1")
    press("3")
    wait_for_answer(screen, "a_better")
    assert "FLUX.2" in screen.page.inner_text("#vote .pg-vote-sides")
    press("c")
    press("3")
    wait_for_answer(screen, "tie")
    press("w")
    wait_for_answer(screen, "")
    assert "Not blind any more" in screen.page.inner_text("#vote")
    press("4")
    wait_for_answer(screen, "both_bad")

    votes = votes_of(screen, comparison)
    assert votes["answer"].tolist() == ["a_better", "tie", "withdrawn", "both_bad"]
    assert votes["is_blind"].tolist() == [True, False, False, False]
    assert votes["voter_id"].nunique() == 1
    kept = screen.page.evaluate("localStorage.getItem('playground-voter')")
    assert votes["voter_id"][0] == kept


def test_a_vote_can_be_changed_while_the_pictures_with_names_still_load(screen: Screen) -> None:
    comparison = run_blind(screen, "Changed at once")
    leave_fields(screen)
    held: list[Any] = []
    screen.page.route("**/pictures/**", lambda route: held.append(route))
    screen.page.keyboard.press("1")
    wait_for_answer(screen, "a_better")
    assert screen.page.get_attribute("#stage .pg-stage", "data-state") != "ready"

    screen.page.keyboard.press("c")
    screen.page.keyboard.press("3")

    wait_for_answer(screen, "tie")
    assert votes_of(screen, comparison)["answer"].tolist() == ["a_better", "tie"]
    screen.page.unroute_all(behavior="ignoreErrors")


def test_reasons_and_a_note_go_with_the_vote_or_after_it(screen: Screen) -> None:
    comparison = run_blind(screen, "Say why")
    screen.page.click("#vote [data-reason=detail]")
    screen.page.fill("#vote input", "the <b>sky</b> of A")
    screen.page.click("#vote button[data-answer=a_better]")
    wait_for_answer(screen, "a_better")

    screen.page.click("#vote [data-reason=detail]")
    screen.page.click("#vote [data-reason=style]")
    votes = wait_for_rows(screen, comparison, 2)

    assert votes["answer"].tolist() == ["a_better", "a_better"]
    assert votes["reasons"].tolist() == ["detail", "style"]
    assert votes["note"].tolist() == ["the <b>sky</b> of A"] * 2
    assert votes["is_blind"].tolist() == [True, True]  # only the words are new
    assert screen.page.get_attribute("#vote [data-reason=style]", "aria-pressed") == "true"
    screen.page.reload()
    wait_for_answer(screen, "a_better")
    assert screen.page.input_value("#vote input") == "the <b>sky</b> of A"
    screen.problems.clear()  # a reload breaks off the framework's own event stream


def test_show_names_is_written_down_and_ends_the_hiding(screen: Screen) -> None:
    comparison = run_blind(screen, "Curious")

    screen.page.click("#vote [data-act=show]")
    screen.page.wait_for_selector("#card-1 .pg-card:not([data-blind])")
    screen.page.click("#vote button[data-answer=tie]")
    wait_for_answer(screen, "tie")

    votes = votes_of(screen, comparison)
    assert votes["answer"].tolist() == ["revealed", "tie"]
    assert votes["is_blind"].tolist()[1] is False
    assert "Not blind" in screen.page.inner_text("#vote")


def test_repeats_are_judged_pair_by_pair(screen: Screen) -> None:
    screen.page.check("[data-choice=repeats] [value='2']")
    comparison = run_blind(screen, "Twice each")
    assert "Pair 1 of 2" in screen.page.inner_text("#vote")
    assert screen.page.locator("#cards img").count() == 2

    leave_fields(screen)
    screen.page.keyboard.press("2")
    wait_for_answer(screen, "b_better")
    assert screen.page.locator("#cards img").count() == 2
    screen.page.click("#vote [data-act=next]")
    screen.page.wait_for_selector("#vote .pg-vote[data-hidden=true]")
    wait_for_pair(screen)
    assert "Pair 2 of 2" in screen.page.inner_text("#vote")
    assert "FLUX" not in screen.page.inner_text("#results")
    leave_fields(screen)
    screen.page.keyboard.press("3")
    wait_for_answer(screen, "tie")
    screen.page.click("#vote [data-act=all]")
    screen.page.wait_for_function("document.querySelectorAll('#cards img').length === 4")

    votes = votes_of(screen, comparison)
    assert votes["answer"].tolist() == ["b_better", "tie"]
    assert votes["is_blind"].tolist() == [True, True]
    assert screen.page.locator("#cards [data-repeat='2']").count() == 2
    screen.page.check("[data-choice=repeats] [value='1']")


def test_with_names_a_vote_is_taken_and_does_not_count_as_blind(screen: Screen) -> None:
    screen.page.uncheck("#blind input")
    comparison = screen.run("Names from the beginning")
    screen.page.wait_for_selector("#vote .pg-vote[data-state=pair]")
    screen.page.wait_for_selector("#stage .pg-stage[data-state=ready]")

    screen.page.click("#vote button[data-answer=b_better]")
    wait_for_answer(screen, "b_better")

    votes = votes_of(screen, comparison)
    assert votes["answer"].tolist() == ["revealed", "b_better"]
    assert votes["is_blind"].tolist() == [False, False]
    assert votes["winner_model"][1] == "flux-2-pro"


def test_full_screen_takes_the_vote_and_says_that_it_did(screen: Screen) -> None:
    screen.page.uncheck("#blind input")
    screen.run("Large")
    screen.page.wait_for_selector("#stage .pg-stage[data-state=ready]")
    screen.page.focus("#stage .pg-stage-view")
    verdict = screen.page.locator("#stage .pg-stage-verdict")
    assert not verdict.is_visible()

    screen.page.keyboard.press("m")
    screen.page.wait_for_selector("#stage .pg-stage[data-full=true]")
    assert verdict.locator("p").inner_text() == "Which is better?"
    assert verdict.locator("button[data-answer]:visible").count() == 4
    screen.page.keyboard.press("2")
    wait_for_answer(screen, "b_better")
    assert verdict.locator("p").inner_text() == "B better · recorded"
    assert verdict.locator("button:visible").all_inner_texts() == ["Change\nC", "Withdraw\nW"]
    verdict.locator("[data-act=withdraw]").click()
    wait_for_answer(screen, "")
    assert verdict.locator("button[data-answer]:visible").count() == 4
    screen.page.keyboard.press("m")


def test_a_vote_by_key_takes_the_focus_from_a_verdict_that_was_not_chosen(screen: Screen) -> None:
    screen.page.uncheck("#blind input")
    screen.run("By key")
    screen.page.wait_for_selector("#stage .pg-stage[data-state=ready]")
    screen.page.focus("#vote button[data-answer=a_better]")

    screen.page.keyboard.press("2")
    wait_for_answer(screen, "b_better")

    assert screen.page.evaluate("document.activeElement.dataset.answer") == "b_better"


# ---- every eye and hand ---------------------------------------------------------------------------


@needs_axe
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_before_and_after_the_vote(
    new_screen: Callable[[], Screen], scheme: str
) -> None:
    screen = new_screen()
    screen.page.emulate_media(color_scheme=scheme)
    screen.open()
    screen.app.faults("task:slow,seconds=40")
    run_blind(screen, "Seen by a machine", until_ready=False)
    assert findings(screen.page) == []

    wait_for_pair(screen)
    assert findings(screen.page) == []
    screen.page.click("#vote button[data-answer=a_better]")
    wait_for_answer(screen, "a_better")
    screen.page.wait_for_selector("#stage .pg-stage[data-state=ready]")
    assert findings(screen.page) == []


def test_a_phone_judges_without_scrolling_sideways(screen: Screen) -> None:
    screen.page.set_viewport_size(PHONE)
    run_blind(screen, "On a phone")
    screen.page.click("#vote button[data-answer=both_bad]")
    wait_for_answer(screen, "both_bad")

    overhang = screen.page.evaluate("document.documentElement.scrollWidth - innerWidth")
    heights = screen.page.locator("#vote button[data-answer]").evaluate_all(
        "all => all.map(each => each.getBoundingClientRect().height)"
    )
    screen.page.set_viewport_size({"width": 1280, "height": 900})

    assert overhang <= 0
    assert min(heights) >= 44


def test_the_panel_is_named_for_those_who_listen(screen: Screen) -> None:
    run_blind(screen, "Listen")
    panel = screen.page.get_by_role("region", name="Your vote")

    assert panel.get_by_role("group", name="Your verdict").get_by_role("button").count() == 4
    assert panel.get_by_role("status").inner_text() == "Counts as blind."
    screen.page.get_by_role("button", name="A better").click()
    wait_for_answer(screen, "a_better")
    told = panel.get_by_role("status").inner_text()
    assert re.fullmatch(r"A better\. A: FLUX\.2 \w+\. B: FLUX\.2 \w+\. Counted as blind\.", told)
