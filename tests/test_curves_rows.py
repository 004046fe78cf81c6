"""From ledger rows to numbers: only runs of curves, seeds in line, nothing mixed."""

import math
import subprocess
import sys

import numpy as np
import pytest
from rows import make_curve, make_row

from llmtl_helpers.curves import data_advantage, run_table, scores_by_size
from llmtl_helpers.errors import LearnerError


def test_scores_by_size_in_order_of_size_and_seed():
    rows = make_curve(arms=("scratch", "tfidf"), sizes=(64, 16), seeds=3)
    found = scores_by_size(reversed(rows), "scratch")
    assert list(found) == [16, 64]
    assert found[16] == (0.494, 0.5, 0.506)
    falling = [make_row(run_seed=seed, score=0.9 - 0.1 * seed) for seed in (2, 0, 1)]
    assert scores_by_size(falling, "fine_tuned")[256] == pytest.approx((0.9, 0.8, 0.7))


def test_only_finished_runs_of_curves_with_that_metric_count():
    rows = [make_row(score=0.7), make_row(run_seed=1, score=0.9, purpose="trial"),
            make_row(run_seed=2, score=0.9, purpose="luck"),
            make_row(run_seed=3, status="failed", score=0.9, failure="out of memory"),
            make_row(run_seed=4, score=None), make_row(n=16, score=None)]
    assert scores_by_size(rows, "fine_tuned") == {256: (0.7,)}
    assert scores_by_size(rows, "fine_tuned", "no_such_metric") == {}
    assert scores_by_size(rows, "scratch") == scores_by_size([], "scratch") == {}


def test_metric_is_the_one_asked_for():
    assert scores_by_size([make_row(score=0.7)], "fine_tuned", "macro_f1") == {
        256: (pytest.approx(0.69),)}


@pytest.mark.parametrize("field", ["task", "budget", "data_fingerprint"])
def test_other_arms_are_held_to_the_same_rules(field):
    """The baseline is compared with arms of the same rows, so those must be comparable too."""
    rows = [make_row(arm="scratch"), make_row(arm="fine_tuned", **{field: "other"})]
    with pytest.raises(LearnerError, match="cannot share a figure"):
        scores_by_size(rows, "scratch")
    with pytest.raises(LearnerError, match="cannot share a figure"):
        run_table(rows, "scratch", "fine_tuned")


def test_table_has_a_column_per_seed_and_holes():
    rows = [make_row(arm="scratch", n=n, run_seed=seed, score=score)
            for n, seed, score in ((16, 0, 0.5), (16, 1, 0.51), (64, 1, 0.61), (256, 0, 0.7))]
    rows += [make_row(arm="tfidf", n=n, score=0.6) for n in (16, 64, 1024)]
    sizes, baseline, treatment = run_table(rows, "scratch", "tfidf")
    assert sizes.tolist() == [16, 64]
    np.testing.assert_equal(baseline, [[0.5, 0.51], [math.nan, 0.61]])
    np.testing.assert_equal(treatment, [[0.6], [0.6]])


def test_table_goes_straight_into_the_advantage():
    found = data_advantage(*run_table(make_curve(), "small_scratch", "fine_tuned"))
    assert found.undefined is None and found.advantage > 0
    missing = data_advantage(*run_table(make_curve(arms=("tfidf",)), "scratch", "tfidf"))
    assert "0 of the sizes" in missing.undefined


def test_import_is_light():
    """Widgets and the command line import this package: SciPy and torch come only when needed."""
    code = ("import sys, llmtl_helpers.curves; "
            "assert not {'scipy', 'torch', 'sklearn', 'matplotlib'} & set(sys.modules)")
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
