"""Many test sets instead of one: how often does the worse model win? Taught in 06."""

from collections.abc import Iterable

import numpy as np
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from llmtl_helpers.curves.discordance import DRAWS, DrawnSets, draw_test_sets
from llmtl_helpers.plots import draw, words
from llmtl_helpers.plots.empty import empty_figure
from llmtl_helpers.plots.figure import TwinFigure
from llmtl_helpers.plots.mail_runs import answers, in_pairs, no_runs
from llmtl_helpers.plots.theme import get_theme, new_figure, style_of, write
from llmtl_helpers.plots.ticks import ticks_inside

SIZES = (25, 50, 100, 200, 300, 500, 1000, 2000, 5000, 10_000)  # of test sets
MESSAGES, RUNS_TOO = "messages", "messages and runs"  # what chance deals anew
BARS = 45  # of the histogram, at most
# side of a bar: colour, hatch, meaning
SIDES = {"better": ("#0072B2", "", "the better model is ahead"),
         "tie": ("#8C8C8C", "..", "no difference"),
         "worse": ("#D55E00", "//", "the worse model is ahead")}


def drawn_test_sets(rows: Iterable[dict], size: int = 300, first: str = "fine_tuned",
                    second: str = "tfidf", n: int | None = None, luck: str = MESSAGES,
                    seed: int = 0, title: str | None = None, theme: str = "light",
                    scale: float = 1.0) -> TwinFigure:
    """Draw test sets of one size again and again from the test messages; show the differences.

    Args:
        rows: ledger rows of one task and one training rule that recorded which messages were right.
        size: messages in a test set, drawn with replacement.
        first, second: the two arms.
        n: training-set size in labels; default: the largest that both have.
        luck: "messages": the same two runs on every test set; "messages and runs": with each test
            set a run of either arm is drawn too.
        seed: of what is drawn; another one is another set of draws.
        title, theme, scale: as in `twin_curve`.

    Raises:
        ValueError: no such kind of luck, or a size below 1.
        LearnerError: rows of several tasks, training rules or versions of the data.

    Taught in 06.
    """
    if luck not in (MESSAGES, RUNS_TOO):
        raise ValueError(f"chance deals {MESSAGES!r} or {RUNS_TOO!r}, not {luck!r}")
    rows = list(rows)
    title = title or f"Many test sets of {size:,} messages"
    both = {size_: arms for size_, arms in answers(rows, (first, second)).items()
            if first in arms and second in arms and arms[first].keys() & arms[second].keys()}
    n = n or max(both, default=0)
    if n not in both:
        return empty_figure(title, no_runs(next((row["task"] for row in rows), ""),
                                           (first, second)), theme, scale)
    ours, theirs = in_pairs(both[n][first], both[n][second])
    found = {each: draw_test_sets(ours, theirs, each, seed=seed, runs_too=luck == RUNS_TOO)
             for each in sorted({*SIZES, size})}
    look = get_theme(theme)
    figure, axes = new_figure(look, scale)
    axes.set_position((0.095, 0.2, 0.87, 0.63))
    _histogram(axes, found[size], look)
    runs = (f"{len(ours)} runs of each, one of each drawn with every test set" if luck == RUNS_TOO
            else "one run of each")
    draw.frame_texts(axes, title, f"points of accuracy: {style_of(first).label} minus "
                     f"{style_of(second).label}", f"test sets out of {DRAWS:,}",
                     f"{words.labels(n)}; {runs}; drawn with replacement from {ours.shape[1]:,} "
                     "test messages", look, left=-0.095)
    reading = _reading(found[size], first, second, ours.shape[1], luck)
    return TwinFigure(figure, [_line(one) for one in found.values()], reading,
                      f"{title}. Histogram of differences in points of accuracy, with a line at 0 "
                      f"and one at the difference on all messages. {reading}", theme)


def _histogram(axes, one: DrawnSets, look) -> None:
    """Bars whose edges lie half-way between the possible differences, so that none straddles 0."""
    steps = np.rint(one.differences * one.size).astype(int)
    width = max(1, -(-int(np.ptp(steps) + 1) // BARS))
    width += 1 - width % 2  # odd: 0 lies in the middle of its bar
    place = np.rint(steps / width).astype(int)
    sign = np.sign(round(one.whole, 12)) or 1.0
    side = np.where(steps == 0, "tie", np.where(steps * sign > 0, "better", "worse"))
    bottom: dict[int, int] = {}
    for name, (colour, hatch, _) in SIDES.items():
        for at, count in zip(*np.unique(place[side == name], return_counts=True), strict=True):
            axes.bar(100 * at * width / one.size, count, 100 * width / one.size * 0.92,
                     color=colour, bottom=bottom.get(at, 0), hatch=hatch,
                     edgecolor=look.paper, linewidth=0.4, label=f"_{name}")
            bottom[at] = bottom.get(at, 0) + int(count)
    axes.axvline(0, color=look.ink, linewidth=1.2, label="_zero")
    axes.axvline(100 * one.whole, color=look.ink, linewidth=1.6, linestyle="--", label="_whole")
    axes.yaxis.set_major_locator(MaxNLocator(6, integer=True))
    low, high = axes.get_xlim()
    axes.set_xlim(min(low, -0.5), max(high, 0.5))
    ticks_inside(axes, 9)
    handles = [Patch(facecolor=colour, hatch=hatch, edgecolor=look.paper, label=meaning)
               for colour, hatch, meaning in SIDES.values()]
    legend = axes.legend(handles=handles, loc="lower left", bbox_to_anchor=(-0.02, 1.0), ncols=3,
                         frameon=False, fontsize=11, labelcolor=look.ink, borderpad=0.2,
                         handletextpad=0.5, columnspacing=1.4)
    legend.set_zorder(7)
    write(axes, 0.995, 0.965, "dashed: on all\nmessages", look, ha="right", va="top")


def _ends(one: DrawnSets) -> tuple[float, float]:
    return tuple(100 * float(end) for end in np.percentile(one.differences, (2.5, 97.5)))


def _line(one: DrawnSets) -> dict:
    return {"test messages": one.size, "worse model ahead": one.flips, "no difference": one.ties,
            "95 of 100 test sets, in points": _ends(one),
            "first test set, only first right": one.first.only_a,
            "only second right": one.first.only_b, "its p (McNemar)": one.first.p}


def _reading(one: DrawnSets, first: str, second: str, messages: int, luck: str) -> str:
    low, high = _ends(one)
    whole = round(100 * one.whole, 2)
    said = (f"On all {messages:,} messages " + (
        f"{words.spoken(first)} is {abs(whole):.1f} points of accuracy "
        f"{'above' if whole > 0 else 'below'} {words.spoken(second)}" if whole else
        f"{words.spoken(first)} and {words.spoken(second)} are level")
        + (", as a mean over the runs" if luck == RUNS_TOO else "")
        + f". On test sets of {one.size:,} the difference lies between {low:+.1f} and {high:+.1f} "
          "points 95 times in 100")
    if whole:
        said += (f"; in {one.flips:.0%} of the {len(one.differences):,} draws the worse model is "
                 f"ahead, in {one.ties:.0%} there is no difference")
    mine = one.first
    return (f"{said}. The first of these test sets has {mine.only_a} messages that only the first "
            f"and {mine.only_b} that only the second has right, McNemar's p {mine.p:.2g}.")
