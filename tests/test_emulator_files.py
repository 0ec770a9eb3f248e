"""The file host: keyless, for a day, and every way a picture can be bad."""

import gzip
import io
import warnings

import httpx
import pytest
from PIL import Image, UnidentifiedImageError

from playground.emulator import Fault, Leak
from tests.emulator_rig import KEY, LONG_S, OTHER_KEY, Clock, picture_bytes, running

MAX_BYTES = 50_000_000


@pytest.fixture
def rig(tmp_path):
    with running(tmp_path) as rig:
        yield rig


def damaged(rig, kind, **options) -> httpx.Response:
    rig.emulator.faults.add(Fault(at="file", kind=kind, **options))
    return httpx.get(rig.picture_url(), timeout=5)


def test_a_result_needs_no_key_and_is_the_picture_that_was_ordered(rig):
    url = rig.picture_url(size="16:9")
    answer = httpx.get(url)
    picture = Image.open(io.BytesIO(answer.content))

    assert url.startswith(f"{rig.server.url}/files/generated/")
    assert answer.headers["content-type"] == "image/jpeg"
    assert (picture.format, picture.size) == ("JPEG", (1820, 1024))


def test_results_can_be_png(tmp_path):
    with running(tmp_path, image_format="png") as rig:
        url = rig.picture_url()
        answer = httpx.get(url)

    assert url.endswith(".png")
    assert answer.headers["content-type"] == "image/png"
    assert answer.content.startswith(b"\x89PNG")


def test_results_can_have_the_makers_pixels(tmp_path):
    with running(tmp_path, are_pixels_rounded=True) as rig:
        answer = httpx.get(rig.picture_url(size="16:9", metadata={"resolution": "2K"}))

    width_px, height_px = Image.open(io.BytesIO(answer.content)).size
    assert width_px % 16 == height_px % 16 == 0
    assert width_px * height_px <= 4 * 1024 * 1024


def test_a_result_is_not_there_before_its_task_is_completed(rig):
    task_id = rig.created_id()
    url = rig.emulator.urls(rig.emulator.store.task(task_id), rig.server.url)[0]

    assert httpx.get(url).status_code == 404
    rig.clock.advance(LONG_S)
    assert httpx.get(url).status_code == 200


@pytest.mark.parametrize("status", [403, 404])
def test_a_result_expires_after_a_day(tmp_path, status):
    with running(tmp_path, expired_status=status) as rig:
        answer = rig.finished()
        url = answer["result"]["data"][0]["url"]
        rig.clock.now_s = answer["expires_at"] - 1
        before = httpx.get(url).status_code
        rig.clock.now_s = answer["expires_at"] + 1

        assert (before, httpx.get(url).status_code) == (200, status)


def test_uploads_live_as_long_as_they_are_told_to(tmp_path):
    with running(tmp_path, upload_ttl_s=60.0) as rig:
        answer = rig.http.post("/v1/uploads/images", files={"file": ("a", picture_bytes())})
        url = answer.json()["data"]["url"]
        before = httpx.get(url).status_code
        rig.clock.advance(61)

        assert (before, httpx.get(url).status_code) == (200, 404)


def test_a_missing_picture_is_drawn_again_the_same(rig):
    url = rig.picture_url()
    first = httpx.get(url).content
    rig.emulator.studio.path(url.partition("/files/")[2]).unlink()

    assert httpx.get(url).content == first


def test_expired_results_are_deleted_and_uploads_are_not(tmp_path):
    with running(tmp_path) as rig:
        studio = rig.emulator.studio
        upload = rig.http.post("/v1/uploads/images", files={"file": ("a", picture_bytes())})
        old, young = rig.picture_url(), rig.picture_url()
        for url in (old, young):
            httpx.get(url)
        finished_at = int(old.rpartition("/")[2].partition("_")[0])
        n_deleted = studio.discard_expired(before_s=finished_at + 2)

        assert n_deleted == 1
        assert not studio.path(old.partition("/files/")[2]).exists()
        assert studio.path(young.partition("/files/")[2]).exists()
        assert httpx.get(upload.json()["data"]["url"]).status_code == 200


def test_a_restart_deletes_what_has_expired_meanwhile(tmp_path):
    with running(tmp_path) as rig:
        path = rig.emulator.studio.path(rig.picture_url().partition("/files/")[2])
    assert path.exists()
    later = Clock()
    later.advance(2 * 86_400)
    with running(tmp_path, now=later) as rig:
        rig.create()
    assert not path.exists()


@pytest.mark.parametrize(
    "name",
    ["nothing.jpg", "../emulator.sqlite3", "%2e%2e/emulator.sqlite3", "generated/../../x", ""],
)
def test_no_other_file_can_be_had(rig, name):
    rig.picture_url()

    assert httpx.get(f"{rig.server.url}/files/{name}").status_code == 404


@pytest.mark.parametrize(
    ("headers", "leaks"),
    [
        ({}, []),
        ({"Authorization": f"Bearer {KEY}"}, ["authorization"]),
        ({"x-api-key": OTHER_KEY}, ["x-api-key"]),
    ],
)
def test_a_key_sent_to_the_file_host_is_noticed(rig, headers, leaks):
    url = rig.picture_url()
    httpx.get(url, headers=headers)
    path = url.removeprefix(rig.server.url)

    assert rig.emulator.tally.leaks == [Leak(path=path, header=name) for name in leaks]
    assert rig.emulator.tally.file_requests[path] == 1


def test_a_truncated_picture_is_opened_and_cannot_be_loaded(rig):
    answer = damaged(rig, "truncated")
    picture = Image.open(io.BytesIO(answer.content))

    assert answer.status_code == 200
    with pytest.raises(OSError, match="truncated"):
        picture.load()


@pytest.mark.parametrize("image_format", ["jpeg", "png"])
def test_a_corrupt_picture_cannot_be_loaded(tmp_path, image_format):
    with running(tmp_path, image_format=image_format) as rig:
        whole = httpx.get(rig.picture_url()).content
        content = damaged(rig, "corrupt").content

    assert content[:8] == whole[:8]
    with pytest.raises((OSError, SyntaxError, ValueError)):
        Image.open(io.BytesIO(content)).load()


def test_html_comes_under_a_pictures_name_and_type(rig):
    answer = damaged(rig, "html")

    assert answer.headers["content-type"] == "image/jpeg"
    with pytest.raises(UnidentifiedImageError):
        Image.open(io.BytesIO(answer.content))


def test_a_good_picture_can_come_with_a_wrong_type(rig):
    answer = damaged(rig, "wrong_type")

    assert answer.headers["content-type"].startswith("text/html")
    Image.open(io.BytesIO(answer.content)).load()


def test_an_oversized_file_never_says_how_long_it_is(rig):
    rig.emulator.faults.add(Fault(at="file", kind="oversized"))
    n_bytes = 0
    with httpx.stream("GET", rig.picture_url()) as answer:
        for chunk in answer.iter_bytes():
            n_bytes += len(chunk)
            if n_bytes > MAX_BYTES:
                break

    assert "content-length" not in answer.headers
    assert n_bytes > MAX_BYTES


def test_a_bomb_is_small_and_says_it_is_400_megapixels(rig):
    answer = damaged(rig, "bomb")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        with pytest.raises(Image.DecompressionBombError):
            Image.open(io.BytesIO(answer.content))

    assert len(answer.content) < 100_000
    assert answer.content[16:24] == (20_000).to_bytes(4, "big") * 2


def test_a_gzip_bomb_is_small_on_the_wire(rig):
    rig.emulator.faults.add(Fault(at="file", kind="gzip_bomb"))
    with httpx.stream("GET", rig.picture_url()) as answer:
        packed = b"".join(answer.iter_raw())

    assert answer.headers["content-encoding"] == "gzip"
    assert len(packed) < 1_000_000
    with gzip.open(io.BytesIO(packed)) as unpacked:
        assert unpacked.seek(200_000_000 - 100_000) > MAX_BYTES


@pytest.mark.parametrize(
    ("kind", "status"), [("gone", 404), ("forbidden", 403), ("error_502", 502)]
)
def test_a_result_can_be_gone_early(rig, kind, status):
    assert damaged(rig, kind).status_code == status


def test_a_result_can_be_a_redirect_to_another_host(rig):
    default = damaged(rig, "redirect", times=1)
    chosen = damaged(rig, "redirect", to="http://127.0.0.2:1/x.jpg")

    assert (default.status_code, default.has_redirect_location) == (302, True)
    assert httpx.URL(default.headers["location"]).host == "redirected.invalid"
    assert chosen.headers["location"] == "http://127.0.0.2:1/x.jpg"


@pytest.mark.parametrize(
    ("kind", "error"),
    [("reset_mid_answer", httpx.ReadError), ("eof_mid_answer", httpx.RemoteProtocolError)],
)
def test_a_download_can_break_off_in_the_middle(rig, kind, error):
    url = rig.picture_url()
    whole = len(httpx.get(url).content)
    rig.emulator.faults.add(Fault(at="file", kind=kind))
    received = bytearray()
    with httpx.stream("GET", url) as answer:
        with pytest.raises(error):
            received.extend(chunk for part in answer.iter_raw() for chunk in part)

    assert answer.headers["content-length"] == str(whole)
    assert len(received) < whole


def test_a_download_can_drip(rig):
    url = rig.picture_url()
    whole = httpx.get(url).content
    rig.emulator.faults.add(Fault(at="file", kind="dribble", seconds=0.4))
    with httpx.stream("GET", url) as answer:
        chunks = list(answer.iter_raw())

    assert b"".join(chunks) == whole
    assert len(chunks) >= 4


@pytest.mark.parametrize("kind", [None, "dribble", "reset_after_answer", "gone", "bomb"])
def test_every_answer_says_that_it_is_emulated(rig, kind):
    url = rig.picture_url()
    if kind:
        rig.emulator.faults.add(Fault(at="file", kind=kind, seconds=0.05))
    with httpx.stream("GET", url) as answer:
        assert answer.headers["x-emulator"] == "flux-2-playground"


def test_a_fault_of_a_file_can_strike_one_models_pictures_only(rig):
    rig.emulator.faults.add(Fault(at="file", kind="gone", model="flux-2-pro"))

    assert httpx.get(rig.picture_url(model="flux-2-pro")).status_code == 404
    assert httpx.get(rig.picture_url(model="flux-2-flex")).status_code == 200


def test_references_of_our_own_are_known_whatever_host_they_are_called_by(rig):
    upload = rig.http.post("/v1/uploads/images", files={"file": ("a", picture_bytes())}).json()
    ours = upload["data"]["url"]
    result = rig.picture_url()
    urls = [ours.replace("127.0.0.1", "localhost"), result, "https://example.com/a.png"]
    task = rig.emulator.store.task(rig.created_id(image_urls=urls))

    assert task.references == (ours.partition("/files/")[2], result.partition("/files/")[2])
    assert task.n_foreign_references == 1


def test_a_picture_says_which_references_were_not_fetched_and_never_its_model(
    tmp_path, monkeypatch
):
    specs = []
    with running(tmp_path) as rig:
        studio = rig.emulator.studio
        draw = studio._draw
        monkeypatch.setattr(
            studio, "_draw", lambda spec, **options: (specs.append(spec), draw(spec, **options))[1]
        )
        reference = picture_bytes("PNG")
        upload = rig.http.post("/v1/uploads/images", files={"file": ("a", reference)}).json()
        httpx.get(rig.picture_url(image_urls=[upload["data"]["url"], "https://example.com/a.png"]))
        httpx.get(rig.picture_url())

    assert specs[0].references == (reference,)
    assert specs[0].label == "1 reference from elsewhere not fetched"
    assert specs[1].label == ""
    assert specs[0].seed != specs[1].seed
