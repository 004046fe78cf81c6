"""How much to unfreeze: accuracy against trained weights, or against seconds, a line per size.

Taught in 05.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from matplotlib.colors import LinearSegmentedColormap, to_hex
from matplotlib.ticker import FixedLocator, NullLocator

from llmtl_helpers.arms import Arm
from llmtl_helpers.curves import score_of
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.plots import draw, words
from llmtl_helpers.plots.cost_axis import cost_axis
from llmtl_helpers.plots.empty import empty_figure
from llmtl_helpers.plots.figure import TwinFigure
from llmtl_helpers.plots.theme import Theme, colour_of, get_theme, new_figure, write
from llmtl_helpers.plots.unfreeze_data import ALL, NAMES, OTHER_ORDER, Unfrozen
from llmtl_helpers.plots.unfreeze_table import alt, table
from llmtl_helpers.plots.unfreeze_words import reading, reading_of, seconds_reading

QUANTITIES = ("parameters", "seconds")
TITLE = "How much to unfreeze"
WIDE = (0.095, 0.2, 0.69, 0.6)  # the axes: labels to the right are short, names stand above
HIGH = (*WIDE[:3], 0.63)  # where no names stand above
LEFT = -0.119  # where title and small print begin, as in the other figures
APART = 0.27, 0.43  # least distance of two columns in powers of ten: next to each other, in a tie
LETTER = 0.0142  # about the width of one letter, in widths of the axes
# few labels light, many dark: the order is seen without a legend, and without colour vision
SHADES = LinearSegmentedColormap.from_list("labels", ["#D98E00", "#C4475A", "#7A3C93", "#1F2F6B"])
MARKERS = ("o", "s", "^", "D", "v", "P")
KINDS = dict(zip(NAMES, ("D", "s", "v", "P", "<", "^", ">", "o", "*", "X"), strict=True))


def unfreeze_figure(rows: Iterable[dict], quantity: str = "parameters",
                    sizes: Sequence[int] | None = None, live_rows: Iterable[dict] = (),
                    title: str | None = None, theme: str = "light", scale: float = 1.0
                    ) -> TwinFigure:
    """Draw test accuracy against how much of the checkpoint is trained, one line per size.

    Args:
        rows: ledger rows of one task and one training rule; of purpose "unfreeze" the choices
            between, of purpose "curve" the frozen probe, all weights and the network from
            scratch, a dashed level at each size. Own runs count where none are shipped.
        quantity: "parameters" for weights that are trained, "seconds" for the seconds of the
            updates (median over seeds; the frozen probe, which makes none, is left out).
        sizes: training-set sizes in labels; default 16, 64, 256 and 1,024.
        live_rows: single runs to be drawn as stars.
        title, theme, scale: as in `twin_curve`.

    Raises:
        LearnerError: another quantity, or rows that must not share a figure.
    """
    if quantity not in QUANTITIES:
        raise LearnerError(f"there is no quantity called {quantity!r}",
                           next=f"choose one of {', '.join(QUANTITIES)}")
    return figure_of(Unfrozen(rows, sizes, live_rows), quantity, title, theme, scale)


def figure_of(found: Unfrozen, quantity: str = "parameters", title: str | None = None,
              theme: str = "light", scale: float = 1.0, hidden: Sequence[str] = (),
              mark: tuple[str, int] | None = None) -> TwinFigure:
    """The same from rows that are sorted already.

    Args:
        hidden: choices that a learner guesses first.
        mark: a choice and a size to point at; the reading is then about them.
    """
    seen = found.without(hidden)
    title = title or f"{TITLE}: {'weights' if quantity == 'parameters' else 'seconds'}"
    said = (reading_of(seen, *mark) if mark else reading(seen) if quantity == "parameters" else
            seconds_reading(seen))
    drawn = seen.arms if quantity == "parameters" else [
        arm for arm in seen.arms if any(there.get(arm) and there[arm].seconds
                                        for there in seen.choices.values())]
    if not drawn:
        return empty_figure(title, said, theme, scale)
    look = get_theme(theme)
    figure, axes = new_figure(look, scale)
    axes.set_position(WIDE if quantity == "parameters" else HIGH)
    draw.score_axis(axes, _scores(seen))
    styles = size_styles(seen.sizes)
    if quantity == "parameters":
        trained = {arm: found.trained(arm) for arm in found.arms}
        places = columns(trained)
        _parameters(axes, seen, places, max(trained.values()), styles, look)
        if mark is not None and mark[0] in places:
            _mark(axes, seen, mark, places[mark[0]], look)
        x = "trained weights (log scale)"
    else:
        _seconds(axes, seen, drawn, styles, look)
        x = "seconds of the updates alone (log scale)"
    draw.frame_texts(axes, title, x, "accuracy on the test set",
                     _small_print(seen, quantity, hidden), look, LEFT)
    return TwinFigure(figure, table(seen), said, alt(title, seen, quantity, mark), theme)


def size_styles(sizes: Sequence[int]) -> dict[int, Arm]:
    """Size -> how its line is drawn."""
    last = max(1, len(sizes) - 1)
    return {n: Arm(str(n), words.labels(n), "", "", "", None, (), to_hex(SHADES(place / last)),
                   "-", MARKERS[place % len(MARKERS)]) for place, n in enumerate(sizes)}


def columns(trained: Mapping[str, int]) -> dict[str, float]:
    """Arm -> where it stands on the axis: its trained weights, moved right where columns collide.

    Args:
        trained: arm -> weights that it trains, ascending.
    """
    places: dict[str, float] = {}
    last, weights = -math.inf, None
    for arm, count in trained.items():
        last = max(math.log10(count), last + APART[count == weights])
        places[arm], weights = 10 ** last, count
    return places


def _scores(found: Unfrozen) -> list[float]:
    summaries = [choice.summary for there in found.choices.values() for choice in there.values()]
    return [*(score for summary in (*summaries, *found.scratch.values())
              for score in (*summary.scores, *(summary.band or ()))),
            *(score_of(row, "accuracy") for row in found.live)]


def _parameters(axes, found: Unfrozen, places: Mapping[str, float], most: int,
                styles: Mapping[int, Arm], look: Theme) -> None:
    axes.set_xscale("log")
    axes.set_xlim(min(places.values()) / 1.7, max(places.values()) * 1.7)
    axes.xaxis.set_major_locator(FixedLocator([
        10**power for power in range(9) if axes.get_xlim()[0] <= 10**power <= most]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(lambda value, _: _count(value))
    _names(axes, places, look)
    ends = []
    for n, style in styles.items():
        there = {arm: replace(choice.summary, n=places[arm])
                 for arm, choice in found.choices[n].items()}
        line = [there[arm] for arm in places if arm in there and arm not in OTHER_ORDER]
        if line:
            draw.curve(axes, style, line, look)
            ends.append((style, axes.get_xlim()[0], line[-1].mean))
        for arm in OTHER_ORDER:
            if arm in there:  # all weights too, so it is no further point of the line
                draw.curve(axes, replace(style, line="", name=f"{n} {arm}", label=f"_{n} {arm}"),
                           [there[arm]], look)
        if n in found.scratch:
            axes.axhline(found.scratch[n].mean, color=colour_of(style, look), linestyle="--",
                         linewidth=1.3, zorder=1.6, label=f"_scratch {n}")
    for row in found.live:
        draw.star(axes, styles[row["n"]], places[row["arm"]], score_of(row, "accuracy"), look)
    if found.scratch:
        level = sum(summary.mean for summary in found.scratch.values()) / len(found.scratch)
        dashed = Arm("", "from scratch", "", "", "", None, (), "#000000", "--", "")
        ends.append((dashed, axes.get_xlim()[0], level))
    draw.end_labels(axes, ends, look)


def _names(axes, places: Mapping[str, float], look: Theme) -> None:
    """The choices' names above their columns, in as many rows as they need, each with its line."""
    ends: list[float] = []  # of each row, in widths of the axes
    to_axes = axes.transData + axes.transAxes.inverted()
    for arm, x in places.items():
        axes.axvline(x, color=look.quiet, linewidth=0.8, zorder=0.6, label=f"_column {arm}")
        at, half = to_axes.transform((x, 0.5))[0], LETTER * len(NAMES[arm][1]) / 2
        row = next((row for row, end in enumerate(ends) if end < at - half), len(ends))
        ends[row:row + 1] = [at + half + LETTER]  # two names are a letter apart
        write(axes, at, 1.03 + 0.062 * row, NAMES[arm][1], look, ha="center", va="bottom")


def _mark(axes, found: Unfrozen, mark: tuple[str, int], x: float, look: Theme) -> None:
    """A line at a choice, and a ring around its mean at one size where there are runs."""
    arm, n = mark
    axes.axvline(x, color=look.ink, linewidth=1.2, alpha=0.7, zorder=1.5, label="_marked")
    if arm in found.choices.get(n, {}):
        mean = found.choices[n][arm].summary.mean
        axes.plot([x], [mean], marker="o", markersize=14, fillstyle="none", linestyle="",
                  markeredgewidth=1.8, color=look.ink, label="_ring", zorder=6)


def _seconds(axes, found: Unfrozen, drawn: Sequence[str], styles: Mapping[int, Arm],
             look: Theme) -> None:
    dots = [(styles[n], arm, choice) for n in found.sizes
            for arm, choice in found.choices[n].items() if choice.seconds]
    cost_axis(axes, [choice.seconds for *_, choice in dots])
    for style, arm, choice in dots:
        axes.plot([choice.seconds], [choice.summary.mean], linestyle="", marker=KINDS[arm],
                  markersize=12 if KINDS[arm] == "*" else 9, color=colour_of(style, look),
                  markeredgecolor=look.paper, label=f"_{style.name} {arm}")
    low, high = axes.get_ylim()
    key = [replace(style, marker="", name=f"key {n}") for n, style in styles.items()
           if found.choices[n]]
    key += [Arm(arm, NAMES[arm][1], "", "", "", None, (), "#000000", "", KINDS[arm])
            for arm in drawn]
    step = (high - low) / len(key)
    draw.end_labels(axes, [(arm, axes.get_xlim()[0], high - (place + 0.5) * step)
                           for place, arm in enumerate(key)], look)


def _count(weights: float) -> str:
    for size, letter in ((1e6, "M"), (1e3, "k")):
        if weights >= size:
            return f"{weights / size:g}{letter}"
    return f"{weights:g}"


def _small_print(found: Unfrozen, quantity: str, hidden: Sequence[str]) -> str:
    counts = sorted({choice.summary.k for there in found.choices.values()
                     for choice in there.values()})
    parts = [f"{'–'.join(map(str, counts))} seeds a point"] if counts else []
    if quantity == "parameters":
        parts.append("small points: single runs; shading: 95% band for one new run")
        if {*OTHER_ORDER, ALL} & set(found.arms) - {ALL}:
            parts.append("columns right of “all” train all weights, in another order")
        parts += ["star: live"] if found.live else []
    else:
        parts.append("median seconds, mean accuracy; colour: labels; shape: what is trained")
    if hidden:
        parts.append("the other choices appear after your guess")
    absent = len(NAMES) - len({*found.arms, *hidden})
    if absent:
        parts.append(f"{absent} of {len(NAMES)} choices have no runs yet")
    return "; ".join(parts)
