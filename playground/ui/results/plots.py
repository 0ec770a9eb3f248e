"""Charts as inline SVG without script: values in, one drawing out; its numbers stand in a table beside it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from playground.markup import Markup, el
from playground.ui.texts import text

ROW_PX = 26
BAND_PX = 190
_DOT_PX = 2.6
_LANES = 5  # heights over which dots are spread, so that equal ones can be told apart
_PLANE = 1000  # of the plane that is stretched to the width there is


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """
    Where values stand from left (0) to right (1).

    Raises:
        ValueError: It has no length, or is logarithmic and begins at zero or below.
    """

    low: float
    high: float
    ticks: tuple[tuple[float, str], ...] = ()
    reference: float | None = None  # a line to hold the values against
    zone: tuple[float, float] | None = None  # what counts as practically equal
    is_log: bool = False

    def __post_init__(self) -> None:
        if not self.low < self.high or (self.is_log and self.low <= 0):
            raise ValueError(f"No scale goes from {self.low} to {self.high}.")

    def place(self, value: float) -> float:
        """0 to 1; what lies beyond an end is at that end."""
        low, high = self.low, self.high
        value = min(max(value, low), high)
        if self.is_log:
            low, high, value = math.log(low), math.log(high), math.log(value)
        return (value - low) / (high - low)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """An estimate with its interval. An end of None is no bound; no estimate draws nothing."""

    name: str
    estimate: float | None
    low: float | None
    high: float | None
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Strip:
    """Many values of one kind, each a dot; `late` ones are known to lie further right."""

    name: str
    values: Sequence[float]
    late: Sequence[float] = ()
    median: float | None = None
    words: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A place on a line with the band around it."""

    x: float
    low: float
    middle: float
    high: float


def spans(rows: Sequence[Span], scale: Scale, *, label: str) -> Markup:
    """A line for each interval with a mark at its estimate, on one scale."""
    return _rows([(row.name, _span(row, scale), row.words) for row in rows], scale, label)


def strips(rows: Sequence[Strip], scale: Scale, *, label: str) -> Markup:
    """A row of dots for each kind, its median a tall line; time-outs are hollow."""
    return _rows([(row.name, _strip(row, scale), row.words) for row in rows], scale, label)


def band(points: Sequence[Point], scale: Scale, *, label: str, x_words: tuple[str, str]) -> Markup:
    """
    A line with a band around it, x from the first point to the last; `scale` is upward.

    Args:
        x_words: What stands under the left and the right end.

    Raises:
        ValueError: There is no point.
    """
    if not points:
        raise ValueError("A line needs a point.")
    if len(points) == 1:  # drawn as a level line
        points = [points[0], replace(points[0], x=points[0].x + 1)]
    first, last = points[0].x, points[-1].x

    def at(point: Point, value: float) -> str:
        x = (point.x - first) / (last - first)
        return f"{x * _PLANE:.1f} {(1 - scale.place(value)) * _PLANE:.1f}"

    upper = [at(point, point.high) for point in points]
    lower = [at(point, point.low) for point in reversed(points)]
    middle = [at(point, point.middle) for point in points]
    plane = el(
        "svg",
        el("path", d=f"M{'L'.join([*upper, *lower])}Z", class_="pg-plot-band"),
        el("path", d=f"M{'L'.join(middle)}", class_="pg-plot-line", vector_effect="non-scaling-stroke"),
        viewBox=f"0 0 {_PLANE} {_PLANE}",
        preserveAspectRatio="none",
        width="100%",
        height="100%",
    )  # fmt: skip
    end = 1 - scale.place(points[-1].middle)
    drawing = el(
        "svg",
        *_zone_upward(scale),
        plane,
        *(_level(scale, value, words) for value, words in scale.ticks),
        el("circle", cx="100%", cy=_percent(end), r=4, class_="pg-plot-mark"),
        width="100%",
        height=BAND_PX,
        aria_hidden="true",
    )
    ends = el("p", *(el("span", each) for each in x_words), class_="pg-plot-ends")
    return el("div", drawing, ends, class_="pg-plot pg-plot-upright", role="img", aria_label=label)


def share_scale(*, zone: tuple[float, float] | None = None) -> Scale:
    """From 0 to 100 %, one half marked."""
    ticks = tuple(
        (percent / 100, text("number.percent", percent=percent)) for percent in (0, 25, 50, 75, 100)
    )
    return Scale(low=0, high=1, ticks=ticks, reference=0.5, zone=zone)


def round_ticks(low: float, high: float, *, most: int = 5) -> list[float]:
    """Round values (1, 2 or 5 times a power of ten) from `low` to `high`, at most so many."""
    raw = (high - low) / max(1, most - 1)
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(times * power for times in (1, 2, 5, 10) if times * power >= raw * (1 - 1e-9))
    begin = math.ceil(low / step - 1e-9)
    end = math.floor(high / step + 1e-9)
    return [place * step for place in range(begin, end + 1)]


# ---- parts --------------------------------------------------------------------------------------


def _rows(rows: Sequence[tuple[str, list[Markup], str]], scale: Scale, label: str) -> Markup:
    drawn = [
        el(
            "div",
            el("span", name, class_="pg-plot-name", dir="auto"),
            el("svg", *_backdrop(scale), *marks, width="100%", height=ROW_PX, aria_hidden="true"),
            el("span", words, class_="pg-plot-words"),
            class_="pg-plot-row",
        )
        for name, marks, words in rows
    ]
    axis = el(
        "div",
        el("span", class_="pg-plot-name"),
        el("svg", *_axis(scale), width="100%", height=18, aria_hidden="true"),
        el("span", class_="pg-plot-words"),
        class_="pg-plot-row pg-plot-axis",
    )
    return el("div", *drawn, axis, class_="pg-plot", role="img", aria_label=label)


def _backdrop(scale: Scale) -> list[Markup]:
    drawn = []
    if scale.zone is not None:
        low, high = map(scale.place, scale.zone)
        drawn.append(el("rect", x=_percent(low), y=0, width=_percent(high - low), height="100%", class_="pg-plot-zone"))  # fmt: skip
    for value, _ in scale.ticks:
        drawn.append(_upright(scale.place(value), "pg-plot-grid"))
    if scale.reference is not None:
        drawn.append(_upright(scale.place(scale.reference), "pg-plot-reference"))
    return drawn


def _span(row: Span, scale: Scale) -> list[Markup]:
    if row.estimate is None:
        return []
    low = 0.0 if row.low is None else scale.place(row.low)
    high = 1.0 if row.high is None else scale.place(row.high)
    middle = ROW_PX / 2
    caps = [
        el("line", x1=_percent(end), x2=_percent(end), y1=middle - 5, y2=middle + 5, class_="pg-plot-span")
        for end, known in ((low, row.low), (high, row.high))
        if known is not None
    ]  # fmt: skip
    line = el("line", x1=_percent(low), x2=_percent(high), y1=middle, y2=middle, class_="pg-plot-span")  # fmt: skip
    mark = el("circle", cx=_percent(scale.place(row.estimate)), cy=middle, r=5, class_="pg-plot-mark")  # fmt: skip
    return [line, *caps, mark]


def _strip(row: Strip, scale: Scale) -> list[Markup]:
    drawn = [
        el("circle", cx=_percent(scale.place(value)), cy=_height(place), r=_DOT_PX, class_=name)
        for name, values in (("pg-plot-dot", row.values), ("pg-plot-late", row.late))
        for place, value in enumerate(values)
    ]
    if row.median is not None:
        drawn.append(_upright(scale.place(row.median), "pg-plot-median"))
    return drawn


def _height(place: int) -> float:
    """Neighbours stand far apart, and the same place always at the same height."""
    return 5 + (place * 2 % _LANES) * (ROW_PX - 10) / (_LANES - 1)


def _axis(scale: Scale) -> list[Markup]:
    drawn = []
    for value, words in scale.ticks:
        place = scale.place(value)
        anchor = "start" if place < 0.02 else "end" if place > 0.98 else "middle"
        drawn.append(el("text", words, x=_percent(place), y=13, text_anchor=anchor))
    return drawn


def _zone_upward(scale: Scale) -> list[Markup]:
    if scale.zone is None:
        return []
    low, high = map(scale.place, scale.zone)
    return [el("rect", x=0, y=_percent(1 - high), width="100%", height=_percent(high - low), class_="pg-plot-zone")]  # fmt: skip


def _level(scale: Scale, value: float, words: str) -> Markup:
    y = _percent(1 - scale.place(value))
    name = "pg-plot-reference" if value == scale.reference else "pg-plot-grid"
    # Left of the plane, where the style sheet leaves room.
    return el(
        "g",
        el("line", x1=0, x2="100%", y1=y, y2=y, class_=name),
        el("text", words, x=-8, y=y, dy=4, text_anchor="end"),
    )


def _upright(place: float, name: str) -> Markup:
    x = _percent(place)
    return el("line", x1=x, x2=x, y1=0, y2="100%", class_=name)


def _percent(place: float) -> str:
    return f"{100 * place:.2f}%"
