"""The rooms of the house: nothing imports upward, and no library leaves its room."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "playground"

# From the cellar to the roof; a module may import its own floor's other modules only where said.
FLOORS = (
    {"errors", "heap", "markup", "sayings", "schema", "settings"},
    {"catalog", "disk", "identity", "polling", "pricing", "ratelimit", "wire"},
    {"budget", "csvlog", "images", "journal", "lodging", "tenancy"},
    {"judging", "references", "runlog"},
    {"client", "emulator", "history", "provenance", "results"},
    {"export", "hub", "report", "runner"},
    {"experiment"},
    {"cli", "ui"},
)
SAME_FLOOR = {
    ("schema", "errors"),
    ("pricing", "catalog"),
}
LIBRARIES = {
    "gradio": {"ui"},
    "gradio_client": {"ui"},
    "httpx": {"client"},
    "huggingface_hub": {"hub"},
    "httpcore": {"client"},
    "pandas": {
        "csvlog",
        "export",
        "history",
        "judging",
        "provenance",
        "report",
        "results",
        "runlog",
    },
    "numpy": {"csvlog", "emulator", "history", "images", "judging", "provenance", "results"},
    "PIL": {"images", "references", "emulator"},
    "starlette": {"emulator", "ui"},
    "uvicorn": {"emulator"},
    "sqlite3": {"emulator"},
}
# The folders of the screens, from what all share up to the page that holds them.
SCREENS = (
    "texts",
    "",
    "serving",
    "voting",
    "compare",
    "judge",
    "history",
    "experiment",
    "results",
    "api",
)
ASYNC_ROOMS = {"client", "emulator", "experiment", "runner", "ui"}


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def sources() -> Iterator[tuple[str, Path, ast.Module]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        yield room_of(path), path, ast.parse(path.read_text(encoding="utf-8"))


def imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, "imports are written out, not relative"
            yield node.module
            if node.module == "playground":
                yield from (f"playground.{alias.name}" for alias in node.names)


def floor(room: str) -> int:
    return next(height for height, rooms in enumerate(FLOORS) if room in rooms)


def inner_imports() -> Iterator[tuple[str, str, Path]]:
    for room, path, tree in sources():
        for name in imported(tree):
            parts = name.split(".")
            if parts[0] == "playground" and len(parts) > 1 and not parts[1].startswith("__"):
                yield room, parts[1], path


def test_every_module_has_a_floor():
    rooms = {room for room, _, _ in sources()} - {"__init__", "__main__", "config"}

    assert rooms == set().union(*FLOORS)


def test_nothing_imports_upward_or_sideways():
    strays = [
        f"{path.relative_to(ROOT)} imports {target}"
        for room, target, path in inner_imports()
        if room not in {"__init__", "__main__", "config"}
        and target not in {room, "__version__"}
        and not (floor(target) < floor(room) or (room, target) in SAME_FLOOR)
    ]

    assert strays == []


def test_no_screen_imports_one_that_is_built_upon_it():
    strays = []
    for path in sorted((PACKAGE / "ui").rglob("*.py")):
        inside = path.relative_to(PACKAGE / "ui").parts
        if inside in {("__init__.py",), ("typed.py",)}:  # they hold all screens together
            continue
        folder = inside[0] if len(inside) > 1 else ""
        for name in imported(ast.parse(path.read_text(encoding="utf-8"))):
            parts = name.split(".")
            if parts[:2] == ["playground", "ui"] and len(parts) > 2:
                target = parts[2] if (PACKAGE / "ui" / parts[2]).is_dir() else ""
                if SCREENS.index(target) > SCREENS.index(folder):
                    strays.append(f"{path.relative_to(ROOT)} imports {name}")

    assert strays == []


def test_the_environment_is_read_only_by_whoever_starts_the_program():
    strays = {room for room, target, _ in inner_imports() if target == "config"}

    assert strays <= {"__init__", "__main__"}


def test_the_emulator_shares_no_code_with_the_client():
    shared = {
        target for room, target, _ in inner_imports() if room == "emulator" and target != "emulator"
    }

    assert shared == set()


@pytest.mark.parametrize("library", sorted(LIBRARIES))
def test_a_library_stays_in_its_room(library):
    rooms = {
        room for room, _, tree in sources() if library in {n.split(".")[0] for n in imported(tree)}
    }

    assert rooms <= LIBRARIES[library]


def test_async_ends_at_its_rooms():
    rooms = {
        room
        for room, _, tree in sources()
        if any(isinstance(node, ast.AsyncFunctionDef) for node in ast.walk(tree))
    }

    assert rooms <= ASYNC_ROOMS


def test_there_are_no_drawers_for_everything():
    names = {path.stem for path in PACKAGE.rglob("*.py")}

    assert not names & {"utils", "util", "helpers", "helper", "common", "misc", "manager"}
