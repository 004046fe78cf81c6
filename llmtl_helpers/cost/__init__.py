"""What a comparison costs: FLOP, seconds, tokens, memory, and the bill for pre-training."""

from llmtl_helpers.cost.bill import SCOPES, Bill, Line, Published
from llmtl_helpers.cost.break_even import BreakEven, break_even_tasks, cost_per_task
from llmtl_helpers.cost.flops import (ARCHITECTURES, Architecture, Flops, forward_flops, six_nd,
                                      training_flops)
from llmtl_helpers.cost.pretraining import PRETRAINING, PUBLISHED, pretraining_bill
from llmtl_helpers.cost.reach import CostToReach, cost_to_reach, spoken_cost
from llmtl_helpers.cost.runs import (UNITS, Cost, costs_by_size, least_memory, mean_text_tokens,
                                     run_cost, speed, tuning_cost)
from llmtl_helpers.cost.within import UpdatesToReach, updates_to_reach

__all__ = [
    "ARCHITECTURES", "Architecture", "Bill", "BreakEven", "Cost", "CostToReach", "Flops",
    "Line", "PRETRAINING", "PUBLISHED", "Published", "SCOPES", "UNITS", "UpdatesToReach",
    "break_even_tasks", "cost_per_task", "cost_to_reach", "costs_by_size", "forward_flops",
    "least_memory", "mean_text_tokens", "pretraining_bill", "run_cost", "six_nd", "speed",
    "spoken_cost", "training_flops", "tuning_cost", "updates_to_reach",
]
