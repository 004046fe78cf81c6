"""Horizontal strips, one an arm: every run as a point, the mean as a bar, the band as shading."""

from collections.abc import Mapping, Sequence

from matplotlib.ticker import MaxNLocator, NullLocator

from llmtl_helpers.curves import Summary
from llmtl_helpers.plots import draw
from llmtl_helpers.plots.theme import Theme, colour_of, style_of, write

GOLDEN = 0.6180339887  # successive multiples of it, modulo 1, never bunch


def strips(axes, found: Mapping[str, Summary], look: Theme,
           live: Sequence[tuple[str, float]] = (), ends: Sequence[str] = ()) -> None:
    """Draw the strips in the order given, from the top; an arm without marker is a level line.

    Args:
        live: (arm, score) of single runs, drawn as stars.
        ends: arms whose means are thin lines through all strips.
    """
    draw.score_axis(axes, [score for summary in found.values()
                           for score in (*summary.scores, *(summary.band or ()))]
                    + [score for _, score in live])
    axes.set_xlim(axes.get_ylim())  # `score_axis` knows the limits of a score, here they lie flat
    axes.xaxis.set_major_locator(MaxNLocator(7, steps=[1, 2, 5, 10]))
    axes.xaxis.set_major_formatter("{x:.2f}")
    axes.set_ylim(-0.5, len(found) - 0.5)
    axes.set_yticks([])
    axes.yaxis.set_minor_locator(NullLocator())
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x", color=look.quiet, linewidth=0.8)
    heights = {arm: len(found) - 1 - place for place, arm in enumerate(found)}
    for arm, summary in found.items():
        _strip(axes, arm, summary, heights[arm], look)
        if arm in ends and summary.mean is not None:
            axes.axvline(summary.mean, color=colour_of(style_of(arm), look), linewidth=1.2,
                         linestyle=style_of(arm).line, zorder=1.5, label=f"_end {arm}")
    for arm, score in live:
        draw.star(axes, style_of(arm), score, heights[arm], look)
    draw.end_labels(axes, [(style_of(arm), axes.get_xlim()[0], y) for arm, y in heights.items()],
                    look)
    write(axes, 0.0, 1.05, "point: one run;  bar: mean;  shading: 95% band for one new run"
          + (";  star: live" if live else ""), look)


def _strip(axes, arm: str, summary: Summary, y: int, look: Theme) -> None:
    style = style_of(arm)
    colour = colour_of(style, look)
    if summary.band:
        axes.fill_betweenx([y - 0.34, y + 0.34], *summary.band, color=colour, alpha=0.16,
                           linewidth=0, label=f"_band {arm}")
    if summary.mean is None:
        return
    if style.marker:
        heights = [y + 0.5 * (GOLDEN * i % 1 - 0.5) for i in range(summary.k)]
        axes.scatter(summary.scores, heights, s=34, color=colour, marker=style.marker,
                     alpha=0.75, linewidth=1.2 if style.marker == "x" else 0,
                     label=f"_runs {arm}")
        axes.vlines(summary.mean, y - 0.4, y + 0.4, color=look.ink, linewidth=2.2, zorder=4,
                    label=f"_mean {arm}")
    else:
        axes.axvline(summary.mean, color=colour, linestyle=style.line, linewidth=2.2,
                     label=f"_level {arm}", zorder=1.5)
