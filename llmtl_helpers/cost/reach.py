"""What it costs an arm to reach a score. Taught in 11."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from llmtl_helpers.arms import ARMS
from llmtl_helpers.cost.runs import UNITS, check_unit, costs_by_size, uncounted
from llmtl_helpers.curves import check_comparable, score_of

LEVEL = 0.95


@dataclass(frozen=True)
class CostToReach:
    """The cost of the smallest training set with which an arm reaches a level.

    Attributes:
        arm, level, unit: what was asked.
        cost: in the unit, for one training run; a bound where `censored`; None if undefined.
        n: labels needed, interpolated between sizes; a bound where `censored`.
        interval: 95% bootstrap interval of the cost over seeds; an end is None where the level
            lies beyond the sizes that were run; None without at least two runs at each size.
        censored: "at most" where the smallest size is above the level already, "at least" where
            no size reaches it.
        undefined: why there is no cost at all, in a sentence.
    """

    arm: str
    level: float
    unit: str
    cost: float | None = None
    n: float | None = None
    interval: tuple[float | None, float | None] | None = None
    censored: str | None = None
    undefined: str | None = None

    def __str__(self) -> str:
        if self.undefined:
            return f"undefined: {self.undefined}"
        bound = {"at least": "more than ", "at most": "at most "}.get(self.censored, "")
        return f"{bound}{spoken_cost(self.cost, self.unit)}"


def cost_to_reach(rows: Iterable[dict], arm: str, level: float, unit: str = "flops",
                  metric: str = "accuracy", resamples: int = 1000, seed: int = 0) -> CostToReach:
    """What one run costs an arm at the smallest number of labels that reaches a level.

    The mean scores over the sizes, made non-decreasing by a running maximum, are joined by
    straight lines over log n; where they meet the level is the number of labels needed. The
    cost there is read off the mean costs, joined by straight lines of log cost over log n.
    Nothing is extrapolated. Learning-rate trials are not in it, and equal for all tuned arms.

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
    rows = [row for row in rows if row["purpose"] == "curve"]
    check_comparable(rows)
    scores = _scores(rows, arm, metric)
    costs = costs_by_size(rows, arm, unit)
    sizes = [n for n in scores if n in costs]
    asked = dict(arm=arm, level=level, unit=unit)
    if not scores:
        label = ARMS[arm].label if arm in ARMS else arm
        return CostToReach(**asked, undefined=f"there is no finished run of {label}")
    if not sizes:
        return CostToReach(**asked, undefined=uncounted(arm, unit))
    log_costs = np.log([np.mean(costs[n]) for n in sizes])
    if not np.isfinite(log_costs).all():
        return CostToReach(**asked, undefined="a cost in the ledger is rounded to zero")
    means = np.array([np.mean(scores[n]) for n in sizes])
    log_n, censored = _crossing(np.log(sizes), means[None], level)
    found = CostToReach(**asked, cost=float(np.exp(np.interp(log_n, np.log(sizes), log_costs))[0]),
                        n=float(np.exp(log_n)[0]), censored=CENSORED[int(censored[0])])
    if resamples and min(len(scores[n]) for n in sizes) > 1:
        rng = np.random.default_rng(seed)
        drawn = np.stack([rng.choice(scores[n], (resamples, len(scores[n]))).mean(1)
                          for n in sizes], axis=1)  # (resamples, sizes)
        log_n, beyond = _crossing(np.log(sizes), drawn, level)
        ends = np.exp(np.interp(log_n, np.log(sizes), log_costs))
        found = CostToReach(**{**found.__dict__, "interval": _interval(ends, beyond)})
    return found


CENSORED = {-1: "at most", 0: None, 1: "at least"}


def _scores(rows, arm, metric) -> dict[int, list[float]]:
    found: dict[int, list[float]] = {}
    for row in rows:
        if row["arm"] == arm and (score := score_of(row, metric)) is not None:
            found.setdefault(row["n"], []).append(score)
    return {n: found[n] for n in sorted(found)}


def _crossing(log_sizes, means, level: float):
    """Where curves first reach a level: (curves, sizes) means -> log n and -1, 0 or 1, each (curves,).

    -1: reached at the smallest size already; 1: not reached, and log n is that of the largest.
    """
    best = np.maximum.accumulate(means, axis=1)
    reached = best >= level
    after = np.where(reached.any(1), reached.argmax(1), len(log_sizes) - 1)
    censored = np.where(reached[:, 0], -1, np.where(reached.any(1), 0, 1))
    before = np.maximum(after - 1, 0)
    row = np.arange(len(best))
    low, high = best[row, before], best[row, after]
    rise = np.where(high > low, high - low, 1)
    share = np.where(censored == 0, (level - low) / rise, 1.0)
    return log_sizes[before] + share * (log_sizes[after] - log_sizes[before]), censored


def _interval(costs, beyond) -> tuple[float | None, float | None]:
    """Percentile interval of costs; an end that falls among the censored ones is None."""
    order = np.argsort(np.where(beyond == 1, np.inf, np.where(beyond == -1, -np.inf, costs)))
    low = order[int(np.floor((1 - LEVEL) / 2 * (len(order) - 1)))]
    high = order[int(np.ceil((1 + LEVEL) / 2 * (len(order) - 1)))]
    return (None if beyond[low] else float(costs[low]), None if beyond[high] else float(costs[high]))


def spoken_cost(cost: float, unit: str) -> str:
    """A cost with its unit, three digits: "3.32e+12 FLOP", "43.1 seconds", "480 labels"."""
    number = f"{cost:.3g}" if unit == "flops" or cost < 1000 else f"{cost:,.0f}"
    return f"{number} {UNITS[unit]}"
