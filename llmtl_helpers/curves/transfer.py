"""Effective data transferred, and how it grows with the data of the target task."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from llmtl_helpers.curves.multiplier import Pair, Runs


@dataclass(frozen=True)
class DataTransferred:
    """Effective data transferred: labels that the baseline needs beyond the treatment's n.

    Attributes:
        n: labels of the treatment (D_F).
        level: its mean score there.
        n_baseline: labels at which the baseline reaches that level (D_E); a bound if censored.
        transferred: n_baseline - n (D_T), negative where the baseline needs fewer labels.
        interval, censored, undefined: as for Multiplier, in labels.
    """

    n: float
    level: float | None = None
    n_baseline: float | None = None
    transferred: float | None = None
    interval: tuple[float, float] | None = None
    censored: str | None = None
    undefined: str | None = None


@dataclass(frozen=True)
class TransferLaw:
    """D_T = k D_F^a for one network size.

    Attributes:
        k, a: the constants; None where they are undefined.
        held_back_error: miss at the largest n of a law that was fitted without it, as a share
            of the D_T measured there; None with fewer than three points.
        points: number of points.
        undefined: why there is no law, in a sentence, or None.
    """

    k: float | None
    a: float | None
    held_back_error: float | None
    points: int
    undefined: str | None = None

    def __call__(self, n: ArrayLike) -> np.ndarray | float:
        """Labels transferred at n labels.

        Raises:
            ValueError: the law is undefined.
        """
        if self.undefined:
            raise ValueError(self.undefined)
        labels = self.k * np.asarray(n, dtype=float) ** self.a
        return float(labels) if np.ndim(n) == 0 else labels


def effective_data_transferred(baseline: Runs, treatment: Runs, n: int, resamples: int = 2000,
                               seed: int = 0) -> DataTransferred:
    """D_T(n) = n_baseline(mean score of the treatment at n) - n, in labels.

    Censored like the multiplier. Arguments and errors as for `data_multiplier`.

    Source: Hernandez et al. (2021), Scaling laws for transfer: D_E = D_F + D_T, with the same
    network trained from scratch as the ruler. Taught in 02.
    """
    pair = Pair(baseline, treatment, resamples, seed)
    sizes = pair.treatment.n.tolist()
    if n not in sizes:
        return DataTransferred(n, undefined=f"the treatment has no runs at {n:,} labels")
    found = pair.at_size(sizes.index(n))
    if found.undefined:
        return DataTransferred(n, found.level, undefined=found.undefined)
    interval = found.interval and tuple(end * n - n for end in found.interval)
    return DataTransferred(n, found.level, found.n_baseline, found.n_baseline - n, interval,
                           found.censored)


def fit_transfer_power_law(n: ArrayLike, d_t: ArrayLike) -> TransferLaw:
    """Fit D_T = k D_F^a by least squares on the logarithms.

    Args:
        n: (S,) labels of the target task (D_F), above 0, strictly ascending.
        d_t: (S,) labels transferred, exact ones: leave out those that are censored. Where one
            is 0 or below, transfer did not help there and no power law describes it: undefined.
    Raises:
        ValueError: the input is not of this form.

    Source: Hernandez et al. (2021), Scaling laws for transfer, equation 1.1,
    D_T = k D_F^a N^b; here the network's size N is fixed, so N^b is part of k. They fitted
    networks of many sizes, where data were scarce. Taught in 02.
    """
    n, d_t = np.asarray(n, dtype=float), np.asarray(d_t, dtype=float)
    if n.ndim != 1 or n.shape != d_t.shape:
        raise ValueError("n and d_t must be two lists of the same length")
    if not (np.isfinite(n).all() and np.isfinite(d_t).all()):
        raise ValueError("n and d_t must be finite: leave censored points out")
    if (n <= 0).any() or (np.diff(n) <= 0).any():
        raise ValueError("n must be above 0 and strictly ascending")
    if (d_t <= 0).any():
        at = n[d_t <= 0][0]
        return TransferLaw(None, None, None, len(n),
                           f"at {at:,.0f} labels no data was transferred (D_T is 0 or below), "
                           "and a power law is never 0 or below")
    if len(n) < 2:
        return TransferLaw(None, None, None, len(n), f"{len(n)} point(s) do not make a line")
    a, k = _line(n, d_t)
    error = None
    if len(n) > 2:
        a_, k_ = _line(n[:-1], d_t[:-1])
        error = float(abs(k_ * n[-1] ** a_ - d_t[-1]) / d_t[-1])
    return TransferLaw(k, a, error, len(n))


def _line(n: np.ndarray, d_t: np.ndarray) -> tuple[float, float]:
    """Exponent and factor of the straight line through the logarithms."""
    a, log_k = np.polyfit(np.log(n), np.log(d_t), 1)
    return float(a), float(np.exp(log_k))
