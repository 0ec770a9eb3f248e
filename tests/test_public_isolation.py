"""Two strangers on one deployment: what is the other's is as unknown as what never was, whatever is called."""

import asyncio
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from playground.runner.views import RunView
from tests.public_rig import Deployment, Stranger, public_app

CANARY = "a canary that nobody else may hear of"
NOWHERE = {
    "comparison": "cmp_26112218000000000000000000000000",
    "run": "run_26112218000000000000000000000000",
    "experiment": "exp_26112218000000000000000000000000",
}

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.filterwarnings(
        # The framework's own bookkeeping of its queue calls pandas the way of version 2.
        "ignore::pandas.errors.Pandas4Warning"
    ),
]


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    with public_app(tmp_path_factory.mktemp("strangers"), api_key=None) as running:
        yield running


class Victim:
    """Somebody who has used every screen, and everything that could be stolen of them."""

    def __init__(self, stranger: Stranger, deployment: Deployment) -> None:
        self.stranger = stranger
        self.desk = deployment.desk
        self.comparison_id = ""
        self.experiment_id = ""
        self.runs: tuple[RunView, ...] = ()

    async def live(self) -> None:
        page = self.stranger
        await page.load()
        screen = await page.run(CANARY)
        self.comparison_id = screen["place"].split('"')[1]
        await self.until_over()
        self.runs = self.desk.views(self.comparison_id)
        await page.fire("history-list", "mark", {
            "comparison": self.comparison_id, "kind": "note", "value": CANARY, "on": "yes",
        })  # fmt: skip
        plan = {"prompts": CANARY, "name": CANARY, "models": ["flux-2-flex", "flux-2-pro"],
                "ratios": ["1:1"], "resolutions": ["1K"], "repeats": 1}  # fmt: skip
        await page.fire("experiment-start", "click", experiment_form=plan)
        async with asyncio.timeout(30):
            while not self.experiment_ids():
                await asyncio.sleep(0.05)
        (self.experiment_id,) = self.experiment_ids()
        async with asyncio.timeout(30):
            while len(self.desk.log) < 4 or self.orders()["wanted"] != "finished":
                await asyncio.sleep(0.05)

    def experiment_ids(self) -> list[str]:
        folder = self.desk.settings.data_dir / "experiments"
        return [
            path.parent.name
            for path in folder.glob("*/state.json")
            if self.stranger.owner_id in path.read_text()
        ]

    async def until_over(self) -> None:
        async with asyncio.timeout(30):
            while not all(view.run for view in self.desk.views(self.comparison_id)):
                await asyncio.sleep(0.05)

    @property
    def stolen(self) -> dict[str, Any]:
        return ids_as_event(self.comparison_id, self.runs[0].run_id, self.experiment_id)

    def standing(self) -> dict[str, Any]:
        """Everything of theirs that somebody could change."""
        data = self.desk.settings.data_dir
        return {
            name: (data / name).read_text() if (data / name).exists() else ""
            for name in ("runs.csv", "votes.csv", "marks.csv")
        } | {self.experiment_id: self.orders()["wanted"]}

    def orders(self) -> dict[str, Any]:
        path = self.desk.settings.data_dir / "experiments" / self.experiment_id / "state.json"
        return json.loads(path.read_text())  # type: ignore[no-any-return]


def ids_as_event(comparison: str, run: str, experiment: str) -> dict[str, Any]:
    """What any widget of the page may send with any of its events."""
    return {
        "comparison": comparison,
        "comparisons": [comparison],
        "run": run,
        "runs": [run],
        "experiment": experiment,
        "kind": "star",
        "on": "yes",
        "value": "1",
        "act": "stop",
        "undo": "act_1",
        "token": "invented",
        "name": "show",
        "what": f"experiment:{experiment}",
        "page": "1",
    }


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def victim(deployment: Deployment) -> Any:
    async with deployment.stranger(address="203.0.113.1") as stranger:
        victim = Victim(stranger, deployment)
        await victim.live()
        yield victim


async def test_every_event_called_raw_with_stolen_ids_tells_and_changes_nothing(
    deployment: Deployment, victim: Victim
) -> None:
    before = victim.standing()
    async with deployment.stranger(address="203.0.113.2") as thief:
        await thief.load(victim.comparison_id)
        heard = await thief.fire_everything(victim.stolen, told=victim.comparison_id)

    assert CANARY not in heard
    assert all(run.picture and run.picture.name not in heard for run in victim.runs)
    assert victim.standing() == before


async def test_what_is_another_s_is_told_in_the_words_of_what_never_was(
    deployment: Deployment, victim: Victim
) -> None:
    run_id = victim.runs[0].run_id
    calls: list[tuple[str, str, dict[str, Any]]] = [
        ("earlier", "open", {"comparison": "{comparison}"}),
        ("card-1", "retry", {"run": "{run}"}),
        ("card-1", "look_again", {"run": "{run}"}),
        ("history-list", "open", {"comparison": "{comparison}"}),
        ("history-list", "mark", {"comparison": "{comparison}", "kind": "star", "on": "yes"}),
        ("history-list", "zip", {"comparison": "{comparison}"}),
        ("history-runs", "download", {"run": "{run}"}),
        ("history-runs", "use", {"run": "{run}"}),
        ("experiment-list", "open", {"experiment": "{experiment}"}),
        ("experiment-head", "steer", {"act": "stop"}),
    ]
    stolen = {
        "comparison": victim.comparison_id,
        "run": run_id,
        "experiment": victim.experiment_id,
    }
    async with deployment.stranger(address="203.0.113.3") as thief:
        await thief.load()
        for widget, event, data in calls:
            answers = []
            for ids in (stolen, NOWHERE):
                told = {key: value.format(**ids) for key, value in data.items()}
                answer = json.dumps(await thief.fire(widget, event, told))
                answer = re.sub(r"0x[0-9a-f]+", "somewhere", answer)  # the framework's own objects
                for name, value in ids.items():
                    # Longer words are shortened on the page.
                    for shown in (value, value[:39]):
                        answer = answer.replace(shown, name)
                answers.append(answer)
            assert answers[0] == answers[1], f"{widget} {event}"


async def test_each_finds_their_own_and_only_that(deployment: Deployment, victim: Victim) -> None:
    async with deployment.stranger(address="203.0.113.4") as other:
        await other.load()
        own = await other.run("My own prompt")
        own_id = own["place"].split('"')[1]
        async with asyncio.timeout(30):
            while not all(view.run for view in deployment.desk.views(own_id)):
                await asyncio.sleep(0.05)
        theirs = json.dumps(await other.fire("history-list", "turn", {"page": "1"}))
        again = json.dumps(await victim.stranger.fire("history-list", "turn", {"page": "1"}))

    assert own_id in theirs and CANARY not in theirs  # noqa: PT018 - both sides of one claim
    assert victim.comparison_id in again
    assert own_id not in again
    assert "My own prompt" not in again


async def test_a_reference_s_token_is_good_for_nobody_else(
    deployment: Deployment, victim: Victim
) -> None:
    shelf = await keep_url(victim.stranger, "https://example.org/cat.png")
    async with deployment.stranger(address="203.0.113.5") as thief:
        await thief.load()
        screen = await thief.fire("run", "click", prompt="A cat", references=[shelf["item"]])

    assert "no longer on this server" in screen["notice"]


async def keep_url(stranger: Stranger, url: str) -> dict[str, Any]:
    """As the strip of references calls the server."""
    component = next(
        each
        for each in stranger.config["components"]
        if each["props"].get("elem_id") == "references"
    )
    answer = await stranger.client.post(
        "/gradio_api/component_server",
        headers=stranger.headers,
        json={
            "session_hash": stranger.session,
            "component_id": component["id"],
            "fn_name": "keep_url",
            "data": {"url": url, "visit": stranger.visit_id},
        },
    )
    return answer.json()  # type: ignore[no-any-return]


async def test_the_whole_picture_needs_its_unguessable_name(
    deployment: Deployment, victim: Victim
) -> None:
    picture = victim.runs[0].picture
    assert picture is not None
    async with deployment.stranger() as other:
        known = await other.client.get(f"/gradio_api/file={picture}", headers=other.headers)
        guesses = [
            picture.with_name(f"{victim.runs[0].run_id}{picture.suffix}"),
            picture.parent,
            picture.parent.parent / "runs.csv",
            picture.parent.parent / "lent",
            picture.parent.parent / "secret",
        ]
        answers = [
            (await other.client.get(f"/gradio_api/file={each}", headers=other.headers)).status_code
            for each in guesses
        ]

    assert known.status_code == 200
    assert len(picture.stem) == 32
    assert victim.runs[0].run_id.removeprefix("run_") not in str(picture)
    assert set(answers) <= {403, 404}


@pytest.mark.parametrize("token", ["", "short", "G" * 64, "1" * 65, None, 7, ["1" * 64]])
async def test_a_token_that_cannot_be_one_makes_nobody_somebody_else(
    deployment: Deployment, victim: Victim, token: Any
) -> None:
    async with deployment.stranger(token=token) as stranger:
        screen = await stranger.load(victim.comparison_id)

    assert CANARY not in json.dumps(screen)


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:{port}",
        "http://localhost:{port}",
        "https://evil.example",
        "https://toapis.com.evil.example",
        "https://toapis.com@evil.example",
        "https://toapis.com/else",
        "http://169.254.169.254",
    ],
)
async def test_a_stranger_cannot_point_the_server_elsewhere(
    deployment: Deployment, address: str
) -> None:
    called: list[object] = []
    server = await asyncio.start_server(lambda *_: called.append(1), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, deployment.stranger() as stranger:
        await stranger.load()
        boxes = {"key": "sk-some-key-0000", "key_address": address.format(port=port)}
        screen = await stranger.fire("use-key", "click", **boxes)
        boxes = {"key": "sk-some-key-0000", "key_host": address.format(port=port)}
        with pytest.raises(AssertionError, match="not in the list"):
            await stranger.fire("use-key", "click", **boxes)

    assert "not taken" in screen["key-told"]
    assert called == []


async def test_each_has_their_own_key_and_balance(deployment: Deployment) -> None:
    async with (
        deployment.stranger(address="203.0.113.8") as one,
        deployment.stranger(address="203.0.113.9") as other,
    ):
        await one.load()
        await other.load()
        with_key = await one.fire("use-key", "click", key="sk-the-first-one-s-key-1111")
        without = (await other.fire("forget-key", "click"))["header"]
        other_key = await other.fire("use-key", "click", key="sk-the-other-one-s-key-2222")

    assert "The key works" in with_key["key-told"]
    assert "sk-…1111" in with_key["header"] and "20,000" in with_key["header"]  # noqa: PT018
    assert "1111" not in without
    assert "Balance" not in without  # what the shared account holds is nobody's business
    assert "sk-…2222" in other_key["header"]
    assert "1111" not in other_key["header"]
