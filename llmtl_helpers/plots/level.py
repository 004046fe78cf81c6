"""The twin curve read sideways: one score, and the labels that each arm needs for it."""

from collections.abc import Iterable

from llmtl_helpers.curves import Multiplier
from llmtl_helpers.plots import draw, words
from llmtl_helpers.plots.empty import empty_figure
from llmtl_helpers.plots.figure import TwinFigure
from llmtl_helpers.plots.level_data import LevelData, alt, heading, level_table, reading
from llmtl_helpers.plots.theme import FONT, colour_of, get_theme, new_figure, style_of, write

def level_curve(rows: Iterable[dict], level: float | None = None, treatment: str = "fine_tuned",
                baseline: str = "scratch", metric: str = "accuracy", title: str | None = None,
                theme: str = "light", scale: float = 1.0) -> TwinFigure:
    """Draw a level across the twin curve and the number of labels at which each line meets it.

    Args:
        rows: ledger rows of one task and one training rule; those with purpose "curve" count.
        level: a score from 0 to 1; default: halfway up the scores that both lines pass.
        treatment, baseline: the arms whose labels are compared, baseline divided by treatment.
        metric, title, theme, scale: as in `twin_curve`.

    Raises:
        LearnerError: treatment and baseline are one arm, the level is no score, rows that must
            not share a figure, an unknown theme or scale.

    Taught in 02.
    """
    found = LevelData(rows, metric, treatment, baseline)
    if found.missing:
        return empty_figure(heading(found, title), found.missing, theme, scale)
    figure, axes = backdrop(found, title, theme, scale)
    meets = found.multiplier(found.usual if level is None else level)
    mark(axes, found, meets, theme)
    return TwinFigure(figure, level_table(found, meets), reading(found, meets),
                      alt(found, axes, title, meets), theme)


def backdrop(found: LevelData, title: str | None, theme: str, scale: float):
    """Figure and axes with everything but the level; for data of which nothing is missing."""
    look = get_theme(theme)
    figure, axes = new_figure(look, scale)
    small = words.small_print(found.plot.curves, found.plot.rows, found.plot.left_out) + (
        "; labels are read on the best mean so far, straight lines on the log axis; "
        "in brackets: 95% over resampled seeds")
    draw.frame_texts(axes, heading(found, title), "training-set size in labels (log scale)",
                     f"{words.spoken_metric(found.plot.metric)} on the test set", small, look)
    curves, pair = found.plot.curves, (found.treatment, found.baseline)
    draw.size_axis(axes, found.plot.sizes)
    draw.score_axis(axes, [score for arm, points in curves.items() for point in points
                           for score in ((*point.scores, *(point.band or ()))
                                         if arm in pair else (point.mean,))])
    ends = []
    for arm, points in curves.items():
        if arm in pair:
            draw.curve(axes, style_of(arm), points, look)
            _best_so_far(axes, arm, points, look)
        else:
            axes.plot([point.n for point in points], [point.mean for point in points],
                      color=colour_of(style_of(arm), look), linestyle=style_of(arm).line,
                      linewidth=1.1, alpha=0.8, label=style_of(arm).label, zorder=1.8)
        ends.append((style_of(arm), points[-1].n, points[-1].mean))
    draw.end_labels(axes, ends, look)
    drawn = [point for arm in pair for point in curves[arm]]
    draw.key(axes, look, band=any(point.band for point in drawn),
             runs=any(point.k > 1 for point in drawn), live=None)
    return figure, axes


def mark(axes, found: LevelData, meets: Multiplier, theme: str) -> list:
    """Draw the level, where it meets both lines, and what that makes. Returns the artists."""
    look = get_theme(theme)
    artists = [axes.axhline(meets.level, color=look.ink, linewidth=1.0, alpha=0.7, zorder=2.5,
                            label="_level")]
    floor, right = axes.get_ylim()[0], axes.get_xlim()[1]
    for arm, n in ((found.treatment, meets.n_treatment), (found.baseline, meets.n_baseline)):
        if n is None or (arm == found.baseline and meets.censored == "at least"):
            continue
        colour = colour_of(style_of(arm), look)
        artists += axes.plot([n, n], [floor, meets.level], color=colour, linewidth=1.4,
                             linestyle=style_of(arm).line, zorder=2.6, label=f"_down {arm}")
        artists += axes.plot([n], [meets.level], marker="o", markersize=11, fillstyle="none",
                             markeredgewidth=1.8, color=look.ink, linestyle="", zorder=6,
                             label=f"_meets {arm}")
    artists += _numbers(axes, meets, look)
    if meets.ratio is not None and meets.n_treatment is not None:
        end = right if meets.censored == "at least" else meets.n_baseline
        artists.append(axes.annotate(
            "", (end, meets.level), xytext=(meets.n_treatment, meets.level), zorder=5,
            arrowprops=dict(arrowstyle="-|>", color=look.ink, linewidth=2.4, shrinkA=6,
                            shrinkB=0 if meets.censored else 6)))
    short = "no multiplier" if meets.undefined else str(meets)
    short = short.replace(": ", "\n") if ": " in short else short.replace(" [", "\n[")
    text = f"at {meets.level:.3f}: {short}"
    artists.append(write(axes, draw.HANDLE[0], 1.1, text, look, fontweight="bold", va="center"))
    return artists


def _numbers(axes, meets: Multiplier, look) -> list:
    """The two numbers of labels above the axis, kept apart and off its ends."""
    ends = [n for n in (meets.n_treatment,
                        None if meets.censored == "at least" else meets.n_baseline)
            if n is not None]
    if not ends:
        return []
    to_axes = axes.transData + axes.transAxes.inverted()
    places = [to_axes.transform((n, meets.level))[0] for n in ends]
    texts = [f"{round(n):,}" for n in ends]
    widths = [0.024 * len(text) + 0.03 for text in texts]
    order = sorted(range(len(ends)), key=lambda index: places[index])
    centres = draw.apart([places[index] for index in order], [widths[index] for index in order])
    return [write(axes, min(max(centre, widths[index] / 2), 1 - widths[index] / 2), 0.03,
                  texts[index], look, ha="center", va="bottom", fontsize=FONT + 1,
                  fontweight="bold", zorder=7,
                  bbox=dict(facecolor=look.paper, edgecolor="none", alpha=0.85, pad=1.5))
            for index, centre in zip(order, centres, strict=True)]


def _best_so_far(axes, arm: str, points, look) -> None:
    """The running maximum of the means as a thin line, where it leaves the line of means."""
    best, course = 0.0, []
    for point in points:
        best = max(best, point.mean)
        course.append(best)
    if course != [point.mean for point in points]:
        axes.plot([point.n for point in points], course, color=colour_of(style_of(arm), look),
                  linewidth=1.2, linestyle="-", alpha=0.9, label=f"_best {arm}")
