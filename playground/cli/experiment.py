"""The command `experiment`: plan, run, watch, steer and report whole plans, for people and for scripts."""

import argparse
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from playground import catalog, pricing
from playground.cli.printing import KEYLESS_PRICES, Bar, print_outlook, print_progress, run_line
from playground.cli.terminal import (
    Exit,
    add_shared,
    check_there,
    open_desk,
    plain,
    print_json,
)
from playground.disk import storage_errors
from playground.errors import InvalidRequestError, PlaygroundError
from playground.experiment.archive import write_archive
from playground.experiment.grid import Grid, grid_of
from playground.experiment.judging import acts_of
from playground.experiment.lab import Lab
from playground.experiment.outlook import TIMED_RUNS, outlook, outlook_json, picture_seconds
from playground.experiment.plan import Plan
from playground.experiment.plan_file import load_plan
from playground.experiment.planning import Wish, plan_of
from playground.experiment.progress import Progress, Standing, progress_json
from playground.experiment.report import report_page
from playground.experiment.sheets import contact_sheets, pair_sheets
from playground.experiment.shelf import FAILURES, Shelf
from playground.experiment.state import Pause
from playground.journal import Journal
from playground.judging.votes import VoteLog
from playground.ratelimit import TIERS
from playground.runlog import RunLog
from playground.runner.desk import Desk
from playground.schema import Origin, RunStatus
from playground.settings import Settings

_EXIT_OF_PAUSE = {
    Pause.PERSON: Exit.STILL_OPEN,
    Pause.BUDGET: Exit.OVER_BUDGET,
    Pause.DAY_CAP: Exit.OVER_BUDGET,
    Pause.PRICE: Exit.OVER_BUDGET,
    Pause.ACCOUNT: Exit.ACCOUNT,
    Pause.STORAGE: Exit.ACCOUNT,
}


def add_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Adds `experiment` and what belongs to it."""
    parser = commands.add_parser("experiment", help="whole plans of comparisons within a budget")
    inner = parser.add_subparsers(required=True, metavar="COMMAND")

    plan = inner.add_parser("plan", help="make a plan and say what it comes to; spends nothing")
    plan.add_argument(
        "file", nargs="?", help="prompts: text, one a line, or .csv; - is standard input"
    )
    plan.add_argument("--prompt", action="append", metavar="TEXT", help="a prompt; may be repeated")
    plan.add_argument("--template", metavar="TEXT", help="a prompt with {{variables}}")
    plan.add_argument("--var", action="append", default=[], metavar="NAME=A,B",
                      help="values of a variable, commas between; may be repeated")  # fmt: skip
    plan.add_argument("--model", action="append", metavar="MODEL",
                      help=f"may be repeated; by default {' and '.join(catalog.DEFAULT_LANES)}")  # fmt: skip
    plan.add_argument("--ratio", action="append", metavar="RATIO",
                      help=f"one of {', '.join(catalog.RATIOS)}; may be repeated; by default 1:1")  # fmt: skip
    plan.add_argument("--resolution", action="append", metavar="1K|2K",
                      help="may be repeated; by default 1K")  # fmt: skip
    plan.add_argument("--ref", action="append", default=[], metavar="FILE|URL",
                      help="a reference sent with every prompt, up to 8 times")  # fmt: skip
    plan.add_argument("--ref-set", action="append", default=[], metavar="NAME=FILE,…",
                      help="a set of references; each prompt is sent with every set; NAME= is none")  # fmt: skip
    plan.add_argument("--repeats", type=int, default=1, metavar=f"1-{catalog.MAX_REPEATS}",
                      help="pictures from each model for each prompt; by default 1")  # fmt: skip
    plan.add_argument("--name", default="", help="what lists and files call it")
    plan.add_argument("--seed", type=int, metavar="N", help="of the drawn order of models")
    plan.add_argument("--budget", type=_usd, metavar="USD", help="say how far that much goes")
    plan.set_defaults(command=_plan)

    run = inner.add_parser("run", help="run a plan, or go on with it; a finished one buys nothing")
    run.add_argument("plan", help="the plan's file, or the experiment's id")
    run.add_argument("--dry-run", action="store_true", help="say what it comes to; spend nothing")
    resume = inner.add_parser("resume", help="go on with a paused one")
    retry = inner.add_parser("retry-failed", help="buy again what failed; the old rows stay")
    retry.add_argument("--unconfirmed", action="store_true",
                       help="also runs that may have been charged; asks for them first")  # fmt: skip
    retry.add_argument("--cancelled", action="store_true", help="also what was given up")
    for each in (run, resume, retry):
        each.add_argument("--budget", type=_usd, metavar="USD", help="the most it may spend in all")
        each.add_argument("--price", type=_usd, metavar="USD",
                          help="counts for a picture whose price is not known")  # fmt: skip
        each.add_argument("--in-flight", type=int, metavar="N", help="comparisons at once")
    run.set_defaults(command=_run)
    resume.set_defaults(command=_resume)
    retry.set_defaults(command=_retry)

    report = inner.add_parser("report", help="one page with everything; a ZIP; pictures as sheets")
    report.add_argument("--html", type=Path, metavar="FILE",
                        help="where the page goes; by default report.html beside the plan")  # fmt: skip
    report.add_argument("--zip", type=Path, metavar="FILE",
                        help="also plan, pictures with provenance, rows and votes")  # fmt: skip
    report.add_argument("--sheets", type=Path, metavar="FOLDER",
                        help="also contact sheets and pair sheets")  # fmt: skip
    report.set_defaults(command=_report)
    status = inner.add_parser("status", help="how far it is")
    pause = inner.add_parser("pause", help="send no more; what is in flight is finished")
    stop = inner.add_parser("stop", help="give up what was not sent")
    listing = inner.add_parser("list", help="every experiment, the newest first")
    status.set_defaults(command=_status)
    pause.set_defaults(command=_pause)
    stop.set_defaults(command=_stop)
    listing.set_defaults(command=_list)
    for each in (resume, retry, report, status, pause, stop):
        each.add_argument("experiment", help="its id")
    for each in (plan, run, resume, retry, report, status, pause, stop, listing):
        add_shared(each)


def _usd(text: str) -> Decimal:
    try:
        amount = Decimal(text.removeprefix("$"))
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or amount < 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no amount in US dollars such as 2.50")
    return amount


# ---- planning ---------------------------------------------------------------------------------


def _plan(options: argparse.Namespace, settings: Settings) -> Exit:
    plan = plan_of(_wish(options), references_dir=settings.data_dir / "references")
    with _shelf(settings) as shelf:
        path = shelf.add(plan)
    today = datetime.now(UTC).date()
    origin = Origin.LIVE if settings.is_live else Origin.EMULATED
    lately = RunLog(settings.data_dir / "runs.csv").recent(TIMED_RUNS)
    view = outlook(
        plan,
        lambda request: pricing.estimate(request, on=today),
        tier=TIERS[settings.rate_group],
        budget_usd=options.budget,
        picture_s=picture_seconds(lately, plan, origin),
    )
    if options.json:
        print_json(
            {
                "plan": str(path),
                "experiment_id": plan.experiment_id,
                "notes": list(plan.notes),
                **outlook_json(view),
            }
        )
    else:
        print_outlook(plan, view)
        if not settings.is_live:
            print(KEYLESS_PRICES)
        print(f"plan: {path}")
        print(f"run it with: {run_line(plan, view, options)}")
    return Exit.DONE


def _wish(options: argparse.Namespace) -> Wish:
    prompts = None if options.prompt is None else "\n".join(options.prompt)
    file = None
    if options.file == "-":
        if prompts is not None:
            raise InvalidRequestError("Give --prompt or -, not both.", field="prompt")
        prompts = sys.stdin.read()
    elif options.file is not None:
        file = Path(options.file)
    sets = dict(_named(each, "--ref-set") for each in options.ref_set)
    if options.ref and sets:
        raise InvalidRequestError(
            "Give --ref, which goes with every prompt, or --ref-set; not both.", field="references"
        )
    if options.ref:
        sets = {"references": options.ref}
    for sources in sets.values():
        check_there(sources)
    return Wish(
        prompts=prompts,
        file=file,
        template=options.template,
        lists=dict(_named(each, "--var") for each in options.var),
        models=options.model or catalog.DEFAULT_LANES,
        ratios=options.ratio or ("1:1",),
        resolutions=options.resolution or ("1K",),
        reference_sets=sets,
        repeats=options.repeats,
        name=options.name,
        seed=options.seed,
    )


def _named(text: str, option: str) -> tuple[str, list[str]]:
    name, sign, values = text.partition("=")
    if not (sign and name.strip()):
        raise InvalidRequestError(
            f"{option} {text!r} has no name. Write it as {option} NAME=A,B.", field=option
        )
    return name.strip(), [value.strip() for value in values.split(",")] if values else []


# ---- running ----------------------------------------------------------------------------------


def _run(options: argparse.Namespace, settings: Settings) -> Exit:
    with _lab(settings) as (lab, desk):
        plan = _find_plan(options.plan, lab.shelf)
        if options.dry_run:
            view = lab.outlook(plan, budget_usd=options.budget, price_usd=options.price)
            if options.json:
                print_json({"experiment_id": plan.experiment_id, **outlook_json(view)})
            else:
                print_outlook(plan, view)
            return Exit.DONE
        path = lab.shelf.add(plan)
        if not options.json:
            view = lab.outlook(plan, budget_usd=options.budget, price_usd=options.price)
            print_outlook(plan, view, file=sys.stderr)
        _order(lab, plan.experiment_id, options)
        return _follow(lab, desk, plan.experiment_id, options, plan=str(path))


def _resume(options: argparse.Namespace, settings: Settings) -> Exit:
    with _lab(settings) as (lab, desk):
        _order(lab, options.experiment, options)
        return _follow(lab, desk, options.experiment, options)


def _retry(options: argparse.Namespace, settings: Settings) -> Exit:
    statuses = [*FAILURES]
    statuses += [RunStatus.UNCONFIRMED] if options.unconfirmed else []
    statuses += [RunStatus.CANCELLED] if options.cancelled else []
    with _lab(settings) as (lab, desk):
        again = lab.shelf.order_retry(options.experiment, statuses=statuses)
        if again:
            _order(lab, options.experiment, options)
        return _follow(lab, desk, options.experiment, options, retried=list(again))


def _order(lab: Lab, experiment_id: str, options: argparse.Namespace) -> None:
    lab.run(
        experiment_id,
        budget_usd=options.budget,
        price_usd=options.price,
        in_flight=options.in_flight,
    )


def _find_plan(told: str, shelf: Shelf) -> Plan:
    if told in shelf.ids():
        return shelf.plan(told)
    return load_plan(Path(told), references_dir=shelf.data_dir / "references")


def _follow(
    lab: Lab, desk: Desk, experiment_id: str, options: argparse.Namespace, **more: Any
) -> Exit:
    """Waits until nothing more happens by itself, tells the progress meanwhile and the end."""
    bar = Bar(is_quiet=options.json)
    try:
        progress = desk.wait_for(lab.wait(experiment_id, watch=bar.show))
    except KeyboardInterrupt:
        if lab.is_run_here(experiment_id):
            lab.shelf.order_pause(experiment_id, note="Its command was interrupted.")
        raise
    bar.end()
    if options.json:
        print_json({**more, **progress_json(progress)})
    else:
        print_progress(progress, options)
    return _exit_of(progress)


def _exit_of(progress: Progress) -> Exit:
    if progress.standing is Standing.PAUSED and progress.why is not None:
        return _EXIT_OF_PAUSE[progress.why]
    if progress.n_unconfirmed or not progress.is_at_rest:
        return Exit.STILL_OPEN
    counts = progress.counts
    return Exit.DONE if counts.n_done == counts.n_planned else Exit.SOME_FAILED


@contextmanager
def _lab(settings: Settings) -> Iterator[tuple[Lab, Desk]]:
    """
    A lab in this program, with the account of the settings, and the desk whose loop it is on.

    Raises:
        PlaygroundError: The account cannot be used.
    """
    with open_desk(settings) as desk:
        account = desk.account(desk.default_account_id)
        if account.problem is not None:
            raise PlaygroundError(account.problem)
        lab = Lab(desk.playground.engine, account_id=account.account_id, is_resident=False)
        desk.wait_for(lab.start())
        try:
            yield lab, desk
        finally:
            desk.wait_for(lab.close())


# ---- watching and steering --------------------------------------------------------------------


@contextmanager
def _shelf(settings: Settings) -> Iterator[Shelf]:
    """What can be told and ordered without an account."""
    journal = Journal.open(settings.data_dir / "journal")
    try:
        yield Shelf(settings.data_dir, RunLog(settings.data_dir / "runs.csv"), journal)
    finally:
        journal.close()


def _status(options: argparse.Namespace, settings: Settings) -> Exit:
    with _shelf(settings) as shelf:
        _tell(shelf.progress(options.experiment), options)
    return Exit.DONE


def _pause(options: argparse.Namespace, settings: Settings) -> Exit:
    with _shelf(settings) as shelf:
        shelf.plan(options.experiment)
        shelf.order_pause(options.experiment)
        _tell(shelf.progress(options.experiment), options)
    return Exit.DONE


def _stop(options: argparse.Namespace, settings: Settings) -> Exit:
    with _shelf(settings) as shelf:
        shelf.plan(options.experiment)
        shelf.order_stop(options.experiment)
        if shelf.is_led(options.experiment):
            _tell(shelf.progress(options.experiment), options)
            return Exit.DONE
        is_over = shelf.progress(options.experiment).is_at_rest
    if is_over:
        return _status(options, settings)
    # Nobody runs it, so what is reserved is given up here.
    with _lab(settings) as (lab, desk):
        lab.stop(options.experiment)
        _follow(lab, desk, options.experiment, options)
    return Exit.DONE


def _list(options: argparse.Namespace, settings: Settings) -> Exit:
    with _shelf(settings) as shelf:
        found = [shelf.progress(experiment_id) for experiment_id in shelf.ids()]
    if options.json:
        print_json([progress_json(progress) for progress in found])
    elif not found:
        print("No experiments yet.")
    else:
        for progress in found:
            counts = progress.counts
            print(
                f"{progress.experiment_id}  {progress.standing:<9}"
                f"{counts.n_done:>6} of {counts.n_planned:<6} "
                f"${progress.money.spent_usd}  {plain(progress.name)}"
            )
    return Exit.DONE


def _tell(progress: Progress, options: argparse.Namespace) -> None:
    if options.json:
        print_json(progress_json(progress))
    else:
        print_progress(progress, options)


# ---- taking it along --------------------------------------------------------------------------


def _report(options: argparse.Namespace, settings: Settings) -> Exit:
    data_dir, made_at = settings.data_dir, datetime.now(UTC)
    with _shelf(settings) as shelf:
        plan = shelf.plan(options.experiment)
        look = shelf.books(options.experiment).look()
        progress = shelf.progress(options.experiment)
        folder = shelf.folder / plan.experiment_id
    votes = acts_of(plan, VoteLog(data_dir / "votes.csv"))
    written = [options.html or folder / "report.html"]
    text = report_page(plan, look, progress, votes, data_dir=data_dir, made_at=made_at)
    with storage_errors(written[0]):
        written[0].write_text(text, encoding="utf-8")
    wanting: tuple[str, ...] = ()
    if options.zip is not None:
        with storage_errors(options.zip), options.zip.open("wb") as file:
            wanting = write_archive(file, plan, look, votes, data_dir=data_dir, with_records=True)
        written.append(options.zip)
    if options.sheets is not None:
        written += _write_sheets(options.sheets, plan.name, grid_of(plan, look), data_dir)
    if options.json:
        print_json({"written": [str(path) for path in written], "wanting": list(wanting)})
    else:
        for path in written:
            print(path)
        for sentence in wanting:
            print(f"note: {plain(sentence)}")
    return Exit.SOME_FAILED if wanting else Exit.DONE


def _write_sheets(folder: Path, name: str, grid: Grid, data_dir: Path) -> list[Path]:
    written = []
    with storage_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for kind, sheets in (("contact", contact_sheets), ("pairs", pair_sheets)):
            for number, data in enumerate(sheets(name, grid, data_dir), start=1):
                path = folder / f"{kind}-{number}.jpg"
                path.write_bytes(data)
                written.append(path)
    return written
