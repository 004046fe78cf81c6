"""Summaries over rows: what is known is right, and what is not known is None."""

import math
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rows import make_curve, make_row

from llmtl_helpers.curves import (in_band, mean_interval, prediction_band, score_of, summarise,
                                  summarise_scores)
from llmtl_helpers.errors import LearnerError

scores = st.floats(0, 1)


def seeds(values, **fields) -> list[dict]:
    return [make_row(run_seed=seed, score=value, **fields) for seed, value in enumerate(values)]


def test_one_summary_per_arm_and_size():
    summaries = summarise(make_curve(arms=("scratch", "fine_tuned"), sizes=(64, 16)))
    assert [(s.arm, s.n, s.k) for s in summaries] == [
        ("fine_tuned", 16, 5), ("fine_tuned", 64, 5), ("scratch", 16, 5), ("scratch", 64, 5)]


def test_band_and_interval_against_a_table_of_t():
    """t(0.975, 4) = 2.776: read from a printed table, not from this code."""
    (summary,) = summarise(seeds([0.70, 0.72, 0.74, 0.76, 0.78]))
    sd = math.sqrt(0.001)
    assert summary.mean == pytest.approx(0.74)
    assert summary.sd == pytest.approx(sd)
    half = 2.776 * sd
    assert summary.interval == pytest.approx(
        (0.74 - half / math.sqrt(5), 0.74 + half / math.sqrt(5)), abs=1e-4)
    assert summary.band == pytest.approx(
        (0.74 - half * math.sqrt(1.2), 0.74 + half * math.sqrt(1.2)), abs=1e-4)


@given(st.lists(scores, min_size=1, max_size=9), st.randoms(use_true_random=False))
def test_order_of_rows_does_not_matter(values, shuffler):
    rows = seeds(values) + seeds(values, arm="scratch", n=16)
    mixed = list(rows)
    shuffler.shuffle(mixed)
    assert summarise(mixed) == summarise(rows)


@given(st.lists(scores, min_size=1, max_size=9))
def test_band_contains_interval_contains_mean(values):
    summary = summarise_scores(values, "scratch", 16)
    assert min(values) <= summary.mean <= max(values)
    if summary.interval:
        assert 0 <= summary.interval[0] <= summary.mean <= summary.interval[1] <= 1
    if summary.band:
        assert summary.band[0] <= summary.interval[0] <= summary.interval[1] <= summary.band[1]
        assert in_band(summary.mean, summary) is True


@given(st.lists(scores, min_size=1, max_size=5),
       st.lists(st.sampled_from([None, math.nan, math.inf]), max_size=4))
def test_unknown_scores_are_counted_and_change_nothing_else(values, unknown):
    whole = summarise_scores(values, "scratch", 16)
    with_holes = summarise_scores([*unknown, *values], "scratch", 16)
    assert with_holes.left_out == len(unknown)
    assert (with_holes.scores, with_holes.mean, with_holes.band) == (
        whole.scores, whole.mean, whole.band)


def test_failed_runs_and_missing_metrics_are_left_out():
    rows = [make_row(score=0.7),
            make_row(run_seed=1, status="failed", score=0.9, failure="out of memory"),
            make_row(run_seed=2, score=None)]
    (summary,) = summarise(rows)
    assert (summary.scores, summary.left_out) == ((0.7,), 2)
    assert summarise(rows, metric="chrf")[0].scores == ()
    assert score_of(make_row(macro_f1=0.6, score=0.8), "macro_f1") == 0.6


def test_nothing_known_means_no_number():
    (summary,) = summarise([make_row(status="failed", score=None)])
    assert (summary.k, summary.mean, summary.sd, summary.interval, summary.band) == (
        0, None, None, None, None)
    assert summarise([]) == []


def test_few_runs_give_no_band():
    one, two, three = (summarise_scores([0.7, 0.72, 0.71][:k], "scratch", 16) for k in (1, 2, 3))
    assert (one.mean, one.sd, one.interval, one.band) == (0.7, None, None, None)
    assert two.interval is not None and two.band is None
    assert three.band is not None
    assert in_band(0.7, two) is None


def test_runs_without_spread_have_no_band():
    summary = summarise_scores([0.5] * 5, "majority", 16)
    assert (summary.mean, summary.sd, summary.interval, summary.band) == (0.5, 0, None, None)
    assert in_band(0.5, summary) is None


def test_trials_and_live_runs_do_not_move_the_band():
    rows = seeds([0.70, 0.72, 0.74])
    others = [make_row(purpose="live", run_seed=9, score=0.1),
              make_row(purpose="trial", run_seed=0, score=0.2)]
    assert summarise(rows + others) == summarise(rows)


def test_a_run_given_twice_counts_once_and_the_shipped_record_wins():
    shipped = make_row(score=0.7)
    own = {**shipped, "score": 0.71, "accuracy": 0.71, "shipped": False, "created": "2027"}
    for rows in ([shipped, own], [own, shipped]):
        assert summarise(rows)[0].scores == (0.7,)


@pytest.mark.parametrize("field", ["task", "budget", "data_fingerprint"])
def test_rows_that_must_not_share_a_figure_are_refused(field):
    with pytest.raises(LearnerError, match="cannot share a figure"):
        summarise([make_row(), make_row(run_seed=1, **{field: "other"})])


def test_ends_of_the_band_belong_to_it():
    summary = summarise_scores([0.70, 0.72, 0.74], "scratch", 16)
    low, high = summary.band
    assert in_band(low, summary) and in_band(high, summary)
    assert in_band(low - 1e-9, summary) is False
    assert in_band(math.nan, summary) is None


def test_one_run_has_no_interval_to_compute():
    for function in (mean_interval, prediction_band):
        with pytest.raises(ValueError, match="no spread"):
            function(0.7, 0.0, 1)


@settings(deadline=None, max_examples=3)
@given(st.sampled_from([3, 5]), st.integers(0, 2**16))
def test_coverage_of_band_and_interval(k, seed):
    """Over 4,000 samples the standard error of the share is 0.35 points: 1.5 is four of them."""
    rng = np.random.default_rng(seed)
    runs = rng.normal(0.7, 0.02, size=(4000, k + 1))
    inside = covered = 0
    for *old, new in runs:
        summary = summarise_scores(old, "scratch", 16)
        inside += in_band(new, summary)
        covered += summary.interval[0] <= 0.7 <= summary.interval[1]
    assert inside / len(runs) == pytest.approx(0.95, abs=0.015)
    assert covered / len(runs) == pytest.approx(0.95, abs=0.015)


def test_mean_is_exact_for_equal_scores():
    """A plain sum of 0.1 ten times over is not 1; the mean must not leave the scores' range."""
    value = random.Random(0).random()
    assert summarise_scores([value] * 7, "scratch", 16).mean == value
