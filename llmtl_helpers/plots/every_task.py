"""One checkpoint on every task: gap and data multiplier side by side. Taught in 07."""

import math
from collections.abc import Iterable, Sequence

from matplotlib.ticker import NullLocator

from llmtl_helpers.curves import Multiplier, sign_of
from llmtl_helpers.plots import words
from llmtl_helpers.plots.empty import empty_figure
from llmtl_helpers.plots.every_task_data import TREATMENT, Gain, all_tasks, gains
from llmtl_helpers.plots.figure import TwinFigure
from llmtl_helpers.plots.panels import (above, few_ticks, heading, row_names, side_by_side,
                                        small_text)
from llmtl_helpers.plots.ratios import times
from llmtl_helpers.plots.study_runs import points, with_interval
from llmtl_helpers.plots.theme import FONT, Theme, colour_of, get_theme, style_of
from llmtl_helpers.plots.true_classes import luck_in

def every_task_figure(rows: Iterable[dict], n: int = 256, baseline: str = "scratch",
                      metric: str = "macro_f1", tasks: Sequence[str] | None = None,
                      title: str | None = None, theme: str = "light",
                      scale: float = 1.0) -> TwinFigure:
    """Draw, for every task, by how much the fine-tuned checkpoint beats a baseline, sorted.

    At the left the gap in points; at the right how many times as many labels the baseline needs
    for the same score, an arrow where that is only known to be more (or less).

    Args:
        rows: ledger rows of all tasks, of one training rule; purpose "curve" counts. Own runs count
            where none are shipped.
        n: training-set size in labels.
        baseline: an arm of the twin curve, such as "scratch", "small_scratch" or "tfidf".
        metric: "macro_f1", which suits unbalanced tasks and more than two classes, or "accuracy".
        tasks: those that should be there; default: every task with labels. What has no runs at
            this size is named with the command that makes them.
        title, theme, scale: as in `twin_curve`.

    Raises:
        LearnerError: rows of several training rules, or of two versions of one task's data.
    """
    tasks = list(tasks or all_tasks())
    found = gains(rows, n, baseline, metric, tasks)
    title = title or f"One checkpoint on every task: {words.labels(n)}"
    missing = _missing([task for task in tasks if task not in {gain.task for gain in found}],
                       baseline, n)
    if not found:
        return empty_figure(title, f"There are no finished runs to draw yet. {missing}", theme,
                            scale)
    look = get_theme(theme)
    figure, (left, right) = side_by_side(2, look, scale, height=0.7)
    names = [gain.task for gain in found]
    for axes in (left, right):
        axes.set_ylim(len(found) - 0.5, -0.75)  # the largest gap on top
    _draw_gaps(left, found, look)
    _draw_multipliers(right, found, look)
    row_names(left, names, look)
    heading(figure, title, look)
    small_text(figure, _small_print(found, baseline, metric), look)
    reading = " ".join(filter(None, [_reading(found, n, baseline, metric), missing]))
    return TwinFigure(figure, _table(found), reading,
                      f"{title}. Two panels, one row a task, sorted by the gap. "
                      f"{_in_numbers(found)}", theme)


def _missing(tasks: list[str], baseline: str, n: int) -> str:
    if not tasks:
        return ""
    task = tasks[0] if len(tasks) == 1 else "TASK"
    each = "" if len(tasks) == 1 else f", once for each TASK of {', '.join(tasks)},"
    lacking = f" {tasks[0]}" if len(tasks) == 1 else f" {len(tasks)} tasks"
    return (f"Not there yet at {words.labels(n)}:{lacking}. `python3 start.py sweep --task {task} "
            f"--arms {TREATMENT} {baseline} --profile broad`{each} makes "
            f"{'it' if len(tasks) == 1 else 'them'}.")


def _draw_gaps(axes, found: list[Gain], look: Theme) -> None:
    ends = [0.0, *(100 * end for gain in found
                   for end in (gain.gap.interval or (gain.gap.difference,)))]
    room = max(2.0, 0.1 * (max(ends) - min(ends)))
    axes.set_xlim(min(ends) - room, max(ends) + room)
    few_ticks(axes, 5)
    axes.axvline(0, color=look.ink, linewidth=1.4, label="_zero")
    axes.set_xlabel("gap in points", fontsize=FONT, color=look.ink, labelpad=1)
    style = style_of(TREATMENT)
    colour = colour_of(style, look)
    for y, gain in enumerate(found):
        low, high = gain.gap.interval or (gain.gap.difference,) * 2
        axes.hlines(y, 100 * low, 100 * high, color=colour, linewidth=3, alpha=0.5,
                    label=f"_interval {gain.task}")
        axes.plot([100 * gain.gap.difference], [y], marker=style.marker, markersize=9, color=colour,
                  markerfacecolor=colour if sign_of(gain.gap) else look.paper, markeredgewidth=1.6,
                  linestyle="", label=f"_gap {gain.task}")
        above(axes, 100 * gain.gap.difference, y, points(gain.gap.difference), look)


def _draw_multipliers(axes, found: list[Gain], look: Theme) -> None:
    ratios = [gain.multiplier.ratio for gain in found if gain.multiplier.ratio is not None]
    low, high = min([1.0, *ratios]) / 2.5, max([2.0, *ratios]) * 3.5
    axes.set_xscale("log", base=2)
    axes.set_xlim(low, high)
    ticks = [4.0**power for power in range(-4, 8) if low <= 4.0**power <= high]
    axes.set_xticks(ticks, [times(tick) for tick in ticks])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.axvline(1, color=look.ink, linewidth=1.4, label="_one")
    axes.set_xlabel("times as many labels needed", fontsize=FONT, color=look.ink, labelpad=1)
    style = style_of(TREATMENT)
    colour = colour_of(style, look)
    for y, gain in enumerate(found):
        meets = gain.multiplier
        if meets.ratio is None:
            above(axes, math.sqrt(low * high), y, said(meets), look)
            continue
        ends = meets.interval or (meets.ratio, meets.ratio)
        span = [min(max(end, low), high) for end in ends]
        if not meets.censored:
            axes.hlines(y, *span, color=colour, linewidth=3, alpha=0.5,
                        label=f"_interval {gain.task}")
        marker = {"at least": ">", "at most": "<"}.get(meets.censored, style.marker)
        axes.plot([meets.ratio], [y], marker=marker, markersize=9, color=colour, linestyle="",
                  label=f"_multiplier {gain.task}")
        above(axes, meets.ratio, y, said(meets), look)


def _ratio(meets: Multiplier) -> str:
    return f"{meets.ratio:.0f}x" if meets.ratio >= 9.95 else f"{meets.ratio:.2g}x"


def said(meets: Multiplier) -> str:
    """'5.3x', 'at least 32x' or 'undefined'."""
    if meets.ratio is None:
        return "undefined"
    return f"{meets.censored} {_ratio(meets)}" if meets.censored else _ratio(meets)


def _small_print(found: list[Gain], baseline: str, metric: str) -> str:
    pairs = sorted({gain.gap.runs for gain in found})
    return (f"{words.spoken_metric(metric)}; against {style_of(baseline).label}; "
            f"{'–'.join(map(str, pairs))} pairs of runs; bars: 95%, of the gaps "
            f"{luck_in(gain.gap for gain in found)}; hollow: it holds 0; triangle: a bound")


def _reading(found: list[Gain], n: int, baseline: str, metric: str) -> str:
    most, least = found[0], found[-1]
    ahead = [gain for gain in found if sign_of(gain.gap) > 0]
    text = (f"With {words.labels(n)}, in {words.spoken_metric(metric)}, "
            f"{words.spoken(TREATMENT)} is surely ahead of {words.spoken(baseline)} on "
            f"{len(ahead)} of {len(found)} tasks.")
    for names, sign in (("Surely behind on", -1), ("Not surely different on", 0)):
        some = [f"{gain.task} {with_interval(gain.gap)}" for gain in found
                if sign_of(gain.gap) == sign]
        text += f" {names} {'; '.join(some)}." if some else ""
    text += f" The largest gap is on {most.task}, {with_interval(most.gap)}"
    text += (f", the smallest on {least.task}, {with_interval(least.gap)}." if least is not most
             else ".")
    ratios = "; ".join(f"{gain.task} {said(gain.multiplier)}" for gain in found)
    return f"{text} Labels that the baseline needs for the same score, over {n:,}: {ratios}."


def _table(found: list[Gain]) -> list[dict]:
    return [{"task": gain.task, "fine-tuned": gain.tuned.summary().mean,
             "baseline": gain.baseline.summary().mean, "gap": gain.gap.difference,
             "interval": gain.gap.interval, "pairs of runs": gain.gap.runs,
             "multiplier": gain.multiplier.ratio, "bound": gain.multiplier.censored or "exact",
             "multiplier interval": gain.multiplier.interval} for gain in found]


def _in_numbers(found: list[Gain]) -> str:
    return " ".join(f"{gain.task}: gap {points(gain.gap.difference)} points, multiplier "
                    f"{said(gain.multiplier)}." for gain in found)
