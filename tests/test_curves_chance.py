"""Best of k, paired bootstrap, McNemar's test, Wilson's interval: by hand and by simulation."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmtl_helpers.curves import expected_best, mcnemar, paired_bootstrap, wilson_interval

values = st.lists(st.integers(0, 20).map(lambda v: v / 20), min_size=1, max_size=5)


# expected best of k


def test_best_of_two_by_hand():
    """Nine pairs of 1, 2, 3: one has best 1, three have 2, five have 3."""
    assert expected_best([1, 2, 3], 2) == pytest.approx((1 + 3 * 2 + 5 * 3) / 9)


@settings(max_examples=50, deadline=None)
@given(values, st.integers(1, 5))
def test_expected_best_is_the_mean_over_all_draws(drawn, k):
    if k > len(drawn):
        with pytest.raises(ValueError, match="k must be"):
            expected_best(drawn, k)
        return
    every = [max(draw) for draw in itertools.product(drawn, repeat=k)]
    assert expected_best(drawn, k) == pytest.approx(np.mean(every))
    assert expected_best([*reversed(drawn), math.nan], k) == expected_best(drawn, k)


@settings(max_examples=50, deadline=None)
@given(values)
def test_more_runs_never_lower_the_best(drawn):
    best = [expected_best(drawn, k) for k in range(1, len(drawn) + 1)]
    assert best[0] == pytest.approx(np.mean(drawn))
    assert all(later >= earlier - 1e-12 for earlier, later in zip(best, best[1:]))
    assert best[-1] <= max(drawn) + 1e-12


@pytest.mark.parametrize("drawn, k", [([], 1), ([math.nan], 1), ([0.5, math.inf], 1),
                                      ([0.5, 0.6], 0), ([0.5, 0.6], 3), ([0.5, 0.6], 1.5),
                                      ([0.5, 0.6], True)])
def test_expected_best_refuses_senseless_input(drawn, k):
    with pytest.raises(ValueError):
        expected_best(drawn, k)


# paired bootstrap


def test_equal_arms_do_not_differ():
    flags = np.random.default_rng(0).random((5, 50)) < 0.7
    found = paired_bootstrap(flags, flags)
    assert (found.difference, found.interval) == (0, (0, 0))
    assert (found.runs, found.examples) == (5, 50)


def test_difference_by_hand_and_exchange_of_arms():
    a = [[1, 1, 0, 1], [1, 0, 0, 1], [1, 1, 1, 1]]
    b = [[1, 0, 0, 0], [1, 0, 0, 1], [0, 1, 0, 1]]
    one, other = paired_bootstrap(a, b), paired_bootstrap(b, a)
    assert one.difference == pytest.approx(9 / 12 - 5 / 12)
    assert other.difference == pytest.approx(-one.difference)
    assert other.interval == pytest.approx((-one.interval[1], -one.interval[0]))


def test_pairing_cancels_what_the_arms_share():
    """Both arms find the same examples hard: paired, their difference is known far better."""
    rng = np.random.default_rng(0)
    hard = rng.random(400) < 0.4
    a = np.tile(~hard, (5, 1)) ^ (rng.random((5, 400)) < 0.02)
    b = np.tile(~hard, (5, 1)) ^ (rng.random((5, 400)) < 0.04)
    low, high = paired_bootstrap(a, b).interval
    apart = paired_bootstrap(a, b[:, rng.permutation(400)]).interval
    assert high - low < 0.5 * (apart[1] - apart[0])


def test_two_runs_have_a_difference_without_interval():
    assert paired_bootstrap([[1, 1], [1, 0]], [[0, 1], [1, 0]]).interval is None


@pytest.mark.parametrize("a, b, message", [
    ([[1, 0]], [[1, 0]], "too few"), ([1, 0], [1, 0], "dimension"),
    ([[1, 0], [1, 0]], [[1, 0]], "shapes differ"), ([[], []], [[], []], "too few"),
    ([[0.5, 1], [1, 0]], [[1, 0], [1, 0]], "true or false"),
    ([[math.nan, 1], [1, 0]], [[1, 0], [1, 0]], "true or false"),
])
def test_paired_bootstrap_refuses_senseless_input(a, b, message):
    with pytest.raises(ValueError, match=message):
        paired_bootstrap(a, b)


@pytest.mark.parametrize("runs", [3, 5])
def test_interval_covers_the_truth_at_least_95_times_in_100(runs):
    """Seeds move an arm as a whole, and more than examples do; the true difference is 0.05."""
    rng = np.random.default_rng(1)
    inside = 0
    for _ in range(120):
        ease = rng.normal(0, 0.1, 400)
        a, b = (rng.random((runs, 400)) < np.clip(level + rng.normal(0, 0.08, (runs, 1)) + ease,
                                                  0, 1) for level in (0.60, 0.55))
        low, high = paired_bootstrap(a, b, resamples=300).interval
        inside += low <= 0.05 <= high
    assert inside / 120 >= 0.90  # 95 less 2.5 standard errors


# McNemar


def test_mcnemar_by_hand():
    """Four examples against one: 2 x (1 + 5) / 32 of all splits are as uneven."""
    found = mcnemar([1, 1, 1, 1, 0, 1], [0, 0, 0, 0, 1, 1])
    assert (found.only_a, found.only_b) == (4, 1)
    assert found.p == pytest.approx(12 / 32)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=40))
def test_mcnemar_is_fair_to_both(pairs):
    a, b = (list(flags) for flags in zip(*pairs))
    one, other = mcnemar(a, b), mcnemar(b, a)
    assert (one.only_a, one.only_b, one.p) == (other.only_b, other.only_a, other.p)
    assert 0 < one.p <= 1
    agreed = mcnemar([*a, True], [*b, True])  # examples on which both agree say nothing
    assert agreed == one


@pytest.mark.parametrize("a, b", [([], []), ([1], [1, 0]), ([[1]], [[1]]), ([2], [1])])
def test_mcnemar_refuses_senseless_input(a, b):
    with pytest.raises(ValueError):
        mcnemar(a, b)


# Wilson


def test_wilson_by_hand():
    """Centre (p + z^2 / 2n) / (1 + z^2 / n), half width z sqrt(pq / n + z^2 / 4n^2) / (...)."""
    z, p, n = 1.959964, 0.8, 100
    centre, scale = p + z * z / (2 * n), 1 + z * z / n
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    assert wilson_interval(80, 100) == pytest.approx(
        ((centre - half) / scale, (centre + half) / scale), abs=1e-6)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 2000), st.data())
def test_wilson_stays_within_bounds(total, data):
    right = data.draw(st.integers(0, total))
    low, high = wilson_interval(right, total)
    assert 0 <= low <= right / total + 1e-12 and right / total - 1e-12 <= high <= 1
    assert wilson_interval(total - right, total) == pytest.approx((1 - high, 1 - low), abs=1e-9)


@pytest.mark.parametrize("right, total", [(1, 0), (-1, 5), (6, 5), (1.5, 5)])
def test_wilson_refuses_senseless_input(right, total):
    with pytest.raises(ValueError, match="count of examples"):
        wilson_interval(right, total)
