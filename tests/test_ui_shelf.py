"""References of a page: only what was uploaded here, in the order shown, known by a token."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from playground.errors import InvalidRequestError, UnusableReferenceError
from playground.runner.desk import Desk
from playground.schema import Reference
from playground.settings import Settings
from playground.ui import shelf as shelves
from playground.ui.shelf import Shelf


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    started = Desk(Settings(data_dir=tmp_path_factory.mktemp("shelf")))
    started.start()
    yield started
    started.close()


@pytest.fixture
def uploads(tmp_path: Path) -> Path:
    folder = tmp_path / "uploads"
    folder.mkdir()
    return folder


@pytest.fixture
def shelf(desk: Desk, uploads: Path, tmp_path: Path) -> Shelf:
    return Shelf(desk, upload_dir=uploads, thumbnails_dir=tmp_path / "thumbnails")


def _picture(folder: Path, name: str = "a.png", size: tuple[int, int] = (64, 48)) -> Path:
    path = folder / name
    Image.new("RGB", size, "teal").save(path)
    return path


def test_what_was_uploaded_is_kept_and_described(shelf: Shelf, uploads: Path) -> None:
    item = shelf.add_file(str(_picture(uploads)), name="My cat.png", shrink=False)

    assert item["name"] == "My cat.png"
    assert item["detail"].startswith("64×48 · ")
    assert item["thumb"].startswith("gradio_api/file=")
    (reference,) = shelf.take([item])
    assert reference.sha256 is not None
    # The browser learns no path but that of the small copy.
    assert str(reference.path) not in str(item)


def test_the_order_of_the_page_is_the_order_that_is_sent(shelf: Shelf) -> None:
    items = [shelf.add_url(f"https://example.org/{number}.png") for number in range(3)]

    taken = shelf.take([items[2], items[0], items[1], items[0]])

    assert [reference.name[-5] for reference in taken] == ["2", "0", "1", "0"]


@pytest.mark.parametrize(
    "path",
    [
        "http://127.0.0.1/x.png",
        "https://example.org/x.png",
        "file:///etc/passwd",
        "/etc/passwd",
        "",
        "\x00",
        "uploads/../../secret.png",
    ],
)
def test_nothing_but_an_uploaded_file_is_read(shelf: Shelf, path: str) -> None:
    with pytest.raises(UnusableReferenceError, match="not a file that was uploaded"):
        shelf.add_file(path, name="x", shrink=False)


def test_a_way_out_of_the_upload_folder_is_no_way(
    shelf: Shelf, uploads: Path, tmp_path: Path
) -> None:
    secret = _picture(tmp_path, "secret.png")
    (uploads / "link.png").symlink_to(secret)

    for path in (secret, uploads / ".." / "secret.png", uploads / "link.png", uploads):
        with pytest.raises(UnusableReferenceError, match="not a file that was uploaded"):
            shelf.add_file(str(path), name="x", shrink=False)


@pytest.mark.parametrize(
    "address", ["/etc/passwd", "file:///etc/passwd", "secret.png", "C:\\x.png"]
)
def test_a_path_of_this_machine_is_no_address(
    shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    _picture(tmp_path, "secret.png")
    monkeypatch.chdir(tmp_path)

    with pytest.raises(UnusableReferenceError, match="address"):
        shelf.add_url(address)


@pytest.mark.parametrize("address", ["http://127.0.0.1/x.png", "HTTPS://localhost/x.png"])
def test_an_address_of_this_machine_is_no_public_one(shelf: Shelf, address: str) -> None:
    with pytest.raises(InvalidRequestError):
        shelf.add_url(address)


def test_too_many_pixels_are_refused_with_the_limit_and_can_be_shrunk(
    shelf: Shelf, uploads: Path
) -> None:
    large = uploads / "large.png"
    Image.new("1", (8000, 6000)).save(large)

    with pytest.raises(UnusableReferenceError, match="40,000,000") as refused:
        shelf.add_file(str(large), name="large.png", shrink=False)
    item = shelf.add_file(str(large), name="large.png", shrink=True)

    assert refused.value.can_shrink
    assert "4096×3072" in item["detail"]


@pytest.mark.parametrize("item", [{"token": "invented"}, {"token": None}, {}, "text", 3, None])
def test_an_unknown_token_is_never_sent(shelf: Shelf, item: object) -> None:
    with pytest.raises(InvalidRequestError, match="no longer on this server"):
        shelf.take([item])  # type: ignore[list-item]


def test_the_shelf_does_not_grow_for_ever(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shelves, "MAX_KEPT", 2)
    first, second, third = (
        shelf.put(Reference(name=name, url=f"https://example.org/{name}")) for name in "abc"
    )

    assert len(shelf.take([second, third])) == 2
    with pytest.raises(InvalidRequestError):
        shelf.take([first])
