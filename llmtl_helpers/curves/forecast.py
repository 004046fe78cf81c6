"""Forecasts of a score from smaller sizes: tested first, and refused where they would mislead."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from llmtl_helpers.curves.power_law import CONSTANTS, PowerLaw, fit_power_law, fit_rows
from llmtl_helpers.curves.reach import MeanCurve
from llmtl_helpers.curves.resample import PERCENTILES

FURTHEST = 2.0  # a forecast goes no further than so many times the largest fitted n
WORST = 0.15  # nor when the law misses a held-back error rate by more than this share of it


@dataclass(frozen=True)
class Forecast:
    """A score foretold from smaller sizes.

    Attributes:
        target_n: labels in question.
        value: expected mean score there (0 to 1); None where the forecast is refused.
        interval: 95% bootstrap interval over runs, then widened on both sides by `error`, a
            share of the error rate, since a law can be wrong too: where the law holds, more than
            95 in 100 cover the true mean. None where a size has fewer than three runs or the
            forecast is refused.
        error: worst miss at the held-back sizes, as a share of the error rate measured there,
            by a law that was fitted without them; None where there was nothing to test on.
        fitted_on: sizes behind `value`: all that were given.
        held_back: the largest of them, with which the law was tested first.
        law: the law behind `value`, even where the forecast is refused; None without one.
        refused: why there is no value, in a sentence, or None.
    """

    target_n: float
    value: float | None
    interval: tuple[float, float] | None
    error: float | None
    fitted_on: tuple[int, ...]
    held_back: tuple[int, ...]
    law: PowerLaw | None
    refused: str | None = None


def forecast(points: Mapping[int, Sequence[float]], target_n: float, held_back: int | None = None,
             resamples: int = 500, seed: int = 0) -> Forecast:
    """Foretell the mean score at `target_n` labels, or refuse to.

    First the law is fitted without the `held_back` largest sizes and tested on them; then it is
    fitted on all sizes. Refused: fewer than four sizes; a curve that does not fall by more than
    its noise; a worst miss above 15% of the measured error rate; a target beyond twice the
    largest size, or below the smallest.

    Args:
        points: n -> scores of its runs, 0 to 1; None and NaN are left out.
        held_back: how many sizes to test on; two if None, or one where only four are known.
    Raises:
        ValueError: a size or the target is not above 0, a score is outside 0 to 1, or
            held_back leaves fewer than three sizes to fit.

    Source of the caution: Viering & Loog (2021), The shape of learning curves: a review, which
    shows curves that no power law fits. The two limits are rules of thumb. Taught in 02.
    """
    curve = MeanCurve(points)
    if not np.isfinite(target_n) or target_n <= 0:
        raise ValueError(f"a number of labels is above 0, not {target_n!r}")
    if len(curve.n) and not 0 <= curve.means.min() <= curve.means.max() <= 1:
        raise ValueError("scores must lie between 0 and 1")
    sizes = tuple(int(n) for n in curve.n)
    if len(sizes) <= CONSTANTS:
        return Forecast(target_n, None, None, None, sizes, (), None,
                        f"{len(sizes)} sizes are too few: the law has three constants, and at "
                        "least one more size is needed to test it")
    if held_back is None:
        held_back = min(2, len(sizes) - CONSTANTS)
    if not 1 <= held_back <= len(sizes) - CONSTANTS:
        raise ValueError(f"held_back must be 1 to {len(sizes) - CONSTANTS} of {len(sizes)} sizes, "
                         f"not {held_back}")
    errors = 1 - curve.means
    tested = fit_power_law(curve.n[:-held_back], errors[:-held_back])
    measured = errors[-held_back:]
    with np.errstate(divide="ignore", invalid="ignore"):
        missed = np.abs(tested(curve.n[-held_back:]) - measured) / measured
    miss = float(np.max(np.where(np.isnan(missed), 0.0, missed)))
    law = fit_power_law(curve.n, errors)
    refused = _refusal(curve, law, miss, target_n)
    value = interval = None
    if not refused:
        value = float(np.clip(1 - law(target_n), 0, 1))
        interval = _interval(curve, target_n, miss, resamples, seed)
    return Forecast(target_n, value, interval, miss, sizes, sizes[-held_back:], law, refused)


def _refusal(curve: MeanCurve, law: PowerLaw, miss: float, target_n: float) -> str | None:
    fall = law(curve.n[0]) - law(curve.n[-1])
    noise = curve.noise()
    if fall <= max(noise, 1e-9):
        return (f"the error falls by {100 * fall:.1f} points from {curve.n[0]:,.0f} to "
                f"{curve.n[-1]:,.0f} labels, no more than the noise of the means: there is no "
                "curve to continue yet")
    if np.isinf(miss):
        return "a held-back size was measured without an error, and no law falls to 0"
    if miss > WORST:
        return (f"the law misses a held-back error rate by {miss:.0%} of it, and {WORST:.0%} is "
                "the limit")
    if target_n > FURTHEST * curve.n[-1]:
        return (f"{target_n:,.0f} labels are more than {FURTHEST:.0f} times the largest size "
                f"that was fitted ({curve.n[-1]:,.0f})")
    if target_n < curve.n[0]:
        return (f"{target_n:,.0f} labels are fewer than the smallest size that was fitted "
                f"({curve.n[0]:,.0f})")
    return None


def _interval(curve: MeanCurve, target_n: float, miss: float, resamples: int,
              seed: int) -> tuple[float, float] | None:
    if not curve.can_be_resampled:
        return None
    errors = 1 - curve.resampled(resamples, np.random.default_rng(seed), means=2)
    b, c, e0 = fit_rows(curve.n, errors)
    foretold = c * (target_n / curve.n[0]) ** -b + e0
    low, high = np.percentile(foretold, PERCENTILES)
    return (float(np.clip(1 - high * (1 + miss), 0, 1)), float(np.clip(1 - low * (1 - miss), 0, 1)))
