"""Where a rising curve reaches a level: exactly, or only as a bound, never by extrapolation."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike

from llmtl_helpers.curves.resample import run_weights
from llmtl_helpers.curves.summary import RUNS_FOR_A_BAND, summarise_scores


class MeanCurve:
    """Means of repeated runs at ascending sizes, and resampled versions of them.

    Attributes:
        n: (S,) sizes that have a score, ascending.
        means: (S,) mean score at each.
        runs: number of runs at each.
    """

    def __init__(self, scores: Mapping[int, Sequence[float]]):
        """Scores that are None or not finite are left out, and so is a size without any other.

        Raises:
            ValueError: a size is not a finite number above 0.
        """
        points = []
        for n in sorted(scores):
            if not np.isfinite(n) or n <= 0:
                raise ValueError(f"a number of labels is above 0, not {n!r}")
            if (point := summarise_scores(scores[n], "", n)).k:
                points.append(point)
        self.n = np.array([point.n for point in points], dtype=float)
        self.means = np.array([point.mean for point in points], dtype=float)
        self.runs = tuple(point.k for point in points)
        self._scores = [np.array(point.scores) for point in points]

    @property
    def can_be_resampled(self) -> bool:
        """Whether every size has runs enough for an interval."""
        return bool(self.runs) and min(self.runs) >= RUNS_FOR_A_BAND

    def noise(self) -> float:
        """Twice the pooled standard error of a mean; 0 where no size has two runs."""
        squares = sum(((scores - scores.mean()) ** 2).sum() for scores in self._scores)
        freedom = sum(len(scores) - 1 for scores in self._scores)
        if not freedom:
            return 0.0
        return float(2 * np.sqrt(squares / freedom * np.mean([1 / k for k in self.runs])))

    def resampled(self, resamples: int, rng: np.random.Generator, means: int = 1) -> np.ndarray:
        """(resamples, S) means of runs drawn anew, each size by itself (see `run_weights`)."""
        return np.stack(
            # from the mean, so that runs without spread give it back to the last digit
            [mean + run_weights(len(scores), resamples, rng, means) @ (scores - mean)
             for mean, scores in zip(self.means, self._scores)], axis=1)


def reach(x: ArrayLike, y: ArrayLike, level: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Bounds of the x at which the running maximum of y first reaches `level`.

    Between two points the curve is straight in log x. The bounds are equal where the curve
    passes the level; (last x, inf) where it never reaches it; (0, first x) where it starts
    above it.

    Args:
        x: (S,) ascending, above 0: labels, or a cost.
        y: (..., S) scores.
        level: one level, or an array (...) of them, one for each curve.
    Returns:
        Lower and upper bounds, each of shape (...).
    Raises:
        ValueError: x is not ascending and above 0, shapes do not fit, or a level is not finite.

    Taught in 02.
    """
    x, y, level = _checked(x, y, level)
    return _pass(x, np.maximum.accumulate(y, axis=-1), level)


def reach_range(x: ArrayLike, y: ArrayLike, level: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Least and largest x at which a rising curve may reach `level`, if y is that curve with noise.

    Where noise makes y cross the level more than once, the rising curve behind it may do so
    anywhere between the first crossing and the last (after which y stays above). Arguments and
    errors as for `reach`; the least is 0 and the largest inf where y does not bound it.
    """
    x, y, level = _checked(x, y, level)
    lasting = np.minimum.accumulate(y[..., ::-1], axis=-1)[..., ::-1]
    return (_pass(x, np.maximum.accumulate(y, axis=-1), level)[0],
            _pass(x, lasting, level, past=True)[1])


def _checked(x: ArrayLike, y: ArrayLike, level: ArrayLike) -> tuple[np.ndarray, ...]:
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    if x.ndim != 1 or not len(x) or (x <= 0).any() or not (np.diff(x) > 0).all():
        raise ValueError("x must be a list of numbers above 0, strictly ascending")
    if y.shape[-1:] != x.shape:
        raise ValueError(f"y has shape {y.shape}; its last axis must have length {len(x)}")
    level = np.broadcast_to(np.asarray(level, dtype=float), y.shape[:-1])
    if not np.isfinite(level).all() or not np.isfinite(y).all():
        raise ValueError("levels and scores must be finite")
    return x, y, level


def _pass(x: np.ndarray, best: np.ndarray, level: np.ndarray,
          past: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Bounds of the x at which the never falling `best` reaches the level, or, with `past`,
    leaves it behind: they differ where it stays on the level for a while."""
    over = best > level[..., None] if past else best >= level[..., None]
    after = np.where(over.any(axis=-1), over.argmax(axis=-1), len(x) - 1)
    before = np.maximum(after - 1, 0)
    high, low = (np.take_along_axis(best, i[..., None], -1)[..., 0] for i in (after, before))
    share = np.clip((level - low) / np.where(high > low, high - low, 1.0), 0.0, 1.0)
    at = np.exp((1 - share) * np.log(x[before]) + share * np.log(x[after]))
    # a measured size comes out as it went in
    at = np.where(share == 0.0, x[before], np.where(share == 1.0, x[after], at))
    if past:
        at = np.where(best[..., -1] == level, x[-1], at)
    never, early = level > best[..., -1], level < best[..., 0]
    return (np.where(never, x[-1], np.where(early, 0.0, at)),
            np.where(never, np.inf, np.where(early, x[0], at)))
