"""One run on several test sets: moves between domains, and what is left of other tasks.

Taught in 07.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from llmtl_helpers.curves.chance import PairedDifference, paired_bootstrap
from llmtl_helpers.curves.confusion import macro_f1_difference
from llmtl_helpers.curves.summary import RUNS_FOR_A_BAND, Summary, score_of, summarise_scores
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.ledger import correct_flags

Seeds = tuple[int, int]  # of the slice and of the run


@dataclass(frozen=True)
class Scored:
    """The runs of one arm, trained on one task, on one test set.

    Attributes:
        task: the test set's task.
        scores: seeds -> score, from 0 to 1.
        answers: seeds -> right or wrong for every test example, bool (examples,); runs without a
            record of it are not in it.
        gold: the true classes of those examples, 0 or 1; None if they are not known, or more.
    """

    task: str = ""
    scores: dict[Seeds, float] = field(default_factory=dict)
    answers: dict[Seeds, np.ndarray] = field(default_factory=dict)
    gold: np.ndarray | None = None

    def summary(self, arm: str = "", n: int = 0) -> Summary:
        return summarise_scores(list(self.scores.values()), arm, n)


Results = dict[tuple[str, str, str], Scored]  # (arm, task trained on, task tested on)


def scores_by_test(rows: Iterable[dict], metric: str = "macro_f1",
                   elsewhere: str = "other_tests",
                   gold: Mapping[str, np.ndarray] | None = None) -> Results:
    """Every arm's runs on the task that they were trained on, and on the others they were tried on.

    Rows may be of several tasks: that is what they are for. All else must agree.

    Args:
        rows: ledger rows, each run counted once; failed ones are left out.
        metric: "accuracy" or "macro_f1".
        elsewhere: field with the results on other tasks, "other_tests" or "other_probes".
        gold: task -> true classes of its test examples, for tasks of two classes.
    Raises:
        LearnerError: rows of several training rules or sizes, or a task in two versions.
    """
    rows = list({row["id"]: row for row in rows}.values())
    for name, plural in (("budget", "training rules"), ("n", "sizes")):
        if len(values := sorted({row[name] for row in rows})) > 1:
            raise LearnerError(f"runs of several {plural} cannot share a figure",
                               ", ".join(map(str, values)),
                               f"choose rows of one {name}, such as {name}={values[0]!r}")
    versions: dict[str, str] = {}
    found: Results = {}
    for row in rows:
        for task, there in {row["task"]: row, **row.get(elsewhere, {})}.items():
            score = _score(row, there, metric)
            if score is None:
                continue
            version = there.get("data_fingerprint", "")
            if versions.setdefault(task, version) != version:
                raise LearnerError(f"runs on two versions of {task} cannot share a figure",
                                   next=f"delete your own runs on {task} that are older")
            cell = found.setdefault((row["arm"], row["task"], task),
                                    Scored(task, gold=(gold or {}).get(task)))
            seeds = row["subset_seed"], row["run_seed"]
            cell.scores[seeds] = score
            if there.get("correct"):
                cell.answers[seeds] = correct_flags(there)
    return found


def _score(row: dict, there: Mapping, metric: str) -> float | None:
    if there is row:
        return score_of(row, metric)
    value = there.get(metric)
    usable = row["status"] == "done" and value is not None and math.isfinite(value)
    return float(value) if usable else None


def paired_difference(one: Scored, other: Scored,
                      metric: str = "macro_f1") -> PairedDifference | None:
    """Mean of `one` minus mean of `other` over the seeds that both have, with a 95% interval.

    Where both recorded their answers to the same examples, seeds and test examples are redrawn
    together: in accuracy (`paired_bootstrap`), and in macro-F1 if the true classes are known
    (`macro_f1_difference`). Otherwise, and always between two test sets, it is the t interval of
    the differences over seeds, and `examples` is 0: the test texts are then taken as given.

    Returns:
        None without a common seed; the interval is None below three common seeds, or where no two
        differences differ.
    """
    common = sorted(one.scores.keys() & other.scores.keys())
    if not common:
        return None
    enough = len(common) >= RUNS_FOR_A_BAND
    if enough and _same_examples(one, other, common):
        tables = [np.array([cell.answers[seeds] for seeds in common]) for cell in (one, other)]
        if metric == "accuracy":
            return paired_bootstrap(*tables)
        if _two_classes(one.gold, tables[0].shape[1]):
            return macro_f1_difference(one.gold, *tables)
    each = summarise_scores([one.scores[seeds] - other.scores[seeds] for seeds in common], "", 0,
                            limits=(-1.0, 1.0))
    return PairedDifference(each.mean, each.interval if enough else None, each.k, 0)


def _same_examples(one: Scored, other: Scored, common: Sequence[Seeds]) -> bool:
    if one.task != other.task:
        return False
    sizes = {len(cell.answers.get(seeds, ())) for cell in (one, other) for seeds in common}
    return len(sizes) == 1 and 0 not in sizes


def _two_classes(gold: np.ndarray | None, examples: int) -> bool:
    return gold is not None and len(gold) == examples and set(np.unique(gold)) == {0, 1}


def sign_of(difference: PairedDifference | None) -> int:
    """1 or -1 if the interval lies on one side of 0, else 0."""
    if difference is None or difference.interval is None:
        return 0
    low, high = difference.interval
    return 1 if low > 0 else -1 if high < 0 else 0


def home_and_away(found: Results, arm: str, tasks: Sequence[str]) -> tuple[Scored, Scored] | None:
    """Mean score on the test sets of the own tasks, and on those of all others, seed by seed.

    Returns:
        None where no seed has the whole square of `tasks` by `tasks`.
    """
    cells = {(train, test): found.get((arm, train, test), Scored())
             for train in tasks for test in tasks}
    whole = set.intersection(*(set(cell.scores) for cell in cells.values()))
    if not whole or len(tasks) < 2:
        return None
    home, away = Scored(), Scored()
    for seeds in sorted(whole):
        for place, own in ((home, True), (away, False)):
            place.scores[seeds] = float(np.mean([
                cell.scores[seeds] for (train, test), cell in cells.items()
                if (train == test) == own]))
    return home, away


def surely_below(found: Results, arm: str, ruler: str, tasks: Sequence[str],
                 metric: str = "macro_f1") -> tuple[list[tuple[str, str, PairedDifference]], int]:
    """Moves to another domain after which an arm is surely worse than a ruler: negative transfer.

    Args:
        found: of both arms. ruler: an arm trained on the same data; of "majority" the runs on the
            test set's own task count, which know its larger class.
    Returns:
        (trained on, tested on, arm minus ruler) of those whose interval lies below 0, the largest
        loss first; and how many moves could be compared at all.
    """
    moves = [(train, test) for test in tasks for train in tasks if train != test]
    compared = [(train, test, paired_difference(found[arm, train, test], beside, metric))
                for train, test in moves if (arm, train, test) in found and (beside := found.get(
                    (ruler, test if ruler == "majority" else train, test))) is not None]
    known = [move for move in compared if move[2] is not None and move[2].interval is not None]
    below = sorted((move for move in known if sign_of(move[2]) < 0),
                   key=lambda move: move[2].difference)
    return below, len(known)
