"""A plan as a file that people can read and share: `plan.json`, its references by hash, and back."""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from playground import disk
from playground.errors import (
    InvalidPlanError,
    InvalidRequestError,
    PlanProblem,
    StorageError,
    UnusableReferenceError,
)
from playground.experiment.plan import (
    MAX_LANES,
    MAX_NAME_CHARACTERS,
    MAX_PICTURES,
    Plan,
    PlannedComparison,
    ReferenceSet,
    Settings,
    Variant,
    is_id,
    prompt_problems,
    setting_problems,
)
from playground.experiment.templates import PlannedPrompt
from playground.references import MIME_TYPES, prepare_reference, url_reference
from playground.sayings import said
from playground.schema import Reference

FORMAT = "flux-playground/experiment/1"
MAX_PLAN_BYTES = 100_000_000
PLAN_NAME = "plan.json"
REFERENCES = "references"

_FORMAT_NAME = re.compile(r"flux-playground/experiment/(\d+)")
_SHA256 = re.compile(r"[0-9a-f]{64}")


def plan_bytes(plan: Plan) -> bytes:
    """The plan as UTF-8 JSON: a line for each prompt and each comparison."""
    settings = plan.settings
    head = {
        "format": FORMAT,
        "experiment_id": plan.experiment_id,
        "name": plan.name,
        "created_at": plan.created_at.isoformat(),
        "app_version": plan.app_version,
        "seed": plan.seed,
        "models": list(settings.models),
        "ratios": list(settings.ratios),
        "resolutions": list(settings.resolutions),
        "repeats": settings.repeats,
        "reference_sets": [
            {"name": each.name, "references": [_reference_json(r) for r in each.references]}
            for each in settings.reference_sets
        ],
        "notes": list(plan.notes),
    }
    prompts = [
        {
            "prompt": prompt.text,
            "source": prompt.source,
            "line": prompt.line,
            "values": dict(prompt.values),
            "tags": list(prompt.tags),
        }
        for prompt in plan.prompts
    ]
    comparisons = [
        {
            "comparison_id": each.comparison_id,
            "prompt": each.prompt,
            "ratio": each.variant.ratio,
            "resolution": each.variant.resolution,
            "references": each.variant.reference_set,
            "lane_order": list(each.lane_order),
            "run_ids": [list(ids) for ids in each.run_ids],
        }
        for each in plan.comparisons
    ]
    body = json.dumps(head, ensure_ascii=False, indent=2).removesuffix("\n}")
    text = f'{body},\n  "prompts": {_lines(prompts)},\n  "comparisons": {_lines(comparisons)}\n}}\n'
    return text.encode(errors="backslashreplace")


def _lines(entries: Iterable[Mapping[str, Any]]) -> str:
    return "[\n    " + ",\n    ".join(json.dumps(e, ensure_ascii=False) for e in entries) + "\n  ]"


def save_plan(plan: Plan, folder: Path) -> Path:
    """
    Writes `plan.json` into the experiment's folder, which is made; the same again changes nothing.

    Raises:
        InvalidPlanError: Another plan of that id stands there.
        StorageError: The disk refused.
    """
    path, data = folder / PLAN_NAME, plan_bytes(plan)
    with disk.storage_errors(path):
        disk.make_private_folder(folder)
        with disk.locked(folder / "lock"):
            if path.exists():
                if path.read_bytes() != data:
                    raise InvalidPlanError(
                        [
                            PlanProblem(
                                source=str(path),
                                message=said(
                                    "Another plan with the id {experiment_id} is there already. Run that one, or "
                                    "plan anew.",
                                    experiment_id=plan.experiment_id,
                                ),
                            )
                        ]
                    )
                return path
            disk.replace_file(path, [data])
    return path


def load_plan(
    path: Path, *, references_dir: Path, may_use: Callable[[str], bool] = lambda _sha256: True
) -> Plan:
    """
    The plan of a file, checked as if a stranger had written it.

    References are looked for by their hash in `references_dir`, then in `references` beside the
    file, from where they are copied.

    Args:
        may_use: Whether the reference of that hash may be used; one that may not is as good as
            missing.

    Raises:
        InvalidPlanError: It is no plan, a newer one, or something in it is wrong; says where.
        StorageError: It cannot be read.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_PLAN_BYTES + 1)
    except FileNotFoundError as exc:
        raise _wrong(path.name, said("There is no such file. Check its name and folder.")) from exc
    except OSError as exc:
        raise StorageError(
            said("{path} cannot be read ({strerror}).", path=path, strerror=exc.strerror or exc)
        ) from exc
    if len(data) > MAX_PLAN_BYTES:
        raise _wrong(
            path.name,
            said(
                "It has more than {max_plan_bytes:,} bytes, so it is no plan.",
                max_plan_bytes=MAX_PLAN_BYTES,
            ),
        )
    try:
        document = json.loads(data.decode("utf-8-sig"))
    except json.JSONDecodeError as exc:
        raise InvalidPlanError(
            [
                PlanProblem(
                    source=path.name,
                    line=exc.lineno,
                    column=exc.colno,
                    message=said(
                        "This is not JSON ({msg}). A plan is made by `experiment plan`.",
                        msg=exc.msg,
                    ),
                )
            ]
        ) from exc
    except (UnicodeDecodeError, RecursionError) as exc:
        raise _wrong(path.name, said("It is not a plan: not JSON in UTF-8.")) from exc
    folders = (references_dir, path.parent / REFERENCES)
    return _Reader(path.name, folders, may_use).plan(document)


def _wrong(source: str, message: str) -> InvalidPlanError:
    return InvalidPlanError([PlanProblem(source=source, message=message)])


def _reference_json(reference: Reference) -> dict[str, Any]:
    if reference.sha256 is None:
        return {"name": reference.name, "url": reference.url}
    suffix = "" if reference.path is None else reference.path.suffix
    return {"name": reference.name, "sha256": reference.sha256, "file": reference.sha256 + suffix}


class _Reader:
    """Takes a plan apart, field by field; every failure names the field."""

    def __init__(
        self, source: str, folders: Sequence[Path], may_use: Callable[[str], bool]
    ) -> None:
        self._source = source
        self._folders = folders
        self._may_use = may_use

    def plan(self, told: Any) -> Plan:
        if not isinstance(told, dict):
            raise _wrong(
                self._source, said("It is not a plan. A plan is made by `experiment plan`.")
            )
        self._check_format(told.get("format"))
        settings = Settings(
            models=self._words(told, "models"),
            ratios=self._words(told, "ratios"),
            resolutions=self._words(told, "resolutions"),
            reference_sets=tuple(
                self._reference_set(each, f"reference_sets[{number}]")
                for number, each in enumerate(self._list(told, "reference_sets"))
            ),
            repeats=self._number(told, "repeats"),
        )
        prompts = tuple(
            self._prompt(each, f"prompts[{number}]")
            for number, each in enumerate(self._list(told, "prompts"))
        )
        problems = [*setting_problems(settings)]
        if not problems:
            problems += prompt_problems(prompts, settings)
        if problems:
            raise InvalidPlanError(problems)
        comparisons = tuple(
            self._comparison(each, f"comparisons[{number}]", settings, len(prompts))
            for number, each in enumerate(self._list(told, "comparisons"))
        )
        plan = Plan(
            experiment_id=self._id(told, "experiment_id", "exp"),
            name=self._word(told, "name")[:MAX_NAME_CHARACTERS],
            created_at=self._time(told, "created_at"),
            app_version=self._word(told, "app_version"),
            seed=self._number(told, "seed"),
            settings=settings,
            prompts=prompts,
            comparisons=comparisons,
            notes=self._words(told, "notes"),
        )
        self._check_whole(plan)
        return plan

    def _check_format(self, told: Any) -> None:
        known = _FORMAT_NAME.fullmatch(told) if isinstance(told, str) else None
        if known is None:
            raise self._no("format", "It is not a plan of this app.")
        if told != FORMAT:
            raise self._no("format", f"{told} is newer than this app. Update the app.")

    def _check_whole(self, plan: Plan) -> None:
        if not plan.comparisons:
            raise self._no("comparisons", "The plan is empty. Plan anew.")
        if plan.n_pictures > MAX_PICTURES:
            raise self._no(
                "comparisons", f"{plan.n_pictures:,} pictures; the limit is {MAX_PICTURES:,}."
            )
        run_ids = list(plan.run_ids())
        comparison_ids = [each.comparison_id for each in plan.comparisons]
        for ids in (run_ids, comparison_ids):
            if len(set(ids)) < len(ids):
                raise self._no("comparisons", "An id stands there twice. Plan anew.")

    def _comparison(
        self, told: Any, where: str, settings: Settings, n_prompts: int
    ) -> PlannedComparison:
        each = self._object(told, where)
        variant = Variant(
            ratio=self._among(each, "ratio", settings.ratios, where),
            resolution=self._among(each, "resolution", settings.resolutions, where),
            reference_set=self._place(each, "references", len(settings.reference_sets), where),
        )
        order = self._list(each, "lane_order", where)
        if (
            sorted(o for o in order if isinstance(o, int)) != [*range(1, len(settings.models) + 1)]
            or len(order) > MAX_LANES
        ):
            raise self._no(f"{where}.lane_order", "It must hold every lane once, from 1.")
        run_ids = self._list(each, "run_ids", where)
        is_whole = len(run_ids) == len(settings.models) and all(
            isinstance(ids, list)
            and len(ids) == settings.repeats
            and all(is_id(run_id, "run") for run_id in ids)
            for ids in run_ids
        )
        if not is_whole:
            raise self._no(f"{where}.run_ids", "It must hold an id for every lane and repeat.")
        return PlannedComparison(
            comparison_id=self._id(each, "comparison_id", "cmp", where),
            prompt=self._place(each, "prompt", n_prompts, where),
            variant=variant,
            lane_order=tuple(order),
            run_ids=tuple(map(tuple, run_ids)),
        )

    def _prompt(self, told: Any, where: str) -> PlannedPrompt:
        each = self._object(told, where)
        values = self._object(each.get("values", {}), f"{where}.values")
        line = each.get("line")
        return PlannedPrompt(
            text=self._word(each, "prompt", where),
            source=self._word(each, "source", where),
            line=line if isinstance(line, int) else None,
            values=tuple((name, str(value)) for name, value in values.items()),
            tags=self._words(each, "tags", where),
        )

    # ---- references -----------------------------------------------------------------------

    def _reference_set(self, told: Any, where: str) -> ReferenceSet:
        each = self._object(told, where)
        return ReferenceSet(
            name=self._word(each, "name", where),
            references=tuple(
                self._reference(reference, f"{where}.references[{number}]")
                for number, reference in enumerate(self._list(each, "references", where))
            ),
        )

    def _reference(self, told: Any, where: str) -> Reference:
        each = self._object(told, where)
        name = self._word(each, "name", where)
        if "url" in each:
            try:
                return url_reference(self._word(each, "url", where), name=name)
            except UnusableReferenceError as exc:
                raise self._no(f"{where}.url", str(exc)) from exc
        sha256 = each.get("sha256")
        if not isinstance(sha256, str) or not _SHA256.fullmatch(sha256):
            raise self._no(f"{where}.sha256", "It must be 64 hex digits.")
        for folder in self._folders if self._may_use(sha256) else ():
            for ending in MIME_TYPES:
                path = folder / f"{sha256}{ending}"
                if path.is_file():
                    return self._kept(path, name, sha256, where)
        raise self._no(
            where,
            f"The reference {name!r} ({sha256[:12]}…) is not here. Put {sha256}.* into "
            f"{self._folders[-1]}.",
        )

    def _kept(self, path: Path, name: str, sha256: str, where: str) -> Reference:
        try:
            reference = prepare_reference(path, name=name, folder=self._folders[0])
        except InvalidRequestError as exc:
            raise self._no(where, str(exc)) from exc
        if reference.sha256 != sha256:
            raise self._no(where, f"{path.name} is not the picture that was planned. Replace it.")
        return reference

    # ---- fields ---------------------------------------------------------------------------

    def _no(self, field: str, message: str) -> InvalidPlanError:
        return _wrong(f"{self._source}, {field}", message)

    def _object(self, told: Any, where: str) -> dict[str, Any]:
        if not isinstance(told, dict):
            raise self._no(where, "It must be an object.")
        return told

    def _list(self, told: dict[str, Any], name: str, where: str = "") -> list[Any]:
        value = told.get(name)
        if not isinstance(value, list):
            raise self._no(_path(where, name), "It must be a list.")
        return value

    def _words(self, told: dict[str, Any], name: str, where: str = "") -> tuple[str, ...]:
        values = self._list(told, name, where)
        if not all(isinstance(value, str) for value in values):
            raise self._no(_path(where, name), "It must be a list of texts.")
        return tuple(values)

    def _word(self, told: dict[str, Any], name: str, where: str = "") -> str:
        value = told.get(name)
        if not isinstance(value, str):
            raise self._no(_path(where, name), "It must be a text.")
        return value

    def _number(self, told: dict[str, Any], name: str, where: str = "") -> int:
        value = told.get(name)
        if not isinstance(value, int) or isinstance(value, bool):
            raise self._no(_path(where, name), "It must be a whole number.")
        return value

    def _place(self, told: dict[str, Any], name: str, n: int, where: str) -> int:
        value = self._number(told, name, where)
        if not 0 <= value < n:
            raise self._no(_path(where, name), f"It must be from 0 to {n - 1}.")
        return value

    def _among(self, told: dict[str, Any], name: str, known: Sequence[str], where: str) -> str:
        value = self._word(told, name, where)
        if value not in known:
            raise self._no(_path(where, name), f"{value!r} is none of {', '.join(known)}.")
        return value

    def _id(self, told: dict[str, Any], name: str, prefix: str, where: str = "") -> str:
        value = self._word(told, name, where)
        if not is_id(value, prefix):
            raise self._no(_path(where, name), f"{value!r} is not an id of this app.")
        return value

    def _time(self, told: dict[str, Any], name: str) -> datetime:
        try:
            moment = datetime.fromisoformat(self._word(told, name))
        except ValueError as exc:
            raise self._no(name, "It must be a time.") from exc
        if moment.tzinfo is None:
            raise self._no(name, "It must be a time with its zone.")
        return moment


def _path(where: str, name: str) -> str:
    return f"{where}.{name}" if where else name
