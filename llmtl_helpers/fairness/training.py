"""Switches that change how the runs were trained: they need runs of their own."""

from collections.abc import Sequence

from llmtl_helpers.fairness.broken import (TWINS, Broken, at, at_sizes, choose, common_sizes,
                                           compare, label, lacking, like, rows_of, same_seeds,
                                           summaries)


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
    studied = rows_of(rows, "rates", arms=(wronged,))
    honest = summaries(same_seeds(rows_of(rows, "curve", arms=TWINS), studied), metric)
    changed = summaries(studied, metric)
    size = choose(common_sizes((honest, TWINS), (changed, (wronged,))), n)
    if size is None:
        return lacking(name, f"of {label(wronged)} at the other arm's learning rate", rows,
                       "rates", n, honest)
    broken = {arm: changed[arm] if arm == wronged else at_sizes(honest[arm], changed[wronged])
              for arm in TWINS}
    rate = next(row["learning_rate"] for row in studied if row["n"] == size)
    return compare(name, honest, broken, size, "with each arm at its own learning rate",
                   f"with {label(wronged)} at {rate:g}, a rate that suits the other arm")


def epochs_instead_of_updates(rows: Sequence[dict], n: int | None = None,
                              metric: str = "accuracy") -> Broken:
    """Three epochs whatever the size, instead of at least 250 updates: few labels, few updates.

    Raises:
        LearnerError: rows of several tasks or versions of the data.
    """
    name = "epochs_instead_of_updates"
    honest = summaries(rows_of(rows, "curve"), metric)
    studied = rows_of(rows, "curve", budget="three-epochs")
    broken = summaries(studied, metric)
    size = choose(common_sizes((honest, TWINS), (broken, TWINS)), n, usual=64)
    if size is None:
        return lacking(name, "of three epochs", rows, "epochs", n, honest)
    updates = next(row["updates"] for row in studied if row["n"] == size)
    full = next(row["updates"] for row in rows_of(rows, "curve", arms=TWINS) if row["n"] == size)
    return compare(name, like(honest, broken), broken, size, f"after {full:,} updates",
                   f"after three epochs, which are {updates:,} updates")


def leaked_test_text(rows: Sequence[dict], n: int | None = None,
                     metric: str = "accuracy") -> Broken:
    """Part of the training slice was replaced by test examples, labels included, in every arm.

    Raises:
        LearnerError: rows of several tasks or versions of the data.
    """
    name = "leaked_test_text"
    studied = rows_of(rows, "leak")
    honest = summaries(same_seeds(rows_of(rows, "curve"), studied), metric)
    broken = summaries(studied, metric)
    size = choose(common_sizes((honest, TWINS), (broken, TWINS)), n, usual=1024)
    if size is None:
        return lacking(name, "with test text in the training slice", rows, "leak", n, honest)
    leaked = next(row["leaked"] for row in studied if row["n"] == size)
    gains = [(100 * (at(broken, arm, size).mean - at(honest, arm, size).mean), arm)
             for arm in broken if at(honest, arm, size) and at(broken, arm, size)]
    most, arm = max(gains)
    after = f"; the score of {label(arm)} changes most, by {most:+.1f} points"
    return compare(name, like(honest, broken), broken, size, "with clean training text",
                   f"with {leaked:,} of the {size:,} examples taken from the test set", after)
