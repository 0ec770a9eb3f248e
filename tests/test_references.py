import hashlib
import importlib.util
import os
import re
import stat
import struct
import zlib
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, PngImagePlugin

from playground.errors import PictureError, UnusableReferenceError
from playground.images import containers
from playground.images.copies import shrink
from playground.images.decoding import REFERENCE_FORMATS, decode
from playground.references import (
    MAX_PIXELS,
    MIME_TYPES,
    UPLOAD_LIMIT_BYTES,
    prepare_reference,
    request_sha256,
    url_reference,
)
from playground.schema import Reference, Request

ICC = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
ORIENTATION, GPS, MAKER = 0x0112, 0x8825, 0x010F
SECRETS = (b"Exif", b"SecretMaker", b"secret comment", b"photoshop", b"xmpmeta", b"MPF\0", b"C2PA")


def photo_bytes(name: str = "lion.jpg") -> bytes:
    spec = importlib.util.find_spec("gradio")
    return (Path(spec.submodule_search_locations[0]) / "media_assets/images" / name).read_bytes()


def encoded(image: Image.Image, format_: str, **options: object) -> bytes:
    out = BytesIO()
    image.save(out, format_, **options)
    return out.getvalue()


def pixels(data: bytes) -> tuple[str, tuple[int, int], bytes]:
    # Not by Image.open, which warns of a JPEG whose list of further pictures is damaged.
    image = decode(data, formats=REFERENCE_FORMATS)
    return image.mode, image.size, image.convert("RGBA").tobytes()


def lion(size: tuple[int, int] = (96, 64)) -> Image.Image:
    with Image.open(BytesIO(photo_bytes())) as image:
        return image.convert("RGB").resize(size)


def exif(orientation: int = 1) -> Image.Exif:
    tags = Image.Exif()
    tags[ORIENTATION] = orientation
    tags[MAKER] = "SecretMaker"
    tags.get_ifd(GPS)[2] = (48.0, 51.0, 29.0)
    return tags


def noise(size: tuple[int, int], mode: str = "RGB") -> Image.Image:
    channels = len(mode)
    values = np.random.default_rng(1).integers(0, 256, (*size[::-1], channels), dtype=np.uint8)
    return Image.fromarray(values, mode)


def jpeg_segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def prepare(data: bytes, folder: Path, *, shrink: bool = False) -> Reference:
    return prepare_reference(data, name="cat.png", folder=folder, shrink=shrink)


def telling_jpeg() -> bytes:
    """A JPEG with a profile and everything a telephone and an editor may add."""
    plain = encoded(lion(), "JPEG", icc_profile=ICC, exif=exif(), comment=b"secret comment")
    added = (
        jpeg_segment(0xE0, b"JFXX\0\x10" + encoded(lion((16, 16)), "JPEG"))
        + jpeg_segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta/>")
        + jpeg_segment(0xE2, b"MPF\0II*\0")
        + jpeg_segment(0xEB, b"JP\0\0C2PA")
        + jpeg_segment(0xED, b"photoshop 3.0\0")
    )
    second_picture = encoded(lion((32, 32)), "JPEG", exif=exif())
    return plain[:2] + added + plain[2:] + second_picture


def telling_png() -> bytes:
    text = PngImagePlugin.PngInfo()
    text.add_text("Comment", "secret comment")
    text.add_itxt("XML:com.adobe.xmp", "<x:xmpmeta/>")
    plain = encoded(lion(), "PNG", icc_profile=ICC, exif=exif(), pnginfo=text, dpi=(72, 72))
    return plain[:33] + png_chunk(b"caBX", b"C2PA") + plain[33:] + b"secret comment"


def telling_webp(*, image: Image.Image | None = None, **options: object) -> bytes:
    xmp = b"<x:xmpmeta/>"
    image = image or lion()
    return encoded(image, "WEBP", icc_profile=ICC, exif=exif(), xmp=xmp, **options) + b"Exif"


# what goes through untouched


@pytest.mark.parametrize(
    ("data", "extension"),
    [
        (encoded(lion(), "JPEG"), ".jpg"),
        (encoded(lion(), "JPEG", progressive=True, icc_profile=ICC), ".jpg"),
        (encoded(lion().convert("CMYK"), "JPEG"), ".jpg"),
        (encoded(lion(), "PNG", icc_profile=ICC), ".png"),
        (encoded(lion().convert("RGBA"), "PNG"), ".png"),
        (encoded(lion().convert("P"), "PNG", transparency=3), ".png"),
        (encoded(Image.new("I;16", (9, 9), 40_000), "PNG"), ".png"),
        (encoded(Image.new("1", (1, 1)), "PNG"), ".png"),
        (encoded(lion(), "WEBP"), ".webp"),
        (encoded(lion().convert("RGBA"), "WEBP", icc_profile=ICC), ".webp"),
        (encoded(lion(), "WEBP", lossless=True), ".webp"),
        (photo_bytes("cheetah1.jpg"), ".jpg"),
    ],
)
def test_a_picture_without_metadata_is_sent_byte_for_byte(tmp_path, data, extension):
    result = prepare(data, tmp_path)

    sha256 = hashlib.sha256(data).hexdigest()
    with Image.open(BytesIO(data)) as image:
        width_px, height_px = image.size
    assert result.path == tmp_path / f"{sha256}{extension}"
    assert result.path.read_bytes() == data
    assert result == Reference(
        name="cat.png",
        path=result.path,
        sha256=sha256,
        mime_type=MIME_TYPES[extension],
        width_px=width_px,
        height_px=height_px,
        size_bytes=len(data),
    )


def test_a_stored_reference_is_private(tmp_path):
    path = prepare(photo_bytes(), tmp_path / "references").path

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_file_is_read_like_its_bytes_and_known_by_content_not_by_name(tmp_path):
    source = tmp_path / "really-a-webp.png"
    source.write_bytes(encoded(lion(), "WEBP"))

    result = prepare_reference(source, name="my cat.png", folder=tmp_path / "references")

    assert result == replace(
        prepare(source.read_bytes(), tmp_path / "references"), name=result.name
    )
    assert (result.name, result.path.suffix) == ("my cat.png", ".webp")


def test_a_damaged_copy_in_the_store_is_replaced(tmp_path):
    path = prepare(photo_bytes(), tmp_path).path
    path.write_bytes(b"torn")

    assert prepare(photo_bytes(), tmp_path).path.read_bytes() == photo_bytes()
    assert list(tmp_path.iterdir()) == [path]


# privacy


@pytest.mark.parametrize(
    "make",
    [
        telling_jpeg,
        telling_png,
        telling_webp,
        lambda: telling_webp(lossless=True),
        lambda: telling_webp(image=noise((40, 40), "RGBA")),
    ],
)
def test_metadata_goes_while_pixels_and_profile_stay(tmp_path, make):
    data = make()
    assert any(word in data for word in SECRETS)

    result = prepare(data, tmp_path)

    sent = result.path.read_bytes()
    assert [word for word in SECRETS if word in sent] == []
    assert pixels(sent) == pixels(data)
    with Image.open(result.path) as image:
        assert image.info["icc_profile"] == ICC
        assert not image.getexif()
        assert image.getexif().get_ifd(GPS) == {}


def test_a_webp_no_longer_announces_the_metadata_it_lost(tmp_path):
    flags_before, flags_after = (
        telling_webp()[20],
        prepare(telling_webp(), tmp_path).path.read_bytes()[20],
    )

    assert flags_before & 0b1100 == 0b1100
    assert flags_after == flags_before & ~0b1100


@pytest.mark.parametrize("make", [telling_jpeg, telling_png, telling_webp])
def test_coded_pixels_are_copied_not_encoded_again(tmp_path, make):
    data = make()

    sent = prepare(data, tmp_path).path.read_bytes()

    longest = max(re.split(rb"Exif|IDAT|VP8 |\xff\xda", sent), key=len)
    assert len(longest) > 1000
    assert longest[4:-12] in data


def test_a_thumbnail_inside_the_jfif_header_goes_too(tmp_path):
    plain = encoded(lion(), "JPEG")
    uncropped = bytes(range(48))  # 4 × 4 RGB
    header = jpeg_segment(0xE0, b"JFIF\0\x01\x01\0\0\x01\0\x01\x04\x04" + uncropped)

    result = prepare(plain[:2] + header + plain[20:], tmp_path)

    assert result.path.read_bytes() == plain


def test_a_turned_photo_loses_its_metadata_and_keeps_its_profile(tmp_path):
    data = encoded(lion(), "JPEG", exif=exif(6), icc_profile=ICC, comment=b"secret comment")

    result = prepare(data, tmp_path)

    sent = result.path.read_bytes()
    assert [word for word in SECRETS if word in sent] == []
    with Image.open(result.path) as image:
        assert image.info["icc_profile"] == ICC


# orientation

CORNERS = ((255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0))  # clockwise from top left
STORED = {
    # Where each upright corner lies in the stored picture, from the EXIF specification's
    # "row 0 is at the visual …, column 0 at the visual …".
    1: (0, 1, 2, 3),
    2: (1, 0, 3, 2),
    3: (2, 3, 0, 1),
    4: (3, 2, 1, 0),
    5: (0, 3, 2, 1),
    6: (1, 2, 3, 0),
    7: (2, 1, 0, 3),
    8: (3, 0, 1, 2),
}


def corners_of(image: Image.Image) -> list[tuple[int, ...]]:
    right, bottom = image.width - 4, image.height - 4
    seen = [
        image.convert("RGB").getpixel(at)
        for at in ((3, 3), (right, 3), (right, bottom), (3, bottom))
    ]
    return [tuple(round(value / 255) * 255 for value in colour) for colour in seen]


def stored_picture(orientation: int) -> Image.Image:
    """32 × 16 when upright, with CORNERS; stored as that orientation says."""
    size = (32, 16) if orientation < 5 else (16, 32)
    image = Image.new("RGB", size)
    half = (size[0] // 2, size[1] // 2)
    places = ((0, 0), (half[0], 0), half, (0, half[1]))
    for place, corner in zip(places, STORED[orientation], strict=True):
        image.paste(CORNERS[corner], (*place, place[0] + half[0], place[1] + half[1]))
    return image


@pytest.mark.parametrize("orientation", STORED)
@pytest.mark.parametrize(
    ("format_", "options", "sent_as"),
    [
        ("JPEG", {}, "JPEG"),
        ("PNG", {}, "PNG"),
        ("WEBP", {"quality": 90}, "WEBP"),
        ("WEBP", {"lossless": True}, None),
    ],
)
def test_every_orientation_is_turned_upright(tmp_path, orientation, format_, options, sent_as):
    data = encoded(stored_picture(orientation), format_, exif=exif(orientation), **options)

    result = prepare(data, tmp_path)

    assert (result.width_px, result.height_px) == (32, 16)
    with Image.open(result.path) as image:
        assert corners_of(image) == list(CORNERS)
        assert ORIENTATION not in image.getexif()
        assert image.format == (sent_as or ("WEBP" if orientation == 1 else "PNG"))


def test_orientation_told_by_xmp_alone_counts(tmp_path):
    text = PngImagePlugin.PngInfo()
    text.add_itxt("XML:com.adobe.xmp", '<rdf:Description tiff:Orientation="6"/>')

    result = prepare(encoded(stored_picture(6), "PNG", pnginfo=text), tmp_path)

    with Image.open(result.path) as image:
        assert corners_of(image) == list(CORNERS)


@pytest.mark.parametrize("orientation", [0, 9, 700])
def test_an_orientation_nobody_defined_turns_nothing(tmp_path, orientation):
    data = encoded(lion(), "JPEG", exif=exif(orientation))

    assert pixels(prepare(data, tmp_path).path.read_bytes()) == pixels(data)


def test_a_turned_png_keeps_its_transparency(tmp_path):
    image = Image.new("RGBA", (4, 2), (9, 8, 7, 6))

    result = prepare(encoded(image, "PNG", exif=exif(8)), tmp_path)

    assert pixels(result.path.read_bytes()) == ("RGBA", (2, 4), bytes((9, 8, 7, 6)) * 8)


@pytest.mark.parametrize(
    "make",
    [
        telling_jpeg,
        telling_png,
        telling_webp,
        lambda: encoded(lion(), "JPEG", exif=exif(5), icc_profile=ICC),
        lambda: encoded(lion(), "PNG", exif=exif(5)),
        lambda: encoded(lion(), "WEBP", exif=exif(5)),
        lambda: encoded(lion(), "GIF"),
    ],
)
def test_preparing_a_prepared_file_again_changes_nothing(tmp_path, make):
    first = prepare(make(), tmp_path)

    assert prepare_reference(first.path, name="cat.png", folder=tmp_path) == first
    assert list(tmp_path.iterdir()) == [first.path]


# animations


@pytest.mark.parametrize(
    ("format_", "options"),
    [("GIF", {}), ("WEBP", {"lossless": True}), ("PNG", {})],
)
def test_of_an_animation_the_first_frame_is_sent_as_png(tmp_path, format_, options):
    frames = [Image.new("RGB", (20, 10), colour) for colour in ("red", "lime", "blue")]
    data = encoded(
        frames[0], format_, save_all=True, append_images=frames[1:], duration=50, **options
    )

    result = prepare(data, tmp_path)

    assert result.mime_type == "image/png"
    with Image.open(result.path) as image:
        assert getattr(image, "n_frames", 1) == 1
        assert image.size == (20, 10)
        assert image.convert("RGB").getpixel((10, 5)) == (255, 0, 0)


def test_a_still_gif_becomes_png_pixel_for_pixel_with_its_transparency(tmp_path):
    image = lion().quantize(16)
    data = encoded(image, "GIF", transparency=2, comment=b"secret comment")

    result = prepare(data, tmp_path)

    assert result.path.suffix == ".png"
    sent = result.path.read_bytes()
    assert pixels(sent)[1:] == pixels(data)[1:]
    assert any(alpha == 0 for alpha in pixels(sent)[2][3::4])
    assert b"secret" not in sent


# what cannot be sent


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "cat.png is empty (0 bytes). Save or download it again"),
        (b"<!doctype html><p>", "cat.png is a web page (HTML). Save the picture itself"),
        (b"<svg xmlns='x'/>", "cat.png is an SVG drawing. Save it as PNG or JPEG"),
        (b"\0\0\0\x18ftypheic\0\0", "cat.png is a HEIC picture. Save it as PNG or JPEG"),
        (b"\0\0\0\x18ftypmp42\0\0", "cat.png is a video. Save one picture of it"),
        (b"II*\0" + bytes(9), "cat.png is a TIFF or camera raw picture. Save it as"),
        (b"%PDF-1.7", "cat.png is a PDF document. Save it as"),
        (b"hello", "cat.png is no known kind of picture. Save it as"),
        (photo_bytes()[:-9], "is cut off or damaged"),
        (encoded(lion(), "PNG")[:-9], "is cut off or damaged"),
        (encoded(lion(), "GIF")[:900], "is cut off or damaged"),
        (b"\xff\xd8\xff\xe0", "is cut off or damaged before its size"),
    ],
)
@pytest.mark.parametrize("shrink", [False, True])
def test_what_is_no_picture_is_named_with_what_to_do(tmp_path, data, message, shrink):
    with pytest.raises(UnusableReferenceError, match=re.escape(message)) as caught:
        prepare(data, tmp_path, shrink=shrink)

    assert not caught.value.can_shrink
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_gone_is_told_by_its_name_not_its_place(tmp_path):
    with pytest.raises(UnusableReferenceError, match=r"^cat\.png is not there any more\. Add"):
        prepare_reference(tmp_path / "upload-7", name="cat.png", folder=tmp_path)


def test_a_monstrous_file_is_refused_without_reading_it_all(tmp_path):
    source = tmp_path / "huge"
    source.write_bytes(photo_bytes())
    os.truncate(source, 5_000_000_000)  # sparse

    with pytest.raises(UnusableReferenceError, match="more than 100,000,000 bytes") as caught:
        prepare_reference(source, name="huge", folder=tmp_path)

    assert not caught.value.can_shrink


@settings(max_examples=200, deadline=None)
@given(
    data=st.binary(max_size=300),
    start=st.sampled_from([b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"RIFF....WEBP"]),
    shrink=st.booleans(),
)
def test_any_bytes_are_prepared_or_refused(tmp_path_factory, data, start, shrink):
    folder = tmp_path_factory.getbasetemp() / "any"
    try:
        result = prepare(start + data, folder, shrink=shrink)
    except UnusableReferenceError:
        return

    assert decode(result.path.read_bytes()).size == (result.width_px, result.height_px)


WHOLE = [telling_jpeg(), telling_png(), telling_webp(), encoded(lion((20, 20)), "GIF")]


@settings(max_examples=300, deadline=None)
@given(
    whole=st.sampled_from(WHOLE),
    at=st.integers(0, 4000),
    cut=st.integers(0, 5),
    put=st.binary(max_size=5),
)
def test_a_damaged_file_is_refused_or_sent_with_the_pixels_it_shows(
    tmp_path_factory, whole, at, cut, put
):
    data = whole[:at] + put + whole[at + cut :]
    folder = tmp_path_factory.getbasetemp() / "damaged"
    try:
        result = prepare(data, folder)
    except UnusableReferenceError:
        return

    sent = result.path.read_bytes()
    if sent == containers.without_metadata(data):
        assert pixels(sent) == pixels(data)
    assert pixels(sent)[1] == (result.width_px, result.height_px)


# limits


def png_of(width: int, height: int) -> bytes:
    """A black one-bit picture of that size in a few kilobytes."""
    return encoded(Image.new("1", (width, height)), "PNG")


def test_one_pixel_row_over_the_limit_is_refused_and_can_be_made_smaller(tmp_path):
    assert MAX_PIXELS == 8000 * 5000
    assert prepare(png_of(8000, 5000), tmp_path).width_px == 8000

    over = png_of(8000, 5001)
    with pytest.raises(
        UnusableReferenceError, match="8,000 × 5,001 = 40,008,000 pixels; the limit is 40,000,000"
    ) as caught:
        prepare(over, tmp_path)
    assert caught.value.can_shrink

    result = prepare(over, tmp_path, shrink=True)
    assert (result.width_px, result.height_px) == (4096, 2561)
    assert result.name == "cat.png"


@pytest.mark.parametrize("shrink", [False, True])
def test_a_picture_too_large_even_to_be_made_smaller_says_so(tmp_path, shrink):
    header = struct.pack(">IIBBBBB", 20_000, 20_000, 1, 0, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + png_chunk(b"IEND", b"")

    with pytest.raises(
        UnusableReferenceError, match=r"400,000,000 pixels; .* smaller file"
    ) as caught:
        prepare(bomb, tmp_path, shrink=shrink)

    assert not caught.value.can_shrink


def test_ten_million_bytes_are_one_too_many(tmp_path):
    small = encoded(Image.new("L", (2, 2)), "PNG")
    filler = png_chunk(b"pHYs", bytes(UPLOAD_LIMIT_BYTES - len(small) - 12))
    at_limit = small[:33] + filler + small[33:]
    below = small[:33] + png_chunk(b"pHYs", filler[8:-5]) + small[33:]
    assert (len(at_limit), len(below)) == (10_000_000, 9_999_999)

    assert prepare(below, tmp_path).size_bytes == 9_999_999
    with pytest.raises(
        UnusableReferenceError, match="10,000,000 bytes; the service takes fewer than 10,000,000"
    ) as caught:
        prepare(at_limit, tmp_path)
    assert caught.value.can_shrink


def test_metadata_does_not_count_against_the_limit(tmp_path):
    plain = encoded(lion(), "PNG")
    data = plain[:33] + png_chunk(b"tEXt", bytes(11_000_000)) + plain[33:]

    assert prepare(data, tmp_path).path.read_bytes() == plain


@pytest.mark.parametrize(
    ("mode", "format_", "sent_as"), [("RGB", "PNG", "image/jpeg"), ("RGBA", "PNG", "image/webp")]
)
def test_a_file_over_the_limit_is_made_to_fit_keeping_its_transparency(
    tmp_path, mode, format_, sent_as
):
    data = encoded(noise((1900, 1900), mode), format_, compress_level=0, icc_profile=ICC)
    assert len(data) > UPLOAD_LIMIT_BYTES

    result = prepare(data, tmp_path, shrink=True)

    assert result.size_bytes == result.path.stat().st_size < UPLOAD_LIMIT_BYTES
    assert result.mime_type == sent_as
    assert max(result.width_px, result.height_px) <= 4096
    with Image.open(result.path) as image:
        assert image.mode == mode
        assert image.info["icc_profile"] == ICC


def test_quality_gives_way_before_pixels_do():
    image = noise((1500, 1500))
    best = len(shrink(image, below_bytes=UPLOAD_LIMIT_BYTES))

    small = shrink(image, below_bytes=best)
    smaller = shrink(image, below_bytes=best // 4)

    assert decode(small).size == (1500, 1500)
    assert len(small) < best
    assert decode(smaller).size == (1024, 1024)
    with pytest.raises(PictureError, match=r"Even 1024 × 1024 pixels take .* limit is 1,000"):
        shrink(image, below_bytes=1000)


def test_a_turned_photo_that_would_grow_over_the_limit_gives_up_quality(tmp_path):
    data = encoded(noise((2200, 2200)), "JPEG", quality=80, subsampling=2, exif=exif(3))
    assert len(data) < UPLOAD_LIMIT_BYTES

    result = prepare(data, tmp_path)

    assert result.size_bytes < UPLOAD_LIMIT_BYTES
    assert (result.width_px, result.height_px) == (2200, 2200)


def test_a_huge_turned_photo_is_made_smaller_upright(tmp_path):
    tall = Image.new("RGB", (4600, 8800), "navy")
    data = encoded(tall, "JPEG", exif=exif(6))

    result = prepare(data, tmp_path, shrink=True)

    assert (result.width_px, result.height_px) == (4096, 2141)
    assert result.mime_type == "image/jpeg"
    assert b"Exif" not in result.path.read_bytes()


def test_a_picture_within_the_limits_is_not_made_smaller(tmp_path):
    assert prepare(photo_bytes(), tmp_path, shrink=True) == prepare(photo_bytes(), tmp_path)


# addresses


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/cat.jpg",
        "http://example.com:8080/a/b?size=1&x=%20#top",
        "HTTPS://EXAMPLE.COM/",
        "https://xn--mnchen-3ya.example/ä.png",
        "https://[2001:db8::1]/cat.png",
        "https://example.com/" + "x" * 1980,
    ],
)
def test_a_plain_address_is_taken_as_it_is(url):
    assert url_reference(url) == Reference(name=url, url=url)


def test_an_address_may_have_a_name_and_blanks_around_it():
    result = url_reference("  https://example.com/1.png\n", name="cat")

    assert (result.url, result.name) == ("https://example.com/1.png", "cat")


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("", "is empty"),
        ("   ", "is empty"),
        ("data:image/png;base64,AAAA", "refuses embedded pictures"),
        ("DATA:image/png;base64," + "A" * 9_000_000, "refuses embedded pictures"),
        ("https://example.com/" + "x" * 1981, "has 2,001 characters; the limit is 2,000"),
        ("https://example.com/a b.png", r"holds ' ' at position 22"),
        ("https://example.com/a\nb.png", r"holds '\n' at position 22"),
        ("https://example.com/\x00", r"holds '\x00'"),
        ("https://example.com/\u202egnp.exe", r"holds '\u202e'"),
        ("https://example.com/\ud800", r"holds '\ud800'"),
        ("https://example.com\\@evil.example/", r"holds '\\'"),
        ('https://example.com/"><script>', "holds '\"'"),
        ("ftp://example.com/a.png", "must start with https://"),
        ("file:///etc/passwd", "must start with https://"),
        ("blob:https://example.com/1", "must start with https://"),
        ("javascript:alert(1)", "must start with https://"),
        ("example.com/a.png", "must start with https://"),
        ("/home/cat.png", "must start with https://"),
        ("https:///cat.png", "names no host"),
        ("https://:443/cat.png", "names no host"),
        ("https:cat.png", "names no host"),
        ("https://user@example.com/", "user name or password"),
        ("https://user:hunter2@example.com/", "user name or password"),
        ("https://:hunter2@example.com/", "user name or password"),
        ("https://example.com:port/", "cannot be read"),
        ("https://example.com:99999/", "cannot be read"),
        ("https://[::1/", "cannot be read"),
    ],
)
def test_an_address_that_cannot_be_sent_is_refused_with_the_reason(url, message):
    with pytest.raises(UnusableReferenceError, match=re.escape(message)) as caught:
        url_reference(url)

    assert "hunter2" not in str(caught.value)
    assert len(str(caught.value)) < 300
    assert caught.value.field == "references"


@given(url=st.text(max_size=80) | st.text(max_size=60).map("https://".__add__))
def test_any_text_is_an_address_or_refused(url):
    try:
        result = url_reference(url)
    except UnusableReferenceError:
        return

    assert result.url.lower().startswith(("http://", "https://"))


# telling requests apart

CAT = Reference(name="cat.png", sha256="c" * 64)
LINK = Reference(name="a link", url="https://example.com/1.png")
BASE = Request(model="flux-2-flex", prompt="a cat", references=(CAT, LINK))


def test_the_hash_of_a_request_is_the_one_worked_out_by_hand():
    # printf '%s' '{…}' | sha256sum
    canonical = (
        '{"model":"flux-2-flex","prompt":"a cat","references":[{"sha256":"' + "c" * 64 + '"},'
        '{"url":"https://example.com/1.png"}],"resolution":"1K","size":"1:1"}'
    )

    assert request_sha256(BASE) == hashlib.sha256(canonical.encode()).hexdigest()


@pytest.mark.parametrize(
    "other",
    [
        replace(BASE, model="flux-2-pro"),
        replace(BASE, prompt="a cat "),
        replace(BASE, size="4:3"),
        replace(BASE, resolution="2K"),
        replace(BASE, references=(LINK, CAT)),
        replace(BASE, references=(CAT,)),
        replace(BASE, references=(CAT, replace(LINK, url="https://example.com/2.png"))),
        replace(BASE, prompt="a café"),
        replace(BASE, prompt="a cafe\u0301"),
        replace(BASE, prompt="\ud800"),
    ],
)
def test_what_asks_for_something_else_has_another_hash(other):
    assert request_sha256(other) != request_sha256(BASE)


def test_names_places_and_uploads_do_not_change_what_is_asked_for():
    same = replace(
        BASE,
        references=(
            replace(CAT, name="x", path=Path("x"), url="https://files.example/1"),
            replace(LINK, name="y"),
        ),
    )

    assert request_sha256(same) == request_sha256(BASE)


def test_a_reference_that_is_nothing_has_no_hash():
    with pytest.raises(ValueError, match="neither a hash nor an address"):
        request_sha256(replace(BASE, references=(Reference(name="ghost"),)))
