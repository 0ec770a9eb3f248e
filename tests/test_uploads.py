"""References are uploaded once per content and account, whoever asks and however often."""

import asyncio
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from playground.errors import InvalidRequestError, NetworkError
from playground.runner.uploads import TRUSTED_FOR, Uploads
from playground.schema import Reference

pytestmark = pytest.mark.anyio


@dataclass
class FakeService:
    """Uploads take a moment; `broken` of them fail first."""

    host: str = "toapis.com"
    fingerprint: str = "f" * 16
    broken: int = 0
    uploaded: list[Path] = field(default_factory=list)

    async def upload(self, path: Path, mime_type: str) -> str:
        assert mime_type == "image/jpeg"
        await asyncio.sleep(0.01)
        if self.broken:
            self.broken -= 1
            raise NetworkError("no answer")
        self.uploaded.append(path)
        return f"https://files.toapis.com/{len(self.uploaded)}.jpg"


def a_file(name: str) -> Reference:
    return Reference(
        name=name, path=Path(f"/somewhere/{name}.jpg"), sha256=name * 8, mime_type="image/jpeg"
    )


ADDRESS = Reference(name="theirs", url="https://example.com/theirs.png")


async def test_two_lanes_share_one_upload_and_the_order_stays(tmp_path):
    service, uploads = FakeService(), Uploads(tmp_path / "uploads.jsonl")
    references = (a_file("a"), ADDRESS, a_file("b"))

    left, right = await asyncio.gather(
        uploads.urls(service, references), uploads.urls(service, references)
    )

    assert left == right
    assert left[1] == "https://example.com/theirs.png"
    assert len(service.uploaded) == 2
    assert len(set(left)) == 3


async def test_a_later_program_remembers(tmp_path):
    service, path = FakeService(), tmp_path / "uploads.jsonl"
    first = await Uploads(path).urls(service, (a_file("a"),))

    second = await Uploads(path).urls(service, (a_file("a"),))

    assert first == second
    assert len(service.uploaded) == 1


async def test_another_account_uploads_for_itself(tmp_path):
    uploads = Uploads(tmp_path / "uploads.jsonl")
    mine, yours = FakeService(), FakeService(fingerprint="e" * 16)

    await uploads.urls(mine, (a_file("a"),))
    await uploads.urls(yours, (a_file("a"),))

    assert (len(mine.uploaded), len(yours.uploaded)) == (1, 1)


async def test_an_old_upload_is_not_trusted(tmp_path):
    path, service = tmp_path / "uploads.jsonl", FakeService()
    old = datetime.now(UTC) - TRUSTED_FOR - timedelta(minutes=1)
    line = {
        "account": f"{service.host} {service.fingerprint}",
        "sha256": "a" * 8,
        "url": "https://files.toapis.com/old.jpg",
        "at": old.isoformat(),
    }
    path.write_text(json.dumps(line) + "\n")

    (url,) = await Uploads(path).urls(service, (a_file("a"),))

    assert url != "https://files.toapis.com/old.jpg"


async def test_a_torn_line_costs_one_upload_and_nothing_else(tmp_path):
    path, service = tmp_path / "uploads.jsonl", FakeService()
    await Uploads(path).urls(service, (a_file("a"), a_file("b")))
    path.write_bytes(path.read_bytes()[:-20])

    await Uploads(path).urls(service, (a_file("a"), a_file("b")))

    assert len(service.uploaded) == 3


async def test_a_failed_upload_is_tried_again_the_next_time(tmp_path):
    service, uploads = FakeService(broken=1), Uploads(tmp_path / "uploads.jsonl")

    with pytest.raises(NetworkError):
        await uploads.urls(service, (a_file("a"),))
    (url,) = await uploads.urls(service, (a_file("a"),))

    assert url


async def test_a_lane_that_goes_away_does_not_take_the_upload_from_the_other(tmp_path):
    service, uploads = FakeService(), Uploads(tmp_path / "uploads.jsonl")
    leaving = asyncio.create_task(uploads.urls(service, (a_file("a"),)))
    staying = asyncio.create_task(uploads.urls(service, (a_file("a"),)))
    await asyncio.sleep(0)

    leaving.cancel()
    urls = await staying

    assert len(urls) == len(service.uploaded) == 1


async def test_a_reference_that_is_nothing_is_refused(tmp_path):
    with pytest.raises(InvalidRequestError):
        await Uploads(tmp_path / "u").urls(FakeService(), (Reference(name="ghost"),))
