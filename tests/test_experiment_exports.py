"""What is taken along: the ZIP that runs again, sheets with every picture whole, a page that harms nobody."""

import io
import re
import zipfile
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from PIL import Image

from playground.csvlog import load
from playground.experiment.archive import write_archive
from playground.experiment.books import Look
from playground.experiment.grid import grid_of
from playground.experiment.plan_file import load_plan
from playground.experiment.sheets import contact_sheets, pair_sheets
from playground.images.sheets import Strip, Tile, sheet_jpeg
from playground.provenance.records import read_provenance
from playground.schema import Run
from tests.hostile_experiment import hostile_experiment, page_of


@pytest.fixture
def experiment(tmp_path):
    return hostile_experiment(tmp_path)


class Page(HTMLParser):
    """What a browser would make of it."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.words = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.words += data


def test_hostile_prompts_are_words_on_the_page_and_nothing_is_fetched(experiment):
    plan, look, votes, data_dir = experiment
    text = page_of(plan, look, votes, data_dir)
    page = Page(text)

    assert set(page.tags) <= {
        "html", "head", "meta", "title", "style", "body", "main", "h1", "h2", "h3", "p", "strong",
        "section", "table", "thead", "tbody", "tr", "th", "td", "ul", "li", "div", "span", "i",
        "article", "figure", "figcaption", "img",
    }  # fmt: skip
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    links = [value for name, value in page.attributes if name in ("src", "href")]
    assert len(links) == 11
    assert all(value.startswith("data:image/jpeg;base64,") for value in links)
    assert not re.search(r"url\(|@import", text)
    assert (
        "content",
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:",
    ) in page.attributes
    for prompt in plan.prompts:
        assert prompt.text in page.words
    for said in ("<script>e</script>", "<svg/onload=1>", "“<script>vote</script>”", "<u>tag"):
        assert said in page.words


def test_the_page_tells_pairs_votes_prices_and_times(experiment):
    words = Page(page_of(*experiment)).words

    assert "preferred 1×" in words
    assert "4.2 s" in words
    assert "voter 1: " in words
    assert "n = 1: too few to say anything." in words
    assert "Can you trust this?" in words


def test_a_plan_that_was_not_run_has_a_page_too(experiment):
    plan, _, _, data_dir = experiment

    words = Page(page_of(plan, Look(rows=(), open_runs=()), (), data_dir)).words

    assert "Nothing has been run yet." in words
    assert words.count("Not sent: the budget ends before it.") == 12


def test_the_archive_holds_everything_and_its_plan_runs(experiment, tmp_path):
    plan, look, votes, data_dir = experiment
    target = io.BytesIO()

    wanting = write_archive(target, plan, look, votes, data_dir=data_dir, with_records=True)

    archive = zipfile.ZipFile(target)
    names = archive.namelist()
    assert wanting == ()
    assert archive.testzip() is None
    assert sum(name.startswith("pictures/") for name in names) == 11
    assert "pictures/0003-1/2-flux-2-pro-2.png" in names
    assert all(re.fullmatch(r"[A-Za-z0-9._/-]+", name) and ".." not in name for name in names)
    record = read_provenance(archive.read("pictures/0002-1/1-flux-2-flex-1.png"))
    assert record is not None
    assert record.prompt == plan.prompts[1].text
    archive.extractall(tmp_path / "out")
    assert len(load(tmp_path / "out" / "runs.csv", Run)) == 12
    (tmp_path / "other").mkdir()
    again = load_plan(tmp_path / "out" / "plan.json", references_dir=tmp_path / "other")
    assert again.comparisons == plan.comparisons


def test_a_picture_that_is_gone_is_said_everywhere(experiment):
    plan, look, votes, data_dir = experiment
    (data_dir / look.rows[1].file).unlink()
    (data_dir / look.rows[2].file).write_bytes(b"not a picture")

    wanting = write_archive(io.BytesIO(), plan, look, votes, data_dir=data_dir, with_records=False)
    words = Page(page_of(plan, look, votes, data_dir)).words

    assert len(wanting) == 2
    assert words.count("The picture's file is gone or damaged.") == 2
    assert list(contact_sheets("x", grid_of(plan, look), data_dir))


def test_sheets_hold_every_picture_whole(experiment):
    plan, look, _, data_dir = experiment
    grid = grid_of(plan, look)

    (contact,) = (Image.open(io.BytesIO(data)) for data in contact_sheets("All", grid, data_dir))
    (pairs,) = (Image.open(io.BytesIO(data)) for data in pair_sheets("All", grid, data_dir))

    assert contact.width == 2 * 24 + 4 * 210 - 10
    assert pairs.width == 2 * 24 + 2 * 650 - 10
    assert pairs.height > 6 * 640


def test_a_picture_on_a_sheet_is_neither_cropped_nor_enlarged(tmp_path):
    path = tmp_path / "red.png"
    Image.new("RGB", (60, 20), "red").save(path)

    data = sheet_jpeg("t", [Strip(label="x", tiles=(Tile(path=path, caption="c"),))], tile_px=100)

    sheet = Image.open(io.BytesIO(data)).convert("RGB")
    red = [
        (x, y)
        for x in range(sheet.width)
        for y in range(sheet.height)
        if (p := sheet.getpixel((x, y)))[0] > 200 and p[1] < 80
    ]
    width = max(x for x, _ in red) - min(x for x, _ in red) + 1
    height = max(y for _, y in red) - min(y for _, y in red) + 1
    assert abs(width - 60) <= 2
    assert abs(height - 20) <= 2


def test_many_strips_go_on_several_sheets(experiment):
    plan, look, _, data_dir = experiment
    grid = grid_of(plan, look)
    many = replace(grid, lines=grid.lines * 10)

    sheets = [Image.open(io.BytesIO(data)) for data in pair_sheets("All", many, data_dir)]

    assert len(sheets) > 1
    assert all(sheet.width * sheet.height <= 60_000_000 for sheet in sheets)
