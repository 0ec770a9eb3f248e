import hashlib
import importlib.util
import os
import stat
import struct
import threading
import zlib
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from playground.errors import PictureError, StorageError
from playground.images import (
    MAX_PIXELS,
    hamming,
    inline_jpeg,
    keep,
    measure,
    same_picture,
    thumbnail,
)
from playground.images.decoding import REFERENCE_FORMATS, decode
from playground.images.measurement import difference_hash
from playground.schema import Picture

RAMP = [0, 10, 20, 30, 40, 50, 60, 70, 80]


def photo(name: str = "lion.jpg") -> Path:
    spec = importlib.util.find_spec("gradio")
    return Path(spec.submodule_search_locations[0]) / "media_assets/images" / name


def encoded(image: Image.Image, format_: str, **options: object) -> bytes:
    out = BytesIO()
    image.save(out, format_, **options)
    return out.getvalue()


def lion(size: tuple[int, int] = (96, 64)) -> Image.Image:
    with Image.open(photo()) as image:
        return image.convert("RGB").resize(size)


def png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int, height: int, packed: bytes) -> bytes:
    """A one-bit grey PNG that says it has that size, holding those zlib bytes."""
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    chunks = png_chunk(b"IHDR", header) + png_chunk(b"IDAT", packed) + png_chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def written(folder: Path, data: bytes, name: str = "run.part") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def grey_9x8(rows: list[list[int]]) -> Image.Image:
    return Image.frombytes("L", (9, 8), bytes(value for row in rows for value in row))


def picture(dhash: str) -> Picture:
    return Picture(
        sha256="0" * 64, format="PNG", width_px=9, height_px=8, size_bytes=1, dhash=dhash
    )


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


WHOLE = {
    "baseline JPEG": encoded(lion(), "JPEG"),
    "progressive JPEG": encoded(lion(), "JPEG", progressive=True),
    "PNG": encoded(lion((24, 16)), "PNG"),
    "WebP": encoded(lion(), "WEBP"),
    "lossless WebP": encoded(lion((24, 16)), "WEBP", lossless=True),
}


# decoding


@pytest.mark.parametrize("kind", WHOLE)
def test_a_picture_cut_at_any_byte_is_refused(kind):
    data = WHOLE[kind]
    passed = []
    for length in range(len(data)):
        try:
            decode(data[:length])
        except PictureError:
            continue
        passed.append(length)

    assert passed == []
    assert decode(data).size[0] > 0


def test_a_large_photo_cut_anywhere_near_its_end_is_refused():
    data = photo("tower.jpg").read_bytes()
    cuts = [*range(len(data) - 64, len(data)), *range(1000, len(data), 9973)]
    for length in cuts:
        with pytest.raises(PictureError, match="cut off or damaged"):
            decode(data[:length])


@pytest.mark.parametrize("side", [20_000, 2**31 - 1])
def test_a_tiny_file_that_claims_a_huge_size_is_refused_by_its_header(side):
    with pytest.raises(PictureError, match=rf"= {side * side:,} pixels; the limit is 40,000,000"):
        decode(png(side, side, zlib.compress(b"\0")))


def test_a_real_png_bomb_is_refused(tmp_path):
    rows = zlib.compressobj(9)
    packed = b"".join(rows.compress(bytes(2501 * 1000)) for _ in range(20)) + rows.flush()
    bomb = png(20_000, 20_000, packed)

    assert len(bomb) < 100_000
    with pytest.raises(PictureError, match="20,000 × 20,000 = 400,000,000 pixels"):
        measure(written(tmp_path, bomb))


def test_a_webp_or_gif_that_claims_a_huge_size_is_refused_before_it_allocates():
    canvas = b"\0\0\0\0" + (16_382).to_bytes(3, "little") * 2
    webp = b"RIFF" + struct.pack("<I", 22) + b"WEBPVP8X" + struct.pack("<I", 10) + canvas
    gif = b"GIF89a" + struct.pack("<HH", 65_535, 65_535) + bytes(20)

    with pytest.raises(PictureError, match="268,402,689 pixels; the limit"):
        decode(webp)
    with pytest.raises(PictureError, match="4,294,836,225 pixels; the limit"):
        decode(gif, formats=REFERENCE_FORMATS)


def test_a_gif_frame_larger_than_its_header_says_is_held_to_the_limit_too():
    gif = bytearray(encoded(lion((30, 20)).convert("P"), "GIF"))
    gif[6:10] = struct.pack("<HH", 1, 1)

    with pytest.raises(PictureError, match="30 × 20 = 600 pixels; the limit is 500"):
        decode(bytes(gif), formats=REFERENCE_FORMATS, max_pixels=500)


def test_a_jpeg_that_asks_for_endless_passes_is_refused():
    data = WHOLE["progressive JPEG"]
    last_scan = data[data.rindex(b"\xff\xda") : -2]

    assert decode(data[:-2] + last_scan * 3 + data[-2:]).size == (96, 64)
    with pytest.raises(PictureError, match=r"asks for 1,\d{3} passes; the limit is 100"):
        decode(data[:-2] + last_scan * 1000 + data[-2:])


def test_the_limit_on_pixels_is_ours_alone():
    before = Image.MAX_IMAGE_PIXELS

    decode(WHOLE["PNG"], max_pixels=24 * 16)

    assert before == Image.MAX_IMAGE_PIXELS
    assert MAX_PIXELS == 40_000_000
    with pytest.raises(PictureError, match="24 × 16 = 384 pixels; the limit is 383"):
        decode(WHOLE["PNG"], max_pixels=24 * 16 - 1)


def test_a_picture_pillow_would_only_warn_about_can_be_allowed():
    size = (12_000, 9_000)  # more than Image.MAX_IMAGE_PIXELS
    data = encoded(Image.new("1", size), "PNG")

    assert decode(data, max_pixels=120_000_000).size == size


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"", r"empty \(0 bytes\)"),
        (b"\n<!DOCTYPE html><title>404</title>", r"a web page \(HTML\)"),
        (b'<?xml version="1.0"?><svg xmlns="x"/>', "an SVG drawing"),
        (b"<?xml version='1.0'?><Error><Code>AccessDenied</Code></Error>", "XML or HTML text"),
        (b'{"error":"gone"}', "JSON text"),
        (b"\0\0\0\x18ftypheic\0\0\0\0", "a HEIC picture"),
        (b"\0\0\0\x18ftypavif\0\0\0\0", "an AVIF picture"),
        (b"\0\0\0\x18ftypisom\0\0\0\0", "a video"),
        (b"BM" + bytes(60), "a BMP picture"),
        (b"\x00\x01\x02", "no known kind of picture"),
    ],
)
def test_what_is_not_a_picture_is_called_by_its_name(tmp_path, data, kind):
    with pytest.raises(PictureError, match=f"The file is {kind}, not a PNG"):
        measure(written(tmp_path, data, "picture.png"))


def test_a_gif_is_no_result(tmp_path):
    with pytest.raises(PictureError, match="GIF picture; expected JPEG, PNG, WEBP"):
        measure(written(tmp_path, encoded(lion(), "GIF")))


def test_a_file_beyond_the_limit_on_bytes_is_not_read_into_memory(tmp_path):
    path = written(tmp_path, b"")
    os.truncate(path, 5_000_000_000)  # sparse

    with pytest.raises(PictureError, match="larger than the limit of 100,000,000 bytes"):
        measure(path)


def test_a_missing_file_is_a_storage_error(tmp_path):
    with pytest.raises(StorageError, match="No such file"):
        measure(tmp_path / "gone.png")


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    data = bytearray(draw(st.sampled_from(list(WHOLE.values()))))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, min(len(data), 700) - 1))
        data[at : at + draw(st.integers(0, 4))] = draw(st.binary(max_size=4))
    return bytes(data)


@settings(max_examples=400, deadline=None)
@given(data=damaged() | st.binary(max_size=200).map(lambda tail: b"\xff\xd8\xff" + tail))
def test_damaged_bytes_give_a_picture_or_a_picture_error(data):
    try:
        image = decode(data, max_pixels=1_000_000)
    except PictureError:
        return

    assert len(difference_hash(image)) == 16


# measuring


@pytest.mark.parametrize("kind", WHOLE)
def test_measured_facts_are_those_of_the_file(tmp_path, kind):
    data = WHOLE[kind]

    result = measure(written(tmp_path, data))

    assert result.sha256 == hashlib.sha256(data).hexdigest()
    assert result.size_bytes == len(data)
    assert result.format == {"J": "JPEG", "P": "PNG", "W": "WEBP"}[kind.split()[-1][0]]
    assert (result.width_px, result.height_px) == decode(data).size


@pytest.mark.parametrize(
    ("image", "format_"),
    [
        (lion().convert("CMYK"), "JPEG"),
        (lion().convert("L"), "JPEG"),
        (lion().convert("RGBA"), "PNG"),
        (lion().convert("LA"), "PNG"),
        (lion().convert("P"), "PNG"),
        (Image.new("I;16", (20, 10), 40_000), "PNG"),
        (Image.new("1", (1, 1)), "PNG"),
        (Image.new("RGB", (1, 1)), "JPEG"),
        (Image.new("RGBA", (1, 1)), "WEBP"),
        (Image.new("L", (4000, 1), 7), "PNG"),
    ],
    ids=lambda value: value if isinstance(value, str) else f"{value.mode} {value.size}",
)
def test_every_colour_mode_can_be_measured_and_made_small(tmp_path, image, format_):
    path = written(tmp_path, encoded(image, format_))

    result = measure(path)
    small = thumbnail(path, tmp_path / "small")

    assert (result.width_px, result.height_px) == image.size
    with Image.open(small) as shown:
        assert max(shown.size) <= 512


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([RAMP] * 8, "ffffffffffffffff"),
        ([RAMP[::-1]] * 8, "0000000000000000"),
        ([[7] * 9] * 8, "0000000000000000"),  # equal is not brighter
        ([[0, 9] * 4 + [0]] * 8, "aaaaaaaaaaaaaaaa"),  # up, down, up, down …
        ([RAMP] + [[5] * 9] * 7, "ff00000000000000"),  # the first row comes first
        ([[0, 1, 1, 1, 1, 1, 1, 1, 1]] + [[5] * 9] * 7, "8000000000000000"),  # the left comes first
        ([[5] * 9] * 7 + [[1, 1, 1, 1, 1, 1, 1, 1, 2]], "0000000000000001"),
    ],
)
def test_the_difference_hash_is_the_one_worked_out_by_hand(rows, expected):
    assert difference_hash(grey_9x8(rows)) == expected


def test_the_difference_hash_sees_what_the_eye_sees():
    ramp = grey_9x8([RAMP] * 8)
    hidden = Image.merge("LA", (ramp, Image.new("L", ramp.size, 0)))  # all transparent
    deep = Image.new("I;16", (9, 8))
    deep.putdata([value * 256 for value in RAMP] * 8)

    assert difference_hash(hidden) == "0" * 16
    assert difference_hash(deep) == "f" * 16
    assert difference_hash(ramp.resize((900, 80), Image.Resampling.BICUBIC)) == "f" * 16


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("lion.jpg", "cc96d2a236b6245c"),
        ("tower.jpg", "c1c2f8f8e68b9b9b"),
        ("cheetah1.jpg", "b2b8b4d4ccecf4f2"),
    ],
)
def test_the_difference_hash_of_a_photo_is_that_of_imagehash(name, expected):
    # imagehash 4.3 dhash(), and the recipe in the docstring carried out in NumPy.
    assert measure(photo(name)).dhash == expected


@pytest.mark.parametrize(
    ("a", "b", "bits"),
    [
        ("0" * 16, "0" * 16, 0),
        ("0" * 16, "f" * 16, 64),
        ("8000000000000001", "0" * 16, 2),
        ("A" * 16, "a" * 16, 0),
    ],
)
def test_hamming_counts_bits(a, b, bits):
    assert hamming(a, b) == bits


@pytest.mark.parametrize("wrong", ["", "0", "0" * 17, "z" * 16, "+" + "0" * 15])
def test_hamming_refuses_what_is_no_hash(wrong):
    with pytest.raises(ValueError, match="16 hex digits"):
        hamming(wrong, "0" * 16)


def test_the_same_picture_is_five_bits_away_at_most():
    assert same_picture(picture("000000000000001f"), picture("0" * 16))
    assert not same_picture(picture("000000000000003f"), picture("0" * 16))


@pytest.mark.parametrize("name", ["lion.jpg", "tower.jpg", "cheetah1.jpg"])
def test_a_photo_is_recognised_in_another_size_and_format_and_told_from_another(tmp_path, name):
    with Image.open(photo(name)) as image:
        smaller = image.convert("RGB").resize((200, 150))
    original = measure(photo(name))

    again = measure(written(tmp_path, encoded(smaller, "WEBP", quality=60)))
    mirrored = measure(written(tmp_path, encoded(ImageOps.mirror(smaller), "PNG")))

    assert same_picture(original, again)
    assert not same_picture(original, mirrored)


# keeping


@pytest.mark.parametrize("kind", WHOLE)
def test_a_kept_picture_has_its_bytes_as_they_came_and_a_true_extension(tmp_path, kind):
    data = WHOLE[kind]
    part = written(tmp_path, data, "run.png.part")

    path, result = keep(part, tmp_path / "pictures", "run-1")

    extension = {"J": "jpg", "P": "png", "W": "webp"}[kind.split()[-1][0]]
    assert path == tmp_path / "pictures" / f"run-1.{extension}"
    assert path.read_bytes() == data
    assert result == measure(path)
    assert not part.exists()


def test_a_kept_picture_is_private(tmp_path):
    part = written(tmp_path, WHOLE["PNG"])
    part.chmod(0o644)

    path, _ = keep(part, tmp_path / "data" / "pictures", "run-1")

    assert mode_of(path) == 0o600
    assert mode_of(path.parent) == 0o700


def test_a_broken_download_is_not_kept_and_not_touched(tmp_path):
    part = written(tmp_path, WHOLE["PNG"][:-1])

    with pytest.raises(PictureError):
        keep(part, tmp_path / "pictures", "run-1")

    assert part.read_bytes() == WHOLE["PNG"][:-1]
    assert list((tmp_path / "pictures").iterdir()) == []


def test_keeping_again_gives_the_same_answer(tmp_path):
    first = keep(written(tmp_path, WHOLE["PNG"]), tmp_path, "run-1")

    without_part = keep(tmp_path / "run.part", tmp_path, "run-1")
    downloaded_again = keep(written(tmp_path, WHOLE["PNG"]), tmp_path, "run-1")

    assert first == without_part == downloaded_again
    assert [path.name for path in tmp_path.iterdir()] == ["run-1.png"]


@pytest.mark.parametrize("other", ["WebP", "PNG"])
def test_another_picture_under_the_same_name_is_never_replaced(tmp_path, other):
    kept, _ = keep(written(tmp_path, WHOLE["PNG"]), tmp_path, "run-1")
    data = encoded(ImageOps.flip(decode(WHOLE[other])), {"WebP": "WEBP"}.get(other, other))
    part = written(tmp_path, data)

    with pytest.raises(StorageError, match="already holds another picture"):
        keep(part, tmp_path, "run-1")

    assert kept.read_bytes() == WHOLE["PNG"]
    assert part.read_bytes() == data


def test_nothing_to_keep_is_a_storage_error(tmp_path):
    with pytest.raises(StorageError, match="neither"):
        keep(tmp_path / "gone.part", tmp_path, "run-1")


@pytest.mark.parametrize("stem", ["", ".", "..", "../x", "a/b", ".hidden", "a\n", "x" * 201])
def test_a_stem_that_is_no_plain_name_is_refused(tmp_path, stem):
    with pytest.raises(ValueError, match="plain ASCII file name"):
        keep(written(tmp_path, WHOLE["PNG"]), tmp_path, stem)


class Crash(BaseException):
    """The process dies here."""


def watched(
    monkeypatch: pytest.MonkeyPatch, *, crash_before: int | None = None
) -> Callable[[], list[str]]:
    """Note each step that touches the disk; die before the given one."""
    steps: list[str] = []

    def step(name: str, real: Callable[..., object]) -> Callable[..., object]:
        def taken(*args: object, **options: object) -> object:
            if len(steps) == crash_before:
                raise Crash
            steps.append(name)
            return real(*args, **options)

        return taken

    def kind_of_sync(fd: int) -> None:
        is_folder = stat.S_ISDIR(os.fstat(fd).st_mode)
        step("fsync folder" if is_folder else "fsync file", fsync)(fd)

    fsync = os.fsync
    monkeypatch.setattr(os, "fsync", kind_of_sync)
    monkeypatch.setattr(os, "link", step("name", os.link))
    monkeypatch.setattr(Path, "unlink", step("unname part", Path.unlink))
    return lambda: steps


def test_a_picture_reaches_the_disk_before_its_name_and_the_name_before_the_answer(
    tmp_path, monkeypatch
):
    part = written(tmp_path, WHOLE["PNG"])
    steps = watched(monkeypatch)

    keep(part, tmp_path, "run-1")

    assert steps() == ["fsync file", "name", "unname part", "fsync folder"]


@pytest.mark.parametrize("crash_before", range(4))
def test_a_crash_before_any_step_is_repaired_by_doing_it_again(tmp_path, monkeypatch, crash_before):
    part = written(tmp_path, WHOLE["PNG"])
    with monkeypatch.context() as patch:
        watched(patch, crash_before=crash_before)
        with pytest.raises(Crash):
            keep(part, tmp_path, "run-1")

    path, result = keep(part, tmp_path, "run-1")

    assert [p.name for p in tmp_path.iterdir()] == ["run-1.png"]
    assert path.read_bytes() == WHOLE["PNG"]
    assert result.sha256 == hashlib.sha256(WHOLE["PNG"]).hexdigest()


@pytest.mark.parametrize("is_shared", [True, False])
def test_many_who_keep_the_same_picture_at_once_agree(tmp_path, is_shared):
    names = ["run.part"] * 8 if is_shared else [f"{number}.part" for number in range(8)]
    parts = [written(tmp_path, WHOLE["PNG"], name) for name in names]
    start = threading.Barrier(len(parts))
    results: list[object] = []

    def work(part: Path) -> None:
        start.wait()
        try:
            results.append(keep(part, tmp_path, "run-1"))
        except (PictureError, StorageError) as exc:
            results.append(exc)

    threads = [threading.Thread(target=work, args=(part,)) for part in parts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert results == [(tmp_path / "run-1.png", measure(tmp_path / "run-1.png"))] * 8
    assert [path.name for path in tmp_path.iterdir()] == ["run-1.png"]


def test_a_file_system_without_hard_links_keeps_pictures_too(tmp_path, monkeypatch):
    def no_links(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)

    first = keep(written(tmp_path, WHOLE["PNG"]), tmp_path, "run-1")
    again = keep(written(tmp_path, WHOLE["PNG"]), tmp_path, "run-1")

    assert first == again
    assert [path.name for path in tmp_path.iterdir()] == ["run-1.png"]
    with pytest.raises(StorageError, match="already holds another picture"):
        keep(written(tmp_path, encoded(lion(), "PNG")), tmp_path, "run-1")


def test_a_full_disk_is_a_storage_error_and_the_download_stays(tmp_path, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    part = written(tmp_path, WHOLE["PNG"])
    monkeypatch.setattr(os, "link", full)

    with pytest.raises(StorageError, match="No space left on device"):
        keep(part, tmp_path, "run-1")

    assert part.read_bytes() == WHOLE["PNG"]


# thumbnails


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((2000, 1000), (512, 256)),
        ((300, 900), (171, 512)),
        ((512, 512), (512, 512)),
        ((40, 30), (40, 30)),
    ],
)
@pytest.mark.parametrize("format_", ["PNG", "JPEG", "WEBP"])
def test_a_thumbnail_keeps_the_shape_within_its_limit_and_never_grows(
    tmp_path, size, expected, format_
):
    path = written(tmp_path, encoded(lion(size), format_), "run-1.xyz")

    small = thumbnail(path, tmp_path / "small")

    assert small == tmp_path / "small" / "run-1-512.jpg"
    with Image.open(small) as image:
        assert image.format == "JPEG"
        assert image.size == expected


def test_a_thumbnail_is_private_carries_no_metadata_and_stands_upright(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # turn right
    exif[0x010F] = "camera maker"
    data = encoded(lion((60, 40)), "JPEG", exif=exif, comment=b"a secret", icc_profile=b"profile")

    small = thumbnail(written(tmp_path, data), tmp_path / "small")

    assert mode_of(small) == 0o600
    assert mode_of(small.parent) == 0o700
    content = small.read_bytes()
    assert not any(word in content for word in (b"Exif", b"camera", b"secret", b"profile"))
    with Image.open(small) as image:
        assert image.size == (40, 60)


def test_transparency_shows_white_paper(tmp_path):
    path = written(tmp_path, encoded(Image.new("RGBA", (8, 8), (255, 0, 0, 0)), "PNG"))

    with Image.open(thumbnail(path, tmp_path)) as image:
        assert image.getpixel((4, 4)) == (255, 255, 255)


def test_a_thumbnail_is_drawn_once(tmp_path):
    path = written(tmp_path, WHOLE["baseline JPEG"])
    first = thumbnail(path, tmp_path, max_px=32)
    path.unlink()

    assert thumbnail(path, tmp_path, max_px=32) == first
    assert first.name == "run-32.jpg"


def test_a_thumbnail_that_cannot_be_drawn_leaves_nothing(tmp_path):
    path = written(tmp_path, WHOLE["PNG"][:-30])

    with pytest.raises(PictureError):
        thumbnail(path, tmp_path / "small")

    assert not (tmp_path / "small").exists()


def test_a_picture_for_a_page_needs_no_file(tmp_path):
    path = written(tmp_path, WHOLE["PNG"])

    with Image.open(BytesIO(inline_jpeg(path, max_px=12))) as image:
        assert (image.format, image.size) == ("JPEG", (12, 8))
    assert list(tmp_path.iterdir()) == [path]
