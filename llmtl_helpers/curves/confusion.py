"""Two kinds of right and two kinds of wrong: precision, recall, macro-F1, harm. Taught in 06."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike

from llmtl_helpers.curves.chance import PairedDifference
from llmtl_helpers.curves.resample import PERCENTILES, run_weights
from llmtl_helpers.curves.summary import RUNS_FOR_A_BAND


@dataclass(frozen=True)
class Confusion:
    """What became of the test messages; a mean over runs has fractions.

    Attributes:
        caught: junk that was called junk. missed: junk that came through.
        lost: real messages that were called junk. kept: real messages that came through.
    """

    caught: float
    missed: float
    lost: float
    kept: float

    @property
    def precision(self) -> float | None:
        """Share of junk among what was called junk; None where nothing was."""
        called = self.caught + self.lost
        return self.caught / called if called else None

    @property
    def recall(self) -> float:
        """Share of the junk that was caught."""
        return self.caught / (self.caught + self.missed)

    @property
    def false_alarms(self) -> float:
        """Share of the real messages that were lost."""
        return self.lost / (self.lost + self.kept)

    @property
    def macro_f1(self) -> float:
        return float(macro_f1_of(self.caught, self.missed, self.lost, self.kept))

    def harm(self, price: float) -> float:
        """What its errors cost, in units of what having no filter costs.

        Missed junk costs 1 a message and a lost real message costs `price`. Without a filter all
        junk is missed and nothing is lost: harm 1. Above 1 the filter does more harm than good.
        """
        return (self.missed + price * self.lost) / (self.caught + self.missed)


def macro_f1_of(caught, missed, lost, kept):
    """Macro-F1 of two classes from counts, numbers or arrays of one shape.

    Mean of the F1 of junk, 2 caught / (2 caught + missed + lost), and of the same for the real
    messages; 0 for a class that neither occurs nor is ever named.
    """
    wrong = np.asarray(missed, dtype=float) + lost
    scores = [2 * right / np.where(both := 2 * right + wrong, both, 1.0)
              for right in (np.asarray(caught, dtype=float), np.asarray(kept, dtype=float))]
    return (scores[0] + scores[1]) / 2


def confusion(gold: ArrayLike, correct: ArrayLike) -> Confusion:
    """Counts from whether each answer was right: of two classes that also says what it was.

    Args:
        gold: (examples,) 1 where the message is junk.
        correct: (examples,), or (runs, examples) and then the counts are means over runs.
    Raises:
        ValueError: shapes differ, values are not 0 or 1, or there is no junk or nothing else.
    """
    gold, correct = _tables(gold, correct)
    return Confusion(*(float(count.mean()) for count in _counts(gold, correct)))


def macro_f1_difference(gold: ArrayLike, correct_a: ArrayLike, correct_b: ArrayLike,
                        resamples: int = 2000, seed: int = 0) -> PairedDifference:
    """Difference of two arms in macro-F1, paired by seed and by test example.

    As in `paired_bootstrap`, both arms' runs of one seed, and all answers to one example, are
    redrawn together, rows and columns each by itself; from each redraw of examples macro-F1 is
    worked out anew.

    Args:
        gold: (examples,) 1 where the message is junk.
        correct_a, correct_b: (seeds, examples) whether the answer was right, rows in the same
            order of seeds.
    Returns:
        the difference a - b; its interval is None below three seeds.
    Raises:
        ValueError: shapes differ, values are not 0 or 1, or there is no junk or nothing else.

    Source: Owen (2007), The pigeonhole bootstrap, Annals of Applied Statistics 1. Taught in 06.
    """
    gold, a = _tables(gold, correct_a)
    _, b = _tables(gold, correct_b)
    if a.shape != b.shape:
        raise ValueError(f"shapes differ: {a.shape} and {b.shape}")
    runs, examples = a.shape
    by_run = macro_f1_of(*_counts(gold, a)) - macro_f1_of(*_counts(gold, b))  # (seeds,)
    difference, interval = float(by_run.mean()), None
    if runs >= RUNS_FOR_A_BAND:
        ours, theirs = (_redrawn_mean(gold.tobytes(), side.tobytes(), resamples, seed)
                        for side in (a, b))
        weights = run_weights(runs, resamples, np.random.default_rng([seed, 1]))
        redrawn = weights @ by_run - difference + ours - theirs
        interval = tuple(float(end) for end in np.percentile(redrawn, PERCENTILES))
    return PairedDifference(difference, interval, runs, examples)


@lru_cache(maxsize=256)  # a figure puts one arm beside many, an explorer puts many beside many
def _redrawn_mean(gold: bytes, correct: bytes, resamples: int, seed: int) -> np.ndarray:
    """Macro-F1 of every redraw of examples, mean over runs, (resamples,).

    Args:
        gold: the bytes of bool (examples,). correct: those of bool (runs, examples).
    """
    sides = np.frombuffer(gold, dtype=bool)
    table = np.frombuffer(correct, dtype=bool).reshape(-1, len(sides))
    return macro_f1_of(*_counts(sides, table, _redraws(len(sides), resamples, seed))).mean(axis=1)


@lru_cache(maxsize=1)  # one figure asks for the same redraws many times
def _redraws(examples: int, resamples: int, seed: int) -> np.ndarray:
    """How often each example occurs in each redraw, (resamples, examples)."""
    drawn = np.random.default_rng(seed).integers(examples, size=(resamples, examples))
    drawn += examples * np.arange(resamples)[:, None]  # each redraw counts for itself
    times = np.bincount(drawn.ravel(), minlength=drawn.size).reshape(drawn.shape)
    return times.astype(np.float32)  # small whole numbers: exact


def _counts(gold: np.ndarray, correct: np.ndarray, times: np.ndarray | None = None) -> tuple:
    """caught, missed, lost, kept of each run, (runs,) each; or (resamples, runs) where example i
    occurs times[:, i] times."""
    often = np.ones((1, len(gold)), np.float32) if times is None else times
    columns = np.concatenate([correct & gold, correct & ~gold, gold[None], ~gold[None]])
    # one pass, since `times` is the large table; whole numbers, so float32 is exact
    found = (often @ columns.T.astype(np.float32)).astype(float)
    runs = len(correct)
    caught, kept, junk, real = np.split(found, [runs, 2 * runs, 2 * runs + 1], axis=1)
    counts = caught, junk - caught, real - kept, kept
    return tuple(count[0] for count in counts) if times is None else counts


def _tables(gold: ArrayLike, correct: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    gold, correct = np.asarray(gold), np.atleast_2d(np.asarray(correct))
    if gold.ndim != 1 or correct.ndim != 2 or correct.shape[1] != len(gold) or not correct.size:
        raise ValueError(f"answers to the same examples are needed, not {gold.shape} and "
                         f"{correct.shape}")
    for values in (gold, correct):
        if values.dtype != bool and not np.isin(values, (0, 1)).all():
            raise ValueError("values must be true or false")
    gold = gold.astype(bool)
    if gold.all() or not gold.any():
        raise ValueError("there must be junk and real messages among the examples")
    return gold, correct.astype(bool)
