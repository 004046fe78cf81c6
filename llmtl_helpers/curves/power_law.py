"""The power law of learning curves, fitted by least squares."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

CONSTANTS = 3  # of the law; a fit needs as many sizes
EXPONENTS = np.geomspace(0.01, 4.0, 61)  # flatter is a constant, steeper a single step


@dataclass(frozen=True)
class PowerLaw:
    """error(n) = c n^-b + e0, with c >= 0, 0.01 <= b <= 4 and e0 >= 0.

    Attributes:
        c, b, e0: the constants; e0 is the error that no number of labels removes.
        misfit: root mean square distance from the points it was fitted to.
    """

    c: float
    b: float
    e0: float
    misfit: float

    def __call__(self, n: ArrayLike) -> np.ndarray | float:
        """Error at n labels."""
        error = self.c * np.asarray(n, dtype=float) ** -self.b + self.e0
        return float(error) if np.ndim(n) == 0 else error


def fit_power_law(sizes: ArrayLike, errors: ArrayLike) -> PowerLaw:
    """Least squares fit of error = c n^-b + e0.

    For a fixed b the law is linear in c and e0, which are solved for exactly; b is searched on
    a grid that is refined around its best value.

    Args:
        sizes: (S,) labels, above 0, strictly ascending, at least 3.
        errors: (S,) error rates, 0 or more.
    Raises:
        ValueError: the input is not of this form.

    Source of the form: Viering & Loog (2021), The shape of learning curves: a review, where it
    is called POW3. Taught in 02.
    """
    sizes, errors = np.asarray(sizes, dtype=float), np.asarray(errors, dtype=float)
    if sizes.ndim != 1 or sizes.shape != errors.shape:
        raise ValueError("sizes and errors must be two lists of the same length")
    if not (np.isfinite(sizes).all() and np.isfinite(errors).all()) or (sizes <= 0).any() or (
            errors < 0).any():
        raise ValueError("sizes must be above 0 and errors 0 or more")
    if (np.diff(sizes) <= 0).any():
        raise ValueError("sizes must be strictly ascending")
    if len(sizes) < CONSTANTS:
        raise ValueError(f"a law with three constants needs {CONSTANTS} sizes, not {len(sizes)}")
    grid = EXPONENTS
    for _ in range(9):
        b, c, e0 = (found[0] for found in fit_rows(sizes, errors[None, :], grid))
        step = np.searchsorted(grid, b)
        grid = np.linspace(grid[max(step - 1, 0)], grid[min(step + 1, len(grid) - 1)], 41)
    c *= sizes[0] ** b
    law = PowerLaw(float(c), float(b), float(e0), 0.0)
    return PowerLaw(law.c, law.b, law.e0, float(np.sqrt(np.mean((law(sizes) - errors) ** 2))))


def fit_rows(sizes: np.ndarray, errors: np.ndarray,
             grid: np.ndarray = EXPONENTS) -> tuple[np.ndarray, ...]:
    """Best b of the grid (B,) for each row of errors (R, S), with c and e0, each of shape (R,).

    Here c belongs to n / smallest n instead of n, which keeps the numbers near 1.

    Least squares under c >= 0 and e0 >= 0: the free solution where it is allowed, else the
    better of the two edges c = 0 and e0 = 0.
    """
    x = (sizes / sizes[0]) ** -grid[:, None]  # (B, S)
    x_mean, y_mean = x.mean(axis=1), errors.mean(axis=1)
    dx = x - x_mean[:, None]
    spread = np.maximum((dx ** 2).sum(axis=1), np.finfo(float).tiny)
    slope = (errors - y_mean[:, None]) @ dx.T / spread  # (R, B)
    offset = y_mean[:, None] - slope * x_mean
    through = errors @ x.T / (x ** 2).sum(axis=1)  # e0 = 0
    flat = np.broadcast_to(y_mean[:, None], slope.shape)
    zero = np.zeros_like(slope)
    choices = [(slope, offset), (np.maximum(through, 0), zero), (zero, np.maximum(flat, 0))]
    best = (np.full(slope.shape, np.inf), zero, zero)
    for c, e0 in choices:
        sse = ((c[..., None] * x + e0[..., None] - errors[:, None, :]) ** 2).sum(axis=-1)
        sse = np.where((c >= 0) & (e0 >= 0), sse, np.inf)
        better = sse < best[0]
        best = tuple(np.where(better, new, old) for new, old in zip((sse, c, e0), best))
    at = best[0].argmin(axis=1)
    rows = np.arange(len(errors))
    return grid[at], best[1][rows, at], best[2][rows, at]
