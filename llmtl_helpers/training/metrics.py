"""Metrics; more is better. Those of classification go from 0 to 1 and are scikit-learn's.

Those of written answers go from 0 to 1 too; they are told targets and answers, lists of texts.
"""

from collections.abc import Callable

from llmtl_helpers.training import text_metrics


def accuracy(gold, predicted) -> float:
    from sklearn.metrics import accuracy_score

    return float(accuracy_score(gold, predicted))


def macro_f1(gold, predicted) -> float:
    """Unweighted mean of the classes' F1: a classifier that ignores a rare class pays for it."""
    from sklearn.metrics import f1_score

    return float(f1_score(gold, predicted, average="macro", zero_division=0))


def log_likelihood(_, predicted) -> float:
    """Mean log p(target) in nats, at most 0; perplexity is exp(-log_likelihood).

    Args:
        predicted: (texts, 2), sum over a text's targets and their number.
    """
    total, targets = predicted.sum(0)
    return float(total / targets)


CLASSIFICATION: dict[str, Callable] = {"accuracy": accuracy, "macro_f1": macro_f1}
WRITTEN: dict[str, Callable] = {name: getattr(text_metrics, name) for name in (
    "chrf", "bleu", "rouge_1", "rouge_2", "rouge_l", "exact_match")}
METRICS: dict[str, Callable] = CLASSIFICATION | {"log_likelihood": log_likelihood} | WRITTEN
