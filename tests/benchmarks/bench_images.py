"""What checking, keeping and shrinking a picture costs beside plain Pillow open and load of the same file.

Run: python -m tests.benchmarks.bench_images
"""

import importlib.util
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from playground.images import containers, keep, measure, thumbnail
from playground.images.decoding import decode, read_picture_file
from playground.images.measurement import difference_hash
from playground.references import prepare_reference

_SIZES = ((1024, 1024), (3640, 2048))
_FORMATS: tuple[tuple[str, dict[str, int]], ...] = (
    ("PNG", {}),
    ("JPEG", {"quality": 92}),
    ("WEBP", {"quality": 90}),
)
_ROUNDS = 7


def best_ms(work: Callable[[], object], rounds: int = _ROUNDS) -> float:
    times = []
    for _ in range(rounds):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return min(times) * 1000


def photo(size: tuple[int, int]) -> Image.Image:
    """A real photograph, enlarged; Gradio brings one."""
    spec = importlib.util.find_spec("gradio")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    path = Path(spec.submodule_search_locations[0]) / "media_assets/images/tower.jpg"
    with Image.open(path) as image:
        return image.convert("RGB").resize(size, Image.Resampling.LANCZOS)


def plain_load(path: Path) -> None:
    with Image.open(path) as image:
        image.load()


def kept_again(data: bytes, folder: Path) -> float:
    """Milliseconds of one keep() of new bytes, writing the .part file not counted."""
    times = []
    for number in range(_ROUNDS):
        part = folder / f"{number}.part"
        part.write_bytes(data)
        started = time.perf_counter()
        final, _ = keep(part, folder / "kept", f"run-{number}")
        times.append(time.perf_counter() - started)
        final.unlink()
    return min(times) * 1000


def drawn_again(path: Path, folder: Path) -> float:
    times = []
    for _ in range(_ROUNDS):
        started = time.perf_counter()
        small = thumbnail(path, folder)
        times.append(time.perf_counter() - started)
        small.unlink()
    return min(times) * 1000


def row(path: Path, folder: Path) -> str:
    data = read_picture_file(path)
    image = decode(data)
    figures = (
        best_ms(lambda: plain_load(path)),
        best_ms(lambda: decode(read_picture_file(path))),
        best_ms(lambda: difference_hash(image)),
        best_ms(lambda: measure(path)),
        kept_again(data, folder),
        drawn_again(path, folder / "small"),
        best_ms(lambda: containers.without_metadata(data)),
        best_ms(lambda: prepare_reference(data, name=path.name, folder=folder / "references")),
    )
    size = f"{image.width}×{image.height}"
    return f"{path.suffix[1:]:5}{size:>11}{len(data):>10}" + "".join(f"{f:11.2f}" for f in figures)


def main() -> None:
    names = "plain load", "decode", "dhash", "measure", "keep", "thumbnail", "splice", "reference"
    print(f"best of {_ROUNDS}, milliseconds")
    print(f"{'':5}{'pixels':>11}{'bytes':>10}" + "".join(f"{name:>11}" for name in names))
    with tempfile.TemporaryDirectory() as name:
        for size in _SIZES:
            for format_, options in _FORMATS:
                path = Path(name) / f"{size[0]}.{format_.lower()}"
                photo(size).save(path, format_, **options)
                print(row(path, Path(name)))


if __name__ == "__main__":
    main()
