"""What chance alone does to a comparison: best of k, paired tests, shares of few examples."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from llmtl_helpers.curves.resample import PERCENTILES, run_weights
from llmtl_helpers.curves.summary import LEVEL, RUNS_FOR_A_BAND


@dataclass(frozen=True)
class PairedDifference:
    """Difference of two arms in the share of right answers.

    Attributes:
        difference: share right of a minus share right of b, over all runs and examples.
        interval: its 95% bootstrap interval; None below three runs.
        runs, examples: how many of each.
    """

    difference: float
    interval: tuple[float, float] | None
    runs: int
    examples: int


@dataclass(frozen=True)
class McNemar:
    """McNemar's exact test on two runs.

    Attributes:
        only_a: examples that a alone has right. only_b: those that b alone has right.
        p: probability of a split at least as uneven if neither were better (two-sided).
    """

    only_a: int
    only_b: int
    p: float


def expected_best(values: Sequence[float], k: int) -> float:
    """Expected best of k runs, drawn with replacement from those at hand.

    E[max of k] = sum over the values v of v (F(v)^k - F(v-)^k), F being the share of values at
    or below v and F(v-) the share below. Drawing with replacement makes it a little too low
    for k near the number of values. NaN is left out.

    Raises:
        ValueError: there is no value, one is infinite, or k is not a whole number from 1 to
            the number of values: runs that were not made cannot be averaged over.

    Source: Dodge et al. (2019), Show your work: improved reporting of experimental results.
    Taught in 11.
    """
    known = np.sort(np.asarray(values, dtype=float).ravel())
    known = known[~np.isnan(known)]
    if not len(known) or np.isinf(known).any():
        raise ValueError("there must be at least one value, and all must be finite")
    if isinstance(k, bool) or k != int(k) or not 1 <= k <= len(known):
        raise ValueError(f"k must be a whole number from 1 to the {len(known)} values, not {k}")
    share = np.arange(len(known) + 1) / len(known)
    return float(known @ np.diff(share ** int(k)))  # ties share their weight among themselves


def paired_bootstrap(correct_a: ArrayLike, correct_b: ArrayLike, resamples: int = 2000,
                     seed: int = 0) -> PairedDifference:
    """Difference of two arms whose runs share seeds and test examples, with its interval.

    Both arms' runs of one seed, and both arms' answers to one example, are redrawn together,
    so that what they share cancels. The means per run and the means per example are redrawn
    each by itself and their deviations added up; those of the runs are stretched for their
    small number (`resample.run_weights`). The noise of single answers is in both, so the
    interval is rather too wide than too narrow.

    Args:
        correct_a, correct_b: (seeds, examples) whether the answer was right, rows in the same
            order of seeds. At least two seeds: for two single runs see `mcnemar`.
    Raises:
        ValueError: shapes differ, or values are not true or false, or there is too little.

    Source: Owen (2007), The pigeonhole bootstrap, Annals of Applied Statistics 1, on redrawing
    rows and columns each by itself. Taught in 11.
    """
    a, b = _flags(correct_a, 2), _flags(correct_b, 2)
    if a.shape != b.shape:
        raise ValueError(f"shapes differ: {a.shape} and {b.shape}")
    runs, examples = a.shape
    if runs < 2 or not examples:
        raise ValueError(f"{runs} run(s) of {examples} example(s) are too few to redraw")
    each = a.astype(float) - b
    interval = None
    if runs >= RUNS_FOR_A_BAND:
        rng = np.random.default_rng(seed)
        by_run, by_example = each.mean(axis=1), each.mean(axis=0)
        redrawn = run_weights(runs, resamples, rng) @ by_run - each.mean() + [
            by_example[rng.integers(examples, size=examples)].mean() for _ in range(resamples)]
        interval = tuple(float(end) for end in np.percentile(redrawn, PERCENTILES))
    return PairedDifference(float(each.mean()), interval, runs, examples)


def mcnemar(correct_a: ArrayLike, correct_b: ArrayLike) -> McNemar:
    """McNemar's exact test: is one of two runs right more often on the same test examples?

    Only examples on which the two differ count; if neither were better, each would fall to
    either side with probability 1/2. It speaks of these two runs, not of other seeds.

    Args:
        correct_a, correct_b: (examples,) whether the answer was right.
    Raises:
        ValueError: shapes differ, or values are not true or false, or there is no example.

    Source: McNemar (1947), Psychometrika 12; the exact form is a binomial test. Taught in 11.
    """
    a, b = _flags(correct_a, 1), _flags(correct_b, 1)
    if a.shape != b.shape or not a.size:
        raise ValueError(f"two lists of the same examples are needed, not {a.shape} and {b.shape}")
    only_a, only_b = int((a & ~b).sum()), int((b & ~a).sum())
    if not only_a + only_b:
        return McNemar(0, 0, 1.0)
    from scipy.stats import binomtest  # slow to load

    return McNemar(only_a, only_b, float(binomtest(only_a, only_a + only_b).pvalue))


def wilson_interval(right: int, total: int) -> tuple[float, float]:
    """95% Wilson score interval of a share: `right` of `total` test examples.

    Raises:
        ValueError: the counts are not whole numbers with 0 <= right <= total and total >= 1.

    Source: Wilson (1927), JASA 22; Brown, Cai & DasGupta (2001), Statistical Science 16,
    recommend it for small samples. Taught in 11.
    """
    if right != int(right) or total != int(total) or not 0 <= right <= total or total < 1:
        raise ValueError(f"{right} of {total} is not a count of examples")
    from scipy.stats import binomtest  # slow to load

    found = binomtest(int(right), int(total)).proportion_ci(LEVEL, method="wilson")
    return float(found.low), float(found.high)


def _flags(values: ArrayLike, dimensions: int) -> np.ndarray:
    values = np.asarray(values)
    if values.ndim != dimensions:
        raise ValueError(f"{dimensions} dimension(s) are needed, not {values.ndim}")
    if values.dtype != bool and not np.isin(values, (0, 1)).all():
        raise ValueError("values must be true or false")
    return values.astype(bool)
