"""Validation score while training: how fast each arm learns at one training-set size."""

import math
from collections.abc import Iterable, Sequence

from llmtl_helpers.curves import Summary, check_comparable, summarise_scores
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.plots import draw, words
from llmtl_helpers.plots.figure import TwinFigure
from llmtl_helpers.plots.theme import get_theme, new_figure, style_of


def training_curves(rows: Iterable[dict], n: int | None = None,
                    arms: Sequence[str] | None = None, title: str | None = None,
                    theme: str = "light", scale: float = 1.0) -> TwinFigure:
    """Draw the validation score against updates, one line per arm, band over the runs.

    Arms without updates (the bag of words, the probe, the majority guess) are drawn as level
    lines where their rows hold a validation score. Rows whose purpose is not "curve" are left out.

    Args:
        rows: ledger rows of one task and one training rule.
        n: training-set size in labels; default: the size near 256 that has such a history.
        arms, title, theme, scale: as in `twin_curve`.

    Raises:
        LearnerError: no run of that size has a history, rows that must not share a figure.
    """
    rows = [row for row in rows if row["purpose"] == "curve" and row["status"] == "done"
            and (arms is None or row["arm"] in arms)]
    check_comparable(rows)
    sizes = sorted({row["n"] for row in rows
                    if any(map(_is_score, row.get("history_scores") or []))})
    if not sizes or (n is not None and n not in sizes):
        raise LearnerError(
            "there are no training curves to draw" + (f" with {n:,} labels" if n else ""),
            "no run of that size holds validation scores of its training" if n else "",
            f"choose one of {', '.join(map(str, sizes))}" if sizes
            else "make runs with `python3 start.py sweep`")
    if n is None:
        n = min(sizes, key=lambda size: abs(math.log(size / words.USUAL)))
    rows = [row for row in rows if row["n"] == n]
    courses, levels = _courses(rows), _levels(rows)
    metric = words.spoken_metric(rows[0]["metric"])
    title = title or f"Learning while it trains: {words.labels(n)}, {rows[0]['task']}"
    figure = _draw(rows, courses, levels, metric, title, theme, scale)
    return TwinFigure(figure, _table(courses, levels), _reading(courses, n),
                      _alt(title, metric, courses, levels, figure.axes[0].get_ylim()), theme)


def _is_score(value) -> bool:
    return value is not None and math.isfinite(value)


def _courses(rows: list[dict]) -> dict[str, list[Summary]]:
    """Arm -> one summary per update at which validation was scored; `n` holds the update."""
    courses = {}
    for arm in words.in_order({row["arm"] for row in rows if row.get("history_updates")}):
        at: dict[int, list] = {}
        for row in rows:
            if row["arm"] == arm and row.get("history_updates"):
                for update, score in zip(row["history_updates"], row["history_scores"],
                                         strict=True):
                    at.setdefault(update, []).append(score)
        points = [summarise_scores(scores, arm, update) for update, scores in sorted(at.items())]
        courses[arm] = [point for point in points if point.mean is not None]
    return {arm: points for arm, points in courses.items() if points}


def _levels(rows: list[dict]) -> dict[str, Summary]:
    """Arm without updates -> summary of its validation scores."""
    levels = {}
    for arm in words.in_order({row["arm"] for row in rows if not row.get("history_updates")}):
        found = summarise_scores([row.get("validation_score") for row in rows
                                  if row["arm"] == arm], arm, 0)
        if found.mean is not None:
            levels[arm] = found
    return levels


def _draw(rows, courses, levels, metric, title, theme, scale):
    look = get_theme(theme)
    figure, axes = new_figure(look, scale)
    points = [point for course in courses.values() for point in course]
    draw.score_axis(axes, [score for point in points
                           for score in (*point.scores, *(point.band or ()))]
                    + [level.mean for level in levels.values()])
    last = max(point.n for point in points)
    axes.set_xlim(0, last * 1.03)
    ends = []
    for arm, course in courses.items():
        draw.curve(axes, style_of(arm), course, look)
        ends.append((style_of(arm), course[-1].n, course[-1].mean))
    for arm, found in levels.items():
        line = draw.level(axes, style_of(arm), found.mean, look)
        ends.append((style_of(arm), line.axes.get_xlim()[1], found.mean))
    draw.end_labels(axes, ends, look)
    draw.key(axes, look, band=any(p.band for p in points), runs=any(p.k > 1 for p in points),
             live=None)
    draw.frame_texts(axes, title, "updates", f"{metric} on validation data", _small(courses), look)
    return figure


def _small(courses: dict[str, list[Summary]]) -> str:
    counts = sorted({point.k for course in courses.values() for point in course})
    text = f"{counts[0]} to {counts[-1]} seeds" if len(counts) > 1 else (
        f"{counts[0]} seed" + ("" if counts[0] == 1 else "s"))
    return f"{text}; validation data, which also chose the learning rate: not a test result"


def _reading(courses: dict[str, list[Summary]], n: int) -> str:
    """One sentence: where each twin ends, and when the better one first passed the other's end."""
    arms = [arm for arm in words.TWINS if arm in courses] or list(courses)[:2]
    if len(arms) == 1:
        end = courses[arms[0]][-1]
        return (f"With {words.labels(n)} {words.spoken(arms[0])} ends at {end.mean:.3f} after "
                f"{end.n:,} updates.")
    low, high = sorted(arms[:2], key=lambda arm: courses[arm][-1].mean)
    low_end, high_end = courses[low][-1], courses[high][-1]
    if words.points(low_end) == words.points(high_end):
        return (f"With {words.labels(n)} {words.spoken(arms[0])} and {words.spoken(arms[1])} "
                f"both end at {low_end.mean:.3f}.")
    passed = next(point for point in courses[high] if point.mean >= low_end.mean)
    return (f"With {words.labels(n)} {words.spoken(high)} ends at {high_end.mean:.3f} and "
            f"{words.spoken(low)} at {low_end.mean:.3f}, which {words.spoken(high)} had reached "
            f"by update {passed.n:,} of {high_end.n:,}.")


def _alt(title: str, metric: str, courses, levels, limits) -> str:
    lines = [f"{style_of(arm).label} from {course[0].mean:.2f} at update {course[0].n:,} to "
             f"{course[-1].mean:.2f} at update {course[-1].n:,}"
             for arm, course in courses.items()]
    lines += [f"{style_of(arm).label} level at {found.mean:.2f}" for arm, found in levels.items()]
    return (f"{title}. Line chart: {metric} on validation data, from {limits[0]:.2f} to "
            f"{limits[1]:.2f}, over updates. "
            + " ".join(f"{line[:1].upper()}{line[1:]}." for line in lines))


def _table(courses, levels) -> list[dict]:
    table = [{"arm": style_of(arm).label, "updates": point.n, "mean": point.mean,
              "band": point.band, "runs": point.k}
             for arm, course in courses.items() for point in course]
    return table + [{"arm": style_of(arm).label, "updates": 0, "mean": found.mean,
                     "band": found.band, "runs": found.k} for arm, found in levels.items()]
