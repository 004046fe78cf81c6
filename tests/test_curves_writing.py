"""Two arms that write: what is paired, what an interval covers, what a prompt is worth."""

import math

import numpy as np
import pytest
from scipy.stats import binomtest

from llmtl_helpers.curves.multiplier import data_multiplier
from llmtl_helpers.curves.writing import (examples_worth, guessing_does_that, guessing_range,
                                          paired_written, score_of_parts, text_parts)
from llmtl_helpers.training import text_metrics

TARGETS = ["rates rise again", "club buys a player", "court hears plea", "sales slip"]
ANSWERS = ["rates fall again", "club buys player", "", "sales slip"]


def shares(scores) -> np.ndarray:
    """Parts of a metric that is a mean over texts: (runs, texts, 2)."""
    scores = np.asarray(scores, dtype=float)
    return np.stack([scores, np.ones_like(scores)], axis=-1)


# -- parts -----------------------------------------------------------------------------------

@pytest.mark.parametrize("metric", ["rouge_1", "rouge_2", "rouge_l", "exact_match", "chrf"])
def test_parts_of_all_texts_together_make_the_metric(metric):
    parts = text_parts(metric, {"outputs": ANSWERS}, TARGETS)
    assert len(parts) == len(TARGETS)
    assert score_of_parts(metric, parts.sum(0)) == pytest.approx(
        getattr(text_metrics, metric)(TARGETS, ANSWERS))


def test_parts_of_likelihoods_count_tokens_and_not_texts():
    row = {"text_log_likelihoods": [-2.0, -30.0], "text_targets": [1, 10]}
    assert score_of_parts("log_likelihood", text_parts("log_likelihood", row).sum(0)) == (
        pytest.approx(-32 / 11))


def test_a_run_without_answers_is_refused():
    for metric in ("rouge_l", "log_likelihood"):
        with pytest.raises(ValueError, match="recorded no"):
            text_parts(metric, {"id": "x", "outputs": []}, TARGETS)
    with pytest.raises(ValueError, match="4 answers cannot be held against 3 targets"):
        text_parts("rouge_l", {"outputs": ANSWERS}, TARGETS[:3])


# -- pairs -----------------------------------------------------------------------------------

def test_what_arms_share_cancels():
    rng = np.random.default_rng(0)
    base = rng.random((3, 50))
    found = paired_written("rouge_l", shares(base + 0.1), shares(base))
    assert found.difference == pytest.approx(0.1) and (found.runs, found.examples) == (3, 50)
    assert found.interval == pytest.approx((0.1, 0.1))
    turned = paired_written("rouge_l", shares(base), shares(base + 0.1))
    assert turned.difference == pytest.approx(-0.1)
    shuffled = paired_written("rouge_l", shares(base + 0.1), shares(rng.permuted(base, axis=1)))
    assert np.ptp(shuffled.interval) > 0.1  # the same scores, not of the same texts


def test_a_single_settled_run_stands_beside_every_seed():
    rng = np.random.default_rng(1)
    ours, theirs = rng.random((3, 40)), rng.random((1, 40))
    alone = paired_written("rouge_l", shares(ours), shares(theirs))
    thrice = paired_written("rouge_l", shares(ours), shares(np.repeat(theirs, 3, axis=0)))
    assert alone.difference == pytest.approx(thrice.difference)
    assert alone.interval == pytest.approx(thrice.interval) and alone.runs == 3


def test_few_runs_have_no_interval_unless_no_other_could_differ():
    parts = shares(np.random.default_rng(2).random((2, 30)))
    assert paired_written("rouge_l", parts, parts[::-1]).interval is None
    assert paired_written("rouge_l", parts[:1], parts[1:]).interval is None
    low, high = paired_written("rouge_l", parts[:1], parts[1:], settled=True).interval
    assert low < high


def test_a_metric_over_all_texts_is_worked_out_anew_from_each_redraw():
    """Of chrF the mean over texts is another number; a long text weighs more than a short one."""
    gold = ["a", "a long text with many letters in it", "b"]
    right = {"outputs": ["x", gold[1], "x"]}
    wrong = {"outputs": ["a", "nothing", "b"]}
    one, other = (np.stack([text_parts("chrf", row, gold)] * 3) for row in (right, wrong))
    found = paired_written("chrf", one, other)
    assert found.difference == pytest.approx(text_metrics.chrf(gold, right["outputs"])
                                             - text_metrics.chrf(gold, wrong["outputs"]))
    low, high = found.interval
    assert low < 0 < found.difference <= high  # without the long text the other is better


def test_arguments_that_do_not_fit_are_refused():
    parts = shares(np.ones((3, 5)))
    for one, other in ((parts, parts[:, :4]), (parts, parts[:2]), (parts[0], parts[0]),
                       (parts[:0], parts)):
        with pytest.raises(ValueError, match="two tables"):
            paired_written("rouge_l", one, other)


def test_the_interval_covers_the_truth_as_often_as_it_says():
    """Runs, texts and single answers all have luck of their own; the difference in truth is 0.05.

    Rather too wide than too narrow is what it promises.
    """
    rng, truth, covered, tries = np.random.default_rng(3), 0.05, 0, 300
    for number in range(tries):
        arms = []
        texts = rng.normal(0, 0.1, 60)
        for mean in (truth, 0.0):
            own = rng.normal(0, 0.05, 60)  # which texts suit this arm
            arms.append(0.5 + mean + texts + own + rng.normal(0, 0.02, (3, 1))
                        + rng.normal(0, 0.05, (3, 60)))
        low, high = paired_written("rouge_l", *map(shares, arms), resamples=400,
                                   seed=number).interval
        covered += low <= truth <= high
    assert covered / tries >= 0.93


# -- what a prompt is worth ------------------------------------------------------------------

TUNED = {32: (0.20, 0.21, 0.19), 128: (0.30, 0.31, 0.29), 512: (0.40, 0.41, 0.39)}


def test_between_two_sizes_the_curve_is_straight_in_the_logarithm():
    found = examples_worth(TUNED, [0.25], settled=True)
    assert found.examples == pytest.approx(math.sqrt(32 * 128)) and found.bound is None
    low, high = found.interval
    assert 32 < low < found.examples < high < 128
    other = examples_worth(TUNED, [0.22, 0.25, 0.28])
    assert other.examples == pytest.approx(found.examples)
    assert other.interval[0] < low and high < other.interval[1]  # the prompt's luck is in it
    assert examples_worth(TUNED, [0.25]).interval is None  # of one run that could have differed


def test_it_is_the_multiplier_of_a_prompt_that_counts_as_one_example():
    prompt = {1: (0.33, 0.35, 0.34), 2: (0.9, 0.9, 0.9)}
    found = examples_worth(TUNED, prompt[1])
    beside = data_multiplier(TUNED, prompt, found.level)
    assert found.examples == pytest.approx(beside.n_baseline)


def test_nothing_is_read_beyond_what_was_tried():
    few, many = (examples_worth(TUNED, [level] * 3) for level in (0.1, 0.7))
    assert (few.examples, few.bound) == (32, "fewer") and few.interval[0] == 0
    assert (many.examples, many.bound) == (512, "more") and many.interval[1] == math.inf
    assert examples_worth({}, [0.3]) is None and examples_worth(TUNED, []) is None


def test_log_likelihoods_are_below_zero_and_can_be_read_too():
    tuned = {n: [score - 4 for score in scores] for n, scores in TUNED.items()}
    assert examples_worth(tuned, [-3.75], settled=True).examples == pytest.approx(64)


# -- guessing --------------------------------------------------------------------------------

@pytest.mark.parametrize(("right", "rounds"), [(0, 1), (7, 10), (10, 10), (3, 12), (1, 1)])
def test_guessing_is_one_side_of_the_binomial_test(right, rounds):
    assert guessing_does_that(right, rounds) == pytest.approx(
        binomtest(right, rounds, alternative="greater").pvalue)


def test_seven_of_ten_is_what_guessing_does_in_17_of_100_games():
    assert round(100 * guessing_does_that(7, 10)) == 17


@pytest.mark.parametrize("rounds", [1, 2, 5, 6, 10, 25])
def test_the_range_of_guessing_is_the_narrowest_that_holds_95_of_100_games(rounds):
    few, many = guessing_range(rounds)
    inside = guessing_does_that(few, rounds) - (
        guessing_does_that(many + 1, rounds) if many < rounds else 0)
    assert few + many == rounds and inside >= 0.95
    if few < rounds / 2 - 1:
        assert guessing_does_that(few + 1, rounds) - guessing_does_that(many, rounds) < 0.95


def test_counts_that_are_none_are_refused():
    for right, rounds in ((-1, 3), (4, 3), (0, 0)):
        with pytest.raises(ValueError, match="no count"):
            guessing_does_that(right, rounds)
