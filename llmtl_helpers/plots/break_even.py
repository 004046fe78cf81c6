"""How many tasks must share a checkpoint before its pre-training has paid. Taught in 11."""

import math
from collections.abc import Iterable

import numpy as np

from llmtl_helpers.arms import ARMS
from llmtl_helpers.cost import UNITS, BreakEven, break_even_tasks
from llmtl_helpers.plots import draw, words
from llmtl_helpers.plots.cost import amount, counted
from llmtl_helpers.plots.cost_axis import cost_axis
from llmtl_helpers.plots.cost_data import MISSING, CostData, spoken_level
from llmtl_helpers.plots.empty import empty_figure
from llmtl_helpers.plots.figure import TwinFigure
from llmtl_helpers.plots.theme import colour_of, get_theme, new_figure, style_of, write

TUNED = "fine_tuned"
RIVALS = ("scratch", "small_scratch")  # arms that owe nothing to anybody
MOST = 1e9  # tasks on the axis where no number of tasks pays


def break_even_curve(rows: Iterable[dict], level: float | None = None, unit: str = "flops",
                     scope: str = "all", tasks: int | None = None, metric: str = "accuracy",
                     title: str | None = None, theme: str = "light", scale: float = 1.0
                     ) -> TwinFigure:
    """Draw what K tasks cost together, each brought to one score, with and without a checkpoint.

    With the checkpoint it is C_pre + K C_tuned, without it K C_scratch; the lines cross at
    K = C_pre / (C_scratch - C_tuned), if at all. The costs of a task are those of the smallest
    training set that reaches the level, see `cost.cost_to_reach`; all tasks are taken to cost as
    much as this one.

    Args:
        rows: ledger rows of one task and one training rule; those with purpose "curve" count.
        level: a score from 0 to 1; default: the highest that both twins reach, rounded down.
        unit: "flops" or "seconds"; see `cost_curve` for what the bill is in seconds.
        scope: how much of the bill is charged, a name in `cost.SCOPES`.
        tasks: a number of tasks to mark.
        metric, title, theme, scale: as in `twin_curve`.

    Raises:
        LearnerError: an unknown unit or scope, tokens, fewer than one task, rows that must not
            share a figure.
    """
    found = BreakEvenData(CostData(rows, unit, True, tasks or 1, scope, metric), level)
    title = title or "What so many tasks cost together" + (
        f": {found.costs.task}" if found.costs.task else "")
    if not found.lines:
        return empty_figure(title, found.missing, theme, scale)
    look = get_theme(theme)
    figure, axes = new_figure(look, scale)
    _draw(axes, found, tasks, look)
    draw.frame_texts(axes, title, "K, tasks that use the checkpoint (log scale)",
                     f"{UNITS[unit]} for all of them (log scale)", _small(found), look)
    return TwinFigure(figure, found.table(), found.reading(), _alt(found, title), theme)


class BreakEvenData:
    """Costs of one task at a level, and the number of tasks at which they are even.

    Attributes:
        costs: the `CostData` with its bill. level: the score that each task must reach.
        reach: arm -> `CostToReach`. lines: arm -> cost of one task without the bill.
        even: rival -> `BreakEven` against the fine-tuned checkpoint.
        missing: what to say where nothing can be drawn.
    """

    def __init__(self, costs: CostData, level: float | None = None):
        self.costs = costs
        self.level = costs.usual if level is None else level
        self.reach = {arm: cost for arm, cost in costs.reach(self.level).items()
                      if arm in (TUNED, *RIVALS)}
        self.lines = {arm: cost.cost for arm, cost in self.reach.items()
                      if not cost.undefined and cost.censored != "at least"}
        self.even: dict[str, BreakEven] = {
            arm: break_even_tasks(costs.bill, self.reach[arm], self.reach[TUNED])
            for arm in RIVALS if {arm, TUNED} <= set(self.reach)}
        self.missing = MISSING if not self.reach else (
            f"No run reaches {spoken_level(self.level)} at any size, so no cost can be compared: "
            "choose a lower level.")

    def total(self, arm: str, tasks: float) -> float:
        return (self.costs.bill if arm == TUNED else 0.0) + tasks * self.lines[arm]

    def reading(self) -> str:
        start = f"At {words.spoken_metric(self.costs.metric)} {spoken_level(self.level)}"
        if not self.even:
            return f"{start} there is no run of both sides to compare."
        parts = [f"against {words.spoken(arm)} {_paid(even)}" for arm, even in self.even.items()
                 if not even.undefined]
        reasons = {even.undefined for even in self.even.values() if even.undefined}
        for reason in sorted(reasons):
            arms = [words.spoken(arm) for arm, even in self.even.items()
                    if even.undefined == reason]
            parts.append(f"against {' and '.join(arms)} there is no break-even: {reason}")
        return f"{start} {'; '.join(parts)}."

    def table(self) -> list[dict]:
        return [{"arm": style_of(arm).label, "cost of one task": cost.cost,
                 "bound": cost.censored, "bill": self.costs.bill if arm == TUNED else 0.0,
                 "break-even tasks": self.even[arm].tasks if arm in self.even else None,
                 "why not": (self.even[arm].undefined if arm in self.even else cost.undefined)}
                for arm, cost in self.reach.items()]


def _paid(even: BreakEven) -> str:
    if even.tasks < 1:
        return "the checkpoint has paid with the first task"
    return f"the checkpoint has paid for itself after {even}"


def _draw(axes, found: BreakEvenData, tasks: int | None, look) -> None:
    crossings = [even.tasks for even in found.even.values() if even.tasks]
    most = 10 ** math.ceil(math.log10(max([10.0, *(30 * k for k in crossings), tasks or 1,
                                           *([] if crossings else [MOST])])))
    numbers = np.geomspace(1, most, 200)
    totals = {arm: [found.total(arm, k) for k in numbers] for arm in words.in_order(found.lines)}
    cost_axis(axes, (1, most))
    cost_axis(axes, [value for line in totals.values() for value in line], "y")
    ends = []
    for arm, line in totals.items():
        style = style_of(arm)
        axes.plot(numbers, line, color=colour_of(style, look), linestyle=style.line,
                  linewidth=2.2, marker=style.marker, markevery=33, markersize=6.5,
                  label=style.label)
        ends.append((ARMS[arm], numbers[-1], line[-1]))
    for arm, even in found.even.items():
        if even.tasks and even.tasks >= 1 and arm in found.lines:
            at = found.total(arm, even.tasks)
            axes.plot([even.tasks] * 2, [axes.get_ylim()[0], at], color=look.ink, linewidth=1.2,
                      linestyle=":", label=f"_down {arm}")
            axes.plot([even.tasks], [at], marker="o", markersize=12, fillstyle="none",
                      markeredgewidth=1.6, color=look.ink, linestyle="", zorder=6,
                      label=f"_even {arm}")
    draw.end_labels(axes, ends, look)
    head = "ring: the checkpoint has paid" if any(even.tasks for even in found.even.values()) \
        else "no line crosses that of the checkpoint"
    if tasks:
        axes.axvline(tasks, color=look.ink, linewidth=1.0, alpha=0.6, zorder=1.5,
                     label="_marked tasks")
        head += f";  upright line: {counted(tasks)}"
    write(axes, 0.0, 1.03, head, look, va="bottom")


def _small(found: BreakEvenData) -> str:
    costs = found.costs
    lost = [style_of(arm).label for arm in found.reach if arm not in found.lines]
    text = (f"each task brought to {words.spoken_metric(costs.metric)} "
            f"{spoken_level(found.level)}; bill, scope “{costs.scope}”: "
            f"{amount(costs.bill, costs.unit)}, estimate")
    return f"{text}; never there: {', '.join(lost)}" if lost else text


def _alt(found: BreakEvenData, title: str) -> str:
    unit = found.costs.unit
    lines = " ".join(f"{style_of(arm).label}: {amount(found.total(arm, 1), unit)} for "
                     f"{counted(1)}, growing by {amount(cost, unit)} a task."
                     for arm, cost in found.lines.items())
    return (f"{title}. Line chart on two log scales. {lines} The bill is for "
            f"{found.costs.scope_text}. {found.reading()}")
