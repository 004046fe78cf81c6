"""How many tasks must share a checkpoint before its pre-training is paid for. Taught in 11."""

import math
from dataclasses import dataclass

from llmtl_helpers.cost.reach import CostToReach


@dataclass(frozen=True)
class BreakEven:
    """Number of tasks K at which pre-training once and tuning K times costs as much as training
    K times from scratch.

    Attributes:
        tasks: K = C_pre / (C_scratch - C_tuned); None if undefined.
        censored: "at most" or "at least" where a cost is only a bound.
        undefined: why there is no such number, in a sentence.
    """

    tasks: float | None = None
    censored: str | None = None
    undefined: str | None = None

    def __str__(self) -> str:
        if self.undefined:
            return f"undefined: {self.undefined}"
        number = f"{self.tasks:.2g}" if self.tasks >= 1e6 else f"{math.ceil(self.tasks):,}"
        return f"{self.censored + ' ' if self.censored else ''}{number} tasks"


def break_even_tasks(pretraining: float, scratch: float | CostToReach,
                     tuned: float | CostToReach) -> BreakEven:
    """K = C_pre / (C_scratch - C_tuned), all in one unit.

    Compare at equal quality: the costs to reach one level. At equal updates of one architecture
    the two arms cost the same by construction, and K is undefined.

    Args:
        pretraining: the bill, such as `pretraining_bill().total()` in FLOP.
        scratch, tuned: cost of one task, as a number or from `cost_to_reach`.

    Raises:
        ValueError: a cost is negative or no number, or the two costs differ in unit or level.
    """
    if isinstance(scratch, CostToReach) and isinstance(tuned, CostToReach):
        if (scratch.unit, scratch.level) != (tuned.unit, tuned.level):
            raise ValueError("the two costs differ in unit or level, so their difference means "
                             f"nothing: {scratch.unit} at {scratch.level} and {tuned.unit} at "
                             f"{tuned.level}")
    for which, cost in (("from scratch", scratch), ("with the checkpoint", tuned)):
        if isinstance(cost, CostToReach) and cost.undefined:
            return BreakEven(undefined=f"{which}, {cost.undefined}")
    (c_scratch, bound_scratch), (c_tuned, bound_tuned) = map(_value, (scratch, tuned))
    for value in (pretraining, c_scratch, c_tuned):
        if not math.isfinite(value) or value < 0:
            raise ValueError(f"a cost is a number that is not negative, and {value} is not")
    if bound_tuned == "at least":
        return BreakEven(undefined="the fine-tuned arm does not reach the level at any size")
    if bound_scratch == "at most":
        return BreakEven(undefined="from scratch the level is reached at the smallest size "
                                   "already, so there is nothing to save")
    if bound_scratch == "at least" and c_scratch <= c_tuned:
        return BreakEven(undefined="training from scratch reaches the level at no size, so "
                                   "what it would cost is not known")
    if c_scratch <= c_tuned:
        return BreakEven(undefined="tuning the checkpoint costs as much as training from scratch "
                                   "or more, so no number of tasks pays the bill")
    # a dearer scratch or a cheaper tuning than the bound only makes K smaller
    bounded = "at most" if bound_scratch or bound_tuned else None
    return BreakEven(tasks=pretraining / (c_scratch - c_tuned), censored=bounded)


def cost_per_task(pretraining: float, tuned: float, tasks: int) -> float:
    """Cost of one task when `tasks` tasks share the bill: C_pre / tasks + C_tuned.

    Raises:
        ValueError: fewer than one task.
    """
    if tasks < 1:
        raise ValueError(f"a bill is shared by one task or more, not by {tasks}")
    return pretraining / tasks + tuned


def _value(cost: float | CostToReach) -> tuple[float, str | None]:
    return (cost.cost, cost.censored) if isinstance(cost, CostToReach) else (float(cost), None)
