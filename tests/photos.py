"""Real photographs that an installed package ships."""

from importlib.util import find_spec
from pathlib import Path


def _folder() -> Path:
    # Found without importing it, which would take seconds.
    spec = find_spec("gradio")
    assert spec is not None
    assert spec.submodule_search_locations
    return Path(next(iter(spec.submodule_search_locations))) / "media_assets" / "images"


PHOTOS = tuple(_folder() / name for name in ("lion.jpg", "tower.jpg", "cheetah1.jpg"))
