"""Luck: how far runs that differ in their seed alone lie apart. Taught in 11."""

import math
from collections.abc import Iterable, Sequence

from llmtl_helpers.curves import Summary, check_comparable, score_of, summarise_scores
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.plots import draw, words
from llmtl_helpers.plots.empty import empty_figure
from llmtl_helpers.plots.figure import TwinFigure
from llmtl_helpers.plots.strips import strips
from llmtl_helpers.plots.theme import get_theme, new_figure, style_of

PURPOSES = ("luck", "curve")  # the study's further seeds, and the curve's own
MISSING = ("There are no finished runs to compare seeds with: `python3 start.py sweep --task "
           "sentiment/films --study luck` makes them.")
MANY = 20  # seeds below which the figures say that there are few


def luck_strip(rows: Iterable[dict], n: int | None = None, arms: Sequence[str] | None = None,
               metric: str = "accuracy", title: str | None = None, theme: str = "light",
               scale: float = 1.0) -> TwinFigure:
    """Draw every run of one size as a point, one strip per arm: runs differ in the seed alone.

    Args:
        rows: ledger rows of one task and one training rule; purposes "luck" and "curve" count.
        n: training-set size in labels; default: the one with the most runs.
        arms, metric, title, theme, scale: as in `twin_curve`.

    Raises:
        LearnerError: rows, but none of that size, or rows that must not share a figure.
    """
    n, found, task = runs_at(rows, n, arms, metric)
    if not found:
        return empty_figure(title or "Luck", MISSING, theme, scale)
    look = get_theme(theme)
    figure, axes = new_figure(look, scale)
    title = title or f"Luck: {words.labels(n)}, {task}"
    strips(axes, found, look)
    draw.frame_texts(axes, title, f"{words.spoken_metric(metric)} on the test set", "",
                     small_print(found), look)
    return TwinFigure(figure, _strip_table(found), _strip_reading(found, n, task),
                      _strip_alt(title, metric, found), theme)


def runs_at(rows, n, arms, metric) -> tuple[int, dict[str, Summary], str]:
    """Size, arm -> summary of all its runs there, task."""
    runs = {row["id"]: row for row in rows if row["purpose"] in PURPOSES
            and (arms is None or row["arm"] in arms) and score_of(row, metric) is not None}
    check_comparable(runs.values())
    counts: dict[int, int] = {}
    for row in runs.values():
        counts[row["n"]] = counts.get(row["n"], 0) + 1
    if not counts:
        return 0, {}, ""
    if n is None:
        n = min(counts, key=lambda size: (-counts[size], abs(math.log(size / words.USUAL))))
    if n not in counts:
        raise LearnerError(f"there are no finished runs with {words.labels(n)}",
                           next=f"choose one of {', '.join(map(str, sorted(counts)))}")
    here = [row for row in runs.values() if row["n"] == n]
    return n, {arm: summarise_scores([score_of(row, metric) for row in here
                                      if row["arm"] == arm], arm, n)
               for arm in words.in_order({row["arm"] for row in here})}, here[0]["task"]


def small_print(found: dict[str, Summary]) -> str:
    counts = sorted({summary.k for arm, summary in found.items() if arm != "majority"}
                    or {summary.k for summary in found.values()})
    seeds = f"{counts[0]} seeds" if len(counts) == 1 else f"{counts[0]} to {counts[-1]} seeds"
    return f"{seeds} an arm: the seed decides the slice, its order, dropout and random weights"


def few(found_k: int, task: str) -> str:
    return "" if found_k >= MANY else (
        f" That is from {words.runs(found_k)} an arm at the least: `python3 start.py sweep --task "
        f"{task} --study luck` makes more.")


def _wins(low: Summary, high: Summary) -> tuple[float, int]:
    """In how many pairs of one run each `low` wins (a tie counts half), and of how many."""
    wins = sum((a > b) + (a == b) / 2 for a in low.scores for b in high.scores)
    return wins, low.k * high.k


def _closest(found: dict[str, Summary], low: Summary, high: Summary) -> str:
    """The arm that wins the largest share of pairs against `high`, where it is a third one."""
    shares = {arm: _wins(summary, high)[0] / _wins(summary, high)[1]
              for arm, summary in found.items() if arm != high.arm}
    most = max(shares, key=lambda arm: shares[arm])
    if most == low.arm or shares[most] == 0:
        return ""
    wins, pairs = _wins(found[most], high)
    return f"; of all arms {words.spoken(most)} wins most often, {wins:g} of {pairs:,}"


def _range(summary: Summary) -> str:
    return f"{summary.scores[0]:.3f} to {summary.scores[-1]:.3f}"


def _strip_reading(found: dict[str, Summary], n: int, task: str) -> str:
    pair = [arm for arm in words.TWINS if arm in found]
    if len(pair) < 2:
        pair = [arm for arm in found if arm != "majority"][:2] or list(found)
    first = found[pair[0]]
    text = f"With {words.labels(n)} {words.spoken(pair[0])} gets {_range(first)}"
    if len(pair) == 1:
        text += f" over {words.runs(first.k)}."
    else:
        low, high = sorted((found[arm] for arm in pair[:2]), key=lambda summary: summary.mean)
        wins, pairs = _wins(low, high)
        text += (f" and {words.spoken(pair[1])} {_range(found[pair[1]])}, by the seed alone; of "
                 f"the {pairs:,} ways to set one run against one run, {words.spoken(low.arm)}, "
                 f"which is lower on average, wins {wins:g}{_closest(found, low, high)}.")
    return text + few(min(s.k for arm, s in found.items() if arm != "majority" or arm in pair),
                       task)


def _strip_table(found: dict[str, Summary]) -> list[dict]:
    table = []
    for arm, summary in found.items():
        row = {"arm": style_of(arm).label, "runs": summary.k, "mean": summary.mean,
               "sd": summary.sd, "lowest": summary.scores[0], "highest": summary.scores[-1],
               "band": summary.band}
        if "fine_tuned" in found:
            wins, pairs = _wins(summary, found["fine_tuned"])
            row["pairs won against the fine-tuned checkpoint"] = (
                None if arm == "fine_tuned" else f"{wins:g} of {pairs:,}")
        table.append(row)
    return table


def _strip_alt(title: str, metric: str, found: dict[str, Summary]) -> str:
    strips = " ".join(
        f"{style_of(arm).label}: {words.runs(summary.k)} from {_range(summary)}, mean "
        f"{summary.mean:.3f}." if summary.scores[0] < summary.scores[-1] else
        f"{style_of(arm).label}: {summary.mean:.3f} in every run." for arm, summary in
        found.items())
    return (f"{title}. Strip plot: {words.spoken_metric(metric)} on the test set of single runs, "
            f"one strip an arm. {strips}")
