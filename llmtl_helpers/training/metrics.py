"""The metrics of classification tasks, all from 0 to 1, by scikit-learn."""

from collections.abc import Callable


def accuracy(gold, predicted) -> float:
    from sklearn.metrics import accuracy_score

    return float(accuracy_score(gold, predicted))


def macro_f1(gold, predicted) -> float:
    """Unweighted mean of the classes' F1: a classifier that ignores a rare class pays for it."""
    from sklearn.metrics import f1_score

    return float(f1_score(gold, predicted, average="macro", zero_division=0))


METRICS: dict[str, Callable] = {"accuracy": accuracy, "macro_f1": macro_f1}
