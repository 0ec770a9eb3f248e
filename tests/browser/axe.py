"""What axe-core finds wrong with a page; it is put in from its package, for no page needs the internet."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

_PACKAGE = find_spec("axe_playwright_python")
needs_axe = pytest.mark.skipif(_PACKAGE is None, reason="axe-core is not installed")


def findings(page: Any, where: str | None = None, *, least_passes: int = 20) -> list[str]:
    """
    Each finding with the element it is about.

    Args:
        where: A selector; by default the whole document.

        least_passes: So many rules must have found something to look at, or it looked at nothing.
    """
    assert _PACKAGE is not None
    assert _PACKAGE.origin is not None
    if not page.evaluate("'axe' in window"):
        page.evaluate(Path(_PACKAGE.origin).with_name("axe.min.js").read_text("utf-8"))
    result = page.evaluate("where => axe.run(where ?? document)", where)
    assert len(result["passes"]) > least_passes
    return [
        f"{violation['id']}: {node['target']}"
        for violation in result["violations"]
        for node in violation["nodes"]
    ]
