"""The emulator's pictures: exact, repeatable, marked, silent about the model, and never stopped by a prompt."""

import hashlib
import os
import struct
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from playground.emulator.drawing import PictureSpec, draw, plain
from playground.emulator.drawing.brief import Hour, Setting, read
from playground.emulator.drawing.canvas import Canvas
from playground.emulator.drawing.colour import lightness, mix, shift
from playground.emulator.drawing.hand import hand_of
from playground.emulator.drawing.lettering import badge
from playground.emulator.drawing.palette import choose
from playground.emulator.drawing.references import decode, hang
from playground.emulator.drawing.stage import Stage
from tests.photos import PHOTOS

ROOT = Path(__file__).resolve().parent.parent
FLEX, PRO = "flux-2-flex", "flux-2-pro"
NOMINAL_1K = [(1024, 1024), (1365, 1024), (1820, 1024), (1024, 1365), (1024, 1820)]
NOMINAL_2K = [(2048, 2048), (2730, 2048), (3640, 2048), (2048, 3640)]
ODD_SIZES = [(1, 1), (1, 700), (700, 1), (33, 31), (97, 515), (640, 97), (301, 299)]
PROMPT_OF = {
    Setting.COAST: "A lighthouse on a cliff at dusk, storm clouds, oil painting",
    Setting.MOUNTAINS: "Hot air balloons over snowy mountains, a cabin by the lake",
    Setting.DUNES: "Sand dunes in the desert at night",
    Setting.FOREST: "A fox in a snowy forest at dawn",
    Setting.SKYLINE: "New York skyline at sunset, rain",
    Setting.ALLEY: 'Neon sign that says "OPEN LATE" in a rainy Tokyo alley at night',
    Setting.SPACE: "Saturn and a nebula, seen from space",
    Setting.TABLE: "A bowl of oranges on a blue tablecloth",
    Setting.FLOWERS: "A bouquet of pink roses",
    Setting.WALL: "A red bicycle leaning against a yellow wall",
    Setting.PORTRAIT: "Portrait of an old fisherman, dramatic light",
    Setting.POSTER: 'Minimalist poster for a jazz festival, text "BLUE NOTE 1959"',
    Setting.ABSTRACT: "Combine image 1 and image 2 into one scene",
}


def spec(prompt: str = "A quiet lake", **changes: Any) -> PictureSpec:
    plain_spec = PictureSpec(
        model=FLEX, prompt=prompt, width=256, height=192, references=(), seed=7, label=""
    )
    return replace(plain_spec, **changes)


def opened(data: bytes) -> Image.Image:
    image = Image.open(BytesIO(data))
    image.load()
    return image


def pixels(data: bytes) -> np.ndarray[Any, np.dtype[np.int64]]:
    return np.asarray(opened(data).convert("RGB")).astype(np.int64)


def encoded(image: Image.Image, image_format: str, **options: Any) -> bytes:
    buffer = BytesIO()
    image.save(buffer, image_format, **options)
    return buffer.getvalue()


def solid(colour: tuple[int, int, int], size: tuple[int, int] = (60, 40)) -> bytes:
    return encoded(Image.new("RGB", size, colour), "PNG")


def share_near(data: bytes, colour: tuple[int, int, int], distance: int = 45) -> float:
    off = np.abs(pixels(data) - np.asarray(colour)).max(axis=2)
    return float((off < distance).mean())


def png_chunks(data: bytes) -> list[bytes]:
    kinds, at = [], 8
    while at < len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        kinds.append(data[at + 4 : at + 8])
        at += 12 + length
    return kinds


# Size and format


@pytest.mark.parametrize("size", NOMINAL_1K)
def test_a_drawn_picture_has_exactly_the_nominal_pixels(size):
    picture = opened(draw(spec(width=size[0], height=size[1]), image_format="png"))

    assert (picture.size, picture.format, picture.mode) == (size, "PNG", "RGB")


@pytest.mark.parametrize("size", NOMINAL_2K)
def test_a_plain_picture_has_exactly_the_nominal_pixels(size):
    picture = opened(plain(spec(width=size[0], height=size[1]), image_format="jpeg"))

    assert (picture.size, picture.format) == (size, "JPEG")


@pytest.mark.parametrize("size", ODD_SIZES)
@pytest.mark.parametrize("make", [draw, plain])
def test_odd_sizes_come_out_as_asked(make, size):
    wanted = spec("Neon sign 'HI' in an alley", width=size[0], height=size[1])

    assert opened(make(wanted, image_format="png")).size == size


@pytest.mark.parametrize("make", [draw, plain])
def test_a_picture_without_pixels_is_refused(make):
    with pytest.raises(ValueError, match="0 × 10"):
        make(spec(width=0, height=10), image_format="png")


def test_the_png_is_whole_according_to_a_second_reader():
    data = draw(spec(), image_format="png")

    with Image.open(BytesIO(data)) as image:
        image.verify()  # checks every chunk's sum
    assert pixels(data).std() > 10


def test_jpeg_and_png_show_the_same_picture():
    png = pixels(draw(spec(), image_format="png"))
    jpeg = pixels(draw(spec(), image_format="jpeg"))

    assert np.abs(png - jpeg).mean() < 4


# The same spec, and every difference


@pytest.mark.parametrize("make", [draw, plain])
@pytest.mark.parametrize("image_format", ["png", "jpeg"])
def test_the_same_spec_gives_the_same_bytes(make, image_format):
    assert make(spec(), image_format=image_format) == make(spec(), image_format=image_format)


def test_another_process_draws_the_same_bytes():
    prompt = "红色的自行车 and 一只白猫, 蓝花"
    script = (
        "import hashlib; from playground.emulator.drawing import PictureSpec, draw;"
        f"s = PictureSpec(model={FLEX!r}, prompt={prompt!r}, width=128, height=96, references=(),"
        " seed=7, label='');"
        "print(hashlib.sha256(draw(s, image_format='png')).hexdigest())"
    )
    here = draw(spec(prompt, width=128, height=96), image_format="png")

    for hash_seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)}
        said = subprocess.run(
            [sys.executable, "-c", script], env=environment, capture_output=True, check=True
        )
        assert said.stdout.decode().strip() == hashlib.sha256(here).hexdigest()


def test_threads_drawing_at_once_do_not_disturb_each_other():
    specs = [spec(PROMPT_OF[s], references=(solid((10, 200, 30)),)) for s in list(Setting)[:6]]
    alone = [draw(s, image_format="png") for s in specs]

    with ThreadPoolExecutor(4) as threads:
        together = list(threads.map(lambda s: draw(s, image_format="png"), specs))

    assert together == alone


@pytest.mark.parametrize("make", [draw, plain])
@pytest.mark.parametrize(
    "change",
    [
        {"seed": 8},
        {"model": PRO},
        {"prompt": "A quiet lake at night"},
        {"references": (solid((200, 30, 40)),)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_anything_else_in_the_spec_gives_another_picture(make, change):
    first = pixels(make(spec(), image_format="png"))
    second = pixels(make(spec(**change), image_format="png"))

    assert np.abs(first - second).mean() > 1


@pytest.mark.parametrize("setting", Setting)
def test_a_repeat_differs_in_details(setting):
    first = pixels(draw(spec(PROMPT_OF[setting], seed=1), image_format="png"))
    second = pixels(draw(spec(PROMPT_OF[setting], seed=2), image_format="png"))

    assert np.abs(first - second).mean() > 2


@pytest.mark.parametrize("setting", Setting)
def test_two_models_share_the_composition_and_differ_in_the_hand(setting):
    flex = opened(draw(spec(PROMPT_OF[setting], model=FLEX), image_format="png"))
    pro = opened(draw(spec(PROMPT_OF[setting], model=PRO), image_format="png"))

    close = np.abs(np.asarray(flex, dtype=float) - np.asarray(pro, dtype=float)).mean()
    from_afar = np.abs(
        np.asarray(flex.resize((24, 18), Image.Resampling.BOX), dtype=float)
        - np.asarray(pro.resize((24, 18), Image.Resampling.BOX), dtype=float)
    )
    assert close > 3
    assert np.median(from_afar) < 16


def test_the_two_models_fall_to_different_hands():
    assert hand_of(FLEX).paints is not hand_of(PRO).paints


# Marked, and silent about the model


@pytest.mark.parametrize("size", [(1024, 1024), (1820, 1024), (1024, 1820), (3640, 2048)])
@pytest.mark.parametrize("ground", [(0, 0, 0), (255, 255, 255), (128, 128, 128), (255, 60, 20)])
def test_the_badge_reads_on_any_ground_as_a_thumbnail(size, ground):
    canvas = Canvas(*size, ground)
    left, top, right, bottom = badge(canvas)
    scale = 400 / max(size)
    thumbnail = canvas.image.convert("L").resize(
        (round(size[0] * scale), round(size[1] * scale)), Image.Resampling.LANCZOS
    )
    box = (left * scale, top * scale, right * scale, bottom * scale)
    seen = np.asarray(thumbnail.crop(tuple(round(v) for v in box)))

    assert seen.shape[0] >= 11
    assert int(seen.max()) - int(np.percentile(seen, 25)) > 120


@pytest.mark.parametrize("size", [(1024, 1024), (700, 300), (300, 700)])
@pytest.mark.parametrize("make", [draw, plain])
@pytest.mark.parametrize("model", [FLEX, PRO])
def test_every_picture_carries_the_badge(make, size, model):
    wanted = spec(PROMPT_OF[Setting.POSTER], width=size[0], height=size[1], model=model)
    blank = Canvas(*size)
    badge(blank)
    letters = np.asarray(blank.image.convert("L")) > 250

    picture = pixels(make(wanted, image_format="png"))

    assert letters.sum() > 60
    assert picture[letters].min() > 240


def test_the_file_says_nothing_but_pixels():
    png = draw(spec(label=FLEX), image_format="png")
    jpeg = draw(spec(label=FLEX), image_format="jpeg")

    assert set(png_chunks(png)) == {b"IHDR", b"IDAT", b"IEND"}
    assert opened(png).info == {}
    assert set(opened(jpeg).info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
    assert b"flux" not in (png + jpeg).lower()


@pytest.mark.parametrize("label", [FLEX, f"task-1 ({FLEX.upper()})"])
def test_a_label_that_names_the_model_is_left_out(label):
    told = spec(label=label, width=700, height=500)
    untold = replace(told, label="")

    assert draw(told, image_format="png") == draw(untold, image_format="png")


def test_any_other_label_is_written_under_the_caption():
    labelled = pixels(draw(spec(width=700, height=500, label="1 not fetched"), image_format="png"))
    bare = pixels(draw(spec(width=700, height=500), image_format="png"))

    changed = np.abs(labelled - bare).max(axis=2) > 0
    assert changed[430:, :400].any()
    assert not changed[:380].any()


# What the prompt asks for


@pytest.mark.parametrize("setting", Setting)
def test_a_prompt_leads_to_its_scene(setting):
    assert read(PROMPT_OF[setting], choice=0).setting is setting


def test_hour_weather_and_words_to_letter_are_read():
    brief = read(PROMPT_OF[Setting.ALLEY], choice=0)

    assert brief.hour is Hour.NIGHT
    assert brief.weather == {"rain"}
    assert brief.lettering == ("OPEN LATE",)


@pytest.mark.parametrize(
    ("prompt", "lettering"),
    [
        ("a sign “CLOSED”", ("CLOSED",)),
        ("the baker's shop, it's 'Chez Nous'", ("Chez Nous",)),
        ("招牌「营业中」", ("营业中",)),
        (f'a wall with "{"x" * 60}"', ()),
        ('an open quote " and no more', ()),
    ],
)
def test_quoted_words_are_lettered_and_apostrophes_are_not(prompt, lettering):
    assert read(prompt, choice=0).lettering == lettering


def test_a_chinese_prompt_is_read_too():
    brief = read("一只在月光下的白猫", choice=0)

    assert brief.hour is Hour.NIGHT
    assert {"cat", "moon"} <= brief.subjects
    assert lightness(brief.colour_of["cat"]) > 0.9


def test_colour_words_colour_their_things():
    yellow, blue = (
        draw(spec(f"A red bicycle leaning against a {name} wall"), image_format="png")
        for name in ("yellow", "blue")
    )

    r, g, b = np.median(pixels(yellow)[:100].reshape(-1, 3), axis=0)
    assert r > b + 80
    assert g > b + 60
    r, g, b = np.median(pixels(blue)[:100].reshape(-1, 3), axis=0)
    assert b > r + 60
    for data in (yellow, blue):
        reds = pixels(data)
        assert ((reds[..., 0] > 150) & (reds[..., 1:].max(axis=2) < 90)).sum() > 150


def test_lettering_changes_the_scene_it_stands_in():
    one = draw(spec('Neon sign "OPEN" in an alley', width=640, height=640), image_format="png")
    two = draw(spec('Neon sign "SHUT" in an alley', width=640, height=640), image_format="png")

    assert one != two


# References


def test_a_reference_is_seen_in_the_picture_in_its_own_colour():
    green = (20, 230, 60)
    bare = draw(spec(width=512, height=512), image_format="png")
    shown = draw(
        spec(width=512, height=512, references=(solid(green, (300, 200)),)), image_format="png"
    )

    assert share_near(bare, green) < 0.01
    assert share_near(shown, green) > 0.06


@pytest.mark.parametrize("shape", [(600, 200), (200, 600), (300, 300), (50, 400)])
@pytest.mark.parametrize("size", [(900, 700), (500, 1100)])
def test_a_reference_keeps_its_aspect(size, shape):
    brief = read("A quiet lake", choice=0)
    chance = np.random.default_rng(1)
    stage = Stage(
        canvas=Canvas(*size),
        brief=brief,
        palette=choose(brief, chance, ()),
        plan=chance,
        detail=chance,
    )
    hang(stage, decode((solid((250, 0, 220), shape),)))

    hung = np.asarray(stage.canvas.image).astype(int)
    rows, columns = np.nonzero((hung[..., 0] > 200) & (hung[..., 1] < 5))
    seen = (np.ptp(columns) + 1) / (np.ptp(rows) + 1)
    assert seen == pytest.approx(shape[0] / shape[1], rel=0.12)  # it hangs a little askew


def test_eight_references_hang_in_order():
    reds = [(250, 0, 30 * i) for i in range(8)]
    data = draw(
        spec(width=1200, height=900, references=tuple(solid(c, (90, 90)) for c in reds), model=PRO),
        image_format="png",
    )
    picture = pixels(data)

    centres = []
    for colour in reds:
        off = np.abs(picture[..., 2] - colour[2]) + np.abs(picture[..., 0] - colour[0])
        rows, columns = np.nonzero((off < 24) & (picture[..., 1] < 30))
        assert len(rows) > 2_000
        centres.append((round(float(np.median(rows)) / 150), float(np.median(columns))))
    assert centres == sorted(centres)


def test_the_exif_orientation_is_respected():
    lying = Image.new("RGB", (80, 40), (255, 0, 0))
    lying.paste((0, 0, 255), (40, 0, 80, 40))
    exif = Image.Exif()
    exif[0x0112] = 6  # turn a quarter clockwise to show
    (reference,) = decode((encoded(lying, "JPEG", exif=exif.tobytes(), quality=95),))

    top, bottom = reference.image.getpixel((20, 10)), reference.image.getpixel((20, 70))
    assert reference.image.size == (40, 80)
    assert isinstance(top, tuple)
    assert isinstance(bottom, tuple)
    assert top[0] > 200
    assert bottom[2] > 200


@pytest.mark.parametrize("image_format", ["PNG", "JPEG", "WEBP", "GIF"])
def test_every_format_of_reference_is_read(image_format):
    (reference,) = decode((encoded(Image.new("RGB", (50, 30)), image_format),))

    assert reference.image.size == (50, 30)


CORRUPT = [
    b"",
    b"junk",
    b"\x89PNG\r\n\x1a\n",
    solid((1, 2, 3))[:60],
    PHOTOS[0].read_bytes()[:4_000],
    b"GIF89a" + bytes(40),
    b"RIFF\x10\x00\x00\x00WEBPVP8 " + bytes(9),
    encoded(Image.new("RGB", (9, 9)), "BMP"),
]


@pytest.mark.parametrize("blob", CORRUPT)
def test_a_corrupt_reference_is_left_out_and_the_numbers_stay(blob):
    good = solid((20, 230, 60))
    found = decode((good, blob, good))

    assert [reference.number for reference in found] == [1, 3]


def test_a_picture_with_nothing_but_corrupt_references_is_drawn_without_them():
    bare = draw(spec(), image_format="png")

    assert draw(spec(references=tuple(CORRUPT)), image_format="png") == bare


def test_a_declared_giant_is_not_decoded():
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + header + bytes(4)

    assert decode((bomb,)) == ()


@pytest.mark.filterwarnings("error")
@settings(max_examples=60, deadline=None)
@given(data=st.binary(max_size=200), cut=st.integers(0, 400), at=st.integers(0, 400))
def test_damaged_bytes_never_raise(data, cut, at):
    whole = encoded(Image.new("P", (40, 30)), "PNG")
    damaged = whole[:at] + data + whole[at + cut :]

    assert len(decode((damaged, data))) <= 2


# Whatever the prompt says

HOSTILE = [
    "",
    " \n\t ",
    "\x00\x01\x02",
    "\ud800 lone surrogate \udfff",
    "🦊🎨👩‍👩‍👧‍👦 in 🌲",
    "שלום עולם في المدينة",
    "\"\" “” «» 「」 ''",
    '"' * 500,
    'sign "\u202e\u0000\ufeff"',
    "word" * 25_000,
    "a " * 50_000,
    "\U0010ffff\ue000\uffff",
    "Z̴̡̛a̸l̵g̷o̴" * 50,
    "neon sign '🦊🦊🦊' in an alley",
    "poster 'مرحبا بالعالم'",
    "{}%s%n\\x00<script>",
]


@pytest.mark.parametrize("prompt", HOSTILE, ids=range(len(HOSTILE)))
@pytest.mark.parametrize("make", [draw, plain])
def test_a_hostile_prompt_is_drawn(make, prompt):
    wanted = spec(prompt, width=320, height=240, label=prompt[:200])

    assert opened(make(wanted, image_format="png")).size == (320, 240)


WORDS = (
    "poster alley portrait fox cat bicycle red blue night snow storm rain bowl lemon cup wine "
    "lighthouse boat balloon cabin moon flower planet city desert jazz woman beard hat 猫 夜 "
    "\"A\" 'sign' 「字」 \x00 \ud83d 🦊"
)
PIECES = st.sampled_from(WORDS.split())
PROMPTS = st.text(max_size=80) | st.lists(PIECES, max_size=9).map(" ".join)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    prompt=PROMPTS,
    width=st.integers(1, 220),
    height=st.integers(1, 220),
    seed=st.integers(-(2**70), 2**70),
    model=st.sampled_from([FLEX, PRO, "", "\ud800"]),
)
def test_no_prompt_size_or_seed_stops_the_emulator(prompt, width, height, seed, model):
    wanted = spec(prompt, width=width, height=height, seed=seed, model=model, label=prompt)

    assert opened(draw(wanted, image_format="jpeg")).size == (width, height)


# Colour arithmetic, against published values


def test_mixing_happens_in_oklab():
    assert lightness((255, 255, 255)) == pytest.approx(1.0, abs=1e-3)
    # Ottosson (2020): sRGB red has L = 0.628, blue L = 0.452.
    assert lightness((255, 0, 0)) == pytest.approx(0.628, abs=1e-3)
    assert lightness((0, 0, 255)) == pytest.approx(0.452, abs=1e-3)
    assert mix((10, 20, 30), (200, 100, 50), 0.0) == (10, 20, 30)
    assert mix((10, 20, 30), (200, 100, 50), 1.0) == (200, 100, 50)


def test_a_shifted_colour_stays_a_colour():
    for amount in (-2.0, -0.3, 0.3, 2.0):
        assert all(0 <= channel <= 255 for channel in shift((205, 48, 42), light=amount))
