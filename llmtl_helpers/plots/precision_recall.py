"""Two kinds of errors of a junk filter, and what they cost. Taught in 06."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from llmtl_helpers.curves import gap_share
from llmtl_helpers.curves.confusion import Confusion, confusion
from llmtl_helpers.curves.summary import RUNS_FOR_A_BAND
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.plots import draw, words
from llmtl_helpers.plots.empty import empty_figure
from llmtl_helpers.plots.figure import TwinFigure
from llmtl_helpers.plots.mail_runs import answers, gold_labels, in_pairs, no_runs, not_there
from llmtl_helpers.plots.theme import colour_of, get_theme, new_figure, style_of, write

FILTERS = ("fine_tuned", "scratch", "small_scratch", "probe", "tfidf", "tfidf_beginning")
PRICES = (1, 1000)  # of a lost real message, in missed junk messages
LOWEST = 0.003  # harm below which a line is drawn at the edge


@dataclass(frozen=True, eq=False)
class Filters:
    """What the runs of each arm did with the test messages.

    Attributes:
        n: training-set size in labels.
        gold: (examples,) 1 where a message is junk.
        runs: arm -> seeds -> (examples,) whether the answer was right.
        counts: arm -> mean counts over its runs.
    """

    n: int
    gold: np.ndarray
    runs: dict[str, dict]
    counts: dict[str, Confusion]


def error_cost(rows: Iterable[dict], price: float = 10.0, n: int | None = None,
               arms: Sequence[str] = FILTERS, gold: Sequence[int] | None = None,
               title: str | None = None, theme: str = "light", scale: float = 1.0) -> TwinFigure:
    """Draw the harm that each filter does against the price of a lost real message.

    Harm is measured in that of no filter, which lets all junk through: see `Confusion.harm`.

    Args:
        rows: ledger rows of one task with the classes real and junk, of one training rule.
        price: how many missed junk messages are as bad as one lost real message, 1 to 1,000; marked
            on the figure and read.
        n: training-set size in labels; default: the largest at which most arms have runs.
        arms: filters to draw.
        gold: (examples,) true classes of the test messages; default: those of the rows' task.
        title, theme, scale: as in `twin_curve`.

    Raises:
        ValueError: a price outside of 1 to 1,000.
        LearnerError: rows of several tasks, training rules or versions of the data.

    Taught in 06.
    """
    if not PRICES[0] <= price <= PRICES[1]:
        raise ValueError(f"a price lies between {PRICES[0]} and {PRICES[1]:,}, not at {price}")
    rows, title = list(rows), title or "What the errors of a filter cost"
    runs = answers(rows, arms)
    n = n or max(runs, key=lambda size: (len(runs[size]), size), default=0)
    if n not in runs:
        return empty_figure(title, no_runs(next((row["task"] for row in rows), ""), arms), theme,
                            scale)
    if gold is None:
        try:
            gold = gold_labels(rows)
        except LearnerError as missing:
            return empty_figure(title, str(missing), theme, scale, "not all data are here")
    found = Filters(n, np.asarray(gold), runs[n], {arm: confusion(gold, list(each.values()))
                                                   for arm, each in runs[n].items()})
    look = get_theme(theme)
    figure, axes = new_figure(look, scale)
    _lines(axes, found, price, look)
    junk = int(found.gold.sum())
    draw.frame_texts(axes, title, "price of one lost real message, in missed junk messages",
                     "harm, in that of no filter (log scale)",
                     f"{words.labels(found.n)}; means over the runs; {junk:,} junk and "
                     f"{len(found.gold) - junk:,} real test messages", look)
    reading = _reading(found, price) + not_there(rows, arms, found.counts)
    table = [_line(arm, one, price) for arm, one in found.counts.items()]
    alt = (f"{title}. Line chart of the harm of each filter over the price of a lost real message "
           f"from {PRICES[0]} to {PRICES[1]:,}, both logarithmic, with a line at 1, the harm of no "
           f"filter, and a mark at {price:g}. {reading}")
    return TwinFigure(figure, table, reading, alt, theme)


def equal_prices(one: Confusion, other: Confusion) -> float | None:
    """The price of a lost message at which two filters do the same harm; None if there is none."""
    lost, missed = one.lost - other.lost, other.missed - one.missed
    if not lost or missed / lost <= 0:
        return None
    return missed / lost


def _lines(axes, found: Filters, price: float, look) -> None:
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(*PRICES)
    prices = np.geomspace(*PRICES, 60)
    axes.axhline(1, color=look.ink, linewidth=1.2, linestyle=(0, (1, 2)), label="_no filter")
    axes.axvline(price, color=look.ink, linewidth=1.0, alpha=0.6, label="_price")
    every, ends = [1.0], []
    for arm, one in found.counts.items():
        style = style_of(arm)
        harm = [max(one.harm(each), LOWEST) for each in prices]
        axes.plot(prices, harm, color=colour_of(style, look), linestyle=style.line,
                  marker=style.marker, markevery=(3, 9), markersize=6, linewidth=2.2,
                  label=style.label)
        axes.plot([price], [max(one.harm(price), LOWEST)], marker="o", markersize=12,
                  fillstyle="none", markeredgewidth=1.6, color=look.ink, label=f"_ring {arm}")
        every += [harm[0], harm[-1]]
        ends.append((style, prices[-1], harm[-1]))
    axes.set_ylim(min(every) / 1.5, max(every) * 1.5)
    axes.set_xticks([1, 10, 100, 1000])
    axes.set_xlim(*PRICES)
    axes.set_yticks([tick for tick in (0.001, 0.01, 0.1, 1, 10, 100, 1000)
                     if axes.get_ylim()[0] <= tick <= axes.get_ylim()[1]])
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.yaxis.set_major_formatter("{x:g}")
    axes.minorticks_off()
    write(axes, 0.0, 1.05, "line at 1: no filter at all;  rings: at the price that is read", look)
    draw.end_labels(axes, ends, look)


def _line(arm: str, one: Confusion, price: float) -> dict:
    return {"filter": style_of(arm).label, "caught junk": one.caught, "missed junk": one.missed,
            "lost real": one.lost, "kept real": one.kept, "precision": one.precision,
            "recall": one.recall, "macro-F1": one.macro_f1,
            f"harm at price {price:g}": one.harm(price),
            "better than no filter up to price": one.caught / one.lost if one.lost else None}


def _reading(found: Filters, price: float) -> str:
    order = sorted(found.counts, key=lambda arm: found.counts[arm].harm(price))
    best = order[0]
    one = found.counts[best]
    text = (f"If a lost real message is as bad as {price:,g} missed junk message"
            f"{'' if price == 1 else 's'}, {words.spoken(best)} does the least harm, "
            f"{one.harm(price):.2f} of that of no filter: it misses {one.missed:.1f} of "
            f"{one.caught + one.missed:.0f} junk messages and loses {one.lost:.1f} of "
            f"{one.lost + one.kept:,.0f} real ones")
    if one.harm(price) > 1:
        text += "; no filter at all would be better"
    if len(order) == 1:
        return f"{text}."
    second = order[1]
    text += f". Next is {words.spoken(second)} with {found.counts[second].harm(price):.2f}"
    text += {True: ", surely more", False: ", not surely more", None: ""}[
        _surely_more(found, best, second, price)]
    bad = [style_of(arm).label for arm in order if found.counts[arm].harm(price) > 1]
    if bad and best not in bad and one.harm(price) <= 1:
        text += (f". Worse than no filter: {', '.join(bad)}" if len(bad) < 3 else
                 f". Worse than no filter are {len(bad)} of the {len(order)}")
    pair = [arm for arm in ("fine_tuned", "tfidf") if arm in found.counts]
    if len(pair) == 2:
        text += ". " + _crossing(*pair, *(found.counts[arm] for arm in pair))
    return f"{text}."


def _crossing(first: str, second: str, one: Confusion, other: Confusion) -> str:
    at = equal_prices(one, other)
    names = words.spoken(first), words.spoken(second)
    if at is None or not PRICES[0] < at < PRICES[1]:
        less = 0 if one.harm(30) <= other.harm(30) else 1
        return f"At every price from 1 to 1,000 {names[less]} does less harm than {names[1 - less]}"
    cheap = 0 if one.missed < other.missed else 1
    return (f"Below a price of {at:.3g} {names[cheap]} is the better one, above it "
            f"{names[1 - cheap]}")


def _surely_more(found: Filters, best: str, other: str, price: float) -> bool | None:
    """Whether the harm of `other` is above that of `best`: its paired 95% interval is above 0."""
    weight = np.where(found.gold == 1, 1.0, price) / found.gold.sum() * len(found.gold)
    low, high = (~right * weight for right in in_pairs(found.runs[best], found.runs[other]))
    if len(low) < RUNS_FOR_A_BAND:
        return None
    return gap_share(low, high, high).difference_interval[0] > 0
