"""Real messages that a filter throws away: ordinary ones, and those that look like junk.

Taught in 06.
"""

from collections.abc import Iterable, Sequence

import numpy as np

from llmtl_helpers.curves import wilson_interval
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.plots import draw, words
from llmtl_helpers.plots.empty import empty_figure
from llmtl_helpers.plots.figure import TwinFigure
from llmtl_helpers.plots.mail_runs import answers, gold_labels, no_runs, not_there
from llmtl_helpers.plots.precision_recall import FILTERS
from llmtl_helpers.plots.theme import colour_of, get_theme, new_figure, style_of, write
from llmtl_helpers.plots.ticks import ticks_inside

HARD = "email/hard-ham"
SHIFT = 0.17  # of the two kinds from the middle of their strip
Alarms = dict[str, tuple[list[int], int]]  # arm -> false alarms of each run, messages


def false_alarms(rows: Iterable[dict], n: int | None = None, arms: Sequence[str] = FILTERS,
                 gold: Sequence[int] | None = None, title: str | None = None,
                 theme: str = "light", scale: float = 1.0) -> TwinFigure:
    """Draw the share of real messages that each filter calls junk: ordinary mail and hard mail.

    Args:
        rows: ledger rows of email/spam of one training rule.
        n: training-set size in labels; default: the largest at which most arms have runs.
        arms: filters to draw.
        gold: (examples,) true classes of the ordinary test messages; default: those of the rows'
            task. Where they are not on this machine hard mail is drawn alone.
        title, theme, scale: as in `twin_curve`.

    Raises:
        LearnerError: rows of several tasks, training rules or versions of the data.

    Taught in 06.
    """
    rows = list(rows)
    title = title or "Real messages called junk"
    every = answers(rows, arms, HARD)
    n = n or max(every, key=lambda size: (len(every[size]), size), default=0)
    if n not in every:
        return empty_figure(title, no_runs(next((row["task"] for row in rows), ""), arms), theme,
                            scale)
    hard = _alarms(every[n])
    try:
        real = np.asarray(gold_labels(rows) if gold is None else gold) == 0
        ordinary, note = _alarms(answers(rows, arms)[n], real), ""
    except LearnerError as missing:
        ordinary, note = {}, f" Ordinary mail is left out. {missing}"
    look = get_theme(theme)
    figure, axes = new_figure(look, scale)
    _strips(axes, ordinary, hard, look)
    messages = next(iter(hard.values()))[1]
    draw.frame_texts(axes, title, "share of real messages called junk, %", "",
                     f"{words.labels(n)}; thin points: single runs; bars: 95% interval of the "
                     f"messages at the mean of the runs; {messages:,} hard messages", look)
    table = [{"filter": style_of(arm).label, "mail": kind, "messages": total, "runs": len(counts),
              "called junk": float(np.mean(counts)), "share": float(np.mean(counts)) / total,
              "interval": _interval(counts, total)}
             for kind, found in (("ordinary", ordinary), ("hard", hard))
             for arm, (counts, total) in found.items()]
    reading = _reading(ordinary, hard, n) + not_there(rows, arms, hard) + note
    alt = (f"{title}. Dot chart of shares in per cent, one strip a filter, ordinary mail as filled "
           f"and hard mail as hollow marks. {reading}")
    return TwinFigure(figure, table, reading, alt, theme)


def _alarms(found: dict[str, dict], which: np.ndarray | None = None) -> Alarms:
    """False alarms among real messages; all are real but where `which` says so."""
    alarms = {}
    for arm, runs in found.items():
        tables = [~right[which] if which is not None else ~right for right in runs.values()]
        alarms[arm] = [int(wrong.sum()) for wrong in tables], len(tables[0])
    return alarms


def _interval(counts: Sequence[int], total: int) -> tuple[float, float]:
    """Wilson's interval of the mean count: the luck of the messages; that of the seeds is drawn."""
    return wilson_interval(round(float(np.mean(counts))), total)


def _strips(axes, ordinary: Alarms, hard: Alarms, look) -> None:
    arms = list(hard)
    axes.set_ylim(-0.5, len(arms) - 0.5)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x", color=look.quiet, linewidth=0.8)
    heights = {arm: len(arms) - 1 - place for place, arm in enumerate(arms)}
    for found, shift, fill in ((ordinary, SHIFT, "full"), (hard, -SHIFT, "none")):
        for arm, (counts, total) in found.items():
            colour, y = colour_of(style_of(arm), look), heights[arm] + shift
            axes.hlines(y, *(100 * end for end in _interval(counts, total)), color=colour,
                        linewidth=2.4, alpha=0.8, label=f"_interval {arm}")
            axes.scatter([100 * count / total for count in counts], [y] * len(counts), s=18,
                         color=colour, alpha=0.55, linewidth=0, label=f"_runs {arm}")
            axes.plot([100 * np.mean(counts) / total], [y], marker="o", markersize=10,
                      fillstyle=fill, color=colour, markeredgewidth=2.0, linestyle="",
                      label=f"_mean {arm}")
    axes.set_xlim(left=min(0.0, axes.get_xlim()[0]))
    ticks_inside(axes, 8)
    draw.end_labels(axes, [(style_of(arm), axes.get_xlim()[0], y) for arm, y in heights.items()],
                    look)
    write(axes, 0.0, 1.05, "filled: ordinary real mail;  hollow: real mail that looks like junk",
          look)


def _said(arm: str, alarms: Alarms) -> str:
    counts, total = alarms[arm]
    low, high = _interval(counts, total)
    return f"{100 * np.mean(counts) / total:.1f}% ({100 * low:.1f} to {100 * high:.1f})"


def _reading(ordinary: Alarms, hard: Alarms, n: int) -> str:
    order = sorted(hard, key=lambda arm: np.mean(hard[arm][0]))
    ends = order[:1] if len(order) == 1 else [order[0], order[-1]]
    text = (f"With {words.labels(n)}, of real messages that look like junk "
            + " and ".join(f"{words.spoken(arm)} calls {_said(arm, hard)} junk" for arm in ends)
            + (", the fewest and the most" if len(ends) > 1 else ""))
    both = [arm for arm in ("fine_tuned", "tfidf") if arm in ordinary] or list(ordinary)[:1]
    if both:
        text += "; of ordinary real messages " + " and ".join(
            f"{words.spoken(arm)} {_said(arm, ordinary)}" for arm in both)
    return f"{text}. In brackets are 95% intervals."
