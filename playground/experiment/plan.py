"""The plan of an experiment: every picture with its ids and its turn fixed before the first is bought."""

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from playground import catalog
from playground.errors import InvalidPlanError, InvalidRequestError, PlanProblem
from playground.experiment.templates import FilledPrompts, PlannedPrompt
from playground.identity import new_comparison_id, new_experiment_id, new_run_id
from playground.sayings import said, words_of
from playground.schema import Comparison, Reference, Request

MAX_PICTURES = 10_000
MAX_LANES = 4
MAX_NAME_CHARACTERS = 80
_SEEDS = 2**32
_ID = re.compile(r"[a-z]{3}_[0-9a-f]{20,40}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceSet:
    """The references sent with a prompt, by a name; none at all is a set too."""

    name: str
    references: tuple[Reference, ...] = ()


NO_REFERENCES = ReferenceSet(name="no references")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What every prompt of a plan is crossed with, in the order that was given."""

    models: tuple[str, ...] = catalog.DEFAULT_LANES  # a lane each; one twice is an A/A test
    ratios: tuple[str, ...] = ("1:1",)
    resolutions: tuple[str, ...] = ("1K",)
    reference_sets: tuple[ReferenceSet, ...] = (NO_REFERENCES,)
    repeats: int = 1

    @property
    def n_variants(self) -> int:
        """Comparisons of one prompt."""
        return len(self.ratios) * len(self.resolutions) * len(self.reference_sets)


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """What a prompt is sent with, besides the model."""

    ratio: str
    resolution: str
    reference_set: int  # its place in the settings, from 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedComparison:
    """One prompt in one variant: a picture from each lane and repeat, under ids fixed here."""

    comparison_id: str
    prompt: int  # its place in the plan, from 0
    variant: Variant
    lane_order: tuple[int, ...]  # drawn at random: in which the lanes are sent
    run_ids: tuple[tuple[str, ...], ...]  # by lane, then by repeat


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """An experiment before it is run. `notes` says what its maker should know."""

    experiment_id: str
    name: str
    created_at: datetime
    app_version: str
    seed: int  # of the order of lanes
    settings: Settings
    prompts: tuple[PlannedPrompt, ...]
    comparisons: tuple[PlannedComparison, ...]
    notes: tuple[str, ...] = ()

    @property
    def n_pictures(self) -> int:
        return len(self.comparisons) * len(self.settings.models) * self.settings.repeats

    def comparison(self, planned: PlannedComparison, *, owner_id: str | None = None) -> Comparison:
        """What the engine buys for one of the plan's comparisons."""
        variant = planned.variant
        return Comparison(
            comparison_id=planned.comparison_id,
            prompt=self.prompts[planned.prompt].text,
            lanes=self.settings.models,
            size=variant.ratio,
            resolution=variant.resolution,
            references=self.settings.reference_sets[variant.reference_set].references,
            repeats=self.settings.repeats,
            experiment_id=self.experiment_id,
            owner_id=owner_id,
            run_ids={
                (lane, repeat): run_id
                for lane, ids in enumerate(planned.run_ids, start=1)
                for repeat, run_id in enumerate(ids, start=1)
            },
            lane_order=planned.lane_order,
        )

    def run_ids(self) -> Iterator[str]:
        """Every planned picture's id, in plan order."""
        for planned in self.comparisons:
            for ids in planned.run_ids:
                yield from ids


def make_plan(
    filled: FilledPrompts,
    settings: Settings,
    *,
    name: str = "",
    app_version: str,
    at: datetime,
    seed: int | None = None,
) -> Plan:
    """
    The plan with its ids and its drawn order of lanes.

    Comparisons stand prompt by prompt, so that a budget that ends early leaves whole prompts.
    Which lane is sent first is drawn in blocks: within as many comparisons as there are lanes
    each lane stands in each place once, so drifts of the service fall on all models alike.

    Raises:
        InvalidPlanError: Every place where something would be refused.
    """
    problems = list(setting_problems(settings))
    n_pictures = len(filled.prompts) * settings.n_variants * len(settings.models) * settings.repeats
    if not problems and n_pictures > MAX_PICTURES:
        problems.append(
            PlanProblem(
                message=said(
                    "{n_prompts:,} prompts × {n_models} models × {n_variants} variants × {repeats} "
                    "repeats are {n_pictures:,} pictures; the limit is {max_pictures:,}. Split the "
                    "plan.",
                    n_prompts=len(filled.prompts),
                    n_models=len(settings.models),
                    n_variants=settings.n_variants,
                    repeats=settings.repeats,
                    n_pictures=n_pictures,
                    max_pictures=MAX_PICTURES,
                )
            )
        )
    if not problems:
        problems += prompt_problems(filled.prompts, settings)
    if len(name) > MAX_NAME_CHARACTERS:
        problems.append(
            PlanProblem(
                source="name",
                message=said(
                    "It has {n_name} characters; the limit is {max_name_characters}.",
                    n_name=len(name),
                    max_name_characters=MAX_NAME_CHARACTERS,
                ),
            )
        )
    if problems:
        raise InvalidPlanError(problems)
    drawn = random.SystemRandom().randrange(_SEEDS) if seed is None else seed
    orders = _lane_orders(len(settings.models), random.Random(drawn))
    comparisons = tuple(
        PlannedComparison(
            comparison_id=new_comparison_id(),
            prompt=prompt,
            variant=variant,
            lane_order=next(orders),
            run_ids=tuple(
                tuple(new_run_id() for _ in range(settings.repeats)) for _ in settings.models
            ),
        )
        for prompt in range(len(filled.prompts))
        for variant in variants(settings)
    )
    notes = list(filled.notes)
    if len(set(settings.models)) < len(settings.models):
        notes.append(
            said("A model stands in two lanes: their pairs test the voter, not the models.")
        )
    return Plan(
        experiment_id=new_experiment_id(),
        name=name.strip() or f"{at:%Y-%m-%d %H:%M} UTC",
        created_at=at,
        app_version=app_version,
        seed=drawn,
        settings=settings,
        prompts=filled.prompts,
        comparisons=comparisons,
        notes=tuple(notes),
    )


def renewed(plan: Plan) -> Plan:
    """The same plan under ids that nobody has used: another experiment, none of its pictures bought."""
    return replace(
        plan,
        experiment_id=new_experiment_id(),
        comparisons=tuple(
            replace(
                each,
                comparison_id=new_comparison_id(),
                run_ids=tuple(tuple(new_run_id() for _ in ids) for ids in each.run_ids),
            )
            for each in plan.comparisons
        ),
    )


def variants(settings: Settings) -> Iterator[Variant]:
    """In the order in which each prompt has them."""
    return (
        Variant(ratio=ratio, resolution=resolution, reference_set=number)
        for ratio in settings.ratios
        for resolution in settings.resolutions
        for number in range(len(settings.reference_sets))
    )


def setting_problems(settings: Settings) -> Iterator[PlanProblem]:
    """What is wrong with the settings, whatever the prompts."""
    axes: tuple[tuple[str, Sequence[str], Sequence[str]], ...] = (
        ("model", settings.models, tuple(catalog.MODELS)),
        ("ratio", settings.ratios, catalog.RATIOS),
        ("resolution", settings.resolutions, catalog.RESOLUTIONS),
    )
    for name, values, known in axes:
        if not values:
            yield PlanProblem(
                source=name,
                message=said("Choose at least one of: {known}.", known=", ".join(known)),
            )
        for value in dict.fromkeys(values):
            if value not in known:
                yield PlanProblem(
                    source=name,
                    message=said(
                        "There is no {name} {value!r}. Choose among: {known}.",
                        name=name,
                        value=value,
                        known=", ".join(known),
                    ),
                )
            elif name != "model" and values.count(value) > 1:
                yield PlanProblem(
                    source=name, message=said("{value} is listed twice. List it once.", value=value)
                )
    if len(settings.models) > MAX_LANES:
        yield PlanProblem(
            source="model",
            message=said(
                "{n_models} lanes were asked for; the limit is {max_lanes}.",
                n_models=len(settings.models),
                max_lanes=MAX_LANES,
            ),
        )
    if not 1 <= settings.repeats <= catalog.MAX_REPEATS:
        yield PlanProblem(
            source="repeats",
            message=said(
                "{repeats} repeats were asked for; choose 1 to {max_repeats}.",
                repeats=settings.repeats,
                max_repeats=catalog.MAX_REPEATS,
            ),
        )
    if not settings.reference_sets:
        yield PlanProblem(source="references", message=said("Give a set, or the empty one."))
    names = [each.name for each in settings.reference_sets]
    for name in dict.fromkeys(names):
        if names.count(name) > 1:
            yield PlanProblem(
                source="references",
                message=said("Two sets are called {name!r}. Rename one.", name=name),
            )


def prompt_problems(prompts: Sequence[PlannedPrompt], settings: Settings) -> Iterator[PlanProblem]:
    """What the service would refuse: each set of references once, each prompt once."""
    for each in settings.reference_sets:
        told = _refusal(settings, "x", each.references)
        if told is not None:
            yield PlanProblem(source=said("references, set {name!r}", name=each.name), message=told)
            return
    for prompt in prompts:
        told = _refusal(settings, prompt.text, ())
        if told is not None:
            yield PlanProblem(source=prompt.source, line=prompt.line, message=told)


def _refusal(settings: Settings, prompt: str, references: tuple[Reference, ...]) -> str | None:
    for model in dict.fromkeys(settings.models):
        for ratio in settings.ratios:
            for resolution in settings.resolutions:
                request = Request(
                    model=model,
                    prompt=prompt,
                    size=ratio,
                    resolution=resolution,
                    references=references,
                )
                try:
                    catalog.check(request)
                except InvalidRequestError as exc:
                    return words_of(exc)
    return None


def is_id(text: object, prefix: str) -> bool:
    """Whether it is one of our ids of that kind, and so harmless as the name of a folder."""
    return isinstance(text, str) and text.startswith(f"{prefix}_") and bool(_ID.fullmatch(text))


def _lane_orders(n_lanes: int, rng: random.Random) -> Iterator[tuple[int, ...]]:
    while True:
        lanes = rng.sample(range(1, n_lanes + 1), n_lanes)
        turns = rng.sample(range(n_lanes), n_lanes)
        for turn in turns:
            yield tuple(lanes[turn:] + lanes[:turn])
