"""What two published counts leave open: McNemar's p for each split that they allow.

Taught in 06.
"""

from collections.abc import Sequence

from llmtl_helpers.curves import McNemar, wilson_interval
from llmtl_helpers.curves.discordance import every_mcnemar, paired_interval, separate_interval
from llmtl_helpers.plots import draw
from llmtl_helpers.plots.figure import TwinFigure
from llmtl_helpers.plots.theme import get_theme, new_figure, write
from llmtl_helpers.plots.ticks import ticks_inside

USUAL = 0.05  # the usual, arbitrary line
BLUE, ORANGE = "#0072B2", "#D55E00"


def discordance_figure(right_a: int, right_b: int, total: int,
                       names: Sequence[str] = ("A", "B"), title: str | None = None,
                       theme: str = "light", scale: float = 1.0) -> TwinFigure:
    """Draw McNemar's p against the number of examples on which two models disagree.

    Args:
        right_a, right_b: right answers of the two, of the same `total` examples.
        names: of the two, for table and reading.
        title, theme, scale: as in `twin_curve`.

    Raises:
        ValueError: the counts are no counts.

    Taught in 06.
    """
    found = every_mcnemar(right_a, right_b, total)
    title = title or f"{right_a:,} or {right_b:,} right of {total:,}: is that a difference?"
    look = get_theme(theme)
    figure, axes = new_figure(look, scale)
    axes.set_position((0.095, 0.2, 0.87, 0.63))
    _points(axes, found, look)
    draw.frame_texts(axes, title, "test examples on which the two disagree",
                     "p of McNemar's exact test", "each point: one way in which the same two "
                     "counts can have come about", look, left=-0.095)
    table = [{"disagree on": one.only_a + one.only_b, f"only {names[0]} right": one.only_a,
              f"only {names[1]} right": one.only_b, "p": one.p,
              "difference in points": 100 * (right_a - right_b) / total,
              "its interval": tuple(100 * end for end in
                                    paired_interval(one.only_a, one.only_b, total))}
             for one in found]
    reading = _reading(found, right_a, right_b, total, names)
    alt = (f"{title} Points: p of McNemar's test over the number of examples on which the two "
           f"models disagree, with a dashed line at {USUAL}. "
           + ", ".join(f"{one.p:.3f} at {one.only_a + one.only_b}" for one in found) + ".")
    return TwinFigure(figure, table, reading, alt, theme)


def _points(axes, found: Sequence[McNemar], look) -> None:
    for kind, colour, marker, wanted in (("p below 0.05", BLUE, "o", True),
                                         ("p of 0.05 or more", ORANGE, "s", False)):
        points = [(one.only_a + one.only_b, one.p) for one in found if (one.p < USUAL) == wanted]
        if points:
            axes.scatter(*zip(*points, strict=True), color=colour, marker=marker, s=60, label=kind,
                         zorder=3)
    axes.axhline(USUAL, color=look.ink, linestyle="--", linewidth=1.2, label="_usual")
    axes.set_ylim(0, 1.12 * max(2 * USUAL, *(one.p for one in found)))
    ticks_inside(axes, 12, "{x:,.0f}", whole=True)
    axes.yaxis.set_major_formatter("{x:.2f}")
    write(axes, 0.0, 1.05, f"circles: p below {USUAL};  squares: {USUAL} or more;  dashed: {USUAL}",
          look)


def _reading(found: Sequence[McNemar], right_a: int, right_b: int, total: int,
             names: Sequence[str]) -> str:
    alone = [f"{name} {100 * right / total:.1f}% ({100 * low:.1f} to {100 * high:.1f})"
             for name, right in zip(names, (right_a, right_b), strict=True)
             for low, high in [wilson_interval(right, total)]]
    low, high = separate_interval(right_a, right_b, total)
    small = sum(one.p < USUAL for one in found)
    text = (f"With 95% intervals: {' and '.join(alone)}. The difference is "
            f"{100 * (right_a - right_b) / total:.1f} points, and {100 * low:+.1f} to "
            f"{100 * high:+.1f} if the two test sets had nothing in common. On one test set it "
            f"depends on how many examples the two disagree on, {_disagree(found[0])} to "
            f"{_disagree(found[-1])}: p lies between {min(one.p for one in found):.3f} and "
            f"{max(one.p for one in found):.3f}")
    if small in (0, len(found)):
        return f"{text}, {'never' if not small else 'always'} below {USUAL}."
    return (f"{text}, below {USUAL} in {small} of {len(found)} cases. The two counts do not say "
            "which case it was, so they decide nothing.")


def _disagree(one: McNemar) -> int:
    return one.only_a + one.only_b
