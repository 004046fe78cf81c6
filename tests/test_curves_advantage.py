"""Data advantage: small curves worked out by hand, and what must hold for all of them."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from llmtl_helpers.curves import data_advantage

NAN = math.nan


@st.composite
def tables(draw, most_runs=3):
    """Sizes and the scores of two arms on a grid of 0.01, with ties and dips."""
    sizes = np.cumsum(draw(st.lists(st.integers(1, 500), min_size=2, max_size=6))).astype(float)
    arms = [draw(arrays(int, (len(sizes), draw(st.integers(1, most_runs))),
                        elements=st.integers(0, 100))) / 100 for _ in range(2)]
    return sizes, *arms


def same(one, other) -> bool:
    """Equal but for rounding; None equals None only."""
    if one is None or other is None:
        return one is other
    return one == pytest.approx(other, rel=1e-6, abs=1e-6)


def test_straight_curves_by_hand():
    """Window 0.6 to 0.8. Baseline: area 20 x 0.2 / 2 = 2; treatment: 10 x 0.2 / 2 + 20 x 0.2 = 5.

    (5 - 2) / 0.2 = 15 labels, and the baseline needs twice as many at every level.
    """
    found = data_advantage([10, 20, 40], [[0.5], [0.6], [0.8]], [[0.6], [0.8], [0.9]])
    assert found.advantage == pytest.approx(15)
    assert found.ratio == pytest.approx(2)
    assert found.window == pytest.approx((0.6, 0.8))
    assert (found.error, found.undefined) == (None, None)
    assert "single run" in found.no_error


def test_best_run_dip_and_flat_stretch_by_hand():
    """Best runs 0.5, 0.45, 0.7 rise as 0.5, 0.5, 0.7; the treatment as 0.6, 0.6, 0.8.

    Window 0.6 to 0.7: the baseline crosses 0.6 at 25 labels (area 5 x 0.1 / 2), the treatment
    0.7 at 25 (area 5 x 0.1 / 2 + 5 x 0.1), so (0.75 - 0.25) / 0.1 = 5 labels. The ratio is the
    mean of log((25 + 5u) / (20 + 5u)) over u from 0 to 1.
    """
    found = data_advantage([10, 20, 30], [[0.5, 0.4], [0.45, 0.3], [0.7, 0.6]],
                           [[0.6], [0.6], [0.8]])
    assert found.advantage == pytest.approx(5)
    u = (np.arange(100_000) + 0.5) / 100_000
    assert found.ratio == pytest.approx(np.exp(np.log((25 + 5 * u) / (20 + 5 * u)).mean()))


def test_mean_instead_of_best_by_hand():
    """Means 0.4, 0.6 and 0.5, 0.6: the baseline passes 0.5 to 0.6 over 15 to 20 labels, the
    treatment over 10 to 20: 17.5 - 15 labels."""
    found = data_advantage([10, 20], [[0.3, 0.5], [0.5, 0.7]], [[0.5], [0.6]], aggregate="mean")
    assert found.advantage == pytest.approx(2.5)


def test_leave_one_run_out_by_hand():
    """Four pairs of one left-out run each. Labels to pass the window, on average:

    17.5 - 35/3, 15 - 12.5, 16.25 - 15 and 15 - 15; error: their standard deviation.
    """
    found = data_advantage([10, 20], [[0.4, 0.4], [0.8, 0.6]], [[0.4, 0.5], [0.8, 0.8]])
    assert found.advantage == pytest.approx(1.25)
    assert found.error == pytest.approx(np.std([17.5 - 35 / 3, 2.5, 1.25, 0]))
    assert found.no_error is None


def test_no_error_where_a_left_out_run_leaves_no_window():
    found = data_advantage([10, 20], [[0.4, 0.4], [0.8, 0.6]], [[0.4, 0.6], [0.8, 0.8]])
    assert found.advantage is not None and found.error is None
    assert "1 of 4 pairs" in found.no_error


def test_size_without_runs_is_dropped_for_both_arms():
    sizes, baseline = [10, 15, 20, 40], [[0.5], [NAN], [0.6], [0.8]]
    found = data_advantage(sizes, baseline, [[0.6], [0.99], [0.8], [0.9]])
    assert found == data_advantage([10, 20, 40], [[0.5], [0.6], [0.8]], [[0.6], [0.8], [0.9]])
    assert found.sizes == (10, 20, 40)


def test_column_of_nan_is_no_run():
    baseline, treatment = [[0.5], [0.6], [0.8]], [[0.6], [0.8], [0.9]]
    with_hole = [[*row, NAN] for row in baseline]
    assert data_advantage([10, 20, 40], with_hole, treatment) == data_advantage(
        [10, 20, 40], baseline, treatment)


@pytest.mark.parametrize("baseline, treatment, why", [
    ([[0.5], [0.6]], [[0.7], [0.8]], "no range of scores"),  # apart
    ([[0.5], [0.6]], [[0.6], [0.8]], "no range of scores"),  # touch in one score
    ([[0.5], [0.5]], [[0.4], [0.8]], "no range of scores"),  # flat
    ([[0.8], [0.6]], [[0.4], [0.9]], "no range of scores"),  # only falls
    ([[0.5], [0.5 + 1e-14]], [[0.4], [0.9]], "no range of scores"),  # rounding is no window
    ([[NAN], [NAN]], [[0.4], [0.9]], "0 of the sizes"),
    ([[0.5], [NAN]], [[0.4], [0.9]], "1 of the sizes"),
])
def test_undefined_says_why(baseline, treatment, why):
    found = data_advantage([10, 20], baseline, treatment)
    assert (found.advantage, found.error, found.window, found.ratio) == (None,) * 4
    assert why in found.undefined and str(found).startswith("undefined: ")


def test_one_size_is_undefined():
    assert "needs two" in data_advantage([10], [[0.5]], [[0.6]]).undefined


@pytest.mark.parametrize("sizes, baseline, treatment, aggregate, message", [
    ([20, 10], [[0.5], [0.6]], [[0.5], [0.6]], "max", "ascending"),
    ([10, 10], [[0.5], [0.6]], [[0.5], [0.6]], "max", "ascending"),
    ([-1, 10], [[0.5], [0.6]], [[0.5], [0.6]], "max", "above 0"),
    ([0, 10], [[0.5], [0.6]], [[0.5], [0.6]], "max", "above 0"),
    ([10, NAN], [[0.5], [0.6]], [[0.5], [0.6]], "max", "above 0"),
    ([[10, 20]], [[0.5], [0.6]], [[0.5], [0.6]], "max", "sizes"),
    ([10, 20], [0.5, 0.6], [[0.5], [0.6]], "max", "baseline has shape"),
    ([10, 20], [[0.5], [0.6]], [[0.5, 0.6]], "max", "treatment has shape"),
    ([10, 20], [[0.5], [math.inf]], [[0.5], [0.6]], "max", "infinite"),
    ([10, 20], [[0.5], [0.6]], [[0.5], [0.6]], "median", "aggregate"),
])
def test_senseless_input_is_refused(sizes, baseline, treatment, aggregate, message):
    with pytest.raises(ValueError, match=message):
        data_advantage(sizes, baseline, treatment, aggregate)


def by_levels(sizes, baseline, treatment, count=4000):
    """The same quantities another way: invert both curves at many levels of the window."""
    curves = [np.maximum.accumulate(table.max(axis=1)) for table in (baseline, treatment)]
    low, high = max(c[0] for c in curves), min(c[-1] for c in curves)
    levels = low + (np.arange(count) + 0.5) / count * (high - low)
    needed = []
    for curve in curves:
        after = np.searchsorted(curve, levels)
        share = (levels - curve[after - 1]) / (curve[after] - curve[after - 1])
        needed.append(sizes[after - 1] + share * (sizes[after] - sizes[after - 1]))
    return (needed[0] - needed[1]).mean(), np.exp(np.log(needed[0] / needed[1]).mean())


@settings(max_examples=50, deadline=None)
@given(tables())
def test_area_agrees_with_inverted_curves(drawn):
    found = data_advantage(*drawn)
    if found.undefined:
        return
    advantage, ratio = by_levels(*drawn)
    width = drawn[0][-1] - drawn[0][0]
    assert found.advantage == pytest.approx(advantage, abs=width * 2e-3)
    assert found.ratio == pytest.approx(ratio, rel=2e-2)


@settings(max_examples=50, deadline=None)
@given(tables(), st.sampled_from(["max", "mean"]), st.randoms(use_true_random=False))
def test_order_of_runs_does_not_matter(drawn, aggregate, shuffler):
    sizes, baseline, treatment = drawn
    order = list(range(baseline.shape[1]))
    shuffler.shuffle(order)
    one = data_advantage(sizes, baseline, treatment, aggregate)
    other = data_advantage(sizes, baseline[:, order], treatment[:, ::-1], aggregate)
    for name in ("advantage", "error", "window", "ratio"):
        assert same(getattr(other, name), getattr(one, name))


@settings(max_examples=50, deadline=None)
@given(tables(), st.floats(0.1, 10), st.floats(-5, 5), st.floats(0.5, 20))
def test_linear_change_of_score_and_unit_of_labels(drawn, factor, shift, unit):
    """Labels saved do not depend on the scale of the score, and scale with the unit of n."""
    sizes, baseline, treatment = drawn
    one = data_advantage(sizes, baseline, treatment)
    other = data_advantage(sizes * unit, baseline * factor + shift, treatment * factor + shift)
    assert (one.undefined is None) == (other.undefined is None)
    if one.undefined:
        return
    assert other.advantage == pytest.approx(one.advantage * unit, rel=1e-6, abs=1e-6)
    assert other.ratio == pytest.approx(one.ratio, rel=1e-6)
    assert same(other.error, one.error and one.error * unit)


@settings(max_examples=50, deadline=None)
@given(tables())
def test_exchanged_arms_turn_the_sign_and_the_ratio(drawn):
    sizes, baseline, treatment = drawn
    one, other = data_advantage(sizes, baseline, treatment), data_advantage(
        sizes, treatment, baseline)
    if one.undefined:
        assert other.undefined
        return
    assert other.advantage == pytest.approx(-one.advantage, abs=1e-7)
    assert other.ratio == pytest.approx(1 / one.ratio)
    assert same(one.error, other.error)


@settings(max_examples=50, deadline=None)
@given(tables(), st.data())
def test_missing_runs_never_make_a_number_of_nan(drawn, data):
    sizes, baseline, treatment = drawn
    holes = data.draw(arrays(bool, baseline.shape))
    found = data_advantage(sizes, np.where(holes, NAN, baseline), treatment, "mean")
    numbers = [found.advantage, found.error, found.ratio, *(found.window or ())]
    assert all(number is None or math.isfinite(number) for number in numbers)
    assert (found.advantage is None) == (found.undefined is not None)
    assert (found.error is None) == bool(found.undefined or found.no_error)


def test_shift_on_log_axis_is_found_exactly():
    """The treatment reaches with n / 8 what the baseline reaches with n: ratio 8."""
    sizes = 2.0 ** np.arange(3, 13)
    score = np.linspace(0.5, 0.9, 10)
    late = np.concatenate([np.full(3, 0.5), score[:-3]])
    found = data_advantage(sizes, late[:, None], score[:, None])
    assert found.ratio == pytest.approx(8)
    assert str(found).endswith("labels between 0.500 and 0.767 (8.0x)")
