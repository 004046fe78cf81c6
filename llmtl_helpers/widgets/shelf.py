"""The rows an explorer shows, chosen from the ledger."""

import threading
from collections.abc import Iterable, Sequence
from statistics import median

from llmtl_helpers.arms import ARMS
from llmtl_helpers.curves import Summary
from llmtl_helpers.ledger import Ledger, shipped_or_own
from llmtl_helpers.plots import words
from llmtl_helpers.plots.twin import PlotData
from llmtl_helpers.profiles import PROFILES, Profile
from llmtl_helpers.tasks import task_names

TRAINED = tuple(name for name, arm in ARMS.items() if arm.strategy == "all_weights")


def offered(task: str) -> tuple[list[str], str]:
    """Names of all tasks, `task` among them, and its whole name if it is only a first part."""
    tasks = task_names()
    task = next((name for name in tasks if task in (name, name.partition("/")[0])), task)
    return [*tasks, *([] if task in tasks else [task])], task


class Shelf:
    """Rows of one task, one training rule and one version of the data.

    The rule is the profile's, or the shipped one where the profile has no curve of its own:
    `smoke` has none, and its live runs are kept and not compared with runs of another rule.

    Attributes:
        task, rows, budget: what is on the shelf now. version: changes with every `read`.
    """

    def __init__(self, ledger: Ledger, profile: Profile):
        self.ledger, self.profile = ledger, profile
        self.task, self.rows, self.budget, self.version = "", [], profile.budget, 0
        self._reading = threading.RLock()  # kernel and watching thread both read

    def read(self, task: str | None = None) -> None:
        """Read the ledger anew, for the same task or another one."""
        with self._reading:
            self.task = task or self.task
            found = self.ledger.rows(task=self.task)
            every = [*shipped_or_own(row for row in found if row["purpose"] == "curve"),
                     *(row for row in found if row["purpose"] == "live")]
            rules = {row["budget"] for row in every if row["purpose"] == "curve"}
            shipped = PROFILES["full"].budget
            own = self.profile.budget in rules or shipped not in rules
            self.budget = self.profile.budget if own else shipped
            self.rows = of_one_version([row for row in every if row["budget"] == self.budget])
            self.version += 1

    @property
    def sizes(self) -> list[int]:
        return sorted({row["n"] for row in self.rows}) or list(self.profile.sizes)

    def sizes_of(self, arm: str, metric: str) -> list[int]:
        """Sizes at which an arm has a score, ascending."""
        return [point.n for point in PlotData(self.rows, metric, [arm]).curves.get(arm, [])]

    @property
    def seeds(self) -> list[int]:
        return sorted({row["run_seed"] for row in self.rows if row["purpose"] == "curve"})

    @property
    def trained(self) -> list[str]:
        """Arms with trained networks that have runs here: what a guess hides."""
        there = {row["arm"] for row in self.rows}
        return [arm for arm in TRAINED if arm in there]

    def data(self, metric: str, arms: Sequence[str], hidden: Sequence[str]) -> PlotData:
        return PlotData(self.rows, metric, arms, [arm for arm in hidden if arm in arms])

    def summary(self, arm: str, n: int, metric: str) -> Summary | None:
        """All runs of an arm at a size, whether or not the arm is shown."""
        return words.summary_at(PlotData(self.rows, metric, [arm]).curves, arm, n)

    def all_shipped(self, arm: str, n: int) -> bool:
        return all(row.get("shipped") for row in self.rows
                   if (row["arm"], row["n"], row["purpose"]) == (arm, n, "curve"))

    def seconds(self, arm: str, n: int) -> tuple[float, str] | None:
        """Median seconds of such runs and where they ran: the learner's live runs if any.

        None if there are none, or if the profile trains by another rule than the one shown.
        """
        return median_seconds(row for row in self.rows if (row["arm"], row["n"]) == (arm, n)
                              and self.budget == self.profile.budget)


def median_seconds(rows: Iterable[dict]) -> tuple[float, str] | None:
    """Median seconds of runs and where they ran: the learner's live runs if there are any."""
    rows = [row for row in rows if row.get("seconds")]
    own = [row for row in rows if row["purpose"] == "live" and not row.get("shipped")]
    if not rows:
        return None
    threads = sorted({row["threads"] for row in rows if row.get("threads")})
    where = "here" if own else "where the runs shown were made" + (
        f", on {threads[0]} core{'s' if threads[0] > 1 else ''}" if len(threads) == 1 else "")
    return median(row["seconds"] for row in own or rows), where


def of_one_version(rows: list[dict]) -> list[dict]:
    """The rows of the data that the shipped runs were made from, or else of most runs.

    Own runs from before an update of the data stay in the ledger and out of the figure.
    """
    weight: dict[str, tuple[int, int]] = {}
    for row in rows:
        shipped, all_ = weight.get(row["data_fingerprint"], (0, 0))
        weight[row["data_fingerprint"]] = (shipped + bool(row.get("shipped")), all_ + 1)
    best = max(weight, key=lambda version: weight[version], default=None)
    return [row for row in rows if row["data_fingerprint"] == best]
