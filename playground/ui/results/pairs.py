"""Single pairs on the Results screen: those that disagree with the trend, and those that differ most in pixels."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from playground.images.pixels import PixelMeasures
from playground.markup import Markup, el, join
from playground.results.sentences import short_name
from playground.ui import format as fmt
from playground.ui.results.findings import Findings, TwoRuns
from playground.ui.results.page import section
from playground.ui.results.sections import behind
from playground.ui.texts import text

MAX_SHOWN = 8
MAX_PROMPT = 160
MAX_MEASURED = 16
MEASURES: Mapping[str, str] = {
    "laplacian_variance": "results.measure_laplacian_variance",
    "tenengrad": "results.measure_tenengrad",
    "rms_contrast": "results.measure_rms_contrast",
    "mean_luminance": "results.measure_mean_luminance",
    "clipped_dark_share": "results.measure_clipped_dark_share",
    "clipped_bright_share": "results.measure_clipped_bright_share",
    "colourfulness": "results.measure_colourfulness",
    "entropy_bits": "results.measure_entropy_bits",
}
# Of those that say much the same, one is enough for an example.
_WITH_EXAMPLE = ("laplacian_variance", "rms_contrast", "mean_luminance", "colourfulness")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One picture of a pair: a small copy of it, where there is one, and its model."""

    model: str
    thumbnail: Path | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Against:
    """A pair with a vote against the trend. Without `sides` its names are not to be told."""

    comparison_id: str
    prompt: str
    better: str  # the model preferred
    sides: tuple[Shown, ...] = ()
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A pair with the measures of both pictures at one size."""

    pair: TwoRuns
    prompt: str
    sides: tuple[Shown, ...]
    first: PixelMeasures
    second: PixelMeasures

    def difference(self, measure: str) -> float:
        """Second minus first."""
        return float(getattr(self.second, measure)) - float(getattr(self.first, measure))


def against_html(findings: Findings, shown: Sequence[Against], *, n_pairs: int) -> Markup:
    """The pairs whose votes disagree with the trend, each with a way to look again."""
    if not shown:
        has_trend = findings.summary.has_trend
        words = text("results.against_none" if has_trend else "results.against_no_trend")
        return section(text("results.against"), el("p", words), name="against")
    more = text("results.against_more", shown=len(shown), count=f"{n_pairs:,}")
    return section(
        text("results.against"),
        el("p", text("results.against_note")),
        el("p", more, class_="pg-note") if n_pairs > len(shown) else None,
        el("ul", *map(_against, shown), class_="pg-res-pairs"),
        name="against",
    )


def _against(each: Against) -> Markup:
    if each.sides:
        better = text("results.against_better", model=short_name(each.better))
        what = join((_pictures(each.sides), el("p", el("strong", better))))
    else:
        what = el("p", text("results.against_hidden"), class_="pg-note")
    return el(
        "li",
        _prompt(each.prompt),
        what,
        el("p", fmt.shortened(each.note, MAX_PROMPT), class_="pg-note", dir="auto")
        if each.sides and each.note
        else None,
        _show(each.comparison_id, each.prompt),
        data_comparison=each.comparison_id,
    )


def _prompt(prompt: str) -> Markup:
    words = fmt.shortened(prompt, MAX_PROMPT) or text("history.no_prompt")
    return el("p", words, class_="pg-res-prompt", dir="auto")


def _pictures(sides: Sequence[Shown]) -> Markup:
    return el(
        "div",
        *(
            el(
                "figure",
                el(
                    "img",
                    src=fmt.file_url(side.thumbnail),
                    alt="",
                    loading="lazy",
                    decoding="async",
                )
                if side.thumbnail is not None
                else el("span", fmt.UNKNOWN, class_="pg-no-thumb"),
                el("figcaption", short_name(side.model)),
            )
            for side in sides
        ),
        class_="pg-res-pictures",
    )


def _show(comparison_id: str, prompt: str) -> Markup:
    return el(
        "button",
        text("results.show"),
        type="button",
        class_="pg-button",
        aria_label=text("results.show_label", prompt=fmt.shortened(prompt, 60)),
        data_act="show",
        data_comparison=comparison_id,
        data_key=f"show {comparison_id}",
    )


# ---- pixels ---------------------------------------------------------------------------------------


def pixels_html(
    measured: Sequence[Measured] | None, models: tuple[str, str], *, is_offered: bool = True
) -> Markup:
    """
    What the files of the newest pairs measure, or the button that measures them.

    Args:
        measured: None before anybody asked.

        is_offered: Whether there is any pair to measure.
    """
    if not is_offered:
        return Markup("")
    button = el(
        "button",
        text("results.pixels_go" if measured is None else "results.pixels_again"),
        type="button",
        class_="pg-button",
        data_act="measure",
        data_key="measure",
    )
    limit = el("p", text("results.pixels_limit", count=MAX_MEASURED), class_="pg-note")
    found = () if measured is None else _measured(measured, models)
    return section(
        text("results.pixels"),
        el("p", text("results.pixels_note")),
        *found,
        el("div", button, limit, class_="pg-res-next"),
        name="pixels",
    )


def _measured(measured: Sequence[Measured], models: tuple[str, str]) -> Sequence[Markup]:
    if not measured:
        return (el("p", text("results.pixels_none"), role="status"),)
    first, second = map(short_name, models)
    rows = [
        (
            text(words),
            number_words(median(float(getattr(each.first, name)) for each in measured)),
            number_words(median(float(getattr(each.second, name)) for each in measured)),
            number_words(median(each.difference(name) for each in measured), is_signed=True),
            text(
                "results.of",
                part=sum(each.difference(name) > 0 for each in measured),
                whole=len(measured),
            ),
        )
        for name, words in MEASURES.items()
    ]
    columns = (
        text("results.pixels_measure"),
        first,
        second,
        text("results.pixels_difference", first=first, second=second),
        text("results.pixels_same_sign", second=second),
    )
    return (
        el("p", text("results.pixels_found", count=len(measured)), role="status"),
        behind("pixels", columns, rows),
        el("ul", *_examples(measured), class_="pg-res-pairs"),
    )


def _examples(measured: Sequence[Measured]) -> Sequence[Markup]:
    """For some measures the pair whose pictures differ most in it; each pair once."""
    items, seen = [], set()
    for name in _WITH_EXAMPLE:
        most = max(measured, key=lambda each, name=name: abs(each.difference(name)))  # type: ignore[misc]
        if not most.difference(name) or most.pair in seen:
            continue
        seen.add(most.pair)
        ends = (number_words(float(getattr(side, name))) for side in (most.first, most.second))
        items.append(
            el(
                "li",
                el("p", el("strong", text("results.pixels_most", measure=text(MEASURES[name])))),
                _prompt(most.prompt),
                _pictures(most.sides),
                el("p", " → ".join(ends), class_="pg-note"),
                _show(most.pair.comparison_id, most.prompt),
                data_comparison=most.pair.comparison_id,
            )
        )
    return items


def number_words(value: float, *, is_signed: bool = False) -> str:
    """Three digits that say something, without powers of ten: "1,230", "0.013", "+4.20", "0"."""
    size = abs(value)
    digits = 0 if size >= 100 else 1 if size >= 10 else 2 if size >= 1 else 3
    words = f"{size:,.{digits}f}"
    if not words.strip("0.,"):
        return "0"
    return f"{'−' if value < 0 else '+' if is_signed else ''}{words}"
