"""What several switches do to one conclusion, side by side. Taught in 11."""

from collections.abc import Sequence

from matplotlib.ticker import MaxNLocator

from llmtl_helpers.fairness import Broken
from llmtl_helpers.fairness.broken import verdict
from llmtl_helpers.plots import draw, words
from llmtl_helpers.plots.empty import empty_figure
from llmtl_helpers.plots.fairness import label_of
from llmtl_helpers.plots.figure import TwinFigure
from llmtl_helpers.plots.theme import get_theme, new_figure, write


def gap_board(broken: Sequence[Broken], title: str | None = None, theme: str = "light",
                   scale: float = 1.0) -> TwinFigure:
    """Draw what several switches do to the gap, one line each: from honest to broken, in points.

    Args:
        broken: results of the functions in `fairness.SWITCHES`, of one task.
        title, theme, scale: as in `twin_curve`.
    """
    title = title or "What each switch does to the gap"
    broken = list(broken)
    known = [one for one in broken if not one.missing]
    if not known:
        return empty_figure(title, _reading(broken) or "No switch is on.", theme, scale)
    look = get_theme(theme)
    figure, axes = new_figure(look, scale)
    axes.set_ylim(-0.5, len(broken) - 0.5)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x", color=look.quiet, linewidth=0.8)
    every = [gap for one in known for gap in (one.honest_gap, one.broken_gap)]
    margin = max(2.0, 0.08 * (max(every) - min(every)))
    axes.set_xlim(min(0.0, *every) - margin, max(0.0, *every) + margin)
    axes.xaxis.set_major_locator(MaxNLocator(7, steps=[1, 2, 5, 10]))
    axes.axvline(0, color=look.ink, linewidth=1.4, label="_zero")
    height = 1 / len(broken)  # of one switch, in heights of the axes
    for place, one in enumerate(broken):
        y = len(broken) - 1 - place
        if not one.missing:
            _dumbbell(axes, one, y, look)
        text = "\n".join((label_of(one), "runs are missing" if one.missing else
                          _change(one) + f" at {words.labels(one.n)}"))
        write(axes, draw.HANDLE[0], (y + 0.5) * height, text, look, va="center", linespacing=1.15)
    write(axes, 0.0, 1.03, "circle: honest;  dot: with the switch", look,
          va="bottom")
    draw.frame_texts(axes, title, "gap in points; below 0 the conclusion is the opposite", "",
                     "gap: fine-tuned checkpoint minus the same network from scratch, or minus "
                     "the best arm without the checkpoint for “no baseline”", look)
    return TwinFigure(figure, _table(broken), _reading(broken), _alt(title, broken), theme)


def _change(one: Broken) -> str:
    return f"{one.honest_gap:.1f} → {one.broken_gap:.1f}"


def _dumbbell(axes, one: Broken, y: float, look) -> None:
    axes.plot([one.honest_gap, one.broken_gap], [y, y], color=look.ink, linewidth=2.4,
              label=f"_change {one.name}")
    axes.plot([one.honest_gap], [y], marker="o", markersize=12, markerfacecolor=look.paper,
              markeredgewidth=2, linestyle="", color=look.ink, label=f"_honest {one.name}")
    axes.plot([one.broken_gap], [y], marker="o", markersize=8, linestyle="", color=look.ink,
              label=f"_broken {one.name}")


def _table(broken: Sequence[Broken]) -> list[dict]:
    return [{"switch": label_of(one), "n": one.n, "honest gap": one.honest_gap,
             "broken gap": one.broken_gap, "reading": one.reading} for one in broken]


def _reading(broken: Sequence[Broken]) -> str:
    """What became of the gap under each switch; then which runs are missing."""
    known = "; ".join(f"{label_of(one)}: {verdict(one.honest_gap, one.broken_gap)}"
                      for one in broken if not one.missing)
    missing = [one.missing for one in broken if one.missing]
    return " ".join([*([f"What each switch does to the gap. {known}."] if known else []),
                     *missing])


def _alt(title: str, broken: Sequence[Broken]) -> str:
    lines = " ".join(f"{label_of(one).capitalize()}: " + (
        "runs are missing." if one.missing else
        f"from {one.honest_gap:.1f} to {one.broken_gap:.1f} points with {words.labels(one.n)}.")
        for one in broken)
    return f"{title}. One line a switch, from the honest gap to the broken one. {lines}"
