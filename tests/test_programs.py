"""What the named endpoints do, over a real desk and the emulator, without the framework's part."""

import asyncio
import secrets
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from playground.emulator import Emulator, EmulatorServer, EmulatorSettings, Fault
from playground.emulator.faults import Endpoint
from playground.errors import BudgetError, InvalidRequestError
from playground.identity import owner_id_of
from playground.report.document import report_on
from playground.results.scope import Scope
from playground.runner.desk import Desk
from playground.schema import Origin
from playground.settings import Settings
from playground.ui.api import programs as programs_module
from playground.ui.api.orders import Caller, Order, order_of, origin_of, scope_of, seconds_of
from playground.ui.api.programs import MAX_RUNNING, Programs
from playground.ui.compare.flow import Flow
from playground.ui.results.findings import FindingsBook
from playground.ui.shelf import Shelf
from playground.ui.visits import Visits
from tests.engine_rig import HURRY, SPEED

SAMPLE = Path(__file__).resolve().parent.parent / "notebooks" / "sample"
WAIT_S = 20.0
ANYBODY = Caller(visitor=None, base_url="http://here")


class Rig:
    """Programs over a desk of their own, and the emulator under it."""

    def __init__(self, data_dir: Path, **settings: Any) -> None:
        changes = {
            "emulator_speed": SPEED,
            "session_cap_usd": None,
            "day_cap_usd": None,
            **settings,
        }
        self.desk = Desk(Settings(data_dir=data_dir, **changes), patience=HURRY)
        self.desk.start()
        self.flow = Flow(
            self.desk,
            visits=Visits(
                forget_account=self.desk.close_account, is_public=self.desk.settings.is_public
            ),
            shelf=Shelf(
                self.desk, upload_dir=data_dir / "uploads", thumbnails_dir=data_dir / "thumbnails"
            ),
            thumbnails_dir=data_dir / "thumbnails" / "pictures",
        )
        self.programs = Programs(self.flow, FindingsBook(data_dir))

    @property
    def emulator(self) -> Emulator:
        server = self.desk.playground.emulator
        assert server is not None
        return server.emulator

    @property
    def submits(self) -> int:
        return self.emulator.tally.answers[Endpoint.CREATE, 200]

    def fault(self, at: str, kind: str, **details: Any) -> None:
        self.emulator.faults.add(Fault(at=at, kind=kind, **details))

    async def compare(
        self, prompt: str = "A fox", *, caller: Caller = ANYBODY, wait_s: float = WAIT_S, **how: Any
    ) -> dict[str, Any]:
        return await self.programs.compare(Order(prompt=prompt, **how), caller, wait_s=wait_s)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    one = Rig(tmp_path_factory.mktemp("programs"))
    yield one
    one.desk.close()


@pytest.fixture
def rig(shared: Rig) -> Iterator[Rig]:
    shared.emulator.faults.clear()
    shared.programs._secret = secrets.token_hex(16)  # as if nobody had called yet
    yield shared
    shared.emulator.faults.clear()


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    one = Rig(tmp_path_factory.mktemp("public"), is_public=True)
    yield one
    one.desk.close()


@pytest.mark.anyio
async def test_a_comparison_comes_back_with_its_pictures(rig: Rig) -> None:
    told = await rig.compare("A lighthouse", size="16:9", references=("https://example.org/a.png",))

    assert (told["state"], told["complete"], told["emulated"]) == ("finished", True, True)
    assert (told["prompt"], told["ratio"], told["resolution"]) == ("A lighthouse", "16:9", "1K")
    assert told["references"] == ["https://example.org/a.png"]
    assert (told["estimate_usd"], told["charged_usd"]) == ("0.095", "0.095")
    assert [(run["model"], run["state"]) for run in told["runs"]] == [
        ("flux-2-flex", "succeeded"),
        ("flux-2-pro", "succeeded"),
    ]
    for run in told["runs"]:
        assert run["picture_url"].startswith("http://here/gradio_api/file=/")
        assert Path(run["picture_url"].partition("=")[2]).is_file()
        assert run["error"] is None


@pytest.mark.anyio
async def test_without_waiting_it_is_begun_and_asked_for_later(rig: Rig) -> None:
    rig.fault("status", "error_502", times=1)

    begun = await rig.compare(wait_s=0)
    later = await rig.programs.status(begun["comparison_id"], ANYBODY, wait_s=WAIT_S)

    assert (begun["state"], begun["complete"], begun["charged_usd"]) == ("running", False, None)
    assert begun["ask_again_s"] > 0
    assert begun["runs"][0]["picture_url"] is None
    assert (later["state"], later["complete"], later["ask_again_s"]) == ("finished", True, None)


@pytest.mark.anyio
async def test_a_failure_keeps_its_reason_and_the_other_side_its_picture(rig: Rig) -> None:
    rig.fault("task", "fail", model="flux-2-pro", times=1)

    told = await rig.compare()

    assert (told["state"], told["complete"]) == ("finished", False)
    flex, pro = told["runs"]
    assert flex["state"] == "succeeded"
    assert (pro["state"], pro["error_kind"], pro["picture_url"]) == ("failed", "generation", None)
    assert pro["error"]


# ---- never twice --------------------------------------------------------------------------------


@pytest.mark.anyio
async def test_the_same_request_again_buys_nothing_and_finds_the_same(rig: Rig) -> None:
    before = rig.submits

    calls = [rig.compare(request_id="mine", wait_s=0) for _ in range(5)]
    told = await asyncio.gather(*calls)
    await rig.compare(request_id="mine")
    other = await rig.compare(request_id="another")

    assert len({each["comparison_id"] for each in told}) == 1
    assert other["comparison_id"] != told[0]["comparison_id"]
    assert rig.submits == before + 4


@pytest.mark.anyio
@pytest.mark.parametrize(
    "changes",
    [
        {"prompt": "A hare"},
        {"size": "4:3"},
        {"resolution": "2K"},
        {"repeats": 2},
        {"lanes": ("flux-2-pro", "flux-2-flex")},
        {"references": ("https://example.org/a.png",)},
    ],
)
async def test_one_request_id_stands_for_one_request(rig: Rig, changes: dict[str, Any]) -> None:
    request_id = secrets.token_hex(4)
    await rig.compare(request_id=request_id)
    before = rig.submits

    with pytest.raises(InvalidRequestError, match="another comparison"):
        await rig.compare(**{"prompt": "A fox", "request_id": request_id, **changes})

    assert rig.submits == before


@pytest.mark.anyio
async def test_a_request_id_outlives_the_program(tmp_path: Path) -> None:
    first = Rig(tmp_path)
    told = await first.compare(request_id="mine")
    first.desk.close()

    second = Rig(tmp_path)
    try:
        again = await second.compare(request_id="mine")
        assert again["comparison_id"] == told["comparison_id"]
        assert second.submits == 0
    finally:
        second.desk.close()


@pytest.mark.anyio
async def test_a_caller_who_hangs_up_loses_nothing(rig: Rig) -> None:
    call = asyncio.create_task(rig.compare(request_id="hung up"))
    while not rig.flow.visits.enter(_only_visit(rig)).live_ids:
        await asyncio.sleep(0)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call

    assert (await rig.compare(request_id="hung up"))["complete"]


def _only_visit(rig: Rig) -> str:
    return rig.programs._visit(None, None).visit_id


# ---- what is refused ----------------------------------------------------------------------------


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"prompt": " \n"}, "prompt is empty"),
        ({"prompt": "\ud83d"}, "lone surrogate"),
        ({"size": "5:4"}, "no ratio"),
        ({"resolution": "8K"}, "no resolution"),
        ({"repeats": 0}, "1 to 4"),
        ({"repeats": 10**9}, "1 to 4"),
        ({"lanes": ("flux-2-flex",)}, "2 models"),
        ({"lanes": ("flux-2-flex",) * 3}, "2 models"),
        ({"lanes": ("flux-2-flex", "other")}, "no model"),
        ({"references": ("/etc/hostname",)}, "cannot be used"),
        ({"references": ("file:///etc/hostname",)}, "cannot be used"),
        ({"references": ("http://127.0.0.1:7860/x.png",)}, "cannot be used"),
        ({"references": ("https://example.org/a.png",) * 9}, "at most 8"),
    ],
)
async def test_what_cannot_be_bought_is_refused_in_words(
    rig: Rig, how: dict[str, Any], words: str
) -> None:
    before = rig.submits

    with pytest.raises(InvalidRequestError, match=words):
        await rig.compare(**{"prompt": "A fox", **how})

    assert rig.submits == before


@pytest.mark.anyio
async def test_a_dear_call_needs_the_price_said(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = replace(rig.desk.settings, warn_usd=Decimal("0.09"))
    monkeypatch.setattr(rig.desk, "settings", settings)
    before = rig.submits

    with pytest.raises(BudgetError, match=r"accept_cost_usd=0\.095"):
        await rig.compare()
    with pytest.raises(BudgetError, match=r"more than the accept_cost_usd of 0\.09"):
        await rig.compare(accept_cost_usd=Decimal("0.09"))
    assert rig.submits == before
    told = await rig.compare(accept_cost_usd=Decimal("0.095"))

    assert told["complete"]


@pytest.mark.anyio
async def test_a_ceiling_holds_below_the_limit_too(rig: Rig) -> None:
    with pytest.raises(BudgetError, match="Nothing was bought"):
        await rig.compare(accept_cost_usd=Decimal("0.01"))


@pytest.mark.anyio
async def test_the_cap_of_a_session_holds_for_programs(tmp_path: Path) -> None:
    rig = Rig(tmp_path, session_cap_usd=Decimal("0.20"))
    try:
        calls = [rig.compare(f"Fox {number}") for number in range(4)]
        told = await asyncio.gather(*calls, return_exceptions=True)
        assert sum(isinstance(each, dict) for each in told) == 2
        assert {type(e).__name__ for e in told if not isinstance(e, dict)} == {
            "BudgetExceededError"
        }
        assert rig.submits == 4
    finally:
        rig.desk.close()


@pytest.mark.anyio
async def test_only_so_many_run_at_once(rig: Rig) -> None:
    rig.fault("task", "stuck")
    begun = [await rig.compare(f"Fox {n}", wait_s=0) for n in range(MAX_RUNNING)]

    with pytest.raises(InvalidRequestError, match="are running"):
        await rig.compare("One more", wait_s=0)

    for each in begun:
        rig.desk.stop(each["comparison_id"])
        told = await rig.programs.status(each["comparison_id"], ANYBODY, wait_s=WAIT_S)
        assert told["state"] in ("open", "finished")  # sent already, or not yet
    assert (await rig.compare("Now", wait_s=0))["state"] == "running"


# ---- waiting ------------------------------------------------------------------------------------


@pytest.mark.anyio
async def test_nobody_waits_longer_than_is_allowed(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig.fault("task", "stuck")
    monkeypatch.setattr(programs_module, "MAX_WAIT_S", 0.05)

    async with asyncio.timeout(WAIT_S):
        told = await rig.compare(wait_s=1e9)

    assert told["state"] == "running"
    rig.desk.stop(told["comparison_id"])


@pytest.mark.anyio
async def test_when_too_many_wait_one_is_answered_as_things_stand(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig.fault("task", "stuck")
    monkeypatch.setattr(programs_module, "MAX_WAITING", 0)

    async with asyncio.timeout(WAIT_S):
        told = await rig.compare(wait_s=1e9)

    assert told["state"] == "running"
    rig.desk.stop(told["comparison_id"])


# ---- where strangers come -----------------------------------------------------------------------


@pytest.mark.anyio
async def test_a_stranger_is_given_a_secret_and_only_it_opens_what_is_theirs(public: Rig) -> None:
    told = await public.compare()
    mine, theirs = told["visitor"], secrets.token_hex(32)
    comparison_id = told["comparison_id"]

    seen = await public.programs.status(comparison_id, Caller(visitor=mine), wait_s=0)
    with pytest.raises(InvalidRequestError) as not_theirs:
        await public.programs.status(comparison_id, Caller(visitor=theirs), wait_s=0)
    with pytest.raises(InvalidRequestError) as unknown:
        await public.programs.status("cmp_unknown", Caller(visitor=theirs), wait_s=0)

    assert len(mine) == 64
    assert seen["comparison_id"] == comparison_id
    assert str(not_theirs.value).replace(comparison_id, "") == str(unknown.value).replace(
        "cmp_unknown", ""
    )
    owners = {view.owner_id for view in public.desk.views(comparison_id)}
    assert owners == {owner_id_of(mine)}
    assert mine not in (public.desk.settings.data_dir / "runs.csv").read_text()


@pytest.mark.anyio
@pytest.mark.parametrize("visitor", [None, "", "me", "z" * 64, "a" * 31, "A" * 64, "a" * 500])
async def test_a_stranger_without_a_secret_sees_nothing(public: Rig, visitor: str | None) -> None:
    caller = Caller(visitor=visitor)

    with pytest.raises(InvalidRequestError, match=r"visitor|needs"):
        await public.programs.status("cmp_x", caller, wait_s=0)
    with pytest.raises(InvalidRequestError, match=r"visitor|needs"):
        await public.programs.verdict(Scope(), caller, origin=None)
    with pytest.raises(InvalidRequestError, match=r"visitor|needs"):
        await public.compare(caller=caller, request_id="mine")


@pytest.mark.anyio
async def test_two_strangers_may_use_the_same_request_id(public: Rig) -> None:
    callers = [Caller(visitor=secrets.token_hex(32)) for _ in range(2)]

    told = [await public.compare(caller=caller, request_id="1") for caller in callers]

    assert told[0]["comparison_id"] != told[1]["comparison_id"]
    assert [each["visitor"] for each in told] == [caller.visitor for caller in callers]


@pytest.mark.anyio
async def test_on_one_s_own_machine_nobody_needs_a_secret(rig: Rig) -> None:
    told = await rig.compare(caller=Caller(visitor="whatever"))

    assert told["visitor"] is None
    assert {view.owner_id for view in rig.desk.views(told["comparison_id"])} == {None}


@pytest.mark.anyio
async def test_what_is_judged_blind_is_told_to_nobody(rig: Rig) -> None:
    told = await rig.compare()
    await asyncio.to_thread(rig.flow.ballots.seal, told["comparison_id"])

    with pytest.raises(InvalidRequestError, match="blind"):
        await rig.programs.status(told["comparison_id"], ANYBODY, wait_s=0)


# ---- a key of one's own -------------------------------------------------------------------------


@pytest.mark.anyio
async def test_a_caller_s_own_key_pays_and_is_told_nowhere(tmp_path: Path) -> None:
    key, service = "sk-canary-of-a-program", EmulatorSettings(data_dir=tmp_path / "s", speed=SPEED)
    with EmulatorServer(service) as server:
        rig = Rig(tmp_path / "data", base_url=server.url)
        try:
            caller = Caller(visitor=None, key=key)
            told = await rig.compare(caller=caller)
            await rig.compare("Another", caller=caller)
            bought = server.emulator.tally.answers[Endpoint.CREATE, 200]
            asked = server.emulator.tally.requests[Endpoint.BALANCE]
            server.emulator.faults.add(Fault(at="balance", kind="refuse_401"))
            with pytest.raises(InvalidRequestError, match="does not accept this key"):
                await rig.compare(caller=Caller(visitor=None, key="sk-a-wrong-one"))
            with pytest.raises(InvalidRequestError, match="no key"):
                await rig.compare(caller=Caller(visitor=None, key="sk bad\nkey"))
        finally:
            rig.desk.close()

    assert told["complete"]
    assert (bought, rig.submits) == (4, 0)
    assert asked == 1  # the account is kept while its caller comes back
    assert key not in repr(told) + repr(caller)
    for path in (tmp_path / "data").rglob("*"):
        assert path.is_dir() or key.encode() not in path.read_bytes(), path


# ---- the verdict --------------------------------------------------------------------------------


@pytest.mark.anyio
async def test_the_verdict_is_that_of_the_results(rig: Rig) -> None:
    sample = Programs(rig.flow, FindingsBook(SAMPLE))

    told = await sample.verdict(Scope(), ANYBODY, origin=None)

    report = report_on(SAMPLE, made_at=datetime.now(UTC))
    assert told["verdict"]["sentence"] == report.verdict.sentence
    assert told["votes"] == report.to_json()["votes"]
    assert told["checks"] == report.to_json()["checks"]
    assert told["emulated"] is True
    assert told["pairs"]["n_judged"] <= told["pairs"]["n_pairs"]


@pytest.mark.anyio
@pytest.mark.parametrize(
    "scope",
    [
        Scope(experiment_id="exp_none"),
        Scope(tag="none"),
        Scope(size="9:16x"),
        Scope(resolution="8K"),
    ],
)
async def test_a_verdict_on_what_is_not_there_is_refused_not_widened(
    rig: Rig, scope: Scope
) -> None:
    sample = Programs(rig.flow, FindingsBook(SAMPLE))

    with pytest.raises(InvalidRequestError, match="Nothing in your log"):
        await sample.verdict(scope, ANYBODY, origin=None)


@pytest.mark.anyio
async def test_a_stranger_s_verdict_counts_what_is_theirs_alone(public: Rig) -> None:
    told = await public.compare()
    mine = await public.programs.verdict(
        Scope(), Caller(visitor=told["visitor"]), origin=Origin.EMULATED
    )
    theirs = await public.programs.verdict(
        Scope(), Caller(visitor=secrets.token_hex(32)), origin=Origin.EMULATED
    )

    assert (mine["pairs"]["n_pairs"], theirs["pairs"]["n_pairs"]) == (1, 0)


# ---- whatever was sent --------------------------------------------------------------------------

GOOD: dict[str, Any] = {
    "prompt": "A fox",
    "ratio": "1:1",
    "resolution": "1K",
    "repeats": 1,
    "models": None,
    "references": None,
    "request_id": "",
    "accept_cost_usd": "",
}


def test_left_out_arguments_are_the_defaults() -> None:
    nothing = dict.fromkeys(GOOD, None) | {"prompt": "A fox", "repeats": 1}

    assert order_of(**GOOD) == order_of(**nothing) == Order(prompt="A fox")
    assert scope_of(experiment_id="", tag=None, ratio="", resolution="", since="") == Scope()
    assert (origin_of(""), seconds_of("wait_s", None)) == (None, 0.0)


@pytest.mark.parametrize("value", ["1.50", " $1.50 ", 1.5])
def test_an_amount_may_be_text_or_number(value: object) -> None:
    assert order_of(**{**GOOD, "accept_cost_usd": value}).accept_cost_usd == Decimal("1.5")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("prompt", 7),
        ("prompt", ["A fox"]),
        ("prompt", {"$": 1}),
        ("ratio", {}),
        ("resolution", "1" * 401),
        ("repeats", "2"),
        ("repeats", 1.5),
        ("repeats", True),
        ("repeats", None),
        ("repeats", float("inf")),
        ("repeats", float("nan")),
        ("models", "flux-2-flex"),
        ("models", {"0": "flux-2-flex"}),
        ("models", [1, 2]),
        ("references", [{"path": "https://example.org/a.png"}]),
        ("references", "https://example.org/a.png"),
        ("request_id", 7),
        ("request_id", "x" * 401),
        ("accept_cost_usd", "much"),
        ("accept_cost_usd", -1),
        ("accept_cost_usd", True),
        ("accept_cost_usd", "NaN"),
        ("accept_cost_usd", float("inf")),
        ("accept_cost_usd", [1]),
    ],
)
def test_an_argument_of_another_kind_is_named_and_refused(name: str, value: object) -> None:
    with pytest.raises(InvalidRequestError, match=name):
        order_of(**{**GOOD, name: value})


@pytest.mark.parametrize("value", [-1, "5", True, float("inf"), float("nan"), []])
def test_seconds_are_a_number_from_zero(value: object) -> None:
    with pytest.raises(InvalidRequestError, match="wait_s"):
        seconds_of("wait_s", value)


@pytest.mark.parametrize(
    ("name", "value"),
    [("since", "yesterday"), ("since", "2026-13-01"), ("tag", "a\nb" * 200), ("tag", 3)],
)
def test_a_scope_that_makes_no_sense_is_refused(name: str, value: object) -> None:
    nothing = dict.fromkeys(("experiment_id", "tag", "ratio", "resolution", "since"), "")

    with pytest.raises(InvalidRequestError, match=name):
        scope_of(**{**nothing, name: value})


@pytest.mark.parametrize("value", ["both", "LIVE", 1])
def test_there_are_two_origins(value: object) -> None:
    with pytest.raises(InvalidRequestError, match="origin"):
        origin_of(value)
