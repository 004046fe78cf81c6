"""What someone gains who reports the best of k runs. Taught in 11."""

from collections.abc import Iterable, Sequence

from matplotlib.ticker import MaxNLocator

from llmtl_helpers.curves import expected_best
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.plots import draw, words
from llmtl_helpers.plots.empty import empty_figure
from llmtl_helpers.plots.figure import TwinFigure
from llmtl_helpers.plots.luck import MISSING, few, runs_at, small_print
from llmtl_helpers.plots.theme import colour_of, get_theme, new_figure, style_of


def expected_best_curve(rows: Iterable[dict], n: int | None = None,
                        arms: Sequence[str] | None = None, metric: str = "accuracy",
                        at: int | None = None, title: str | None = None, theme: str = "light",
                        scale: float = 1.0) -> TwinFigure:
    """Draw what the best of k runs is expected to score, over k, one line per arm.

    The value is the expected maximum of k draws from the runs at hand (Dodge et al. 2019,
    "Show Your Work", section 3.1), see `curves.expected_best`. They use validation scores to
    compare budgets; here it is the test score, since the question is what someone gains who
    reports the best of k runs.

    Args:
        at: a number of runs to mark and to read at; default: all runs of the arm with fewest.
        rows, n, arms, metric, title, theme, scale: as in `luck_strip`.

    Raises:
        LearnerError: rows, but none of that size, `at` beyond the runs at hand, or rows that
            must not share a figure.
    """
    n, found, task = runs_at(rows, n, arms, metric)
    if not found:
        return empty_figure(title or "The best of k runs", MISSING, theme, scale)
    most = min(summary.k for arm, summary in found.items() if arm != "majority" or len(found) == 1)
    if at is not None and not 1 <= at <= most:
        raise LearnerError(f"the best of {at} runs cannot be read off", f"{words.runs(most)} "
                           "per arm are at hand", f"choose a number from 1 to {most}")
    courses = {arm: [float(expected_best(summary.scores, k)) for k in range(1, summary.k + 1)]
               for arm, summary in found.items()}
    longest = max(map(len, courses.values()))
    for arm, summary in found.items():
        if summary.scores[0] == summary.scores[-1]:  # no luck, so more runs change nothing
            courses[arm] = [summary.scores[0]] * longest
    look = get_theme(theme)
    figure, axes = new_figure(look, scale)
    title = title or f"The best of k runs: {words.labels(n)}, {task}"
    _draw(axes, courses, at, look)
    draw.frame_texts(axes, title, "k, number of runs of which the best is reported",
                     f"expected best {words.spoken_metric(metric)}", small_print(found), look)
    table = [{"arm": style_of(arm).label, "k": k, "expected best": score,
              "gain over one run": score - course[0]}
             for arm, course in courses.items() for k, score in enumerate(course, 1)]
    return TwinFigure(figure, table, _reading(courses, at or most, n, task),
                      _alt(title, courses, axes.get_ylim()), theme)


def _draw(axes, courses: dict[str, list[float]], at: int | None, look) -> None:
    most = max(map(len, courses.values()))
    draw.score_axis(axes, [score for course in courses.values() for score in course])
    axes.set_xlim(1 - 0.02 * most, most * 1.02)
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.set_xticks(sorted({1, *(int(tick) for tick in axes.get_xticks() if 2 <= tick <= most)}))
    axes.set_xlim(1 - 0.02 * most, most * 1.02)
    for arm, course in courses.items():
        style = style_of(arm)
        axes.plot(range(1, len(course) + 1), course, color=colour_of(style, look),
                  linestyle=style.line, linewidth=2.2, marker=style.marker, markersize=6.5,
                  markevery=max(1, most // 6), label=style.label)
    draw.end_labels(axes, [(style_of(arm), len(course), course[-1])
                           for arm, course in courses.items()], look)
    if at:
        axes.axvline(at, color=look.ink, linewidth=1.0, alpha=0.6, zorder=1.5,
                     label="_marked k")
        twins = sorted((courses[arm][at - 1] for arm in words.TWINS if arm in courses),
                       reverse=True)
        for place, score in enumerate(twins):  # the higher one above its line, the other below
            axes.annotate(f"{score:.3f}", (at, score), xytext=(0, -8 if place else 8),
                          textcoords="offset points", ha="center",
                          va="top" if place else "bottom", fontsize=12, fontweight="bold",
                          color=look.ink, zorder=7, bbox=dict(
                              facecolor=look.paper, edgecolor="none", alpha=0.8, pad=1.5))


def _reading(courses: dict[str, list[float]], k: int, n: int, task: str) -> str:
    arms = [arm for arm in courses if arm != "majority"] or list(courses)
    gains = {arm: 100 * (courses[arm][k - 1] - courses[arm][0]) for arm in arms}
    shown = [arm for arm in words.TWINS if arm in arms] or arms[:2]
    text = (f"With {words.labels(n)}, reporting the best of {words.runs(k)} instead of one adds "
            + " and ".join(f"{gains[arm]:.1f} points to {words.spoken(arm)}" for arm in shown))
    if passed := _passing(courses, arms):
        low, high, first = passed
        text += (f"; the best of {first} of {words.spoken(low)} is above one run of "
                 f"{words.spoken(high)}, which is better on average")
    return text + "." + few(min(len(courses[arm]) for arm in arms), task)


def _passing(courses: dict[str, list[float]], arms: list[str]) -> tuple[str, str, int] | None:
    """(lower, higher, k): the lower arm's best of k beats one run of the higher one.

    Of all such pairs the one that closes the largest gap; None if there is none.
    """
    pairs = []
    for low in arms:
        for high in arms:
            gap = courses[high][0] - courses[low][0]
            k = next((k for k, score in enumerate(courses[low], 1) if score > courses[high][0]), 0)
            if gap > 0 and k > 1:
                pairs.append((gap, low, high, k))
    return max(pairs)[1:] if pairs else None


def _alt(title: str, courses: dict[str, list[float]], limits) -> str:
    lines = " ".join(f"{style_of(arm).label}: {course[0]:.3f} for one run, {course[-1]:.3f} for "
                     f"the best of {len(course)}." for arm, course in courses.items())
    return (f"{title}. Line chart: expected best score, from {limits[0]:.2f} to {limits[1]:.2f}, "
            f"over the number of runs k. {lines}")
