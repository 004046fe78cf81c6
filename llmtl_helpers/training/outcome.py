"""What a strategy hands back."""

from dataclasses import dataclass, field

import numpy as np


@dataclass
class Outcome:
    """Predicted classes on the test set and what is worth knowing of how they were made."""

    test_predictions: np.ndarray | None  # (test,) int; None where `stop` came first
    validation_predictions: np.ndarray | None = None
    details: dict = field(default_factory=dict)  # fields of the ledger's schema
