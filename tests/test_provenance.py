"""Provenance: carried without touching a pixel, read back as a claim and nothing more, found in the log."""

import hashlib
import json
import struct
import zlib
from dataclasses import replace
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFilter

from playground.errors import PictureError
from playground.images import containers
from playground.images.embedding import (
    MAX_TEXT_BYTES,
    as_it_came,
    embed_text,
    embedded_text,
    without_text,
)
from playground.provenance.records import (
    Found,
    Match,
    SentReference,
    exported,
    find_run,
    from_json,
    provenance_of,
    read_provenance,
    restored,
    stripped,
    to_json,
)
from playground.references import prepare_reference
from playground.runlog import load_runs
from playground.schema import Origin, Reference
from tests.judging_rig import a_picture, a_run, failed, keep_picture, log_runs

FORMATS = {
    "PNG": ("PNG", {}),
    "JPEG": ("JPEG", {"quality": 90}),
    "progressive JPEG": ("JPEG", {"progressive": True}),
    "WebP": ("WEBP", {"quality": 90}),
    "lossless WebP": ("WEBP", {"lossless": True}),
    "extended WebP": ("WEBP", {"exif": b"Exif\0\0II*\0\x08\0\0\0\0\0"}),
}
SHA = "ab" * 32
RUN = replace(
    a_run(),
    prompt='=1+1 "Leuchtturm" 灯台\nat dusk\0 \ud800',
    reference_count=3,
    reference_sha256=f"{SHA} - -",
    reference_urls="https://files.example/u/1 https://example.com/a.png https://example.com/b?sig=1",
)


@pytest.fixture(params=FORMATS, name="data")
def _data(request):
    format_, options = FORMATS[request.param]
    return a_picture(format_, **options)


def coded(data: bytes) -> list[bytes]:
    """The parts of a file that hold the picture itself, in order."""
    kind = containers.recognise(data)
    if kind == "PNG":
        return [data[s:e] for name, s, e in containers._png_chunks(data) if name != b"iTXt"]
    if kind == "JPEG":
        return [part for marker, part in containers._jpeg_segments(data) if marker != 0xFE]
    return [
        part for name, part in containers._webp_chunks(data) if name in (b"VP8 ", b"VP8L", b"ALPH")
    ]


def pixels(data: bytes) -> bytes:
    return Image.open(BytesIO(data)).convert("RGBA").tobytes()


# ---- carried ----------------------------------------------------------------------------------


def test_the_record_comes_back_and_no_coded_byte_is_touched(data):
    carrying = exported(data, RUN)

    assert read_provenance(carrying) == replace(
        provenance_of(RUN), references=(*_references()[:2], SentReference())
    )
    assert coded(carrying) == coded(data)
    assert pixels(carrying) == pixels(data)
    assert containers.read_header(carrying) == containers.read_header(data)


def _references():
    return (SentReference(sha256=SHA), SentReference(url="https://example.com/a.png"))


def test_all_other_bytes_of_the_file_are_as_they_were(data):
    carrying = exported(data, RUN)

    assert data in as_it_came(carrying)
    assert as_it_came(data) == (data,)
    assert without_text(data) is data


@pytest.mark.parametrize("n_bytes", [1, 2, 3, MAX_TEXT_BYTES - 1, MAX_TEXT_BYTES])
def test_a_text_of_any_length_keeps_the_file_in_order(data, n_bytes):
    text = b"x" * n_bytes
    carrying = embed_text(data, text)

    assert embedded_text(carrying) == text
    assert coded(carrying) == coded(data)
    assert pixels(carrying) == pixels(data)
    if containers.recognise(data) == "WEBP":
        assert len(carrying) % 2 == 0


def test_a_second_record_takes_the_place_of_the_first(data):
    once = exported(data, RUN)
    twice = exported(once, replace(RUN, run_id="run_other"))

    assert read_provenance(twice).run_id == "run_other"
    assert exported(twice, RUN) == once


def test_pillow_and_the_standard_see_the_text_where_it_belongs():
    png = Image.open(BytesIO(exported(a_picture("PNG"), RUN)))
    png.load()
    jpeg = Image.open(BytesIO(exported(a_picture("JPEG"), RUN)))

    assert json.loads(png.text["flux-playground"])["run_id"] == RUN.run_id
    assert (
        json.loads(jpeg.info["comment"].removeprefix(b"flux-playground: "))["run_id"] == RUN.run_id
    )
    assert jpeg.info["jfif_version"] == (1, 1)


def test_a_simple_webp_becomes_a_standard_extended_one():
    for options, is_transparent in (({"lossless": True}, True), ({"quality": 90}, False)):
        mode = "RGBA" if is_transparent else "RGB"
        image = Image.new(mode, (37, 21), (200, 30, 30, 90)[: len(mode)])
        out = BytesIO()
        image.save(out, "WEBP", **options)
        assert out.getvalue()[12:16] != b"VP8X"

        carrying = exported(out.getvalue(), RUN)

        kinds = [kind for kind, _ in containers._webp_chunks(carrying)]
        assert (kinds[0], kinds[-1], len(kinds)) == (b"VP8X", b"fpgd", 3)
        # What libwebp itself writes into that header.
        image.save(reference := BytesIO(), "WEBP", **options, exif=b"Exif\0\0II*\0")
        exif_flag = 0x08
        expected = bytearray(reference.getvalue()[12:30])
        expected[8] &= ~exif_flag
        assert carrying[12:30] == bytes(expected)
        assert struct.unpack_from("<I", carrying, 4)[0] == len(carrying) - 8
        assert pixels(carrying) == pixels(out.getvalue())


def test_what_is_served_blind_carries_nothing(data):
    clean = stripped(exported(data, RUN))

    assert read_provenance(clean) is None
    assert b"flux" not in clean
    assert coded(clean) == coded(containers.without_metadata(data))
    with pytest.raises(PictureError, match="blind"):
        stripped(a_picture("GIF"))


def test_neither_key_nor_path_nor_address_at_the_service_is_carried():
    text = to_json(
        provenance_of(replace(RUN, result_url="https://files.example/r/1", owner_id="ann"))
    )

    for secret in (b"files.example", b"sig=1", b"pictures/", b"result_url", b"ann", b"toapis"):
        assert secret not in text
    assert b"https://example.com/a.png" in text


def test_a_prompt_that_is_too_long_is_left_out(data):
    carrying = exported(data, replace(RUN, prompt="灯" * 30_000))
    record = read_provenance(carrying)

    assert record.prompt is None
    assert record.run_id == RUN.run_id
    assert coded(carrying) == coded(data)
    longest = "x" * (MAX_TEXT_BYTES - len(to_json(provenance_of(replace(RUN, prompt="")))))
    assert read_provenance(exported(data, replace(RUN, prompt=longest))).prompt == longest


def test_what_cannot_carry_a_text_says_so():
    with pytest.raises(PictureError, match="PNG, JPEG and WebP"):
        exported(a_picture("GIF"), RUN)
    with pytest.raises(PictureError, match="PNG, JPEG and WebP"):
        exported(b"<html>", RUN)
    with pytest.raises(ValueError, match="no picture"):
        exported(a_picture(), failed(RUN))
    for text in (b"\0", b"\xff", b"x" * (MAX_TEXT_BYTES + 1)):
        with pytest.raises(ValueError, match=r"NUL|decode"):
            embed_text(a_picture(), text)


def test_a_damaged_layout_is_a_picture_error():
    for data in (a_picture("PNG")[:12], a_picture("WEBP")[:20]):
        with pytest.raises(PictureError, match="damaged"):
            exported(data, RUN)


# ---- hostile ----------------------------------------------------------------------------------


def record_with(**changes) -> bytes:
    told = json.loads(to_json(provenance_of(RUN)))
    for name, value in changes.items():
        if name in told["request"]:
            told["request"][name] = value
        else:
            told[name] = value
    return json.dumps(told).encode()


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b"NaN",
        b"\xff\xfe",
        b"[" * 50_000,
        b'{"a":' * 10_000,
        b"9" * 50_000,
        b"x" * (MAX_TEXT_BYTES + 1),
        record_with()[:-1] + b', "more": NaN}',
        record_with()[:-1] + b', "more": -Infinity}',
        record_with(schema="flux-playground/run/2"),
        record_with(schema=["flux-playground/run/1"]),
        record_with(run_id=""),
        record_with(run_id=7),
        record_with(run_id="x" * 201),
        record_with(run_id="run\x1b[2J"),
        record_with(origin="imaginary"),
        record_with(picture_sha256="../../etc/passwd"),
        record_with(picture_sha256=SHA.upper()),
        record_with(made_at="yesterday"),
        record_with(made_at="9999-12-31T23:59:59-23:59"),
        record_with(request=[]),
        record_with(prompt=["x"]),
        record_with(model=None),
        record_with(references={}),
        record_with(references=["x"]),
        record_with(references=[{"sha256": "../secret"}]),
        record_with(references=[{"url": 5}]),
        record_with(references=[{"sha256": SHA}] * 65),
        record_with(request_sha256=float("nan")),
    ],
)
def test_what_is_no_record_of_ours_is_nothing(text):
    assert from_json(text) is None


def test_a_record_may_say_more_than_we_know():
    told = json.loads(record_with(run_id="run_x"))
    told["__class__"] = told["request"]["more"] = {"$ref": "file:///etc/passwd"}

    assert from_json(json.dumps(told).encode()).run_id == "run_x"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=10,
)
names = st.sampled_from([*json.loads(record_with()), *json.loads(record_with())["request"]])


@given(st.dictionaries(names, json_values, min_size=1, max_size=3))
@settings(deadline=None)
def test_no_value_in_any_field_breaks_the_reader(changes):
    text = record_with(**changes)
    record = from_json(text)

    if record is not None:
        assert from_json(to_json(record)) == record


@given(st.binary(max_size=300))
@settings(deadline=None)
def test_no_bytes_break_the_reader(text):
    assert from_json(text) is None


@given(st.text(max_size=2_000))
@settings(deadline=None)
def test_every_prompt_comes_back(prompt):
    record = read_provenance(exported(a_png(), replace(RUN, prompt=prompt)))

    assert record.prompt == prompt


def a_png() -> bytes:
    return _PNG


_PNG = a_picture("PNG", size=(8, 8))
_CARRIERS = {
    name: exported(a_picture(*FORMATS[name][:1], size=(8, 8)), RUN)
    for name in ("PNG", "JPEG", "WebP")
}


@pytest.mark.parametrize("name", sorted(_CARRIERS))
@given(where=st.floats(0, 1), what=st.binary(min_size=1, max_size=12), is_cut=st.booleans())
@settings(max_examples=150, deadline=None)
def test_no_damage_to_a_file_breaks_the_reader(name, where, what, is_cut):
    data = _CARRIERS[name]
    place = int(where * len(data))
    damaged = data[:place] if is_cut else data[:place] + what + data[place + len(what) :]

    read_provenance(damaged)
    assert len(without_text(damaged)) <= len(damaged)
    for candidate in as_it_came(damaged):
        assert len(candidate) <= len(damaged)


@given(st.binary(max_size=400))
@settings(deadline=None)
def test_no_bytes_at_all_break_the_finder_of_texts(tail):
    for start in (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"RIFF\xff\xff\xff\xffWEBP"):
        assert embedded_text(start + tail) is None
        assert isinstance(without_text(start + tail), bytes)


def test_a_compressed_text_is_never_unpacked():
    bomb = zlib.compress(b"x" * 10_000_000)
    body = b"iTXtflux-playground\0\x01\0\0\0" + bomb
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))

    assert embedded_text(_PNG[:33] + chunk + _PNG[33:]) is None


def test_a_text_over_the_limit_or_with_a_wrong_checksum_is_none_of_ours():
    def png_with(text: bytes, crc: int | None = None) -> bytes:
        body = b"iTXtflux-playground\0\0\0\0\0" + text
        end = struct.pack(">I", zlib.crc32(body) if crc is None else crc)
        return _PNG[:33] + struct.pack(">I", len(body) - 4) + body + end + _PNG[33:]

    assert embedded_text(png_with(b"x")) == b"x"
    assert embedded_text(png_with(b"x" * (MAX_TEXT_BYTES + 1_000))) is None
    assert embedded_text(png_with(b"x", crc=1)) is None


def test_a_file_of_too_many_pieces_is_given_up():
    empty = struct.pack(">I4sI", 0, b"iTXt", zlib.crc32(b"iTXt"))
    carrying = _CARRIERS["PNG"]

    assert embedded_text(carrying[:33] + empty * 10_000 + carrying[33:]) is not None
    assert embedded_text(carrying[:33] + empty * 30_000 + carrying[33:]) is None


# ---- found ------------------------------------------------------------------------------------


@pytest.fixture
def kept(tmp_path):
    """Three pictures in the log; gives them, their runs and the frame."""
    pictures = [a_picture("JPEG", seed=n, quality=95, size=(256, 192)) for n in range(3)]
    runs = []
    for n, data in enumerate(pictures):
        run = keep_picture(tmp_path, a_run(n, file=f"pictures/{n}.jpg"), data)
        from playground.images import measure

        runs.append(replace(run, dhash=measure(tmp_path / run.file).dhash))
    log_runs(tmp_path, [*runs, failed(a_run(9))])
    return pictures, runs, load_runs(tmp_path / "runs.csv", ["run_id", "sha256", "dhash"])


def test_a_file_of_ours_is_found_by_its_bytes(kept):
    pictures, runs, frame = kept

    assert find_run(pictures[1], frame) == Match(run_id=runs[1].run_id, how=Found.FILE)


@pytest.mark.parametrize("name", FORMATS)
def test_an_exported_file_is_found_to_the_byte(name, tmp_path):
    format_, options = FORMATS[name]
    data = a_picture(format_, **options)
    run = keep_picture(tmp_path, a_run(), data)
    log_runs(tmp_path, [run])
    frame = load_runs(tmp_path / "runs.csv")

    # Even one whose record was made for another run: the bytes decide.
    assert find_run(exported(data, run), frame) == Match(run_id=run.run_id, how=Found.EXPORT)
    assert find_run(exported(data, a_run(7)), frame).how is Found.EXPORT


def test_a_changed_file_with_a_record_is_found_by_what_it_claims(kept):
    pictures, runs, frame = kept
    changed = Image.open(BytesIO(pictures[0])).rotate(90).filter(ImageFilter.GaussianBlur(9))
    out = BytesIO()
    changed.save(out, "PNG")

    assert find_run(exported(out.getvalue(), runs[2]), frame) == Match(
        run_id=runs[2].run_id, how=Found.RECORD
    )
    assert find_run(exported(out.getvalue(), a_run(77)), frame) is None


def test_a_copy_saved_anew_is_found_by_its_looks(kept):
    pictures, runs, frame = kept
    small = Image.open(BytesIO(pictures[2])).resize((128, 96))
    out = BytesIO()
    small.save(out, "WEBP", quality=60)

    match = find_run(out.getvalue(), frame)

    assert (match.run_id, match.how) == (runs[2].run_id, Found.LOOKS)
    assert 0 <= match.distance_bits <= 5
    assert find_run(a_picture("PNG", seed=50, size=(256, 192)), frame) is None


def test_one_colour_all_over_looks_like_nothing(tmp_path):
    out = BytesIO()
    Image.new("RGB", (64, 64), "navy").save(out, "PNG")
    log_runs(tmp_path, [a_run(dhash="0" * 16), a_run(2, dhash="no hash"), failed(a_run(3))])

    assert find_run(out.getvalue(), load_runs(tmp_path / "runs.csv")) is None


def test_an_empty_log_and_a_file_that_is_no_picture(tmp_path):
    frame = load_runs(tmp_path / "runs.csv")

    assert find_run(a_picture(), frame) is None
    with pytest.raises(PictureError):
        find_run(b"<html>", frame)
    with pytest.raises(PictureError):
        find_run(a_picture()[:-30], frame)


# ---- restored ---------------------------------------------------------------------------------


def test_a_request_comes_back_with_the_references_kept_here(tmp_path):
    kept = prepare_reference(a_picture("PNG", seed=4), name="coast.png", folder=tmp_path)
    run = replace(
        RUN,
        reference_sha256=f"{kept.sha256} {SHA} - - -",
        reference_urls="https://u/1 https://u/2 https://example.com/a.png file:///etc/passwd https://x/?k=1",
    )

    again = restored(provenance_of(run), tmp_path)

    assert (again.request.model, again.request.prompt) == (run.model, run.prompt)
    assert (again.request.size, again.request.resolution) == ("16:9", "1K")
    assert again.request.references == (
        Reference(
            name="image 1",
            path=kept.path,
            sha256=kept.sha256,
            mime_type="image/png",
            size_bytes=kept.size_bytes,
        ),
        Reference(name="image 3", url="https://example.com/a.png"),
    )
    assert again.missing == (2, 4, 5)


def test_without_its_prompt_no_request_is_made(tmp_path):
    assert restored(replace(provenance_of(RUN), prompt=None), tmp_path) is None


def test_the_record_names_the_file_as_it_came(tmp_path):
    data = a_picture()
    run = keep_picture(tmp_path, a_run(origin=Origin.EMULATED), data)
    record = read_provenance(exported(data, run))

    assert record.picture_sha256 == hashlib.sha256(data).hexdigest()
    assert (record.origin, record.made_at) == (Origin.EMULATED, run.finished_at)
