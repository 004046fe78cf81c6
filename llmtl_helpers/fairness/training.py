"""Switches that change how the runs were trained: they need runs of their own."""

from collections.abc import Sequence

from llmtl_helpers.cost.runs import named
from llmtl_helpers.fairness.broken import (TWINS, Broken, at, check_same_data, choose,
                                           common_sizes, compare, lacking, like, rows_of,
                                           same_seeds, summaries)
from llmtl_helpers.sweep.studies import STUDIES

EPOCHS = STUDIES["epochs"].rule.budget


def unequal_rates(rows: Sequence[dict], wronged: str = "scratch", n: int | None = None,
                  metric: str = "accuracy") -> Broken:
    """One arm trains with a learning rate that suits the other; the other keeps its own.

    Args:
        wronged: "scratch" (trained at a rate that suits the checkpoint, so the gap should grow)
            or "fine_tuned" (at one that suits random weights, so it should shrink).
        n: size that the reading speaks about; default: near 256 labels.

    Raises:
        ValueError: `wronged` is no such arm.
        LearnerError: rows of several tasks or versions of the data.
    """
    name = "unequal_rates"
    if wronged not in TWINS:
        raise ValueError(f"the wronged arm is one of {', '.join(TWINS)}, not {wronged!r}")
    curve, studied = rows_of(rows, "curve", arms=TWINS), rows_of(rows, "rates", arms=(wronged,))
    check_same_data(curve, studied)
    honest = summaries(same_seeds(curve, studied), metric)
    changed = summaries(studied, metric)
    sizes = common_sizes((honest, TWINS), (changed, (wronged,)))
    size = choose(sizes, n)
    if size is None:
        return lacking(name, f"of {named(wronged)} at the other arm's learning rate", rows,
                       "rates", n, sizes, summaries(curve, metric))
    broken = like(honest, {arm: changed[wronged] for arm in TWINS}) | changed
    rate = next(row["learning_rate"] for row in studied if row["n"] == size)
    return compare(name, honest, broken, size, "with each arm at its own learning rate",
                   f"with {named(wronged)} at {rate:g}, a rate that suits the other arm")


def epochs_instead_of_updates(rows: Sequence[dict], n: int | None = None,
                              metric: str = "accuracy") -> Broken:
    """Three epochs whatever the size, instead of at least 250 updates: few labels, few updates.

    Raises:
        LearnerError: rows of several tasks or versions of the data.
    """
    name = "epochs_instead_of_updates"
    curve, studied = rows_of(rows, "curve"), rows_of(rows, "curve", budget=EPOCHS)
    check_same_data(curve, studied)
    honest, broken = summaries(curve, metric), summaries(studied, metric)
    sizes = common_sizes((honest, TWINS), (broken, TWINS))
    size = choose(sizes, n, usual=64)
    if size is None:
        return lacking(name, "of three epochs", rows, "epochs", n, sizes, honest)
    full, updates = (next(row["updates"] for row in found
                          if row["n"] == size and row["arm"] in TWINS)
                     for found in (curve, studied))
    return compare(name, like(honest, broken), broken, size, f"after {full:,} updates",
                   f"after three epochs, which are {updates:,} updates")


def leaked_test_text(rows: Sequence[dict], n: int | None = None,
                     metric: str = "accuracy") -> Broken:
    """Part of the training slice was replaced by test examples, labels included, in every arm.

    Raises:
        LearnerError: rows of several tasks or versions of the data.
    """
    name = "leaked_test_text"
    curve, studied = rows_of(rows, "curve"), rows_of(rows, "leak")
    check_same_data(curve, studied)
    honest, broken = summaries(same_seeds(curve, studied), metric), summaries(studied, metric)
    sizes = common_sizes((honest, TWINS), (broken, TWINS))
    size = choose(sizes, n, usual=1024)
    if size is None:
        return lacking(name, "with test text in the training slice", rows, "leak", n, sizes,
                       summaries(curve, metric))
    leaked = next(row["leaked"] for row in studied if row["n"] == size)
    gains = {arm: 100 * (at(broken, arm, size).mean - at(honest, arm, size).mean)
             for arm in broken if at(honest, arm, size) and at(broken, arm, size)}
    most = max(gains, key=lambda arm: abs(gains[arm]))
    after = f"; the score of {named(most)} moves most, by {gains[most]:+.1f} points"
    return compare(name, like(honest, broken), broken, size, "with clean training text",
                   f"with {leaked:,} of the {size:,} examples taken from the test set", after)
