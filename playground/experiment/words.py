"""Plans and progress in plain sentences, the same on every surface."""

from collections.abc import Iterator

from playground.experiment.outlook import Outlook
from playground.experiment.plan import Plan
from playground.experiment.progress import Progress


def outlook_lines(plan: Plan, view: Outlook) -> Iterator[str]:
    """What a plan comes to: pictures, prices with what they rest on, time, evidence, notes."""
    settings = plan.settings
    factors = (
        _number(view.n_prompts, "prompt"),
        _number(len(settings.models), "model"),
        _number(settings.n_variants, "variant"),
        _number(settings.repeats, "repeat"),
    )
    comparisons = _number(view.n_comparisons, "comparison")
    yield f"{' × '.join(factors)} = {comparisons}, {_number(view.n_pictures, 'picture')}"
    for line in view.prices:
        each = "no price is known"
        if line.estimate is not None:
            told = line.estimate
            dated = "" if told.source.endswith(told.dated) else f", {told.dated}"
            each = f"${told.usd} each, {told.kind} ({told.source}{dated})"
        yield f"  {line.model:<12} {line.resolution}  {_number(line.n_pictures, 'picture'):>15}  {each}"
    worst = "unknown" if view.worst_usd is None else f"${view.worst_usd}"
    yield f"at most {worst}; {_time_words(view)}"
    if view.budget_usd is not None or view.n_covered < view.n_comparisons:
        yield view.sentence
    needed = ", ".join(
        f"{100 * each.plan.share:.0f} %: {each.plan.fixed_n}{' ✓' if each.is_covered else ''}"
        for each in view.scenarios
    )
    has_enough = any(each.is_covered for each in view.scenarios)
    this = "✓ this plan" if has_enough else f"this plan has {view.n_prompts}"
    yield f"decided prompts to plan if one model is truly better on: {needed} ({this})"
    for note in plan.notes:
        yield f"note: {note}"


def _number(n: int, noun: str) -> str:
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def _time_words(view: Outlook) -> str:
    if view.about_s is not None and view.picture_s is not None:
        each = f"a picture took {span(view.picture_s)} here lately"
        return f"about {span(view.about_s)} in all, for {each}"
    if view.least_s < 1:
        return "the rate limits take no time, how long the drawing takes is not known yet"
    return f"at least {span(view.least_s)} by the rate limits, and the drawing on top"


def progress_lines(progress: Progress) -> Iterator[str]:
    """Where an experiment stands: as a whole, by model, and its money in three ways."""
    money = progress.money
    yield f"{progress.experiment_id}  {progress.standing}  {progress.name}"
    if progress.note:
        yield f"  {progress.note}"
    yield f"  {progress_words(progress)}"
    for each in progress.models:
        failed = f", {each.counts.n_failed} failed" if each.counts.n_failed else ""
        counts = f"{each.counts.n_done} of {each.counts.n_planned}{failed}"
        yield f"  {each.model:<12} {counts}  ${each.spent_usd}"
    unknown = f" ({money.n_charge_unknown} not told)" if money.n_charge_unknown else ""
    account = "not known" if progress.is_at_rest else "read once it rests"
    if money.account_usd is not None:
        account = f"${money.account_usd}"
    rest = f", ${money.unexplained_usd} of it unexplained" if money.unexplained_usd else ""
    yield (
        f"  estimated ${money.estimated_usd} · charged ${money.charged_usd}{unknown} · by the "
        f"account's balance {account}{rest}"
    )


def progress_words(progress: Progress) -> str:
    """The same in one line."""
    counts = progress.counts
    told = [f"{counts.n_done} of {counts.n_planned} done"]
    for name in ("running", "failed", "cancelled", "waiting"):
        n = getattr(counts, f"n_{name}")
        told += [f"{n} {name}"] if n else []
    cap = "" if progress.budget_usd is None else f" of ${progress.budget_usd}"
    told.append(f"${progress.money.spent_usd}{cap} spent")
    if progress.money.reserved_usd:
        told.append(f"${progress.money.reserved_usd} reserved")
    if progress.left_s is not None and not progress.is_at_rest:
        told.append(f"about {span(progress.left_s)} left")
    return " · ".join(told)


def span(seconds: float) -> str:
    """A time in the unit people would use."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes / 60:.1f} h"
