"""The strokes of the square of domains: cells with numbers, colour, frames. Taught in 07."""

import textwrap
from collections.abc import Mapping

from matplotlib.patches import Rectangle

from llmtl_helpers.curves import PairedDifference, Scored, sign_of
from llmtl_helpers.plots.domains_words import short
from llmtl_helpers.plots.study_runs import points
from llmtl_helpers.plots.theme import FONT, write
from llmtl_helpers.tasks.sentiment import NAMES as DOMAINS

HIGHER, LOWER = "#0072B2", "#D55E00"


def draw_scores(axes, cells: Mapping[tuple[str, str], Scored], guesses: Mapping[str, float],
                look) -> None:
    """The mean in every cell; `guesses` are a row below, without colour."""
    _square(axes, look, len(DOMAINS) + bool(guesses))
    for row, train in enumerate(DOMAINS):
        for column, test in enumerate(DOMAINS):
            if (train, test) not in cells:
                _cell(axes, row, column, "–", "", look.quiet, 0.3, look)
                continue
            summary = cells[train, test].summary()
            _cell(axes, row, column, f"{summary.mean:.3f}", _doubt(summary.interval, 1, 3), HIGHER,
                  max(0.0, min(1.0, (summary.mean - 0.4) / 0.6)) * 0.5, look)
    for column, test in enumerate(DOMAINS):
        if test in guesses:
            axes.text(column + 0.5, len(DOMAINS) + 0.5, f"{guesses[test]:.3f}", ha="center",
                      va="center", fontsize=FONT, color=look.ink, parse_math=False)
    guess = ["(guess): always the larger class of the test domain"] if guesses else []
    _key(axes, ["in a cell: the mean, and ± half of its 95% interval",
                "frame: tested in the domain that it was trained in", *guess], look)


def draw_differences(axes, changes: Mapping[tuple[str, str], PairedDifference], look) -> None:
    """The difference in every cell, hatched where its interval holds 0."""
    _square(axes, look, len(DOMAINS))
    for row, train in enumerate(DOMAINS):
        for column, test in enumerate(DOMAINS):
            change = changes.get((train, test))
            if change is None:
                _cell(axes, row, column, "–", "", look.quiet, 0.3, look)
                continue
            _cell(axes, row, column, points(change.difference), _doubt(change.interval, 100, 1),
                  HIGHER if change.difference > 0 else LOWER,
                  min(1.0, abs(change.difference) / 0.2) * 0.5, look, hatch=not sign_of(change))
    _key(axes, ["in a cell: points, and ± half of their 95% interval",
                "hatched: not surely different, the interval holds 0",
                "frame: tested in the domain that both were trained in"], look)


def _square(axes, look, rows: int) -> None:
    axes.set_xlim(0, len(DOMAINS))
    axes.set_ylim(rows, 0)  # the first row on top
    axes.set_xticks([place + 0.5 for place in range(len(DOMAINS))], map(short, DOMAINS))
    names = [*map(short, DOMAINS), *["(guess)"] * (rows - len(DOMAINS))]
    axes.set_yticks([place + 0.5 for place in range(rows)], names)
    axes.xaxis.tick_top()
    axes.xaxis.set_label_position("top")
    axes.tick_params(length=0)
    axes.grid(False)
    axes.spines[["left", "bottom"]].set_visible(False)


def _cell(axes, row: int, column: int, first: str, second: str, colour: str, share: float, look,
          hatch: bool = False) -> None:
    axes.add_patch(Rectangle((column + 0.02, row + 0.03), 0.96, 0.94, facecolor=colour, alpha=share,
                             linewidth=0))
    if hatch:
        axes.add_patch(Rectangle((column + 0.02, row + 0.03), 0.96, 0.94, fill=False, hatch="//",
                                 edgecolor=look.quiet, linewidth=0, zorder=1.1))
    if row == column:
        axes.add_patch(Rectangle((column + 0.03, row + 0.04), 0.94, 0.92, fill=False,
                                 edgecolor=look.ink, linewidth=2.0))
    over = {"facecolor": look.paper, "edgecolor": "none", "alpha": 0.75, "pad": 1.0}
    box = {"bbox": over} if hatch else {}
    axes.text(column + 0.5, row + (0.34 if second else 0.5), first, ha="center", va="center",
              fontsize=FONT + 2, fontweight="bold", color=look.ink, parse_math=False, **box)
    if second:
        axes.text(column + 0.5, row + 0.72, second, ha="center", va="center", fontsize=FONT,
                  color=look.ink, parse_math=False, **box)


def _doubt(interval: tuple[float, float] | None, factor: float, digits: int) -> str:
    return "" if interval is None else (
        f"± {factor * (interval[1] - interval[0]) / 2:.{digits}f}")


def _key(axes, lines: list[str], look) -> None:
    write(axes, 1.04, 0.98, "\n\n".join("\n".join(textwrap.wrap(line, 24)) for line in lines), look,
          va="top", linespacing=1.2)
