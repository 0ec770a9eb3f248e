"""Each notebook runs from top to bottom in its folder, without a key, and keeps its promises."""

import os
import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

FOLDER = Path(__file__).resolve().parent.parent / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
MAX_BYTES = 300_000
LIMIT_S = 120


def read(path: Path) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=4)


def outputs(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [out for cell in notebook.cells if cell.cell_type == "code" for out in cell.outputs]


def html(notebook: nbformat.NotebookNode) -> str:
    return "".join(str(out.get("data", {}).get("text/html", "")) for out in outputs(notebook))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_runs_from_top_to_bottom(path, tmp_path, monkeypatch):
    # Parts of Jupyter still ask a question that Python now warns about.
    monkeypatch.setenv("PYTHONWARNINGS", "ignore")
    monkeypatch.setenv("JUPYTER_PLATFORM_DIRS", "1")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    notebook = read(path)
    parameters = notebook.cells[1]
    assert parameters.metadata.tags == ["parameters"]
    parameters.source, changed = re.subn(
        r'DATA_DIR = Path\("[^"]+"\)',
        f"DATA_DIR = Path({os.fspath(tmp_path)!r})",
        parameters.source,
    )
    assert changed == 1

    NotebookClient(
        notebook,
        timeout=LIMIT_S,
        kernel_name="python3",
        resources={"metadata": {"path": os.fspath(FOLDER)}},
    ).execute()

    assert not [out for out in outputs(notebook) if out.output_type == "error"]
    assert html(notebook).count("<img ") == html(read(path)).count("<img ")
    assert (tmp_path / "runs.csv").exists()


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_its_kept_outputs_come_from_one_clean_run(path):
    cells = [cell for cell in read(path).cells if cell.cell_type == "code"]

    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert not [out for out in outputs(read(path)) if out.output_type == "error"]
    assert path.stat().st_size < MAX_BYTES
    assert not re.search(r"/(home|root|work|tmp)/", path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_is_an_argument_and_not_a_script(path):
    notebook = read(path)
    first, last = notebook.cells[0].source, notebook.cells[-1].source

    assert first.startswith("# ")
    assert first.splitlines()[2].startswith("**Finding:**")
    assert last.startswith("## What this does not show")
    for cell in notebook.cells:
        if cell.cell_type == "code":
            assert not re.search(r"^\s*(def|class) ", cell.source, re.MULTILINE)


def test_there_are_notebooks():
    assert NOTEBOOKS
