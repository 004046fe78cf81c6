"""What the checkpoint is worth on each task: gap and data multiplier. Taught in 07."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from llmtl_helpers.curves import (Multiplier, PairedDifference, Scored, multiplier_sizes,
                                  paired_difference, scores_by_size, scores_by_test)
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.ledger import shipped_or_own
from llmtl_helpers.plots.true_classes import true_classes

TREATMENT = "fine_tuned"


@dataclass(frozen=True)
class Gain:
    """What the checkpoint is worth on one task.

    Attributes:
        tuned, baseline: the runs at this size. gap: tuned minus baseline, paired by seed.
        multiplier: labels that the baseline needs for the tuned network's mean score, over n.
    """

    task: str
    tuned: Scored
    baseline: Scored
    gap: PairedDifference
    multiplier: Multiplier


def all_tasks() -> list[str]:
    """Every task with labels, in the order of the course."""
    from llmtl_helpers.tasks import task_names

    return task_names()


def gains(rows: Iterable[dict], n: int, baseline: str, metric: str,
          tasks: Sequence[str]) -> list[Gain]:
    """What the checkpoint is worth on each of the tasks that has runs, the largest gap first.

    Arguments and errors as in `every_task_figure`.
    """
    rows = [row for row in shipped_or_own(rows) if row["purpose"] == "curve"]
    if len(rules := sorted({row["budget"] for row in rows})) > 1:
        raise LearnerError("runs of several training rules cannot share a figure", ", ".join(rules),
                           f"choose rows of one budget, such as budget={rules[0]!r}")
    found = [gain for task in tasks if (gain := _gain(rows, task, n, baseline, metric))]
    return sorted(found, key=lambda gain: -gain.gap.difference)


def _gain(rows: list[dict], task: str, n: int, baseline: str, metric: str) -> Gain | None:
    here = [row for row in rows if row["task"] == task and row["arm"] in (TREATMENT, baseline)]
    at_n = [row for row in here if row["n"] == n]
    runs = scores_by_test(at_n, metric, gold=true_classes(at_n))
    tuned, other = (runs.get((arm, task, task)) for arm in (TREATMENT, baseline))
    gap = paired_difference(tuned, other, metric) if tuned and other else None
    if gap is None:
        return None
    curves = [scores_by_size(here, arm, metric) for arm in (baseline, TREATMENT)]
    return Gain(task, tuned, other, gap, dict(multiplier_sizes(*curves))[n])
