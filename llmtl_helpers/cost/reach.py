"""What it costs an arm to reach a score. Taught in 11."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from llmtl_helpers.cost.runs import UNITS, check_unit, costs_by_size, named, uncounted
from llmtl_helpers.curves import MeanCurve, reach, reach_range, scores_by_size
from llmtl_helpers.curves.resample import PERCENTILES

SAME = 1.2  # costs within this factor of the least one are due to the steps floor


@dataclass(frozen=True)
class CostToReach:
    """The cost of one run on the smallest training set with which an arm reaches a level.

    Attributes:
        arm, level, unit: what was asked.
        cost: in the unit; a bound where `censored`; None if undefined.
        n: labels needed, interpolated between sizes; a bound where `censored`.
        interval: 95% bootstrap interval of the cost over seeds; an upper end of inf says that
            nothing bounds it from above, a lower end of 0 nothing from below. None where a size
            has fewer than three runs.
        censored: "at most" where the smallest size is above the level already, "at least" where
            no size reaches it.
        floor: whether the cost is within a fifth of the least that the arm's runs cost. Then it
            is set by the rule that every run makes so many updates, not by the arm.
        undefined: why there is no cost at all, in a sentence without a full stop.
    """

    arm: str
    level: float
    unit: str
    cost: float | None = None
    n: float | None = None
    interval: tuple[float, float] | None = None
    censored: str | None = None
    floor: bool = False
    undefined: str | None = None

    def __str__(self) -> str:
        if self.undefined:
            return f"undefined: {self.undefined}"
        bound = {"at least": "more than ", "at most": "at most "}.get(self.censored, "")
        return f"{bound}{spoken_cost(self.cost, self.unit)}"


def cost_to_reach(rows: Iterable[dict], arm: str, level: float, unit: str = "flops",
                  metric: str = "accuracy", resamples: int = 1000, seed: int = 0) -> CostToReach:
    """What one run costs an arm at the smallest number of labels that reaches a level.

    The labels needed are where the running maximum of the mean scores, straight in log n
    between sizes, meets the level (`curves.reach`). The cost there is read off the mean costs,
    joined by straight lines of log cost over log n. Nothing is extrapolated. The trials that
    chose the learning rate are not in it; all tuned arms had equally many.

    Args:
        rows: ledger rows of one task and one training rule; purpose "curve" counts.
        level: on the metric's scale of 0 to 1.
        unit: one of UNITS: "flops", "seconds", "tokens" or "labels".
        resamples: bootstrap samples of the seeds of each size; 0 for no interval.

    Raises:
        LearnerError: rows of several tasks, training rules or versions of the data.
        ValueError: no such unit, or a level outside 0 to 1.
    """
    check_unit(unit)
    if not 0 <= level <= 1:
        raise ValueError(f"a level is a score between 0 and 1, and {level} is not")
    rows = list(rows)
    scores = scores_by_size(rows, arm, metric)
    costs = costs_by_size(rows, arm, unit)
    asked = dict(arm=arm, level=level, unit=unit)
    if not scores:
        return CostToReach(**asked, undefined=f"there is no finished run of {named(arm)}")
    sizes = [n for n in scores if n in costs]
    if not sizes:
        return CostToReach(**asked, undefined=uncounted(arm, unit))
    if min(min(costs[n]) for n in sizes) <= 0:
        return CostToReach(**asked, undefined=f"a cost of {named(arm)} is rounded to zero")
    price = _Price({n: costs[n] for n in sizes})
    curve = MeanCurve({n: scores[n] for n in sizes})
    low, high = (float(end) for end in reach(curve.n, curve.means, level))
    n = high if low == 0 else low
    interval = None
    if resamples and curve.can_be_resampled:
        drawn = curve.resampled(resamples, np.random.default_rng(seed))
        least, most = (price(end) for end in reach_range(curve.n, drawn, level))
        interval = (float(np.percentile(least, PERCENTILES[0], method="lower")),
                    float(np.percentile(most, PERCENTILES[1], method="higher")))
    cost = float(price(n))
    return CostToReach(**asked, cost=cost, n=n, interval=interval,
                       censored="at most" if low == 0 else "at least" if high == np.inf else None,
                       floor=unit != "labels" and cost <= SAME * price.least)


class _Price:
    """Cost over labels: straight in log cost over log n; 0 at no labels, inf beyond the last."""

    def __init__(self, costs: Mapping[int, tuple[float, ...]]):
        self._log_n = np.log(list(costs))
        means = [math.fsum(values) / len(values) for values in costs.values()]
        self._log_cost, self.least = np.log(means), min(means)

    def __call__(self, n):
        n = np.asarray(n, dtype=float)
        with np.errstate(divide="ignore"):
            cost = np.exp(np.interp(np.log(n), self._log_n, self._log_cost))
        return np.where(n == 0, 0.0, np.where(np.isinf(n), np.inf, cost))


def spoken_cost(cost: float, unit: str) -> str:
    """A cost with its unit, three digits: "3.32e+12 FLOP", "43.1 seconds", "480 labels"."""
    number = f"{cost:.3g}" if unit == "flops" or cost < 1000 else f"{cost:,.0f}"
    return f"{number} {UNITS[unit]}"
