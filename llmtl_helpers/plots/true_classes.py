"""The true classes of test texts, where they are at hand. Taught in 07."""

from collections.abc import Iterable
from functools import lru_cache

import numpy as np

from llmtl_helpers.curves import PairedDifference
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.ledger import shipped_gold


def true_classes(rows: Iterable[dict], elsewhere: str = "other_tests") -> dict[str, np.ndarray]:
    """Task -> 0 or 1 for each of its test texts, of every task of two classes that rows were tested
    on; tasks whose data are not on this machine, or in another version, are left out.

    Args:
        elsewhere: field with the results on other tasks, as in `curves.scores_by_test`.
    """
    asked = {(task, there.get("data_fingerprint", ""), there["test_size"]) for row in rows
             for task, there in {row["task"]: row, **row.get(elsewhere, {})}.items()
             if there.get("correct")}
    return {task: labels for task, version, size in sorted(asked)
            if (labels := _labels(task, version, size)) is not None}


@lru_cache(maxsize=32)
def _labels(name: str, version: str, size: int) -> np.ndarray | None:
    try:
        return classes_of(name, version, size)
    except LearnerError:
        return None


def classes_of(name: str, version: str, size: int) -> np.ndarray | None:
    """The true classes of a task's first `size` test texts, int (size,); those of shipped runs come
    with them, of others from the texts. None where the task has not two classes.

    Raises:
        LearnerError: the texts are not on this machine, or in another version.
    """
    known = shipped_gold(version)
    if known is None:
        from llmtl_helpers.tasks import load_task

        task = load_task(name)
        if task.fingerprint != version:
            raise LearnerError(f"the runs on {name} were scored on other texts than those here",
                               "the data's fingerprint differs",
                               "run `python3 start.py assets verify`, or sweep anew")
        names, classes = task.label_names, task.test[:size]["label"]
    else:
        names, classes = known.names, known.labels[:size]
    return np.asarray(classes) if len(names) == 2 else None


def luck_in(differences: Iterable[PairedDifference], where: str = "there are two classes") -> str:
    """What the intervals of these differences are over, in words."""
    with_texts = {bool(difference.examples) for difference in differences}
    if with_texts == {True}:
        return "over seeds and test texts"
    if True in with_texts:
        return f"over seeds, and over test texts where {where}"
    return "over seeds, the test texts as given"
