"""Arms that write: the same test texts answered by two of them, and what luck leaves open.

Taught in 08.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike

from llmtl_helpers.curves.chance import PairedDifference
from llmtl_helpers.curves.multiplier import multiplier_sizes
from llmtl_helpers.curves.resample import PERCENTILES, run_weights
from llmtl_helpers.curves.summary import LEVEL, RUNS_FOR_A_BAND
from llmtl_helpers.training.text_metrics import chrf_counts, chrf_from_counts, per_text_scores

WHOLE = {None: None, "at most": "fewer", "at least": "more"}  # of a multiplier's bound, in words


@dataclass(frozen=True)
class Worth:
    """How many training examples something is worth.

    Attributes:
        level: the score in question.
        examples: with so many the tuned model has that score; of a bound, the smallest or largest
            number that was tried.
        bound: None, "fewer" (the tuned model is above the level with its fewest examples) or
            "more" (it does not reach the level with its most).
        interval: 95% bootstrap interval of the examples, 0 and inf where nothing bounds it; None
            where there are too few runs.
    """

    level: float
    examples: float
    bound: str | None = None
    interval: tuple[float, float] | None = None


def text_parts(metric: str, row: Mapping, targets: Sequence[str] = ()) -> np.ndarray:
    """What the score of a run is made of, text by text; see `score_of_parts`.

    Args:
        metric: "log_likelihood", "chrf", or one that scores single texts (ROUGE, exact match).
        row: of the ledger, with `outputs`, or with `text_log_likelihoods` and `text_targets`.
        targets: the right answer to each test text; of no use to "log_likelihood".
    Returns:
        (texts, 6, 3) counts for chrF, otherwise (texts, 2): an amount and what it is over.
    Raises:
        ValueError: the run did not record what is needed, or not for every text.
    """
    needed = (("text_log_likelihoods", "text_targets") if metric == "log_likelihood"
              else ("outputs",))
    if any(not row.get(name) for name in needed):
        raise ValueError(f"run {row.get('id')} recorded no {' and '.join(needed)}")
    if metric == "log_likelihood":
        return np.stack([np.asarray(row[name], dtype=float) for name in needed], axis=-1)
    if metric == "chrf":
        return chrf_counts(targets, row["outputs"]).astype(float)
    scores = np.asarray(per_text_scores(metric, targets, row["outputs"]), dtype=float)
    return np.stack([scores, np.ones_like(scores)], axis=-1)


def score_of_parts(metric: str, added: np.ndarray) -> np.ndarray:
    """The score of texts whose parts were added up: (..., 2), or (..., 6, 3) of chrF -> (...)."""
    if metric == "chrf":
        return chrf_from_counts(added)
    return added[..., 0] / added[..., 1]


def paired_written(metric: str, ours: ArrayLike, theirs: ArrayLike, resamples: int = 2000,
                   seed: int = 0, settled: bool = False) -> PairedDifference:
    """Difference of two arms in a metric of written answers, paired by seed and by test text.

    As in `paired_bootstrap`, both arms' runs of one seed, and all answers to one text, are redrawn
    together, runs and texts each by itself; from each redraw of texts the metric is worked out
    anew, so that it may be one that counts over all texts together.

    Args:
        metric: as in `text_parts`.
        ours, theirs: (runs, texts, ...) parts, runs in the same order of seeds. A single run beside
            several stands for every seed: that of an empty prompt, in which nothing is drawn.
        settled: whether no further run could differ in either arm; then the interval of two single
            runs rests on the texts alone.
    Returns:
        ours - theirs, in nats for log_likelihood; its interval is None below three seeds.
    Raises:
        ValueError: shapes differ, or there is nothing to compare.

    Source: Owen (2007), The pigeonhole bootstrap, Annals of Applied Statistics 1; on redrawing
    test texts for both systems together Koehn (2004), Statistical significance tests for machine
    translation evaluation. Taught in 08.
    """
    a, b = (np.asarray(parts, dtype=float) for parts in (ours, theirs))
    runs = max(len(a), len(b)) if a.ndim and b.ndim else 0
    if a.ndim < 3 or a.shape[1:] != b.shape[1:] or not a.size or not b.size or not {
            len(a), len(b)} <= {1, runs}:
        raise ValueError("two tables (runs, the same texts, parts) are needed, not "
                         f"{a.shape} and {b.shape}")
    texts = a.shape[1]
    by_run = score_of_parts(metric, a.sum(1)) - score_of_parts(metric, b.sum(1))  # (runs,)
    difference, interval = float(by_run.mean()), None
    if runs >= RUNS_FOR_A_BAND or settled and runs == 1:
        times = _redraws(texts, resamples, seed)
        means = [score_of_parts(metric, np.tensordot(times, parts, (1, 1))).mean(1)
                 for parts in (a, b)]  # each (resamples,)
        redrawn = means[0] - means[1]
        if runs > 1:
            weights = run_weights(runs, resamples, np.random.default_rng([seed, 1]))
            redrawn += weights @ by_run - difference
        interval = tuple(float(end) for end in np.percentile(redrawn, PERCENTILES))
    return PairedDifference(difference, interval, runs, texts)


def examples_worth(tuned: Mapping[int, Sequence[float]], scores: Sequence[float],
                   settled: bool = False) -> Worth | None:
    """How many examples a model must be tuned on to score what something else does without tuning.

    The tuned model's curve is straight in log n between two sizes and never extrapolated; the
    interval redraws the runs of both (see `multiplier_sizes`, which this is for one level).

    Args:
        tuned: examples -> scores of the runs, more is better.
        scores: of the other's runs. settled: no further run of it could differ from these.
    Returns:
        None if there are no scores.

    Le Scao & Rush (2021), How many data points is a prompt worth?, asked this of classifiers that
    are tuned with a prompt and without one; here what has the prompt is not tuned at all.
    Taught in 08.
    """
    # nothing varies in what is settled, so more runs of it would say the same
    runs = [*scores] * (RUNS_FOR_A_BAND if settled else 1)
    # with 1 for its number of examples the ratio is the number of the others'
    (_, found), = multiplier_sizes(tuned, {1: runs}) or [(1, None)]
    if found is None or found.ratio is None:
        return None
    return Worth(found.level, found.ratio, WHOLE[found.censored], found.interval)


def guessing_does_that(right: int, rounds: int) -> float:
    """Probability that guessing between two, each time anew, gets `right` of `rounds` or more.

    Raises:
        ValueError: they are no counts with 0 <= right <= rounds and rounds >= 1.

    One side of the binomial test; taught in 08.
    """
    if not 0 <= right <= rounds or rounds < 1:
        raise ValueError(f"{right} of {rounds} is no count of rounds")
    return sum(math.comb(rounds, k) for k in range(right, rounds + 1)) / 2**rounds


def guessing_range(rounds: int) -> tuple[int, int]:
    """Fewest and most right answers between which guessing ends at least 95 times in 100.

    Raises:
        ValueError: there is no round.
    """
    few = next(k for k in range(rounds + 1)
               if guessing_does_that(rounds - k, rounds) > (1 - LEVEL) / 2)
    return few, rounds - few


@lru_cache(maxsize=2)  # one figure asks for the same redraws many times
def _redraws(texts: int, resamples: int, seed: int) -> np.ndarray:
    """How often each text occurs in each redraw, (resamples, texts)."""
    rng = np.random.default_rng([seed, 0])
    return rng.multinomial(texts, np.full(texts, 1 / texts), size=resamples).astype(float)
