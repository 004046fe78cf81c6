"""Switches that break a comparison: what they do to rows whose answer is known."""

import inspect
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rows import make_curve, make_row

from llmtl_helpers import fairness
from llmtl_helpers.curves import expected_best
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.fairness import SWITCHES
from llmtl_helpers.fairness.broken import verdict
from llmtl_helpers.ledger import pack_flags

TEXTS = 200
few = settings(max_examples=25, deadline=None)


def curve(seeds=3, **scores):
    """Curve runs at 256 labels around the given scores, 0.01 apart."""
    return [make_row(arm=arm, n=256, subset_seed=seed, run_seed=seed,
                     score=round(score + 0.01 * (seed - (seeds - 1) // 2), 4))
            for arm, score in scores.items() for seed in range(seeds)]


def study(purpose, arm, score, n=256, **fields):
    return [make_row(arm=arm, n=n, purpose=purpose, subset_seed=seed, run_seed=seed, score=score,
                     **fields) for seed in range(2)]


def means(curves):
    return {arm: {point.n: round(point.mean, 4) for point in points}
            for arm, points in curves.items()}


@pytest.mark.parametrize("honest, broken, said", [
    (10.0, 15.5, "inflated by 5.5 points"), (10.0, 4.0, "shrunk by 6.0 points"),
    (10.0, 10.0, "unchanged"), (3.0, -2.0, "flipped, from +3.0 to -2.0 points"),
    (10.0, 0.0, "shrunk by 10.0 points"), (-2.0, -3.0, "inflated by 1.0 points")])
def test_verdict(honest, broken, said):
    assert verdict(honest, broken) == said


# --- every switch --------------------------------------------------

@pytest.mark.parametrize("name", SWITCHES)
def test_without_runs_a_switch_says_what_makes_them(name):
    found = SWITCHES[name].function([])
    assert found.name == name and found.missing == found.reading
    assert found.missing.startswith("There are no finished runs")
    assert "python3 start.py sweep --task sentiment/films" in found.missing
    assert found.broken == {} and found.n is found.honest_gap is found.broken_gap is None


@pytest.mark.parametrize("name, study_name", [
    ("unequal_rates", "rates"), ("epochs_instead_of_updates", "epochs"),
    ("leaked_test_text", "leak"), ("best_of_k", "luck")])
def test_curve_runs_alone_are_not_enough_for_a_study(name, study_name):
    rows = make_curve(seeds=3)
    found = SWITCHES[name].function(rows, **({"k": 10} if name == "best_of_k" else {}))
    assert f"--study {study_name}`" in found.missing
    assert set(found.honest) >= {"fine_tuned", "scratch"}  # what there is can still be drawn


@pytest.mark.parametrize("name", SWITCHES)
def test_the_register_tells_the_truth_about_its_functions(name):
    switch = SWITCHES[name]
    arguments = inspect.signature(switch.function).parameters
    assert set(switch.controls) <= set(arguments)
    assert all(arguments[control].default is not inspect.Parameter.empty
               for control in switch.controls)
    assert switch.label and switch.what_it_does.endswith(".")


@pytest.mark.parametrize("name", SWITCHES)
def test_rows_of_two_tasks_are_refused(name):
    rows = everything()
    with pytest.raises(LearnerError, match="several tasks"):
        SWITCHES[name].function([*rows, *(flagged(**{**row, "task": "sentiment/tweets"})
                                          for row in rows)])


@pytest.mark.parametrize("name, purpose, more", [
    ("unequal_rates", "rates", {"learning_rate": 2e-5}),
    ("leaked_test_text", "leak", {"leaked": 9}),
    ("epochs_instead_of_updates", "curve", {"budget": "three-epochs"})])
def test_a_study_of_other_data_is_not_held_against_the_curve(name, purpose, more):
    rows = curve(fine_tuned=0.8, scratch=0.6)
    for arm in ("fine_tuned", "scratch"):
        rows += study(purpose, arm, 0.5, data_fingerprint="f" * 64, **more)
    with pytest.raises(LearnerError, match="several versions of the data"):
        SWITCHES[name].function(rows)


@few
@given(st.randoms(use_true_random=False))
def test_order_of_rows_does_not_matter(shuffler: random.Random):
    rows = everything()
    before = {name: switch.function(rows).reading for name, switch in SWITCHES.items()}
    shuffler.shuffle(rows)
    assert before == {name: switch.function(rows).reading for name, switch in SWITCHES.items()}


@pytest.mark.parametrize("name", SWITCHES)
def test_a_size_that_was_not_run_is_not_invented(name):
    found = SWITCHES[name].function(everything(), n=300)
    assert "at 300 labels, only at " in found.missing and found.broken == {}


@pytest.mark.parametrize("name", SWITCHES)
def test_gap_and_sentence_agree_with_the_curves(name):
    found = SWITCHES[name].function(everything())
    assert found.missing is None
    for curves, pair, gap in ((found.honest, found.honest_pair, found.honest_gap),
                              (found.broken, found.broken_pair, found.broken_gap)):
        first, second = (next(point.mean for point in curves[arm] if point.n == found.n)
                         for arm in pair)
        assert gap == pytest.approx(100 * (first - second), abs=0.11)
        assert f"{gap:.1f} points" in found.reading
    assert found.reading.startswith(f"With {found.n:,} labels ") and found.reading.endswith(".")


def everything():
    """Rows from which every switch finds what it needs."""
    rows = curve(5, fine_tuned=0.80, scratch=0.60, small_scratch=0.66, tfidf=0.64,
                 majority=0.5)
    rows += study("rates", "scratch", 0.52, learning_rate=2e-5)
    rows += study("rates", "fine_tuned", 0.50, learning_rate=1e-3)
    for arm, score in (("fine_tuned", 0.55), ("scratch", 0.50), ("tfidf", 0.64)):
        rows += study("curve", arm, score, budget="three-epochs", updates=96)
        rows += study("leak", arm, score + 0.3, leaked=128)
    return [flagged(**row) for row in rows]


def flagged(**fields):
    """A row with per-example correctness over TEXTS test texts that agrees with its score."""
    right = round(TEXTS * fields["score"])
    flags = np.random.default_rng(fields["run_seed"]).permutation(np.arange(TEXTS) < right)
    fields = {name: value for name, value in fields.items() if name not in ("id", "accuracy")}
    return make_row(**{**fields, "score": right / TEXTS, "test_size": TEXTS,
                       "correct": pack_flags(flags)})


# --- switches that change the training --------------------------------------------------

def test_unequal_rates_wrong_one_arm_at_a_time():
    rows = curve(fine_tuned=0.80, scratch=0.60)
    rows += study("rates", "scratch", 0.52, learning_rate=2e-5)
    rows += study("rates", "fine_tuned", 0.50, learning_rate=1e-3)
    found = fairness.unequal_rates(rows)
    # seeds 0 and 1 alone, since the study has no more
    assert means(found.honest) == {"fine_tuned": {256: 0.795}, "scratch": {256: 0.595}}
    assert means(found.broken) == {"fine_tuned": {256: 0.795}, "scratch": {256: 0.52}}
    assert (found.honest_gap, found.broken_gap) == (20.0, 27.5)
    assert "the same network from scratch at 2e-05" in found.reading
    assert "inflated by 7.5 points" in found.reading
    found = fairness.unequal_rates(rows, wronged="fine_tuned")
    assert (found.honest_gap, found.broken_gap) == (20.0, -9.5)
    assert "at 0.001" in found.reading and "flipped" in found.reading
    with pytest.raises(ValueError, match="wronged arm"):
        fairness.unequal_rates(rows, wronged="tfidf")


def test_epochs_are_compared_with_updates_and_counted():
    rows = [*make_curve(arms=("fine_tuned", "scratch")),
            *make_curve(arms=("fine_tuned", "scratch"), sizes=(16, 64), seeds=2,
                        budget="three-epochs", updates=24)]
    rows = [{**row, "score": 0.5, "accuracy": 0.5} if row["budget"] == "three-epochs" else row
            for row in rows]
    found = fairness.epochs_instead_of_updates(rows)
    assert (found.n, found.honest_gap, found.broken_gap) == (64, 19.0, 0.0)
    assert [point.n for point in found.honest["scratch"]] == [16, 64]
    assert "after 250 updates" in found.reading and "which are 24 updates" in found.reading
    assert "shrunk by 19.0 points" in found.reading


def test_a_leak_is_named_with_the_arm_that_it_helps_most():
    rows = curve(fine_tuned=0.80, scratch=0.60, tfidf=0.64)
    rows += study("leak", "fine_tuned", 0.90, leaked=128)
    rows += study("leak", "scratch", 0.85, leaked=128)
    found = fairness.leaked_test_text(rows)
    assert (found.honest_gap, found.broken_gap) == (20.0, 5.0)
    assert set(found.honest) == set(found.broken) == {"fine_tuned", "scratch"}
    assert "128 of the 256 examples taken from the test set" in found.reading
    assert "the same network from scratch moves most, by +25.5 points" in found.reading


# --- switches that change the report --------------------------------------------------

def lucky(seeds=25):
    return [make_row(arm=arm, n=64, purpose="curve" if seed < 5 else "luck", subset_seed=seed,
                     run_seed=seed, score=round(start + 0.004 * seed, 3))
            for arm, start in (("fine_tuned", 0.7), ("scratch", 0.5)) for seed in range(seeds)]


def test_the_best_of_one_seed_is_the_mean_and_more_seeds_inflate():
    rows = lucky()
    gaps = []
    for k in (1, 2, 5, 25):
        found = fairness.best_of_k(rows, k)
        scores = next(point.scores for point in found.honest["fine_tuned"])
        assert len(scores) == 25  # curve and study together
        assert means(found.broken)["fine_tuned"][64] == pytest.approx(
            expected_best(scores, k), abs=1e-4)
        assert found.broken["scratch"] == found.honest["scratch"]
        gaps.append(found.broken_gap)
    assert gaps == sorted(gaps) and len(set(gaps)) == 4
    assert fairness.best_of_k(rows, 1).reading.endswith("unchanged.")
    assert fairness.best_of_k(rows, 5, who="scratch").broken_gap < gaps[0]


def test_the_best_of_k_needs_k_runs():
    found = fairness.best_of_k(lucky(seeds=5), 6)
    assert found.missing and "of 6 seeds or more" in found.missing
    with pytest.raises(ValueError, match="at least 1"):
        fairness.best_of_k(lucky(), 0)
    with pytest.raises(ValueError, match="best run"):
        fairness.best_of_k(lucky(), 2, who="tfidf")


def test_the_whole_test_set_changes_nothing_and_a_small_one_does():
    rows = everything()
    whole = fairness.small_test_set(rows, test_size=TEXTS)
    assert whole.honest_gap == whole.broken_gap and means(whole.honest) == means(whole.broken)
    assert "unchanged" in whole.reading and "0% of them flip it" in whole.reading
    drawn = {fairness.small_test_set(rows, test_size=10, seed=seed).broken_gap
             for seed in range(10)}
    assert len(drawn) > 3
    assert (fairness.small_test_set(rows, 10, seed=3)
            == fairness.small_test_set(rows, 10, seed=3))


def test_a_small_test_set_scores_every_run_on_the_same_examples():
    flags = np.arange(40) % 3 == 0
    rows = [make_row(arm=arm, n=64, score=float(flags.mean()), test_size=40,
                     correct=pack_flags(flags)) for arm in ("fine_tuned", "scratch")]
    for seed in range(5):
        found = fairness.small_test_set(rows, test_size=7, seed=seed)
        assert found.broken_gap == 0 and "between 0.0 and 0.0 points" in found.reading


def test_the_draws_of_a_small_test_set_spread_as_theory_says():
    # two runs that differ on 20 of 400 examples, so that the gap's spread has a formula
    a, b = np.ones(400, dtype=bool), np.ones(400, dtype=bool)
    b[:20] = False
    rows = [make_row(arm=arm, n=64, score=float(flags.mean()), test_size=400,
                     correct=pack_flags(flags))
            for arm, flags in (("fine_tuned", a), ("scratch", b))]
    reading = fairness.small_test_set(rows, test_size=100).reading
    low, high = (float(part) for part in
                 reading.split("between ")[1].split(" points")[0].split(" and "))
    # hypergeometric: variance 100 x 0.05 x 0.95 x (300 / 399)
    spread = np.sqrt(100 * 0.05 * 0.95 * 300 / 399)
    assert low == pytest.approx(5 - 1.96 * spread, abs=1.2)
    assert high == pytest.approx(5 + 1.96 * spread, abs=1.2)


def test_small_test_sets_that_cannot_be_drawn():
    found = fairness.small_test_set(everything(), test_size=TEXTS + 1)
    assert found.missing == "The test set holds 200 texts, so 201 cannot be drawn from it."
    with pytest.raises(ValueError, match="scores nothing"):
        fairness.small_test_set(everything(), test_size=0)
    found = fairness.small_test_set(curve(fine_tuned=0.8, scratch=0.6))  # no flags kept
    assert "keep which test examples were right" in found.missing


def test_without_baselines_the_gain_is_measured_against_the_wrong_rival():
    found = fairness.no_baseline(curve(fine_tuned=0.80, scratch=0.60, small_scratch=0.66,
                                       tfidf=0.71, probe=0.75, majority=0.5))
    assert (found.honest_gap, found.broken_gap) == (9.0, 20.0)
    assert found.honest_pair == ("fine_tuned", "tfidf")  # the probe starts from the checkpoint too
    assert set(found.broken) == {"fine_tuned", "scratch"} and "probe" in found.honest
    assert "the bag of words (TF-IDF)" in found.reading and "inflated by 11.0" in found.reading
