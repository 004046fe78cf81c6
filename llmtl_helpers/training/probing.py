"""Linear probes: how well a class can be read off a network's features. Taught in 01 and 04."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from llmtl_helpers.arms import ARMS
from llmtl_helpers.training.features import linear_probe
from llmtl_helpers.training.metrics import METRICS

CHOICES = ARMS["probe"].trials  # C of logistic regression: the same for all weights and places


class Probe(NamedTuple):
    """A fitted probe, its score on validation data, the C that was chosen, and what it said there."""

    probe: object
    score: float
    choice: float
    validation: np.ndarray


def best_probe(features: Mapping[str, np.ndarray], train_labels: Sequence[int],
               validation_labels: Sequence[int], metric: str) -> Probe:
    """Fit a probe for each C; of the best on validation data the one with the smallest C.

    Args:
        features: "train" and "validation" -> float32 (texts, width).
        metric: a name of METRICS.
    """
    tried = []
    for choice in CHOICES:
        probe = linear_probe(choice).fit(features["train"], train_labels)
        validation = probe.predict(features["validation"])
        tried.append(Probe(probe, METRICS[metric](validation_labels, validation), choice, validation))
    return max(tried, key=lambda one: (one.score, -one.choice))
