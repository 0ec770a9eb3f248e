"""What a plan comes to before it is bought, as HTML: its size, its price, its time, what it can show, what is wrong."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from playground.errors import PlanProblem
from playground.experiment.outlook import Outlook, PriceLine
from playground.experiment.plan import Plan
from playground.markup import Markup, el
from playground.schema import EstimateKind, Origin
from playground.ui import format as fmt
from playground.ui.cards import model_name
from playground.ui.money import Quote, estimate_words, price_words
from playground.ui.texts import text
from playground.ui.texts.telling import place_words, told

SHOWN_PROBLEMS = 12
SHOWN_NOTES = 6
_BOXES = frozenset({"name", "prompts", "template", "values", "budget", "price"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """The plan of a form with its outlook, or what is wrong with it; neither while it is empty."""

    plan: Plan | None = None
    outlook: Outlook | None = None
    problems: tuple[PlanProblem, ...] = ()
    origin: Origin = Origin.EMULATED
    budget_usd: Decimal | None = None  # as typed
    price_usd: Decimal | None = None

    @property
    def most_usd(self) -> Decimal | None:
        """The most that will be spent: the budget, or all of it if that is less; None: unknown."""
        worst = None if self.outlook is None else self.outlook.worst_usd
        if worst is None or self.budget_usd is None:
            return worst
        return min(worst, self.budget_usd)

    @property
    def can_start(self) -> bool:
        return self.outlook is not None and not self.problems and self.most_usd is not None

    @property
    def quote(self) -> Quote:
        """The plan as one purchase, as far as the money goes; all of it where no price is known."""
        view = self.outlook
        lines = () if view is None else view.prices
        kinds = [line.estimate.kind for line in lines if line.estimate is not None]
        count = 0 if view is None else view.n_pictures
        n_covered = count if view is None or self.most_usd is None else view.n_pictures_covered
        return Quote(
            count=n_covered,
            out_of=count if n_covered < count else None,
            usd=self.most_usd,
            price=price_words(self.most_usd, kinds or [EstimateKind.ESTIMATED], self.origin),
            basis=text("experiment.basis"),
        )


def start_words(preview: Preview) -> str:
    """What the start button says: how much is bought, for how much at most."""
    view = preview.outlook
    if view is None or preview.problems:
        return text("experiment.start")
    if preview.most_usd is None:
        return text("experiment.start_no_price", pictures=preview.quote.pictures)
    quote = preview.quote
    return text("experiment.start_label", pictures=quote.pictures, price=quote.price)


def outlook_html(preview: Preview) -> Markup:
    """The plan in numbers, and every problem with the place it is at."""
    if preview.problems:
        return _problems(preview.problems)
    if preview.outlook is None or preview.plan is None:
        return el(
            "div", el("h2", text("experiment.outlook")), el("p", text("experiment.outlook_empty")),
            class_="pg-outlook", data_state="empty",
        )  # fmt: skip
    return _numbers(preview.plan, preview.outlook, preview)


def _problems(problems: Sequence[PlanProblem]) -> Markup:
    more = len(problems) - SHOWN_PROBLEMS
    count = text("experiment.problems_one") if len(problems) == 1 else text(
        "experiment.problems_many", count=f"{len(problems):,}"
    )  # fmt: skip
    return el(
        "div",
        el("h2", count),
        el("ul", *map(_problem, problems[:SHOWN_PROBLEMS]), class_="pg-outlook-problems"),
        el("p", text("experiment.problems_more", count=more)) if more > 0 else None,
        class_="pg-outlook",
        data_state="wrong",
        data_count=len(problems),
        role="alert",
    )


def _problem(problem: PlanProblem) -> Markup:
    words = place_words(problem)
    place = None
    if words and problem.source in _BOXES:
        place = el(
            "button", words, type="button", class_="pg-link",
            data_goto=problem.source, data_line=problem.line, data_column=problem.column,
        )  # fmt: skip
    elif words:
        place = el("strong", words, dir="auto")
    return el(
        "li",
        place,
        el("span", told(problem.message), dir="auto"),
        data_source=problem.source,
        data_line=problem.line,
        data_column=problem.column,
    )


def _numbers(plan: Plan, view: Outlook, preview: Preview) -> Markup:
    settings = plan.settings
    sum_words = text(
        "experiment.sum",
        prompts=f"{view.n_prompts:,}",
        models=len(settings.models),
        variants=settings.n_variants,
        repeats=settings.repeats,
    )
    rows = [
        _figure("comparisons", f"{view.n_comparisons:,}"),
        _figure("pictures", f"{view.n_pictures:,}"),
        _figure("worst", fmt.usd(view.worst_usd) if view.worst_usd is not None
                else text("price.unknown")),
        _figure("time", _time_words(view)),
    ]  # fmt: skip
    limited = preview.budget_usd is not None or view.n_covered < view.n_comparisons
    return el(
        "div",
        el("h2", text("experiment.outlook")),
        el("p", sum_words, class_="pg-note"),
        el("dl", *rows, class_="pg-figures"),
        el("p", _money_words(view, preview), class_="pg-outlook-money")
        if limited or view.worst_usd is None
        else None,
        _prices(view, preview.origin),
        _scenarios(view),
        _notes(plan.notes),
        class_="pg-outlook",
        data_state="ready",
        data_comparisons=view.n_comparisons,
        data_pictures=view.n_pictures,
        data_covered=view.n_covered,
    )


def _money_words(view: Outlook, preview: Preview) -> str:
    is_of_day = view.n_covered < view.n_comparisons and (
        preview.budget_usd is None
        or (view.worst_usd is not None and preview.budget_usd >= view.worst_usd)
    )
    if view.worst_usd is not None and is_of_day:
        return text("experiment.day_covers", covered=view.n_covered, all=view.n_comparisons)
    return told(view.sentence)


def _time_words(view: Outlook) -> str:
    """From what pictures took lately; else only what the rate limits leave no doubt of."""
    if view.about_s is not None:
        return text("experiment.left", time=fmt.rough_time(view.about_s))
    if view.least_s < 1:
        return text("experiment.time_of_drawing")
    return text("experiment.time_at_least", time=fmt.rough_time(view.least_s))


def _figure(name: str, value: str) -> Markup:
    words = {
        "comparisons": "experiment.figure_comparisons",
        "pictures": "experiment.figure_pictures",
        "worst": "experiment.figure_worst",
        "time": "experiment.figure_time",
    }
    return el("div", el("dt", text(words[name])), el("dd", value), data_figure=name)


def _prices(view: Outlook, origin: Origin) -> Markup:
    return el(
        "div",
        el(
            "table",
            el("caption", text("experiment.prices")),
            el("tbody", *(_price(line, origin) for line in view.prices)),
        ),
        class_="pg-outlook-table",
    )


def _price(line: PriceLine, origin: Origin) -> Markup:
    estimate = line.estimate
    ground = None
    if estimate is not None:
        is_dated = estimate.source.endswith(estimate.dated)
        words = estimate.source if is_dated else f"{estimate.source}, {estimate.dated}"
        ground = el("small", words)
    return el(
        "tr",
        el("th", f"{model_name(line.model)} · {line.resolution}", scope="row"),
        el("td", f"{line.n_pictures:,} × "),
        el("td", estimate_words(estimate, origin), ground),
        data_price="known" if estimate is not None else "unknown",
    )


def _scenarios(view: Outlook) -> Markup:
    rows = (
        el(
            "tr",
            el("th", fmt.percent(each.plan.share), scope="row"),
            el("td", f"{each.plan.fixed_n:,}"),
            el("td", f"{each.plan.median_n_to_call:,}"),
            el("td", text("experiment.enough" if each.is_covered else "experiment.not_enough")),
            data_covered=each.is_covered,
        )
        for each in view.scenarios
    )
    names = ("experiment.share", "experiment.planned_n", "experiment.live_n", "experiment.this")
    return el(
        "details",
        el("summary", text("experiment.scenarios", prompts=f"{view.n_prompts:,}")),
        el("p", text("experiment.scenarios_note"), class_="pg-note"),
        el("div",
           el("table",
              el("thead", el("tr", *(el("th", text(name), scope="col") for name in names))),
              el("tbody", *rows)),
           class_="pg-outlook-table"),
        class_="pg-outlook-more",
        data_keep="scenarios",
    )  # fmt: skip


def _notes(notes: Sequence[str]) -> Markup | None:
    if not notes:
        return None
    more = len(notes) - SHOWN_NOTES
    return el(
        "ul",
        *(el("li", told(note), dir="auto") for note in notes[:SHOWN_NOTES]),
        el("li", text("experiment.problems_more", count=more)) if more > 0 else None,
        class_="pg-outlook-notes",
    )
