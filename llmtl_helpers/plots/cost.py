"""Score against what a run costs, with or without the bill for pre-training. Taught in 11."""

import math
from collections.abc import Iterable, Sequence

from matplotlib.ticker import NullLocator

from llmtl_helpers.cost import (SCOPES, CostToReach, cost_per_task, cost_to_reach,
                                mean_text_tokens, pretraining_bill, run_cost, speed, spoken_cost)
from llmtl_helpers.cost import UNITS as SPOKEN
from llmtl_helpers.curves import Summary, check_comparable, score_of, summarise
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.plots import draw, words
from llmtl_helpers.plots.empty import empty_figure
from llmtl_helpers.plots.figure import TwinFigure
from llmtl_helpers.plots.theme import colour_of, get_theme, new_figure, style_of, write

UNITS = {"flops": "training work of one run in FLOP",
         "seconds": "training time of one run in seconds",
         "tokens": "tokens in the training of one run"}
CHARGED = ("flops", "seconds")  # units in which there is a bill for pre-training
MISSING = "There are no finished runs to draw yet: `python3 start.py sweep` makes them."
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def cost_curve(rows: Iterable[dict], unit: str = "flops", charge_pretraining: bool = False,
               tasks: int = 1, level: float | None = None, scope: str = "all",
               metric: str = "accuracy", arms: Sequence[str] | None = None,
               title: str | None = None, theme: str = "light", scale: float = 1.0) -> TwinFigure:
    """Draw score against the cost of a run, one line per arm; labels grow along each line.

    An arm without a cost in the unit is a level line at its best mean: nobody counts the FLOP
    of counting words. So is the majority guess.

    Args:
        rows: ledger rows of one task and one training rule; those with purpose "curve" count.
        unit: "flops", "seconds" or "tokens".
        charge_pretraining: add the checkpoint's bill, divided by `tasks`, to the arms that start
            from it; where they would be without it is drawn pale. In seconds, the bill is what
            this machine would need at the speed of the runs: an estimate of an estimate.
        tasks: how many tasks share the bill.
        level: a score to be reached; default: the highest that both twins reach, rounded down.
        scope: how much of the bill is charged, a name in `cost.SCOPES`.
        metric, arms, title, theme, scale: as in `twin_curve`.

    Raises:
        LearnerError: an unknown unit or scope, a charge in tokens, fewer than one task, rows
            that must not share a figure.
    """
    found = CostData(rows, unit, charge_pretraining, tasks, scope, metric, arms)
    title = title or (f"What a score costs: {found.task}" if found.task else "What a score costs")
    if not found.curves:
        return empty_figure(title, MISSING, theme, scale)
    level = found.usual if level is None else level
    reach = found.reach(level) if level is not None else {}
    look = get_theme(theme)
    figure, axes = new_figure(look, scale)
    _draw(axes, found, look)
    draw.frame_texts(axes, title, f"{UNITS[unit]} (log scale)", f"{words.spoken_metric(metric)} on the test "
                     "set", _small(found), look)
    _mark(axes, found, level, reach, look)
    return TwinFigure(figure, _table(found), reading(found, level, reach),
                      _alt(found, title, axes, level, reach), theme)


class CostData:
    """What a cost curve is drawn from, worked out once.

    Attributes:
        curves: arm -> summaries with a mean, ascending in n, arms in their fixed order.
        costs: arm -> one mean cost per summary, without the bill; only arms that have costs.
        runs: arm -> (cost, score) of each run, without the bill.
        bill: the whole bill in the unit, or None where none is charged. share: of one task.
        usual: the highest score that both twins reach, rounded down to 0.01, or None.
    """

    def __init__(self, rows: Iterable[dict], unit: str = "flops", charge: bool = False,
                 tasks: int = 1, scope: str = "all", metric: str = "accuracy",
                 arms: Sequence[str] | None = None):
        _require("unit", unit, UNITS)
        _require("scope", scope, SCOPES)
        if tasks < 1:
            raise LearnerError("a bill is shared by one task or more", next="raise `tasks`")
        self.unit, self.tasks, self.scope, self.metric = unit, tasks, scope, metric
        every = [row for row in rows if row["purpose"] == "curve"]
        check_comparable(every)
        self.rows = [row for row in every if arms is None or row["arm"] in arms]
        self.task = next((row["task"] for row in self.rows), "")
        self.bill = self._charged(every) if charge else None
        self.share = cost_per_task(self.bill, 0, tasks) if self.bill else 0.0
        points = [point for point in summarise(self.rows, metric) if point.mean is not None]
        length = mean_text_tokens(every)
        self.curves: dict[str, list[Summary]] = {}
        self.costs: dict[str, list[float]] = {}
        self.runs: dict[str, list[tuple[float, float]]] = {}
        for arm in words.in_order({point.arm for point in points}):
            self.curves[arm] = [point for point in points if point.arm == arm]
            self._add_costs(arm, length)
        ends = [max(p.mean for p in self.curves[arm]) for arm in words.TWINS if arm in self.curves]
        self.usual = math.floor(100 * min(ends)) / 100 if ends else None

    def _add_costs(self, arm: str, length: float | None) -> None:
        runs: dict[int, list[tuple[float, float]]] = {}
        for row in {row["id"]: row for row in self.rows if row["arm"] == arm}.values():
            cost, score = run_cost(row, length).of(self.unit), score_of(row, self.metric)
            if cost and score is not None:
                runs.setdefault(row["n"], []).append((cost, score))
        if arm != "majority" and all(point.n in runs for point in self.curves[arm]):
            self.costs[arm] = [math.fsum(cost for cost, _ in runs[point.n]) / len(runs[point.n])
                               for point in self.curves[arm]]
            self.runs[arm] = [run for n in sorted(runs) for run in runs[n]]

    def _charged(self, rows: list[dict]) -> float:
        """The bill in the unit."""
        if self.unit not in CHARGED:
            raise LearnerError("pre-training cannot be charged in tokens",
                               "a token costs a large network more than a small one",
                               f"choose {' or '.join(CHARGED)}")
        flops = pretraining_bill().total(self.scope)
        if self.unit == "flops":
            return flops
        pace = speed(rows)
        if not pace:
            raise LearnerError("pre-training cannot be charged in seconds", "no run here says how "
                               "fast this machine computes", "choose the unit flops")
        return flops / pace

    @property
    def scope_text(self) -> str:
        """What the bill covers, in words."""
        return SCOPES[self.scope][1]

    def extra(self, arm: str) -> float:
        """What the arm pays on top of its own run."""
        return self.share if style_of(arm).init == "pretrained" else 0.0

    def reach(self, level: float) -> dict[str, CostToReach]:
        """What each arm with costs pays for the level, without the bill."""
        return {arm: cost_to_reach(self.rows, arm, level, self.unit, self.metric, resamples=0)
                for arm in self.costs}


def cost_axis(axes, values: Iterable[float], side: str = "x") -> None:
    """A log axis over the values, ticks at round numbers.

    An upright one has little room for texts: it covers at least three powers of ten, and only
    those are named.
    """
    values = list(values)
    low, high = min(values) / 1.25, max(values) * 1.25
    if side == "y":
        middle, half = math.sqrt(low * high), math.sqrt(max(high / low, 1000))
        low, high = middle / half, middle * half
    axis = axes.xaxis if side == "x" else axes.yaxis
    (axes.set_xscale if side == "x" else axes.set_yscale)("log")
    (axes.set_xlim if side == "x" else axes.set_ylim)(low, high)
    ticks = nice_ticks(low, high, powers=side == "y")
    axis.set_ticks(ticks, tick_texts(ticks, 1e6 if side == "x" else 1e4))
    axis.set_minor_locator(NullLocator())


def nice_ticks(low: float, high: float, most: int = 7, powers: bool = False) -> list[float]:
    """At most `most` round numbers from low to high, nearly even on a log axis.

    With `powers`, powers of ten alone.
    """
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    dense = [] if powers else [(1, (1, 2, 5)), (1, (1, 3))]
    for step, factors in [*dense, *((step, (1,)) for step in range(1, 99))]:
        ticks = [float(f"{factor}e{decade}") for decade in decades if decade % step == 0
                 for factor in factors]
        ticks = [tick for tick in ticks if low <= tick <= high]
        if len(ticks) <= most:
            break
    return ticks


def tick_texts(ticks: list[float], widest: float = 1e6) -> list[str]:
    """Plain numbers below `widest`; where they go beyond, 1,000 and more as powers of ten."""
    plain = widest if max(ticks) < widest else 1e3
    return [f"{tick:,.10g}" if 0.001 <= tick < plain else _power(tick) for tick in ticks]


def _power(value: float) -> str:
    digit, power = f"{value:.0e}".split("e")
    return ("" if digit == "1" else f"{digit}×") + "10" + str(int(power)).translate(RAISED)


def _draw(axes, found: CostData, look) -> None:
    draw.score_axis(axes, [score for points in found.curves.values() for point in points
                           for score in point.scores])
    every = [cost + extra for arm, costs in found.costs.items() for cost in costs
             for extra in (0.0, found.extra(arm))]
    every += [cost for runs in found.runs.values() for cost, _ in runs]
    cost_axis(axes, every or [1.0, 10.0])
    ends = []
    for arm, points in found.curves.items():
        style, colour = style_of(arm), colour_of(style_of(arm), look)
        if arm not in found.costs:
            best = max(point.mean for point in points)
            draw.level(axes, style, best, look)
            ends.append((style, axes.get_xlim()[1], best))
            continue
        means, extra = [point.mean for point in points], found.extra(arm)
        if extra:  # where the arm would be if somebody else had paid
            axes.plot(found.costs[arm], means, color=colour, linestyle=style.line, linewidth=1.6,
                      marker=style.marker, markersize=4, alpha=0.4, label=f"_free {arm}")
            axes.annotate("", (found.costs[arm][-1] + extra, means[-1]),
                          xytext=(found.costs[arm][-1], means[-1]), zorder=1.8,
                          arrowprops=dict(arrowstyle="-|>", color=colour, alpha=0.5,
                                          linewidth=1.2, shrinkA=5, shrinkB=5))
        axes.scatter([cost + extra for cost, _ in found.runs[arm]],
                     [score for _, score in found.runs[arm]], s=16, color=colour, alpha=0.55,
                     linewidth=0, label=f"_runs {arm}")
        axes.plot([cost + extra for cost in found.costs[arm]], means, color=colour,
                  linestyle=style.line, linewidth=2.2, marker=style.marker, markersize=6.5,
                  label=style.label)
        ends.append((style, found.costs[arm][-1] + extra, means[-1]))
    draw.end_labels(axes, ends, look)


def _mark(axes, found: CostData, level: float | None, reach: dict[str, CostToReach],
          look) -> None:
    """The level, rings where the arms reach it, and whether the bill is in the costs."""
    head = [] if not found.bill else [
        f"pre-training added, shared by {counted(found.tasks)}; pale: without it"]
    if level is not None:
        head.append(f"level line: {words.spoken_metric(found.metric)} {level:.2f};  rings: where "
                    "an arm reaches it")
    write(axes, 0.0, 1.03, "\n".join(head), look, va="bottom")
    if level is None:
        return
    axes.axhline(level, color=look.ink, linewidth=1.0, alpha=0.6, zorder=1.5, label="_level")
    for arm, cost in reach.items():
        if cost.cost and not cost.censored:
            axes.plot([cost.cost + found.extra(arm)], [level], marker="o", markersize=12,
                      fillstyle="none", markeredgewidth=1.6, linestyle="", color=look.ink,
                      clip_on=False, zorder=6, label=f"_ring {arm}")


def _small(found: CostData) -> str:
    sizes = sorted({point.n for arm in found.costs for point in found.curves[arm]})
    parts = [f"labels grow along each line from {sizes[0]:,} to {sizes[-1]:,}"] if sizes else []
    flat = [style_of(arm).label for arm in found.curves
            if arm not in found.costs and arm != "majority"]
    if flat:
        parts.append(f"{', '.join(flat)}: no cost in {SPOKEN[found.unit]}, best mean")
    if found.unit == "seconds" and "probe" in found.costs:
        parts.append("the probe's seconds are without the network's pass, which is kept for all "
                     "its runs")
    return "; ".join(parts)


def reading(found: CostData, level: float | None, reach: dict[str, CostToReach]) -> str:
    """What the level costs the twins, and what the bill makes of it."""
    pair = [arm for arm in words.TWINS if arm in reach]
    if level is None or len(pair) < 2:
        return "There are no runs of both twins with a cost in this unit to compare."
    start = f"To reach {words.spoken_metric(found.metric)} {level:.2f}"
    lacking = [arm for arm in pair if reach[arm].undefined or reach[arm].censored == "at least"]
    if lacking:
        return (f"{start} no run of {' or of '.join(map(words.spoken, lacking))} is enough at any "
                "size drawn, so there is no cost to compare.")
    tuned, scratch = (reach[arm].cost for arm in pair)
    text = (f"{start} {words.spoken(pair[0])} takes {reach[pair[0]]} and {words.spoken(pair[1])} "
            f"{reach[pair[1]]}, {_times(scratch, tuned)}")
    small = reach.get("small_scratch")
    if small and not small.undefined and small.censored != "at least":
        text += f"; {words.spoken('small_scratch')} takes {small}"
    if found.bill:
        charged = tuned + found.share
        text += (f". With the bill for pre-training, {amount(found.bill, found.unit)} by "
                 f"estimate, shared by {counted(found.tasks)}, {words.spoken(pair[0])} takes "
                 f"{amount(charged, found.unit)}, and {words.spoken(pair[1])} "
                 f"{_times(scratch, charged)}")
    return text + "."


def amount(cost: float, unit: str) -> str:
    """A cost in words; many seconds also in hours, days or years."""
    text = spoken_cost(cost, unit)
    if unit == "seconds":
        for size, name in ((365.25 * 86_400, "years"), (86_400, "days"), (3600, "hours")):
            if cost >= 2 * size:
                return f"{text} ({cost / size:,.3g} {name})" if cost < 1000 * size else (
                    f"{text} ({cost / size:,.0f} {name})")
    return text


def counted(tasks: int) -> str:
    return f"{tasks:,} task" + ("" if tasks == 1 else "s")


def _times(cost: float, other: float) -> str:
    """`cost` as so many times `other`, with two or three digits."""
    ratio = cost / other
    if 0.995 <= ratio < 1.005:
        return "the same"
    return f"{_digits(ratio)} times as much" if ratio > 1 else f"1/{_digits(1 / ratio)} of that"


def _digits(ratio: float) -> str:
    return f"{ratio:.3g}" if ratio < 1000 else f"{float(f'{ratio:.2g}'):,.0f}"


def _table(found: CostData) -> list[dict]:
    table = []
    for arm, points in found.curves.items():
        costs = found.costs.get(arm, [None] * len(points))
        for point, cost in zip(points, costs, strict=True):
            row = {"arm": style_of(arm).label, "n": point.n, found.unit: cost,
                   "mean": point.mean, "runs": point.k}
            if found.bill:
                row["with pre-training"] = None if cost is None else cost + found.extra(arm)
            table.append(row)
    return table


def _alt(found: CostData, title: str, axes, level: float | None, reach) -> str:
    lines = []
    for arm, points in found.curves.items():
        if arm in found.costs:
            first, last = (spoken_cost(found.costs[arm][end] + found.extra(arm), found.unit)
                           for end in (0, -1))
            lines.append(f"{style_of(arm).label} from {points[0].mean:.2f} for {first} to "
                         f"{points[-1].mean:.2f} for {last}.")
        else:
            lines.append(f"{style_of(arm).label} level at {max(p.mean for p in points):.2f}.")
    low, high = axes.get_ylim()
    text = (f"{title}. Line chart: {words.spoken_metric(found.metric)} on the test set, from "
            f"{low:.2f} to {high:.2f}, over {UNITS[found.unit]}, log scale"
            + (", with pre-training added. " if found.bill else ". ") + " ".join(lines))
    return text if level is None else f"{text} Level line at {level:.2f}."


def _require(name: str, value: str, choices) -> None:
    if value not in choices:
        raise LearnerError(f"there is no {name} called {value!r}",
                           next=f"choose one of {', '.join(choices)}")
