"""Tuning on a related task first: does it help where labels are few? Taught in 07."""

from collections.abc import Iterable

from llmtl_helpers.arms import SEQUELS, Arm
from llmtl_helpers.curves import (Scored, Summary, check_comparable, paired_difference,
                                  scores_by_test, sign_of)
from llmtl_helpers.ledger import shipped_or_own
from llmtl_helpers.plots import draw, words
from llmtl_helpers.plots.domains_words import short
from llmtl_helpers.plots.empty import empty_figure
from llmtl_helpers.plots.figure import TwinFigure
from llmtl_helpers.plots.study_runs import capital, study_command, with_interval
from llmtl_helpers.plots.theme import get_theme, new_figure, style_of
from llmtl_helpers.plots.true_classes import true_classes

FIRST = "sentiment/films"
SEQUEL, PLAIN, SCRATCH = "films_first", "fine_tuned", "scratch"
SIZES = (16, 64, 256)


def related_figure(rows: Iterable[dict], task: str = "sentiment/products",
                   metric: str = "macro_f1", title: str | None = None, theme: str = "light",
                   scale: float = 1.0) -> TwinFigure:
    """Draw the score on a task against its labels, with and without another task first.

    Args:
        rows: ledger rows of `task` and of films, of one training rule: purpose "sequel" and the
            twin curve on `task`, and the fine-tuned checkpoint of purpose "domains" on films, whose
            score on `task` without any label of it is a level line. Own runs count where none are
            shipped.
        task: the task that is tuned on last.
        metric: "macro_f1" or "accuracy".
        title, theme, scale: as in `twin_curve`.

    Raises:
        LearnerError: rows of several training rules or versions of the data.
    """
    found, none = related(rows, task, metric)
    title = title or f"{capital(short(FIRST))} first, then {short(task)}"
    missing = "" if SEQUEL in found else (f"Not there yet: {style_of(SEQUEL).label}. "
                                          f"{study_command('related', [task])} makes it.")
    if not found:
        return empty_figure(title, f"There are no finished runs to draw yet. {missing}", theme,
                            scale)
    look = get_theme(theme)
    figure, axes = new_figure(look, scale)
    lines = {arm: [runs.summary(arm, n) for n, runs in there.items()]
             for arm, there in found.items()}
    every = [point for points in lines.values() for point in points]
    level = none.summary() if none else None
    draw.frame_texts(axes, title, f"labels of {short(task)} (log scale)",
                     f"{words.spoken_metric(metric)} on the test set", _small_print(every, level),
                     look)
    draw.size_axis(axes, sorted({point.n for point in every}))
    draw.score_axis(axes, [value for point in every
                           for value in (*point.scores, *(point.band or ()))]
                    + ([level.mean] if level else []))
    ends = []
    for arm, points in lines.items():
        draw.curve(axes, style_of(arm), points, look)
        ends.append((style_of(arm), points[-1].n, points[-1].mean))
    if level:
        draw.level(axes, _level_style(task), level.mean, look)
        ends.append((_level_style(task), axes.get_xlim()[1], level.mean))
    draw.end_labels(axes, ends, look)
    draw.key(axes, look, band=any(point.band for point in every),
             runs=any(point.k > 1 for point in every), live=None)
    table = [_row(style_of(arm).label, point.n, point) for arm, points in lines.items()
             for point in points]
    table += [_row(_level_style(task).label, 0, level)] if level else []
    return TwinFigure(figure, table,
                      " ".join(filter(None, [_reading(found, level, task, metric), missing])),
                      _alt(title, lines, level, task), theme)


def related(rows: Iterable[dict], task: str,
            metric: str) -> tuple[dict[str, dict[int, Scored]], Scored | None]:
    """Arm -> n -> runs on `task`, and the runs tuned on films alone and tested on `task`."""
    rows = shipped_or_own(rows)
    here = [row for row in rows if row["task"] == task and row["n"] in SIZES
            and (row["arm"], row["purpose"]) in ((SEQUEL, "sequel"), (PLAIN, "curve"),
                                                 (SCRATCH, "curve"))]
    films = [row for row in rows if (row["task"], row["arm"], row["purpose"]) == (
        FIRST, PLAIN, "domains")]
    check_comparable(here)
    found: dict[str, dict[int, Scored]] = {}
    gold = true_classes(here)
    for arm in (SEQUEL, PLAIN, SCRATCH):
        for n in SIZES:
            runs = scores_by_test([row for row in here if (row["arm"], row["n"]) == (arm, n)],
                                  metric, gold=gold).get((arm, task, task))
            if runs:
                found.setdefault(arm, {})[n] = runs
    return found, scores_by_test(films, metric).get((PLAIN, FIRST, task))


def _level_style(task: str) -> Arm:
    return Arm("none", f"{short(FIRST)} alone, no label of {short(task)}", "none", "none", "none",
               None, (), "#009E73", "-.", "")


def _reading(found: dict[str, dict[int, Scored]], level: Summary | None, task: str,
             metric: str) -> str:
    parts = []
    for n in SIZES:
        first, plain = (found.get(arm, {}).get(n) for arm in (SEQUEL, PLAIN))
        change = paired_difference(first, plain, metric) if first and plain else None
        if change is None:
            continue
        sure = {1: "surely better", -1: "surely worse", 0: "not surely different"}[sign_of(change)]
        parts.append(f"with {words.labels(n)} {with_interval(change)}, {sure}")
    if parts:
        text = (f"Tuning on {short(FIRST)} first, against going to {short(task)} at once "
                f"({words.spoken_metric(metric)}): {'; '.join(parts)}.")
    else:
        text = "There is no pair of runs with and without the related task to compare yet."
    if level and level.mean is not None:
        text += (f" Tuned on {short(FIRST)} alone, without any label of {short(task)}, the network "
                 f"has {level.mean:.3f} there.")
    return text


def _small_print(every: list[Summary], level: Summary | None) -> str:
    counts = sorted({point.k for point in every})
    before = words.labels(dict(SEQUELS[SEQUEL].settings)["first_n"])
    text = f"{'–'.join(map(str, counts))} seeds a point; {before} of {short(FIRST)} come first"
    return f"{text}; level: mean of {words.runs(level.k)}" if level else text


def _row(name: str, n: int, summary: Summary) -> dict:
    return {"arm": name, "n": n, "mean": summary.mean, "interval": summary.interval,
            "band": summary.band, "runs": summary.k}


def _alt(title: str, lines: dict[str, list[Summary]], level: Summary | None, task: str) -> str:
    said = " ".join(f"{capital(style_of(arm).label)}: " + ", ".join(
        f"{point.mean:.3f} at {words.labels(point.n)}" for point in points) + "."
        for arm, points in lines.items())
    more = f" {capital(_level_style(task).label)}, a level line: {level.mean:.3f}." if level else ""
    return f"{title}. Line chart over labels of {short(task)}, log scale. {said}{more}"
