"""The strokes of a figure of ratios: a log axis in powers of two, bounds as arrows, a ceiling."""

import math

from matplotlib.ticker import NullLocator
from matplotlib.transforms import offset_copy

from llmtl_helpers.arms import Arm
from llmtl_helpers.curves import Multiplier
from llmtl_helpers.plots import words
from llmtl_helpers.plots.theme import FONT, colour_of, style_of

APART = 4.5  # points between the marks of two arms at one place
ONE = Arm("one", "1x: no labels saved", "none", "none", "none", None, (), "#000000", "-", "")

Points = list[tuple[float, Multiplier]]  # place on the horizontal axis, multiplier there


def line(axes, arm: str, points: Points, shift: float, look) -> None:
    """Ratios with their intervals; a censored one is an arrow, and joins no line.

    Args:
        shift: points by which the marks stand aside, so that those of several arms can be told.
    """
    style, colour = style_of(arm), colour_of(style_of(arm), look)
    aside = offset_copy(axes.transData, fig=axes.figure, x=shift, units="points")
    floor, top = axes.get_ylim()
    whole = [(at, meets) for at, meets in points if not meets.censored]
    spans = []  # of a bound, only the side on which it could be wrong
    for at, meets in points:
        if meets.interval:
            low, high = (min(max(end, floor), top) for end in meets.interval)
            spans.append((at, meets.ratio if meets.censored == "at most" else low,
                          meets.ratio if meets.censored == "at least" else high))
    if spans:
        axes.vlines(*zip(*spans, strict=True), color=colour, alpha=0.45, linewidth=3,
                    transform=aside, label=f"_interval {arm}")
    axes.plot([at for at, _ in whole], [meets.ratio for _, meets in whole], color=colour,
              linestyle=style.line, linewidth=1.8, marker=style.marker, markersize=6.5,
              transform=aside, label=style.label)
    for kind, tip in (("at least", "^"), ("at most", "v")):
        bounds = [(at, meets.ratio) for at, meets in points if meets.censored == kind]
        if bounds:
            x, y = zip(*bounds, strict=True)
            ends = [ratio * (1.3 if kind == "at least" else 1 / 1.3) for ratio in y]
            axes.vlines(x, y, ends, color=colour, linewidth=1.8, transform=aside)
            axes.plot(x, ends, color=colour, marker=tip, markersize=6, linestyle="",
                      transform=aside, label=f"_{kind} {arm}")
            axes.plot(x, y, color=colour, marker="_", markersize=6, markeredgewidth=1.8,
                      linestyle="", transform=aside)


def ceiling(axes, drawn: dict[str, Points], curves: words.Curves, look) -> None:
    """The largest ratio that the baselines' largest size could show: bounds lie on it."""
    largest = max(point.n for arm in drawn for point in curves[arm])
    most = sorted({(at, largest / meets.n_treatment) for points in drawn.values()
                   for at, meets in points if meets.n_treatment})
    axes.plot(*zip(*most, strict=True), color=look.ink, alpha=0.35, linewidth=5, zorder=1.5,
              solid_capstyle="butt", label="_ceiling")
    axes.legend([axes.lines[-1]], [f"the most that {largest:,} labels can show; arrow: at least"],
                loc="lower left", bbox_to_anchor=(-0.02, 1.0), frameon=False, fontsize=FONT,
                borderpad=0.2, handletextpad=0.6, labelcolor=look.ink)


def ratio_axis(axes, drawn: dict[str, Points], look) -> None:
    """Log axis over all ratios, with a line at 1x; intervals stretch it twofold at most."""
    found = [meets for points in drawn.values() for _, meets in points]
    ends = [end for meets in found if meets.interval for end in meets.interval]
    low, high = (find(1, *(meets.ratio for meets in found)) for find in (min, max))
    low = max(low / 2.8, min(low / 1.4, *ends, math.inf))
    high = min(high * 4, max(high * 2, *ends, 0))
    axes.set_yscale("log", base=2)
    axes.set_ylim(low, high)
    first, last = math.ceil(math.log2(low)), math.floor(math.log2(high))
    step = -(-(last - first + 1) // 9)
    ticks = [2.0**power for power in range(first, last + 1) if power % step == 0]
    axes.axhline(1, color=look.ink, linewidth=1.3, label="_one", zorder=1.6)
    axes.set_yticks(ticks)
    axes.set_yticklabels([times(tick) for tick in ticks])
    axes.yaxis.set_minor_locator(NullLocator())


def times(ratio: float) -> str:
    """'8x', '0.25x', '1,024x'."""
    return f"{ratio:,.0f}x" if ratio >= 1 else f"{ratio:.3g}x"
