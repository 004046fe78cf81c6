"""The strokes that every figure shares: axes, a curve with its band, labels at line ends."""

import math
import textwrap

from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MultipleLocator, NullLocator

from llmtl_helpers.arms import Arm
from llmtl_helpers.curves import Summary
from llmtl_helpers.plots.theme import FONT, Theme, colour_of, write

LABEL_WIDTH = 26  # characters of an end label before it wraps
LINE_HEIGHT = 0.066  # of one line of text, in heights of the axes
HANDLE = (1.035, 1.105)  # where the line sample of a label starts and ends, in axes coordinates
STAR = 330  # area of a live dot, in square points


def size_axis(axes, sizes: list[int]) -> None:
    """Log axis of training-set sizes with the sizes themselves as ticks."""
    axes.set_xscale("log", base=2)
    low, high = min(sizes), max(sizes)
    margin = max(1.12, (high / low) ** 0.035)
    axes.set_xlim(low / margin, high * margin)
    axes.set_xticks(_thinned(sizes, widest=9), minor=False)
    axes.set_xticklabels([f"{n:,}" for n in _thinned(sizes, widest=9)])
    axes.xaxis.set_minor_locator(NullLocator())


def score_axis(axes, scores: list[float], top: float | None = None) -> None:
    """Vertical axis over all scores, ends on multiples of 0.05, at least 0.2 high."""
    low = math.floor((min(scores) - 0.02) * 20) / 20
    high = top or math.ceil((max(scores) + 0.02) * 20) / 20
    low, high = max(0.0, min(low, high - 0.2)), min(1.0, max(high, low + 0.2))
    axes.set_ylim(low, high)
    axes.yaxis.set_major_locator(MultipleLocator(0.05 if high - low < 0.56 else 0.1))
    axes.yaxis.set_major_formatter("{x:.2f}")


def curve(axes, arm: Arm, points: list[Summary], theme: Theme) -> Line2D:
    """Mean line with markers, every single run as a small point, and the band behind it."""
    colour = colour_of(arm, theme)
    x = [point.n for point in points]
    for piece in _with_band(points):
        ends = [[point.band[side] for point in piece] for side in (0, 1)]
        if len(piece) == 1:  # nothing to fill between: a bar of some width
            axes.vlines(piece[0].n, ends[0], ends[1], color=colour, alpha=0.2, linewidth=9,
                        label=f"_band {arm.name}")
        else:
            axes.fill_between([point.n for point in piece], *ends, color=colour, alpha=0.16,
                              linewidth=0, label=f"_band {arm.name}")
    if arm.marker:
        runs = [(point.n, score) for point in points for score in point.scores if point.k > 1]
        if runs:
            axes.scatter(*zip(*runs, strict=True), s=16, color=colour, alpha=0.65, linewidth=0,
                         label=f"_runs {arm.name}")
    (line,) = axes.plot(x, [point.mean for point in points], color=colour, linestyle=arm.line,
                        linewidth=2.2, marker=arm.marker, markersize=6.5, label=arm.label)
    return line


def level(axes, arm: Arm, score: float, theme: Theme) -> Line2D:
    """A horizontal line across the axes, for what does not depend on n."""
    return axes.axhline(score, color=colour_of(arm, theme), linestyle=arm.line, linewidth=2.2,
                        label=arm.label)


def star(axes, arm: Arm, x: float, y: float, theme: Theme):
    """One live run: a star in the arm's colour with an outline in ink."""
    return axes.scatter([x], [y], s=STAR, marker="*", color=colour_of(arm, theme),
                        edgecolor=theme.ink, linewidth=1.2, zorder=6, label=f"_live {arm.name}")


def end_labels(axes, ends: list[tuple[Arm, float, float]], theme: Theme) -> list:
    """Names beside the line ends, each with a sample of its line; moved apart where they collide.

    Args:
        ends: (arm, x, y) of the last point of each line, in data coordinates.
    """
    if not ends:
        return []
    to_axes = axes.transData + axes.transAxes.inverted()
    placed = sorted(((*to_axes.transform((x, y)), arm) for arm, x, y in ends),
                    key=lambda end: end[1])
    texts = ["\n".join(textwrap.wrap(arm.label, LABEL_WIDTH)) or arm.name for *_, arm in placed]
    heights = [LINE_HEIGHT * (text.count("\n") + 1) + 0.012 for text in texts]
    artists = []
    for (x, y, arm), text, at in zip(placed, texts, apart([end[1] for end in placed], heights),
                                     strict=True):
        colour = colour_of(arm, theme)
        if x > 0.9:  # a line that stops early would be crossed out by its own leader
            axes.plot([x + 0.012, HANDLE[0] - 0.006], [y, at], transform=axes.transAxes,
                      color=colour, linewidth=0.9, alpha=0.7, clip_on=False, label="_leader")
        middle = sum(HANDLE) / 2
        axes.plot([HANDLE[0], middle, HANDLE[1]], [at] * 3, transform=axes.transAxes, color=colour,
                  linestyle=arm.line, linewidth=2.2, marker=arm.marker, markevery=[1],
                  markersize=7, clip_on=False, label="_handle")
        artists.append(write(axes, HANDLE[1] + 0.015, at, text, theme, va="center",
                             linespacing=1.05))
    return artists


def apart(wanted: list[float], heights: list[float]) -> list[float]:
    """Centres of boxes near the `wanted` ones (ascending) that do not overlap.

    Boxes that collide form a block around the mean of what they want; blocks that leave
    0..1 are pushed back in.
    """
    blocks = []  # [sum of wanted starts, number of boxes, height, boxes]
    for index, (centre, height) in enumerate(zip(wanted, heights, strict=True)):
        blocks.append([centre - height / 2, 1, height, [index]])
        while len(blocks) > 1 and _start(blocks[-2]) + blocks[-2][2] > _start(blocks[-1]):
            start, count, height, boxes = blocks.pop()
            below = blocks[-1]
            below[0] += start - count * below[2]
            below[1] += count
            below[2] += height
            below[3] += boxes
    centres = [0.0] * len(wanted)
    for block in blocks:
        bottom = _start(block)
        for index in block[3]:
            centres[index] = bottom + heights[index] / 2
            bottom += heights[index]
    floor = -0.05  # the column may use the room beside the tick labels
    for index, height in enumerate(heights):
        centres[index] = max(centres[index], floor + height / 2)
        floor = centres[index] + height / 2
    ceiling = 1.01  # above it is the key
    for index in reversed(range(len(centres))):
        centres[index] = min(centres[index], ceiling - heights[index] / 2)
        ceiling = centres[index] - heights[index] / 2
    return centres


def key(axes, theme: Theme, band: bool, runs: bool, live: str | None, left: float = -0.02) -> None:
    """What points, shading and stars mean, in one row above the axes, from `left` on."""
    entries = []
    if runs:
        entries.append((Line2D([], [], color=theme.ink, alpha=0.6, marker=".", linestyle="",
                               markersize=7), "single run"))
    if band:
        entries.append((Patch(facecolor=theme.ink, alpha=0.2), "95% band for one new run"))
    if live:
        entries.append((Line2D([], [], color=theme.paper, marker="*", linestyle="", markersize=16,
                               markeredgecolor=theme.ink, markeredgewidth=1.2), live))
    if entries:
        handles, labels = zip(*entries, strict=True)
        legend = axes.legend(handles, labels, loc="lower left", bbox_to_anchor=(left, 1.0),
                             ncols=len(entries), frameon=False, fontsize=FONT, borderpad=0.2,
                             handletextpad=0.5, columnspacing=1.4, labelcolor=theme.ink)
        legend.set_zorder(7)


def frame_texts(axes, title: str, x: str, y: str, small: str, theme: Theme,
                left: float = -0.145) -> None:
    """Title above, axis names, and the small print below (seeds, test set, what is missing).

    Args:
        left: where title and small print begin, in axes coordinates.
    """
    write(axes, left, 1.2, textwrap.shorten(title, 72, placeholder=" ..."), theme,
          fontsize=FONT + 2, fontweight="bold", va="center")
    axes.set_xlabel(x, fontsize=FONT, color=theme.ink, parse_math=False)
    axes.set_ylabel(y, fontsize=FONT, color=theme.ink, parse_math=False)
    write(axes, left, -0.2, "\n".join(textwrap.wrap(small, 92)), theme, va="top")


def _start(block: list) -> float:
    return block[0] / block[1]


def _with_band(points: list[Summary]) -> list[list[Summary]]:
    """Neighbouring points that have a band, in pieces."""
    pieces, open_piece = [], False
    for point in points:
        if point.band is None:
            open_piece = False
        elif open_piece:
            pieces[-1].append(point)
        else:
            pieces.append([point])
            open_piece = True
    return pieces


def _thinned(sizes: list[int], widest: int) -> list[int]:
    """Every size where there is room for its number, else every second (third, ...) one."""
    step = -(-len(sizes) // widest)
    return sizes[::-1][::step][::-1]
