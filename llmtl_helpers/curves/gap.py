"""How much of the way from one arm to another a third one goes."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike

from llmtl_helpers.curves.resample import PERCENTILES, run_weights
from llmtl_helpers.curves.summary import RUNS_FOR_A_BAND


@dataclass(frozen=True)
class GapShare:
    """Where a rung stands between the bottom and the top of a ladder.

    Attributes:
        difference: mean score of the rung minus that of the bottom.
        difference_interval: its 95% bootstrap interval; None below three seeds.
        share: difference divided by that of the top; below 0 where the rung is worse than the
            bottom, above 1 where it is better than the top. None where the top is not above.
        interval: its 95% bootstrap interval; None below three seeds, or where the top is not
            surely above the bottom.
        seeds: runs of each arm that were compared.
    """

    difference: float
    difference_interval: tuple[float, float] | None
    share: float | None
    interval: tuple[float, float] | None
    seeds: int

    @property
    def sign(self) -> int:
        """1 or -1 if the rung surely differs from the bottom, else 0."""
        if self.difference_interval is None:
            return 0
        low, high = self.difference_interval
        return 1 if low > 0 else -1 if high < 0 else 0


def gap_share(bottom: ArrayLike, rung: ArrayLike, top: ArrayLike, resamples: int = 2000,
              seed: int = 0) -> GapShare:
    """Share of the gap between two arms that a third one closes, paired by seed and test example.

    The three arms' runs of one seed, and their answers to one test example, are redrawn
    together, as in `paired_bootstrap`, and both differences are worked out from each redraw.

    Args:
        bottom, rung, top: (seeds, examples), 1 where the answer was right; or (seeds, 1), the
            runs' scores, and then the test examples are taken as given. Rows in the same order
            of seeds.
    Raises:
        ValueError: shapes differ, or there is no seed or no example.

    Taught in 04.
    """
    tables = [np.asarray(table, dtype=float) for table in (bottom, rung, top)]
    if len({table.shape for table in tables}) > 1 or tables[0].ndim != 2 or not tables[0].size:
        raise ValueError("three tables (seeds, examples) of one shape are needed, not "
                         + ", ".join(str(table.shape) for table in tables))
    each = np.stack([tables[1] - tables[0], tables[2] - tables[0]])  # (2, seeds, examples)
    seeds, examples = each.shape[1:]
    difference, whole = (float(mean) for mean in each.mean(axis=(1, 2)))
    share = difference / whole if whole > 0 else None
    if seeds < RUNS_FOR_A_BAND:
        return GapShare(difference, None, share, None, seeds)
    weights, drawn = _redraws(seeds, examples, resamples, seed)
    redrawn = each.mean(axis=2) @ weights.T  # (2, resamples)
    if examples > 1:
        redrawn += each.mean(axis=1) @ drawn.T / examples - each.mean(axis=(1, 2))[:, None]
    ends = tuple(float(end) for end in np.percentile(redrawn[0], PERCENTILES))
    if np.percentile(redrawn[1], PERCENTILES[0]) <= 0:
        return GapShare(difference, ends, share, None, seeds)
    sure = redrawn[:, redrawn[1] > 0]
    interval = tuple(float(end) for end in np.percentile(sure[0] / sure[1], PERCENTILES))
    return GapShare(difference, ends, share, interval, seeds)


@lru_cache(maxsize=1)  # a slider, and the rungs of a ladder, ask for the same ones again
def _redraws(seeds: int, examples: int, resamples: int, seed: int):
    """Weights of the runs (resamples, seeds), and how often each example was drawn (resamples,
    examples)."""
    rng = np.random.default_rng(seed)
    return (run_weights(seeds, resamples, rng),
            rng.multinomial(examples, np.full(examples, 1 / examples), size=resamples)
            if examples > 1 else None)
