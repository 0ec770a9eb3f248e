"""The commands `report` and `export`: what the log says, and the log as open files."""

import argparse
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from playground.cli.terminal import Exit, add_shared, plain, print_json
from playground.disk import storage_errors
from playground.errors import InvalidRequestError
from playground.experiment.names import PlanNames
from playground.export import PARQUET_PACKAGE, export, has_parquet
from playground.report.document import Report, report_html, report_on
from playground.report.tables import Table
from playground.schema import Origin
from playground.settings import Settings

_WIDEST = 60


def add_commands(commands: Any) -> None:
    """Adds `report` and `export` to the commands."""
    report = commands.add_parser("report", help="what the votes, seconds and money of a log say")
    report.add_argument("--html", type=Path, metavar="FILE", help="also one self-contained page")
    report.set_defaults(command=_report)
    export_ = commands.add_parser("export", help="runs, votes and pictures as a dataset's folder")
    export_.add_argument("--to", type=Path, required=True, metavar="FOLDER", help="a new folder")
    export_.set_defaults(command=_export)
    for command in (report, export_):
        command.add_argument("--experiment", metavar="ID", help="only its runs")
        command.add_argument("--origin", choices=[str(origin) for origin in Origin],
                             help="only pictures of the real service, or of the emulator")  # fmt: skip
        add_shared(command)


def _report(options: argparse.Namespace, settings: Settings) -> Exit:
    data_dir = _logged(settings)
    report = report_on(
        data_dir,
        origin=_origin(options),
        experiment_id=options.experiment,
        name_of=PlanNames(data_dir).name_of,
        made_at=datetime.now(UTC),
    )
    if options.html is not None:
        with storage_errors(options.html):
            options.html.write_text(report_html(report), encoding="utf-8")
    if options.json:
        print_json(report.to_json())
    else:
        _print_report(report)
        if options.html is not None:
            print(f"\nwritten: {options.html}")
    return Exit.DONE


def _export(options: argparse.Namespace, settings: Settings) -> Exit:
    exported = export(
        _logged(settings),
        options.to,
        origin=_origin(options),
        experiment_id=options.experiment,
        as_parquet=has_parquet(),
    )
    if options.json:
        print_json(exported.to_json())
    else:
        for sentence in exported.wanting:
            print(plain(sentence))
        if exported.format == "csv":
            print(f"Written as CSV; for Parquet install the package {PARQUET_PACKAGE}.")
        print(
            f"{exported.folder}: {exported.n_runs:,} runs, {exported.n_votes:,} acts of voting, "
            f"{exported.n_pictures:,} pictures ({exported.size_bytes / 1e6:,.1f} MB)."
        )
    return Exit.SOME_FAILED if exported.wanting else Exit.DONE


def _logged(settings: Settings) -> Path:
    """
    The data folder that is meant.

    Raises:
        InvalidRequestError: It is not there, or nothing was ever logged in it.
    """
    folder = settings.data_dir
    if not folder.is_dir():
        raise InvalidRequestError(f"There is no folder {folder}.", field="data")
    if not (folder / "runs.csv").is_file():
        raise InvalidRequestError(
            f"There is no runs.csv in {folder}: nothing was run there yet. Name another data "
            "folder with --data.",
            field="data",
        )
    return folder


def _origin(options: argparse.Namespace) -> Origin | None:
    return None if options.origin is None else Origin(options.origin)


def _print_report(report: Report) -> None:
    print(plain(report.title))
    print(f"\n{plain(report.verdict.sentence.replace('**', ''))}\n\nCan you trust this?")
    for check in report.checks:
        print(f"  {check.outcome:<8} {plain(check.sentence)}")
    print("\nWhat the vendor says")
    for claim in report.claims:
        print(f"  {plain(claim.sentence)}")
    for table in report.tables:
        print(f"\n{table.title}")
        _print_table(table)


def _print_table(table: Table) -> None:
    rows = [[_short(cell) for cell in row] for row in (table.columns, *table.rows)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        print(f"  {'  '.join(cells)}".rstrip())
    if table.note is not None:
        print(f"  {plain(table.note)}")


def _short(cell: str) -> str:
    words = plain(cell)
    return words if len(words) <= _WIDEST else f"{words[: _WIDEST - 1]}…"
