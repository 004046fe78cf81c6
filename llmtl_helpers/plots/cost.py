"""Score against what a run costs, with or without the bill for pre-training. Taught in 11."""

from collections.abc import Iterable, Sequence

from llmtl_helpers.cost import UNITS as SPOKEN
from llmtl_helpers.cost import CostToReach, spoken_cost
from llmtl_helpers.plots import draw, words
from llmtl_helpers.plots.cost_axis import cost_axis
from llmtl_helpers.plots.cost_data import MISSING, UNITS, CostData, spoken_level
from llmtl_helpers.plots.empty import empty_figure
from llmtl_helpers.plots.figure import TwinFigure
from llmtl_helpers.plots.theme import colour_of, get_theme, new_figure, style_of, write


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
    if not found.curves:
        return empty_figure(heading(found, title), MISSING, theme, scale)
    level = found.usual if level is None else level
    reach = found.reach(level)
    figure, axes = backdrop(found, title, theme, scale)
    mark(axes, found, level, reach, theme)
    return TwinFigure(figure, table(found), reading(found, level, reach),
                      alt(found, title, axes, level), theme)


def backdrop(found: CostData, title: str | None, theme: str, scale: float):
    """Figure and axes with everything but the level and the arms that pay the bill.

    The axis has room for the whole bill, so that nothing else moves when tasks share it.
    """
    look = get_theme(theme)
    figure, axes = new_figure(look, scale)
    draw.score_axis(axes, [score for points in found.curves.values() for point in points
                           for score in point.scores])
    every = [cost for runs in found.runs.values() for cost, _ in runs]
    cost_axis(axes, [*every, found.bill] if found.bill else every or [1.0, 10.0])
    ends = []
    for arm, points in found.curves.items():
        style, means = style_of(arm), [point.mean for point in points]
        if arm not in found.costs:
            draw.level(axes, style, max(means), look)
            ends.append((style, axes.get_xlim()[1], max(means)))
            continue
        if found.pays(arm):  # where the arm would be if somebody else had paid
            axes.plot(found.costs[arm], means, color=colour_of(style, look), alpha=0.4,
                      linestyle=style.line, linewidth=1.6, marker=style.marker, markersize=4,
                      label=f"_free {arm}")
        else:
            _line(axes, found, arm, look)
        ends.append((style, found.costs[arm][-1], means[-1]))
    draw.end_labels(axes, ends, look)
    draw.frame_texts(axes, heading(found, title), f"{UNITS[found.unit]} (log scale)",
                     f"{words.spoken_metric(found.metric)} on the test set", _small(found), look)
    return figure, axes


def mark(axes, found: CostData, level: float, reach: dict[str, CostToReach],
         theme: str) -> list:
    """Draw the arms that pay the bill, the level, and rings where arms reach it.

    Returns the artists.
    """
    look = get_theme(theme)
    artists = [axes.axhline(level, color=look.ink, linewidth=1.0, alpha=0.6, zorder=1.5,
                            label="_level")]
    for arm in found.costs:
        if found.pays(arm):
            artists += _line(axes, found, arm, look)
    for arm, cost in reach.items():
        if cost.cost and not cost.censored:
            artists += axes.plot([cost.cost + found.extra(arm)], [level], marker="o",
                                 markersize=12, fillstyle="none", markeredgewidth=1.6,
                                 linestyle="", color=look.ink, clip_on=False, zorder=6,
                                 label=f"_ring {arm}")
    head = (f"level line: {words.spoken_metric(found.metric)} {spoken_level(level)};  rings: "
            "where an arm reaches it")
    if found.bill:
        head = f"pre-training added, shared by {counted(found.tasks)}; pale: without it\n{head}"
    return [*artists, write(axes, 0.0, 1.03, head, look, va="bottom")]


def _line(axes, found: CostData, arm: str, look) -> list:
    """Runs and means of an arm at what they cost it, and an arrow to there from the pale line."""
    style, colour = style_of(arm), colour_of(style_of(arm), look)
    extra, means = found.extra(arm), [point.mean for point in found.curves[arm]]
    runs = axes.scatter([cost + extra for cost, _ in found.runs[arm]],
                        [score for _, score in found.runs[arm]], s=16, color=colour, alpha=0.55,
                        linewidth=0, label=f"_runs {arm}")
    costs = [cost + extra for cost in found.costs[arm]]
    artists = [runs, *axes.plot(costs, means, color=colour, linestyle=style.line, linewidth=2.2,
                                marker=style.marker, markersize=6.5, label=style.label)]
    if costs[-1] > 1.5 * found.costs[arm][-1]:
        artists.append(axes.annotate(
            "", (costs[-1], means[-1]), xytext=(found.costs[arm][-1], means[-1]), zorder=1.8,
            arrowprops=dict(arrowstyle="-|>", color=colour, alpha=0.5, linewidth=1.2, shrinkA=5,
                            shrinkB=5)))
    return artists


def heading(found: CostData, title: str | None) -> str:
    return title or (f"What a score costs: {found.task}" if found.task else "What a score costs")


def _small(found: CostData) -> str:
    sizes = sorted({point.n for arm in found.costs for point in found.curves[arm]})
    parts = [f"{sizes[0]:,} to {words.labels(sizes[-1])} along each line"] if sizes else []
    flat = [style_of(arm).label for arm in found.curves
            if arm not in found.costs and arm != "majority"]
    if flat:
        parts.append(f"{', '.join(flat)}: best mean, no cost in {SPOKEN[found.unit]}")
    if found.unit == "seconds" and "probe" in found.costs:
        parts.append("the probe's seconds are without the network's pass, which is kept for all "
                     "its runs")
    return "; ".join(parts)


def reading(found: CostData, level: float, reach: dict[str, CostToReach]) -> str:
    """What the level costs the twins, and what the bill makes of it."""
    pair = [arm for arm in words.TWINS if arm in reach]
    if len(pair) < 2:
        return "There are no runs of both twins with a cost in this unit to compare."
    start = f"To reach {words.spoken_metric(found.metric)} {spoken_level(level)}"
    there = {arm: not (reach[arm].undefined or reach[arm].censored == "at least") for arm in pair}
    if not all(there.values()):
        return f"{start} " + ", and ".join(
            f"{words.spoken(arm)} takes {reach[arm]}" if there[arm] else
            f"no run of {words.spoken(arm)} is enough at any size drawn" for arm in pair) + "."
    tuned, scratch = (reach[arm].cost for arm in pair)
    text = (f"{start} {words.spoken(pair[0])} takes {reach[pair[0]]} and {words.spoken(pair[1])} "
            f"{reach[pair[1]]}, {_times(scratch, tuned)}")
    if reach[pair[0]].floor and not reach[pair[1]].floor:
        text += ", where the first is the least that any of its runs costs, by the steps floor"
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
    if 0.95 <= ratio < 1.05:
        return "about as much"
    if ratio > 1:
        return f"{_digits(ratio)} times as much"
    return f"{ratio:.2g} of that" if ratio > 0.1 else f"1/{_digits(1 / ratio)} of that"


def _digits(ratio: float) -> str:
    return f"{ratio:.3g}" if ratio < 1000 else f"{float(f'{ratio:.2g}'):,.0f}"


def table(found: CostData) -> list[dict]:
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


def alt(found: CostData, title: str | None, axes, level: float) -> str:
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
    text = (f"{heading(found, title)}. Line chart: {words.spoken_metric(found.metric)} on the "
            f"test set, from {low:.2f} to {high:.2f}, over {UNITS[found.unit]}, log scale"
            + (", with pre-training added. " if found.bill else ". ") + " ".join(lines))
    return f"{text} Level line at {spoken_level(level)}."
