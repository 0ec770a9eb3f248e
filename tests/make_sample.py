"""
Makes the sample log of the notebooks, `notebooks/sample`: emulated pictures, and votes of known truth.

    python -m tests.make_sample

Nothing in it says anything about a model: the pictures are drawn on this machine, the seconds are
drawn from the laws below, and the votes are thrown by a voter whose preference is set here. The
same seed gives the same rows, votes and charges; seconds are measured, and differ.
"""

import argparse
import asyncio
import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any

import anyio
import numpy as np
import pandas as pd

from playground import Playground, open_playground
from playground.emulator import EmulatorServer, EmulatorSettings, Fault
from playground.emulator.drawing import PictureSpec, draw
from playground.emulator.laws import LatencyLaw
from playground.history.marks import MarkLog
from playground.images import measure
from playground.images.storage import write_whole
from playground.images.thumbnails import inline_jpeg
from playground.judging.pairs import pairs_of, repeat_pairs_of
from playground.judging.synthetic import SyntheticVoter
from playground.judging.votes import VoteLog
from playground.references import prepare_reference
from playground.runlog import RunLog, load_runs
from playground.runner.kit import Patience
from playground.runner.views import Phase
from playground.schema import Comparison, PairKind, Reference, Run, Vote
from playground.settings import Settings
from tests.sample_prompts import EDITS, FAULTY, PLAIN, REFERENCES, SUBJECTS

SAMPLE = Path(__file__).resolve().parent.parent / "notebooks" / "sample"
SEED = 20_260
FLEX, PRO = "flux-2-flex", "flux-2-pro"
THUMBNAIL_PX = 120

# ---- the truth ----------------------------------------------------------------------------------

FLEX_SHARE = 0.75  # of decisive votes, in the experiment of plain prompts
LIKENESS = 0.2  # how alike the votes on repeats of one prompt are
TIES, BOTH_BAD = 0.08, 0.04
# Seconds: log-normal between these 5 % and 95 % points, so pro takes 1.5 times as long.
LAWS = {FLEX: LatencyLaw(p5_s=8.0, p95_s=14.0), PRO: LatencyLaw(p5_s=12.0, p95_s=21.0)}
TIME_RATIO = 1.5
PRO_MINUS_FLEX_USD = -0.045  # by the emulator's prices
# Wording: a prompt's share for pro is WORDING_SHARE, plus its subject's own leaning, plus this.
WORDING_SHARE, LEANING = 0.48, 0.12
WORDING_SHIFTS = {"lettering": 0.36, "style": 0.0}
SHARE_ALONE, SHARE_WITH_REFERENCE = 0.85, 0.40
NEITHER = 0.08  # ties, in the wording and the reference experiments

WORDINGS = {
    "lettering": {"none": "", "sign": ", with a sign that reads “OPEN LATE”"},
    "style": {"photograph": "A photograph of ", "oil painting": "An oil painting of "},
}
EXPERIMENTS = ("plain", "wording", "references")
VOTER = "voter_synthetic"
REPEATED_EVERY, N_REPEATS = 6, 3
N_SWAPPED, N_SAME_MODEL = 10, 12
KEY = "sk-emulator-no-real-money"


def truth() -> dict[str, Any]:
    """What every interval of the notebooks is to hold; written beside the log."""
    decisive = 1 - NEITHER
    net = (2 * FLEX_SHARE - 1) * (1 - TIES - BOTH_BAD)
    return {
        "seed": SEED,
        "experiments": {name: an_id("exp", name) for name in EXPERIMENTS},
        "flex_share": FLEX_SHARE,
        "likeness_of_repeats": LIKENESS,
        "pro_net_share": round(-net, 6),
        "pro_over_flex_seconds": TIME_RATIO,
        "pro_minus_flex_usd": PRO_MINUS_FLEX_USD,
        "break_even_usd": round(-PRO_MINUS_FLEX_USD / net, 6),
        "wording_effects_on_net": {
            name: round(2 * shift * decisive, 6) for name, shift in WORDING_SHIFTS.items()
        },
        "reference_effect_on_net": round(2 * (SHARE_WITH_REFERENCE - SHARE_ALONE) * decisive, 6),
        "unchanged_edits": 0,
    }


def an_id(prefix: str, *parts: object) -> str:
    """The same id for the same parts, and shaped as every other."""
    text = " ".join(map(str, (SEED, prefix, *parts)))
    return f"{prefix}_{hashlib.sha256(text.encode()).hexdigest()[:32]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A comparison with its tags and the voter's share for pro."""

    comparison: Comparison
    tags: tuple[str, ...] = ()
    share: float | None = None
    fault: Fault | None = None


def a_comparison(experiment: str, number: int, prompt: str, **more: Any) -> Comparison:
    repeats = more.get("repeats", 1)
    return Comparison(
        comparison_id=an_id("cmp", experiment, number),
        experiment_id=an_id("exp", experiment),
        prompt=prompt,
        lanes=(FLEX, PRO),
        run_ids={
            (lane, repeat): an_id("run", experiment, number, lane, repeat)
            for lane in (1, 2)
            for repeat in range(1, repeats + 1)
        },
        lane_order=(1, 2) if number % 2 else (2, 1),
        **more,
    )


def plain_trials(n: int) -> list[Trial]:
    return [
        Trial(
            comparison=a_comparison(
                "plain", number, prompt, repeats=1 if number % REPEATED_EVERY else N_REPEATS
            )
        )
        for number, prompt in enumerate(PLAIN[:n])
    ]


def faulty_trials() -> list[Trial]:
    return [
        Trial(
            comparison=a_comparison("plain", len(PLAIN) + number, prompt),
            fault=Fault(at=at, kind=kind, model=model, times=1, is_charged=False),
        )
        for number, (prompt, at, kind, model) in enumerate(FAULTY)
    ]


def wording_trials(n: int) -> list[Trial]:
    leanings = np.random.default_rng(SEED).uniform(-LEANING, LEANING, len(SUBJECTS))
    leanings -= leanings.mean()
    trials = []
    for place, subject in enumerate(SUBJECTS[:n]):
        for lettering, style in product(WORDINGS["lettering"], WORDINGS["style"]):
            prompt = WORDINGS["style"][style] + subject + WORDINGS["lettering"][lettering]
            shift = WORDING_SHIFTS["lettering"] * (lettering == "sign")
            shift += WORDING_SHIFTS["style"] * (style == "oil painting")
            trials.append(
                Trial(
                    comparison=a_comparison("wording", len(trials), prompt),
                    tags=(f"subject: {subject}", f"lettering: {lettering}", f"style: {style}"),
                    share=float(WORDING_SHARE + leanings[place] + shift),
                )
            )
    return trials


def reference_trials(references: Sequence[Reference], n: int) -> list[Trial]:
    trials = []
    for place, motif in enumerate(EDITS[:n]):
        for sent in ((), (references[place % len(references)],)):
            trials.append(
                Trial(
                    comparison=a_comparison("references", len(trials), motif, references=sent),
                    tags=(f"motif: {motif}", f"reference: {'one' if sent else 'none'}"),
                    share=SHARE_WITH_REFERENCE if sent else SHARE_ALONE,
                )
            )
    return trials


# ---- buying -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """How much of the sample is made, and how fast; the pictures of a small one are plain."""

    n_plain: int = len(PLAIN)
    n_subjects: int = len(SUBJECTS)
    n_edits: int = len(EDITS)
    speed: float = 1.0  # of the plain prompts and the failures, whose seconds are read
    speed_unread: float = 12.0
    # Few enough that no picture waits for its turn to be drawn, which would be counted as seconds.
    n_at_once: int = 4
    is_drawn: bool = True


SMALL = Scale(
    n_plain=9,
    n_subjects=1,
    n_edits=1,
    speed=100.0,
    speed_unread=100.0,
    n_at_once=20,
    is_drawn=False,
)


async def buy(data_dir: Path, trials: Sequence[Trial], *, speed: float, scale: Scale) -> None:
    """Every picture of these trials, a few comparisons at once; those with a fault begun one by one."""
    service = EmulatorSettings(
        data_dir=data_dir / "emulator",
        speed=speed,
        laws=LAWS,
        seed=SEED,
        picture="drawn" if scale.is_drawn else "plain",
        drawing_threads=2,
    )
    patience = Patience()
    if any(trial.fault is not None for trial in trials):
        # Of a task that is stuck; the real patience is longer than a day.
        give_up_s = 60.0 / speed + 6.0
        patience = Patience(look_up_moments_s=(0.5, 1.0, 2.0), give_up_s=give_up_s)
    with EmulatorServer(service) as server:
        settings = Settings(
            data_dir=data_dir,
            api_key=KEY,
            base_url=server.url,
            session_cap_usd=None,
            day_cap_usd=None,
            warn_usd=None,
            rate_group="svip",
        )
        async with open_playground(settings, patience=patience) as playground:
            gate = asyncio.Semaphore(scale.n_at_once)
            async with anyio.create_task_group() as group:
                for trial in trials:
                    await gate.acquire()
                    if trial.fault is not None:
                        server.emulator.faults.replace([trial.fault])
                    group.start_soon(buy_one, playground, trial, gate)
                    while trial.fault is not None and not is_answered(playground, trial):
                        await asyncio.sleep(0.01)


def is_answered(playground: Playground, trial: Trial) -> bool:
    """Whether each paid request has had its fate, so that the next fault cannot strike it."""
    views = playground.engine.views(trial.comparison.comparison_id)
    return bool(views) and all(
        view.phase not in (Phase.PREPARING, Phase.WAITING, Phase.SENDING) for view in views
    )


async def buy_one(playground: Playground, trial: Trial, gate: asyncio.Semaphore) -> None:
    try:
        views = await playground.engine.begin(
            trial.comparison, account_id=playground.account.account_id, session_id="sample"
        )
        await playground.wait(views)
    finally:
        gate.release()


def drawn_references(folder: Path, playground_dir: Path) -> list[Reference]:
    """The three pictures that are sent as references, drawn by the emulator as well."""
    folder.mkdir(parents=True, exist_ok=True)
    prepared = []
    for number, prompt in enumerate(REFERENCES):
        spec = PictureSpec(
            model=FLEX,
            prompt=prompt,
            width=320,
            height=320,
            references=(),
            seed=SEED + number,
            label="",
        )
        path = folder / f"reference-{number}.jpg"
        path.write_bytes(draw(spec, image_format="jpeg"))
        prepared.append(
            prepare_reference(path, name=path.name, folder=playground_dir / "references")
        )
    return prepared


# ---- voting -------------------------------------------------------------------------------------


def votes_on(runs: pd.DataFrame, trials: Iterable[Trial], *, at: datetime) -> list[Vote]:
    """All verdicts, in the order they were given: plain prompts, wordings, references, checks."""
    pairs = pairs_of(runs)
    plain = pairs[pairs["experiment_id"] == an_id("exp", "plain")]
    # In the order of the ids, so that it does not matter which comparison ended first.
    plain = plain.sort_values(["comparison_id", "run_1"])
    voter = SyntheticVoter(
        model=FLEX,
        share=FLEX_SHARE,
        tie_share=TIES,
        both_bad_share=BOTH_BAD,
        spread=LIKENESS,
        voter_id=VOTER,
        seed=SEED,
    )
    first = voter.votes(plain, at=at)
    frames = [first]
    for number, trial in enumerate(trials):
        if trial.share is not None:
            comparison_id = trial.comparison.comparison_id
            one = SyntheticVoter(
                model=PRO,
                share=trial.share,
                tie_share=NEITHER,
                voter_id=VOTER,
                seed=int(comparison_id[-8:], 16),
            )
            own = pairs[pairs["comparison_id"] == comparison_id]
            frames.append(one.votes(own, at=at + timedelta(hours=1, seconds=10 * number)))
    again = first.iloc[:N_SWAPPED][["run_1", "run_2", "draw"]]
    swapped = plain.merge(again, on=["run_1", "run_2"]).assign(pair_kind=str(PairKind.SWAPPED))
    twins = repeat_pairs_of(runs).sort_values(["comparison_id", "run_1", "run_2"])
    for number, checks in enumerate((swapped, twins.iloc[::2].head(N_SAME_MODEL))):
        frames.append(
            replace(voter, seed=SEED + 1 + number).votes(
                checks, at=at + timedelta(hours=2 + number)
            )
        )
    names = [each.name for each in fields(Vote)]
    return [
        Vote(**{n: None if pd.isna(row[n]) else row[n] for n in names})
        for frame in frames
        for row in frame.to_dict("records")
    ]


# ---- keeping ------------------------------------------------------------------------------------


def shrunk(run: Run, source: Path, target: Path) -> Run:
    """The run with a thumbnail in place of its picture, and a row that tells of the thumbnail."""
    if run.file is None:
        return run
    file = str(Path(run.file).with_suffix(".jpg"))
    write_whole(target / file, inline_jpeg(source / run.file, max_px=THUMBNAIL_PX))
    picture = measure(target / file)
    return replace(
        run,
        file=file,
        sha256=picture.sha256,
        format=picture.format,
        width_px=picture.width_px,
        height_px=picture.height_px,
        size_bytes=picture.size_bytes,
        dhash=picture.dhash,
    )


def make_sample(target: Path, scale: Scale) -> None:
    """Makes the sample anew in `target`, which is replaced when all of it is there."""
    with tempfile.TemporaryDirectory() as folder:
        work, done = Path(folder) / "work", Path(folder) / "sample"
        references = drawn_references(Path(folder) / "drawn", work)
        read = plain_trials(scale.n_plain)
        unread = wording_trials(scale.n_subjects) + reference_trials(references, scale.n_edits)
        asyncio.run(buy(work, read, speed=scale.speed, scale=scale))
        asyncio.run(buy(work, faulty_trials(), speed=scale.speed, scale=scale))
        asyncio.run(buy(work, unread, speed=scale.speed_unread, scale=scale))
        old = RunLog(work / "runs.csv")
        runs = RunLog(done / "runs.csv")
        for run in reversed(old.recent(len(old))):
            runs.append(shrunk(run, work, done))
        shutil.copytree(work / "references", done / "references")
        frame = load_runs(done / "runs.csv")
        at = frame["finished_at"].max().to_pydatetime()
        votes = VoteLog(done / "votes.csv")
        for vote in votes_on(frame, unread, at=at):
            votes.append(vote)
        marks = MarkLog(done / "marks.csv")
        for trial in unread:
            for tag in trial.tags:
                marks.tag(trial.comparison.comparison_id, tag, is_on=True, at=at)
        told = json.dumps(truth(), indent=2) + "\n"
        (done / "truth.json").write_text(told, encoding="utf-8")
        (done / "README.md").write_text(README, encoding="utf-8")
        for lock in done.rglob("*.lock"):
            lock.unlink()
        if target.exists():
            shutil.rmtree(target)
        shutil.copytree(done, target)


README = """# Sample log

Emulated, with a known truth; it says nothing about any model. `python -m tests.make_sample` makes it anew.

- The pictures were drawn by this project's emulator and then shrunk to thumbnails; each row tells of its thumbnail.
- Seconds come from two laws that were set so that one model takes 1.5 times as long as the other.
- The seed is one with which every interval of the notebooks holds its truth. About one in twenty intervals misses by chance; how often they do is tested on thousands of other seeds.
- Votes were thrown by a synthetic voter. What was set for it stands in `truth.json`, so that every analysis can be held against the truth.
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").strip().splitlines()[0])
    parser.add_argument("--to", type=Path, default=SAMPLE, help="folder; replaced")
    make_sample(parser.parse_args().to, Scale())


if __name__ == "__main__":
    main()
