"""Charts as markup: marks stand where their values say, and who cannot see them hears them."""

import re
from xml.etree import ElementTree

import pytest

from playground.markup import Markup
from playground.ui.results.plots import (
    Point,
    Scale,
    Span,
    Strip,
    band,
    round_ticks,
    share_scale,
    spans,
    strips,
)

HOSTILE = '"><script>window.pwned=1</script>'
TENTHS = Scale(low=0, high=10)


def parsed(markup: Markup) -> ElementTree.Element:
    return ElementTree.fromstring(markup)


def marked(markup: Markup, name: str) -> list[dict[str, str]]:
    return [each.attrib for each in parsed(markup).iter() if each.get("class") == name]


def a_span(**changes: object) -> Span:
    told: dict[str, object] = {
        "name": "pro",
        "estimate": 5.0,
        "low": 2.0,
        "high": 8.0,
        "words": "5",
    }
    return Span(**{**told, **changes})  # type: ignore[arg-type]


def test_an_interval_goes_from_its_low_to_its_high_end() -> None:
    drawn = spans([a_span()], TENTHS, label="x")

    line, *caps = marked(drawn, "pg-plot-span")
    assert (line["x1"], line["x2"]) == ("20.00%", "80.00%")
    assert [cap["x1"] for cap in caps] == ["20.00%", "80.00%"]
    assert [mark["cx"] for mark in marked(drawn, "pg-plot-mark")] == ["50.00%"]


def test_an_end_without_a_bound_runs_out_of_the_picture_and_has_no_cap() -> None:
    line, *caps = marked(spans([a_span(high=None)], TENTHS, label="x"), "pg-plot-span")

    assert line["x2"] == "100.00%"
    assert [cap["x1"] for cap in caps] == ["20.00%"]


def test_nothing_is_drawn_where_nothing_is_known() -> None:
    drawn = spans([a_span(estimate=None, low=None, high=None, words="–")], TENTHS, label="x")

    assert marked(drawn, "pg-plot-mark") == marked(drawn, "pg-plot-span") == []
    assert "–" in drawn


def test_what_lies_beyond_the_scale_stands_at_its_end() -> None:
    drawn = strips([Strip(name="flex", values=(-3, 5, 99))], TENTHS, label="x")

    assert [dot["cx"] for dot in marked(drawn, "pg-plot-dot")] == ["0.00%", "50.00%", "100.00%"]


def test_a_time_out_has_another_shape_and_not_only_another_colour() -> None:
    drawn = strips([Strip(name="flex", values=(1,), late=(9,), median=2)], TENTHS, label="x")

    assert [dot["cx"] for dot in marked(drawn, "pg-plot-late")] == ["90.00%"]
    assert [line["x1"] for line in marked(drawn, "pg-plot-median")] == ["20.00%"]


def test_half_and_double_are_as_far_from_one_on_a_scale_of_ratios() -> None:
    scale = Scale(low=0.25, high=4, is_log=True)

    assert scale.place(1) == pytest.approx(0.5)
    assert scale.place(2) - scale.place(1) == pytest.approx(scale.place(1) - scale.place(0.5))


@pytest.mark.parametrize("ends", [(1.0, 1.0), (2.0, 1.0)])
def test_a_scale_without_length_is_refused(ends: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="No scale"):
        Scale(low=ends[0], high=ends[1])
    with pytest.raises(ValueError, match="No scale"):
        Scale(low=0, high=1, is_log=True)


def test_the_band_encloses_the_line_and_ends_at_the_last_value() -> None:
    points = [Point(x=n, low=0.2, middle=0.5, high=0.9) for n in (5, 6, 15)]

    drawn = band(points, share_scale(), label="x", x_words=("vote 5", "vote 15"))

    (outline,), (line,) = marked(drawn, "pg-plot-band"), marked(drawn, "pg-plot-line")
    assert re.findall(r"[\d.]+ [\d.]+", line["d"]) == ["0.0 500.0", "100.0 500.0", "1000.0 500.0"]
    assert re.findall(r"[\d.]+ [\d.]+", outline["d"]) == [
        *("0.0 100.0", "100.0 100.0", "1000.0 100.0"),
        *("1000.0 800.0", "100.0 800.0", "0.0 800.0"),
    ]
    assert [mark["cy"] for mark in marked(drawn, "pg-plot-mark")] == ["50.00%"]


def test_one_vote_alone_is_a_level_line_and_none_is_an_error() -> None:
    one = band([Point(x=5, low=0, middle=0.5, high=1)], share_scale(), label="x", x_words=("", ""))

    assert "M0.0 500.0L1000.0 500.0" in one
    with pytest.raises(ValueError, match="needs a point"):
        band([], share_scale(), label="x", x_words=("", ""))


def test_each_chart_is_one_picture_with_a_name_and_no_script() -> None:
    charts = [
        spans([a_span(name=HOSTILE, words=HOSTILE)], share_scale(zone=(0.4, 0.6)), label=HOSTILE),
        strips([Strip(name=HOSTILE, values=(1,), words=HOSTILE)], TENTHS, label=HOSTILE),
        band(
            [Point(x=1, low=0, middle=0, high=0)],
            share_scale(),
            label=HOSTILE,
            x_words=(HOSTILE, HOSTILE),
        ),
    ]

    for chart in charts:
        root = parsed(chart)
        assert (root.get("role"), root.get("aria-label")) == ("img", HOSTILE)
        assert "<script" not in chart
        assert {
            svg.get("aria-hidden") for svg in root.iter("svg") if svg.get("height") != "100%"
        } == {"true"}


@pytest.mark.parametrize(
    ("ends", "ticks"),
    [
        ((0, 10), [0, 5, 10]),
        ((0, 14), [0, 5, 10]),
        ((-0.05, 0.05), [-0.05, 0, 0.05]),
        ((0, 0.054), [0, 0.02, 0.04]),
    ],
)
def test_ticks_are_round(ends: tuple[float, float], ticks: list[float]) -> None:
    assert round_ticks(*ends) == pytest.approx(ticks)
