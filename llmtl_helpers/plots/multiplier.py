"""How many times the labels, against the score and against the number of labels."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

from llmtl_helpers.curves import multiplier_levels, multiplier_sizes
from llmtl_helpers.curves.wording import times
from llmtl_helpers.plots import draw, ratios, words
from llmtl_helpers.plots.empty import empty_figure
from llmtl_helpers.plots.figure import TwinFigure
from llmtl_helpers.plots.level_data import missing
from llmtl_helpers.plots.ratios import Points
from llmtl_helpers.plots.theme import get_theme, new_figure, style_of
from llmtl_helpers.plots.twin import PlotData

BASELINES = ("scratch", "small_scratch", "tfidf")
STEP = 0.02  # between the levels that are tried


def multiplier_by_level(rows: Iterable[dict], levels: Sequence[float] | None = None,
                        treatment: str = "fine_tuned", baselines: Sequence[str] = BASELINES,
                        metric: str = "accuracy", title: str | None = None,
                        theme: str = "light", scale: float = 1.0) -> TwinFigure:
    """Draw the data multiplier against the score that is to be reached, one line per baseline.

    Args:
        rows: ledger rows of one task and one training rule; those with purpose "curve" count.
        levels: scores from 0 to 1; default: every second hundredth that the treatment passes.
        treatment: the arm whose labels are the unit. baselines: arms that are compared with it.
        metric, title, theme, scale: as in `twin_curve`.

    Raises:
        LearnerError: rows that must not share a figure, an unknown theme or scale.

    Taught in 02.
    """
    plot, scores = _scores(rows, metric, treatment, baselines)
    found: dict[str, Points] = {}
    if treatment in scores:
        levels = _levels(plot.curves[treatment]) if levels is None else sorted(levels)
        found = {arm: [(meets.level, meets) for meets in multiplier_levels(
            scores[arm], scores[treatment], levels)] for arm in baselines if arm in scores}
    return _figure(plot, found, treatment, baselines, title or f"Multiplier by score: {plot.task}",
                   f"{words.spoken_metric(metric)} to be reached", theme, scale, by_size=False)


def multiplier_by_size(rows: Iterable[dict], treatment: str = "fine_tuned",
                       baselines: Sequence[str] = BASELINES, metric: str = "accuracy",
                       title: str | None = None, theme: str = "light",
                       scale: float = 1.0) -> TwinFigure:
    """Draw the data multiplier against the treatment's labels, one line per baseline.

    The level at each size is the treatment's mean there. Arguments and errors as in
    `multiplier_by_level`.

    Taught in 02.
    """
    plot, scores = _scores(rows, metric, treatment, baselines)
    found = {arm: multiplier_sizes(scores[arm], scores[treatment])
             for arm in baselines if arm in scores and treatment in scores}
    return _figure(plot, found, treatment, baselines,
                   title or f"Multiplier by labels: {plot.task}",
                   f"labels given to {words.spoken(treatment)} (log scale)", theme, scale,
                   by_size=True)


def _scores(rows, metric, treatment, baselines):
    plot = PlotData(list(rows), metric, [treatment, *baselines])
    return plot, {arm: {point.n: point.scores for point in points}
                  for arm, points in plot.curves.items()}


def _levels(points) -> list[float]:
    """Every second hundredth above the first and up to the best mean."""
    low, high = points[0].mean, max(point.mean for point in points)
    return [round(step * STEP, 10)
            for step in range(math.floor(low / STEP) + 1, math.floor(high / STEP) + 1)]


def _figure(plot, found: dict[str, Points], treatment, baselines, title, x, theme, scale,
            by_size) -> TwinFigure:
    look = get_theme(theme)
    drawn = {arm: [(at, meets) for at, meets in points if meets.ratio is not None]
             for arm, points in found.items()}
    drawn = {arm: points for arm, points in drawn.items() if points}
    lacking = missing(plot.curves, (treatment, *baselines))
    if not drawn:
        empty = empty_figure(title, lacking or "No multiplier is defined: the lines have no score "
                             "in common that could be compared.", theme, scale)
        return replace(empty, table=_table(found, by_size))
    figure, axes = new_figure(look, scale)
    draw.frame_texts(axes, title, x, "times as many labels needed", _small_print(plot, found),
                     look)
    places = sorted({at for points in drawn.values() for at, _ in points})
    if by_size:
        draw.size_axis(axes, [int(place) for place in places])
    else:
        margin = max(0.02, 0.04 * (places[-1] - places[0]))
        axes.set_xlim(places[0] - margin, places[-1] + margin)
        axes.xaxis.set_major_formatter("{x:.2f}")
    ratios.ratio_axis(axes, drawn, look)
    ratios.ceiling(axes, drawn, plot.curves, look)
    for place, (arm, points) in enumerate(drawn.items()):
        ratios.line(axes, arm, points, (place - (len(drawn) - 1) / 2) * ratios.APART, look)
    named = {arm: ([point for point in reversed(points) if not point[1].censored] or points)[0]
             for arm, points in drawn.items()}  # beside its last number, or its first bound
    draw.end_labels(axes, [*((style_of(arm), at, meets.ratio)
                             for arm, (at, meets) in named.items()),
                           (ratios.ONE, axes.get_xlim()[1], 1)], look)
    reading = _reading(drawn, treatment, plot.metric, by_size)
    if lacking:
        reading += f" {lacking}"
    return TwinFigure(figure, _table(found, by_size), reading,
                      _alt(title, drawn, treatment, by_size), theme)


def _small_print(plot, found: dict[str, Points]) -> str:
    parts = [words.small_print(plot.curves, plot.rows, plot.left_out).partition("; not drawn")[0],
             "bars: 95% over resampled seeds, ends outside the figure in the table"]
    undefined = sum(bool(meets.undefined) for points in found.values() for _, meets in points)
    if undefined:
        parts.append(f"{undefined} points undefined, see the table")
    return "; ".join(filter(None, parts))


def _reading(drawn: dict[str, Points], treatment: str, metric: str, by_size: bool) -> str:
    """One sentence per baseline: its smallest and largest ratio, and its best bound."""
    def where(at):
        return f"{int(at):,}" if by_size else f"{at:.2f}"

    unit = (f"by the labels of {words.spoken(treatment)}" if by_size
            else f"by {words.spoken_metric(metric)}")
    sentences = [f"Labels needed, as a multiple of those of {words.spoken(treatment)}, {unit}"]
    for arm, points in drawn.items():
        whole = [(at, meets.ratio) for at, meets in points if not meets.censored]
        bounds = [(at, meets) for at, meets in points if meets.censored]
        parts = []
        if whole:
            low, high = (find(ratio for _, ratio in whole) for find in (min, max))
            span = " to ".join(dict.fromkeys((times(low), times(high))))
            places = " to ".join(dict.fromkeys(where(at) for at in (whole[0][0], whole[-1][0])))
            parts.append(f"{span} at {places}")
        for kind, best in (("at least", max), ("at most", min)):
            of_kind = [(meets.ratio, at) for at, meets in bounds if meets.censored == kind]
            if of_kind:
                ratio, at = best(of_kind)
                parts.append(f"{kind} {times(ratio)} at {where(at)}, where only a bound is known")
        sentences.append(f"{style_of(arm).label}: {'; '.join(parts)}")
    return ". ".join(text[:1].upper() + text[1:] for text in sentences) + "."


def _alt(title: str, drawn: dict[str, Points], treatment: str, by_size: bool) -> str:
    lines = []
    for arm, points in drawn.items():
        course = ", ".join(
            f"{'' if not meets.censored else meets.censored + ' '}{times(meets.ratio)} at "
            + (f"{int(at):,}" if by_size else f"{at:.2f}")
            for at, meets in _some(points))
        lines.append(f"{style_of(arm).label}: {course}.")
    return (f"{title}. Line chart, logarithmic in both directions: " if by_size else
            f"{title}. Line chart with a logarithmic vertical axis: ") + (
        f"labels needed by each baseline, divided by those of {words.spoken(treatment)}, with a "
        "line at 1. ") + " ".join(line[:1].upper() + line[1:] for line in lines)


def _some(points: Points) -> Points:
    """At most about six points of a line, both ends among them."""
    step = max(1, len(points) // 5)
    return [*points[:-1:step], points[-1]]


def _table(found: dict[str, Points], by_size: bool) -> list[dict]:
    """One row per baseline and place, undefined ones with their reason."""
    return [{"baseline": style_of(arm).label, **({"n": int(at)} if by_size else {}),
             "level": float(meets.level), "n_baseline": meets.n_baseline,
             "n_treatment": meets.n_treatment, "ratio": meets.ratio, "interval": meets.interval,
             "note": meets.undefined or meets.censored}
            for arm, points in found.items() for at, meets in points]
