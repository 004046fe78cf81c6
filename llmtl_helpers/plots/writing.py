"""The twin curve of a task whose answers are written: tuned, from scratch, prompted. Taught in 08.
"""

from collections.abc import Iterable

from matplotlib.ticker import FixedLocator, MaxNLocator, NullFormatter, NullLocator

from llmtl_helpers.arms import PROMPTED
from llmtl_helpers.curves import Summary, score_of
from llmtl_helpers.curves.perplexity import as_perplexity
from llmtl_helpers.curves.summary import summarise_scores
from llmtl_helpers.plots import draw, writing_words
from llmtl_helpers.plots.cost_axis import nice_ticks
from llmtl_helpers.plots.empty import empty_figure
from llmtl_helpers.plots.figure import TwinFigure
from llmtl_helpers.plots.perplexity import STEPS
from llmtl_helpers.plots.theme import Theme, colour_of, get_theme, new_figure
from llmtl_helpers.plots.twin import LIVE
from llmtl_helpers.plots.writing_data import LIKELIHOOD, NAMES, NO_MODEL, Written
from llmtl_helpers.plots.writing_reading import reading
from llmtl_helpers.profiles import WRITING

ZERO = 0.45  # place of "no example" on the log axis
MOST_TICKS = 12
WIDE = 0.016  # of the figure's width


def writing_curve(rows: Iterable[dict], title: str = "", theme: str = "light", scale: float = 1.0,
                  live_rows: Iterable[dict] = ()) -> TwinFigure:
    """Draw a written task's metric against examples: those a model was tuned on, or was shown.

    Perplexity where the metric is the likelihood of the right answer, and down is better; ROUGE
    and chrF from 0 to 100, as they are quoted. What needs no example is a line from the left edge.

    Args:
        rows: ledger rows of one task and one training rule; purpose "curve" counts.
        title: default: the task's name.
        theme, scale: as in `twin_curve`.
        live_rows: single runs of the same rule, to be drawn as stars.

    Raises:
        LearnerError: rows of several tasks, training rules, versions of the data or checkpoints.

    Taught in 08.
    """
    rows = list(rows)
    found = Written(rows)
    title = title or f"What the checkpoint buys: {found.task or 'written answers'}"
    lacking = writing_words.missing(found, next((row["task"] for row in rows), ""))
    if not found.curves:
        return empty_figure(title, lacking, theme, scale)
    look = get_theme(theme)
    stars, others = _stars(found, live_rows)
    figure, axes = new_figure(look, scale)
    better = "; lower is better" if found.metric == LIKELIHOOD else ""
    draw.frame_texts(axes, title, "examples, trained on or shown in the prompt (log scale)",
                     f"{NAMES[found.metric]} on the test set{better}",
                     writing_words.small_print(found), look)
    _examples_axis(axes, found)
    _score_axis(axes, found, [point for _, point in stars])
    _lines(axes, found, look)
    for row, point in stars:
        draw.star(axes, found.style(row["arm"]), row["n"] or ZERO, point.mean, look)
    drawn = [point for points in found.curves.values() for point in points if point.n]
    draw.key(axes, look, band=any(point.band for point in drawn),
             runs=any(point.k > 1 for point in drawn), live=LIVE if stars else None)
    said = " ".join(filter(None, [reading(found), _said(found, stars, others), lacking]))
    return TwinFigure(figure, _table(found, stars), said, writing_words.alt(title, found), theme)


def _examples_axis(axes, found: Written) -> None:
    sizes = sorted({*PROMPTED, *WRITING.sizes, *found.sizes(*found.curves)} - {0})
    draw.size_axis(axes, sizes)
    ticks = [*axes.get_xticks()]
    axes.set_xlim(ZERO, axes.get_xlim()[1])
    axes.set_xticks([ZERO, *ticks], ["0", *(f"{tick:,.0f}" for tick in ticks)])


def _score_axis(axes, found: Written, stars: list[Summary]) -> None:
    values = [value for points in [*found.curves.values(), stars] for point in points
              for value in (*point.scores, *(point.band or ()))]
    if found.metric != LIKELIHOOD:
        draw.score_axis(axes, values)
        axes.yaxis.set_major_formatter(lambda share, _: f"{100 * share:.0f}")
        return
    low, high = min(values) / 1.08, max(values) * 1.08
    axes.set_yscale("log")
    axes.set_ylim(low, high)
    axes.yaxis.set_major_locator(FixedLocator(_ticks(low, high)))
    axes.yaxis.set_major_formatter("{x:,.10g}")
    if high >= 10_000:  # one more digit stands between the axis and its name
        box = axes.get_position()
        axes.set_position([box.x0 + WIDE, box.y0, box.width - WIDE, box.height])
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_minor_formatter(NullFormatter())


def _ticks(low: float, high: float) -> list[float]:
    """Round numbers within the limits, neither crowded nor so few that no value can be read."""
    round_ones = [step * 10**power for power in range(8) for step in STEPS]
    even = MaxNLocator(5, steps=[1, 2, 5, 10]).tick_values(low, high)
    for ticks in (round_ones, nice_ticks(low, high), even):
        ticks = [tick for tick in ticks if low <= tick <= high]
        if 3 <= len(ticks) <= MOST_TICKS:
            return ticks
    return ticks


def _lines(axes, found: Written, look: Theme) -> None:
    ends = []
    for arm, points in found.curves.items():
        style, curve = found.style(arm), [point for point in points if point.n]
        zero = next((point for point in points if not point.n), None)
        if zero:
            colour = colour_of(style, look)
            axes.axhline(zero.mean, color=colour, linestyle=style.line,
                         linewidth=2.2 if arm == NO_MODEL else 1.2, label=f"_zero {arm}")
            axes.plot([ZERO], [zero.mean], color=colour, marker=style.marker, markersize=7,
                      linestyle="", clip_on=False, zorder=5, label=f"_from {arm}")
        if curve:
            draw.curve(axes, style, curve, look)
        ends.append((style, curve[-1].n, curve[-1].mean) if curve else
                    (style, axes.get_xlim()[1], zero.mean))
    draw.end_labels(axes, ends, look)


def _stars(found: Written, live_rows: Iterable[dict]) -> tuple[list[tuple[dict, Summary]], int]:
    """Live runs with their scores as they are drawn, and how many follow another rule."""
    live = {row["id"]: row for row in live_rows if score_of(row, found.metric) is not None}
    rule = [(row["task"], row["budget"], row["data_fingerprint"]) for row in found.rows][0]
    same = [row for row in live.values()
            if (row["task"], row["budget"], row["data_fingerprint"]) == rule]
    likelihood = found.metric == LIKELIHOOD
    stars = []
    for row in same:
        one = summarise_scores([score_of(row, found.metric)], row["arm"], row["n"])
        stars.append((row, as_perplexity(one) if likelihood else one))
    return stars, len(live) - len(same)


def _said(found: Written, stars: list[tuple[dict, Summary]], others: int) -> str:
    text = ""
    if stars:
        text = "Live: " + "; ".join(
            f"{found.style(row['arm']).label} with {writing_words.examples(row['n'])} "
            f"{writing_words.value(found.metric, point.mean)}" for row, point in stars) + "."
    if others:
        text += (f" Live runs by another training rule are not drawn beside these: {others}.")
    return text.strip()


def _table(found: Written, stars: list[tuple[dict, Summary]]) -> list[dict]:
    """One row an arm and number of examples, in the units of the figure; then live runs."""
    unit = 1 if found.metric == LIKELIHOOD else 100

    def row(label: str, point: Summary) -> dict:
        pairs = {name: pair and tuple(unit * end for end in pair) for name, pair in (
            ("interval", point.interval), ("band", point.band))}
        return {"arm": label, "examples": point.n, NAMES[found.metric]: unit * point.mean, **pairs,
                "runs": point.k}

    lines = [row(found.style(arm).label, point)
             for arm, points in found.curves.items() for point in points]
    return lines + [row(f"{found.style(one['arm']).label} ({LIVE}, seed {one['run_seed']})", point)
                    for one, point in stars]
