"""What a figure on costs is drawn from: scores, costs of runs, and the bill for pre-training."""

import math
from collections.abc import Iterable, Sequence
from copy import copy

from llmtl_helpers.cost import (SCOPES, CostToReach, cost_per_task, cost_to_reach,
                                mean_text_tokens, pretraining_bill, run_cost, speed)
from llmtl_helpers.curves import Summary, check_comparable, score_of, summarise
from llmtl_helpers.errors import LearnerError
from llmtl_helpers.plots import words
from llmtl_helpers.plots.theme import style_of

UNITS = {"flops": "training work of one run in FLOP",
         "seconds": "training time of one run in seconds",
         "tokens": "tokens in the training of one run"}
CHARGED = ("flops", "seconds")  # units in which there is a bill for pre-training
MISSING = "There are no finished runs to draw yet: `python3 start.py sweep` makes them."


class CostData:
    """What a cost curve is drawn from, worked out once.

    Attributes:
        curves: arm -> summaries with a mean, ascending in n, arms in their fixed order.
        costs: arm -> one mean cost per summary, without the bill; only arms that have costs.
        runs: arm -> (cost, score) of each run, without the bill.
        bill: the whole bill in the unit, or None where none is charged. share: of one task.
        usual: the highest score that both twins reach, rounded down to 0.01; without both, the
            best score of all.
    """

    def __init__(self, rows: Iterable[dict], unit: str = "flops", charge: bool = False,
                 tasks: int = 1, scope: str = "all", metric: str = "accuracy",
                 arms: Sequence[str] | None = None):
        _require("unit", unit, UNITS)
        _require("scope", scope, SCOPES)
        self.unit, self.scope, self.metric = unit, scope, metric
        every = [row for row in rows if row["purpose"] == "curve"]
        check_comparable(every)
        self.rows = [row for row in every if arms is None or row["arm"] in arms]
        self.task = next((row["task"] for row in self.rows), "")
        self.bill = self._charged(every) if charge else None
        self._share(tasks)
        points = [point for point in summarise(self.rows, metric) if point.mean is not None]
        length = mean_text_tokens(every)
        self.curves: dict[str, list[Summary]] = {}
        self.costs: dict[str, list[float]] = {}
        self.runs: dict[str, list[tuple[float, float]]] = {}
        for arm in words.in_order({point.arm for point in points}):
            self.curves[arm] = [point for point in points if point.arm == arm]
            self._add_costs(arm, length)
        best = {arm: max(point.mean for point in points) for arm, points in self.curves.items()}
        twins = [best[arm] for arm in words.TWINS if arm in best]
        self.usual = math.floor(100 * (min(twins) if len(twins) == 2 else
                                       max(best.values(), default=0.0))) / 100

    def _add_costs(self, arm: str, length: float | None) -> None:
        runs: dict[int, list[tuple[float, float]]] = {}
        for row in {row["id"]: row for row in self.rows if row["arm"] == arm}.values():
            cost, score = run_cost(row, length).of(self.unit), score_of(row, self.metric)
            if cost and score is not None:
                runs.setdefault(row["n"], []).append((cost, score))
        if arm != "majority" and all(point.n in runs for point in self.curves[arm]):
            self.costs[arm] = [math.fsum(cost for cost, _ in runs[point.n]) / len(runs[point.n])
                               for point in self.curves[arm]]
            self.runs[arm] = [run for n in sorted(runs) for run in runs[n]]

    def shared_by(self, tasks: int) -> "CostData":
        """The same with the bill shared by so many tasks."""
        other = copy(self)
        other._share(tasks)
        return other

    def _share(self, tasks: int) -> None:
        if tasks < 1:
            raise LearnerError("a bill is shared by one task or more", next="raise `tasks`")
        self.tasks = tasks
        self.share = cost_per_task(self.bill, 0, tasks) if self.bill else 0.0

    def _charged(self, rows: list[dict]) -> float:
        """The bill in the unit."""
        if self.unit not in CHARGED:
            raise LearnerError("pre-training cannot be charged in tokens",
                               "a token costs a large network more than a small one",
                               f"choose {' or '.join(CHARGED)}")
        flops = pretraining_bill().total(self.scope)
        if self.unit == "flops":
            return flops
        pace = speed(rows)
        if not pace:
            raise LearnerError("pre-training cannot be charged in seconds", "no run here says how "
                               "fast this machine computes", "choose the unit flops")
        return flops / pace

    @property
    def scope_text(self) -> str:
        """What the bill covers, in words."""
        return SCOPES[self.scope][1]

    def pays(self, arm: str) -> bool:
        """Whether the arm starts from the checkpoint while its pre-training is charged."""
        return bool(self.bill) and style_of(arm).init == "pretrained"

    def extra(self, arm: str) -> float:
        """What the arm pays on top of its own run."""
        return self.share if self.pays(arm) else 0.0

    def reach(self, level: float) -> dict[str, CostToReach]:
        """What each arm with costs pays for the level, without the bill.

        Raises:
            LearnerError: the level is no score.
        """
        if not 0 <= level <= 1:
            raise LearnerError(f"{level:g} is no level", "scores go from 0 to 1",
                               "write 80% as 0.80")
        return {arm: cost_to_reach(self.rows, arm, level, self.unit, self.metric, resamples=0)
                for arm in self.costs}


def spoken_level(level: float) -> str:
    """A score with two decimals, or three where it has them."""
    text = f"{level:.3f}"
    return text.removesuffix("0")


def _require(name: str, value: str, choices) -> None:
    if value not in choices:
        raise LearnerError(f"there is no {name} called {value!r}",
                           next=f"choose one of {', '.join(choices)}")
