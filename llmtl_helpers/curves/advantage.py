"""How many labels one curve is ahead of another, on average over the levels both reach."""

from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from numpy.typing import ArrayLike

from llmtl_helpers.curves.wording import times

AGGREGATES = {"max": np.nanmax, "mean": np.nanmean}
ROUNDING = 1e-12  # a window lower than this is two equal numbers that were rounded differently


@dataclass(frozen=True)
class DataAdvantage:
    """The advantage of a treatment over a baseline, in labels.

    Attributes:
        advantage: labels saved, on average over the levels of the window; negative where the
            baseline needs fewer. None where it is undefined.
        error: standard deviation (divisor: number of pairs) of the advantage over all pairs
            of one left-out run of the baseline and one of the treatment; None where a pair has
            no advantage or an arm has fewer than two runs. Such values share most of their
            runs, so this says how much one run matters; it is no standard error and no
            interval.
        window: lowest and highest score that both curves reach; None where there is none.
        ratio: geometric mean, over the window, of the baseline's labels over the treatment's.
        sizes: sizes that were used.
        undefined: why there is no advantage, in a sentence, or None.
        no_error: why there is an advantage without an error, in a sentence, or None.
    """

    advantage: float | None
    error: float | None
    window: tuple[float, float] | None
    ratio: float | None
    sizes: tuple[float, ...]
    undefined: str | None = None
    no_error: str | None = None

    def __str__(self) -> str:
        if self.undefined:
            return f"undefined: {self.undefined}"
        spread = "" if self.error is None else f" +- {self.error:,.0f}"
        low, high = self.window
        return (f"{self.advantage:,.0f}{spread} labels between {low:.3f} and {high:.3f} "
                f"({times(self.ratio)})")


def data_advantage(sizes: ArrayLike, baseline: ArrayLike, treatment: ArrayLike,
                   aggregate: str = "max") -> DataAdvantage:
    """Average data advantage of Le Scao & Rush (2021), as their own figures were made.

    At each size the best run counts (or the mean of the runs), then the running maximum over
    the sizes, joined by straight lines in n. Window: from the larger of the two first values to
    the smaller of the two last. The advantage is the area between the two curves inside the
    window, integral over n of (clip(treatment) - clip(baseline)), divided by the window's
    height. Flat stretches are kept, and the area is exact: the lines are cut where they cross
    the window's edges. Being linear in n it is ruled by the largest sizes; `ratio` is not.

    Args:
        sizes: (S,) numbers of labels, above 0 and strictly ascending.
        baseline: (S, R) scores, one column per run; NaN where a run is missing. A column of
            nothing but NaN is no run. A size at which one arm has no run at all is dropped for
            both, so that both curves stand on the same sizes.
        treatment: (S, R') the same for the other arm.
        aggregate: "max" as in the paper, or "mean". The best of many runs is higher than the
            best of few: give both arms the same number of runs.
    Raises:
        ValueError: the input is not of this form (shapes, order, infinite scores, aggregate).

    Source: Le Scao & Rush (2021), How many data points is a prompt worth?, Table 1;
    its errors leave one run of four out of each arm, 16 pairs. From the runs that the authors
    released this gives their MNLI 3,506 +- 536, BoolQ 752 +- 46, RTE 282 +- 34,
    CB 90 +- 2 and, but for the errors, COPA 288 and WSC 281. Their errors of COPA (242) and
    WSC (137) do not come out; in three of COPA's 16 pairs the curves share no score at all.
    Taught in 02.
    """
    sizes, tables = _checked(sizes, baseline, treatment, aggregate)
    whole = _advantage(sizes, *tables, aggregate)
    runs = [table.shape[1] for table in tables]
    if whole.undefined:
        return whole
    if min(runs) < 2:
        return replace(whole, no_error="an arm has a single run, and none can be left out")
    values = [_advantage(sizes, np.delete(tables[0], i, axis=1), np.delete(tables[1], j, axis=1),
                         aggregate).advantage for i, j in product(*map(range, runs))]
    if lost := values.count(None):
        return replace(whole, no_error=f"without one run of each arm, {lost} of {len(values)} "
                       "pairs of curves share no range of scores")
    return replace(whole, error=float(np.std(values)))


def _checked(sizes, baseline, treatment, aggregate) -> tuple[np.ndarray, list[np.ndarray]]:
    if aggregate not in AGGREGATES:
        raise ValueError(f"aggregate is 'max' or 'mean', not {aggregate!r}")
    sizes = np.asarray(sizes, dtype=float)
    if sizes.ndim != 1 or not np.isfinite(sizes).all() or (sizes <= 0).any():
        raise ValueError("sizes must be a list of numbers above 0")
    if (np.diff(sizes) <= 0).any():
        raise ValueError("sizes must be strictly ascending")
    tables = []
    for name, table in (("baseline", baseline), ("treatment", treatment)):
        table = np.asarray(table, dtype=float)
        if table.ndim != 2 or len(table) != len(sizes):
            raise ValueError(f"{name} has shape {table.shape}; it must be (sizes, runs) "
                             f"with {len(sizes)} sizes")
        if np.isinf(table).any():
            raise ValueError(f"{name} holds an infinite score")
        tables.append(table[:, ~np.isnan(table).all(axis=0)])
    return sizes, tables


def _advantage(sizes: np.ndarray, baseline: np.ndarray, treatment: np.ndarray,
               aggregate: str) -> DataAdvantage:
    """The advantage of whole tables, without its error."""
    kept = ~np.isnan(baseline).all(axis=1) & ~np.isnan(treatment).all(axis=1)
    sizes = sizes[kept]
    used = tuple(sizes.tolist())

    def undefined(why: str) -> DataAdvantage:
        return DataAdvantage(None, None, None, None, used, why)

    if len(sizes) < 2:
        return undefined(f"both arms have runs at {len(sizes)} of the sizes, and a curve needs two")
    curves = [np.maximum.accumulate(AGGREGATES[aggregate](table[kept], axis=1))
              for table in (baseline, treatment)]
    low, high = max(c[0] for c in curves), min(c[-1] for c in curves)
    if high - low <= ROUNDING * max(1.0, abs(low), abs(high)):
        return undefined("no range of scores is reached by both curves: the larger first value "
                         f"is {low:.4g}, the smaller last value {high:.4g}")
    cut = [_cut(sizes, curve, low, high) for curve in curves]
    area = [np.trapezoid(y - low, n) for n, y in cut]
    logs = [_mean_log(n, y) for n, y in cut]
    return DataAdvantage(float((area[1] - area[0]) / (high - low)), None,
                         (float(low), float(high)), float(np.exp(logs[0] - logs[1])), used)


def _cut(n: np.ndarray, y: np.ndarray, low: float, high: float) -> tuple[np.ndarray, np.ndarray]:
    """The rising line (n, y) clipped to low..high, with a corner where it crosses an edge."""
    corners = [n]
    for level in (low, high):
        at = np.flatnonzero((y[:-1] < level) & (level < y[1:]))
        share = (level - y[at]) / (y[at + 1] - y[at])
        corners.append(n[at] + share * (n[at + 1] - n[at]))
    every = np.unique(np.concatenate(corners))
    return every, np.clip(np.interp(every, n, y), low, high)


def _mean_log(n: np.ndarray, y: np.ndarray) -> float:
    """Mean of log n over the levels that the clipped line (n, y) passes, exact.

    On a straight piece each level is passed once, so the mean over its levels is the mean of
    log n over its labels; a flat piece passes no level and has no weight.
    """
    start, end, rise = n[:-1], n[1:], np.diff(y)
    mean = (end * np.log(end) - start * np.log(start)) / (end - start) - 1
    return float(np.sum(np.clip(mean, np.log(start), np.log(end)) * rise) / np.sum(rise))
