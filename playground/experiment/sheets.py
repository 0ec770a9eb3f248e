"""An experiment's pictures on paper: contact sheets with everything small, pair sheets to look at side by side."""

from collections.abc import Iterator
from pathlib import Path

from playground.experiment.grid import Cell, Column, Grid, Shot
from playground.images.sheets import Strip, Tile, sheet_jpeg, strips_per_sheet
from playground.provenance.verify import file_inside
from playground.schema import Run

CONTACT_PX = 200
PAIR_PX = 640


def contact_sheets(name: str, grid: Grid, data_dir: Path) -> Iterator[bytes]:
    """One JPEG after the other: a strip for each prompt, a tile for each picture of it."""
    strips = [
        Strip(
            label=f"{line.prompt + 1}. {line.text}",
            tiles=tuple(
                _tile(shot, column, data_dir)
                for column, cell in zip(grid.columns, line.cells, strict=True)
                for shot in cell.shots
            ),
        )
        for line in grid.lines
    ]
    yield from _sheets(name, strips, tile_px=CONTACT_PX)


def pair_sheets(name: str, grid: Grid, data_dir: Path) -> Iterator[bytes]:
    """One JPEG after the other: a strip for each prompt, variant and repeat, the lanes side by side."""
    strips = []
    for line in grid.lines:
        for group in _by_comparison(grid, line.cells):
            for number in range(len(group[0][1].shots)):
                strips.append(
                    Strip(
                        label=_label(line.prompt, line.text, group[0][0], number),
                        tiles=tuple(
                            _tile(cell.shots[number], column, data_dir) for column, cell in group
                        ),
                    )
                )
    yield from _sheets(name, strips, tile_px=PAIR_PX)


def _by_comparison(grid: Grid, cells: tuple[Cell, ...]) -> list[list[tuple[Column, Cell]]]:
    groups: dict[str, list[tuple[Column, Cell]]] = {}
    for column, cell in zip(grid.columns, cells, strict=True):
        groups.setdefault(cell.comparison_id, []).append((column, cell))
    return list(groups.values())


def _label(prompt: int, text: str, column: Column, number: int) -> str:
    variant = column.variant
    return f"{prompt + 1}. {variant.ratio} {variant.resolution} #{number + 1}  {text}"


def _tile(shot: Shot, column: Column, data_dir: Path) -> Tile:
    run = shot.run
    path = None if run is None or run.file is None else file_inside(data_dir, run.file)
    said = [column.model, f"{column.variant.ratio} {column.variant.resolution} #{shot.repeat}"]
    if path is None:
        said.append(shot.state if run is None or not run.error_kind else run.error_kind)
    elif run is not None:
        said += _figures(run)
    return Tile(path=path, caption=" · ".join(said))


def _figures(run: Run) -> list[str]:
    told = [] if run.total_s is None else [f"{run.total_s:.1f} s"]
    if run.charged_usd is not None:
        told.append(f"${run.charged_usd}")
    elif run.estimate_usd is not None:
        told.append(f"${run.estimate_usd} estimated")
    return [*told, *(["emulated"] if run.origin == "emulated" else [])]


def _sheets(name: str, strips: list[Strip], *, tile_px: int) -> Iterator[bytes]:
    if not strips:
        return
    step = strips_per_sheet(max(len(strip.tiles) for strip in strips), tile_px=tile_px)
    n_sheets = -(-len(strips) // step)
    for number in range(n_sheets):
        title = name if n_sheets == 1 else f"{name} ({number + 1} of {n_sheets})"
        yield sheet_jpeg(title, strips[number * step : (number + 1) * step], tile_px=tile_px)
