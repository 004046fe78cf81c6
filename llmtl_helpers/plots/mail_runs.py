"""The runs and the true labels that the figures of lesson 06 rest on. Taught in 06."""

from collections.abc import Collection, Iterable, Sequence

import numpy as np

from llmtl_helpers.curves import check_comparable
from llmtl_helpers.ledger import correct_flags, shipped_or_own
from llmtl_helpers.plots.theme import style_of
from llmtl_helpers.plots.true_classes import classes_of

Answers = dict[int, dict[str, dict[tuple[int, int], np.ndarray]]]  # n -> arm -> seeds -> right?


def answers(rows: Iterable[dict], arms: Sequence[str], test: str = "") -> Answers:
    """Right or wrong for every test example, of each run of the twin curve that recorded it.

    Args:
        rows: ledger rows of one task and one training rule; own runs count where none are shipped.
        test: of another test set that the runs were tried on too; default: of the task's own.

    Returns:
        sizes ascending, arms as given, and only those with runs; arrays of bool (examples,).
    Raises:
        LearnerError: the rows are of several tasks, training rules or versions of the data.
    """
    runs = [row for row in shipped_or_own(rows) if row["purpose"] == "curve"
            and row["arm"] in arms and row["status"] == "done"]
    check_comparable(runs)
    found: Answers = {}
    for row in sorted(runs, key=lambda row: (row["n"], arms.index(row["arm"]))):
        there = row.get("other_tests", {}).get(test, {}) if test else row
        if there.get("correct"):
            seeds = row["subset_seed"], row["run_seed"]
            found.setdefault(row["n"], {}).setdefault(row["arm"], {})[seeds] = correct_flags(there)
    return found


def in_pairs(one: dict[tuple[int, int], np.ndarray], other: dict[tuple[int, int], np.ndarray]
             ) -> tuple[np.ndarray, np.ndarray]:
    """Answers of two arms with the seeds that both have: two tables (seeds, examples)."""
    common = sorted(one.keys() & other.keys())
    return tuple(np.array([runs[seeds] for seeds in common]) for runs in (one, other))


def gold_labels(rows: Iterable[dict]) -> np.ndarray:
    """The true classes of the test messages that the rows were scored on: int (examples,).

    Raises:
        LearnerError: the messages are not on this machine, or in another version.
    """
    row = next(iter(rows))
    return classes_of(row["task"], row["data_fingerprint"], row["test_size"])


def no_runs(task: str, arms: Sequence[str] = ()) -> str:
    """The sentence that stands for a figure without runs."""
    only = f" --arms {' '.join(arms)}" if arms else ""
    return ("There are no finished runs to draw yet that recorded which messages were right: "
            f"`python3 start.py sweep --task {task or 'email/spam'}{only}` makes them.")


def not_there(rows: Sequence[dict], arms: Sequence[str], there: Collection[str]) -> str:
    """A further sentence on the arms that a figure lacks, with the command; "" if it has all."""
    absent = [arm for arm in arms if arm not in there]
    if not absent:
        return ""
    return (f" Not there yet: {'; '.join(style_of(arm).label for arm in absent)}. `python3 "
            f"start.py sweep --task {rows[0]['task']} --arms {' '.join(absent)}` makes "
            f"{'it' if len(absent) == 1 else 'them'}.")
