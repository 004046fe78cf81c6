"""Several panels side by side with one column of row names at the left. Taught in 07."""

import textwrap
from collections.abc import Sequence

from matplotlib.ticker import MaxNLocator

from llmtl_helpers.plots.theme import FONT, Theme, new_figure

LEFT, RIGHT = 0.235, 0.985  # of the panels, on the figure
BOTTOM, HEIGHT = 0.2, 0.59
GAP = 0.02
EDGE = 0.012  # where title and small print begin
NAME_WIDTH = 21  # characters of a row's name before it wraps


def side_by_side(count: int, look: Theme, scale: float, height: float = HEIGHT):
    """A figure, and its `count` axes of equal width from left to right, without vertical ticks.

    Args:
        height: of the panels, on the figure; the usual one leaves room for two lines above them.
    """
    figure, first = new_figure(look, scale)
    width = (RIGHT - LEFT - GAP * (count - 1)) / count
    panels = [first, *(figure.add_axes((0, 0, 1, 1), facecolor=look.paper)
                       for _ in range(count - 1))]
    for place, axes in enumerate(panels):
        axes.set_position((LEFT + place * (width + GAP), BOTTOM, width, height))
        axes.set_yticks([])
        axes.tick_params(colors=look.ink, labelsize=FONT, length=4)
        axes.spines[["top", "right", "left"]].set_visible(False)
        axes.spines["bottom"].set_color(look.ink)
        axes.grid(False)
        axes.grid(axis="x", color=look.quiet, linewidth=0.8)
        axes.set_axisbelow(True)
    return figure, panels


def row_names(axes, names: Sequence[str], look: Theme, width: int = NAME_WIDTH) -> None:
    """Names of the rows 0, 1, ... of the first panel, at the left edge of the figure."""
    for y, name in enumerate(names):
        across = axes.figure.transFigure.transform((EDGE, 0))[0]
        x = axes.transData.inverted().transform((across, 0))[0]
        axes.text(x, y, "\n".join(textwrap.wrap(name, width)), fontsize=FONT, color=look.ink,
                  va="center", parse_math=False, linespacing=1.1)


def few_ticks(axes, count: int) -> None:
    """At most about `count` round numbers within the limits of the horizontal axis.

    One that lies just before the limit is left out: it would touch the next panel's first one.
    """
    low, high = axes.get_xlim()
    ticks = MaxNLocator(count, steps=[1, 2, 5, 10]).tick_values(low, high)
    near = high - 0.015 * (high - low)
    axes.set_xticks([tick for tick in ticks if low <= tick <= near or tick == high])


def above(axes, x: float, y: float, text: str, look: Theme) -> None:
    """A number over its mark, readable across lines."""
    axes.annotate(text, (x, y), xytext=(0, 8), textcoords="offset points", ha="center", va="bottom",
                  fontsize=FONT, color=look.ink, parse_math=False,
                  bbox={"facecolor": look.paper, "edgecolor": "none", "alpha": 0.8, "pad": 1.0})


def heading(figure, title: str, look: Theme) -> None:
    figure.text(EDGE, 0.945, textwrap.shorten(title, 72, placeholder=" ..."), fontsize=FONT + 2,
                fontweight="bold", color=look.ink, va="center", parse_math=False)


def small_text(figure, text: str, look: Theme) -> None:
    figure.text(EDGE, 0.09, "\n".join(textwrap.wrap(text, 94)), fontsize=FONT, color=look.ink,
                va="top", parse_math=False)
