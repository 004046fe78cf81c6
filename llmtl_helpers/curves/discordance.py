"""Two models on the same test examples: what their counts leave open, what others would say.

Of the four cases (both right, both wrong, only the one, only the other) the last two decide, and
published tables keep silent about them. Taught in 06.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from llmtl_helpers.curves.chance import McNemar, mcnemar, wilson_interval
from llmtl_helpers.curves.resample import NORMAL

DRAWS = 2000  # test sets that are drawn


@dataclass(frozen=True, eq=False)
class DrawnSets:
    """What many test sets of one size say about two models.

    Attributes:
        size: examples in each.
        whole: share right of the first minus that of the second, on all examples there are.
        differences: (draws,) the same on each drawn test set.
        flips: share of draws in which the model that is worse on all examples is ahead.
        ties: share of draws without a difference.
        first: McNemar's test on the first drawn test set.
    """

    size: int
    whole: float
    differences: np.ndarray
    flips: float
    ties: float
    first: McNemar


def every_mcnemar(right_a: int, right_b: int, total: int) -> list[McNemar]:
    """McNemar's test for each way in which two such counts can have come about.

    Two counts fix how many more examples the one has right, and not on how many the two disagree:
    from no more than that difference up to all the examples that either has wrong.

    Raises:
        ValueError: the counts are not whole numbers with 0 <= right <= total and total >= 1.
    """
    for right in (right_a, right_b):
        if right != int(right) or total != int(total) or not 0 <= right <= total or total < 1:
            raise ValueError(f"{right} of {total} is not a count of examples")
    ahead = int(right_a - right_b)
    fewest, most = max(0, -ahead), min(total - right_a, right_b)  # that b alone has right
    return [of_counts(only_b + ahead, only_b) for only_b in range(fewest, int(most) + 1)]


def of_counts(only_a: int, only_b: int) -> McNemar:
    """McNemar's exact test from the two numbers of examples on which the models disagree."""
    a = np.arange(only_a + only_b + 1) < only_a  # and one on which both are wrong
    b = (np.arange(only_a + only_b + 1) < only_a + only_b) & ~a
    return mcnemar(a, b)


def separate_interval(right_a: int, right_b: int, total_a: int, total_b: int | None = None
                      ) -> tuple[float, float]:
    """95% interval of the difference of two shares, each counted on a test set of its own.

    For models that were tried on the same examples it is too wide, unless the two fail on unrelated
    ones.

    Args:
        right_a, right_b: right answers.
        total_a, total_b: examples; default of the second: as many as of the first.
    Raises:
        ValueError: the counts are no counts.

    Source: Newcombe (1998), Statistics in Medicine 17, 873-890, method 10 (from two Wilson
    intervals). Taught in 06.
    """
    total_b = total_a if total_b is None else total_b
    low_a, high_a = wilson_interval(right_a, total_a)
    low_b, high_b = wilson_interval(right_b, total_b)
    a, b = right_a / total_a, right_b / total_b
    return (a - b - math.hypot(a - low_a, high_b - b), a - b + math.hypot(high_a - a, b - low_b))


def paired_interval(only_a: int, only_b: int, total: int) -> tuple[float, float]:
    """95% interval of the difference of two shares on the same examples.

    Args:
        only_a, only_b: examples that one of the two alone has right.
        total: examples.
    Raises:
        ValueError: the counts are no counts.

    Source: Bonett & Price (2012), Journal of Educational and Behavioral Statistics 37, 479-488
    (Wald's interval after one example is added to either side). Taught in 06.
    """
    if min(only_a, only_b) < 0 or only_a + only_b > total or total < 1:
        raise ValueError(f"{only_a} and {only_b} of {total} are no counts of examples")
    a, b = (only_a + 1) / (total + 2), (only_b + 1) / (total + 2)
    half = NORMAL * math.sqrt((a + b - (a - b) ** 2) / (total + 2))
    return max(-1.0, a - b - half), min(1.0, a - b + half)


def draw_test_sets(correct_a: ArrayLike, correct_b: ArrayLike, size: int, draws: int = DRAWS,
                   seed: int = 0, runs_too: bool = False) -> DrawnSets:
    """Draw test sets, with replacement: as if from endless examples like those at hand.

    Args:
        correct_a, correct_b: (runs, examples) whether the answer was right; the numbers of runs
            may differ.
        size: examples in a test set.
        seed: of what is drawn.
        runs_too: a run of each model is drawn at random for every test set. Else it is always the
            first run of each.
    Raises:
        ValueError: shapes that do not fit, or a size or number of draws below 1.
    """
    a, b = (np.asarray(table, dtype=bool) for table in (correct_a, correct_b))
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1] or not a.size or not b.size:
        raise ValueError("two tables (runs, the same examples) are needed, not "
                         f"{a.shape} and {b.shape}")
    if size < 1 or draws < 1:
        raise ValueError(f"{draws} test sets of {size} examples cannot be drawn")
    if not runs_too:
        a, b = a[:1], b[:1]
    examples = a.shape[1]
    only_a, only_b = ((one.astype(float) @ (~other.astype(bool)).T.astype(float)) / examples
                      for one, other in ((a, b), (b, a)))
    only_b = only_b.T  # both (runs of a, runs of b)
    rng = np.random.default_rng(seed)
    pick = rng.integers(len(a), size=draws), rng.integers(len(b), size=draws)
    split = np.stack([only_a[pick], only_b[pick]], axis=1)
    split = np.column_stack([split, np.clip(1 - split.sum(axis=1), 0, 1)])
    counts = rng.multinomial(size, split)[:, :2]  # only a, only b; (draws, 2)
    ahead = counts[:, 0] - counts[:, 1]
    whole = float(a.mean() - b.mean())
    flips = (ahead * np.sign(round(whole, 12)) < 0).mean()  # rounded: runs that are level have 0
    return DrawnSets(size, whole, ahead / size, float(flips), float((ahead == 0).mean()),
                     of_counts(*map(int, counts[0])))
