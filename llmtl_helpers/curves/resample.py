"""Resampling of a few runs, wide enough to be honest about how few they are."""

import math

import numpy as np

from llmtl_helpers.curves.summary import LEVEL, RUNS_FOR_A_BAND, t_quantile

PERCENTILES = (100 * (1 - LEVEL) / 2, 100 * (1 + LEVEL) / 2)


def run_weights(runs: int, resamples: int, rng: np.random.Generator) -> np.ndarray:
    """Weights (resamples, runs) whose products with the runs' scores are resampled means.

    A plain bootstrap draws runs with replacement. With k runs its means spread too little, by
    sqrt((k - 1) / k), and have the tails of a normal, not of t; with 5 runs its "95%" interval
    covers about 8 times in 10. So each mean's distance from the observed one is stretched by
    t(0.975, k-1) / z(0.975) x sqrt(k / (k - 1)): for a mean, the percentile interval then has
    the width of the t interval. Rows sum to 1; single weights may be negative.

    Raises:
        ValueError: fewer than two runs, or less than one resample.
    """
    if resamples < 1:
        raise ValueError(f"resamples must be 1 or more, not {resamples}")
    factor = stretch(runs)
    drawn = rng.multinomial(runs, np.full(runs, 1 / runs), size=resamples)
    return (1 + factor * (drawn - 1)) / runs


def stretch(runs: int) -> float:
    """Factor by which a bootstrap of the mean of so many runs is too narrow (see run_weights)."""
    return t_quantile(runs) / NORMAL * math.sqrt(runs / (runs - 1))


NORMAL = 1.959963984540054  # z(0.975)

__all__ = ["PERCENTILES", "RUNS_FOR_A_BAND", "run_weights", "stretch"]
