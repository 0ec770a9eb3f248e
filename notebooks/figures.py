"""The pictures of the notebooks: tidy frames of the package in, matplotlib figures out; nothing is computed here."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

FIRST, SECOND, QUIET, ALARM = "#0f766e", "#b45309", "#64748b", "#b91c1c"
_STYLE = {
    "figure.dpi": 80,
    "figure.constrained_layout.use": True,
    "font.size": 11,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 12,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e2e8f0",
    "savefig.facecolor": "white",
}


plt.rcParams.update(_STYLE)


def _axes(height: float = 3.4, width: float = 8.0) -> Axes:
    return plt.subplots(figsize=(width, height))[1]


def _done(ax: Axes) -> Figure:
    # Closed, so that a notebook shows it once: as the value of its cell.
    figure = ax.figure
    plt.close(figure)
    return figure


def live(frame: pd.DataFrame, *, truth: float | None) -> Figure:
    """How the share stood after each vote, with the band that may be read at any time."""
    ax = _axes()
    model = frame["model"].iloc[0] if len(frame) else ""
    ax.fill_between(
        frame["n_votes"], 100 * frame["low"], 100 * frame["high"], color=SECOND, alpha=0.2, lw=0
    )
    ax.plot(frame["n_votes"], 100 * frame["share"], color=SECOND, label="share so far")
    ax.axhline(50, color=QUIET, lw=1)
    ax.text(
        1,
        51,
        "as often preferred",
        color=QUIET,
        fontsize=9,
        transform=ax.get_yaxis_transform(),
        ha="right",
    )
    if truth is not None:
        ax.axhline(100 * truth, color=ALARM, ls="--", lw=1, label=f"the truth, {100 * truth:.0f} %")
    ax.set(xlabel="votes given", ylabel=f"prompts for {model}, %", ylim=(0, 100))
    ax.set_title("A winner is called when the band leaves one half")
    ax.legend(frameon=False, loc="upper right")
    return _done(ax)


def shares(
    frame: pd.DataFrame,
    *,
    title: str,
    xlabel: str,
    limit: float | None = None,
    limit_words: str = "",
    is_alarm: bool = False,
    start: float = 0.0,
) -> Figure:
    """Shares in percent with their intervals, from top to bottom; with `is_alarm` those beyond the limit stand out."""
    ax = _axes(0.9 + 0.45 * len(frame))
    place = np.arange(len(frame))[::-1]
    middle = "share" if "share" in frame else "estimate"
    share, low, high = (100 * frame[name].to_numpy(dtype=float) for name in (middle, "low", "high"))
    is_over = np.full(len(frame), is_alarm) & (low > 100 * (limit or 0.0))
    colours = np.where(is_over, ALARM, FIRST)
    for y, x, a, b, colour in zip(place, share, low, high, colours, strict=True):
        ax.plot([a, b], [y, y], color=colour, lw=3, alpha=0.5, solid_capstyle="butt")
        ax.plot(x, y, "o", color=colour)
        ax.annotate(
            f"{x:.1f} %", (b, y), (6, 0), textcoords="offset points", va="center", fontsize=9
        )
    if "exact" in frame:
        ax.plot(100 * frame["exact"], place, "|", color="black", ms=14, label="exact")
        ax.legend(frameon=False, loc="upper left")
    if limit is not None:
        ax.axvline(100 * limit, color=QUIET, ls="--", lw=1)
        ax.text(
            100 * limit,
            1.0,
            f" {limit_words}",
            color=QUIET,
            fontsize=9,
            transform=ax.get_xaxis_transform(),
            va="top",
        )
    ax.set_yticks(place, frame["what"].str.replace("_", " "))
    ax.set(
        xlabel=xlabel,
        ylim=(-0.6, len(frame) - 0.2),
        xlim=(start, max(high.max() + 0.12 * (high.max() - start), 5)),
    )
    ax.set_title(title)
    return _done(ax)


def effects(frame: pd.DataFrame, *, title: str, xlabel: str) -> Figure:
    """Effects with intervals about zero, and the truth of each where the frame has one."""
    ax = _axes(1.0 + 0.5 * len(frame))
    place = np.arange(len(frame))[::-1]
    ax.hlines(place, frame["low"], frame["high"], color=FIRST, lw=3, alpha=0.5)
    ax.plot(frame["estimate"], place, "o", color=FIRST, label="estimate and 95 % interval")
    if "truth" in frame and frame["truth"].notna().any():
        ax.plot(
            pd.to_numeric(frame["truth"]),
            place,
            "D",
            color=ALARM,
            mfc="none",
            ms=9,
            label="the truth",
        )
    ax.axvline(0, color=QUIET, lw=1)
    ax.set_yticks(place, frame["what"].str.replace("_", " "))
    ax.set(xlabel=xlabel, ylim=(-0.7, len(frame) - 0.3))
    ax.set_title(title)
    ax.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    return _done(ax)


def times(frame: pd.DataFrame) -> Figure:
    """Share of pictures that had come after so many seconds; a time-out never comes."""
    ax = _axes()
    for (model, own), colour in zip(frame.groupby("model"), (FIRST, SECOND), strict=False):
        seconds = np.sort(np.where(own["is_censored"], np.inf, own["seconds"]).astype(float))
        come = 100 * np.arange(1, len(seconds) + 1) / len(seconds)
        finite = np.isfinite(seconds)
        ax.step(
            np.append(0, seconds[finite]),
            np.append(0, come[finite]),
            where="post",
            color=colour,
            label=f"{model}, n = {len(own)}",
        )
    ax.set(
        xlabel="seconds from the start to the kept picture",
        ylabel="pictures there, %",
        xlim=(0, None),
        ylim=(0, 102),
    )
    ax.set_title("Two crowds: how long each model made people wait")
    ax.legend(frameon=False, loc="lower right")
    return _done(ax)


def ratios(
    frame: pd.DataFrame, *, estimate: float, low: float, high: float, truth: float | None
) -> Figure:
    """Each pair's ratio of seconds on a logarithmic line, and where the middle lies."""
    ax = _axes(2.6)
    ratio = frame.loc[~frame["is_censored"], "ratio"].to_numpy(dtype=float)
    bins = np.geomspace(ratio.min(), ratio.max(), 25)
    ax.hist(ratio, bins=bins, color=QUIET, alpha=0.5)
    ax.axvspan(
        low, high, color=FIRST, alpha=0.25, lw=0, label=f"{estimate:.2f} ({low:.2f}–{high:.2f})"
    )
    ax.axvline(estimate, color=FIRST)
    if truth is not None:
        ax.axvline(truth, color=ALARM, ls="--", lw=1, label=f"the truth, {truth:g}")
    ax.set_xscale("log")
    ticks = [
        t for t in (0.5, 0.7, 1, 1.4, 2, 2.8, 4) if ratio.min() * 0.9 <= t <= ratio.max() * 1.1
    ]
    ax.set_xticks(ticks, [f"{t:g}×" for t in ticks])
    ax.minorticks_off()
    ax.set(xlabel="second model's seconds over the first's, same pair", ylabel="pairs")
    ax.set_title(f"Within pairs, {len(ratio)} of them")
    ax.legend(frameon=False)
    return _done(ax)


def benefit(frame: pd.DataFrame, *, dearer: str, truth: float | None) -> Figure:
    """Net benefit of the dearer model over what a better picture is worth."""
    ax = _axes()
    worth = 100 * frame["worth_usd"]
    ax.fill_between(worth, 100 * frame["low"], 100 * frame["high"], color=FIRST, alpha=0.2, lw=0)
    ax.plot(worth, 100 * frame["estimate"], color=FIRST, label=f"gain of {dearer}, 95 % band")
    ax.axhline(0, color=QUIET, lw=1)
    if truth is not None:
        ax.axvline(
            100 * truth,
            color=ALARM,
            ls="--",
            lw=1,
            label=f"true break-even, {100 * truth:.1f} cents",
        )
    ax.set(xlabel="what one better picture is worth to you, cents", ylabel="gain per prompt, cents")
    ax.set_title(f"Above the zero line {dearer} pays")
    ax.legend(frameon=False, loc="upper left")
    return _done(ax)


def lines(
    frame: pd.DataFrame, *, x: str, y: str, by: str, title: str, xlabel: str, ylabel: str
) -> Figure:
    """One line per value of `by`, named in the legend."""
    ax = _axes()
    colours = plt.get_cmap("viridis")(np.linspace(0.1, 0.8, frame[by].nunique()))
    for (name, own), colour in zip(frame.groupby(by), colours, strict=True):
        ax.plot(own[x], 100 * own[y], "o-", color=colour, ms=4, label=f"{name:g}")
    ax.axhline(80, color=QUIET, ls="--", lw=1)
    ax.set(xlabel=xlabel, ylabel=ylabel, ylim=(0, 105))
    ax.set_title(title)
    ax.legend(
        title=by.replace("_", " "),
        frameon=False,
        loc="center left",
        bbox_to_anchor=(1, 0.5),
        reverse=True,
    )
    return _done(ax)


def cloud(frame: pd.DataFrame, *, names: Sequence[str], title: str) -> Figure:
    """Differences of a few measures within pairs, each scaled by its own spread, as dots."""
    ax = _axes(1.0 + 0.5 * len(names))
    place = np.arange(len(names))[::-1]
    for y, name in zip(place, names, strict=True):
        values = frame.loc[frame["measure"] == name, "difference"].to_numpy(dtype=float)
        scaled = values / (values.std() or 1.0)
        spread = np.random.default_rng(0).uniform(-0.18, 0.18, len(values))
        ax.plot(scaled, y + spread, ".", color=QUIET, alpha=0.6)
        ax.plot(scaled.mean(), y, "|", color=FIRST, ms=22, mew=3)
    ax.axvline(0, color="black", lw=1)
    ax.set_yticks(place, [name.replace("_", " ") for name in names])
    ax.set(xlabel="second minus first model, in standard deviations of the differences")
    ax.set_title(title)
    return _done(ax)
