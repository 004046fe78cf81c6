"""Perplexity against target tokens, a language model tuned and from scratch. Taught in 03."""

import math
from collections.abc import Iterable, Sequence

from matplotlib.ticker import FixedLocator, NullFormatter, NullLocator

from llmtl_helpers.arms import EVERY_ARM
from llmtl_helpers.curves import Summary, intervals_apart, score_of, summarise_perplexity
from llmtl_helpers.plots import draw, words
from llmtl_helpers.plots.empty import empty_figure
from llmtl_helpers.plots.figure import TwinFigure
from llmtl_helpers.plots.theme import get_theme, new_figure, style_of

USUAL = 10_000  # target tokens at which the reading is made
STEPS = (1, 1.5, 2, 3, 5, 7)  # of the ticks in each power of ten
TWINS = ("causal_30M", "causal_scratch")
UNTUNED = "causal_untuned"
MISSING = ("There are no finished runs to draw yet: `python3 start.py sweep --study perplexity` "
           "makes them.")


def perplexity_curve(rows: Iterable[dict], arms: Sequence[str] | None = None,
                     live_rows: Iterable[dict] = (), title: str | None = None,
                     theme: str = "light", scale: float = 1.0) -> TwinFigure:
    """Draw perplexity on the test set against the size of the training text; lower is better.

    Args:
        rows: ledger rows of one task of running text; purpose "perplexity" counts.
        live_rows: single runs to be drawn as stars.
        arms, title, theme, scale: as in `twin_curve`.

    Raises:
        LearnerError: rows of several tasks or training rules, an unknown theme or scale.
    """
    curves = summarise_perplexity(row for row in rows if arms is None or row["arm"] in arms)
    curves = {arm: curves[arm] for arm in EVERY_ARM if arm in curves}
    live = [(row, math.exp(-score)) for row in {row["id"]: row for row in live_rows}.values()
            if (score := score_of(row, "log_likelihood")) is not None]
    title = title or "Perplexity on another kind of text"
    if not curves and not live:
        return empty_figure(title, MISSING, theme, scale)
    look = get_theme(theme)
    figure, axes = new_figure(look, scale)
    seeds = sorted({point.k for arm, points in curves.items() if not _is_level(points)
                    for point in points})
    counts = "–".join(map(str, sorted({seeds[0], seeds[-1]}))) if seeds else ""
    many = f"{counts} seeds a point; " if seeds else ""
    draw.frame_texts(axes, title, "target tokens of training text (log scale)",
                     "perplexity on the test set (log scale)",
                     f"{many}lower is better; each arm has its own learning rate and stops early "
                     "by its validation loss", look)
    draw.size_axis(axes, sorted({point.n for points in curves.values() for point in points}
                                | {row["n"] for row, _ in live}))
    _perplexity_axis(axes, [value for points in curves.values() for point in points
                            for value in (*point.scores, *(point.band or ()))]
                     + [value for _, value in live])
    ends = []
    for arm, points in curves.items():
        style = style_of(arm)
        if _is_level(points):
            draw.level(axes, style, points[0].mean, look)
            ends.append((style, axes.get_xlim()[1], points[0].mean))
        else:
            draw.curve(axes, style, points, look)
            ends.append((style, points[-1].n, points[-1].mean))
    for row, value in live:
        draw.star(axes, style_of(row["arm"]), row["n"], value, look)
    draw.end_labels(axes, ends, look)
    lines = [point for points in curves.values() if not _is_level(points) for point in points]
    draw.key(axes, look, band=any(point.band for point in lines), runs=any(p.k > 1 for p in lines),
             live="live run on this machine" if live else None)
    return TwinFigure(figure, _table(curves, live), _reading(curves, live),
                      _alt(title, curves, live), theme)


def _is_level(points: list[Summary]) -> bool:
    """Whether an arm does not depend on n, as what was never tuned."""
    return len({round(score, 6) for point in points for score in point.scores}) == 1


def _perplexity_axis(axes, values: list[float]) -> None:
    axes.set_yscale("log")
    low, high = min(values) / 1.08, max(values) * 1.08
    axes.set_ylim(low, high)
    ticks = [step * 10**power for power in range(0, 8) for step in STEPS
             if low <= step * 10**power <= high]
    axes.yaxis.set_major_locator(FixedLocator(ticks))
    axes.yaxis.set_major_formatter("{x:,.0f}")
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_minor_formatter(NullFormatter())


def _tokens(n: int) -> str:
    return f"{n:,} target tokens"


def _reading(curves: dict[str, list[Summary]], live: list) -> str:
    pair = [arm for arm in TWINS if arm in curves]
    sizes = [{point.n for point in curves[arm]} for arm in pair]
    common = set.intersection(*sizes) if sizes else set()
    if len(pair) < 2 or not common:
        there = ", ".join(words.spoken(arm) for arm in curves)
        return (f"There is no pair to compare yet, only {there}." if curves else
                f"There is no curve yet, only {words.runs(len(live))} made live.")
    n = min(common, key=lambda size: abs(math.log(size / USUAL)))
    tuned, scratch = (words.summary_at(curves, arm, n) for arm in pair)
    text = (f"With {_tokens(n)} the pre-trained network has perplexity {tuned.mean:,.0f} after "
            f"tuning and the same network from scratch {scratch.mean:,.0f}")
    if tuned.interval and scratch.interval:
        apart = intervals_apart(tuned, scratch)
        text += (f"; the 95% intervals of the two means {'do not overlap' if apart else 'overlap'} "
                 f"({_pair(tuned.interval)} and {_pair(scratch.interval)})")
    if UNTUNED in curves:
        untuned = curves[UNTUNED][0].mean
        text += f"; before any tuning it has {untuned:,.0f}"
        beaten = [point.n for point in curves[pair[1]] if point.mean < untuned]
        text += (f", which random weights first beat at {_tokens(beaten[0])}" if beaten else
                 f", which random weights beat at no size up to {_tokens(curves[pair[1]][-1].n)}")
    return text + "."


def _pair(interval: tuple[float, float]) -> str:
    return f"{interval[0]:,.0f} to {interval[1]:,.0f}"


def _table(curves: dict[str, list[Summary]], live: list) -> list[dict]:
    lines = [{"arm": style_of(arm).label, "target tokens": point.n, "perplexity": point.mean,
              "interval of the mean": point.interval, "band": point.band, "runs": point.k}
             for arm, points in curves.items() for point in points]
    return lines + [{"arm": f"{style_of(row['arm']).label} (live, seed {row['run_seed']})",
                     "target tokens": row["n"], "perplexity": value, "interval of the mean": None,
                     "band": None, "runs": 1} for row, value in live]


def _alt(title: str, curves: dict[str, list[Summary]], live: list) -> str:
    lines = " ".join(
        f"{style_of(arm).label}: {points[0].mean:,.0f} at every size." if _is_level(points) else
        f"{style_of(arm).label}: {points[0].mean:,.0f} at {_tokens(points[0].n)} to "
        f"{points[-1].mean:,.0f} at {_tokens(points[-1].n)}." for arm, points in curves.items())
    stars = f" Drawn as stars: {words.runs(len(live))} made live." if live else ""
    return (f"{title}. Line chart, both axes logarithmic: perplexity on the test set, lower is "
            f"better, over target tokens of training text. {lines}{stars}")
