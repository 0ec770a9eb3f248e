"""The recorded comparison: really recorded, really emulated, and small."""

import hashlib

import pytest

from playground import catalog
from playground.schema import Origin, Request, RunStatus
from playground.ui.compare.examples import (
    EXAMPLE_DIR,
    example_json,
    example_prompts,
    recorded_example,
)
from playground.ui.texts import Language, speaking
from tests.ui_samples import a_run

MAX_BYTES = 250_000


def test_the_example_is_what_the_log_said_of_its_pictures() -> None:
    views = recorded_example()

    assert [view.request.model for view in views] == list(catalog.DEFAULT_LANES)
    for view in views:
        assert view.run is not None
        assert view.picture is not None
        data = view.picture.read_bytes()
        assert hashlib.sha256(data).hexdigest() == view.run.sha256
        assert len(data) == view.run.size_bytes
        assert len(data) < MAX_BYTES
        assert view.run.status == RunStatus.SUCCEEDED
        assert view.origin is Origin.EMULATED
        assert view.run.api_host.startswith("127.0.0.1")


def test_the_served_folder_holds_nothing_but_the_example_and_pictures() -> None:
    pictures = {view.picture.name for view in recorded_example() if view.picture is not None}
    names = {file.name for file in EXAMPLE_DIR.iterdir()}

    assert pictures | {"example.json"} <= names
    assert {name.rpartition(".")[2] for name in names - {"example.json"}} == {"jpg"}


def test_what_is_written_is_read_back(tmp_path: object) -> None:
    from pathlib import Path

    file = Path(str(tmp_path)) / "example.json"
    run = a_run(origin="emulated", queued_s=None)

    file.write_text(example_json((run,)), "utf-8")

    (view,) = recorded_example(file)
    assert view.run == run


@pytest.mark.parametrize("language", Language)
def test_every_example_prompt_could_be_bought(language: Language) -> None:
    with speaking(language):
        examples = example_prompts()

    for example in examples:
        catalog.check(Request(model=catalog.DEFAULT_LANES[0], prompt=example.prompt))
