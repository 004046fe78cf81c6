"""Words with a signed number each, as bars to either side of zero. Taught in 06."""

from collections.abc import Sequence

from llmtl_helpers.plots import draw
from llmtl_helpers.plots.theme import FONT, get_theme, new_figure, write
from llmtl_helpers.plots.ticks import Signed, ticks_inside

LONGEST = 26  # characters of a word that are shown
SIDES = (("#D55E00", "//"), ("#0072B2", ""))  # of junk and of real: colour, hatch
PLACE = (0.04, 0.2, 0.92, 0.63)  # of the axes: nothing stands to their right
BARS = 18  # that leave room for letters


def cut(word: str) -> str:
    """The word as it fits on a figure."""
    return word if len(word) <= LONGEST else f"{word[:LONGEST - 1]}…"


def signed_bars(found: Sequence[tuple[str, float]], title: str, axis: str, classes: Sequence[str],
                small: str, theme: str, scale: float):
    """A figure of bars, the first on top; words on the side that the bar leaves free.

    Args:
        found: (word, number), at most BARS.
        classes: what numbers below 0 speak for, and what those above.
    """
    look = get_theme(theme)
    figure, axes = new_figure(look, scale)
    axes.set_position(PLACE)
    axes.grid(visible=False)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.set_ylim(-0.6, max(len(found), 6) - 0.4)
    axes.axvline(0, color=look.ink, linewidth=1.2, label="_zero")
    reach = max((abs(number) for _, number in found), default=1.0) or 1.0
    for place, (word, number) in enumerate(found):
        y = max(len(found), 6) - 1 - place
        colour, hatch = SIDES[number <= 0]
        axes.barh(y, number, 0.72, color=colour, hatch=hatch, edgecolor=look.paper, linewidth=0.4,
                  label="_bar")
        side = -1 if number > 0 else 1
        near, far = ("right", "left") if side < 0 else ("left", "right")
        style = dict(va="center", fontsize=FONT, color=look.ink, parse_math=False)
        axes.text(side * 0.02 * reach, y, cut(word), ha=near, **style)
        axes.text(number - side * 0.015 * reach, y, f"{number:+.2f}", ha=far, **style)
    axes.set_xlim(-1.3 * reach, 1.3 * reach)
    ticks_inside(axes, 7, Signed("{x:+.3g}"))
    write(axes, 0.0, 1.04, f"← speaks for {classes[0]}", look)
    write(axes, 1.0, 1.04, f"speaks for {classes[1]} (hatched) →", look, ha="right")
    draw.frame_texts(axes, title, axis, "", small, look, left=-0.02)
    return figure
