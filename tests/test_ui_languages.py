"""Languages: who asks for which, that nobody hears another's, and what is said in them."""

import asyncio
import contextvars
import inspect
import json
import re
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import gradio as gr
import pytest

from playground import catalog, ui
from playground.errors import (
    InvalidPlanError,
    InvalidRequestError,
    NetworkError,
    PlanProblem,
    PlaygroundError,
    StorageError,
)
from playground.results.sentences import phrase
from playground.runner.desk import Desk
from playground.sayings import Said, said, words_of
from playground.schema import Request, Run, column_info
from playground.settings import Settings
from playground.ui import format as fmt
from playground.ui.languages import PageLanguage, SpokenPage, marked
from playground.ui.texts import (
    CATALOGUES,
    Language,
    language_of,
    meaning,
    preferred,
    say,
    speak,
    speaking,
    spoken,
    text,
)
from playground.ui.texts.telling import told
from playground.ui.visits import Visits

ENGLISH, CHINESE = Language.ENGLISH, Language.CHINESE
ONE, TWO = "1" * 32, "2" * 32


@pytest.fixture(autouse=True)
def unheard() -> Iterator[None]:
    """What a test speaks, the next one does not hear."""
    with speaking(ENGLISH):
        yield


# ---- who asks for which -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tag", "language"),
    [
        ("zh-CN", CHINESE),
        ("zh", CHINESE),
        ("ZH_tw", CHINESE),
        ("zh-Hans-SG", CHINESE),
        ("en", ENGLISH),
        ("en-GB", ENGLISH),
        ("zho", None),
        ("de", None),
        ("", None),
        (None, None),
        (7, None),
    ],
)
def test_a_tag_stands_for_a_language(tag: object, language: Language | None) -> None:
    assert language_of(tag) is language


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", CHINESE),
        ("en-US,en;q=0.9,zh-CN;q=0.8", ENGLISH),
        ("fr-FR, zh;q=0.4, en;q=0.3", CHINESE),
        ("en;q=0.3, zh;q=0.7", CHINESE),
        ("zh;q=0, en", ENGLISH),
        ("zh;q=nonsense", ENGLISH),
        ("de", ENGLISH),
        ("*", ENGLISH),
        ("", ENGLISH),
        (",;,;q=", ENGLISH),
    ],
)
def test_the_first_wish_that_can_be_met_is_met(accepted: str, language: Language) -> None:
    assert preferred(accepted) is language


async def _asked(path: str, query: str = "", accepted: str = "") -> tuple[Language, dict[str, Any]]:
    """What is spoken while a request is answered, and what leaves."""
    heard: list[Language] = []
    sent: list[Any] = []

    async def page(_scope: Any, _receive: Any, send: Any) -> None:
        heard.append(spoken())
        headers = [(b"content-type", b"text/html; charset=utf-8"), (b"content-length", b"31")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b'<html lang="en">', "more_body": True})
        await send({"type": "http.response.body", "body": b"<head></head>"})

    async def receive() -> Any:
        raise AssertionError("nothing is read")

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "path": path,
        "query_string": query.encode(),
        "headers": [(b"accept-language", accepted.encode())],
    }
    await asyncio.create_task(PageLanguage(page)(scope, receive, send))
    headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    body = b"".join(message["body"] for message in sent[1:])
    return heard[0], {**headers, "body": body.decode()}


@pytest.mark.anyio
async def test_the_address_beats_the_browser_and_the_page_names_its_language() -> None:
    wished, page = await _asked("/", accepted="zh-CN")
    chosen, other = await _asked("/", "lang=en&comparison=1", "zh-CN")
    unknown, _ = await _asked("/", "lang=tlh", "zh")

    assert (wished, chosen, unknown) == (CHINESE, ENGLISH, CHINESE)
    assert page["body"].startswith('<html lang="zh-CN"><head><script')
    assert other["body"].startswith('<html lang="en"><head><script')
    assert int(page["content-length"]) == len(page["body"].encode())
    assert page["vary"] == "Accept-Language"


@pytest.mark.anyio
async def test_only_the_page_is_touched_and_what_it_spoke_is_not_heard_afterwards() -> None:
    language, file = await _asked("/gradio_api/file=x.html", accepted="zh-CN")
    await _asked("/", accepted="zh-CN")

    assert language is ENGLISH
    assert file["body"] == '<html lang="en"><head></head>'
    assert spoken() is ENGLISH


def test_the_first_script_brings_its_words_along_and_nothing_else() -> None:
    with speaking(CHINESE):
        page = marked(b"<head></head>", CHINESE).decode()

    (brought,) = re.findall(r"<script data-texts='([^']*)'>", page)
    assert json.loads(brought.replace("&quot;", '"'))["seconds"] == "{seconds} 秒"


# ---- nobody hears another's language ----------------------------------------------------------


@pytest.fixture
def visits() -> Visits:
    return Visits(forget_account=lambda _account: None)


def test_a_visit_keeps_the_language_of_its_page(visits: Visits) -> None:
    visits.meet_language(visits.enter(ONE), "zh-CN")
    visits.enter(TWO)

    assert visits.enter(ONE).language is CHINESE
    assert spoken() is CHINESE
    assert visits.enter(TWO).language is ENGLISH
    assert spoken() is ENGLISH


@pytest.mark.parametrize("strange", ["de", "", None, ["zh"], "zhzh"])
def test_a_language_that_is_not_spoken_changes_nothing(visits: Visits, strange: object) -> None:
    visits.meet_language(visits.enter(ONE), "zh-CN")

    visits.meet_language(visits.enter(ONE), strange)

    assert visits.enter(ONE).language is CHINESE


@pytest.mark.anyio
async def test_two_visits_at_once_hear_each_their_own(visits: Visits) -> None:
    with speaking(ENGLISH):
        visits.meet_language(visits.enter(TWO), "zh-CN")
    turns = asyncio.Barrier(2)

    async def watch(visit_id: str) -> AsyncIterator[str]:
        """A stream, as a card's watcher is one: every step of both falls between two of the other."""
        visits.enter(visit_id)
        for _ in range(3):
            await turns.wait()
            yield text("status.succeeded")
            yield await asyncio.to_thread(text, "status.failed")

    async def heard(visit_id: str) -> set[str]:
        return {words async for words in watch(visit_id)}

    first, second = await asyncio.gather(heard(ONE), heard(TWO))

    assert first == {"Done", "Failed"}
    assert second == {"完成", "失败"}
    assert spoken() is ENGLISH


@pytest.mark.anyio
async def test_handlers_of_every_kind_speak_their_visits_language(visits: Visits) -> None:
    """Through the framework itself: plain functions, coroutines, streams, threads."""
    with speaking(ENGLISH):
        visits.meet_language(visits.enter(TWO), "zh-CN")

    def plain(visit_id: str) -> str:
        visits.enter(visit_id)
        return text("status.succeeded")

    async def coroutine(visit_id: str) -> str:
        visits.enter(visit_id)
        return await asyncio.to_thread(text, "status.succeeded")

    async def stream(visit_id: str) -> AsyncIterator[str]:
        visits.enter(visit_id)
        for _ in range(2):
            await asyncio.sleep(0)
            yield text("status.succeeded")

    handlers: list[Callable[..., Any]] = [plain, coroutine, stream]
    with gr.Blocks(analytics_enabled=False) as demo:
        visit, words = gr.Textbox(), gr.Textbox()
        for handler in handlers:
            visit.change(handler, visit, words)

    async def heard(number: int, visit_id: str) -> list[str]:
        said_words, iterator = [], None
        while True:
            answer = await demo.process_api(number, [visit_id], iterator=iterator)
            iterator = answer["iterator"]
            if not answer["is_generating"]:
                return [*said_words, *(answer["data"] if iterator is None else [])]
            said_words.append(answer["data"][0])

    for number in range(len(handlers)):
        one, two = await asyncio.gather(
            asyncio.create_task(heard(number, ONE)), asyncio.create_task(heard(number, TWO))
        )
        assert {each for each in one if isinstance(each, str)} == {"Done"}
        assert {each for each in two if isinstance(each, str)} == {"完成"}


def test_no_handler_is_a_plain_generator(page: SpokenPage) -> None:
    """The framework runs each of its steps in another context: it would forget its language."""
    plain = [fn.name for fn in page.fns.values() if inspect.isgeneratorfunction(fn.fn)]

    assert plain == []


# ---- one page, worded for each ----------------------------------------------------------------


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SpokenPage]:
    desk = Desk(Settings(data_dir=tmp_path_factory.mktemp("languages")))
    desk.start()
    built = ui.build(desk)
    assert isinstance(built, SpokenPage)
    yield built
    desk.close()


def _said_on(config: dict[str, Any]) -> str:
    return json.dumps(
        [each["props"] for each in config["components"]], default=str, ensure_ascii=False
    )


def test_one_page_is_sent_in_the_language_that_is_asked_for(page: SpokenPage) -> None:
    english = page.config
    with speaking(CHINESE):
        chinese = page.config

    assert (english["title"], chinese["title"]) == (
        CATALOGUES[ENGLISH]["page.title"],
        CATALOGUES[CHINESE]["page.title"],
    )
    assert '"label": "Prompt"' in _said_on(english)
    assert '"label": "提示词"' in _said_on(chinese)
    assert "提示词" not in _said_on(english)
    for same in ("dependencies", "layout", "page"):
        assert english[same] == chinese[same]


def test_the_languages_differ_in_words_only(page: SpokenPage) -> None:
    english = page.config["components"]
    with speaking(CHINESE):
        chinese = page.config["components"]

    for one, other in zip(english, chinese, strict=True):
        assert {key: one[key] for key in one if key != "props"} == {
            key: other[key] for key in other if key != "props"
        }
        assert one["props"].keys() == other["props"].keys()
        for name in ("name", "elem_id", "js_on_load", "visible", "interactive"):
            assert one["props"].get(name) == other["props"].get(name)


# ---- what is said -----------------------------------------------------------------------------


def test_figures_and_times_are_written_as_the_language_writes_them() -> None:
    moment = datetime(2026, 11, 2, 4, 5, 6, tzinfo=UTC)
    with speaking(CHINESE):
        words = [
            fmt.usd(Decimal("1234.5")),
            fmt.usd(Decimal("-0.07")),
            fmt.credits(Decimal(2100)),
            fmt.seconds(12.34),
            fmt.seconds(125),
            fmt.seconds(0.01),
            fmt.percent(0.625),
            fmt.percent(0.999),
            fmt.file_size(312_000),
            fmt.file_size(12),
            fmt.moment_words(moment),
            fmt.exact_moment(moment),
            fmt.rough_time(45),
            fmt.rough_time(700),
            fmt.rough_time(21_600),
            fmt.listed(["A", "B"]),
            fmt.usd(None),
        ]

    assert words == [
        "US$1,234.50",
        "−US$0.07",
        "2,100 积分",
        "12.3 秒",
        "2 分 05 秒",
        "< 0.1 秒",
        "62%",
        "> 99%",
        "312 kB",
        "12 字节",
        "2026年11月2日 04:05 UTC",
        "2026年11月2日 04:05:06 UTC",
        "45 秒",
        "12 分钟",
        "6.0 小时",
        "A、B",
        "–",
    ]


def test_a_verdict_says_the_same_numbers() -> None:
    sentence = phrase(
        "winner", model="pro", wins=9, n=10, interval=phrase("interval", low="58", high="99")
    )

    assert say(sentence) == ("You prefer **pro**: 9 of 10 prompts (58–99 %, valid at any time).")
    with speaking(CHINESE):
        assert say(sentence) == "你更偏爱 **pro**：10 条提示词中占 9 条（58–99%，任意时刻有效）。"


def test_phrases_inside_a_sentence_are_said_in_its_language() -> None:
    why = (
        phrase("left_out_item", n=2, why=phrase("left_out_withdrawn")),
        phrase("left_out_item", n=1, why=phrase("left_out_no_picture")),
    )
    sentence = phrase("left_out_warn", n=3, why=why)

    assert say(sentence) == "3 votes were left out: 2 withdrawn, 1 without a picture."
    with speaking(CHINESE):
        assert say(sentence) == "略去了 3 票：2 票已撤回，1 票没有图片。"


def test_a_sentence_is_plain_text_to_whom_english_is_enough() -> None:
    sentence = said("{name} is not there any more. Add it again.", name="a.png")

    assert sentence == "a.png is not there any more. Add it again."
    assert json.dumps(sentence) == '"a.png is not there any more. Add it again."'
    assert isinstance(sentence, Said)


def test_what_an_error_says_is_said_in_every_language_with_what_is_inside_it() -> None:
    inner = NetworkError(said("The app is closing."))
    outer = PlaygroundError(said("The request was not sent. {exc}", exc=inner))

    assert told(outer) == str(outer) == "The request was not sent. The app is closing."
    with speaking(CHINESE):
        assert told(outer) == "请求没有发送。应用正在关闭。"


def test_a_bad_request_is_told_in_chinese_with_its_values() -> None:
    with pytest.raises(InvalidRequestError) as caught:
        catalog.check(Request(model="flux-2-pro", prompt="一", size="5:7", resolution="1K"))

    with speaking(CHINESE):
        assert told(caught.value).startswith("FLUX.2 pro 没有比例 '5:7'。可选：1:1, ")
    assert "has no ratio '5:7'" in told(caught.value)


def test_a_sentence_without_words_of_its_own_is_led_by_its_kind() -> None:
    error = StorageError("Something new went wrong with the disk.")

    with speaking(CHINESE):
        assert told(error) == "磁盘或文件出了问题。Something new went wrong with the disk."
    assert told(error) == "Something new went wrong with the disk."


def test_a_plan_that_is_wrong_says_where_in_the_language_of_the_page() -> None:
    problem = PlanProblem(
        message=said("This column has no name. Name it, or delete it."),
        source="提示词.csv",
        line=1,
        column=2,
    )
    error = InvalidPlanError([problem, PlanProblem(message=said("There are {names}.", names="a"))])

    with speaking(CHINESE):
        assert told(error).splitlines() == [
            "提示词.csv，第 1 行，第 2 列：这一列没有名称。请命名或删除。",
            "现有 a。",
        ]
    assert told(error).splitlines()[0] == str(error).splitlines()[0]


def test_words_of_an_error_outlive_being_raised_from_another() -> None:
    lost = StorageError(said("The journal lost run {run_id}.", run_id="run_1"))

    again = PlaygroundError(words_of(lost))

    with speaking(CHINESE):
        assert told(again) == "任务流水中找不到 run_1。"


def test_a_column_is_explained_in_the_language_spoken() -> None:
    assert meaning("polls") == column_info(Run)["polls"]["meaning"]
    with speaking(CHINESE):
        assert meaning("polls") == "查询状态的次数"


def test_a_context_of_its_own_begins_in_english() -> None:
    """Whoever starts a thread without a context says nothing in somebody else's language."""
    speak(CHINESE)

    assert contextvars.Context().run(spoken) is ENGLISH
