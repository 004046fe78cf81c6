"""What a tuned body still knows: linear probes on other tasks, before and after. Taught in 07."""

from collections.abc import Iterable
from dataclasses import dataclass

from llmtl_helpers.curves import (PairedDifference, Scored, paired_difference, scores_by_test,
                                  sign_of)
from llmtl_helpers.ledger import shipped_or_own
from llmtl_helpers.plots import words
from llmtl_helpers.plots.domains_words import short
from llmtl_helpers.plots.empty import empty_figure
from llmtl_helpers.plots.figure import TwinFigure
from llmtl_helpers.plots.panels import (above, few_ticks, heading, row_names, side_by_side,
                                        small_text)
from llmtl_helpers.plots.study_runs import capital, points, study_command, with_interval
from llmtl_helpers.plots.theme import FONT, Theme, get_theme
from llmtl_helpers.plots.true_classes import luck_in, true_classes

BEFORE = ("probe", "forgetting")  # arm and purpose of the untouched body's runs
MISTAKE = ("fine_tuned", "too-high")  # made on purpose
AFTER = {  # arm and purpose -> name, colour, marker
    ("adapters_8", "forgetting"): ("adapters of rank 8 (LoRA)", "#009E73", "D"),
    ("probe_first", "forgetting"): ("probe first, then all weights", "#E69F00", "P"),
    ("fine_tuned", "forgetting"): ("all weights", "#0072B2", "o"),
    MISTAKE: ("all weights, learning rate too high", "#D55E00", "X"),
}
PURPOSES = ("forgetting", "too-high")  # each is the name of its study too


@dataclass(frozen=True)
class Change:
    """What one way of tuning did on one test set; the difference is after minus before."""

    before: Scored
    after: Scored
    difference: PairedDifference


Changes = dict[tuple[str, str], dict[str, Change]]  # arm and purpose -> task tested -> change


def forgetting_figure(rows: Iterable[dict], task: str = "sentiment/films",
                      metric: str = "macro_f1", title: str | None = None, theme: str = "light",
                      scale: float = 1.0) -> TwinFigure:
    """Draw by how many points probes of a tuned body differ from those of the untouched one.

    The first panel is the task that was tuned on: there the tuned network itself is held against
    the probe of the untouched body. The others are tasks that it was not tuned on.

    Args:
        rows: ledger rows of one training rule; purposes "forgetting" and "too-high" on `task`
            count. Own runs count where none are shipped.
        task: the task that was tuned on.
        metric: "macro_f1" or "accuracy".
        title, theme, scale: as in `twin_curve`.

    Raises:
        LearnerError: rows of several training rules, sizes or versions of the data.
    """
    title = title or f"What tuning on {short(task)} does to other tasks"
    runs = study_rows(rows, task)
    found = changes(runs, task, metric)
    missing = _missing(runs, found, task)
    if not found:
        return empty_figure(title, f"There are no finished runs to compare yet. {missing}", theme,
                            scale)
    tests = list(dict.fromkeys(test for there in found.values() for test in there))
    tests.sort(key=lambda test: test != task)
    look = get_theme(theme)
    figure, panels = side_by_side(len(tests), look, scale)
    _draw(panels, found, tests, task, look)
    heading(figure, title, look)
    small_text(figure, _small_print(found, metric), look)
    reading = _reading(found, task, runs, metric)
    return TwinFigure(figure, _table(found, runs), " ".join(filter(None, [reading, missing])),
                      f"{title}. One panel a test set, one row a way of tuning, points after minus "
                      f"before. {_in_numbers(found)}", theme)


def study_rows(rows: Iterable[dict], task: str) -> list[dict]:
    """The rows of both studies on a task."""
    return [row for row in shipped_or_own(rows) if row["task"] == task
            and row["purpose"] in PURPOSES]


def changes(runs: list[dict], task: str, metric: str) -> Changes:
    """For every way of tuning that has runs, its difference to the untouched body, test by test."""
    found: Changes = {}
    gold = true_classes(runs, "other_probes")
    of = {purpose: scores_by_test([row for row in runs if row["purpose"] == purpose], metric,
                                  "other_probes", gold) for purpose in PURPOSES}
    scores_by_test(runs, metric, "other_probes")  # both purposes together must agree as well
    for (arm, purpose) in AFTER:
        for (name, _, test), after in of[purpose].items():
            before = of["forgetting"].get((BEFORE[0], task, test))
            if name == arm and before is not None and (
                    difference := paired_difference(after, before, metric)) is not None:
                found.setdefault((arm, purpose), {})[test] = Change(before, after, difference)
    return found


def _missing(runs: list[dict], found: Changes, task: str) -> str:
    """Which runs are not there, and the commands that make them."""
    there = {(row["arm"], row["purpose"]) for row in runs if row["status"] == "done"}
    names = {BEFORE: "probes of the untouched body"} | {way: AFTER[way][0] for way in AFTER}
    lacking = [way for way in names if way not in there and way not in found]
    if not lacking:
        return ""
    commands = []
    for purpose in PURPOSES:
        arms = [arm for arm, other in lacking if other == purpose]
        every = len(arms) == sum(other == purpose for _, other in names)
        if arms:
            commands.append(study_command(purpose, [task], [] if every else arms))
    return (f"Not there yet: {'; '.join(names[way] for way in lacking)}. {' and '.join(commands)} "
            f"{'makes it' if len(lacking) == 1 else 'make them'}.")


def _draw(panels, found: Changes, tests: list[str], task: str, look: Theme) -> None:
    ways = list(reversed(found))  # the roughest at the top
    gentle = [way for way in found if way != MISTAKE] or ways  # it would flatten all the others
    ends = [0.0, *(100 * end for way in gentle for change in found[way].values()
                   for end in (change.difference.interval or (change.difference.difference,)))]
    room = max(1.0, 0.45 * (max(ends) - min(ends)))
    for axes, test in zip(panels, tests, strict=True):
        axes.set_xlim(min(ends) - room, max(ends) + room)
        axes.set_ylim(-0.5, len(ways) - 0.4)
        few_ticks(axes, 3)
        axes.axvline(0, color=look.ink, linewidth=1.4, label="_zero")
        before = next(there[test].before.summary().mean for there in found.values()
                      if test in there)
        axes.set_title(f"{short(test)}{' (tuned on)' if test == task else ''}\nbefore {before:.3f}",
                       fontsize=FONT, color=look.ink, parse_math=False)
        for place, way in enumerate(reversed(ways)):
            if test in found[way]:
                _mark(axes, found[way][test].difference, place, way, look)
    row_names(panels[0], [AFTER[way][0] for way in reversed(ways)], look)


def _mark(axes, change: PairedDifference, y: int, way: tuple[str, str], look: Theme) -> None:
    """A filled mark where the change is sure, a hollow one where it is not; the points above it."""
    _, colour, marker = AFTER[way]
    low, high = axes.get_xlim()
    edge = 0.15 * (high - low)  # room for the number above an arrow
    middle = min(max(100 * change.difference, low + edge), high - edge)
    if beyond := middle != 100 * change.difference:  # an arrow at the end of the axis
        marker = "<" if 100 * change.difference < middle else ">"
    if change.interval and not beyond:
        axes.hlines(y, *(100 * end for end in change.interval), color=colour, linewidth=3,
                    alpha=0.5, label=f"_interval {way}")
    axes.plot([middle], [y], marker=marker, markersize=9, color=colour, linestyle="",
              markerfacecolor=colour if sign_of(change) else look.paper, markeredgewidth=1.6,
              label=f"_change {way}")
    above(axes, middle, y, points(change.difference), look)


def _small_print(found: Changes, metric: str) -> str:
    every = [change.difference for there in found.values() for change in there.values()]
    pairs = sorted({difference.runs for difference in every})
    arrow = "; arrow: beyond the axis" if len(found) > 1 and MISTAKE in found else ""
    return (f"points of {words.spoken_metric(metric)}, after minus before, "
            f"{'–'.join(map(str, pairs))} pairs of runs; bar: 95% interval {luck_in(every)}; "
            f"hollow: it holds 0{arrow}")


def _reading(found: Changes, task: str, runs: list[dict], metric: str) -> str:
    text = (f"Tuned on {short(task)} with {words.labels(runs[0]['n'])}; probes of the tuned body "
            f"minus those of the untouched one on other tasks, in {words.spoken_metric(metric)}; "
            f"in brackets {short(task)} itself, the tuned network minus the probe before.")
    for way, there in found.items():
        others = {test: change.difference for test, change in there.items() if test != task}
        parts = [f"{said} {', '.join(named)}" for wanted, said in (
            (-1, "surely lost"), (1, "surely gained"), (0, "not surely changed"))
            if (named := [f"{short(test)} {with_interval(difference)}"
                          for test, difference in others.items() if sign_of(difference) == wanted])]
        own = (f" ({short(task)} {points(there[task].difference.difference)})" if task in there
               else "")
        text += f" {capital(AFTER[way][0])}{own}: {'; '.join(parts) or 'no other task was probed'}."
    return text


def _table(found: Changes, runs: list[dict]) -> list[dict]:
    return [{"tuned how": AFTER[way][0], "learning rate": ", ".join(sorted(
        {f"{row['learning_rate']:g}" for row in runs if (row["arm"], row["purpose"]) == way
         and row.get("learning_rate")})) or None, "tested on": test,
        "before": change.before.summary().mean, "after": change.after.summary().mean,
        "change": change.difference.difference, "interval": change.difference.interval,
        "pairs of runs": change.difference.runs}
        for way, there in found.items() for test, change in there.items()]


def _in_numbers(found: Changes) -> str:
    return " ".join(f"{capital(AFTER[way][0])}: " + ", ".join(
        f"{short(test)} {points(change.difference.difference)}" for test, change in there.items())
        + "." for way, there in found.items())
