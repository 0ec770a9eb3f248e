"""A report on one log or one experiment: the sentence, the checks, the claims and the tables."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from playground.errors import InvalidRequestError
from playground.history.marks import current_marks, load_marks
from playground.judging.votes import load_votes
from playground.report import page
from playground.report.tables import Table, tables_of
from playground.results.checks import Check, checks_of
from playground.results.claims import ClaimCheck, claims_of
from playground.results.evidence import origins_in
from playground.results.scope import NameOf, no_name
from playground.results.sentences import interval_words, short_name
from playground.results.stats import Share
from playground.results.summary import MIN_PROMPTS, Summary, summarise
from playground.results.verdict import Called, Verdict, judge
from playground.runlog import load_runs
from playground.schema import Origin

EMULATED = (
    "Emulated: these pictures were drawn by the built-in emulator, so nothing here says anything "
    "about a model."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything that is told, in the order it is told; `made_at` is UTC."""

    experiment_id: str | None
    made_at: datetime
    summary: Summary
    verdict: Verdict
    checks: tuple[Check, ...]
    claims: tuple[ClaimCheck, ...]
    tables: tuple[Table, ...]

    @property
    def title(self) -> str:
        first, second = map(short_name, self.summary.models)
        about = "" if self.experiment_id is None else f", experiment {self.experiment_id}"
        return f"{first} and {second} compared{about}"

    def to_json(self) -> dict[str, Any]:
        """Plain types only; shares lie within 0 and 1, unknown is null."""
        summary, counts = self.summary, self.summary.tally
        ratio = summary.time_ratio
        difference = summary.charged.difference
        return {
            "origin": str(summary.origin),
            "experiment_id": self.experiment_id,
            "made_at": self.made_at.isoformat(),
            "models": list(summary.models),
            "verdict": {
                "kind": str(self.verdict.kind),
                "sentence": self.verdict.sentence,
                "called_before": _called(self.verdict.called_before),
            },
            "votes": {
                "n_votes": counts.n_votes,
                "n_prompts": counts.n_prompts,
                "wins_first": counts.losses,
                "wins_second": counts.wins,
                "n_both_bad": counts.n_both_bad,
                "share_second": _share(counts.sequence),
                "share_second_read_once": _share(counts.share),
                "e_value_log": counts.e.log_value,
            },
            "seconds": {
                "ratio_second_to_first": None if ratio is None else ratio.estimate,
                "low": None if ratio is None else ratio.low,
                "high": None if ratio is None else ratio.high,
                "n_pairs": 0 if ratio is None else ratio.n,
                "median_s": {each.model: each.median_s for each in summary.times},
            },
            "money": {
                "charged_usd": {
                    each.model: _text(each.charged_usd if each.n_charged else None)
                    for each in summary.money
                },
                "usd_per_win": {
                    model: _text(each.usd)
                    for model, each in zip(summary.models, summary.cost_per_win, strict=True)
                },
                "second_minus_first_usd": None if difference is None else difference.estimate,
            },
            "checks": [
                {"kind": str(c.kind), "outcome": str(c.outcome), "says": c.sentence}
                for c in self.checks
            ],
            "claims": [
                {"words": c.claim.words, "outcome": str(c.outcome), "n": c.n, "says": c.sentence}
                for c in self.claims
            ],
            "tables": [
                {"title": t.title, "columns": list(t.columns), "rows": [list(r) for r in t.rows]}
                for t in self.tables
            ],
        }


def report_of(summary: Summary, *, experiment_id: str | None = None, made_at: datetime) -> Report:
    """The report on a summary; its numbers are those of `summarise` and `judge` and no others."""
    verdict = judge(summary)
    return Report(
        experiment_id=experiment_id,
        made_at=made_at,
        summary=summary,
        verdict=verdict,
        checks=checks_of(summary, verdict),
        claims=claims_of(summary),
        tables=tables_of(summary),
    )


def report_on(
    data_dir: Path,
    *,
    origin: Origin | None = None,
    experiment_id: str | None = None,
    name_of: NameOf = no_name,
    made_at: datetime,
) -> Report:
    """
    The report on a data folder.

    Args:
        origin: Without one, live if there is any live run, else emulated; never both together.

        name_of: What the maker of an experiment named it.

    Raises:
        InvalidRequestError: There is no such experiment in the log.
        StorageError: A log cannot be read.
    """
    runs = load_runs(data_dir / "runs.csv")
    scoped = runs
    if experiment_id is not None:
        scoped = runs[(runs["experiment_id"] == experiment_id).fillna(False)]
        if scoped.empty:
            raise InvalidRequestError(
                f"No run of an experiment {experiment_id!r} is in {data_dir / 'runs.csv'}.",
                field="experiment",
            )
    if origin is None:
        origin = Origin.LIVE if Origin.LIVE in origins_in(scoped) else Origin.EMULATED
    summary = summarise(
        runs,
        load_votes(data_dir / "votes.csv"),
        origin=origin,
        experiment_id=experiment_id,
        marks=current_marks(load_marks(data_dir / "marks.csv")),
        name_of=name_of,
    )
    return report_of(summary, experiment_id=experiment_id, made_at=made_at)


def report_html(report: Report) -> str:
    """The report as one page that needs nothing beside it."""
    summary = report.summary
    first, second = map(short_name, summary.models)
    share = summary.tally.sequence
    bar = None
    if share is not None and share.n >= MIN_PROMPTS:
        words = f"{share.wins} of {share.n} for {second}, {interval_words(share)}"
        bar = page.interval_bar(
            share.low, share.estimate, share.high, left=first, right=second, words=words
        )
    return page.page(
        report.title,
        page.sentence(report.verdict.sentence, class_="verdict"),
        bar,
        page.checks(report.checks),
        page.claims(report.claims),
        *(page.table(each) for each in report.tables),
        page.sentence(f"Made {report.made_at:%Y-%m-%d %H:%M} UTC.", class_="note"),
        notice=EMULATED if summary.origin is Origin.EMULATED else None,
    )


def _called(before: Called | None) -> dict[str, Any] | None:
    if before is None:
        return None
    return {"model": before.model, "n_votes": before.n_votes, "e_value_log": before.e.log_value}


def _share(share: Share | None) -> dict[str, Any] | None:
    if share is None:
        return None
    return {
        "wins": share.wins,
        "n": share.n,
        "estimate": share.estimate,
        "low": share.low,
        "high": share.high,
        "level": share.level,
        "method": str(share.method),
    }


def _text(value: Decimal | None) -> str | None:
    return None if value is None else str(value)
