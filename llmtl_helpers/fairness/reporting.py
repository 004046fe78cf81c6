"""Switches that change what is reported of the very runs that the figures show."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from llmtl_helpers.cost.runs import named
from llmtl_helpers.curves import expected_best, summarise_scores
from llmtl_helpers.fairness.broken import (TWINS, Broken, Curves, at, choose, common_sizes, compare,
                                           gap, lacking, rows_of, summaries)
from llmtl_helpers.ledger import correct_flags

DRAWS = 1000  # test sets that are drawn to say how much one of them can mislead
LUCKY = 64  # labels at which the study of luck has its further seeds
RIVALS = ("scratch", "small_scratch", "tfidf", "majority")  # arms without the checkpoint


def best_of_k(rows: Sequence[dict], k: int = 5, n: int | None = None,
              who: str = "fine_tuned", metric: str = "accuracy") -> Broken:
    """One arm reports the best of k seeds, chosen by test score; the other its mean.

    The best of k is the expected maximum of k draws from all runs at hand (Dodge et al. 2019).

    Args:
        k: seeds that are tried.
        n: size; default: the one with the most runs, and of several near 64 labels.
        who: the arm that reports its best run.

    Raises:
        ValueError: k below 1, or `who` is no such arm.
        LearnerError: rows of several tasks or versions of the data.
    """
    name = "best_of_k"
    if who not in TWINS:
        raise ValueError(f"the arm that reports its best run is one of {', '.join(TWINS)}, "
                         f"not {who!r}")
    if k < 1:
        raise ValueError(f"the best of {k} runs does not exist: k is at least 1")
    honest = summaries(rows_of(rows, "curve", "luck", arms=TWINS), metric)
    sizes = common_sizes((honest, TWINS))
    if n is None and sizes:
        n = max(sizes, key=lambda size: (min(at(honest, arm, size).k for arm in TWINS),
                                         -abs(size - LUCKY), -size))
    enough = {arm: [point for point in honest.get(arm, ()) if point.k >= k] for arm in TWINS}
    if n not in (sizes := common_sizes((enough, TWINS))):
        return lacking(name, f"of {k} seeds or more for both twins", rows, "luck", n, sizes, honest)
    best = [replace(point, mean=expected_best(point.scores, k), sd=None, interval=None, band=None)
            for point in enough[who]]
    broken = {**enough, who: best}
    runs = at(enough, who, n).k
    return compare(name, enough, broken, n, "between the means",
                   f"when {named(who)} reports the best of {k} seed" + ("s" if k > 1 else "")
                   + f", out of {runs} that were run")


def small_test_set(rows: Sequence[dict], test_size: int = 100, seed: int = 0,
                   n: int | None = None) -> Broken:
    """All arms are scored (accuracy) on one small draw of the test examples.

    Args:
        test_size: examples that are drawn, the same ones for every run.
        seed: which draw.

    Raises:
        ValueError: fewer than 1 example.
        LearnerError: rows of several tasks or versions of the data.
    """
    name = "small_test_set"
    if test_size < 1:
        raise ValueError(f"a test set of {test_size} examples scores nothing")
    flags = _flags(rows_of(rows, "curve"))
    whole = max((len(right) for _, right in flags), default=test_size)
    flags = [(row, right) for row, right in flags if len(right) == whole]
    honest = summaries([row for row, _ in flags], "accuracy")
    if test_size > whole:
        text = f"The test set holds {whole:,} texts, so {test_size:,} cannot be drawn from it."
        return Broken(name, honest, {}, text, missing=text)
    picked = np.random.default_rng(seed).choice(whole, test_size, replace=False)
    broken: Curves = {arm: [summarise_scores(
        [float(right[picked].mean()) for row, right in flags
         if (row["arm"], row["n"]) == (arm, point.n)], arm, point.n) for point in points]
        for arm, points in honest.items()}
    sizes = common_sizes((honest, TWINS))
    size = choose(sizes, n)
    if size is None:
        return lacking(name, "of both twins that keep which test examples were right", rows,
                       None, n, sizes, honest)
    gaps = _drawn_gaps(flags, size, test_size, seed)
    low, high = np.quantile(gaps, (0.025, 0.975))
    flips = float((gaps * gap(honest, TWINS, size) < 0).mean())
    after = (f"; over {DRAWS:,} such draws the gap lies between {low:.1f} and {high:.1f} points "
             f"95 times in 100, and {flips:.0%} of them flip it")
    return compare(name, honest, broken, size, f"on all {whole:,} test texts",
                   f"on {test_size:,} of them", after)


def no_baseline(rows: Sequence[dict], n: int | None = None, metric: str = "accuracy") -> Broken:
    """Only the twins are shown, so that beating an untrained giant passes for the whole gain.

    The honest gap is that to the best arm which does without the checkpoint.

    Raises:
        LearnerError: rows of several tasks or versions of the data.
    """
    name = "no_baseline"
    honest = summaries(rows_of(rows, "curve"), metric)
    sizes = common_sizes((honest, (*TWINS, "tfidf")))
    size = choose(sizes, n)
    if size is None:
        return lacking(name, "of both twins and the bag of words", rows, None, n, sizes, honest)
    best = max((arm for arm in RIVALS if at(honest, arm, size)),
               key=lambda arm: at(honest, arm, size).mean)
    broken = {arm: honest[arm] for arm in TWINS}
    return compare(name, honest, broken, size,
                   f"to the best arm without the checkpoint, {named(best)},",
                   "to the same network from scratch alone", honest_pair=("fine_tuned", best))


def _flags(rows: Sequence[dict]) -> list[tuple[dict, np.ndarray]]:
    """Finished rows with their per-example correctness; rows that kept none are left out."""
    found = []
    for row in rows:
        if row["status"] == "done":
            try:
                found.append((row, correct_flags(row)))
            except ValueError:
                pass
    return found


def _drawn_gaps(flags, n: int, test_size: int, seed: int) -> np.ndarray:
    """Gaps of the twins in points on DRAWS small test sets, shape (DRAWS,)."""
    share = [np.mean([right for row, right in flags if (row["arm"], row["n"]) == (arm, n)], axis=0)
             for arm in TWINS]  # each (test examples,): share of the arm's runs that are right
    difference = share[0] - share[1]
    rng = np.random.default_rng([seed, 1])
    return np.array([100 * difference[rng.choice(len(difference), test_size, replace=False)].mean()
                     for _ in range(DRAWS)])
