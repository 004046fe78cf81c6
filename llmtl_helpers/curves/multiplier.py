"""How many times as many labels the baseline needs: the data multiplier, with its doubts."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from llmtl_helpers.curves.reach import MeanCurve, reach, reach_range
from llmtl_helpers.curves.resample import PERCENTILES
from llmtl_helpers.curves.wording import labels, span, times

Runs = Mapping[int, Sequence[float]]  # n -> scores of its runs


@dataclass(frozen=True)
class Multiplier:
    """Labels that the baseline needs over labels that the treatment needs, at one level.

    Attributes:
        level: the score in question.
        n_baseline: labels at which the baseline reaches it; where it is censored, the largest
            ("at least") or smallest ("at most") size that was tried.
        n_treatment: labels at which the treatment reaches it.
        ratio: n_baseline / n_treatment; a bound where it is censored.
        interval: 95% bootstrap interval over runs; an upper end of inf says that nothing
            bounds it from above, a lower end of 0 nothing from below. None where a size has
            fewer than three runs or the ratio is undefined.
        censored: None, "at least" (the baseline never reaches the level) or "at most" (it is
            above the level at its smallest size).
        undefined: why there is no ratio, in a sentence, or None.
    """

    level: float
    n_baseline: float | None = None
    n_treatment: float | None = None
    ratio: float | None = None
    interval: tuple[float, float] | None = None
    censored: str | None = None
    undefined: str | None = None

    def __str__(self) -> str:
        if self.undefined:
            return f"undefined: {self.undefined}"
        doubt = f" {span(self.interval)}" if self.interval else ""
        if self.censored:
            return f"{self.censored} {times(self.ratio)}{doubt}"
        return (f"{labels(self.n_baseline)} against {labels(self.n_treatment)}: "
                f"{times(self.ratio)}{doubt}")


def data_multiplier(baseline: Runs, treatment: Runs, level: float, resamples: int = 2000,
                    seed: int = 0) -> Multiplier:
    """The data multiplier m(level) = n_baseline(level) / n_treatment(level).

    Each arm's curve is the running maximum of its means over the runs, straight in log n
    between two sizes. Nothing is extrapolated: where the baseline never reaches the level, the
    ratio is "at least" its largest size over n_treatment; where it starts above the level, "at
    most" its smallest; where the treatment never reaches the level, or starts above it, the
    ratio is undefined. On a stretch that is flat within its noise, a level just above it may be
    touched too early by luck; the interval then reaches far.

    The interval redraws the runs of every size in both arms, stretched for their small number
    (`resample.run_weights`), and reads the 2.5th and 97.5th percentile; a redraw that is
    censored, or that crosses the level more than once, counts as everything that it allows
    (`reach_range`). It holds the luck of seeds and slices, not that of the choice of test
    examples, and takes all runs as independent.

    Args:
        baseline, treatment: n -> scores of the runs at n. None, NaN and inf are left out.
        level: score between the two arms' reach, on the same scale as the scores.
        resamples, seed: of the interval; equal arguments give equal intervals, in whatever
            order the runs come.
    Raises:
        ValueError: a size is not above 0, the level is not finite, or resamples is below 1.

    Source of the idea: ULMFiT (Howard & Ruder 2018, Figure 3) states its gain so; Hernandez et
    al. (2021), Scaling laws for transfer, call it the multiplier. Taught in 02.
    """
    return multiplier_levels(baseline, treatment, [level], resamples, seed)[0]


def multiplier_levels(baseline: Runs, treatment: Runs, levels: Iterable[float],
                      resamples: int = 2000, seed: int = 0) -> list[Multiplier]:
    """`data_multiplier` at several levels; the runs are redrawn once for all of them."""
    pair = Pair(baseline, treatment, resamples, seed)
    return [pair.at_level(float(level)) for level in levels]


def multiplier_sizes(baseline: Runs, treatment: Runs, resamples: int = 2000,
                     seed: int = 0) -> list[tuple[int, Multiplier]]:
    """The multiplier at each size n of the treatment: n_baseline(its mean score there) / n.

    Here n_treatment is n itself, even where a smaller size did as well, and the interval
    holds the doubt about the level too. Arguments and errors as for `data_multiplier`.
    """
    pair = Pair(baseline, treatment, resamples, seed)
    return [(int(n), pair.at_size(i)) for i, n in enumerate(pair.treatment.n)]


class Pair:
    """Two curves and, where there are runs enough, their redrawn versions."""

    def __init__(self, baseline: Runs, treatment: Runs, resamples: int, seed: int):
        if resamples < 1:
            raise ValueError(f"resamples must be 1 or more, not {resamples}")
        self.baseline, self.treatment = MeanCurve(baseline), MeanCurve(treatment)
        self.redrawn = None
        if self.baseline.can_be_resampled and self.treatment.can_be_resampled:
            self.redrawn = [curve.resampled(resamples, np.random.default_rng([seed, arm]), means=2)
                            for arm, curve in enumerate((self.baseline, self.treatment))]

    def at_level(self, level: float) -> Multiplier:
        if not math.isfinite(level):
            raise ValueError(f"a level is a finite number, not {level}")
        if missing := self._missing():
            return Multiplier(level, undefined=missing)
        curve = self.treatment
        low, high = reach(curve.n, curve.means, level)
        if high == np.inf:
            best = int(np.argmax(curve.means))
            return Multiplier(level, undefined=f"the treatment never reaches {level:.3f}; its "
                              f"best mean is {curve.means[best]:.3f}, at {curve.n[best]:,.0f} "
                              "labels")
        if low == 0:
            return Multiplier(level, undefined=f"the treatment is above {level:.3f} at its "
                              f"smallest size already ({curve.n[0]:,.0f} labels), so how few "
                              "it needs is not known")
        redrawn = None
        if self.redrawn:
            redrawn = (reach_range(self.baseline.n, self.redrawn[0], level),
                       reach_range(curve.n, self.redrawn[1], level))
        return self._ratio(level, float(low), redrawn)

    def at_size(self, index: int) -> Multiplier:
        level, n = float(self.treatment.means[index]), float(self.treatment.n[index])
        if missing := self._missing():
            return Multiplier(level, undefined=missing)
        redrawn = None
        if self.redrawn:
            levels = self.redrawn[1][:, index]
            redrawn = reach_range(self.baseline.n, self.redrawn[0], levels), (n, n)
        return self._ratio(level, n, redrawn)

    def _missing(self) -> str | None:
        for name, curve in (("baseline", self.baseline), ("treatment", self.treatment)):
            if not len(curve.n):
                return f"the {name} has no scores"
        return None

    def _ratio(self, level: float, n_treatment: float, redrawn) -> Multiplier:
        low, high = (float(end) for end in reach(self.baseline.n, self.baseline.means, level))
        censored = "at least" if high == np.inf else "at most" if low == 0 else None
        n_baseline = high if censored == "at most" else low
        ratio = n_baseline / n_treatment
        interval = None
        if redrawn:
            (b_low, b_high), (t_low, t_high) = redrawn
            with np.errstate(divide="ignore"):
                least, most = b_low / t_high, np.divide(b_high, t_low)
            # no interpolation between draws: one of them may be infinite
            low = float(np.percentile(least, PERCENTILES[0], method="lower"))
            high = float(np.percentile(most, PERCENTILES[1], method="higher"))
            # on a stretch flat within its noise the redraws may all miss where the means cross
            interval = min(low, ratio), max(high, ratio)
        return Multiplier(level, n_baseline, n_treatment, ratio, interval, censored)
