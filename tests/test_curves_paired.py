"""Two models on one test set: counts that decide, test sets that are drawn, kinds of errors."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest
from sklearn.metrics import confusion_matrix, f1_score

from llmtl_helpers.curves import mcnemar
from llmtl_helpers.curves.confusion import (Confusion, confusion, macro_f1_difference, macro_f1_of)
from llmtl_helpers.curves.discordance import (draw_test_sets, every_mcnemar, of_counts,
                                              paired_interval, separate_interval)

flags = st.lists(st.booleans(), min_size=2, max_size=40)


# -- what two counts leave open ---------------------------------------------------------------

@settings(max_examples=30, deadline=None)
@given(st.integers(1, 7), st.data())
def test_every_split_that_the_counts_allow_is_there_and_no_other(total, data):
    right_a = data.draw(st.integers(0, total))
    right_b = data.draw(st.integers(0, total))
    possible = {(int((a & ~b).sum()), int((b & ~a).sum()))
                for first in itertools.combinations(range(total), right_a)
                for second in itertools.combinations(range(total), right_b)
                for a, b in [(np.isin(range(total), first), np.isin(range(total), second))]}
    found = every_mcnemar(right_a, right_b, total)
    assert [(one.only_a, one.only_b) for one in found] == sorted(possible)


def test_the_published_counts_are_undecided():
    """290 and 281 of 300: what the best-known ablation says, and what it leaves open."""
    found = every_mcnemar(290, 281, 300)
    assert [(one.only_a, one.only_b) for one in found] == [(9 + b, b) for b in range(11)]
    assert found[0].p == pytest.approx(2 / 2**9) and found[-1].p > 0.13
    assert sum(one.p < 0.05 for one in found) == 5
    for one in found:
        assert one.p == pytest.approx(binomtest(one.only_a, one.only_a + one.only_b).pvalue)


def test_counts_and_flags_give_the_same_test():
    a, b = np.array([1] * 7 + [0] * 5, bool), np.array([0] * 4 + [1] * 3 + [1] * 2 + [0] * 3, bool)
    assert of_counts(4, 2) == mcnemar(a, b)
    assert of_counts(0, 0).p == 1.0


@pytest.mark.parametrize("counts", [(3, 2, 0), (4, 2, 3), (-1, 2, 3), (1.5, 2, 3)])
def test_what_is_no_count_is_refused(counts):
    with pytest.raises(ValueError, match="not a count"):
        every_mcnemar(*counts)


@pytest.mark.parametrize("counts", [(-1, 0, 10), (6, 5, 10), (0, 0, 0)])
def test_no_paired_interval_without_counts(counts):
    with pytest.raises(ValueError, match="no counts"):
        paired_interval(*counts)


def test_newcombes_own_example():
    """56 of 70 against 48 of 80: table II of Newcombe (1998), method 10."""
    assert separate_interval(56, 48, 70, 80) == pytest.approx((0.0524, 0.3339), abs=5e-5)
    assert separate_interval(290, 281, 300) == separate_interval(290, 281, 300, 300)


@pytest.mark.parametrize("only_a, only_b", [(0.08, 0.05), (0.03, 0.01), (0.05, 0.05)])
def test_the_paired_interval_covers_as_often_as_it_says(only_a, only_b):
    rng = np.random.default_rng(1)
    drawn = rng.multinomial(300, [only_a, only_b, 1 - only_a - only_b], size=2000)[:, :2]
    ends = [paired_interval(int(a), int(b), 300) for a, b in drawn]
    covered = np.mean([low <= only_a - only_b <= high for low, high in ends])
    assert 0.93 <= covered <= 0.985


@pytest.mark.parametrize("a, b", [(0.967, 0.937), (0.9, 0.9), (0.99, 0.97)])
def test_the_separate_interval_covers_as_often_as_it_says(a, b):
    rng = np.random.default_rng(2)
    ends = [separate_interval(int(x), int(y), 300)
            for x, y in zip(rng.binomial(300, a, 400), rng.binomial(300, b, 400), strict=True)]
    assert 0.925 <= np.mean([low <= a - b <= high for low, high in ends]) <= 0.985


def test_a_test_set_of_ones_own_for_each_says_less():
    paired, separate = paired_interval(12, 3, 300), separate_interval(290, 281, 300)
    assert paired[1] - paired[0] < separate[1] - separate[0]


# -- many test sets ---------------------------------------------------------------------------

def tables(seed=0, runs=4, examples=1000, shares=(0.95, 0.92)):
    rng = np.random.default_rng(seed)
    return tuple(rng.random((runs, examples)) < share for share in shares)


def test_drawn_test_sets_scatter_as_the_formula_says():
    a, b = tables()
    found = draw_test_sets(a, b, 300, draws=20_000)
    each = a[0].astype(float) - b[0]
    assert found.whole == pytest.approx(each.mean())
    assert found.differences.mean() == pytest.approx(each.mean(), abs=0.001)
    assert found.differences.std() == pytest.approx(each.std() / 300**0.5, rel=0.05)
    assert found.flips == np.mean(found.differences * found.whole < 0)
    assert found.ties == np.mean(found.differences == 0)


def test_larger_test_sets_flip_more_rarely():
    a, b = tables()
    flips = [draw_test_sets(a, b, size).flips for size in (25, 100, 400, 1600, 6400)]
    assert flips == sorted(flips, reverse=True) and flips[0] > 0.1 > 0.01 > flips[-1]


def test_drawing_runs_too_adds_their_luck():
    rng = np.random.default_rng(3)
    shares = np.array([0.86, 0.90, 0.94, 0.98])[:, None]
    a, b = rng.random((4, 1000)) < shares, rng.random((4, 1000)) < shares - 0.02
    plain, both = (draw_test_sets(a, b, 300, runs_too=too) for too in (False, True))
    assert both.differences.std() > 1.5 * plain.differences.std()
    assert both.whole == pytest.approx(a.mean() - b.mean())
    assert plain.whole == pytest.approx(a[0].mean() - b[0].mean())


def test_arms_may_have_different_numbers_of_runs():
    a, b = tables()
    found = draw_test_sets(a[:3], b[:1], 50, runs_too=True)
    assert found.differences.shape == (2000,)


def test_each_seed_draws_other_sets_and_the_first_is_tested():
    a, b = tables()
    one, same, other = (draw_test_sets(a, b, 300, seed=seed) for seed in (0, 0, 1))
    assert (one.differences == same.differences).all()
    assert (one.differences != other.differences).any()
    assert one.differences[0] == pytest.approx((one.first.only_a - one.first.only_b) / 300)
    assert one.first == of_counts(one.first.only_a, one.first.only_b)


def test_equal_models_have_no_worse_one():
    a, _ = tables()
    found = draw_test_sets(a, a, 300)
    assert (found.whole, found.flips, found.ties) == (0.0, 0.0, 1.0)


@pytest.mark.parametrize("a, b, size", [
    (np.ones((2, 3)), np.ones((2, 4)), 5), (np.ones(3), np.ones(3), 5),
    (np.ones((0, 3)), np.ones((2, 3)), 5), (np.ones((2, 3)), np.ones((2, 3)), 0)])
def test_tables_that_do_not_fit_are_refused(a, b, size):
    with pytest.raises(ValueError):
        draw_test_sets(a, b, size)


# -- kinds of errors --------------------------------------------------------------------------

@settings(max_examples=60, deadline=None)
@given(flags, st.randoms(use_true_random=False))
def test_counts_and_macro_f1_are_those_of_scikit_learn(gold, random):
    gold = np.array([True, False, *gold])
    correct = np.array([random.random() < 0.7 for _ in gold])
    predicted = np.where(correct, gold, ~gold)
    (kept, lost), (missed, caught) = confusion_matrix(gold, predicted)
    found = confusion(gold, correct)
    assert found == Confusion(caught, missed, lost, kept)
    assert found.macro_f1 == pytest.approx(f1_score(gold, predicted, average="macro",
                                                    zero_division=0))


def test_precision_recall_and_harm_by_hand():
    one = Confusion(caught=90, missed=10, lost=5, kept=195)
    assert (one.precision, one.recall, one.false_alarms) == (90 / 95, 0.9, 0.025)
    assert one.harm(1) == 0.15 and one.harm(20) == 1.1
    nothing = Confusion(0, 100, 0, 200)  # no filter
    assert nothing.precision is None and nothing.harm(7) == nothing.harm(700) == 1.0


def test_counts_of_several_runs_are_means():
    gold = np.array([1, 1, 0, 0])
    assert confusion(gold, [[1, 1, 1, 1], [0, 1, 1, 0]]) == Confusion(1.5, 0.5, 0.5, 1.5)


def test_macro_f1_takes_arrays():
    found = macro_f1_of(np.array([90, 0]), np.array([10, 100]), np.array([5, 0]),
                        np.array([195, 200]))
    assert found[0] == pytest.approx((180 / 195 + 390 / 405) / 2)
    assert found[1] == pytest.approx((0 + 400 / 500) / 2)


def test_the_macro_f1_difference_is_that_of_the_means():
    gold = np.arange(400) % 4 == 0
    a, b = tables(runs=5, examples=400)
    found = macro_f1_difference(gold, a, b)
    each = [confusion(gold, one).macro_f1 - confusion(gold, other).macro_f1
            for one, other in zip(a, b, strict=True)]
    assert found.difference == pytest.approx(np.mean(each))
    assert found.interval[0] < found.difference < found.interval[1]
    back = macro_f1_difference(gold, b, a)
    assert back.difference == pytest.approx(-found.difference)
    assert back.interval == pytest.approx((-found.interval[1], -found.interval[0]), abs=0.003)
    assert macro_f1_difference(gold, a[:2], b[:2]).interval is None


def test_pairing_cancels_what_both_share():
    gold = np.arange(800) % 4 == 0
    rng = np.random.default_rng(5)
    hard = rng.random(800) < 0.1
    shared = np.array([~hard] * 5)
    a = shared & (rng.random((5, 800)) < 0.995)
    b = shared & (rng.random((5, 800)) < 0.99)
    turned = np.roll(b, 400, axis=1)  # the same runs, their errors on other messages
    near, far = (macro_f1_difference(gold, a, other).interval for other in (b, turned))
    assert near[1] - near[0] < 0.6 * (far[1] - far[0])


def test_the_macro_f1_interval_covers_as_often_as_it_says():
    """Messages and runs have luck of their own; the truth is what endless ones would give."""
    gold = np.arange(300) % 4 == 0
    rng = np.random.default_rng(0)

    def sample(messages, runs):
        """Answers of two arms: how hard each message is, how good each run, and the rest."""
        side = np.arange(messages) % 4 == 0
        hard, good = rng.normal(size=messages), 0.15 * rng.normal(size=(2, runs, 1))
        noise = rng.normal(size=(2, runs, messages))
        level = np.array([1.5, 1.3])[:, None, None] - 0.4 * side
        return side, level + good + 0.7 * hard + 0.7 * noise > 0

    many = [sample(4000, 50) for _ in range(6)]
    truth = np.mean([macro_f1_difference(side, *table).difference for side, table in many])
    covered = []
    for _ in range(150):
        _, (a, b) = sample(300, 5)
        low, high = macro_f1_difference(gold, a, b, resamples=400).interval
        covered.append(low <= truth <= high)
    assert np.mean(covered) >= 0.9


@pytest.mark.parametrize("gold, correct, message", [
    ([1, 0], [1, 1, 1], "same examples"), ([1, 0], [1, 2], "true or false"),
    ([1, 1], [1, 0], "junk and real"), ([], [], "same examples")])
def test_tables_that_make_no_sense_are_refused(gold, correct, message):
    with pytest.raises(ValueError, match=message):
        confusion(gold, correct)
