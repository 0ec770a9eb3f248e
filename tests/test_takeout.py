"""Everything of one visitor in a ZIP: all that is theirs, nothing of anybody else, in bearable parts."""

import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from playground.csvlog.table import load
from playground.errors import InvalidRequestError
from playground.history.pages import History
from playground.runner.desk import Desk
from playground.schema import Comparison, MarkKind, Run
from playground.settings import Settings
from playground.ui.compare.flow import Flow
from playground.ui.history import takeout as takeouts
from playground.ui.history.past import PastFlow, past_flow
from playground.ui.history.takeout import Takeout
from playground.ui.shelf import Shelf
from playground.ui.visits import Visit, Visits
from tests.engine_rig import HURRY, SPEED

ONE, OTHER = (Visit(visit_id=name * 32, owner_id=f"own_{name}") for name in "ab")
NOBODY = Visit(visit_id="c" * 32, owner_id="own_c")

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    settings = Settings(
        data_dir=tmp_path_factory.mktemp("takeout"), emulator_speed=SPEED, is_public=True
    )
    desk = Desk(settings, patience=HURRY)
    desk.start()
    yield desk
    desk.close()


@pytest.fixture(scope="module")
async def past(desk: Desk) -> PastFlow:
    folder = desk.settings.data_dir.resolve()
    flow = Flow(
        desk,
        visits=Visits(forget_account=desk.close_account, is_public=True),
        shelf=Shelf(desk, upload_dir=folder / "uploads", thumbnails_dir=folder / "thumbnails"),
        thumbnails_dir=folder / "thumbnails" / "pictures",
    )
    past = past_flow(flow, History(folder), thumbnails_dir=folder / "thumbnails")
    for number, visit in enumerate((ONE, ONE, ONE, OTHER), start=1):
        await bought(desk, f"c{number}", visit)
    past.archive.mark("c1", MarkKind.TAG, "mine", ONE, is_on=True)
    past.archive.mark("c4", MarkKind.TAG, "theirs", OTHER, is_on=True)
    return past


async def bought(desk: Desk, comparison_id: str, visit: Visit) -> None:
    comparison = Comparison(
        comparison_id=comparison_id,
        prompt=f"A fox of {visit.owner_id}",
        lanes=("flux-2-flex", "flux-2-pro"),
        owner_id=visit.owner_id,
    )
    views = await desk.begin(
        comparison, account_id=desk.default_account_id, session_id=visit.visit_id
    )

    async def wait() -> None:
        await desk.playground.wait(views)

    await desk._there(wait())


@pytest.fixture
def takeout(past: PastFlow) -> Takeout:
    return past._takeout


def unpacked(path: Path) -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(path.read_bytes()))


async def test_it_holds_every_row_and_picture_of_the_visitor_and_no_other(
    takeout: Takeout, tmp_path: Path
) -> None:
    part = takeout.part(1, ONE)
    with unpacked(part.ready.path) as archive:
        names = archive.namelist()
        (tmp_path / "runs.csv").write_bytes(archive.read("runs.csv"))
        everything = b"".join(archive.read(name) for name in names)

    rows = load(tmp_path / "runs.csv", Run, None)
    assert (part.number, part.n_parts, part.ready.wanting) == (1, 1, ())
    assert sorted(rows["comparison_id"]) == ["c1", "c1", "c2", "c2", "c3", "c3"]
    assert sum(name.startswith("pictures/") for name in names) == 6
    assert "own_b" not in everything.decode("latin-1")
    assert b"mine" in everything
    assert b"theirs" not in everything


async def test_what_is_large_comes_in_parts_that_leave_nothing_out(
    takeout: Takeout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(takeouts, "PART_RUNS", 4)
    found: list[str] = []
    for number in (1, 2):
        part = takeout.part(number, ONE)
        assert part.n_parts == 2
        with unpacked(part.ready.path) as archive:
            (tmp_path / "runs.csv").write_bytes(archive.read("runs.csv"))
        found += list(load(tmp_path / "runs.csv", Run, None)["comparison_id"])

    assert sorted(set(found)) == ["c1", "c2", "c3"]
    assert len(found) == 6


async def test_who_has_nothing_is_told_so(takeout: Takeout) -> None:
    with pytest.raises(InvalidRequestError, match="nothing of yours"):
        takeout.part(1, NOBODY)


async def test_one_visitor_packs_one_at_a_time_and_all_of_them_only_a_few(
    takeout: Takeout, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused: list[str] = []

    def while_packing(_self: Takeout, _number: int, visit: Visit) -> Any:
        for other in (visit, OTHER, NOBODY):
            try:
                monkeypatch.setattr(Takeout, "_packed", lambda *_: None)
                takeout.part(1, other)
            except InvalidRequestError as exc:
                refused.append(f"{other.owner_id}: {exc}")

    monkeypatch.setattr(Takeout, "_packed", while_packing)
    takeout.part(1, ONE)

    assert len(refused) == 1
    assert refused[0].startswith("own_a")


async def test_the_page_gets_a_link_and_the_way_to_the_next_part(
    past: PastFlow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(takeouts, "PART_RUNS", 4)

    first, last = await past.take_out(1, ONE), await past.take_out(2, ONE)

    link = re.search(r'href="gradio_api/file=([^"]+)"', str(first))
    assert link
    assert Path(unquote(link[1])).is_file()
    assert 'data-part="2"' in first
    assert 'data-act="takeout"' not in last
