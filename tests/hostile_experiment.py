"""An experiment in which everything anybody typed is hostile: its plan, its rows with pictures, a vote, its page."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from playground.experiment.books import Look
from playground.experiment.plan import Plan, ReferenceSet, Settings, make_plan
from playground.experiment.progress import progress_of
from playground.experiment.report import report_page
from playground.experiment.state import Orders, Wanted
from playground.experiment.templates import FilledPrompts, PlannedPrompt
from playground.judging.pairs import comparison_pairs
from playground.judging.votes import VoteLog
from playground.references import prepare_reference
from playground.schema import Answer, Vote
from tests.judging_rig import a_ballot, a_picture, a_run, failed, keep_picture, log_runs
from tests.photos import PHOTOS

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
HOSTILE = (
    "<script>window.pwned=1</script>\"'><img src=x onerror=alert(1)>",
    "</style></main>&amp;\u202eevil ${x} {{y}} \x00 javascript:alert(1)",
    "**bold** <b>not</b> 日本語 🙂 " + "long" * 300,
)


def hostile_experiment(data_dir: Path) -> tuple[Plan, Look, tuple[Vote, ...], Path]:
    """A plan of hostile prompts, two repeats, its rows with pictures, one failed, one vote."""
    photo = prepare_reference(PHOTOS[0], name="<i>x", folder=data_dir / "references")
    prompts = tuple(
        PlannedPrompt(text=text.replace("\x00", ""), source="t", tags=("<u>tag",))
        for text in HOSTILE
    )
    plan = make_plan(
        FilledPrompts(prompts=prompts),
        Settings(repeats=2, reference_sets=(ReferenceSet(name="<b>set", references=(photo,)),)),
        name="<script>name</script>",
        app_version="0.1.0",
        at=NOON,
        seed=3,
    )
    runs = []
    for number, planned in enumerate(plan.comparisons):
        for lane, ids in enumerate(planned.run_ids, start=1):
            for repeat, run_id in enumerate(ids, start=1):
                run = a_run(
                    number + 1, lane, repeat,
                    run_id=run_id, comparison_id=planned.comparison_id, file=f"pictures/{run_id}.png",
                    experiment_id=plan.experiment_id, prompt=prompts[planned.prompt].text, size="1:1",
                    total_s=4.25, reference_count=1, reference_sha256=photo.sha256,
                    reference_urls="https://example.org/x",
                )  # fmt: skip
                runs.append(keep_picture(data_dir, run, a_picture(seed=len(runs))))
    runs[0] = replace(
        failed(runs[0]),
        file=None,
        error_message="<script>e</script>",
        service_message="<svg/onload=1>",
    )
    log_runs(data_dir, runs)
    votes = VoteLog(data_dir / "votes.csv")
    (pair, *_) = comparison_pairs(runs[4:8])
    ballot = a_ballot(votes, pair)
    ballot.cast(Answer.A_BETTER, at=NOON, note="<script>vote</script>")
    return (
        plan,
        Look(rows=tuple(runs), open_runs=()),
        votes.votes_of(runs[4].comparison_id),
        data_dir,
    )


def page_of(plan, look, votes, data_dir) -> str:
    progress = progress_of(plan, look, Orders(wanted=Wanted.FINISHED), now=NOON)
    return report_page(plan, look, progress, votes, data_dir=data_dir, made_at=NOON)
