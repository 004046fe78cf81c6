"""Ledger rows as plain numbers: what the functions on curves take."""

import math
from collections.abc import Iterable

import numpy as np

from llmtl_helpers.curves.summary import curve_runs, score_of

Scores = dict[int, tuple[float, ...]]


def scores_by_size(rows: Iterable[dict], arm: str, metric: str = "accuracy") -> Scores:
    """The arm's test scores at every size, from rows whose purpose is "curve".

    Returns:
        n -> scores of its runs (0 to 1), n ascending, runs in order of their seeds. Runs that
        failed or hold no such metric are left out, and so is a size without any score; {} if
        nothing is left. All given rows are checked, not only those of `arm`, since the other
        arm of a comparison comes from the same rows.
    Raises:
        LearnerError: the rows are of several tasks, training rules or versions of the data.
    """
    found: dict[int, list[float]] = {}
    for row in sorted(curve_runs(rows), key=_seeds):
        if row["arm"] == arm and (score := score_of(row, metric)) is not None:
            found.setdefault(row["n"], []).append(score)
    return {n: tuple(found[n]) for n in sorted(found)}


def run_table(rows: Iterable[dict], baseline: str, treatment: str,
              metric: str = "accuracy") -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Both arms as tables for `data_advantage`: a column is one seed at every size.

    Returns:
        sizes (S,) at which both arms have a score, ascending; scores of the baseline (S, R) and
        of the treatment (S, R'), NaN where a seed has no score at a size. S may be 0.
    Raises:
        LearnerError: the rows are of several tasks, training rules or versions of the data.
    """
    runs = [(row["arm"], row["n"], _seeds(row), score_of(row, metric)) for row in curve_runs(rows)]
    runs = [run for run in runs if run[3] is not None]
    known = {arm: {n for a, n, *_ in runs if a == arm} for arm in (baseline, treatment)}
    sizes = sorted(known[baseline] & known[treatment])
    tables = []
    for arm in (baseline, treatment):
        scores = {(n, seeds): score for a, n, seeds, score in runs if a == arm}
        columns = sorted({seeds for n, seeds in scores if n in sizes})
        table = [[scores.get((n, seeds), math.nan) for seeds in columns] for n in sizes]
        tables.append(np.array(table, dtype=float).reshape(len(sizes), len(columns)))
    return np.array(sizes, dtype=float), *tables


def _seeds(row: dict) -> tuple[int, int]:
    return row["subset_seed"], row["run_seed"]
