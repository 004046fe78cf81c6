"""Shares of a gap: known answers, pairing, and what cannot be known."""

import numpy as np
import pytest

from llmtl_helpers.curves import gap_share


def flags(share, seeds=5, examples=400, seed=0):
    """Answers of which `share` are right, other ones for each seed of the generator."""
    return np.random.default_rng(seed).random((seeds, examples)) < share


def test_a_rung_half_way_up():
    scores = np.array([[0.50], [0.52], [0.48], [0.51]])
    found = gap_share(scores, scores + 0.1, scores + 0.2)
    assert found.share == pytest.approx(0.5)
    # what the seeds share cancels, so nothing is left to be unsure of
    assert found.interval == pytest.approx((0.5, 0.5))
    assert found.difference == pytest.approx(0.1) and found.sign == 1 and found.seeds == 4


def test_the_interval_holds_the_true_share_and_is_wider_with_fewer_examples():
    def width(examples):
        found = gap_share(flags(0.5, examples=examples, seed=1),
                          flags(0.65, examples=examples, seed=2),
                          flags(0.8, examples=examples, seed=3))
        assert found.interval[0] < 0.5 < found.interval[1]
        return found.interval[1] - found.interval[0]

    assert width(200) > 1.5 * width(3200)


def test_a_rung_below_the_bottom_has_a_negative_share():
    found = gap_share(flags(0.6, seed=1), flags(0.5, seed=2), flags(0.8, seed=3))
    assert found.share < 0 and found.interval[1] < 0 and found.sign == -1


def test_without_a_sure_gap_there_is_no_interval_of_the_share():
    found = gap_share(flags(0.6, seed=1), flags(0.6, seed=2), flags(0.6, seed=3))
    assert found.interval is None and found.difference_interval is not None
    upside_down = gap_share(flags(0.8, seed=1), flags(0.7, seed=2), flags(0.6, seed=3))
    assert upside_down.share is None and upside_down.interval is None


def test_two_seeds_give_no_interval():
    found = gap_share(*(flags(share, seeds=2) for share in (0.5, 0.6, 0.7)))
    assert found.interval is None and found.difference_interval is None and found.sign == 0


def test_95_of_100_intervals_hold_the_truth():
    # seeds and examples both vary: arm + seed's own effect + example's own difficulty
    held, repeats, rng = 0, 200, np.random.default_rng(5)
    for repeat in range(repeats):
        hard = rng.normal(0, 0.12, 250)
        arms = [np.clip(mean + rng.normal(0, 0.015, (5, 1)) + hard, 0, 1)
                for mean in (0.55, 0.65, 0.75)]
        tables = [rng.random((5, 250)) < arm for arm in arms]
        low, high = gap_share(*tables, resamples=300, seed=repeat).interval
        held += low <= 0.5 <= high
    assert held >= 0.92 * repeats  # rather too wide than too narrow


@pytest.mark.parametrize("shapes", [((5, 4), (5, 4), (5, 3)), ((5,), (5,), (5,)), ((0, 4),) * 3])
def test_tables_that_do_not_fit_are_refused(shapes):
    with pytest.raises(ValueError, match="three tables"):
        gap_share(*(np.zeros(shape) for shape in shapes))
