"""Each notebook runs from top to bottom in its folder, without a key, and keeps its promises."""

import hashlib
import os
import re
import shutil
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

FOLDER = Path(__file__).resolve().parent.parent / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
MAX_BYTES = 300_000
LIMIT_S = 120
SAMPLE = FOLDER / "sample"
ON_SAMPLE = [path for path in NOTEBOOKS if not path.stem.startswith("01")]


def read(path: Path) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=4)


def outputs(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [out for cell in notebook.cells if cell.cell_type == "code" for out in cell.outputs]


def html(notebook: nbformat.NotebookNode) -> str:
    return "".join(str(out.get("data", {}).get("text/html", "")) for out in outputs(notebook))


def with_data(notebook: nbformat.NotebookNode, folder: Path) -> nbformat.NotebookNode:
    """The notebook with the one path changed that leads to its log."""
    parameters = notebook.cells[1]
    assert parameters.metadata.tags == ["parameters"]
    parameters.source, changed = re.subn(
        r'DATA_DIR = Path\("[^"]+"\)', f"DATA_DIR = Path({os.fspath(folder)!r})", parameters.source
    )
    assert changed == 1
    return notebook


def fingerprint(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        digest.update(f"{path.relative_to(folder)}\0".encode())
        digest.update(path.read_bytes() if path.is_file() else b"")
    return digest.hexdigest()


def texts(notebook: nbformat.NotebookNode) -> str:
    return "\n".join(
        str(out.get("text") or out.get("data", {}).get("text/plain", ""))
        for out in outputs(notebook)
    )


@pytest.fixture
def execute(tmp_path, monkeypatch):
    """Runs a notebook where it stands; gives it back with its new outputs."""
    # Parts of Jupyter still ask a question that Python now warns about.
    monkeypatch.setenv("PYTHONWARNINGS", "ignore")
    monkeypatch.setenv("JUPYTER_PLATFORM_DIRS", "1")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    # So that figures.py leaves no compiled copy beside the notebooks.
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.setenv("MPLCONFIGDIR", str(tmp_path / "matplotlib"))

    def run(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
        NotebookClient(
            notebook,
            timeout=LIMIT_S,
            kernel_name="python3",
            resources={"metadata": {"path": os.fspath(FOLDER)}},
        ).execute()
        assert not [out for out in outputs(notebook) if out.output_type == "error"]
        return notebook

    return run


@pytest.mark.parametrize("path", [p for p in NOTEBOOKS if p not in ON_SAMPLE], ids=lambda p: p.stem)
def test_it_runs_from_top_to_bottom(path, tmp_path, execute):
    notebook = execute(with_data(read(path), tmp_path))

    assert html(notebook).count("<img ") == html(read(path)).count("<img ")
    assert (tmp_path / "runs.csv").exists()


@pytest.mark.parametrize("path", ON_SAMPLE, ids=lambda path: path.stem)
def test_it_says_the_same_again_of_the_sample_and_leaves_it_alone(path, execute):
    before = fingerprint(SAMPLE)

    notebook = execute(read(path))

    assert texts(notebook) == texts(read(path))
    assert fingerprint(SAMPLE) == before


@pytest.mark.parametrize("path", ON_SAMPLE, ids=lambda path: path.stem)
def test_a_log_without_a_truth_opens_by_changing_one_path(path, tmp_path, execute):
    shutil.copytree(SAMPLE, tmp_path / "log")
    (tmp_path / "log" / "truth.json").unlink()

    notebook = execute(with_data(read(path), tmp_path / "log"))

    assert "True" not in texts(notebook) or path.stem.startswith("06")


@pytest.mark.parametrize("path", ON_SAMPLE, ids=lambda path: path.stem)
def test_it_says_that_the_truth_is_known_and_finds_it(path):
    notebook = read(path)
    last = [cell for cell in notebook.cells if cell.cell_type == "code"][-1]
    found = str(last.outputs[0]["data"]["text/plain"])

    assert "emulated log with a known truth" in notebook.cells[0].source
    assert (
        "the truth" in notebook.cells[0].source.lower()
        or "the set truth" in notebook.cells[0].source
    )
    assert "True" in found
    assert "False" not in found


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
