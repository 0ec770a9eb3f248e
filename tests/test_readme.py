"""What README says is what the code does."""

import re
import stat

from playground import cli
from playground.pricing import PRICES
from tests.readme_tables import README, with_tables

TEXT = README.read_text(encoding="utf-8")
ROOT = README.parent


def test_the_tables_are_those_of_the_code():
    assert with_tables(TEXT) == TEXT, "run: python -m tests.readme_tables"


def test_every_file_it_links_to_is_there():
    links = re.findall(r"\]\((?!http)([^)#]+)\)", TEXT)

    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_every_place_of_the_layout_table_exists():
    rows = re.search(r"\| where \|.*?\n\n", TEXT, re.DOTALL).group()
    places = re.findall(r"`([\w./]+)`", "\n".join(row.split("|")[1] for row in rows.strip().splitlines()))

    assert len(places) >= 12
    assert [place for place in places if not (ROOT / place).exists()] == []


def test_it_quotes_the_estimates_of_the_price_list():
    for price in PRICES:
        assert f"${price.usd}" in TEXT


def test_the_exit_codes_it_names_are_those_of_the_command_line():
    said = {int(code) for code in re.findall(r"(?:is|,) (\d) (?:when|for)", TEXT)}

    assert said == {code.value for code in cli.Exit if code is not cli.Exit.INTERRUPTED}


def test_ci_runs_the_very_command_readme_gives():
    block = re.search(r"<!-- test command -->\n```\n(.+)\n```", TEXT)

    assert block
    assert block.group(1).endswith("-m tests")
    assert "<!-- test command -->" in (ROOT / ".ci" / "run").read_text()
    assert (ROOT / ".ci" / "run").stat().st_mode & stat.S_IXUSR


def test_there_is_one_sentence_a_picture_and_then_the_command():
    start = TEXT.index("```")
    before = TEXT[:start]

    assert "![" in before
    assert "emulat" in before
    assert len(before) < 1200
