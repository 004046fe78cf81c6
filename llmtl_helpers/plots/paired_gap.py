"""How far one arm is ahead of others, at every size, with paired intervals. Taught in 06."""

from collections.abc import Iterable, Sequence

import numpy as np
from matplotlib.ticker import MaxNLocator

from llmtl_helpers.curves import PairedDifference, paired_bootstrap
from llmtl_helpers.curves.confusion import macro_f1_difference
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.plots import draw, words
from llmtl_helpers.plots.empty import empty_figure
from llmtl_helpers.plots.figure import TwinFigure
from llmtl_helpers.plots.mail_runs import (answers, gold_labels, in_pairs, no_runs,
                                           not_there)
from llmtl_helpers.plots.theme import colour_of, get_theme, new_figure, style_of, write
from llmtl_helpers.plots.ticks import Signed

BASELINES = ("tfidf", "tfidf_beginning", "probe")
NEAR = 2.0  # points that count as nearly as good
APART = 1.035  # factor between the places of two arms at one size, so that bars stand side by side
Gaps = dict[str, dict[int, PairedDifference]]  # arm -> n -> difference


def paired_gap(rows: Iterable[dict], baselines: Sequence[str] = BASELINES,
               treatment: str = "fine_tuned", gold: Sequence[int] | None = None,
               title: str | None = None, theme: str = "light", scale: float = 1.0) -> TwinFigure:
    """Draw how many points of macro-F1 an arm is ahead of others, against training-set size.

    Seeds and test messages are redrawn for both arms together, so what they share cancels. Where
    the true labels of the test messages are not on this machine the points are of accuracy.

    Args:
        rows: ledger rows of one task with two classes and of one training rule.
        baselines: arms that are compared with the treatment; the reading speaks of the first.
        gold: (examples,) true classes of the test messages; default: those of the rows' task.
        title, theme, scale: as in `twin_curve`.

    Raises:
        LearnerError: rows of several tasks, training rules or versions of the data.

    Taught in 06.
    """
    rows = list(rows)
    title = title or f"How far ahead the {style_of(treatment).label} is"
    found = answers(rows, (treatment, *baselines))
    metric, note = "macro_f1", ""
    if found and gold is None:
        try:
            gold = gold_labels(rows)
        except LearnerError as missing:
            metric, note = "accuracy", f" These are points of accuracy, not of macro-F1. {missing}"
    gaps = _gaps(found, treatment, baselines, metric, gold)
    if not gaps:
        return empty_figure(title, no_runs(next((row["task"] for row in rows), "")), theme, scale)
    look = get_theme(theme)
    figure, axes = new_figure(look, scale)
    sizes = sorted({n for line in gaps.values() for n in line})
    draw.size_axis(axes, sizes)
    low, high = axes.get_xlim()
    axes.set_xlim(low / APART, high * APART)
    _lines(axes, gaps, look)
    write(axes, 0.0, 1.05, f"above 0: the {style_of(treatment).label} is better", look)
    runs = sorted({one.runs for line in gaps.values() for one in line.values()})
    examples = max(one.examples for line in gaps.values() for one in line.values())
    draw.frame_texts(axes, title, "training-set size in labels (log scale)",
                     f"points of {words.spoken_metric(metric)} ahead",
                     f"bars: 95% intervals, paired by seed and by message; {runs[0]}"
                     + (f" to {runs[-1]}" if len(runs) > 1 else "") + f" seeds, {examples:,} test "
                     "messages", look)
    draw.end_labels(axes, [(style_of(arm), max(line), 100 * line[max(line)].difference)
                           for arm, line in gaps.items()], look)
    reading = _reading(gaps, treatment, metric) + not_there(rows, baselines, gaps) + note
    table = [{"minus": style_of(arm).label, "n": n, "points ahead": 100 * one.difference,
              "interval": one.interval and tuple(100 * end for end in one.interval),
              "runs": one.runs, "test messages": one.examples}
             for arm, line in gaps.items() for n, one in line.items()]
    alt = (f"{title}. Line chart of differences in points of {words.spoken_metric(metric)} over "
           f"training-set size, {sizes[0]:,} to {words.labels(sizes[-1])}, with a line at 0. "
           + " ".join(f"Minus {style_of(arm).label}: " + ", ".join(
               f"{100 * one.difference:+.1f} at {n:,}" for n, one in line.items()) + "."
               for arm, line in gaps.items()))
    return TwinFigure(figure, table, reading, alt, theme)


def _gaps(found, treatment: str, baselines: Sequence[str], metric: str, gold) -> Gaps:
    gaps: Gaps = {}
    for arm in baselines:
        for n, arms in found.items():
            if arm not in arms or treatment not in arms:
                continue
            ours, theirs = in_pairs(arms[treatment], arms[arm])
            if metric == "macro_f1" and len(ours):
                gaps.setdefault(arm, {})[n] = macro_f1_difference(gold, ours, theirs)
            elif len(ours) > 1:
                gaps.setdefault(arm, {})[n] = paired_bootstrap(ours, theirs)
    return gaps


def _lines(axes, gaps: Gaps, look) -> None:
    axes.axhline(0, color=look.ink, linewidth=1.2, label="_zero")
    for place, (arm, line) in enumerate(gaps.items()):
        style = style_of(arm)
        colour = colour_of(style, look)
        x = np.array(list(line)) * APART ** (place - (len(gaps) - 1) / 2)
        axes.plot(x, [100 * one.difference for one in line.values()], color=colour,
                  linestyle=style.line, marker=style.marker, markersize=7, linewidth=2.0,
                  label=style.label)
        for at, one in zip(x, line.values(), strict=True):
            if one.interval:
                axes.vlines(at, *(100 * end for end in one.interval), color=colour, linewidth=2.0,
                            label=f"_interval {arm}")
    axes.margins(y=0.06)
    axes.yaxis.set_major_locator(MaxNLocator(8, steps=[1, 2, 5, 10]))
    axes.yaxis.set_major_formatter(
        Signed("{x:+.0f}" if np.ptp(axes.get_ylim()) > 8 else "{x:+.1f}"))


def _reading(gaps: Gaps, treatment: str, metric: str) -> str:
    arm, line = next(iter(gaps.items()))
    n = max(line)
    text = (f"With {words.labels(n)}, the most there are runs of, {words.spoken(treatment)} is "
            f"{_said(line[n], metric, words.spoken(arm))}{_doubt(line[n])}.")
    if (few := min(line)) < n:
        text += f" With {words.labels(few)} it is {_said(line[few], metric, 'it')}."
    near = [size for size in line if all(100 * abs(line[larger].difference) < NEAR
                                         for larger in line if larger >= size)]
    if near:
        text += (f" The two means are within {NEAR:g} points of each other "
                 + (f"from {words.labels(min(near))} on." if min(near) < n else
                    "at that largest size alone." if few < n else "there."))
    else:
        text += f" At that size their means are more than {NEAR:g} points apart."
    return text


def _said(one: PairedDifference, metric: str, other: str) -> str:
    points = round(100 * one.difference, 1)
    side = "above" if points > 0 else "below"
    text = (f"{abs(points):.1f} points of {words.spoken_metric(metric)} {side} {other}" if points
            else f"level with {other} in {words.spoken_metric(metric)}")
    if one.interval is None:
        return text
    low, high = (100 * end for end in one.interval)
    return f"{text} (95% interval of the difference {low:+.1f} to {high:+.1f})"


def _doubt(one: PairedDifference) -> str:
    if one.interval is None:
        return f", from only {words.runs(one.runs)} of each, too few for an interval"
    low, high = one.interval
    return "" if low > 0 or high < 0 else "; the interval holds 0, so which is better is not known"
