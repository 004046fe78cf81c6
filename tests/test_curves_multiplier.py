"""Multiplier, reach, labels transferred: exact where known, a bound or a reason where not."""

import math
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmtl_helpers.curves import (MeanCurve, data_multiplier, effective_data_transferred,
                                  fit_transfer_power_law, multiplier_levels, multiplier_sizes,
                                  reach, reach_range)

SIZES = tuple(int(n) for n in 2.0 ** np.arange(4, 14))


def runs(means, spread=0.0, seeds=5) -> dict:
    """Curve with these means at the first of SIZES."""
    offsets = (np.arange(seeds) - (seeds - 1) / 2) * spread
    return {n: tuple(mean + offsets) for n, mean in zip(SIZES, means)}


rising = st.lists(st.integers(1, 60), min_size=3, max_size=8).map(
    lambda steps: (0.3 + np.cumsum(steps) / 1000).tolist())
noisy = st.lists(st.integers(300, 900), min_size=2, max_size=8).map(
    lambda scores: [score / 1000 for score in scores])


# reach


def test_reach_is_straight_in_log_n_by_hand():
    """Half way from 0.6 at 16 to 0.8 at 64 lies the geometric mean, 32."""
    assert reach([16, 64], [0.6, 0.8], 0.7) == (pytest.approx(32), pytest.approx(32))


def test_reach_goes_by_the_running_maximum():
    """0.62 is reached between 16 and 32 already; the dip at 32 to 0.5 does not undo it."""
    low, high = reach([8, 16, 32, 64], [0.5, 0.6, 0.5, 0.7], 0.6)
    assert low == high == 16
    assert reach([8, 16, 32, 64], [0.5, 0.6, 0.5, 0.7], 0.65)[0] == pytest.approx(32 * 2 ** 0.5)


def test_reach_says_what_is_not_known():
    x, y = [8, 16], [0.5, 0.6]
    assert reach(x, y, 0.7) == (16, math.inf)
    assert reach(x, y, 0.4) == (0, 8)
    assert reach(x, y, 0.5) == (8, 8)
    assert reach(x, y, 0.6) == (16, 16)
    assert reach([8], [0.5], 0.6) == (8, math.inf)


def test_range_of_a_curve_that_crosses_twice():
    """Between the first crossing, at 8, and the last, at 32."""
    low, high = reach_range([4, 16, 32, 64], [0.5, 0.7, 0.6, 0.7], 0.6)
    assert (low, high) == (pytest.approx(8), pytest.approx(32))
    assert reach_range([4, 16, 32], [0.7, 0.5, 0.7], 0.6) == (0, pytest.approx(16 * 2 ** 0.5))
    assert reach_range([4, 16, 32], [0.5, 0.7, 0.5], 0.6)[1] == math.inf


@pytest.mark.parametrize("y, first, last", [
    ([0.5, 0.5, 0.7], 4, 16), ([0.5, 0.5, 0.5], 4, 32), ([0.4, 0.5, 0.5], 16, 32),
    ([0.5, 0.6, 0.7], 4, 4), ([0.3, 0.4, 0.5], 32, 32),
])
def test_range_of_a_curve_that_stays_on_the_level(y, first, last):
    assert reach([4, 16, 32], y, 0.5) == (first, first)
    assert reach_range([4, 16, 32], y, 0.5) == (first, last)


@settings(max_examples=50, deadline=None)
@given(noisy, st.floats(0.25, 0.95))
def test_range_holds_every_crossing(means, level):
    x = SIZES[:len(means)]
    (low, high), (least, most) = reach(x, means, level), reach_range(x, means, level)
    assert least <= low <= high <= most
    for (m, a), (n, b) in zip(zip(x, means), zip(x[1:], means[1:])):
        if min(a, b) < level < max(a, b):  # exactly where this piece crosses
            at = m * (n / m) ** ((level - a) / (b - a))
            assert least * (1 - 1e-9) <= at <= most * (1 + 1e-9)


def test_reach_takes_many_curves_at_once():
    curves = np.array([[0.5, 0.6], [0.5, 0.7], [0.8, 0.9]])
    low, high = reach([8, 16], curves, [0.55, 0.7, 0.6])
    assert low == pytest.approx([8 * 2 ** 0.5, 16, 0])
    assert high == pytest.approx([8 * 2 ** 0.5, 16, 8])


@pytest.mark.parametrize("x, y, level, message", [
    ([16, 8], [0.5, 0.6], 0.5, "ascending"), ([0, 8], [0.5, 0.6], 0.5, "above 0"),
    ([8, 8], [0.5, 0.6], 0.5, "ascending"), ([], [], 0.5, "ascending"),
    ([8, 16], [0.5], 0.5, "last axis"), ([8, 16], [0.5, math.nan], 0.5, "finite"),
    ([8, 16], [0.5, 0.6], math.nan, "finite"),
])
def test_reach_refuses_senseless_input(x, y, level, message):
    with pytest.raises(ValueError, match=message):
        reach(x, y, level)


# multiplier


@settings(max_examples=50, deadline=None)
@given(rising, st.integers(1, 3), st.floats(0.02, 0.98))
def test_shift_on_the_log_axis_is_the_multiplier(means, doublings, share):
    """The baseline reaches with n x 2^d what the treatment reaches with n."""
    treatment = dict(zip(SIZES, [[mean] for mean in means]))
    baseline = {n * 2 ** doublings: scores for n, scores in treatment.items()}
    level = means[0] + share * (means[-1] - means[0])
    found = data_multiplier(baseline, treatment, level)
    assert found.ratio == pytest.approx(2 ** doublings)
    assert found.ratio == pytest.approx(found.n_baseline / found.n_treatment)
    assert (found.censored, found.undefined, found.interval) == (None, None, None)


@settings(max_examples=30, deadline=None)
@given(noisy, noisy, st.floats(0.3, 0.9), st.randoms(use_true_random=False))
def test_order_of_runs_and_sizes_does_not_matter(base, treat, level, shuffler):
    def shuffled(curve):
        mixed = [(n, shuffler.sample(scores, len(scores))) for n, scores in curve.items()]
        shuffler.shuffle(mixed)
        return dict(mixed)

    baseline, treatment = runs(base, 0.01), runs(treat, 0.02)
    one = data_multiplier(baseline, treatment, level, resamples=50)
    assert data_multiplier(shuffled(baseline), shuffled(treatment), level, resamples=50) == one


@settings(max_examples=30, deadline=None)
@given(noisy, noisy, st.floats(0.3, 0.9), st.floats(0.2, 5), st.floats(-1, 1))
def test_linear_change_of_score_changes_nothing(base, treat, level, factor, shift):
    def changed(curve):
        return {n: [score * factor + shift for score in scores] for n, scores in curve.items()}

    baseline, treatment = runs(base, 0.01), runs(treat, 0.02)
    one = data_multiplier(baseline, treatment, level, resamples=50)
    other = data_multiplier(changed(baseline), changed(treatment), level * factor + shift,
                            resamples=50)
    assert (one.censored, one.undefined is None) == (other.censored, other.undefined is None)
    if one.ratio is not None:
        assert other.ratio == pytest.approx(one.ratio, rel=1e-4)


@settings(max_examples=50, deadline=None)
@given(noisy, noisy, st.floats(0.2, 1.0), st.integers(1, 5))
def test_a_number_comes_with_what_it_means(base, treat, level, seeds):
    found = data_multiplier(runs(base, 0.01, seeds), runs(treat, 0.01, seeds), level, resamples=50)
    if found.undefined:
        assert (found.ratio, found.interval, found.censored) == (None, None, None)
        assert str(found) == f"undefined: {found.undefined}"
        return
    assert found.ratio > 0 and math.isfinite(found.ratio)
    assert SIZES[0] <= found.n_baseline <= SIZES[len(base) - 1]
    assert SIZES[0] <= found.n_treatment <= SIZES[len(treat) - 1]
    assert (found.censored == "at least") == (max(runs(base, 0)[n][0] for n in SIZES[:len(base)])
                                              < level - 1e-12)
    assert (found.interval is None) == (seeds < 3)
    if found.interval:
        assert 0 <= found.interval[0] <= found.ratio <= found.interval[1]


def test_censored_and_undefined_by_hand():
    baseline, treatment = runs([0.50, 0.55, 0.60]), runs([0.55, 0.65, 0.75])
    assert str(data_multiplier(baseline, treatment, 0.65)) == "at least 2.0x [2.0x or more]"
    never = data_multiplier(baseline, treatment, 0.80)
    assert "never reaches 0.800" in never.undefined and "0.750, at 64" in never.undefined
    assert "above 0.520" in data_multiplier(baseline, treatment, 0.52).undefined
    turned = data_multiplier(treatment, baseline, 0.52)
    assert turned.censored == "at most" and turned.n_baseline == 16
    assert str(turned) == "at most 0.76x [0.76x or less]"


def test_interval_of_zero_spread_is_the_ratio_itself():
    found = data_multiplier(runs([0.5, 0.6, 0.7]), runs([0.6, 0.7, 0.8]), 0.65)
    assert found.interval == pytest.approx((2, 2)) and found.ratio == pytest.approx(2)
    assert re.fullmatch(r"45 against 23: 2\.0x \[2\.0x, 2\.0x\]", str(found))


def test_interval_reaches_far_where_the_baseline_may_not_have_risen():
    """A baseline that is flat within its noise touches a level just above by luck."""
    flat = runs([0.500, 0.504, 0.498, 0.505, 0.50, 0.60], 0.01)
    found = data_multiplier(flat, runs([0.45, 0.55, 0.65, 0.7, 0.75, 0.8], 0.01), 0.503)
    assert found.n_baseline < 32 < 256 < found.interval[1] * found.n_treatment


def test_fewer_than_three_runs_have_no_interval():
    treatment = runs([0.6, 0.7, 0.8], 0.01)
    for seeds in (1, 2):
        found = data_multiplier(runs([0.5, 0.6, 0.7], 0.01, seeds), treatment, 0.65)
        assert found.ratio and found.interval is None and "[" not in str(found)


def test_unknown_scores_are_left_out():
    baseline, treatment = runs([0.5, 0.6, 0.7], 0.01), runs([0.6, 0.7, 0.8], 0.01)
    holes = {n: (*scores, None, math.nan) for n, scores in baseline.items()} | {4096: [math.nan]}
    assert data_multiplier(holes, treatment, 0.65) == data_multiplier(baseline, treatment, 0.65)


@pytest.mark.parametrize("empty", [{}, {16: []}, {16: [math.nan]}, {16: [None]}])
def test_nothing_to_compare_is_said(empty):
    full = runs([0.5, 0.6])
    assert "baseline has no scores" in data_multiplier(empty, full, 0.55).undefined
    assert "treatment has no scores" in data_multiplier(full, empty, 0.55).undefined
    assert multiplier_sizes(full, empty) == []
    assert "no runs at 16" in effective_data_transferred(full, empty, 16).undefined


@pytest.mark.parametrize("baseline, level, resamples, message", [
    ({-8: [0.5]}, 0.5, 10, "above 0"), ({0: [0.5]}, 0.5, 10, "above 0"),
    ({math.nan: [0.5]}, 0.5, 10, "above 0"), ({8: [0.5]}, math.nan, 10, "finite"),
    ({8: [0.5]}, math.inf, 10, "finite"), ({8: [0.5]}, 0.5, 0, "resamples"),
])
def test_multiplier_refuses_senseless_input(baseline, level, resamples, message):
    with pytest.raises(ValueError, match=message):
        data_multiplier(baseline, runs([0.4, 0.6]), level, resamples)


def test_levels_are_the_single_multipliers():
    baseline, treatment = runs([0.5, 0.6, 0.7], 0.01), runs([0.6, 0.7, 0.8], 0.01)
    levels = [0.55, 0.65, 0.75, 0.9]
    assert multiplier_levels(baseline, treatment, levels) == [
        data_multiplier(baseline, treatment, level) for level in levels]


def test_sizes_ask_what_the_baseline_needs_to_match_each_of_them():
    """The treatment's dip at 32 is matched as it is, not by the better score at 16."""
    found = dict(multiplier_sizes(runs([0.5, 0.6, 0.7, 0.8]), runs([0.7, 0.6, 0.9])))
    assert list(found) == [16, 32, 64]
    assert (found[16].n_baseline, found[16].ratio) == (64, pytest.approx(4))
    assert (found[32].n_baseline, found[32].ratio) == (32, pytest.approx(1))
    assert (found[64].censored, found[64].ratio) == ("at least", pytest.approx(2))


def noisy_pair(rng, seeds):
    """Runs around two known curves, and the true multiplier at 0.70."""
    n = np.array(SIZES)
    base, treat = 1 - np.minimum(0.5, 1.6 * n ** -0.22), 1 - (0.12 + 0.9 * n ** -0.38)
    arms = [{int(m): mean + rng.normal(0, 0.01, seeds) for m, mean in zip(n, means)}
            for means in (base, treat)]
    return arms, float(reach(n, base, 0.70)[0] / reach(n, treat, 0.70)[0])


@pytest.mark.parametrize("seeds", [3, 5])
def test_interval_covers_the_truth_about_95_times_in_100(seeds):
    """200 simulations: at 95% the share's standard error is 1.5 points; 90 is three of them."""
    rng = np.random.default_rng(0)
    inside = 0
    for _ in range(200):
        arms, truth = noisy_pair(rng, seeds)
        low, high = data_multiplier(*arms, 0.70, resamples=400).interval
        inside += low <= truth <= high
    assert 0.90 <= inside / 200 <= 0.995


def test_interval_covers_the_truth_where_the_baseline_has_hardly_risen():
    """A level 0.005 above a stretch of five flat sizes, under noise of 0.01: luck touches it."""
    rng = np.random.default_rng(0)
    n = np.array(SIZES[:8])
    base = 0.6 + 0.03 * np.maximum(np.log2(n / 256), 0)
    truth = float(reach(n, base, 0.605)[0]) / 16
    inside = 0
    for _ in range(100):
        baseline = {int(m): mean + rng.normal(0, 0.01, 5) for m, mean in zip(n, base)}
        low, high = data_multiplier(baseline, {16: [0.605] * 5}, 0.605, resamples=200).interval
        inside += low <= truth <= high
    assert inside >= 88  # three standard errors below 95


@pytest.mark.parametrize("seeds", [3, 5, 10])
def test_redrawn_means_spread_as_the_t_interval_says(seeds):
    """Standard deviation t / z x sd / sqrt(k), with t at k - 1 degrees of freedom."""
    scores = np.random.default_rng(0).normal(0.7, 0.02, seeds)
    curve = MeanCurve({16: scores})
    redrawn = curve.resampled(20_000, np.random.default_rng(1))[:, 0]
    t = {3: 4.303, 5: 2.776, 10: 2.262}[seeds]  # from a printed table
    assert redrawn.std() == pytest.approx(t / 1.96 * scores.std(ddof=1) / seeds ** 0.5, rel=0.03)
    assert redrawn.mean() == pytest.approx(scores.mean(), abs=3e-4)


# effective data transferred and its law


def test_labels_transferred_by_hand():
    """At 32 labels the treatment scores 0.7, which costs the baseline 64: 32 transferred."""
    found = effective_data_transferred(runs([0.5, 0.6, 0.7]), runs([0.6, 0.7, 0.8]), 32)
    assert (found.level, found.n_baseline, found.transferred) == pytest.approx((0.7, 64, 32))
    assert found.interval == pytest.approx((32, 32))
    bound = effective_data_transferred(runs([0.5, 0.6, 0.7]), runs([0.6, 0.7, 0.8]), 64)
    assert (bound.censored, bound.transferred) == ("at least", 0)
    assert bound.interval == (pytest.approx(0), math.inf)
    worse = effective_data_transferred(runs([0.6, 0.7, 0.8]), runs([0.5, 0.6, 0.7]), 64)
    assert worse.transferred == pytest.approx(-32)


def test_size_that_was_not_run_is_not_interpolated():
    found = effective_data_transferred(runs([0.5, 0.7]), runs([0.6, 0.8]), 24)
    assert found.transferred is None and "no runs at 24" in found.undefined


@settings(max_examples=50, deadline=None)
@given(st.floats(0.1, 1e6), st.floats(-1, 2), st.integers(2, 8))
def test_transfer_law_is_recovered(k, a, count):
    n = np.array(SIZES[:count], dtype=float)
    law = fit_transfer_power_law(n, k * n ** a)
    assert (law.k, law.a) == (pytest.approx(k, rel=1e-6), pytest.approx(a, abs=1e-6))
    assert law(100) == pytest.approx(k * 100.0 ** a, rel=1e-6)
    if count == 2:
        assert law.held_back_error is None
    else:
        assert law.held_back_error == pytest.approx(0, abs=1e-6)


def test_held_back_point_of_the_transfer_law_by_hand():
    """16 and 32 make D_T = n; at 64 it foretells 64 where 128 was measured: half of it."""
    assert fit_transfer_power_law([16, 32, 64], [16, 32, 128]).held_back_error == (
        pytest.approx(0.5))


@pytest.mark.parametrize("n, d_t, why", [
    ([16, 32], [10, 0], "at 32 labels"), ([16, 32], [-5, 10], "at 16 labels"),
    ([16], [10], "1 point"), ([], [], "0 point"),
])
def test_transfer_law_says_why_there_is_none(n, d_t, why):
    law = fit_transfer_power_law(n, d_t)
    assert law.k is None and why in law.undefined
    with pytest.raises(ValueError, match=why):
        law(100)


@pytest.mark.parametrize("n, d_t, message", [
    ([16, 32], [10], "same length"), ([32, 16], [1, 2], "ascending"), ([0, 16], [1, 2], "above 0"),
    ([16, 32], [10, math.inf], "censored"), ([16, 32], [math.nan, 1], "finite"),
])
def test_transfer_law_refuses_senseless_input(n, d_t, message):
    with pytest.raises(ValueError, match=message):
        fit_transfer_power_law(n, d_t)
