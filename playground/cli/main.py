"""The command line: compare, resume, balance, runs, verify and experiment, for people and for scripts."""

import argparse
import sys
from collections.abc import Callable, Sequence

from playground import __version__, catalog
from playground.cli import experiment, report
from playground.cli.terminal import Exit, complain, money_text, open_desk, plain, print_json
from playground.errors import (
    BudgetError,
    InvalidRequestError,
    PlaygroundError,
    UnknownPriceError,
)
from playground.runner.result import ComparisonResult, run_json
from playground.runner.views import Phase, RunView
from playground.schema import Run, RunStatus
from playground.settings import Settings

_CLEAR_LINES = "\x1b[{}F\x1b[J"


def main(argv: Sequence[str], *, settings: Callable[[], Settings]) -> int:
    """Runs one command; the exit code is one of `Exit`."""
    options = _parser().parse_args(argv)
    try:
        return int(options.command(options, settings()))
    except UnknownPriceError as exc:
        return complain(f"{exc} Add --accept-unknown-price to buy it all the same.", 3)
    except BudgetError as exc:
        return complain(str(exc), Exit.OVER_BUDGET)
    except InvalidRequestError as exc:
        return complain(str(exc), Exit.BAD_INPUT)
    except PlaygroundError as exc:
        return complain(str(exc), Exit.ACCOUNT)
    except KeyboardInterrupt:
        return complain(
            "Stopped waiting. What was sent is paid for and stays open: `resume` fetches it.",
            Exit.INTERRUPTED,
        )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m playground",
        description="Compare flux-2-flex and flux-2-pro on one prompt. Without TOAPIS_API_KEY the "
        "emulator answers and nothing costs money.",
        epilog="Exit codes: "
        + ", ".join(f"{code.value} {code.name.lower().replace('_', ' ')}" for code in Exit),
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    compare = commands.add_parser("compare", help="one prompt, a picture from each model")
    compare.add_argument("prompt", help="what to draw; - reads it from standard input")
    compare.add_argument(
        "--ref",
        action="append",
        default=[],
        metavar="FILE|URL",
        help="reference picture, up to 8 times, in the order the prompt names them",
    )
    compare.add_argument("--ratio", default="1:1", choices=catalog.RATIOS)
    compare.add_argument("--resolution", default="1K", choices=catalog.RESOLUTIONS)
    compare.add_argument("--repeats", type=int, default=1, metavar=f"1-{catalog.MAX_REPEATS}")
    compare.add_argument(
        "--model",
        action="append",
        metavar="MODEL",
        help=f"a lane; by default {' and '.join(catalog.DEFAULT_LANES)}",
    )
    compare.add_argument("--accept-unknown-price", action="store_true")
    compare.set_defaults(command=_compare)

    resume = commands.add_parser("resume", help="wait for paid tasks that were left open")
    resume.set_defaults(command=_resume)

    balance = commands.add_parser("balance", help="what the account holds, and today's spending")
    balance.set_defaults(command=_balance)

    runs = commands.add_parser("runs", help="the latest runs of the log, newest first")
    runs.add_argument("--last", type=int, default=20, metavar="N")
    runs.set_defaults(command=_runs)

    verify = commands.add_parser("verify", help="whether the log and the picture files still agree")
    verify.set_defaults(command=_verify)

    experiment.add_commands(commands)
    report.add_commands(commands)

    for command in (compare, resume, balance, runs, verify):
        command.add_argument("--json", action="store_true", help="one JSON document, nothing else")
    return parser


def _compare(options: argparse.Namespace, settings: Settings) -> Exit:
    prompt = sys.stdin.read() if options.prompt == "-" else options.prompt
    with open_desk(settings) as desk:
        account = desk.account(desk.default_account_id)
        if account.problem is not None:
            return Exit(complain(account.problem, Exit.ACCOUNT))
        progress = _Progress(is_quiet=options.json)
        result = desk.wait_for(
            desk.playground.compare(
                prompt,
                references=options.ref,
                models=options.model or catalog.DEFAULT_LANES,
                size=options.ratio,
                resolution=options.resolution,
                repeats=options.repeats,
                accept_unknown_price=options.accept_unknown_price,
                watch=progress.show,
            )
        )
    if options.json:
        print_json(result.to_json())
    else:
        _print_result(result)
    wanted = len(result.comparison.lanes) * result.comparison.repeats
    if len(result.runs) < wanted or any(r.status == RunStatus.UNCONFIRMED for r in result.runs):
        return Exit.STILL_OPEN
    return Exit.DONE if result.is_complete else Exit.SOME_FAILED


def _resume(options: argparse.Namespace, settings: Settings) -> Exit:
    with open_desk(settings) as desk:
        progress = _Progress(is_quiet=options.json)
        finished = desk.wait_for(desk.playground.resume(watch=progress.show))
        planned, waiting = _planned_and_others(desk.open_views())
    runs = tuple(view.run for view in finished if view.run is not None)
    if options.json:
        print_json(
            {
                "runs": [run_json(r, _path(r, settings)) for r in runs],
                "still_open": [view.run_id for view in waiting],
                "reserved": [view.run_id for view in planned],
            }
        )
    else:
        for run in runs:
            print(_line(run, settings))
        if not runs:
            print("Nothing was left open." if not waiting else "Nothing could be fetched.")
        for view in waiting:
            print(f"{view.run_id}  still open, needs the key it was bought with")
        for experiment_id in dict.fromkeys(view.experiment_id for view in planned):
            print(f"{experiment_id}  has reserved pictures; `experiment resume` sends them")
    if waiting:
        return Exit.STILL_OPEN
    is_whole = all(run.status == RunStatus.SUCCEEDED for run in runs)
    return Exit.DONE if is_whole else Exit.SOME_FAILED


def _planned_and_others(
    views: Sequence[RunView],
) -> tuple[list[RunView], list[RunView]]:
    """What an experiment has reserved and never sent, and what was sent and is not here yet."""
    planned = [v for v in views if v.experiment_id is not None and v.phase is Phase.WAITING]
    ids = {view.run_id for view in planned}
    return planned, [view for view in views if view.run_id not in ids]


def _balance(options: argparse.Namespace, settings: Settings) -> Exit:
    with open_desk(settings) as desk:
        account = desk.account(desk.default_account_id)
        money = desk.money(account.origin, "cli")
    balance = account.balance
    if options.json:
        print_json(
            {
                "origin": account.origin,
                "host": account.host,
                "credits": None if balance is None else money_text(balance.credits),
                "used_credits": None if balance is None else money_text(balance.used_credits),
                "unlimited": balance is not None and balance.is_unlimited,
                "spent_today_usd": money_text(money.day_usd),
                "day_cap_usd": money_text(money.day_cap_usd),
                "problem": account.problem,
            }
        )
    else:
        credits = "not told"
        if balance is not None and balance.is_unlimited:
            credits = "unlimited"
        elif balance is not None and balance.credits is not None:
            credits = f"{balance.credits} credits"
        cap = "no cap" if money.day_cap_usd is None else f"cap ${money.day_cap_usd}"
        print(f"{account.origin.upper()}  {account.host}")
        print(f"balance      {credits}")
        print(f"spent today  ${money.day_usd} ({cap}, UTC day)")
    if account.problem is not None:
        return Exit(complain(account.problem, Exit.ACCOUNT))
    return Exit.DONE


def _runs(options: argparse.Namespace, settings: Settings) -> Exit:
    from playground.runlog import RunLog

    if options.last < 1:
        raise InvalidRequestError(f"--last is {options.last}; it must be 1 or more.", field="last")
    runs = RunLog(settings.data_dir / "runs.csv").recent(options.last)
    if options.json:
        print_json([run_json(run, _path(run, settings)) for run in runs])
    elif not runs:
        print("No runs yet.")
    else:
        for run in runs:
            print(_line(run, settings))
    return Exit.DONE


def _verify(options: argparse.Namespace, settings: Settings) -> Exit:
    from playground.provenance.verify import verify

    report = verify(settings.data_dir)
    if options.json:
        print_json(report.to_json())
    else:
        for finding in report.findings:
            runs = f"  ({', '.join(finding.run_ids)})" if finding.run_ids else ""
            print(plain(f"{finding.kind:<18} {finding.file}  {finding.sentence}{runs}"))
        print(
            f"{report.n_rows:,} rows, {report.n_files:,} files read ({report.size_bytes / 1e6:,.1f} "
            f"MB): " + ("all as it should be." if report.is_clean else "see above.")
        )
        if report.n_unfinished:
            print(f"{report.n_unfinished} more belong to runs still open; `resume` finishes them.")
    return Exit.DONE if report.is_clean else Exit.SOME_FAILED


class _Progress:
    """What is going on, on standard error: redrawn on a terminal, a line per change elsewhere."""

    def __init__(self, *, is_quiet: bool) -> None:
        self._is_quiet = is_quiet
        self._drawn = 0
        self._told: dict[str, str] = {}

    def show(self, views: tuple[RunView, ...]) -> None:
        if self._is_quiet:
            return
        lines = {view.run_id: _progress_line(view) for view in views}
        if sys.stderr.isatty():
            if self._drawn:
                sys.stderr.write(_CLEAR_LINES.format(self._drawn))
            sys.stderr.write("".join(f"{line}\n" for line in lines.values()))
            self._drawn = len(lines)
        else:
            for run_id, line in lines.items():
                if self._told.get(run_id) != line:
                    sys.stderr.write(f"{line}\n")
            self._told = lines
        sys.stderr.flush()


def _progress_line(view: RunView) -> str:
    words = view.phase.replace("_", " ")
    if view.run is not None:
        words = view.run.status.replace("_", " ")
    elif view.is_detached:
        words = "left open"
    if view.progress_pct is not None and view.phase is Phase.GENERATING:
        words += f" {view.progress_pct:.0f} %"
    note = "" if view.note is None else f"  {plain(view.note)}"
    return f"{view.request.model:<12} #{view.repeat}  {words}{note}"


def _print_result(result: ComparisonResult) -> None:
    if result.is_emulated:
        print("EMULATED: drawn on this machine; no model saw the prompt and no money was spent.")
    for run in result.runs:
        path = result.path(run)
        print(f"{run.model:<12} #{run.repeat}  {_outcome(run)}  {_cost(run)}")
        if path is not None:
            print(f"    {path}")
    total = result.charged_usd
    amount = "not known yet" if total is None else f"${total}"
    print(f"charged in all: {amount}{' (emulated)' if result.is_emulated else ''}")


def _outcome(run: Run) -> str:
    if run.status == RunStatus.SUCCEEDED:
        seconds = "" if run.total_s is None else f"  {run.total_s:.1f} s"
        return f"{run.width_px}×{run.height_px} {run.format}{seconds}"
    said = "" if run.service_message is None else f" The service: {run.service_message}"
    return plain(f"{run.status}: {run.error_message}{said}")


def _cost(run: Run) -> str:
    if run.charged_usd is not None:
        return f"${run.charged_usd} charged"
    if run.status in (RunStatus.REFUSED, RunStatus.CANCELLED):
        return "nothing charged"
    if run.estimate_usd is None:
        return "cost unknown"
    return f"${run.estimate_usd} {run.estimate_kind}, charge not told"


def _line(run: Run, settings: Settings) -> str:
    first = run.prompt.splitlines()[0] if run.prompt.strip() else ""
    prompt = first if len(first) <= 48 else f"{first[:47]}…"
    path = _path(run, settings)
    where = "" if path is None else f"  {path}"
    return (
        f"{run.started_at:%Y-%m-%d %H:%M}  {run.origin:<8}  {run.model:<12}  {run.status:<11}  "
        f"{_cost(run)}  {prompt!r}{where}"
    )


def _path(run: Run, settings: Settings) -> str | None:
    return None if run.file is None else str((settings.data_dir / run.file).resolve())
