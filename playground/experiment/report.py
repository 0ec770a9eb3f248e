"""An experiment as one page that opens anywhere: what was found, what it cost, and every pair with its votes."""

import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from playground import images
from playground.errors import PictureError, StorageError
from playground.experiment.books import Look
from playground.experiment.grid import Column, Grid, Line, Shot, ShotState, grid_of
from playground.experiment.plan import Plan
from playground.experiment.progress import Money, Progress
from playground.markup import Child, Markup, el
from playground.provenance.verify import file_inside
from playground.report import page
from playground.report.document import EMULATED, report_on
from playground.report.tables import Table
from playground.schema import Answer, Origin, PairKind, Run, Vote

PICTURE_PX = 420
MANY_PICTURES = 400  # from then on they are inlined smaller, so that the page still opens
MANY_PICTURE_PX = 240

_STYLE = """
body { max-width: 75rem; }
.pair { border-top: 1px solid var(--line); padding: 1rem 0; break-inside: avoid; }
.pair h3 { font-size: 1rem; font-weight: 600; margin: 0 0 .5rem; white-space: pre-wrap; overflow-wrap: anywhere; }
.lanes { display: grid; grid-template-columns: repeat(auto-fill, minmax(14rem, 1fr)); gap: .8rem; }
figure { margin: 0; min-width: 0; }
figure img { display: block; width: 100%; height: auto; }
figure .none { background: var(--soft); padding: 2rem .8rem; overflow-wrap: anywhere; }
figcaption { font-size: .85rem; margin-top: .3rem; }
.won { color: light-dark(#1d6f47, #7fd3a5); font-weight: 600; }
.votes { font-size: .85rem; margin: .4rem 0 0; padding: 0; list-style: none; }
.facts { display: flex; flex-wrap: wrap; gap: .3rem 1.5rem; font-size: .9rem; }
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Voices:
    """Who voted, by a number in place of their id."""

    number_of: Mapping[str, int]
    by_pair: Mapping[str, Sequence[Vote]]  # by comparison


def report_page(
    plan: Plan,
    look: Look,
    progress: Progress,
    votes: Sequence[Vote],
    *,
    data_dir: Path,
    made_at: datetime,
) -> str:
    """
    The report as HTML: pictures inline, nothing fetched, no script, light and dark, fit to print.

    The sentence, the checks and the tables are those of `playground.report` for this experiment.

    Args:
        votes: Every act of all voters on its comparisons, in the order they were done.

    Raises:
        StorageError: A log cannot be read.
    """
    grid = grid_of(plan, look)
    n_pictures = sum(run.file is not None for run in look.rows)
    max_px = PICTURE_PX if n_pictures < MANY_PICTURES else MANY_PICTURE_PX
    voices = _voices(votes)
    is_emulated = any(run.origin == Origin.EMULATED for run in look.rows)
    return page.page(
        f"Experiment: {plan.name}",
        el("style", Markup(_STYLE)),
        *_findings(plan, look, data_dir, made_at),
        page.table(_progress_table(progress)),
        page.table(_money_table(progress.money)),
        page.section("How it was planned", _plan_facts(plan)),
        page.section(
            "The pairs",
            *(pair for line in grid.lines for pair in _pairs(grid, line, voices, data_dir, max_px)),
        ),
        page.sentence(f"Made {made_at:%Y-%m-%d %H:%M} UTC.", class_="note"),
        notice=EMULATED if is_emulated else None,
    )


def _findings(plan: Plan, look: Look, data_dir: Path, made_at: datetime) -> Iterator[Child]:
    """The verdict sentence and what it rests on; nothing where nothing has ended."""
    if not look.rows:
        yield page.sentence("Nothing has been run yet.", class_="verdict")
        return
    report = report_on(data_dir, experiment_id=plan.experiment_id, made_at=made_at)
    yield page.sentence(report.verdict.sentence, class_="verdict")
    yield page.checks(report.checks)
    yield page.claims(report.claims)
    for table in report.tables:
        yield page.table(table)


def _progress_table(progress: Progress) -> Table:
    return Table(
        title="Progress",
        columns=("model", "planned", "done", "failed", "given up", "open", "spent"),
        rows=tuple(
            (
                each.model,
                str(each.counts.n_planned),
                str(each.counts.n_done),
                str(each.counts.n_failed),
                str(each.counts.n_cancelled),
                str(each.counts.n_running + each.counts.n_reserved + each.counts.n_waiting),
                f"${each.spent_usd}",
            )
            for each in progress.models
        ),
        note=f"The experiment is {progress.standing}."
        + ("" if not progress.n_retries else f" {progress.n_retries} were bought again."),
    )


def _money_table(money: Money) -> Table:
    account = "not known" if money.account_usd is None else f"${money.account_usd}"
    rest = "not known" if money.unexplained_usd is None else f"${money.unexplained_usd}"
    told = f"${money.charged_usd}"
    if money.n_charge_unknown:
        told += f", and {money.n_charge_unknown} runs whose charge nobody told"
    return Table(
        title="Estimated, charged, reconciled",
        columns=("what", "amount"),
        rows=(
            ("estimated before", f"${money.estimated_usd}"),
            ("charged, as the service told run by run", told),
            ("by the account's balance, before and after", account),
            ("of that unexplained by the charges", rest),
        ),
        note="What else was bought with the account meanwhile is in the last line.",
    )


def _plan_facts(plan: Plan) -> Markup:
    settings = plan.settings
    facts = (
        ("experiment", plan.experiment_id),
        ("planned", f"{plan.created_at:%Y-%m-%d %H:%M}"),
        ("prompts", str(len(plan.prompts))),
        ("models", ", ".join(settings.models)),
        ("ratios", ", ".join(settings.ratios)),
        ("resolutions", ", ".join(settings.resolutions)),
        ("references", ", ".join(each.name for each in settings.reference_sets)),
        ("repeats", str(settings.repeats)),
        ("seed of the order", str(plan.seed)),
    )
    return el(
        "div", *(el("span", el("strong", f"{name} "), value) for name, value in facts),
        class_="facts",
    )  # fmt: skip


def _pairs(
    grid: Grid, line: Line, voices: _Voices, data_dir: Path, max_px: int
) -> Iterator[Markup]:
    """One block for each variant of a prompt: all lanes and repeats, and what was said of them."""
    groups: dict[str, list[tuple[Column, Shot]]] = {}
    for column, cell in zip(grid.columns, line.cells, strict=True):
        for shot in cell.shots:
            groups.setdefault(cell.comparison_id, []).append((column, shot))
    for comparison_id, shots in groups.items():
        variant = shots[0][0].variant
        acts = voices.by_pair.get(comparison_id, ())
        winners = [vote.winner_run_id for vote in acts]
        tags = "" if not line.tags else f" · {', '.join(line.tags)}"
        ordered = sorted(shots, key=lambda item: (item[1].repeat, item[0].lane))
        yield el(
            "article",
            el("h3", f"{line.prompt + 1}. {line.text}"),
            el("p", f"{variant.ratio} · {variant.resolution}{tags}", class_="note"),
            el(
                "div",
                *(
                    _figure(column, shot, winners.count(shot.run_id), data_dir, max_px)
                    for column, shot in ordered
                ),
                class_="lanes",
            ),
            el("ul", *(_vote(vote, voices) for vote in acts), class_="votes") if acts else None,
            class_="pair",
        )


def _figure(column: Column, shot: Shot, n_wins: int, data_dir: Path, max_px: int) -> Markup:
    picture = _inline(shot.run, data_dir, max_px)
    said: list[Child] = [el("strong", column.model), f" #{shot.repeat}"]
    if shot.run is not None:
        said += [f" · {word}" for word in _figures(shot.run)]
    if n_wins:
        said.append(el("span", f" · preferred {n_wins}×", class_="won"))
    if picture is None:
        return el("figure", el("div", _reason(shot), class_="none"), el("figcaption", *said))
    image = el("img", src=picture, alt=f"{column.model}, picture {shot.repeat}", loading="lazy")
    return el("figure", image, el("figcaption", *said))


def _inline(run: Run | None, data_dir: Path, max_px: int) -> str | None:
    path = None if run is None or run.file is None else file_inside(data_dir, run.file)
    if path is None:
        return None
    try:
        small = images.inline_jpeg(path, max_px=max_px)
    except (PictureError, StorageError):
        return None
    return f"data:image/jpeg;base64,{base64.b64encode(small).decode('ascii')}"


def _reason(shot: Shot) -> str:
    run = shot.run
    if shot.state is ShotState.DONE:
        return "The picture's file is gone or damaged."
    if run is None or shot.state in (ShotState.RUNNING, ShotState.RESERVED):
        return {
            ShotState.WAITING: "Not sent: the budget ends before it.",
            ShotState.RESERVED: "Not sent yet.",
            ShotState.RUNNING: "Under way.",
        }[shot.state]
    service = "" if run.service_message is None else f" The service: {run.service_message}"
    return f"{run.status}: {run.error_message or run.error_kind or 'no reason told'}{service}"


def _figures(run: Run) -> Iterator[str]:
    if run.width_px is not None:
        yield f"{run.width_px}×{run.height_px}"
    if run.total_s is not None:
        yield f"{run.total_s:.1f} s"
    if run.charged_usd is not None:
        yield f"${run.charged_usd} charged"
    elif run.estimate_usd is not None:
        yield f"${run.estimate_usd} {run.estimate_kind}"


def _voices(votes: Sequence[Vote]) -> _Voices:
    standing: dict[tuple[str, str, str, str], Vote] = {}
    for vote in votes:
        if vote.pair_kind != PairKind.MODELS:
            continue
        pair = (vote.comparison_id, vote.voter_id, vote.run_1, vote.run_2)
        if vote.answer == Answer.WITHDRAWN:
            standing.pop(pair, None)
        elif Answer(vote.answer).is_verdict:
            standing[pair] = vote
    by_pair: dict[str, list[Vote]] = {}
    number_of: dict[str, int] = {}
    for vote in standing.values():
        by_pair.setdefault(vote.comparison_id, []).append(vote)
        number_of.setdefault(vote.voter_id, len(number_of) + 1)
    return _Voices(number_of=number_of, by_pair=by_pair)


def _vote(vote: Vote, voices: _Voices) -> Markup:
    answers = {Answer.TIE: "tie", Answer.BOTH_BAD: "both bad"}
    said = answers.get(Answer(vote.answer)) or f"{vote.winner_model} better"
    words = [f"voter {voices.number_of[vote.voter_id]}: {said}"]
    words.append("blind" if vote.is_blind else "not blind")
    if vote.reasons:
        words.append(", ".join(word.replace("_", " and ") for word in vote.reasons.split()))
    if vote.note:
        words.append(f"“{vote.note}”")
    return el("li", " · ".join(words))
