"""What README says is what the code does."""

import os
import re
import shutil
import stat
import subprocess
import sys

from playground.cli import main as cli
from playground.pricing import PRICES
from playground.runner.crowd import MAX_OPEN
from playground.ui.experiment.flow import MAX_PICTURES_IN_PUBLIC, MAX_RUNNING_IN_PUBLIC
from playground.ui.visits import KEPT_IN_PUBLIC_S
from playground.wire import OFFICIAL_HOSTS
from tests.photos import PHOTOS
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
    places = re.findall(
        r"`([\w./]+)`", "\n".join(row.split("|")[1] for row in rows.strip().splitlines())
    )

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


def front_matter():
    """What a Space reads, as plain words."""
    block = re.match(r"---\n(.+?)\n---\n", TEXT, re.DOTALL).group(1)
    return dict(re.findall(r'^(\w+): "?(.+?)"?$', block, re.MULTILINE))


def test_a_space_runs_the_gradio_that_was_tried():
    pinned = re.search(r"^gradio==(\S+)$", (ROOT / "requirements.txt").read_text(), re.MULTILINE)

    assert front_matter()["sdk_version"] == pinned.group(1)


def test_the_front_matter_is_one_that_the_hub_takes():
    told = front_matter()

    assert (told["sdk"], told["license"]) == ("gradio", "mit")
    assert (ROOT / told["app_file"]).is_file()
    assert len(told["short_description"]) <= 60
    assert tuple(map(int, told["python_version"].split("."))) >= (3, 11)  # pandas 3 needs it


def test_it_names_the_limits_of_visitors_as_they_are():
    section = TEXT.partition("## On Hugging Face Spaces")[2].partition("\n## ")[0]

    assert f"at most {MAX_OPEN} pictures in the making" in section
    assert f"one experiment of at most {MAX_PICTURES_IN_PUBLIC} pictures" in section
    assert (MAX_RUNNING_IN_PUBLIC, KEPT_IN_PUBLIC_S) == (1, 1800)
    assert all(host in section for host in OFFICIAL_HOSTS)


def in_a_new_folder(tmp_path, *command):
    """Runs a command as somebody who has just cloned the project, but in a hurry."""
    shutil.copy(PHOTOS[0], tmp_path / "coast.jpg")
    env = {
        **os.environ,
        "PLAYGROUND_DATA_DIR": str(tmp_path / "data"),
        "PLAYGROUND_EMULATOR_SPEED": "50",
        "PYTHONPATH": str(ROOT),
    }
    return subprocess.run(
        command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=120, check=False
    )


def test_its_commands_do_what_it_says(tmp_path):
    block = re.search(r"```\n((?:.*-m playground .*\n)+)```", TEXT)
    commands = [line.split(" -m playground ", 1)[1] for line in block.group(1).splitlines()]

    assert len(commands) == 2
    for command in commands:
        arguments = [part.strip('"') for part in re.findall(r'"[^"]*"|\S+', command)]
        done = in_a_new_folder(tmp_path, sys.executable, "-m", "playground", *arguments)
        assert done.returncode == 0, done.stderr


def test_its_python_example_runs(tmp_path):
    example = re.search(r"```python\n(.+?)```", TEXT, re.DOTALL).group(1)

    done = in_a_new_folder(tmp_path, sys.executable, "-c", example)

    assert done.returncode == 0, done.stderr
    assert done.stdout.count("succeeded") == 2


def test_its_emulator_command_starts_a_server(tmp_path):
    line = re.search(r"-m (playground\.emulator .*)", TEXT).group(1)
    arguments = line.replace("--port 8765", "--port 0").split()
    process = subprocess.Popen(
        [sys.executable, "-m", *arguments, "--data", str(tmp_path)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout
        assert "http://127.0.0.1:" in process.stdout.readline() + process.stdout.readline()
    finally:
        process.terminate()
        process.wait(15)
        process.stdout.close()
