"""The pre-training dial: a downstream score against tokens of pre-training. Taught in 03."""

from collections.abc import Iterable
from dataclasses import replace

from matplotlib.ticker import MaxNLocator, NullLocator

from llmtl_helpers.arms import DIAL, Arm
from llmtl_helpers.curves import (Summary, check_comparable, intervals_apart, score_of,
                                  summarise_perplexity, summarise_scores)
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.plots import draw, words
from llmtl_helpers.plots.empty import empty_figure
from llmtl_helpers.plots.figure import TwinFigure
from llmtl_helpers.plots.pretraining import FAMILIES, short
from llmtl_helpers.plots.theme import get_theme, new_figure

STUDY = {"perplexity": "dial-perplexity", "accuracy": "dial", "macro_f1": "dial"}
UNIT = {"perplexity": "target tokens"}  # of n; else labels
LEFT_OUT = ("curve", "trial")  # purposes of rows that are no part of it


def dial_figure(rows: Iterable[dict], metric: str = "perplexity", n: int | None = None,
                title: str | None = None, theme: str = "light", scale: float = 1.0) -> TwinFigure:
    """Draw a test score at one size of the training data against the tokens of pre-training.

    Args:
        rows: ledger rows of one task, of the arms causal_* and masked_* with a number of tokens
            and of the same networks from scratch.
        metric: "perplexity" (lower is better), "accuracy" or "macro_f1".
        n: size of the training data; default: the one with most arms.
        title, theme, scale: as in `twin_curve`.

    Raises:
        LearnerError: an unknown metric, rows of several tasks or training rules, an unknown theme
            or scale.
    """
    if metric not in STUDY:
        raise LearnerError(f"the dial knows no metric called {metric!r}",
                           next=f"choose one of {', '.join(STUDY)}")
    rows = [row for row in rows if row["purpose"] not in LEFT_OUT
            and row["arm"] in _known_arms()]
    n = n or _usual(rows)
    found = _summaries([row for row in rows if row["n"] == n], metric)
    families = {family: points for family in FAMILIES if (points := _points(found, family))}
    title = title or "More pre-training, " + (
        "perplexity on another kind of text" if metric == "perplexity" else
        f"{words.spoken_metric(metric)} after tuning")
    if not families:
        return empty_figure(title, "There are no finished runs to draw yet: `python3 start.py "
                            f"sweep --study {STUDY[metric]}` makes them.", theme, scale)
    scratch = {family: found[f"{family}_scratch"] for family in families
               if f"{family}_scratch" in found}
    look = get_theme(theme)
    figure, axes = new_figure(look, scale)
    _tokens_axis(axes)
    _score_axis(axes, metric, [value for summary in (*scratch.values(), *(
        point for points in families.values() for point in points))
        for value in (*summary.scores, *(summary.band or ()))])
    ends = []
    for family, points in families.items():
        style = _style(family)
        draw.curve(axes, style, points, look)
        ends.append((style, points[-1].n, points[-1].mean))
    for family, summary in scratch.items():
        style = _style(family, scratch=True)
        draw.level(axes, style, summary.mean, look)
        ends.append((style, axes.get_xlim()[1], summary.mean))
    draw.end_labels(axes, ends, look)
    draw.key(axes, look, band=any(p.band for points in families.values() for p in points),
             runs=True, live=None)
    unit, better = UNIT.get(metric, "labels"), "lower" if metric == "perplexity" else "higher"
    draw.frame_texts(axes, title, "tokens of pre-training (log scale)",
                     f"{words.spoken_metric(metric)} on the test set",
                     f"after tuning on {n:,} {unit}; {better} is better; each point is a whole "
                     "pre-training of its own", look)
    reading = " ".join(_reading(family, points, scratch.get(family), metric, n, unit)
                       for family, points in families.items())
    alt = f"{title}. Line chart over tokens of pre-training, logarithmic. {reading}"
    return TwinFigure(figure, _table(families, scratch), reading, alt, theme)


def _known_arms() -> set[str]:
    return {f"{family}_{tokens}" for family in FAMILIES for tokens in (*DIAL, "scratch")}


def _usual(rows: list[dict]) -> int:
    arms: dict[int, set] = {}
    for row in rows:
        arms.setdefault(row["n"], set()).add(row["arm"])
    return max(arms, key=lambda n: len(arms[n]), default=0)


def _summaries(rows: list[dict], metric: str) -> dict[str, Summary]:
    """Arm -> its summary at the one size that the rows are of."""
    if metric == "perplexity":
        return {arm: points[0] for arm, points in summarise_perplexity(rows).items()}
    check_comparable(rows)
    found = {}
    for arm in {row["arm"] for row in rows}:
        scores = [score_of(row, metric) for row in {row["id"]: row for row in rows}.values()
                  if row["arm"] == arm]
        summary = summarise_scores(scores, arm, rows[0]["n"])
        if summary.mean is not None:
            found[arm] = summary
    return found


def _points(found: dict[str, Summary], family: str) -> list[Summary]:
    """Summaries of a family, ascending; their `n` are the tokens of pre-training."""
    return [replace(found[arm], n=tokens) for name, tokens in DIAL.items()
            if (arm := f"{family}_{name}") in found]


def _style(family: str, scratch: bool = False) -> Arm:
    colour, marker = FAMILIES[family]
    if scratch:
        return Arm(f"{family}_scratch", f"{family}, from scratch", "none", "random", "none", None,
                   (), colour, "--", "")
    return Arm(family, f"{family}, pre-trained", "none", "pretrained", "none", None, (), colour,
               "-", marker)


def _tokens_axis(axes) -> None:
    tokens = list(DIAL.values())
    axes.set_xscale("log")
    axes.set_xlim(tokens[0] / 1.3, tokens[-1] * 1.3)
    axes.set_xticks(tokens)
    axes.set_xticklabels(list(DIAL))
    axes.xaxis.set_minor_locator(NullLocator())


def _score_axis(axes, metric: str, values: list[float]) -> None:
    if metric != "perplexity":
        draw.score_axis(axes, values)
        return
    room = 0.05 * (max(values) - min(values)) + 1
    axes.set_ylim(min(values) - room, max(values) + room)
    axes.yaxis.set_major_locator(MaxNLocator(7))
    axes.yaxis.set_major_formatter("{x:,.0f}")


def _reading(family: str, points: list[Summary], scratch: Summary | None, metric: str, n: int,
             unit: str) -> str:
    """First and last point, and from how many tokens on the dial is clearly above scratch."""
    def said(summary: Summary) -> str:
        return f"{summary.mean:,.0f}" if metric == "perplexity" else f"{summary.mean:.3f}"

    first, last = points[0], points[-1]
    text = (f"{family.capitalize()}, tuned on {n:,} {unit}: {said(first)} after {short(first.n)} "
            f"tokens of pre-training")
    if last is not first:
        text += f" and {said(last)} after {short(last.n)}"
    sign = -1 if metric == "perplexity" else 1
    best = max(points, key=lambda point: sign * point.mean)
    if best is not last and intervals_apart(best, last):
        text += f", which is worse than {said(best)} after {short(best.n)}, with intervals apart"
    if scratch is None:
        return text + "."
    clear = [point for point in points if intervals_apart(point, scratch) and
             sign * (point.mean - scratch.mean) > 0]
    worse = [point for point in points if intervals_apart(point, scratch) and point not in clear]
    text += f"; from scratch it is {said(scratch)}"
    text += (f", and the intervals of the means are first apart, in favour of pre-training, at "
             f"{short(clear[0].n)} tokens" if clear else
             ", and at no point is pre-training better with intervals apart")
    if worse:
        text += f" (worse, with intervals apart, at {', '.join(short(p.n) for p in worse)})"
    return text + "."


def _table(families: dict[str, list[Summary]], scratch: dict[str, Summary]) -> list[dict]:
    def line(family, tokens, summary):
        return {"family": family, "tokens of pre-training": tokens, "mean": summary.mean,
                "interval of the mean": summary.interval, "band": summary.band, "runs": summary.k}

    return [line(family, 0, summary) for family, summary in scratch.items()] + [
        line(family, point.n, point) for family, points in families.items() for point in points]
