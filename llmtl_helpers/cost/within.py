"""How soon within a run an arm reaches a score: the simplest form of "trains faster"."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from llmtl_helpers.cost.runs import named
from llmtl_helpers.curves import check_comparable

FEWEST = 100  # validation texts below which one curve of scores is mostly noise


@dataclass(frozen=True)
class UpdatesToReach:
    """Where the mean validation curve of an arm's runs first reaches a level.

    Attributes:
        arm, n, level: what was asked.
        updates: of the first evaluation at which the mean is at the level or above it; the last
            one where `censored`.
        share: `updates` over all updates of the run: times the cost of a run, it is the cost.
        runs: runs in the mean.
        censored: "at most" at the first evaluation, "at least" where no evaluation reaches it.
        undefined: why there is no answer, in a sentence without a full stop.
    """

    arm: str
    n: int
    level: float
    updates: int | None = None
    share: float | None = None
    runs: int = 0
    censored: str | None = None
    undefined: str | None = None

    def __str__(self) -> str:
        if self.undefined:
            return f"undefined: {self.undefined}"
        bound = {"at least": "more than ", "at most": "at most "}.get(self.censored, "")
        return f"{bound}{self.updates:,} updates"


def updates_to_reach(rows: Iterable[dict], arm: str, n: int, level: float) -> UpdatesToReach:
    """Updates after which the mean validation score of an arm's runs at size n reaches a level.

    A run looked at half-way is not a run of half the length: its learning rate has not fallen
    yet. So this compares how fast two arms learn under one schedule; it does not say how short
    a run could have been. The scores are of at most 200 validation texts, the same for both arms,
    and with fewer than 100 the question is not answered. Taught in 11.

    Args:
        rows: ledger rows of one task and one training rule; purpose "curve" counts.

    Raises:
        LearnerError: rows of several tasks, training rules or versions of the data.
        ValueError: a level outside 0 to 1.
    """
    if not 0 <= level <= 1:
        raise ValueError(f"a level is a score between 0 and 1, and {level} is not")
    asked = dict(arm=arm, n=n, level=level)
    rows = [row for row in rows if row["purpose"] == "curve"]
    check_comparable(rows)
    runs = [row for row in rows if row["arm"] == arm and row["n"] == n and row["status"] == "done"
            and row.get("history_updates")]
    if not runs:
        return UpdatesToReach(**asked, undefined=f"no finished run of {named(arm)} with {n:,} "
                              "labels kept its scores on the way")
    texts = min(min(row["n"], row["validation_limit"]) for row in runs)
    if texts < FEWEST:
        return UpdatesToReach(**asked, runs=len(runs), undefined=f"{texts:,} validation texts "
                              f"are too few to follow a run by; {FEWEST} are needed")
    curves = [dict(zip(row["history_updates"], row["history_scores"], strict=True))
              for row in runs]
    shared = sorted(set.intersection(*(set(curve) for curve in curves)))
    means = [np.mean([curve[update] for curve in curves]) for update in shared]
    found = next((i for i, mean in enumerate(means) if mean >= level), None)
    updates = shared[-1 if found is None else found]
    return UpdatesToReach(
        **asked, updates=updates, share=updates / max(row["updates"] for row in runs),
        runs=len(runs), censored="at least" if found is None else "at most" if found == 0 else None)
