"""Switches that break a comparison, and by how much each one changes the conclusion.

Taught in 11. A switch takes ledger rows and returns the honest comparison beside the broken one.
Nothing is simulated: where runs are missing, it says which command makes them.
"""

from llmtl_helpers.fairness.broken import Broken
from llmtl_helpers.fairness.reporting import best_of_k, no_baseline, small_test_set
from llmtl_helpers.fairness.switches import SWITCHES, Switch
from llmtl_helpers.fairness.training import (epochs_instead_of_updates, leaked_test_text,
                                             unequal_rates)

__all__ = ["SWITCHES", "Broken", "Switch", "best_of_k", "epochs_instead_of_updates",
           "leaked_test_text", "no_baseline", "small_test_set", "unequal_rates"]
